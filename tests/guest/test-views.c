/*
 * Memory maps that change while other vCPUs execute
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests.h"

#define CHANGES         40000
#define BAR_AT          0x80000000u

static volatile bool over;

static void spin(struct cpu *cpu)
{
    while (!over) {
    }
}

/* Enable and disable a device's memory BAR, while vCPU 1 runs @other */
static void change_beside(void (*other)(struct cpu *cpu))
{
    unsigned device = pci_find(E1000E);

    expect(device != PCI_NONE, true);
    pci_write(device, PCI_BAR0, 4, BAR_AT);
    expect(start_cpu(1, other, NULL), true);
    for (unsigned i = 0; i < CHANGES; i++) {
        pci_write(device, PCI_COMMAND, 2, i & 1 ? 0 : PCI_MEMORY);
    }
    over = true;
    wait_stopped(1);
}

/*
 * QEMU frees a map that is out of use once each vCPU has left the execution of
 * its guest for a moment.  A vCPU that loops with interrupts off has no reason
 * to.  run.py sees whether QEMU's memory grows.
 */
void test_view_flood(void)
{
    change_beside(spin);
}

static uint64_t trigger, manage;

/* Set PQ to 3 and 1 in turn, without an event: a load returns the old value */
static void use_source(struct cpu *cpu)
{
    for (uint64_t n = 0; !over; n++) {
        expect(mmio_load8(manage + (n & 1 ? 0xd00 : 0xf00)), n & 1 ? 3 : 1);
    }
}

/*
 * An access to a device goes to that device, also while the map changes, by
 * which its sections get other numbers.
 */
void test_view_change(void)
{
    expect(negotiate(true, false), true);
    expect(xive_source_setup(0, 0, 1, &trigger, &manage), true);
    mmio_load8(manage + 0xd00);
    change_beside(use_source);
}
