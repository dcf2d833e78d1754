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
 * I/O addresses that vio_map() maps, from 0 on: pages of RAM in pairs that
 * change places, so that an I/O address is never taken for one of RAM, and what
 * crosses a page is in two places.
 */
#define VIO_PAGE   0x1000u
#define VIO_PAGES  512u
#define VIO_MAPPED (VIO_PAGE * VIO_PAGES)

/** vio_map, vio_unmap_page: the device's table, which has its unit address */
void vio_map(QTestState *qts, uint32_t unit);
void vio_unmap_page(QTestState *qts, uint32_t unit, uint32_t ioba);

/** vio_ram: where a mapped I/O address is */
uint64_t vio_ram(uint32_t ioba);

/* What the device would read and write */
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

/** vio_wait: until the word at @ioba isn't @old any more; returns what it is */
uint64_t vio_wait(QTestState *qts, uint32_t ioba, uint64_t old);

/* The unit's interrupt (ic-mode=xics), which is the caller's to tell */
void vio_irq_on(QTestState *qts, uint32_t irq);
/** vio_irq_taken: one is there; it is taken and ended */
bool vio_irq_taken(QTestState *qts, uint32_t irq);

#endif
