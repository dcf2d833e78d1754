/*
 * Run a few threads in all orders of their loads and stores
 *
 * For code that works on shared words by QEMU's atomics.  A test includes this
 * file after all of QEMU's, then the header with the code: the atomics in that
 * are then steps of a model, which is run again and again until each choice at
 * each step has been made once: which thread is next, and what a load sees.
 *
 * The memory is that of weakly ordered hosts, and of C11.  A word is the list
 * of all stores to it.  A load sees any of them that is no older than what its
 * thread has seen of that word, or has been told of by a barrier: smp_rmb() and
 * load_acquire take over what the storing thread had seen before smp_wmb() or
 * store_release; smp_mb() adds what all threads had seen at theirs.  An atomic
 * exchange sees the newest store, acquires and releases, and is no full barrier
 * by itself, as on Arm; x86 hosts show part of what this memory shows.  Not
 * modelled is a store that others see before an earlier load of its own thread
 * is done: no store that matters here is independent of the loads before it.
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
    const char *why;                    /* the first bad one was bad */
} ExploreResult;

/** explore - run @program in all orders, or until one was bad */
ExploreResult explore(const ExploreProgram *program);

/** explore_and_say: the same, with a line in the test's log, on @what */
ExploreResult explore_and_say(const ExploreProgram *program, const char *what);

/** explore_all_right: no run was bad, and there were enough to say so */
void explore_all_right(const ExploreProgram *program, const char *what);

/** explore_finds_bad: one was, as the test wants it */
void explore_finds_bad(const ExploreProgram *program, const char *what);

/** explore_word: make *@word shared, with its present value */
#define explore_word(word) explore_add_word((word), *(word))
void explore_add_word(const void *word, uint64_t value);

/** explore_bad: this run breaks a rule */
void explore_bad(const char *why);

/** explore_spin: the thread waits for others to change something */
void explore_spin(void);
/** explore_wait: it waits till *@word, as it is newest, is @value; acquires */
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
/* a step */
#define smp_rmb() explore_acquire()
/* a step */
#define smp_wmb() explore_release()
/* a step */
#define smp_mb__before_rmw() explore_full()
/* a step */
#define smp_mb__after_rmw() explore_full()
#endif

#endif
