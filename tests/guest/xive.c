/*
 * XIVE exploitation mode, as far as the payloads use it: LoPAR 14.5.4.7.6 on
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guest.h"

#define PRIORITY        6
#define ALWAYS_NOTIFY   1
#define SET_EISN        2

bool xive_queue_setup(struct xive_queue *queue, unsigned server, void *memory)
{
    queue->at = memory;
    queue->index = 0;
    queue->generation = 1;
    for (unsigned i = 0; i < 1u << (XIVE_EQ_SHIFT - 2); i++) {
        queue->at[i] = 0;
    }
    return hypercall((uint64_t[10]){ H_INT_SET_QUEUE_CONFIG, ALWAYS_NOTIFY,
                                     server, PRIORITY, (uint64_t)memory,
                                     XIVE_EQ_SHIFT }) == H_SUCCESS;
}

bool xive_source_setup(unsigned lisn, unsigned server, uint32_t eisn,
                       uint64_t *trigger, uint64_t *manage)
{
    uint64_t info[4];

    if (hcall_out(info, 4, H_INT_GET_SOURCE_INFO, 0, lisn, 0, 0) ||
        hypercall((uint64_t[10]){ H_INT_SET_SOURCE_CONFIG, SET_EISN, lisn,
                                  server, PRIORITY, eisn })) {
        return false;
    }
    *manage = info[1];
    *trigger = info[2];
    mmio_load8(*manage + 0xc00);        /* PQ = 00: on */
    return true;
}
