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
 * A controller has one state, the emulated model, and up to two sets of
 * operations on it: emulated, and run by the host's kernel (KVM; "xics-kvm",
 * "xive-kvm").  These are all that is different with KVM: the controller's
 * hypercalls and its sections of streams use the set in force, too, and ask
 * nowhere whether there is KVM.  For those of the kernel:
 *
 * - they are called from their own activate() to their own deactivate(), and
 *   all calls of that time go to them; at any other time the emulated ones are;
 * - activate() makes the kernel's device, connects all vCPUs and gives it the
 *   whole state; if it fails nothing of it is left;
 * - deactivate() puts the device away, and all state to what reset() makes it;
 * - one that can't be sure that its reset() makes the kernel forget everything
 *   sets anew_at_reset, and is deactivated and activated instead;
 * - the model's state is what migrates: save_sources() and save_vcpu() take it
 *   from the kernel, post_load() and load_vcpu() give it there.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_INTC_PSERIES_IRQ_BACKEND_H
#define HW_INTC_PSERIES_IRQ_BACKEND_H

#include "hw/pseries/irq.h"

extern const PaprIntcOps *papr_xics_ops;
extern const PaprIntcOps *papr_xive_ops;

/* The same controllers run by the host's kernel, on the state of those above */
#ifdef CONFIG_KVM
extern const PaprIntcOps *papr_xics_kvm_ops;
extern const PaprIntcOps *papr_xive_kvm_ops;
#else
#define papr_xics_kvm_ops ((const PaprIntcOps *)NULL)
#define papr_xive_kvm_ops ((const PaprIntcOps *)NULL)
#endif

/**
 * papr_xics_new: the XICS backend; its QOM object is @owner's child "ics"
 * @end: one more than the last source's number
 */
void *papr_xics_new(Object *owner, PaprVcpuMap *vcpus, uint32_t end,
                    PaprHcallTable *hcalls, PaprRtas *rtas, Error **errp);

/** papr_xics_has_source: was @irq claimed, here or by the stream loaded? */
bool papr_xics_has_source(void *xics, uint32_t irq);

/** papr_xive_new: the XIVE backend; its QOM object is @owner's child "xive" */
void *papr_xive_new(Object *owner, PaprIrqs *irqs, PaprVcpuMap *vcpus,
                    PaprHcallTable *hcalls, Error **errp);

#endif
