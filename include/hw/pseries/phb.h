/*
 * pSeries platform: PCI host bridges (PHB)
 *
 * The user makes them (-device spapr-pci-host-bridge,index=N), the machine
 * makes the one with index 0.  What they have in common (the calls by which a
 * guest reaches them, and what they need of the platform) is a PaprPci.
 *
 * Context: the BQL held, for all of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_PHB_H
#define HW_PSERIES_PHB_H

#include "hw/pci/pci.h"
#include "hw/pseries/dr.h"
#include "hw/pseries/dt.h"
#include "hw/pseries/iommu.h"
#include "hw/pseries/irq.h"
#include "hw/pseries/numa.h"
#include "hw/pseries/rtas.h"
#include "qom/object.h"

#define TYPE_PAPR_PHB "spapr-pci-host-bridge"
OBJECT_DECLARE_SIMPLE_TYPE(PaprPhb, PAPR_PHB)

#define PAPR_PHB_MAX 31         /* indexes are below it */

typedef struct PaprPci PaprPci;

/**
 * PaprPciConfig - the platform as host bridges see it
 * @numa: for "ibm,associativity"
 * @highest_ram: first address above all RAM that the machine can have: the
 *               largest DMA window that is of use ends there
 * @hotplug: ask the guest to configure (@add) or to release the device at
 *           connector @index of @type; BQL held
 * @opaque: passed to @hotplug
 */
typedef struct PaprPciConfig {
    PaprRtas *rtas;
    PaprIrqs *irqs;
    PaprDr *dr;
    PaprIommu *iommu;
    const PaprNuma *numa;
    uint64_t highest_ram;
    void (*hotplug)(bool add, PaprDrcType type, uint32_t index, void *opaque);
    void *opaque;
} PaprPciConfig;

/** papr_pci_new: register the calls; no bridge yet */
PaprPci *papr_pci_new(const PaprPciConfig *config);

/**
 * papr_phb_pre_plug - from the machine's hotplug handler, before realize
 *
 * Hands @phb what it needs; refuses an index that is missing, too large or
 * taken, windows larger than the room for them and NUMA nodes that are not
 * there.
 */
bool papr_phb_pre_plug(PaprPci *pci, PaprPhb *phb, Error **errp);

/** papr_phb_hide: no call of the guest finds it; it is removed later */
void papr_phb_hide(PaprPhb *phb);

/** papr_phb_index: 0 to 30 */
uint32_t papr_phb_index(const PaprPhb *phb);

/** papr_phb_fw_path: name and unit address in firmware's tree; to be freed */
char *papr_phb_fw_path(const PaprPhb *phb);

/** papr_phb_bus: the root bus, "pci.0" of the default bridge */
PCIBus *papr_phb_bus(PaprPhb *phb);

/**
 * papr_pci_number_buses - number the buses behind all PCI bridges
 * papr_phb_number_buses - the same for one host bridge, which is plugged
 *
 * Before their nodes are written.  Context: BQL.
 */
void papr_pci_number_buses(PaprPci *pci);
void papr_phb_number_buses(PaprPhb *phb);

/** papr_phb_dt: the bridge's node with those of all devices behind it */
void papr_phb_dt(PaprPhb *phb, PaprDt *dt, uint32_t intc_phandle);

/** papr_pci_dt: the nodes of all bridges; @pci is a PaprPci */
void papr_pci_dt(PaprDt *dt, uint32_t intc_phandle, void *pci);

/**
 * papr_pci_fw_name - a device's name in firmware's tree, as "scsi@3"
 *
 * With the unit address, "scsi@3,1" for another function than 0; to be freed.
 */
char *papr_pci_fw_name(PCIDevice *dev);

/** papr_pci_set_vga_endian: make frame buffers big- or little-endian */
void papr_pci_set_vga_endian(PaprPci *pci, bool big);

#endif
