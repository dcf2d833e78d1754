/*
 * pSeries platform: translation tables that the host's kernel has
 *
 * Under kvm-hv the hash page table (HPT) is the kernel's.  It handles the
 * hypercalls on entries itself.  These functions have it allocate and resize a
 * table, and set whether the guest uses radix, and where its process table is.
 * Called where the same is done to a table in QEMU's memory.
 * LoPAR sections 14.5.4.1.9 and 14.13.2; the kernel's side is in
 * target/ppc/kvm/hpt.c.
 *
 * Locking: BQL.  PaprMmu.generation is incremented before the kernel's table is
 * exchanged, and after kernel_shift has its new size: see kvm-stream.c, which
 * runs without the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/rcu.h"
#include "qapi/error.h"
#include "hw/pseries/kvm.h"
#include "system/hw_accel.h"
#include "target/ppc/cpu.h"
#include "target/ppc/kvm_ppc.h"
#include "target/ppc/mmu-book3s-v3.h"
#include "../trace.h"
#include "kvm.h"

bool papr_kernel_has_hpt(void)
{
    const PaprKvmFacts *facts = papr_kvm_facts();

    return facts && facts->hv;
}

/* ---- the table ---- */

/*
 * The kernel wants a table in one piece of the host's memory, which may have
 * none so large left.  A smaller one works, too, if slower.
 */
static int alloc_down_to(int shift, int least)
{
    int rc;

    do {
        rc = papr_kvm_hpt_alloc(shift);
        trace_papr_mmu_kvm_alloc(shift, rc);
    } while (rc == -ENOMEM && --shift >= least);
    return rc;
}

/* A table is allocated at each reboot: the same size is warned of once */
static void warn_smaller(const PaprMmu *mmu, int shift)
{
    static int told;
    int wanted = papr_hpt_shift_for(mmu->ram);
    g_autofree char *got = size_to_str(1ull << shift);
    g_autofree char *want = size_to_str(1ull << wanted);

    if (shift < wanted && shift != told) {
        told = shift;
        warn_report("The host's kernel has memory for a hash page table of %s "
                    "only, and %s suit the guest's memory: it may be slow "
                    "(kernel parameter kvm_cma_resv_ratio= reserves more)",
                    got, want);
    }
}

int papr_kernel_hpt_alloc(PaprMmu *mmu, int shift, int least, Error **errp)
{
    int got;

    if (!papr_kernel_has_hpt()) {
        return 0;
    }
    qatomic_inc(&mmu->generation);
    got = alloc_down_to(shift, least);
    if (got < 0) {
        g_autofree char *size = size_to_str(1ull << shift);

        error_setg_errno(errp, -got, "KVM can't allocate a hash page table of "
                         "%s for the guest: %s", size,
                         mmu->resize == PAPR_HPT_RESIZE_DISABLED ?
                         "use resize-hpt=enabled or a smaller maxmem= in -m" :
                         "use a smaller -m");
        return got;
    }
    if (got < shift) {
        warn_smaller(mmu, got);
    }
    return got;
}

void papr_kernel_hpt_forget(PaprMmu *mmu)
{
    if (mmu->kernel_shift) {
        papr_kernel_resize_cancel(mmu);
        qatomic_inc(&mmu->generation);
        qatomic_set(&mmu->kernel_shift, 0);
    }
}

static void put_table_address(CPUState *cs, run_on_cpu_data data)
{
    PowerPCCPU *cpu = POWERPC_CPU(cs);
    int rc;

    cpu_synchronize_state(cs);
    rc = papr_kvm_put_sregs(cpu);
    if (rc < 0) {
        error_report("KVM: vCPU %d can't be given the hash page table: "
                     "%s", cs->cpu_index, strerror(-rc));
    }
}

void papr_kernel_hpt_moved(PaprMmu *mmu)
{
    PaprVcpu *vcpu = NULL;

    if (!papr_kernel_writes_hpt()) {
        return;
    }
    /* the loop may continue from a vCPU that was unplugged meanwhile */
    RCU_READ_LOCK_GUARD();
    while ((vcpu = papr_vcpu_next(mmu->vcpus, vcpu))) {
        run_on_cpu(CPU(vcpu->cpu), put_table_address, RUN_ON_CPU_NULL);
    }
}

bool papr_kernel_writes_hpt(void)
{
    return papr_kvm_facts() && !papr_kernel_has_hpt();
}

/*
 * A read clears an entry's dirty state in the kernel, so a migration in
 * progress would miss the change: another generation makes it send the table
 * again.
 */
uint64_t *papr_kernel_map_hptes(PaprMmu *mmu, hwaddr ptex, int n)
{
    uint64_t *copy = g_new(uint64_t, 2 * n);

    if (!papr_kvm_hpt_read(ptex, n, copy)) {
        g_clear_pointer(&copy, g_free);
    }
    if (mmu->track_dirty) {
        qatomic_inc(&mmu->generation);
    }
    return copy;
}

/* ---- translation mode ---- */

/*
 * If the kernel can do neither of POWER9's translations, the host is an older
 * processor, whose guests have no process table.
 */
int papr_kernel_set_process_table(uint64_t entry, bool gtse)
{
    const PaprKvmFacts *facts = papr_kvm_facts();
    bool radix = entry & PATE1_GR;
    int rc;

    if (!facts || (!facts->radix && !facts->hash_v3)) {
        return radix && facts ? -ENODEV : 0;
    }
    rc = papr_kvm_set_process_table(radix, gtse, entry);
    trace_papr_mmu_kvm_translation(entry, gtse, rc);
    return rc;
}

bool papr_kernel_starts_radix(void)
{
    const PaprKvmFacts *facts = papr_kvm_facts();

    return facts && facts->radix;
}

/* ---- resizing ---- */

/* LoPAR section 14.5.3.2: the code of the shortest time not below @ms */
static int64_t long_busy(int ms)
{
    static const struct { int ms; int64_t code; } hints[] = {
        { 1, H_LONG_BUSY_1_MS }, { 10, H_LONG_BUSY_10_MS },
        { 100, H_LONG_BUSY_100_MS }, { 1000, H_LONG_BUSY_1_S },
        { 10000, H_LONG_BUSY_10_S },
    };

    for (int i = 0; i < ARRAY_SIZE(hints); i++) {
        if (ms <= hints[i].ms) {
            return hints[i].code;
        }
    }
    return H_LONG_BUSY_100_S;
}

static int64_t resize_code(int rc)
{
    static const struct { int rc; int64_t code; } codes[] = {
        { 0, H_SUCCESS }, { -EINVAL, H_PARAMETER }, { -ENXIO, H_CLOSED },
        { -ENOSPC, H_PTEG_FULL }, { -EBUSY, H_BUSY }, { -ENOMEM, H_RESOURCE },
    };

    for (int i = 0; i < ARRAY_SIZE(codes); i++) {
        if (rc == codes[i].rc) {
            return codes[i].code;
        }
    }
    return rc > 0 ? long_busy(rc) : H_HARDWARE;
}

int64_t papr_kernel_resize_prepare(PaprMmu *mmu, uint64_t flags, int32_t shift)
{
    int rc = papr_kvm_hpt_resize_prepare(shift, flags);

    mmu->kernel_resizes = rc >= 0 && shift;
    return resize_code(rc);
}

int64_t papr_kernel_resize_commit(PaprMmu *mmu, uint64_t flags, int32_t shift)
{
    int rc;

    if (!mmu->kernel_resizes) {
        return H_CLOSED;
    }
    qatomic_inc(&mmu->generation);
    rc = papr_kvm_hpt_resize_commit(shift, flags);
    /* also on failure, the kernel has freed the prepared table */
    mmu->kernel_resizes = false;
    if (rc == 0) {
        qatomic_set(&mmu->kernel_shift, shift);
        qatomic_inc(&mmu->generation);
    }
    return resize_code(rc);
}

void papr_kernel_resize_cancel(PaprMmu *mmu)
{
    if (mmu->kernel_resizes) {
        papr_kvm_hpt_resize_prepare(0, 0);
        mmu->kernel_resizes = false;
    }
}
