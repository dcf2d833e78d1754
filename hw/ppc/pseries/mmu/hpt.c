/*
 * pSeries platform: storage of the hash page table (HPT)
 *
 * The table belongs to the hypervisor, a guest never sees its memory.  Called
 * by all of this folder, and by target/ppc through the machine's virtual
 * hypervisor callbacks (walks of the table).  LoPAR section 14.5.4.1.
 *
 * Locking: a table is published in PaprMmu.hpt and freed by RCU (read-copy-
 * update).  Hypercalls and table walks work on whatever table they found, so a
 * table can be exchanged (BQL held) while other vCPUs run.  Generated code
 * runs in an RCU read section as a whole; the callbacks take one of their own
 * for the walks of debuggers and monitors.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "qemu/cutils.h"
#include "hw/pseries/accel.h"
#include "hw/pseries/kvm.h"
#include "qapi/error.h"
#include "system/hw_accel.h"
#include "target/ppc/cpu.h"
#include "target/ppc/mmu-hash64.h"
#include "target/ppc/mmu-book3s-v3.h"
#include "../trace.h"
#include "internal.h"
#include "kvm.h"

/* A table may be as small as 1/16 of the size that suits the guest's RAM */
#define SMALLER_BY 4

static void hpt_destroy(PaprHpt *hpt)
{
    qemu_anon_ram_free(hpt->pte, 1ull << hpt->shift);
    g_free(hpt->used);
    g_free(hpt->dirty);
    g_free(hpt);
}

/* Of a table that is not published yet: all loops read all of its parts */
static void use_all(PaprHpt *hpt)
{
    bitmap_set(hpt->used, 0, DIV_ROUND_UP(hpt->n, PAPR_HPT_PART));
}

PaprHpt *papr_hpt_new(PaprMmu *mmu, int shift)
{
    size_t bytes = (size_t)1 << shift;
    PaprHpt *hpt = g_new0(PaprHpt, 1);

    hpt->n = bytes / HPTE_BYTES;
    hpt->used = bitmap_try_new(DIV_ROUND_UP(hpt->n, PAPR_HPT_PART));
    hpt->pte = qemu_anon_ram_alloc(bytes, NULL, false, true);
    if (!hpt->used || !hpt->pte) {
        qemu_anon_ram_free(hpt->pte, bytes);
        g_free(hpt->used);
        g_free(hpt);
        return NULL;
    }
    hpt->mmu = mmu;
    hpt->shift = shift;
    hpt->pteg_mask = (bytes >> PTEG_SHIFT) - 1;
    hpt->generation = qatomic_add_fetch(&mmu->generation, 1);
    if (papr_kernel_writes_hpt()) {
        use_all(hpt);                   /* QEMU does not see H_ENTER */
    }
    if (mmu->track_dirty && !papr_hpt_track(hpt, true)) {
        hpt_destroy(hpt);
        return NULL;
    }
    return hpt;
}

void papr_hpt_drop(PaprHpt *hpt)
{
    if (hpt) {
        hpt_destroy(hpt);
    }
}

static void destroy_retired(PaprHpt *hpt)
{
    qatomic_dec(&hpt->mmu->retired);
    hpt_destroy(hpt);
}

/* Free a table that was active */
static void hpt_retire(PaprMmu *mmu, PaprHpt *hpt)
{
    if (hpt) {
        qatomic_inc(&mmu->retired);
        call_rcu(hpt, destroy_retired, rcu);
        papr_accel_end_read_sections();
    }
}

bool papr_hpt_may_retire(PaprMmu *mmu)
{
    if (!qatomic_read(&mmu->retired)) {
        return true;
    }
    papr_accel_end_read_sections();
    return false;
}

void papr_hpt_install(PaprMmu *mmu, PaprHpt *hpt)
{
    PaprHpt *old = mmu->hpt;

    qatomic_rcu_set(&mmu->hpt, hpt);
    papr_tlb_flush_all(mmu);
    if (hpt) {
        papr_kernel_hpt_moved(mmu);
    }
    hpt_retire(mmu, old);
}

bool papr_hpt_track(PaprHpt *hpt, bool all_dirty)
{
    size_t longs;
    PaprHptDirty *dirty;

    if (!hpt) {
        return true;
    }
    longs = BITS_TO_LONGS(hpt->n);
    dirty = g_try_malloc0(sizeof(*dirty) + longs * sizeof(dirty->bits[0]));
    if (!dirty) {
        return false;
    }
    if (all_dirty) {
        /* the destination may have the former table's entries in any part */
        bitmap_set(dirty->bits, 0, hpt->n);
        use_all(hpt);
    }
    qatomic_rcu_set(&hpt->dirty, dirty);
    /* publish the map before entries are read: see papr_hpt_mark_dirty() */
    smp_mb();
    return true;
}

void papr_hpt_untrack(PaprHpt *hpt)
{
    PaprHptDirty *dirty = hpt ? hpt->dirty : NULL;

    if (dirty) {
        qatomic_set(&hpt->dirty, NULL);
        g_free_rcu(dirty, rcu);
    }
}

/*
 * The caller has changed the entry before this function looks for a map to mark
 * it in; migration publishes the map before it reads entries.  So either the
 * change is marked, or migration reads the changed entry.
 */
void papr_hpt_mark_dirty(PaprHpt *hpt, uint64_t ptex)
{
    PaprHptDirty *dirty;

    smp_mb__after_rmw();
    dirty = qatomic_rcu_read(&hpt->dirty);
    if (unlikely(dirty)) {
        set_bit_atomic(ptex, dirty->bits);
    }
}

unsigned papr_hpte_base_shift(PowerPCCPU *cpu, uint64_t pte0, uint64_t pte1,
                              unsigned *actual_shift)
{
    if (!(pte0 & HPTE0_LARGE)) {
        *actual_shift = 12;
        return 12;
    }
    for (int i = 0; i < PPC_PAGE_SIZES_MAX_SZ; i++) {
        const PPCHash64SegmentPageSizes *seg = &cpu->hash64_opts->sps[i];

        for (int j = 0; seg->page_shift && j < PPC_PAGE_SIZES_MAX_SZ; j++) {
            const PPCHash64PageSize *page = &seg->enc[j];

            if (page->page_shift > 12 &&
                papr_hpte_has_encoding(pte1, page->page_shift,
                                       page->pte_enc)) {
                *actual_shift = page->page_shift;
                return seg->page_shift;
            }
        }
    }
    return 0;
}

/* ---- a table in place of another ---- */

int papr_mmu_hpt_shift_for(uint64_t bytes)
{
    return papr_hpt_shift_for(bytes);
}

static PaprHpt *new_table(PaprMmu *mmu, int shift, Error **errp)
{
    PaprHpt *hpt = papr_hpt_new(mmu, shift);

    if (!hpt) {
        g_autofree char *size = size_to_str(1ull << shift);

        error_setg(errp, "No memory for a hash page table of %s; use a smaller "
                   "-m (maxmem=)", size);
    }
    return hpt;
}

int papr_hpt_least_shift(const PaprMmu *mmu, int shift)
{
    int wanted = MIN(shift, papr_hpt_shift_for(mmu->ram));

    return MAX(wanted - SMALLER_BY, HPT_SHIFT_MIN);
}

void papr_mmu_drop_pending(PaprMmu *mmu)
{
    papr_hpt_drop(mmu->pending);
    mmu->pending = NULL;
}

bool papr_hpt_replace(PaprMmu *mmu, int shift, int least, Error **errp)
{
    PaprHpt *hpt = NULL;
    int in_kernel;

    if (shift < HPT_SHIFT_MIN || shift > HPT_SHIFT_MAX) {
        error_setg(errp, "A hash page table of 2^%d bytes is not possible: "
                   "2^%d to 2^%d", shift, HPT_SHIFT_MIN, HPT_SHIFT_MAX);
        return false;
    }
    in_kernel = papr_kernel_hpt_alloc(mmu, shift, least, errp);
    if (in_kernel < 0) {
        return false;
    }
    if (!in_kernel) {
        hpt = new_table(mmu, shift, errp);
        if (!hpt) {
            return false;
        }
    }
    trace_papr_mmu_hpt(in_kernel ? in_kernel : shift);
    papr_mmu_drop_pending(mmu);
    papr_kernel_resize_cancel(mmu);
    papr_hpt_install(mmu, hpt);
    if (in_kernel) {
        qatomic_set(&mmu->kernel_shift, in_kernel);
        qatomic_inc(&mmu->generation);
    }
    qatomic_set(&mmu->process_table, 0);
    return true;
}

/* A table that can't be resized has to suffice for all of maxmem= */
int papr_hpt_default_shift(const PaprMmu *mmu)
{
    bool fixed = mmu->resize == PAPR_HPT_RESIZE_DISABLED;

    return papr_hpt_shift_for(fixed ? mmu->max_ram : mmu->ram);
}

void papr_mmu_hpt_free(PaprMmu *mmu)
{
    papr_mmu_drop_pending(mmu);
    if (papr_mmu_hpt_shift(mmu)) {
        trace_papr_mmu_hpt(0);
    }
    papr_kernel_hpt_forget(mmu);
    if (mmu->hpt) {
        papr_hpt_install(mmu, NULL);
    }
}

int papr_mmu_hpt_shift(const PaprMmu *mmu)
{
    return mmu->hpt ? mmu->hpt->shift : mmu->kernel_shift;
}

bool papr_mmu_is_radix(const PaprMmu *mmu)
{
    return qatomic_read(&mmu->process_table) & PATE1_GR;
}

uint64_t papr_mmu_process_table(const PaprMmu *mmu)
{
    return qatomic_read(&mmu->process_table);
}

size_t papr_mmu_block_remove_sizes(PowerPCCPU *cpu, uint8_t *buf, size_t size)
{
    size_t n = 2;

    if (papr_kvm_facts()) {
        return 0;                       /* KVM does not know the call */
    }
    for (int i = 0; i < PPC_PAGE_SIZES_MAX_SZ; i++) {
        const PPCHash64SegmentPageSizes *seg = &cpu->hash64_opts->sps[i];

        for (int j = 0; seg->page_shift && j < PPC_PAGE_SIZES_MAX_SZ; j++) {
            const PPCHash64PageSize *page = &seg->enc[j];

            /* the parameter has room for six bits of LP only */
            if (page->page_shift && page->pte_enc < 64 && n < size) {
                buf[n++] = page->page_shift == 12 ? 0 : 0x80 | page->pte_enc;
            }
        }
    }
    if (size < 2) {
        return 0;
    }
    buf[0] = 3;                         /* blocks of 2^3 pages */
    buf[1] = n - 2;
    return n;
}

/* ---- callbacks of target/ppc: any vCPU thread, no BQL ---- */

hwaddr papr_mmu_hpt_mask(PaprMmu *mmu)
{
    int kernel_shift = qatomic_read(&mmu->kernel_shift);
    PaprHpt *hpt;

    if (kernel_shift) {
        return (1ull << (kernel_shift - PTEG_SHIFT)) - 1;
    }
    RCU_READ_LOCK_GUARD();
    hpt = qatomic_rcu_read(&mmu->hpt);
    return hpt ? hpt->pteg_mask : 0;
}

/*
 * The index was made with the mask of an earlier call, so the table may have
 * become smaller since.  A walk that gets NULL finds no translation.  Only
 * debuggers walk a table in the kernel; they hold the BQL, so kernel_shift is
 * the same in papr_mmu_unmap_hptes().
 */
const ppc_hash_pte64_t *papr_mmu_map_hptes(PaprMmu *mmu, hwaddr ptex, int n)
{
    PaprHpt *hpt;

    if (mmu->kernel_shift) {
        return (const void *)papr_kernel_map_hptes(mmu, ptex, n);
    }
    rcu_read_lock();
    hpt = qatomic_rcu_read(&mmu->hpt);
    if (!hpt || ptex >= hpt->n || hpt->n - ptex < n) {
        rcu_read_unlock();
        return NULL;
    }
    return (const ppc_hash_pte64_t *)&hpt->pte[2 * ptex];
}

void papr_mmu_unmap_hptes(PaprMmu *mmu, const ppc_hash_pte64_t *hptes,
                          hwaddr ptex, int n)
{
    if (mmu->kernel_shift) {
        g_free((void *)hptes);
    } else {
        rcu_read_unlock();
    }
}

uint64_t papr_mmu_sdr1_for_pr(PaprMmu *mmu)
{
    const PaprHpt *hpt = mmu->hpt;

    return hpt ? (uintptr_t)hpt->pte | (hpt->shift - HPT_SHIFT_MIN) : 0;
}

void papr_mmu_read_hpte(PaprMmu *mmu, const ppc_hash_pte64_t *hpte, hwaddr ptex,
                        ppc_hash_pte64_t *copy)
{
    uint64_t pair[2];

    papr_entry_read((const uint64_t *)hpte, papr_removals_of(mmu, ptex), pair);
    copy->pte0 = pair[0];
    copy->pte1 = pair[1];
}

bool papr_mmu_use_hpte(PaprMmu *mmu, hwaddr ptex, const ppc_hash_pte64_t *copy,
                       uint64_t bits)
{
    const uint64_t pair[2] = { copy->pte0, copy->pte1 };
    PaprHpt *hpt;
    uint64_t *pte;

    if (qatomic_read(&mmu->kernel_shift)) {
        return true;                    /* a debugger's copy */
    }
    RCU_READ_LOCK_GUARD();
    hpt = qatomic_rcu_read(&mmu->hpt);
    if (!hpt || ptex >= hpt->n) {
        return false;
    }
    pte = &hpt->pte[2 * ptex];
    if (!papr_entry_note(pte, pair[1], bits)) {
        return false;
    }
    papr_hpt_mark_dirty(hpt, ptex);
    return papr_entry_is(pte, papr_removals_of(mmu, ptex), pair, bits);
}

/*
 * The same bit says "radix" in both doublewords (PATE0_HR, PATE1_GR): walks
 * read it from doubleword 0, streams have it in doubleword 1.
 */
bool papr_mmu_get_pate(PaprMmu *mmu, PowerPCCPU *cpu, target_ulong lpid,
                       ppc_v3_pate_t *entry)
{
    uint64_t process_table = qatomic_read(&mmu->process_table);

    if (lpid) {
        return false;
    }
    entry->dw0 = process_table & PATE0_HR;
    entry->dw1 = process_table;
    return true;
}
