/*
 * pSeries platform: persistent memory (NVDIMM) as the guest sees it
 *
 * A module is a node "ibm,pmemory" with a connector of its own, one a memory
 * slot, and is used by the hypercalls H_SCM_*: Linux's
 * Documentation/arch/powerpc/papr_hcalls.rst.  LoPAR has none of it.
 *
 * Context: the BQL (big QEMU lock) held, for all of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_PMEM_H
#define HW_PSERIES_PMEM_H

#include "hw/mem/nvdimm.h"
#include "hw/pseries/dr.h"
#include "hw/pseries/dt.h"
#include "hw/pseries/hcall.h"
#include "hw/pseries/numa.h"
#include "qemu/units.h"

/* QOM type: a module whose guest says when data must have reached the file */
#define TYPE_PAPR_NVDIMM "spapr-nvdimm"

/* Modules consist of blocks of this size, as ordinary memory does */
#define PAPR_PMEM_BLOCK (256 * MiB)

typedef struct PaprPmem PaprPmem;

/**
 * papr_pmem_new - the hypercalls about persistent memory
 * @slots: connectors 0 to @slots - 1 of type PMEM are there, or will be
 */
PaprPmem *papr_pmem_new(PaprHcallTable *hcalls, PaprDr *dr, uint32_t slots);

/** papr_pmem_reset: drop results; running flushes finish without one */
void papr_pmem_reset(PaprPmem *pmem);

/**
 * papr_pmem_check - can @nvdimm, of @size bytes without labels, be a module?
 *
 * Whole blocks, with labels and a UUID; for a TYPE_PAPR_NVDIMM in a file.
 */
bool papr_pmem_check(NVDIMMDevice *nvdimm, uint64_t size, Error **errp);

/** papr_pmem_dt: /ibm,persistent-memory with all modules */
void papr_pmem_dt(PaprPmem *pmem, const PaprNuma *numa, PaprDt *dt);

/** papr_pmem_node: the node of the module behind @drc */
void papr_pmem_node(PaprDrc *drc, const PaprNuma *numa, PaprDt *dt);

#endif
