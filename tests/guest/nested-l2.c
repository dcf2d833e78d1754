/*
 * Guests of the guest (nested guests): memory and tree of an L2, and what tests
 * of several vCPUs do with either set of hypercalls
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nested.h"

static struct {
    uint64_t root[1 << ROOT_BITS];
    uint64_t gigabytes[512];
    uint64_t megabytes[512];
    uint64_t small[512];
} tree __attribute__((aligned(65536)));
volatile uint64_t pages[N_PAGES][PAGE / 8] __attribute__((aligned(PAGE)));

void flush_stores(void)
{
    asm volatile("ptesync; isync" : : : "memory");
}

volatile uint64_t *l2_memory(uint64_t at)
{
    return (volatile uint64_t *)(L2_MEMORY + at);
}

/* Code at each vector of the L2: its address to r3, then exit by sc 1 */
static void put_l2_vectors(void)
{
    for (uint64_t at = 0x100; at < 0x1000; at += 0x20) {
        *l2_memory(at) = (0x38600000ull | at) << 32 | 0x44000022;
    }
}

uint64_t l2_address(const uint32_t *code)
{
    return L2_CODE + 4 * (code - l2_code);
}

void map_page(unsigned i, uint64_t leaf, unsigned page)
{
    tree.small[i] = leaf | (uint64_t)pages[page];
    flush_stores();
}

void unmap_page(unsigned i)
{
    tree.small[i] = 0;
    flush_stores();
}

uint64_t l2_tree(void)
{
    return (uint64_t)tree.root;
}

void spoil_tree(uint64_t *seed)
{
    uint64_t what = random_next(seed);

    tree.megabytes[2 + what % 8] = random_next(seed);
    tree.small[16 + what % 16] = random_next(seed);
}

void make_l2(void)
{
    for (unsigned i = 0; i < N_PAGES; i++) {
        pages[i][0] = i;
    }
    for (long i = 0; i < l2_code_end - l2_code; i++) {
        ((volatile uint32_t *)l2_memory(L2_CODE))[i] = l2_code[i];
    }
    put_l2_vectors();
    tree.root[0] = ENTRY | (uint64_t)tree.gigabytes | NODE_BITS;
    tree.gigabytes[0] = ENTRY | (uint64_t)tree.megabytes | NODE_BITS;
    tree.megabytes[0] = LEAF | L2_MEMORY;
    tree.megabytes[1] = ENTRY | (uint64_t)tree.small | NODE_BITS;
    for (uint64_t at = L2_MEMORY; at < L2_MEMORY + L2_PAGES; at += 128) {
        asm volatile("dcbst 0,%0; sync; icbi 0,%0" : : "r"(at) : "memory");
    }
    flush_stores();
}

/* ---- a partition that has L2s ---- */

/* L1 runs in real mode, but it is a radix partition that may have L2s */
void begin_radix(void)
{
    static uint64_t processes[PAGE / 8] __attribute__((aligned(PAGE)));
    long rc;

    expect(negotiate(false, true), true);
    do {
        rc = hcall(H_REGISTER_PROCESS_TABLE, RADIX_TABLE, (uint64_t)processes,
                   0, 0);
    } while (rc == H_LONG_BUSY_10_MS);  /* after a reboot */
    expect(rc, H_SUCCESS);
    make_l2();
}

void random_fill(uint64_t *words, unsigned n, uint64_t *seed)
{
    for (unsigned i = 0; i < n; i++) {
        uint64_t kind = random_next(seed) % 4;

        words[i] = kind == 0 ? 0 : kind == 1 ? -1ull :
                   kind == 2 ? 1ull << random_next(seed) % 64
                             : random_next(seed);
    }
}

/* ---- a process of the L2's ---- */

void make_process(uint64_t leaf)
{
    volatile uint64_t *node = l2_memory(PROCESS_NODES);

    for (uint64_t at = PROCESS_TABLE; at < L2_PAGES / 2; at += 8) {
        *l2_memory(at) = 0;
    }
    *l2_memory(PROCESS_TABLE + 16 * PROCESS_PID) = TREE_52_BITS | PROCESS_ROOT |
                                                   ROOT_BITS;
    *l2_memory(PROCESS_ROOT) = ENTRY | PROCESS_NODES | NODE_BITS;
    node[0] = ENTRY | (PROCESS_NODES + PAGE) | NODE_BITS;
    node[512] = ENTRY | (PROCESS_NODES + 2 * PAGE) | NODE_BITS;
    node[1024 + 16] = leaf | L2_DATA;
    node[1024 + 17] = leaf | L2_PAGES;
    node[1024 + 20] = leaf | L2_CODE;
    flush_stores();
}

uint64_t last_branch(void)
{
    uint64_t entry;

    /* this MMCR0: the buffer can be read, and nothing is recorded */
    asm volatile(".machine push; .machine power8; mtspr 795, %1; "
                 "mfbhrbe %0, 0; .machine pop"
                 : "=r"(entry) : "r"(MMCR0_BRANCHES));
    return entry;
}

/* QEMU's POWER9 has no such buffer */
uint64_t own_branch(void)
{
    uint64_t pvr;

    asm volatile("mfpvr %0" : "=r"(pvr));
    return pvr >> 16 == 0x4e ? 0 : PROCESS_CODE + l2_address(l2_branches) -
                                   L2_CODE + 4 * 2;
}

/* ---- L2s that wait ---- */

uint64_t wait_place(unsigned id)
{
    return L2_DATA + 16 * id;
}

bool waits(unsigned id)
{
    return l2_memory(wait_place(id))[1] == WAIT_VALUE;
}

void until_waits(unsigned id)
{
    while (!waits(id)) {
        relax();
    }
}

void end_wait(unsigned id)
{
    *l2_memory(wait_place(id)) = WAIT_VALUE;
}

void until_stopped(unsigned id)
{
    while (cpus[id].running) {
        relax();
    }
    wait_stopped(id);
}

/* ---- translations that become stale ---- */

#define ROUNDS 30

static const struct l2_flush *flush_how;
static volatile uint64_t over, ready;

static void copy_in_l2(struct cpu *cpu)
{
    flush_how->set(cpu->id);
    atomic_add(&ready, 1);
    while (!over) {
        flush_how->run(cpu->id);
    }
}

static void remap_for_l2(void)
{
    while (ready != CPUS - 1) {
        relax();
    }
    for (unsigned round = 1; round <= ROUNDS; round++) {
        unsigned page = round % N_PAGES;

        map_page(1, LEAF, page);
        flush_how->invalidate(round);
        for (unsigned id = 1; id < CPUS; id++) {
            volatile uint64_t *copy = l2_memory(L2_DATA + 16 * id);
            uint64_t count = copy[1];

            /* what it had loaded before may be stored once more */
            while (copy[1] - count < 2) {
                relax();
            }
            full_barrier();
            expect(copy[0], page);
        }
    }
    over = 1;
}

static void flush_role(struct cpu *cpu)
{
    if (cpu->id) {
        copy_in_l2(cpu);
    } else {
        remap_for_l2();
    }
}

void remap_while_l2s_run(const struct l2_flush *how)
{
    flush_how = how;
    map_page(1, LEAF, 0);
    run_everywhere(flush_role);
}

/* ---- a reset, and a stream ---- */

#define BOOTS_MAGIC 0x6e65737465640000ull

/* A reset changes no memory, but firmware loads the payload again */
static volatile uint64_t *const boots = (uint64_t *)0x4000000;

bool boots_are_over(void)
{
    if (*boots >> 16 != BOOTS_MAGIC >> 16) {
        *boots = BOOTS_MAGIC;
    }
    return ++*boots - BOOTS_MAGIC > command_number(20);
}

void reboot_out_of_l2s(void (*stay)(struct cpu *))
{
    uint32_t status;

    for (unsigned id = 1; id < CPUS; id++) {
        expect(start_cpu(id, stay, NULL), true);
    }
    for (unsigned id = 1; id < CPUS; id++) {
        until_waits(id);
        l2_memory(wait_place(id))[1] = 0;
    }
    rtas(RTAS_SYSTEM_REBOOT, 0, NULL, 1, &status);
    for (;;) {
        relax();
    }
}

void until_restored(void)
{
    uint64_t out[3] = { 0 };

    print("READY\n");
    while (!out[0]) {
        expect(hcall_out(out, 3, H_GET_TERM_CHAR, 0, 0, 0, 0), H_SUCCESS);
    }
}
