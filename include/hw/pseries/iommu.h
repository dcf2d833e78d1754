/*
 * pSeries platform: TCE (translation control entry) tables
 *
 * A table maps a window of I/O addresses, as a PCI device or a virtual device
 * uses them, onto guest RAM.  The guest fills it by hypercalls that name it by
 * its LIOBN (logical I/O bus number).  LoPAR sections 3.2.3 and 14.5.4.2.
 *
 * Context: all of this with the BQL held.  Hypercalls of the guest, and the
 * translations for DMA, which any thread makes by the table's memory region,
 * run without the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_IOMMU_H
#define HW_PSERIES_IOMMU_H

#include "exec/memory.h"
#include "qom/object.h"

#define TYPE_PAPR_TCE_TABLE "spapr-tce-table"
OBJECT_DECLARE_SIMPLE_TYPE(PaprTceTable, PAPR_TCE_TABLE)

typedef struct PaprIommu PaprIommu;
typedef struct PaprHcallTable PaprHcallTable;

/*
 * LIOBNs: part of the guest's device tree and of streams.  A host bridge has
 * two windows at most.
 */
#define PAPR_LIOBN_PCI(phb, window) (0x80000000u | (phb) << 8 | (window))
#define PAPR_LIOBN_VIO(reg)         (reg)

#define PAPR_TCE_PAGE_SHIFT 12          /* of the windows there are at boot */

/** papr_iommu_new: the partition's tables, and the calls that fill them */
PaprIommu *papr_iommu_new(PaprHcallTable *hcalls);

/**
 * papr_tce_new - a table, yet without a window
 * @owner: its parent object
 * @liobn: not in use by another table
 *
 * To be freed by papr_tce_free().  Streams have the table from now on.
 */
PaprTceTable *papr_tce_new(PaprIommu *iommu, Object *owner, uint32_t liobn,
                           Error **errp);
void papr_tce_free(PaprTceTable *tcet);

/** PaprTceWindow: what a table maps; @pages is 0 when it has no window */
typedef struct PaprTceWindow {
    uint64_t bus_addr;                  /* first I/O address, in bytes */
    uint64_t pages;                     /* entries */
    uint32_t page_shift;                /* log2 of an I/O page's bytes */
} PaprTceWindow;

/**
 * papr_tce_enable - give the table its window, with nothing mapped
 *
 * Fails, with nothing changed, when there is no memory for it or the window
 * does not fit in 64 bits.
 */
bool papr_tce_enable(PaprTceTable *tcet, const PaprTceWindow *window,
                     Error **errp);
/** papr_tce_disable: unmap all and remove the window, if there is one */
void papr_tce_disable(PaprTceTable *tcet);
/** papr_tce_clear: unmap all and keep the window; for a reset */
void papr_tce_clear(PaprTceTable *tcet);

/**
 * papr_tce_windows_wait: number of removed windows, of all tables, that are not
 * freed yet
 *
 * To be checked before a guest's call creates another window.
 */
unsigned papr_tce_windows_wait(void);

const PaprTceWindow *papr_tce_window(const PaprTceTable *tcet);
uint32_t papr_tce_liobn(const PaprTceTable *tcet);

/** papr_tce_set_bypass: I/O addresses are guest addresses, not translated */
void papr_tce_set_bypass(PaprTceTable *tcet, bool bypass);

/**
 * papr_tce_region - what device DMA goes through
 *
 * A container of the whole 64-bit I/O address space, to be put at 0; it has
 * the window at its bus address while there is one.
 */
MemoryRegion *papr_tce_region(PaprTceTable *tcet);

#endif
