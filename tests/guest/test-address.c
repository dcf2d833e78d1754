/*
 * The same code at several addresses: every result that depends on where an
 * instruction is, is right at each of them
 *
 * In real mode the four upper bits of an address are ignored, so that each page
 * has sixteen addresses; with hash translation the test maps code at several.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests.h"
#include "address.h"

#define MSR_SF      (1ull << 63)
#define MSR_SE      0x400ull
#define MSR_BE      0x200ull
#define VEC_TRACE   0xd00
#define PLACES      4
#define MAX_PAGES   16
#define SPRN_PVR    287
#define SPRN_MMCR0  795
#define MMCR0_PMAE  (1ull << 26)
#define PVR_POWER8  0x4d
#define PVR_POWER9  0x4e

struct address_case {
    uint64_t start;
    uint64_t result;
    uint64_t end;
    uint64_t kinds;
};

/* Where the code runs, and how */
struct mode {
    uint64_t msr;
    bool little;
    bool real;
    uint64_t places[PLACES];
};

extern struct address_case address_cases[];
extern uint32_t moved_code[], moved_code_end[], low_code[], low_code_end[];
extern uint32_t leave[], leave_end[], leave_step[], leave_step_end[];

static uint32_t little_code[MAX_PAGES * PAGE / 4]
    __attribute__((aligned(PAGE)));
static uint32_t changing_code[PAGE / 4] __attribute__((aligned(PAGE)));

static void put(uint64_t at, const uint32_t *from, const uint32_t *end,
                bool little)
{
    volatile uint32_t *to = (volatile uint32_t *)at;

    for (; from < end; from++, to++) {
        *to = little ? __builtin_bswap32(*from) : *from;
        asm volatile("dcbst 0,%0; sync; icbi 0,%0; isync"
                     : : "r"(to) : "memory");
    }
}

void put_leave_handlers(void)
{
    static const uint16_t vectors[] = { VEC_MCHECK, VEC_DSI, VEC_DSEG, VEC_TRAP, VEC_DEC,
                                        VEC_SYSCALL };

    for (unsigned i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        put(vectors[i], leave, leave_end, false);
    }
    put(VEC_TRACE, leave_step, leave_end, false);
}

static unsigned processor(void)
{
    uint64_t pvr;

    asm volatile("mfspr %0, %1" : "=r"(pvr) : "i"(SPRN_PVR));
    return pvr >> 16;
}

static bool applies(const struct address_case *c, const struct mode *mode)
{
    unsigned cpu = processor();
    bool old = cpu == PVR_POWER8 || cpu == PVR_POWER9;

    return !((c->kinds & CASE_ISA300) && cpu == PVR_POWER8) &&
           !((c->kinds & CASE_ISA310) && old) &&
           !((c->kinds & CASE_HISTORY) && (old || mode->real)) &&
           !((c->kinds & CASE_REAL) && !mode->real);
}

/* What @value, a label or one of address.h, is for code that is at @place */
static uint64_t moved(uint64_t value, uint64_t place, uint64_t target)
{
    if (value == CASE_GIVEN) {
        return target;
    }
    return value < (uint64_t)moved_code ? value :
           value - (uint64_t)moved_code + place;
}

/* An address of code in 32-bit mode is that wide */
static uint64_t narrow(uint64_t value, const struct mode *mode)
{
    return mode->msr & MSR_SF ? value : (uint32_t)value;
}

static void check(const struct address_case *c, uint64_t place,
                  const struct mode *mode, const char *what, uint64_t value,
                  uint64_t wanted)
{
    if (value == wanted) {
        return;
    }
    print("FAIL case %d at %x, MSR %x: %s is %x, not %x\n",
          (uint64_t)(c - address_cases), moved(c->start, place, 0), mode->msr,
          what, value, wanted);
    power_off();
}

static void record_branches(bool on)
{
    asm volatile("mtspr %0, %1" : : "i"(SPRN_MMCR0),
                 "r"(on ? MMCR0_PMAE : 0) : "memory");
}

/* The last branch of problem state that was recorded (BHRB, ISA 3.1) */
static uint64_t last_branch(void)
{
    uint64_t entry;

    asm volatile("mfbhrbe %0, 0" : "=r"(entry));
    return entry & ~3ull;
}

static void run_case(const struct address_case *c, const struct mode *mode,
                     uint64_t place, uint64_t elsewhere)
{
    uint64_t msr = mode->msr | (c->kinds & CASE_STEP ? MSR_SE : 0) |
                   (c->kinds & CASE_BRANCH ? MSR_BE : 0) |
                   (c->kinds & CASE_HISTORY ? MSR_PR : 0);
    bool by_handler = c->kinds & (CASE_STEP | CASE_BRANCH | CASE_HISTORY);
    volatile uint64_t result = 0;
    uint64_t end;

    if (c->kinds & CASE_HISTORY) {
        record_branches(true);
    }
    /* problem state has interrupts on */
    asm volatile("mtdec %0" : : "r"(0x7fffffff));
    end = enter_at(moved(c->start, place, 0), msr, (uint64_t *)&result,
                   elsewhere, place);
    if (c->kinds & CASE_HISTORY) {
        record_branches(false);
        result = last_branch();
    }
    if (c->result) {
        uint64_t value = result;

        check(c, place, mode, "the result",
              mode->little && !by_handler ? __builtin_bswap64(value) : value,
              narrow(moved(c->result, place, elsewhere), mode));
    }
    check(c, place, mode, "SRR0", end,
          narrow(moved(c->end, place, elsewhere), mode));
}

/* Each case at each place; the next case is at another place */
static void run_cases(const struct mode *mode)
{
    put(LOW_CODE, low_code, low_code_end, mode->little);
    for (unsigned round = 0; round < 3 * PLACES; round++) {
        for (unsigned i = 0; address_cases[i].start; i++) {
            uint64_t place = mode->places[(round + i) % PLACES];
            uint64_t elsewhere = mode->places[(round + i + 1) % PLACES];

            if (applies(&address_cases[i], mode)) {
                run_case(&address_cases[i], mode, place, elsewhere + PAGE);
            }
        }
    }
}

/* Code that is changed at one of its addresses is changed at all of them */
static void run_changing(const struct mode *mode)
{
    for (unsigned round = 0; round < 4 * PLACES; round++) {
        uint64_t at = mode->places[round % PLACES] + (uint64_t)changing_code -
                      (uint64_t)moved_code;
        const uint32_t code[] = {
            0x38600000 | round,         /* li r3,round */
            0xf8650000,                 /* std r3,0(r5) */
            0x7fe00008,                 /* trap */
        };
        volatile uint64_t result = 0;

        put(at, code, code + 3, false);
        for (unsigned i = 0; i < PLACES; i++) {
            at = mode->places[i] + (uint64_t)changing_code -
                 (uint64_t)moved_code;
            expect(enter_at(at, mode->msr, (uint64_t *)&result, 0, 0), at + 8);
            expect(result, round);
        }
    }
}

static void prepare(void)
{
    expect(moved_code_end - moved_code <= MAX_PAGES * PAGE / 4, true);
    put((uint64_t)little_code, moved_code, moved_code_end, true);
    put_leave_handlers();
}

void test_addresses_real(void)
{
    struct mode mode = { .msr = get_msr(), .real = true };

    prepare();
    for (unsigned little = 0; little < 2; little++) {
        mode.little = little;
        mode.msr = (get_msr() & ~MSR_LE) | (little ? MSR_LE : 0);
        for (uint64_t i = 0; i < PLACES; i++) {
            mode.places[i] = (uint64_t)(little ? little_code : moved_code) |
                             (i * 5) << 60;
        }
        run_cases(&mode);
        if (!little) {
            run_changing(&mode);
        }
    }
}

static void map_code(struct mode *mode, const uint32_t *code, uint64_t at)
{
    uint64_t size = (moved_code_end - moved_code) * 4;

    for (uint64_t i = 0; i < PLACES; i++) {
        uint64_t where = at + i * 0x213000;

        for (uint64_t offset = 0; offset < size; offset += PAGE) {
            hash_enter(0, VSID + 1, where + offset - SEGMENT,
                       (uint64_t)code + offset, PP_RW);
        }
        mode->places[i] = where;
    }
}

/* The last page that 32 bits can address */
#define LAST_PAGE   0xfffff000ull
#define LAST_VSID   (VSID + 15)

/* In 32-bit mode the address after the last is 0 */
static void run_wrapping(struct mode *mode)
{
    hash_segment(3, LAST_PAGE >> 28, LAST_VSID);
    for (unsigned i = 0; address_cases[i].start; i++) {
        struct address_case *c = &address_cases[i];
        uint64_t page = c->start & ~(PAGE - 1), slots[2];

        if (!(c->kinds & CASE_WRAPS)) {
            continue;
        }
        slots[0] = hash_enter(0, LAST_VSID, LAST_PAGE & (SEGMENT - 1), page,
                              PP_RW);
        slots[1] = hash_enter(0, VSID, 0, page + PAGE, PP_RW);
        for (unsigned round = 0; round < 3; round++) {
            run_case(c, mode, mode->places[0], 0);
            run_case(c, mode, LAST_PAGE - (page - (uint64_t)moved_code), 0);
        }
        expect(hcall(H_REMOVE, 0, slots[0], 0, 0), H_SUCCESS);
        expect(hcall(H_REMOVE, 0, slots[1], 0, 0), H_SUCCESS);
    }
}

void test_addresses_hash(void)
{
    struct mode big = { .little = false }, little = { .little = true };
    uint64_t msr;

    expect(negotiate(false, false), true);
    hash_map_payload(0);
    hash_enter(0, VSID, LOW_CODE, LOW_CODE, PP_RW);
    map_code(&big, moved_code, SEGMENT + 0x10000);
    map_code(&little, little_code, SEGMENT + 0x4000000);
    prepare();
    translation_on(MSR_IR | MSR_DR);
    msr = get_msr();
    for (unsigned wide = 0; wide < 2; wide++) {
        big.msr = (msr & ~MSR_SF) | (wide ? MSR_SF : 0);
        little.msr = big.msr | MSR_LE;
        run_cases(&big);
        run_cases(&little);
        if (!wide) {
            run_wrapping(&big);
        }
    }
    set_msr(get_msr() & ~(MSR_IR | MSR_DR));
}
