/*
 * Guests of the guest (nested guests), by KVM's own hypercalls
 *
 * This payload is the hypervisor (L1), in real mode; what it runs (L2) is code
 * of nested.S, in real mode too, so that its addresses go through the
 * partition's tree alone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nested-hv.h"

/* ---- each reason to end ---- */

static void exits_by_call(void)
{
    struct regs *regs = hv_set_l2(0, l2_call, 0, 0);
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
    /* enter it again where it has ended: l2_load follows l2_call */
    *l2_memory(L2_DATA) = 0x1234;
    regs->gpr[4] = L2_DATA;
    expect(hv_run_l2(0), EXIT_HCALL);
    expect(regs->gpr[3], 0x1234);
}

static void exits_by_fault(void)
{
    struct regs *regs = hv_set_l2(0, l2_load, L2_PAGES + 0x10, 0);
    struct state *state = &states[0];

    unmap_page(0);
    expect(hv_run_l2(0), EXIT_HDSI);
    expect(state->hdar, L2_PAGES + 0x10);
    expect(state->asdr & ~0xfffull, L2_PAGES);
    expect(state->hdsisr, DSISR_NOPTE);
    expect(regs->nip, l2_address(l2_load));
    pages[3][2] = 0xabcd;
    map_page(0, LEAF_READ_ONLY, 3);
    expect(hv_run_l2(0), EXIT_HCALL);
    expect(regs->gpr[3], 0xabcd);

    regs->nip = l2_address(l2_store);
    regs->gpr[3] = 0x5555;
    expect(hv_run_l2(0), EXIT_HDSI);
    expect(state->hdsisr, DSISR_PROTECTED | DSISR_STORE);
    expect(pages[3][2], 0xabcd);
    map_page(0, LEAF, 3);
    expect(hv_run_l2(0), EXIT_HCALL);
    expect(pages[3][2], 0x5555);

    regs = hv_set_l2(0, l2_jump, L2_NOWHERE, 0);
    expect(hv_run_l2(0), EXIT_HISI);
    expect(regs->nip, L2_NOWHERE);
    expect(regs->msr & DSISR_NOPTE, DSISR_NOPTE);
    expect(state->asdr & ~0xfffull, L2_NOWHERE);
}

static void exits_by_time(void)
{
    struct regs *regs = hv_set_l2(0, l2_spin, 0, 0);
    uint64_t before = timebase();

    expect(hv_run_for(0, TB_HZ / 1000), EXIT_HDEC);
    expect(timebase() - before >= TB_HZ / 1000, true);
    expect(regs->nip, l2_address(l2_spin));
    /* an expiry in the past, just now or long ago */
    expect(hv_run_for(0, 0), EXIT_HDEC);
    expect(hv_run_for(0, -TB_HZ), EXIT_HDEC);
    /* no such interrupt is pending in L1, where it would be FAIL */
    interrupts(true);
    interrupts(false);
}

static void exits_by_instruction(void)
{
    struct regs *regs = hv_set_l2(0, l2_invalid, 0, 0);
    struct state *state = &states[0];

    expect(hv_run_l2(0), EXIT_EMULATE);
    expect(state->heir, 4);
    expect(regs->nip, l2_address(l2_invalid));

    hv_set_l2(0, l2_message, 5ull << 27, 0);
    state->hfscr = 0;
    expect(hv_run_l2(0), EXIT_FACILITY);
    expect(state->hfscr >> 56, 10);
}

static void exits_by_interrupt(void)
{
    uint64_t xirr = 0;

    expect(hcall(H_CPPR, 0xff, 0, 0, 0), H_SUCCESS);
    expect(hcall(H_IPI, 0, 5, 0, 0), H_SUCCESS);
    hv_set_l2(0, l2_spin, 0, 0);
    expect(hv_run_l2(0), EXIT_EXTERNAL);
    expect(hv_run_l2(0), EXIT_EXTERNAL);   /* it is there still */
    expect(hcall_out(&xirr, 1, H_XIRR, 0, 0, 0, 0), H_SUCCESS);
    expect(xirr & 0xffffff, 2);
    expect(hcall(H_IPI, 0, 0xff, 0, 0), H_SUCCESS);
    expect(hcall(H_EOI, xirr, 0, 0, 0), H_SUCCESS);
    expect(hv_run_for(0, TB_HZ / 1000), EXIT_HDEC);
    /* L1 wants to know when the L2 can be interrupted */
    hv_set_l2(0, l2_spin, 0, 0);
    states[0].lpcr = LPCR_MER;
    expect(hv_run_for(0, TB_HZ / 1000), EXIT_HDEC);
    hv_set_l2(0, l2_interruptible, 0, 0);
    states[0].lpcr = LPCR_MER;
    expect(hv_run_l2(0), EXIT_EXTERNAL);
    expect(l2_regs[0].msr & MSR_EE, MSR_EE);
    states[0].lpcr = 0;
    expect(hv_run_for(0, TB_HZ / 1000), EXIT_HDEC);
}

/* ---- what is the L2's own ---- */

static void keeps_own_interrupts(void)
{
    struct regs *regs = hv_set_l2(0, l2_system_call, 0, 0);

    expect(hv_run_l2(0), EXIT_HCALL);
    expect(regs->gpr[3], 0xc00);

    regs = hv_set_l2(0, l2_decrementer, 1000, 0);
    expect(hv_run_l2(0), EXIT_HCALL);
    expect(regs->gpr[3], 0x900);
    set_decrementer(0x7fffffff);

    regs = hv_set_l2(0, l2_interruptible, 0, 0);
    states[0].dpdes = 1;
    expect(hv_run_l2(0), EXIT_HCALL);
    expect(regs->gpr[3], 0xa00);
    expect(states[0].dpdes, 0);
    /* a doorbell that it has not taken is returned, and is not L1's */
    hv_set_l2(0, l2_spin, 0, 0);
    states[0].dpdes = 1;
    expect(hv_run_for(0, 1000), EXIT_HDEC);
    expect(states[0].dpdes, 1);
    interrupts(true);
    interrupts(false);
}

static void keeps_own_time(void)
{
    const uint64_t day = TB_HZ * 86400;
    struct regs *regs = hv_set_l2(0, l2_time, 0, 0);
    struct state *state = &states[0];
    uint64_t before = timebase(), after, vtb, purr;

    state->tb_offset = day;
    state->vtb = 3 * day;
    state->purr = 5 * day;
    asm volatile("mfspr %0, 849; mfspr %1, 309" : "=r"(vtb), "=r"(purr));
    expect(hv_run_l2(0), EXIT_HCALL);
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
    struct regs *regs = hv_set_l2(0, l2_load, L2_DATA, 0);
    struct state *state = &states[0];

    state->dawr0 = L2_DATA;
    state->dawrx0 = DAWRX_READ | DAWRX_KERNEL;
    expect(hv_run_l2(0), EXIT_HCALL);
    expect(regs->gpr[3], 0x300);
    /* the L2's watchpoint does not stop L1 at the same address */
    expect(load_guarded((uint64_t *)L2_DATA), *(uint64_t *)L2_DATA);

    regs = hv_set_l2(0, l2_load, L2_DATA, 0);
    expect(hv_run_l2(0), EXIT_HCALL);
    expect(regs->gpr[3], *l2_memory(L2_DATA));
    hv_set_l2(0, l2_load, L2_DATA, 0);
    state->ciabr = l2_address(l2_load) | CIABR_KERNEL;
    expect(hv_run_l2(0), EXIT_HCALL);
    expect(regs->gpr[3], 0xd00);
}

/* A watchpoint is for doublewords from DAWR on, and for these states alone */
static void watches_as_told(void)
{
    static const struct {
        uint64_t dawrx, offset;
        bool user, seen;
    } rows[] = {
        { DAWRX_KERNEL, 0, false, true },
        { DAWRX_KERNEL, 8, false, false },
        { DAWRX_KERNEL | DAWRX_MORE(3), 24, false, true },
        { DAWRX_KERNEL | DAWRX_MORE(3), 32, false, false },
        { DAWRX_KERNEL | DAWRX_MORE(63), 504, false, true },
        { DAWRX_KERNEL | DAWRX_MAPPED, 0, false, false },
        { DAWRX_USER, 0, false, false },
        { DAWRX_USER | DAWRX_MAPPED, 0, true, true },
        { DAWRX_USER | DAWRX_ANY, 0, true, true },
        { DAWRX_USER, 0, true, false },
        { DAWRX_KERNEL | DAWRX_ANY, 0, true, false },
        { DAWRX_USER | DAWRX_KERNEL | DAWRX_ANY, 0, true, true },
        { DAWRX_USER | DAWRX_KERNEL | DAWRX_ANY, 0, false, true },
    };

    hv_make_process(LEAF);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t page = rows[i].user ? PROCESS_PAGES : L2_DATA;
        struct regs *regs = hv_set_l2(0, l2_load, page + rows[i].offset, 0);

        states[0].dawr0 = page;
        states[0].dawrx0 = rows[i].dawrx | DAWRX_READ;
        if (rows[i].user) {
            regs->nip += PROCESS_CODE - L2_CODE;
            regs->msr |= MSR_PROCESS;
            states[0].pidr = PROCESS_PID;
        }
        l2_memory(L2_DATA)[rows[i].offset / 8] = i;
        expect(hv_run_l2(0), EXIT_HCALL);
        expect(regs->gpr[3], rows[i].seen ? 0x300 : i);
    }
}

/* L1 and L2 do not see each other's branches in the history buffer */
static void keeps_own_branches(void)
{
    hv_make_process(LEAF);
    for (int round = 0; round < 2; round++) {
        struct regs *regs = hv_set_l2(0, l2_branches, MMCR0_RECORD,
                                      MMCR0_BRANCHES);

        regs->nip += PROCESS_CODE - L2_CODE;
        regs->msr |= MSR_PROCESS;
        states[0].pidr = PROCESS_PID;
        expect(last_branch(), 0);
        expect(hv_run_l2(0), EXIT_HCALL);
        expect(regs->gpr[6], 0);
        expect(regs->gpr[7], own_branch());
        expect(last_branch(), 0);
    }
}

/* ---- its memory, for L1 ---- */

/* What the L2 reads there itself, with its data translated */
static uint64_t l2_reads(uint64_t eaddr, uint64_t pid)
{
    struct regs *regs = hv_set_l2(0, l2_load, eaddr, 0);

    regs->msr |= MSR_DR;
    states[0].pidr = pid;
    expect(hv_run_l2(0), EXIT_HCALL);
    return regs->gpr[3];
}

static void copies_memory(void)
{
    uint64_t own[4] = { 0, 0, 0x5555, 0 };

    hv_make_process(LEAF);
    map_page(0, LEAF, 3);
    l2_memory(L2_DATA)[511] = 0x1234;
    pages[3][0] = 0xabcd;
    expect(hv_copy(PROCESS_PID, PROCESS_PAGES + PAGE - 8, own, 0, 16),
           H_SUCCESS);
    expect(own[0], 0x1234);
    expect(own[1], 0xabcd);
    expect(own[2], 0x5555);
    expect(l2_reads(PROCESS_PAGES + PAGE - 8, PROCESS_PID), 0x1234);
    expect(l2_reads(PROCESS_PAGES + PAGE, PROCESS_PID), 0xabcd);
    expect(hv_copy(PROCESS_PID, PROCESS_PAGES, 0, &own[2], 8), H_SUCCESS);
    expect(l2_reads(PROCESS_PAGES, PROCESS_PID), 0x5555);
    /* process 0 (the L2's kernel) has none of these pages */
    expect(hv_copy(0, PROCESS_PAGES, own, 0, 8), H_NOT_FOUND);
    expect(hv_copy(PROCESS_PID, PROCESS_PAGES | QUADRANT_3, own, 0, 8),
           H_PARAMETER);
    expect(hv_copy(PROCESS_PID, PROCESS_PAGES + 2 * PAGE - 8, own, 0, 16),
           H_NOT_FOUND);
    expect(hv_copy(PROCESS_PID, PROCESS_PAGES, own, own, 8), H_PARAMETER);
    expect(hv_copy(PROCESS_PID, PROCESS_PAGES, own, 0, 1ull << 40), H_NO_MEM);
    expect(own[0], 0x1234);

    /* what the process or L1 has mapped read-only is not changed */
    hv_make_process(LEAF_READ_ONLY);
    expect(hv_copy(PROCESS_PID, PROCESS_PAGES, 0, own, 8), H_NOT_FOUND);
    expect(hv_copy(PROCESS_PID, PROCESS_PAGES, own, 0, 8), H_SUCCESS);
    expect(own[0], 0x5555);
    hv_make_process(LEAF);
    map_page(0, LEAF_READ_ONLY, 3);
    expect(hv_copy(PROCESS_PID, PROCESS_PAGES + PAGE, 0, own, 8), H_NOT_FOUND);
    expect(hv_copy(PROCESS_PID, PROCESS_PAGES + PAGE, own, 0, 8), H_SUCCESS);
    expect(own[0], 0xabcd);
    unmap_page(0);
    expect(hv_copy(PROCESS_PID, PROCESS_PAGES + PAGE, own, 0, 8), H_NOT_FOUND);
}

/* ---- what is refused ---- */

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

    hv_set_l2(0, l2_call, 0, 0);
    expect(hcall(H_SET_PARTITION_TABLE, 0, 0, 0, 0), H_SUCCESS);
    expect(hv_enter(good_state, good_regs), H_NOT_AVAILABLE);
    expect(hcall(H_SET_PARTITION_TABLE, table_register(), 0, 0, 0), H_SUCCESS);

    expect(hv_enter(memory, good_regs), H_PARAMETER);
    expect(hv_enter(memory - 8, good_regs), H_PARAMETER);
    expect(hv_enter(-8ull, good_regs), H_PARAMETER);
    expect(hv_enter(XIVE_TIMA, good_regs), H_PARAMETER);
    expect(hv_enter(good_state, memory - 0x158), H_PARAMETER);
    expect(hv_enter(good_state, -1ull), H_PARAMETER);
    state->version = 0;
    expect(hv_enter(good_state, good_regs), H_PARAMETER);
    state->version = 3;
    expect(hv_enter(good_state, good_regs), H_P2);
    state->version = -1ull;
    expect(hv_enter(good_state, good_regs), H_P2);
    state->version = 2;
    state->lpid = 0;
    expect(hv_enter(good_state, good_regs), H_PARAMETER);
    state->lpid = TABLE_ENTRIES;
    expect(hv_enter(good_state, good_regs), H_PARAMETER);
    state->lpid = -1;
    expect(hv_enter(good_state, good_regs), H_PARAMETER);
    state->lpid = LPID + 1;             /* no entry */
    expect(hv_enter(good_state, good_regs), H_PARAMETER);
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

void test_nested(void)
{
    hv_begin();
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
    watches_as_told();
    keeps_own_branches();
    copies_memory();
}

/* Run in a partition with hash translation, and one without cap-nested-hv */
void test_nested_not(void)
{
    expect(negotiate(false, false), true);
    make_l2();
    hv_make_table();
    hv_set_l2(0, l2_call, 0, 0);
    expect(hcall(H_SET_PARTITION_TABLE, table_register(), 0, 0, 0),
           H_FUNCTION);
    expect(hv_enter((uint64_t)&states[0], (uint64_t)&l2_regs[0]), H_FUNCTION);
    expect(hcall(H_TLB_INVALIDATE, 1ull << 16, LPID, 2 << 10, 0), H_FUNCTION);
}
