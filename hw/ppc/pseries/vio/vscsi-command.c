/*
 * pSeries platform: SCSI commands to disks of the virtual SCSI adapter
 *
 * LoPAR section E.2 and the SCSI RDMA protocol (SRP) revision 16a.  A command's
 * memory descriptors are read once, checked, and become a list that the block
 * layer transfers to and from the guest's memory by itself.  Called by vscsi.c
 * and the SCSI layer, under the BQL.
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

/* The well-known unit that tells of all others, as SRP addresses it */
#define REPORT_LUNS_UNIT 0xc101000000000000ULL

/* First byte of an INQUIRY's data: there is nothing here */
#define INQUIRY_NO_DEVICE 0x7f
#define INQUIRY_LEN       36

QEMU_BUILD_BUG_ON(sizeof(struct srp_cmd) != 48);
QEMU_BUILD_BUG_ON(sizeof(struct srp_indirect_buf) != 20);
QEMU_BUILD_BUG_ON(sizeof(struct srp_direct_buf) != 16);

static uint32_t descriptor_bytes(uint8_t format, uint32_t count)
{
    switch (format) {
    case SRP_DATA_DESC_DIRECT:
        return sizeof(struct srp_direct_buf);
    case SRP_DATA_DESC_INDIRECT:
        return sizeof(struct srp_indirect_buf) +
               count * sizeof(struct srp_direct_buf);
    default:
        return 0;
    }
}

/* Data to the device comes first, behind what does not fit cmd->cdb */
bool vscsi_find_descriptors(const PaprVscsiReq *req, SrpDescriptors *out)
{
    const struct srp_cmd *cmd = &req->u.srp.cmd;
    uint8_t out_format = cmd->buf_fmt >> 4, in_format = cmd->buf_fmt & 0xf;
    uint32_t offset = sizeof(*cmd) + (cmd->add_cdb_len & ~3);

    if (req->writing) {
        out->format = out_format;
        out->local = cmd->data_out_desc_cnt;
    } else {
        offset += descriptor_bytes(out_format, cmd->data_out_desc_cnt);
        out->format = in_format;
        out->local = cmd->data_in_desc_cnt;
    }
    out->offset = offset;
    out->total = 0;
    if (offset + descriptor_bytes(out->format, out->local) > req->iu_len) {
        return false;
    }
    switch (out->format) {
    case SRP_NO_DATA_DESC:
        out->local = 0;
        return true;
    case SRP_DATA_DESC_DIRECT:
        out->local = out->total = 1;
        return true;
    case SRP_DATA_DESC_INDIRECT: {
        const struct srp_indirect_buf *table = (const void *)(req->iu + offset);

        out->total = MAX(be32_to_cpu(table->table_desc.len) /
                         sizeof(struct srp_direct_buf), out->local);
        return out->total <= VSCSI_MAX_DESCRIPTORS;
    }
    default:
        return false;
    }
}

/* The descriptors in one piece, to be freed; NULL if they can't be read */
static struct srp_direct_buf *read_descriptors(PaprVscsi *vscsi,
                                               const PaprVscsiReq *req,
                                               const SrpDescriptors *where)
{
    const uint8_t *start = req->iu + where->offset;
    size_t bytes = where->total * sizeof(struct srp_direct_buf);
    struct srp_direct_buf *list;

    if (where->format == SRP_DATA_DESC_DIRECT) {
        return g_memdup2(start, bytes);
    }
    list = g_malloc(bytes);
    if (where->local < where->total) {
        const struct srp_indirect_buf *table = (const void *)start;

        if (!papr_vio_read(&vscsi->vio, be64_to_cpu(table->table_desc.va),
                           list, bytes)) {
            g_free(list);
            return NULL;
        }
    }
    /* those in the IU are the first of the table, sent along with it */
    memcpy(list, start + sizeof(struct srp_indirect_buf),
           where->local * sizeof(struct srp_direct_buf));
    return list;
}

/* Put part [from, to) of the buffer into req->sg; false if it isn't mapped */
static bool fill_sg(PaprVscsi *vscsi, PaprVscsiReq *req,
                    const struct srp_direct_buf *list, uint32_t n,
                    uint64_t from, uint64_t to)
{
    DMADirection dir = req->writing ? DMA_DIRECTION_TO_DEVICE
                                    : DMA_DIRECTION_FROM_DEVICE;
    uint64_t pos = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint64_t addr = be64_to_cpu(list[i].va);
        uint64_t len = be32_to_cpu(list[i].len);
        uint64_t first = MAX(pos, from), end = MIN(pos + len, to);

        if (first < end) {
            addr += first - pos;
            if (!papr_vio_may_access(&vscsi->vio, addr, end - first, dir)) {
                return false;
            }
            qemu_sglist_add(&req->sg, addr, end - first);
        }
        pos += len;
    }
    req->buffer_len = pos;
    return true;
}

/*
 * Make req->sg for a transfer of @xfer bytes, from byte @skip on; false when
 * the command's descriptors or memory are not valid
 */
static bool make_sg(PaprVscsi *vscsi, PaprVscsiReq *req, uint64_t skip,
                    uint64_t xfer)
{
    g_autofree struct srp_direct_buf *list = NULL;
    SrpDescriptors where;

    if (!vscsi_find_descriptors(req, &where)) {
        return false;
    }
    qemu_sglist_init(&req->sg, DEVICE(vscsi), where.total, &vscsi->vio.dma);
    req->has_sg = true;
    if (!where.total) {
        return true;
    }
    list = read_descriptors(vscsi, req, &where);
    return list && fill_sg(vscsi, req, list, where.total, skip, xfer);
}

static void make_sense(PaprVscsiReq *req, SCSISense sense)
{
    req->sense_len = scsi_build_sense(req->sense, sense);
}

/* @residual: bytes of the buffer not used; or, if negative, that it lacked */
static void respond(PaprVscsi *vscsi, PaprVscsiReq *req, uint8_t status,
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
    respond(vscsi, req, CHECK_CONDITION, 0);
}

/* Answer with data made here */
static void respond_data(PaprVscsi *vscsi, PaprVscsiReq *req, void *data,
                         uint64_t len)
{
    req->writing = false;
    if (!make_sg(vscsi, req, 0, len) ||
        dma_buf_read(data, len, NULL, &req->sg, MEMTXATTRS_UNSPECIFIED)) {
        respond_sense(vscsi, req, SENSE_CODE(TARGET_FAILURE));
        return;
    }
    respond(vscsi, req, GOOD, (int64_t)req->buffer_len - (int64_t)len);
}

/*
 * Units are addressed in up to four levels of two bytes, the first two bits
 * telling the form: 0 bus (here channel) and target, the unit being in the next
 * level, or, with bus 0, a unit; 1 a unit; 2 target, channel and unit at once.
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

/* INQUIRY of a unit that isn't there: guests probe so which ones are */
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

/* Of the whole adapter, not of one target as each of them would tell */
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

bool vscsi_command(PaprVscsi *vscsi, PaprVscsiReq *req)
{
    struct srp_cmd *cmd = &req->u.srp.cmd;
    size_t cdb_len = sizeof(cmd->cdb) + (cmd->add_cdb_len & ~3);
    SCSIDevice *dev;
    int lun;
    int32_t n;

    if (offsetof(struct srp_cmd, cdb) + cdb_len > req->iu_len) {
        qemu_log_mask(LOG_GUEST_ERROR, "vscsi 0x%x: command in an IU of %u "
                      "bytes\n", vscsi->vio.reg, req->iu_len);
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
    n = scsi_req_enqueue(req->sreq);
    if (!n) {
        return false;                   /* complete, and maybe used again */
    }
    req->wanted = ABS(n);
    req->data_len = req->wanted;
    if (req->bad_buffer) {
        scsi_req_cancel(req->sreq);
    } else {
        scsi_req_continue(req->sreq);
    }
    return false;
}

/*
 * The SCSI layer is about to start the command, or to take it up again after
 * migration.  No list: it asks for the transfer in pieces.
 */
QEMUSGList *vscsi_get_sg_list(SCSIRequest *sreq)
{
    PaprVscsiReq *req = sreq->hba_private;

    if (!req || !sreq->cmd.xfer) {
        return NULL;
    }
    req->writing = sreq->cmd.mode == SCSI_XFER_TO_DEV;
    if (!make_sg(vscsi_of(sreq), req, req->skip, sreq->cmd.xfer) ||
        (req->writing && !req->sg.size)) {
        qemu_log_mask(LOG_GUEST_ERROR, "vscsi 0x%x: buffer of command 0x%x\n",
                      vscsi_of(sreq)->vio.reg, sreq->cmd.buf[0]);
        req->bad_buffer = true;
        return NULL;
    }
    return req->sg.size ? &req->sg : NULL;
}

/* The device has data, or wants some, and there is no buffer */
void vscsi_transfer_data(SCSIRequest *sreq, uint32_t len)
{
    PaprVscsiReq *req = sreq->hba_private;

    if (!req || req->bad_buffer || req->writing) {
        scsi_req_cancel(sreq);
    } else {
        scsi_req_continue(sreq);        /* lost, and reported as such */
    }
}

/* What was moved: only a transfer by buffer may end early with success */
static uint64_t moved_bytes(const PaprVscsiReq *req, size_t residual)
{
    if (!req->wanted || !req->sreq->sg) {
        return req->skip;
    }
    return req->skip + req->sg.size -
           (req->sreq->dma_started ? MIN(residual, req->sg.size) : 0);
}

void vscsi_complete(SCSIRequest *sreq, size_t sg_residual)
{
    PaprVscsiReq *req = sreq->hba_private;
    int64_t residual = 0;

    if (!req) {
        return;
    }
    if (sreq->status == GOOD) {
        uint64_t moved = moved_bytes(req, sg_residual);

        residual = moved < req->buffer_len
            ? req->buffer_len - moved
            : -(int64_t)(MAX(req->wanted, moved) - moved);
    }
    req->sense_len = sreq->status == CHECK_CONDITION
        ? scsi_req_get_sense(sreq, req->sense, sizeof(req->sense)) : 0;
    respond(vscsi_of(sreq), req, sreq->status, residual);
    vscsi_free_request(req);
}

void vscsi_cancelled(SCSIRequest *sreq)
{
    PaprVscsiReq *req = sreq->hba_private;

    if (!req) {
        return;
    }
    if (req->bad_buffer) {
        respond_sense(vscsi_of(sreq), req, SENSE_CODE(TARGET_FAILURE));
    }
    vscsi_free_request(req);
}
