/*
 * pSeries platform: devices that the guest has let go of, and that are there
 *
 * A device is taken out later than the guest lets go of it
 *
 * - if its kind leaves in two steps (PaprDrcOps.leave), or
 * - while a stream of it is made or read.  The other side was started with the
 *   device, before the guest let go of it, and the user there can't know.
 *
 * Such a device is in the stream as one that is given back and to be taken out.
 * So it goes at the other side, when the machine starts there.
 *
 * With the BQL (big QEMU lock) held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/qdev-core.h"
#include "migration/misc.h"
#include "qemu/timer.h"
#include "system/runstate.h"
#include "internal.h"

/* Nobody tells when the side that reads a stream has come to its end */
#define TRY_AGAIN_MS 50

static bool stream_is_under_way(void)
{
    return migration_is_running() || migration_in_incoming_postcopy() ||
           runstate_check(RUN_STATE_INMIGRATE) ||
           runstate_check(RUN_STATE_POSTMIGRATE);
}

/* A device for which migration itself waits until it is gone: failover */
bool papr_dr_must_stay(const DeviceState *dev)
{
    return !dev->allow_unplug_during_migration && stream_is_under_way();
}

/*
 * In the main loop, between all else: not in a vCPU's thread, which may be the
 * one that is waited for, and not where block devices are waited for, which may
 * be in a walk of handlers that a device has one of.
 */
static void take_out(void *opaque)
{
    PaprDr *dr = opaque;

    if (stream_is_under_way()) {
        timer_mod(dr->take_out,
                  qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + TRY_AGAIN_MS);
        return;
    }
    papr_dr_take_out_leaving(dr);
}

void papr_dr_take_out_soon(PaprDr *dr)
{
    timer_mod(dr->take_out, 0);
}

static void machine_changed(void *opaque, bool running, RunState state)
{
    PaprDr *dr = opaque;

    if (running && dr->loaded_back) {
        dr->loaded_back = false;
        papr_dr_leave_as_loaded(dr);
    }
}

void papr_dr_register_leaving(PaprDr *dr)
{
    dr->take_out = timer_new_ms(QEMU_CLOCK_REALTIME, take_out, dr);
    qemu_add_vm_change_state_handler(machine_changed, dr);
}
