/*
 * KVM on PowerPC: creation of a vCPU, and its interrupt input
 *
 * When a vCPU is realized (main thread), KVM gets its version register and PAPR
 * mode, and its file is mapped.  Each of these may fail, and a hotplug can
 * still be refused then.  The vCPU's own thread only runs it.
 *
 * Locking: BQL (big QEMU lock).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <linux/kvm.h>
#include "hw/core/cpu.h"
#include "accel/kvm/kvm-cpus.h"
#include "hw/ppc/ppc.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "system/kvm.h"
#include "system/kvm_int.h"
#include "system/runstate.h"
#include "target/ppc/kvm_ppc.h"
#include "hw/pseries/vcpu.h"
#include "hw/ppc/pseries/trace.h"
#include "internal.h"
#include "regs.h"

/*
 * Tell KVM which processor this is.  kvm-hv cannot emulate another processor:
 * it accepts the host's own version register only.
 */
static bool set_version(CPUState *cs, Error **errp)
{
    uint32_t pvr = POWERPC_CPU_GET_CLASS(cs)->pvr;
    struct kvm_sregs sregs;
    int ret = kvm_vcpu_ioctl(cs, KVM_GET_SREGS, &sregs);

    if (ret == 0) {
        sregs.pvr = pvr;
        ret = kvm_vcpu_ioctl(cs, KVM_SET_SREGS, &sregs);
    }
    if (ret == -EINVAL && pvr != papr_kvm_host_pvr()) {
        error_setg(errp, "KVM on this host has no CPU with version register "
                   "0x%08x, the host's is 0x%08x: use -cpu host", pvr,
                   papr_kvm_host_pvr());
        error_append_hint(errp, "For the mode of an older processor use "
                          "-machine pseries,max-cpu-compat=.\n");
    } else if (ret < 0) {
        error_setg_errno(errp, -ret, "KVM refuses the vCPU's registers");
    }
    return ret == 0;
}

static bool vcpu_set_up(CPUState *cs, Error **errp)
{
    int ret;

    if (!set_version(cs, errp)) {
        return false;
    }
    ret = kvm_vcpu_enable_cap(cs, KVM_CAP_PPC_PAPR, 0);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "KVM has no PAPR mode for this CPU");
        return false;
    }
    return true;
}

bool papr_kvm_realize(CPUState *cs, Error **errp)
{
    bool ok;
    int ret;

    ret = kvm_create_vcpu(cs);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "KVM cannot create vCPU %lu",
                         kvm_arch_vcpu_id(cs));
        return false;
    }
    ok = vcpu_set_up(cs, errp);
    /* KVM cannot remove a vCPU: it is parked for the next of this id */
    kvm_park_vcpu(cs);
    return ok && kvm_init_vcpu(cs, errp) >= 0;
}

int papr_kvm_init_vcpu(CPUState *cs)
{
    papr_kvm_debug_init_vcpu(cs);
    return 0;
}

int papr_kvm_destroy_vcpu(CPUState *cs)
{
    papr_kvm_debug_destroy_vcpu(cs);
    papr_kvm_vcpu_state_free(POWERPC_CPU(cs));
    return 0;
}

/*
 * The interrupt input, while QEMU emulates the interrupt controller.  KVM keeps
 * the level: it delivers the interrupt when the guest's MSR[EE] lets
 * it, and ends the guest's H_CEDE, which never leaves the kernel.  The kernel's
 * own controllers drive the same latch: it must be left to them.
 */
int papr_kvm_set_interrupt(PowerPCCPU *cpu, int irq, int level)
{
    struct kvm_interrupt request = {
        .irq = level ? KVM_INTERRUPT_SET_LEVEL : KVM_INTERRUPT_UNSET,
    };

    if (irq != PPC_INTERRUPT_EXT || kvm_irqchip_in_kernel()) {
        return 0;
    }
    trace_papr_kvm_interrupt(kvm_arch_vcpu_id(CPU(cpu)), level);
    /* any thread: for this ioctl KVM does not take the vCPU's lock */
    return kvm_vcpu_ioctl(CPU(cpu), KVM_INTERRUPT, &request);
}

void papr_kvm_put_external_interrupt(PowerPCCPU *cpu)
{
    papr_kvm_set_interrupt(cpu, PPC_INTERRUPT_EXT,
                         !!(cpu->env.pending_interrupts & PPC_INTERRUPT_EXT));
}

/*
 * A halted vCPU (stopped by RTAS or not started yet) waits in QEMU; a vCPU that
 * idles by H_CEDE waits in the kernel, and is not halted for QEMU.
 *
 * If putting a vCPU's registers failed, stop the machine: accel/kvm has
 * reported the error, but its vm_stop() has no effect when the machine starts
 * later.
 */
int papr_kvm_process_async_events(CPUState *cs)
{
    if (papr_kvm_vcpu_state(POWERPC_CPU(cs))->put_failed) {
        vm_stop(RUN_STATE_INTERNAL_ERROR);
        return true;
    }
    return cs->halted;
}

