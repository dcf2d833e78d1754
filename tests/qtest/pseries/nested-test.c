/*
 * Nested guests by KVM's own hypercalls: what is refused, what a run returns,
 * what a reset and a stream do; and H_RPT_INVALIDATE
 *
 * No code runs under qtest: an L2 ends at once with the registers with which it
 * began, as if its time were over.  tests/guest has L2s that run.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "libnested.h"

static int64_t enter(QTestState *qts, uint64_t state, uint64_t regs)
{
    return papr_hcall(qts, 0, H_ENTER_NESTED, state, regs);
}

static void test_not_offered(void)
{
    const char *options[] = {
        "-cpu power9", "-cpu power8", "-cpu power9 -M cap-nested-hv=off",
    };

    for (int i = 0; i < ARRAY_SIZE(options); i++) {
        QTestState *qts = papr_start("%s", options[i]);

        assert_rc(nested_set_table(qts, TABLE), H_FUNCTION);
        assert_rc(enter(qts, STATE, REGS), H_FUNCTION);
        assert_rc(papr_hcall(qts, 0, H_TLB_INVALIDATE, 1 << 16, LPID, 2 << 10),
                  H_FUNCTION);
        qtest_quit(qts);
    }
}

static void test_not_radix(void)
{
    QTestState *qts = papr_start("-cpu power9 -M cap-nested-hv=on");

    assert_rc(nested_set_table(qts, TABLE), H_FUNCTION);
    assert_rc(enter(qts, STATE, REGS), H_FUNCTION);
    assert_rc(papr_hcall(qts, 0, H_TLB_INVALIDATE, 1 << 16, LPID, 2 << 10),
              H_FUNCTION);
    qtest_quit(qts);
}

static void test_options(void)
{
    g_autofree char *old = papr_refused("-cpu power8 -M cap-nested-hv=on");
    g_autofree char *compat = papr_refused("-cpu power9 -M cap-nested-hv=on,"
                                           "max-cpu-compat=power8");

    g_assert_nonnull(strstr(old, "cap-nested-hv=on is not available"));
    g_assert_nonnull(strstr(old, "later CPUs have it; use cap-nested-hv=off"));
    g_assert_nonnull(strstr(compat, "use cap-nested-hv=off"));
}

static void test_tables(void)
{
    QTestState *qts = nested_hv_start("");

    assert_rc(enter(qts, STATE, REGS), H_NOT_AVAILABLE);
    for (int field = 5; field < 32; field++) {
        assert_rc(nested_set_table(qts, TABLE | field), H_PARAMETER);
    }
    assert_rc(nested_set_table(qts, (TABLE + 0x1000) | 1), H_PARAMETER);
    assert_rc(nested_set_table(qts, RAM_END), H_PARAMETER);
    assert_rc(nested_set_table(qts, RAM_END - 0x1000), H_SUCCESS);
    assert_rc(nested_set_table(qts, (RAM_END - 0x2000) | 2), H_PARAMETER);
    assert_rc(nested_set_table(qts, 0x0ffffffffffff000), H_PARAMETER);
    assert_rc(nested_set_table(qts, 0x6030203180000), H_PARAMETER);
    assert_rc(nested_set_table(qts, TABLE | 2), H_SUCCESS);
    assert_rc(enter(qts, STATE, REGS), TIME_IS_OVER);
    /* a refused call leaves the table that was set before */
    assert_rc(nested_set_table(qts, RAM_END), H_PARAMETER);
    assert_rc(enter(qts, STATE, REGS), TIME_IS_OVER);
    assert_rc(nested_set_table(qts, 0), H_SUCCESS);
    assert_rc(enter(qts, STATE, REGS), H_NOT_AVAILABLE);
    qtest_quit(qts);
}

static void test_blocks(void)
{
    QTestState *qts = nested_hv_start("");
    const uint64_t nowhere[] = {
        RAM_END, RAM_END - 8, RAM_END - 0xf7, UINT64_MAX, -0x80ull, 1ull << 63,
        0x6030203180000,
    };

    assert_rc(nested_set_table(qts, TABLE | 2), H_SUCCESS);
    for (int i = 0; i < ARRAY_SIZE(nowhere); i++) {
        assert_rc(enter(qts, nowhere[i], REGS), H_PARAMETER);
        assert_rc(enter(qts, STATE, nowhere[i]), H_PARAMETER);
    }
    /* a block of version 1 is shorter, and may end at the end of RAM */
    papr_st64(qts, RAM_END - 0xe8, 1);
    papr_st32(qts, RAM_END - 0xe0, LPID);
    assert_rc(enter(qts, RAM_END - 0xe8, REGS), TIME_IS_OVER);
    papr_st64(qts, RAM_END - 0xe8, 2);
    assert_rc(enter(qts, RAM_END - 0xe8, REGS), H_PARAMETER);

    papr_st64(qts, STATE, 0);
    assert_rc(enter(qts, STATE, REGS), H_PARAMETER);
    papr_st64(qts, STATE, 3);
    assert_rc(enter(qts, STATE, REGS), H_P2);
    papr_st64(qts, STATE, UINT64_MAX);
    assert_rc(enter(qts, STATE, REGS), H_P2);
    papr_st64(qts, STATE, 2);
    for (uint64_t lpid = 0; lpid <= 1024; lpid++) {
        papr_st32(qts, STATE + 8, lpid);
        assert_rc(enter(qts, STATE, REGS),
                  lpid == LPID ? TIME_IS_OVER : H_PARAMETER);
    }
    papr_st32(qts, STATE + 8, UINT32_MAX);
    assert_rc(enter(qts, STATE, REGS), H_PARAMETER);
    qtest_quit(qts);
}

/* A run returns the L2's registers as they were set, and restores L1's */
static void test_there_and_back(void)
{
    /* doublewords of the state block that are returned as L1 set them */
    const unsigned kept[] = {
        0x20, 0x38, 0x40, 0x50, 0x58, 0x70, 0x80, 0x88, 0x90, 0x98, 0xa0, 0xa8,
        0xb0, 0xb8, 0xc0, 0xc8, 0xd0, 0xd8, 0xe0, 0xe8,
    };
    QTestState *qts = nested_hv_start("");
    uint64_t regs[PAPR_HCALL_REGS] = { STATE, REGS };

    assert_rc(nested_set_table(qts, TABLE | 2), H_SUCCESS);
    for (int i = 0; i < ARRAY_SIZE(kept); i++) {
        papr_st64(qts, STATE + kept[i], 0x1111000000000000 + kept[i]);
    }
    for (unsigned at = 0; at < 0x160; at += 8) {
        papr_st64(qts, REGS + at, 0x2222000000000000 + at);
    }
    papr_st64(qts, REGS + 0x100, 0x123456780003);       /* NIP */
    papr_st64(qts, REGS + 0x108, UINT64_MAX);           /* MSR */
    papr_st64(qts, REGS + 0x128, 0xe0000000);           /* XER */
    papr_st64(qts, REGS + 0x130, 0x12345678);           /* CR */
    papr_st64(qts, STATE + 0x10, UINT64_MAX);           /* LPCR */
    papr_st64(qts, STATE + 0x28, UINT64_MAX);           /* DPDES */

    assert_rc(papr_hcall_regs(qts, 0, H_ENTER_NESTED, regs), TIME_IS_OVER);
    g_assert_cmphex(regs[0], ==, STATE);
    g_assert_cmphex(regs[1], ==, REGS);

    for (int i = 0; i < ARRAY_SIZE(kept); i++) {
        g_assert_cmphex(papr_ld64(qts, STATE + kept[i]), ==,
                        0x1111000000000000 + kept[i]);
    }
    for (unsigned at = 0; at < 0x100; at += 8) {
        g_assert_cmphex(papr_ld64(qts, REGS + at), ==,
                        0x2222000000000000 + at);
    }
    g_assert_cmphex(papr_ld64(qts, REGS + 0x100), ==, 0x123456780000);
    /* MSR: HV is cleared, SF is kept */
    g_assert_cmphex(papr_ld64(qts, REGS + 0x108) & 1ull << 60, ==, 0);
    g_assert_cmphex(papr_ld64(qts, REGS + 0x108) & 1ull << 63, ==, 1ull << 63);
    g_assert_cmphex(papr_ld64(qts, REGS + 0x118), ==, 0x2222000000000118);
    g_assert_cmphex(papr_ld64(qts, REGS + 0x120), ==, 0x2222000000000120);
    g_assert_cmphex(papr_ld64(qts, REGS + 0x128), ==, 0xe0000000);
    g_assert_cmphex(papr_ld64(qts, REGS + 0x130), ==, 0x12345678);
    /* LPCR[LPES0] is 0, as external interrupts are L1's; DPDES has one bit */
    g_assert_cmphex(papr_ld64(qts, STATE + 0x10) & 1ull << 3, ==, 0);
    g_assert_cmphex(papr_ld64(qts, STATE + 0x28), ==, 1);
    g_assert_cmphex(papr_ld64(qts, STATE), ==, 2);
    g_assert_cmphex(papr_ld32(qts, STATE + 8), ==, LPID);
    /* the timebase offset is as set, so L1's own timebase was restored */
    assert_rc(papr_hcall_regs(qts, 0, H_ENTER_NESTED, regs), TIME_IS_OVER);
    g_assert_cmphex(papr_ld64(qts, STATE + 0x38), ==, 0x1111000000000038);
    qtest_quit(qts);
}

/* Both blocks are in the same memory, also that of the partition table */
static void test_overlap(void)
{
    QTestState *qts = nested_hv_start("");

    assert_rc(nested_set_table(qts, TABLE | 2), H_SUCCESS);
    papr_st64(qts, TABLE, 2);
    papr_st32(qts, TABLE + 8, LPID);
    assert_rc(enter(qts, TABLE, TABLE), TIME_IS_OVER);
    assert_rc(enter(qts, STATE, STATE + 1), TIME_IS_OVER);
    qtest_quit(qts);
}

static void test_invalidations(void)
{
    QTestState *qts = nested_hv_start(" -smp 2");

    for (uint64_t form = 0; form < 16; form++) {
        for (uint64_t is = 0; is < 4; is++) {
            uint64_t ric = form >> 2;
            bool prs = form & 2, radix = form & 1;
            bool good = radix && !prs && ric != 3 && is != 1 &&
                        (is != 0 || ric == 0);

            assert_rc(papr_hcall(qts, 0, H_TLB_INVALIDATE, form << 16, LPID,
                                 is << 10), good ? H_SUCCESS : H_PARAMETER);
        }
    }
    qtest_quit(qts);
}

static int64_t rpt(QTestState *qts, uint64_t target, uint64_t type,
                   uint64_t start, uint64_t end)
{
    return papr_hcall(qts, 0, H_RPT_INVALIDATE, LPID, target, type, -1, start,
                      end);
}

/* H_RPT_INVALIDATE, of this partition's processes and of its guests */
static void test_rpt(void)
{
    QTestState *qts = papr_start("-cpu power9 -M cap-rpt-invalidate=on");

    assert_rc(rpt(qts, 1, 0xe, 0, -1), H_FUNCTION);     /* not radix */
    nested_use_radix(qts);
    for (uint64_t target = 0; target < 16; target++) {
        assert_rc(rpt(qts, target, 0xe, 0, -1),
                  target && target < 8 ? H_SUCCESS : H_P2);
    }
    for (uint64_t type = 0; type < 32; type += 2) {
        assert_rc(rpt(qts, 1, type, 0x1000, 0x2000),
                  type && type < 16 ? H_SUCCESS : H_P3);
    }
    assert_rc(rpt(qts, 1, 1, 0, -1), H_P3);
    assert_rc(rpt(qts, 1ull << 32 | 1, 2, 0, -1), H_P2);
    assert_rc(rpt(qts, 1, 1ull << 32 | 2, 0, -1), H_P3);
    assert_rc(rpt(qts, 1, 2, 0x2000, 0x1fff), H_P5);
    assert_rc(rpt(qts, 1, 2, -0x1000ull, -1), H_SUCCESS);
    assert_rc(rpt(qts, 1, 2, -1, -1), H_SUCCESS);
    assert_rc(rpt(qts, 1, 3, 0, -1), H_FUNCTION);       /* no nested guests */
    qtest_quit(qts);

    qts = nested_hv_start(",cap-rpt-invalidate=on");
    assert_rc(rpt(qts, 1, 0xf, 0, -1), H_SUCCESS);
    assert_rc(rpt(qts, 2, 0xf, 0, -1), H_P2);
    qtest_quit(qts);

    qts = nested_hv_start("");
    assert_rc(rpt(qts, 1, 0xe, 0, -1), H_FUNCTION);     /* cap is off */
    qtest_quit(qts);
}

static void test_reset(void)
{
    QTestState *qts = nested_hv_start("");

    assert_rc(nested_set_table(qts, TABLE | 2), H_SUCCESS);
    assert_rc(enter(qts, STATE, REGS), TIME_IS_OVER);
    qtest_system_reset(qts);
    nested_use_radix(qts);
    assert_rc(enter(qts, STATE, REGS), H_NOT_AVAILABLE);
    qtest_quit(qts);
}

/* The table's address is migrated; without one in the stream there is none */
static void test_stream(void)
{
    g_autofree char *dir = g_dir_make_tmp("papr-nested-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);

    for (int with = 0; with < 2; with++) {
        QTestState *qts = nested_hv_start("");

        if (with) {
            assert_rc(nested_set_table(qts, TABLE | 2), H_SUCCESS);
        }
        papr_save(qts, file);
        qtest_quit(qts);
        qts = papr_start("-cpu power9 -M cap-nested-hv=on -incoming defer");
        g_assert_true(papr_load(qts, file));
        assert_rc(enter(qts, STATE, REGS),
                  with ? TIME_IS_OVER : H_NOT_AVAILABLE);
        qtest_quit(qts);
    }
    /* a machine without the capability refuses the stream */
    {
        QTestState *qts = papr_start("-cpu power9 -incoming defer");

        g_assert_false(papr_load(qts, file));
        qtest_quit(qts);
    }
    unlink(file);
    rmdir(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/nested/not-offered", test_not_offered);
    qtest_add_func("pseries/nested/not-radix", test_not_radix);
    qtest_add_func("pseries/nested/options", test_options);
    qtest_add_func("pseries/nested/tables", test_tables);
    qtest_add_func("pseries/nested/blocks", test_blocks);
    qtest_add_func("pseries/nested/there-and-back", test_there_and_back);
    qtest_add_func("pseries/nested/overlap", test_overlap);
    qtest_add_func("pseries/nested/invalidations", test_invalidations);
    qtest_add_func("pseries/nested/rpt-invalidate", test_rpt);
    qtest_add_func("pseries/nested/reset", test_reset);
    qtest_add_func("pseries/nested/stream", test_stream);
    return g_test_run();
}
