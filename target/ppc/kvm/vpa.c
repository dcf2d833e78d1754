/*
 * KVM on PowerPC: areas that a guest shares with its hypervisor
 *
 * H_REGISTER_VPA (LoPAR 14.11.3.2) registers, for a vCPU, the virtual processor
 * area (VPA), a shadow of the segment lookaside buffer (SLB) and the dispatch
 * trace log (DTL).  kvm-hv handles the call in the kernel; this file reads and
 * writes the addresses for reset and migration.  kvm-pr knows none of the three
 * areas: QEMU handles the hypercall and has the addresses in PaprVcpu.
 *
 * Context: as regs.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <linux/kvm.h>
#include "hw/pseries/kvm.h"
#include "hw/pseries/vcpu.h"
#include "qapi/error.h"
#include "system/kvm.h"
#include "regs.h"

enum { VPA, SLB_SHADOW, DTL, N_AREAS };

static const struct {
    uint64_t id;
    const char *name;
} areas[N_AREAS] = {
    [VPA] = { KVM_REG_PPC_VPA_ADDR, "VPA_ADDR" },
    [SLB_SHADOW] = { KVM_REG_PPC_VPA_SLB, "VPA_SLB" },
    [DTL] = { KVM_REG_PPC_VPA_DTL, "VPA_DTL" },
};

/* Address, then length; KVM does not transfer the length of the VPA */
static void from_vcpu(const PaprVcpu *vcpu, uint64_t area[N_AREAS][2])
{
    area[VPA][0] = vcpu->vpa_addr;
    area[VPA][1] = 0;
    area[SLB_SHADOW][0] = vcpu->slb_shadow_addr;
    area[SLB_SHADOW][1] = vcpu->slb_shadow_size;
    area[DTL][0] = vcpu->dtl_addr;
    area[DTL][1] = vcpu->dtl_size;
}

static int access_area(PowerPCCPU *cpu, unsigned long request, int which,
                       uint64_t value[2], Error **errp)
{
    struct kvm_one_reg reg = {
        .id = areas[which].id,
        .addr = (uintptr_t)value,
    };
    int ret = kvm_vcpu_ioctl(CPU(cpu), request, &reg);

    if (ret < 0) {
        error_setg_errno(errp, -ret, "KVM: register %s (address 0x%"PRIx64")",
                         areas[which].name, value[0]);
    }
    return ret;
}

int papr_kvm_get_areas(PowerPCCPU *cpu, Error **errp)
{
    AccelCPUState *state = papr_kvm_vcpu_state(cpu);
    PaprVcpu *vcpu = papr_vcpu(cpu);

    if (!vcpu || !papr_kvm_facts()->hv) {
        return 0;
    }
    memset(state->areas, 0, sizeof(state->areas));
    for (int i = 0; i < N_AREAS; i++) {
        int ret = access_area(cpu, KVM_GET_ONE_REG, i, state->areas[i], errp);

        if (ret < 0) {
            return ret;
        }
    }
    qatomic_set_u64(&vcpu->vpa_addr, state->areas[VPA][0]);
    vcpu->slb_shadow_addr = state->areas[SLB_SHADOW][0];
    vcpu->slb_shadow_size = state->areas[SLB_SHADOW][1];
    vcpu->dtl_addr = state->areas[DTL][0];
    vcpu->dtl_size = state->areas[DTL][1];
    return 0;
}

int papr_kvm_put_areas(PowerPCCPU *cpu, int level, Error **errp)
{
    /* the others need a VPA: it is set first and removed last */
    static const int coming[] = { VPA, SLB_SHADOW, DTL };
    static const int going[] = { SLB_SHADOW, DTL, VPA };
    AccelCPUState *state = papr_kvm_vcpu_state(cpu);
    const PaprVcpu *vcpu = papr_vcpu(cpu);
    uint64_t area[N_AREAS][2];
    const int *order;

    if (!vcpu || !papr_kvm_facts()->hv) {
        return 0;
    }
    from_vcpu(vcpu, area);
    /* other vCPUs may register areas for this one at any time */
    if (level < KVM_PUT_RESET_STATE &&
        (!state->known || !memcmp(area, state->areas, sizeof(area)))) {
        return 0;
    }
    order = area[VPA][0] ? coming : going;
    for (int i = 0; i < N_AREAS; i++) {
        int ret = access_area(cpu, KVM_SET_ONE_REG, order[i], area[order[i]],
                              errp);
        if (ret < 0) {
            return ret;
        }
    }
    return 0;
}
