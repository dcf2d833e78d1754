/*
 * Migration streams with a wrong length of the data that follows
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "libpapr.h"

#define TOO_LONG 0xffff0000u

/*
 * A stream is refused if the length, which is @offset bytes after @section's
 * name, is TOO_LONG; and no memory is allocated for that length before.
 */
static void refused(QTestState *qts, const char *section, size_t offset)
{
    g_autofree char *dir = g_dir_make_tmp("papr-stream-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);
    g_autofree char *stream = NULL;
    g_autofree char *name = g_strdup_printf("%c%s", (int)strlen(section),
                                            section);
    uint64_t before;
    size_t size;
    char *at;

    papr_save(qts, file);
    qtest_quit(qts);
    g_assert_true(g_file_get_contents(file, &stream, &size, NULL));
    at = memmem(stream, size, name, strlen(name));
    g_assert_nonnull(at);
    at += strlen(name) + offset;
    g_assert_cmpuint(ldl_be_p(at), <, 16 * MiB);
    stl_be_p(at, TOO_LONG);
    g_assert_true(g_file_set_contents(file, stream, size, NULL));

    qts = papr_start("-smp 1 -incoming defer");
    before = papr_host_status(qts, "VmPeak:");
    g_assert_false(papr_load(qts, file));
    g_assert_cmpuint(papr_host_status(qts, "VmPeak:"), <, before + GiB / KiB);
    qtest_quit(qts);
    unlink(file);
    rmdir(dir);
}

/* before the length: version, initial size */
static void test_tree(void)
{
    refused(papr_start("-smp 1"), "spapr_dtb", 4 + 4);
}

/* before the length: version, mark that an event follows, its summary */
static void test_event(void)
{
    QTestState *qts = papr_start("-smp 1");

    qtest_qmp_assert_success(qts, "{ 'execute': 'system_powerdown' }");
    qtest_qmp_eventwait(qts, "POWERDOWN");
    refused(qts, "spapr_pending_events", 4 + 1 + 4);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/pseries/stream/tree", test_tree);
    qtest_add_func("/pseries/stream/event", test_event);
    return g_test_run();
}
