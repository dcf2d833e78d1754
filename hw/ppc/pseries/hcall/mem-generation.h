/*
 * pSeries platform: is a cached address of guest memory still valid?
 *
 * guest-mem.c caches the host address of an address of the guest, without a
 * reference, so that memory can be unplugged at any time.  The view of memory
 * (FlatView) changes with the BQL held; its generation is odd from before the
 * first step of a change until after the last one, and is odd at first.
 *
 * Two threads: the reader looks up an address, in an RCU read section; the
 * writer (BQL) replaces the view.  A host address that was looked up while the
 * generation was even may be used in any RCU read section that reads the same
 * generation:
 *
 *  1. The reader reads the generation before it reads the view; the writer
 *     stores the generation after the view (barriers on both sides).  So a
 *     reader of generation N has the view of N, or the one after it.
 *  2. The writer gives either of these views to call_rcu() only after it has
 *     stored a later generation than N, with a full barrier between.
 *  3. A section that reads N loaded it before the later generation was stored,
 *     so it began before call_rcu(), which waits for it.
 *
 * A host address that was looked up while the generation was odd is used at
 * once, in the read section of the look-up, and not cached: a section that
 * begins after the grace period may read the same odd number.
 *
 * Pure; used by guest-mem.c, tested by test-mem-generation.c in all orders.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_HCALL_MEM_GENERATION_H
#define HW_PPC_PSERIES_HCALL_MEM_GENERATION_H

#include "qemu/atomic.h"

/* Before the listener is registered: odd, so nothing is cached */
#define PAPR_GENERATION_FIRST 1

/* The generation of an empty cache: no reader reads it */
#define PAPR_GENERATION_NONE 0

/** papr_generation_begin: the view is about to change; BQL */
static inline void papr_generation_begin(uint64_t *generation)
{
    qatomic_set_u64(generation, qatomic_read_u64(generation) | 1);
}

/** papr_generation_end: the view has changed, the old one is not freed; BQL */
static inline void papr_generation_end(uint64_t *generation)
{
    smp_wmb();                          /* after the view: smp_rmb() below */
    qatomic_set_u64(generation, qatomic_read_u64(generation) + 1);
}

/** papr_generation_read: any thread, in an RCU read section */
static inline uint64_t papr_generation_read(const uint64_t *generation)
{
    uint64_t now = qatomic_read_u64(generation);

    smp_rmb();                          /* before the view: smp_wmb() above */
    return now;
}

/** papr_generation_kept: to be cached with an address looked up in @read */
static inline uint64_t papr_generation_kept(uint64_t read)
{
    return read & 1 ? PAPR_GENERATION_NONE : read;
}

#endif
