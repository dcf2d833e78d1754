/*
 * pSeries platform: the proxy to a trusted platform module (TPM) of the host
 *
 * The "spapr-tpm-proxy" device and H_TPM_COMM, by which the ultravisor of a
 * secure guest sends commands to a TPM of the host: QEMU's
 * docs/specs/ppc-spapr-uv-hcalls.rst.
 *
 * Locking: a TPM may take many seconds for a command, so the call runs without
 * the BQL (big QEMU lock).  PaprTpmProxySlot.lock, taken after the BQL where
 * both are held, protects the device in the slot and its file:
 *
 * 1. A call holds it while it runs, so there is one command at a time, and a
 *    device is not unrealized during a call.
 * 2. Plug, unplug and reset hold it with the BQL, so they wait for a call that
 *    runs.  A call never waits for the BQL: it accesses guest RAM without it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/lockable.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qemu/thread.h"
#include "hw/pseries/guest-mem.h"
#include "hw/pseries/misc.h"
#include "hw/qdev-properties.h"
#include "system/reset.h"
#include "hw/ppc/pseries/trace.h"

OBJECT_DECLARE_SIMPLE_TYPE(PaprTpmProxy, PAPR_TPM_PROXY)

/* The most bytes of a command, and of a response */
#define TPM_BUFFER_BYTES 4096

/* Operations of H_TPM_COMM */
enum {
    TPM_COMM_EXECUTE = 1,
    TPM_COMM_CLOSE = 2,
};

struct PaprTpmProxy {
    DeviceState parent_obj;

    char *host_path;
    int fd;                             /* open from the first command; or -1 */
};

struct PaprTpmProxySlot {
    QemuMutex lock;
    PaprTpmProxy *proxy;                /* NULL: none is plugged */
};

static void close_host_tpm(PaprTpmProxy *proxy)
{
    if (proxy->fd >= 0) {
        close(proxy->fd);
        proxy->fd = -1;
    }
}

static bool open_host_tpm(PaprTpmProxy *proxy)
{
    Error *err = NULL;

    if (proxy->fd < 0) {
        proxy->fd = qemu_open(proxy->host_path, O_RDWR, &err);
    }
    if (proxy->fd >= 0) {
        return true;
    }
    /* once, since a guest can repeat the call */
    error_report_once("spapr-tpm-proxy: %s", error_get_pretty(err));
    error_free(err);
    return false;
}

/* Returns the bytes of the response, or -1 */
static ssize_t run_tpm_command(PaprTpmProxy *proxy, const void *command,
                               size_t size, void *response)
{
    ssize_t n = RETRY_ON_EINTR(write(proxy->fd, command, size));

    if (n == size) {
        n = RETRY_ON_EINTR(read(proxy->fd, response, TPM_BUFFER_BYTES));
        if (n > 0) {
            return n;
        }
    }
    error_report_once("spapr-tpm-proxy: %s does not answer a command: %s",
                      proxy->host_path,
                      n < 0 ? strerror(errno) : "short write or read");
    return -1;
}

/* r5 command, r6 its size, r7 buffer for the response, r8 its size */
static int64_t check_tpm_buffers(const uint64_t *args)
{
    if (!args[2] || args[2] > TPM_BUFFER_BYTES) {
        return H_P3;
    }
    if (args[4] < TPM_BUFFER_BYTES) {
        return H_P5;
    }
    if (!papr_mem_is_ram(args[1], args[2])) {
        return H_P2;
    }
    /* as much as may be written: r8 may be larger than RAM */
    return papr_mem_is_ram(args[3], TPM_BUFFER_BYTES) ? H_SUCCESS : H_P4;
}

static int64_t execute_tpm_command(PaprTpmProxy *proxy, uint64_t *args)
{
    uint8_t command[TPM_BUFFER_BYTES], response[TPM_BUFFER_BYTES];
    int64_t rc = check_tpm_buffers(args);
    ssize_t n;

    if (rc != H_SUCCESS) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_TPM_COMM: command at 0x%" PRIx64
                      ", 0x%" PRIx64 " bytes, response at 0x%" PRIx64 ", 0x%"
                      PRIx64 "\n", args[1], args[2], args[3], args[4]);
        return rc;
    }
    if (!papr_mem_read(args[1], command, args[2])) {
        return H_P2;
    }
    if (!open_host_tpm(proxy)) {
        return H_RESOURCE;
    }
    n = run_tpm_command(proxy, command, args[2], response);
    trace_papr_tpm_proxy(args[2], n);
    if (n < 0) {
        return H_RESOURCE;
    }
    if (!papr_mem_write(args[3], response, n)) {
        return H_P4;
    }
    args[0] = n;
    return H_SUCCESS;
}

/* r4 operation.  Lockless: see the head of this file */
static int64_t h_tpm_comm(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprTpmProxySlot *slot = opaque;
    QEMU_LOCK_GUARD(&slot->lock);

    if (!slot->proxy) {
        return H_FUNCTION;
    }
    switch (args[0]) {
    case TPM_COMM_EXECUTE:
        return execute_tpm_command(slot->proxy, args);
    case TPM_COMM_CLOSE:
        close_host_tpm(slot->proxy);
        return H_SUCCESS;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "H_TPM_COMM: operation 0x%" PRIx64 "\n",
                      args[0]);
        return H_PARAMETER;
    }
}

static const PaprHcall tpm_hcalls[] = {
    { H_TPM_COMM, PAPR_HCALL_LOCKLESS, 5, 1, h_tpm_comm },
};

static void tpm_proxy_reset(void *opaque)
{
    PaprTpmProxySlot *slot = opaque;
    QEMU_LOCK_GUARD(&slot->lock);

    if (slot->proxy) {
        close_host_tpm(slot->proxy);
    }
}

PaprTpmProxySlot *papr_tpm_proxy_slot_new(PaprHcallTable *hcalls)
{
    PaprTpmProxySlot *slot = g_new0(PaprTpmProxySlot, 1);

    qemu_mutex_init(&slot->lock);
    papr_hcall_register(hcalls, tpm_hcalls, ARRAY_SIZE(tpm_hcalls), slot);
    qemu_register_reset(tpm_proxy_reset, slot);
    return slot;
}

bool papr_tpm_proxy_is_plugged(const PaprTpmProxySlot *slot)
{
    return slot->proxy;
}

void papr_tpm_proxy_plug(PaprTpmProxySlot *slot, DeviceState *dev)
{
    QEMU_LOCK_GUARD(&slot->lock);

    slot->proxy = PAPR_TPM_PROXY(dev);
}

void papr_tpm_proxy_unplug(PaprTpmProxySlot *slot)
{
    QEMU_LOCK_GUARD(&slot->lock);

    slot->proxy = NULL;
}

static void proxy_realize(DeviceState *dev, Error **errp)
{
    PaprTpmProxy *proxy = PAPR_TPM_PROXY(dev);

    if (!proxy->host_path) {
        error_setg(errp, "must specify 'host-path' option for device");
        error_append_hint(errp, "It is a TPM of the host, such as "
                          "/dev/tpmrm0.\n");
    }
}

static void proxy_unrealize(DeviceState *dev)
{
    close_host_tpm(PAPR_TPM_PROXY(dev));
}

static void proxy_instance_init(Object *obj)
{
    PAPR_TPM_PROXY(obj)->fd = -1;
}

static const Property proxy_properties[] = {
    DEFINE_PROP_STRING("host-path", PaprTpmProxy, host_path),
};

static void proxy_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->desc = "a TPM of the host for H_TPM_COMM";
    dc->realize = proxy_realize;
    dc->unrealize = proxy_unrealize;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    device_class_set_props(dc, proxy_properties);
    object_class_property_set_description(oc, "host-path",
        "the TPM's device file; opened at the guest's first command");
}

static const TypeInfo proxy_types[] = {
    {
        .name = TYPE_PAPR_TPM_PROXY,
        .parent = TYPE_DEVICE,
        .class_init = proxy_class_init,
        .instance_size = sizeof(PaprTpmProxy),
        .instance_init = proxy_instance_init,
    },
};

DEFINE_TYPES(proxy_types)
