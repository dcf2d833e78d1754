/*
 * pSeries platform: NUMA (non-uniform memory access) topology
 *
 * In form 1 each resource has a list of domains, outermost first; for Linux the
 * distance of two resources is 10, doubled for each level at which they differ:
 * 20, 40, 80 or 160.  The user's distances are rounded to those.  In form 2 a
 * resource has the node number alone, and the distances are in a table.
 * LoPAR chapter 15; QEMU's docs/specs/ppc-spapr-numa.rst.
 *
 * Pure.  Called at machine init, by client-architecture-support, by device tree
 * fillers (numa/dt.c), and for H_HOME_NODE_ASSOCIATIVITY.  Locking: see
 * hw/pseries/numa.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/pseries/numa.h"

/* Largest distances with one, two and three outer levels in common */
static const uint8_t form1_limits[PAPR_NUMA_LEVELS - 1] = { 120, 60, 30 };

uint8_t papr_numa_distance(const PaprNuma *numa, unsigned src, unsigned dst)
{
    uint8_t distance = numa->distance[src][dst];

    if (distance) {
        return distance;
    }
    return src == dst ? PAPR_NUMA_LOCAL : PAPR_NUMA_REMOTE;
}

static unsigned form1_common_levels(uint8_t distance)
{
    unsigned n = 0;

    while (n < ARRAY_SIZE(form1_limits) && distance <= form1_limits[n]) {
        n++;
    }
    return n;
}

/*
 * At first every node has domains of its own.  Then it gets the outer domains
 * of each node before it, in ascending order, as many as their distance allows;
 * so node 0 always has domains 0, which Linux expects.
 */
void papr_numa_settle(PaprNuma *numa)
{
    bool flat = numa->flat_domains || numa->n_nodes <= 1;

    for (unsigned node = 0; node < PAPR_NUMA_NODES_MAX; node++) {
        for (int level = 0; level < PAPR_NUMA_LEVELS - 1; level++) {
            numa->form1[node][level] = flat ? 0 : node;
        }
        numa->form1[node][PAPR_NUMA_LEVELS - 1] = node;
    }
    if (flat) {
        return;
    }
    for (unsigned src = 0; src < numa->n_nodes; src++) {
        for (unsigned dst = src + 1; dst < numa->n_nodes; dst++) {
            unsigned n = form1_common_levels(papr_numa_distance(numa, src,
                                                                dst));

            memcpy(numa->form1[dst], numa->form1[src],
                   n * sizeof(numa->form1[0][0]));
        }
    }
}

bool papr_numa_check_form1(const PaprNuma *numa, Error **errp)
{
    for (unsigned i = 0; i < numa->n_nodes; i++) {
        if (!numa->mem[i] && !numa->has_cpu[i]) {
            error_setg(errp, "NUMA node %u has neither memory nor CPUs, which "
                       "can't be described to guests that support FORM1 "
                       "affinity only: give it memory or CPUs in -numa", i);
            return false;
        }
    }
    for (unsigned i = 0; i < numa->n_nodes; i++) {
        for (unsigned j = 0; j < i; j++) {
            uint8_t there = papr_numa_distance(numa, j, i);
            uint8_t back = papr_numa_distance(numa, i, j);

            if (there != back) {
                error_setg(errp, "asymmetric NUMA distances (nodes %u and %u: "
                           "%u one way, %u back) can't be described to guests "
                           "that support FORM1 affinity only: set -numa dist "
                           "the same both ways",
                           j, i, there, back);
                return false;
            }
        }
    }
    return true;
}

bool papr_numa_check_sizes(const PaprNuma *numa, uint64_t unit, Error **errp)
{
    for (unsigned i = 0; i < numa->n_nodes; i++) {
        if (numa->mem[i] % unit) {
            error_setg(errp, "-numa: node %u's memory size 0x%" PRIx64 " is "
                       "not aligned to %" PRIu64 " MiB", i, numa->mem[i],
                       unit / MiB);
            return false;
        }
    }
    return true;
}

unsigned papr_numa_list(const PaprNuma *numa, unsigned node, uint32_t *cells)
{
    if (numa->form2) {
        cells[0] = 1;
        cells[1] = node;
        return 2;
    }
    cells[0] = PAPR_NUMA_LEVELS;
    /* a number that no node can have is the value of all levels */
    for (int level = 0; level < PAPR_NUMA_LEVELS; level++) {
        cells[1 + level] = node < PAPR_NUMA_NODES_MAX
                           ? numa->form1[node][level] : node;
    }
    return 1 + PAPR_NUMA_LEVELS;
}

unsigned papr_numa_vcpu_list(const PaprNuma *numa, unsigned node,
                             uint32_t vcpu_id, uint32_t *cells)
{
    unsigned n = papr_numa_list(numa, node, cells);

    cells[0]++;
    cells[n] = vcpu_id;
    return n + 1;
}
