/*
 * pSeries platform: H_RPT_INVALIDATE, invalidation of radix translations
 *
 * For partitions that do not use tlbie (without guest translation shootdown,
 * GTSE), and for a partition that changes the radix trees of its own guests.
 * The call is newer than LoPAR 2.9: arguments and their bits are those of
 * Linux's pseries_rpt_invalidate().  This file handles it under TCG; with KVM
 * the kernel does.
 *
 * A TLB (translation lookaside buffer) of TCG has translations of process 0 and
 * of the current process (target/ppc flushes those when PIDR changes), in pages
 * of 4 KiB whatever the guest's page size is, and caches no page walks.
 *
 * Locking: BQL, since the call reads which vCPUs run a guest of this guest.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/units.h"
#include "target/ppc/cpu.h"
#include "hw/pseries/caps.h"
#include "../trace.h"
#include "internal.h"

#define TARGET_ALL      0x1             /* vCPUs of the partition */
#define TARGET_SELF     0x2
#define TARGET_NEST     0x4             /* accelerators: there are none */
#define TARGETS         0x7

#define TYPE_NESTED     0x1             /* a partition's, not a process's */
#define TYPE_TLB        0x2
#define TYPE_WALKS      0x4
#define TYPE_TABLE      0x8             /* the process's or partition's entry */
#define TYPES           0xf

/* A larger range may not fit into a batch: then the whole TLB is flushed */
#define CHUNK_SHIFT     16
#define RANGE_MAX       ((PAPR_TLB_BATCH - 1ull) << CHUNK_SHIFT)

/* What to flush; PaprVa.offset has the low bits, and tlb.c uses no others */
static void batch_of(PaprTlbBatch *batch, uint64_t type, uint64_t start,
                     uint64_t end)
{
    *batch = (PaprTlbBatch) {};
    if ((type & TYPE_TABLE) || end - start > RANGE_MAX) {
        batch->all = true;
        return;
    }
    start &= -(1ull << CHUNK_SHIFT);
    /* @at is an offset, since the last chunk may end at address 2^64 */
    for (uint64_t at = 0; at < end - start; at += 1ull << CHUNK_SHIFT) {
        PaprVa va = {
            .offset = (start + at) & MAKE_64BIT_MASK(0, 40),
            .segment_shift = 40,
        };

        papr_tlb_add(batch, &va, CHUNK_SHIFT);
    }
}

static void invalidate_process(PaprMmu *mmu, PowerPCCPU *cpu,
                               const uint64_t *args)
{
    uint64_t pid = args[0], target = args[1], type = args[2];
    PaprTlbBatch batch;

    if (!(type & (TYPE_TLB | TYPE_TABLE))) {
        return;
    }
    batch_of(&batch, type, args[4], args[5]);
    if (target & TARGET_ALL) {
        papr_tlb_flush(mmu, cpu, &batch);
    } else if ((target & TARGET_SELF) &&
               (!pid || pid == cpu->env.spr[SPR_BOOKS_PID])) {
        papr_tlb_flush_own(cpu, &batch);
    }
}

/* For guests of the partition: flush all TLBs if a vCPU runs such a guest */
static int64_t invalidate_partition(PaprMmu *mmu, const uint64_t *args)
{
    if (!mmu->nests) {
        return H_FUNCTION;
    }
    if (!(args[1] & TARGET_ALL)) {
        return H_P2;
    }
    papr_mmu_flush_nested(mmu);
    return H_SUCCESS;
}

static int64_t check_rpt_args(const uint64_t *args)
{
    if (!args[1] || (args[1] & ~(uint64_t)TARGETS)) {
        return H_P2;
    }
    if (!(args[2] & TYPES & ~TYPE_NESTED) || (args[2] & ~(uint64_t)TYPES)) {
        return H_P3;
    }
    return args[5] < args[4] ? H_P5 : H_SUCCESS;
}

static int64_t h_rpt_invalidate(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprMmu *mmu = opaque;
    int64_t rc = check_rpt_args(args);

    trace_papr_mmu_rpt_invalidate(args[0], args[1], args[2], args[4], args[5]);
    if (!papr_mmu_is_radix(mmu)) {
        return H_FUNCTION;
    }
    if (rc != H_SUCCESS) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_RPT_INVALIDATE: target 0x%" PRIx64
                      " type 0x%" PRIx64 " from 0x%" PRIx64 " to 0x%" PRIx64
                      "\n", args[1], args[2], args[4], args[5]);
        return rc;
    }
    if (args[2] & TYPE_NESTED) {
        return invalidate_partition(mmu, args);
    }
    invalidate_process(mmu, cpu, args);
    return H_SUCCESS;
}

static const PaprHcall rpt_calls[] = {
    { H_RPT_INVALIDATE, PAPR_HCALL_NOT_KVM, 6, 0, h_rpt_invalidate },
};

void papr_mmu_use_caps(PaprMmu *mmu, PaprHcallTable *hcalls,
                       const PaprCaps *caps)
{
    mmu->nests = papr_cap(caps, PAPR_CAP_NESTED_KVM_HV) ||
                 papr_cap(caps, PAPR_CAP_NESTED_PAPR);
    if (papr_cap(caps, PAPR_CAP_RPT_INVALIDATE)) {
        papr_hcall_register(hcalls, rpt_calls, ARRAY_SIZE(rpt_calls), mmu);
    }
}
