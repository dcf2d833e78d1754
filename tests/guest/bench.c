/*
 * What hypercalls and interrupts cost: prints `BENCH NAME NANOSECONDS`
 *
 * Run by tools/bench on this tree's machine and on upstream's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"

#define WARM_UP     (TB_HZ / 20)
/* ticks of the timebase: how long a figure is measured */
#define LONG_ENOUGH (TB_HZ / 4)
#define CHUNK       256

typedef void Once(void);

/* Do @once CHUNK times: a call for each would distort the cheapest */
#define CHUNK_OF(name, once)                    \
    static void name(void)                      \
    {                                           \
        for (int i = 0; i < CHUNK; i++) {       \
            once();                             \
        }                                       \
    }

static uint64_t xive_trigger, xive_manage;
static struct xive_queue queue;
static char queue_memory[1 << XIVE_EQ_SHIFT]
    __attribute__((aligned(1 << XIVE_EQ_SHIFT)));
static volatile bool busy;

static inline void trivial(void)
{
    hcall(H_SET_SPRG0, 1, 0, 0, 0);
}

static void be_busy(struct cpu *cpu)
{
    busy = true;
    for (;;) {
        trivial();
    }
}

static void halt(struct cpu *cpu)
{
    interrupts(false);
    cpu->running = 2;
    for (;;) {
        set_decrementer(0x7fffffff);
        hcall(H_CEDE, 0, 0, 0, 0);
    }
}

/* To oneself: request, accept, withdraw, end */
static inline void xics_cycle(void)
{
    uint64_t xirr = 0;

    hcall(H_IPI, 0, 4, 0, 0);
    hcall1(H_XIRR, &xirr, 0, 0, 0);
    if ((xirr & 0xffffff) != 2) {
        print("FAIL no IPI: %x\n", xirr);
        power_off();
    }
    hcall(H_IPI, 0, 0xff, 0, 0);
    hcall(H_EOI, xirr, 0, 0, 0);
}

static inline void xive_cycle(void)
{
    mmio_store8(xive_trigger, 0);
    if (!(xive_accept() & 0x8000) || !xive_next(&queue)) {
        print("FAIL no event\n");
        power_off();
    }
    mmio_load8(xive_manage + 0xc00);
    xive_cppr(0xff);
}

static inline void hpt_pair(void)
{
    /* bolted, 4 KiB page, a segment of 256 MiB; WIMG of memory */
    static uint64_t group;
    uint64_t slot = group++ % 1024 * 8;
    uint64_t out = 0;

    if (hcall1(H_ENTER, &out, slot, 0x1234000 | 0x11, 0x800000 | 0x190)) {
        print("FAIL H_ENTER\n");
        power_off();
    }
    hcall(H_REMOVE, 0, out, 0, 0);
}

/* 512 pages, one after the other, into the window that is there at boot */
static inline void map_list(void)
{
    static uint64_t list[512] __attribute__((aligned(4096)));

    for (int i = 0; !list[511] && i < 512; i++) {
        list[i] = (uint64_t)i << 12 | 3;
    }
    if (hcall(H_PUT_TCE_INDIRECT, 0x80000000, 0, (uintptr_t)list, 512)) {
        print("FAIL H_PUT_TCE_INDIRECT\n");
        power_off();
    }
}

static inline void rtas_query(void)
{
    uint32_t args[] = { 0 }, rets[2];

    rtas(RTAS_QUERY_CPU_STOPPED_STATE, 1, args, 2, rets);
}

static inline void rtas_time(void)
{
    uint32_t rets[8];

    rtas(RTAS_GET_TIME_OF_DAY, 0, NULL, 8, rets);
}

CHUNK_OF(trivials, trivial)
CHUNK_OF(xics_cycles, xics_cycle)
CHUNK_OF(xive_cycles, xive_cycle)
CHUNK_OF(hpt_pairs, hpt_pair)
CHUNK_OF(map_lists, map_list)
CHUNK_OF(rtas_queries, rtas_query)
CHUNK_OF(rtas_times, rtas_time)

static uint64_t take(Once *chunk)
{
    uint64_t start, end, n = 0;

    for (start = timebase(); timebase() - start < WARM_UP;) {
        chunk();
    }
    start = timebase();
    do {
        chunk();
        n += CHUNK;
        end = timebase();
    } while (end - start < LONG_ENOUGH);

    /* tenths of a nanosecond */
    return (end - start) * 10 * (1000000000ull / 1000000) /
           (TB_HZ / 1000000) / n;
}

static bool prepare_xics(void)
{
    return hcall(H_CPPR, 0xff, 0, 0, 0) == H_SUCCESS;
}

static bool prepare_xive(void)
{
    bool ok = negotiate(true, true) && xive_queue_setup(&queue, 0, queue_memory) &&
              xive_source_setup(0, 0, 77, &xive_trigger, &xive_manage);

    xive_cppr(0xff);
    return ok;
}

static bool prepare_busy(void)
{
    if (!start_cpu(1, be_busy, NULL)) {
        return false;
    }
    while (!busy) {
        relax();
    }
    return true;
}

static bool prepare_halted(void)
{
    unsigned id;

    for (id = 1; id < MAX_CPUS && start_cpu(id, halt, NULL); id++) {
        while (cpus[id].running != 2) {
            relax();
        }
    }
    for (uint64_t start = timebase(); timebase() - start < TB_HZ / 20;) {
        relax();
    }
    return id == MAX_CPUS;
}

static const struct {
    const char *name;
    bool (*prepare)(void);
    Once *chunk;
} figures[] = {
    { "hcall", NULL, trivials },
    { "hcall-busy", prepare_busy, trivials },
    { "xics", prepare_xics, xics_cycles },
    { "xive", prepare_xive, xive_cycles },
    { "hpt", NULL, hpt_pairs },
    { "hpt-halted", prepare_halted, hpt_pairs },
    { "tce", NULL, map_lists },
    { "rtas", NULL, rtas_queries },
    { "rtas-time", NULL, rtas_times },
};

void payload_run(void)
{
    for (unsigned i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
        uint64_t tenths;

        if (!same(command, figures[i].name)) {
            continue;
        }
        if (figures[i].prepare && !figures[i].prepare()) {
            print("FAIL cannot prepare %s\n", command);
            return;
        }
        tenths = take(figures[i].chunk);
        print("BENCH %s %d.%d\n", command, tenths / 10, tenths % 10);
        return;
    }
    print("FAIL -append %s: no such figure\n", command);
}
