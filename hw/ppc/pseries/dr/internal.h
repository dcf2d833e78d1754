/*
 * pSeries platform: connectors (private to dr/)
 *
 * All of it with the BQL held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_DR_INTERNAL_H
#define HW_PPC_PSERIES_DR_INTERNAL_H

#include "hw/pseries/dr.h"
#include "state.h"

#define PAPR_DRC_TYPES 16

/* A run of connectors of one type and owner, with evenly spaced ids */
typedef struct PaprDrcRun {
    PaprDrcType type;
    uint32_t first;
    uint32_t stride;
    uint32_t count;
    const PaprDrcOps *ops;
    void *opaque;
    PaprDrc *drcs;
} PaprDrcRun;

struct PaprDrc {
    const PaprDrcRun *run;
    uint32_t id;
    PaprDrcCore core;
    DeviceState *dev;

    /*
     * Where ibm,configure-connector is in the device's tree.  Not in streams:
     * found again from the guest's work area.
     */
    void *tree;
    int offset;
    int depth;
    uint32_t step;                      /* answers given so far */
};

struct PaprDr {
    /* PaprDrcRun, by type; each array in order of ids */
    GPtrArray *runs[PAPR_DRC_TYPES];
};

/** papr_drc_apply: do what a change of state asks for */
void papr_drc_apply(PaprDrc *drc, PaprDrcEffect effect);

/** papr_drc_drop_tree: the next ibm,configure-connector builds it again */
void papr_drc_drop_tree(PaprDrc *drc);

/* rtas.c */
void papr_dr_register_rtas(PaprDr *dr, PaprRtas *rtas);

#endif
