/*
 * pSeries platform: when a device that the guest has released is taken out
 *
 * That is later than the guest releases it, or starts anew without it,
 *
 * - if its kind is taken out in the main loop (PaprDrcOps.in_main_loop), or
 * - while a stream of it is made or read.  The other side was started with the
 *   device, before the guest released it, and the user there can't know.  And
 *   migration's threads walk the list of what is in the stream without the BQL
 *   (big QEMU lock), and call what a device has put there.
 *
 * Such a device is in the stream as one that is given back and to be taken out.
 * So it goes at the other side, when the machine starts there.  On this side it
 * goes when the stream has come to nothing and when the machine goes on, or is
 * reset, after the stream was made.
 *
 * Called by connector.c, and by dr.c, which takes the devices out.  BQL held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/qdev-core.h"
#include "migration/misc.h"
#include "qemu/timer.h"
#include "system/runstate.h"
#include "internal.h"

/* Nobody tells when postcopy has come to its end at the side that reads */
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
    if (!g_queue_is_empty(&dr->leaving)) {
        timer_mod(dr->take_out, 0);
    }
}

bool papr_dr_take_out_later(PaprDr *dr)
{
    if (migration_in_incoming_postcopy()) {
        timer_mod(dr->take_out,
                  qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + TRY_AGAIN_MS);
    }
    return stream_is_under_way();
}

/* At the end migration's thread has ended, too */
static int stream_changed(NotifierWithReturn *notifier, MigrationEvent *event,
                          Error **errp)
{
    if (event->type != MIG_EVENT_PRECOPY_SETUP) {
        papr_dr_take_out_soon(container_of(notifier, PaprDrStreams,
                                           notifier)->dr);
    }
    return 0;
}

void papr_dr_watch_streams(PaprDr *dr)
{
    for (int mode = 0; mode < MIG_MODE__MAX; mode++) {
        dr->streams[mode].dr = dr;
        migration_add_notifier_mode(&dr->streams[mode].notifier,
                                    stream_changed, mode);
    }
}
