/*
 * Run a few threads in all orders of their loads and stores: see explore.h
 *
 * Threads are coroutines.  A step is what a thread does up to its next access
 * to a shared word.  A run follows the choices of the run before up to the last
 * one that has an alternative, takes that, and goes on with first choices.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/coroutine.h"
#define EXPLORE_ITSELF
#include "explore.h"

#define WORDS   12
#define STORES  48                      /* to a word, in a run */
#define STEPS   1024

/** View - of each word, the newest store that a thread knows of */
typedef struct View {
    uint8_t at[WORDS];
} View;

typedef struct Store {
    uint64_t value;
    View tells;                         /* what a load-acquire of it learns */
} Store;

typedef struct Word {
    const void *address;
    unsigned n;
    Store store[STORES];
} Word;

typedef struct Thread {
    Coroutine *co;
    void (*fn)(void);
    bool done;
    View sees;                          /* loads see nothing older */
    View loaded;                        /* seen after an acquire barrier */
    View released;                      /* told by relaxed stores */
    uint64_t past;                      /* hash of all that it has loaded */
    uint64_t changes;                   /* spins while run.changes is this */
    const Word *wait;                   /* waits for this word ... */
    uint64_t value;                     /* ... to be this */
} Thread;

static struct {
    Word word[WORDS];
    unsigned n_words;
    Thread thread[EXPLORE_THREADS];
    Thread *now;
    View full;                          /* of all full barriers */
    uint64_t changes;
    const char *bad;

    /* choices of this run: made, and how many there were */
    uint8_t choice[STEPS], of[STEPS];
    unsigned n_choices, replay, at;
    bool known;                         /* state seen before: no more choices */
    GHashTable *seen;
} run;

static uint64_t mix(uint64_t hash, uint64_t value)
{
    /* so that a zero counts, too */
    hash = (hash ^ value) + 0x9e3779b97f4a7c15ull;
    hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9ull;
    return hash ^ hash >> 27;
}

static void join(View *view, const View *other)
{
    for (unsigned i = 0; i < run.n_words; i++) {
        view->at[i] = MAX(view->at[i], other->at[i]);
    }
}

static uint64_t mix_view(uint64_t hash, const View *view)
{
    for (unsigned i = 0; i < run.n_words; i++) {
        hash = mix(hash, view->at[i]);
    }
    return hash;
}

static uint64_t state_hash(void)
{
    uint64_t hash = mix_view(1, &run.full);

    for (unsigned i = 0; i < run.n_words; i++) {
        hash = mix(hash, run.word[i].n);
        for (unsigned j = 0; j < run.word[i].n; j++) {
            hash = mix(hash, run.word[i].store[j].value);
            hash = mix_view(hash, &run.word[i].store[j].tells);
        }
    }
    for (unsigned i = 0; i < EXPLORE_THREADS; i++) {
        Thread *t = &run.thread[i];

        hash = mix(hash, t->done);
        hash = mix(hash, t->past);
        hash = mix(hash, t->changes == run.changes);
        hash = mix_view(hash, &t->sees);
        hash = mix_view(hash, &t->loaded);
        hash = mix_view(hash, &t->released);
    }
    return hash;
}

/* A number below @n; a later run takes the next one, until all are tried */
static unsigned choose(unsigned n)
{
    if (n == 1 || run.known) {
        return 0;
    }
    if (run.at == run.n_choices) {
        g_assert(run.n_choices < STEPS);
        run.choice[run.n_choices] = 0;
        run.of[run.n_choices++] = n;
    }
    g_assert(run.of[run.at] == n);
    return run.choice[run.at++];
}

/* ---- steps ---- */

static Word *word_at(const void *address)
{
    for (unsigned i = 0; i < run.n_words; i++) {
        if (run.word[i].address == address) {
            return &run.word[i];
        }
    }
    g_assert_not_reached();
}

void explore_add_word(const void *address, uint64_t value)
{
    Word *word = &run.word[run.n_words++];

    g_assert(run.n_words <= WORDS);
    memset(word, 0, sizeof(*word));
    word->address = address;
    word->n = 1;
    word->store[0].value = value;
}

static Store *newest(Word *word)
{
    return &word->store[word->n - 1];
}

/* The thread's next step begins here */
static Thread *step(void)
{
    qemu_coroutine_yield();
    return run.now;
}

static void saw(Thread *t, Word *word, unsigned which, bool acquire)
{
    Store *store = &word->store[which];

    t->sees.at[word - run.word] = which;
    join(&t->loaded, &store->tells);
    if (acquire) {
        join(&t->sees, &store->tells);
    }
    t->past = mix(t->past, store->value);
}

static void append(Thread *t, Word *word, uint64_t value, const View *tells)
{
    Store *store = &word->store[word->n];

    g_assert(word->n < STORES);
    store->value = value;
    store->tells = *tells;
    t->sees.at[word - run.word] = word->n;
    store->tells.at[word - run.word] = word->n;
    word->n++;
    run.changes++;
    t->past = mix(t->past, 1);
}

uint64_t explore_load(const void *address, int order)
{
    Word *word = word_at(address);
    unsigned oldest, which;
    Thread *t;

    if (!run.now) {
        return newest(word)->value;
    }
    t = step();
    oldest = t->sees.at[word - run.word];
    which = word->n - 1 - choose(word->n - oldest);
    saw(t, word, which, order == EXPLORE_ORDERED);
    return word->store[which].value;
}

void explore_store(void *address, uint64_t value, int order)
{
    Thread *t = step();

    append(t, word_at(address), value,
           order == EXPLORE_ORDERED ? &t->sees : &t->released);
}

/* A release sequence: the new store also tells what the newest one told */
static void exchange(Thread *t, Word *word, uint64_t value)
{
    View tells = newest(word)->tells;

    saw(t, word, word->n - 1, true);
    join(&tells, &t->sees);
    append(t, word, value, &tells);
}

uint64_t explore_exchange(void *address, uint64_t value)
{
    Word *word = word_at(address);
    Thread *t = step();
    uint64_t old = newest(word)->value;

    exchange(t, word, value);
    return old;
}

uint64_t explore_add(void *address, uint64_t value)
{
    Word *word = word_at(address);
    Thread *t = step();
    uint64_t old = newest(word)->value;

    exchange(t, word, old + value);
    return old;
}

/* If it fails it is a load, which may see any store of another value */
uint64_t explore_compare(void *address, uint64_t old, uint64_t value)
{
    Word *word = word_at(address);
    Thread *t = step();
    unsigned can[STORES], n = 0, which;

    for (unsigned i = t->sees.at[word - run.word]; i < word->n; i++) {
        if (i == word->n - 1 || word->store[i].value != old) {
            can[n++] = i;
        }
    }
    which = can[choose(n)];
    if (word->store[which].value == old) {
        exchange(t, word, value);
        return old;
    }
    saw(t, word, which, true);
    return word->store[which].value;
}

void explore_acquire(void)
{
    join(&run.now->sees, &run.now->loaded);
}

void explore_release(void)
{
    run.now->released = run.now->sees;
}

void explore_full(void)
{
    Thread *t = step();

    explore_acquire();
    join(&run.full, &t->sees);
    t->sees = run.full;
    explore_release();
    t->past = mix(t->past, 2);
}

void explore_spin(void)
{
    bool stale = false;

    /* a thread that spins sees all stores sooner or later */
    for (unsigned i = 0; i < run.n_words; i++) {
        stale |= run.now->sees.at[i] != run.word[i].n - 1;
        run.now->sees.at[i] = run.word[i].n - 1;
    }
    if (!stale) {
        run.now->changes = run.changes;
    }
    run.now->past = mix(run.now->past, 3);
}

void explore_wait(const void *address, uint64_t value)
{
    Word *word = word_at(address);
    Thread *t = run.now;

    t->wait = word;
    t->value = value;
    /* others store to it before this thread goes on */
    step();
    saw(t, word, word->n - 1, true);
}

void explore_bad(const char *why)
{
    if (!run.bad) {
        run.bad = why;
    }
}

/* ---- runs ---- */

static void coroutine_fn entry(void *opaque)
{
    Thread *t = opaque;

    t->fn();
    t->done = true;
}

static bool can_go(Thread *t)
{
    if (t->done || t->changes == run.changes) {
        return false;
    }
    return !t->wait || newest((Word *)t->wait)->value == t->value;
}

static void go(Thread *t)
{
    run.now = t;
    t->wait = NULL;
    qemu_coroutine_enter(t->co);
    run.now = NULL;
}

static void start(const ExploreProgram *program)
{
    run.n_words = 0;
    run.changes = 1;
    run.at = 0;
    run.known = false;
    memset(&run.full, 0, sizeof(run.full));
    memset(run.thread, 0, sizeof(run.thread));
    program->begin();
    for (unsigned i = 0; i < EXPLORE_THREADS; i++) {
        Thread *t = &run.thread[i];

        t->fn = program->thread[i];
        t->done = !t->fn;
        if (t->fn) {
            t->co = qemu_coroutine_create(entry, t);
            go(t);                      /* up to its first step */
        }
    }
}

static void one_run(const ExploreProgram *program)
{
    start(program);
    for (;;) {
        Thread *can[EXPLORE_THREADS];
        bool all_done = true;
        unsigned n = 0;

        for (unsigned i = 0; i < EXPLORE_THREADS; i++) {
            all_done &= run.thread[i].done;
            if (can_go(&run.thread[i])) {
                can[n++] = &run.thread[i];
            }
        }
        if (all_done) {
            break;
        }
        g_assert(n);                    /* else it is a deadlock */
        if (run.at >= run.replay && !run.known &&
            !g_hash_table_add(run.seen, (gpointer)(uintptr_t)state_hash())) {
            run.known = true;
        }
        go(can[choose(n)]);
    }
    program->end();
}

/* The next run differs in the last choice that has an alternative left */
static bool other_choice(void)
{
    run.n_choices = run.at;
    while (run.n_choices) {
        unsigned last = run.n_choices - 1;

        if (++run.choice[last] < run.of[last]) {
            run.replay = run.n_choices;
            return true;
        }
        run.n_choices--;
    }
    return false;
}

ExploreResult explore(const ExploreProgram *program)
{
    ExploreResult result = { 0 };

    memset(&run, 0, sizeof(run));
    run.seen = g_hash_table_new(NULL, NULL);
    do {
        run.bad = NULL;
        one_run(program);
        result.runs++;
    } while (!run.bad && other_choice());
    result.bad = run.bad != NULL;
    result.why = run.bad;
    result.states = g_hash_table_size(run.seen);
    g_hash_table_destroy(run.seen);
    return result;
}

ExploreResult explore_and_say(const ExploreProgram *program, const char *what)
{
    ExploreResult result = explore(program);

    g_test_message("%s: %" PRIu64 " runs, %" PRIu64 " states: %s", what,
                   result.runs, result.states, result.why ?: "right");
    return result;
}

void explore_all_right(const ExploreProgram *program, const char *what)
{
    ExploreResult result = explore_and_say(program, what);

    g_assert_cmpuint(result.bad, ==, 0);
    g_assert_cmpuint(result.states, >, 100);
}

void explore_finds_bad(const ExploreProgram *program, const char *what)
{
    g_assert_cmpuint(explore_and_say(program, what).bad, ==, 1);
}
