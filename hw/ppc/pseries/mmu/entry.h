/*
 * pSeries platform: an entry of the hash page table (HPT) that several threads
 * use at once
 *
 * Hypercalls change entries (hcalls.c), walks of the table read them and set
 * their R (referenced) and C (changed) bits (hpt.c, for target/ppc).  This file
 * has each step of both that other threads can see, and nothing else, so that
 * tests/unit/pseries/test-hpt-race.c can run these very functions in all orders
 * of their loads and stores.
 *
 * An entry has two doublewords, and no host can be relied upon to load both at
 * once.  The rules:
 *
 * 1. Who changes an entry has set HPTE0_LOCK in its first doubleword by
 *    compare-and-swap.  Nobody waits while holding one.
 * 2. H_ENTER writes the second doubleword of an entry that is not valid, then
 *    the first one (papr_entry_publish()).
 * 3. A removal makes the entry invalid, counts itself in the entry's counter of
 *    removals, then empties the second doubleword (papr_entry_take_out()).
 * 4. A walk loads the counter, the first doubleword, the second one, and the
 *    counter again, until both counts are the same (papr_entry_read()).
 *
 * So a walk returns no pair that was never in the table.  Say that it has found
 * a valid first doubleword.  If its second doubleword is later than the end of
 * that entry, then by 3 the last load of the counter sees the removal.  The
 * first load of it did not: otherwise, by 3, the first doubleword would have
 * been seen invalid.  By 2 the second doubleword is no earlier than the entry.
 * It is not enough to load the first doubleword twice: the entry may have been
 * removed, another one been entered, whose second doubleword the walk loads,
 * and a third one, with the first one's address, have taken its place.  Nor is
 * it enough on all hosts that the new second doubleword is stored after the
 * count if another thread has removed the entry: H_ENTER tells of what it has
 * seen when it stores it (a release).
 *
 * 5. A walk that finds R clear sets it, by compare-and-swap against the second
 *    doubleword that it has read, then reads the pair again (papr_entry_note(),
 *    papr_entry_is()).  Thus at some moment of the walk the pair it returns
 *    was in the table with R set, and so it was if the walk had found R set.
 * 6. A removal takes R after the entry is invalid, and flushes if it was set.
 *    If it was not, no walk returns that pair any more.
 *
 * H_PROTECT and H_CLEAR_REF clear R of an entry that may be in a TLB until
 * their flush is complete.  They are counted (papr_clears_begin()) from before
 * they clear R till then, and while there are any, R is not relied upon.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_MMU_ENTRY_H
#define HW_PPC_PSERIES_MMU_ENTRY_H

#include "qemu/atomic.h"
#include "qemu/bswap.h"
#include "hpte.h"

/*
 * Entries share counters of removals: those of a group have one, and so have
 * groups that are so far apart.  A walk of another entry then reads once more.
 */
#define PAPR_REMOVAL_COUNTERS 1024

/* Doubleword @half (0, 1) of the entry, host endian */
static inline uint64_t papr_entry_load(const uint64_t *pte, int half)
{
    return be64_to_cpu(qatomic_read(&pte[half]));
}

static inline bool papr_entry_exchange(uint64_t *where, uint64_t old,
                                       uint64_t new)
{
    return qatomic_cmpxchg(where, cpu_to_be64(old), cpu_to_be64(new)) ==
           cpu_to_be64(old);
}

/** papr_entry_try_lock: if the first doubleword is @pte0, which has no lock */
static inline bool papr_entry_try_lock(uint64_t *pte, uint64_t pte0)
{
    return papr_entry_exchange(&pte[0], pte0, pte0 | HPTE0_LOCK);
}

/**
 * papr_entry_unlock_changed - the locked entry's new first doubleword
 *
 * A full barrier, as papr_hpt_mark_dirty() asks for.
 */
static inline void papr_entry_unlock_changed(uint64_t *pte, uint64_t pte0)
{
    qatomic_xchg(&pte[0], cpu_to_be64(pte0));
}

static inline void papr_entry_unlock_unchanged(uint64_t *pte, uint64_t pte0)
{
    qatomic_store_release(&pte[0], cpu_to_be64(pte0));
}

/** papr_entry_try_claim: lock an entry that was found free, as @pte0 says */
static inline bool papr_entry_try_claim(uint64_t *pte, uint64_t pte0)
{
    return papr_entry_exchange(&pte[0], pte0, HPTE0_LOCK);
}

/**
 * papr_entry_publish - fill an entry that was claimed
 *
 * Who sees its second doubleword has to see the removal of the entry before it,
 * too, also if that was another thread's: hence the release.
 */
static inline void papr_entry_publish(uint64_t *pte, uint64_t pte0,
                                      uint64_t pte1)
{
    qatomic_store_release(&pte[1], cpu_to_be64(pte1));
    papr_entry_unlock_changed(pte, pte0);
}

/**
 * papr_entry_take_out - empty a locked entry
 * @removals: its counter
 *
 * Returns the last second doubleword, whose R says whether walks used it.
 */
static inline uint64_t papr_entry_take_out(uint64_t *pte, size_t *removals)
{
    uint64_t pte1;

    qatomic_set(&pte[0], cpu_to_be64(HPTE0_LOCK));
    /* invalid, counted, then empty: see the file's head */
    qatomic_inc(removals);
    smp_mb__after_rmw();
    pte1 = be64_to_cpu(qatomic_xchg(&pte[1], 0));
    papr_entry_unlock_changed(pte, 0);
    return pte1;
}

/**
 * papr_entry_change - replace a locked entry's second doubleword by @change
 *
 * With a walk that sets R or C at the same moment the exchange is done again,
 * so that none of them is lost and R says for sure whether to flush.  Returns
 * the old one.
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
        /* published last, so read first */
        smp_rmb();
        pair[1] = papr_entry_load(pte, 1);
        /* counted before it is emptied, so read after that */
        smp_rmb();
        after = qatomic_load_acquire(removals);
    } while (after != before);
}

/**
 * papr_entry_note - a walk uses the entry: set @bits (R, C)
 * @pte1: the second doubleword that it has read
 *
 * Returns false, and sets nothing, if it differs in more than R and C by now.
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
 * @pair: as the walk has read it
 * @bits: that it has set
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

/** papr_clears_end: what it cleared R of is in no TLB any more */
static inline void papr_clears_end(uint32_t *clears)
{
    qatomic_dec(clears);
}

/** papr_clears_others: is R clear because others than the caller cleared it? */
static inline bool papr_clears_others(const uint32_t *clears, bool counted)
{
    return qatomic_read(clears) > (counted ? 1 : 0);
}

#endif
