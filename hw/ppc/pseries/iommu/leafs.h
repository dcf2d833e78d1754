/*
 * pSeries platform: memory of large tables of translation control entries (TCE)
 *
 * Entries of a large window are address space of the host, which gets memory
 * page by page as entries are set.  A leaf is such a page.  It is held (has
 * memory) once an entry other than 0 is stored in it, and may be freed when all
 * of its entries are 0 again.  So the memory of a table depends on what is
 * mapped, and can be bounded.
 *
 * Locking: the owner's lock for all changes.  Readers of entries take no lock:
 * a leaf that is not held reads as zeros, but should not be read, since the
 * host would make page tables for it.  Linked into its unit test.
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
 * papr_tce_leafs_init - @entries are all 0 and have no memory: no leaf is held
 *
 * False: no memory for the book-keeping, 2 bytes for each leaf.
 */
bool papr_tce_leafs_init(PaprTceLeafs *leafs, uint64_t *entries,
                         uint64_t pages);
void papr_tce_leafs_destroy(PaprTceLeafs *leafs);

/** papr_tce_leafs_bytes: the memory of @held leafs */
uint64_t papr_tce_leafs_bytes(const PaprTceLeafs *leafs, uint64_t held);

/**
 * papr_tce_leafs_missing - how many more leafs papr_tce_leafs_set() would hold
 * @tces: the @count entries from @index on; one for all if @same
 */
uint64_t papr_tce_leafs_missing(const PaprTceLeafs *leafs, uint64_t index,
                                const uint64_t *tces, uint64_t count,
                                bool same);

/**
 * papr_tce_leafs_set - store entries
 * @keep: an empty leaf is freed only if the table holds more bytes than this
 */
void papr_tce_leafs_set(PaprTceLeafs *leafs, uint64_t index,
                        const uint64_t *tces, uint64_t count, bool same,
                        uint64_t keep);

/**
 * papr_tce_leafs_span - how many entries from @index on, but before @end, are
 * in leafs that all are held, or all are not held: @held is set to which
 */
uint64_t papr_tce_leafs_span(const PaprTceLeafs *leafs, uint64_t index,
                             uint64_t end, bool *held);

static inline bool papr_tce_leafs_is_held(const PaprTceLeafs *leafs,
                                          uint64_t index)
{
    return qatomic_read(&leafs->state[index >> leafs->shift]) & TCE_LEAF_HELD;
}

#endif
