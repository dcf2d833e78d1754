/*
 * Unit tests of what client-architecture-support negotiates
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "hw/pseries/abi.h"
#include "hw/ppc/pseries/cas/negotiate.h"

enum {
    PVR_POWER8 = 0x004d0200,
    PVR_POWER9 = 0x004e1202,
    LEVEL_2_06 = 0x0f000003,
    LEVEL_2_07 = 0x0f000004,
    LEVEL_3_00 = 0x0f000005,
    LEVEL_3_1 = 0x0f000006,
};

/* A guest's structure being made */
typedef struct Guest {
    uint8_t buf[2 * PAPR_CAS_BYTES_MAX];
    size_t n;
} Guest;

static void add_pvr(Guest *g, uint32_t mask, uint32_t pvr)
{
    stl_be_p(g->buf + g->n, mask);
    stl_be_p(g->buf + g->n + 4, pvr);
    g->n += 8;
}

static void add_bytes(Guest *g, const void *bytes, size_t n)
{
    memcpy(g->buf + g->n, bytes, n);
    g->n += n;
}

typedef struct GuestKind {
    uint8_t ov1_byte3;
    bool long_ov5;              /* has the bytes 23 to 26 */
    uint8_t affinity, events, byte22, intc, mmu, radix_ext;
} GuestKind;

/* The vectors as Linux lays them out: six of them, 5 and 1 matter */
static void add_vectors(Guest *g, const GuestKind *kind)
{
    uint8_t ov1[] = { 2, 0, 0xff, kind->ov1_byte3 };
    uint8_t ov2[34] = { 32 };
    uint8_t ov3[] = { 1, 0, 0xe0 };
    uint8_t ov4[] = { 2, 0, 0x80, 0x01 };
    uint8_t ov5[28] = { kind->long_ov5 ? 26 : 20, 0, 0xb0, 0, 0,
                        kind->affinity, kind->events };
    uint8_t ov6[] = { 3, 0, 0, 0, 3 };

    ov5[22] = kind->byte22;
    ov5[23] = kind->intc;
    ov5[24] = kind->mmu;
    ov5[26] = kind->radix_ext;

    g->buf[g->n++] = 5;
    add_bytes(g, ov1, sizeof(ov1));
    add_bytes(g, ov2, sizeof(ov2));
    add_bytes(g, ov3, sizeof(ov3));
    add_bytes(g, ov4, sizeof(ov4));
    add_bytes(g, ov5, papr_ovec_size(ov5[0]));
    add_bytes(g, ov6, sizeof(ov6));
}

static const GuestKind linux6 = {
    .ov1_byte3 = 0xc0, .long_ov5 = true, .affinity = 0xa0, .events = 0x05,
    .byte22 = 0xc0, .intc = 0x40, .mmu = 0x40, .radix_ext = 0x40,
};

static void make_linux(Guest *g, const GuestKind *kind)
{
    g->n = 0;
    add_pvr(g, 0xffff0000, 0x003f0000);
    add_pvr(g, 0xffff0000, 0x004d0000);
    add_pvr(g, 0xffff0000, 0x004e0000);
    add_pvr(g, 0xffffffff, LEVEL_3_1);
    add_pvr(g, 0xffffffff, LEVEL_3_00);
    add_pvr(g, 0xffffffff, LEVEL_2_07);
    add_pvr(g, 0xffffffff, LEVEL_2_06);
    add_pvr(g, 0xfffffffe, 0xffffffff);
    add_vectors(g, kind);
}

typedef struct Platform {
    PaprCasOffer offer;
    PaprNuma *numa;
    uint32_t pvr;
    uint32_t top;               /* level of the processor */
} Platform;

static bool compat_ok(uint32_t pvr, uint32_t at_least, void *opaque)
{
    const Platform *p = opaque;
    uint32_t max = p->offer.max_compat ? p->offer.max_compat : p->top;

    return pvr >= LEVEL_2_06 && pvr <= LEVEL_3_1 && pvr >= at_least &&
           pvr <= MIN(max, p->top);
}

static Platform *power9(void)
{
    static Platform p;
    static PaprNuma numa;

    memset(&numa, 0, sizeof(numa));
    numa.n_nodes = 1;
    numa.mem[0] = GiB;
    p = (Platform) {
        .offer = {
            .isa3 = true, .radix = true, .hash = true, .mmu_switch = true,
            .xics = true, .xive = true, .hpt_resize = true, .form2 = true,
            .hotplug_events = true,
        },
        .numa = &numa,
        .pvr = PVR_POWER9,
        .top = LEVEL_3_00,
    };
    return &p;
}

static int64_t negotiate(Platform *p, const Guest *g, PaprCasResult *result)
{
    PaprCasCpu cpu = { p->pvr, compat_ok, p };
    /* a copy of the exact size, so that a sanitizer sees reads beyond it */
    g_autofree uint8_t *buf = g_memdup2(g->buf, g->n);

    return papr_cas_negotiate(&p->offer, p->numa, &cpu, buf, g->n, result);
}

static void assert_refused(Platform *p, const Guest *g, int64_t code,
                           const char *words)
{
    PaprCasResult result;

    g_assert_cmpint(negotiate(p, g, &result), ==, code);
    g_assert_nonnull(strstr(result.why, words));
}

static void test_linux6(void)
{
    static const uint8_t expected[] = {
        0x19, 0, 0x20, 0, 0, 0xa0, 0x05, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0x80, 0x40, 0x40, 0, 0x40,
    };
    Platform *p = power9();
    uint8_t ov5[PAPR_OVEC_BYTES];
    PaprCasResult r;
    Guest g;

    make_linux(&g, &linux6);
    g_assert_cmpint(negotiate(p, &g, &r), ==, H_SUCCESS);
    g_assert_cmphex(r.compat_pvr, ==, LEVEL_3_00);
    g_assert_true(r.raw_ok);
    g_assert_true(r.radix);
    g_assert_true(r.xive);
    g_assert_false(r.before_isa3);
    g_assert_false(r.fixed_hpt);
    g_assert_cmpmem(ov5, papr_ovec_encode(&r.ov5, ov5),
                    expected, sizeof(expected));
}

static void test_hash_xics(void)
{
    GuestKind kind = linux6;
    Platform *p = power9();
    PaprCasResult r;
    Guest g;

    kind.intc = 0;
    kind.mmu = 0;
    make_linux(&g, &kind);
    g_assert_cmpint(negotiate(p, &g, &r), ==, H_SUCCESS);
    g_assert_false(r.radix);
    g_assert_false(r.xive);
    g_assert_false(papr_ovec_test(&r.ov5, OV5_MMU_RADIX_300));
    g_assert_false(papr_ovec_test(&r.ov5, OV5_XIVE_EXPLOIT));

    /* a table that can't change its size */
    kind.events = 0;
    make_linux(&g, &kind);
    g_assert_cmpint(negotiate(p, &g, &r), ==, H_SUCCESS);
    g_assert_true(r.fixed_hpt);
    p->offer.hpt_resize_required = true;
    assert_refused(p, &g, H_PARAMETER, "resize-hpt=required");
    /* a radix guest has no such table */
    kind.mmu = 0x40;
    make_linux(&g, &kind);
    g_assert_cmpint(negotiate(p, &g, &r), ==, H_SUCCESS);
    g_assert_false(r.fixed_hpt);
}

static void test_modes_not_offered(void)
{
    GuestKind kind = linux6;
    Platform *p = power9();
    Guest g;

    p->offer.xive = false;
    make_linux(&g, &kind);
    assert_refused(p, &g, H_PARAMETER, "by XIVE");

    p = power9();
    p->offer.xics = false;
    kind.intc = 0;
    make_linux(&g, &kind);
    assert_refused(p, &g, H_PARAMETER, "by XICS");

    kind = linux6;
    p = power9();
    p->offer.radix = false;
    make_linux(&g, &kind);
    assert_refused(p, &g, H_PARAMETER, "radix MMU");

    p = power9();
    p->offer.hash = false;
    kind.mmu = 0;
    make_linux(&g, &kind);
    assert_refused(p, &g, H_PARAMETER, "hash MMU");
}

static void test_contradictions(void)
{
    static const uint8_t both[] = { 0x80, 0xc0 };
    Platform *p = power9();
    Guest g;

    for (int i = 0; i < ARRAY_SIZE(both); i++) {
        GuestKind kind = linux6;

        kind.intc = both[i];
        make_linux(&g, &kind);
        assert_refused(p, &g, H_PARAMETER, "two interrupt modes");
        kind = linux6;
        kind.mmu = both[i];
        make_linux(&g, &kind);
        assert_refused(p, &g, H_PARAMETER, "at once");
    }
}

/* A kernel from before ISA 3.00: short vector 5, hash and XICS by default */
static void test_old_guest(void)
{
    GuestKind kind = { .ov1_byte3 = 0, .affinity = 0x80 };
    Platform *p = power9();
    PaprCasResult r;
    Guest g = { };

    add_pvr(&g, 0xffff0000, 0x004d0000);
    add_pvr(&g, 0xffffffff, LEVEL_2_07);
    add_pvr(&g, 0, 0xffffffff);
    add_vectors(&g, &kind);
    g_assert_cmpint(negotiate(p, &g, &r), ==, H_SUCCESS);
    g_assert_cmphex(r.compat_pvr, ==, LEVEL_2_07);
    g_assert_false(r.raw_ok);
    g_assert_true(r.before_isa3);
    g_assert_true(r.fixed_hpt);
    g_assert_false(papr_ovec_test(&r.ov5, OV5_FORM2_AFFINITY));

    /* the same on a machine with XIVE only */
    p->offer.xics = false;
    assert_refused(p, &g, H_PARAMETER, "ic-mode");

    /* radix is not for a processor at level 2.07 */
    p = power9();
    kind = linux6;
    g.n = 0;
    add_pvr(&g, 0xffffffff, LEVEL_2_07);
    add_pvr(&g, 0, 0xffffffff);
    add_vectors(&g, &kind);
    assert_refused(p, &g, H_PARAMETER, "radix MMU");

    /* a guest that asks for radix supports ISA 3.00, whatever vector 1 says */
    kind.ov1_byte3 = 0;
    make_linux(&g, &kind);
    g_assert_cmpint(negotiate(p, &g, &r), ==, H_SUCCESS);
    g_assert_true(r.radix);
    g_assert_false(r.before_isa3);
}

static void test_levels(void)
{
    Platform *p = power9();
    PaprCasResult r;
    Guest g = { };

    /* the guest knows the processor's PVR, and no compatibility mode */
    add_pvr(&g, 0xffff0000, 0x004e0000);
    add_pvr(&g, 0, 0xffffffff);
    add_vectors(&g, &linux6);
    g_assert_cmpint(negotiate(p, &g, &r), ==, H_SUCCESS);
    g_assert_cmphex(r.compat_pvr, ==, 0);
    g_assert_true(r.raw_ok);
    /* max-cpu-compat forbids to run without a compatibility mode */
    p->offer.max_compat = LEVEL_2_07;
    assert_refused(p, &g, H_HARDWARE, "knows neither");

    /* the best of those up to max-cpu-compat, whatever the order */
    p->offer.max_compat = LEVEL_2_07;
    p->offer.radix = p->offer.xive = false;
    g.n = 0;
    add_pvr(&g, 0xffffffff, LEVEL_2_07);
    add_pvr(&g, 0xffffffff, LEVEL_2_06);
    add_pvr(&g, 0xffffffff, LEVEL_3_00);
    add_pvr(&g, 0, 0xffffffff);
    add_vectors(&g, &(GuestKind) { .ov1_byte3 = 0xc0 });
    g_assert_cmpint(negotiate(p, &g, &r), ==, H_SUCCESS);
    g_assert_cmphex(r.compat_pvr, ==, LEVEL_2_07);

    /* the guest knows neither PVR nor compatibility modes of the machine */
    g.n = 0;
    add_pvr(&g, 0xffff0000, 0x003f0000);
    add_pvr(&g, 0, 0xffffffff);
    add_vectors(&g, &linux6);
    assert_refused(power9(), &g, H_HARDWARE, "knows neither");
}

/* Every cut of a good structure up to vector 5's end is refused, in bounds */
static void test_cut(void)
{
    Platform *p = power9();
    PaprCasResult r;
    Guest g;
    size_t whole, enough;

    make_linux(&g, &linux6);
    whole = g.n;
    enough = whole - 5;                 /* vector 6 is not looked at */
    for (size_t n = 0; n < whole; n++) {
        g.n = n;
        g_assert_cmpint(negotiate(p, &g, &r), ==,
                        n < enough ? H_PARAMETER : H_SUCCESS);
    }
}

static void test_no_end(void)
{
    Platform *p = power9();
    PaprCasResult r;
    Guest g = { };

    for (int i = 0; i < PAPR_CAS_PVRS_MAX + 1; i++) {
        add_pvr(&g, 0xffffffff, LEVEL_3_00);
    }
    assert_refused(p, &g, H_PARAMETER, "no end");

    /* the longest that is accepted */
    g.n = 0;
    for (int i = 0; i < PAPR_CAS_PVRS_MAX - 1; i++) {
        add_pvr(&g, 0xffffffff, LEVEL_3_00);
    }
    add_pvr(&g, 0, 0xffffffff);
    g.buf[g.n++] = 0xff;
    for (int i = 0; i < 5; i++) {
        g.buf[g.n] = 0xff;
        memset(&g.buf[g.n + 1], i == 4 ? 0x7f : 0xff, PAPR_OVEC_BYTES - 1);
        g.n += PAPR_OVEC_BYTES;
    }
    g_assert_cmpuint(g.n, ==, PAPR_CAS_BYTES_MAX);
    g_assert_cmpint(negotiate(p, &g, &r), ==, H_SUCCESS);
    g_assert_true(r.radix);
}

static void test_few_vectors(void)
{
    static const uint8_t four[] = {
        3, 0, 0, 0, 0, 0, 0, 0, 0,
    };
    Guest g = { };

    add_pvr(&g, 0xffffffff, LEVEL_3_00);
    add_pvr(&g, 0, 0xffffffff);
    add_bytes(&g, four, sizeof(four));
    add_bytes(&g, "\0\0", 2);
    assert_refused(power9(), &g, H_PARAMETER, "no option vector 5");
}

/* Guests without form 2 are refused if form 1 can't describe the nodes */
static void test_numa(void)
{
    GuestKind kind = linux6;
    Platform *p = power9();
    PaprCasResult r;
    Guest g;

    p->numa->n_nodes = 2;
    p->numa->has_cpu[1] = true;
    p->numa->distance[0][1] = 20;
    p->numa->distance[1][0] = 40;
    make_linux(&g, &kind);
    g_assert_cmpint(negotiate(p, &g, &r), ==, H_SUCCESS);
    g_assert_true(papr_ovec_test(&r.ov5, OV5_FORM2_AFFINITY));

    kind.affinity = 0x80;
    make_linux(&g, &kind);
    assert_refused(p, &g, H_HARDWARE, "asymmetric");
    kind.affinity = 0xa0;
    make_linux(&g, &kind);
    p->offer.form2 = false;
    assert_refused(p, &g, H_HARDWARE, "asymmetric");
}

static void assert_support(const PaprCasOffer *offer, uint8_t intc, uint8_t mmu)
{
    uint8_t expected[] = { 0x17, intc, 0x18, mmu, 0x19, 0x00, 0x1a, 0x40 };
    uint8_t pairs[PAPR_CAS_SUPPORT_BYTES];

    papr_cas_platform_support(offer, pairs);
    g_assert_cmpmem(pairs, sizeof(pairs), expected, sizeof(expected));
}

static void test_platform_support(void)
{
    Platform *p = power9();

    assert_support(&p->offer, 0x80, 0xc0);
    p->offer.mmu_switch = false;
    assert_support(&p->offer, 0x80, 0x80);
    p->offer.hash = false;
    assert_support(&p->offer, 0x80, 0x40);
    p->offer.xics = false;
    assert_support(&p->offer, 0x40, 0x40);
    p->offer.isa3 = false;
    assert_support(&p->offer, 0x00, 0x00);
}

/* Random structures: any answer will do, but it has to come, within bounds */
static void test_random(void)
{
    Platform *p = power9();
    PaprCasResult r;
    Guest g;

    for (int i = 0; i < 2000; i++) {
        g.n = g_test_rand_int_range(0, PAPR_CAS_BYTES_MAX);
        for (size_t j = 0; j < g.n; j++) {
            g.buf[j] = g_test_rand_int();
        }
        if (g.n >= 24) {
            stl_be_p(g.buf, 0xffffffff);
            stl_be_p(g.buf + 4, LEVEL_3_00);
            stl_be_p(g.buf + 8, 0);
            stl_be_p(g.buf + 12, 1);
        }
        if (negotiate(p, &g, &r) != H_SUCCESS) {
            g_assert_cmpint(strlen(r.why), >, 0);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/cas/linux6", test_linux6);
    g_test_add_func("/pseries/cas/hash-xics", test_hash_xics);
    g_test_add_func("/pseries/cas/modes-not-offered", test_modes_not_offered);
    g_test_add_func("/pseries/cas/contradictions", test_contradictions);
    g_test_add_func("/pseries/cas/old-guest", test_old_guest);
    g_test_add_func("/pseries/cas/levels", test_levels);
    g_test_add_func("/pseries/cas/cut", test_cut);
    g_test_add_func("/pseries/cas/no-end", test_no_end);
    g_test_add_func("/pseries/cas/few-vectors", test_few_vectors);
    g_test_add_func("/pseries/cas/numa", test_numa);
    g_test_add_func("/pseries/cas/platform-support", test_platform_support);
    g_test_add_func("/pseries/cas/random", test_random);
    return g_test_run();
}
