/*
 * Events: check-exception and event-scan, with the environmental and power
 * warning (EPOW) of system_powerdown
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "libpapr.h"

#define BUFFER PAPR_TEST_RAM
#define RAM_END 0x10000000ULL           /* papr_start(): 256 MiB */
#define GUARD 0xa5
#define ROOM 2048

#define MASK_INTERNAL 0x80000000u
#define MASK_EPOW 0x40000000u
#define MASK_HOTPLUG 0x10000000u

/* Fixed part, header, Main-A, Main-B, EPOW section */
#define EPOW_SIZE (8 + 16 + 48 + 24 + 20)

static int32_t check_exception(QTestState *qts, uint32_t mask,
                               uint32_t critical, uint32_t buffer,
                               uint32_t room)
{
    return papr_rtas(qts, "check-exception", 1, NULL, 0x500, 0x1000, mask,
                     critical, buffer, room);
}

/* Make an EPOW event pending */
static void powerdown(QTestState *qts)
{
    qtest_memset(qts, BUFFER, GUARD, ROOM);
    qtest_qmp_assert_success(qts, "{ 'execute': 'system_powerdown' }");
    qtest_qmp_eventwait(qts, "POWERDOWN");
}

/* How many bytes of the buffer were written */
static size_t written(QTestState *qts)
{
    g_autofree uint8_t *bytes = g_malloc(ROOM);
    size_t n = ROOM;

    qtest_memread(qts, BUFFER, bytes, ROOM);
    while (n && bytes[n - 1] == GUARD) {
        n--;
    }
    return n;
}

static void test_none(void)
{
    QTestState *qts = papr_start("-smp 1");

    g_assert_cmpint(check_exception(qts, UINT32_MAX, 0, BUFFER, ROOM), ==,
                    RTAS_NO_ERRORS_FOUND);
    g_assert_cmpint(papr_rtas(qts, "event-scan", 1, NULL, UINT32_MAX, 0,
                              BUFFER, ROOM), ==, RTAS_NO_ERRORS_FOUND);
    qtest_quit(qts);
}

static void test_powerdown(void)
{
    QTestState *qts = papr_start("-smp 1 "
                                 "-rtc base=2020-02-03T04:05:06,clock=vm");

    powerdown(qts);
    /* two requests are one event */
    powerdown(qts);

    g_assert_cmpint(check_exception(qts, MASK_INTERNAL | MASK_HOTPLUG, 0,
                                    BUFFER, ROOM), ==, RTAS_NO_ERRORS_FOUND);
    g_assert_cmpint(papr_rtas(qts, "event-scan", 1, NULL, UINT32_MAX, 0,
                              BUFFER, ROOM), ==, RTAS_NO_ERRORS_FOUND);
    g_assert_cmpuint(written(qts), ==, 0);

    g_assert_cmpint(check_exception(qts, MASK_EPOW, 0, BUFFER, ROOM), ==,
                    RTAS_SUCCESS);
    g_assert_cmpuint(written(qts), ==, EPOW_SIZE);
    g_assert_cmphex(papr_ld32(qts, BUFFER), ==, 0x06240040);
    g_assert_cmphex(papr_ld32(qts, BUFFER + 4), ==, EPOW_SIZE - 8);
    g_assert_cmphex(papr_ld32(qts, BUFFER + 8 + 16 + 8), ==, 0x20200203);
    g_assert_cmphex(papr_ld32(qts, BUFFER + 8 + 16 + 12), ==, 0x04050600);
    /* shutdown, normal, of this partition */
    g_assert_cmphex(papr_ld32(qts, BUFFER + 8 + 16 + 48 + 24 + 8), ==,
                    0x03010100);

    g_assert_cmpint(check_exception(qts, UINT32_MAX, 0, BUFFER, ROOM), ==,
                    RTAS_NO_ERRORS_FOUND);
    qtest_quit(qts);
}

/* No more is written than the guest's length, whatever it is */
static void test_length(void)
{
    static const uint32_t lengths[] = { 4, 7, 8, 9, 100, EPOW_SIZE - 1 };
    QTestState *qts = papr_start("-smp 1");

    for (int i = 0; i < ARRAY_SIZE(lengths); i++) {
        powerdown(qts);
        g_assert_cmpint(check_exception(qts, MASK_EPOW, 0, BUFFER, lengths[i]),
                        ==, RTAS_SUCCESS);
        g_assert_cmpuint(written(qts), ==, MIN(lengths[i], 8));
        /* the fixed part says that no extended log follows */
        g_assert_cmphex(papr_ld32(qts, BUFFER), ==, 0x06200040);
    }

    powerdown(qts);
    g_assert_cmpint(check_exception(qts, MASK_EPOW, 0, BUFFER, EPOW_SIZE), ==,
                    RTAS_SUCCESS);
    g_assert_cmpuint(written(qts), ==, EPOW_SIZE);

    /* time critical: without the extended log */
    powerdown(qts);
    g_assert_cmpint(check_exception(qts, MASK_EPOW, 1, BUFFER, ROOM), ==,
                    RTAS_SUCCESS);
    g_assert_cmpuint(written(qts), ==, 8);
    qtest_quit(qts);
}

/* A bad buffer: nothing is written, and the event stays pending */
static void test_bad_buffer(void)
{
    QTestState *qts = papr_start("-smp 1");

    powerdown(qts);
    for (uint32_t room = 0; room < 4; room++) {
        g_assert_cmpint(check_exception(qts, MASK_EPOW, 0, BUFFER, room), ==,
                        RTAS_PARAMETER_ERROR);
    }
    g_assert_cmpint(check_exception(qts, MASK_EPOW, 0, RAM_END, ROOM), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(check_exception(qts, MASK_EPOW, 0, RAM_END - 8, ROOM), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(check_exception(qts, MASK_EPOW, 0, UINT32_MAX, UINT32_MAX),
                    ==, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "check-exception", 1, NULL, 0x500, 0x1000,
                              MASK_EPOW, 0, BUFFER), ==, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "check-exception", 1, NULL, 0x500, 0x1000,
                              MASK_EPOW, 0, BUFFER, ROOM, 0, 0), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpuint(written(qts), ==, 0);

    /* seven arguments: with the upper half of SRR1 */
    g_assert_cmpint(papr_rtas(qts, "check-exception", 1, NULL, 0x500, 0x1000,
                              MASK_EPOW, 0, BUFFER, UINT32_MAX, 0), ==,
                    RTAS_SUCCESS);
    g_assert_cmpuint(written(qts), ==, EPOW_SIZE);
    qtest_quit(qts);
}

/* A reset drops pending events */
static void test_reset(void)
{
    QTestState *qts = papr_start("-smp 1");

    powerdown(qts);
    qtest_system_reset(qts);
    g_assert_cmpint(check_exception(qts, UINT32_MAX, 0, BUFFER, ROOM), ==,
                    RTAS_NO_ERRORS_FOUND);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/events/none", test_none);
    qtest_add_func("pseries/events/powerdown", test_powerdown);
    qtest_add_func("pseries/events/length", test_length);
    qtest_add_func("pseries/events/bad-buffer", test_bad_buffer);
    qtest_add_func("pseries/events/reset", test_reset);
    return g_test_run();
}
