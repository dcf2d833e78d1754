/*
 * Nested guests: a vCPU switches between its partition (L1) and a guest of that
 * partition (L2)
 *
 * There is one set of registers in a CPU.  L1's are saved in PaprVcpu.l1 when
 * an L2 starts, and restored when it ends.  In between, target/ppc sees a guest
 * of a hypervisor: LPIDR is not 0, addresses are translated by the partition's
 * tree, too, and interrupts to the hypervisor end the L2.
 *
 * Entries of TCG's TLBs (translation lookaside buffers) have no LPID, so the
 * TLBs are flushed at each switch.
 *
 * Locking: BQL.  Runs in the vCPU's own thread, or in another one while that
 * thread is stopped (reset, stream).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "exec/cputlb.h"
#include "exec/exec-all.h"
#include "hw/ppc/ppc.h"
#include "hw/pseries/l2.h"
#include "system/tcg.h"
#include "target/ppc/cpu.h"
#include "target/ppc/helper_regs.h"
#include "hw/ppc/pseries/trace.h"

/* LPCR: what L1 may choose, what an L2 always has, and what it never has */
#define LPCR_OF_L1      (LPCR_DPFD | LPCR_ILE | LPCR_AIL | LPCR_LD | LPCR_MER)
#define LPCR_ALWAYS     (LPCR_HR | LPCR_UPRT | LPCR_GTSE | LPCR_HVICE | \
                         LPCR_HDICE)
#define LPCR_NEVER      LPCR_LPES0

static const uint16_t sprs[PAPR_L2_SPRS] = {
    [PAPR_L2_LPIDR] = SPR_LPIDR,
    [PAPR_L2_PCR] = SPR_PCR,
    [PAPR_L2_AMOR] = SPR_AMOR,
    [PAPR_L2_HFSCR] = SPR_HFSCR,
    [PAPR_L2_DAWR0] = SPR_DAWR0,
    [PAPR_L2_DAWRX0] = SPR_DAWRX0,
    [PAPR_L2_CIABR] = SPR_CIABR,
    [PAPR_L2_DAWR1] = SPR_DAWR1,
    [PAPR_L2_DAWRX1] = SPR_DAWRX1,
    [PAPR_L2_IC] = SPR_IC,
    [PAPR_L2_SRR0] = SPR_SRR0,
    [PAPR_L2_SRR1] = SPR_SRR1,
    [PAPR_L2_SPRG0] = SPR_SPRG0,
    [PAPR_L2_SPRG1] = SPR_SPRG1,
    [PAPR_L2_SPRG2] = SPR_SPRG2,
    [PAPR_L2_SPRG3] = SPR_SPRG3,
    [PAPR_L2_PIDR] = SPR_BOOKS_PID,
    [PAPR_L2_PPR] = SPR_PPR,
};

/* ---- one set of registers, out of the CPU and into it ---- */

static void get_general(CPUPPCState *env, PaprL2Registers *regs)
{
    for (int i = 0; i < 32; i++) {
        regs->gpr[i] = env->gpr[i];
    }
    regs->nip = env->nip;
    regs->msr = env->msr;
    regs->lr = env->lr;
    regs->ctr = env->ctr;
    regs->cfar = env->cfar;
    regs->xer = cpu_read_xer(env);
    regs->cr = ppc_get_cr(env);
    regs->lpcr = env->spr[SPR_LPCR];
    for (int i = 0; i < PAPR_L2_SPRS; i++) {
        regs->spr[i] = env->spr[sprs[i]];
    }
}

/* Set QEMU's breakpoint and watchpoints to what the SPRs have now */
static void follow_debug_registers(CPUPPCState *env, const uint64_t *old)
{
    if (env->spr[SPR_CIABR] != old[PAPR_L2_CIABR]) {
        ppc_update_ciabr(env);
    }
    if (env->spr[SPR_DAWR0] != old[PAPR_L2_DAWR0] ||
        env->spr[SPR_DAWRX0] != old[PAPR_L2_DAWRX0]) {
        ppc_update_daw(env, 0);
    }
    if (env->spr[SPR_DAWR1] != old[PAPR_L2_DAWR1] ||
        env->spr[SPR_DAWRX1] != old[PAPR_L2_DAWRX1]) {
        ppc_update_daw(env, 1);
    }
}

static void put_general(PowerPCCPU *cpu, const PaprL2Registers *regs)
{
    CPUPPCState *env = &cpu->env;
    uint64_t old[PAPR_L2_SPRS];

    for (int i = 0; i < 32; i++) {
        env->gpr[i] = regs->gpr[i];
    }
    env->nip = regs->nip;
    env->msr = regs->msr;
    env->lr = regs->lr;
    env->ctr = regs->ctr;
    env->cfar = regs->cfar;
    cpu_write_xer(env, regs->xer);
    ppc_set_cr(env, regs->cr);
    for (int i = 0; i < PAPR_L2_SPRS; i++) {
        old[i] = env->spr[sprs[i]];
        env->spr[sprs[i]] = regs->spr[i];
    }
    follow_debug_registers(env, old);
    ppc_store_lpcr(cpu, regs->lpcr);    /* updates hflags, interrupts */
}

/*
 * The branch history rolling buffer (BHRB) has addresses of the code that ran
 * before the switch.  Neither set of hypercalls transfers it, so L1 loses its
 * own history, too.
 */
static void forget_branches(CPUPPCState *env)
{
    memset(env->bhrb, 0, sizeof(env->bhrb));
}

/* Drop the translations and the reservation of what ran before the switch */
static void forget_memory(PowerPCCPU *cpu)
{
    cpu->env.reserve_addr = -1;
    if (tcg_enabled()) {
        tlb_flush(CPU(cpu));
    }
}

static bool has_doorbell(CPUPPCState *env)
{
    return env->pending_interrupts & PPC_INTERRUPT_DOORBELL;
}

/* ---- entering ---- */

static uint64_t l2_msr(CPUPPCState *env, uint64_t msr)
{
    /* L1 handles machine checks, so MSR[ME] is set as in any guest */
    return (msr & env->msr_mask & ~(uint64_t)MSR_HVB) | 1ull << MSR_ME;
}

static uint64_t l2_lpcr(CPUPPCState *env, uint64_t lpcr)
{
    uint64_t own = env->spr[SPR_LPCR] & ~(LPCR_OF_L1 | LPCR_NEVER);

    return own | (lpcr & LPCR_OF_L1) | LPCR_ALWAYS;
}

/*
 * msgsndp sends a doorbell to another thread of L1's core, which is no thread
 * of the L2.  So HFSCR[MSGP] is off in the L2 even if L1 sets it: msgsndp ends
 * the L2, and L1 emulates it.
 */
static uint64_t l2_hfscr(CPUPPCState *env, uint64_t hfscr)
{
    return env->has_smt_siblings ? hfscr & ~(1ull << HFSCR_MSGP) : hfscr;
}

/*
 * HDEC is edge-triggered: a negative value would not interrupt, so a time that
 * is over already is stored as 0.  A time that HDEC has too few bits for would
 * be negative, too, and is cut to the largest value.
 */
static void start_hdec(PaprVcpu *vcpu, uint64_t expiry)
{
    CPUPPCState *env = &vcpu->cpu->env;
    int bits = POWERPC_CPU_GET_CLASS(vcpu->cpu)->lrg_decr_bits;
    int64_t left = expiry - cpu_ppc_load_tbl(env);

    cpu_ppc_hdecr_init(env);
    cpu_ppc_store_hdecr(env, MIN(MAX(left, 0), INT64_MAX >> (64 - bits)));
}

static void start_counters(PaprVcpu *vcpu, const PaprL2Registers *l2)
{
    CPUPPCState *env = &vcpu->cpu->env;
    PaprL1Registers *l1 = &vcpu->l1;

    l1->hdec_expiry = l2->hdec_expiry;
    start_hdec(vcpu, l2->hdec_expiry);
    l1->tb_ahead = l2->tb_offset;
    env->tb_env->tb_offset += l1->tb_ahead;
    l1->vtb = cpu_ppc_load_vtb(env);
    cpu_ppc_store_vtb(env, l2->vtb);
    l1->purr_ahead = l2->purr - cpu_ppc_load_purr(env);
    cpu_ppc_store_purr(env, l2->purr);
}

void papr_l2_enter(PaprVcpu *vcpu, const PaprL2Registers *l2)
{
    PowerPCCPU *cpu = vcpu->cpu;
    CPUPPCState *env = &cpu->env;
    PaprL1Registers *l1 = &vcpu->l1;
    PaprL2Registers regs;

    assert(!l1->in_l2);
    get_general(env, &regs);
    QEMU_BUILD_BUG_ON(sizeof(l1->gpr) != sizeof(regs.gpr));
    memcpy(l1->gpr, regs.gpr, sizeof(l1->gpr));
    memcpy(l1->spr, regs.spr, sizeof(regs.spr));
    l1->nip = regs.nip;
    l1->msr = regs.msr;
    l1->lr = regs.lr;
    l1->ctr = regs.ctr;
    l1->cfar = regs.cfar;
    l1->xer = regs.xer;
    l1->cr = regs.cr;
    l1->lpcr = regs.lpcr;
    l1->doorbell = has_doorbell(env);
    l1->asked_hfscr = l2->spr[PAPR_L2_HFSCR];
    l1->has_rest = l2->has_rest;
    if (l1->has_rest) {
        papr_l2_get_rest(vcpu, l1->rest);
    }

    regs = *l2;
    regs.nip &= l2->msr & (1ull << MSR_SF) ? ~3ull : 0xfffffffcull;
    regs.msr = l2_msr(env, l2->msr);
    regs.lpcr = l2_lpcr(env, l2->lpcr);
    regs.spr[PAPR_L2_HFSCR] = l2_hfscr(env, l2->spr[PAPR_L2_HFSCR]);

    start_counters(vcpu, l2);
    l1->in_l2 = true;
    put_general(cpu, &regs);
    if (l1->has_rest) {
        papr_l2_put_rest(vcpu, l2->rest);
    }
    ppc_set_irq(cpu, PPC_INTERRUPT_DOORBELL, l2->doorbell);
    forget_branches(env);
    forget_memory(cpu);
    /* do not enter the TB chained to the call, even if it is at the L2's NIP */
    qatomic_set(&CPU(cpu)->exit_request, true);
    trace_papr_l2_enter(vcpu->id, regs.spr[PAPR_L2_LPIDR], regs.nip, regs.msr);
}

/* ---- an external interrupt that L1 has for the L2 ---- */

bool papr_l2_take_external(PaprVcpu *vcpu)
{
    CPUPPCState *env = &vcpu->cpu->env;
    uint64_t lpcr = env->spr[SPR_LPCR], msr = env->spr[SPR_HSRR1];
    bool mapped = (lpcr & LPCR_AIL) == LPCR_AIL &&
                  (msr & 1ull << MSR_IR) && (msr & 1ull << MSR_DR);

    /* an external interrupt of L1's own ends the L2 first */
    if (!(lpcr & LPCR_MER) || !(msr & 1ull << MSR_EE) ||
        (env->pending_interrupts & PPC_INTERRUPT_EXT)) {
        return false;
    }
    env->spr[SPR_SRR0] = env->spr[SPR_HSRR0];
    env->spr[SPR_SRR1] = msr;
    env->nip = env->excp_vectors[POWERPC_EXCP_EXTERNAL] |
               (mapped ? 0xc000000000004000ull : 0);
    env->msr = 1ull << MSR_SF | 1ull << MSR_ME |
               (mapped ? 1ull << MSR_IR | 1ull << MSR_DR : 0) |
               (lpcr & LPCR_ILE ? 1ull << MSR_LE : 0);
    hreg_compute_hflags(env);
    ppc_maybe_interrupt(env);
    return true;
}

/* ---- leaving ---- */

static void stop_counters(PaprVcpu *vcpu, PaprL2Registers *l2)
{
    CPUPPCState *env = &vcpu->cpu->env;
    PaprL1Registers *l1 = &vcpu->l1;

    l2->hdec_expiry = l1->hdec_expiry;
    l2->tb_offset = l1->tb_ahead;
    l2->vtb = cpu_ppc_load_vtb(env);
    l2->purr = cpu_ppc_load_purr(env);
    cpu_ppc_hdecr_exit(env);
    env->tb_env->tb_offset -= l1->tb_ahead;
    cpu_ppc_store_vtb(env, l1->vtb);
    cpu_ppc_store_purr(env, l2->purr - l1->purr_ahead);
    l1->tb_ahead = 0;
}

static void back_to_l1(PaprVcpu *vcpu, uint64_t r3, PaprL2Registers *l2)
{
    PowerPCCPU *cpu = vcpu->cpu;
    PaprL1Registers *l1 = &vcpu->l1;
    PaprL2Registers regs = {
        .nip = l1->nip,
        .msr = l1->msr,
        .lr = l1->lr,
        .ctr = l1->ctr,
        .cfar = l1->cfar,
        .xer = l1->xer,
        .cr = l1->cr,
        .lpcr = l1->lpcr,
    };

    memcpy(regs.gpr, l1->gpr, sizeof(regs.gpr));
    memcpy(regs.spr, l1->spr, sizeof(regs.spr));
    regs.gpr[3] = r3;

    l2->spr[PAPR_L2_HFSCR] |= l1->asked_hfscr & 1ull << HFSCR_MSGP;
    l2->doorbell = has_doorbell(&cpu->env);
    l2->has_rest = l1->has_rest;
    if (l1->has_rest) {
        papr_l2_get_rest(vcpu, l2->rest);
    }
    stop_counters(vcpu, l2);
    l1->in_l2 = false;
    put_general(cpu, &regs);
    if (l1->has_rest) {
        papr_l2_put_rest(vcpu, l1->rest);
    }
    /* a doorbell that another thread sent to L1 is pending as HDOORBELL */
    l1->doorbell |= cpu->env.pending_interrupts & PPC_INTERRUPT_HDOORBELL;
    ppc_set_irq(cpu, PPC_INTERRUPT_HDOORBELL, 0);
    ppc_set_irq(cpu, PPC_INTERRUPT_DOORBELL, l1->doorbell);
    forget_branches(&cpu->env);
    forget_memory(cpu);
    trace_papr_l2_leave(vcpu->id, r3, l2->nip, l2->msr);
}

void papr_l2_leave(PaprVcpu *vcpu, uint64_t r3, bool hypervisor,
                   PaprL2Registers *l2)
{
    CPUPPCState *env = &vcpu->cpu->env;

    get_general(env, l2);
    l2->nip = env->spr[hypervisor ? SPR_HSRR0 : SPR_SRR0];
    l2->msr = env->spr[hypervisor ? SPR_HSRR1 : SPR_SRR1];
    back_to_l1(vcpu, r3, l2);
}

bool papr_l2_interrupt(PaprVcpu *vcpu, uint64_t r3, PaprL2Registers *l2)
{
    if (!vcpu->l1.in_l2) {
        return false;
    }
    get_general(&vcpu->cpu->env, l2);
    back_to_l1(vcpu, r3, l2);
    return true;
}

void papr_l2_reset(PaprVcpu *vcpu)
{
    PaprL2Registers l2;

    papr_l2_interrupt(vcpu, 0, &l2);
    vcpu->l1 = (PaprL1Registers) {};
}

/*
 * The stream has the L2's registers as those of the CPU.  It has no HDEC, and
 * the timebase is L1's: the L2's offset to it is added here.
 */
void papr_l2_loaded(PaprVcpu *vcpu)
{
    CPUPPCState *env = &vcpu->cpu->env;

    start_hdec(vcpu, vcpu->l1.hdec_expiry);
    env->tb_env->tb_offset += vcpu->l1.tb_ahead;
    forget_memory(vcpu->cpu);
}
