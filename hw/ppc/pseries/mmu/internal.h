/*
 * pSeries platform: hash page table (HPT) and process table, private part
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_MMU_INTERNAL_H
#define HW_PPC_PSERIES_MMU_INTERNAL_H

#include "qemu/bitmap.h"
#include "qemu/bswap.h"
#include "qemu/rcu.h"
#include "hw/pseries/mmu.h"
#include "entry.h"
#include "hpte.h"
#include "mark.h"

/** PaprHptDirty - a bit for each entry: changed since it was last sent */
typedef struct PaprHptDirty {
    struct rcu_head rcu;
    unsigned long bits[];
} PaprHptDirty;

/**
 * PaprHpt - one hash page table
 *
 * A table that was published in PaprMmu.hpt is freed by RCU.
 *
 * Entries are pairs of big-endian doublewords in memory that is never touched
 * before the guest does, so that an unused table costs nothing.
 */
typedef struct PaprHpt {
    struct rcu_head rcu;
    PaprMmu *mmu;
    uint64_t *pte;
    int shift;
    uint64_t n;                         /* entries */
    uint64_t pteg_mask;                 /* groups less one */
    uint32_t generation;                /* no two tables have the same */
    unsigned long *used;                /* a bit for each part: below; atomic */
    PaprHptDirty *dirty;                /* RCU; NULL: no migration */
} PaprHpt;

/*
 * Entries in a part of the table.  All entries of a part that was not used
 * since the table was made are zero, and loops over the table skip the part: a
 * guest that may have terabytes has a table of gigabytes.  All parts count as
 * used if the kernel enters entries (kvm-pr), or if the table was made during a
 * migration, which then has to send empty entries, too.
 */
#define PAPR_HPT_PART 4096

/**
 * PaprMmu - the partition's translation tables
 *
 * The BQL protects all members except those marked as atomic and: @hpt, read
 * under RCU by any thread; the @vcpu array (tlb.c); @clears and @removals
 * (entry.h); @save, which only the migration thread uses.
 */
struct PaprMmu {
    PaprVcpuMap *vcpus;
    PaprHptResize resize;
    uint64_t ram;                       /* bytes, now and at most */
    uint64_t max_ram;

    PaprHpt *hpt;
    PaprHpt *pending;                   /* prepared by H_RESIZE_HPT_PREPARE */
    uint32_t generation;                /* atomic */
    /* log2 of bytes of the table that the host's kernel has (kvm.h); atomic */
    int kernel_shift;
    bool kernel_resizes;                /* the kernel prepares another one */
    bool commits;                       /* H_RESIZE_HPT_COMMIT is in progress */
    unsigned retired;                   /* tables that wait for RCU; atomic */
    bool track_dirty;                   /* a migration is in progress */
    /* doubleword 1 of the partition table entry (PATE); atomic */
    uint64_t process_table;

    bool nests;                         /* may have guests of its own */
    bool execution_known;               /* papr_mmu_exec_enter() ran; atomic */
    uint32_t clears;                    /* see entry.h; atomic */
    size_t removals[PAPR_REMOVAL_COUNTERS]; /* see entry.h; atomic */
    uint32_t n_vcpus;
    PaprMmuVcpu *vcpu;                  /* by vCPU id */

    struct {
        int shift;                      /* the last one that was sent */
        uint32_t generation;            /* of the table the stream has */
        uint64_t index;
        bool first_pass;
        int fd;                         /* of the kernel's table, or -1 */
    } save;
    int load_fd;
};

/* Doubleword @n (0, 1) of entry @ptex, host endian */
static inline uint64_t hpte_load(const PaprHpt *hpt, uint64_t ptex, int n)
{
    return papr_entry_load(&hpt->pte[2 * ptex], n);
}

/** papr_hpt_use: an entry is about to be put into slot @ptex; any thread */
static inline void papr_hpt_use(PaprHpt *hpt, uint64_t ptex)
{
    if (!test_bit(ptex / PAPR_HPT_PART, hpt->used)) {
        set_bit_atomic(ptex / PAPR_HPT_PART, hpt->used);
    }
}

/**
 * papr_hpt_next_used - from @ptex on, the first entry that may be used, or @end
 *
 * It may miss an entry that is being entered.  Migration sends such an entry
 * later, since papr_hpt_mark_dirty() marks it.
 */
static inline uint64_t papr_hpt_next_used(const PaprHpt *hpt, uint64_t ptex,
                                          uint64_t end)
{
    uint64_t n_parts = DIV_ROUND_UP(end, PAPR_HPT_PART);
    uint64_t part = find_next_bit(hpt->used, n_parts, ptex / PAPR_HPT_PART);

    return MIN(MAX(ptex, part * PAPR_HPT_PART), end);
}

/** papr_removals_of: the counter of entry @ptex of any table */
static inline size_t *papr_removals_of(PaprMmu *mmu, uint64_t ptex)
{
    return &mmu->removals[ptex / HPTES_IN_PTEG % PAPR_REMOVAL_COUNTERS];
}

/** papr_hpte_base_shift: the segment's page size, 0 for an unknown encoding */
unsigned papr_hpte_base_shift(PowerPCCPU *cpu, uint64_t pte0, uint64_t pte1,
                              unsigned *actual_shift);

/** papr_hpt_new: an empty table, not active; NULL if there's no memory */
PaprHpt *papr_hpt_new(PaprMmu *mmu, int shift);
/** papr_hpt_drop: free a table that never was active; may be NULL */
void papr_hpt_drop(PaprHpt *hpt);
/**
 * papr_hpt_may_retire - can the active table be exchanged now?
 *
 * A table that was active is freed after an RCU grace period, which a vCPU that
 * makes hypercalls in real mode could delay for ever.  So at most one such
 * table may wait.  If one does, this requests all vCPUs to leave their RCU read
 * sections and returns false: the guest has to repeat its call (H_LONG_BUSY_*).
 * BQL.
 */
bool papr_hpt_may_retire(PaprMmu *mmu);
/**
 * papr_hpt_install - make @hpt (or NULL) active
 *
 * Flushes all TLBs, and frees the old table by RCU.
 */
void papr_hpt_install(PaprMmu *mmu, PaprHpt *hpt);

/**
 * papr_hpt_replace - a new, empty table becomes active
 * @least: log2 of the smallest size that will do, if the host's kernel has no
 *      memory for 2^@shift bytes
 *
 * BQL, vCPUs may run.
 */
bool papr_hpt_replace(PaprMmu *mmu, int shift, int least, Error **errp);
/** papr_hpt_least_shift: log2 of the smallest size to accept for 2^@shift */
int papr_hpt_least_shift(const PaprMmu *mmu, int shift);
/** papr_hpt_default_shift: the size for a guest that didn't ask for one */
int papr_hpt_default_shift(const PaprMmu *mmu);

/**
 * papr_hpt_mark_dirty - entry @ptex has been changed
 *
 * Call after the change, the last step of which was an atomic
 * read-modify-write.
 */
void papr_hpt_mark_dirty(PaprHpt *hpt, uint64_t ptex);

/** papr_hpt_track: give @hpt (or NULL) a dirty map; false without memory */
bool papr_hpt_track(PaprHpt *hpt, bool all_dirty);
void papr_hpt_untrack(PaprHpt *hpt);

/* tlb.c: what a hypercall has to flush */
#define PAPR_TLB_BATCH 8

typedef struct PaprTlbBatch {
    bool all;
    bool clears_r;                      /* is counted in PaprMmu.clears */
    unsigned n;
    uint64_t page[PAPR_TLB_BATCH];
} PaprTlbBatch;

/** papr_tlb_add: a page of 2^@base_shift bytes; everything if that is 0 */
void papr_tlb_add(PaprTlbBatch *batch, const PaprVa *va, unsigned base_shift);

/**
 * papr_tlb_flush - flush @batch in all vCPUs before @cpu's next instruction
 * @cpu: the vCPU in whose hypercall this is
 *
 * Context: any, RCU read side.
 */
void papr_tlb_flush(PaprMmu *mmu, PowerPCCPU *cpu, const PaprTlbBatch *batch);

/** papr_tlb_flush_own: on @cpu alone, whose hypercall this is */
void papr_tlb_flush_own(PowerPCCPU *cpu, const PaprTlbBatch *batch);

/** papr_tlb_flush_all: all vCPUs forget everything; any thread */
void papr_tlb_flush_all(PaprMmu *mmu);

/**
 * papr_tlb_flush_all_stopped - all vCPUs forget everything while none executes
 *
 * The flush is done before @cpu's next instruction, and after all work that was
 * queued earlier: exclusive work of @cpu, and work of other vCPUs in their
 * threads.
 */
void papr_tlb_flush_all_stopped(PaprMmu *mmu, PowerPCCPU *cpu);

/* Set LPCR (logical partitioning control register) bits of all vCPUs; BQL */
void papr_lpcr_update_stopped(PaprMmu *mmu, uint64_t set, uint64_t mask);

void papr_mmu_register_hpt_hcalls(PaprMmu *mmu, PaprHcallTable *hcalls);
void papr_mmu_register_resize_hcalls(PaprMmu *mmu, PaprHcallTable *hcalls);
void papr_mmu_register_process_table_hcalls(PaprMmu *mmu,
                                            PaprHcallTable *hcalls);
void papr_mmu_register_migration(PaprMmu *mmu);

/* stream.c: the format of the stream, for a table in the kernel as well */

#define PAPR_HPT_NO_TABLE ((uint32_t)-1)

/**
 * papr_hpt_begin_entries - send the word that begins a part
 * @shift: log2 of the table's bytes; 0: there is no table
 *
 * Returns true if entries are to follow.  False if there is no table, or if a
 * new size had to be sent; then *@rc is what the caller returns to the
 * migration core.
 */
bool papr_hpt_begin_entries(PaprMmu *mmu, QEMUFile *f, int shift, bool last,
                            int *rc);
/** papr_hpt_put_end: no more entries in this part */
void papr_hpt_put_end(QEMUFile *f);
/** papr_hpt_check_chunk: -EINVAL, and an error report, unless within @n */
int papr_hpt_check_chunk(uint64_t index, unsigned valid, unsigned invalid,
                         uint64_t n);

/** papr_mmu_drop_pending: free the prepared table, if there is one; BQL */
void papr_mmu_drop_pending(PaprMmu *mmu);

#endif
