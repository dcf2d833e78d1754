/*
 * pSeries platform: migration of a vCPU's platform state
 *
 * Section "spapr_cpu" with the areas that the guest registered by
 * H_REGISTER_VPA as nested subsections, each sent only when registered.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
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

const VMStateDescription vmstate_papr_vcpu = {
    .name = "spapr_cpu",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription *const []) {
        &vmstate_vpa,
        NULL
    },
};
