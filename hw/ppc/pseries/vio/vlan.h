/*
 * pSeries platform: logical LAN adapter (private to vlan.c and vlan-rx.c)
 *
 * LoPAR section 17.3.  All of it under the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_VIO_VLAN_H
#define HW_PPC_PSERIES_VIO_VLAN_H

#include "migration/vmstate.h"
#include "net/net.h"
#include "device.h"

OBJECT_DECLARE_SIMPLE_TYPE(PaprVlan, PAPR_VLAN)

/* Buffer descriptors: LoPAR 17.3.1.1 */
#define VLAN_BD_VALID   (1ULL << 63)
#define VLAN_BD_TOGGLE  (1ULL << 62)
#define VLAN_BD_NO_SUM  (1ULL << 57)    /* no checksum in the packet */
#define VLAN_BD_SUM_OK  (1ULL << 56)    /* its checksum is verified */

static inline uint32_t vlan_bd_len(uint64_t bd)
{
    return extract64(bd, 32, 24);
}

static inline uint32_t vlan_bd_addr(uint64_t bd)
{
    return bd;
}

#define VLAN_PAGE 4096                  /* buffer list, filter list */

/* A stream has this many pools of this many buffers */
#define VLAN_POOLS 5
#define VLAN_POOL_BUFFERS 4096
#define VLAN_POOL_UNUSED INT32_MAX      /* its size sorts last */

/** VlanPool: receive buffers of one size; the last one in is taken first */
typedef struct VlanPool {
    int32_t size;                       /* bytes of each, handle included */
    int32_t count;
    uint64_t bds[VLAN_POOL_BUFFERS];
} VlanPool;

#define VLAN_MAX_PACKET 65536

struct PaprVlan {
    PaprVioDevice vio;

    NICConf conf;
    NICState *nic;
    MACAddr own_mac;                    /* configured; restored at close */
    bool use_pools;

    bool open;                          /* between REGISTER and FREE */
    uint64_t list;                      /* I/O address of the buffer list */
    uint64_t queue_offset;              /* next entry of the receive queue */
    uint32_t n_buffers;                 /* given by the guest, not used yet */

    VlanPool pools[VLAN_POOLS];         /* by size */
    /* without pools: offsets in the list of the slots last filled, emptied */
    uint32_t last_added;
    uint32_t last_taken;

    QEMUTimer *flush_timer;
    uint8_t packet[VLAN_MAX_PACKET];    /* being sent */
};

/* vlan-rx.c */

/** vlan_rx_reset: forget all buffers */
void vlan_rx_reset(PaprVlan *vlan);

/** vlan_rx_open: clear list and queue; false if they can't be written */
bool vlan_rx_open(PaprVlan *vlan, uint64_t queue, uint64_t filter);

/** vlan_rx_add: H_SUCCESS, or H_RESOURCE when there is no room for @bd */
int64_t vlan_rx_add(PaprVlan *vlan, uint64_t bd);

/** vlan_rx_free_buffer: remove a buffer of @size bytes; false if none */
bool vlan_rx_free_buffer(PaprVlan *vlan, uint64_t size);

bool vlan_can_receive(NetClientState *nc);
ssize_t vlan_receive(NetClientState *nc, const uint8_t *buf, size_t size);

/** vlan_rx_check: is the state from a stream valid? */
bool vlan_rx_check(const PaprVlan *vlan);

#endif
