/*
 * pSeries platform: what runs first: SLOF, another image, or VOF (the machine's
 * Open Firmware client interface)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_FIRMWARE_H
#define HW_PSERIES_FIRMWARE_H

#include "hw/pseries/dt.h"
#include "hw/pseries/hcall.h"
#include "qapi/qapi-types-common.h"
#include "qemu/units.h"

typedef struct PaprFirmware PaprFirmware;

/* Device trees are smaller: a migration stream with a larger one is invalid */
#define PAPR_FDT_STREAM_MAX (64 * MiB)

/** PaprFirmwareConfig - the user's choice, from machine options */
typedef struct PaprFirmwareConfig {
    OnOffAuto vof;                  /* x-vof */
    const char *bios;               /* -bios or firmware=; NULL: default */
    const char *kernel;             /* -kernel */
    const char *initrd;             /* -initrd */
    uint64_t kernel_addr;           /* kernel-addr */
    uint64_t rma_size;              /* real mode area: where images must fit */
    bool no_update_dt;              /* no H_UPDATE_DT */
} PaprFirmwareConfig;

/**
 * PaprFirmwareHost - what VOF needs from the machine above
 *
 * @cas: ibm,client-architecture-support (CAS), with the vector at @vec_addr;
 *       makes a new device tree current; false when the guest must get an error
 * @console_write: to the console's terminal, without waiting; returns how many
 *       characters it took.  NULL: all are dropped
 * @console_read: what has been typed, without waiting; @len is 16 or more;
 *       returns how many characters.  NULL: never any
 * @fdt_changed: the flattened tree is at @fdt now, the former one is freed; may
 *       be NULL
 */
typedef struct PaprFirmwareHost {
    bool (*cas)(PowerPCCPU *cpu, uint64_t vec_addr, void *opaque);
    size_t (*console_write)(const uint8_t *buf, size_t len, void *opaque);
    size_t (*console_read)(uint8_t *buf, size_t len, void *opaque);
    void (*fdt_changed)(const void *fdt, void *opaque);
    void *opaque;
} PaprFirmwareHost;

/** papr_firmware_new: choose firmware, load it, kernel and initrd into RAM */
PaprFirmware *papr_firmware_new(const PaprFirmwareConfig *config,
                                PaprHcallTable *hcalls,
                                const PaprFirmwareHost *host, Error **errp);

/** papr_firmware_is_vof: VOF, not SLOF or another image */
bool papr_firmware_is_vof(const PaprFirmware *fw);

/**
 * papr_firmware_reserve - kernel and initial ramdisk as memory reservations
 *
 * SLOF does not use memory that the tree reserves.  Before the first node.
 */
void papr_firmware_reserve(PaprFirmware *fw, PaprDt *dt);

/**
 * papr_firmware_chosen - where kernel and initial ramdisk are
 *
 * "linux,initrd-start", "linux,initrd-end", "qemu,boot-kernel" and
 * "qemu,boot-kernel-le" in the open /chosen, those that apply.
 */
void papr_firmware_chosen(PaprFirmware *fw, PaprDt *dt);

/**
 * papr_firmware_reset - ready to start
 * @fdt: the machine's tree, flattened; taken over
 * @boot_cpu: gets its entry point, registers and mode, and is set running
 *
 * After the reset of RAM, ROM images and vCPUs.  Fails when the tree or the
 * firmware's memory doesn't fit.
 */
bool papr_firmware_reset(PaprFirmware *fw, void *fdt, size_t fdt_size,
                         PowerPCCPU *boot_cpu, Error **errp);

/**
 * papr_firmware_set_rma_size - firmware uses [0, @rma_size) from the next
 * papr_firmware_reset() on; not below papr_firmware_images_end()
 */
void papr_firmware_set_rma_size(PaprFirmware *fw, uint64_t rma_size);

/** papr_firmware_images_end: first address above kernel and initrd */
uint64_t papr_firmware_images_end(const PaprFirmware *fw);

/**
 * papr_firmware_set_fdt - a new tree of the machine replaces the current one
 *
 * After CAS.  With VOF, nodes that stay keep their phandles
 * and what the client has set in them.  @fdt is taken over.
 */
void papr_firmware_set_fdt(PaprFirmware *fw, void *fdt, size_t fdt_size);

/**
 * papr_firmware_restore_fdt - a migration stream's tree is current
 *
 * Nothing of the former tree is kept.  @fdt is taken over, also on failure (a
 * damaged tree).
 */
bool papr_firmware_restore_fdt(PaprFirmware *fw, void *fdt, size_t fdt_size,
                               Error **errp);

/**
 * papr_firmware_fdt - the current tree, as the guest has it
 *
 * Valid until the next call of any of these functions or of the guest.
 */
const void *papr_firmware_fdt(PaprFirmware *fw, size_t *fdt_size);

/**
 * papr_firmware_rtas_base - the address at which the guest placed RTAS
 *
 * From "linux,rtas-base" in /rtas; false when /rtas doesn't have it.
 */
bool papr_firmware_rtas_base(PaprFirmware *fw, uint64_t *base);

#endif
