/*
 * Memory modules for tests that plug and unplug them, acting as the guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LIBMODULES_H
#define LIBMODULES_H

#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "libdr.h"
#include <libfdt.h>

/* Boot memory is 256 MiB, the area for modules begins at 1 GiB */
#define LMB (256 * MiB)
#define AREA_START GiB
#define MEMORY "-m 256M,slots=4,maxmem=4G "
#define DRC(block) (0x80000000u | (uint32_t)(AREA_START / LMB + (block)))

/* The next event is about @count blocks from @block on */
void block_event_is(QTestState *qts, uint8_t action, unsigned block,
                    uint32_t count);

/* Walk the block's node: its address is the block's, its NUMA node @node */
void walk_block(QTestState *qts, unsigned block, uint32_t node);

void take_block(QTestState *qts, unsigned block);

void take_blocks(QTestState *qts, unsigned block, unsigned count);

void release_block(QTestState *qts, unsigned block);

/*
 * No unplug of this block is requested: the guest may release it and configure
 * it again, as drmgr does.
 */
void no_request_for(QTestState *qts, unsigned block);

#define add(qts, id, ...)                                                    \
    qtest_qmp_assert_success(qts, "{ 'execute': 'device_add', 'arguments': " \
                             "{ 'driver': 'pc-dimm', 'id': %s, "             \
                             __VA_ARGS__ "} }", id)

void add_backend(QTestState *qts, const char *id, uint64_t size);

/* Devices as "id addr/LMB size/LMB slot node", one a line in order of addr */
void modules_are(QTestState *qts, const char *expected);

#endif
