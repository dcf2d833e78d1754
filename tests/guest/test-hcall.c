/*
 * The hypercall interface itself: LoPAR 14.5.3, and H_SET_MODE
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests.h"

#define SET_MODE_ENDIAN 4

#define PROCESS_TABLE_GTSE  1           /* the guest may flush by tlbie */
#define START_ROUNDS        300

void test_abi(void)
{
    static const uint16_t calls[] = {
        H_SET_SPRG0, H_READ, H_ENTER, H_REMOVE, H_GET_TERM_CHAR, H_XIRR, H_CPPR,
        H_GET_CPU_CHARACTERISTICS, H_REGISTER_VPA, H_SET_MODE, H_RANDOM, H_PROD,
        H_RTAS, H_INT_GET_SOURCE_INFO, H_CONFER, 0x3fc, 0x7ffc,
    };
    static const uint64_t unknown[] = {
        0, 0x2, 0x26, 0xffc, 0x1000, 0xeffc, 0xfffc, 0x10000,
        (1ull << 32) | H_SET_SPRG0, (1ull << 63) | H_SET_SPRG0, ~0ull,
    };
    uint64_t out[1], value;

    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        uint64_t regs[10] = { calls[i], 0xfff0, 1ull << 60, 3, 4, 5 };

        expect(kept_registers(regs), 0);
    }
    for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        expect(hcall(unknown[i], 0, 0, 0, 0), H_FUNCTION);
    }
    expect(hcall(H_SET_SPRG0, 0x123456789abcdef0, 0, 0, 0), H_SUCCESS);
    asm volatile("mfsprg %0, 0" : "=r"(value));
    expect(value, 0x123456789abcdef0);
    expect(hcall_out(out, 1, H_RTAS, 1ull << 40, 0, 0, 0), H_PARAMETER);
}

static void put_code(uint64_t at, const uint32_t *code, unsigned n, bool little)
{
    volatile uint32_t *to = (volatile uint32_t *)at;

    for (unsigned i = 0; i < n; i++) {
        to[i] = little ? __builtin_bswap32(code[i]) : code[i];
        asm volatile("dcbst 0,%0; sync; icbi 0,%0; isync"
                     : : "r"(&to[i]) : "memory");
    }
}

/* A trap's handler that returns its MSR in r3, behind the trap */
static const uint32_t msr_handler[] = {
    0x7c6000a6,         /* mfmsr r3 */
    0x7c9a02a6,         /* mfsrr0 r4 */
    0x38840004,         /* addi r4,r4,4 */
    0x7c9a03a6,         /* mtsrr0 r4 */
    0x4c000024,         /* rfid */
};

void put_msr_handler(uint64_t at, bool little)
{
    put_code(at, msr_handler, 5, little);
}

static void trap_here(struct cpu *cpu)
{
    cpu->count = trap_msr();
}

/* The next interrupt is little-endian, here and on a vCPU started later */
void test_endian(void)
{
    for (int round = 0; round < 20; round++) {
        bool little = round & 1;

        expect(hcall(H_SET_MODE, little, SET_MODE_ENDIAN, 0, 0), H_SUCCESS);
        put_msr_handler(VEC_TRAP, little);
        expect(trap_msr() & MSR_LE, little);
        expect(start_cpu(1, trap_here, NULL), true);
        while (cpus[1].running) {
            relax();
        }
        expect(cpus[1].count & MSR_LE, little);
        wait_stopped(1);
    }
    expect(hcall(H_SET_MODE, 2, SET_MODE_ENDIAN, 0, 0) != H_SUCCESS, true);
    expect(hcall(H_SET_MODE, 0, SET_MODE_ENDIAN, 1, 0), H_P3);
    expect(hcall(H_SET_MODE, 0, SET_MODE_ENDIAN, 0, 1), H_P4);
    expect(hcall(H_SET_MODE, 0, 99, 0, 0), H_P2);
}

/*
 * msr_handler() in whichever endianness the interrupt is taken: the first word
 * does nothing in one and jumps by 0x60 in the other.
 */
static void put_both_handlers(void)
{
    static const uint32_t fork = 0x60000048;

    put_code(VEC_TRAP, &fork, 1, false);
    put_code(VEC_TRAP + 4, msr_handler, 5, false);
    put_code(VEC_TRAP + 0x60, msr_handler, 5, true);
}

/* tlbie of address 0; if refused, the trap's handler changes r3 */
static bool may_flush(void)
{
    register uint64_t r3 asm("r3") = 0;
    register uint64_t nowhere asm("r5") = 0;

    asm volatile(".long 0x7c000264 | 5 << 21 | 5 << 11"
                 : "+r"(r3) : "r"(nowhere) : "r4", "memory");
    return r3 == 0;
}

static volatile uint64_t changed;

static void tell_modes(struct cpu *cpu)
{
    while (!changed) {
        relax();
    }
    full_barrier();
    cpu->count = trap_msr() & MSR_LE;
    if (cpu->arg) {
        cpu->count |= (uint64_t)may_flush() << 32;
    }
}

static bool has_process_table(void)
{
    uint64_t pvr;

    asm volatile("mfpvr %0" : "=r"(pvr));
    return pvr >> 16 >= 0x4e;           /* POWER9 */
}

/*
 * Modes of the partition are the same in a vCPU that was being started when
 * they changed: start-cpu is called before the change, and the vCPU may begin
 * before, amid and after it.
 */
void test_start_modes(void)
{
    bool isa3 = has_process_table();

    put_both_handlers();
    for (uint64_t round = 1; round <= command_number(START_ROUNDS); round++) {
        uint64_t little = round & 1, gtse = round >> 1 & 1;

        changed = 0;
        full_barrier();
        expect(start_cpu(1, tell_modes, isa3 ? (void *)&changed : NULL), true);
        expect(hcall(H_SET_MODE, little, SET_MODE_ENDIAN, 0, 0), H_SUCCESS);
        if (isa3) {
            expect(hcall(H_REGISTER_PROCESS_TABLE,
                         gtse ? PROCESS_TABLE_GTSE : 0, 0, 0, 0), H_SUCCESS);
        }
        full_barrier();
        changed = 1;
        while (cpus[1].running) {
            relax();
        }
        expect(cpus[1].count, little * MSR_LE | (isa3 ? gtse << 32 : 0));
        wait_stopped(1);
    }
    expect(hcall(H_SET_MODE, 0, SET_MODE_ENDIAN, 0, 0), H_SUCCESS);
}

/*
 * Each negotiation changes the compatibility mode of all vCPUs, of which some
 * are plugged and unplugged (plugged.py), until the console has a character
 */
void test_negotiations(void)
{
    uint64_t out[3] = { 0 };

    for (uint64_t round = 0; !out[0]; round++) {
        isa207_alone = round & 1;
        expect(negotiate(false, false), true);
        if (!round) {
            print("READY\n");
        }
        expect(hcall_out(out, 3, H_GET_TERM_CHAR, 0, 0, 0, 0), H_SUCCESS);
    }
}

static void negotiate_second(struct cpu *cpu)
{
    wait_stopped(0);
    test_negotiations();
    print("PASS negotiations-second\n");
    power_off();
}

/*
 * The same on the second vCPU, while the first one is stopped and its thread
 * has work of QEMU's to do (backends.py)
 */
void test_negotiations_second(void)
{
    expect(start_cpu(1, negotiate_second, NULL), true);
    stop_self();
}
