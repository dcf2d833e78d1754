/*
 * KVM on PowerPC: exits of a vCPU
 *
 * papr_kvm_handle_exit() is called by the run loop, kvm_cpu_exec(), in the
 * vCPU's thread without the BQL (big QEMU lock).  0: the vCPU runs again.
 *
 * A hypercall always returns 0.  KVM exits with the program counter after
 * `sc 1`, and r3 to r12 still the arguments; it writes them from kvm_run when
 * the vCPU enters again, before anything else, even if it exits at once.  A
 * call that stops the vCPU, or resets the machine, has set the exit request:
 * the loop then enters with "immediate exit", which completes the call and runs
 * no instruction.  So registers that are read or replaced later (reset,
 * migration, gdb), outside of the loop, are those after the call.  The same
 * holds for memory-mapped I/O.
 *
 * While the kernel has XICS, the kernel reads the arguments of RTAS calls
 * first, and KVM_RUN fails if they are not all in RAM.  kvm_run has the call
 * nevertheless (papr_kvm_failed_run()), and it is handled like any other.
 *
 * A handler that changes registers itself (PAPR_HCALL_NEEDS_REGS) sees them as
 * they were at the call.  All registers are put before the call is completed:
 * so r3 to r12 become those of kvm_run, and all others are as the handler set
 * them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <linux/kvm.h>
#include "hw/core/cpu.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "system/hw_accel.h"
#include "system/kvm.h"
#include "system/kvm_int.h"
#include "target/ppc/cpu.h"
#include "hw/pseries/hcall.h"
#include "hw/ppc/pseries/trace.h"
#include "internal.h"

/* Set once by the machine, before vCPUs run */
static struct {
    PaprKvmMachineCheckFn *fn;
    void *opaque;
} machine_check;

void papr_kvm_on_machine_check(PaprKvmMachineCheckFn *fn, void *opaque)
{
    machine_check.fn = fn;
    machine_check.opaque = opaque;
}

static int exit_hypercall(PowerPCCPU *cpu, struct kvm_run *run)
{
    uint64_t *args = (uint64_t *)run->papr_hcall.args;

    QEMU_BUILD_BUG_ON(sizeof(run->papr_hcall.args) != 9 * sizeof(*args));
    run->papr_hcall.ret = papr_hcall_dispatch(cpu, run->papr_hcall.nr, args);
    /*
     * A halted vCPU must not execute another instruction, also if there is no
     * exit request.  If it has been woken since, the exit does no harm.
     */
    if (CPU(cpu)->halted) {
        cpu_exit(CPU(cpu));
    }
    return 0;
}

/* The host met an error in memory or processor while it ran this vCPU */
static int host_machine_check(PowerPCCPU *cpu, struct kvm_run *run)
{
    bool recovered = (run->flags & KVM_RUN_PPC_NMI_DISP_MASK) ==
                     KVM_RUN_PPC_NMI_DISP_FULLY_RECOV;

    BQL_LOCK_GUARD();
    trace_papr_kvm_machine_check(CPU(cpu)->cpu_index, recovered);
    if (recovered) {
        warn_report_once("the host met an error in memory or processor while "
                         "it ran vCPU id %d; it has recovered, and the guest "
                         "is notified: see the host's log", cpu->vcpu_id);
    } else {
        error_report_once("the host met an error in memory or processor while "
                          "it ran vCPU id %d, and has not recovered; the guest "
                          "is notified: see the host's log", cpu->vcpu_id);
    }
    machine_check.fn(machine_check.opaque, cpu, recovered);
    return 0;
}

/*
 * The host has no page at an address where the partition has memory: a page of
 * the kernel's XIVE that belongs to no source, or RAM that the host has lost.
 * On hardware that is a machine check, with these bits for a load or store
 * without a response.
 *
 * The user is warned once, as a guest can cause the former at will, and the
 * kernel does not distinguish the two.
 */
#define SRR1_MC_LOAD_STORE      PPC_BIT(42)
#define DSISR_MC_REAL_ADDRESS   PPC_BIT(57)

static int failed_access(PowerPCCPU *cpu)
{
    CPUPPCState *env = &cpu->env;

    BQL_LOCK_GUARD();
    cpu_synchronize_state(CPU(cpu));
    error_report_once("vCPU id %d accessed an address without host memory (NIP "
                      "0x%"PRIx64"): lost host memory (see the host's log) or "
                      "an interrupt source that does not exist (all accesses: "
                      "-d guest_errors)", cpu->vcpu_id, (uint64_t)env->nip);
    qemu_log_mask(LOG_GUEST_ERROR, "KVM: vCPU id %d accessed an address without"
                  " host memory (NIP 0x%"PRIx64")\n", cpu->vcpu_id,
                  (uint64_t)env->nip);
    trace_papr_kvm_machine_check(CPU(cpu)->cpu_index, false);
    env->spr[SPR_SRR0] = env->nip;
    env->spr[SPR_SRR1] = env->msr | SRR1_MC_LOAD_STORE;
    env->spr[SPR_DSISR] = DSISR_MC_REAL_ADDRESS;
    env->error_code = SRR1_MC_LOAD_STORE;
    machine_check.fn(machine_check.opaque, cpu, false);
    return 0;
}

static int exit_debug(PowerPCCPU *cpu, struct kvm_run *run)
{
    BQL_LOCK_GUARD();
    return papr_kvm_debug_exit(cpu, run->debug.arch.address) ? EXCP_DEBUG : 0;
}

int papr_kvm_handle_exit(CPUState *cs, struct kvm_run *run)
{
    PowerPCCPU *cpu = POWERPC_CPU(cs);

    switch (run->exit_reason) {
    case KVM_EXIT_PAPR_HCALL:
        return exit_hypercall(cpu, run);
    case KVM_EXIT_NMI:
        return host_machine_check(cpu, run);
    case KVM_EXIT_DEBUG:
        return exit_debug(cpu, run);
    }
    error_report("KVM: unexpected exit reason %u of vCPU %lu",
                 run->exit_reason, kvm_arch_vcpu_id(cs));
    return -ENOSYS;
}

/*
 * Two failures that a guest can cause.  kvm_arch_pre_run() has cleared the exit
 * reason, so it is that of this run.
 */
int papr_kvm_failed_run(CPUState *cs, struct kvm_run *run, int error)
{
    PowerPCCPU *cpu = POWERPC_CPU(cs);

    if (run->exit_reason == KVM_EXIT_PAPR_HCALL &&
        (error == -EFAULT || error == -EINVAL)) {
        return exit_hypercall(cpu, run);
    }
    if (run->exit_reason == KVM_EXIT_UNKNOWN && error == -EFAULT) {
        return failed_access(cpu);
    }
    return error;
}
