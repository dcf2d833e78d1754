/*
 * Hypercalls and RTAS calls of the pseries machine, for qtests
 *
 * No vCPU runs in a qtest: calls are made through the machine's own qtest
 * commands "hcall" and "rtas" (hw/ppc/pseries/rtas/qtest.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_QTEST_PSERIES_LIBPAPR_H
#define TESTS_QTEST_PSERIES_LIBPAPR_H

#include "hw/pseries/abi.h"
#include "tests/qtest/libqtest.h"

/* r4 to r12 */
#define PAPR_HCALL_REGS 9

/*
 * RAM that tests may use as they like, clear of what the machine loads at
 * start; papr_rtas() keeps its argument block in the 4 KiB below it.
 */
#define PAPR_TEST_RAM 0x1001000ULL
#define PAPR_TEST_RAM_SIZE 0xfff000ULL

/**
 * papr_start: a machine of 256 MiB, no default devices; @options as printf
 */
QTestState *papr_start(const char *options, ...) G_GNUC_PRINTF(1, 2);

/**
 * papr_refused - the machine with @options must end with status 1
 *
 * Returns: QEMU's messages, to be freed; without warnings of a sanitizer, if
 * QEMU is built with one.
 */
char *papr_refused(const char *options);

/** papr_refused_for: the same, with one line of messages, which has @text */
void papr_refused_for(const char *options, const char *text);

/**
 * papr_hcall_regs - hypercall @nr of the vCPU @cpu (its cpu_index)
 * @regs: r4 to r12, arguments and then results
 *
 * Returns r3.
 */
int64_t papr_hcall_regs(QTestState *qts, unsigned cpu, uint64_t nr,
                        uint64_t regs[PAPR_HCALL_REGS]);

int64_t papr_hcall_array(QTestState *qts, unsigned cpu, uint64_t nr,
                         size_t nargs, const uint64_t *args);

/** papr_hcall: papr_hcall(qts, cpu, nr, r4, r5...), results are dropped */
#define papr_hcall(qts, cpu, nr, ...)                                        \
    papr_hcall_array(qts, cpu, nr,                                           \
                     ARRAY_SIZE(((uint64_t[]){ 0, ##__VA_ARGS__ })) - 1,     \
                     (uint64_t[]){ 0, ##__VA_ARGS__ } + 1)

/**
 * papr_rtas_array - RTAS call @name, for example "ibm,get-xive"
 * @rets: @nrets results, the status first; may be NULL
 *
 * Returns the status, or -1098 for a name that the machine does not know.
 */
int32_t papr_rtas_array(QTestState *qts, const char *name,
                        size_t nargs, const uint32_t *args,
                        size_t nrets, uint32_t *rets);

/** papr_rtas: papr_rtas(qts, name, nrets, rets, args...) */
#define papr_rtas(qts, name, nrets, rets, ...)                               \
    papr_rtas_array(qts, name,                                               \
                    ARRAY_SIZE(((uint32_t[]){ 0, ##__VA_ARGS__ })) - 1,      \
                    (uint32_t[]){ 0, ##__VA_ARGS__ } + 1, nrets, rets)

/** papr_machine_check: as if KVM reported a machine check of vCPU @cpu */
void papr_machine_check(QTestState *qts, unsigned cpu, bool recovered);

/**
 * papr_work: units of the largest stretch of work since the last papr_work()
 *
 * Units and stretches: see hw/pseries/work.h.
 */
uint64_t papr_work(QTestState *qts);

/* Big-endian words in guest memory, host endian here */
static inline uint64_t papr_ld64(QTestState *qts, uint64_t addr)
{
    uint64_t value;

    qtest_memread(qts, addr, &value, sizeof(value));
    return be64_to_cpu(value);
}

static inline uint32_t papr_ld32(QTestState *qts, uint64_t addr)
{
    uint32_t value;

    qtest_memread(qts, addr, &value, sizeof(value));
    return be32_to_cpu(value);
}

static inline void papr_st64(QTestState *qts, uint64_t addr, uint64_t value)
{
    value = cpu_to_be64(value);
    qtest_memwrite(qts, addr, &value, sizeof(value));
}

static inline void papr_st32(QTestState *qts, uint64_t addr, uint32_t value)
{
    value = cpu_to_be32(value);
    qtest_memwrite(qts, addr, &value, sizeof(value));
}

/** papr_tree: the current device tree, to be freed with g_free() */
void *papr_tree(QTestState *qts);
/** papr_tree_node: offset of the node at @path, which must be there */
int papr_tree_node(const void *fdt, const char *path);

/** papr_host_status: number in QEMU's "/proc/PID/status", such as "VmRSS:" */
uint64_t papr_host_status(QTestState *qts, const char *name);
/**
 * papr_resident_is_below - QEMU has less than @kib KiB of memory in use
 *
 * Not checked with AddressSanitizer, which delays the reuse of freed memory.
 */
void papr_resident_is_below(QTestState *qts, uint64_t kib);

/*
 * Memory that is mapped and unmapped: BAR 2 of an ivshmem in slot 4 of the
 * first host bridge; papr_shm_map() maps its 1 MiB at PAPR_SHM, or unmaps it.
 * PAPR_SHM_COMMAND is the address of its command register in RTAS calls.
 */
#define PAPR_SHM_OPTIONS \
    "-object memory-backend-ram,id=shm,size=1M,share=on " \
    "-device ivshmem-plain,memdev=shm,addr=4"
#define PAPR_SHM            0x210001000000ull
#define PAPR_SHM_COMMAND    (4 << 11 | 0x04)
void papr_shm_map(QTestState *qts, bool there);

/**
 * papr_save, papr_load: migrate all state to and from @file
 *
 * papr_load() returns true if there was no error; its QEMU was started with
 * "-incoming defer".
 */
void papr_save(QTestState *qts, const char *file);
bool papr_load(QTestState *qts, const char *file);

/**
 * papr_save_begin - as papr_save(), up to where the machine is stopped
 *
 * Then papr_save_end() writes the state of devices, or papr_save_cancel() lets
 * the machine continue.
 */
void papr_save_begin(QTestState *qts, const char *file);
void papr_save_end(QTestState *qts);
void papr_save_cancel(QTestState *qts);

/**
 * papr_save_slowly - as papr_save(), while the machine runs
 *
 * It takes hours, unless papr_save_at_once() completes or papr_save_cancel()
 * cancels it.
 */
void papr_save_slowly(QTestState *qts, const char *file);
void papr_save_at_once(QTestState *qts);

/** papr_add_image: make @file the image that papr_snapshot() uses */
void papr_add_image(QTestState *qts, const char *file);
/**
 * papr_snapshot - snapshot-save or snapshot-load of @name
 *
 * papr_snapshot_error() returns what went wrong; to be freed.
 */
void papr_snapshot(QTestState *qts, const char *command, const char *name);
char *papr_snapshot_error(QTestState *qts, const char *command,
                          const char *name);

#endif
