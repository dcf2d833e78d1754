/*
 * Fuzzing the pseries machine (private to tests/fuzz)
 *
 * An input is a list of records of FUZZ_RECORD bytes.  Each is one operation:
 * what a guest's vCPU, a device or the user does.  Every sequence of bytes is a
 * valid input; a tail that is no whole record is not looked at.
 *
 *   byte 0       kind of operation, an index in ops.c's table (modulo)
 *   byte 1       which one: hypercall, RTAS call, device (modulo)
 *   byte 2       vCPU (modulo)
 *   byte 3       flags of the kind
 *   bytes 4-30   nine arguments: one byte how to make the value, two bytes
 *                of which to make it, little-endian (args.c)
 *   byte 31      bit 0: a flag of op_client(); else not used
 *
 * Two programs have this code: qemu-fuzz-ppc64 (QEMU's fuzzing driver and
 * libFuzzer, clang only) and pseries-fuzz-replay (replay.c, any compiler).
 *
 * Context: one thread, which holds the big QEMU lock (BQL) and acts as the main
 * loop and all vCPUs; in threads.c, a thread for each vCPU.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "hw/boards.h"
#include "hw/pseries/hcall.h"
#include "system/runstate.h"
#include "tests/qtest/fuzz/fuzz.h"

#define FUZZ_RECORD 32
#define FUZZ_ARGS   9

/* RAM of all targets; a page's number in it is 16 bits */
#define FUZZ_RAM_SIZE (256 * MiB)
/* A module of persistent memory, and its labels */
#define FUZZ_MODULE_SIZE (256 * MiB + 128 * KiB)
/* What operations put into RAM lies here, in pages of 4 KiB */
#define FUZZ_ARENA    (32 * MiB)
#define FUZZ_TREE     (64 * MiB)
#define FUZZ_RTAS_BLOCK (FUZZ_ARENA + 0x20000)

/* Unit addresses of virtual I/O: NVRAM, which is always there, then as given */
#define FUZZ_VIO_UNITS 0x71000000ULL
#define FUZZ_LAN_UNIT  (FUZZ_VIO_UNITS + 2)
#define FUZZ_SCSI_UNIT (FUZZ_VIO_UNITS + 3)

typedef struct FuzzRecord {
    uint8_t kind;
    uint8_t which;
    uint8_t cpu;
    uint8_t flags;
    uint8_t args[FUZZ_ARGS][3];
    uint8_t variant;                    /* of client services */
} FuzzRecord;
QEMU_BUILD_BUG_ON(sizeof(FuzzRecord) != FUZZ_RECORD);

/* What the last hypercall returned: r3 to r12 */
extern uint64_t fuzz_results[1 + FUZZ_ARGS];

/* args.c: the value that argument @i of @record stands for */
uint64_t fuzz_arg(const FuzzRecord *record, unsigned i);

/* ops.c: one operation */
void fuzz_op(const FuzzRecord *record);
/* parts of operations */
void fuzz_write_be32(uint64_t addr, uint32_t value);
int64_t fuzz_call(const FuzzRecord *record, uint64_t opcode, uint64_t r4,
                  uint64_t r5, uint64_t r6, uint64_t r7);
void fuzz_rtas(const FuzzRecord *record, uint64_t addr, uint32_t token,
               unsigned nargs, unsigned nrets, const uint32_t *args);

/* drivers.c: one call as drivers make it, with at most one argument changed */
void fuzz_driver_op(const FuzzRecord *record);
/* Invalidate the active dump, which would outlast a reset */
void fuzz_forget_dump(void);
/* the calls of plug or unplug, as user and guest make them */
void fuzz_plug_journey(const FuzzRecord *record);

/* without the BQL, in the thread of @cpu */
void fuzz_lockless_op(PowerPCCPU *cpu, const FuzzRecord *record);

/* threads.c: @calls operations of each vCPU, at once */
void fuzz_threads(unsigned seed, unsigned calls);

/* hotplug.c: add, remove, and (at the end of an input) remove all */
void fuzz_device_add(unsigned which);
void fuzz_device_del(unsigned which);
void fuzz_device_of(const char *id, bool add);
void fuzz_device_del_all(void);
bool fuzz_device_is_going(void);

/* stream.c */
void fuzz_save_and_restore(void);

/* machine.c */
PowerPCCPU *fuzz_cpu(unsigned index);
int64_t fuzz_hcall(PowerPCCPU *cpu, uint64_t opcode, uint64_t *args);
void fuzz_do_queued_work(void);
void fuzz_adopt_vcpus(void);
void fuzz_main_loop(void);
void fuzz_start(void);              /* before the first input */
void fuzz_system_reset(ShutdownCause cause);
void fuzz_machine_reset(void);
void fuzz_check_work(void);         /* that no limit was passed so far */
void fuzz_check_heap(void);
extern uint64_t fuzz_calls;

/* target.c: an input, from reset to reset */
void fuzz_input(const uint8_t *data, size_t size);

#endif
