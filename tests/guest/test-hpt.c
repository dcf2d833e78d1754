/*
 * Hash page table: it gets another size, or changes all the time while it is
 * streamed
 *
 * All vCPUs run translated, so that they need the payload's own entries, which
 * are bolted.  Each has pages of its own in segment 1 (see struct own), and
 * knows what their entries are to be like.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests.h"

#define PAGES       128                 /* of a vCPU */
#define DATA_PAGES  8
#define SCRATCH_PAGES 64
#define RESIZES     24
#define ROUNDS      60
#define STEPS       256                 /* of a round */
#define H_EXACT     (1ull << (63 - 24))
#define H_AVPN      (1ull << (63 - 32))
#define ANY_RC      (~(PTE_R | PTE_C))

static struct own {
    struct page {
        bool mapped;
        uint64_t slot, data, pp;
    } page[PAGES];
    uint64_t value[DATA_PAGES];         /* of this vCPU's word there */
    uint64_t random;
} own[CPUS];

/* word 0: which page it is; word 1 + n: vCPU n's */
static volatile uint64_t data[DATA_PAGES][PAGE / 8]
    __attribute__((aligned(PAGE)));
/* memory that changes all the time, so that migrations take long */
static volatile uint64_t scratch[CPUS][SCRATCH_PAGES][PAGE / 8];
static volatile uint64_t resizes, stopped, checked;
static volatile bool end;
static bool endless;

static uint64_t offset_of(const struct cpu *cpu, unsigned n)
{
    return (cpu->id * PAGES + n) * PAGE;
}

static volatile uint64_t *address_of(const struct cpu *cpu, unsigned n)
{
    return (volatile uint64_t *)(SEGMENT + offset_of(cpu, n));
}

static void fail(const struct cpu *cpu, const char *what, unsigned n,
                 uint64_t is)
{
    print("FAIL vCPU %d page %d: %s: %x\n", (uint64_t)cpu->id, (uint64_t)n,
          what, is);
    power_off();
}

static void map(const struct cpu *cpu, unsigned n, uint64_t which, uint64_t pp)
{
    struct page *page = &own[cpu->id].page[n];

    page->data = which;
    page->pp = pp;
    page->slot = hash_enter(0, VSID + 1, offset_of(cpu, n),
                            (uint64_t)data[which], pp);
    page->mapped = true;
}

/* The entry is as it was entered, reference and change apart */
static void check_entry(const struct cpu *cpu, unsigned n, const uint64_t *pte)
{
    const struct page *page = &own[cpu->id].page[n];

    if (pte[0] != hash_pte0(VSID + 1, offset_of(cpu, n))) {
        fail(cpu, "first doubleword", n, pte[0]);
    }
    if ((pte[1] & ANY_RC) != ((uint64_t)data[page->data] | PTE_M | page->pp)) {
        fail(cpu, "second doubleword", n, pte[1]);
    }
}

/* The translation is as the entry says */
static void check_page(const struct cpu *cpu, unsigned n)
{
    struct own *mine = &own[cpu->id];
    const struct page *page = &mine->page[n];
    volatile uint64_t *at = address_of(cpu, n);
    uint64_t value = load_guarded(at);

    if (!page->mapped) {
        if (value != FAULT_VALUE) {
            fail(cpu, "read, but not mapped", n, value);
        }
        return;
    }
    if (value != page->data) {
        fail(cpu, "another page, or none", n, value);
    }
    if (at[1 + cpu->id] != mine->value[page->data]) {
        fail(cpu, "lost a store", n, at[1 + cpu->id]);
    }
    value = mine->value[page->data] + 1;
    if (store_guarded(at + 1 + cpu->id, value)) {
        if (page->pp == PP_RO) {
            fail(cpu, "written, but read-only", n, value);
        }
        mine->value[page->data] = value;
        if (data[page->data][1 + cpu->id] != value) {
            fail(cpu, "stored elsewhere", n, value);
        }
    } else if (page->pp == PP_RW) {
        fail(cpu, "can't be written", n, value);
    }
}

static void check_all(const struct cpu *cpu)
{
    for (unsigned n = 0; n < PAGES; n++) {
        const struct page *page = &own[cpu->id].page[n];
        uint64_t out[2];

        if (page->mapped) {
            expect(hcall_out(out, 2, H_READ, 0, page->slot, 0, 0), H_SUCCESS);
            check_entry(cpu, n, out);
        }
        check_page(cpu, n);
    }
}

static unsigned shift_now(void)
{
    unsigned shift = 7;

    hash_find_groups();
    while (1ull << (shift - 7) < hash_groups) {
        shift++;
    }
    return shift;
}

static void begin(void)
{
    expect(negotiate(false, false), true);
    print("%s: a table of 2^%d bytes\n", command, (uint64_t)shift_now());
    hash_map_payload(PTE_BOLTED);
    for (unsigned n = 0; n < DATA_PAGES; n++) {
        data[n][0] = n;
    }
}

/* Without an end: vCPU 0 reports progress, until it is stopped */
static bool told_to_stop(uint64_t round)
{
    uint64_t out[3];

    print("%s: %d rounds\n", command, round);
    expect(hcall_out(out, 3, H_GET_TERM_CHAR, 0, 0, 0, 0), H_SUCCESS);
    if (out[0]) {
        print("%s: told %x, %d characters\n", command, out[1], out[0]);
    }
    return out[0];
}

void test_hash_fixed(void)
{
    fixed_hpt = true;
    begin();
}

/* ---- another size ---- */

static long prepare(uint64_t flags, uint64_t shift)
{
    for (;;) {
        uint64_t until = timebase() + TB_HZ / 1000;
        long rc = hcall(H_RESIZE_HPT_PREPARE, flags, shift, 0, 0);

        if (rc < H_LONG_BUSY_1_MS || rc > H_LONG_BUSY_100_S) {
            return rc;
        }
        while (timebase() < until) {
            relax();
        }
    }
}

/* As a guest's kernel does it: the others wait, and need their bolted pages */
static void wait_for_resize(struct cpu *cpu, uint64_t round)
{
    atomic_add(&stopped, 1);
    while (resizes != round) {
        cpu->count++;
        scratch[cpu->id][cpu->count % SCRATCH_PAGES][0] = cpu->count;
        relax();
    }
}

/* Entries that are not bolted may be gone */
static void map_again(const struct cpu *cpu)
{
    for (unsigned n = 0; n < PAGES; n++) {
        struct page *page = &own[cpu->id].page[n];
        uint64_t value = load_guarded(address_of(cpu, n));

        if (value == FAULT_VALUE) {
            map(cpu, n, page->data, page->pp);
        } else if (value != page->data) {
            fail(cpu, "another page after a resize", n, value);
        }
    }
    for (unsigned n = 0; n < PAGES; n++) {
        check_page(cpu, n);
    }
}

/* The prepared table may be lost when the guest is migrated */
static void change_size(unsigned shift, uint64_t round)
{
    long rc;

    expect(prepare(0, shift), H_SUCCESS);
    while (stopped != round * (CPUS - 1)) {
        relax();
    }
    while ((rc = hcall(H_RESIZE_HPT_COMMIT, 0, shift, 0, 0)) == H_CLOSED &&
           endless) {
        expect(prepare(0, shift), H_SUCCESS);
    }
    expect(rc, H_SUCCESS);
    expect(shift_now(), shift);
    end = endless ? told_to_stop(round) : round == RESIZES;
    full_barrier();
    resizes = round;
}

static void resize_everywhere(struct cpu *cpu)
{
    static const int steps[] = { 1, 0, -1, 0, -1, 1 };
    unsigned first = cpu->id ? 0 : shift_now();

    translation_on(MSR_DR | MSR_IR);
    for (unsigned n = 0; n < PAGES; n++) {
        map(cpu, n, (n + cpu->id) % DATA_PAGES, n % 2 ? PP_RW : PP_RO);
    }
    for (uint64_t round = 1; !end; round++) {
        if (cpu->id) {
            wait_for_resize(cpu, round);
        } else {
            change_size(first + steps[round % 6], round);
        }
        map_again(cpu);
        atomic_add(&checked, 1);
        while (checked < round * CPUS) {
            relax();
        }
    }
    set_msr(get_msr() & ~(MSR_DR | MSR_IR));
}

/* Sizes that a table can't have, and commits that match no prepared table */
static void refused(void)
{
    unsigned shift = shift_now();

    expect(prepare(1, shift), H_PARAMETER);
    expect(prepare(0, 17), H_PARAMETER);
    expect(prepare(0, 47), H_PARAMETER);
    expect(prepare(0, 40), H_RESOURCE);
    expect(hcall(H_RESIZE_HPT_COMMIT, 0, shift, 0, 0), H_CLOSED);
    expect(prepare(0, shift + 1), H_SUCCESS);
    expect(prepare(0, shift + 1), H_SUCCESS);
    expect(prepare(0, shift - 1), H_SUCCESS);
    expect(prepare(0, 0), H_SUCCESS);
    expect(hcall(H_RESIZE_HPT_COMMIT, 0, shift - 1, 0, 0), H_CLOSED);
    expect(prepare(0, shift + 1), H_SUCCESS);
    expect(hcall(H_RESIZE_HPT_COMMIT, 0, shift - 1, 0, 0), H_CLOSED);
    expect(shift_now(), shift);
}

/* Two bolted entries that need the same slot in a table of half the size */
static void collision(void)
{
    unsigned shift = shift_now();
    uint64_t slot[2], out;

    for (int i = 0; i < 2; i++) {
        uint64_t offset = (hash_groups / 2 * i) << 12;

        slot[i] = hash_slot(VSID + 2, offset) + 3;
        expect(hcall_out(&out, 1, H_ENTER, H_EXACT, slot[i],
                         hash_pte0(VSID + 2, offset) | PTE_BOLTED,
                         (uint64_t)data[i] | PTE_M | PP_RW), H_SUCCESS);
    }
    expect(prepare(0, shift - 1), H_SUCCESS);
    expect(hcall(H_RESIZE_HPT_COMMIT, 0, shift - 1, 0, 0), H_PTEG_FULL);
    expect(shift_now(), shift);
    for (int i = 0; i < 2; i++) {
        expect(hcall(H_REMOVE, 0, slot[i], 0, 0), H_SUCCESS);
    }
}

void test_hash_resize(void)
{
    endless = same(command, "hash-resize-on");
    begin();
    refused();
    collision();
    run_everywhere(resize_everywhere);
}

/* ---- H_BLOCK_REMOVE ---- */

#define BLOCK       8                   /* pages */
#define BLOCK_END   (3ull << 62)
#define REQUEST     (1ull << 62)
#define REQUEST_AVPN (1ull << 56)
#define RESPONSE(code) (2ull << 62 | (uint64_t)(code) << 59)

static void remove_block(uint64_t *ts, uint64_t rc)
{
    uint64_t regs[10] = { H_BLOCK_REMOVE, hash_pte0(VSID + 1, 0) & ~0x7full };

    for (int i = 0; i < BLOCK; i++) {
        regs[2 + i] = ts[i];
    }
    expect(hypercall(regs), rc);
    for (int i = 0; i < BLOCK; i++) {
        ts[i] = regs[1 + i];
    }
}

/* Pages of one block, read and written or not; some aren't there */
void test_hash_block(void)
{
    struct cpu *cpu = &cpus[0];
    struct page *page = own[0].page;
    uint64_t ts[BLOCK], bolted;

    begin();
    translation_on(MSR_DR);
    for (int n = 0; n < BLOCK; n++) {
        map(cpu, n, n, PP_RW);
        ts[n] = REQUEST | page[n].slot;
    }
    load_guarded(address_of(cpu, 1));
    store_guarded(address_of(cpu, 2) + 1, 1);
    ts[3] |= REQUEST_AVPN;
    remove_block(ts, H_SUCCESS);
    for (int n = 0; n < BLOCK; n++) {
        uint64_t rc = ts[n] >> 57 & 3;

        expect(ts[n] & ~(3ull << 57), RESPONSE(0) | page[n].slot);
        expect(rc, n == 1 ? 2 : n == 2 ? 3 : 0);
        expect(load_guarded(address_of(cpu, n)), FAULT_VALUE);
    }

    /* not there, another address, bolted, no such entry */
    map(cpu, 1, 1, PP_RW);
    bolted = hash_enter(PTE_BOLTED, VSID + 1, 2 * PAGE, (uint64_t)data[2],
                        PP_RW);
    ts[0] = REQUEST | page[0].slot;
    ts[1] = REQUEST | REQUEST_AVPN | hash_slot(VSID, 0x400000);
    ts[2] = REQUEST | bolted;
    ts[3] = REQUEST | hash_groups * 8;
    ts[4] = REQUEST | page[1].slot;
    ts[5] = BLOCK_END;
    remove_block(ts, H_PARTIAL);
    expect(ts[0], RESPONSE(1) | page[0].slot);
    expect(ts[1], RESPONSE(1) | hash_slot(VSID, 0x400000));
    expect(ts[2], RESPONSE(1) | bolted);
    expect(ts[3], RESPONSE(2) | hash_groups * 8);
    expect(ts[4], RESPONSE(0) | page[1].slot);
    expect(load_guarded(address_of(cpu, 1)), FAULT_VALUE);
    expect(load_guarded(address_of(cpu, 2)), 2);
    ts[0] = 0;
    remove_block(ts, H_PARAMETER);
    set_msr(get_msr() & ~MSR_DR);
}

/* ---- changes, without a pause ---- */

static void change(const struct cpu *cpu)
{
    struct own *mine = &own[cpu->id];
    uint64_t dice = random_next(&mine->random);
    unsigned n = dice % PAGES;
    struct page *page = &mine->page[n];
    uint64_t out[2], was = page->pp;

    dice >>= 32;
    scratch[cpu->id][dice % SCRATCH_PAGES][0] = dice;
    if (!page->mapped) {
        map(cpu, n, dice % DATA_PAGES, dice >> 8 & 1 ? PP_RW : PP_RO);
    } else if (dice % 4 == 0) {
        expect(hcall_out(out, 2, H_REMOVE, H_AVPN, page->slot,
                         hash_pte0(VSID + 1, offset_of(cpu, n)) & ~0x7full, 0),
               H_SUCCESS);
        check_entry(cpu, n, out);
        page->mapped = false;
    } else if (dice % 4 == 1) {
        page->pp = was == PP_RW ? PP_RO : PP_RW;
        expect(hcall(H_PROTECT, page->pp, page->slot, 0, 0), H_SUCCESS);
    }
    check_page(cpu, n);
}

static void churn(struct cpu *cpu)
{
    own[cpu->id].random = cpu->id + 1;
    translation_on(MSR_DR | MSR_IR);
    for (uint64_t round = 1; !end; round++) {
        for (int step = 0; step < STEPS; step++) {
            change(cpu);
        }
        check_all(cpu);
        if (!cpu->id && round % 10 == 0) {
            end = endless ? told_to_stop(round) : round == ROUNDS;
        }
    }
    set_msr(get_msr() & ~(MSR_DR | MSR_IR));
}

/* In a table of another size than the guest was given */
void test_hash_churn(void)
{
    unsigned shift;

    endless = same(command, "hash-churn-on");
    begin();
    shift = shift_now() + 1;
    expect(prepare(0, shift), H_SUCCESS);
    expect(hcall(H_RESIZE_HPT_COMMIT, 0, shift, 0, 0), H_SUCCESS);
    expect(shift_now(), shift);
    run_everywhere(churn);
}

/* ---- what a guest can't make the host keep ---- */

#define BLOAT_CALLS 20000

/*
 * Tables that the guest gives up are freed once their readers have ended.  A
 * vCPU that spins in real mode is a reader for ever, unless QEMU kicks it.
 * run.py watches QEMU's memory and mappings.
 */
static void bloat_prepare(unsigned shift)
{
    for (uint64_t i = 0; i < BLOAT_CALLS; i++) {
        hcall(H_RESIZE_HPT_PREPARE, 0, shift - (i & 1), 0, 0);
    }
    expect(prepare(0, 0), H_SUCCESS);
}

static void bloat_commit(unsigned shift)
{
    uint64_t done = 0;

    for (uint64_t i = 0; i < BLOAT_CALLS; i++) {
        done += !hcall(H_RESIZE_HPT_PREPARE, 0, shift, 0, 0) &&
                !hcall(H_RESIZE_HPT_COMMIT, 0, shift, 0, 0);
    }
    print("%d of %d resizes done\n", done, (uint64_t)BLOAT_CALLS);
    /* a guest that waits while told to succeeds */
    for (int i = 0; i < 3; i++) {
        expect(prepare(0, shift), H_SUCCESS);
        expect(hcall(H_RESIZE_HPT_COMMIT, 0, shift, 0, 0), H_SUCCESS);
    }
}

static void bloat_kind(void)
{
    for (uint64_t i = 0; i < BLOAT_CALLS; i++) {
        hcall(H_REGISTER_PROCESS_TABLE, i & 1 ? 0x18 : 0x1c, 0, 0, 0);
    }
}

/* Other vCPUs are in RCU read sections, too */
static void bloat_idle(struct cpu *cpu)
{
    while (!end) {
        relax();
    }
}

void test_hash_bloat(void)
{
    uint64_t until;
    unsigned shift;

    expect(negotiate(false, false), true);
    shift = shift_now();
    for (unsigned id = 1; id < CPUS; id++) {
        expect(start_cpu(id, bloat_idle, NULL), true);
    }
    bloat_prepare(shift);
    bloat_commit(shift);
    bloat_kind();
    /* so that run.py sees what is left */
    until = timebase() + TB_HZ / 2;
    while (timebase() < until) {
        relax();
    }
    end = true;
}
