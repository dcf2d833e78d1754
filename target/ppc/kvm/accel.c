/*
 * KVM on PowerPC: the accelerator as the platform sees it
 *
 * See hw/pseries/accel.h; chosen by papr_accel_choose().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "target/ppc/kvm_ppc.h"
#include "hw/pseries/accel.h"
#include "internal.h"

static void kvm_sync_icache(PowerPCCPU *cpu, void *page, size_t len,
                            bool store_first)
{
    if (store_first) {
        kvmppc_dcbst_range(cpu, page, len);
    }
    kvmppc_icbi_range(cpu, page, len);
}

static bool kvm_set_fwnmi(PowerPCCPU *cpu)
{
    return kvmppc_set_fwnmi(cpu) >= 0;
}

const PaprAccel papr_accel_kvm = {
    .registers_need_vcpu_thread = true,
    .uses_host_clocks = true,
    .h_cede_in_kernel = true,
    .maps_host_pages = true,
    .timebase_hz = kvmppc_get_tbfreq,
    .sync_icache = kvm_sync_icache,
    .set_fwnmi = kvm_set_fwnmi,
    .vcpu_registers_put = papr_kvm_vcpu_registers_put,
    .registers_read = papr_kvm_registers_read,
    .enable_hcall = papr_kvm_enable_hcall,
    .tce_create = papr_kvm_tce_create,
    .tce_retire = papr_kvm_tce_retire,
    .tce_unmap = papr_kvm_tce_unmap,
};
