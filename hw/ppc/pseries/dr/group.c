/*
 * pSeries platform: a device and its connectors (pure)
 *
 * A guest that is asked to release the blocks of a module may stop or refuse at
 * any of them, and be reset or migrated in between.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "internal.h"

static void set_all_connectors(PaprDrcGroup *group, bool present,
                               bool configured)
{
    for (uint32_t i = 0; i < group->count; i++) {
        PaprDrc *drc = &group->drcs[i];

        drc->group = present ? group : NULL;
        drc->st.present = present;
        drc->st.unplug_requested = false;
        drc->st.state = papr_drc_initial(drc->st.logical, configured);
    }
    group->requested = false;
    group->hidden = false;
    group->n_released = 0;
}

void papr_drc_group_attach(PaprDrcGroup *group, bool configured)
{
    set_all_connectors(group, true, configured);
}

void papr_drc_group_detach(PaprDrcGroup *group)
{
    set_all_connectors(group, false, false);
}

void papr_drc_group_configure(PaprDrcGroup *group)
{
    set_all_connectors(group, true, true);
}

static void set_requested(PaprDrcGroup *group, bool requested)
{
    group->requested = requested;
    group->n_released = 0;
    for (uint32_t i = 0; i < group->count; i++) {
        PaprDrcStatus *st = &group->drcs[i].st;

        st->unplug_requested = requested;
        group->n_released += papr_drc_is_released(st);
    }
}

bool papr_drc_group_is_released(const PaprDrcGroup *group)
{
    return group->n_released == group->count;
}

void papr_drc_group_hide(PaprDrcGroup *group)
{
    for (uint32_t i = 0; i < group->count; i++) {
        PaprDrcStatus *st = &group->drcs[i].st;

        st->present = false;
        st->state = papr_drc_initial(st->logical, false);
    }
    set_requested(group, true);
    group->hidden = true;
}

PaprDrcEffect papr_drc_group_request(PaprDrcGroup *group)
{
    set_requested(group, true);
    return papr_drc_group_is_released(group) ? PAPR_DRC_RELEASED
                                             : PAPR_DRC_NOTHING;
}

int32_t papr_drc_group_set(PaprDrcGroup *group, PaprDrcStatus *st,
                           PaprDrcSet *set, uint32_t value,
                           PaprDrcEffect *effect)
{
    bool was_released = papr_drc_is_released(st);
    int32_t status = set(st, value, effect);

    group->n_released += papr_drc_is_released(st) - was_released;
    switch (*effect) {
    case PAPR_DRC_RELEASED:
        if (!papr_drc_group_is_released(group)) {
            *effect = PAPR_DRC_NOTHING;
        }
        break;
    case PAPR_DRC_REFUSED:
        /* the guest may configure released connectors again */
        set_requested(group, false);
        break;
    case PAPR_DRC_NOTHING:
    case PAPR_DRC_RESTART:
        break;
    }
    return status;
}

void papr_drc_group_load(PaprDrcGroup *group, PaprDrcStatus *st,
                         uint8_t state, bool requested)
{
    if (requested && !group->requested) {
        for (uint32_t i = 0; i < group->count; i++) {
            PaprDrcStatus *other = &group->drcs[i].st;

            other->state = papr_drc_initial(other->logical, false);
        }
        set_requested(group, true);
    }
    group->n_released -= papr_drc_is_released(st);
    st->state = state;
    group->n_released += papr_drc_is_released(st);
}
