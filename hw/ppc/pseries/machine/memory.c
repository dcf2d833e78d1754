/*
 * pSeries platform: the partition's memory, boot memory and memory devices
 *
 * Boot memory begins at address 0.  Behind it, from the next multiple of 1 GiB
 * on, is an area of the size that -m maxmem= leaves for memory devices
 * (pc-dimm, nvdimm, virtio-mem), in which QEMU's hw/mem finds them a place.
 * All of it is whole logical memory blocks (LMB, 256 MiB).
 *
 * Called by init.c and hotplug-*.c with the BQL (big QEMU lock) held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "hw/mem/memory-device.h"
#include "qapi/error.h"
#include "system/hostmem.h"
#include "system/numa.h"
#include "machine.h"

static bool check_aligned(const char *option, uint64_t size, Error **errp)
{
    if (QEMU_IS_ALIGNED(size, PAPR_LMB_SIZE)) {
        return true;
    }
    error_setg(errp, "-m: %s 0x%" PRIx64 " is not aligned to 256 MiB; use "
               "%" PRIu64 "M", option, size,
               QEMU_ALIGN_UP(size, PAPR_LMB_SIZE) / MiB);
    return false;
}

uint64_t papr_machine_device_memory_base(const MachineState *ms)
{
    return ROUND_UP(ms->ram_size, PAPR_DEVICE_MEM_ALIGN);
}

/* RAM, and the area for memory devices, end below the host bridges' windows */
static bool check_below_pci(const MachineState *ms, Error **errp)
{
    uint64_t room;

    if (ms->ram_size > PAPR_PCI_BASE) {
        error_setg(errp, "-m: memory must end below 32 TiB, where the windows "
                   "of PCI begin; use at most %" PRIu64 "M",
                   (uint64_t)(PAPR_PCI_BASE / MiB));
        return false;
    }
    room = PAPR_PCI_BASE - papr_machine_device_memory_base(ms);
    if (ms->maxram_size - ms->ram_size > room) {
        error_setg(errp, "-m: memory must end below 32 TiB, where the windows "
                   "of PCI begin; use maxmem=%" PRIu64 "M at most",
                   (uint64_t)((ms->ram_size + room) / MiB));
        return false;
    }
    return true;
}

/*
 * The real mode area is in the first memory node of the device tree: RAM of the
 * first NUMA node that has any, up to the largest power of two, since each NUMA
 * node's RAM is split into memory nodes of such sizes.
 */
static uint64_t rma_size_limit(const PaprMachine *pm)
{
    const MachineState *ms = MACHINE(pm);
    uint64_t size = MIN(ms->ram_size, pm->compat->rma_max ?: PAPR_RMA_MAX);
    const NumaState *numa = ms->numa_state;

    for (int i = 0; numa && i < numa->num_nodes; i++) {
        if (numa->nodes[i].node_mem) {
            return MIN(size, pow2floor(numa->nodes[i].node_mem));
        }
    }
    return size;
}

bool papr_machine_check_memory(PaprMachine *pm, Error **errp)
{
    MachineState *ms = MACHINE(pm);

    if (!check_aligned("memory size", ms->ram_size, errp) ||
        !check_aligned("maxmem", ms->maxram_size, errp) ||
        !check_below_pci(ms, errp)) {
        return false;
    }
    pm->rma_size = MIN(rma_size_limit(pm), papr_machine_kvm_rma_limit(pm));
    if (pm->rma_size < PAPR_RMA_MIN) {
        error_setg(errp, "-m: the firmware requires at least %" PRIu64 " MiB "
                   "in the first node (real mode area), not %" PRIu64 " MiB",
                   (uint64_t)(PAPR_RMA_MIN / MiB),
                   (uint64_t)(pm->rma_size / MiB));
        return false;
    }
    if (ms->ram_slots > papr_machine_kvm_ram_slots()) {
        error_setg(errp, "-m: Specified number of memory slots %" PRIu64
                   " exceeds max supported %u", ms->ram_slots,
                   papr_machine_kvm_ram_slots());
        return false;
    }
    return true;
}

void papr_machine_map_memory(PaprMachine *pm)
{
    MachineState *ms = MACHINE(pm);

    memory_region_add_subregion(get_system_memory(), 0, ms->ram);
    if (ms->ram_size < ms->maxram_size) {
        machine_memory_devices_init(ms, papr_machine_device_memory_base(ms),
                                    ms->maxram_size - ms->ram_size);
    }
}

static bool check_blocks_size(DeviceState *dev, HostMemoryBackend *backend,
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
    if (!check_blocks_size(dev, backend, errp)) {
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

void papr_machine_update_memory(PaprMachine *pm)
{
    const MachineState *ms = MACHINE(pm);

    papr_mmu_set_memory(pm->mmu,
                        ms->ram_size + ms->device_memory->used_region_size,
                        ms->maxram_size);
}
