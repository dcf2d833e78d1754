/*
 * KVM on PowerPC: timebase and decrementer
 *
 * The guest's timebase is the host's plus an offset, which the kernel keeps for
 * each vCPU and rounds up to a multiple of 2^24.  QEMU reads back the rounded
 * offset, or the clock would go back by up to 32 ms whenever the machine stops.
 * All vCPUs of a partition have the first one's offset (LoPAR 14.11.2: one
 * timebase).
 *
 * The kernel has the decrementer as the timebase at which it becomes zero; QEMU
 * and the migration stream have the value that the guest would read.  While the
 * machine is stopped the guest's timebase does not change, so this value must
 * not change either; a value that is loaded meanwhile counts from when the
 * machine runs.  A kernel without KVM_REG_PPC_DEC_EXPIRY (before 4.18) starts a
 * migrated vCPU with a decrementer interrupt, upon which Linux sets the
 * decrementer.
 *
 * Context: as regs.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <linux/kvm.h>
#include "hw/ppc/ppc.h"
#include "hw/pseries/kvm.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/timer.h"
#include "hw/ppc/pseries/trace.h"
#include "system/kvm.h"
#include "internal.h"
#include "regs.h"

/* What a CPU reset leaves in the decrementer: no interrupt for a while */
#define DECR_AFTER_RESET INT32_MAX

/* kvm-pr has no offset: the guest sees the host's timebase */
static int get_tb_offset(PowerPCCPU *cpu, uint64_t *offset, Error **errp)
{
    uint64_t value = 0;
    int ret = kvm_get_one_reg(CPU(cpu), KVM_REG_PPC_TB_OFFSET, &value);

    if (ret < 0 && !papr_kvm_reg_absent(ret)) {
        error_setg_errno(errp, -ret, "KVM can't read register TB_OFFSET");
        return ret;
    }
    *offset = value;
    return 0;
}

static bool large_decrementer(PowerPCCPU *cpu)
{
    return cpu->env.spr[SPR_LPCR] & PAPR_KVM_LPCR_LD;
}

/* Guest's timebase: now, or when the machine stopped */
static uint64_t guest_tb(PowerPCCPU *cpu)
{
    AccelCPUState *state = CPU(cpu)->accel;

    return (state->stopped_at ?: cpu_get_host_ticks()) + state->tb_offset;
}

/* The guest is to read @decr now, or when the machine runs again */
static int set_decr(PowerPCCPU *cpu, uint64_t decr, Error **errp)
{
    AccelCPUState *state = CPU(cpu)->accel;
    uint64_t expiry = papr_kvm_decr_expiry(decr, guest_tb(cpu),
                                           large_decrementer(cpu));
    int ret;

    state->decr = decr;
    state->decr_pending = state->stopped_at != 0;
    ret = kvm_set_one_reg(CPU(cpu), KVM_REG_PPC_DEC_EXPIRY, &expiry);
    if (ret < 0 && !papr_kvm_reg_absent(ret)) {
        error_setg_errno(errp, -ret, "KVM refuses register DEC_EXPIRY");
        return ret;
    }
    return 0;
}

int papr_kvm_get_timers(PowerPCCPU *cpu, Error **errp)
{
    AccelCPUState *state = papr_kvm_vcpu_state(cpu);
    CPUPPCState *env = &cpu->env;
    uint64_t expiry = 0;
    uint64_t tb;
    int ret;

    ret = get_tb_offset(cpu, &state->tb_offset, errp);
    if (ret < 0) {
        return ret;
    }
    tb = guest_tb(cpu);
    env->spr[SPR_TBL] = tb;
    env->spr[SPR_TBU] = tb >> 32;
    if (state->decr_pending) {
        env->spr[SPR_DECR] = state->decr;
        return 0;
    }
    ret = kvm_get_one_reg(CPU(cpu), KVM_REG_PPC_DEC_EXPIRY, &expiry);
    if (!ret) {
        env->spr[SPR_DECR] = papr_kvm_decr_read(expiry, tb,
                                                large_decrementer(cpu));
    } else if (!papr_kvm_reg_absent(ret)) {
        error_setg_errno(errp, -ret, "KVM can't read register DEC_EXPIRY");
        return ret;
    }
    return 0;
}

/*
 * The kernel rounds the offset, and the partition gets the rounded one.  If
 * that fails, a pending decrementer is set nevertheless.
 */
static int set_tb_offset(PowerPCCPU *cpu, int64_t tb_offset, Error **errp)
{
    AccelCPUState *state = papr_kvm_vcpu_state(cpu);
    uint64_t value = tb_offset;
    int ret = kvm_set_one_reg(CPU(cpu), KVM_REG_PPC_TB_OFFSET, &value);

    if (!ret) {
        state->tb_offset = tb_offset;
        ret = get_tb_offset(cpu, &state->tb_offset, errp);
        if (cpu->env.tb_env) {
            cpu->env.tb_env->tb_offset = state->tb_offset;
        }
        trace_papr_kvm_tb_offset(cpu->vcpu_id, tb_offset, state->tb_offset);
    } else if (papr_kvm_reg_absent(ret)) {
        ret = 0;
    } else {
        error_setg_errno(errp, -ret, "KVM refuses register TB_OFFSET");
    }
    if (state->decr_pending) {
        int decr_ret;

        /* the machine is about to run: from now on time passes */
        state->stopped_at = 0;
        decr_ret = set_decr(cpu, state->decr, ret < 0 ? NULL : errp);
        ret = ret < 0 ? ret : decr_ret;
    }
    return ret;
}

/* The machine starts: the error can only be reported */
void papr_kvm_set_tb_offset(PowerPCCPU *cpu, int64_t tb_offset)
{
    Error *err = NULL;

    if (set_tb_offset(cpu, tb_offset, &err) < 0) {
        error_prepend(&err, "The clock of vCPU id %d is wrong: ", cpu->vcpu_id);
        error_report_err(err);
    }
}

/* Offset of the partition's timebase; false: not known yet */
static bool partition_tb_offset(int64_t *offset)
{
    ppc_tb_t *first = first_cpu ? POWERPC_CPU(first_cpu)->env.tb_env : NULL;

    if (!first) {
        return false;
    }
    *offset = first->tb_offset;
    return true;
}

int papr_kvm_put_timers(PowerPCCPU *cpu, int level, Error **errp)
{
    AccelCPUState *state = papr_kvm_vcpu_state(cpu);
    int64_t offset;
    int ret;

    if (level < KVM_PUT_RESET_STATE) {
        return 0;
    }
    ret = get_tb_offset(cpu, &state->tb_offset, errp);
    if (ret < 0) {
        return ret;
    }
    state->decr_pending = false;
    if (partition_tb_offset(&offset) && offset != state->tb_offset) {
        ret = set_tb_offset(cpu, offset, errp);
        if (ret < 0) {
            return ret;
        }
    }
    return set_decr(cpu, level >= KVM_PUT_FULL_STATE ? cpu->env.spr[SPR_DECR]
                                                     : DECR_AFTER_RESET, errp);
}
