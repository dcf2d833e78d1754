/*
 * pSeries platform: states of a dynamic reconfiguration connector (pure)
 *
 * LoPAR 13.4 and, for the answers to a guest that asks for a change which the
 * state doesn't allow, 13.5.3.4.
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

bool papr_drc_state_exists(const PaprDrcCore *core, uint32_t state)
{
    return core->logical ? state >= PAPR_DRC_LOGICAL_UNUSABLE &&
                           state <= PAPR_DRC_LOGICAL_CONFIGURED
                         : state >= PAPR_DRC_PHYSICAL_POWERED &&
                           state <= PAPR_DRC_PHYSICAL_CONFIGURED;
}

bool papr_drc_is_released(const PaprDrcCore *core)
{
    return core->unplug_requested &&
           core->state == papr_drc_initial(core->logical, false);
}

bool papr_drc_settled(const PaprDrcCore *core)
{
    return !core->unplug_requested &&
           core->state == papr_drc_initial(core->logical, true);
}

static bool is_configured(const PaprDrcCore *core)
{
    return core->state == PAPR_DRC_LOGICAL_CONFIGURED ||
           core->state == PAPR_DRC_PHYSICAL_CONFIGURED;
}

static bool is_unisolated(const PaprDrcCore *core)
{
    return core->state == PAPR_DRC_LOGICAL_UNISOLATED ||
           core->state == PAPR_DRC_PHYSICAL_UNISOLATED;
}

static int32_t isolate(PaprDrcCore *core, PaprDrcEffect *effect)
{
    if (is_unisolated(core)) {
        return RTAS_PARAMETER_ERROR;    /* in the middle of configuration */
    }
    if (!is_configured(core)) {
        return RTAS_SUCCESS;
    }
    if (core->logical) {
        core->state = PAPR_DRC_LOGICAL_AVAILABLE;
        return RTAS_SUCCESS;
    }
    core->state = PAPR_DRC_PHYSICAL_POWERED;
    *effect = core->unplug_requested ? PAPR_DRC_RELEASE : PAPR_DRC_NOTHING;
    return RTAS_SUCCESS;
}

static int32_t unisolate(PaprDrcCore *core, PaprDrcEffect *effect)
{
    if (is_configured(core) || is_unisolated(core)) {
        if (core->logical && core->unplug_requested) {
            core->unplug_requested = false;
            *effect = PAPR_DRC_REFUSED;
        }
        return RTAS_SUCCESS;
    }
    if (!core->present || core->state == PAPR_DRC_LOGICAL_UNUSABLE) {
        return RTAS_NO_SUCH_INDICATOR;
    }
    core->state = core->logical ? PAPR_DRC_LOGICAL_UNISOLATED
                                : PAPR_DRC_PHYSICAL_UNISOLATED;
    *effect = PAPR_DRC_RESTART;
    return RTAS_SUCCESS;
}

int32_t papr_drc_set_isolation(PaprDrcCore *core, uint32_t value,
                               PaprDrcEffect *effect)
{
    *effect = PAPR_DRC_NOTHING;
    switch (value) {
    case PAPR_DR_ISOLATE:
        return isolate(core, effect);
    case PAPR_DR_UNISOLATE:
        return unisolate(core, effect);
    default:
        return RTAS_PARAMETER_ERROR;
    }
}

static int32_t make_usable(PaprDrcCore *core)
{
    if (core->state != PAPR_DRC_LOGICAL_UNUSABLE) {
        return RTAS_SUCCESS;
    }
    if (!core->present || core->unplug_requested) {
        return RTAS_NO_SUCH_INDICATOR;
    }
    core->state = PAPR_DRC_LOGICAL_AVAILABLE;
    return RTAS_SUCCESS;
}

static int32_t make_unusable(PaprDrcCore *core, PaprDrcEffect *effect)
{
    if (core->state == PAPR_DRC_LOGICAL_UNUSABLE) {
        return RTAS_SUCCESS;
    }
    if (core->state != PAPR_DRC_LOGICAL_AVAILABLE) {
        return RTAS_NO_SUCH_INDICATOR;
    }
    core->state = PAPR_DRC_LOGICAL_UNUSABLE;
    *effect = core->unplug_requested ? PAPR_DRC_RELEASE : PAPR_DRC_NOTHING;
    return RTAS_SUCCESS;
}

int32_t papr_drc_set_allocation(PaprDrcCore *core, uint32_t value,
                                PaprDrcEffect *effect)
{
    *effect = PAPR_DRC_NOTHING;
    if (!core->logical) {
        return RTAS_NO_SUCH_INDICATOR;
    }
    switch (value) {
    case PAPR_DR_UNUSABLE:
        return make_unusable(core, effect);
    case PAPR_DR_USABLE:
        return make_usable(core);
    default:
        return RTAS_PARAMETER_ERROR;
    }
}

uint32_t papr_drc_sense(const PaprDrcCore *core)
{
    if (core->logical) {
        return core->state == PAPR_DRC_LOGICAL_UNUSABLE
            ? PAPR_DR_SENSE_UNUSABLE : PAPR_DR_SENSE_PRESENT;
    }
    return core->present ? PAPR_DR_SENSE_PRESENT : PAPR_DR_SENSE_EMPTY;
}

bool papr_drc_configurable(const PaprDrcCore *core)
{
    return core->present && (is_unisolated(core) || is_configured(core));
}

void papr_drc_set_configured(PaprDrcCore *core)
{
    core->state = papr_drc_initial(core->logical, true);
}
