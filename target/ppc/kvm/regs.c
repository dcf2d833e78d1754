/*
 * KVM on PowerPC: a vCPU's registers, from the kernel and to it
 *
 * accel/kvm gets them (papr_kvm_get_registers) when they are read: by the
 * monitor, a debugger, a hypercall that needs more than its arguments, reset,
 * migration; and puts them (papr_kvm_put_registers) before the vCPU runs again.
 * After any exit QEMU can read the vCPU's current registers, and those that it
 * has changed are put; others are not written (regs-rules.h,
 * papr_kvm_reg_due()).  For that the kernel's values are kept and compared.
 * So a read alone does not wake a vCPU out of H_CEDE, as KVM_SET_REGS would.
 *
 * Levels: KVM_PUT_RUNTIME_STATE is what a handler or debugger changed;
 * KVM_PUT_RESET_STATE a CPU reset, where everything is written but the counters
 * that run through it; KVM_PUT_FULL_STATE a new vCPU or incoming migration.
 *
 * If reading fails, QEMU has no registers of that vCPU to put or to save.
 *
 * The first access detects that the kernel does not know a register, for all
 * vCPUs.  If a stream has a value for it, a warning says that this is lost.
 *
 * Context: the vCPU's thread, or the vCPU is stopped; the BQL (big QEMU lock)
 * is held except in kvm_cpu_exec()'s put, which accesses only the vCPU.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <linux/kvm.h>
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "hw/ppc/pseries/trace.h"
#include "system/kvm.h"
#include "target/ppc/helper_regs.h"
#include "target/ppc/kvm_ppc.h"
#include "target/ppc/mmu-hash64.h"
#include "internal.h"
#include "regs.h"

/*
 * General purpose registers and what comes with them
 */

static const struct {
    uint16_t spr;
    uint16_t offset;
} regs_sprs[] = {
    { SPR_SRR0, offsetof(struct kvm_regs, srr0) },
    { SPR_SRR1, offsetof(struct kvm_regs, srr1) },
    { SPR_SPRG0, offsetof(struct kvm_regs, sprg0) },
    { SPR_SPRG1, offsetof(struct kvm_regs, sprg1) },
    { SPR_SPRG2, offsetof(struct kvm_regs, sprg2) },
    { SPR_SPRG3, offsetof(struct kvm_regs, sprg3) },
};

static __u64 *regs_spr(struct kvm_regs *regs, int i)
{
    return (__u64 *)((char *)regs + regs_sprs[i].offset);
}

static void take_regs(CPUPPCState *env, struct kvm_regs *regs)
{
    env->nip = regs->pc;
    env->msr = regs->msr;
    env->lr = regs->lr;
    env->ctr = regs->ctr;
    cpu_write_xer(env, regs->xer);
    ppc_set_cr(env, regs->cr);
    for (int i = 0; i < ARRAY_SIZE(env->gpr); i++) {
        env->gpr[i] = regs->gpr[i];
    }
    for (int i = 0; i < ARRAY_SIZE(regs_sprs); i++) {
        env->spr[regs_sprs[i].spr] = *regs_spr(regs, i);
    }
}

/* @regs has the kernel's values: members that are not set here keep these */
static void give_regs(CPUPPCState *env, struct kvm_regs *regs)
{
    regs->pc = env->nip;
    regs->msr = papr_kvm_msr_to_kernel(env->msr);
    regs->lr = env->lr;
    regs->ctr = env->ctr;
    regs->xer = cpu_read_xer(env);
    regs->cr = ppc_get_cr(env);
    for (int i = 0; i < ARRAY_SIZE(env->gpr); i++) {
        regs->gpr[i] = env->gpr[i];
    }
    for (int i = 0; i < ARRAY_SIZE(regs_sprs); i++) {
        *regs_spr(regs, i) = env->spr[regs_sprs[i].spr];
    }
}

static int put_regs(PowerPCCPU *cpu, AccelCPUState *state, int level,
                    Error **errp)
{
    struct kvm_regs regs = state->regs;
    int ret;

    give_regs(&cpu->env, &regs);
    if (!papr_kvm_reg_due(PAPR_KVM_AT_RESET, level, state->known,
                          memcmp(&regs, &state->regs, sizeof(regs)))) {
        return 0;
    }
    ret = kvm_vcpu_ioctl(CPU(cpu), KVM_SET_REGS, &regs);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "KVM_SET_REGS");
    }
    return ret;
}

/*
 * Segment lookaside buffer (SLB), and for kvm-pr where the hash page table is
 */

static void take_slb(PowerPCCPU *cpu, const struct kvm_sregs *sregs)
{
    CPUPPCState *env = &cpu->env;

    /* only valid entries are listed, one after the other */
    memset(env->slb, 0, sizeof(env->slb));
    for (int i = 0; i < ARRAY_SIZE(sregs->u.s.ppc64.slb); i++) {
        uint64_t slbe = sregs->u.s.ppc64.slb[i].slbe;
        uint64_t slot = slbe & 0xfff;

        if ((slbe & SLB_ESID_V) && slot < ARRAY_SIZE(env->slb)) {
            ppc_store_slb(cpu, slot, slbe & ~0xfffULL,
                          sregs->u.s.ppc64.slb[i].slbv);
        }
    }
}

static void give_sregs(PowerPCCPU *cpu, struct kvm_sregs *sregs)
{
    CPUPPCState *env = &cpu->env;
    int n = 0;

    memset(&sregs->u, 0, sizeof(sregs->u));
    /* kvm-hv cannot emulate another processor: it accepts the host's only */
    if (!papr_kvm_facts()->hv) {
        sregs->pvr = env->spr[SPR_PVR];
        if (cpu->vhyp) {
            sregs->u.s.sdr1 = cpu->vhyp_class->encode_hpt_for_kvm_pr(cpu->vhyp);
        }
    }
    for (int i = 0; i < ARRAY_SIZE(env->slb); i++) {
        if (env->slb[i].esid & SLB_ESID_V) {
            sregs->u.s.ppc64.slb[n].slbe = env->slb[i].esid | i;
            sregs->u.s.ppc64.slb[n].slbv = env->slb[i].vsid;
            n++;
        }
    }
}

static int put_sregs(PowerPCCPU *cpu, AccelCPUState *state, int level,
                     Error **errp)
{
    struct kvm_sregs sregs = state->sregs;
    int ret;

    give_sregs(cpu, &sregs);
    if (!papr_kvm_reg_due(PAPR_KVM_AT_RESET, level, state->known,
                          memcmp(&sregs.u.s.ppc64, &state->sregs.u.s.ppc64,
                                 sizeof(sregs.u.s.ppc64)))) {
        return 0;
    }
    ret = kvm_vcpu_ioctl(CPU(cpu), KVM_SET_SREGS, &sregs);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "KVM_SET_SREGS");
    }
    return ret;
}

int papr_kvm_put_sregs(PowerPCCPU *cpu)
{
    struct kvm_sregs sregs;
    int ret = kvm_vcpu_ioctl(CPU(cpu), KVM_GET_SREGS, &sregs);

    if (ret < 0) {
        return ret;
    }
    give_sregs(cpu, &sregs);
    return kvm_vcpu_ioctl(CPU(cpu), KVM_SET_SREGS, &sregs);
}

/*
 * One-reg registers
 */

static int one_reg(PowerPCCPU *cpu, unsigned long request, uint64_t id,
                   PaprKvmValue *value)
{
    struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

    return kvm_vcpu_ioctl(CPU(cpu), request, &reg);
}

/*
 * Read a register, and find out whether the kernel knows it.  Several vCPUs may
 * do so at the same time, with the same result.
 */
static int ask_register(PowerPCCPU *cpu, PaprKvmReg *reg, PaprKvmValue *value,
                        Error **errp)
{
    g_autofree char *name = NULL;
    int ret;

    memset(value, 0, sizeof(*value));
    ret = one_reg(cpu, KVM_GET_ONE_REG, reg->id, value);
    if (ret < 0) {
        name = papr_kvm_reg_name(reg);
    }
    if (qatomic_read(&reg->there) == PAPR_KVM_REG_UNASKED) {
        bool absent = papr_kvm_reg_absent(ret);

        qatomic_set(&reg->there, absent ? PAPR_KVM_REG_ABSENT
                                        : PAPR_KVM_REG_THERE);
        if (absent) {
            trace_papr_kvm_reg_absent(name, reg->id);
            return 0;
        }
    }
    if (ret < 0) {
        error_setg_errno(errp, -ret, "KVM can't read register %s", name);
    }
    return ret;
}

static bool gate_open(const PaprKvmReg *reg, const CPUPPCState *env)
{
    return reg->gate != PAPR_KVM_GATE_TM || FIELD_EX64(env->msr, MSR, TS);
}

static bool value_differs(const PaprKvmReg *reg, const PaprKvmValue *a,
                          const PaprKvmValue *b)
{
    return memcmp(a, b, papr_kvm_reg_size(reg->id)) != 0;
}

/* A stream has @value, and this kernel does not know the register */
static void mention_loss(PaprKvmReg *reg, const PaprKvmValue *value)
{
    PaprKvmValue reset = { .u64 = reg->reset_value };
    g_autofree char *name = NULL;

    if (!runstate_check(RUN_STATE_INMIGRATE) &&
        !runstate_check(RUN_STATE_RESTORE_VM)) {
        return;
    }
    if (reg->loss_told || !value_differs(reg, value, &reset)) {
        return;
    }
    reg->loss_told = true;
    name = papr_kvm_reg_name(reg);
    warn_report("KVM of this host does not know register %s: "
                "the guest's value 0x%"PRIx64" is lost", name, value->u64);
}

static int put_one(PowerPCCPU *cpu, AccelCPUState *state, unsigned i, int level,
                   Error **errp)
{
    PaprKvmReg *reg = &state->table->reg[i];
    PaprKvmValue value, now;
    g_autofree char *name = NULL;
    int ret;

    papr_kvm_reg_from_env(reg, &cpu->env, &value);
    if (!papr_kvm_reg_due(reg->always, level, state->known,
                          value_differs(reg, &value, &state->values[i]))) {
        return 0;
    }
    if (qatomic_read(&reg->there) == PAPR_KVM_REG_UNASKED) {
        ret = ask_register(cpu, reg, &now, errp);
        if (ret < 0) {
            return ret;
        }
    }
    if (qatomic_read(&reg->there) == PAPR_KVM_REG_ABSENT) {
        mention_loss(reg, &value);
        return 0;
    }
    ret = one_reg(cpu, KVM_SET_ONE_REG, reg->id, &value);
    if (ret < 0) {
        name = papr_kvm_reg_name(reg);
        error_setg_errno(errp, -ret, "KVM refuses 0x%"PRIx64" for "
                         "register %s", value.u64, name);
    }
    return ret;
}

/*
 * The kernel masks the LPCR (regs-rules.h) without an error.  A guest crashes
 * if it gets interrupts in another byte order, or at other addresses, than it
 * has set.
 */
static int check_lpcr(PowerPCCPU *cpu, Error **errp)
{
    bool hv = papr_kvm_facts()->hv;
    uint64_t ours = cpu->env.spr[SPR_LPCR];
    PaprKvmValue now = {};
    uint64_t refused;

    if (one_reg(cpu, KVM_GET_ONE_REG, KVM_REG_PPC_LPCR_64, &now) < 0) {
        return 0;
    }
    refused = papr_kvm_lpcr_refused(ours, now.u64, hv);
    if (refused) {
        error_setg(errp, "KVM of this host does not run a guest with LPCR bits "
                   "0x%"PRIx64" as they are in 0x%"PRIx64, refused, ours);
        return -EINVAL;
    }
    return 0;
}

static int put_one_regs(PowerPCCPU *cpu, AccelCPUState *state, int level,
                        Error **errp)
{
    for (unsigned i = 0; i < state->table->n; i++) {
        if (gate_open(&state->table->reg[i], &cpu->env)) {
            int ret = put_one(cpu, state, i, level, errp);

            if (ret < 0) {
                return ret;
            }
        }
    }
    return 0;
}

bool papr_kvm_vcpu_registers_put(PowerPCCPU *cpu, Error **errp)
{
    AccelCPUState *state = papr_kvm_vcpu_state(cpu);

    if (state->refusal) {
        error_propagate(errp, g_steal_pointer(&state->refusal));
        return false;
    }
    return true;
}

/* Is the vCPU's core being plugged?  accel/kvm ends QEMU on an error then */
static bool is_being_plugged(CPUState *cs, int level)
{
    return level == KVM_PUT_FULL_STATE && DEVICE(cs)->hotplugged &&
           !qdev_is_realized(DEVICE(cs));
}

static int put_registers(PowerPCCPU *cpu, AccelCPUState *state, int level,
                         Error **errp)
{
    typedef int PutFn(PowerPCCPU *, AccelCPUState *, int, Error **);
    static PutFn *const steps[] = { put_regs, put_sregs, put_one_regs };
    CPUState *cs = CPU(cpu);
    int ret = 0;

    if (!state->known && kvm_vcpu_ioctl(cs, KVM_GET_SREGS, &state->sregs) < 0) {
        /* no check is lost: kvm-hv refuses this processor version itself */
        state->sregs.pvr = cpu->env.spr[SPR_PVR];
    }
    for (int i = 0; !ret && i < ARRAY_SIZE(steps); i++) {
        ret = steps[i](cpu, state, level, errp);
    }
    if (!ret) {
        ret = papr_kvm_put_areas(cpu, level, errp);
    }
    if (!ret) {
        ret = papr_kvm_put_timers(cpu, level, errp);
    }
    if (!ret && level >= KVM_PUT_FULL_STATE) {
        ret = check_lpcr(cpu, errp);
    }
    if (!ret && level >= KVM_PUT_RESET_STATE) {
        papr_kvm_put_external_interrupt(cpu);
    }
    return ret;
}

int papr_kvm_put_registers(CPUState *cs, int level, Error **errp)
{
    PowerPCCPU *cpu = POWERPC_CPU(cs);
    AccelCPUState *state = papr_kvm_vcpu_state(cpu);
    int ret;

    trace_papr_kvm_put_registers(cpu->vcpu_id, level, state->known);
    if (state->unread && level < KVM_PUT_RESET_STATE) {
        /* the kernel's registers stay: QEMU's are not all current */
        state->unread = false;
        return 0;
    }
    state->unread = false;
    if (is_being_plugged(cs, level)) {
        put_registers(cpu, state, level, &state->refusal);
        state->known = false;
        return 0;
    }
    ret = put_registers(cpu, state, level, errp);
    state->known = false;
    if (level >= KVM_PUT_RESET_STATE) {
        state->put_failed = ret < 0;
    }
    return ret;
}

static int get_one_regs(PowerPCCPU *cpu, AccelCPUState *state, Error **errp)
{
    const PaprKvmRegTable *table = state->table;
    bool hv = papr_kvm_facts()->hv;

    for (unsigned i = 0; i < table->n; i++) {
        PaprKvmReg *reg = &table->reg[i];
        int ret;

        if (!gate_open(reg, &cpu->env) ||
            qatomic_read(&reg->there) == PAPR_KVM_REG_ABSENT) {
            continue;
        }
        ret = ask_register(cpu, reg, &state->values[i], errp);
        if (ret < 0) {
            return ret;
        }
        if (qatomic_read(&reg->there) == PAPR_KVM_REG_THERE) {
            papr_kvm_reg_to_env(reg, &cpu->env, &state->values[i], hv);
        }
    }
    return 0;
}

/*
 * Registers to be put are compared with the kernel's values as converted to
 * QEMU's, since the conversion loses some bits (LPCR).
 */
static void remember_registers(PowerPCCPU *cpu, AccelCPUState *state)
{
    for (unsigned i = 0; i < state->table->n; i++) {
        papr_kvm_reg_from_env(&state->table->reg[i], &cpu->env,
                              &state->values[i]);
    }
    give_regs(&cpu->env, &state->regs);
    give_sregs(cpu, &state->sregs);
    state->known = true;
}

static int get_all(PowerPCCPU *cpu, AccelCPUState *state, Error **errp)
{
    CPUState *cs = CPU(cpu);
    int ret;

    state->known = false;
    ret = kvm_vcpu_ioctl(cs, KVM_GET_REGS, &state->regs);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "KVM_GET_REGS");
        return ret;
    }
    take_regs(&cpu->env, &state->regs);

    ret = kvm_vcpu_ioctl(cs, KVM_GET_SREGS, &state->sregs);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "KVM_GET_SREGS");
        return ret;
    }
    take_slb(cpu, &state->sregs);

    ret = get_one_regs(cpu, state, errp);
    if (ret < 0) {
        return ret;
    }
    ret = papr_kvm_get_areas(cpu, errp);
    if (ret < 0) {
        return ret;
    }
    ret = papr_kvm_get_timers(cpu, errp);
    if (ret < 0) {
        return ret;
    }
    /* how addresses are translated, for reads of the guest's memory */
    hreg_compute_hflags(&cpu->env);
    remember_registers(cpu, state);
    return 0;
}

/*
 * accel/kvm stops the machine for good if this returns an error.  So it returns
 * none during a migration: papr_kvm_registers_read() makes the migration fail,
 * and the vCPU continues with the kernel's registers.
 */
int papr_kvm_get_registers(CPUState *cs, Error **errp)
{
    PowerPCCPU *cpu = POWERPC_CPU(cs);
    AccelCPUState *state = papr_kvm_vcpu_state(cpu);
    Error *err = NULL;
    int ret;

    trace_papr_kvm_get_registers(cpu->vcpu_id);
    ret = get_all(cpu, state, &err);
    state->unread = ret < 0;
    if (ret < 0 && (runstate_check(RUN_STATE_FINISH_MIGRATE) ||
                    runstate_check(RUN_STATE_SAVE_VM))) {
        error_free(err);
        return 0;
    }
    error_propagate(errp, err);
    return ret;
}

bool papr_kvm_registers_read(PowerPCCPU *cpu, Error **errp)
{
    AccelCPUState *state = papr_kvm_vcpu_state(cpu);

    if (state->unread) {
        state->unread = get_all(cpu, state, errp) < 0;
        if (state->unread) {
            error_prepend(errp, "The registers of vCPU id %d can't be read: ",
                          cpu->vcpu_id);
        }
    }
    return !state->unread;
}
