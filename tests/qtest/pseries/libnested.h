/*
 * Nested guests: what the qtests of KVM's own hypercalls and of PAPR's share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_LIBNESTED_H
#define PSERIES_LIBNESTED_H

#include "qemu/bswap.h"
#include "libpapr.h"

#define RAM_END         0x10000000ull           /* 256 MiB */
#define PROCESSES       (PAPR_TEST_RAM + 0xf000)        /* at 64 KiB */
#define TIME_IS_OVER    0x980

/* For KVM's hypercalls: partition table, L2's blocks, its tree, its LPID */
#define TABLE           0x1020000ull
#define STATE           0x1030000ull
#define REGS            0x1031000ull
#define ROOT            0x1040000ull
#define LPID            3

#define assert_rc(call, code) g_assert_cmpint(call, ==, code)

/** nested_use_radix: become a radix partition; only these may have L2s */
void nested_use_radix(QTestState *qts);

/** nested_start: papr_start(), then nested_use_radix() */
QTestState *nested_start(const char *options);

/** nested_hv_start: with KVM's hypercalls; L2 LPID has an empty radix tree */
QTestState *nested_hv_start(const char *more);

int64_t nested_set_table(QTestState *qts, uint64_t ptcr);

#endif
