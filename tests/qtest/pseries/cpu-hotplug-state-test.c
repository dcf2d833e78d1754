/*
 * CPU cores: their state, and what refers to it, when they are plugged and
 * unplugged
 *
 * Registers of the partition, compatibility mode, interrupt controllers,
 * machine checks, streams.  The test acts as the guest.  cpu-hotplug-test.c has
 * plug and unplug themselves.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <libfdt.h>
#include "libcores.h"

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

/* A core that is plugged has what the guest has set for the whole partition */
static void test_partition_state(void)
{
    QTestState *qts = start_cores("");

    /* interrupts little-endian, and at 0xc000... */
    g_assert_cmpint(papr_hcall(qts, 0, H_SET_MODE, 1, 4), ==, H_SUCCESS);
    g_assert_cmpint(papr_hcall(qts, 0, H_SET_MODE, 3, 3), ==, H_SUCCESS);
    g_assert_cmphex(lpcr(qts, 0) & (LPCR_ILE | LPCR_AIL), ==,
                    LPCR_ILE | LPCR_AIL);
    add_core(qts, "hot", 4);
    g_hash_table_unref(take_core(qts, 4));
    for (unsigned cpu = 4; cpu < 6; cpu++) {
        g_assert_cmphex(lpcr(qts, cpu) & (LPCR_ILE | LPCR_AIL), ==,
                        LPCR_ILE | LPCR_AIL);
        g_assert_cmpint(start_cpu(qts, cpu), ==, RTAS_SUCCESS);
        g_assert_cmphex(lpcr(qts, cpu), ==, lpcr(qts, 0));
    }

    /* a reset sets the partition's values back */
    qtest_system_reset(qts);
    g_assert_cmphex(lpcr(qts, 4) & (LPCR_ILE | LPCR_AIL), ==, 0);
    g_assert_cmphex(lpcr(qts, 4), ==, lpcr(qts, 2));
    qtest_quit(qts);
}

/* max-cpu-compat applies to a core that is plugged, or added by -device */
static void test_compat(void)
{
    QTestState *qts = papr_start("-cpu POWER9 -smp 1,maxcpus=3 "
                                 "-machine max-cpu-compat=power8 "
                                 "-device " CORE ",core-id=2");
    g_autoptr(GHashTable) hot = NULL;
    g_autofree void *fdt = papr_tree(qts);
    const uint32_t *cold;

    add_core(qts, "hot", 1);
    hot = take_core(qts, 1);
    cold = fdt_getprop(fdt, papr_tree_node(fdt, "/cpus/PowerPC,POWER9@2"),
                       "cpu-version", NULL);
    g_assert_nonnull(cold);
    g_assert_cmphex(be32_to_cpu(*cold), ==, 0x0f000004);
    g_assert_cmphex(core_cell(hot, 1, "cpu-version", 0), ==, 0x0f000004);
    qtest_quit(qts);
}

/* An unplugged vCPU's registrations are dropped, and calls that name it fail */
static void test_calls(void)
{
    QTestState *qts = papr_start("-cpu POWER9 -smp 1,maxcpus=2");

    for (int i = 0; i < 2; i++) {
        add_core(qts, "hot", 1);
        g_hash_table_unref(take_core(qts, 1));
        papr_st32(qts, VPA + 4, 640 << 16);
        /* a dispatch trace log needs a virtual processor area (VPA) */
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
        release_core(qts, 1);

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

/* Migrate with a core before its walk, one in its walk, and one isolated */
static void test_migrate(void)
{
    QTestState *qts = start_cores("");
    g_autofree char *second = core_path(qts, 2);
    g_autofree char *dir = g_dir_make_tmp("papr-cpu-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);
    g_autoptr(GHashTable) told = NULL, half = NULL;

    add_core(qts, "told", 4);
    add_core(qts, "half", 6);
    device_del(qts, second);
    g_assert_cmpint(dr_allocate(qts, CPU_DRC(6), true), ==, RTAS_SUCCESS);
    g_assert_cmpint(dr_unisolate(qts, CPU_DRC(6)), ==, RTAS_SUCCESS);
    dr_start_walk(qts, CPU_DRC(6));
    g_assert_cmpint(dr_configure(qts), ==, DR_CHILD);
    g_assert_cmpint(dr_configure(qts), ==, DR_PROPERTY);
    g_assert_cmpint(dr_isolate(qts, CPU_DRC(2)), ==, RTAS_SUCCESS);
    papr_save(qts, file);
    qtest_quit(qts);

    qts = start_cores("-incoming defer -device " CORE ",core-id=4,id=told");
    /* plugged by device_add: the state is the stream's nevertheless */
    add_core(qts, "half", 6);
    g_assert_true(papr_load(qts, file));
    core_event_is(qts, DR_ADD, 4);
    core_event_is(qts, DR_ADD, 6);
    core_event_is(qts, DR_REMOVE, 2);
    dr_no_event(qts);
    g_assert_cmpint(start_cpu(qts, 2), ==, RTAS_HARDWARE_ERROR);
    g_assert_cmpint(start_cpu(qts, 4), ==, RTAS_HARDWARE_ERROR);
    g_assert_cmpint(start_cpu(qts, 6), ==, RTAS_SUCCESS);
    half = dr_walk(qts);
    told = take_core(qts, 4);
    g_assert_cmpint(start_cpu(qts, 5), ==, RTAS_SUCCESS);
    g_assert_cmpint(dr_allocate(qts, CPU_DRC(2), false), ==, RTAS_SUCCESS);
    qtest_qmp_eventwait(qts, "DEVICE_DELETED");
    slot_is(qts, 2, NULL);
    qtest_quit(qts);
    unlink(file);
    rmdir(dir);
}

/*
 * The guest releases a core during a migration: the core is removed on the
 * destination, or, if the migration is cancelled, here.
 */
static void test_migrate_released(void)
{
    static const char options[] = "-device " CORE ",core-id=4,id=going";
    QTestState *qts = start_cores(options);
    g_autofree char *dir = g_dir_make_tmp("papr-cpu-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);

    for (int cancel = 1; cancel >= 0; cancel--) {
        device_del(qts, "going");
        core_event_is(qts, DR_REMOVE, 4);
        papr_save_begin(qts, file);
        release_core(qts, 4);
        g_assert_cmpint(stopped_state(qts, 4), ==, -1);
        g_assert_cmpint(dr_allocate(qts, CPU_DRC(4), true), ==,
                        RTAS_NO_SUCH_INDICATOR);
        slot_is(qts, 4, "/machine/peripheral/going");
        if (cancel) {
            papr_save_cancel(qts);
            device_deleted(qts, "going");
            slot_is(qts, 4, NULL);
            add_core(qts, "going", 4);
            core_event_is(qts, DR_ADD, 4);
            g_hash_table_unref(take_core(qts, 4));
            g_assert_cmpint(start_cpu(qts, 4), ==, RTAS_SUCCESS);
            stop_self(qts, 4);
        } else {
            papr_save_end(qts);
            /* the source of a completed migration does not run: it stays */
            slot_is(qts, 4, "/machine/peripheral/going");
        }
    }
    qtest_quit(qts);

    qts = start_cores("-device " CORE ",core-id=4,id=going -incoming defer");
    g_assert_true(papr_load(qts, file));
    g_assert_cmpint(dr_allocate(qts, CPU_DRC(4), true), ==,
                    RTAS_NO_SUCH_INDICATOR);
    g_assert_cmpint(start_cpu(qts, 4), <, 0);
    device_deleted(qts, "going");
    slot_is(qts, 4, NULL);
    g_assert_cmpuint(count_vcpus(qts), ==, 4);
    add_core(qts, "again", 4);
    core_event_is(qts, DR_ADD, 4);
    g_hash_table_unref(take_core(qts, 4));
    g_assert_cmpint(start_cpu(qts, 4), ==, RTAS_SUCCESS);
    qtest_quit(qts);
    unlink(file);
    rmdir(dir);
}

/*
 * Snapshots of each step of an unplug, loaded after later steps.  When the core
 * has been removed, a snapshot that has it can't be loaded.
 */
static void test_snapshot(void)
{
    QTestState *qts = start_cores("-device " CORE ",core-id=4,id=going");
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
    core_event_is(qts, DR_REMOVE, 4);
    g_assert_cmpint(dr_isolate(qts, CPU_DRC(4)), <, 0);

    papr_snapshot(qts, "snapshot-load", "asked");
    core_event_is(qts, DR_REMOVE, 4);
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

/* No user can request the unplug of the boot core: a stream with it fails */
static void test_migrate_bad(void)
{
    static const char section[] = "\011spapr_drc\020\0\0\002";
    QTestState *qts = start_cores("");
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

    qts = start_cores("-incoming defer");
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

/* An unplugged vCPU's interrupt is kept until it is routed to another vCPU */
static void test_xics(void)
{
    QTestState *qts = papr_start("-machine ic-mode=xics -cpu POWER9 "
                                 "-smp 1,maxcpus=2");

    for (int i = 0; i < 2; i++) {
        add_core(qts, "hot", 1);
        g_hash_table_unref(take_core(qts, 1));
        g_assert_cmpint(start_cpu(qts, 1), ==, RTAS_SUCCESS);
        g_assert_cmpint(papr_hcall(qts, 1, H_CPPR, 0xff), ==, H_SUCCESS);
        g_assert_cmpint(set_xive(qts, EPOW, 1), ==, RTAS_SUCCESS);
        if (i) {
            /* presented before the vCPU is unplugged */
            qtest_qmp_assert_success(qts, "{ 'execute': 'system_powerdown' }");
            qtest_qmp_eventwait(qts, "POWERDOWN");
        }
        stop_self(qts, 1);
        device_del(qts, "hot");
        release_core(qts, 1);
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

/* Switch on the source of an inter-processor interrupt, and trigger it */
static void fire(QTestState *qts)
{
    uint64_t regs[PAPR_HCALL_REGS] = { 0, IPI };

    g_assert_cmpint(papr_hcall_regs(qts, 0, H_INT_GET_SOURCE_INFO, regs), ==,
                    H_SUCCESS);
    qtest_readq(qts, regs[1] + ESB_PQ_00);
    qtest_writeq(qts, regs[2], 0);
}

/* An event for an unplugged vCPU is dropped, and not written to its queue */
static void test_xive(void)
{
    QTestState *qts = papr_start("-machine ic-mode=xive -cpu POWER9 "
                                 "-smp 1,maxcpus=2");

    for (int i = 0; i < 2; i++) {
        g_assert_cmpint(set_queue(qts, 1), ==, H_P2);
        add_core(qts, "hot", 1);
        g_hash_table_unref(take_core(qts, 1));
        g_assert_cmpint(start_cpu(qts, 1), ==, RTAS_SUCCESS);
        qtest_memset(qts, QUEUE, 0, 0x10000);
        g_assert_cmpint(set_queue(qts, 1), ==, H_SUCCESS);
        g_assert_cmpint(route(qts, 1), ==, H_SUCCESS);
        fire(qts);
        g_assert_cmphex(papr_ld32(qts, QUEUE) & 0xffff, ==, 0x1234);
        stop_self(qts, 1);
        device_del(qts, "hot");
        release_core(qts, 1);
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
 * A vCPU that is unplugged while it handles a machine check frees the area of
 * the report; the core of a vCPU that waits for the area can't be released.
 */
static void test_machine_check(void)
{
    QTestState *qts = papr_start("-cpu POWER9 -smp 2,maxcpus=3");
    uint32_t stop = stop_token(qts);

    add_core(qts, "hot", 2);
    g_hash_table_unref(take_core(qts, 2));
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
    release_core(qts, 2);
    device_deleted(qts, "hot");
    await_handler(qts, 1);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/cpu-hotplug/partition", test_partition_state);
    qtest_add_func("pseries/cpu-hotplug/compat", test_compat);
    qtest_add_func("pseries/cpu-hotplug/calls", test_calls);
    qtest_add_func("pseries/cpu-hotplug/migrate", test_migrate);
    qtest_add_func("pseries/cpu-hotplug/migrate-released",
                   test_migrate_released);
    qtest_add_func("pseries/cpu-hotplug/migrate-bad", test_migrate_bad);
    qtest_add_func("pseries/cpu-hotplug/snapshot", test_snapshot);
    qtest_add_func("pseries/cpu-hotplug/xics", test_xics);
    qtest_add_func("pseries/cpu-hotplug/xive", test_xive);
    qtest_add_func("pseries/cpu-hotplug/machine-check", test_machine_check);
    return g_test_run();
}
