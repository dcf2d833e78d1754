/*
 * pSeries platform: CPU cores are plugged into and unplugged from the machine
 *
 * Rows of the table in hotplug.c, and what the cores' connectors ask for
 * (LoPAR 13.7.4).  A core comes with all its threads stopped; the guest takes
 * it by way of its connector and starts them.  It goes when the guest has
 * stopped all of them and has released the connector.
 *
 * Removal is in two steps, since the second waits for the threads of the
 * core's vCPUs.  A vCPU's thread must not do that in a call of its guest: the
 * one that it waits for may itself have to wait until no vCPU executes.
 *
 * 1. core_leaves(), in whatever thread: the guest's calls don't find the
 *    vCPUs any more, and no device tree has them;
 * 2. remove_core(), in the main loop: the core is unrealized, and the slot is
 *    free again.
 *
 * All of it with the BQL (big QEMU lock) held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/hotplug.h"
#include "hw/qdev-core.h"
#include "qapi/error.h"
#include "system/numa.h"
#include "system/replay.h"
#include "system/runstate.h"
#include "machine.h"

static CPUArchId *core_slot(MachineState *ms, uint32_t core_id)
{
    uint32_t i = core_id / ms->smp.threads;

    return i < ms->possible_cpus->len ? &ms->possible_cpus->cpus[i] : NULL;
}

/* The connector of the core that has the vCPU @id */
static PaprDrc *connector_of(const PaprMachine *pm, uint32_t id)
{
    return papr_dr_find(pm->dr, PAPR_DRC_CPU, id - id % pm->cpu_host.vsmt);
}

static PaprDrc *core_connector(const PaprMachine *pm, DeviceState *dev)
{
    return connector_of(pm, papr_cpu_vcpu_id(&pm->cpu_host,
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
    /* as QEMU refuses -smp 2 */
    if (replay_mode != REPLAY_MODE_NONE && cc->core_id) {
        error_setg(errp, "core %d can't be added: record and replay (-icount "
                   "rr=) need a machine with one CPU", cc->core_id);
        return;
    }
    numa_cpu_pre_plug(slot, dev, errp);
    core->host = &pm->cpu_host;
}

/*
 * The processor that the guest has agreed on, as all others act.  A core of
 * the command line gets it with them, at the reset that starts the machine.
 */
static bool act_as_the_others(PaprMachine *pm, PaprCpuCore *core, Error **errp)
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
    bool hot = dev->hotplugged && !runstate_check(RUN_STATE_INMIGRATE);

    if (dev->hotplugged && !act_as_the_others(pm, PAPR_CPU_CORE(dev), errp)) {
        return;
    }
    if (!papr_drc_attach(drc, dev, !hot, errp)) {
        return;
    }
    /*
     * What is plugged is the core, and query-hotpluggable-cpus has to name it:
     * its only use of the slot's CPU is as an object, whatever the type says.
     */
    core_slot(MACHINE(pm), CPU_CORE(dev)->core_id)->cpu = (CPUState *)dev;
    if (hot) {
        papr_events_hotplug(pm->events, PAPR_HOTPLUG_ADD, PAPR_DRC_CPU,
                            PAPR_HOTPLUG_BY_INDEX, 1, papr_drc_index(drc));
    }
}

static bool core_stays(DeviceState *dev, void *machine)
{
    return CPU_CORE(dev)->core_id == 0;
}

/*
 * A second request is sent like the first: a guest that can't release a core
 * need not say so, and Linux before 5.13 doesn't.
 */
void papr_machine_core_unplug_request(PaprMachine *pm, DeviceState *dev,
                                      Error **errp)
{
    PaprDrc *drc = core_connector(pm, dev);

    if (core_stays(dev, pm)) {
        error_setg(errp, "Boot CPU core may not be unplugged");
        return;
    }
    if (papr_drc_device(drc) != dev) {
        return;                         /* it is on its way */
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

static void core_leaves(DeviceState *dev, void *machine)
{
    PaprMachine *pm = machine;
    PaprCpuCore *core = PAPR_CPU_CORE(dev);

    papr_cpu_core_leave(core);
    for (int i = 0; i < CPU_CORE(core)->nr_threads; i++) {
        papr_fwnmi_vcpu_leaves(pm->fwnmi, papr_vcpu(core->threads[i]));
    }
}

static void remove_core(DeviceState *dev, void *machine)
{
    hotplug_handler_unplug(HOTPLUG_HANDLER(machine), dev, &error_abort);
    object_unparent(OBJECT(dev));
}

/*
 * LoPAR R1-13.7.4.1.1-1: all threads are stopped before.  One that runs would
 * be gone in the middle of what it does.
 */
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
    .release = remove_core,
    .in_main_loop = true,
    .leave = core_leaves,
    .stays = core_stays,
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
    return papr_drc_is_taken(connector_of(machine, vcpu->id));
}
