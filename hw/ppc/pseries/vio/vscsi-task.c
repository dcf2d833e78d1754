/*
 * pSeries platform: task management of the virtual SCSI adapter
 *
 * SCSI RDMA protocol (SRP) revision 16a, SRP_TSK_MGMT: the guest aborts
 * commands.  An aborted command has no answer of its own.  Called by vscsi.c,
 * under the BQL; waits for the block layer to release the command.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/ppc/pseries/trace.h"
#include "vscsi.h"

/* Response data: three reserved bytes and the response code */
#define TASK_RESPONSE_LEN 4

static bool is_command(const PaprVscsiReq *req)
{
    return req->active && req->sreq;
}

void vscsi_cancel_all(PaprVscsi *vscsi)
{
    for (int i = 0; i < VSCSI_REQUESTS; i++) {
        if (is_command(&vscsi->reqs[i])) {
            scsi_req_cancel(vscsi->reqs[i].sreq);
        }
    }
}

/* @tag: of one command; NULL for all of the unit */
static void cancel_of_unit(PaprVscsi *vscsi, uint64_t srp_lun,
                           const uint64_t *tag)
{
    for (int i = 0; i < VSCSI_REQUESTS; i++) {
        PaprVscsiReq *req = &vscsi->reqs[i];
        const struct srp_cmd *cmd = &req->u.srp.cmd;

        if (is_command(req) && cmd->lun == srp_lun &&
            (!tag || cmd->tag == *tag)) {
            scsi_req_cancel(req->sreq);
        }
    }
}

static uint8_t manage_task(PaprVscsi *vscsi, const struct srp_tsk_mgmt *task)
{
    uint64_t srp_lun = task->lun, task_tag = task->task_tag;
    int lun = 0;
    SCSIDevice *dev = vscsi_find_device(vscsi, srp_lun, &lun);

    if (!dev || dev->lun != lun) {
        return SRP_TSK_MGMT_FIELDS_INVALID;
    }
    switch (task->tsk_mgmt_func) {
    case SRP_TSK_ABORT_TASK:
        cancel_of_unit(vscsi, srp_lun, &task_tag);
        return SRP_TSK_MGMT_COMPLETE;
    case SRP_TSK_ABORT_TASK_SET:
    case SRP_TSK_CLEAR_TASK_SET:
        cancel_of_unit(vscsi, srp_lun, NULL);
        return SRP_TSK_MGMT_COMPLETE;
    case SRP_TSK_LUN_RESET:
        device_cold_reset(DEVICE(dev));
        return SRP_TSK_MGMT_COMPLETE;
    case SRP_TSK_CLEAR_ACA:
        return SRP_TSK_MGMT_NOT_SUPPORTED;
    default:
        return SRP_TSK_MGMT_FIELDS_INVALID;
    }
}

void vscsi_task_management(PaprVscsi *vscsi, PaprVscsiReq *req)
{
    struct srp_tsk_mgmt task = req->u.srp.tsk_mgmt;
    struct srp_rsp *rsp = &req->u.srp.rsp;
    uint8_t code = req->iu_len < sizeof(task) ? SRP_TSK_MGMT_FIELDS_INVALID
                                              : manage_task(vscsi, &task);

    trace_papr_vscsi_task(vscsi->vio.reg, task.tsk_mgmt_func, code);
    memset(rsp, 0, sizeof(*rsp) + TASK_RESPONSE_LEN);
    rsp->opcode = SRP_RSP;
    rsp->tag = task.tag;
    rsp->req_lim_delta = cpu_to_be32(1);
    rsp->sol_not = extract32(task.sol_not,
                             code == SRP_TSK_MGMT_COMPLETE ? 1 : 2, 1);
    rsp->flags = SRP_RSP_FLAG_RSPVALID;
    rsp->resp_data_len = cpu_to_be32(TASK_RESPONSE_LEN);
    req->iu[sizeof(*rsp) + TASK_RESPONSE_LEN - 1] = code;
    vscsi_answer(vscsi, req, task.tag, sizeof(*rsp) + TASK_RESPONSE_LEN);
}
