/*
 * storm_call(): a hypercall with known values in all registers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "layout.h"

#define SPRN_DSCR   17
#define SPRN_VRSAVE 256
#define SPRN_TAR    815

#define FRAME       256

/* Move all of VSR0 to VSR63 by @op, from or to @at behind r12 */
.macro all_vsrs op, at
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63
        li      %r4, \at + 16 * \n
        \op     \n, %r12, %r4
        .endr
.endm

/* The same for the general purpose registers that a hypercall keeps, but r1 */
.macro kept_gprs op, at, base
        \op     2, \at(\base)
        .irp    n, 13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        \op     \n, \at + 8 * (\n - 12)(\base)
        .endr
.endm

/*
 * void storm_call(struct storm_regs *): r3 to r12 are loaded from `args` and
 * stored there after the call; registers that the call has to keep are loaded
 * from `before` and stored to `after`.
 */
        .machine power8
        .globl  storm_call, storm_call_sc
storm_call:
        mflr    %r0
        std     %r0, 16(%r1)
        mfcr    %r0
        stw     %r0, 8(%r1)
        stdu    %r1, -FRAME(%r1)
        kept_gprs std, 64, %r1
        mtsprg  3, %r3
        std     %r1, STORM_STACK(%r3)
        mr      %r12, %r3

        lfd     %f0, STORM_BEFORE + STORM_FPSCR(%r12)
        mtfsf   0xff, %f0
        all_vsrs lxvd2x, STORM_BEFORE + STORM_VSRS
        ld      %r4, STORM_BEFORE + STORM_CR(%r12)
        mtcrf   0x38, %r4
        ld      %r4, STORM_BEFORE + STORM_LR(%r12)
        mtlr    %r4
        ld      %r4, STORM_BEFORE + STORM_TAR(%r12)
        mtspr   SPRN_TAR, %r4
        ld      %r4, STORM_BEFORE + STORM_DSCR(%r12)
        mtspr   SPRN_DSCR, %r4
        ld      %r4, STORM_BEFORE + STORM_VRSAVE(%r12)
        mtspr   SPRN_VRSAVE, %r4
        kept_gprs ld, STORM_BEFORE + STORM_GPRS, %r12
        .irp    n, 3,4,5,6,7,8,9,10,11,12
        ld      \n, 8 * (\n - 3)(%r12)
        .endr
storm_call_sc:
        sc      1
        mtctr   %r12
        mfsprg  %r12, 3
        .irp    n, 3,4,5,6,7,8,9,10,11
        std     \n, 8 * (\n - 3)(%r12)
        .endr
        mfctr   %r4
        std     %r4, 8 * 9(%r12)

        kept_gprs std, STORM_AFTER + STORM_GPRS, %r12
        all_vsrs stxvd2x, STORM_AFTER + STORM_VSRS
        mffs    %f0
        stfd    %f0, STORM_AFTER + STORM_FPSCR(%r12)
        mfcr    %r4
        rlwinm  %r4, %r4, 0, 8, 19
        std     %r4, STORM_AFTER + STORM_CR(%r12)
        mflr    %r4
        std     %r4, STORM_AFTER + STORM_LR(%r12)
        mfspr   %r4, SPRN_TAR
        std     %r4, STORM_AFTER + STORM_TAR(%r12)
        mfspr   %r4, SPRN_DSCR
        std     %r4, STORM_AFTER + STORM_DSCR(%r12)
        mfspr   %r4, SPRN_VRSAVE
        std     %r4, STORM_AFTER + STORM_VRSAVE(%r12)
        mr      %r4, %r1
        ld      %r1, STORM_STACK(%r12)
        std     %r4, STORM_STACK(%r12)

        li      %r0, 0
        mtspr   SPRN_DSCR, %r0
        kept_gprs ld, 64, %r1
        addi    %r1, %r1, FRAME
        lwz     %r0, 8(%r1)
        mtcrf   0x38, %r0
        ld      %r0, 16(%r1)
        mtlr    %r0
        blr
