/*
 * The states of a partitionable endpoint (PE), what is stopped, reset and
 * released as a whole after a bus error: LoPAR section 7.3.11.  Pure;
 * tests/unit/pseries/test-pe.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PCI_HOST_PSERIES_PE_H
#define HW_PCI_HOST_PSERIES_PE_H

/* As ibm,read-slot-reset-state2 returns it: Table 7.63 */
typedef enum PaprPeState {
    PAPR_PE_NORMAL = 0,
    PAPR_PE_RESET = 1,
    PAPR_PE_STOPPED = 2,                /* loads, stores and DMA */
    PAPR_PE_DMA_STOPPED = 4,
    PAPR_PE_UNAVAILABLE = 5,
} PaprPeState;

/* What a guest asks for by its calls */
typedef enum PaprPeAction {
    PAPR_PE_DISABLE_EEH,
    PAPR_PE_ENABLE_EEH,
    PAPR_PE_RELEASE_IO,
    PAPR_PE_RELEASE_DMA,
    PAPR_PE_RESET_OFF,
    PAPR_PE_RESET_HOT,
    PAPR_PE_RESET_FUNDAMENTAL,
    PAPR_PE_CONFIGURE,
    PAPR_PE_GIVE_UP,                    /* after too many errors */
} PaprPeAction;

/**
 * papr_pe_act - the transition of @action: LoPAR Tables 7.59 and 7.60
 *
 * @state: changed if the table has a transition
 *
 * Returns the call's status.
 */
int32_t papr_pe_act(PaprPeState *state, PaprPeAction action);

/** papr_pe_stop: an error occurs; false: it changes nothing in this state */
bool papr_pe_stop(PaprPeState *state);

/** papr_pe_state_valid: is @value, of a stream, one of the enum's? */
bool papr_pe_state_valid(uint32_t value);

/** papr_pe_stops_io: do loads return all ones, and stores have no effect? */
static inline bool papr_pe_stops_io(PaprPeState state)
{
    return state != PAPR_PE_NORMAL && state != PAPR_PE_DMA_STOPPED;
}

#endif
