/*
 * pSeries platform: levels of capabilities, as migration streams have them
 *
 * Numbers only, for code that is linked into unit tests.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_CAP_LEVELS_H
#define HW_PSERIES_CAP_LEVELS_H

/* Values of cap-cfpc, cap-sbbc and cap-ibs */
enum {
    PAPR_CAP_BROKEN = 0,
    PAPR_CAP_WORKAROUND = 1,
    PAPR_CAP_FIXED = 2,                 /* cfpc, sbbc */
    PAPR_CAP_FIXED_IBS = 2,             /* indirect branches serialised */
    PAPR_CAP_FIXED_CCD = 3,             /* count cache disabled */
    PAPR_CAP_FIXED_NA = 4,              /* not vulnerable */
};

#endif
