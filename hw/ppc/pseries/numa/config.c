/*
 * pSeries platform: NUMA (non-uniform memory access) from -numa options
 *
 * Not in numa.c, which is pure: this reads QEMU's NUMA configuration.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/boards.h"
#include "hw/pseries/numa.h"
#include "system/numa.h"

QEMU_BUILD_BUG_ON(MAX_NODES > PAPR_NUMA_NODES_MAX);

void papr_numa_from_machine(PaprNuma *numa, const MachineState *machine)
{
    const NumaState *state = machine->numa_state;
    const CPUArchIdList *slots = machine->possible_cpus;

    numa->n_nodes = state->num_nodes;
    for (unsigned i = 0; i < numa->n_nodes; i++) {
        numa->mem[i] = state->nodes[i].node_mem;
        for (unsigned j = 0; j < numa->n_nodes; j++) {
            numa->distance[i][j] = state->nodes[i].distance[j];
        }
    }
    for (int i = 0; slots && i < slots->len; i++) {
        const CPUArchId *slot = &slots->cpus[i];

        if (slot->cpu && slot->props.has_node_id &&
            slot->props.node_id < PAPR_NUMA_NODES_MAX) {
            numa->has_cpu[slot->props.node_id] = true;
        }
    }
    papr_numa_settle(numa);
}
