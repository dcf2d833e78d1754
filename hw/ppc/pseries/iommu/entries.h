/*
 * pSeries platform: storing many translation control entries (TCE)
 *
 * vCPUs and DMA read entries while they are stored, so each is stored as one
 * word.  This keeps the compiler from vectorizing a loop, so the loops that
 * fill and clear are unrolled.  Pure; used by store.c and leafs.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_IOMMU_ENTRIES_H
#define HW_PPC_PSERIES_IOMMU_ENTRIES_H

#include "qemu/atomic.h"

/** papr_tces_any: is any of @count not 0? */
static inline bool papr_tces_any(const uint64_t *tces, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        if (tces[i]) {
            return true;
        }
    }
    return false;
}

/** papr_tces_fill: @tce into @count entries */
static inline void papr_tces_fill(uint64_t *entry, uint64_t tce,
                                  uint64_t count)
{
    uint64_t *end = entry + count, *fours = entry + (count & ~3ull);

    for (; entry < fours; entry += 4) {
        qatomic_set(&entry[0], tce);
        qatomic_set(&entry[1], tce);
        qatomic_set(&entry[2], tce);
        qatomic_set(&entry[3], tce);
    }
    for (; entry < end; entry++) {
        qatomic_set(entry, tce);
    }
}

/* An entry that is 0 is not stored to: the host may have no page for it */
static inline void papr_tce_clear_one(uint64_t *entry)
{
    if (qatomic_read(entry)) {
        qatomic_set(entry, 0);
    }
}

/** papr_tces_clear: 0 into @count entries; those that are 0 are only read */
static inline void papr_tces_clear(uint64_t *entry, uint64_t count)
{
    uint64_t *end = entry + count, *fours = entry + (count & ~3ull);

    for (; entry < fours; entry += 4) {
        papr_tce_clear_one(&entry[0]);
        papr_tce_clear_one(&entry[1]);
        papr_tce_clear_one(&entry[2]);
        papr_tce_clear_one(&entry[3]);
    }
    for (; entry < end; entry++) {
        papr_tce_clear_one(entry);
    }
}

/** papr_tces_copy: @tces into entries; those that stay 0 are only read */
static inline void papr_tces_copy(uint64_t *entry, const uint64_t *tces,
                                  uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        if (tces[i] || qatomic_read(&entry[i])) {
            qatomic_set(&entry[i], tces[i]);
        }
    }
}

/** papr_tces_set: fill or clear with the one in @tces if @same, else copy */
static inline void papr_tces_set(uint64_t *entry, const uint64_t *tces,
                                 uint64_t count, bool same)
{
    if (!same) {
        papr_tces_copy(entry, tces, count);
    } else if (*tces) {
        papr_tces_fill(entry, *tces, count);
    } else {
        papr_tces_clear(entry, count);
    }
}

#endif
