/*
 * PCI devices, PCI bridges and host bridges, plugged and unplugged
 *
 * The test acts as the guest: it fetches events and sets connectors' states.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <libfdt.h>
#include "libfunctions.h"

static bool has_connector(QTestState *qts, uint32_t index)
{
    return papr_rtas(qts, "get-sensor-state", 2, NULL, DR_ENTITY_SENSE,
                     index) == RTAS_SUCCESS;
}

#define add_fails(qts, text, driver, id, ...)                                \
    qmp_fails(qtest_qmp(qts, "{ 'execute': 'device_add', 'arguments': "      \
                        "{ 'driver': %s, 'id': %s, " __VA_ARGS__ "} }",      \
                        driver, id), text)

static void test_add_remove(void)
{
    const uint32_t drc = PCI_DRC(0, 0, 2, 0);
    QTestState *qts = papr_start("-smp 1");

    dr_sense_is(qts, drc, DR_EMPTY);
    dr_no_event(qts);
    for (int i = 0; i < 3; i++) {
        add(qts, DEVICE, "hot", "'addr': '2'");
        slot_event_is(qts, DR_ADD, drc);
        dr_no_event(qts);
        g_assert_cmphex(vendor_id(qts, 0, 2, 0), ==, 0x1af4);
        dr_start_walk(qts, drc);
        g_assert_cmpint(dr_configure(qts), ==, DR_NOT_CONFIGURABLE);
        take_device(qts, drc, DEVICE_NODE "@2");

        device_del(qts, "hot");
        slot_event_is(qts, DR_REMOVE, drc);
        device_del_fails(qts, "hot", "in progress already");
        dr_no_event(qts);
        dr_sense_is(qts, drc, DR_PRESENT);
        g_assert_cmpint(dr_isolate(qts, drc), ==, RTAS_SUCCESS);
        device_deleted(qts, "hot");
        dr_sense_is(qts, drc, DR_EMPTY);
        g_assert_cmphex(vendor_id(qts, 0, 2, 0), ==, 0xffff);
        g_assert_cmpint(dr_unisolate(qts, drc), ==, RTAS_NO_SUCH_INDICATOR);
    }
    qtest_quit(qts);
}

/* The guest may release a device and configure it again without a request */
static void test_guest_round_trip(void)
{
    const uint32_t drc = PCI_DRC(0, 0, 2, 0);
    QTestState *qts = papr_start("-smp 1 -device " DEVICE ",id=cold,addr=2");

    take_device(qts, drc, DEVICE_NODE "@2");
    g_assert_cmpint(dr_isolate(qts, drc), ==, RTAS_SUCCESS);
    dr_sense_is(qts, drc, DR_PRESENT);
    g_assert_cmpint(dr_unisolate(qts, drc), ==, RTAS_SUCCESS);
    /* in the middle of configuration */
    g_assert_cmpint(dr_isolate(qts, drc), ==, RTAS_PARAMETER_ERROR);
    take_device(qts, drc, DEVICE_NODE "@2");
    g_assert_true(exists(qts, "cold"));

    /* isolated before the request: removed at once, without an event */
    g_assert_cmpint(dr_isolate(qts, drc), ==, RTAS_SUCCESS);
    device_del(qts, "cold");
    device_deleted(qts, "cold");
    dr_no_event(qts);
    qtest_quit(qts);
}

static void test_never_taken(void)
{
    QTestState *qts = papr_start("-smp 1");

    add(qts, DEVICE, "hot", "'addr': '3'");
    device_del(qts, "hot");
    device_deleted(qts, "hot");
    dr_sense_is(qts, PCI_DRC(0, 0, 3, 0), DR_EMPTY);
    /* the event of the plug is still pending, but the connector is empty */
    slot_event_is(qts, DR_ADD, PCI_DRC(0, 0, 3, 0));
    dr_no_event(qts);
    g_assert_cmpint(dr_unisolate(qts, PCI_DRC(0, 0, 3, 0)), ==,
                    RTAS_NO_SUCH_INDICATOR);
    qtest_quit(qts);
}

static void test_multifunction(void)
{
    const uint32_t drc0 = PCI_DRC(0, 0, 2, 0), drc1 = PCI_DRC(0, 0, 2, 1);
    const uint32_t drc7 = PCI_DRC(0, 0, 2, 7);
    QTestState *qts = papr_start("-smp 1");

    add(qts, DEVICE, "f7", "'addr': '2.7', 'multifunction': true");
    add(qts, DEVICE, "f1", "'addr': '2.1', 'multifunction': true");
    dr_no_event(qts);
    add_fails(qts, "single function", DEVICE, "f0", "'addr': '2.0'");
    dr_no_event(qts);
    add(qts, DEVICE, "f0", "'addr': '2.0', 'multifunction': true");
    slot_event_is(qts, DR_ADD, drc0);
    slot_event_is(qts, DR_ADD, drc1);
    slot_event_is(qts, DR_ADD, drc7);
    dr_no_event(qts);
    add_fails(qts, "function 0 already", DEVICE, "f2",
              "'addr': '2.2', 'multifunction': true");
    take_device(qts, drc0, DEVICE_NODE "@2");
    take_device(qts, drc1, DEVICE_NODE "@2,1");
    take_device(qts, drc7, DEVICE_NODE "@2,7");

    /* no event for one function, since guests unplug whole devices */
    device_del(qts, "f1");
    dr_no_event(qts);
    device_del_fails(qts, "f1", "in progress already");
    device_del(qts, "f0");
    slot_event_is(qts, DR_REMOVE, drc7);
    slot_event_is(qts, DR_REMOVE, drc1);
    slot_event_is(qts, DR_REMOVE, drc0);
    dr_no_event(qts);
    device_del_fails(qts, "f7", "in progress already");
    g_assert_cmpint(dr_isolate(qts, drc7), ==, RTAS_SUCCESS);
    device_deleted(qts, "f7");
    g_assert_cmpint(dr_isolate(qts, drc1), ==, RTAS_SUCCESS);
    device_deleted(qts, "f1");
    g_assert_cmpint(dr_isolate(qts, drc0), ==, RTAS_SUCCESS);
    device_deleted(qts, "f0");

    /* functions that are plugged before function 0 are removed at once */
    add(qts, DEVICE, "f3", "'addr': '2.3'");
    device_del(qts, "f3");
    device_deleted(qts, "f3");
    dr_no_event(qts);
    qtest_quit(qts);
}

static void test_occupied(void)
{
    QTestState *qts = papr_start("-smp 1 -device " DEVICE ",id=cold,addr=2");

    add_fails(qts, "slot 2 function 0 not available", DEVICE, "hot",
              "'addr': '2'");
    add_fails(qts, "function 0 already", DEVICE, "hot", "'addr': '2.1'");
    dr_no_event(qts);
    g_assert_false(exists(qts, "hot"));
    /* also while the unplug of the slot's device is requested */
    device_del(qts, "cold");
    slot_event_is(qts, DR_REMOVE, PCI_DRC(0, 0, 2, 0));
    add_fails(qts, "slot 2 function 0 not available", DEVICE, "hot",
              "'addr': '2'");
    qtest_quit(qts);
}

static int cfg_spaces(QTestState *qts)
{
    g_autofree char *tree = qtest_hmp(qts, "info mtree");
    g_auto(GStrv) parts = g_strsplit(tree, "virtio-pci-cfg-mem-as", -1);

    return g_strv_length(parts) - 1;
}

/* A virtio device that fails leaves none of its address spaces */
static void test_failed(void)
{
    QTestState *qts = papr_start("-smp 1 -device " DEVICE ",id=cold,addr=2");
    int spaces = cfg_spaces(qts);

    g_assert_cmpint(spaces, >, 0);
    add_fails(qts, "drive property not set", "virtio-blk-pci", "hot",
              "'addr': '3'");
    dr_no_event(qts);
    g_assert_cmpint(cfg_spaces(qts), ==, spaces);
    qtest_quit(qts);
}

static void test_bridges(void)
{
    const uint32_t behind = PCI_DRC(0, 7, 4, 0);
    QTestState *qts = papr_start("-smp 1 -device pci-bridge,id=cold,"
                                 "chassis_nr=7,addr=1");
    g_autoptr(GHashTable) found = NULL;
    const uint32_t *indexes;
    size_t n;

    dr_sense_is(qts, behind, DR_EMPTY);
    add(qts, DEVICE, "dev", "'bus': 'cold', 'addr': '4'");
    slot_event_is(qts, DR_ADD, behind);
    take_device(qts, behind, DEVICE_NODE "@4");
    device_del_fails(qts, "cold", "can't be unplugged");
    device_del(qts, "dev");
    slot_event_is(qts, DR_REMOVE, behind);
    g_assert_cmpint(dr_isolate(qts, behind), ==, RTAS_SUCCESS);
    device_deleted(qts, "dev");

    add_fails(qts, "chassis 7 already in use", "pci-bridge", "same",
              "'chassis_nr': 7");
    add_fails(qts, "chassis_nr", "pci-bridge", "none", "'addr': '2'");
    add_fails(qts, "chassis_nr", "i82801b11-bridge", "other", "'addr': '2'");
    dr_no_event(qts);

    /* a bridge is plugged, then a device behind it: one walk has both */
    g_assert_false(has_connector(qts, PCI_DRC(0, 255, 1, 0)));
    add(qts, "pci-bridge", "hot", "'chassis_nr': 255, 'addr': '3'");
    slot_event_is(qts, DR_ADD, PCI_DRC(0, 0, 3, 0));
    add(qts, DEVICE, "dev2", "'bus': 'hot', 'addr': '1'");
    slot_event_is(qts, DR_ADD, PCI_DRC(0, 255, 1, 0));
    g_assert_cmpint(dr_unisolate(qts, PCI_DRC(0, 0, 3, 0)), ==, RTAS_SUCCESS);
    dr_start_walk(qts, PCI_DRC(0, 0, 3, 0));
    found = dr_walk(qts);
    cell_is(found, "pci@3/ibm,my-drc-index", PCI_DRC(0, 0, 3, 0));
    cell_is(found, "pci@3/" DEVICE_NODE "@1/ibm,my-drc-index",
            PCI_DRC(0, 255, 1, 0));
    indexes = dr_cells(found, "pci@3/ibm,drc-indexes", &n);
    g_assert_cmpuint(n, ==, 257);
    g_assert_cmphex(be32_to_cpu(indexes[0]), ==, 256);
    g_assert_cmphex(be32_to_cpu(indexes[1 + 8]), ==, PCI_DRC(0, 255, 1, 0));
    qtest_quit(qts);
}

/* A reset removes devices whose unplug is requested, and configures new ones */
static void test_reset(void)
{
    QTestState *qts = papr_start("-smp 1 -device " DEVICE ",id=cold,addr=2 "
                                 "-device pci-bridge,id=bridge,chassis_nr=1,"
                                 "addr=3 "
                                 "-device " DEVICE ",id=behind,bus=bridge,"
                                 "addr=5");

    add(qts, DEVICE, "new", "'addr': '4'");
    add(qts, DEVICE, "half", "'addr': '6'");
    g_assert_cmpint(dr_unisolate(qts, PCI_DRC(0, 0, 6, 0)), ==, RTAS_SUCCESS);
    dr_start_walk(qts, PCI_DRC(0, 0, 6, 0));
    g_assert_cmpint(dr_configure(qts), ==, DR_CHILD);
    device_del(qts, "cold");
    device_del(qts, "behind");
    qtest_system_reset(qts);
    both_deleted(qts, "cold", "behind");
    dr_sense_is(qts, PCI_DRC(0, 0, 2, 0), DR_EMPTY);
    dr_sense_is(qts, PCI_DRC(0, 1, 5, 0), DR_EMPTY);
    dr_sense_is(qts, PCI_DRC(0, 0, 4, 0), DR_PRESENT);
    dr_no_event(qts);

    /* both are configured, so a request to unplug them is an event */
    device_del(qts, "new");
    slot_event_is(qts, DR_REMOVE, PCI_DRC(0, 0, 4, 0));
    device_del(qts, "half");
    slot_event_is(qts, DR_REMOVE, PCI_DRC(0, 0, 6, 0));
    g_assert_cmpint(dr_isolate(qts, PCI_DRC(0, 0, 6, 0)), ==, RTAS_SUCCESS);
    device_deleted(qts, "half");
    qtest_quit(qts);
}

/* Allocate 3 MSI-X of @slot on bridge @phb: the first number, 0 if it fails */
static uint32_t allocate_msi(QTestState *qts, unsigned phb, unsigned slot)
{
    uint32_t rets[4];

    if (papr_rtas(qts, "ibm,change-msi", 4, rets, slot << 11, BUID_HIGH,
                  BUID_LOW(phb), 4, 3, 0) != RTAS_SUCCESS || rets[1] != 3) {
        return 0;
    }
    g_assert_cmpint(papr_rtas(qts, "ibm,query-interrupt-source-number", 3, rets,
                              slot << 11, BUID_HIGH, BUID_LOW(phb), 0), ==,
                    RTAS_SUCCESS);
    return rets[1];
}

static void take_phb(QTestState *qts, unsigned index)
{
    g_autofree char *node = g_strdup_printf("pci@80000002%07x", index);
    g_autofree char *name = g_strdup_printf("%s/name", node);
    g_autofree char *drcs = g_strdup_printf("%s/ibm,drc-indexes", node);
    g_autofree char *my = g_strdup_printf("%s/ibm,my-drc-index", node);
    g_autoptr(GHashTable) found = NULL;
    const uint32_t *indexes;
    size_t n;

    dr_sense_is(qts, PHB_DRC(index), DR_UNUSABLE);
    g_assert_cmpint(dr_unisolate(qts, PHB_DRC(index)), ==,
                    RTAS_NO_SUCH_INDICATOR);
    g_assert_cmpint(dr_allocate(qts, PHB_DRC(index), true), ==, RTAS_SUCCESS);
    dr_sense_is(qts, PHB_DRC(index), DR_PRESENT);
    g_assert_cmpint(dr_unisolate(qts, PHB_DRC(index)), ==, RTAS_SUCCESS);
    dr_start_walk(qts, PHB_DRC(index));
    found = dr_walk(qts);
    cell_is(found, my, PHB_DRC(index));
    indexes = dr_cells(found, drcs, &n);
    g_assert_cmpuint(n, ==, 257);
    g_assert_cmphex(be32_to_cpu(indexes[1]), ==, PCI_DRC(index, 0, 0, 0));
    /* the walk has "name", as no firmware adds it */
    g_assert_cmpstr(g_bytes_get_data(g_hash_table_lookup(found, name), &n), ==,
                    "pci");
}

static void give_phb_back(QTestState *qts, unsigned index, const char *id)
{
    slot_event_is(qts, DR_REMOVE, PHB_DRC(index));
    g_assert_cmpint(dr_isolate(qts, PHB_DRC(index)), ==, RTAS_SUCCESS);
    g_assert_true(exists(qts, id));
    g_assert_cmpint(dr_allocate(qts, PHB_DRC(index), false), ==, RTAS_SUCCESS);
    device_deleted(qts, id);
    dr_sense_is(qts, PHB_DRC(index), DR_UNUSABLE);
    g_assert_false(has_connector(qts, PCI_DRC(index, 0, 2, 0)));
}

static void test_phb(void)
{
    QTestState *qts = papr_start("-smp 1");
    QDict *event;

    add(qts, "spapr-pci-host-bridge", "phb", "'index': 5");
    slot_event_is(qts, DR_ADD, PHB_DRC(5));
    take_phb(qts, 5);
    add(qts, DEVICE, "dev", "'bus': 'phb.0', 'addr': '2'");
    slot_event_is(qts, DR_ADD, PCI_DRC(5, 0, 2, 0));
    take_device(qts, PCI_DRC(5, 0, 2, 0), DEVICE_NODE "@2");
    g_assert_cmphex(vendor_id(qts, 5, 2, 0), ==, 0x1af4);

    /* the guest refuses to release the host bridge */
    device_del(qts, "phb");
    slot_event_is(qts, DR_REMOVE, PHB_DRC(5));
    device_del_fails(qts, "phb", "in progress already");
    g_assert_cmpint(dr_unisolate(qts, PHB_DRC(5)), ==, RTAS_SUCCESS);
    event = qtest_qmp_eventwait_ref(qts, "DEVICE_UNPLUG_GUEST_ERROR");
    g_assert_cmpstr(qdict_get_str(qdict_get_qdict(event, "data"), "device"), ==,
                    "phb");
    qobject_unref(event);
    g_assert_cmphex(vendor_id(qts, 5, 2, 0), ==, 0x1af4);

    /* the guest releases the host bridge, with the device behind it */
    device_del(qts, "phb");
    give_phb_back(qts, 5, "phb");
    g_assert_false(exists(qts, "dev"));
    g_assert_cmphex(vendor_id(qts, 5, 2, 0), ==, 0xffff);
    dr_no_event(qts);

    /* a host bridge that the guest never configured is removed at once */
    add(qts, "spapr-pci-host-bridge", "phb", "'index': 5");
    add(qts, "pci-bridge", "bridge", "'bus': 'phb.0', 'chassis_nr': 9");
    add(qts, DEVICE, "dev", "'bus': 'bridge', 'addr': '2'");
    dr_sense_is(qts, PCI_DRC(5, 9, 2, 0), DR_PRESENT);
    device_del(qts, "phb");
    device_deleted(qts, "phb");
    g_assert_false(has_connector(qts, PCI_DRC(5, 9, 2, 0)));
    g_assert_false(exists(qts, "dev"));
    qtest_quit(qts);
}

static void test_phb_reset(void)
{
    QTestState *qts = papr_start("-smp 1 -device spapr-pci-host-bridge,"
                                 "id=cold,index=3 "
                                 "-device " DEVICE ",id=dev,bus=cold.0,addr=2 "
                                 "-device " DEVICE ",id=dev0,bus=pci.0,addr=2");

    dr_sense_is(qts, PHB_DRC(3), DR_PRESENT);
    add(qts, "spapr-pci-host-bridge", "new", "'index': 4");
    device_del(qts, "cold");
    device_del(qts, "dev");
    device_del(qts, "dev0");
    qtest_system_reset(qts);
    both_deleted(qts, "cold", "dev0");
    g_assert_false(exists(qts, "dev"));
    dr_sense_is(qts, PHB_DRC(3), DR_UNUSABLE);
    dr_sense_is(qts, PHB_DRC(4), DR_PRESENT);
    g_assert_false(has_connector(qts, PCI_DRC(3, 0, 2, 0)));
    g_assert_true(has_connector(qts, PCI_DRC(4, 0, 2, 0)));
    dr_no_event(qts);
    device_del(qts, "new");
    slot_event_is(qts, DR_REMOVE, PHB_DRC(4));
    qtest_quit(qts);
}

static void test_phb_errors(void)
{
    QTestState *qts = papr_start("-smp 1");

    add_fails(qts, "index", "spapr-pci-host-bridge", "phb", "'ddw': true");
    add_fails(qts, "PHB 0 already", "spapr-pci-host-bridge", "phb",
              "'index': 0");
    add_fails(qts, "31", "spapr-pci-host-bridge", "phb", "'index': 31");
    dr_no_event(qts);
    /* failed plugs have left nothing behind */
    add(qts, "spapr-pci-host-bridge", "phb", "'index': 30");
    slot_event_is(qts, DR_ADD, PHB_DRC(30));
    take_phb(qts, 30);
    qtest_quit(qts);
}

/* Unplug frees interrupt numbers and windows: the same ones, a hundred times */
static void test_phb_loop(void)
{
    QTestState *qts = papr_start("-smp 1");
    uint32_t first_msi = 0;

    for (unsigned i = 0; i < 100; i++) {
        unsigned index = 1 + i % 30;
        QDict *add_phb = qdict_new();
        uint32_t msi;

        qdict_put_str(add_phb, "driver", "spapr-pci-host-bridge");
        qdict_put_str(add_phb, "id", "phb");
        qdict_put_int(add_phb, "index", index);
        qtest_qmp_assert_success(qts, "{ 'execute': 'device_add', "
                                 "'arguments': %p }", add_phb);
        slot_event_is(qts, DR_ADD, PHB_DRC(index));
        take_phb(qts, index);
        add(qts, DEVICE, "dev", "'bus': 'phb.0', 'addr': '2'");
        slot_event_is(qts, DR_ADD, PCI_DRC(index, 0, 2, 0));
        take_device(qts, PCI_DRC(index, 0, 2, 0), DEVICE_NODE "@2");
        msi = allocate_msi(qts, index, 2);
        g_assert_cmphex(msi, !=, 0);
        if (!i) {
            first_msi = msi;
        }
        g_assert_cmphex(msi, ==, first_msi);
        if (i % 2) {
            device_del(qts, "dev");
            slot_event_is(qts, DR_REMOVE, PCI_DRC(index, 0, 2, 0));
            g_assert_cmpint(dr_isolate(qts, PCI_DRC(index, 0, 2, 0)), ==,
                            RTAS_SUCCESS);
            device_deleted(qts, "dev");
        }
        device_del(qts, "phb");
        give_phb_back(qts, index, "phb");
    }
    qtest_quit(qts);
}

/* The unplug of a device frees its interrupt numbers */
static void test_device_msi(void)
{
    QTestState *qts = papr_start("-smp 1 -device " DEVICE ",id=stays,addr=1");
    uint32_t stays = allocate_msi(qts, 0, 1);
    uint32_t first = 0;

    g_assert_cmphex(stays, !=, 0);
    for (int i = 0; i < 4; i++) {
        uint32_t msi;

        add(qts, DEVICE, "hot", "'addr': '2'");
        take_device(qts, PCI_DRC(0, 0, 2, 0), DEVICE_NODE "@2");
        msi = allocate_msi(qts, 0, 2);
        g_assert_cmphex(msi, !=, 0);
        g_assert_cmphex(msi, !=, stays);
        first = first ?: msi;
        g_assert_cmphex(msi, ==, first);
        device_del(qts, "hot");
        g_assert_cmpint(dr_isolate(qts, PCI_DRC(0, 0, 2, 0)), ==, RTAS_SUCCESS);
        device_deleted(qts, "hot");
    }
    qtest_quit(qts);
}

/* Check the number of "ibm,drc-indexes" of a node; returns the first index */
static uint32_t first_drc(const void *fdt, const char *path, uint32_t expected)
{
    int node = fdt_path_offset(fdt, path);
    int len;
    const uint32_t *indexes;

    g_assert_cmpint(node, >=, 0);
    indexes = fdt_getprop(fdt, node, "ibm,drc-indexes", &len);
    g_assert_nonnull(indexes);
    g_assert_cmpint(len, ==, 4 * (expected + 1));
    g_assert_cmpuint(be32_to_cpu(indexes[0]), ==, expected);
    return be32_to_cpu(indexes[1]);
}

/* Each node has the connectors that are below it */
static void test_tree(void)
{
    QTestState *qts = papr_start("-smp 1 "
                                 "-device spapr-pci-host-bridge,index=2 "
                                 "-device pci-bridge,chassis_nr=3,bus=pci.0,"
                                 "addr=1");
    g_autofree void *fdt = papr_tree(qts);

    g_assert_cmphex(first_drc(fdt, "/", 31), ==, PHB_DRC(0));
    g_assert_cmphex(first_drc(fdt, "/pci@800000020000000", 256), ==,
                    PCI_DRC(0, 0, 0, 0));
    g_assert_cmphex(first_drc(fdt, "/pci@800000020000000/pci@1", 256), ==,
                    PCI_DRC(0, 3, 0, 0));
    g_assert_cmphex(first_drc(fdt, "/pci@800000020000002", 256), ==,
                    PCI_DRC(2, 0, 0, 0));
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/pci-hotplug/add-remove", test_add_remove);
    qtest_add_func("pseries/pci-hotplug/round-trip", test_guest_round_trip);
    qtest_add_func("pseries/pci-hotplug/never-taken", test_never_taken);
    qtest_add_func("pseries/pci-hotplug/multifunction", test_multifunction);
    qtest_add_func("pseries/pci-hotplug/occupied", test_occupied);
    qtest_add_func("pseries/pci-hotplug/failed", test_failed);
    qtest_add_func("pseries/pci-hotplug/bridges", test_bridges);
    qtest_add_func("pseries/pci-hotplug/reset", test_reset);
    qtest_add_func("pseries/pci-hotplug/device-msi", test_device_msi);
    qtest_add_func("pseries/pci-hotplug/phb", test_phb);
    qtest_add_func("pseries/pci-hotplug/phb-reset", test_phb_reset);
    qtest_add_func("pseries/pci-hotplug/phb-errors", test_phb_errors);
    qtest_add_func("pseries/pci-hotplug/phb-loop", test_phb_loop);
    qtest_add_func("pseries/pci-hotplug/tree", test_tree);
    return g_test_run();
}
