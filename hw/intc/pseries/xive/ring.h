/*
 * pSeries XIVE: the OS ring of a thread interrupt context
 *
 * The eight bytes NSR CPPR IPB LSMFB ACK INC AGE PIPR of a vCPU (see abi.h) are
 * one 64-bit word, NSR in the most significant byte.  Pending priorities are
 * bits of IPB; PIPR is the most favored of them; NSR bit 0 (an exception is up)
 * is set exactly while PIPR is more favored than CPPR.  So every operation here
 * is a function from word to word, and a thread stores the result by
 * compare-and-swap: nothing needs a lock (see tctx_commit() in route.c for the
 * vCPU's line).
 *
 * Pure; called by route.c, tested by test-xive-ring.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_XIVE_RING_H
#define PSERIES_XIVE_RING_H

#include "abi.h"

static inline unsigned papr_ring_shift(unsigned reg)
{
    return 8 * (7 - reg);
}

static inline uint8_t papr_ring_get(uint64_t ring, unsigned reg)
{
    return ring >> papr_ring_shift(reg);
}

static inline uint64_t papr_ring_put(uint64_t ring, unsigned reg, uint8_t value)
{
    unsigned shift = papr_ring_shift(reg);

    return (ring & ~(0xffULL << shift)) | (uint64_t)value << shift;
}

/* Nothing pending, everything masked */
static inline uint64_t papr_ring_initial(void)
{
    uint64_t ring = 0;

    ring = papr_ring_put(ring, XV_LSMFB, 0xff);
    ring = papr_ring_put(ring, XV_ACK_CNT, 0xff);
    ring = papr_ring_put(ring, XV_AGE, 0xff);
    return papr_ring_put(ring, XV_PIPR, XV_PRIORITY_NONE);
}

/* Priority to bit of IPB: 0 is the top bit; others than 0-7 have none */
static inline uint8_t papr_ring_ipb_bit(uint8_t priority)
{
    return priority < XV_PRIORITIES ? 0x80 >> priority : 0;
}

static inline uint8_t papr_ring_most_favored(uint8_t ipb)
{
    return ipb ? __builtin_clz((unsigned)ipb << 24) : XV_PRIORITY_NONE;
}

/* Derive PIPR and NSR */
static inline uint64_t papr_ring_settle(uint64_t ring)
{
    uint8_t pipr = papr_ring_most_favored(papr_ring_get(ring, XV_IPB));
    bool up = pipr < papr_ring_get(ring, XV_CPPR);

    ring = papr_ring_put(ring, XV_PIPR, pipr);
    return papr_ring_put(ring, XV_NSR, up ? XV_NSR_EO : 0);
}

static inline bool papr_ring_exception(uint64_t ring)
{
    return papr_ring_get(ring, XV_NSR) != 0;
}

/* An event of @priority comes in */
static inline uint64_t papr_ring_pend(uint64_t ring, uint8_t priority)
{
    uint8_t ipb = papr_ring_get(ring, XV_IPB) | papr_ring_ipb_bit(priority);

    return papr_ring_settle(papr_ring_put(ring, XV_IPB, ipb));
}

/* The guest sets its priority; a value above 7 unmasks all priorities */
static inline uint64_t papr_ring_set_cppr(uint64_t ring, uint8_t cppr)
{
    if (cppr >= XV_PRIORITIES) {
        cppr = XV_PRIORITY_NONE;
    }
    return papr_ring_settle(papr_ring_put(ring, XV_CPPR, cppr));
}

/*
 * The guest accepts the pending exception, whose priority becomes the current
 * one.  Its load returns the NSR from before and the CPPR from after.
 */
static inline uint64_t papr_ring_accept(uint64_t ring)
{
    uint8_t pipr = papr_ring_get(ring, XV_PIPR);
    uint8_t ipb = papr_ring_get(ring, XV_IPB) & ~papr_ring_ipb_bit(pipr);

    if (!papr_ring_exception(ring)) {
        return ring;
    }
    ring = papr_ring_put(ring, XV_IPB, ipb);
    ring = papr_ring_put(ring, XV_CPPR, pipr);
    return papr_ring_settle(ring);
}

static inline uint16_t papr_ring_accept_answer(uint64_t before, uint64_t after)
{
    return papr_ring_get(before, XV_NSR) << 8 | papr_ring_get(after, XV_CPPR);
}

#endif
