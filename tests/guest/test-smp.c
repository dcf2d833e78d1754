/*
 * Waiting, waking, starting and stopping: LoPAR 14.11.3, 14.11.5, 7.3.8
 *
 * A wakeup that gets lost leaves a vCPU asleep: run.py's time runs out.  The
 * decrementer, which would end the sleep, is set far away, and it fails the
 * test if what is waited for is there by then.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests.h"

#define ROUNDS  50000
#define STARTS  2000
#define JOINS   200
#define FAR     0x7fffffff
#define FARTHER 0x7fffffffffffff    /* of a large decrementer: POWER9 and later */

static volatile uint64_t turn;
static volatile uint64_t total;
static uint64_t rounds;

static void woken_late(struct cpu *cpu)
{
    set_decrementer(FAR);
    if (turn % 2 == cpu->id) {
        print("FAIL lost wakeup in round %d\n", turn);
        power_off();
    }
}

/* Two vCPUs take turns, each asleep while it is the other's */
static void take_turns(struct cpu *cpu)
{
    cpu->decrementer = woken_late;
    for (uint64_t i = 0; i < rounds; i++) {
        while (turn % 2 != cpu->id) {
            set_decrementer(FAR);
            hcall(H_CEDE, 0, 0, 0, 0);
            interrupts(false);
        }
        turn++;
        full_barrier();
        expect(hcall(H_PROD, !cpu->id, 0, 0, 0), H_SUCCESS);
    }
    cpu->decrementer = NULL;
}

void test_wait(void)
{
    rounds = command_number(ROUNDS);
    /* a prod that comes first is not lost, and counts once */
    expect(hcall(H_PROD, 0, 0, 0, 0), H_SUCCESS);
    expect(hcall(H_PROD, 0, 0, 0, 0), H_SUCCESS);
    set_decrementer(FAR);
    expect(hcall(H_CEDE, 0, 0, 0, 0), H_SUCCESS);
    interrupts(false);
    expect(hcall(H_PROD, 77, 0, 0, 0), H_PARAMETER);

    expect(start_cpu(1, take_turns, NULL), true);
    take_turns(&cpus[0]);
    while (cpus[1].running) {
        relax();
    }
    expect(turn, 2 * rounds);
}

static void confer(struct cpu *cpu)
{
    for (int i = 0; i < 2000; i++) {
        expect(hcall(H_CONFER, (cpu->id + 1) % CPUS, i, 0, 0), H_SUCCESS);
        expect(hcall(H_CONFER, -1, 0, 0, 0), H_SUCCESS);
    }
}

void test_confer(void)
{
    expect(hcall(H_CONFER, 77, 0, 0, 0), H_PARAMETER);
    hcall(H_PROD, 0, 0, 0, 0);
    expect(hcall(H_CONFER, 0, 0, 0, 0), H_SUCCESS);
    run_everywhere(confer);
}

/* All join; the last one goes on and wakes the others */
static void join(struct cpu *cpu)
{
    for (uint64_t round = 1; round <= JOINS; round++) {
        long rc;

        barrier_wait(CPUS);
        set_decrementer(FARTHER);
        rc = hcall(H_JOIN, 0, 0, 0, 0);
        if (rc == H_CONTINUE) {
            expect(atomic_add(&total, 1), round);
            for (unsigned id = 0; id < CPUS; id++) {
                if (id != cpu->id) {
                    expect(hcall(H_PROD, id, 0, 0, 0), H_SUCCESS);
                }
            }
        } else {
            expect(rc, H_SUCCESS);
            expect(total, round);
            /* not by the decrementer: it would be negative */
            expect((int64_t)get_decrementer() >= 0, true);
        }
        barrier_wait(CPUS);
    }
}

void test_join(void)
{
    interrupts(true);
    expect(hcall(H_JOIN, 0, 0, 0, 0), H_BAD_MODE);
    interrupts(false);
    /* all others are stopped */
    expect(hcall(H_JOIN, 0, 0, 0, 0), H_CONTINUE);
    run_everywhere(join);
    expect(total, JOINS);
}

/*
 * vCPUs that are not out of each other's way call ibm,suspend-me at once, the
 * first one before the others, which were started, run
 */
static void suspend(struct cpu *cpu)
{
    uint32_t status;

    for (uint64_t i = 0; i < rounds; i++) {
        expect(rtas(RTAS_IBM_SUSPEND_ME, 0, NULL, 1, &status),
               H_MULTI_THREADS_ACTIVE);
    }
    barrier_wait(CPUS);
}

void test_suspend(void)
{
    rounds = command_number(ROUNDS);
    run_everywhere(suspend);
}

static void count(struct cpu *cpu)
{
    atomic_add(&total, 1);
}

static void wait_for_turn(struct cpu *cpu)
{
    while (!turn) {
        relax();
    }
}

/* A vCPU that was started counts as running at once, even before it runs */
static void negotiate_beside_start(void)
{
    static uint8_t reply[64];

    expect(start_cpu(1, wait_for_turn, NULL), true);
    expect(hcall(H_CAS, 0, (uintptr_t)reply, sizeof(reply), 0),
           H_MULTI_THREADS_ACTIVE);
    turn = 1;
    wait_stopped(1);
}

void test_start_stop(void)
{
    uint32_t nobody[] = { 77, 0x100, 0 }, self[] = { 0, 0x100, 0 }, ret;

    expect(rtas(RTAS_START_CPU, 3, nobody, 1, &ret), RTAS_PARAMETER_ERROR);
    expect(rtas(RTAS_START_CPU, 3, self, 1, &ret) != 0, true);
    negotiate_beside_start();
    rounds = command_number(STARTS);
    for (unsigned i = 1; i <= rounds; i++) {
        for (unsigned id = 1; id < CPUS; id++) {
            expect(start_cpu(id, count, NULL), true);
        }
        for (unsigned id = 1; id < CPUS; id++) {
            wait_stopped(id);
        }
        expect(total, i * (CPUS - 1));
    }
}
