/*
 * PCI devices for tests that plug and unplug them; the test acts as the guest
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LIBFUNCTIONS_H
#define LIBFUNCTIONS_H

#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "libdr.h"
#include <libfdt.h>

#define PCI_DRC(phb, chassis, slot, func)                                    \
    (0x40000000u | (phb) << 16 | (chassis) << 8 | (slot) << 3 | (func))
#define PHB_DRC(index) (0x20000000u | (index))
#define BUID_HIGH 0x8000000u
#define BUID_LOW(index) (0x20000000u | (index))

/* The test's device: one that needs no backend */
#define DEVICE "virtio-scsi-pci"
#define DEVICE_NODE "scsi"
#define HOST_BRIDGE "/pci@800000020000000"

/* Check the next event: it asks to configure or to release this connector */
void slot_event_is(QTestState *qts, uint8_t action, uint32_t index);

void cell_is(GHashTable *found, const char *path, uint32_t expected);

/* Configure the device at the connector @index; its node is named @node */
void take_device(QTestState *qts, uint32_t index, const char *node);

uint32_t vendor_id(QTestState *qts, unsigned phb, unsigned slot,
                   unsigned func);

/* Wait for DEVICE_DELETED of these two, in any order; @other may be NULL */
void both_deleted(QTestState *qts, const char *id, const char *other);

bool exists(QTestState *qts, const char *id);

#define add(qts, driver, id, ...)                                            \
    qtest_qmp_assert_success(qts, "{ 'execute': 'device_add', 'arguments': " \
                             "{ 'driver': %s, 'id': %s, " __VA_ARGS__ "} }", \
                             driver, id)

#endif
