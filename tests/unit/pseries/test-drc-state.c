/*
 * Unit tests: states of a connector (hw/ppc/pseries/dr/state.c)
 *
 * Tables of every state and every change that a guest can ask for; then all
 * that guest and user can bring a connector to, in whatever order, against what
 * must never happen and what must stay possible.
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

typedef int32_t SetFn(PaprDrcCore *core, uint32_t value,
                      PaprDrcEffect *effect);

static PaprDrcCore make_core(uint32_t state, unsigned about)
{
    return (PaprDrcCore) {
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
        PaprDrcCore core = make_core(c->state, c->about);
        /* whatever was there: it must be set */
        PaprDrcEffect effect = PAPR_DRC_REFUSED + 100;

        g_test_message("row %zu: state %u about %u value %u", i, c->state,
                       c->about, c->value);
        g_assert_cmpint(set(&core, c->value, &effect), ==, c->status);
        g_assert_cmpuint(core.state, ==, c->then);
        g_assert_cmpint(effect, ==, c->effect);
        g_assert_cmpint(core.unplug_requested, ==,
                        (c->about & WANTED) && !c->no_longer_wanted);
        g_assert_cmpint(core.present, ==, !!(c->about & PRESENT));
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
          PAPR_DRC_RELEASE },
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
        /* so a guest tells that it does not give the device back */
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
          PAPR_DRC_RELEASE },
        { UNISOLATED, PRESENT, PAPR_DR_UNUSABLE, NONE, UNISOLATED },
        { UNISOLATED, PRESENT | WANTED, PAPR_DR_UNUSABLE, NONE, UNISOLATED },
        { CONFIGURED, PRESENT, PAPR_DR_UNUSABLE, NONE, CONFIGURED },
        { CONFIGURED, PRESENT | WANTED, PAPR_DR_UNUSABLE, NONE, CONFIGURED },
        /* the platform looks after the power of physical ones */
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
            PaprDrcCore core = make_core(all_states[i], PRESENT | WANTED);
            PaprDrcEffect effect = PAPR_DRC_RELEASE;

            g_assert_cmpint(papr_drc_set_isolation(&core, values[v], &effect),
                            ==, BAD);
            g_assert_cmpint(effect, ==, PAPR_DRC_NOTHING);
            effect = PAPR_DRC_RELEASE;
            g_assert_cmpint(papr_drc_set_allocation(&core, values[v], &effect),
                            ==, core.logical ? BAD : NONE);
            g_assert_cmpint(effect, ==, PAPR_DRC_NOTHING);
            g_assert_cmpuint(core.state, ==, all_states[i]);
            g_assert_true(core.unplug_requested);
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
        PaprDrcCore core = make_core(rows[i].state, rows[i].about);

        g_assert_cmpuint(papr_drc_sense(&core), ==, rows[i].sense);
        g_assert_cmpint(papr_drc_configurable(&core), ==,
                        rows[i].configurable);
    }
}

static void test_initial(void)
{
    PaprDrcCore core = make_core(UNISOLATED, PRESENT);

    g_assert_cmpuint(papr_drc_initial(true, false), ==, UNUSABLE);
    g_assert_cmpuint(papr_drc_initial(true, true), ==, CONFIGURED);
    g_assert_cmpuint(papr_drc_initial(false, false), ==, PHYS_POWERED);
    g_assert_cmpuint(papr_drc_initial(false, true), ==, PHYS_CONFIGURED);

    papr_drc_set_configured(&core);
    g_assert_cmpuint(core.state, ==, CONFIGURED);
    core = make_core(PHYS_UNISOLATED, PRESENT);
    papr_drc_set_configured(&core);
    g_assert_cmpuint(core.state, ==, PHYS_CONFIGURED);

    /* numbers of migration streams */
    g_assert_cmpuint(UNUSABLE, ==, 1);
    g_assert_cmpuint(CONFIGURED, ==, 4);
    g_assert_cmpuint(PHYS_POWERED, ==, 6);
    g_assert_cmpuint(PHYS_CONFIGURED, ==, 8);
}

/* Everything that can be reached, by moves of the guest first */
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

static unsigned core_index(const PaprDrcCore *core)
{
    return core->state | core->present << 4 | core->unplug_requested << 5;
}

static PaprDrcCore core_at(unsigned index, bool logical)
{
    return (PaprDrcCore) {
        .state = index & 15,
        .logical = logical,
        .present = index >> 4 & 1,
        .unplug_requested = index >> 5 & 1,
    };
}

static bool is_empty(const PaprDrcCore *core)
{
    return core->state == papr_drc_initial(core->logical, false);
}

/* As connector.c does it: the device goes, with all that is about it */
static void released(PaprDrcCore *core)
{
    g_assert_true(core->present);
    g_assert_true(core->unplug_requested);
    g_assert_true(is_empty(core));
    core->present = false;
    core->unplug_requested = false;
}

static void check_effect(const PaprDrcCore *before, PaprDrcCore *core,
                         int32_t status, PaprDrcEffect effect)
{
    if (status != OK) {
        g_assert_cmpuint(core_index(core), ==, core_index(before));
        g_assert_cmpint(effect, ==, PAPR_DRC_NOTHING);
    }
    switch (effect) {
    case PAPR_DRC_NOTHING:
        g_assert_cmpint(core->unplug_requested, ==, before->unplug_requested);
        break;
    case PAPR_DRC_RELEASE:
        released(core);
        break;
    case PAPR_DRC_REFUSED:
        g_assert_true(before->unplug_requested && !core->unplug_requested);
        g_assert_true(core->present);
        g_assert_cmpuint(core->state, ==, before->state);
        break;
    case PAPR_DRC_RESTART:
        g_assert_true(core->present && papr_drc_configurable(core));
        g_assert_cmpuint(core->state, !=, before->state);
        break;
    default:
        g_assert_not_reached();
    }
}

static void guest_move(PaprDrcCore *core, int move)
{
    const PaprDrcCore before = *core;
    PaprDrcEffect effect = PAPR_DRC_NOTHING;
    int32_t status = OK;

    switch (move) {
    case MOVE_ISOLATE:
    case MOVE_UNISOLATE:
        status = papr_drc_set_isolation(core, move == MOVE_UNISOLATE, &effect);
        break;
    case MOVE_UNUSABLE:
    case MOVE_USABLE:
        status = papr_drc_set_allocation(core, move == MOVE_USABLE, &effect);
        break;
    case MOVE_CONFIGURE:
        if (papr_drc_configurable(core)) {
            papr_drc_set_configured(core);
        }
        break;
    }
    check_effect(&before, core, status, effect);
}

static void user_move(PaprDrcCore *core, int move)
{
    switch (move) {
    case MOVE_PLUG:
    case MOVE_COLD_PLUG:
        if (!core->present) {
            core->present = true;
            core->state = papr_drc_initial(core->logical,
                                           move == MOVE_COLD_PLUG);
        }
        break;
    case MOVE_REQUEST:
        core->unplug_requested = core->present;
        if (core->present && is_empty(core)) {
            released(core);
        }
        break;
    case MOVE_RESET:
        if (core->unplug_requested) {
            core->state = papr_drc_initial(core->logical, false);
            released(core);
        } else if (core->present) {
            core->state = papr_drc_initial(core->logical, true);
        }
        break;
    }
}

static PaprDrcCore moved(PaprDrcCore core, int move)
{
    if (move < GUEST_MOVES) {
        guest_move(&core, move);
    } else {
        user_move(&core, move);
    }
    return core;
}

static void check_core(const PaprDrcCore *core)
{
    g_assert_cmpint(core->state <= CONFIGURED, ==, core->logical);
    g_assert_cmpint(core->state >= PHYS_POWERED &&
                    core->state <= PHYS_CONFIGURED, ==, !core->logical);
    if (!core->present) {
        g_assert_true(is_empty(core));
        g_assert_false(core->unplug_requested);
        g_assert_false(papr_drc_configurable(core));
    }
    /* one that is asked for and that the guest does not have has gone */
    if (core->unplug_requested) {
        g_assert_false(is_empty(core));
    }
}

/* Can the guest alone bring about, from here, that the device goes? */
static bool can_release(PaprDrcCore core, bool *seen)
{
    if (!core.present) {
        return true;
    }
    if (seen[core_index(&core)]) {
        return false;
    }
    seen[core_index(&core)] = true;
    for (int move = 0; move < GUEST_MOVES; move++) {
        PaprDrcCore next = moved(core, move);

        /* by way of a refusal does not count */
        if ((next.unplug_requested || !next.present) &&
            can_release(next, seen)) {
            return true;
        }
    }
    return false;
}

static void explore(bool logical)
{
    PaprDrcCore empty = { .state = papr_drc_initial(logical, false) };
    bool reached[CORES] = { };
    unsigned todo[CORES], n = 0, count = 0;

    todo[n++] = core_index(&empty);
    reached[core_index(&empty)] = true;
    while (n) {
        PaprDrcCore core = core_at(todo[--n], logical);

        count++;
        check_core(&core);
        if (core.unplug_requested) {
            bool seen[CORES] = { };

            g_assert_true(can_release(core, seen));
        }
        for (int move = 0; move < MOVES; move++) {
            PaprDrcCore next = moved(core, move);

            if (!reached[core_index(&next)]) {
                reached[core_index(&next)] = true;
                todo[n++] = core_index(&next);
            }
        }
    }
    /* empty; each state with a device; each of those with unplug requested */
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
