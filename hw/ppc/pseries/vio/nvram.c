/*
 * pSeries platform: the partition's non-volatile memory (nvram)
 *
 * LoPAR chapter 8: firmware variables and logs, read and written by the RTAS
 * (Run-Time Abstraction Services) calls nvram-fetch and nvram-store.  The
 * contents are in memory; every store is also written to the drive, if there is
 * one, so that they survive the end of QEMU.  All of it under the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/nvram/chrp_nvram.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/units.h"
#include "system/block-backend.h"
#include "system/blockdev.h"
#include "system/runstate.h"
#include "hw/pseries/guest-mem.h"
#include "hw/ppc/pseries/trace.h"
#include "device.h"

#define TYPE_PAPR_NVRAM "spapr-nvram"
OBJECT_DECLARE_SIMPLE_TYPE(PaprNvram, PAPR_NVRAM)

#define NVRAM_MIN (8 * KiB)
#define NVRAM_DEFAULT (64 * KiB)
#define NVRAM_MAX (1 * MiB)

/* Where -prom-env variables go: a system partition at the start */
#define NVRAM_SYSTEM_PARTITION (2 * KiB)

struct PaprNvram {
    PaprVioDevice vio;

    BlockBackend *drive;
    uint32_t size;
    uint8_t *buf;
    VMChangeStateEntry *write_back;     /* waits until the machine runs */
};

static PaprNvram *find_nvram(PaprVioBus *bus)
{
    BusChild *kid;

    QTAILQ_FOREACH(kid, &BUS(bus)->children, sibling) {
        Object *obj = object_dynamic_cast(OBJECT(kid->child), TYPE_PAPR_NVRAM);

        if (obj) {
            return PAPR_NVRAM(obj);
        }
    }
    return NULL;
}

/* Arguments: offset, buffer, length.  NULL: they don't fit the nvram */
static PaprNvram *check_range(PaprVioBus *bus, const PaprRtasCall *call)
{
    PaprNvram *nvram = find_nvram(bus);
    uint64_t end = (uint64_t)call->args[0] + call->args[2];

    /* no buffer: the load of a stream has failed */
    if (!nvram || !nvram->buf || end > nvram->size) {
        qemu_log_mask(LOG_GUEST_ERROR, "nvram: bytes 0x%x to 0x%" PRIx64
                      " are not in its 0x%x\n", call->args[0], end,
                      nvram ? nvram->size : 0);
        return NULL;
    }
    return nvram;
}

static int32_t nvram_fetch(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprNvram *nvram = check_range(opaque, call);
    uint32_t offset = call->args[0], len = call->args[2];

    if (!nvram || !papr_mem_write(call->args[1], nvram->buf + offset, len)) {
        return RTAS_PARAMETER_ERROR;
    }
    trace_papr_nvram_fetch(offset, len);
    call->rets[1] = len;
    return RTAS_SUCCESS;
}

static int32_t nvram_store(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprNvram *nvram = check_range(opaque, call);
    uint32_t offset = call->args[0], len = call->args[2];

    if (!nvram || !papr_mem_read(call->args[1], nvram->buf + offset, len)) {
        return RTAS_PARAMETER_ERROR;
    }
    trace_papr_nvram_store(offset, len);
    if (nvram->drive && len &&
        blk_pwrite(nvram->drive, offset, len, nvram->buf + offset, 0) < 0) {
        return RTAS_HARDWARE_ERROR;
    }
    call->rets[1] = len;
    return RTAS_SUCCESS;
}

static const PaprRtasEntry nvram_rtas[] = {
    { RTAS_NVRAM_FETCH, 3, 2, nvram_fetch },
    { RTAS_NVRAM_STORE, 3, 2, nvram_store },
};

void papr_nvram_init(PaprVioBus *bus)
{
    papr_rtas_register(bus->rtas, nvram_rtas, ARRAY_SIZE(nvram_rtas), bus);
}

void papr_vio_add_nvram(PaprVioBus *bus)
{
    DeviceState *dev = qdev_new(TYPE_PAPR_NVRAM);
    DriveInfo *pflash = drive_get(IF_PFLASH, 0, 0);

    if (pflash) {
        qdev_prop_set_drive_err(dev, "drive", blk_by_legacy_dinfo(pflash),
                                &error_fatal);
    }
    qdev_realize_and_unref(dev, BUS(bus), &error_fatal);
}

/*
 * The kernel needs a free partition, and with VOF no firmware formats the
 * nvram.  -prom-env goes to the system partition; the nvram command of
 * powerpc-utils finds it by the name "common" (LoPAR R1-8.4.1-1).
 */
static void format_nvram(PaprNvram *nvram)
{
    ChrpNvramPartHdr *system = (ChrpNvramPartHdr *)nvram->buf;

    chrp_nvram_create_system_partition(nvram->buf, NVRAM_SYSTEM_PARTITION,
                                       nvram->size);
    strpadcpy(system->name, sizeof(system->name), "common", '\0');
    chrp_nvram_finish_partition(system, NVRAM_SYSTEM_PARTITION);
    chrp_nvram_create_free_partition(nvram->buf + NVRAM_SYSTEM_PARTITION,
                                     nvram->size - NVRAM_SYSTEM_PARTITION);
}

static void write_back(void *opaque, bool running, RunState state)
{
    PaprNvram *nvram = opaque;

    if (!running) {
        return;
    }
    g_clear_pointer(&nvram->write_back, qemu_del_vm_change_state_handler);
    if (blk_pwrite(nvram->drive, 0, nvram->size, nvram->buf, 0) < 0) {
        error_report("spapr-nvram: can't write drive '%s'",
                     blk_name(nvram->drive));
    }
}

/* The drive may belong to the source of a migration until the machine runs */
static void write_back_when_running(PaprNvram *nvram)
{
    if (!nvram->write_back) {
        nvram->write_back = qemu_add_vm_change_state_handler(write_back,
                                                             nvram);
    }
}

static void open_drive(PaprNvram *nvram, Error **errp)
{
    int64_t len = blk_getlength(nvram->drive);
    int ret;

    if (len < 0) {
        error_setg_errno(errp, -len, "spapr-nvram: can't tell the length of "
                         "drive '%s'", blk_name(nvram->drive));
        return;
    }
    if (len < NVRAM_MIN || len > NVRAM_MAX) {
        error_setg(errp, "spapr-nvram must be between %" PRId64 " and %" PRId64
                   " bytes in size; drive '%s' has %" PRId64, NVRAM_MIN,
                   NVRAM_MAX, blk_name(nvram->drive), len);
        return;
    }
    if (blk_set_perm(nvram->drive, BLK_PERM_CONSISTENT_READ | BLK_PERM_WRITE,
                     BLK_PERM_ALL, errp) < 0) {
        return;
    }
    nvram->size = len;
    nvram->buf = g_malloc0(len);
    ret = blk_pread(nvram->drive, 0, len, nvram->buf, 0);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "can't read spapr-nvram contents from "
                         "drive '%s'", blk_name(nvram->drive));
        g_clear_pointer(&nvram->buf, g_free);
        return;
    }
    if (buffer_is_zero(nvram->buf, len)) {
        format_nvram(nvram);
        write_back_when_running(nvram);
    }
}

static void nvram_realize(PaprVioDevice *vio, Error **errp)
{
    PaprNvram *nvram = PAPR_NVRAM(vio);

    if (nvram->drive) {
        open_drive(nvram, errp);
        return;
    }
    nvram->size = NVRAM_DEFAULT;
    nvram->buf = g_malloc0(nvram->size);
    format_nvram(nvram);
}

static void nvram_unrealize(PaprVioDevice *vio)
{
    PaprNvram *nvram = PAPR_NVRAM(vio);

    g_clear_pointer(&nvram->write_back, qemu_del_vm_change_state_handler);
    g_clear_pointer(&nvram->buf, g_free);
}

static void nvram_dt(PaprVioDevice *vio, PaprDt *dt)
{
    papr_dt_u32(dt, "#bytes", PAPR_NVRAM(vio)->size);
}

static int nvram_pre_load(void *opaque)
{
    PaprNvram *nvram = opaque;

    g_clear_pointer(&nvram->buf, g_free);
    nvram->size = 0;
    return 0;
}

static bool size_is_valid(void *opaque, int version_id)
{
    PaprNvram *nvram = opaque;

    return nvram->size >= NVRAM_MIN && nvram->size <= NVRAM_MAX;
}

static int nvram_post_load(void *opaque, int version_id)
{
    PaprNvram *nvram = opaque;

    if (nvram->drive && blk_getlength(nvram->drive) != nvram->size) {
        error_report("spapr-nvram: the stream has %u bytes, drive '%s' another "
                     "size", nvram->size, blk_name(nvram->drive));
        return -EINVAL;
    }
    if (nvram->drive) {
        write_back_when_running(nvram);
    }
    return 0;
}

static const VMStateDescription vmstate_nvram = {
    .name = "spapr_nvram",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_load = nvram_pre_load,
    .post_load = nvram_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(size, PaprNvram),
        VMSTATE_VALIDATE("nvram size in range", size_is_valid),
        VMSTATE_VBUFFER_ALLOC_UINT32(buf, PaprNvram, 1, NULL, size),
        VMSTATE_END_OF_LIST()
    },
};

static const Property nvram_properties[] = {
    PAPR_VIO_PROPERTIES(PaprNvram, vio),
    DEFINE_PROP_DRIVE("drive", PaprNvram, drive),
};

static void nvram_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    PaprVioDeviceClass *vdc = PAPR_VIO_DEVICE_CLASS(oc);

    vdc->realize = nvram_realize;
    vdc->unrealize = nvram_unrealize;
    vdc->dt = nvram_dt;
    vdc->dt_name = "nvram";
    vdc->dt_type = "nvram";
    vdc->dt_compatible = "qemu,spapr-nvram";
    /* the machine always has one, and it can have no second */
    dc->user_creatable = false;
    dc->vmsd = &vmstate_nvram;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    device_class_set_props(dc, nvram_properties);
}

static const TypeInfo nvram_type = {
    .name = TYPE_PAPR_NVRAM,
    .parent = TYPE_PAPR_VIO_DEVICE,
    .instance_size = sizeof(PaprNvram),
    .class_init = nvram_class_init,
};

static void register_types(void)
{
    type_register_static(&nvram_type);
}

type_init(register_types)
