/*
 * What assembly and C of the payloads share: sizes and offsets
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GUEST_LAYOUT_H
#define GUEST_LAYOUT_H

#define STACK_SIZE   0x8000
#define RED_ZONE     512

/* struct cpu */
#define CPU_STACK    0

/* struct frame, what an exception saves; the ABI's frame head comes first */
#define FRAME_GPR    64
#define FRAME_VECTOR 320
#define FRAME_LR     328
#define FRAME_CTR    336
#define FRAME_XER    344
#define FRAME_CR     352
#define FRAME_NIP    360
#define FRAME_MSR    368
#define FRAME_DAR    376
#define FRAME_DSISR  384
#define FRAME_SIZE   400

/* struct storm_regs, and struct storm_kept twice in it */
#define STORM_STACK  80
#define STORM_BEFORE 96
#define STORM_AFTER  1328
#define STORM_GPRS   0
#define STORM_LR     160
#define STORM_CR     168
#define STORM_FPSCR  176
#define STORM_TAR    184
#define STORM_DSCR   192
#define STORM_VRSAVE 200
#define STORM_VSRS   208

#endif
