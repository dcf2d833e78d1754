/*
 * Calls and returns, over and over: each goes where the present code says, and
 * runs the code that is there at present
 *
 * The translator links calls, also those to other pages, and keeps a stack of
 * returns (base/patches/0151, 0152).  Here returns leave the order of calls,
 * go to code that has changed since the call, and to pages that have been
 * replaced.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests.h"

#define ROUNDS      300
#define MFLR_R6     0x7cc802a6
#define MTLR_R6     0x7cc803a6
#define MFLR_R7     0x7ce802a6
#define MTLR_R7     0x7ce803a6
#define MTCTR_R12   0x7d8903a6
#define BCTRL       0x4e800421
#define BLR         0x4e800020
#define BEQLR       0x4d820020
#define CMPDI_R4_0  0x2c240000
#define LI(r, v)    (0x38000000 | (r) << 21 | ((v) & 0xffff))
#define ADDI(r, a, v) (LI(r, v) | (a) << 16)
#define ADD_R7_R7_R4  0x7ce72214
#define STW_R4_R5   0x90850000
#define DCBST_R5    0x7c00286c
#define ICBI_R5     0x7c002fac
#define SYNC        0x7c0004ac
#define ISYNC       0x4c00012c
#define B(from, to) (0x48000000 | (((to) - (from)) * 4 & 0x3fffffc))
#define BL(from, to) (B(from, to) | 1)
#define WORDS       (PAGE / 4)

typedef uint64_t function(uint64_t zero, uint64_t r4, uint64_t r5);

/* A page for who calls, one for what is called, and another one of each */
static uint32_t pages[4][WORDS] __attribute__((aligned(PAGE)));

static void flush(volatile uint32_t *at)
{
    asm volatile("dcbst 0,%0; sync; icbi 0,%0; sync; isync"
                 : : "r"(at) : "memory");
}

static void put_words(uint32_t *to, const uint32_t *from, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        ((volatile uint32_t *)to)[i] = from[i];
        flush(to + i);
    }
}

#define PUT(to, ...)                                                    \
    do {                                                                \
        const uint32_t words_[] = { __VA_ARGS__ };                      \
        put_words(to, words_, sizeof(words_) / sizeof(words_[0]));      \
    } while (0)

static uint64_t call(const void *code, uint64_t r4, uint64_t r5)
{
    return ((function *)code)(0, r4, r5);
}

/* What is called changes the instruction that it returns to, or another one */
static void return_to_changed(void)
{
    uint64_t spare = (uint64_t)&pages[1][WORDS - 1];
    uint64_t there = (uint64_t)&pages[0][2], value = 1;

    PUT(pages[0], MFLR_R6, BL(1, WORDS), LI(3, 1), MTLR_R6, BLR);
    PUT(pages[1], STW_R4_R5, DCBST_R5, SYNC, ICBI_R5, SYNC, ISYNC, BLR);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        bool change = round % 5 >= 3;

        value = change ? round : value;
        expect(call(pages[0], LI(3, round), change ? there : spare), value);
    }
}

/* What is called returns r4 bytes behind its return address */
static void return_elsewhere(void)
{
    PUT(pages[0], MFLR_R6, BL(1, WORDS), LI(3, 1), B(3, 5), LI(3, 2), MTLR_R6,
        BLR);
    PUT(pages[1], MFLR_R7, ADD_R7_R7_R4, MTLR_R7, BLR);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        bool further = round % 7 == 3 || round > ROUNDS / 2;

        expect(call(pages[0], further ? 8 : 0, 0), further ? 2 : 1);
    }
}

/* What is called returns at once, and later goes on */
static void return_or_go_on(void)
{
    for (uint64_t round = 0; round < 20; round++) {
        PUT(pages[0], MFLR_R6, BL(1, WORDS), ADDI(3, 3, 1), MTLR_R6, BLR);
        PUT(pages[1], CMPDI_R4_0, BEQLR, LI(3, 7), BLR);
        expect(call(pages[0], 0, 0), 1);
        expect(call(pages[0], 1, 0), 8);
        expect(call(pages[0], 0, 0), 1);
    }
}

static volatile uint64_t depth_seen;

static __attribute__((noinline)) uint64_t descend(uint64_t depth)
{
    uint64_t below = 0;

    depth_seen = depth;
    if (depth) {
        below = descend(depth - 1);
    }
    return below + depth;
}

/* Deeper than the stack of returns, and back */
static void return_from_depth(void)
{
    for (uint64_t depth = 0; depth < 70; depth++) {
        for (unsigned i = 0; i < 4; i++) {
            expect(descend(depth), depth * (depth + 1) / 2);
        }
    }
}

void test_returns(void)
{
    return_to_changed();
    return_elsewhere();
    return_or_go_on();
    return_from_depth();
}

/* Virtual pages, and what they are mapped to at present */
#define CALLER      (SEGMENT + 0x10000)
#define CALLED      (CALLER + PAGE)
#define VPN(va)     ((va) - SEGMENT)

static uint64_t slots[2];

static void map(uint64_t va, const void *page)
{
    uint64_t *slot = &slots[va == CALLED];

    if (*slot) {
        expect(hcall(H_REMOVE, 0, *slot - 1, 0, 0), H_SUCCESS);
    }
    *slot = 1 + hash_enter(0, VSID + 1, VPN(va), (uint64_t)page, PP_RW);
}

/* The page of the caller is replaced by another before the return to it */
static uint64_t replace_caller(uint64_t which)
{
    map(CALLER, pages[which]);
    return 0;
}

#define FRAME       128

static void put_callers(void)
{
    for (unsigned k = 0; k < 2; k++) {
        PUT(pages[k], MFLR_R6, BL(1, WORDS), ADDI(3, 3, 16 * k), MTLR_R6, BLR);
        /* at the same place of each: calls r12 with r3 as it came */
        PUT(&pages[k][16], MFLR_R6, 0xf8c10010 /* std r6,16(r1) */,
            0xf821ff81 /* stdu r1,-FRAME(r1) */, MTCTR_R12, BCTRL,
            ADDI(3, 3, 100 + k), ADDI(1, 1, FRAME),
            0xe8c10010 /* ld r6,16(r1) */, MTLR_R6, BLR);
        PUT(pages[2 + k], LI(3, k), BLR);
    }
}

/* The call of @fn from the caller's page */
static uint64_t call_from_page(uint64_t (*fn)(uint64_t), uint64_t r3)
{
    register uint64_t arg asm("r3") = r3;
    register uint64_t entry asm("r12") = (uint64_t)fn;
    register uint64_t at asm("r4") = CALLER + 16 * 4;

    asm volatile("mtctr %1; bctrl"
                 : "+r"(arg), "+r"(at), "+r"(entry)
                 : : "r0", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "lr",
                 "ctr", "cr0", "cr1", "cr5", "cr6", "cr7", "xer", "memory");
    return arg;
}

void test_returns_mapped(void)
{
    expect(negotiate(false, false), true);
    hash_map_payload(0);
    put_callers();
    map(CALLER, pages[0]);
    map(CALLED, pages[2]);
    translation_on(MSR_IR | MSR_DR);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        unsigned caller = round / 3 % 2, called = round / 4 % 2;

        map(CALLER, pages[caller]);
        map(CALLED, pages[2 + called]);
        expect(call((void *)CALLER, 0, 0), 16 * caller + called);
        expect(call((void *)CALLER, 0, 0), 16 * caller + called);
        expect(call_from_page(replace_caller, round % 5 % 2),
               100 + round % 5 % 2);
    }
    set_msr(get_msr() & ~(MSR_IR | MSR_DR));
}
