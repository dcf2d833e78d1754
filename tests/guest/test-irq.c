/*
 * Interrupts: decrementer, XICS, XIVE
 *
 * In a storm every vCPU sends messages to vCPUs at random: it increments the
 * receiver's box and interrupts it.  All messages must arrive, or a vCPU sleeps
 * for ever.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests.h"

#define MESSAGES 20000
#define FAR      0x7fffffff

static volatile uint64_t box[CPUS];         /* sent, not seen yet */
static volatile uint64_t sent[CPUS], seen[CPUS];
static volatile uint64_t finished;
static void (*send_to)(unsigned id);

/* ---- decrementer ---- */

static void tick(struct cpu *cpu)
{
    cpu->count++;
    set_decrementer(TB_HZ / 20000);
}

void test_decrementer(void)
{
    struct cpu *cpu = this_cpu();

    cpu->decrementer = tick;
    set_decrementer(1000);
    for (int i = 0; i < 100; i++) {
        hcall(H_CEDE, 0, 0, 0, 0);      /* nothing else wakes it */
    }
    while (cpu->count < 1000) {
        interrupts(true);
    }
    interrupts(false);
    set_decrementer(FAR);
}

/* ---- storms ---- */

static void receive(struct cpu *cpu)
{
    uint64_t n = __atomic_exchange_n(&box[cpu->id], 0, __ATOMIC_SEQ_CST);

    seen[cpu->id] += n;
}

bool messages_seen(unsigned id)
{
    full_barrier();
    return seen[id] == sent[id];
}

static bool all_seen(unsigned id)
{
    return finished == CPUS && messages_seen(id);
}

void message_send(unsigned to)
{
    atomic_add(&sent[to], 1);
    atomic_add(&box[to], 1);
    send_to(to);
}

static void storm(struct cpu *cpu)
{
    uint64_t seed = 0x5eed + cpu->id;

    barrier_wait(CPUS);
    set_decrementer(FAR);
    interrupts(true);
    for (int i = 0; i < MESSAGES; i++) {
        message_send(random_next(&seed) % CPUS);
    }
    atomic_add(&finished, 1);
    for (unsigned id = 0; id < CPUS; id++) {
        send_to(id);
    }
    for (;;) {
        interrupts(false);
        if (all_seen(cpu->id)) {
            break;
        }
        hcall(H_CEDE, 0, 0, 0, 0);
    }
    barrier_wait(CPUS);
}

static void check_storm(void)
{
    uint64_t all = 0;

    for (unsigned id = 0; id < CPUS; id++) {
        expect(seen[id], sent[id]);
        all += seen[id];
    }
    expect(all, CPUS * MESSAGES);
}

/* ---- XICS ---- */

static void xics_send(unsigned id)
{
    expect(hcall(H_IPI, id, 4, 0, 0), H_SUCCESS);
}

static void xics_external(struct cpu *cpu)
{
    uint64_t xirr = 0;

    expect(hcall1(H_XIRR, &xirr, 0, 0, 0), H_SUCCESS);
    if ((xirr & 0xffffff) != 2) {
        expect(xirr & 0xffffff, 0);
        return;
    }
    /* withdraw before the look, so that what comes later interrupts again */
    hcall(H_IPI, cpu->id, 0xff, 0, 0);
    full_barrier();
    receive(cpu);
    expect(hcall(H_EOI, xirr, 0, 0, 0), H_SUCCESS);
}

static void xics_setup(struct cpu *cpu)
{
    send_to = xics_send;
    cpu->external = xics_external;
    expect(hcall(H_CPPR, 0xff, 0, 0, 0), H_SUCCESS);
}

static void xics_storm(struct cpu *cpu)
{
    xics_setup(cpu);
    storm(cpu);
}

void test_xics_storm(void)
{
    run_everywhere(xics_storm);
    check_storm();
    expect(hcall(H_IPI, 77, 4, 0, 0), H_PARAMETER);
    expect(hcall(H_EOI, 0xff000000 | 0xfffff0, 0, 0, 0), H_PARAMETER);
}

/* ---- XIVE ---- */

static char queue_memory[CPUS][1 << XIVE_EQ_SHIFT]
    __attribute__((aligned(1 << XIVE_EQ_SHIFT)));
static struct xive_queue queues[CPUS];
static uint64_t trigger[CPUS], manage[CPUS];

static void xive_send(unsigned id)
{
    full_barrier();
    mmio_store8(trigger[id], 0);
}

static void xive_external(struct cpu *cpu)
{
    struct xive_queue *queue = &queues[cpu->id];
    uint32_t event;

    if (!(xive_accept() & 0x8000)) {
        return;
    }
    while ((event = xive_next(queue))) {
        expect(event, 0x100 + cpu->id);
        /* PQ = 00; one that came meanwhile is triggered again */
        if (mmio_load8(manage[cpu->id] + 0xc00) & 1) {
            mmio_store8(trigger[cpu->id], 0);
        }
        full_barrier();
        receive(cpu);
    }
    xive_cppr(0xff);
}

static void xive_setup(unsigned id)
{
    expect(xive_queue_setup(&queues[id], id, queue_memory[id]), true);
    expect(xive_source_setup(id, id, 0x100 + id, &trigger[id], &manage[id]),
           true);
}

void messages_setup(struct cpu *cpu, bool xive)
{
    if (!xive) {
        xics_setup(cpu);
        return;
    }
    send_to = xive_send;
    cpu->external = xive_external;
    xive_setup(cpu->id);
    xive_cppr(0xff);
}

static void xive_storm(struct cpu *cpu)
{
    messages_setup(cpu, true);
    storm(cpu);
}

void test_xive_storm(void)
{
    expect(negotiate(true, true), true);
    run_everywhere(xive_storm);
    check_storm();
}

/* ---- migrated with a pending interrupt, see pending.py ---- */

static volatile bool pending, go;

/* Migration begins when the message is pending, and ends before it is taken */
static void pend_and_wait(struct cpu *cpu, bool xive)
{
    messages_setup(cpu, xive);
    set_decrementer(FAR);
    message_send(cpu->id);
    pending = true;
    while (!go) {
        relax();
    }
    while (!messages_seen(cpu->id)) {
        interrupts(true);
        relax();
    }
    interrupts(false);
}

static void pend_xics(struct cpu *cpu)
{
    pend_and_wait(cpu, false);
}

static void pend_xive(struct cpu *cpu)
{
    pend_and_wait(cpu, true);
}

static void move_pending(void (*fn)(struct cpu *))
{
    uint64_t out[3] = { 0 };

    expect(start_cpu(1, fn, NULL), true);
    while (!pending) {
        relax();
    }
    print("READY\n");
    while (!out[0]) {
        expect(hcall_out(out, 3, H_GET_TERM_CHAR, 0, 0, 0, 0), H_SUCCESS);
    }
    go = true;
    while (cpus[1].running) {
        relax();
    }
    wait_stopped(1);
    expect(seen[1], 1);
}

void test_pending_xics(void)
{
    move_pending(pend_xics);
}

void test_pending_xive(void)
{
    expect(negotiate(true, true), true);
    move_pending(pend_xive);
}

#define ESB_STORE   1           /* flag of H_INT_ESB */

static uint64_t esb_call(uint64_t flags, uint64_t offset)
{
    uint64_t value;

    expect(hcall_out(&value, 1, H_INT_ESB, flags, 0, offset, 0), H_SUCCESS);
    return value;
}

/* What a source's pages do, by H_INT_ESB: for guests that don't map them */
static void by_hypercall(void)
{
    esb_call(ESB_STORE, 0);             /* trigger */
    expect(xive_accept(), 0x8006);
    expect(xive_next(&queues[0]), 0x100);
    expect(esb_call(0, 0x800), 2);
    expect(esb_call(ESB_STORE, 0x800), ~0ULL);      /* no function */
    expect(esb_call(0, 0xc00), 2);
    xive_cppr(0xff);
    esb_call(ESB_STORE, 0xd00);         /* off */
    esb_call(ESB_STORE, 0);
    expect(xive_accept() & 0x8000, 0);
    expect(esb_call(0, 0xc00), 1);
    expect(hcall(H_INT_ESB, 2, 0, 0, 0), H_PARAMETER);
    expect(hcall(H_INT_ESB, 0, ~0u, 0, 0), H_P2);
    expect(hcall(H_INT_ESB, 0, 0, 4, 0), H_P3);
}

/* Nothing coalesces here: each trigger is an entry, over several wraps */
void test_xive_queue(void)
{
    const unsigned entries = 1 << (XIVE_EQ_SHIFT - 2);

    expect(negotiate(true, true), true);
    xive_setup(0);
    xive_cppr(0xff);
    for (unsigned i = 0; i < 3 * entries + 5; i++) {
        expect(xive_next(&queues[0]), 0);
        mmio_store8(trigger[0], 0);
        expect(xive_accept(), 0x8006);
        expect(xive_next(&queues[0]), 0x100);
        expect(mmio_load8(manage[0] + 0xc00), 2);
        xive_cppr(0xff);
    }
    expect(queues[0].generation, 0);
    expect(queues[0].index, 5);

    /* off: nothing comes; two triggers while one is pending are one more */
    mmio_load8(manage[0] + 0xd00);
    mmio_store8(trigger[0], 0);
    expect(xive_accept() & 0x8000, 0);
    mmio_load8(manage[0] + 0xc00);
    mmio_store8(trigger[0], 0);
    mmio_store8(trigger[0], 0);
    mmio_store8(trigger[0], 0);
    expect(xive_accept(), 0x8006);
    expect(xive_next(&queues[0]), 0x100);
    expect(xive_next(&queues[0]), 0);
    expect(mmio_load8(manage[0] + 0x800), 3);
    /* EOI by a load, which tells of Q at least: forwards the queued one */
    expect(mmio_load8(manage[0]) & 1, 1);
    xive_cppr(0xff);
    expect(xive_accept(), 0x8006);
    expect(xive_next(&queues[0]), 0x100);
    expect(mmio_load8(manage[0]) & 1, 0);
    expect(mmio_load8(manage[0] + 0x800), 0);
    xive_cppr(0xff);
    by_hypercall();
}
