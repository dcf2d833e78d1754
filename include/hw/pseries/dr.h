/*
 * pSeries platform: dynamic reconfiguration connectors (DRC)
 *
 * A connector stands for a place where a resource can be: a CPU core, a 256 MiB
 * logical memory block (LMB), a PCI host bridge (PHB), a PCI slot.  The
 * connector alone owns the state of a hotplug or unplug.  LoPAR chapter 13.
 *
 * Context: the BQL held, for all of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_DR_H
#define HW_PSERIES_DR_H

#include "hw/pseries/dt.h"

/* hw/pseries/rtas.h */
typedef struct PaprRtas PaprRtas;

typedef struct PaprDr PaprDr;
typedef struct PaprDrc PaprDrc;

/* Type in bits 31-28 of a DRC index; position in bits 27-0 */
typedef enum PaprDrcType {
    PAPR_DRC_CPU = 1,
    PAPR_DRC_PHB = 2,
    PAPR_DRC_VIO = 3,
    PAPR_DRC_PCI = 4,
    PAPR_DRC_LMB = 8,
    PAPR_DRC_PMEM = 9,
} PaprDrcType;

/** PaprDrcOps - what a connector's kind needs from the layer above */
typedef struct PaprDrcOps {
    /* the guest has released @dev: take it out */
    void (*release)(DeviceState *dev, void *opaque);
    /* release() waits for threads of vCPUs: in the main loop only */
    bool in_main_loop;
    /*
     * @dev is taken out later, and until then no guest must find it.  NULL: it
     * can't, as the connector is empty.
     */
    void (*leave)(DeviceState *dev, void *opaque);
    /* can @dev never be unplugged?  NULL: it can */
    bool (*stays)(DeviceState *dev, void *opaque);
    /* can the guest not release @dev yet?  NULL: it always can */
    bool (*in_use)(DeviceState *dev, void *opaque);
    /* write @dev's node for configure-connector: begins and ends it itself */
    bool (*fill_dt)(PaprDrc *drc, DeviceState *dev, PaprDt *dt, void *opaque,
                    Error **errp);
} PaprDrcOps;

PaprDr *papr_dr_new(PaprRtas *rtas);

/**
 * papr_dr_is_hotplug - is @dev plugged while a guest runs?
 *
 * Then the guest is notified.  It is not of devices of the command line, nor of
 * those that are plugged before a stream is loaded: that has the states of
 * their connectors.
 */
bool papr_dr_is_hotplug(const DeviceState *dev);

/**
 * papr_dr_add - a run of @count connectors of @type
 * @first: the first one's id; the others follow each @stride above the last
 *
 * Runs of a type don't overlap.
 */
void papr_dr_add(PaprDr *dr, PaprDrcType type, uint32_t first, uint32_t stride,
                 uint32_t count, const PaprDrcOps *ops, void *opaque);

/**
 * papr_dr_remove - the runs of @type that begin at ids @first to @last go
 *
 * Where they are goes away itself: a bus with its bridge.  What is still behind
 * a connector is forgotten, not released.
 */
void papr_dr_remove(PaprDr *dr, PaprDrcType type, uint32_t first,
                    uint32_t last);

/** papr_dr_find: by type and id, in O(log runs); NULL if there is none */
PaprDrc *papr_dr_find(PaprDr *dr, PaprDrcType type, uint32_t id);
PaprDrc *papr_dr_find_index(PaprDr *dr, uint32_t index);
uint32_t papr_drc_index(const PaprDrc *drc);
uint32_t papr_drc_id(const PaprDrc *drc);

/**
 * papr_dr_attach - @dev is behind @count connectors in a row
 * @first: the id of the first
 * @cold: no guest runs yet
 *
 * They all belong to the device from then on: any of them stands for it below.
 * Fails, with nothing done, if one is missing or has a device already.
 */
bool papr_dr_attach(PaprDr *dr, PaprDrcType type, uint32_t first,
                    uint32_t count, DeviceState *dev, bool cold, Error **errp);

/** papr_drc_attach: @dev is behind this connector alone */
bool papr_drc_attach(PaprDrc *drc, DeviceState *dev, bool cold, Error **errp);

/**
 * papr_drc_unplug_request - the user wants the device back
 *
 * Released at once if the guest never took it or has released it already;
 * papr_drc_device() then is NULL.  Else the guest must be asked by an event; it
 * is released when the guest has released it at all of its connectors.  If the
 * guest says of one of them that it keeps the device the request is off, and
 * the user is told by DEVICE_UNPLUG_GUEST_ERROR.
 */
void papr_drc_unplug_request(PaprDrc *drc);

/** papr_drc_unplug_requested: and not yet settled */
bool papr_drc_unplug_requested(const PaprDrc *drc);

/** papr_drc_device: what is behind the connector and not leaving, or NULL */
DeviceState *papr_drc_device(const PaprDrc *drc);

/** papr_drc_is_taken: the guest has it: unisolated, or configured too */
bool papr_drc_is_taken(const PaprDrc *drc);

/**
 * papr_dr_reset - requested unplugs happen, all other devices are configured
 *
 * Those that can't be taken out now leave: see papr_dr_take_out_leaving().
 */
void papr_dr_reset(PaprDr *dr);

/**
 * papr_dr_take_out_leaving - devices that leave go now
 *
 * Those whose kind is taken out in the main loop, and those that were to go
 * while a stream was made.  In the main loop's thread, outside of walks of
 * devices or handlers; may release the BQL.
 */
void papr_dr_take_out_leaving(PaprDr *dr);

/**
 * papr_dr_before_load - a snapshot is about to be loaded
 *
 * All devices are configured: what is otherwise the stream tells.  Requests are
 * forgotten, as they were made of a guest that is no more.
 */
void papr_dr_before_load(PaprDr *dr);

/**
 * papr_dr_dt - "ibm,drc-indexes", "-names", "-types", "-power-domains" of the
 * open node
 * @types: a set, PAPR_DRC_SET(PAPR_DRC_CPU) | ...; a node has each of these
 *         properties once, and the root has connectors of several types
 */
#define PAPR_DRC_SET(type) (1u << (type))
void papr_dr_dt(PaprDr *dr, PaprDt *dt, uint32_t types);

/** papr_dr_dt_run: likewise, of the one run that begins at @first */
void papr_dr_dt_run(PaprDr *dr, PaprDt *dt, PaprDrcType type, uint32_t first);

#endif
