/*
 * pSeries platform: dynamic reconfiguration connectors
 *
 * LoPAR chapter 13.  Connectors are structs in arrays, an array for each run of
 * evenly spaced ids, so that 131072 memory blocks take 3 MiB and are made in
 * one loop.  A look-up is a binary search for the run, and a division in it.
 * Streams: vmstate.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-events-qdev.h"
#include "qemu/bswap.h"
#include "hw/qdev-core.h"
#include "hw/ppc/pseries/trace.h"
#include "internal.h"

#define DRC_TYPE_SHIFT 28
#define DRC_ID_MASK ((1u << DRC_TYPE_SHIFT) - 1)

/* Words of a type in "ibm,drc-types" and "ibm,drc-names" */
static const struct {
    const char *type;
    const char *name_prefix;
    bool physical;
} drc_types[PAPR_DRC_TYPES] = {
    [PAPR_DRC_CPU] = { "CPU", "CPU " },
    [PAPR_DRC_PHB] = { "PHB", "PHB " },
    [PAPR_DRC_VIO] = { "SLOT", "C" },
    [PAPR_DRC_PCI] = { "28", "C", true },
    [PAPR_DRC_LMB] = { "MEM", "LMB " },
    [PAPR_DRC_PMEM] = { "PMEM", "PMEM " },
};

/* The number of runs of @type that begin at or below @id */
static guint runs_up_to(PaprDr *dr, PaprDrcType type, uint32_t id)
{
    const GPtrArray *runs = dr->runs[type];
    guint low = 0, high = runs->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        const PaprDrcRun *run = g_ptr_array_index(runs, middle);

        if (run->first <= id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The last run that begins at or below @id */
static PaprDrcRun *run_below(PaprDr *dr, PaprDrcType type, uint32_t id)
{
    guint n = runs_up_to(dr, type, id);

    return n ? g_ptr_array_index(dr->runs[type], n - 1) : NULL;
}

void papr_dr_add(PaprDr *dr, PaprDrcType type, uint32_t first, uint32_t stride,
                 uint32_t count, const PaprDrcOps *ops, void *opaque)
{
    PaprDrcRun *run = g_new(PaprDrcRun, 1);

    *run = (PaprDrcRun) {
        .dr = dr,
        .type = type,
        .first = first,
        .stride = stride,
        .count = count,
        .ops = ops,
        .opaque = opaque,
        .drcs = g_new0(PaprDrc, count),
    };
    for (uint32_t i = 0; i < count; i++) {
        PaprDrc *drc = &run->drcs[i];

        drc->run = run;
        drc->id = first + i * stride;
        drc->st.logical = !drc_types[type].physical;
        drc->st.state = papr_drc_initial(drc->st.logical, false);
    }
    g_ptr_array_insert(dr->runs[type], runs_up_to(dr, type, first), run);
}

PaprDrc *papr_dr_find(PaprDr *dr, PaprDrcType type, uint32_t id)
{
    PaprDrcRun *run = run_below(dr, type, id);
    uint32_t n;

    if (!run || (id - run->first) % run->stride) {
        return NULL;
    }
    n = (id - run->first) / run->stride;
    return n < run->count ? &run->drcs[n] : NULL;
}

PaprDrc *papr_dr_find_index(PaprDr *dr, uint32_t index)
{
    return papr_dr_find(dr, index >> DRC_TYPE_SHIFT, index & DRC_ID_MASK);
}

uint32_t papr_drc_index(const PaprDrc *drc)
{
    return ((uint32_t)drc->run->type << DRC_TYPE_SHIFT) | drc->id;
}

uint32_t papr_drc_id(const PaprDrc *drc)
{
    return drc->id;
}

DeviceState *papr_drc_device(const PaprDrc *drc)
{
    return drc->group && !drc->group->hidden ? drc->group->dev : NULL;
}

bool papr_drc_unplug_requested(const PaprDrc *drc)
{
    return drc->group && drc->group->requested;
}

bool papr_drc_is_unisolated(const PaprDrc *drc)
{
    return papr_drc_configurable(&drc->st);
}

void papr_drc_drop_walk(PaprDr *dr)
{
    g_free(dr->walk.tree);
    dr->walk = (PaprDrcWalk) { };
}

/* If the walk is in a tree of @group, the next call builds a new tree */
static void drop_group_walk(const PaprDrcGroup *group)
{
    PaprDr *dr = group->drcs->run->dr;

    if (dr->walk.drc >= group->drcs &&
        dr->walk.drc < group->drcs + group->count) {
        papr_drc_drop_walk(dr);
    }
}

bool papr_dr_attach(PaprDr *dr, PaprDrcType type, uint32_t first,
                    uint32_t count, DeviceState *dev, bool cold, Error **errp)
{
    PaprDrc *drcs = papr_dr_find(dr, type, first);
    PaprDrcGroup *group;

    if (!drcs || count > drcs->run->count - (drcs - drcs->run->drcs)) {
        error_setg(errp, "this device needs %u connectors from 0x%x on, which "
                   "the machine does not have", count,
                   ((uint32_t)type << DRC_TYPE_SHIFT) | first);
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (drcs[i].group) {
            error_setg(errp, "connector 0x%x already has a device",
                       papr_drc_index(&drcs[i]));
            return false;
        }
    }
    group = g_new(PaprDrcGroup, 1);
    *group = (PaprDrcGroup) { .dev = dev, .drcs = drcs, .count = count };
    papr_drc_group_attach(group, cold);
    drcs->run->n_groups++;
    trace_papr_drc_attach(papr_drc_index(drcs), count, cold);
    return true;
}

bool papr_drc_attach(PaprDrc *drc, DeviceState *dev, bool cold, Error **errp)
{
    return papr_dr_attach(drc->run->dr, drc->run->type, drc->id, 1, dev, cold,
                          errp);
}

/* Makes the connectors empty, frees @group, returns its device */
static DeviceState *detach_group(PaprDrcGroup *group)
{
    PaprDrcRun *run = group->drcs->run;
    DeviceState *dev = group->dev;

    drop_group_walk(group);
    if (group->hidden) {
        g_queue_remove(&run->dr->to_remove, group);
    }
    papr_drc_group_detach(group);
    run->n_groups--;
    g_free(group);
    return dev;
}

/* The remove() of a bridge also removes the runs of its buses */
static void remove_device(PaprDrcGroup *group)
{
    const PaprDrcRun *run = group->drcs->run;

    trace_papr_drc_removed(papr_drc_index(group->drcs), group->count);
    run->ops->remove(detach_group(group), run->opaque);
}

/* Let no guest find the device, which is removed when that is possible */
static void hide_device(PaprDrcGroup *group)
{
    const PaprDrcRun *run = group->drcs->run;

    trace_papr_drc_hide(papr_drc_index(group->drcs), group->count);
    drop_group_walk(group);
    papr_drc_group_hide(group);
    g_queue_push_tail(&run->dr->to_remove, group);
    if (run->ops->hide) {
        run->ops->hide(group->dev, run->opaque);
    }
    papr_dr_schedule_removal(run->dr);
}

static bool is_removable_now(const PaprDrcGroup *group)
{
    return !group->drcs->run->ops->in_main_loop &&
           !papr_dr_in_stream(group->dev);
}

static void remove_or_hide(PaprDrcGroup *group)
{
    if (is_removable_now(group)) {
        remove_device(group);
    } else {
        hide_device(group);
    }
}

void papr_dr_remove_released(PaprDr *dr)
{
    /* from the head each time: the removal of one can remove others */
    while (!g_queue_is_empty(&dr->to_remove)) {
        remove_device(g_queue_peek_head(&dr->to_remove));
    }
}

/* The first group from connector *@n of @run on; moves *@n past it */
static PaprDrcGroup *next_group(PaprDrcRun *run, uint32_t *n)
{
    while (run->n_groups && *n < run->count) {
        PaprDrcGroup *group = run->drcs[*n].group;

        *n += group ? group->count : 1;
        if (group) {
            return group;
        }
    }
    return NULL;
}

void papr_dr_remove_connectors(PaprDr *dr, PaprDrcType type, uint32_t first,
                               uint32_t last)
{
    PaprDrcRun *run;

    while ((run = run_below(dr, type, last)) && run->first >= first) {
        PaprDrcGroup *group;
        uint32_t n = 0;

        while ((group = next_group(run, &n))) {
            detach_group(group);
        }
        g_ptr_array_remove(dr->runs[type], run);
    }
}

static void send_refused(const PaprDrcGroup *group)
{
    trace_papr_drc_refused(papr_drc_index(group->drcs), group->count);
    qapi_event_send_device_unplug_guest_error(group->dev->id,
                                              group->dev->canonical_path);
}

int32_t papr_drc_set(PaprDrc *drc, PaprDrcSet *set, uint32_t value)
{
    PaprDrcEffect effect;
    int32_t status;

    if (!drc->group) {
        return set(&drc->st, value, &effect);
    }
    status = papr_drc_group_set(drc->group, &drc->st, set, value, &effect);
    switch (effect) {
    case PAPR_DRC_RELEASED:
        remove_or_hide(drc->group);
        break;
    case PAPR_DRC_REFUSED:
        send_refused(drc->group);
        break;
    case PAPR_DRC_RESTART:
        drop_group_walk(drc->group);
        break;
    case PAPR_DRC_NOTHING:
        break;
    }
    return status;
}

void papr_drc_unplug_request(PaprDrc *drc)
{
    PaprDrcGroup *group = drc->group;

    if (group && !group->hidden &&
        papr_drc_group_request(group) == PAPR_DRC_RELEASED) {
        remove_or_hide(group);
    }
}

/* Calls @step for each group; it must not remove any */
static void for_each_group(PaprDr *dr, void (*step)(PaprDrcGroup *group))
{
    for (int type = 0; type < PAPR_DRC_TYPES; type++) {
        for (guint i = 0; i < dr->runs[type]->len; i++) {
            PaprDrcRun *run = g_ptr_array_index(dr->runs[type], i);
            PaprDrcGroup *group;
            uint32_t n = 0;

            while ((group = next_group(run, &n))) {
                step(group);
            }
        }
    }
}

static void reset_group(PaprDrcGroup *group)
{
    if (!group->requested) {
        papr_drc_group_configure(group);
    } else if (!group->hidden) {
        hide_device(group);
    }
}

static PaprDrcGroup *first_removable(PaprDr *dr)
{
    for (GList *l = dr->to_remove.head; l; l = l->next) {
        if (is_removable_now(l->data)) {
            return l->data;
        }
    }
    return NULL;
}

/*
 * Devices with a requested unplug are released; all others are configured, as
 * those of the command line are.
 */
void papr_dr_reset(PaprDr *dr)
{
    PaprDrcGroup *group;

    papr_drc_drop_walk(dr);
    for_each_group(dr, reset_group);
    /* from the head each time: the removal of one can remove others */
    while ((group = first_removable(dr))) {
        remove_device(group);
    }
    /* all others, in the main loop, when no stream has them */
    papr_dr_schedule_removal(dr);
}

static void hide_if_released(PaprDrcGroup *group)
{
    if (papr_drc_group_is_released(group) && !group->hidden) {
        hide_device(group);
    }
}

/*
 * Called from a VM change state handler.  Removal of a device can remove such
 * handlers, so it is done later.
 */
void papr_dr_hide_released(PaprDr *dr)
{
    for_each_group(dr, hide_if_released);
}

void papr_dr_before_load(PaprDr *dr)
{
    papr_drc_drop_walk(dr);
    dr->loaded_released = false;
    for_each_group(dr, papr_drc_group_configure);
}

/* The first connector of @run, from @id on, that is not settled; or NULL */
static PaprDrc *unsettled_in(PaprDrcRun *run, uint32_t id)
{
    uint32_t n = id > run->first ? DIV_ROUND_UP(id - run->first, run->stride)
                                 : 0;

    for (; run->n_groups && n < run->count; n++) {
        PaprDrc *drc = &run->drcs[n];

        if (drc->group && !papr_drc_settled(&drc->st)) {
            return drc;
        }
    }
    return NULL;
}

PaprDrc *papr_dr_next_unsettled(PaprDr *dr, uint32_t index)
{
    uint32_t id = index & DRC_ID_MASK;

    for (int type = index >> DRC_TYPE_SHIFT; type < PAPR_DRC_TYPES; type++) {
        guint below = runs_up_to(dr, type, id);

        for (guint i = below ? below - 1 : 0; i < dr->runs[type]->len; i++) {
            PaprDrc *drc = unsettled_in(g_ptr_array_index(dr->runs[type], i),
                                        id);

            if (drc) {
                return drc;
            }
        }
        id = 0;
    }
    return NULL;
}

/* The four properties as they are built; each starts with a count of items */
typedef struct DrcProperties {
    GByteArray *indexes;
    GByteArray *domains;
    GString *names;
    GString *types;
    uint32_t total;
} DrcProperties;

static void properties_add(DrcProperties *props, const PaprDrc *drc)
{
    const uint32_t live_insertion = UINT32_MAX;
    PaprDrcType type = drc->run->type;
    uint32_t index = cpu_to_be32(papr_drc_index(drc));

    g_byte_array_append(props->indexes, (uint8_t *)&index, sizeof(index));
    g_byte_array_append(props->domains, (const uint8_t *)&live_insertion,
                        sizeof(live_insertion));
    g_string_append_printf(props->names, "%s%u", drc_types[type].name_prefix,
                           drc->id);
    g_string_append_c(props->names, '\0');
    g_string_append(props->types, drc_types[type].type);
    g_string_append_c(props->types, '\0');
    props->total++;
}

static DrcProperties *properties_new(void)
{
    DrcProperties *props = g_new0(DrcProperties, 1);

    props->indexes = g_byte_array_new();
    props->domains = g_byte_array_new();
    props->names = g_string_new_len("\0\0\0", 4);
    props->types = g_string_new_len("\0\0\0", 4);
    g_byte_array_set_size(props->indexes, 4);
    g_byte_array_set_size(props->domains, 4);
    return props;
}

static void properties_add_run(DrcProperties *props, const PaprDrcRun *run)
{
    for (uint32_t n = 0; n < run->count; n++) {
        properties_add(props, &run->drcs[n]);
    }
}

/* Into the open node; frees @props */
static void properties_write(DrcProperties *props, PaprDt *dt)
{
    stl_be_p(props->indexes->data, props->total);
    stl_be_p(props->domains->data, props->total);
    stl_be_p(props->names->str, props->total);
    stl_be_p(props->types->str, props->total);
    papr_dt_bytes(dt, "ibm,drc-indexes", props->indexes->data,
                  props->indexes->len);
    papr_dt_bytes(dt, "ibm,drc-power-domains", props->domains->data,
                  props->domains->len);
    papr_dt_bytes(dt, "ibm,drc-names", props->names->str, props->names->len);
    papr_dt_bytes(dt, "ibm,drc-types", props->types->str, props->types->len);
    g_byte_array_unref(props->indexes);
    g_byte_array_unref(props->domains);
    g_string_free(props->names, true);
    g_string_free(props->types, true);
    g_free(props);
}

void papr_dr_dt(PaprDr *dr, PaprDt *dt, uint32_t types)
{
    DrcProperties *props = properties_new();

    for (int type = 0; type < PAPR_DRC_TYPES; type++) {
        for (guint i = 0;
             types & PAPR_DRC_SET(type) && i < dr->runs[type]->len; i++) {
            properties_add_run(props, g_ptr_array_index(dr->runs[type], i));
        }
    }
    properties_write(props, dt);
}

void papr_dr_dt_run(PaprDr *dr, PaprDt *dt, PaprDrcType type, uint32_t first)
{
    DrcProperties *props = properties_new();
    const PaprDrcRun *run = run_below(dr, type, first);

    if (run && run->first == first) {
        properties_add_run(props, run);
    }
    properties_write(props, dt);
}
