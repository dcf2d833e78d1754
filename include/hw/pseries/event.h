/*
 * pSeries platform: events the guest fetches with check-exception / event-scan
 *
 * EPOW (environmental and power warnings) and hotplug requests as RTAS error
 * logs, version 6 (LoPAR chapter 10).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_EVENT_H
#define HW_PSERIES_EVENT_H

#include "hw/pseries/dr.h"
#include "hw/pseries/dt.h"
#include "hw/pseries/irq.h"
#include "hw/pseries/rtas.h"

typedef struct PaprEvents PaprEvents;

/**
 * papr_events_new - claim the interrupts, register the calls
 * @modern_hotplug: offer a separate interrupt for hotplug requests
 *
 * From here on system_powerdown reaches the guest as an EPOW event.
 */
PaprEvents *papr_events_new(PaprRtas *rtas, PaprIrqs *irqs,
                            bool modern_hotplug, Error **errp);

/** papr_events_set_clock: @now gives the dates of logs; without it, zeroes */
void papr_events_set_clock(PaprEvents *events,
                           void (*now)(struct tm *tm, void *opaque),
                           void *opaque);

/**
 * papr_events_reset: drop pending events, and the result of
 * client-architecture-support (CAS)
 */
void papr_events_reset(PaprEvents *events);

/**
 * papr_events_drop_hotplug - forget pending hotplug requests, as CAS does
 *
 * Interrupts of other events are raised again, at the controller that is active
 * now.
 */
void papr_events_drop_hotplug(PaprEvents *events);

/**
 * papr_events_use_hotplug_source: CAS result (option vector 5 byte 6); after
 * migration papr_cas_post_load() calls it again
 */
void papr_events_use_hotplug_source(PaprEvents *events, bool use);

typedef enum PaprHotplugAction {
    PAPR_HOTPLUG_ADD = 1,
    PAPR_HOTPLUG_REMOVE = 2,
} PaprHotplugAction;

/* Which connectors: Table 10.22, "Hotplug Identifier Type" */
typedef enum PaprHotplugBy {
    PAPR_HOTPLUG_BY_INDEX = 2,          /* the one with index @index */
    PAPR_HOTPLUG_BY_COUNT = 3,          /* any @count of the type */
    PAPR_HOTPLUG_BY_COUNT_INDEX = 4,    /* @count, from @index on */
} PaprHotplugBy;

/**
 * papr_events_hotplug - ask the guest to configure or release resources; BQL
 * @index: a connector's index; @count: number of connectors; see PaprHotplugBy
 */
void papr_events_hotplug(PaprEvents *events, PaprHotplugAction action,
                         PaprDrcType type, PaprHotplugBy by, uint32_t count,
                         uint32_t index);

/** papr_events_powerdown: ask the guest to shut down (EPOW); BQL */
void papr_events_powerdown(PaprEvents *events);

/** papr_events_dt_*: /event-sources, and properties of the open /rtas node */
void papr_events_dt_sources(PaprEvents *events, PaprDt *dt);
void papr_events_dt_rtas(PaprEvents *events, PaprDt *dt);

/*
 * Migration: the machine's subsection "spapr_pending_events", version 1, is
 * this struct (opaque: PaprEvents), needed when papr_events_pending() says so.
 */
bool papr_events_pending(const PaprEvents *events);
extern const VMStateDescription vmstate_papr_pending_events;

#endif
