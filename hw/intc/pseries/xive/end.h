/*
 * pSeries XIVE: event notification descriptors and their queues
 *
 * An END (event notification descriptor) belongs to a vCPU and a priority: its
 * index is 8 * server + priority.  It names an event queue (EQ), a ring of
 * 32-bit words in guest memory.  An entry is the source's EISN (effective
 * interrupt source number, chosen by the guest) below a generation bit, which
 * is 1 in the first pass through the ring and flips with each wrap, so that
 * the guest can tell new entries from old ones.
 *
 * Pure logic; papr_end_post() wants the caller to hold the END's lock.  Called
 * by route.c, tested by test-xive-end.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_XIVE_END_H
#define PSERIES_XIVE_END_H

#include "qemu/bswap.h"
#include "abi.h"
#include "esb.h"

/* Position in a queue: generation and index of the next entry */
typedef struct PaprEqPos {
    uint32_t index;
    bool generation;
} PaprEqPos;

static inline uint32_t papr_eq_entries(unsigned shift)
{
    return 1U << (shift - XV_EQ_ENTRY_SHIFT);
}

/*
 * Sizes that a stream may have: the machine that sent it may have accepted all
 * of the hardware's sizes.  H_INT_SET_QUEUE_CONFIG accepts only those of
 * "ibm,xive-eq-sizes", see papr_eq_shift_offered().
 */
static inline bool papr_eq_shift_ok(uint64_t shift)
{
    return shift == 12 || shift == 16 || shift == 21 || shift == 24;
}

static inline bool papr_eq_shift_offered(uint64_t shift)
{
    return shift == XV_EQ_OFFERED_SHIFT;
}

static inline PaprEqPos papr_eq_first(void)
{
    return (PaprEqPos){ .index = 0, .generation = true };
}

static inline uint32_t papr_eq_entry(PaprEqPos pos, uint32_t eisn)
{
    return (pos.generation ? XV_EQ_GENERATION : 0) | (eisn & XV_EAS_EISN_MASK);
}

static inline PaprEqPos papr_eq_next(PaprEqPos pos, unsigned shift)
{
    if (pos.index + 1 < papr_eq_entries(shift)) {
        pos.index++;
    } else {
        pos.index = 0;
        pos.generation = !pos.generation;
    }
    return pos;
}

/**
 * PaprEndState - the part of an END that the guest configures and sees
 * @valid: a queue is set
 * @always_notify: every event notifies the vCPU; otherwise @esn (P and Q bits
 *                 that the guest manages in the END's notification page)
 *                 coalesces events
 * @esn, @ese: PQ for notification and for escalation (not used under PAPR)
 */
typedef struct PaprEndState {
    uint64_t addr;
    PaprEqPos pos;
    uint8_t shift;
    bool valid;
    bool always_notify;
    uint8_t esn;
    uint8_t ese;
} PaprEndState;

static inline PaprEndState papr_end_initial(void)
{
    return (PaprEndState){ .esn = XV_PQ_OFF, .ese = XV_PQ_OFF };
}

static inline PaprEndState papr_end_with_queue(uint64_t addr, unsigned shift,
                                               bool always_notify)
{
    return (PaprEndState){
        .addr = addr,
        .shift = shift,
        .pos = papr_eq_first(),
        .valid = true,
        .always_notify = always_notify,
    };
}

/* Does this event notify the vCPU? */
static inline bool papr_end_notifies(PaprEndState *end)
{
    PaprEsbStep step;

    if (end->always_notify) {
        return true;
    }
    step = papr_esb_on_trigger(end->esn);
    end->esn = step.to;
    return step.forward;
}

/*
 * Write @eisn at the position in @queue, the host's view of the ring.  One
 * aligned store, so that the guest sees the whole entry or the old one.
 * Returns the byte offset of the entry.
 */
static inline uint32_t papr_end_post(PaprEndState *end, void *queue,
                                     uint32_t eisn)
{
    uint32_t *slot = (uint32_t *)queue + end->pos.index;
    uint32_t offset = end->pos.index << XV_EQ_ENTRY_SHIFT;

    qatomic_set(slot, cpu_to_be32(papr_eq_entry(end->pos, eisn)));
    end->pos = papr_eq_next(end->pos, end->shift);
    return offset;
}

/* The words of the architected structure, as streams keep them */
static inline void papr_end_pack(const PaprEndState *end, uint32_t index,
                                 uint32_t w[XV_END_WORDS])
{
    for (unsigned i = 0; i < XV_END_WORDS; i++) {
        w[i] = 0;
    }
    w[1] = (uint32_t)end->esn << XV_END_W1_ESN_SHIFT |
           (uint32_t)end->ese << XV_END_W1_ESE_SHIFT;
    if (!end->valid) {
        return;
    }
    w[0] = XV_END_W0_VALID | XV_END_W0_ENQUEUE |
           (end->always_notify ? XV_END_W0_NOTIFY : 0) |
           (uint32_t)(end->shift - XV_EQ_MIN_SHIFT) << XV_END_W0_SIZE_SHIFT;
    w[1] |= (end->pos.generation ? XV_END_W1_GENERATION : 0) | end->pos.index;
    w[2] = end->addr >> 32;
    w[3] = end->addr;
    w[6] = XV_CAM_FIRST_VP + index / XV_PRIORITIES;
    w[7] = (index % XV_PRIORITIES) << XV_END_W7_PRIO_SHIFT;
}

/* The inverse of papr_end_pack(); false if the words do not fit END @index */
static inline bool papr_end_unpack(const uint32_t w[XV_END_WORDS],
                                   uint32_t index, PaprEndState *end)
{
    uint32_t vp = XV_CAM_FIRST_VP + index / XV_PRIORITIES;
    uint32_t prio = index % XV_PRIORITIES;

    *end = (PaprEndState){
        .esn = (w[1] >> XV_END_W1_ESN_SHIFT) & XV_PQ_MASK,
        .ese = (w[1] >> XV_END_W1_ESE_SHIFT) & XV_PQ_MASK,
        .valid = w[0] & XV_END_W0_VALID,
    };
    if (!end->valid) {
        return true;
    }
    end->shift = XV_EQ_MIN_SHIFT +
                 ((w[0] >> XV_END_W0_SIZE_SHIFT) & XV_END_W0_SIZE_MASK);
    end->always_notify = w[0] & XV_END_W0_NOTIFY;
    end->pos.index = w[1] & XV_END_W1_OFFSET_MASK;
    end->pos.generation = w[1] & XV_END_W1_GENERATION;
    end->addr = (uint64_t)(w[2] & XV_END_W2_ADDR_MASK) << 32 | w[3];
    return (w[0] & XV_END_W0_ENQUEUE) && papr_eq_shift_ok(end->shift) &&
           !(end->addr & ((1ULL << end->shift) - 1)) &&
           end->pos.index < papr_eq_entries(end->shift) &&
           (w[6] & XV_END_W6_VP_MASK) == vp &&
           w[7] >> XV_END_W7_PRIO_SHIFT == prio;
}

#endif
