/*
 * pSeries platform: the partition's address map and limits, as data
 *
 * Guests and migration streams rely on these.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_MEMMAP_H
#define HW_PPC_PSERIES_MEMMAP_H

#include "qemu/units.h"
#include "hw/pseries/abi.h"

/* RAM starts at 0; the real mode area (RMA) is its part in the first node */
#define PAPR_RMA_MIN            (128 * MiB)
#define PAPR_RMA_MAX            (1 * TiB)

#define PAPR_DEVICE_MEM_ALIGN   (1 * GiB)
#define PAPR_MAX_RAM_SLOTS      32

/* PCI windows of all host bridges: 32 to 64 TiB */
#define PAPR_PCI_BASE           (32 * TiB)
#define PAPR_PCI_END            (64 * TiB)

#define PAPR_MAX_CPUS           4096

#define PAPR_KERNEL_ADDR        0x400000

#endif
