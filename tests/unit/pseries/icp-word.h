/*
 * Unit tests: the word of a XICS presentation controller (ICP), checked
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_UNIT_PSERIES_ICP_WORD_H
#define TESTS_UNIT_PSERIES_ICP_WORD_H

#include "hw/intc/pseries/xics/arbiter.h"

/* @word has these registers, and is made of them again */
static inline void check_word(uint64_t word, uint8_t cppr, uint32_t xisr,
                              uint8_t pending, uint8_t mfrr)
{
    PaprIcpRegs r = papr_icp_regs(word);

    g_assert_cmphex(r.cppr, ==, cppr);
    g_assert_cmphex(r.xisr, ==, xisr);
    g_assert_cmphex(r.pending, ==, pending);
    g_assert_cmphex(r.mfrr, ==, mfrr);
    g_assert_cmphex(papr_icp_xirr(word), ==, (uint32_t)cppr << 24 | xisr);
    g_assert_cmphex(papr_icp_word(&r), ==, word);
}

#endif
