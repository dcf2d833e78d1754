/*
 * pSeries platform: a device and its connectors (pure)
 *
 * A memory module (DIMM) has one connector for each of its logical memory
 * blocks, other devices have one.  A connector has its own state (state.h); the
 * group decides when the device is released, when the guest has refused, and
 * what happens to a request then.
 *
 * Invariants:
 *
 * - unplug is requested of all connectors of a group, or of none;
 * - @n_released is the number of those that papr_drc_is_released() is true of;
 * - the connectors of a hidden group are all released, and for the guest they
 *   are empty.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_DR_GROUP_H
#define HW_PPC_PSERIES_DR_GROUP_H

#include "hw/pseries/dr.h"
#include "state.h"

typedef struct PaprDrcGroup {
    DeviceState *dev;
    PaprDrc *drcs;                      /* @count in a row */
    uint32_t count;
    uint32_t n_released;
    bool requested;                     /* unplug is requested */
    bool hidden;                        /* released, not yet removed */
} PaprDrcGroup;

/** PaprDrcSet - papr_drc_set_isolation() or papr_drc_set_allocation() */
typedef int32_t PaprDrcSet(PaprDrcStatus *st, uint32_t value,
                           PaprDrcEffect *effect);

/**
 * papr_drc_group_attach - @group gets its connectors, which are empty
 * @configured: as at boot; else the guest has to configure them
 */
void papr_drc_group_attach(PaprDrcGroup *group, bool configured);

/** papr_drc_group_detach: the connectors are empty again */
void papr_drc_group_detach(PaprDrcGroup *group);

/**
 * papr_drc_group_request - the user requests the unplug
 *
 * PAPR_DRC_RELEASED if the guest need not be asked: it never configured any of
 * the connectors, or has released all of them.
 */
PaprDrcEffect papr_drc_group_request(PaprDrcGroup *group);

/**
 * papr_drc_group_set - the guest changes one connector of the group
 * @set: how; @value: to what
 * @effect: what follows for the device; PAPR_DRC_RELEASED and PAPR_DRC_REFUSED
 *          are returned once for each request
 *
 * Returns an RTAS status.
 */
int32_t papr_drc_group_set(PaprDrcGroup *group, PaprDrcStatus *st,
                           PaprDrcSet *set, uint32_t value,
                           PaprDrcEffect *effect);

/** papr_drc_group_is_released: requested, and all connectors are released */
bool papr_drc_group_is_released(const PaprDrcGroup *group);

/**
 * papr_drc_group_hide - for the guest the connectors are empty
 *
 * The device is not removed yet.  In a stream it is released, with its unplug
 * requested.
 */
void papr_drc_group_hide(PaprDrcGroup *group);

/** papr_drc_group_configure: all configured, nothing requested */
void papr_drc_group_configure(PaprDrcGroup *group);

/**
 * papr_drc_group_load - set a connector's state from a stream
 * @state: one that papr_drc_state_exists() is true of
 *
 * Called after papr_drc_group_configure(), once for each connector that the
 * stream has.  Upstream's pseries does not send blocks that the guest has
 * released: so if unplug is requested of one block of a group, those that the
 * stream does not have are released.
 */
void papr_drc_group_load(PaprDrcGroup *group, PaprDrcStatus *st,
                         uint8_t state, bool requested);

#endif
