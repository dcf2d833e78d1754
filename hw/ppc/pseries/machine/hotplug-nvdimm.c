/*
 * pSeries platform: plug of persistent memory (nvdimm, spapr-nvdimm)
 *
 * QEMU's hw/mem places a module in the area behind boot memory.  It has one
 * connector, that of its slot, and is never unplugged.
 *
 * With the BQL (big QEMU lock) held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/mem/memory-device.h"
#include "hw/mem/nvdimm.h"
#include "hw/mem/pc-dimm.h"
#include "hw/qdev-core.h"
#include "system/hostmem.h"
#include "machine.h"

/* The address that the user gave; 0: QEMU finds one, which is aligned */
static bool check_nvdimm_address(NVDIMMDevice *nvdimm, Error **errp)
{
    uint64_t addr = PC_DIMM(nvdimm)->addr;

    if (QEMU_IS_ALIGNED(addr, PAPR_PMEM_BLOCK)) {
        return true;
    }
    error_setg(errp, "addr=0x%" PRIx64 " is not a multiple of %" PRIu64
               "MB: use addr=0x%" PRIx64, addr,
               (uint64_t)(PAPR_PMEM_BLOCK / MiB),
               (uint64_t)QEMU_ALIGN_DOWN(addr, PAPR_PMEM_BLOCK));
    return false;
}

void papr_nvdimm_pre_plug(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    ERRP_GUARD();
    NVDIMMDevice *nvdimm = NVDIMM(dev);
    uint64_t size;

    if (!MACHINE_GET_CLASS(pm)->nvdimm_supported) {
        error_setg(errp, "this version of the machine has no nvdimm; use "
                   "pseries-5.0 or later");
        return;
    }
    if (!MACHINE(pm)->nvdimms_state->is_enabled) {
        error_setg(errp, "nvdimm device found but 'nvdimm=off' was set");
        return;
    }
    size = memory_device_get_region_size(MEMORY_DEVICE(dev), errp);
    if (*errp || !papr_pmem_check(nvdimm, size, errp) ||
        !check_nvdimm_address(nvdimm, errp) ||
        !papr_machine_kvm_check_backing(
            pm, host_memory_backend_pagesize(PC_DIMM(dev)->hostmem), errp)) {
        return;
    }
    pc_dimm_pre_plug(PC_DIMM(dev), MACHINE(pm), errp);
}

void papr_nvdimm_plug(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    PaprDrc *drc = papr_dr_find(pm->dr, PAPR_DRC_PMEM, PC_DIMM(dev)->slot);
    bool hot = papr_dr_is_hotplug(dev);

    if (!papr_machine_kvm_plug_memory(pm, dev, errp)) {
        return;
    }
    papr_machine_update_memory(pm);
    /* QEMU has checked that the slot is free, so the connector is */
    papr_drc_attach(drc, dev, !hot, &error_abort);
    if (hot) {
        papr_events_hotplug(pm->events, PAPR_HOTPLUG_ADD, PAPR_DRC_PMEM,
                            PAPR_HOTPLUG_BY_INDEX, 1, papr_drc_index(drc));
    }
}

void papr_nvdimm_unplug_request(PaprMachine *pm, DeviceState *dev,
                                Error **errp)
{
    error_setg(errp, "nvdimm device hot unplug is not supported yet.");
}

/* A guest can release a module and configure it again; it stays plugged */
static bool fill_nvdimm(PaprDrc *drc, DeviceState *dev, PaprDt *dt,
                        void *machine, Error **errp)
{
    papr_pmem_node(drc, &((PaprMachine *)machine)->numa, dt);
    return true;
}

static bool nvdimm_is_permanent(DeviceState *dev, void *machine)
{
    return true;
}

static const PaprDrcOps nvdimm_drc_ops = {
    .permanent = nvdimm_is_permanent,
    .fill_dt = fill_nvdimm,
};

void papr_machine_add_pmem(PaprMachine *pm)
{
    uint32_t slots = MACHINE(pm)->ram_slots;

    if (!MACHINE_GET_CLASS(pm)->nvdimm_supported) {
        return;
    }
    if (slots) {
        papr_dr_add(pm->dr, PAPR_DRC_PMEM, 0, 1, slots, &nvdimm_drc_ops, pm);
    }
    pm->pmem = papr_pmem_new(pm->hcalls, pm->dr, slots);
}
