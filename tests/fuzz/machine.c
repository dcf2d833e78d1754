/*
 * Fuzzing the pseries machine: its vCPUs, resets and limits
 *
 * No vCPU executes anything (-machine accel=qtest).  One thread makes the calls
 * of all vCPUs, and does the work that is queued for them; the threads that
 * QEMU created for them are blocked in park().  So an input always gives the
 * same run.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <malloc.h>
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "qemu/units.h"
#include "exec/cpu-common.h"
#include "exec/ramblock.h"
#include "hw/core/cpu.h"
#include "hw/pseries/work.h"
#include "system/cpus.h"
#include "system/runstate.h"
#include "system/system.h"
#include "fuzz.h"

/* What a run may have allocated above what the machine had at first */
#define HEAP_MAX      (256 * MiB)
/* The same after a reset, when all of it should have been freed */
#define HEAP_KEPT_MAX (48 * MiB)
#define MAPPINGS_MAX  1000
/* These two are checked now and then, which takes as long as many inputs */
#define RESETS_TO_CHECK 64

uint64_t fuzz_calls;
uint64_t fuzz_results[1 + FUZZ_ARGS];
static size_t first_heap;
static uint64_t most_work;

/* Of the sanitizers' allocator, if there is one */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t heap(void)
{
    struct mallinfo2 info;

    if (__sanitizer_get_current_allocated_bytes) {
        return __sanitizer_get_current_allocated_bytes();
    }
    info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void limit(const char *what, size_t is, size_t max)
{
    if (is > max) {
        fprintf(stderr, "pseries-fuzz: %s: %zu, more than %zu\n", what, is,
                max);
        abort();
    }
}

void fuzz_check_work(void)
{
    uint64_t work = papr_work_take_largest();

    most_work = MAX(most_work, work);
    limit("units of work at a stretch", work, PAPR_WORK_MAX);
}

void fuzz_check_heap(void)
{
    limit("bytes allocated", heap(), first_heap + HEAP_MAX);
}

static size_t mappings(void)
{
    g_autofree char *maps = NULL;
    size_t n = 0;

    if (g_file_get_contents("/proc/self/maps", &maps, NULL, NULL)) {
        for (const char *c = maps; *c; c++) {
            n += *c == '\n';
        }
    }
    return n;
}

static bool is_hot(const CPUState *cs)
{
    return cs->cpu_index >= current_machine->smp.cpus;
}

/* For the upper half of @index: a plugged vCPU, if there is one */
PowerPCCPU *fuzz_cpu(unsigned index)
{
    unsigned n = current_machine->smp.cpus;
    CPUState *hot = index & 0x80 ? qemu_get_cpu(n + index % 2) : NULL;

    return POWERPC_CPU(hot ?: qemu_get_cpu(index % n));
}

/* A vCPU's thread of QEMU, while the fuzzer's thread replaces it */
typedef struct Parked {
    CPUState *cs;
    QemuThread thread;
    QemuSemaphore is_there, may_go;
} Parked;

static GSList *all_parked;

/* Runs in QEMU's thread of the vCPU */
static void park(CPUState *cs, run_on_cpu_data data)
{
    Parked *parked = data.host_ptr;

    bql_unlock();
    qemu_sem_post(&parked->is_there);
    qemu_sem_wait(&parked->may_go);
    g_free(parked);
    bql_lock();
}

/* The fuzzer's thread is that of all vCPUs from now on */
void fuzz_adopt_vcpus(void)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        if (!qemu_thread_is_self(cs->thread)) {
            Parked *parked = g_new(Parked, 1);

            *parked = (Parked) { .cs = cs, .thread = *cs->thread };
            qemu_sem_init(&parked->is_there, 0);
            qemu_sem_init(&parked->may_go, 0);
            async_run_on_cpu(cs, park, RUN_ON_CPU_HOST_PTR(parked));
            bql_unlock();
            qemu_sem_wait(&parked->is_there);
            bql_lock();
            qemu_thread_get_self(cs->thread);
            all_parked = g_slist_prepend(all_parked, parked);
        }
    }
}

/*
 * Give plugged vCPUs back to their own threads, since QEMU waits for the end of
 * these when it unplugs the vCPU.  Returns whether there are any.
 */
static bool give_back_hot_vcpus(void)
{
    bool any = false;
    GSList *next;

    for (GSList *item = all_parked; item; item = next) {
        Parked *parked = item->data;

        next = item->next;
        if (is_hot(parked->cs)) {
            all_parked = g_slist_delete_link(all_parked, item);
            *parked->cs->thread = parked->thread;
            /* the kicks so far were of the fuzzer's thread */
            qatomic_set(&parked->cs->thread_kicked, false);
            qemu_sem_post(&parked->may_go);
            any = true;
        }
    }
    return any;
}

/* Whatever the main loop has to do now */
void fuzz_main_loop(void)
{
    bool hot = give_back_hot_vcpus();

    main_loop_wait(true);
    if (hot) {
        fuzz_adopt_vcpus();
    }
}

/* Do all work that is queued for vCPUs, also work that such work queues */
void fuzz_do_queued_work(void)
{
    CPUState *cs;
    bool again = true;

    for (int i = 0; again && i < 100; i++) {
        again = false;
        CPU_FOREACH(cs) {
            if (!QSIMPLEQ_EMPTY(&cs->work_list)) {
                current_cpu = cs;
                process_queued_cpu_work(cs);
                again = true;
            }
        }
    }
    current_cpu = NULL;
    limit("work queued", again, 0);
}

int64_t fuzz_hcall(PowerPCCPU *cpu, uint64_t opcode, uint64_t *args)
{
    int64_t rc;

    fuzz_calls++;
    current_cpu = CPU(cpu);
    papr_work_begin();
    rc = papr_hcall_dispatch(cpu, opcode, args);
    fuzz_results[0] = rc;
    memcpy(&fuzz_results[1], args, FUZZ_ARGS * sizeof(*args));
    papr_work_begin();
    fuzz_do_queued_work();
    return rc;
}

static void report(void)
{
    fprintf(stderr, "pseries-fuzz: %" PRIu64 " calls, at most %" PRIu64
            " units of work at a stretch\n", fuzz_calls, most_work);
}

/* Memory that inputs had allocated has to be freed by now */
static void check_what_is_kept(void)
{
    if (!first_heap) {
        first_heap = heap();
        atexit(report);
    }
    limit("bytes allocated after a reset", heap(), first_heap + HEAP_KEPT_MAX);
    limit("mappings after a reset", mappings(), MAPPINGS_MAX);
}

/* A reset clears all DMA windows: no call does, so the work has no limit */
void fuzz_system_reset(ShutdownCause cause)
{
    fuzz_check_work();
    qemu_system_reset(cause);
    papr_work_take_largest();
}

/* Everything starts anew, RAM too */
void fuzz_machine_reset(void)
{
    static uint64_t told, resets;
    RAMBlock *ram = current_machine->ram->ram_block;

    fuzz_device_del_all();
    fuzz_do_queued_work();
    fuzz_forget_dump();
    ram_block_discard_range(ram, 0, FUZZ_RAM_SIZE);
    memset(fuzz_results, 0, sizeof(fuzz_results));
    fuzz_system_reset(SHUTDOWN_CAUSE_GUEST_RESET);
    fuzz_do_queued_work();
    fuzz_main_loop();
    /*
     * What many inputs have left to RCU must not count: RCU's thread, which
     * frees it, waits for the BQL, which this thread holds.
     */
    if (heap() > first_heap + HEAP_KEPT_MAX) {
        drain_call_rcu();
    }
    if (!first_heap || ++resets % RESETS_TO_CHECK == 0) {
        check_what_is_kept();
    }
    if (fuzz_calls - told > 10000000) {
        told = fuzz_calls;
        report();
    }
}

void fuzz_start(void)
{
    static bool started;
    sigset_t ipi;

    if (started) {
        return;
    }
    started = true;
    sigemptyset(&ipi);
    sigaddset(&ipi, SIG_IPI);
    pthread_sigmask(SIG_BLOCK, &ipi, NULL);
    fuzz_adopt_vcpus();
    fuzz_machine_reset();
}
