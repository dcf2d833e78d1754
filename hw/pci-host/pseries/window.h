/*
 * pSeries PCI host bridge: arithmetic of DMA windows
 *
 * Pure: no device headers, unit-tested on the host.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PCI_HOST_PSERIES_WINDOW_H
#define HW_PCI_HOST_PSERIES_WINDOW_H

/* PaprDmaRange: I/O addresses @start .. @start + @size - 1; may end at 2^64 */
typedef struct PaprDmaRange {
    uint64_t start;
    uint64_t size;
} PaprDmaRange;

/**
 * PaprDmaLimits - what a bridge can offer
 * @page_sizes: each bit a legal size of an I/O page
 * @max_tces: translation control entries (TCE) of a window; a power of two
 * @low, @high: addresses where a window may begin: @low is tried first if there
 *              is no window yet, @high otherwise; then the other of the two
 */
typedef struct PaprDmaLimits {
    uint64_t page_sizes;
    uint64_t max_tces;
    uint64_t low;
    uint64_t high;
} PaprDmaLimits;

/** papr_dma_page_sizes: all that the property pgsz may have */
uint64_t papr_dma_page_sizes(void);

/**
 * papr_dma_page_size_mask - the mask that ibm,query-pe-dma-window returns
 * @page_sizes: each bit a size; those that the call does not know are left out
 */
uint32_t papr_dma_page_size_mask(uint64_t page_sizes);

/**
 * papr_dma_max_tces - entries that map all RAM in 4 KiB pages; 2^18 to 2^31
 * @highest_ram: first address above it
 */
uint64_t papr_dma_max_tces(uint64_t highest_ram);

/** papr_dma_overlap: have @a and @b an address in common? */
bool papr_dma_overlap(PaprDmaRange a, PaprDmaRange b);

/**
 * papr_dma_place - find room for a window of 2^@window_shift bytes
 * @page_shift, @window_shift: any values, as the guest gave them
 * @taken: @n_taken ranges to keep out of; the first @n_windows are windows
 * @start: where it can begin: a multiple of the page
 *
 * Returns false if there is no room, or an argument is not possible.
 */
bool papr_dma_place(const PaprDmaLimits *limits, uint32_t page_shift,
                    uint32_t window_shift, const PaprDmaRange *taken,
                    size_t n_taken, size_t n_windows, uint64_t *start);

/**
 * papr_dma_usable - is there a page size with which a window of 1 GiB, or of
 * one page if that is larger, can begin at @limits->high?
 * @taken: @n_taken ranges to keep out of
 */
bool papr_dma_usable(const PaprDmaLimits *limits, const PaprDmaRange *taken,
                     size_t n_taken);

#endif
