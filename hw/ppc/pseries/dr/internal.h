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
    PaprDrcStatus st;
};

/*
 * The position of ibm,configure-connector in a device's tree.  It is kept only
 * for the connector of the last call, since guests configure one at a time.  It
 * is not in streams, as it is found again from the guest's work area.
 */
typedef struct PaprDrcWalk {
    const PaprDrc *drc;                 /* or NULL */
    void *tree;
    int offset;
    int depth;
    uint32_t step;                      /* steps done so far */
} PaprDrcWalk;

/* A connector as its section in a stream has it */
typedef struct PaprDrcSaved {
    PaprDrc *drc;
    uint32_t state;
    bool unplug_requested;
} PaprDrcSaved;

/* Notified of the progress of migrations in one mode (MigMode) */
typedef struct PaprDrStreams {
    NotifierWithReturn notifier;
    PaprDr *dr;
} PaprDrStreams;

struct PaprDr {
    /* PaprDrcRun, by type; each array in order of ids */
    GPtrArray *runs[PAPR_DRC_TYPES];
    PaprDrcWalk walk;
    PaprDrcSaved saved;                 /* the one being saved or loaded */
    GQueue to_remove;                   /* hidden PaprDrcGroups, oldest first */
    QEMUTimer *removal_timer;
    PaprDrStreams streams[MIG_MODE__MAX];
    bool loaded_released;       /* the loaded stream has released devices */
};

/**
 * papr_drc_set - the guest sets an indicator
 *
 * Returns an RTAS status.  This can remove the device, and @drc with it.
 */
int32_t papr_drc_set(PaprDrc *drc, PaprDrcSet *set, uint32_t value);

/** papr_drc_drop_walk: the next ibm,configure-connector builds a new tree */
void papr_drc_drop_walk(PaprDr *dr);

/**
 * papr_dr_next_unsettled - the first connector, from index @index on, that has
 * a device and is not papr_drc_settled(); NULL if there is none
 */
PaprDrc *papr_dr_next_unsettled(PaprDr *dr, uint32_t index);

/**
 * papr_dr_hide_released - hide devices that are released in a loaded stream
 *
 * papr_dr_remove_released() removes them later.
 */
void papr_dr_hide_released(PaprDr *dr);

/* removal.c */
/** papr_dr_in_stream: is a stream saved or loaded that has @dev? */
bool papr_dr_in_stream(const DeviceState *dev);

/** papr_dr_schedule_removal: of hidden devices, by the main loop */
void papr_dr_schedule_removal(PaprDr *dr);

/** papr_dr_defer_removal: true if a stream forbids removal; retried later */
bool papr_dr_defer_removal(PaprDr *dr);

/** papr_dr_watch_streams: schedule removal when a migration ends */
void papr_dr_watch_streams(PaprDr *dr);

/* vmstate.c */
void papr_dr_register_vmstate(PaprDr *dr);

/* rtas.c */
void papr_dr_register_rtas(PaprDr *dr, PaprRtas *rtas);

#endif
