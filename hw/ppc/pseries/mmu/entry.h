/*
 * pSeries platform: an entry of the hash page table (HPT) that several threads
 * use at once
 *
 * Hypercalls change entries (hcalls.c), walks of the table read them and set
 * their R (referenced) and C (changed) bits (hpt.c, for target/ppc).  This file
 * has the steps of both that other threads can see, and nothing else, so that
 * tests/unit/pseries/test-hpt-race.c can run these functions in all orders of
 * their loads and stores.
 *
 * An entry has two doublewords, 0 and 1, and not all hosts can load both at
 * once.  The rules:
 *
 * 1. A thread that changes an entry has set HPTE0_LOCK in its doubleword 0 by
 *    compare-and-swap.  No thread waits while it holds such a lock.
 * 2. H_ENTER stores doubleword 1 of an entry that is not valid, then doubleword
 *    0 (papr_entry_publish()).
 * 3. A removal makes the entry invalid, increments the entry's counter of
 *    removals, then empties doubleword 1 (papr_entry_take_out()).
 * 4. A walk loads the counter, doubleword 0, doubleword 1, and the counter
 *    again, until both counts are the same (papr_entry_read()).
 *
 * Claim: a walk returns only pairs that were in the table.  Let the walk have
 * loaded doubleword 0 of entry E.
 *
 * (a) The doubleword 1 that it loads is not older than E's, by rule 2.
 * (b) If the doubleword 1 that it loads was stored after the end of E, E was
 *     removed.  By rule 3 the removing thread incremented the counter before
 *     any thread stored the new value, so the walk's second load of the counter
 *     sees the increment.  The walk's first load of the counter did not:
 *     otherwise, by rule 3, its load of doubleword 0 would have found E
 *     invalid.  So the counts differ, and the walk repeats.
 *
 * A second load of doubleword 0 in place of the counter is not enough: another
 * entry with E's address may be there by then.  The new value in (b) may be
 * stored by another thread than the removing one: papr_entry_publish() stores
 * it by a release, because on some hosts the walk could otherwise see it before
 * the removing thread's increment.
 *
 * 5. A walk that finds R clear sets it, by compare-and-swap against the
 *    doubleword 1 that it has read, then reads the pair again
 *    (papr_entry_note(), papr_entry_is()).  So at some moment of the walk the
 *    returned pair was in the table with R set.  This also holds if the walk
 *    found R set.
 * 6. A removal reads R after it has made the entry invalid, and flushes if R is
 *    set.  If R is clear, no walk returns that pair any more.
 *
 * H_PROTECT and H_CLEAR_REF clear R of an entry that may be in a TLB until
 * their flush is complete.  These calls are counted (papr_clears_begin()) from
 * before they clear R until their flush is complete, and while the count is not
 * 0, R is not relied upon.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_MMU_ENTRY_H
#define HW_PPC_PSERIES_MMU_ENTRY_H

#include "qemu/atomic.h"
#include "qemu/bswap.h"
#include "hpte.h"

/*
 * Counters of removals: one for all groups whose numbers are equal modulo this.
 * So a walk also reads an entry again if an entry of another group with the
 * same counter was removed.
 */
#define PAPR_REMOVAL_COUNTERS 1024

/* Doubleword @n (0, 1) of the entry, host endian */
static inline uint64_t papr_entry_load(const uint64_t *pte, int n)
{
    return be64_to_cpu(qatomic_read(&pte[n]));
}

static inline bool papr_entry_exchange(uint64_t *where, uint64_t old,
                                       uint64_t new)
{
    return qatomic_cmpxchg(where, cpu_to_be64(old), cpu_to_be64(new)) ==
           cpu_to_be64(old);
}

/** papr_entry_try_lock: succeeds if doubleword 0 is @pte0 (not locked) */
static inline bool papr_entry_try_lock(uint64_t *pte, uint64_t pte0)
{
    return papr_entry_exchange(&pte[0], pte0, pte0 | HPTE0_LOCK);
}

/**
 * papr_entry_unlock_changed - store a locked entry's new doubleword 0
 *
 * A full barrier, which papr_hpt_mark_dirty() requires.
 */
static inline void papr_entry_unlock_changed(uint64_t *pte, uint64_t pte0)
{
    qatomic_xchg(&pte[0], cpu_to_be64(pte0));
}

static inline void papr_entry_unlock_unchanged(uint64_t *pte, uint64_t pte0)
{
    qatomic_store_release(&pte[0], cpu_to_be64(pte0));
}

/** papr_entry_try_claim: lock a free entry whose doubleword 0 was @pte0 */
static inline bool papr_entry_try_claim(uint64_t *pte, uint64_t pte0)
{
    return papr_entry_exchange(&pte[0], pte0, HPTE0_LOCK);
}

/**
 * papr_entry_publish - fill an entry that was claimed
 *
 * A thread that sees the new doubleword 1 has to see the removal of the entry
 * that was in this place before, even if another thread has removed that entry:
 * hence the release.
 */
static inline void papr_entry_publish(uint64_t *pte, uint64_t pte0,
                                      uint64_t pte1)
{
    qatomic_store_release(&pte[1], cpu_to_be64(pte1));
    papr_entry_unlock_changed(pte, pte0);
}

/**
 * papr_entry_take_out - empty a locked entry
 * @removals: the counter of its group
 *
 * Returns the last doubleword 1, whose R says whether walks used the entry.
 */
static inline uint64_t papr_entry_take_out(uint64_t *pte, size_t *removals)
{
    uint64_t pte1;

    qatomic_set(&pte[0], cpu_to_be64(HPTE0_LOCK));
    /* make it invalid, count it, then empty it: rule 3 of the file's head */
    qatomic_inc(removals);
    smp_mb__after_rmw();
    pte1 = be64_to_cpu(qatomic_xchg(&pte[1], 0));
    papr_entry_unlock_changed(pte, 0);
    return pte1;
}

/**
 * papr_entry_change - replace a locked entry's doubleword 1 by @change
 *
 * If a walk sets R or C at the same moment, the exchange is repeated, so that
 * neither bit is lost and R says whether to flush.  Returns the old doubleword.
 */
static inline uint64_t papr_entry_change(uint64_t *pte,
                                         uint64_t (*change)(uint64_t pte1,
                                                            uint64_t arg),
                                         uint64_t arg)
{
    uint64_t pte1;

    do {
        pte1 = papr_entry_load(pte, 1);
    } while (!papr_entry_exchange(&pte[1], pte1, change(pte1, arg)));
    return pte1;
}

/** papr_entry_read: both doublewords as they were at one moment, if valid */
static inline void papr_entry_read(const uint64_t *pte, const size_t *removals,
                                   uint64_t pair[2])
{
    size_t before, after = qatomic_load_acquire(removals);

    do {
        before = after;
        pair[0] = papr_entry_load(pte, 0);
        /* papr_entry_publish() stores doubleword 0 last: load it first */
        smp_rmb();
        pair[1] = papr_entry_load(pte, 1);
        /* a removal counts, then empties doubleword 1: load the count last */
        smp_rmb();
        after = qatomic_load_acquire(removals);
    } while (after != before);
}

/**
 * papr_entry_note - a walk uses the entry: set @bits (R, C)
 * @pte1: doubleword 1, as the walk has read it
 *
 * Returns false, and sets nothing, if doubleword 1 has changed in more than R
 * and C.
 */
static inline bool papr_entry_note(uint64_t *pte, uint64_t pte1, uint64_t bits)
{
    uint64_t seen, now = qatomic_read(&pte[1]);

    do {
        seen = now;
        if ((be64_to_cpu(seen) ^ pte1) & ~(HPTE1_R | HPTE1_C)) {
            return false;
        }
        now = qatomic_cmpxchg(&pte[1], seen, seen | cpu_to_be64(bits));
    } while (now != seen);
    return true;
}

/**
 * papr_entry_is - after papr_entry_note(): is it still the same entry?
 * @pair: the doublewords that the walk has read
 * @bits: the bits that the walk has set
 */
static inline bool papr_entry_is(const uint64_t *pte, const size_t *removals,
                                 const uint64_t pair[2], uint64_t bits)
{
    uint64_t now[2];

    /* R and C are set before the entry is read again */
    smp_mb__after_rmw();
    papr_entry_read(pte, removals, now);
    return !((now[0] ^ pair[0]) & ~HPTE0_OURS) &&
           !((now[1] ^ pair[1]) & ~(HPTE1_R | HPTE1_C)) &&
           (now[1] & bits) == bits;
}

/** papr_clears_begin: the caller is about to clear R of an entry */
static inline void papr_clears_begin(uint32_t *clears)
{
    qatomic_inc(clears);
    smp_mb__after_rmw();
}

/** papr_clears_end: the entry whose R was cleared is in no TLB any more */
static inline void papr_clears_end(uint32_t *clears)
{
    qatomic_dec(clears);
}

/**
 * papr_clears_others - may another call have cleared R of an entry in a TLB?
 * @counted: the caller itself is counted
 */
static inline bool papr_clears_others(const uint32_t *clears, bool counted)
{
    return qatomic_read(clears) > (counted ? 1 : 0);
}

#endif
