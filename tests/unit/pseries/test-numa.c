/*
 * Unit tests of the NUMA topology
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/pseries/numa.h"
#include <libfdt.h>

static PaprNuma *numa_new(unsigned n_nodes)
{
    PaprNuma *numa = g_new0(PaprNuma, 1);

    numa->n_nodes = n_nodes;
    for (unsigned i = 0; i < n_nodes; i++) {
        numa->mem[i] = 256 * MiB;
    }
    return numa;
}

static void set_distance(PaprNuma *numa, unsigned a, unsigned b, uint8_t d)
{
    numa->distance[a][b] = d;
    numa->distance[b][a] = d;
}

/* The distance that Linux computes of two lists: arch/powerpc/mm/numa.c */
static int linux_form1_distance(const PaprNuma *numa, unsigned a, unsigned b)
{
    uint32_t la[PAPR_NUMA_LIST_MAX], lb[PAPR_NUMA_LIST_MAX];
    int distance = PAPR_NUMA_LOCAL;

    papr_numa_list(numa, a, la);
    papr_numa_list(numa, b, lb);
    for (int point = PAPR_NUMA_LEVELS; point > 0; point--) {
        if (la[point] == lb[point]) {
            break;
        }
        distance *= 2;
    }
    return distance;
}

static void test_form1_distances(void)
{
    static const struct {
        uint8_t user;
        int guest;
    } cases[] = {
        { 0, 20 }, { 10, 20 }, { 11, 20 }, { 20, 20 }, { 30, 20 },
        { 31, 40 }, { 40, 40 }, { 60, 40 }, { 61, 80 }, { 120, 80 },
        { 121, 160 }, { 255, 160 },
    };

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        g_autofree PaprNuma *numa = numa_new(2);

        set_distance(numa, 0, 1, cases[i].user);
        papr_numa_settle(numa);
        g_assert_cmpint(linux_form1_distance(numa, 0, 1), ==, cases[i].guest);
        g_assert_cmpint(linux_form1_distance(numa, 1, 1), ==, 10);
    }
}

/* A chain, from docs/specs/ppc-spapr-numa.rst: 0 -20- 1, 0 -40- 2, 1 -20- 3 */
static void test_form1_domains(void)
{
    g_autofree PaprNuma *numa = numa_new(4);
    static const uint32_t expected[4][5] = {
        { 4, 0, 0, 0, 0 },
        { 4, 0, 0, 0, 1 },
        { 4, 0, 0, 2, 2 },
        { 4, 0, 0, 0, 3 },
    };

    set_distance(numa, 0, 1, 20);
    set_distance(numa, 0, 2, 40);
    set_distance(numa, 0, 3, 160);
    set_distance(numa, 1, 2, 160);
    set_distance(numa, 1, 3, 20);
    set_distance(numa, 2, 3, 160);
    papr_numa_settle(numa);
    for (int i = 0; i < 4; i++) {
        uint32_t cells[PAPR_NUMA_LIST_MAX];
        unsigned n = papr_numa_list(numa, i, cells);

        g_assert_cmpmem(cells, n * 4, expected[i], sizeof(expected[i]));
    }
}

static void test_form1_flat(void)
{
    g_autofree PaprNuma *numa = numa_new(2);
    uint32_t cells[PAPR_NUMA_LIST_MAX];

    numa->flat_domains = true;
    papr_numa_settle(numa);
    g_assert_cmpuint(papr_numa_list(numa, 1, cells), ==, 5);
    g_assert_cmpuint(cells[1], ==, 0);
    g_assert_cmpuint(cells[3], ==, 0);
    g_assert_cmpuint(cells[4], ==, 1);
}

static void assert_vcpu_list(const PaprNuma *numa, const uint32_t *expected,
                             unsigned n)
{
    uint32_t cells[PAPR_NUMA_LIST_MAX];

    g_assert_cmpuint(papr_numa_vcpu_list(numa, 1, 9, cells), ==, n);
    for (unsigned i = 0; i < n; i++) {
        g_assert_cmpuint(cells[i], ==, expected[i]);
    }
}

static void test_vcpu_list(void)
{
    static const uint32_t form1[] = { 5, 1, 1, 1, 1, 9 }, form2[] = { 2, 1, 9 };
    g_autofree PaprNuma *numa = numa_new(2);

    set_distance(numa, 0, 1, 160);
    papr_numa_settle(numa);
    assert_vcpu_list(numa, form1, ARRAY_SIZE(form1));
    numa->form2 = true;
    assert_vcpu_list(numa, form2, ARRAY_SIZE(form2));
}

static void assert_refused(const PaprNuma *numa, const char *words)
{
    Error *err = NULL;

    g_assert_false(papr_numa_check_form1(numa, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), words));
    error_free(err);
}

static void test_checks(void)
{
    g_autofree PaprNuma *numa = numa_new(3);
    Error *err = NULL;

    papr_numa_settle(numa);
    g_assert_true(papr_numa_check_form1(numa, &error_abort));
    g_assert_true(papr_numa_check_sizes(numa, 256 * MiB, &error_abort));

    numa->distance[0][2] = 30;
    numa->distance[2][0] = 40;
    assert_refused(numa, "asymmetric");
    /* the default of one direction against a value for the other */
    numa->distance[0][2] = 0;
    assert_refused(numa, "asymmetric");
    numa->distance[2][0] = PAPR_NUMA_REMOTE;
    g_assert_true(papr_numa_check_form1(numa, &error_abort));

    numa->mem[1] = 0;
    assert_refused(numa, "node 1 has neither");
    numa->has_cpu[1] = true;
    g_assert_true(papr_numa_check_form1(numa, &error_abort));

    numa->mem[2] = 100 * MiB;
    g_assert_false(papr_numa_check_sizes(numa, 256 * MiB, &err));
    g_assert_nonnull(strstr(error_get_pretty(err), "node 2"));
    error_free(err);
}

static void assert_prop(const void *fdt, const char *name, const char *value,
                        int len)
{
    int got;
    const void *prop = fdt_getprop(fdt, 0, name, &got);

    g_assert_nonnull(prop);
    g_assert_cmpmem(prop, got, value, len);
}

static void *rtas_dt(const PaprNuma *numa)
{
    PaprDt *dt = papr_dt_new();
    size_t size;

    papr_dt_begin(dt, "%s", "");
    papr_numa_dt_rtas(numa, dt);
    papr_numa_dt_lookup(numa, dt);
    papr_dt_end(dt);
    return papr_dt_finish(dt, &size, &error_abort);
}

#define BYTES(s) (s), sizeof(s) - 1

static void test_dt(void)
{
    g_autofree PaprNuma *numa = numa_new(2);
    g_autofree void *form1 = NULL, *form2 = NULL, *none = NULL;

    papr_numa_settle(numa);
    form1 = rtas_dt(numa);
    assert_prop(form1, "ibm,associativity-reference-points",
                BYTES("\0\0\0\4\0\0\0\3\0\0\0\2\0\0\0\1"));
    assert_prop(form1, "ibm,max-associativity-domains",
                BYTES("\0\0\0\4\0\0\0\2\0\0\0\2\0\0\0\2\0\0\0\2"));
    assert_prop(form1, "ibm,associativity-lookup-arrays",
                BYTES("\0\0\0\2\0\0\0\4"
                      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"));

    numa->form2 = true;
    form2 = rtas_dt(numa);
    assert_prop(form2, "ibm,numa-lookup-index-table",
                BYTES("\0\0\0\2\0\0\0\0\0\0\0\1"));
    assert_prop(form2, "ibm,numa-distance-table",
                BYTES("\0\0\0\4\x0a\x14\x14\x0a"));
    assert_prop(form2, "ibm,associativity-lookup-arrays",
                BYTES("\0\0\0\2\0\0\0\1\0\0\0\0\0\0\0\1"));

    numa->form2 = false;
    numa->n_nodes = 0;
    papr_numa_settle(numa);
    none = rtas_dt(numa);
    assert_prop(none, "ibm,associativity-reference-points",
                BYTES("\0\0\0\4\0\0\0\4\0\0\0\2"));
    assert_prop(none, "ibm,max-associativity-domains",
                BYTES("\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/numa/form1-distances", test_form1_distances);
    g_test_add_func("/pseries/numa/form1-domains", test_form1_domains);
    g_test_add_func("/pseries/numa/form1-flat", test_form1_flat);
    g_test_add_func("/pseries/numa/vcpu-list", test_vcpu_list);
    g_test_add_func("/pseries/numa/checks", test_checks);
    g_test_add_func("/pseries/numa/dt", test_dt);
    return g_test_run();
}
