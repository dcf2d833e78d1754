/*
 * pSeries platform: process table and translation mode
 *
 * H_REGISTER_PROCESS_TABLE chooses radix or hash translation for the whole
 * partition, H_CLEAN_SLB and H_INVALIDATE_PID flush what depends on the table.
 * Only for processors with in-memory translation tables (ISA 3.00 and later).
 * LoPAR section 14.13.2.
 *
 * Hash translation with segment tables in memory is not offered: TCG does not
 * know them.  So the mode bit for it is always refused, and LPCR (logical
 * partitioning control register) never has UPRT set in a hash guest.  Under KVM
 * H_CLEAN_SLB and H_INVALIDATE_PID are not offered.
 *
 * Locking: BQL.  With TCG, other vCPUs' registers are changed while no vCPU
 * executes, and before the caller's next instruction, as with a flush (tlb.c).
 * With KVM each vCPU's thread changes them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qapi/error.h"
#include "system/hw_accel.h"
#include "target/ppc/cpu.h"
#include "target/ppc/mmu-hash64.h"
#include "target/ppc/mmu-book3s-v3.h"
#include "hw/pseries/guest-mem.h"
#include "hw/pseries/report.h"
#include "../trace.h"
#include "internal.h"
#include "kvm.h"

#define MODE_GTSE       0x01            /* guest translation shootdown */
#define MODE_TABLE      0x02            /* hash by process table */
#define MODE_RADIX      0x04
#define CONTROL_MASK    0x18
#define CONTROL_REMOVE  0x10
#define CONTROL_NEW     0x18
#define ALL_FLAGS       0x1f

#define LPCR_TRANSLATION (LPCR_HR | LPCR_UPRT | LPCR_GTSE)

#define TABLE_SIZE_MAX  24              /* log2 of bytes, less 12 */

static bool has_tables(PowerPCCPU *cpu)
{
    return cpu->env.mmu_model == POWERPC_MMU_3_00;
}

void papr_lpcr_update_stopped(PaprMmu *mmu, uint64_t set, uint64_t mask)
{
    papr_vcpus_set_lpcr_halted(mmu->vcpus, set, mask);
}

void papr_mmu_flush_tlbs(PaprMmu *mmu)
{
    papr_tlb_flush_all(mmu);
}

/*
 * The caller runs no guest of its own, so its TLB has no translations of one.
 * TCG's TLB entries don't say to which guest they belong, so all are flushed.
 * No vCPU enters a guest meanwhile, since that takes the BQL.
 */
bool papr_mmu_flush_nested(PaprMmu *mmu)
{
    PaprVcpu *vcpu = NULL;

    while ((vcpu = papr_vcpu_next(mmu->vcpus, vcpu))) {
        if (vcpu->l1.in_l2) {
            papr_tlb_flush_all(mmu);
            return true;
        }
    }
    return false;
}

/* ---- H_REGISTER_PROCESS_TABLE ---- */

/* Check a new table; *@entry gets doubleword 1 of the partition table entry */
static int64_t new_table(bool radix, uint64_t base, uint64_t page_size,
                         uint64_t size, uint64_t *entry)
{
    if (size > TABLE_SIZE_MAX) {
        return H_P4;
    }
    if (!radix) {
        /* The VSID of a 1 TiB segment, and L||LP of its pages */
        if (base >> 38) {
            return H_P2;
        }
        if (page_size & ~7ull) {
            return H_P3;
        }
        *entry = base << 25 | page_size << 5 | size;
        return H_SUCCESS;
    }
    if ((base & 0xfff) || base >> 60 ||
        !papr_mem_is_ram(base, 1ull << (size + 12))) {
        return H_P2;
    }
    if (page_size) {
        return H_P3;
    }
    if (base & ((1ull << (size + 12)) - 1)) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_REGISTER_PROCESS_TABLE: 0x%" PRIx64
                      " is not aligned to the table's size\n", base);
    }
    *entry = PATE1_GR | base | size;
    return H_SUCCESS;
}

/* *@entry gets doubleword 1 of the partition table entry after the call */
static int64_t next_entry(PaprMmu *mmu, const uint64_t *args, uint64_t *entry)
{
    bool radix = args[0] & MODE_RADIX;

    switch (args[0] & CONTROL_MASK) {
    case CONTROL_NEW:
        return new_table(radix, args[1], args[2], args[3], entry);
    case CONTROL_REMOVE:
        /*
         * The partition keeps its mode (radix or hash): a guest that starts
         * another kernel deregisters a radix table with the mode bits of hash.
         */
        *entry = mmu->process_table & PATE1_GR;
        return radix && !*entry ? H_PARAMETER : H_SUCCESS;
    default:
        *entry = mmu->process_table;
        return radix == !!(*entry & PATE1_GR) ? H_SUCCESS : H_PARAMETER;
    }
}

/* A partition has a hash page table exactly if it doesn't use radix */
static int64_t change_kind(PaprMmu *mmu, uint64_t entry)
{
    static PaprReportLimit limit;
    Error *err = NULL;

    if ((entry & PATE1_GR) == (mmu->process_table & PATE1_GR)) {
        return H_SUCCESS;
    }
    if (mmu->hpt && !papr_hpt_may_retire(mmu)) {
        return H_LONG_BUSY_10_MS;
    }
    if (entry & PATE1_GR) {
        papr_mmu_hpt_free(mmu);
    } else {
        int shift = papr_hpt_default_shift(mmu);

        if (!papr_hpt_replace(mmu, shift, shift, &err)) {
            if (papr_report_allowed(&limit)) {
                error_report_err(error_copy(err));
            }
            error_free(err);
            return H_HARDWARE;
        }
    }
    return H_SUCCESS;
}

static int64_t tell_kernel(uint64_t entry, bool gtse)
{
    switch (papr_kernel_set_process_table(entry, gtse)) {
    case 0:
        return H_SUCCESS;
    case -EINVAL:
        return H_PARAMETER;
    case -ENODEV:
        return H_NOT_AVAILABLE;
    default:
        return H_HARDWARE;
    }
}

/*
 * The kernel changes to radix when it is told of the process table, and to hash
 * when it allocates a hash page table; hence the order of the calls.
 */
static int64_t use_entry(PaprMmu *mmu, uint64_t entry, bool gtse)
{
    bool radix = entry & PATE1_GR;
    int64_t rc = radix ? tell_kernel(entry, gtse) : H_SUCCESS;

    if (rc == H_SUCCESS) {
        rc = change_kind(mmu, entry);
    }
    if (rc == H_SUCCESS && !radix) {
        rc = tell_kernel(entry, gtse);
    }
    return rc;
}

static int64_t h_register_process_table(PowerPCCPU *cpu, uint64_t *args,
                                        void *opaque)
{
    PaprMmu *mmu = opaque;
    uint64_t flags = args[0], entry, lpcr = 0;
    int64_t rc;

    trace_papr_mmu_process_table(flags, args[1], args[2], args[3]);
    if (!has_tables(cpu)) {
        return H_FUNCTION;
    }
    if ((flags & ~(uint64_t)ALL_FLAGS) ||
        (flags & (MODE_RADIX | MODE_TABLE)) == MODE_TABLE) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_REGISTER_PROCESS_TABLE: flags 0x%"
                      PRIx64 " are not supported\n", flags);
        return H_PARAMETER;
    }
    rc = next_entry(mmu, args, &entry);
    if (rc == H_SUCCESS) {
        rc = use_entry(mmu, entry, flags & MODE_GTSE);
    }
    if (rc != H_SUCCESS) {
        return rc;
    }
    qatomic_set(&mmu->process_table, entry);
    if (flags & MODE_RADIX) {
        lpcr |= LPCR_HR | LPCR_UPRT;
    }
    if (flags & MODE_GTSE) {
        lpcr |= LPCR_GTSE;
    }
    papr_vcpus_set_lpcr(mmu->vcpus, lpcr, LPCR_TRANSLATION);
    papr_tlb_flush_all_stopped(mmu, cpu);
    return H_SUCCESS;
}

/* ---- H_CLEAN_SLB ---- */

#define SLB_GLOBAL      0x2
#define SLB_NEST        0x1
#define SLB_1T          (1ull << (63 - 55))
#define SLB_CLASS       (1ull << (63 - 47))

/** SegmentClean - a segment of process @pid, to be invalidated in all SLBs */
typedef struct SegmentClean {
    PaprMmu *mmu;
    uint64_t esid;
    uint32_t pid;
    bool is_1t;
} SegmentClean;

static void clean_segment(PowerPCCPU *cpu, const SegmentClean *clean)
{
    CPUPPCState *env = &cpu->env;
    unsigned shift = clean->is_1t ? 40 : 28;

    if (env->spr[SPR_BOOKS_PID] != clean->pid) {
        return;
    }
    for (int i = 0; i < cpu->hash64_opts->slb_size; i++) {
        ppc_slb_t *slb = &env->slb[i];
        bool is_1t = slb->vsid & SLB_VSID_B_1T;

        if ((slb->esid & SLB_ESID_V) && is_1t == clean->is_1t &&
            slb->esid >> shift == clean->esid >> shift) {
            slb->esid &= ~SLB_ESID_V;
        }
    }
}

static void clean_all(PaprMmu *mmu, const SegmentClean *clean)
{
    PaprVcpu *vcpu = NULL;

    while ((vcpu = papr_vcpu_next(mmu->vcpus, vcpu))) {
        clean_segment(vcpu->cpu, clean);
    }
}

/* Exclusive work of the caller: no vCPU executes */
static void clean_work(CPUState *cs, run_on_cpu_data data)
{
    g_autofree SegmentClean *clean = data.host_ptr;

    BQL_LOCK_GUARD();
    clean_all(clean->mmu, clean);
}

static int64_t h_clean_slb(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprMmu *mmu = opaque;
    uint64_t flags = args[0];
    SegmentClean clean = { mmu, args[2], args[1], flags & SLB_1T };

    trace_papr_mmu_clean_slb(flags, args[1], args[2]);
    if (!has_tables(cpu)) {
        return H_FUNCTION;
    }
    if (flags == SLB_NEST) {
        /* There are no accelerators, hence no segments that they know */
        return args[2] ? H_P3 : H_SUCCESS;
    }
    if ((flags & ~(SLB_1T | SLB_CLASS)) != SLB_GLOBAL) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_CLEAN_SLB: flags 0x%" PRIx64 "\n",
                      flags);
        return H_PARAMETER;
    }
    if (qemu_cpu_is_self(CPU(cpu))) {
        /* one work item for all vCPUs, done before the caller's next call */
        async_safe_run_on_cpu(CPU(cpu), clean_work,
                              RUN_ON_CPU_HOST_PTR(g_memdup2(&clean,
                                                            sizeof(clean))));
    } else {
        clean_all(mmu, &clean);
    }
    papr_tlb_flush_all_stopped(mmu, cpu);
    return H_SUCCESS;
}

/* ---- H_INVALIDATE_PID ---- */

/* TCG's TLB entries don't say to which process they belong: flush all */
static int64_t h_invalidate_pid(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    trace_papr_mmu_invalidate_pid(args[0], args[1]);
    if (!has_tables(cpu)) {
        return H_FUNCTION;
    }
    if (args[0] & ~3ull) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_INVALIDATE_PID: flags 0x%" PRIx64
                      "\n", args[0]);
        return H_PARAMETER;
    }
    papr_tlb_flush_all(opaque);
    return H_SUCCESS;
}

static const PaprHcall process_table_calls[] = {
    { H_REGISTER_PROCESS_TABLE, PAPR_HCALL_NEEDS_REGS, 4, 0,
      h_register_process_table },
    { H_CLEAN_SLB, PAPR_HCALL_NEEDS_REGS | PAPR_HCALL_NOT_KVM, 3, 0,
      h_clean_slb },
    { H_INVALIDATE_PID, PAPR_HCALL_NOT_KVM, 2, 0, h_invalidate_pid },
};

void papr_mmu_register_process_table_hcalls(PaprMmu *mmu,
                                            PaprHcallTable *hcalls)
{
    papr_hcall_register(hcalls, process_table_calls,
                        ARRAY_SIZE(process_table_calls), mmu);
}
