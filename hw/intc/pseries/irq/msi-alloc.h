/*
 * pSeries interrupts: allocator of runs of MSI numbers
 *
 * Pure: no device headers, unit-tested on the host.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_INTC_PSERIES_IRQ_MSI_ALLOC_H
#define HW_INTC_PSERIES_IRQ_MSI_ALLOC_H

/**
 * PaprMsiAlloc - which of the numbers @first .. @first + @n - 1 are taken
 * @map: bit i stands for number @first + i; migrates
 */
typedef struct PaprMsiAlloc {
    uint32_t first;                     /* not 0 */
    int32_t n;
    unsigned long *map;
} PaprMsiAlloc;

void papr_msi_init(PaprMsiAlloc *msi, uint32_t first, uint32_t n);
void papr_msi_destroy(PaprMsiAlloc *msi);

/**
 * papr_msi_alloc - take the lowest free run of @count numbers
 * @align: power of two that the first number is a multiple of
 *
 * Returns the first number; 0 when there is no such run, or when @count is 0
 * or @align no power of two.
 */
uint32_t papr_msi_alloc(PaprMsiAlloc *msi, uint32_t count, uint32_t align);

/** papr_msi_take: this @number, in the range; it may be taken already */
void papr_msi_take(PaprMsiAlloc *msi, uint32_t number);

/** papr_msi_free: free numbers; those outside of the range are ignored */
void papr_msi_free(PaprMsiAlloc *msi, uint32_t first, uint32_t count);

/** papr_msi_taken: is @number allocated? */
bool papr_msi_taken(const PaprMsiAlloc *msi, uint32_t number);

#endif
