/*
 * All vCPUs in calls and device accesses, and nothing of theirs gets lost
 *
 * Each hypercall is made with something in every register: what it returns is
 * known, what it is to keep is compared (LoPAR 14.5.3).  A device's registers,
 * if an e1000e is there, are written and read in all the ways there are.
 * Messages are sent and counted.  So whatever is done from outside meanwhile,
 * be it a stop, a reset, a debugger or a migration, may not show.
 *
 * `call-storm N`: until each vCPU has done N rounds (0: for ever), or `q` on
 * the console.  For any other character there is a line of the rounds so far.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests.h"

#define ROUNDS          1500
#define MSR_FP_VEC_VSX  0x2802000ull
#define CEDE_TICKS      20000
#define NOBODY          77

struct storm_kept {
    uint64_t gpr[20];           /* r2, r13 to r31 */
    uint64_t lr, cr, fpscr, tar, dscr, vrsave;
    uint64_t vsr[64][2];
};

struct storm_regs {
    uint64_t args[10];          /* r3 to r12 */
    uint64_t stack, unused;
    struct storm_kept before, after;
};

_Static_assert(offsetof(struct storm_regs, stack) == STORM_STACK, "layout.h");
_Static_assert(offsetof(struct storm_regs, before) == STORM_BEFORE, "layout.h");
_Static_assert(offsetof(struct storm_regs, after) == STORM_AFTER, "layout.h");
_Static_assert(offsetof(struct storm_kept, lr) == STORM_LR, "layout.h");
_Static_assert(offsetof(struct storm_kept, vrsave) == STORM_VRSAVE, "layout.h");
_Static_assert(offsetof(struct storm_kept, vsr) == STORM_VSRS, "layout.h");

void storm_call(struct storm_regs *regs);       /* storm.S */
extern const char storm_call_sc[];

struct storm {
    struct storm_regs regs;
    /* for accesses by hypercalls, and of vectors, which disregard low bits */
    uint64_t memory[2] __attribute__((aligned(16)));
    uint64_t seed;
    uint32_t block[16];         /* of RTAS */
    uint64_t time;
    volatile uint64_t rounds;
};

static struct storm storms[CPUS];
static unsigned cpus_there;
static bool with_xive, has_join;
static uint64_t device;                 /* its registers; 0: there is none */
static volatile bool done;
static volatile uint64_t finished;

/* ---- hypercalls ---- */

static void fill(struct storm *storm)
{
    struct storm_kept *kept = &storm->regs.before;
    uint64_t *words = (uint64_t *)kept;

    for (unsigned i = 0; i < sizeof(*kept) / 8; i++) {
        words[i] = random_next(&storm->seed);
    }
    kept->cr &= 0x00fff000;
    kept->fpscr &= 0x1f003;             /* rounding, and last results */
    kept->dscr &= 0x1ff;
    kept->vrsave &= 0xffffffff;
}

static void compare(const struct storm *storm, uint64_t op)
{
    const uint64_t *before = (const uint64_t *)&storm->regs.before;
    const uint64_t *after = (const uint64_t *)&storm->regs.after;

    for (unsigned i = 0; i < sizeof(struct storm_kept) / 8; i++) {
        if (before[i] != after[i]) {
            print("FAIL hypercall %x: kept word %d is %x, not %x (vCPU %d)\n",
                  op, i, after[i], before[i], (uint64_t)(storm - storms));
            power_off();
        }
    }
}

/* Returns r3; the other results are in storm->regs.args */
static long call(struct storm *storm, uint64_t op, uint64_t a, uint64_t b,
                 uint64_t c)
{
    uint64_t *args = storm->regs.args;
    uint64_t stack;

    fill(storm);
    for (int i = 0; i < 10; i++) {
        args[i] = random_next(&storm->seed);
    }
    args[0] = op;
    args[1] = a;
    args[2] = b;
    args[3] = c;
    storm_call(&storm->regs);
    compare(storm, op);
    asm volatile("mr %0, 1" : "=r"(stack));
    /* r1 as it came out of the call is below this function's */
    expect(stack - storm->regs.stack < 4096, true);
    return args[0];
}

static void no_terminal(struct storm *storm)
{
    expect(call(storm, H_GET_TERM_CHAR, storm->seed | 1, 0, 0), H_PARAMETER);
}

static void load_memory(struct storm *storm)
{
    unsigned shift = random_next(&storm->seed) % 4;
    uint64_t value = random_next(&storm->seed);
    unsigned bits = 8 << shift;

    storm->memory[0] = value;
    expect(call(storm, H_LOGICAL_CI_LOAD, 1 << shift, (uintptr_t)storm->memory,
                0), H_SUCCESS);
    expect(storm->regs.args[1], value >> (64 - bits));
}

static void store_memory(struct storm *storm)
{
    unsigned shift = random_next(&storm->seed) % 4;
    uint64_t value = random_next(&storm->seed);
    unsigned rest = 64 - (8 << shift);

    storm->memory[0] = 0;
    expect(call(storm, H_LOGICAL_CI_STORE, 1 << shift,
                (uintptr_t)storm->memory, value), H_SUCCESS);
    full_barrier();
    expect(storm->memory[0], value << rest);
}

static void rtas_block(struct storm *storm, uint32_t token, uint32_t nargs,
                       uint32_t nrets)
{
    storm->block[0] = token;
    storm->block[1] = nargs;
    storm->block[2] = nrets;
    expect(call(storm, H_RTAS, (uintptr_t)storm->block, 0, 0), H_SUCCESS);
    full_barrier();
}

static void time_of_day(struct storm *storm)
{
    uint32_t *rets = storm->block + 3;
    uint64_t now;

    for (unsigned i = 0; i < 8; i++) {
        rets[i] = 0xbadbad;
    }
    rtas_block(storm, RTAS_GET_TIME_OF_DAY, 0, 8);
    expect(rets[0], RTAS_SUCCESS);
    expect(rets[2] - 1 < 12 && rets[3] - 1 < 31 && rets[4] < 24 &&
           rets[5] < 60 && rets[6] < 61 && rets[7] < 1000000000, true);
    now = ((((rets[1] * 12ull + rets[2]) * 31 + rets[3]) * 24 + rets[4]) * 60 +
           rets[5]) * 61 + rets[6];
    expect(now >= storm->time, true);
    storm->time = now;
}

static void own_state(struct storm *storm)
{
    uint32_t *rets = storm->block + 4;

    storm->block[3] = storm - storms;
    rets[0] = rets[1] = 0xbadbad;
    rtas_block(storm, RTAS_QUERY_CPU_STOPPED_STATE, 1, 2);
    expect(rets[0], RTAS_SUCCESS);
    expect(rets[1], 2);
}

static void prod(struct storm *storm)
{
    unsigned id = random_next(&storm->seed) % (cpus_there + 1);

    expect(call(storm, H_PROD, id < cpus_there ? id : NOBODY, 0, 0),
           id < cpus_there ? H_SUCCESS : H_PARAMETER);
}

static void cede(struct storm *storm)
{
    interrupts(false);          /* no interrupt before the sleep */
    set_decrementer(random_next(&storm->seed) % CEDE_TICKS);
    expect(call(storm, H_CEDE, 0, 0, 0), H_SUCCESS);
    expect(get_msr() & MSR_EE, MSR_EE);
}

/* vCPU 0 stays awake and prods */
static void join(struct storm *storm)
{
    long rc;

    if (storm == storms) {
        return;
    }
    interrupts(false);
    rc = call(storm, H_JOIN, 0, 0, 0);
    if (rc != H_CONTINUE) {
        expect(rc, has_join ? H_SUCCESS : H_FUNCTION);
    }
}

/* H_CONFER to the own vCPU would sleep until an H_PROD */
static void confer(struct storm *storm)
{
    uint64_t id = random_next(&storm->seed) % cpus_there;

    expect(call(storm, H_CONFER, id == storm - storms ? -1 : id,
                random_next(&storm->seed) & 0xffffffff, 0), H_SUCCESS);
}

static void set_sprg0(struct storm *storm)
{
    uint64_t value = random_next(&storm->seed), got;

    expect(call(storm, H_SET_SPRG0, value, 0, 0), H_SUCCESS);
    asm volatile("mfsprg %0, 0" : "=r"(got));
    expect(got, value);
}

static void refused(struct storm *storm)
{
    expect(call(storm, H_SET_MODE, 0, 99, 0), H_P2);
    expect(call(storm, 0xfffc, 0, 0, 0), H_FUNCTION);
}

/* ---- the device ---- */

#define MMIO_WINDOW     0x200080000000ull       /* its real address */
#define MMIO_BUS        0x80000000u             /* its PCI address */
#define E1000E_MTA      0x5200                  /* 128 words of plain storage */

static void find_device(void)
{
    unsigned devfn = pci_find(E1000E);

    if (devfn != PCI_NONE) {
        pci_write(devfn, PCI_BAR0, 4, MMIO_BUS);
        pci_write(devfn, PCI_COMMAND, 2, PCI_MEMORY);
        device = MMIO_WINDOW;
    }
}

#define LOAD(insn, value, at) \
    asm volatile(insn " %0, 0, %1" : "=r"(value) : "r"(at) : "memory")
#define STORE(insn, value, at) \
    asm volatile(insn " %0, 0, %1" : : "r"(value), "r"(at) : "memory")
/* By a register of floating point or vectors, of which the compiler has none */
#define MOVE(load, from, store, to) \
    asm volatile(".machine power8; " load " 1, 0, %0; " store " 1, 0, %1" \
                 : : "r"(from), "r"(to) : "memory")

static void device_sizes(uint64_t at, uint64_t value)
{
    uint64_t half, signed_half, byte, word, signed_word, reversed;

    STORE("stwx", value, at);
    LOAD("lwzx", word, at);
    LOAD("lwax", signed_word, at);
    LOAD("lhzx", half, at);
    LOAD("lhax", signed_half, at);
    LOAD("lbzx", byte, at);
    LOAD("lwbrx", reversed, at);
    expect(word, (uint32_t)value);
    expect(signed_word, (int32_t)value);
    expect(half, (uint16_t)(value >> 16));
    expect(signed_half, (int16_t)(value >> 16));
    expect(byte, (uint8_t)(value >> 24));
    expect(reversed, __builtin_bswap32(value));
    STORE("stwbrx", value, at);
    LOAD("lwzx", word, at);
    expect(word, __builtin_bswap32(value));
}

/* 8 bytes, which are two accesses; and loads and stores with update */
static void device_doubles(uint64_t at, uint64_t value)
{
    uint64_t got, reversed, to = at - 16, from = at - 8;

    STORE("stdx", value, at);
    LOAD("ldx", got, at);
    LOAD("ldbrx", reversed, at);
    expect(got, value);
    expect(reversed, __builtin_bswap64(value));
    asm volatile("stwu %1, 16(%0)" : "+r"(to) : "r"(value) : "memory");
    asm volatile("lwzu %1, 8(%0)" : "+r"(from), "=r"(got) : : "memory");
    expect(to, at);
    expect(from, at);
    expect(got, (uint32_t)value);
}

static void device_floats(struct storm *storm, uint64_t at, uint64_t value)
{
    uint64_t *memory = storm->memory;
    uint64_t got;

    memory[0] = value;
    MOVE("lfdx", memory, "stfdx", at);
    MOVE("lfdx", at, "stfdx", memory + 1);
    expect(memory[1], value);
    /* a number that is the same in both formats */
    *(uint32_t *)memory = (value & 0x807fffff) | 0x3f800000;
    MOVE("lfsx", memory, "stfsx", at);
    LOAD("lwzx", got, at);
    expect(got, *(uint32_t *)memory);
    *(uint32_t *)memory = 0;
    MOVE("lfsx", at, "stfsx", memory);
    expect(*(uint32_t *)memory, got);
}

static void device_vectors(struct storm *storm, uint64_t at, uint64_t value)
{
    uint64_t *memory = storm->memory;
    const uint64_t other = random_next(&storm->seed);

    memory[0] = value;
    memory[1] = other;
    MOVE("lxvd2x", memory, "stxvd2x", at);
    memory[0] = memory[1] = 0;
    MOVE("lvx", at, "stvx", memory);
    expect(memory[0], value);
    expect(memory[1], other);
    memory[0] = other;
    memory[1] = value;
    MOVE("lvx", memory, "stvx", at);
    memory[0] = memory[1] = 0;
    MOVE("lxvd2x", at, "stxvd2x", memory);
    expect(memory[0], other);
    expect(memory[1], value);
}

static void device_by_calls(struct storm *storm, uint64_t at, uint64_t value)
{
    expect(call(storm, H_LOGICAL_CI_STORE, 4, at, value), H_SUCCESS);
    expect(call(storm, H_LOGICAL_CI_LOAD, 4, at, 0), H_SUCCESS);
    expect(storm->regs.args[1], (uint32_t)value);
}

static void use_device(struct storm *storm)
{
    uint64_t at = device + E1000E_MTA + 128 * (storm - storms) +
                  16 * (random_next(&storm->seed) % 8);
    uint64_t value = random_next(&storm->seed);

    if (!device) {
        return;
    }
    switch (random_next(&storm->seed) % 5) {
    case 0:
        device_sizes(at, value);
        break;
    case 1:
        device_doubles(at, value);
        break;
    case 2:
        device_floats(storm, at, value);
        break;
    case 3:
        device_vectors(storm, at, value);
        break;
    default:
        device_by_calls(storm, at, value);
    }
}

/* ---- the storm ---- */

static void message(struct storm *storm)
{
    message_send(random_next(&storm->seed) % cpus_there);
}

static void (*const deeds[])(struct storm *) = {
    no_terminal, load_memory, store_memory, time_of_day, own_state, prod, cede,
    join, confer, set_sprg0, refused, use_device, use_device, message, message,
};

static void listen(void)
{
    uint64_t out[3] = { 0 };

    expect(hcall_out(out, 3, H_GET_TERM_CHAR, 0, 0, 0, 0), H_SUCCESS);
    if (!out[0]) {
        return;
    }
    if (out[1] >> 56 == 'q') {
        done = true;
    } else {
        print("ROUNDS %d %d %d %d\n", storms[0].rounds, storms[1].rounds,
              storms[2].rounds, storms[3].rounds);
    }
}

static bool all_have_done(uint64_t rounds)
{
    for (unsigned id = 0; id < cpus_there; id++) {
        if (storms[id].rounds < rounds) {
            return false;
        }
    }
    return rounds;
}

static void lead(void)
{
    uint64_t rounds = command_number(ROUNDS);

    if (storms[0].rounds % 16 == 0) {
        listen();
    }
    if (all_have_done(rounds)) {
        done = true;
    }
}

/* vCPUs that have joined are woken, so that they see the end */
static void end_all(struct cpu *cpu)
{
    interrupts(true);
    atomic_add(&finished, 1);
    while (finished < cpus_there || !messages_seen(cpu->id)) {
        if (cpu->id == 0) {
            for (unsigned id = 1; id < cpus_there; id++) {
                expect(hcall(H_PROD, id, 0, 0, 0), H_SUCCESS);
            }
        }
        relax();
    }
    interrupts(false);
}

static void storm_on(struct cpu *cpu)
{
    struct storm *storm = &storms[cpu->id];

    storm->seed = 0x57012345678 + cpu->id;
    set_msr(get_msr() | MSR_FP_VEC_VSX);
    messages_setup(cpu, with_xive);
    barrier_wait(cpus_there);
    while (!done) {
        uint64_t choice = random_next(&storm->seed);

        interrupts(choice & 1);
        deeds[(choice >> 1) % (sizeof(deeds) / sizeof(deeds[0]))](storm);
        interrupts(false);
        storm->rounds++;
        if (cpu->id == 0) {
            lead();
        }
    }
    end_all(cpu);
}

static void announce(void)
{
    print("STORM of %d vCPUs, %s, %s device, calls from %x\n",
          (uint64_t)cpus_there, with_xive ? "XIVE" : "XICS",
          device ? "a" : "no", (uint64_t)storm_call_sc);
}

static void count_cpus(void)
{
    cpus_there = 1;
    for (uint32_t id = 1; id < CPUS; id++) {
        uint32_t rets[2];

        if (!rtas(RTAS_QUERY_CPU_STOPPED_STATE, 1, &id, 2, rets)) {
            cpus_there++;
        }
    }
}

void test_call_storm(void)
{
    uint64_t xirr = 0;

    count_cpus();
    with_xive = hcall1(H_XIRR, &xirr, 0, 0, 0) == H_FUNCTION;
    if (with_xive) {
        expect(negotiate(true, true), true);
    }
    /* no other vCPU runs: this returns at once */
    has_join = hcall(H_JOIN, 0, 0, 0, 0) == H_CONTINUE;
    find_device();
    announce();
    for (unsigned id = 1; id < cpus_there; id++) {
        expect(start_cpu(id, storm_on, NULL), true);
    }
    storm_on(&cpus[0]);
    for (unsigned id = 1; id < cpus_there; id++) {
        while (cpus[id].running) {
            relax();
        }
        wait_stopped(id);
    }
    print("DONE rounds %d %d %d %d\n", storms[0].rounds, storms[1].rounds,
          storms[2].rounds, storms[3].rounds);
}
