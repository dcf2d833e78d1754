/*
 * XICS: what the files of this folder share
 *
 * XICS is the PowerPC External Interrupt option (LoPAR 6.2): sources, which
 * know server and priority, and one presentation controller (ICP) a server.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_INTC_PSERIES_XICS_XICS_H
#define HW_INTC_PSERIES_XICS_XICS_H

#include "hw/qdev-core.h"
#include "hw/pseries/irq.h"
#include "hw/intc/pseries/irq/cpu-line.h"
#include "icp-state.h"
#include "source-state.h"

#define TYPE_PAPR_XICS "ics-spapr"
OBJECT_DECLARE_SIMPLE_TYPE(PaprXics, PAPR_XICS)

#define PAPR_XICS_SOURCES (PAPR_IRQ_END - PAPR_IRQ_XICS_BASE)
#define PAPR_ICP_WAIT_WORDS (PAPR_XICS_SOURCES / 64)
QEMU_BUILD_BUG_ON(PAPR_ICP_WAIT_WORDS != 64);

/**
 * PaprIcp - the presentation controller of one server
 *
 * Made when the server's vCPU first appears and kept when that goes, so that
 * other threads may use it without a lock.
 *
 * No lock guards @state, @waiting and @waiting_words.  Lost wakeups: a source
 * that is refused (1) has seen to it that the ICP's resend bit is set, (2) sets
 * its bit in @waiting, (3) looks at @state again and starts over if the resend
 * bit is gone or the ICP could take it now.  Who opens the ICP (a) clears the
 * resend bit, (b) walks @waiting.  If (b) misses the bit of (2), then (a) came
 * before (3), which finds it so.  All are full barriers.
 */
struct PaprIcp {
    uint64_t state;                     /* atomic, see icp-state.h */
    uint64_t waiting_words;             /* atomic: which of @waiting to look at */
    uint64_t waiting[PAPR_ICP_WAIT_WORDS]; /* atomic: a bit a source */
    bool present;                       /* atomic: its vCPU is there */
    uint32_t server;
    PaprXics *xics;
    PaprCpuLine line;                   /* BQL */
    int cpu_index;

    /* @state as it migrates: filled before saving, read after loading */
    uint32_t mig_xirr;
    uint8_t mig_pending;
    uint8_t mig_mfrr;
};

/** PaprXics - the sources, and where to find the ICPs */
struct PaprXics {
    DeviceState parent_obj;

    uint32_t nr_irqs;
    PaprSource *irqs;                   /* each .word atomic */
    uint32_t n_servers;
    PaprIcp **servers;                  /* by number; written once, atomic */
    PaprVcpuMap *vcpus;
    PaprHcallTable *hcalls;
    bool active;                        /* BQL */
};

/* icp.c */

/**
 * papr_xics_server - the ICP of server @server (any), or NULL
 *
 * Also when its vCPU has gone: it takes nothing then, interrupts wait for it.
 */
PaprIcp *papr_xics_server(PaprXics *xics, uint64_t server);

/** papr_xics_icp: the same, but only for a server that is there */
PaprIcp *papr_xics_icp(PaprXics *xics, uint64_t server);

/** papr_icp_try: offer @irq; false if refused.  @displaced as PaprIcpStep */
bool papr_icp_try(PaprIcp *icp, uint32_t irq, uint8_t priority,
                  uint32_t *displaced);

/** papr_icp_wait: source @n waits for this ICP; false: offer it once more */
bool papr_icp_wait(PaprIcp *icp, uint32_t n, uint8_t priority);

void papr_icp_h_cppr(PaprIcp *icp, uint8_t cppr);
void papr_icp_h_ipi(PaprIcp *icp, uint8_t mfrr);
uint32_t papr_icp_h_xirr(PaprIcp *icp);

/** papr_icp_reset: all off; what was presented waits at its source */
void papr_icp_reset(PaprIcp *icp);

bool papr_icp_create(PaprXics *xics, PaprVcpu *vcpu, Error **errp);
void papr_icp_destroy(PaprXics *xics, PaprVcpu *vcpu);
void papr_icp_print_info(PaprIcp *icp, GString *buf);

/* source.c; any thread.  @irq is any number where it says so */

/** papr_xics_source: the source of number @irq (any), or NULL */
static inline PaprSource *papr_xics_source(PaprXics *xics, uint64_t irq)
{
    return irq >= PAPR_IRQ_XICS_BASE &&
           irq - PAPR_IRQ_XICS_BASE < PAPR_XICS_SOURCES
           ? &xics->irqs[irq - PAPR_IRQ_XICS_BASE] : NULL;
}

static inline PaprSource papr_source_read(PaprSource *source)
{
    return (PaprSource) { .word = qatomic_read(&source->word) };
}

void papr_xics_trigger(PaprXics *xics, uint32_t irq);
void papr_xics_set_level(PaprXics *xics, uint32_t irq, bool level);

/** papr_xics_eoi: the guest ends @irq (any) */
void papr_xics_eoi(PaprXics *xics, uint32_t irq);

/** papr_xics_resend: offer @irq (any) if it waits */
void papr_xics_resend(PaprXics *xics, uint32_t irq);

/** papr_xics_displaced: @irq (any), taken from its source, goes back there */
void papr_xics_displaced(PaprXics *xics, uint32_t irq);

/** papr_xics_resend_all: as after loading a migration stream */
void papr_xics_resend_all(PaprXics *xics);

void papr_xics_route(PaprXics *xics, uint32_t irq, uint32_t server,
                     uint8_t priority);
void papr_xics_mask(PaprXics *xics, uint32_t irq);
void papr_xics_unmask(PaprXics *xics, uint32_t irq);

/** papr_xics_source_reset: off; @flags as PAPR_SOURCE_LSI, _MSI or 0 */
void papr_xics_source_reset(PaprXics *xics, uint32_t irq, uint8_t flags);

/* hcall.c, rtas.c */
void papr_xics_hcall_register(PaprXics *xics);
void papr_xics_hcall_enable(PaprXics *xics, bool enable);
void papr_xics_rtas_register(PaprXics *xics, PaprRtas *rtas);

#endif
