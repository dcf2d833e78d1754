/*
 * Code that changes while it is called: a call runs the new code, on the CPU
 * that has changed it and on one that is told
 *
 * Calls and returns go through each CPU's cache of translated code, in which a
 * change of code by any CPU, or other memory at its address, must take effect.
 *
 * Long stretches of code without a branch are translated to blocks of all
 * sizes, among them some that fill a small buffer of translated code.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests.h"

#define ROUNDS      1000
#define FUNCTIONS   8                   /* two in each page */
#define HALF_PAGE   (PAGE / 8)
#define BLR         0x4e800020

typedef uint64_t function(void);

static uint32_t code[FUNCTIONS][HALF_PAGE] __attribute__((aligned(PAGE)));
static volatile uint64_t changed, acknowledged;

/* Have function @n return the low bits of @value */
static void change(unsigned n, uint64_t value)
{
    volatile uint32_t *at = code[n];

    at[1] = BLR;
    at[0] = 0x38600000 | (value & 0x7fff);      /* li r3,value */
    asm volatile("dcbst 0,%0; sync; icbi 0,%0; sync; isync"
                 : : "r"(at) : "memory");
}

static uint64_t call(unsigned n)
{
    return ((function *)(uint64_t)code[n])();
}

/* The functions that @round does not change return their last values */
static void call_others(uint64_t round)
{
    for (unsigned i = 1; i < FUNCTIONS; i++) {
        uint64_t last = round > i ? round - i : 0;

        expect(call(last % FUNCTIONS), last & 0x7fff);
    }
}

/* The function that changes returns its old value or the new one */
static void call_changing(uint64_t round)
{
    uint64_t value = call(round % FUNCTIONS);

    if (value != (round & 0x7fff)) {
        expect(value, round > FUNCTIONS ? (round - FUNCTIONS) & 0x7fff : 0);
    }
}

static void call_changed(struct cpu *cpu)
{
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        while (changed < round) {
            call_changing(round);
            call_others(round);
        }
        asm volatile("lwsync; isync" : : : "memory");
        expect(call(round % FUNCTIONS), round & 0x7fff);
        acknowledged = round;
    }
}

void test_code_changes(void)
{
    for (unsigned n = 0; n < FUNCTIONS; n++) {
        change(n, 0);
        expect(call(n), 0);
    }
    expect(start_cpu(1, call_changed, NULL), true);
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        unsigned n = round % FUNCTIONS;

        change(n, round);
        expect(call(n), round & 0x7fff);
        asm volatile("sync" : : : "memory");
        changed = round;
        while (acknowledged < round) {
            call_others(round);
        }
    }
    wait_stopped(1);
}

/* The area for memory modules begins at 1 GiB */
#define MODULE      0x40000000ull

/* What the user has typed, 'g' to go on or 'q' */
static char typed(void)
{
    uint64_t out[3] = { 0 };

    while (!out[0]) {
        expect(hcall_out(out, 3, H_GET_TERM_CHAR, 0, 0, 0, 0), H_SUCCESS);
    }
    return out[1] >> 56;
}

/*
 * Code in a memory module that was plugged just before (modules.py): what runs
 * is this module's code, not that of an earlier module at the same address.
 * The processor's instruction cache snoops, so icbi is executed for another
 * block than that of the code, as Linux does for new code.
 */
void test_module_code(void)
{
    hotplug_events = true;
    expect(negotiate(false, true), true);
    print("READY\n");
    for (uint64_t round = 1; typed() == 'g'; round++) {
        volatile uint32_t *at = (uint32_t *)MODULE;

        expect(at[0], 0);
        at[1] = BLR;
        at[0] = 0x38600000 | round;             /* li r3,round */
        asm volatile("sync; icbi 0,%0; sync; isync" : : "r"(code) : "memory");
        expect(((function *)MODULE)(), round);
        print("DONE\n");
        print("READY\n");
    }
}

#define LONG_BLOCK  (PAGE / 4)
#define LD_R5_R3    0xe8a30000
#define ADDI_R4_1   0x38840001
#define MR_R3_R4    0x7c832378

static uint32_t long_block[LONG_BLOCK] __attribute__((aligned(PAGE)));
static uint64_t word;

/* A load is much host code, an addition is little */
static void put_long_block(unsigned loads_of_8)
{
    unsigned n = 0;

    for (; n < LONG_BLOCK - 2; n++) {
        long_block[n] = n % 8 < loads_of_8 ? LD_R5_R3 : ADDI_R4_1;
    }
    long_block[n] = MR_R3_R4;
    long_block[n + 1] = BLR;
    for (n = 0; n < LONG_BLOCK; n += 8) {
        asm volatile("dcbst 0,%0; sync; icbi 0,%0; sync; isync"
                     : : "r"(&long_block[n]) : "memory");
    }
}

/* Each of @long_block's additions counts, and no more */
static uint64_t run_long_block(void)
{
    register uint64_t r3 asm("r3") = (uint64_t)&word;
    register uint64_t r4 asm("r4") = 0;

    asm volatile("mtctr %2; bctrl"
                 : "+r"(r3), "+r"(r4)
                 : "r"((uint64_t)long_block)
                 : "r5", "lr", "ctr", "memory");
    return r3;
}

void test_long_blocks(void)
{
    for (unsigned loads_of_8 = 0; loads_of_8 <= 8; loads_of_8++) {
        unsigned additions = 0;

        put_long_block(loads_of_8);
        for (unsigned n = 0; n < LONG_BLOCK - 2; n++) {
            additions += n % 8 >= loads_of_8;
        }
        for (unsigned round = 0; round < 3; round++) {
            expect(run_long_block(), additions);
        }
    }
}
