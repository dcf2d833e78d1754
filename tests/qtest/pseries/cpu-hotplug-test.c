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
#include "libdr.h"

#include <libfdt.h>

#define CPU_DRC(id) (0x10000000u | (id))

#define CALL_BLOCK DR_RAM_END
#define VPA (PAPR_TEST_RAM + 0x10000)

#define CORE "power9_v2.2-spapr-cpu-core"

/* Two cores of two threads, room for two more: cores 4 and 6 */
static QTestState *start(const char *more)
{
    return papr_start("-cpu POWER9 -smp 4,maxcpus=8,cores=4,threads=2 %s",
                      more);
}

/* The next event asks to take or give up this core */
static void event_is(QTestState *qts, uint8_t action, uint32_t id)
{
    dr_event_is(qts, DR_CPU, action, DR_BY_INDEX, CPU_DRC(id));
}

/* A cell of the core's node, as take() found it */
static uint32_t cell(GHashTable *found, uint32_t id, const char *name,
                     unsigned at)
{
    g_autofree char *path = g_strdup_printf("PowerPC,POWER9@%x/%s", id, name);

    return dr_cell(found, path, at);
}

/* As a guest takes it that has been told of it; its node, whole */
static GHashTable *take(QTestState *qts, uint32_t id)
{
    GHashTable *found;

    g_assert_cmpint(dr_allocate(qts, CPU_DRC(id), true), ==, RTAS_SUCCESS);
    g_assert_cmpint(dr_unisolate(qts, CPU_DRC(id)), ==, RTAS_SUCCESS);
    dr_start_walk(qts, CPU_DRC(id));
    found = dr_walk(qts);
    g_assert_cmphex(cell(found, id, "reg", 0), ==, id);
    g_assert_cmphex(cell(found, id, "ibm,my-drc-index", 0), ==, CPU_DRC(id));
    dr_sense_is(qts, CPU_DRC(id), DR_PRESENT);
    return found;
}

static void give_back(QTestState *qts, uint32_t id)
{
    g_assert_cmpint(dr_isolate(qts, CPU_DRC(id)), ==, RTAS_SUCCESS);
    g_assert_cmpint(dr_allocate(qts, CPU_DRC(id), false), ==, RTAS_SUCCESS);
    dr_sense_is(qts, CPU_DRC(id), DR_UNUSABLE);
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

#define add_fails(qts, text, driver, ...)                                    \
    qmp_fails(qtest_qmp(qts, "{ 'execute': 'device_add', 'arguments': "      \
                        "{ 'driver': %s, 'id': 'bad', " __VA_ARGS__ "} }",   \
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

        dr_sense_is(qts, CPU_DRC(4), DR_UNUSABLE);
        slot_is(qts, 4, NULL);
        add(qts, "hot", 4);
        slot_is(qts, 4, "/machine/peripheral/hot");
        g_assert_cmpuint(count_vcpus(qts), ==, 6);
        event_is(qts, DR_ADD, 4);
        dr_no_event(qts);
        dr_sense_is(qts, CPU_DRC(4), DR_UNUSABLE);
        g_assert_cmpint(stopped_state(qts, 5), ==, 0);
        dr_start_walk(qts, CPU_DRC(4));
        g_assert_cmpint(dr_configure(qts), ==, DR_NOT_CONFIGURABLE);

        node = take(qts, 4);
        g_assert_cmphex(cell(node, 4, "ibm,ppc-interrupt-server#s", 1), ==, 5);
        g_assert_cmphex(cell(node, 4, "cpu-version", 0), ==, 0x004e1202);
        g_assert_cmpint(start_cpu(qts, 4), ==, RTAS_SUCCESS);
        g_assert_cmpint(start_cpu(qts, 5), ==, RTAS_SUCCESS);

        device_del(qts, "hot");
        event_is(qts, DR_REMOVE, 4);
        dr_no_event(qts);
        stop_self(qts, 5);
        /* the other thread runs */
        g_assert_cmpint(dr_isolate(qts, CPU_DRC(4)), ==, RTAS_HARDWARE_ERROR);
        stop_self(qts, 4);
        g_assert_cmpint(dr_isolate(qts, CPU_DRC(4)), ==, RTAS_SUCCESS);
        slot_is(qts, 4, "/machine/peripheral/hot");
        g_assert_cmpint(dr_allocate(qts, CPU_DRC(4), false), ==, RTAS_SUCCESS);
        g_assert_cmpint(stopped_state(qts, 4), ==, -1);
        device_deleted(qts, "hot");
        slot_is(qts, 4, NULL);
        g_assert_cmpuint(count_vcpus(qts), ==, 4);
        g_assert_cmpint(dr_allocate(qts, CPU_DRC(4), true), ==,
                        RTAS_NO_SUCH_INDICATOR);
        dr_no_event(qts);
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
    g_assert_cmpint(dr_allocate(qts, CPU_DRC(4), true), ==, RTAS_SUCCESS);
    g_assert_cmpint(start_cpu(qts, 4), ==, RTAS_HARDWARE_ERROR);
    node = take(qts, 4);
    g_assert_cmpint(start_cpu(qts, 4), ==, RTAS_SUCCESS);

    /* of one that was there from the start likewise */
    g_assert_cmpint(dr_isolate(qts, CPU_DRC(2)), ==, RTAS_SUCCESS);
    g_assert_cmpint(start_cpu(qts, 2), ==, RTAS_HARDWARE_ERROR);
    g_assert_cmpint(dr_unisolate(qts, CPU_DRC(2)), ==, RTAS_SUCCESS);
    g_assert_cmpint(start_cpu(qts, 2), ==, RTAS_SUCCESS);
    qtest_quit(qts);
}

/* The guest need not be asked for what it doesn't have */
static void test_never_taken(void)
{
    QTestState *qts = start("-device " CORE ",core-id=4,id=cold");

    add(qts, "hot", 6);
    device_del(qts, "hot");
    device_deleted(qts, "hot");
    event_is(qts, DR_ADD, 6);
    dr_no_event(qts);
    g_assert_cmpint(dr_allocate(qts, CPU_DRC(6), true), ==,
                    RTAS_NO_SUCH_INDICATOR);

    /* put away by itself */
    dr_sense_is(qts, CPU_DRC(4), DR_PRESENT);
    give_back(qts, 4);
    device_del(qts, "cold");
    device_deleted(qts, "cold");
    dr_no_event(qts);
    slot_is(qts, 4, NULL);
    qtest_quit(qts);
}

/* A guest may keep a core, and be asked again; or say nothing at all */
static void test_refusals(void)
{
    QTestState *qts = start("");
    g_autoptr(GHashTable) node = NULL, again = NULL;

    add(qts, "hot", 4);
    event_is(qts, DR_ADD, 4);
    node = take(qts, 4);
    for (int i = 0; i < 3; i++) {
        device_del(qts, "hot");
        event_is(qts, DR_REMOVE, 4);
    }
    g_assert_cmpint(dr_unisolate(qts, CPU_DRC(4)), ==, RTAS_SUCCESS);
    qmp_event_of(qts, "DEVICE_UNPLUG_GUEST_ERROR", "hot");
    /* not asked any more: what it puts away is still its own */
    give_back(qts, 4);
    slot_is(qts, 4, "/machine/peripheral/hot");
    again = take(qts, 4);
    dr_no_event(qts);

    device_del(qts, "hot");
    event_is(qts, DR_REMOVE, 4);
    give_back(qts, 4);
    device_deleted(qts, "hot");
    qtest_quit(qts);
}

/* All but the first core, those of -smp too, by the path that QMP tells */
static void test_cold(void)
{
    QTestState *qts = start("-device " CORE ",core-id=6,id=cold");
    g_autofree char *boot = core_path(qts, 0);
    g_autofree char *second = core_path(qts, 2);

    dr_no_event(qts);
    slot_is(qts, 6, "/machine/peripheral/cold");
    slot_is(qts, 4, NULL);
    g_assert_true(in_tree(qts, 0));
    g_assert_true(in_tree(qts, 2));
    g_assert_false(in_tree(qts, 4));
    g_assert_true(in_tree(qts, 6));
    g_assert_cmpuint(count_vcpus(qts), ==, 6);

    device_del_fails(qts, boot, "Boot CPU core may not be unplugged");
    dr_no_event(qts);
    g_assert_cmpint(start_cpu(qts, 3), ==, RTAS_SUCCESS);
    device_del(qts, second);
    event_is(qts, DR_REMOVE, 2);
    stop_self(qts, 3);
    give_back(qts, 2);
    qtest_qmp_eventwait(qts, "DEVICE_DELETED");
    slot_is(qts, 2, NULL);
    g_assert_cmpuint(count_vcpus(qts), ==, 4);

    device_del(qts, "cold");
    event_is(qts, DR_REMOVE, 6);
    give_back(qts, 6);
    device_deleted(qts, "cold");

    /* and in other places again */
    add(qts, "second", 2);
    event_is(qts, DR_ADD, 2);
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
    device_del(qts, "cold");
    device_del(qts, second);
    g_assert_cmpint(start_cpu(qts, 3), ==, RTAS_SUCCESS);
    qtest_system_reset(qts);
    /* of the machine's own cores first, or last: in any order */
    device_deleted(qts, "cold");
    dr_no_event(qts);
    dr_sense_is(qts, CPU_DRC(4), DR_PRESENT);
    dr_sense_is(qts, CPU_DRC(6), DR_UNUSABLE);
    dr_sense_is(qts, CPU_DRC(2), DR_UNUSABLE);
    g_assert_true(in_tree(qts, 4));
    g_assert_false(in_tree(qts, 2));
    g_assert_false(in_tree(qts, 6));
    g_assert_cmpint(stopped_state(qts, 3), ==, -1);
    g_assert_cmpint(start_cpu(qts, 5), ==, RTAS_SUCCESS);
    slot_is(qts, 6, NULL);

    /* half way in either direction */
    add(qts, "half", 6);
    g_assert_cmpint(dr_allocate(qts, CPU_DRC(6), true), ==, RTAS_SUCCESS);
    g_assert_cmpint(dr_unisolate(qts, CPU_DRC(6)), ==, RTAS_SUCCESS);
    dr_start_walk(qts, CPU_DRC(6));
    g_assert_cmpint(dr_configure(qts), ==, DR_CHILD);
    stop_self(qts, 5);
    device_del(qts, "hot");
    g_assert_cmpint(dr_isolate(qts, CPU_DRC(4)), ==, RTAS_SUCCESS);
    qtest_system_reset(qts);
    device_deleted(qts, "hot");
    dr_sense_is(qts, CPU_DRC(6), DR_PRESENT);
    dr_sense_is(qts, CPU_DRC(4), DR_UNUSABLE);
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
    device_del(qts, "gone");
    device_deleted(qts, "gone");
    qtest_qmp_assert_success(qts, "{ 'execute': 'cont' }");
    event_is(qts, DR_ADD, 4);
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
    dr_no_event(qts);
    dr_sense_is(qts, CPU_DRC(4), DR_UNUSABLE);
    g_assert_cmpuint(count_vcpus(qts), ==, 6);

    /* what failed left nothing behind */
    add(qts, "bad", 4);
    event_is(qts, DR_ADD, 4);
    device_del(qts, "bad");
    device_deleted(qts, "bad");
    device_del_fails(qts, "bad", "not found");
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
    event_is(qts, DR_ADD, 1);
    node = take(qts, 1);
    /* FORM2: two domains, node and vCPU */
    g_assert_cmpuint(cell(node, 1, "ibm,associativity", 0), ==, 2);
    g_assert_cmpuint(cell(node, 1, "ibm,associativity", 1), ==, 1);
    g_assert_cmpuint(cell(node, 1, "ibm,associativity", 2), ==, 1);
    regs[0] = regs[1] = 1;
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_HOME_NODE_ASSOCIATIVITY, regs),
                    ==, H_SUCCESS);
    g_assert_cmphex(regs[0], ==, 1ull << 32 | 1);
    g_assert_cmphex(regs[1], ==, UINT64_MAX);
    qtest_quit(qts);
}

/* Told by the event that takes the interrupt of others, it is the same */
static void test_old_events(void)
{
    QTestState *qts = start("-machine modern-hotplug-events=off");

    add(qts, "hot", 4);
    event_is(qts, DR_ADD, 4);
    g_hash_table_unref(take(qts, 4));
    g_assert_cmpint(start_cpu(qts, 5), ==, RTAS_SUCCESS);
    device_del(qts, "hot");
    event_is(qts, DR_REMOVE, 4);
    dr_no_event(qts);
    stop_self(qts, 5);
    give_back(qts, 4);
    device_deleted(qts, "hot");
    qtest_quit(qts);
}

/* The type of the cores that the machine takes, to be freed */
static char *core_type(QTestState *qts)
{
    g_autoptr(QDict) slots = qtest_qmp(qts, "{ 'execute':"
                                            " 'query-hotpluggable-cpus' }");
    const QListEntry *first = qlist_first(qdict_get_qlist(slots, "return"));

    return g_strdup(qdict_get_str(qobject_to(QDict, qlist_entry_obj(first)),
                                  "type"));
}

/* Cores of eight threads, one from the start and one that comes and goes */
static void eight_threads(const char *model, const char *type, const char *node)
{
    g_autofree char *servers = g_strdup_printf(
        "%s@10/ibm,ppc-interrupt-server#s", node);
    QTestState *qts = papr_start("-cpu %s -smp 8,maxcpus=32,threads=8,cores=4 "
                                 "-device %s,core-id=8,id=cold", model, type);
    g_autofree char *real_type = core_type(qts);

    g_assert_cmpstr(real_type, ==, type);
    g_assert_cmpuint(count_vcpus(qts), ==, 16);
    g_assert_cmpint(start_cpu(qts, 15), ==, RTAS_SUCCESS);
    for (int i = 0; i < 2; i++) {
        g_autoptr(GHashTable) found = NULL;

        qtest_qmp_device_add(qts, type, "hot", "{ 'core-id': 16 }");
        event_is(qts, DR_ADD, 16);
        g_assert_cmpuint(count_vcpus(qts), ==, 24);
        g_assert_cmpint(dr_allocate(qts, CPU_DRC(16), true), ==, RTAS_SUCCESS);
        g_assert_cmpint(dr_unisolate(qts, CPU_DRC(16)), ==, RTAS_SUCCESS);
        dr_start_walk(qts, CPU_DRC(16));
        found = dr_walk(qts);
        for (unsigned thread = 0; thread < 8; thread++) {
            g_assert_cmpuint(dr_cell(found, servers, thread), ==, 16 + thread);
            g_assert_cmpint(start_cpu(qts, 16 + thread), ==, RTAS_SUCCESS);
        }
        device_del(qts, "hot");
        event_is(qts, DR_REMOVE, 16);
        for (unsigned thread = 0; thread < 8; thread++) {
            /* until the last one has stopped */
            g_assert_cmpint(dr_isolate(qts, CPU_DRC(16)), ==,
                            RTAS_HARDWARE_ERROR);
            stop_self(qts, 16 + thread);
        }
        give_back(qts, 16);
        device_deleted(qts, "hot");
        g_assert_cmpuint(count_vcpus(qts), ==, 16);
    }
    device_del(qts, "cold");
    event_is(qts, DR_REMOVE, 8);
    stop_self(qts, 15);
    give_back(qts, 8);
    device_deleted(qts, "cold");
    qtest_quit(qts);
}

static void test_eight_threads(void)
{
    eight_threads("POWER8", "power8_v2.0-spapr-cpu-core", "PowerPC,POWER8");
    eight_threads("POWER9", CORE, "PowerPC,POWER9");
    eight_threads("Power10", "power10_v2.0-spapr-cpu-core", "PowerPC,POWER10");
}

/* A guest that negotiates in the middle: what it was asked for is gone then */
static void test_cas(void)
{
    static const uint8_t says[] = {
        0xff, 0xff, 0, 0, 0, 0x4e, 0, 0,        /* any POWER9 */
        0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 5,  /* architecture 3.00 */
        0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
        4,                                      /* five vectors */
        2, 0, 0xff, 0xc0,
        0, 0, 0, 0, 0, 0,
        25, 0, 0x20, 0, 0, 0xa0, 0x05, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0x80, 0x40, 0x40, 0, 0x40,
    };
    QTestState *qts = start("-device " CORE ",core-id=6,id=cold");

    add(qts, "hot", 4);
    device_del(qts, "cold");
    g_assert_cmpint(start_cpu(qts, 7), ==, RTAS_SUCCESS);
    qtest_memwrite(qts, VPA, says, sizeof(says));
    /* not while another thread runs; and nothing is done with the requests */
    g_assert_cmpint(papr_hcall(qts, 0, H_CAS, VPA, VPA + 0x10000, 0x100000),
                    ==, H_MULTI_THREADS_ACTIVE);
    event_is(qts, DR_ADD, 4);
    event_is(qts, DR_REMOVE, 6);
    stop_self(qts, 7);
    g_assert_cmpint(dr_isolate(qts, CPU_DRC(6)), ==, RTAS_SUCCESS);
    g_assert_cmpint(papr_hcall(qts, 0, H_CAS, VPA, VPA + 0x10000, 0x100000),
                    ==, H_SUCCESS);
    device_deleted(qts, "cold");
    dr_no_event(qts);
    slot_is(qts, 6, NULL);
    dr_sense_is(qts, CPU_DRC(6), DR_UNUSABLE);
    /* the one that came is there, as from the start */
    dr_sense_is(qts, CPU_DRC(4), DR_PRESENT);
    g_assert_true(in_tree(qts, 4));
    g_assert_false(in_tree(qts, 6));
    g_assert_cmpint(start_cpu(qts, 5), ==, RTAS_SUCCESS);
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
    g_assert_cmphex(cell(hot, 1, "cpu-version", 0), ==, 0x0f000004);
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
        device_del(qts, "hot");
        give_back(qts, 1);

        g_assert_cmpint(papr_hcall(qts, 0, H_PROD, 1), ==, H_PARAMETER);
        g_assert_cmpint(papr_hcall(qts, 0, H_CONFER, 1, 1), ==, H_PARAMETER);
        g_assert_cmpint(papr_hcall(qts, 0, H_SIGNAL_SYS_RESET, 1), ==,
                        H_PARAMETER);
        g_assert_cmpint(papr_hcall(qts, 0, H_REGISTER_VPA, 1ull << 45, 1, VPA),
                        ==, H_PARAMETER);
        g_assert_cmpint(start_cpu(qts, 1), ==, RTAS_PARAMETER_ERROR);
        device_deleted(qts, "hot");
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
    g_autoptr(GHashTable) told = NULL, half = NULL;

    add(qts, "told", 4);
    add(qts, "half", 6);
    device_del(qts, second);
    g_assert_cmpint(dr_allocate(qts, CPU_DRC(6), true), ==, RTAS_SUCCESS);
    g_assert_cmpint(dr_unisolate(qts, CPU_DRC(6)), ==, RTAS_SUCCESS);
    dr_start_walk(qts, CPU_DRC(6));
    g_assert_cmpint(dr_configure(qts), ==, DR_CHILD);
    g_assert_cmpint(dr_configure(qts), ==, DR_PROPERTY);
    g_assert_cmpint(dr_isolate(qts, CPU_DRC(2)), ==, RTAS_SUCCESS);
    papr_save(qts, file);
    qtest_quit(qts);

    qts = start("-incoming defer -device " CORE ",core-id=4,id=told");
    /* however it comes there, it is the stream that counts */
    add(qts, "half", 6);
    g_assert_true(papr_load(qts, file));
    event_is(qts, DR_ADD, 4);
    event_is(qts, DR_ADD, 6);
    event_is(qts, DR_REMOVE, 2);
    dr_no_event(qts);
    g_assert_cmpint(start_cpu(qts, 2), ==, RTAS_HARDWARE_ERROR);
    g_assert_cmpint(start_cpu(qts, 4), ==, RTAS_HARDWARE_ERROR);
    g_assert_cmpint(start_cpu(qts, 6), ==, RTAS_SUCCESS);
    half = dr_walk(qts);
    told = take(qts, 4);
    g_assert_cmpint(start_cpu(qts, 5), ==, RTAS_SUCCESS);
    g_assert_cmpint(dr_allocate(qts, CPU_DRC(2), false), ==, RTAS_SUCCESS);
    qtest_qmp_eventwait(qts, "DEVICE_DELETED");
    slot_is(qts, 2, NULL);
    qtest_quit(qts);
    unlink(file);
    rmdir(dir);
}

/*
 * The guest releases a core while a stream is made: it goes at the other
 * side, or at this one if the stream comes to nothing.
 */
static void test_migrate_let_go(void)
{
    static const char options[] = "-device " CORE ",core-id=4,id=going";
    QTestState *qts = start(options);
    g_autofree char *dir = g_dir_make_tmp("papr-cpu-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);

    for (int cancel = 1; cancel >= 0; cancel--) {
        device_del(qts, "going");
        event_is(qts, DR_REMOVE, 4);
        papr_save_begin(qts, file);
        give_back(qts, 4);
        g_assert_cmpint(stopped_state(qts, 4), ==, -1);
        g_assert_cmpint(dr_allocate(qts, CPU_DRC(4), true), ==,
                        RTAS_NO_SUCH_INDICATOR);
        slot_is(qts, 4, "/machine/peripheral/going");
        if (cancel) {
            papr_save_cancel(qts);
            device_deleted(qts, "going");
            slot_is(qts, 4, NULL);
            add(qts, "going", 4);
            event_is(qts, DR_ADD, 4);
            g_hash_table_unref(take(qts, 4));
            g_assert_cmpint(start_cpu(qts, 4), ==, RTAS_SUCCESS);
            stop_self(qts, 4);
        } else {
            papr_save_end(qts);
            /* it stays where nothing runs any more */
            slot_is(qts, 4, "/machine/peripheral/going");
        }
    }
    qtest_quit(qts);

    qts = start("-device " CORE ",core-id=4,id=going -incoming defer");
    g_assert_true(papr_load(qts, file));
    g_assert_cmpint(dr_allocate(qts, CPU_DRC(4), true), ==,
                    RTAS_NO_SUCH_INDICATOR);
    g_assert_cmpint(start_cpu(qts, 4), <, 0);
    device_deleted(qts, "going");
    slot_is(qts, 4, NULL);
    g_assert_cmpuint(count_vcpus(qts), ==, 4);
    add(qts, "again", 4);
    event_is(qts, DR_ADD, 4);
    g_hash_table_unref(take(qts, 4));
    g_assert_cmpint(start_cpu(qts, 4), ==, RTAS_SUCCESS);
    qtest_quit(qts);
    unlink(file);
    rmdir(dir);
}

/*
 * Snapshots of each step of an unplug, loaded after the guest has gone on; and
 * when the core is gone, for which they all are refused
 */
static void test_snapshot(void)
{
    QTestState *qts = start("-device " CORE ",core-id=4,id=going");
    g_autofree char *dir = g_dir_make_tmp("papr-cpu-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "image", NULL);
    g_autofree char *error = NULL;

    papr_add_image(qts, file);
    papr_snapshot(qts, "snapshot-save", "idle");
    device_del(qts, "going");
    papr_snapshot(qts, "snapshot-save", "asked");
    g_assert_cmpint(dr_isolate(qts, CPU_DRC(4)), ==, RTAS_SUCCESS);
    papr_snapshot(qts, "snapshot-save", "isolated");

    papr_snapshot(qts, "snapshot-load", "idle");
    dr_no_event(qts);
    g_assert_cmpint(start_cpu(qts, 5), ==, RTAS_SUCCESS);
    device_del(qts, "going");
    event_is(qts, DR_REMOVE, 4);
    g_assert_cmpint(dr_isolate(qts, CPU_DRC(4)), <, 0);

    papr_snapshot(qts, "snapshot-load", "asked");
    event_is(qts, DR_REMOVE, 4);
    g_assert_cmpint(start_cpu(qts, 5), ==, RTAS_SUCCESS);
    g_assert_cmpint(dr_unisolate(qts, CPU_DRC(4)), ==, RTAS_SUCCESS);
    qmp_event_of(qts, "DEVICE_UNPLUG_GUEST_ERROR", "going");

    papr_snapshot(qts, "snapshot-load", "isolated");
    g_assert_cmpint(start_cpu(qts, 5), <, 0);
    g_assert_cmpint(dr_allocate(qts, CPU_DRC(4), false), ==, RTAS_SUCCESS);
    device_deleted(qts, "going");
    slot_is(qts, 4, NULL);

    error = papr_snapshot_error(qts, "snapshot-load", "idle");
    g_assert_nonnull(error);
    qtest_quit(qts);
    unlink(file);
    rmdir(dir);
}

/* A stream can't ask for what no user can: to unplug the boot core */
static void test_migrate_bad(void)
{
    static const char section[] = "\011spapr_drc\020\0\0\002";
    QTestState *qts = start("");
    g_autofree char *second = core_path(qts, 2);
    g_autofree char *dir = g_dir_make_tmp("papr-cpu-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);
    g_autofree char *stream = NULL;
    size_t size;
    char *found;

    device_del(qts, second);
    papr_save(qts, file);
    qtest_quit(qts);
    g_assert_true(g_file_get_contents(file, &stream, &size, NULL));
    found = memmem(stream, size, section, sizeof(section) - 1);
    g_assert_nonnull(found);
    found[sizeof(section) - 2] = 0;
    g_assert_true(g_file_set_contents(file, stream, size, NULL));

    qts = start("-incoming defer");
    g_assert_false(papr_load(qts, file));
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
        device_del(qts, "hot");
        give_back(qts, 1);
        device_deleted(qts, "hot");
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
        device_del(qts, "hot");
        give_back(qts, 1);
        device_deleted(qts, "hot");

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
 * A vCPU that goes in the middle of its machine check releases the area in
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
    g_assert_cmpint(dr_isolate(qts, CPU_DRC(1)), ==, RTAS_HARDWARE_ERROR);

    device_del(qts, "hot");
    call_by(qts, 2, stop);
    give_back(qts, 2);
    device_deleted(qts, "hot");
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
    qtest_add_func("pseries/cpu-hotplug/old-events", test_old_events);
    qtest_add_func("pseries/cpu-hotplug/eight-threads", test_eight_threads);
    qtest_add_func("pseries/cpu-hotplug/cas", test_cas);
    qtest_add_func("pseries/cpu-hotplug/partition", test_partition_state);
    qtest_add_func("pseries/cpu-hotplug/compat", test_compat);
    qtest_add_func("pseries/cpu-hotplug/calls", test_calls);
    qtest_add_func("pseries/cpu-hotplug/migrate", test_migrate);
    qtest_add_func("pseries/cpu-hotplug/migrate-let-go", test_migrate_let_go);
    qtest_add_func("pseries/cpu-hotplug/migrate-bad", test_migrate_bad);
    qtest_add_func("pseries/cpu-hotplug/snapshot", test_snapshot);
    qtest_add_func("pseries/cpu-hotplug/xics", test_xics);
    qtest_add_func("pseries/cpu-hotplug/xive", test_xive);
    qtest_add_func("pseries/cpu-hotplug/machine-check", test_machine_check);
    return g_test_run();
}
