/*
 * pSeries platform: a device and the connectors that it is behind (pure)
 *
 * A memory module (DIMM) is behind one connector for each of its logical memory
 * blocks, other devices are behind one.  A connector decides on its own state
 * only (state.h); the group decides when the device goes, when the guest has
 * refused, and what of a request is undone then.
 *
 * Always true:
 *
 * - the connectors of a group are all requested to be unplugged, or none is;
 * - @n_back is the number of those that papr_drc_given_back() is true of;
 * - those of a group that is leaving are all given back, and to the guest they
 *   look like empty ones.
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
    uint32_t n_back;
    bool requested;
    bool leaving;
} PaprDrcGroup;

/** PaprDrcSet - papr_drc_set_isolation() or papr_drc_set_allocation() */
typedef int32_t PaprDrcSet(PaprDrcCore *core, uint32_t value,
                           PaprDrcEffect *effect);

/**
 * papr_drc_group_attach - @group gets its connectors, which are empty
 * @configured: there from the start; else the guest has yet to take them
 */
void papr_drc_group_attach(PaprDrcGroup *group, bool configured);

/** papr_drc_group_detach: the connectors are empty again */
void papr_drc_group_detach(PaprDrcGroup *group);

/**
 * papr_drc_group_request - the user wants the device back
 *
 * PAPR_DRC_RELEASE if the guest need not be asked: it never took anything of
 * it, or has released all.
 */
PaprDrcEffect papr_drc_group_request(PaprDrcGroup *group);

/**
 * papr_drc_group_set - the guest changes one connector of the group
 * @set: how; @value: to what
 * @effect: what follows for the device, which PAPR_DRC_RELEASE and
 *          PAPR_DRC_REFUSED are told of once a request
 *
 * Returns an RTAS status.
 */
int32_t papr_drc_group_set(PaprDrcGroup *group, PaprDrcCore *core,
                           PaprDrcSet *set, uint32_t value,
                           PaprDrcEffect *effect);

/** papr_drc_group_all_back: requested, and all connectors are given back */
bool papr_drc_group_all_back(const PaprDrcGroup *group);

/**
 * papr_drc_group_leave - to the guest the connectors are empty
 *
 * The device is still there.  In a stream it is one that was given back and is
 * to be taken out.
 */
void papr_drc_group_leave(PaprDrcGroup *group);

/** papr_drc_group_configure: all configured, nothing requested */
void papr_drc_group_configure(PaprDrcGroup *group);

/**
 * papr_drc_group_load - what a stream says of a connector of the group
 * @state: one that papr_drc_state_exists() is true of
 *
 * The group is as papr_drc_group_configure() leaves it, and of no connector is
 * told twice.  QEMU's older pseries forgets a block as soon as the guest has
 * given it back, and says nothing of it: so if one block of a group is
 * requested, those that the stream says nothing of are given back.
 */
void papr_drc_group_load(PaprDrcGroup *group, PaprDrcCore *core,
                         uint8_t state, bool requested);

#endif
