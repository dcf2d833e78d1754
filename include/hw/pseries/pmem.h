/*
 * pSeries platform: persistent memory (NVDIMM) as the guest sees it
 *
 * Each memory slot has a connector.  The module in a slot is a node
 * "ibm,pmemory", and the guest uses it by the hypercalls H_SCM_*: Linux's
 * Documentation/arch/powerpc/papr_hcalls.rst.  LoPAR does not describe them.
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

/* QOM type: a module whose guest flushes data to the file (H_SCM_FLUSH) */
#define TYPE_PAPR_NVDIMM "spapr-nvdimm"

/* Modules consist of blocks of this size, as ordinary memory does */
#define PAPR_PMEM_BLOCK (256 * MiB)

typedef struct PaprPmem PaprPmem;

/**
 * papr_pmem_new - the hypercalls about persistent memory
 * @slots: the connectors of type PMEM are 0 to @slots - 1
 */
PaprPmem *papr_pmem_new(PaprHcallTable *hcalls, PaprDr *dr, uint32_t slots);

/** papr_pmem_reset: drop flushes' results; running ones finish without */
void papr_pmem_reset(PaprPmem *pmem);

/**
 * papr_pmem_check - can @nvdimm, of @size bytes without labels, be a module?
 *
 * It must be whole blocks, with labels and a UUID; a TYPE_PAPR_NVDIMM must be
 * in a file.
 */
bool papr_pmem_check(NVDIMMDevice *nvdimm, uint64_t size, Error **errp);

/** papr_pmem_dt: /ibm,persistent-memory with all modules */
void papr_pmem_dt(PaprPmem *pmem, const PaprNuma *numa, PaprDt *dt);

/** papr_pmem_node: the node of the module behind @drc */
void papr_pmem_node(PaprDrc *drc, const PaprNuma *numa, PaprDt *dt);

#endif
