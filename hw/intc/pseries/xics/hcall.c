/*
 * XICS: hypercalls of the presentation controller
 *
 * LoPAR 14.5.4.7.1 (H_EOI) to 14.5.4.7.5 (H_XIRR, H_XIRR-X).  Called by the
 * hypercall dispatch, without the big lock (BQL): an ICP is one atomic word,
 * and papr_cpu_line_follow() takes the BQL when the vCPU's input changes.  An
 * ICP is never freed, so another vCPU's removal does no harm.  While XIVE is
 * active the calls are disabled and return H_FUNCTION; a call that another vCPU
 * began before they were disabled finds an ICP that is off.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/pseries/hcall.h"
#include "xics.h"
#include "hw/intc/pseries/trace.h"

static int64_t h_cppr(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprIcp *icp = papr_vcpu(cpu)->icp;
    uint8_t cppr = args[0];

    trace_papr_xics_cppr(icp->server, cppr);
    papr_icp_h_cppr(icp, cppr);
    return H_SUCCESS;
}

static int64_t h_ipi(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprXics *xics = opaque;
    PaprIcp *icp = papr_xics_icp(&xics->arb, args[0]);
    uint8_t mfrr = args[1];

    if (!icp) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_IPI: no server 0x%" PRIx64 "\n",
                      args[0]);
        return H_PARAMETER;
    }
    trace_papr_xics_ipi(icp->server, mfrr);
    papr_icp_h_ipi(icp, mfrr);
    return H_SUCCESS;
}

static int64_t h_ipoll(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprXics *xics = opaque;
    PaprIcp *icp = papr_xics_icp(&xics->arb, args[0]);
    uint64_t state;

    if (!icp) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_IPOLL: no server 0x%" PRIx64 "\n",
                      args[0]);
        return H_PARAMETER;
    }
    state = qatomic_read(&icp->state);
    args[0] = papr_icp_xirr(state);
    args[1] = papr_icp_regs(state).mfrr;
    return H_SUCCESS;
}

static int64_t h_xirr(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprIcp *icp = papr_vcpu(cpu)->icp;

    args[0] = papr_icp_h_xirr(icp);
    trace_papr_xics_xirr(icp->server, args[0]);
    return H_SUCCESS;
}

/*
 * The time stamp is the timebase when the guest accepts the interrupt, since
 * the time of its arrival is not recorded.
 */
static int64_t h_xirr_x(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    int64_t rc = h_xirr(cpu, args, opaque);

    args[1] = cpu_ppc_load_tbl(&cpu->env);
    return rc;
}

/*
 * The number is checked first, since a call with one that no source can have
 * must change nothing.  The number of a released source is legal: a source may
 * be released while its interrupt is in service, and CPPR (current processor
 * priority) has to be restored.  CPPR is set before the source's EOI, so that
 * the ICP can accept an LSI (level signalled interrupt) that is still up.
 */
static int64_t h_eoi(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprXics *xics = opaque;
    PaprIcp *icp = papr_vcpu(cpu)->icp;
    uint32_t irq = args[0] & PAPR_XISR_MASK;

    trace_papr_xics_eoi(icp->server, args[0]);
    if (irq != PAPR_XISR_IPI && !papr_xics_source(&xics->arb, irq)) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_EOI: no source 0x%x\n", irq);
        return H_PARAMETER;
    }
    papr_icp_h_cppr(icp, (uint32_t)args[0] >> 24);
    papr_xics_eoi(&xics->arb, irq);     /* an IPI has no source */
    return H_SUCCESS;
}

static const PaprHcall xics_hcalls[] = {
    { H_EOI, PAPR_HCALL_LOCKLESS | PAPR_HCALL_IN_KVM, 1, 0, h_eoi },
    { H_CPPR, PAPR_HCALL_LOCKLESS | PAPR_HCALL_IN_KVM, 1, 0, h_cppr },
    { H_IPI, PAPR_HCALL_LOCKLESS | PAPR_HCALL_IN_KVM, 2, 0, h_ipi },
    { H_IPOLL, PAPR_HCALL_LOCKLESS | PAPR_HCALL_IN_KVM, 1, 2, h_ipoll },
    { H_XIRR, PAPR_HCALL_LOCKLESS | PAPR_HCALL_IN_KVM, 0, 1, h_xirr },
    { H_XIRR_X, PAPR_HCALL_LOCKLESS | PAPR_HCALL_IN_KVM, 1, 2, h_xirr_x },
};

void papr_xics_hcall_register(PaprXics *xics)
{
    papr_hcall_register(xics->hcalls, xics_hcalls, ARRAY_SIZE(xics_hcalls),
                        xics);
    papr_xics_hcall_enable(xics, false);
}

void papr_xics_hcall_enable(PaprXics *xics, bool enable)
{
    papr_hcall_enable(xics->hcalls, xics_hcalls, ARRAY_SIZE(xics_hcalls),
                      enable);
}
