/*
 * pSeries XIVE in the host's kernel: the pages of sources and vCPUs
 *
 * The device's file can be mapped: the thread interrupt management area (TIMA)
 * of whichever vCPU makes the access, and the event state buffers (ESB), a pair
 * of pages per source.  Each of the two is one memory region over the emulated
 * one, and so one memory slot of KVM, whatever the number of sources.
 *
 * The regions' addresses in QEMU are reserved for the life of the machine: the
 * device's pages are mapped there while there is a device, else accesses fault.
 * So no region comes or goes with the device, and notifiers of new RAM (block
 * devices that register buffers) aren't called from client-architecture-support
 * (CAS), from reset or from the loading of a migration stream.
 *
 * The kernel maps a source's pages at the first access; an access to a source
 * that the kernel doesn't have is a bus error, so QEMU checks first, also for
 * accesses through the address space (DMA that a guest set up, the monitor):
 * the regions are RAM for KVM's slots only, and those accesses go to handlers
 * (mmio.c's for ESBs), which the memory core calls with the big lock (BQL)
 * held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/atomic.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "hw/intc/pseries/irq/kvm.h"
#include "hw/intc/pseries/trace.h"
#include "kvm.h"
#include <linux/kvm.h>

#define PAGE_BYTES (1UL << XV_ESB_PAGE_SHIFT)
#define TIMA_BYTES (XV_TIMA_PAGES * PAGE_BYTES)

static size_t esb_bytes(const PaprXive *xive)
{
    return (size_t)xive->nr_irqs << XV_ESB_PAIR_SHIFT;
}

/* One source */

uint64_t papr_xive_kvm_page_load(PaprXiveKvm *kvm, uint32_t lisn,
                                 uint32_t offset)
{
    const uint64_t *word;

    if (kvm->fd < 0 || !papr_xive_kvm_has(kvm, lisn)) {
        return UINT64_MAX;
    }
    word = (const void *)(kvm->esb + ((size_t)lisn << XV_ESB_PAIR_SHIFT) +
                          PAGE_BYTES + offset);
    /* not cached memory: earlier stores must be visible before this load */
    smp_mb();
    return be64_to_cpu(qatomic_read(word));
}

uint8_t papr_xive_kvm_get_pq(PaprXiveKvm *kvm, uint32_t lisn)
{
    return papr_xive_kvm_page_load(kvm, lisn, XV_ESB_EOI_END) & XV_PQ_MASK;
}

uint8_t papr_xive_kvm_set_pq(PaprXiveKvm *kvm, uint32_t lisn, uint8_t pq)
{
    return papr_xive_kvm_page_load(kvm, lisn, XV_ESB_SET_PQ + (pq << 8)) &
           XV_PQ_MASK;
}

/*
 * A level signalled source (LSI) is an edge sensitive one in the host.  Its
 * line is in the model's byte: if it is up when P and Q are cleared, the source
 * is triggered again.
 * Two threads, with a full barrier between the two accesses of each:
 * (1) The vCPU's thread clears P and Q, then reads the line.
 * (2) The thread that raises the line sets it, then triggers the source.
 * Either (1) sees the line, or (2) triggers after P and Q were cleared.
 */
static uint64_t lsi_rest(PaprXive *xive, uint32_t lisn)
{
    uint64_t old = papr_xive_kvm_set_pq(xive->kvm, lisn, XV_PQ_RESET);

    smp_mb();                           /* pairs with raising the line */
    if (qatomic_read(&xive->status[lisn]) & XV_ESB_ASSERTED) {
        papr_irq_kvm_trigger(lisn);
    }
    return old;
}

static uint64_t lsi_load(PaprXive *xive, uint32_t lisn, uint32_t offset)
{
    if (offset < XV_ESB_EOI_END &&
        papr_xive_kvm_get_pq(xive->kvm, lisn) == XV_PQ_OFF) {
        return XV_PQ_OFF;
    }
    if (offset < XV_ESB_EOI_END || offset >> 8 == XV_ESB_SET_PQ >> 8) {
        return lsi_rest(xive, lisn);
    }
    return papr_xive_kvm_page_load(xive->kvm, lisn, offset);
}

uint64_t papr_xive_kvm_esb_load(PaprXive *xive, uint32_t lisn, uint32_t offset)
{
    offset &= XV_ESB_OFFSET_MASK & ~7;
    if (papr_xive_is_lsi(xive, lisn)) {
        return lsi_load(xive, lisn, offset);
    }
    return papr_xive_kvm_page_load(xive->kvm, lisn, offset);
}

/* No stores to the host's pages: loads and KVM_IRQ_LINE have the same effect */
void papr_xive_kvm_esb_store(PaprXive *xive, uint32_t lisn, uint32_t offset)
{
    offset &= XV_ESB_OFFSET_MASK & ~7;
    if (offset < XV_ESB_TRIGGER_END) {
        papr_irq_kvm_trigger(lisn);
    } else if (offset >= XV_ESB_SET_PQ) {
        papr_xive_kvm_esb_load(xive, lisn, offset);
    } else {
        qemu_log_mask(LOG_GUEST_ERROR, "xive: store at 0x%x of the management "
                      "page of 0x%x has no function\n", offset, lisn);
    }
}

/* The host's TIMA is that of the vCPU in the guest: QEMU can't access it */
static uint64_t tima_read(void *opaque, hwaddr addr, unsigned size)
{
    qemu_log_mask(LOG_GUEST_ERROR, "xive: load from the management area at 0x%"
                  HWADDR_PRIx " not made by a vCPU\n", addr);
    return UINT64_MAX;
}

static void tima_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    qemu_log_mask(LOG_GUEST_ERROR, "xive: store to the management area at 0x%"
                  HWADDR_PRIx " not made by a vCPU\n", addr);
}

static const MemoryRegionOps tima_ops = {
    .read = tima_read,
    .write = tima_write,
    .endianness = DEVICE_BIG_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8 },
    .impl = { .min_access_size = 1, .max_access_size = 8 },
};

/* The regions */

static void *reserve_pages(void *at, size_t size, Error **errp)
{
    void *pages = mmap(at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
                       MAP_NORESERVE | (at ? MAP_FIXED : 0), -1, 0);

    if (pages == MAP_FAILED) {
        error_setg_errno(errp, errno, "XIVE: can't reserve %zu MiB of "
                         "addresses", size / MiB);
        return NULL;
    }
    return pages;
}

static void make_region(PaprXive *xive, MemoryRegion *mr, const char *name,
                        const MemoryRegionOps *ops, void *pages, size_t size,
                        hwaddr base)
{
    memory_region_init_ram_device_ptr(mr, OBJECT(xive), name, size, pages);
    mr->ops = ops;
    mr->opaque = xive;
    memory_region_set_enabled(mr, false);
    memory_region_add_subregion_overlap(get_system_memory(), base, mr, 1);
}

bool papr_xive_kvm_pages_init(PaprXiveKvm *kvm, Error **errp)
{
    PaprXive *xive = kvm->xive;
    size_t os_page = XV_TIMA_OS_PAGE * PAGE_BYTES;

    kvm->esb = reserve_pages(NULL, esb_bytes(xive), errp);
    if (!kvm->esb) {
        return false;
    }
    kvm->tima = reserve_pages(NULL, TIMA_BYTES, errp);
    if (!kvm->tima) {
        munmap(kvm->esb, esb_bytes(xive));
        return false;
    }
    make_region(xive, &kvm->esb_ram, "xive.esb-kvm", &papr_xive_esb_ops,
                kvm->esb, esb_bytes(xive), XV_ESB_BASE);
    /* of the TIMA's four views the kernel has only the operating system's */
    make_region(xive, &kvm->tima_ram, "xive.tima-kvm", &tima_ops,
                kvm->tima + os_page, PAGE_BYTES, XV_TIMA_BASE + os_page);
    return true;
}

static bool map_pages(PaprXiveKvm *kvm, void *at, size_t size,
                      unsigned first_page, Error **errp)
{
    off_t offset = first_page * qemu_real_host_page_size();

    if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
             kvm->fd, offset) == MAP_FAILED) {
        error_setg_errno(errp, errno, "XIVE: KVM's pages can't be mapped");
        return false;
    }
    return true;
}

/* Replace the mapping atomically, so that no other mmap() gets the addresses */
static void take_away(void *at, size_t size)
{
    Error *err = NULL;

    if (!reserve_pages(at, size, &err)) {
        error_report_err(err);
    }
}

static void unmap_pages(PaprXiveKvm *kvm)
{
    take_away(kvm->tima, TIMA_BYTES);
    take_away(kvm->esb, esb_bytes(kvm->xive));
}

static void enable_regions(PaprXiveKvm *kvm, bool enable)
{
    memory_region_transaction_begin();
    memory_region_set_enabled(&kvm->esb_ram, enable);
    memory_region_set_enabled(&kvm->tima_ram, enable);
    memory_region_transaction_commit();
}

bool papr_xive_kvm_map(PaprXiveKvm *kvm, Error **errp)
{
    if (!map_pages(kvm, kvm->esb, esb_bytes(kvm->xive),
                   KVM_XIVE_ESB_PAGE_OFFSET, errp) ||
        !map_pages(kvm, kvm->tima, TIMA_BYTES, KVM_XIVE_TIMA_PAGE_OFFSET,
                   errp)) {
        unmap_pages(kvm);
        return false;
    }
    enable_regions(kvm, true);
    return true;
}

void papr_xive_kvm_unmap(PaprXiveKvm *kvm)
{
    enable_regions(kvm, false);
    unmap_pages(kvm);
}
