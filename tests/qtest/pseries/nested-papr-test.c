/*
 * Nested guests by PAPR's hypercalls: what is refused, what a run returns, what
 * a reset and a stream do
 *
 * No code runs under qtest: an L2 ends at once with the registers with which it
 * began, as if its time were over.  tests/guest has L2s that run.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "hw/pseries/work.h"
#include "libnested.h"

#define BUFFER          0x1020000ull
#define INPUT           0x1030000ull
#define OUTPUT          0x1034000ull

#define BIT_0           (1ull << 63)            /* IBM's bits, of flags */
#define BIT_1           (1ull << 62)
#define POWER9          (1ull << 62)            /* capabilities */
#define POWER10         (1ull << 61)
#define POWER11         (1ull << 60)
#define GUEST_WIDE      BIT_0
#define HOST_WIDE       BIT_1

static QTestState *start(const char *more)
{
    g_autofree char *options =
        g_strdup_printf("-M cap-nested-papr=on -cpu %s", more);

    return nested_start(options);
}

/* r4 and r5 of the last call */
static uint64_t r4, r5;

static int64_t call(QTestState *qts, uint64_t nr, uint64_t a, uint64_t b,
                    uint64_t c, uint64_t d, uint64_t e)
{
    uint64_t regs[PAPR_HCALL_REGS] = { a, b, c, d, e };
    int64_t rc = papr_hcall_regs(qts, 0, nr, regs);

    r4 = regs[0];
    r5 = regs[1];
    return rc;
}

static int64_t get_capabilities(QTestState *qts, uint64_t flags)
{
    return call(qts, H_GUEST_GET_CAPABILITIES, flags, 0, 0, 0, 0);
}

static int64_t set_capabilities(QTestState *qts, uint64_t flags, uint64_t caps)
{
    return call(qts, H_GUEST_SET_CAPABILITIES, flags, caps, 0, 0, 0);
}

static int64_t create(QTestState *qts)
{
    return call(qts, H_GUEST_CREATE, 0, -1, 0, 0, 0);
}

static int64_t create_vcpu(QTestState *qts, uint64_t guest, uint64_t vcpu)
{
    return call(qts, H_GUEST_CREATE_VCPU, 0, guest, vcpu, 0, 0);
}

static int64_t delete(QTestState *qts, uint64_t flags, uint64_t guest)
{
    return call(qts, H_GUEST_DELETE, flags, guest, 0, 0, 0);
}

static int64_t get_state(QTestState *qts, uint64_t flags, uint64_t guest,
                         uint64_t vcpu, uint64_t buf, uint64_t size)
{
    return call(qts, H_GUEST_GET_STATE, flags, guest, vcpu, buf, size);
}

static int64_t set_state(QTestState *qts, uint64_t flags, uint64_t guest,
                         uint64_t vcpu, uint64_t buf, uint64_t size)
{
    return call(qts, H_GUEST_SET_STATE, flags, guest, vcpu, buf, size);
}

static int64_t run(QTestState *qts, uint64_t flags, uint64_t guest,
                   uint64_t vcpu)
{
    return call(qts, H_GUEST_RUN_VCPU, flags, guest, vcpu, 0, 0);
}

/* ---- buffers ---- */

static uint64_t end_of(QTestState *qts, uint64_t buf)
{
    uint64_t at = buf + 4;

    for (uint32_t n = papr_ld32(qts, buf); n; n--) {
        at += 4 + (papr_ld32(qts, at) & 0xffff);
    }
    return at;
}

/* Add an element; @value has @size / 8 doublewords, or a word if @size is 4 */
static void add(QTestState *qts, uint64_t buf, unsigned id, unsigned size,
                const uint64_t *value)
{
    uint64_t at = end_of(qts, buf);

    papr_st32(qts, at, id << 16 | size);
    if (size == 4) {
        papr_st32(qts, at + 4, value[0]);
    }
    for (unsigned i = 0; i < size / 8; i++) {
        papr_st64(qts, at + 4 + 8 * i, value[i]);
    }
    papr_st32(qts, buf, papr_ld32(qts, buf) + 1);
}

#define ADD(qts, buf, id, size, ...) \
    add(qts, buf, id, size, (const uint64_t[]) { __VA_ARGS__ })

static void empty(QTestState *qts, uint64_t buf)
{
    papr_st32(qts, buf, 0);
}

/* Set one element of guest 1, or of its vCPU 0 */
static int64_t set_one(QTestState *qts, uint64_t flags, unsigned id,
                       unsigned size, uint64_t a, uint64_t b, uint64_t c)
{
    empty(qts, BUFFER);
    ADD(qts, BUFFER, id, size, a, b, c);
    return set_state(qts, flags, 1, 0, BUFFER, 64);
}

static uint64_t get_one(QTestState *qts, uint64_t flags, unsigned id,
                        unsigned size, unsigned word)
{
    empty(qts, BUFFER);
    ADD(qts, BUFFER, id, size, 0, 0, 0);
    assert_rc(get_state(qts, flags, 1, 0, BUFFER, 64), H_SUCCESS);
    return size == 4 ? papr_ld32(qts, BUFFER + 8)
                     : papr_ld64(qts, BUFFER + 8 + 8 * word);
}

/* Make guest 1 with vCPU 0, and set all that a run needs */
static void make_guest(QTestState *qts)
{
    assert_rc(get_capabilities(qts, 0), H_SUCCESS);
    assert_rc(set_capabilities(qts, 0, r4), H_SUCCESS);
    assert_rc(create(qts), H_SUCCESS);
    g_assert_cmpuint(r4, ==, 1);
    assert_rc(create_vcpu(qts, 1, 0), H_SUCCESS);
    assert_rc(set_one(qts, GUEST_WIDE, 5, 24, ROOT, 52, 0x10000), H_SUCCESS);
    assert_rc(set_one(qts, 0, 0xc00, 16, INPUT, 0x1000, 0), H_SUCCESS);
    assert_rc(set_one(qts, 0, 0xc01, 16, OUTPUT, 0x80, 0), H_SUCCESS);
    empty(qts, INPUT);
    empty(qts, OUTPUT);
}

static QTestState *start_guest(const char *more)
{
    QTestState *qts = start(more);

    make_guest(qts);
    return qts;
}

/* ---- whether the calls are offered ---- */

static const uint64_t numbers[] = {
    H_GUEST_GET_CAPABILITIES, H_GUEST_SET_CAPABILITIES, H_GUEST_CREATE,
    H_GUEST_CREATE_VCPU, H_GUEST_GET_STATE, H_GUEST_SET_STATE,
    H_GUEST_RUN_VCPU, H_GUEST_DELETE,
};

static void test_not_offered(void)
{
    const char *options[] = {
        "-cpu power10", "-cpu power8", "-cpu power9 -M cap-nested-hv=on",
        "-cpu power10 -M cap-nested-papr=off",
    };

    for (int i = 0; i < ARRAY_SIZE(options); i++) {
        QTestState *qts = papr_start("%s", options[i]);

        for (int n = 0; n < ARRAY_SIZE(numbers); n++) {
            assert_rc(call(qts, numbers[n], 0, 0, 0, 0, 0), H_FUNCTION);
        }
        qtest_quit(qts);
    }
}

/* Hash: no guests.  Radix: of KVM's own calls, H_TLB_INVALIDATE only */
static void test_not_radix(void)
{
    QTestState *qts = papr_start("-cpu power10 -M cap-nested-papr=on");

    assert_rc(get_capabilities(qts, 0), H_FUNCTION);
    assert_rc(set_capabilities(qts, 0, POWER10), H_FUNCTION);
    assert_rc(create(qts), H_STATE);
    assert_rc(papr_hcall(qts, 0, H_SET_PARTITION_TABLE, 0), H_FUNCTION);
    assert_rc(papr_hcall(qts, 0, H_ENTER_NESTED, 0, 0), H_FUNCTION);
    assert_rc(papr_hcall(qts, 0, H_TLB_INVALIDATE, 1 << 16, 1, 2 << 10),
              H_FUNCTION);
    nested_use_radix(qts);
    assert_rc(get_capabilities(qts, 0), H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_SET_PARTITION_TABLE, 0), H_FUNCTION);
    assert_rc(papr_hcall(qts, 0, H_COPY_TOFROM_GUEST, 1, 0, 0, BUFFER, 0, 0),
              H_FUNCTION);
    assert_rc(papr_hcall(qts, 0, H_TLB_INVALIDATE, 1 << 16, 1, 2 << 10),
              H_SUCCESS);
    qtest_quit(qts);
}

static void test_options(void)
{
    g_autofree char *old = papr_refused("-cpu power8 -M cap-nested-papr=on");
    g_autofree char *both = papr_refused("-cpu power10 -M cap-nested-hv=on,"
                                         "cap-nested-papr=on");

    g_assert_nonnull(strstr(old, "cap-nested-papr=on is not available"));
    g_assert_nonnull(strstr(old, "later CPUs have it; use cap-nested-papr=of"));
    g_assert_nonnull(strstr(both, "Nested-HV APIs are mutually exclusive"));
}

static void test_capabilities(void)
{
    static const struct {
        const char *options;
        uint64_t caps;
    } machines[] = {
        { "power9", POWER9 },
        { "power10", POWER9 | POWER10 },
        { "power10 -M max-cpu-compat=power9", POWER9 },
        { "power11", POWER9 | POWER10 | POWER11 },
        { "power11 -M max-cpu-compat=power10", POWER9 | POWER10 },
    };

    for (int i = 0; i < ARRAY_SIZE(machines); i++) {
        QTestState *qts = start(machines[i].options);
        uint64_t caps = machines[i].caps;

        assert_rc(get_capabilities(qts, 1), H_PARAMETER);
        assert_rc(get_capabilities(qts, BIT_0), H_PARAMETER);
        assert_rc(get_capabilities(qts, 0), H_SUCCESS);
        g_assert_cmphex(r4, ==, caps);
        assert_rc(create(qts), H_STATE);
        assert_rc(set_capabilities(qts, 1, caps), H_PARAMETER);
        for (int bit = 0; bit < 64; bit++) {
            uint64_t one = BIT_0 >> bit;

            assert_rc(set_capabilities(qts, 0, one),
                      caps & one ? H_SUCCESS : H_P2);
            assert_rc(set_capabilities(qts, 0, caps | one),
                      caps & one ? H_SUCCESS : H_P2);
            if (!(caps & one)) {
                g_assert_cmpuint(r4, ==, 1);
                g_assert_cmpuint(r5, ==, bit);
            }
        }
        assert_rc(set_capabilities(qts, 0, 0), H_P2);
        g_assert_cmpuint(r4, ==, 1);
        g_assert_cmpuint(r5, ==, 1);
        /* while a guest exists, only the same capabilities can be set */
        assert_rc(set_capabilities(qts, 0, POWER9), H_SUCCESS);
        assert_rc(create(qts), H_SUCCESS);
        assert_rc(set_capabilities(qts, 0, POWER9), H_SUCCESS);
        assert_rc(set_capabilities(qts, 0, caps),
                  caps == POWER9 ? H_SUCCESS : H_STATE);
        assert_rc(delete(qts, BIT_0, 0), H_SUCCESS);
        assert_rc(set_capabilities(qts, 0, caps), H_SUCCESS);
        qtest_quit(qts);
    }
}

/* ---- guests and vCPUs ---- */

static void test_guests(void)
{
    QTestState *qts = start("power10");

    assert_rc(set_capabilities(qts, 0, POWER10), H_SUCCESS);
    for (int bit = 0; bit < 64; bit++) {
        uint64_t flag = BIT_0 >> bit;

        assert_rc(call(qts, H_GUEST_CREATE, flag, -1, 0, 0, 0), -256 - bit);
        assert_rc(call(qts, H_GUEST_CREATE_VCPU, flag, 1, 0, 0, 0),
                  -256 - bit);
        if (bit) {
            assert_rc(delete(qts, flag, 1), -256 - bit);
            assert_rc(delete(qts, flag | BIT_0, 1), -256 - bit);
        }
    }
    assert_rc(call(qts, H_GUEST_CREATE, 0, 0, 0, 0, 0), H_P2);
    assert_rc(create_vcpu(qts, 1, 0), H_P2);
    for (uint64_t id = 1; id <= 3; id++) {
        assert_rc(create(qts), H_SUCCESS);
        g_assert_cmpuint(r4, ==, id);
    }
    assert_rc(delete(qts, 0, 2), H_SUCCESS);
    assert_rc(delete(qts, 0, 2), H_P2);
    assert_rc(delete(qts, 0, 0), H_P2);
    assert_rc(delete(qts, 0, 4096), H_P2);
    assert_rc(delete(qts, 0, 1ull << 32 | 1), H_P2);
    assert_rc(delete(qts, 0, -1), H_P2);
    assert_rc(create_vcpu(qts, 2, 0), H_P2);
    /* ids of vCPUs in any order */
    assert_rc(create_vcpu(qts, 3, 2047), H_SUCCESS);
    assert_rc(create_vcpu(qts, 3, 8), H_SUCCESS);
    assert_rc(create_vcpu(qts, 3, 8), H_IN_USE);
    assert_rc(create_vcpu(qts, 3, 2048), H_P3);
    assert_rc(create_vcpu(qts, 3, -1), H_P3);
    assert_rc(create_vcpu(qts, 3, 1ull << 32), H_P3);
    assert_rc(create(qts), H_SUCCESS);
    g_assert_cmpuint(r4, ==, 2);
    assert_rc(delete(qts, BIT_0, 12345), H_SUCCESS);
    assert_rc(delete(qts, 0, 3), H_P2);
    assert_rc(create(qts), H_SUCCESS);
    g_assert_cmpuint(r4, ==, 1);
    assert_rc(create_vcpu(qts, 1, 8), H_SUCCESS);
    qtest_quit(qts);
}

/* As many guests and vCPUs as there can be; H_GUEST_DELETE frees all memory */
static void test_many(void)
{
    QTestState *qts = start("power10");
    uint64_t vcpus = 0;

    assert_rc(set_capabilities(qts, 0, POWER10), H_SUCCESS);
    for (uint64_t id = 1; id <= 4095; id++) {
        assert_rc(create(qts), H_SUCCESS);
        g_assert_cmpuint(r4, ==, id);
    }
    assert_rc(create(qts), H_NOT_ENOUGH_RESOURCES);
    while (create_vcpu(qts, 4095 - vcpus / 2048, vcpus % 2048) == H_SUCCESS) {
        vcpus++;
    }
    g_assert_cmpuint(vcpus, ==, 8192);
    assert_rc(create_vcpu(qts, 1, 0), H_NOT_ENOUGH_RESOURCES);
    assert_rc(delete(qts, 0, 4095), H_SUCCESS);
    assert_rc(create_vcpu(qts, 1, 0), H_SUCCESS);
    assert_rc(delete(qts, BIT_0, 0), H_SUCCESS);
    g_assert_cmpuint(get_one(qts, HOST_WIDE, 0x800, 8, 0), ==, 0);
    g_assert_cmpuint(papr_work(qts), <=, PAPR_WORK_MAX);
    qtest_quit(qts);
}

/* ---- state ---- */

static void test_parameters(void)
{
    QTestState *qts = start_guest("power10");
    const uint64_t nowhere[] = {
        RAM_END, RAM_END - 63, UINT64_MAX, -0x40ull, 1ull << 63,
        0x6030203180000,
    };

    empty(qts, BUFFER);
    for (int set = 0; set < 2; set++) {
        int64_t (*move)(QTestState *, uint64_t, uint64_t, uint64_t, uint64_t,
                        uint64_t) = set ? set_state : get_state;

        for (int bit = 1; bit < 64; bit++) {
            assert_rc(move(qts, BIT_0 >> bit, 1, 0, BUFFER, 64),
                      bit == 1 && !set ? H_SUCCESS : H_PARAMETER);
            assert_rc(move(qts, BIT_0 | BIT_0 >> bit, 1, 0, BUFFER, 64),
                      H_PARAMETER);
        }
        assert_rc(move(qts, 0, 0, 0, BUFFER, 64), H_P2);
        assert_rc(move(qts, 0, 2, 0, BUFFER, 64), H_P2);
        assert_rc(move(qts, 0, -1, 0, BUFFER, 64), H_P2);
        assert_rc(move(qts, GUEST_WIDE, 4096, 0, BUFFER, 64), H_P2);
        assert_rc(move(qts, 0, 1, 1, BUFFER, 64), H_P3);
        assert_rc(move(qts, 0, 1, -1, BUFFER, 64), H_P3);
        assert_rc(move(qts, 0, 1, 1ull << 32, BUFFER, 64), H_P3);
        assert_rc(move(qts, GUEST_WIDE, 1, 1, BUFFER, 64), H_SUCCESS);
        for (int i = 0; i < ARRAY_SIZE(nowhere); i++) {
            assert_rc(move(qts, 0, 1, 0, nowhere[i], 64), H_P4);
        }
        for (uint64_t size = 0; size < 8; size++) {
            assert_rc(move(qts, 0, 1, 0, BUFFER, size),
                      size < 4 ? H_P5 : H_SUCCESS);
        }
        assert_rc(move(qts, 0, 1, 0, BUFFER, RAM_END - BUFFER), H_SUCCESS);
        assert_rc(move(qts, 0, 1, 0, BUFFER, RAM_END - BUFFER + 1), H_P4);
        assert_rc(move(qts, 0, 1, 0, BUFFER, UINT64_MAX), H_P4);
    }
    qtest_quit(qts);
}

/* r4 is the number of the wrong element, and no element is used */
static void test_elements(void)
{
    static const struct {
        uint64_t flags;
        unsigned id, size;
        int64_t set, get;
    } bad[] = {
        { 0, 0x0003, 4, H_INVALID_ELEMENT_ID, H_INVALID_ELEMENT_ID },
        { 0, 0x0800, 8, H_INVALID_ELEMENT_ID, H_INVALID_ELEMENT_ID },
        { 0, 0x1054, 8, H_INVALID_ELEMENT_ID, H_INVALID_ELEMENT_ID },
        { 0, 0xffff, 8, H_INVALID_ELEMENT_ID, H_INVALID_ELEMENT_ID },
        { 0, 0x1000, 4, H_INVALID_ELEMENT_SIZE, H_INVALID_ELEMENT_SIZE },
        { 0, 0x1000, 0, H_INVALID_ELEMENT_SIZE, H_INVALID_ELEMENT_SIZE },
        { 0, 0x2000, 8, H_INVALID_ELEMENT_SIZE, H_INVALID_ELEMENT_SIZE },
        { 0, 0x3000, 8, H_INVALID_ELEMENT_SIZE, H_INVALID_ELEMENT_SIZE },
        { 0, 0xf000, 8, H_INVALID_ELEMENT_ID, H_SUCCESS },
        { 0, 0x0c00, 16, H_INVALID_ELEMENT_VALUE, H_SUCCESS },
        { GUEST_WIDE, 0x1000, 8, H_INVALID_ELEMENT_ID, H_INVALID_ELEMENT_ID },
        { GUEST_WIDE, 0x0c00, 16, H_INVALID_ELEMENT_ID, H_INVALID_ELEMENT_ID },
        { GUEST_WIDE, 0x0001, 8, H_INVALID_ELEMENT_ID, H_SUCCESS },
        { GUEST_WIDE, 0x0002, 8, H_INVALID_ELEMENT_ID, H_SUCCESS },
        { GUEST_WIDE, 0x0005, 24, H_INVALID_ELEMENT_VALUE, H_SUCCESS },
        { GUEST_WIDE, 0x0005, 16, H_INVALID_ELEMENT_SIZE,
          H_INVALID_ELEMENT_SIZE },
    };
    QTestState *qts = start_guest("power10");

    assert_rc(set_one(qts, 0, 0x1003, 8, 0x1111, 0, 0), H_SUCCESS);
    assert_rc(set_one(qts, GUEST_WIDE, 4, 8, 0x1111, 0, 0), H_SUCCESS);
    for (int i = 0; i < ARRAY_SIZE(bad); i++) {
        bool vcpu = !bad[i].flags;

        empty(qts, BUFFER);
        if (vcpu) {
            ADD(qts, BUFFER, 0x1003, 8, 0x2222);
        } else {
            ADD(qts, BUFFER, 4, 8, 0x2222);
        }
        ADD(qts, BUFFER, 0, 12, 0);             /* PAPR_GS_NOTHING */
        ADD(qts, BUFFER, bad[i].id, bad[i].size, 0, 0, 0);
        assert_rc(set_state(qts, bad[i].flags, 1, 0, BUFFER, 256), bad[i].set);
        g_assert_cmpuint(r4, ==, 2);
        assert_rc(get_state(qts, bad[i].flags, 1, 0, BUFFER, 256), bad[i].get);
        if (bad[i].get) {
            g_assert_cmpuint(r4, ==, 2);
            g_assert_cmphex(papr_ld64(qts, BUFFER + 8), ==, 0x2222);
        } else {
            g_assert_cmphex(papr_ld64(qts, BUFFER + 8), ==, 0x1111);
        }
    }
    /* an element across the buffer's end; a count that is too large */
    empty(qts, BUFFER);
    ADD(qts, BUFFER, 0x1003, 8, 0x2222);
    ADD(qts, BUFFER, 0x1004, 8, 0x2222);
    for (uint64_t size = 4; size < 28; size++) {
        assert_rc(set_state(qts, 0, 1, 0, BUFFER, size),
                  H_INVALID_ELEMENT_SIZE);
        g_assert_cmpuint(r4, ==, size >= 16);
    }
    g_assert_cmphex(get_one(qts, 0, 0x1003, 8, 0), ==, 0x1111);
    qtest_memset(qts, BUFFER, 0, 0x20000);
    papr_st32(qts, BUFFER, UINT32_MAX);
    papr_work(qts);
    assert_rc(set_state(qts, 0, 1, 0, BUFFER, RAM_END - BUFFER),
              H_INVALID_ELEMENT_SIZE);
    g_assert_cmpuint(r4, ==, (0x10000 - 4) / 4);
    assert_rc(get_state(qts, 0, 1, 0, BUFFER, RAM_END - BUFFER),
              H_INVALID_ELEMENT_SIZE);
    g_assert_cmpuint(papr_work(qts), <=, 0x10000);
    qtest_quit(qts);
}

static void test_values(void)
{
    static const struct {
        uint64_t flags;
        unsigned id, size;
        uint64_t value[3];
        bool good;
    } values[] = {
        { GUEST_WIDE, 3, 4, { 0 }, true },
        { GUEST_WIDE, 3, 4, { 0x0f000005 }, true },     /* POWER9 */
        { GUEST_WIDE, 3, 4, { 0x0f000006 }, true },     /* POWER10 */
        { GUEST_WIDE, 3, 4, { 0x0f000007 }, true },     /* Power11 */
        { GUEST_WIDE, 3, 4, { 0x0f000004 }, false },    /* POWER8 */
        { GUEST_WIDE, 3, 4, { 0x0f000008 }, false },
        { GUEST_WIDE, 3, 4, { 0x004e0000 }, false },
        { GUEST_WIDE, 5, 24, { ROOT, 52, 0x10000 }, true },
        { GUEST_WIDE, 5, 24, { ROOT, 30, 0x10000 }, false },
        { GUEST_WIDE, 5, 24, { ROOT, 52, 0x18000 }, false },
        { GUEST_WIDE, 5, 24, { ROOT + 256, 52, 0x10000 }, false },
        { GUEST_WIDE, 6, 16, { 0, 4096 }, true },
        { GUEST_WIDE, 6, 16, { 0x1000, 4096 }, true },
        { GUEST_WIDE, 6, 16, { 0x1000, 8192 }, false },
        { GUEST_WIDE, 6, 16, { 0, 1 }, false },
        { 0, 0xc00, 16, { RAM_END - 16384, 16384 }, true },
        { 0, 0xc00, 16, { RAM_END - 16384, 16385 }, false },
        { 0, 0xc00, 16, { 0x1000000, 16385 }, false },
        { 0, 0xc00, 16, { 0x1000000, 3 }, false },
        { 0, 0xc00, 16, { RAM_END, 128 }, false },
        { 0, 0xc00, 16, { -16ull, 128 }, false },
        { 0, 0xc01, 16, { 0x1000000, 128 }, true },
        { 0, 0xc01, 16, { 0x1000000, 127 }, false },
        { 0, 0xc01, 16, { RAM_END - 127, 128 }, false },
        { 0, 0xc01, 16, { 0x1000000, UINT64_MAX }, false },
    };
    QTestState *qts = start_guest("power11 -M max-cpu-compat=power10");

    for (int i = 0; i < ARRAY_SIZE(values); i++) {
        const uint64_t *value = values[i].value;

        assert_rc(set_one(qts, values[i].flags, values[i].id, values[i].size,
                          value[0], value[1], value[2]),
                  values[i].good ? H_SUCCESS : H_INVALID_ELEMENT_VALUE);
        if (values[i].good) {
            g_assert_cmphex(get_one(qts, values[i].flags, values[i].id,
                                    values[i].size, 0), ==, value[0]);
        }
    }
    g_assert_cmpuint(get_one(qts, GUEST_WIDE, 2, 8, 0), ==, 128);
    g_assert_cmpuint(get_one(qts, GUEST_WIDE, 1, 8, 0), >, 1024);
    qtest_quit(qts);
}

/* Memory that the machine uses for guests (0x800) grows with each of them */
static void test_host(void)
{
    QTestState *qts = start("power10");
    uint64_t most, now;

    assert_rc(set_capabilities(qts, 0, POWER10), H_SUCCESS);
    g_assert_cmpuint(get_one(qts, HOST_WIDE, 0x800, 8, 0), ==, 0);
    most = get_one(qts, HOST_WIDE, 0x801, 8, 0);
    assert_rc(create(qts), H_SUCCESS);
    now = get_one(qts, HOST_WIDE, 0x800, 8, 0);
    g_assert_cmpuint(now, >, 0);
    assert_rc(create_vcpu(qts, 1, 0), H_SUCCESS);
    g_assert_cmpuint(get_one(qts, HOST_WIDE, 0x800, 8, 0), >, now);
    g_assert_cmpuint(most, >, now);
    for (unsigned id = 0x802; id < 0x805; id++) {
        g_assert_cmpuint(get_one(qts, HOST_WIDE, id, 8, 0), ==, 0);
    }
    qtest_quit(qts);
}

/* ---- runs ---- */

static void test_run(void)
{
    QTestState *qts = start_guest("power10");
    int64_t rc;

    for (int bit = 0; bit < 64; bit++) {
        assert_rc(run(qts, BIT_0 >> bit, 1, 0), H_PARAMETER);
    }
    assert_rc(run(qts, 0, 2, 0), H_P2);
    assert_rc(run(qts, 0, 0, 0), H_P2);
    assert_rc(run(qts, 0, -1, 0), H_P2);
    assert_rc(run(qts, 0, 1, 1), H_P3);
    assert_rc(run(qts, 0, 1, -1), H_P3);
    assert_rc(run(qts, 0, 1, 0), H_SUCCESS);
    g_assert_cmphex(r4, ==, TIME_IS_OVER);
    g_assert_cmpuint(papr_ld32(qts, OUTPUT), ==, 0);

    /* without an input or output buffer, or the guest's tree */
    assert_rc(create_vcpu(qts, 1, 1), H_SUCCESS);
    assert_rc(run(qts, 0, 1, 1), H_INPUT_BUFFER_NOT_DEFINED);
    empty(qts, BUFFER);
    ADD(qts, BUFFER, 0xc00, 16, INPUT, 0x1000);
    assert_rc(set_state(qts, 0, 1, 1, BUFFER, 64), H_SUCCESS);
    assert_rc(run(qts, 0, 1, 1), H_OUTPUT_BUFFER_NOT_DEFINED);
    ADD(qts, BUFFER, 0xc01, 16, OUTPUT, 0x80);
    assert_rc(set_state(qts, 0, 1, 1, BUFFER, 64), H_SUCCESS);
    assert_rc(run(qts, 0, 1, 1), H_SUCCESS);
    assert_rc(create(qts), H_SUCCESS);
    assert_rc(create_vcpu(qts, 2, 0), H_SUCCESS);
    assert_rc(set_state(qts, 0, 2, 0, BUFFER, 64), H_SUCCESS);
    assert_rc(run(qts, 0, 2, 0), H_PARTITION_PAGE_TABLE_NOT_DEFINED);

    /* bad input: r4 is the offset of the bad element, and the L2 did not run */
    ADD(qts, INPUT, 0x1021, 8, 0x123456780000);
    ADD(qts, INPUT, 0x1003, 8, 0x3333);
    assert_rc(run(qts, 0, 1, 0), H_SUCCESS);
    g_assert_cmphex(get_one(qts, 0, 0x1003, 8, 0), ==, 0x3333);
    papr_st64(qts, INPUT + 20, 0x4444);
    ADD(qts, INPUT, 0x0003, 4, 0);
    assert_rc(run(qts, 0, 1, 0), H_INVALID_ELEMENT_ID);
    g_assert_cmpuint(r4, ==, 28);
    papr_st32(qts, INPUT + 28, 0x10030004);
    assert_rc(run(qts, 0, 1, 0), H_INVALID_ELEMENT_SIZE);
    g_assert_cmpuint(r4, ==, 28);
    papr_st32(qts, INPUT + 28, 0x0c000010);
    assert_rc(run(qts, 0, 1, 0), H_INVALID_ELEMENT_VALUE);
    g_assert_cmpuint(r4, ==, 28);
    papr_st32(qts, INPUT, UINT32_MAX);
    rc = run(qts, 0, 1, 0);
    g_assert_true(rc == H_INVALID_ELEMENT_VALUE);
    g_assert_cmphex(get_one(qts, 0, 0x1003, 8, 0), ==, 0x3333);
    qtest_quit(qts);
}

/* A run returns registers as they were set, but for bits no L2 can have */
static void test_there_and_back(void)
{
    QTestState *qts = start_guest("power10");
    unsigned n = 0;

    for (unsigned id = 0x1000; id <= 0x1053; id++) {
        ADD(qts, INPUT, id, 8, 0x1111000000000000 + id);
        n++;
    }
    for (unsigned id = 0x2000; id <= 0x200e; id++) {
        ADD(qts, INPUT, id, 4, 0x22220000 + id);
        n++;
    }
    for (unsigned id = 0x3000; id <= 0x303f; id++) {
        ADD(qts, INPUT, id, 16, 0x3333000000000000 + id,
            0x4444000000000000 + id);
        n++;
    }
    assert_rc(run(qts, 0, 1, 0), H_SUCCESS);
    g_assert_cmphex(r4, ==, TIME_IS_OVER);
    for (unsigned id = 0x1000; id <= 0x1053; id++) {
        uint64_t value = get_one(qts, 0, id, 8, 0);
        uint64_t expected = 0x1111000000000000 + id;

        switch (id) {
        case 0x1021:                    /* NIA: a word's address */
            expected &= 0xfffffffc;     /* and of 32 bits, by this MSR */
            break;
        case 0x1022:                    /* MSR */
            g_assert_cmphex(value & 1ull << 60, ==, 0);
            g_assert_cmphex(value & 1ull << 12, !=, 0);
            continue;
        case 0x102c:                    /* LPCR */
            g_assert_cmphex(value & 1ull << 3, ==, 0);
            continue;
        case 0x1053:                    /* DPDES */
            expected &= 1;
            break;
        case 0x1024:                    /* XER has fewer bits */
        case 0x102f:                    /* FPSCR */
        case 0x102a:                    /* limited by the decrementer's width */
            continue;
        }
        g_assert_cmphex(value, ==, expected);
    }
    for (unsigned id = 0x2000; id <= 0x200e; id++) {
        uint64_t value = get_one(qts, 0, id, 4, 0);

        if (id != 0x2003) {             /* VSCR has two bits */
            g_assert_cmphex(value, ==, 0x22220000 + id);
        }
    }
    for (unsigned id = 0x3000; id <= 0x303f; id++) {
        g_assert_cmphex(get_one(qts, 0, id, 16, 0), ==,
                        0x3333000000000000 + id);
        g_assert_cmphex(get_one(qts, 0, id, 16, 1), ==,
                        0x4444000000000000 + id);
    }
    qtest_quit(qts);
}

/* Both buffers are in the same memory, the root of the L2's tree */
static void test_overlap(void)
{
    QTestState *qts = start_guest("power10");

    assert_rc(set_one(qts, 0, 0xc00, 16, ROOT, 0x1000, 0), H_SUCCESS);
    assert_rc(set_one(qts, 0, 0xc01, 16, ROOT, 0x1000, 0), H_SUCCESS);
    empty(qts, ROOT);
    ADD(qts, ROOT, 0x1003, 8, 0x5555);
    assert_rc(run(qts, 0, 1, 0), H_SUCCESS);
    g_assert_cmpuint(papr_ld32(qts, ROOT), ==, 0);
    g_assert_cmphex(get_one(qts, 0, 0x1003, 8, 0), ==, 0x5555);
    /* input that sets the buffers: the output goes to the new one at once */
    ADD(qts, ROOT, 0xc00, 16, INPUT, 0x1000);
    ADD(qts, ROOT, 0xc01, 16, OUTPUT, 0x80);
    papr_st32(qts, OUTPUT, UINT32_MAX);
    assert_rc(run(qts, 0, 1, 0), H_SUCCESS);
    g_assert_cmpuint(papr_ld32(qts, OUTPUT), ==, 0);
    qtest_quit(qts);
}

/* ---- resets, streams ---- */

static void test_reset(void)
{
    QTestState *qts = start_guest("power10");

    assert_rc(run(qts, 0, 1, 0), H_SUCCESS);
    qtest_system_reset(qts);
    nested_use_radix(qts);
    assert_rc(run(qts, 0, 1, 0), H_P2);
    assert_rc(create(qts), H_STATE);
    make_guest(qts);
    g_assert_cmphex(get_one(qts, 0, 0x1022, 8, 0), ==, 0);
    qtest_quit(qts);
}

static void test_stream(void)
{
    g_autofree char *dir = g_dir_make_tmp("papr-nested-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);
    QTestState *qts = start_guest("power10");

    assert_rc(create(qts), H_SUCCESS);
    assert_rc(create(qts), H_SUCCESS);
    assert_rc(delete(qts, 0, 2), H_SUCCESS);
    for (uint64_t id = 0; id < 2048; id += 8) {
        assert_rc(create_vcpu(qts, 3, id), H_SUCCESS);
        empty(qts, BUFFER);
        ADD(qts, BUFFER, 0x3001, 16, 0x6666, id);
        assert_rc(set_state(qts, 0, 3, id, BUFFER, 64), H_SUCCESS);
    }
    assert_rc(set_one(qts, 0, 0x1003, 8, 0x7777, 0, 0), H_SUCCESS);
    papr_save(qts, file);
    /* the machine that was saved can still run the guest */
    assert_rc(run(qts, 0, 1, 0), H_SUCCESS);
    qtest_quit(qts);

    qts = papr_start("-cpu power10 -M cap-nested-papr=on -incoming defer");
    g_assert_true(papr_load(qts, file));
    assert_rc(set_capabilities(qts, 0, POWER9), H_STATE);
    g_assert_cmphex(get_one(qts, 0, 0x1003, 8, 0), ==, 0x7777);
    assert_rc(run(qts, 0, 1, 0), H_SUCCESS);
    assert_rc(create_vcpu(qts, 3, 2040), H_IN_USE);
    assert_rc(create_vcpu(qts, 3, 2041), H_SUCCESS);
    for (uint64_t id = 0; id < 2048; id += 8) {
        empty(qts, BUFFER);
        ADD(qts, BUFFER, 0x3001, 16, 0, 0);
        assert_rc(get_state(qts, 0, 3, id, BUFFER, 64), H_SUCCESS);
        g_assert_cmphex(papr_ld64(qts, BUFFER + 8), ==, 0x6666);
        g_assert_cmphex(papr_ld64(qts, BUFFER + 16), ==, id);
    }
    assert_rc(create(qts), H_SUCCESS);
    g_assert_cmpuint(r4, ==, 2);
    qtest_quit(qts);

    /* a machine without the capability refuses the stream */
    qts = papr_start("-cpu power10 -incoming defer");
    g_assert_false(papr_load(qts, file));
    qtest_quit(qts);
    qts = papr_start("-cpu power10 -M cap-nested-hv=on -incoming defer");
    g_assert_false(papr_load(qts, file));
    qtest_quit(qts);
    unlink(file);
    rmdir(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/nested-papr/not-offered", test_not_offered);
    qtest_add_func("pseries/nested-papr/not-radix", test_not_radix);
    qtest_add_func("pseries/nested-papr/options", test_options);
    qtest_add_func("pseries/nested-papr/capabilities", test_capabilities);
    qtest_add_func("pseries/nested-papr/guests", test_guests);
    qtest_add_func("pseries/nested-papr/many", test_many);
    qtest_add_func("pseries/nested-papr/parameters", test_parameters);
    qtest_add_func("pseries/nested-papr/elements", test_elements);
    qtest_add_func("pseries/nested-papr/values", test_values);
    qtest_add_func("pseries/nested-papr/host", test_host);
    qtest_add_func("pseries/nested-papr/run", test_run);
    qtest_add_func("pseries/nested-papr/there-and-back", test_there_and_back);
    qtest_add_func("pseries/nested-papr/overlap", test_overlap);
    qtest_add_func("pseries/nested-papr/reset", test_reset);
    qtest_add_func("pseries/nested-papr/stream", test_stream);
    return g_test_run();
}
