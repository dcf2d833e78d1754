/*
 * Unit tests: a device behind many connectors (hw/ppc/pseries/dr/group.c)
 *
 * The group is compared with a simple model of it: in all states that one to
 * three blocks can reach, with all steps from each, then in random runs of many
 * blocks.  A reset and a migration, to this machine and from older versions of
 * upstream's pseries, are tried in every state.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pseries/abi.h"
#include "hw/ppc/pseries/dr/internal.h"

#define MANY 40
#define FEW 3

enum { UNUSABLE = 1, AVAILABLE, UNISOLATED, CONFIGURED };

typedef enum Step {
    ISOLATE, UNISOLATE, MAKE_USABLE, MAKE_UNUSABLE, CONFIGURE,  /* of a block */
    REQUEST, RESET,                                             /* of all */
} Step;

/* What the outside sees of a device with @n blocks */
typedef struct Model {
    unsigned n;
    uint8_t state[MANY];
    bool requested;
    bool released;
    unsigned refusals;
} Model;

typedef struct Real {
    PaprDrcRun run;
    PaprDrc drcs[MANY];
    PaprDrcGroup group;
    bool released;
    unsigned refusals;
} Real;

static bool model_all_unusable(const Model *m)
{
    for (unsigned i = 0; i < m->n; i++) {
        if (m->state[i] != UNUSABLE) {
            return false;
        }
    }
    return true;
}

static int32_t model_unisolate(Model *m, uint8_t *state)
{
    switch (*state) {
    case UNUSABLE:
        return RTAS_NO_SUCH_INDICATOR;
    case AVAILABLE:
        *state = UNISOLATED;
        return RTAS_SUCCESS;
    default:
        m->refusals += m->requested;
        m->requested = false;
        return RTAS_SUCCESS;
    }
}

static int32_t model_isolate(Model *m, uint8_t *state)
{
    switch (*state) {
    case UNISOLATED:
        return RTAS_PARAMETER_ERROR;
    case CONFIGURED:
        *state = AVAILABLE;
        return RTAS_SUCCESS;
    default:
        return RTAS_SUCCESS;
    }
}

static int32_t model_allocate(Model *m, uint8_t *state, bool usable)
{
    if (usable) {
        if (*state == UNUSABLE) {
            if (m->requested) {
                return RTAS_NO_SUCH_INDICATOR;
            }
            *state = AVAILABLE;
        }
        return RTAS_SUCCESS;
    }
    if (*state == UNUSABLE) {
        return RTAS_SUCCESS;
    }
    if (*state != AVAILABLE) {
        return RTAS_NO_SUCH_INDICATOR;
    }
    *state = UNUSABLE;
    m->released = m->requested && model_all_unusable(m);
    return RTAS_SUCCESS;
}

static int32_t model_step(Model *m, Step step, unsigned block)
{
    uint8_t *state = &m->state[block];

    switch (step) {
    case ISOLATE:
        return model_isolate(m, state);
    case UNISOLATE:
        return model_unisolate(m, state);
    case MAKE_USABLE:
    case MAKE_UNUSABLE:
        return model_allocate(m, state, step == MAKE_USABLE);
    case CONFIGURE:
        if (*state >= UNISOLATED) {
            *state = CONFIGURED;
        }
        return RTAS_SUCCESS;
    case REQUEST:
        m->requested = true;
        m->released = model_all_unusable(m);
        return RTAS_SUCCESS;
    case RESET:
        if (m->requested) {
            m->released = true;
        } else {
            memset(m->state, CONFIGURED, m->n);
        }
        return RTAS_SUCCESS;
    }
    g_assert_not_reached();
}

static void note(Real *r, PaprDrcEffect effect)
{
    g_assert_false(r->released);
    r->released = effect == PAPR_DRC_RELEASED;
    r->refusals += effect == PAPR_DRC_REFUSED;
}

static int32_t real_set(Real *r, unsigned block, PaprDrcSet *set,
                        uint32_t value)
{
    PaprDrcEffect effect = PAPR_DRC_REFUSED + 100;
    int32_t status = papr_drc_group_set(&r->group, &r->drcs[block].st, set,
                                        value, &effect);

    g_assert_cmpint(effect, <=, PAPR_DRC_RESTART);
    note(r, effect);
    return status;
}

static int32_t real_step(Real *r, Step step, unsigned block)
{
    PaprDrcStatus *st = &r->drcs[block].st;

    switch (step) {
    case ISOLATE:
    case UNISOLATE:
        return real_set(r, block, papr_drc_set_isolation,
                        step == UNISOLATE ? PAPR_DR_UNISOLATE
                                          : PAPR_DR_ISOLATE);
    case MAKE_USABLE:
    case MAKE_UNUSABLE:
        return real_set(r, block, papr_drc_set_allocation,
                        step == MAKE_USABLE ? PAPR_DR_USABLE
                                            : PAPR_DR_UNUSABLE);
    case CONFIGURE:
        if (papr_drc_configurable(st)) {
            papr_drc_set_configured(st);
        }
        return RTAS_SUCCESS;
    case REQUEST:
        note(r, papr_drc_group_request(&r->group));
        return RTAS_SUCCESS;
    case RESET:
        if (r->group.requested) {
            r->released = true;
        } else {
            papr_drc_group_configure(&r->group);
        }
        return RTAS_SUCCESS;
    }
    g_assert_not_reached();
}

static void real_init(Real *r, unsigned n)
{
    *r = (Real) { .group = { .drcs = r->drcs, .count = n } };
    for (unsigned i = 0; i < MANY; i++) {
        r->drcs[i].st.logical = true;
        r->drcs[i].st.state = UNUSABLE;
    }
    papr_drc_group_attach(&r->group, true);
}

/* Model and group look the same, and the invariants of group.h hold */
static void compare(const Model *m, const Real *r)
{
    unsigned back = 0;

    for (unsigned i = 0; i < m->n; i++) {
        const PaprDrcStatus *st = &r->drcs[i].st;

        g_assert_cmpuint(st->state, ==, m->state[i]);
        g_assert_cmpint(st->unplug_requested, ==, m->requested);
        g_assert_true(st->present);
        g_assert_true(r->drcs[i].group == &r->group);
        back += m->requested && m->state[i] == UNUSABLE;
    }
    g_assert_cmpint(r->group.requested, ==, m->requested);
    g_assert_cmpuint(r->group.n_released, ==, back);
    g_assert_cmpuint(r->refusals, ==, m->refusals);
    g_assert_cmpint(r->released, ==, m->released);
    for (unsigned i = m->n; i < MANY; i++) {
        g_assert_null(r->drcs[i].group);
    }
}

/* Load @m's state as this machine, or an @older upstream one, sends it */
static void migrate(const Model *m, Real *to, bool older)
{
    unsigned start = g_test_rand_int_range(0, m->n);

    real_init(to, m->n);
    for (unsigned i = 0; i < m->n; i++) {
        unsigned block = (start + i) % m->n;
        bool settled = m->state[block] == CONFIGURED && !m->requested;
        bool forgotten = older && m->requested && m->state[block] == UNUSABLE;

        if (!settled && !forgotten) {
            papr_drc_group_load(&to->group, &to->drcs[block].st,
                                m->state[block], m->requested);
        }
    }
    to->refusals = m->refusals;
    compare(m, to);
}

/* From any state a guest can release all blocks, or refuse and keep all */
static void check_ways_out(const Model *from)
{
    for (int keep = 0; keep < 2; keep++) {
        Model m = *from;
        Real r;

        migrate(&m, &r, false);
        if (!m.requested) {
            g_assert_cmpint(real_step(&r, REQUEST, 0), ==,
                            model_step(&m, REQUEST, 0));
        }
        for (unsigned i = 0; i < m.n && !m.released; i++) {
            Step steps[] = { CONFIGURE, ISOLATE, MAKE_UNUSABLE };
            Step refuse[] = { CONFIGURE, UNISOLATE };
            Step *way = keep && i == m.n - 1 ? refuse : steps;
            unsigned n = way == steps ? ARRAY_SIZE(steps) : ARRAY_SIZE(refuse);

            for (unsigned s = 0; s < n && m.state[i] != UNUSABLE; s++) {
                g_assert_cmpint(real_step(&r, way[s], i), ==,
                                model_step(&m, way[s], i));
                compare(&m, &r);
            }
        }
        if (keep && !m.released) {
            /* refused, unless the guest had released block n - 1 before */
            for (unsigned i = 0; i < m.n && !m.requested; i++) {
                Step steps[] = { MAKE_USABLE, UNISOLATE, CONFIGURE };

                for (unsigned s = 0; s < ARRAY_SIZE(steps); s++) {
                    g_assert_cmpint(real_step(&r, steps[s], i), ==,
                                    model_step(&m, steps[s], i));
                }
                g_assert_cmpuint(r.drcs[i].st.state, ==, CONFIGURED);
            }
            g_assert_cmpuint(r.refusals, <=, from->refusals + 1);
        } else {
            g_assert_true(r.released);
        }
        compare(&m, &r);
    }
}

/* A number for each state that FEW blocks can be in */
static unsigned number_of(const Model *m)
{
    unsigned number = m->requested;

    for (unsigned i = 0; i < m->n; i++) {
        number = number * 4 + m->state[i] - UNUSABLE;
    }
    return number;
}

/* All states that can be reached, all steps from each */
static void explore(unsigned n)
{
    g_autoptr(GArray) todo = g_array_new(false, false, sizeof(Model));
    bool seen[2 * 4 * 4 * 4] = { };
    Model start = { .n = n };
    unsigned states = 0;

    memset(start.state, UNUSABLE, n);
    g_array_append_val(todo, start);
    seen[number_of(&start)] = true;
    while (todo->len) {
        Model from = g_array_index(todo, Model, todo->len - 1);

        g_array_set_size(todo, todo->len - 1);
        states++;
        check_ways_out(&from);
        for (int step = ISOLATE; step <= RESET; step++) {
            for (unsigned block = 0; block < (step < REQUEST ? n : 1);
                 block++) {
                Model m = from;
                Real r;

                if (step == REQUEST && m.requested) {
                    continue;   /* the machine turns it down */
                }
                migrate(&m, &r, false);
                migrate(&m, &r, true);
                g_assert_cmpint(real_step(&r, step, block), ==,
                                model_step(&m, step, block));
                compare(&m, &r);
                m.refusals = 0;
                if (!m.released && !seen[number_of(&m)]) {
                    seen[number_of(&m)] = true;
                    g_array_append_val(todo, m);
                }
            }
        }
    }
    /* requested or not; on request, a device is removed once all is released */
    g_assert_cmpuint(states, ==, (2u << 2 * n) - 1);
}

static void test_explore(void)
{
    for (unsigned n = 1; n <= FEW; n++) {
        explore(n);
    }
}

static void test_random(void)
{
    unsigned releases = 0, refusals = 0;

    for (int run = 0; run < 2000; run++) {
        Model m = { .n = g_test_rand_int_range(1, MANY + 1) };
        Real r;

        memset(m.state, CONFIGURED, m.n);
        real_init(&r, m.n);
        for (int i = 0; i < 400 && !m.released; i++) {
            /* mostly as a guest does: releasing, rarely refusing */
            Step step = g_test_rand_int_range(0, 100) < 90
                ? (g_test_rand_bit() ? ISOLATE : MAKE_UNUSABLE)
                : g_test_rand_int_range(ISOLATE, REQUEST + 1);
            unsigned block = g_test_rand_int_range(0, m.n);

            if (step == REQUEST && m.requested) {
                continue;
            }
            if (g_test_rand_int_range(0, 300) == 0) {
                step = RESET;
            }
            g_assert_cmpint(real_step(&r, step, block), ==,
                            model_step(&m, step, block));
            compare(&m, &r);
            if (!m.released && g_test_rand_int_range(0, 50) == 0) {
                migrate(&m, &r, g_test_rand_bit());
            }
        }
        releases += m.released;
        refusals += m.refusals;
    }
    g_assert_cmpuint(releases, >, 100);
    g_assert_cmpuint(refusals, >, 100);
}

/* A slot has no allocation state: isolating it releases its device */
static void test_slot(void)
{
    PaprDrc drc = { .st = { .state = PAPR_DRC_PHYSICAL_POWERED } };
    PaprDrcGroup group = { .drcs = &drc, .count = 1 };
    PaprDrcEffect effect;

    papr_drc_group_attach(&group, false);
    g_assert_cmpint(papr_drc_group_request(&group), ==, PAPR_DRC_RELEASED);
    papr_drc_group_detach(&group);
    g_assert_null(drc.group);

    papr_drc_group_attach(&group, true);
    g_assert_cmpint(papr_drc_group_request(&group), ==, PAPR_DRC_NOTHING);
    g_assert_cmpuint(group.n_released, ==, 0);
    g_assert_cmpint(papr_drc_group_set(&group, &drc.st,
                                       papr_drc_set_isolation, PAPR_DR_ISOLATE,
                                       &effect), ==, RTAS_SUCCESS);
    g_assert_cmpint(effect, ==, PAPR_DRC_RELEASED);
    g_assert_cmpuint(group.n_released, ==, 1);
}

/* Whatever states a stream has, the invariants of group.h hold */
static void test_bad_streams(void)
{
    for (int run = 0; run < 2000; run++) {
        unsigned back = 0, n = g_test_rand_int_range(1, MANY + 1);
        Real r;

        real_init(&r, n);
        for (int i = 0; i < 60; i++) {
            PaprDrc *drc = &r.drcs[g_test_rand_int_range(0, n)];

            papr_drc_group_load(&r.group, &drc->st,
                                g_test_rand_int_range(UNUSABLE, CONFIGURED + 1),
                                g_test_rand_int_range(0, 20) == 0);
        }
        for (unsigned i = 0; i < n; i++) {
            g_assert_cmpint(r.drcs[i].st.unplug_requested, ==,
                            r.group.requested);
            back += papr_drc_is_released(&r.drcs[i].st);
        }
        g_assert_cmpuint(r.group.n_released, ==, back);
    }
}

/* A machine can have 131072 of them */
static void test_size(void)
{
    g_assert_cmpuint(sizeof(PaprDrc), <=, 24);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/drc-group/explore", test_explore);
    g_test_add_func("/drc-group/random", test_random);
    g_test_add_func("/drc-group/slot", test_slot);
    g_test_add_func("/drc-group/bad-streams", test_bad_streams);
    g_test_add_func("/drc-group/size", test_size);
    return g_test_run();
}
