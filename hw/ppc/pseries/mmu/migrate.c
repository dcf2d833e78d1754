/*
 * pSeries platform: migration of the hash page table (HPT)
 *
 * Live section "spapr/htab" of a table in QEMU's memory; stream.c has the
 * format, kvm-stream.c is for a table in the host's kernel.
 *
 * The first pass sends all valid entries, later passes those that the dirty map
 * marks.  If the guest gets another table meanwhile, all of its entries are
 * marked; a part with its size, which makes the destination begin with an empty
 * table, is sent only if the size has changed.
 *
 * Locking: setup and cleanup have the BQL.  Iteration runs in the migration
 * thread without it, beside hypercalls and walks: the table is held by RCU, an
 * entry's dirty bit is cleared before the entry is read.  Loading happens
 * before any vCPU runs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "qemu/error-report.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "migration/qemu-file-types.h"
#include "migration/register.h"
#include "migration/vmstate.h"
#include "target/ppc/cpu.h"
#include "../trace.h"
#include "internal.h"
#include "kvm.h"

#define CHUNK_MAX UINT16_MAX
#define SLICE_NS (5 * SCALE_MS)

/** Pass - one call's walk over the table, from @index on */
typedef struct Pass {
    QEMUFile *f;
    PaprHpt *hpt;
    uint64_t index;
    uint64_t sent;
    int64_t deadline;                   /* 0: none, all is sent */
} Pass;

static bool is_valid(const PaprHpt *hpt, uint64_t ptex)
{
    return hpte_load(hpt, ptex, 0) & HPTE0_VALID;
}

/*
 * Must the entry be sent, and is it as @valid says?  In later passes its dirty
 * bit is cleared before it is read: a change from then on sets it again.
 */
static bool must_send(const Pass *p, uint64_t ptex, bool first, bool valid)
{
    PaprHptDirty *dirty = p->hpt->dirty;

    if (first) {
        return is_valid(p->hpt, ptex) == valid;
    }
    if (!test_bit(ptex, dirty->bits) ||
        !bitmap_test_and_clear_atomic(dirty->bits, ptex, 1)) {
        return false;
    }
    if (is_valid(p->hpt, ptex) != valid) {
        set_bit_atomic(ptex, dirty->bits);
        return false;
    }
    return true;
}

/* The entry as guests see it, without the hypervisor's own bits */
static void put_entry(QEMUFile *f, const PaprHpt *hpt, uint64_t ptex)
{
    uint64_t pte0 = hpte_load(hpt, ptex, 0);
    uint64_t pte1;

    /* the order of walks: a valid entry's doubleword 1 is complete */
    smp_rmb();
    pte1 = hpte_load(hpt, ptex, 1);
    qemu_put_be64(f, pte0 & ~HPTE0_OURS);
    qemu_put_be64(f, pte0 & HPTE0_REF_ASKED ? pte1 | HPTE1_R : pte1);
}

static void put_chunk(Pass *p, uint64_t start, unsigned valid,
                      unsigned invalid)
{
    qemu_put_be32(p->f, start);
    qemu_put_be16(p->f, valid);
    qemu_put_be16(p->f, invalid);
    for (unsigned i = 0; i < valid; i++) {
        put_entry(p->f, p->hpt, start + i);
    }
    p->sent += valid + invalid;
}

static bool must_pause(const Pass *p)
{
    if (!p->deadline) {
        return false;
    }
    return migration_rate_exceeded(p->f) ||
           qemu_clock_get_ns(QEMU_CLOCK_REALTIME) > p->deadline;
}

/* The next entry from @ptex on that may have to be sent: at most @end */
static uint64_t skip_unsent(const Pass *p, uint64_t ptex, uint64_t end,
                            bool first)
{
    if (!first) {
        return find_next_bit(p->hpt->dirty->bits, end, ptex);
    }
    while (ptex < end && !is_valid(p->hpt, ptex)) {
        ptex++;
    }
    return ptex;
}

/*
 * Walk @count entries on from p->index, or up to the table's end, or till it's
 * time to pause; returns whether the walk has come to its end.
 */
static bool walk_entries(Pass *p, uint64_t count, bool first)
{
    uint64_t end = MIN(p->index + count, p->hpt->n);

    for (;;) {
        uint64_t stop;

        p->index = papr_hpt_next_used(p->hpt, p->index, end);
        if (p->index == end) {
            return true;
        }
        stop = MIN(ROUND_UP(p->index + 1, PAPR_HPT_PART), end);
        while (p->index < stop) {
            uint64_t start = skip_unsent(p, p->index, stop, first);
            unsigned valid = 0, invalid = 0;

            while (start + valid < stop && valid < CHUNK_MAX &&
                   must_send(p, start + valid, first, true)) {
                valid++;
            }
            while (!first && start + valid + invalid < stop &&
                   invalid < CHUNK_MAX &&
                   must_send(p, start + valid + invalid, false, false)) {
                invalid++;
            }
            p->index = start + valid + invalid;
            if (valid || invalid) {
                put_chunk(p, start, valid, invalid);
            }
        }
        if (p->index < end && must_pause(p)) {
            return false;
        }
    }
}

/*
 * Send dirty entries, in one round of the table or until it's time to pause;
 * returns whether none was dirty.
 */
static bool later_pass(Pass *p)
{
    uint64_t begun_at = p->index;

    if (!walk_entries(p, p->hpt->n, false)) {
        return false;
    }
    p->index = 0;
    if (!walk_entries(p, begun_at, false)) {
        return false;
    }
    if (p->index == p->hpt->n) {
        p->index = 0;
    }
    return p->sent == 0;
}

static int save_setup(QEMUFile *f, void *opaque, Error **errp)
{
    PaprMmu *mmu = opaque;
    PaprHpt *hpt = mmu->hpt;
    int rc = papr_kernel_save_setup(mmu, errp);

    if (rc < 0) {
        return rc;
    }
    papr_mmu_drop_pending(mmu);
    papr_kernel_resize_cancel(mmu);
    mmu->track_dirty = true;
    if (!papr_hpt_track(hpt, false)) {
        mmu->track_dirty = false;
        error_setg(errp, "No memory to track changes of the hash page table");
        return -ENOMEM;
    }
    mmu->save.shift = papr_mmu_hpt_shift(mmu);
    mmu->save.generation = hpt ? hpt->generation
                               : qatomic_read(&mmu->generation);
    mmu->save.index = 0;
    mmu->save.first_pass = true;
    trace_papr_mmu_save_setup(mmu->save.shift);
    qemu_put_be32(f, mmu->save.shift ? mmu->save.shift : PAPR_HPT_NO_TABLE);
    return 0;
}

/* Returns the table whose entries follow; NULL: the caller returns *@rc */
static PaprHpt *begin_part(PaprMmu *mmu, QEMUFile *f, bool last, int *rc)
{
    PaprHpt *hpt = qatomic_rcu_read(&mmu->hpt);

    if (hpt && hpt->generation != mmu->save.generation) {
        /* The new table has been all dirty from the start: no first pass */
        mmu->save.generation = hpt->generation;
        mmu->save.index = 0;
        mmu->save.first_pass = false;
    }
    return papr_hpt_begin_entries(mmu, f, hpt ? hpt->shift : 0, last, rc)
        ? hpt : NULL;
}

/* 1: nothing left for now; 0: go on; negative: an error */
static int save_part(PaprMmu *mmu, QEMUFile *f, bool last)
{
    Pass p = { .f = f };
    bool done = true;
    int rc;

    if (qatomic_read(&mmu->kernel_shift)) {
        return papr_kernel_save_part(mmu, f, last);
    }
    RCU_READ_LOCK_GUARD();
    p.hpt = begin_part(mmu, f, last, &rc);
    if (!p.hpt) {
        return rc;
    }
    p.index = mmu->save.index;
    if (last && papr_kernel_writes_hpt()) {
        /* kvm-pr marks nothing; by now all vCPUs are stopped */
        bitmap_set(p.hpt->dirty->bits, 0, p.hpt->n);
    }
    if (!last) {
        p.deadline = qemu_clock_get_ns(QEMU_CLOCK_REALTIME) + SLICE_NS;
    }
    if (mmu->save.first_pass) {
        done = walk_entries(&p, p.hpt->n, true);
        if (done) {
            mmu->save.first_pass = false;
            p.index = 0;
        }
        rc = 0;
    }
    if (!mmu->save.first_pass && (last || !p.sent)) {
        rc = later_pass(&p);
    }
    mmu->save.index = p.index;
    papr_hpt_put_end(f);
    trace_papr_mmu_save_part(p.index, p.sent, rc);
    return rc;
}

static int save_iterate(QEMUFile *f, void *opaque)
{
    return save_part(opaque, f, false);
}

static int save_complete(QEMUFile *f, void *opaque)
{
    int rc = save_part(opaque, f, true);

    return MIN(rc, 0);
}

static void save_cleanup(void *opaque)
{
    PaprMmu *mmu = opaque;

    mmu->track_dirty = false;
    papr_hpt_untrack(mmu->hpt);
    papr_kernel_save_cleanup(mmu);
}

/* ---- loading: nothing of the stream is trusted ---- */

static int load_size(PaprMmu *mmu, uint32_t shift)
{
    Error *err = NULL;

    /* at most what a resize allows once all of maxmem= is plugged */
    if (shift < HPT_SHIFT_MIN ||
        shift > papr_hpt_shift_for(MAX(mmu->ram, mmu->max_ram)) + 1) {
        error_report("The stream has a hash page table of 2^%" PRIu32 " bytes, "
                     "which is not possible with this memory size", shift);
        return -EINVAL;
    }
    if (!papr_hpt_replace(mmu, shift, shift, &err)) {
        error_report_err(err);
        return -ENOMEM;
    }
    return 0;
}

static void load_entry(QEMUFile *f, uint64_t *pte)
{
    uint64_t pte0 = qemu_get_be64(f);

    pte[0] = cpu_to_be64(pte0 & ~HPTE0_OURS);
    pte[1] = cpu_to_be64(qemu_get_be64(f));
}

static int load_chunks(PaprHpt *hpt, QEMUFile *f)
{
    for (;;) {
        uint64_t index = qemu_get_be32(f);
        unsigned valid = qemu_get_be16(f);
        unsigned invalid = qemu_get_be16(f);
        int rc;

        if (!index && !valid && !invalid) {
            return 0;
        }
        rc = papr_hpt_check_chunk(index, valid, invalid, hpt->n);
        if (rc < 0) {
            return rc;
        }
        for (unsigned i = 0; i < valid; i++) {
            papr_hpt_use(hpt, index + i);
            load_entry(f, &hpt->pte[2 * (index + i)]);
        }
        memset(&hpt->pte[2 * (index + valid)], 0, invalid * HPTE_BYTES);
    }
}

static int load_part(QEMUFile *f, void *opaque, int version_id)
{
    PaprMmu *mmu = opaque;
    uint32_t word = qemu_get_be32(f);

    trace_papr_mmu_load_part(word);
    if (version_id != 1) {
        error_report("The stream has version %d of the hash page table, only 1 "
                     "is known", version_id);
        return -EINVAL;
    }
    if (word == PAPR_HPT_NO_TABLE) {
        papr_mmu_hpt_free(mmu);
        return 0;
    }
    if (word) {
        return load_size(mmu, word);
    }
    if (mmu->kernel_shift) {
        return papr_kernel_load_chunks(mmu, f);
    }
    if (!mmu->hpt) {
        error_report("The stream has hash page table entries without a table");
        return -EINVAL;
    }
    return load_chunks(mmu->hpt, f);
}

static int load_cleanup(void *opaque)
{
    papr_kernel_load_cleanup(opaque);
    return 0;
}

static const SaveVMHandlers handlers = {
    .save_setup = save_setup,
    .save_live_iterate = save_iterate,
    .save_live_complete_precopy = save_complete,
    .save_cleanup = save_cleanup,
    .load_state = load_part,
    .load_cleanup = load_cleanup,
};

void papr_mmu_register_migration(PaprMmu *mmu)
{
    register_savevm_live("spapr/htab", VMSTATE_INSTANCE_ID_ANY, 1, &handlers,
                         mmu);
}
