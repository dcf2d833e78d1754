/*
 * The states of a partitionable endpoint (PE)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pseries/abi.h"
#include "pe.h"

static int32_t release_io(PaprPeState *state)
{
    switch (*state) {
    case PAPR_PE_STOPPED:
        *state = PAPR_PE_DMA_STOPPED;
        return RTAS_SUCCESS;
    case PAPR_PE_NORMAL:
    case PAPR_PE_DMA_STOPPED:
        return RTAS_PARAMETER_ERROR;
    default:
        return RTAS_UNEXPECTED_STATE;
    }
}

static int32_t release_dma(PaprPeState *state)
{
    switch (*state) {
    case PAPR_PE_DMA_STOPPED:
        *state = PAPR_PE_NORMAL;
        return RTAS_SUCCESS;
    case PAPR_PE_NORMAL:
        return RTAS_PARAMETER_ERROR;
    default:
        return RTAS_UNEXPECTED_STATE;
    }
}

static int32_t reset_off(PaprPeState *state)
{
    switch (*state) {
    case PAPR_PE_NORMAL:
    case PAPR_PE_RESET:
        *state = PAPR_PE_NORMAL;
        return RTAS_SUCCESS;
    case PAPR_PE_DMA_STOPPED:
        return RTAS_PARAMETER_ERROR;
    default:
        return RTAS_UNEXPECTED_STATE;
    }
}

static int32_t reset_on(PaprPeState *state)
{
    if (*state == PAPR_PE_UNAVAILABLE) {
        return RTAS_UNEXPECTED_STATE;
    }
    *state = PAPR_PE_RESET;
    return RTAS_SUCCESS;
}

int32_t papr_pe_act(PaprPeState *state, PaprPeAction action)
{
    switch (action) {
    case PAPR_PE_RELEASE_IO:
        return release_io(state);
    case PAPR_PE_RELEASE_DMA:
        return release_dma(state);
    case PAPR_PE_RESET_OFF:
        return reset_off(state);
    case PAPR_PE_RESET_HOT:
    case PAPR_PE_RESET_FUNDAMENTAL:
        return reset_on(state);
    case PAPR_PE_GIVE_UP:
        *state = PAPR_PE_UNAVAILABLE;
        return RTAS_SUCCESS;
    case PAPR_PE_DISABLE_EEH:
    case PAPR_PE_ENABLE_EEH:
    case PAPR_PE_CONFIGURE:
        return RTAS_SUCCESS;
    }
    g_assert_not_reached();
}

bool papr_pe_stop(PaprPeState *state)
{
    if (*state != PAPR_PE_NORMAL && *state != PAPR_PE_DMA_STOPPED) {
        return false;
    }
    *state = PAPR_PE_STOPPED;
    return true;
}

bool papr_pe_state_valid(uint32_t value)
{
    switch (value) {
    case PAPR_PE_NORMAL:
    case PAPR_PE_RESET:
    case PAPR_PE_STOPPED:
    case PAPR_PE_DMA_STOPPED:
    case PAPR_PE_UNAVAILABLE:
        return true;
    default:
        return false;
    }
}
