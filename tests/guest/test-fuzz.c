/*
 * A hostile guest: random hypercalls, RTAS calls and accesses to the interrupt
 * controller's pages, from all vCPUs at once.  QEMU has to survive.
 *
 * Seeds are fixed.  Calls that end or stop the machine or a vCPU are left out.
 * Addresses to write to are not the payload's, since a guest that overwrites
 * itself shows nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests.h"

#define CALLS       60000
#define SAFE_START  0x2000000ull        /* 32 MiB */
#define RAM_END     0x40000000ull       /* of run.py's -m 1G */

static volatile uint64_t done;
static uint64_t rounds;                 /* of each vCPU */

static uint64_t random_argument(uint64_t *seed)
{
    uint64_t r = random_next(seed), v = random_next(seed);

    switch (r % 12) {
    case 0: case 1:
        return v % 16;
    case 2:
        return v % 0x4000 | SAFE_START;
    case 3: case 4:
        return (SAFE_START + v % (RAM_END - SAFE_START)) & ~0xfffull;
    case 5:
        return RAM_END - v % 64;
    case 6:
        return RAM_END + (v & 0xfff0);
    case 7:
        return XIVE_TIMA + v % 0x1000;
    case 8:
        return ~(v % 64);
    case 9:
        return 1ull << v % 64;
    case 10:
        return 0x71000000 + v % 8;
    default:
        /* above all RAM, so not in the payload */
        return v | 1ull << 40;
    }
}

static bool is_left_out(uint64_t op)
{
    switch (op) {
    case H_CEDE:
    case H_JOIN:
    case H_CONFER:
    case H_SIGNAL_SYS_RESET:
    case H_WATCHDOG:
    case H_PUT_TERM_CHAR:
    case H_CAS:
    case H_RTAS:
        return true;
    default:
        return false;
    }
}

static uint64_t random_opcode(uint64_t *seed)
{
    uint64_t op, v;

    do {
        v = random_next(seed);
        switch (v % 16) {
        case 0:
            op = 0xf000 + (v >> 8) % 8;
            break;
        case 1:
            op = 0xef00 + (v >> 8) % 16 * 4;
            break;
        case 2:
            op = 0xf800 + (v >> 8) % 4 * 4;
            break;
        default:
            op = (v >> 8) % (0x490 / 4) * 4;
        }
    } while (is_left_out(op));
    return op;
}

/* Low addresses are the vectors */
static uint64_t keep_off(uint64_t value)
{
    return value < SAFE_START ? value | SAFE_START : value;
}

static bool writes_where_told(uint64_t op)
{
    return op == H_PAGE_INIT || op == H_LOGICAL_MEMOP || op == H_VOF_CLIENT ||
           op == H_LOGICAL_CI_STORE || op == H_LOGICAL_CACHE_STORE ||
           op == H_REGISTER_VPA;
}

static void one_hypercall(uint64_t *seed)
{
    uint64_t regs[10] = { random_opcode(seed) };

    for (int i = 1; i < 10; i++) {
        regs[i] = random_argument(seed);
    }
    if (writes_where_told(regs[0])) {
        for (int i = 1; i < 4; i++) {
            regs[i] = keep_off(regs[i]);
        }
    }
    if (regs[0] == H_LOGICAL_MEMOP) {
        regs[3] = random_next(seed) % 5;
        regs[4] = random_next(seed) % 4096;
    }
    hypercall(regs);
}

static bool is_safe_token(uint32_t token)
{
    switch (token) {
    case RTAS_POWER_OFF:
    case RTAS_SYSTEM_REBOOT:
    case RTAS_START_CPU:
    case RTAS_STOP_SELF:
    case RTAS_IBM_SUSPEND_ME:
    case RTAS_IBM_OS_TERM:
    case RTAS_DISPLAY_CHARACTER:
    case 0xa:
        return false;
    default:
        return true;
    }
}

/* At times the block is at the end of RAM, and reaches beyond it */
static void one_rtas_call(struct cpu *cpu, uint64_t *seed)
{
    uint64_t room = SAFE_START + 0x10000 * cpu->id;
    uint32_t *block = (uint32_t *)room;
    uint64_t v = random_next(seed);
    uint32_t token;

    do {
        token = 0x2000 + random_next(seed) % 48;
    } while (!is_safe_token(token));
    if (v % 16 == 0) {
        block = (uint32_t *)(RAM_END - 4 * (3 + v / 16 % 12));
        block[0] = token;
        block[1] = block[2] = 0;
    } else {
        block[0] = token;
        block[1] = v % 64 == 1 ? random_next(seed) : v / 64 % 10;
        block[2] = v % 64 == 2 ? random_next(seed) : v / 1024 % 10;
        for (int i = 3; i < 24; i++) {
            block[i] = random_argument(seed);
        }
    }
    /* another vCPU may write here meanwhile, but never an unsafe token */
    hcall(H_RTAS, (uint64_t)block, 0, 0, 0);
}

static void fuzz(struct cpu *cpu)
{
    uint64_t seed = 0x1234567 + cpu->id * 0x9999999;

    set_decrementer(0x7fffffff);
    for (uint64_t i = 0; i < rounds; i++) {
        one_hypercall(&seed);
        if (i % 4 == 0) {
            one_rtas_call(cpu, &seed);
        }
    }
    atomic_add(&done, 1);
    while (done < CPUS) {
        relax();
    }
}

void test_fuzz(void)
{
    rounds = command_number(CALLS);
    for (unsigned id = 1; id < CPUS; id++) {
        expect(start_cpu(id, fuzz, NULL), true);
    }
    fuzz(&cpus[0]);
}

static void one_access(uint64_t *seed)
{
    static const uint64_t bases[] = {
        0x6010000000000ull, 0x6010000000000ull, 0x6030203180000ull,
        0x6030203190000ull, XIVE_TIMA, XIVE_TIMA, 0x60302031b0000ull,
        0x6010040000000ull,
    };
    uint64_t v = random_next(seed);
    uint64_t at = bases[v % 8] + (v >> 4) % 0x1000;

    if (v & (1ull << 40)) {
        at += (v >> 44) % 16 << 16;     /* the next pages */
    }
    switch (v >> 60 & 7) {
    case 0: *(volatile uint8_t *)at = v >> 20; break;
    case 1: *(volatile uint16_t *)at = v >> 20; break;
    case 2: *(volatile uint32_t *)at = v >> 20; break;
    case 3: *(volatile uint64_t *)at = v >> 20; break;
    case 4: (void)*(volatile uint8_t *)at; break;
    case 5: (void)*(volatile uint16_t *)at; break;
    case 6: (void)*(volatile uint32_t *)at; break;
    case 7: (void)*(volatile uint64_t *)at; break;
    }
}

static void access_all(struct cpu *cpu)
{
    uint64_t seed = 0x7777777 + cpu->id * 0x123456789;

    cpu->skip_machine_checks = true;
    for (uint64_t i = 0; i < rounds; i++) {
        one_access(&seed);
        if (i % 64 == 0) {
            /* with queues at random places, to have events on their way */
            hypercall((uint64_t[10]){ H_INT_SET_QUEUE_CONFIG, 1,
                                      random_next(&seed) % CPUS,
                                      random_next(&seed) % 8,
                                      SAFE_START + (random_next(&seed) % 64
                                                    << 16), 16 });
            hypercall((uint64_t[10]){ H_INT_SET_SOURCE_CONFIG, 2,
                                      random_next(&seed) % 8,
                                      random_next(&seed) % CPUS,
                                      random_next(&seed) % 8, i });
        }
    }
    atomic_add(&done, 1);
    while (done < CPUS) {
        relax();
    }
}

void test_mmio_fuzz(void)
{
    rounds = command_number(4 * CALLS);
    expect(negotiate(true, true), true);
    for (unsigned id = 1; id < CPUS; id++) {
        expect(start_cpu(id, access_all, NULL), true);
    }
    access_all(&cpus[0]);
}
