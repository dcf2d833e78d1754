/*
 * Vectors of a length: lxvl, lxvll, stxvl and stxvll of every length, big- and
 * little-endian, in one page and over the border of two
 *
 * Each runs between a load and a store of the whole vector in the order of bytes
 * (lxvb16x, stxvb16x), which are the same in both endiannesses.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests.h"

#define MSR_VSX     0x800000ull
#define VS0_R5(xo)  (0x7c002800 | (xo) << 1)    /* vs0, 0, r5 */
#define VS0_R6_R8(xo) (0x7c064000 | (xo) << 1)  /* vs0, r6, r8 */
#define LXVB16X     876
#define STXVB16X    1004
#define LXVL        269
#define LXVLL       301
#define STXVL       397
#define STXVLL      429
#define TRAP        0x7fe00008

#define BYTES       16
#define LENGTHS     18                          /* more than 16 are 16 */

struct bytes {
    uint8_t at[BYTES];
};

static uint32_t code[4] __attribute__((aligned(PAGE)));
static uint8_t memory[2 * PAGE] __attribute__((aligned(PAGE)));

static void put_code(unsigned xo, bool little)
{
    const uint32_t words[] = { VS0_R5(LXVB16X), VS0_R6_R8(xo), VS0_R5(STXVB16X),
                               TRAP };

    for (unsigned i = 0; i < 4; i++) {
        ((volatile uint32_t *)code)[i] = little ? __builtin_bswap32(words[i])
                                                : words[i];
    }
    asm volatile("dcbst 0,%0; sync; icbi 0,%0; sync; isync"
                 : : "r"(code) : "memory");
}

/* What vs0 has after the instruction, @vector before it */
static struct bytes run(struct bytes vector, uint8_t *target, uint64_t length,
                        bool little)
{
    uint64_t msr = (get_msr() & ~MSR_LE) | MSR_VSX | little;

    expect(enter_at((uint64_t)code, msr, (uint64_t *)&vector, (uint64_t)target,
                    length << 56), (uint64_t)&code[3]);
    return vector;
}

/* Where byte @i of memory is in the vector */
static unsigned place(unsigned i, bool reversed)
{
    return reversed ? BYTES - 1 - i : i;
}

/* Other bytes at @target than in the vector that is returned */
static struct bytes fill(uint8_t *target)
{
    struct bytes vector;

    for (unsigned i = 0; i < BYTES; i++) {
        vector.at[i] = 0xe0 + i;
        target[i] = 0x10 + i;
    }
    return vector;
}

static void check_load(unsigned xo, uint8_t *target, unsigned length,
                       bool little)
{
    unsigned n = length < BYTES ? length : BYTES;
    struct bytes vector = fill(target);

    vector = run(vector, target, length, little);
    for (unsigned i = 0; i < BYTES; i++) {
        expect(vector.at[place(i, little && xo == LXVL)],
               i < n ? 0x10 + i : 0);
    }
}

static void check_store(unsigned xo, uint8_t *target, unsigned length,
                        bool little)
{
    unsigned n = length < BYTES ? length : BYTES;
    struct bytes vector = fill(target);

    target[-1] = target[BYTES] = 0x55;
    run(vector, target, length, little);
    for (unsigned i = 0; i < BYTES; i++) {
        expect(target[i], i < n ? 0xe0 + place(i, little && xo == STXVL)
                                : 0x10 + i);
    }
    expect(target[-1], 0x55);
    expect(target[BYTES], 0x55);
}

static void check_all(unsigned xo, bool little)
{
    put_code(xo, little);
    for (unsigned at = PAGE - 2 * BYTES; at <= PAGE + 1; at++) {
        for (unsigned length = 0; length < LENGTHS; length++) {
            if (xo == LXVL || xo == LXVLL) {
                check_load(xo, memory + at, length, little);
            } else {
                check_store(xo, memory + at, length, little);
            }
        }
    }
}

void test_vector_lengths(void)
{
    static const unsigned kinds[] = { LXVL, LXVLL, STXVL, STXVLL };

    put_leave_handlers();
    for (unsigned i = 0; i < 2 * sizeof(kinds) / sizeof(kinds[0]); i++) {
        check_all(kinds[i / 2], i & 1);
    }
}
