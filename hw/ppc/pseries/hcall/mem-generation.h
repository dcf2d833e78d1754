/*
 * pSeries platform: is a cached address of guest memory still valid?
 *
 * guest-mem.c remembers where in the host an address of the guest is, without
 * a reference, so that memory can be unplugged at any time.  The view of
 * memory (FlatView) changes with the BQL held; its generation is odd from
 * before the first step of a change until after its last one, and starts odd.
 *
 * What was looked up while the generation was even may be used in any RCU read
 * section that reads the same generation:
 *
 *  1. The generation is read before the view is looked at, and set after the
 *     view was (barriers on both sides): with generation N goes the view of N,
 *     or the one after it.
 *  2. Either of these is given to call_rcu() after a later generation than N
 *     was set, with a full barrier between.
 *  3. A read section that reads N after that one was set can't be: it began
 *     before, as its load comes before the store.  So call_rcu() waits for it.
 *
 * What was looked up while the generation was odd is used at once, in the read
 * section of the look-up, and not remembered: the same odd number may be read
 * in a section that begins after the grace period.
 *
 * Pure; used by guest-mem.c, tested by test-mem-generation.c in all orders.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_HCALL_MEM_GENERATION_H
#define HW_PPC_PSERIES_HCALL_MEM_GENERATION_H

#include "qemu/atomic.h"

/* As it starts: nothing tells of changes yet */
#define PAPR_GENERATION_FIRST 1

/* What nothing remembered has */
#define PAPR_GENERATION_NONE 0

/** papr_generation_begin: the view is about to change; BQL */
static inline void papr_generation_begin(uint64_t *generation)
{
    qatomic_set_u64(generation, qatomic_read_u64(generation) | 1);
}

/** papr_generation_end: it has changed, and no old one was freed yet; BQL */
static inline void papr_generation_end(uint64_t *generation)
{
    smp_wmb();                          /* the view before: smp_rmb() below */
    qatomic_set_u64(generation, qatomic_read_u64(generation) + 1);
}

/** papr_generation_read: any thread, in an RCU read section */
static inline uint64_t papr_generation_read(const uint64_t *generation)
{
    uint64_t now = qatomic_read_u64(generation);

    smp_rmb();                          /* the view after: smp_wmb() above */
    return now;
}

/** papr_generation_kept: to be remembered with what was found in @read */
static inline uint64_t papr_generation_kept(uint64_t read)
{
    return read & 1 ? PAPR_GENERATION_NONE : read;
}

#endif
