/*
 * pSeries platform: the CPU topology, from -smp to cores and vCPU ids
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "hw/qdev-properties.h"
#include "system/numa.h"
#include "system/tcg.h"
#include "target/ppc/cpu.h"
#include "target/ppc/cpu-models.h"
#include "machine.h"

/* The most threads of a core, and the largest vsmt */
#define MAX_THREADS 8

bool papr_machine_settle_vsmt(PaprMachine *pm, Error **errp)
{
    MachineState *ms = MACHINE(pm);
    unsigned threads = ms->smp.threads;

    if (!is_power_of_2(threads) || threads > MAX_THREADS) {
        error_setg(errp, "-smp threads=%u: a core of this machine has 1, 2, 4 "
                   "or 8 threads", threads);
        return false;
    }
    if (tcg_enabled() && threads > 1 &&
        !ppc_type_check_compat(ms->cpu_type, CPU_POWERPC_LOGICAL_2_07, 0,
                               pm->opt.max_compat_pvr)) {
        error_setg(errp, "-smp threads=%u: TCG only supports SMT on POWER8 or "
                   "newer CPUs; use threads=1", threads);
        return false;
    }
    if (ms->smp.cpus % threads || ms->smp.max_cpus % threads) {
        error_setg(errp, "-smp cpus=%u,maxcpus=%u: both must be a multiple of "
                   "threads (%u)", ms->smp.cpus, ms->smp.max_cpus, threads);
        return false;
    }
    if (pm->opt.vsmt && pm->opt.vsmt < threads) {
        error_setg(errp, "Cannot support VSMT mode %u because it must be >= "
                   "threads/core (%u)", pm->opt.vsmt, threads);
        return false;
    }
    if (pm->opt.vsmt > MAX_THREADS) {
        error_setg(errp, "Cannot support VSMT mode %u: vsmt is at most %d",
                   pm->opt.vsmt, MAX_THREADS);
        return false;
    }
    pm->cpu_host.smp_threads = threads;
    pm->cpu_host.vsmt = pm->opt.vsmt ?: MAX(threads, pm->compat->vsmt_min);
    return papr_machine_kvm_settle_vsmt(pm, errp);
}

static const CPUArchIdList *possible_cpus(MachineState *ms)
{
    unsigned threads = ms->smp.threads;
    unsigned n = ms->smp.max_cpus / threads;
    const char *core_type;

    if (ms->possible_cpus) {
        return ms->possible_cpus;
    }
    core_type = papr_cpu_core_type(ms->cpu_type);
    if (!core_type) {
        error_report("Unable to find sPAPR CPU Core definition for -cpu %s; "
                     "use POWER7, POWER8, POWER9, Power10 or Power11",
                     ms->cpu_type);
        exit(EXIT_FAILURE);
    }
    ms->possible_cpus = g_malloc0(sizeof(CPUArchIdList) +
                                  n * sizeof(CPUArchId));
    ms->possible_cpus->len = n;
    for (unsigned i = 0; i < n; i++) {
        CPUArchId *slot = &ms->possible_cpus->cpus[i];

        slot->type = core_type;
        slot->vcpus_count = threads;
        slot->arch_id = i * threads;
        slot->props.has_core_id = true;
        slot->props.core_id = i * threads;
    }
    return ms->possible_cpus;
}

static CpuInstanceProperties cpu_index_to_props(MachineState *ms,
                                                unsigned index)
{
    const CPUArchIdList *cpus = possible_cpus(ms);

    return cpus->cpus[index / ms->smp.threads].props;
}

static int64_t default_numa_node(const MachineState *ms, int idx)
{
    return idx / ms->smp.cores % ms->numa_state->num_nodes;
}

bool papr_machine_create_cpus(PaprMachine *pm, Error **errp)
{
    MachineState *ms = MACHINE(pm);
    const CPUArchIdList *cpus = possible_cpus(ms);
    unsigned boot_cores = ms->smp.cpus / ms->smp.threads;

    for (unsigned i = 0; i < boot_cores; i++) {
        Object *core = object_new(cpus->cpus[i].type);
        bool ok;

        object_property_set_int(core, "nr-threads", ms->smp.threads,
                                &error_abort);
        object_property_set_int(core, CPU_CORE_PROP_CORE_ID,
                                cpus->cpus[i].arch_id, &error_abort);
        ok = qdev_realize(DEVICE(core), NULL, errp);
        object_unref(core);
        if (!ok) {
            return false;
        }
    }
    return true;
}

void papr_machine_smp_class_init(MachineClass *mc)
{
    mc->max_cpus = PAPR_MAX_CPUS;
    mc->has_hotpluggable_cpus = true;
    mc->possible_cpu_arch_ids = possible_cpus;
    mc->cpu_index_to_instance_props = cpu_index_to_props;
    mc->get_default_cpu_node_id = default_numa_node;
}
