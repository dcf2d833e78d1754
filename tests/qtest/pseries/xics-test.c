/*
 * XICS: hypercalls of the presentation controllers, RTAS calls of the sources
 *
 * The event source EPOW (environmental and power warning) stands for a device:
 * "system_powerdown" triggers it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "libpapr.h"

#define EPOW 0x1000u
#define UNCLAIMED 0x1fffu
#define XISR_IPI 2u

static QTestState *start(void)
{
    return papr_start("-machine ic-mode=xics -smp 2");
}

static void poll_is_from(QTestState *qts, unsigned cpu, uint64_t server,
                         uint32_t xirr, uint8_t mfrr)
{
    uint64_t regs[PAPR_HCALL_REGS] = { server };

    g_assert_cmpint(papr_hcall_regs(qts, cpu, H_IPOLL, regs), ==, H_SUCCESS);
    g_assert_cmphex(regs[0], ==, xirr);
    g_assert_cmphex(regs[1], ==, mfrr);
}

static void poll_is(QTestState *qts, uint64_t server, uint32_t xirr,
                    uint8_t mfrr)
{
    poll_is_from(qts, 0, server, xirr, mfrr);
}

static uint32_t accept_irq(QTestState *qts, unsigned cpu)
{
    uint64_t regs[PAPR_HCALL_REGS] = { 0 };

    g_assert_cmpint(papr_hcall_regs(qts, cpu, H_XIRR, regs), ==, H_SUCCESS);
    return regs[0];
}

static void set_cppr(QTestState *qts, unsigned cpu, uint8_t cppr)
{
    g_assert_cmpint(papr_hcall(qts, cpu, H_CPPR, cppr), ==, H_SUCCESS);
}

static void end_irq(QTestState *qts, unsigned cpu, uint32_t xirr)
{
    g_assert_cmpint(papr_hcall(qts, cpu, H_EOI, xirr), ==, H_SUCCESS);
}

static void set_xive(QTestState *qts, uint32_t irq, uint32_t server,
                     uint32_t priority)
{
    g_assert_cmpint(papr_rtas(qts, "ibm,set-xive", 1, NULL, irq, server,
                              priority), ==, RTAS_SUCCESS);
}

static void xive_is(QTestState *qts, uint32_t irq, uint32_t server,
                    uint32_t priority)
{
    uint32_t rets[3];

    g_assert_cmpint(papr_rtas(qts, "ibm,get-xive", 3, rets, irq), ==,
                    RTAS_SUCCESS);
    g_assert_cmphex(rets[1], ==, server);
    g_assert_cmphex(rets[2], ==, priority);
}

/* Trigger EPOW, and wait until that is done */
static void powerdown(QTestState *qts)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'system_powerdown' }");
    qtest_qmp_eventwait(qts, "POWERDOWN");
}

static void test_initial(void)
{
    QTestState *qts = start();

    poll_is(qts, 0, 0, 0xff);
    poll_is(qts, 1, 0, 0xff);
    xive_is(qts, EPOW, 0, 0xff);
    qtest_quit(qts);
}

static void test_self_ipi(void)
{
    QTestState *qts = start();

    set_cppr(qts, 0, 0xff);
    g_assert_cmpint(papr_hcall(qts, 0, H_IPI, 0, 4), ==, H_SUCCESS);
    poll_is(qts, 0, 0xff000000 | XISR_IPI, 4);
    g_assert_cmphex(accept_irq(qts, 0), ==, 0xff000000 | XISR_IPI);
    poll_is(qts, 0, 0x04000000, 4);
    g_assert_cmpint(papr_hcall(qts, 0, H_IPI, 0, 0xff), ==, H_SUCCESS);
    end_irq(qts, 0, 0xff000000 | XISR_IPI);
    poll_is(qts, 0, 0xff000000, 0xff);

    /* no interrupt is pending: H_XIRR changes nothing */
    set_cppr(qts, 0, 7);
    g_assert_cmphex(accept_irq(qts, 0), ==, 0x07000000);
    poll_is(qts, 0, 0x07000000, 0xff);
    qtest_quit(qts);
}

static void test_other_server(void)
{
    QTestState *qts = start();

    set_cppr(qts, 1, 0xff);
    g_assert_cmpint(papr_hcall(qts, 0, H_IPI, 1, 4), ==, H_SUCCESS);
    poll_is(qts, 0, 0, 0xff);
    poll_is(qts, 1, 0xff000000 | XISR_IPI, 4);
    poll_is_from(qts, 1, 1, 0xff000000 | XISR_IPI, 4);
    g_assert_cmphex(accept_irq(qts, 0), ==, 0);
    g_assert_cmphex(accept_irq(qts, 1), ==, 0xff000000 | XISR_IPI);
    /* only the low byte of the priorities counts */
    g_assert_cmpint(papr_hcall(qts, 0, H_IPI, 1, 0xabcdefULL << 8 | 0xff), ==,
                    H_SUCCESS);
    g_assert_cmpint(papr_hcall(qts, 1, H_CPPR, 0x1200 | 9), ==, H_SUCCESS);
    poll_is(qts, 1, 0x09000000, 0xff);
    qtest_quit(qts);
}

static void test_bad_hcalls(void)
{
    static const uint64_t servers[] = {
        2, 0x80000000, 0x100000000ULL, UINT64_MAX,
    };
    static const uint32_t sources[] = { 0, 1, 3, 0xfff, 0x2000, 0xffffff };
    QTestState *qts = start();

    for (int i = 0; i < ARRAY_SIZE(servers); i++) {
        g_assert_cmpint(papr_hcall(qts, 0, H_IPI, servers[i], 4), ==,
                        H_PARAMETER);
        g_assert_cmpint(papr_hcall(qts, 0, H_IPOLL, servers[i]), ==,
                        H_PARAMETER);
    }
    /* H_EOI of a bad source changes nothing, not even CPPR */
    set_cppr(qts, 0, 0x77);
    for (int i = 0; i < ARRAY_SIZE(sources); i++) {
        g_assert_cmpint(papr_hcall(qts, 0, H_EOI,
                                   (uint64_t)(i + 1) << 24 | sources[i]), ==,
                        H_PARAMETER);
        poll_is(qts, 0, 0x77000000, 0xff);
    }
    /* as if the source was freed while its interrupt was in service */
    end_irq(qts, 0, 0xff000000 | UNCLAIMED);
    poll_is(qts, 0, 0xff000000, 0xff);
    qtest_quit(qts);
}

static void test_source(void)
{
    QTestState *qts = start();

    set_xive(qts, EPOW, 1, 5);
    xive_is(qts, EPOW, 1, 5);
    powerdown(qts);
    poll_is(qts, 1, 0, 0xff);

    /* rejected by CPPR, presented when CPPR allows it, rejected, presented */
    set_cppr(qts, 1, 5);
    poll_is(qts, 1, 0x05000000, 0xff);
    set_cppr(qts, 1, 6);
    poll_is(qts, 1, 0x06000000 | EPOW, 0xff);
    set_cppr(qts, 1, 3);
    poll_is(qts, 1, 0x03000000, 0xff);
    set_cppr(qts, 1, 0xff);
    poll_is(qts, 1, 0xff000000 | EPOW, 0xff);

    /* an IPI of priority 4 comes first */
    papr_hcall(qts, 0, H_IPI, 1, 4);
    g_assert_cmphex(accept_irq(qts, 1), ==, 0xff000000 | XISR_IPI);
    papr_hcall(qts, 1, H_IPI, 1, 0xff);
    end_irq(qts, 1, 0xff000000 | XISR_IPI);
    g_assert_cmphex(accept_irq(qts, 1), ==, 0xff000000 | EPOW);

    /* an event while the source's interrupt is in service: after its H_EOI */
    powerdown(qts);
    poll_is(qts, 1, 0x05000000, 0xff);
    end_irq(qts, 1, 0xff000000 | EPOW);
    g_assert_cmphex(accept_irq(qts, 1), ==, 0xff000000 | EPOW);
    end_irq(qts, 1, 0xff000000 | EPOW);
    poll_is(qts, 1, 0xff000000, 0xff);
    qtest_quit(qts);
}

/*
 * CPPR 3 rejects the source (priority 3) and the IPI (priority 4).  When CPPR
 * allows both, the source is presented, as more favored, and then the IPI.
 */
static void test_behind_ipi(void)
{
    QTestState *qts = start();

    set_xive(qts, EPOW, 0, 3);
    set_cppr(qts, 0, 3);
    papr_hcall(qts, 0, H_IPI, 0, 4);
    powerdown(qts);
    poll_is(qts, 0, 0x03000000, 4);
    set_cppr(qts, 0, 0xff);
    poll_is(qts, 0, 0xff000000 | EPOW, 4);
    g_assert_cmphex(accept_irq(qts, 0), ==, 0xff000000 | EPOW);
    end_irq(qts, 0, 0xff000000 | EPOW);
    g_assert_cmphex(accept_irq(qts, 0), ==, 0xff000000 | XISR_IPI);

    /* and the source interrupts the handler of the IPI */
    powerdown(qts);
    poll_is(qts, 0, 0x04000000 | EPOW, 4);
    papr_hcall(qts, 0, H_IPI, 0, 0xff);
    g_assert_cmphex(accept_irq(qts, 0), ==, 0x04000000 | EPOW);
    end_irq(qts, 0, 0x04000000 | EPOW);
    end_irq(qts, 0, 0xff000000 | XISR_IPI);
    poll_is(qts, 0, 0xff000000, 0xff);
    qtest_quit(qts);
}

static void test_mask(void)
{
    QTestState *qts = start();

    set_cppr(qts, 0, 0xff);
    set_cppr(qts, 1, 0xff);
    set_xive(qts, EPOW, 0, 5);
    for (int i = 0; i < 2; i++) {
        g_assert_cmpint(papr_rtas(qts, "ibm,int-off", 1, NULL, EPOW), ==,
                        RTAS_SUCCESS);
        xive_is(qts, EPOW, 0, 0xff);
    }
    powerdown(qts);
    poll_is(qts, 0, 0xff000000, 0xff);
    g_assert_cmpint(papr_rtas(qts, "ibm,int-on", 1, NULL, EPOW), ==,
                    RTAS_SUCCESS);
    xive_is(qts, EPOW, 0, 5);
    g_assert_cmphex(accept_irq(qts, 0), ==, 0xff000000 | EPOW);

    /* an event while the source is in service goes to the newly set server */
    powerdown(qts);
    set_xive(qts, EPOW, 1, 5);
    poll_is(qts, 1, 0xff000000 | EPOW, 0xff);
    end_irq(qts, 0, 0xff000000 | EPOW);
    poll_is(qts, 0, 0xff000000, 0xff);
    qtest_quit(qts);
}

static void test_bad_rtas(void)
{
    static const char *const calls[] = {
        "ibm,get-xive", "ibm,int-on", "ibm,int-off",
    };
    static const uint32_t sources[] = {
        0, 2, 0xfff, UNCLAIMED, 0x2000, UINT32_MAX,
    };
    QTestState *qts = start();
    uint32_t rets[3];

    for (int i = 0; i < ARRAY_SIZE(sources); i++) {
        for (int c = 0; c < ARRAY_SIZE(calls); c++) {
            g_assert_cmpint(papr_rtas(qts, calls[c], 3, rets, sources[i]), ==,
                            RTAS_PARAMETER_ERROR);
        }
        g_assert_cmpint(papr_rtas(qts, "ibm,set-xive", 1, NULL, sources[i], 0,
                                  5), ==, RTAS_PARAMETER_ERROR);
    }
    g_assert_cmpint(papr_rtas(qts, "ibm,set-xive", 1, NULL, EPOW, 2, 5), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "ibm,set-xive", 1, NULL, EPOW, UINT32_MAX,
                              5), ==, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "ibm,set-xive", 1, NULL, EPOW, 0, 0x100),
                    ==, RTAS_PARAMETER_ERROR);
    /* too few arguments, no room for all results */
    g_assert_cmpint(papr_rtas(qts, "ibm,set-xive", 1, NULL, EPOW, 0), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "ibm,get-xive", 2, rets, EPOW), ==,
                    RTAS_PARAMETER_ERROR);
    xive_is(qts, EPOW, 0, 0xff);
    qtest_quit(qts);
}

static void test_time_stamp(void)
{
    QTestState *qts = start();
    uint64_t regs[PAPR_HCALL_REGS] = { 0xff };
    uint64_t before;

    set_cppr(qts, 0, 0xff);
    papr_hcall(qts, 0, H_IPI, 0, 4);
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_XIRR_X, regs), ==, H_SUCCESS);
    g_assert_cmphex(regs[0], ==, 0xff000000 | XISR_IPI);
    before = regs[1];
    /* 512 MHz */
    qtest_clock_step(qts, 1000000000);
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_XIRR_X, regs), ==, H_SUCCESS);
    g_assert_cmphex(regs[0], ==, 0x04000000);
    g_assert_cmpuint(regs[1] - before, ==, 512000000);
    qtest_quit(qts);
}

/* While XIVE is active the calls return H_FUNCTION */
static void test_xive_mode(void)
{
    static const uint64_t calls[] = {
        H_EOI, H_CPPR, H_IPI, H_IPOLL, H_XIRR, H_XIRR_X,
    };
    QTestState *qts = papr_start("-machine ic-mode=xive -cpu POWER9");

    for (int i = 0; i < ARRAY_SIZE(calls); i++) {
        g_assert_cmpint(papr_hcall(qts, 0, calls[i], 0, 0), ==, H_FUNCTION);
    }
    qtest_quit(qts);

    /* ic-mode=dual starts with XICS */
    qts = papr_start("-machine ic-mode=dual -cpu POWER9");
    set_cppr(qts, 0, 0xff);
    poll_is(qts, 0, 0xff000000, 0xff);
    qtest_quit(qts);
}

static void test_reset(void)
{
    QTestState *qts = start();

    set_cppr(qts, 0, 0xff);
    set_cppr(qts, 1, 0xff);
    set_xive(qts, EPOW, 1, 5);
    powerdown(qts);
    papr_hcall(qts, 0, H_IPI, 0, 4);
    poll_is(qts, 1, 0xff000000 | EPOW, 0xff);

    qtest_system_reset(qts);
    poll_is(qts, 0, 0, 0xff);
    poll_is(qts, 1, 0, 0xff);
    xive_is(qts, EPOW, 0, 0xff);

    /* and what was presented before the reset is not presented again */
    set_cppr(qts, 1, 0xff);
    set_xive(qts, EPOW, 1, 5);
    poll_is(qts, 1, 0xff000000, 0xff);
    qtest_quit(qts);
}

static void test_info_pic(void)
{
    QTestState *qts = start();
    g_autofree char *pic = NULL;
    const char *kind;

    set_cppr(qts, 1, 0xff);
    set_xive(qts, EPOW, 1, 5);
    powerdown(qts);
    pic = qtest_hmp(qts, "info pic");
    g_assert_nonnull(strstr(pic, "CPU 0 XIRR=00000000 PP=ff MFRR=ff"));
    g_assert_nonnull(strstr(pic, "CPU 1 XIRR=ff001000 PP=05 MFRR=ff"));
    g_assert_nonnull(strstr(pic, "ICS 1000..1fff"));
    g_assert_nonnull(strstr(pic, "  1000 MSI 05 00"));
    g_assert_null(strstr(pic, "  1fff "));
    kind = strstr(pic, "irqchip: emulated");
    g_assert_nonnull(kind);
    g_assert_null(strstr(kind + 1, "irqchip:"));
    qtest_quit(qts);
}

/* Migrate with an interrupt in service, its next event pending, and IPIs */
static void test_migrate(void)
{
    QTestState *qts = start();
    g_autofree char *dir = g_dir_make_tmp("papr-xics-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);

    set_cppr(qts, 1, 0xff);
    set_xive(qts, EPOW, 1, 5);
    powerdown(qts);
    g_assert_cmphex(accept_irq(qts, 1), ==, 0xff000000 | EPOW);
    powerdown(qts);
    papr_hcall(qts, 0, H_IPI, 1, 4);
    papr_hcall(qts, 0, H_IPI, 0, 6);
    poll_is(qts, 1, 0x05000000 | XISR_IPI, 4);
    poll_is(qts, 0, 0, 6);

    papr_save(qts, file);
    qtest_quit(qts);

    qts = papr_start("-machine ic-mode=xics -smp 2 -incoming defer");
    g_assert_true(papr_load(qts, file));

    xive_is(qts, EPOW, 1, 5);
    poll_is(qts, 0, 0, 6);
    set_cppr(qts, 0, 0xff);
    poll_is(qts, 0, 0xff000000 | XISR_IPI, 6);
    g_assert_cmphex(accept_irq(qts, 1), ==, 0x05000000 | XISR_IPI);
    papr_hcall(qts, 1, H_IPI, 1, 0xff);
    end_irq(qts, 1, 0x05000000 | XISR_IPI);
    end_irq(qts, 1, 0xff000000 | EPOW);
    g_assert_cmphex(accept_irq(qts, 1), ==, 0xff000000 | EPOW);
    end_irq(qts, 1, 0xff000000 | EPOW);
    poll_is(qts, 1, 0xff000000, 0xff);
    qtest_quit(qts);

    unlink(file);
    rmdir(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/xics/initial", test_initial);
    qtest_add_func("pseries/xics/self-ipi", test_self_ipi);
    qtest_add_func("pseries/xics/other-server", test_other_server);
    qtest_add_func("pseries/xics/bad-hcalls", test_bad_hcalls);
    qtest_add_func("pseries/xics/source", test_source);
    qtest_add_func("pseries/xics/behind-ipi", test_behind_ipi);
    qtest_add_func("pseries/xics/mask", test_mask);
    qtest_add_func("pseries/xics/bad-rtas", test_bad_rtas);
    qtest_add_func("pseries/xics/time-stamp", test_time_stamp);
    qtest_add_func("pseries/xics/xive-mode", test_xive_mode);
    qtest_add_func("pseries/xics/reset", test_reset);
    qtest_add_func("pseries/xics/info-pic", test_info_pic);
    qtest_add_func("pseries/xics/migrate", test_migrate);
    return g_test_run();
}
