/*
 * pSeries interrupts: what both of KVM's interrupt controllers share
 *
 * A controller that the host's kernel runs, XICS or XIVE, is a second
 * implementation (PaprIntcOps) on the state of the emulated one; irqs.c chooses
 * between them.  Builds without KVM have stubs of the functions that irqs.c
 * calls.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_INTC_PSERIES_IRQ_KVM_H
#define HW_INTC_PSERIES_IRQ_KVM_H

#include "hw/pseries/irq.h"

#ifdef CONFIG_KVM

/**
 * papr_irq_kvm_allowed - may the kernel run a controller?
 * @required: it must (kernel-irqchip=on)
 *
 * False without KVM, or with kernel-irqchip=off.
 */
bool papr_irq_kvm_allowed(bool *required);

/**
 * papr_irq_kvm_set_active - the kernel's controller is active, or is not
 *
 * While it is active, devices may send it events without QEMU (irqfd), by the
 * number that a message signalled interrupt (MSI) has as its data.  They are
 * notified before it stops being active, and remove their irqfds (virtio-pci:
 * base/patches/0182).  The kernel's implementation calls this at the end of
 * activate() and at the beginning of deactivate(); a second call with the same
 * value does nothing.  Context: BQL.
 */
void papr_irq_kvm_set_active(bool active);

/**
 * papr_irq_kvm_changed - notify devices, which may add their irqfds again
 *
 * Called by irqs.c alone, once the new controller gets the events.
 */
void papr_irq_kvm_changed(void);

/*
 * Events for the controller in the kernel, which finds the source by number;
 * any thread.  Events are dropped if the controller was closed meanwhile.
 */
void papr_irq_kvm_trigger(uint32_t irq);
void papr_irq_kvm_set_level(uint32_t irq, bool level);

/**
 * papr_irq_kvm_create - the device of @type, for vCPU ids below @n_servers
 * @group, @attr: the attribute that sets @n_servers; older kernels lack it
 *
 * All guests of a host share its servers: pass no larger number than needed.
 * Returns the device's file, or -1 with @errp set.
 */
int papr_irq_kvm_create(uint32_t type, uint32_t group, uint64_t attr,
                        uint32_t n_servers, Error **errp);

/** papr_irq_kvm_connect: the vCPU to device @fd by KVM_CAP_ @capability */
bool papr_irq_kvm_connect(PaprVcpu *vcpu, uint32_t capability, int fd,
                          Error **errp);

#else

static inline bool papr_irq_kvm_allowed(bool *required)
{
    *required = false;
    return false;
}

static inline void papr_irq_kvm_changed(void)
{
}

#endif

#endif
