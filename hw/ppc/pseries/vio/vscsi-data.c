/*
 * pSeries platform: data of SCSI commands of the virtual SCSI adapter
 *
 * SCSI RDMA protocol (SRP) revision 16a, memory descriptors.  A command's
 * descriptors are read once and become a list of pieces of the guest's memory
 * (req->sg).  Its data is moved in one of two ways:
 *
 * - usual: the SCSI layer gets the list, and the block layer moves the data to
 *   and from the guest's memory by itself.  The list is mapped at once, and
 *   what the block layer moves begins and ends at a sector: so this is for
 *   pieces of whole sectors, and for no more than VSCSI_MAX_TRANSFER;
 * - all else: the device asks for one part of the data after the other, up to
 *   128 KiB each, and vscsi_transfer_data() copies it.  The BQL is released
 *   between two parts, whatever length the guest asks for.
 *
 * Called by vscsi-command.c and the SCSI layer, under the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "scsi/constants.h"
#include "system/block-backend.h"
#include "hw/pseries/work.h"
#include "hw/ppc/pseries/trace.h"
#include "vscsi.h"

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

/*
 * Descriptors follow the part of the CDB that does not fit cmd->cdb; those of
 * data to the device are first
 */
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
    /* the information unit (IU) repeats the first ones of the table */
    memcpy(list, start + sizeof(struct srp_indirect_buf),
           where->local * sizeof(struct srp_direct_buf));
    return list;
}

/*
 * Put bytes [from, to) of the buffer into req->sg; false if they aren't mapped.
 * That is checked only for up to VSCSI_MAX_TRANSFER bytes.  For more, a piece
 * that isn't mapped ends the command when copy_part() reaches it.
 */
static bool fill_sg(PaprVscsi *vscsi, PaprVscsiReq *req,
                    const struct srp_direct_buf *list, uint32_t n,
                    uint64_t from, uint64_t to)
{
    DMADirection dir = req->writing ? DMA_DIRECTION_TO_DEVICE
                                    : DMA_DIRECTION_FROM_DEVICE;
    bool look = to - MIN(from, to) <= VSCSI_MAX_TRANSFER;
    uint64_t pos = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint64_t addr = be64_to_cpu(list[i].va);
        uint64_t len = be32_to_cpu(list[i].len);
        uint64_t first = MAX(pos, from), end = MIN(pos + len, to);

        if (first < end) {
            addr += first - pos;
            if (look &&
                !papr_vio_may_access(&vscsi->vio, addr, end - first, dir)) {
                return false;
            }
            qemu_sglist_add(&req->sg, addr, end - first);
        }
        pos += len;
    }
    papr_work_add(n + (look ? req->sg.size / PAPR_VIO_PAGE : 0));
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

bool vscsi_put_data(PaprVscsi *vscsi, PaprVscsiReq *req, void *data,
                    uint64_t len)
{
    req->writing = false;
    return make_sg(vscsi, req, 0, len) &&
           dma_buf_read(data, len, NULL, &req->sg,
                        MEMTXATTRS_UNSPECIFIED) == MEMTX_OK;
}

void vscsi_end(PaprVscsiReq *req, PaprVscsiEnd why)
{
    req->end = why;
    scsi_req_cancel(req->sreq);
}

/* ---- by the SCSI layer, at once ---- */

static bool is_whole_sectors(const QEMUSGList *sg)
{
    for (int i = 0; i < sg->nsg; i++) {
        if (sg->sg[i].len % BDRV_SECTOR_SIZE ||
            sg->sg[i].base % BDRV_SECTOR_SIZE) {
            return false;
        }
    }
    return true;
}

static QEMUSGList *bad_buffer(const SCSIRequest *sreq, PaprVscsiReq *req)
{
    qemu_log_mask(LOG_GUEST_ERROR, "vscsi 0x%x: buffer of command 0x%x is "
                  "not valid or not mapped\n", vscsi_of(sreq)->vio.reg,
                  sreq->cmd.buf[0]);
    req->end = VSCSI_END_BAD_BUFFER;
    return NULL;
}

/*
 * What is left is moved in parts.  When a write continues after migration, the
 * device's stream has the last part that it asked for: the device will write
 * that part, and ask for the next one.
 */
static QEMUSGList *go_by_parts(PaprVscsiReq *req)
{
    uint64_t asked = req->wanted - MIN(req->wanted, req->data_len);
    uint64_t ahead = asked - MIN(asked, req->skip);

    req->moved = req->skip;
    for (; ahead && req->piece < req->sg.nsg; req->piece++) {
        uint64_t len = req->sg.sg[req->piece].len;

        if (len > ahead) {
            req->piece_done = ahead;
            req->moved += ahead;
            break;
        }
        ahead -= len;
        req->moved += len;
    }
    return NULL;
}

/*
 * The SCSI layer is about to start the command, or to continue it after
 * migration.  NULL: it calls vscsi_transfer_data() for each part.
 */
QEMUSGList *vscsi_get_sg_list(SCSIRequest *sreq)
{
    PaprVscsiReq *req = sreq->hba_private;
    uint64_t xfer = sreq->cmd.xfer;

    if (!req || !xfer) {
        return NULL;
    }
    req->writing = sreq->cmd.mode == SCSI_XFER_TO_DEV;
    if (!make_sg(vscsi_of(sreq), req, req->skip, xfer) ||
        (req->writing && !req->buffer_len)) {
        return bad_buffer(sreq, req);
    }
    if (!req->sg.size || xfer > VSCSI_MAX_TRANSFER ||
        !is_whole_sectors(&req->sg)) {
        return go_by_parts(req);
    }
    req->moved = req->skip;
    return &req->sg;
}

/*
 * A list is transferred as a whole, unless the SCSI layer copied the data of a
 * command that it emulates (dma_started)
 */
uint64_t vscsi_moved_bytes(const PaprVscsiReq *req, size_t residual)
{
    if (!req->wanted || !req->sreq->sg) {
        return req->moved;
    }
    return req->moved + req->sg.size -
           (req->sreq->dma_started ? MIN(residual, req->sg.size) : 0);
}

/* ---- in parts ---- */

/* Copy up to @len bytes from or to @buf; -1: guest memory is not mapped */
static int64_t copy_part(PaprVscsiReq *req, uint8_t *buf, uint32_t len)
{
    DMADirection dir = req->writing ? DMA_DIRECTION_TO_DEVICE
                                    : DMA_DIRECTION_FROM_DEVICE;
    uint32_t done = 0;

    while (done < len && req->piece < req->sg.nsg) {
        const ScatterGatherEntry *piece = &req->sg.sg[req->piece];
        uint64_t n = MIN(len - done, piece->len - req->piece_done);

        if (dma_memory_rw(req->sg.as, piece->base + req->piece_done,
                          buf + done, n, dir, MEMTXATTRS_UNSPECIFIED) !=
            MEMTX_OK) {
            return -1;
        }
        papr_work_add(1);
        papr_work_copied(n);
        done += n;
        req->piece_done += n;
        if (req->piece_done == piece->len) {
            req->piece++;
            req->piece_done = 0;
        }
    }
    req->moved += done;
    return done;
}

static bool writes_medium(const SCSIRequest *sreq)
{
    if (!object_dynamic_cast(OBJECT(sreq->dev), "scsi-disk-base")) {
        return false;
    }
    switch (sreq->cmd.buf[0]) {
    case WRITE_6:
    case WRITE_10:
    case WRITE_12:
    case WRITE_16:
    case WRITE_VERIFY_10:
    case WRITE_VERIFY_12:
    case WRITE_VERIFY_16:
        return true;
    default:
        return false;
    }
}

static void rest_is_read(void *opaque, int rc)
{
    SCSIRequest *sreq = opaque;

    sreq->aiocb = NULL;
    if (sreq->io_canceled) {
        scsi_req_cancel_complete(sreq);
    } else if (rc < 0) {
        vscsi_end(sreq->hba_private, VSCSI_END_BAD_BUFFER);
    } else {
        scsi_req_continue(sreq);
    }
    scsi_req_unref(sreq);
}

/*
 * The guest's buffer ends within the part that the device will write.  Reads
 * the rest of the part from the disk, so that writing it changes nothing.  The
 * device is idle meanwhile; cancelling the request cancels this sreq->aiocb.
 */
static void read_rest(SCSIRequest *sreq, PaprVscsiReq *req, uint8_t *rest,
                      uint32_t len)
{
    uint64_t start = sreq->cmd.lba * sreq->dev->blocksize + req->moved;

    qemu_iovec_init_buf(&req->rest, rest, len);
    scsi_req_ref(sreq);
    sreq->aiocb = blk_aio_preadv(sreq->dev->conf.blk, start, &req->rest, 0,
                                 rest_is_read, sreq);
}

static void part_written(SCSIRequest *sreq, PaprVscsiReq *req, uint8_t *buf,
                         uint32_t n, uint32_t len)
{
    if (!n) {
        vscsi_end(req, VSCSI_END_NO_ROOM);
    } else if (n < len && writes_medium(sreq)) {
        read_rest(sreq, req, buf + n, len - n);
    } else {
        memset(buf + n, 0, len - n);
        scsi_req_continue(sreq);
    }
}

/* The device has @len bytes of data, or wants them */
void vscsi_transfer_data(SCSIRequest *sreq, uint32_t len)
{
    PaprVscsiReq *req = sreq->hba_private;
    uint8_t *buf = scsi_req_get_buf(sreq);
    int64_t n;

    if (!req) {
        scsi_req_cancel(sreq);
        return;
    }
    if (req->started) {
        papr_work_begin();
    }
    n = req->end == VSCSI_END_NONE ? copy_part(req, buf, len) : -1;
    if (n < 0) {
        bad_buffer(sreq, req);
        vscsi_end(req, VSCSI_END_BAD_BUFFER);
        return;
    }
    req->data_len -= MIN(len, req->data_len);
    trace_papr_vscsi_part(vscsi_of(sreq)->vio.reg, req->tag, len, n);
    if (req->writing) {
        part_written(sreq, req, buf, n, len);
    } else if (req->data_len && req->piece == req->sg.nsg) {
        vscsi_end(req, VSCSI_END_NO_ROOM);
    } else {
        scsi_req_continue(sreq);        /* data beyond the buffer is lost */
    }
}
