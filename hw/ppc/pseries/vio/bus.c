/*
 * pSeries platform: the virtual I/O (VIO) bus
 *
 * LoPAR section 17.2.1.  Devices are told apart by their unit address (reg=),
 * each has one interrupt, and all of them are children of /vdevice in the
 * device tree.  The bus is made by machine init; devices by the user or by
 * machine init.  All of it under the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "hw/qdev-properties.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "hw/ppc/pseries/trace.h"
#include "device.h"

/* Unit addresses of devices without reg= start here */
#define VIO_REG_BASE 0x71000000

static char *device_name(DeviceState *qdev)
{
    PaprVioDevice *dev = PAPR_VIO_DEVICE(qdev);

    return g_strdup_printf("%s@%x", PAPR_VIO_DEVICE_GET_CLASS(dev)->dt_name,
                           dev->reg);
}

/*
 * A device's interrupt follows from its unit address, so that it is the same
 * on both sides of a migration.  libvirt numbers terminals from 0x30000000 and
 * other devices from 0x1000, both in steps of 0x1000; QEMU counts by one from
 * VIO_REG_BASE.  If two addresses have the same number, papr_irq_assign() fails
 * for the second device.  Old machine versions, whose interrupt numbers are
 * packed, ignore this number: theirs depends on the order of the devices.
 */
static uint32_t irq_of_reg(uint32_t reg)
{
    if (reg >= VIO_REG_BASE) {
        return PAPR_IRQ_VIO + (reg & 0xff);
    }
    if (reg >= 0x30000000) {
        return PAPR_IRQ_VIO + 0xf0 + ((reg >> 12) & 0xf);
    }
    return PAPR_IRQ_VIO + ((reg >> 12) & 0xff);
}

static bool is_free(PaprVioBus *bus, uint32_t reg)
{
    return !papr_vio_find(bus, reg) &&
           papr_irq_assignable(bus->irqs, irq_of_reg(reg));
}

static bool settle_reg(PaprVioDevice *dev, Error **errp)
{
    PaprVioBus *bus = papr_vio_bus_of(dev);
    PaprVioDevice *other;

    if (dev->reg == UINT32_MAX) {
        /* try each interrupt; if none is free, papr_irq_assign() fails */
        for (int i = 0; i < 256 && !is_free(bus, bus->next_reg); i++) {
            bus->next_reg++;
        }
        dev->reg = bus->next_reg++;
        return true;
    }
    other = papr_vio_find_other(bus, dev->reg, dev);
    if (!other) {
        return true;
    }
    error_setg(errp, "%s and %s devices conflict at address 0x%x: give one of "
               "them another reg=", object_get_typename(OBJECT(dev)),
               object_get_typename(OBJECT(other)), dev->reg);
    return false;
}

static void device_realize(DeviceState *qdev, Error **errp)
{
    ERRP_GUARD();
    PaprVioDevice *dev = PAPR_VIO_DEVICE(qdev);
    PaprVioDeviceClass *vdc = PAPR_VIO_DEVICE_GET_CLASS(dev);

    if (!settle_reg(dev, errp)) {
        return;
    }
    if (!qdev->id) {
        qdev->id = device_name(qdev);
    }
    dev->irq = papr_irq_assign(papr_vio_bus_of(dev)->irqs,
                               irq_of_reg(dev->reg), false, errp);
    if (!dev->irq) {
        error_prepend(errp, "reg=0x%x: ", dev->reg);
        error_append_hint(errp, "Two units have the same interrupt number, or "
                          "all are in use: try another reg=.\n");
        return;
    }
    if (papr_vio_dma_realize(dev, errp)) {
        vdc->realize(dev, errp);
        if (!*errp) {
            return;
        }
        papr_vio_dma_unrealize(dev);
    }
    papr_irq_release(papr_vio_bus_of(dev)->irqs, dev->irq);
}

static void device_unrealize(DeviceState *qdev)
{
    PaprVioDevice *dev = PAPR_VIO_DEVICE(qdev);
    PaprVioDeviceClass *vdc = PAPR_VIO_DEVICE_GET_CLASS(dev);

    if (vdc->unrealize) {
        vdc->unrealize(dev);
    }
    papr_vio_dma_unrealize(dev);
    papr_irq_release(papr_vio_bus_of(dev)->irqs, dev->irq);
}

static void device_reset(DeviceState *qdev)
{
    PaprVioDevice *dev = PAPR_VIO_DEVICE(qdev);
    PaprVioDeviceClass *vdc = PAPR_VIO_DEVICE_GET_CLASS(dev);

    papr_crq_close(dev);
    papr_vio_dma_reset(dev);
    dev->signal_state = 0;
    if (vdc->reset) {
        vdc->reset(dev);
    }
}

/* H_VIO_SIGNAL, LoPAR 17.2.1.3.1: r4 unit address, r5 mode */
static int64_t h_vio_signal(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprVioDevice *dev = papr_vio_find(opaque, args[0]);

    if (!dev || (args[1] & ~PAPR_VIO_DEVICE_GET_CLASS(dev)->signal_mask)) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_VIO_SIGNAL: no unit 0x%" PRIx64
                      ", or none with mode 0x%" PRIx64 "\n", args[0], args[1]);
        return H_PARAMETER;
    }
    dev->signal_state = args[1];
    trace_papr_vio_signal(dev->reg, args[1]);
    return H_SUCCESS;
}

/*
 * "quiesce", which SLOF calls before the kernel takes over: frees the queues,
 * and clears the mappings
 */
static int32_t rtas_quiesce(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprVioBus *bus = opaque;
    BusChild *kid;

    QTAILQ_FOREACH(kid, &BUS(bus)->children, sibling) {
        PaprVioDevice *dev = (PaprVioDevice *)kid->child;

        papr_crq_close(dev);
        if (dev->tcet) {
            papr_tce_clear(dev->tcet);
        }
    }
    return RTAS_SUCCESS;
}

static const PaprHcall vio_hcalls[] = {
    { H_VIO_SIGNAL, 0, 2, 0, h_vio_signal },
};

static const PaprRtasEntry vio_rtas[] = {
    { RTAS_QUIESCE, 0, 1, rtas_quiesce },
};

PaprVioBus *papr_vio_bus_new(PaprHcallTable *hcalls, PaprRtas *rtas,
                             PaprIrqs *irqs, PaprIommu *iommu)
{
    DeviceState *bridge = qdev_new(TYPE_PAPR_VIO_BRIDGE);
    PaprVioBus *bus = PAPR_VIO_BUS(qbus_new(TYPE_PAPR_VIO_BUS, bridge,
                                            "spapr-vio"));

    bus->hcalls = hcalls;
    bus->rtas = rtas;
    bus->irqs = irqs;
    bus->iommu = iommu;
    bus->next_reg = VIO_REG_BASE;
    sysbus_realize_and_unref(SYS_BUS_DEVICE(bridge), &error_fatal);

    papr_hcall_register(hcalls, vio_hcalls, ARRAY_SIZE(vio_hcalls), bus);
    papr_rtas_register(rtas, vio_rtas, ARRAY_SIZE(vio_rtas), bus);
    papr_vio_dma_init(bus);
    papr_crq_init(bus);
    papr_vlan_init(bus);
    papr_vty_init(bus);
    papr_nvram_init(bus);
    return bus;
}

void papr_vio_firmware_start(PaprVioBus *bus)
{
    BusChild *kid;

    QTAILQ_FOREACH(kid, &BUS(bus)->children, sibling) {
        PaprVioDevice *dev = (PaprVioDevice *)kid->child;

        if (papr_vio_class(dev)->firmware_start) {
            papr_vio_class(dev)->firmware_start(dev);
        }
    }
}

static void device_dt(PaprVioDevice *dev, PaprDt *dt)
{
    PaprVioDeviceClass *vdc = PAPR_VIO_DEVICE_GET_CLASS(dev);

    papr_dt_begin(dt, "%s@%x", vdc->dt_name, dev->reg);
    papr_dt_u32(dt, "reg", dev->reg);
    if (vdc->dt_type) {
        papr_dt_string(dt, "device_type", vdc->dt_type);
    }
    if (vdc->dt_compatible) {
        papr_dt_string(dt, "compatible", vdc->dt_compatible);
    }
    /* second cell: 0 for an edge, LoPAR B.5.5 */
    papr_dt_cell_list(dt, "interrupts", dev->irq, 0);
    papr_vio_dma_dt(dev, dt);
    if (vdc->dt) {
        vdc->dt(dev, dt);
    }
    papr_dt_end(dt);
}

static int by_reg(gconstpointer a, gconstpointer b)
{
    uint32_t ra = (*(PaprVioDevice *const *)a)->reg;
    uint32_t rb = (*(PaprVioDevice *const *)b)->reg;

    return ra < rb ? -1 : ra > rb;
}

void papr_vio_dt(PaprVioBus *bus, PaprDt *dt)
{
    g_autoptr(GPtrArray) devices = g_ptr_array_new();
    BusChild *kid;

    QTAILQ_FOREACH(kid, &BUS(bus)->children, sibling) {
        g_ptr_array_add(devices, kid->child);
    }
    g_ptr_array_sort(devices, by_reg);

    papr_dt_begin(dt, "vdevice");
    papr_dt_string(dt, "device_type", "vdevice");
    papr_dt_string(dt, "compatible", "IBM,vdevice");
    papr_dt_u32(dt, "#address-cells", 1);
    papr_dt_u32(dt, "#size-cells", 0);
    papr_dt_u32(dt, "#interrupt-cells", 2);
    papr_dt_empty(dt, "interrupt-controller");
    for (guint i = 0; i < devices->len; i++) {
        device_dt(g_ptr_array_index(devices, i), dt);
    }
    papr_dt_end(dt);
}

static int vio_post_load(void *opaque, int version_id)
{
    PaprVioDevice *dev = opaque;
    PaprCrq *crq = &dev->crq;

    if (dev->signal_state & ~papr_vio_class(dev)->signal_mask) {
        error_report("unit 0x%x: the stream's H_VIO_SIGNAL state 0x%" PRIx64
                     " is not possible", dev->reg, dev->signal_state);
        return -EINVAL;
    }
    if (!crq->size) {
        *crq = (PaprCrq) {};
        return 0;
    }
    if (!papr_vio_class(dev)->crq_entry ||
        !papr_crq_is_queue(crq->addr, crq->size) ||
        crq->next >= crq->size || crq->next % PAPR_CRQ_ENTRY_BYTES) {
        error_report("unit 0x%x: the stream's queue of 0x%" PRIx32 " bytes at "
                     "0x%" PRIx64 ", entry at 0x%" PRIx32 ", is not possible",
                     dev->reg, crq->size, crq->addr, crq->next);
        return -EINVAL;
    }
    return 0;
}

const VMStateDescription vmstate_papr_vio = {
    .name = "spapr_vio",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = vio_post_load,
    .fields = (const VMStateField[]) {
        /* both follow from the options: the source's must be the same */
        VMSTATE_UINT32_EQUAL(reg, PaprVioDevice, NULL),
        VMSTATE_UINT32_EQUAL(irq, PaprVioDevice, NULL),
        VMSTATE_UINT64(signal_state, PaprVioDevice),
        VMSTATE_UINT64(crq.addr, PaprVioDevice),
        VMSTATE_UINT32(crq.size, PaprVioDevice),
        VMSTATE_UINT32(crq.next, PaprVioDevice),
        VMSTATE_END_OF_LIST()
    },
};

static void bus_class_init(ObjectClass *oc, void *data)
{
    BusClass *bc = BUS_CLASS(oc);

    bc->get_dev_path = device_name;
    bc->get_fw_dev_path = device_name;
}

static void bridge_class_init(ObjectClass *oc, void *data)
{
    DEVICE_CLASS(oc)->fw_name = "vdevice";
}

static void device_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = device_realize;
    dc->unrealize = device_unrealize;
    dc->bus_type = TYPE_PAPR_VIO_BUS;
    device_class_set_legacy_reset(dc, device_reset);
}

static const TypeInfo vio_types[] = {
    {
        .name = TYPE_PAPR_VIO_BUS,
        .parent = TYPE_BUS,
        .instance_size = sizeof(PaprVioBus),
        .class_init = bus_class_init,
    }, {
        .name = TYPE_PAPR_VIO_BRIDGE,
        .parent = TYPE_SYS_BUS_DEVICE,
        .class_init = bridge_class_init,
    }, {
        .name = TYPE_PAPR_VIO_DEVICE,
        .parent = TYPE_DEVICE,
        .abstract = true,
        .instance_size = sizeof(PaprVioDevice),
        .class_size = sizeof(PaprVioDeviceClass),
        .class_init = device_class_init,
    },
};

DEFINE_TYPES(vio_types)
