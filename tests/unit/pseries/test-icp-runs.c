/*
 * Unit tests: XICS sources and presentation controllers (ICP), in all orders
 *
 * The arbiter (icp.c, source.c, arbiter.c, and what they include) is checked
 * against these invariants:
 *
 *   none waits      no source waits that its server could take now
 *   none twice      an event is accepted at most once, a level at most once
 *                   before its end of interrupt
 *   none lost       a source is accepted after its last event
 *   words, lines    the rules of icp-state.h hold, and lines follow the words
 *
 * First one thread makes operations by chance, then a few parties run in every
 * order of their accesses (interleave.h), then more of them in orders taken by
 * chance.  test-icp.c has the single operations, and real threads.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/intc/pseries/trace.h"
#include "interleave.h"
#include "hw/intc/pseries/xics/icp.c"
#include "hw/intc/pseries/xics/source.c"
#include "hw/intc/pseries/xics/arbiter.c"

enum {
    SERVERS = 2,
    SOURCES = 4,
    LSI = 3,                            /* of these, the level sensitive one */
    RUNS = 60000,                       /* by one thread */
    OPERATIONS = 10,
    ORDERS = 40000,                     /* by chance */
};

/* Over two words of the waiting sets */
static const uint32_t irqs[SOURCES] = { 0x1000, 0x1001, 0x1047, 0x1048 };
static const uint8_t priorities[SOURCES] = { 3, 5, 6, 5 };

typedef struct World {
    PaprArbiter arb;
    PaprIcp *by_number[SERVERS];
    PaprIcp icps[SERVERS];
    bool lines[SERVERS];
    /* the device's side, and what the guest has seen of it */
    unsigned int triggered[SOURCES];
    unsigned int accepted[SOURCES];
    bool due[SOURCES];                  /* not accepted since its last event */
    int line_lock;
    unsigned int in_service[SOURCES];
} World;

static World w;
static PaprSource sources[PAPR_XICS_SOURCES];

static void follow(PaprIcp *icp)
{
    w.lines[icp->server] = papr_icp_presents(qatomic_read(&icp->state));
}

static void world_reset(void)
{
    w = (World) { .arb = { .sources = sources, .n_servers = SERVERS,
                           .servers = w.by_number } };
    il_log_reset();
    for (int i = 0; i < SERVERS; i++) {
        w.by_number[i] = &w.icps[i];
        w.icps[i].server = i;
        w.icps[i].arb = &w.arb;
        w.icps[i].follow = follow;
        w.icps[i].state = papr_icp_off(false);
        w.icps[i].present = true;
    }
    for (int n = 0; n < SOURCES; n++) {
        papr_xics_source_reset(&w.arb, irqs[n], n == LSI ? PAPR_SOURCE_LSI
                                                         : PAPR_SOURCE_MSI);
        papr_xics_route(&w.arb, irqs[n], 0, priorities[n]);
    }
}

/* What parties do */

/* A device drives its line from one thread at a time */
static void line_set(bool level)
{
    il_lock(&w.line_lock);
    w.due[LSI] = level;
    papr_xics_set_level(&w.arb, irqs[LSI], level);
    il_unlock(&w.line_lock);
}

static void trigger(int n)
{
    il_note(" trigger(%d)", n);
    w.triggered[n]++;
    if (n == LSI) {
        line_set(true);
    } else {
        w.due[n] = true;
        papr_xics_trigger(&w.arb, irqs[n]);
    }
}

static void cppr(int server, uint8_t value)
{
    il_note(" cppr(%d, %x)", server, value);
    papr_icp_h_cppr(&w.icps[server], value);
}

static void mfrr(int server, uint8_t value)
{
    il_note(" mfrr(%d, %x)", server, value);
    papr_icp_h_ipi(&w.icps[server], value);
}

static uint32_t accept_one(int server)
{
    uint32_t xirr = papr_icp_h_xirr(&w.icps[server]);
    uint32_t xisr = xirr & PAPR_XISR_MASK;

    il_note(" xirr(%d) = %x", server, xirr);
    if (xisr == PAPR_XISR_IPI) {
        return xirr;
    }
    for (int n = 0; n < SOURCES; n++) {
        if (xisr != irqs[n]) {
            continue;
        }
        w.accepted[n]++;
        w.in_service[n]++;
        if (n == LSI) {
            g_assert_cmpuint(w.in_service[n], ==, 1);
        } else {
            w.due[n] = false;
            /* none twice */
            g_assert_cmpuint(w.accepted[n], <=, w.triggered[n]);
        }
        return xirr;
    }
    g_assert_cmphex(xisr, ==, 0);
    return xirr;
}

/* The driver serves what was accepted, then ends it as H_EOI does */
static void serve(int server, uint32_t xirr)
{
    uint32_t xisr = xirr & PAPR_XISR_MASK;

    if (!xisr) {
        return;
    }
    il_note(" end(%d, %x)", server, xirr);
    if (xisr == PAPR_XISR_IPI) {
        papr_icp_h_ipi(&w.icps[server], PAPR_PRIO_NONE);
    }
    if (xisr == irqs[LSI]) {
        line_set(false);
    }
    for (int n = 0; n < SOURCES; n++) {
        w.in_service[n] -= xisr == irqs[n];
    }
    papr_icp_h_cppr(&w.icps[server], xirr >> 24);
    papr_xics_eoi(&w.arb, xisr);
}

/* Invariants */

static void check_words(void)
{
    for (int i = 0; i < SERVERS; i++) {
        PaprIcpRegs r = papr_icp_regs(w.icps[i].state);

        g_assert_cmpint(r.xisr == 0, ==, r.pending == PAPR_PRIO_NONE);
        if (r.xisr) {
            g_assert_cmphex(r.pending, <, r.cppr);
        }
        if (r.mfrr < r.cppr) {
            g_assert_cmphex(r.xisr, !=, 0);
            g_assert_cmphex(r.pending, <=, r.mfrr);
        }
        g_assert_cmpint(w.lines[i], ==, r.xisr != 0);
    }
}

static void check_none_waits(void)
{
    for (int n = 0; n < SOURCES; n++) {
        PaprSource s = sources[irqs[n] - PAPR_XICS_BASE];
        PaprIcpRegs r = papr_icp_regs(w.icps[s.server].state);

        if (!papr_source_waits(s)) {
            continue;
        }
        if (papr_icp_can_take(w.icps[s.server].state, s.priority)) {
            g_error("source 0x%x of priority %u waits at server %u, CPPR %x, "
                    "XISR %x of priority %x:%s", irqs[n], s.priority, s.server,
                    r.cppr, r.xisr, r.pending, il_log);
        }
        g_assert_true(r.resend);
    }
}

/* Take all that there is: then nothing is due, and nothing waits */
static void check_none_lost(void)
{
    for (int i = 0; i < SERVERS; i++) {
        papr_icp_h_ipi(&w.icps[i], PAPR_PRIO_NONE);
        papr_icp_h_cppr(&w.icps[i], PAPR_PRIO_NONE);
    }
    for (int n = 0; n < SOURCES; n++) {
        papr_xics_unmask(&w.arb, irqs[n]);
    }
    for (int i = 0; i < SERVERS; i++) {
        while (w.lines[i]) {
            uint32_t xirr = accept_one(i);

            g_assert_cmphex(xirr & PAPR_XISR_MASK, !=, 0);
            serve(i, xirr);
            i = 0;
        }
    }
    for (int n = 0; n < SOURCES; n++) {
        if (w.due[n]) {
            g_error("an event of source 0x%x is lost:%s", irqs[n], il_log);
        }
        g_assert_false(papr_source_waits(sources[irqs[n] - PAPR_XICS_BASE]));
    }
}

static void check_world(void *opaque)
{
    check_words();
    check_none_waits();
    check_none_lost();
}

/* One thread, operations by chance: the invariants hold after each */

static void random_operation(GRand *rand, uint32_t *in_service)
{
    static const uint8_t cpprs[] = { 0, 3, 4, 5, 6, 7, 0xff, 0xff };
    static const uint8_t mfrrs[] = { 4, 5, 0xff, 0xff };
    int server = g_rand_int_range(rand, 0, 8) ? 0 : 1;
    int n = g_rand_int_range(rand, 0, SOURCES);

    switch (g_rand_int_range(rand, 0, 10)) {
    case 0 ... 2:
        trigger(n);
        break;
    case 3 ... 4:
        cppr(server, cpprs[g_rand_int_range(rand, 0, ARRAY_SIZE(cpprs))]);
        break;
    case 5:
        mfrr(server, mfrrs[g_rand_int_range(rand, 0, ARRAY_SIZE(mfrrs))]);
        break;
    case 6 ... 7:
        if (!in_service[server]) {
            in_service[server] = accept_one(server);
        }
        break;
    case 8:
        serve(server, in_service[server]);
        in_service[server] = 0;
        break;
    case 9:
        il_note(" route(%d)", n);
        if (g_rand_boolean(rand)) {
            papr_xics_mask(&w.arb, irqs[n]);
        } else {
            papr_xics_route(&w.arb, irqs[n], server,
                            g_rand_int_range(rand, 3, 7));
        }
        break;
    }
}

static void test_operations(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(4);

    il.self = -1;
    for (int run = 0; run < RUNS; run++) {
        uint32_t in_service[SERVERS] = { };

        world_reset();
        for (int k = 0; k < OPERATIONS; k++) {
            random_operation(rand, in_service);
            check_words();
            check_none_waits();
        }
        for (int i = 0; i < SERVERS; i++) {
            serve(i, in_service[i]);
        }
        check_none_lost();
    }
}

/* Parties, each with the calls it makes */

static void party_trigger(void *opaque)
{
    trigger((uintptr_t)opaque);
}

static void party_trigger_twice(void *opaque)
{
    trigger((uintptr_t)opaque);
    trigger((uintptr_t)opaque);
}

static void party_open(void *opaque)
{
    cppr(0, 0xff);
}

static void party_close_open(void *opaque)
{
    cppr(0, 4);
    cppr(0, 0xff);
}

static void party_close(void *opaque)
{
    cppr(0, (uintptr_t)opaque);
}

static void party_ipi(void *opaque)
{
    mfrr(0, 4);
}

static void party_ipi_and_back(void *opaque)
{
    mfrr(0, 4);
    mfrr(0, 0xff);
}

static void party_serve(void *opaque)
{
    serve(0, accept_one(0));
}

static void party_serve_twice(void *opaque)
{
    serve(0, accept_one(0));
    serve(0, accept_one(0));
}

static void party_move(void *opaque)
{
    il_note(" move(%d)", (int)(uintptr_t)opaque);
    papr_xics_route(&w.arb, irqs[(uintptr_t)opaque], 1, 3);
}

static void party_mask(void *opaque)
{
    il_note(" mask(%d)", (int)(uintptr_t)opaque);
    papr_xics_mask(&w.arb, irqs[(uintptr_t)opaque]);
    papr_xics_unmask(&w.arb, irqs[(uintptr_t)opaque]);
}

static void party_reset(void *opaque)
{
    il_note(" reset");
    papr_icp_reset(&w.icps[0]);
}

#define NTH(n) ((void *)(uintptr_t)(n))

typedef struct Scene {
    const char *name;
    uint8_t cppr, mfrr;                 /* of server 0 */
    uint8_t before;                     /* sources triggered, a bit each */
    unsigned int bound;                 /* of preemptions */
    struct {
        IlRun *run;
        void *opaque;
    } parties[4];
} Scene;

static const Scene scenes[] = {
    { "trigger-open", 3, 0xff, 0, 7,
      { { party_trigger, NTH(0) }, { party_open } } },
    { "waits-open-ipi", 3, 4, 1 << 0, 99,
      { { party_open }, { party_ipi_and_back } } },
    { "trigger-open-ipi", 3, 0xff, 0, 4,
      { { party_trigger, NTH(0) }, { party_open }, { party_ipi } } },
    { "behind-ipi", 3, 4, 0, 5,
      { { party_trigger, NTH(0) }, { party_open } } },
    { "two-open", 3, 4, 0, 3,
      { { party_trigger, NTH(0) }, { party_trigger, NTH(1) },
        { party_open } } },
    { "two-close-open", 0xff, 0xff, 0, 3,
      { { party_trigger, NTH(0) }, { party_trigger, NTH(1) },
        { party_close_open } } },
    { "reject", 0xff, 0xff, 1 << 1, 3,
      { { party_trigger, NTH(0) }, { party_close, NTH(5) },
        { party_ipi } } },
    { "serve", 0xff, 0xff, 1 << 1, 3,
      { { party_serve_twice }, { party_trigger, NTH(0) },
        { party_ipi } } },
    { "twice", 0xff, 0xff, 0, 3,
      { { party_trigger_twice, NTH(1) }, { party_serve },
        { party_trigger, NTH(1) } } },
    { "level", 0xff, 0xff, 0, 4,
      { { party_trigger, NTH(LSI) }, { party_serve }, { party_open } } },
    { "level-close-open", 0xff, 0xff, 1 << LSI, 3,
      { { party_close_open }, { party_serve }, { party_ipi } } },
    { "move-waiting", 3, 0xff, 1 << 1, 3,
      { { party_move, NTH(1) }, { party_open }, { party_trigger, NTH(0) } } },
    { "move-trigger", 3, 4, 0, 3,
      { { party_move, NTH(0) }, { party_trigger, NTH(0) },
        { party_open } } },
    { "mask", 0xff, 0xff, 0, 4,
      { { party_mask, NTH(0) }, { party_trigger, NTH(0) },
        { party_close_open } } },
    { "reset", 0xff, 4, 1 << 0, 3,
      { { party_reset }, { party_trigger, NTH(1) }, { party_ipi } } },
};

static void scene_setup(void *opaque)
{
    const Scene *scene = opaque;

    world_reset();
    cppr(0, scene->cppr);
    cppr(1, 0xff);
    mfrr(0, scene->mfrr);
    for (int n = 0; n < SOURCES; n++) {
        if (scene->before >> n & 1) {
            trigger(n);
        }
    }
    for (int i = 0; i < ARRAY_SIZE(scene->parties); i++) {
        if (scene->parties[i].run) {
            il_party(scene->parties[i].run, scene->parties[i].opaque);
        }
    }
}

static void test_scene(gconstpointer opaque)
{
    const Scene *scene = opaque;
    unsigned long runs = il_explore(scene_setup, check_world, (void *)scene,
                                    scene->bound);

    g_test_message("%s: %lu orders", scene->name, runs);
    g_assert_cmpuint(runs, >, 10);
}

/* The vCPU and any four others, from any CPPR and pending sources */
static void setup_any(void *opaque)
{
    static const struct {
        IlRun *run;
        uint8_t arguments;
    } choice[] = {
        { party_trigger, SOURCES }, { party_trigger, SOURCES },
        { party_trigger_twice, SOURCES }, { party_open, 1 },
        { party_close_open, 1 }, { party_close, 8 }, { party_ipi, 1 },
        { party_ipi_and_back, 1 }, { party_move, SOURCES },
        { party_mask, SOURCES },
    };
    GRand *rand = opaque;

    world_reset();
    cppr(0, g_rand_int_range(rand, 2, 8));
    cppr(1, 0xff);
    for (int n = 0; n < SOURCES; n++) {
        if (!g_rand_int_range(rand, 0, 3)) {
            trigger(n);
        }
    }
    /* the vCPU: only this party accepts */
    il_party(party_serve_twice, NULL);
    for (int i = 0; i < 4; i++) {
        int n = g_rand_int_range(rand, 0, ARRAY_SIZE(choice));

        il_party(choice[n].run,
                 NTH(g_rand_int_range(rand, 0, choice[n].arguments)));
    }
}

static void test_any(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);

    il_random(setup_any, check_world, rand, rand, ORDERS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/icp/runs/operations", test_operations);
    for (int i = 0; i < ARRAY_SIZE(scenes); i++) {
        g_autofree char *path = g_strconcat("/pseries/icp/runs/",
                                            scenes[i].name, NULL);

        g_test_add_data_func(path, &scenes[i], test_scene);
    }
    g_test_add_func("/pseries/icp/runs/any", test_any);
    return g_test_run();
}
