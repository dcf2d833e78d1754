/*
 * query-stats: hypercalls and RTAS calls, by vCPU
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "qobject/qnum.h"
#include "libpapr.h"

/* query-stats of @target: QList of results; @more as JSON, or "" */
static QList *query(QTestState *qts, const char *target, const char *more)
{
    g_autofree char *line = g_strdup_printf(
        "{ 'execute': 'query-stats', 'arguments': { 'target': '%s'%s } }",
        target, more);
    QDict *reply = qtest_qmp(qts, "%p", qobject_from_json(line, &error_abort));
    QList *results = qdict_get_qlist(reply, "return");

    qobject_ref(results);
    qobject_unref(reply);
    return results;
}

static char *path_of(QTestState *qts, int index)
{
    QDict *reply = qtest_qmp(qts, "{ 'execute': 'query-cpus-fast' }");
    const QListEntry *entry;
    char *path = NULL;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(reply, "return"), entry) {
        QDict *cpu = qobject_to(QDict, qlist_entry_obj(entry));

        if (qdict_get_int(cpu, "cpu-index") == index) {
            path = g_strdup(qdict_get_str(cpu, "qom-path"));
        }
    }
    g_assert_nonnull(path);
    qobject_unref(reply);
    return path;
}

/* The result of vCPU @index, or of the VM for -1; or NULL */
static QDict *result(QTestState *qts, QList *results, int index)
{
    g_autofree char *wanted = index < 0 ? NULL : path_of(qts, index);
    const QListEntry *entry;

    QLIST_FOREACH_ENTRY(results, entry) {
        QDict *one = qobject_to(QDict, qlist_entry_obj(entry));
        const char *path = qdict_get_try_str(one, "qom-path");

        g_assert_cmpstr(qdict_get_str(one, "provider"), ==, "papr");
        if (!g_strcmp0(path, wanted)) {
            return one;
        }
    }
    return NULL;
}

/* Returns -1 if @result has no statistic @name */
static int64_t value(QDict *result, const char *name)
{
    const QListEntry *entry;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(result, "stats"), entry) {
        QDict *stat = qobject_to(QDict, qlist_entry_obj(entry));

        if (!strcmp(qdict_get_str(stat, "name"), name)) {
            return qdict_get_int(stat, "value");
        }
    }
    return -1;
}

static void call(QTestState *qts)
{
    for (int i = 0; i < 3; i++) {
        papr_hcall(qts, 1, H_SET_SPRG0, 1);
    }
    papr_hcall(qts, 0, H_SET_SPRG0, 1);
    papr_rtas(qts, "get-power-level", 2, NULL, -1);
    /* unknown calls are not counted, and index no counter out of bounds */
    papr_hcall(qts, 0, 0xf8fc);
    papr_hcall(qts, 0, UINT64_MAX);
    papr_rtas(qts, "no-such-call", 1, NULL);
}

static void set(QTestState *qts, bool on)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'qom-set', 'arguments': {"
                             " 'path': '/machine', 'property': 'call-stats',"
                             " 'value': %i } }", on);
}

static void expect_counts(QTestState *qts, int times)
{
    g_autoptr(QList) vcpus = query(qts, "vcpu", "");
    g_autoptr(QList) vm = query(qts, "vm", "");
    QDict *all = result(qts, vm, -1);

    g_assert_nonnull(all);
    g_assert_cmpint(value(result(qts, vcpus, 0), "H_SET_SPRG0-count"), ==,
                    times);
    g_assert_cmpint(value(result(qts, vcpus, 1), "H_SET_SPRG0-count"), ==,
                    3 * times);
    g_assert_cmpint(value(result(qts, vcpus, 0), "get-power-level-count"), ==,
                    times);
    g_assert_cmpint(value(result(qts, vcpus, 1), "get-power-level-count"), ==,
                    -1);
    g_assert_cmpint(value(all, "H_SET_SPRG0-count"), ==, 4 * times);
    g_assert_cmpint(value(all, "H_SET_SPRG0-time"), ==,
                    value(result(qts, vcpus, 0), "H_SET_SPRG0-time") +
                    value(result(qts, vcpus, 1), "H_SET_SPRG0-time"));
    g_assert_cmpint(value(all, "get-power-level-count"), ==, times);
    g_assert_cmpint(value(all, "H_ENTER-count"), ==, -1);
    g_assert_null(result(qts, vcpus, 2));
}

static void expect_nothing(QTestState *qts)
{
    const char *targets[] = { "vm", "vcpu" };

    for (int i = 0; i < ARRAY_SIZE(targets); i++) {
        g_autoptr(QList) results = query(qts, targets[i], "");

        g_assert_true(qlist_empty(results));
    }
}

static void test_off_and_on(void)
{
    QTestState *qts = papr_start("-smp 3");

    call(qts);
    expect_nothing(qts);
    set(qts, true);
    expect_nothing(qts);
    call(qts);
    expect_counts(qts, 1);
    set(qts, false);
    call(qts);
    expect_counts(qts, 1);
    set(qts, true);
    call(qts);
    expect_counts(qts, 2);
    /* a reset of the machine does not reset the counters */
    qtest_qmp_assert_success(qts, "{ 'execute': 'system_reset' }");
    qtest_qmp_eventwait(qts, "RESET");
    call(qts);
    expect_counts(qts, 3);
    qtest_quit(qts);
}

static void test_filters(void)
{
    QTestState *qts = papr_start("-smp 3 -M call-stats=on");
    g_autoptr(QList) named = NULL, other = NULL, one = NULL;
    g_autofree char *filter = NULL;
    QDict *vcpu;

    call(qts);
    expect_counts(qts, 1);
    named = query(qts, "vm", ", 'providers': [ { 'provider': 'papr',"
                  " 'names': [ 'H_SET_SPRG0-count' ] } ]");
    g_assert_cmpuint(qlist_size(named), ==, 1);
    g_assert_cmpint(value(result(qts, named, -1), "H_SET_SPRG0-count"), ==, 4);
    g_assert_cmpint(value(result(qts, named, -1), "H_SET_SPRG0-time"), ==, -1);
    other = query(qts, "vm", ", 'providers': [ { 'provider': 'cryptodev' } ]");
    g_assert_true(qlist_empty(other));

    one = query(qts, "vcpu", "");
    vcpu = result(qts, one, 1);
    filter = g_strdup_printf(", 'vcpus': [ '%s' ]",
                             qdict_get_str(vcpu, "qom-path"));
    qobject_unref(g_steal_pointer(&one));
    one = query(qts, "vcpu", filter);
    g_assert_cmpuint(qlist_size(one), ==, 1);
    g_assert_cmpint(value(result(qts, one, 1), "H_SET_SPRG0-count"), ==, 3);
    qtest_quit(qts);
}

/* Results are in the schema's order, as the human monitor requires */
static void test_schema(void)
{
    QTestState *qts = papr_start("-smp 2 -M call-stats=on");
    g_autofree char *text = NULL;
    QDict *reply;
    QList *schemas;
    const QListEntry *entry;
    int found = 0;

    call(qts);
    reply = qtest_qmp(qts, "{ 'execute': 'query-stats-schemas', 'arguments':"
                      " { 'provider': 'papr' } }");
    schemas = qdict_get_qlist(reply, "return");
    QLIST_FOREACH_ENTRY(schemas, entry) {
        QDict *schema = qobject_to(QDict, qlist_entry_obj(entry));
        QDict *first = qobject_to(QDict, qlist_peek(
            qdict_get_qlist(schema, "stats")));

        g_assert_cmpstr(qdict_get_str(first, "type"), ==, "cumulative");
        found++;
    }
    g_assert_cmpint(found, ==, 2);
    qobject_unref(reply);

    text = qtest_hmp(qts, "info stats vm");
    g_assert_nonnull(strstr(text, "H_SET_SPRG0-count (cumulative): 4\r\n"));
    g_assert_nonnull(strstr(text, "H_SET_SPRG0-time (cumulative, ns): "));
    g_assert_nonnull(strstr(text,
                            "get-power-level-count (cumulative): 1\r\n"));
    g_assert_null(strstr(text, "failed"));
    qtest_quit(qts);
}

/* A vCPU that was plugged in is counted like the others */
static void test_plugged(void)
{
    QTestState *qts = papr_start("-smp 1,maxcpus=2 -M call-stats=on");
    g_autoptr(QList) vcpus = NULL;

    qtest_qmp_assert_success(qts, "{ 'execute': 'device_add', 'arguments': {"
                             " 'driver': 'power10_v2.0-spapr-cpu-core',"
                             " 'core-id': 1, 'id': 'core' } }");
    papr_hcall(qts, 1, H_SET_SPRG0, 1);
    vcpus = query(qts, "vcpu", "");
    g_assert_cmpuint(qlist_size(vcpus), ==, 1);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/stats/off-and-on", test_off_and_on);
    qtest_add_func("pseries/stats/filters", test_filters);
    qtest_add_func("pseries/stats/schema", test_schema);
    qtest_add_func("pseries/stats/plugged", test_plugged);
    return g_test_run();
}
