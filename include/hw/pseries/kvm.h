/*
 * pSeries platform: facts and functions of the KVM accelerator
 *
 * The functions lie in target/ppc/kvm.  If the build has no KVM, or does not
 * use it, papr_kvm_facts() is NULL, and the other functions are not called:
 * they are for files that only builds with KVM have.  Operations that TCG has
 * as well, in another way, are in hw/pseries/accel.h; those of QEMU's own code
 * for KVM on PowerPC are in target/ppc/kvm_ppc.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_KVM_H
#define HW_PSERIES_KVM_H

#include "qapi/error.h"
#include "target/ppc/cpu-qom.h"

/**
 * PaprKvmFacts - what the host's KVM can do, asked once when the VM is created
 * @hv: kvm-hv (the host is a hypervisor, or a guest with nested
 *      virtualization), else kvm-pr (the guest runs in problem state)
 * @irq_xics, @irq_xive: in-kernel interrupt controllers that we can use
 * @radix, @hash_v3: translation on POWER9 and later
 * @immediate_exit: KVM_RUN can complete an exit without running the guest
 * @htab_fd: the hash page table is the kernel's, read and written as a stream
 * @resize_hpt: KVM_PPC_RESIZE_HPT_*
 * @tce_64, @multi_tce, @tce_vfio: tables of translation control entries (TCE)
 *      in the kernel; lists of TCEs handled there; tables used by VFIO
 * @enable_hcall: each hypercall of the kernel can be enabled or disabled
 * @htm, @fwnmi, @nested_hv, @rpt_invalidate, @dawr1, @ail_mode_3, @hwrng,
 * @fixup_hcall: by the names of their KVM_CAP_PPC_*
 * @large_decr_bits: width of the decrementer in bits; 0: only 32
 * @smt_threads: threads of a core now; @smt_possible: bit n: 2^n is possible
 * @cpu_char: KVM_PPC_GET_CPU_CHAR is there and gave what follows
 * @character, @character_mask, @behaviour, @behaviour_mask: its answer
 */
typedef struct PaprKvmFacts {
    bool hv;
    bool irq_xics;
    bool irq_xive;
    bool radix;
    bool hash_v3;
    bool immediate_exit;
    bool htab_fd;
    bool resize_hpt;
    bool tce_64;
    bool multi_tce;
    bool tce_vfio;
    bool enable_hcall;
    bool htm;
    bool fwnmi;
    bool nested_hv;
    bool rpt_invalidate;
    bool dawr1;
    bool ail_mode_3;
    bool hwrng;
    bool fixup_hcall;
    bool cpu_char;
    uint32_t large_decr_bits;
    uint32_t smt_threads;
    uint32_t smt_possible;
    uint64_t character;
    uint64_t character_mask;
    uint64_t behaviour;
    uint64_t behaviour_mask;
} PaprKvmFacts;

#ifdef CONFIG_KVM

/** papr_kvm_facts: constant for the life of the VM; NULL: KVM is not used */
const PaprKvmFacts *papr_kvm_facts(void);

/** papr_kvm_use: if KVM is used, target/ppc/kvm runs the machine's vCPUs */
void papr_kvm_use(void);

/** papr_kvm_clock_hz: frequency of the host's processor; 0: unknown */
uint64_t papr_kvm_clock_hz(void);

/**
 * papr_kvm_hcall_insns - how the guest makes a hypercall of KVM's own kind
 * @buf: gets the instructions ("hcall-instructions"), @size bytes at most
 *
 * false: there are no such hypercalls.
 */
bool papr_kvm_hcall_insns(uint8_t *buf, size_t size);

/** papr_kvm_enable_hwrng: the kernel handles H_RANDOM; 0 or negative errno */
int papr_kvm_enable_hwrng(void);

/**
 * papr_kvm_set_smt_threads - threads of a core, before the first vCPU
 * papr_kvm_append_smt_hint - add to @errp which numbers this host supports
 *
 * The former returns 0 or a negative errno.
 */
int papr_kvm_set_smt_threads(int threads);
void papr_kvm_append_smt_hint(Error *const *errp);

/**
 * papr_kvm_put_sregs - SLB and MMU registers of @cpu to the kernel
 *
 * 0 or a negative errno.  Context: BQL, the vCPU's thread, or it does not run.
 */
int papr_kvm_put_sregs(PowerPCCPU *cpu);

/**
 * papr_kvm_hpt_needs_contiguous: must each page that a guest's hash page table
 * maps lie in one page of the host?
 */
bool papr_kvm_hpt_needs_contiguous(void);

/**
 * papr_kvm_vrma_limit - bytes of real mode that a hash page table can map
 * @hash_shift: log2 of the table's bytes
 */
uint64_t papr_kvm_vrma_limit(unsigned int hash_shift);

/**
 * PaprKvmMachineCheckFn - the host met an error while it ran @cpu
 * @recovered: the guest can go on
 *
 * Context: BQL, the vCPU's thread; its registers may be read and changed.
 */
typedef void PaprKvmMachineCheckFn(void *opaque, PowerPCCPU *cpu,
                                   bool recovered);

/** papr_kvm_on_machine_check: set the handler; at machine init, once */
void papr_kvm_on_machine_check(PaprKvmMachineCheckFn *fn, void *opaque);

/*
 * Hash page table (HPT): target/ppc/kvm/hpt.c.  BQL.
 */

/**
 * papr_kvm_hpt_alloc - the kernel allocates, or empties, the partition's table
 * @shift: log2 of its bytes
 *
 * Returns the shift that it has, which may be less than asked for; 0: this
 * kernel wants the table in QEMU's memory (kvm-pr); or a negative errno.
 */
int papr_kvm_hpt_alloc(int shift);

/**
 * papr_kvm_hpt_open - a stream of the kernel's table, to read or to write
 * @index: the entry that it begins at
 *
 * Returns a file, or -1 with @errp set.  Any thread.
 */
int papr_kvm_hpt_open(bool write, uint64_t index, Error **errp);

/**
 * papr_kvm_hpt_read - @n entries from @ptex on, for the debugger
 * @pte: gets them as a table in memory has them, in big endian
 *
 * Any thread; false: no such entries.
 */
bool papr_kvm_hpt_read(uint64_t ptex, unsigned n, uint64_t *pte);

/**
 * papr_kvm_hpt_resize_prepare - have the kernel prepare another table
 * papr_kvm_hpt_resize_commit - make it active in place of the old one
 * @shift: log2 of its bytes; prepare 0: drop what was prepared
 * @flags: of the guest's call; the kernel knows none
 *
 * 0, a positive number of milliseconds to wait and ask again, or a negative
 * errno.
 */
int papr_kvm_hpt_resize_prepare(int shift, uint64_t flags);
int papr_kvm_hpt_resize_commit(int shift, uint64_t flags);

/**
 * papr_kvm_set_process_table - POWER9's translation mode and process table
 * @gtse: the guest may flush translations by itself
 * @table: second doubleword of the partition table entry, in host endian
 *
 * 0 or a negative errno: -ENODEV if the host lacks the mode.  BQL.
 */
int papr_kvm_set_process_table(bool radix, bool gtse, uint64_t table);

#else

static inline const PaprKvmFacts *papr_kvm_facts(void)
{
    return NULL;
}

static inline void papr_kvm_use(void)
{
}

/* Not called, as there are no facts */

static inline uint64_t papr_kvm_clock_hz(void)
{
    return 0;
}

static inline bool papr_kvm_hcall_insns(uint8_t *buf, size_t size)
{
    return false;
}

static inline int papr_kvm_enable_hwrng(void)
{
    return -ENOSYS;
}

static inline int papr_kvm_set_smt_threads(int threads)
{
    return -ENOSYS;
}

static inline void papr_kvm_append_smt_hint(Error *const *errp)
{
}

static inline bool papr_kvm_hpt_needs_contiguous(void)
{
    return false;
}

static inline uint64_t papr_kvm_vrma_limit(unsigned int hash_shift)
{
    return 0;
}

#endif

#endif
