/*
 * pSeries XIVE: an event, from its source to a vCPU
 *
 * A source forwards an event (esb.h); its EAS (event assignment structure), one
 * word, names an END (event notification descriptor) and the source's EISN
 * (effective interrupt source number, chosen by the guest); the EISN is stored
 * in the END's event queue in guest memory, and the END's priority is marked as
 * pending in the OS ring of its vCPU (ring.h).
 *
 * Called by mmio.c, hcalls.c and, for devices, through model.c.  Runs in any
 * thread without the big lock (BQL), which only a change of the vCPU's line
 * takes.  Why that is right:
 *
 * 1. Of two threads that trigger a source, the ESB's swap lets one forward the
 *    event, and counts it as in progress until it is in the queue.
 * 2. The delivering thread reads the EAS again under the END's lock.  A thread
 *    that replaces the EAS takes that lock afterwards.  So when the replacing
 *    call returns, the delivering thread has stored the entry in the old queue,
 *    or reads the new word.
 * 3. The delivering thread stores the entry, then sets the pending bit by an
 *    atomic read-modify-write.  The vCPU clears the bit, then reads the queue:
 *    it sees the entry, or gets another interrupt.
 * 4. The vCPU's line follows the ring, see irq/cpu-line.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/processor.h"
#include "exec/address-spaces.h"
#include "hw/intc/pseries/trace.h"
#include "model.h"

/* Thread contexts */

static bool line_wanted(const void *ring)
{
    return papr_ring_exception(qatomic_read((const uint64_t *)ring));
}

void papr_tctx_follow(PaprTctx *tctx)
{
    papr_cpu_line_follow(&tctx->line, line_wanted, &tctx->ring);
}

/* Put @next in place of @old, and update the vCPU's input; false: try again */
static inline bool tctx_commit(PaprTctx *tctx, uint64_t old, uint64_t next)
{
    if (qatomic_cmpxchg(&tctx->ring, old, next) != old) {
        return false;
    }
    if (papr_ring_exception(old) != papr_ring_exception(next)) {
        papr_tctx_follow(tctx);
    }
    return true;
}

void papr_tctx_reset(PaprTctx *tctx)
{
    uint64_t old;

    do {
        old = qatomic_read(&tctx->ring);
    } while (!tctx_commit(tctx, old, papr_ring_initial()));

    qatomic_set(&tctx->report_line, UINT64_MAX);
}

uint16_t papr_tctx_accept(PaprTctx *tctx, uint64_t *before, uint64_t *after)
{
    do {
        *before = qatomic_read(&tctx->ring);
        *after = papr_ring_accept(*before);
    } while (!tctx_commit(tctx, *before, *after));

    trace_papr_xive_accept(tctx->server, *before, *after);
    return papr_ring_accept_answer(*before, *after);
}

void papr_tctx_set_cppr(PaprTctx *tctx, uint8_t cppr)
{
    uint64_t old, next;

    do {
        old = qatomic_read(&tctx->ring);
        next = papr_ring_set_cppr(old, cppr);
    } while (!tctx_commit(tctx, old, next));

    trace_papr_xive_set_cppr(tctx->server, cppr, next);
}

void papr_tctx_pend(PaprTctx *tctx, uint8_t priority)
{
    uint64_t old, next;

    do {
        old = qatomic_read(&tctx->ring);
        next = papr_ring_pend(old, priority);
    } while (!tctx_commit(tctx, old, next));

    trace_papr_xive_notify(tctx->server, priority, next);
}

void papr_xive_present(PaprXive *xive, uint32_t end_index)
{
    PaprTctx *tctx;

    /* A context is freed a grace period after its vCPU has gone */
    RCU_READ_LOCK_GUARD();
    tctx = qatomic_rcu_read(&xive->tctxs[end_index / XV_PRIORITIES]);
    if (tctx) {
        papr_tctx_pend(tctx, end_index % XV_PRIORITIES);
    }
}

/* Descriptors and queues */

static void store_entry(PaprEnd *end, uint32_t eisn)
{
    uint32_t offset;

    if (!end->queue.ptr) {
        return;
    }
    offset = papr_end_post(&end->state, end->queue.ptr, eisn);
    address_space_cache_invalidate(&end->queue, offset, sizeof(uint32_t));
}

/* Store the event of @lisn; true if the vCPU of END @index is to be notified */
static bool enqueue_event(PaprXive *xive, uint32_t lisn, uint32_t *index)
{
    uint64_t eas;
    PaprEnd *end;
    bool notify, valid;

    for (;;) {
        eas = qatomic_read(&xive->eat[lisn]);
        if ((eas & (XV_EAS_VALID | XV_EAS_MASKED)) != XV_EAS_VALID) {
            return false;
        }
        *index = papr_eas_end(eas);
        end = &xive->ends[*index];

        qemu_spin_lock(&end->lock);
        if (likely(qatomic_read(&xive->eat[lisn]) == eas)) {
            break;
        }
        qemu_spin_unlock(&end->lock);
    }
    valid = end->state.valid;
    notify = false;
    if (valid) {
        store_entry(end, eas & XV_EAS_EISN_MASK);
        notify = papr_end_notifies(&end->state);
    }
    qemu_spin_unlock(&end->lock);

    if (!valid) {
        qemu_log_mask(LOG_GUEST_ERROR, "xive: event of 0x%x dropped: server %u "
                      "has no queue of priority %u\n", lisn,
                      *index / XV_PRIORITIES, *index % XV_PRIORITIES);
    }
    return notify;
}

/* Deliver an event that the ESB of @lisn has forwarded */
static void route_event(PaprXive *xive, uint32_t lisn)
{
    uint32_t index;
    bool notify = enqueue_event(xive, lisn, &index);

    papr_esb_delivered(&xive->status[lisn]);
    if (notify) {
        papr_xive_present(xive, index);
    }
}

void papr_xive_trigger(PaprXive *xive, uint32_t lisn)
{
    trace_papr_xive_trigger(lisn);
    if (papr_esb_trigger(&xive->status[lisn])) {
        route_event(xive, lisn);
    }
}

void papr_xive_set_level(PaprXive *xive, uint32_t lisn, bool level)
{
    if (!papr_xive_is_lsi(xive, lisn)) {
        if (level) {
            papr_xive_trigger(xive, lisn);
        }
        return;
    }
    trace_papr_xive_level(lisn, level);
    if (papr_esb_level(&xive->status[lisn], level)) {
        route_event(xive, lisn);
    }
}

uint64_t papr_xive_eoi(PaprXive *xive, uint32_t lisn)
{
    uint8_t old;

    if (papr_esb_eoi(&xive->status[lisn], &old)) {
        route_event(xive, lisn);
    }
    return old;
}

uint64_t papr_xive_set_pq(PaprXive *xive, uint32_t lisn, uint8_t pq)
{
    uint8_t old;

    if (papr_esb_set(&xive->status[lisn], pq, &old)) {
        route_event(xive, lisn);
    }
    return old;
}

/*
 * Wait for the events of a source that other threads are delivering.  These
 * threads take no lock that the caller may hold (see the file's head), so the
 * wait takes a few hundred cycles; there is a limit, since the guest's vCPUs
 * can trigger the source without end.
 */
int64_t papr_xive_sync(PaprXive *xive, uint32_t lisn)
{
    for (int i = 0; i < 100000; i++) {
        if (!papr_esb_in_progress(&xive->status[lisn])) {
            return H_SUCCESS;
        }
        cpu_relax();
    }
    return H_BUSY;
}

/* Configuration */

void papr_xive_set_eas(PaprXive *xive, uint32_t lisn, uint64_t eas)
{
    uint64_t old = qatomic_xchg(&xive->eat[lisn], eas);
    PaprEnd *end = &xive->ends[papr_eas_end(old)];

    /* Wait for threads that use the old word, see enqueue_event() */
    qemu_spin_lock(&end->lock);
    qemu_spin_unlock(&end->lock);
}

/*
 * The cache is filled in here rather than by address_space_cache_init(), which
 * would reference the whole FlatView, and so every device that is unplugged
 * while the queue is set.  This one references the queue's RAM only.
 */
static bool map_queue(MemoryRegionCache *queue, const PaprEndState *state)
{
    uint64_t size = 1ULL << state->shift;
    MemoryRegionSection ram;

    ram = memory_region_find(get_system_memory(), state->addr, size);
    if (!ram.mr) {
        return false;
    }
    if (int128_get64(ram.size) < size ||
        ram.offset_within_address_space != state->addr ||
        !memory_access_is_direct(ram.mr, true, MEMTXATTRS_UNSPECIFIED)) {
        memory_region_unref(ram.mr);
        return false;
    }
    *queue = (MemoryRegionCache){
        .ptr = (uint8_t *)memory_region_get_ram_ptr(ram.mr) +
               ram.offset_within_region,
        .xlat = ram.offset_within_region,
        .len = size,
        .mrs = ram,
        .is_write = true,
    };
    return true;
}

bool papr_xive_set_queue(PaprXive *xive, uint32_t end_index,
                         const PaprEndState *state)
{
    PaprEnd *end = &xive->ends[end_index];
    MemoryRegionCache queue = {}, old;

    if (state->valid && !map_queue(&queue, state)) {
        return false;
    }
    qemu_spin_lock(&end->lock);
    old = end->queue;
    end->queue = queue;
    end->state = *state;
    qemu_spin_unlock(&end->lock);

    if (old.ptr) {
        memory_region_unref(old.mrs.mr);
    }
    return true;
}

PaprEndState papr_xive_end_state(PaprXive *xive, uint32_t end_index)
{
    PaprEnd *end = &xive->ends[end_index];
    PaprEndState state;

    qemu_spin_lock(&end->lock);
    state = end->state;
    qemu_spin_unlock(&end->lock);
    return state;
}

void papr_xive_set_end_pos(PaprXive *xive, uint32_t end_index, PaprEqPos pos)
{
    PaprEnd *end = &xive->ends[end_index];

    qemu_spin_lock(&end->lock);
    end->state.pos = pos;
    qemu_spin_unlock(&end->lock);
}
