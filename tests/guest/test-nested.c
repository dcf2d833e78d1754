/*
 * Guests of the guest (nested guests), by KVM's own hypercalls
 *
 * This payload is the hypervisor (L1), in real mode; what it runs (L2) is code
 * of nested.S, in real mode too, so that its addresses go through the
 * partition's tree alone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nested.h"

#define LPID            7ull
#define TABLE_FIELD     2                       /* 2^(12 + 2) bytes */
#define TABLE_ENTRIES   1024
#define TREE_52_BITS    (1ull << 62 | 5ull << 5)
#define NODE_BITS       9
#define ENTRY           (1ull << 63)
#define HOST_RADIX      (1ull << 63)

struct state {
    uint64_t version;
    uint32_t lpid, token;
    uint64_t lpcr, pcr, amor, dpdes, hfscr, tb_offset, dawr0, dawrx0, ciabr,
             hdec_expiry, purr, spurr, ic, vtb, hdar, hdsisr, heir, asdr, srr0,
             srr1, sprg[4], pidr, cfar, ppr, dawr1, dawrx1;
};

struct regs {
    uint64_t gpr[32], nip, msr, orig_r3, ctr, lr, xer, cr, others[5];
};

_Static_assert(sizeof(struct state) == 0xf8, "version 2");
_Static_assert(sizeof(struct regs) == 0x160, "pt_regs");

static uint64_t table[2 * TABLE_ENTRIES] __attribute__((aligned(0x4000)));
static struct {
    uint64_t root[1 << ROOT_BITS];
    uint64_t gigabytes[512];
    uint64_t megabytes[512];
    uint64_t small[512];
} tree __attribute__((aligned(65536)));
volatile uint64_t pages[N_PAGES][PAGE / 8] __attribute__((aligned(PAGE)));

/* of each vCPU */
static struct state states[CPUS];
static struct regs l2_regs[CPUS];

void flush_stores(void)
{
    asm volatile("ptesync; isync" : : : "memory");
}

static uint64_t table_register(void)
{
    return (uint64_t)table | TABLE_FIELD;
}

volatile uint64_t *l2_memory(uint64_t at)
{
    return (volatile uint64_t *)(L2_MEMORY + at);
}

/* At each vector of the L2: r3 is which, and out */
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
    table[2 * LPID] = HOST_RADIX | TREE_52_BITS | (uint64_t)tree.root |
                      ROOT_BITS;
    table[2 * LPID + 1] = ENTRY;
    for (uint64_t at = L2_MEMORY; at < L2_MEMORY + L2_PAGES; at += 128) {
        asm volatile("dcbst 0,%0; sync; icbi 0,%0" : : "r"(at) : "memory");
    }
    flush_stores();
}

/* vCPU @id's blocks, for an L2 that begins with @code */
static struct regs *set_l2(unsigned id, const uint32_t *code, uint64_t r4,
                           uint64_t r5)
{
    struct regs *regs = &l2_regs[id];
    struct state *state = &states[id];

    *state = (struct state) {
        .version = 2, .lpid = LPID, .token = id, .amor = -1ull,
        .hfscr = -1ull >> 8,
    };
    *regs = (struct regs) {
        .nip = l2_address(code), .msr = MSR_SF | MSR_ME,
    };
    regs->gpr[4] = r4;
    regs->gpr[5] = r5;
    return regs;
}

/* For @ticks at most */
static uint64_t run_for(unsigned id, uint64_t ticks)
{
    states[id].hdec_expiry = timebase() + ticks;
    return hcall(H_ENTER_NESTED, (uint64_t)&states[id], (uint64_t)&l2_regs[id],
                 0, 0);
}

/* However slow this machine is: its time may be over without any progress */
static uint64_t run_l2(unsigned id)
{
    uint64_t exit;

    do {
        exit = run_for(id, TB_HZ);
    } while (exit == EXIT_HDEC);
    return exit;
}

/* ---- each reason to end ---- */

static void exits_by_call(void)
{
    struct regs *regs = set_l2(0, l2_call, 0, 0);
    struct state *state = &states[0];
    uint64_t call[10] = { H_ENTER_NESTED, (uint64_t)state, (uint64_t)regs };

    regs->xer = 0xa0000000;
    state->hdec_expiry = timebase() + 100 * TB_HZ;
    /* all that a hypercall keeps is kept, though the L2 has changed all */
    expect(kept_registers(call), 0);
    for (uint64_t i = 0; i < 32; i++) {
        expect(regs->gpr[i], 0x2000 + i);
    }
    expect(regs->nip, l2_address(l2_load));
    expect(regs->msr & (MSR_SF | MSR_EE | MSR_ME), MSR_SF | MSR_ME);
    expect(regs->lr, 0x2003);
    expect(regs->ctr, 0x2004);
    expect(regs->cr, 0x12345678);
    expect(regs->xer, 0xa0000000);
    for (uint64_t i = 0; i < 4; i++) {
        expect(state->sprg[i], 0x2000 + 20 + i);
    }
    /* again, from where it is: what follows is l2_load */
    *l2_memory(L2_DATA) = 0x1234;
    regs->gpr[4] = L2_DATA;
    expect(run_l2(0), EXIT_HCALL);
    expect(regs->gpr[3], 0x1234);
}

static void exits_by_fault(void)
{
    struct regs *regs = set_l2(0, l2_load, L2_PAGES + 0x10, 0);
    struct state *state = &states[0];

    unmap_page(0);
    expect(run_l2(0), EXIT_HDSI);
    expect(state->hdar, L2_PAGES + 0x10);
    expect(state->asdr & ~0xfffull, L2_PAGES);
    expect(state->hdsisr, DSISR_NOPTE);
    expect(regs->nip, l2_address(l2_load));
    pages[3][2] = 0xabcd;
    map_page(0, LEAF_READ_ONLY, 3);
    expect(run_l2(0), EXIT_HCALL);
    expect(regs->gpr[3], 0xabcd);

    regs->nip = l2_address(l2_store);
    regs->gpr[3] = 0x5555;
    expect(run_l2(0), EXIT_HDSI);
    expect(state->hdsisr, DSISR_PROTECTED | DSISR_STORE);
    expect(pages[3][2], 0xabcd);
    map_page(0, LEAF, 3);
    expect(run_l2(0), EXIT_HCALL);
    expect(pages[3][2], 0x5555);

    regs = set_l2(0, l2_jump, L2_NOWHERE, 0);
    expect(run_l2(0), EXIT_HISI);
    expect(regs->nip, L2_NOWHERE);
    expect(regs->msr & DSISR_NOPTE, DSISR_NOPTE);
    expect(state->asdr & ~0xfffull, L2_NOWHERE);
}

static void exits_by_time(void)
{
    struct regs *regs = set_l2(0, l2_spin, 0, 0);
    uint64_t before = timebase();

    expect(run_for(0, TB_HZ / 1000), EXIT_HDEC);
    expect(timebase() - before >= TB_HZ / 1000, true);
    expect(regs->nip, l2_address(l2_spin));
    /* a time that is over, long ago too */
    expect(run_for(0, 0), EXIT_HDEC);
    expect(run_for(0, -TB_HZ), EXIT_HDEC);
    /* none is pending here: an interrupt would say so */
    interrupts(true);
    interrupts(false);
}

static void exits_by_instruction(void)
{
    struct regs *regs = set_l2(0, l2_invalid, 0, 0);
    struct state *state = &states[0];

    expect(run_l2(0), EXIT_EMULATE);
    expect(state->heir, 4);
    expect(regs->nip, l2_address(l2_invalid));

    set_l2(0, l2_message, 5ull << 27, 0);
    state->hfscr = 0;
    expect(run_l2(0), EXIT_FACILITY);
    expect(state->hfscr >> 56, 10);
}

static void exits_by_interrupt(void)
{
    uint64_t xirr = 0;

    expect(hcall(H_CPPR, 0xff, 0, 0, 0), H_SUCCESS);
    expect(hcall(H_IPI, 0, 5, 0, 0), H_SUCCESS);
    set_l2(0, l2_spin, 0, 0);
    expect(run_l2(0), EXIT_EXTERNAL);
    expect(run_l2(0), EXIT_EXTERNAL);   /* it is there still */
    expect(hcall_out(&xirr, 1, H_XIRR, 0, 0, 0, 0), H_SUCCESS);
    expect(xirr & 0xffffff, 2);
    expect(hcall(H_IPI, 0, 0xff, 0, 0), H_SUCCESS);
    expect(hcall(H_EOI, xirr, 0, 0, 0), H_SUCCESS);
    expect(run_for(0, TB_HZ / 1000), EXIT_HDEC);
    /* L1 wants to know when the L2 can be interrupted */
    set_l2(0, l2_spin, 0, 0);
    states[0].lpcr = LPCR_MER;
    expect(run_for(0, TB_HZ / 1000), EXIT_HDEC);
    set_l2(0, l2_interruptible, 0, 0);
    states[0].lpcr = LPCR_MER;
    expect(run_l2(0), EXIT_EXTERNAL);
    expect(l2_regs[0].msr & MSR_EE, MSR_EE);
    states[0].lpcr = 0;
    expect(run_for(0, TB_HZ / 1000), EXIT_HDEC);
}

/* ---- what is the L2's own ---- */

static void keeps_own_interrupts(void)
{
    struct regs *regs = set_l2(0, l2_system_call, 0, 0);

    expect(run_l2(0), EXIT_HCALL);
    expect(regs->gpr[3], 0xc00);

    regs = set_l2(0, l2_decrementer, 1000, 0);
    expect(run_l2(0), EXIT_HCALL);
    expect(regs->gpr[3], 0x900);
    set_decrementer(0x7fffffff);

    regs = set_l2(0, l2_interruptible, 0, 0);
    states[0].dpdes = 1;
    expect(run_l2(0), EXIT_HCALL);
    expect(regs->gpr[3], 0xa00);
    expect(states[0].dpdes, 0);
    /* one that it has not taken comes back, and is not this partition's */
    set_l2(0, l2_spin, 0, 0);
    states[0].dpdes = 1;
    expect(run_for(0, 1000), EXIT_HDEC);
    expect(states[0].dpdes, 1);
    interrupts(true);
    interrupts(false);
}

static void keeps_own_time(void)
{
    const uint64_t day = TB_HZ * 86400;
    struct regs *regs = set_l2(0, l2_time, 0, 0);
    struct state *state = &states[0];
    uint64_t before = timebase(), after, vtb, purr;

    state->tb_offset = day;
    state->vtb = 3 * day;
    state->purr = 5 * day;
    asm volatile("mfspr %0, 849; mfspr %1, 309" : "=r"(vtb), "=r"(purr));
    expect(run_l2(0), EXIT_HCALL);
    after = timebase();
    expect(regs->gpr[3] - day >= before && regs->gpr[3] - day <= after, true);
    expect(regs->gpr[4] >= 3 * day && regs->gpr[4] < 4 * day, true);
    expect(regs->gpr[5] >= 5 * day && regs->gpr[5] < 6 * day, true);
    expect(state->vtb >= regs->gpr[4] && state->vtb < 4 * day, true);
    expect(state->purr >= regs->gpr[5] && state->purr < 6 * day, true);
    expect(after - before < day, true);
    before = vtb;
    asm volatile("mfspr %0, 849" : "=r"(vtb));
    expect(vtb - before < day, true);
    before = purr;
    asm volatile("mfspr %0, 309" : "=r"(purr));
    expect(purr - before < day, true);
}

/* L1's debug registers are not the L2's, nor the other way round */
static void keeps_own_debug_registers(void)
{
    struct regs *regs = set_l2(0, l2_load, L2_DATA, 0);
    struct state *state = &states[0];

    state->dawr0 = L2_DATA;
    state->dawrx0 = DAWRX_READ | DAWRX_KERNEL;
    expect(run_l2(0), EXIT_HCALL);
    expect(regs->gpr[3], 0x300);
    /* L1 may read that address, which this L2 had one of its own at */
    expect(load_guarded((uint64_t *)L2_DATA), *(uint64_t *)L2_DATA);

    regs = set_l2(0, l2_load, L2_DATA, 0);
    expect(run_l2(0), EXIT_HCALL);
    expect(regs->gpr[3], *l2_memory(L2_DATA));
    set_l2(0, l2_load, L2_DATA, 0);
    state->ciabr = l2_address(l2_load) | CIABR_KERNEL;
    expect(run_l2(0), EXIT_HCALL);
    expect(regs->gpr[3], 0xd00);
}

/* ---- its memory, for L1 ---- */

/* A process of the L2's: two pages at PROCESS_PAGES, apart in its memory */
#define PROCESS_PID     3ull
#define PROCESS_TABLE   0x40000ull
#define PROCESS_ROOT    0x50000ull
#define PROCESS_NODES   0x60000ull              /* three, of 4 KiB each */
#define PROCESS_PAGES   0x10000ull
#define QUADRANT_3      (3ull << 62)

static void make_process(uint64_t leaf)
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
    table[2 * LPID + 1] = ENTRY | PROCESS_TABLE;
    flush_stores();
}

static long copy(uint64_t pid, uint64_t eaddr, volatile void *to,
                 const volatile void *from, uint64_t len)
{
    uint64_t args[10] = { H_COPY_TOFROM_GUEST, LPID, pid, eaddr, (uint64_t)to,
                          (uint64_t)from, len };

    return hypercall(args);
}

/* What the L2 reads there itself, with its data translated */
static uint64_t l2_reads(uint64_t eaddr, uint64_t pid)
{
    struct regs *regs = set_l2(0, l2_load, eaddr, 0);

    regs->msr |= MSR_DR;
    states[0].pidr = pid;
    expect(run_l2(0), EXIT_HCALL);
    return regs->gpr[3];
}

static void copies_memory(void)
{
    uint64_t own[4] = { 0, 0, 0x5555, 0 };

    make_process(LEAF);
    map_page(0, LEAF, 3);
    l2_memory(L2_DATA)[511] = 0x1234;
    pages[3][0] = 0xabcd;
    expect(copy(PROCESS_PID, PROCESS_PAGES + PAGE - 8, own, 0, 16), H_SUCCESS);
    expect(own[0], 0x1234);
    expect(own[1], 0xabcd);
    expect(own[2], 0x5555);
    expect(l2_reads(PROCESS_PAGES + PAGE - 8, PROCESS_PID), 0x1234);
    expect(l2_reads(PROCESS_PAGES + PAGE, PROCESS_PID), 0xabcd);
    expect(copy(PROCESS_PID, PROCESS_PAGES, 0, &own[2], 8), H_SUCCESS);
    expect(l2_reads(PROCESS_PAGES, PROCESS_PID), 0x5555);
    /* the kernel's process is 0, and has none of this */
    expect(copy(0, PROCESS_PAGES, own, 0, 8), H_NOT_FOUND);
    expect(copy(PROCESS_PID, PROCESS_PAGES | QUADRANT_3, own, 0, 8),
           H_PARAMETER);
    expect(copy(PROCESS_PID, PROCESS_PAGES + 2 * PAGE - 8, own, 0, 16),
           H_NOT_FOUND);
    expect(copy(PROCESS_PID, PROCESS_PAGES, own, own, 8), H_PARAMETER);
    expect(copy(PROCESS_PID, PROCESS_PAGES, own, 0, 1ull << 40), H_NO_MEM);
    expect(own[0], 0x1234);

    /* what it may not change, or L1 has not mapped so, is not changed */
    make_process(LEAF_READ_ONLY);
    expect(copy(PROCESS_PID, PROCESS_PAGES, 0, own, 8), H_NOT_FOUND);
    expect(copy(PROCESS_PID, PROCESS_PAGES, own, 0, 8), H_SUCCESS);
    expect(own[0], 0x5555);
    make_process(LEAF);
    map_page(0, LEAF_READ_ONLY, 3);
    expect(copy(PROCESS_PID, PROCESS_PAGES + PAGE, 0, own, 8), H_NOT_FOUND);
    expect(copy(PROCESS_PID, PROCESS_PAGES + PAGE, own, 0, 8), H_SUCCESS);
    expect(own[0], 0xabcd);
    unmap_page(0);
    expect(copy(PROCESS_PID, PROCESS_PAGES + PAGE, own, 0, 8), H_NOT_FOUND);
}

/* ---- what is refused ---- */

static long enter(uint64_t state, uint64_t regs)
{
    return hcall(H_ENTER_NESTED, state, regs, 0, 0);
}

static void refuses_tables(void)
{
    uint64_t memory = 1ull << 30;       /* that this machine has */

    expect(hcall(H_SET_PARTITION_TABLE, (uint64_t)table | 5, 0, 0, 0),
           H_PARAMETER);
    expect(hcall(H_SET_PARTITION_TABLE, (uint64_t)table | 31, 0, 0, 0),
           H_PARAMETER);
    expect(hcall(H_SET_PARTITION_TABLE, ((uint64_t)table + 0x1000) | 2, 0, 0,
                 0), H_PARAMETER);
    expect(hcall(H_SET_PARTITION_TABLE, memory, 0, 0, 0), H_PARAMETER);
    expect(hcall(H_SET_PARTITION_TABLE, 0x0ffffffffffff000, 0, 0, 0),
           H_PARAMETER);
    expect(hcall(H_SET_PARTITION_TABLE, memory - 0x1000, 0, 0, 0), H_SUCCESS);
}

static void refuses_blocks(void)
{
    struct state *state = &states[0];
    uint64_t good_state = (uint64_t)state, good_regs = (uint64_t)&l2_regs[0];
    uint64_t memory = 1ull << 30;

    set_l2(0, l2_call, 0, 0);
    expect(hcall(H_SET_PARTITION_TABLE, 0, 0, 0, 0), H_SUCCESS);
    expect(enter(good_state, good_regs), H_NOT_AVAILABLE);
    expect(hcall(H_SET_PARTITION_TABLE, table_register(), 0, 0, 0), H_SUCCESS);

    expect(enter(memory, good_regs), H_PARAMETER);
    expect(enter(memory - 8, good_regs), H_PARAMETER);
    expect(enter(-8ull, good_regs), H_PARAMETER);
    expect(enter(XIVE_TIMA, good_regs), H_PARAMETER);
    expect(enter(good_state, memory - 0x158), H_PARAMETER);
    expect(enter(good_state, -1ull), H_PARAMETER);
    state->version = 0;
    expect(enter(good_state, good_regs), H_PARAMETER);
    state->version = 3;
    expect(enter(good_state, good_regs), H_P2);
    state->version = -1ull;
    expect(enter(good_state, good_regs), H_P2);
    state->version = 2;
    state->lpid = 0;
    expect(enter(good_state, good_regs), H_PARAMETER);
    state->lpid = TABLE_ENTRIES;
    expect(enter(good_state, good_regs), H_PARAMETER);
    state->lpid = -1;
    expect(enter(good_state, good_regs), H_PARAMETER);
    state->lpid = LPID + 1;             /* no entry */
    expect(enter(good_state, good_regs), H_PARAMETER);
}

static void refuses_invalidations(void)
{
    const uint64_t radix = 1ull << 16, process = 1ull << 17;

    expect(hcall(H_TLB_INVALIDATE, radix, LPID, L2_PAGES, 0), H_SUCCESS);
    expect(hcall(H_TLB_INVALIDATE, radix | 2ull << 18, LPID, 2 << 10, 0),
           H_SUCCESS);
    expect(hcall(H_TLB_INVALIDATE, radix | 2ull << 18, 0, 3 << 10, 0),
           H_SUCCESS);
    expect(hcall(H_TLB_INVALIDATE, 0, LPID, L2_PAGES, 0), H_PARAMETER);
    expect(hcall(H_TLB_INVALIDATE, radix | process, LPID, L2_PAGES, 0),
           H_PARAMETER);
    expect(hcall(H_TLB_INVALIDATE, radix | 3ull << 18, LPID, 2 << 10, 0),
           H_PARAMETER);
    expect(hcall(H_TLB_INVALIDATE, radix, LPID, 1 << 10, 0), H_PARAMETER);
    expect(hcall(H_TLB_INVALIDATE, radix | 1ull << 18, LPID, 0, 0),
           H_PARAMETER);
}

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

static void begin(void)
{
    begin_radix();
    expect(hcall(H_SET_PARTITION_TABLE, table_register(), 0, 0, 0), H_SUCCESS);
}

void test_nested(void)
{
    begin();
    refuses_tables();
    refuses_blocks();
    refuses_invalidations();
    exits_by_call();
    exits_by_fault();
    exits_by_time();
    exits_by_instruction();
    exits_by_interrupt();
    keeps_own_interrupts();
    keeps_own_time();
    keeps_own_debug_registers();
    copies_memory();
}

/* In a partition with hash translation, or without the capability */
void test_nested_not(void)
{
    expect(negotiate(false, false), true);
    make_l2();
    set_l2(0, l2_call, 0, 0);
    expect(hcall(H_SET_PARTITION_TABLE, table_register(), 0, 0, 0),
           H_FUNCTION);
    expect(enter((uint64_t)&states[0], (uint64_t)&l2_regs[0]), H_FUNCTION);
    expect(hcall(H_TLB_INVALIDATE, 1ull << 16, LPID, 2 << 10, 0), H_FUNCTION);
}

/* ---- several vCPUs ---- */

#define ROUNDS 30

static volatile uint64_t over, ready;

/*
 * An L2 copies a word of a page, that L1's vCPU 0 maps elsewhere: once the
 * invalidation is made, it copies the new one.
 */
static void copy_in_l2(struct cpu *cpu)
{
    set_l2(cpu->id, l2_copy, L2_PAGES + PAGE, L2_DATA + 16 * cpu->id);
    atomic_add(&ready, 1);
    while (!over) {
        expect(run_for(cpu->id, TB_HZ), EXIT_HDEC);
    }
}

static void remap_for_l2(struct cpu *cpu)
{
    while (ready != CPUS - 1) {
        relax();
    }
    for (unsigned round = 1; round <= ROUNDS; round++) {
        unsigned page = round % N_PAGES;

        map_page(1, LEAF, page);
        expect(hcall(H_TLB_INVALIDATE, 1ull << 16 | (round & 1 ? 2ull << 18 : 0),
                     LPID, round & 1 ? 2 << 10 : L2_PAGES + PAGE, 0), H_SUCCESS);
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
        remap_for_l2(cpu);
    }
}

void test_nested_flush(void)
{
    begin();
    map_page(1, LEAF, 0);
    run_everywhere(flush_role);
}

/* A doorbell of another thread ends the L2, which does not get it */
static uint64_t doorbells(void)
{
    uint64_t dpdes;

    asm volatile("mfspr %0, 176" : "=r"(dpdes));
    return dpdes;
}

static void take_doorbell(struct cpu *cpu)
{
    set_decrementer(0x7fffffff);
    set_l2(cpu->id, l2_interruptible, 0, 0);
    atomic_add(&ready, 1);
    expect(run_l2(cpu->id), EXIT_DOORBELL);
    expect(states[cpu->id].dpdes, 0);
    expect(l2_regs[cpu->id].nip,
           l2_address(l2_interruptible) + 4 * INTERRUPTIBLE_SPIN);
    expect(doorbells(), 2);             /* of thread 1, to be taken */
    ready = 0;
    while (ready != 2) {
        relax();
    }
    /* whatever the L2's MSR[EE] */
    set_l2(cpu->id, l2_spin, 0, 0);
    atomic_add(&ready, 1);
    expect(run_l2(cpu->id), EXIT_DOORBELL);
}

static void send_doorbell(struct cpu *cpu)
{
    const uint64_t to_thread_1 = 5ull << 27 | 1;

    for (int round = 0; round < 2; round++) {
        while (ready != (round ? 3 : 1)) {
            relax();
        }
        for (int i = 0; i < 100000; i++) {
            relax();
        }
        asm volatile(".machine push; .machine power8; msgsndp %0; .machine pop"
                     : : "r"(to_thread_1) : "memory");
        while (!round && ready) {
            relax();
        }
        ready = 2;
    }
}

void test_nested_doorbell(void)
{
    begin();
    /* the next interrupt of this kind would say that it came here */
    expect(start_cpu(1, take_doorbell, NULL), true);
    send_doorbell(&cpus[0]);
    while (cpus[1].running) {
        relax();
    }
    wait_stopped(1);
}

/*
 * A change of the partition's registers reaches a vCPU that is in an L2, and
 * does not change the L2's.
 */
static void wait_in_l2(struct cpu *cpu)
{
    set_l2(cpu->id, l2_wait, L2_DATA, 1);
    atomic_add(&ready, 1);
    expect(run_l2(cpu->id), EXIT_HCALL);
    expect(states[cpu->id].lpcr & (1ull << 25), 0);     /* ILE */
    expect(trap_msr() & MSR_LE, MSR_LE);
}

static void change_endian(struct cpu *cpu)
{
    while (ready != CPUS - 1) {
        relax();
    }
    for (int i = 0; i < 100000; i++) {
        relax();
    }
    put_msr_handler(VEC_TRAP, true);
    /* interrupts are taken little-endian from now on */
    expect(hcall(H_SET_MODE, 1, 4, 0, 0), H_SUCCESS);
    *l2_memory(L2_DATA) = 1;
}

static void endian_role(struct cpu *cpu)
{
    if (cpu->id) {
        wait_in_l2(cpu);
    } else {
        change_endian(cpu);
    }
}

void test_nested_endian(void)
{
    begin();
    *l2_memory(L2_DATA) = 0;
    run_everywhere(endian_role);
}

/*
 * A system reset is for the partition: its handler runs, here one that stores r1,
 * RESET_FLAG, and the L2 goes on.
 */
#define RESET_FLAG 0x60

static void put_reset_handler(void)
{
    static const uint32_t code[] = {
        0x7c3343a6,                     /* mtsprg 3,r1 */
        0x38200000 | RESET_FLAG,        /* li r1,RESET_FLAG */
        0xf8210000,                     /* std r1,0(r1) */
        0x7c3342a6,                     /* mfsprg r1,3 */
        0x4c000024,                     /* rfid */
    };
    volatile uint32_t *to = (volatile uint32_t *)0x100;

    *(volatile uint64_t *)RESET_FLAG = 0;
    for (unsigned i = 0; i < sizeof(code) / sizeof(code[0]); i++) {
        to[i] = code[i];
        asm volatile("dcbst 0,%0; sync; icbi 0,%0; isync"
                     : : "r"(&to[i]) : "memory");
    }
}

static void be_reset(struct cpu *cpu)
{
    struct regs *regs = set_l2(cpu->id, l2_wait, L2_DATA, 1);

    regs->gpr[31] = 31;
    expect(run_l2(cpu->id), EXIT_HCALL);
    expect(regs->gpr[31], 31);
    expect(*(volatile uint64_t *)RESET_FLAG, RESET_FLAG);
}

void test_nested_system_reset(void)
{
    begin();
    put_reset_handler();
    expect(start_cpu(1, be_reset, NULL), true);
    while (*l2_memory(L2_DATA + 8) != 1) {
        relax();
    }
    expect(hcall(H_SIGNAL_SYS_RESET, 1, 0, 0, 0), H_SUCCESS);
    while (*(volatile uint64_t *)RESET_FLAG != RESET_FLAG) {
        relax();
    }
    *l2_memory(L2_DATA) = 1;
    while (cpus[1].running) {
        relax();
    }
    wait_stopped(1);
}

/*
 * The machine is reset while vCPUs are in L2s, and starts as ever: with no table,
 * no watchpoint, and a timebase that is not the L2's.
 */
static volatile uint64_t *const boots = (uint64_t *)0x4000000;
#define BOOTS_MAGIC 0x6e65737465640000ull

static void stay_in_l2(struct cpu *cpu)
{
    struct state *state = &states[cpu->id];

    set_l2(cpu->id, l2_wait, L2_DATA + 16 * cpu->id, 1);
    state->tb_offset = 86400 * TB_HZ;
    state->dawr0 = 0x4000000;
    state->dawrx0 = DAWRX_READ | DAWRX_KERNEL;
    state->dpdes = 1;
    run_for(cpu->id, 3600 * TB_HZ);
    expect(0, 1);                       /* never ends */
}

void test_nested_reboot(void)
{
    uint32_t status;

    if (*boots >> 16 != BOOTS_MAGIC >> 16) {
        *boots = BOOTS_MAGIC;
    }
    expect(timebase() < 3600 * TB_HZ, true);
    expect(enter((uint64_t)&states[0], (uint64_t)&l2_regs[0]), H_FUNCTION);
    begin();
    if (++*boots - BOOTS_MAGIC > command_number(20)) {
        return;
    }
    for (unsigned id = 1; id < CPUS; id++) {
        expect(start_cpu(id, stay_in_l2, NULL), true);
    }
    for (unsigned id = 1; id < CPUS; id++) {
        while (*l2_memory(L2_DATA + 16 * id + 8) != 1) {
            relax();
        }
        *l2_memory(L2_DATA + 16 * id + 8) = 0;
    }
    rtas(RTAS_SYSTEM_REBOOT, 0, NULL, 1, &status);
    for (;;) {
        relax();
    }
}

/*
 * The machine is saved while vCPU 1 is in an L2, and goes on elsewhere: the L2
 * as if nothing had been, and then the L1.
 */
static void be_saved(struct cpu *cpu)
{
    struct regs *regs = set_l2(cpu->id, l2_wait, L2_DATA, 0x5a5a);
    struct state *state = &states[cpu->id];
    uint64_t call[10] = { H_ENTER_NESTED, (uint64_t)state, (uint64_t)regs };

    state->hdec_expiry = timebase() + 3600 * TB_HZ;
    state->tb_offset = 86400 * TB_HZ;
    regs->gpr[31] = 31;
    regs->lr = 0x1234;
    expect(kept_registers(call), 0);
    expect(regs->nip, l2_address(l2_registers));    /* it made its call */
    expect(regs->gpr[3], 0x5a5a);
    expect(regs->gpr[31], 31);
    expect(regs->lr, 0x1234);
    /* the timebase is L1's again */
    expect(regs->gpr[6] > timebase() && state->hdec_expiry > timebase(), true);
    expect(regs->gpr[6] - timebase() <= 86400 * TB_HZ, true);
    /* and a time that began before is over at its time */
    set_l2(cpu->id, l2_spin, 0, 0);
    expect(run_for(cpu->id, TB_HZ / 1000), EXIT_HDEC);
}

void test_nested_saved(void)
{
    uint64_t out[3] = { 0 };

    begin();
    expect(start_cpu(1, be_saved, NULL), true);
    while (*l2_memory(L2_DATA + 8) != 0x5a5a) {
        relax();
    }
    print("READY\n");
    while (!out[0]) {
        expect(hcall_out(out, 3, H_GET_TERM_CHAR, 0, 0, 0, 0), H_SUCCESS);
    }
    *l2_memory(L2_DATA) = 0x5a5a;
    while (cpus[1].running) {
        relax();
    }
    wait_stopped(1);
}

/* ---- hostile blocks and trees ---- */

void random_fill(uint64_t *words, unsigned n, uint64_t *seed)
{
    for (unsigned i = 0; i < n; i++) {
        uint64_t kind = random_next(seed) % 4;

        words[i] = kind == 0 ? 0 : kind == 1 ? -1ull :
                   kind == 2 ? 1ull << random_next(seed) % 64
                             : random_next(seed);
    }
}

/* Through the trees of a process that changes, bit by bit, meanwhile */
static void copy_at_random(uint64_t *seed)
{
    static const unsigned entries[] = { 0, 512, 1024 + 16, 1024 + 17 };
    static uint64_t own[CPUS][PAGE / 8];
    uint64_t what = random_next(seed), *buf = own[what % CPUS];
    uint64_t eaddr = PROCESS_PAGES + (what >> 8) % (2 * PAGE);

    l2_memory(PROCESS_NODES)[entries[what >> 32 & 3]] ^= 1ull << (what >> 58);
    copy(PROCESS_PID, eaddr, what & 16 ? buf : 0, what & 16 ? 0 : buf,
         (what >> 24) % (sizeof(own[0]) + 1));
    if (!(what >> 36 & 15)) {
        make_process(LEAF);
    }
}

static void enter_at_random(struct cpu *cpu)
{
    struct state *state = &states[cpu->id];
    struct regs *regs = &l2_regs[cpu->id];
    uint64_t seed = 0x9e3779b97f4a7c15ull + cpu->id;

    for (uint64_t n = command_number(3000); n; n--) {
        uint64_t what = random_next(&seed);

        random_fill((uint64_t *)state, sizeof(*state) / 8, &seed);
        random_fill((uint64_t *)regs, sizeof(*regs) / 8, &seed);
        if (what & 1) {
            set_l2(cpu->id, l2_call + random_next(&seed) %
                   (l2_code_end - l2_call), random_next(&seed), L2_DATA);
            if (what & 2) {
                regs->msr = random_next(&seed);
            }
            if (what & 4) {
                state->lpcr = random_next(&seed);
            }
            state->dpdes = what >> 3 & 1;
        } else {
            state->version = 1 + (what >> 4 & 1);
            state->lpid = LPID + (what >> 5 & 1);
        }
        if (what & 1ull << 40) {
            /* a tree of another shape, in what is a tree or is not */
            table[2 * (LPID + 1)] = HOST_RADIX | random_next(&seed);
            table[2 * (LPID + 1) + 1] = random_next(&seed);
            spoil_tree(&seed);
        }
        run_for(cpu->id, what >> 48 & 0xfff);
        set_decrementer(0x7fffffff);
        if (!(what >> 56)) {
            hcall(H_TLB_INVALIDATE, random_next(&seed), LPID,
                  random_next(&seed), 0);
        }
        if (!(what >> 45 & 7)) {
            copy_at_random(&seed);
        }
    }
}

void test_nested_fuzz(void)
{
    begin();
    make_process(LEAF);
    run_everywhere(enter_at_random);
}
