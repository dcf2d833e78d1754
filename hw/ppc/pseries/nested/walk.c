/*
 * Nested guests: which memory of L1's an address of an L2's is
 *
 * Pure: memory is read by a callback.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "walk.h"

#define TREE_BITS       52              /* the one size that processors have */
#define LEVELS          4

/* The root: a partition table's first doubleword, or a process table's */
#define ROOT_ADDR       0x0fffffffffffff00ull
#define ROOT_WIDTH      0x1full

/* An entry: a leaf maps a page, any other has the next level's table */
#define ENTRY_VALID     (1ull << 63)
#define ENTRY_LEAF      (1ull << 62)
#define ENTRY_PAGE      0x01fffffffffff000ull
#define ENTRY_REFERENCED 0x100
#define ENTRY_CHANGED   0x080
#define ENTRY_READ      0x004
#define ENTRY_WRITE     0x002

/* The second doubleword of the partition table's entry: the process table */
#define PROCESSES_ADDR  0x0ffffffffffff000ull
#define PROCESSES_SIZE  0x1full
#define PROCESS_ENTRY   16

static unsigned tree_bits(uint64_t root)
{
    return 31 + ((root >> 58 & 0x18) | (root >> 5 & 7));
}

/* Bits of the address that index a table of that level, as POWER9 has them */
static bool width_ok(unsigned level, unsigned width)
{
    switch (level) {
    case 0:
        return width == 13;
    case 1:
    case 2:
        return width == 9;
    default:
        return width == 9 || width == 5;
    }
}

static bool allows(uint64_t leaf, bool store)
{
    uint64_t needed = store ? ENTRY_WRITE | ENTRY_REFERENCED | ENTRY_CHANGED
                            : ENTRY_REFERENCED;

    /* an entry that allows to write allows to read */
    return (leaf & needed) == needed && (leaf & (ENTRY_READ | ENTRY_WRITE));
}

/** locate - where an entry of a tree is in L1's memory, for tree_walk() */
typedef bool Locate(const PaprWalk *walk, uint64_t at, uint64_t *addr);

static bool is_there(const PaprWalk *walk, uint64_t at, uint64_t *addr)
{
    *addr = at;
    return true;
}

/*
 * Walk one tree.  Each turn is a level, and there are at most LEVELS of them,
 * even if a table refers to itself.
 */
static bool tree_walk(const PaprWalk *walk, uint64_t root, Locate *locate,
                      bool store, uint64_t at, uint64_t *to, uint64_t *left)
{
    unsigned bits = TREE_BITS;
    uint64_t entry = root;

    if (tree_bits(root) != TREE_BITS || at >> TREE_BITS) {
        return false;
    }
    for (unsigned level = 0; level < LEVELS; level++) {
        unsigned width = entry & ROOT_WIDTH;
        uint64_t table = entry & ROOT_ADDR, index, addr;

        if (!width_ok(level, width)) {
            return false;
        }
        bits -= width;
        table &= ~((8ull << width) - 1);
        index = at >> bits & ((1ull << width) - 1);
        if (!locate(walk, table + 8 * index, &addr) ||
            !walk->read(walk->opaque, addr, &entry) ||
            !(entry & ENTRY_VALID)) {
            return false;
        }
        if (entry & ENTRY_LEAF) {
            uint64_t inside = (1ull << bits) - 1;

            *to = (entry & ENTRY_PAGE & ~inside) | (at & inside);
            *left = inside - (at & inside) + 1;
            return allows(entry, store);
        }
    }
    return false;
}

/* The partition's tree: the L2's real addresses to L1's */
static bool real_to_l1(const PaprWalk *walk, uint64_t real, bool store,
                       uint64_t *addr, uint64_t *left)
{
    return tree_walk(walk, walk->entry[0], is_there, store, real, addr, left);
}

static bool is_in_l2(const PaprWalk *walk, uint64_t at, uint64_t *addr)
{
    uint64_t left;

    return real_to_l1(walk, at, false, addr, &left);
}

static bool process_root(const PaprWalk *walk, uint64_t *root)
{
    uint64_t table = walk->entry[1] & PROCESSES_ADDR;
    uint64_t size = 1ull << (12 + (walk->entry[1] & PROCESSES_SIZE)), addr;

    return !(table & (size - 1)) && walk->pid < size / PROCESS_ENTRY &&
           is_in_l2(walk, table + PROCESS_ENTRY * walk->pid, &addr) &&
           walk->read(walk->opaque, addr, root);
}

bool papr_walk(const PaprWalk *walk, uint64_t eaddr, uint64_t *addr,
               uint64_t *left)
{
    uint64_t root, real, left_of_process, left_of_partition;

    if (!process_root(walk, &root) ||
        !tree_walk(walk, root, is_in_l2, walk->store, eaddr, &real,
                   &left_of_process) ||
        !real_to_l1(walk, real, walk->store, addr, &left_of_partition)) {
        return false;
    }
    *left = MIN(left_of_process, left_of_partition);
    return true;
}
