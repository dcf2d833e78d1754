/*
 * XICS: the emulated implementation, and the device that has the sources
 *
 * Called by irq/irqs.c through papr_xics_ops.  LoPAR 6.2, B.5.9.1.
 *
 * Locking: trigger and set_level come from any thread, all else with the big
 * lock (BQL) held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/atomic.h"
#include "qemu/module.h"
#include "hw/pseries/save.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "hw/intc/pseries/irq/controller.h"
#include "xics.h"
#include "hw/intc/pseries/trace.h"

static bool xics_vcpu_create(void *be, PaprVcpu *vcpu, Error **errp)
{
    return papr_xics_server_create(be, vcpu, errp);
}

static void xics_vcpu_destroy(void *be, PaprVcpu *vcpu)
{
    papr_xics_server_destroy(be, vcpu);
}

static void xics_vcpu_reset(void *be, PaprVcpu *vcpu)
{
    if (vcpu->icp) {
        papr_icp_reset(vcpu->icp);
    }
}

static bool xics_claim(void *be, uint32_t irq, bool lsi, Error **errp)
{
    PaprXics *xics = be;
    PaprSource *source = papr_xics_source(&xics->arb, irq);

    if (!source || papr_source_read(source).flags) {
        error_setg(errp, "XICS: interrupt number 0x%x is %s", irq,
                   source ? "in use" : "out of range");
        return false;
    }
    papr_xics_source_reset(&xics->arb, irq,
                           lsi ? PAPR_SOURCE_LSI : PAPR_SOURCE_MSI);
    return true;
}

static void xics_release(void *be, uint32_t irq)
{
    PaprXics *xics = be;

    if (papr_xics_source(&xics->arb, irq)) {
        papr_xics_source_reset(&xics->arb, irq, 0);
    }
}

static void xics_trigger(void *be, uint32_t irq)
{
    PaprXics *xics = be;

    papr_xics_trigger(&xics->arb, irq);
}

static void xics_set_level(void *be, uint32_t irq, bool level)
{
    PaprXics *xics = be;

    papr_xics_set_level(&xics->arb, irq, level);
}

/* ICPs first: they return interrupts to sources, which are reset after that */
static void xics_reset(void *be)
{
    PaprXics *xics = be;
    PaprArbiter *arb = &xics->arb;

    for (uint32_t i = 0; i < arb->n_servers; i++) {
        if (arb->servers[i]) {
            papr_icp_reset(arb->servers[i]);
        }
    }
    for (uint32_t n = 0; n < PAPR_XICS_SOURCES; n++) {
        papr_xics_source_reset(arb, PAPR_XICS_BASE + n,
                               papr_source_read(&arb->sources[n]).flags);
    }
}

static bool xics_activate(void *be, Error **errp)
{
    PaprXics *xics = be;

    xics->active = true;
    papr_xics_hcall_enable(xics, true);
    return true;
}

static void xics_deactivate(void *be)
{
    PaprXics *xics = be;

    papr_xics_hcall_enable(xics, false);
    xics->active = false;
    xics_reset(xics);
}

/* LoPAR B.5.9.1.1; one node stands for all ICPs and for the sources */
static void xics_dt(void *be, PaprDt *dt, uint32_t phandle, uint32_t n_servers)
{
    papr_dt_begin(dt, "interrupt-controller");
    papr_dt_string(dt, "device_type",
                   "PowerPC-External-Interrupt-Presentation");
    papr_dt_string(dt, "compatible", "IBM,ppc-xicp");
    papr_dt_empty(dt, "interrupt-controller");
    papr_dt_u32(dt, "#interrupt-cells", 2);
    papr_dt_cell_list(dt, "ibm,interrupt-server-ranges", 0, n_servers);
    papr_dt_phandle(dt, phandle);
    papr_dt_end(dt);
}

static void xics_print_info(void *be, GString *buf)
{
    PaprXics *xics = be;

    for (PaprVcpu *vcpu = papr_vcpu_next(xics->vcpus, NULL); vcpu;
         vcpu = papr_vcpu_next(xics->vcpus, vcpu)) {
        if (vcpu->icp) {
            papr_xics_server_print_info(vcpu->icp, buf);
        }
    }

    g_string_append_printf(buf, "ICS %4x..%4x\n", PAPR_XICS_BASE,
                           PAPR_XICS_BASE + xics->nr_irqs - 1);
    for (uint32_t n = 0; n < PAPR_XICS_SOURCES; n++) {
        PaprSource s = papr_source_read(&xics->arb.sources[n]);

        if (s.flags) {
            g_string_append_printf(buf, "  %4x %s %02x %02x\n",
                                   PAPR_XICS_BASE + n,
                                   s.flags & PAPR_SOURCE_LSI ? "LSI" : "MSI",
                                   s.priority, s.status);
        }
    }
}

static int xics_post_load(void *be, int version_id)
{
    PaprXics *xics = be;

    papr_xics_resend_all(&xics->arb);
    return 0;
}

static bool xics_load_vcpu(void *be, PaprVcpu *vcpu, Error **errp)
{
    papr_xics_server_load(vcpu->icp);
    return true;
}

static const PaprIntcOps xics_ops = {
    .name = "xics",
    .vcpu_create = xics_vcpu_create,
    .vcpu_destroy = xics_vcpu_destroy,
    .vcpu_reset = xics_vcpu_reset,
    .claim = xics_claim,
    .release = xics_release,
    .trigger = xics_trigger,
    .set_level = xics_set_level,
    .activate = xics_activate,
    .deactivate = xics_deactivate,
    .reset = xics_reset,
    .dt = xics_dt,
    .print_info = xics_print_info,
    .post_load = xics_post_load,
    .load_vcpu = xics_load_vcpu,
};

const PaprIntcOps *papr_xics_ops = &xics_ops;

static int xics_sources_pre_save(void *opaque)
{
    PaprXics *xics = opaque;
    Error *err = NULL;

    if (xics->ops->save_sources && !xics->ops->save_sources(xics, &err)) {
        return papr_save_failed(err);
    }
    return 0;
}

/*
 * Streams may have ICPs before sources or after them; see server_post_load().
 * If the host's kernel runs the controller, papr_irqs_post_load() gives all to
 * it.
 */
static int xics_sources_post_load(void *opaque, int version_id)
{
    PaprXics *xics = opaque;

    if (xics->kvm) {
        return 0;
    }
    for (uint32_t n = 0; n < PAPR_XICS_SOURCES; n++) {
        PaprSource s = papr_source_read(&xics->arb.sources[n]);

        qatomic_set(&xics->arb.sources[n].word, papr_source_settle(s).word);
    }
    papr_xics_resend_all(&xics->arb);
    return 0;
}

static const VMStateDescription vmstate_papr_source = {
    .name = "ics/irq",
    .version_id = 2,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(server, PaprSource),
        VMSTATE_UINT8(priority, PaprSource),
        VMSTATE_UINT8(saved_priority, PaprSource),
        VMSTATE_UINT8(status, PaprSource),
        VMSTATE_UINT8(flags, PaprSource),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_papr_xics = {
    .name = "ics",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = xics_sources_pre_save,
    .post_load = xics_sources_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_EQUAL(nr_irqs, PaprXics, NULL),
        VMSTATE_STRUCT_VARRAY_POINTER_UINT32(arb.sources, PaprXics, nr_irqs,
                                             vmstate_papr_source, PaprSource),
        VMSTATE_END_OF_LIST()
    },
};

static void xics_realize(DeviceState *dev, Error **errp)
{
    PaprXics *xics = PAPR_XICS(dev);

    if (!xics->nr_irqs || xics->nr_irqs > PAPR_XICS_SOURCES) {
        error_setg(errp, "nr-irqs=%u: the machine's number space has %u",
                   xics->nr_irqs, PAPR_XICS_SOURCES);
        return;
    }
    /* sources beyond nr-irqs exist, too, but are never claimed */
    xics->arb.sources = g_new0(PaprSource, PAPR_XICS_SOURCES);
    for (uint32_t n = 0; n < PAPR_XICS_SOURCES; n++) {
        xics->arb.sources[n] = papr_source_off(0);
    }
}

static void xics_finalize(Object *obj)
{
    PaprXics *xics = PAPR_XICS(obj);

    for (uint32_t i = 0; i < xics->arb.n_servers; i++) {
        papr_xics_server_free(xics->arb.servers[i]);
    }
    g_free(xics->arb.servers);
    g_free(xics->arb.sources);
}

static const Property xics_properties[] = {
    DEFINE_PROP_UINT32("nr-irqs", PaprXics, nr_irqs, PAPR_XICS_SOURCES),
};

static void xics_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "XICS interrupt sources of a PAPR partition";
    dc->realize = xics_realize;
    dc->vmsd = &vmstate_papr_xics;
    /* made by papr_xics_new() alone */
    dc->user_creatable = false;
    device_class_set_props(dc, xics_properties);
}

static const TypeInfo xics_info = {
    .name = TYPE_PAPR_XICS,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(PaprXics),
    .instance_finalize = xics_finalize,
    .class_init = xics_class_init,
};

static void xics_register_types(void)
{
    type_register_static(&xics_info);
}

type_init(xics_register_types)

bool papr_xics_has_source(void *xics, uint32_t irq)
{
    PaprSource *source = papr_xics_source(&((PaprXics *)xics)->arb, irq);

    return source && papr_source_read(source).flags;
}

void *papr_xics_new(Object *owner, PaprVcpuMap *vcpus, uint32_t end,
                    PaprHcallTable *hcalls, PaprRtas *rtas, Error **errp)
{
    PaprXics *xics = PAPR_XICS(object_new(TYPE_PAPR_XICS));

    object_property_add_child(owner, "ics", OBJECT(xics));
    object_unref(OBJECT(xics));
    qdev_prop_set_uint32(DEVICE(xics), "nr-irqs", end - PAPR_XICS_BASE);
    if (!qdev_realize(DEVICE(xics), NULL, errp)) {
        object_unparent(OBJECT(xics));
        return NULL;
    }
    xics->ops = &xics_ops;
    xics->vcpus = vcpus;
    xics->hcalls = hcalls;
    xics->arb.n_servers = papr_vcpu_map_size(vcpus);
    xics->arb.servers = g_new0(PaprIcp *, xics->arb.n_servers);

    papr_xics_hcall_register(xics);
    papr_xics_rtas_register(xics, rtas);
    return xics;
}
