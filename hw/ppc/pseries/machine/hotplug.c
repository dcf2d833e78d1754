/*
 * pSeries platform: plug and unplug of the machine's devices
 *
 * A table with a row for each kind of device.  Pre-plug checks the device
 * against the machine and gives it what it needs; plug attaches it to its
 * connector.  An unplug request is sent to the guest; when the guest has
 * released the connector, the device is unplugged (PaprDrcOps.remove). PCI
 * devices are plugged by their host bridge (PHB), not by the machine, except
 * virtio-mem, which is memory, too.
 *
 * The rows of host bridges and of the random number generator are here, the
 * others in hotplug-*.c.  With the BQL (big QEMU lock) held.
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
#include "machine.h"

static void rng_plug(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    pm->rng = dev;
    papr_rng_attach(dev, pm->hcalls);
}

static void host_bridge_pre_plug(PaprMachine *pm, DeviceState *dev,
                                 Error **errp)
{
    if (dev->hotplugged && pm->compat->no_phb_hotplug) {
        error_setg(errp, "%s can't be hotplugged: this version of the machine "
                   "has host bridges of the command line only; use "
                   "pseries-4.0 or later", dev->id ?: TYPE_PAPR_PHB);
        return;
    }
    papr_phb_pre_plug(pm->pci, PAPR_PHB(dev), errp);
}

static PaprDrc *phb_connector(PaprMachine *pm, DeviceState *dev)
{
    return papr_dr_find(pm->dr, PAPR_DRC_PHB, papr_phb_index(PAPR_PHB(dev)));
}

static void host_bridge_plug(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    PaprDrc *drc = phb_connector(pm, dev);
    bool hot = papr_dr_is_hotplug(dev);

    if (drc && papr_drc_attach(drc, dev, !hot, errp) && hot) {
        papr_events_hotplug(pm->events, PAPR_HOTPLUG_ADD, PAPR_DRC_PHB,
                            PAPR_HOTPLUG_BY_INDEX, 1, papr_drc_index(drc));
    }
}

/*
 * The devices behind the bridge are unplugged with it; the guest releases all
 * of them or none.
 */
static void host_bridge_unplug_request(PaprMachine *pm, DeviceState *dev,
                                       Error **errp)
{
    PaprDrc *drc = phb_connector(pm, dev);

    if (!drc) {
        error_setg(errp, "%s can't be unplugged: this version of the machine "
                   "can't unplug host bridges; use pseries-4.0 or later",
                   dev->id ?: dev->canonical_path);
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

static void host_bridge_unplug(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    papr_virtio_mem_unplug_behind(pm, PAPR_PHB(dev));
    qdev_unrealize(dev);
}

static void refuse_memory_device(PaprMachine *pm, DeviceState *dev,
                                 Error **errp)
{
    error_setg(errp, "%s: memory devices of this kind can't be plugged into "
               "this machine; use pc-dimm", object_get_typename(OBJECT(dev)));
}

typedef void PlugStep(PaprMachine *pm, DeviceState *dev, Error **errp);

typedef struct PlugRow {
    const char *type;
    PlugStep *pre_plug;
    PlugStep *plug;
    PlugStep *unplug_request;           /* NULL: never unplugged */
    PlugStep *unplug;
} PlugRow;

static const PlugRow plug_table[] = {
    { TYPE_PAPR_CPU_CORE, papr_machine_core_pre_plug, papr_machine_core_plug,
      papr_machine_core_unplug_request, papr_machine_core_unplug },
    { TYPE_PAPR_RNG, NULL, rng_plug },
    { TYPE_PAPR_PHB, host_bridge_pre_plug, host_bridge_plug,
      host_bridge_unplug_request, host_bridge_unplug },
    { TYPE_NVDIMM, papr_nvdimm_pre_plug, papr_nvdimm_plug,
      papr_nvdimm_unplug_request },
    { TYPE_PAPR_TPM_PROXY, papr_machine_tpm_proxy_pre_plug,
      papr_machine_tpm_proxy_plug, papr_machine_tpm_proxy_unplug },
    { TYPE_PC_DIMM, papr_dimm_pre_plug, papr_dimm_plug,
      papr_dimm_unplug_request, papr_dimm_unplug },
    { TYPE_VIRTIO_MD_PCI, papr_virtio_mem_pre_plug, papr_virtio_mem_plug,
      papr_virtio_mem_unplug_request, papr_virtio_mem_unplug },
    { TYPE_MEMORY_DEVICE, refuse_memory_device, NULL },
};

/* NULL: another device of the system bus, such as a part of a PCI device */
static const PlugRow *plug_row_of(DeviceState *dev)
{
    for (int i = 0; i < ARRAY_SIZE(plug_table); i++) {
        if (object_dynamic_cast(OBJECT(dev), plug_table[i].type)) {
            return &plug_table[i];
        }
    }
    return NULL;
}

static void machine_pre_plug(HotplugHandler *handler, DeviceState *dev,
                             Error **errp)
{
    const PlugRow *row = plug_row_of(dev);

    if (row && row->pre_plug) {
        row->pre_plug(PAPR_MACHINE(handler), dev, errp);
    }
}

static void machine_unplug_request(HotplugHandler *handler, DeviceState *dev,
                                   Error **errp)
{
    const PlugRow *row = plug_row_of(dev);

    if (!row || !row->unplug_request) {
        error_setg(errp, "%s can't be unplugged from this machine",
                   object_get_typename(OBJECT(dev)));
        return;
    }
    row->unplug_request(PAPR_MACHINE(handler), dev, errp);
}

static void machine_unplug(HotplugHandler *handler, DeviceState *dev,
                           Error **errp)
{
    plug_row_of(dev)->unplug(PAPR_MACHINE(handler), dev, errp);
}

static void machine_plug(HotplugHandler *handler, DeviceState *dev,
                         Error **errp)
{
    const PlugRow *row = plug_row_of(dev);

    if (row) {
        row->plug(PAPR_MACHINE(handler), dev, errp);
    }
}

/*
 * The handler of a PCI device, on whatever bus, is its host bridge.  QEMU finds
 * it by the bus, too, but virtio-iommu asks for the machine's handler alone.
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

static HotplugHandler *machine_hotplug_handler(MachineState *ms,
                                               DeviceState *dev)
{
    return plug_row_of(dev) ? HOTPLUG_HANDLER(ms) : host_bridge_of(dev);
}

static void remove_host_bridge(DeviceState *dev, void *machine)
{
    hotplug_handler_unplug(HOTPLUG_HANDLER(machine), dev, &error_abort);
    object_unparent(OBJECT(dev));
}

static void hide_host_bridge(DeviceState *dev, void *machine)
{
    papr_phb_hide(PAPR_PHB(dev));
}

static const PaprDrcOps phb_drc_ops = {
    .remove = remove_host_bridge,
    .hide = hide_host_bridge,
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

    hc->pre_plug = machine_pre_plug;
    hc->plug = machine_plug;
    hc->unplug_request = machine_unplug_request;
    hc->unplug = machine_unplug;
    MACHINE_CLASS(oc)->get_hotplug_handler = machine_hotplug_handler;
    machine_class_allow_dynamic_sysbus_dev(MACHINE_CLASS(oc), TYPE_PAPR_PHB);
}
