/*
 * What versions of the machine have and have not: calls, hotplug, streams
 *
 * What firmware and guests read at start is compared with upstream's pseries by
 * tests/boot/versions.py.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "libpapr.h"
#include "qobject/qdict.h"

#define PHB "spapr-pci-host-bridge"

static QTestState *start(const char *version)
{
    return papr_start("-machine pseries-%s", version);
}

/* pseries-4.0 has H_UPDATE_DT, which refuses memory without a tree */
static void test_update_dt(void)
{
    QTestState *old = start("3.1"), *new = start("4.0");

    g_assert_cmpint(papr_hcall(old, 0, H_UPDATE_DT, PAPR_TEST_RAM), ==,
                    H_FUNCTION);
    g_assert_cmpint(papr_hcall(new, 0, H_UPDATE_DT, PAPR_TEST_RAM), ==,
                    H_PARAMETER);
    qtest_quit(old);
    qtest_quit(new);
}

static bool has_fwnmi(const char *version)
{
    QTestState *qts = start(version);
    QDict *reply = qtest_qmp(qts, "{ 'execute': 'qom-get', 'arguments': "
                             "{ 'path': '/machine', "
                             "'property': 'cap-fwnmi' } }");
    bool yes = qdict_get_bool(reply, "return");

    qobject_unref(reply);
    qtest_quit(qts);
    return yes;
}

static void test_fwnmi(void)
{
    g_assert_false(has_fwnmi("4.2"));
    g_assert_true(has_fwnmi("5.0"));
}

/* What QMP says to @command with @args */
static char *complaint(QTestState *qts, const char *command, const char *args)
{
    g_autofree char *line = g_strdup_printf(
        "{ 'execute': '%s', 'arguments': { %s } }", command, args);
    QDict *reply = qtest_qmp(qts, line, NULL);
    QDict *error = qdict_get_qdict(reply, "error");
    char *text = g_strdup(error ? qdict_get_str(error, "desc") : "");

    qobject_unref(reply);
    return text;
}

static void test_phb_hotplug(void)
{
    static const char add[] = "'driver': '" PHB "', 'index': 2, 'id': 'x'";
    QTestState *old = papr_start("-machine pseries-3.1 "
                                 "-device " PHB ",index=1,id=cold");
    QTestState *new = start("4.0");
    g_autofree char *no_add = complaint(old, "device_add", add);
    g_autofree char *no_del = complaint(old, "device_del", "'id': 'cold'");
    g_autofree char *yes = complaint(new, "device_add", add);

    g_assert_nonnull(strstr(no_add, "use pseries-4.0 or later"));
    g_assert_nonnull(strstr(no_del, "cold can't be unplugged"));
    g_assert_cmpstr(yes, ==, "");
    qtest_quit(old);
    qtest_quit(new);
}

static void test_refused(void)
{
    static const struct {
        const char *options;
        const char *words;
    } tries[] = {
        { "-machine pseries-3.0,ic-mode=dual", "ic-mode=dual: .*pseries-3.1" },
        { "-machine pseries-3.0,ic-mode=xive", "ic-mode=xive: .*pseries-3.1" },
        { "-machine pseries-4.2 -m 1G,slots=1,maxmem=2G "
          "-object memory-backend-ram,id=p,size=256M "
          "-device nvdimm,memdev=p,uuid=0b0f4cd8-1f5a-45f0-a4a4-2f3a5a4b3c2d",
          "nvdimm; use pseries-5.0" },
        { "-machine pseries-5.1 -m 512M -numa node,mem=512M",
          "-numa node,mem" },
        { "-machine pseries-2.12", "pseries-2.12" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
        g_autofree char *text = papr_refused(tries[i].options);

        g_assert_true(g_regex_match_simple(tries[i].words, text, 0, 0));
    }
}

static bool stream_has(const char *version, const char *name)
{
    g_autofree char *dir = g_dir_make_tmp("papr-versions-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);
    QTestState *qts = start(version);
    g_autofree char *bytes = NULL;
    gsize size;
    bool found;

    papr_save(qts, file);
    g_assert_true(g_file_get_contents(file, &bytes, &size, NULL));
    found = memmem(bytes, size, name, strlen(name));
    qtest_quit(qts);

    /* and a machine of the same version loads it */
    qts = papr_start("-machine pseries-%s -incoming defer", version);
    g_assert_true(papr_load(qts, file));
    qtest_quit(qts);
    unlink(file);
    rmdir(dir);
    return found;
}

static void test_streams(void)
{
    static const char page_size[] = "spapr/cap/hpt_maxpagesize";
    static const char tree[] = "spapr_dtb";

    g_assert_true(stream_has("10.0", page_size));
    g_assert_true(stream_has("4.1", page_size));
    g_assert_false(stream_has("4.0", page_size));
    g_assert_true(stream_has("4.0", tree));
    g_assert_false(stream_has("3.1", tree));
    g_assert_false(stream_has("3.0", tree));
    g_assert_false(stream_has("4.0", "spapr-xive"));
    g_assert_true(stream_has("4.1", "spapr-xive"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("pseries/versions/update-dt", test_update_dt);
    qtest_add_func("pseries/versions/fwnmi", test_fwnmi);
    qtest_add_func("pseries/versions/phb-hotplug", test_phb_hotplug);
    qtest_add_func("pseries/versions/refused", test_refused);
    qtest_add_func("pseries/versions/streams", test_streams);
    return g_test_run();
}
