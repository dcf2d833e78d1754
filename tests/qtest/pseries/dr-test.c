/*
 * Dynamic reconfiguration connectors, of the CPU cores present at start
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "libdr.h"

#define CPU_DRC(id) (0x10000000u | (id))

#define RAM_END 0x10000000u

/* Two cores of two threads, room for two more */
static QTestState *start(const char *more)
{
    return papr_start("-cpu POWER9 -smp 4,maxcpus=8,cores=4,threads=2 %s",
                      more);
}

static int32_t set_indicator(QTestState *qts, uint32_t type, uint32_t index,
                             uint32_t value)
{
    return papr_rtas(qts, "set-indicator", 1, NULL, type, index, value);
}

static void fresh_area(QTestState *qts, uint64_t area, uint32_t index)
{
    papr_st32(qts, area, index);
    papr_st32(qts, area + 4, 0);
}

static int32_t configure(QTestState *qts, uint32_t area, uint32_t extent)
{
    return papr_rtas(qts, "ibm,configure-connector", 1, NULL, area, extent);
}

/* Walk the rest of the node; returns how many properties, and "reg" in *@reg */
static unsigned walk(QTestState *qts, uint32_t *reg)
{
    unsigned n = 0;
    int32_t status;

    while ((status = dr_configure(qts)) == DR_PROPERTY) {
        g_autofree char *name = dr_area_string(qts, 2);
        uint32_t len = papr_ld32(qts, DR_AREA + 12);
        uint32_t at = papr_ld32(qts, DR_AREA + 16);

        g_assert_cmpuint(at + len, <=, DR_AREA_BYTES);
        if (!strcmp(name, "reg")) {
            g_assert_cmpuint(len, ==, 4);
            *reg = papr_ld32(qts, DR_AREA + at);
        }
        if (!strcmp(name, "device_type")) {
            g_autofree char *type = dr_area_string(qts, 4);

            g_assert_cmpstr(type, ==, "cpu");
        }
        g_assert_cmpuint(++n, <, 200);
    }
    g_assert_cmpint(status, ==, DR_COMPLETE);
    return n;
}

static void first_step(QTestState *qts, uint32_t index, const char *node)
{
    g_autofree char *name = NULL;

    dr_start_walk(qts, index);
    g_assert_cmpint(dr_configure(qts), ==, DR_CHILD);
    name = dr_area_string(qts, 2);
    g_assert_cmpstr(name, ==, node);
}

static void test_walk(void)
{
    QTestState *qts = start("");
    uint32_t reg = UINT32_MAX;
    unsigned n;

    first_step(qts, CPU_DRC(0), "PowerPC,POWER9@0");
    n = walk(qts, &reg);
    g_assert_cmpuint(n, >, 20);
    g_assert_cmpuint(reg, ==, 0);

    first_step(qts, CPU_DRC(2), "PowerPC,POWER9@2");
    g_assert_cmpuint(walk(qts, &reg), ==, n);
    g_assert_cmpuint(reg, ==, 2);

    /* a walk of a configured connector is the same */
    first_step(qts, CPU_DRC(2), "PowerPC,POWER9@2");
    g_assert_cmpuint(walk(qts, &reg), ==, n);
    qtest_quit(qts);
}

/* A walk may be abandoned and begun again; two walks may be interleaved */
static void test_interleaved(void)
{
    QTestState *qts = start("");
    const uint32_t other = DR_AREA + DR_AREA_BYTES;
    uint32_t reg = UINT32_MAX;
    unsigned n;

    first_step(qts, CPU_DRC(0), "PowerPC,POWER9@0");
    n = walk(qts, &reg);

    first_step(qts, CPU_DRC(0), "PowerPC,POWER9@0");
    g_assert_cmpint(dr_configure(qts), ==, DR_PROPERTY);
    first_step(qts, CPU_DRC(0), "PowerPC,POWER9@0");
    fresh_area(qts, other, CPU_DRC(2));
    g_assert_cmpint(configure(qts, other, 0), ==, DR_CHILD);
    /* the argument for more memory is no part of the address */
    g_assert_cmpint(configure(qts, other, DR_AREA + 2 * DR_AREA_BYTES), ==,
                    DR_PROPERTY);
    g_assert_cmpuint(walk(qts, &reg), ==, n);
    g_assert_cmpint(configure(qts, other, 0), ==, DR_PROPERTY);

    /* even two of the same connector */
    fresh_area(qts, other, CPU_DRC(0));
    g_assert_cmpint(configure(qts, other, 0), ==, DR_CHILD);
    first_step(qts, CPU_DRC(0), "PowerPC,POWER9@0");
    g_assert_cmpint(dr_configure(qts), ==, DR_PROPERTY);
    g_assert_cmpint(configure(qts, other, 0), ==, DR_PROPERTY);
    g_assert_cmpuint(walk(qts, &reg), ==, n - 1);
    qtest_quit(qts);
}

static void test_bad_area(void)
{
    static const uint32_t areas[] = {
        RAM_END - DR_AREA_BYTES + 1, RAM_END - 4, RAM_END, 0x80000000,
        UINT32_MAX, UINT32_MAX - DR_AREA_BYTES + 1,
    };
    static const uint32_t indexes[] = {
        0, CPU_DRC(1), CPU_DRC(3), CPU_DRC(8), CPU_DRC(0xfffffff),
        /* the 32nd host bridge (of 31), its slot; no memory; unknown type */
        0x2000001f, 0x401f0000, 0x80000000, 0xf0000000, UINT32_MAX,
    };
    static const uint32_t steps[] = { 1000, 0x80000000, UINT32_MAX };
    QTestState *qts = start("");
    uint32_t reg;

    for (int i = 0; i < ARRAY_SIZE(areas); i++) {
        g_assert_cmpint(configure(qts, areas[i], 0), ==, RTAS_PARAMETER_ERROR);
    }
    for (int i = 0; i < ARRAY_SIZE(indexes); i++) {
        dr_start_walk(qts, indexes[i]);
        g_assert_cmpint(dr_configure(qts), ==, RTAS_PARAMETER_ERROR);
    }
    for (int i = 0; i < ARRAY_SIZE(steps); i++) {
        dr_start_walk(qts, CPU_DRC(0));
        papr_st32(qts, DR_AREA + 4, steps[i]);
        g_assert_cmpint(dr_configure(qts), ==, RTAS_PARAMETER_ERROR);
    }
    /* good: the page at the very end of RAM; an unaligned address */
    fresh_area(qts, RAM_END - DR_AREA_BYTES, CPU_DRC(0));
    g_assert_cmpint(configure(qts, RAM_END - DR_AREA_BYTES, 0), ==, DR_CHILD);
    fresh_area(qts, DR_AREA + 3, CPU_DRC(0));
    g_assert_cmpint(configure(qts, DR_AREA + 3, 0), ==, DR_CHILD);

    first_step(qts, CPU_DRC(0), "PowerPC,POWER9@0");
    walk(qts, &reg);
    qtest_quit(qts);
}

static void test_empty(void)
{
    QTestState *qts = start("");

    dr_sense_is(qts, CPU_DRC(0), DR_PRESENT);
    dr_sense_is(qts, CPU_DRC(2), DR_PRESENT);
    dr_sense_is(qts, CPU_DRC(4), DR_UNUSABLE);
    dr_sense_is(qts, CPU_DRC(6), DR_UNUSABLE);
    dr_start_walk(qts, CPU_DRC(4));
    g_assert_cmpint(dr_configure(qts), ==, DR_NOT_CONFIGURABLE);
    g_assert_cmpint(set_indicator(qts, DR_ALLOCATION, CPU_DRC(4), 1), ==,
                    RTAS_NO_SUCH_INDICATOR);
    g_assert_cmpint(set_indicator(qts, DR_ISOLATION, CPU_DRC(4), 1), ==,
                    RTAS_NO_SUCH_INDICATOR);
    g_assert_cmpint(set_indicator(qts, DR_ISOLATION, CPU_DRC(4), 0), ==,
                    RTAS_SUCCESS);
    g_assert_cmpint(set_indicator(qts, DR_ALLOCATION, CPU_DRC(4), 0), ==,
                    RTAS_SUCCESS);
    dr_sense_is(qts, CPU_DRC(4), DR_UNUSABLE);
    qtest_quit(qts);
}

static void test_bad_arguments(void)
{
    static const uint32_t indexes[] = {
        0, 1, CPU_DRC(1), CPU_DRC(8), 0x2000001f, 0x401f0000, 0x80000000,
        UINT32_MAX,
    };
    static const uint32_t types[] = { 0, 1, 9000, 9004, 9999, UINT32_MAX };
    QTestState *qts = start("");

    for (int i = 0; i < ARRAY_SIZE(indexes); i++) {
        for (uint32_t type = DR_ISOLATION; type <= DR_ALLOCATION; type++) {
            g_assert_cmpint(set_indicator(qts, type, indexes[i], 0), ==,
                            RTAS_NO_SUCH_INDICATOR);
        }
        g_assert_cmpint(papr_rtas(qts, "get-sensor-state", 2, NULL,
                                  DR_ENTITY_SENSE, indexes[i]), ==,
                        RTAS_PARAMETER_ERROR);
    }
    for (int i = 0; i < ARRAY_SIZE(types); i++) {
        g_assert_cmpint(set_indicator(qts, types[i], CPU_DRC(0), 0), ==,
                        RTAS_NO_SUCH_INDICATOR);
        g_assert_cmpint(papr_rtas(qts, "get-sensor-state", 2, NULL, types[i],
                                  CPU_DRC(0)), ==, RTAS_PARAMETER_ERROR);
    }
    g_assert_cmpint(set_indicator(qts, DR_ISOLATION, CPU_DRC(0), 2), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(set_indicator(qts, DR_ALLOCATION, CPU_DRC(0), 3), ==,
                    RTAS_PARAMETER_ERROR);
    /* a logical connector has no DR indicator (light) */
    g_assert_cmpint(set_indicator(qts, DR_LIGHT, CPU_DRC(0), 1), ==,
                    RTAS_NO_SUCH_INDICATOR);
    /* too few arguments, no room for all results */
    g_assert_cmpint(papr_rtas(qts, "set-indicator", 1, NULL, DR_ISOLATION,
                              CPU_DRC(0)), ==, RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_rtas(qts, "get-sensor-state", 1, NULL, DR_ENTITY_SENSE,
                              CPU_DRC(0)), ==, RTAS_PARAMETER_ERROR);
    dr_sense_is(qts, CPU_DRC(0), DR_PRESENT);
    qtest_quit(qts);
}

/* Make a connector unusable: no unplug is requested, so the core stays */
static void put_away(QTestState *qts, uint32_t index)
{
    g_assert_cmpint(set_indicator(qts, DR_ALLOCATION, index, 0), ==,
                    RTAS_NO_SUCH_INDICATOR);
    g_assert_cmpint(set_indicator(qts, DR_ISOLATION, index, 0), ==,
                    RTAS_SUCCESS);
    dr_sense_is(qts, index, DR_PRESENT);
    dr_start_walk(qts, index);
    g_assert_cmpint(dr_configure(qts), ==, DR_NOT_CONFIGURABLE);
    g_assert_cmpint(set_indicator(qts, DR_ALLOCATION, index, 0), ==,
                    RTAS_SUCCESS);
    dr_sense_is(qts, index, DR_UNUSABLE);
}

/* No core can be released while one of its threads runs (R1-13.7.4.1.1-1) */
static void test_core_runs(void)
{
    QTestState *qts = start("");

    /* vCPU 0 is the caller; then the second thread of the other core */
    g_assert_cmpint(set_indicator(qts, DR_ISOLATION, CPU_DRC(0), 0), ==,
                    RTAS_HARDWARE_ERROR);
    g_assert_cmpint(papr_rtas(qts, "start-cpu", 1, NULL, 3, 0x100, 0), ==,
                    RTAS_SUCCESS);
    g_assert_cmpint(set_indicator(qts, DR_ISOLATION, CPU_DRC(2), 0), ==,
                    RTAS_HARDWARE_ERROR);
    g_assert_cmpint(set_indicator(qts, DR_ALLOCATION, CPU_DRC(2), 0), ==,
                    RTAS_HARDWARE_ERROR);
    dr_sense_is(qts, CPU_DRC(2), DR_PRESENT);
    qtest_quit(qts);
}

static void test_round_trip(void)
{
    QTestState *qts = start("");
    uint32_t reg;

    put_away(qts, CPU_DRC(2));
    dr_sense_is(qts, CPU_DRC(0), DR_PRESENT);
    g_assert_cmpint(set_indicator(qts, DR_ALLOCATION, CPU_DRC(2), 1), ==,
                    RTAS_SUCCESS);
    g_assert_cmpint(set_indicator(qts, DR_ISOLATION, CPU_DRC(2), 1), ==,
                    RTAS_SUCCESS);
    g_assert_cmpint(set_indicator(qts, DR_ISOLATION, CPU_DRC(2), 0), ==,
                    RTAS_PARAMETER_ERROR);
    first_step(qts, CPU_DRC(2), "PowerPC,POWER9@2");
    walk(qts, &reg);
    /* configured now */
    g_assert_cmpint(set_indicator(qts, DR_ISOLATION, CPU_DRC(2), 0), ==,
                    RTAS_SUCCESS);
    qtest_quit(qts);
}

static void test_reset(void)
{
    QTestState *qts = start("");
    uint32_t reg;

    put_away(qts, CPU_DRC(2));
    first_step(qts, CPU_DRC(0), "PowerPC,POWER9@0");
    g_assert_cmpint(dr_configure(qts), ==, DR_PROPERTY);
    qtest_system_reset(qts);
    dr_sense_is(qts, CPU_DRC(2), DR_PRESENT);
    dr_sense_is(qts, CPU_DRC(4), DR_UNUSABLE);
    first_step(qts, CPU_DRC(2), "PowerPC,POWER9@2");
    walk(qts, &reg);
    qtest_quit(qts);
}

/* Migrate an unusable connector, and one whose walk then continues */
static void test_migrate(void)
{
    QTestState *qts = start("");
    g_autofree char *dir = g_dir_make_tmp("papr-dr-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);
    uint32_t reg = UINT32_MAX;
    unsigned n;

    put_away(qts, CPU_DRC(2));
    first_step(qts, CPU_DRC(0), "PowerPC,POWER9@0");
    n = walk(qts, &reg);
    first_step(qts, CPU_DRC(0), "PowerPC,POWER9@0");
    g_assert_cmpint(dr_configure(qts), ==, DR_PROPERTY);
    g_assert_cmpint(dr_configure(qts), ==, DR_PROPERTY);

    papr_save(qts, file);
    qtest_quit(qts);

    qts = start("-incoming defer");
    g_assert_true(papr_load(qts, file));
    dr_sense_is(qts, CPU_DRC(2), DR_UNUSABLE);
    dr_sense_is(qts, CPU_DRC(0), DR_PRESENT);
    g_assert_cmpuint(walk(qts, &reg), ==, n - 2);
    g_assert_cmpint(set_indicator(qts, DR_ALLOCATION, CPU_DRC(2), 1), ==,
                    RTAS_SUCCESS);
    qtest_quit(qts);
    unlink(file);
    rmdir(dir);
}

/* A whole section as upstream's pseries sends it: a slot's DR indicator */
static GByteArray *light_section(uint32_t index)
{
    static const char name[] = "spapr_drc/physical";
    struct QEMU_PACKED {
        uint8_t full;
        uint32_t id;
        uint8_t length;
        char name[sizeof(name) - 1];
        uint32_t instance;
        uint32_t version;
        uint32_t light;
        uint8_t footer;
        uint32_t same_id;
    } section = {
        .full = 4,
        .id = cpu_to_be32(0x7000),
        .length = sizeof(name) - 1,
        .instance = cpu_to_be32(index),
        .version = cpu_to_be32(1),
        .light = cpu_to_be32(1),
        .footer = 0x7e,
        .same_id = cpu_to_be32(0x7000),
    };

    memcpy(section.name, name, sizeof(section.name));
    return g_byte_array_append(g_byte_array_new(), (uint8_t *)&section,
                               sizeof(section));
}

/* Insert before a connector's section, which is: 4, its id, 9, "spapr_drc" */
static void insert_section(const char *file, GByteArray *section)
{
    static const char name[] = "\011spapr_drc";
    g_autofree char *stream = NULL;
    g_autoptr(GByteArray) out = g_byte_array_new();
    size_t size, at;
    char *found;

    g_assert_true(g_file_get_contents(file, &stream, &size, NULL));
    found = memmem(stream, size, name, sizeof(name) - 1);
    g_assert_nonnull(found);
    at = found - stream - 5;
    g_assert_cmpint(stream[at], ==, 4);
    g_byte_array_append(out, (uint8_t *)stream, at);
    g_byte_array_append(out, section->data, section->len);
    g_byte_array_append(out, (uint8_t *)stream + at, size - at);
    g_assert_true(g_file_set_contents(file, (char *)out->data, out->len, NULL));
    g_byte_array_unref(section);
}

/* DR indicators of slots of any bus are ignored: no guest can read them */
static void test_lights(void)
{
    static const uint32_t slots[] = { 0x40000000, 0x40000048, 0x4f000008 };
    QTestState *qts = start("");
    g_autofree char *dir = g_dir_make_tmp("papr-dr-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);

    put_away(qts, CPU_DRC(2));
    papr_save(qts, file);
    qtest_quit(qts);
    for (int i = 0; i < ARRAY_SIZE(slots); i++) {
        insert_section(file, light_section(slots[i]));
    }

    qts = start("-incoming defer");
    g_assert_true(papr_load(qts, file));
    dr_sense_is(qts, CPU_DRC(2), DR_UNUSABLE);
    qtest_quit(qts);
    unlink(file);
    rmdir(dir);
}

/* Present cores and their threads have the QOM paths that management uses */
static void test_core_paths(void)
{
    QTestState *qts = start("");
    g_autoptr(QDict) slots = qtest_qmp(qts, "{ 'execute':"
                                            " 'query-hotpluggable-cpus' }");
    g_autoptr(QDict) threads = qtest_qmp(qts, "{ 'execute':"
                                              " 'query-cpus-fast' }");
    const QListEntry *entry;
    unsigned cores = 0, n = 0;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(slots, "return"), entry) {
        const QDict *slot = qobject_to(QDict, qlist_entry_obj(entry));
        const char *path = qdict_get_try_str(slot, "qom-path");

        if (path) {
            QDict *reply = qtest_qmp(qts, "{ 'execute': 'qom-get',"
                                          " 'arguments': { 'path': %s,"
                                          " 'property': 'core-id' } }", path);

            g_assert_cmpint(qdict_get_int(reply, "return"), ==,
                            qdict_get_int(qdict_get_qdict(slot, "props"),
                                          "core-id"));
            qobject_unref(reply);
            cores++;
        }
    }
    g_assert_cmpuint(cores, ==, 2);

    /* "/thread[N]" is below the path of a core */
    QLIST_FOREACH_ENTRY(qdict_get_qlist(threads, "return"), entry) {
        const QDict *thread = qobject_to(QDict, qlist_entry_obj(entry));
        const char *path = qdict_get_str(thread, "qom-path");
        const QListEntry *other;

        QLIST_FOREACH_ENTRY(qdict_get_qlist(slots, "return"), other) {
            const char *core = qdict_get_try_str(
                qobject_to(QDict, qlist_entry_obj(other)), "qom-path");

            if (core && g_str_has_prefix(path, core) &&
                g_str_has_prefix(path + strlen(core), "/thread[")) {
                n++;
            }
        }
    }
    g_assert_cmpuint(n, ==, 4);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/dr/core-paths", test_core_paths);
    qtest_add_func("pseries/dr/lights", test_lights);
    qtest_add_func("pseries/dr/walk", test_walk);
    qtest_add_func("pseries/dr/interleaved", test_interleaved);
    qtest_add_func("pseries/dr/bad-area", test_bad_area);
    qtest_add_func("pseries/dr/empty", test_empty);
    qtest_add_func("pseries/dr/bad-arguments", test_bad_arguments);
    qtest_add_func("pseries/dr/core-runs", test_core_runs);
    qtest_add_func("pseries/dr/round-trip", test_round_trip);
    qtest_add_func("pseries/dr/reset", test_reset);
    qtest_add_func("pseries/dr/migrate", test_migrate);
    return g_test_run();
}
