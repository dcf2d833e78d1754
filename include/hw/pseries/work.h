/*
 * pSeries platform: how much one call does
 *
 * A guest decides how long the loops of many calls are.  Those loops count what
 * they do, in units of about the same cost: an entry or a descriptor looked at,
 * a page translated, a tag of a device tree, 64 bytes copied.  The sum of one
 * stretch, which is what runs without releasing the BQL, has a bound; tests and
 * the fuzzer compare the largest sum with it.  Nothing here measures time.
 *
 * A stretch is a hypercall, an RTAS call, or one run of a bottom half or timer.
 * The code that makes calls for a test begins it (papr_work_begin()); bottom
 * halves of the platform begin their own.
 *
 * Cost: one addition to a variable of the thread, once a loop and not once an
 * entry.  So it is always compiled in.
 *
 * Context: any thread; each has its own sums.  Not in coroutines.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_WORK_H
#define HW_PSERIES_WORK_H

/**
 * PAPR_WORK_MAX: no stretch does more
 *
 * The largest is H_UPDATE_DT of a hostile tree of 2 MiB; a machine whose own
 * tree is larger may do more there, in proportion.  A unit is some ns, so the
 * lock is free again after some ms.
 */
#define PAPR_WORK_MAX (1024 * 1024)

typedef struct PaprWork {
    uint64_t now;                       /* units of the stretch so far */
    uint64_t largest;                   /* of stretches that have ended */
} PaprWork;

extern __thread PaprWork papr_work_sums;

/** papr_work_add: @units have been done */
static inline void papr_work_add(uint64_t units)
{
    papr_work_sums.now += units;
}

/** papr_work_copied: @bytes have been copied or compared */
static inline void papr_work_copied(uint64_t bytes)
{
    papr_work_add(bytes / 64);
}

/** papr_work_begin: the last stretch has ended, another one begins */
static inline void papr_work_begin(void)
{
    if (papr_work_sums.now > papr_work_sums.largest) {
        papr_work_sums.largest = papr_work_sums.now;
    }
    papr_work_sums.now = 0;
}

/**
 * papr_work_take_largest - units of the largest stretch since the last call
 *
 * Ends the stretch.  The sums are of this thread, in a qtest the main loop's.
 */
static inline uint64_t papr_work_take_largest(void)
{
    uint64_t largest;

    papr_work_begin();
    largest = papr_work_sums.largest;
    papr_work_sums.largest = 0;
    return largest;
}

#endif
