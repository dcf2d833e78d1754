/*
 * pSeries interrupts: what both of KVM's interrupt controllers share
 *
 * Called by xics/kvm.c, xive/kvm.c and irqs.c.  Locking: all with the big lock
 * (BQL) but the events, which come from any thread: an ioctl on the virtual
 * machine needs no lock of QEMU.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "system/kvm.h"
#include "hw/intc/pseries/trace.h"
#include "kvm.h"

bool papr_irq_kvm_allowed(bool *required)
{
    *required = kvm_enabled() && kvm_kernel_irqchip_required();
    return kvm_enabled() && kvm_kernel_irqchip_allowed();
}

void papr_irq_kvm_set_active(bool active)
{
    kvm_msi_via_irqfd_allowed = active;
    if (!active && kvm_irqchip_in_kernel()) {
        /* devices remove their irqfds while the kernel has the controller */
        kvm_irqchip_change_notify();
    }
    kvm_kernel_irqchip = active;
    kvm_set_gsi_routing_linear(active, 0);
}

void papr_irq_kvm_changed(void)
{
    if (kvm_enabled()) {
        kvm_irqchip_change_notify();
    }
}

static void irq_line(uint32_t irq, uint32_t level)
{
    struct kvm_irq_level event = { .irq = irq, .level = level };
    int ret = kvm_vm_ioctl(kvm_state, KVM_IRQ_LINE, &event);

    trace_papr_irq_kvm_line(irq, level, ret);
}

void papr_irq_kvm_trigger(uint32_t irq)
{
    irq_line(irq, KVM_INTERRUPT_SET);
}

void papr_irq_kvm_set_level(uint32_t irq, bool level)
{
    irq_line(irq, level ? KVM_INTERRUPT_SET_LEVEL : KVM_INTERRUPT_UNSET);
}

int papr_irq_kvm_create(uint32_t type, uint32_t group, uint64_t attr,
                        uint32_t n_servers, Error **errp)
{
    ERRP_GUARD();
    int fd = kvm_create_device(kvm_state, type, false);

    if (fd < 0) {
        error_setg_errno(errp, -fd, "KVM can't create the in-kernel %s",
                         type == KVM_DEV_TYPE_XIVE ? "XIVE" : "XICS");
        return -1;
    }
    trace_papr_irq_kvm_create(type, n_servers, fd);
    if (kvm_device_check_attr(fd, group, attr) &&
        kvm_device_access(fd, group, attr, &n_servers, true, errp) < 0) {
        error_append_hint(errp, "The host can't have %u interrupt servers: "
                          "use a smaller maxcpus of -smp.\n", n_servers);
        close(fd);
        return -1;
    }
    return fd;
}

bool papr_irq_kvm_connect(PaprVcpu *vcpu, uint32_t capability, int fd,
                          Error **errp)
{
    ERRP_GUARD();
    int ret = kvm_vcpu_enable_cap(CPU(vcpu->cpu), capability, 0, fd, vcpu->id);

    trace_papr_irq_kvm_connect(vcpu->id, fd, ret);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "KVM's interrupt controller can't be "
                         "connected to vCPU id %u", vcpu->id);
        if (ret == -ENOSPC) {
            error_append_hint(errp, "Too many guests of the host have in-kernel"
                              " interrupt controllers: use a smaller maxcpus "
                              "of -smp, or kernel-irqchip=off.\n");
        }
        return false;
    }
    return true;
}
