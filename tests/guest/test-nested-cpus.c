/*
 * Guests of the guest (nested guests), by KVM's own hypercalls: what other
 * vCPUs, a reset or a stream do meanwhile, and hostile blocks and trees
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nested-hv.h"

static volatile uint64_t ready;

static void set_copy(unsigned id)
{
    hv_set_l2(id, l2_copy, FLUSH_PAGE, L2_DATA + 16 * id);
}

static void run_copy(unsigned id)
{
    expect(hv_run_for(id, TB_HZ), EXIT_HDEC);
}

/* Of the page, and of all that the L2 has, in turn */
static void invalidate(unsigned round)
{
    bool all = round & 1;

    expect(hcall(H_TLB_INVALIDATE, 1ull << 16 | (all ? 2ull << 18 : 0), LPID,
                 all ? 2 << 10 : FLUSH_PAGE, 0), H_SUCCESS);
}

void test_nested_flush(void)
{
    const struct l2_flush how = { set_copy, run_copy, invalidate };

    hv_begin();
    remap_while_l2s_run(&how);
}

/* A doorbell from another thread for L1 ends the L2, which does not get it */
static uint64_t doorbells(void)
{
    uint64_t dpdes;

    asm volatile("mfspr %0, 176" : "=r"(dpdes));
    return dpdes;
}

static void take_doorbell(struct cpu *cpu)
{
    set_decrementer(0x7fffffff);
    hv_set_l2(cpu->id, l2_interruptible, 0, 0);
    atomic_add(&ready, 1);
    expect(hv_run_l2(cpu->id), EXIT_DOORBELL);
    expect(states[cpu->id].dpdes, 0);
    /* at the latest where it spins: this vCPU may be slow to enter it */
    expect(l2_regs[cpu->id].nip - l2_address(l2_interruptible) <=
           4 * INTERRUPTIBLE_SPIN, true);
    expect(doorbells(), 2);             /* of thread 1, to be taken */
    ready = 0;
    while (ready != 2) {
        relax();
    }
    /* whatever the L2's MSR[EE] */
    hv_set_l2(cpu->id, l2_spin, 0, 0);
    atomic_add(&ready, 1);
    expect(hv_run_l2(cpu->id), EXIT_DOORBELL);
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
    hv_begin();
    /* vCPU 1 has interrupts off outside of its L2: doorbells stay pending */
    expect(start_cpu(1, take_doorbell, NULL), true);
    send_doorbell(&cpus[0]);
    until_stopped(1);
}

/*
 * A change of the partition's registers reaches a vCPU that is in an L2, and
 * does not change the L2's.
 */
static void wait_in_l2(struct cpu *cpu)
{
    hv_set_l2(cpu->id, l2_wait, L2_DATA, 1);
    atomic_add(&ready, 1);
    expect(hv_run_l2(cpu->id), EXIT_HCALL);
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
    hv_begin();
    *l2_memory(L2_DATA) = 0;
    run_everywhere(endian_role);
}

/*
 * A system reset is for L1, also while the L2 runs: L1's handler runs, here one
 * that stores RESET_FLAG, and then the L2 goes on.
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
    struct regs *regs = hv_set_l2(cpu->id, l2_wait, L2_DATA, 1);

    regs->gpr[31] = 31;
    expect(hv_run_l2(cpu->id), EXIT_HCALL);
    expect(regs->gpr[31], 31);
    expect(*(volatile uint64_t *)RESET_FLAG, RESET_FLAG);
}

void test_nested_system_reset(void)
{
    hv_begin();
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
    until_stopped(1);
}

/*
 * The machine is reset while vCPUs are in L2s, and starts as ever: with no
 * table, no watchpoint, and a timebase that is not the L2's.
 */
static void stay_in_l2(struct cpu *cpu)
{
    struct state *state = &states[cpu->id];

    hv_set_l2(cpu->id, l2_wait, wait_place(cpu->id), WAIT_VALUE);
    state->tb_offset = 86400 * TB_HZ;
    state->dawr0 = 0x4000000;
    state->dawrx0 = DAWRX_READ | DAWRX_KERNEL;
    state->dpdes = 1;
    hv_run_for(cpu->id, 3600 * TB_HZ);
    expect(0, 1);                       /* never ends */
}

void test_nested_reboot(void)
{
    expect(timebase() < 3600 * TB_HZ, true);
    expect(hv_enter((uint64_t)&states[0], (uint64_t)&l2_regs[0]), H_FUNCTION);
    hv_begin();
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
    struct regs *regs = hv_set_l2(cpu->id, l2_wait, wait_place(cpu->id),
                                  WAIT_VALUE);
    struct state *state = &states[cpu->id];
    uint64_t call[10] = { H_ENTER_NESTED, (uint64_t)state, (uint64_t)regs };

    state->hdec_expiry = timebase() + 3600 * TB_HZ;
    state->tb_offset = 86400 * TB_HZ;
    regs->gpr[31] = 31;
    regs->lr = 0x1234;
    expect(kept_registers(call), 0);
    expect(regs->nip, l2_address(l2_registers));    /* it made its call */
    expect(regs->gpr[3], WAIT_VALUE);
    expect(regs->gpr[31], 31);
    expect(regs->lr, 0x1234);
    /* the timebase is L1's again */
    expect(regs->gpr[6] > timebase() && state->hdec_expiry > timebase(), true);
    expect(regs->gpr[6] - timebase() <= 86400 * TB_HZ, true);
    /* and the next run ends at its expiry */
    hv_set_l2(cpu->id, l2_spin, 0, 0);
    expect(hv_run_for(cpu->id, TB_HZ / 1000), EXIT_HDEC);
}

void test_nested_saved(void)
{
    hv_begin();
    expect(start_cpu(1, be_saved, NULL), true);
    until_waits(1);
    until_restored();
    end_wait(1);
    until_stopped(1);
}

/* ---- hostile blocks and trees ---- */

/* Through the trees of a process, of which other bits change each time */
static void copy_at_random(uint64_t *seed)
{
    static const unsigned entries[] = { 0, 512, 1024 + 16, 1024 + 17 };
    static uint64_t own[CPUS][PAGE / 8];
    uint64_t what = random_next(seed), *buf = own[what % CPUS];
    uint64_t eaddr = PROCESS_PAGES + (what >> 8) % (2 * PAGE);

    l2_memory(PROCESS_NODES)[entries[what >> 32 & 3]] ^= 1ull << (what >> 58);
    hv_copy(PROCESS_PID, eaddr, what & 16 ? buf : 0, what & 16 ? 0 : buf,
            (what >> 24) % (sizeof(own[0]) + 1));
    if (!(what >> 36 & 15)) {
        hv_make_process(LEAF);
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
            hv_set_l2(cpu->id, l2_call + random_next(&seed) %
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
            /* a random entry of the partition table, and others in the tree */
            table[2 * (LPID + 1)] = HOST_RADIX | random_next(&seed);
            table[2 * (LPID + 1) + 1] = random_next(&seed);
            spoil_tree(&seed);
        }
        hv_run_for(cpu->id, what >> 48 & 0xfff);
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
    hv_begin();
    hv_make_process(LEAF);
    run_everywhere(enter_at_random);
}
