/*
 * KVM on PowerPC: translation tables of the guest
 *
 * The hash page table (HPT) of a guest under kvm-hv is the kernel's: it is
 * allocated, resized, and read or written as a stream by ioctls of the VM.
 * Under kvm-pr it is in QEMU's memory.  The process table of POWER9 and later
 * is the guest's own memory, and the kernel has to be told where it is.
 *
 * Called by hw/ppc/pseries/mmu.  Meaning of the ioctls: Linux,
 * Documentation/virt/kvm/api.rst.
 *
 * Locking: the BQL, unless a function says otherwise.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <sys/ioctl.h>
#include <linux/kvm.h>
#include "exec/memory.h"
#include "qapi/error.h"
#include "system/accel-blocker.h"
#include "system/kvm.h"
#include "hw/pseries/kvm.h"

#define PTE_BYTES 16

/*
 * The kernel changes the translation mode (hash or radix) or the table only
 * while no vCPU is in KVM_RUN; a vCPU that waits in H_CEDE is in KVM_RUN.  So
 * all vCPUs leave KVM_RUN for the duration of the ioctl.
 *
 * The kernel drops the dirty bits of pages with the old translations, so a
 * migration in progress reads the dirty bits first.
 */
static int ioctl_alone(unsigned long request, void *arg)
{
    int rc = -EBUSY;

    if (!global_dirty_tracking) {
        rc = kvm_vm_ioctl(kvm_state, request, arg);
    }
    if (rc == -EBUSY) {
        accel_ioctl_inhibit_begin();
        if (global_dirty_tracking) {
            memory_global_dirty_log_sync(false);
        }
        rc = kvm_vm_ioctl(kvm_state, request, arg);
        accel_ioctl_inhibit_end();
    }
    return rc;
}

int papr_kvm_hpt_alloc(int shift)
{
    uint32_t order = shift;
    int rc;

    if (!papr_kvm_facts()->hv) {
        return 0;
    }
    rc = ioctl_alone(KVM_PPC_ALLOCATE_HTAB, &order);
    return rc < 0 ? rc : order;
}

int papr_kvm_set_process_table(bool radix, bool gtse, uint64_t table)
{
    struct kvm_ppc_mmuv3_cfg config = {
        .flags = (radix ? KVM_PPC_MMUV3_RADIX : 0) |
                 (gtse ? KVM_PPC_MMUV3_GTSE : 0),
        .process_table = table,
    };

    return ioctl_alone(KVM_PPC_CONFIGURE_V3_MMU, &config);
}

int papr_kvm_hpt_resize_prepare(int shift, uint64_t flags)
{
    struct kvm_ppc_resize_hpt resize = { .flags = flags, .shift = shift };

    return kvm_vm_ioctl(kvm_state, KVM_PPC_RESIZE_HPT_PREPARE, &resize);
}

int papr_kvm_hpt_resize_commit(int shift, uint64_t flags)
{
    struct kvm_ppc_resize_hpt resize = { .flags = flags, .shift = shift };

    return kvm_vm_ioctl(kvm_state, KVM_PPC_RESIZE_HPT_COMMIT, &resize);
}

int papr_kvm_hpt_open(bool write, uint64_t index, Error **errp)
{
    struct kvm_get_htab_fd how = {
        .flags = write ? KVM_GET_HTAB_WRITE : 0,
        .start_index = index,
    };
    int fd;

    if (!papr_kvm_facts()->htab_fd) {
        error_setg(errp, "This host's KVM can neither read nor write the "
                   "guest's hash page table (KVM_CAP_PPC_HTAB_FD): a guest "
                   "that uses hash translation can't be migrated");
        return -1;
    }
    fd = kvm_vm_ioctl(kvm_state, KVM_PPC_GET_HTAB_FD, &how);
    if (fd < 0) {
        error_setg_errno(errp, -fd, "KVM: no access to the guest's hash page "
                         "table to %s it", write ? "write" : "read");
        return -1;
    }
    return fd;
}

/* Of a record's valid entries, copy those that are wanted */
static void take_record(const struct kvm_get_htab_header *head,
                        uint64_t ptex, unsigned n, uint64_t *pte)
{
    const uint64_t *found = (const uint64_t *)(head + 1);
    uint64_t from = MAX(head->index, ptex);
    uint64_t to = MIN((uint64_t)head->index + head->n_valid, ptex + n);

    if (from < to) {
        memcpy(&pte[2 * (from - ptex)], &found[2 * (from - head->index)],
               (to - from) * PTE_BYTES);
    }
}

/*
 * A read continues the stream, and returns as many records as fit.  A record
 * has valid entries, and the number of invalid entries after them.
 */
bool papr_kvm_hpt_read(uint64_t ptex, unsigned n, uint64_t *pte)
{
    /* room for the worst case, a record an entry, and one more of each */
    size_t size = (n + 1) * (sizeof(struct kvm_get_htab_header) + PTE_BYTES);
    g_autofree char *buf = g_malloc(size);
    uint64_t next = ptex, end = ptex + n;
    int fd = papr_kvm_hpt_open(false, ptex, NULL);

    if (fd < 0) {
        return false;
    }
    memset(pte, 0, n * PTE_BYTES);
    while (next < end) {
        ssize_t got = RETRY_ON_EINTR(read(fd, buf, size));
        char *at = buf;

        if (got <= 0) {
            break;
        }
        while (at < buf + got) {
            const struct kvm_get_htab_header *head = (const void *)at;

            take_record(head, ptex, n, pte);
            next = (uint64_t)head->index + head->n_valid + head->n_invalid;
            at += sizeof(*head) + head->n_valid * PTE_BYTES;
        }
        if (next <= ptex) {
            break;                      /* the stream has started over */
        }
    }
    close(fd);
    return next >= end;
}
