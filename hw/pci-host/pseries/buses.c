/*
 * pSeries PCI host bridge (PHB): numbers of the buses behind bridges
 *
 * Configuration addresses hold them, so they are programmed into the bridges
 * before the device tree is written ("qemu,phb-enumerated").  BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "phb.h"
#include "trace.h"

PCIBus *papr_pci_bus_behind(PCIDevice *dev)
{
    return IS_PCI_BRIDGE(dev) ? pci_bridge_get_sec_bus(PCI_BRIDGE(dev)) : NULL;
}

/*
 * Give all bridges on @bus and behind it numbers, depth first, @last being the
 * last one taken.  Returns the new last one.
 */
static unsigned number_buses(PCIBus *bus, unsigned last);

static unsigned number_bridge(PCIDevice *bridge, unsigned last)
{
    unsigned number = last + 1;

    if (last == PAPR_PHB_LAST_BUS) {
        return last;
    }
    bridge->config[PCI_PRIMARY_BUS] = pci_dev_bus_num(bridge);
    bridge->config[PCI_SECONDARY_BUS] = number;
    /* pass on configuration cycles for all buses until the last is known */
    bridge->config[PCI_SUBORDINATE_BUS] = PAPR_PHB_LAST_BUS;
    last = number_buses(papr_pci_bus_behind(bridge), number);
    bridge->config[PCI_SUBORDINATE_BUS] = last;
    trace_papr_phb_bridge(pci_dev_bus_num(bridge), bridge->devfn, number, last);
    return last;
}

static unsigned number_buses(PCIBus *bus, unsigned last)
{
    for (int devfn = 0; devfn < ARRAY_SIZE(bus->devices); devfn++) {
        PCIDevice *dev = bus->devices[devfn];

        if (dev && papr_pci_bus_behind(dev)) {
            last = number_bridge(dev, last);
        }
    }
    return last;
}

static unsigned count_buses(PCIBus *bus)
{
    unsigned n = 0;

    for (int devfn = 0; devfn < ARRAY_SIZE(bus->devices); devfn++) {
        PCIDevice *dev = bus->devices[devfn];

        if (dev && papr_pci_bus_behind(dev)) {
            n += 1 + count_buses(papr_pci_bus_behind(dev));
        }
    }
    return n;
}

/*
 * Numbers continue from one host bridge to the next, as long as there are
 * enough.  SLOF counts in the same way; at client-architecture-support it would
 * not find a device again whose bus has another number.
 */
static unsigned number_phb(PaprPhb *phb, unsigned last)
{
    PCIBus *root = phb->parent_obj.bus;

    bool fits = last + count_buses(root) <= PAPR_PHB_LAST_BUS;

    return number_buses(root, fits ? last : 0);
}

/*
 * A bridge that is plugged while the guest runs gets the numbers above all
 * others if it is on the root bus.  Elsewhere there is no room: the numbers of
 * its parent end where those of the parent's neighbour begin.
 */
void papr_phb_number_new_bridge(PaprPhb *phb, PCIDevice *bridge)
{
    PCIBus *root = phb->parent_obj.bus;
    unsigned last = 0;

    if (pci_get_bus(bridge) != root || bridge->config[PCI_SECONDARY_BUS]) {
        return;
    }
    for (int devfn = 0; devfn < ARRAY_SIZE(root->devices); devfn++) {
        PCIDevice *dev = root->devices[devfn];

        if (dev && papr_pci_bus_behind(dev)) {
            last = MAX(last, dev->config[PCI_SUBORDINATE_BUS]);
        }
    }
    number_bridge(bridge, last);
}

void papr_phb_number_buses(PaprPhb *phb)
{
    number_phb(phb, 0);
}

void papr_pci_number_buses(PaprPci *pci)
{
    unsigned last = 0;

    for (int i = 0; i < PAPR_PHB_MAX; i++) {
        PaprPhb *phb = papr_pci_bridge(pci, i);

        if (phb) {
            last = number_phb(phb, last);
        }
    }
}
