/*
 * pSeries platform: virtual I/O (VIO) devices (private to vio/)
 *
 * All of it under the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_VIO_DEVICE_H
#define HW_PPC_PSERIES_VIO_DEVICE_H

#include "hw/pseries/vio.h"
#include "hw/qdev-core.h"
#include "qom/object.h"

#define TYPE_PAPR_VIO_BRIDGE "spapr-vio-bridge"
#define TYPE_PAPR_VIO_BUS "spapr-vio-bus"
#define TYPE_PAPR_VIO_DEVICE "vio-spapr-device"

OBJECT_DECLARE_SIMPLE_TYPE(PaprVioBus, PAPR_VIO_BUS)
OBJECT_DECLARE_TYPE(PaprVioDevice, PaprVioDeviceClass, PAPR_VIO_DEVICE)

struct PaprVioBus {
    BusState parent_obj;

    PaprHcallTable *hcalls;
    PaprRtas *rtas;
    PaprIrqs *irqs;
    uint32_t next_reg;                  /* for devices without reg= */
};

/**
 * PaprCrq - command/response queue (CRQ) of a device, LoPAR 17.2.3.1
 *
 * Part of every device's stream; none of the devices without DMA has one.
 */
typedef struct PaprCrq {
    uint64_t addr;                      /* I/O address */
    uint32_t size;                      /* bytes; 0: not registered */
    uint32_t next;                      /* offset of the next entry to fill */
} PaprCrq;

struct PaprVioDevice {
    DeviceState parent_obj;

    uint32_t reg;                       /* unit address */
    uint32_t irq;
    uint64_t signal_state;              /* H_VIO_SIGNAL; 1: interrupts on */
    PaprCrq crq;
};

struct PaprVioDeviceClass {
    DeviceClass parent_class;

    const char *dt_name;
    const char *dt_type;
    const char *dt_compatible;
    uint64_t signal_mask;               /* bits H_VIO_SIGNAL may set */

    void (*realize)(PaprVioDevice *dev, Error **errp);
    void (*reset)(PaprVioDevice *dev);
    void (*unrealize)(PaprVioDevice *dev);
    /* further properties of the device's node */
    void (*dt)(PaprVioDevice *dev, PaprDt *dt);
};

#define PAPR_VIO_PROPERTIES(state, field)                                   \
    DEFINE_PROP_UINT32("reg", state, field.reg, UINT32_MAX)

/** vmstate_papr_vio: the device's common part, section field "spapr_vio" */
extern const VMStateDescription vmstate_papr_vio;
#define VMSTATE_PAPR_VIO(field, state)                                      \
    VMSTATE_STRUCT(field, state, 0, vmstate_papr_vio, PaprVioDevice)

static inline PaprVioBus *papr_vio_bus_of(PaprVioDevice *dev)
{
    return (PaprVioBus *)qdev_get_parent_bus(DEVICE(dev));
}

/** papr_vio_find: the device with unit address @reg, or NULL */
PaprVioDevice *papr_vio_find(PaprVioBus *bus, uint64_t reg);

/** papr_vio_signal: interrupt the guest; an edge */
void papr_vio_signal(PaprVioDevice *dev);

/* vty.c: registers the terminal calls of @bus */
void papr_vty_init(PaprVioBus *bus);

/* nvram.c: registers the RTAS calls of @bus */
void papr_nvram_init(PaprVioBus *bus);

#endif
