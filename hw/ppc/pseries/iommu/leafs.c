/*
 * pSeries platform: memory of large tables of translation control entries (TCE)
 *
 * Called by store.c and hcalls.c.  See leafs.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/madvise.h"
#include "entries.h"
#include "leafs.h"
#include "tce.h"

bool papr_tce_leafs_init(PaprTceLeafs *leafs, uint64_t *entries, uint64_t pages)
{
    unsigned shift = ctz64(qemu_real_host_page_size() / TCE_BYTES);
    uint64_t n = DIV_ROUND_UP(pages, 1ull << shift);

    *leafs = (PaprTceLeafs) {
        .entries = entries,
        .pages = pages,
        .shift = shift,
        /* the host allocates only the pages that are touched */
        .state = g_try_malloc0_n(n, sizeof(*leafs->state)),
    };
    if (leafs->state) {
        /* a huge page would take 2 MiB for one entry; may fail, harmlessly */
        qemu_madvise(entries, pages * TCE_BYTES, QEMU_MADV_NOHUGEPAGE);
    }
    return leafs->state;
}

void papr_tce_leafs_destroy(PaprTceLeafs *leafs)
{
    g_free(leafs->state);
}

uint64_t papr_tce_leafs_bytes(const PaprTceLeafs *leafs, uint64_t held)
{
    return (held << leafs->shift) * TCE_BYTES;
}

static uint64_t n_set(const uint64_t *tces, uint64_t count)
{
    uint64_t n = 0;

    for (uint64_t i = 0; i < count; i++) {
        n += !!tces[i];
    }
    return n;
}

/* How many of @count entries from @index on are in the first one's leaf */
static uint64_t in_leaf(const PaprTceLeafs *leafs, uint64_t index,
                        uint64_t count)
{
    uint64_t size = 1ull << leafs->shift;

    return MIN(count, size - (index & (size - 1)));
}

uint64_t papr_tce_leafs_missing(const PaprTceLeafs *leafs, uint64_t index,
                                const uint64_t *tces, uint64_t count,
                                bool same)
{
    uint64_t n, missing = 0;

    for (; count; index += n, count -= n) {
        n = in_leaf(leafs, index, count);
        missing += !papr_tce_leafs_is_held(leafs, index) &&
                   papr_tces_any(tces, same ? 1 : n);
        tces += same ? 0 : n;
    }
    return missing;
}

/* The leaf's entries are all 0 */
static void free_leaf(PaprTceLeafs *leafs, uint64_t leaf)
{
    uint64_t first = leaf << leafs->shift;

    if (!qemu_madvise(leafs->entries + first, TCE_BYTES << leafs->shift,
                      QEMU_MADV_DONTNEED)) {
        qatomic_set(&leafs->state[leaf], 0);
        leafs->held--;
    }
}

static void set_in_leaf(PaprTceLeafs *leafs, uint64_t index,
                        const uint64_t *tces, uint64_t count, bool same,
                        uint64_t keep)
{
    uint64_t leaf = index >> leafs->shift;
    uint16_t set = leafs->state[leaf];

    if (!set) {
        if (!papr_tces_any(tces, same ? 1 : count)) {
            return;                     /* 0 already, and without memory */
        }
        leafs->held++;
        set = TCE_LEAF_HELD;
        qatomic_set(&leafs->state[leaf], set);
    }
    if (count >> leafs->shift) {
        set = TCE_LEAF_HELD;            /* all are replaced: no need to count */
    } else {
        set -= n_set(leafs->entries + index, count);
    }
    if (same) {
        set += *tces ? count : 0;
        papr_tces_fill(leafs->entries + index, *tces, count);
    } else {
        set += n_set(tces, count);
        papr_tces_copy(leafs->entries + index, tces, count);
    }
    qatomic_set(&leafs->state[leaf], set);
    if (set == TCE_LEAF_HELD &&
        papr_tce_leafs_bytes(leafs, leafs->held) > keep) {
        free_leaf(leafs, leaf);
    }
}

void papr_tce_leafs_set(PaprTceLeafs *leafs, uint64_t index,
                        const uint64_t *tces, uint64_t count, bool same,
                        uint64_t keep)
{
    uint64_t n;

    for (; count; index += n, count -= n) {
        n = in_leaf(leafs, index, count);
        set_in_leaf(leafs, index, tces, n, same, keep);
        tces += same ? 0 : n;
    }
}

uint64_t papr_tce_leafs_span(const PaprTceLeafs *leafs, uint64_t index,
                             uint64_t end, bool *held)
{
    uint64_t at = index;

    *held = papr_tce_leafs_is_held(leafs, index);
    do {
        at += in_leaf(leafs, at, end - at);
    } while (at < end && papr_tce_leafs_is_held(leafs, at) == *held);
    return at - index;
}
