/*
 * pSeries interrupts: what the number space needs to know of the controllers
 *
 * The two interrupt controllers of a PAPR partition, XICS (LoPAR 6.2) and XIVE
 * (LoPAR 14.5.4.7 from H_INT_GET_SOURCE_INFO on).  Each has a constructor and
 * one state, the emulated model, and up to two implementations, which are sets
 * of operations on that state: emulated, and run by the host's kernel (KVM;
 * "xics-kvm", "xive-kvm").  See PaprIntcOps in hw/pseries/irq.h.
 *
 * Rules for a controller, beside those at PaprIntcOps:
 *
 * - it is created inactive, its hypercalls disabled (papr_hcall_enable());
 * - activate() enables them and does not change the state of sources and
 *   vCPUs, which may just have been loaded from a migration stream;
 * - deactivate() disables them, turns all sources off and resets the state of
 *   all vCPUs: a trigger that another thread has begun then finds a source that
 *   is off, and no vCPU's line stays up;
 * - claim() and release() are called once for a number, whether the controller
 *   is active or not; the numbers of inter-processor interrupts (PAPR_IRQ_IPI
 *   and up) are claimed by irq/ in XIVE alone, right after papr_xive_new();
 * - trigger() and set_level() only see numbers that are claimed.
 *
 * Only the operations differ with KVM: the controller's hypercalls and its
 * migration sections call the active implementation, too.  For the kernel's
 * implementation:
 *
 * - from its activate() to its deactivate() all calls go to it, at any other
 *   time to the emulated one;
 * - activate() makes the kernel's device, connects all vCPUs and creates the
 *   claimed sources there; if it fails, the device is closed;
 * - deactivate() closes the device, and leaves the model in the state in which
 *   the emulated deactivate() leaves it;
 * - an implementation whose reset() may leave state in the kernel sets
 *   anew_at_reset: it is deactivated and activated before reset();
 * - the model's state is what migrates: save_sources() and save_vcpu() read it
 *   from the kernel, post_load() and load_vcpu() write it there.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_INTC_PSERIES_IRQ_CONTROLLER_H
#define HW_INTC_PSERIES_IRQ_CONTROLLER_H

#include "hw/pseries/irq.h"

extern const PaprIntcOps *papr_xics_ops;
extern const PaprIntcOps *papr_xive_ops;

/* The kernel's implementations, on the same state */
#ifdef CONFIG_KVM
extern const PaprIntcOps *papr_xics_kvm_ops;
extern const PaprIntcOps *papr_xive_kvm_ops;
#else
#define papr_xics_kvm_ops ((const PaprIntcOps *)NULL)
#define papr_xive_kvm_ops ((const PaprIntcOps *)NULL)
#endif

/**
 * papr_xics_new: the state of XICS; its QOM object is @owner's child "ics"
 * @end: one more than the last source's number
 */
void *papr_xics_new(Object *owner, PaprVcpuMap *vcpus, uint32_t end,
                    PaprHcallTable *hcalls, PaprRtas *rtas, Error **errp);

/** papr_xics_has_source: is @irq claimed, by a device or a loaded stream? */
bool papr_xics_has_source(void *xics, uint32_t irq);

/** papr_xive_new: the state of XIVE; its QOM object is @owner's child "xive" */
void *papr_xive_new(Object *owner, PaprIrqs *irqs, PaprVcpuMap *vcpus,
                    PaprHcallTable *hcalls, Error **errp);

#endif
