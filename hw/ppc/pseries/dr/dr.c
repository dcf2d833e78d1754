/*
 * pSeries platform: init of the connectors
 *
 * Registers RTAS calls, migration and the handlers that remove devices.  Called
 * by machine/ and by the main loop, with the BQL (big QEMU lock) held.
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
 * Deferred removal is done by a timer of the main loop, for two reasons:
 *
 * - not in a vCPU's thread, since removal of a core waits for such threads;
 * - not in a bottom half: bottom halves also run while QEMU waits for block
 *   devices, possibly in a walk of VM change state handlers, of which removal
 *   removes some.
 */
static void removal_timer_expired(void *opaque)
{
    PaprDr *dr = opaque;

    if (!papr_dr_defer_removal(dr)) {
        papr_dr_remove_released(dr);
    }
}

/* A machine that runs need not match a stream any more: devices are removed */
static void dr_vm_state_changed(void *opaque, bool running, RunState state)
{
    PaprDr *dr = opaque;

    if (!running) {
        return;
    }
    if (dr->loaded_released) {
        dr->loaded_released = false;
        papr_dr_hide_released(dr);
    }
    papr_dr_schedule_removal(dr);
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
    dr->removal_timer = timer_new_ms(QEMU_CLOCK_REALTIME,
                                     removal_timer_expired, dr);
    qemu_add_vm_change_state_handler(dr_vm_state_changed, dr);
    papr_dr_watch_streams(dr);
    papr_dr_register_rtas(dr, rtas);
    papr_dr_register_vmstate(dr);
    return dr;
}
