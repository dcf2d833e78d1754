/*
 * pSeries platform: persistent memory (private to pmem/)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_PMEM_INTERNAL_H
#define HW_PPC_PSERIES_PMEM_INTERNAL_H

#include "hw/pseries/pmem.h"

struct PaprPmem {
    PaprDr *dr;
    uint32_t slots;
};

/** papr_nvdimm_size: bytes, without the labels */
uint64_t papr_nvdimm_size(NVDIMMDevice *nvdimm);

/**
 * papr_nvdimm_flush_required - is the guest told to call H_SCM_FLUSH?
 *
 * No for "nvdimm", and for memory whose writes persist without a flush.
 */
bool papr_nvdimm_flush_required(NVDIMMDevice *nvdimm);

/**
 * papr_nvdimm_flush - H_SCM_FLUSH
 * @token: 0 to start a flush, else the token of a flush; set to what the guest
 *         has to pass next
 *
 * Never waits.  H_SUCCESS, H_HARDWARE, H_BUSY (too many flushes run),
 * H_LONG_BUSY_10_MS (runs), H_PARAMETER, H_P2, H_UNSUPPORTED.
 */
int64_t papr_nvdimm_flush(NVDIMMDevice *nvdimm, uint64_t *token);

/** papr_nvdimm_reset: drop all results; flushes that run are abandoned */
void papr_nvdimm_reset(NVDIMMDevice *nvdimm);

#endif
