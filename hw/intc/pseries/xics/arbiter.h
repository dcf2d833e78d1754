/*
 * XICS: sources and presentation controllers (ICP), by any thread
 *
 * No device headers, so that it is tested on the host, with threads
 * (tests/unit/pseries/test-icp.c).  icp.c has the operations of an ICP alone;
 * source.c has those of devices and of the guest on sources, and calls icp.c;
 * arbiter.c has the operations of an ICP that concern sources, and calls
 * source.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_INTC_PSERIES_XICS_ARBITER_H
#define HW_INTC_PSERIES_XICS_ARBITER_H

#include "qemu/atomic.h"
#include "icp-state.h"
#include "source-state.h"

#define PAPR_XICS_BASE 0x1000           /* number of the first source */
#define PAPR_XICS_SOURCES 0x1000
#define PAPR_ICP_WAIT_WORDS (PAPR_XICS_SOURCES / 64)
QEMU_BUILD_BUG_ON(PAPR_ICP_WAIT_WORDS != 64);

typedef struct PaprArbiter PaprArbiter;
typedef struct PaprIcp PaprIcp;

/**
 * PaprIcp - the presentation controller of one server
 *
 * Created with the server's vCPU, and not freed when the vCPU is unplugged, so
 * that other threads may use it without a lock.
 *
 * No lock guards @state, @waiting and @waiting_words.  No interrupt waits for
 * ever.  Two threads: the offering thread, whose interrupt the ICP refuses,
 *   (1) sets the ICP's resend bit in the step that refuses,
 *   (2) sets the source's bit in @waiting,
 *   (3) reads @state again, and offers the interrupt once more if the resend
 *       bit is clear or the ICP would accept the interrupt now.
 * The accepting thread, which makes the ICP accept less favored interrupts,
 *   (a) clears the resend bit,
 *   (b) offers all sources whose bits are in @waiting.
 * If (b) misses the bit of (2), then (a) was before (3).  If (a) was after (1),
 * (3) sees that the resend bit is clear.  If (a) was before (1), the ICP has
 * refused the interrupt under the limit that (a) set: it has to wait.  Each
 * step is a full barrier.
 */
struct PaprIcp {
    uint64_t state;                     /* atomic, see icp-state.h */
    uint64_t waiting_words;             /* atomic: a bit per word of @waiting */
    uint64_t waiting[PAPR_ICP_WAIT_WORDS]; /* atomic: one bit per source */
    bool present;                       /* atomic: its vCPU is plugged */
    uint32_t server;
    PaprArbiter *arb;
    /* called when papr_icp_presents() may have changed */
    void (*follow)(PaprIcp *icp);
};

/** PaprArbiter - all sources, and where to find the ICPs */
struct PaprArbiter {
    PaprSource *sources;                /* each .word atomic */
    uint32_t n_servers;
    PaprIcp **servers;                  /* by number; written once, atomic */
};

/* icp.c */

/** papr_icp_read, papr_icp_commit: apply a step of icp-state.h; any thread */
static inline uint64_t papr_icp_read(const PaprIcp *icp)
{
    return qatomic_read(&icp->state);
}

/* Put @next in place of @old, and update the vCPU's input; false: try again */
static inline bool papr_icp_commit(PaprIcp *icp, uint64_t old, uint64_t next)
{
    if (qatomic_cmpxchg(&icp->state, old, next) != old) {
        return false;
    }
    if (papr_icp_presents(old) != papr_icp_presents(next)) {
        icp->follow(icp);
    }
    return true;
}

/**
 * papr_xics_server - the ICP of @server (any number), or NULL
 *
 * The ICP is found also if its vCPU is unplugged: then it accepts nothing, and
 * interrupts wait at their sources.
 */
PaprIcp *papr_xics_server(PaprArbiter *arb, uint64_t server);

/** papr_xics_icp: the same, but only for a server whose vCPU is plugged */
PaprIcp *papr_xics_icp(PaprArbiter *arb, uint64_t server);

/** papr_icp_try: offer @irq; false if refused.  @displaced as PaprIcpStep */
bool papr_icp_try(PaprIcp *icp, uint32_t irq, uint8_t priority,
                  uint32_t *displaced);

/** papr_icp_wait: source @n waits for this ICP; false: offer it once more */
bool papr_icp_wait(PaprIcp *icp, uint32_t n, uint8_t priority);

uint32_t papr_icp_h_xirr(PaprIcp *icp);

/* source.c; any thread.  "@irq (any)": numbers without a source, too */

/** papr_xics_source: the source of number @irq (any), or NULL */
static inline PaprSource *papr_xics_source(PaprArbiter *arb, uint64_t irq)
{
    return irq >= PAPR_XICS_BASE && irq - PAPR_XICS_BASE < PAPR_XICS_SOURCES
           ? &arb->sources[irq - PAPR_XICS_BASE] : NULL;
}

static inline PaprSource papr_source_read(PaprSource *source)
{
    return (PaprSource) { .word = qatomic_read(&source->word) };
}

void papr_xics_trigger(PaprArbiter *arb, uint32_t irq);
void papr_xics_set_level(PaprArbiter *arb, uint32_t irq, bool level);

/** papr_xics_eoi: end of interrupt @irq (any) */
void papr_xics_eoi(PaprArbiter *arb, uint32_t irq);

/** papr_xics_resend: offer @irq (any) if it waits */
void papr_xics_resend(PaprArbiter *arb, uint32_t irq);

/** papr_xics_displaced: return an owned interrupt @irq (any) to its source */
void papr_xics_displaced(PaprArbiter *arb, uint32_t irq);

/** papr_xics_resend_all: papr_xics_resend() for all; a stream was loaded */
void papr_xics_resend_all(PaprArbiter *arb);

void papr_xics_route(PaprArbiter *arb, uint32_t irq, uint32_t server,
                     uint8_t priority);
void papr_xics_mask(PaprArbiter *arb, uint32_t irq);
void papr_xics_unmask(PaprArbiter *arb, uint32_t irq);

/** papr_xics_source_reset: off; @flags as PAPR_SOURCE_LSI, _MSI or 0 */
void papr_xics_source_reset(PaprArbiter *arb, uint32_t irq, uint8_t flags);

/* arbiter.c; any thread */

/** papr_icp_resend: offer all interrupts that wait for this ICP */
void papr_icp_resend(PaprIcp *icp);

void papr_icp_h_cppr(PaprIcp *icp, uint8_t cppr);
void papr_icp_h_ipi(PaprIcp *icp, uint8_t mfrr);

/** papr_icp_reset: to papr_icp_off(); what was presented waits at its source */
void papr_icp_reset(PaprIcp *icp);

#endif
