/*
 * CPU cores for tests that plug and unplug them; the test acts as the guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LIBCORES_H
#define LIBCORES_H

#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "libdr.h"
#include <libfdt.h>

#define CPU_DRC(id) (0x10000000u | (id))

#define CALL_BLOCK DR_RAM_END
#define VPA (PAPR_TEST_RAM + 0x10000)

#define CORE "power9_v2.2-spapr-cpu-core"

/* Two cores of two threads, room for two more: cores 4 and 6 */
QTestState *start_cores(const char *more);

/* Check the next event: it asks to configure or to release this core */
void core_event_is(QTestState *qts, uint8_t action, uint32_t id);

/* A cell of the core's node, from take_core() */
uint32_t core_cell(GHashTable *found, uint32_t id, const char *name,
                   unsigned at);

/* Configure the core as a guest does after the event; returns its node */
GHashTable *take_core(QTestState *qts, uint32_t id);

void release_core(QTestState *qts, uint32_t id);

int32_t start_cpu(QTestState *qts, uint32_t id);

/* -1 for a vCPU that does not exist */
int stopped_state(QTestState *qts, uint32_t id);

/* The RTAS token of stop-self, from the device tree */
uint32_t stop_token(QTestState *qts);

/* A call that the vCPU @cpu (by index) makes itself, without arguments */
void call_by(QTestState *qts, unsigned cpu, uint32_t token);

void stop_self(QTestState *qts, unsigned cpu);

void add_core(QTestState *qts, const char *id, int core_id);

/* QOM path in query-hotpluggable-cpus, to be freed; NULL: slot is empty */
char *core_path(QTestState *qts, int core_id);

void slot_is(QTestState *qts, int core_id, const char *expected);

size_t count_vcpus(QTestState *qts);

#endif
