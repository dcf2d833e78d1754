/*
 * Code that changes while it is called: a call runs what is there, on the CPU
 * that has changed it and on one that is told
 *
 * Calls and returns go through each CPU's cache of translated code, which the
 * change of code by any CPU has to reach.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests.h"

#define ROUNDS      1000
#define FUNCTIONS   8                   /* two in each page */
#define HALF_PAGE   (PAGE / 8)

typedef uint64_t function(void);

static uint32_t code[FUNCTIONS][HALF_PAGE] __attribute__((aligned(PAGE)));
static volatile uint64_t changed, acknowledged;

/* Have function @n return the low bits of @value */
static void change(unsigned n, uint64_t value)
{
    volatile uint32_t *at = code[n];

    at[1] = 0x4e800020;                         /* blr */
    at[0] = 0x38600000 | (value & 0x7fff);      /* li r3,value */
    asm volatile("dcbst 0,%0; sync; icbi 0,%0; sync; isync"
                 : : "r"(at) : "memory");
}

static uint64_t call(unsigned n)
{
    return ((function *)(uint64_t)code[n])();
}

/* Those that are as they were for this @round's first steps */
static void call_others(uint64_t round)
{
    for (unsigned i = 1; i < FUNCTIONS; i++) {
        uint64_t last = round > i ? round - i : 0;

        expect(call(last % FUNCTIONS), last & 0x7fff);
    }
}

/* The one that changes is the old one or the new one */
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
