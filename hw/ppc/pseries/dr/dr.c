/*
 * pSeries platform: the connectors of a machine, with all that calls them
 *
 * Called by machine/, once, and by the main loop.  BQL (big QEMU lock) held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/qdev-core.h"
#include "qemu/timer.h"
#include "system/runstate.h"
#include "internal.h"

static void free_run(gpointer data)
{
    PaprDrcRun *run = data;

    g_free(run->drcs);
    g_free(run);
}

/*
 * By a timer of the main loop: not in a vCPU's thread, which may be the one
 * that is waited for, and not in a bottom half.  Those run while block devices
 * are waited for, too, which may be in a walk of handlers that a device has one
 * of.
 */
static void take_out(void *opaque)
{
    PaprDr *dr = opaque;

    if (!papr_dr_take_out_later(dr)) {
        papr_dr_take_out_leaving(dr);
    }
}

/* What was held back as long as the machine was that of a stream goes, too */
static void machine_changed(void *opaque, bool running, RunState state)
{
    PaprDr *dr = opaque;

    if (!running) {
        return;
    }
    if (dr->loaded_back) {
        dr->loaded_back = false;
        papr_dr_leave_as_loaded(dr);
    }
    papr_dr_take_out_soon(dr);
}

bool papr_dr_is_hotplug(const DeviceState *dev)
{
    return dev->hotplugged && !runstate_check(RUN_STATE_INMIGRATE);
}

PaprDr *papr_dr_new(PaprRtas *rtas)
{
    PaprDr *dr = g_new0(PaprDr, 1);

    for (int type = 0; type < PAPR_DRC_TYPES; type++) {
        dr->runs[type] = g_ptr_array_new_with_free_func(free_run);
    }
    dr->take_out = timer_new_ms(QEMU_CLOCK_REALTIME, take_out, dr);
    qemu_add_vm_change_state_handler(machine_changed, dr);
    papr_dr_watch_streams(dr);
    papr_dr_register_rtas(dr, rtas);
    papr_dr_register_vmstate(dr);
    return dr;
}
