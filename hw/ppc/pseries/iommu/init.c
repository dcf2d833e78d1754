/*
 * pSeries platform: init of TCE (translation control entry) tables
 *
 * Tables are made by host bridges and virtual devices (table.c) and filled by
 * hypercalls (hcalls.c).  Called by the machine, before any table exists.
 *
 * Locking: BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "internal.h"

PaprIommu *papr_iommu_new(PaprHcallTable *hcalls)
{
    PaprIommu *iommu = g_new0(PaprIommu, 1);

    papr_iommu_init_tables(iommu);
    papr_iommu_register_hcalls(iommu, hcalls);
    return iommu;
}
