/*
 * pSeries platform: virtual I/O (VIO) bus
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_VIO_H
#define HW_PSERIES_VIO_H

#include "chardev/char.h"
#include "hw/pseries/dt.h"
#include "hw/pseries/iommu.h"
#include "hw/pseries/irq.h"
#include "hw/pseries/rtas.h"
#include "net/net.h"

/* QOM types: the SCSI adapter, and the LAN adapter, a model= of -nic */
#define TYPE_PAPR_VSCSI "spapr-vscsi"
#define TYPE_PAPR_VLAN  "spapr-vlan"

typedef struct PaprVioBus PaprVioBus;

/** papr_vio_bus_new: the bridge ("spapr-vio-bridge"), its bus and calls */
PaprVioBus *papr_vio_bus_new(PaprHcallTable *hcalls, PaprRtas *rtas,
                             PaprIrqs *irqs, PaprIommu *iommu);

/** papr_vio_add_vty, papr_vio_add_nvram: the machine's own devices; init */
void papr_vio_add_vty(PaprVioBus *bus, Chardev *chardev);
void papr_vio_add_nvram(PaprVioBus *bus);

/** papr_vio_add_vlan: a logical LAN with the options of @nd (-nic, -net nic) */
void papr_vio_add_vlan(PaprVioBus *bus, NICInfo *nd);

/**
 * papr_vio_add_vscsi - a SCSI adapter, the next -drive if=scsi bus
 *
 * Its disks are those of -drive if=scsi,bus=N, N being how many SCSI buses
 * there are already.
 */
void papr_vio_add_vscsi(PaprVioBus *bus);

/**
 * papr_vio_firmware_start - at reset, when VOF is the firmware
 *
 * Devices are made ready for a kernel, as SLOF would: waits for a TPM's answer.
 */
void papr_vio_firmware_start(PaprVioBus *bus);

/** papr_vio_dt: the /vdevice node and its children */
void papr_vio_dt(PaprVioBus *bus, PaprDt *dt);

/** papr_vio_stdout_path: path of the console's vty, to be freed, or NULL */
char *papr_vio_stdout_path(PaprVioBus *bus);

/**
 * papr_vio_console_write - print on the console, for firmware and RTAS
 *
 * Returns @n, or 0 when there is no console or it can't take them now.
 * Context: BQL.
 */
size_t papr_vio_console_write(PaprVioBus *bus, const uint8_t *chars, size_t n);

/** papr_vio_console_read: what was typed, up to 16; @n must be 16 or more */
size_t papr_vio_console_read(PaprVioBus *bus, uint8_t *chars, size_t n);

#endif
