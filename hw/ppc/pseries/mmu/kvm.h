/*
 * pSeries platform: translation tables that the host's kernel has (private)
 *
 * Under kvm-hv the hash page table is the kernel's, which also handles the
 * hypercalls on its entries: PaprMmu.kernel_shift is the table's size, and
 * PaprMmu.hpt is NULL.  Under kvm-pr, and without KVM, the table is in QEMU's
 * memory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_MMU_KVM_H
#define HW_PPC_PSERIES_MMU_KVM_H

#include "internal.h"

#ifdef CONFIG_KVM

/**
 * papr_kernel_hpt_alloc - an empty table in the kernel
 * @shift: log2 of the bytes that are wanted
 * @least: log2 of the smallest size that will do
 *
 * Returns log2 of the size that it has; 0: the table has to be in QEMU's
 * memory; negative: failed, with @errp set.  BQL.
 */
int papr_kernel_hpt_alloc(PaprMmu *mmu, int shift, int least, Error **errp);

/** papr_kernel_hpt_forget: the guest has no table in the kernel any more */
void papr_kernel_hpt_forget(PaprMmu *mmu);

/**
 * papr_kernel_hpt_moved - tell kvm-pr where QEMU's memory has the new table
 *
 * Context: BQL; the vCPUs may run.
 */
void papr_kernel_hpt_moved(PaprMmu *mmu);

/** papr_kernel_writes_hpt: the kernel changes the table in QEMU's memory: PR */
bool papr_kernel_writes_hpt(void);

/**
 * papr_kernel_set_process_table - tell the kernel of process table and mode
 * @entry: doubleword 1 of the partition table entry
 *
 * 0 or a negative errno; 0 without KVM.  BQL.
 */
int papr_kernel_set_process_table(uint64_t entry, bool gtse);

/** papr_kernel_has_hpt: a hash page table would be the kernel's: kvm-hv */
bool papr_kernel_has_hpt(void);

/** papr_kernel_starts_radix: KVM can do radix, so firmware starts with it */
bool papr_kernel_starts_radix(void);

/* H_RESIZE_HPT_* after the checks of resize.c; the call's H_* code */
int64_t papr_kernel_resize_prepare(PaprMmu *mmu, uint64_t flags, int32_t shift);
int64_t papr_kernel_resize_commit(PaprMmu *mmu, uint64_t flags, int32_t shift);
void papr_kernel_resize_cancel(PaprMmu *mmu);

/** papr_kernel_map_hptes: a copy to be freed by g_free(), or NULL */
uint64_t *papr_kernel_map_hptes(PaprMmu *mmu, hwaddr ptex, int n);

/*
 * kvm-block.c: H_BLOCK_REMOVE, for guests that began where it is offered
 */
int64_t papr_kernel_block_remove(PowerPCCPU *cpu, uint64_t *args, void *opaque);

/* kvm-stream.c: "spapr/htab" of a table in the kernel; see stream.c */
int papr_kernel_save_setup(PaprMmu *mmu, Error **errp);
int papr_kernel_save_part(PaprMmu *mmu, QEMUFile *f, bool last);
void papr_kernel_save_cleanup(PaprMmu *mmu);
int papr_kernel_load_chunks(PaprMmu *mmu, QEMUFile *f);
void papr_kernel_load_cleanup(PaprMmu *mmu);

#else

static inline int papr_kernel_hpt_alloc(PaprMmu *mmu, int shift, int least,
                                        Error **errp)
{
    return 0;
}

static inline void papr_kernel_hpt_forget(PaprMmu *mmu)
{
}

static inline void papr_kernel_hpt_moved(PaprMmu *mmu)
{
}

static inline bool papr_kernel_writes_hpt(void)
{
    return false;
}

static inline int papr_kernel_set_process_table(uint64_t entry, bool gtse)
{
    return 0;
}

static inline bool papr_kernel_has_hpt(void)
{
    return false;
}

static inline bool papr_kernel_starts_radix(void)
{
    return false;
}

static inline int64_t papr_kernel_resize_prepare(PaprMmu *mmu, uint64_t flags,
                                                 int32_t shift)
{
    return H_FUNCTION;
}

static inline int64_t papr_kernel_resize_commit(PaprMmu *mmu, uint64_t flags,
                                                int32_t shift)
{
    return H_FUNCTION;
}

static inline void papr_kernel_resize_cancel(PaprMmu *mmu)
{
}

static inline uint64_t *papr_kernel_map_hptes(PaprMmu *mmu, hwaddr ptex,
                                              int n)
{
    return NULL;
}

static inline int64_t papr_kernel_block_remove(PowerPCCPU *cpu, uint64_t *args,
                                               void *opaque)
{
    return H_FUNCTION;
}

static inline int papr_kernel_save_setup(PaprMmu *mmu, Error **errp)
{
    return 0;
}

static inline int papr_kernel_save_part(PaprMmu *mmu, QEMUFile *f, bool last)
{
    return 0;
}

static inline void papr_kernel_save_cleanup(PaprMmu *mmu)
{
}

static inline int papr_kernel_load_chunks(PaprMmu *mmu, QEMUFile *f)
{
    return 0;
}

static inline void papr_kernel_load_cleanup(PaprMmu *mmu)
{
}

#endif

#endif
