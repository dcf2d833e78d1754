/*
 * pSeries PCI host bridge (PHB): the connectors of slots
 *
 * Each function of each slot, on the root bus and on the buses behind bridges,
 * has a connector (dynamic reconfiguration connector, DRC): LoPAR section 13.6.
 * hotplug.c attaches devices to them, dt.c writes them into nodes.  BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "phb.h"

/*
 * A connector's id: index of the host bridge, chassis of the PCI bridge that
 * the bus is behind (0: the root bus), slot and function.  It does not have the
 * bus' number, as the guest may change that.
 */
#define DRC_PHB_SHIFT       16
#define DRC_CHASSIS_SHIFT   8
#define DRC_PER_BUS         (PCI_SLOT_MAX * PCI_FUNC_MAX)
#define DRC_PER_PHB         (1u << DRC_PHB_SHIFT)

static uint32_t chassis_id(const PaprPhb *phb, uint32_t chassis)
{
    return papr_phb_index(phb) << DRC_PHB_SHIFT |
           chassis << DRC_CHASSIS_SHIFT;
}

uint32_t papr_phb_bridge_chassis(PCIDevice *bridge)
{
    return object_property_get_uint(OBJECT(bridge), "chassis_nr", NULL);
}

/* The id of the first connector on @bus */
static uint32_t bus_id(const PaprPhb *phb, PCIBus *bus)
{
    PCIDevice *bridge = pci_bridge_get_device(bus);

    return chassis_id(phb, bridge ? papr_phb_bridge_chassis(bridge) : 0);
}

PaprDrc *papr_phb_connector_at(PaprPhb *phb, PCIBus *bus, int devfn)
{
    return papr_dr_find(phb->pci->config.dr, PAPR_DRC_PCI,
                        bus_id(phb, bus) + devfn);
}

PaprDrc *papr_phb_connector(PaprPhb *phb, PCIDevice *dev)
{
    return papr_phb_connector_at(phb, pci_get_bus(dev), dev->devfn);
}

bool papr_phb_chassis_is_used(PaprPhb *phb, uint32_t chassis)
{
    return papr_dr_find(phb->pci->config.dr, PAPR_DRC_PCI,
                        chassis_id(phb, chassis));
}

void papr_phb_connectors_dt(PaprPhb *phb, PCIBus *bus, PaprDt *dt)
{
    papr_dr_dt_run(phb->pci->config.dr, dt, PAPR_DRC_PCI, bus_id(phb, bus));
}

void papr_phb_connectors_add(PaprPhb *phb, PCIBus *bus, const PaprDrcOps *ops)
{
    papr_dr_add(phb->pci->config.dr, PAPR_DRC_PCI, bus_id(phb, bus), 1,
                DRC_PER_BUS, ops, phb);
}

void papr_phb_connectors_remove(PaprPhb *phb, PCIBus *bus)
{
    uint32_t first = bus_id(phb, bus);

    papr_dr_remove_connectors(phb->pci->config.dr, PAPR_DRC_PCI, first,
                              first + DRC_PER_BUS - 1);
}

void papr_phb_connectors_unrealize(PaprPhb *phb)
{
    uint32_t first = chassis_id(phb, 0);

    papr_dr_remove_connectors(phb->pci->config.dr, PAPR_DRC_PCI, first,
                              first + DRC_PER_PHB - 1);
}
