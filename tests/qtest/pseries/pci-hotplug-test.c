/*
 * PCI devices, PCI bridges and host bridges, plugged and unplugged
 *
 * The test is the guest: it fetches events and drives the connectors.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "libdr.h"

#include <libfdt.h>

#define PCI_DRC(phb, chassis, slot, func)                                    \
    (0x40000000u | (phb) << 16 | (chassis) << 8 | (slot) << 3 | (func))
#define PHB_DRC(index) (0x20000000u | (index))
#define BUID_HIGH 0x8000000u
#define BUID_LOW(index) (0x20000000u | (index))

/* The test's device: any will do that needs no backend */
#define DEVICE "virtio-scsi-pci"
#define DEVICE_NODE "scsi"
#define HOST_BRIDGE "/pci@800000020000000"

static bool has_connector(QTestState *qts, uint32_t index)
{
    return papr_rtas(qts, "get-sensor-state", 2, NULL, DR_ENTITY_SENSE,
                     index) == RTAS_SUCCESS;
}

/* The next event asks to take or give up this connector */
static void event_is(QTestState *qts, uint8_t action, uint32_t index)
{
    dr_event_is(qts, index >> 28 == 2 ? DR_PHB : DR_PCI, action, DR_BY_INDEX,
                index);
}

static void cell_is(GHashTable *found, const char *path, uint32_t expected)
{
    size_t n;
    const uint32_t *data = dr_cells(found, path, &n);

    g_assert_cmpuint(n, ==, 1);
    g_assert_cmphex(be32_to_cpu(*data), ==, expected);
}

/* Take what is behind a slot's connector into use; it is called @node */
static void take_device(QTestState *qts, uint32_t index, const char *node)
{
    g_autofree char *drc = g_strdup_printf("%s/ibm,my-drc-index", node);
    g_autofree char *reg = g_strdup_printf("%s/reg", node);
    g_autoptr(GHashTable) found = NULL;
    size_t n;

    dr_sense_is(qts, index, DR_PRESENT);
    g_assert_cmpint(dr_unisolate(qts, index), ==, RTAS_SUCCESS);
    dr_start_walk(qts, index);
    found = dr_walk(qts);
    cell_is(found, drc, index);
    /* the function is where the connector says */
    g_assert_cmphex(be32_to_cpu(*dr_cells(found, reg, &n)) >> 8 & 0xff, ==,
                    index & 0xff);
}

static uint32_t vendor_id(QTestState *qts, unsigned phb, unsigned slot,
                          unsigned func)
{
    uint32_t rets[2] = { 0, UINT32_MAX };

    papr_rtas(qts, "ibm,read-pci-config", 2, rets, slot << 11 | func << 8,
              BUID_HIGH, BUID_LOW(phb), 2);
    return rets[1] & 0xffff;
}

/* Wait for DEVICE_DELETED of these two, in any order; @other may be NULL */
static void both_deleted(QTestState *qts, const char *id, const char *other)
{
    while (id || other) {
        QDict *event = qtest_qmp_eventwait_ref(qts, "DEVICE_DELETED");
        const char *device = qdict_get_try_str(qdict_get_qdict(event, "data"),
                                               "device");

        if (id && !g_strcmp0(device, id)) {
            id = NULL;
        } else if (other && !g_strcmp0(device, other)) {
            other = NULL;
        }
        qobject_unref(event);
    }
}

static bool exists(QTestState *qts, const char *id)
{
    g_autofree char *path = g_strdup_printf("/machine/peripheral/%s", id);
    QDict *answer = qtest_qmp(qts, "{ 'execute': 'qom-list', 'arguments': "
                              "{ 'path': %s } }", path);
    bool there = qdict_haskey(answer, "return");

    qobject_unref(answer);
    return there;
}

#define add_fails(qts, text, driver, id, ...)                                \
    qmp_fails(qtest_qmp(qts, "{ 'execute': 'device_add', 'arguments': "      \
                        "{ 'driver': %s, 'id': %s, " __VA_ARGS__ "} }",      \
                        driver, id), text)

#define add(qts, driver, id, ...)                                            \
    qtest_qmp_assert_success(qts, "{ 'execute': 'device_add', 'arguments': " \
                             "{ 'driver': %s, 'id': %s, " __VA_ARGS__ "} }", \
                             driver, id)

static void test_add_remove(void)
{
    const uint32_t drc = PCI_DRC(0, 0, 2, 0);
    QTestState *qts = papr_start("-smp 1");

    dr_sense_is(qts, drc, DR_EMPTY);
    dr_no_event(qts);
    for (int i = 0; i < 3; i++) {
        add(qts, DEVICE, "hot", "'addr': '2'");
        event_is(qts, DR_ADD, drc);
        dr_no_event(qts);
        g_assert_cmphex(vendor_id(qts, 0, 2, 0), ==, 0x1af4);
        dr_start_walk(qts, drc);
        g_assert_cmpint(dr_configure(qts), ==, DR_NOT_CONFIGURABLE);
        take_device(qts, drc, DEVICE_NODE "@2");

        device_del(qts, "hot");
        event_is(qts, DR_REMOVE, drc);
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

/* The guest may put a device away and take it back without being asked */
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

    /* isolated already when the request comes: gone at once, unasked */
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
    /* the request to add it may still be fetched: it leads nowhere */
    event_is(qts, DR_ADD, PCI_DRC(0, 0, 3, 0));
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
    event_is(qts, DR_ADD, drc0);
    event_is(qts, DR_ADD, drc1);
    event_is(qts, DR_ADD, drc7);
    dr_no_event(qts);
    add_fails(qts, "function 0 already", DEVICE, "f2",
              "'addr': '2.2', 'multifunction': true");
    take_device(qts, drc0, DEVICE_NODE "@2");
    take_device(qts, drc1, DEVICE_NODE "@2,1");
    take_device(qts, drc7, DEVICE_NODE "@2,7");

    /* of one function the guest isn't told: it takes out whole devices */
    device_del(qts, "f1");
    dr_no_event(qts);
    device_del_fails(qts, "f1", "in progress already");
    device_del(qts, "f0");
    event_is(qts, DR_REMOVE, drc7);
    event_is(qts, DR_REMOVE, drc1);
    event_is(qts, DR_REMOVE, drc0);
    dr_no_event(qts);
    device_del_fails(qts, "f7", "in progress already");
    g_assert_cmpint(dr_isolate(qts, drc7), ==, RTAS_SUCCESS);
    device_deleted(qts, "f7");
    g_assert_cmpint(dr_isolate(qts, drc1), ==, RTAS_SUCCESS);
    device_deleted(qts, "f1");
    g_assert_cmpint(dr_isolate(qts, drc0), ==, RTAS_SUCCESS);
    device_deleted(qts, "f0");

    /* functions that wait for function 0 go at once */
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
    /* still so while the guest is asked for it */
    device_del(qts, "cold");
    event_is(qts, DR_REMOVE, PCI_DRC(0, 0, 2, 0));
    add_fails(qts, "slot 2 function 0 not available", DEVICE, "hot",
              "'addr': '2'");
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
    event_is(qts, DR_ADD, behind);
    take_device(qts, behind, DEVICE_NODE "@4");
    device_del_fails(qts, "cold", "can't be unplugged");
    device_del(qts, "dev");
    event_is(qts, DR_REMOVE, behind);
    g_assert_cmpint(dr_isolate(qts, behind), ==, RTAS_SUCCESS);
    device_deleted(qts, "dev");

    add_fails(qts, "chassis 7 already in use", "pci-bridge", "same",
              "'chassis_nr': 7");
    add_fails(qts, "chassis_nr", "pci-bridge", "none", "'addr': '2'");
    add_fails(qts, "chassis_nr", "i82801b11-bridge", "other", "'addr': '2'");
    dr_no_event(qts);

    /* a bridge comes hot, then what is behind it, all told in one walk */
    g_assert_false(has_connector(qts, PCI_DRC(0, 255, 1, 0)));
    add(qts, "pci-bridge", "hot", "'chassis_nr': 255, 'addr': '3'");
    event_is(qts, DR_ADD, PCI_DRC(0, 0, 3, 0));
    add(qts, DEVICE, "dev2", "'bus': 'hot', 'addr': '1'");
    event_is(qts, DR_ADD, PCI_DRC(0, 255, 1, 0));
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

/* What was to be unplugged goes at reset; what is new is there after it */
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

    /* both are configured: the guest is asked */
    device_del(qts, "new");
    event_is(qts, DR_REMOVE, PCI_DRC(0, 0, 4, 0));
    device_del(qts, "half");
    event_is(qts, DR_REMOVE, PCI_DRC(0, 0, 6, 0));
    g_assert_cmpint(dr_isolate(qts, PCI_DRC(0, 0, 6, 0)), ==, RTAS_SUCCESS);
    device_deleted(qts, "half");
    qtest_quit(qts);
}

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
 * One device the guest was asked for, one it was only told of, one that it is
 * about to take, one behind another host bridge
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
    event_is(qts, DR_REMOVE, going);
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
    /* however it comes there, it is the stream that counts */
    add(qts, DEVICE, "half", "'bus': 'pci.0', 'addr': '4'");
    restore(qts, &stream);

    event_is(qts, DR_ADD, told);
    event_is(qts, DR_ADD, half);
    event_is(qts, DR_ADD, PHB_DRC(1));
    event_is(qts, DR_ADD, other);
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
 * The guest releases a device, and a bridge with one, while a stream is made:
 * they go at the other side, or here if it is given up, whenever the machine
 * was reset.
 */
static void test_migrate_let_go(void)
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

/* Devices that leave are in QEMU, but neither guest nor firmware finds them */
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
 * A reset, or client-architecture-support, while a stream is made, which is
 * carried out or given up.  What it was made of stays in QEMU, since
 * migration's thread may be at it.
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
 * A snapshot of each step of an unplug is loaded in each: the unplug goes on
 * from there, or was never asked for, whatever was before.
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
                event_is(qts, DR_REMOVE, slot);
                event_is(qts, DR_REMOVE, PHB_DRC(1));
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

/* The number of the first MSI-X of @slot on bridge @phb: 0 if there is none */
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
    /* no firmware is there that would add it */
    g_assert_cmpstr(g_bytes_get_data(g_hash_table_lookup(found, name), &n), ==,
                    "pci");
}

static void give_phb_back(QTestState *qts, unsigned index, const char *id)
{
    event_is(qts, DR_REMOVE, PHB_DRC(index));
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
    event_is(qts, DR_ADD, PHB_DRC(5));
    take_phb(qts, 5);
    add(qts, DEVICE, "dev", "'bus': 'phb.0', 'addr': '2'");
    event_is(qts, DR_ADD, PCI_DRC(5, 0, 2, 0));
    take_device(qts, PCI_DRC(5, 0, 2, 0), DEVICE_NODE "@2");
    g_assert_cmphex(vendor_id(qts, 5, 2, 0), ==, 0x1af4);

    /* the guest keeps it */
    device_del(qts, "phb");
    event_is(qts, DR_REMOVE, PHB_DRC(5));
    device_del_fails(qts, "phb", "in progress already");
    g_assert_cmpint(dr_unisolate(qts, PHB_DRC(5)), ==, RTAS_SUCCESS);
    event = qtest_qmp_eventwait_ref(qts, "DEVICE_UNPLUG_GUEST_ERROR");
    g_assert_cmpstr(qdict_get_str(qdict_get_qdict(event, "data"), "device"), ==,
                    "phb");
    qobject_unref(event);
    g_assert_cmphex(vendor_id(qts, 5, 2, 0), ==, 0x1af4);

    /* it gives it up, with the device behind it */
    device_del(qts, "phb");
    give_phb_back(qts, 5, "phb");
    g_assert_false(exists(qts, "dev"));
    g_assert_cmphex(vendor_id(qts, 5, 2, 0), ==, 0xffff);
    dr_no_event(qts);

    /* at once if it never took it */
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
    event_is(qts, DR_REMOVE, PHB_DRC(4));
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
    /* what failed left nothing behind */
    add(qts, "spapr-pci-host-bridge", "phb", "'index': 30");
    event_is(qts, DR_ADD, PHB_DRC(30));
    take_phb(qts, 30);
    qtest_quit(qts);
}

/* Numbers and windows are free again: the same ones, a hundred times */
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
        event_is(qts, DR_ADD, PHB_DRC(index));
        take_phb(qts, index);
        add(qts, DEVICE, "dev", "'bus': 'phb.0', 'addr': '2'");
        event_is(qts, DR_ADD, PCI_DRC(index, 0, 2, 0));
        take_device(qts, PCI_DRC(index, 0, 2, 0), DEVICE_NODE "@2");
        msi = allocate_msi(qts, index, 2);
        g_assert_cmphex(msi, !=, 0);
        if (!i) {
            first_msi = msi;
        }
        g_assert_cmphex(msi, ==, first_msi);
        if (i % 2) {
            device_del(qts, "dev");
            event_is(qts, DR_REMOVE, PCI_DRC(index, 0, 2, 0));
            g_assert_cmpint(dr_isolate(qts, PCI_DRC(index, 0, 2, 0)), ==,
                            RTAS_SUCCESS);
            device_deleted(qts, "dev");
        }
        device_del(qts, "phb");
        give_phb_back(qts, index, "phb");
    }
    qtest_quit(qts);
}

/* A device that goes gives its interrupt numbers back */
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

/* "ibm,drc-indexes" of a node: how many, and its first one */
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

/* Each node has the connectors that are its own */
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
    qtest_add_func("pseries/pci-hotplug/bridges", test_bridges);
    qtest_add_func("pseries/pci-hotplug/reset", test_reset);
    qtest_add_func("pseries/pci-hotplug/migrate", test_migrate);
    qtest_add_func("pseries/pci-hotplug/migrate-let-go", test_migrate_let_go);
    qtest_add_func("pseries/pci-hotplug/migrate-reset", test_migrate_reset);
    qtest_add_func("pseries/pci-hotplug/snapshot", test_snapshot);
    qtest_add_func("pseries/pci-hotplug/device-msi", test_device_msi);
    qtest_add_func("pseries/pci-hotplug/phb", test_phb);
    qtest_add_func("pseries/pci-hotplug/phb-reset", test_phb_reset);
    qtest_add_func("pseries/pci-hotplug/phb-errors", test_phb_errors);
    qtest_add_func("pseries/pci-hotplug/phb-loop", test_phb_loop);
    qtest_add_func("pseries/pci-hotplug/tree", test_tree);
    return g_test_run();
}
