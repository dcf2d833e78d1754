/*
 * pSeries PCI host bridge: arithmetic of DMA windows
 *
 * What the dynamic DMA window (DDW) calls of LoPAR section 7.3.27 need to know
 * about page sizes, sizes and places of windows.  Called by ddw.c and dma.c;
 * pure, so no locks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "window.h"

/* As many as the default window usually has: fewer would be of no use */
#define MIN_TCES (1ULL << 18)
/* Streams and the short form of the query count entries in 32 bits */
#define MAX_TCES (1ULL << 31)

#define SMALLEST_PAGE_SHIFT 12

/* The smallest useful window: as large as the default one usually is */
#define USEFUL_SIZE (1ULL << 30)

/*
 * Table 7.115, "IO Page Sizes".  2 MiB isn't there: Linux has given it the
 * next bit.
 */
static const struct {
    uint8_t shift;
    uint32_t bit;
} page_size_bits[] = {
    { 12, 0x001 },
    { 16, 0x002 },
    { 24, 0x004 },
    { 25, 0x008 },
    { 26, 0x010 },
    { 27, 0x020 },
    { 28, 0x040 },
    { 34, 0x080 },
    { 21, 0x100 },
};

uint64_t papr_dma_page_sizes(void)
{
    uint64_t sizes = 0;

    for (size_t i = 0; i < ARRAY_SIZE(page_size_bits); i++) {
        sizes |= 1ULL << page_size_bits[i].shift;
    }
    return sizes;
}

uint32_t papr_dma_page_size_mask(uint64_t page_sizes)
{
    uint32_t mask = 0;

    for (size_t i = 0; i < ARRAY_SIZE(page_size_bits); i++) {
        if (page_sizes & (1ULL << page_size_bits[i].shift)) {
            mask |= page_size_bits[i].bit;
        }
    }
    return mask;
}

uint64_t papr_dma_max_tces(uint64_t highest_ram)
{
    uint64_t pages = highest_ram >> SMALLEST_PAGE_SHIFT;

    return MIN(MAX(pow2ceil(pages), MIN_TCES), MAX_TCES);
}

bool papr_dma_overlap(PaprDmaRange a, PaprDmaRange b)
{
    if (!a.size || !b.size) {
        return false;
    }
    return a.start <= b.start ? b.start - a.start < a.size
                              : a.start - b.start < b.size;
}

static bool window_fits(PaprDmaRange range, const PaprDmaRange *taken,
                        size_t n_taken)
{
    /* as papr_tce_is_window(): the end is an address, too */
    if (range.size > UINT64_MAX - range.start) {
        return false;
    }
    for (size_t i = 0; i < n_taken; i++) {
        if (papr_dma_overlap(range, taken[i])) {
            return false;
        }
    }
    return true;
}

bool papr_dma_place(const PaprDmaLimits *limits, uint32_t page_shift,
                    uint32_t window_shift, const PaprDmaRange *taken,
                    size_t n_taken, size_t n_windows, uint64_t *start)
{
    const uint64_t starts[] = {
        n_windows ? limits->high : limits->low,
        n_windows ? limits->low : limits->high,
    };

    if (page_shift >= 64 || window_shift >= 64 || window_shift < page_shift ||
        !(limits->page_sizes & papr_dma_page_sizes() & (1ULL << page_shift)) ||
        (1ULL << (window_shift - page_shift)) > limits->max_tces) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
        PaprDmaRange range = { starts[i], 1ULL << window_shift };

        if (QEMU_IS_ALIGNED(range.start, 1ULL << page_shift) &&
            window_fits(range, taken, n_taken)) {
            *start = range.start;
            return true;
        }
    }
    return false;
}

bool papr_dma_usable(const PaprDmaLimits *limits, const PaprDmaRange *taken,
                     size_t n_taken)
{
    for (size_t i = 0; i < ARRAY_SIZE(page_size_bits); i++) {
        uint64_t page = 1ULL << page_size_bits[i].shift;
        PaprDmaRange range = { limits->high, MAX(page, USEFUL_SIZE) };

        if ((limits->page_sizes & page) &&
            QEMU_IS_ALIGNED(range.start, page) &&
            window_fits(range, taken, n_taken)) {
            return true;
        }
    }
    return false;
}
