/*
 * Unit tests of the hash page table's entries and of flushes, in all orders of
 * the loads and stores of walks and hypercalls
 *
 * What is run is the machine's own code, mmu/entry.h and mmu/mark.h.  Each rule
 * is also tried with a step of it left out: the exploration has to find that.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "explore.h"
#include "hw/ppc/pseries/mmu/entry.h"
#include "hw/ppc/pseries/mmu/mark.h"

#define ADDRESS_X   0x1000ull
#define ADDRESS_Y   0x2000ull
#define X           (ADDRESS_X | HPTE0_VALID)
#define Y           (ADDRESS_Y | HPTE0_VALID)
#define PAGE(n)     ((n) * 0x10000ull)
#define RC          (HPTE1_R | HPTE1_C)

/* ---- what walks and hypercalls do ---- */

/** Pair - an entry: address, page and R */
typedef struct Pair {
    uint64_t pte[2];
} Pair;

typedef bool Walk(Pair *found);

static struct {
    uint64_t pte[2];
    size_t removals;
    uint32_t clears;
    PaprMmuVcpu vcpu;
    uint64_t queue;                     /* flushes queued for the vCPU */
    /* of CPUState; running is between cpu_exec_start() and cpu_exec_end() */
    uint64_t running, exit_request;

    /* of this run, no words of the model */
    Walk *walk;
    void (*publish)(uint64_t pte0, uint64_t pte1);
    uint64_t (*take_out)(void);
    Pair entered[4];                    /* all that were in the table */
    bool flushed[4];                    /* R was set when it was removed */
    unsigned n_entered;
    Pair found;
    bool has_found;
    uint64_t gone;                      /* bit n: PAGE(n) removed for good */
    Pair tlb;
    bool in_tlb;
    bool (*enter)(PaprMmuVcpu *vcpu);
    void (*flush)(void);
    void (*clear_ref)(void);
} m;

static bool matches(const uint64_t *pair, uint64_t pte0)
{
    return (pair[0] & HPTE0_VALID) && !((pair[0] ^ pte0) & HPTE0_AVPN_B);
}

/* As ppc_hash64_xlate() does it with patch 0110; true: there is an X */
static bool walk(Pair *found)
{
    for (;;) {
        uint64_t *pair = found->pte;
        uint64_t use;

        papr_entry_read(m.pte, &m.removals, pair);
        if (!matches(pair, X)) {
            return false;
        }
        use = HPTE1_R & ~pair[1];
        if (!use || (papr_entry_note(m.pte, pair[1], use) &&
                     papr_entry_is(m.pte, &m.removals, pair, use))) {
            pair[1] |= use;
            return true;
        }
    }
}

static void publish(uint64_t pte0, uint64_t pte1)
{
    papr_entry_publish(m.pte, pte0, pte1);
}

static uint64_t take_out(void)
{
    return papr_entry_take_out(m.pte, &m.removals);
}

/* H_ENTER; PAGE(n) tells the entries apart */
static void enter(uint64_t pte0, uint64_t pte1)
{
    for (;;) {
        uint64_t seen = papr_entry_load(m.pte, 0);

        if (seen & (HPTE0_VALID | HPTE0_LOCK)) {
            explore_spin();
        } else if (papr_entry_try_claim(m.pte, seen)) {
            break;
        }
    }
    m.entered[m.n_entered++] = (Pair) { { pte0, pte1 } };
    m.publish(pte0, pte1);
}

static void lock(void)
{
    for (;;) {
        uint64_t seen = papr_entry_load(m.pte, 0);

        if ((seen & HPTE0_LOCK) || !(seen & HPTE0_VALID)) {
            explore_spin();
        } else if (papr_entry_try_lock(m.pte, seen)) {
            return;
        }
    }
}

/* H_REMOVE, up to its test of R */
static uint64_t remove_entry(void)
{
    uint64_t pte1;

    lock();
    pte1 = m.take_out();
    for (unsigned i = 0; i < m.n_entered; i++) {
        if (!((m.entered[i].pte[1] ^ pte1) & ~RC)) {
            m.flushed[i] = pte1 & HPTE1_R;
        }
    }
    return pte1;
}

static void begin(Walk *walk_fn)
{
    memset(&m, 0, sizeof(m));
    m.walk = walk_fn;
    m.publish = publish;
    m.take_out = take_out;
    m.enter = papr_mark_enter;
}

static void begin_with(uint64_t pte0, uint64_t pte1)
{
    m.pte[0] = cpu_to_be64(pte0);
    m.pte[1] = cpu_to_be64(pte1);
    m.entered[m.n_entered++] = (Pair) { { pte0, pte1 } };
    explore_word(&m.pte[0]);
    explore_word(&m.pte[1]);
    explore_word(&m.removals);
}

/* ---- a walk returns what was in the table, and removals see its R ---- */

static void walker(void)
{
    m.has_found = m.walk(&m.found);
}

static void check_found(void)
{
    if (!m.has_found) {
        return;
    }
    for (unsigned i = 0; i < m.n_entered; i++) {
        const Pair *was = &m.entered[i];

        if (was->pte[0] != X || ((was->pte[1] ^ m.found.pte[1]) & ~RC)) {
            continue;
        }
        /* the last one entered is in the table still */
        if (i < m.n_entered - 1 && !m.flushed[i]) {
            explore_bad("removed without a flush, but in use");
        }
        return;
    }
    explore_bad("an entry that never was");
}

/* R of the first, second, third entry: as if other walks had used them */
static unsigned used;

static uint64_t pte1_of(unsigned n)
{
    return PAGE(n) | (used & 1 << (n - 1) ? HPTE1_R : 0);
}

/* Address X has page 1, then Y has page 2 in its place, then X page 3 */
static void remover_xyx(void)
{
    remove_entry();
    enter(Y, pte1_of(2));
    remove_entry();
    enter(X, pte1_of(3));
}

static Walk *walk_to_try;
static uint64_t (*take_out_to_try)(void);
static void (*publish_to_try)(uint64_t pte0, uint64_t pte1);

static void begin_xyx(void)
{
    begin(walk_to_try ?: walk);
    m.take_out = take_out_to_try ?: take_out;
    m.publish = publish_to_try ?: publish;
    begin_with(X, pte1_of(1));
}

static const ExploreProgram walk_and_replace = {
    begin_xyx, { walker, remover_xyx }, check_found
};

static void test_walk(void)
{
    static const unsigned sets[] = { 0, 1, 7 };

    for (int i = 0; i < ARRAY_SIZE(sets); i++) {
        used = sets[i];
        explore_all_right(&walk_and_replace, "one walk, X Y X");
    }
    used = 0;
}

/* The same by two vCPUs: one removes, the other one enters */
static void remover(void)
{
    remove_entry();
}

static void enterer(void)
{
    enter(Y, pte1_of(2));
}

static const ExploreProgram walk_and_two = {
    begin_xyx, { walker, remover, enterer }, check_found
};

static void test_walk_two(void)
{
    used = 1;
    explore_all_right(&walk_and_two, "one walk, a remover and an enterer");
    used = 0;
}

/* H_PROTECT without a new page: R is cleared, the entry stays */
static uint64_t read_only(uint64_t pte1, uint64_t arg)
{
    return (pte1 & ~HPTE1_R) | HPTE1_PP;
}

static void protector(void)
{
    uint64_t pte0;

    lock();
    pte0 = papr_entry_load(m.pte, 0) & ~HPTE0_LOCK;
    papr_clears_begin(&m.clears);
    m.entered[m.n_entered++] = (Pair) { { X, PAGE(1) | HPTE1_PP } };
    m.flushed[0] = papr_entry_change(m.pte, read_only, 0) & HPTE1_R;
    papr_entry_unlock_changed(m.pte, pte0);
}

static void begin_protect(void)
{
    begin_xyx();
    explore_word(&m.clears);
}

static void test_walk_protect(void)
{
    static const ExploreProgram program = {
        begin_protect, { walker, protector }, check_found
    };

    for (used = 0; used < 2; used++) {
        ExploreResult result = explore_and_say(&program, "H_PROTECT");

        g_assert_cmpuint(result.bad, ==, 0);
    }
    used = 0;
}

/* ---- the same with a step left out ---- */

/* Wrong: one half after the other, with no look at the counter */
static bool walk_torn(Pair *found)
{
    found->pte[0] = papr_entry_load(m.pte, 0);
    /* in order, as loads on x86 */
    smp_rmb();
    found->pte[1] = papr_entry_load(m.pte, 1);
    return matches(found->pte, X);
}

/* Wrong: reads the first half again, which may be that of another X */
static bool walk_twice(Pair *found)
{
    do {
        found->pte[0] = papr_entry_load(m.pte, 0);
        /* in order, as loads on x86 */
        smp_rmb();
        found->pte[1] = papr_entry_load(m.pte, 1);
        /* in order, as loads on x86 */
        smp_rmb();
    } while (papr_entry_load(m.pte, 0) != found->pte[0]);
    return matches(found->pte, X);
}

static bool walk_without_second_look(Pair *found)
{
    uint64_t *pair = found->pte;

    do {
        papr_entry_read(m.pte, &m.removals, pair);
        if (!matches(pair, X)) {
            return false;
        }
    } while (!(pair[1] & HPTE1_R) &&
             !papr_entry_note(m.pte, pair[1], HPTE1_R));
    return true;
}

/* Wrong: counts a removal while the entry is still valid */
static uint64_t count_then_take_out(void)
{
    uint64_t pte1;

    qatomic_inc(&m.removals);
    /* no barrier is missing */
    smp_mb();
    qatomic_set(&m.pte[0], cpu_to_be64(HPTE0_LOCK));
    /* no barrier is missing */
    smp_mb();
    pte1 = be64_to_cpu(qatomic_xchg(&m.pte[1], 0));
    papr_entry_unlock_changed(m.pte, 0);
    return pte1;
}

/* Wrong: stores the first half, then the second one */
static void publish_backwards(uint64_t pte0, uint64_t pte1)
{
    papr_entry_unlock_changed(m.pte, pte0);
    qatomic_set(&m.pte[1], cpu_to_be64(pte1));
}

/* Wrong: without release, who sees the second half may miss the removal */
static void publish_relaxed(uint64_t pte0, uint64_t pte1)
{
    qatomic_set(&m.pte[1], cpu_to_be64(pte1));
    papr_entry_unlock_changed(m.pte, pte0);
}

/* Page 1 again, but for Y: only the second half is as at first (ABA) */
static void remover_back(void)
{
    remove_entry();
    enter(X, PAGE(2));
    remove_entry();
    enter(Y, PAGE(1));
}

static const ExploreProgram walk_and_put_back = {
    begin_xyx, { walker, remover_back }, check_found
};

static void test_walk_bad(void)
{
    walk_to_try = walk_torn;
    explore_finds_bad(&walk_and_replace, "one half, then the other");
    used = 7;
    walk_to_try = walk_twice;
    explore_finds_bad(&walk_and_replace, "the first half twice");
    used = 0;
    walk_to_try = walk_without_second_look;
    explore_finds_bad(&walk_and_put_back, "no second look");
    walk_to_try = NULL;
    explore_all_right(&walk_and_put_back, "with it");

    used = 7;
    take_out_to_try = count_then_take_out;
    explore_finds_bad(&walk_and_replace, "counted too early");
    take_out_to_try = NULL;
    publish_to_try = publish_backwards;
    explore_finds_bad(&walk_and_replace, "published too early");
    publish_to_try = publish_relaxed;
    explore_finds_bad(&walk_and_two, "another thread's removal unseen");
    publish_to_try = NULL;
    used = 0;
}

/* ---- TLBs ---- */

static void use_tlb(void)
{
    if (m.in_tlb && (m.gone & 1 << (m.tlb.pte[1] >> 16))) {
        explore_bad("a translation in use that was flushed");
    }
}

static void drain_queue(void)
{
    if (qatomic_xchg(&m.queue, 0)) {
        m.in_tlb = false;
    }
}

/*
 * A vCPU that executes @rounds times: the loop of its thread, around
 * tcg_cpu_exec(), whose barriers are QEMU's.  Work is queued with a lock.
 */
static void execute(unsigned rounds)
{
    while (rounds--) {
        qatomic_set(&m.exit_request, 0);
        /* qatomic_set_mb() */
        smp_mb();
        drain_queue();
        qatomic_set(&m.running, 1);
        /* cpu_exec_start() */
        smp_mb();
        if (m.enter(&m.vcpu)) {
            m.in_tlb = false;
        }
        if (!qatomic_read(&m.exit_request)) {
            if (!m.in_tlb) {
                m.in_tlb = m.walk(&m.tlb);
            }
            use_tlb();
        }
        papr_mark_exit(&m.vcpu);
        qatomic_store_release(&m.running, 0);
    }
}

static void vcpu_once(void)
{
    execute(1);
}

static void vcpu_twice(void)
{
    execute(2);
}

/* papr_tlb_flush(), for one other vCPU */
static void flush(void)
{
    /* flush_others() */
    smp_mb();
    if (papr_mark_or_notify(&m.vcpu)) {
        qatomic_inc(&m.queue);
        qatomic_set(&m.exit_request, 1);
        /* start_exclusive(): a barrier, then it waits for vCPUs that run */
        smp_mb();
        explore_wait(&m.running, 0);
    }
}

static void remove_and_flush(void)
{
    uint64_t pte1 = remove_entry();

    if ((pte1 & HPTE1_R) || papr_clears_others(&m.clears, false)) {
        m.flush();
    }
    /* the hypercall is complete */
    m.gone |= 1 << (pte1 >> 16);
}

/* H_CLEAR_REF, when it has locked the entry */
static uint64_t without_r(uint64_t pte1, uint64_t arg)
{
    return pte1 & ~HPTE1_R;
}

static void clear_ref(void)
{
    papr_clears_begin(&m.clears);
    papr_entry_change(m.pte, without_r, 0);
    papr_entry_unlock_changed(m.pte, X);
    m.flush();
    papr_clears_end(&m.clears);
}

static bool warm;                       /* the vCPU has the translation */
static bool (*enter_to_try)(PaprMmuVcpu *vcpu);

static void begin_tlb_with(uint64_t pte0)
{
    begin(walk);
    m.enter = enter_to_try ?: papr_mark_enter;
    m.flush = flush;
    begin_with(pte0, PAGE(1) | (warm ? HPTE1_R : 0));
    m.in_tlb = warm;
    m.tlb = m.entered[0];
    explore_word(&m.clears);
    explore_word(&m.vcpu.active);
    explore_word(&m.vcpu.flush);
    explore_word(&m.queue);
    explore_word(&m.running);
    explore_word(&m.exit_request);
}

static void begin_tlb(void)
{
    begin_tlb_with(X);
}

/* The flush that the vCPU would do before it runs, then one more use */
static void end_tlb(void)
{
    if (explore_load(&m.queue, 0) || explore_load(&m.vcpu.flush, 0)) {
        m.in_tlb = false;
    }
    use_tlb();
}

static const ExploreProgram one_flush = {
    begin_tlb, { vcpu_once, remove_and_flush }, end_tlb
};

static void test_flush(void)
{
    static const ExploreProgram twice = {
        begin_tlb, { vcpu_twice, remove_and_flush }, end_tlb
    };

    explore_all_right(&one_flush, "TLB and removal");
    warm = true;
    explore_all_right(&twice, "TLB and removal, executed twice");
    warm = false;
}

/* A vCPU that does the queued flush at once */
static void flush_told(void)
{
    qatomic_xchg(&m.queue, 1);
    m.in_tlb = false;
}

static void clear_ref_told(void)
{
    m.clear_ref();
}

static void remove_told(void)
{
    remove_and_flush();
    use_tlb();
}

static void (*clear_ref_to_try)(void);

static void begin_clears(void)
{
    warm = true;
    begin_tlb_with(X | HPTE0_LOCK);
    warm = false;
    m.flush = flush_told;
    m.clear_ref = clear_ref_to_try ?: clear_ref;
}

static const ExploreProgram clear_and_remove = {
    begin_clears, { clear_ref_told, remove_told }, end_tlb
};

static void test_flush_clears(void)
{
    explore_all_right(&clear_and_remove, "TLB, H_CLEAR_REF and removal");
}

/* Without the barrier between the vCPU's two accesses */
static bool enter_without_barrier(PaprMmuVcpu *vcpu)
{
    qatomic_set(&vcpu->active, true);
    if (!qatomic_read(&vcpu->flush)) {
        return false;
    }
    qatomic_set(&vcpu->flush, false);
    return true;
}

/* R is cleared, but not counted */
static void clear_ref_uncounted(void)
{
    papr_entry_change(m.pte, without_r, 0);
    papr_entry_unlock_changed(m.pte, X);
    m.flush();
}

static void test_flush_bad(void)
{
    warm = true;
    enter_to_try = enter_without_barrier;
    explore_finds_bad(&one_flush, "no barrier on entry");
    enter_to_try = NULL;
    warm = false;
    clear_ref_to_try = clear_ref_uncounted;
    explore_finds_bad(&clear_and_remove, "R cleared, not counted");
    clear_ref_to_try = NULL;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hpt-race/walk", test_walk);
    g_test_add_func("/hpt-race/walk-two-vcpus", test_walk_two);
    g_test_add_func("/hpt-race/walk-protect", test_walk_protect);
    g_test_add_func("/hpt-race/walk-step-left-out", test_walk_bad);
    g_test_add_func("/hpt-race/flush", test_flush);
    g_test_add_func("/hpt-race/flush-clears", test_flush_clears);
    g_test_add_func("/hpt-race/flush-step-left-out", test_flush_bad);
    return g_test_run();
}
