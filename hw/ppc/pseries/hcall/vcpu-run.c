/*
 * Starting, stopping and waking vCPUs
 *
 * Called by RTAS (start-cpu, stop-self), H_PROD, and the machine when it starts
 * the boot vCPU.  LoPAR section 7.3.8.  BQL held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "exec/exec-all.h"
#include "hw/core/cpu.h"
#include "hw/ppc/ppc.h"
#include "hw/pseries/accel.h"
#include "hw/pseries/vcpu.h"
#include "system/hw_accel.h"
#include "system/runstate.h"
#include "target/ppc/cpu.h"
#include "target/ppc/helper_regs.h"
#include "target/ppc/kvm_ppc.h"
#include "hw/ppc/pseries/trace.h"

void papr_vcpu_wake(PaprVcpu *vcpu)
{
    CPUState *cs = CPU(vcpu->cpu);

    cs->halted = 0;
    ppc_maybe_interrupt(&vcpu->cpu->env);
    qemu_cpu_kick(cs);
}

/* Set the partition's bits of LPCR, and @more; updates hflags, interrupts */
static void follow_partition(PaprVcpu *vcpu, uint64_t more)
{
    uint64_t own = papr_vcpu_lpcr(vcpu) & ~PAPR_LPCR_OF_ALL;
    uint64_t lpcr = own | papr_vcpus_lpcr(vcpu->vcpus) | more;

    if (vcpu->l1.in_l2) {
        vcpu->l1.lpcr = lpcr;           /* env has the nested guest's */
    } else {
        ppc_store_lpcr(vcpu->cpu, lpcr);
    }
}

/* In the target's thread, out of its guest, or while the machine is stopped */
static void vcpu_begin(PaprVcpu *vcpu)
{
    PowerPCCPU *cpu = vcpu->cpu;
    CPUPPCState *env = &cpu->env;

    if (!vcpu->start.pending) {
        return;                         /* done already, or cancelled */
    }
    vcpu->start.pending = false;
    cpu_synchronize_state(CPU(cpu));
    if (env->mmu_model == POWERPC_MMU_3_00) {
        env->spr[SPR_PSSCR] &= ~PSSCR_EC;
    }
    env->tb_env->tb_offset = vcpu->start.tb_offset;
    env->msr = (1ULL << MSR_SF) | (1ULL << MSR_ME);
    env->nip = vcpu->start.entry;
    env->gpr[1] = 0;
    env->gpr[3] = vcpu->start.r3;
    env->gpr[4] = 0;
    vcpu->prod = false;
    env->quiesced = false;
    CPU(cpu)->halted = 0;
    kvmppc_set_reg_ppc_online(cpu, 1);
    /* from now on interrupts wake it */
    follow_partition(vcpu, POWERPC_CPU_GET_CLASS(cpu)->lpcr_pm);
    qemu_cpu_kick(CPU(cpu));
}

static void vcpu_begin_work(CPUState *cs, run_on_cpu_data data)
{
    vcpu_begin(papr_vcpu(POWERPC_CPU(cs)));
}

/*
 * A stream has no place for a start, or a change of LPCR (logical partition
 * control register), that is queued.  A vCPU may stop before it has done its
 * queued work, so both are done here.
 */
static void settle_at_stop(void *opaque, bool running, RunState state)
{
    PaprVcpu *vcpu = opaque;

    if (running) {
        return;
    }
    vcpu_begin(vcpu);
    if (!papr_accel->registers_need_vcpu_thread) {
        follow_partition(vcpu, 0);
    }
}

/*
 * The handler stays for as long as the vCPU: vcpu_begin() may release the BQL
 * while the list of handlers is walked, and none may be removed then.
 */
void papr_vcpu_run_init(PaprVcpu *vcpu)
{
    vcpu->start.at_stop = qemu_add_vm_change_state_handler(settle_at_stop,
                                                           vcpu);
}

void papr_vcpu_run_exit(PaprVcpu *vcpu)
{
    papr_vcpu_cancel_start(vcpu);
    g_clear_pointer(&vcpu->start.at_stop, qemu_del_vm_change_state_handler);
}

/*
 * A vCPU that has just called stop-self may not have completed that call: its
 * thread has yet to write r3, which must not overwrite the r3 that the vCPU
 * starts with.  So its thread sets the registers, once it has left guest code.
 */
void papr_vcpu_start(PaprVcpu *vcpu, PaprVcpu *peer, uint64_t entry,
                     uint64_t r3)
{
    if (peer) {
        cpu_synchronize_state(CPU(peer->cpu));
    }
    /*
     * The partition's offset changes only while the machine is stopped, and by
     * then settle_at_stop() has used this copy.
     */
    vcpu->start.tb_offset = (peer ?: vcpu)->cpu->env.tb_env->tb_offset;
    vcpu->start.entry = entry;
    vcpu->start.r3 = r3;
    vcpu->start.pending = true;
    if (!current_cpu) {
        vcpu_begin(vcpu);
        return;
    }
    async_run_on_cpu(CPU(vcpu->cpu), vcpu_begin_work, RUN_ON_CPU_NULL);
}

void papr_vcpu_cancel_start(PaprVcpu *vcpu)
{
    vcpu->start.pending = false;
}

bool papr_vcpu_has_begun(const PaprVcpu *vcpu)
{
    return !vcpu->cpu->env.quiesced || vcpu->machine_check.waits;
}

bool papr_vcpu_is_stopped(const PaprVcpu *vcpu)
{
    return !papr_vcpu_has_begun(vcpu) && !vcpu->start.pending;
}

bool papr_vcpu_stays_halted(const PaprVcpu *vcpu)
{
    return CPU(vcpu->cpu)->halted && !vcpu->start.pending &&
           !vcpu->machine_check.waits;
}

void papr_vcpu_stop_self(PaprVcpu *vcpu)
{
    PowerPCCPU *cpu = vcpu->cpu;
    CPUPPCState *env = &cpu->env;
    CPUState *cs = CPU(cpu);

    cpu_synchronize_state(cs);
    /* no interrupt may end this */
    env->spr[SPR_PSSCR] |= PSSCR_EC;
    env->quiesced = true;
    cs->halted = 1;
    ppc_store_lpcr(cpu, env->spr[SPR_LPCR] &
                        ~POWERPC_CPU_GET_CLASS(cpu)->lpcr_pm);
    kvmppc_set_reg_ppc_online(cpu, 0);
    cpu_exit(cs);                       /* leave the loop after the call */
}

/*
 * Exclusive work: all vCPUs are out of their guest code, and the BQL is not
 * held.  The work of two calls may run in another order than the calls: each
 * sets the bits that the partition has by then.
 */
static void follow_all(CPUState *cs, run_on_cpu_data data)
{
    PaprVcpuMap *map = data.host_ptr;
    PaprVcpu *vcpu = NULL;

    BQL_LOCK_GUARD();
    while ((vcpu = papr_vcpu_next(map, vcpu))) {
        follow_partition(vcpu, 0);
    }
}

static void follow_one(CPUState *cs, run_on_cpu_data data)
{
    cpu_synchronize_state(cs);
    follow_partition(papr_vcpu(POWERPC_CPU(cs)), 0);
}

/*
 * Waiting here for other vCPUs (run_on_cpu()) would be a deadlock when two of
 * them do so at once.  With TCG, the calling vCPU queues the change for itself
 * as exclusive work, which is done before its next instruction, while no vCPU
 * executes.  With KVM each vCPU's registers are its thread's own: each thread
 * makes the change before it enters the guest.
 */
void papr_vcpus_set_lpcr(PaprVcpuMap *map, uint64_t value, uint64_t mask)
{
    PaprVcpu *vcpu = NULL;

    trace_papr_set_lpcr(value, mask);
    papr_vcpus_note_lpcr(map, value, mask);
    if (current_cpu && !papr_accel->registers_need_vcpu_thread) {
        async_safe_run_on_cpu(current_cpu, follow_all,
                              RUN_ON_CPU_HOST_PTR(map));
        return;
    }
    while ((vcpu = papr_vcpu_next(map, vcpu))) {
        if (!papr_accel->registers_need_vcpu_thread ||
            CPU(vcpu->cpu) == current_cpu) {
            follow_one(CPU(vcpu->cpu), RUN_ON_CPU_NULL);
        } else {
            async_run_on_cpu(CPU(vcpu->cpu), follow_one, RUN_ON_CPU_NULL);
        }
    }
}

void papr_vcpus_set_lpcr_halted(PaprVcpuMap *map, uint64_t value,
                                uint64_t mask)
{
    PaprVcpu *vcpu = NULL;

    papr_vcpus_note_lpcr(map, value, mask);
    while ((vcpu = papr_vcpu_next(map, vcpu))) {
        follow_one(CPU(vcpu->cpu), RUN_ON_CPU_NULL);
    }
}
