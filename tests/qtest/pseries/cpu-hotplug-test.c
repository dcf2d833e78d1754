/*
 * CPU cores, plugged and unplugged
 *
 * The test is the guest: it fetches events, drives the connectors, starts and
 * stops threads.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "libpapr.h"

#include <libfdt.h>

#define CPU_DRC(id) (0x10000000u | (id))

#define ISOLATION 9001
#define ALLOCATION 9003
#define ENTITY_SENSE 9003
enum { PRESENT = 1, UNUSABLE };

enum { COMPLETE, NEXT_CHILD = 2, NEXT_PROPERTY };
#define NOT_CONFIGURABLE (-9003)

#define AREA PAPR_TEST_RAM
#define AREA_BYTES 4096
#define LOG_BUFFER (AREA + AREA_BYTES)
#define LOG_BYTES 2048
#define CALL_BLOCK (LOG_BUFFER + LOG_BYTES)
#define VPA (AREA + 0x10000)

#define LOG_HOTPLUG 229
/* The hotplug section's body: behind fixed part, header, Main-A and Main-B */
#define LOG_SECTION (8 + 16 + 48 + 24 + 8)
enum { ADD = 1, REMOVE };

#define CORE "power9_v2.2-spapr-cpu-core"

/* Two cores of two threads, room for two more: cores 4 and 6 */
static QTestState *start(const char *more)
{
    return papr_start("-cpu POWER9 -smp 4,maxcpus=8,cores=4,threads=2 %s",
                      more);
}

static int32_t isolate(QTestState *qts, uint32_t id)
{
    return papr_rtas(qts, "set-indicator", 1, NULL, ISOLATION, CPU_DRC(id), 0);
}

static int32_t unisolate(QTestState *qts, uint32_t id)
{
    return papr_rtas(qts, "set-indicator", 1, NULL, ISOLATION, CPU_DRC(id), 1);
}

static int32_t allocate(QTestState *qts, uint32_t id, bool usable)
{
    return papr_rtas(qts, "set-indicator", 1, NULL, ALLOCATION, CPU_DRC(id),
                     usable);
}

static void sense_is(QTestState *qts, uint32_t id, uint32_t expected)
{
    uint32_t rets[2];

    g_assert_cmpint(papr_rtas(qts, "get-sensor-state", 2, rets, ENTITY_SENSE,
                              CPU_DRC(id)), ==, RTAS_SUCCESS);
    g_assert_cmpuint(rets[1], ==, expected);
}

static int32_t fetch_event(QTestState *qts)
{
    return papr_rtas(qts, "check-exception", 1, NULL, 0x500, 0, UINT32_MAX, 0,
                     LOG_BUFFER, LOG_BYTES);
}

static void no_event(QTestState *qts)
{
    g_assert_cmpint(fetch_event(qts), ==, RTAS_NO_ERRORS_FOUND);
}

/* The next event asks to take or give up this core: by index, type CPU */
static void event_is(QTestState *qts, uint8_t action, uint32_t id)
{
    g_assert_cmpint(fetch_event(qts), ==, RTAS_SUCCESS);
    g_assert_cmphex(papr_ld32(qts, LOG_BUFFER) & 0xff, ==, LOG_HOTPLUG);
    g_assert_cmphex(papr_ld32(qts, LOG_BUFFER + LOG_SECTION), ==,
                    1 << 24 | action << 16 | 2 << 8);
    g_assert_cmphex(papr_ld32(qts, LOG_BUFFER + LOG_SECTION + 4), ==,
                    CPU_DRC(id));
}

static int32_t configure(QTestState *qts)
{
    return papr_rtas(qts, "ibm,configure-connector", 1, NULL, AREA, 0);
}

static void start_walk(QTestState *qts, uint32_t id)
{
    papr_st32(qts, AREA, CPU_DRC(id));
    papr_st32(qts, AREA + 4, 0);
}

static char *area_string(QTestState *qts)
{
    char text[64] = "";

    qtest_memread(qts, AREA + papr_ld32(qts, AREA + 8), text, sizeof(text) - 1);
    return g_strdup(text);
}

/* The node of the core, name and properties, from where the walk is */
static GHashTable *walk(QTestState *qts, char **node)
{
    GHashTable *found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                              (GDestroyNotify)g_bytes_unref);
    int32_t status;

    while ((status = configure(qts)) > COMPLETE) {
        g_autofree char *name = area_string(qts);

        if (status == NEXT_CHILD) {
            g_assert_null(*node);
            *node = g_steal_pointer(&name);
        } else {
            uint32_t len = papr_ld32(qts, AREA + 12);
            uint8_t *value = g_malloc(len);

            g_assert_cmpint(status, ==, NEXT_PROPERTY);
            qtest_memread(qts, AREA + papr_ld32(qts, AREA + 16), value, len);
            g_hash_table_insert(found, g_steal_pointer(&name),
                                g_bytes_new_take(value, len));
        }
    }
    g_assert_cmpint(status, ==, COMPLETE);
    return found;
}

static uint32_t cell(GHashTable *found, const char *name, unsigned at)
{
    GBytes *value = g_hash_table_lookup(found, name);
    size_t size;
    const uint32_t *cells;

    g_assert_nonnull(value);
    cells = g_bytes_get_data(value, &size);
    g_assert_cmpuint(size, >=, 4 * (at + 1));
    return be32_to_cpu(cells[at]);
}

/* As a guest takes it that has been told of it; its node, whole */
static GHashTable *take(QTestState *qts, uint32_t id)
{
    g_autofree char *expected = g_strdup_printf("PowerPC,POWER9@%x", id);
    g_autofree char *node = NULL;
    GHashTable *found;

    g_assert_cmpint(allocate(qts, id, true), ==, RTAS_SUCCESS);
    g_assert_cmpint(unisolate(qts, id), ==, RTAS_SUCCESS);
    start_walk(qts, id);
    found = walk(qts, &node);
    g_assert_cmpstr(node, ==, expected);
    g_assert_cmphex(cell(found, "reg", 0), ==, id);
    g_assert_cmphex(cell(found, "ibm,my-drc-index", 0), ==, CPU_DRC(id));
    sense_is(qts, id, PRESENT);
    return found;
}

static void give_back(QTestState *qts, uint32_t id)
{
    g_assert_cmpint(isolate(qts, id), ==, RTAS_SUCCESS);
    g_assert_cmpint(allocate(qts, id, false), ==, RTAS_SUCCESS);
    sense_is(qts, id, UNUSABLE);
}

static int32_t start_cpu(QTestState *qts, uint32_t id)
{
    return papr_rtas(qts, "start-cpu", 1, NULL, id, 0x100, 0x1230 + id);
}

/* -1 for a vCPU that is not there */
static int stopped_state(QTestState *qts, uint32_t id)
{
    uint32_t rets[2];

    if (papr_rtas(qts, "query-cpu-stopped-state", 2, rets, id) !=
        RTAS_SUCCESS) {
        return -1;
    }
    return rets[1];
}

/* The number of "stop-self", from the tree that the guest starts with */
static uint32_t stop_token(QTestState *qts)
{
    g_autofree void *fdt = papr_tree(qts);
    const uint32_t *token = fdt_getprop(fdt, papr_tree_node(fdt, "/rtas"),
                                        "stop-self", NULL);

    g_assert_nonnull(token);
    return be32_to_cpu(*token);
}

/* A call that the vCPU @cpu (by index) makes itself, without arguments */
static void call_by(QTestState *qts, unsigned cpu, uint32_t token)
{
    papr_st32(qts, CALL_BLOCK, token);
    papr_st32(qts, CALL_BLOCK + 4, 0);
    papr_st32(qts, CALL_BLOCK + 8, 1);
    g_assert_cmpint(papr_hcall(qts, cpu, H_RTAS, CALL_BLOCK), ==, H_SUCCESS);
}

static void stop_self(QTestState *qts, unsigned cpu)
{
    call_by(qts, cpu, stop_token(qts));
}

static void deleted(QTestState *qts, const char *id)
{
    QDict *event = qtest_qmp_eventwait_ref(qts, "DEVICE_DELETED");

    while (g_strcmp0(qdict_get_try_str(qdict_get_qdict(event, "data"),
                                       "device"), id)) {
        qobject_unref(event);
        event = qtest_qmp_eventwait_ref(qts, "DEVICE_DELETED");
    }
    qobject_unref(event);
}

static void refused(QTestState *qts, const char *id)
{
    QDict *event = qtest_qmp_eventwait_ref(qts, "DEVICE_UNPLUG_GUEST_ERROR");

    g_assert_cmpstr(qdict_get_str(qdict_get_qdict(event, "data"), "device"),
                    ==, id);
    qobject_unref(event);
}

static void expect_error(QDict *answer, const char *text)
{
    const char *desc;

    g_assert_true(qdict_haskey(answer, "error"));
    desc = qdict_get_str(qdict_get_qdict(answer, "error"), "desc");
    if (!strstr(desc, text)) {
        g_test_message("\"%s\" is not about \"%s\"", desc, text);
        g_assert_not_reached();
    }
    qobject_unref(answer);
}

static void del(QTestState *qts, const char *id)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'device_del', 'arguments': "
                             "{ 'id': %s } }", id);
}

static void del_fails(QTestState *qts, const char *id, const char *text)
{
    expect_error(qtest_qmp(qts, "{ 'execute': 'device_del', 'arguments': "
                           "{ 'id': %s } }", id), text);
}

#define add_fails(qts, text, driver, ...)                                    \
    expect_error(qtest_qmp(qts, "{ 'execute': 'device_add', 'arguments': "   \
                           "{ 'driver': %s, 'id': 'bad', " __VA_ARGS__ "} }",\
                           driver), text)

static void add(QTestState *qts, const char *id, int core_id)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'device_add', 'arguments': "
                             "{ 'driver': '" CORE "', 'id': %s, "
                             "'core-id': %d } }", id, core_id);
}

/* Of query-hotpluggable-cpus: where the core is, to be freed; NULL: free */
static char *core_path(QTestState *qts, int core_id)
{
    g_autoptr(QDict) slots = qtest_qmp(qts, "{ 'execute':"
                                            " 'query-hotpluggable-cpus' }");
    const QListEntry *entry;
    char *path = NULL;
    unsigned n = 0;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(slots, "return"), entry) {
        const QDict *slot = qobject_to(QDict, qlist_entry_obj(entry));

        if (qdict_get_int(qdict_get_qdict(slot, "props"), "core-id") ==
            core_id) {
            g_assert_cmpstr(qdict_get_str(slot, "type"), ==, CORE);
            g_assert_cmpint(qdict_get_int(slot, "vcpus-count"), ==, 2);
            path = g_strdup(qdict_get_try_str(slot, "qom-path"));
            n++;
        }
    }
    g_assert_cmpuint(n, ==, 1);
    return path;
}

static void slot_is(QTestState *qts, int core_id, const char *expected)
{
    g_autofree char *path = core_path(qts, core_id);

    g_assert_cmpstr(path, ==, expected);
}

static size_t count_vcpus(QTestState *qts)
{
    g_autoptr(QDict) answer = qtest_qmp(qts, "{ 'execute':"
                                             " 'query-cpus-fast' }");

    return qlist_size(qdict_get_qlist(answer, "return"));
}

/* Does the tree that the guest starts with have the core? */
static bool in_tree(QTestState *qts, uint32_t id)
{
    g_autofree void *fdt = papr_tree(qts);
    g_autofree char *path = g_strdup_printf("/cpus/PowerPC,POWER9@%x", id);

    return fdt_path_offset(fdt, path) >= 0;
}

static void test_add_remove(void)
{
    QTestState *qts = start("");

    for (int i = 0; i < 6; i++) {
        g_autoptr(GHashTable) node = NULL;

        sense_is(qts, 4, UNUSABLE);
        slot_is(qts, 4, NULL);
        add(qts, "hot", 4);
        slot_is(qts, 4, "/machine/peripheral/hot");
        g_assert_cmpuint(count_vcpus(qts), ==, 6);
        event_is(qts, ADD, 4);
        no_event(qts);
        sense_is(qts, 4, UNUSABLE);
        g_assert_cmpint(stopped_state(qts, 5), ==, 0);
        start_walk(qts, 4);
        g_assert_cmpint(configure(qts), ==, NOT_CONFIGURABLE);

        node = take(qts, 4);
        g_assert_cmphex(cell(node, "ibm,ppc-interrupt-server#s", 1), ==, 5);
        g_assert_cmphex(cell(node, "cpu-version", 0), ==, 0x004e1202);
        g_assert_cmpint(start_cpu(qts, 4), ==, RTAS_SUCCESS);
        g_assert_cmpint(start_cpu(qts, 5), ==, RTAS_SUCCESS);

        del(qts, "hot");
        event_is(qts, REMOVE, 4);
        no_event(qts);
        stop_self(qts, 5);
        /* the other thread runs */
        g_assert_cmpint(isolate(qts, 4), ==, RTAS_HARDWARE_ERROR);
        stop_self(qts, 4);
        g_assert_cmpint(isolate(qts, 4), ==, RTAS_SUCCESS);
        slot_is(qts, 4, "/machine/peripheral/hot");
        g_assert_cmpint(allocate(qts, 4, false), ==, RTAS_SUCCESS);
        g_assert_cmpint(stopped_state(qts, 4), ==, -1);
        deleted(qts, "hot");
        slot_is(qts, 4, NULL);
        g_assert_cmpuint(count_vcpus(qts), ==, 4);
        g_assert_cmpint(allocate(qts, 4, true), ==, RTAS_NO_SUCH_INDICATOR);
        no_event(qts);
    }
    qtest_quit(qts);
}

/* A thread is started only when the guest has taken its core */
static void test_start_cpu(void)
{
    QTestState *qts = start("");
    g_autoptr(GHashTable) node = NULL;

    g_assert_cmpint(start_cpu(qts, 4), ==, RTAS_PARAMETER_ERROR);
    add(qts, "hot", 4);
    g_assert_cmpint(start_cpu(qts, 4), ==, RTAS_HARDWARE_ERROR);
    g_assert_cmpint(allocate(qts, 4, true), ==, RTAS_SUCCESS);
    g_assert_cmpint(start_cpu(qts, 4), ==, RTAS_HARDWARE_ERROR);
    node = take(qts, 4);
    g_assert_cmpint(start_cpu(qts, 4), ==, RTAS_SUCCESS);

    /* of one that was there from the start likewise */
    g_assert_cmpint(isolate(qts, 2), ==, RTAS_SUCCESS);
    g_assert_cmpint(start_cpu(qts, 2), ==, RTAS_HARDWARE_ERROR);
    g_assert_cmpint(unisolate(qts, 2), ==, RTAS_SUCCESS);
    g_assert_cmpint(start_cpu(qts, 2), ==, RTAS_SUCCESS);
    qtest_quit(qts);
}

/* The guest need not be asked for what it doesn't have */
static void test_never_taken(void)
{
    QTestState *qts = start("-device " CORE ",core-id=4,id=cold");

    add(qts, "hot", 6);
    del(qts, "hot");
    deleted(qts, "hot");
    event_is(qts, ADD, 6);
    no_event(qts);
    g_assert_cmpint(allocate(qts, 6, true), ==, RTAS_NO_SUCH_INDICATOR);

    /* put away by itself */
    sense_is(qts, 4, PRESENT);
    give_back(qts, 4);
    del(qts, "cold");
    deleted(qts, "cold");
    no_event(qts);
    slot_is(qts, 4, NULL);
    qtest_quit(qts);
}

/* A guest may keep a core, and be asked again; or say nothing at all */
static void test_refusals(void)
{
    QTestState *qts = start("");
    g_autoptr(GHashTable) node = NULL, again = NULL;

    add(qts, "hot", 4);
    event_is(qts, ADD, 4);
    node = take(qts, 4);
    for (int i = 0; i < 3; i++) {
        del(qts, "hot");
        event_is(qts, REMOVE, 4);
    }
    g_assert_cmpint(unisolate(qts, 4), ==, RTAS_SUCCESS);
    refused(qts, "hot");
    /* not asked any more: what it puts away is still its own */
    give_back(qts, 4);
    slot_is(qts, 4, "/machine/peripheral/hot");
    again = take(qts, 4);
    no_event(qts);

    del(qts, "hot");
    event_is(qts, REMOVE, 4);
    give_back(qts, 4);
    deleted(qts, "hot");
    qtest_quit(qts);
}

/* All but the first core, those of -smp too, by the path that QMP tells */
static void test_cold(void)
{
    QTestState *qts = start("-device " CORE ",core-id=6,id=cold");
    g_autofree char *boot = core_path(qts, 0);
    g_autofree char *second = core_path(qts, 2);

    no_event(qts);
    slot_is(qts, 6, "/machine/peripheral/cold");
    slot_is(qts, 4, NULL);
    g_assert_true(in_tree(qts, 0));
    g_assert_true(in_tree(qts, 2));
    g_assert_false(in_tree(qts, 4));
    g_assert_true(in_tree(qts, 6));
    g_assert_cmpuint(count_vcpus(qts), ==, 6);

    del_fails(qts, boot, "Boot CPU core may not be unplugged");
    no_event(qts);
    g_assert_cmpint(start_cpu(qts, 3), ==, RTAS_SUCCESS);
    del(qts, second);
    event_is(qts, REMOVE, 2);
    stop_self(qts, 3);
    give_back(qts, 2);
    qtest_qmp_eventwait(qts, "DEVICE_DELETED");
    slot_is(qts, 2, NULL);
    g_assert_cmpuint(count_vcpus(qts), ==, 4);

    del(qts, "cold");
    event_is(qts, REMOVE, 6);
    give_back(qts, 6);
    deleted(qts, "cold");

    /* and in other places again */
    add(qts, "second", 2);
    event_is(qts, ADD, 2);
    g_hash_table_unref(take(qts, 2));
    g_assert_cmpint(start_cpu(qts, 3), ==, RTAS_SUCCESS);
    qtest_quit(qts);
}

/* What was asked for is done with at a reset; what is there is the guest's */
static void test_reset(void)
{
    QTestState *qts = start("-device " CORE ",core-id=6,id=cold");
    g_autofree char *second = core_path(qts, 2);

    add(qts, "hot", 4);
    del(qts, "cold");
    del(qts, second);
    g_assert_cmpint(start_cpu(qts, 3), ==, RTAS_SUCCESS);
    qtest_system_reset(qts);
    /* of the machine's own cores first, or last: in any order */
    deleted(qts, "cold");
    no_event(qts);
    sense_is(qts, 4, PRESENT);
    sense_is(qts, 6, UNUSABLE);
    sense_is(qts, 2, UNUSABLE);
    g_assert_true(in_tree(qts, 4));
    g_assert_false(in_tree(qts, 2));
    g_assert_false(in_tree(qts, 6));
    g_assert_cmpint(stopped_state(qts, 3), ==, -1);
    g_assert_cmpint(start_cpu(qts, 5), ==, RTAS_SUCCESS);
    slot_is(qts, 6, NULL);

    /* half way in either direction */
    add(qts, "half", 6);
    g_assert_cmpint(allocate(qts, 6, true), ==, RTAS_SUCCESS);
    g_assert_cmpint(unisolate(qts, 6), ==, RTAS_SUCCESS);
    start_walk(qts, 6);
    g_assert_cmpint(configure(qts), ==, NEXT_CHILD);
    stop_self(qts, 5);
    del(qts, "hot");
    g_assert_cmpint(isolate(qts, 4), ==, RTAS_SUCCESS);
    qtest_system_reset(qts);
    deleted(qts, "hot");
    sense_is(qts, 6, PRESENT);
    sense_is(qts, 4, UNUSABLE);
    g_assert_true(in_tree(qts, 6));
    g_assert_cmpint(start_cpu(qts, 6), ==, RTAS_SUCCESS);
    qtest_quit(qts);
}

/* Not started yet: no guest to be asked, but it may be told */
static void test_before_start(void)
{
    QTestState *qts = start("-S");

    add(qts, "hot", 4);
    add(qts, "gone", 6);
    del(qts, "gone");
    deleted(qts, "gone");
    qtest_qmp_assert_success(qts, "{ 'execute': 'cont' }");
    event_is(qts, ADD, 4);
    g_hash_table_unref(take(qts, 4));
    qtest_quit(qts);
}

static void test_errors(void)
{
    QTestState *qts = start("-device " CORE ",core-id=6,id=cold");

    add_fails(qts, "CPU core type should be " CORE,
              "power8_v2.0-spapr-cpu-core", "'core-id': 4");
    add_fails(qts, "invalid core id 5", CORE, "'core-id': 5");
    add_fails(qts, "core id 8 out of range", CORE, "'core-id': 8");
    add_fails(qts, "core id 2147483646 out of range", CORE,
              "'core-id': 2147483646");
    add_fails(qts, "nvalid core id -2", CORE, "'core-id': -2");
    add_fails(qts, "nvalid core id 4294967300", CORE, "'core-id': 4294967300");
    add_fails(qts, "Invalid number of threads 4294967298", CORE,
              "'core-id': 4, 'nr-threads': 4294967298");
    add_fails(qts, "core-id", CORE, "'core-id': 'four'");
    add_fails(qts, "core 0 already populated", CORE, "'core-id': 0");
    add_fails(qts, "core 0 already populated", CORE, "'nr-threads': 2");
    add_fails(qts, "core 6 already populated", CORE, "'core-id': 6");
    add_fails(qts, "invalid nr-threads 1, must be 2", CORE,
              "'core-id': 4, 'nr-threads': 1");
    add_fails(qts, "invalid nr-threads 4, must be 2", CORE,
              "'core-id': 4, 'nr-threads': 4");
    add_fails(qts, "thread-id", CORE, "'core-id': 4, 'thread-id': 0");
    add_fails(qts, "node-id", CORE, "'core-id': 4, 'node-id': 1");
    add_fails(qts, "abstract", "spapr-cpu-core", "'core-id': 4");
    add_fails(qts, "pluggable device type", "power9_v2.2-powerpc64-cpu",
              "'core-id': 4");
    no_event(qts);
    sense_is(qts, 4, UNUSABLE);
    g_assert_cmpuint(count_vcpus(qts), ==, 6);

    /* what failed left nothing behind */
    add(qts, "bad", 4);
    event_is(qts, ADD, 4);
    del(qts, "bad");
    deleted(qts, "bad");
    del_fails(qts, "bad", "not found");
    qtest_quit(qts);
}

static void test_command_line(void)
{
    static const struct {
        const char *options, *text;
    } cases[] = {
        { "-device " CORE ",core-id=0", "core 0 already populated" },
        { "-device " CORE ",core-id=4 -device " CORE ",core-id=4",
          "core 4 already populated" },
        { "-device " CORE ",core-id=99", "invalid core id 99" },
        { "-device " CORE ",core-id=98", "core id 98 out of range" },
        { "-device power8_v2.0-spapr-cpu-core,core-id=4",
          "CPU core type should be " CORE },
        { "-device " CORE ",core-id=4,nr-threads=8",
          "invalid nr-threads 8, must be 2" },
        { "-device " CORE ",core-id=4,node-id=3", "node-id" },
    };

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        g_autofree char *options = g_strdup_printf(
            "-cpu POWER9 -smp 4,maxcpus=8,cores=4,threads=2 %s",
            cases[i].options);
        g_autofree char *said = papr_refused(options);

        g_assert_nonnull(strstr(said, cases[i].text));
        /* one line */
        g_assert_true(strchr(said, '\n') == said + strlen(said) - 1);
    }
}

/* Node of the core, by the machine's options; of a free place, too */
static void test_numa(void)
{
    QTestState *qts = papr_start(
        "-smp 1,maxcpus=4 -cpu POWER9 "
        "-object memory-backend-ram,size=256M,id=m0 "
        "-numa node,nodeid=0,memdev=m0 -numa node,nodeid=1 "
        "-numa cpu,node-id=0,core-id=0 -numa cpu,node-id=1,core-id=1 "
        "-numa cpu,node-id=0,core-id=2 -numa cpu,node-id=1,core-id=3");
    uint64_t regs[PAPR_HCALL_REGS] = { 1, 1 };
    g_autoptr(GHashTable) node = NULL;

    add_fails(qts, "node-id", CORE, "'core-id': 1, 'node-id': 0");
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_HOME_NODE_ASSOCIATIVITY, regs),
                    ==, H_P2);
    add(qts, "hot", 1);
    event_is(qts, ADD, 1);
    node = take(qts, 1);
    /* FORM2: two domains, node and vCPU */
    g_assert_cmpuint(cell(node, "ibm,associativity", 0), ==, 2);
    g_assert_cmpuint(cell(node, "ibm,associativity", 1), ==, 1);
    g_assert_cmpuint(cell(node, "ibm,associativity", 2), ==, 1);
    regs[0] = regs[1] = 1;
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_HOME_NODE_ASSOCIATIVITY, regs),
                    ==, H_SUCCESS);
    g_assert_cmphex(regs[0], ==, 1ull << 32 | 1);
    g_assert_cmphex(regs[1], ==, UINT64_MAX);
    qtest_quit(qts);
}

static char *registers(QTestState *qts, unsigned cpu)
{
    return qtest_hmp(qts, "info registers %u", cpu);
}

static uint64_t lpcr(QTestState *qts, unsigned cpu)
{
    g_autofree char *regs = registers(qts, cpu);
    const char *at = strstr(regs, "LPCR ");

    g_assert_nonnull(at);
    return g_ascii_strtoull(at + 5, NULL, 16);
}

#define LPCR_ILE (1ull << 25)
#define LPCR_AIL (3ull << 23)

/* What the guest has set for all its processors is so for one that comes */
static void test_partition_state(void)
{
    QTestState *qts = start("");

    /* interrupts little-endian, and at 0xc000... */
    g_assert_cmpint(papr_hcall(qts, 0, H_SET_MODE, 1, 4), ==, H_SUCCESS);
    g_assert_cmpint(papr_hcall(qts, 0, H_SET_MODE, 3, 3), ==, H_SUCCESS);
    g_assert_cmphex(lpcr(qts, 0) & (LPCR_ILE | LPCR_AIL), ==,
                    LPCR_ILE | LPCR_AIL);
    add(qts, "hot", 4);
    g_hash_table_unref(take(qts, 4));
    for (unsigned cpu = 4; cpu < 6; cpu++) {
        g_assert_cmphex(lpcr(qts, cpu) & (LPCR_ILE | LPCR_AIL), ==,
                        LPCR_ILE | LPCR_AIL);
        g_assert_cmpint(start_cpu(qts, cpu), ==, RTAS_SUCCESS);
        g_assert_cmphex(lpcr(qts, cpu), ==, lpcr(qts, 0));
    }

    /* the next guest starts anew */
    qtest_system_reset(qts);
    g_assert_cmphex(lpcr(qts, 4) & (LPCR_ILE | LPCR_AIL), ==, 0);
    g_assert_cmphex(lpcr(qts, 4), ==, lpcr(qts, 2));
    qtest_quit(qts);
}

/* max-cpu-compat holds for a core that comes hot, or by -device */
static void test_compat(void)
{
    QTestState *qts = papr_start("-cpu POWER9 -smp 1,maxcpus=3 "
                                 "-machine max-cpu-compat=power8 "
                                 "-device " CORE ",core-id=2");
    g_autoptr(GHashTable) hot = NULL;
    g_autofree void *fdt = papr_tree(qts);
    const uint32_t *cold;

    add(qts, "hot", 1);
    hot = take(qts, 1);
    cold = fdt_getprop(fdt, papr_tree_node(fdt, "/cpus/PowerPC,POWER9@2"),
                       "cpu-version", NULL);
    g_assert_nonnull(cold);
    g_assert_cmphex(be32_to_cpu(*cold), ==, 0x0f000004);
    g_assert_cmphex(cell(hot, "cpu-version", 0), ==, 0x0f000004);
    qtest_quit(qts);
}

/* What a vCPU had registered is gone with it; calls about it fail */
static void test_calls(void)
{
    QTestState *qts = papr_start("-cpu POWER9 -smp 1,maxcpus=2");

    for (int i = 0; i < 2; i++) {
        add(qts, "hot", 1);
        g_hash_table_unref(take(qts, 1));
        papr_st32(qts, VPA + 4, 640 << 16);
        /* a log needs a VPA, and there is none yet */
        papr_st32(qts, VPA + 0x1004, 64);
        g_assert_cmpint(papr_hcall(qts, 0, H_REGISTER_VPA, 2ull << 45, 1,
                                   VPA + 0x1000), ==, H_RESOURCE);
        g_assert_cmpint(papr_hcall(qts, 0, H_REGISTER_VPA, 1ull << 45, 1, VPA),
                        ==, H_SUCCESS);
        g_assert_cmpint(papr_hcall(qts, 0, H_REGISTER_VPA, 2ull << 45, 1,
                                   VPA + 0x1000), ==, H_SUCCESS);
        g_assert_cmpint(start_cpu(qts, 1), ==, RTAS_SUCCESS);
        g_assert_cmpint(papr_hcall(qts, 0, H_PROD, 1), ==, H_SUCCESS);
        g_assert_cmpint(papr_hcall(qts, 0, H_SIGNAL_SYS_RESET, 1), ==,
                        H_SUCCESS);
        stop_self(qts, 1);
        del(qts, "hot");
        give_back(qts, 1);

        g_assert_cmpint(papr_hcall(qts, 0, H_PROD, 1), ==, H_PARAMETER);
        g_assert_cmpint(papr_hcall(qts, 0, H_CONFER, 1, 1), ==, H_PARAMETER);
        g_assert_cmpint(papr_hcall(qts, 0, H_SIGNAL_SYS_RESET, 1), ==,
                        H_PARAMETER);
        g_assert_cmpint(papr_hcall(qts, 0, H_REGISTER_VPA, 1ull << 45, 1, VPA),
                        ==, H_PARAMETER);
        g_assert_cmpint(start_cpu(qts, 1), ==, RTAS_PARAMETER_ERROR);
        deleted(qts, "hot");
    }
    qtest_quit(qts);
}

/* The core goes at either side of a stream, or comes, half way in any case */
static void test_migrate(void)
{
    QTestState *qts = start("");
    g_autofree char *second = core_path(qts, 2);
    g_autofree char *dir = g_dir_make_tmp("papr-cpu-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);
    g_autofree char *node = NULL;
    g_autoptr(GHashTable) told = NULL, half = NULL;

    add(qts, "told", 4);
    add(qts, "half", 6);
    del(qts, second);
    g_assert_cmpint(allocate(qts, 6, true), ==, RTAS_SUCCESS);
    g_assert_cmpint(unisolate(qts, 6), ==, RTAS_SUCCESS);
    start_walk(qts, 6);
    g_assert_cmpint(configure(qts), ==, NEXT_CHILD);
    g_assert_cmpint(configure(qts), ==, NEXT_PROPERTY);
    g_assert_cmpint(isolate(qts, 2), ==, RTAS_SUCCESS);
    papr_save(qts, file);
    qtest_quit(qts);

    qts = start("-incoming defer -device " CORE ",core-id=4,id=told");
    /* however it comes there, it is the stream that counts */
    add(qts, "half", 6);
    g_assert_true(papr_load(qts, file));
    event_is(qts, ADD, 4);
    event_is(qts, ADD, 6);
    event_is(qts, REMOVE, 2);
    no_event(qts);
    g_assert_cmpint(start_cpu(qts, 2), ==, RTAS_HARDWARE_ERROR);
    g_assert_cmpint(start_cpu(qts, 4), ==, RTAS_HARDWARE_ERROR);
    g_assert_cmpint(start_cpu(qts, 6), ==, RTAS_SUCCESS);
    half = walk(qts, &node);
    g_assert_null(node);
    told = take(qts, 4);
    g_assert_cmpint(start_cpu(qts, 5), ==, RTAS_SUCCESS);
    g_assert_cmpint(allocate(qts, 2, false), ==, RTAS_SUCCESS);
    qtest_qmp_eventwait(qts, "DEVICE_DELETED");
    slot_is(qts, 2, NULL);
    qtest_quit(qts);
    unlink(file);
    rmdir(dir);
}

#define EPOW 0x1000u
#define XIRR_EPOW 0xff001000u

static uint32_t accept_irq(QTestState *qts, unsigned cpu)
{
    uint64_t regs[PAPR_HCALL_REGS] = { 0 };

    g_assert_cmpint(papr_hcall(qts, cpu, H_CPPR, 0xff), ==, H_SUCCESS);
    g_assert_cmpint(papr_hcall_regs(qts, cpu, H_XIRR, regs), ==, H_SUCCESS);
    return regs[0];
}

static int32_t set_xive(QTestState *qts, uint32_t irq, uint32_t server)
{
    return papr_rtas(qts, "ibm,set-xive", 1, NULL, irq, server, 5);
}

/* An interrupt that a vCPU goes with waits for another one */
static void test_xics(void)
{
    QTestState *qts = papr_start("-machine ic-mode=xics -cpu POWER9 "
                                 "-smp 1,maxcpus=2");

    for (int i = 0; i < 2; i++) {
        add(qts, "hot", 1);
        g_hash_table_unref(take(qts, 1));
        g_assert_cmpint(start_cpu(qts, 1), ==, RTAS_SUCCESS);
        g_assert_cmpint(papr_hcall(qts, 1, H_CPPR, 0xff), ==, H_SUCCESS);
        g_assert_cmpint(set_xive(qts, EPOW, 1), ==, RTAS_SUCCESS);
        if (i) {
            /* presented already when the vCPU goes */
            qtest_qmp_assert_success(qts, "{ 'execute': 'system_powerdown' }");
            qtest_qmp_eventwait(qts, "POWERDOWN");
        }
        stop_self(qts, 1);
        del(qts, "hot");
        give_back(qts, 1);
        deleted(qts, "hot");
        if (!i) {
            qtest_qmp_assert_success(qts, "{ 'execute': 'system_powerdown' }");
            qtest_qmp_eventwait(qts, "POWERDOWN");
        }
        g_assert_cmpint(set_xive(qts, EPOW, 1), ==, RTAS_PARAMETER_ERROR);
        g_assert_cmpint(papr_hcall(qts, 0, H_IPI, 1, 5), ==, H_PARAMETER);
        g_assert_cmphex(accept_irq(qts, 0), ==, 0xff000000);
        g_assert_cmpint(set_xive(qts, EPOW, 0), ==, RTAS_SUCCESS);
        g_assert_cmphex(accept_irq(qts, 0), ==, XIRR_EPOW);
        g_assert_cmpint(papr_hcall(qts, 0, H_EOI, XIRR_EPOW), ==, H_SUCCESS);
    }
    qtest_quit(qts);
}

#define QUEUE 0x1030000u
#define IPI 0u
#define ESB_PQ_00 0xc00
#define PRIO 6

static int64_t set_queue(QTestState *qts, unsigned server)
{
    return papr_hcall(qts, 0, H_INT_SET_QUEUE_CONFIG, 1, server, PRIO, QUEUE,
                      16);
}

static int64_t route(QTestState *qts, unsigned server)
{
    return papr_hcall(qts, 0, H_INT_SET_SOURCE_CONFIG, 2, IPI, server, PRIO,
                      0x1234);
}

/* The source of an inter-processor interrupt, ready and triggered */
static void fire(QTestState *qts)
{
    uint64_t regs[PAPR_HCALL_REGS] = { 0, IPI };

    g_assert_cmpint(papr_hcall_regs(qts, 0, H_INT_GET_SOURCE_INFO, regs), ==,
                    H_SUCCESS);
    qtest_readq(qts, regs[1] + ESB_PQ_00);
    qtest_writeq(qts, regs[2], 0);
}

/* An event for a vCPU that has gone is nobody's, nor in its queue's memory */
static void test_xive(void)
{
    QTestState *qts = papr_start("-machine ic-mode=xive -cpu POWER9 "
                                 "-smp 1,maxcpus=2");

    for (int i = 0; i < 2; i++) {
        g_assert_cmpint(set_queue(qts, 1), ==, H_P2);
        add(qts, "hot", 1);
        g_hash_table_unref(take(qts, 1));
        g_assert_cmpint(start_cpu(qts, 1), ==, RTAS_SUCCESS);
        qtest_memset(qts, QUEUE, 0, 0x10000);
        g_assert_cmpint(set_queue(qts, 1), ==, H_SUCCESS);
        g_assert_cmpint(route(qts, 1), ==, H_SUCCESS);
        fire(qts);
        g_assert_cmphex(papr_ld32(qts, QUEUE) & 0xffff, ==, 0x1234);
        stop_self(qts, 1);
        del(qts, "hot");
        give_back(qts, 1);
        deleted(qts, "hot");

        qtest_memset(qts, QUEUE, 0, 0x10000);
        fire(qts);
        for (int word = 0; word < 4; word++) {
            g_assert_cmphex(papr_ld32(qts, QUEUE + 4 * word), ==, 0);
        }
        g_assert_cmpint(route(qts, 1), !=, H_SUCCESS);
        g_assert_cmpint(set_queue(qts, 0), ==, H_SUCCESS);
        g_assert_cmpint(route(qts, 0), ==, H_SUCCESS);
        fire(qts);
        g_assert_cmphex(papr_ld32(qts, QUEUE) & 0xffff, ==, 0x1234);
    }
    qtest_quit(qts);
}

#define RTAS_BASE 0x400000u
#define CHECK_HANDLER "NIP 0000000000003100"

static void await_handler(QTestState *qts, unsigned cpu)
{
    for (;;) {
        g_autofree char *regs = registers(qts, cpu);

        if (strstr(regs, CHECK_HANDLER)) {
            return;
        }
        g_usleep(1000);
    }
}

static void place_rtas(QTestState *qts)
{
    char tree[512];

    fdt_create(tree, sizeof(tree));
    fdt_finish_reservemap(tree);
    fdt_begin_node(tree, "");
    fdt_begin_node(tree, "rtas");
    fdt_property_u32(tree, "linux,rtas-base", RTAS_BASE);
    fdt_end_node(tree);
    fdt_end_node(tree);
    fdt_finish(tree);
    qtest_memwrite(qts, QUEUE, tree, fdt_totalsize(tree));
    g_assert_cmpint(papr_hcall(qts, 0, H_UPDATE_DT, QUEUE), ==, H_SUCCESS);
}

/*
 * A vCPU that goes in the middle of its machine check lets go of the area in
 * which it was told; one that waits for the area can't go.
 */
static void test_machine_check(void)
{
    QTestState *qts = papr_start("-cpu POWER9 -smp 2,maxcpus=3");
    uint32_t stop = stop_token(qts);

    add(qts, "hot", 2);
    g_hash_table_unref(take(qts, 2));
    g_assert_cmpint(start_cpu(qts, 1), ==, RTAS_SUCCESS);
    g_assert_cmpint(start_cpu(qts, 2), ==, RTAS_SUCCESS);
    place_rtas(qts);
    g_assert_cmpint(papr_rtas(qts, "ibm,nmi-register", 1, NULL, 0x3000, 0x3100),
                    ==, RTAS_SUCCESS);
    papr_machine_check(qts, 2, true);
    await_handler(qts, 2);
    papr_machine_check(qts, 1, true);
    g_assert_cmpint(isolate(qts, 1), ==, RTAS_HARDWARE_ERROR);

    del(qts, "hot");
    call_by(qts, 2, stop);
    give_back(qts, 2);
    deleted(qts, "hot");
    await_handler(qts, 1);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/cpu-hotplug/add-remove", test_add_remove);
    qtest_add_func("pseries/cpu-hotplug/start-cpu", test_start_cpu);
    qtest_add_func("pseries/cpu-hotplug/never-taken", test_never_taken);
    qtest_add_func("pseries/cpu-hotplug/refusals", test_refusals);
    qtest_add_func("pseries/cpu-hotplug/cold", test_cold);
    qtest_add_func("pseries/cpu-hotplug/reset", test_reset);
    qtest_add_func("pseries/cpu-hotplug/before-start", test_before_start);
    qtest_add_func("pseries/cpu-hotplug/errors", test_errors);
    qtest_add_func("pseries/cpu-hotplug/command-line", test_command_line);
    qtest_add_func("pseries/cpu-hotplug/numa", test_numa);
    qtest_add_func("pseries/cpu-hotplug/partition", test_partition_state);
    qtest_add_func("pseries/cpu-hotplug/compat", test_compat);
    qtest_add_func("pseries/cpu-hotplug/calls", test_calls);
    qtest_add_func("pseries/cpu-hotplug/migrate", test_migrate);
    qtest_add_func("pseries/cpu-hotplug/xics", test_xics);
    qtest_add_func("pseries/cpu-hotplug/xive", test_xive);
    qtest_add_func("pseries/cpu-hotplug/machine-check", test_machine_check);
    return g_test_run();
}
