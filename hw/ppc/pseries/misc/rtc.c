/*
 * RTAS real time clock: get-time-of-day and set-time-of-day
 *
 * LoPAR section 7.3.2.  The time is that of QEMU's clock (option -rtc) and an
 * offset, which the guest sets.  It is always UTC.
 *
 * The object's type and vmstate have the names that migration streams and
 * management software use.  Locking: BQL (big QEMU lock).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-events-misc.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "hw/pseries/misc.h"
#include "migration/vmstate.h"
#include "system/rtc.h"
#include "system/system.h"
#include "hw/ppc/pseries/trace.h"

/* Years that 64 bits of nanoseconds since 1970 can represent */
#define YEAR_MIN 1970
#define YEAR_MAX 2261

enum {
    TOD_YEAR,
    TOD_MONTH,
    TOD_DAY,
    TOD_HOUR,
    TOD_MINUTE,
    TOD_SECOND,
    TOD_NANOSECOND,
    TOD_CELLS,
};

OBJECT_DECLARE_SIMPLE_TYPE(PaprRtc, PAPR_RTC)

struct PaprRtc {
    DeviceState parent_obj;

    int64_t ns_offset;                  /* the guest's time less rtc_clock */
    struct tm tm;                       /* cache: @second as a date */
    time_t second;
};

static int64_t rtc_now_ns(const PaprRtc *rtc)
{
    return qemu_clock_get_ns(rtc_clock) + rtc->ns_offset;
}

/*
 * Split nanoseconds since 1970, which may be negative.  gmtime_r() costs more
 * than the rest of a call: a guest that asks often asks in the same second.
 */
static const struct tm *split_time(PaprRtc *rtc, int64_t ns,
                                   uint32_t *fraction)
{
    int64_t rest = ns % NANOSECONDS_PER_SECOND;
    time_t second = ns / NANOSECONDS_PER_SECOND;

    if (rest < 0) {
        rest += NANOSECONDS_PER_SECOND;
        second--;
    }
    if (second != rtc->second || !rtc->tm.tm_mday) {
        gmtime_r(&second, &rtc->tm);
        rtc->second = second;
    }
    *fraction = rest;
    return &rtc->tm;
}

void papr_rtc_now(struct tm *tm, void *rtc)
{
    uint32_t fraction;

    *tm = *split_time(rtc, rtc_now_ns(rtc), &fraction);
}

void papr_rtc_import_offset(PaprRtc *rtc, int64_t seconds)
{
    rtc->ns_offset = (uint64_t)seconds * NANOSECONDS_PER_SECOND;
}

static int32_t get_time_of_day(PowerPCCPU *cpu, PaprRtasCall *call,
                               void *opaque)
{
    int64_t ns = rtc_now_ns(opaque);
    uint32_t *time = &call->rets[1];
    const struct tm *tm = split_time(opaque, ns, &time[TOD_NANOSECOND]);

    time[TOD_YEAR] = tm->tm_year + 1900;
    time[TOD_MONTH] = tm->tm_mon + 1;
    time[TOD_DAY] = tm->tm_mday;
    time[TOD_HOUR] = tm->tm_hour;
    time[TOD_MINUTE] = tm->tm_min;
    time[TOD_SECOND] = tm->tm_sec;
    trace_papr_rtc_get(ns);
    return RTAS_SUCCESS;
}

static bool is_valid_time(const uint32_t *time)
{
    return time[TOD_YEAR] >= YEAR_MIN && time[TOD_YEAR] <= YEAR_MAX &&
           time[TOD_MONTH] >= 1 && time[TOD_MONTH] <= 12 &&
           time[TOD_DAY] >= 1 && time[TOD_DAY] <= 31 &&
           g_date_valid_dmy(time[TOD_DAY], time[TOD_MONTH], time[TOD_YEAR]) &&
           time[TOD_HOUR] < 24 && time[TOD_MINUTE] < 60 &&
           time[TOD_SECOND] < 60 &&
           time[TOD_NANOSECOND] < NANOSECONDS_PER_SECOND;
}

static int32_t set_time_of_day(PowerPCCPU *cpu, PaprRtasCall *call,
                               void *opaque)
{
    PaprRtc *rtc = opaque;
    const uint32_t *time = call->args;
    g_autofree char *path = NULL;
    struct tm tm = {};
    int64_t ns;

    if (!is_valid_time(time)) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "RTAS: set-time-of-day: %u-%u-%u %u:%u:%u is not a valid "
                      "time\n",
                      time[TOD_YEAR], time[TOD_MONTH], time[TOD_DAY],
                      time[TOD_HOUR], time[TOD_MINUTE], time[TOD_SECOND]);
        return RTAS_PARAMETER_ERROR;
    }
    tm.tm_year = time[TOD_YEAR] - 1900;
    tm.tm_mon = time[TOD_MONTH] - 1;
    tm.tm_mday = time[TOD_DAY];
    tm.tm_hour = time[TOD_HOUR];
    tm.tm_min = time[TOD_MINUTE];
    tm.tm_sec = time[TOD_SECOND];
    ns = mktimegm(&tm) * NANOSECONDS_PER_SECOND + time[TOD_NANOSECOND];

    path = object_get_canonical_path(OBJECT(rtc));
    qapi_event_send_rtc_change(qemu_timedate_diff(&tm), path);
    rtc->ns_offset = ns - qemu_clock_get_ns(rtc_clock);
    trace_papr_rtc_set(ns);
    return RTAS_SUCCESS;
}

static const PaprRtasEntry rtc_calls[] = {
    { RTAS_GET_TIME_OF_DAY, 0, 1 + TOD_CELLS, get_time_of_day },
    { RTAS_SET_TIME_OF_DAY, TOD_CELLS, 1, set_time_of_day },
};

PaprRtc *papr_rtc_new(Object *owner, PaprRtas *rtas, Error **errp)
{
    PaprRtc *rtc = PAPR_RTC(object_new(TYPE_PAPR_RTC));

    object_property_add_child(owner, "rtc", OBJECT(rtc));
    object_unref(OBJECT(rtc));
    if (!qdev_realize(DEVICE(rtc), NULL, errp)) {
        object_unparent(OBJECT(rtc));
        return NULL;
    }
    object_property_add_alias(owner, "rtc-time", OBJECT(rtc), "date");
    papr_rtas_register(rtas, rtc_calls, ARRAY_SIZE(rtc_calls), rtc);
    return rtc;
}

static void rtc_get_date(Object *obj, struct tm *tm, Error **errp)
{
    papr_rtc_now(tm, PAPR_RTC(obj));
}

static void rtc_realize(DeviceState *dev, Error **errp)
{
    PaprRtc *rtc = PAPR_RTC(dev);
    struct tm tm;

    qemu_get_timedate(&tm, 0);
    rtc->ns_offset = mktimegm(&tm) * NANOSECONDS_PER_SECOND -
                     qemu_clock_get_ns(rtc_clock);
}

static const VMStateDescription vmstate_rtc = {
    .name = "spapr/rtc",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_INT64(ns_offset, PaprRtc),
        VMSTATE_END_OF_LIST()
    },
};

static void rtc_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->desc = "clock of the machine, reached by RTAS calls";
    dc->realize = rtc_realize;
    dc->vmsd = &vmstate_rtc;
    /* needs the machine's table of RTAS calls */
    dc->user_creatable = false;
    object_class_property_add_tm(oc, "date", rtc_get_date);
}

static const TypeInfo rtc_types[] = {
    {
        .name = TYPE_PAPR_RTC,
        .parent = TYPE_DEVICE,
        .class_init = rtc_class_init,
        .instance_size = sizeof(PaprRtc),
    },
};

DEFINE_TYPES(rtc_types)
