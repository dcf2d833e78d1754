/*
 * pSeries PCI host bridge (PHB): look-up of bridges and their devices
 *
 * RTAS calls name a bridge by the two words of its bus unit id (BUID), and a
 * device by config_addr.  LoPAR section 7.3.4.  A bridge or device that the
 * guest has released, and that is not removed yet, is not found.  Called by all
 * of this folder; calls none of it.
 *
 * Locking: BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pci/pci_bus.h"
#include "phb.h"

PaprPhb *papr_pci_bridge(PaprPci *pci, uint64_t index)
{
    PaprPhb *phb = index < PAPR_PHB_MAX ? pci->phbs[index] : NULL;

    return phb && !phb->hidden ? phb : NULL;
}

PaprPhb *papr_pci_find(PaprPci *pci, const uint32_t *buid)
{
    return papr_pci_bridge(pci, ((uint64_t)buid[0] << 32 | buid[1]) -
                                PAPR_PHB_BUID_BASE);
}

PCIDevice *papr_phb_device(PaprPhb *phb, uint32_t config_addr)
{
    PCIDevice *dev = pci_find_device(phb->parent_obj.bus,
                                     config_addr >> 16 & 0xff,
                                     config_addr >> 8 & 0xff);

    return dev && dev->enabled ? dev : NULL;
}

uint32_t papr_phb_config_addr(PCIDevice *dev)
{
    return pci_dev_bus_num(dev) << 16 | dev->devfn << 8;
}

uint32_t papr_phb_index(const PaprPhb *phb)
{
    return phb->opt.index;
}

char *papr_phb_fw_path(const PaprPhb *phb)
{
    return g_strdup_printf("pci@%" PRIx64, phb->buid);
}

PCIBus *papr_phb_bus(PaprPhb *phb)
{
    return phb->parent_obj.bus;
}
