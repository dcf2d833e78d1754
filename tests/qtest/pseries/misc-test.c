/*
 * Clock, watchdogs and random numbers
 *
 * Virtual time passes only when a test steps it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "libpapr.h"

#define MS 1000000LL

#define START 0x100
#define STOP 0x200
#define QUERY 0x300
#define QUERY_LPM 0x400
#define LEAVE_OTHERS 0x10000
#define POWER_OFF 1
#define RESTART 2
#define DUMP_RESTART 3

static void assert_time(QTestState *qts, const uint32_t expected[7])
{
    uint32_t rets[8];

    g_assert_cmpint(papr_rtas(qts, "get-time-of-day", 8, rets), ==,
                    RTAS_SUCCESS);
    g_assert_cmpmem(rets + 1, sizeof(rets) - sizeof(rets[0]), expected,
                    7 * sizeof(uint32_t));
}

static void test_rtc_get(void)
{
    static const uint32_t start[] = { 2020, 2, 28, 23, 59, 59, 0 };
    static const uint32_t later[] = { 2020, 2, 29, 0, 0, 0, 500000000 };
    QTestState *qts = papr_start("-smp 1 "
                                 "-rtc base=2020-02-28T23:59:59,clock=vm");
    QDict *reply, *date;

    assert_time(qts, start);
    qtest_clock_step(qts, 1500 * MS);
    assert_time(qts, later);

    reply = qtest_qmp(qts, "{ 'execute': 'qom-get', 'arguments': "
                      "{ 'path': '/machine', 'property': 'rtc-time' } }");
    date = qdict_get_qdict(reply, "return");
    g_assert_nonnull(date);
    g_assert_cmpint(qdict_get_int(date, "tm_year"), ==, 120);
    g_assert_cmpint(qdict_get_int(date, "tm_mon"), ==, 1);
    g_assert_cmpint(qdict_get_int(date, "tm_mday"), ==, 29);
    g_assert_cmpint(qdict_get_int(date, "tm_hour"), ==, 0);
    qobject_unref(reply);
    qtest_quit(qts);
}

static void test_rtc_set(void)
{
    static const uint32_t expected[] = { 2100, 12, 31, 23, 59, 59, 5 };
    static const uint32_t after[] = { 2101, 1, 1, 0, 0, 0, 5 };
    QTestState *qts = papr_start("-smp 1 "
                                 "-rtc base=2020-02-28T23:59:59,clock=vm");
    QDict *event, *data;

    g_assert_cmpint(papr_rtas(qts, "set-time-of-day", 1, NULL, 2100, 12, 31,
                              23, 59, 59, 5), ==, RTAS_SUCCESS);
    event = qtest_qmp_eventwait_ref(qts, "RTC_CHANGE");
    data = qdict_get_qdict(event, "data");
    /*
     * 2100-12-31 23:59:59 less 2020-02-28 23:59:59, less the time that has
     * passed on the host's clock since QEMU's start
     */
    g_assert_cmpint(qdict_get_int(data, "offset"), <=, 29526LL * 86400);
    g_assert_cmpint(qdict_get_int(data, "offset"), >, 29526LL * 86400 - 3600);
    g_assert_cmpstr(qdict_get_str(data, "qom-path"), ==, "/machine/rtc");
    qobject_unref(event);
    assert_time(qts, expected);
    qtest_clock_step(qts, 1000 * MS);
    assert_time(qts, after);
    qtest_quit(qts);
}

static void test_rtc_wrong(void)
{
    static const uint32_t start[] = { 2020, 2, 28, 23, 59, 59, 0 };
    static const uint32_t wrong[][7] = {
        { 1969, 12, 31, 0, 0, 0, 0 },
        { 2262, 1, 1, 0, 0, 0, 0 },
        { UINT32_MAX, 1, 1, 0, 0, 0, 0 },
        { 2020, 0, 1, 0, 0, 0, 0 },
        { 2020, 13, 1, 0, 0, 0, 0 },
        { 2020, 257, 1, 0, 0, 0, 0 },
        { 2020, 1, 0, 0, 0, 0, 0 },
        { 2020, 1, 32, 0, 0, 0, 0 },
        { 2020, 1, 257, 0, 0, 0, 0 },
        { 2021, 2, 29, 0, 0, 0, 0 },
        { 2020, 1, 1, 24, 0, 0, 0 },
        { 2020, 1, 1, 0, 60, 0, 0 },
        { 2020, 1, 1, 0, 0, 60, 0 },
        { 2020, 1, 1, 0, 0, 0, 1000000000 },
    };
    QTestState *qts = papr_start("-smp 1 "
                                 "-rtc base=2020-02-28T23:59:59,clock=vm");

    for (int i = 0; i < ARRAY_SIZE(wrong); i++) {
        g_assert_cmpint(papr_rtas_array(qts, "set-time-of-day", 7, wrong[i], 1,
                                        NULL), ==, RTAS_PARAMETER_ERROR);
    }
    assert_time(qts, start);
    qtest_quit(qts);
}

static int64_t watchdog(QTestState *qts, uint64_t flags, uint64_t number,
                        uint64_t timeout)
{
    return papr_hcall(qts, 0, H_WATCHDOG, flags, number, timeout);
}

static void test_watchdog_args(void)
{
    QTestState *qts = papr_start("-smp 1");
    uint64_t regs[PAPR_HCALL_REGS] = { QUERY };

    g_assert_cmpint(papr_hcall_regs(qts, 0, H_WATCHDOG, regs), ==, H_SUCCESS);
    g_assert_cmphex(regs[0], ==, 500ULL << 48 | 4ULL << 32);
    regs[0] = QUERY_LPM;
    regs[1] = 4;
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_WATCHDOG, regs), ==, H_SUCCESS);
    g_assert_cmphex(regs[0], ==, 2);
    g_assert_cmpint(watchdog(qts, QUERY_LPM, 5, 0), ==, H_P2);

    g_assert_cmpint(watchdog(qts, 0, 1, 1000), ==, H_PARAMETER);
    g_assert_cmpint(watchdog(qts, 0x500, 1, 1000), ==, H_PARAMETER);
    g_assert_cmpint(watchdog(qts, START | 0, 1, 1000), ==, H_PARAMETER);
    g_assert_cmpint(watchdog(qts, START | 4, 1, 1000), ==, H_PARAMETER);
    for (int bit = 17; bit < 64; bit++) {
        g_assert_cmpint(watchdog(qts, START | RESTART | 1ULL << bit, 1, 1000),
                        ==, H_PARAMETER);
    }
    g_assert_cmpint(watchdog(qts, START | RESTART, 0, 1000), ==, H_P2);
    g_assert_cmpint(watchdog(qts, START | RESTART, 5, 1000), ==, H_P2);
    g_assert_cmpint(watchdog(qts, START | RESTART, UINT64_MAX, 1000), ==, H_P2);
    g_assert_cmpint(watchdog(qts, START | RESTART, 1, 499), ==, H_P3);
    g_assert_cmpint(watchdog(qts, START | RESTART, 1, 0), ==, H_P3);

    g_assert_cmpint(watchdog(qts, STOP, 1, 0), ==, H_NOOP);
    g_assert_cmpint(watchdog(qts, STOP, 0, 0), ==, H_P2);
    g_assert_cmpint(watchdog(qts, STOP, UINT64_MAX, 0), ==, H_NOOP);
    g_assert_cmpint(watchdog(qts, START | RESTART, 1, 500), ==, H_SUCCESS);
    g_assert_cmpint(watchdog(qts, START | RESTART, 3, UINT64_MAX), ==,
                    H_SUCCESS);
    g_assert_cmpint(watchdog(qts, STOP, 1, 0), ==, H_SUCCESS);
    g_assert_cmpint(watchdog(qts, STOP, 1, 0), ==, H_NOOP);
    g_assert_cmpint(watchdog(qts, STOP, UINT64_MAX, 0), ==, H_SUCCESS);
    g_assert_cmpint(watchdog(qts, STOP, 3, 0), ==, H_NOOP);
    qtest_quit(qts);
}

/* Start watchdog 1 with @flags, and 2, which lasts longer; let 1 expire */
static QTestState *run_out(const char *options, uint64_t flags)
{
    QTestState *qts = papr_start("-smp 1 -no-shutdown %s", options);

    g_assert_cmpint(watchdog(qts, START | RESTART, 2, 100000), ==, H_SUCCESS);
    g_assert_cmpint(watchdog(qts, START | flags, 1, 1000), ==, H_SUCCESS);
    qtest_clock_step(qts, 900 * MS);
    /* started again, it has its whole time */
    g_assert_cmpint(watchdog(qts, START | flags, 1, 1000), ==, H_SUCCESS);
    qtest_clock_step(qts, 999 * MS);
    g_assert_null(qtest_qmp_event_ref(qts, "WATCHDOG"));
    qtest_clock_step(qts, 2 * MS);
    return qts;
}

static void assert_watchdog_event(QTestState *qts, const char *action)
{
    QDict *event = qtest_qmp_eventwait_ref(qts, "WATCHDOG");

    g_assert_cmpstr(qdict_get_str(qdict_get_qdict(event, "data"), "action"),
                    ==, action);
    qobject_unref(event);
}

static void test_watchdog_actions(void)
{
    QTestState *qts = run_out("", RESTART);

    assert_watchdog_event(qts, "reset");
    qtest_qmp_eventwait(qts, "RESET");
    qtest_quit(qts);

    qts = run_out("", POWER_OFF);
    assert_watchdog_event(qts, "poweroff");
    qtest_qmp_eventwait(qts, "SHUTDOWN");
    qtest_quit(qts);

    qts = run_out("", DUMP_RESTART);
    assert_watchdog_event(qts, "inject-nmi");
    qtest_quit(qts);
}

static void test_watchdog_others(void)
{
    /* -action overrides the guest's choice; "none" keeps the machine running */
    QTestState *qts = run_out("-action watchdog=none", RESTART);

    assert_watchdog_event(qts, "none");
    g_assert_cmpint(watchdog(qts, STOP, 2, 0), ==, H_NOOP);
    qtest_quit(qts);

    qts = run_out("-action watchdog=none", POWER_OFF | LEAVE_OTHERS);
    assert_watchdog_event(qts, "none");
    g_assert_cmpint(watchdog(qts, STOP, 2, 0), ==, H_SUCCESS);
    qtest_quit(qts);
}

static void test_watchdog_reset(void)
{
    QTestState *qts = papr_start("-smp 1");

    g_assert_cmpint(watchdog(qts, START | RESTART, 1, 1000), ==, H_SUCCESS);
    qtest_system_reset(qts);
    g_assert_cmpint(watchdog(qts, STOP, 1, 0), ==, H_NOOP);
    qtest_quit(qts);
}

static void test_rng(void)
{
    QTestState *qts = papr_start("-smp 1");
    uint64_t regs[PAPR_HCALL_REGS] = { 0 };
    uint64_t last = 0;

    g_assert_cmpint(papr_hcall(qts, 0, H_RANDOM), ==, H_FUNCTION);
    qtest_quit(qts);

    qts = papr_start("-smp 1 -object rng-builtin,id=rng0 "
                     "-device spapr-rng,rng=rng0");
    for (int i = 0; i < 100; i++) {
        int64_t rc;

        do {
            rc = papr_hcall_regs(qts, 0, H_RANDOM, regs);
        } while (rc == H_BUSY);
        g_assert_cmpint(rc, ==, H_SUCCESS);
        g_assert_cmphex(regs[0], !=, last);
        last = regs[0];
    }
    qtest_quit(qts);
}

/* QEMU must end with status 1 and say @word */
static void check_refused(const char *options, const char *word)
{
    g_autofree char *text = papr_refused(options);

    g_assert_nonnull(strstr(text, word));
}

static void test_rng_refused(void)
{
    check_refused("-device spapr-rng", "needs an RNG backend");
    check_refused("-device spapr-rng,use-kvm=on", "in-kernel H_RANDOM");
    check_refused("-object rng-builtin,id=r -device spapr-rng,rng=r "
                  "-device spapr-rng,rng=r", "twice");
    check_refused("-device spapr-wdt", "spapr-wdt");
    check_refused("-device spapr-rtc", "spapr-rtc");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/rtc/get", test_rtc_get);
    qtest_add_func("pseries/rtc/set", test_rtc_set);
    qtest_add_func("pseries/rtc/wrong", test_rtc_wrong);
    qtest_add_func("pseries/watchdog/args", test_watchdog_args);
    qtest_add_func("pseries/watchdog/actions", test_watchdog_actions);
    qtest_add_func("pseries/watchdog/others", test_watchdog_others);
    qtest_add_func("pseries/watchdog/reset", test_watchdog_reset);
    qtest_add_func("pseries/rng", test_rng);
    qtest_add_func("pseries/rng-refused", test_rng_refused);
    return g_test_run();
}
