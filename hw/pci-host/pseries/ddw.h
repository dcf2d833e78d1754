/*
 * pSeries PCI host bridge: DMA windows, between dma.c and ddw.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PCI_HOST_PSERIES_DDW_H
#define HW_PCI_HOST_PSERIES_DDW_H

#include "phb.h"

/** papr_phb_default_window: the one that "ibm,dma-window" describes */
PaprTceWindow papr_phb_default_window(const PaprPhb *phb);

/** papr_phb_is_default_window: does @tcet have the default window now? */
bool papr_phb_is_default_window(const PaprPhb *phb, const PaprTceTable *tcet);

/** papr_phb_dma_restore: the default window and no other, nothing mapped */
bool papr_phb_dma_restore(PaprPhb *phb, Error **errp);

#endif
