/*
 * pSeries platform: the machine as the CPUs' virtual hypervisor
 *
 * target/ppc calls it for hypercalls, for page tables, and when a vCPU starts
 * and stops to execute.  In vCPU threads; page table calls without the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "target/ppc/cpu.h"
#include "../accel/tcg.h"
#include "machine.h"

/* No QOM cast, which would cost time in page table walks */
static PaprMachine *machine_of(PPCVirtualHypervisor *vhyp)
{
    return (PaprMachine *)vhyp;
}

static bool vhyp_in_nested(PowerPCCPU *cpu)
{
    return papr_nested_runs(cpu);
}

static void deliver_to_l1(PowerPCCPU *cpu, int excp)
{
    papr_nested_deliver(machine_of(cpu->vhyp)->nested, cpu, excp);
}

static hwaddr vhyp_hpt_mask(PPCVirtualHypervisor *vhyp)
{
    return papr_mmu_hpt_mask(machine_of(vhyp)->mmu);
}

static const ppc_hash_pte64_t *map_hptes(PPCVirtualHypervisor *vhyp,
                                         hwaddr ptex, int n)
{
    return papr_mmu_map_hptes(machine_of(vhyp)->mmu, ptex, n);
}

static void unmap_hptes(PPCVirtualHypervisor *vhyp,
                        const ppc_hash_pte64_t *hptes, hwaddr ptex, int n)
{
    papr_mmu_unmap_hptes(machine_of(vhyp)->mmu, hptes, ptex, n);
}

static void read_hpte(PPCVirtualHypervisor *vhyp, const ppc_hash_pte64_t *hpte,
                      hwaddr ptex, ppc_hash_pte64_t *copy)
{
    papr_mmu_read_hpte(machine_of(vhyp)->mmu, hpte, ptex, copy);
}

static bool use_hpte(PPCVirtualHypervisor *vhyp, hwaddr ptex,
                     const ppc_hash_pte64_t *copy, uint64_t bits)
{
    return papr_mmu_use_hpte(machine_of(vhyp)->mmu, ptex, copy, bits);
}

static bool vhyp_get_pate(PPCVirtualHypervisor *vhyp, PowerPCCPU *cpu,
                          target_ulong lpid, ppc_v3_pate_t *entry)
{
    if (lpid) {
        return papr_nested_get_pate(machine_of(vhyp)->nested, lpid, entry);
    }
    return papr_mmu_get_pate(machine_of(vhyp)->mmu, cpu, lpid, entry);
}

static target_ulong encode_hpt_for_kvm_pr(PPCVirtualHypervisor *vhyp)
{
    return papr_mmu_sdr1_for_pr(machine_of(vhyp)->mmu);
}

static void vhyp_exec_enter(PPCVirtualHypervisor *vhyp, PowerPCCPU *cpu)
{
    papr_mmu_exec_enter(machine_of(vhyp)->mmu, papr_vcpu(cpu));
    papr_vpa_exec_enter(papr_vcpu(cpu));
}

static void vhyp_exec_exit(PPCVirtualHypervisor *vhyp, PowerPCCPU *cpu)
{
    papr_vpa_exec_exit(papr_vcpu(cpu));
    papr_mmu_exec_exit(machine_of(vhyp)->mmu, papr_vcpu(cpu));
}

void papr_machine_vhyp_class_init(ObjectClass *oc)
{
    PPCVirtualHypervisorClass *vhc = PPC_VIRTUAL_HYPERVISOR_CLASS(oc);

    vhc->cpu_in_nested = vhyp_in_nested;
    vhc->deliver_hv_excp = deliver_to_l1;
    vhc->hypercall = papr_tcg_hypercall;
    vhc->hpt_mask = vhyp_hpt_mask;
    vhc->map_hptes = map_hptes;
    vhc->unmap_hptes = unmap_hptes;
    vhc->read_hpte = read_hpte;
    vhc->use_hpte = use_hpte;
    vhc->get_pate = vhyp_get_pate;
    vhc->encode_hpt_for_kvm_pr = encode_hpt_for_kvm_pr;
    vhc->cpu_exec_enter = vhyp_exec_enter;
    vhc->cpu_exec_exit = vhyp_exec_exit;
}
