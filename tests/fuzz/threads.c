/*
 * Fuzzing the pseries machine: calls of several vCPUs at once
 *
 * For ThreadSanitizer, and for calls that do not need the big QEMU lock (BQL).
 * A host thread for each vCPU makes hypercalls, loads and stores from a
 * seed of its own, as vCPU threads do: without the BQL, marked as executing
 * (cpu_exec_start()), and with their queued work done between calls.  What a
 * thread does is fixed by the seed, the order among threads is not.
 *
 * Threads also store to guest memory.  Races for its bytes are the guest's, no
 * faults of the machine: tsan.supp suppresses the reports.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "qemu/thread.h"
#include "hw/core/cpu.h"
#include "system/cpus.h"
#include "fuzz.h"

#define MAX_THREADS 8

typedef struct Vcpu {
    QemuThread thread;
    CPUState *cs;
    unsigned seed;
    unsigned calls;
} Vcpu;

static Vcpu vcpus[MAX_THREADS];
static unsigned running;                /* atomic */

static void random_record(GRand *rand, FuzzRecord *record)
{
    uint32_t words[FUZZ_RECORD / 4];

    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        words[i] = g_rand_int(rand);
    }
    memcpy(record, words, sizeof(*record));
}

static void do_own_work(CPUState *cs)
{
    bql_lock();
    process_queued_cpu_work(cs);
    bql_unlock();
}

static void *vcpu_thread(void *opaque)
{
    Vcpu *vcpu = opaque;
    CPUState *cs = vcpu->cs;
    GRand *rand = g_rand_new_with_seed(vcpu->seed);
    FuzzRecord record;

    rcu_register_thread();
    bql_lock();
    qemu_thread_get_self(cs->thread);
    current_cpu = cs;
    bql_unlock();

    for (unsigned i = 0; i < vcpu->calls; i++) {
        random_record(rand, &record);
        cpu_exec_start(cs);
        fuzz_lockless_op(POWERPC_CPU(cs), &record);
        cpu_exec_end(cs);
        do_own_work(cs);
    }
    /* others wait for work in this thread's queue, and for exclusive work */
    qatomic_dec(&running);
    while (qatomic_read(&running)) {
        do_own_work(cs);
        g_usleep(100);
    }
    g_rand_free(rand);
    rcu_unregister_thread();
    return NULL;
}

void fuzz_threads(unsigned seed, unsigned calls)
{
    unsigned n = MIN(current_machine->smp.cpus, MAX_THREADS);

    fuzz_start();
    running = n;
    for (unsigned i = 0; i < n; i++) {
        vcpus[i] = (Vcpu) {
            .cs = CPU(fuzz_cpu(i)),
            .seed = seed + i,
            .calls = calls,
        };
        qemu_thread_create(&vcpus[i].thread, "vcpu", vcpu_thread, &vcpus[i],
                           QEMU_THREAD_JOINABLE);
    }
    /* some calls wait for what the main loop does */
    while (qatomic_read(&running)) {
        fuzz_main_loop();
        bql_unlock();
        g_usleep(100);
        bql_lock();
    }
    bql_unlock();
    for (unsigned i = 0; i < n; i++) {
        qemu_thread_join(&vcpus[i].thread);
    }
    bql_lock();
    for (unsigned i = 0; i < n; i++) {
        qemu_thread_get_self(vcpus[i].cs->thread);
    }
    fuzz_machine_reset();
    fuzz_calls += (uint64_t)n * calls;
}
