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

#include "hw/pseries/dt.h"
#include "hw/pseries/irq.h"
#include "hw/pseries/rtas.h"

typedef struct PaprEvents PaprEvents;

PaprEvents *papr_events_new(PaprRtas *rtas, PaprIrqs *irqs,
                            bool modern_hotplug, Error **errp);
void papr_events_reset(PaprEvents *events);

/** papr_events_use_hotplug_source: CAS result (option vector 5 byte 6) */
void papr_events_use_hotplug_source(PaprEvents *events, bool use);

/** papr_events_powerdown: ask the guest to shut down (EPOW); BQL */
void papr_events_powerdown(PaprEvents *events);

/** papr_events_dt: /event-sources, and properties of the open /rtas node */
void papr_events_dt_sources(PaprEvents *events, PaprDt *dt);
void papr_events_dt_rtas(PaprEvents *events, PaprDt *dt);

/* "pending_events" subsection of the machine's vmstate is in rtas/events.c */
extern const VMStateDescription vmstate_papr_pending_events;

#endif
