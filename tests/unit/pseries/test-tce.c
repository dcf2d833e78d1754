/*
 * Unit tests of arithmetic on translation control entries (TCE): windows,
 * ranges, contiguous runs, aligned blocks, power-of-two pieces
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <sys/mman.h>
#include "qemu/host-utils.h"
#include "qemu/units.h"
#include "hw/ppc/pseries/iommu/entries.h"
#include "hw/ppc/pseries/iommu/tce.h"

#define ROUNDS 5000
#define PAGES  256

static void test_window(void)
{
    static const struct {
        uint64_t bus_addr, pages;
        uint32_t page_shift;
        bool ok;
    } cases[] = {
        { 0, 1, 12, true },
        { 0, 262144, 12, true },
        { 0, 0, 12, false },
        { 0, 1, 11, false },
        { 0, 1, 0, false },
        { 0, 1, 34, true },
        { 0, 1, 35, false },
        { 0, 1, UINT32_MAX, false },
        { 0, UINT32_MAX, 16, true },
        { 0, UINT32_MAX + 1ull, 12, false },
        { 0, UINT64_MAX, 12, false },
        /* 2^64 bytes and more */
        { 0, 1ull << 30, 34, false },
        { 0, (1ull << 30) - 1, 34, true },
        { 0x800000000000000ull, 1 << 24, 16, true },
        { UINT64_MAX - 0xfff, 1, 12, false },
        { UINT64_MAX - 0x1fff, 1, 12, true },
        { UINT64_MAX - 0x1fff, 2, 12, false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        g_assert_cmpint(papr_tce_is_window(cases[i].bus_addr, cases[i].pages,
                                           cases[i].page_shift),
                        ==, cases[i].ok);
    }
}

static void test_range(void)
{
    const uint64_t bus_addr = 0x800000000000000ull;
    uint64_t index = 77;

    g_assert_true(papr_tce_in_window(0, 16, 12, 0, 16, &index));
    g_assert_cmpuint(index, ==, 0);
    g_assert_true(papr_tce_in_window(0, 16, 12, 0xffff, 1, &index));
    g_assert_cmpuint(index, ==, 15);
    g_assert_true(papr_tce_in_window(0, 16, 12, 0xf000, 0, &index));
    g_assert_false(papr_tce_in_window(0, 16, 12, 0x10000, 0, &index));
    g_assert_false(papr_tce_in_window(0, 16, 12, 0xf000, 2, &index));
    g_assert_false(papr_tce_in_window(0, 16, 12, 0xf000, UINT64_MAX, &index));
    g_assert_false(papr_tce_in_window(0, 16, 12, UINT64_MAX, 1, &index));

    g_assert_true(papr_tce_in_window(bus_addr, 4, 24, bus_addr + 0x2345678, 2,
                                     &index));
    g_assert_cmpuint(index, ==, 2);
    g_assert_false(papr_tce_in_window(bus_addr, 4, 24, bus_addr - 1, 1,
                                      &index));
    g_assert_false(papr_tce_in_window(bus_addr, 4, 24, 0, 1, &index));
    g_assert_false(papr_tce_in_window(bus_addr, 4, 24, bus_addr + 64 * MiB, 1,
                                      &index));
}

/* ---- runs ---- */

static uint64_t run_of(const uint64_t *entries, uint64_t index, uint64_t max,
                       uint32_t shift)
{
    uint64_t first, n = papr_tce_run(entries, index, max, shift, &first);

    g_assert_cmphex(first, ==, entries[index]);
    return n;
}

static void test_run(void)
{
    uint64_t e[8] = { 0x10003, 0x11003, 0x12003, 0x13001,
                      0x14001, 0, 0x500, 3 };

    g_assert_cmpuint(run_of(e, 0, 8, 12), ==, 3);
    g_assert_cmpuint(run_of(e, 0, 2, 12), ==, 2);
    g_assert_cmpuint(run_of(e, 1, 7, 12), ==, 2);
    g_assert_cmpuint(run_of(e, 3, 5, 12), ==, 2);
    /* the address in an entry without rights does not matter */
    g_assert_cmpuint(run_of(e, 5, 3, 12), ==, 2);
    g_assert_cmpuint(run_of(e, 7, 1, 12), ==, 1);

    /* bits below the I/O page do not matter */
    e[0] = 0x7f0003;
    e[1] = 0x80f003;
    e[2] = 0x810003;
    g_assert_cmpuint(run_of(e, 0, 3, 16), ==, 3);
    g_assert_cmpuint(run_of(e, 0, 3, 12), ==, 1);
}

/* A run ends where the next piece of RAM may begin */
static void test_run_boundary(void)
{
    uint64_t e[4] = {
        0x0fffe003, 0x0ffff003, 0x10000003, 0x10001003,
    };
    uint64_t huge[2] = { 3, (16 * GiB) | 3 };

    g_assert_cmpuint(run_of(e, 0, 4, 12), ==, 2);
    g_assert_cmpuint(run_of(e, 2, 2, 12), ==, 2);
    g_assert_cmpuint(run_of(huge, 0, 2, 34), ==, 1);
}

/* At the very end of the address space: nothing comes after it */
static void test_run_end(void)
{
    uint64_t e[2] = { 0xfffffffffffff003ull, 3 };

    g_assert_cmpuint(run_of(e, 0, 2, 12), ==, 1);
}

/* ---- blocks ---- */

static bool maps_block(const uint64_t *e, uint64_t base, uint64_t n,
                       uint32_t shift)
{
    uint64_t mask = (1ull << shift) - 1;

    if (base + n > PAGES || (e[base] >> shift) % n) {
        return false;
    }
    for (uint64_t i = 0; i < n; i++) {
        uint64_t expected = (e[base] & ~mask) + (i << shift);

        if ((e[base + i] & ~mask) != expected ||
            (e[base + i] & 3) != (e[base] & 3)) {
            return false;
        }
    }
    return true;
}

/* Against a plain search, on tables that are contiguous here and there */
static void test_block(void)
{
    static const uint32_t shifts[] = { 12, 16, 21, 24 };
    uint64_t e[PAGES];

    for (int round = 0; round < ROUNDS; round++) {
        uint32_t shift = shifts[round % ARRAY_SIZE(shifts)];
        uint64_t page = g_test_rand_int_range(0, 4096);
        uint64_t pages = g_test_rand_int_range(1, PAGES + 1);
        uint64_t index = g_test_rand_int_range(0, pages);
        unsigned max_order = g_test_rand_int_range(0, 9), order, expected = 0;

        page = g_test_rand_bit() ? page & -256 : page;
        for (int i = 0; i < PAGES; i++) {
            e[i] = (page + i) << shift | 3;
        }
        for (int i = g_test_rand_int_range(0, 4); i > 0; i--) {
            uint64_t at = g_test_rand_int_range(0, PAGES);

            e[at] ^= g_test_rand_bit() ? 2 : 1ull << (shift + 3);
        }
        for (unsigned o = 1; o <= max_order; o++) {
            uint64_t base = index & -(1ull << o);

            if (base + (1ull << o) <= pages &&
                maps_block(e, base, 1ull << o, shift)) {
                expected = o;
            }
        }
        order = papr_tce_block(e, pages, index, e[index], shift, max_order);
        g_assert_cmpuint(order, ==, expected);
    }
}

/* ---- pieces ---- */

static void test_piece(void)
{
    g_assert_cmphex(papr_tce_piece(0, UINT64_MAX), ==, UINT64_MAX);
    g_assert_cmphex(papr_tce_piece(0, 0x2fff), ==, 0x1fff);
    g_assert_cmphex(papr_tce_piece(0x1000, 0x2fff), ==, 0xfff);
    g_assert_cmphex(papr_tce_piece(0x2000, 0x2fff), ==, 0xfff);
    g_assert_cmphex(papr_tce_piece(0x2000, 0x2000), ==, 0);

    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = (uint64_t)g_test_rand_int() << 12;
        uint64_t last = start + ((uint64_t)g_test_rand_int_range(1, 1 << 20)
                                 << 12) - 1;
        unsigned pieces = 0;

        while (start <= last) {
            uint64_t mask = papr_tce_piece(start, last);

            g_assert_true(is_power_of_2(mask + 1));
            g_assert_cmphex(start & mask, ==, 0);
            g_assert_cmphex(start + mask, <=, last);
            start += mask + 1;
            pieces++;
        }
        /* each size at most once on the way up, once on the way down */
        g_assert_cmpuint(pieces, <=, 2 * 20);
    }
}

/* Any number of entries at any index; those beside them keep their values */
static void test_set(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t entries[24], expected[24], tces[24];
        unsigned at = g_test_rand_int_range(0, 12);
        unsigned count = g_test_rand_int_range(0, 12);
        bool same = g_test_rand_bit();

        for (int i = 0; i < ARRAY_SIZE(entries); i++) {
            entries[i] = expected[i] = g_test_rand_bit() ? g_test_rand_int()
                                                         : 0;
            tces[i] = g_test_rand_bit() ? g_test_rand_int() : 0;
        }
        for (unsigned i = 0; i < count; i++) {
            expected[at + i] = tces[same ? 0 : i];
        }
        papr_tces_set(entries + at, tces, count, same);
        g_assert_cmpmem(entries, sizeof(entries), expected, sizeof(expected));
    }
}

/* Entries that are 0 already are only read: this memory is read-only */
static void test_set_untouched(void)
{
    const size_t bytes = 64 * KiB, count = bytes / TCE_BYTES;
    uint64_t *entries = qemu_anon_ram_alloc(bytes, NULL, false, true);
    g_autofree uint64_t *zeroes = g_new0(uint64_t, count);

    g_assert_nonnull(entries);
    g_assert_cmpint(mprotect(entries, bytes, PROT_READ), ==, 0);
    papr_tces_set(entries, zeroes, count, true);
    papr_tces_set(entries + 1, zeroes, count - 2, false);
    qemu_anon_ram_free(entries, bytes);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/pseries/tce/window", test_window);
    g_test_add_func("/pseries/tce/range", test_range);
    g_test_add_func("/pseries/tce/run", test_run);
    g_test_add_func("/pseries/tce/run/boundary", test_run_boundary);
    g_test_add_func("/pseries/tce/run/end", test_run_end);
    g_test_add_func("/pseries/tce/block", test_block);
    g_test_add_func("/pseries/tce/piece", test_piece);
    g_test_add_func("/pseries/tce/set", test_set);
    g_test_add_func("/pseries/tce/set/untouched", test_set_untouched);

    return g_test_run();
}
