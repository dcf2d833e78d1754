/*
 * pSeries platform: virtual SCSI adapter ("spapr-vscsi")
 *
 * LoPAR section 17.4 and appendix E.  The guest sends an entry through the
 * command/response queue that points at an information unit (IU) in its memory;
 * the answer is written over the IU, and an entry with the IU's tag announces
 * it.  Here: the device, what is in an entry, and requests in streams.  All of
 * it under the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "hw/ppc/pseries/trace.h"
#include "vscsi.h"

/* Initialization entries, second byte: LoPAR Table 17.10 */
#define CRQ_INIT          1
#define CRQ_INIT_COMPLETE 2

/* Messages in an entry itself: LoPAR E.11 */
#define CRQ_FORMAT_MESSAGE     6
#define CRQ_MESSAGE_PING       0xf5
#define CRQ_MESSAGE_PING_REPLY 0xf6

/* Bytes up to and with the tag, whose place is the same in every IU */
#define IU_MIN 16

/* True when the request is done with */
static bool handle_srp(PaprVscsi *vscsi, PaprVscsiReq *req)
{
    switch (req->iu[0]) {
    case SRP_LOGIN_REQ:
        vscsi_login(vscsi, req);
        return true;
    case SRP_TSK_MGMT:
        vscsi_task_management(vscsi, req);
        return true;
    case SRP_CMD:
        return vscsi_command(vscsi, req);
    case SRP_I_LOGOUT:
        vscsi_cancel_all(vscsi);
        return true;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "vscsi 0x%x: SRP type 0x%x\n",
                      vscsi->vio.reg, req->iu[0]);
        return true;
    }
}

static int64_t take_iu(PaprVscsi *vscsi, const PaprCrqEntry *entry)
{
    uint16_t len = entry->high;
    PaprVscsiReq *req;
    bool done = true;

    if (len < IU_MIN || len > SRP_MAX_IU_LEN) {
        qemu_log_mask(LOG_GUEST_ERROR, "vscsi 0x%x: IU of %u bytes, not %u to "
                      "%u\n", vscsi->vio.reg, len, IU_MIN, SRP_MAX_IU_LEN);
        return H_PARAMETER;
    }
    req = vscsi_new_request(vscsi);
    if (!req) {
        qemu_log_mask(LOG_GUEST_ERROR, "vscsi 0x%x: more requests than the "
                      "credit of %u\n", vscsi->vio.reg, VSCSI_CREDIT);
        return H_DROPPED;
    }
    req->format = entry->high >> 48;
    req->iu_len = len;
    req->iu_addr = entry->low;
    if (!papr_vio_read(&vscsi->vio, req->iu_addr, req->iu, len)) {
        qemu_log_mask(LOG_GUEST_ERROR, "vscsi 0x%x: IU at 0x%" PRIx64 " is "
                      "not mapped\n", vscsi->vio.reg, req->iu_addr);
        vscsi_free_request(req);
        return H_PARAMETER;
    }
    if (req->format == VIOSRP_MAD_FORMAT) {
        vscsi_mad(vscsi, req);
    } else {
        done = handle_srp(vscsi, req);
    }
    if (done) {
        vscsi_free_request(req);
    }
    return H_SUCCESS;
}

static void reply_in_entry(PaprVscsi *vscsi, uint8_t header, uint8_t format,
                           uint8_t status)
{
    PaprCrqEntry entry = {
        .high = (uint64_t)header << 56 | (uint64_t)format << 48 |
                (uint64_t)status << 32,
    };

    papr_crq_send(&vscsi->vio, &entry);
}

/* The guest's entries, LoPAR E.7: header, format, reserved, status, ... */
static int64_t vscsi_crq_entry(PaprVioDevice *vio, const PaprCrqEntry *entry)
{
    PaprVscsi *vscsi = container_of(vio, PaprVscsi, vio);
    uint8_t header = entry->high >> 56, format = entry->high >> 48;
    uint8_t status = entry->high >> 32;

    if (header == PAPR_CRQ_INIT) {
        /* this side never sends INIT, so that nothing follows a COMPLETE */
        if (format == CRQ_INIT) {
            reply_in_entry(vscsi, PAPR_CRQ_INIT, CRQ_INIT_COMPLETE, 0);
        }
        return H_SUCCESS;
    }
    if (header == PAPR_CRQ_COMMAND && (format == VIOSRP_SRP_FORMAT ||
                                       format == VIOSRP_MAD_FORMAT)) {
        return take_iu(vscsi, entry);
    }
    if (header == PAPR_CRQ_COMMAND && format == CRQ_FORMAT_MESSAGE &&
        status == CRQ_MESSAGE_PING) {
        reply_in_entry(vscsi, header, format, CRQ_MESSAGE_PING_REPLY);
        return H_SUCCESS;
    }
    /* H_SUCCESS: the entry was delivered, though the adapter can't use it */
    qemu_log_mask(LOG_GUEST_ERROR, "vscsi 0x%x: entry 0x%" PRIx64 " 0x%" PRIx64
                  "\n", vio->reg, entry->high, entry->low);
    return H_SUCCESS;
}

/*
 * Requests in streams: those at which a device has stopped (rerror=stop and the
 * like).  The words of entry and descriptors are as in upstream's pseries:
 * the entry in the byte order of the host.
 */
static int request_pre_save(void *opaque)
{
    PaprVscsiReq *req = opaque;
    SrpDescriptors desc = {};

    memset(req->stream_crq, 0, sizeof(req->stream_crq));
    req->stream_crq[0] = PAPR_CRQ_COMMAND;
    req->stream_crq[1] = req->format;
    stw_he_p(req->stream_crq + 6, req->iu_len);
    stq_he_p(req->stream_crq + 8, req->iu_addr);

    vscsi_find_descriptors(req, &desc);
    req->stream_format = desc.format;
    req->stream_local = desc.local;
    req->stream_total = desc.total;
    req->stream_offset = desc.offset -
                         MIN(desc.offset, sizeof(struct srp_cmd));
    return 0;
}

static int request_post_load(void *opaque, int version_id)
{
    PaprVscsiReq *req = opaque;

    req->format = req->stream_crq[1];
    req->iu_len = lduw_he_p(req->stream_crq + 6);
    req->iu_addr = ldq_he_p(req->stream_crq + 8);
    if (!req->active || req->iu_len > SRP_MAX_IU_LEN ||
        req->iu[0] != SRP_CMD || req->sense_len > sizeof(req->sense)) {
        return -EINVAL;
    }
    return 0;
}

static const VMStateDescription vmstate_request = {
    .name = "spapr_vscsi_req",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = request_pre_save,
    .post_load = request_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_BUFFER(stream_crq, PaprVscsiReq),
        VMSTATE_BUFFER(iu, PaprVscsiReq),
        VMSTATE_UINT32(tag, PaprVscsiReq),
        VMSTATE_BOOL(active, PaprVscsiReq),
        VMSTATE_UINT32(data_len, PaprVscsiReq),
        VMSTATE_BOOL(writing, PaprVscsiReq),
        VMSTATE_UINT32(sense_len, PaprVscsiReq),
        VMSTATE_BUFFER(sense, PaprVscsiReq),
        VMSTATE_UINT8(stream_format, PaprVscsiReq),
        VMSTATE_UINT16(stream_local, PaprVscsiReq),
        VMSTATE_UINT16(stream_total, PaprVscsiReq),
        VMSTATE_UINT16(stream_offset, PaprVscsiReq),
        VMSTATE_END_OF_LIST()
    },
};

static void save_request(QEMUFile *f, SCSIRequest *sreq)
{
    vmstate_save_state(f, &vmstate_request, sreq->hba_private, NULL);
}

/*
 * A transfer in parts (here by vscsi_transfer_data(), in upstream's pseries
 * always) subtracts each part from data_len, which tells where to continue: a
 * part that was read is in the guest's memory, but the last part of a write is
 * not on the disk yet.
 */
#define STREAM_PIECE (128 * KiB)

static uint32_t transferred_before(const PaprVscsiReq *req)
{
    uint64_t xfer = req->sreq->cmd.xfer;
    uint32_t done = xfer - MIN(xfer, req->data_len);

    if (!req->writing || !done) {
        return done;
    }
    return QEMU_ALIGN_DOWN(done - 1, STREAM_PIECE);
}

/* NULL if not valid: @sreq then has no hba_private, and gets no answer */
static void *load_request(QEMUFile *f, SCSIRequest *sreq)
{
    PaprVscsi *vscsi = vscsi_of(sreq);
    PaprVscsiReq *req, *loaded = g_new0(PaprVscsiReq, 1);
    int rc = vmstate_load_state(f, &vmstate_request, loaded, 1);

    if (rc < 0 || sreq->tag >= VSCSI_REQUESTS ||
        vscsi->reqs[sreq->tag].active) {
        error_report("spapr-vscsi 0x%x: the stream's request %u is not valid",
                     vscsi->vio.reg, sreq->tag);
        g_free(loaded);
        return NULL;
    }
    req = &vscsi->reqs[sreq->tag];
    *req = *loaded;
    g_free(loaded);
    req->tag = sreq->tag;
    req->sreq = scsi_req_ref(sreq);
    req->wanted = MIN(sreq->cmd.xfer, UINT32_MAX);
    req->skip = transferred_before(req);
    req->started = true;
    trace_papr_vscsi_load(vscsi->vio.reg, req->tag, req->wanted, req->skip);
    return req;
}

static const struct SCSIBusInfo vscsi_bus = {
    .tcq = true,
    /* what fits into the addresses that REPORT LUNS gives */
    .max_channel = 7,
    .max_target = 63,
    .max_lun = 31,

    .get_sg_list = vscsi_get_sg_list,
    .transfer_data = vscsi_transfer_data,
    .complete = vscsi_complete,
    .cancel = vscsi_cancelled,
    .save_request = save_request,
    .load_request = load_request,
};

static void vscsi_stop(PaprVioDevice *vio)
{
    vscsi_cancel_all(PAPR_VSCSI(vio));
}

static void vscsi_realize(PaprVioDevice *vio, Error **errp)
{
    PaprVscsi *vscsi = PAPR_VSCSI(vio);

    scsi_bus_init(&vscsi->bus, sizeof(vscsi->bus), DEVICE(vio), &vscsi_bus);
    /* the guest can't be notified of a new disk */
    qbus_set_hotplug_handler(BUS(&vscsi->bus), NULL);
}

static void vscsi_unrealize(PaprVioDevice *vio)
{
    vscsi_cancel_all(PAPR_VSCSI(vio));
}

void papr_vio_add_vscsi(PaprVioBus *bus)
{
    DeviceState *dev = qdev_new(TYPE_PAPR_VSCSI);

    qdev_realize_and_unref(dev, BUS(bus), &error_fatal);
    scsi_bus_legacy_handle_cmdline(&PAPR_VSCSI(dev)->bus);
}

/* Disks are children of the node, with 64-bit addresses */
static void vscsi_dt(PaprVioDevice *vio, PaprDt *dt)
{
    papr_dt_u32(dt, "#address-cells", 2);
    papr_dt_u32(dt, "#size-cells", 0);
}

static const VMStateDescription vmstate_vscsi = {
    .name = "spapr_vscsi",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_PAPR_VIO(vio, PaprVscsi),
        VMSTATE_END_OF_LIST()
    },
};

static const Property vscsi_properties[] = {
    PAPR_VIO_PROPERTIES(PaprVscsi, vio),
};

static void vscsi_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    PaprVioDeviceClass *vdc = PAPR_VIO_DEVICE_CLASS(oc);

    vdc->realize = vscsi_realize;
    vdc->unrealize = vscsi_unrealize;
    vdc->stop = vscsi_stop;
    vdc->crq_entry = vscsi_crq_entry;
    vdc->dt = vscsi_dt;
    vdc->dt_name = "v-scsi";
    vdc->dt_type = "vscsi";
    vdc->dt_compatible = "IBM,v-scsi";
    vdc->signal_mask = 1;
    vdc->dma_window = PAPR_VIO_DMA_WINDOW;
    dc->vmsd = &vmstate_vscsi;
    set_bit(DEVICE_CATEGORY_STORAGE, dc->categories);
    device_class_set_props(dc, vscsi_properties);
}

static const TypeInfo vscsi_type = {
    .name = TYPE_PAPR_VSCSI,
    .parent = TYPE_PAPR_VIO_DEVICE,
    .instance_size = sizeof(PaprVscsi),
    .class_init = vscsi_class_init,
};

static void register_types(void)
{
    type_register_static(&vscsi_type);
}

type_init(register_types)
