/*
 * pSeries XIVE: the controller as a device, and its emulated implementation
 *
 * XIVE, the eXternal Interrupt Virtualization Engine, in exploitation mode
 * (LoPAR 14.5.4.7): the guest accesses sources and its vCPUs' registers by
 * pages of MMIO (mmio.c), sets routes by hypercalls (hcalls.c), and finds
 * events in queues in its memory (route.c).  Called by irq/ through
 * PaprIntcOps; locking: see model.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bitops.h"
#include "qemu/module.h"
#include "hw/qdev-properties.h"
#include "target/ppc/cpu.h"
#include "hw/intc/pseries/trace.h"
#include "model.h"

/* vCPUs */

static bool xive_vcpu_create(void *be, PaprVcpu *vcpu, Error **errp)
{
    PaprXive *xive = be;
    PaprTctx *tctx;

    if (vcpu->id >= xive->nr_servers) {
        error_setg(errp, "vCPU id %u is beyond the servers of XIVE: use a "
                   "larger maxcpus", vcpu->id);
        return false;
    }
    if (PPC_INPUT(&vcpu->cpu->env) != PPC_FLAGS_INPUT_POWER9) {
        error_setg(errp, "CPU type %s has no XIVE; use ic-mode=xics or a "
                   "POWER9 or later CPU",
                   object_get_typename(OBJECT(vcpu->cpu)));
        return false;
    }
    tctx = g_new0(PaprTctx, 1);
    if (!papr_cpu_line_connect(&tctx->line, vcpu->cpu, errp)) {
        g_free(tctx);
        return false;
    }
    tctx->xive = xive;
    tctx->server = vcpu->id;
    tctx->cpu = vcpu->cpu;
    papr_tctx_reset(tctx);
    papr_xive_vmstate_add_tctx(tctx);
    vcpu->tctx = tctx;
    qatomic_rcu_set(&xive->tctxs[vcpu->id], tctx);
    return true;
}

static void clear_end(PaprXive *xive, uint32_t index)
{
    PaprEndState initial = papr_end_initial();

    papr_xive_set_queue(xive, index, &initial);
}

static void xive_vcpu_destroy(void *be, PaprVcpu *vcpu)
{
    PaprXive *xive = be;
    PaprTctx *tctx = vcpu->tctx;

    if (!tctx) {
        return;
    }
    for (uint32_t prio = 0; prio < XV_PRIORITIES; prio++) {
        clear_end(xive, tctx->server * XV_PRIORITIES + prio);
    }
    qatomic_rcu_set(&xive->tctxs[tctx->server], NULL);
    vcpu->tctx = NULL;
    papr_xive_vmstate_remove_tctx(tctx);
    papr_cpu_line_disconnect(&tctx->line);
    g_free_rcu(tctx, rcu);
}

static void xive_vcpu_reset(void *be, PaprVcpu *vcpu)
{
    papr_tctx_reset(vcpu->tctx);
}

/* Sources */

static bool xive_claim(void *be, uint32_t irq, bool lsi, Error **errp)
{
    PaprXive *xive = be;

    if (irq >= xive->nr_irqs) {
        error_setg(errp, "interrupt number 0x%x is out of range", irq);
        return false;
    }
    trace_papr_xive_claim(irq, lsi);
    if (lsi) {
        set_bit_atomic(irq, xive->lsi_map);
    } else {
        clear_bit_atomic(irq, xive->lsi_map);
    }
    /* a loaded stream may have claimed the number: keep its route */
    if (!papr_xive_is_claimed(xive, irq)) {
        papr_esb_off(&xive->status[irq]);
        papr_xive_set_eas(xive, irq, papr_eas_initial(irq));
    }
    return true;
}

static void xive_release(void *be, uint32_t irq)
{
    PaprXive *xive = be;

    trace_papr_xive_release(irq);
    papr_esb_off(&xive->status[irq]);
    papr_esb_level(&xive->status[irq], false);
    papr_xive_set_eas(xive, irq, 0);
    clear_bit_atomic(irq, xive->lsi_map);
}

static void xive_trigger(void *be, uint32_t irq)
{
    papr_xive_trigger(be, irq);
}

static void xive_set_level(void *be, uint32_t irq, bool level)
{
    papr_xive_set_level(be, irq, level);
}

/* Activation */

void papr_xive_reset_routing(PaprXive *xive)
{
    for (uint32_t lisn = 0; lisn < xive->nr_irqs; lisn++) {
        papr_esb_off(&xive->status[lisn]);
        if (papr_xive_is_claimed(xive, lisn)) {
            qatomic_set(&xive->eat[lisn], papr_eas_initial(lisn));
        }
    }
    /* Taking each END's lock waits for events in progress */
    for (uint32_t i = 0; i < xive->nr_ends; i++) {
        clear_end(xive, i);
    }
}

static void xive_reset(void *be)
{
    papr_xive_reset_routing(be);
}

static bool xive_activate(void *be, Error **errp)
{
    PaprXive *xive = be;

    if (!xive->active) {
        xive->active = true;
        papr_xive_mmio_enable(xive, true);
        papr_xive_hcalls_enable(xive, true);
    }
    return true;
}

static void xive_deactivate(void *be)
{
    PaprXive *xive = be;

    if (!xive->active) {
        return;
    }
    xive->active = false;
    papr_xive_hcalls_enable(xive, false);
    papr_xive_mmio_enable(xive, false);
    papr_xive_reset_routing(xive);
    /* the other controller gets levels from now on */
    for (uint32_t lisn = 0; lisn < xive->nr_irqs; lisn++) {
        papr_esb_level(&xive->status[lisn], false);
    }
    for (uint32_t i = 0; i < xive->nr_servers; i++) {
        if (xive->tctxs[i]) {
            papr_tctx_reset(xive->tctxs[i]);
        }
    }
}

static int xive_post_load(void *be, int version_id)
{
    PaprXive *xive = be;

    for (uint32_t i = 0; xive->active && i < xive->nr_servers; i++) {
        if (xive->tctxs[i]) {
            papr_tctx_follow(xive->tctxs[i]);
        }
    }
    return 0;
}

static void xive_dt(void *be, PaprDt *dt, uint32_t phandle, uint32_t n_servers)
{
    papr_xive_dt(dt, phandle, n_servers);
}

static void xive_print_info(void *be, GString *buf)
{
    papr_xive_print_info(be, buf);
}

/*
 * PIPR and NSR are derived, not taken from the stream: one that was saved with
 * KVM's controller may lack them.  The section of a vCPU that was plugged in
 * comes after the machine's, whose post_load updates the lines of all others.
 */
static bool xive_load_vcpu(void *be, PaprVcpu *vcpu, Error **errp)
{
    PaprTctx *tctx = vcpu->tctx;

    qatomic_set(&tctx->ring, papr_ring_settle(qatomic_read(&tctx->ring)));
    if (tctx->xive->active) {
        papr_tctx_follow(tctx);
    }
    return true;
}

/* For hypercalls */

static int64_t emulated_set_eas(PaprXive *xive, uint32_t lisn, uint64_t eas)
{
    papr_xive_set_eas(xive, lisn, eas);
    return H_SUCCESS;
}

static int64_t emulated_set_queue(PaprXive *xive, uint32_t end_index,
                                  const PaprEndState *state)
{
    return papr_xive_set_queue(xive, end_index, state) ? H_SUCCESS : H_P4;
}

static int64_t emulated_reset(PaprXive *xive)
{
    papr_xive_reset_routing(xive);
    return H_SUCCESS;
}

const PaprXiveOps papr_xive_emulated = {
    .intc = {
        .name = "xive",
        .vcpu_create = xive_vcpu_create,
        .vcpu_destroy = xive_vcpu_destroy,
        .vcpu_reset = xive_vcpu_reset,
        .claim = xive_claim,
        .release = xive_release,
        .trigger = xive_trigger,
        .set_level = xive_set_level,
        .activate = xive_activate,
        .deactivate = xive_deactivate,
        .reset = xive_reset,
        .dt = xive_dt,
        .print_info = xive_print_info,
        .post_load = xive_post_load,
        .load_vcpu = xive_load_vcpu,
    },
    .set_eas = emulated_set_eas,
    .set_queue = emulated_set_queue,
    .queue = papr_xive_end_state,
    .esb_load = papr_xive_esb_load,
    .esb_store = papr_xive_esb_store,
    .sync = papr_xive_sync,
    .reset = emulated_reset,
};

const PaprIntcOps *papr_xive_ops = &papr_xive_emulated.intc;

/* The device */

static void xive_realize(DeviceState *dev, Error **errp)
{
    PaprXive *xive = PAPR_XIVE(dev);

    if (!xive->nr_irqs || !xive->nr_ends || xive->nr_ends % XV_PRIORITIES ||
        xive->nr_irqs > XV_EAS_EISN_MASK || xive->nr_ends > XV_EAS_END_MASK) {
        error_setg(errp, "nr-irqs or nr-ends is 0 or too large, or nr-ends is "
                   "not a multiple of 8");
        return;
    }
    xive->nr_servers = xive->nr_ends / XV_PRIORITIES;
    xive->eat = g_new0(uint64_t, xive->nr_irqs);
    xive->status = g_malloc(xive->nr_irqs);
    memset(xive->status, XV_PQ_OFF, xive->nr_irqs);
    xive->lsi_map = bitmap_new(xive->nr_irqs);
    xive->tctxs = g_new0(PaprTctx *, xive->nr_servers);
    xive->ends = g_new0(PaprEnd, xive->nr_ends);
    for (uint32_t i = 0; i < xive->nr_ends; i++) {
        qemu_spin_init(&xive->ends[i].lock);
        xive->ends[i].state = papr_end_initial();
    }
    xive->ops = &papr_xive_emulated;
    papr_xive_mmio_init(xive);
    papr_xive_vmstate_init(xive);
}

static const Property xive_properties[] = {
    DEFINE_PROP_UINT32("nr-irqs", PaprXive, nr_irqs, 0),
    DEFINE_PROP_UINT32("nr-ends", PaprXive, nr_ends, 0),
};

static void xive_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->desc = "PAPR XIVE interrupt controller";
    dc->realize = xive_realize;
    dc->user_creatable = false;         /* made by papr_xive_new() alone */
    dc->hotpluggable = false;
    device_class_set_props(dc, xive_properties);
}

static const TypeInfo xive_types[] = {
    {
        .name = TYPE_PAPR_XIVE,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PaprXive),
        .class_init = xive_class_init,
    },
};

DEFINE_TYPES(xive_types)

void *papr_xive_new(Object *owner, PaprIrqs *irqs, PaprVcpuMap *vcpus,
                    PaprHcallTable *hcalls, Error **errp)
{
    DeviceState *dev = qdev_new(TYPE_PAPR_XIVE);
    PaprXive *xive = PAPR_XIVE(dev);

    xive->hcalls = hcalls;
    qdev_prop_set_uint32(dev, "nr-irqs", PAPR_IRQ_END);
    qdev_prop_set_uint32(dev, "nr-ends",
                         papr_vcpu_map_size(vcpus) * XV_PRIORITIES);
    object_property_add_child(owner, "xive", OBJECT(dev));
    if (!sysbus_realize_and_unref(SYS_BUS_DEVICE(dev), errp)) {
        object_unparent(OBJECT(dev));
        return NULL;
    }
    papr_xive_hcalls_init(xive);
    return xive;
}
