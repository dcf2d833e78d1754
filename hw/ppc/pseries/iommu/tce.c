/*
 * pSeries platform: arithmetic on translation control entries (TCE)
 *
 * Used by all of this folder; linked into its unit test.  Pure.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/host-utils.h"
#include "tce.h"

bool papr_tce_is_window(uint64_t bus_addr, uint64_t pages, uint32_t page_shift)
{
    if (page_shift < TCE_SHIFT_MIN || page_shift > TCE_SHIFT_MAX ||
        !pages || pages > TCE_PAGES_MAX) {
        return false;
    }
    /* the product alone may overflow: it can reach 2^66 */
    return pages <= UINT64_MAX >> page_shift &&
           bus_addr <= UINT64_MAX - (pages << page_shift);
}

bool papr_tce_in_window(uint64_t bus_addr, uint64_t pages, uint32_t page_shift,
                        uint64_t ioba, uint64_t count, uint64_t *index)
{
    if (ioba < bus_addr) {
        return false;
    }
    *index = (ioba - bus_addr) >> page_shift;
    return *index < pages && count <= pages - *index;
}

/* The bits of an entry that say what it maps, and how */
static uint64_t significant_bits(uint64_t tce, uint32_t page_shift)
{
    uint64_t access = tce & TCE_ACCESS;

    return access ? papr_tce_address(tce, page_shift) | access : 0;
}

uint64_t papr_tce_run(const uint64_t *entries, uint64_t index, uint64_t max,
                      uint32_t page_shift, uint64_t *first)
{
    uint64_t expected, step, n = 1;

    *first = qatomic_read(&entries[index]);
    expected = significant_bits(*first, page_shift);
    step = expected ? 1ull << page_shift : 0;

    for (; n < max; n++) {
        expected += step;
        if (step && expected >> TCE_RUN_SHIFT !=
                    (expected - step) >> TCE_RUN_SHIFT) {
            break;
        }
        if (significant_bits(qatomic_read(&entries[index + n]), page_shift) !=
            expected) {
            break;
        }
    }
    return n;
}

unsigned papr_tce_block(const uint64_t *entries, uint64_t pages, uint64_t index,
                        uint64_t tce, uint32_t page_shift, unsigned max_order)
{
    uint64_t mapped = significant_bits(tce, page_shift);
    unsigned order = 0;

    /* in the bits that a block spans, index and page number must be equal */
    max_order = MIN(max_order, ctz64((tce >> page_shift) ^ index));

    for (; order < max_order; order++) {
        uint64_t half = 1ull << order;
        uint64_t other = (index & -half) ^ half;

        if (other + half > pages) {
            break;
        }
        for (uint64_t i = other; i < other + half; i++) {
            uint64_t expected = mapped + ((i - index) << page_shift);

            if (significant_bits(qatomic_read(&entries[i]), page_shift) !=
                expected) {
                return order;
            }
        }
    }
    return order;
}

uint64_t papr_tce_piece(uint64_t start, uint64_t last)
{
    uint64_t aligned = start ? (start & -start) - 1 : UINT64_MAX;
    uint64_t longest = last - start;

    if (longest != UINT64_MAX) {
        longest = pow2floor(longest + 1) - 1;
    }
    return MIN(aligned, longest);
}
