/*
 * XICS: presentation controllers (ICP) of vCPUs that come and go
 *
 * Creation, removal, migration and display.  Called by xics.c.  All with the
 * big lock (BQL) held; other threads go on using the ICP meanwhile (icp.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/atomic.h"
#include "qemu/error-report.h"
#include "hw/pseries/save.h"
#include "migration/vmstate.h"
#include "xics.h"

static PaprXicsServer *server_of(PaprIcp *icp)
{
    return container_of(icp, PaprXicsServer, icp);
}

static bool server_line_wanted(const void *opaque)
{
    const PaprXicsServer *server = opaque;

    return papr_icp_presents(qatomic_read(&server->icp.state));
}

static void server_follow(PaprIcp *icp)
{
    PaprXicsServer *server = server_of(icp);

    papr_cpu_line_follow(&server->line, server_line_wanted, server);
}

static PaprXics *xics_of(PaprIcp *icp)
{
    return container_of(icp->arb, PaprXics, arb);
}

static int server_pre_save(void *opaque)
{
    PaprXicsServer *server = opaque;
    PaprXics *xics = xics_of(&server->icp);
    PaprVcpu *vcpu = papr_vcpu_find(xics->vcpus, server->icp.server);
    PaprIcpRegs regs;
    uint64_t state;
    Error *err = NULL;

    if (vcpu && xics->ops->save_vcpu &&
        !xics->ops->save_vcpu(xics, vcpu, &err)) {
        return papr_save_failed(err);
    }
    state = qatomic_read(&server->icp.state);
    regs = papr_icp_regs(state);
    server->xirr = papr_icp_xirr(state);
    server->pending_priority = regs.pending;
    server->mfrr = regs.mfrr;
    return 0;
}

/* Sources may have been loaded before or after: offer those that wait */
void papr_xics_server_load(PaprIcp *icp)
{
    server_follow(icp);
    papr_icp_h_ipi(icp, papr_icp_regs(qatomic_read(&icp->state)).mfrr);
    papr_icp_resend(icp);
}

static int server_post_load(void *opaque, int version_id)
{
    PaprXicsServer *server = opaque;
    PaprIcp *icp = &server->icp;
    PaprXics *xics = xics_of(icp);
    PaprVcpu *vcpu;
    Error *err = NULL;
    PaprIcpRegs regs = {
        .cppr = server->xirr >> 24,
        .xisr = server->xirr & PAPR_XISR_MASK,
        .mfrr = server->mfrr,
        .pending = server->pending_priority,
        .resend = true,
    };

    if (regs.xisr == PAPR_XISR_NONE) {
        regs.pending = PAPR_PRIO_NONE;
    }
    qatomic_set(&icp->state, papr_icp_word(&regs));
    vcpu = papr_vcpu_find(xics->vcpus, icp->server);
    if (vcpu && !xics->ops->load_vcpu(xics, vcpu, &err)) {
        error_report_err(err);
        return -EIO;
    }
    return 0;
}

static const VMStateDescription vmstate_papr_icp = {
    .name = "icp/server",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = server_pre_save,
    .post_load = server_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(xirr, PaprXicsServer),
        VMSTATE_UINT8(pending_priority, PaprXicsServer),
        VMSTATE_UINT8(mfrr, PaprXicsServer),
        VMSTATE_END_OF_LIST()
    },
};

/* The ICP of server @id, created with the first vCPU that has this id */
static PaprIcp *server_find_or_create(PaprArbiter *arb, uint32_t id)
{
    PaprIcp *icp = arb->servers[id];

    if (!icp) {
        PaprXicsServer *server = g_new0(PaprXicsServer, 1);

        icp = &server->icp;
        icp->server = id;
        icp->arb = arb;
        icp->follow = server_follow;
        icp->state = papr_icp_off(false);
        qatomic_store_release(&arb->servers[id], icp);
    }
    return icp;
}

bool papr_xics_server_create(PaprXics *xics, PaprVcpu *vcpu, Error **errp)
{
    PaprXicsServer *server;

    if (vcpu->id >= xics->arb.n_servers) {
        error_setg(errp, "vCPU id %u is beyond the %u interrupt servers of the "
                   "machine; use a larger maxcpus", vcpu->id,
                   xics->arb.n_servers);
        return false;
    }
    server = server_of(server_find_or_create(&xics->arb, vcpu->id));
    if (!papr_cpu_line_connect(&server->line, vcpu->cpu, errp)) {
        return false;
    }
    server->cpu_index = CPU(vcpu->cpu)->cpu_index;
    vmstate_register(NULL, server->cpu_index, &vmstate_papr_icp, server);
    vcpu->icp = &server->icp;
    qatomic_set(&server->icp.present, true);
    return true;
}

/* An interrupt that the ICP presented waits for a new route or a new vCPU */
void papr_xics_server_destroy(PaprXics *xics, PaprVcpu *vcpu)
{
    PaprIcp *icp = vcpu->icp;
    PaprXicsServer *server;

    if (!icp) {
        return;
    }
    server = server_of(icp);
    qatomic_set(&icp->present, false);
    papr_icp_reset(icp);
    papr_cpu_line_disconnect(&server->line);
    vmstate_unregister(NULL, &vmstate_papr_icp, server);
    vcpu->icp = NULL;
}

void papr_xics_server_free(PaprIcp *icp)
{
    if (icp) {
        g_free(server_of(icp));
    }
}

void papr_xics_server_print_info(PaprIcp *icp, GString *buf)
{
    uint64_t state = qatomic_read(&icp->state);
    PaprIcpRegs regs = papr_icp_regs(state);

    g_string_append_printf(buf, "CPU %d XIRR=%08x PP=%02x MFRR=%02x\n",
                           server_of(icp)->cpu_index, papr_icp_xirr(state),
                           regs.pending, regs.mfrr);
}
