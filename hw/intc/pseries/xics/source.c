/*
 * XICS: interrupt sources, and how they reach their servers
 *
 * Called with triggers and levels (irqs.c, through xics.c), by the guest's
 * RTAS calls on a source's entry (rtas.c), by H_EOI (hcall.c), and by arbiter.c
 * when an interrupt has to wait or may be offered again.
 *
 * Locking: any thread, no lock.  A source is one word updated by
 * compare-and-swap.  An interrupt that is due has one owner (source-state.h),
 * and does not wait for ever (struct PaprIcp).  One more race is here: a server
 * refuses an interrupt of the offering thread while another thread routes the
 * source to another server.
 * (1) The offering thread's source_park() returns the interrupt to the source
 *     and reads the route in the same compare-and-swap.
 * (2) If the route changed before (1), the offering thread sees the new route,
 *     and offers the interrupt to the new server.
 * (3) If the route changes after (1), the routing thread finds the interrupt
 *     waiting, and offers it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/log.h"
#include "arbiter.h"
#include "hw/intc/pseries/trace.h"

/*
 * Replace *@source by @next if it equals *@s.  Afterwards *@s is the value of
 * *@source, also on failure.
 */
static inline bool source_commit(PaprSource *source, PaprSource *s,
                                 PaprSource next)
{
    uint64_t now = qatomic_cmpxchg(&source->word, s->word, next.word);
    bool done = now == s->word;

    s->word = done ? next.word : now;
    return done;
}

/* Take the interrupt that waits at @source, if any; *@s is the new state */
static bool source_take(PaprSource *source, PaprSource *s)
{
    *s = papr_source_read(source);
    do {
        if (!papr_source_waits(*s)) {
            return false;
        }
    } while (!source_commit(source, s, papr_source_take(*s)));
    return true;
}

/*
 * Put @irq back to its source, to wait there.  True if it must be offered once
 * more: the caller owns it again, and *@s has the server.
 */
static bool source_park(PaprArbiter *arb, uint32_t irq, PaprSource *s)
{
    PaprSource *source = papr_xics_source(arb, irq);
    PaprIcp *icp;

    if (!source) {
        return false;
    }
    *s = papr_source_read(source);
    while (!source_commit(source, s, papr_source_put_back(*s))) {
        /* *s is read anew */
    }
    if (!papr_source_waits(*s)) {
        return false;
    }
    icp = papr_xics_server(arb, s->server);
    if (!icp) {
        return false;
    }
    if (papr_icp_wait(icp, irq - PAPR_XICS_BASE, s->priority)) {
        return false;
    }
    return source_take(source, s);
}

/* Offer @irq, which the caller owns, and then any interrupt it displaces */
static void source_deliver(PaprArbiter *arb, uint32_t irq, PaprSource s)
{
    do {
        PaprIcp *icp = papr_xics_server(arb, s.server);
        uint32_t displaced = 0;

        trace_papr_xics_offer(irq, s.server, s.priority);
        if (!icp) {
            qemu_log_mask(LOG_GUEST_ERROR, "XICS: interrupt 0x%x is for server "
                          "%u, which does not exist\n", irq, s.server);
        } else if (papr_icp_try(icp, irq, s.priority, &displaced)) {
            if (!displaced) {
                return;
            }
            irq = displaced;
        }
    } while (source_park(arb, irq, &s));
}

void papr_xics_resend(PaprArbiter *arb, uint32_t irq)
{
    PaprSource *source = papr_xics_source(arb, irq);
    PaprSource s;

    if (source && source_take(source, &s)) {
        source_deliver(arb, irq, s);
    }
}

void papr_xics_displaced(PaprArbiter *arb, uint32_t irq)
{
    PaprSource s;

    if (source_park(arb, irq, &s)) {
        source_deliver(arb, irq, s);
    }
}

void papr_xics_resend_all(PaprArbiter *arb)
{
    for (uint32_t n = 0; n < PAPR_XICS_SOURCES; n++) {
        papr_xics_resend(arb, PAPR_XICS_BASE + n);
    }
}

void papr_xics_trigger(PaprArbiter *arb, uint32_t irq)
{
    PaprSource *source = &arb->sources[irq - PAPR_XICS_BASE];
    PaprSource s = papr_source_read(source);

    trace_papr_xics_trigger(irq);
    while (s.priority == PAPR_PRIO_NONE) {
        if (source_commit(source, &s, papr_source_put_back(s))) {
            return;
        }
    }
    if (s.status & PAPR_SOURCE_REJECTED) {
        /*
         * An earlier event waits, and this one merges with it, provided that
         * the earlier one still waits once all that the device wrote before
         * this trigger is visible.
         */
        smp_mb();
        s = papr_source_read(source);
        if (s.status & PAPR_SOURCE_REJECTED) {
            return;
        }
        if (s.priority == PAPR_PRIO_NONE) {
            papr_xics_displaced(arb, irq);
            return;
        }
    }
    source_deliver(arb, irq, s);
}

void papr_xics_set_level(PaprArbiter *arb, uint32_t irq, bool level)
{
    PaprSource *source = &arb->sources[irq - PAPR_XICS_BASE];
    PaprSource s = papr_source_read(source);

    trace_papr_xics_set_level(irq, level);
    while (!source_commit(source, &s, papr_source_level(s, level))) {
        /* s is read anew */
    }
    papr_xics_resend(arb, irq);
}

void papr_xics_eoi(PaprArbiter *arb, uint32_t irq)
{
    PaprSource *source = papr_xics_source(arb, irq);
    PaprSource s;

    if (!source) {
        return;
    }
    s = papr_source_read(source);
    if (!(s.flags & PAPR_SOURCE_LSI)) {
        return;
    }
    while (!source_commit(source, &s, papr_source_eoi(s))) {
        /* s is read anew */
    }
    papr_xics_resend(arb, irq);
}

void papr_xics_route(PaprArbiter *arb, uint32_t irq, uint32_t server,
                     uint8_t priority)
{
    PaprSource *source = &arb->sources[irq - PAPR_XICS_BASE];
    PaprSource s = papr_source_read(source);

    while (!source_commit(source, &s, papr_source_route(s, server, priority,
                                                        priority))) {
        /* s is read anew */
    }
    papr_xics_resend(arb, irq);
}

void papr_xics_mask(PaprArbiter *arb, uint32_t irq)
{
    PaprSource *source = &arb->sources[irq - PAPR_XICS_BASE];
    PaprSource s = papr_source_read(source);

    while (!source_commit(source, &s, papr_source_mask(s))) {
        /* s is read anew */
    }
}

void papr_xics_unmask(PaprArbiter *arb, uint32_t irq)
{
    PaprSource *source = &arb->sources[irq - PAPR_XICS_BASE];
    PaprSource s = papr_source_read(source);

    while (!source_commit(source, &s, papr_source_unmask(s))) {
        /* s is read anew */
    }
    papr_xics_resend(arb, irq);
}

void papr_xics_source_reset(PaprArbiter *arb, uint32_t irq, uint8_t flags)
{
    PaprSource off = papr_source_off(flags);

    qatomic_set(&arb->sources[irq - PAPR_XICS_BASE].word, off.word);
}
