/*
 * pSeries platform: translation control entries (TCE) as numbers
 *
 * An entry maps one I/O page: address bits above, access rights in the two
 * lowest bits.  These functions find ranges, contiguous runs and power-of-two
 * pieces of entries.  Pure.  LoPAR section 3.2.2.2.
 *
 * Entries are host-endian words that other threads may store meanwhile: each
 * is read once, atomically.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_IOMMU_TCE_H
#define HW_PPC_PSERIES_IOMMU_TCE_H

#define TCE_READ   1ull                 /* the device may read memory */
#define TCE_WRITE  2ull
#define TCE_ACCESS (TCE_READ | TCE_WRITE) /* neither: not mapped */

#define TCE_BYTES 8
/* The smallest I/O page, and the unit of an entry's address field */
#define TCE_SHIFT_MIN 12
#define TCE_SHIFT_MAX 34
/* Streams count entries in 32 bits */
#define TCE_PAGES_MAX UINT32_MAX

/*
 * No run of several entries crosses a multiple of 2^TCE_RUN_SHIFT in memory:
 * all RAM regions begin and end at such multiples, so a run is in one region.
 */
#define TCE_RUN_SHIFT 28

/** papr_tce_is_window: are page size and count legal, is the end below 2^64? */
bool papr_tce_is_window(uint64_t bus_addr, uint64_t pages,
                        uint32_t page_shift);

/**
 * papr_tce_in_window - are @count pages from I/O address @ioba in a window?
 *
 * @ioba must be in it even if @count is 0.  Sets @index to the entry of @ioba.
 */
bool papr_tce_in_window(uint64_t bus_addr, uint64_t pages, uint32_t page_shift,
                        uint64_t ioba, uint64_t count, uint64_t *index);

/** papr_tce_address: of the page that @tce maps */
static inline uint64_t papr_tce_address(uint64_t tce, uint32_t page_shift)
{
    return tce >> page_shift << page_shift;
}

/**
 * papr_tce_run - how many entries from @index on are one contiguous mapping
 * @max: the most to look at, at least 1; all of them are in the table
 * @first: set to the entry at @index
 *
 * All have the same rights.  Entries that map nothing are a run, too.
 */
uint64_t papr_tce_run(const uint64_t *entries, uint64_t index, uint64_t max,
                      uint32_t page_shift, uint64_t *first);

/**
 * papr_tce_block - the largest aligned block around @index that is contiguous
 * @pages: entries there are
 * @tce: what is at @index; maps something
 * @max_order: not more than 2^@max_order entries
 *
 * Returns the order n: the block has 2^n entries; the index of the first is a
 * multiple of 2^n, and so is the number of the page that it maps.
 */
unsigned papr_tce_block(const uint64_t *entries, uint64_t pages, uint64_t index,
                        uint64_t tce, uint32_t page_shift, unsigned max_order);

/**
 * papr_tce_piece - size, less 1, of the largest power-of-two block that begins
 * at @start, is aligned to its size, and ends at or before @last
 */
uint64_t papr_tce_piece(uint64_t start, uint64_t last);

#endif
