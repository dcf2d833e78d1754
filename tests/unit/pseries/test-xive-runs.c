/*
 * Unit tests: XIVE from a source to a vCPU, in all orders
 *
 * route.c, with the event state buffers (ESB), event notification descriptors
 * (END) and rings that it works on, is checked against these invariants:
 *
 *   none lost       what a device wrote before its last trigger is seen by a
 *                   handler that runs after it
 *   none waits      an entry that is in a queue has its priority pending
 *   none twice      a source has one entry in queues at most, and P set with it
 *   none late       once the call that replaces a route or a queue has returned
 *                   no event goes to the old one; after H_INT_SYNC all events
 *                   that were triggered before are in their queues
 *   rings, lines    exception, pending bits, priority and vCPU's line agree
 *
 * A few parties take every order of their accesses (interleave.h): devices that
 * trigger, a vCPU that serves, and one that configures.  The pure functions
 * have tests of their own (test-xive-esb.c, -end.c, -ring.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "qemu/processor.h"
#include "qemu/rcu.h"
#include "qemu/thread.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "hw/irq.h"
#include "hw/sysbus.h"
#include "hw/intc/pseries/trace.h"
#include "hw/pseries/abi.h"
#include "interleave.h"

/* The names that route.c needs of headers that depend on the target */
#define QEMU_PPC_CPU_QOM_H
#define HW_INTC_PSERIES_IRQ_CONTROLLER_H
typedef struct ArchCPU PowerPCCPU;
typedef struct PaprHcallTable PaprHcallTable;
typedef struct PaprIrqs PaprIrqs;
typedef struct PaprDt PaprDt;
typedef struct PaprXive PaprXive;
typedef struct PaprTctx PaprTctx;
typedef struct PaprIntcOps { const char *name; } PaprIntcOps;
#include "hw/intc/pseries/irq/cpu-line.h"

/* One thread: nothing is freed while a party is between two turns */
#undef RCU_READ_LOCK_GUARD
#define RCU_READ_LOCK_GUARD() do { } while (0)

#include "hw/intc/pseries/xive/route.c"

enum {
    SOURCES = 3,
    LSI = 2,
    SERVERS = 2,
    QUEUES = 4,                 /* places for queues in the guest's memory */
    SHIFT = 12,
    PRIORITY = 6,
    SPARE = 3,                  /* no END has this queue at first */
    ORDERS = 40000,             /* by chance */
};

typedef struct World {
    PaprXive xive;
    uint64_t eat[SOURCES];
    uint8_t status[SOURCES];
    unsigned long lsi_map[1];
    PaprEnd ends[SERVERS * XV_PRIORITIES];
    PaprTctx *tctxs[SERVERS];
    PaprTctx contexts[SERVERS];
    bool lines[SERVERS];
    PaprEqPos taken[QUEUES];            /* how far the guest has read */
    unsigned int written[SOURCES];      /* by devices */
    unsigned int seen[SOURCES];         /* by handlers */
    bool level[SOURCES];
    int line_lock;
    int guest_lock;                     /* the guest's own, around a queue */
} World;

static World w;
static uint32_t memory[QUEUES][1 << (SHIFT - 2)];
static MemoryRegion ram;

/* What route.c needs of the machine */

MemoryRegion *get_system_memory(void)
{
    return &ram;
}

MemoryRegionSection memory_region_find(MemoryRegion *mr, hwaddr addr,
                                       uint64_t size)
{
    g_assert_cmphex(addr + size, <=, sizeof(memory));
    return (MemoryRegionSection) {
        .mr = &ram,
        .size = int128_make64(size),
        .offset_within_region = addr,
        .offset_within_address_space = addr,
    };
}

void memory_region_unref(MemoryRegion *mr)
{
}

bool memory_region_is_ram_device(MemoryRegion *mr)
{
    return false;
}

void *memory_region_get_ram_ptr(MemoryRegion *mr)
{
    return memory;
}

void address_space_cache_invalidate(MemoryRegionCache *cache, hwaddr addr,
                                    hwaddr len)
{
}

void papr_cpu_line_follow(PaprCpuLine *line, PaprCpuLineWanted *wanted,
                          const void *state)
{
    PaprTctx *tctx = container_of(line, PaprTctx, line);

    w.lines[tctx->server] = wanted(state);
}

static uint32_t end_of(int server)
{
    return server * XV_PRIORITIES + PRIORITY;
}

static PaprEndState queue_at(int n)
{
    return papr_end_with_queue((uint64_t)n << SHIFT, SHIFT, true);
}

static void world_reset(void)
{
    /* a dozen entries are all that a run writes */
    for (int n = 0; n < QUEUES; n++) {
        memset(memory[n], 0, 64 * sizeof(uint32_t));
    }
    il_log_reset();
    ram.ram = true;
    w = (World) {
        .xive = {
            .nr_irqs = SOURCES, .nr_servers = SERVERS,
            .nr_ends = SERVERS * XV_PRIORITIES,
            .eat = w.eat, .status = w.status, .lsi_map = w.lsi_map,
            .ends = w.ends, .tctxs = w.tctxs,
        },
        .lsi_map = { 1ul << LSI },
    };
    for (int n = 0; n < QUEUES; n++) {
        w.taken[n] = papr_eq_first();
    }
    for (int i = 0; i < SERVERS; i++) {
        PaprEndState state = queue_at(i);

        w.contexts[i].server = i;
        w.tctxs[i] = &w.contexts[i];
        papr_tctx_reset(&w.contexts[i]);
        papr_tctx_set_cppr(&w.contexts[i], 0xff);
        papr_xive_set_queue(&w.xive, end_of(i), &state);
    }
    for (int n = 0; n < SOURCES; n++) {
        papr_xive_set_eas(&w.xive, n, papr_eas_make(end_of(0), false, n + 1));
    }
}

/* Devices: data first, then the trigger */

static void trigger(int n)
{
    il_note(" trigger(%d)", n);
    if (n == LSI) {
        il_lock(&w.line_lock);
        w.level[n] = true;
        papr_xive_set_level(&w.xive, n, true);
        il_unlock(&w.line_lock);
        return;
    }
    /* each source has one device, which alone writes the word */
    il_store(&w.written[n], w.written[n] + 1);
    papr_xive_trigger(&w.xive, n);
}

/* The vCPU */

static void handle(int n)
{
    if (n == LSI) {
        il_lock(&w.line_lock);
        w.level[n] = false;
        papr_xive_set_level(&w.xive, n, false);
        il_unlock(&w.line_lock);
        papr_xive_set_pq(&w.xive, n, XV_PQ_RESET);
        return;
    }
    /* as Linux does: reset PQ, trigger again if Q was set, then the data */
    if (papr_xive_set_pq(&w.xive, n, XV_PQ_RESET) & XV_PQ_Q) {
        papr_xive_trigger(&w.xive, n);
    }
    w.seen[n] = qatomic_read(&w.written[n]);
    il_note(" seen(%d) = %u", n, w.seen[n]);
}

/* The next entry of queue @n, less the generation; 0 if there is none */
static uint32_t next_entry(int n)
{
    uint32_t entry = be32_to_cpu(qatomic_read(&memory[n][w.taken[n].index]));

    if (!!(entry & XV_EQ_GENERATION) != w.taken[n].generation) {
        return 0;
    }
    w.taken[n] = papr_eq_next(w.taken[n], SHIFT);
    return entry & XV_EAS_EISN_MASK;
}

static void take_all(int n)
{
    for (;;) {
        uint32_t entry;

        il_lock(&w.guest_lock);
        entry = next_entry(n);
        il_unlock(&w.guest_lock);
        if (!entry) {
            return;
        }
        il_note(" entry(%d) = %u", n, entry);
        g_assert_cmpuint(entry, <=, SOURCES);
        handle(entry - 1);
    }
}

static int queue_of(int server)
{
    return papr_xive_end_state(&w.xive, end_of(server)).addr >> SHIFT;
}

static void serve(int server)
{
    uint64_t before, after;

    papr_tctx_accept(&w.contexts[server], &before, &after);
    il_note(" accept(%d)", server);
    if (papr_ring_exception(before)) {
        take_all(queue_of(server));
        papr_tctx_set_cppr(&w.contexts[server], 0xff);
    }
}

/* Invariants */

static unsigned int unread(int n)
{
    PaprEqPos pos = w.taken[n];
    unsigned int count = 0;

    while ((be32_to_cpu(memory[n][pos.index]) >> 31) == pos.generation) {
        pos = papr_eq_next(pos, SHIFT);
        count++;
    }
    return count;
}

static void check_rings(void)
{
    for (int i = 0; i < SERVERS; i++) {
        uint64_t ring = w.contexts[i].ring;

        g_assert_cmphex(papr_ring_settle(ring), ==, ring);
        g_assert_cmpint(w.lines[i], ==, papr_ring_exception(ring));
    }
    for (int n = 0; n < SOURCES; n++) {
        g_assert_false(papr_esb_in_progress(&w.status[n]));
    }
    for (int i = 0; i < SERVERS * XV_PRIORITIES; i++) {
        g_assert_cmpint(w.ends[i].lock.value, ==, 0);
    }
}

static void check_none_waits(void)
{
    for (int i = 0; i < SERVERS; i++) {
        if (unread(queue_of(i)) &&
            !(papr_ring_get(w.contexts[i].ring, XV_IPB) &
              papr_ring_ipb_bit(PRIORITY))) {
            g_error("an entry waits in server %d's queue:%s", i, il_log);
        }
    }
}

static void check_none_twice(void)
{
    unsigned int entries[SOURCES] = { };

    for (int n = 0; n < QUEUES; n++) {
        PaprEqPos pos = w.taken[n];

        for (unsigned int left = unread(n); left; left--) {
            uint32_t entry = be32_to_cpu(memory[n][pos.index]);

            entries[(entry & XV_EAS_EISN_MASK) - 1]++;
            pos = papr_eq_next(pos, SHIFT);
        }
    }
    for (int n = 0; n < SOURCES; n++) {
        if (entries[n] > 1 ||
            (entries[n] && !(papr_esb_pq(&w.status[n]) & XV_PQ_P))) {
            g_error("%u entries of source %d, PQ %u:%s", entries[n], n,
                    papr_esb_pq(&w.status[n]), il_log);
        }
    }
}

/* The guest looks into old queues as well, as LoPAR asks it to */
static void check_none_lost(void)
{
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < SERVERS; i++) {
            serve(i);
        }
        for (int n = 0; n < QUEUES; n++) {
            take_all(n);
        }
    }
    for (int n = 0; n < SOURCES; n++) {
        if (w.seen[n] != w.written[n] || w.level[n]) {
            g_error("an event of source %d is lost, PQ %u:%s", n,
                    papr_esb_pq(&w.status[n]), il_log);
        }
        g_assert_cmphex(papr_esb_pq(&w.status[n]), ==, XV_PQ_RESET);
    }
}

static void check_world(void *opaque)
{
    check_rings();
    check_none_waits();
    check_none_twice();
    check_none_lost();
    check_rings();
}

/* Parties */

#define NTH(n) ((void *)(uintptr_t)(n))

static void party_trigger(void *opaque)
{
    trigger((uintptr_t)opaque);
}

static void party_trigger_twice(void *opaque)
{
    trigger((uintptr_t)opaque);
    trigger((uintptr_t)opaque);
}

/* The third finds Q set, if no vCPU serves the interrupt meanwhile */
static void party_trigger_thrice(void *opaque)
{
    party_trigger_twice(opaque);
    trigger((uintptr_t)opaque);
}

static void party_serve(void *opaque)
{
    serve(0);
}

static void party_serve_twice(void *opaque)
{
    serve(0);
    serve(0);
}

static void party_close_open(void *opaque)
{
    papr_tctx_set_cppr(&w.contexts[0], 4);
    papr_tctx_set_cppr(&w.contexts[0], 0xff);
}

/* All entries so far, in its queue and in the one that may replace that */
static unsigned int entries_of_server_0(void)
{
    return unread(0) + w.taken[0].index + unread(SPARE) + w.taken[SPARE].index;
}

/* From server 0 to server 1 */
static void party_move(void *opaque)
{
    unsigned int before;
    int n = (uintptr_t)opaque;

    papr_xive_set_eas(&w.xive, n, papr_eas_make(end_of(1), false, n + 1));
    il_note(" moved(%d)", n);
    before = entries_of_server_0();
    for (int i = 0; i < 3; i++) {
        il_turn();
        /* holds in scenes where no other source is triggered */
        g_assert_cmpuint(entries_of_server_0(), ==, before);
    }
}

/* Server 0 gets another queue */
static void party_replace(void *opaque)
{
    PaprEndState state = queue_at(SPARE);
    unsigned int before;

    papr_xive_set_queue(&w.xive, end_of(0), &state);
    il_note(" replaced");
    before = unread(0) + w.taken[0].index;
    for (int i = 0; i < 3; i++) {
        il_turn();
        g_assert_cmpuint(unread(0) + w.taken[0].index, ==, before);
    }
    take_all(0);
}

/* After H_INT_SYNC, the event of a trigger that has returned is queued */
static void party_sync(void *opaque)
{
    int n = (uintptr_t)opaque;

    trigger(n);
    g_assert_cmpint(papr_xive_sync(&w.xive, n), ==, H_SUCCESS);
    il_note(" synced(%d)", n);
    g_assert_cmpuint(w.ends[end_of(0)].state.pos.index, >, 0);
}

/* The vCPU is reset while events for it are in progress */
static void party_reset(void *opaque)
{
    il_note(" reset");
    papr_tctx_reset(&w.contexts[0]);
}

/* Unplug, as xive_vcpu_destroy() does it: queue first, then the context */
static void party_unplug(void *opaque)
{
    PaprEndState none = papr_end_initial();
    unsigned int before;

    papr_xive_set_queue(&w.xive, end_of(0), &none);
    before = unread(0) + w.taken[0].index;
    il_turn();
    w.tctxs[0] = NULL;
    il_note(" unplugged");
    for (int i = 0; i < 3; i++) {
        il_turn();
        g_assert_cmpuint(unread(0) + w.taken[0].index, ==, before);
    }
}

/*
 * A reset may lose events of the vCPU.  The ring is as reset makes it, but for
 * later events; these raise no exception, since CPPR masks all.
 */
static void check_reset(void *opaque)
{
    check_rings();
    check_none_twice();
    g_assert_false(papr_ring_exception(w.contexts[0].ring));
    g_assert_cmphex(papr_ring_get(w.contexts[0].ring, XV_CPPR), ==, 0);
}

static void check_unplugged(void *opaque)
{
    check_rings();
    check_none_twice();
    g_assert_false(papr_xive_end_state(&w.xive, end_of(0)).valid);
}

typedef struct Scene {
    const char *name;
    unsigned int bound;
    struct {
        IlRun *run;
        void *opaque;
    } parties[4];
    IlRun *check;                       /* NULL: check_world() */
} Scene;

static const Scene scenes[] = {
    { "trigger-serve", 3,
      { { party_trigger_twice, NTH(0) }, { party_serve } } },
    { "three-triggers-serve", 2,
      { { party_trigger_thrice, NTH(0) }, { party_serve_twice } } },
    { "two-sources", 2,
      { { party_trigger, NTH(0) }, { party_trigger, NTH(1) },
        { party_serve_twice } } },
    { "close-open", 2,
      { { party_trigger, NTH(0) }, { party_trigger, NTH(1) },
        { party_close_open } } },
    { "level", 2,
      { { party_trigger_twice, NTH(LSI) }, { party_serve_twice } } },
    { "level-and-message", 2,
      { { party_trigger, NTH(LSI) }, { party_trigger, NTH(0) },
        { party_serve } } },
    { "move", 3,
      { { party_move, NTH(0) }, { party_trigger, NTH(0) } } },
    { "move-serve", 2,
      { { party_move, NTH(0) }, { party_trigger_twice, NTH(0) },
        { party_serve } } },
    { "replace", 3,
      { { party_replace }, { party_trigger, NTH(0) } } },
    { "replace-serve", 2,
      { { party_replace }, { party_trigger, NTH(0) }, { party_serve } } },
    { "sync", 3,
      { { party_sync, NTH(0) }, { party_trigger, NTH(1) } } },
    { "reset", 2,
      { { party_reset }, { party_trigger, NTH(0) },
        { party_trigger, NTH(1) } }, check_reset },
    { "unplug", 2,
      { { party_unplug }, { party_trigger, NTH(0) },
        { party_trigger, NTH(1) } }, check_unplugged },
    { "move-replace", 2,
      { { party_move, NTH(0) }, { party_replace },
        { party_trigger, NTH(0) } } },
};

static void scene_setup(void *opaque)
{
    const Scene *scene = opaque;

    world_reset();
    for (int i = 0; i < ARRAY_SIZE(scene->parties); i++) {
        if (scene->parties[i].run) {
            il_party(scene->parties[i].run, scene->parties[i].opaque);
        }
    }
}

static void test_scene(gconstpointer opaque)
{
    const Scene *scene = opaque;
    unsigned long runs;

    il.self = -1;
    runs = il_explore(scene_setup, scene->check ?: check_world, (void *)scene,
                      scene->bound);
    g_test_message("%s: %lu orders", scene->name, runs);
    g_assert_cmpuint(runs, >, 10);
}

/* A device for each source, the vCPU, and one more party */
static void setup_any(void *opaque)
{
    static IlRun *const triggers[] = {
        party_trigger, party_trigger_twice, party_trigger_thrice,
    };
    static IlRun *const others[] = {
        party_replace, party_close_open, party_serve_twice,
    };
    GRand *rand = opaque;

    world_reset();
    for (int n = 0; n < SOURCES; n++) {
        il_party(triggers[g_rand_int_range(rand, 0, ARRAY_SIZE(triggers))],
                 NTH(n));
    }
    il_party(party_serve_twice, NULL);
    il_party(others[g_rand_int_range(rand, 0, ARRAY_SIZE(others))], NULL);
}

static void test_any(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(6);

    il.self = -1;
    il_random(setup_any, check_world, rand, rand, ORDERS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (int i = 0; i < ARRAY_SIZE(scenes); i++) {
        g_autofree char *path = g_strconcat("/xive/runs/", scenes[i].name,
                                            NULL);

        g_test_add_data_func(path, &scenes[i], test_scene);
    }
    g_test_add_func("/xive/runs/any", test_any);
    return g_test_run();
}
