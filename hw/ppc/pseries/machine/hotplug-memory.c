/*
 * pSeries platform: memory modules (pc-dimm) are plugged and unplugged
 *
 * A module is behind one connector for each of its logical memory blocks (LMB,
 * 256 MiB): LoPAR section 13.7.  QEMU's hw/mem places it in the area behind
 * boot memory; here it is checked to be whole blocks, tied to its connectors,
 * and the guest is told.
 *
 * With the BQL (big QEMU lock) held: from the monitor, or in an RTAS call of
 * the guest that gives the last block back.
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
#include "system/runstate.h"
#include "machine.h"

static uint64_t dimm_size(DeviceState *dev)
{
    /* found by pre-plug to be there */
    return memory_device_get_region_size(MEMORY_DEVICE(dev), &error_abort);
}

static uint32_t dimm_blocks(DeviceState *dev)
{
    return dimm_size(dev) / PAPR_LMB_SIZE;
}

/* The connector of its first block */
static PaprDrc *dimm_connector(PaprMachine *pm, DeviceState *dev)
{
    return papr_dr_find(pm->dr, PAPR_DRC_LMB,
                        PC_DIMM(dev)->addr / PAPR_LMB_SIZE);
}

static bool check_size(DeviceState *dev, HostMemoryBackend *backend,
                       Error **errp)
{
    Error *err = NULL;
    uint64_t size = memory_device_get_region_size(MEMORY_DEVICE(dev), &err);

    if (err) {
        error_propagate(errp, err);
        return false;
    }
    if (size && QEMU_IS_ALIGNED(size, PAPR_LMB_SIZE)) {
        return true;
    }
    error_setg(errp, "Hotplugged memory size must be a multiple of %" PRIu64
               " MB: give memory backend '%s' size=%" PRIu64 "M",
               (uint64_t)(PAPR_LMB_SIZE / MiB),
               object_get_canonical_path_component(OBJECT(backend)),
               ROUND_UP(MAX(size, 1), PAPR_LMB_SIZE) / MiB);
    return false;
}

bool papr_machine_check_blocks(DeviceState *dev, HostMemoryBackend *backend,
                               uint64_t addr, const char *addr_name,
                               Error **errp)
{
    if (!check_size(dev, backend, errp)) {
        return false;
    }
    if (QEMU_IS_ALIGNED(addr, PAPR_LMB_SIZE)) {
        return true;
    }
    error_setg(errp, "%s=0x%" PRIx64 " is not a multiple of %" PRIu64
               " MB: use %s=0x%" PRIx64, addr_name, addr,
               (uint64_t)(PAPR_LMB_SIZE / MiB), addr_name,
               QEMU_ALIGN_DOWN(addr, PAPR_LMB_SIZE));
    return false;
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

void papr_machine_note_memory(PaprMachine *pm)
{
    const MachineState *ms = MACHINE(pm);

    papr_mmu_set_memory(pm->mmu,
                        ms->ram_size + ms->device_memory->used_region_size,
                        ms->maxram_size);
}

/*
 * By count and first block if the guest has said that it knows that; an older
 * one is to take any blocks, of which these are the ones it doesn't have.
 */
static void tell_of_new(PaprMachine *pm, DeviceState *dev)
{
    bool knows_range = papr_ovec_test(&pm->cas.ov5, OV5_HOTPLUG_EVENTS);

    papr_events_hotplug(pm->events, PAPR_HOTPLUG_ADD, PAPR_DRC_LMB,
                        knows_range ? PAPR_HOTPLUG_BY_COUNT_INDEX
                                    : PAPR_HOTPLUG_BY_COUNT,
                        dimm_blocks(dev),
                        papr_drc_index(dimm_connector(pm, dev)));
}

void papr_dimm_plug(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    PCDIMMDevice *dimm = PC_DIMM(dev);
    bool hot = dev->hotplugged && !runstate_check(RUN_STATE_INMIGRATE);

    if (!papr_machine_kvm_plug_memory(pm, dev, errp)) {
        return;
    }
    papr_machine_note_memory(pm);
    /* QEMU has found the place to be free, so are the connectors */
    papr_dr_attach(pm->dr, PAPR_DRC_LMB, dimm->addr / PAPR_LMB_SIZE,
                   dimm_blocks(dev), dev, !hot, &error_abort);
    if (hot) {
        tell_of_new(pm, dev);
    }
}

/*
 * Can the guest be asked for given blocks?  One that doesn't know such requests
 * would give back any.  Before client-architecture-support there is none to
 * ask: that call carries requests out.
 */
static bool can_ask(PaprMachine *pm)
{
    static const PaprOvec none;

    return papr_ovec_test(&pm->cas.ov5, OV5_HOTPLUG_EVENTS) ||
           papr_ovec_equal(&pm->cas.ov5, &none);
}

void papr_dimm_unplug_request(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    PaprDrc *drc = dimm_connector(pm, dev);
    uint32_t index = papr_drc_index(drc), n_blocks = dimm_blocks(dev);

    if (!can_ask(pm)) {
        error_setg(errp, "Memory hot unplug not supported for this guest: it "
                   "can't be asked for given blocks");
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
    papr_machine_note_memory(pm);
    qdev_unrealize(dev);
}

static void remove_dimm(DeviceState *dev, void *machine)
{
    hotplug_handler_unplug(HOTPLUG_HANDLER(machine), dev, &error_abort);
    object_unparent(OBJECT(dev));
}

static bool fill_block(PaprDrc *drc, DeviceState *dev, PaprDt *dt,
                       void *machine, Error **errp)
{
    papr_dt_memory_node(&((PaprMachine *)machine)->numa, dt,
                        PC_DIMM(dev)->node,
                        papr_drc_id(drc) * (uint64_t)PAPR_LMB_SIZE,
                        PAPR_LMB_SIZE);
    return true;
}

static const PaprDrcOps block_drc_ops = {
    .release = remove_dimm,
    .fill_dt = fill_block,
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
