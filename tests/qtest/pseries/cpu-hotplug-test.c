/*
 * CPU cores, plugged and unplugged
 *
 * The test acts as the guest: it fetches events, sets connectors' states, and
 * starts and stops threads.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <libfdt.h>
#include "libcores.h"

#define add_fails(qts, text, driver, ...)                                    \
    qmp_fails(qtest_qmp(qts, "{ 'execute': 'device_add', 'arguments': "      \
                        "{ 'driver': %s, 'id': 'bad', " __VA_ARGS__ "} }",   \
                        driver), text)

/* Does the current device tree have the core? */
static bool core_in_tree(QTestState *qts, uint32_t id)
{
    g_autofree void *fdt = papr_tree(qts);
    g_autofree char *path = g_strdup_printf("/cpus/PowerPC,POWER9@%x", id);

    return fdt_path_offset(fdt, path) >= 0;
}

static void test_add_remove(void)
{
    QTestState *qts = start_cores("");

    for (int i = 0; i < 6; i++) {
        g_autoptr(GHashTable) node = NULL;

        dr_sense_is(qts, CPU_DRC(4), DR_UNUSABLE);
        slot_is(qts, 4, NULL);
        add_core(qts, "hot", 4);
        slot_is(qts, 4, "/machine/peripheral/hot");
        g_assert_cmpuint(count_vcpus(qts), ==, 6);
        core_event_is(qts, DR_ADD, 4);
        dr_no_event(qts);
        dr_sense_is(qts, CPU_DRC(4), DR_UNUSABLE);
        g_assert_cmpint(stopped_state(qts, 5), ==, 0);
        dr_start_walk(qts, CPU_DRC(4));
        g_assert_cmpint(dr_configure(qts), ==, DR_NOT_CONFIGURABLE);

        node = take_core(qts, 4);
        g_assert_cmphex(core_cell(node, 4, "ibm,ppc-interrupt-server#s", 1),
                        ==, 5);
        g_assert_cmphex(core_cell(node, 4, "cpu-version", 0), ==, 0x004e1202);
        g_assert_cmpint(start_cpu(qts, 4), ==, RTAS_SUCCESS);
        g_assert_cmpint(start_cpu(qts, 5), ==, RTAS_SUCCESS);

        device_del(qts, "hot");
        core_event_is(qts, DR_REMOVE, 4);
        dr_no_event(qts);
        stop_self(qts, 5);
        /* thread 4 still runs */
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

/* A thread starts only if its core's connector is unisolated or configured */
static void test_start_cpu(void)
{
    QTestState *qts = start_cores("");
    g_autoptr(GHashTable) node = NULL;

    g_assert_cmpint(start_cpu(qts, 4), ==, RTAS_PARAMETER_ERROR);
    add_core(qts, "hot", 4);
    g_assert_cmpint(start_cpu(qts, 4), ==, RTAS_HARDWARE_ERROR);
    g_assert_cmpint(dr_allocate(qts, CPU_DRC(4), true), ==, RTAS_SUCCESS);
    g_assert_cmpint(start_cpu(qts, 4), ==, RTAS_HARDWARE_ERROR);
    node = take_core(qts, 4);
    g_assert_cmpint(start_cpu(qts, 4), ==, RTAS_SUCCESS);

    /* likewise a thread of a core from the start */
    g_assert_cmpint(dr_isolate(qts, CPU_DRC(2)), ==, RTAS_SUCCESS);
    g_assert_cmpint(start_cpu(qts, 2), ==, RTAS_HARDWARE_ERROR);
    g_assert_cmpint(dr_unisolate(qts, CPU_DRC(2)), ==, RTAS_SUCCESS);
    g_assert_cmpint(start_cpu(qts, 2), ==, RTAS_SUCCESS);
    qtest_quit(qts);
}

/* A core that the guest does not have is removed at once, without an event */
static void test_never_taken(void)
{
    QTestState *qts = start_cores("-device " CORE ",core-id=4,id=cold");

    add_core(qts, "hot", 6);
    device_del(qts, "hot");
    device_deleted(qts, "hot");
    core_event_is(qts, DR_ADD, 6);
    dr_no_event(qts);
    g_assert_cmpint(dr_allocate(qts, CPU_DRC(6), true), ==,
                    RTAS_NO_SUCH_INDICATOR);

    /* the guest releases a core without a request */
    dr_sense_is(qts, CPU_DRC(4), DR_PRESENT);
    release_core(qts, 4);
    device_del(qts, "cold");
    device_deleted(qts, "cold");
    dr_no_event(qts);
    slot_is(qts, 4, NULL);
    qtest_quit(qts);
}

/* A guest may ignore requests to unplug a core, refuse it, release it later */
static void test_refusals(void)
{
    QTestState *qts = start_cores("");
    g_autoptr(GHashTable) node = NULL, again = NULL;

    add_core(qts, "hot", 4);
    core_event_is(qts, DR_ADD, 4);
    node = take_core(qts, 4);
    for (int i = 0; i < 3; i++) {
        device_del(qts, "hot");
        core_event_is(qts, DR_REMOVE, 4);
    }
    g_assert_cmpint(dr_unisolate(qts, CPU_DRC(4)), ==, RTAS_SUCCESS);
    qmp_event_of(qts, "DEVICE_UNPLUG_GUEST_ERROR", "hot");
    /* no unplug is requested any more: a core that is released stays */
    release_core(qts, 4);
    slot_is(qts, 4, "/machine/peripheral/hot");
    again = take_core(qts, 4);
    dr_no_event(qts);

    device_del(qts, "hot");
    core_event_is(qts, DR_REMOVE, 4);
    release_core(qts, 4);
    device_deleted(qts, "hot");
    qtest_quit(qts);
}

/* All cores but the first can be unplugged, those of -smp by their QOM path */
static void test_cold(void)
{
    QTestState *qts = start_cores("-device " CORE ",core-id=6,id=cold");
    g_autofree char *boot = core_path(qts, 0);
    g_autofree char *second = core_path(qts, 2);

    dr_no_event(qts);
    slot_is(qts, 6, "/machine/peripheral/cold");
    slot_is(qts, 4, NULL);
    g_assert_true(core_in_tree(qts, 0));
    g_assert_true(core_in_tree(qts, 2));
    g_assert_false(core_in_tree(qts, 4));
    g_assert_true(core_in_tree(qts, 6));
    g_assert_cmpuint(count_vcpus(qts), ==, 6);

    device_del_fails(qts, boot, "Boot CPU core may not be unplugged");
    dr_no_event(qts);
    g_assert_cmpint(start_cpu(qts, 3), ==, RTAS_SUCCESS);
    device_del(qts, second);
    core_event_is(qts, DR_REMOVE, 2);
    stop_self(qts, 3);
    release_core(qts, 2);
    qtest_qmp_eventwait(qts, "DEVICE_DELETED");
    slot_is(qts, 2, NULL);
    g_assert_cmpuint(count_vcpus(qts), ==, 4);

    device_del(qts, "cold");
    core_event_is(qts, DR_REMOVE, 6);
    release_core(qts, 6);
    device_deleted(qts, "cold");

    /* another core can be plugged in place of one of -smp */
    add_core(qts, "second", 2);
    core_event_is(qts, DR_ADD, 2);
    g_hash_table_unref(take_core(qts, 2));
    g_assert_cmpint(start_cpu(qts, 3), ==, RTAS_SUCCESS);
    qtest_quit(qts);
}

/* A reset removes cores whose unplug is requested, and configures the others */
static void test_reset(void)
{
    QTestState *qts = start_cores("-device " CORE ",core-id=6,id=cold");
    g_autofree char *second = core_path(qts, 2);

    add_core(qts, "hot", 4);
    device_del(qts, "cold");
    device_del(qts, second);
    g_assert_cmpint(start_cpu(qts, 3), ==, RTAS_SUCCESS);
    qtest_system_reset(qts);
    /* DEVICE_DELETED of this core and of the second one: in any order */
    device_deleted(qts, "cold");
    dr_no_event(qts);
    dr_sense_is(qts, CPU_DRC(4), DR_PRESENT);
    dr_sense_is(qts, CPU_DRC(6), DR_UNUSABLE);
    dr_sense_is(qts, CPU_DRC(2), DR_UNUSABLE);
    g_assert_true(core_in_tree(qts, 4));
    g_assert_false(core_in_tree(qts, 2));
    g_assert_false(core_in_tree(qts, 6));
    g_assert_cmpint(stopped_state(qts, 3), ==, -1);
    g_assert_cmpint(start_cpu(qts, 5), ==, RTAS_SUCCESS);
    slot_is(qts, 6, NULL);

    /* in the middle of a plug, and of an unplug */
    add_core(qts, "half", 6);
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
    g_assert_true(core_in_tree(qts, 6));
    g_assert_cmpint(start_cpu(qts, 6), ==, RTAS_SUCCESS);
    qtest_quit(qts);
}

/* Before the machine runs: an unplug is done at once, a plug sends its event */
static void test_before_start(void)
{
    QTestState *qts = start_cores("-S");

    add_core(qts, "hot", 4);
    add_core(qts, "gone", 6);
    device_del(qts, "gone");
    device_deleted(qts, "gone");
    qtest_qmp_assert_success(qts, "{ 'execute': 'cont' }");
    core_event_is(qts, DR_ADD, 4);
    g_hash_table_unref(take_core(qts, 4));
    qtest_quit(qts);
}

static void test_errors(void)
{
    QTestState *qts = start_cores("-device " CORE ",core-id=6,id=cold");

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

    /* failed plugs have left nothing behind */
    add_core(qts, "bad", 4);
    core_event_is(qts, DR_ADD, 4);
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

/* NUMA node of a core that is plugged, which -numa cpu sets for its slot */
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
    add_core(qts, "hot", 1);
    core_event_is(qts, DR_ADD, 1);
    node = take_core(qts, 1);
    /* FORM2: two domains, node and vCPU */
    g_assert_cmpuint(core_cell(node, 1, "ibm,associativity", 0), ==, 2);
    g_assert_cmpuint(core_cell(node, 1, "ibm,associativity", 1), ==, 1);
    g_assert_cmpuint(core_cell(node, 1, "ibm,associativity", 2), ==, 1);
    regs[0] = regs[1] = 1;
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_HOME_NODE_ASSOCIATIVITY, regs),
                    ==, H_SUCCESS);
    g_assert_cmphex(regs[0], ==, 1ull << 32 | 1);
    g_assert_cmphex(regs[1], ==, UINT64_MAX);
    qtest_quit(qts);
}

/* Events by the interrupt of other events (EPOW) do the same for cores */
static void test_old_events(void)
{
    QTestState *qts = start_cores("-machine modern-hotplug-events=off");

    add_core(qts, "hot", 4);
    core_event_is(qts, DR_ADD, 4);
    g_hash_table_unref(take_core(qts, 4));
    g_assert_cmpint(start_cpu(qts, 5), ==, RTAS_SUCCESS);
    device_del(qts, "hot");
    core_event_is(qts, DR_REMOVE, 4);
    dr_no_event(qts);
    stop_self(qts, 5);
    release_core(qts, 4);
    device_deleted(qts, "hot");
    qtest_quit(qts);
}

/* The type of the cores that can be plugged into the machine, to be freed */
static char *core_type(QTestState *qts)
{
    g_autoptr(QDict) slots = qtest_qmp(qts, "{ 'execute':"
                                            " 'query-hotpluggable-cpus' }");
    const QListEntry *first = qlist_first(qdict_get_qlist(slots, "return"));

    return g_strdup(qdict_get_str(qobject_to(QDict, qlist_entry_obj(first)),
                                  "type"));
}

/* Cores of eight threads: one from the start and one plugged; both unplugged */
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
        core_event_is(qts, DR_ADD, 16);
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
        core_event_is(qts, DR_REMOVE, 16);
        for (unsigned thread = 0; thread < 8; thread++) {
            /* until the last one has stopped */
            g_assert_cmpint(dr_isolate(qts, CPU_DRC(16)), ==,
                            RTAS_HARDWARE_ERROR);
            stop_self(qts, 16 + thread);
        }
        release_core(qts, 16);
        device_deleted(qts, "hot");
        g_assert_cmpuint(count_vcpus(qts), ==, 16);
    }
    device_del(qts, "cold");
    core_event_is(qts, DR_REMOVE, 8);
    stop_self(qts, 15);
    release_core(qts, 8);
    device_deleted(qts, "cold");
    qtest_quit(qts);
}

static void test_eight_threads(void)
{
    eight_threads("POWER8", "power8_v2.0-spapr-cpu-core", "PowerPC,POWER8");
    eight_threads("POWER9", CORE, "PowerPC,POWER9");
    eight_threads("Power10", "power10_v2.0-spapr-cpu-core", "PowerPC,POWER10");
}

/* Client-architecture-support removes cores whose unplug is requested */
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
    QTestState *qts = start_cores("-device " CORE ",core-id=6,id=cold");

    add_core(qts, "hot", 4);
    device_del(qts, "cold");
    g_assert_cmpint(start_cpu(qts, 7), ==, RTAS_SUCCESS);
    qtest_memwrite(qts, VPA, says, sizeof(says));
    /* it fails while another thread runs, and leaves the requests pending */
    g_assert_cmpint(papr_hcall(qts, 0, H_CAS, VPA, VPA + 0x10000, 0x100000),
                    ==, H_MULTI_THREADS_ACTIVE);
    core_event_is(qts, DR_ADD, 4);
    core_event_is(qts, DR_REMOVE, 6);
    stop_self(qts, 7);
    g_assert_cmpint(dr_isolate(qts, CPU_DRC(6)), ==, RTAS_SUCCESS);
    g_assert_cmpint(papr_hcall(qts, 0, H_CAS, VPA, VPA + 0x10000, 0x100000),
                    ==, H_SUCCESS);
    device_deleted(qts, "cold");
    dr_no_event(qts);
    slot_is(qts, 6, NULL);
    dr_sense_is(qts, CPU_DRC(6), DR_UNUSABLE);
    /* the core that was plugged is configured, like one from the start */
    dr_sense_is(qts, CPU_DRC(4), DR_PRESENT);
    g_assert_true(core_in_tree(qts, 4));
    g_assert_false(core_in_tree(qts, 6));
    g_assert_cmpint(start_cpu(qts, 5), ==, RTAS_SUCCESS);
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
    return g_test_run();
}
