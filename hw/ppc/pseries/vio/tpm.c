/*
 * pSeries platform: the virtual trusted platform module (vTPM)
 *
 * LoPAR section 17.10 and appendix L.  Messages come and go through a
 * command/response queue (CRQ); a message names a buffer that is mapped for
 * DMA, in which the guest has put a command for the TPM, and in which it finds
 * the TPM's response.  The TPM itself is a backend of QEMU's (-tpmdev): a
 * process like swtpm, or a device of the host.
 *
 * The backend executes one command at a time, in a thread of QEMU's pool.  The
 * main loop gets the response, maybe after the guest has freed its queue or the
 * machine has stopped.
 *
 * All of it under the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/qdev-properties.h"
#include "hw/tpm/tpm_prop.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "system/runstate.h"
#include "system/tpm_backend.h"
#include "system/tpm_util.h"
#include "hw/ppc/pseries/trace.h"
#include "device.h"

OBJECT_DECLARE_SIMPLE_TYPE(PaprTpm, TPM_SPAPR)
#define TYPE_PAPR_TPM TYPE_TPM_SPAPR

/* No command and no response is longer */
#define TPM_BUFFER_MAX 4096

/* Header of a command (tag, size, ordinal) or response (tag, size, result) */
#define TPM_HEADER_BYTES 10

/* Types of messages with header PAPR_CRQ_COMMAND: Table L.1 */
enum {
    MSG_GET_VERSION = 0x01,
    MSG_TPM_COMMAND = 0x02,
    MSG_GET_BUFFER_SIZE = 0x03,
    MSG_PREPARE_TO_SUSPEND = 0x04,
    MSG_RESPONSE = 0x80,                /* or-ed to the type that it answers */
    MSG_FAIL_STATE = 0xfe,
    MSG_ERROR = 0xff,
};

/* Types with header PAPR_CRQ_INIT */
enum {
    INIT_BEGIN = 0x01,
    INIT_DONE = 0x02,
};

/* Error codes in MSG_ERROR: Table L.31 */
enum {
    ERROR_MESSAGE_TYPE = 1,
    ERROR_TOO_LONG = 2,
    ERROR_COPY_IN = 3,
    ERROR_COPY_OUT = 4,
    ERROR_COMMAND = 5,
};

/* Code in MSG_FAIL_STATE: Table L.32, "saved data in an illegal state" */
#define FAIL_ILLEGAL_STATE 4

/* Values of stream_state */
enum {
    STREAM_IDLE = 0,
    STREAM_COMPLETED = 2,
};

struct PaprTpm {
    PaprVioDevice vio;

    TPMBackend *backend;
    TPMVersion version;
    uint32_t buffer_size;               /* at most TPM_BUFFER_MAX */

    uint8_t *buffer;                    /* the command, then its response */
    TPMBackendCmd cmd;
    bool busy;                          /* from a command to its response */
    bool unwanted;                      /* discard its response */
    uint32_t buffer_be;                 /* the guest's buffer: I/O address */

    /*
     * Size of a response that came while the machine was stopped, and stays
     * in @buffer until it runs: the guest's memory may have been migrated
     * already.  0: none
     */
    uint32_t held;
    VMChangeStateEntry *vm_change;
    uint8_t stream_state;
};

static void send_response(PaprTpm *tpm, uint8_t header, uint8_t type,
                          uint16_t len, uint32_t data)
{
    PaprCrqEntry entry = {
        .high = (uint64_t)header << 56 | (uint64_t)type << 48 |
                (uint64_t)len << 32 | data,
    };

    papr_crq_send(&tpm->vio, &entry);
}

static void send_error(PaprTpm *tpm, uint32_t code)
{
    qemu_log_mask(LOG_GUEST_ERROR, "vtpm: unit 0x%x: error %" PRIu32 " for a "
                  "message\n",
                  tpm->vio.reg, code);
    send_response(tpm, PAPR_CRQ_COMMAND, MSG_ERROR, 0, code);
}

static void deliver_response(PaprTpm *tpm, uint32_t len)
{
    uint32_t addr = be32_to_cpu(tpm->buffer_be);

    tpm->busy = false;
    tpm->held = 0;
    trace_papr_tpm_response(tpm->vio.reg, addr, len);
    if (papr_vio_write(&tpm->vio, addr, tpm->buffer, len)) {
        send_response(tpm, PAPR_CRQ_COMMAND, MSG_TPM_COMMAND | MSG_RESPONSE,
                      len, addr);
    } else {
        send_error(tpm, ERROR_COPY_OUT);
    }
}

/* TPMIfClass.request_completed: main loop, or tpm_backend_finish_sync() */
static void request_completed(TPMIf *ti, int ret)
{
    PaprTpm *tpm = TPM_SPAPR(ti);
    uint32_t len = MIN(tpm_cmd_get_size(tpm->buffer), tpm->buffer_size);

    if (len < TPM_HEADER_BYTES) {
        tpm_util_write_fatal_error_response(tpm->buffer, tpm->buffer_size);
        len = TPM_HEADER_BYTES;
    }
    if (tpm->unwanted) {
        tpm->unwanted = false;
        tpm->busy = false;
    } else if (runstate_is_running()) {
        deliver_response(tpm, len);
    } else {
        tpm->held = len;
    }
}

static void vm_changed(void *opaque, bool running, RunState state)
{
    PaprTpm *tpm = opaque;

    if (running && tpm->held) {
        deliver_response(tpm, tpm->held);
    }
}

/*
 * If a command is shorter than its header says, the backend waits for the rest,
 * and a reset of the machine waits for the backend.
 */
static bool command_is_whole(const PaprTpm *tpm, uint32_t len)
{
    return len >= TPM_HEADER_BYTES &&
           tpm_cmd_get_size(tpm->buffer) >= TPM_HEADER_BYTES &&
           tpm_cmd_get_size(tpm->buffer) <= len;
}

/* Hand the backend the command in the buffer */
static void submit_command(PaprTpm *tpm)
{
    tpm->busy = true;
    tpm->cmd = (TPMBackendCmd) {
        .in = tpm->buffer,
        .in_len = tpm_cmd_get_size(tpm->buffer),
        .out = tpm->buffer,
        .out_len = tpm->buffer_size,
    };
    tpm_backend_deliver_request(tpm->backend, &tpm->cmd);
}

static int64_t tpm_command(PaprTpm *tpm, uint32_t len, uint32_t addr)
{
    if (tpm->busy) {
        return H_BUSY;
    }
    if (len > tpm->buffer_size) {
        send_error(tpm, ERROR_TOO_LONG);
        return H_SUCCESS;
    }
    if (!papr_vio_read(&tpm->vio, addr, tpm->buffer, len)) {
        send_error(tpm, ERROR_COPY_IN);
        return H_SUCCESS;
    }
    if (!command_is_whole(tpm, len)) {
        send_error(tpm, ERROR_COMMAND);
        return H_SUCCESS;
    }
    trace_papr_tpm_command(tpm->vio.reg, addr, len,
                           tpm_cmd_get_ordinal(tpm->buffer));
    tpm->buffer_be = cpu_to_be32(addr);
    submit_command(tpm);
    return H_SUCCESS;
}

static void init_message(PaprTpm *tpm, uint8_t type)
{
    /* echo the guest's value: firmware relies on that */
    if (type == INIT_BEGIN || type == INIT_DONE) {
        send_response(tpm, PAPR_CRQ_INIT, type, 0, 0);
    }
}

static int64_t crq_entry(PaprVioDevice *vio, const PaprCrqEntry *entry)
{
    PaprTpm *tpm = TPM_SPAPR(vio);
    uint8_t header = entry->high >> 56;
    uint8_t type = entry->high >> 48;

    if (header == PAPR_CRQ_INIT) {
        init_message(tpm, type);
        return H_SUCCESS;
    }
    if (header != PAPR_CRQ_COMMAND) {
        qemu_log_mask(LOG_GUEST_ERROR, "vtpm: unit 0x%x: unknown header 0x%x\n",
                      vio->reg, header);
        return H_SUCCESS;
    }
    if (tpm_backend_had_startup_error(tpm->backend)) {
        send_response(tpm, PAPR_CRQ_COMMAND, MSG_FAIL_STATE, 0,
                      FAIL_ILLEGAL_STATE);
        return H_SUCCESS;
    }
    switch (type) {
    case MSG_GET_VERSION:
        send_response(tpm, header, type | MSG_RESPONSE, 0,
             tpm->version == TPM_VERSION_1_2 ? 1 : 2);
        break;
    case MSG_TPM_COMMAND:
        return tpm_command(tpm, (uint16_t)(entry->high >> 32), entry->high);
    case MSG_GET_BUFFER_SIZE:
        send_response(tpm, header, type | MSG_RESPONSE, tpm->buffer_size, 0);
        break;
    case MSG_PREPARE_TO_SUSPEND:
        send_response(tpm, header, type | MSG_RESPONSE, 0, 0);
        break;
    default:
        send_error(tpm, ERROR_MESSAGE_TYPE);
    }
    return H_SUCCESS;
}

/* A running command cannot be cancelled; its response is dropped */
static void tpm_stop(PaprVioDevice *vio)
{
    PaprTpm *tpm = TPM_SPAPR(vio);

    if (tpm->held) {
        tpm->held = 0;
        tpm->busy = false;
    }
    tpm->unwanted = tpm->busy;
}

/* After a reset the TPM is as after power on */
static bool restart_backend(PaprTpm *tpm)
{
    tpm_backend_reset(tpm->backend);
    tpm->version = tpm_backend_get_tpm_version(tpm->backend);
    tpm->buffer_size = MIN(tpm_backend_get_buffer_size(tpm->backend),
                           TPM_BUFFER_MAX);
    return tpm_backend_startup_tpm(tpm->backend, tpm->buffer_size) == 0;
}

static void tpm_reset(PaprVioDevice *vio)
{
    PaprTpm *tpm = TPM_SPAPR(vio);

    if (!restart_backend(tpm)) {
        warn_report("tpm-spapr: the TPM of '%s' doesn't start; the guest is "
                    "told that it has failed", tpm->backend->id);
    }
}

/* Linux expects that firmware has started a TPM 2.0: VOF does so here */
static void tpm_firmware_start(PaprVioDevice *vio)
{
    static const uint8_t startup_1[] = {        /* TPM_Startup(TPM_ST_CLEAR) */
        0x00, 0xc1, 0, 0, 0, 12, 0, 0, 0x00, 0x99, 0, 1,
    };
    static const uint8_t startup_2[] = {        /* TPM2_Startup(TPM_SU_CLEAR) */
        0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x44, 0, 0,
    };
    PaprTpm *tpm = TPM_SPAPR(vio);

    /* the load of the backend's stream will start the TPM */
    if (runstate_check(RUN_STATE_INMIGRATE) ||
        tpm_backend_had_startup_error(tpm->backend)) {
        return;
    }
    memcpy(tpm->buffer,
           tpm->version == TPM_VERSION_1_2 ? startup_1 : startup_2,
           sizeof(startup_1));
    tpm->unwanted = true;
    submit_command(tpm);
    tpm_backend_finish_sync(tpm->backend);
}

static void tpm_realize(PaprVioDevice *vio, Error **errp)
{
    PaprTpm *tpm = TPM_SPAPR(vio);

    if (!tpm_find()) {
        error_setg(errp, "at most one TPM device is permitted");
        return;
    }
    if (!tpm->backend) {
        error_setg(errp, "'tpmdev' property is required");
        error_append_hint(errp, "It names a TPM of option -tpmdev.\n");
        return;
    }
    if (!restart_backend(tpm)) {
        error_setg(errp, "the TPM of tpmdev '%s' doesn't start",
                   tpm->backend->id);
        return;
    }
    if (tpm->version != TPM_VERSION_1_2 && tpm->version != TPM_VERSION_2_0) {
        error_setg(errp, "tpmdev '%s' is neither a TPM 1.2 nor 2.0",
                   tpm->backend->id);
        return;
    }
    tpm->buffer = g_malloc0(TPM_BUFFER_MAX);
    tpm->vm_change = qemu_add_vm_change_state_handler(vm_changed, tpm);
}

static void tpm_unrealize(PaprVioDevice *vio)
{
    PaprTpm *tpm = TPM_SPAPR(vio);

    tpm_stop(vio);
    tpm_backend_finish_sync(tpm->backend);
    qemu_del_vm_change_state_handler(tpm->vm_change);
    g_clear_pointer(&tpm->buffer, g_free);
}

static void tpm_dt(PaprVioDevice *vio, PaprDt *dt)
{
    papr_dt_string(dt, "compatible",
                   TPM_SPAPR(vio)->version == TPM_VERSION_1_2 ? "IBM,vtpm"
                                                              : "IBM,vtpm20");
}

static TPMVersion get_version(TPMIf *ti)
{
    PaprTpm *tpm = TPM_SPAPR(ti);

    return tpm_backend_had_startup_error(tpm->backend) ? TPM_VERSION_UNSPEC
                                                       : tpm->version;
}

/* The guest is stopped, so that a response which comes now is held */
static int tpm_pre_save(void *opaque)
{
    PaprTpm *tpm = opaque;

    tpm_backend_finish_sync(tpm->backend);
    tpm->stream_state = tpm->held ? STREAM_COMPLETED : STREAM_IDLE;
    return 0;
}

static int tpm_pre_load(void *opaque)
{
    PaprTpm *tpm = opaque;

    tpm_stop(&tpm->vio);
    tpm_backend_finish_sync(tpm->backend);
    return 0;
}

static bool held_fits(void *opaque, int version_id)
{
    PaprTpm *tpm = opaque;

    if (tpm->held > TPM_BUFFER_MAX) {
        tpm->held = 0;
        return false;
    }
    return true;
}

static int tpm_post_load(void *opaque, int version_id)
{
    PaprTpm *tpm = opaque;

    tpm->busy = tpm->held > 0;
    return 0;
}

static const VMStateDescription vmstate_tpm = {
    .name = TYPE_PAPR_TPM,
    .pre_save = tpm_pre_save,
    .pre_load = tpm_pre_load,
    .post_load = tpm_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_PAPR_VIO(vio, PaprTpm),
        VMSTATE_UINT8(stream_state, PaprTpm),
        VMSTATE_UINT32(held, PaprTpm),
        VMSTATE_VALIDATE("size of the TPM's response", held_fits),
        VMSTATE_VBUFFER_UINT32(buffer, PaprTpm, 0, NULL, held),
        /*
         * As upstream's pseries: big-endian in memory, so that the bytes in the
         * stream depend on the host's byte order
         */
        VMSTATE_UINT32(buffer_be, PaprTpm),
        VMSTATE_END_OF_LIST()
    },
};

static const Property tpm_properties[] = {
    PAPR_VIO_PROPERTIES(PaprTpm, vio),
    DEFINE_PROP_TPMBE("tpmdev", PaprTpm, backend),
};

static void tpm_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    PaprVioDeviceClass *vdc = PAPR_VIO_DEVICE_CLASS(oc);
    TPMIfClass *tc = TPM_IF_CLASS(oc);

    vdc->realize = tpm_realize;
    vdc->unrealize = tpm_unrealize;
    vdc->reset = tpm_reset;
    vdc->stop = tpm_stop;
    vdc->firmware_start = tpm_firmware_start;
    vdc->crq_entry = crq_entry;
    vdc->dt = tpm_dt;
    vdc->dt_name = "vtpm";
    vdc->dt_type = "IBM,vtpm";
    vdc->signal_mask = 1;
    vdc->dma_window = PAPR_VIO_DMA_WINDOW;
    dc->vmsd = &vmstate_tpm;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    device_class_set_props(dc, tpm_properties);
    tc->model = TPM_MODEL_TPM_SPAPR;
    tc->get_version = get_version;
    tc->request_completed = request_completed;
}

static const TypeInfo tpm_types[] = {
    {
        .name = TYPE_PAPR_TPM,
        .parent = TYPE_PAPR_VIO_DEVICE,
        .instance_size = sizeof(PaprTpm),
        .class_init = tpm_class_init,
        .interfaces = (InterfaceInfo[]) {
            { TYPE_TPM_IF },
            { }
        },
    },
};

DEFINE_TYPES(tpm_types)
