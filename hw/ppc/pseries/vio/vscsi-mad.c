/*
 * pSeries platform: login to, and management datagrams (MAD) of, the virtual
 * SCSI adapter
 *
 * LoPAR sections E.3 and E.12: what the guest and the adapter tell each other
 * of themselves before there are commands.  Called by vscsi.c, under the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "hw/ppc/pseries/trace.h"
#include "vscsi.h"

#define FORMATS (SRP_BUF_FORMAT_DIRECT | SRP_BUF_FORMAT_INDIRECT)

#define MAD_VERSION  1
#define MAD_OS_LINUX 2                  /* the nearest to what we are */

/* Fields behind the end of the information unit (IU) read as zeros */
static uint32_t login_refusal(const struct srp_login_req *login)
{
    if (be32_to_cpu(login->req_it_iu_len) > SRP_MAX_IU_LEN) {
        return SRP_LOGIN_REJ_REQ_IT_IU_LENGTH_TOO_LARGE;
    }
    if (be16_to_cpu(login->req_buf_fmt) & ~FORMATS) {
        return SRP_LOGIN_REJ_UNSUPPORTED_DESCRIPTOR_FMT;
    }
    return 0;
}

static void refuse_login(PaprVscsi *vscsi, PaprVscsiReq *req, uint64_t tag,
                         uint32_t reason)
{
    struct srp_login_rej *rej = &req->u.srp.login_rej;

    qemu_log_mask(LOG_GUEST_ERROR, "vscsi 0x%x: login refused, reason 0x%x\n",
                  vscsi->vio.reg, reason);
    *rej = (struct srp_login_rej) {
        .opcode = SRP_LOGIN_REJ,
        .reason = cpu_to_be32(reason),
        .tag = tag,
        .buf_fmt = cpu_to_be16(FORMATS),
    };
    vscsi_answer(vscsi, req, tag, sizeof(*rej));
}

void vscsi_login(PaprVscsi *vscsi, PaprVscsiReq *req)
{
    struct srp_login_rsp *rsp = &req->u.srp.login_rsp;
    uint64_t tag = req->u.srp.login_req.tag;
    uint32_t refusal = login_refusal(&req->u.srp.login_req);

    trace_papr_vscsi_login(vscsi->vio.reg, refusal);
    if (refusal) {
        refuse_login(vscsi, req, tag, refusal);
        return;
    }
    memset(rsp, 0, sizeof(*rsp));
    rsp->opcode = SRP_LOGIN_RSP;
    rsp->req_lim_delta = cpu_to_be32(VSCSI_CREDIT);
    rsp->tag = tag;
    rsp->max_it_iu_len = cpu_to_be32(SRP_MAX_IU_LEN);
    rsp->max_ti_iu_len = cpu_to_be32(SRP_MAX_IU_LEN);
    rsp->buf_fmt = cpu_to_be16(FORMATS);
    vscsi_answer(vscsi, req, tag, sizeof(*rsp));
}

/* Returns the status */
static uint16_t adapter_info(PaprVscsi *vscsi, uint64_t buffer, uint16_t len)
{
    struct mad_adapter_info_data info = {
        .srp_version = SRP_VERSION,
        .partition_name = "qemu",
        .mad_version = cpu_to_be32(MAD_VERSION),
        .os_type = cpu_to_be32(MAD_OS_LINUX),
        .port_max_txu[0] = cpu_to_be32(VSCSI_MAX_TRANSFER),
    };

    return papr_vio_write(&vscsi->vio, buffer, &info, MIN(len, sizeof(info)))
        ? VIOSRP_MAD_SUCCESS : VIOSRP_MAD_FAILED;
}

/*
 * The guest does not see a live migration, and for a migration that it would
 * see reservations are not kept: neither capability is offered.
 */
static uint16_t capabilities(PaprVscsi *vscsi, uint64_t buffer, uint16_t len)
{
    struct capabilities cap = {};

    len = MIN(len, sizeof(cap));
    if (!papr_vio_read(&vscsi->vio, buffer, &cap, len)) {
        return VIOSRP_MAD_FAILED;
    }
    cap.flags = 0;
    cap.migration.ecl = 0;
    cap.migration.common.server_support = 0;
    cap.reserve.type = 0;
    cap.reserve.common.server_support = 0;
    return papr_vio_write(&vscsi->vio, buffer, &cap, len) ? VIOSRP_MAD_SUCCESS
                                                          : VIOSRP_MAD_FAILED;
}

void vscsi_mad(PaprVscsi *vscsi, PaprVscsiReq *req)
{
    /* the start is the same for all of them, and @buffer for those with one */
    struct viosrp_adapter_info *mad = &req->u.mad.adapter_info;
    uint32_t type = be32_to_cpu(mad->common.type);
    uint16_t len = be16_to_cpu(mad->common.length);
    uint64_t buffer = be64_to_cpu(mad->buffer);
    uint16_t status;

    switch (type) {
    case VIOSRP_ADAPTER_INFO_TYPE:
        status = adapter_info(vscsi, buffer, len);
        break;
    case VIOSRP_CAPABILITIES_TYPE:
        status = capabilities(vscsi, buffer, len);
        break;
    default:
        status = VIOSRP_MAD_NOT_SUPPORTED;
        break;
    }
    trace_papr_vscsi_mad(vscsi->vio.reg, type, status);
    mad->common.status = cpu_to_be16(status);
    /* no more than the guest gave room for */
    vscsi_answer(vscsi, req, mad->common.tag,
                 MIN(req->iu_len, sizeof(*mad)));
}
