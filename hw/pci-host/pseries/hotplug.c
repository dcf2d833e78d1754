/*
 * pSeries PCI host bridge (PHB): plug and unplug of what is behind it
 *
 * The guest takes functions into use and releases them by their connectors
 * (connectors.c); the host bridge is the handler through which QEMU plugs and
 * unplugs, on all of its buses.
 *
 * QEMU's PCI code checks which slots are free.  Functions of a device are
 * plugged with function 0 last, and the guest is notified of all with that.
 *
 * With the BQL (big QEMU lock) held: from the monitor, or in an RTAS call of
 * the guest that releases a device.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/hotplug.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "phb.h"
#include "hw/pci-host/pseries/trace.h"

/*
 * The guest has released @dev, or was reset while an unplug was requested.  The
 * hotplug handler is the host bridge, or the machine for memory devices.
 */
static void remove_pci_device(DeviceState *dev, void *phb)
{
    hotplug_handler_unplug(qdev_get_hotplug_handler(dev), dev, &error_abort);
    object_unparent(OBJECT(dev));
}

static bool fill_device(PaprDrc *drc, DeviceState *dev, PaprDt *dt, void *phb,
                        Error **errp)
{
    if (IS_PCI_BRIDGE(dev)) {
        papr_phb_number_new_bridge(phb, PCI_DEVICE(dev));
    }
    papr_pci_device_dt(phb, PCI_DEVICE(dev), dt);
    return true;
}

/* A device without power has no configuration space and no mapped BARs */
static void hide_pci_device(DeviceState *dev, void *phb)
{
    pci_set_power(PCI_DEVICE(dev), false);
}

static const PaprDrcOps device_drc_ops = {
    .remove = remove_pci_device,
    .hide = hide_pci_device,
    .fill_dt = fill_device,
};

void papr_phb_connectors_realize(PaprPhb *phb)
{
    papr_phb_connectors_add(phb, PCI_HOST_BRIDGE(phb)->bus, &device_drc_ops);
}

static bool check_bridge(PaprPhb *phb, PCIDevice *bridge, Error **errp)
{
    uint32_t chassis = papr_phb_bridge_chassis(bridge);

    if (!chassis) {
        error_setg(errp, "%s: the bridge lacks a chassis_nr, by which the "
                   "guest names slots behind it; use -device "
                   "pci-bridge,chassis_nr=N with N from 1 to 255",
                   object_get_typename(OBJECT(bridge)));
        return false;
    }
    if (papr_phb_chassis_is_used(phb, chassis)) {
        error_setg(errp, "Bridge chassis %u already in use: give each bridge "
                   "a chassis_nr of its own", chassis);
        return false;
    }
    return true;
}

static void phb_pre_plug_device(HotplugHandler *handler, DeviceState *dev,
                                Error **errp)
{
    PaprPhb *phb = PAPR_PHB(handler);

    if (phb->opt.eeh && object_dynamic_cast(OBJECT(dev), "vfio-pci")) {
        error_setg(errp, "vfio-pci: errors of the host's devices are handled "
                   "by the host; use a host bridge without eeh=on");
    } else if (IS_PCI_BRIDGE(dev)) {
        check_bridge(phb, PCI_DEVICE(dev), errp);
    }
}

/* Connectors of all functions in the slot of @dev */
static void slot_connectors(PaprPhb *phb, PCIDevice *dev,
                            PaprDrc *drcs[PCI_FUNC_MAX])
{
    for (int func = 0; func < PCI_FUNC_MAX; func++) {
        drcs[func] = papr_phb_connector_at(phb, pci_get_bus(dev),
                                           PCI_DEVFN(PCI_SLOT(dev->devfn),
                                                     func));
    }
}

static void tell_guest(PaprPhb *phb, bool add, const PaprDrc *drc)
{
    const PaprPciConfig *config = &phb->pci->config;

    if (papr_drc_device(drc)) {
        config->hotplug(add, PAPR_DRC_PCI, papr_drc_index(drc),
                        config->opaque);
    }
}

/* The bridge's own hotplug controller, if it has one, is not for PAPR guests */
static void plug_bridge(PaprPhb *phb, PCIBridge *bridge)
{
    PCIBus *bus = pci_bridge_get_sec_bus(bridge);

    papr_phb_connectors_add(phb, bus, &device_drc_ops);
    qbus_set_hotplug_handler(BUS(bus), OBJECT(phb));
}

static void phb_plug_device(HotplugHandler *handler, DeviceState *dev,
                            Error **errp)
{
    PaprPhb *phb = PAPR_PHB(handler);
    PCIDevice *pdev = PCI_DEVICE(dev);
    bool hot = papr_dr_is_hotplug(dev);
    PaprDrc *drcs[PCI_FUNC_MAX];

    if (!pdev->enabled) {
        return;         /* a virtual function: not plugged by itself */
    }
    if (IS_PCI_BRIDGE(dev)) {
        plug_bridge(phb, PCI_BRIDGE(dev));
    }
    if (!papr_drc_attach(papr_phb_connector(phb, pdev), dev, !hot, errp)) {
        return;
    }
    trace_papr_pci_plug(dev->canonical_path, hot);
    if (hot && PCI_FUNC(pdev->devfn) == 0) {
        slot_connectors(phb, pdev, drcs);
        for (int func = 0; func < PCI_FUNC_MAX; func++) {
            tell_guest(phb, true, drcs[func]);
        }
    }
}

/* Refuses bridges: the guest is not asked to release devices behind them */
static bool check_unplug(PaprPhb *phb, PCIDevice *pdev, PaprDrc **drcs,
                         Error **errp)
{
    if (papr_drc_unplug_requested(papr_phb_connector(phb, pdev))) {
        error_setg(errp, "unplug of %s is in progress already: the guest has "
                   "been asked to release it",
                   pdev->qdev.id ?: pdev->qdev.canonical_path);
        return false;
    }
    for (int func = 0; func < PCI_FUNC_MAX; func++) {
        DeviceState *dev = papr_drc_device(drcs[func]);

        if (dev && IS_PCI_BRIDGE(dev) &&
            (dev == DEVICE(pdev) || PCI_FUNC(pdev->devfn) == 0)) {
            error_setg(errp, "%s: PCI bridges can't be unplugged, only what "
                       "is behind them", dev->id ?: dev->canonical_path);
            return false;
        }
    }
    return true;
}

/*
 * The unplug of function 0 unplugs all functions of its device.  A request for
 * another function does not notify the guest, as it releases whole devices.
 * Devices may have been removed on return.
 */
static void phb_unplug_request(HotplugHandler *handler, DeviceState *dev,
                               Error **errp)
{
    PaprPhb *phb = PAPR_PHB(handler);
    PCIDevice *pdev = PCI_DEVICE(dev);
    PaprDrc *drc = papr_phb_connector(phb, pdev);
    bool whole = PCI_FUNC(pdev->devfn) == 0;
    PaprDrc *drcs[PCI_FUNC_MAX];

    if (!drc || papr_drc_device(drc) != dev) {
        return;         /* a virtual function */
    }
    slot_connectors(phb, pdev, drcs);
    if (!check_unplug(phb, pdev, drcs, errp)) {
        return;
    }
    trace_papr_pci_unplug_request(dev->canonical_path);
    if (!whole) {
        papr_drc_unplug_request(drc);
        return;
    }
    for (int func = PCI_FUNC_MAX - 1; func >= 0; func--) {
        papr_drc_unplug_request(drcs[func]);
    }
    for (int func = PCI_FUNC_MAX - 1; func >= 0; func--) {
        tell_guest(phb, false, drcs[func]);
    }
}

static void remove_bus(PCIBus *bus, void *phb)
{
    papr_phb_connectors_remove(phb, bus);
}

static void phb_unplug_device(HotplugHandler *handler, DeviceState *dev,
                              Error **errp)
{
    PaprPhb *phb = PAPR_PHB(handler);
    PCIDevice *pdev = PCI_DEVICE(dev);

    trace_papr_pci_unplug(dev->canonical_path);
    if (IS_PCI_BRIDGE(dev)) {
        /* a stream may have the unplug requested that check_unplug() refuses */
        pci_for_each_bus(pci_bridge_get_sec_bus(PCI_BRIDGE(dev)), remove_bus,
                         phb);
    }
    qdev_unrealize(dev);
    /* after the device is unrealized, as it could use its MSIs until then */
    papr_phb_msi_forget(phb, pdev);
}

void papr_phb_hotplug_class_init(ObjectClass *oc)
{
    HotplugHandlerClass *hc = HOTPLUG_HANDLER_CLASS(oc);

    hc->pre_plug = phb_pre_plug_device;
    hc->plug = phb_plug_device;
    hc->unplug_request = phb_unplug_request;
    hc->unplug = phb_unplug_device;
}
