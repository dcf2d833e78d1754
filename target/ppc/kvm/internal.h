/*
 * KVM on PowerPC: what the files of this folder share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TARGET_PPC_KVM_INTERNAL_H
#define TARGET_PPC_KVM_INTERNAL_H

#include "hw/pseries/kvm.h"
#include "system/kvm.h"
#include "target/ppc/cpu.h"

/*
 * Members of PpcKvmOps, see target/ppc/kvm_ops.h: vm.c, mmu.c, vcpu.c, regs.c,
 * exits.c and debug.c
 */
int papr_kvm_init(MachineState *ms, KVMState *s);
void papr_kvm_check_mmu(PowerPCCPU *cpu, Error **errp);
bool papr_kvm_realize(CPUState *cs, Error **errp);
int papr_kvm_init_vcpu(CPUState *cs);
int papr_kvm_destroy_vcpu(CPUState *cs);
int papr_kvm_get_registers(CPUState *cs, Error **errp);
int papr_kvm_put_registers(CPUState *cs, int level, Error **errp);
int papr_kvm_set_interrupt(PowerPCCPU *cpu, int irq, int level);
int papr_kvm_process_async_events(CPUState *cs);
int papr_kvm_handle_exit(CPUState *cs, struct kvm_run *run);
int papr_kvm_failed_run(CPUState *cs, struct kvm_run *run, int error);
int papr_kvm_insert_sw_breakpoint(CPUState *cs, struct kvm_sw_breakpoint *bp);
int papr_kvm_remove_sw_breakpoint(CPUState *cs, struct kvm_sw_breakpoint *bp);
int papr_kvm_insert_hw_breakpoint(vaddr addr, vaddr len, int type);
int papr_kvm_remove_hw_breakpoint(vaddr addr, vaddr len, int type);
void papr_kvm_remove_all_hw_breakpoints(void);
void papr_kvm_update_guest_debug(CPUState *cs, struct kvm_guest_debug *dbg);

/* Members of papr_accel_kvm (accel.c), see hw/pseries/accel.h */
int papr_kvm_enable_hcall(uint32_t opcode, bool enable);
bool papr_kvm_vcpu_registers_put(PowerPCCPU *cpu, Error **errp);
bool papr_kvm_registers_read(PowerPCCPU *cpu, Error **errp);
uint64_t *papr_kvm_tce_create(uint32_t liobn, uint32_t page_shift,
                              uint64_t bus_addr, uint64_t pages, int *fd);
void papr_kvm_tce_retire(uint64_t *entries, uint64_t pages, int fd, bool keep);
void papr_kvm_tce_unmap(uint64_t *entries, uint64_t pages);

/* host.c */

/** papr_kvm_host_pvr: processor version register of the CPU we run on */
uint32_t papr_kvm_host_pvr(void);

/**
 * papr_kvm_host_cpu_cell - a number from a host CPU's device tree node
 * @name: of the property, one or two cells
 *
 * Returns false, @value untouched, if there is none.
 */
bool papr_kvm_host_cpu_cell(const char *name, uint64_t *value);

/** papr_kvm_register_host_cpu: the CPU model "host", if QEMU knows the CPU */
void papr_kvm_register_host_cpu(void);

/* mmu.c */

/** papr_kvm_radix_page_info: page sizes of radix on this host; NULL: unknown */
struct ppc_radix_page_info *papr_kvm_radix_page_info(void);

/* vcpu.c */

/**
 * papr_kvm_put_external_interrupt - tell KVM the level of the interrupt input
 *
 * After a put of all registers (reset, incoming migration).  Does nothing while
 * the interrupt controller is the kernel's.  Context: as register puts.
 */
void papr_kvm_put_external_interrupt(PowerPCCPU *cpu);

/* state.c */

/** papr_kvm_vcpu_state_free: free the vCPU's AccelCPUState, if it has one */
void papr_kvm_vcpu_state_free(PowerPCCPU *cpu);

/* timer.c */

/**
 * papr_kvm_set_tb_offset - set the guest's timebase less the host's
 *
 * The kernel rounds it up, by 2^24 at most; tb_env->tb_offset gets the rounded
 * value.
 * Context: BQL, the vCPU does not run.
 */
void papr_kvm_set_tb_offset(PowerPCCPU *cpu, int64_t tb_offset);

/* debug.c */

/** papr_kvm_debug_init_vcpu: before the vCPU runs for the first time */
void papr_kvm_debug_init_vcpu(CPUState *cs);
/** papr_kvm_debug_destroy_vcpu: end the step of a vCPU that is freed; BQL */
void papr_kvm_debug_destroy_vcpu(CPUState *cs);

/**
 * papr_kvm_debug_exit - KVM_EXIT_DEBUG
 *
 * Returns true if the exit is for gdb.  Otherwise the vCPU continues, with a
 * program interrupt if the trap is the guest's own.  Context: BQL, the vCPU's
 * thread.
 */
bool papr_kvm_debug_exit(PowerPCCPU *cpu, uint64_t address);

#endif
