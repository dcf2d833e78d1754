/*
 * pSeries platform: DMA (direct memory access) of virtual devices
 *
 * LoPAR section 17.2.1.2.  A device whose class has a window gets a table of
 * translations, whose number (LIOBN) is the unit address, and an address space
 * that the table translates.  Firmware may ask for bypass: then I/O addresses
 * are real addresses.  All of it under the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qapi/error.h"
#include "hw/ppc/pseries/trace.h"
#include "device.h"

bool papr_vio_read_be64(PaprVioDevice *dev, uint64_t addr, uint64_t *value)
{
    MemTxResult result;

    *value = address_space_ldq_be(&dev->dma, addr, MEMTXATTRS_UNSPECIFIED,
                                  &result);
    return result == MEMTX_OK;
}

bool papr_vio_write_be64(PaprVioDevice *dev, uint64_t addr, uint64_t value)
{
    MemTxResult result;

    address_space_stq_be(&dev->dma, addr, value, MEMTXATTRS_UNSPECIFIED,
                         &result);
    return result == MEMTX_OK;
}

bool papr_vio_dma_realize(PaprVioDevice *dev, Error **errp)
{
    PaprTceWindow window = {
        .pages = PAPR_VIO_DEVICE_GET_CLASS(dev)->dma_window >>
                 PAPR_TCE_PAGE_SHIFT,
        .page_shift = PAPR_TCE_PAGE_SHIFT,
    };

    if (!window.pages) {
        return true;
    }
    dev->tcet = papr_tce_new(papr_vio_bus_of(dev)->iommu, OBJECT(dev),
                             PAPR_LIOBN_VIO(dev->reg), errp);
    if (!dev->tcet) {
        return false;
    }
    if (!papr_tce_enable(dev->tcet, &window, errp)) {
        g_clear_pointer(&dev->tcet, papr_tce_free);
        return false;
    }
    address_space_init(&dev->dma, papr_tce_region(dev->tcet), DEVICE(dev)->id);
    return true;
}

void papr_vio_dma_unrealize(PaprVioDevice *dev)
{
    if (dev->tcet) {
        address_space_destroy(&dev->dma);
        g_clear_pointer(&dev->tcet, papr_tce_free);
    }
}

void papr_vio_dma_reset(PaprVioDevice *dev)
{
    if (dev->tcet) {
        papr_tce_set_bypass(dev->tcet, false);
        papr_tce_clear(dev->tcet);
    }
}

void papr_vio_dma_dt(PaprVioDevice *dev, PaprDt *dt)
{
    uint64_t size = PAPR_VIO_DEVICE_GET_CLASS(dev)->dma_window;

    if (!dev->tcet) {
        return;
    }
    papr_dt_u32(dt, "ibm,#dma-address-cells", 2);
    papr_dt_u32(dt, "ibm,#dma-size-cells", 2);
    papr_dt_cell_list(dt, "ibm,my-dma-window", papr_tce_liobn(dev->tcet), 0, 0,
                      size >> 32, size);
}

/* ibm,set-tce-bypass, which only SLOF calls: unit address, on or off */
static int32_t rtas_set_tce_bypass(PowerPCCPU *cpu, PaprRtasCall *call,
                                   void *opaque)
{
    PaprVioDevice *dev = papr_vio_find(opaque, call->args[0]);

    if (!dev || !dev->tcet) {
        qemu_log_mask(LOG_GUEST_ERROR, "ibm,set-tce-bypass: unit 0x%x\n",
                      call->args[0]);
        return RTAS_PARAMETER_ERROR;
    }
    papr_tce_set_bypass(dev->tcet, call->args[1]);
    trace_papr_vio_bypass(dev->reg, call->args[1]);
    return RTAS_SUCCESS;
}

static const PaprRtasEntry dma_rtas[] = {
    { RTAS_IBM_SET_TCE_BYPASS, 2, 1, rtas_set_tce_bypass },
};

void papr_vio_dma_init(PaprVioBus *bus)
{
    papr_rtas_register(bus->rtas, dma_rtas, ARRAY_SIZE(dma_rtas), bus);
}
