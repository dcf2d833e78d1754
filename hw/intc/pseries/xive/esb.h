/*
 * pSeries XIVE: the event state buffer of a source
 *
 * An ESB (event state buffer) is two bits: P, an event was forwarded and waits
 * for its EOI (end of interrupt), and Q, another one came meanwhile.  P=0 Q=1
 * is the off state.  Beside them the byte keeps the line of a level sensitive
 * source, and how many events of the source are in progress: forwarded, and
 * not yet delivered to an event queue.  H_INT_SYNC waits for these.
 *
 * Pure logic without locks: every change is one compare-and-swap of the byte,
 * so that any thread may call, and of two racing triggers exactly one forwards.
 * Called by route.c, mmio.c and hcalls.c; tested by test-xive-esb.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_XIVE_ESB_H
#define PSERIES_XIVE_ESB_H

#include "qemu/atomic.h"

enum {
    XV_PQ_RESET = 0,
    XV_PQ_OFF = 1,
    XV_PQ_PENDING = 2,
    XV_PQ_QUEUED = 3,

    XV_PQ_Q = 1,
    XV_PQ_P = 2,
    XV_PQ_MASK = 3,

    XV_ESB_ASSERTED = 4,
    XV_ESB_SAVED = XV_PQ_MASK | XV_ESB_ASSERTED,    /* what migrates */

    /* events in progress: a counter above the other bits */
    XV_ESB_IN_PROGRESS = 8,
    XV_ESB_IN_PROGRESS_MAX = 0xf8,
};

typedef struct PaprEsbStep {
    uint8_t to;
    bool forward;           /* route an event, see route.c */
} PaprEsbStep;

/* What a trigger does to the state @from */
static inline PaprEsbStep papr_esb_on_trigger(uint8_t from)
{
    switch (from & XV_PQ_MASK) {
    case XV_PQ_RESET:
        return (PaprEsbStep){ from | XV_PQ_P, true };
    case XV_PQ_PENDING:
        return (PaprEsbStep){ from | XV_PQ_Q, false };
    default:
        return (PaprEsbStep){ from, false };
    }
}

/*
 * What storing @pq does.  If P and Q are cleared while the line is asserted, an
 * event is forwarded at once: Q does not remember levels.
 */
static inline PaprEsbStep papr_esb_on_set(uint8_t from, uint8_t pq)
{
    uint8_t to = (from & ~XV_PQ_MASK) | (pq & XV_PQ_MASK);

    if ((pq & XV_PQ_MASK) == XV_PQ_RESET && (from & XV_ESB_ASSERTED)) {
        return (PaprEsbStep){ to | XV_PQ_P, true };
    }
    return (PaprEsbStep){ to, false };
}

/* What an end of interrupt does */
static inline PaprEsbStep papr_esb_on_eoi(uint8_t from)
{
    switch (from & XV_PQ_MASK) {
    case XV_PQ_QUEUED:
        return (PaprEsbStep){ from & ~XV_PQ_Q, true };
    case XV_PQ_OFF:
        return (PaprEsbStep){ from, false };
    default:
        return papr_esb_on_set(from, XV_PQ_RESET);
    }
}

/* What a change of the line of a level sensitive source does */
static inline PaprEsbStep papr_esb_on_level(uint8_t from, bool level)
{
    if (!level) {
        return (PaprEsbStep){ from & ~XV_ESB_ASSERTED, false };
    }
    from |= XV_ESB_ASSERTED;
    if ((from & XV_PQ_MASK) == XV_PQ_RESET) {
        return (PaprEsbStep){ from | XV_PQ_P, true };
    }
    return (PaprEsbStep){ from, false };
}

/*
 * Store the result of a step.  Returns false if @esb is no longer @from: the
 * caller computes the step again.  A forwarded event is counted in the same
 * swap, so that a thread that sees P also sees the event in progress.  If the
 * counter is full (31 threads deliver events of one source), the caller tries
 * again.
 *
 * The swap is made also if nothing changes.  A trigger that finds Q set adds no
 * event: the end of the pending event forwards one, whose handler must see what
 * the device wrote before the trigger.  Two threads: the device's and the
 * vCPU's.
 * (1) The device's thread stores its data, then swaps the byte for an equal
 *     one.  The swap is a full barrier after the data.
 * (2) The vCPU's thread clears Q by a swap, which forwards an event; the
 *     handler of this event loads the data.
 * (3) All swaps of the byte have one order.  If (1) is before (2), the handler
 *     sees the data.  If (2) is before (1), then (1) fails, since Q is clear,
 *     and the trigger starts again and forwards an event.
 * With a plain load in place of (1)'s swap, the load may see Q while the data
 * are still in the store buffer of the device's thread: then (2) and the
 * handler run before the data are visible.
 */
static inline bool papr_esb_commit(uint8_t *esb, uint8_t from, PaprEsbStep step)
{
    uint8_t to = step.to;

    if (step.forward) {
        if ((from & XV_ESB_IN_PROGRESS_MAX) == XV_ESB_IN_PROGRESS_MAX) {
            return false;
        }
        to += XV_ESB_IN_PROGRESS;
    }
    return qatomic_cmpxchg(esb, from, to) == from;
}

/* If true, route the event, then call papr_esb_delivered() */
static inline bool papr_esb_trigger(uint8_t *esb)
{
    PaprEsbStep step;
    uint8_t old;

    do {
        old = qatomic_read(esb);
        step = papr_esb_on_trigger(old);
    } while (!papr_esb_commit(esb, old, step));

    return step.forward;
}

static inline bool papr_esb_level(uint8_t *esb, bool level)
{
    PaprEsbStep step;
    uint8_t old;

    do {
        old = qatomic_read(esb);
        step = papr_esb_on_level(old, level);
    } while (!papr_esb_commit(esb, old, step));

    return step.forward;
}

static inline bool papr_esb_eoi(uint8_t *esb, uint8_t *old_pq)
{
    PaprEsbStep step;
    uint8_t old;

    do {
        old = qatomic_read(esb);
        step = papr_esb_on_eoi(old);
    } while (!papr_esb_commit(esb, old, step));

    *old_pq = old & XV_PQ_MASK;
    return step.forward;
}

static inline bool papr_esb_set(uint8_t *esb, uint8_t pq, uint8_t *old_pq)
{
    PaprEsbStep step;
    uint8_t old;

    do {
        old = qatomic_read(esb);
        step = papr_esb_on_set(old, pq);
    } while (!papr_esb_commit(esb, old, step));

    *old_pq = old & XV_PQ_MASK;
    return step.forward;
}

static inline uint8_t papr_esb_pq(const uint8_t *esb)
{
    return qatomic_read(esb) & XV_PQ_MASK;
}

/* The event is in its queue, or dropped */
static inline void papr_esb_delivered(uint8_t *esb)
{
    qatomic_sub(esb, XV_ESB_IN_PROGRESS);
}

static inline bool papr_esb_in_progress(const uint8_t *esb)
{
    return qatomic_load_acquire(esb) >= XV_ESB_IN_PROGRESS;
}

/* Set P and Q without an event; the line is left alone */
static inline void papr_esb_put(uint8_t *esb, uint8_t pq)
{
    uint8_t old, to;

    do {
        old = qatomic_read(esb);
        to = (old & ~XV_PQ_MASK) | pq;
    } while (qatomic_cmpxchg(esb, old, to) != old);
}

/* Off, as after reset */
static inline void papr_esb_off(uint8_t *esb)
{
    papr_esb_put(esb, XV_PQ_OFF);
}

#endif
