/*
 * pSeries platform: claimed memory of the client interface
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "../../../hw/ppc/pseries/firmware/claim.h"

static PaprClaims *fresh(uint64_t top)
{
    PaprClaims *claims = g_new0(PaprClaims, 1);

    papr_claims_init(claims, top);
    return claims;
}

static void exact(void)
{
    g_autofree PaprClaims *c = fresh(16 * MiB);

    g_assert_cmphex(papr_claim(c, 0x1000, 0x1000, 0), ==, 0x1000);
    /* the same, into it from below and above, over it, inside it */
    g_assert_cmphex(papr_claim(c, 0x1000, 0x1000, 0), ==, PAPR_CLAIM_NONE);
    g_assert_cmphex(papr_claim(c, 0x800, 0x801, 0), ==, PAPR_CLAIM_NONE);
    g_assert_cmphex(papr_claim(c, 0x1fff, 1, 0), ==, PAPR_CLAIM_NONE);
    g_assert_cmphex(papr_claim(c, 0, 0x10000, 0), ==, PAPR_CLAIM_NONE);
    g_assert_cmphex(papr_claim(c, 0x1800, 4, 0), ==, PAPR_CLAIM_NONE);
    /* neighbours merge */
    g_assert_cmphex(papr_claim(c, 0x2000, 0x1000, 0), ==, 0x2000);
    g_assert_cmphex(papr_claim(c, 0x4000, 0x1000, 0), ==, 0x4000);
    g_assert_cmphex(papr_claim(c, 0x3000, 0x1000, 0), ==, 0x3000);
    g_assert_cmpuint(c->n, ==, 1);
    g_assert_cmphex(c->range[0].start, ==, 0x1000);
    g_assert_cmphex(c->range[0].end, ==, 0x5000);
    g_assert_true(papr_claims_valid(c));
}

static void aligned(void)
{
    g_autofree PaprClaims *c = fresh(1 * MiB);

    g_assert_cmphex(papr_claim(c, 0, 0x1000, 0), ==, 0);
    g_assert_cmphex(papr_claim(c, 0x123, 0x10, 0x1000), ==, 0x1000);
    g_assert_cmphex(papr_claim(c, 0, 0x10, 0x1000), ==, 0x2000);
    /* not a power of two */
    g_assert_cmphex(papr_claim(c, 0, 0x10, 3), ==, 0x1011);
    g_assert_cmphex(papr_claim(c, 0, 0x80000, 0x80000), ==, 0x80000);
    g_assert_cmphex(papr_claim(c, 0, 0x80000, 0x80000), ==, PAPR_CLAIM_NONE);
    g_assert_true(papr_claims_valid(c));
}

static void limits(void)
{
    g_autofree PaprClaims *c = fresh(64 * GiB);

    g_assert_cmphex(c->top, ==, 4 * GiB);
    g_assert_cmphex(papr_claim(c, 0, 0, 0), ==, PAPR_CLAIM_NONE);
    g_assert_cmphex(papr_claim(c, 0, 0, 1), ==, PAPR_CLAIM_NONE);
    g_assert_cmphex(papr_claim(c, 4 * GiB - 1, 2, 0), ==, PAPR_CLAIM_NONE);
    g_assert_cmphex(papr_claim(c, 4 * GiB, 1, 0), ==, PAPR_CLAIM_NONE);
    g_assert_cmphex(papr_claim(c, UINT64_MAX, 2, 0), ==, PAPR_CLAIM_NONE);
    g_assert_cmphex(papr_claim(c, 0, UINT64_MAX, 1), ==, PAPR_CLAIM_NONE);
    g_assert_cmphex(papr_claim(c, 0, 1, UINT64_MAX), ==, PAPR_CLAIM_NONE);
    g_assert_cmphex(papr_claim(c, 0, 1, UINT32_MAX), ==, 0);
    g_assert_cmphex(papr_claim(c, 1, 4 * GiB - 1, 0), ==, 1);
    g_assert_cmphex(papr_claim(c, 0, 1, 1), ==, PAPR_CLAIM_NONE);
}

static void too_many(void)
{
    g_autofree PaprClaims *c = fresh(1 * GiB);
    unsigned i;

    for (i = 0; i < PAPR_CLAIM_RANGES; i++) {
        g_assert_cmphex(papr_claim(c, 0x1000 + i * 0x10, 8, 0), ==,
                        0x1000 + i * 0x10);
    }
    g_assert_cmphex(papr_claim(c, 0x1000 + i * 0x10, 8, 0), ==,
                    PAPR_CLAIM_NONE);
    /* a hole would need one more range; a claim that fills a gap needs none */
    g_assert_false(papr_claim_release(c, 0x1002, 2));
    g_assert_cmphex(papr_claim(c, 0x1008, 8, 0), ==, 0x1008);
    g_assert_cmpuint(c->n, ==, PAPR_CLAIM_RANGES - 1);
    g_assert_true(papr_claims_valid(c));
}

static void release(void)
{
    g_autofree PaprClaims *c = fresh(1 * MiB);

    papr_claim(c, 0x1000, 0x4000, 0);
    g_assert_false(papr_claim_release(c, 0x800, 0x1000));
    g_assert_false(papr_claim_release(c, 0x4000, 0x2000));
    g_assert_false(papr_claim_release(c, 0x8000, 0x1000));
    g_assert_false(papr_claim_release(c, 0x1000, 0));
    g_assert_false(papr_claim_release(c, 0x2000, UINT64_MAX));
    g_assert_true(papr_claim_release(c, 0x2000, 0x1000));
    g_assert_cmpuint(c->n, ==, 2);
    g_assert_true(papr_claims_valid(c));
    g_assert_false(papr_claim_release(c, 0x1000, 0x4000));
    g_assert_true(papr_claim_release(c, 0x1000, 0x800));
    g_assert_true(papr_claim_release(c, 0x1800, 0x800));
    g_assert_true(papr_claim_release(c, 0x4000, 0x1000));
    g_assert_true(papr_claim_release(c, 0x3000, 0x1000));
    g_assert_cmpuint(c->n, ==, 0);
}

static void free_ranges(void)
{
    g_autofree PaprClaims *c = fresh(1 * MiB);
    PaprClaimRange r;

    g_assert_true(papr_claims_free_range(c, 0, &r));
    g_assert_cmphex(r.end - r.start, ==, 1 * MiB);
    g_assert_false(papr_claims_free_range(c, 1, &r));

    papr_claim(c, 0, 0x1000, 0);
    papr_claim(c, 0x2000, 0x1000, 0);
    g_assert_true(papr_claims_free_range(c, 0, &r));
    g_assert_cmphex(r.start, ==, 0x1000);
    g_assert_cmphex(r.end, ==, 0x2000);
    g_assert_true(papr_claims_free_range(c, 1, &r));
    g_assert_cmphex(r.start, ==, 0x3000);
    g_assert_cmphex(r.end, ==, 1 * MiB);
    g_assert_false(papr_claims_free_range(c, 2, &r));
    g_assert_false(papr_claims_free_range(c, UINT32_MAX, &r));

    papr_claim(c, 0x3000, 1 * MiB - 0x3000, 0);
    g_assert_true(papr_claims_free_range(c, 0, &r));
    g_assert_false(papr_claims_free_range(c, 1, &r));
    papr_claim_release(c, 0, 0x800);
    g_assert_true(papr_claims_free_range(c, 0, &r));
    g_assert_cmphex(r.start, ==, 0);
    g_assert_cmphex(r.end, ==, 0x800);
}

static void damaged(void)
{
    g_autofree PaprClaims *c = fresh(1 * MiB);

    c->n = PAPR_CLAIM_RANGES + 1;
    g_assert_false(papr_claims_valid(c));
    c->n = 2;
    c->range[0] = (PaprClaimRange) { 0, 0x1000 };
    c->range[1] = (PaprClaimRange) { 0x2000, 0x3000 };
    g_assert_true(papr_claims_valid(c));
    c->range[1].start = 0x1000;
    g_assert_false(papr_claims_valid(c));
    c->range[1].start = 0x3000;
    g_assert_false(papr_claims_valid(c));
    c->range[1] = (PaprClaimRange) { 0x2000, 2 * MiB };
    g_assert_false(papr_claims_valid(c));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/claim/exact", exact);
    g_test_add_func("/pseries/claim/aligned", aligned);
    g_test_add_func("/pseries/claim/limits", limits);
    g_test_add_func("/pseries/claim/too-many", too_many);
    g_test_add_func("/pseries/claim/release", release);
    g_test_add_func("/pseries/claim/free-ranges", free_ranges);
    g_test_add_func("/pseries/claim/damaged", damaged);
    return g_test_run();
}
