/*
 * pSeries platform: states of a dynamic reconfiguration connector (pure)
 *
 * LoPAR 13.4 and, for the RTAS status of a change that the state doesn't allow,
 * 13.5.3.4.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pseries/abi.h"
#include "state.h"

uint8_t papr_drc_initial(bool logical, bool configured)
{
    if (logical) {
        return configured ? PAPR_DRC_LOGICAL_CONFIGURED
                          : PAPR_DRC_LOGICAL_UNUSABLE;
    }
    return configured ? PAPR_DRC_PHYSICAL_CONFIGURED
                      : PAPR_DRC_PHYSICAL_POWERED;
}

bool papr_drc_state_exists(const PaprDrcStatus *st, uint32_t state)
{
    return st->logical ? state >= PAPR_DRC_LOGICAL_UNUSABLE &&
                           state <= PAPR_DRC_LOGICAL_CONFIGURED
                         : state >= PAPR_DRC_PHYSICAL_POWERED &&
                           state <= PAPR_DRC_PHYSICAL_CONFIGURED;
}

bool papr_drc_is_released(const PaprDrcStatus *st)
{
    return st->unplug_requested &&
           st->state == papr_drc_initial(st->logical, false);
}

bool papr_drc_settled(const PaprDrcStatus *st)
{
    return !st->unplug_requested &&
           st->state == papr_drc_initial(st->logical, true);
}

static bool is_configured(const PaprDrcStatus *st)
{
    return st->state == PAPR_DRC_LOGICAL_CONFIGURED ||
           st->state == PAPR_DRC_PHYSICAL_CONFIGURED;
}

static bool is_unisolated(const PaprDrcStatus *st)
{
    return st->state == PAPR_DRC_LOGICAL_UNISOLATED ||
           st->state == PAPR_DRC_PHYSICAL_UNISOLATED;
}

static int32_t isolate(PaprDrcStatus *st, PaprDrcEffect *effect)
{
    if (is_unisolated(st)) {
        return RTAS_PARAMETER_ERROR;    /* in the middle of configuration */
    }
    if (!is_configured(st)) {
        return RTAS_SUCCESS;
    }
    if (st->logical) {
        st->state = PAPR_DRC_LOGICAL_AVAILABLE;
        return RTAS_SUCCESS;
    }
    st->state = PAPR_DRC_PHYSICAL_POWERED;
    *effect = st->unplug_requested ? PAPR_DRC_RELEASED : PAPR_DRC_NOTHING;
    return RTAS_SUCCESS;
}

static int32_t unisolate(PaprDrcStatus *st, PaprDrcEffect *effect)
{
    if (is_configured(st) || is_unisolated(st)) {
        if (st->logical && st->unplug_requested) {
            st->unplug_requested = false;
            *effect = PAPR_DRC_REFUSED;
        }
        return RTAS_SUCCESS;
    }
    if (!st->present || st->state == PAPR_DRC_LOGICAL_UNUSABLE) {
        return RTAS_NO_SUCH_INDICATOR;
    }
    st->state = st->logical ? PAPR_DRC_LOGICAL_UNISOLATED
                                : PAPR_DRC_PHYSICAL_UNISOLATED;
    *effect = PAPR_DRC_RESTART;
    return RTAS_SUCCESS;
}

int32_t papr_drc_set_isolation(PaprDrcStatus *st, uint32_t value,
                               PaprDrcEffect *effect)
{
    *effect = PAPR_DRC_NOTHING;
    switch (value) {
    case PAPR_DR_ISOLATE:
        return isolate(st, effect);
    case PAPR_DR_UNISOLATE:
        return unisolate(st, effect);
    default:
        return RTAS_PARAMETER_ERROR;
    }
}

static int32_t make_usable(PaprDrcStatus *st)
{
    if (st->state != PAPR_DRC_LOGICAL_UNUSABLE) {
        return RTAS_SUCCESS;
    }
    if (!st->present || st->unplug_requested) {
        return RTAS_NO_SUCH_INDICATOR;
    }
    st->state = PAPR_DRC_LOGICAL_AVAILABLE;
    return RTAS_SUCCESS;
}

static int32_t make_unusable(PaprDrcStatus *st, PaprDrcEffect *effect)
{
    if (st->state == PAPR_DRC_LOGICAL_UNUSABLE) {
        return RTAS_SUCCESS;
    }
    if (st->state != PAPR_DRC_LOGICAL_AVAILABLE) {
        return RTAS_NO_SUCH_INDICATOR;
    }
    st->state = PAPR_DRC_LOGICAL_UNUSABLE;
    *effect = st->unplug_requested ? PAPR_DRC_RELEASED : PAPR_DRC_NOTHING;
    return RTAS_SUCCESS;
}

int32_t papr_drc_set_allocation(PaprDrcStatus *st, uint32_t value,
                                PaprDrcEffect *effect)
{
    *effect = PAPR_DRC_NOTHING;
    if (!st->logical) {
        return RTAS_NO_SUCH_INDICATOR;
    }
    switch (value) {
    case PAPR_DR_UNUSABLE:
        return make_unusable(st, effect);
    case PAPR_DR_USABLE:
        return make_usable(st);
    default:
        return RTAS_PARAMETER_ERROR;
    }
}

uint32_t papr_drc_sense(const PaprDrcStatus *st)
{
    if (st->logical) {
        return st->state == PAPR_DRC_LOGICAL_UNUSABLE
            ? PAPR_DR_SENSE_UNUSABLE : PAPR_DR_SENSE_PRESENT;
    }
    return st->present ? PAPR_DR_SENSE_PRESENT : PAPR_DR_SENSE_EMPTY;
}

bool papr_drc_configurable(const PaprDrcStatus *st)
{
    return st->present && (is_unisolated(st) || is_configured(st));
}

void papr_drc_set_configured(PaprDrcStatus *st)
{
    st->state = papr_drc_initial(st->logical, true);
}
