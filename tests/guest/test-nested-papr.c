/*
 * Guests of the guest (nested guests), by PAPR's hypercalls
 *
 * This payload is the hypervisor (L1), in real mode; what it runs (L2) is code
 * of nested.S, in real mode too, so that its addresses go through the tree alone
 * that L1 has made for it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nested.h"

#define GUEST_WIDE      (1ull << 63)            /* flag of a call */
#define DELETE_ALL      (1ull << 63)

/* IDs of elements; what their first digit says of their size is below */
#define LOGICAL_PVR     0x0003
#define TB_OFFSET       0x0004
#define PARTITION_TABLE 0x0005
#define RUN_INPUT       0x0c00
#define RUN_OUTPUT      0x0c01
#define GPR             0x1000
#define HDEC_EXPIRY     0x1020
#define NIA             0x1021
#define L2_MSR          0x1022
#define LR              0x1023
#define XER             0x1024
#define CTR             0x1025
#define DAR             0x1029
#define DEC_EXPIRY      0x102a
#define VTB             0x102b
#define LPCR            0x102c
#define HFSCR           0x102d
#define DAWR0           0x1030
#define PURR            0x1033
#define SPRG0           0x1036
#define EBBHR           0x1044
#define DSCR            0x104c
#define TAR             0x104d
#define DPDES           0x1053
#define CR              0x2000
#define DSISR           0x2002
#define VRSAVE          0x2004
#define DAWRX0          0x2005
#define VSR             0x3000
#define HDAR            0xf000
#define HDSISR          0xf001
#define HEIR            0xf002
#define ASDR            0xf003

#define LPCR_LD         (1ull << 17)
#define INPUT_SIZE      4096
#define OUTPUT_SIZE     128
#define MSR_FP          (1ull << 13)
#define MSR_VEC         (1ull << 25)
#define MSR_VSX         (1ull << 23)

/* of each vCPU, whose L2 vCPU has the same number */
static uint8_t inputs[CPUS][INPUT_SIZE] __attribute__((aligned(INPUT_SIZE)));
static uint8_t outputs[CPUS][OUTPUT_SIZE] __attribute__((aligned(OUTPUT_SIZE)));
static uint8_t buffers[CPUS][256] __attribute__((aligned(256)));
static uint64_t guest;

/* ---- buffers: big-endian, as this payload is ---- */

static unsigned size_of(unsigned id)
{
    switch (id) {
    case PARTITION_TABLE:
        return 24;
    case RUN_INPUT:
    case RUN_OUTPUT:
        return 16;
    case LOGICAL_PVR:
    case HDSISR:
    case HEIR:
        return 4;
    }
    return id >> 12 == 2 ? 4 : id >> 12 == 3 ? 16 : 8;
}

static unsigned count_of(const uint8_t *buf)
{
    return *(const uint32_t *)buf;
}

static uint8_t *element(uint8_t *buf, unsigned n)
{
    uint8_t *at = buf + 4;

    while (n--) {
        at += 4 + *(uint16_t *)(at + 2);
    }
    return at;
}

/* May be at any address that is a multiple of 4 */
static void put_word(uint8_t *at, uint64_t value)
{
    ((volatile uint32_t *)at)[0] = value >> 32;
    ((volatile uint32_t *)at)[1] = value;
}

static uint64_t get_word(const uint8_t *at)
{
    const volatile uint32_t *words = (const volatile uint32_t *)at;

    return (uint64_t)words[0] << 32 | words[1];
}

static void add3(uint8_t *buf, unsigned id, uint64_t a, uint64_t b, uint64_t c)
{
    uint8_t *at = element(buf, count_of(buf));
    unsigned size = size_of(id);

    *(uint16_t *)at = id;
    *(uint16_t *)(at + 2) = size;
    if (size == 4) {
        *(uint32_t *)(at + 4) = a;
    } else {
        put_word(at + 4, a);
    }
    if (size >= 16) {
        put_word(at + 12, b);
    }
    if (size >= 24) {
        put_word(at + 20, c);
    }
    ++*(uint32_t *)buf;
}

static void add(uint8_t *buf, unsigned id, uint64_t value)
{
    add3(buf, id, value, 0, 0);
}

static void empty(uint8_t *buf)
{
    *(uint32_t *)buf = 0;
}

/* ---- calls ---- */

static long state_call(uint64_t op, uint64_t flags, uint64_t vcpu, void *buf,
                       uint64_t size)
{
    uint64_t regs[10] = { op, flags, guest, vcpu, (uint64_t)buf, size };

    return hypercall(regs);
}

static void set_one(uint64_t flags, unsigned vcpu, unsigned id, uint64_t a,
                    uint64_t b, uint64_t c)
{
    uint8_t *buf = buffers[this_cpu()->id];

    empty(buf);
    add3(buf, id, a, b, c);
    expect(state_call(H_GUEST_SET_STATE, flags, vcpu, buf, 256), H_SUCCESS);
}

static uint64_t get_half(unsigned vcpu, unsigned id, unsigned half)
{
    uint8_t *buf = buffers[this_cpu()->id];

    empty(buf);
    add(buf, id, 0);
    expect(state_call(H_GUEST_GET_STATE, 0, vcpu, buf, 256), H_SUCCESS);
    return size_of(id) == 4 ? *(uint32_t *)(buf + 8)
                            : get_word(buf + 8 + 8 * half);
}

static uint64_t get_one(unsigned vcpu, unsigned id)
{
    return get_half(vcpu, id, 0);
}

/* ---- a guest ---- */

static void make_vcpu(unsigned id)
{
    expect(hcall(H_GUEST_CREATE_VCPU, 0, guest, id, 0), H_SUCCESS);
    set_one(0, id, RUN_INPUT, (uint64_t)inputs[id], INPUT_SIZE, 0);
    set_one(0, id, RUN_OUTPUT, (uint64_t)outputs[id], OUTPUT_SIZE, 0);
    empty(inputs[id]);
}

/* What an L2's vCPU is to begin with, in its input buffer */
static uint8_t *set_l2(unsigned id, const uint32_t *code, uint64_t r4,
                       uint64_t r5)
{
    uint8_t *input = inputs[id];

    empty(input);
    add(input, NIA, l2_address(code));
    add(input, L2_MSR, 1ull << 63 | MSR_ME);
    add(input, GPR + 4, r4);
    add(input, GPR + 5, r5);
    add(input, HFSCR, -1ull >> 8);
    add(input, LPCR, 0);
    add(input, DPDES, 0);
    add(input, DAWRX0, 0);
    add(input, DEC_EXPIRY, timebase() + 3600 * TB_HZ);
    return input;
}

static uint64_t run_call(unsigned id)
{
    uint64_t r4 = 0;

    expect(hcall1(H_GUEST_RUN_VCPU, &r4, guest, id, 0), H_SUCCESS);
    empty(inputs[id]);
    return r4;
}

/* For @ticks at most */
static uint64_t run_for(unsigned id, uint64_t ticks)
{
    add(inputs[id], HDEC_EXPIRY, timebase() + ticks);
    return run_call(id);
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

static void begin(void)
{
    uint64_t caps = 0, id = 0;

    begin_radix();
    expect(hcall1(H_GUEST_GET_CAPABILITIES, &caps, 0, 0, 0), H_SUCCESS);
    expect(hcall(H_GUEST_SET_CAPABILITIES, 0, caps, 0, 0), H_SUCCESS);
    expect(hcall1(H_GUEST_CREATE, &id, -1ull, 0, 0), H_SUCCESS);
    guest = id;
    set_one(GUEST_WIDE, 0, PARTITION_TABLE, l2_tree(), 52, 8 << ROOT_BITS);
    for (unsigned i = 0; i < CPUS; i++) {
        make_vcpu(i);
    }
}

/* ---- each reason to end ---- */

static void exits_by_call(void)
{
    uint64_t call[10] = { H_GUEST_RUN_VCPU, 0, guest, 0 };

    add(set_l2(0, l2_call, 0, 0), XER, 0xa0000000);
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
    /* again, from where it is: what follows is l2_load */
    *l2_memory(L2_DATA) = 0x1234;
    empty(inputs[0]);
    add(inputs[0], GPR + 4, L2_DATA);
    expect(run_l2(0), EXIT_HCALL);
    expect(get_one(0, GPR + 3), 0x1234);
}

static void exits_by_fault(void)
{
    set_l2(0, l2_load, L2_PAGES + 0x10, 0);
    unmap_page(0);
    expect(run_l2(0), EXIT_HDSI);
    EXPECT_OUTPUT(0, HDAR, HDSISR, ASDR, NIA, L2_MSR);
    expect(get_one(0, HDAR), L2_PAGES + 0x10);
    expect(get_one(0, ASDR) & ~0xfffull, L2_PAGES);
    expect(get_one(0, HDSISR), DSISR_NOPTE);
    expect(get_one(0, NIA), l2_address(l2_load));
    pages[3][2] = 0xabcd;
    map_page(0, LEAF_READ_ONLY, 3);
    expect(run_l2(0), EXIT_HCALL);
    expect(get_one(0, GPR + 3), 0xabcd);

    add(inputs[0], NIA, l2_address(l2_store));
    add(inputs[0], GPR + 3, 0x5555);
    expect(run_l2(0), EXIT_HDSI);
    expect(get_one(0, HDSISR), DSISR_PROTECTED | DSISR_STORE);
    expect(pages[3][2], 0xabcd);
    map_page(0, LEAF, 3);
    expect(run_l2(0), EXIT_HCALL);
    expect(pages[3][2], 0x5555);

    set_l2(0, l2_jump, L2_NOWHERE, 0);
    expect(run_l2(0), EXIT_HISI);
    EXPECT_OUTPUT(0, HDAR, ASDR, NIA, L2_MSR);
    expect(get_one(0, NIA), L2_NOWHERE);
    expect(get_one(0, HDAR), L2_NOWHERE);
    expect(get_one(0, L2_MSR) & DSISR_NOPTE, DSISR_NOPTE);
    expect(get_one(0, ASDR) & ~0xfffull, L2_NOWHERE);
}

static void exits_by_time(void)
{
    uint64_t before = timebase();

    set_l2(0, l2_spin, 0, 0);
    expect(run_for(0, TB_HZ / 1000), EXIT_HDEC);
    expect(timebase() - before >= TB_HZ / 1000, true);
    expect(count_of(outputs[0]), 0);
    expect(get_one(0, NIA), l2_address(l2_spin));
    /* a time that is over, long ago too */
    expect(run_for(0, 0), EXIT_HDEC);
    expect(run_for(0, -TB_HZ), EXIT_HDEC);
    /* and without a new one it is over still */
    expect(run_call(0), EXIT_HDEC);
    interrupts(true);
    interrupts(false);
}

static void exits_by_instruction(void)
{
    set_l2(0, l2_invalid, 0, 0);
    expect(run_l2(0), EXIT_EMULATE);
    EXPECT_OUTPUT(0, HEIR, NIA, L2_MSR);
    expect(get_one(0, HEIR), 4);
    expect(get_one(0, NIA), l2_address(l2_invalid));

    add(set_l2(0, l2_message, 5ull << 27, 0), HFSCR, 0);
    expect(run_l2(0), EXIT_FACILITY);
    EXPECT_OUTPUT(0, HFSCR, NIA, L2_MSR);
    expect(get_one(0, HFSCR) >> 56, 10);
}

static void exits_by_interrupt(void)
{
    uint64_t xirr = 0;

    expect(hcall(H_CPPR, 0xff, 0, 0, 0), H_SUCCESS);
    expect(hcall(H_IPI, 0, 5, 0, 0), H_SUCCESS);
    set_l2(0, l2_spin, 0, 0);
    expect(run_l2(0), EXIT_EXTERNAL);
    expect(count_of(outputs[0]), 0);
    expect(run_l2(0), EXIT_EXTERNAL);   /* it is there still */
    expect(hcall_out(&xirr, 1, H_XIRR, 0, 0, 0, 0), H_SUCCESS);
    expect(hcall(H_IPI, 0, 0xff, 0, 0), H_SUCCESS);
    expect(hcall(H_EOI, xirr, 0, 0, 0), H_SUCCESS);
    expect(run_for(0, TB_HZ / 1000), EXIT_HDEC);
    /* L1 has one for the L2, which takes it as soon as it can */
    add(set_l2(0, l2_spin, 0, 0), LPCR, LPCR_MER);
    expect(run_for(0, TB_HZ / 1000), EXIT_HDEC);
    add(set_l2(0, l2_interruptible, 0, 0), LPCR, LPCR_MER);
    expect(run_l2(0), EXIT_HCALL);
    expect(get_one(0, GPR + 3), 0x500);
    expect(get_one(0, L2_MSR) & MSR_EE, 0);
    /* its own goes first */
    expect(hcall(H_IPI, 0, 5, 0, 0), H_SUCCESS);
    add(set_l2(0, l2_interruptible, 0, 0), LPCR, LPCR_MER);
    expect(run_l2(0), EXIT_EXTERNAL);
    expect(hcall_out(&xirr, 1, H_XIRR, 0, 0, 0, 0), H_SUCCESS);
    expect(hcall(H_IPI, 0, 0xff, 0, 0), H_SUCCESS);
    expect(hcall(H_EOI, xirr, 0, 0, 0), H_SUCCESS);
    set_l2(0, l2_interruptible, 0, 0);
    expect(run_for(0, TB_HZ / 1000), EXIT_HDEC);
}

/* ---- what is the L2's own, and what is L1's ---- */

static void keeps_own_interrupts(void)
{
    set_l2(0, l2_system_call, 0, 0);
    expect(run_l2(0), EXIT_HCALL);
    expect(get_one(0, GPR + 3), 0xc00);

    set_l2(0, l2_interruptible, 0, 0);
    add(inputs[0], DPDES, 1);
    expect(run_l2(0), EXIT_HCALL);
    expect(get_one(0, GPR + 3), 0xa00);
    expect(get_one(0, DPDES), 0);
}

/* Both decrementers go on, whoever runs */
static void keeps_own_decrementer(void)
{
    uint64_t expiry, left;

    set_decrementer(1000 * TB_HZ);
    expiry = timebase() + 1000 * TB_HZ;
    set_l2(0, l2_decrementer, 1000, 0);
    expect(run_l2(0), EXIT_HCALL);
    expect(get_one(0, GPR + 3), 0x900);
    left = get_decrementer();
    expect(left <= 1000 * TB_HZ && left > 500 * TB_HZ, true);
    expect(timebase() + left <= expiry + TB_HZ, true);

    /* it is over before the run, or while L1 runs, or as set by L1 */
    set_l2(0, l2_interruptible, 0, 0);
    add(inputs[0], DEC_EXPIRY, timebase() - TB_HZ);
    expect(run_l2(0), EXIT_HCALL);
    expect(get_one(0, GPR + 3), 0x900);
    for (int i = 0; i < 4; i++) {
        expiry = timebase() + (i & 1 ? TB_HZ : -TB_HZ);
        set_l2(0, l2_spin, 0, 0);
        add(inputs[0], DEC_EXPIRY, expiry);
        add(inputs[0], LPCR, i & 2 ? LPCR_LD : 0);
        expect(run_for(0, TB_HZ / 1000), EXIT_HDEC);
        expect(get_one(0, DEC_EXPIRY), expiry);
        expect(run_for(0, TB_HZ / 1000), EXIT_HDEC);
        expect(get_one(0, DEC_EXPIRY), expiry);
    }
    /* further away than 32 bits reach, or not, if those are all */
    expiry = timebase() + 2000 * TB_HZ;
    add(inputs[0], DEC_EXPIRY, expiry);
    add(inputs[0], LPCR, LPCR_LD);
    expect(run_for(0, TB_HZ / 1000), EXIT_HDEC);
    expect(get_one(0, DEC_EXPIRY), expiry);
    add(inputs[0], LPCR, 0);
    expect(run_for(0, TB_HZ / 1000), EXIT_HDEC);
    expect(get_one(0, DEC_EXPIRY) < expiry, true);
    /* none of those was L1's */
    interrupts(true);
    interrupts(false);
    set_decrementer(0x7fffffff);
}

static void keeps_own_time(void)
{
    const uint64_t day = TB_HZ * 86400;
    uint64_t before = timebase(), after, vtb, r3, r4, r5;

    set_one(GUEST_WIDE, 0, TB_OFFSET, day, 0, 0);
    set_l2(0, l2_time, 0, 0);
    add(inputs[0], VTB, 3 * day);
    add(inputs[0], PURR, 5 * day);
    asm volatile("mfspr %0, 849" : "=r"(vtb));
    expect(run_l2(0), EXIT_HCALL);
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
    set_l2(0, l2_load, L2_DATA, 0);
    add(inputs[0], DAWR0, L2_DATA);
    add(inputs[0], DAWRX0, DAWRX_READ | DAWRX_KERNEL);
    expect(run_l2(0), EXIT_HCALL);
    expect(get_one(0, GPR + 3), 0x300);
    expect(load_guarded((uint64_t *)L2_DATA), *(uint64_t *)L2_DATA);

    set_l2(0, l2_load, L2_DATA, 0);
    expect(run_l2(0), EXIT_HCALL);
    expect(get_one(0, GPR + 3), *l2_memory(L2_DATA));
}

/* SPRs that either keeps; VSR 3 and 40 in asm below */
static const struct {
    unsigned id, sprn;
} others[] = {
    { TAR, 815 }, { DSCR, 17 }, { DAR, 19 }, { DSISR, 18 }, { VRSAVE, 256 },
    { EBBHR, 804 },
};

#define SPR_CALLS(n) \
    static uint64_t get_spr_ ## n(void) \
    { \
        uint64_t value; \
        asm volatile("mfspr %0, " #n : "=r"(value)); \
        return value; \
    } \
    static void set_spr_ ## n(uint64_t value) \
    { \
        asm volatile("mtspr " #n ", %0" : : "r"(value)); \
    }

SPR_CALLS(815)
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

static void set_vectors(uint64_t high, uint64_t low)
{
    asm volatile(".machine push; .machine power9; mtvsrdd 3,%0,%1; "
                 "mtvsrdd 40,%1,%0; .machine pop" : : "r"(high), "r"(low));
}

static void get_vectors(uint64_t *value)
{
    asm volatile(".machine push; .machine power9; mfvsrd %0,3; mfvsrld %1,3; "
                 "mfvsrd %2,40; mfvsrld %3,40; .machine pop"
                 : "=r"(value[0]), "=r"(value[1]), "=r"(value[2]),
                   "=r"(value[3]));
}

static void keeps_own_registers(void)
{
    const uint64_t units = MSR_FP | MSR_VEC | MSR_VSX;
    uint64_t before[N_OTHERS], vectors[4] = { 0 };
    uint8_t *input = set_l2(0, l2_registers, 0x1111, 0x2222);

    set_msr(get_msr() | units);
    for (unsigned i = 0; i < N_OTHERS; i++) {
        before[i] = get_spr[i]();
        set_spr[i](0x40 + i);
        add(input, others[i].id, 0x100 + i);
    }
    set_vectors(0x3333, 0x4444);
    add(input, L2_MSR, 1ull << 63 | MSR_ME | units);
    add3(input, VSR + 4, 0x5555, 0x6666, 0);
    expect(run_l2(0), EXIT_HCALL);
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
    set_l2(0, l2_call, 0, 0);
    expect(run_l2(0), EXIT_HCALL);
    set_l2(1, l2_load, L2_DATA, 0);
    add(inputs[1], GPR + 31, 0x7777);
    expect(run_l2(1), EXIT_HCALL);
    expect(get_one(1, GPR + 31), 0x7777);
    expect(get_one(0, GPR + 31), 0x2000 + 31);
    expect(get_one(0, NIA), l2_address(l2_load));
}

/* The output has no room any more: the registers are not lost */
static void loses_output(void)
{
    uint64_t r4 = 0, memory = 1ull << 30;

    set_one(0, 2, RUN_OUTPUT, memory - OUTPUT_SIZE, OUTPUT_SIZE, 0);
    set_l2(2, l2_call, 0, 0);
    expect(run_l2(2), EXIT_HCALL);
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
    begin();
    exits_by_call();
    exits_by_fault();
    exits_by_time();
    exits_by_instruction();
    exits_by_interrupt();
    keeps_own_interrupts();
    keeps_own_decrementer();
    keeps_own_time();
    keeps_own_debug_registers();
    keeps_own_registers();
    keeps_vcpus_apart();
    loses_output();
    expect(hcall(H_GUEST_DELETE, 0, guest, 0, 0), H_SUCCESS);
    expect(hcall(H_GUEST_RUN_VCPU, 0, guest, 0, 0), H_P2);
}

/* ---- several vCPUs ---- */

static volatile uint64_t over, ready;

static void end_of_wait(unsigned id)
{
    *l2_memory(L2_DATA + 16 * id) = 1;
}

static bool waits(unsigned id)
{
    return *l2_memory(L2_DATA + 16 * id + 8) == 1;
}

/* While a vCPU runs one of an L2's, nobody else has that, nor deletes it */
static void be_shared(struct cpu *cpu)
{
    set_l2(1, l2_wait, L2_DATA + 16, 1);
    add(inputs[1], HDEC_EXPIRY, timebase() + 3600 * TB_HZ);
    expect(run_call(1), EXIT_HCALL);
    expect(get_one(1, GPR + 3), 1);
}

void test_nested_papr_shared(void)
{
    uint8_t *buf = buffers[0];
    uint64_t other = 0;

    begin();
    expect(hcall1(H_GUEST_CREATE, &other, -1ull, 0, 0), H_SUCCESS);
    expect(start_cpu(1, be_shared, NULL), true);
    while (!waits(1)) {
        relax();
    }
    empty(buf);
    expect(hcall(H_GUEST_RUN_VCPU, 0, guest, 1, 0), H_IN_USE);
    expect(state_call(H_GUEST_GET_STATE, 0, 1, buf, 256), H_IN_USE);
    expect(state_call(H_GUEST_SET_STATE, 0, 1, buf, 256), H_IN_USE);
    expect(hcall(H_GUEST_DELETE, 0, guest, 0, 0), H_IN_USE);
    /* all others go */
    expect(hcall(H_GUEST_DELETE, DELETE_ALL, 0, 0, 0), H_IN_USE);
    expect(hcall(H_GUEST_DELETE, 0, other, 0, 0), H_P2);
    /* another vCPU of it runs beside that one */
    set_l2(0, l2_call, 0, 0);
    expect(run_l2(0), EXIT_HCALL);
    end_of_wait(1);
    while (cpus[1].running) {
        relax();
    }
    wait_stopped(1);
    expect(state_call(H_GUEST_GET_STATE, 0, 1, buf, 256), H_SUCCESS);
    expect(hcall(H_GUEST_DELETE, DELETE_ALL, 0, 0, 0), H_SUCCESS);
    expect(hcall(H_GUEST_DELETE, 0, guest, 0, 0), H_P2);
}

/*
 * An L2 copies a word of a page, that L1's vCPU 0 maps elsewhere: once the
 * invalidation is made, it copies the new one.
 */
#define ROUNDS 30

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
        expect(hcall(H_TLB_INVALIDATE, 1ull << 16, guest, L2_PAGES + PAGE, 0),
               H_SUCCESS);
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

void test_nested_papr_flush(void)
{
    begin();
    map_page(1, LEAF, 0);
    run_everywhere(flush_role);
}

/*
 * The machine is reset while vCPUs are in L2s, and starts as ever: with no
 * guest, and registers and a timebase that are not the L2's.
 */
static volatile uint64_t *const boots = (uint64_t *)0x4000000;
#define BOOTS_MAGIC 0x7061707200000000ull

static void stay_in_l2(struct cpu *cpu)
{
    set_l2(cpu->id, l2_wait, L2_DATA + 16 * cpu->id, 1);
    add(inputs[cpu->id], DAWR0, 0x4000000);
    add(inputs[cpu->id], DAWRX0, DAWRX_READ | DAWRX_KERNEL);
    add(inputs[cpu->id], DPDES, 1);
    run_for(cpu->id, 3600 * TB_HZ);
    expect(0, 1);                       /* never ends */
}

void test_nested_papr_reboot(void)
{
    uint32_t status;

    if (*boots >> 16 != BOOTS_MAGIC >> 16) {
        *boots = BOOTS_MAGIC;
    }
    expect(timebase() < 3600 * TB_HZ, true);
    expect(hcall(H_GUEST_RUN_VCPU, 0, 1, 0, 0), H_P2);
    expect(hcall(H_GUEST_CREATE, 0, -1ull, 0, 0), H_STATE);
    begin();
    expect(guest, 1);
    set_one(GUEST_WIDE, 0, TB_OFFSET, 86400 * TB_HZ, 0, 0);
    if (++*boots - BOOTS_MAGIC > command_number(20)) {
        return;
    }
    for (unsigned id = 1; id < CPUS; id++) {
        expect(start_cpu(id, stay_in_l2, NULL), true);
    }
    for (unsigned id = 1; id < CPUS; id++) {
        while (!waits(id)) {
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
    uint64_t call[10] = { H_GUEST_RUN_VCPU, 0, guest, 1 };
    const uint64_t units = MSR_FP | MSR_VEC | MSR_VSX;
    uint64_t vectors[4];

    set_decrementer(0x7fffffffffffffull);
    set_l2(1, l2_wait, L2_DATA + 16, 1);
    add(inputs[1], HDEC_EXPIRY, timebase() + 3600 * TB_HZ);
    add(inputs[1], GPR + 31, 31);
    add(inputs[1], TAR, 0x5555);
    add3(inputs[1], VSR + 3, 0x6666, 0x7777, 0);
    set_spr_815(0x1234);
    set_msr(get_msr() | units);
    set_vectors(0x3333, 0x4444);
    expect(kept_registers(call), 0);
    get_vectors(vectors);
    set_msr(get_msr() & ~units);
    expect(vectors[0], 0x3333);
    expect(vectors[3], 0x3333);
    expect(get_spr_815(), 0x1234);
    empty(inputs[1]);
    expect(get_one(1, NIA), l2_address(l2_registers));  /* it made its call */
    expect(get_one(1, GPR + 3), 1);
    expect(get_one(1, GPR + 31), 31);
    expect(get_one(1, TAR), 0x5555);
    expect(get_half(1, VSR + 3, 0), 0x6666);
    expect(get_half(1, VSR + 3, 1), 0x7777);
    /* L1's decrementer and timebase are its own again */
    expect(get_decrementer() > 0x7fffffff, true);
    expect(get_one(1, GPR + 6) > timebase(), true);
    expect(get_one(1, GPR + 6) - timebase() <= 86400 * TB_HZ, true);
    set_l2(1, l2_spin, 0, 0);
    expect(run_for(1, TB_HZ / 1000), EXIT_HDEC);
}

void test_nested_papr_saved(void)
{
    uint64_t out[3] = { 0 };

    begin();
    set_one(GUEST_WIDE, 0, TB_OFFSET, 86400 * TB_HZ, 0, 0);
    expect(start_cpu(1, be_saved, NULL), true);
    while (!waits(1)) {
        relax();
    }
    print("READY\n");
    while (!out[0]) {
        expect(hcall_out(out, 3, H_GET_TERM_CHAR, 0, 0, 0, 0), H_SUCCESS);
    }
    /* the stream has that, too: it still runs there */
    expect(hcall(H_GUEST_RUN_VCPU, 0, guest, 1, 0), H_IN_USE);
    end_of_wait(1);
    while (cpus[1].running) {
        relax();
    }
    wait_stopped(1);
}

/* ---- hostile buffers, states and trees ---- */

/*
 * Random elements, with IDs and sizes that are often good ones; false: it ends
 * with one that does not fit, or has more than there are
 */
static bool random_buffer(uint8_t *buf, unsigned size, uint64_t *seed)
{
    static const uint16_t first[] = {
        0, 0x0800, 0x0c00, 0x1000, 0x1020, 0x1040, 0x2000, 0x3000, 0x3020,
        0xf000,
    };
    unsigned n = random_next(seed) % 24;

    random_fill((uint64_t *)buf, size / 8, seed);
    empty(buf);
    while (n--) {
        uint64_t what = random_next(seed);
        uint8_t *at = element(buf, count_of(buf));
        unsigned id = first[what % (sizeof(first) / 2)] + (what >> 8) % 32;

        if (at + 4 + size_of(id) > buf + size) {
            break;
        }
        *(uint16_t *)at = id;
        *(uint16_t *)(at + 2) = what >> 16 & 15 ? size_of(id) : what >> 20;
        ++*(uint32_t *)buf;
        if (!(what >> 16 & 15)) {
            return false;
        }
    }
    if (random_next(seed) % 32) {
        return true;
    }
    *(uint32_t *)buf = random_next(seed);
    return false;
}

static void random_call(struct cpu *cpu, uint64_t *seed)
{
    uint64_t what = random_next(seed);
    uint64_t op = H_GUEST_GET_CAPABILITIES + (what % 12) * 4;
    uint64_t vcpu = what >> 8 & 7;
    uint64_t regs[10] = { op, what >> 12 & 3 ? 0 : (what >> 14 & 3) << 62,
                          what >> 16 & 7, vcpu,
                          (uint64_t)buffers[cpu->id], 256 };

    if (op == H_GUEST_CREATE) {
        regs[2] = what >> 20 & 3 ? -1ull : what;
    }
    if (op == H_GUEST_DELETE && (what >> 20 & 7)) {
        regs[2] += 2;                   /* seldom the one that runs */
        regs[1] = 0;
    }
    if (op == H_GUEST_SET_STATE || op == H_GUEST_GET_STATE) {
        random_buffer(buffers[cpu->id], sizeof(buffers[0]), seed);
    }
    if (!(what >> 24 & 31)) {
        regs[1 + (what >> 32) % 5] = random_next(seed);
    }
    hypercall(regs);
}

/* Whatever others have done to it, the vCPU is there and can run */
static void repair(unsigned id)
{
    uint8_t *buf = buffers[id];
    uint64_t caps = 0, other = 0;

    hcall1(H_GUEST_GET_CAPABILITIES, &caps, 0, 0, 0);
    hcall(H_GUEST_SET_CAPABILITIES, 0, caps, 0, 0);
    hcall1(H_GUEST_CREATE, &other, -1ull, 0, 0);
    hcall(H_GUEST_CREATE_VCPU, 0, guest, id, 0);
    empty(buf);
    add3(buf, PARTITION_TABLE, l2_tree(), 52, 8 << ROOT_BITS);
    state_call(H_GUEST_SET_STATE, GUEST_WIDE, 0, buf, 256);
    empty(buf);
    add3(buf, RUN_INPUT, (uint64_t)inputs[id], INPUT_SIZE, 0);
    add3(buf, RUN_OUTPUT, (uint64_t)outputs[id], OUTPUT_SIZE, 0);
    state_call(H_GUEST_SET_STATE, 0, id, buf, 256);
}

static void run_at_random(struct cpu *cpu)
{
    uint64_t seed = 0x9e3779b97f4a7c15ull + cpu->id;

    for (uint64_t n = command_number(2000); n; n--) {
        uint64_t what = random_next(&seed);
        uint8_t *input = inputs[cpu->id];
        uint64_t r4 = 0;
        bool whole = true;

        random_call(cpu, &seed);
        repair(cpu->id);
        if (what & 1) {
            whole = random_buffer(input, 512, &seed);
        } else {
            set_l2(cpu->id, l2_call + random_next(&seed) %
                   (l2_code_end - l2_call), random_next(&seed), L2_DATA);
        }
        if (whole && what & 2) {
            add(input, L2_MSR, random_next(&seed));
        }
        if (what & 4) {
            spoil_tree(&seed);
        }
        if (whole) {
            add(input, HDEC_EXPIRY, timebase() + (what >> 48 & 0xfff));
        }
        hcall1(H_GUEST_RUN_VCPU, &r4, guest, cpu->id, 0);
        set_decrementer(0x7fffffff);
    }
}

void test_nested_papr_fuzz(void)
{
    begin();
    run_everywhere(run_at_random);
}
