/*
 * XIVE event state buffers: the P and Q bits and their transitions
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/intc/pseries/xive/esb.h"

/* What each operation makes of each state of an MSI */
typedef struct Row {
    uint8_t from, to;
    bool forward;
} Row;

static const Row trigger_rows[] = {
    { XV_PQ_RESET,   XV_PQ_PENDING, true },
    { XV_PQ_OFF,     XV_PQ_OFF,     false },
    { XV_PQ_PENDING, XV_PQ_QUEUED,  false },
    { XV_PQ_QUEUED,  XV_PQ_QUEUED,  false },
};

static const Row eoi_rows[] = {
    { XV_PQ_RESET,   XV_PQ_RESET,   false },
    { XV_PQ_OFF,     XV_PQ_OFF,     false },
    { XV_PQ_PENDING, XV_PQ_RESET,   false },
    { XV_PQ_QUEUED,  XV_PQ_PENDING, true },
};

/* The byte after an operation: an event in progress is counted */
static uint8_t expected(const Row *row)
{
    return row->to + (row->forward ? XV_ESB_IN_PROGRESS : 0);
}

static void test_trigger(void)
{
    for (int i = 0; i < ARRAY_SIZE(trigger_rows); i++) {
        const Row *row = &trigger_rows[i];
        uint8_t esb = row->from;

        g_assert(papr_esb_trigger(&esb) == row->forward);
        g_assert_cmphex(esb, ==, expected(row));
    }
}

static void test_eoi(void)
{
    for (int i = 0; i < ARRAY_SIZE(eoi_rows); i++) {
        const Row *row = &eoi_rows[i];
        uint8_t esb = row->from, old = 0xff;

        g_assert(papr_esb_eoi(&esb, &old) == row->forward);
        g_assert_cmphex(esb, ==, expected(row));
        g_assert_cmphex(old, ==, row->from);
    }
}

static void test_set(void)
{
    for (uint8_t from = 0; from < 4; from++) {
        for (uint8_t to = 0; to < 4; to++) {
            uint8_t esb = from, old = 0xff;

            g_assert_false(papr_esb_set(&esb, to, &old));
            g_assert_cmphex(esb, ==, to);
            g_assert_cmphex(old, ==, from);
        }
    }
}

/* Linux' EOI of an MSI: set 00, and trigger again if Q was set */
static void test_coalescing(void)
{
    uint8_t esb = XV_PQ_RESET, old;

    g_assert_true(papr_esb_trigger(&esb));
    papr_esb_delivered(&esb);
    for (int i = 0; i < 10; i++) {
        g_assert_false(papr_esb_trigger(&esb));
    }
    g_assert_false(papr_esb_set(&esb, XV_PQ_RESET, &old));
    g_assert_cmphex(old, ==, XV_PQ_QUEUED);
    g_assert_true(papr_esb_trigger(&esb));
}

static void test_level(void)
{
    uint8_t esb = XV_PQ_RESET, old;

    g_assert_true(papr_esb_level(&esb, true));
    papr_esb_delivered(&esb);
    g_assert_cmphex(esb, ==, XV_PQ_PENDING | XV_ESB_ASSERTED);

    /* still up, and raised again: no second event */
    g_assert_false(papr_esb_level(&esb, true));

    /* EOI while up: fires again */
    g_assert_true(papr_esb_eoi(&esb, &old));
    papr_esb_delivered(&esb);
    g_assert_cmphex(old, ==, XV_PQ_PENDING);
    g_assert_cmphex(esb, ==, XV_PQ_PENDING | XV_ESB_ASSERTED);

    /* EOI after it went down: at rest */
    g_assert_false(papr_esb_level(&esb, false));
    g_assert_false(papr_esb_eoi(&esb, &old));
    g_assert_cmphex(esb, ==, XV_PQ_RESET);
}

static void test_level_masked(void)
{
    uint8_t esb = XV_PQ_OFF, old;

    /* going up while off is not lost when the source is switched on */
    g_assert_false(papr_esb_level(&esb, true));
    g_assert_false(papr_esb_eoi(&esb, &old));
    g_assert_cmphex(esb, ==, XV_PQ_OFF | XV_ESB_ASSERTED);
    g_assert_true(papr_esb_set(&esb, XV_PQ_RESET, &old));
    papr_esb_delivered(&esb);
    g_assert_cmphex(esb, ==, XV_PQ_PENDING | XV_ESB_ASSERTED);

    /* a queued event and a line that is up make one event, which isn't lost */
    esb = XV_PQ_QUEUED | XV_ESB_ASSERTED;
    g_assert_true(papr_esb_eoi(&esb, &old));
    papr_esb_delivered(&esb);
    g_assert_cmphex(esb, ==, XV_PQ_PENDING | XV_ESB_ASSERTED);
}

static void test_off(void)
{
    uint8_t esb = XV_PQ_QUEUED | XV_ESB_ASSERTED;

    papr_esb_off(&esb);
    g_assert_cmphex(esb, ==, XV_PQ_OFF | XV_ESB_ASSERTED);
}

static void test_flight(void)
{
    uint8_t esb = XV_PQ_RESET, old;

    for (int i = 1; i <= 31; i++) {
        g_assert_true(papr_esb_trigger(&esb));
        g_assert_cmphex(esb, ==, XV_PQ_PENDING + i * XV_ESB_IN_PROGRESS);
        papr_esb_set(&esb, XV_PQ_RESET, &old);
    }
    /* the count is full: the step is refused, and the byte unchanged */
    old = esb;
    g_assert_false(papr_esb_commit(&esb, old, papr_esb_on_trigger(old)));
    g_assert_cmphex(esb, ==, old);
    for (int i = 31; i > 0; i--) {
        g_assert_true(papr_esb_in_progress(&esb));
        papr_esb_delivered(&esb);
    }
    g_assert_false(papr_esb_in_progress(&esb));
    g_assert_cmphex(esb, ==, XV_PQ_RESET);
}

/* Threads race with triggers; each event is forwarded exactly once */
#define RACERS 4
#define ROUNDS 20000

typedef struct Race {
    uint8_t esb;
    int events;
} Race;

static void *racer(void *opaque)
{
    Race *race = opaque;
    uint8_t old;

    for (int i = 0; i < ROUNDS; i++) {
        if (papr_esb_trigger(&race->esb)) {
            /* no other may be forwarded before this thread's EOI */
            g_assert_cmpint(qatomic_fetch_inc(&race->events), ==, 0);
            qatomic_dec(&race->events);
            papr_esb_delivered(&race->esb);
            while (papr_esb_eoi(&race->esb, &old)) {
                g_assert_cmpint(qatomic_fetch_inc(&race->events), ==, 0);
                qatomic_dec(&race->events);
                papr_esb_delivered(&race->esb);
            }
        }
    }
    return NULL;
}

static void test_race(void)
{
    Race race = { .esb = XV_PQ_RESET };
    GThread *threads[RACERS];

    for (int i = 0; i < RACERS; i++) {
        threads[i] = g_thread_new("racer", racer, &race);
    }
    for (int i = 0; i < RACERS; i++) {
        g_thread_join(threads[i]);
    }
    g_assert_cmphex(race.esb, ==, XV_PQ_RESET);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xive/esb/trigger", test_trigger);
    g_test_add_func("/xive/esb/eoi", test_eoi);
    g_test_add_func("/xive/esb/set", test_set);
    g_test_add_func("/xive/esb/coalescing", test_coalescing);
    g_test_add_func("/xive/esb/level", test_level);
    g_test_add_func("/xive/esb/level-masked", test_level_masked);
    g_test_add_func("/xive/esb/off", test_off);
    g_test_add_func("/xive/esb/flight", test_flight);
    g_test_add_func("/xive/esb/race", test_race);
    return g_test_run();
}
