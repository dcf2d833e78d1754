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
 * @advice: a guest runs whatever the level; it only protects itself less than
 *          it could, or in vain
 * @in_tcg, @in_kvm: the highest level that accelerator and CPU have; where it
 *          is less than what was asked for, @why is set to the reason
 */
typedef struct PaprCapInfo {
    const char *name;
    const char *description;
    PaprCapKind kind;
    const char *const *levels;
    uint8_t initial;
    uint32_t min_pvr;
    bool advice;
    uint8_t (*in_tcg)(const PaprCapsHost *host, const char **why);
    uint8_t (*in_kvm)(const PaprCapsHost *host, const char **why);
} PaprCapInfo;

/* log2 of the largest page of a hash page table, 16 GiB */
#define PAPR_PAGE_SHIFT_MAX 34

extern const PaprCapInfo papr_cap_table[PAPR_CAP_NUM];

/* cpu.c */
const PowerPCCPUClass *papr_caps_cpu_class(const PaprCapsHost *host);
/* Can a guest run as the processor @logical_pvr, or as a later one? */
bool papr_caps_cpu_reaches(const PaprCapsHost *host, uint32_t logical_pvr);

#endif
