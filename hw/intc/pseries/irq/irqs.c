/*
 * pSeries interrupts: the number space and the active controller
 *
 * Every interrupt number is claimed by its device in both controllers, XICS and
 * XIVE; a trigger goes to the active one, found by one load and one indirect
 * call.  Another controller becomes active at client-architecture-support
 * (CAS, LoPAR 14.5.4.7 and Table B.7 byte 23 of vector 5), at reset and after
 * migration.  Called by devices (claims, triggers), by the machine (mode,
 * reset, device tree, migration) and by CAS.
 *
 * The host's kernel (KVM) runs a controller if it can and kernel-irqchip allows
 * it.  Else it is emulated, unless kernel-irqchip=on forbids that.  Both
 * implementations work on one state: controller.h.
 *
 * Locking: all with the big lock (BQL) but triggers and levels, which come from
 * any thread.  Those read @active and @flags atomically.  A controller is never
 * freed while the machine exists, and has all its sources off when it is not
 * active (controller.h).  So a trigger that read @active just before it changed
 * does no harm: its edge is lost, as if it had come before the change; a level
 * is kept in @flags and given to the new controller.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/atomic.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "migration/vmstate.h"
#include "hw/pseries/kvm.h"
#include "controller.h"
#include "kvm.h"
#include "msi-alloc.h"
#include "hw/intc/pseries/trace.h"

/* What is known of a number, in PaprIrqs.flags; atomic */
enum {
    IRQ_CLAIMED = 1 << 0,
    IRQ_LSI = 1 << 1,                   /* level sensitive */
    IRQ_LEVEL = 1 << 2,                 /* the line of an LSI is up */
    IRQ_ASSIGNED = 1 << 3,              /* a device's own, no MSI */
};

/* An implementation of a controller; @ops NULL: there is none */
typedef struct PaprIntcImpl {
    const PaprIntcOps *ops;
    void *be;
} PaprIntcImpl;

enum { IMPL_EMULATED, IMPL_KERNEL, IMPL_NUM };

/* One controller; @impl: the active implementation, else the emulated one */
typedef struct PaprIntc {
    PaprIntcImpl impls[IMPL_NUM];
    PaprIntcImpl *impl;                 /* NULL: the machine lacks it */
    bool failure_told;                  /* warned that it is emulated */
} PaprIntc;

enum { INTC_XICS, INTC_XIVE, INTC_NUM };

struct PaprIrqs {
    PaprIcMode mode;
    bool packed;                        /* numbers of pseries-3.0 */
    PaprVcpuMap *vcpus;
    PaprIntc intcs[INTC_NUM];
    PaprIntcImpl *active;               /* atomic */
    bool kernel_required;               /* kernel-irqchip=on */
    bool host_lacks_xive;               /* so that dual became XICS */
    bool started;                       /* was reset, so the guest may run */
    PaprMsiAlloc msi;
    qemu_irq lines[PAPR_IRQ_END];       /* made when first asked for */
    uint8_t flags[PAPR_IRQ_END];        /* atomic */
};

static uint32_t irqs_end(const PaprIrqs *irqs)
{
    return irqs->packed ? PAPR_IRQ_PACKED_END : PAPR_IRQ_END;
}

static PaprIntc *irqs_first_intc(PaprIrqs *irqs)
{
    return &irqs->intcs[irqs->mode == PAPR_IC_XIVE ? INTC_XIVE : INTC_XICS];
}

static bool intc_is_active(const PaprIrqs *irqs, const PaprIntc *intc)
{
    return intc->impl && qatomic_read(&irqs->active) == intc->impl;
}

static bool intc_claim(PaprIntc *intc, uint32_t irq, bool lsi, Error **errp)
{
    return !intc->impl ||
           intc->impl->ops->claim(intc->impl->be, irq, lsi, errp);
}

static void intc_release(PaprIntc *intc, uint32_t irq)
{
    if (intc->impl) {
        intc->impl->ops->release(intc->impl->be, irq);
    }
}

static void intc_deactivate(PaprIntc *intc)
{
    intc->impl->ops->deactivate(intc->impl->be);
    intc->impl = &intc->impls[IMPL_EMULATED];
}

static bool intc_activate_impl(PaprIntc *intc, int which, Error **errp)
{
    PaprIntcImpl *impl = &intc->impls[which];

    if (!impl->ops->activate(impl->be, errp)) {
        return false;
    }
    intc->impl = impl;
    return true;
}

/* Warn only once: a guest can change controllers as often as it likes */
static void warn_emulated(PaprIntc *intc, const char *name, Error *err)
{
    if (intc->failure_told) {
        error_free(err);
        return;
    }
    intc->failure_told = true;
    warn_reportf_err(err, "%s: emulated instead: ", name);
}

/* Activate the kernel's implementation if possible, else the emulated one */
static bool intc_activate(PaprIrqs *irqs, PaprIntc *intc, Error **errp)
{
    const PaprIntcOps *kernel = intc->impls[IMPL_KERNEL].ops;
    Error *err = NULL;

    if (kernel) {
        if (intc_activate_impl(intc, IMPL_KERNEL, &err)) {
            intc->failure_told = false;
            return true;
        }
        if (irqs->kernel_required) {
            error_propagate_prepend(errp, err, "kernel-irqchip=on: %s: ",
                                    kernel->name);
            return false;
        }
        warn_emulated(intc, kernel->name, err);
    }
    return intc_activate_impl(intc, IMPL_EMULATED, errp);
}

/* For callers that can't fail: emulate, even with kernel-irqchip=on */
static void intc_activate_or_emulate(PaprIrqs *irqs, PaprIntc *intc)
{
    Error *err = NULL;

    if (!intc_activate(irqs, intc, &err)) {
        error_reportf_err(err, "the interrupt controller is emulated until the "
                          "next reset: ");
        intc_activate_impl(intc, IMPL_EMULATED, &error_abort);
    }
}

/* In XIVE each server has an IPI (inter-processor interrupt) of its own */
static bool irqs_claim_ipis(PaprIrqs *irqs, Error **errp)
{
    uint32_t n = MIN(papr_vcpu_map_size(irqs->vcpus), PAPR_IRQ_XICS_BASE);

    for (uint32_t i = 0; i < n; i++) {
        if (!intc_claim(&irqs->intcs[INTC_XIVE], PAPR_IRQ_IPI + i, false,
                        errp)) {
            return false;
        }
        irqs->flags[PAPR_IRQ_IPI + i] = IRQ_CLAIMED;
    }
    return true;
}

/*
 * Decide which of the requested controllers the machine has.  If the host's
 * kernel has XICS, but no XIVE (in a logical partition, or with nested
 * virtualization), ic-mode=dual becomes XICS alone: otherwise the guest could
 * choose an emulated XIVE.
 */
static bool irqs_settle_mode(PaprIrqs *irqs, PaprIcMode mode, Error **errp)
{
    const PaprKvmFacts *host = papr_kvm_facts();
    bool allowed = papr_irq_kvm_allowed(&irqs->kernel_required);
    bool xics = allowed && host && host->irq_xics;
    bool xive = allowed && host && host->irq_xive;
    bool no_xics, no_xive;

    if (mode == PAPR_IC_DUAL && xics && !xive) {
        mode = PAPR_IC_XICS;
        irqs->host_lacks_xive = true;
    }
    no_xics = mode != PAPR_IC_XIVE && !xics;
    no_xive = mode != PAPR_IC_XICS && !xive;
    if (irqs->kernel_required && (no_xics || no_xive)) {
        error_setg(errp, "kernel-irqchip=on: the host's KVM has no %s; use %s"
                   "kernel-irqchip=off", no_xics ? "XICS" : "XIVE",
                   xics ? "ic-mode=dual, ic-mode=xics or " : "");
        return false;
    }
    if (mode == PAPR_IC_XIVE && allowed && host && !xive) {
        info_report("ic-mode=xive: the host's KVM has no XIVE, it is emulated");
    }
    irqs->mode = mode;
    irqs->intcs[INTC_XICS].impls[IMPL_KERNEL].ops =
        xics ? papr_xics_kvm_ops : NULL;
    irqs->intcs[INTC_XIVE].impls[IMPL_KERNEL].ops =
        xive ? papr_xive_kvm_ops : NULL;
    return true;
}

/*
 * A machine with XIVE sends this section, whichever controller its guest uses.
 * If only the host is the reason that this machine has no XIVE, QEMU's error
 * "Unknown savevm section" would make the user look for a missing device.
 */
static int refused_xive_pre_load(void *opaque)
{
    error_report("the stream's machine has XIVE, which this host's KVM lacks: "
                 "use kernel-irqchip=off here, or ic-mode=xics on both hosts");
    return -EINVAL;
}

static bool refused_xive_needed(void *opaque)
{
    return false;
}

static const VMStateDescription vmstate_refused_xive = {
    .name = "xive-source",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = refused_xive_needed,      /* never sent */
    .pre_load = refused_xive_pre_load,
    .fields = (const VMStateField[]) { VMSTATE_END_OF_LIST() },
};

static bool intc_add(PaprIntc *intc, const PaprIntcOps *emulated, void *be)
{
    if (!be) {
        return false;
    }
    intc->impls[IMPL_EMULATED].ops = emulated;
    for (int i = 0; i < IMPL_NUM; i++) {
        const PaprIntcOps *ops = intc->impls[i].ops;

        intc->impls[i].be = be;
        if (ops && ops->prepare) {
            ops->prepare(be);
        }
    }
    intc->impl = &intc->impls[IMPL_EMULATED];
    return true;
}

static bool irqs_create_controllers(PaprIrqs *irqs, Object *owner,
                                    PaprHcallTable *hcalls, PaprRtas *rtas,
                                    Error **errp)
{
    PaprIntc *first = irqs_first_intc(irqs);

    if (irqs->mode != PAPR_IC_XIVE &&
        !intc_add(&irqs->intcs[INTC_XICS], papr_xics_ops,
                    papr_xics_new(owner, irqs->vcpus, irqs_end(irqs), hcalls,
                                  rtas, errp))) {
        return false;
    }
    if (irqs->mode != PAPR_IC_XICS &&
        (!intc_add(&irqs->intcs[INTC_XIVE], papr_xive_ops,
                     papr_xive_new(owner, irqs, irqs->vcpus, hcalls, errp)) ||
         !irqs_claim_ipis(irqs, errp))) {
        return false;
    }
    if (!intc_activate(irqs, first, errp)) {
        return false;
    }
    qatomic_set(&irqs->active, first->impl);
    if (irqs->host_lacks_xive) {
        vmstate_register_any(NULL, &vmstate_refused_xive, irqs);
    }
    return true;
}

PaprIrqs *papr_irqs_new(Object *owner, PaprVcpuMap *vcpus, PaprIcMode mode,
                        bool packed, PaprHcallTable *hcalls, PaprRtas *rtas,
                        Error **errp)
{
    PaprIrqs *irqs = g_new0(PaprIrqs, 1);
    uint32_t first_msi = packed ? PAPR_IRQ_XICS_BASE : PAPR_IRQ_MSI;

    assert(!packed || mode == PAPR_IC_XICS);
    irqs->packed = packed;
    irqs->vcpus = vcpus;
    papr_msi_init(&irqs->msi, first_msi, irqs_end(irqs) - first_msi);

    if (!irqs_settle_mode(irqs, mode, errp) ||
        !irqs_create_controllers(irqs, owner, hcalls, rtas, errp)) {
        papr_msi_destroy(&irqs->msi);
        g_free(irqs);
        return NULL;
    }
    return irqs;
}

bool papr_irqs_host_lacks_xive(const PaprIrqs *irqs)
{
    return irqs->host_lacks_xive;
}

PaprIcMode papr_irqs_mode(const PaprIrqs *irqs)
{
    return irqs->mode;
}

bool papr_irqs_xive_active(const PaprIrqs *irqs)
{
    return intc_is_active(irqs, &irqs->intcs[INTC_XIVE]);
}

/* Lines that were up before the controller changed, or was reset, still are */
static void irqs_replay_levels(PaprIrqs *irqs)
{
    PaprIntcImpl *impl = irqs->active;

    for (uint32_t irq = PAPR_IRQ_XICS_BASE; irq < PAPR_IRQ_END; irq++) {
        if (qatomic_read(&irqs->flags[irq]) & IRQ_LEVEL) {
            impl->ops->set_level(impl->be, irq, true);
        }
    }
}

static void irqs_set_active(PaprIrqs *irqs, PaprIntc *intc)
{
    qatomic_set(&irqs->active, intc->impl);
    smp_mb();                           /* pairs with papr_irq_set_level() */
    irqs_replay_levels(irqs);
    papr_irq_kvm_changed();
}

bool papr_irqs_select(PaprIrqs *irqs, bool xive, Error **errp)
{
    PaprIntc *old = &irqs->intcs[xive ? INTC_XICS : INTC_XIVE];
    PaprIntc *new = &irqs->intcs[xive ? INTC_XIVE : INTC_XICS];
    const char *from;

    if (!new->impl) {
        error_setg(errp, "Interrupt controller %s is not offered by the "
                   "machine; use ic-mode=dual", xive ? "XIVE" : "XICS");
        return false;
    }
    if (intc_is_active(irqs, new)) {
        return true;
    }
    from = old->impl->ops->name;
    intc_deactivate(old);
    if (!intc_activate(irqs, new, errp)) {
        intc_activate_or_emulate(irqs, old);
        irqs_set_active(irqs, old);
        return false;
    }
    trace_papr_irqs_select(from, new->impl->ops->name);
    irqs_set_active(irqs, new);
    return true;
}

static PaprIntc *irqs_active_intc(PaprIrqs *irqs)
{
    PaprIntc *xive = &irqs->intcs[INTC_XIVE];

    return intc_is_active(irqs, xive) ? xive : &irqs->intcs[INTC_XICS];
}

/*
 * After a reset the guest expects the mode's first controller, whatever the
 * former guest chose.  @anew_at_reset: activated without any of its state.
 */
void papr_irqs_reset(PaprIrqs *irqs)
{
    PaprIntc *active = irqs_active_intc(irqs);
    PaprIntc *first = irqs_first_intc(irqs);

    if (active != first ||
        (irqs->started && first->impl->ops->anew_at_reset)) {
        const char *from = active->impl->ops->name;

        intc_deactivate(active);
        intc_activate_or_emulate(irqs, first);
        trace_papr_irqs_select(from, first->impl->ops->name);
        irqs_set_active(irqs, first);
    }
    for (int i = 0; i < INTC_NUM; i++) {
        PaprIntcImpl *impl = irqs->intcs[i].impl;

        if (impl) {
            impl->ops->reset(impl->be);
        }
    }
    irqs_replay_levels(irqs);
    irqs->started = true;
}

/*
 * The kernel's controller may not have room for all vCPUs or sources, which
 * shows only when they are created.  Before the guest has run there is no state
 * to lose: then the controller is emulated, and the caller tries again.
 */
static bool irqs_fall_back(PaprIrqs *irqs, PaprIntc *intc, Error **errp)
{
    const char *name = intc->impl->ops->name;

    if (intc->impl != &intc->impls[IMPL_KERNEL] || irqs->started) {
        return false;
    }
    if (irqs->kernel_required) {
        error_prepend(errp, "kernel-irqchip=on: %s: ", name);
        return false;
    }
    warn_reportf_err(*errp, "%s: emulated instead: ", name);
    *errp = NULL;
    intc_deactivate(intc);
    if (!intc_activate_impl(intc, IMPL_EMULATED, errp)) {
        return false;
    }
    irqs_set_active(irqs, intc);
    return true;
}

static bool intc_vcpu_create(PaprIrqs *irqs, PaprIntc *intc, PaprVcpu *vcpu,
                             Error **errp)
{
    ERRP_GUARD();

    return !intc->impl ||
           intc->impl->ops->vcpu_create(intc->impl->be, vcpu, errp) ||
           (irqs_fall_back(irqs, intc, errp) &&
            intc->impl->ops->vcpu_create(intc->impl->be, vcpu, errp));
}

static bool irqs_claim(PaprIrqs *irqs, PaprIntc *intc, uint32_t irq, bool lsi,
                       Error **errp)
{
    ERRP_GUARD();

    return intc_claim(intc, irq, lsi, errp) ||
           (irqs_fall_back(irqs, intc, errp) &&
            intc_claim(intc, irq, lsi, errp));
}

static void intc_vcpu_destroy(PaprIntc *intc, PaprVcpu *vcpu)
{
    if (intc->impl) {
        intc->impl->ops->vcpu_destroy(intc->impl->be, vcpu);
    }
}

bool papr_irqs_vcpu_create(PaprIrqs *irqs, PaprVcpu *vcpu, Error **errp)
{
    for (int i = 0; i < INTC_NUM; i++) {
        if (intc_vcpu_create(irqs, &irqs->intcs[i], vcpu, errp)) {
            continue;
        }
        while (i-- > 0) {
            intc_vcpu_destroy(&irqs->intcs[i], vcpu);
        }
        return false;
    }
    return true;
}

void papr_irqs_vcpu_destroy(PaprIrqs *irqs, PaprVcpu *vcpu)
{
    for (int i = INTC_NUM; i-- > 0; ) {
        intc_vcpu_destroy(&irqs->intcs[i], vcpu);
    }
}

void papr_irqs_vcpu_reset(PaprIrqs *irqs, PaprVcpu *vcpu)
{
    for (int i = 0; i < INTC_NUM; i++) {
        PaprIntcImpl *impl = irqs->intcs[i].impl;

        if (impl) {
            impl->ops->vcpu_reset(impl->be, vcpu);
        }
    }
}

static bool irqs_is_assigned(const PaprIrqs *irqs, uint32_t irq)
{
    return qatomic_read(&irqs->flags[irq]) & IRQ_ASSIGNED;
}

uint32_t papr_irqs_dt(PaprIrqs *irqs, PaprDt *dt)
{
    PaprIntcImpl *impl = irqs->active;
    uint32_t phandle = papr_dt_new_phandle(dt);

    impl->ops->dt(impl->be, dt, phandle, papr_vcpu_map_size(irqs->vcpus));
    return phandle;
}

void papr_irqs_print_info(PaprIrqs *irqs, GString *buf)
{
    PaprIntcImpl *impl = irqs->active;

    impl->ops->print_info(impl->be, buf);
    g_string_append_printf(buf, "irqchip: %s\n",
                           g_str_has_suffix(impl->ops->name, "-kvm")
                           ? "in-kernel" : "emulated");
}

unsigned long *papr_irqs_msi_map(PaprIrqs *irqs, int32_t *n)
{
    *n = irqs->packed ? 0 : irqs->msi.n;
    return irqs->packed ? NULL : irqs->msi.map;
}

/* Packed numbers have no map in streams; XICS has loaded its sources before */
static void irqs_rebuild_map(PaprIrqs *irqs)
{
    void *xics = irqs->intcs[INTC_XICS].impl->be;

    for (uint32_t irq = PAPR_IRQ_XICS_BASE; irq < irqs_end(irqs); irq++) {
        papr_msi_free(&irqs->msi, irq, 1);
        if (irqs_is_assigned(irqs, irq) ||
            papr_xics_has_source(xics, irq)) {
            papr_msi_take(&irqs->msi, irq);
        }
    }
}

/*
 * The machine's own devices have claimed the same numbers as in the QEMU that
 * sent the stream.  Numbers of message signalled interrupts (MSI) were claimed
 * by the guest's calls in that QEMU: the stream's map has these numbers, and
 * each controller's section has the state of their sources.
 */
int papr_irqs_post_load(PaprIrqs *irqs, int version_id)
{
    PaprIntcImpl *impl = irqs->active;

    if (irqs->packed) {
        irqs_rebuild_map(irqs);
    }
    for (uint32_t irq = irqs->msi.first; irq < irqs_end(irqs); irq++) {
        if (!irqs_is_assigned(irqs, irq)) {
            qatomic_set(&irqs->flags[irq],
                        papr_msi_taken(&irqs->msi, irq) ? IRQ_CLAIMED : 0);
        }
    }
    return impl->ops->post_load(impl->be, version_id);
}

static bool irqs_claim_number(PaprIrqs *irqs, uint32_t irq, uint8_t flags,
                              Error **errp)
{
    bool lsi = flags & IRQ_LSI;

    if (irq < PAPR_IRQ_XICS_BASE || irq >= irqs_end(irqs)) {
        error_setg(errp, "Interrupt number 0x%x is not between 0x%x and 0x%x",
                   irq, PAPR_IRQ_XICS_BASE, irqs_end(irqs) - 1);
        return false;
    }
    if (papr_irq_is_claimed(irqs, irq)) {
        error_setg(errp, "Interrupt number 0x%x is in use", irq);
        return false;
    }
    if (!irqs_claim(irqs, &irqs->intcs[INTC_XICS], irq, lsi, errp)) {
        return false;
    }
    if (!irqs_claim(irqs, &irqs->intcs[INTC_XIVE], irq, lsi, errp)) {
        intc_release(&irqs->intcs[INTC_XICS], irq);
        return false;
    }
    trace_papr_irq_claim(irq, lsi);
    qatomic_set(&irqs->flags[irq], IRQ_CLAIMED | flags);
    return true;
}

bool papr_irq_claim(PaprIrqs *irqs, uint32_t irq, Error **errp)
{
    return irqs_claim_number(irqs, irq, 0, errp);
}

uint32_t papr_irq_assign(PaprIrqs *irqs, uint32_t fixed, bool lsi, Error **errp)
{
    uint32_t irq = irqs->packed ? papr_msi_alloc(&irqs->msi, 1, 1) : fixed;

    if (!irq) {
        error_setg(errp, "all %u interrupt numbers of this version of the "
                   "machine are in use; use pseries-3.1 or later",
                   irqs->msi.n);
        return 0;
    }
    if (irqs_claim_number(irqs, irq, IRQ_ASSIGNED | (lsi ? IRQ_LSI : 0),
                          errp)) {
        return irq;
    }
    papr_msi_free(&irqs->msi, irq, 1);
    return 0;
}

bool papr_irq_assignable(const PaprIrqs *irqs, uint32_t fixed)
{
    return irqs->packed || !papr_irq_is_claimed(irqs, fixed);
}

void papr_irq_release(PaprIrqs *irqs, uint32_t irq)
{
    if (irq < PAPR_IRQ_XICS_BASE || !papr_irq_is_claimed(irqs, irq)) {
        return;
    }
    trace_papr_irq_release(irq);
    if (irqs_is_assigned(irqs, irq)) {
        papr_msi_free(&irqs->msi, irq, 1);
    }
    qatomic_set(&irqs->flags[irq], 0);
    intc_release(&irqs->intcs[INTC_XICS], irq);
    intc_release(&irqs->intcs[INTC_XIVE], irq);
}

bool papr_irq_is_claimed(const PaprIrqs *irqs, uint32_t irq)
{
    return irq < PAPR_IRQ_END &&
           (qatomic_read(&irqs->flags[irq]) & IRQ_CLAIMED);
}

uint32_t papr_irq_msi_alloc(PaprIrqs *irqs, uint32_t count, uint32_t align)
{
    uint32_t first = papr_msi_alloc(&irqs->msi, count, align);

    trace_papr_irq_msi_alloc(count, align, first);
    return first;
}

void papr_irq_msi_free(PaprIrqs *irqs, uint32_t first, uint32_t count)
{
    papr_msi_free(&irqs->msi, first, count);
}

uint32_t papr_irq_msi_count(const PaprIrqs *irqs)
{
    return irqs->msi.n;
}

bool papr_irq_may_be_msi(const PaprIrqs *irqs, uint64_t number)
{
    return number >= irqs->msi.first && number < irqs_end(irqs) &&
           !irqs_is_assigned(irqs, number);
}

void papr_irq_trigger(PaprIrqs *irqs, uint32_t irq)
{
    PaprIntcImpl *impl = qatomic_read(&irqs->active);

    /*
     * The guest may have written any number into a device as an MSI's data.
     * Only vCPUs trigger inter-processor interrupts, and XICS has no sources
     * for them.
     */
    if (irq < PAPR_IRQ_XICS_BASE || irq >= PAPR_IRQ_END ||
        (qatomic_read(&irqs->flags[irq]) & (IRQ_CLAIMED | IRQ_LSI)) !=
        IRQ_CLAIMED) {
        qemu_log_mask(LOG_GUEST_ERROR, "Interrupt 0x%x triggered, but there is "
                      "no such edge-sensitive source\n", irq);
        return;
    }
    impl->ops->trigger(impl->be, irq);
}

void papr_irq_set_level(PaprIrqs *irqs, uint32_t irq, bool level)
{
    PaprIntcImpl *impl;

    if (irq < PAPR_IRQ_XICS_BASE || !papr_irq_is_claimed(irqs, irq)) {
        return;
    }
    if (level) {
        qatomic_or(&irqs->flags[irq], IRQ_LEVEL);
    } else {
        qatomic_and(&irqs->flags[irq], (uint8_t)~IRQ_LEVEL);
    }
    /*
     * @active is read after the flag is written: either this thread reads the
     * new controller, or the thread that changes @active reads the flag.  If
     * both set the level, the controller ignores the second time.
     */
    smp_mb();
    impl = qatomic_read(&irqs->active);
    impl->ops->set_level(impl->be, irq, level);
}

static void irq_line_set(void *opaque, int irq, int level)
{
    PaprIrqs *irqs = opaque;

    if (qatomic_read(&irqs->flags[irq]) & IRQ_LSI) {
        papr_irq_set_level(irqs, irq, level);
    } else if (level) {
        papr_irq_trigger(irqs, irq);
    }
}

qemu_irq papr_irq_line(PaprIrqs *irqs, uint32_t irq)
{
    assert(irq < PAPR_IRQ_END);
    if (!irqs->lines[irq]) {
        irqs->lines[irq] = qemu_allocate_irq(irq_line_set, irqs, irq);
    }
    return irqs->lines[irq];
}
