/*
 * Memory maps that change while no vCPU leaves its guest code
 *
 * QEMU frees a map that is out of use once each vCPU has left the execution of
 * its guest for a moment.  A vCPU that loops with interrupts off has no reason
 * to.  run.py sees whether QEMU's memory grows.
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

void test_view_flood(void)
{
    unsigned device = pci_find(E1000E);

    expect(device != PCI_NONE, true);
    pci_write(device, PCI_BAR0, 4, BAR_AT);
    expect(start_cpu(1, spin, NULL), true);
    for (unsigned i = 0; i < CHANGES; i++) {
        pci_write(device, PCI_COMMAND, 2, i & 1 ? 0 : PCI_MEMORY);
    }
    over = true;
    wait_stopped(1);
}
