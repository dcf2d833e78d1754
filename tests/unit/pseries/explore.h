/*
 * Run a few threads in all orders of their loads and stores
 *
 * For code that works on shared words by QEMU's atomics.  A test includes this
 * file after QEMU's headers, then the header with the code under test, whose
 * atomics are thereby steps of a model.  The model is run again and again until
 * each choice at each step has been made once: which thread is next, and which
 * store a load sees.
 *
 * The memory is that of weakly ordered hosts, and of C11.  A word is the list
 * of all stores to it.  A load sees any store that is no older than the newest
 * one that its thread has seen, or has learned of by a barrier.  By smp_rmb()
 * and load_acquire a thread learns of what the storing thread had seen before
 * its smp_wmb() or store_release; by smp_mb(), of what other threads had seen
 * at their last smp_mb().  An atomic exchange sees the newest store, acquires
 * and releases, and is no full barrier by itself, as on Arm.  x86 hosts allow
 * fewer orders than this model.  Load buffering is not modelled (others see a
 * store before an earlier load of its own thread is done): no store that
 * matters here is independent of the loads before it.
 *
 * States (of memory and threads) that have been seen are not followed twice.
 * They are told apart by 64-bit hashes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_UNIT_PSERIES_EXPLORE_H
#define TESTS_UNIT_PSERIES_EXPLORE_H

#define EXPLORE_THREADS 4

typedef struct ExploreProgram {
    /* Before each run: the words' first values, by explore_word() */
    void (*begin)(void);
    void (*thread[EXPLORE_THREADS])(void);
    /* After each run, when plain access to words sees the newest values */
    void (*end)(void);
} ExploreProgram;

/** ExploreResult - @bad is the number of runs that called explore_bad() */
typedef struct ExploreResult {
    uint64_t runs, states, bad;
    const char *why;                    /* of the first bad run */
} ExploreResult;

/** explore - run @program in all orders, or until a run is bad */
ExploreResult explore(const ExploreProgram *program);

/** explore_and_say: explore(), and log the result under the name @what */
ExploreResult explore_and_say(const ExploreProgram *program, const char *what);

/** explore_all_right: assert that no run is bad, of more than 100 states */
void explore_all_right(const ExploreProgram *program, const char *what);

/** explore_finds_bad: assert that a run is bad, since a step is left out */
void explore_finds_bad(const ExploreProgram *program, const char *what);

/** explore_word: make *@word shared, with its present value */
#define explore_word(word) explore_add_word((word), *(word))
void explore_add_word(const void *word, uint64_t value);

/** explore_bad: this run breaks a rule */
void explore_bad(const char *why);

/** explore_spin: the thread waits for others to change something */
void explore_spin(void);
/** explore_wait: wait until the newest store to *@word is @value; acquires */
void explore_wait(const void *word, uint64_t value);

enum { EXPLORE_RELAXED, EXPLORE_ORDERED };
uint64_t explore_load(const void *word, int order);
void explore_store(void *word, uint64_t value, int order);
uint64_t explore_exchange(void *word, uint64_t value);
uint64_t explore_compare(void *word, uint64_t old, uint64_t value);
uint64_t explore_add(void *word, uint64_t value);
void explore_acquire(void);
void explore_release(void);
void explore_full(void);

#undef qatomic_read
#undef qatomic_read_u64
#undef qatomic_set
#undef qatomic_set_u64
#undef qatomic_load_acquire
#undef qatomic_store_release
#undef qatomic_xchg
#undef qatomic_cmpxchg
#undef qatomic_inc
#undef qatomic_dec
#undef smp_mb
#undef smp_rmb
#undef smp_wmb
#undef smp_mb__before_rmw
#undef smp_mb__after_rmw

#ifndef EXPLORE_ITSELF
#define qatomic_read(p) explore_load((p), EXPLORE_RELAXED)
#define qatomic_read_u64(p) explore_load((p), EXPLORE_RELAXED)
#define qatomic_load_acquire(p) explore_load((p), EXPLORE_ORDERED)
#define qatomic_set(p, v) explore_store((p), (v), EXPLORE_RELAXED)
#define qatomic_set_u64(p, v) explore_store((p), (v), EXPLORE_RELAXED)
#define qatomic_store_release(p, v) explore_store((p), (v), EXPLORE_ORDERED)
#define qatomic_xchg(p, v) explore_exchange((p), (v))
#define qatomic_cmpxchg(p, old, new) explore_compare((p), (old), (new))
#define qatomic_inc(p) explore_add((p), 1)
#define qatomic_dec(p) explore_add((p), -1ull)
/* a step */
#define smp_mb() explore_full()
/* no step: changes only what its thread has seen */
#define smp_rmb() explore_acquire()
/* no step: changes only what its thread tells */
#define smp_wmb() explore_release()
/* a step */
#define smp_mb__before_rmw() explore_full()
/* a step */
#define smp_mb__after_rmw() explore_full()
#endif

#endif
