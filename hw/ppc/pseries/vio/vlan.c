/*
 * pSeries platform: logical LAN adapter ("spapr-vlan")
 *
 * LoPAR section 17.3.  An Ethernet adapter that the guest drives by hypercalls:
 * it registers a receive queue, gives buffers, and sends a packet as a list of
 * up to six pieces.  Packets to any address are delivered: the platform's
 * option to filter by address is not implemented.  All of it under the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/qdev-properties.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "system/system.h"
#include "hw/pseries/work.h"
#include "hw/ppc/pseries/trace.h"
#include "vlan.h"

#define SEND_PIECES 6

/*
 * Packets that wait are delivered this long after a buffer is added: guests add
 * many buffers, one by one, and a large datagram needs several.
 */
#define FLUSH_DELAY_US 500

/* H_MULTICAST_CTRL: flags and the result in r4 */
#define MULTICAST_FLAGS          0xf0003
#define MULTICAST_TABLE(flags)   ((flags) & 3)
#define MULTICAST_TABLE_ADD      1
#define MULTICAST_TABLE_REMOVE   2
#define MULTICAST_RECEIVE_ON     (1 << 17)

/* H_ILLAN_ATTRIBUTES: those that guests may ask for and don't get */
#define ATTR_LARGE_RECEIVE       (1 << 16)
#define ATTR_SIZE_CONTROL        (1 << 12)
#define ATTR_SUM_IPV6            (1 << 2)
#define ATTR_SUM_IPV4            (1 << 1)
#define ATTR_TRUNK               (1 << 0)
#define ATTR_REFUSED (ATTR_LARGE_RECEIVE | ATTR_SIZE_CONTROL | ATTR_SUM_IPV6 | \
                      ATTR_SUM_IPV4 | ATTR_TRUNK)

static void vlan_realize(PaprVioDevice *vio, Error **errp);

static PaprVlan *find_vlan(PaprVioBus *bus, uint64_t unit, const char *call)
{
    PaprVioDevice *dev = papr_vio_find(bus, unit);

    /* of this class */
    if (dev && papr_vio_class(dev)->realize == vlan_realize) {
        return container_of(dev, PaprVlan, vio);
    }
    qemu_log_mask(LOG_GUEST_ERROR, "%s: no LAN adapter 0x%" PRIx64 "\n", call,
                  unit);
    return NULL;
}

static int64_t bad_argument(PaprVlan *vlan, const char *call, uint64_t value)
{
    qemu_log_mask(LOG_GUEST_ERROR, "%s: unit 0x%x, 0x%" PRIx64 "\n", call,
                  vlan->vio.reg, value);
    return H_PARAMETER;
}

static bool is_mapped(PaprVlan *vlan, uint64_t addr, uint64_t len,
                      uint64_t align)
{
    PaprVioDevice *vio = &vlan->vio;

    papr_work_add(2 * len / PAPR_VIO_PAGE);
    return addr % align == 0 && len % align == 0 &&
           papr_vio_may_access(vio, addr, len, DMA_DIRECTION_TO_DEVICE) &&
           papr_vio_may_access(vio, addr, len, DMA_DIRECTION_FROM_DEVICE);
}

static void set_mac(PaprVlan *vlan, uint64_t mac)
{
    uint8_t bytes[8];

    stq_be_p(bytes, mac);
    memcpy(vlan->conf.macaddr.a, bytes + 2, sizeof(MACAddr));
    qemu_format_nic_info_str(qemu_get_queue(vlan->nic), vlan->conf.macaddr.a);
}

/*
 * H_REGISTER_LOGICAL_LAN: r4 unit address, r5 buffer list, r6 descriptor of the
 * receive queue, r7 filter list, r8 MAC address
 */
static int64_t h_register(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    static const char call[] = "H_REGISTER_LOGICAL_LAN";
    PaprVlan *vlan = find_vlan(opaque, args[0], call);
    uint64_t list = args[1], queue = args[2], filter = args[3];

    if (!vlan) {
        return H_PARAMETER;
    }
    if (vlan->open) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: unit 0x%x is registered already\n",
                      call, vlan->vio.reg);
        return H_RESOURCE;
    }
    if (list > UINT32_MAX || !is_mapped(vlan, list, VLAN_PAGE, VLAN_PAGE)) {
        return bad_argument(vlan, call, list);
    }
    if (filter > UINT32_MAX || !is_mapped(vlan, filter, VLAN_PAGE, VLAN_PAGE)) {
        return bad_argument(vlan, call, filter);
    }
    if (!(queue & VLAN_BD_VALID) || !vlan_bd_len(queue) ||
        !is_mapped(vlan, vlan_bd_addr(queue), vlan_bd_len(queue), 16)) {
        return bad_argument(vlan, call, queue);
    }
    vlan->list = list;
    vlan->vio.signal_state = 0;
    if (!vlan_rx_open(vlan, queue, VLAN_BD_VALID | (uint64_t)VLAN_PAGE << 32 |
                                   filter)) {
        return H_HARDWARE;
    }
    vlan->open = true;
    set_mac(vlan, args[4]);
    trace_papr_vlan_register(vlan->vio.reg, list, queue);
    return H_SUCCESS;
}

static void close_vlan(PaprVlan *vlan)
{
    vlan->open = false;
    vlan->list = 0;
    vlan_rx_reset(vlan);
    timer_del(vlan->flush_timer);
    vlan->conf.macaddr = vlan->own_mac;
    qemu_format_nic_info_str(qemu_get_queue(vlan->nic), vlan->conf.macaddr.a);
}

/* H_FREE_LOGICAL_LAN: r4 unit address */
static int64_t h_free(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    static const char call[] = "H_FREE_LOGICAL_LAN";
    PaprVlan *vlan = find_vlan(opaque, args[0], call);

    if (!vlan) {
        return H_PARAMETER;
    }
    if (!vlan->open) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: unit 0x%x is not registered\n",
                      call, vlan->vio.reg);
        return H_RESOURCE;
    }
    close_vlan(vlan);
    vlan->vio.signal_state = 0;
    trace_papr_vlan_free(vlan->vio.reg);
    return H_SUCCESS;
}

/* H_ADD_LOGICAL_LAN_BUFFER: r4 unit address, r5 descriptor */
static int64_t h_add_buffer(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    static const char call[] = "H_ADD_LOGICAL_LAN_BUFFER";
    PaprVlan *vlan = find_vlan(opaque, args[0], call);
    uint64_t bd = args[1];
    int64_t rc;

    if (!vlan) {
        return H_PARAMETER;
    }
    if (vlan_bd_len(bd) < 16 ||
        !is_mapped(vlan, vlan_bd_addr(bd), vlan_bd_len(bd), 4)) {
        return bad_argument(vlan, call, bd);
    }
    if (!vlan->open) {
        return H_RESOURCE;
    }
    rc = vlan_rx_add(vlan, bd);
    trace_papr_vlan_add_buffer(vlan->vio.reg, bd, vlan->n_buffers, rc);
    if (rc == H_SUCCESS && !timer_pending(vlan->flush_timer)) {
        timer_mod(vlan->flush_timer,
                  qemu_clock_get_us(QEMU_CLOCK_VIRTUAL) + FLUSH_DELAY_US);
    }
    return rc;
}

/* H_FREE_LOGICAL_LAN_BUFFER: r4 unit address, r5 bytes */
static int64_t h_free_buffer(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprVlan *vlan = find_vlan(opaque, args[0], "H_FREE_LOGICAL_LAN_BUFFER");

    if (!vlan) {
        return H_PARAMETER;
    }
    return vlan->open && vlan_rx_free_buffer(vlan, args[1]) ? H_SUCCESS
                                                          : H_NOT_FOUND;
}

/* Copies the pieces into vlan->packet; the sum of lengths, or an H_ code */
static int64_t gather_packet(PaprVlan *vlan, const uint64_t *bds)
{
    uint32_t total = 0;

    for (int i = 0; i < SEND_PIECES && (bds[i] & VLAN_BD_VALID); i++) {
        uint32_t len = vlan_bd_len(bds[i]);

        if (!len) {
            break;
        }
        if (len > VLAN_MAX_PACKET - total) {
            return H_RESOURCE;
        }
        if (!papr_vio_read(&vlan->vio, vlan_bd_addr(bds[i]),
                           vlan->packet + total, len)) {
            return H_PARAMETER;
        }
        total += len;
    }
    return total;
}

/*
 * H_SEND_LOGICAL_LAN: r4 unit address, r5 to r10 descriptors, r11 continue
 * token.  A call is never interrupted, so that there is nothing to continue.
 */
static int64_t h_send(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    static const char call[] = "H_SEND_LOGICAL_LAN";
    PaprVlan *vlan = find_vlan(opaque, args[0], call);
    int64_t len;

    if (!vlan) {
        return H_PARAMETER;
    }
    if (!vlan->open) {
        return H_DROPPED;
    }
    /* no checksum offload: H_ILLAN_ATTRIBUTES refuses it */
    if (args[7] || (args[1] & (VLAN_BD_NO_SUM | VLAN_BD_SUM_OK))) {
        return bad_argument(vlan, call, args[7] ?: args[1]);
    }
    len = gather_packet(vlan, args + 1);
    trace_papr_vlan_send(vlan->vio.reg, len);
    if (len < 0) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: unit 0x%x, pieces that are not "
                      "mapped or too long\n", call, vlan->vio.reg);
        return len;
    }
    if (len) {
        qemu_send_packet(qemu_get_queue(vlan->nic), vlan->packet, len);
    }
    return H_SUCCESS;
}

/*
 * H_MULTICAST_CTRL: r4 unit address, r5 flags, r6 address; out: r4 flags in
 * force.  The filter has no entries ("ibm,mac-address-filters"), and all
 * multicast packets are delivered: drivers request that when the filter is
 * full.
 */
static int64_t h_multicast(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    static const char call[] = "H_MULTICAST_CTRL";
    PaprVlan *vlan = find_vlan(opaque, args[0], call);
    uint64_t flags = args[1], table = MULTICAST_TABLE(flags);

    if (!vlan) {
        return H_PARAMETER;
    }
    if (flags & ~(uint64_t)MULTICAST_FLAGS) {
        return bad_argument(vlan, call, flags);
    }
    if ((table == MULTICAST_TABLE_ADD || table == MULTICAST_TABLE_REMOVE) &&
        args[2] >> 48) {
        return bad_argument(vlan, call, args[2]);
    }
    args[0] = MULTICAST_RECEIVE_ON;
    switch (table) {
    case MULTICAST_TABLE_ADD:
        return H_CONSTRAINED;
    case MULTICAST_TABLE_REMOVE:
        return H_NOT_FOUND;
    default:
        return H_SUCCESS;
    }
}

/* H_CHANGE_LOGICAL_LAN_MAC: r4 unit address, r5 MAC address */
static int64_t h_change_mac(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprVlan *vlan = find_vlan(opaque, args[0], "H_CHANGE_LOGICAL_LAN_MAC");

    if (!vlan) {
        return H_PARAMETER;
    }
    set_mac(vlan, args[1]);
    trace_papr_vlan_mac(vlan->vio.reg, args[1]);
    return H_SUCCESS;
}

/*
 * H_ILLAN_ATTRIBUTES: r4 unit address, r5 bits to clear, r6 bits to set; out:
 * r4 attributes.  No option that has a bit is implemented.
 */
static int64_t h_attributes(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprVlan *vlan = find_vlan(opaque, args[0], "H_ILLAN_ATTRIBUTES");

    if (!vlan) {
        return H_PARAMETER;
    }
    args[0] = 0;
    return args[2] & ATTR_REFUSED ? H_CONSTRAINED : H_SUCCESS;
}

static const PaprHcall vlan_hcalls[] = {
    { H_REGISTER_LOGICAL_LAN, 0, 5, 0, h_register },
    { H_FREE_LOGICAL_LAN, 0, 1, 0, h_free },
    { H_ADD_LOGICAL_LAN_BUFFER, 0, 2, 0, h_add_buffer },
    { H_FREE_LOGICAL_LAN_BUFFER, 0, 2, 0, h_free_buffer },
    { H_SEND_LOGICAL_LAN, 0, 8, 0, h_send },
    { H_MULTICAST_CTRL, 0, 3, 1, h_multicast },
    { H_CHANGE_LOGICAL_LAN_MAC, 0, 2, 0, h_change_mac },
    { H_ILLAN_ATTRIBUTES, 0, 3, 1, h_attributes },
};

void papr_vlan_init(PaprVioBus *bus)
{
    papr_hcall_register(bus->hcalls, vlan_hcalls, ARRAY_SIZE(vlan_hcalls), bus);
}

void papr_vio_add_vlan(PaprVioBus *bus, NICInfo *nd)
{
    DeviceState *dev = qdev_new(TYPE_PAPR_VLAN);

    qdev_set_nic_properties(dev, nd);
    qdev_realize_and_unref(dev, BUS(bus), &error_fatal);
}

static void flush_waiting(void *opaque)
{
    qemu_flush_queued_packets(qemu_get_queue(((PaprVlan *)opaque)->nic));
}

static NetClientInfo vlan_net = {
    .type = NET_CLIENT_DRIVER_NIC,
    .size = sizeof(NICState),
    .can_receive = vlan_can_receive,
    .receive = vlan_receive,
};

static void vlan_realize(PaprVioDevice *vio, Error **errp)
{
    PaprVlan *vlan = PAPR_VLAN(vio);
    DeviceState *qdev = DEVICE(vio);

    qemu_macaddr_default_if_unset(&vlan->conf.macaddr);
    vlan->own_mac = vlan->conf.macaddr;
    vlan->nic = qemu_new_nic(&vlan_net, &vlan->conf,
                             object_get_typename(OBJECT(vio)), qdev->id,
                             &qdev->mem_reentrancy_guard, vlan);
    vlan->flush_timer = timer_new_us(QEMU_CLOCK_VIRTUAL, flush_waiting, vlan);
    close_vlan(vlan);
}

static void vlan_unrealize(PaprVioDevice *vio)
{
    PaprVlan *vlan = PAPR_VLAN(vio);

    timer_free(vlan->flush_timer);
    qemu_del_nic(vlan->nic);
}

static void vlan_stop(PaprVioDevice *vio)
{
    close_vlan(PAPR_VLAN(vio));
}

/*
 * Linux before 3.10 doesn't look at the length of the property: it expects two
 * bytes of padding before the address, unless the low bits of the first byte
 * are 0b10.
 */
static void vlan_dt(PaprVioDevice *vio, PaprDt *dt)
{
    PaprVlan *vlan = PAPR_VLAN(vio);
    uint8_t padded[8] = {};
    size_t skip = (vlan->own_mac.a[0] & 3) == 2 ? 2 : 0;

    memcpy(padded + 2, vlan->own_mac.a, sizeof(MACAddr));
    papr_dt_bytes(dt, "local-mac-address", padded + skip,
                  sizeof(padded) - skip);
    papr_dt_u32(dt, "ibm,mac-address-filters", 0);
}

static bool has_pools(void *opaque)
{
    return ((PaprVlan *)opaque)->use_pools;
}

static const VMStateDescription vmstate_pool = {
    .name = "spapr_llan/rx_buffer_pool",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_INT32(size, VlanPool),
        VMSTATE_INT32(count, VlanPool),
        VMSTATE_UINT64_ARRAY(bds, VlanPool, VLAN_POOL_BUFFERS),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_pools = {
    .name = "spapr_llan/rx_pools",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = has_pools,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_ARRAY(pools, PaprVlan, VLAN_POOLS, 1, vmstate_pool,
                             VlanPool),
        VMSTATE_END_OF_LIST()
    },
};

static int vlan_post_load(void *opaque, int version_id)
{
    return vlan_rx_check(opaque) ? 0 : -EINVAL;
}

static const VMStateDescription vmstate_vlan = {
    .name = "spapr_llan",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = vlan_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_PAPR_VIO(vio, PaprVlan),
        VMSTATE_BOOL(open, PaprVlan),
        VMSTATE_UINT64(list, PaprVlan),
        VMSTATE_UINT32(last_added, PaprVlan),
        VMSTATE_UINT32(last_taken, PaprVlan),
        VMSTATE_UINT32(n_buffers, PaprVlan),
        VMSTATE_UINT64(queue_offset, PaprVlan),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription *const []) {
        &vmstate_pools,
        NULL
    },
};

static const Property vlan_properties[] = {
    PAPR_VIO_PROPERTIES(PaprVlan, vio),
    DEFINE_NIC_PROPERTIES(PaprVlan, conf),
    DEFINE_PROP_BOOL("use-rx-buffer-pools", PaprVlan, use_pools, true),
};

static void vlan_instance_init(Object *obj)
{
    device_add_bootindex_property(obj, &PAPR_VLAN(obj)->conf.bootindex,
                                  "bootindex", "", DEVICE(obj));
}

static void vlan_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    PaprVioDeviceClass *vdc = PAPR_VIO_DEVICE_CLASS(oc);

    vdc->realize = vlan_realize;
    vdc->unrealize = vlan_unrealize;
    vdc->stop = vlan_stop;
    vdc->dt = vlan_dt;
    vdc->dt_name = "l-lan";
    vdc->dt_type = "network";
    vdc->dt_compatible = "IBM,l-lan";
    vdc->signal_mask = 1;
    vdc->dma_window = PAPR_VIO_DMA_WINDOW;
    dc->vmsd = &vmstate_vlan;
    set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);
    device_class_set_props(dc, vlan_properties);
}

static const TypeInfo vlan_type = {
    .name = TYPE_PAPR_VLAN,
    .parent = TYPE_PAPR_VIO_DEVICE,
    .instance_size = sizeof(PaprVlan),
    .instance_init = vlan_instance_init,
    .class_init = vlan_class_init,
};

static void register_types(void)
{
    type_register_static(&vlan_type);
}

type_init(register_types)
