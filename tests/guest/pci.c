/*
 * Configuration space of PCI devices on the first host bridge, by RTAS
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests.h"

#define BUID_HIGH       0x08000000u
#define BUID_LOW        0x20000000u

uint32_t pci_read(unsigned devfn, uint32_t at, uint32_t size)
{
    uint32_t args[] = { devfn << 8 | at, BUID_HIGH, BUID_LOW, size };
    uint32_t rets[2] = { 0, 0 };

    rtas(RTAS_IBM_READ_PCI_CONFIG, 4, args, 2, rets);
    return rets[0] ? ~0u : rets[1];
}

void pci_write(unsigned devfn, uint32_t at, uint32_t size, uint32_t value)
{
    uint32_t args[] = { devfn << 8 | at, BUID_HIGH, BUID_LOW, size, value };
    uint32_t status;

    expect(rtas(RTAS_IBM_WRITE_PCI_CONFIG, 5, args, 1, &status), 0);
}

unsigned pci_find(uint32_t id)
{
    unsigned devfn = 0;

    while (devfn < PCI_NONE && pci_read(devfn, 0, 4) != id) {
        devfn += 8;
    }
    return devfn;
}
