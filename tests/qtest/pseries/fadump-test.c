/*
 * Firmware-assisted dump: what is refused, how much is done at a time, streams
 *
 * No code runs under qtest: tests/guest has a guest that crashes.
 * tests/unit/pseries/test-fadump.c tests the check of the dump structure.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "hw/pseries/work.h"
#include "libpapr.h"
#include <libfdt.h>

#define RAM_END     (256 * MiB)
#define AT          PAPR_TEST_RAM
#define SIZE        160
#define CPU_ROOM    0x10000             /* for few vCPUs */
#define CPUS_TO     0x2000000ull
#define HPT_TO      (CPUS_TO + CPU_ROOM)
#define SOURCE      0x3000000ull
#define LENGTH      0x6000000ull
#define COPY        (SOURCE + LENGTH)
#define PATTERN     0x123456789abcdef0ull

enum { REGISTER = 1, UNREGISTER, INVALIDATE };

static void put_section(QTestState *qts, uint64_t at, uint16_t type,
                        uint64_t source, uint64_t length, uint64_t destination)
{
    papr_st32(qts, at, 1);
    papr_st32(qts, at + 4, type << 16);
    papr_st64(qts, at + 8, source);
    papr_st64(qts, at + 16, length);
    papr_st64(qts, at + 24, 0);
    papr_st64(qts, at + 32, destination);
}

static void fill(QTestState *qts)
{
    qtest_memset(qts, AT, 0, 512);
    papr_st32(qts, AT, 1);
    papr_st32(qts, AT + 4, 3 << 16);
    papr_st32(qts, AT + 8, 40);
    put_section(qts, AT + 40, 1, 0, CPU_ROOM, CPUS_TO);
    put_section(qts, AT + 80, 2, 0, 0x10000, HPT_TO);
    put_section(qts, AT + 120, 0x100, SOURCE, LENGTH, COPY);
}

static int32_t configure(QTestState *qts, uint32_t command)
{
    return papr_rtas(qts, "ibm,configure-kernel-dump", 1, NULL, command, AT,
                     SIZE);
}

static void crash(QTestState *qts)
{
    papr_st64(qts, AT + 256, 0);
    g_assert_cmpint(papr_rtas(qts, "ibm,os-term", 1, NULL, AT + 256), ==,
                    RTAS_SUCCESS);
}

/* The structure of the last dump, or NULL; to be freed */
static uint8_t *active_of(QTestState *qts, int size)
{
    g_autofree void *fdt = papr_tree(qts);
    int len;
    const void *value = fdt_getprop(fdt, papr_tree_node(fdt, "/rtas"),
                                    "ibm,kernel-dump", &len);

    g_assert_true(!value || len == size);
    return g_memdup2(value, size);
}

static uint8_t *active(QTestState *qts)
{
    return active_of(qts, SIZE);
}

static void expect_dump(QTestState *qts)
{
    g_autofree uint8_t *dump = active(qts);

    g_assert_nonnull(dump);
    g_assert_cmphex(lduw_be_p(dump + 6), ==, 0xc000);
    for (int i = 0; i < 3; i++) {
        g_assert_cmphex(lduw_be_p(dump + 40 + 40 * i + 6), ==, 0);
    }
    g_assert_cmphex(ldq_be_p(dump + 120 + 24), ==, LENGTH);
    g_assert_cmphex(papr_ld64(qts, COPY), ==, PATTERN);
    g_assert_cmphex(papr_ld64(qts, COPY + LENGTH - 8), ==, ~PATTERN);
    g_assert_cmphex(papr_ld64(qts, CPUS_TO), ==, 0x5245475341564500);
    g_assert_cmphex(papr_ld32(qts, CPUS_TO + 0x1c), ==, 1);
    g_assert_cmphex(papr_ld64(qts, CPUS_TO + 0x20), ==, 0x4350555354525400);
    g_assert_cmphex(papr_ld64(qts, HPT_TO), ==, 0x4850544553415645);
}

static QTestState *start(const char *options)
{
    QTestState *qts = papr_start("-smp 2 %s", options);

    papr_st64(qts, SOURCE, PATTERN);
    papr_st64(qts, SOURCE + LENGTH - 8, ~PATTERN);
    fill(qts);
    return qts;
}

static void test_refused(void)
{
    static const uint32_t sizes[] = { 0, 39, 159, 513, 0x7fffffff, UINT32_MAX };
    QTestState *qts = start("-no-shutdown -action panic=pause");

    for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
        g_assert_cmpint(papr_rtas(qts, "ibm,configure-kernel-dump", 1, NULL,
                                  REGISTER, AT, sizes[i]), ==,
                        RTAS_PARAMETER_ERROR);
    }
    g_assert_cmpint(papr_rtas(qts, "ibm,configure-kernel-dump", 1, NULL,
                              REGISTER, RAM_END - SIZE + 1, SIZE), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "ibm,configure-kernel-dump", 1, NULL,
                              REGISTER, UINT32_MAX, SIZE), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(configure(qts, 0), ==, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(configure(qts, 4), ==, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(configure(qts, INVALIDATE), ==, RTAS_PARAMETER_ERROR);

    /* copy ends beyond RAM; too little for two vCPUs' registers; no RAM */
    papr_st64(qts, AT + 152, RAM_END - LENGTH + 1);
    g_assert_cmpint(configure(qts, REGISTER), ==, RTAS_PARAMETER_ERROR);
    fill(qts);
    papr_st64(qts, AT + 56, CPU_ROOM - 1);
    g_assert_cmpint(configure(qts, REGISTER), ==, RTAS_PARAMETER_ERROR);
    fill(qts);
    papr_st64(qts, AT + 152, 0x6000000000000ull);
    g_assert_cmpint(configure(qts, REGISTER), ==, RTAS_PARAMETER_ERROR);

    /* nothing was registered, so a crash is reported and not dumped */
    crash(qts);
    qtest_qmp_eventwait(qts, "GUEST_PANICKED");
    qtest_quit(qts);
}

static void test_states(void)
{
    QTestState *qts = start("");
    g_autofree uint8_t *none = active(qts), *after_reset = NULL;

    g_assert_null(none);
    g_assert_cmpint(configure(qts, REGISTER), ==, RTAS_SUCCESS);
    g_assert_cmpint(configure(qts, REGISTER), ==, RTAS_DUMP_REGISTERED);
    g_assert_cmpint(configure(qts, UNREGISTER), ==, RTAS_SUCCESS);
    g_assert_cmpint(configure(qts, UNREGISTER), ==, RTAS_SUCCESS);
    g_assert_cmpint(configure(qts, REGISTER), ==, RTAS_SUCCESS);

    /* a reset without a crash drops the registration */
    qtest_qmp_assert_success(qts, "{ 'execute': 'system_reset' }");
    qtest_qmp_eventwait(qts, "RESET");
    after_reset = active(qts);
    g_assert_null(after_reset);
    fill(qts);
    g_assert_cmpint(configure(qts, REGISTER), ==, RTAS_SUCCESS);
    qtest_quit(qts);
}

static void test_dump(void)
{
    QTestState *qts = start("");
    g_autofree uint8_t *none = NULL;

    g_assert_cmpint(configure(qts, REGISTER), ==, RTAS_SUCCESS);
    papr_work(qts);
    crash(qts);
    qtest_qmp_eventwait(qts, "RESET");
    /* 96 MiB were copied, a small part in each stretch of work */
    g_assert_cmpuint(papr_work(qts), <=, PAPR_WORK_MAX / 2);
    expect_dump(qts);

    /* the dump survives another reset, until it is invalidated */
    fill(qts);
    g_assert_cmpint(configure(qts, REGISTER), ==, RTAS_DUMP_ACTIVE);
    g_assert_cmpint(configure(qts, UNREGISTER), ==, RTAS_DUMP_ACTIVE);
    qtest_qmp_assert_success(qts, "{ 'execute': 'system_reset' }");
    qtest_qmp_eventwait(qts, "RESET");
    expect_dump(qts);
    g_assert_cmpint(configure(qts, INVALIDATE), ==, RTAS_SUCCESS);
    qtest_qmp_assert_success(qts, "{ 'execute': 'system_reset' }");
    qtest_qmp_eventwait(qts, "RESET");
    none = active(qts);
    g_assert_null(none);
    qtest_quit(qts);
}

static void test_reset_while_copying(void)
{
    QTestState *qts = start("");
    g_autofree uint8_t *none = NULL;

    /* while the machine is stopped nothing is copied */
    qtest_qmp_assert_success(qts, "{ 'execute': 'stop' }");
    g_assert_cmpint(configure(qts, REGISTER), ==, RTAS_SUCCESS);
    crash(qts);
    g_assert_cmpint(configure(qts, REGISTER), ==, RTAS_DUMP_ACTIVE);
    g_assert_cmpint(configure(qts, UNREGISTER), ==, RTAS_DUMP_ACTIVE);
    g_assert_cmpint(configure(qts, INVALIDATE), ==, RTAS_PARAMETER_ERROR);
    /* ibm,os-term again, by another vCPU or the same */
    crash(qts);
    qtest_qmp_assert_success(qts, "{ 'execute': 'system_reset' }");
    qtest_qmp_eventwait(qts, "RESET");
    none = active(qts);
    g_assert_null(none);
    qtest_qmp_assert_success(qts, "{ 'execute': 'cont' }");
    fill(qts);
    g_assert_cmpint(configure(qts, REGISTER), ==, RTAS_SUCCESS);
    qtest_quit(qts);
}

/* Sections whose memory was unmapped get error flags; the rest is dumped */
static void test_memory_goes(void)
{
    QTestState *qts = start(PAPR_SHM_OPTIONS);
    g_autofree uint8_t *dump = NULL;

    papr_shm_map(qts, true);
    /* registers; copy to memory that is unmapped; copy from it; copy of RAM */
    papr_st32(qts, AT + 4, 4 << 16);
    put_section(qts, AT + 80, 0x100, SOURCE, 0x80000, PAPR_SHM);
    put_section(qts, AT + 120, 0x101, PAPR_SHM + 0x80000, 0x80000, HPT_TO);
    put_section(qts, AT + 160, 0x102, SOURCE, LENGTH, COPY);
    g_assert_cmpint(papr_rtas(qts, "ibm,configure-kernel-dump", 1, NULL,
                              REGISTER, AT, 200), ==, RTAS_SUCCESS);
    papr_shm_map(qts, false);
    crash(qts);
    qtest_qmp_eventwait(qts, "RESET");

    dump = active_of(qts, 200);
    g_assert_nonnull(dump);
    g_assert_cmphex(lduw_be_p(dump + 6), ==, 0xe000);
    g_assert_cmphex(lduw_be_p(dump + 46), ==, 0);
    g_assert_cmphex(lduw_be_p(dump + 86), ==, 0x1000);
    g_assert_cmphex(lduw_be_p(dump + 126), ==, 0x4000);
    g_assert_cmphex(lduw_be_p(dump + 166), ==, 0);
    g_assert_cmphex(ldq_be_p(dump + 80 + 24), ==, 0);
    g_assert_cmphex(ldq_be_p(dump + 120 + 24), ==, 0);
    g_assert_cmphex(ldq_be_p(dump + 160 + 24), ==, LENGTH);
    g_assert_cmphex(papr_ld64(qts, COPY), ==, PATTERN);
    qtest_quit(qts);
}

static QTestState *moved(QTestState *qts)
{
    g_autofree char *file = g_strdup_printf("%s/fadump-%d", g_get_tmp_dir(),
                                            getpid());

    papr_save(qts, file);
    qtest_quit(qts);
    qts = papr_start("-smp 2 -incoming defer");
    g_assert_true(papr_load(qts, file));
    unlink(file);
    return qts;
}

static void test_streams(void)
{
    QTestState *qts = moved(start(""));

    /* streams with nothing; a registration; a dump in progress; a dump */
    fill(qts);
    g_assert_cmpint(configure(qts, REGISTER), ==, RTAS_SUCCESS);
    qts = moved(qts);
    qtest_qmp_assert_success(qts, "{ 'execute': 'stop' }");
    g_assert_cmpint(configure(qts, REGISTER), ==, RTAS_DUMP_REGISTERED);
    crash(qts);
    qts = moved(qts);
    qtest_qmp_assert_success(qts, "{ 'execute': 'cont' }");
    qtest_qmp_eventwait(qts, "RESET");
    expect_dump(qts);
    qts = moved(qts);
    qtest_qmp_assert_success(qts, "{ 'execute': 'cont' }");
    g_assert_cmpint(configure(qts, REGISTER), ==, RTAS_DUMP_ACTIVE);
    qtest_qmp_assert_success(qts, "{ 'execute': 'system_reset' }");
    qtest_qmp_eventwait(qts, "RESET");
    expect_dump(qts);
    g_assert_cmpint(configure(qts, INVALIDATE), ==, RTAS_SUCCESS);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/fadump/refused", test_refused);
    qtest_add_func("pseries/fadump/states", test_states);
    qtest_add_func("pseries/fadump/dump", test_dump);
    qtest_add_func("pseries/fadump/reset-while-copying",
                   test_reset_while_copying);
    qtest_add_func("pseries/fadump/memory-goes", test_memory_goes);
    qtest_add_func("pseries/fadump/streams", test_streams);
    return g_test_run();
}
