/*
 * Small kernel images, and calls of the Open Firmware client interface
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LIBOFW_H
#define LIBOFW_H

#include <libfdt.h>
#include <glib/gstdio.h>
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "elf.h"
#include "hw/pseries/work.h"
#include "qobject/qdict.h"
#include "libpapr.h"

#define KERNEL_ADDR     0x400000
#define RAM_SIZE        (256 * MiB)

/* Where the tests keep the call's array, strings and buffers */
#define ARRAY           PAPR_TEST_RAM
#define STRINGS         (PAPR_TEST_RAM + 0x1000)
#define BUF             (PAPR_TEST_RAM + 0x4000)
#define CI_ERROR        UINT32_MAX

/* --- a kernel ------------------------------------------------------------ */

/* The smallest file that counts as Linux kernel: 64-bit, big-endian, a note */
typedef struct TinyKernel {
    Elf64_Ehdr head;
    Elf64_Phdr load;
    Elf64_Phdr note;
    uint32_t notes[6];
    uint8_t text[256];
} TinyKernel;

char *write_file(const void *data, size_t size);

char *tiny_kernel(bool is_linux, uint64_t memsz);

QTestState *start_client(const char *more);

/* --- calls --------------------------------------------------------------- */

/* Copy @s to guest memory; the 16th call after this one overwrites it */
uint32_t str(QTestState *qts, const char *s);

/* Returns r3; results in @rets */
int64_t ci_raw(QTestState *qts, const char *service, uint32_t nargs,
               const uint32_t *args, uint32_t nrets, uint32_t *rets);

uint32_t ci_array(QTestState *qts, const char *service, uint32_t nargs,
                  const uint32_t *args);

#define ci(qts, service, ...)                                                \
    ci_array(qts, service,                                                   \
             ARRAY_SIZE(((uint32_t[]){ 0, ##__VA_ARGS__ })) - 1,             \
             (uint32_t[]){ 0, ##__VA_ARGS__ } + 1)

uint32_t find(QTestState *qts, const char *path);

uint32_t get_cell(QTestState *qts, uint32_t node, const char *name);

#endif
