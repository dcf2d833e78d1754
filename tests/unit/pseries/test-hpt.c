/*
 * Unit tests of the hash page table's pure parts: hash of entry groups, the
 * address that an entry translates, page size encodings, H_PROTECT's bits
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "hw/ppc/pseries/mmu/hpte.h"

#define ROUNDS 20000

/** Sample - a page, and how a guest enters it into a table */
typedef struct Sample {
    uint64_t vsid;
    uint64_t offset;                    /* in the segment */
    bool is_1t;
    bool secondary;
    unsigned base_shift;
    unsigned hpt_shift;
    unsigned slot;
} Sample;

static uint64_t random64(void)
{
    return (uint64_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();
}

static Sample random_sample(void)
{
    static const unsigned base_shifts[] = { 12, 16, 24, 34 };
    Sample s = {
        .is_1t = g_test_rand_bit(),
        .secondary = g_test_rand_bit(),
        .hpt_shift = g_test_rand_int_range(18, 47),
        .slot = g_test_rand_int_range(0, 8),
    };

    /* 16 GiB pages are for 1 TiB segments only */
    s.base_shift = base_shifts[g_test_rand_int_range(0, s.is_1t ? 4 : 3)];
    s.vsid = random64() & MAKE_64BIT_MASK(0, s.is_1t ? 38 : 50);
    s.offset = random64() & MAKE_64BIT_MASK(0, s.is_1t ? 40 : 28);
    s.offset &= ~MAKE_64BIT_MASK(0, s.base_shift);
    return s;
}

static uint64_t pteg_mask(unsigned hpt_shift)
{
    return (1ull << (hpt_shift - 7)) - 1;
}

/* As the Power ISA has it, section 5.7.7.3; 39 bits of hash */
static uint64_t sample_hash(const Sample *s)
{
    uint64_t page = s->offset >> s->base_shift;
    uint64_t hash = s->is_1t ? s->vsid ^ (s->vsid << 25) ^ page
                             : s->vsid ^ page;

    return s->secondary ? ~hash : hash;
}

static uint64_t sample_ptex(const Sample *s, unsigned hpt_shift)
{
    return (sample_hash(s) & pteg_mask(hpt_shift)) * 8 + s->slot;
}

/* The virtual address without its low 23 bits, B, V, L and H */
static uint64_t sample_pte0(const Sample *s)
{
    uint64_t avpn = s->is_1t ? s->vsid << 17 | s->offset >> 23
                             : s->vsid << 5 | s->offset >> 23;

    return (uint64_t)s->is_1t << 62 | avpn << 7 | 1 |
           (s->secondary ? 2 : 0) | (s->base_shift > 12 ? 4 : 0);
}

static void test_va(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        Sample s = random_sample();
        PaprVa va;

        g_assert_true(papr_hpte_va(sample_pte0(&s),
                                   sample_ptex(&s, s.hpt_shift),
                                   pteg_mask(s.hpt_shift), s.base_shift, &va));
        g_assert_cmphex(va.vsid, ==, s.vsid);
        g_assert_cmphex(va.offset, ==, s.offset);
        g_assert_cmpuint(va.segment_shift, ==, s.is_1t ? 40 : 28);
    }
}

static void test_va_bad_segment(void)
{
    PaprVa va;

    g_assert_false(papr_hpte_va(0x8000000000000001ull, 0, 0x7ff, 12, &va));
    g_assert_false(papr_hpte_va(0xc000000000000001ull, 0, 0x7ff, 12, &va));
}

/* The bits below the base page that an AVPN may have do not count */
static void test_va_ignores_low_avpn(void)
{
    Sample s = { .vsid = 0x1234567, .offset = 0x5000000, .base_shift = 24,
                 .hpt_shift = 20 };
    PaprVa va;

    g_assert_true(papr_hpte_va(sample_pte0(&s) | 1 << 7, sample_ptex(&s, 20),
                               pteg_mask(20), 24, &va));
    g_assert_cmphex(va.offset, ==, 0x5000000);
}

static void test_hash(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        Sample s = random_sample();
        PaprVa va = { s.vsid, s.offset, s.is_1t ? 40 : 28 };
        uint64_t hash = papr_va_hash(&va, s.base_shift);

        g_assert_cmphex((s.secondary ? ~hash : hash) & pteg_mask(46), ==,
                        sample_hash(&s) & pteg_mask(46));
    }
}

static void test_rehash(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        Sample s = random_sample();
        unsigned other = g_test_rand_int_range(18, 47);
        uint64_t place;

        g_assert_true(papr_hpte_rehash(sample_pte0(&s),
                                       sample_ptex(&s, s.hpt_shift),
                                       pteg_mask(s.hpt_shift),
                                       pteg_mask(other), s.base_shift,
                                       &place));
        g_assert_cmphex(place, ==, sample_ptex(&s, other));
    }
}

static void test_encoding(void)
{
    /* real page number over the LP bits of 64 KiB and 16 MiB pages */
    g_assert_true(papr_hpte_has_encoding(0x0000000123451190ull, 16, 1));
    g_assert_false(papr_hpte_has_encoding(0x0000000123452190ull, 16, 1));
    g_assert_true(papr_hpte_has_encoding(0x0000000123457190ull, 16, 7));
    g_assert_true(papr_hpte_has_encoding(0x0000000123000190ull, 24, 0));
    g_assert_false(papr_hpte_has_encoding(0x0000000123001190ull, 24, 0));
    g_assert_true(papr_hpte_has_encoding(0x0000000123038190ull, 24, 0x38));
    g_assert_true(papr_hpte_has_encoding(0x0000000400003190ull, 34, 3));
    /* bits above the real page number are no part of an encoding */
    g_assert_true(papr_hpte_has_encoding(0xf000000123451190ull, 16, 1));
}

static void test_protect(void)
{
    const uint64_t rpn_and_rest = 0x0000000012345078ull;

    /* all that H_PROTECT sets is cleared without a flag, R too, C is kept */
    g_assert_cmphex(papr_hpte_protected(rpn_and_rest | 0xb000000000000f87ull,
                                        0), ==, rpn_and_rest | 0x80);
    /* pp1 and pp2, N, keys 2 to 4 are where they are in the entry */
    g_assert_cmphex(papr_hpte_protected(rpn_and_rest, 0xe07), ==,
                    rpn_and_rest | 0xe07);
    /* pp0, key 0, key 1 */
    g_assert_cmphex(papr_hpte_protected(rpn_and_rest, 1 << 8), ==,
                    rpn_and_rest | 1ull << 63);
    g_assert_cmphex(papr_hpte_protected(rpn_and_rest, 1 << 13), ==,
                    rpn_and_rest | 1ull << 61);
    g_assert_cmphex(papr_hpte_protected(rpn_and_rest, 1 << 12), ==,
                    rpn_and_rest | 1ull << 60);
    /* flags of other calls change nothing */
    g_assert_cmphex(papr_hpte_protected(rpn_and_rest,
                                        0xffffffffffffc0f8ull), ==,
                    rpn_and_rest);
}

static void test_shift(void)
{
    g_assert_cmpint(papr_hpt_shift_for(0), ==, 18);
    g_assert_cmpint(papr_hpt_shift_for(1), ==, 18);
    g_assert_cmpint(papr_hpt_shift_for(32ull << 20), ==, 18);
    g_assert_cmpint(papr_hpt_shift_for((32ull << 20) + 1), ==, 19);
    g_assert_cmpint(papr_hpt_shift_for(1ull << 30), ==, 23);
    g_assert_cmpint(papr_hpt_shift_for(257ull << 30), ==, 32);
    g_assert_cmpint(papr_hpt_shift_for(1ull << 63), ==, 46);
    g_assert_cmpint(papr_hpt_shift_for(UINT64_MAX), ==, 46);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/hpt/va", test_va);
    g_test_add_func("/pseries/hpt/va-bad-segment", test_va_bad_segment);
    g_test_add_func("/pseries/hpt/va-low-avpn", test_va_ignores_low_avpn);
    g_test_add_func("/pseries/hpt/hash", test_hash);
    g_test_add_func("/pseries/hpt/rehash", test_rehash);
    g_test_add_func("/pseries/hpt/encoding", test_encoding);
    g_test_add_func("/pseries/hpt/protect", test_protect);
    g_test_add_func("/pseries/hpt/shift", test_shift);
    return g_test_run();
}
