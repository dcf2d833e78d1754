/*
 * pSeries platform: virtual SCSI adapter, requests
 *
 * A request is an information unit (IU) of the guest's that is worked on; the
 * answer goes to the same place.  LoPAR section 17.4.  All of it under the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "hw/ppc/pseries/trace.h"
#include "vscsi.h"

PaprVscsiReq *vscsi_new_request(PaprVscsi *vscsi)
{
    for (int i = 0; i < VSCSI_REQUESTS; i++) {
        PaprVscsiReq *req = &vscsi->reqs[i];

        if (!req->active) {
            *req = (PaprVscsiReq) { .active = true, .tag = i };
            return req;
        }
    }
    return NULL;
}

void vscsi_free_request(PaprVscsiReq *req)
{
    if (req->has_sg) {
        qemu_sglist_destroy(&req->sg);
        req->has_sg = false;
    }
    g_clear_pointer(&req->sreq, scsi_req_unref);
    req->active = false;
}

void vscsi_answer(PaprVscsi *vscsi, PaprVscsiReq *req, uint64_t tag,
                  size_t len)
{
    PaprCrqEntry entry = { .low = be64_to_cpu(tag) };
    bool written = papr_vio_write(&vscsi->vio, req->iu_addr, req->iu, len);

    if (!written) {
        qemu_log_mask(LOG_GUEST_ERROR, "vscsi 0x%x: no mapping to answer at "
                      "0x%" PRIx64 "\n", vscsi->vio.reg, req->iu_addr);
    }
    entry.high = (uint64_t)PAPR_CRQ_COMMAND << 56 |
                 (uint64_t)req->format << 48 |
                 (uint64_t)(written ? VIOSRP_OK : VIOSRP_ADAPTER_FAIL) << 32 |
                 len;
    trace_papr_vscsi_answer(vscsi->vio.reg, entry.low, req->iu[0], len);
    papr_crq_send(&vscsi->vio, &entry);
}
