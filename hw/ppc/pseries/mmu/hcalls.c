/*
 * pSeries platform: hypercalls on entries of the hash page table (HPT)
 *
 * H_ENTER, H_REMOVE, H_READ, H_PROTECT, H_CLEAR_REF, H_CLEAR_MOD and the bulk
 * and block removal: LoPAR sections 14.5.4.1.1 to 14.5.4.1.8, flags of Table
 * 14.4.  Called by the hypercall dispatch.
 *
 * Locking: none of these takes the BQL.  The table is held by RCU.  Only the
 * thread that has set an entry's lock bit (HPTE0_LOCK) by compare-and-swap
 * changes the entry.  No thread waits while it holds such a lock, and
 * H_BLOCK_REMOVE, which holds several, only tries.  Table walks of the vCPUs
 * take no lock.  What they and the calls do to an entry, in which order, and
 * why that is right, is in entry.h.
 *
 * Flushing: a removal flushes nothing if no walk has set the entry's R bit.  As
 * guests often enter translations with R set, H_ENTER stores the guest's R in
 * HPTE0_REF_ASKED, and only walks set R.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/processor.h"
#include "target/ppc/cpu.h"
#include "hw/pseries/guest-mem.h"
#include "../trace.h"
#include "internal.h"
#include "kvm.h"
#include "specifier.h"

/* LoPAR Table 14.4, by IBM bit number */
#define PFT_FLAG(bit) (1ull << (63 - (bit)))
#define PFT_EXACT       PFT_FLAG(24)
#define PFT_READ_4      PFT_FLAG(26)
#define PFT_AVPN        PFT_FLAG(32)
#define PFT_ANDCOND     PFT_FLAG(33)
#define PFT_ICACHE      (PFT_FLAG(40) | PFT_FLAG(41))
#define PFT_ZERO_PAGE   PFT_FLAG(48)
#define PFT_COMPRESSION PFT_FLAG(56)

#define SPINS_BEFORE_YIELD 1000

/** HptCall - what all of these hypercalls need; see begin_hpt_call() */
typedef struct HptCall {
    PaprMmu *mmu;
    PowerPCCPU *cpu;
    PaprHpt *hpt;
    PaprTlbBatch flush;
} HptCall;

/* To be called after the last check, before a change that may clear R */
static void count_clear(HptCall *w)
{
    w->flush.clears_r = true;
    papr_clears_begin(&w->mmu->clears);
}

/* May another call have cleared R of an entry that it has yet to flush? */
static bool others_clear_r(const HptCall *w)
{
    return papr_clears_others(&w->mmu->clears, w->flush.clears_r);
}

static void begin_hpt_call(HptCall *w, PaprMmu *mmu, PowerPCCPU *cpu)
{
    w->mmu = mmu;
    w->cpu = cpu;
    w->hpt = qatomic_rcu_read(&mmu->hpt);
    w->flush.all = false;
    w->flush.clears_r = false;
    w->flush.n = 0;
}

static void finish_hpt_call(HptCall *w)
{
    papr_tlb_flush(w->mmu, w->cpu, &w->flush);
}

/* A partition that uses radix has no table, hence no valid index */
static bool has_entry(const HptCall *w, uint64_t ptex)
{
    return w->hpt && ptex < w->hpt->n;
}

static int64_t bad_index(const char *call, uint64_t ptex)
{
    qemu_log_mask(LOG_GUEST_ERROR, "%s: no entry 0x%" PRIx64
                  " in the hash page table\n", call, ptex);
    return H_PARAMETER;
}

/* Give entry @ptex, which is locked, its new doubleword 0 */
static void unlock_changed(PaprHpt *hpt, uint64_t ptex, uint64_t pte0)
{
    papr_entry_unlock_changed(&hpt->pte[2 * ptex], pte0);
    papr_hpt_mark_dirty(hpt, ptex);
}

static void back_off(unsigned *spins)
{
    if (++*spins % SPINS_BEFORE_YIELD) {
        cpu_relax();
    } else {
        g_thread_yield();
    }
}

/* Does a valid entry meet the conditions that the flags attach to @avpn? */
static bool meets_condition(uint64_t pte0, uint64_t flags, uint64_t avpn)
{
    pte0 &= ~HPTE0_OURS;
    if (!(pte0 & HPTE0_VALID)) {
        return false;
    }
    if ((flags & PFT_AVPN) && (pte0 & HPTE0_AVPN_B) != avpn) {
        return false;
    }
    return !(flags & PFT_ANDCOND) || !(pte0 & avpn);
}

/* Lock entry @ptex if it meets the conditions; *@pte0: its old doubleword 0 */
static bool lock_matching(PaprHpt *hpt, uint64_t ptex, uint64_t flags,
                          uint64_t avpn, uint64_t *pte0)
{
    unsigned spins = 0;

    for (;;) {
        *pte0 = hpte_load(hpt, ptex, 0);
        if (!(*pte0 & HPTE0_LOCK)) {
            if (!meets_condition(*pte0, flags, avpn)) {
                return false;
            }
            if (papr_entry_try_lock(&hpt->pte[2 * ptex], *pte0)) {
                return true;
            }
        }
        back_off(&spins);
    }
}

/* An entry's doublewords as the guest gets them */
static uint64_t shown_pte1(uint64_t pte0, uint64_t pte1)
{
    return pte0 & HPTE0_REF_ASKED ? pte1 | HPTE1_R : pte1;
}

static uint64_t shown_pte0(uint64_t pte0)
{
    return pte0 & ~HPTE0_OURS;
}

/* Flush the old translation of entry @ptex, if a walk ever used it */
static void flush_if_used(HptCall *w, uint64_t ptex, uint64_t pte0,
                          uint64_t pte1)
{
    unsigned base, actual;
    PaprVa va = { 0 };

    if (!(pte1 & HPTE1_R) && !others_clear_r(w)) {
        return;
    }
    base = papr_hpte_base_shift(w->cpu, pte0, pte1, &actual);
    if (base && !papr_hpte_va(pte0, ptex, w->hpt->pteg_mask, base, &va)) {
        base = 0;
    }
    papr_tlb_add(&w->flush, &va, base);
}

/*
 * Empty the locked entry @ptex, whose doubleword 0 was @pte0.  Returns its last
 * doubleword 1, as the guest gets it.
 */
static uint64_t remove_locked(HptCall *w, uint64_t ptex, uint64_t pte0)
{
    uint64_t pte1 = papr_entry_take_out(&w->hpt->pte[2 * ptex],
                                        papr_removals_of(w->mmu, ptex));

    papr_hpt_mark_dirty(w->hpt, ptex);
    flush_if_used(w, ptex, pte0, pte1);
    return shown_pte1(pte0, pte1);
}

static uint64_t without_bits(uint64_t pte1, uint64_t bits)
{
    return pte1 & ~bits;
}

/* ---- H_ENTER ---- */

/* Storage attributes: coherent and cached for memory, else cache-inhibited */
static bool wimg_fits(uint64_t pte1, bool is_memory)
{
    if (is_memory) {
        return (pte1 & HPTE1_WIMG) == HPTE1_M;
    }
    return (pte1 & (HPTE1_W | HPTE1_I)) == HPTE1_I;
}

/* Check a new entry, and do to its page what the call's flags require */
static int64_t prepare_page(PowerPCCPU *cpu, uint64_t flags, uint64_t pte0,
                            uint64_t pte1)
{
    unsigned actual;
    uint64_t raddr, size;
    bool is_memory;

    if (!papr_hpte_base_shift(cpu, pte0, pte1, &actual)) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_ENTER: unknown page size in 0x%"
                      PRIx64 " 0x%" PRIx64 "\n", pte0, pte1);
        return H_PARAMETER;
    }
    size = 1ull << actual;
    raddr = (pte1 & HPTE1_RPN) & ~(size - 1);
    is_memory = papr_mem_is_memory(raddr, size);
    if (!wimg_fits(pte1, is_memory)) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_ENTER: WIMG of 0x%" PRIx64 " does "
                      "not suit %s\n", pte1, is_memory ? "memory" : "I/O");
        return H_PARAMETER;
    }
    if (actual > 16 && (flags & (PFT_ZERO_PAGE | PFT_ICACHE))) {
        return H_TOO_BIG;
    }
    if (flags & PFT_COMPRESSION) {
        return H_FUNCTION;
    }
    /* Instruction caches are coherent here: only zeroing is left to do */
    if ((flags & PFT_ZERO_PAGE) && is_memory &&
        !papr_mem_set(raddr, 0, size)) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_ENTER: 0x%" PRIx64 " can't be "
                      "zeroed, it is read-only\n", raddr);
        return H_PARAMETER;
    }
    return H_SUCCESS;
}

/* Lock the first free one of @n entries from @ptex on; -1 if there's none */
static int64_t lock_free(PaprHpt *hpt, uint64_t ptex, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint64_t pte0 = hpte_load(hpt, ptex + i, 0);

        if (!(pte0 & (HPTE0_VALID | HPTE0_LOCK)) &&
            papr_entry_try_claim(&hpt->pte[2 * (ptex + i)], pte0)) {
            return ptex + i;
        }
    }
    return -1;
}

static int64_t h_enter(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    uint64_t flags = args[0], ptex = args[1], pte0 = args[2], pte1 = args[3];
    bool exact = flags & PFT_EXACT;
    int64_t slot, rc;
    HptCall w;

    RCU_READ_LOCK_GUARD();
    begin_hpt_call(&w, opaque, cpu);
    if (!has_entry(&w, ptex)) {
        return bad_index("H_ENTER", ptex);
    }
    rc = prepare_page(cpu, flags, pte0, pte1);
    if (rc) {
        return rc;
    }
    slot = exact ? lock_free(w.hpt, ptex, 1)
                 : lock_free(w.hpt, ptex & ~7ull, HPTES_IN_PTEG);
    if (slot < 0) {
        return H_PTEG_FULL;
    }
    pte0 = (pte0 & ~HPTE0_OURS) | HPTE0_VALID;
    if (pte1 & HPTE1_R) {
        pte0 |= HPTE0_REF_ASKED;
    }
    pte1 &= ~(HPTE1_RESERVED | HPTE1_R);
    papr_hpt_use(w.hpt, slot);
    papr_entry_publish(&w.hpt->pte[2 * slot], pte0, pte1);
    papr_hpt_mark_dirty(w.hpt, slot);
    trace_papr_mmu_enter(slot, pte0, pte1);
    args[0] = slot;
    return H_SUCCESS;
}

/* ---- removal ---- */

static int64_t h_remove(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    uint64_t flags = args[0], ptex = args[1], avpn = args[2], pte0;
    HptCall w;

    RCU_READ_LOCK_GUARD();
    begin_hpt_call(&w, opaque, cpu);
    if (!has_entry(&w, ptex)) {
        return bad_index("H_REMOVE", ptex);
    }
    if (!lock_matching(w.hpt, ptex, flags, avpn, &pte0)) {
        return H_NOT_FOUND;
    }
    args[0] = shown_pte0(pte0);
    args[1] = remove_locked(&w, ptex, pte0);
    trace_papr_mmu_remove(ptex, args[0], args[1]);
    finish_hpt_call(&w);
    return H_SUCCESS;
}

#define BULK_PTEX       0x00ffffffffffffffull
#define BULK_FLAGS      0x0300000000000000ull
#define BULK_ANDCOND    0x0100000000000000ull
#define BULK_AVPN       0x0200000000000000ull
#define BULK_CODE_SHIFT 60
#define BULK_RC_SHIFT   58
enum { BULK_SUCCESS, BULK_NOT_FOUND, BULK_PARM };

/* Returns the code of one specifier; *@rc: R and C of the removed entry */
static unsigned bulk_remove_one(HptCall *w, uint64_t high, uint64_t low,
                                uint64_t *rc)
{
    uint64_t ptex = high & BULK_PTEX, flags = 0, pte0, pte1;

    *rc = 0;
    if ((high & BULK_FLAGS) == BULK_FLAGS || !has_entry(w, ptex)) {
        bad_index("H_BULK_REMOVE", high);
        return BULK_PARM;
    }
    if (high & BULK_ANDCOND) {
        flags |= PFT_ANDCOND;
    }
    if (high & BULK_AVPN) {
        flags |= PFT_AVPN;
    }
    if (!lock_matching(w->hpt, ptex, flags, low, &pte0)) {
        return BULK_NOT_FOUND;
    }
    pte1 = remove_locked(w, ptex, pte0);
    trace_papr_mmu_remove(ptex, shown_pte0(pte0), pte1);
    *rc = (pte1 & HPTE1_R ? 2 : 0) | (pte1 & HPTE1_C ? 1 : 0);
    return BULK_SUCCESS;
}

static int64_t h_bulk_remove(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    int64_t result = H_SUCCESS;
    HptCall w;

    RCU_READ_LOCK_GUARD();
    begin_hpt_call(&w, opaque, cpu);
    for (int i = 0; i < 4 && result == H_SUCCESS; i++) {
        uint64_t *high = &args[2 * i];
        uint64_t rc;
        unsigned code;

        if (*high >> TS_TYPE_SHIFT == TS_END) {
            break;
        }
        if (*high >> TS_TYPE_SHIFT != TS_REQUEST) {
            result = H_PARAMETER;
            break;
        }
        code = bulk_remove_one(&w, *high, args[2 * i + 1], &rc);
        if (code == BULK_PARM) {
            result = H_PARAMETER;
        }
        *high = (*high & (BULK_PTEX | BULK_FLAGS)) |
                (uint64_t)TS_RESPONSE << TS_TYPE_SHIFT |
                (uint64_t)code << BULK_CODE_SHIFT | rc << BULK_RC_SHIFT;
    }
    finish_hpt_call(&w);
    return result;
}

/** Block - page sizes and address of the first entry; all others must match */
typedef struct Block {
    bool anchored;
    unsigned base, actual;
    PaprVa va;
} Block;

/* May the locked entry @ptex be removed in this call?  Returns BLOCK_* */
static unsigned block_check(HptCall *w, Block *block, uint64_t ptex,
                            uint64_t pte0, bool compare, uint64_t ava)
{
    Block b = { .anchored = true };
    uint64_t pte1 = hpte_load(w->hpt, ptex, 1);
    unsigned shift;

    if (!(pte0 & HPTE0_VALID) || (pte0 & HPTE0_BOLTED)) {
        return BLOCK_NOT_FOUND;
    }
    b.base = papr_hpte_base_shift(w->cpu, pte0, pte1, &b.actual);
    if (!b.base ||
        !papr_hpte_va(pte0, ptex, w->hpt->pteg_mask, b.base, &b.va)) {
        return BLOCK_PARM;
    }
    if (compare && ((pte0 ^ ava) & papr_block_avpn_bits(b.base))) {
        return BLOCK_NOT_FOUND;
    }
    if (!block->anchored) {
        *block = b;
        return BLOCK_SUCCESS;
    }
    if (b.base != block->base || b.actual != block->actual ||
        b.va.segment_shift != block->va.segment_shift) {
        return BLOCK_INCONSISTENT;
    }
    shift = b.base + BLOCK_PAGES_SHIFT;
    if (b.va.vsid != block->va.vsid ||
        b.va.offset >> shift != block->va.offset >> shift) {
        return BLOCK_CROSSES;
    }
    return BLOCK_SUCCESS;
}

/*
 * Lock and check the entry of one specifier.  An entry that may be removed
 * stays locked, so a second specifier of the same entry gets BLOCK_BUSY.
 */
static unsigned block_claim(HptCall *w, Block *block, uint64_t ts, uint64_t ava,
                            uint64_t *pte0)
{
    uint64_t ptex = ts & BLOCK_PTEX;
    unsigned code;

    if (!has_entry(w, ptex)) {
        bad_index("H_BLOCK_REMOVE", ptex);
        return BLOCK_PARM;
    }
    *pte0 = hpte_load(w->hpt, ptex, 0);
    if ((*pte0 & HPTE0_LOCK) ||
        !papr_entry_try_lock(&w->hpt->pte[2 * ptex], *pte0)) {
        return BLOCK_BUSY;
    }
    code = block_check(w, block, ptex, *pte0, ts & BLOCK_AVPN, ava);
    if (code != BLOCK_SUCCESS) {
        papr_entry_unlock_unchanged(&w->hpt->pte[2 * ptex], *pte0);
    }
    return code;
}

/*
 * The specifiers are in r5 to r12, the results in r4 to r11: Linux expects the
 * results there, and LoPAR does not say where they are.
 */
static int64_t h_block_remove(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    uint64_t ava = args[0] & HPTE0_AVPN_B, pte0[BLOCK_MAX];
    uint64_t *ts = args;
    int64_t result = H_SUCCESS;
    bool claimed[BLOCK_MAX] = { false };
    Block block = { .anchored = false };
    HptCall w;

    memmove(ts, &args[1], BLOCK_MAX * sizeof(*ts));
    RCU_READ_LOCK_GUARD();
    begin_hpt_call(&w, opaque, cpu);
    for (int i = 0; i < BLOCK_MAX && ts[i] >> TS_TYPE_SHIFT != TS_END; i++) {
        unsigned code;

        if (ts[i] >> TS_TYPE_SHIFT != TS_REQUEST) {
            result = H_PARAMETER;
            break;
        }
        code = block_claim(&w, &block, ts[i], ava, &pte0[i]);
        claimed[i] = code == BLOCK_SUCCESS;
        ts[i] = (ts[i] & BLOCK_PTEX) | BLOCK_STATUS(code);
        if (!claimed[i]) {
            result = H_PARTIAL;
        }
    }
    for (int i = 0; i < BLOCK_MAX; i++) {
        if (claimed[i]) {
            uint64_t ptex = ts[i] & BLOCK_PTEX;
            uint64_t pte1 = remove_locked(&w, ptex, pte0[i]);

            trace_papr_mmu_remove(ptex, shown_pte0(pte0[i]), pte1);
            ts[i] |= (pte1 & HPTE1_R ? BLOCK_R : 0) |
                     (pte1 & HPTE1_C ? BLOCK_C : 0);
        }
    }
    finish_hpt_call(&w);
    return result;
}

/* ---- reading and changing ---- */

/*
 * Both doublewords as they were at one moment.  papr_entry_read() ensures that
 * for a valid entry.  An entry that is not valid may be filled meanwhile, so
 * its doubleword 0 is loaded again.
 */
static void read_entry(const HptCall *w, uint64_t ptex, uint64_t *out)
{
    const uint64_t *pte = &w->hpt->pte[2 * ptex];
    unsigned spins = 0;
    uint64_t pair[2];

    for (;;) {
        papr_entry_read(pte, papr_removals_of(w->mmu, ptex), pair);
        if (!(pair[0] & HPTE0_LOCK) && papr_entry_load(pte, 0) == pair[0]) {
            break;
        }
        back_off(&spins);
    }
    out[0] = shown_pte0(pair[0]);
    out[1] = shown_pte1(pair[0], pair[1]);
}

/* Logical and real addresses are the same here: R-XLATE has nothing to do */
static int64_t h_read(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    uint64_t flags = args[0], ptex = args[1];
    unsigned n = 1;
    HptCall w;

    RCU_READ_LOCK_GUARD();
    begin_hpt_call(&w, opaque, cpu);
    if (!has_entry(&w, ptex)) {
        return bad_index("H_READ", ptex);
    }
    if (flags & PFT_READ_4) {
        ptex &= ~3ull;
        n = 4;
    }
    for (unsigned i = 0; i < n; i++) {
        read_entry(&w, ptex + i, &args[2 * i]);
    }
    return H_SUCCESS;
}

static int64_t h_protect(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    uint64_t flags = args[0], ptex = args[1], avpn = args[2], pte0, pte1;
    HptCall w;

    RCU_READ_LOCK_GUARD();
    begin_hpt_call(&w, opaque, cpu);
    if (!has_entry(&w, ptex)) {
        return bad_index("H_PROTECT", ptex);
    }
    if (!lock_matching(w.hpt, ptex, flags & PFT_AVPN, avpn, &pte0)) {
        return H_NOT_FOUND;
    }
    count_clear(&w);
    pte1 = papr_entry_change(&w.hpt->pte[2 * ptex], papr_hpte_protected, flags);
    unlock_changed(w.hpt, ptex, pte0 & ~HPTE0_REF_ASKED);
    flush_if_used(&w, ptex, pte0, pte1);
    trace_papr_mmu_protect(ptex, flags, pte1);
    finish_hpt_call(&w);
    return H_SUCCESS;
}

/* Clear @bits (R or C) of an entry; the old doubleword 1 goes to r4 */
static int64_t clear_bits(const char *call, PowerPCCPU *cpu, uint64_t *args,
                          PaprMmu *mmu, uint64_t bits)
{
    uint64_t ptex = args[1], pte0, pte1, kept;
    HptCall w;

    RCU_READ_LOCK_GUARD();
    begin_hpt_call(&w, mmu, cpu);
    if (!has_entry(&w, ptex)) {
        return bad_index(call, ptex);
    }
    if (!lock_matching(w.hpt, ptex, 0, 0, &pte0)) {
        return H_NOT_FOUND;
    }
    if (bits & HPTE1_R) {
        count_clear(&w);
    }
    pte1 = papr_entry_change(&w.hpt->pte[2 * ptex], without_bits, bits);
    kept = bits & HPTE1_R ? pte0 & ~HPTE0_REF_ASKED : pte0;
    unlock_changed(w.hpt, ptex, kept);
    if ((bits & HPTE1_R) || (pte1 & bits)) {
        flush_if_used(&w, ptex, pte0, pte1);
    }
    args[0] = shown_pte1(pte0, pte1);
    trace_papr_mmu_clear(ptex, bits, args[0]);
    finish_hpt_call(&w);
    return H_SUCCESS;
}

static int64_t h_clear_ref(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    return clear_bits("H_CLEAR_REF", cpu, args, opaque, HPTE1_R);
}

static int64_t h_clear_mod(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    return clear_bits("H_CLEAR_MOD", cpu, args, opaque, HPTE1_C);
}

#define ENTRY_CALL (PAPR_HCALL_LOCKLESS | PAPR_HCALL_IN_KVM)

static const PaprHcall hpt_calls[] = {
    { H_ENTER,        ENTRY_CALL, 4, 1, h_enter },
    { H_REMOVE,       ENTRY_CALL, 3, 2, h_remove },
    { H_READ,         ENTRY_CALL, 2, 8, h_read },
    { H_PROTECT,      ENTRY_CALL, 3, 0, h_protect },
    { H_CLEAR_REF,    ENTRY_CALL, 2, 1, h_clear_ref },
    { H_CLEAR_MOD,    ENTRY_CALL, 2, 1, h_clear_mod },
    { H_BULK_REMOVE,  ENTRY_CALL, 8, 8, h_bulk_remove },
};

static const PaprHcall block_calls[] = {
    { H_BLOCK_REMOVE, PAPR_HCALL_LOCKLESS, 9, 8, h_block_remove },
};

/* Linux's kvm-hv handles all other calls, but does not know H_BLOCK_REMOVE */
static const PaprHcall kernel_block_calls[] = {
    { H_BLOCK_REMOVE, 0, 9, 8, papr_kernel_block_remove },
};

void papr_mmu_register_hpt_hcalls(PaprMmu *mmu, PaprHcallTable *hcalls)
{
    papr_hcall_register(hcalls, hpt_calls, ARRAY_SIZE(hpt_calls), mmu);
    papr_hcall_register(hcalls, papr_kernel_has_hpt() ? kernel_block_calls
                                                      : block_calls, 1, mmu);
}
