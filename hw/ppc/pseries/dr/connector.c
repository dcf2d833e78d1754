/*
 * pSeries platform: dynamic reconfiguration connectors
 *
 * LoPAR chapter 13.  Connectors are plain structs in arrays, one array a run
 * of evenly spaced ids, so that 32768 memory blocks cost a few megabytes and
 * one pass; a look-up is a binary search for the run, and arithmetic in it.  A
 * connector is in the migration stream while a device is behind it; an empty
 * one has one state only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-events-qdev.h"
#include "qemu/bswap.h"
#include "hw/qdev-core.h"
#include "migration/register.h"
#include "migration/vmstate.h"
#include "hw/ppc/pseries/trace.h"
#include "internal.h"

#define DRC_TYPE_SHIFT 28
#define DRC_ID_MASK ((1u << DRC_TYPE_SHIFT) - 1)

/* How a type is called in "ibm,drc-types", and in "ibm,drc-names" */
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
    [PAPR_DRC_PMEM] = { "MEM", "PMEM " },
};

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

static void free_run(gpointer data)
{
    PaprDrcRun *run = data;

    g_free(run->drcs);
    g_free(run);
}

PaprDr *papr_dr_new(PaprRtas *rtas)
{
    PaprDr *dr = g_new0(PaprDr, 1);

    for (int type = 0; type < PAPR_DRC_TYPES; type++) {
        dr->runs[type] = g_ptr_array_new_with_free_func(free_run);
    }
    papr_dr_register_rtas(dr, rtas);
    /* of any slot, empty ones too, in streams and snapshots */
    vmstate_register_with_alias_id(NULL, 0, &vmstate_light, dr,
                                   VMSTATE_ALIAS_ANY, 1, NULL);
    return dr;
}

/* How many runs of @type begin at or below @id */
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

/* The run that begins last, at or below @id */
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
        drc->core.logical = !drc_types[type].physical;
        drc->core.isolate_for_unplug_only = type == PAPR_DRC_LMB;
        drc->core.state = papr_drc_initial(drc->core.logical, false);
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

DeviceState *papr_drc_device(const PaprDrc *drc)
{
    return drc->dev;
}

bool papr_drc_unplug_requested(const PaprDrc *drc)
{
    return drc->core.unplug_requested;
}

static bool drc_changed(void *opaque)
{
    PaprDrc *drc = opaque;

    return drc->core.unplug_requested ||
           drc->core.state != papr_drc_initial(drc->core.logical, true);
}

static bool unplug_requested(void *opaque)
{
    return ((PaprDrc *)opaque)->core.unplug_requested;
}

/* A state that the connector's kind doesn't have would stick for good */
static int drc_post_load(void *opaque, int version_id)
{
    PaprDrc *drc = opaque;
    uint32_t first = drc->core.logical ? PAPR_DRC_LOGICAL_UNUSABLE
                                       : PAPR_DRC_PHYSICAL_POWERED;
    uint32_t last = papr_drc_initial(drc->core.logical, true);

    return drc->core.state < first || drc->core.state > last ? -EINVAL : 0;
}

static const VMStateDescription vmstate_unplug_requested = {
    .name = "spapr_drc/unplug_requested",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = unplug_requested,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(core.unplug_requested, PaprDrc),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_drc = {
    .name = "spapr_drc",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = drc_changed,
    .post_load = drc_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(core.state, PaprDrc),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription *const []) {
        &vmstate_unplug_requested,
        NULL
    },
};

void papr_drc_drop_tree(PaprDrc *drc)
{
    g_clear_pointer(&drc->tree, g_free);
    drc->offset = 0;
    drc->depth = 0;
    drc->step = 0;
}

bool papr_drc_attach(PaprDrc *drc, DeviceState *dev, bool cold, Error **errp)
{
    if (drc->dev) {
        error_setg(errp, "connector 0x%x already has a device",
                   papr_drc_index(drc));
        return false;
    }
    drc->dev = dev;
    drc->core.present = true;
    drc->core.state = papr_drc_initial(drc->core.logical, cold);
    vmstate_register(NULL, papr_drc_index(drc), &vmstate_drc, drc);
    trace_papr_drc_attach(papr_drc_index(drc), cold);
    return true;
}

/* The connector is empty; what was behind it */
static DeviceState *detach(PaprDrc *drc)
{
    DeviceState *dev = drc->dev;

    vmstate_unregister(NULL, &vmstate_drc, drc);
    papr_drc_drop_tree(drc);
    drc->dev = NULL;
    drc->core.present = false;
    drc->core.unplug_requested = false;
    drc->core.state = papr_drc_initial(drc->core.logical, false);
    return dev;
}

/* Whoever owns the device may remove other runs then */
static void release(PaprDrc *drc)
{
    trace_papr_drc_release(papr_drc_index(drc));
    drc->run->ops->release(detach(drc), drc->run->opaque);
}

void papr_dr_remove(PaprDr *dr, PaprDrcType type, uint32_t first, uint32_t last)
{
    PaprDrcRun *run;

    while ((run = run_below(dr, type, last)) && run->first >= first) {
        for (uint32_t i = 0; i < run->count; i++) {
            if (run->drcs[i].dev) {
                detach(&run->drcs[i]);
            }
        }
        g_ptr_array_remove(dr->runs[type], run);
    }
}

void papr_drc_apply(PaprDrc *drc, PaprDrcEffect effect)
{
    switch (effect) {
    case PAPR_DRC_RELEASE:
        release(drc);
        return;
    case PAPR_DRC_REFUSED:
        trace_papr_drc_refused(papr_drc_index(drc));
        qapi_event_send_device_unplug_guest_error(drc->dev->id,
                                                  drc->dev->canonical_path);
        return;
    case PAPR_DRC_RESTART:
        papr_drc_drop_tree(drc);
        return;
    case PAPR_DRC_NOTHING:
        return;
    }
}

void papr_drc_unplug_request(PaprDrc *drc)
{
    if (!drc->dev) {
        return;
    }
    drc->core.unplug_requested = true;
    /* a guest that never took it, or has let go already, need not be asked */
    if (drc->core.state == papr_drc_initial(drc->core.logical, false)) {
        release(drc);
    }
}

/* True if runs went along with a device that was to be unplugged */
static bool reset_run(PaprDrcRun *run, const GPtrArray *runs)
{
    guint n_runs = runs->len;

    for (uint32_t n = 0; n < run->count; n++) {
        PaprDrc *drc = &run->drcs[n];

        if (!drc->dev) {
            continue;
        }
        if (drc->core.unplug_requested) {
            release(drc);
            if (runs->len != n_runs) {
                return true;
            }
            continue;
        }
        papr_drc_drop_tree(drc);
        drc->core.state = papr_drc_initial(drc->core.logical, true);
    }
    return false;
}

/*
 * The guest starts anew: what it was asked to give back is gone, the rest is
 * there as if it had been there from the start.
 */
void papr_dr_reset(PaprDr *dr)
{
    for (int type = 0; type < PAPR_DRC_TYPES; type++) {
        GPtrArray *runs = dr->runs[type];
        guint i = 0;

        while (i < runs->len) {
            i = reset_run(g_ptr_array_index(runs, i), runs) ? 0 : i + 1;
        }
    }
}

/* The four properties in the making; each starts with the number of items */
typedef struct DrcProperties {
    GByteArray *indexes;
    GByteArray *domains;
    GString *names;
    GString *types;
    uint32_t total;
} DrcProperties;

static void describe(DrcProperties *props, const PaprDrc *drc)
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

static void describe_run(DrcProperties *props, const PaprDrcRun *run)
{
    for (uint32_t n = 0; n < run->count; n++) {
        describe(props, &run->drcs[n]);
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
            describe_run(props, g_ptr_array_index(dr->runs[type], i));
        }
    }
    properties_write(props, dt);
}

void papr_dr_dt_run(PaprDr *dr, PaprDt *dt, PaprDrcType type, uint32_t first)
{
    DrcProperties *props = properties_new();
    const PaprDrcRun *run = run_below(dr, type, first);

    if (run && run->first == first) {
        describe_run(props, run);
    }
    properties_write(props, dt);
}
