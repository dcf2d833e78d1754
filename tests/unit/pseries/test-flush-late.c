/*
 * Unit test of TLB flushes that a vCPU does when it runs next, in all orders of
 * the loads and stores of that vCPU and of who asks for the flush
 *
 * What is run is QEMU's code as base/patches leave it, accel/tcg/
 * tlb-flush-late.h, whose comment has the argument in steps.  Each is also
 * tried with a part left out: the exploration has to find it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "explore.h"
#include "accel/tcg/tlb-flush-late.h"

#define NO_ENTRY 2                      /* in a TLB: else a table's value */

static struct {
    /* words of the model; bool where the code has bool */
    bool late, running;
    uint64_t table[2];                  /* each asker changes one, 0 to 1 */
    uint64_t done[2];                   /* the asker knows it is flushed */
    uint64_t queued[2], worked[2];      /* work for the vCPU */
    uint64_t page;                      /* what only table[0] == 0 leads to */

    /* of the vCPU: its TLB, and how often it has stored to the page */
    uint64_t tlb[2], stores;
    uint64_t seen;                      /* stores seen by table[0]'s asker */

    bool (*ask)(bool *late, const bool *running);
    bool barrier_at_start, release_at_end;
} m;

static bool (*ask_to_try)(bool *late, const bool *running);
static bool no_barrier_at_start, no_release_at_end;

static void begin(void)
{
    memset(&m, 0, sizeof(m));
    m.ask = ask_to_try ?: tlb_flush_late_ask;
    m.barrier_at_start = !no_barrier_at_start;
    m.release_at_end = !no_release_at_end;
    m.tlb[0] = m.tlb[1] = 0;            /* entries from before */
    explore_word(&m.late);
    explore_word(&m.running);
    explore_word(&m.page);
    for (int i = 0; i < 2; i++) {
        explore_word(&m.table[i]);
        explore_word(&m.done[i]);
        explore_word(&m.queued[i]);
        explore_word(&m.worked[i]);
    }
}

static void flush(void)
{
    m.tlb[0] = m.tlb[1] = NO_ENTRY;
}

/* An access through entry @i: a walk if there is none */
static void use(int i)
{
    uint64_t done = qatomic_load_acquire(&m.done[i]);

    if (m.tlb[i] == NO_ENTRY) {
        m.tlb[i] = qatomic_read(&m.table[i]);
    }
    if (done && m.tlb[i] == 0) {
        explore_bad("an entry that was flushed is used");
    }
    if (i == 0 && m.tlb[0] == 0) {
        qatomic_set(&m.page, ++m.stores);
    }
}

static void run_once(void)
{
    qatomic_set(&m.running, true);
    if (m.barrier_at_start) {
        smp_mb();                       /* as cpu_exec_start() */
    }
    if (tlb_flush_late_due(&m.late)) {
        flush();
    }
    use(0);
    use(1);
    if (m.release_at_end) {
        qatomic_store_release(&m.running, false);
    } else {
        qatomic_set(&m.running, false);
    }
    smp_mb();                           /* as cpu_exec_end() */
    for (int i = 0; i < 2; i++) {
        if (qatomic_load_acquire(&m.queued[i])) {
            qatomic_set(&m.queued[i], 0);
            flush();
            qatomic_store_release(&m.worked[i], 1);
        }
    }
}

static void vcpu_twice(void)
{
    run_once();
    run_once();
}

/* A thread that queues work for a running vCPU waits until it is done */
static void change(int i)
{
    qatomic_set(&m.table[i], 1);
    smp_mb();                           /* as ptesync, before tlbie */
    if (!m.ask(&m.late, &m.running)) {
        qatomic_store_release(&m.queued[i], 1);
        if (!qatomic_load_acquire(&m.worked[i])) {
            return;                     /* waits: asserts nothing */
        }
    }
    if (i == 0) {
        m.seen = qatomic_read(&m.page); /* others may use the page now */
    }
    qatomic_store_release(&m.done[i], 1);
}

static void change_first(void)
{
    change(0);
}

static void change_second(void)
{
    change(1);
}

static void end(void)
{
    if (qatomic_read(&m.done[0]) && m.stores != m.seen) {
        explore_bad("a store through an entry that was flushed");
    }
}

static const ExploreProgram one = {
    .begin = begin, .end = end, .thread = { vcpu_twice, change_first },
};

static const ExploreProgram two = {
    .begin = begin, .end = end,
    .thread = { run_once, change_first, change_second },
};

static void test_late(void)
{
    explore_all_right(&one, "one flush");
    explore_all_right(&two, "two flushes");
}

static bool ask_without_barrier(bool *late, const bool *running)
{
    qatomic_set(late, true);
    return !qatomic_load_acquire(running);
}

static bool ask_without_acquire(bool *late, const bool *running)
{
    qatomic_set(late, true);
    smp_mb();                           /* as tlb_flush_late_ask() */
    return !qatomic_read(running);
}

static bool ask_first_look_only(bool *late, const bool *running)
{
    bool runs = qatomic_load_acquire(running);

    qatomic_set(late, true);
    smp_mb();                           /* as tlb_flush_late_ask() */
    return !runs;
}

static void test_ask_without_barrier(void)
{
    ask_to_try = ask_without_barrier;
    explore_finds_bad(&one, "no barrier between request and look");
    ask_to_try = NULL;
}

static void test_ask_without_acquire(void)
{
    ask_to_try = ask_without_acquire;
    explore_finds_bad(&one, "a look without acquire order");
    ask_to_try = NULL;
}

static void test_ask_first_look_only(void)
{
    ask_to_try = ask_first_look_only;
    explore_finds_bad(&one, "no look behind the request");
    ask_to_try = NULL;
}

static void test_start_without_barrier(void)
{
    no_barrier_at_start = true;
    explore_finds_bad(&one, "no barrier at the start");
    no_barrier_at_start = false;
}

static void test_end_without_release(void)
{
    no_release_at_end = true;
    explore_finds_bad(&one, "an end without release order");
    no_release_at_end = false;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/flush-late/right", test_late);
    g_test_add_func("/pseries/flush-late/ask-without-barrier",
                    test_ask_without_barrier);
    g_test_add_func("/pseries/flush-late/ask-without-acquire",
                    test_ask_without_acquire);
    g_test_add_func("/pseries/flush-late/ask-first-look-only",
                    test_ask_first_look_only);
    g_test_add_func("/pseries/flush-late/start-without-barrier",
                    test_start_without_barrier);
    g_test_add_func("/pseries/flush-late/end-without-release",
                    test_end_without_release);
    return g_test_run();
}
