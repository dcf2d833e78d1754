/*
 * Unit tests: XICS sources and presentation controllers (ICP)
 *
 * The arbiter (icp.c, source.c) with one thread, and then with threads that
 * trigger, accept, reroute and mask at the same time: in any order, no
 * interrupt is lost.  test-icp-runs.c tries the orders one by one,
 * test-icp-state.c has the state machines.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/intc/pseries/xics/arbiter.h"
#include "icp-word.h"

#define IRQ_A 0x1000
#define IRQ_B 0x1001
#define IRQ_C 0x1fff

/* The arbiter, with lines that are checked to follow */
enum { SERVERS = 4 };

typedef struct Server {
    PaprIcp icp;
    GMutex lock;
    bool line;
} Server;

typedef struct World {
    PaprArbiter arb;
    PaprIcp *by_number[SERVERS];
    Server servers[SERVERS];
} World;

static void follow(PaprIcp *icp)
{
    Server *server = container_of(icp, Server, icp);

    g_mutex_lock(&server->lock);
    qatomic_set(&server->line, papr_icp_presents(qatomic_read(&icp->state)));
    g_mutex_unlock(&server->lock);
}

static World *world_new(void)
{
    World *w = g_new0(World, 1);

    w->arb.sources = g_new0(PaprSource, PAPR_XICS_SOURCES);
    w->arb.n_servers = SERVERS;
    w->arb.servers = w->by_number;
    for (int i = 0; i < PAPR_XICS_SOURCES; i++) {
        w->arb.sources[i] = papr_source_off(PAPR_SOURCE_MSI);
    }
    for (int i = 0; i < SERVERS; i++) {
        PaprIcp *icp = &w->servers[i].icp;

        g_mutex_init(&w->servers[i].lock);
        icp->server = i;
        icp->arb = &w->arb;
        icp->follow = follow;
        icp->state = papr_icp_off(false);
        icp->present = true;
        w->by_number[i] = icp;
        papr_icp_h_cppr(icp, 0xff);
    }
    return w;
}

static void world_free(World *w)
{
    for (int i = 0; i < SERVERS; i++) {
        g_mutex_clear(&w->servers[i].lock);
    }
    g_free(w->arb.sources);
    g_free(w);
}

static PaprIcp *icp_of(World *w, int server)
{
    return &w->servers[server].icp;
}

static void eoi(World *w, int server, uint32_t xirr)
{
    papr_icp_h_cppr(icp_of(w, server), xirr >> 24);
    papr_xics_eoi(&w->arb, xirr & PAPR_XISR_MASK);
}

static void test_one_at_a_time(void)
{
    World *w = world_new();
    uint32_t xirr;

    papr_xics_route(&w->arb, IRQ_A, 1, 5);
    papr_xics_route(&w->arb, IRQ_B, 1, 5);
    papr_xics_route(&w->arb, IRQ_C, 1, 4);
    papr_xics_trigger(&w->arb, IRQ_A);
    papr_xics_trigger(&w->arb, IRQ_B);
    papr_xics_trigger(&w->arb, IRQ_C);
    g_assert_true(w->servers[1].line);
    g_assert_false(w->servers[0].line);

    xirr = papr_icp_h_xirr(icp_of(w, 1));
    g_assert_cmphex(xirr, ==, 0xff000000 | IRQ_C);
    g_assert_false(w->servers[1].line);
    eoi(w, 1, xirr);
    for (int i = 0; i < 2; i++) {
        g_assert_true(w->servers[1].line);
        xirr = papr_icp_h_xirr(icp_of(w, 1));
        g_assert_cmphex(xirr, ==, 0xff000000 | (IRQ_A + i));
        eoi(w, 1, xirr);
    }
    g_assert_false(w->servers[1].line);
    g_assert_cmphex(papr_icp_h_xirr(icp_of(w, 1)), ==, 0xff000000);
    world_free(w);
}

/* A new route moves an interrupt that waits at a busy server at once */
static void test_reroute_waiting(void)
{
    World *w = world_new();
    uint32_t xirr;

    papr_xics_route(&w->arb, IRQ_A, 0, 5);
    papr_icp_h_cppr(icp_of(w, 0), 3);
    papr_xics_trigger(&w->arb, IRQ_A);
    g_assert_false(w->servers[0].line);
    papr_xics_route(&w->arb, IRQ_A, 2, 5);
    g_assert_true(w->servers[2].line);
    xirr = papr_icp_h_xirr(icp_of(w, 2));
    g_assert_cmphex(xirr, ==, 0xff000000 | IRQ_A);
    eoi(w, 2, xirr);
    papr_icp_h_cppr(icp_of(w, 0), 0xff);
    g_assert_false(w->servers[0].line);

    /* likewise if its new priority is more favored than the server's CPPR */
    papr_xics_route(&w->arb, IRQ_A, 0, 5);
    papr_icp_h_cppr(icp_of(w, 0), 3);
    papr_xics_trigger(&w->arb, IRQ_A);
    papr_xics_route(&w->arb, IRQ_A, 0, 2);
    g_assert_true(w->servers[0].line);
    world_free(w);
}

static void test_mask_waiting(void)
{
    World *w = world_new();

    papr_xics_trigger(&w->arb, IRQ_A);
    papr_xics_route(&w->arb, IRQ_A, 0, 5);
    g_assert_true(w->servers[0].line);
    papr_icp_h_cppr(icp_of(w, 0), 5);
    g_assert_false(w->servers[0].line);
    papr_xics_mask(&w->arb, IRQ_A);
    papr_icp_h_cppr(icp_of(w, 0), 0xff);
    g_assert_false(w->servers[0].line);
    papr_xics_unmask(&w->arb, IRQ_A);
    g_assert_true(w->servers[0].line);
    world_free(w);
}

static void test_level(void)
{
    World *w = world_new();
    uint32_t xirr;

    papr_xics_source_reset(&w->arb, IRQ_A, PAPR_SOURCE_LSI);
    papr_xics_set_level(&w->arb, IRQ_A, true);
    papr_xics_route(&w->arb, IRQ_A, 3, 5);
    xirr = papr_icp_h_xirr(icp_of(w, 3));
    g_assert_cmphex(xirr, ==, 0xff000000 | IRQ_A);
    papr_xics_set_level(&w->arb, IRQ_A, true);
    g_assert_false(w->servers[3].line);
    eoi(w, 3, xirr);
    g_assert_true(w->servers[3].line);
    xirr = papr_icp_h_xirr(icp_of(w, 3));
    papr_xics_set_level(&w->arb, IRQ_A, false);
    eoi(w, 3, xirr);
    g_assert_false(w->servers[3].line);
    world_free(w);
}

/* Interrupts of an unplugged vCPU wait for it, or for a new route */
static void test_server_gone(void)
{
    World *w = world_new();

    papr_xics_route(&w->arb, IRQ_A, 1, 5);
    papr_xics_route(&w->arb, IRQ_B, 1, 5);
    papr_xics_trigger(&w->arb, IRQ_A);
    w->servers[1].icp.present = false;
    papr_icp_reset(icp_of(w, 1));
    papr_xics_trigger(&w->arb, IRQ_B);
    g_assert_false(w->servers[1].line);
    g_assert_null(papr_xics_icp(&w->arb, 1));
    g_assert_nonnull(papr_xics_server(&w->arb, 1));

    papr_xics_route(&w->arb, IRQ_B, 2, 5);
    g_assert_true(w->servers[2].line);
    w->servers[1].icp.present = true;
    papr_icp_h_cppr(icp_of(w, 1), 0xff);
    g_assert_cmphex(papr_icp_h_xirr(icp_of(w, 1)), ==, 0xff000000 | IRQ_A);
    world_free(w);
}

static void test_bad_numbers(void)
{
    World *w = world_new();

    g_assert_null(papr_xics_source(&w->arb, 0));
    g_assert_null(papr_xics_source(&w->arb, 0xfff));
    g_assert_null(papr_xics_source(&w->arb, 0x2000));
    g_assert_null(papr_xics_source(&w->arb, 0x100001000ull));
    g_assert_null(papr_xics_icp(&w->arb, SERVERS));
    g_assert_null(papr_xics_icp(&w->arb, 0x100000000ull));
    papr_xics_eoi(&w->arb, 0);
    papr_xics_eoi(&w->arb, 0xffffff);
    papr_xics_displaced(&w->arb, 0xffffff);

    /* a server that does not exist, as in a bad stream: the interrupt waits */
    w->arb.sources[0] = (PaprSource) {
        .server = 77, .priority = 5, .flags = PAPR_SOURCE_MSI,
    };
    papr_xics_trigger(&w->arb, IRQ_A);
    papr_xics_route(&w->arb, IRQ_A, 0, 5);
    g_assert_true(w->servers[0].line);
    world_free(w);
}

/*
 * Threads.  A device writes a count and triggers; the vCPU that accepts the
 * interrupt reads the count.  At the end, the last count of each has been read.
 */
enum {
    DEVICES = 3,
    SOURCES_EACH = 24,
    STORM_SOURCES = DEVICES * SOURCES_EACH,
    TRIGGERS = 200000,
};

typedef struct Storm {
    World *w;
    unsigned int written[STORM_SOURCES];
    unsigned int seen[STORM_SOURCES];
    bool level[STORM_SOURCES];          /* the device's line, for LSIs */
    unsigned int ipis_sent[SERVERS];
    unsigned int ipis_seen[SERVERS];
    bool devices_done;
    bool guests_done;
} Storm;

typedef struct Actor {
    Storm *storm;
    int n;
} Actor;

static uint32_t storm_irq(int i)
{
    /* all over the words of the waiting set */
    return PAPR_XICS_BASE + (i * 61) % PAPR_XICS_SOURCES;
}

static bool storm_is_lsi(int i)
{
    return i % 4 == 3;
}

static gpointer storm_device(gpointer opaque)
{
    Actor *actor = opaque;
    Storm *storm = actor->storm;
    PaprArbiter *arb = &storm->w->arb;
    g_autoptr(GRand) rand = g_rand_new_with_seed(actor->n);

    for (int t = 0; t < TRIGGERS; t++) {
        int i = actor->n * SOURCES_EACH +
                g_rand_int_range(rand, 0, SOURCES_EACH);

        if (storm_is_lsi(i)) {
            qatomic_set(&storm->level[i], true);
            papr_xics_set_level(arb, storm_irq(i), true);
        } else {
            qatomic_set(&storm->written[i], storm->written[i] + 1);
            papr_xics_trigger(arb, storm_irq(i));
        }
        if (t % 16 == 0) {
            int s = g_rand_int_range(rand, 0, SERVERS);

            qatomic_inc(&storm->ipis_sent[s]);
            papr_icp_h_ipi(icp_of(storm->w, s), 4);
        }
    }
    return NULL;
}

/* As RTAS calls do: reroutes, masks and unmasks sources */
static gpointer storm_router(gpointer opaque)
{
    Actor *actor = opaque;
    Storm *storm = actor->storm;
    PaprArbiter *arb = &storm->w->arb;
    g_autoptr(GRand) rand = g_rand_new_with_seed(99);

    while (!qatomic_read(&storm->devices_done)) {
        uint32_t irq = storm_irq(g_rand_int_range(rand, 0, STORM_SOURCES));

        if (g_rand_boolean(rand)) {
            papr_xics_route(arb, irq, g_rand_int_range(rand, 0, SERVERS),
                            g_rand_int_range(rand, 3, 7));
        } else {
            papr_xics_mask(arb, irq);
            papr_xics_unmask(arb, irq);
        }
    }
    return NULL;
}

static void storm_handle(Storm *storm, int server, uint32_t xisr)
{
    if (xisr == PAPR_XISR_IPI) {
        papr_icp_h_ipi(icp_of(storm->w, server), 0xff);
        smp_mb();               /* withdrawn before the count is read */
        qatomic_set(&storm->ipis_seen[server],
                    qatomic_read(&storm->ipis_sent[server]));
        return;
    }
    for (int i = 0; i < STORM_SOURCES; i++) {
        if (storm_irq(i) != xisr) {
            continue;
        }
        if (storm_is_lsi(i)) {
            /* the driver makes the device lower its line */
            papr_xics_set_level(&storm->w->arb, xisr, false);
            qatomic_set(&storm->level[i], false);
        } else {
            unsigned int count = qatomic_read(&storm->written[i]);
            unsigned int old = qatomic_read(&storm->seen[i]);

            while (old < count) {
                unsigned int now = qatomic_cmpxchg(&storm->seen[i], old, count);

                if (now == old) {
                    break;
                }
                old = now;
            }
        }
        return;
    }
    g_assert_not_reached();
}

/* A vCPU: accepts while its line is up, now and then masks for a moment */
static gpointer storm_guest(gpointer opaque)
{
    Actor *actor = opaque;
    Storm *storm = actor->storm;
    Server *self = &storm->w->servers[actor->n];
    g_autoptr(GRand) rand = g_rand_new_with_seed(1000 + actor->n);

    for (;;) {
        bool done = qatomic_read(&storm->guests_done);

        if (qatomic_read(&self->line)) {
            uint32_t xirr = papr_icp_h_xirr(&self->icp);

            if (xirr & PAPR_XISR_MASK) {
                storm_handle(storm, actor->n, xirr & PAPR_XISR_MASK);
                eoi(storm->w, actor->n, xirr);
            }
        } else if (done) {
            return NULL;
        }
        if (g_rand_int_range(rand, 0, 8) == 0) {
            papr_icp_h_cppr(&self->icp, g_rand_int_range(rand, 0, 8));
            papr_icp_h_cppr(&self->icp, 0xff);
        }
    }
}

static bool storm_quiet(Storm *storm)
{
    for (int i = 0; i < STORM_SOURCES; i++) {
        if (storm_is_lsi(i)
            ? qatomic_read(&storm->level[i])
            : qatomic_read(&storm->seen[i]) !=
              qatomic_read(&storm->written[i])) {
            return false;
        }
    }
    for (int s = 0; s < SERVERS; s++) {
        if (qatomic_read(&storm->ipis_seen[s]) !=
            qatomic_read(&storm->ipis_sent[s]) ||
            qatomic_read(&storm->w->servers[s].line)) {
            return false;
        }
    }
    return true;
}

/*
 * An end of interrupt may have raised the line of a server whose thread had
 * ended already: accept as long as a line is up.
 */
static void storm_drain(Storm *storm)
{
    for (int i = 0; i < SERVERS; i++) {
        while (storm->w->servers[i].line) {
            uint32_t xirr = papr_icp_h_xirr(icp_of(storm->w, i));

            g_assert_cmphex(xirr & PAPR_XISR_MASK, !=, 0);
            storm_handle(storm, i, xirr & PAPR_XISR_MASK);
            eoi(storm->w, i, xirr);
            i = 0;
        }
    }
}

static void test_storm(void)
{
    g_autofree Storm *storm = g_new0(Storm, 1);
    GThread *guests[SERVERS], *devices[DEVICES], *router;
    Actor actors[SERVERS + DEVICES + 1];
    World *w = world_new();
    int n = 0;

    storm->w = w;
    for (int i = 0; i < STORM_SOURCES; i++) {
        papr_xics_source_reset(&w->arb, storm_irq(i), storm_is_lsi(i)
                               ? PAPR_SOURCE_LSI : PAPR_SOURCE_MSI);
        papr_xics_route(&w->arb, storm_irq(i), i % SERVERS, 5);
    }
    for (int i = 0; i < SERVERS; i++, n++) {
        actors[n] = (Actor) { storm, i };
        guests[i] = g_thread_new("guest", storm_guest, &actors[n]);
    }
    for (int i = 0; i < DEVICES; i++, n++) {
        actors[n] = (Actor) { storm, i };
        devices[i] = g_thread_new("device", storm_device, &actors[n]);
    }
    actors[n] = (Actor) { storm, 0 };
    router = g_thread_new("router", storm_router, &actors[n]);

    for (int i = 0; i < DEVICES; i++) {
        g_thread_join(devices[i]);
    }
    qatomic_set(&storm->devices_done, true);
    g_thread_join(router);

    qatomic_set(&storm->guests_done, true);
    for (int i = 0; i < SERVERS; i++) {
        g_thread_join(guests[i]);
    }
    storm_drain(storm);
    g_assert_true(storm_quiet(storm));
    for (int i = 0; i < STORM_SOURCES; i++) {
        g_assert_false(papr_source_waits(w->arb.sources[storm_irq(i) -
                                                        PAPR_XICS_BASE]));
    }
    for (int s = 0; s < SERVERS; s++) {
        check_word(w->servers[s].icp.state & ~1ull, 0xff, 0, 0xff, 0xff);
    }
    world_free(w);
}

/*
 * One source, and a guest that opens and closes its ICP all the time: if the
 * ICP refuses the interrupt, it must present it when it is opened again.
 */
enum { DUELS = 30000, PATIENCE = 10000 };

typedef struct Duel {
    World *w;
    unsigned int written;
    unsigned int seen;
    unsigned int openings;
    bool done;
} Duel;

static gpointer duel_guest(gpointer opaque)
{
    Duel *duel = opaque;
    Server *self = &duel->w->servers[0];

    while (!qatomic_read(&duel->done)) {
        papr_icp_h_cppr(&self->icp, 5);
        papr_icp_h_cppr(&self->icp, 0xff);
        if (qatomic_read(&self->line)) {
            uint32_t xirr = papr_icp_h_xirr(&self->icp);

            qatomic_set(&duel->seen, qatomic_read(&duel->written));
            eoi(duel->w, 0, xirr);
        }
        qatomic_store_release(&duel->openings, duel->openings + 1);
    }
    return NULL;
}

static void test_duel(void)
{
    Duel duel = { .w = world_new() };
    GThread *guest;

    papr_xics_route(&duel.w->arb, IRQ_A, 0, 5);
    guest = g_thread_new("guest", duel_guest, &duel);
    for (int t = 0; t < DUELS; t++) {
        unsigned int start, now;

        qatomic_set(&duel.written, duel.written + 1);
        papr_xics_trigger(&duel.w->arb, IRQ_A);
        start = now = qatomic_load_acquire(&duel.openings);
        while (qatomic_load_acquire(&duel.seen) != duel.written) {
            g_assert_cmpuint(now - start, <, PATIENCE);
            now = qatomic_load_acquire(&duel.openings);
        }
    }
    qatomic_set(&duel.done, true);
    g_thread_join(guest);
    world_free(duel.w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/icp/arbiter/one-at-a-time", test_one_at_a_time);
    g_test_add_func("/pseries/icp/arbiter/reroute-waiting",
                    test_reroute_waiting);
    g_test_add_func("/pseries/icp/arbiter/mask-waiting", test_mask_waiting);
    g_test_add_func("/pseries/icp/arbiter/level", test_level);
    g_test_add_func("/pseries/icp/arbiter/server-gone", test_server_gone);
    g_test_add_func("/pseries/icp/arbiter/bad-numbers", test_bad_numbers);
    g_test_add_func("/pseries/icp/arbiter/duel", test_duel);
    g_test_add_func("/pseries/icp/arbiter/storm", test_storm);
    return g_test_run();
}
