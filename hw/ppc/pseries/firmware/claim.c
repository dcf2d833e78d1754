/*
 * pSeries platform: memory claimed by the Open Firmware client interface
 *
 * A sorted list of claimed ranges.  Adjacent ranges are merged, so that a
 * client may release other ranges than it claimed.  IEEE 1275-1994 section
 * 6.3.2.4. Called by client.c and client-calls.c; pure, see
 * tests/unit/pseries/test-claim.c.  Locking: the caller's (BQL).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "claim.h"

void papr_claims_init(PaprClaims *claims, uint64_t top)
{
    claims->top = MIN(top, PAPR_CLAIM_TOP);
    claims->n = 0;
}

/* Index of the first range that ends after @addr */
static uint32_t first_after(const PaprClaims *claims, uint64_t addr)
{
    uint32_t low = 0, high = claims->n;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (claims->range[mid].end > addr) {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    return low;
}

static void insert_slot(PaprClaims *claims, uint32_t at)
{
    memmove(&claims->range[at + 1], &claims->range[at],
            (claims->n - at) * sizeof(claims->range[0]));
    claims->n++;
}

static void remove_slot(PaprClaims *claims, uint32_t at)
{
    claims->n--;
    memmove(&claims->range[at], &claims->range[at + 1],
            (claims->n - at) * sizeof(claims->range[0]));
}

/* [@start, @end) is free; @at: the first range above it */
static bool add_claim(PaprClaims *claims, uint32_t at, uint64_t start,
                      uint64_t end)
{
    bool below = at > 0 && claims->range[at - 1].end == start;
    bool above = at < claims->n && claims->range[at].start == end;

    if (below && above) {
        claims->range[at - 1].end = claims->range[at].end;
        remove_slot(claims, at);
    } else if (below) {
        claims->range[at - 1].end = end;
    } else if (above) {
        claims->range[at].start = start;
    } else {
        if (claims->n == PAPR_CLAIM_RANGES) {
            return false;
        }
        insert_slot(claims, at);
        claims->range[at] = (PaprClaimRange) { start, end };
    }
    return true;
}

static bool is_claimable(const PaprClaims *claims, uint64_t addr, uint64_t size)
{
    return size && addr < claims->top && size <= claims->top - addr;
}

static uint64_t claim_anywhere(PaprClaims *claims, uint64_t size,
                               uint64_t align)
{
    PaprClaimRange free;

    for (uint32_t i = 0; papr_claims_free_range(claims, i, &free); i++) {
        uint64_t start = DIV_ROUND_UP(free.start, align) * align;

        if (start < free.end && size <= free.end - start) {
            uint32_t at = first_after(claims, start);

            return add_claim(claims, at, start, start + size)
                   ? start : PAPR_CLAIM_NONE;
        }
    }
    return PAPR_CLAIM_NONE;
}

uint64_t papr_claim(PaprClaims *claims, uint64_t addr, uint64_t size,
                    uint64_t align)
{
    uint32_t at;

    if (!size || size > claims->top) {
        return PAPR_CLAIM_NONE;
    }
    if (align) {
        return align < claims->top ? claim_anywhere(claims, size, align)
                                   : PAPR_CLAIM_NONE;
    }
    if (!is_claimable(claims, addr, size)) {
        return PAPR_CLAIM_NONE;
    }
    at = first_after(claims, addr);
    if (at < claims->n && claims->range[at].start < addr + size) {
        return PAPR_CLAIM_NONE;
    }
    return add_claim(claims, at, addr, addr + size) ? addr : PAPR_CLAIM_NONE;
}

bool papr_claim_release(PaprClaims *claims, uint64_t addr, uint64_t size)
{
    PaprClaimRange *range;
    uint64_t end = addr + size;
    uint32_t at;

    if (!is_claimable(claims, addr, size)) {
        return false;
    }
    at = first_after(claims, addr);
    range = &claims->range[at];
    if (at == claims->n || range->start > addr || range->end < end) {
        return false;
    }
    if (range->start == addr && range->end == end) {
        remove_slot(claims, at);
    } else if (range->start == addr) {
        range->start = end;
    } else if (range->end == end) {
        range->end = addr;
    } else {
        if (claims->n == PAPR_CLAIM_RANGES) {
            return false;
        }
        insert_slot(claims, at);
        claims->range[at].end = addr;
        claims->range[at + 1].start = end;
    }
    return true;
}

bool papr_claims_free_range(const PaprClaims *claims, uint32_t index,
                            PaprClaimRange *free)
{
    /* ranges are not adjacent: only the first or the last gap can be empty */
    bool from_zero = !claims->n || claims->range[0].start > 0;
    uint32_t gap = from_zero ? index : index + 1;

    if (gap > claims->n || gap < index) {
        return false;
    }
    free->start = gap ? claims->range[gap - 1].end : 0;
    free->end = gap < claims->n ? claims->range[gap].start : claims->top;
    return free->start < free->end;
}

bool papr_claims_valid(const PaprClaims *claims)
{
    uint64_t last = 0;

    if (claims->n > PAPR_CLAIM_RANGES || claims->top > PAPR_CLAIM_TOP) {
        return false;
    }
    for (uint32_t i = 0; i < claims->n; i++) {
        const PaprClaimRange *range = &claims->range[i];

        if ((i && range->start <= last) || range->end <= range->start ||
            range->end > claims->top) {
            return false;
        }
        last = range->end;
    }
    return true;
}
