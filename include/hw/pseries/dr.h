/*
 * pSeries platform: dynamic reconfiguration connectors (DRC)
 *
 * A connector stands for a place where a resource can be: a CPU core, a 256 MiB
 * logical memory block (LMB), a PCI host bridge (PHB), a PCI slot.  It has the
 * state of the resource's plug or unplug.  LoPAR chapter 13.
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

/** PaprDrcOps - operations of a kind of connector, by the layer above */
typedef struct PaprDrcOps {
    /* the guest has released @dev: unplug it, and remove it from QEMU */
    void (*remove)(DeviceState *dev, void *opaque);
    /* remove() waits for vCPUs' threads, so only the main loop calls it */
    bool in_main_loop;
    /*
     * The guest has released @dev, which is removed later.  It is hidden until
     * then: the guest's calls and device trees don't have it.  NULL: nothing is
     * to be done, since the connector is empty for the guest.
     */
    void (*hide)(DeviceState *dev, void *opaque);
    /* can @dev never be unplugged?  NULL: it can */
    bool (*permanent)(DeviceState *dev, void *opaque);
    /* is @dev in use, so that the guest can't release it?  NULL: never */
    bool (*in_use)(DeviceState *dev, void *opaque);
    /* write @dev's node for configure-connector: begins and ends it itself */
    bool (*fill_dt)(PaprDrc *drc, DeviceState *dev, PaprDt *dt, void *opaque,
                    Error **errp);
} PaprDrcOps;

PaprDr *papr_dr_new(PaprRtas *rtas);

/**
 * papr_dr_is_hotplug - is @dev plugged while a guest runs?
 *
 * If so, the guest is notified.  It is not notified of devices of the command
 * line, nor of devices that are plugged before a stream is loaded: the stream
 * has the states of their connectors.
 */
bool papr_dr_is_hotplug(const DeviceState *dev);

/**
 * papr_dr_add - a run of @count connectors of @type
 * @first: id of the first one; @stride: difference between neighbours' ids
 *
 * Runs of a type don't overlap.
 */
void papr_dr_add(PaprDr *dr, PaprDrcType type, uint32_t first, uint32_t stride,
                 uint32_t count, const PaprDrcOps *ops, void *opaque);

/**
 * papr_dr_remove_connectors - remove the runs of @type that begin at ids @first
 * to @last
 *
 * For connectors of a bus that is removed with its bridge.  Devices that are
 * still attached to the connectors are not removed.
 */
void papr_dr_remove_connectors(PaprDr *dr, PaprDrcType type, uint32_t first,
                               uint32_t last);

/** papr_dr_find: by type and id, in O(log runs); NULL if there is none */
PaprDrc *papr_dr_find(PaprDr *dr, PaprDrcType type, uint32_t id);
PaprDrc *papr_dr_find_index(PaprDr *dr, uint32_t index);
uint32_t papr_drc_index(const PaprDrc *drc);
uint32_t papr_drc_id(const PaprDrc *drc);

/**
 * papr_dr_attach - attach @dev to @count consecutive connectors
 * @first: the id of the first
 * @cold: not papr_dr_is_hotplug(): the connectors are configured
 *
 * The functions below take any of these connectors for the device.  Fails, with
 * nothing done, if one does not exist or has a device already.
 */
bool papr_dr_attach(PaprDr *dr, PaprDrcType type, uint32_t first,
                    uint32_t count, DeviceState *dev, bool cold, Error **errp);

/** papr_drc_attach: attach @dev to this connector alone */
bool papr_drc_attach(PaprDrc *drc, DeviceState *dev, bool cold, Error **errp);

/**
 * papr_drc_unplug_request - the user requests the unplug of the device
 *
 * The device is released at once if the guest never configured it or has
 * released it already; papr_drc_device() then is NULL.  Else the caller sends
 * the guest an event, and the device is released when the guest has released
 * all of its connectors.  If the guest refuses at one of them the request ends,
 * with DEVICE_UNPLUG_GUEST_ERROR for the user.
 */
void papr_drc_unplug_request(PaprDrc *drc);

/** papr_drc_unplug_requested: requested, and neither done nor refused */
bool papr_drc_unplug_requested(const PaprDrc *drc);

/** papr_drc_device: the device, unless the guest has released it; or NULL */
DeviceState *papr_drc_device(const PaprDrc *drc);

/** papr_drc_is_unisolated: the guest uses it: unisolated or configured */
bool papr_drc_is_unisolated(const PaprDrc *drc);

/**
 * papr_dr_reset - remove devices whose unplug is requested, configure all
 * others
 *
 * Those that can't be removed now are hidden: see papr_dr_remove_released().
 */
void papr_dr_reset(PaprDr *dr);

/**
 * papr_dr_remove_released - remove the devices that are hidden
 *
 * These are devices of kinds that are removed in the main loop, and devices
 * that were released while a stream was saved or loaded.  Context: the main
 * loop's thread, outside of walks of devices or handlers; may release the BQL.
 */
void papr_dr_remove_released(PaprDr *dr);

/**
 * papr_dr_before_load - a snapshot is about to be loaded
 *
 * All devices are configured, and no unplug is requested; the stream has other
 * states.
 */
void papr_dr_before_load(PaprDr *dr);

/**
 * papr_dr_dt - "ibm,drc-indexes", "-names", "-types", "-power-domains" of the
 * open node
 * @types: a set, PAPR_DRC_SET(PAPR_DRC_CPU) | ...; the root node has connectors
 *         of several types in each property
 */
#define PAPR_DRC_SET(type) (1u << (type))
void papr_dr_dt(PaprDr *dr, PaprDt *dt, uint32_t types);

/** papr_dr_dt_run: likewise, of the one run that begins at @first */
void papr_dr_dt_run(PaprDr *dr, PaprDt *dt, PaprDrcType type, uint32_t first);

#endif
