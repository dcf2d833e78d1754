/*
 * pSeries platform: translation tables that the host's kernel has (private)
 *
 * Under kvm-hv the hash page table is the kernel's, which does the hypercalls
 * on its entries as well: PaprMmu.kernel_shift is its size, and PaprMmu.hpt is
 * NULL.  Under kvm-pr, and without KVM, the table is in QEMU's memory.
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
 * @least: of those that will do
 *
 * Returns the shift that it has; 0: the table has to be in QEMU's memory;
 * negative: failed, with @errp set.  BQL.
 */
int papr_kernel_hpt_alloc(PaprMmu *mmu, int shift, int least, Error **errp);

/** papr_kernel_hpt_forget: the guest has no table, or another one, now */
void papr_kernel_hpt_forget(PaprMmu *mmu);

/**
 * papr_kernel_hpt_moved - the table in QEMU's memory is another one: kvm-pr
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

/** papr_kernel_starts_radix: radix guests are what the host runs best */
bool papr_kernel_starts_radix(void);

/* The hypercalls, after the checks that are common: H_* codes */
int64_t papr_kernel_resize_prepare(PaprMmu *mmu, uint64_t flags, int32_t shift);
int64_t papr_kernel_resize_commit(PaprMmu *mmu, uint64_t flags, int32_t shift);
void papr_kernel_resize_cancel(PaprMmu *mmu);

/** papr_kernel_map_hptes: a copy to be freed by g_free(), or NULL */
uint64_t *papr_kernel_map_hptes(PaprMmu *mmu, hwaddr ptex, int n);

/*
 * kvm-block.c: H_BLOCK_REMOVE, for guests that came from where it is offered
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
