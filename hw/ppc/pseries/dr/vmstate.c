/*
 * pSeries platform: connectors in migration streams
 *
 * A section "spapr_drc", with the connector's index as instance, for each
 * connector that has a device and is not papr_drc_settled().  Empty ones have
 * only one state, and both sides have the same connectors, since they have the
 * same devices.  One registration is for all of them (struct SaveVMInstances):
 * a machine can have 131072.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "migration/register.h"
#include "migration/vmstate.h"
#include "internal.h"

static bool never_saved(void *opaque)
{
    return false;
}

/*
 * The DR indicator of a slot, which upstream's pseries stores and sends.  It
 * has no effect, and no guest can read it.
 */
static const VMStateDescription vmstate_dr_indicator = {
    .name = "spapr_drc/physical",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = never_saved,
    .fields = (const VMStateField[]) {
        VMSTATE_UNUSED(sizeof(uint32_t)),
        VMSTATE_END_OF_LIST()
    },
};

static void *drc_to_saved(PaprDr *dr, PaprDrc *drc)
{
    dr->saved = (PaprDrcSaved) {
        .drc = drc,
        .state = drc->st.state,
        .unplug_requested = drc->st.unplug_requested,
    };
    return &dr->saved;
}

static void *find_drc(void *opaque, uint32_t instance)
{
    PaprDrc *drc = papr_dr_find_index(opaque, instance);

    return drc && papr_drc_device(drc) ? drc_to_saved(opaque, drc) : NULL;
}

static void *next_drc(void *opaque, uint32_t *instance)
{
    PaprDrc *drc = papr_dr_next_unsettled(opaque, *instance);

    if (!drc) {
        return NULL;
    }
    *instance = papr_drc_index(drc);
    return drc_to_saved(opaque, drc);
}

static const SaveVMInstances drc_instances = {
    .find = find_drc,
    .next = next_drc,
};

static bool unplug_requested_needed(void *opaque)
{
    return ((PaprDrcSaved *)opaque)->unplug_requested;
}

/* Without the subsection no unplug is requested */
static int drc_pre_load(void *opaque)
{
    ((PaprDrcSaved *)opaque)->unplug_requested = false;
    return 0;
}

static bool is_permanent(const PaprDrc *drc)
{
    const PaprDrcOps *ops = drc->run->ops;

    return ops->permanent && ops->permanent(drc->group->dev, drc->run->opaque);
}

/*
 * No call of a guest could change a state that the connector's kind does not
 * have, and permanent devices can't be unplugged.
 */
static int drc_post_load(void *opaque, int version_id)
{
    const PaprDrcSaved *saved = opaque;
    PaprDrc *drc = saved->drc;

    if (!papr_drc_state_exists(&drc->st, saved->state) ||
        (saved->unplug_requested && is_permanent(drc))) {
        error_report("the stream has connector 0x%x in state %u%s, which it "
                     "can't have", papr_drc_index(drc), saved->state,
                     saved->unplug_requested ? " with an unplug request" : "");
        return -EINVAL;
    }
    papr_drc_group_load(drc->group, &drc->st, saved->state,
                        saved->unplug_requested);
    drc->run->dr->loaded_released |= papr_drc_group_is_released(drc->group);
    return 0;
}

static const VMStateDescription vmstate_unplug_requested = {
    .name = "spapr_drc/unplug_requested",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = unplug_requested_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(unplug_requested, PaprDrcSaved),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_drc = {
    .name = "spapr_drc",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_load = drc_pre_load,
    .post_load = drc_post_load,
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
    vmstate_register_instances(&vmstate_drc, &drc_instances, dr);
    /* any instance: upstream's pseries sends those of empty slots, too */
    vmstate_register_with_alias_id(NULL, 0, &vmstate_dr_indicator, dr,
                                   VMSTATE_ALIAS_ANY, 1, NULL);
}
