/*
 * Nested guests: guest state buffers
 *
 * IDs, sizes and offsets are those of Linux's Documentation/arch/powerpc/
 * kvm-nested.rst, written here as numbers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "hw/ppc/pseries/nested/gsb.h"
#include "hw/pseries/abi.h"

static const struct {
    unsigned first, last, size;
    PaprGsScope scope;
    bool read_only;
} defined[] = {
    { 0x0001, 0x0002, 8, PAPR_GS_OF_GUEST, true },
    { 0x0003, 0x0003, 4, PAPR_GS_OF_GUEST },
    { 0x0004, 0x0004, 8, PAPR_GS_OF_GUEST },
    { 0x0005, 0x0005, 24, PAPR_GS_OF_GUEST },
    { 0x0006, 0x0006, 16, PAPR_GS_OF_GUEST },
    { 0x0800, 0x0804, 8, PAPR_GS_OF_HOST, true },
    { 0x0c00, 0x0c01, 16, PAPR_GS_OF_VCPU },
    { 0x0c02, 0x0c02, 8, PAPR_GS_OF_VCPU },
    { 0x1000, 0x1053, 8, PAPR_GS_OF_VCPU },
    { 0x2000, 0x200e, 4, PAPR_GS_OF_VCPU },
    { 0x3000, 0x303f, 16, PAPR_GS_OF_VCPU },
    { 0xf000, 0xf000, 8, PAPR_GS_OF_VCPU, true },
    { 0xf001, 0xf002, 4, PAPR_GS_OF_VCPU, true },
    { 0xf003, 0xf003, 8, PAPR_GS_OF_VCPU, true },
};

static int find(unsigned id)
{
    for (int i = 0; i < ARRAY_SIZE(defined); i++) {
        if (id >= defined[i].first && id <= defined[i].last) {
            return i;
        }
    }
    return -1;
}

/* Every ID there can be, with every size up to one too many */
static void test_elements(void)
{
    for (unsigned id = 1; id <= 0xffff; id++) {
        int row = find(id);

        for (int what = 0; what < 6; what++) {
            PaprGsScope scope = what / 2;
            bool set = what & 1;
            bool good = row >= 0 && defined[row].scope == scope &&
                        !(set && defined[row].read_only);

            for (unsigned size = 0; size <= 25; size++) {
                PaprGsItem item = { .id = id, .size = size };

                g_assert_cmpint(papr_gs_check(&item, scope, set), ==,
                                !good ? H_INVALID_ELEMENT_ID :
                                size == defined[row].size ? H_SUCCESS :
                                H_INVALID_ELEMENT_SIZE);
            }
        }
    }
    for (int what = 0; what < 6; what++) {
        PaprGsItem item = { .id = 0, .size = 0xfffc };

        g_assert_cmpint(papr_gs_check(&item, what / 2, what & 1), ==,
                        H_SUCCESS);
    }
}

/* Each element has words of its own, and all words are some element's */
static void test_words(void)
{
    const unsigned words[] = {
        [PAPR_GS_OF_GUEST] = PAPR_GS_GUEST_WORDS,
        [PAPR_GS_OF_VCPU] = PAPR_GS_VCPU_WORDS,
        [PAPR_GS_OF_HOST] = PAPR_GS_HOST_WORDS,
    };

    for (PaprGsScope scope = 0; scope < ARRAY_SIZE(words); scope++) {
        unsigned used = 0;
        uint64_t file[PAPR_GS_VCPU_WORDS + 1] = { 0 };
        uint8_t value[24];
        PaprGsItem item = { .value = value };

        for (unsigned id = 1; id <= 0xffff; id++) {
            int row = find(id);

            if (row < 0 || defined[row].scope != scope) {
                continue;
            }
            item.id = id;
            item.size = defined[row].size;
            /* no element before this one has stored to these words */
            papr_gs_store(&item, file);
            g_assert_true(buffer_is_zero(value, item.size));
            memset(value, 0, sizeof(value));
            for (unsigned at = 0; at < item.size; at += 4) {
                stl_be_p(value + at, id << 8 | at);
            }
            papr_gs_load(&item, file);
            used += (item.size + 7) / 8;
        }
        g_assert_cmpuint(used, ==, words[scope]);
        for (unsigned i = 0; i < ARRAY_SIZE(file); i++) {
            g_assert_cmpint(file[i] != 0, ==, i < used);
        }
        for (unsigned id = 1; id <= 0xffff; id++) {
            int row = find(id);

            if (row < 0 || defined[row].scope != scope) {
                continue;
            }
            item.id = id;
            item.size = defined[row].size;
            memset(value, 0xff, sizeof(value));
            papr_gs_store(&item, file);
            for (unsigned at = 0; at < sizeof(value); at += 4) {
                g_assert_cmphex((uint32_t)ldl_be_p(value + at), ==,
                                at < item.size ? id << 8 | at : -1u);
            }
        }
    }
    {
        /* values of 4 bytes are not sign-extended */
        uint64_t file[PAPR_GS_VCPU_WORDS] = { 0 };
        uint8_t value[] = { 0x80, 0, 0, 1 };
        PaprGsItem item = { .id = 0x2000, .size = 4, .value = value };

        papr_gs_load(&item, file);
        g_assert_cmphex(file[PAPR_GS_WORD(0x2000)], ==, 0x80000001);
    }
    g_assert_cmpuint(PAPR_GS_WORD(PAPR_GS_GPR0 + 31), ==,
                     PAPR_GS_VCPU_LONG + 31);
    g_assert_cmpuint(PAPR_GS_WORD(PAPR_GS_VSR0 + 1), ==,
                     PAPR_GS_VCPU_VSR0 + 2);
}

static void put(uint8_t *at, unsigned id, unsigned size)
{
    stw_be_p(at, id);
    stw_be_p(at + 2, size);
}

/* A buffer of three elements, cut at each size */
static void test_bounds(void)
{
    uint8_t whole[4 + 12 + 4 + 8] = { 0, 0, 0, 3 };
    const size_t ends[] = { 4, 16, 20, 28 };

    put(whole + 4, 0x1000, 8);
    put(whole + 16, 0, 0);
    put(whole + 20, 0x2000, 4);
    for (size_t size = 0; size <= sizeof(whole); size++) {
        /* at the end of an allocation: valgrind or ASan reports longer reads */
        g_autofree uint8_t *buf = g_memdup2(whole, size);
        PaprGsReader reader;
        PaprGsItem item;
        unsigned n = 0;

        g_assert_cmpint(papr_gs_begin(&reader, buf, size), ==, size >= 4);
        if (size < 4) {
            continue;
        }
        while (papr_gs_more(&reader) && papr_gs_next(&reader, &item)) {
            g_assert_cmpuint(item.index, ==, n);
            g_assert_cmpuint(item.offset, ==, ends[n]);
            n++;
            g_assert_cmpuint(papr_gs_length(&reader), ==, ends[n]);
            g_assert_cmpuint(ends[n], <=, size);
        }
        g_assert_true(n == 3 || ends[n + 1] > size);
        g_assert_cmpint(papr_gs_more(&reader), ==, n < 3);
        if (n < 3) {
            g_assert_cmpuint(item.index, ==, n);
            g_assert_cmpuint(item.offset, ==, ends[n]);
        }
    }
}

/* Whatever the count claims, the reader stops where the buffer ends */
static void test_counts(void)
{
    uint8_t buf[64] = { 0 };
    PaprGsReader reader;
    PaprGsItem item;

    stl_be_p(buf, UINT32_MAX);
    for (unsigned size = 0; size <= 0xffff; size++) {
        unsigned n = 0;

        put(buf + 4, 0, size);
        g_assert_true(papr_gs_begin(&reader, buf, sizeof(buf)));
        while (papr_gs_next(&reader, &item)) {
            n++;
        }
        g_assert_cmpuint(n, <=, 15);
        g_assert_cmpint(n > 0, ==, size <= 56);
        g_assert_true(papr_gs_more(&reader));
    }
    stl_be_p(buf, 0);
    g_assert_true(papr_gs_begin(&reader, buf, sizeof(buf)));
    g_assert_false(papr_gs_more(&reader));
}

static void test_write(void)
{
    const uint16_t ids[] = { 0xf000, 0xf001, 0x3001 };
    uint64_t words[PAPR_GS_VCPU_WORDS] = { 0 };
    uint8_t buf[128];

    memset(buf, 0xff, sizeof(buf));
    words[PAPR_GS_WORD(0xf000)] = 0x1122334455667788;
    words[PAPR_GS_WORD(0xf001)] = 0xa1a2a3a4;
    words[PAPR_GS_WORD(0x3001)] = 1;
    words[PAPR_GS_WORD(0x3001) + 1] = 2;
    g_assert_cmpuint(papr_gs_write(buf, ids, 3, words), ==, 4 + 12 + 8 + 20);
    g_assert_cmphex((uint32_t)ldl_be_p(buf), ==, 3);
    g_assert_cmphex((uint32_t)ldl_be_p(buf + 4), ==, 0xf0000008);
    g_assert_cmphex(ldq_be_p(buf + 8), ==, 0x1122334455667788);
    g_assert_cmphex(ldq_be_p(buf + 16), ==, 0xf0010004a1a2a3a4);
    g_assert_cmphex((uint32_t)ldl_be_p(buf + 24), ==, 0x30010010);
    g_assert_cmphex(ldq_be_p(buf + 28), ==, 1);
    g_assert_cmphex(ldq_be_p(buf + 36), ==, 2);
    g_assert_cmphex(buf[44], ==, 0xff);
    g_assert_cmpuint(papr_gs_write(buf, NULL, 0, words), ==, 4);
    g_assert_cmphex((uint32_t)ldl_be_p(buf), ==, 0);
}

static void test_trees(void)
{
    /* as Linux makes them: 52 bits of address, a root of 2^13 entries */
    const uint64_t linux_tree[] = { 0x12340000, 52, 1 << 16 };
    uint64_t entry;

    g_assert_true(papr_gs_tree(linux_tree, &entry));
    g_assert_cmphex(entry, ==, 1ull << 63 | 1ull << 62 | 0x12340000 |
                               5ull << 5 | 13);
    for (unsigned bits = 0; bits < 70; bits++) {
        const uint64_t tree[] = { 0x12340000, bits, 1 << 16 };

        g_assert_cmpint(papr_gs_tree(tree, &entry), ==,
                        bits >= 31 && bits <= 62);
    }
    for (unsigned shift = 0; shift < 64; shift++) {
        const uint64_t tree[] = { 0, 52, 1ull << shift };

        g_assert_cmpint(papr_gs_tree(tree, &entry), ==,
                        shift >= 8 && shift <= 34);
        if (shift >= 8 && shift <= 34) {
            g_assert_cmpuint(entry & 31, ==, shift - 3);
        }
    }
    for (unsigned shift = 0; shift < 64; shift++) {
        const uint64_t tree[] = { 1ull << shift, 52, 1 << 16 };

        g_assert_cmpint(papr_gs_tree(tree, &entry), ==,
                        shift >= 16 && shift < 60);
    }
    g_assert_false(papr_gs_tree((uint64_t[]) { 0, 52, 0 }, &entry));
    g_assert_false(papr_gs_tree((uint64_t[]) { 0, 52, 65535 }, &entry));
    g_assert_false(papr_gs_tree((uint64_t[]) { 0, UINT64_MAX, 65536 }, &entry));
}

static void test_processes(void)
{
    uint64_t entry;

    g_assert_true(papr_gs_processes((uint64_t[]) { 0x1000000, 1 << 24 },
                                    &entry));
    g_assert_cmphex(entry, ==, 0x100000c);
    for (unsigned shift = 0; shift < 64; shift++) {
        g_assert_cmpint(papr_gs_processes((uint64_t[]) { 0, 1ull << shift },
                                          &entry), ==,
                        shift >= 12 && shift <= 36);
        g_assert_cmpint(papr_gs_processes((uint64_t[]) { 1ull << shift, 4096 },
                                          &entry), ==,
                        shift >= 12 && shift < 60);
    }
    g_assert_false(papr_gs_processes((uint64_t[]) { 0x1000, 0x2000 }, &entry));
    g_assert_false(papr_gs_processes((uint64_t[]) { 0, 0 }, &entry));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nested/gsb/elements", test_elements);
    g_test_add_func("/nested/gsb/words", test_words);
    g_test_add_func("/nested/gsb/bounds", test_bounds);
    g_test_add_func("/nested/gsb/counts", test_counts);
    g_test_add_func("/nested/gsb/write", test_write);
    g_test_add_func("/nested/gsb/trees", test_trees);
    g_test_add_func("/nested/gsb/processes", test_processes);
    return g_test_run();
}
