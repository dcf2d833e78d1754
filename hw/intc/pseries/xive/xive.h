/*
 * pSeries XIVE: what others call beside the operations in irq/backend.h
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_XIVE_H
#define PSERIES_XIVE_H

#include "hw/pseries/dt.h"

/**
 * papr_xive_dt_root - the property that XIVE adds to the root node
 *
 * "ibm,plat-res-int-priorities" (LoPAR B.5.2.1).  The root's filler calls it
 * when XIVE is the controller in force, before the first subnode.
 */
void papr_xive_dt_root(PaprDt *dt);

#endif
