/*
 * pSeries platform: virtual SCSI adapter (private to vscsi*.c)
 *
 * LoPAR section 17.4 and appendix E.  All of it under the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_VIO_VSCSI_H
#define HW_PPC_PSERIES_VIO_VSCSI_H

#include "hw/scsi/scsi.h"
#include "hw/scsi/viosrp.h"
#include "qemu/units.h"
#include "device.h"

OBJECT_DECLARE_SIMPLE_TYPE(PaprVscsi, PAPR_VSCSI)

/* A stream's tags are less than this; the guest's credit leaves two free */
#define VSCSI_REQUESTS 24
#define VSCSI_CREDIT   (VSCSI_REQUESTS - 2)

/* What the guest is told it may transfer at once, in bytes */
#define VSCSI_MAX_TRANSFER (2 * MiB)

/* Descriptors of a transfer: more than VSCSI_MAX_TRANSFER has 4 KiB pages */
#define VSCSI_MAX_DESCRIPTORS 4096

/** PaprVscsiEnd: why the adapter itself ends a command */
typedef enum PaprVscsiEnd {
    VSCSI_END_NONE,
    VSCSI_END_NO_ROOM,                  /* the buffer is used up: success */
    VSCSI_END_BAD_BUFFER,
    VSCSI_END_TOO_LONG,                 /* for the SCSI layer to count */
} PaprVscsiEnd;

/**
 * PaprVscsiReq - an information unit (IU) of the guest's that is worked on
 *
 * IUs are structures of the SCSI RDMA protocol (SRP) or, in a management
 * datagram (MAD), of the adapter itself.  The answer is made in @iu too.
 */
typedef struct PaprVscsiReq {
    bool active;
    uint8_t format;                     /* enum viosrp_crq_formats */
    uint16_t iu_len;                    /* bytes that the guest sent */
    uint64_t iu_addr;                   /* of the IU, and of the answer */
    union {
        uint8_t iu[SRP_MAX_IU_LEN];
        union viosrp_iu u;              /* big-endian */
    };

    SCSIRequest *sreq;                  /* NULL: not a command of a device */
    uint32_t tag;                       /* index of the request */
    uint32_t wanted;                    /* bytes that the device transfers */
    uint32_t data_len;                  /* left of @wanted; in parts only */
    uint32_t skip;                      /* transferred before migration */
    bool writing;                       /* to the device */
    bool started;                       /* H_SEND_CRQ has returned */
    PaprVscsiEnd end;
    uint64_t buffer_len;                /* of the guest's buffer */
    uint64_t moved;                     /* bytes of it, in parts */
    bool has_sg;
    QEMUSGList sg;                      /* the buffer from @skip on */
    /* in parts: first piece of @sg that isn't done; how much of it is done */
    uint32_t piece;
    uint64_t piece_done;
    QEMUIOVector rest;                  /* what read_rest() reads */

    uint32_t sense_len;
    uint8_t sense[SCSI_SENSE_BUF_SIZE];

    /* for streams only: see vscsi.c */
    uint8_t stream_crq[16];
    uint8_t stream_format;
    uint16_t stream_local;
    uint16_t stream_total;
    uint16_t stream_offset;
} PaprVscsiReq;

struct PaprVscsi {
    PaprVioDevice vio;
    SCSIBus bus;
    PaprVscsiReq reqs[VSCSI_REQUESTS];
};

static inline PaprVscsi *vscsi_of(const SCSIRequest *sreq)
{
    return container_of(sreq->bus, PaprVscsi, bus);
}

/* vscsi-request.c */

/** vscsi_new_request: an unused one, or NULL: all are in use */
PaprVscsiReq *vscsi_new_request(PaprVscsi *vscsi);

/** vscsi_free_request: @req may be used for a new one */
void vscsi_free_request(PaprVscsiReq *req);

/** vscsi_answer: send @len bytes of req->iu; @tag as in the guest's IU */
void vscsi_answer(PaprVscsi *vscsi, PaprVscsiReq *req, uint64_t tag,
                  size_t len);

/* vscsi-data.c */

/**
 * SrpDescriptors - where an SRP command's memory descriptors are
 * @format: SRP_DATA_DESC_*
 * @offset: in the IU
 * @local: how many the IU has itself
 * @total: how many there are, the others in the guest's table
 */
typedef struct SrpDescriptors {
    uint8_t format;
    uint32_t offset;
    uint32_t local;
    uint32_t total;
} SrpDescriptors;

/** vscsi_find_descriptors: of direction req->writing; false: not valid */
bool vscsi_find_descriptors(const PaprVscsiReq *req, SrpDescriptors *out);

/** vscsi_put_data: write to the buffer; false: it isn't valid or mapped */
bool vscsi_put_data(PaprVscsi *vscsi, PaprVscsiReq *req, void *data,
                    uint64_t len);

/** vscsi_moved_bytes: bytes that a completed command has transferred */
uint64_t vscsi_moved_bytes(const PaprVscsiReq *req, size_t residual);

/**
 * vscsi_end - end a command for which the device has no I/O in progress
 *
 * When this returns, the command is answered and @req has been freed.
 */
void vscsi_end(PaprVscsiReq *req, PaprVscsiEnd why);

/* what the SCSI layer calls */
QEMUSGList *vscsi_get_sg_list(SCSIRequest *sreq);
void vscsi_transfer_data(SCSIRequest *sreq, uint32_t len);

/* vscsi-command.c */

/** vscsi_command: an SRP command; true when it is done with */
bool vscsi_command(PaprVscsi *vscsi, PaprVscsiReq *req);

/** vscsi_find_device: by SRP's big-endian logical unit number; may be NULL */
SCSIDevice *vscsi_find_device(PaprVscsi *vscsi, uint64_t srp_lun, int *lun);

/* what the SCSI layer calls */
void vscsi_complete(SCSIRequest *sreq, size_t residual);
void vscsi_cancelled(SCSIRequest *sreq);

/* vscsi-mad.c: an answer is sent before they return */
void vscsi_login(PaprVscsi *vscsi, PaprVscsiReq *req);
void vscsi_mad(PaprVscsi *vscsi, PaprVscsiReq *req);

/* vscsi-task.c */

/** vscsi_cancel_all: end all commands without an answer; waits for them */
void vscsi_cancel_all(PaprVscsi *vscsi);

/** vscsi_task_management: SRP_TSK_MGMT; the answer is sent */
void vscsi_task_management(PaprVscsi *vscsi, PaprVscsiReq *req);

#endif
