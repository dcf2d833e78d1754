/*
 * Map from vCPU id to vCPU
 *
 * An array, since ids are dense: threads of a core have consecutive ids.  Used
 * by hypercalls, RTAS calls and interrupt routing.
 *
 * Locking: entries change with the BQL held and are read by any thread inside
 * an RCU read section (with TCG, vCPU threads are in one while they run the
 * guest).  The caller that removes a vCPU frees its PaprVcpu after a grace
 * period.
 *
 * The map also has the bits of LPCR (the logical partitioning control register)
 * that are the same in all of a partition's vCPUs.  vCPUs' own LPCRs are
 * updated from these bits, and the bits from LPCRs only when a stream is
 * loaded.  So the order does not matter, nor which vCPUs are started, stopped
 * or added meanwhile.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/rcu.h"
#include "hw/pseries/vcpu.h"

struct PaprVcpuMap {
    uint32_t n_ids;
    uint64_t lpcr;                      /* PAPR_LPCR_OF_ALL; BQL */
    PaprVcpu *by_id[];
};

PaprVcpuMap *papr_vcpu_map_new(uint32_t n_ids)
{
    PaprVcpuMap *map = g_malloc0(sizeof(*map) +
                                 n_ids * sizeof(map->by_id[0]));

    map->n_ids = n_ids;
    return map;
}

void papr_vcpu_map_free(PaprVcpuMap *map)
{
    g_free(map);
}

void papr_vcpu_map_add(PaprVcpuMap *map, PaprVcpu *vcpu)
{
    assert(vcpu->id < map->n_ids && !map->by_id[vcpu->id]);
    qatomic_rcu_set(&map->by_id[vcpu->id], vcpu);
}

void papr_vcpu_map_remove(PaprVcpuMap *map, PaprVcpu *vcpu)
{
    if (papr_vcpu_find(map, vcpu->id) == vcpu) {
        qatomic_set(&map->by_id[vcpu->id], NULL);
    }
}

PaprVcpu *papr_vcpu_find(const PaprVcpuMap *map, uint64_t id)
{
    return id < map->n_ids ? qatomic_rcu_read(&map->by_id[id]) : NULL;
}

uint32_t papr_vcpu_map_size(const PaprVcpuMap *map)
{
    return map->n_ids;
}

uint64_t papr_vcpus_lpcr(const PaprVcpuMap *map)
{
    return map->lpcr;
}

void papr_vcpus_note_lpcr(PaprVcpuMap *map, uint64_t value, uint64_t mask)
{
    map->lpcr = (map->lpcr & ~mask) | (value & mask);
}

PaprVcpu *papr_vcpu_next(const PaprVcpuMap *map, const PaprVcpu *prev)
{
    for (uint32_t id = prev ? prev->id + 1 : 0; id < map->n_ids; id++) {
        PaprVcpu *vcpu = qatomic_rcu_read(&map->by_id[id]);

        if (vcpu) {
            return vcpu;
        }
    }
    return NULL;
}
