/*
 * pSeries platform: is a flattened device tree (FDT) sound?
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_FIRMWARE_FDT_CHECK_H
#define HW_PPC_PSERIES_FIRMWARE_FDT_CHECK_H

/* More than any tree of ours or of SLOF has: bounds those who read it */
#define PAPR_FDT_MAX_DEPTH  64
#define PAPR_FDT_MAX_PROPS  1024        /* of a node */
#define PAPR_FDT_MAX_NAME   255         /* of a property or a node, bytes */

/**
 * papr_fdt_is_sound - may libfdt read this tree, at reasonable cost?
 * @fdt: @size bytes, which nobody changes meanwhile
 *
 * What libfdt's fdt_check_full() accepts, of version 17, within the bounds
 * above; nested names, values and strings lie inside.  That function looks at
 * a property's name to its end, so that a tree of n properties with a name of
 * n bytes costs it n * n; this one takes time in proportion to @size.  Counts
 * its work (hw/pseries/work.h).
 *
 * Context: any.  Pure.
 */
bool papr_fdt_is_sound(const void *fdt, size_t size);

#endif
