/*
 * KVM on PowerPC: where each "one-reg" register lies in CPUPPCState
 *
 * KVM names registers by numbers that include their size (kernel's
 * Documentation/virt/kvm/api.rst, KVM_SET_ONE_REG).  The CPU model has the
 * numbers of special purpose registers (SPRs); the others are listed here.  The
 * table is made with the first vCPU; then only PaprKvmReg.there and .loss_told
 * change.  All vCPUs of a machine are of one model.
 *
 * Vector and floating point registers need no swap: CPUPPCState has them in the
 * host's format of a 128-bit register, and so has the kernel.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "regs.h"

/*
 * SPRs that differ from the rest: counters, which a reset does not change; and
 * LPCR, of which only some bits are the guest's.
 */
static const struct {
    uint16_t spr;
    uint8_t always;
    uint8_t special;
} odd_sprs[] = {
    { SPR_PURR,  PAPR_KVM_AT_FULL,  PAPR_KVM_PLAIN },
    { SPR_SPURR, PAPR_KVM_AT_FULL,  PAPR_KVM_PLAIN },
    { SPR_VTB,   PAPR_KVM_AT_FULL,  PAPR_KVM_PLAIN },
    { SPR_LPCR,  PAPR_KVM_AT_RESET, PAPR_KVM_LPCR },
};

#define ENV(member)         offsetof(CPUPPCState, member)
#define ENV_SIZE(member)    sizeof_field(CPUPPCState, member)

/* A row of registers, @n of them, with successive numbers */
typedef struct RegRun {
    const char *name;
    uint64_t id;
    uint32_t offset;
    uint16_t width;
    uint16_t stride;
    uint16_t n;
    enum { IF_ALWAYS, IF_VSX, IF_FP_ONLY, IF_ALTIVEC, IF_TM, IF_PR } only;
    uint8_t special;
} RegRun;

#define ROW(label, member, number, count, when)                             \
    { .name = label, .id = number, .offset = ENV(member[0]),                \
      .width = ENV_SIZE(member[0]), .stride = ENV_SIZE(member[0]),          \
      .n = count, .only = when }
#define ONE(label, member, number, when)                                    \
    { .name = label, .id = number, .offset = ENV(member),                   \
      .width = ENV_SIZE(member), .n = 1, .only = when }

/*
 * Checkpoint of a transaction (transactional memory, TM).  Kernels up to 6.x
 * write the value of TM_VSCR to VSCR: VSCR is written later, as part of
 * numeric[].
 */
static const RegRun transaction[] = {
    ROW("TM_GPR", tm_gpr, KVM_REG_PPC_TM_GPR0, 32, IF_TM),
    ROW("TM_VSR", tm_vsr, KVM_REG_PPC_TM_VSR0, 64, IF_TM),
    ONE("TM_CR", tm_cr, KVM_REG_PPC_TM_CR, IF_TM),
    ONE("TM_LR", tm_lr, KVM_REG_PPC_TM_LR, IF_TM),
    ONE("TM_CTR", tm_ctr, KVM_REG_PPC_TM_CTR, IF_TM),
    ONE("TM_FPSCR", tm_fpscr, KVM_REG_PPC_TM_FPSCR, IF_TM),
    ONE("TM_AMR", tm_amr, KVM_REG_PPC_TM_AMR, IF_TM),
    ONE("TM_PPR", tm_ppr, KVM_REG_PPC_TM_PPR, IF_TM),
    ONE("TM_VRSAVE", tm_vrsave, KVM_REG_PPC_TM_VRSAVE, IF_TM),
    ONE("TM_VSCR", tm_vscr, KVM_REG_PPC_TM_VSCR, IF_TM),
    ONE("TM_DSCR", tm_dscr, KVM_REG_PPC_TM_DSCR, IF_TM),
    ONE("TM_TAR", tm_tar, KVM_REG_PPC_TM_TAR, IF_TM),
};

/* After the SPRs: some kernels of 6.x write FSCR's value to FPSCR */
static const RegRun numeric[] = {
    ROW("VSR", vsr, KVM_REG_PPC_VSR0, 32, IF_VSX),
    { .name = "FPR", .id = KVM_REG_PPC_FPR0,
      .offset = ENV(vsr[0].VsrD(0)), .width = 8,
      .stride = ENV_SIZE(vsr[0]), .n = 32, .only = IF_FP_ONLY },
    ONE("FPSCR", fpscr, KVM_REG_PPC_FPSCR, IF_ALWAYS),
    { .name = "VR", .id = KVM_REG_PPC_VR0, .offset = ENV(vsr[32]),
      .width = 16, .stride = 16, .n = 32, .only = IF_ALTIVEC },
    { .name = "VSCR", .id = KVM_REG_PPC_VSCR, .width = 4, .n = 1,
      .only = IF_ALTIVEC, .special = PAPR_KVM_VSCR },
    ONE("HIOR", spr[SPR_HIOR], KVM_REG_PPC_HIOR, IF_PR),
};

static bool row_applies(const RegRun *run, const CPUPPCState *env, bool hv)
{
    bool vsx = env->insns_flags2 & PPC2_VSX;

    switch (run->only) {
    case IF_VSX:
        return vsx;
    case IF_FP_ONLY:
        return !vsx;
    case IF_ALTIVEC:
        return env->insns_flags & PPC_ALTIVEC;
    case IF_TM:
        return env->insns_flags2 & PPC2_TM;
    case IF_PR:
        return !hv;
    default:
        return true;
    }
}

static void add_rows(GArray *regs, const RegRun *runs, size_t n_runs,
                     const CPUPPCState *env, bool hv)
{
    for (const RegRun *run = runs; run < runs + n_runs; run++) {
        if (!row_applies(run, env, hv)) {
            continue;
        }
        for (int i = 0; i < run->n; i++) {
            PaprKvmReg reg = {
                .name = run->name,
                .index = run->n > 1 ? i : -1,
                .width = run->width,
                .always = PAPR_KVM_AT_RESET,
                .special = run->special,
                .gate = run->only == IF_TM ? PAPR_KVM_GATE_TM
                                           : PAPR_KVM_GATE_NONE,
                .offset = run->offset + i * run->stride,
                .id = run->id + i,
            };

            g_array_append_val(regs, reg);
        }
    }
}

static void add_sprs(GArray *regs, const CPUPPCState *env)
{
    for (int i = 0; i < ARRAY_SIZE(env->spr_cb); i++) {
        const ppc_spr_t *spr = &env->spr_cb[i];
        PaprKvmReg reg = {
            .name = spr->name,
            .index = -1,
            .width = ENV_SIZE(spr[0]),
            .always = PAPR_KVM_AT_RESET,
            .offset = ENV(spr[0]) + i * ENV_SIZE(spr[0]),
            .id = spr->one_reg_id,
            .reset_value = spr->default_value,
        };

        if (!reg.id) {
            continue;
        }
        for (int j = 0; j < ARRAY_SIZE(odd_sprs); j++) {
            if (odd_sprs[j].spr == i) {
                reg.always = odd_sprs[j].always;
                reg.special = odd_sprs[j].special;
            }
        }
        g_array_append_val(regs, reg);
    }
}

PaprKvmRegTable *papr_kvm_reg_table_new(PowerPCCPU *cpu, bool hv)
{
    const CPUPPCState *env = &cpu->env;
    GArray *regs = g_array_new(false, false, sizeof(PaprKvmReg));
    PaprKvmRegTable *table = g_new0(PaprKvmRegTable, 1);

    add_sprs(regs, env);
    add_rows(regs, transaction, ARRAY_SIZE(transaction), env, hv);
    add_rows(regs, numeric, ARRAY_SIZE(numeric), env, hv);

    table->n = regs->len;
    table->reg = (PaprKvmReg *)g_array_free(regs, false);
    return table;
}

/* Bytes of the register with this number */
unsigned papr_kvm_reg_size(uint64_t id)
{
    return 1u << ((id & KVM_REG_SIZE_MASK) >> KVM_REG_SIZE_SHIFT);
}

char *papr_kvm_reg_name(const PaprKvmReg *reg)
{
    return reg->index < 0 ? g_strdup(reg->name)
                          : g_strdup_printf("%s%d", reg->name, reg->index);
}

/* A number of @width bytes in host memory */
static uint64_t load_number(const void *place, unsigned width)
{
    return width == 4 ? *(const uint32_t *)place : *(const uint64_t *)place;
}

static void store_number(void *place, unsigned width, uint64_t number)
{
    if (width == 4) {
        *(uint32_t *)place = number;
    } else {
        *(uint64_t *)place = number;
    }
}

/* Get from @env the value to write to the kernel's @reg */
void papr_kvm_reg_from_env(const PaprKvmReg *reg, CPUPPCState *env,
                           PaprKvmValue *value)
{
    const void *place = (char *)env + reg->offset;

    memset(value, 0, sizeof(*value));
    if (reg->special == PAPR_KVM_VSCR) {
        value->u32 = ppc_get_vscr(env);
    } else if (reg->width == 16) {
        memcpy(value->u128, place, 16);
    } else {
        store_number(value, papr_kvm_reg_size(reg->id),
                     load_number(place, reg->width));
    }
}

/* Store @value, which the kernel has for @reg, in @env */
void papr_kvm_reg_to_env(const PaprKvmReg *reg, CPUPPCState *env,
                         const PaprKvmValue *value, bool hv)
{
    void *place = (char *)env + reg->offset;
    uint64_t number;

    if (reg->special == PAPR_KVM_VSCR) {
        ppc_store_vscr(env, value->u32);
        return;
    }
    if (reg->width == 16) {
        memcpy(place, value->u128, 16);
        return;
    }
    number = load_number(value, papr_kvm_reg_size(reg->id));
    if (reg->special == PAPR_KVM_LPCR) {
        number = papr_kvm_lpcr_seen(load_number(place, reg->width), number, hv);
    }
    store_number(place, reg->width, number);
}
