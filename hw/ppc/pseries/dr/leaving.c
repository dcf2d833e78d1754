/*
 * pSeries platform: when a device that the guest has released is taken out
 *
 * That is later than the guest releases it
 *
 * - if its kind leaves in two steps (PaprDrcOps.leave), or
 * - while a stream of it is made or read.  The other side was started with the
 *   device, before the guest released it, and the user there can't know.
 *
 * Such a device is in the stream as one that is given back and to be taken out.
 * So it goes at the other side, when the machine starts there.
 *
 * Called by connector.c, and by dr.c, which takes the devices out.  BQL (big
 * QEMU lock) held.
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

void papr_dr_take_out_soon(PaprDr *dr)
{
    timer_mod(dr->take_out, 0);
}

bool papr_dr_take_out_later(PaprDr *dr)
{
    bool later = stream_is_under_way();

    if (later) {
        timer_mod(dr->take_out,
                  qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + TRY_AGAIN_MS);
    }
    return later;
}
