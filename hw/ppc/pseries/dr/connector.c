/*
 * pSeries platform: dynamic reconfiguration connectors
 *
 * LoPAR chapter 13.  Connectors are plain structs in arrays, one array a run
 * of evenly spaced ids, so that 32768 memory blocks cost a few megabytes and
 * one pass, and a look-up is arithmetic.  A connector is in the migration
 * stream while a device is behind it; an empty one has one state only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-events-qdev.h"
#include "qemu/bswap.h"
#include "hw/qdev-core.h"
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
} drc_types[16] = {
    [PAPR_DRC_CPU] = { "CPU", "CPU " },
    [PAPR_DRC_PHB] = { "PHB", "PHB " },
    [PAPR_DRC_VIO] = { "SLOT", "C" },
    [PAPR_DRC_PCI] = { "28", "C", true },
    [PAPR_DRC_LMB] = { "MEM", "LMB " },
    [PAPR_DRC_PMEM] = { "MEM", "PMEM " },
};

PaprDr *papr_dr_new(PaprRtas *rtas)
{
    PaprDr *dr = g_new0(PaprDr, 1);

    dr->runs = g_ptr_array_new();
    papr_dr_register_rtas(dr, rtas);
    return dr;
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
    g_ptr_array_add(dr->runs, run);
}

PaprDrc *papr_dr_find(PaprDr *dr, PaprDrcType type, uint32_t id)
{
    for (guint i = 0; i < dr->runs->len; i++) {
        PaprDrcRun *run = g_ptr_array_index(dr->runs, i);
        uint32_t n = (id - run->first) / run->stride;

        if (run->type == type && id >= run->first && n < run->count &&
            run->drcs[n].id == id) {
            return &run->drcs[n];
        }
    }
    return NULL;
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

static void release(PaprDrc *drc)
{
    DeviceState *dev = drc->dev;

    trace_papr_drc_release(papr_drc_index(drc));
    vmstate_unregister(NULL, &vmstate_drc, drc);
    papr_drc_drop_tree(drc);
    drc->dev = NULL;
    drc->core.present = false;
    drc->core.unplug_requested = false;
    drc->core.state = papr_drc_initial(drc->core.logical, false);
    drc->run->ops->release(dev, drc->run->opaque);
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

/*
 * The guest starts anew: what it was asked to give back is gone, the rest is
 * there as if it had been there from the start.
 */
void papr_dr_reset(PaprDr *dr)
{
    for (guint i = 0; i < dr->runs->len; i++) {
        PaprDrcRun *run = g_ptr_array_index(dr->runs, i);

        for (uint32_t n = 0; n < run->count; n++) {
            PaprDrc *drc = &run->drcs[n];

            if (!drc->dev) {
                continue;
            }
            if (drc->core.unplug_requested) {
                release(drc);
                continue;
            }
            papr_drc_drop_tree(drc);
            drc->core.state = papr_drc_initial(drc->core.logical, true);
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

void papr_dr_dt(PaprDr *dr, PaprDt *dt, uint32_t types)
{
    g_autoptr(GByteArray) indexes = g_byte_array_new();
    g_autoptr(GByteArray) domains = g_byte_array_new();
    g_autoptr(GString) names = g_string_new_len("\0\0\0", 4);
    g_autoptr(GString) type_names = g_string_new_len("\0\0\0", 4);
    DrcProperties props = { indexes, domains, names, type_names };

    g_byte_array_set_size(indexes, 4);
    g_byte_array_set_size(domains, 4);
    for (guint i = 0; i < dr->runs->len; i++) {
        PaprDrcRun *run = g_ptr_array_index(dr->runs, i);

        for (uint32_t n = 0;
             types & PAPR_DRC_SET(run->type) && n < run->count; n++) {
            describe(&props, &run->drcs[n]);
        }
    }
    stl_be_p(indexes->data, props.total);
    stl_be_p(domains->data, props.total);
    stl_be_p(names->str, props.total);
    stl_be_p(type_names->str, props.total);
    papr_dt_bytes(dt, "ibm,drc-indexes", indexes->data, indexes->len);
    papr_dt_bytes(dt, "ibm,drc-power-domains", domains->data, domains->len);
    papr_dt_bytes(dt, "ibm,drc-names", names->str, names->len);
    papr_dt_bytes(dt, "ibm,drc-types", type_names->str, type_names->len);
}
