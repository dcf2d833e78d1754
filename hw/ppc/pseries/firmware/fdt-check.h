/*
 * pSeries platform: check of a flattened device tree (FDT)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_FIRMWARE_FDT_CHECK_H
#define HW_PPC_PSERIES_FIRMWARE_FDT_CHECK_H

/* More than any tree of QEMU or SLOF has; bounds the work of its readers */
#define PAPR_FDT_MAX_DEPTH  64
#define PAPR_FDT_MAX_PROPS  1024        /* of a node */
#define PAPR_FDT_MAX_NAME   255         /* of a property or a node, bytes */

/**
 * papr_fdt_is_sound - can libfdt read this tree, at reasonable cost?
 * @fdt: @size bytes, which must not change meanwhile
 *
 * True for a tree of version 17 or later that libfdt's fdt_check_full()
 * accepts, within the bounds above: names, values and strings lie inside @fdt.
 * fdt_check_full() reads each property's name to its end, so a tree of n
 * properties with a name of n bytes takes n * n steps; papr_fdt_is_sound()
 * takes time in proportion to @size.  Counts its work (hw/pseries/work.h).
 *
 * Context: any.  Pure.
 */
bool papr_fdt_is_sound(const void *fdt, size_t size);

#endif
