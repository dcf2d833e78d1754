/*
 * XICS: the state of an interrupt source, pure
 *
 * A source has an entry of target server and priority (the "XIVE", external
 * interrupt vector entry, of LoPAR 7.3.10; not to be confused with the
 * controller of that name) and some status bits.  They are one 64-bit word,
 * updated by compare-and-swap, laid out as the fields that migrate.
 *
 * An interrupt that is due has one owner at any time, so that it is presented
 * once: the source, where it waits, or the thread that took it from there with
 * papr_source_take() and offers it to the server.  That thread puts it back if
 * the server refuses it.
 *   message (MSI): it waits while REJECTED, or MASKED_PENDING if the source is
 *                  off (priority 0xff)
 *   level (LSI):   it waits while ASSERTED and not SENT
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_INTC_PSERIES_XICS_SOURCE_STATE_H
#define HW_INTC_PSERIES_XICS_SOURCE_STATE_H

#include "icp-state.h"

/* Values of migration streams */
enum {
    PAPR_SOURCE_ASSERTED = 0x01,        /* LSI: the line is up */
    PAPR_SOURCE_SENT = 0x02,            /* LSI: offered or in service */
    PAPR_SOURCE_REJECTED = 0x04,        /* MSI: refused, to be sent again */
    PAPR_SOURCE_MASKED_PENDING = 0x08,  /* MSI: came while the source is off */
    /* KVM's own, see papr_source_settle() */
    PAPR_SOURCE_PRESENTED = 0x10,       /* MSI: not ended by the guest yet */
    PAPR_SOURCE_QUEUED = 0x20,          /* MSI: and one more has come */
};

enum {
    PAPR_SOURCE_LSI = 0x1,
    PAPR_SOURCE_MSI = 0x2,              /* neither: not claimed */
};

typedef union PaprSource {
    struct {
        uint32_t server;
        uint8_t priority;
        uint8_t saved_priority;         /* by ibm,int-off, for ibm,int-on */
        uint8_t status;
        uint8_t flags;
    };
    uint64_t word;
} PaprSource;

static inline PaprSource papr_source_off(uint8_t flags)
{
    return (PaprSource) {
        .priority = PAPR_PRIO_NONE,
        .saved_priority = PAPR_PRIO_NONE,
        .flags = flags,
    };
}

/** papr_source_waits: is there an interrupt to be offered to the server? */
static inline bool papr_source_waits(PaprSource s)
{
    if (s.priority == PAPR_PRIO_NONE) {
        return false;
    }
    if (s.flags & PAPR_SOURCE_LSI) {
        return (s.status & (PAPR_SOURCE_ASSERTED | PAPR_SOURCE_SENT)) ==
               PAPR_SOURCE_ASSERTED;
    }
    return s.status & PAPR_SOURCE_REJECTED;
}

/**
 * papr_source_settle - convert a stream's state, maybe KVM's, to the model's
 *
 * KVM sets both bits, rejected and masked pending, for a message that is due,
 * and keeps one that came while another is in service (queued) until the EOI.
 * The model offers a queued message to the server at once.
 */
static inline PaprSource papr_source_settle(PaprSource s)
{
    const uint8_t due = PAPR_SOURCE_REJECTED | PAPR_SOURCE_MASKED_PENDING |
                        PAPR_SOURCE_QUEUED;

    if (!(s.flags & PAPR_SOURCE_LSI) && (s.status & due)) {
        s.status &= ~due;
        s.status |= s.priority == PAPR_PRIO_NONE ? PAPR_SOURCE_MASKED_PENDING
                                                 : PAPR_SOURCE_REJECTED;
    }
    s.status &= ~(PAPR_SOURCE_PRESENTED | PAPR_SOURCE_QUEUED);
    return s;
}

/** papr_source_take: the state after the interrupt that waits was taken */
static inline PaprSource papr_source_take(PaprSource s)
{
    if (s.flags & PAPR_SOURCE_LSI) {
        s.status |= PAPR_SOURCE_SENT;
    } else {
        s.status &= ~PAPR_SOURCE_REJECTED;
    }
    return s;
}

/** papr_source_put_back: the state after a taken interrupt was returned */
static inline PaprSource papr_source_put_back(PaprSource s)
{
    if (s.flags & PAPR_SOURCE_LSI) {
        s.status &= ~PAPR_SOURCE_SENT;
    } else if (s.priority == PAPR_PRIO_NONE) {
        s.status |= PAPR_SOURCE_MASKED_PENDING;
    } else {
        s.status |= PAPR_SOURCE_REJECTED;
    }
    return s;
}

/** papr_source_level: the line of an LSI changes */
static inline PaprSource papr_source_level(PaprSource s, bool level)
{
    if (level) {
        s.status |= PAPR_SOURCE_ASSERTED;
    } else {
        s.status &= ~PAPR_SOURCE_ASSERTED;
    }
    return s;
}

/** papr_source_eoi: end of interrupt; an LSI that is still up is due again */
static inline PaprSource papr_source_eoi(PaprSource s)
{
    if (s.flags & PAPR_SOURCE_LSI) {
        s.status &= ~PAPR_SOURCE_SENT;
    }
    return s;
}

/** papr_source_route: set the entry; a message that waits keeps waiting */
static inline PaprSource papr_source_route(PaprSource s, uint32_t server,
                                           uint8_t priority, uint8_t saved)
{
    s.server = server;
    s.priority = priority;
    s.saved_priority = saved;
    if (priority == PAPR_PRIO_NONE && (s.status & PAPR_SOURCE_REJECTED)) {
        s.status &= ~PAPR_SOURCE_REJECTED;
        s.status |= PAPR_SOURCE_MASKED_PENDING;
    } else if (priority != PAPR_PRIO_NONE &&
               (s.status & PAPR_SOURCE_MASKED_PENDING)) {
        s.status &= ~PAPR_SOURCE_MASKED_PENDING;
        s.status |= PAPR_SOURCE_REJECTED;
    }
    return s;
}

/** papr_source_mask: ibm,int-off; a second one keeps the saved priority */
static inline PaprSource papr_source_mask(PaprSource s)
{
    return papr_source_route(s, s.server, PAPR_PRIO_NONE,
                             s.priority == PAPR_PRIO_NONE ? s.saved_priority
                                                          : s.priority);
}

/** papr_source_unmask: ibm,int-on */
static inline PaprSource papr_source_unmask(PaprSource s)
{
    return papr_source_route(s, s.server, s.saved_priority, s.saved_priority);
}

#endif
