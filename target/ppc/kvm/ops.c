/*
 * KVM on PowerPC: what target/ppc/kvm.c leaves to this folder
 *
 * kvm.c has the functions that accel/kvm calls, for all machines.  Once pseries
 * has called papr_kvm_use(), kvm.c calls these members of PpcKvmOps.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "system/kvm.h"
#include "target/ppc/kvm_ops.h"
#include "internal.h"

/* Also called after KVM was chosen and failed, and TCG took its place */
static void set_tb_offset(PowerPCCPU *cpu, int64_t tb_offset)
{
    if (kvm_enabled()) {
        papr_kvm_set_tb_offset(cpu, tb_offset);
    }
}

static const PpcKvmOps ops = {
    .init = papr_kvm_init,
    .check_mmu = papr_kvm_check_mmu,
    .realize = papr_kvm_realize,
    .init_vcpu = papr_kvm_init_vcpu,
    .destroy_vcpu = papr_kvm_destroy_vcpu,
    .get_registers = papr_kvm_get_registers,
    .put_registers = papr_kvm_put_registers,
    .set_interrupt = papr_kvm_set_interrupt,
    .set_tb_offset = set_tb_offset,
    .process_async_events = papr_kvm_process_async_events,
    .handle_exit = papr_kvm_handle_exit,
    .failed_run = papr_kvm_failed_run,
    .insert_sw_breakpoint = papr_kvm_insert_sw_breakpoint,
    .remove_sw_breakpoint = papr_kvm_remove_sw_breakpoint,
    .insert_hw_breakpoint = papr_kvm_insert_hw_breakpoint,
    .remove_hw_breakpoint = papr_kvm_remove_hw_breakpoint,
    .remove_all_hw_breakpoints = papr_kvm_remove_all_hw_breakpoints,
    .update_guest_debug = papr_kvm_update_guest_debug,
};

void papr_kvm_use(void)
{
    kvm_ppc_use(&ops);
}
