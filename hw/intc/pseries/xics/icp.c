/*
 * XICS: presentation controllers (ICP)
 *
 * PowerPC External Interrupt Architecture, as far as LoPAR 14.5.4.7 shows it to
 * a partition.  Called by source.c, which offers interrupts or has them wait,
 * and by hcall.c for H_XIRR.  Operations after which other interrupts return to
 * their sources, or are offered again, are in arbiter.c.
 *
 * Locking: any thread, no lock; see struct PaprIcp for why nothing is lost, and
 * irq/cpu-line.h for how the vCPU's input follows.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "arbiter.h"

PaprIcp *papr_xics_server(PaprArbiter *arb, uint64_t server)
{
    return server < arb->n_servers
           ? qatomic_load_acquire(&arb->servers[server]) : NULL;
}

PaprIcp *papr_xics_icp(PaprArbiter *arb, uint64_t server)
{
    PaprIcp *icp = papr_xics_server(arb, server);

    return icp && qatomic_read(&icp->present) ? icp : NULL;
}

bool papr_icp_try(PaprIcp *icp, uint32_t irq, uint8_t priority,
                  uint32_t *displaced)
{
    PaprIcpStep step;
    uint64_t old;

    do {
        old = papr_icp_read(icp);
        step = papr_icp_offer(old, irq, priority);
    } while (!papr_icp_commit(icp, old, step.next));

    *displaced = step.displaced;
    return step.taken;
}

bool papr_icp_wait(PaprIcp *icp, uint32_t n, uint8_t priority)
{
    PaprIcpRegs regs;

    qatomic_or(&icp->waiting[n / 64], 1ull << (n % 64));
    qatomic_or(&icp->waiting_words, 1ull << (n / 64));
    smp_mb();                           /* (2) before (3) of struct PaprIcp */

    regs = papr_icp_regs(papr_icp_read(icp));
    return regs.resend && !papr_icp_can_take(papr_icp_word(&regs), priority);
}

uint32_t papr_icp_h_xirr(PaprIcp *icp)
{
    PaprIcpStep step;
    uint64_t old;

    do {
        old = papr_icp_read(icp);
        step = papr_icp_accept(old);
    } while (!papr_icp_commit(icp, old, step.next));

    return papr_icp_xirr(old);
}
