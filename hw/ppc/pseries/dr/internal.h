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
#include "qapi/qapi-types-migration.h"
#include "qemu/notify.h"
#include "group.h"
#include "state.h"

#define PAPR_DRC_TYPES 16

/* A run of connectors of one type and owner, with evenly spaced ids */
typedef struct PaprDrcRun {
    PaprDr *dr;
    PaprDrcType type;
    uint32_t first;
    uint32_t stride;
    uint32_t count;
    uint32_t n_groups;                  /* devices behind them */
    const PaprDrcOps *ops;
    void *opaque;
    PaprDrc *drcs;
} PaprDrcRun;

/* A machine with maxmem=32T has 131072 of these: keep it small */
struct PaprDrc {
    PaprDrcRun *run;
    PaprDrcGroup *group;                /* the device; NULL: empty */
    uint32_t id;
    PaprDrcCore core;
};

/*
 * Where ibm,configure-connector is in a device's tree: of the connector that
 * was walked last, since guests walk one at a time.  Not in streams: found
 * again from the guest's work area.
 */
typedef struct PaprDrcWalk {
    const PaprDrc *drc;                 /* or NULL */
    void *tree;
    int offset;
    int depth;
    uint32_t step;                      /* answers given so far */
} PaprDrcWalk;

/* A connector as its section in a stream has it */
typedef struct PaprDrcSaved {
    PaprDrc *drc;
    uint32_t state;
    bool unplug_requested;
} PaprDrcSaved;

/* Told of what becomes of streams that are made in one mode (MigMode) */
typedef struct PaprDrStreams {
    NotifierWithReturn notifier;
    PaprDr *dr;
} PaprDrStreams;

struct PaprDr {
    /* PaprDrcRun, by type; each array in order of ids */
    GPtrArray *runs[PAPR_DRC_TYPES];
    PaprDrcWalk walk;
    PaprDrcSaved saved;                 /* the one being saved or loaded */
    GQueue leaving;                     /* PaprDrcGroup, the first one first */
    QEMUTimer *take_out;                /* of those */
    PaprDrStreams streams[MIG_MODE__MAX];
    bool loaded_back;                   /* a stream has some given back */
};

/**
 * papr_drc_set - the guest sets an indicator
 *
 * Returns an RTAS status.  The device may be gone then, and @drc with it.
 */
int32_t papr_drc_set(PaprDrc *drc, PaprDrcSet *set, uint32_t value);

/** papr_drc_drop_walk: the next ibm,configure-connector builds a new tree */
void papr_drc_drop_walk(PaprDr *dr);

/**
 * papr_dr_next_unsettled - the first connector, from index @index on, that has
 * a device which is not simply in use; NULL if there is none
 */
PaprDrc *papr_dr_next_unsettled(PaprDr *dr, uint32_t index);

/**
 * papr_dr_leave_as_loaded - devices that a stream says are given back leave
 *
 * They are taken out by papr_dr_take_out_leaving() later.
 */
void papr_dr_leave_as_loaded(PaprDr *dr);

/* leaving.c */
/** papr_dr_must_stay: a stream is under way that has @dev */
bool papr_dr_must_stay(const DeviceState *dev);

/** papr_dr_take_out_soon: as soon as the main loop can, and a stream allows */
void papr_dr_take_out_soon(PaprDr *dr);

/** papr_dr_take_out_later: false if now is the time; otherwise, asked again */
bool papr_dr_take_out_later(PaprDr *dr);

/** papr_dr_watch_streams: papr_dr_take_out_soon() when one has been made */
void papr_dr_watch_streams(PaprDr *dr);

/* vmstate.c */
void papr_dr_register_vmstate(PaprDr *dr);

/* rtas.c */
void papr_dr_register_rtas(PaprDr *dr, PaprRtas *rtas);

#endif
