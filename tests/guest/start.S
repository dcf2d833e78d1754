/*
 * Entry points of the payloads: from firmware, of further vCPUs, of exceptions
 *
 * Firmware enters at the start of the image, as it enters a kernel: real mode,
 * big-endian, 32 or 64 bits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "layout.h"

#define SPRN_SRR0   26
#define SPRN_SRR1   27

.macro load_toc
        lis     %r2, .TOC.@h
        ori     %r2, %r2, .TOC.@l
.endm

        .section .head, "ax"
        .globl  _start
_start:
        /* 64-bit mode, machine checks on */
        li      %r0, 1
        rldicr  %r0, %r0, 63, 63
        ori     %r0, %r0, 0x1000
        mtmsrd  %r0
        lis     %r1, (first_stack + STACK_SIZE - 256)@h
        ori     %r1, %r1, (first_stack + STACK_SIZE - 256)@l
        load_toc
        bl      payload_main
        nop
1:      b       1b

/* Entered by the RTAS call start-cpu, r3: struct cpu */
        .globl  secondary_start
secondary_start:
        li      %r0, 1
        rldicr  %r0, %r0, 63, 63
        ori     %r0, %r0, 0x1000
        mtmsrd  %r0
        load_toc
        ld      %r1, CPU_STACK(%r3)
        bl      secondary_main
        nop
1:      b       1b

/*
 * long hypercall(uint64_t regs[10]): r3 to r12, before and after.  Returns r3.
 */
        .globl  hypercall
hypercall:
        mflr    %r0
        std     %r0, 16(%r1)
        stdu    %r1, -64(%r1)
        std     %r31, 48(%r1)
        mr      %r31, %r3
        ld      %r3, 0(%r31)
        ld      %r4, 8(%r31)
        ld      %r5, 16(%r31)
        ld      %r6, 24(%r31)
        ld      %r7, 32(%r31)
        ld      %r8, 40(%r31)
        ld      %r9, 48(%r31)
        ld      %r10, 56(%r31)
        ld      %r11, 64(%r31)
        ld      %r12, 72(%r31)
        sc      1
        std     %r3, 0(%r31)
        std     %r4, 8(%r31)
        std     %r5, 16(%r31)
        std     %r6, 24(%r31)
        std     %r7, 32(%r31)
        std     %r8, 40(%r31)
        std     %r9, 48(%r31)
        std     %r10, 56(%r31)
        std     %r11, 64(%r31)
        std     %r12, 72(%r31)
        ld      %r31, 48(%r1)
        addi    %r1, %r1, 64
        ld      %r0, 16(%r1)
        mtlr    %r0
        blr

/*
 * uint64_t kept_registers(uint64_t regs[10]): make the hypercall with patterns
 * in all registers that it keeps; a bit set in the answer is a register that
 * it didn't keep (bit 32: CR2 to CR4).
 */
        .globl  kept_registers
kept_registers:
        mflr    %r0
        std     %r0, 16(%r1)
        stdu    %r1, -256(%r1)
        mfcr    %r0
        stw     %r0, 8(%r1)
        .irp    n, 13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        std     \n, 64 + 8 * (\n - 13)(%r1)
        .endr
        std     %r2, 232(%r1)
        std     %r1, 240(%r1)
        mtsprg  3, %r1
        mr      %r12, %r3
        .irp    n, 13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        li      \n, 0x1000 + \n
        .endr
        lis     %r0, 0x00a5
        ori     %r0, %r0, 0x5000
        mtcrf   0x38, %r0
        ld      %r3, 0(%r12)
        ld      %r4, 8(%r12)
        ld      %r5, 16(%r12)
        ld      %r6, 24(%r12)
        ld      %r7, 32(%r12)
        sc      1
        li      %r3, 0
        .irp    n, 13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        cmpdi   %cr0, \n, 0x1000 + \n
        beq     %cr0, 1f
        li      %r4, 1
        sldi    %r4, %r4, \n
        or      %r3, %r3, %r4
1:
        .endr
        mfcr    %r5
        rlwinm  %r5, %r5, 0, 8, 19
        lis     %r4, 0x00a5
        ori     %r4, %r4, 0x5000
        cmpw    %cr0, %r5, %r4
        beq     %cr0, 1f
        li      %r4, 1
        sldi    %r4, %r4, 32
        or      %r3, %r3, %r4
1:      mfsprg  %r5, 3
        cmpd    %cr0, %r5, %r1
        beq     %cr0, 1f
        ori     %r3, %r3, 2
        mr      %r1, %r5
1:      ld      %r5, 232(%r1)
        cmpd    %cr0, %r5, %r2
        beq     %cr0, 1f
        ori     %r3, %r3, 4
        mr      %r2, %r5
1:
        .irp    n, 13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        ld      \n, 64 + 8 * (\n - 13)(%r1)
        .endr
        lwz     %r0, 8(%r1)
        mtcrf   0x38, %r0
        addi    %r1, %r1, 256
        ld      %r0, 16(%r1)
        mtlr    %r0
        blr

/*
 * long user_hypercall(uint64_t opcode): `sc 1` in problem state, and back by a
 * trap, whose handler (exception_entry's) returns here with the old MSR.
 */
        .globl  user_hypercall, user_return
user_hypercall:
        mfmsr   %r5
        ori     %r6, %r5, 0x4000        /* PR */
        lis     %r7, 1f@h
        ori     %r7, %r7, 1f@l
        mtspr   SPRN_SRR0, %r7
        mtspr   SPRN_SRR1, %r6
        rfid
1:      sc      1
user_return:
        trap
        blr

/* uint64_t trap_msr(void): r3 and r4 are the handler's */
        .globl  trap_msr
trap_msr:
        trap
        blr

/* uint64_t load_guarded(const uint64_t *), which may fault: FAULT_VALUE then */
        .globl  load_guarded, load_guarded_insn
load_guarded:
load_guarded_insn:
        ld      %r3, 0(%r3)
        blr

/* bool store_guarded(uint64_t *, uint64_t): false if it faulted */
        .globl  store_guarded, store_guarded_insn
store_guarded:
        li      %r5, 1
store_guarded_insn:
        std     %r4, 0(%r3)
        mr      %r3, %r5
        blr

/*
 * An exception: the vector has made room on the stack, has saved r0 and r3, and
 * put its own number into r3.
 */
        .globl  exception_entry
exception_entry:
        .irp    n, 2,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        std     \n, FRAME_GPR + 8 * \n(%r1)
        .endr
        addi    %r4, %r1, FRAME_SIZE + RED_ZONE
        std     %r4, FRAME_GPR + 8(%r1)
        std     %r3, FRAME_VECTOR(%r1)
        mflr    %r4
        std     %r4, FRAME_LR(%r1)
        mfctr   %r4
        std     %r4, FRAME_CTR(%r1)
        mfxer   %r4
        std     %r4, FRAME_XER(%r1)
        mfcr    %r4
        std     %r4, FRAME_CR(%r1)
        mfspr   %r4, SPRN_SRR0
        std     %r4, FRAME_NIP(%r1)
        mfspr   %r4, SPRN_SRR1
        std     %r4, FRAME_MSR(%r1)
        mfspr   %r4, 19
        std     %r4, FRAME_DAR(%r1)
        mfspr   %r4, 18
        std     %r4, FRAME_DSISR(%r1)
        load_toc
        mr      %r3, %r1
        bl      exception
        nop
        ld      %r4, FRAME_LR(%r1)
        mtlr    %r4
        ld      %r4, FRAME_CTR(%r1)
        mtctr   %r4
        ld      %r4, FRAME_XER(%r1)
        mtxer   %r4
        ld      %r4, FRAME_CR(%r1)
        mtcr    %r4
        ld      %r4, FRAME_NIP(%r1)
        mtspr   SPRN_SRR0, %r4
        ld      %r4, FRAME_MSR(%r1)
        mtspr   SPRN_SRR1, %r4
        .irp    n, 0,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        ld      \n, FRAME_GPR + 8 * \n(%r1)
        .endr
        ld      %r1, FRAME_GPR + 8(%r1)
        rfid

        .section .bss
        .balign 4096
        .globl  first_stack
first_stack:
        .space  STACK_SIZE
