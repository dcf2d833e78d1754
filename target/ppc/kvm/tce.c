/*
 * KVM on PowerPC: tables of translation control entries (TCE) in the kernel
 *
 * With such a table the kernel handles a guest's H_PUT_TCE, without an exit to
 * QEMU.  The kernel's pages with the entries are mapped here, so that emulated
 * devices translate by the same entries.  Entries are words in host endian; the
 * kernel allocates a page when it is first accessed.  Called by
 * hw/ppc/pseries/iommu/store.c.
 *
 * Locking: the BQL; the pages themselves are read and written by any thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/kvm.h>
#include "system/kvm.h"
#include "internal.h"

/* The page size of all windows in a kernel without KVM_CAP_SPAPR_TCE_64 */
#define OLD_PAGE_SHIFT 12

static size_t bytes_of(uint64_t pages)
{
    return ROUND_UP(pages * sizeof(uint64_t), qemu_real_host_page_size());
}

static int create_table(uint32_t liobn, uint32_t page_shift, uint64_t bus_addr,
                        uint64_t pages)
{
    struct kvm_create_spapr_tce_64 window = {
        .liobn = liobn,
        .page_shift = page_shift,
        .offset = bus_addr >> page_shift,
        .size = pages,
    };
    struct kvm_create_spapr_tce old = {
        .liobn = liobn,
        .window_size = pages << page_shift,
    };

    if (papr_kvm_facts()->tce_64) {
        return kvm_vm_ioctl(kvm_state, KVM_CREATE_SPAPR_TCE_64, &window);
    }
    if (bus_addr || page_shift != OLD_PAGE_SHIFT ||
        old.window_size != pages << page_shift ||
        !kvm_check_extension(kvm_state, KVM_CAP_SPAPR_TCE)) {
        return -EOPNOTSUPP;
    }
    return kvm_vm_ioctl(kvm_state, KVM_CREATE_SPAPR_TCE, &old);
}

uint64_t *papr_kvm_tce_create(uint32_t liobn, uint32_t page_shift,
                              uint64_t bus_addr, uint64_t pages, int *fd)
{
    void *entries;

    *fd = create_table(liobn, page_shift, bus_addr, pages);
    if (*fd < 0) {
        return NULL;
    }
    entries = mmap(NULL, bytes_of(pages), PROT_READ | PROT_WRITE, MAP_SHARED,
                   *fd, 0);
    if (entries == MAP_FAILED) {
        int error = errno;

        close(*fd);
        *fd = -error;
        return NULL;
    }
    return entries;
}

/*
 * The kernel keeps the table and its LIOBN as long as its file is open or its
 * entries are mapped.  Readers of entries can't be waited for under the BQL, so
 * the kernel's pages are replaced by other memory at once, which is allocated
 * first: if that fails, the kernel's pages stay mapped, and the LIOBN in use,
 * until tce_unmap().
 */
void papr_kvm_tce_retire(uint64_t *entries, uint64_t pages, int fd, bool keep)
{
    size_t bytes = bytes_of(pages);
    uint64_t *other = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    for (uint64_t i = 0; keep && other != MAP_FAILED && i < pages; i++) {
        uint64_t tce = qatomic_read(&entries[i]);

        if (tce) {                      /* no page for zeroes */
            other[i] = tce;
        }
    }
    if (other != MAP_FAILED &&
        mremap(other, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED,
               entries) == MAP_FAILED) {
        munmap(other, bytes);
    }
    close(fd);
}

void papr_kvm_tce_unmap(uint64_t *entries, uint64_t pages)
{
    munmap(entries, bytes_of(pages));
}
