/*
 * pSeries platform: SCSI commands to disks of the virtual SCSI adapter
 *
 * LoPAR section E.2 and the SCSI RDMA protocol (SRP) revision 16a: commands
 * of the guest, and the answers.  Their data is moved by vscsi-data.c.  Called
 * by vscsi.c and the SCSI layer, under the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "scsi/constants.h"
#include "scsi/utils.h"
#include "hw/ppc/pseries/trace.h"
#include "vscsi.h"

/* The REPORT LUNS well-known logical unit, as SRP addresses it */
#define REPORT_LUNS_UNIT 0xc101000000000000ULL

/* First byte of an INQUIRY's data: there is no device at this unit */
#define INQUIRY_NO_DEVICE 0x7f
#define INQUIRY_LEN       36

static void make_sense(PaprVscsiReq *req, SCSISense sense)
{
    req->sense_len = scsi_build_sense(req->sense, sense);
}

/* @residual: unused bytes of the buffer; if negative, how many it lacked */
static void send_response(PaprVscsi *vscsi, PaprVscsiReq *req, uint8_t status,
                          int64_t residual)
{
    struct srp_rsp *rsp = &req->u.srp.rsp;
    uint64_t tag = rsp->tag;
    uint8_t sol_not = req->u.srp.cmd.sol_not;
    size_t len = sizeof(*rsp);
    uint32_t count = MIN(ABS(residual), UINT32_MAX);

    memset(rsp, 0, sizeof(*rsp));
    rsp->opcode = SRP_RSP;
    rsp->tag = tag;
    rsp->req_lim_delta = cpu_to_be32(1);
    rsp->status = status;
    /* the guest asks which responses are to be "solicited": bits 1 and 2 */
    rsp->sol_not = extract32(sol_not, status == GOOD ? 1 : 2, 1);
    if (req->writing) {
        rsp->data_out_res_cnt = cpu_to_be32(count);
    } else {
        rsp->data_in_res_cnt = cpu_to_be32(count);
    }
    if (residual > 0) {
        rsp->flags = req->writing ? SRP_RSP_FLAG_DOUNDER
                                  : SRP_RSP_FLAG_DIUNDER;
    } else if (residual < 0) {
        rsp->flags = req->writing ? SRP_RSP_FLAG_DOOVER : SRP_RSP_FLAG_DIOVER;
    }
    if (status == CHECK_CONDITION && req->sense_len) {
        uint32_t n = MIN(req->sense_len, SRP_MAX_IU_LEN - sizeof(*rsp));

        rsp->flags |= SRP_RSP_FLAG_SNSVALID;
        rsp->sense_data_len = cpu_to_be32(n);
        memcpy(req->iu + len, req->sense, n);
        len += n;
    }
    trace_papr_vscsi_respond(vscsi->vio.reg, req->tag, status, residual);
    vscsi_answer(vscsi, req, tag, len);
}

static void respond_sense(PaprVscsi *vscsi, PaprVscsiReq *req, SCSISense sense)
{
    make_sense(req, sense);
    send_response(vscsi, req, CHECK_CONDITION, 0);
}

/* Answer with data made here */
static void respond_data(PaprVscsi *vscsi, PaprVscsiReq *req, void *data,
                         uint64_t len)
{
    req->writing = false;
    if (!vscsi_put_data(vscsi, req, data, len)) {
        respond_sense(vscsi, req, SENSE_CODE(TARGET_FAILURE));
        return;
    }
    send_response(vscsi, req, GOOD, (int64_t)req->buffer_len - (int64_t)len);
}

/*
 * A unit is addressed in up to four levels of two bytes.  A level's first two
 * bits tell what it has:
 * 0: bus (here channel) and target; the next level has the unit.  Bus 0: a unit
 * 1: a unit
 * 2: target, channel and unit
 */
SCSIDevice *vscsi_find_device(PaprVscsi *vscsi, uint64_t srp_lun, int *lun)
{
    uint64_t address = be64_to_cpu(srp_lun);
    int channel = 0, target = 0;

    for (int level = 0; level < 4; level++, address <<= 16) {
        uint16_t word = address >> 48;

        switch (word >> 14) {
        case 0:
            if (word >> 8) {
                channel = extract32(word, 8, 6);
                target = extract32(word, 0, 8);
                continue;
            }
            *lun = extract32(word, 0, 8);
            break;
        case 1:
            *lun = extract32(word, 0, 14);
            break;
        case 2:
            target = extract32(word, 8, 6);
            channel = extract32(word, 5, 3);
            *lun = extract32(word, 0, 5);
            break;
        default:
            return NULL;
        }
        return scsi_device_find(&vscsi->bus, channel, target, *lun);
    }
    return NULL;
}

/* INQUIRY of a unit that does not exist: guests probe for units by that */
static void inquiry_no_device(PaprVscsi *vscsi, PaprVscsiReq *req)
{
    const uint8_t *cdb = req->u.srp.cmd.cdb;
    uint8_t data[INQUIRY_LEN] = {
        INQUIRY_NO_DEVICE,
        [2] = 6,                        /* SPC-4 */
        [3] = 2,                        /* response data format */
        [4] = INQUIRY_LEN - 5,
        [7] = 0x10,                     /* synchronous transfers */
    };

    if ((cdb[1] & 1) || cdb[2]) {       /* a page of vital product data */
        respond_sense(vscsi, req, SENSE_CODE(INVALID_FIELD));
        return;
    }
    memcpy(data + 8, "QEMU    QEMU EMPTY      ", 24);
    respond_data(vscsi, req, data, MIN(lduw_be_p(cdb + 3), INQUIRY_LEN));
}

/* Lists the units of the whole adapter, not those of one target */
static void report_luns(PaprVscsi *vscsi, PaprVscsiReq *req)
{
    g_autoptr(GByteArray) data = g_byte_array_new();
    uint8_t unit[8] = {};
    BusChild *kid;

    g_byte_array_append(data, unit, 8); /* header */
    g_byte_array_append(data, unit, 8); /* unit 0 is always there */
    QTAILQ_FOREACH(kid, &vscsi->bus.qbus.children, sibling) {
        SCSIDevice *dev = SCSI_DEVICE(kid->child);

        if (!dev->channel && !dev->id && !dev->lun) {
            continue;
        }
        if (!dev->channel && !dev->id) {
            stw_be_p(unit, dev->lun);
        } else {
            stw_be_p(unit, 2 << 14 | dev->id << 8 | dev->channel << 5 |
                           dev->lun);
        }
        g_byte_array_append(data, unit, 8);
    }
    stl_be_p(data->data, data->len - 8);
    respond_data(vscsi, req, data->data,
                 MIN(data->len, ldl_be_p(req->u.srp.cmd.cdb + 6)));
}

static bool is_report_luns(const struct srp_cmd *cmd)
{
    return cmd->cdb[0] == REPORT_LUNS &&
           (!cmd->lun || be64_to_cpu(cmd->lun) == REPORT_LUNS_UNIT);
}

static void no_device(PaprVscsi *vscsi, PaprVscsiReq *req)
{
    if (req->u.srp.cmd.cdb[0] == INQUIRY) {
        inquiry_no_device(vscsi, req);
    } else {
        respond_sense(vscsi, req, SENSE_CODE(LUN_NOT_SUPPORTED));
    }
}

/*
 * scsi_req_enqueue() returns the bytes to transfer as an int32_t, negative for
 * a write; 0: none, and the command completes without vscsi_transfer_data().
 */
static void start_command(PaprVscsi *vscsi, PaprVscsiReq *req)
{
    SCSIRequest *sreq = req->sreq;
    int32_t n = scsi_req_enqueue(sreq);

    if (!req->active) {
        return;                         /* complete */
    }
    if (sreq->cmd.xfer > INT32_MAX) {
        vscsi_end(req, VSCSI_END_TOO_LONG);
        return;
    }
    if (!n) {
        return;
    }
    req->wanted = ABS(n);
    req->data_len = req->wanted;
    if (req->end != VSCSI_END_NONE) {
        vscsi_end(req, req->end);
        return;
    }
    scsi_req_continue(sreq);
    req->started = true;
}

bool vscsi_command(PaprVscsi *vscsi, PaprVscsiReq *req)
{
    struct srp_cmd *cmd = &req->u.srp.cmd;
    size_t cdb_len = sizeof(cmd->cdb) + (cmd->add_cdb_len & ~3);
    SCSIDevice *dev;
    int lun;

    if (offsetof(struct srp_cmd, cdb) + cdb_len > req->iu_len) {
        qemu_log_mask(LOG_GUEST_ERROR, "vscsi 0x%x: an IU of %u bytes is too "
                      "short for its command\n", vscsi->vio.reg, req->iu_len);
        respond_sense(vscsi, req, SENSE_CODE(INVALID_FIELD));
        return true;
    }
    if (cmd->buf_fmt >> 4 && cmd->buf_fmt & 0xf) {
        qemu_log_mask(LOG_GUEST_ERROR, "vscsi 0x%x: command 0x%x with buffers "
                      "for both directions\n", vscsi->vio.reg, cmd->cdb[0]);
        respond_sense(vscsi, req, SENSE_CODE(INVALID_FIELD));
        return true;
    }
    if (is_report_luns(cmd)) {
        report_luns(vscsi, req);
        return true;
    }
    dev = vscsi_find_device(vscsi, cmd->lun, &lun);
    if (!dev) {
        no_device(vscsi, req);
        return true;
    }
    req->sreq = scsi_req_new(dev, req->tag, lun, cmd->cdb, cdb_len, req);
    trace_papr_vscsi_command(vscsi->vio.reg, req->tag, cmd->cdb[0],
                             be64_to_cpu(cmd->lun));
    start_command(vscsi, req);
    return false;
}

static int64_t residual_of(const PaprVscsiReq *req, uint64_t moved)
{
    return moved < req->buffer_len
        ? req->buffer_len - moved
        : -(int64_t)(MAX(req->wanted, moved) - moved);
}

void vscsi_complete(SCSIRequest *sreq, size_t sg_residual)
{
    PaprVscsiReq *req = sreq->hba_private;
    int64_t residual = 0;

    if (!req) {
        return;
    }
    if (sreq->status == GOOD) {
        residual = residual_of(req, vscsi_moved_bytes(req, sg_residual));
    }
    req->sense_len = sreq->status == CHECK_CONDITION
        ? scsi_req_get_sense(sreq, req->sense, sizeof(req->sense)) : 0;
    send_response(vscsi_of(sreq), req, sreq->status, residual);
    vscsi_free_request(req);
}

/* Aborted by the guest, which gets no answer, or ended by vscsi_end() */
void vscsi_cancelled(SCSIRequest *sreq)
{
    PaprVscsiReq *req = sreq->hba_private;

    if (!req) {
        return;
    }
    switch (req->end) {
    case VSCSI_END_NONE:
        break;
    case VSCSI_END_NO_ROOM:
        send_response(vscsi_of(sreq), req, GOOD, residual_of(req, req->moved));
        break;
    case VSCSI_END_BAD_BUFFER:
        respond_sense(vscsi_of(sreq), req, SENSE_CODE(TARGET_FAILURE));
        break;
    case VSCSI_END_TOO_LONG:
        respond_sense(vscsi_of(sreq), req, SENSE_CODE(INVALID_FIELD));
        break;
    }
    vscsi_free_request(req);
}
