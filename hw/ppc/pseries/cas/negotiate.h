/*
 * pSeries platform: negotiation of client-architecture-support (CAS)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_CAS_NEGOTIATE_H
#define HW_PPC_PSERIES_CAS_NEGOTIATE_H

#include "hw/pseries/cas.h"

/* Largest structure that is looked at: PVR list, count, vectors 1 to 5 */
#define PAPR_CAS_PVRS_MAX   512
#define PAPR_CAS_BYTES_MAX  (PAPR_CAS_PVRS_MAX * 8 + 1 + 5 * PAPR_OVEC_BYTES)

/**
 * PaprCasCpu - the processor
 * @pvr: value of the processor version register
 * @compat_ok: can it be in compatibility mode @logical_pvr, and is that at
 *             least @at_least (0: any) and at most max-cpu-compat?
 */
typedef struct PaprCasCpu {
    uint32_t pvr;
    bool (*compat_ok)(uint32_t logical_pvr, uint32_t at_least, void *opaque);
    void *opaque;
} PaprCasCpu;

/**
 * PaprCasResult - what is agreed
 * @compat_pvr: compatibility mode of the processors, 0 for none
 * @raw_ok: the guest knows the processor: no compatibility mode is needed
 * @fixed_hpt: the guest can't resize its hash page table
 * @ov5: what both sides support
 * @why: for the user, if refused
 */
typedef struct PaprCasResult {
    uint32_t compat_pvr;
    bool raw_ok;
    bool radix;
    bool xive;
    bool before_isa3;
    bool fixed_hpt;
    PaprOvec ov5;
    char why[240];
} PaprCasResult;

/**
 * papr_cas_negotiate - pure: nothing but @result is changed
 * @buf: the guest's structure; @size may include bytes after its end
 *
 * Returns H_SUCCESS, or the code that the guest gets.
 */
int64_t papr_cas_negotiate(const PaprCasOffer *offer, const PaprNuma *numa,
                           const PaprCasCpu *cpu, const uint8_t *buf,
                           size_t size, PaprCasResult *result);

#endif
