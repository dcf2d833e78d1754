/*
 * pSeries interrupts: what the number space needs to know of the backends
 *
 * The two interrupt controllers of a PAPR partition, XICS (LoPAR 6.2) and XIVE
 * (LoPAR 14.5.4.7 from H_INT_GET_SOURCE_INFO on), as operations and a
 * constructor each.  See PaprIntcOps in hw/pseries/irq.h.
 *
 * Rules for a backend, beside those at PaprIntcOps:
 *
 * - it is created inactive, its hypercalls withdrawn (papr_hcall_enable());
 * - activate() offers them and leaves the state of sources and vCPUs alone, as
 *   that may just have been loaded from a migration stream;
 * - deactivate() withdraws them and puts all state to what reset() makes it:
 *   a trigger that another thread still has under way then finds a source that
 *   is off, and no vCPU's line stays up;
 * - claim() and release() are told of a number once, whether active or not;
 *   the numbers of inter-processor interrupts (PAPR_IRQ_IPI and up) are claimed
 *   by irq/ in XIVE alone, right after papr_xive_new();
 * - trigger() and set_level() only see numbers that are claimed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_INTC_PSERIES_IRQ_BACKEND_H
#define HW_INTC_PSERIES_IRQ_BACKEND_H

#include "hw/pseries/irq.h"

extern const PaprIntcOps *papr_xics_ops;
extern const PaprIntcOps *papr_xive_ops;

/** papr_xics_new: the XICS backend; its QOM object is @owner's child "ics" */
void *papr_xics_new(Object *owner, PaprIrqs *irqs, PaprVcpuMap *vcpus,
                    PaprHcallTable *hcalls, PaprRtas *rtas, Error **errp);

/** papr_xive_new: the XIVE backend; its QOM object is @owner's child "xive" */
void *papr_xive_new(Object *owner, PaprIrqs *irqs, PaprVcpuMap *vcpus,
                    PaprHcallTable *hcalls, Error **errp);

#endif
