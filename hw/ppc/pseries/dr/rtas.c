/*
 * pSeries platform: the RTAS calls by which a guest drives connectors
 *
 * set-indicator, get-sensor-state (LoPAR 7.3.5.4, 7.3.5.5, 13.5.3) and
 * ibm,configure-connector (13.5.3.5).  With the BQL held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/units.h"
#include "hw/pseries/guest-mem.h"
#include "hw/ppc/pseries/trace.h"
#include "internal.h"

#include <libfdt.h>

enum {
    INDICATOR_ISOLATION = 9001,
    INDICATOR_DR = 9002,
    INDICATOR_ALLOCATION = 9003,
    SENSOR_ENTITY = 9003,
    DR_INDICATOR_MAX = 3,               /* inactive, active, identify, action */
};

/* Arguments: type, connector index, value */
static int32_t set_indicator(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprDrc *drc = papr_dr_find_index(opaque, call->args[1]);
    uint32_t value = call->args[2];
    PaprDrcEffect effect = PAPR_DRC_NOTHING;
    int32_t status;

    trace_papr_dr_set_indicator(call->args[0], call->args[1], value);
    if (!drc) {
        return RTAS_NO_SUCH_INDICATOR;
    }
    switch (call->args[0]) {
    case INDICATOR_ISOLATION:
        status = papr_drc_set_isolation(&drc->core, value, &effect);
        break;
    case INDICATOR_ALLOCATION:
        status = papr_drc_set_allocation(&drc->core, value, &effect);
        break;
    case INDICATOR_DR:
        if (drc->core.logical) {
            return RTAS_NO_SUCH_INDICATOR;
        }
        if (value > DR_INDICATOR_MAX) {
            return RTAS_PARAMETER_ERROR;
        }
        drc->indicator = value;
        return RTAS_SUCCESS;
    default:
        return RTAS_NO_SUCH_INDICATOR;
    }
    papr_drc_apply(drc, effect);
    return status;
}

/* Arguments: sensor, connector index; result: state */
static int32_t get_sensor_state(PowerPCCPU *cpu, PaprRtasCall *call,
                                void *opaque)
{
    PaprDrc *drc = papr_dr_find_index(opaque, call->args[1]);

    if (call->args[0] != SENSOR_ENTITY || !drc) {
        return RTAS_PARAMETER_ERROR;
    }
    call->rets[1] = papr_drc_sense(&drc->core);
    trace_papr_dr_get_sensor(call->args[1], call->rets[1]);
    return RTAS_SUCCESS;
}

/*
 * ibm,configure-connector: one step through the new device's part of the
 * device tree a call.  The work area is a page: words 0 the connector index,
 * 2 the offset of a name, 3 and 4 length and offset of a property's value.
 */
enum {
    CC_COMPLETE = 0,
    CC_NEXT_CHILD = 2,
    CC_NEXT_PROPERTY = 3,
    CC_PREVIOUS_PARENT = 4,
    CC_NOT_CONFIGURABLE = -9003,

    CC_AREA_BYTES = 4 * KiB,
    CC_WORD_NAME = 2,
    CC_WORD_LENGTH = 3,
    CC_WORD_VALUE = 4,
    CC_DATA = 20,                       /* first byte behind the words */
};

typedef struct WorkArea {
    uint64_t addr;
    uint8_t page[CC_AREA_BYTES];
} WorkArea;

static void set_word(WorkArea *area, unsigned word, uint32_t value)
{
    stl_be_p(area->page + word * 4, value);
}

/* Build the tree of the connector's device, with the position at its start */
static bool start_tree(PaprDrc *drc)
{
    PaprDt *dt = papr_dt_new();
    Error *err = NULL;
    size_t size;
    bool ok;

    papr_dt_begin(dt, "%s", "");
    ok = drc->run->ops->fill_dt(drc, drc->dev, dt, drc->run->opaque, &err);
    papr_dt_end(dt);
    drc->tree = papr_dt_finish(dt, &size, ok ? &err : NULL);
    if (!ok || !drc->tree) {
        g_clear_pointer(&drc->tree, g_free);
        warn_report_err(err);
        return false;
    }
    drc->offset = fdt_first_subnode(drc->tree, 0);
    drc->depth = 0;
    return drc->offset >= 0;
}

static int32_t tell_node(PaprDrc *drc, WorkArea *area)
{
    const char *name = fdt_get_name(drc->tree, drc->offset, NULL);

    drc->depth++;
    set_word(area, CC_WORD_NAME, CC_DATA);
    pstrcpy((char *)area->page + CC_DATA, CC_AREA_BYTES - CC_DATA, name);
    return CC_NEXT_CHILD;
}

static int32_t tell_property(PaprDrc *drc, WorkArea *area)
{
    const char *name;
    int len;
    const void *value = fdt_getprop_by_offset(drc->tree, drc->offset, &name,
                                              &len);
    size_t at = CC_DATA + strlen(name) + 1;

    if (at + len > CC_AREA_BYTES) {
        return RTAS_HARDWARE_ERROR;     /* our own trees are not that large */
    }
    set_word(area, CC_WORD_NAME, CC_DATA);
    set_word(area, CC_WORD_LENGTH, len);
    set_word(area, CC_WORD_VALUE, at);
    strcpy((char *)area->page + CC_DATA, name);
    memcpy(area->page + at, value, len);
    return CC_NEXT_PROPERTY;
}

static int32_t tell_end(PaprDrc *drc, int *next)
{
    if (--drc->depth > 0) {
        return CC_PREVIOUS_PARENT;
    }
    papr_drc_set_configured(&drc->core);
    /* the guest may ask for all of it again */
    *next = fdt_first_subnode(drc->tree, 0);
    drc->depth = 0;
    return CC_COMPLETE;
}

static int32_t tell_next(PaprDrc *drc, WorkArea *area)
{
    for (;;) {
        int next;
        uint32_t tag = fdt_next_tag(drc->tree, drc->offset, &next);
        int32_t status = RTAS_BUSY;

        switch (tag) {
        case FDT_BEGIN_NODE:
            status = tell_node(drc, area);
            break;
        case FDT_PROP:
            status = tell_property(drc, area);
            break;
        case FDT_END_NODE:
            status = tell_end(drc, &next);
            break;
        case FDT_NOP:
            break;
        default:
            return RTAS_HARDWARE_ERROR;
        }
        drc->offset = next;
        if (status != RTAS_BUSY) {
            return status;
        }
    }
}

/* Arguments: the work area, as low and (an extent, on 32-bit systems 0) high */
static int32_t configure_connector(PowerPCCPU *cpu, PaprRtasCall *call,
                                   void *opaque)
{
    WorkArea area = {
        .addr = (uint64_t)call->args[1] << 32 | call->args[0],
    };
    PaprDrc *drc;
    int32_t status;

    if (!papr_mem_read(area.addr, area.page, sizeof(area.page))) {
        qemu_log_mask(LOG_GUEST_ERROR, "ibm,configure-connector: work area 0x%"
                      PRIx64 " is not RAM\n", area.addr);
        return RTAS_PARAMETER_ERROR;
    }
    drc = papr_dr_find_index(opaque, ldl_be_p(area.page));
    if (!drc) {
        return RTAS_PARAMETER_ERROR;
    }
    if (!papr_drc_configurable(&drc->core)) {
        return CC_NOT_CONFIGURABLE;
    }
    if (!drc->tree && !start_tree(drc)) {
        return RTAS_HARDWARE_ERROR;
    }
    status = tell_next(drc, &area);
    trace_papr_dr_configure(papr_drc_index(drc), status);
    papr_mem_write(area.addr, area.page, sizeof(area.page));
    return status;
}

static const PaprRtasEntry dr_rtas[] = {
    { RTAS_SET_INDICATOR, 3, 1, set_indicator },
    { RTAS_GET_SENSOR_STATE, 2, 2, get_sensor_state },
    { RTAS_IBM_CONFIGURE_CONNECTOR, 2, 1, configure_connector },
};

void papr_dr_register_rtas(PaprDr *dr, PaprRtas *rtas)
{
    papr_rtas_register(rtas, dr_rtas, ARRAY_SIZE(dr_rtas), dr);
}
