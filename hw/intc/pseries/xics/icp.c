/*
 * XICS: presentation controllers (ICP)
 *
 * PowerPC External Interrupt Architecture, as far as LoPAR 14.5.4.7 shows it to
 * a partition.  Called by source.c with interrupts to present, by hcall.c for
 * the guest, by xics.c for life cycle and migration.
 *
 * Locking: any thread, no lock; see struct PaprIcp for why nothing is lost, and
 * irq/cpu-line.h for how the vCPU's input follows.  Making, removing, loading
 * and saving an ICP: with the big lock (BQL).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/atomic.h"
#include "migration/vmstate.h"
#include "xics.h"
#include "hw/intc/pseries/trace.h"

static inline uint64_t icp_read(const PaprIcp *icp)
{
    return qatomic_read(&icp->state);
}

static bool icp_line_wanted(const void *opaque)
{
    return papr_icp_presents(icp_read(opaque));
}

static void icp_follow(PaprIcp *icp)
{
    papr_cpu_line_follow(&icp->line, icp_line_wanted, icp);
}

/* Put @next in place of @old and see to the vCPU's input; false: try again */
static inline bool icp_commit(PaprIcp *icp, uint64_t old, uint64_t next)
{
    if (qatomic_cmpxchg(&icp->state, old, next) != old) {
        return false;
    }
    if (papr_icp_presents(old) != papr_icp_presents(next)) {
        icp_follow(icp);
    }
    return true;
}

PaprIcp *papr_xics_server(PaprXics *xics, uint64_t server)
{
    return server < xics->n_servers
           ? qatomic_load_acquire(&xics->servers[server]) : NULL;
}

PaprIcp *papr_xics_icp(PaprXics *xics, uint64_t server)
{
    PaprIcp *icp = papr_xics_server(xics, server);

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
    smp_mb();

    regs = papr_icp_regs(icp_read(icp));
    return regs.resend && !papr_icp_can_take(papr_icp_word(&regs), priority);
}

/*
 * See to all that wait.  Each is taken out first and comes back when it is
 * refused again, so that this ends however fast they come in.
 */
static void icp_look(PaprIcp *icp)
{
    uint64_t words = qatomic_xchg(&icp->waiting_words, 0);

    while (words) {
        unsigned int i = ctz64(words);
        uint64_t bits = qatomic_xchg(&icp->waiting[i], 0);

        words &= words - 1;
        while (bits) {
            papr_xics_resend(icp->xics,
                             PAPR_IRQ_XICS_BASE + i * 64 + ctz64(bits));
            bits &= bits - 1;
        }
    }
}

/* What an operation of the guest entails */
static inline void icp_aftermath(PaprIcp *icp, const PaprIcpStep *step)
{
    if (unlikely(step->displaced)) {
        papr_xics_displaced(icp->xics, step->displaced);
    }
    if (unlikely(step->look)) {
        icp_look(icp);
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
        papr_xics_displaced(icp->xics, regs.xisr);
    }
}

static int icp_pre_save(void *opaque)
{
    PaprIcp *icp = opaque;
    PaprIcpRegs regs = papr_icp_regs(icp_read(icp));

    icp->mig_xirr = papr_icp_xirr(icp_read(icp));
    icp->mig_pending = regs.pending;
    icp->mig_mfrr = regs.mfrr;
    return 0;
}

/* Sources may have been loaded before or after: look at those that wait */
static int icp_post_load(void *opaque, int version_id)
{
    PaprIcp *icp = opaque;
    PaprIcpRegs regs = {
        .cppr = icp->mig_xirr >> 24,
        .xisr = icp->mig_xirr & PAPR_XISR_MASK,
        .mfrr = icp->mig_mfrr,
        .pending = icp->mig_pending,
        .resend = true,
    };

    if (regs.xisr == PAPR_XISR_NONE) {
        regs.pending = PAPR_PRIO_NONE;
    }
    qatomic_set(&icp->state, papr_icp_word(&regs));
    icp_follow(icp);
    papr_icp_h_ipi(icp, regs.mfrr);     /* present it, if it is due */
    icp_look(icp);
    return 0;
}

static const VMStateDescription vmstate_icp = {
    .name = "icp/server",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = icp_pre_save,
    .post_load = icp_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(mig_xirr, PaprIcp),
        VMSTATE_UINT8(mig_pending, PaprIcp),
        VMSTATE_UINT8(mig_mfrr, PaprIcp),
        VMSTATE_END_OF_LIST()
    },
};

bool papr_icp_create(PaprXics *xics, PaprVcpu *vcpu, Error **errp)
{
    PaprIcp *icp;

    if (vcpu->id >= xics->n_servers) {
        error_setg(errp, "vCPU id %u is beyond the %u interrupt servers of the "
                   "machine; use a larger maxcpus", vcpu->id, xics->n_servers);
        return false;
    }
    icp = xics->servers[vcpu->id];
    if (!icp) {
        icp = g_new0(PaprIcp, 1);
        icp->server = vcpu->id;
        icp->xics = xics;
        icp->state = papr_icp_off(false);
        qatomic_store_release(&xics->servers[vcpu->id], icp);
    }
    if (!papr_cpu_line_connect(&icp->line, vcpu->cpu, errp)) {
        return false;
    }
    icp->cpu_index = CPU(vcpu->cpu)->cpu_index;
    vcpu->icp = icp;
    vmstate_register(NULL, icp->cpu_index, &vmstate_icp, icp);
    qatomic_set(&icp->present, true);
    return true;
}

void papr_icp_destroy(PaprXics *xics, PaprVcpu *vcpu)
{
    PaprIcp *icp = vcpu->icp;

    if (!icp) {
        return;
    }
    qatomic_set(&icp->present, false);
    papr_icp_reset(icp);
    papr_cpu_line_disconnect(&icp->line);
    vmstate_unregister(NULL, &vmstate_icp, icp);
    vcpu->icp = NULL;
}

void papr_icp_print_info(PaprIcp *icp, GString *buf)
{
    uint64_t state = icp_read(icp);
    PaprIcpRegs regs = papr_icp_regs(state);

    g_string_append_printf(buf, "CPU %d XIRR=%08x PP=%02x MFRR=%02x\n",
                           icp->cpu_index, papr_icp_xirr(state), regs.pending,
                           regs.mfrr);
}
