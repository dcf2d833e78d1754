/*
 * nvram: the RTAS calls, its file, and streams
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qobject/qdict.h"
#include "libpapr.h"

#define RAM_END 0x10000000u
#define BUF PAPR_TEST_RAM

#define NVRAM_DEFAULT 0x10000u
#define NVRAM_FILE 0x4000u

/* --- nvram ---------------------------------------------------------------- */

static int32_t nvram(QTestState *qts, const char *call, uint32_t offset,
                     uint32_t addr, uint32_t len)
{
    uint32_t rets[2] = { 0, UINT32_MAX };
    int32_t status = papr_rtas(qts, call, 2, rets, offset, addr, len);

    g_assert_cmpuint(rets[1], ==, status == RTAS_SUCCESS ? len : 0);
    return status;
}

static void store(QTestState *qts, uint32_t offset, const char *text)
{
    qtest_memwrite(qts, BUF, text, strlen(text));
    g_assert_cmpint(nvram(qts, "nvram-store", offset, BUF, strlen(text)), ==,
                    RTAS_SUCCESS);
}

static void stored_is(QTestState *qts, uint32_t offset, const char *text)
{
    g_autofree char *got = g_malloc0(strlen(text));

    qtest_memset(qts, BUF, 0xee, strlen(text));
    g_assert_cmpint(nvram(qts, "nvram-fetch", offset, BUF, strlen(text)), ==,
                    RTAS_SUCCESS);
    qtest_memread(qts, BUF, got, strlen(text));
    g_assert_cmpmem(got, strlen(text), text, strlen(text));
}

static void test_nvram(void)
{
    QTestState *qts = papr_start("-smp 1");

    store(qts, 0x100, "somewhere");
    store(qts, NVRAM_DEFAULT - 3, "end");
    stored_is(qts, 0x100, "somewhere");
    stored_is(qts, NVRAM_DEFAULT - 3, "end");
    stored_is(qts, 0x104, "where");
    /* all of it at once, and nothing */
    g_assert_cmpint(nvram(qts, "nvram-fetch", 0, BUF, NVRAM_DEFAULT), ==,
                    RTAS_SUCCESS);
    g_assert_cmphex(papr_ld32(qts, BUF + 0x100), ==, 0x736f6d65);
    g_assert_cmpint(nvram(qts, "nvram-fetch", NVRAM_DEFAULT, BUF, 0), ==,
                    RTAS_SUCCESS);
    g_assert_cmpint(nvram(qts, "nvram-store", 0, BUF, 0), ==, RTAS_SUCCESS);
    qtest_system_reset(qts);
    stored_is(qts, 0x100, "somewhere");
    qtest_quit(qts);
}

static void test_nvram_bad(void)
{
    static const struct {
        uint32_t offset, addr, len;
    } bad[] = {
        { NVRAM_DEFAULT, BUF, 1 },
        { NVRAM_DEFAULT - 1, BUF, 2 },
        { 0, BUF, NVRAM_DEFAULT + 1 },
        { UINT32_MAX, BUF, 1 },
        { UINT32_MAX, BUF, UINT32_MAX },
        { 1, BUF, UINT32_MAX },
        { 0x100, RAM_END, 1 },
        { 0x100, RAM_END - 8, 9 },
        { 0x100, UINT32_MAX, 16 },
        { 0x100, 0x80000000, 16 },
    };
    QTestState *qts = papr_start("-smp 1");

    store(qts, 0x100, "kept");
    qtest_memset(qts, RAM_END - 8, 0x77, 8);
    for (int i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpint(nvram(qts, "nvram-store", bad[i].offset, bad[i].addr,
                              bad[i].len), ==, RTAS_PARAMETER_ERROR);
        g_assert_cmpint(nvram(qts, "nvram-fetch", bad[i].offset, bad[i].addr,
                              bad[i].len), ==, RTAS_PARAMETER_ERROR);
    }
    g_assert_cmphex(papr_ld64(qts, RAM_END - 8), ==, 0x7777777777777777);
    stored_is(qts, 0x100, "kept");
    g_assert_cmpint(papr_rtas(qts, "nvram-fetch", 2, NULL, 0, BUF), ==,
                    RTAS_PARAMETER_ERROR);
    qtest_quit(qts);
}

static QTestState *start_drive(const char *file, const char *more)
{
    return papr_start("-smp 1 -drive if=pflash,format=raw,file=%s %s", file,
                      more);
}

static void file_has(const char *file, size_t offset, const char *text)
{
    g_autofree char *contents = NULL;
    size_t len;

    g_assert_true(g_file_get_contents(file, &contents, &len, NULL));
    g_assert_cmpuint(len, ==, NVRAM_FILE);
    g_assert_cmpmem(contents + offset, strlen(text), text, strlen(text));
}

static void test_nvram_file(void)
{
    g_autofree char *dir = g_dir_make_tmp("papr-vio-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "nvram", NULL);
    g_autofree char *zeros = g_malloc0(NVRAM_FILE);
    QTestState *qts;

    g_assert_true(g_file_set_contents(file, zeros, NVRAM_FILE, NULL));
    qts = start_drive(file, "");
    store(qts, 0x3000, "survives");
    file_has(file, 0x3000, "survives");
    g_assert_cmpint(nvram(qts, "nvram-store", NVRAM_FILE - 1, BUF, 2), ==,
                    RTAS_PARAMETER_ERROR);
    qtest_quit(qts);
    /* partitions were made in a blank file: first, a system partition */
    file_has(file, 0, "\x70");
    file_has(file, 4, "common");
    file_has(file, 0x800, "\x7f");

    qts = start_drive(file, "");
    stored_is(qts, 0x3000, "survives");
    stored_is(qts, 4, "common");
    store(qts, 4, "SYSTEM");
    qtest_quit(qts);
    /* a file that is not blank is left as it is */
    qts = start_drive(file, "");
    stored_is(qts, 4, "SYSTEM");
    qtest_quit(qts);
    unlink(file);
    rmdir(dir);
}

static void test_migrate_nvram(void)
{
    g_autofree char *dir = g_dir_make_tmp("papr-vio-XXXXXX", NULL);
    g_autofree char *state = g_build_filename(dir, "state", NULL);
    g_autofree char *state16 = g_build_filename(dir, "state16", NULL);
    g_autofree char *here = g_build_filename(dir, "here", NULL);
    g_autofree char *there = g_build_filename(dir, "there", NULL);
    g_autofree char *zeros = g_malloc0(NVRAM_FILE);
    QTestState *qts = papr_start("-smp 1");

    store(qts, 0x3000, "memory");
    papr_save(qts, state);
    qtest_quit(qts);
    qts = papr_start("-smp 1 -incoming defer");
    g_assert_true(papr_load(qts, state));
    stored_is(qts, 0x3000, "memory");
    qtest_quit(qts);

    g_assert_true(g_file_set_contents(here, zeros, NVRAM_FILE, NULL));
    g_assert_true(g_file_set_contents(there, zeros, NVRAM_FILE, NULL));
    qts = start_drive(here, "");
    store(qts, 0x3000, "drive");
    papr_save(qts, state16);
    qtest_quit(qts);
    qts = start_drive(there, "-incoming defer");
    g_assert_true(papr_load(qts, state16));
    qtest_qmp_eventwait(qts, "RESUME");
    stored_is(qts, 0x3000, "drive");
    /* written to the file once the machine runs */
    file_has(there, 0x3000, "drive");
    qtest_quit(qts);

    /* a stream whose nvram is not of the drive's size is refused */
    qts = start_drive(there, "-incoming defer");
    g_assert_false(papr_load(qts, state));
    qtest_quit(qts);
    file_has(there, 0x3000, "drive");

    unlink(state);
    unlink(state16);
    unlink(here);
    unlink(there);
    rmdir(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/vio/nvram", test_nvram);
    qtest_add_func("pseries/vio/nvram/bad", test_nvram_bad);
    qtest_add_func("pseries/vio/nvram/file", test_nvram_file);
    qtest_add_func("pseries/vio/nvram/migrate", test_migrate_nvram);
    return g_test_run();
}
