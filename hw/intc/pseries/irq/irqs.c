/*
 * pSeries interrupts: the number space and the controller in force
 *
 * Every interrupt number is claimed by its device in both controllers, XICS and
 * XIVE; a trigger goes to the one that the guest drives, found by one load and
 * one indirect call.  Which one that is changes at client-architecture-support
 * (CAS, LoPAR 14.5.4.7 and Table B.7 byte 23 of vector 5), at reset and after
 * migration.  Called by devices (claims, triggers), by the machine (mode,
 * reset, device tree, migration) and by CAS.
 *
 * Locking: all with the big lock (BQL) but triggers and levels, which come from
 * any thread.  Those read @active and @flags atomically.  A backend is never
 * freed while the machine lives, and one that is no longer active has all its
 * sources off (see backend.h), so a trigger that read @active just before it
 * changed does no harm: the edge is lost, as it would be had it come in earlier
 * than the change; a level is kept in @flags and given to the new backend.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/atomic.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "backend.h"
#include "msi-alloc.h"
#include "hw/intc/pseries/trace.h"

/* What is known of a number, in PaprIrqs.flags; atomic */
enum {
    IRQ_CLAIMED = 1 << 0,
    IRQ_LSI = 1 << 1,                   /* level sensitive */
    IRQ_LEVEL = 1 << 2,                 /* the line of an LSI is up */
};

/* One controller that the machine offers; no @ops: not offered */
typedef struct PaprIntc {
    const PaprIntcOps *ops;
    void *be;
} PaprIntc;

enum { INTC_XICS, INTC_XIVE, INTC_NUM };

struct PaprIrqs {
    PaprIcMode mode;
    PaprVcpuMap *vcpus;
    PaprIntc intcs[INTC_NUM];
    PaprIntc *active;                   /* atomic */
    PaprMsiAlloc msi;
    qemu_irq lines[PAPR_IRQ_END];       /* made when first asked for */
    uint8_t flags[PAPR_IRQ_END];        /* atomic */
};

static PaprIntc *irqs_first_intc(PaprIrqs *irqs)
{
    return &irqs->intcs[irqs->mode == PAPR_IC_XIVE ? INTC_XIVE : INTC_XICS];
}

static bool intc_claim(PaprIntc *intc, uint32_t irq, bool lsi, Error **errp)
{
    return !intc->ops || intc->ops->claim(intc->be, irq, lsi, errp);
}

static void intc_release(PaprIntc *intc, uint32_t irq)
{
    if (intc->ops) {
        intc->ops->release(intc->be, irq);
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

static bool irqs_create_backends(PaprIrqs *irqs, Object *owner,
                                 PaprHcallTable *hcalls, PaprRtas *rtas,
                                 Error **errp)
{
    PaprIntc *xics = &irqs->intcs[INTC_XICS];
    PaprIntc *xive = &irqs->intcs[INTC_XIVE];
    PaprIntc *first = irqs_first_intc(irqs);

    if (irqs->mode != PAPR_IC_XIVE) {
        xics->be = papr_xics_new(owner, irqs, irqs->vcpus, hcalls, rtas, errp);
        if (!xics->be) {
            return false;
        }
        xics->ops = papr_xics_ops;
    }
    if (irqs->mode != PAPR_IC_XICS) {
        xive->be = papr_xive_new(owner, irqs, irqs->vcpus, hcalls, errp);
        if (!xive->be) {
            return false;
        }
        xive->ops = papr_xive_ops;
        if (!irqs_claim_ipis(irqs, errp)) {
            return false;
        }
    }
    if (!first->ops->activate(first->be, errp)) {
        return false;
    }
    qatomic_set(&irqs->active, first);
    return true;
}

PaprIrqs *papr_irqs_new(Object *owner, PaprVcpuMap *vcpus, PaprIcMode mode,
                        PaprHcallTable *hcalls, PaprRtas *rtas, Error **errp)
{
    PaprIrqs *irqs = g_new0(PaprIrqs, 1);

    irqs->mode = mode;
    irqs->vcpus = vcpus;
    papr_msi_init(&irqs->msi, PAPR_IRQ_MSI, PAPR_IRQ_END - PAPR_IRQ_MSI);

    if (!irqs_create_backends(irqs, owner, hcalls, rtas, errp)) {
        papr_msi_destroy(&irqs->msi);
        g_free(irqs);
        return NULL;
    }
    return irqs;
}

PaprIcMode papr_irqs_mode(const PaprIrqs *irqs)
{
    return irqs->mode;
}

bool papr_irqs_xive_active(const PaprIrqs *irqs)
{
    return qatomic_read(&irqs->active) == &irqs->intcs[INTC_XIVE];
}

/* Lines that were up before the controller changed, or was reset, still are */
static void irqs_replay_levels(PaprIrqs *irqs)
{
    PaprIntc *intc = irqs->active;

    for (uint32_t irq = PAPR_IRQ_XICS_BASE; irq < PAPR_IRQ_END; irq++) {
        if (qatomic_read(&irqs->flags[irq]) & IRQ_LEVEL) {
            intc->ops->set_level(intc->be, irq, true);
        }
    }
}

bool papr_irqs_select(PaprIrqs *irqs, bool xive, Error **errp)
{
    PaprIntc *old = irqs->active;
    PaprIntc *new = &irqs->intcs[xive ? INTC_XIVE : INTC_XICS];

    if (!new->ops) {
        error_setg(errp, "Interrupt controller %s is not offered by the "
                   "machine; use ic-mode=dual", xive ? "XIVE" : "XICS");
        return false;
    }
    if (new == old) {
        return true;
    }
    trace_papr_irqs_select(old->ops->name, new->ops->name);

    old->ops->deactivate(old->be);
    if (!new->ops->activate(new->be, errp)) {
        Error *err = NULL;

        if (!old->ops->activate(old->be, &err)) {
            error_reportf_err(err, "Going back to %s: ", old->ops->name);
        }
        return false;
    }
    qatomic_set(&irqs->active, new);
    smp_mb();                           /* pairs with papr_irq_set_level() */
    irqs_replay_levels(irqs);
    return true;
}

void papr_irqs_reset(PaprIrqs *irqs)
{
    PaprIntc *first = irqs_first_intc(irqs);
    Error *err = NULL;

    if (!papr_irqs_select(irqs, first == &irqs->intcs[INTC_XIVE], &err)) {
        error_report_err(err);
    }
    for (int i = 0; i < INTC_NUM; i++) {
        if (irqs->intcs[i].ops) {
            irqs->intcs[i].ops->reset(irqs->intcs[i].be);
        }
    }
    irqs_replay_levels(irqs);
}

bool papr_irqs_vcpu_create(PaprIrqs *irqs, PaprVcpu *vcpu, Error **errp)
{
    for (int i = 0; i < INTC_NUM; i++) {
        PaprIntc *intc = &irqs->intcs[i];

        if (!intc->ops || intc->ops->vcpu_create(intc->be, vcpu, errp)) {
            continue;
        }
        while (i-- > 0) {
            intc = &irqs->intcs[i];
            if (intc->ops) {
                intc->ops->vcpu_destroy(intc->be, vcpu);
            }
        }
        return false;
    }
    return true;
}

void papr_irqs_vcpu_destroy(PaprIrqs *irqs, PaprVcpu *vcpu)
{
    for (int i = INTC_NUM; i-- > 0; ) {
        if (irqs->intcs[i].ops) {
            irqs->intcs[i].ops->vcpu_destroy(irqs->intcs[i].be, vcpu);
        }
    }
}

void papr_irqs_vcpu_reset(PaprIrqs *irqs, PaprVcpu *vcpu)
{
    for (int i = 0; i < INTC_NUM; i++) {
        if (irqs->intcs[i].ops) {
            irqs->intcs[i].ops->vcpu_reset(irqs->intcs[i].be, vcpu);
        }
    }
}

uint32_t papr_irqs_dt(PaprIrqs *irqs, PaprDt *dt)
{
    PaprIntc *intc = irqs->active;
    uint32_t phandle = papr_dt_new_phandle(dt);

    intc->ops->dt(intc->be, dt, phandle, papr_vcpu_map_size(irqs->vcpus));
    return phandle;
}

void papr_irqs_print_info(PaprIrqs *irqs, GString *buf)
{
    PaprIntc *intc = irqs->active;

    intc->ops->print_info(intc->be, buf);
    g_string_append_printf(buf, "irqchip: %s\n",
                           g_str_has_suffix(intc->ops->name, "-kvm")
                           ? "in-kernel" : "emulated");
}

unsigned long *papr_irqs_msi_map(PaprIrqs *irqs, int32_t *n)
{
    *n = irqs->msi.n;
    return irqs->msi.map;
}

/*
 * The machine's own devices have claimed their numbers here as they did at the
 * source.  MSIs were claimed by the guest's calls there: the map that came with
 * the stream tells which, and each backend's stream holds its own part.
 */
int papr_irqs_post_load(PaprIrqs *irqs, int version_id)
{
    PaprIntc *intc = irqs->active;

    for (uint32_t irq = PAPR_IRQ_MSI; irq < PAPR_IRQ_END; irq++) {
        qatomic_set(&irqs->flags[irq],
                    papr_msi_taken(&irqs->msi, irq) ? IRQ_CLAIMED : 0);
    }
    return intc->ops->post_load(intc->be, version_id);
}

bool papr_irq_claim(PaprIrqs *irqs, uint32_t irq, bool lsi, Error **errp)
{
    if (irq < PAPR_IRQ_XICS_BASE || irq >= PAPR_IRQ_END) {
        error_setg(errp, "Interrupt number 0x%x is not between 0x%x and 0x%x",
                   irq, PAPR_IRQ_XICS_BASE, PAPR_IRQ_END - 1);
        return false;
    }
    if (papr_irq_is_claimed(irqs, irq)) {
        error_setg(errp, "Interrupt number 0x%x is in use", irq);
        return false;
    }
    if (!intc_claim(&irqs->intcs[INTC_XICS], irq, lsi, errp)) {
        return false;
    }
    if (!intc_claim(&irqs->intcs[INTC_XIVE], irq, lsi, errp)) {
        intc_release(&irqs->intcs[INTC_XICS], irq);
        return false;
    }
    trace_papr_irq_claim(irq, lsi);
    qatomic_set(&irqs->flags[irq], IRQ_CLAIMED | (lsi ? IRQ_LSI : 0));
    return true;
}

void papr_irq_release(PaprIrqs *irqs, uint32_t irq)
{
    if (irq < PAPR_IRQ_XICS_BASE || !papr_irq_is_claimed(irqs, irq)) {
        return;
    }
    trace_papr_irq_release(irq);
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

void papr_irq_trigger(PaprIrqs *irqs, uint32_t irq)
{
    PaprIntc *intc = qatomic_read(&irqs->active);

    /* an MSI's data is what the guest wrote into the device */
    if (irq >= PAPR_IRQ_END || (qatomic_read(&irqs->flags[irq]) &
                                (IRQ_CLAIMED | IRQ_LSI)) != IRQ_CLAIMED) {
        qemu_log_mask(LOG_GUEST_ERROR, "Interrupt 0x%x triggered, but there is "
                      "no such edge-sensitive source\n", irq);
        return;
    }
    intc->ops->trigger(intc->be, irq);
}

void papr_irq_set_level(PaprIrqs *irqs, uint32_t irq, bool level)
{
    PaprIntc *intc;

    if (!papr_irq_is_claimed(irqs, irq)) {
        return;
    }
    if (level) {
        qatomic_or(&irqs->flags[irq], IRQ_LEVEL);
    } else {
        qatomic_and(&irqs->flags[irq], (uint8_t)~IRQ_LEVEL);
    }
    /*
     * Read after the flag is written: a change of controller in between either
     * is seen here or sees the flag.  Told of the same level twice, a backend
     * does nothing.
     */
    smp_mb();
    intc = qatomic_read(&irqs->active);
    intc->ops->set_level(intc->be, irq, level);
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
