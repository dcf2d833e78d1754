/*
 * Areas that the guest registers for a vCPU: H_REGISTER_VPA
 *
 * The virtual processor area (VPA) holds the dispatch counter that other vCPUs
 * pass to H_CONFER; the dispatch trace log (DTL) and the segment lookaside
 * buffer (SLB) shadow are recorded only: vCPU threads are dispatched by the
 * host, and an SLB is never lost.  LoPAR sections 14.11.1 and 14.11.3.2.
 *
 * Locking: areas are registered with the BQL held.  The vCPU's thread and
 * H_CONFER read the VPA's address, one atomic word, without the BQL; whatever
 * address that is, guest-mem.c accesses only RAM.  The vCPU's thread alone uses
 * vpa_counter, which caches the counter's host address.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "qemu/rcu.h"
#include "hw/pseries/guest-mem.h"
#include "hw/pseries/vcpu.h"
#include "vpa.h"

/* IBM bits 16-18 of the flags */
enum {
    VPA_REGISTER = 1,
    DTL_REGISTER = 2,
    SLB_SHADOW_REGISTER = 3,
    VPA_DEREGISTER = 5,
    DTL_DEREGISTER = 6,
    SLB_SHADOW_DEREGISTER = 7,
};
#define AREA_SUBFUNCTION_SHIFT (63 - 18)

#define AREA_SIZE_OFFSET       0x4
#define AREA_PAGE              4096
#define VPA_SIZE_MIN           640
#define VPA_SHARED             0x9
#define VPA_SHARED_BIT         0x02
#define VPA_DISPATCH_COUNTER   0x100
#define DTL_SIZE_MIN           48
#define SLB_SHADOW_SIZE_MIN    8

static bool within_a_page(uint64_t addr, uint64_t size)
{
    return size <= AREA_PAGE - addr % AREA_PAGE;
}

static int64_t register_vpa(PaprVcpu *vcpu, uint64_t addr)
{
    uint8_t size[2], shared;

    if (!papr_mem_read(addr + AREA_SIZE_OFFSET, size, sizeof(size)) ||
        lduw_be_p(size) < VPA_SIZE_MIN ||
        !within_a_page(addr, lduw_be_p(size)) ||
        !papr_mem_read(addr + VPA_SHARED, &shared, 1)) {
        return H_PARAMETER;
    }
    shared |= VPA_SHARED_BIT;
    if (!papr_mem_write(addr + VPA_SHARED, &shared, 1)) {
        return H_PARAMETER;
    }
    qatomic_set_u64(&vcpu->vpa_addr, addr);
    return H_SUCCESS;
}

static int64_t register_dtl(PaprVcpu *vcpu, uint64_t addr)
{
    uint32_t size;

    if (!papr_mem_read_be32(addr + AREA_SIZE_OFFSET, &size) ||
        size < DTL_SIZE_MIN || !papr_mem_is_ram(addr, size)) {
        return H_PARAMETER;
    }
    if (!vcpu->vpa_addr) {
        return H_RESOURCE;
    }
    vcpu->dtl_addr = addr;
    vcpu->dtl_size = size;
    return H_SUCCESS;
}

static int64_t register_slb_shadow(PaprVcpu *vcpu, uint64_t addr)
{
    uint32_t size;

    if (!papr_mem_read_be32(addr + AREA_SIZE_OFFSET, &size) ||
        size < SLB_SHADOW_SIZE_MIN || !within_a_page(addr, size)) {
        return H_PARAMETER;
    }
    if (!vcpu->vpa_addr) {
        return H_RESOURCE;
    }
    vcpu->slb_shadow_addr = addr;
    vcpu->slb_shadow_size = size;
    return H_SUCCESS;
}

static int64_t deregister_vpa(PaprVcpu *vcpu)
{
    if (vcpu->dtl_addr || vcpu->slb_shadow_addr) {
        return H_RESOURCE;
    }
    qatomic_set_u64(&vcpu->vpa_addr, 0);
    return H_SUCCESS;
}

/*
 * Address 0 stands for "none" in the vCPU's state and in migration streams, so
 * nothing can be registered there.  LoPAR has no return code for that.
 */
static bool area_address_ok(PaprVcpu *vcpu, uint64_t addr)
{
    return addr && addr % vcpu->cpu->env.dcache_line_size == 0 &&
           papr_mem_is_ram(addr, SLB_SHADOW_SIZE_MIN);
}

int64_t papr_h_register_vpa(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    unsigned subfunction = (args[0] >> AREA_SUBFUNCTION_SHIFT) & 7;
    PaprVcpu *vcpu = papr_vcpu_find(papr_vcpu(cpu)->vcpus, args[1]);
    uint64_t addr = args[2];

    if (!vcpu) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_REGISTER_VPA: no vCPU %" PRIu64 "\n",
                      args[1]);
        return H_PARAMETER;
    }
    if (subfunction >= VPA_REGISTER && subfunction <= SLB_SHADOW_REGISTER &&
        !area_address_ok(vcpu, addr)) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_REGISTER_VPA: no area can be "
                      "registered at 0x%" PRIx64 "\n", addr);
        return addr ? H_PARAMETER : H_HARDWARE;
    }

    switch (subfunction) {
    case VPA_REGISTER:
        return register_vpa(vcpu, addr);
    case DTL_REGISTER:
        return register_dtl(vcpu, addr);
    case SLB_SHADOW_REGISTER:
        return register_slb_shadow(vcpu, addr);
    case VPA_DEREGISTER:
        return deregister_vpa(vcpu);
    case DTL_DEREGISTER:
        vcpu->dtl_addr = 0;
        vcpu->dtl_size = 0;
        return H_SUCCESS;
    case SLB_SHADOW_DEREGISTER:
        vcpu->slb_shadow_addr = 0;
        vcpu->slb_shadow_size = 0;
        return H_SUCCESS;
    default:
        return H_PARAMETER;
    }
}

bool papr_vpa_dispatch_counter(const PaprVcpu *vcpu, uint32_t *counter)
{
    uint64_t vpa = qatomic_read_u64(&vcpu->vpa_addr);

    return vpa && papr_mem_read_be32(vpa + VPA_DISPATCH_COUNTER, counter);
}

/*
 * Go to the next counter value that is odd (@odd) or even.  papr_mem_at() looks
 * up the host address again if the area or the guest's memory has changed.
 */
static void advance_counter(PaprVcpu *vcpu, bool odd)
{
    uint64_t vpa = qatomic_read_u64(&vcpu->vpa_addr);
    uint32_t counter, *place;

    if (!vpa) {
        return;
    }
    RCU_READ_LOCK_GUARD();
    place = papr_mem_at(&vcpu->vpa_counter, vpa + VPA_DISPATCH_COUNTER,
                        sizeof(*place));
    if (!place) {
        return;
    }
    counter = ldl_be_p(place) + 1;
    if ((counter & 1) != odd) {
        /* the guest wrote to it, or has just registered the area */
        counter++;
    }
    stl_be_p(place, counter);
    papr_mem_written(&vcpu->vpa_counter, 0, sizeof(*place));
}

void papr_vpa_exec_enter(PaprVcpu *vcpu)
{
    advance_counter(vcpu, false);
}

void papr_vpa_exec_exit(PaprVcpu *vcpu)
{
    advance_counter(vcpu, true);
}
