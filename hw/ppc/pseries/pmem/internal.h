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
 * papr_nvdimm_flush_required - the guest is to call H_SCM_FLUSH
 *
 * What it has written may be in the host's memory only.
 */
bool papr_nvdimm_flush_required(NVDIMMDevice *nvdimm);

/**
 * papr_nvdimm_flush - H_SCM_FLUSH
 * @token: 0 to begin, else of the flush that is asked about; then what the
 *         guest has to give next time
 *
 * Never waits.  H_SUCCESS, H_HARDWARE, H_BUSY (too many flushes run),
 * H_LONG_BUSY_10_MS (runs), H_PARAMETER, H_P2, H_UNSUPPORTED.
 */
int64_t papr_nvdimm_flush(NVDIMMDevice *nvdimm, uint64_t *token);

/** papr_nvdimm_reset: forgets all flushes; those that run go on, unasked for */
void papr_nvdimm_reset(NVDIMMDevice *nvdimm);

#endif
