/*
 * Guests of the guest (nested guests): what the tests by KVM's own hypercalls
 * (nested-hv.h) and by PAPR's (nested-papr.h) share
 *
 * The payload is the hypervisor (L1).  Memory and tree of its guest (L2), and
 * the code that the L2 runs (nested.S).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GUEST_NESTED_H
#define GUEST_NESTED_H

#include "tests.h"

#define ROOT_BITS       13
#define TREE_52_BITS    (1ull << 62 | 5ull << 5)
#define NODE_BITS       9
#define ENTRY           (1ull << 63)
#define LEAF            (3ull << 62 | 0x187)
#define LEAF_READ_ONLY  (3ull << 62 | 0x184)
#define RADIX_TABLE     0x1d                    /* new, radix, GTSE */
#define L2_MEMORY       0x2000000ull            /* 2 MiB, L2's from 0 on */
#define L2_CODE         0x10000ull
#define L2_DATA         0x20000ull
#define L2_PAGES        0x200000ull             /* of 4 KiB, which tests map */
#define L2_NOWHERE      0x40000000ull
#define N_PAGES         8
#define INTERRUPTIBLE_SPIN 3                    /* instructions before it */

#define EXIT_HDEC       0x980
#define EXIT_HCALL      0xc00
#define EXIT_HDSI       0xe00
#define EXIT_HISI       0xe20
#define EXIT_EMULATE    0xe40
#define EXIT_DOORBELL   0xe80
#define EXIT_EXTERNAL   0xea0
#define EXIT_FACILITY   0xf80

#define MSR_SF          (1ull << 63)
#define DSISR_NOPTE     0x40000000ull
#define DSISR_PROTECTED 0x08000000ull
#define DSISR_STORE     0x02000000ull
#define LPCR_MER        (1ull << 11)
#define DAWRX_MORE(n)   ((uint64_t)(n) << 10)   /* doublewords */
#define DAWRX_READ      (1ull << 5)
#define DAWRX_MAPPED    (1ull << 4)             /* if data is translated */
#define DAWRX_ANY       (1ull << 3)             /* translated or not */
#define DAWRX_KERNEL    (1ull << 1)
#define DAWRX_USER      (1ull << 0)
#define CIABR_KERNEL    2

extern uint32_t l2_code[], l2_code_end[], l2_call[], l2_load[], l2_store[],
                l2_jump[], l2_spin[], l2_invalid[], l2_message[],
                l2_system_call[], l2_interruptible[], l2_decrementer[],
                l2_time[], l2_copy[], l2_wait[], l2_registers[],
                l2_branches[];

extern volatile uint64_t pages[N_PAGES][PAGE / 8];

void flush_stores(void);
volatile uint64_t *l2_memory(uint64_t at);
uint64_t l2_address(const uint32_t *code);

/* Map page @i of L2_PAGES to pages[@page], with the bits of @leaf; unmap it */
void map_page(unsigned i, uint64_t leaf, unsigned page);
void unmap_page(unsigned i);

/* Make the L2's code and tree; the root's address; put random entries there */
void make_l2(void);
uint64_t l2_tree(void);
void spoil_tree(uint64_t *seed);

/* Become a radix partition, which can have L2s, and make_l2() */
void begin_radix(void);

/* A process of the L2's: two pages at PROCESS_PAGES, and its code */
#define PROCESS_PID     3ull
#define PROCESS_TABLE   0x40000ull
#define PROCESS_ROOT    0x50000ull
#define PROCESS_NODES   0x60000ull              /* three, of 4 KiB each */
#define PROCESS_PAGES   0x10000ull
#define PROCESS_CODE    0x14000ull
#define MSR_PROCESS     (MSR_EE | MSR_PR | MSR_IR | MSR_DR)
void make_process(uint64_t leaf);

/*
 * Branch history rolling buffer: l2_branches, in that process, reads the last
 * branch to r6, sets MMCR0 to r4, branches, sets MMCR0 to r5, and reads the
 * last branch to r7, which is to be own_branch()
 */
#define MMCR0_BRANCHES  (1ull << 31 | 1ull << 21 | 1ull << 19)
#define MMCR0_RECORD    (MMCR0_BRANCHES | 1ull << 26)
uint64_t own_branch(void);
uint64_t last_branch(void);             /* of L1's */

/* Fill with random words: zeroes, ones, single bits and anything */
void random_fill(uint64_t *words, unsigned n, uint64_t *seed);

/*
 * An L2 that is set to l2_wait, with r4 wait_place() and r5 WAIT_VALUE, waits
 * there until end_wait()
 */
#define WAIT_VALUE      1
uint64_t wait_place(unsigned id);
bool waits(unsigned id);
void until_waits(unsigned id);
void end_wait(unsigned id);

/* Wait until vCPU @id, which start_cpu() has started, has stopped */
void until_stopped(unsigned id);

/*
 * L2s of vCPUs 1 to CPUS - 1 copy a word of a page that vCPU 0 maps elsewhere:
 * once the old translation is invalidated, they copy the word of the new page
 * @set: have vCPU @id's L2 run l2_copy, from FLUSH_PAGE to L2_DATA + 16 * @id
 * @run: run that L2 for a while
 */
#define FLUSH_PAGE      (L2_PAGES + PAGE)
struct l2_flush {
    void (*set)(unsigned id);
    void (*run)(unsigned id);
    void (*invalidate)(unsigned round);
};
void remap_while_l2s_run(const struct l2_flush *how);

/* Was this the last boot?  Else reset while vCPUs 1 to CPUS - 1 @stay in L2s */
bool boots_are_over(void);
void reboot_out_of_l2s(void (*stay)(struct cpu *));

/* Wait until the machine was saved and loaded elsewhere (pending.py) */
void until_restored(void);

#endif
