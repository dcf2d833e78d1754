/*
 * Radix translation: the translations of a process are those of its tree, after
 * a change of the process and after each kind of flush
 *
 * The trees have the payload one to one, in pages of 2 MiB; pages whose mapping
 * changes are above 1 GiB.  Quadrant 3 is the tree of process 0.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests.h"

#define PROCESSES       3
#define SPRN_PID        48
#define MODE_GTSE       0x01            /* of H_REGISTER_PROCESS_TABLE */
#define MODE_RADIX      0x04
#define CONTROL_NEW     0x18
#define TREE_52_BITS    (1ull << 62 | 5ull << 5)
#define ROOT_BITS       13
#define NODE_BITS       9
#define LARGE_BITS      5               /* of the last node, for 64 KiB */
#define ENTRY           (1ull << 63)
#define LEAF            (3ull << 62 | 0x187)    /* R, C, may all, not cached */
#define LARGE_PAGE      0x10000ull
#define HUGE_PAGE       0x200000ull
#define SMALL_PAGES     (1ull << 30)            /* pages of changing mapping */
#define LARGE_PAGES     (SMALL_PAGES + HUGE_PAGE)
#define HUGE_PAGES      (SMALL_PAGES + 2 * HUGE_PAGE)
#define HUGE_MEMORY     0x2000000ull            /* two; not the payload's */
#define HUGE_PARTS      8
#define KERNEL          0xc000000000000000ull
#define N_SMALL         96
#define N_PAGES         256

struct tree {
    uint64_t root[1 << ROOT_BITS];
    uint64_t gigabytes[512];
    uint64_t payload[512];
    uint64_t pages[512];
    uint64_t small[512];
    uint64_t large[512];                /* 32 of them */
} __attribute__((aligned(65536)));

static struct tree trees[PROCESSES];
static uint64_t process_table[PAGE / 8] __attribute__((aligned(PAGE)));
/* each has its number, and code to store it and trap */
static uint64_t pages[N_PAGES][PAGE / 8] __attribute__((aligned(65536)));

static volatile uint64_t asked, seen, shown;

static void flush_stores(void)
{
    asm volatile("ptesync; isync" : : : "memory");
}

/* RIC, PRS and R of tlbie and tlbiel are constants */
#define INVALIDATE(insn, rb, rs, ric)                                       \
    asm volatile(".machine push; .machine power9; ptesync; "                \
                 insn " %0, %1, " #ric ", 1, 1; ptesync; .machine pop"      \
                 : : "r"(rb), "r"(rs) : "memory")

#define IS_PID          (1ull << 10)
#define AP_4K           0ull
#define AP_64K          (5ull << 5)
#define AP_2M           (1ull << 5)

/* Flush by H_RPT_INVALIDATE, not by tlbie */
static bool by_call;

static void call_flush(uint64_t pid, bool everywhere, uint64_t start,
                       uint64_t end)
{
    uint64_t regs[10] = {
        H_RPT_INVALIDATE, pid, everywhere ? 1 : 2, 2, -1ull, start, end,
    };

    flush_stores();
    expect(hypercall(regs), H_SUCCESS);
}

static void flush_process(uint64_t pid, bool everywhere)
{
    if (by_call) {
        call_flush(pid, everywhere, 0, -1ull);
    } else if (everywhere) {
        INVALIDATE("tlbie", IS_PID, pid << 32, 0);
    } else {
        INVALIDATE("tlbiel", IS_PID, pid << 32, 0);
    }
}

static void flush_page(uint64_t pid, uint64_t at, uint64_t size,
                       bool everywhere)
{
    uint64_t rb = at | (size == PAGE ? AP_4K :
                        size == LARGE_PAGE ? AP_64K : AP_2M);

    if (by_call) {
        call_flush(pid, everywhere, at, at + size);
    } else if (everywhere) {
        INVALIDATE("tlbie", rb, pid << 32, 0);
    } else {
        INVALIDATE("tlbiel", rb, pid << 32, 0);
    }
}

static void set_process(uint64_t pid)
{
    asm volatile("mtspr %0, %1; isync" : : "i"(SPRN_PID), "r"(pid) : "memory");
}

static void map_small(unsigned pid, unsigned i, unsigned page)
{
    trees[pid].small[i] = LEAF | (uint64_t)pages[page];
    flush_stores();
}

static void map_large(unsigned pid, unsigned i, unsigned page)
{
    trees[pid].large[i] = LEAF | (uint64_t)pages[page];
    flush_stores();
}

static uint64_t at_small(unsigned i)
{
    return SMALL_PAGES + i * PAGE;
}

static uint64_t at_large(unsigned i)
{
    return LARGE_PAGES + i * LARGE_PAGE;
}

static uint64_t read_at(uint64_t at)
{
    return load_guarded((const volatile uint64_t *)at);
}

static void make_trees(void)
{
    for (unsigned i = 0; i < N_PAGES; i++) {
        pages[i][0] = i;
        pages[i][1] = 0x38600000f8650000ull | (uint64_t)i << 32;
        pages[i][2] = 0x7fe00008ull << 32;
    }
    for (unsigned pid = 0; pid < PROCESSES; pid++) {
        struct tree *tree = &trees[pid];

        tree->root[0] = ENTRY | (uint64_t)tree->gigabytes | NODE_BITS;
        tree->gigabytes[0] = ENTRY | (uint64_t)tree->payload | NODE_BITS;
        tree->gigabytes[1] = ENTRY | (uint64_t)tree->pages | NODE_BITS;
        tree->pages[0] = ENTRY | (uint64_t)tree->small | NODE_BITS;
        tree->pages[1] = ENTRY | (uint64_t)tree->large | LARGE_BITS;
        tree->pages[2] = LEAF | HUGE_MEMORY;
        for (uint64_t i = 0; i < 16; i++) {
            tree->payload[i] = LEAF | i * HUGE_PAGE;
        }
        for (unsigned i = 0; i < N_SMALL; i++) {
            tree->small[i] = LEAF | (uint64_t)pages[i + 64 * pid];
        }
        process_table[2 * pid] = TREE_52_BITS | (uint64_t)tree->root |
                                 ROOT_BITS;
    }
    for (uint64_t i = 0; i < 2 * HUGE_PARTS; i++) {
        *(volatile uint64_t *)(HUGE_MEMORY + i * HUGE_PAGE / HUGE_PARTS) = i;
    }
    flush_stores();
    expect(hcall(H_REGISTER_PROCESS_TABLE,
                 CONTROL_NEW | MODE_RADIX | (by_call ? 0 : MODE_GTSE),
                 (uint64_t)process_table, 0, 0), H_SUCCESS);
}

/* Each process has its own pages, few or many of them */
static void change_processes(void)
{
    for (unsigned round = 0; round < 300; round++) {
        unsigned pid = 1 + round % 2;

        set_process(pid);
        for (unsigned i = 0; i < (round & 2 ? N_SMALL : 5); i++) {
            expect(read_at(at_small(i)), i + 64 * pid);
        }
        if (!(round & 2)) {
            expect(read_at(KERNEL + at_small(round % N_SMALL)),
                   round % N_SMALL);
        }
    }
}

/* A changed translation is used after its flush */
static void flush_small(void)
{
    for (unsigned round = 0; round < 200; round++) {
        unsigned pid = 1 + round % 2, i = round % 5, page = round % N_PAGES;
        bool everywhere = round & 4;

        set_process(pid);
        read_at(at_small(i));
        map_small(pid, i, page);
        if (round & 2) {
            flush_process(pid, everywhere);
        } else {
            flush_page(pid, at_small(i), PAGE, everywhere);
        }
        expect(read_at(at_small(i)), page);
        /* a flush of the other process does not change it */
        flush_process(3 - pid, everywhere);
        expect(read_at(at_small(i)), page);
    }
}

static void flush_large(void)
{
    for (unsigned round = 0; round < 60; round++) {
        unsigned page = round % (N_PAGES / 16) * 16, i = round % 3;
        bool everywhere = round & 1;

        set_process(1);
        for (unsigned part = 0; part < 16; part++) {
            read_at(at_large(i) + part * PAGE);
        }
        map_large(1, i, page);
        if (round & 2) {
            flush_process(1, everywhere);
        } else {
            flush_page(1, at_large(i), LARGE_PAGE, everywhere);
        }
        for (unsigned part = 0; part < 16; part++) {
            expect(read_at(at_large(i) + part * PAGE), page + part);
        }
    }
}

static void flush_huge(void)
{
    set_process(1);
    for (unsigned round = 0; round < 8; round++) {
        uint64_t which = round & 1;

        for (unsigned part = 0; part < HUGE_PARTS; part++) {
            read_at(HUGE_PAGES + part * (HUGE_PAGE / HUGE_PARTS));
        }
        trees[1].pages[2] = LEAF | (HUGE_MEMORY + which * HUGE_PAGE);
        flush_stores();
        flush_page(1, HUGE_PAGES, HUGE_PAGE, round & 2);
        for (unsigned part = 0; part < HUGE_PARTS; part++) {
            expect(read_at(HUGE_PAGES + part * (HUGE_PAGE / HUGE_PARTS)),
                   which * HUGE_PARTS + part);
        }
    }
}

/* The kernel's translations stay, whatever the process, until their flush */
static void flush_kernel(void)
{
    for (unsigned round = 0; round < 100; round++) {
        unsigned page = round % N_PAGES;

        set_process(1 + round % 2);
        read_at(KERNEL + at_small(7));
        map_small(0, 7, page);
        flush_process(0, round & 2);
        expect(read_at(KERNEL + at_small(7)), page);
    }
    map_small(0, 7, 7);
    flush_process(0, true);
}

/* Problem state's translations are dropped with those of the process, too */
static void change_users(uint64_t msr)
{
    static const uint32_t code[] = {
        0xe8660000,                     /* ld r3,0(r6) */
        0xf8650000,                     /* std r3,0(r5) */
        0x7fe00008,                     /* trap */
    };
    volatile uint64_t value;

    for (unsigned round = 0; round < 200; round++) {
        unsigned pid = 1 + round % 2, i = 20 + round % 7;

        set_process(pid);
        enter_at((uint64_t)code, msr | MSR_PR, (uint64_t *)&value,
                 at_small(i), 0);
        expect(value, i + 64 * pid);
        /* code of the process, at the same address in both */
        enter_at(at_small(i) + 8, msr | MSR_PR, (uint64_t *)&value, 0, 0);
        expect(value, i + 64 * pid);
    }
    set_process(1);
    for (unsigned page = 0; page < N_PAGES; page++) {
        map_small(1, 30, page);
        if (page & 1) {
            flush_process(1, page & 2);
        } else {
            flush_page(1, at_small(30), PAGE, page & 2);
        }
        enter_at((uint64_t)code, msr | MSR_PR, (uint64_t *)&value,
                 at_small(30), 0);
        expect(value, page);
    }
}

void test_radix_process(void)
{
    uint64_t real = get_msr();

    expect(negotiate(false, true), true);
    make_trees();
    set_process(1);
    set_msr(real | MSR_DR);
    change_processes();
    flush_small();
    flush_large();
    flush_huge();
    flush_kernel();
    for (unsigned i = 0; i < N_SMALL; i++) {
        map_small(1, i, i + 64);
        map_small(2, i, i + 128);
    }
    flush_process(1, true);
    flush_process(2, true);
    put_leave_handlers();
    change_users(real);
    set_msr(real);
}

/*
 * Each reader reads without a pause.  A read that began after the flush had
 * ended gives the new page's number; shown tells that it has ended.
 */
#define ROUNDS 100

static void read_everywhere(struct cpu *cpu)
{
    set_process(1);
    set_msr(get_msr() | MSR_DR);
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        bool ended;

        while (asked != round) {
            relax();
        }
        do {
            uint64_t value;

            ended = shown == round;
            full_barrier();
            value = read_at(at_small(1));
            if (ended && value != round) {
                set_msr(get_msr() & ~MSR_DR);
                print("FAIL vCPU %d reads page %d after the flush for %d\n",
                      (uint64_t)cpu->id, value, round);
                power_off();
            }
        } while (!ended);
        atomic_add(&seen, 1);
    }
    set_msr(get_msr() & ~MSR_DR);
}

static void change_everywhere(struct cpu *cpu)
{
    set_process(1);
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        full_barrier();
        asked = round;
        for (int i = 0; i < 200; i++) {
            relax();
        }
        map_small(1, 1, round);
        if (round & 1) {
            flush_process(1, true);
        } else {
            flush_page(1, at_small(1), PAGE, true);
        }
        full_barrier();
        shown = round;
        while (seen != round * (CPUS - 1)) {
            relax();
        }
    }
}

static void flush_role(struct cpu *cpu)
{
    if (cpu->id) {
        read_everywhere(cpu);
    } else {
        change_everywhere(cpu);
    }
}

void test_radix_flush(void)
{
    expect(negotiate(false, true), true);
    make_trees();
    run_everywhere(flush_role);
}

/*
 * A vCPU that sleeps while translations that it has used are flushed finds the
 * new ones when it wakes up.
 */
#define SLEEPS 300

enum { FLUSH_KERNEL, FLUSH_PROCESS, FLUSH_LARGE_PAGE, FLUSHES };

static uint64_t flushed_address(unsigned kind)
{
    switch (kind) {
    case FLUSH_KERNEL:
        return KERNEL + at_small(1);
    case FLUSH_PROCESS:
        return at_small(1);
    default:
        return at_large(1);
    }
}

static void sleep_everywhere(struct cpu *cpu)
{
    set_process(1);
    set_msr(get_msr() | MSR_DR);
    for (uint64_t round = 1; round <= SLEEPS; round++) {
        unsigned kind = round % FLUSHES;
        uint64_t page;

        read_at(flushed_address(kind));
        atomic_add(&seen, 1);
        while (shown < round) {
            hcall(H_CEDE, 0, 0, 0, 0);
        }
        full_barrier();
        page = read_at(flushed_address(kind));
        if (page != round % 15 * 16) {
            set_msr(get_msr() & ~MSR_DR);
            print("FAIL vCPU %d woke up to page %d, not %d, by flush %d\n",
                  (uint64_t)cpu->id, page, round % 15 * 16, (uint64_t)kind);
            power_off();
        }
    }
    set_msr(get_msr() & ~MSR_DR);
}

static void change_and_wake(struct cpu *cpu)
{
    for (uint64_t round = 1; round <= SLEEPS; round++) {
        unsigned kind = round % FLUSHES, page = round % 15 * 16;

        while (seen != round * (CPUS - 1)) {
            relax();
        }
        /* in some rounds they sleep by now, in others they are about to */
        for (uint64_t i = 0; i < round % 16 * 100; i++) {
            relax();
        }
        if (kind == FLUSH_LARGE_PAGE) {
            map_large(1, 1, page);
            flush_page(1, at_large(1), LARGE_PAGE, true);
        } else {
            map_small(kind == FLUSH_PROCESS, 1, page);
            flush_process(kind == FLUSH_PROCESS, true);
        }
        full_barrier();
        shown = round;
        for (unsigned id = 1; id < CPUS; id++) {
            expect(hcall(H_PROD, id, 0, 0, 0), H_SUCCESS);
        }
    }
}

static void sleep_role(struct cpu *cpu)
{
    if (cpu->id) {
        sleep_everywhere(cpu);
    } else {
        change_and_wake(cpu);
    }
}

void test_radix_sleep(void)
{
    expect(negotiate(false, true), true);
    make_trees();
    run_everywhere(sleep_role);
}

/* Tests where the partition does not flush by itself (no GTSE) */
void test_radix_process_call(void)
{
    by_call = true;
    test_radix_process();
}

void test_radix_flush_call(void)
{
    by_call = true;
    test_radix_flush();
}

void test_radix_sleep_call(void)
{
    by_call = true;
    test_radix_sleep();
}
