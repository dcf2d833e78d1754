/*
 * Nested guests by KVM's own hypercalls (cap-nested-hv)
 *
 * The partition (L1) is a hypervisor for guests of its own (L2), and keeps all
 * their state: the partition table, which has a radix tree for each, and their
 * registers, which it passes in two blocks of its memory when an L2 is to run.
 * The machine keeps only the table's address.  The interface is that of Linux
 * (arch/powerpc/kvm/book3s_hv_nested.c); LoPAR does not have it.
 *
 * What L1 passes is as hostile as anything a guest passes: tables and trees are
 * read as RAM or not at all, and a tree leads only to memory that L1 itself can
 * access.
 *
 * Locking: the hypercalls have the BQL, so that an L2 starts, ends and is
 * flushed by one vCPU at a time.  The table's address is atomic, and is read
 * without the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/pseries/guest-mem.h"
#include "system/tcg.h"
#include "target/ppc/cpu.h"
#include "target/ppc/mmu-book3s-v3.h"
#include "hw/ppc/pseries/trace.h"
#include "block.h"
#include "internal.h"

/* ---- the partition table ---- */

static int64_t set_table(PaprNested *nested, uint64_t ptcr)
{
    uint64_t addr, size;

    if (ptcr && (!papr_ptcr_table(ptcr, &addr, &size) ||
                 !papr_mem_is_ram(addr, size))) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_SET_PARTITION_TABLE: 0x%" PRIx64
                      " is no partition table in RAM\n", ptcr);
        return H_PARAMETER;
    }
    qatomic_set(&nested->ptcr, ptcr);
    papr_mmu_flush_tlbs(nested->mmu);
    return H_SUCCESS;
}

static int64_t h_set_partition_table(PowerPCCPU *cpu, uint64_t *args,
                                     void *opaque)
{
    PaprNested *nested = opaque;
    int64_t rc;

    if (!papr_mmu_is_radix(nested->mmu)) {
        return H_FUNCTION;
    }
    rc = set_table(nested, args[0]);
    trace_papr_nested_table(args[0], rc);
    return rc;
}

bool papr_hv_entry(const PaprNested *nested, uint64_t lpid,
                   ppc_v3_pate_t *entry)
{
    uint64_t ptcr = qatomic_read(&nested->ptcr), addr, be[2];

    if (!ptcr || !papr_ptcr_entry(ptcr, lpid, &addr) ||
        !papr_mem_read(addr, be, sizeof(be))) {
        return false;
    }
    entry->dw0 = be64_to_cpu(be[0]);
    entry->dw1 = be64_to_cpu(be[1]);
    return entry->dw0 & PATE0_HR;
}

/* ---- blocks ---- */

/** Blocks - both blocks, host endian, and their byte order in memory */
typedef struct Blocks {
    bool little;
    size_t size;                        /* of the state block */
    PaprHvState state;
    uint64_t regs[PAPR_REGS_WORDS];
} Blocks;

static int64_t read_blocks(Blocks *blocks, uint64_t state_addr,
                           uint64_t regs_addr)
{
    uint8_t buf[PAPR_REGS_SIZE];         /* of the larger block */
    uint64_t version;

    if (!papr_mem_read(state_addr, buf, 8)) {
        return H_PARAMETER;
    }
    papr_words_load(&version, buf, 1, blocks->little);
    blocks->size = papr_hv_size(version);
    if (!blocks->size) {
        return version > PAPR_HV_VERSION_MAX ? H_P2 : H_PARAMETER;
    }
    if (!papr_mem_read(state_addr, buf, blocks->size)) {
        return H_PARAMETER;
    }
    papr_hv_load(&blocks->state, buf, blocks->size, blocks->little);
    if (!papr_mem_read(regs_addr, buf, PAPR_REGS_SIZE)) {
        return H_PARAMETER;
    }
    papr_words_load(blocks->regs, buf, PAPR_REGS_WORDS, blocks->little);
    return H_SUCCESS;
}

static bool write_blocks(const Blocks *blocks, uint64_t state_addr,
                         uint64_t regs_addr)
{
    uint8_t buf[PAPR_REGS_SIZE];         /* of the larger block */

    papr_hv_store(buf, &blocks->state, blocks->size, blocks->little);
    if (!papr_mem_write(state_addr, buf, blocks->size)) {
        return false;
    }
    papr_words_store(buf, blocks->regs, PAPR_REGS_WORDS, blocks->little);
    return papr_mem_write(regs_addr, buf, PAPR_REGS_SIZE);
}

/* Words of the state block copied to an SPR and, if @comes_back, back */
static const struct {
    uint8_t word;
    uint8_t spr;
    bool comes_back;
} plain[] = {
    { PAPR_HV_PCR,    PAPR_L2_PCR,    true },
    { PAPR_HV_AMOR,   PAPR_L2_AMOR,   false },
    { PAPR_HV_HFSCR,  PAPR_L2_HFSCR,  true },
    { PAPR_HV_DAWR0,  PAPR_L2_DAWR0,  false },
    { PAPR_HV_DAWRX0, PAPR_L2_DAWRX0, false },
    { PAPR_HV_CIABR,  PAPR_L2_CIABR,  false },
    { PAPR_HV_DAWR1,  PAPR_L2_DAWR1,  false },
    { PAPR_HV_DAWRX1, PAPR_L2_DAWRX1, false },
    { PAPR_HV_IC,     PAPR_L2_IC,     true },
    { PAPR_HV_SRR0,   PAPR_L2_SRR0,   true },
    { PAPR_HV_SRR1,   PAPR_L2_SRR1,   true },
    { PAPR_HV_SPRG0,  PAPR_L2_SPRG0,  true },
    { PAPR_HV_SPRG1,  PAPR_L2_SPRG1,  true },
    { PAPR_HV_SPRG2,  PAPR_L2_SPRG2,  true },
    { PAPR_HV_SPRG3,  PAPR_L2_SPRG3,  true },
    { PAPR_HV_PIDR,   PAPR_L2_PIDR,   true },
    { PAPR_HV_PPR,    PAPR_L2_PPR,    true },
};

static void registers_of(const Blocks *blocks, PaprL2Registers *l2)
{
    const uint64_t *word = blocks->state.word, *regs = blocks->regs;

    *l2 = (PaprL2Registers) {
        .nip = regs[PAPR_REGS_NIP],
        .msr = regs[PAPR_REGS_MSR],
        .lr = regs[PAPR_REGS_LR],
        .ctr = regs[PAPR_REGS_CTR],
        .xer = regs[PAPR_REGS_XER],
        .cr = regs[PAPR_REGS_CR],
        .cfar = word[PAPR_HV_CFAR],
        .lpcr = word[PAPR_HV_LPCR],
        .doorbell = word[PAPR_HV_DPDES] & 1,
        .tb_offset = word[PAPR_HV_TB_OFFSET],
        .hdec_expiry = word[PAPR_HV_HDEC_EXPIRY],
        .vtb = word[PAPR_HV_VTB],
        .purr = word[PAPR_HV_PURR],
    };
    memcpy(l2->gpr, &regs[PAPR_REGS_GPR0], sizeof(l2->gpr));
    for (int i = 0; i < ARRAY_SIZE(plain); i++) {
        l2->spr[plain[i].spr] = word[plain[i].word];
    }
    l2->spr[PAPR_L2_LPIDR] = blocks->state.lpid;
}

static void to_blocks(const PaprL2Registers *l2, Blocks *blocks)
{
    uint64_t *word = blocks->state.word, *regs = blocks->regs;

    memcpy(&regs[PAPR_REGS_GPR0], l2->gpr, sizeof(l2->gpr));
    regs[PAPR_REGS_NIP] = l2->nip;
    regs[PAPR_REGS_MSR] = l2->msr;
    regs[PAPR_REGS_LR] = l2->lr;
    regs[PAPR_REGS_CTR] = l2->ctr;
    regs[PAPR_REGS_XER] = l2->xer;
    regs[PAPR_REGS_CR] = l2->cr;
    word[PAPR_HV_CFAR] = l2->cfar;
    word[PAPR_HV_LPCR] = l2->lpcr;
    word[PAPR_HV_DPDES] = l2->doorbell;
    word[PAPR_HV_VTB] = l2->vtb;
    /* TCG's threads share no processor, so SPURR advances as PURR does */
    word[PAPR_HV_SPURR] += l2->purr - word[PAPR_HV_PURR];
    word[PAPR_HV_PURR] = l2->purr;
    for (int i = 0; i < ARRAY_SIZE(plain); i++) {
        if (plain[i].comes_back) {
            word[plain[i].word] = l2->spr[plain[i].spr];
        }
    }
}

/* ---- the L2 ends ---- */

static void store_exit(const PaprL2Exit *exit, uint64_t *word)
{
    switch (exit->excp) {
    case POWERPC_EXCP_HDSI:
        word[PAPR_HV_HDAR] = exit->hdar;
        word[PAPR_HV_HDSISR] = exit->hdsisr;
        word[PAPR_HV_ASDR] = exit->asdr;
        break;
    case POWERPC_EXCP_HISI:
        word[PAPR_HV_ASDR] = exit->asdr;
        break;
    case POWERPC_EXCP_HV_EMU:
        word[PAPR_HV_HEIR] = exit->heir;
        break;
    }
}

/*
 * L1 may have overwritten its blocks since, or unplugged their memory.  If they
 * can't be read and written any more, the L2's registers are lost.
 */
static bool hand_over(PaprVcpu *vcpu, const PaprL2Registers *l2,
                      const PaprL2Exit *exit)
{
    Blocks blocks = {
        .little = FIELD_EX64(vcpu->cpu->env.msr, MSR, LE)
    };

    if (read_blocks(&blocks, vcpu->l1.state_addr, vcpu->l1.regs_addr) !=
        H_SUCCESS) {
        return false;
    }
    to_blocks(l2, &blocks);
    store_exit(exit, blocks.state.word);
    return write_blocks(&blocks, vcpu->l1.state_addr, vcpu->l1.regs_addr);
}

void papr_hv_ended(PaprVcpu *vcpu, const PaprL2Registers *l2,
                   const PaprL2Exit *exit)
{
    if (!hand_over(vcpu, l2, exit)) {
        vcpu->cpu->env.gpr[3] = H_AUTHORITY;
    }
}

/* ---- the L2 begins ---- */

static int64_t check_guest(const PaprNested *nested, const PaprHvState *state)
{
    ppc_v3_pate_t entry;

    /* LPID 0 is this partition; papr_hv_entry() checks the upper bound */
    return state->lpid && papr_hv_entry(nested, state->lpid, &entry)
        ? H_SUCCESS : H_PARAMETER;
}

static int64_t read_l2(const PaprNested *nested, PowerPCCPU *cpu,
                       uint64_t state_addr, uint64_t regs_addr, Blocks *blocks)
{
    int64_t rc;

    if (!papr_mmu_is_radix(nested->mmu)) {
        return H_FUNCTION;
    }
    if (!qatomic_read(&nested->ptcr)) {
        return H_NOT_AVAILABLE;
    }
    if (papr_nested_runs(cpu)) {
        return H_PARAMETER;             /* only a qtest calls from an L2 */
    }
    rc = read_blocks(blocks, state_addr, regs_addr);
    return rc == H_SUCCESS ? check_guest(nested, &blocks->state) : rc;
}

/*
 * When this returns, the vCPU runs the L2 and not L1: so the return value,
 * which is stored in r3, is the L2's r3.  L1's r3 is set when the L2 ends.
 */
static int64_t h_enter_nested(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprVcpu *vcpu = papr_vcpu(cpu);
    Blocks blocks = { .little = FIELD_EX64(cpu->env.msr, MSR, LE) };
    PaprL2Registers l2;
    int64_t rc = read_l2(opaque, cpu, args[0], args[1], &blocks);

    if (rc != H_SUCCESS) {
        trace_papr_nested_refused(vcpu->id, blocks.state.word[PAPR_HV_VERSION],
                                  blocks.state.lpid, rc);
        return rc;
    }
    registers_of(&blocks, &l2);
    vcpu->l1.state_addr = args[0];
    vcpu->l1.regs_addr = args[1];
    papr_l2_enter(vcpu, &l2);
    if (!tcg_enabled()) {
        /* a qtest runs no code: end the L2 as if its time were over */
        papr_l2_interrupt(vcpu, cpu->env.excp_vectors[POWERPC_EXCP_HDECR], &l2);
        papr_hv_ended(vcpu, &l2, &(PaprL2Exit) { .excp = POWERPC_EXCP_HDECR });
        return cpu->env.gpr[3];
    }
    return l2.gpr[3];
}

static const PaprHcall hv_calls[] = {
    { H_SET_PARTITION_TABLE, PAPR_HCALL_NOT_KVM, 1, 0, h_set_partition_table },
    { H_ENTER_NESTED, PAPR_HCALL_NOT_KVM, 2, 0, h_enter_nested },
};

void papr_hv_register(PaprHcallTable *hcalls, PaprNested *nested)
{
    papr_hcall_register(hcalls, hv_calls, ARRAY_SIZE(hv_calls), nested);
}
