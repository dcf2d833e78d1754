/*
 * Guests of the guest (nested guests), by PAPR's hypercalls: buffers and calls
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nested-papr.h"

/* of each vCPU, whose L2 vCPU has the same number */
uint8_t inputs[CPUS][INPUT_SIZE] __attribute__((aligned(INPUT_SIZE)));
uint8_t outputs[CPUS][OUTPUT_SIZE] __attribute__((aligned(OUTPUT_SIZE)));
uint8_t buffers[CPUS][256] __attribute__((aligned(256)));
uint64_t guest;

/* ---- buffers: big-endian, as this payload is ---- */

unsigned size_of(unsigned id)
{
    switch (id) {
    case PARTITION_TABLE:
        return 24;
    case PROCESS_TABLE_ID:
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

unsigned count_of(const uint8_t *buf)
{
    return *(const uint32_t *)buf;
}

uint8_t *element(uint8_t *buf, unsigned n)
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

uint64_t get_word(const uint8_t *at)
{
    const volatile uint32_t *words = (const volatile uint32_t *)at;

    return (uint64_t)words[0] << 32 | words[1];
}

void add3(uint8_t *buf, unsigned id, uint64_t a, uint64_t b, uint64_t c)
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

void add(uint8_t *buf, unsigned id, uint64_t value)
{
    add3(buf, id, value, 0, 0);
}

void empty(uint8_t *buf)
{
    *(uint32_t *)buf = 0;
}

/* ---- calls ---- */

long state_call(uint64_t op, uint64_t flags, uint64_t vcpu, void *buf,
                       uint64_t size)
{
    uint64_t regs[10] = { op, flags, guest, vcpu, (uint64_t)buf, size };

    return hypercall(regs);
}

void set_one(uint64_t flags, unsigned vcpu, unsigned id, uint64_t a,
                    uint64_t b, uint64_t c)
{
    uint8_t *buf = buffers[this_cpu()->id];

    empty(buf);
    add3(buf, id, a, b, c);
    expect(state_call(H_GUEST_SET_STATE, flags, vcpu, buf, 256), H_SUCCESS);
}

uint64_t get_half(unsigned vcpu, unsigned id, unsigned half)
{
    uint8_t *buf = buffers[this_cpu()->id];

    empty(buf);
    add(buf, id, 0);
    expect(state_call(H_GUEST_GET_STATE, 0, vcpu, buf, 256), H_SUCCESS);
    return size_of(id) == 4 ? *(uint32_t *)(buf + 8)
                            : get_word(buf + 8 + 8 * half);
}

uint64_t get_one(unsigned vcpu, unsigned id)
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

uint8_t *papr_set_l2(unsigned id, const uint32_t *code, uint64_t r4,
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

uint64_t papr_run_call(unsigned id)
{
    uint64_t r4 = 0;

    expect(hcall1(H_GUEST_RUN_VCPU, &r4, guest, id, 0), H_SUCCESS);
    empty(inputs[id]);
    return r4;
}

uint64_t papr_run_for(unsigned id, uint64_t ticks)
{
    add(inputs[id], HDEC_EXPIRY, timebase() + ticks);
    return papr_run_call(id);
}

uint64_t papr_run_l2(unsigned id)
{
    uint64_t exit;

    do {
        exit = papr_run_for(id, TB_HZ);
    } while (exit == EXIT_HDEC);
    return exit;
}

void papr_begin(void)
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

void set_vectors(uint64_t high, uint64_t low)
{
    asm volatile(".machine push; .machine power9; mtvsrdd 3,%0,%1; "
                 "mtvsrdd 40,%1,%0; .machine pop" : : "r"(high), "r"(low));
}

void get_vectors(uint64_t *value)
{
    asm volatile(".machine push; .machine power9; mfvsrd %0,3; mfvsrld %1,3; "
                 "mfvsrd %2,40; mfvsrld %3,40; .machine pop"
                 : "=r"(value[0]), "=r"(value[1]), "=r"(value[2]),
                   "=r"(value[3]));
}
