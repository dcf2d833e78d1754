/*
 * pSeries platform: flushing the vCPUs' TLBs for the hash page table
 *
 * The hypervisor's side of the "tlbie" that LoPAR section 14.5.4.1 has in each
 * hypercall that removes or changes an entry.  TCG's TLBs (translation
 * lookaside buffers) are looked up by effective address, while an entry has a
 * virtual one; but the address inside the segment (the low 28 or 40 bits) is
 * the same in both, so a flush removes all TLB entries with these low bits.
 *
 * The caller's own TLB is flushed at once.  Any other vCPU is either
 *
 *  - out of the execution loop (mostly: halted).  It is marked, and empties its
 *    TLB before it executes again: the caller does not wait for it, and does
 *    not wake it.
 *  - in the execution loop.  Then the flush is queued as work for it, and an
 *    exclusive work item for the caller: the caller's next guest instruction
 *    comes after all vCPUs have left generated code, which they enter again
 *    only after their queued work.
 *
 * PaprMmuVcpu says in which state a vCPU is.  Two threads use it:
 *  (1) The flusher's thread writes @flush, then reads @active.
 *  (2) The vCPU's thread writes @active, then reads @flush.
 *  Between the two accesses each thread has a full barrier, so at least one
 *  thread sees the other's write: the flusher queues work, or the vCPU flushes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/bitops.h"
#include "exec/cputlb.h"
#include "exec/exec-all.h"
#include "system/hw_accel.h"
#include "system/tcg.h"
#include "target/ppc/cpu.h"
#include "internal.h"

/* MMU indexes of the guest's translated modes: user and supervisor */
#define TRANSLATED_IDX 0x3

/* For a larger page, a flush of the whole TLB costs less */
#define BIGGEST_PAGE_SHIFT 20

/*
 * PaprTlbBatch.page: the offset in the segment; bit 0: 1 TiB segment; bits 1-5:
 * page shift
 */
#define PAGE_IN_1T      0x1
#define PAGE_SHIFT(x)   (((x) >> 1) & 0x1f)

/* page_work()'s argument: flush all */
#define WORK_ALL 0

void papr_tlb_add(PaprTlbBatch *batch, const PaprVa *va, unsigned base_shift)
{
    if (!base_shift || base_shift > BIGGEST_PAGE_SHIFT ||
        batch->n == PAPR_TLB_BATCH) {
        batch->all = true;
        return;
    }
    batch->page[batch->n++] = va->offset | base_shift << 1 |
                              (va->segment_shift == 40 ? PAGE_IN_1T : 0);
}

#ifdef CONFIG_TCG
static void flush_page(CPUState *cs, uint64_t page)
{
    unsigned bits = page & PAGE_IN_1T ? 40 : 28;
    unsigned idxmap = TRANSLATED_IDX;

    /*
     * The flush by low bits examines one slot of the TLB for each page.  In a
     * TLB with more slots than values of these bits, a page may be in several.
     */
    for (int i = 0; i < 2; i++) {
        CPUTLBDescFast *fast = &cs->neg.tlb.f[mmuidx_to_fast_index(i)];
        uint64_t slots = (fast->mask >> CPU_TLB_ENTRY_BITS) + 1;

        if (slots > 1ull << (bits - TARGET_PAGE_BITS)) {
            tlb_flush_by_mmuidx(cs, 1 << i);
            idxmap &= ~(1 << i);
        }
    }
    tlb_flush_range_by_mmuidx(cs, page & TARGET_PAGE_MASK,
                              1ull << PAGE_SHIFT(page), idxmap, bits);
}

static void flush_batch(CPUState *cs, const PaprTlbBatch *batch)
{
    if (batch->all) {
        tlb_flush(cs);
        return;
    }
    for (unsigned i = 0; i < batch->n; i++) {
        flush_page(cs, batch->page[i]);
    }
}

static void page_work(CPUState *cs, run_on_cpu_data data)
{
    if (data.target_ptr == WORK_ALL) {
        tlb_flush(cs);
    } else {
        flush_page(cs, data.target_ptr);
    }
}

/* Runs after all other vCPUs have flushed */
static void flushed(CPUState *cs, run_on_cpu_data data)
{
    PaprMmu *clearing = data.host_ptr;

    if (clearing) {
        papr_clears_end(&clearing->clears);
    }
}

/*
 * The argument of the work is not allocated: QEMU drops the work that is queued
 * for a vCPU that is unplugged, which would leak an allocated argument.
 */
static void queue_flush(CPUState *cs, const PaprTlbBatch *batch)
{
    if (batch->all) {
        async_run_on_cpu(cs, page_work, RUN_ON_CPU_TARGET_PTR(WORK_ALL));
        return;
    }
    for (unsigned i = 0; i < batch->n; i++) {
        async_run_on_cpu(cs, page_work, RUN_ON_CPU_TARGET_PTR(batch->page[i]));
    }
}

/* Is the vCPU executing, and therefore not marked?  See the file's head */
static bool must_be_notified(PaprMmu *mmu, PaprMmuVcpu *vcpu)
{
    return !qatomic_read(&mmu->execution_known) || papr_mark_or_notify(vcpu);
}

/* Flush all vCPUs but @self (may be NULL); true: work was queued for some */
static bool flush_others(PaprMmu *mmu, CPUState *self,
                         const PaprTlbBatch *batch)
{
    bool notified = false;
    PaprVcpu *vcpu = NULL;

    /* the entry was changed before @active is read */
    smp_mb();
    while ((vcpu = papr_vcpu_next(mmu->vcpus, vcpu))) {
        CPUState *cs = CPU(vcpu->cpu);

        if (cs != self && must_be_notified(mmu, &mmu->vcpu[vcpu->id])) {
            queue_flush(cs, batch);
            notified = true;
        }
    }
    return notified;
}

/* Is the instruction that @cpu executes next on one of these pages? */
static bool has_next_instruction(PowerPCCPU *cpu, const PaprTlbBatch *batch)
{
    if (!FIELD_EX64(cpu->env.msr, MSR, IR)) {
        return false;
    }
    for (unsigned i = 0; i < batch->n; i++) {
        uint64_t page = batch->page[i];
        uint64_t in_segment = MAKE_64BIT_MASK(0, page & PAGE_IN_1T ? 40 : 28);

        if (!(((page ^ cpu->env.nip) & in_segment) >> PAGE_SHIFT(page))) {
            return true;
        }
    }
    return batch->all;
}

/*
 * The caller's own TLB.  The TB of its next instruction may be chained to that
 * of the hypercall, and then runs without a lookup of its page: leave the
 * execution loop if that page is flushed.
 */
static void flush_own(CPUState *cs, const PaprTlbBatch *batch)
{
    flush_batch(cs, batch);
    if (has_next_instruction(POWERPC_CPU(cs), batch)) {
        qatomic_set(&cs->exit_request, true);
    }
}

/* True: the flush is complete only after exclusive work of @cs */
static bool flush_now(PaprMmu *mmu, CPUState *cs, const PaprTlbBatch *batch)
{
    if (!tcg_enabled() || !(batch->n || batch->all)) {
        return false;
    }
    if (!qemu_cpu_is_self(cs)) {
        /* a hypercall by qtest: no guest code follows it */
        flush_others(mmu, NULL, batch);
        return false;
    }
    flush_own(cs, batch);
    return flush_others(mmu, cs, batch);
}

void papr_tlb_flush(PaprMmu *mmu, PowerPCCPU *cpu, const PaprTlbBatch *batch)
{
    CPUState *cs = CPU(cpu);
    run_on_cpu_data clearing =
        RUN_ON_CPU_HOST_PTR(batch->clears_r ? mmu : NULL);

    if (flush_now(mmu, cs, batch)) {
        async_safe_run_on_cpu(cs, flushed, clearing);
    } else {
        flushed(cs, clearing);
    }
}

void papr_tlb_flush_own(PowerPCCPU *cpu, const PaprTlbBatch *batch)
{
    if (tcg_enabled() && qemu_cpu_is_self(CPU(cpu))) {
        flush_own(CPU(cpu), batch);
    }
}

void papr_tlb_flush_all(PaprMmu *mmu)
{
    const PaprTlbBatch all = { .all = true };
    CPUState *self = current_cpu;

    if (!tcg_enabled()) {
        return;
    }
    RCU_READ_LOCK_GUARD();
    if (self) {
        papr_tlb_flush(mmu, POWERPC_CPU(self), &all);
    } else {
        flush_others(mmu, NULL, &all);
    }
}

/* Exclusive work: all other vCPUs are out of the execution loop, so marked */
static void flush_all_work(CPUState *cs, run_on_cpu_data data)
{
    papr_tlb_flush_all(data.host_ptr);
}

void papr_tlb_flush_all_stopped(PaprMmu *mmu, PowerPCCPU *cpu)
{
    if (tcg_enabled() && qemu_cpu_is_self(CPU(cpu))) {
        async_safe_run_on_cpu(CPU(cpu), flush_all_work,
                              RUN_ON_CPU_HOST_PTR(mmu));
    } else {
        papr_tlb_flush_all(mmu);
    }
}

void papr_mmu_exec_enter(PaprMmu *mmu, PaprVcpu *vcpu)
{
    if (unlikely(!qatomic_read(&mmu->execution_known))) {
        qatomic_set(&mmu->execution_known, true);
    }
    if (unlikely(papr_mark_enter(&mmu->vcpu[vcpu->id]))) {
        tlb_flush(CPU(vcpu->cpu));
    }
}

void papr_mmu_exec_exit(PaprMmu *mmu, PaprVcpu *vcpu)
{
    papr_mark_exit(&mmu->vcpu[vcpu->id]);
}
#else
void papr_tlb_flush(PaprMmu *mmu, PowerPCCPU *cpu, const PaprTlbBatch *batch)
{
    if (batch->clears_r) {
        papr_clears_end(&mmu->clears);
    }
}

void papr_tlb_flush_all_stopped(PaprMmu *mmu, PowerPCCPU *cpu)
{
}

void papr_tlb_flush_own(PowerPCCPU *cpu, const PaprTlbBatch *batch)
{
}

void papr_tlb_flush_all(PaprMmu *mmu)
{
}

void papr_mmu_exec_enter(PaprMmu *mmu, PaprVcpu *vcpu)
{
}

void papr_mmu_exec_exit(PaprMmu *mmu, PaprVcpu *vcpu)
{
}
#endif
