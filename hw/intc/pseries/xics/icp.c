/*
 * XICS: presentation controllers (ICP)
 *
 * PowerPC External Interrupt Architecture, as far as LoPAR 14.5.4.7 shows it to
 * a partition.  Called by source.c with interrupts to present, by hcall.c for
 * the guest, by server.c for life cycle and migration.
 *
 * Locking: any thread, no lock; see struct PaprIcp for why nothing is lost, and
 * irq/cpu-line.h for how the vCPU's input follows.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/host-utils.h"
#include "arbiter.h"

static inline uint64_t icp_read(const PaprIcp *icp)
{
    return qatomic_read(&icp->state);
}

/* Put @next in place of @old and see to the vCPU's input; false: try again */
static inline bool icp_commit(PaprIcp *icp, uint64_t old, uint64_t next)
{
    if (qatomic_cmpxchg(&icp->state, old, next) != old) {
        return false;
    }
    if (papr_icp_presents(old) != papr_icp_presents(next)) {
        icp->follow(icp);
    }
    return true;
}

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
        old = icp_read(icp);
        step = papr_icp_offer(old, irq, priority);
    } while (!icp_commit(icp, old, step.next));

    *displaced = step.displaced;
    return step.taken;
}

bool papr_icp_wait(PaprIcp *icp, uint32_t n, uint8_t priority)
{
    PaprIcpRegs regs;

    qatomic_or(&icp->waiting[n / 64], 1ull << (n % 64));
    qatomic_or(&icp->waiting_words, 1ull << (n / 64));
    smp_mb();                           /* (2) before (3) of struct PaprIcp */

    regs = papr_icp_regs(icp_read(icp));
    return regs.resend && !papr_icp_can_take(papr_icp_word(&regs), priority);
}

/*
 * See to all that wait.  Each is taken out first and comes back when it is
 * refused again, so that this ends however fast they come in.
 */
void papr_icp_look(PaprIcp *icp)
{
    uint64_t words = qatomic_xchg(&icp->waiting_words, 0);

    while (words) {
        unsigned int i = ctz64(words);
        uint64_t bits = qatomic_xchg(&icp->waiting[i], 0);

        words &= words - 1;
        while (bits) {
            papr_xics_resend(icp->arb,
                             PAPR_XICS_BASE + i * 64 + ctz64(bits));
            bits &= bits - 1;
        }
    }
}

/* What an operation of the guest entails */
static inline void icp_aftermath(PaprIcp *icp, const PaprIcpStep *step)
{
    if (unlikely(step->displaced)) {
        papr_xics_displaced(icp->arb, step->displaced);
    }
    if (unlikely(step->look)) {
        papr_icp_look(icp);
    }
}

void papr_icp_h_cppr(PaprIcp *icp, uint8_t cppr)
{
    PaprIcpStep step;
    uint64_t old;

    do {
        old = icp_read(icp);
        step = papr_icp_set_cppr(old, cppr);
    } while (!icp_commit(icp, old, step.next));

    icp_aftermath(icp, &step);
}

void papr_icp_h_ipi(PaprIcp *icp, uint8_t mfrr)
{
    PaprIcpStep step;
    uint64_t old;

    do {
        old = icp_read(icp);
        step = papr_icp_set_mfrr(old, mfrr);
    } while (!icp_commit(icp, old, step.next));

    icp_aftermath(icp, &step);
}

uint32_t papr_icp_h_xirr(PaprIcp *icp)
{
    PaprIcpStep step;
    uint64_t old;

    do {
        old = icp_read(icp);
        step = papr_icp_accept(old);
    } while (!icp_commit(icp, old, step.next));

    return papr_icp_xirr(old);
}

void papr_icp_reset(PaprIcp *icp)
{
    uint64_t old;
    PaprIcpRegs regs;

    do {
        old = icp_read(icp);
        regs = papr_icp_regs(old);
    } while (!icp_commit(icp, old,
                         papr_icp_off(regs.resend ||
                                      regs.xisr > PAPR_XISR_IPI)));

    if (regs.xisr > PAPR_XISR_IPI) {
        papr_xics_displaced(icp->arb, regs.xisr);
    }
}
