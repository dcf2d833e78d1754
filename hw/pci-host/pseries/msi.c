/*
 * pSeries PCI host bridge: the window of message signalled interrupts (MSI)
 *
 * A message's address is that of a window in the bridge's DMA address space,
 * its data is the interrupt number: nothing translates it on the way.
 *
 * Locking: BQL, but for window_write(), which any thread may call.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "exec/address-spaces.h"
#include "phb.h"
#include "trace.h"

static uint64_t window_read(void *opaque, hwaddr addr, unsigned size)
{
    qemu_log_mask(LOG_GUEST_ERROR, "MSI window read at 0x%" HWADDR_PRIx "\n",
                  addr);
    return UINT64_MAX;
}

/*
 * Any thread, BQL held or not: a trigger takes what locks it needs, and the
 * bridge lives as long as its region.  The data is what the guest has written
 * into the device, so it may be anything; interrupts of other kinds of devices
 * can't be triggered by it.
 */
static void window_write(void *opaque, hwaddr addr, uint64_t data,
                         unsigned size)
{
    PaprPhb *phb = opaque;

    trace_papr_msi_write(phb->opt.index, addr, data);
    if (!papr_irq_may_be_msi(phb->pci->config.irqs, data)) {
        qemu_log_mask(LOG_GUEST_ERROR, "MSI of host bridge %u dropped: data "
                      "0x%" PRIx64 " is no MSI's number\n", phb->opt.index,
                      data);
        return;
    }
    papr_irq_trigger(phb->pci->config.irqs, data);
}

static const MemoryRegionOps window_ops = {
    .read = window_read,
    .write = window_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 4 },
    .impl = { .min_access_size = 4, .max_access_size = 4 },
};

/* A page of the host, so that it can be a hole in what KVM and VFIO map */
uint64_t papr_phb_msi_window_size(void)
{
    return MAX(qemu_real_host_page_size(), 4096);
}

/*
 * With bypass-iommu=on DMA goes to system memory.  An alias of the window is in
 * it, with a lower priority than RAM that has the same addresses.
 */
void papr_phb_msi_realize(PaprPhb *phb)
{
    uint64_t size = papr_phb_msi_window_size();

    phb->msi = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    memory_region_init_io(&phb->msi_window, OBJECT(phb), &window_ops, phb,
                          "msi", size);
    memory_region_enable_lockless_io(&phb->msi_window);
    memory_region_add_subregion_overlap(&phb->dma_root, PAPR_PHB_MSI_WINDOW,
                                        &phb->msi_window, 1);
    if (PCI_HOST_BRIDGE(phb)->bypass_iommu) {
        memory_region_init_alias(&phb->msi_alias, OBJECT(phb), "msi-bypass",
                                 &phb->msi_window, 0, size);
        memory_region_add_subregion_overlap(get_system_memory(),
                                            PAPR_PHB_MSI_WINDOW,
                                            &phb->msi_alias, -1);
    }
}

void papr_phb_msi_unrealize(PaprPhb *phb)
{
    papr_phb_msi_reset(phb);
    if (PCI_HOST_BRIDGE(phb)->bypass_iommu) {
        memory_region_del_subregion(get_system_memory(), &phb->msi_alias);
    }
    memory_region_del_subregion(&phb->dma_root, &phb->msi_window);
    g_clear_pointer(&phb->msi, g_hash_table_destroy);
}
