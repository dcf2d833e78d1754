/*
 * Memory modules (pc-dimm), plugged and unplugged
 *
 * The test acts as the guest: it fetches events and sets connectors' states.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <libfdt.h>
#include "libmodules.h"

#define add_fails(qts, text, id, ...)                                        \
    qmp_fails(qtest_qmp(qts, "{ 'execute': 'device_add', 'arguments': "      \
                        "{ 'driver': 'pc-dimm', 'id': %s, "                  \
                        __VA_ARGS__ "} }", id), text)

/* Is there memory in this block? */
static bool is_memory(QTestState *qts, unsigned block)
{
    const uint64_t addr = AREA_START + block * LMB + 0x12340;

    papr_st64(qts, addr, 0x1122334455667788);
    return papr_ld64(qts, addr) == 0x1122334455667788;
}

/* A module of 3 blocks: plugged, used, and removed with its last block */
static void test_add_remove(void)
{
    QTestState *qts = papr_start(MEMORY);

    add_backend(qts, "mem", 3 * LMB);
    dr_sense_is(qts, DRC(0), DR_UNUSABLE);
    g_assert_false(is_memory(qts, 0));
    for (int i = 0; i < 3; i++) {
        add(qts, "dimm", "'memdev': 'mem'");
        block_event_is(qts, DR_ADD, 0, 3);
        dr_no_event(qts);
        modules_are(qts, "dimm 4 3 0 0\n");
        dr_sense_is(qts, DRC(2), DR_UNUSABLE);
        g_assert_cmpint(dr_unisolate(qts, DRC(0)), ==, RTAS_NO_SUCH_INDICATOR);
        dr_start_walk(qts, DRC(0));
        g_assert_cmpint(dr_configure(qts), ==, DR_NOT_CONFIGURABLE);
        take_blocks(qts, 0, 3);
        g_assert_true(is_memory(qts, 0));
        g_assert_true(is_memory(qts, 2));
        g_assert_false(is_memory(qts, 3));
        no_request_for(qts, 1);

        device_del(qts, "dimm");
        block_event_is(qts, DR_REMOVE, 0, 3);
        device_del_fails(qts, "dimm", "Memory unplug already in progress for "
                         "device dimm");
        dr_no_event(qts);
        release_block(qts, 1);
        release_block(qts, 2);
        g_assert_cmpint(dr_allocate(qts, DRC(1), true), ==,
                        RTAS_NO_SUCH_INDICATOR);
        g_assert_cmpint(dr_isolate(qts, DRC(0)), ==, RTAS_SUCCESS);
        modules_are(qts, "dimm 4 3 0 0\n");
        g_assert_true(is_memory(qts, 1));
        g_assert_cmpint(dr_allocate(qts, DRC(0), false), ==, RTAS_SUCCESS);
        device_deleted(qts, "dimm");
        modules_are(qts, "");
        g_assert_false(is_memory(qts, 1));
        g_assert_cmpint(dr_allocate(qts, DRC(0), true), ==,
                        RTAS_NO_SUCH_INDICATOR);
    }
    /* and the backend can be deleted */
    qtest_qmp_assert_success(qts, "{ 'execute': 'object-del', 'arguments': "
                             "{ 'id': 'mem' } }");
    qtest_quit(qts);
}

/* Addresses and slots of modules from the start, and of one that is plugged */
static void test_cold(void)
{
    QTestState *qts = papr_start(
        MEMORY
        "-object memory-backend-ram,id=m0,size=512M "
        "-object memory-backend-ram,id=m1,size=256M "
        "-device pc-dimm,id=d1,memdev=m1,addr=0x80000000,slot=2 "
        "-device pc-dimm,id=d0,memdev=m0");

    dr_no_event(qts);
    modules_are(qts, "d0 4 2 0 0\nd1 8 1 2 0\n");
    g_assert_true(is_memory(qts, 4));
    add_backend(qts, "m2", 3 * LMB);
    add(qts, "d2", "'memdev': 'm2'");
    modules_are(qts, "d0 4 2 0 0\nd1 8 1 2 0\nd2 9 3 1 0\n");
    block_event_is(qts, DR_ADD, 5, 3);
    take_blocks(qts, 5, 3);

    /* a module from the start is configured, and can be unplugged */
    walk_block(qts, 1, 0);
    device_del(qts, "d0");
    block_event_is(qts, DR_REMOVE, 0, 2);
    release_block(qts, 0);
    g_assert_cmpint(dr_isolate(qts, DRC(1)), ==, RTAS_SUCCESS);
    no_request_for(qts, 4);
    g_assert_cmpint(dr_allocate(qts, DRC(1), false), ==, RTAS_SUCCESS);
    device_deleted(qts, "d0");
    modules_are(qts, "d1 8 1 2 0\nd2 9 3 1 0\n");
    qtest_quit(qts);
}

/* Unplug of a module of which the guest has configured no block, or one */
static void test_never_taken(void)
{
    QTestState *qts = papr_start(MEMORY);

    add_backend(qts, "mem", 2 * LMB);
    add(qts, "dimm", "'memdev': 'mem'");
    device_del(qts, "dimm");
    device_deleted(qts, "dimm");
    /* the event of the plug is still pending, but the connectors are empty */
    block_event_is(qts, DR_ADD, 0, 2);
    dr_no_event(qts);
    g_assert_cmpint(dr_allocate(qts, DRC(0), true), ==, RTAS_NO_SUCH_INDICATOR);

    add(qts, "dimm", "'memdev': 'mem'");
    block_event_is(qts, DR_ADD, 0, 2);
    take_blocks(qts, 1, 1);
    device_del(qts, "dimm");
    block_event_is(qts, DR_REMOVE, 0, 2);
    g_assert_cmpint(dr_allocate(qts, DRC(0), true), ==, RTAS_NO_SUCH_INDICATOR);
    g_assert_cmpint(dr_isolate(qts, DRC(1)), ==, RTAS_SUCCESS);
    g_assert_cmpint(dr_allocate(qts, DRC(1), false), ==, RTAS_SUCCESS);
    device_deleted(qts, "dimm");
    qtest_quit(qts);
}

/* The guest refuses at each block, after it has released those before it */
static void test_refused(void)
{
    QTestState *qts = papr_start(MEMORY);

    add_backend(qts, "mem", 3 * LMB);
    add(qts, "dimm", "'memdev': 'mem'");
    block_event_is(qts, DR_ADD, 0, 3);
    take_blocks(qts, 0, 3);
    for (unsigned at = 0; at < 3; at++) {
        device_del(qts, "dimm");
        block_event_is(qts, DR_REMOVE, 0, 3);
        for (unsigned block = 0; block < at; block++) {
            release_block(qts, block);
        }
        for (unsigned block = at; block < 3; block++) {
            g_assert_cmpint(dr_unisolate(qts, DRC(block)), ==, RTAS_SUCCESS);
        }
        qmp_event_of(qts, "DEVICE_UNPLUG_GUEST_ERROR", "dimm");
        /* one event, and the unplug of no block is requested any more */
        g_assert_null(qtest_qmp_event_ref(qts, "DEVICE_UNPLUG_GUEST_ERROR"));
        for (unsigned block = at; block < 3; block++) {
            no_request_for(qts, block);
        }
        modules_are(qts, "dimm 4 3 0 0\n");
        /* the guest configures released blocks again, but not the last time */
        if (at < 2) {
            take_blocks(qts, 0, at);
        }
    }
    device_del(qts, "dimm");
    block_event_is(qts, DR_REMOVE, 0, 3);
    g_assert_cmpint(dr_isolate(qts, DRC(2)), ==, RTAS_SUCCESS);
    g_assert_cmpint(dr_allocate(qts, DRC(2), false), ==, RTAS_SUCCESS);
    device_deleted(qts, "dimm");
    qtest_quit(qts);
}

/* A reset at each point of plug (then it is configured) and unplug (removed) */
static void test_reset(void)
{
    QTestState *qts = papr_start(MEMORY);

    add_backend(qts, "mem", 2 * LMB);
    add(qts, "dimm", "'memdev': 'mem'");
    for (int at = 0; at <= 3; at++) {
        qtest_system_reset(qts);
        dr_no_event(qts);
        modules_are(qts, "dimm 4 2 0 0\n");
        dr_sense_is(qts, DRC(0), DR_PRESENT);
        walk_block(qts, 1, 0);
        device_del(qts, "dimm");
        block_event_is(qts, DR_REMOVE, 0, 2);
        if (at > 0) {
            g_assert_cmpint(dr_isolate(qts, DRC(1)), ==, RTAS_SUCCESS);
        }
        if (at > 1) {
            g_assert_cmpint(dr_allocate(qts, DRC(1), false), ==, RTAS_SUCCESS);
        }
        if (at > 2) {
            g_assert_cmpint(dr_isolate(qts, DRC(0)), ==, RTAS_SUCCESS);
        }
        qtest_qmp_assert_success(qts, "{ 'execute': 'system_reset' }");
        device_deleted(qts, "dimm");
        qtest_qmp_eventwait(qts, "RESET");
        modules_are(qts, "");
        dr_no_event(qts);
        dr_sense_is(qts, DRC(0), DR_UNUSABLE);

        add(qts, "dimm", "'memdev': 'mem'");
        if (at > 0) {
            g_assert_cmpint(dr_allocate(qts, DRC(1), true), ==, RTAS_SUCCESS);
        }
        if (at > 1) {
            g_assert_cmpint(dr_unisolate(qts, DRC(1)), ==, RTAS_SUCCESS);
        }
        if (at > 2) {
            walk_block(qts, 1, 0);
        }
    }
    qtest_quit(qts);
}

/* Old events have a count only, and the guest chooses the blocks: no unplug */
static void test_old_events(void)
{
    QTestState *qts = papr_start(MEMORY "-machine modern-hotplug-events=off");

    add_backend(qts, "mem", 2 * LMB);
    add(qts, "dimm", "'memdev': 'mem'");
    dr_event_is(qts, DR_MEMORY, DR_ADD, DR_BY_COUNT, 2);
    take_blocks(qts, 0, 2);
    device_del_fails(qts, "dimm",
                     "Memory hot unplug not supported for this guest");
    dr_no_event(qts);
    no_request_for(qts, 0);
    qtest_quit(qts);
}

/* A module's NUMA node, in a walk and in the device tree of the next boot */
static void test_nodes(void)
{
    QTestState *qts = papr_start(
        "-m 512M,slots=4,maxmem=4G "
        "-object memory-backend-ram,id=n0,size=256M "
        "-object memory-backend-ram,id=n1,size=256M "
        "-numa node,memdev=n0 -numa node,memdev=n1");
    g_autofree void *fdt = NULL;
    const uint32_t *cells;
    int node, len;

    add_backend(qts, "mem", 2 * LMB);
    add(qts, "dimm", "'memdev': 'mem', 'node': 1, 'slot': 3");
    modules_are(qts, "dimm 4 2 3 1\n");
    g_assert_cmpint(dr_allocate(qts, DRC(1), true), ==, RTAS_SUCCESS);
    g_assert_cmpint(dr_unisolate(qts, DRC(1)), ==, RTAS_SUCCESS);
    walk_block(qts, 1, 1);

    qtest_system_reset(qts);
    fdt = papr_tree(qts);
    node = papr_tree_node(fdt, "/ibm,dynamic-reconfiguration-memory");
    cells = fdt_getprop(fdt, node, "ibm,dynamic-memory-v2", &len);
    g_assert_nonnull(cells);
    g_assert_cmpint(len, ==, (1 + 3 * 6) * 4);
    /* entries: boot memory and the gap after it; the module; the rest */
    g_assert_cmpuint(be32_to_cpu(cells[1]), ==, AREA_START / LMB);
    g_assert_cmpuint(be32_to_cpu(cells[7]), ==, 2);
    g_assert_cmphex(be32_to_cpu(cells[9]), ==, AREA_START);
    g_assert_cmphex(be32_to_cpu(cells[10]), ==, DRC(0));
    g_assert_cmpuint(be32_to_cpu(cells[11]), ==, 1);
    /* assigned and removable */
    g_assert_cmphex(be32_to_cpu(cells[12]), ==, 0x108);
    g_assert_cmpuint(be32_to_cpu(cells[13]), ==,
                     (4 * GiB - 512 * MiB) / LMB - 2);
    g_assert_cmphex(be32_to_cpu(cells[16]), ==, DRC(2));
    qtest_quit(qts);
}

/* A module of each kind of memory backend: plugged, used, unplugged */
static void test_backends(void)
{
    static const char *const backends[] = {
        "'qom-type': 'memory-backend-ram'",
        "'qom-type': 'memory-backend-ram', 'merge': false, 'dump': false, "
        "'share': true",
        "'qom-type': 'memory-backend-ram', 'prealloc': true",
        "'qom-type': 'memory-backend-file', 'mem-path': '/dev/shm', "
        "'share': true",
        "'qom-type': 'memory-backend-file', 'mem-path': '/dev/shm'",
        "'qom-type': 'memory-backend-memfd'",
        "'qom-type': 'memory-backend-memfd', 'seal': false, 'share': false",
        "'qom-type': 'memory-backend-shm'",
    };
    QTestState *qts = papr_start(MEMORY);

    for (int i = 0; i < ARRAY_SIZE(backends); i++) {
        g_autofree char *arguments = g_strdup_printf(
            "{ 'id': 'mem', 'size': 268435456, %s }", backends[i]);

        g_test_message("%s", backends[i]);
        qtest_qmp_assert_success(qts, "{ 'execute': 'object-add', "
                                 "'arguments': %p }",
                                 qobject_from_json(arguments, &error_abort));
        add(qts, "dimm", "'memdev': 'mem'");
        block_event_is(qts, DR_ADD, 0, 1);
        take_blocks(qts, 0, 1);
        g_assert_true(is_memory(qts, 0));
        device_del(qts, "dimm");
        block_event_is(qts, DR_REMOVE, 0, 1);
        release_block(qts, 0);
        device_deleted(qts, "dimm");
        g_assert_false(is_memory(qts, 0));
        qtest_qmp_assert_success(qts, "{ 'execute': 'object-del', 'arguments': "
                                 "{ 'id': 'mem' } }");
    }
    qtest_quit(qts);
}

/* Huge pages: a module of them, or a line that says why if the host has none */
static void test_huge_pages(void)
{
    QTestState *qts = papr_start(MEMORY);
    QDict *answer = qtest_qmp(qts, "{ 'execute': 'object-add', 'arguments': { "
                              "'qom-type': 'memory-backend-memfd', 'id': "
                              "'mem', 'size': 268435456, 'hugetlb': true, "
                              "'prealloc': true } }");

    if (qdict_haskey(answer, "error")) {
        qmp_fails(answer, "memory");
        add_fails(qts, "Device 'mem' not found", "dimm", "'memdev': 'mem'");
        dr_no_event(qts);
        modules_are(qts, "");
        /* and its name is free */
        add_backend(qts, "mem", LMB);
    } else {
        qobject_unref(answer);
    }
    add(qts, "dimm", "'memdev': 'mem'");
    block_event_is(qts, DR_ADD, 0, 1);
    take_blocks(qts, 0, 1);
    g_assert_true(is_memory(qts, 0));
    device_del(qts, "dimm");
    block_event_is(qts, DR_REMOVE, 0, 1);
    release_block(qts, 0);
    device_deleted(qts, "dimm");
    qtest_quit(qts);
}

/* Each error is reported and changes nothing: backends can be used after it */
static void test_bad_input(void)
{
    QTestState *qts = papr_start(MEMORY);

    add_backend(qts, "two", 2 * LMB);
    add_backend(qts, "one", LMB);
    add_backend(qts, "odd", LMB + 64 * KiB);
    add_backend(qts, "small", 128 * MiB);
    add_backend(qts, "big", 16 * GiB);
    add_backend(qts, "fits", 3 * GiB + LMB);
    add(qts, "first", "'memdev': 'two', 'addr': 1342177280");

    add_fails(qts, "must be a multiple of 256 MB: give memory backend 'odd' "
              "size=512M", "x", "'memdev': 'odd'");
    add_fails(qts, "must be a multiple of 256 MB", "x", "'memdev': 'small'");
    add_fails(qts, "not enough space", "x", "'memdev': 'big'");
    add_fails(qts, "'memdev' property", "x", "'slot': 1");
    add_fails(qts, "Device 'none' not found", "x", "'memdev': 'none'");
    add_fails(qts, "can't use already busy memdev", "x", "'memdev': 'two'");
    add_fails(qts, "Duplicate device ID", "first", "'memdev': 'one'");
    add_fails(qts, "addr=0x48000000 is not a multiple of 256 MB: use "
              "addr=0x40000000", "x", "'memdev': 'one', 'addr': 1207959552");
    add_fails(qts, "addr=0x50001000 is not", "x",
              "'memdev': 'one', 'addr': 1342181376");
    add_fails(qts, "usable range for memory devices", "x",
              "'memdev': 'one', 'addr': 268435456");
    add_fails(qts, "usable range for memory devices", "x",
              "'memdev': 'one', 'addr': 5100273664");
    add_fails(qts, "usable range for memory devices", "x",
              "'memdev': 'one', 'addr': 1099511627776");
    add_fails(qts, "address range conflicts with memory device id='first'",
              "x", "'memdev': 'one', 'addr': 1610612736");
    add_fails(qts, "could not find position", "x", "'memdev': 'fits'");
    add_fails(qts, "slot 0 is busy", "x", "'memdev': 'one', 'slot': 0");
    add_fails(qts, "invalid slot number 4, valid range is [0-3]", "x",
              "'memdev': 'one', 'slot': 4");
    add_fails(qts, "invalid slot number -2", "x",
              "'memdev': 'one', 'slot': -2");
    add_fails(qts, "property node has value 1' which exceeds", "x",
              "'memdev': 'one', 'node': 1");
    add_fails(qts, "can't go on PCI bus", "x",
              "'memdev': 'one', 'bus': 'pci.0'");

    /* the errors have sent no event, and taken no slot or address */
    block_event_is(qts, DR_ADD, 1, 2);
    dr_no_event(qts);
    modules_are(qts, "first 5 2 0 0\n");
    add(qts, "x", "'memdev': 'one'");
    modules_are(qts, "x 4 1 1 0\nfirst 5 2 0 0\n");
    block_event_is(qts, DR_ADD, 0, 1);
    dr_no_event(qts);
    device_del_fails(qts, "none", "Device 'none' not found");
    qtest_quit(qts);
}

static void test_bad_options(void)
{
#define MODULE "-object memory-backend-ram,id=m,size=256M -device pc-dimm,"
    papr_refused_for("-m 256M " MODULE "memdev=m", "'slots' option");
    papr_refused_for("-m 256M,slots=1,maxmem=1G " MODULE "memdev=m,slot=1",
                     "invalid slot number 1");
    papr_refused_for("-m 256M,slots=1,maxmem=1G " MODULE "memdev=m,node=1",
                     "property node has value 1'");
    papr_refused_for("-m 256M,slots=2,maxmem=1G " MODULE "memdev=m "
                     "-device pc-dimm,memdev=m", "already busy memdev");
    papr_refused_for("-m 256M,slots=1,maxmem=1G " MODULE "memdev=m,addr=0x1000",
                     "addr=0x1000 is not a multiple");
    papr_refused_for("-m 256M,slots=1,maxmem=1G " MODULE "memdev=m -object "
                     "memory-backend-ram,id=m2,size=256M "
                     "-device pc-dimm,memdev=m2",
                     "no free");
    papr_refused_for("-m 256M,slots=1,maxmem=1G -device pc-dimm", "'memdev'");
    papr_refused_for("-m 256M,slots=1,maxmem=1G -object "
                     "memory-backend-ram,id=m,size=255M "
                     "-device pc-dimm,memdev=m",
                     "must be a multiple of 256 MB");
    papr_refused_for("-m 256M,slots=33,maxmem=1T",
                     "number of memory slots 33 exceeds");
}

/* A hash page table can have up to twice the size for the present memory */
static void test_hash_table(void)
{
    QTestState *qts = papr_start("-cpu POWER8 " MEMORY);

    /* 2 MiB are enough for 256 MiB of memory */
    g_assert_cmpint(papr_hcall(qts, 0, H_RESIZE_HPT_PREPARE, 0, 23), ==,
                    H_RESOURCE);
    add_backend(qts, "mem", 3 * LMB);
    add(qts, "dimm", "'memdev': 'mem'");
    g_assert_cmpint(papr_hcall(qts, 0, H_RESIZE_HPT_PREPARE, 0, 24), !=,
                    H_RESOURCE);
    papr_hcall(qts, 0, H_RESIZE_HPT_PREPARE, 0, 0);
    g_assert_cmpint(papr_hcall(qts, 0, H_RESIZE_HPT_PREPARE, 0, 25), ==,
                    H_RESOURCE);
    device_del(qts, "dimm");
    device_deleted(qts, "dimm");
    g_assert_cmpint(papr_hcall(qts, 0, H_RESIZE_HPT_PREPARE, 0, 23), ==,
                    H_RESOURCE);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/memory/add-remove", test_add_remove);
    qtest_add_func("pseries/memory/cold", test_cold);
    qtest_add_func("pseries/memory/never-taken", test_never_taken);
    qtest_add_func("pseries/memory/refused", test_refused);
    qtest_add_func("pseries/memory/reset", test_reset);
    qtest_add_func("pseries/memory/old-events", test_old_events);
    qtest_add_func("pseries/memory/nodes", test_nodes);
    qtest_add_func("pseries/memory/backends", test_backends);
    qtest_add_func("pseries/memory/huge-pages", test_huge_pages);
    qtest_add_func("pseries/memory/bad-input", test_bad_input);
    qtest_add_func("pseries/memory/bad-options", test_bad_options);
    qtest_add_func("pseries/memory/hash-table", test_hash_table);
    return g_test_run();
}
