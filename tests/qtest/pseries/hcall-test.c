/*
 * Hypercalls: good, wrong and hostile arguments
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "libpapr.h"

static void test_unknown(void)
{
    QTestState *qts = papr_start("-smp 1");

    g_assert_cmpint(papr_hcall(qts, 0, 0), ==, H_FUNCTION);
    g_assert_cmpint(papr_hcall(qts, 0, 6), ==, H_FUNCTION);
    g_assert_cmpint(papr_hcall(qts, 0, 0xffc), ==, H_FUNCTION);
    g_assert_cmpint(papr_hcall(qts, 0, 0x1000), ==, H_FUNCTION);
    g_assert_cmpint(papr_hcall(qts, 0, 0xeeff), ==, H_FUNCTION);
    g_assert_cmpint(papr_hcall(qts, 0, 0xffff), ==, H_FUNCTION);
    g_assert_cmpint(papr_hcall(qts, 0, UINT64_MAX), ==, H_FUNCTION);
    g_assert_cmpint(papr_hcall(qts, 0, 1ULL << 32 | H_CEDE), ==, H_FUNCTION);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/hcall/unknown", test_unknown);
    return g_test_run();
}
