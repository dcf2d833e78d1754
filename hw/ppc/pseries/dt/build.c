/*
 * pSeries platform: the partition's device tree
 *
 * Calls the fillers in their order.  A tree is written sequentially: the root's
 * properties first, then node after node.
 *
 * Called by the machine, at reset and at client-architecture-support.  BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "fillers.h"
#include "hw/ppc/pseries/trace.h"

/* The first phandle in this tree; firmware adds phandles of its own */
#define FIRST_PHANDLE 0x1111

void *papr_dt_build(const PaprDtInput *in, size_t *size, Error **errp)
{
    PaprDt *dt = papr_dt_new();
    uint32_t intc;
    void *fdt;

    papr_dt_set_phandle_start(dt, FIRST_PHANDLE);
    if (in->whole && in->firmware) {
        papr_firmware_reserve(in->firmware, dt);
    }

    papr_dt_begin(dt, "%s", "");
    papr_dt_root_properties(in, dt);
    intc = papr_irqs_dt(in->irqs, dt);
    papr_dt_memory(in, dt);
    papr_dt_dynamic_memory(in, dt);
    if (in->vio) {
        papr_vio_dt(in->vio, dt);
    }
    for (size_t i = 0; i < in->n_extra; i++) {
        in->extra[i].fill(dt, intc, in->extra[i].opaque);
    }
    papr_dt_cpus(in, dt);
    if (in->events) {
        papr_events_dt_sources(in->events, dt);
    }
    papr_dt_rtas(in, dt);
    papr_dt_chosen(in, dt);
    papr_dt_hypervisor(in, dt);
    papr_dt_end(dt);

    fdt = papr_dt_finish(dt, size, errp);
    trace_papr_dt_build(in->whole, fdt ? *size : 0);
    return fdt;
}
