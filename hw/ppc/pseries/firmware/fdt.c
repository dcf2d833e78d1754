/*
 * pSeries platform: the current device tree
 *
 * The guest's tree, for the monitor, migration and the platform.  It is the
 * machine's at a reset and after CAS (client-architecture-support), until an
 * image (SLOF) passes its own to H_UPDATE_DT.  With VOF it follows the client's
 * changes.  Called by machine/ and cas/, and in this folder by firmware.c and
 * client-calls.c.  Locking: BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qapi/error.h"
#include "hw/pseries/guest-mem.h"
#include "hw/pseries/hcall.h"
#include "fdt-check.h"
#include "internal.h"
#include "../trace.h"
#include <libfdt.h>

#define REAL_ADDR_MASK  0x0fffffffffffffffULL

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

/* VOF has a live tree, which is flattened when needed */
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

bool papr_firmware_reset_fdt(PaprFirmware *fw, void *fdt, size_t fdt_size,
                             Error **errp)
{
    if (fw->vof) {
        return replace_live_tree(fw, fdt, fdt_size, false, errp);
    }
    replace_fdt(fw, fdt, fdt_size);
    return true;
}

void papr_firmware_set_fdt(PaprFirmware *fw, void *fdt, size_t fdt_size)
{
    Error *err = NULL;

    if (!fw->vof) {
        replace_fdt(fw, fdt, fdt_size);
    } else if (replace_live_tree(fw, fdt, fdt_size, true, &err)) {
        papr_firmware_fdt(fw, &fdt_size);       /* for the monitor's dumpdtb */
    } else {
        /* an error of papr_dt_build(): the old tree stays current */
        warn_report_err(err);
    }
}

bool papr_firmware_restore_fdt(PaprFirmware *fw, void *fdt, size_t fdt_size,
                               Error **errp)
{
    if (fw->vof) {
        if (!replace_live_tree(fw, fdt, fdt_size, false, errp)) {
            return false;
        }
        papr_of_client_mark_changes(&fw->client);
        return true;
    }
    if (!papr_fdt_is_sound(fdt, fdt_size)) {
        error_setg(errp, "the stream's device tree is invalid");
        g_free(fdt);
        return false;
    }
    replace_fdt(fw, fdt, fdt_size);
    return true;
}

const void *papr_firmware_fdt(PaprFirmware *fw, size_t *fdt_size)
{
    if (fw->vof && fw->fdt_stale && fw->client.tree) {
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

/* r4: address of the firmware's final tree, which becomes the current one */
static int64_t h_update_dt(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprFirmware *fw = opaque;
    uint64_t addr = args[0] & REAL_ADDR_MASK;
    struct fdt_header head;
    g_autofree void *fdt = NULL;
    size_t size;

    if (fw->vof) {
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
    /* check the copy, since the guest may change the original meanwhile */
    if (!papr_mem_read(addr, fdt, size) || !papr_fdt_is_sound(fdt, size)) {
        goto bad;
    }
    trace_papr_update_dt(addr, size);
    replace_fdt(fw, g_steal_pointer(&fdt), size);
    return H_SUCCESS;
bad:
    qemu_log_mask(LOG_GUEST_ERROR, "pseries: H_UPDATE_DT: no valid device tree "
                  "of at most %zu bytes at 0x%" PRIx64 "\n", fw->fdt_room,
                  addr);
    return H_PARAMETER;
}

static const PaprHcall fdt_hcalls[] = {
    { H_UPDATE_DT, 0, 1, 0, h_update_dt },
};

void papr_firmware_fdt_register(PaprFirmware *fw, PaprHcallTable *hcalls)
{
    papr_hcall_register(hcalls, fdt_hcalls, ARRAY_SIZE(fdt_hcalls), fw);
}
