/*
 * XIVE exploitation mode: pages, queues and hypercalls
 *
 * No vCPU runs, so the thread management area has no user; what reaches a
 * vCPU's ring is read from "info pic".
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "libpapr.h"

#define IPI 1                   /* a source that exists, of no device */
#define MSI_FREE 0x1fff         /* a number that is not claimed */
#define LSI 0x1200
#define PRIO 6
#define EISN 0x10
#define QUEUE 0x1010000ULL

#define TIMA 0x6030203180000ULL
#define TIMA_OS (TIMA + 0x20000)

#define EOI 0x000
#define PQ_GET 0x800
#define PQ_SET(pq) (0xc00 + 0x100 * (pq))
enum { PQ_RESET, PQ_OFF, PQ_PENDING, PQ_QUEUED };

#define ALL_ONES UINT64_MAX

typedef struct Source {
    uint64_t manage, trigger;
} Source;

static QTestState *start(void)
{
    return papr_start("-machine ic-mode=xive -cpu POWER9 -smp 2");
}

static Source source_pages(QTestState *qts, uint64_t lisn)
{
    uint64_t regs[PAPR_HCALL_REGS] = { 0, lisn };

    g_assert_cmpint(papr_hcall_regs(qts, 0, H_INT_GET_SOURCE_INFO, regs), ==,
                    H_SUCCESS);
    g_assert_cmphex(regs[0], ==, 0);
    g_assert_cmphex(regs[3], ==, 16);
    return (Source){ .manage = regs[1], .trigger = regs[2] };
}

static uint64_t load(QTestState *qts, Source source, uint32_t offset)
{
    return qtest_readq(qts, source.manage + offset);
}

static void fire(QTestState *qts, Source source)
{
    qtest_writeq(qts, source.trigger, 0);
}

static int64_t set_queue(QTestState *qts, uint64_t flags, uint64_t shift)
{
    return papr_hcall(qts, 0, H_INT_SET_QUEUE_CONFIG, flags, 1, PRIO, QUEUE,
                      shift);
}

/* Route IPI to a queue of vCPU 1 and switch it on */
static Source route(QTestState *qts, uint64_t flags, uint64_t shift)
{
    Source source = source_pages(qts, IPI);

    g_assert_cmpint(set_queue(qts, flags, shift), ==, H_SUCCESS);
    g_assert_cmpint(papr_hcall(qts, 0, H_INT_SET_SOURCE_CONFIG, 2, IPI, 1, PRIO,
                               EISN), ==, H_SUCCESS);
    g_assert_cmphex(load(qts, source, PQ_SET(PQ_RESET)), ==, PQ_OFF);
    return source;
}

/* The OS ring of a vCPU as "info pic" shows it: NSR CPPR IPB ... */
static bool ring_is(QTestState *qts, unsigned cpu, const char *bytes)
{
    g_autofree char *pic = qtest_hmp(qts, "info pic");
    g_autofree char *want =
        g_strdup_printf("CPU[%04x]:   OS    %s", cpu, bytes);

    if (strstr(pic, want)) {
        return true;
    }
    g_test_message("no '%s' in: %s", want, pic);
    return false;
}

static void test_info(void)
{
    QTestState *qts = start();
    Source ipi0 = source_pages(qts, 0), ipi1 = source_pages(qts, 1);

    g_assert_cmphex(ipi0.trigger, ==, 0x6010000000000ULL);
    g_assert_cmphex(ipi0.manage, ==, 0x6010000010000ULL);
    g_assert_cmphex(ipi1.trigger, ==, 0x6010000020000ULL);
    qtest_quit(qts);
}

static void test_source_config(void)
{
    QTestState *qts = start();
    uint64_t regs[PAPR_HCALL_REGS] = { 0, IPI };

    /* at first: masked, and the effective number (EISN) is the source's own */
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_INT_GET_SOURCE_CONFIG, regs), ==,
                    H_SUCCESS);
    g_assert_cmphex(regs[1], ==, 0xff);
    g_assert_cmphex(regs[2], ==, IPI);

    route(qts, 1, 16);
    regs[0] = 0, regs[1] = IPI;
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_INT_GET_SOURCE_CONFIG, regs), ==,
                    H_SUCCESS);
    g_assert_cmphex(regs[0], ==, 1);
    g_assert_cmphex(regs[1], ==, PRIO);
    g_assert_cmphex(regs[2], ==, EISN);

    /* without the flag the EISN stays; masked reads as priority 0xff */
    g_assert_cmpint(papr_hcall(qts, 0, H_INT_SET_SOURCE_CONFIG, 1, IPI, 0, 2,
                               0x999), ==, H_SUCCESS);
    regs[0] = 0, regs[1] = IPI;
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_INT_GET_SOURCE_CONFIG, regs), ==,
                    H_SUCCESS);
    g_assert_cmphex(regs[0], ==, 0);
    g_assert_cmphex(regs[1], ==, 0xff);
    g_assert_cmphex(regs[2], ==, EISN);
    qtest_quit(qts);
}

static void test_trigger(void)
{
    QTestState *qts = start();
    Source source = route(qts, 1, 16);

    fire(qts, source);
    g_assert_cmphex(papr_ld32(qts, QUEUE), ==, 0x80000000 | EISN);
    g_assert_cmphex(papr_ld32(qts, QUEUE + 4), ==, 0);
    g_assert_cmphex(load(qts, source, PQ_GET), ==, PQ_PENDING);
    /* pending at priority 6; nothing is signalled while CPPR masks all */
    g_assert_true(ring_is(qts, 1, "00   00  02    ff   ff  00  ff   06"));
    g_assert_true(ring_is(qts, 0, "00   00  00    ff   ff  00  ff   ff"));

    /* two more triggers are one event */
    fire(qts, source);
    fire(qts, source);
    g_assert_cmphex(load(qts, source, PQ_GET), ==, PQ_QUEUED);
    g_assert_cmphex(papr_ld32(qts, QUEUE + 4), ==, 0);
    g_assert_cmphex(load(qts, source, EOI), ==, PQ_QUEUED);
    g_assert_cmphex(papr_ld32(qts, QUEUE + 4), ==, 0x80000000 | EISN);
    g_assert_cmphex(load(qts, source, EOI), ==, PQ_PENDING);
    g_assert_cmphex(load(qts, source, EOI), ==, PQ_RESET);
    g_assert_cmphex(papr_ld32(qts, QUEUE + 8), ==, 0);

    /* a source that is off, or masked, stores no event */
    g_assert_cmphex(load(qts, source, PQ_SET(PQ_OFF)), ==, PQ_RESET);
    fire(qts, source);
    g_assert_cmphex(papr_ld32(qts, QUEUE + 8), ==, 0);
    load(qts, source, PQ_SET(PQ_RESET));
    papr_hcall(qts, 0, H_INT_SET_SOURCE_CONFIG, 1, IPI, 1, PRIO, 0);
    fire(qts, source);
    g_assert_cmphex(load(qts, source, PQ_GET), ==, PQ_PENDING);
    g_assert_cmphex(papr_ld32(qts, QUEUE + 8), ==, 0);
    qtest_quit(qts);
}

static void test_wrap(void)
{
    QTestState *qts = start();
    Source source = route(qts, 1, 16);
    uint64_t regs[PAPR_HCALL_REGS] = { 1, 1, PRIO };

    papr_st32(qts, QUEUE + 0x10000, 0x12345678);
    for (int i = 0; i < 16384; i++) {
        fire(qts, source);
        load(qts, source, EOI);
    }
    g_assert_cmphex(papr_ld32(qts, QUEUE + 0xfffc), ==, 0x80000000 | EISN);
    g_assert_cmphex(papr_ld32(qts, QUEUE + 0x10000), ==, 0x12345678);
    fire(qts, source);
    g_assert_cmphex(papr_ld32(qts, QUEUE), ==, EISN);
    g_assert_cmphex(papr_ld32(qts, QUEUE + 4), ==, 0x80000000 | EISN);

    /* with the debug flag: always notify, generation 0, next entry 1 */
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_INT_GET_QUEUE_CONFIG, regs), ==,
                    H_SUCCESS);
    g_assert_cmphex(regs[0], ==, 1);
    g_assert_cmphex(regs[1], ==, QUEUE);
    g_assert_cmphex(regs[2], ==, 16);
    g_assert_cmphex(regs[3], ==, 1);
    qtest_quit(qts);
}

/* Without "unconditional notify" the queue's ESn coalesces notifications */
static void test_notification_page(void)
{
    QTestState *qts = start();
    Source source = route(qts, 0, 16);
    uint64_t regs[PAPR_HCALL_REGS] = { 0, 1, PRIO };
    Source end;

    g_assert_cmpint(papr_hcall_regs(qts, 0, H_INT_GET_QUEUE_INFO, regs), ==,
                    H_SUCCESS);
    g_assert_cmphex(regs[1], ==, 16);
    end.manage = regs[0];

    g_assert_cmphex(load(qts, end, PQ_GET), ==, PQ_RESET);
    for (int i = 0; i < 2; i++) {
        fire(qts, source);
        load(qts, source, EOI);
    }
    g_assert_cmphex(papr_ld32(qts, QUEUE + 4), ==, 0x80000000 | EISN);
    g_assert_cmphex(load(qts, end, PQ_GET), ==, PQ_QUEUED);
    g_assert_cmphex(load(qts, end, PQ_SET(PQ_OFF)), ==, PQ_QUEUED);
    g_assert_cmphex(load(qts, end, EOI), ==, PQ_OFF);

    /* a store does nothing; the page of a queue that isn't set reads ones */
    qtest_writeq(qts, end.manage, 0);
    g_assert_cmphex(load(qts, end, PQ_GET), ==, PQ_OFF);
    end.manage += 1 << 17;
    g_assert_cmphex(load(qts, end, PQ_GET), ==, ALL_ONES);
    qtest_quit(qts);
}

static void test_queue_config(void)
{
    QTestState *qts = start();
    uint64_t regs[PAPR_HCALL_REGS] = { 0, 1, PRIO };
    Source source;

    g_assert_cmpint(papr_hcall_regs(qts, 0, H_INT_GET_QUEUE_CONFIG, regs), ==,
                    H_SUCCESS);
    g_assert_cmphex(regs[1], ==, ALL_ONES);
    g_assert_cmphex(regs[2], ==, 0);

    source = route(qts, 1, 16);
    fire(qts, source);
    load(qts, source, EOI);
    /* a queue that is set again starts with its first entry */
    g_assert_cmpint(set_queue(qts, 1, 16), ==, H_SUCCESS);
    papr_st32(qts, QUEUE, 0);
    fire(qts, source);
    load(qts, source, EOI);
    g_assert_cmphex(papr_ld32(qts, QUEUE), ==, 0x80000000 | EISN);
    /* a queue that is removed stores no event */
    g_assert_cmpint(set_queue(qts, 0, 0), ==, H_SUCCESS);
    fire(qts, source);
    g_assert_cmphex(papr_ld32(qts, QUEUE + 4), ==, 0);
    qtest_quit(qts);
}

typedef struct BadCall {
    uint64_t nr;
    int64_t code;
    uint64_t args[5];
} BadCall;

static const BadCall bad_calls[] = {
    { H_INT_GET_SOURCE_INFO, H_PARAMETER, { 1, IPI } },
    { H_INT_GET_SOURCE_INFO, H_P2, { 0, MSI_FREE } },
    { H_INT_GET_SOURCE_INFO, H_P2, { 0, 0x2000 } },
    { H_INT_GET_SOURCE_INFO, H_P2, { 0, 1ULL << 32 | IPI } },
    { H_INT_GET_SOURCE_INFO, H_P2, { 0, ALL_ONES } },
    { H_INT_SET_SOURCE_CONFIG, H_PARAMETER, { 4, IPI, 0, PRIO, 0 } },
    { H_INT_SET_SOURCE_CONFIG, H_P2, { 0, MSI_FREE, 0, PRIO, 0 } },
    { H_INT_SET_SOURCE_CONFIG, H_P3, { 0, IPI, 2, PRIO, 0 } },
    { H_INT_SET_SOURCE_CONFIG, H_P3, { 0, IPI, 1ULL << 32, PRIO, 0 } },
    { H_INT_SET_SOURCE_CONFIG, H_P4, { 0, IPI, 0, 7, 0 } },
    { H_INT_SET_SOURCE_CONFIG, H_P4, { 0, IPI, 0, 0x106, 0 } },
    { H_INT_GET_SOURCE_CONFIG, H_PARAMETER, { 1, IPI } },
    { H_INT_GET_SOURCE_CONFIG, H_P2, { 0, MSI_FREE } },
    { H_INT_GET_QUEUE_INFO, H_PARAMETER, { 1, 0, PRIO } },
    { H_INT_GET_QUEUE_INFO, H_P2, { 0, 2, PRIO } },
    { H_INT_GET_QUEUE_INFO, H_P3, { 0, 0, 7 } },
    { H_INT_SET_QUEUE_CONFIG, H_PARAMETER, { 2, 0, PRIO, QUEUE, 16 } },
    { H_INT_SET_QUEUE_CONFIG, H_P2, { 1, ALL_ONES, PRIO, QUEUE, 16 } },
    { H_INT_SET_QUEUE_CONFIG, H_P3, { 1, 0, 0x106, QUEUE, 16 } },
    { H_INT_SET_QUEUE_CONFIG, H_P5, { 1, 0, PRIO, QUEUE, 17 } },
    /* sizes that hardware has, but "ibm,xive-eq-sizes" has not */
    { H_INT_SET_QUEUE_CONFIG, H_P5, { 1, 0, PRIO, QUEUE, 12 } },
    { H_INT_SET_QUEUE_CONFIG, H_P5, { 1, 0, PRIO, 0x1000000, 21 } },
    { H_INT_SET_QUEUE_CONFIG, H_P5, { 1, 0, PRIO, 0x1000000, 24 } },
    { H_INT_SET_QUEUE_CONFIG, H_P5, { 1, 0, PRIO, QUEUE, 1ULL << 32 | 16 } },
    { H_INT_SET_QUEUE_CONFIG, H_P4, { 1, 0, PRIO, QUEUE + 0x1000, 16 } },
    { H_INT_SET_QUEUE_CONFIG, H_P4, { 1, 0, PRIO, 0x10000000, 16 } },
    { H_INT_SET_QUEUE_CONFIG, H_P4, { 1, 0, PRIO, 0x6010000000000, 16 } },
    { H_INT_SET_QUEUE_CONFIG, H_P4, { 1, 0, PRIO, 0xffffffffffff0000, 16 } },
    { H_INT_GET_QUEUE_CONFIG, H_PARAMETER, { 2, 0, PRIO } },
    { H_INT_GET_QUEUE_CONFIG, H_P2, { 0, 2, PRIO } },
    { H_INT_GET_QUEUE_CONFIG, H_P3, { 0, 0, 0xff } },
    { H_INT_SET_OS_REPORTING_LINE, H_PARAMETER, { 1, QUEUE } },
    { H_INT_SET_OS_REPORTING_LINE, H_P2, { 0, QUEUE + 8 } },
    { H_INT_SET_OS_REPORTING_LINE, H_P2, { 0, 0x6010000000000 } },
    { H_INT_GET_OS_REPORTING_LINE, H_PARAMETER, { 1, 0 } },
    { H_INT_GET_OS_REPORTING_LINE, H_P2, { 0, 2 } },
    { H_INT_ESB, H_PARAMETER, { 2, IPI, 0, 0 } },
    { H_INT_ESB, H_P2, { 0, MSI_FREE, 0, 0 } },
    { H_INT_ESB, H_P3, { 0, IPI, 0x10000, 0 } },
    { H_INT_ESB, H_P3, { 1, IPI, 4, 0 } },
    { H_INT_SYNC, H_PARAMETER, { 1, IPI } },
    { H_INT_SYNC, H_P2, { 0, MSI_FREE } },
    { H_INT_RESET, H_PARAMETER, { 1 } },
};

static void test_bad_arguments(void)
{
    QTestState *qts = start();
    Source source = route(qts, 1, 16);

    for (int i = 0; i < ARRAY_SIZE(bad_calls); i++) {
        const BadCall *bad = &bad_calls[i];
        int64_t code = papr_hcall_array(qts, 0, bad->nr, ARRAY_SIZE(bad->args),
                                        bad->args);

        if (code != bad->code) {
            g_test_message("call %d (0x%" PRIx64 "): %" PRId64 ", not %" PRId64,
                           i, bad->nr, code, bad->code);
            g_test_fail();
        }
    }
    /* and the bad calls have changed nothing */
    fire(qts, source);
    g_assert_cmphex(papr_ld32(qts, QUEUE), ==, 0x80000000 | EISN);
    qtest_quit(qts);
}

static void test_reporting_line(void)
{
    QTestState *qts = start();
    uint64_t regs[PAPR_HCALL_REGS] = { 0, 1 };

    g_assert_cmpint(papr_hcall_regs(qts, 0, H_INT_GET_OS_REPORTING_LINE, regs),
                    ==, H_SUCCESS);
    g_assert_cmphex(regs[0], ==, ALL_ONES);
    g_assert_cmpint(papr_hcall(qts, 1, H_INT_SET_OS_REPORTING_LINE, 0,
                               QUEUE + 0x80), ==, H_SUCCESS);
    regs[0] = 0, regs[1] = 1;
    papr_hcall_regs(qts, 0, H_INT_GET_OS_REPORTING_LINE, regs);
    g_assert_cmphex(regs[0], ==, QUEUE + 0x80);
    g_assert_cmpint(papr_hcall(qts, 1, H_INT_SET_OS_REPORTING_LINE, 0,
                               ALL_ONES), ==, H_SUCCESS);
    regs[0] = 0, regs[1] = 1;
    papr_hcall_regs(qts, 0, H_INT_GET_OS_REPORTING_LINE, regs);
    g_assert_cmphex(regs[0], ==, ALL_ONES);
    qtest_quit(qts);
}

static uint64_t esb_hcall(QTestState *qts, uint64_t flags, uint64_t lisn,
                          uint64_t offset)
{
    uint64_t regs[PAPR_HCALL_REGS] = { flags, lisn, offset };

    g_assert_cmpint(papr_hcall_regs(qts, 0, H_INT_ESB, regs), ==, H_SUCCESS);
    return regs[0];
}

static void test_esb_hcall(void)
{
    QTestState *qts = start();

    route(qts, 1, 16);
    g_assert_cmphex(esb_hcall(qts, 1, IPI, 0), ==, ALL_ONES);
    g_assert_cmphex(papr_ld32(qts, QUEUE), ==, 0x80000000 | EISN);
    g_assert_cmphex(esb_hcall(qts, 0, IPI, PQ_GET), ==, PQ_PENDING);
    g_assert_cmphex(esb_hcall(qts, 0, IPI, EOI), ==, PQ_PENDING);
    g_assert_cmphex(esb_hcall(qts, 0, IPI, PQ_SET(PQ_OFF)), ==, PQ_RESET);
    g_assert_cmpint(papr_hcall(qts, 0, H_INT_SYNC, 0, IPI), ==, H_SUCCESS);
    qtest_quit(qts);
}

/*
 * The line of a PCI device: "edu" raises and lowers it by stores at 0x60 and
 * 0x64 of its memory, which is placed at the start of the bridge's window.
 */
#define PHB_BUID_HI 0x8000000
#define PHB_BUID_LO 0x20000000
#define PHB_WINDOW 0x200080000000ULL

static void write_config(QTestState *qts, uint32_t reg, uint32_t value)
{
    uint32_t status;

    papr_rtas(qts, "ibm,write-pci-config", 1, &status, 1 << 11 | reg,
              PHB_BUID_HI, PHB_BUID_LO, 4, value);
    g_assert_cmpint(status, ==, RTAS_SUCCESS);
}

static void edu_line(QTestState *qts, bool up)
{
    qtest_writel(qts, PHB_WINDOW + (up ? 0x60 : 0x64), bswap32(1));
}

/* The only LSI of the bridge that is pending */
static unsigned pending_lsi(QTestState *qts)
{
    unsigned found = 0, lsi = 0;

    for (unsigned i = LSI; i < LSI + 4; i++) {
        if (esb_hcall(qts, 0, i, PQ_GET) == PQ_PENDING) {
            lsi = i;
            found++;
        }
    }
    g_assert_cmpuint(found, ==, 1);
    return lsi;
}

/* A level sensitive source is managed by hypercall */
static bool has_lsi(void)
{
    QTestState *qts = start();
    uint64_t regs[PAPR_HCALL_REGS] = { 0, LSI };
    int64_t code = papr_hcall_regs(qts, 0, H_INT_GET_SOURCE_INFO, regs);

    qtest_quit(qts);
    if (code == H_P2) {
        return false;
    }
    g_assert_cmpint(code, ==, H_SUCCESS);
    g_assert_cmphex(regs[0], ==, 0xc);
    g_assert_cmphex(regs[1], ==, ALL_ONES);
    g_assert_cmphex(regs[2], ==, ALL_ONES);
    return true;
}

static void test_level(void)
{
    QTestState *qts;
    unsigned lsi;

    if (!has_lsi()) {
        g_test_skip("the machine has no PCI host bridge");
        return;
    }
    qts = papr_start("-machine ic-mode=xive -cpu POWER9 -smp 2 "
                     "-device edu,addr=1");
    write_config(qts, 0x10, 0x80000000);
    write_config(qts, 0x04, 2);
    g_assert_cmpint(set_queue(qts, 1, 16), ==, H_SUCCESS);
    for (unsigned i = LSI; i < LSI + 4; i++) {
        g_assert_cmpint(papr_hcall(qts, 0, H_INT_SET_SOURCE_CONFIG, 2, i, 1,
                                   PRIO, EISN), ==, H_SUCCESS);
        esb_hcall(qts, 0, i, PQ_SET(PQ_RESET));
    }

    edu_line(qts, true);
    lsi = pending_lsi(qts);
    g_assert_cmphex(papr_ld32(qts, QUEUE), ==, 0x80000000 | EISN);
    g_assert_cmphex(papr_ld32(qts, QUEUE + 4), ==, 0);

    /* an EOI while the line is raised: the next event at once */
    g_assert_cmphex(esb_hcall(qts, 0, lsi, EOI), ==, PQ_PENDING);
    g_assert_cmphex(esb_hcall(qts, 0, lsi, PQ_GET), ==, PQ_PENDING);
    g_assert_cmphex(papr_ld32(qts, QUEUE + 4), ==, 0x80000000 | EISN);

    edu_line(qts, false);
    g_assert_cmphex(esb_hcall(qts, 0, lsi, EOI), ==, PQ_PENDING);
    g_assert_cmphex(esb_hcall(qts, 0, lsi, PQ_GET), ==, PQ_RESET);
    g_assert_cmphex(papr_ld32(qts, QUEUE + 8), ==, 0);

    /* raised while the source is off: an event when it is switched on */
    esb_hcall(qts, 0, lsi, PQ_SET(PQ_OFF));
    edu_line(qts, true);
    g_assert_cmphex(papr_ld32(qts, QUEUE + 8), ==, 0);
    g_assert_cmphex(esb_hcall(qts, 0, lsi, PQ_SET(PQ_RESET)), ==, PQ_OFF);
    g_assert_cmphex(papr_ld32(qts, QUEUE + 8), ==, 0x80000000 | EISN);

    /* H_INT_RESET does not lower the line, which is the device's */
    g_assert_cmpint(papr_hcall(qts, 0, H_INT_RESET, 0), ==, H_SUCCESS);
    g_assert_cmphex(esb_hcall(qts, 0, lsi, PQ_GET), ==, PQ_OFF);
    g_assert_cmphex(esb_hcall(qts, 0, lsi, PQ_SET(PQ_RESET)), ==, PQ_OFF);
    g_assert_cmphex(esb_hcall(qts, 0, lsi, PQ_GET), ==, PQ_PENDING);
    qtest_quit(qts);
}

static void test_reset(void)
{
    QTestState *qts = start();
    Source source = route(qts, 1, 16);
    uint64_t regs[PAPR_HCALL_REGS];

    fire(qts, source);
    papr_hcall(qts, 0, H_INT_SET_OS_REPORTING_LINE, 0, QUEUE);
    g_assert_cmpint(papr_hcall(qts, 0, H_INT_RESET, 0), ==, H_SUCCESS);
    g_assert_cmphex(load(qts, source, PQ_GET), ==, PQ_OFF);
    regs[0] = 0, regs[1] = IPI;
    papr_hcall_regs(qts, 0, H_INT_GET_SOURCE_CONFIG, regs);
    g_assert_cmphex(regs[1], ==, 0xff);
    g_assert_cmphex(regs[2], ==, IPI);
    regs[0] = 0, regs[1] = 1, regs[2] = PRIO;
    papr_hcall_regs(qts, 0, H_INT_GET_QUEUE_CONFIG, regs);
    g_assert_cmphex(regs[1], ==, ALL_ONES);
    regs[0] = 0, regs[1] = 0;
    papr_hcall_regs(qts, 0, H_INT_GET_OS_REPORTING_LINE, regs);
    g_assert_cmphex(regs[0], ==, ALL_ONES);
    qtest_quit(qts);
}

/* All offsets of a range in steps, loads and stores of all sizes */
static void poke(QTestState *qts, uint64_t base, uint64_t length, uint64_t step)
{
    for (uint64_t addr = base; addr < base + length; addr += step) {
        qtest_readb(qts, addr);
        qtest_readw(qts, addr);
        qtest_readl(qts, addr);
        qtest_readq(qts, addr);
        qtest_writeb(qts, addr, 0xff);
        qtest_writew(qts, addr, 0);
        qtest_writel(qts, addr, UINT32_MAX);
        qtest_writeq(qts, addr, addr);
    }
}

static void test_any_access(void)
{
    QTestState *qts = start();
    Source source = source_pages(qts, IPI);
    uint64_t regs[PAPR_HCALL_REGS] = { 0, 1, PRIO };

    papr_hcall_regs(qts, 0, H_INT_GET_QUEUE_INFO, regs);
    for (int i = 0; i < 4; i++) {
        poke(qts, TIMA + i * 0x10000, 0x40, 1);
        poke(qts, TIMA + i * 0x10000 + 0x800, 0x40, 1);
        poke(qts, TIMA + i * 0x10000 + 0xc00, 0x40, 1);
        poke(qts, TIMA + i * 0x10000 + 0xffc0, 0x40, 1);
    }
    poke(qts, source.trigger, 0x1000, 0x55);
    poke(qts, source.manage, 0x1000, 0x55);
    poke(qts, source.manage + 0xfff8, 8, 1);
    poke(qts, regs[0], 0x20000, 0x1555);
    /* the ends of the regions */
    poke(qts, 0x6010000000000ULL + (0x2000ULL << 17) - 0x20, 0x40, 1);
    poke(qts, TIMA - 8, 8, 1);
    poke(qts, TIMA + 0x40000 - 8, 16, 1);

    /* not by a vCPU: all ones, also for operations that change state */
    g_assert_cmphex(qtest_readq(qts, TIMA_OS + 0x10), ==, ALL_ONES);
    g_assert_cmphex(qtest_readw(qts, TIMA_OS + 0x810), ==, 0xffff);
    g_assert_cmphex(qtest_readq(qts, source.trigger), ==, ALL_ONES);
    g_assert_true(ring_is(qts, 0, "00   00  00    ff   ff  00  ff   ff"));
    qtest_quit(qts);
}

/* While XICS is active the calls return H_FUNCTION */
static void test_not_active(void)
{
    QTestState *qts = papr_start("-machine ic-mode=xics -cpu POWER9");

    g_assert_cmpint(papr_hcall(qts, 0, H_INT_GET_SOURCE_INFO, 0, LSI), ==,
                    H_FUNCTION);
    g_assert_cmpint(papr_hcall(qts, 0, H_INT_RESET, 0), ==, H_FUNCTION);
    qtest_quit(qts);

    qts = papr_start("-machine ic-mode=dual -cpu POWER9");
    g_assert_cmpint(papr_hcall(qts, 0, H_INT_GET_SOURCE_INFO, 0, IPI), ==,
                    H_FUNCTION);
    g_assert_cmpint(papr_hcall(qts, 0, H_INT_RESET, 0), ==, H_FUNCTION);
    qtest_quit(qts);
}

/* What QEMU uses of the host: resident memory in KiB, threads, mappings */
typedef struct Host {
    unsigned long resident, threads, mappings;
} Host;

static Host host_of(QTestState *qts)
{
    g_autofree char *maps_path = g_strdup_printf("/proc/%d/maps",
                                                 (int)qtest_pid(qts));
    g_autofree char *maps = NULL;
    Host host = {
        .resident = papr_host_status(qts, "VmRSS:"),
        .threads = papr_host_status(qts, "Threads:"),
    };

    g_assert_true(g_file_get_contents(maps_path, &maps, NULL, NULL));
    for (const char *p = maps; (p = strchr(p, '\n')); p++) {
        host.mappings++;
    }
    return host;
}

/* Every call that configures, in turn */
static void configure_once(QTestState *qts, Source source, int n)
{
    set_queue(qts, 1, n % 3 ? 16 : 0);
    papr_hcall(qts, 0, H_INT_SET_QUEUE_CONFIG, 1, n % 2, n % 7,
               QUEUE + 0x10000, 16);
    papr_hcall(qts, 0, H_INT_SET_SOURCE_CONFIG, 2 | (n & 1), IPI, n % 2,
               n % 7, EISN);
    papr_hcall(qts, 0, H_INT_SET_OS_REPORTING_LINE, 0, QUEUE + n % 2 * 256);
    load(qts, source, PQ_SET(n & 3));
    fire(qts, source);
    papr_hcall(qts, 0, H_INT_SYNC, 0, IPI);
    if (n % 16 == 0) {
        papr_hcall(qts, 0, H_INT_RESET, 0);
    }
}

/* All that a guest sets is in arrays allocated at start, so nothing grows */
static void test_bounded(void)
{
    QTestState *qts = start();
    Source source = source_pages(qts, IPI);
    Host before, after;
    int n = 0;

    /* first, all that is allocated at first use */
    while (n < 200) {
        configure_once(qts, source, n++);
    }
    before = host_of(qts);
    while (n < 3000) {
        configure_once(qts, source, n++);
    }
    after = host_of(qts);
    g_test_message("resident %lu to %lu KiB, threads %lu to %lu, mappings %lu "
                   "to %lu", before.resident, after.resident, before.threads,
                   after.threads, before.mappings, after.mappings);
    papr_resident_is_below(qts, before.resident + 512);
    g_assert_cmpuint(after.threads, <=, before.threads);
    g_assert_cmpuint(after.mappings, <, before.mappings + 16);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/xive/info", test_info);
    qtest_add_func("pseries/xive/source-config", test_source_config);
    qtest_add_func("pseries/xive/trigger", test_trigger);
    qtest_add_func("pseries/xive/wrap", test_wrap);
    qtest_add_func("pseries/xive/notification-page", test_notification_page);
    qtest_add_func("pseries/xive/queue-config", test_queue_config);
    qtest_add_func("pseries/xive/bad-arguments", test_bad_arguments);
    qtest_add_func("pseries/xive/reporting-line", test_reporting_line);
    qtest_add_func("pseries/xive/esb-hcall", test_esb_hcall);
    qtest_add_func("pseries/xive/level", test_level);
    qtest_add_func("pseries/xive/reset", test_reset);
    qtest_add_func("pseries/xive/any-access", test_any_access);
    qtest_add_func("pseries/xive/not-active", test_not_active);
    qtest_add_func("pseries/xive/bounded", test_bounded);
    return g_test_run();
}
