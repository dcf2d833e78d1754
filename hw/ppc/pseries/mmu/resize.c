/*
 * pSeries platform: changing the size of the hash page table (HPT)
 *
 * H_RESIZE_HPT_PREPARE makes an empty table of the new size, which costs no
 * time as its memory is not touched; H_RESIZE_HPT_COMMIT moves the bolted
 * entries into it and makes it active.  Other entries are dropped: a guest
 * enters them again when it misses them.  LoPAR section 14.5.4.1.9.
 *
 * Locking: both under the BQL, which H_RESIZE_HPT_COMMIT releases while it
 * walks the old table: the guest can't be asked to repeat the call (Linux takes
 * that for a failure), and a table of some GiB takes seconds.  Meanwhile no
 * other thread uses the new table, no other table is prepared or committed, and
 * RCU keeps the old table.  With the BQL again, the call checks whether the old
 * table is still active.
 *
 * The guest has to keep its other vCPUs away from the table during the commit.
 * If it does not, their hypercalls and walks go on in the old table (RCU), and
 * the changes that they make there are lost.
 *
 * Bounds: a guest has at most an active table, a prepared one, and a former one
 * that waits for its readers (papr_hpt_may_retire()).  While a former table
 * waits, no table is prepared.
 *
 * A table that the host's kernel has is resized by the kernel (kvm.c).
 *
 * During a migration no resize is started or finished, since a stream has one
 * table size: H_RESIZE_HPT_PREPARE has the guest repeat the call, and
 * H_RESIZE_HPT_COMMIT returns H_CLOSED (no prepared table).  LoPAR allows both.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "target/ppc/cpu.h"
#include "../trace.h"
#include "internal.h"
#include "kvm.h"

/*
 * A guest may have a table of twice the size that suits its memory.  A larger
 * one would take memory of the host beyond what the user gave the guest.
 */
static bool may_have(const PaprMmu *mmu, int shift)
{
    return shift <= papr_hpt_shift_for(mmu->ram) + 1;
}

static bool is_legal(uint64_t flags, int32_t shift)
{
    if (flags || (shift && (shift < HPT_SHIFT_MIN || shift > HPT_SHIFT_MAX))) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_RESIZE_HPT_PREPARE: flags 0x%" PRIx64
                      ", shift %d\n", flags, shift);
        return false;
    }
    return true;
}

/* The kernel prepares in the background: the guest has to repeat the call */
static int64_t prepare_in_kernel(PaprMmu *mmu, uint64_t flags, int32_t shift)
{
    if (!is_legal(flags, shift)) {
        return H_PARAMETER;
    }
    if (shift && !may_have(mmu, shift)) {
        return H_RESOURCE;
    }
    if (shift && mmu->track_dirty) {
        return H_LONG_BUSY_1_S;
    }
    return papr_kernel_resize_prepare(mmu, flags, shift);
}

static int64_t h_resize_hpt_prepare(PowerPCCPU *cpu, uint64_t *args,
                                    void *opaque)
{
    PaprMmu *mmu = opaque;
    uint64_t flags = args[0];
    int32_t shift = args[1];

    trace_papr_mmu_resize_prepare(flags, shift);
    if (mmu->resize == PAPR_HPT_RESIZE_DISABLED) {
        return H_AUTHORITY;
    }
    if (mmu->kernel_shift) {
        return prepare_in_kernel(mmu, flags, shift);
    }
    if (!mmu->hpt) {
        return H_NOT_AVAILABLE;
    }
    if (mmu->pending) {
        if (!flags && mmu->pending->shift == shift) {
            return H_SUCCESS;
        }
        papr_mmu_drop_pending(mmu);
    }
    if (!is_legal(flags, shift)) {
        return H_PARAMETER;
    }
    if (!shift) {
        return H_SUCCESS;
    }
    if (!may_have(mmu, shift)) {
        return H_RESOURCE;
    }
    if (mmu->track_dirty) {
        return H_LONG_BUSY_1_S;
    }
    if (mmu->commits || !papr_hpt_may_retire(mmu)) {
        return H_LONG_BUSY_10_MS;
    }
    mmu->pending = papr_hpt_new(mmu, shift);
    return mmu->pending ? H_SUCCESS : H_RESOURCE;
}

/* Put one entry of the old table into the new one */
static int64_t move_entry(PowerPCCPU *cpu, const PaprHpt *from, PaprHpt *to,
                          uint64_t ptex)
{
    uint64_t pte0 = hpte_load(from, ptex, 0) & ~HPTE0_LOCK;
    uint64_t pte1 = hpte_load(from, ptex, 1);
    unsigned base, actual;
    uint64_t place;

    base = papr_hpte_base_shift(cpu, pte0, pte1, &actual);
    if (!base || !papr_hpte_rehash(pte0, ptex, from->pteg_mask, to->pteg_mask,
                                   base, &place)) {
        /* H_ENTER refuses such an entry, but a migration stream may have it */
        qemu_log_mask(LOG_GUEST_ERROR, "H_RESIZE_HPT_COMMIT: entry 0x%" PRIx64
                      " has an unknown page or segment size\n", ptex);
        return H_HARDWARE;
    }
    if (hpte_load(to, place, 0) & HPTE0_VALID) {
        return H_PTEG_FULL;
    }
    papr_hpt_use(to, place);
    to->pte[2 * place] = cpu_to_be64(pte0);
    to->pte[2 * place + 1] = cpu_to_be64(pte1);
    return H_SUCCESS;
}

static int64_t move_bolted(PowerPCCPU *cpu, const PaprHpt *from, PaprHpt *to)
{
    const uint64_t bolted = HPTE0_VALID | HPTE0_BOLTED;
    int64_t rc = H_SUCCESS;

    for (uint64_t ptex = 0; rc == H_SUCCESS; ptex++) {
        ptex = papr_hpt_next_used(from, ptex, from->n);
        if (ptex == from->n) {
            break;
        }
        if ((hpte_load(from, ptex, 0) & bolted) == bolted) {
            rc = move_entry(cpu, from, to, ptex);
        }
    }
    return rc;
}

/*
 * Make @new active, filled from the active table.  The BQL is held, but
 * released meanwhile: a reset, CAS or H_REGISTER_PROCESS_TABLE may install
 * another table, and a migration may begin.  Then the call fails as if that had
 * happened before it.
 *
 * With kvm-pr papr_hpt_install() waits for the threads of all vCPUs: no other
 * table is prepared until then, so that no two vCPUs wait for each other.
 */
static int64_t commit_resize(PowerPCCPU *cpu, PaprMmu *mmu, PaprHpt *new)
{
    const PaprHpt *old = mmu->hpt;
    int64_t rc;

    mmu->commits = true;
    bql_unlock();
    rc = move_bolted(cpu, old, new);
    bql_lock();
    if (mmu->hpt != old || mmu->track_dirty) {
        rc = H_CLOSED;
    }
    if (rc == H_SUCCESS) {
        papr_hpt_install(mmu, new);
    } else {
        /* it has entries already, and can't be used a second time */
        papr_hpt_drop(new);
    }
    mmu->commits = false;
    return rc;
}

static int64_t h_resize_hpt_commit(PowerPCCPU *cpu, uint64_t *args,
                                   void *opaque)
{
    PaprMmu *mmu = opaque;
    uint64_t flags = args[0];
    int32_t shift = args[1];

    RCU_READ_LOCK_GUARD();
    trace_papr_mmu_resize_commit(flags, shift);
    if (mmu->resize == PAPR_HPT_RESIZE_DISABLED) {
        return H_AUTHORITY;
    }
    if (mmu->track_dirty) {
        papr_mmu_drop_pending(mmu);
        papr_kernel_resize_cancel(mmu);
    }
    if (mmu->kernel_shift) {
        return papr_kernel_resize_commit(mmu, flags, shift);
    }
    if (!mmu->hpt || !mmu->pending || flags || mmu->pending->shift != shift) {
        return H_CLOSED;
    }
    return commit_resize(cpu, mmu, g_steal_pointer(&mmu->pending));
}

static const PaprHcall resize_calls[] = {
    { H_RESIZE_HPT_PREPARE, 0, 2, 0, h_resize_hpt_prepare },
    { H_RESIZE_HPT_COMMIT,  0, 2, 0, h_resize_hpt_commit },
};

void papr_mmu_register_resize_hcalls(PaprMmu *mmu, PaprHcallTable *hcalls)
{
    papr_hcall_register(hcalls, resize_calls, ARRAY_SIZE(resize_calls), mmu);
}
