/*
 * PCI devices in migration streams and snapshots, at each point of plug and
 * unplug
 *
 * The test acts as the guest.  pci-hotplug-test.c has plug and unplug
 * themselves.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <libfdt.h>
#include "libfunctions.h"

typedef struct Stream {
    char *dir;
    char *file;
} Stream;

static void save(QTestState *qts, Stream *stream)
{
    stream->dir = g_dir_make_tmp("papr-pci-XXXXXX", NULL);
    stream->file = g_build_filename(stream->dir, "state", NULL);
    papr_save(qts, stream->file);
    qtest_quit(qts);
}

static void restore(QTestState *qts, Stream *stream)
{
    g_assert_true(papr_load(qts, stream->file));
    unlink(stream->file);
    rmdir(stream->dir);
    g_free(stream->file);
    g_free(stream->dir);
}

/*
 * Devices: one whose unplug is requested, one whose plug the guest was only
 * notified of, one in the middle of its walk, one behind another host bridge
 */
static void test_migrate(void)
{
    const uint32_t going = PCI_DRC(0, 0, 2, 0), told = PCI_DRC(0, 0, 3, 0);
    const uint32_t half = PCI_DRC(0, 0, 4, 0), other = PCI_DRC(1, 0, 2, 0);
    QTestState *qts = papr_start("-smp 1 -device " DEVICE ",id=going,addr=2");
    g_autoptr(GHashTable) found = NULL;
    Stream stream;

    device_del(qts, "going");
    add(qts, DEVICE, "told", "'addr': '3'");
    add(qts, DEVICE, "half", "'addr': '4'");
    add(qts, "spapr-pci-host-bridge", "phb1", "'index': 1");
    add(qts, DEVICE, "other", "'bus': 'phb1.0', 'addr': '2'");
    slot_event_is(qts, DR_REMOVE, going);
    g_assert_cmpint(dr_unisolate(qts, half), ==, RTAS_SUCCESS);
    dr_start_walk(qts, half);
    g_assert_cmpint(dr_configure(qts), ==, DR_CHILD);
    g_assert_cmpint(dr_configure(qts), ==, DR_PROPERTY);
    g_assert_cmpint(dr_allocate(qts, PHB_DRC(1), true), ==, RTAS_SUCCESS);
    save(qts, &stream);

    qts = papr_start("-smp 1 -incoming defer "
                     "-device " DEVICE ",id=going,addr=2 "
                     "-device " DEVICE ",id=told,addr=3 "
                     "-device spapr-pci-host-bridge,id=phb1,index=1 "
                     "-device " DEVICE ",id=other,bus=phb1.0,addr=2");
    /* plugged by device_add: the state is the stream's nevertheless */
    add(qts, DEVICE, "half", "'bus': 'pci.0', 'addr': '4'");
    restore(qts, &stream);

    slot_event_is(qts, DR_ADD, told);
    slot_event_is(qts, DR_ADD, half);
    slot_event_is(qts, DR_ADD, PHB_DRC(1));
    slot_event_is(qts, DR_ADD, other);
    dr_no_event(qts);
    device_del_fails(qts, "going", "in progress already");
    g_assert_cmpint(dr_isolate(qts, going), ==, RTAS_SUCCESS);
    device_deleted(qts, "going");
    take_device(qts, told, DEVICE_NODE "@3");
    dr_start_walk(qts, half);
    g_assert_cmpint(dr_configure(qts), ==, DR_CHILD);
    found = dr_walk(qts);
    g_assert_cmpint(dr_isolate(qts, half), ==, RTAS_SUCCESS);
    /* usable, but not unisolated: the walk can't begin */
    dr_start_walk(qts, PHB_DRC(1));
    g_assert_cmpint(dr_configure(qts), ==, DR_NOT_CONFIGURABLE);
    g_assert_cmpint(dr_unisolate(qts, PHB_DRC(1)), ==, RTAS_SUCCESS);
    g_assert_cmpint(dr_configure(qts), ==, DR_CHILD);
    qtest_quit(qts);
}

/*
 * The guest releases a device, and a host bridge with a device, during a
 * migration: they are removed on the destination; or here, if the migration is
 * cancelled, or at a reset after it.
 */
static void test_migrate_released(void)
{
    static const char options[] =
        "-smp 1 -device " DEVICE ",id=going,addr=2 "
        "-device spapr-pci-host-bridge,id=phb1,index=1 "
        "-device " DEVICE ",id=behind,bus=phb1.0,addr=2 ";
    const uint32_t going = PCI_DRC(0, 0, 2, 0);

    for (int way = 0; way < 3; way++) {
        g_autofree char *dir = g_dir_make_tmp("papr-pci-XXXXXX", NULL);
        g_autofree char *file = g_build_filename(dir, "state", NULL);
        g_autofree char *incoming = g_strconcat(options, "-incoming defer",
                                                NULL);
        QTestState *qts = papr_start("%s", options);

        device_del(qts, "going");
        device_del(qts, "phb1");
        papr_save_begin(qts, file);
        g_assert_cmpint(dr_isolate(qts, going), ==, RTAS_SUCCESS);
        g_assert_cmpint(dr_isolate(qts, PHB_DRC(1)), ==, RTAS_SUCCESS);
        g_assert_cmpint(dr_allocate(qts, PHB_DRC(1), false), ==, RTAS_SUCCESS);
        dr_sense_is(qts, going, DR_EMPTY);
        dr_sense_is(qts, PHB_DRC(1), DR_UNUSABLE);
        g_assert_cmpint(dr_unisolate(qts, going), ==, RTAS_NO_SUCH_INDICATOR);
        qtest_qmp_assert_success(qts, "{ 'execute': 'qom-list', 'arguments': "
                                 "{ 'path': '/machine/peripheral/going' } }");
        switch (way) {
        case 0:
            papr_save_end(qts);
            qtest_quit(qts);
            qts = papr_start("%s", incoming);
            g_assert_true(papr_load(qts, file));
            break;
        case 1:
            papr_save_cancel(qts);
            break;
        case 2:
            papr_save_end(qts);
            g_assert_true(exists(qts, "going"));
            qtest_system_reset_nowait(qts);
            break;
        }
        both_deleted(qts, "going", "phb1");
        dr_sense_is(qts, going, DR_EMPTY);
        qtest_quit(qts);
        unlink(file);
        rmdir(dir);
    }
}

/* Hidden devices exist in QEMU, but neither guest nor firmware finds them */
static void only_stays_is_there(QTestState *qts, const void *fdt)
{
    static const char *const leaving[] = { "asked", "released", "phb1" };
    uint32_t value[2];

    for (int i = 0; i < ARRAY_SIZE(leaving); i++) {
        g_assert_true(exists(qts, leaving[i]));
    }
    dr_sense_is(qts, PCI_DRC(0, 0, 2, 0), DR_EMPTY);
    dr_sense_is(qts, PCI_DRC(0, 0, 3, 0), DR_EMPTY);
    dr_sense_is(qts, PCI_DRC(0, 0, 4, 0), DR_PRESENT);
    dr_sense_is(qts, PHB_DRC(1), DR_UNUSABLE);
    g_assert_cmphex(vendor_id(qts, 0, 2, 0), ==, 0xffff);
    g_assert_cmphex(vendor_id(qts, 0, 3, 0), ==, 0xffff);
    g_assert_cmphex(vendor_id(qts, 0, 4, 0), !=, 0xffff);
    g_assert_cmpint(papr_rtas(qts, "ibm,read-pci-config", 2, value, 2 << 11,
                              BUID_HIGH, BUID_LOW(1), 2), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(fdt_path_offset(fdt, HOST_BRIDGE "/" DEVICE_NODE "@2"), <,
                    0);
    g_assert_cmpint(fdt_path_offset(fdt, HOST_BRIDGE "/" DEVICE_NODE "@3"), <,
                    0);
    g_assert_cmpint(fdt_path_offset(fdt, HOST_BRIDGE "/" DEVICE_NODE "@4"), >,
                    0);
    g_assert_cmpint(fdt_path_offset(fdt, "/pci@800000020000001"), <, 0);
}

/*
 * A reset, or client-architecture-support, during a migration, which is then
 * completed or cancelled.  Devices stay in QEMU until then, since the migration
 * thread may access them.
 */
static void test_migrate_reset(void)
{
    static const char options[] =
        "-smp 1 -device " DEVICE ",id=asked,addr=2 "
        "-device " DEVICE ",id=released,addr=3 "
        "-device " DEVICE ",id=stays,addr=4 "
        "-device spapr-pci-host-bridge,id=phb1,index=1 "
        "-device " DEVICE ",id=behind,bus=phb1.0,addr=2 ";

    for (int way = 0; way < 4; way++) {
        bool reset = way & 1, cancel = way & 2;
        g_autofree char *dir = g_dir_make_tmp("papr-pci-XXXXXX", NULL);
        g_autofree char *file = g_build_filename(dir, "state", NULL);
        QTestState *qts = papr_start("%s", options);
        g_autofree void *fdt = NULL;

        device_del(qts, "asked");
        device_del(qts, "released");
        device_del(qts, "phb1");
        papr_save_slowly(qts, file);
        g_assert_cmpint(dr_isolate(qts, PCI_DRC(0, 0, 3, 0)), ==, RTAS_SUCCESS);
        if (reset) {
            qtest_system_reset(qts);
            fdt = papr_tree(qts);
        } else {
            fdt = dr_cas(qts);
        }
        only_stays_is_there(qts, fdt);
        if (cancel) {
            papr_save_cancel(qts);
        } else {
            papr_save_at_once(qts);
            only_stays_is_there(qts, fdt);
            qtest_quit(qts);
            qts = papr_start("%s -incoming defer", options);
            g_assert_true(papr_load(qts, file));
        }
        both_deleted(qts, "asked", "released");
        device_deleted(qts, "phb1");
        g_assert_true(exists(qts, "stays"));
        g_assert_false(exists(qts, "behind"));
        dr_sense_is(qts, PCI_DRC(0, 0, 3, 0), DR_EMPTY);
        dr_sense_is(qts, PHB_DRC(1), DR_UNUSABLE);
        add(qts, DEVICE, "released", "'bus': 'pci.0', 'addr': '3'");
        take_device(qts, PCI_DRC(0, 0, 3, 0), DEVICE_NODE "@3");
        qtest_quit(qts);
        unlink(file);
        rmdir(dir);
    }
}

/*
 * Snapshots of all steps of an unplug, loaded in all orders: the unplug
 * continues at the step of the snapshot, or was never requested.
 */
static void test_snapshot(void)
{
    static const char *const steps[] = { "idle", "asked", "half" };
    const uint32_t slot = PCI_DRC(0, 0, 2, 0);
    g_autofree char *dir = g_dir_make_tmp("papr-pci-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "image", NULL);
    QTestState *qts = papr_start("-smp 1 -device " DEVICE ",id=slot,addr=2 "
                                 "-device spapr-pci-host-bridge,id=phb1,"
                                 "index=1 -device " DEVICE ",id=behind,"
                                 "bus=phb1.0,addr=2");

    papr_add_image(qts, file);
    papr_snapshot(qts, "snapshot-save", steps[0]);
    device_del(qts, "slot");
    device_del(qts, "phb1");
    papr_snapshot(qts, "snapshot-save", steps[1]);
    g_assert_cmpint(dr_isolate(qts, PHB_DRC(1)), ==, RTAS_SUCCESS);
    papr_snapshot(qts, "snapshot-save", steps[2]);

    for (int from = 0; from < ARRAY_SIZE(steps); from++) {
        for (int to = 0; to < ARRAY_SIZE(steps); to++) {
            papr_snapshot(qts, "snapshot-load", steps[from]);
            papr_snapshot(qts, "snapshot-load", steps[to]);
            g_assert_true(exists(qts, "slot") && exists(qts, "behind"));
            if (to > 0) {
                slot_event_is(qts, DR_REMOVE, slot);
                slot_event_is(qts, DR_REMOVE, PHB_DRC(1));
                device_del_fails(qts, "slot", "in progress already");
                device_del_fails(qts, "phb1", "in progress already");
            }
            dr_no_event(qts);
            dr_sense_is(qts, slot, DR_PRESENT);
            dr_start_walk(qts, PHB_DRC(1));
            g_assert_cmpint(dr_configure(qts), ==,
                            to == 2 ? DR_NOT_CONFIGURABLE : DR_CHILD);
        }
    }
    g_assert_cmpint(dr_allocate(qts, PHB_DRC(1), false), ==, RTAS_SUCCESS);
    device_deleted(qts, "phb1");
    g_assert_cmpint(dr_isolate(qts, slot), ==, RTAS_SUCCESS);
    device_deleted(qts, "slot");
    qtest_quit(qts);
    unlink(file);
    rmdir(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/pci-hotplug/migrate", test_migrate);
    qtest_add_func("pseries/pci-hotplug/migrate-released",
                   test_migrate_released);
    qtest_add_func("pseries/pci-hotplug/migrate-reset", test_migrate_reset);
    qtest_add_func("pseries/pci-hotplug/snapshot", test_snapshot);
    return g_test_run();
}
