/*
 * pSeries platform: hash page table (HPT) and process table of the partition
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_MMU_H
#define HW_PSERIES_MMU_H

#include "hw/pseries/hcall.h"
#include "hw/pseries/vcpu.h"

typedef struct PaprMmu PaprMmu;

typedef enum PaprHptResize {
    PAPR_HPT_RESIZE_DEFAULT,
    PAPR_HPT_RESIZE_DISABLED,
    PAPR_HPT_RESIZE_ENABLED,
    PAPR_HPT_RESIZE_REQUIRED,
} PaprHptResize;

PaprMmu *papr_mmu_new(PaprVcpuMap *vcpus, PaprHcallTable *hcalls,
                      PaprHptResize resize);

/** papr_mmu_hpt_shift_for: log2 of the HPT's bytes for @bytes of RAM (1/128) */
int papr_mmu_hpt_shift_for(uint64_t bytes);

/** papr_mmu_hpt_alloc: an empty table of 2^@shift bytes; drops the old one */
bool papr_mmu_hpt_alloc(PaprMmu *mmu, int shift, Error **errp);
void papr_mmu_hpt_free(PaprMmu *mmu);
int papr_mmu_hpt_shift(const PaprMmu *mmu);     /* 0: there is none */

/** papr_mmu_reset: no process table, no resize in progress, HPT empty or gone */
void papr_mmu_reset(PaprMmu *mmu);

/** papr_mmu_is_radix: the guest registered a radix process table */
bool papr_mmu_is_radix(const PaprMmu *mmu);

/* Callbacks of PPCVirtualHypervisorClass, with the machine's mmu */
hwaddr papr_mmu_hpt_mask(PaprMmu *mmu);
const ppc_hash_pte64_t *papr_mmu_map_hptes(PaprMmu *mmu, hwaddr ptex, int n);
void papr_mmu_unmap_hptes(PaprMmu *mmu, const ppc_hash_pte64_t *hptes,
                          hwaddr ptex, int n);
void papr_mmu_hpte_set_c(PaprMmu *mmu, hwaddr ptex, uint64_t pte1);
void papr_mmu_hpte_set_r(PaprMmu *mmu, hwaddr ptex, uint64_t pte1);
bool papr_mmu_get_pate(PaprMmu *mmu, PowerPCCPU *cpu, target_ulong lpid,
                       ppc_v3_pate_t *entry);

/* "spapr/htab" live section is registered by papr_mmu_new(); the process table
 * is a subsection of the machine's vmstate */
uint64_t *papr_mmu_patb_entry(PaprMmu *mmu);

#endif
