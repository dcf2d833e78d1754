/*
 * Firmware-assisted dump: the structure that a guest registers
 *
 * Offsets are those of LoPAR Table 7.114, written here as numbers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/ppc/pseries/fadump/structure.h"

#define RAM_END     0x40000000ull
#define CPU_ROOM    0x20000
#define HPT_ROOM    0x10000
#define SIZE        160                 /* header and three sections */

static bool is_ram(uint64_t addr, uint64_t len)
{
    return addr <= RAM_END && len <= RAM_END - addr;
}

static const PaprFadumpLimits limits = { CPU_ROOM, HPT_ROOM, is_ram };
static const PaprFadumpLimits form_alone = { 32, 32, NULL };

static void put_section(uint8_t *at, uint16_t type, uint64_t source,
                        uint64_t length, uint64_t destination)
{
    stl_be_p(at, 1);
    stw_be_p(at + 4, type);
    stw_be_p(at + 6, 0);
    stq_be_p(at + 8, source);
    stq_be_p(at + 16, length);
    stq_be_p(at + 24, 0);
    stq_be_p(at + 32, destination);
}

/* As Linux has it: registers, hash table, real mode region */
static void fill(uint8_t *bytes)
{
    memset(bytes, 0, PAPR_FADUMP_BYTES_MAX);
    stl_be_p(bytes, 1);
    stw_be_p(bytes + 4, 3);
    stl_be_p(bytes + 8, 40);
    put_section(bytes + 40, 1, 0, CPU_ROOM, 0x20000000);
    put_section(bytes + 80, 2, 0, HPT_ROOM, 0x20020000);
    put_section(bytes + 120, 0x11, 0, 0x10000000, 0x20030000);
}

static void test_fine(void)
{
    uint8_t bytes[PAPR_FADUMP_BYTES_MAX], wanted[PAPR_FADUMP_BYTES_MAX];
    PaprFadumpPlan plan;

    fill(bytes);
    g_assert_null(papr_fadump_parse(&plan, bytes, SIZE, &limits));
    g_assert_cmpuint(plan.n_sections, ==, 3);
    g_assert_cmpuint(plan.section[2].type, ==, 0x11);
    g_assert_cmphex(plan.section[2].source, ==, 0);
    g_assert_cmphex(plan.section[2].length, ==, 0x10000000);
    g_assert_cmphex(plan.section[2].destination, ==, 0x20030000);

    plan.section[0].errors = 0x0800;
    plan.section[2].copied = 0x123456789ull;
    memcpy(wanted, bytes, sizeof(wanted));
    stw_be_p(wanted + 6, 0xa000);
    stw_be_p(wanted + 46, 0x0800);
    stq_be_p(wanted + 144, 0x123456789ull);
    papr_fadump_store(&plan, 0xa000, bytes);
    g_assert_cmpmem(bytes, sizeof(bytes), wanted, sizeof(wanted));
    /* as a stream brings it */
    memset(&plan, 0, sizeof(plan));
    g_assert_null(papr_fadump_parse(&plan, bytes, SIZE, &form_alone));
    g_assert_cmphex(plan.section[0].errors, ==, 0x0800);
    g_assert_cmphex(plan.section[2].copied, ==, 0x123456789ull);
}

/* One change of a structure that is fine; size 2, 4 or 8 */
static const struct {
    const char *what;
    unsigned at, size;
    uint64_t value;
    bool fine;
} changes[] = {
    { "version 0", 0, 4, 0 },
    { "version 2", 0, 4, 2 },
    { "no sections", 4, 2, 0 },
    { "a section less", 4, 2, 2, true },
    { "more sections than bytes", 4, 2, 4 },
    { "as many as can be said", 4, 2, 0xffff },
    { "status is the platform's", 6, 2, 0xffff, true },
    { "first in the header", 8, 4, 39 },
    { "first behind the end", 8, 4, 161 },
    { "first where three don't fit", 8, 4, 41 },
    { "first far away", 8, 4, 0xfffffff0 },
    { "a disk's blocks", 12, 4, 512 },
    { "a disk's start", 16, 8, 1 },
    { "a disk's size", 24, 8, 1 },
    { "a disk's path", 32, 4, 120 },
    { "after an interrupt", 36, 4, 1000 },
    { "not to memory", 40, 4, 0 },
    { "unknown flag", 40, 4, 3 },
    { "unknown type", 44, 2, 3 },
    { "the last unknown type", 44, 2, 0xff },
    { "an error before", 46, 2, 0xffff, true },
    { "registers from somewhere", 48, 8, 8 },
    { "too small for registers", 56, 8, CPU_ROOM - 1 },
    { "too small for the hash table", 96, 8, HPT_ROOM - 1 },
    { "the hash table twice", 44, 2, 2 },
    { "registers on the hash table", 72, 8, 0x20000001 },
    { "registers in the region", 72, 8, 0xffff000 },
    { "registers right behind the region", 72, 8, 0x10000000, true },
    { "registers beyond RAM", 72, 8, RAM_END - CPU_ROOM + 1 },
    { "registers up to RAM's end", 72, 8, RAM_END - CPU_ROOM, true },
    { "registers around the end", 72, 8, UINT64_MAX - 0xffff },
    { "the system's own type", 124, 2, 0x100, true },
    { "a string", 124, 2, 0x12, true },
    { "source beyond RAM", 128, 8, RAM_END - 0x10000000 + 1 },
    { "source around the end", 128, 8, UINT64_MAX },
    { "source is a destination", 128, 8, 0x20030000 },
    { "source goes into a destination", 128, 8, 0x10030001 },
    { "nothing to copy", 136, 8, 0, true },
    { "more than there is", 136, 8, UINT64_MAX },
    { "half of all addresses", 136, 8, 1ull << 63 },
    { "into the source", 152, 8, 0x8000000 },
    { "copied is the platform's", 144, 8, UINT64_MAX, true },
};

static void test_changes(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        uint8_t bytes[PAPR_FADUMP_BYTES_MAX];
        PaprFadumpPlan plan;
        const char *wrong;

        fill(bytes);
        if (changes[i].size == 2) {
            stw_be_p(bytes + changes[i].at, changes[i].value);
        } else if (changes[i].size == 4) {
            stl_be_p(bytes + changes[i].at, changes[i].value);
        } else {
            stq_be_p(bytes + changes[i].at, changes[i].value);
        }
        wrong = papr_fadump_parse(&plan, bytes, SIZE, &limits);
        g_test_message("%s: %s", changes[i].what, wrong ?: "fine");
        g_assert_cmpint(!wrong, ==, changes[i].fine);
    }
}

static void test_sizes(void)
{
    uint8_t bytes[PAPR_FADUMP_BYTES_MAX];
    PaprFadumpPlan plan;

    fill(bytes);
    for (size_t size = 0; size < SIZE; size++) {
        g_assert_nonnull(papr_fadump_parse(&plan, bytes, size, &limits));
    }
    g_assert_null(papr_fadump_parse(&plan, bytes, 512, &limits));
    g_assert_nonnull(papr_fadump_parse(&plan, bytes, 513, &limits));

    /* ten of them, the most that there may be, up to the end */
    stw_be_p(bytes + 4, 10);
    stl_be_p(bytes + 8, 512 - 400);
    for (int i = 0; i < 10; i++) {
        put_section(bytes + 112 + 40 * i, 0x200 + i, 0, 0x1000,
                    0x10000000 + 0x1000 * i);
    }
    g_assert_null(papr_fadump_parse(&plan, bytes, 512, &limits));
    g_assert_nonnull(papr_fadump_parse(&plan, bytes, 511, &limits));
    stw_be_p(bytes + 4, 11);
    g_assert_nonnull(papr_fadump_parse(&plan, bytes, 512, &limits));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/fadump/fine", test_fine);
    g_test_add_func("/pseries/fadump/changes", test_changes);
    g_test_add_func("/pseries/fadump/sizes", test_sizes);
    return g_test_run();
}
