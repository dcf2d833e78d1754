/*
 * pSeries platform: virtual I/O (VIO) devices (private to vio/)
 *
 * All of it under the BQL, DMA (direct memory access) included.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_VIO_DEVICE_H
#define HW_PPC_PSERIES_VIO_DEVICE_H

#include "hw/pseries/vio.h"
#include "hw/pseries/work.h"
#include "hw/qdev-core.h"
#include "qemu/units.h"
#include "qom/object.h"
#include "system/dma.h"

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
    PaprIommu *iommu;
    uint32_t next_reg;                  /* for devices without reg= */
};

/**
 * PaprCrq - command/response queue (CRQ) of a device, LoPAR 17.2.3.1
 *
 * A ring in the guest's memory for what the device sends.  It is in the stream
 * of every device but the nvram, also if the device has no CRQ (terminals).
 */
typedef struct PaprCrq {
    uint64_t addr;                      /* I/O address */
    uint32_t size;                      /* bytes; 0: not registered */
    uint32_t next;                      /* offset of the next entry to fill */
} PaprCrq;

#define PAPR_CRQ_ENTRY_BYTES 16

/* Bytes of the largest queue: H_REG_CRQ checks that all of it is mapped */
#define PAPR_CRQ_MAX (16 * MiB)

/** papr_crq_is_queue: valid address and size?  Mappings are not checked */
bool papr_crq_is_queue(uint64_t addr, uint64_t size);

/** PaprCrqEntry: what goes through a CRQ, either way; host endian */
typedef struct PaprCrqEntry {
    uint64_t high;                      /* its first byte is the header */
    uint64_t low;
} PaprCrqEntry;

/* Headers of entries: LoPAR Table 17.9 */
#define PAPR_CRQ_COMMAND   0x80
#define PAPR_CRQ_INIT      0xc0
#define PAPR_CRQ_TRANSPORT 0xff         /* only the platform sends those */

struct PaprVioDevice {
    DeviceState parent_obj;

    uint32_t reg;                       /* unit address */
    uint32_t irq;
    uint64_t signal_state;              /* H_VIO_SIGNAL; 1: interrupts on */
    PaprCrq crq;

    PaprTceTable *tcet;                 /* NULL: the device does no DMA */
    AddressSpace dma;                   /* valid if @tcet is set */
};

struct PaprVioDeviceClass {
    DeviceClass parent_class;

    const char *dt_name;
    const char *dt_type;
    const char *dt_compatible;
    uint64_t signal_mask;               /* bits H_VIO_SIGNAL may set */
    uint64_t dma_window;                /* bytes of I/O addresses; 0: no DMA */

    void (*realize)(PaprVioDevice *dev, Error **errp);
    void (*reset)(PaprVioDevice *dev);
    void (*unrealize)(PaprVioDevice *dev);
    /* further properties of the device's node */
    void (*dt)(PaprVioDevice *dev, PaprDt *dt);
    /*
     * Called at H_FREE_CRQ, quiesce and reset: when it returns nothing may
     * access the guest's queue, or the memory of requests
     */
    void (*stop)(PaprVioDevice *dev);
    /* called at reset with VOF: does what SLOF does before a kernel runs */
    void (*firmware_start)(PaprVioDevice *dev);
    /* the guest sent an entry; NULL: the device has no CRQ */
    int64_t (*crq_entry)(PaprVioDevice *dev, const PaprCrqEntry *entry);
};

#define PAPR_VIO_PAGE 4096              /* of I/O addresses */

/* dma_window of all devices with DMA: enough for buffers of many requests */
#define PAPR_VIO_DMA_WINDOW 0x10000000

/** papr_vio_class: without QOM's check of the type, for hypercalls */
static inline PaprVioDeviceClass *papr_vio_class(PaprVioDevice *dev)
{
    return (PaprVioDeviceClass *)OBJECT(dev)->class;
}

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

/* device.c */

/** papr_vio_find: the device with unit address @reg, or NULL */
PaprVioDevice *papr_vio_find(PaprVioBus *bus, uint64_t reg);
/** papr_vio_find_other: the same, but not @self */
PaprVioDevice *papr_vio_find_other(PaprVioBus *bus, uint64_t reg,
                                   const PaprVioDevice *self);

/** papr_vio_signal: interrupt the guest; an edge */
void papr_vio_signal(PaprVioDevice *dev);

/** papr_vio_notify: papr_vio_signal, if the guest has asked for interrupts */
void papr_vio_notify(PaprVioDevice *dev);

/**
 * papr_vio_may_access: are all of @len bytes at @addr mapped for @dir?
 *
 * True only at the time of the call: the guest may change its table at any
 * time.  DMA then fails, or accesses other RAM of the guest.
 */
static inline bool papr_vio_may_access(PaprVioDevice *dev, uint64_t addr,
                                       uint64_t len, DMADirection dir)
{
    return addr + len >= addr &&
           dma_memory_valid(&dev->dma, addr, len, dir, MEMTXATTRS_UNSPECIFIED);
}

/** papr_vio_read, papr_vio_write: DMA; false when something isn't mapped */
static inline bool papr_vio_read(PaprVioDevice *dev, uint64_t addr, void *buf,
                                 uint64_t len)
{
    papr_work_copied(len);
    return dma_memory_read(&dev->dma, addr, buf, len,
                           MEMTXATTRS_UNSPECIFIED) == MEMTX_OK;
}

static inline bool papr_vio_write(PaprVioDevice *dev, uint64_t addr,
                                  const void *buf, uint64_t len)
{
    papr_work_copied(len);
    return dma_memory_write(&dev->dma, addr, buf, len,
                            MEMTXATTRS_UNSPECIFIED) == MEMTX_OK;
}

bool papr_vio_read_be64(PaprVioDevice *dev, uint64_t addr, uint64_t *value);

/** papr_vio_write_be64: aligned values are written in one piece */
bool papr_vio_write_be64(PaprVioDevice *dev, uint64_t addr, uint64_t value);

/* dma.c: these do nothing for a device whose class has no DMA window */
bool papr_vio_dma_realize(PaprVioDevice *dev, Error **errp);
void papr_vio_dma_unrealize(PaprVioDevice *dev);
void papr_vio_dma_reset(PaprVioDevice *dev);
void papr_vio_dma_dt(PaprVioDevice *dev, PaprDt *dt);
/* registers ibm,set-tce-bypass */
void papr_vio_dma_init(PaprVioBus *bus);

/* crq.c: registers the calls about CRQs */
void papr_crq_init(PaprVioBus *bus);

/** papr_crq_close: free the queue; running requests get no answer */
void papr_crq_close(PaprVioDevice *dev);

/**
 * papr_crq_send - put an entry into the guest's queue, and notify the guest
 *
 * False if the guest has no queue, or the queue is full or not mapped.
 */
bool papr_crq_send(PaprVioDevice *dev, const PaprCrqEntry *entry);

/* vlan.c: registers the calls of logical LANs */
void papr_vlan_init(PaprVioBus *bus);

/* vty.c: registers the terminal calls of @bus */
void papr_vty_init(PaprVioBus *bus);

/* nvram.c: registers the RTAS calls of @bus */
void papr_nvram_init(PaprVioBus *bus);

#endif
