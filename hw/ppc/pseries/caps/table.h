/*
 * pSeries platform: the capability table (private to caps/)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_CAPS_TABLE_H
#define HW_PPC_PSERIES_CAPS_TABLE_H

#include "hw/pseries/caps.h"
#include "target/ppc/cpu.h"

typedef enum PaprCapKind {
    PAPR_CAP_SWITCH,                    /* on or off */
    PAPR_CAP_LEVELS,                    /* named levels, in rising order */
    PAPR_CAP_PAGE_SIZE,                 /* log2 of a size in bytes */
} PaprCapKind;

/**
 * PaprCapInfo - one row
 * @name: the option is cap-@name
 * @levels: names, for PAPR_CAP_LEVELS, NULL at the end
 * @initial: default of the current machine version
 * @min_pvr: logical PVR below which the default is 0; 0: for all CPUs
 * @offered: the highest level that accelerator and CPU have; where it is
 *           less than what was asked for, @why is set to the reason
 */
typedef struct PaprCapInfo {
    const char *name;
    const char *description;
    PaprCapKind kind;
    const char *const *levels;
    uint8_t initial;
    uint32_t min_pvr;
    uint8_t (*offered)(const PaprCapsHost *host, const char **why);
} PaprCapInfo;

extern const PaprCapInfo papr_cap_table[PAPR_CAP_NUM];

#endif
