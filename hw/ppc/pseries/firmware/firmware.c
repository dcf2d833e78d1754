/*
 * pSeries platform: firmware, as the machine sees it
 *
 * Two kinds: an image (SLOF by default) that gets the device tree in guest
 * memory and hands its own version back by H_UPDATE_DT; or our Open Firmware
 * client interface (client.c), which keeps the tree here.  In both cases the
 * tree in force is kept for the monitor, for migration and for the platform.
 *
 * Called by machine/ (init, reset, migration), cas/ and dt/.  Locking: BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/pseries/guest-mem.h"
#include "hw/pseries/vcpu.h"
#include "migration/vmstate.h"
#include "fdt-check.h"
#include "internal.h"
#include "../trace.h"
#include <libfdt.h>

#define IMAGE_ENTRY     0x100
#define REAL_ADDR_MASK  0x0fffffffffffffffULL
/* SLOF runs 32-bit code: the tree lies below 2 GiB, at a place of this size */
#define TREE_TOP        (2 * GiB)
#define TREE_ROOM       (2 * MiB)
/*
 * A tree larger than this would run into what SLOF puts below it.  What guests
 * make of it, and CAS, stays below what streams may have.
 */
#define TREE_MAX        (PAPR_FDT_STREAM_MAX / 4)

/* --- the tree in force --------------------------------------------------- */

static void replace_fdt(PaprFirmware *fw, void *fdt, size_t size)
{
    g_free(fw->fdt);
    fw->fdt = fdt;
    fw->fdt_size = size;
    fw->fdt_stale = false;
    if (fw->host.fdt_changed) {
        fw->host.fdt_changed(fdt, fw->host.opaque);
    }
}

/* With our client interface the tree is live, and flattened when needed */
static bool replace_live_tree(PaprFirmware *fw, void *fdt, size_t size,
                              bool keep, Error **errp)
{
    PaprOfClient *client = &fw->client;
    PaprOfTree *tree = papr_of_tree_new(fdt, size, keep ? client->tree : NULL,
                                        errp);

    if (!tree) {
        return false;
    }
    papr_of_tree_free(client->tree);
    client->tree = tree;
    fw->fdt_stale = true;
    return true;
}

void papr_firmware_set_fdt(PaprFirmware *fw, void *fdt, size_t fdt_size)
{
    Error *err = NULL;

    if (!fw->own) {
        replace_fdt(fw, fdt, fdt_size);
    } else if (!replace_live_tree(fw, fdt, fdt_size, true, &err)) {
        /* our own writer's tree: the old one stays in force */
        warn_report_err(err);
    }
}

bool papr_firmware_restore_fdt(PaprFirmware *fw, void *fdt, size_t fdt_size,
                               Error **errp)
{
    if (fw->own) {
        if (!replace_live_tree(fw, fdt, fdt_size, false, errp)) {
            return false;
        }
        papr_of_client_mark_changes(&fw->client);
        return true;
    }
    if (!papr_fdt_is_sound(fdt, fdt_size)) {
        error_setg(errp, "the stream's device tree is damaged");
        g_free(fdt);
        return false;
    }
    replace_fdt(fw, fdt, fdt_size);
    return true;
}

const void *papr_firmware_fdt(PaprFirmware *fw, size_t *fdt_size)
{
    if (fw->own && fw->fdt_stale && fw->client.tree) {
        Error *err = NULL;
        size_t size;
        void *fdt;

        fdt = papr_of_tree_flatten(fw->client.tree, &size, &err);
        if (fdt) {
            replace_fdt(fw, fdt, size);
        } else {
            warn_report_err(err);
        }
    }
    *fdt_size = fw->fdt_size;
    return fw->fdt;
}

bool papr_firmware_rtas_base(PaprFirmware *fw, uint64_t *base)
{
    size_t size;
    const void *fdt = papr_firmware_fdt(fw, &size);
    const void *value;
    int node, len;

    if (!fdt) {
        return false;
    }
    node = fdt_path_offset(fdt, "/rtas");
    value = node < 0 ? NULL
                     : fdt_getprop(fdt, node, "linux,rtas-base", &len);
    if (!value || (len != 4 && len != 8)) {
        return false;
    }
    *base = len == 4 ? ldl_be_p(value) : ldq_be_p(value);
    return true;
}

/* --- H_UPDATE_DT --------------------------------------------------------- */

/* r4: the firmware's final tree, which then is the one in force */
static int64_t h_update_dt(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprFirmware *fw = opaque;
    uint64_t addr = args[0] & REAL_ADDR_MASK;
    struct fdt_header head;
    g_autofree void *fdt = NULL;
    size_t size;

    if (fw->own) {
        return H_FUNCTION;
    }
    if (!papr_mem_read(addr, &head, sizeof(head)) ||
        fdt_magic(&head) != FDT_MAGIC) {
        goto bad;
    }
    size = fdt_totalsize(&head);
    if (size < sizeof(head) || size > fw->fdt_room) {
        goto bad;
    }
    fdt = g_try_malloc(size);
    if (!fdt) {
        return H_RESOURCE;
    }
    /* the guest may change it meanwhile: only what was copied counts */
    if (!papr_mem_read(addr, fdt, size) || !papr_fdt_is_sound(fdt, size)) {
        goto bad;
    }
    trace_papr_update_dt(addr, size);
    replace_fdt(fw, g_steal_pointer(&fdt), size);
    return H_SUCCESS;
bad:
    qemu_log_mask(LOG_GUEST_ERROR, "pseries: H_UPDATE_DT: no device tree of at "
                  "most %zu bytes at 0x%" PRIx64 "\n", fw->fdt_room, addr);
    return H_PARAMETER;
}

static const PaprHcall firmware_hcalls[] = {
    { H_UPDATE_DT, 0, 1, 0, h_update_dt },
};

/* --- init and reset ------------------------------------------------------ */

PaprFirmware *papr_firmware_new(const PaprFirmwareConfig *config,
                                PaprHcallTable *hcalls,
                                const PaprFirmwareHost *host, Error **errp)
{
    PaprFirmware *fw = g_new0(PaprFirmware, 1);

    fw->host = *host;
    fw->rma_size = config->rma_size;
    if (!papr_firmware_load(fw, config, errp)) {
        g_free(fw);
        return NULL;
    }
    if (!config->no_update_dt) {
        papr_hcall_register(hcalls, firmware_hcalls,
                            ARRAY_SIZE(firmware_hcalls), fw);
    }
    if (fw->own) {
        papr_of_client_register(fw, hcalls);
        vmstate_register(NULL, 0, &vmstate_papr_of_client, &fw->client);
    }
    return fw;
}

void papr_firmware_set_rma_size(PaprFirmware *fw, uint64_t rma_size)
{
    fw->rma_size = rma_size;
}

uint64_t papr_firmware_images_end(const PaprFirmware *fw)
{
    const PaprImages *images = &fw->images;

    return MAX(images->kernel_addr + images->kernel_size,
               images->initrd_addr + images->initrd_size);
}

bool papr_firmware_is_own(const PaprFirmware *fw)
{
    return fw->own;
}

void papr_firmware_reserve(PaprFirmware *fw, PaprDt *dt)
{
    const PaprImages *images = &fw->images;

    if (images->kernel_size) {
        papr_dt_reserve(dt, images->kernel_addr, images->kernel_size);
    }
    if (images->initrd_size) {
        papr_dt_reserve(dt, images->initrd_addr, images->initrd_size);
    }
}

void papr_firmware_chosen(PaprFirmware *fw, PaprDt *dt)
{
    const PaprImages *images = &fw->images;

    if (images->initrd_size) {
        papr_dt_u32(dt, "linux,initrd-start", images->initrd_addr);
        papr_dt_u32(dt, "linux,initrd-end",
                    images->initrd_addr + images->initrd_size);
    }
    if (images->kernel_size) {
        uint64_t where[] = { cpu_to_be64(images->kernel_addr),
                             cpu_to_be64(images->kernel_size) };

        papr_dt_bytes(dt, "qemu,boot-kernel", where, sizeof(where));
        if (images->kernel_is_le) {
            papr_dt_empty(dt, "qemu,boot-kernel-le");
        }
    }
}

/* The tree into guest memory, below what 32-bit real mode code can reach */
static bool start_image(PaprFirmware *fw, PowerPCCPU *boot_cpu, Error **errp)
{
    ERRP_GUARD();
    uint64_t top = MIN(fw->rma_size, TREE_TOP);
    uint64_t room = ROUND_UP(MAX(fw->fdt_size, TREE_ROOM), TREE_ROOM);

    if (room > top) {
        error_setg(errp, "no room for the device tree of %zu bytes below "
                   "0x%" PRIx64, fw->fdt_size, top);
        error_append_hint(errp, "Use a larger -m or fewer devices.\n");
        return false;
    }
    if (!papr_mem_write(top - room, fw->fdt, fw->fdt_size)) {
        error_setg(errp, "no memory for the device tree at 0x%" PRIx64,
                   top - room);
        return false;
    }
    papr_vcpu_start(papr_vcpu(boot_cpu), NULL, IMAGE_ENTRY, top - room);
    boot_cpu->env.gpr[5] = 0;
    return true;
}

static bool is_takeable(size_t fdt_size, Error **errp)
{
    ERRP_GUARD();

    if (fdt_size > TREE_MAX) {
        error_setg(errp, "the device tree has %zu bytes, more than the %" PRIu64
                   " MiB that firmware can take", fdt_size,
                   (uint64_t)(TREE_MAX / MiB));
        error_append_hint(errp, "Use a smaller maxmem= or fewer devices.\n");
        return false;
    }
    return true;
}

bool papr_firmware_reset(PaprFirmware *fw, void *fdt, size_t fdt_size,
                         PowerPCCPU *boot_cpu, Error **errp)
{
    if (!is_takeable(fdt_size, errp)) {
        g_free(fdt);
        return false;
    }
    fw->fdt_room = MAX(2 * fdt_size, TREE_ROOM);
    if (!fw->own) {
        replace_fdt(fw, fdt, fdt_size);
        return start_image(fw, boot_cpu, errp);
    }
    return replace_live_tree(fw, fdt, fdt_size, false, errp) &&
           papr_of_client_reset(fw, boot_cpu, errp);
}
