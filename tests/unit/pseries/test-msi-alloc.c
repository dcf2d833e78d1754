/*
 * Unit tests: allocator of MSI numbers (hw/intc/pseries/irq/msi-alloc.c)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "hw/intc/pseries/irq/msi-alloc.h"

#define FIRST 0x1300
#define N 0xd00

static PaprMsiAlloc msi;

static void setup(void)
{
    papr_msi_init(&msi, FIRST, N);
}

/* Every test frees what it allocated: no bit may be set at its end */
static void finish(void)
{
    g_assert_true(bitmap_empty(msi.map, N));
    papr_msi_destroy(&msi);
    g_assert_null(msi.map);
}

static void test_lowest_first(void)
{
    setup();
    g_assert_cmphex(papr_msi_alloc(&msi, 3, 1), ==, FIRST);
    g_assert_cmphex(papr_msi_alloc(&msi, 1, 1), ==, FIRST + 3);
    g_assert_true(papr_msi_taken(&msi, FIRST + 2));
    g_assert_true(papr_msi_taken(&msi, FIRST + 3));
    g_assert_false(papr_msi_taken(&msi, FIRST + 4));
    g_assert_false(papr_msi_taken(&msi, FIRST - 1));
    g_assert_false(papr_msi_taken(&msi, FIRST + N));
    papr_msi_free(&msi, FIRST, 4);
    finish();
}

/* Plain MSIs of one function differ in the low bits of one data word */
static void test_alignment(void)
{
    static const uint32_t aligns[] = { 2, 4, 8, 16, 32, 64, 128, 256, 512 };

    setup();
    g_assert_cmphex(papr_msi_alloc(&msi, 1, 1), ==, FIRST);
    for (int i = 0; i < ARRAY_SIZE(aligns); i++) {
        uint32_t got = papr_msi_alloc(&msi, aligns[i], aligns[i]);

        g_assert_cmphex(got, !=, 0);
        g_assert_cmphex(got % aligns[i], ==, 0);
        papr_msi_free(&msi, got, aligns[i]);
    }
    papr_msi_free(&msi, FIRST, 1);
    finish();
}

/* Numbers are aligned, not offsets in the range, which begins unaligned */
static void test_alignment_beyond_start(void)
{
    setup();
    g_assert_cmphex(papr_msi_alloc(&msi, 1024, 1024), ==, 0x1400);
    g_assert_cmphex(papr_msi_alloc(&msi, 1024, 1024), ==, 0x1800);
    g_assert_cmphex(papr_msi_alloc(&msi, 1024, 1024), ==, 0x1c00);
    g_assert_cmphex(papr_msi_alloc(&msi, 1024, 1024), ==, 0);
    /* what the alignment skipped is not lost */
    g_assert_cmphex(papr_msi_alloc(&msi, 0x100, 1), ==, FIRST);
    g_assert_cmphex(papr_msi_alloc(&msi, 1, 1), ==, 0);
    papr_msi_free(&msi, FIRST, N);
    finish();
}

static void test_exhaustion(void)
{
    setup();
    g_assert_cmphex(papr_msi_alloc(&msi, 2048, 1), ==, FIRST);
    g_assert_cmphex(papr_msi_alloc(&msi, 2048, 1), ==, 0);
    g_assert_cmphex(papr_msi_alloc(&msi, N - 2048 + 1, 1), ==, 0);
    g_assert_cmphex(papr_msi_alloc(&msi, N - 2048, 1), ==, FIRST + 2048);
    g_assert_cmphex(papr_msi_alloc(&msi, 1, 1), ==, 0);
    papr_msi_free(&msi, FIRST, N);
    g_assert_cmphex(papr_msi_alloc(&msi, N + 1, 1), ==, 0);
    g_assert_cmphex(papr_msi_alloc(&msi, N, 1), ==, FIRST);
    papr_msi_free(&msi, FIRST, N);
    finish();
}

static void test_free_and_reuse(void)
{
    uint32_t a, b, c;

    setup();
    a = papr_msi_alloc(&msi, 4, 4);
    b = papr_msi_alloc(&msi, 4, 4);
    c = papr_msi_alloc(&msi, 4, 4);
    papr_msi_free(&msi, b, 4);
    /* the hole is too small for eight, right for two and two */
    g_assert_cmphex(papr_msi_alloc(&msi, 8, 1), ==, c + 4);
    g_assert_cmphex(papr_msi_alloc(&msi, 2, 2), ==, b);
    g_assert_cmphex(papr_msi_alloc(&msi, 2, 2), ==, b + 2);
    papr_msi_free(&msi, a, 20);
    finish();
}

static void test_bad_requests(void)
{
    setup();
    g_assert_cmphex(papr_msi_alloc(&msi, 0, 1), ==, 0);
    g_assert_cmphex(papr_msi_alloc(&msi, 1, 0), ==, 0);
    g_assert_cmphex(papr_msi_alloc(&msi, 3, 3), ==, 0);
    g_assert_cmphex(papr_msi_alloc(&msi, UINT32_MAX, 1), ==, 0);
    g_assert_cmphex(papr_msi_alloc(&msi, 1, 0x80000000u), ==, 0);

    /* freeing numbers outside of the range frees none of the range */
    g_assert_cmphex(papr_msi_alloc(&msi, N, 1), ==, FIRST);
    papr_msi_free(&msi, 0, FIRST);
    papr_msi_free(&msi, FIRST + N, 100);
    papr_msi_free(&msi, 0xffffffff, 2);
    g_assert_true(bitmap_full(msi.map, N));
    papr_msi_free(&msi, 0, UINT32_MAX);
    finish();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/msi-alloc/lowest-first", test_lowest_first);
    g_test_add_func("/pseries/msi-alloc/alignment", test_alignment);
    g_test_add_func("/pseries/msi-alloc/alignment-beyond-start",
                    test_alignment_beyond_start);
    g_test_add_func("/pseries/msi-alloc/exhaustion", test_exhaustion);
    g_test_add_func("/pseries/msi-alloc/free-and-reuse", test_free_and_reuse);
    g_test_add_func("/pseries/msi-alloc/bad-requests", test_bad_requests);
    return g_test_run();
}
