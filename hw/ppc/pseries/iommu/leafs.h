/*
 * pSeries platform: memory of large tables of translation control entries (TCE)
 *
 * Entries of a large window are address space of the host, which gets memory
 * page by page as entries are set.  A leaf is such a page: it is held from the
 * first entry that isn't 0 on, and freed when all entries are 0 again.  So the
 * memory of a table depends on what is mapped, and can be bounded.
 *
 * Locking: the owner's, for all changes.  Readers of entries take none: a leaf
 * that is not held reads as zeros, but should not be read, since the host would
 * make page tables for it.  Linked into its unit test.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_IOMMU_LEAFS_H
#define HW_PPC_PSERIES_IOMMU_LEAFS_H

#include "qemu/atomic.h"

#define TCE_LEAF_HELD 0x8000            /* has memory */

typedef struct PaprTceLeafs {
    uint64_t *entries;
    uint64_t pages;
    uint16_t *state;                    /* of leafs: entries set, and HELD */
    unsigned shift;                     /* log2 of a leaf's entries */
    uint64_t held;                      /* leafs */
} PaprTceLeafs;

/**
 * papr_tce_leafs_init - @entries, which are all 0, have no memory yet
 *
 * False: no memory for the book-keeping, a byte for each 2 KiB of entries.
 */
bool papr_tce_leafs_init(PaprTceLeafs *leafs, uint64_t *entries,
                         uint64_t pages);
void papr_tce_leafs_destroy(PaprTceLeafs *leafs);

/** papr_tce_leafs_bytes: memory that all leafs have that are held */
uint64_t papr_tce_leafs_bytes(const PaprTceLeafs *leafs, uint64_t held);

/**
 * papr_tce_leafs_missing - how many leafs would be held in addition
 * @tces: @count of them, from @index on; one for all if @same
 */
uint64_t papr_tce_leafs_missing(const PaprTceLeafs *leafs, uint64_t index,
                                const uint64_t *tces, uint64_t count,
                                bool same);

/**
 * papr_tce_leafs_set - store entries
 * @keep: so many bytes stay held even if nothing is in them
 */
void papr_tce_leafs_set(PaprTceLeafs *leafs, uint64_t index,
                        const uint64_t *tces, uint64_t count, bool same,
                        uint64_t keep);

/**
 * papr_tce_leafs_span - how many entries from @index on, but before @end, are
 * in leafs that are held like the first one, or not like it
 */
uint64_t papr_tce_leafs_span(const PaprTceLeafs *leafs, uint64_t index,
                             uint64_t end, bool *held);

static inline bool papr_tce_leafs_is_held(const PaprTceLeafs *leafs,
                                          uint64_t index)
{
    return qatomic_read(&leafs->state[index >> leafs->shift]) & TCE_LEAF_HELD;
}

#endif
