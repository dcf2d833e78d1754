/*
 * pSeries platform: the machine's input to the device tree
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "../dt/build.h"
#include "machine.h"

static void fill_rng(PaprDt *dt, uint32_t intc_phandle, void *opaque)
{
    papr_rng_dt(opaque, dt);
}

static void describe(PaprMachine *pm, PaprDtInput *in)
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
        .firmware = pm->firmware,
        .vsmt = pm->cpu_host.vsmt,
        .timebase_freq = PAPR_DT_TIMEBASE_FREQ,
        .clock_freq = PAPR_DT_CLOCK_FREQ,
        .hpt_shift = papr_mmu_hpt_shift(pm->mmu),
        .rma_size = pm->rma_size,
        .hotpluggable_cpus = true,
        .stdout_path = true,
        .host_model = pm->opt.host_model,
        .host_serial = pm->opt.host_serial,
        .boot_device = pm->opt.boot_device,
        .rng_seed = pm->rng_seed,
    };
}

void *papr_machine_build_tree(bool whole, size_t *size, void *machine,
                              Error **errp)
{
    PaprMachine *pm = machine;
    PaprDtExtra rng = { fill_rng, pm->rng };
    PaprDtInput in;

    describe(pm, &in);
    in.whole = whole;
    in.extra = &rng;
    in.n_extra = pm->rng ? 1 : 0;
    return papr_dt_build(&in, size, errp);
}

bool papr_machine_fill_core(PaprDrc *drc, DeviceState *dev, PaprDt *dt,
                            void *machine, Error **errp)
{
    PaprDtInput in;

    describe(machine, &in);
    papr_dt_cpu_node(&in, dt, papr_vcpu(PAPR_CPU_CORE(dev)->threads[0]));
    return true;
}
