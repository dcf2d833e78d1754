/*
 * Unit test of the ages in TCG's jump cache (base/patches/0144) and stack of
 * returns (0152), in all orders of loads and stores of the CPU that uses an
 * entry and of one that invalidates its translation block (TB)
 *
 * These are parts of QEMU's translator, so this is a model of them: the steps
 * are those of the arguments in accel/tcg/tb-jmp-cache.h and
 * accel/tcg/translator.c, which have the same numbers.  Each is also tried
 * wrong: the exploration has to find that.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "explore.h"

static struct {
    uint64_t age;
    uint64_t invalid;                   /* the TB has CF_INVALID */
    uint64_t removed;                   /* from the hash table */
    uint64_t told;                      /* the CPU knows the TB to be invalid */

    /* the CPU's own, no words of the model */
    bool filled;
    uint64_t entry_age;
} m;

static struct {
    bool age_after_lookup;              /* 1 */
    bool not_counted;                   /* 2 */
    bool counted_first;                 /* 2 */
    bool flag_set_last;                 /* 2, for an entry that is there */
} wrong;

static void begin(void)
{
    memset(&m, 0, sizeof(m));
    m.age = 1;
    explore_word(&m.age);
    explore_word(&m.invalid);
    explore_word(&m.removed);
    explore_word(&m.told);
}

/* helper_lookup_tb_ptr() */
static bool found_at_once(void)
{
    return m.filled && m.entry_age == qatomic_read(&m.age);
}

/* tb_lookup() */
static bool found(void)
{
    uint64_t age = wrong.age_after_lookup ? 0 : qatomic_load_acquire(&m.age);
    bool valid;

    if (m.filled && m.entry_age == age) {
        return !qatomic_read(&m.invalid);
    }
    valid = m.filled ? !qatomic_read(&m.invalid)
                     : !qatomic_load_acquire(&m.removed);
    if (wrong.age_after_lookup) {
        age = qatomic_load_acquire(&m.age);
    }
    m.filled = valid;
    m.entry_age = age;
    return valid;
}

static void user(void)
{
    for (int i = 0; i < 3; i++) {
        uint64_t told = qatomic_load_acquire(&m.told);

        if ((found_at_once() || found()) && told) {
            explore_bad("a TB that the CPU knows to be invalid");
        }
    }
}

static void count(void)
{
    if (!wrong.not_counted) {
        qatomic_inc(&m.age);
    }
}

/* do_tb_phys_invalidate(), and then the guest's message */
static void invalidator(void)
{
    if (wrong.counted_first) {
        count();
    }
    if (!wrong.flag_set_last) {
        qatomic_set(&m.invalid, 1);
    }
    qatomic_store_release(&m.removed, 1);
    if (!wrong.counted_first) {
        count();
    }
    qatomic_set(&m.invalid, 1);
    qatomic_store_release(&m.told, 1);
}

static void nothing(void)
{
}

static const ExploreProgram program = {
    begin, { user, invalidator }, nothing
};

static void test_ages(void)
{
    explore_all_right(&program, "as it is");
}

static void test_wrong(void)
{
    struct {
        bool *step;
        const char *what;
    } steps[] = {
        { &wrong.age_after_lookup, "the age read after the look-up" },
        { &wrong.not_counted, "not counted" },
        { &wrong.counted_first, "counted before it is removed" },
        { &wrong.flag_set_last, "CF_INVALID set after it was counted" },
    };

    for (int i = 0; i < ARRAY_SIZE(steps); i++) {
        *steps[i].step = true;
        explore_finds_bad(&program, steps[i].what);
        *steps[i].step = false;
    }
}

/* ---- the stack of returns ---- */

static struct {
    uint64_t age;
    uint64_t linked;                    /* the call's jump 1, to the TB */
    uint64_t listed;                    /* the jump is in the TB's list */
    uint64_t lock;                      /* the TB's, of that list */
    uint64_t told;                      /* the CPU knows the TB to be invalid */
} r;

static struct {
    bool age_after_code;                /* 2, of the call */
    bool not_counted;                   /* 2 */
    bool counted_first;                 /* 2 */
    bool caller_linked;                 /* 2, of the call's TB */
    bool caller_late;                   /* 2, of the call's TB */
} wrong_return;

static void begin_return(void)
{
    memset(&r, 0, sizeof(r));
    r.age = 1;
    r.linked = r.listed = 1;
    explore_word(&r.age);
    explore_word(&r.linked);
    explore_word(&r.listed);
    explore_word(&r.lock);
    explore_word(&r.told);
}

/* translator_push_return(), and later translator_pop_return() */
static void call_and_return(void)
{
    for (int i = 0; i < 2; i++) {
        uint64_t age = 0, linked, told;

        if (!wrong_return.age_after_code) {
            age = qatomic_read(&r.age);
            smp_rmb();                  /* with unlink_return() */
        }
        linked = qatomic_read(&r.linked);
        if (wrong_return.age_after_code) {
            smp_rmb();                  /* as above */
            age = qatomic_read(&r.age);
        }
        told = qatomic_load_acquire(&r.told);
        if (age == qatomic_read(&r.age) && linked && told) {
            explore_bad("a return to a TB that the CPU knows to be invalid");
        }
    }
}

static void count_return(void)
{
    if (!wrong_return.not_counted) {
        qatomic_inc(&r.age);
    }
}

static void lock_list(void)
{
    while (qatomic_xchg(&r.lock, 1)) {
        explore_spin();
    }
}

static void unlock_list(void)
{
    qatomic_store_release(&r.lock, 0);
}

/* do_tb_phys_invalidate(), and then the guest's message */
static void unlink_return(void)
{
    if (wrong_return.counted_first) {
        count_return();
    }
    lock_list();
    if (qatomic_read(&r.listed)) {
        qatomic_set(&r.linked, 0);
        qatomic_set(&r.listed, 0);
    }
    unlock_list();
    smp_mb();                           /* of the counting */
    if (!wrong_return.counted_first) {
        count_return();
    }
    qatomic_store_release(&r.told, 1);
}

/* The same, for the TB with the call, which is running */
static void remove_caller(void)
{
    lock_list();
    if (qatomic_read(&r.listed)) {
        if (!wrong_return.caller_linked && !wrong_return.caller_late) {
            qatomic_set(&r.linked, 0);
        }
        qatomic_set(&r.listed, 0);
    }
    unlock_list();
    if (wrong_return.caller_late) {
        qatomic_set(&r.linked, 0);
    }
}

static const ExploreProgram returns = {
    begin_return, { call_and_return, unlink_return, remove_caller }, nothing
};

static void test_returns(void)
{
    explore_all_right(&returns, "returns as they are");
}

static void test_returns_wrong(void)
{
    struct {
        bool *step;
        const char *what;
    } steps[] = {
        { &wrong_return.age_after_code, "the age read after the code" },
        { &wrong_return.not_counted, "not counted" },
        { &wrong_return.counted_first, "counted before it is unlinked" },
        { &wrong_return.caller_linked, "the calling TB stays linked" },
        { &wrong_return.caller_late, "the calling TB unlinked too late" },
    };

    for (int i = 0; i < ARRAY_SIZE(steps); i++) {
        *steps[i].step = true;
        explore_finds_bad(&returns, steps[i].what);
        *steps[i].step = false;
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jump-cache/ages", test_ages);
    g_test_add_func("/jump-cache/wrong", test_wrong);
    g_test_add_func("/returns/ages", test_returns);
    g_test_add_func("/returns/wrong", test_returns_wrong);
    return g_test_run();
}
