/*
 * Watchdogs of the partition: H_WATCHDOG
 *
 * Section 14.15.6 of PAPR after LoPAR 2.9.  The guest starts one of a few
 * numbered timers, starts it again before it expires, or stops it.  When it
 * starts a timer the guest chooses the action of its expiry, which the user may
 * override (-action watchdog=, watchdog-set-action).
 *
 * Timers use the virtual clock, which does not advance while the machine is
 * stopped.
 * Locking: BQL (big QEMU lock).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-events-run-state.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "hw/nmi.h"
#include "hw/pseries/misc.h"
#include "migration/vmstate.h"
#include "system/runstate.h"
#include "system/watchdog.h"
#include "hw/ppc/pseries/trace.h"

#define N_WATCHDOGS 4

/* Milliseconds; the maximum, over 30 years, does not overflow as nanoseconds */
#define TIMEOUT_MIN 500
#define TIMEOUT_MAX (1ULL << 40)

/* The flags argument, IBM bit numbers */
#define FLAGS_RESERVED MAKE_64BIT_MASK(17, 47)      /* 0-46 */
#define FLAG_LEAVE_OTHERS (1ULL << (63 - 47))
#define FLAGS_OPERATION(flags) extract64(flags, 8, 8)
#define FLAGS_ACTION(flags) extract64(flags, 0, 8)

enum {
    OP_START = 1,
    OP_STOP = 2,
    OP_QUERY = 3,
    OP_QUERY_LPM = 4,                   /* live partition mobility */
};

enum {
    ACTION_POWER_OFF = 1,
    ACTION_RESTART = 2,
    ACTION_DUMP_RESTART = 3,
};

/* Instead of a number, for OP_STOP */
#define ALL_WATCHDOGS UINT64_MAX

/* OP_QUERY_LPM: watchdogs may run while the partition migrates */
#define LPM_NEED_NOT_STOP 2

OBJECT_DECLARE_SIMPLE_TYPE(PaprWdt, PAPR_WDT)

struct PaprWdt {
    DeviceState parent_obj;

    PaprWatchdogs *set;
    QEMUTimer timer;
    uint8_t action;
    uint8_t leave_others;
};

struct PaprWatchdogs {
    PaprWdt *wdt[N_WATCHDOGS];
};

static int64_t stop_watchdog(PaprWdt *wdt)
{
    if (!timer_pending(&wdt->timer)) {
        return H_NOOP;
    }
    timer_del(&wdt->timer);
    return H_SUCCESS;
}

static int64_t stop_all_watchdogs(PaprWatchdogs *set)
{
    int64_t rc = H_NOOP;
    int i;

    for (i = 0; i < N_WATCHDOGS; i++) {
        if (stop_watchdog(set->wdt[i]) == H_SUCCESS) {
            rc = H_SUCCESS;
        }
    }
    return rc;
}

/* The guest's action; QEMU's common code handles the restart */
static void perform_guest_action(uint8_t action)
{
    switch (action) {
    case ACTION_POWER_OFF:
        qapi_event_send_watchdog(WATCHDOG_ACTION_POWEROFF);
        qemu_system_shutdown_request(SHUTDOWN_CAUSE_GUEST_SHUTDOWN);
        break;
    case ACTION_DUMP_RESTART:
        /* a system reset interrupt: the guest dumps, and restarts itself */
        qapi_event_send_watchdog(WATCHDOG_ACTION_INJECT_NMI);
        nmi_monitor_handle(0, NULL);
        break;
    default:
        watchdog_perform_action();
        break;
    }
}

static void watchdog_expired(void *opaque)
{
    PaprWdt *wdt = opaque;
    int i;

    for (i = 0; wdt->set->wdt[i] != wdt; i++) {
        ;
    }
    trace_papr_watchdog_expired(i + 1, wdt->action);
    if (!wdt->leave_others) {
        stop_all_watchdogs(wdt->set);
    }
    /* RESET is the default: the user has not chosen another action */
    if (get_watchdog_action() == WATCHDOG_ACTION_RESET) {
        perform_guest_action(wdt->action);
    } else {
        watchdog_perform_action();
    }
}

static PaprWdt *find_watchdog(PaprWatchdogs *set, uint64_t number)
{
    if (number < 1 || number > N_WATCHDOGS) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "H_WATCHDOG: there is no watchdog %" PRIu64 "\n", number);
        return NULL;
    }
    return set->wdt[number - 1];
}

static int64_t start_watchdog(PaprWatchdogs *set, uint64_t flags,
                              uint64_t number, uint64_t timeout)
{
    PaprWdt *wdt = find_watchdog(set, number);
    uint8_t action = FLAGS_ACTION(flags);

    if (action < ACTION_POWER_OFF || action > ACTION_DUMP_RESTART) {
        return H_PARAMETER;
    }
    if (!wdt) {
        return H_P2;
    }
    if (timeout < TIMEOUT_MIN) {
        return H_P3;
    }
    trace_papr_watchdog_start(number, flags, timeout);
    wdt->action = action;
    wdt->leave_others = !!(flags & FLAG_LEAVE_OTHERS);
    timer_mod(&wdt->timer, qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL) +
              MIN(timeout, TIMEOUT_MAX));
    return H_SUCCESS;
}

static int64_t handle_stop(PaprWatchdogs *set, uint64_t number)
{
    PaprWdt *wdt;
    int64_t rc;

    if (number == ALL_WATCHDOGS) {
        rc = stop_all_watchdogs(set);
    } else {
        wdt = find_watchdog(set, number);
        rc = wdt ? stop_watchdog(wdt) : H_P2;
    }
    trace_papr_watchdog_stop(number, rc);
    return rc;
}

static int64_t h_watchdog(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprWatchdogs *set = opaque;
    uint64_t flags = args[0], number = args[1], timeout = args[2];

    if (flags & FLAGS_RESERVED) {
        return H_PARAMETER;
    }
    switch (FLAGS_OPERATION(flags)) {
    case OP_START:
        return start_watchdog(set, flags, number, timeout);
    case OP_STOP:
        return handle_stop(set, number);
    case OP_QUERY:
        args[0] = (uint64_t)TIMEOUT_MIN << 48 | (uint64_t)N_WATCHDOGS << 32;
        break;
    case OP_QUERY_LPM:
        if (!find_watchdog(set, number)) {
            return H_P2;
        }
        args[0] = LPM_NEED_NOT_STOP;
        break;
    default:
        return H_PARAMETER;
    }
    trace_papr_watchdog_query(FLAGS_OPERATION(flags), args[0]);
    return H_SUCCESS;
}

static const PaprHcall watchdog_hcalls[] = {
    { H_WATCHDOG, 0, 3, 1, h_watchdog },
};

PaprWatchdogs *papr_watchdog_new(Object *owner, PaprHcallTable *hcalls,
                                 Error **errp)
{
    PaprWatchdogs *set = g_new0(PaprWatchdogs, 1);
    int i;

    for (i = 0; i < N_WATCHDOGS; i++) {
        g_autofree char *name = g_strdup_printf("wdt%d", i + 1);
        PaprWdt *wdt = PAPR_WDT(object_new(TYPE_PAPR_WDT));

        object_property_add_child(owner, name, OBJECT(wdt));
        object_unref(OBJECT(wdt));
        wdt->set = set;
        set->wdt[i] = wdt;
        if (!qdev_realize(DEVICE(wdt), NULL, errp)) {
            for (; i >= 0; i--) {
                object_unparent(OBJECT(set->wdt[i]));
            }
            g_free(set);
            return NULL;
        }
    }
    papr_hcall_register(hcalls, watchdog_hcalls, ARRAY_SIZE(watchdog_hcalls),
                        set);
    return set;
}

void papr_watchdog_reset(PaprWatchdogs *watchdogs)
{
    stop_all_watchdogs(watchdogs);
}

static bool wdt_needed(void *opaque)
{
    PaprWdt *wdt = opaque;

    return timer_pending(&wdt->timer);
}

static const VMStateDescription vmstate_wdt = {
    .name = "spapr_watchdog",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = wdt_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_TIMER(timer, PaprWdt),
        VMSTATE_UINT8(action, PaprWdt),
        VMSTATE_UINT8(leave_others, PaprWdt),
        VMSTATE_END_OF_LIST()
    },
};

/* For the monitor: time of expiry, of the virtual clock, and the flags */
static void add_wdt_properties(PaprWdt *wdt)
{
    const struct {
        const char *name;
        const uint8_t *value;
    } bytes[] = {
        { "action", &wdt->action },
        { "leaveOtherWatchdogsRunningOnTimeout", &wdt->leave_others },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(bytes); i++) {
        object_property_add_uint8_ptr(OBJECT(wdt), bytes[i].name,
                                      bytes[i].value, OBJ_PROP_FLAG_READ);
    }
    object_property_add_uint64_ptr(OBJECT(wdt), "expire",
                                   (uint64_t *)&wdt->timer.expire_time,
                                   OBJ_PROP_FLAG_READ);
}

static void wdt_realize(DeviceState *dev, Error **errp)
{
    PaprWdt *wdt = PAPR_WDT(dev);

    timer_init_ms(&wdt->timer, QEMU_CLOCK_VIRTUAL, watchdog_expired, wdt);
    add_wdt_properties(wdt);
}

static void wdt_unrealize(DeviceState *dev)
{
    timer_del(&PAPR_WDT(dev)->timer);
}

static void wdt_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->desc = "watchdog of the partition, reached by H_WATCHDOG";
    dc->realize = wdt_realize;
    dc->unrealize = wdt_unrealize;
    dc->vmsd = &vmstate_wdt;
    /* the machine has a fixed number of them */
    dc->user_creatable = false;
}

static const TypeInfo wdt_types[] = {
    {
        .name = TYPE_PAPR_WDT,
        .parent = TYPE_DEVICE,
        .class_init = wdt_class_init,
        .instance_size = sizeof(PaprWdt),
    },
};

DEFINE_TYPES(wdt_types)
