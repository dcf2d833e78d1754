/*
 * pSeries platform: states of a dynamic reconfiguration connector (pure)
 *
 * LoPAR section 13.4.  Logical connectors (CPUs, memory, host bridges) go
 * through allocation before isolation, physical ones (PCI slots) have isolation
 * only, since the platform controls their power.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_DR_STATE_H
#define HW_PPC_PSERIES_DR_STATE_H

/* Values are part of migration streams */
typedef enum PaprDrcState {
    PAPR_DRC_LOGICAL_UNUSABLE = 1,
    PAPR_DRC_LOGICAL_AVAILABLE = 2,
    PAPR_DRC_LOGICAL_UNISOLATED = 3,
    PAPR_DRC_LOGICAL_CONFIGURED = 4,
    PAPR_DRC_PHYSICAL_POWERED = 6,
    PAPR_DRC_PHYSICAL_UNISOLATED = 7,
    PAPR_DRC_PHYSICAL_CONFIGURED = 8,
} PaprDrcState;

/* Values of the indicators and of the dr-entity-sense sensor */
enum {
    PAPR_DR_ISOLATE = 0,
    PAPR_DR_UNISOLATE = 1,
    PAPR_DR_UNUSABLE = 0,
    PAPR_DR_USABLE = 1,
    PAPR_DR_SENSE_EMPTY = 0,
    PAPR_DR_SENSE_PRESENT = 1,
    PAPR_DR_SENSE_UNUSABLE = 2,
};

/** PaprDrcStatus - a connector's state and its device's; there can be 131072 */
typedef struct PaprDrcStatus {
    uint8_t state;                      /* PaprDrcState */
    bool logical:1;
    bool present:1;                     /* a device is behind the connector */
    bool unplug_requested:1;
} PaprDrcStatus;

/** PaprDrcEffect - what follows for the device after a change */
typedef enum PaprDrcEffect {
    PAPR_DRC_NOTHING,
    PAPR_DRC_RELEASED,                  /* the guest has released it */
    PAPR_DRC_REFUSED,                   /* the guest refuses the unplug */
    PAPR_DRC_RESTART,                   /* configuration starts over */
} PaprDrcEffect;

/** papr_drc_initial: the configured state, or that of an empty connector */
uint8_t papr_drc_initial(bool logical, bool configured);

/** papr_drc_state_exists: has a connector of this kind a state @state? */
bool papr_drc_state_exists(const PaprDrcStatus *st, uint32_t state);

/** papr_drc_is_released: unplug requested, state that of an empty connector */
bool papr_drc_is_released(const PaprDrcStatus *st);

/** papr_drc_settled: configured, and no unplug is requested */
bool papr_drc_settled(const PaprDrcStatus *st);

/* The indicators; return an RTAS status, set @effect */
int32_t papr_drc_set_isolation(PaprDrcStatus *st, uint32_t value,
                               PaprDrcEffect *effect);
int32_t papr_drc_set_allocation(PaprDrcStatus *st, uint32_t value,
                                PaprDrcEffect *effect);

/** papr_drc_sense: value of the dr-entity-sense sensor */
uint32_t papr_drc_sense(const PaprDrcStatus *st);

/** papr_drc_configurable: may ibm,configure-connector run? */
bool papr_drc_configurable(const PaprDrcStatus *st);

/** papr_drc_set_configured: ibm,configure-connector is complete */
void papr_drc_set_configured(PaprDrcStatus *st);

#endif
