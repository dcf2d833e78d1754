/*
 * KVM on PowerPC: what QEMU's other machines ask of it
 *
 * A build that has pseries and, say, e500 or a Macintosh, links their calls to
 * KVM too.  KVM does not run them here (kvm_arch_init() says so), so that
 * nobody gets to call these: each gives the answer of a host that lacks it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "target/ppc/kvm_ppc.h"

int kvmppc_get_hasidle(CPUPPCState *env)
{
    return 0;
}

bool kvmppc_has_cap_epr(void)
{
    return false;
}

void kvmppc_set_mpic_proxy(PowerPCCPU *cpu, int mpic_proxy)
{
}

int kvmppc_clear_tsr_bits(PowerPCCPU *cpu, uint32_t tsr_bits)
{
    return kvm_enabled() ? -ENOSYS : 0;
}

int kvmppc_set_tcr(PowerPCCPU *cpu)
{
    return kvm_enabled() ? -ENOSYS : 0;
}

int kvmppc_booke_watchdog_enable(PowerPCCPU *cpu)
{
    return -ENOSYS;
}
