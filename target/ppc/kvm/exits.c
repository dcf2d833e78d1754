/*
 * KVM on PowerPC: why a vCPU came back
 *
 * kvm_arch_handle_exit() is called by the run loop, kvm_cpu_exec(), in the
 * vCPU's thread without the BQL (big QEMU lock).  0 sends the vCPU back.
 *
 * A hypercall always gives 0.  KVM leaves the kernel with the call half done,
 * the program counter after `sc 1` and r3 to r12 still the arguments; they are
 * written from kvm_run when the vCPU enters again, before anything else, be it
 * only to leave at once.  A call that stops the vCPU, or resets the machine,
 * has set the exit request: the loop then enters with "immediate exit", which
 * completes the call and runs nothing.  Thus whoever reads or replaces
 * registers later (reset, migration, gdb), outside of the loop, finds a vCPU
 * that has nothing left to complete.  The same holds for memory-mapped I/O.
 *
 * With XICS in the kernel RTAS calls are looked at there first, and KVM_RUN fails
 * if the argument block is not all in RAM.  The call comes here all the same
 * (base/patches/0123), and is answered like any other.
 *
 * A handler that changes registers itself (PAPR_HCALL_NEEDS_REGS) sees them as
 * they were at the call.  They are put back before the call is completed, so
 * that r3 to r12 are what kvm_run says, and all else is what it set.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <linux/kvm.h>
#include "hw/core/cpu.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "system/kvm.h"
#include "system/kvm_int.h"
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

static int hypercall(PowerPCCPU *cpu, struct kvm_run *run)
{
    uint64_t *args = (uint64_t *)run->papr_hcall.args;

    QEMU_BUILD_BUG_ON(sizeof(run->papr_hcall.args) != 9 * sizeof(*args));
    run->papr_hcall.ret = papr_hcall_dispatch(cpu, run->papr_hcall.nr, args);
    /*
     * A halted vCPU is not to execute another instruction, whoever halted it
     * and whether or not it was told to leave.  If it has been woken since,
     * leaving costs nothing but time.
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
    if (!machine_check.fn) {
        error_report("KVM: machine check in a guest that cannot be told");
        return -EIO;
    }
    machine_check.fn(machine_check.opaque, cpu, recovered);
    return 0;
}

static int debug(PowerPCCPU *cpu, struct kvm_run *run)
{
    BQL_LOCK_GUARD();
    return papr_kvm_debug_exit(cpu, run->debug.arch.address) ? EXCP_DEBUG : 0;
}

/* Idle outside of H_CEDE; an interrupt that is there already ends it at once */
static int idle(CPUState *cs)
{
    BQL_LOCK_GUARD();
    if (!(cs->interrupt_request & CPU_INTERRUPT_HARD)) {
        cs->halted = 1;
        cs->exception_index = EXCP_HLT;
        cpu_exit(cs);
    }
    return 0;
}

int kvm_arch_handle_exit(CPUState *cs, struct kvm_run *run)
{
    PowerPCCPU *cpu = POWERPC_CPU(cs);

    switch (run->exit_reason) {
    case KVM_EXIT_PAPR_HCALL:
        return hypercall(cpu, run);
    case KVM_EXIT_NMI:
        return host_machine_check(cpu, run);
    case KVM_EXIT_DEBUG:
        return debug(cpu, run);
    case KVM_EXIT_HLT:
        return idle(cs);
    }
    error_report("KVM: vCPU %lu came back for a reason that PAPR guests do not "
                 "have: %u", kvm_arch_vcpu_id(cs), run->exit_reason);
    return -ENOSYS;
}
