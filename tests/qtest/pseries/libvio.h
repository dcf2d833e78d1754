/*
 * Drivers' part of virtual devices with DMA, for qtests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_QTEST_PSERIES_LIBVIO_H
#define TESTS_QTEST_PSERIES_LIBVIO_H

#include "qemu/bswap.h"
#include "libpapr.h"

/*
 * vio_map() maps I/O addresses from 0 on to pages of RAM.  The pages of each
 * pair are swapped, so that a device that takes an I/O address for an address
 * in RAM is noticed, and a buffer across pages is not contiguous in RAM.
 */
#define VIO_PAGE   0x1000u
#define VIO_PAGES  512u
#define VIO_MAPPED (VIO_PAGE * VIO_PAGES)

/** vio_map, vio_unmap_page: in the TCE table of @unit, which is its LIOBN */
void vio_map(QTestState *qts, uint32_t unit);
void vio_unmap_page(QTestState *qts, uint32_t unit, uint32_t ioba);

/** vio_ram: the address in RAM that an I/O address is mapped to */
uint64_t vio_ram(uint32_t ioba);

/* Access memory by I/O addresses, as the device does */
void vio_read(QTestState *qts, uint32_t ioba, void *buf, uint32_t len);
void vio_write(QTestState *qts, uint32_t ioba, const void *buf, uint32_t len);

static inline uint64_t vio_ld64(QTestState *qts, uint32_t ioba)
{
    return papr_ld64(qts, vio_ram(ioba));
}

static inline void vio_st64(QTestState *qts, uint32_t ioba, uint64_t value)
{
    papr_st64(qts, vio_ram(ioba), value);
}

/** vio_wait: wait until the doubleword at @ioba is not @old; returns it */
uint64_t vio_wait(QTestState *qts, uint32_t ioba, uint64_t old);

/* Enable the unit's interrupt, whose number is @irq (ic-mode=xics) */
void vio_irq_on(QTestState *qts, uint32_t irq);
/** vio_irq_taken: accept and end the interrupt; false if none is pending */
bool vio_irq_taken(QTestState *qts, uint32_t irq);

#endif
