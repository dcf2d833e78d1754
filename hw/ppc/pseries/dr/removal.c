/*
 * pSeries platform: when a device that the guest has released is removed
 *
 * It is removed at once, or later
 *
 * - if removal has to be in the main loop (PaprDrcOps.in_main_loop), or
 * - if a stream is being saved or loaded.  The destination was started with the
 *   device, and the user there does not know that it was released.  And threads
 *   of migration walk the list of savevm handlers, from which removal of a
 *   device removes some, without the BQL (big QEMU lock).
 *
 * In the stream such a device is released, with its unplug requested.  The
 * destination removes it when the machine starts there.  The source removes it
 * when the migration fails, or when the machine continues or is reset after the
 * stream was saved.
 *
 * Called by connector.c, and by dr.c, which removes the devices.  BQL held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/qdev-core.h"
#include "migration/misc.h"
#include "qemu/timer.h"
#include "system/runstate.h"
#include "internal.h"

/* There is no notifier of the end of postcopy at the destination */
#define TRY_AGAIN_MS 50

static bool migration_in_progress(void)
{
    return migration_is_running() || migration_in_incoming_postcopy() ||
           runstate_check(RUN_STATE_INMIGRATE) ||
           runstate_check(RUN_STATE_POSTMIGRATE);
}

/* allow_unplug_during_migration: failover, migration waits for the removal */
bool papr_dr_in_stream(const DeviceState *dev)
{
    return !dev->allow_unplug_during_migration && migration_in_progress();
}

void papr_dr_schedule_removal(PaprDr *dr)
{
    if (!g_queue_is_empty(&dr->to_remove)) {
        timer_mod(dr->removal_timer, 0);
    }
}

bool papr_dr_defer_removal(PaprDr *dr)
{
    if (migration_in_incoming_postcopy()) {
        timer_mod(dr->removal_timer,
                  qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + TRY_AGAIN_MS);
    }
    return migration_in_progress();
}

/* In postcopy, too, an event comes after the migration thread has ended */
static int stream_changed(NotifierWithReturn *notifier, MigrationEvent *event,
                          Error **errp)
{
    if (event->type != MIG_EVENT_PRECOPY_SETUP) {
        papr_dr_schedule_removal(container_of(notifier, PaprDrStreams,
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
