/*
 * pSeries platform: command/response queues (CRQ) of virtual devices
 *
 * LoPAR section 17.2.3.1.  The guest sends the device entries of 16 bytes by
 * hypercall; the device writes its entries to a ring in the guest's memory.  An
 * entry is valid if its first byte is not 0; the guest clears that byte when it
 * has read the entry.  All of it under the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/log.h"
#include "hw/pseries/work.h"
#include "hw/ppc/pseries/trace.h"
#include "device.h"

#define CRQ_UNIT 4096                   /* divides addresses and sizes */

static PaprVioDevice *find_device(PaprVioBus *bus, uint64_t unit,
                                  const char *call)
{
    PaprVioDevice *dev = papr_vio_find(bus, unit);

    if (!dev) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no unit 0x%" PRIx64 "\n", call,
                      unit);
    }
    return dev;
}

void papr_crq_close(PaprVioDevice *dev)
{
    PaprVioDeviceClass *vdc = papr_vio_class(dev);

    dev->crq = (PaprCrq) {};
    if (vdc->stop) {
        vdc->stop(dev);
    }
}

bool papr_crq_is_queue(uint64_t addr, uint64_t size)
{
    return size && size <= PAPR_CRQ_MAX && size % CRQ_UNIT == 0 &&
           addr % CRQ_UNIT == 0;
}

/* H_REG_CRQ: r4 unit address, r5 I/O address, r6 bytes */
static int64_t h_reg_crq(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprVioDevice *dev = find_device(opaque, args[0], "H_REG_CRQ");
    uint64_t addr = args[1], size = args[2];

    if (!dev) {
        return H_PARAMETER;
    }
    if (!papr_vio_class(dev)->crq_entry) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_REG_CRQ: unit 0x%x has no queue\n",
                      dev->reg);
        return H_NOT_FOUND;
    }
    if (dev->crq.size) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_REG_CRQ: unit 0x%x already has a "
                      "queue\n", dev->reg);
        return H_RESOURCE;
    }
    papr_work_add(2 * MIN(size, PAPR_CRQ_MAX) / PAPR_VIO_PAGE);
    if (!papr_crq_is_queue(addr, size) ||
        !papr_vio_may_access(dev, addr, size, DMA_DIRECTION_TO_DEVICE) ||
        !papr_vio_may_access(dev, addr, size, DMA_DIRECTION_FROM_DEVICE)) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_REG_CRQ: unit 0x%x, queue at 0x%"
                      PRIx64 ", 0x%" PRIx64 " bytes\n", dev->reg, addr, size);
        return H_PARAMETER;
    }
    dev->crq = (PaprCrq) { .addr = addr, .size = size };
    dev->signal_state = 0;
    trace_papr_crq_register(dev->reg, addr, size);
    return H_SUCCESS;
}

/* H_FREE_CRQ: r4 unit address; H_SUCCESS also if there is no queue */
static int64_t h_free_crq(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprVioDevice *dev = find_device(opaque, args[0], "H_FREE_CRQ");

    if (!dev) {
        return H_PARAMETER;
    }
    if (papr_vio_class(dev)->crq_entry) {
        papr_crq_close(dev);
        dev->signal_state = 0;
        trace_papr_crq_free(dev->reg);
    }
    return H_SUCCESS;
}

/* H_SEND_CRQ: r4 unit address, r5 and r6 entry */
static int64_t h_send_crq(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprVioDevice *dev = find_device(opaque, args[0], "H_SEND_CRQ");
    PaprCrqEntry entry = { .high = args[1], .low = args[2] };
    uint8_t header = entry.high >> 56;

    if (!dev) {
        return H_PARAMETER;
    }
    if (header < 0x80 || header == PAPR_CRQ_TRANSPORT) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_SEND_CRQ: unit 0x%x, header 0x%x\n",
                      dev->reg, header);
        return H_PARAMETER;
    }
    if (!dev->crq.size) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_SEND_CRQ: unit 0x%x has no queue\n",
                      dev->reg);
        return H_CLOSED;
    }
    trace_papr_crq_from_guest(dev->reg, entry.high, entry.low);
    return papr_vio_class(dev)->crq_entry(dev, &entry);
}

/* H_ENABLE_CRQ: r4 unit address.  No queue is ever disabled */
static int64_t h_enable_crq(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    return find_device(opaque, args[0], "H_ENABLE_CRQ") ? H_SUCCESS
                                                        : H_PARAMETER;
}

static const PaprHcall crq_hcalls[] = {
    { H_REG_CRQ, 0, 3, 0, h_reg_crq },
    { H_FREE_CRQ, 0, 1, 0, h_free_crq },
    { H_SEND_CRQ, 0, 3, 0, h_send_crq },
    { H_ENABLE_CRQ, 0, 1, 0, h_enable_crq },
};

void papr_crq_init(PaprVioBus *bus)
{
    papr_hcall_register(bus->hcalls, crq_hcalls, ARRAY_SIZE(crq_hcalls), bus);
}

bool papr_crq_send(PaprVioDevice *dev, const PaprCrqEntry *entry)
{
    uint64_t addr = dev->crq.addr + dev->crq.next;
    uint64_t present;

    if (!dev->crq.size || !papr_vio_read_be64(dev, addr, &present) ||
        (present >> 56)) {
        qemu_log_mask(LOG_GUEST_ERROR, "unit 0x%x: %s\n", dev->reg,
                      dev->crq.size ? "its queue is full or not mapped"
                                    : "no queue for an answer");
        return false;
    }
    if (!papr_vio_write_be64(dev, addr + 8, entry->low)) {
        return false;
    }
    /* the header last: it tells the guest that the entry is valid */
    smp_wmb();
    if (!papr_vio_write_be64(dev, addr, entry->high)) {
        return false;
    }
    dev->crq.next = (dev->crq.next + PAPR_CRQ_ENTRY_BYTES) % dev->crq.size;
    trace_papr_crq_to_guest(dev->reg, entry->high, entry->low);
    papr_vio_notify(dev);
    return true;
}
