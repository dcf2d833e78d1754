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

/**
 * papr_mmu_new - without table and mode; registers hypercalls and "spapr/htab"
 *
 * The size of @vcpus has to be final.  Next: papr_mmu_set_memory().
 */
PaprMmu *papr_mmu_new(PaprVcpuMap *vcpus, PaprHcallTable *hcalls,
                      PaprHptResize resize);

/**
 * papr_mmu_set_memory - the guest's memory in bytes, now and at most
 *
 * Limits the size of table that a guest may request, so to be called again when
 * memory is plugged or unplugged.  BQL.
 */
void papr_mmu_set_memory(PaprMmu *mmu, uint64_t now, uint64_t max);

/** papr_mmu_hpt_shift_for: log2 of the HPT's bytes for @bytes of RAM (1/128) */
int papr_mmu_hpt_shift_for(uint64_t bytes);

/**
 * papr_mmu_hpt_alloc - hash translation with an empty table of 2^@shift bytes
 *
 * Drops the old table and the process table, clears HR and UPRT in all LPCRs.
 * KVM may have memory for a smaller one only: papr_mmu_hpt_shift() is its size.
 * On failure nothing has changed, except that KVM's table is empty.  Context:
 * BQL, the other vCPUs stopped (reset, where vCPUs must have been reset before,
 * and client-architecture-support).
 */
bool papr_mmu_hpt_alloc(PaprMmu *mmu, int shift, Error **errp);
void papr_mmu_hpt_free(PaprMmu *mmu);
int papr_mmu_hpt_shift(const PaprMmu *mmu);     /* 0: there is none */

/** papr_mmu_set_hash: as papr_mmu_hpt_alloc(), with the default size */
bool papr_mmu_set_hash(PaprMmu *mmu, Error **errp);

/**
 * papr_mmu_set_radix - no table; the guest is expected to use radix
 *
 * Sets HR and UPRT in all LPCRs.  Fails only under KVM.  Context: as
 * papr_mmu_hpt_alloc().
 */
bool papr_mmu_set_radix(PaprMmu *mmu, Error **errp);

/**
 * papr_mmu_set_initial - what firmware starts with
 * @isa3: processor and compatibility mode can be POWER9 or later
 *
 * Context: reset, after papr_mmu_reset().
 */
bool papr_mmu_set_initial(PaprMmu *mmu, bool isa3, Error **errp);

/**
 * papr_mmu_reset: no process table, no resize in progress, no HPT.  The machine
 * then calls papr_mmu_set_initial().
 */
void papr_mmu_reset(PaprMmu *mmu);

/** papr_mmu_is_radix: the partition uses radix, or is expected to */
bool papr_mmu_is_radix(const PaprMmu *mmu);

/*
 * A vCPU enters or leaves its execution loop: from cpu_exec_enter and
 * cpu_exec_exit of PPCVirtualHypervisorClass.  So vCPUs that don't run are not
 * notified when another one changes the HPT.
 */
void papr_mmu_exec_enter(PaprMmu *mmu, PaprVcpu *vcpu);
void papr_mmu_exec_exit(PaprMmu *mmu, PaprVcpu *vcpu);

/**
 * papr_mmu_flush_tlbs - all vCPUs forget all translations
 *
 * In a hypercall, before the caller's guest goes on.  Context: any.
 */
void papr_mmu_flush_tlbs(PaprMmu *mmu);

/**
 * papr_mmu_flush_nested - the same, if any vCPU runs a nested guest
 *
 * Returns whether one does.  Context: a hypercall, BQL.
 */
bool papr_mmu_flush_nested(PaprMmu *mmu);

/** papr_mmu_use_caps: registers H_RPT_INVALIDATE if it is wanted; init */
void papr_mmu_use_caps(PaprMmu *mmu, PaprHcallTable *hcalls,
                       const struct PaprCaps *caps);

/**
 * papr_mmu_block_remove_sizes - what H_BLOCK_REMOVE can do on @cpu
 * @buf: gets the value of system parameter 50 (LoPAR 7.3.16.21), at most @size
 *
 * Returns its length; 0 under KVM, where the call is not offered.
 */
size_t papr_mmu_block_remove_sizes(PowerPCCPU *cpu, uint8_t *buf, size_t size);

/* Callbacks of PPCVirtualHypervisorClass, with the machine's mmu */
hwaddr papr_mmu_hpt_mask(PaprMmu *mmu);
const ppc_hash_pte64_t *papr_mmu_map_hptes(PaprMmu *mmu, hwaddr ptex, int n);
void papr_mmu_unmap_hptes(PaprMmu *mmu, const ppc_hash_pte64_t *hptes,
                          hwaddr ptex, int n);
/**
 * papr_mmu_read_hpte - both doublewords of an entry as they were at one moment
 * @hpte: where papr_mmu_map_hptes() has it
 * @ptex: its index
 * @copy: host endian
 *
 * Context: any thread, no lock.
 */
void papr_mmu_read_hpte(PaprMmu *mmu, const ppc_hash_pte64_t *hpte, hwaddr ptex,
                        ppc_hash_pte64_t *copy);
/**
 * papr_mmu_use_hpte - a walk has found an entry and uses it: set its R and C
 * @copy: as read by papr_mmu_read_hpte()
 * @bits: R, C or both
 *
 * Returns false if the entry has changed meanwhile: the walk has to begin anew.
 * Context: any thread, no lock.
 */
bool papr_mmu_use_hpte(PaprMmu *mmu, hwaddr ptex, const ppc_hash_pte64_t *copy,
                       uint64_t bits);
bool papr_mmu_get_pate(PaprMmu *mmu, PowerPCCPU *cpu, target_ulong lpid,
                       ppc_v3_pate_t *entry);

/* What kvm-pr gets as SDR1: where the table is in QEMU's memory; BQL */
uint64_t papr_mmu_sdr1_for_pr(PaprMmu *mmu);

/**
 * papr_mmu_restore - the process table that came in a stream
 *
 * After the vCPUs' registers and "spapr/htab".  BQL.
 */
bool papr_mmu_restore(PaprMmu *mmu, uint64_t process_table, Error **errp);

/*
 * "spapr/htab" live section is registered by papr_mmu_new(); the process table
 * is a subsection of the machine's vmstate
 */
uint64_t papr_mmu_process_table(const PaprMmu *mmu);

#endif
