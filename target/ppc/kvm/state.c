/*
 * KVM on PowerPC: what QEMU remembers of KVM's side of a vCPU
 *
 * AccelCPUState (regs.h), made at first use and freed with the vCPU.  Used by
 * all that read or write registers.  Context: as regs.c; the state change
 * handler: BQL (big QEMU lock).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/timer.h"
#include "system/kvm.h"
#include "internal.h"
#include "regs.h"

/* The guest's timebase stands still while the machine is stopped: timer.c */
static void clock_state_change(void *opaque, bool running, RunState run_state)
{
    CPUState *cs = opaque;

    cs->accel->stopped_at = running ? 0 : cpu_get_host_ticks();
}

AccelCPUState *papr_kvm_vcpu_state(PowerPCCPU *cpu)
{
    /* one for all vCPUs, made with the first vCPU, so there is no race */
    static PaprKvmRegTable *table;
    CPUState *cs = CPU(cpu);

    if (!cs->accel) {
        if (!table) {
            table = papr_kvm_reg_table_new(cpu, papr_kvm_facts()->hv);
        }
        cs->accel = g_malloc0(sizeof(AccelCPUState) +
                              table->n * sizeof(PaprKvmValue));
        cs->accel->table = table;
        cs->accel->clock =
            qemu_add_vm_change_state_handler(clock_state_change, cs);
        clock_state_change(cs, runstate_is_running(), runstate_get());
    }
    return cs->accel;
}

void papr_kvm_vcpu_state_free(PowerPCCPU *cpu)
{
    AccelCPUState *state = CPU(cpu)->accel;

    if (state) {
        qemu_del_vm_change_state_handler(state->clock);
        error_free(state->refusal);
        g_clear_pointer(&CPU(cpu)->accel, g_free);
    }
}
