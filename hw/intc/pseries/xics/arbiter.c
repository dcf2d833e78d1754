/*
 * XICS: operations at a presentation controller (ICP) that concern sources
 *
 * When an ICP accepts more than before, interrupts that wait at their sources
 * are offered to it; when it accepts less, the interrupt that it presents may
 * have to return to its source.  Called by hcall.c for the guest, by server.c
 * and xics.c for life cycle and migration.
 *
 * Locking: any thread, no lock; see struct PaprIcp for why nothing is lost.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/host-utils.h"
#include "arbiter.h"

/*
 * Each bit is cleared first and set again if the interrupt is refused, so that
 * this ends however fast interrupts come in.
 */
void papr_icp_resend(PaprIcp *icp)
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

/* After an operation of the guest was committed */
static inline void icp_finish_step(PaprIcp *icp, const PaprIcpStep *step)
{
    if (unlikely(step->displaced)) {
        papr_xics_displaced(icp->arb, step->displaced);
    }
    if (unlikely(step->resend)) {
        papr_icp_resend(icp);
    }
}

void papr_icp_h_cppr(PaprIcp *icp, uint8_t cppr)
{
    PaprIcpStep step;
    uint64_t old;

    do {
        old = papr_icp_read(icp);
        step = papr_icp_set_cppr(old, cppr);
    } while (!papr_icp_commit(icp, old, step.next));

    icp_finish_step(icp, &step);
}

void papr_icp_h_ipi(PaprIcp *icp, uint8_t mfrr)
{
    PaprIcpStep step;
    uint64_t old;

    do {
        old = papr_icp_read(icp);
        step = papr_icp_set_mfrr(old, mfrr);
    } while (!papr_icp_commit(icp, old, step.next));

    icp_finish_step(icp, &step);
}

void papr_icp_reset(PaprIcp *icp)
{
    uint64_t old;
    PaprIcpRegs regs;

    do {
        old = papr_icp_read(icp);
        regs = papr_icp_regs(old);
    } while (!papr_icp_commit(icp, old,
                         papr_icp_off(regs.resend ||
                                      regs.xisr > PAPR_XISR_IPI)));

    if (regs.xisr > PAPR_XISR_IPI) {
        papr_xics_displaced(icp->arb, regs.xisr);
    }
}
