/*
 * Unit tests: every order in which a few parties can take their turns
 *
 * A party is a function that runs production code.  Each access of that code
 * to a word that others may change is made a turn of its own: the test
 * includes the C file with qatomic_read() and its kind defined as below, so
 * that the code under test is the code that the machine has, not a copy.  All
 * parties run in one thread, as coroutines; il_explore() takes every order of
 * turns, one run each, up to a number of preemptions (a switch away from a
 * party that could go on), and il_random() takes orders by chance.
 *
 * The memory model is sequential consistency.  Where the order of a thread's
 * own store and load matters, il_store() keeps the store in a buffer, as a
 * processor does: the store reaches memory in a turn of its own, at the latest
 * at a barrier or an atomic read-modify-write of its thread.
 *
 * Include it after all headers that use qemu/atomic.h themselves, and before
 * the code to be explored.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_UNIT_PSERIES_INTERLEAVE_H
#define TESTS_UNIT_PSERIES_INTERLEAVE_H

#include "qemu/atomic.h"
#include "qemu/coroutine.h"
#include "qemu/host-utils.h"

enum { IL_PARTIES = 6, IL_TURNS = 4096, IL_STORES = 4 };

typedef void IlRun(void *opaque);

typedef struct IlStore {
    unsigned int *word;
    unsigned int value;
} IlStore;

typedef struct IlParty {
    IlRun *run;
    void *opaque;
    Coroutine *co;
    bool done;
    const int *lock;                    /* waits until it is 0 */
    bool relaxes;                       /* waits until another has a turn */
    IlStore stores[IL_STORES];          /* not in memory yet, oldest first */
    unsigned int n_stores;
} IlParty;

/* A turn of the run at hand, and what else could have been chosen there */
typedef struct IlTurn {
    uint32_t untried;
    uint8_t chosen;
} IlTurn;

/*
 * Il - an exploration
 * @setup: make the world anew and name the parties with il_party()
 * @check: what must hold when all parties have ended
 */
typedef struct Il {
    IlRun *setup;
    IlRun *check;
    void *opaque;
    IlParty parties[IL_PARTIES];
    unsigned int n_parties;
    IlTurn turns[IL_TURNS];
    unsigned int n_turns;               /* of the run at hand */
    unsigned int replay;                /* so many repeat the run before */
    unsigned int preemptions, bound;
    GRand *rand;                        /* NULL: take every order */
    int self;                           /* the party that runs, or -1 */
    unsigned long runs;
} Il;

static Il il;

/* What the parties do in a run, for the report of a failure; il_note() adds */
static char il_log[4096];
static size_t il_log_bytes;

static inline void il_log_reset(void)
{
    il_log[0] = 0;
    il_log_bytes = 0;
}

static inline void G_GNUC_PRINTF(1, 2) il_note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (il_log_bytes < sizeof(il_log)) {
        il_log_bytes += vsnprintf(il_log + il_log_bytes,
                                  sizeof(il_log) - il_log_bytes, format, args);
    }
    va_end(args);
}

static inline void il_party(IlRun *run, void *opaque)
{
    g_assert(il.n_parties < IL_PARTIES);
    il.parties[il.n_parties++] = (IlParty) { .run = run, .opaque = opaque };
}

/* Outside of a run, as in setup and check, there are no other parties */
static inline void il_turn(void)
{
    if (il.self >= 0) {
        qemu_coroutine_yield();
    }
}

static inline void il_drain(IlParty *party)
{
    for (unsigned int i = 0; i < party->n_stores; i++) {
        *party->stores[i].word = party->stores[i].value;
    }
    party->n_stores = 0;
}

/* A full barrier, which is also a part of each atomic operation */
static inline void il_fence(void)
{
    if (il.self >= 0) {
        il_drain(&il.parties[il.self]);
    }
}

static inline void il_store(unsigned int *word, unsigned int value)
{
    IlParty *party = &il.parties[il.self];

    g_assert(il.self >= 0 && party->n_stores < IL_STORES);
    party->stores[party->n_stores++] = (IlStore) { word, value };
}

static inline void il_lock(int *lock)
{
    il_turn();
    while (*lock) {
        g_assert(il.self >= 0);
        il.parties[il.self].lock = lock;
        il_turn();
    }
    *lock = 1;
    il_fence();
}

static inline void il_unlock(int *lock)
{
    il_turn();
    il_fence();
    g_assert(*lock);
    *lock = 0;
}

static inline void il_relax(void)
{
    if (il.self >= 0) {
        il.parties[il.self].relaxes = true;
        il_turn();
    }
}

static void coroutine_fn il_enter(void *opaque)
{
    IlParty *party = opaque;

    party->run(party->opaque);
    party->done = true;                 /* its stores may still be buffered */
}

static inline bool il_runnable(const IlParty *party)
{
    return !party->done && !party->relaxes && !(party->lock && *party->lock);
}

/*
 * What the next turn may be, a bit each.  Bit n: party n runs; bit IL_PARTIES
 * + n: the oldest store in the buffer of party n reaches memory.
 */
static inline uint32_t il_choices(int last)
{
    uint32_t choices = 0;

    for (unsigned int i = 0; i < il.n_parties; i++) {
        choices |= (uint32_t)il_runnable(&il.parties[i]) << i;
    }
    if (last >= 0 && (choices & 1u << last)) {
        if (il.preemptions == il.bound) {
            choices = 1u << last;
        }
    }
    for (unsigned int i = 0; i < il.n_parties; i++) {
        choices |= (uint32_t)(il.parties[i].n_stores > 0) << (IL_PARTIES + i);
    }
    return choices;
}

static inline unsigned int il_choose(uint32_t choices, int last)
{
    unsigned int chosen = ctz32(choices);
    IlTurn *turn = &il.turns[il.n_turns];

    g_assert(il.n_turns < IL_TURNS);
    if (il.rand) {
        for (int skip = g_rand_int_range(il.rand, 0, ctpop32(choices)); skip;
             skip--) {
            choices &= choices - 1;
        }
        il.n_turns++;
        return ctz32(choices);
    }
    if (il.n_turns++ < il.replay) {
        return turn->chosen;
    }
    if (last >= 0 && (choices & 1u << last)) {
        chosen = last;
    }
    *turn = (IlTurn) { choices & ~(1u << chosen), chosen };
    return chosen;
}

static inline void il_memory(IlParty *party)
{
    *party->stores[0].word = party->stores[0].value;
    party->n_stores--;
    memmove(party->stores, party->stores + 1,
            party->n_stores * sizeof(IlStore));
}

static inline void il_go_on(unsigned int chosen)
{
    IlParty *party = &il.parties[chosen];

    party->lock = NULL;
    if (!party->co) {
        party->co = qemu_coroutine_create(il_enter, party);
    }
    il.self = chosen;
    qemu_coroutine_enter(party->co);
    il.self = -1;
    for (unsigned int i = 0; i < il.n_parties; i++) {
        il.parties[i].relaxes &= i == chosen;
    }
}

static inline bool il_all_done(void)
{
    for (unsigned int i = 0; i < il.n_parties; i++) {
        if (!il.parties[i].done) {
            return false;
        }
    }
    return true;
}

/* If all parties relax, all go on: loops with cpu_relax() have a limit */
static inline void il_unrelax(void)
{
    for (unsigned int i = 0; i < il.n_parties; i++) {
        il.parties[i].relaxes = false;
    }
}

static inline void il_one_run(void)
{
    int last = -1;

    il.n_parties = 0;
    il.n_turns = 0;
    il.preemptions = 0;
    il.self = -1;
    il.setup(il.opaque);
    while (!il_all_done()) {
        uint32_t choices = il_choices(last);
        unsigned int chosen;

        if (!choices) {
            il_unrelax();
            choices = il_choices(last);
            g_assert(choices);          /* else it is a deadlock */
        }
        chosen = il_choose(choices, last);
        if (chosen >= IL_PARTIES) {
            il_memory(&il.parties[chosen - IL_PARTIES]);
            continue;
        }
        if (last >= 0 && chosen != last && il_runnable(&il.parties[last])) {
            il.preemptions++;
        }
        last = chosen;
        il_go_on(chosen);
    }
    for (unsigned int i = 0; i < il.n_parties; i++) {
        il_drain(&il.parties[i]);
    }
    il.runs++;
    il.check(il.opaque);
}

/* Take another choice at the last turn that has one left; false: none has */
static inline bool il_next(void)
{
    while (il.n_turns) {
        IlTurn *turn = &il.turns[il.n_turns - 1];

        if (turn->untried) {
            turn->chosen = ctz32(turn->untried);
            turn->untried &= turn->untried - 1;
            il.replay = il.n_turns;
            return true;
        }
        il.n_turns--;
    }
    return false;
}

/* Every order with up to @bound preemptions; returns how many there are */
static inline unsigned long il_explore(IlRun *setup, IlRun *check,
                                       void *opaque, unsigned int bound)
{
    il.setup = setup;
    il.check = check;
    il.opaque = opaque;
    il.bound = bound;
    il.replay = 0;
    il.runs = 0;
    il.rand = NULL;
    do {
        il_one_run();
    } while (il_next());
    return il.runs;
}

/* @runs orders by chance */
static inline void il_random(IlRun *setup, IlRun *check, void *opaque,
                             GRand *rand, unsigned long runs)
{
    il.setup = setup;
    il.check = check;
    il.opaque = opaque;
    il.bound = UINT_MAX;
    il.rand = rand;
    while (runs--) {
        il_one_run();
    }
}

/* What production code calls, a turn each */

#undef qatomic_read
#define qatomic_read(ptr) (il_turn(), *(ptr))

#undef qatomic_load_acquire
#define qatomic_load_acquire(ptr) (il_turn(), *(ptr))

#undef qatomic_rcu_read
#define qatomic_rcu_read(ptr) (il_turn(), *(ptr))

#undef qatomic_set
#define qatomic_set(ptr, value) do {                            \
        il_turn();                                              \
        *(ptr) = (value);                                       \
    } while (0)

/* @operation on *il_ptr; il_w is the word's old value, and the result */
#define IL_RMW(ptr, operation) ({                               \
        typeof(ptr) il_ptr = (ptr);                             \
        typeof(*il_ptr) il_w;                                   \
                                                                \
        il_turn();                                              \
        il_fence();                                             \
        il_w = *il_ptr;                                         \
        operation;                                              \
        il_w;                                                   \
    })

#undef qatomic_cmpxchg
#define qatomic_cmpxchg(ptr, old, new) ({                       \
        typeof(*(ptr)) il_old = (old), il_new = (new);          \
        IL_RMW(ptr, *il_ptr = il_w == il_old ? il_new : il_w);  \
    })

#undef qatomic_xchg
#define qatomic_xchg(ptr, value) ({                             \
        typeof(*(ptr)) il_new = (value);                        \
        IL_RMW(ptr, *il_ptr = il_new);                          \
    })

#undef qatomic_or
#define qatomic_or(ptr, bits) ((void)IL_RMW(ptr, *il_ptr |= (bits)))

#undef qatomic_sub
#define qatomic_sub(ptr, n) ((void)IL_RMW(ptr, *il_ptr -= (n)))

#undef smp_mb                           /* drains the caller's buffer */
#define smp_mb() il_fence()             /* as the real one does */

#undef qemu_spin_lock
#define qemu_spin_lock(spin) il_lock(&(spin)->value)

#undef qemu_spin_unlock
#define qemu_spin_unlock(spin) il_unlock(&(spin)->value)

#undef cpu_relax
#define cpu_relax() il_relax()

#endif
