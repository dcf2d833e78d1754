/*
 * pSeries platform: NUMA (non-uniform memory access) in the device tree
 *
 * "ibm,associativity" of each resource, and in /rtas what the numbers in it
 * mean: LoPAR sections 15.2 and 15.3; for form 2 Linux's
 * Documentation/arch/powerpc/associativity.rst.
 *
 * Called by device tree fillers, and by devices that write their own nodes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pseries/numa.h"

void papr_numa_dt(const PaprNuma *numa, PaprDt *dt, unsigned node)
{
    uint32_t cells[PAPR_NUMA_LIST_MAX];

    papr_dt_cells(dt, "ibm,associativity", cells,
                  papr_numa_list(numa, node, cells));
}

void papr_numa_dt_vcpu(const PaprNuma *numa, PaprDt *dt, unsigned node,
                       uint32_t vcpu_id)
{
    uint32_t cells[PAPR_NUMA_LIST_MAX];

    papr_dt_cells(dt, "ibm,associativity", cells,
                  papr_numa_vcpu_list(numa, node, vcpu_id, cells));
}

/* Number of lists, length of each, then the lists: the index is the node */
void papr_numa_dt_lookup(const PaprNuma *numa, PaprDt *dt)
{
    unsigned n_lists = MAX(numa->n_nodes, 1);
    g_autofree uint32_t *cells = NULL;
    unsigned n = 2;

    cells = g_new(uint32_t, n + n_lists * PAPR_NUMA_LEVELS);
    cells[0] = n_lists;
    for (unsigned node = 0; node < n_lists; node++) {
        uint32_t list[PAPR_NUMA_LIST_MAX];
        unsigned len = papr_numa_list(numa, node, list) - 1;

        cells[1] = len;
        memcpy(&cells[n], &list[1], len * sizeof(cells[0]));
        n += len;
    }
    papr_dt_cells(dt, "ibm,associativity-lookup-arrays", cells, n);
}

static void numa_dt_form1(const PaprNuma *numa, PaprDt *dt)
{
    static const uint32_t points[] = { 4, 3, 2, 1 };
    /* nodes differ in nothing but their number */
    static const uint32_t flat_points[] = { 4, 4, 2 };
    uint32_t n = numa->n_nodes;

    if (n > 1 && !numa->flat_domains) {
        papr_dt_cells(dt, "ibm,associativity-reference-points", points,
                      ARRAY_SIZE(points));
        papr_dt_cell_list(dt, "ibm,max-associativity-domains", 4, n, n, n, n);
    } else {
        papr_dt_cells(dt, "ibm,associativity-reference-points", flat_points,
                      numa->two_refpoints ? 2 : ARRAY_SIZE(flat_points));
        papr_dt_cell_list(dt, "ibm,max-associativity-domains", 4, 0, 0, 0,
                          MAX(n, 1));
    }
}

static void numa_dt_form2(const PaprNuma *numa, PaprDt *dt)
{
    unsigned n = numa->n_nodes;
    g_autofree uint32_t *nodes = g_new(uint32_t, 1 + n);
    size_t table_size = sizeof(uint32_t) + n * n;
    g_autofree uint8_t *table = g_malloc(table_size);
    uint8_t *entry = table + sizeof(uint32_t);

    nodes[0] = n;
    stl_be_p(table, n * n);
    for (unsigned src = 0; src < n; src++) {
        nodes[1 + src] = src;
        for (unsigned dst = 0; dst < n; dst++) {
            *entry++ = papr_numa_distance(numa, src, dst);
        }
    }
    papr_dt_u32(dt, "ibm,associativity-reference-points", 1);
    papr_dt_cell_list(dt, "ibm,max-associativity-domains", 1, n);
    papr_dt_cells(dt, "ibm,numa-lookup-index-table", nodes, 1 + n);
    papr_dt_bytes(dt, "ibm,numa-distance-table", table, table_size);
}

void papr_numa_dt_rtas(const PaprNuma *numa, PaprDt *dt)
{
    if (numa->form2) {
        numa_dt_form2(numa, dt);
    } else {
        numa_dt_form1(numa, dt);
    }
}
