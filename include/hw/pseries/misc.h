/*
 * pSeries platform: clock, random numbers, watchdogs, a TPM of the host
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_MISC_H
#define HW_PSERIES_MISC_H

#include "hw/pseries/dt.h"
#include "hw/pseries/hcall.h"
#include "hw/pseries/rtas.h"
#include "hw/qdev-core.h"

#define TYPE_PAPR_RTC "spapr-rtc"
#define TYPE_PAPR_RNG "spapr-rng"
#define TYPE_PAPR_WDT "spapr-wdt"
#define TYPE_PAPR_TPM_PROXY "spapr-tpm-proxy"

typedef struct PaprRtc PaprRtc;
typedef struct PaprWatchdogs PaprWatchdogs;
typedef struct PaprTpmProxySlot PaprTpmProxySlot;

/**
 * papr_rtc_new - the real time clock, child "rtc" of @owner
 *
 * Registers get-time-of-day and set-time-of-day, and @owner's property
 * "rtc-time".
 */
PaprRtc *papr_rtc_new(Object *owner, PaprRtas *rtas, Error **errp);

/** papr_rtc_now: the guest's time, for papr_events_set_clock(); BQL */
void papr_rtc_now(struct tm *tm, void *rtc);

/**
 * papr_rtc_import_offset: seconds, from section "spapr" of version 1 or 2; BQL
 */
void papr_rtc_import_offset(PaprRtc *rtc, int64_t seconds);

/**
 * papr_rng_attach - offer H_RANDOM, now that the user's "spapr-rng" is realized
 *
 * For the machine's plug handler; once, since there is at most one such device.
 */
void papr_rng_attach(DeviceState *rng, PaprHcallTable *hcalls);

/** papr_rng_dt: /ibm,platform-facilities; nothing unless the user added one */
void papr_rng_dt(DeviceState *rng, PaprDt *dt);

/**
 * papr_watchdog_new - the guest's watchdogs, children "wdt1".. of @owner, and
 * H_WATCHDOG
 */
PaprWatchdogs *papr_watchdog_new(Object *owner, PaprHcallTable *hcalls,
                                 Error **errp);

/** papr_watchdog_reset: all stopped; BQL */
void papr_watchdog_reset(PaprWatchdogs *watchdogs);

/**
 * papr_tpm_proxy_slot_new - the slot for a "spapr-tpm-proxy", and H_TPM_COMM
 *
 * Machine init.  Without a proxy the call returns H_FUNCTION.
 */
PaprTpmProxySlot *papr_tpm_proxy_slot_new(PaprHcallTable *hcalls);

/** papr_tpm_proxy_is_plugged: is a proxy in the slot, which holds one?  BQL */
bool papr_tpm_proxy_is_plugged(const PaprTpmProxySlot *slot);

/**
 * papr_tpm_proxy_plug, papr_tpm_proxy_unplug - the slot's device
 *
 * plug: once the device is realized; unplug: before it is unrealized.  Both
 * wait for a command that the TPM is working on.  BQL.
 */
void papr_tpm_proxy_plug(PaprTpmProxySlot *slot, DeviceState *dev);
void papr_tpm_proxy_unplug(PaprTpmProxySlot *slot);

#endif
