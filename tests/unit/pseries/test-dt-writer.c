/*
 * Unit tests of the sequential device tree writer
 *
 * What was written is read back with libfdt's read-only half, which shares no
 * state with the writer.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qapi/error.h"
#include "hw/pseries/dt.h"
#include <libfdt.h>

static void *finish(PaprDt *dt)
{
    size_t size = 0;
    void *fdt = papr_dt_finish(dt, &size, &error_abort);

    g_assert_cmpint(fdt_check_full(fdt, size), ==, 0);
    g_assert_cmpuint(fdt_totalsize(fdt), ==, size);
    return fdt;
}

static void assert_prop(const void *fdt, int node, const char *name,
                        const void *value, int len)
{
    int got;
    const void *prop = fdt_getprop(fdt, node, name, &got);

    g_assert_nonnull(prop);
    g_assert_cmpmem(prop, got, value, len);
}

static void test_values(void)
{
    static const char *const names[] = { "pft", "term", "" };
    PaprDt *dt = papr_dt_new();
    g_autofree void *fdt = NULL;
    int node;

    papr_dt_begin(dt, "%s", "");
    papr_dt_u32(dt, "word", 0x01020304);
    papr_dt_u64(dt, "long", 0x0102030405060708ULL);
    papr_dt_string(dt, "text", "hello");
    papr_dt_strings(dt, "list", names, ARRAY_SIZE(names));
    papr_dt_empty(dt, "empty");
    papr_dt_bytes(dt, "bytes", "\x80\x81\x82", 3);
    papr_dt_cell_list(dt, "cells", 1, 0xffffffff, 3);
    papr_dt_begin(dt, "node@%x", 0x1100);
    papr_dt_phandle(dt, 7);
    papr_dt_end(dt);
    papr_dt_end(dt);
    fdt = finish(dt);

    assert_prop(fdt, 0, "word", "\1\2\3\4", 4);
    assert_prop(fdt, 0, "long", "\1\2\3\4\5\6\7\10", 8);
    assert_prop(fdt, 0, "text", "hello", 6);
    assert_prop(fdt, 0, "list", "pft\0term\0", 10);
    assert_prop(fdt, 0, "empty", "", 0);
    assert_prop(fdt, 0, "bytes", "\x80\x81\x82", 3);
    assert_prop(fdt, 0, "cells", "\0\0\0\1\xff\xff\xff\xff\0\0\0\3", 12);
    node = fdt_path_offset(fdt, "/node@1100");
    g_assert_cmpint(node, >, 0);
    assert_prop(fdt, node, "phandle", "\0\0\0\7", 4);
    assert_prop(fdt, node, "linux,phandle", "\0\0\0\7", 4);
    g_assert_cmpuint(fdt_get_phandle(fdt, node), ==, 7);
}

/* Many nodes: the buffer must grow more than once, names be stored once */
static void test_growth(void)
{
    enum { N = 5000 };
    PaprDt *dt = papr_dt_new();
    g_autofree void *fdt = NULL;
    g_autofree char *big = g_malloc(300000);
    int node, n = 0;

    memset(big, 'x', 300000);
    papr_dt_begin(dt, "%s", "");
    for (int i = 0; i < N; i++) {
        papr_dt_begin(dt, "cpu@%x", i);
        papr_dt_u32(dt, "reg", i);
        papr_dt_u32(dt, "a-property-with-a-long-name", ~i);
        if (i == N / 2) {
            papr_dt_bytes(dt, "big", big, 300000);
        }
        papr_dt_end(dt);
    }
    papr_dt_end(dt);
    fdt = finish(dt);

    g_assert_cmpuint(fdt_size_dt_strings(fdt), ==,
                     sizeof("reg") + sizeof("a-property-with-a-long-name") +
                     sizeof("big"));
    fdt_for_each_subnode(node, fdt, 0) {
        g_autofree char *name = g_strdup_printf("cpu@%x", n);
        uint32_t reg = cpu_to_be32(n), inv = cpu_to_be32(~n);

        g_assert_cmpstr(fdt_get_name(fdt, node, NULL), ==, name);
        assert_prop(fdt, node, "reg", &reg, 4);
        assert_prop(fdt, node, "a-property-with-a-long-name", &inv, 4);
        if (n == N / 2) {
            assert_prop(fdt, node, "big", big, 300000);
        }
        n++;
    }
    g_assert_cmpint(n, ==, N);
}

static void test_reservations(void)
{
    PaprDt *dt = papr_dt_new();
    g_autofree void *fdt = NULL;
    uint64_t addr, size;

    papr_dt_reserve(dt, 0x400000, 0x1234);
    papr_dt_reserve(dt, 0x100000000ULL, 0x10000);
    papr_dt_begin(dt, "%s", "");
    papr_dt_end(dt);
    fdt = finish(dt);

    g_assert_cmpint(fdt_num_mem_rsv(fdt), ==, 2);
    fdt_get_mem_rsv(fdt, 0, &addr, &size);
    g_assert_cmphex(addr, ==, 0x400000);
    g_assert_cmphex(size, ==, 0x1234);
    fdt_get_mem_rsv(fdt, 1, &addr, &size);
    g_assert_cmphex(addr, ==, 0x100000000ULL);
}

/* The first error is kept, everything after it is harmless */
static void test_sticky_error(void)
{
    PaprDt *dt = papr_dt_new();
    Error *err = NULL;
    size_t size = 0;

    papr_dt_begin(dt, "%s", "");
    papr_dt_bytes(dt, "too-big", NULL, (size_t)1 << 31);
    papr_dt_u32(dt, "word", 1);
    papr_dt_begin(dt, "node");
    papr_dt_end(dt);
    papr_dt_end(dt);
    g_assert_null(papr_dt_finish(dt, &size, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "too-big"));
    error_free(err);
}

static void test_phandles(void)
{
    PaprDt *dt = papr_dt_new();
    g_autofree void *fdt = NULL;

    papr_dt_set_phandle_start(dt, 0x1112);
    g_assert_cmphex(papr_dt_new_phandle(dt), ==, 0x1112);
    g_assert_cmphex(papr_dt_new_phandle(dt), ==, 0x1113);
    papr_dt_begin(dt, "%s", "");
    papr_dt_end(dt);
    fdt = finish(dt);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/dt-writer/values", test_values);
    g_test_add_func("/pseries/dt-writer/growth", test_growth);
    g_test_add_func("/pseries/dt-writer/reservations", test_reservations);
    g_test_add_func("/pseries/dt-writer/sticky-error", test_sticky_error);
    g_test_add_func("/pseries/dt-writer/phandles", test_phandles);
    return g_test_run();
}
