/*
 * pSeries platform: migration of a vCPU's platform state
 *
 * Section "spapr_cpu" has nested subsections: the areas that the guest
 * registered by H_REGISTER_VPA, each sent only when registered, the latch of
 * H_PROD, and the partition's registers (L1) while the vCPU runs a nested guest
 * (L2).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pseries/accel.h"
#include "hw/pseries/l2.h"
#include "hw/pseries/save.h"
#include "migration/vmstate.h"
#include "core.h"

static bool has_vpa(void *opaque)
{
    PaprVcpu *vcpu = opaque;

    return vcpu->vpa_addr != 0;
}

static bool has_slb_shadow(void *opaque)
{
    PaprVcpu *vcpu = opaque;

    return vcpu->slb_shadow_addr != 0;
}

static bool has_dtl(void *opaque)
{
    PaprVcpu *vcpu = opaque;

    return vcpu->dtl_addr != 0;
}

static bool was_prodded(void *opaque)
{
    PaprVcpu *vcpu = opaque;

    return vcpu->prod;
}

/* Not in upstream's streams; without it the vCPU would wait for another prod */
static const VMStateDescription vmstate_prod = {
    .name = "spapr_cpu/prod",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = was_prodded,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(prod, PaprVcpu),
        VMSTATE_END_OF_LIST()
    },
};

static bool runs_l2(void *opaque)
{
    PaprVcpu *vcpu = opaque;

    return vcpu->l1.in_l2;
}

static int l1_pre_load(void *opaque)
{
    PaprVcpu *vcpu = opaque;

    papr_l2_reset(vcpu);
    return 0;
}

static int l1_post_load(void *opaque, int version_id)
{
    PaprVcpu *vcpu = opaque;

    vcpu->l1.in_l2 = true;
    papr_l2_loaded(vcpu);
    return 0;
}

static bool l1_has_rest(void *opaque)
{
    PaprVcpu *vcpu = opaque;

    return vcpu->l1.has_rest;
}

/* With PAPR's hypercalls for nested guests: all other registers of L1 */
static const VMStateDescription vmstate_l1_rest = {
    .name = "spapr_cpu/l1/rest",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = l1_has_rest,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(l1.has_rest, PaprVcpu),
        VMSTATE_UINT64_ARRAY(l1.rest, PaprVcpu, PAPR_L1_REST),
        VMSTATE_END_OF_LIST()
    },
};

/* Not in upstream's streams: the CPU's sections have the L2's registers */
static const VMStateDescription vmstate_l1 = {
    .name = "spapr_cpu/l1",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = runs_l2,
    .pre_load = l1_pre_load,
    .post_load = l1_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(l1.doorbell, PaprVcpu),
        VMSTATE_UINT32(l1.cr, PaprVcpu),
        VMSTATE_UINT64(l1.state_addr, PaprVcpu),
        VMSTATE_UINT64(l1.regs_addr, PaprVcpu),
        VMSTATE_UINT64_ARRAY(l1.gpr, PaprVcpu, 32),
        VMSTATE_UINT64(l1.nip, PaprVcpu),
        VMSTATE_UINT64(l1.msr, PaprVcpu),
        VMSTATE_UINT64(l1.lr, PaprVcpu),
        VMSTATE_UINT64(l1.ctr, PaprVcpu),
        VMSTATE_UINT64(l1.cfar, PaprVcpu),
        VMSTATE_UINT64(l1.xer, PaprVcpu),
        VMSTATE_UINT64(l1.lpcr, PaprVcpu),
        VMSTATE_UINT64_ARRAY(l1.spr, PaprVcpu, PAPR_L1_SPRS),
        VMSTATE_INT64(l1.tb_ahead, PaprVcpu),
        VMSTATE_INT64(l1.purr_ahead, PaprVcpu),
        VMSTATE_UINT64(l1.vtb, PaprVcpu),
        VMSTATE_UINT64(l1.hdec_expiry, PaprVcpu),
        VMSTATE_UINT64(l1.asked_hfscr, PaprVcpu),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription *const []) {
        &vmstate_l1_rest,
        NULL
    },
};

static const VMStateDescription vmstate_slb_shadow = {
    .name = "spapr_cpu/vpa/slb_shadow",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = has_slb_shadow,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(slb_shadow_addr, PaprVcpu),
        VMSTATE_UINT64(slb_shadow_size, PaprVcpu),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_dtl = {
    .name = "spapr_cpu/vpa/dtl",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = has_dtl,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(dtl_addr, PaprVcpu),
        VMSTATE_UINT64(dtl_size, PaprVcpu),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_vpa = {
    .name = "spapr_cpu/vpa",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = has_vpa,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(vpa_addr, PaprVcpu),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription *const []) {
        &vmstate_slb_shadow,
        &vmstate_dtl,
        NULL
    },
};

/* The CPU's own sections have the registers, but don't check the read */
static int vcpu_pre_save(void *opaque)
{
    PaprVcpu *vcpu = opaque;
    Error *err = NULL;

    if (!papr_accel->registers_read(vcpu->cpu, &err)) {
        return papr_save_failed(err);
    }
    return 0;
}

/*
 * The stream has the partition's bits of LPCR (logical partitioning control
 * register) in every vCPU.  Take those of a running vCPU, if there is one: in a
 * stream of other releases a stopped vCPU may have missed a change, and gets it
 * when it is started.
 */
static void note_lpcr(PaprVcpu *vcpu)
{
    if (!vcpu->cpu->env.quiesced || vcpu == papr_vcpu_next(vcpu->vcpus, NULL)) {
        papr_vcpus_note_lpcr(vcpu->vcpus, papr_vcpu_lpcr(vcpu),
                             PAPR_LPCR_OF_ALL);
    }
}

/*
 * "RTAS stopped" is not in the stream.  But no interrupt may wake such a vCPU:
 * stop-self and reset clear the wake-up bits in LPCR, and on CPUs without these
 * only a stopped vCPU is halted with MSR[EE] off.  The stream has the CPU's own
 * sections before this one.
 */
static int vcpu_post_load(void *opaque, int version_id)
{
    PaprVcpu *vcpu = opaque;
    PowerPCCPU *cpu = vcpu->cpu;
    uint64_t wake_up = POWERPC_CPU_GET_CLASS(cpu)->lpcr_pm;

    bool can_wake = wake_up ? (cpu->env.spr[SPR_LPCR] & wake_up) != 0
                            : FIELD_EX64(cpu->env.msr, MSR, EE);

    cpu->env.quiesced = CPU(cpu)->halted && !can_wake;
    note_lpcr(vcpu);
    if (papr_accel->h_cede_in_kernel && !cpu->env.quiesced) {
        /*
         * The vCPU waits in H_CEDE.  Here the kernel implements H_CEDE, and it
         * could not wake a vCPU that is halted in QEMU.  H_CEDE may return
         * without a reason, so the vCPU continues.
         */
        CPU(cpu)->halted = 0;
    }
    ppc_maybe_interrupt(&cpu->env);
    return 0;
}

const VMStateDescription vmstate_papr_vcpu = {
    .name = "spapr_cpu",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = vcpu_pre_save,
    .post_load = vcpu_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription *const []) {
        &vmstate_vpa,
        &vmstate_prod,
        &vmstate_l1,
        NULL
    },
};
