/*
 * What address.S and test-address.c share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GUEST_ADDRESS_H
#define GUEST_ADDRESS_H

#define H_SET_SPRG0         0x24        /* as hw/pseries/abi.h has it */

/* below 32 KiB, which absolute conditional branches reach */
#define LOW_CODE            0x3000

/* Results that are no label: those of low_code, and the given target */
#define CASE_LOW            LOW_CODE
#define CASE_LOW_WHERE      (LOW_CODE + 4)
#define CASE_LOW_END        (LOW_CODE + 12)
#define CASE_GIVEN          1

/* Kinds of cases: what they need, what they are run with */
#define CASE_ISA300         0x1
#define CASE_ISA310         0x2
#define CASE_HISTORY        0x4         /* problem state, branches recorded */
#define CASE_REAL           0x8         /* in real mode only */
#define CASE_STEP           0x10        /* MSR[SE] */
#define CASE_BRANCH         0x20        /* MSR[BE] */
#define CASE_WRAPS          0x40        /* may begin in the last page */

#endif
