/*
 * Code that the guests of a guest run (test-nested*.c), in real mode
 *
 * It is copied to the L2's memory, so it depends on no address.  `sc 1` ends
 * it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define SPRN_SRR0   26
#define SPRN_SRR1   27
#define SPRN_VTB    849
#define SPRN_PURR   309
#define SPRN_TAR    815
#define SPRN_DSCR   17
#define SPRN_DAR    19
#define SPRN_DSISR  18
#define SPRN_VRSAVE 256
#define SPRN_EBBHR  804
#define SPRN_UMMCR0 779

        .machine power9

.macro CODE name
        .balign 4
        .globl  \name
\name:
.endm

        .section .text.l2, "ax"
        CODE    l2_code

        /* give each register a value made of its number */
        CODE    l2_call
        .irp    n, 3,4,5,6,7,8,9,10,11,12
        li      \n, 0x2000 + \n
        .endr
        mtlr    %r3
        mtctr   %r4
        lis     %r5, 0x1234
        ori     %r5, %r5, 0x5678
        mtcr    %r5
        li      %r5, 0x2005
        .irp    n, 0,1,2,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        li      \n, 0x2000 + \n
        .endr
        mtsprg  0, %r20
        mtsprg  1, %r21
        mtsprg  2, %r22
        mtsprg  3, %r23
        sc      1

        CODE    l2_load
        ld      %r3, 0(%r4)
        sc      1

        CODE    l2_store
        std     %r3, 0(%r4)
        sc      1

        CODE    l2_jump
        mtctr   %r4
        bctr

        CODE    l2_spin
        b       .

        CODE    l2_invalid
        .long   0x00000004

        CODE    l2_message
        .long   0x7c00011c | 4 << 11    /* msgsndp r4 */

        CODE    l2_system_call
        sc      0

        CODE    l2_interruptible
        mfmsr   %r3
        ori     %r3, %r3, 0x8000
        mtmsrd  %r3
        b       .

        CODE    l2_decrementer
        mtdec   %r4
        mfmsr   %r3
        ori     %r3, %r3, 0x8000
        mtmsrd  %r3
        b       .

        CODE    l2_time
        mftb    %r3
        mfspr   %r4, SPRN_VTB
        mfspr   %r5, SPRN_PURR
        sc      1

        /* copy 0(r4) to 0(r5), again and again; 8(r5) counts the copies */
        CODE    l2_copy
1:      ld      %r3, 0(%r4)
        std     %r3, 0(%r5)
        lwsync
        addi    %r6, %r6, 1
        std     %r6, 8(%r5)
        lwsync
        b       1b

        /* store r5 to 8(r4), to show that it waits, until 0(r4) is r5 */
        CODE    l2_wait
        std     %r5, 8(%r4)
1:      ld      %r3, 0(%r4)
        cmpd    %r3, %r5
        bne     1b
        mftb    %r6
        sc      1

        /* add 1 to each of these registers; VSR 3 and 40 get r4 and r5 */
        CODE    l2_registers
        .irp    n, SPRN_TAR, SPRN_DSCR, SPRN_DAR, SPRN_DSISR, SPRN_VRSAVE, SPRN_EBBHR
        mfspr   %r3, \n
        addi    %r3, %r3, 1
        mtspr   \n, %r3
        .endr
        mtvsrdd %vs3, %r4, %r5
        mtvsrdd %vs40, %r5, %r4
        sc      1

        /* r6: the last branch before; r7: the branch here (problem state) */
        CODE    l2_branches
        mfbhrbe %r6, 0
        mtspr   SPRN_UMMCR0, %r4
        b       1f
1:      mtspr   SPRN_UMMCR0, %r5
        mfbhrbe %r7, 0
        sc      1

        CODE    l2_code_end
