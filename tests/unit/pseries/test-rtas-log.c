/*
 * Unit tests of the RTAS event log encoder, hw/ppc/pseries/rtas/log.c
 *
 * The expected bytes are laid out by hand from the tables of LoPAR section
 * 10.3.2, with none of the encoder's constants.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "../../../hw/ppc/pseries/rtas/log.h"

/* Table 10.5: valid, new, big-endian; PowerPC, platform event; "IBM" */
#define HEADER                                          \
    0x86, 0x00, 0x8e, 0x00, 0x00, 0x00, 0x00, 0x00,     \
    0x00, 0x00, 0x00, 0x00, 'I', 'B', 'M', 0x00

/* Table 10.7 with date, time and log id */
#define MAIN_A(date, time, id)                          \
    'P', 'H', 0x00, 0x30, 0x01, 0x00, 0x00, 0x00,       \
    date, time,                                         \
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,     \
    'H', 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00,      \
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,     \
    id, 0x00, 0x00, 0x00, 0x00

/* Table 10.8 */
#define MAIN_B(subsystem, severity, subtype)            \
    'U', 'H', 0x00, 0x18, 0x01, 0x00, 0x00, 0x00,       \
    subsystem, 0x00, severity, subtype,                 \
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,     \
    0x00, 0x00, 0x00, 0x00

#define FOUR(a, b, c, d) a, b, c, d
#define NO_DATE FOUR(0, 0, 0, 0)

static const struct tm when = {
    .tm_year = 2026 - 1900,
    .tm_mon = 10,
    .tm_mday = 21,
    .tm_hour = 5,
    .tm_min = 59,
    .tm_sec = 7,
};
#define WHEN_DATE FOUR(0x20, 0x26, 0x11, 0x21)
#define WHEN_TIME FOUR(0x05, 0x59, 0x07, 0x00)

static void assert_log(const PaprLog *log, uint32_t summary,
                       const uint8_t *bytes, size_t size)
{
    g_assert_cmphex(log->summary, ==, summary);
    g_assert_cmpmem(log->data, log->length, bytes, size);
}

static void test_epow(void)
{
    static const uint8_t expected[] = {
        HEADER,
        MAIN_A(WHEN_DATE, WHEN_TIME, FOUR(0x01, 0x02, 0x03, 0x04)),
        MAIN_B(0xa0, 0x00, 0xd0),
        /* Table 10.13: shutdown, normal, this partition, no reason code */
        'E', 'P', 0x00, 0x14, 0x02, 0x00, 0x00, 0x00,
        0x03, 0x01, 0x01, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    };
    PaprLog log;

    papr_log_epow(&log, 0x01020304, &when);
    /* version 6, EVENT, FULLY_RECOVERED, extended, EPOW (64) */
    assert_log(&log, 0x06240040, expected, sizeof(expected));
    g_assert_cmpuint(papr_log_type(log.summary), ==, 64);
}

static void test_no_date(void)
{
    PaprLog log;
    static const uint8_t zeroes[8];

    memset(&log, 0xff, sizeof(log));
    papr_log_epow(&log, 1, NULL);
    g_assert_cmpmem(log.data + 16 + 8, 8, zeroes, 8);
}

static void test_hotplug(void)
{
    static const uint8_t by_index[] = {
        HEADER,
        MAIN_A(WHEN_DATE, WHEN_TIME, FOUR(0x00, 0x00, 0x00, 0x09)),
        MAIN_B(0x80, 0x00, 0x80),
        /* Table 10.22: CPU, add, DRC index */
        'H', 'P', 0x00, 0x14, 0x01, 0x00, 0x00, 0x00,
        0x01, 0x01, 0x02, 0x00,
        0x10, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00,
    };
    static const uint8_t by_count[] = {
        /* memory, remove, count */
        0x02, 0x02, 0x03, 0x00,
        0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00,
    };
    static const uint8_t by_count_index[] = {
        0x02, 0x01, 0x04, 0x00,
        0x00, 0x00, 0x00, 0x05, 0x80, 0x00, 0x00, 0x20,
    };
    PaprLogHotplug request = {
        .resource = PAPR_LOG_HP_CPU,
        .action = 1,
        .by = PAPR_LOG_HP_BY_INDEX,
        .count = 77,
        .index = 0x10000008,
    };
    PaprLog log;

    papr_log_hotplug(&log, 9, &when, &request);
    /* version 6, EVENT, extended, initiator hot plug, type 229 */
    assert_log(&log, 0x062460e5, by_index, sizeof(by_index));

    request.resource = PAPR_LOG_HP_MEMORY;
    request.action = 2;
    request.by = PAPR_LOG_HP_BY_COUNT;
    request.count = 5;
    request.index = 0x80000020;
    papr_log_hotplug(&log, 9, &when, &request);
    g_assert_cmpuint(log.length, ==, sizeof(by_index));
    g_assert_cmpmem(log.data + log.length - 12, 12, by_count, 12);

    request.action = 1;
    request.by = PAPR_LOG_HP_BY_COUNT_INDEX;
    papr_log_hotplug(&log, 9, &when, &request);
    g_assert_cmpmem(log.data + log.length - 12, 12, by_count_index, 12);
}

static void test_machine_check(void)
{
    static const uint8_t slb[] = {
        HEADER,
        MAIN_A(NO_DATE, NO_DATE, NO_DATE),
        MAIN_B(0x10, 0x10, 0x00),
        /* Table 10.17, 10.19: vCPU 3, SLB, two hits, address given */
        'M', 'C', 0x00, 0x28, 0x01, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03,
        0x01, 0x81, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0xc0, 0x00, 0x00, 0x00, 0x12, 0x34, 0x56, 0x78,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    };
    PaprLogMachineCheck mc = {
        .type = 1,
        .subtype = 1,
        .has_address = true,
        .address = 0xc000000012345678ULL,
        .processor = 3,
        .recovered = true,
    };
    PaprLog log;

    papr_log_machine_check(&log, &mc);
    /* version 6, ERROR_SYNC, FULLY_RECOVERED, extended, initiator CPU */
    assert_log(&log, 0x06641000, slb, sizeof(slb));

    /* a memory error says "address given" with another bit, Table 10.18 */
    mc.type = 0;
    mc.subtype = 3;
    mc.recovered = false;
    papr_log_machine_check(&log, &mc);
    g_assert_cmphex(log.summary, ==, 0x06741000);
    g_assert_cmphex(log.data[16 + 48 + 8], ==, 0x20);
    g_assert_cmphex(log.data[16 + 48 + 10], ==, 0x40);
    g_assert_cmphex(log.data[16 + 48 + 24 + 16], ==, 0x00);
    g_assert_cmphex(log.data[16 + 48 + 24 + 17], ==, 0x43);

    mc.has_address = false;
    papr_log_machine_check(&log, &mc);
    g_assert_cmphex(log.data[16 + 48 + 24 + 17], ==, 0x03);
    g_assert_cmphex(log.data[16 + 48 + 24 + 24], ==, 0x00);
}

static void test_classify(void)
{
    static const struct {
        uint64_t srr1, dsisr;
        bool known;
        uint8_t type, subtype;
        uint64_t address;               /* 0: none */
    } cases[] = {
        /* fetch: SRR1 bits 43:45 */
        { 1 << 18, 0, true, 0, 1, 0x1000 },
        { 2 << 18, 0, true, 1, 0, 0x1000 },
        { 3 << 18, 0, true, 1, 1, 0x1000 },
        { 4 << 18, 0, true, 2, 2, 0x1000 },
        { 5 << 18, 0, true, 4, 2, 0x1000 },
        { 6 << 18, 0, true, 0, 2, 0x1000 },
        { 7 << 18, 0, false, 0, 0, 0 },
        { 0, 0, false, 0, 0, 0 },
        { 1 << 27 | 1 << 18, 0, false, 0, 0, 0 },
        /* load or store: SRR1 bit 42, then DSISR */
        { 1 << 21, 0x8000, true, 0, 3, 0 },
        { 1 << 21, 0x4000, true, 0, 4, 0x2000 },
        { 1 << 21, 0x0800, true, 2, 2, 0x2000 },
        { 1 << 21, 0x0400, true, 4, 2, 0x2000 },
        { 1 << 21, 0x0180, true, 1, 1, 0x2000 },
        { 1 << 21, 0x0100, true, 1, 0, 0x2000 },
        { 1 << 21, 0, false, 0, 0, 0 },
        { 1 << 21 | 3 << 18, 0x0400, true, 4, 2, 0x2000 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        PaprLogMachineCheck mc = { .type = 0xff, .address = 0xff };

        g_test_message("case %zu", i);
        g_assert_cmpint(papr_log_classify_mc(&mc, 0x1000, cases[i].srr1, 0x2000,
                                             cases[i].dsisr),
                        ==, cases[i].known);
        g_assert_cmpuint(mc.type, ==, cases[i].type);
        g_assert_cmpuint(mc.subtype, ==, cases[i].subtype);
        g_assert_cmpint(mc.has_address, ==, cases[i].address != 0);
        g_assert_cmphex(mc.address, ==, cases[i].address);
    }
}

/* A log of 4 bytes for buffers of all sizes */
static void test_store(void)
{
    static const uint8_t data[] = { 0xde, 0xad, 0xbe, 0xef };
    static const uint8_t whole[] = {
        0x06, 0x24, 0x00, 0x40, 0x00, 0x00, 0x00, 0x04,
        0xde, 0xad, 0xbe, 0xef,
    };
    static const uint8_t fixed[] = {
        0x06, 0x20, 0x00, 0x40, 0x00, 0x00, 0x00, 0x00,
    };

    for (size_t room = 0; room <= 14; room++) {
        g_autofree uint8_t *out = g_malloc0(PAPR_LOG_MAX);
        size_t n = papr_log_store(out, room, true, 0x06240040, data, 4);

        if (room >= sizeof(whole)) {
            g_assert_cmpmem(out, n, whole, sizeof(whole));
        } else {
            g_assert_cmpmem(out, n, fixed, MIN(room, sizeof(fixed)));
        }
        n = papr_log_store(out, room, false, 0x06240040, data, 4);
        g_assert_cmpmem(out, n, fixed, MIN(room, sizeof(fixed)));
    }
}

/* More than any guest's buffer holds is not copied at all */
static void test_store_too_long(void)
{
    g_autofree uint8_t *data = g_malloc0(PAPR_LOG_MAX);
    g_autofree uint8_t *out = g_malloc0(PAPR_LOG_MAX);

    g_assert_cmpuint(papr_log_store(out, PAPR_LOG_MAX, true, 0x06240040, data,
                                    PAPR_LOG_MAX - 8), ==, PAPR_LOG_MAX);
    g_assert_cmpuint(papr_log_store(out, UINT32_MAX, true, 0x06240040, data,
                                    PAPR_LOG_MAX - 7), ==, 8);
    g_assert_cmpuint(papr_log_store(out, UINT32_MAX, true, 0x06240040, data,
                                    UINT32_MAX), ==, 8);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rtas-log/epow", test_epow);
    g_test_add_func("/rtas-log/no-date", test_no_date);
    g_test_add_func("/rtas-log/hotplug", test_hotplug);
    g_test_add_func("/rtas-log/machine-check", test_machine_check);
    g_test_add_func("/rtas-log/classify", test_classify);
    g_test_add_func("/rtas-log/store", test_store);
    g_test_add_func("/rtas-log/store-too-long", test_store_too_long);
    return g_test_run();
}
