/*
 * Nested guests: which memory of L1's an address of an L2's is
 *
 * An L2's effective address goes through two radix trees: that of its process,
 * whose nodes are at real addresses of the L2, and that of its partition, which
 * translates those to real addresses of L1.  target/ppc does so for code that
 * runs; this is for L1's access to an L2 that does not run.  Power ISA 3.0,
 * Book III, 5.7.  Pure; tests/unit/pseries/test-nested-walk.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_NESTED_WALK_H
#define PSERIES_NESTED_WALK_H

/** PaprWalkRead - a big-endian doubleword of L1's memory; false: no RAM */
typedef bool PaprWalkRead(void *opaque, uint64_t addr, uint64_t *value);

/**
 * PaprWalk - which L2, and what for
 * @entry: the partition table's, both doublewords
 * @pid: of the L2's process; 0 for its kernel
 * @store: the access is a store, not a load
 */
typedef struct PaprWalk {
    uint64_t entry[2];
    uint64_t pid;
    bool store;
    PaprWalkRead *read;
    void *opaque;
} PaprWalk;

/** PAPR_WALK_READS: papr_walk() reads as many doublewords at most */
#define PAPR_WALK_READS ((4 + 1) + 4 * (4 + 1) + 4)

/** PAPR_WALK_PAGE: no page is smaller */
#define PAPR_WALK_PAGE 4096

/**
 * papr_walk - where @eaddr is in L1's memory
 * @eaddr: without the quadrant, which @pid stands for
 * @left: gets how many bytes from @addr on are of the same page
 *
 * The access is privileged.  Returns false for trees of an invalid form,
 * entries that forbid the access, and entries that lack the bit "referenced"
 * or, for a store, "changed": a processor would have to set these bits.
 */
bool papr_walk(const PaprWalk *walk, uint64_t eaddr, uint64_t *addr,
               uint64_t *left);

#endif
