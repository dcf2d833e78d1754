/*
 * pSeries platform: a vCPU's registers between QEMU and KVM, private part
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TARGET_PPC_KVM_REGS_H
#define TARGET_PPC_KVM_REGS_H

#include <linux/kvm.h>
#include "system/runstate.h"
#include "target/ppc/cpu.h"
#include "regs-rules.h"

typedef union PaprKvmValue {
    uint32_t u32;
    uint64_t u64;
    uint64_t u128[2];
} PaprKvmValue;

typedef enum PaprKvmGate {
    PAPR_KVM_GATE_NONE,
    PAPR_KVM_GATE_TM,           /* only in a transaction (MSR[TS]) */
} PaprKvmGate;

/* A register that is not copied to and from CPUPPCState as it is */
typedef enum PaprKvmSpecial {
    PAPR_KVM_PLAIN,
    PAPR_KVM_LPCR,              /* only the guest's bits */
    PAPR_KVM_VSCR,              /* SAT is in vscr_sat */
} PaprKvmSpecial;

/**
 * PaprKvmReg - where a "one-reg" register of KVM lies in CPUPPCState
 * @name, @index: what to call it; -1: just @name
 * @id: KVM_REG_PPC_*, which tells its size
 * @offset, @width: place and bytes; a wider place holds it zero-extended
 * @reset_value: after a CPU reset, for telling whether anything is lost if
 *      the kernel does not know the register
 * @there: does the kernel know it? (atomic; found out once and for all)
 * @loss_told: the user was told that a migrated guest's value is lost; BQL
 */
typedef struct PaprKvmReg {
    const char *name;
    int16_t index;
    uint8_t width;
    uint8_t always;             /* PaprKvmRegAlways */
    uint8_t gate;
    uint8_t special;
    uint32_t offset;
    uint64_t id;
    uint64_t reset_value;
    enum {
        PAPR_KVM_REG_UNASKED,
        PAPR_KVM_REG_THERE,
        PAPR_KVM_REG_ABSENT,
    } there;
    bool loss_told;
} PaprKvmReg;

/* All of them, in the order in which they are written */
typedef struct PaprKvmRegTable {
    PaprKvmReg *reg;
    unsigned n;
} PaprKvmRegTable;

/**
 * AccelCPUState - KVM's state of a vCPU in QEMU (CPUState.accel)
 * @put_failed: the kernel refused registers of a reset or migrated vCPU
 * @refusal: the same for a vCPU that is being plugged: the error, which
 *      papr_kvm_vcpu_registers_put() returns
 * @unread: the last read of the registers failed, so that some registers in
 *      QEMU are current and others old
 * @known: @regs, @sregs, @areas and @values are the result of the last read,
 *      and the vCPU has not run since
 * @values: by index in @table
 * @stopped_at: host's timebase when the VM stopped; 0: it runs
 * @decr_pending: @decr counts from the moment at which the VM runs
 *
 * Used by the vCPU's own thread, or with the vCPU stopped.
 */
struct AccelCPUState {
    const PaprKvmRegTable *table;
    bool put_failed;
    Error *refusal;
    bool unread;
    bool known;
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    uint64_t areas[3][2];       /* by number in vpa.c: address, length */

    VMChangeStateEntry *clock;
    uint64_t stopped_at;
    uint64_t tb_offset;         /* the kernel's */
    bool decr_pending;
    uint64_t decr;

    PaprKvmValue values[];
};

/* state.c: the vCPU's AccelCPUState, allocated at first use */
AccelCPUState *papr_kvm_vcpu_state(PowerPCCPU *cpu);

/*
 * reg-table.c: where registers are in CPUPPCState, for @cpu's model
 */
PaprKvmRegTable *papr_kvm_reg_table_new(PowerPCCPU *cpu, bool hv);
void papr_kvm_reg_from_env(const PaprKvmReg *reg, CPUPPCState *env,
                           PaprKvmValue *value);
void papr_kvm_reg_to_env(const PaprKvmReg *reg, CPUPPCState *env,
                         const PaprKvmValue *value, bool hv);
unsigned papr_kvm_reg_size(uint64_t id);
char *papr_kvm_reg_name(const PaprKvmReg *reg);

/* Does @ret of a one-reg ioctl say that the kernel lacks the register? */
static inline bool papr_kvm_reg_absent(int ret)
{
    return ret == -EINVAL || ret == -ENXIO || ret == -ENOENT;
}

/*
 * vpa.c: areas that the guest registered with H_REGISTER_VPA.  0 or a negative
 * errno with @errp set.
 */
int papr_kvm_get_areas(PowerPCCPU *cpu, Error **errp);
int papr_kvm_put_areas(PowerPCCPU *cpu, int level, Error **errp);

/*
 * timer.c: timebase and decrementer
 */
int papr_kvm_get_timers(PowerPCCPU *cpu, Error **errp);
int papr_kvm_put_timers(PowerPCCPU *cpu, int level, Error **errp);

#endif
