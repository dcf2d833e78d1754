/*
 * Guests of the guest (nested guests), by PAPR's hypercalls
 *
 * This payload is the hypervisor (L1), in real mode; what it runs (L2) is code
 * of nested.S, in real mode too, so that its addresses go only through the tree
 * that L1 has made for it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nested-papr.h"

/* The output buffer has exactly these */
static void expect_output(unsigned id, const uint16_t *ids, unsigned n)
{
    uint8_t *output = outputs[id];

    expect(count_of(output), n);
    for (unsigned i = 0; i < n; i++) {
        uint8_t *at = element(output, i);

        expect(*(uint16_t *)at, ids[i]);
        expect(*(uint16_t *)(at + 2), size_of(ids[i]));
        if (size_of(ids[i]) == 4) {
            expect(*(uint32_t *)(at + 4), get_one(id, ids[i]));
        } else {
            expect(get_word(at + 4), get_one(id, ids[i]));
        }
    }
}

#define EXPECT_OUTPUT(id, ...) \
    expect_output(id, (const uint16_t[]) { __VA_ARGS__ }, \
                  sizeof((const uint16_t[]) { __VA_ARGS__ }) / 2)

/* ---- each reason to end ---- */

static void exits_by_call(void)
{
    uint64_t call[10] = { H_GUEST_RUN_VCPU, 0, guest, 0 };

    add(papr_set_l2(0, l2_call, 0, 0), XER, 0xa0000000);
    add(inputs[0], HDEC_EXPIRY, timebase() + 100 * TB_HZ);
    /* all that a hypercall keeps is kept, though the L2 has changed all */
    expect(kept_registers(call), 0);
    EXPECT_OUTPUT(0, GPR + 3, GPR + 4, GPR + 5, GPR + 6, GPR + 7, GPR + 8,
                  GPR + 9, GPR + 10, GPR + 11, GPR + 12);
    for (unsigned i = 0; i < 32; i++) {
        expect(get_one(0, GPR + i), 0x2000 + i);
    }
    expect(get_one(0, NIA), l2_address(l2_load));
    expect(get_one(0, L2_MSR) & (1ull << 63 | MSR_EE | MSR_ME),
           1ull << 63 | MSR_ME);
    expect(get_one(0, LR), 0x2003);
    expect(get_one(0, CTR), 0x2004);
    expect(get_one(0, CR), 0x12345678);
    expect(get_one(0, XER), 0xa0000000);
    for (unsigned i = 0; i < 4; i++) {
        expect(get_one(0, SPRG0 + i), 0x2000 + 20 + i);
    }
    /* enter it again where it has ended: l2_load follows l2_call */
    *l2_memory(L2_DATA) = 0x1234;
    empty(inputs[0]);
    add(inputs[0], GPR + 4, L2_DATA);
    expect(papr_run_l2(0), EXIT_HCALL);
    expect(get_one(0, GPR + 3), 0x1234);
}

static void exits_by_fault(void)
{
    papr_set_l2(0, l2_load, L2_PAGES + 0x10, 0);
    unmap_page(0);
    expect(papr_run_l2(0), EXIT_HDSI);
    EXPECT_OUTPUT(0, HDAR, HDSISR, ASDR, NIA, L2_MSR);
    expect(get_one(0, HDAR), L2_PAGES + 0x10);
    expect(get_one(0, ASDR) & ~0xfffull, L2_PAGES);
    expect(get_one(0, HDSISR), DSISR_NOPTE);
    expect(get_one(0, NIA), l2_address(l2_load));
    pages[3][2] = 0xabcd;
    map_page(0, LEAF_READ_ONLY, 3);
    expect(papr_run_l2(0), EXIT_HCALL);
    expect(get_one(0, GPR + 3), 0xabcd);

    add(inputs[0], NIA, l2_address(l2_store));
    add(inputs[0], GPR + 3, 0x5555);
    expect(papr_run_l2(0), EXIT_HDSI);
    expect(get_one(0, HDSISR), DSISR_PROTECTED | DSISR_STORE);
    expect(pages[3][2], 0xabcd);
    map_page(0, LEAF, 3);
    expect(papr_run_l2(0), EXIT_HCALL);
    expect(pages[3][2], 0x5555);

    papr_set_l2(0, l2_jump, L2_NOWHERE, 0);
    expect(papr_run_l2(0), EXIT_HISI);
    EXPECT_OUTPUT(0, HDAR, ASDR, NIA, L2_MSR);
    expect(get_one(0, NIA), L2_NOWHERE);
    expect(get_one(0, HDAR), L2_NOWHERE);
    expect(get_one(0, L2_MSR) & DSISR_NOPTE, DSISR_NOPTE);
    expect(get_one(0, ASDR) & ~0xfffull, L2_NOWHERE);
}

static void exits_by_time(void)
{
    uint64_t before = timebase();

    papr_set_l2(0, l2_spin, 0, 0);
    expect(papr_run_for(0, TB_HZ / 1000), EXIT_HDEC);
    expect(timebase() - before >= TB_HZ / 1000, true);
    expect(count_of(outputs[0]), 0);
    expect(get_one(0, NIA), l2_address(l2_spin));
    /* an expiry in the past, just now or long ago */
    expect(papr_run_for(0, 0), EXIT_HDEC);
    expect(papr_run_for(0, -TB_HZ), EXIT_HDEC);
    /* and without a new one, it is still in the past */
    expect(papr_run_call(0), EXIT_HDEC);
    interrupts(true);
    interrupts(false);
}

static void exits_by_instruction(void)
{
    papr_set_l2(0, l2_invalid, 0, 0);
    expect(papr_run_l2(0), EXIT_EMULATE);
    EXPECT_OUTPUT(0, HEIR, NIA, L2_MSR);
    expect(get_one(0, HEIR), 4);
    expect(get_one(0, NIA), l2_address(l2_invalid));

    add(papr_set_l2(0, l2_message, 5ull << 27, 0), HFSCR, 0);
    expect(papr_run_l2(0), EXIT_FACILITY);
    EXPECT_OUTPUT(0, HFSCR, NIA, L2_MSR);
    expect(get_one(0, HFSCR) >> 56, 10);
}

static void exits_by_interrupt(void)
{
    uint64_t xirr = 0;

    expect(hcall(H_CPPR, 0xff, 0, 0, 0), H_SUCCESS);
    expect(hcall(H_IPI, 0, 5, 0, 0), H_SUCCESS);
    papr_set_l2(0, l2_spin, 0, 0);
    expect(papr_run_l2(0), EXIT_EXTERNAL);
    expect(count_of(outputs[0]), 0);
    expect(papr_run_l2(0), EXIT_EXTERNAL);   /* it is there still */
    expect(hcall_out(&xirr, 1, H_XIRR, 0, 0, 0, 0), H_SUCCESS);
    expect(hcall(H_IPI, 0, 0xff, 0, 0), H_SUCCESS);
    expect(hcall(H_EOI, xirr, 0, 0, 0), H_SUCCESS);
    expect(papr_run_for(0, TB_HZ / 1000), EXIT_HDEC);
    /* L1 has an interrupt for the L2 (MER), which takes it once EE is set */
    add(papr_set_l2(0, l2_spin, 0, 0), LPCR, LPCR_MER);
    expect(papr_run_for(0, TB_HZ / 1000), EXIT_HDEC);
    add(papr_set_l2(0, l2_interruptible, 0, 0), LPCR, LPCR_MER);
    expect(papr_run_l2(0), EXIT_HCALL);
    expect(get_one(0, GPR + 3), 0x500);
    expect(get_one(0, L2_MSR) & MSR_EE, 0);
    /* an interrupt of L1's own ends the L2 first */
    expect(hcall(H_IPI, 0, 5, 0, 0), H_SUCCESS);
    add(papr_set_l2(0, l2_interruptible, 0, 0), LPCR, LPCR_MER);
    expect(papr_run_l2(0), EXIT_EXTERNAL);
    expect(hcall_out(&xirr, 1, H_XIRR, 0, 0, 0, 0), H_SUCCESS);
    expect(hcall(H_IPI, 0, 0xff, 0, 0), H_SUCCESS);
    expect(hcall(H_EOI, xirr, 0, 0, 0), H_SUCCESS);
    papr_set_l2(0, l2_interruptible, 0, 0);
    expect(papr_run_for(0, TB_HZ / 1000), EXIT_HDEC);
}

/* ---- what is the L2's own, and what is L1's ---- */

static void keeps_own_interrupts(void)
{
    papr_set_l2(0, l2_system_call, 0, 0);
    expect(papr_run_l2(0), EXIT_HCALL);
    expect(get_one(0, GPR + 3), 0xc00);

    papr_set_l2(0, l2_interruptible, 0, 0);
    add(inputs[0], DPDES, 1);
    expect(papr_run_l2(0), EXIT_HCALL);
    expect(get_one(0, GPR + 3), 0xa00);
    expect(get_one(0, DPDES), 0);
}

/* Both decrementers go on, whoever runs */
static void keeps_own_decrementer(void)
{
    uint64_t expiry, left;

    set_decrementer(1000 * TB_HZ);
    expiry = timebase() + 1000 * TB_HZ;
    papr_set_l2(0, l2_decrementer, 1000, 0);
    expect(papr_run_l2(0), EXIT_HCALL);
    expect(get_one(0, GPR + 3), 0x900);
    left = get_decrementer();
    expect(left <= 1000 * TB_HZ && left > 500 * TB_HZ, true);
    expect(timebase() + left <= expiry + TB_HZ, true);

    /* it is over before the run, or while L1 runs, or as set by L1 */
    papr_set_l2(0, l2_interruptible, 0, 0);
    add(inputs[0], DEC_EXPIRY, timebase() - TB_HZ);
    expect(papr_run_l2(0), EXIT_HCALL);
    expect(get_one(0, GPR + 3), 0x900);
    for (int i = 0; i < 4; i++) {
        expiry = timebase() + (i & 1 ? TB_HZ : -TB_HZ);
        papr_set_l2(0, l2_spin, 0, 0);
        add(inputs[0], DEC_EXPIRY, expiry);
        add(inputs[0], LPCR, i & 2 ? LPCR_LD : 0);
        expect(papr_run_for(0, TB_HZ / 1000), EXIT_HDEC);
        expect(get_one(0, DEC_EXPIRY), expiry);
        expect(papr_run_for(0, TB_HZ / 1000), EXIT_HDEC);
        expect(get_one(0, DEC_EXPIRY), expiry);
    }
    /* beyond 32 bits: kept with a large decrementer (LD), else not */
    expiry = timebase() + 2000 * TB_HZ;
    add(inputs[0], DEC_EXPIRY, expiry);
    add(inputs[0], LPCR, LPCR_LD);
    expect(papr_run_for(0, TB_HZ / 1000), EXIT_HDEC);
    expect(get_one(0, DEC_EXPIRY), expiry);
    add(inputs[0], LPCR, 0);
    expect(papr_run_for(0, TB_HZ / 1000), EXIT_HDEC);
    expect(get_one(0, DEC_EXPIRY) < expiry, true);
    /* L1 has no decrementer interrupt of those pending */
    interrupts(true);
    interrupts(false);
    set_decrementer(0x7fffffff);
}

static void keeps_own_time(void)
{
    const uint64_t day = TB_HZ * 86400;
    uint64_t before = timebase(), after, vtb, r3, r4, r5;

    set_one(GUEST_WIDE, 0, TB_OFFSET, day, 0, 0);
    papr_set_l2(0, l2_time, 0, 0);
    add(inputs[0], VTB, 3 * day);
    add(inputs[0], PURR, 5 * day);
    asm volatile("mfspr %0, 849" : "=r"(vtb));
    expect(papr_run_l2(0), EXIT_HCALL);
    after = timebase();
    r3 = get_one(0, GPR + 3);
    r4 = get_one(0, GPR + 4);
    r5 = get_one(0, GPR + 5);
    expect(r3 - day >= before && r3 - day <= after, true);
    expect(r4 >= 3 * day && r4 < 4 * day, true);
    expect(r5 >= 5 * day && r5 < 6 * day, true);
    expect(get_one(0, VTB) >= r4 && get_one(0, VTB) < 4 * day, true);
    expect(get_one(0, PURR) >= r5 && get_one(0, PURR) < 6 * day, true);
    expect(after - before < day, true);
    before = vtb;
    asm volatile("mfspr %0, 849" : "=r"(vtb));
    expect(vtb - before < day, true);
    set_one(GUEST_WIDE, 0, TB_OFFSET, 0, 0, 0);
}

static void keeps_own_debug_registers(void)
{
    papr_set_l2(0, l2_load, L2_DATA, 0);
    add(inputs[0], DAWR0, L2_DATA);
    add(inputs[0], DAWRX0, DAWRX_READ | DAWRX_KERNEL);
    expect(papr_run_l2(0), EXIT_HCALL);
    expect(get_one(0, GPR + 3), 0x300);
    expect(load_guarded((uint64_t *)L2_DATA), *(uint64_t *)L2_DATA);

    papr_set_l2(0, l2_load, L2_DATA, 0);
    expect(papr_run_l2(0), EXIT_HCALL);
    expect(get_one(0, GPR + 3), *l2_memory(L2_DATA));
}

/* L1 and L2 do not see each other's branches in the history buffer */
static void keeps_own_branches(void)
{
    make_process(LEAF);
    set_one(GUEST_WIDE, 0, PROCESS_TABLE_ID, PROCESS_TABLE, 4096, 0);
    for (int round = 0; round < 2; round++) {
        uint8_t *input = papr_set_l2(0, l2_branches, MMCR0_RECORD,
                                     MMCR0_BRANCHES);

        add(input, NIA, l2_address(l2_branches) + PROCESS_CODE - L2_CODE);
        add(input, L2_MSR, MSR_SF | MSR_ME | MSR_PROCESS);
        add(input, PIDR, PROCESS_PID);
        add(input, MMCR0, MMCR0_BRANCHES);
        expect(last_branch(), 0);
        expect(papr_run_l2(0), EXIT_HCALL);
        expect(get_one(0, GPR + 6), 0);
        expect(get_one(0, GPR + 7), own_branch());
        expect(last_branch(), 0);
    }
}

/* SPRs that L1 and L2 keep each; also VSR 3 and 40, set_vectors() */
static const struct {
    unsigned id, sprn;
} others[] = {
    { TAR, 815 }, { DSCR, 17 }, { DAR, 19 }, { DSISR, 18 }, { VRSAVE, 256 },
    { EBBHR, 804 },
};

SPR_CALLS(17)
SPR_CALLS(19)
SPR_CALLS(18)
SPR_CALLS(256)
SPR_CALLS(804)

static uint64_t (*const get_spr[])(void) = {
    get_spr_815, get_spr_17, get_spr_19, get_spr_18, get_spr_256, get_spr_804,
};

static void (*const set_spr[])(uint64_t value) = {
    set_spr_815, set_spr_17, set_spr_19, set_spr_18, set_spr_256, set_spr_804,
};

#define N_OTHERS (sizeof(others) / sizeof(others[0]))

static void keeps_own_registers(void)
{
    const uint64_t units = MSR_FP | MSR_VEC | MSR_VSX;
    uint64_t before[N_OTHERS], vectors[4] = { 0 };
    uint8_t *input = papr_set_l2(0, l2_registers, 0x1111, 0x2222);

    set_msr(get_msr() | units);
    for (unsigned i = 0; i < N_OTHERS; i++) {
        before[i] = get_spr[i]();
        set_spr[i](0x40 + i);
        add(input, others[i].id, 0x100 + i);
    }
    set_vectors(0x3333, 0x4444);
    add(input, L2_MSR, 1ull << 63 | MSR_ME | units);
    add3(input, VSR + 4, 0x5555, 0x6666, 0);
    expect(papr_run_l2(0), EXIT_HCALL);
    get_vectors(vectors);
    expect(vectors[0], 0x3333);
    expect(vectors[1], 0x4444);
    expect(vectors[2], 0x4444);
    expect(vectors[3], 0x3333);
    for (unsigned i = 0; i < N_OTHERS; i++) {
        expect(get_spr[i](), 0x40 + i);
        set_spr[i](before[i]);
        expect(get_one(0, others[i].id), 0x101 + i);
    }
    set_msr(get_msr() & ~units);
    expect(get_half(0, VSR + 3, 0), 0x1111);
    expect(get_half(0, VSR + 3, 1), 0x2222);
    expect(get_half(0, VSR + 40, 0), 0x2222);
    expect(get_half(0, VSR + 40, 1), 0x1111);
    expect(get_half(0, VSR + 4, 0), 0x5555);
    expect(get_half(0, VSR + 4, 1), 0x6666);
}

/* Two vCPUs of an L2, one after the other on the same one of L1's */
static void keeps_vcpus_apart(void)
{
    papr_set_l2(0, l2_call, 0, 0);
    expect(papr_run_l2(0), EXIT_HCALL);
    papr_set_l2(1, l2_load, L2_DATA, 0);
    add(inputs[1], GPR + 31, 0x7777);
    expect(papr_run_l2(1), EXIT_HCALL);
    expect(get_one(1, GPR + 31), 0x7777);
    expect(get_one(0, GPR + 31), 0x2000 + 31);
    expect(get_one(0, NIA), l2_address(l2_load));
}

/* No register is lost by an output buffer at RAM's end */
static void loses_output(void)
{
    uint64_t r4 = 0, memory = 1ull << 30;

    set_one(0, 2, RUN_OUTPUT, memory - OUTPUT_SIZE, OUTPUT_SIZE, 0);
    papr_set_l2(2, l2_call, 0, 0);
    expect(papr_run_l2(2), EXIT_HCALL);
    set_one(0, 2, RUN_OUTPUT, (uint64_t)outputs[2], OUTPUT_SIZE, 0);
    /* nor by an input that is refused */
    add(inputs[2], RUN_OUTPUT, 0);
    expect(hcall1(H_GUEST_RUN_VCPU, &r4, guest, 2, 0),
           H_INVALID_ELEMENT_VALUE);
    expect(r4, 4);
    empty(inputs[2]);
    expect(get_one(2, GPR + 31), 0x2000 + 31);
}

void test_nested_papr(void)
{
    papr_begin();
    exits_by_call();
    exits_by_fault();
    exits_by_time();
    exits_by_instruction();
    exits_by_interrupt();
    keeps_own_interrupts();
    keeps_own_decrementer();
    keeps_own_time();
    keeps_own_debug_registers();
    keeps_own_branches();
    keeps_own_registers();
    keeps_vcpus_apart();
    loses_output();
    expect(hcall(H_GUEST_DELETE, 0, guest, 0, 0), H_SUCCESS);
    expect(hcall(H_GUEST_RUN_VCPU, 0, guest, 0, 0), H_P2);
}
