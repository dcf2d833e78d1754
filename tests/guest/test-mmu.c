/*
 * Hash MMU: what a hypercall takes out of the table is gone on all vCPUs
 *
 * Segment 0 is mapped one to one, as far as the payload reaches; the page that
 * is mapped and removed is in segment 1.  Stacks and code are at the same place
 * in real mode and in translated mode.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests.h"

#define VSID_HIGH   0x777ull            /* of segment 0xc00000000 */
#define WHERE       (SEGMENT + 0x5000)
#define ROUNDS      60

extern char payload_end[];

uint64_t hash_groups;
static uint64_t pages[2][PAGE / 8] __attribute__((aligned(PAGE)));
static volatile uint64_t round_of, gone, read_only, seen_gone;
static volatile uint64_t waiting;

void hash_find_groups(void)
{
    uint64_t groups, out[2];

    for (groups = 1; !hcall_out(out, 2, H_READ, 0, groups * 8, 0, 0);) {
        groups <<= 1;
    }
    hash_groups = groups;
}

void hash_segment(unsigned index, uint64_t esid, uint64_t vsid)
{
    uint64_t rb = esid << 28 | 1ull << 27 | index;
    uint64_t rs = vsid << 12;

    asm volatile("slbmte %0, %1; isync" : : "r"(rs), "r"(rb) : "memory");
}

uint64_t hash_slot(uint64_t vsid, uint64_t offset)
{
    return ((vsid ^ (offset >> 12)) & (hash_groups - 1)) * 8;
}

uint64_t hash_pte0(uint64_t vsid, uint64_t offset)
{
    return vsid << 12 | (offset >> 23) << 7 | PTE_V;
}

uint64_t hash_enter(uint64_t kind, uint64_t vsid, uint64_t offset,
                    uint64_t real, uint64_t pp)
{
    uint64_t slot = hash_slot(vsid, offset), out;

    expect(hcall_out(&out, 1, H_ENTER, 0, slot, hash_pte0(vsid, offset) | kind,
                     real | PTE_M | pp), H_SUCCESS);
    return out;
}

void hash_map_payload(uint64_t kind)
{
    hash_find_groups();
    for (uint64_t at = 0x400000; at < (uint64_t)payload_end; at += PAGE) {
        hash_enter(kind, VSID, at, at, PP_RW);
    }
}

void translation_on(uint64_t how)
{
    hash_segment(0, 0, VSID);
    hash_segment(1, 1, VSID + 1);
    hash_segment(2, 0xc00000000ull, VSID_HIGH);
    set_msr(get_msr() | how);
}

/*
 * Read without a pause.  A read that began after the removal had returned must
 * fault; so must a write after the page had become read-only.
 */
static void reader(struct cpu *cpu)
{
    volatile uint64_t *where = (volatile uint64_t *)WHERE;

    translation_on(MSR_DR);
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        while (round_of != round) {
            relax();
        }
        for (;;) {
            bool was_gone, was_read_only;
            uint64_t value;

            was_gone = gone == round;
            was_read_only = read_only == round;
            full_barrier();
            value = load_guarded(where);
            if (value == FAULT_VALUE) {
                break;
            }
            if (was_gone) {
                print("FAIL vCPU %d reads a removed page\n", (uint64_t)cpu->id);
                power_off();
            }
            expect(value, pages[round & 1][0]);
            if (store_guarded(where + 1 + cpu->id, round) && was_read_only) {
                print("FAIL vCPU %d writes a read-only page\n",
                      (uint64_t)cpu->id);
                power_off();
            }
            if (value && !cpu->count) {
                atomic_add(&waiting, 1);
                cpu->count = 1;
            }
        }
        cpu->count = 0;
        atomic_add(&seen_gone, 1);
    }
    set_msr(get_msr() & ~MSR_DR);
}

static void remover(struct cpu *cpu)
{
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        uint64_t slot = hash_enter(0, VSID + 1, WHERE - SEGMENT,
                                   (uint64_t)pages[round & 1], PP_RW);

        waiting = 0;
        full_barrier();
        round_of = round;
        /* every vCPU has the translation now */
        while (waiting != CPUS - 1) {
            relax();
        }
        if (round % 3 == 0) {
            expect(hcall(H_PROTECT, PP_RO, slot, 0, 0), H_SUCCESS);
            full_barrier();
            read_only = round;
            for (int i = 0; i < 1000; i++) {
                relax();
            }
        }
        if (round % 2) {
            expect(hcall(H_REMOVE, 0, slot, 0, 0), H_SUCCESS);
        } else {
            expect(hypercall((uint64_t[10]){ H_BULK_REMOVE,
                                             1ull << 62 | slot, 0,
                                             3ull << 62 }), H_SUCCESS);
        }
        full_barrier();
        gone = round;
        while (seen_gone != round * (CPUS - 1)) {
            relax();
        }
        expect(hcall(H_REMOVE, 0, slot, 0, 0), H_NOT_FOUND);
    }
}

static void flush_test(struct cpu *cpu)
{
    if (cpu->id) {
        reader(cpu);
    } else {
        remover(cpu);
    }
}

void test_hash_flush(void)
{
    expect(negotiate(false, false), true);
    hash_map_payload(0);
    pages[0][0] = 0x1111;
    pages[1][0] = 0x2222;
    run_everywhere(flush_test);
}

/* ---- a TLB with more slots than a segment has pages ---- */

#define LARGE_FIRST     4ull            /* number of the first segment */
#define LARGE_PAGES     70000ull
#define SEGMENT_PAGES   (SEGMENT / PAGE)
#define LARGE_ROUNDS    12              /* the TLB doubles in each, from 2^8 */

static volatile uint64_t *large_page(uint64_t i)
{
    return (volatile uint64_t *)(LARGE_FIRST * SEGMENT + i * PAGE);
}

static uint64_t large_enter(uint64_t i)
{
    return hash_enter(0, VSID + LARGE_FIRST + i / SEGMENT_PAGES,
                      i % SEGMENT_PAGES * PAGE, (uint64_t)pages[0], PP_RO);
}

/* Segments 4 and 5; QEMU makes the TLB larger when it flushes a full one */
static void large_segments(void)
{
    for (uint64_t i = 0; i < 2; i++) {
        uint64_t esid = LARGE_FIRST + i;

        asm volatile("slbie %0; isync" : : "r"(esid << 28) : "memory");
        hash_segment(esid, esid, VSID + esid);
    }
}

/*
 * An entry has the low 28 bits of its address, by which H_REMOVE flushes TLBs.
 * The page may be in a slot that other bits choose, too.
 */
void test_hash_large(void)
{
    uint64_t slot[2];

    expect(negotiate(false, false), true);
    hash_map_payload(0);
    pages[0][0] = 0x1111;
    for (uint64_t i = 0; i < LARGE_PAGES; i++) {
        uint64_t entered = large_enter(i);

        if (i == 5 || i == SEGMENT_PAGES + 5) {
            slot[i / SEGMENT_PAGES] = entered;
        }
    }
    translation_on(MSR_DR);
    for (int round = 0; round < LARGE_ROUNDS; round++) {
        large_segments();
        for (uint64_t i = 0; i < LARGE_PAGES; i++) {
            expect(*large_page(i), 0x1111);
        }
    }
    for (int i = 0; i < 2; i++) {
        uint64_t page = i * SEGMENT_PAGES + 5;

        expect(*large_page(page), 0x1111);
        expect(hcall(H_REMOVE, 0, slot[i], 0, 0), H_SUCCESS);
        expect(load_guarded(large_page(page)), FAULT_VALUE);
        expect(*large_page(page + 1), 0x1111);
    }
    set_msr(get_msr() & ~MSR_DR);
}

/* ---- translated interrupts, problem state, reference and change ---- */

#define SET_MODE_AIL    3
#define AIL_BASE        0x4000ull

void test_hash_modes(void)
{
    /* `hash-modes 1`: KVM makes problem state's hypercalls system calls */
    long privilege = command_number(0) ? SYSTEM_CALL : H_PRIVILEGE;
    volatile uint64_t *where = (volatile uint64_t *)WHERE;
    uint64_t slot, out[8];

    expect(negotiate(false, false), true);
    hash_map_payload(0);
    slot = hash_enter(0, VSID + 1, WHERE - SEGMENT, (uint64_t)pages[0], PP_RW);
    translation_on(MSR_DR);

    /* R and C, as H_READ and H_REMOVE tell */
    pages[0][0] = 0x3333;
    expect(load_guarded(where), 0x3333);
    expect(hcall_out(out, 2, H_READ, 0, slot, 0, 0), H_SUCCESS);
    expect(out[1] & 0x180, 0x100);
    expect(store_guarded(where, 0x4444), true);
    expect(pages[0][0], 0x4444);
    expect(hcall_out(out, 2, H_READ, 0, slot, 0, 0), H_SUCCESS);
    expect(out[1] & 0x180, 0x180);
    expect(hcall(H_CLEAR_MOD, 0, slot, 0, 0), H_SUCCESS);
    expect(hcall_out(out, 2, H_READ, 0, slot, 0, 0), H_SUCCESS);
    expect(out[1] & 0x80, 0);
    expect(store_guarded(where, 0x5555), true);
    expect(hcall_out(out, 2, H_REMOVE, 0, slot, 0, 0), H_SUCCESS);
    expect(out[1] & 0x180, 0x180);
    expect(load_guarded(where), FAULT_VALUE);

    /* problem state may make no hypercall, known or not */
    expect(user_hypercall(H_SET_SPRG0), privilege);
    expect(user_hypercall(H_CEDE), privilege);
    expect(user_hypercall(0xffc), privilege);
    expect(hcall(H_SET_SPRG0, 0, 0, 0, 0), H_SUCCESS);

    /* interrupts in real mode, then at 0xc000000000004000 and translated */
    hash_enter(0, VSID_HIGH, AIL_BASE, AIL_BASE, PP_RW);
    set_msr(get_msr() & ~MSR_DR);
    put_msr_handler(VEC_TRAP, false);
    put_msr_handler(AIL_BASE + VEC_TRAP, false);
    expect(hcall(H_SET_MODE, 1, SET_MODE_AIL, 0, 0) != H_SUCCESS, true);
    translation_on(MSR_DR | MSR_IR);
    expect(trap_msr() & (MSR_IR | MSR_DR), 0);
    expect(hcall(H_SET_MODE, 3, SET_MODE_AIL, 0, 0), H_SUCCESS);
    expect(trap_msr() & (MSR_IR | MSR_DR), MSR_IR | MSR_DR);
    expect(hcall(H_SET_MODE, 0, SET_MODE_AIL, 0, 0), H_SUCCESS);
    expect(trap_msr() & (MSR_IR | MSR_DR), 0);
    set_msr(get_msr() & ~(MSR_DR | MSR_IR));
}

/*
 * Two pages of different segments take turns in one entry.  A walk that reads
 * one half of each finds the wrong page, which may stay in the TLB.
 */
#define SWAP_ROUNDS 40000
#define SWAP_HITS   50                  /* of each reader, at least */
#define SWAP_A      5ull                /* page of segment 1 */
#define SWAP_B      (SWAP_A ^ (VSID + 1) ^ VSID_HIGH)   /* the same group */
#define SWAP_EXACT  (1ull << (63 - 24))

static volatile bool swapped;

static void swap_reader(struct cpu *cpu)
{
    bool b = cpu->id & 1;
    volatile uint64_t *where = (volatile uint64_t *)
        (b ? (0xc00000000ull << 28) + SWAP_B * PAGE : SEGMENT + SWAP_A * PAGE);

    translation_on(MSR_DR);
    for (bool last = false; !last;) {
        uint64_t value;

        last = swapped;
        full_barrier();
        value = load_guarded(where);
        if (value != FAULT_VALUE && (last || value != 0xa + b)) {
            set_msr(get_msr() & ~MSR_DR);
            print("FAIL vCPU %d page %x: %x\n", (uint64_t)cpu->id, 0xaull + b,
                  value);
            power_off();
        }
        if (value != FAULT_VALUE && ++cpu->count == SWAP_HITS) {
            atomic_add(&waiting, 1);
        }
    }
    set_msr(get_msr() & ~MSR_DR);
}

static void swap(struct cpu *cpu)
{
    uint64_t slot = hash_slot(VSID + 1, SWAP_A * PAGE), out[2];

    while (!hcall_out(out, 2, H_READ, 0, slot, 0, 0) && (out[0] & PTE_V)) {
        slot++;
    }
    for (uint64_t round = 0;
         round < SWAP_ROUNDS || waiting != CPUS - 1; round++) {
        bool b = round & 1;
        uint64_t vsid = b ? VSID_HIGH : VSID + 1;
        uint64_t at = (b ? SWAP_B : SWAP_A) * PAGE;

        expect(hcall_out(out, 1, H_ENTER, SWAP_EXACT, slot,
                         hash_pte0(vsid, at),
                         (uint64_t)pages[b] | PTE_M | PP_RW), H_SUCCESS);
        expect(hcall_out(out, 2, H_REMOVE, 0, slot, 0, 0), H_SUCCESS);
    }
    full_barrier();
    swapped = true;
}

static void swap_role(struct cpu *cpu)
{
    if (cpu->id == 0) {
        swap(cpu);
    } else {
        swap_reader(cpu);
    }
}

void test_hash_swap(void)
{
    expect(negotiate(false, false), true);
    hash_map_payload(0);
    pages[0][0] = 0xa;
    pages[1][0] = 0xb;
    run_everywhere(swap_role);
}
