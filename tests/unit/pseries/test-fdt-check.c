/*
 * Check of device trees that a guest passes: what is sound, work it takes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/pseries/dt.h"
#include "hw/pseries/work.h"
#include "../../../hw/ppc/pseries/firmware/fdt-check.h"
#include <libfdt.h>

static void add_nodes(PaprDt *dt, unsigned depth)
{
    for (int i = 0; i < 3; i++) {
        papr_dt_begin(dt, "node@%d", i);
        papr_dt_u32(dt, "reg", i);
        papr_dt_string(dt, "device_type", "nothing");
        papr_dt_empty(dt, "empty");
        if (depth) {
            add_nodes(dt, depth - 1);
        }
        papr_dt_end(dt);
    }
}

static uint8_t *good_tree(size_t *size)
{
    PaprDt *dt = papr_dt_new();

    papr_dt_reserve(dt, 0x1000, 0x2000);
    papr_dt_begin(dt, "%s", "");
    papr_dt_string(dt, "compatible", "test");
    add_nodes(dt, 3);
    papr_dt_end(dt);
    return papr_dt_finish(dt, size, &error_abort);
}

static void test_good(void)
{
    size_t size;
    g_autofree uint8_t *fdt = good_tree(&size);

    g_assert_true(papr_fdt_is_sound(fdt, size));
    /* every length but its own is too short */
    for (size_t len = 0; len < size; len++) {
        g_autofree uint8_t *part = g_memdup2(fdt, len + 1);

        g_assert_false(papr_fdt_is_sound(part, len));
    }
}

/*
 * Damage of any kind: what passes is sound to libfdt too, and all of it can be
 * read.  Copies are as large as the tree, so that valgrind or AddressSanitizer
 * sees an access behind it.
 */
static void test_damage(void)
{
    size_t size;
    g_autofree uint8_t *fdt = good_tree(&size);
    unsigned sound = 0;

    for (int run = 0; run < 200000; run++) {
        g_autofree uint8_t *bad = g_memdup2(fdt, size);
        /* damage the header, and what follows it, more often than the rest */
        size_t range = run % 4 ? size : run % 8 ? 40 : 300;
        int n = g_test_rand_int_range(1, 4);

        while (n--) {
            size_t at = g_test_rand_int_range(0, range);

            switch (g_test_rand_int_range(0, 3)) {
            case 0:
                bad[at] = g_test_rand_int();
                break;
            case 1:
                bad[at] ^= 1 << g_test_rand_int_range(0, 8);
                break;
            default:
                stl_be_p(bad + MIN(at, size - 4) / 4 * 4,
                         g_test_rand_bit() ? g_test_rand_int_range(0, 10)
                                           : g_test_rand_int());
            }
        }
        if (papr_fdt_is_sound(bad, size)) {
            int node = 0, depth = 0;

            sound++;
            g_assert_cmpint(fdt_check_full(bad, size), ==, 0);
            g_assert_cmpint(fdt_path_offset(bad, "/nowhere"), <, 0);
            while (node >= 0 && depth >= 0) {
                node = fdt_next_node(bad, node, &depth);
            }
        }
    }
    /* names and values may be anything: both outcomes have been tried */
    g_assert_cmpuint(sound, >, 1000);
    g_assert_cmpuint(sound, <, 199000);
}

/* ---- trees as hostile as they can be ---- */

/* Structure block @cells, strings @strings; the rest is right */
static uint8_t *make(GArray *cells, const char *strings, size_t strings_size,
                     size_t *size)
{
    struct fdt_header *head;
    size_t structs = cells->len * 4;
    uint8_t *fdt;

    *size = sizeof(*head) + 16 + structs + strings_size;
    fdt = g_malloc0(*size);
    head = (void *)fdt;
    stl_be_p(&head->magic, FDT_MAGIC);
    stl_be_p(&head->totalsize, *size);
    stl_be_p(&head->off_mem_rsvmap, sizeof(*head));
    stl_be_p(&head->off_dt_struct, sizeof(*head) + 16);
    stl_be_p(&head->size_dt_struct, structs);
    stl_be_p(&head->off_dt_strings, sizeof(*head) + 16 + structs);
    stl_be_p(&head->size_dt_strings, strings_size);
    stl_be_p(&head->version, 17);
    stl_be_p(&head->last_comp_version, 16);
    memcpy(fdt + sizeof(*head) + 16, cells->data, structs);
    memcpy(fdt + sizeof(*head) + 16 + structs, strings, strings_size);
    return fdt;
}

static void put(GArray *cells, uint32_t value)
{
    uint32_t be = cpu_to_be32(value);

    g_array_append_val(cells, be);
}

/* Is the tree sound?  Asserts that the work is bounded by its size */
static bool check(GArray *cells, const char *strings, size_t strings_size)
{
    size_t size;
    g_autofree uint8_t *fdt = make(cells, strings, strings_size, &size);
    bool sound;

    papr_work_take_largest();
    sound = papr_fdt_is_sound(fdt, size);
    /* a tag has 12 bytes at least, and a property's name is read to 4 units */
    g_assert_cmpuint(papr_work_take_largest(), <=, size / 12 * 5);
    return sound;
}

static void test_long_name(void)
{
    g_autofree char *strings = g_malloc(MiB);
    g_autoptr(GArray) cells = g_array_new(false, false, 4);

    memset(strings, 'a', MiB - 1);
    strings[MiB - 1] = 0;
    put(cells, FDT_BEGIN_NODE);
    put(cells, 0);
    for (int i = 0; i < 80000; i++) {
        put(cells, FDT_PROP);
        put(cells, 0);
        put(cells, 0);
    }
    put(cells, FDT_END_NODE);
    put(cells, FDT_END);
    g_assert_false(check(cells, strings, MiB));
    /* names of allowed length, but too many for a node */
    g_assert_false(check(cells, strings + MiB - 256, 256));
    g_array_set_size(cells, 2 + 3 * PAPR_FDT_MAX_PROPS);
    put(cells, FDT_END_NODE);
    put(cells, FDT_END);
    g_assert_true(check(cells, strings + MiB - 256, 256));
    g_assert_false(check(cells, strings + MiB - 257, 257));
    g_assert_false(check(cells, "abc", 3));
}

/* Many nodes with many properties, within all limits: accepted */
static void test_many(void)
{
    g_autofree char *strings = g_malloc(256);
    g_autoptr(GArray) cells = g_array_new(false, false, 4);

    memset(strings, 'a', 255);
    strings[255] = 0;
    put(cells, FDT_BEGIN_NODE);
    put(cells, 0);
    for (int i = 0; i < 1000; i++) {
        put(cells, FDT_BEGIN_NODE);
        put(cells, 'n' << 24);
        for (int j = 0; j < 100; j++) {
            put(cells, FDT_PROP);
            put(cells, 0);
            put(cells, 0);
        }
        put(cells, FDT_END_NODE);
    }
    put(cells, FDT_END_NODE);
    put(cells, FDT_END);
    g_assert_true(check(cells, strings, 256));
}

static void test_shape(void)
{
    g_autoptr(GArray) cells = g_array_new(false, false, 4);

    /* nothing but padding */
    for (int i = 0; i < 100000; i++) {
        put(cells, FDT_NOP);
    }
    g_assert_false(check(cells, "", 1));
    /* depths around the bound */
    for (int depth = PAPR_FDT_MAX_DEPTH - 1; depth < PAPR_FDT_MAX_DEPTH + 2;
         depth++) {
        g_array_set_size(cells, 0);
        for (int i = 0; i < depth; i++) {
            put(cells, FDT_BEGIN_NODE);
            put(cells, i ? 'n' << 24 : 0);
        }
        for (int i = 0; i < depth; i++) {
            put(cells, FDT_END_NODE);
        }
        put(cells, FDT_END);
        g_assert_true(check(cells, "", 1) == (depth <= PAPR_FDT_MAX_DEPTH));
    }
    /* two roots; a property after a node; one outside; no end; too many ends */
    static const uint32_t wrong[][16] = {
        { 1, 0, 2, 1, 0, 2, 9 },
        { 1, 0, 1, 'n' << 24, 2, 3, 0, 0, 2, 9 },
        { 3, 0, 0, 1, 0, 2, 9 },
        { 1, 0, 2 },
        { 1, 0, 2, 2, 9 },
        { 1, 0, 9 },
        { 9 },
        { 1, 'r' << 24, 2, 9 },
        { 1, 0, 1, 0, 2, 2, 9 },
        { 1, 0, 3, 0xfffffffc, 0, 2, 9 },
        { 1, 0, 3, 0xffffffff, 0, 2, 9 },
        { 1, 0, 3, 0, 0xffffffff, 2, 9 },
        { 1, 0, 5, 2, 9 },
    };
    for (int i = 0; i < ARRAY_SIZE(wrong); i++) {
        g_array_set_size(cells, 0);
        for (int j = 0; j < 16; j++) {
            put(cells, wrong[i][j]);
        }
        g_assert_false(check(cells, "x", 2));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/fdt-check/good", test_good);
    g_test_add_func("/pseries/fdt-check/damage", test_damage);
    g_test_add_func("/pseries/fdt-check/long-name", test_long_name);
    g_test_add_func("/pseries/fdt-check/many", test_many);
    g_test_add_func("/pseries/fdt-check/shape", test_shape);
    return g_test_run();
}
