/*
 * pSeries PCI host bridge: EEH (enhanced I/O error handling) of emulated
 * devices
 *
 * Emulated devices have no bus errors.  With eeh=on the devices behind a host
 * bridge are a PE (partitionable endpoint) nevertheless, for tests of what
 * guests do after an error: setting the property eeh-error causes one.
 *
 * While a PE is stopped, a region covers its windows, in which loads return all
 * ones, and its DMA address space is empty.  A virtio device without
 * iommu_platform does not use that address space, so it still accesses memory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "hw/pci/pci_bridge.h"
#include "migration/vmstate.h"
#include "eeh.h"
#include "trace.h"

static uint64_t stopped_read(void *opaque, hwaddr addr, unsigned int size)
{
    return UINT64_MAX;
}

static void stopped_write(void *opaque, hwaddr addr, uint64_t value,
                          unsigned int size)
{
}

static const MemoryRegionOps stopped_ops = {
    .read = stopped_read,
    .write = stopped_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .max_access_size = 8, .unaligned = true },
    .impl = { .max_access_size = 8, .unaligned = true },
};

static void cover(PaprPhb *phb, MemoryRegion *space, MemoryRegion *stopped,
                  const char *name)
{
    memory_region_init_io(stopped, OBJECT(phb), &stopped_ops, phb, name,
                          memory_region_size(space));
    memory_region_set_enabled(stopped, false);
    memory_region_add_subregion_overlap(space, 0, stopped, INT_MAX);
}

void papr_pe_emulated_realize(PaprPhb *phb)
{
    if (phb->opt.eeh) {
        cover(phb, &phb->mem_space, &phb->stopped_mem, "eeh-stopped-mmio");
        cover(phb, &phb->io_space, &phb->stopped_io, "eeh-stopped-io");
    }
}

void papr_pe_emulated_unrealize(PaprPhb *phb)
{
    if (phb->opt.eeh) {
        memory_region_del_subregion(&phb->mem_space, &phb->stopped_mem);
        memory_region_del_subregion(&phb->io_space, &phb->stopped_io);
    }
}

/* Stop or release the PE's windows and DMA, according to its state */
static void follow_state(PaprPhb *phb)
{
    bool stopped = papr_pe_stops_io(phb->pe_state);

    memory_region_transaction_begin();
    memory_region_set_enabled(&phb->stopped_mem, stopped);
    memory_region_set_enabled(&phb->stopped_io, stopped);
    memory_region_set_enabled(&phb->dma_root, phb->pe_state == PAPR_PE_NORMAL);
    memory_region_transaction_commit();
}

static void set_state(PaprPhb *phb, PaprPeState state)
{
    trace_papr_pe_state(phb->opt.index, phb->pe_state, state);
    phb->pe_state = state;
    follow_state(phb);
}

static bool in_pe(PCIDevice *dev)
{
    return true;
}

/* Bridges keep their numbers and windows: ibm,configure-pe has nothing to do */
static void reset_device(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    if (!IS_PCI_BRIDGE(dev)) {
        pci_device_reset(dev);
    }
}

static void reset_bus(PCIBus *bus, void *opaque)
{
    pci_for_each_device_under_bus(bus, reset_device, NULL);
}

static int32_t emulated_pe_act(PaprPhb *phb, PaprPeAction action)
{
    PaprPeState state = phb->pe_state;
    int32_t status = papr_pe_act(&state, action);

    if (state != phb->pe_state) {
        set_state(phb, state);
        if (state == PAPR_PE_RESET) {
            pci_for_each_bus(PCI_HOST_BRIDGE(phb)->bus, reset_bus, NULL);
        }
    }
    return status;
}

static PaprPeState emulated_pe_state(PaprPhb *phb, uint32_t *wait)
{
    *wait = 0;
    return phb->pe_state;
}

static void emulated_pe_reboot(PaprPhb *phb)
{
    if (phb->pe_state != PAPR_PE_NORMAL) {
        set_state(phb, PAPR_PE_NORMAL);
    }
}

const PaprPeOps papr_pe_emulated = {
    .member = in_pe,
    .act = emulated_pe_act,
    .state = emulated_pe_state,
    .reboot = emulated_pe_reboot,
};

/* ---- errors ---- */

static const char *const state_names[] = {
    [PAPR_PE_NORMAL] = "none",
    [PAPR_PE_RESET] = "reset",
    [PAPR_PE_STOPPED] = "temporary",
    [PAPR_PE_DMA_STOPPED] = "dma-stopped",
    [PAPR_PE_UNAVAILABLE] = "permanent",
};

static char *get_error(Object *obj, Error **errp)
{
    return g_strdup(state_names[PAPR_PHB(obj)->pe_state]);
}

/* A temporary error has no effect if the PE is in reset or unavailable */
static void set_error(Object *obj, const char *value, Error **errp)
{
    PaprPhb *phb = PAPR_PHB(obj);
    PaprPeState state = phb->pe_state;

    if (!phb->opt.eeh || !DEVICE(obj)->realized) {
        error_setg(errp, "eeh-error causes an error of the devices behind a "
                   "running host bridge with eeh=on; set it by qom-set");
    } else if (!strcmp(value, state_names[PAPR_PE_UNAVAILABLE])) {
        emulated_pe_act(phb, PAPR_PE_GIVE_UP);
    } else if (strcmp(value, state_names[PAPR_PE_STOPPED])) {
        error_setg(errp, "eeh-error=%s: use %s or %s", value,
                   state_names[PAPR_PE_STOPPED],
                   state_names[PAPR_PE_UNAVAILABLE]);
    } else if (papr_pe_stop(&state)) {
        set_state(phb, state);
    }
}

void papr_pe_emulated_class_init(ObjectClass *oc)
{
    object_class_property_add_str(oc, "eeh-error", get_error, set_error);
    object_class_property_set_description(
        oc, "eeh-error", "Write temporary or permanent to cause an error of "
        "the devices behind the bridge (needs eeh=on); reads as their state");
}

/* ---- migration ---- */

static bool pe_needed(void *opaque)
{
    PaprPhb *phb = opaque;

    return phb->pe_state != PAPR_PE_NORMAL;
}

static int pe_post_load(void *opaque, int version_id)
{
    PaprPhb *phb = opaque;

    if (!papr_pe_state_valid(phb->pe_state)) {
        error_report("host bridge %u: the stream has its PE in state %u, "
                     "which does not exist", phb->opt.index, phb->pe_state);
        phb->pe_state = PAPR_PE_NORMAL;
        return -EINVAL;
    }
    if (!phb->opt.eeh) {
        error_report("host bridge %u: the stream has its PE in an error "
                     "state; start the destination with eeh=on",
                     phb->opt.index);
        phb->pe_state = PAPR_PE_NORMAL;
        return -EINVAL;
    }
    follow_state(phb);
    return 0;
}

const VMStateDescription vmstate_papr_pe = {
    .name = "spapr_pci/pe",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = pe_needed,
    .post_load = pe_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(pe_state, PaprPhb),
        VMSTATE_END_OF_LIST()
    },
};
