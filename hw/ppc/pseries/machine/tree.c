/*
 * pSeries platform: the machine's input to the device tree
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/cutils.h"
#include "hw/pseries/accel.h"
#include "machine.h"

#include <libfdt.h>

static void fill_rng(PaprDt *dt, uint32_t intc_phandle, void *opaque)
{
    papr_rng_dt(opaque, dt);
}

static void fill_pmem(PaprDt *dt, uint32_t intc_phandle, void *machine)
{
    PaprMachine *pm = machine;

    if (pm->pmem) {
        papr_pmem_dt(pm->pmem, &pm->numa, dt);
    }
}

/* With a display SLOF chooses the console; VOF always uses the vty */
static bool has_stdout_path(const PaprMachine *pm)
{
    return !pm->has_screen ||
           (pm->firmware && papr_firmware_is_vof(pm->firmware));
}

/*
 * Without the property Linux leaves BARs as firmware has set them, and VOF sets
 * none.
 */
static bool probe_only(const PaprMachine *pm)
{
    return !pm->compat->no_probe_only ||
           (pm->firmware && papr_firmware_is_vof(pm->firmware));
}

static uint32_t root_connectors(const PaprMachine *pm)
{
    uint32_t types = PAPR_DRC_SET(PAPR_DRC_LMB);

    if (!pm->compat->no_phb_hotplug) {
        types |= PAPR_DRC_SET(PAPR_DRC_PHB);
    }
    if (pm->pmem) {
        types |= PAPR_DRC_SET(PAPR_DRC_PMEM);
    }
    return types;
}

/*
 * Firmware and a starting kernel use only the memory of the real mode area's
 * node.  This node includes the images, which are loaded again at each reset.
 */
uint64_t papr_machine_boot_rma_size(const PaprMachine *pm)
{
    uint64_t least = PAPR_LMB_SIZE;

    if (pm->firmware) {
        least = MAX(least, papr_firmware_images_end(pm->firmware));
    }
    return papr_fadump_rma_size(pm->fadump, pm->rma_size, least);
}

static void fill_dt_input(PaprMachine *pm, PaprDtInput *in)
{
    *in = (PaprDtInput) {
        .machine = MACHINE(pm),
        .vcpus = pm->vcpus,
        .caps = &pm->caps,
        .numa = &pm->numa,
        .cas = &pm->cas,
        .irqs = pm->irqs,
        .dr = pm->dr,
        .vio = pm->vio,
        .events = pm->events,
        .rtas = pm->rtas,
        .fwnmi = pm->fwnmi,
        .fadump = pm->fadump,
        .firmware = pm->firmware,
        .vsmt = pm->cpu_host.vsmt,
        .timebase_freq = papr_accel->timebase_hz(),
        .clock_freq = PAPR_DT_CLOCK_FREQ,
        .hpt_shift = papr_mmu_hpt_shift(pm->mmu),
        .rma_size = papr_machine_boot_rma_size(pm),
        .hotpluggable_cpus = true,
        .stdout_path = has_stdout_path(pm),
        .probe_only = probe_only(pm),
        .multi_tce = true,
        .block_remove = pm->opt.block_remove,
        .drc_types = root_connectors(pm),
        .host_model = pm->opt.host_model,
        .host_serial = pm->opt.host_serial,
        .boot_device = pm->opt.boot_device,
        .rng_seed = pm->rng_seed,
    };
    papr_machine_kvm_dt(pm, in);
}

void *papr_machine_build_tree(bool whole, size_t *size, void *machine,
                              Error **errp)
{
    PaprMachine *pm = machine;
    PaprDtExtra extra[] = {
        { papr_pci_dt, pm->pci },
        { fill_pmem, pm },
        { fill_rng, pm->rng },
    };
    PaprDtInput in;

    fill_dt_input(pm, &in);
    in.whole = whole;
    in.extra = extra;
    in.n_extra = pm->rng ? 3 : 2;
    papr_pci_number_buses(pm->pci);
    return papr_dt_build(&in, size, errp);
}

bool papr_machine_fill_core(PaprDrc *drc, DeviceState *dev, PaprDt *dt,
                            void *machine, Error **errp)
{
    PaprDtInput in;

    fill_dt_input(machine, &in);
    papr_dt_cpu_node(&in, dt, papr_vcpu(PAPR_CPU_CORE(dev)->threads[0]));
    return true;
}

/* From the guest's current tree: firmware may have set another phandle */
static uint32_t guest_intc_phandle(PaprMachine *pm)
{
    size_t size;
    const void *fdt = papr_firmware_fdt(pm->firmware, &size);
    int node;

    fdt_for_each_subnode(node, fdt, 0) {
        if (strstart(fdt_get_name(fdt, node, NULL) ?: "",
                     "interrupt-controller", NULL)) {
            return fdt_get_phandle(fdt, node);
        }
    }
    return 0;
}

bool papr_machine_fill_phb(PaprDrc *drc, DeviceState *dev, PaprDt *dt,
                           void *machine, Error **errp)
{
    uint32_t phandle = guest_intc_phandle(machine);

    if (!phandle) {
        error_setg(errp, "the guest's device tree has no node "
                   "interrupt-controller, which a host bridge refers to");
        return false;
    }
    papr_phb_number_buses(PAPR_PHB(dev));
    papr_phb_dt(PAPR_PHB(dev), dt, phandle);
    return true;
}
