/*
 * XICS: RTAS (Run-Time Abstraction Services) calls on a source's entry
 *
 * LoPAR 7.3.10.1 (ibm,get-xive) to 7.3.10.4 (ibm,int-on), where "xive" is the
 * external interrupt vector entry.  Called by the RTAS dispatch with the BQL
 * held; devices trigger the sources meanwhile, see source.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/pseries/rtas.h"
#include "xics.h"
#include "hw/intc/pseries/trace.h"

/*
 * The source that a call's first argument names, if the guest may drive it
 * now; else NULL and the status for the guest in @status.
 */
static PaprSource *rtas_source(PaprXics *xics, const PaprRtasCall *call,
                               int32_t *status)
{
    PaprSource *source = papr_xics_source(&xics->arb, call->args[0]);

    if (!xics->active) {
        qemu_log_mask(LOG_GUEST_ERROR, "RTAS call 0x%x is for XICS, but %s\n",
                      call->token, xics->kvm ? "the arguments are too close "
                      "to the end of RAM for the kernel" : "XIVE is active");
        *status = RTAS_HARDWARE_ERROR;
        return NULL;
    }
    if (!source || !papr_source_read(source).flags) {
        qemu_log_mask(LOG_GUEST_ERROR, "RTAS call 0x%x: no source 0x%x\n",
                      call->token, call->args[0]);
        *status = RTAS_PARAMETER_ERROR;
        return NULL;
    }
    *status = RTAS_SUCCESS;
    return source;
}

static int32_t rtas_get_xive(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    int32_t status;
    PaprSource *source = rtas_source(opaque, call, &status);

    if (source) {
        PaprSource s = papr_source_read(source);

        call->rets[1] = s.server;
        call->rets[2] = s.priority;
    }
    return status;
}

static int32_t rtas_set_xive(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprXics *xics = opaque;
    int32_t status;
    uint32_t server = call->args[1];
    uint32_t priority = call->args[2];

    if (!rtas_source(opaque, call, &status)) {
        return status;
    }
    if (!papr_xics_icp(&xics->arb, server) || priority > PAPR_PRIO_NONE) {
        qemu_log_mask(LOG_GUEST_ERROR, "ibm,set-xive: source 0x%x can't go to "
                      "server %u with priority 0x%x\n", call->args[0], server,
                      priority);
        return RTAS_PARAMETER_ERROR;
    }
    trace_papr_xics_set_xive(call->args[0], server, priority);
    papr_xics_route(&xics->arb, call->args[0], server, priority);
    return RTAS_SUCCESS;
}

static int32_t rtas_int_off(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprXics *xics = opaque;
    int32_t status;

    if (rtas_source(opaque, call, &status)) {
        trace_papr_xics_int_off(call->args[0]);
        papr_xics_mask(&xics->arb, call->args[0]);
    }
    return status;
}

static int32_t rtas_int_on(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprXics *xics = opaque;
    int32_t status;

    if (rtas_source(opaque, call, &status)) {
        trace_papr_xics_int_on(call->args[0]);
        papr_xics_unmask(&xics->arb, call->args[0]);
    }
    return status;
}

static const PaprRtasEntry xics_rtas[] = {
    { RTAS_IBM_SET_XIVE, 3, 1, rtas_set_xive },
    { RTAS_IBM_GET_XIVE, 1, 3, rtas_get_xive },
    { RTAS_IBM_INT_OFF, 1, 1, rtas_int_off },
    { RTAS_IBM_INT_ON, 1, 1, rtas_int_on },
};

void papr_xics_rtas_register(PaprXics *xics, PaprRtas *rtas)
{
    papr_rtas_register(rtas, xics_rtas, ARRAY_SIZE(xics_rtas), xics);
}
