/*
 * Unit tests of cached addresses of guest memory, in all orders of loads and
 * stores of a reader, the writer that changes the view of memory, and RCU
 *
 * What is run is the machine's own code, hcall/mem-generation.h.  Each of its
 * rules is also tried with a step left out: the exploration has to find that.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "explore.h"
#include "hw/ppc/pseries/hcall/mem-generation.h"

#define EVEN  2                         /* a generation */
#define VIEWS 3

static struct {
    uint64_t generation;
    uint64_t current;                   /* the current view */
    uint64_t queued[VIEWS];             /* to be freed */
    uint64_t freed[VIEWS];
    uint64_t reading;                   /* in an RCU read section */
    uint64_t bql;
    uint64_t told;                      /* last view known to be current */

    /* of this run, no words of the model */
    unsigned sections;
    uint64_t kept, view;                /* what the reader has cached */
    void (*begin)(uint64_t *generation);
    void (*end)(uint64_t *generation);
    uint64_t (*read)(const uint64_t *generation);
    uint64_t (*keep)(uint64_t generation);
} m;

static unsigned sections_to_try;
static void (*begin_to_try)(uint64_t *generation);
static void (*end_to_try)(uint64_t *generation);
static uint64_t (*read_to_try)(const uint64_t *generation);
static uint64_t (*keep_to_try)(uint64_t generation);

static void begin_at(uint64_t generation)
{
    memset(&m, 0, sizeof(m));
    m.generation = generation;
    m.bql = 1;
    m.kept = PAPR_GENERATION_NONE;
    m.sections = sections_to_try;
    m.begin = begin_to_try ?: papr_generation_begin;
    m.end = end_to_try ?: papr_generation_end;
    m.read = read_to_try ?: papr_generation_read;
    m.keep = keep_to_try ?: papr_generation_kept;
    explore_word(&m.generation);
    explore_word(&m.current);
    explore_word(&m.reading);
    explore_word(&m.bql);
    explore_word(&m.told);
    for (int i = 0; i < VIEWS; i++) {
        explore_word(&m.queued[i]);
        explore_word(&m.freed[i]);
    }
}

static void begin_even(void)
{
    begin_at(EVEN);
}

/* As rcu_read_lock() and papr_mem_at() do it */
static void use_once(void)
{
    uint64_t now, told = qatomic_load_acquire(&m.told);

    qatomic_set(&m.reading, 1);
    smp_mb();                           /* as rcu_read_lock() */
    now = m.read(&m.generation);
    if (m.kept != now) {
        m.view = qatomic_load_acquire(&m.current);
        m.kept = m.keep(now);
    }
    if (m.view < told) {
        explore_bad("a view that is known to be out of date");
    }
    if (qatomic_read(&m.freed[m.view])) {
        explore_bad("a view that was freed");
    }
    qatomic_store_release(&m.reading, 0);
}

static void user(void)
{
    for (unsigned i = 0; i < m.sections; i++) {
        use_once();
    }
}

/* With the BQL; qatomic_rcu_set() releases, and so does call_rcu()'s queue */
static void change_to(uint64_t view)
{
    m.begin(&m.generation);
    qatomic_store_release(&m.current, view);
    qatomic_store_release(&m.queued[view - 1], 1);
    m.end(&m.generation);
    qatomic_store_release(&m.told, view);
}

static void changer(void)
{
    change_to(1);
    qatomic_store_release(&m.bql, 0);
}

static void changer_twice(void)
{
    change_to(1);
    change_to(2);
    qatomic_store_release(&m.bql, 0);
}

/* As RCU's thread: the grace period needs no BQL, freeing does */
static void free_view(uint64_t view)
{
    explore_wait(&m.queued[view], 1);
    smp_mb();                           /* as synchronize_rcu() has it */
    explore_wait(&m.reading, 0);
    explore_wait(&m.bql, 0);
    qatomic_set(&m.freed[view], 1);
}

static void freer(void)
{
    free_view(0);
}

static void freer_of_second(void)
{
    free_view(1);
}

static void nothing(void)
{
}

static const ExploreProgram one_change = {
    begin_even, { user, changer, freer }, nothing
};

static const ExploreProgram two_changes = {
    begin_even, { user, changer_twice, freer, freer_of_second }, nothing
};

static void test_changes(void)
{
    sections_to_try = 3;
    explore_all_right(&one_change, "one change");
    sections_to_try = 2;
    explore_all_right(&two_changes, "two changes");
}

/* Before there is a memory listener, nothing is cached */
static void begin_first(void)
{
    begin_at(PAPR_GENERATION_FIRST);
}

static void user_at_first(void)
{
    use_once();
    if (m.kept != PAPR_GENERATION_NONE) {
        explore_bad("remembered");
    }
}

static void watch(void)
{
    use_once();
    papr_generation_begin(&m.generation);
    papr_generation_end(&m.generation);
    use_once();
    if (m.kept != EVEN) {
        explore_bad("not remembered");
    }
}

static void test_first(void)
{
    static const ExploreProgram unwatched = {
        begin_first, { user_at_first }, nothing
    };
    static const ExploreProgram watched = { begin_first, { watch }, nothing };

    g_assert_cmpuint(explore_and_say(&unwatched, "unwatched").bad, ==, 0);
    g_assert_cmpuint(explore_and_say(&watched, "watched").bad, ==, 0);
}

/* ---- with a step left out ---- */

static void begin_not_told(uint64_t *generation)
{
}

static void end_after_not_told(uint64_t *generation)
{
    smp_wmb();                          /* of papr_generation_end() */
    qatomic_set_u64(generation, qatomic_read_u64(generation) + 2);
}

static void end_without_barrier(uint64_t *generation)
{
    qatomic_set_u64(generation, qatomic_read_u64(generation) + 1);
}

static uint64_t read_without_barrier(const uint64_t *generation)
{
    return qatomic_read_u64(generation);
}

static uint64_t keep_all(uint64_t generation)
{
    return generation;
}

static void test_step_left_out(void)
{
    sections_to_try = 2;

    begin_to_try = begin_not_told;
    end_to_try = end_after_not_told;
    explore_finds_bad(&one_change, "told of after the change only");
    begin_to_try = NULL;

    end_to_try = end_without_barrier;
    explore_finds_bad(&one_change, "no barrier after the change");
    end_to_try = NULL;

    read_to_try = read_without_barrier;
    explore_finds_bad(&one_change, "no barrier before the look-up");
    read_to_try = NULL;

    keep_to_try = keep_all;
    explore_finds_bad(&one_change, "kept in the middle of a change");
    keep_to_try = NULL;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mem-generation/changes", test_changes);
    g_test_add_func("/mem-generation/first", test_first);
    g_test_add_func("/mem-generation/step-left-out", test_step_left_out);
    return g_test_run();
}
