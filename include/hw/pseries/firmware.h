/*
 * pSeries platform: what runs first, SLOF or our Open Firmware client interface
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_FIRMWARE_H
#define HW_PSERIES_FIRMWARE_H

#include "hw/pseries/dt.h"
#include "hw/pseries/hcall.h"
#include "qapi/qapi-types-common.h"

typedef struct PaprFirmware PaprFirmware;

/** PaprFirmwareConfig - the user's choice, from machine options */
typedef struct PaprFirmwareConfig {
    OnOffAuto own;                  /* x-vof: our client interface */
    const char *bios;               /* -bios or firmware=; NULL: default */
    const char *kernel;             /* -kernel, -initrd, -append */
    const char *initrd;
    const char *append;
    uint64_t kernel_addr;           /* kernel-addr */
    uint64_t rma_size;              /* real mode area: where images must fit */
    uint64_t ram_size;
} PaprFirmwareConfig;

/**
 * PaprFirmwareHost - what our client interface asks of the machine above
 *
 * @cas: ibm,client-architecture-support with the vector at @vec_addr; leaves a
 *       new device tree in force; false when the guest must get an error
 */
typedef struct PaprFirmwareHost {
    bool (*cas)(PowerPCCPU *cpu, uint64_t vec_addr, void *opaque);
    void *opaque;
} PaprFirmwareHost;

/** papr_firmware_new: choose, load firmware, kernel and initrd into RAM */
PaprFirmware *papr_firmware_new(const PaprFirmwareConfig *config,
                                PaprHcallTable *hcalls,
                                const PaprFirmwareHost *host, Error **errp);

/** papr_firmware_is_own: our client interface, not SLOF or another image */
bool papr_firmware_is_own(const PaprFirmware *fw);

/** papr_firmware_chosen: linux,initrd-*, qemu,boot-kernel etc. in open /chosen */
void papr_firmware_chosen(PaprFirmware *fw, PaprDt *dt);

/**
 * papr_firmware_reset - ready to start
 * @fdt: the machine's tree, flattened; taken over
 * @entry, @r3: out: where and with what the boot vCPU starts
 */
bool papr_firmware_reset(PaprFirmware *fw, void *fdt, size_t fdt_size,
                         PowerPCCPU *boot_cpu, Error **errp);

/** papr_firmware_set_fdt: a new tree (CAS, H_UPDATE_DT) replaces the one in force */
void papr_firmware_set_fdt(PaprFirmware *fw, void *fdt, size_t fdt_size);
const void *papr_firmware_fdt(const PaprFirmware *fw, size_t *fdt_size);

#endif
