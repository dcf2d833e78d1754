/*
 * Code whose results depend on the address that it runs at (test-address.c)
 *
 * Entered by enter_at() in real or translated mode, either endianness, 32 or 64
 * bits, with r5 the place for a result and r6 an address to branch to.  Each
 * case ends by an interrupt, so that SRR0 is a result, too.  CASE has labels
 * for the address that the case stores to 0(r5), 0 if it stores none, and for
 * SRR0.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "address.h"

#define SPRN_SRR0   26
#define SPRN_SRR1   27
#define SPRN_CFAR   28
#define SPRN_SIAR   796

        .machine power10

/* What test-address.c reads: start, result, end, kinds */
.macro CASE name:req, result=0, end=0, kinds=0
        .pushsection .data
        .quad   \name, \result, \end, \kinds
        .popsection
.endm

/* Store the address of @label, which is here, to 0(r5) */
.macro WHERE label
        bcl     20, 31, \label
\label: mflr    %r3
        std     %r3, 0(%r5)
.endm

        .pushsection .data
        .balign 8
        .globl  address_cases
address_cases:
        .popsection

        .section .text.moved, "ax"
        .balign 4096
        .globl  moved_code
moved_code:

/* ---- link register ---- */

        CASE    link, link_set, link_end
link:   bl      link_set
link_set:
        mflr    %r3
        std     %r3, 0(%r5)
link_end:
        trap

        CASE    link_not_taken, link_not_taken_set, link_not_taken_end
link_not_taken:
        cmpd    %cr0, %r3, %r3
        bnel    %cr0, link_not_taken_end
link_not_taken_set:
        mflr    %r3
        std     %r3, 0(%r5)
link_not_taken_end:
        trap

        CASE    link_by_register, link_by_register_set, link_by_register_end
link_by_register:
        bl      1f
1:      mflr    %r3
        addi    %r3, %r3, 2f - 1b
        mtctr   %r3
        bctrl
link_by_register_set:
        nop
2:      mflr    %r3
        std     %r3, 0(%r5)
link_by_register_end:
        trap

/* ---- the address of the branch before ---- */

        CASE    come_from, come_from_branch, come_from_end
come_from:
        nop
come_from_branch:
        b       1f
        nop
1:      mfspr   %r3, SPRN_CFAR
        std     %r3, 0(%r5)
come_from_end:
        trap

        CASE    come_from_either, come_from_taken, come_from_either_end
come_from_either:
        cmpd    %cr0, %r3, %r3
        bne     %cr0, 1f
come_from_taken:
        beq     %cr0, 1f
        nop
1:      mfspr   %r3, SPRN_CFAR
        std     %r3, 0(%r5)
come_from_either_end:
        trap

        CASE    history, history_branch, history_end, CASE_HISTORY
history:
        nop
history_branch:
        b       history_end
        nop
history_end:
        trap

/* ---- relative to the instruction ---- */

        CASE    add_immediate, add_immediate_next, add_immediate_end, CASE_ISA300
add_immediate:
        addpcis %r3, 1
add_immediate_next:
        addis   %r3, %r3, -1
        std     %r3, 0(%r5)
add_immediate_end:
        trap

        CASE    prefixed_add, prefixed_add_at, prefixed_add_end, CASE_ISA310
        .balign 64
prefixed_add:
        nop
prefixed_add_at:
        pla     %r3, 0x12345(0), 1
        paddi   %r3, %r3, -0x12345
        std     %r3, 0(%r5)
prefixed_add_end:
        trap

        CASE    prefixed_load, moved_code, prefixed_load_end, CASE_ISA310
        .balign 64
prefixed_load:
        plwz    %r3, moved_code - .(0), 1
        lwz     %r7, 0(%r8)
        xor     %r7, %r7, %r3           /* the same by another way */
        add     %r3, %r7, %r8
        std     %r3, 0(%r5)
prefixed_load_end:
        trap

/* ---- interrupts ---- */

        CASE    call, 0, call_next
call:   sc
call_next:
        nop

        CASE    illegal, 0, illegal_at
illegal:
        nop
illegal_at:
        .long   0

        CASE    no_storage, 0, no_storage_at, CASE_REAL
no_storage:
        li      %r7, 1
        sldi    %r7, %r7, 55
        nop
no_storage_at:
        ld      %r3, 0(%r7)

        CASE    store_no_storage, store_no_storage_set, store_no_storage_at, CASE_REAL
store_no_storage:
        WHERE   store_no_storage_set
        li      %r7, 1
        sldi    %r7, %r7, 55
store_no_storage_at:
        std     %r3, 0(%r7)

        CASE    stepped, stepped, stepped_end, CASE_STEP
stepped:
        nop
stepped_end:
        trap

        CASE    stepped_branch, stepped_branch, stepped_branch_end, CASE_STEP
stepped_branch:
        b       stepped_branch_end
        nop
stepped_branch_end:
        trap

        CASE    stepped_away, stepped_away, CASE_GIVEN, CASE_STEP
stepped_away:
        bctr

        CASE    branch_away, branch_away_at, CASE_GIVEN, CASE_BRANCH
branch_away:
        nop
branch_away_at:
        bctr

        CASE    branch_absolute, branch_absolute_at, CASE_LOW, CASE_BRANCH
branch_absolute:
        nop
branch_absolute_at:
        ba      LOW_CODE

        CASE    decrementer, 0, decrementer_end
decrementer:
        lis     %r9, 0x7fff
        mtdec   %r9
        mfmsr   %r7
        ori     %r7, %r7, 0x8000
        mtmsrd  %r7, 1
1:      mtdec   %r9
decrementer_end:
        li      %r9, -1                 /* the second time */
        b       1b

/* ---- branches to the same address from everywhere ---- */

        CASE    absolute, CASE_LOW_WHERE, CASE_LOW_END
absolute:
        ba      LOW_CODE

        CASE    absolute_conditional, CASE_LOW_WHERE, CASE_LOW_END
absolute_conditional:
        cmpd    %cr0, %r3, %r3
        bnea    %cr0, LOW_CODE + 0x100
        beqa    %cr0, LOW_CODE

/* ---- at the end of a page ---- */

        CASE    into_next, into_next_set, into_next_end, CASE_WRAPS
        CASE    branch_next, into_next_set, into_next_end
        CASE    mode_last, mode_last_set, mode_last_end
        CASE    hypercall_last, hypercall_last_set, hypercall_last_end
        CASE    hypercall_amid, hypercall_amid_set, hypercall_amid_end
        CASE    call_last, 0, call_last_next
        CASE    link_last, link_last_set, link_last_end, CASE_WRAPS
        CASE    conditional_last, conditional_last_set, conditional_last_end

branch_next:
        b       into_next_there

        .balign 4096
        .space  4096 - 4 - (into_next_first - into_next)
into_next:
        nop
into_next_first:
        nop
into_next_there:
        WHERE   into_next_set
into_next_end:
        trap

        .balign 4096
        .space  4096 - 4 - (mode_last_first - mode_last)
mode_last:
        mfmsr   %r7
mode_last_first:
        mtmsrd  %r7
        WHERE   mode_last_set
mode_last_end:
        trap

        .balign 4096
        .space  4096 - 4 - (hypercall_last_first - hypercall_last)
hypercall_last:
        mr      %r7, %r5
        li      %r3, H_SET_SPRG0
        li      %r4, 0
        nop
hypercall_last_first:
        sc      1
        mr      %r5, %r7
        WHERE   hypercall_last_set
hypercall_last_end:
        trap

hypercall_amid:
        mr      %r7, %r5
        li      %r3, H_SET_SPRG0
        li      %r4, 0
        sc      1
        mr      %r5, %r7
        WHERE   hypercall_amid_set
hypercall_amid_end:
        trap

        .balign 4096
        .space  4096 - 4
call_last:
        sc
call_last_next:
        nop

        .balign 4096
        .space  4096 - 4
link_last:
        bl      2f
link_last_set:
        mflr    %r3
        std     %r3, 0(%r5)
link_last_end:
        trap
2:      blr

        .balign 4096
        .space  4096 - 4 - (conditional_last_first - conditional_last)
conditional_last:
        li      %r7, 2
        mtctr   %r7
1:      nop
conditional_last_first:
        bdnz    1b
        WHERE   conditional_last_set
conditional_last_end:
        trap

        .balign 4096
        .globl  moved_code_end
moved_code_end:

        .pushsection .data
        .quad   0, 0, 0, 0
        .popsection

/* ---- not moved ---- */

        .text

/* Copied to LOW_CODE: stores where it is to 0(r5) */
        .globl  low_code, low_code_end
low_code:
        WHERE   low_code_where
        trap
low_code_end:

/*
 * uint64_t enter_at(uint64_t address, uint64_t msr, uint64_t *result,
 *                   uint64_t target, uint64_t code): SRR0 of the interrupt
 */
        .globl  enter_at
enter_at:
        mflr    %r0
        std     %r0, 16(%r1)
        stdu    %r1, -64(%r1)
        mfmsr   %r0
        std     %r0, 48(%r1)
        mtspr   SPRN_SRR0, %r3
        mtspr   SPRN_SRR1, %r4
        mtctr   %r6
        mr      %r8, %r7
        bl      1f
        ld      %r0, 48(%r1)            /* leave has come back in real mode */
        mtmsrd  %r0
        isync
        addi    %r1, %r1, 64
        ld      %r0, 16(%r1)
        mtlr    %r0
        blr
1:      mtsprg  3, %r1
        mflr    %r9
        mtsprg  1, %r9
        rfid

/*
 * Copied to interrupt vectors: return to enter_at() in the mode that interrupts
 * are taken in.  leave_step, for trace interrupts, also stores SIAR, which is
 * the traced instruction's address, to 0(r5).
 */
        .globl  leave, leave_end, leave_step, leave_step_end
leave_step:
        mfspr   %r9, SPRN_SIAR
        std     %r9, 0(%r5)
leave_step_end:
leave:  mfspr   %r3, SPRN_SRR0
        mfsprg  %r9, 1
        mtspr   SPRN_SRR0, %r9
        mfmsr   %r9
        mtspr   SPRN_SRR1, %r9
        mfsprg  %r1, 3
        rfid
leave_end:
