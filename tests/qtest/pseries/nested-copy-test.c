/*
 * Nested guests by KVM's own hypercalls: H_COPY_TOFROM_GUEST
 *
 * tests/unit/pseries/test-nested-walk.c has the forms of trees.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "libnested.h"

/*
 * One page of 1 GiB, more than L1's RAM, maps the L2's real addresses to the
 * same addresses of L1.  The L2's process PID has 32 pages from EADDR on, which
 * are not contiguous in RAM, and two more that are not in RAM.
 */
#define PID             5
#define EADDR           0x200000ull
#define PAGE            0x1000ull
#define PAGES           32
#define OUTSIDE         (EADDR + PAGE * PAGES)          /* beyond RAM */
#define ACROSS          (OUTSIDE + PAGE)                /* beyond that 1 GiB */
#define PAGE_AT(i)      (0x1200000 + ((i) * 7 % PAGES) * PAGE)
#define GIGABYTES       0x1050000ull
#define PROCESS_TABLE   0x1060000ull
#define PROCESS_ROOT    0x1070000ull
#define PROCESS_1G      0x1080000ull
#define PROCESS_2M      0x1081000ull
#define PROCESS_4K      0x1082000ull
#define OWN             0x1300000ull
#define COPY_MAX       0x10000ull

#define TREE_52_BITS    (1ull << 62 | 5 << 5)
#define ENTRY           (1ull << 63)
#define LEAF            (3ull << 62 | 0x187)
#define LEAF_READ_ONLY  (3ull << 62 | 0x184)

static QTestState *start(const char *more)
{
    QTestState *qts = nested_hv_start(more);

    qtest_memset(qts, ROOT, 0, 0x50000);
    papr_st64(qts, TABLE + 16 * LPID, ENTRY | TREE_52_BITS | ROOT | 13);
    papr_st64(qts, TABLE + 16 * LPID + 8, ENTRY | PROCESS_TABLE);
    papr_st64(qts, ROOT, ENTRY | GIGABYTES | 9);
    papr_st64(qts, GIGABYTES, LEAF);
    papr_st64(qts, PROCESS_TABLE + 16 * PID, TREE_52_BITS | PROCESS_ROOT | 13);
    papr_st64(qts, PROCESS_ROOT, ENTRY | PROCESS_1G | 9);
    papr_st64(qts, PROCESS_1G, ENTRY | PROCESS_2M | 9);
    papr_st64(qts, PROCESS_2M + 8, ENTRY | PROCESS_4K | 9);
    for (unsigned i = 0; i < PAGES; i++) {
        papr_st64(qts, PROCESS_4K + 8 * i, LEAF | PAGE_AT(i));
        for (unsigned at = 0; at < PAGE; at += 0x400) {
            papr_st64(qts, PAGE_AT(i) + at, i << 16 | at);
        }
    }
    papr_st64(qts, PROCESS_4K + 8 * PAGES, LEAF | RAM_END);
    papr_st64(qts, PROCESS_4K + 8 * (PAGES + 1), LEAF | 1ull << 30);
    assert_rc(nested_set_table(qts, TABLE | 2), H_SUCCESS);
    return qts;
}

static int64_t copy(QTestState *qts, uint64_t lpid, uint64_t pid,
                    uint64_t eaddr, uint64_t to, uint64_t from, uint64_t len)
{
    return papr_hcall(qts, 0, H_COPY_TOFROM_GUEST, lpid, pid, eaddr, to, from,
                      len);
}

static int64_t load(QTestState *qts, uint64_t eaddr, uint64_t to, uint64_t len)
{
    return copy(qts, LPID, PID, eaddr, to, 0, len);
}

static int64_t store(QTestState *qts, uint64_t eaddr, uint64_t from,
                     uint64_t len)
{
    return copy(qts, LPID, PID, eaddr, 0, from, len);
}

static void test_copies(void)
{
    QTestState *qts = start("");

    assert_rc(load(qts, EADDR + 0x400, OWN, 8), H_SUCCESS);
    g_assert_cmphex(papr_ld64(qts, OWN), ==, 0x400);
    /* across a page's end; no byte after the length is written */
    qtest_memset(qts, OWN, 0xee, 0x20000);
    assert_rc(load(qts, EADDR + 2 * PAGE - 0x400, OWN, 0x408), H_SUCCESS);
    g_assert_cmphex(papr_ld64(qts, OWN), ==, 0x10c00);
    g_assert_cmphex(papr_ld64(qts, OWN + 0x400), ==, 0x20000);
    g_assert_cmphex(papr_ld64(qts, OWN + 0x408), ==, 0xeeeeeeeeeeeeeeee);
    /* the largest length, from the middle of a page on: 17 pages */
    assert_rc(load(qts, EADDR + 0x400, OWN, COPY_MAX), H_SUCCESS);
    for (unsigned at = 0; at < COPY_MAX; at += 0x400) {
        uint64_t from = at + 0x400;

        g_assert_cmphex(papr_ld64(qts, OWN + at), ==,
                        from >> 12 << 16 | (from & 0xfff));
    }
    g_assert_cmphex(papr_ld64(qts, OWN + COPY_MAX), ==, 0xeeeeeeeeeeeeeeee);

    papr_st64(qts, OWN, 0x1122334455667788);
    assert_rc(store(qts, EADDR + 4 * PAGE - 4, OWN, 8), H_SUCCESS);
    g_assert_cmphex(papr_ld32(qts, PAGE_AT(3) + PAGE - 4), ==, 0x11223344);
    g_assert_cmphex(papr_ld32(qts, PAGE_AT(4)), ==, 0x55667788);
    g_assert_cmphex(papr_ld32(qts, PAGE_AT(4) + 4), ==, 4 << 16);

    assert_rc(load(qts, EADDR, OWN, 0), H_SUCCESS);
    assert_rc(store(qts, 0, OWN, 0), H_SUCCESS);
    qtest_quit(qts);
}

static void test_parameters(void)
{
    QTestState *qts = start("");

    assert_rc(copy(qts, LPID, PID, EADDR, OWN, OWN, 8), H_PARAMETER);
    for (int bit = 52; bit < 64; bit++) {
        assert_rc(load(qts, EADDR | 1ull << bit, OWN, 8), H_PARAMETER);
    }
    for (uint64_t lpid = 0; lpid < 1100; lpid++) {
        assert_rc(copy(qts, lpid, PID, EADDR, OWN, 0, 8),
                  lpid == LPID ? H_SUCCESS : H_PARAMETER);
    }
    for (int bit = 12; bit < 64; bit++) {
        assert_rc(copy(qts, 1ull << bit | LPID, PID, EADDR, OWN, 0, 8),
                  H_PARAMETER);
        assert_rc(copy(qts, LPID, 1ull << bit | PID, EADDR, OWN, 0, 8),
                  H_NOT_FOUND);
    }
    assert_rc(copy(qts, LPID, 0, EADDR, OWN, 0, 8), H_NOT_FOUND);
    papr_work(qts);
    assert_rc(load(qts, EADDR, OWN, COPY_MAX + 1), H_NO_MEM);
    assert_rc(load(qts, EADDR, OWN, UINT64_MAX), H_NO_MEM);
    assert_rc(store(qts, EADDR, OWN, 1ull << 63), H_NO_MEM);
    g_assert_cmpuint(papr_work(qts), <=, 16);
    assert_rc(load(qts, EADDR, OWN, COPY_MAX), H_SUCCESS);
    g_assert_cmpuint(papr_work(qts), <=, 0x1000);

    assert_rc(nested_set_table(qts, 0), H_SUCCESS);
    assert_rc(load(qts, EADDR, OWN, 8), H_PARAMETER);
    qtest_quit(qts);
}

/* What can't be copied whole is not copied at all */
static void test_nowhere(void)
{
    const uint64_t nowhere[] = {
        RAM_END, RAM_END - 4, UINT64_MAX - 3, -0x1000ull, 1ull << 63,
        0x6030203180000,
    };
    QTestState *qts = start("");

    qtest_memset(qts, OWN, 0xee, PAGE);
    for (int i = 0; i < ARRAY_SIZE(nowhere); i++) {
        assert_rc(load(qts, EADDR, nowhere[i], 8), H_NOT_FOUND);
        assert_rc(store(qts, EADDR, nowhere[i], 8), H_NOT_FOUND);
    }
    g_assert_cmphex(papr_ld64(qts, PAGE_AT(0)), ==, 0);
    assert_rc(load(qts, 0, OWN, 8), H_NOT_FOUND);
    assert_rc(load(qts, OUTSIDE, OWN, 8), H_NOT_FOUND);
    assert_rc(load(qts, ACROSS, OWN, 8), H_NOT_FOUND);
    assert_rc(load(qts, (1ull << 52) - 4, OWN, 8), H_NOT_FOUND);
    /* only the end of the range is not in RAM, or read-only */
    assert_rc(load(qts, OUTSIDE - 8, OWN, 16), H_NOT_FOUND);
    g_assert_cmphex(papr_ld64(qts, OWN), ==, 0xeeeeeeeeeeeeeeee);
    papr_st64(qts, PAGE_AT(PAGES - 1) + PAGE - 8, 0x1234);
    assert_rc(store(qts, OUTSIDE - 8, OWN, 16), H_NOT_FOUND);
    papr_st64(qts, PROCESS_4K + 8, LEAF_READ_ONLY | PAGE_AT(1));
    assert_rc(store(qts, EADDR, OWN, PAGE + 8), H_NOT_FOUND);
    g_assert_cmphex(papr_ld64(qts, PAGE_AT(PAGES - 1) + PAGE - 8), ==, 0x1234);
    g_assert_cmphex(papr_ld64(qts, PAGE_AT(0)), ==, 0);
    assert_rc(load(qts, EADDR, OWN, PAGE + 8), H_SUCCESS);

    /* a table of the process, and then the root of the L2's tree, not in RAM */
    papr_st64(qts, PROCESS_1G, ENTRY | 0x3f000000 | 9);
    assert_rc(load(qts, EADDR, OWN, 8), H_NOT_FOUND);
    papr_st64(qts, TABLE + 16 * LPID, ENTRY | TREE_52_BITS | 1ull << 50 | 13);
    assert_rc(load(qts, EADDR, OWN, 8), H_NOT_FOUND);
    qtest_quit(qts);
}

/* All tables are the same page: each of its entries points to this page */
static void test_loop(void)
{
    QTestState *qts = start("");

    for (unsigned at = 0; at < PAGE; at += 8) {
        papr_st64(qts, PROCESS_1G + at, ENTRY | PROCESS_1G | 9);
    }
    papr_work(qts);
    assert_rc(load(qts, EADDR, OWN, COPY_MAX), H_NOT_FOUND);
    assert_rc(store(qts, EADDR, OWN, COPY_MAX), H_NOT_FOUND);
    g_assert_cmpuint(papr_work(qts), <=, 0x1000);
    qtest_quit(qts);
}

/* L1's buffer is in the page that is copied, or is a table of its tree */
static void test_overlap(void)
{
    QTestState *qts = start("");

    assert_rc(load(qts, EADDR, PAGE_AT(0) + 4, PAGE - 4), H_SUCCESS);
    g_assert_cmphex(papr_ld64(qts, PAGE_AT(0) + 0x404), ==, 0x400);
    assert_rc(load(qts, EADDR, PROCESS_4K, PAGE), H_SUCCESS);
    assert_rc(load(qts, EADDR, OWN, 8), H_NOT_FOUND);
    assert_rc(copy(qts, LPID, PID, EADDR, 0, 0, 8), H_NOT_FOUND);
    qtest_quit(qts);
}

static void test_not_offered(void)
{
    const char *options[] = {
        "-cpu power9", "-cpu power8", "-cpu power10 -M cap-nested-papr=on",
        "-cpu power9 -M cap-nested-hv=on",              /* not radix */
    };

    for (int i = 0; i < ARRAY_SIZE(options); i++) {
        QTestState *qts = papr_start("%s", options[i]);

        assert_rc(load(qts, EADDR, OWN, 8), H_FUNCTION);
        qtest_quit(qts);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/nested-copy/copies", test_copies);
    qtest_add_func("pseries/nested-copy/parameters", test_parameters);
    qtest_add_func("pseries/nested-copy/nowhere", test_nowhere);
    qtest_add_func("pseries/nested-copy/loop", test_loop);
    qtest_add_func("pseries/nested-copy/overlap", test_overlap);
    qtest_add_func("pseries/nested-copy/not-offered", test_not_offered);
    return g_test_run();
}
