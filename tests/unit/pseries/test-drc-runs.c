/*
 * Runs of connectors: look-up, removal, reset, device tree
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-events-qdev.h"
#include "qemu/bswap.h"
#include "hw/pseries/abi.h"
#include "hw/qdev-core.h"
#include "system/runstate.h"
#include "hw/ppc/pseries/dr/internal.h"

#include <libfdt.h>

/* Stubs of what connector.c and dr.c call of other files */
void papr_dr_register_rtas(PaprDr *dr, PaprRtas *rtas)
{
}

void papr_dr_register_vmstate(PaprDr *unused)
{
}

VMChangeStateEntry *qemu_add_vm_change_state_handler(VMChangeStateHandler *cb,
                                                     void *unused)
{
    return NULL;
}

bool papr_dr_defer_removal(PaprDr *unused)
{
    return false;
}

static bool migration_in_progress;
static bool removal_scheduled;

bool papr_dr_in_stream(const DeviceState *dev)
{
    return migration_in_progress;
}

void papr_dr_schedule_removal(PaprDr *unused)
{
    removal_scheduled = true;
}

void papr_dr_watch_streams(PaprDr *unused)
{
}

static unsigned refused;

void qapi_event_send_device_unplug_guest_error(const char *device,
                                               const char *path)
{
    refused++;
}

/* Connectors don't access devices, so any address will do */
static DeviceState devices[8];
static PaprDr *dr;
static unsigned removed;

static void count_remove(DeviceState *dev, void *opaque)
{
    g_assert_true(dev >= devices && dev < devices + ARRAY_SIZE(devices));
    removed++;
}

static const PaprDrcOps plain_ops = { .remove = count_remove };

/* As a host bridge: its buses, ids 0x10000 to 0x1ffff, are removed with it */
static void remove_bridge(DeviceState *dev, void *opaque)
{
    count_remove(dev, opaque);
    papr_dr_remove_connectors(dr, PAPR_DRC_PCI, 0x10000, 0x1ffff);
}

static const PaprDrcOps bridge_ops = { .remove = remove_bridge };

/* As a device that is itself a bridge: bus 0x100 is removed with it */
static void remove_low_bus(DeviceState *dev, void *opaque)
{
    count_remove(dev, opaque);
    papr_dr_remove_connectors(dr, PAPR_DRC_PCI, 0x100, 0x1ff);
}

static const PaprDrcOps low_bus_ops = { .remove = remove_low_bus };

static void add_bus(uint32_t first, const PaprDrcOps *ops)
{
    papr_dr_add(dr, PAPR_DRC_PCI, first, 1, 256, ops, NULL);
}

static void fresh(void)
{
    /* a PaprDr is never freed: keep it reachable for leak checkers */
    static GSList *all;

    dr = papr_dr_new(NULL);
    all = g_slist_prepend(all, dr);
    removed = 0;
    refused = 0;
    migration_in_progress = false;
    removal_scheduled = false;
}

static void test_find(void)
{
    static const uint32_t buses[] = { 0x20000, 0, 0x10300, 0x10000, 0x100 };

    fresh();
    g_assert_null(papr_dr_find(dr, PAPR_DRC_PCI, 0));
    papr_dr_add(dr, PAPR_DRC_CPU, 8, 4, 3, &plain_ops, NULL);
    for (int i = 0; i < ARRAY_SIZE(buses); i++) {
        add_bus(buses[i], &plain_ops);
    }
    for (int i = 0; i < ARRAY_SIZE(buses); i++) {
        for (uint32_t id = buses[i]; id < buses[i] + 256; id += 15) {
            PaprDrc *drc = papr_dr_find(dr, PAPR_DRC_PCI, id);

            g_assert_nonnull(drc);
            g_assert_cmphex(papr_drc_index(drc), ==, 0x40000000 | id);
            g_assert_true(papr_dr_find_index(dr, 0x40000000 | id) == drc);
        }
    }
    g_assert_null(papr_dr_find(dr, PAPR_DRC_PCI, 0x200));
    g_assert_null(papr_dr_find(dr, PAPR_DRC_PCI, 0x102ff));
    g_assert_null(papr_dr_find(dr, PAPR_DRC_PCI, 0x10400));
    g_assert_null(papr_dr_find(dr, PAPR_DRC_PCI, UINT32_MAX));
    g_assert_null(papr_dr_find(dr, PAPR_DRC_PHB, 0));
    g_assert_null(papr_dr_find(dr, PAPR_DRC_CPU, 4));
    g_assert_nonnull(papr_dr_find(dr, PAPR_DRC_CPU, 8));
    g_assert_null(papr_dr_find(dr, PAPR_DRC_CPU, 10));
    g_assert_nonnull(papr_dr_find(dr, PAPR_DRC_CPU, 16));
    g_assert_null(papr_dr_find(dr, PAPR_DRC_CPU, 20));
}

static void test_remove(void)
{
    fresh();
    add_bus(0, &plain_ops);
    add_bus(0x10000, &plain_ops);
    add_bus(0x10100, &plain_ops);
    add_bus(0x1ff00, &plain_ops);
    add_bus(0x20000, &plain_ops);
    g_assert_true(papr_drc_attach(papr_dr_find(dr, PAPR_DRC_PCI, 0x10108),
                                  &devices[0], true, &error_abort));

    papr_dr_remove_connectors(dr, PAPR_DRC_PCI, 0x10000, 0x100ff);
    g_assert_null(papr_dr_find(dr, PAPR_DRC_PCI, 0x10008));
    g_assert_nonnull(papr_dr_find(dr, PAPR_DRC_PCI, 0x10108));
    papr_dr_remove_connectors(dr, PAPR_DRC_PCI, 0x10000, 0x1ffff);
    g_assert_null(papr_dr_find(dr, PAPR_DRC_PCI, 0x10108));
    g_assert_null(papr_dr_find(dr, PAPR_DRC_PCI, 0x1ff08));
    g_assert_nonnull(papr_dr_find(dr, PAPR_DRC_PCI, 0xff));
    g_assert_nonnull(papr_dr_find(dr, PAPR_DRC_PCI, 0x20000));
    g_assert_cmpuint(removed, ==, 0);

    /* the bus can be added again, and has no devices then */
    add_bus(0x10100, &plain_ops);
    g_assert_null(papr_drc_device(papr_dr_find(dr, PAPR_DRC_PCI, 0x10108)));
    papr_dr_remove_connectors(dr, PAPR_DRC_PHB, 0, UINT32_MAX);
    g_assert_nonnull(papr_dr_find(dr, PAPR_DRC_PCI, 0x10108));
}

static PaprDrc *attach(PaprDrcType type, uint32_t id, int device, bool cold)
{
    PaprDrc *drc = papr_dr_find(dr, type, id);

    g_assert_true(papr_drc_attach(drc, &devices[device], cold, &error_abort));
    g_assert_true(papr_drc_device(drc) == &devices[device]);
    return drc;
}

static void test_attach(void)
{
    Error *err = NULL;
    PaprDrc *drc;

    fresh();
    add_bus(0, &plain_ops);
    drc = attach(PAPR_DRC_PCI, 8, 0, true);
    g_assert_false(papr_drc_attach(drc, &devices[1], true, &err));
    error_free_or_abort(&err);
    g_assert_true(papr_drc_device(drc) == &devices[0]);

    /* the guest uses the device, and has to release it first */
    papr_drc_unplug_request(drc);
    g_assert_true(papr_drc_unplug_requested(drc));
    g_assert_cmpuint(removed, ==, 0);

    /* the guest never configured this one */
    drc = attach(PAPR_DRC_PCI, 16, 1, false);
    papr_drc_unplug_request(drc);
    g_assert_cmpuint(removed, ==, 1);
    g_assert_null(papr_drc_device(drc));
    g_assert_false(papr_drc_unplug_requested(drc));

    /* no device behind the connector */
    papr_drc_unplug_request(drc);
    g_assert_cmpuint(removed, ==, 1);
}

/* Reset removes devices whose unplug is requested, with runs of their buses */
static void test_reset(void)
{
    fresh();
    papr_dr_add(dr, PAPR_DRC_PHB, 0, 1, 31, &bridge_ops, NULL);
    add_bus(0, &plain_ops);
    add_bus(0x10000, &plain_ops);
    add_bus(0x10200, &plain_ops);
    add_bus(0x20000, &plain_ops);
    papr_drc_unplug_request(attach(PAPR_DRC_PHB, 1, 0, true));
    attach(PAPR_DRC_PHB, 2, 1, true);
    papr_drc_unplug_request(attach(PAPR_DRC_PCI, 0x10008, 2, true));
    papr_drc_unplug_request(attach(PAPR_DRC_PCI, 0x20008, 3, true));
    attach(PAPR_DRC_PCI, 0x20010, 4, false);

    papr_dr_reset(dr);
    /* bridge 1, with its buses, and the device at 0x20008 behind bridge 2 */
    g_assert_cmpuint(removed, ==, 2);
    g_assert_null(papr_drc_device(papr_dr_find(dr, PAPR_DRC_PHB, 1)));
    g_assert_null(papr_dr_find(dr, PAPR_DRC_PCI, 0x10008));
    g_assert_null(papr_dr_find(dr, PAPR_DRC_PCI, 0x10208));
    g_assert_nonnull(papr_drc_device(papr_dr_find(dr, PAPR_DRC_PHB, 2)));
    g_assert_null(papr_drc_device(papr_dr_find(dr, PAPR_DRC_PCI, 0x20008)));
    /* since the reset it is in the device tree, so the guest must release it */
    papr_drc_unplug_request(papr_dr_find(dr, PAPR_DRC_PCI, 0x20010));
    g_assert_cmpuint(removed, ==, 2);
}

/* The same with runs of one type, before and after the one being reset */
static void test_reset_same_type(void)
{
    fresh();
    add_bus(0, &low_bus_ops);
    add_bus(0x100, &plain_ops);
    add_bus(0x200, &low_bus_ops);
    add_bus(0x300, &plain_ops);
    papr_drc_unplug_request(attach(PAPR_DRC_PCI, 0x200, 0, true));
    papr_drc_unplug_request(attach(PAPR_DRC_PCI, 0x110, 1, true));
    papr_drc_unplug_request(attach(PAPR_DRC_PCI, 0x310, 2, true));
    papr_dr_reset(dr);
    g_assert_cmpuint(removed, ==, 3);
    g_assert_null(papr_dr_find(dr, PAPR_DRC_PCI, 0x110));

    add_bus(0x100, &plain_ops);
    papr_drc_unplug_request(attach(PAPR_DRC_PCI, 0, 0, true));
    papr_drc_unplug_request(attach(PAPR_DRC_PCI, 0x120, 1, true));
    papr_drc_unplug_request(attach(PAPR_DRC_PCI, 0x320, 2, true));
    papr_dr_reset(dr);
    /* 0x120 was removed with its bus */
    g_assert_cmpuint(removed, ==, 5);
    g_assert_null(papr_drc_device(papr_dr_find(dr, PAPR_DRC_PCI, 0x320)));
}

static PaprDrc *lmb(uint32_t id)
{
    return papr_dr_find(dr, PAPR_DRC_LMB, id);
}

static bool attach_lmbs(uint32_t first, uint32_t count, int device)
{
    Error *err = NULL;
    bool ok = papr_dr_attach(dr, PAPR_DRC_LMB, first, count, &devices[device],
                             true, &err);

    g_assert_cmpint(ok, ==, !err);
    error_free(err);
    return ok;
}

static int32_t release_lmb(uint32_t id)
{
    g_assert_cmpint(papr_drc_set(lmb(id), papr_drc_set_isolation,
                                 PAPR_DR_ISOLATE), ==, 0);
    return papr_drc_set(lmb(id), papr_drc_set_allocation, PAPR_DR_UNUSABLE);
}

/* Devices with several connectors each */
static void test_groups(void)
{
    fresh();
    papr_dr_add(dr, PAPR_DRC_LMB, 4, 1, 100, &plain_ops, NULL);
    g_assert_true(attach_lmbs(10, 4, 0));
    g_assert_true(attach_lmbs(14, 1, 1));
    g_assert_true(attach_lmbs(100, 4, 2));
    /* a connector has a device or does not exist: nothing is done */
    g_assert_false(attach_lmbs(13, 1, 3));
    g_assert_false(attach_lmbs(4, 7, 3));
    g_assert_false(attach_lmbs(14, 4, 3));
    g_assert_false(attach_lmbs(104, 1, 3));
    g_assert_false(attach_lmbs(3, 4, 3));
    g_assert_false(attach_lmbs(99, 6, 3));
    g_assert_false(attach_lmbs(4, UINT32_MAX, 3));
    g_assert_null(papr_drc_device(lmb(9)));
    g_assert_null(papr_drc_device(lmb(15)));
    for (uint32_t id = 10; id < 14; id++) {
        g_assert_true(papr_drc_device(lmb(id)) == &devices[0]);
        g_assert_cmpuint(papr_drc_id(lmb(id)), ==, id);
    }

    /* the device is removed when its last block is released, in any order */
    papr_drc_unplug_request(lmb(12));
    g_assert_true(papr_drc_unplug_requested(lmb(10)));
    g_assert_false(papr_drc_unplug_requested(lmb(14)));
    release_lmb(13);
    release_lmb(10);
    release_lmb(11);
    g_assert_cmpuint(removed, ==, 0);
    /* a refusal is reported once, and the unplug can be requested again */
    papr_drc_set(lmb(12), papr_drc_set_isolation, PAPR_DR_UNISOLATE);
    papr_drc_set(lmb(12), papr_drc_set_isolation, PAPR_DR_UNISOLATE);
    g_assert_cmpuint(refused, ==, 1);
    g_assert_false(papr_drc_unplug_requested(lmb(12)));
    papr_drc_unplug_request(lmb(10));
    release_lmb(12);
    g_assert_cmpuint(removed, ==, 1);
    for (uint32_t id = 10; id < 14; id++) {
        g_assert_null(papr_drc_device(lmb(id)));
    }
    g_assert_true(papr_drc_device(lmb(14)) == &devices[1]);
    g_assert_true(attach_lmbs(4, 10, 3));
}

static unsigned hidden;

static void count_hide(DeviceState *dev, void *opaque)
{
    hidden++;
}

static const PaprDrcOps slow_ops = {
    .remove = count_remove,
    .in_main_loop = true,
    .hide = count_hide,
};

/* For the guest the connector has no device */
static void looks_empty(PaprDrc *drc)
{
    g_assert_null(papr_drc_device(drc));
    g_assert_false(papr_drc_is_unisolated(drc));
    g_assert_cmpint(papr_drc_set(drc, papr_drc_set_allocation, PAPR_DR_USABLE),
                    ==, RTAS_NO_SUCH_INDICATOR);
    g_assert_cmpint(papr_drc_set(drc, papr_drc_set_isolation,
                                 PAPR_DR_UNISOLATE), ==,
                    RTAS_NO_SUCH_INDICATOR);
    g_assert_cmpint(papr_drc_set(drc, papr_drc_set_isolation, PAPR_DR_ISOLATE),
                    ==, RTAS_SUCCESS);
}

/* ... but in streams it has one, and its unplug is requested */
static void is_hidden(PaprDrc *drc, unsigned before)
{
    looks_empty(drc);
    papr_drc_unplug_request(drc);
    looks_empty(drc);
    g_assert_true(papr_drc_unplug_requested(drc));
    g_assert_true(papr_dr_next_unsettled(dr, papr_drc_index(drc)) == drc);
    g_assert_cmpuint(removed, ==, before);
    g_assert_true(removal_scheduled);
}

/* A kind that is hidden first and removed later, with a reset in between */
static void test_two_steps(void)
{
    PaprDrc *drcs[4];

    fresh();
    hidden = 0;
    papr_dr_add(dr, PAPR_DRC_CPU, 0, 8, 4, &slow_ops, NULL);
    for (int i = 0; i < 4; i++) {
        drcs[i] = attach(PAPR_DRC_CPU, i * 8, i, i != 1);
        if (i != 3) {
            papr_drc_unplug_request(drcs[i]);
        }
    }
    /* the guest never configured this one */
    is_hidden(drcs[1], 0);
    papr_drc_set(drcs[0], papr_drc_set_isolation, PAPR_DR_ISOLATE);
    g_assert_cmpuint(hidden, ==, 1);
    papr_drc_set(drcs[0], papr_drc_set_allocation, PAPR_DR_UNUSABLE);
    g_assert_cmpuint(hidden, ==, 2);
    is_hidden(drcs[0], 0);
    papr_dr_reset(dr);
    g_assert_cmpuint(hidden, ==, 3);
    for (int i = 0; i < 3; i++) {
        is_hidden(drcs[i], 0);
    }
    g_assert_true(papr_drc_device(drcs[3]) == &devices[3]);

    papr_dr_remove_released(dr);
    g_assert_cmpuint(removed, ==, 3);
    g_assert_null(papr_dr_next_unsettled(dr, 0));
    for (int i = 0; i < 3; i++) {
        looks_empty(drcs[i]);
        g_assert_false(papr_drc_unplug_requested(drcs[i]));
    }
    papr_dr_remove_released(dr);
    g_assert_cmpuint(removed, ==, 3);
    g_assert_cmpuint(hidden, ==, 3);
    attach(PAPR_DRC_CPU, 0, 0, false);
}

/* While a stream is saved, devices that the guest releases are not removed */
static void test_stay_for_stream(void)
{
    PaprDrc *module, *slot;

    fresh();
    papr_dr_add(dr, PAPR_DRC_LMB, 0, 1, 32, &plain_ops, NULL);
    papr_dr_add(dr, PAPR_DRC_PHB, 0, 1, 31, &bridge_ops, NULL);
    add_bus(0x10000, &plain_ops);
    for (int i = 0; i < 3; i++) {
        g_assert_true(attach_lmbs(8, 2, 0));
        papr_drc_unplug_request(lmb(8));
        release_lmb(9);
        migration_in_progress = true;
        release_lmb(8);
        is_hidden(lmb(8), removed);
        looks_empty(lmb(9));
        migration_in_progress = false;
        if (i == 1) {
            papr_dr_reset(dr);
        } else {
            papr_dr_remove_released(dr);
        }
        g_assert_cmpuint(removed, ==, i + 1);
    }

    /* a hidden bridge is removed with a hidden device, neither of them twice */
    module = attach(PAPR_DRC_PHB, 1, 0, true);
    slot = attach(PAPR_DRC_PCI, 0x10008, 1, true);
    papr_drc_unplug_request(module);
    papr_drc_unplug_request(slot);
    migration_in_progress = true;
    papr_drc_set(module, papr_drc_set_isolation, PAPR_DR_ISOLATE);
    papr_drc_set(module, papr_drc_set_allocation, PAPR_DR_UNUSABLE);
    papr_drc_set(slot, papr_drc_set_isolation, PAPR_DR_ISOLATE);
    is_hidden(module, 3);
    is_hidden(slot, 3);
    g_assert_cmpuint(papr_drc_sense(&slot->st), ==, PAPR_DR_SENSE_EMPTY);
    papr_dr_remove_released(dr);
    g_assert_cmpuint(removed, ==, 4);
    g_assert_null(papr_dr_find(dr, PAPR_DRC_PCI, 0x10008));
    migration_in_progress = false;
}

/* ... nor those that a reset releases, until a reset after the stream */
static void test_reset_in_stream(void)
{
    PaprDrc *core, *bridge, *slot;

    fresh();
    hidden = 0;
    papr_dr_add(dr, PAPR_DRC_CPU, 0, 1, 4, &slow_ops, NULL);
    papr_dr_add(dr, PAPR_DRC_LMB, 0, 1, 32, &plain_ops, NULL);
    papr_dr_add(dr, PAPR_DRC_PHB, 0, 1, 31, &bridge_ops, NULL);
    add_bus(0x10000, &plain_ops);
    core = attach(PAPR_DRC_CPU, 1, 0, true);
    bridge = attach(PAPR_DRC_PHB, 1, 1, true);
    slot = attach(PAPR_DRC_PCI, 0x10008, 2, true);
    g_assert_true(attach_lmbs(8, 2, 3));
    g_assert_true(attach_lmbs(10, 2, 4));
    papr_drc_unplug_request(core);
    papr_drc_unplug_request(bridge);
    papr_drc_unplug_request(slot);
    papr_drc_unplug_request(lmb(8));
    migration_in_progress = true;
    papr_dr_reset(dr);
    is_hidden(core, 0);
    is_hidden(bridge, 0);
    is_hidden(slot, 0);
    is_hidden(lmb(8), 0);
    is_hidden(lmb(9), 0);
    g_assert_true(papr_drc_device(lmb(10)) == &devices[4]);
    papr_dr_reset(dr);
    g_assert_cmpuint(removed, ==, 0);

    migration_in_progress = false;
    papr_dr_reset(dr);
    /* the slot is removed with its bridge */
    g_assert_cmpuint(removed, ==, 2);
    g_assert_null(papr_dr_find(dr, PAPR_DRC_PCI, 0x10008));
    is_hidden(core, 2);
    papr_dr_remove_released(dr);
    g_assert_cmpuint(removed, ==, 3);
    g_assert_cmpuint(hidden, ==, 1);
    g_assert_null(papr_dr_next_unsettled(dr, 0));
}

/* Devices that a stream has as released are hidden, and not removed yet */
static void test_release_as_loaded(void)
{
    PaprDrc *drc;

    fresh();
    hidden = 0;
    papr_dr_add(dr, PAPR_DRC_LMB, 0, 1, 32, &plain_ops, NULL);
    papr_dr_add(dr, PAPR_DRC_CPU, 0, 1, 4, &slow_ops, NULL);
    attach(PAPR_DRC_CPU, 0, 0, true);
    drc = attach(PAPR_DRC_CPU, 1, 1, true);
    g_assert_true(attach_lmbs(0, 2, 2));
    g_assert_true(attach_lmbs(2, 2, 3));
    papr_drc_group_load(drc->group, &drc->st, PAPR_DRC_LOGICAL_UNUSABLE,
                        true);
    papr_drc_group_load(lmb(1)->group, &lmb(1)->st,
                        PAPR_DRC_LOGICAL_AVAILABLE, true);
    papr_drc_group_load(lmb(2)->group, &lmb(2)->st,
                        PAPR_DRC_LOGICAL_UNUSABLE, true);
    g_assert_cmpuint(hidden, ==, 0);
    papr_dr_hide_released(dr);
    papr_dr_hide_released(dr);
    g_assert_cmpuint(hidden, ==, 1);
    is_hidden(drc, 0);
    is_hidden(lmb(2), 0);
    papr_dr_remove_released(dr);
    g_assert_cmpuint(removed, ==, 2);
    g_assert_true(papr_drc_device(lmb(0)) == &devices[2]);
}

/* A reset, and a snapshot that is loaded, in the middle of a request */
static void test_groups_reset(void)
{
    fresh();
    papr_dr_add(dr, PAPR_DRC_LMB, 0, 1, 32, &plain_ops, NULL);
    g_assert_true(attach_lmbs(0, 8, 0));
    g_assert_true(attach_lmbs(16, 8, 1));
    papr_drc_unplug_request(lmb(0));
    release_lmb(3);
    g_assert_true(papr_dr_next_unsettled(dr, 0) == lmb(0));
    papr_dr_before_load(dr);
    g_assert_null(papr_dr_next_unsettled(dr, 0));
    g_assert_cmpuint(removed, ==, 0);
    g_assert_false(papr_drc_unplug_requested(lmb(0)));

    papr_drc_unplug_request(lmb(20));
    release_lmb(23);
    papr_dr_reset(dr);
    g_assert_cmpuint(removed, ==, 1);
    g_assert_null(papr_drc_device(lmb(16)));
    g_assert_true(papr_drc_device(lmb(7)) == &devices[0]);
}

/* The connectors that a stream has, in order of indexes */
static void test_unsettled(void)
{
    uint32_t index = 0, n = 0;
    PaprDrc *drc;

    fresh();
    papr_dr_add(dr, PAPR_DRC_CPU, 8, 4, 3, &plain_ops, NULL);
    papr_dr_add(dr, PAPR_DRC_LMB, 4, 1, 100, &plain_ops, NULL);
    add_bus(0x100, &plain_ops);
    add_bus(0x300, &plain_ops);
    g_assert_null(papr_dr_next_unsettled(dr, 0));
    attach(PAPR_DRC_CPU, 16, 0, false);
    attach(PAPR_DRC_PCI, 0x101, 1, true);
    attach(PAPR_DRC_PCI, 0x3ff, 2, false);
    g_assert_true(attach_lmbs(90, 14, 3));
    papr_drc_unplug_request(lmb(95));
    while ((drc = papr_dr_next_unsettled(dr, index))) {
        g_assert_cmphex(papr_drc_index(drc), >=, index);
        index = papr_drc_index(drc) + 1;
        n++;
    }
    g_assert_cmpuint(n, ==, 1 + 1 + 14);
    g_assert_true(papr_dr_next_unsettled(dr, 0x10000009) ==
                  papr_dr_find(dr, PAPR_DRC_CPU, 16));
    g_assert_true(papr_dr_next_unsettled(dr, 0x40000101) ==
                  papr_dr_find(dr, PAPR_DRC_PCI, 0x3ff));
    g_assert_true(papr_dr_next_unsettled(dr, 0x8000005f) == lmb(95));
    g_assert_null(papr_dr_next_unsettled(dr, 0x80000068));
    g_assert_null(papr_dr_next_unsettled(dr, UINT32_MAX));
}

static void *run_tree(uint32_t first)
{
    PaprDt *dt = papr_dt_new();
    size_t size;

    papr_dt_begin(dt, "%s", "");
    papr_dr_dt_run(dr, dt, PAPR_DRC_PCI, first);
    papr_dt_end(dt);
    return papr_dt_finish(dt, &size, &error_abort);
}

static void test_dt_run(void)
{
    g_autofree void *fdt = NULL;
    g_autofree void *none = NULL;
    const uint32_t *indexes;
    const char *text;
    int len;

    fresh();
    add_bus(0x10000, &plain_ops);
    add_bus(0x10500, &plain_ops);
    fdt = run_tree(0x10500);
    indexes = fdt_getprop(fdt, 0, "ibm,drc-indexes", &len);
    g_assert_cmpint(len, ==, 257 * 4);
    g_assert_cmphex(be32_to_cpu(indexes[0]), ==, 256);
    g_assert_cmphex(be32_to_cpu(indexes[1]), ==, 0x40010500);
    g_assert_cmphex(be32_to_cpu(indexes[256]), ==, 0x400105ff);
    text = fdt_getprop(fdt, 0, "ibm,drc-names", &len);
    g_assert_cmpstr(text + 4, ==, "C66816");
    g_assert_cmpint(len, ==, 4 + 256 * strlen("C66816") + 256);
    text = fdt_getprop(fdt, 0, "ibm,drc-types", &len);
    g_assert_cmpint(len, ==, 4 + 256 * sizeof("28"));
    g_assert_cmpstr(text + 4, ==, "28");
    indexes = fdt_getprop(fdt, 0, "ibm,drc-power-domains", &len);
    g_assert_cmpint(len, ==, 257 * 4);
    g_assert_cmphex(be32_to_cpu(indexes[256]), ==, UINT32_MAX);

    /* 0x10508 is the id of a connector, but no run begins with it */
    none = run_tree(0x10508);
    indexes = fdt_getprop(none, 0, "ibm,drc-indexes", &len);
    g_assert_cmpint(len, ==, 4);
    g_assert_cmphex(be32_to_cpu(indexes[0]), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/drc-runs/find", test_find);
    g_test_add_func("/drc-runs/remove", test_remove);
    g_test_add_func("/drc-runs/attach", test_attach);
    g_test_add_func("/drc-runs/reset", test_reset);
    g_test_add_func("/drc-runs/reset-same-type", test_reset_same_type);
    g_test_add_func("/drc-runs/groups", test_groups);
    g_test_add_func("/drc-runs/two-steps", test_two_steps);
    g_test_add_func("/drc-runs/stay-for-stream", test_stay_for_stream);
    g_test_add_func("/drc-runs/reset-in-stream", test_reset_in_stream);
    g_test_add_func("/drc-runs/release-as-loaded", test_release_as_loaded);
    g_test_add_func("/drc-runs/groups-reset", test_groups_reset);
    g_test_add_func("/drc-runs/unsettled", test_unsettled);
    g_test_add_func("/drc-runs/dt", test_dt_run);
    return g_test_run();
}
