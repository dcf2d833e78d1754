/*
 * pSeries platform: RTAS calls about connectors
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
#include "hw/pseries/rtas.h"
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

/* Does set-indicator release the device?  The call may remove it then */
static bool is_release(uint32_t indicator, uint32_t value)
{
    return (indicator == INDICATOR_ISOLATION && value == PAPR_DR_ISOLATE) ||
           (indicator == INDICATOR_ALLOCATION && value == PAPR_DR_UNUSABLE);
}

static bool connector_in_use(const PaprDrc *drc)
{
    const PaprDrcOps *ops = drc->run->ops;

    DeviceState *dev = papr_drc_device(drc);

    return dev && ops->in_use && ops->in_use(dev, drc->run->opaque);
}

/* Arguments: type, connector index, value */
static int32_t set_indicator(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprDrc *drc = papr_dr_find_index(opaque, call->args[1]);
    uint32_t value = call->args[2];
    int32_t status = RTAS_NO_SUCH_INDICATOR;

    trace_papr_dr_set_indicator(call->args[0], call->args[1], value);
    if (!drc) {
        qemu_log_mask(LOG_GUEST_ERROR, "set-indicator: no connector 0x%x\n",
                      call->args[1]);
        return status;
    }
    if (is_release(call->args[0], value) && connector_in_use(drc)) {
        qemu_log_mask(LOG_GUEST_ERROR, "set-indicator: the device of "
                      "connector 0x%x is in use\n", call->args[1]);
        return RTAS_HARDWARE_ERROR;
    }
    switch (call->args[0]) {
    case INDICATOR_ISOLATION:
        status = papr_drc_set(drc, papr_drc_set_isolation, value);
        break;
    case INDICATOR_ALLOCATION:
        status = papr_drc_set(drc, papr_drc_set_allocation, value);
        break;
    case INDICATOR_DR:
        /* of a physical slot; it has no effect, and no guest can read it */
        if (!drc->st.logical) {
            status = value > DR_INDICATOR_MAX ? RTAS_PARAMETER_ERROR
                                              : RTAS_SUCCESS;
        }
        break;
    }
    if (status == RTAS_PARAMETER_ERROR) {
        qemu_log_mask(LOG_GUEST_ERROR, "set-indicator: %u of connector 0x%x "
                      "can't be set to %u\n", call->args[0], call->args[1],
                      value);
    }
    return status;
}

/* Arguments: sensor, connector index; result: state */
static int32_t get_sensor_state(PowerPCCPU *cpu, PaprRtasCall *call,
                                void *opaque)
{
    PaprDrc *drc = papr_dr_find_index(opaque, call->args[1]);

    if (call->args[0] != SENSOR_ENTITY || !drc) {
        qemu_log_mask(LOG_GUEST_ERROR, "get-sensor-state: no sensor %u of "
                      "connector 0x%x\n", call->args[0], call->args[1]);
        return RTAS_PARAMETER_ERROR;
    }
    call->rets[1] = papr_drc_sense(&drc->st);
    trace_papr_dr_get_sensor(call->args[1], call->rets[1]);
    return RTAS_SUCCESS;
}

/*
 * ibm,configure-connector: each call returns one node or property of the new
 * device's part of the device tree.  The work area is a page of cells: 0 the
 * connector's index, 1 zero at the first call, 2 the offset of a name, 3 and 4
 * length and offset of a property's value.
 *
 * The guest passes the work area on unchanged to the next call, so cell 1
 * counts the steps done.  A new work area starts a new walk, and a walk that
 * migration interrupted continues at its step.
 */
enum {
    CC_COMPLETE = 0,
    CC_NEXT_CHILD = 2,
    CC_NEXT_PROPERTY = 3,
    CC_PREVIOUS_PARENT = 4,
    CC_NOT_CONFIGURABLE = -9003,

    CC_AREA_BYTES = 4 * KiB,
    CC_CELL_INDEX = 0,
    CC_CELL_STEP = 1,
    CC_CELL_NAME = 2,
    CC_CELL_LENGTH = 3,
    CC_CELL_VALUE = 4,
    CC_DATA = 20,                       /* first byte after the cells */
};

typedef struct WorkArea {
    uint64_t addr;
    uint8_t page[CC_AREA_BYTES];
} WorkArea;

static uint32_t get_cell(const WorkArea *area, unsigned cell)
{
    return ldl_be_p(area->page + cell * 4);
}

static void set_cell(WorkArea *area, unsigned cell, uint32_t value)
{
    stl_be_p(area->page + cell * 4, value);
}

/* Build the tree of the connector's device, with the position at its start */
static bool build_walk_tree(PaprDrc *drc)
{
    PaprDrcWalk *walk = &drc->run->dr->walk;
    PaprDt *dt = papr_dt_new();
    Error *err = NULL;
    size_t size;
    bool ok;

    papr_drc_drop_walk(drc->run->dr);
    papr_dt_begin(dt, "%s", "");
    ok = drc->run->ops->fill_dt(drc, drc->group->dev, dt, drc->run->opaque,
                                &err);
    papr_dt_end(dt);
    walk->drc = drc;
    walk->tree = papr_dt_finish(dt, &size, ok ? &err : NULL);
    if (!ok || !walk->tree) {
        papr_drc_drop_walk(drc->run->dr);
        /* once: a guest can repeat the call */
        warn_report_err_once(err);
        return false;
    }
    walk->offset = fdt_first_subnode(walk->tree, 0);
    return true;
}

/* Go to the next item to return, at offset *@where; returns its status code */
static int32_t next_item(PaprDrcWalk *walk, int *where)
{
    for (;;) {
        int next;

        *where = walk->offset;
        switch (fdt_next_tag(walk->tree, walk->offset, &next)) {
        case FDT_BEGIN_NODE:
            walk->depth++;
            walk->offset = next;
            return CC_NEXT_CHILD;
        case FDT_PROP:
            walk->offset = next;
            return CC_NEXT_PROPERTY;
        case FDT_END_NODE:
            walk->depth--;
            walk->offset = next;
            return walk->depth ? CC_PREVIOUS_PARENT : CC_COMPLETE;
        case FDT_NOP:
            walk->offset = next;
            break;
        default:
            return RTAS_HARDWARE_ERROR;
        }
    }
}

/* Set the position to that after @step steps, if there are so many */
static int32_t seek_step(PaprDrc *drc, uint32_t step)
{
    PaprDrcWalk *walk = &drc->run->dr->walk;
    int where;

    if (walk->drc == drc && step && walk->step == step) {
        return RTAS_SUCCESS;
    }
    if (!build_walk_tree(drc)) {
        return RTAS_HARDWARE_ERROR;
    }
    while (walk->step < step) {
        if (next_item(walk, &where) <= CC_COMPLETE) {
            papr_drc_drop_walk(drc->run->dr);
            return RTAS_PARAMETER_ERROR;
        }
        walk->step++;
    }
    return RTAS_SUCCESS;
}

static int32_t put_property(const PaprDrcWalk *walk, int where, WorkArea *area)
{
    const char *name;
    int len;
    const void *value = fdt_getprop_by_offset(walk->tree, where, &name, &len);
    size_t at;

    if (!value) {
        return RTAS_HARDWARE_ERROR;
    }
    at = CC_DATA + strlen(name) + 1;
    if (at + len > CC_AREA_BYTES) {
        return RTAS_HARDWARE_ERROR;     /* no node has such a property */
    }
    set_cell(area, CC_CELL_NAME, CC_DATA);
    set_cell(area, CC_CELL_LENGTH, len);
    set_cell(area, CC_CELL_VALUE, at);
    memcpy(area->page + CC_DATA, name, at - CC_DATA);
    memcpy(area->page + at, value, len);
    return CC_NEXT_PROPERTY;
}

static int32_t put_next_item(PaprDrc *drc, WorkArea *area)
{
    PaprDrcWalk *walk = &drc->run->dr->walk;
    int where;
    int32_t status = next_item(walk, &where);

    switch (status) {
    case CC_NEXT_CHILD:
        set_cell(area, CC_CELL_NAME, CC_DATA);
        pstrcpy((char *)area->page + CC_DATA, CC_AREA_BYTES - CC_DATA,
                fdt_get_name(walk->tree, where, NULL));
        break;
    case CC_NEXT_PROPERTY:
        status = put_property(walk, where, area);
        break;
    case CC_COMPLETE:
        papr_drc_set_configured(&drc->st);
        break;
    }
    if (status > CC_COMPLETE) {
        set_cell(area, CC_CELL_STEP, ++walk->step);
    } else {
        papr_drc_drop_walk(drc->run->dr);
    }
    return status;
}

/*
 * Arguments: the work area, and another page for it if the last status asked
 * for one, which this implementation never does.
 */
static int32_t configure_connector(PowerPCCPU *cpu, PaprRtasCall *call,
                                   void *opaque)
{
    WorkArea area = { .addr = call->args[0] };
    PaprDrc *drc;
    int32_t status;

    if (!papr_mem_read(area.addr, area.page, sizeof(area.page))) {
        qemu_log_mask(LOG_GUEST_ERROR, "ibm,configure-connector: work area 0x%"
                      PRIx64 " is not RAM\n", area.addr);
        return RTAS_PARAMETER_ERROR;
    }
    drc = papr_dr_find_index(opaque, get_cell(&area, CC_CELL_INDEX));
    if (!drc) {
        qemu_log_mask(LOG_GUEST_ERROR, "ibm,configure-connector: no connector "
                      "0x%x\n", get_cell(&area, CC_CELL_INDEX));
        return RTAS_PARAMETER_ERROR;
    }
    if (!papr_drc_configurable(&drc->st)) {
        return CC_NOT_CONFIGURABLE;
    }
    status = seek_step(drc, get_cell(&area, CC_CELL_STEP));
    if (status == RTAS_SUCCESS) {
        status = put_next_item(drc, &area);
        papr_mem_write(area.addr, area.page, sizeof(area.page));
    }
    trace_papr_dr_configure(papr_drc_index(drc), status);
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
