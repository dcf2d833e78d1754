/*
 * Memory of large TCE tables: random runs against a plain array
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "../../../hw/ppc/pseries/iommu/leafs.h"
#include "../../../hw/ppc/pseries/iommu/tce.h"

#define LEAFS 16

typedef struct Model {
    PaprTceLeafs leafs;
    uint64_t pages;
    uint64_t *plain;                    /* what the entries have to be */
    uint64_t in_leaf;
} Model;

static void start(Model *m)
{
    uint64_t *entries;

    m->in_leaf = qemu_real_host_page_size() / TCE_BYTES;
    m->pages = LEAFS * m->in_leaf;
    entries = qemu_anon_ram_alloc(m->pages * TCE_BYTES, NULL, false, true);
    g_assert_nonnull(entries);
    g_assert_true(papr_tce_leafs_init(&m->leafs, entries, m->pages));
    m->plain = g_new0(uint64_t, m->pages);
}

static void stop(Model *m)
{
    qemu_anon_ram_free(m->leafs.entries, m->pages * TCE_BYTES);
    papr_tce_leafs_destroy(&m->leafs);
    g_free(m->plain);
}

/* Does the host have memory for the leaf?  One that was only read has none. */
static bool has_memory(Model *m, uint64_t leaf)
{
#ifdef CONFIG_LINUX
    g_autofree uint64_t *words = g_new0(uint64_t, 1);
    int fd = open("/proc/self/pagemap", O_RDONLY);
    uintptr_t at = (uintptr_t)(m->leafs.entries + leaf * m->in_leaf);
    ssize_t got;

    g_assert_cmpint(fd, >=, 0);
    got = pread(fd, words, 8, at / qemu_real_host_page_size() * 8);
    close(fd);
    g_assert_cmpint(got, ==, 8);
    return words[0] >> 62;              /* present, or swapped out */
#else
    return papr_tce_leafs_is_held(&m->leafs, leaf * m->in_leaf);
#endif
}

static uint64_t set_in(Model *m, uint64_t leaf)
{
    uint64_t n = 0;

    for (uint64_t i = 0; i < m->in_leaf; i++) {
        n += !!m->plain[leaf * m->in_leaf + i];
    }
    return n;
}

static void check(Model *m)
{
    uint64_t held = 0;

    for (uint64_t leaf = 0; leaf < LEAFS; leaf++) {
        uint64_t first = leaf * m->in_leaf, set = set_in(m, leaf);
        bool is_held = papr_tce_leafs_is_held(&m->leafs, first);

        g_assert_true(is_held || !set);
        g_assert_cmpuint(m->leafs.state[leaf] & ~TCE_LEAF_HELD, ==, set);
        g_assert_true(is_held == has_memory(m, leaf));
        held += is_held;
        if (is_held) {
            g_assert_cmpmem(m->leafs.entries + first, m->in_leaf * TCE_BYTES,
                            m->plain + first, m->in_leaf * TCE_BYTES);
        }
    }
    g_assert_cmpuint(m->leafs.held, ==, held);
}

static void store(Model *m, uint64_t index, const uint64_t *tces,
                  uint64_t count, bool same, uint64_t keep)
{
    uint64_t before = m->leafs.held;
    uint64_t missing = papr_tce_leafs_missing(&m->leafs, index, tces, count,
                                              same);

    for (uint64_t i = 0; i < count; i++) {
        m->plain[index + i] = same ? *tces : tces[i];
    }
    papr_tce_leafs_set(&m->leafs, index, tces, count, same, keep);
    /* papr_tce_leafs_missing() bounds the memory that is added */
    g_assert_cmpuint(m->leafs.held, <=, before + missing);
    check(m);
}

static void test_random(void)
{
    Model m;

    start(&m);
    for (int run = 0; run < 3000; run++) {
        uint64_t index = g_test_rand_int_range(0, m.pages);
        uint64_t count = g_test_rand_int_range(0, 3 * m.in_leaf);
        uint64_t keep = g_test_rand_bit() ? 0 : 8 * m.in_leaf * TCE_BYTES;
        g_autofree uint64_t *tces = g_new0(uint64_t, 3 * m.in_leaf);
        int kind = g_test_rand_int_range(0, 4);

        count = MIN(count, m.pages - index);
        for (uint64_t i = 0; kind && i < count; i++) {
            tces[i] = kind == 1 ? g_test_rand_int_range(0, 2)
                                : g_test_rand_int() | 1ull << 40;
        }
        if (count) {
            store(&m, index, tces, count, kind == 3, keep);
        }
        if (run % 7 == 0) {
            /* from time to time, clear the whole table */
            store(&m, 0, &(uint64_t) { 0 }, m.pages, true, 0);
            g_assert_cmpuint(m.leafs.held, ==, 0);
        }
    }
    stop(&m);
}

static void test_span(void)
{
    const uint64_t one = 1;
    uint64_t n, leaf;
    bool held;
    Model m;

    start(&m);
    leaf = m.in_leaf;
    n = papr_tce_leafs_span(&m.leafs, 5, m.pages, &held);
    g_assert_false(held);
    g_assert_cmpuint(n, ==, m.pages - 5);
    store(&m, 3 * leaf + 7, &one, leaf, true, 0);
    n = papr_tce_leafs_span(&m.leafs, 5, m.pages, &held);
    g_assert_false(held);
    g_assert_cmpuint(n, ==, 3 * leaf - 5);
    n = papr_tce_leafs_span(&m.leafs, 3 * leaf + 1, m.pages, &held);
    g_assert_true(held);
    g_assert_cmpuint(n, ==, 2 * leaf - 1);
    n = papr_tce_leafs_span(&m.leafs, 3 * leaf + 1, 3 * leaf + 4, &held);
    g_assert_true(held);
    g_assert_cmpuint(n, ==, 3);
    stop(&m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/tce-leafs/random", test_random);
    g_test_add_func("/pseries/tce-leafs/span", test_span);
    return g_test_run();
}
