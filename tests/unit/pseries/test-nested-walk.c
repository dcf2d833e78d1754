/*
 * Nested guests: the walk of an L2's two trees, good ones and hostile ones
 *
 * L1's memory is 1 MiB from 0 on.  The L2's real address n is L1's address
 * L2_BEGIN + n, by pages of 64 KiB: no byte has the same address in both.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "hw/ppc/pseries/nested/walk.h"

#define MEMORY          MiB
#define L2_BEGIN        0x80000ull
#define L2_SIZE         0x80000ull

/* The partition's tree, in L1's memory */
#define ROOT            0x10000ull              /* 2^13 entries, 64 KiB */
#define GIGABYTES       0x20000ull
#define MEGABYTES       0x21000ull
#define SMALL           0x22000ull              /* 2^5 entries */

/* The process table and the tree of process 3, in the L2's memory */
#define PROCESSES       0x00000ull
#define P_ROOT          0x10000ull
#define P_GIGABYTES     0x20000ull
#define P_MEGABYTES     0x21000ull
#define P_SMALL         0x22000ull              /* 2^9 entries, of 4 KiB */
#define PID             3

#define TREE_52         (1ull << 62 | 5ull << 5)
#define TABLE           (1ull << 63)
#define LEAF            (3ull << 62)
#define ALL             0x187ull                /* R, C, read, write, execute */

#define EADDR           0x40201000ull           /* entry 1 of each table */

static uint64_t memory[MEMORY / 8];
static unsigned reads;

static uint64_t *l1(uint64_t addr)
{
    g_assert(addr < MEMORY);
    return &memory[addr / 8];
}

static uint64_t *l2(uint64_t addr)
{
    g_assert(addr < L2_SIZE);
    return l1(L2_BEGIN + addr);
}

static bool read_memory(void *opaque, uint64_t addr, uint64_t *value)
{
    g_assert(opaque == memory);
    reads++;
    if (addr >= MEMORY || addr & 7) {
        return false;
    }
    *value = *l1(addr);
    return true;
}

static PaprWalk walk_of(uint64_t pid, bool store)
{
    return (PaprWalk) {
        .entry = { 1ull << 63 | TREE_52 | ROOT | 13, 1ull << 63 | PROCESSES },
        .pid = pid,
        .store = store,
        .read = read_memory,
        .opaque = memory,
    };
}

static void make_trees(void)
{
    memset(memory, 0, sizeof(memory));
    *l1(ROOT) = TABLE | GIGABYTES | 9;
    *l1(GIGABYTES) = TABLE | MEGABYTES | 9;
    *l1(MEGABYTES) = TABLE | SMALL | 5;
    for (uint64_t at = 0; at < L2_SIZE; at += 64 * KiB) {
        *l1(SMALL + at / (64 * KiB) * 8) = LEAF | (L2_BEGIN + at) | ALL;
    }
    *l2(PROCESSES + 16 * PID) = TREE_52 | P_ROOT | 13;
    *l2(P_ROOT) = TABLE | P_GIGABYTES | 9;
    *l2(P_GIGABYTES + 8) = TABLE | P_MEGABYTES | 9;
    *l2(P_MEGABYTES + 8) = TABLE | P_SMALL | 9;
    *l2(P_SMALL + 8) = LEAF | 0x31000 | ALL;
}

static bool reaches(const PaprWalk *walk, uint64_t eaddr)
{
    uint64_t addr, left;
    bool found;

    reads = 0;
    found = papr_walk(walk, eaddr, &addr, &left);
    g_assert_cmpuint(reads, <=, PAPR_WALK_READS);
    return found;
}

static void test_found(void)
{
    PaprWalk walk = walk_of(PID, false);
    uint64_t addr, left;

    make_trees();
    for (int store = 0; store < 2; store++) {
        walk.store = store;
        g_assert_true(papr_walk(&walk, EADDR, &addr, &left));
        g_assert_cmphex(addr, ==, L2_BEGIN + 0x31000);
        g_assert_cmphex(left, ==, 0x1000);
        g_assert_true(papr_walk(&walk, EADDR + 0xffe, &addr, &left));
        g_assert_cmphex(addr, ==, L2_BEGIN + 0x31ffe);
        g_assert_cmphex(left, ==, 2);
    }
    /* no walk reads more than one that uses all levels */
    g_assert_true(reaches(&walk, EADDR));
    g_assert_cmpuint(reads, ==, PAPR_WALK_READS);
}

/* The smaller page, the process's or the partition's, bounds the result */
static void test_large_pages(void)
{
    PaprWalk walk = walk_of(PID, false);
    uint64_t addr, left;

    make_trees();
    *l2(P_MEGABYTES + 8) = LEAF | 0x0 | ALL;            /* 2 MiB */
    g_assert_true(papr_walk(&walk, EADDR + 0x12345, &addr, &left));
    g_assert_cmphex(addr, ==, L2_BEGIN + 0x13345);
    g_assert_cmphex(left, ==, 0x10000 - 0x3345);
    g_assert_false(reaches(&walk, 0x40200000 + L2_SIZE));
    /* a partition's page that is larger than the process's */
    make_trees();
    *l1(MEGABYTES) = LEAF | 0x0 | ALL;
    memmove(l1(0x30000), l2(P_ROOT), 0x13000);
    memmove(l1(0x8000), l2(PROCESSES), 0x1000);
    walk.entry[1] = 0x8000;
    *l1(0x8000 + 16 * PID) = TREE_52 | 0x30000 | 13;
    *l1(0x30000) = TABLE | 0x40000 | 9;
    *l1(0x40008) = TABLE | 0x41000 | 9;
    *l1(0x41008) = TABLE | 0x42000 | 9;
    g_assert_true(papr_walk(&walk, EADDR + 0x10, &addr, &left));
    g_assert_cmphex(addr, ==, 0x31010);
    g_assert_cmphex(left, ==, 0xff0);
}

static void test_rights(void)
{
    const struct {
        uint64_t bits;
        bool load, store;
    } rows[] = {
        { 0x187, true, true }, { 0x186, true, true }, { 0x182, true, true },
        { 0x184, true, false }, { 0x185, true, false }, { 0x181, false, false },
        { 0x180, false, false }, { 0x106, true, false },
        { 0x086, false, false }, { 0x006, false, false }, { 0x18e, true, true },
    };

    for (int of_partition = 0; of_partition < 2; of_partition++) {
        for (int i = 0; i < ARRAY_SIZE(rows); i++) {
            PaprWalk load = walk_of(PID, false), store = walk_of(PID, true);

            make_trees();
            if (of_partition) {
                *l1(SMALL + 3 * 8) = LEAF | (L2_BEGIN + 0x30000) | rows[i].bits;
            } else {
                *l2(P_SMALL + 8) = LEAF | 0x31000 | rows[i].bits;
            }
            g_assert_cmpint(reaches(&load, EADDR), ==, rows[i].load);
            g_assert_cmpint(reaches(&store, EADDR), ==, rows[i].store);
        }
    }
    /* the walk only reads tables: a store needs no right to write to them */
    make_trees();
    *l1(SMALL + 2 * 8) = LEAF | (L2_BEGIN + 0x20000) | 0x104;
    {
        PaprWalk store = walk_of(PID, true);

        g_assert_true(reaches(&store, EADDR));
    }
}

static void test_nowhere(void)
{
    const uint64_t others[] = {
        0, EADDR - 0x1000, EADDR + 0x1000, EADDR + 0x200000, 1ull << 51,
        EADDR | 1ull << 52, EADDR | 3ull << 62, UINT64_MAX,
    };
    PaprWalk walk = walk_of(PID, false);

    make_trees();
    for (int i = 0; i < ARRAY_SIZE(others); i++) {
        g_assert_false(reaches(&walk, others[i]));
    }
    /* processes without a tree, and beyond the table's 4 KiB */
    for (uint64_t pid = 0; pid < 300; pid++) {
        walk.pid = pid;
        g_assert_cmpint(reaches(&walk, EADDR), ==, pid == PID);
    }
    for (int bit = 8; bit < 64; bit++) {
        walk.pid = 1ull << bit | PID;
        g_assert_false(reaches(&walk, EADDR));
    }
}

/* Sizes of tables that the architecture, or these trees, do not have */
static void test_forms(void)
{
    uint64_t *entries[] = {
        l1(ROOT), l1(GIGABYTES), l1(MEGABYTES), l2(P_ROOT),
        l2(P_GIGABYTES + 8), l2(P_MEGABYTES + 8),
    };

    for (int i = 0; i < ARRAY_SIZE(entries); i++) {
        for (uint64_t width = 0; width < 32; width++) {
            bool good = width == 9 || (width == 5 && i % 3 == 2);
            PaprWalk walk = walk_of(PID, false);

            make_trees();
            if (width == 9 && i == 2) {
                for (uint64_t at = 0; at < L2_SIZE; at += 4 * KiB) {
                    *l1(SMALL + at / 512) = LEAF | (L2_BEGIN + at) | ALL;
                }
            } else if (width == 5 && i == 5) {
                *l2(P_SMALL) = LEAF | 0x30000 | ALL;    /* 64 KiB */
            }
            *entries[i] = (*entries[i] & ~0x1full) | width;
            g_assert_cmpint(reaches(&walk, EADDR), ==, good);
        }
    }
    for (uint64_t width = 0; width < 32; width++) {
        PaprWalk walk = walk_of(PID, false);

        make_trees();
        *l2(PROCESSES + 16 * PID) = TREE_52 | P_ROOT | width;
        g_assert_cmpint(reaches(&walk, EADDR), ==, width == 13);
        make_trees();
        walk.entry[0] = (walk.entry[0] & ~0x1full) | width;
        g_assert_cmpint(reaches(&walk, EADDR), ==, width == 13);
    }
    for (unsigned size = 0; size < 32; size++) {
        uint64_t field = (uint64_t)(size >> 3) << 61 | (size & 7) << 5;
        PaprWalk walk = walk_of(PID, false);

        make_trees();
        *l2(PROCESSES + 16 * PID) = field | P_ROOT | 13;
        g_assert_cmpint(reaches(&walk, EADDR), ==, size == 21);
        make_trees();
        walk.entry[0] = field | ROOT | 13;
        g_assert_cmpint(reaches(&walk, EADDR), ==, size == 21);
        /* a process table that does not begin at a multiple of its size */
        walk = walk_of(PID, false);
        walk.entry[1] = 0x1000 | size;
        g_assert_false(reaches(&walk, EADDR));
    }
}

/* Tables that lead to themselves, at each level: the walk ends as always */
static void test_loops(void)
{
    PaprWalk walk = walk_of(PID, true);

    make_trees();
    for (uint64_t at = P_GIGABYTES; at < P_SMALL; at += 8) {
        *l2(at) = TABLE | P_GIGABYTES | 9;
    }
    g_assert_false(reaches(&walk, EADDR));
    make_trees();
    for (uint64_t at = GIGABYTES; at < SMALL; at += 8) {
        *l1(at) = TABLE | GIGABYTES | 9;
    }
    g_assert_false(reaches(&walk, EADDR));
    make_trees();
    *l1(ROOT) = TABLE | ROOT | 9;
    g_assert_false(reaches(&walk, EADDR));
}

/* Damaged entries: the walk ends, and what it finds lies in one page */
static void test_random(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    unsigned found = 0;

    for (int n = 0; n < 20000; n++) {
        PaprWalk walk = walk_of(g_rand_int_range(rand, 0, 5), n & 1);
        uint64_t addr, left, eaddr = EADDR + g_rand_int_range(rand, 0, 0x1000);

        make_trees();
        for (int i = g_rand_int_range(rand, 0, 4); i; i--) {
            uint64_t tables[] = {
                ROOT, GIGABYTES, MEGABYTES, SMALL + 16, SMALL + 24,
                L2_BEGIN + P_GIGABYTES + 8, L2_BEGIN + P_MEGABYTES + 8,
                L2_BEGIN + P_SMALL + 8, L2_BEGIN + PROCESSES + 16 * PID,
            };
            uint64_t *entry = l1(tables[g_rand_int_range(rand, 0, 9)]);

            *entry ^= 1ull << g_rand_int_range(rand, 0, 64);
        }
        reads = 0;
        if (papr_walk(&walk, eaddr, &addr, &left)) {
            g_assert_cmpuint(left, >, 0);
            g_assert_cmphex(addr & 0xfff, ==, eaddr & 0xfff);
            g_assert_cmphex((addr + left) & 0xfff, ==, 0);
            found++;
        }
        g_assert_cmpuint(reads, <=, PAPR_WALK_READS);
    }
    g_assert_cmpuint(found, >, 500);
    g_assert_cmpuint(found, <, 3500);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/nested-walk/found", test_found);
    g_test_add_func("/pseries/nested-walk/large-pages", test_large_pages);
    g_test_add_func("/pseries/nested-walk/rights", test_rights);
    g_test_add_func("/pseries/nested-walk/nowhere", test_nowhere);
    g_test_add_func("/pseries/nested-walk/forms", test_forms);
    g_test_add_func("/pseries/nested-walk/loops", test_loops);
    g_test_add_func("/pseries/nested-walk/random", test_random);
    return g_test_run();
}
