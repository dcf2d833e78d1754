/*
 * Guests of the guest (nested guests), by PAPR's hypercalls: what other vCPUs,
 * a reset or a stream do meanwhile, and hostile buffers, states and trees
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nested-papr.h"

/* While an L2's vCPU runs, others can't use it, and can't delete the L2 */
static void be_shared(struct cpu *cpu)
{
    papr_set_l2(1, l2_wait, wait_place(1), WAIT_VALUE);
    add(inputs[1], HDEC_EXPIRY, timebase() + 3600 * TB_HZ);
    expect(papr_run_call(1), EXIT_HCALL);
    expect(get_one(1, GPR + 3), WAIT_VALUE);
}

void test_nested_papr_shared(void)
{
    uint8_t *buf = buffers[0];
    uint64_t other = 0;

    papr_begin();
    expect(hcall1(H_GUEST_CREATE, &other, -1ull, 0, 0), H_SUCCESS);
    expect(start_cpu(1, be_shared, NULL), true);
    until_waits(1);
    empty(buf);
    expect(hcall(H_GUEST_RUN_VCPU, 0, guest, 1, 0), H_IN_USE);
    expect(state_call(H_GUEST_GET_STATE, 0, 1, buf, 256), H_IN_USE);
    expect(state_call(H_GUEST_SET_STATE, 0, 1, buf, 256), H_IN_USE);
    expect(hcall(H_GUEST_DELETE, 0, guest, 0, 0), H_IN_USE);
    /* all others are deleted */
    expect(hcall(H_GUEST_DELETE, DELETE_ALL, 0, 0, 0), H_IN_USE);
    expect(hcall(H_GUEST_DELETE, 0, other, 0, 0), H_P2);
    /* another vCPU of the same L2 can run meanwhile */
    papr_set_l2(0, l2_call, 0, 0);
    expect(papr_run_l2(0), EXIT_HCALL);
    end_wait(1);
    until_stopped(1);
    expect(state_call(H_GUEST_GET_STATE, 0, 1, buf, 256), H_SUCCESS);
    expect(hcall(H_GUEST_DELETE, DELETE_ALL, 0, 0, 0), H_SUCCESS);
    expect(hcall(H_GUEST_DELETE, 0, guest, 0, 0), H_P2);
}

static void set_copy(unsigned id)
{
    papr_set_l2(id, l2_copy, FLUSH_PAGE, L2_DATA + 16 * id);
}

static void run_copy(unsigned id)
{
    expect(papr_run_for(id, TB_HZ), EXIT_HDEC);
}

static void invalidate(unsigned round)
{
    expect(hcall(H_TLB_INVALIDATE, 1ull << 16, guest, FLUSH_PAGE, 0),
           H_SUCCESS);
}

void test_nested_papr_flush(void)
{
    const struct l2_flush how = { set_copy, run_copy, invalidate };

    papr_begin();
    remap_while_l2s_run(&how);
}

/*
 * The machine is reset while vCPUs are in L2s, and starts as ever: with no
 * guest, and registers and a timebase that are not the L2's.
 */
static void stay_in_l2(struct cpu *cpu)
{
    papr_set_l2(cpu->id, l2_wait, wait_place(cpu->id), WAIT_VALUE);
    add(inputs[cpu->id], DAWR0, 0x4000000);
    add(inputs[cpu->id], DAWRX0, DAWRX_READ | DAWRX_KERNEL);
    add(inputs[cpu->id], DPDES, 1);
    papr_run_for(cpu->id, 3600 * TB_HZ);
    expect(0, 1);                       /* never ends */
}

void test_nested_papr_reboot(void)
{
    expect(timebase() < 3600 * TB_HZ, true);
    expect(hcall(H_GUEST_RUN_VCPU, 0, 1, 0, 0), H_P2);
    expect(hcall(H_GUEST_CREATE, 0, -1ull, 0, 0), H_STATE);
    papr_begin();
    expect(guest, 1);
    set_one(GUEST_WIDE, 0, TB_OFFSET, 86400 * TB_HZ, 0, 0);
    if (!boots_are_over()) {
        reboot_out_of_l2s(stay_in_l2);
    }
}

/*
 * The machine is saved while vCPU 1 is in an L2, and goes on elsewhere: first
 * the L2 with all its registers, then L1 with its own.
 */
static void be_saved(struct cpu *cpu)
{
    uint64_t call[10] = { H_GUEST_RUN_VCPU, 0, guest, 1 };
    const uint64_t units = MSR_FP | MSR_VEC | MSR_VSX;
    uint64_t vectors[4];

    set_decrementer(0x7fffffffffffffull);
    papr_set_l2(1, l2_wait, wait_place(1), WAIT_VALUE);
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
    expect(get_one(1, GPR + 3), WAIT_VALUE);
    expect(get_one(1, GPR + 31), 31);
    expect(get_one(1, TAR), 0x5555);
    expect(get_half(1, VSR + 3, 0), 0x6666);
    expect(get_half(1, VSR + 3, 1), 0x7777);
    /* L1's decrementer and timebase are its own again */
    expect(get_decrementer() > 0x7fffffff, true);
    expect(get_one(1, GPR + 6) > timebase(), true);
    expect(get_one(1, GPR + 6) - timebase() <= 86400 * TB_HZ, true);
    papr_set_l2(1, l2_spin, 0, 0);
    expect(papr_run_for(1, TB_HZ / 1000), EXIT_HDEC);
}

void test_nested_papr_saved(void)
{
    papr_begin();
    set_one(GUEST_WIDE, 0, TB_OFFSET, 86400 * TB_HZ, 0, 0);
    expect(start_cpu(1, be_saved, NULL), true);
    until_waits(1);
    until_restored();
    /* the stream also has that the L2's vCPU 1 is running */
    expect(hcall(H_GUEST_RUN_VCPU, 0, guest, 1, 0), H_IN_USE);
    end_wait(1);
    until_stopped(1);
}

/* ---- hostile buffers, states and trees ---- */

/*
 * Random elements, with IDs and sizes that are often good ones; false: the last
 * element has a random size, or the buffer a random count
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
            papr_set_l2(cpu->id, l2_call + random_next(&seed) %
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
    papr_begin();
    run_everywhere(run_at_random);
}
