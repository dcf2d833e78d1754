/*
 * pSeries PCI host bridge: numbers of message signalled interrupts (private to
 * msi*.c)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PCI_HOST_PSERIES_MSI_H
#define HW_PCI_HOST_PSERIES_MSI_H

#include "phb.h"

/* "Type of Interrupts" of ibm,change-msi */
typedef enum PaprMsiType {
    PAPR_MSI_NONE = 0,
    PAPR_MSI_MSI = 1,
    PAPR_MSI_MSIX = 2,
} PaprMsiType;

/* The part of a config_addr that names the function: bus, device, function */
static inline uint32_t papr_msi_function_of(uint32_t config_addr)
{
    return config_addr & 0xffff00;
}

/* msi-numbers.c: which function has which numbers; BQL */

/** papr_phb_msi_find: the numbers of a function, or NULL */
PaprPhbMsi *papr_phb_msi_find(PaprPhb *phb, uint32_t config_addr);
/** papr_phb_msi_keep: record @msi, in place of what its function had before */
void papr_phb_msi_keep(PaprPhb *phb, PaprPhbMsi msi);
/** papr_phb_msi_drop: free the numbers of @msi, and @msi itself */
void papr_phb_msi_drop(PaprPhb *phb, const PaprPhbMsi *msi);

/** papr_phb_msi_alloc: a run of @count, not claimed yet; 0: there is none */
uint32_t papr_phb_msi_alloc(PaprIrqs *irqs, PaprMsiType type, uint32_t count);
/** papr_phb_msi_alloc_most: the longest run of at most @max, in @count */
uint32_t papr_phb_msi_alloc_most(PaprIrqs *irqs, PaprMsiType type, uint32_t max,
                                 uint32_t *count);
/** papr_phb_msi_claim: claim allocated numbers; on failure they are freed */
bool papr_phb_msi_claim(PaprPhb *phb, uint32_t first, uint32_t count);
/** papr_phb_msi_free_numbers: release claims of numbers, and free them */
void papr_phb_msi_free_numbers(PaprPhb *phb, uint32_t first, uint32_t count);

#endif
