/*
 * virtio-mem: memory of which the guest plugs blocks
 *
 * The test acts as the guest's driver: it plugs and unplugs blocks by requests
 * in the virtqueue.  The device is a PCI device, too, with the connector of its
 * slot.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "libdr.h"
#include "tests/qtest/libqos/malloc-spapr.h"
#include "tests/qtest/libqos/pci-spapr.h"
#include "tests/qtest/libqos/virtio-pci.h"
#include "standard-headers/linux/virtio_mem.h"
#include "standard-headers/linux/virtio_config.h"

#define LMB (256 * MiB)
/* Boot memory is 256 MiB, the area for more begins at 1 GiB */
#define AREA_START GiB
#define BLOCK (2 * MiB)
#define SLOT 3
#define PCI_DRC (0x40000000u | SLOT << 3)
#define LMB_DRC(block) (0x80000000u | (uint32_t)(AREA_START / LMB + (block)))
#define PATIENCE_US (60 * 1000 * 1000)

#define MEMORY "-m 256M,slots=4,maxmem=4G "
#define BACKEND "-object memory-backend-ram,id=mem,size=1G,reserve=off "
#define DEVICE "-device virtio-mem-pci,id=vmem,memdev=mem,addr=3," \
               "block-size=2M,requested-size=512M"
#define MACHINE MEMORY BACKEND DEVICE

typedef struct Driver {
    QTestState *qts;
    QGuestAllocator alloc;
    QPCIBus *bus;
    QVirtioPCIDevice *pci;
    QVirtioDevice *dev;
    QVirtQueue *vq;
    uint64_t request;
} Driver;

/* Find the device and map its BAR */
static void driver_probe(Driver *driver, QTestState *qts)
{
    QPCIAddress addr = { .devfn = QPCI_DEVFN(SLOT, 0) };

    driver->qts = qts;
    spapr_alloc_init(&driver->alloc, qts, 0);
    driver->bus = qpci_new_spapr(qts, &driver->alloc);
    driver->pci = virtio_pci_new(driver->bus, &addr);
    g_assert_nonnull(driver->pci);
    driver->dev = &driver->pci->vdev;
    g_assert_cmpuint(driver->dev->device_type, ==, 24);
    qvirtio_pci_device_enable(driver->pci);
}

static void driver_start(Driver *driver, QTestState *qts)
{
    driver_probe(driver, qts);
    qvirtio_start_device(driver->dev);
    g_assert_true(qvirtio_get_features(driver->dev) &
                  1ull << VIRTIO_MEM_F_UNPLUGGED_INACCESSIBLE);
    qvirtio_set_features(driver->dev, 1ull << VIRTIO_F_VERSION_1 |
                         1ull << VIRTIO_MEM_F_UNPLUGGED_INACCESSIBLE);
    driver->vq = qvirtqueue_setup(driver->dev, &driver->alloc, 0);
    qvirtio_set_driver_ok(driver->dev);
    driver->request = guest_alloc(&driver->alloc, 4 * KiB);
}

static void driver_stop(Driver *driver)
{
    if (driver->vq) {
        qvirtqueue_cleanup(driver->dev->bus, driver->vq, &driver->alloc);
    }
    qos_object_destroy((QOSGraphObject *)driver->pci);
    qpci_free_spapr(driver->bus);
    alloc_destroy(&driver->alloc);
}

/* Send a request; if it is REQ_STATE, the result is in *@state */
static uint16_t ask(Driver *driver, uint16_t type, uint64_t addr,
                    uint16_t n_blocks, uint16_t *state)
{
    const uint64_t response = driver->request + 256;
    struct virtio_mem_req req = {
        .type = cpu_to_le16(type),
        .u.plug.addr = cpu_to_le64(addr),
        .u.plug.nb_blocks = cpu_to_le16(n_blocks),
    };
    struct virtio_mem_resp resp;
    uint32_t head;

    qtest_memwrite(driver->qts, driver->request, &req, sizeof(req));
    head = qvirtqueue_add(driver->qts, driver->vq, driver->request,
                          sizeof(req), false, true);
    qvirtqueue_add(driver->qts, driver->vq, response, sizeof(resp), true,
                   false);
    qvirtqueue_kick(driver->qts, driver->dev, driver->vq, head);
    qvirtio_wait_used_elem(driver->qts, driver->dev, driver->vq, head, NULL,
                           PATIENCE_US);
    qtest_memread(driver->qts, response, &resp, sizeof(resp));
    if (state) {
        *state = le16_to_cpu(resp.u.state.state);
    }
    return le16_to_cpu(resp.type);
}

static uint16_t plug(Driver *driver, uint64_t block, uint16_t n_blocks)
{
    return ask(driver, VIRTIO_MEM_REQ_PLUG, AREA_START + block * BLOCK,
               n_blocks, NULL);
}

static uint16_t unplug(Driver *driver, uint64_t block, uint16_t n_blocks)
{
    return ask(driver, VIRTIO_MEM_REQ_UNPLUG, AREA_START + block * BLOCK,
               n_blocks, NULL);
}

static void state_is(Driver *driver, uint64_t block, uint16_t n_blocks,
                     uint16_t expected)
{
    uint16_t state;

    g_assert_cmpuint(ask(driver, VIRTIO_MEM_REQ_STATE,
                         AREA_START + block * BLOCK, n_blocks, &state), ==,
                     VIRTIO_MEM_RESP_ACK);
    g_assert_cmpuint(state, ==, expected);
}

static uint64_t config(Driver *driver, unsigned offset)
{
    return qvirtio_config_readq(driver->dev, offset);
}

#define CONFIG(driver, field) \
    config(driver, offsetof(struct virtio_mem_config, field))

/* Memory devices, by QMP: "id addr/LMB size/BLOCK" of each, in order of addr */
static void devices_are(QTestState *qts, const char *expected)
{
    g_autoptr(QDict) answer = qtest_qmp(qts, "{ 'execute': "
                                        "'query-memory-devices' }");
    g_autoptr(GString) text = g_string_new("");
    const QListEntry *entry;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(answer, "return"), entry) {
        QDict *device = qobject_to(QDict, qlist_entry_obj(entry));
        QDict *data = qdict_get_qdict(device, "data");
        bool module = !strcmp(qdict_get_str(device, "type"), "dimm");

        g_string_append_printf(text, "%s %u %u\n", qdict_get_str(data, "id"),
            (unsigned)(qdict_get_int(data, module ? "addr" : "memaddr") / LMB),
            (unsigned)(qdict_get_int(data, "size") / BLOCK));
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static void request_size(QTestState *qts, uint64_t size)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'qom-set', 'arguments': { "
                             "'path': '/machine/peripheral/vmem', 'property': "
                             "'requested-size', 'value': %" PRIu64 " } }",
                             size);
}

#define MARK 0x1122334455667788

static void test_blocks(void)
{
    QTestState *qts = papr_start(MACHINE);
    Driver driver;

    driver_start(&driver, qts);
    g_assert_cmphex(CONFIG(&driver, addr), ==, AREA_START);
    g_assert_cmphex(CONFIG(&driver, block_size), ==, BLOCK);
    g_assert_cmphex(CONFIG(&driver, region_size), ==, GiB);
    g_assert_cmphex(CONFIG(&driver, requested_size), ==, 512 * MiB);
    /* two of the guest's blocks more than what is requested, or all */
    g_assert_cmphex(CONFIG(&driver, usable_region_size), ==, GiB);

    state_is(&driver, 0, 512, VIRTIO_MEM_STATE_UNPLUGGED);
    g_assert_cmpuint(plug(&driver, 0, 2), ==, VIRTIO_MEM_RESP_ACK);
    g_assert_cmpuint(plug(&driver, 1, 2), ==, VIRTIO_MEM_RESP_ERROR);
    g_assert_cmpuint(plug(&driver, 511, 1), ==, VIRTIO_MEM_RESP_ACK);
    g_assert_cmpuint(plug(&driver, 511, 2), ==, VIRTIO_MEM_RESP_ERROR);
    state_is(&driver, 0, 2, VIRTIO_MEM_STATE_PLUGGED);
    state_is(&driver, 0, 3, VIRTIO_MEM_STATE_MIXED);
    devices_are(qts, "vmem 4 3\n");
    g_assert_cmphex(CONFIG(&driver, plugged_size), ==, 3 * BLOCK);
    papr_st64(qts, AREA_START + BLOCK, MARK);
    papr_st64(qts, AREA_START + 511 * BLOCK, ~MARK);
    g_assert_cmphex(papr_ld64(qts, AREA_START + BLOCK), ==, MARK);
    g_assert_cmphex(papr_ld64(qts, AREA_START + 511 * BLOCK), ==, ~MARK);

    /* no more than is requested; blocks that were unplugged are zero */
    g_assert_cmpuint(plug(&driver, 2, 254), ==, VIRTIO_MEM_RESP_NACK);
    g_assert_cmpuint(unplug(&driver, 1, 1), ==, VIRTIO_MEM_RESP_ACK);
    g_assert_cmpuint(unplug(&driver, 1, 1), ==, VIRTIO_MEM_RESP_ERROR);
    g_assert_cmpuint(plug(&driver, 1, 1), ==, VIRTIO_MEM_RESP_ACK);
    g_assert_cmphex(papr_ld64(qts, AREA_START + BLOCK), ==, 0);
    request_size(qts, 0);
    g_assert_cmpuint(plug(&driver, 2, 1), ==, VIRTIO_MEM_RESP_NACK);
    g_assert_cmpuint(ask(&driver, VIRTIO_MEM_REQ_UNPLUG_ALL, 0, 0, NULL), ==,
                     VIRTIO_MEM_RESP_ACK);
    devices_are(qts, "vmem 4 0\n");
    driver_stop(&driver);
    qtest_quit(qts);
}

/* Other memory can't be at the device's addresses; no connector has a device */
static void test_neighbours(void)
{
    QTestState *qts = papr_start(
        MACHINE " -object memory-backend-ram,id=m0,size=256M "
        "-device pc-dimm,id=dimm,memdev=m0");

    devices_are(qts, "vmem 4 0\ndimm 8 128\n");
    for (unsigned block = 0; block < 4; block++) {
        dr_sense_is(qts, LMB_DRC(block), DR_UNUSABLE);
        g_assert_cmpint(dr_allocate(qts, LMB_DRC(block), true), ==,
                        RTAS_NO_SUCH_INDICATOR);
    }
    dr_sense_is(qts, LMB_DRC(4), DR_PRESENT);
    qmp_fails(qtest_qmp(qts, "{ 'execute': 'device_add', 'arguments': { "
                        "'driver': 'pc-dimm', 'memdev': 'm0', 'id': 'x', "
                        "'addr': 1073741824 } }"),
              "conflicts with memory device id='vmem'");
    qtest_quit(qts);
}

static void hot_add(QTestState *qts)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'device_add', 'arguments': { "
                             "'driver': 'virtio-mem-pci', 'id': 'vmem', "
                             "'memdev': 'mem', 'addr': '3', 'block-size': "
                             "2097152, 'requested-size': 536870912 } }");
}

static void take(QTestState *qts)
{
    dr_sense_is(qts, PCI_DRC, DR_PRESENT);
    g_assert_cmpint(dr_unisolate(qts, PCI_DRC), ==, RTAS_SUCCESS);
    dr_start_walk(qts, PCI_DRC);
    g_hash_table_unref(dr_walk(qts));
}

/* Plug and unplug as a PCI device; unplug only if no block is plugged */
static void test_hotplug(void)
{
    QTestState *qts = papr_start(MEMORY BACKEND);

    for (int i = 0; i < 3; i++) {
        Driver driver;

        hot_add(qts);
        dr_event_is(qts, DR_PCI, DR_ADD, DR_BY_INDEX, PCI_DRC);
        dr_no_event(qts);
        take(qts);
        driver_start(&driver, qts);
        g_assert_cmpuint(plug(&driver, 0, 1), ==, VIRTIO_MEM_RESP_ACK);
        papr_st64(qts, AREA_START, MARK);

        device_del_fails(qts, "vmem", "some of its memory is still plugged");
        g_assert_cmpuint(unplug(&driver, 0, 1), ==, VIRTIO_MEM_RESP_ACK);
        device_del_fails(qts, "vmem", "'requested-size' != '0'");
        request_size(qts, 0);
        dr_no_event(qts);
        device_del(qts, "vmem");
        dr_event_is(qts, DR_PCI, DR_REMOVE, DR_BY_INDEX, PCI_DRC);
        devices_are(qts, "vmem 4 0\n");
        driver_stop(&driver);
        g_assert_cmpint(dr_isolate(qts, PCI_DRC), ==, RTAS_SUCCESS);
        device_deleted(qts, "vmem");
        devices_are(qts, "");
        dr_sense_is(qts, PCI_DRC, DR_EMPTY);
        papr_st64(qts, AREA_START, MARK);
        g_assert_cmphex(papr_ld64(qts, AREA_START), !=, MARK);
    }
    /* no reference to the backend is left */
    qtest_qmp_assert_success(qts, "{ 'execute': 'object-del', 'arguments': "
                             "{ 'id': 'mem' } }");
    qtest_quit(qts);
}

/* A host bridge's unplug removes the device, even if memory is requested */
static void test_with_bridge(void)
{
    QTestState *qts = papr_start(
        MEMORY BACKEND "-device spapr-pci-host-bridge,index=1,id=phb "
        "-device virtio-mem-pci,id=vmem,memdev=mem,bus=phb.0,"
        "requested-size=512M");

    devices_are(qts, "vmem 4 0\n");
    device_del_fails(qts, "phb", "'requested-size' != '0'");
    dr_no_event(qts);
    request_size(qts, 0);
    device_del(qts, "phb");
    dr_event_is(qts, DR_PHB, DR_REMOVE, DR_BY_INDEX, 0x20000001);
    request_size(qts, 512 * MiB);
    g_assert_cmpint(dr_isolate(qts, 0x20000001), ==, RTAS_SUCCESS);
    g_assert_cmpint(dr_allocate(qts, 0x20000001, false), ==, RTAS_SUCCESS);
    device_deleted(qts, "phb");
    devices_are(qts, "");
    papr_st64(qts, AREA_START, MARK);
    g_assert_cmphex(papr_ld64(qts, AREA_START), !=, MARK);
    qtest_qmp_assert_success(qts, "{ 'execute': 'object-del', 'arguments': "
                             "{ 'id': 'mem' } }");
    qtest_quit(qts);
}

/* A reset unplugs all blocks, and the device if its unplug is requested */
static void test_reset(void)
{
    QTestState *qts = papr_start(MACHINE);
    Driver driver;

    driver_start(&driver, qts);
    g_assert_cmpuint(plug(&driver, 5, 3), ==, VIRTIO_MEM_RESP_ACK);
    papr_st64(qts, AREA_START + 5 * BLOCK, MARK);
    driver_stop(&driver);
    qtest_system_reset(qts);
    devices_are(qts, "vmem 4 0\n");
    driver_start(&driver, qts);
    g_assert_cmpuint(plug(&driver, 5, 1), ==, VIRTIO_MEM_RESP_ACK);
    g_assert_cmphex(papr_ld64(qts, AREA_START + 5 * BLOCK), ==, 0);
    g_assert_cmpuint(unplug(&driver, 5, 1), ==, VIRTIO_MEM_RESP_ACK);
    request_size(qts, 0);
    driver_stop(&driver);
    device_del(qts, "vmem");
    qtest_qmp_assert_success(qts, "{ 'execute': 'system_reset' }");
    device_deleted(qts, "vmem");
    devices_are(qts, "");
    qtest_quit(qts);
}

/* Plugged blocks are migrated, with their contents */
static void test_migrate(void)
{
    g_autofree char *dir = g_dir_make_tmp("papr-vmem-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);
    QTestState *qts = papr_start(MACHINE);
    Driver driver, there;

    driver_start(&driver, qts);
    g_assert_cmpuint(plug(&driver, 4, 1), ==, VIRTIO_MEM_RESP_ACK);
    g_assert_cmpuint(plug(&driver, 300, 2), ==, VIRTIO_MEM_RESP_ACK);
    papr_st64(qts, AREA_START + 4 * BLOCK, MARK);
    papr_st64(qts, AREA_START + 301 * BLOCK + 8, ~MARK);
    papr_save(qts, file);
    qtest_quit(qts);

    qts = papr_start(MACHINE " -incoming defer");
    g_assert_true(papr_load(qts, file));
    devices_are(qts, "vmem 4 3\n");
    g_assert_cmphex(papr_ld64(qts, AREA_START + 4 * BLOCK), ==, MARK);
    g_assert_cmphex(papr_ld64(qts, AREA_START + 301 * BLOCK + 8), ==, ~MARK);
    /* the driver continues with its virtqueue */
    driver_probe(&there, qts);
    there.vq = driver.vq;
    there.vq->vdev = there.dev;
    there.request = driver.request;
    there.dev->features = driver.dev->features;
    state_is(&there, 4, 1, VIRTIO_MEM_STATE_PLUGGED);
    state_is(&there, 300, 2, VIRTIO_MEM_STATE_PLUGGED);
    state_is(&there, 5, 295, VIRTIO_MEM_STATE_UNPLUGGED);
    g_assert_cmpuint(unplug(&there, 300, 2), ==, VIRTIO_MEM_RESP_ACK);
    g_assert_cmpuint(plug(&there, 301, 1), ==, VIRTIO_MEM_RESP_ACK);
    g_assert_cmphex(papr_ld64(qts, AREA_START + 301 * BLOCK + 8), ==, 0);
    devices_are(qts, "vmem 4 2\n");
    qtest_quit(qts);
    there.vq = NULL;                    /* freed with @driver's */
    driver_stop(&there);
    driver_stop(&driver);
    unlink(file);
    rmdir(dir);
}

/* The limit of a hash page table counts the whole device, plugged or not */
static void test_hash_table(void)
{
    QTestState *qts = papr_start("-cpu POWER8 " MEMORY BACKEND);

    g_assert_cmpint(papr_hcall(qts, 0, H_RESIZE_HPT_PREPARE, 0, 23), ==,
                    H_RESOURCE);
    hot_add(qts);
    g_assert_cmpint(papr_hcall(qts, 0, H_RESIZE_HPT_PREPARE, 0, 24), !=,
                    H_RESOURCE);
    papr_hcall(qts, 0, H_RESIZE_HPT_PREPARE, 0, 0);
    request_size(qts, 0);
    device_del(qts, "vmem");
    device_deleted(qts, "vmem");
    g_assert_cmpint(papr_hcall(qts, 0, H_RESIZE_HPT_PREPARE, 0, 23), ==,
                    H_RESOURCE);
    qtest_quit(qts);
}

static void test_errors(void)
{
#define MEM(size) "-object memory-backend-ram,id=m,reserve=off,size=" size \
                  " -device virtio-mem-pci,"
#define ROOM "-m 256M,maxmem=4G "
    papr_refused_for("-m 256M " MEM("1G") "memdev=m", "maxmem");
    papr_refused_for(ROOM "-device virtio-mem-pci", "'memdev'");
    papr_refused_for(ROOM MEM("300M") "memdev=m",
                     "must be a multiple of 256 MB: give "
                     "memory backend 'm' size=512M");
    papr_refused_for(ROOM MEM("1G") "memdev=m,memaddr=0x48000000",
                     "memaddr=0x48000000 is not a multiple of 256 MB: use "
                     "memaddr=0x40000000");
    papr_refused_for(ROOM MEM("1G") "memdev=m,memaddr=0x10000000",
                     "usable range");
    papr_refused_for(ROOM MEM("8G") "memdev=m", "not enough space");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/virtio-mem/blocks", test_blocks);
    qtest_add_func("pseries/virtio-mem/neighbours", test_neighbours);
    qtest_add_func("pseries/virtio-mem/hotplug", test_hotplug);
    qtest_add_func("pseries/virtio-mem/with-bridge", test_with_bridge);
    qtest_add_func("pseries/virtio-mem/reset", test_reset);
    qtest_add_func("pseries/virtio-mem/migrate", test_migrate);
    qtest_add_func("pseries/virtio-mem/hash-table", test_hash_table);
    qtest_add_func("pseries/virtio-mem/errors", test_errors);
    return g_test_run();
}
