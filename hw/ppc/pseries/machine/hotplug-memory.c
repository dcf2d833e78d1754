/*
 * pSeries platform: plug and unplug of memory modules (pc-dimm)
 *
 * A module has a connector for each of its logical memory blocks (LMB, 256
 * MiB): LoPAR section 13.7.  QEMU's hw/mem places it in the area behind boot
 * memory; here its size and address are checked to be whole blocks, it is
 * attached to its connectors, and the guest is notified.
 *
 * With the BQL (big QEMU lock) held: from the monitor, or in the RTAS call by
 * which the guest releases the last block.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/hotplug.h"
#include "hw/mem/memory-device.h"
#include "hw/mem/pc-dimm.h"
#include "hw/qdev-core.h"
#include "system/hostmem.h"
#include "machine.h"

static uint64_t dimm_size(DeviceState *dev)
{
    /* pre-plug has checked that there is a region */
    return memory_device_get_region_size(MEMORY_DEVICE(dev), &error_abort);
}

static uint32_t dimm_blocks(DeviceState *dev)
{
    return dimm_size(dev) / PAPR_LMB_SIZE;
}

/* The connector of the module's first block */
static PaprDrc *dimm_connector(PaprMachine *pm, DeviceState *dev)
{
    return papr_dr_find(pm->dr, PAPR_DRC_LMB,
                        PC_DIMM(dev)->addr / PAPR_LMB_SIZE);
}

void papr_dimm_pre_plug(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    PCDIMMDevice *dimm = PC_DIMM(dev);

    if (!papr_machine_check_blocks(dev, dimm->hostmem, dimm->addr, "addr",
                                   errp) ||
        !papr_machine_kvm_check_backing(
            pm, host_memory_backend_pagesize(dimm->hostmem), errp)) {
        return;
    }
    pc_dimm_pre_plug(dimm, MACHINE(pm), errp);
}

/*
 * By count and first block, if the guest supports that.  An older guest is told
 * the count alone, and configures as many of the blocks that it doesn't have.
 */
static void notify_new_dimm(PaprMachine *pm, DeviceState *dev)
{
    bool by_range = papr_ovec_test(&pm->cas.ov5, OV5_HOTPLUG_EVENTS);

    papr_events_hotplug(pm->events, PAPR_HOTPLUG_ADD, PAPR_DRC_LMB,
                        by_range ? PAPR_HOTPLUG_BY_COUNT_INDEX
                                    : PAPR_HOTPLUG_BY_COUNT,
                        dimm_blocks(dev),
                        papr_drc_index(dimm_connector(pm, dev)));
}

void papr_dimm_plug(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    PCDIMMDevice *dimm = PC_DIMM(dev);
    bool hot = papr_dr_is_hotplug(dev);

    if (!papr_machine_kvm_plug_memory(pm, dev, errp)) {
        return;
    }
    papr_machine_update_memory(pm);
    /* QEMU has checked that the addresses are free, so the connectors are */
    papr_dr_attach(pm->dr, PAPR_DRC_LMB, dimm->addr / PAPR_LMB_SIZE,
                   dimm_blocks(dev), dev, !hot, &error_abort);
    if (hot) {
        notify_new_dimm(pm, dev);
    }
}

/*
 * Can the guest be asked to release certain blocks?  A guest that doesn't
 * support that would release any.  Before client-architecture-support a guest
 * need not be asked: that call removes devices whose unplug is requested.
 */
static bool supports_block_requests(PaprMachine *pm)
{
    static const PaprOvec none;

    return papr_ovec_test(&pm->cas.ov5, OV5_HOTPLUG_EVENTS) ||
           papr_ovec_equal(&pm->cas.ov5, &none);
}

void papr_dimm_unplug_request(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    PaprDrc *drc = dimm_connector(pm, dev);
    uint32_t index = papr_drc_index(drc), n_blocks = dimm_blocks(dev);

    if (!supports_block_requests(pm)) {
        error_setg(errp, "Memory hot unplug not supported for this guest: it "
                   "can't be asked to release certain blocks");
        return;
    }
    if (papr_drc_unplug_requested(drc)) {
        error_setg(errp, "Memory unplug already in progress for device %s: "
                   "the guest has been asked to release it",
                   dev->id ?: dev->canonical_path);
        return;
    }
    papr_drc_unplug_request(drc);
    if (papr_drc_device(drc)) {
        papr_events_hotplug(pm->events, PAPR_HOTPLUG_REMOVE, PAPR_DRC_LMB,
                            PAPR_HOTPLUG_BY_COUNT_INDEX, n_blocks, index);
    }
}

void papr_dimm_unplug(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    pc_dimm_unplug(PC_DIMM(dev), MACHINE(pm));
    papr_machine_update_memory(pm);
    qdev_unrealize(dev);
}

static void remove_dimm(DeviceState *dev, void *machine)
{
    hotplug_handler_unplug(HOTPLUG_HANDLER(machine), dev, &error_abort);
    object_unparent(OBJECT(dev));
}

static bool fill_memory_block(PaprDrc *drc, DeviceState *dev, PaprDt *dt,
                              void *machine, Error **errp)
{
    papr_dt_memory_node(&((PaprMachine *)machine)->numa, dt,
                        PC_DIMM(dev)->node,
                        papr_drc_id(drc) * (uint64_t)PAPR_LMB_SIZE,
                        PAPR_LMB_SIZE);
    return true;
}

static const PaprDrcOps block_drc_ops = {
    .remove = remove_dimm,
    .fill_dt = fill_memory_block,
};

void papr_machine_add_memory_connectors(PaprMachine *pm)
{
    const MachineState *ms = MACHINE(pm);

    if (ms->ram_size < ms->maxram_size) {
        papr_dr_add(pm->dr, PAPR_DRC_LMB,
                    papr_machine_device_memory_base(ms) / PAPR_LMB_SIZE, 1,
                    (ms->maxram_size - ms->ram_size) / PAPR_LMB_SIZE,
                    &block_drc_ops, pm);
    }
}
