/*
 * Shared processor calls: waiting, waking and yielding
 *
 * LoPAR section 14.11.3 (H_CEDE, H_CONFER, H_PROD) and 14.11.5 (H_JOIN); the
 * registered areas are vpa.c's.
 *
 * A vCPU that waits has cs->halted set.  H_PROD wakes one that waits, and else
 * sets the latch PaprVcpu.prod, which the next wait clears and returns at once:
 * so a prod is never lost, whichever comes first.  A vCPU in the RTAS stopped
 * state is left alone; only start-cpu ends that.  One whose machine check has
 * yet to be delivered is halted as well, but counts as running.
 *
 * Locking: halted and the latch change with the BQL held, which is what makes
 * "test the latch, then wait" and "test for waiting, then wake" exclusive.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "exec/cpu-common.h"
#include "hw/core/cpu.h"
#include "hw/pseries/vcpu.h"
#include "target/ppc/cpu.h"
#include "families.h"
#include "vpa.h"

#define CONFER_TO_ALL ((int64_t)-1)

static bool interrupts_on(PowerPCCPU *cpu)
{
    return FIELD_EX64(cpu->env.msr, MSR, EE);
}

/* Stop @cpu until it is prodded or interrupted.  BQL held, own thread */
static void wait_here(PowerPCCPU *cpu)
{
    CPUState *cs = CPU(cpu);

    cs->halted = 1;
    qatomic_set(&cs->exit_request, true);
    /* which interrupts are unmasked depends on halted */
    ppc_maybe_interrupt(&cpu->env);
}

static bool consume_prod(PaprVcpu *vcpu)
{
    bool prodded = vcpu->prod;

    vcpu->prod = false;
    return prodded;
}

static int64_t h_cede(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    cpu->env.msr |= 1ULL << MSR_EE;
    ppc_maybe_interrupt(&cpu->env);

    if (!consume_prod(papr_vcpu(cpu)) && !cpu_has_work(CPU(cpu))) {
        wait_here(cpu);
    }
    return H_SUCCESS;
}

/* H_CONFER to itself, and H_JOIN: wait for a prod, whatever MSR[EE] */
static int64_t wait_for_prod(PowerPCCPU *cpu)
{
    if (!consume_prod(papr_vcpu(cpu))) {
        wait_here(cpu);
    }
    return H_SUCCESS;
}

/* Have all vCPUs but @cpu joined?  Stopped ones count as joined */
static bool is_last_unjoined(PowerPCCPU *cpu)
{
    PaprVcpuMap *map = papr_vcpu(cpu)->vcpus;
    PaprVcpu *vcpu = NULL;

    while ((vcpu = papr_vcpu_next(map, vcpu))) {
        if (vcpu->cpu != cpu && (!papr_vcpu_stays_halted(vcpu) ||
                                 interrupts_on(vcpu->cpu))) {
            return false;
        }
    }
    return true;
}

static int64_t h_join(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    if (interrupts_on(cpu)) {
        return H_BAD_MODE;
    }
    return is_last_unjoined(cpu) ? H_CONTINUE : wait_for_prod(cpu);
}

/*
 * Does giving up the time slice help @target, of which the caller has seen the
 * dispatch counter @dispatch?  Only if it is still preempted since then.
 */
static bool confer_helps(const PaprVcpu *target, uint32_t dispatch)
{
    uint32_t now;

    return (dispatch & 1) && papr_vpa_dispatch_counter(target, &now) &&
           now == dispatch;
}

/*
 * Lockless: it reads the map and the target's counter, both safe without the
 * BQL.  The yield is left to the accelerator's loop, after r3 was written.
 */
static int64_t h_confer(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    int64_t id = (int32_t)args[0];
    CPUState *cs = CPU(cpu);

    /* keeps the target: KVM's vCPU threads call outside RCU read sections */
    RCU_READ_LOCK_GUARD();

    if (id != CONFER_TO_ALL) {
        PaprVcpu *target = id < 0 ? NULL
                                  : papr_vcpu_find(papr_vcpu(cpu)->vcpus, id);

        if (!target) {
            qemu_log_mask(LOG_GUEST_ERROR, "H_CONFER: no vCPU %" PRId64 "\n",
                          id);
            return H_PARAMETER;
        }
        if (target->cpu == cpu) {
            BQL_LOCK_GUARD();
            return wait_for_prod(cpu);
        }
        if (!confer_helps(target, args[1])) {
            return H_SUCCESS;
        }
    }
    cs->exception_index = EXCP_YIELD;
    qatomic_set(&cs->exit_request, true);
    return H_SUCCESS;
}

static int64_t h_prod(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprVcpu *target = papr_vcpu_find(papr_vcpu(cpu)->vcpus, args[0]);

    if (!target) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_PROD: no vCPU %" PRIu64 "\n",
                      args[0]);
        return H_PARAMETER;
    }
    if (!papr_vcpu_has_begun(target)) {
        return H_SUCCESS;
    }
    if (papr_vcpu_stays_halted(target)) {
        papr_vcpu_wake(target);
    } else {
        target->prod = true;
    }
    return H_SUCCESS;
}

static const PaprHcall splpar_calls[] = {
    { H_REGISTER_VPA, PAPR_HCALL_IN_KVM, 3, 0, papr_h_register_vpa },
    { H_CEDE, PAPR_HCALL_NEEDS_REGS | PAPR_HCALL_IN_KVM, 0, 0, h_cede },
    { H_CONFER, PAPR_HCALL_LOCKLESS | PAPR_HCALL_IN_KVM, 2, 0, h_confer },
    { H_PROD, PAPR_HCALL_IN_KVM, 1, 0, h_prod },
    { H_JOIN, PAPR_HCALL_NEEDS_REGS | PAPR_HCALL_NOT_KVM, 0, 0, h_join },
};

void papr_hcall_splpar_init(PaprHcallTable *table,
                            const PaprHcallConfig *config)
{
    papr_hcall_register(table, splpar_calls, ARRAY_SIZE(splpar_calls), NULL);
}
