/*
 * pSeries platform: connectors in migration streams
 *
 * A section "spapr_drc", instance the connector's index, for each connector of
 * a device that is not simply in use; those of no device have one state only,
 * and devices themselves make the connectors of both sides.  One registration
 * is for all (struct SaveVMPlaces): a machine can have 131072 connectors.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "migration/register.h"
#include "migration/vmstate.h"
#include "internal.h"

static bool never(void *opaque)
{
    return false;
}

/*
 * The light of a slot (DR indicator): QEMU's older pseries keeps and sends it.
 * The guest can't read it and nobody sees it.
 */
static const VMStateDescription vmstate_light = {
    .name = "spapr_drc/physical",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = never,
    .fields = (const VMStateField[]) {
        VMSTATE_UNUSED(sizeof(uint32_t)),
        VMSTATE_END_OF_LIST()
    },
};

static void *describe(PaprDr *dr, PaprDrc *drc)
{
    dr->saved = (PaprDrcSaved) {
        .drc = drc,
        .state = drc->core.state,
        .unplug_requested = drc->core.unplug_requested,
    };
    return &dr->saved;
}

static void *find(void *opaque, uint32_t instance)
{
    PaprDrc *drc = papr_dr_find_index(opaque, instance);

    return drc && papr_drc_device(drc) ? describe(opaque, drc) : NULL;
}

static void *next(void *opaque, uint32_t *instance)
{
    PaprDrc *drc = papr_dr_next_unsettled(opaque, *instance);

    if (!drc) {
        return NULL;
    }
    *instance = papr_drc_index(drc);
    return describe(opaque, drc);
}

static const SaveVMPlaces places = { .find = find, .next = next };

static bool unplug_requested(void *opaque)
{
    return ((PaprDrcSaved *)opaque)->unplug_requested;
}

/* Without the subsection nothing is requested */
static int pre_load(void *opaque)
{
    ((PaprDrcSaved *)opaque)->unplug_requested = false;
    return 0;
}

static bool stays(const PaprDrc *drc)
{
    const PaprDrcOps *ops = drc->run->ops;

    return ops->stays && ops->stays(drc->group->dev, drc->run->opaque);
}

/*
 * A state that the connector's kind doesn't have would stick for good, and what
 * nobody can ask to be unplugged can't go.
 */
static int post_load(void *opaque, int version_id)
{
    const PaprDrcSaved *saved = opaque;
    PaprDrc *drc = saved->drc;

    if (!papr_drc_state_exists(&drc->core, saved->state) ||
        (saved->unplug_requested && stays(drc))) {
        return -EINVAL;
    }
    papr_drc_group_load(drc->group, &drc->core, saved->state,
                        saved->unplug_requested);
    drc->run->dr->loaded_back |= papr_drc_group_all_back(drc->group);
    return 0;
}

static const VMStateDescription vmstate_unplug_requested = {
    .name = "spapr_drc/unplug_requested",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = unplug_requested,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(unplug_requested, PaprDrcSaved),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_drc = {
    .name = "spapr_drc",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_load = pre_load,
    .post_load = post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(state, PaprDrcSaved),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription *const []) {
        &vmstate_unplug_requested,
        NULL
    },
};

void papr_dr_register_vmstate(PaprDr *dr)
{
    vmstate_register_places(&vmstate_drc, &places, dr);
    /* of any slot, empty ones too, in streams and snapshots */
    vmstate_register_with_alias_id(NULL, 0, &vmstate_light, dr,
                                   VMSTATE_ALIAS_ANY, 1, NULL);
}
