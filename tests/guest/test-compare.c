/*
 * Comparisons and the branches on them: each goes the right way, and leaves the
 * right CR field on either way
 *
 * The translator makes a comparison and the conditional branch behind it one
 * (base/patches/0230).  So each kind of comparison is tried with each condition
 * and both of its senses, with and without XER[SO], with a branch right behind
 * and with something between the two.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests.h"

#define XER_SO      0x80000000ull
#define CR_LT       8u
#define CR_GT       4u
#define CR_EQ       2u
#define CR_SO       1u

struct result {
    uint64_t taken, cr;
};

/*
 * @op, of the operands a and b to CR field @field, and a branch on bit @bit of
 * that: if it is set for @sense 12, clear for 4.  @between: code between both.
 */
#define COMPARE(op, field, sense, bit, between)                         \
    ({                                                                  \
        struct result r_;                                               \
                                                                        \
        asm volatile("mtxer %4\n\t"                                     \
                     op "\n\t"                                          \
                     between                                            \
                     "bc " #sense ",4*" #field "+" #bit ",1f\n\t"       \
                     "li %0,0\n\t"                                      \
                     "b 2f\n"                                           \
                     "1:\tli %0,1\n"                                    \
                     "2:\tmfcr %1\n\t"                                  \
                     "rlwinm %1,%1,(4*" #field "+4)&31,28,31\n\t"            \
                     "mtxer %5"                                         \
                     : "=&r"(r_.taken), "=&r"(r_.cr)                    \
                     : "b"(a), "r"(b), "r"(so), "r"(0ull)               \
                     : "cr0", "cr1", "cr5", "cr7", "r0", "memory");     \
        r_;                                                             \
    })

static void check(struct result r, uint64_t cr, unsigned sense, unsigned bit)
{
    bool set = cr & (CR_LT >> bit);

    expect(r.cr, cr);
    expect(r.taken, set == (sense == 12));
}

#define ONE(op, field, sense, bit, cr)                                  \
    do {                                                                \
        check(COMPARE(op, field, sense, bit, ""), cr, sense, bit);      \
        check(COMPARE(op, field, sense, bit, "nop\n\t"), cr, sense, bit); \
    } while (0)

#define EACH(op, field, cr)                                             \
    do {                                                                \
        ONE(op, field, 12, 0, cr);                                      \
        ONE(op, field, 4, 0, cr);                                       \
        ONE(op, field, 12, 1, cr);                                      \
        ONE(op, field, 4, 1, cr);                                       \
        ONE(op, field, 12, 2, cr);                                      \
        ONE(op, field, 4, 2, cr);                                       \
        ONE(op, field, 12, 3, cr);                                      \
        ONE(op, field, 4, 3, cr);                                       \
    } while (0)

#define ORDER(a, b) ((a) < (b) ? CR_LT : (a) > (b) ? CR_GT : CR_EQ)

static void compare(uint64_t a, uint64_t b, uint64_t so)
{
    unsigned s = so ? CR_SO : 0;

    EACH("cmpd cr7,%2,%3", 7, ORDER((int64_t)a, (int64_t)b) | s);
    EACH("cmpld cr0,%2,%3", 0, ORDER(a, b) | s);
    EACH("cmpw cr1,%2,%3", 1, ORDER((int32_t)a, (int32_t)b) | s);
    EACH("cmplw cr5,%2,%3", 5, ORDER((uint32_t)a, (uint32_t)b) | s);
    EACH("cmpdi cr5,%2,0", 5, ORDER((int64_t)a, 0) | s);
    EACH("cmpdi cr0,%2,-3", 0, ORDER((int64_t)a, -3) | s);
    EACH("cmpldi cr7,%2,1", 7, ORDER(a, 1) | s);
    EACH("cmpwi cr0,%2,0", 0, ORDER((int32_t)a, 0) | s);
    EACH("cmplwi cr1,%2,0xffff", 1, ORDER((uint32_t)a, 0xffffu) | s);
    EACH("and. 0,%2,%3", 0, ORDER((int64_t)(a & b), 0) | s);
    EACH("add. 0,%2,%3", 0, ORDER((int64_t)(a + b), 0) | s);
    EACH("andi. 0,%2,0x8001", 0, ORDER((int64_t)(a & 0x8001), 0) | s);
}

/* The branch's register forms, and one that counts, behind a comparison */
static void compare_other_branches(uint64_t a, uint64_t b)
{
    uint64_t lr, ctr, where, left;

    asm volatile("mflr %0\n\t"
                 "bl 1f\n"
                 "1:\tmflr %1\n\t"
                 "addi %1,%1,3f-1b\n\t"
                 "mtlr %1\n\t"
                 "li %1,1\n\t"
                 "cmpd cr6,%3,%4\n\t"
                 "bltlr cr6\n\t"
                 "li %1,0\n"
                 "3:\tmtlr %0\n\t"
                 "mfcr %2\n\t"
                 "rlwinm %2,%2,28,28,31"
                 : "=&r"(lr), "=&b"(where), "=&r"(left)
                 : "r"(a), "r"(b) : "cr6");
    expect(where, (int64_t)a < (int64_t)b);
    expect(left, ORDER((int64_t)a, (int64_t)b));

    /* CTR is decremented; branches if it is not 0 and the operands are equal */
    for (ctr = 1; ctr < 3; ctr++) {
        asm volatile("mtctr %4\n\t"
                     "cmpld %2,%3\n\t"
                     "li %0,1\n\t"
                     "bdnzt eq,1f\n\t"
                     "li %0,0\n"
                     "1:\tmfctr %1"
                     : "=&r"(where), "=&r"(left)
                     : "r"(a), "r"(b), "r"(ctr) : "cr0", "ctr");
        expect(where, ctr > 1 && a == b);
        expect(left, ctr - 1);
        asm volatile("mtctr %4\n\t"
                     "li %0,1\n\t"
                     "cmpld %2,%3\n\t"
                     "bdnzf eq,1f\n\t"
                     "li %0,0\n"
                     "1:\tmfcr %1\n\t"
                     "rlwinm %1,%1,4,28,31"
                     : "=&r"(where), "=&r"(left)
                     : "r"(a), "r"(b), "r"(ctr) : "cr0", "ctr");
        expect(where, ctr > 1 && a != b);
        expect(left, ORDER(a, b));
    }
}

void test_compare(void)
{
    static const uint64_t values[] = {
        0, 1, 2, -1ull, -3ull, -4ull, 0x7fffffff, 0x80000000, 0xffffffff,
        0x100000000, 0x1ffffffff, 0x7fffffffffffffff, 0x8000000000000000,
        0xffffffff00000000, 0xffff, 0x10000, 0x8001,
    };
    const unsigned n = sizeof(values) / sizeof(values[0]);

    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < n; i++) {
            for (unsigned j = 0; j < n; j++) {
                compare(values[i], values[j], 0);
                compare(values[i], values[j], XER_SO);
                compare_other_branches(values[i], values[j]);
            }
        }
    }
}
