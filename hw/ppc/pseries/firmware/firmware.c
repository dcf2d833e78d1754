/*
 * pSeries platform: firmware, its interface to the machine
 *
 * There are two kinds.  An image (SLOF by default) gets the device tree in
 * guest memory, and passes its own version to H_UPDATE_DT.  VOF (the machine's
 * Open Firmware client interface, client.c) has the tree in QEMU.  The current
 * tree is in fdt.c.
 *
 * Called by machine/ (init, reset), cas/ and dt/.  Locking: BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/pseries/guest-mem.h"
#include "hw/pseries/vcpu.h"
#include "migration/vmstate.h"
#include "internal.h"

#define IMAGE_ENTRY     0x100
/* SLOF runs 32-bit code: the tree's area ends at TREE_TOP, at the most */
#define TREE_TOP        (2 * GiB)
#define TREE_ROOM       (2 * MiB)
/*
 * A larger tree would overlap with what SLOF has below the tree.  With this
 * limit, trees that guests pass to H_UPDATE_DT, and those of CAS
 * (client-architecture-support), are smaller than the limit of streams.
 */
#define TREE_MAX        (PAPR_FDT_STREAM_MAX / 4)

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
        papr_firmware_fdt_register(fw, hcalls);
    }
    if (fw->vof) {
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

bool papr_firmware_is_vof(const PaprFirmware *fw)
{
    return fw->vof;
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

/* Write the tree to guest memory, where 32-bit real mode code can access it */
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

static bool check_fdt_size(size_t fdt_size, Error **errp)
{
    ERRP_GUARD();

    if (fdt_size > TREE_MAX) {
        error_setg(errp, "the device tree has %zu bytes, more than the %" PRIu64
                   " MiB that firmware accepts", fdt_size,
                   (uint64_t)(TREE_MAX / MiB));
        error_append_hint(errp, "Use a smaller maxmem= or fewer devices.\n");
        return false;
    }
    return true;
}

bool papr_firmware_reset(PaprFirmware *fw, void *fdt, size_t fdt_size,
                         PowerPCCPU *boot_cpu, Error **errp)
{
    if (!check_fdt_size(fdt_size, errp)) {
        g_free(fdt);
        return false;
    }
    fw->fdt_room = MAX(2 * fdt_size, TREE_ROOM);
    return papr_firmware_reset_fdt(fw, fdt, fdt_size, errp) &&
           (fw->vof ? papr_of_client_reset(fw, boot_cpu, errp)
                    : start_image(fw, boot_cpu, errp));
}
