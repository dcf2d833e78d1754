/*
 * pSeries interrupts: allocator of runs of MSI numbers
 *
 * A message signalled interrupt's (MSI's) data word is its number in the
 * partition's number space.  A function with several plain MSIs puts the vector
 * into the low bits of that word itself, so the first number of the run (not
 * its index in the map) must be a multiple of the run's size.  Called by irqs.c
 * for ibm,change-msi (LoPAR 7.3.10.5.1), with the big lock held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "qemu/host-utils.h"
#include "msi-alloc.h"

void papr_msi_init(PaprMsiAlloc *msi, uint32_t first, uint32_t n)
{
    assert(first && n <= INT32_MAX);
    *msi = (PaprMsiAlloc) { .first = first, .n = n, .map = bitmap_new(n) };
}

void papr_msi_destroy(PaprMsiAlloc *msi)
{
    g_clear_pointer(&msi->map, g_free);
}

uint32_t papr_msi_alloc(PaprMsiAlloc *msi, uint32_t count, uint32_t align)
{
    uint64_t end = (uint64_t)msi->first + msi->n;
    uint64_t number = msi->first;

    if (!count || !is_power_of_2(align)) {
        return 0;
    }
    for (;;) {
        unsigned long from, to, busy;

        number = ROUND_UP(number, (uint64_t)align);
        if (number + count > end) {
            return 0;
        }
        from = number - msi->first;
        to = from + count;
        busy = find_next_bit(msi->map, to, from);
        if (busy >= to) {
            bitmap_set(msi->map, from, count);
            return number;
        }
        number = (uint64_t)msi->first + busy + 1;
    }
}

void papr_msi_take(PaprMsiAlloc *msi, uint32_t number)
{
    assert(number >= msi->first && number - msi->first < msi->n);
    set_bit(number - msi->first, msi->map);
}

void papr_msi_free(PaprMsiAlloc *msi, uint32_t first, uint32_t count)
{
    uint64_t from = MAX(first, msi->first);
    uint64_t to = MIN((uint64_t)first + count, (uint64_t)msi->first + msi->n);

    if (from < to) {
        bitmap_clear(msi->map, from - msi->first, to - from);
    }
}

bool papr_msi_taken(const PaprMsiAlloc *msi, uint32_t number)
{
    return number >= msi->first && number - msi->first < msi->n &&
           test_bit(number - msi->first, msi->map);
}
