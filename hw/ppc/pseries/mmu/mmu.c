/*
 * pSeries platform: how the guest's addresses are translated
 *
 * Ties the parts of this folder together: papr_mmu_new() has the files of
 * hypercalls, resizing, process table and migration register their functions;
 * none of these files calls this one.  Called by the machine and by
 * client-architecture-support (CAS), which choose the MMU mode.  LoPAR section
 * 14.5.4.1.
 *
 * Locking: BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/memalign.h"
#include "qapi/error.h"
#include "target/ppc/cpu.h"
#include "target/ppc/mmu-book3s-v3.h"
#include "internal.h"
#include "kvm.h"

/* Logical partitioning control register (LPCR): bits of the translation mode */
#define LPCR_MODE (LPCR_HR | LPCR_UPRT)

PaprMmu *papr_mmu_new(PaprVcpuMap *vcpus, PaprHcallTable *hcalls,
                      PaprHptResize resize)
{
    PaprMmu *mmu = g_new0(PaprMmu, 1);

    mmu->vcpus = vcpus;
    mmu->resize = resize;
    mmu->save.fd = -1;
    mmu->load_fd = -1;
    mmu->n_vcpus = papr_vcpu_map_size(vcpus);
    mmu->vcpu = qemu_memalign(__alignof__(PaprMmuVcpu),
                              mmu->n_vcpus * sizeof(*mmu->vcpu));
    memset(mmu->vcpu, 0, mmu->n_vcpus * sizeof(*mmu->vcpu));
    papr_mmu_register_hpt_hcalls(mmu, hcalls);
    papr_mmu_register_resize_hcalls(mmu, hcalls);
    papr_mmu_register_process_table_hcalls(mmu, hcalls);
    papr_mmu_register_migration(mmu);
    return mmu;
}

void papr_mmu_set_memory(PaprMmu *mmu, uint64_t now, uint64_t max)
{
    mmu->ram = now;
    mmu->max_ram = max;
}

bool papr_mmu_hpt_alloc(PaprMmu *mmu, int shift, Error **errp)
{
    if (!papr_hpt_replace(mmu, shift, papr_hpt_least_shift(mmu, shift), errp)) {
        return false;
    }
    papr_lpcr_update_stopped(mmu, 0, LPCR_MODE);
    return true;
}

bool papr_mmu_set_hash(PaprMmu *mmu, Error **errp)
{
    return papr_mmu_hpt_alloc(mmu, papr_hpt_default_shift(mmu), errp);
}

bool papr_mmu_set_radix(PaprMmu *mmu, Error **errp)
{
    /* gtse: tlbie is allowed until the guest registers a table without it */
    int rc = papr_kernel_set_process_table(PATE1_GR, true);

    if (rc < 0) {
        error_setg_errno(errp, -rc, "KVM does not let this guest use radix "
                         "translation: use max-cpu-compat=power8 or -cpu host");
        return false;
    }
    papr_mmu_hpt_free(mmu);
    qatomic_set(&mmu->process_table, PATE1_GR);
    papr_lpcr_update_stopped(mmu, LPCR_MODE, LPCR_MODE);
    return true;
}

/*
 * Firmware runs with translation off, in either mode.  A hash page table in the
 * kernel takes host memory at once, and not all hosts have hash translation: so
 * start with radix there.  Without KVM a table that is not accessed costs
 * nothing.
 */
bool papr_mmu_set_initial(PaprMmu *mmu, bool isa3, Error **errp)
{
    if (isa3 && papr_kernel_starts_radix()) {
        return papr_mmu_set_radix(mmu, errp);
    }
    return papr_mmu_set_hash(mmu, errp);
}

bool papr_mmu_restore(PaprMmu *mmu, uint64_t process_table, Error **errp)
{
    PaprVcpu *first = papr_vcpu_next(mmu->vcpus, NULL);
    bool gtse = papr_vcpu_lpcr(first) & LPCR_GTSE;
    int rc = 0;

    if (process_table) {
        rc = papr_kernel_set_process_table(process_table, gtse);
    }
    if (rc < 0) {
        error_setg_errno(errp, -rc, "KVM on this host refuses the "
                         "stream's process table 0x%" PRIx64 ": the guest uses "
                         "a translation that this host lacks", process_table);
        return false;
    }
    qatomic_set(&mmu->process_table, process_table);
    return true;
}

void papr_mmu_reset(PaprMmu *mmu)
{
    papr_mmu_hpt_free(mmu);
    qatomic_set(&mmu->process_table, 0);
}
