/*
 * pSeries platform: plug and unplug of CPU cores
 *
 * A row of the table in hotplug.c, and the operations of the cores' connectors
 * (LoPAR 13.7.4).  All threads of a plugged core are stopped; the guest
 * configures its connector and starts them.  To release the core, the guest
 * stops them and makes the connector unusable.
 *
 * A released core is removed in two steps, since the second waits for the host
 * threads of the core's vCPUs.  An RTAS call must not wait for them in its
 * vCPU's thread: such a thread may itself wait until no vCPU executes.
 *
 * 1. hide_core(), in any thread: the core is hidden, that is, the guest's calls
 *    don't find the vCPUs any more, and they are in no device tree;
 * 2. remove_core(), in the main loop: the core is unrealized, and the slot is
 *    free.
 *
 * With the BQL (big QEMU lock) held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/hotplug.h"
#include "hw/qdev-core.h"
#include "qapi/error.h"
#include "system/numa.h"
#include "system/replay.h"
#include "machine.h"

static CPUArchId *core_slot(MachineState *ms, uint32_t core_id)
{
    uint32_t i = core_id / ms->smp.threads;

    return i < ms->possible_cpus->len ? &ms->possible_cpus->cpus[i] : NULL;
}

/* The connector of the core with the vCPU @id */
static PaprDrc *vcpu_connector(const PaprMachine *pm, uint32_t id)
{
    return papr_dr_find(pm->dr, PAPR_DRC_CPU, id - id % pm->cpu_host.vsmt);
}

static PaprDrc *core_connector(const PaprMachine *pm, DeviceState *dev)
{
    return vcpu_connector(pm, papr_cpu_vcpu_id(&pm->cpu_host,
                                               CPU_CORE(dev)->core_id));
}

void papr_machine_core_pre_plug(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    MachineState *ms = MACHINE(pm);
    PaprCpuCore *core = PAPR_CPU_CORE(dev);
    CPUCore *cc = CPU_CORE(dev);
    const char *type = object_get_typename(OBJECT(dev));
    const char *wanted = papr_cpu_core_type(ms->cpu_type);
    CPUArchId *slot;

    if (strcmp(type, wanted)) {
        error_setg(errp, "CPU core type should be %s", wanted);
        return;
    }
    if (cc->core_id < 0 || cc->core_id % ms->smp.threads) {
        error_setg(errp, "invalid core id %d: use a multiple of %u",
                   cc->core_id, ms->smp.threads);
        return;
    }
    if (cc->nr_threads != ms->smp.threads) {
        error_setg(errp, "invalid nr-threads %d, must be %u", cc->nr_threads,
                   ms->smp.threads);
        return;
    }
    slot = core_slot(ms, cc->core_id);
    if (!slot) {
        error_setg(errp, "core id %d out of range: the machine has room for "
                   "%u CPUs", cc->core_id, ms->smp.max_cpus);
        return;
    }
    if (slot->cpu) {
        error_setg(errp, "core %d already populated", cc->core_id);
        return;
    }
    /* record and replay supports one vCPU: QEMU refuses -smp 2, too */
    if (replay_mode != REPLAY_MODE_NONE && cc->core_id) {
        error_setg(errp, "core %d can't be added: record and replay (-icount "
                   "rr=) need a machine with one CPU", cc->core_id);
        return;
    }
    numa_cpu_pre_plug(slot, dev, errp);
    core->host = &pm->cpu_host;
}

/*
 * The compatibility mode that the guest has negotiated, which all other vCPUs
 * have.  Cores of the command line get theirs at the machine's first reset.
 */
static bool set_compat_of_others(PaprMachine *pm, PaprCpuCore *core,
                                 Error **errp)
{
    uint32_t pvr = papr_vcpu_next(pm->vcpus, NULL)->cpu->compat_pvr;

    for (int i = 0; i < CPU_CORE(core)->nr_threads; i++) {
        if (ppc_set_compat(core->threads[i], pvr, errp) < 0) {
            return false;
        }
    }
    return true;
}

void papr_machine_core_plug(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    PaprDrc *drc = core_connector(pm, dev);
    bool hot = papr_dr_is_hotplug(dev);

    if (dev->hotplugged &&
        !set_compat_of_others(pm, PAPR_CPU_CORE(dev), errp)) {
        return;
    }
    if (!papr_drc_attach(drc, dev, !hot, errp)) {
        return;
    }
    /*
     * For query-hotpluggable-cpus, which has to name the core, and uses the
     * slot's CPU as an Object only.
     */
    core_slot(MACHINE(pm), CPU_CORE(dev)->core_id)->cpu = (CPUState *)dev;
    if (hot) {
        papr_events_hotplug(pm->events, PAPR_HOTPLUG_ADD, PAPR_DRC_CPU,
                            PAPR_HOTPLUG_BY_INDEX, 1, papr_drc_index(drc));
    }
}

static bool is_boot_core(DeviceState *dev, void *machine)
{
    return CPU_CORE(dev)->core_id == 0;
}

/*
 * A second request is sent like the first: a guest that can't release a core
 * need not report that, and Linux before 5.13 doesn't.
 */
void papr_machine_core_unplug_request(PaprMachine *pm, DeviceState *dev,
                                      Error **errp)
{
    PaprDrc *drc = core_connector(pm, dev);

    if (is_boot_core(dev, pm)) {
        error_setg(errp, "Boot CPU core may not be unplugged");
        return;
    }
    if (papr_drc_device(drc) != dev) {
        return;                 /* the guest has released it already */
    }
    papr_drc_unplug_request(drc);
    if (papr_drc_device(drc)) {
        papr_events_hotplug(pm->events, PAPR_HOTPLUG_REMOVE, PAPR_DRC_CPU,
                            PAPR_HOTPLUG_BY_INDEX, 1, papr_drc_index(drc));
    }
}

void papr_machine_core_unplug(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    qdev_unrealize(dev);
    core_slot(MACHINE(pm), CPU_CORE(dev)->core_id)->cpu = NULL;
}

static void hide_core(DeviceState *dev, void *machine)
{
    PaprMachine *pm = machine;
    PaprCpuCore *core = PAPR_CPU_CORE(dev);

    papr_cpu_core_hide(core);
    for (int i = 0; i < CPU_CORE(core)->nr_threads; i++) {
        papr_fwnmi_forget_vcpu(pm->fwnmi, papr_vcpu(core->threads[i]));
    }
}

static void remove_core(DeviceState *dev, void *machine)
{
    hotplug_handler_unplug(HOTPLUG_HANDLER(machine), dev, &error_abort);
    object_unparent(OBJECT(dev));
}

/* LoPAR R1-13.7.4.1.1-1: the guest stops all threads of a core first */
static bool core_in_use(DeviceState *dev, void *machine)
{
    PaprCpuCore *core = PAPR_CPU_CORE(dev);

    for (int i = 0; i < CPU_CORE(core)->nr_threads; i++) {
        if (!papr_vcpu_is_stopped(papr_vcpu(core->threads[i]))) {
            return true;
        }
    }
    return false;
}

static const PaprDrcOps core_drc_ops = {
    .remove = remove_core,
    .in_main_loop = true,
    .hide = hide_core,
    .permanent = is_boot_core,
    .in_use = core_in_use,
    .fill_dt = papr_machine_fill_core,
};

void papr_machine_add_core_connectors(PaprMachine *pm)
{
    MachineState *ms = MACHINE(pm);

    papr_dr_add(pm->dr, PAPR_DRC_CPU, 0, pm->cpu_host.vsmt,
                ms->smp.max_cpus / ms->smp.threads, &core_drc_ops, pm);
}

bool papr_machine_may_start(const PaprVcpu *vcpu, void *machine)
{
    return papr_drc_is_unisolated(vcpu_connector(machine, vcpu->id));
}
