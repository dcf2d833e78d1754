/*
 * A guest's part in dynamic reconfiguration, for qtests
 *
 * The test acts as the guest: it fetches events, changes the state of
 * connectors, and walks the nodes of their devices (ibm,configure-connector).
 * The RTAS calls use the memory at DR_AREA.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_QTEST_PSERIES_LIBDR_H
#define TESTS_QTEST_PSERIES_LIBDR_H

#include "libpapr.h"

/* Work area of ibm,configure-connector; then the log from check-exception */
#define DR_AREA PAPR_TEST_RAM
#define DR_AREA_BYTES 4096
#define DR_LOG (DR_AREA + DR_AREA_BYTES)
#define DR_LOG_BYTES 2048
/* These functions use the RAM from DR_AREA up to here */
#define DR_RAM_END (DR_LOG + DR_LOG_BYTES)

/* dr_cas() also uses these 2 MiB */
#define DR_CAS_REPLY (DR_RAM_END + 0x1000)
#define DR_CAS_REPLY_BYTES 0x200000

/* Indicators and the sensor of a connector */
#define DR_ISOLATION 9001
#define DR_LIGHT 9002
#define DR_ALLOCATION 9003
#define DR_ENTITY_SENSE 9003
enum { DR_EMPTY, DR_PRESENT, DR_UNUSABLE };

/* What ibm,configure-connector returns */
enum { DR_COMPLETE, DR_CHILD = 2, DR_PROPERTY, DR_PARENT };
#define DR_NOT_CONFIGURABLE (-9003)

/* Fields of a hotplug event: resource type, action, type of identifier */
enum { DR_CPU = 1, DR_MEMORY, DR_PHB = 4, DR_PCI, DR_PMEM };
enum { DR_ADD = 1, DR_REMOVE };
enum { DR_BY_INDEX = 2, DR_BY_COUNT, DR_BY_COUNT_INDEX };

/**
 * dr_cas - client-architecture-support, as Linux calls it
 *
 * Returns the device tree that it replies with; to be freed.
 */
void *dr_cas(QTestState *qts);

int32_t dr_isolate(QTestState *qts, uint32_t drc);
int32_t dr_unisolate(QTestState *qts, uint32_t drc);
int32_t dr_allocate(QTestState *qts, uint32_t drc, bool usable);
/** dr_sense_is: the connector exists; its sensor's state is @expected */
void dr_sense_is(QTestState *qts, uint32_t drc, uint32_t expected);

/** dr_fetch_event: check-exception with all event classes; log at DR_LOG */
int32_t dr_fetch_event(QTestState *qts);
void dr_no_event(QTestState *qts);
/**
 * dr_event_is: the next event is of this kind
 * @first: index, or count
 */
void dr_event_is(QTestState *qts, uint8_t resource, uint8_t action, uint8_t by,
                 uint32_t first);
/** dr_event_index: index of the last event, which is by count and index */
uint32_t dr_event_index(QTestState *qts);

/** dr_start_walk: the next dr_configure() begins the walk of @drc's node */
void dr_start_walk(QTestState *qts, uint32_t drc);
/** dr_configure: one step of ibm,configure-connector */
int32_t dr_configure(QTestState *qts);
/** dr_area_string: the string at the offset in the area's cell @cell */
char *dr_area_string(QTestState *qts, unsigned cell);
/** dr_area_name: the name of the node or property of the last step */
char *dr_area_name(QTestState *qts);
/** dr_area_value: the bytes of the property of the last step */
GBytes *dr_area_value(QTestState *qts);

/**
 * dr_walk - continue the walk to its end
 *
 * Returns: properties by path as "scsi@2/reg", nodes with an empty value as
 * "scsi@2".  If the first step was done before the call, the properties of the
 * node that the walk is at are returned as "/reg".
 */
GHashTable *dr_walk(QTestState *qts);
/** dr_cells: cells of a property that must be there; *@n is how many */
const uint32_t *dr_cells(GHashTable *found, const char *path, size_t *n);
/** dr_cell: one cell of a property, which must have it; host endian */
uint32_t dr_cell(GHashTable *found, const char *path, unsigned at);

/** qmp_fails: @answer, which this frees, is an error that says @text */
void qmp_fails(QDict *answer, const char *text);
/** qmp_event_of: the next event @name of a device with an id is about @id */
void qmp_event_of(QTestState *qts, const char *name, const char *id);
/** device_del, device_del_fails: the request is accepted, or refused */
void device_del(QTestState *qts, const char *id);
void device_del_fails(QTestState *qts, const char *id, const char *text);
/** device_deleted: wait for DEVICE_DELETED of @id, skip other devices' */
void device_deleted(QTestState *qts, const char *id);

#endif
