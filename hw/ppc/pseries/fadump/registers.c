/*
 * Firmware-assisted dump: registers of a vCPU, and the areas' heads
 *
 * An area is a head and entries of 16 bytes: a name in ASCII, padded with
 * zeroes, and a value (LoPAR appendix G).  Registers of a group are in order of
 * their numbers, the high half of one before the low half.
 *
 * Called by fadump.c.  BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/ppc/ppc.h"
#include "hw/pseries/accel.h"
#include "system/hw_accel.h"
#include "target/ppc/cpu.h"
#include "registers.h"

#define ENTRY_SIZE  16
#define NAME_SIZE   8

/*
 * Offsets in a head.  COUNT_OFFSET has the offset of the number of entries (8
 * bytes) or, for registers, of vCPUs (4 bytes)
 */
enum {
    HEAD_NAME = 0x0,
    HEAD_COUNT_OFFSET = 0xc,
    HEAD_HPT_ENTRIES = 0x18,
    HEAD_CPUS = 0x1c,
};

typedef struct Writer {
    uint8_t *start;
    uint8_t *at;
} Writer;

static const struct {
    const char *name;
    unsigned number;
} sprs[] = {
    { "ACOP", SPR_ACOP },
    { "AMR", SPR_AMR },
    { "BESCR", SPR_BESCR },
    { "CIABR", SPR_CIABR },
    { "CTRL", SPR_CTRL },
    { "DABR", SPR_DABR },
    { "DABRX", SPR_DABRX },
    { "DAR", SPR_DAR },
    { "DAWR0", SPR_DAWR0 },
    { "DAWRX0", SPR_DAWRX0 },
    { "DPDES", SPR_DPDES },
    { "DSCR", SPR_DSCR },
    { "DSISR", SPR_DSISR },
    { "EBBHR", SPR_EBBHR },
    { "EBBRR", SPR_EBBRR },
    { "FSCR", SPR_FSCR },
    { "IAMR", SPR_IAMR },
    { "IC", SPR_IC },
    { "MMCR0", SPR_POWER_MMCR0 },
    { "MMCR1", SPR_POWER_MMCR1 },
    { "MMCR2", SPR_POWER_MMCR2 },
    { "MMCRA", SPR_POWER_MMCRA },
    { "MMCRS", SPR_POWER_MMCRS },
    { "PID", SPR_BOOKS_PID },
    { "PIR", SPR_PIR },
    { "PMC1", SPR_POWER_PMC1 },
    { "PMC2", SPR_POWER_PMC2 },
    { "PMC3", SPR_POWER_PMC3 },
    { "PMC4", SPR_POWER_PMC4 },
    { "PMC5", SPR_POWER_PMC5 },
    { "PMC6", SPR_POWER_PMC6 },
    { "PSPB", SPR_PSPB },
    { "PSSCR", SPR_PSSCR },
    { "PVR", SPR_PVR },
    { "SDAR", SPR_POWER_SDAR },
    { "SIAR", SPR_POWER_SIAR },
    { "SIER", SPR_POWER_SIER },
    { "SPRG0", SPR_SPRG0 },
    { "SPRG1", SPR_SPRG1 },
    { "SPRG2", SPR_SPRG2 },
    { "SPRG3", SPR_SPRG3 },
    { "SRR0", SPR_SRR0 },
    { "SRR1", SPR_SRR1 },
    { "TAR", SPR_TAR },
    { "TEXASR", SPR_TEXASR },
    { "TFHAR", SPR_TFHAR },
    { "TFIAR", SPR_TFIAR },
    { "TIR", SPR_TIR },
    { "UAMOR", SPR_UAMOR },
    { "VRSAVE", SPR_VRSAVE },
    { "WORT", SPR_WORT },
};

/* A name of eight characters has no terminating zero */
static void put_name(uint8_t *to, const char *name)
{
    memset(to, 0, NAME_SIZE);
    memcpy(to, name, strnlen(name, NAME_SIZE));
}

static void put_entry(Writer *w, const char *name, uint64_t value)
{
    assert(w->at + ENTRY_SIZE <= w->start + PAPR_FADUMP_VCPU_MAX);
    put_name(w->at, name);
    stq_be_p(w->at + NAME_SIZE, value);
    w->at += ENTRY_SIZE;
}

static void put_numbered(Writer *w, const char *format, unsigned number,
                         uint64_t value)
{
    g_autofree char *name = g_strdup_printf(format, number);

    put_entry(w, name, value);
}

/* Registers of the partition, also while the vCPU runs a nested guest */
static void put_partition(Writer *w, const PaprVcpu *vcpu)
{
    const CPUPPCState *env = &vcpu->cpu->env;
    const PaprL1Registers *l1 = &vcpu->l1;

    put_entry(w, "CFAR", l1->in_l2 ? l1->cfar : env->cfar);
    put_entry(w, "CR", l1->in_l2 ? l1->cr : ppc_get_cr(env));
    put_entry(w, "CTR", l1->in_l2 ? l1->ctr : env->ctr);
    put_entry(w, "LR", l1->in_l2 ? l1->lr : env->lr);
    put_entry(w, "MSR", l1->in_l2 ? l1->msr : env->msr);
    put_entry(w, "NIA", l1->in_l2 ? l1->nip : env->nip);
    put_entry(w, "XER", l1->in_l2 ? l1->xer : cpu_read_xer(env));
    for (unsigned i = 0; i < 32; i++) {
        put_numbered(w, "GPR%02u", i, l1->in_l2 ? l1->gpr[i] : env->gpr[i]);
    }
}

static void put_clocks(Writer *w, CPUPPCState *env)
{
    bool hosts = papr_accel->uses_host_clocks;

    put_entry(w, "DEC", cpu_ppc_load_decr(env));
    put_entry(w, "PURR", hosts ? env->spr[SPR_PURR] : cpu_ppc_load_purr(env));
    put_entry(w, "TB", cpu_ppc_load_tbl(env));
    if (env->insns_flags2 & PPC2_ISA207S) {
        put_entry(w, "VTB", hosts ? env->spr[SPR_VTB] : cpu_ppc_load_vtb(env));
    }
}

static void put_sprs(Writer *w, const CPUPPCState *env)
{
    for (size_t i = 0; i < ARRAY_SIZE(sprs); i++) {
        if (env->spr_cb[sprs[i].number].name) {
            put_entry(w, sprs[i].name, env->spr[sprs[i].number]);
        }
    }
}

static void put_vectors(Writer *w, CPUPPCState *env)
{
    unsigned i;

    for (i = 0; i < 32; i++) {
        put_numbered(w, "FPR%02u", i, *cpu_fpr_ptr(env, i));
    }
    put_entry(w, "FPSCR", env->fpscr);
    if (!(env->insns_flags & PPC_ALTIVEC)) {
        return;
    }
    for (i = 0; i < 32; i++) {
        const ppc_avr_t *vr = cpu_avr_ptr(env, i);

        put_numbered(w, "VR%02u_HI", i, vr->VsrD(0));
        put_numbered(w, "VR%02u_LO", i, vr->VsrD(1));
    }
    put_entry(w, "VSCR", ppc_get_vscr(env));
    if (!(env->insns_flags2 & PPC2_VSX)) {
        return;
    }
    /* VSRs from 32 on are the VRs */
    for (i = 0; i < 32; i++) {
        const ppc_vsr_t *vsr = &env->vsr[i];

        put_numbered(w, "VSR%02u_HI", i, vsr->VsrD(0));
        put_numbered(w, "VSR%02u_LO", i, vsr->VsrD(1));
    }
}

size_t papr_fadump_put_regs(uint8_t *to, const PaprVcpu *vcpu)
{
    CPUPPCState *env = &vcpu->cpu->env;
    Writer w = { to, to };

    cpu_synchronize_state(CPU(vcpu->cpu));
    put_entry(&w, "CPUSTRT", CPU(vcpu->cpu)->cpu_index);
    put_partition(&w, vcpu);
    put_clocks(&w, env);
    put_sprs(&w, env);
    put_vectors(&w, env);
    put_entry(&w, "CPUEND", CPU(vcpu->cpu)->cpu_index);
    return w.at - w.start;
}

static void put_head(uint8_t *head, const char *name)
{
    memset(head, 0, PAPR_FADUMP_HEAD_SIZE);
    put_name(head + HEAD_NAME, name);
}

void papr_fadump_put_regs_head(uint8_t *head, uint32_t n_cpus)
{
    put_head(head, "REGSAVE");
    stl_be_p(head + HEAD_COUNT_OFFSET, HEAD_CPUS);
    stl_be_p(head + HEAD_CPUS, n_cpus);
}

void papr_fadump_put_hpt_head(uint8_t *head)
{
    put_head(head, "HPTESAVE");
    /*
     * LoPAR Table G.7 has the offset 0x1c, but also that the number of entries,
     * 8 bytes, is at 0x18
     */
    stl_be_p(head + HEAD_COUNT_OFFSET, HEAD_HPT_ENTRIES);
}
