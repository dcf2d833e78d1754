/*
 * pSeries platform: what is plugged into the machine
 *
 * One row a kind of device.  Pre-plug checks the device against the machine
 * and hands it what it needs; plug ties it to its connector.  Unplug asks the
 * guest by way of the connector, which has the device taken out in the end.
 * PCI devices are plugged into their host bridge (PHB), not into the machine,
 * but for virtio-mem, which is memory, too.  CPU cores are in hotplug-cpu.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/hotplug.h"
#include "hw/mem/memory-device.h"
#include "hw/mem/pc-dimm.h"
#include "hw/pci/pci_device.h"
#include "hw/qdev-core.h"
#include "hw/virtio/virtio-md-pci.h"
#include "system/runstate.h"
#include "machine.h"

static void rng_plug(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    pm->rng = dev;
    papr_rng_attach(dev, pm->hcalls);
}

static void phb_pre_plug(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    if (dev->hotplugged && pm->compat->no_phb_hotplug) {
        error_setg(errp, "this version of the machine takes host bridges from "
                   "the command line alone; use pseries-4.0 or later");
        return;
    }
    papr_phb_pre_plug(pm->pci, PAPR_PHB(dev), errp);
}

static PaprDrc *phb_connector(PaprMachine *pm, DeviceState *dev)
{
    return papr_dr_find(pm->dr, PAPR_DRC_PHB, papr_phb_index(PAPR_PHB(dev)));
}

static void phb_plug(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    PaprDrc *drc = phb_connector(pm, dev);
    bool hot = dev->hotplugged && !runstate_check(RUN_STATE_INMIGRATE);

    if (drc && papr_drc_attach(drc, dev, !hot, errp) && hot) {
        papr_events_hotplug(pm->events, PAPR_HOTPLUG_ADD, PAPR_DRC_PHB,
                            PAPR_HOTPLUG_BY_INDEX, 1, papr_drc_index(drc));
    }
}

/* What is behind the bridge goes along: the guest gives up all or nothing */
static void phb_unplug_request(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    PaprDrc *drc = phb_connector(pm, dev);

    if (!drc) {
        error_setg(errp, "%s can't be unplugged: host bridges of this version "
                   "of the machine stay", dev->id ?: dev->canonical_path);
        return;
    }
    if (papr_drc_unplug_requested(drc)) {
        error_setg(errp, "unplug of %s is in progress already: the guest has "
                   "been asked to release it",
                   dev->id ?: dev->canonical_path);
        return;
    }
    if (!papr_virtio_mem_unused_behind(PAPR_PHB(dev), errp)) {
        return;
    }
    papr_drc_unplug_request(drc);
    if (papr_drc_device(drc)) {
        papr_events_hotplug(pm->events, PAPR_HOTPLUG_REMOVE, PAPR_DRC_PHB,
                            PAPR_HOTPLUG_BY_INDEX, 1, papr_drc_index(drc));
    }
}

static void phb_unplug(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    papr_virtio_mem_leave_with(pm, PAPR_PHB(dev));
    qdev_unrealize(dev);
}

static void memory_pre_plug(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    error_setg(errp, "%s: memory devices of this kind can't be plugged into "
               "this machine; use pc-dimm", object_get_typename(OBJECT(dev)));
}

typedef void PlugStep(PaprMachine *pm, DeviceState *dev, Error **errp);

typedef struct PlugRow {
    const char *type;
    PlugStep *pre_plug;
    PlugStep *plug;
    PlugStep *unplug_request;           /* NULL: it stays */
    PlugStep *unplug;
} PlugRow;

static const PlugRow plug_table[] = {
    { TYPE_PAPR_CPU_CORE, papr_machine_core_pre_plug, papr_machine_core_plug,
      papr_machine_core_unplug_request, papr_machine_core_unplug },
    { TYPE_PAPR_RNG, NULL, rng_plug },
    { TYPE_PAPR_PHB, phb_pre_plug, phb_plug, phb_unplug_request, phb_unplug },
    { TYPE_NVDIMM, papr_nvdimm_pre_plug, papr_nvdimm_plug,
      papr_nvdimm_unplug_request },
    { TYPE_PAPR_TPM_PROXY, papr_machine_tpm_proxy_pre_plug,
      papr_machine_tpm_proxy_plug, papr_machine_tpm_proxy_unplug },
    { TYPE_PC_DIMM, papr_dimm_pre_plug, papr_dimm_plug,
      papr_dimm_unplug_request, papr_dimm_unplug },
    { TYPE_VIRTIO_MD_PCI, papr_virtio_mem_pre_plug, papr_virtio_mem_plug,
      papr_virtio_mem_unplug_request, papr_virtio_mem_unplug },
    { TYPE_MEMORY_DEVICE, memory_pre_plug, NULL },
};

/* NULL for other devices of the system bus, like a part of a PCI device */
static const PlugRow *row_of(DeviceState *dev)
{
    for (int i = 0; i < ARRAY_SIZE(plug_table); i++) {
        if (object_dynamic_cast(OBJECT(dev), plug_table[i].type)) {
            return &plug_table[i];
        }
    }
    return NULL;
}

static void pre_plug(HotplugHandler *handler, DeviceState *dev, Error **errp)
{
    const PlugRow *row = row_of(dev);

    if (row && row->pre_plug) {
        row->pre_plug(PAPR_MACHINE(handler), dev, errp);
    }
}

static void unplug_request(HotplugHandler *handler, DeviceState *dev,
                           Error **errp)
{
    const PlugRow *row = row_of(dev);

    if (!row || !row->unplug_request) {
        error_setg(errp, "%s can't be unplugged from this machine",
                   object_get_typename(OBJECT(dev)));
        return;
    }
    row->unplug_request(PAPR_MACHINE(handler), dev, errp);
}

static void unplug(HotplugHandler *handler, DeviceState *dev, Error **errp)
{
    row_of(dev)->unplug(PAPR_MACHINE(handler), dev, errp);
}

static void plug(HotplugHandler *handler, DeviceState *dev, Error **errp)
{
    const PlugRow *row = row_of(dev);

    if (row) {
        row->plug(PAPR_MACHINE(handler), dev, errp);
    }
}

/*
 * The host bridge of a PCI device handles it, wherever it is plugged in.  Its
 * bus would say so, too, but virtio-iommu asks the machine.
 */
static HotplugHandler *host_bridge_of(DeviceState *dev)
{
    PCIDevice *pdev = (PCIDevice *)object_dynamic_cast(OBJECT(dev),
                                                       TYPE_PCI_DEVICE);
    BusState *root = pdev ? BUS(pci_device_root_bus(pdev)) : NULL;

    if (!root || !object_dynamic_cast(OBJECT(root->parent), TYPE_PAPR_PHB)) {
        return NULL;
    }
    return HOTPLUG_HANDLER(root->parent);
}

static HotplugHandler *get_handler(MachineState *ms, DeviceState *dev)
{
    return row_of(dev) ? HOTPLUG_HANDLER(ms) : host_bridge_of(dev);
}

static void remove_phb(DeviceState *dev, void *machine)
{
    hotplug_handler_unplug(HOTPLUG_HANDLER(machine), dev, &error_abort);
    object_unparent(OBJECT(dev));
}

static void phb_leaves(DeviceState *dev, void *machine)
{
    papr_phb_leave(PAPR_PHB(dev));
}

static const PaprDrcOps phb_drc_ops = {
    .release = remove_phb,
    .leave = phb_leaves,
    .fill_dt = papr_machine_fill_phb,
};

void papr_machine_add_connectors(PaprMachine *pm)
{
    papr_machine_add_core_connectors(pm);
    if (!pm->compat->no_phb_hotplug) {
        papr_dr_add(pm->dr, PAPR_DRC_PHB, 0, 1, PAPR_PHB_MAX, &phb_drc_ops,
                    pm);
    }
    papr_machine_add_memory_connectors(pm);
}

void papr_machine_hotplug_class_init(ObjectClass *oc)
{
    HotplugHandlerClass *hc = HOTPLUG_HANDLER_CLASS(oc);

    hc->pre_plug = pre_plug;
    hc->plug = plug;
    hc->unplug_request = unplug_request;
    hc->unplug = unplug;
    MACHINE_CLASS(oc)->get_hotplug_handler = get_handler;
    machine_class_allow_dynamic_sysbus_dev(MACHINE_CLASS(oc), TYPE_PAPR_PHB);
}
