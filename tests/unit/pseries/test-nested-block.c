/*
 * Nested guests: blocks of H_ENTER_NESTED, partition tables, forms of tlbie
 *
 * Offsets are those of Linux's struct hv_guest_state and struct pt_regs,
 * written here as numbers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/ppc/pseries/nested/block.h"

static void test_sizes(void)
{
    g_assert_cmpuint(papr_hv_size(0), ==, 0);
    g_assert_cmpuint(papr_hv_size(1), ==, 0xe8);
    g_assert_cmpuint(papr_hv_size(2), ==, 0xf8);
    g_assert_cmpuint(papr_hv_size(3), ==, 0);
    g_assert_cmpuint(papr_hv_size(1ull << 32 | 1), ==, 0);
    g_assert_cmpuint(papr_hv_size(UINT64_MAX), ==, 0);
    g_assert_cmpuint(PAPR_HV_SIZE_MAX, ==, 0xf8);
    g_assert_cmpuint(PAPR_REGS_SIZE, ==, 0x160);
}

static const struct {
    unsigned word;
    unsigned offset;
} hv_offsets[] = {
    { PAPR_HV_VERSION, 0x00 }, { PAPR_HV_LPID_AND_TOKEN, 0x08 },
    { PAPR_HV_LPCR, 0x10 }, { PAPR_HV_PCR, 0x18 }, { PAPR_HV_AMOR, 0x20 },
    { PAPR_HV_DPDES, 0x28 }, { PAPR_HV_HFSCR, 0x30 },
    { PAPR_HV_TB_OFFSET, 0x38 }, { PAPR_HV_DAWR0, 0x40 },
    { PAPR_HV_DAWRX0, 0x48 }, { PAPR_HV_CIABR, 0x50 },
    { PAPR_HV_HDEC_EXPIRY, 0x58 }, { PAPR_HV_PURR, 0x60 },
    { PAPR_HV_SPURR, 0x68 }, { PAPR_HV_IC, 0x70 }, { PAPR_HV_VTB, 0x78 },
    { PAPR_HV_HDAR, 0x80 }, { PAPR_HV_HDSISR, 0x88 }, { PAPR_HV_HEIR, 0x90 },
    { PAPR_HV_ASDR, 0x98 }, { PAPR_HV_SRR0, 0xa0 }, { PAPR_HV_SRR1, 0xa8 },
    { PAPR_HV_SPRG0, 0xb0 }, { PAPR_HV_SPRG3, 0xc8 }, { PAPR_HV_PIDR, 0xd0 },
    { PAPR_HV_CFAR, 0xd8 }, { PAPR_HV_PPR, 0xe0 }, { PAPR_HV_DAWR1, 0xe8 },
    { PAPR_HV_DAWRX1, 0xf0 },
};

static const struct {
    unsigned word;
    unsigned offset;
} regs_offsets[] = {
    { PAPR_REGS_GPR0, 0x000 }, { PAPR_REGS_GPR0 + 31, 0x0f8 },
    { PAPR_REGS_NIP, 0x100 }, { PAPR_REGS_MSR, 0x108 },
    { PAPR_REGS_R3_OF_CALL, 0x110 }, { PAPR_REGS_CTR, 0x118 },
    { PAPR_REGS_LR, 0x120 }, { PAPR_REGS_XER, 0x128 },
    { PAPR_REGS_CR, 0x130 },
};

static void test_offsets(void)
{
    uint8_t buf[PAPR_REGS_SIZE];
    uint64_t words[PAPR_REGS_WORDS];
    PaprHvState state;

    for (int little = 0; little < 2; little++) {
        for (int i = 0; i < ARRAY_SIZE(hv_offsets); i++) {
            memset(buf, 0, sizeof(buf));
            buf[hv_offsets[i].offset + (little ? 0 : 7)] = 0x5a;
            papr_hv_load(&state, buf, PAPR_HV_SIZE_MAX, little);
            for (int w = 0; w < PAPR_HV_WORDS; w++) {
                g_assert_cmphex(state.word[w], ==,
                                w == hv_offsets[i].word ? 0x5a : 0);
            }
        }
        for (int i = 0; i < ARRAY_SIZE(regs_offsets); i++) {
            memset(buf, 0, sizeof(buf));
            buf[regs_offsets[i].offset + (little ? 0 : 7)] = 0xa5;
            papr_words_load(words, buf, PAPR_REGS_WORDS, little);
            for (int w = 0; w < PAPR_REGS_WORDS; w++) {
                g_assert_cmphex(words[w], ==,
                                w == regs_offsets[i].word ? 0xa5 : 0);
            }
        }
    }
}

/* The LPID is the first word in either byte order */
static void test_lpid(void)
{
    uint8_t buf[PAPR_HV_SIZE_MAX] = {};
    PaprHvState state;

    stl_be_p(buf + 8, 0x12345678);
    stl_be_p(buf + 12, 0x9abcdef0);
    papr_hv_load(&state, buf, papr_hv_size(1), false);
    g_assert_cmphex(state.lpid, ==, 0x12345678);
    g_assert_cmphex(state.token, ==, 0x9abcdef0);

    stl_le_p(buf + 8, 0x12345678);
    stl_le_p(buf + 12, 0x9abcdef0);
    papr_hv_load(&state, buf, papr_hv_size(1), true);
    g_assert_cmphex(state.lpid, ==, 0x12345678);
    g_assert_cmphex(state.token, ==, 0x9abcdef0);
}

/* What is stored is what was loaded, and nothing beyond the version's end */
static void test_there_and_back(void)
{
    uint8_t in[PAPR_REGS_SIZE], out[PAPR_REGS_SIZE + 8];
    uint64_t words[PAPR_REGS_WORDS];
    PaprHvState state;

    for (int i = 0; i < sizeof(in); i++) {
        in[i] = i * 37 + 11;
    }
    for (int little = 0; little < 2; little++) {
        for (int version = 1; version <= PAPR_HV_VERSION_MAX; version++) {
            size_t size = papr_hv_size(version);

            memset(out, 0xee, sizeof(out));
            papr_hv_load(&state, in, size, little);
            papr_hv_store(out, &state, size, little);
            g_assert_cmpmem(in, size, out, size);
            for (size_t i = size; i < sizeof(out); i++) {
                g_assert_cmphex(out[i], ==, 0xee);
            }
            if (version == 1) {
                g_assert_cmphex(state.word[PAPR_HV_DAWR1], ==, 0);
                g_assert_cmphex(state.word[PAPR_HV_DAWRX1], ==, 0);
            }
        }
        memset(out, 0xee, sizeof(out));
        papr_words_load(words, in, PAPR_REGS_WORDS, little);
        papr_words_store(out, words, PAPR_REGS_WORDS, little);
        g_assert_cmpmem(in, PAPR_REGS_SIZE, out, PAPR_REGS_SIZE);
        g_assert_cmphex(out[PAPR_REGS_SIZE], ==, 0xee);
    }
}

static void test_tables(void)
{
    uint64_t addr, size;

    g_assert_true(papr_ptcr_table(0x10000, &addr, &size));
    g_assert_cmphex(addr, ==, 0x10000);
    g_assert_cmphex(size, ==, 0x1000);
    g_assert_true(papr_ptcr_table(0x10000 | 4, &addr, &size));
    g_assert_cmphex(addr, ==, 0x10000);
    g_assert_cmphex(size, ==, 0x10000);
    /* Linux's own: 1024 entries */
    g_assert_true(papr_ptcr_table(0x7654000 | 2, &addr, &size));
    g_assert_cmphex(size, ==, 0x4000);
    /* not a multiple of its size, more entries than LPIDs */
    g_assert_false(papr_ptcr_table(0x11000 | 1, &addr, &size));
    g_assert_false(papr_ptcr_table(0x18000 | 4, &addr, &size));
    for (unsigned field = 5; field < 32; field++) {
        g_assert_false(papr_ptcr_table(field, &addr, &size));
    }
}

static void test_entries(void)
{
    uint64_t addr;

    for (unsigned field = 0; field <= 4; field++) {
        uint64_t ptcr = 0x7000000 | field, n = 256ull << field;

        g_assert_true(papr_ptcr_entry(ptcr, 0, &addr));
        g_assert_cmphex(addr, ==, 0x7000000);
        g_assert_true(papr_ptcr_entry(ptcr, n - 1, &addr));
        g_assert_cmphex(addr, ==, 0x7000000 + 16 * (n - 1));
        g_assert_false(papr_ptcr_entry(ptcr, n, &addr));
        g_assert_false(papr_ptcr_entry(ptcr, UINT32_MAX, &addr));
        g_assert_false(papr_ptcr_entry(ptcr, UINT64_MAX, &addr));
        g_assert_false(papr_ptcr_entry(ptcr, 1ull << 60, &addr));
    }
    g_assert_false(papr_ptcr_entry(0x7000000 | 5, 1, &addr));
}

static void test_tlbie(void)
{
    for (unsigned ric = 0; ric < 4; ric++) {
        for (unsigned prs = 0; prs < 2; prs++) {
            for (unsigned r = 0; r < 2; r++) {
                for (unsigned is = 0; is < 4; is++) {
                    uint64_t form = ric << 18 | prs << 17 | r << 16;
                    uint64_t rb = is << 10 | 0x5000 | 5 << 5;
                    bool page = is == 0 && ric == 0;
                    bool many = is >= 2 && ric <= 2;

                    g_assert_cmpint(papr_tlbie_ok(form, rb), ==,
                                    r && !prs && (page || many));
                }
            }
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/nested-block/sizes", test_sizes);
    g_test_add_func("/pseries/nested-block/offsets", test_offsets);
    g_test_add_func("/pseries/nested-block/lpid", test_lpid);
    g_test_add_func("/pseries/nested-block/there-and-back",
                    test_there_and_back);
    g_test_add_func("/pseries/nested-block/tables", test_tables);
    g_test_add_func("/pseries/nested-block/entries", test_entries);
    g_test_add_func("/pseries/nested-block/tlbie", test_tlbie);
    return g_test_run();
}
