/*
 * pSeries platform: receive side of the logical LAN adapter
 *
 * LoPAR sections 17.3.1 and 17.3.3.  The guest gives buffers by hypercall.
 * Their descriptors are in pools by size or, without pools, in a page of the
 * guest (the buffer list).  A packet is written to the smallest buffer that
 * holds it (without pools: the next one), behind 8 bytes with the guest's
 * handle.  Then an entry with the handle is put into the receive queue, a ring
 * of entries whose valid bit changes its sense each time round.  Called by
 * vlan.c and QEMU's net layer, under the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "hw/pseries/work.h"
#include "hw/ppc/pseries/trace.h"
#include "vlan.h"

/* Buffer list: LoPAR 17.3.1.2 */
#define LIST_QUEUE     0                /* descriptor of the receive queue */
#define LIST_FILTER    8
#define LIST_BUFFERS   16               /* descriptors of buffers, no pools */
#define LIST_DROPPED   (VLAN_PAGE - 8)  /* how many packets found no buffer */
#define LIST_SLOTS     ((LIST_DROPPED - LIST_BUFFERS) / 8)

/* Receive queue entry: LoPAR Table 17.15 */
#define ENTRY_BYTES    16
#define ENTRY_SENSE    (1ULL << 63)     /* valid; changes sense each round */
#define ENTRY_PACKET   (1ULL << 62)     /* the buffer has a packet */

#define HANDLE_BYTES   8                /* at the start of each buffer */

/* A pool for buffers of @size: the one there is, or an empty one */
static VlanPool *pool_of_size(PaprVlan *vlan, uint32_t size)
{
    VlanPool *spare = NULL;

    for (int i = 0; i < VLAN_POOLS; i++) {
        VlanPool *pool = &vlan->pools[i];

        if (pool->size == size) {
            return pool;
        }
        if (!pool->count) {
            spare = pool;               /* the last: unused pools sort last */
        }
    }
    return spare;
}

/* Restore the order by size, after that of pool @i has changed */
static void sort_pool(PaprVlan *vlan, int i)
{
    VlanPool *pools = vlan->pools;

    /* only an empty pool changes size: its buffers need no copy */
    for (; i > 0 && pools[i - 1].size > pools[i].size; i--) {
        int32_t size = pools[i].size;

        pools[i] = pools[i - 1];
        pools[i - 1].size = size;
        pools[i - 1].count = 0;
    }
    for (; i < VLAN_POOLS - 1 && pools[i + 1].size < pools[i].size; i++) {
        int32_t size = pools[i].size;

        pools[i] = pools[i + 1];
        pools[i + 1].size = size;
        pools[i + 1].count = 0;
    }
}

static bool add_to_pool(PaprVlan *vlan, uint64_t bd)
{
    uint32_t size = vlan_bd_len(bd);
    VlanPool *pool = pool_of_size(vlan, size);

    if (pool && pool->size != size) {
        pool->size = size;
        sort_pool(vlan, pool - vlan->pools);
        pool = pool_of_size(vlan, size);
    }
    if (!pool || pool->count >= VLAN_POOL_BUFFERS) {
        return false;
    }
    pool->bds[pool->count++] = bd;
    return true;
}

static uint64_t take_from_pool(VlanPool *pool)
{
    uint64_t bd = pool->bds[--pool->count];

    pool->bds[pool->count] = 0;
    return bd;
}

static bool read_slots(PaprVlan *vlan, uint64_t *slots)
{
    return papr_vio_read(&vlan->vio, vlan->list + LIST_BUFFERS, slots,
                         LIST_SLOTS * sizeof(*slots));
}

static bool write_slot(PaprVlan *vlan, unsigned slot, uint64_t bd)
{
    return papr_vio_write_be64(&vlan->vio, vlan->list + LIST_BUFFERS + slot * 8,
                               bd);
}

/* The slot after that at @offset, in a ring */
static unsigned slot_after(uint32_t offset)
{
    return (offset - LIST_BUFFERS + 8) / 8 % LIST_SLOTS;
}

static bool add_to_list(PaprVlan *vlan, uint64_t bd)
{
    unsigned first = slot_after(vlan->last_added);
    uint64_t slots[LIST_SLOTS];

    if (!read_slots(vlan, slots)) {
        return false;
    }
    for (unsigned i = 0; i < LIST_SLOTS; i++) {
        unsigned slot = (first + i) % LIST_SLOTS;

        if (!(be64_to_cpu(slots[slot]) & VLAN_BD_VALID)) {
            vlan->last_added = LIST_BUFFERS + slot * 8;
            return write_slot(vlan, slot, bd | VLAN_BD_VALID);
        }
    }
    return false;
}

/* The first buffer of @min to @max bytes after the one taken last, or 0 */
static uint64_t take_from_list(PaprVlan *vlan, uint64_t min, uint64_t max)
{
    unsigned first = slot_after(vlan->last_taken);
    uint64_t slots[LIST_SLOTS];

    if (!read_slots(vlan, slots)) {
        return 0;
    }
    for (unsigned i = 0; i < LIST_SLOTS; i++) {
        unsigned slot = (first + i) % LIST_SLOTS;
        uint64_t bd = be64_to_cpu(slots[slot]);

        if ((bd & VLAN_BD_VALID) && vlan_bd_len(bd) >= min &&
            vlan_bd_len(bd) <= max) {
            vlan->last_taken = LIST_BUFFERS + slot * 8;
            return write_slot(vlan, slot, 0) ? bd : 0;
        }
    }
    return 0;
}

int64_t vlan_rx_add(PaprVlan *vlan, uint64_t bd)
{
    if (!(vlan->use_pools ? add_to_pool(vlan, bd) : add_to_list(vlan, bd))) {
        return H_RESOURCE;
    }
    vlan->n_buffers++;
    return H_SUCCESS;
}

void vlan_rx_reset(PaprVlan *vlan)
{
    for (int i = 0; i < VLAN_POOLS; i++) {
        vlan->pools[i].size = VLAN_POOL_UNUSED;
        vlan->pools[i].count = 0;
        memset(vlan->pools[i].bds, 0, sizeof(vlan->pools[i].bds));
    }
    vlan->n_buffers = 0;
    /* so that slot_after() is the first slot of the list */
    vlan->last_added = LIST_BUFFERS - 8;
    vlan->last_taken = LIST_BUFFERS - 8;
    vlan->queue_offset = 0;
}

static bool clear_range(PaprVioDevice *vio, uint64_t addr, uint64_t len)
{
    return dma_memory_set(&vio->dma, addr, 0, len,
                          MEMTXATTRS_UNSPECIFIED) == MEMTX_OK;
}

bool vlan_rx_open(PaprVlan *vlan, uint64_t queue, uint64_t filter)
{
    PaprVioDevice *vio = &vlan->vio;

    vlan_rx_reset(vlan);
    papr_work_copied(vlan_bd_len(queue));
    return clear_range(vio, vlan->list, VLAN_PAGE) &&
           clear_range(vio, vlan_bd_addr(queue), vlan_bd_len(queue)) &&
           papr_vio_write_be64(vio, vlan->list + LIST_QUEUE,
                               queue & ~VLAN_BD_TOGGLE) &&
           papr_vio_write_be64(vio, vlan->list + LIST_FILTER, filter);
}

/*
 * Put an entry for buffer @bd, with a packet of @len bytes, into the receive
 * queue; @len 0 returns the buffer unused.  The queue has room, as the guest
 * has to make it larger than the number of its buffers.
 */
static bool put_entry(PaprVlan *vlan, uint64_t bd, uint32_t len)
{
    PaprVioDevice *vio = &vlan->vio;
    uint64_t head = (uint64_t)HANDLE_BYTES << 32 | len;
    uint64_t queue, handle, addr;

    if (!papr_vio_read_be64(vio, vlan->list + LIST_QUEUE, &queue) ||
        !papr_vio_read_be64(vio, vlan_bd_addr(bd), &handle)) {
        return false;
    }
    if (!(queue & VLAN_BD_TOGGLE)) {
        head |= ENTRY_SENSE;
    }
    if (len) {
        head |= ENTRY_PACKET;
    }
    addr = vlan_bd_addr(queue) + vlan->queue_offset;
    if (!papr_vio_write_be64(vio, addr + 8, handle)) {
        return false;
    }
    smp_wmb();                          /* the handle before the valid bit */
    if (!papr_vio_write_be64(vio, addr, head)) {
        return false;
    }
    vlan->queue_offset += ENTRY_BYTES;
    if (vlan->queue_offset >= vlan_bd_len(queue)) {
        vlan->queue_offset = 0;
        papr_vio_write_be64(vio, vlan->list + LIST_QUEUE,
                            queue ^ VLAN_BD_TOGGLE);
    }
    papr_vio_notify(vio);
    return true;
}

bool vlan_rx_free_buffer(PaprVlan *vlan, uint64_t size)
{
    uint64_t bd = 0;

    if (!vlan->use_pools) {
        bd = take_from_list(vlan, size, size);
    }
    for (int i = 0; vlan->use_pools && i < VLAN_POOLS; i++) {
        if (vlan->pools[i].size == size && vlan->pools[i].count) {
            bd = take_from_pool(&vlan->pools[i]);
            break;
        }
    }
    if (!bd) {
        return false;
    }
    vlan->n_buffers -= !!vlan->n_buffers;
    put_entry(vlan, bd, 0);
    return true;
}

bool vlan_can_receive(NetClientState *nc)
{
    PaprVlan *vlan = qemu_get_nic_opaque(nc);

    return vlan->open && vlan->n_buffers;
}

static void count_dropped(PaprVlan *vlan)
{
    uint64_t n;

    if (papr_vio_read_be64(&vlan->vio, vlan->list + LIST_DROPPED, &n)) {
        papr_vio_write_be64(&vlan->vio, vlan->list + LIST_DROPPED, n + 1);
    }
}

/*
 * A buffer of at least @min bytes, or 0.  Then *@wait is true if there is a
 * pool of such buffers, which is empty.
 */
static uint64_t take_buffer(PaprVlan *vlan, uint64_t min, bool *wait)
{
    *wait = false;
    if (!vlan->use_pools) {
        return take_from_list(vlan, min, UINT64_MAX);
    }
    for (int i = 0; i < VLAN_POOLS; i++) {
        VlanPool *pool = &vlan->pools[i];

        if (pool->size >= min && pool->count) {
            return take_from_pool(pool);
        }
        *wait |= pool->size >= min && pool->size != VLAN_POOL_UNUSED;
    }
    return 0;
}

/*
 * Returns 0 to let the net layer keep the packet until there are buffers.  A
 * packet for which no pool has large enough buffers is dropped instead: all
 * others would wait behind it.
 */
ssize_t vlan_receive(NetClientState *nc, const uint8_t *buf, size_t size)
{
    PaprVlan *vlan = qemu_get_nic_opaque(nc);
    bool wait;
    uint64_t bd;

    if (!vlan_can_receive(nc)) {
        return vlan->open ? 0 : -1;
    }
    bd = take_buffer(vlan, size + HANDLE_BYTES, &wait);
    trace_papr_vlan_receive(vlan->vio.reg, size, bd, vlan->n_buffers);
    if (!bd) {
        if (!wait) {
            count_dropped(vlan);
        }
        return wait ? 0 : size;
    }
    vlan->n_buffers--;
    if (!papr_vio_write(&vlan->vio, vlan_bd_addr(bd) + HANDLE_BYTES, buf,
                        size)) {
        put_entry(vlan, bd, 0);
        return size;
    }
    put_entry(vlan, bd, size);
    return size;
}

static bool is_slot_offset(uint32_t offset)
{
    return offset >= LIST_BUFFERS - 8 && offset < LIST_DROPPED &&
           offset % 8 == 0;
}

static bool check_pool(const VlanPool *pool)
{
    if (pool->count < 0 || pool->count > VLAN_POOL_BUFFERS ||
        pool->size < 0) {
        return false;
    }
    for (int i = 0; i < pool->count; i++) {
        if (vlan_bd_len(pool->bds[i]) != pool->size) {
            return false;
        }
    }
    return true;
}

bool vlan_rx_check(const PaprVlan *vlan)
{
    uint32_t n = 0;

    for (int i = 0; vlan->use_pools && i < VLAN_POOLS; i++) {
        const VlanPool *pool = &vlan->pools[i];

        if (!check_pool(pool) || (i && pool->size < vlan->pools[i - 1].size)) {
            return false;
        }
        n += pool->count;
    }
    if (vlan->open && vlan->queue_offset % ENTRY_BYTES) {
        return false;
    }
    /* while an adapter isn't open, its offsets are not used */
    if (!vlan->use_pools && vlan->open) {
        return is_slot_offset(vlan->last_added) &&
               is_slot_offset(vlan->last_taken);
    }
    return !vlan->use_pools || vlan->n_buffers == n;
}
