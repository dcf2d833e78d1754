/*
 * pSeries platform: capabilities of the machine (cap-* options)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_CAPS_H
#define HW_PSERIES_CAPS_H

#include "migration/vmstate.h"
#include "qom/object.h"
#include "target/ppc/cpu-qom.h"

/* In the order, and with the values, of migration streams */
typedef enum PaprCap {
    PAPR_CAP_HTM,
    PAPR_CAP_VSX,
    PAPR_CAP_DFP,
    PAPR_CAP_CFPC,
    PAPR_CAP_SBBC,
    PAPR_CAP_IBS,
    PAPR_CAP_HPT_MAXPAGESIZE,
    PAPR_CAP_NESTED_KVM_HV,
    PAPR_CAP_LARGE_DECREMENTER,
    PAPR_CAP_CCF_ASSIST,
    PAPR_CAP_FWNMI,
    PAPR_CAP_RPT_INVALIDATE,
    PAPR_CAP_AIL_MODE_3,
    PAPR_CAP_NESTED_PAPR,
    PAPR_CAP_DAWR1,
    PAPR_CAP_NUM,
} PaprCap;

/* Values of cap-cfpc, cap-sbbc and cap-ibs */
enum {
    PAPR_CAP_BROKEN = 0,
    PAPR_CAP_WORKAROUND = 1,
    PAPR_CAP_FIXED = 2,                 /* cfpc, sbbc */
    PAPR_CAP_FIXED_IBS = 2,             /* indirect branches serialised */
    PAPR_CAP_FIXED_CCD = 3,             /* count cache disabled */
    PAPR_CAP_FIXED_NA = 4,              /* not vulnerable */
};

/**
 * PaprCaps - the engine's state
 * @def: of the machine version, @eff: in force, @mig: the migration source's;
 * @set: which the user set explicitly
 */
typedef struct PaprCaps {
    uint8_t def[PAPR_CAP_NUM];
    uint8_t eff[PAPR_CAP_NUM];
    uint8_t mig[PAPR_CAP_NUM];
    bool set[PAPR_CAP_NUM];
} PaprCaps;

static inline uint8_t papr_cap(const PaprCaps *caps, PaprCap cap)
{
    return caps->eff[cap];
}

#endif
