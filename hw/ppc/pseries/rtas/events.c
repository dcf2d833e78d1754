/*
 * Events for the guest: pending logs, check-exception and event-scan
 *
 * The platform queues a log and raises the interrupt of the log's class; the
 * guest fetches it with check-exception.  Classes and their interrupts: LoPAR
 * section 10.2, Table 10.1; the calls: section 7.3.3.
 *
 * Two kinds of events: EPOW (environmental and power warnings), of which this
 * platform sends requests to shut down, and requests to add or remove a hotplug
 * resource.  Hotplug requests have an interrupt of their own if the guest asked
 * for it at client-architecture-support (CAS); else they share EPOW's.
 *
 * Called from the machine, from connectors (hw/ppc/pseries/dr) and from the
 * guest by RTAS.  Locking: BQL (big QEMU lock).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/notify.h"
#include "qemu/queue.h"
#include "hw/pseries/event.h"
#include "hw/pseries/guest-mem.h"
#include "system/runstate.h"
#include "log.h"
#include "hw/ppc/pseries/trace.h"

/* "rtas-event-scan-rate", calls a minute: nothing waits for event-scan */
#define SCAN_RATE 1

/* check-exception's arguments: with the upper half of SRR1 there are 7 */
enum {
    CE_VECTOR,
    CE_INFO,
    CE_MASK,
    CE_CRITICAL,
    CE_BUFFER,
    CE_LENGTH,
    CE_NARGS,
    CE_NARGS_EXTENDED = CE_NARGS + 1,
};

/* The least a guest's buffer must hold: the summary word */
#define ROOM_MIN 4

typedef enum SourceId {
    SOURCE_EPOW,
    SOURCE_HOTPLUG,
    SOURCE_NUM,
} SourceId;

static const struct {
    const char *node;
    uint32_t mask;
    uint32_t irq;                       /* unless numbers are packed */
} sources[SOURCE_NUM] = {
    [SOURCE_EPOW] = { "epow-events", 1u << 30, PAPR_IRQ_EPOW },
    [SOURCE_HOTPLUG] = { "hot-plug-events", 1u << 28, PAPR_IRQ_HOTPLUG },
};

typedef struct Event {
    uint32_t summary;
    uint32_t length;
    uint8_t *log;                       /* the extended log */
    QTAILQ_ENTRY(Event) next;
} Event;

struct PaprEvents {
    PaprIrqs *irqs;
    uint32_t irq[SOURCE_NUM];
    bool modern_hotplug;                /* the hotplug source exists... */
    bool use_hotplug_source;            /* ...and the guest wants it */
    uint32_t last_id;
    void (*now)(struct tm *tm, void *opaque);
    void *clock;
    Notifier powerdown;
    QTAILQ_HEAD(, Event) pending;
};

static SourceId source_of(const PaprEvents *events, const Event *event)
{
    if (papr_log_type(event->summary) == PAPR_LOG_TYPE_HOTPLUG &&
        events->use_hotplug_source) {
        return SOURCE_HOTPLUG;
    }
    return SOURCE_EPOW;
}

static Event *find_pending(PaprEvents *events, uint32_t mask)
{
    Event *event;

    QTAILQ_FOREACH(event, &events->pending, next) {
        if (sources[source_of(events, event)].mask & mask) {
            return event;
        }
    }
    return NULL;
}

static void drop_event(PaprEvents *events, Event *event)
{
    QTAILQ_REMOVE(&events->pending, event, next);
    g_free(event->log);
    g_free(event);
}

/* R1-10.2-10: as long as events are pending their interrupt comes again */
static void trigger_pending(PaprEvents *events)
{
    int i;

    for (i = 0; i < SOURCE_NUM; i++) {
        if (find_pending(events, sources[i].mask)) {
            papr_irq_trigger(events->irqs, events->irq[i]);
        }
    }
}

static void queue_event(PaprEvents *events, const PaprLog *log)
{
    Event *event = g_new0(Event, 1);
    SourceId source;

    event->summary = log->summary;
    event->length = log->length;
    event->log = g_memdup2(log->data, log->length);
    QTAILQ_INSERT_TAIL(&events->pending, event, next);
    source = source_of(events, event);
    trace_papr_event_post(papr_log_type(log->summary), events->irq[source]);
    papr_irq_trigger(events->irqs, events->irq[source]);
}

/* The date for a log, in @tm; NULL without a clock */
static const struct tm *event_date(PaprEvents *events, struct tm *tm)
{
    if (!events->now) {
        return NULL;
    }
    events->now(tm, events->clock);
    return tm;
}

void papr_events_powerdown(PaprEvents *events)
{
    struct tm tm;
    PaprLog log;
    Event *event;

    /* one pending shutdown request is enough */
    QTAILQ_FOREACH(event, &events->pending, next) {
        if (papr_log_type(event->summary) == PAPR_LOG_TYPE_EPOW) {
            trigger_pending(events);
            return;
        }
    }
    papr_log_epow(&log, ++events->last_id, event_date(events, &tm));
    queue_event(events, &log);
}

static void powerdown_notify(Notifier *notifier, void *data)
{
    papr_events_powerdown(container_of(notifier, PaprEvents, powerdown));
}

static uint8_t hotplug_resource(PaprDrcType type)
{
    switch (type) {
    case PAPR_DRC_CPU:
        return PAPR_LOG_HP_CPU;
    case PAPR_DRC_LMB:
        return PAPR_LOG_HP_MEMORY;
    case PAPR_DRC_PHB:
        return PAPR_LOG_HP_PHB;
    case PAPR_DRC_PCI:
        return PAPR_LOG_HP_PCI;
    case PAPR_DRC_PMEM:
        return PAPR_LOG_HP_PMEM;
    default:
        g_assert_not_reached();
    }
}

void papr_events_hotplug(PaprEvents *events, PaprHotplugAction action,
                         PaprDrcType type, PaprHotplugBy by, uint32_t count,
                         uint32_t index)
{
    PaprLogHotplug request = {
        .resource = hotplug_resource(type),
        .action = action,
        .by = by,
        .count = count,
        .index = index,
    };
    struct tm tm;
    PaprLog log;

    papr_log_hotplug(&log, ++events->last_id, event_date(events, &tm),
                     &request);
    queue_event(events, &log);
}

/*
 * check-exception.  Vector and additional information name the interrupt; each
 * class has one interrupt here, so that the mask of classes is sufficient
 * (R1-7.3.3.2-6).  An event is removed only after the guest has got it.
 */
static int32_t check_exception(PowerPCCPU *cpu, PaprRtasCall *call,
                               void *opaque)
{
    PaprEvents *events = opaque;
    uint32_t room = MIN(call->args[CE_LENGTH], PAPR_LOG_MAX);
    uint8_t out[PAPR_LOG_MAX];
    size_t size;
    Event *event;

    if (call->nargs > CE_NARGS_EXTENDED) {
        return RTAS_PARAMETER_ERROR;
    }
    event = find_pending(events, call->args[CE_MASK]);
    if (!event) {
        return RTAS_NO_ERRORS_FOUND;
    }

    /* R1-7.3.3.2-4: no extended log if the guest sets "Critical" */
    size = papr_log_store(out, room, !call->args[CE_CRITICAL], event->summary,
                          event->log, event->length);
    if (room < ROOM_MIN || !papr_mem_write(call->args[CE_BUFFER], out, size)) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "RTAS: check-exception: bad buffer 0x%x, length %u\n",
                      call->args[CE_BUFFER], call->args[CE_LENGTH]);
        return RTAS_PARAMETER_ERROR;
    }
    trace_papr_event_fetch(papr_log_type(event->summary),
                           call->args[CE_VECTOR], call->args[CE_INFO], size);
    drop_event(events, event);
    trigger_pending(events);
    return RTAS_SUCCESS;
}

/*
 * event-scan.  R1-7.3.3-1: an event comes by check-exception or by event-scan,
 * not both, and all events of this machine have interrupts.  A guest that scans
 * may have missed an interrupt, though, so it is triggered again.
 */
static int32_t event_scan(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    trigger_pending(opaque);
    return RTAS_NO_ERRORS_FOUND;
}

static const PaprRtasEntry event_calls[] = {
    { RTAS_CHECK_EXCEPTION, CE_NARGS, 1, check_exception },
    { RTAS_EVENT_SCAN, 4, 1, event_scan },
};

/* Number of sources; if there is one, it is EPOW's */
static int source_count(const PaprEvents *events)
{
    return events->modern_hotplug ? SOURCE_NUM : SOURCE_HOTPLUG;
}

static bool assign_irqs(PaprEvents *events, Error **errp)
{
    for (int i = 0; i < source_count(events); i++) {
        events->irq[i] = papr_irq_assign(events->irqs, sources[i].irq, false,
                                         errp);
        if (!events->irq[i]) {
            while (i-- > 0) {
                papr_irq_release(events->irqs, events->irq[i]);
            }
            return false;
        }
    }
    return true;
}

PaprEvents *papr_events_new(PaprRtas *rtas, PaprIrqs *irqs,
                            bool modern_hotplug, Error **errp)
{
    PaprEvents *events = g_new0(PaprEvents, 1);

    events->irqs = irqs;
    events->modern_hotplug = modern_hotplug;
    if (!assign_irqs(events, errp)) {
        g_free(events);
        return NULL;
    }
    QTAILQ_INIT(&events->pending);
    events->powerdown.notify = powerdown_notify;
    qemu_register_powerdown_notifier(&events->powerdown);
    papr_rtas_register(rtas, event_calls, ARRAY_SIZE(event_calls), events);
    return events;
}

void papr_events_set_clock(PaprEvents *events,
                           void (*now)(struct tm *tm, void *opaque),
                           void *opaque)
{
    events->now = now;
    events->clock = opaque;
}

void papr_events_use_hotplug_source(PaprEvents *events, bool use)
{
    events->use_hotplug_source = use && events->modern_hotplug;
}

void papr_events_drop_hotplug(PaprEvents *events)
{
    Event *event, *next;

    QTAILQ_FOREACH_SAFE(event, &events->pending, next, next) {
        if (papr_log_type(event->summary) == PAPR_LOG_TYPE_HOTPLUG) {
            drop_event(events, event);
        }
    }
    /* the other events' interrupts went to the former interrupt controller */
    trigger_pending(events);
}

void papr_events_reset(PaprEvents *events)
{
    Event *event, *next;

    QTAILQ_FOREACH_SAFE(event, &events->pending, next, next) {
        drop_event(events, event);
    }
    events->use_hotplug_source = false;
}

void papr_events_dt_sources(PaprEvents *events, PaprDt *dt)
{
    int i, n = source_count(events);
    uint32_t ranges[SOURCE_NUM * 2];

    for (i = 0; i < n; i++) {
        ranges[2 * i] = events->irq[i];
        ranges[2 * i + 1] = 1;
    }

    papr_dt_begin(dt, "event-sources");
    papr_dt_empty(dt, "interrupt-controller");
    papr_dt_u32(dt, "#interrupt-cells", 2);
    papr_dt_cells(dt, "interrupt-ranges", ranges, 2 * n);
    for (i = 0; i < n; i++) {
        papr_dt_begin(dt, "%s", sources[i].node);
        /* 0: edge */
        papr_dt_cell_list(dt, "interrupts", events->irq[i], 0);
        papr_dt_end(dt);
    }
    papr_dt_end(dt);
}

void papr_events_dt_rtas(PaprEvents *events, PaprDt *dt)
{
    papr_dt_u32(dt, "rtas-error-log-max", PAPR_LOG_MAX);
    papr_dt_u32(dt, "rtas-event-scan-rate", SCAN_RATE);
}

bool papr_events_pending(const PaprEvents *events)
{
    return !QTAILQ_EMPTY(&events->pending);
}

static bool log_fits(void *opaque, int version_id)
{
    const Event *event = opaque;

    return event->length <= PAPR_LOG_MAX - PAPR_LOG_FIXED;
}

static const VMStateDescription vmstate_event = {
    .name = "spapr_event_log_entry",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(summary, Event),
        VMSTATE_UINT32(length, Event),
        VMSTATE_VALIDATE("length of an event's log", log_fits),
        VMSTATE_VBUFFER_ALLOC_UINT32(log, Event, 0, NULL, length),
        VMSTATE_END_OF_LIST()
    },
};

const VMStateDescription vmstate_papr_pending_events = {
    .name = "spapr_pending_events",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_QTAILQ_V(pending, PaprEvents, 1, vmstate_event, Event, next),
        VMSTATE_END_OF_LIST()
    },
};
