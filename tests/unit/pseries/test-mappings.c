/*
 * Memory that a guest has QEMU map again and again
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <malloc.h>
#include "qemu/units.h"

#define TIMES 1000

/* As hash page tables and DMA windows are: without reservation of swap space */
static void map_and_unmap(void)
{
    void *p = qemu_anon_ram_alloc(1 * MiB, NULL, false, true);

    g_assert_nonnull(p);
    qemu_anon_ram_free(p, 1 * MiB);
}

/* mallinfo2() does not work with sanitizers, which have a leak checker */
static void test_nothing_stays(void)
{
    size_t before;

    map_and_unmap();
    before = mallinfo2().uordblks;
    for (int i = 0; i < TIMES; i++) {
        map_and_unmap();
    }
    /* less than the smallest block for each mapping */
    g_assert_cmpuint(mallinfo2().uordblks, <, before + TIMES * 16);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/mappings/nothing-stays", test_nothing_stays);
    return g_test_run();
}
