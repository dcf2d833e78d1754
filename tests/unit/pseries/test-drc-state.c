/*
 * Unit tests: states of a connector (hw/ppc/pseries/dr/state.c)
 *
 * Tables of every state and every change that a guest can ask for; then every
 * state that guest and user can reach, in any order: invariants hold in it, and
 * if unplug is requested the guest can release the device.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pseries/abi.h"
#include "hw/ppc/pseries/dr/state.h"

#define UNUSABLE PAPR_DRC_LOGICAL_UNUSABLE
#define AVAILABLE PAPR_DRC_LOGICAL_AVAILABLE
#define UNISOLATED PAPR_DRC_LOGICAL_UNISOLATED
#define CONFIGURED PAPR_DRC_LOGICAL_CONFIGURED
#define PHYS_POWERED PAPR_DRC_PHYSICAL_POWERED
#define PHYS_UNISOLATED PAPR_DRC_PHYSICAL_UNISOLATED
#define PHYS_CONFIGURED PAPR_DRC_PHYSICAL_CONFIGURED

#define OK RTAS_SUCCESS
#define BAD RTAS_PARAMETER_ERROR
#define NONE RTAS_NO_SUCH_INDICATOR

/* What may be true of a connector beside its state */
enum {
    PRESENT = 1,
    WANTED = 2,                         /* unplug requested */
};

typedef struct Change {
    uint32_t state;
    unsigned about;
    uint32_t value;
    int32_t status;
    uint32_t then;
    PaprDrcEffect effect;
    bool no_longer_wanted;
} Change;

typedef int32_t SetFn(PaprDrcStatus *st, uint32_t value,
                      PaprDrcEffect *effect);

static PaprDrcStatus make_status(uint32_t state, unsigned about)
{
    return (PaprDrcStatus) {
        .state = state,
        .logical = state <= CONFIGURED,
        .present = about & PRESENT,
        .unplug_requested = about & WANTED,
    };
}

static void check(const Change *changes, size_t n, SetFn *set)
{
    for (size_t i = 0; i < n; i++) {
        const Change *c = &changes[i];
        PaprDrcStatus st = make_status(c->state, c->about);
        /* no valid value: set() has to store one */
        PaprDrcEffect effect = PAPR_DRC_REFUSED + 100;

        g_test_message("row %zu: state %u about %u value %u", i, c->state,
                       c->about, c->value);
        g_assert_cmpint(set(&st, c->value, &effect), ==, c->status);
        g_assert_cmpuint(st.state, ==, c->then);
        g_assert_cmpint(effect, ==, c->effect);
        g_assert_cmpint(st.unplug_requested, ==,
                        (c->about & WANTED) && !c->no_longer_wanted);
        g_assert_cmpint(st.present, ==, !!(c->about & PRESENT));
    }
}

static void test_isolate(void)
{
    static const Change changes[] = {
        { UNUSABLE, 0, PAPR_DR_ISOLATE, OK, UNUSABLE },
        { UNUSABLE, PRESENT, PAPR_DR_ISOLATE, OK, UNUSABLE },
        { AVAILABLE, PRESENT, PAPR_DR_ISOLATE, OK, AVAILABLE },
        { AVAILABLE, PRESENT | WANTED, PAPR_DR_ISOLATE, OK, AVAILABLE },
        { UNISOLATED, PRESENT, PAPR_DR_ISOLATE, BAD, UNISOLATED },
        { UNISOLATED, PRESENT | WANTED, PAPR_DR_ISOLATE, BAD, UNISOLATED },
        { CONFIGURED, PRESENT, PAPR_DR_ISOLATE, OK, AVAILABLE },
        { CONFIGURED, PRESENT | WANTED, PAPR_DR_ISOLATE, OK, AVAILABLE },
        { PHYS_POWERED, 0, PAPR_DR_ISOLATE, OK, PHYS_POWERED },
        { PHYS_POWERED, PRESENT, PAPR_DR_ISOLATE, OK, PHYS_POWERED },
        { PHYS_UNISOLATED, PRESENT, PAPR_DR_ISOLATE, BAD, PHYS_UNISOLATED },
        { PHYS_CONFIGURED, PRESENT, PAPR_DR_ISOLATE, OK, PHYS_POWERED },
        { PHYS_CONFIGURED, PRESENT | WANTED, PAPR_DR_ISOLATE, OK, PHYS_POWERED,
          PAPR_DRC_RELEASED },
    };

    check(changes, ARRAY_SIZE(changes), papr_drc_set_isolation);
}

static void test_unisolate(void)
{
    static const Change changes[] = {
        { UNUSABLE, 0, PAPR_DR_UNISOLATE, NONE, UNUSABLE },
        { UNUSABLE, PRESENT, PAPR_DR_UNISOLATE, NONE, UNUSABLE },
        { AVAILABLE, 0, PAPR_DR_UNISOLATE, NONE, AVAILABLE },
        { AVAILABLE, PRESENT, PAPR_DR_UNISOLATE, OK, UNISOLATED,
          PAPR_DRC_RESTART },
        { UNISOLATED, PRESENT, PAPR_DR_UNISOLATE, OK, UNISOLATED },
        { CONFIGURED, PRESENT, PAPR_DR_UNISOLATE, OK, CONFIGURED },
        /* by this a guest refuses to release the device */
        { CONFIGURED, PRESENT | WANTED, PAPR_DR_UNISOLATE, OK, CONFIGURED,
          PAPR_DRC_REFUSED, true },
        { UNISOLATED, PRESENT | WANTED, PAPR_DR_UNISOLATE, OK, UNISOLATED,
          PAPR_DRC_REFUSED, true },
        { PHYS_POWERED, 0, PAPR_DR_UNISOLATE, NONE, PHYS_POWERED },
        { PHYS_POWERED, PRESENT, PAPR_DR_UNISOLATE, OK, PHYS_UNISOLATED,
          PAPR_DRC_RESTART },
        { PHYS_UNISOLATED, PRESENT, PAPR_DR_UNISOLATE, OK, PHYS_UNISOLATED },
        { PHYS_CONFIGURED, PRESENT, PAPR_DR_UNISOLATE, OK, PHYS_CONFIGURED },
        { PHYS_CONFIGURED, PRESENT | WANTED, PAPR_DR_UNISOLATE, OK,
          PHYS_CONFIGURED },
    };

    check(changes, ARRAY_SIZE(changes), papr_drc_set_isolation);
}

static void test_allocation(void)
{
    static const Change changes[] = {
        { UNUSABLE, 0, PAPR_DR_USABLE, NONE, UNUSABLE },
        { UNUSABLE, PRESENT, PAPR_DR_USABLE, OK, AVAILABLE },
        { UNUSABLE, PRESENT | WANTED, PAPR_DR_USABLE, NONE, UNUSABLE },
        { AVAILABLE, PRESENT, PAPR_DR_USABLE, OK, AVAILABLE },
        { UNISOLATED, PRESENT, PAPR_DR_USABLE, OK, UNISOLATED },
        { CONFIGURED, PRESENT, PAPR_DR_USABLE, OK, CONFIGURED },
        { UNUSABLE, 0, PAPR_DR_UNUSABLE, OK, UNUSABLE },
        { UNUSABLE, PRESENT, PAPR_DR_UNUSABLE, OK, UNUSABLE },
        { AVAILABLE, PRESENT, PAPR_DR_UNUSABLE, OK, UNUSABLE },
        { AVAILABLE, PRESENT | WANTED, PAPR_DR_UNUSABLE, OK, UNUSABLE,
          PAPR_DRC_RELEASED },
        { UNISOLATED, PRESENT, PAPR_DR_UNUSABLE, NONE, UNISOLATED },
        { UNISOLATED, PRESENT | WANTED, PAPR_DR_UNUSABLE, NONE, UNISOLATED },
        { CONFIGURED, PRESENT, PAPR_DR_UNUSABLE, NONE, CONFIGURED },
        { CONFIGURED, PRESENT | WANTED, PAPR_DR_UNUSABLE, NONE, CONFIGURED },
        /* physical connectors have no allocation state */
        { PHYS_POWERED, PRESENT, PAPR_DR_USABLE, NONE, PHYS_POWERED },
        { PHYS_POWERED, PRESENT, PAPR_DR_UNUSABLE, NONE, PHYS_POWERED },
        { PHYS_UNISOLATED, PRESENT, PAPR_DR_USABLE, NONE, PHYS_UNISOLATED },
        { PHYS_CONFIGURED, PRESENT | WANTED, PAPR_DR_UNUSABLE, NONE,
          PHYS_CONFIGURED },
    };

    check(changes, ARRAY_SIZE(changes), papr_drc_set_allocation);
}

static const uint32_t all_states[] = {
    UNUSABLE, AVAILABLE, UNISOLATED, CONFIGURED,
    PHYS_POWERED, PHYS_UNISOLATED, PHYS_CONFIGURED,
};

/* Values 2 (exchange) and 3 (recover) of allocation are not offered either */
static void test_bad_values(void)
{
    static const uint32_t values[] = { 2, 3, 4, 0x80000000, UINT32_MAX };

    for (int i = 0; i < ARRAY_SIZE(all_states); i++) {
        for (int v = 0; v < ARRAY_SIZE(values); v++) {
            PaprDrcStatus st = make_status(all_states[i], PRESENT | WANTED);
            PaprDrcEffect effect = PAPR_DRC_RELEASED;

            g_assert_cmpint(papr_drc_set_isolation(&st, values[v], &effect),
                            ==, BAD);
            g_assert_cmpint(effect, ==, PAPR_DRC_NOTHING);
            effect = PAPR_DRC_RELEASED;
            g_assert_cmpint(papr_drc_set_allocation(&st, values[v], &effect),
                            ==, st.logical ? BAD : NONE);
            g_assert_cmpint(effect, ==, PAPR_DRC_NOTHING);
            g_assert_cmpuint(st.state, ==, all_states[i]);
            g_assert_true(st.unplug_requested);
        }
    }
}

static void test_sense(void)
{
    static const struct {
        uint32_t state;
        unsigned about;
        uint32_t sense;
        bool configurable;
    } rows[] = {
        { UNUSABLE, 0, PAPR_DR_SENSE_UNUSABLE, false },
        { UNUSABLE, PRESENT, PAPR_DR_SENSE_UNUSABLE, false },
        { AVAILABLE, PRESENT, PAPR_DR_SENSE_PRESENT, false },
        { UNISOLATED, PRESENT, PAPR_DR_SENSE_PRESENT, true },
        { CONFIGURED, PRESENT, PAPR_DR_SENSE_PRESENT, true },
        { PHYS_POWERED, 0, PAPR_DR_SENSE_EMPTY, false },
        { PHYS_POWERED, PRESENT, PAPR_DR_SENSE_PRESENT, false },
        { PHYS_UNISOLATED, PRESENT, PAPR_DR_SENSE_PRESENT, true },
        { PHYS_CONFIGURED, PRESENT, PAPR_DR_SENSE_PRESENT, true },
        { PHYS_CONFIGURED, 0, PAPR_DR_SENSE_EMPTY, false },
    };

    for (int i = 0; i < ARRAY_SIZE(rows); i++) {
        PaprDrcStatus st = make_status(rows[i].state, rows[i].about);

        g_assert_cmpuint(papr_drc_sense(&st), ==, rows[i].sense);
        g_assert_cmpint(papr_drc_configurable(&st), ==,
                        rows[i].configurable);
    }
}

static void test_initial(void)
{
    PaprDrcStatus st = make_status(UNISOLATED, PRESENT);

    g_assert_cmpuint(papr_drc_initial(true, false), ==, UNUSABLE);
    g_assert_cmpuint(papr_drc_initial(true, true), ==, CONFIGURED);
    g_assert_cmpuint(papr_drc_initial(false, false), ==, PHYS_POWERED);
    g_assert_cmpuint(papr_drc_initial(false, true), ==, PHYS_CONFIGURED);

    papr_drc_set_configured(&st);
    g_assert_cmpuint(st.state, ==, CONFIGURED);
    st = make_status(PHYS_UNISOLATED, PRESENT);
    papr_drc_set_configured(&st);
    g_assert_cmpuint(st.state, ==, PHYS_CONFIGURED);

    /* numbers of migration streams */
    g_assert_cmpuint(UNUSABLE, ==, 1);
    g_assert_cmpuint(CONFIGURED, ==, 4);
    g_assert_cmpuint(PHYS_POWERED, ==, 6);
    g_assert_cmpuint(PHYS_CONFIGURED, ==, 8);
}

/* What changes a connector, the moves of the guest first */
enum {
    MOVE_ISOLATE,
    MOVE_UNISOLATE,
    MOVE_UNUSABLE,
    MOVE_USABLE,
    MOVE_CONFIGURE,
    GUEST_MOVES,
    MOVE_PLUG = GUEST_MOVES,
    MOVE_COLD_PLUG,
    MOVE_REQUEST,
    MOVE_RESET,
    MOVES,
    CORES = 64,
};

static unsigned status_index(const PaprDrcStatus *st)
{
    return st->state | st->present << 4 | st->unplug_requested << 5;
}

static PaprDrcStatus status_at(unsigned index, bool logical)
{
    return (PaprDrcStatus) {
        .state = index & 15,
        .logical = logical,
        .present = index >> 4 & 1,
        .unplug_requested = index >> 5 & 1,
    };
}

static bool is_empty(const PaprDrcStatus *st)
{
    return st->state == papr_drc_initial(st->logical, false);
}

/* As connector.c does it: the device is removed, and the request is over */
static void released(PaprDrcStatus *st)
{
    g_assert_true(st->present);
    g_assert_true(st->unplug_requested);
    g_assert_true(is_empty(st));
    st->present = false;
    st->unplug_requested = false;
}

static void check_effect(const PaprDrcStatus *before, PaprDrcStatus *st,
                         int32_t status, PaprDrcEffect effect)
{
    if (status != OK) {
        g_assert_cmpuint(status_index(st), ==, status_index(before));
        g_assert_cmpint(effect, ==, PAPR_DRC_NOTHING);
    }
    switch (effect) {
    case PAPR_DRC_NOTHING:
        g_assert_cmpint(st->unplug_requested, ==, before->unplug_requested);
        break;
    case PAPR_DRC_RELEASED:
        released(st);
        break;
    case PAPR_DRC_REFUSED:
        g_assert_true(before->unplug_requested && !st->unplug_requested);
        g_assert_true(st->present);
        g_assert_cmpuint(st->state, ==, before->state);
        break;
    case PAPR_DRC_RESTART:
        g_assert_true(st->present && papr_drc_configurable(st));
        g_assert_cmpuint(st->state, !=, before->state);
        break;
    default:
        g_assert_not_reached();
    }
}

static void guest_move(PaprDrcStatus *st, int move)
{
    const PaprDrcStatus before = *st;
    PaprDrcEffect effect = PAPR_DRC_NOTHING;
    int32_t status = OK;

    switch (move) {
    case MOVE_ISOLATE:
    case MOVE_UNISOLATE:
        status = papr_drc_set_isolation(st, move == MOVE_UNISOLATE, &effect);
        break;
    case MOVE_UNUSABLE:
    case MOVE_USABLE:
        status = papr_drc_set_allocation(st, move == MOVE_USABLE, &effect);
        break;
    case MOVE_CONFIGURE:
        if (papr_drc_configurable(st)) {
            papr_drc_set_configured(st);
        }
        break;
    }
    check_effect(&before, st, status, effect);
}

static void user_move(PaprDrcStatus *st, int move)
{
    switch (move) {
    case MOVE_PLUG:
    case MOVE_COLD_PLUG:
        if (!st->present) {
            st->present = true;
            st->state = papr_drc_initial(st->logical,
                                           move == MOVE_COLD_PLUG);
        }
        break;
    case MOVE_REQUEST:
        st->unplug_requested = st->present;
        if (st->present && is_empty(st)) {
            released(st);
        }
        break;
    case MOVE_RESET:
        if (st->unplug_requested) {
            st->state = papr_drc_initial(st->logical, false);
            released(st);
        } else if (st->present) {
            st->state = papr_drc_initial(st->logical, true);
        }
        break;
    }
}

static PaprDrcStatus moved(PaprDrcStatus st, int move)
{
    if (move < GUEST_MOVES) {
        guest_move(&st, move);
    } else {
        user_move(&st, move);
    }
    return st;
}

static void check_status(const PaprDrcStatus *st)
{
    g_assert_cmpint(st->state <= CONFIGURED, ==, st->logical);
    g_assert_cmpint(st->state >= PHYS_POWERED &&
                    st->state <= PHYS_CONFIGURED, ==, !st->logical);
    if (!st->present) {
        g_assert_true(is_empty(st));
        g_assert_false(st->unplug_requested);
        g_assert_false(papr_drc_configurable(st));
    }
    /* a device that is released on request is removed at once */
    if (st->unplug_requested) {
        g_assert_false(is_empty(st));
    }
}

/* Can the guest alone, from this state on, release the device? */
static bool can_release(PaprDrcStatus st, bool *seen)
{
    if (!st.present) {
        return true;
    }
    if (seen[status_index(&st)]) {
        return false;
    }
    seen[status_index(&st)] = true;
    for (int move = 0; move < GUEST_MOVES; move++) {
        PaprDrcStatus next = moved(st, move);

        /* a refusal would end the request */
        if ((next.unplug_requested || !next.present) &&
            can_release(next, seen)) {
            return true;
        }
    }
    return false;
}

static void explore(bool logical)
{
    PaprDrcStatus empty = { .state = papr_drc_initial(logical, false) };
    bool reached[CORES] = { };
    unsigned todo[CORES], n = 0, count = 0;

    todo[n++] = status_index(&empty);
    reached[status_index(&empty)] = true;
    while (n) {
        PaprDrcStatus st = status_at(todo[--n], logical);

        count++;
        check_status(&st);
        if (st.unplug_requested) {
            bool seen[CORES] = { };

            g_assert_true(can_release(st, seen));
        }
        for (int move = 0; move < MOVES; move++) {
            PaprDrcStatus next = moved(st, move);

            if (!reached[status_index(&next)]) {
                reached[status_index(&next)] = true;
                todo[n++] = status_index(&next);
            }
        }
    }
    /* empty; each state with a device; these, but the first, with a request */
    g_assert_cmpuint(count, ==, logical ? 1 + 4 + 3 : 1 + 3 + 2);
}

static void test_all_orders(void)
{
    explore(true);
    explore(false);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/drc/all-orders", test_all_orders);
    g_test_add_func("/pseries/drc/isolate", test_isolate);
    g_test_add_func("/pseries/drc/unisolate", test_unisolate);
    g_test_add_func("/pseries/drc/allocation", test_allocation);
    g_test_add_func("/pseries/drc/bad-values", test_bad_values);
    g_test_add_func("/pseries/drc/sense", test_sense);
    g_test_add_func("/pseries/drc/initial", test_initial);
    return g_test_run();
}
