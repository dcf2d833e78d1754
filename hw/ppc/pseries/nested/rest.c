/*
 * Nested guests: registers that are switched with PAPR's hypercalls alone
 *
 * With KVM's own hypercalls, L1 loads and saves these around a run of its
 * guest, and the machine does not switch them (switch.c).  With PAPR's, the
 * machine keeps all of a guest's registers.
 *
 * Locking: as switch.c, which calls this.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "target/ppc/cpu.h"
#include "exec/helper-proto.h"
#include "hw/ppc/ppc.h"
#include "hw/pseries/l2.h"
#include "system/tcg.h"

/* SPRs that are only stored, without side effects; 0: no such SPR */
static const uint16_t plain[PAPR_L2_REST] = {
    [PAPR_L2_MMCR1] = SPR_POWER_MMCR1,
    [PAPR_L2_MMCR2] = SPR_POWER_MMCR2,
    [PAPR_L2_MMCR3] = SPR_POWER_MMCR3,
    [PAPR_L2_MMCRA] = SPR_POWER_MMCRA,
    [PAPR_L2_PMC1] = SPR_POWER_PMC1,
    [PAPR_L2_PMC1 + 1] = SPR_POWER_PMC2,
    [PAPR_L2_PMC1 + 2] = SPR_POWER_PMC3,
    [PAPR_L2_PMC1 + 3] = SPR_POWER_PMC4,
    [PAPR_L2_PMC1 + 4] = SPR_POWER_PMC5,
    [PAPR_L2_PMC1 + 5] = SPR_POWER_PMC6,
    [PAPR_L2_SIER] = SPR_POWER_SIER,
    [PAPR_L2_SIER2] = SPR_POWER_SIER2,
    [PAPR_L2_SIER3] = SPR_POWER_SIER3,
    [PAPR_L2_SDAR] = SPR_POWER_SDAR,
    [PAPR_L2_SIAR] = SPR_POWER_SIAR,
    [PAPR_L2_DAR] = SPR_DAR,
    [PAPR_L2_DSISR] = SPR_DSISR,
    [PAPR_L2_FSCR] = SPR_FSCR,
    [PAPR_L2_BESCR] = SPR_BESCR,
    [PAPR_L2_EBBHR] = SPR_EBBHR,
    [PAPR_L2_EBBRR] = SPR_EBBRR,
    [PAPR_L2_AMR] = SPR_AMR,
    [PAPR_L2_IAMR] = SPR_IAMR,
    [PAPR_L2_UAMOR] = SPR_UAMOR,
    [PAPR_L2_DSCR] = SPR_DSCR,
    [PAPR_L2_TAR] = SPR_TAR,
    [PAPR_L2_DEXCR] = SPR_DEXCR,
    [PAPR_L2_HDEXCR] = SPR_HDEXCR,
    [PAPR_L2_HASHKEYR] = SPR_HASHKEYR,
    [PAPR_L2_HASHPKEYR] = SPR_HASHPKEYR,
    [PAPR_L2_CTRL] = SPR_CTRL,
    [PAPR_L2_VRSAVE] = SPR_VRSAVE,
    [PAPR_L2_WORT] = SPR_WORT,
    [PAPR_L2_PSPB] = SPR_PSPB,
};

/* ---- performance monitor ---- */

/* target/ppc updates the counters of cycles only when one is read */
static void bring_counters_up(CPUPPCState *env)
{
    if (tcg_enabled()) {
        helper_read_pmc(env, SPR_POWER_PMC1);
    }
}

/* The helper updates the timers of counters that MMCR0 starts or stops */
static void store_mmcr0(CPUPPCState *env, uint64_t value)
{
    if (tcg_enabled()) {
        helper_store_mmcr0(env, value);
    } else {
        env->spr[SPR_POWER_MMCR0] = value;
    }
}

/* ---- decrementer ---- */

static unsigned decr_bits(PaprVcpu *vcpu)
{
    return vcpu->cpu->env.spr[SPR_LPCR] & LPCR_LD ?
           POWERPC_CPU_GET_CLASS(vcpu->cpu)->lrg_decr_bits : 32;
}

/* L1's timebase less the clock of decr_next, which does not have tb_offset */
static uint64_t l1_offset(PaprVcpu *vcpu)
{
    return vcpu->cpu->env.tb_env->tb_offset - vcpu->l1.tb_ahead;
}

static uint64_t l1_timebase(PaprVcpu *vcpu)
{
    return cpu_ppc_load_tbl(&vcpu->cpu->env) - vcpu->l1.tb_ahead;
}

/* From decr_next: the decrementer's value depends on when it is read */
static uint64_t decr_expiry(PaprVcpu *vcpu)
{
    uint64_t expiry = vcpu->cpu->env.tb_env->decr_next + l1_offset(vcpu);
    int64_t left = expiry - l1_timebase(vcpu);
    unsigned bits = decr_bits(vcpu);

    /* if a negative value was stored, decr_next is 2^bits too late */
    return left >> (bits - 1) > 0 ? expiry - (1ull << bits) : expiry;
}

/* An expiry that the decrementer has too few bits for is cut to its range */
static void store_decr_expiry(PaprVcpu *vcpu, uint64_t expiry)
{
    CPUPPCState *env = &vcpu->cpu->env;
    int64_t left = expiry - l1_timebase(vcpu);
    unsigned bits = decr_bits(vcpu);
    int64_t most = INT64_MAX >> (64 - bits);

    cpu_ppc_store_decr(env, MIN(MAX(left, -most), most));
    if (left >= -most && left <= most) {
        /* cpu_ppc_store_decr() has read the clock again: set it exactly */
        env->tb_env->decr_next = expiry - l1_offset(vcpu) +
                                 (left < 0 ? 1ull << bits : 0);
    }
}

/* ---- all of them ---- */

void papr_l2_get_rest(PaprVcpu *vcpu, uint64_t *rest)
{
    CPUPPCState *env = &vcpu->cpu->env;

    bring_counters_up(env);
    for (int i = 0; i < PAPR_L2_REST; i++) {
        if (plain[i]) {
            rest[i] = env->spr[plain[i]];
        }
    }
    for (int i = 0; i < 64; i++) {
        rest[PAPR_L2_VSR0 + 2 * i] = env->vsr[i].VsrD(0);
        rest[PAPR_L2_VSR0 + 2 * i + 1] = env->vsr[i].VsrD(1);
    }
    rest[PAPR_L2_FPSCR] = env->fpscr;
    rest[PAPR_L2_VSCR] = ppc_get_vscr(env);
    rest[PAPR_L2_MMCR0] = env->spr[SPR_POWER_MMCR0];
    rest[PAPR_L2_DEC_EXPIRY] = decr_expiry(vcpu);
}

void papr_l2_put_rest(PaprVcpu *vcpu, const uint64_t *rest)
{
    CPUPPCState *env = &vcpu->cpu->env;

    store_mmcr0(env, MMCR0_FC);         /* freeze all counters meanwhile */
    for (int i = 0; i < PAPR_L2_REST; i++) {
        if (plain[i]) {
            env->spr[plain[i]] = rest[i];
        }
    }
    for (int i = 0; i < 64; i++) {
        env->vsr[i].VsrD(0) = rest[PAPR_L2_VSR0 + 2 * i];
        env->vsr[i].VsrD(1) = rest[PAPR_L2_VSR0 + 2 * i + 1];
    }
    ppc_store_fpscr(env, rest[PAPR_L2_FPSCR]);
    ppc_store_vscr(env, rest[PAPR_L2_VSCR]);
    store_mmcr0(env, rest[PAPR_L2_MMCR0]);
    store_decr_expiry(vcpu, rest[PAPR_L2_DEC_EXPIRY]);
}
