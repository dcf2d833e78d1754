/*
 * Nested guests by PAPR's hypercalls: H_GUEST_RUN_VCPU
 *
 * A vCPU of L1 loads the state of an L2's vCPU from PaprGuestVcpu, by way of
 * PaprL2Registers, and saves it there when an interrupt ends the run.  L1 has
 * named two buffers before: the input buffer has elements that are set before
 * the run, the output buffer gets those that L1 needs to handle the interrupt.
 *
 * Locking: BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pseries/guest-mem.h"
#include "hw/pseries/work.h"
#include "system/tcg.h"
#include "target/ppc/cpu.h"
#include "target/ppc/cpu-models.h"
#include "hw/ppc/pseries/trace.h"
#include "papr.h"

/* ---- who runs where ---- */

uint64_t papr_run_guest(const PaprVcpu *vcpu)
{
    return vcpu->l1.state_addr;
}

static uint64_t run_vcpu(const PaprVcpu *vcpu)
{
    return vcpu->l1.regs_addr;
}

bool papr_run_is_on(const PaprVcpuMap *map, const PaprGuest *guest,
                    const PaprGuestVcpu *vcpu)
{
    const PaprVcpu *runner = papr_vcpu_find(map, vcpu->runner);

    return runner && runner->l1.in_l2 && papr_run_guest(runner) == guest->id &&
           run_vcpu(runner) == vcpu->id;
}

/* ---- state of a vCPU <-> registers ---- */

#define REGISTER(id, n, field) \
    { PAPR_GS_WORD(id), n, offsetof(PaprL2Registers, field) }

/* @n doublewords from @word on are those from @offset on in PaprL2Registers */
static const struct {
    uint16_t word;
    uint16_t n;
    uint16_t offset;
} registers[] = {
    REGISTER(PAPR_GS_GPR0, 32, gpr),
    REGISTER(PAPR_GS_HDEC_EXPIRY, 1, hdec_expiry),
    REGISTER(PAPR_GS_NIA, 1, nip),
    REGISTER(PAPR_GS_MSR, 1, msr),
    REGISTER(PAPR_GS_LR, 1, lr),
    REGISTER(PAPR_GS_XER, 1, xer),
    REGISTER(PAPR_GS_CTR, 1, ctr),
    REGISTER(PAPR_GS_CFAR, 1, cfar),
    REGISTER(PAPR_GS_SRR0, 1, spr[PAPR_L2_SRR0]),
    REGISTER(PAPR_GS_SRR1, 1, spr[PAPR_L2_SRR1]),
    REGISTER(PAPR_GS_DAR, 1, rest[PAPR_L2_DAR]),
    REGISTER(PAPR_GS_DEC_EXPIRY, 1, rest[PAPR_L2_DEC_EXPIRY]),
    REGISTER(PAPR_GS_VTB, 1, vtb),
    REGISTER(PAPR_GS_LPCR, 1, lpcr),
    REGISTER(PAPR_GS_HFSCR, 1, spr[PAPR_L2_HFSCR]),
    REGISTER(PAPR_GS_FSCR, 1, rest[PAPR_L2_FSCR]),
    REGISTER(PAPR_GS_FPSCR, 1, rest[PAPR_L2_FPSCR]),
    REGISTER(PAPR_GS_DAWR0, 1, spr[PAPR_L2_DAWR0]),
    REGISTER(PAPR_GS_DAWR1, 1, spr[PAPR_L2_DAWR1]),
    REGISTER(PAPR_GS_CIABR, 1, spr[PAPR_L2_CIABR]),
    REGISTER(PAPR_GS_PURR, 1, purr),
    REGISTER(PAPR_GS_IC, 1, spr[PAPR_L2_IC]),
    REGISTER(PAPR_GS_SPRG0, 4, spr[PAPR_L2_SPRG0]),
    REGISTER(PAPR_GS_PPR, 1, spr[PAPR_L2_PPR]),
    REGISTER(PAPR_GS_MMCR0, 4, rest[PAPR_L2_MMCR0]),
    REGISTER(PAPR_GS_MMCRA, 1, rest[PAPR_L2_MMCRA]),
    REGISTER(PAPR_GS_SIER, 3, rest[PAPR_L2_SIER]),
    REGISTER(PAPR_GS_BESCR, 1, rest[PAPR_L2_BESCR]),
    REGISTER(PAPR_GS_EBBHR, 1, rest[PAPR_L2_EBBHR]),
    REGISTER(PAPR_GS_EBBRR, 1, rest[PAPR_L2_EBBRR]),
    REGISTER(PAPR_GS_AMR, 1, rest[PAPR_L2_AMR]),
    REGISTER(PAPR_GS_IAMR, 1, rest[PAPR_L2_IAMR]),
    REGISTER(PAPR_GS_AMOR, 1, spr[PAPR_L2_AMOR]),
    REGISTER(PAPR_GS_UAMOR, 1, rest[PAPR_L2_UAMOR]),
    REGISTER(PAPR_GS_SDAR, 1, rest[PAPR_L2_SDAR]),
    REGISTER(PAPR_GS_SIAR, 1, rest[PAPR_L2_SIAR]),
    REGISTER(PAPR_GS_DSCR, 1, rest[PAPR_L2_DSCR]),
    REGISTER(PAPR_GS_TAR, 1, rest[PAPR_L2_TAR]),
    REGISTER(PAPR_GS_DEXCR, 1, rest[PAPR_L2_DEXCR]),
    REGISTER(PAPR_GS_HDEXCR, 1, rest[PAPR_L2_HDEXCR]),
    REGISTER(PAPR_GS_HASHKEYR, 1, rest[PAPR_L2_HASHKEYR]),
    REGISTER(PAPR_GS_HASHPKEYR, 1, rest[PAPR_L2_HASHPKEYR]),
    REGISTER(PAPR_GS_CTRL, 1, rest[PAPR_L2_CTRL]),
    REGISTER(PAPR_GS_PIDR, 1, spr[PAPR_L2_PIDR]),
    REGISTER(PAPR_GS_DSISR, 1, rest[PAPR_L2_DSISR]),
    REGISTER(PAPR_GS_VSCR, 1, rest[PAPR_L2_VSCR]),
    REGISTER(PAPR_GS_VRSAVE, 1, rest[PAPR_L2_VRSAVE]),
    REGISTER(PAPR_GS_DAWRX0, 1, spr[PAPR_L2_DAWRX0]),
    REGISTER(PAPR_GS_DAWRX1, 1, spr[PAPR_L2_DAWRX1]),
    REGISTER(PAPR_GS_PMC1, 6, rest[PAPR_L2_PMC1]),
    REGISTER(PAPR_GS_WORT, 1, rest[PAPR_L2_WORT]),
    REGISTER(PAPR_GS_PSPB, 1, rest[PAPR_L2_PSPB]),
    REGISTER(PAPR_GS_VSR0, 2 * 64, rest[PAPR_L2_VSR0]),
};

static void to_registers(const uint64_t *word, PaprL2Registers *l2)
{
    for (int i = 0; i < ARRAY_SIZE(registers); i++) {
        memcpy((char *)l2 + registers[i].offset, &word[registers[i].word],
               registers[i].n * sizeof(*word));
    }
    l2->cr = word[PAPR_GS_WORD(PAPR_GS_CR)];
    l2->doorbell = word[PAPR_GS_WORD(PAPR_GS_DPDES)] & 1;
}

static void from_registers(const PaprL2Registers *l2, uint64_t *word)
{
    uint64_t purr = word[PAPR_GS_WORD(PAPR_GS_PURR)];

    for (int i = 0; i < ARRAY_SIZE(registers); i++) {
        memcpy(&word[registers[i].word], (char *)l2 + registers[i].offset,
               registers[i].n * sizeof(*word));
    }
    word[PAPR_GS_WORD(PAPR_GS_CR)] = l2->cr;
    word[PAPR_GS_WORD(PAPR_GS_DPDES)] = l2->doorbell;
    /* TCG's threads share no processor, so SPURR advances as PURR does */
    word[PAPR_GS_WORD(PAPR_GS_SPURR)] += l2->purr - purr;
}

/* ---- a run begins ---- */

/* PCR of an L2 in that compatibility mode: it has all bits of L1's PCR, too */
static uint64_t pcr_of(PowerPCCPU *cpu, uint32_t pvr)
{
    uint64_t pcr = cpu->env.spr[SPR_PCR];

    switch (pvr) {
    case CPU_POWERPC_LOGICAL_3_00:
        pcr |= PCR_COMPAT_3_10 | PCR_COMPAT_3_00;
        break;
    case CPU_POWERPC_LOGICAL_3_10:
    case CPU_POWERPC_LOGICAL_3_10_P11:
        pcr |= PCR_COMPAT_3_10;
        break;
    }
    return pcr & POWERPC_CPU_GET_CLASS(cpu)->pcr_mask;
}

static int64_t take_input(PowerPCCPU *cpu, PaprGuestVcpu *vcpu,
                          uint64_t *offset)
{
    const uint64_t *input = &vcpu->word[PAPR_GS_VCPU_INPUT];
    uint8_t buf[PAPR_GS_RUN_BUFFER_MAX];
    PaprGsReader reader;
    PaprGsItem bad;
    int64_t rc;

    /* checked when L1 set it, but not in a stream or after an unplug */
    if (input[1] > sizeof(buf) || !papr_mem_read(input[0], buf, input[1]) ||
        !papr_gs_begin(&reader, buf, input[1])) {
        return H_INPUT_BUFFER_NOT_DEFINED;
    }
    papr_work_copied(input[1]);
    rc = papr_gs_check_all(cpu, reader, PAPR_GS_OF_VCPU, true, &bad);
    if (rc == H_SUCCESS) {
        papr_gs_load_all(reader, vcpu->word);
    } else {
        *offset = bad.offset;
    }
    return rc;
}

static int64_t find_l2(PaprNested *nested, PowerPCCPU *cpu,
                       const uint64_t *args, PaprGuest **guest,
                       PaprGuestVcpu **vcpu)
{
    if (args[0] || papr_nested_runs(cpu)) {     /* only a qtest: from an L2 */
        return H_PARAMETER;
    }
    *guest = papr_guests_find(nested->guests, args[1]);
    if (!*guest) {
        return H_P2;
    }
    *vcpu = papr_guest_vcpu(*guest, args[2]);
    if (!*vcpu) {
        return H_P3;
    }
    if (papr_run_is_on(papr_vcpu(cpu)->vcpus, *guest, *vcpu)) {
        return H_IN_USE;
    }
    if (!(*vcpu)->word[PAPR_GS_VCPU_INPUT + 1]) {
        return H_INPUT_BUFFER_NOT_DEFINED;
    }
    if (!(*vcpu)->word[PAPR_GS_VCPU_OUTPUT + 1]) {
        return H_OUTPUT_BUFFER_NOT_DEFINED;
    }
    return (*guest)->entry[0] ? H_SUCCESS : H_PARTITION_PAGE_TABLE_NOT_DEFINED;
}

static void enter(PaprVcpu *runner, PaprGuest *guest, PaprGuestVcpu *vcpu,
                  PaprL2Registers *l2)
{
    *l2 = (PaprL2Registers) { .has_rest = true };
    to_registers(vcpu->word, l2);
    l2->tb_offset = guest->word[PAPR_GS_GUEST_TB_OFFSET];
    l2->spr[PAPR_L2_LPIDR] = guest->id;
    l2->spr[PAPR_L2_PCR] = pcr_of(runner->cpu, guest->word[PAPR_GS_GUEST_PVR]);
    vcpu->runner = runner->id;
    runner->l1.state_addr = guest->id;
    runner->l1.regs_addr = vcpu->id;
    papr_l2_enter(runner, l2);
}

/*
 * As with H_ENTER_NESTED, the vCPU runs the L2 next and not L1: so this returns
 * the L2's r3.  L1's results are set when the L2 ends.
 */
int64_t papr_h_guest_run_vcpu(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprNested *nested = opaque;
    PaprVcpu *runner = papr_vcpu(cpu);
    PaprGuest *guest = NULL;
    PaprGuestVcpu *vcpu = NULL;
    PaprL2Registers l2;
    int64_t rc = find_l2(nested, cpu, args, &guest, &vcpu);

    if (rc == H_SUCCESS) {
        rc = take_input(cpu, vcpu, &args[0]);
    }
    if (rc != H_SUCCESS) {
        trace_papr_nested_no_run(runner->id, args[1], args[2], rc);
        return rc;
    }
    enter(runner, guest, vcpu, &l2);
    if (!tcg_enabled()) {
        /* a qtest runs no code: end the L2 as if its time were over */
        const PaprL2Exit exit = { .excp = POWERPC_EXCP_HDECR };

        papr_l2_interrupt(runner, H_SUCCESS, &l2);
        papr_run_ended(nested, runner, &l2, &exit,
                       cpu->env.excp_vectors[exit.excp]);
        args[0] = cpu->env.gpr[4];
        return cpu->env.gpr[3];
    }
    return l2.gpr[3];
}

/* ---- a run ends ---- */

static const struct {
    int excp;
    uint8_t n;
    uint16_t ids[10];
} outputs[] = {
    { POWERPC_EXCP_HDSI, 5, { PAPR_GS_HDAR, PAPR_GS_HDSISR, PAPR_GS_ASDR,
                              PAPR_GS_NIA, PAPR_GS_MSR } },
    { POWERPC_EXCP_HISI, 4, { PAPR_GS_HDAR, PAPR_GS_ASDR, PAPR_GS_NIA,
                              PAPR_GS_MSR } },
    { POWERPC_EXCP_HV_EMU, 3, { PAPR_GS_HEIR, PAPR_GS_NIA, PAPR_GS_MSR } },
    { POWERPC_EXCP_HV_FU, 3, { PAPR_GS_HFSCR, PAPR_GS_NIA, PAPR_GS_MSR } },
    { POWERPC_EXCP_SYSCALL, 10, {
        PAPR_GS_GPR0 + 3, PAPR_GS_GPR0 + 4, PAPR_GS_GPR0 + 5, PAPR_GS_GPR0 + 6,
        PAPR_GS_GPR0 + 7, PAPR_GS_GPR0 + 8, PAPR_GS_GPR0 + 9,
        PAPR_GS_GPR0 + 10, PAPR_GS_GPR0 + 11, PAPR_GS_GPR0 + 12 } },
};

static bool put_output(const PaprGuestVcpu *vcpu, int excp)
{
    const uint64_t *output = &vcpu->word[PAPR_GS_VCPU_OUTPUT];
    uint8_t buf[PAPR_GS_RUN_OUTPUT_MIN];
    const uint16_t *ids = NULL;
    unsigned n = 0;
    size_t len;

    for (int i = 0; i < ARRAY_SIZE(outputs); i++) {
        if (outputs[i].excp == excp) {
            ids = outputs[i].ids;
            n = outputs[i].n;
        }
    }
    len = papr_gs_write(buf, ids, n, vcpu->word);
    return len <= output[1] && papr_mem_write(output[0], buf, len);
}

static void store_exit(const PaprL2Exit *exit, uint64_t *word)
{
    switch (exit->excp) {
    case POWERPC_EXCP_HDSI:
        word[PAPR_GS_WORD(PAPR_GS_HDAR)] = exit->hdar;
        word[PAPR_GS_WORD(PAPR_GS_HDSISR)] = exit->hdsisr;
        word[PAPR_GS_WORD(PAPR_GS_ASDR)] = exit->asdr;
        break;
    case POWERPC_EXCP_HISI:
        /* HISI does not set HDAR: L1 gets the instruction's address */
        word[PAPR_GS_WORD(PAPR_GS_HDAR)] = word[PAPR_GS_WORD(PAPR_GS_NIA)];
        word[PAPR_GS_WORD(PAPR_GS_ASDR)] = exit->asdr;
        break;
    case POWERPC_EXCP_HV_EMU:
        word[PAPR_GS_WORD(PAPR_GS_HEIR)] = exit->heir;
        break;
    }
}

void papr_run_ended(PaprNested *nested, PaprVcpu *runner,
                    const PaprL2Registers *l2, const PaprL2Exit *exit,
                    uint64_t vector)
{
    CPUPPCState *env = &runner->cpu->env;
    PaprGuest *guest = papr_guests_find(nested->guests,
                                        papr_run_guest(runner));
    PaprGuestVcpu *vcpu = guest ? papr_guest_vcpu(guest, run_vcpu(runner))
                                : NULL;

    if (!vcpu) {
        env->gpr[3] = H_P2;             /* only after a forged stream */
        return;
    }
    from_registers(l2, vcpu->word);
    store_exit(exit, vcpu->word);
    env->gpr[4] = vector;
    if (!put_output(vcpu, exit->excp)) {
        env->gpr[3] = H_OUTPUT_BUFFER_NOT_DEFINED;
    }
}
