/*
 * Fuzzing the pseries machine: the targets
 *
 * One for each kind of machine: its MMU, its interrupt controller and its
 * firmware.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/memfd.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "fuzz.h"

#define MUTATIONS 5

/* Unit addresses are given out in this order, see FUZZ_VIO_UNITS */
#define OPTIONS " -machine accel=qtest,memory-backend=ram -nodefaults"        \
    " -display none -m 256M,slots=4,maxmem=4G"                                \
    " -no-shutdown -action panic=none,watchdog=none"                          \
    " -chardev null,id=c0 -device spapr-vty,chardev=c0"                       \
    " -netdev hubport,id=n0,hubid=0 -device spapr-vlan,netdev=n0"             \
    " -device spapr-vscsi,id=vscsi"                                           \
    " -blockdev null-co,node-name=d0,size=1048576,read-zeroes=on"             \
    " -blockdev null-co,node-name=d1,size=1048576,read-zeroes=on"             \
    " -device scsi-hd,drive=d0,bus=vscsi.0,lun=0"                             \
    " -object rng-builtin,id=r0 -device spapr-rng,rng=r0"                     \
    " -object memory-backend-ram,id=mem0,size=256M"                           \
    " -object memory-backend-ram,id=mem1,size=512M"                           \
    " -netdev hubport,id=n1,hubid=1"                                          \
    " -device e1000e,id=nic1,romfile=,netdev=n1,addr=1"                       \
    " -device virtio-rng-pci,addr=2"                                          \
    " -device pci-bridge,id=br1,chassis_nr=1,addr=8"                          \
    " -device virtio-scsi-pci,bus=br1,addr=2"

void fuzz_input(const uint8_t *data, size_t size)
{
    fuzz_start();
    for (size_t i = 0; i + FUZZ_RECORD <= size; i += FUZZ_RECORD) {
        fuzz_op((const FuzzRecord *)(data + i));
        fuzz_check_work();
        if (i / FUZZ_RECORD % 32 == 31) {
            fuzz_check_heap();
        }
    }
    fuzz_machine_reset();
}

static void fuzz(QTestState *s, const unsigned char *data, size_t size)
{
    fuzz_input(data, size);
}

/*
 * RAM and persistent memory are shared memory with a name: save and restore
 * leave them out
 */
static GString *command_line(FuzzTarget *target)
{
    GString *line = g_string_new(target->opaque);
    int fd = qemu_memfd_create("ram", FUZZ_RAM_SIZE, false, 0, 0, &error_fatal);
    int module = qemu_memfd_create("module", FUZZ_MODULE_SIZE, false, 0, 0,
                                   &error_fatal);

    g_string_append_printf(line, " -object memory-backend-file,id=ram,share=on,"
                           "size=%uM,mem-path=/proc/self/fd/%d",
                           (unsigned)(FUZZ_RAM_SIZE / MiB), fd);
    g_string_append_printf(line, " -object memory-backend-file,id=module,"
                           "share=on,size=%u,mem-path=/proc/self/fd/%d "
                           "-device spapr-nvdimm,memdev=module,slot=3,"
                           "label-size=128K,"
                           "uuid=75a3cdd7-6a2f-4791-8d15-fe0a920e8e9e",
                           (unsigned)FUZZ_MODULE_SIZE, module);
    return line;
}

/* libFuzzer's mutation, here of one record; the replay program has none */
#pragma weak LLVMFuzzerMutate

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* Change, exchange, repeat, remove and add records */
static size_t mutate(uint8_t *data, size_t size, size_t max_size,
                     unsigned int seed)
{
    size_t n = size / FUZZ_RECORD, max = max_size / FUZZ_RECORD;
    FuzzRecord *records = (FuzzRecord *)data;
    uint32_t state = seed;

    if (!max) {
        return size;
    }
    for (unsigned i = 1 + next(&state) % MUTATIONS; i; i--) {
        size_t at = n ? next(&state) % n : 0;
        size_t from = n ? next(&state) % n : 0;

        switch (n ? next(&state) % 12 : 0) {
        case 0:
        case 1:
            if (n < max) {
                memmove(&records[at + 1], &records[at],
                        (n - at) * FUZZ_RECORD);
                for (int b = 0; b < FUZZ_RECORD; b++) {
                    data[at * FUZZ_RECORD + b] = next(&state);
                }
                n++;
            }
            break;
        case 2:
            if (n < max) {
                FuzzRecord copy = records[from];

                memmove(&records[at + 1], &records[at],
                        (n - at) * FUZZ_RECORD);
                records[at] = copy;
                n++;
            }
            break;
        case 3:
            memmove(&records[at], &records[at + 1],
                    (n - at - 1) * FUZZ_RECORD);
            n--;
            break;
        case 4: {
            FuzzRecord other = records[at];

            records[at] = records[from];
            records[from] = other;
            break;
        }
        case 5:
        case 6:
        case 7: {
            /* another value of an argument, or another way to make it */
            uint8_t *arg = records[at].args[next(&state) % FUZZ_ARGS];

            arg[next(&state) % 3] = next(&state);
            break;
        }
        case 8:
            records[at].which = next(&state);
            break;
        default:
            if (LLVMFuzzerMutate) {
                LLVMFuzzerMutate(data + at * FUZZ_RECORD, FUZZ_RECORD,
                                 FUZZ_RECORD);
            }
        }
    }
    return n * FUZZ_RECORD;
}

static const FuzzTarget targets[] = {
    {
        .name = "pseries",
        .description = "POWER9 partition, radix or hash, XICS or XIVE",
        .opaque = (char *)"qemu -machine pseries,cap-nested-hv=on,"
                  "cap-rpt-invalidate=on -cpu power9_v2.2"
                  " -smp 4,maxcpus=8" OPTIONS,
    }, {
        .name = "pseries-power8",
        .description = "POWER8 partition of threads: hash, XICS",
        .opaque = (char *)"qemu -machine pseries,ic-mode=xics -cpu power8_v2.0"
                  " -smp 4,maxcpus=8,threads=2" OPTIONS,
    }, {
        .name = "pseries-vof",
        .description = "Power10 partition with VOF, XIVE",
        .opaque = (char *)"qemu -machine pseries,x-vof=on,ic-mode=xive,"
                  "cap-nested-papr=on -cpu power10_v2.0"
                  " -smp 4,maxcpus=8" OPTIONS,
    },
};

static void register_targets(void)
{
    for (int i = 0; i < ARRAY_SIZE(targets); i++) {
        FuzzTarget target = targets[i];

        target.get_init_cmdline = command_line;
        target.fuzz = fuzz;
        target.mutate = mutate;
        fuzz_add_target(&target);
    }
}

fuzz_target_init(register_targets);
