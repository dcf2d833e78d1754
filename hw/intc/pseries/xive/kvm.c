/*
 * pSeries XIVE in the host's kernel: the implementation "xive-kvm"
 *
 * XIVE native exploitation mode: the host's KVM has an interrupt controller
 * device by which the guest drives the host's XIVE.  It is created when XIVE
 * becomes active (at client-architecture-support, or when the machine starts
 * with it), and closed when XICS becomes active (with ic-mode=dual at a reset,
 * too).
 *
 * These operations work on the state of the emulated model (model.c), whose
 * own operations they call for the model's part of the work:
 *
 *   the kernel has   sources' P and Q bits, positions in queues, vCPUs' rings
 *   the model has    which sources there are, and the lines of level signalled
 *                    ones; routes, queues' addresses, reporting lines
 *
 * The kernel handles none of the hypercalls H_INT_*: hcalls.c does, and the
 * operations below carry out what they ask for.  Events come from devices by
 * irqfd, in which QEMU has no part, else by KVM_IRQ_LINE.
 *
 * Called by irq/irqs.c; locking: see kvm.h and model.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "hw/core/cpu.h"
#include "hw/intc/pseries/irq/kvm.h"
#include "hw/intc/pseries/trace.h"
#include "target/ppc/cpu.h"
#include "kvm.h"

/* Requests that the kernel may refuse while the guest runs */
typedef enum HostRequest {
    HOST_ROUTE, HOST_QUEUE, HOST_QUEUE_END, HOST_POSITION, HOST_SYNC,
    HOST_CLEAR, HOST_REQUESTS
} HostRequest;

/* A guest can repeat the request at will: each kind is warned of once */
static int64_t host_failure(HostRequest what, Error *err)
{
    static bool told[HOST_REQUESTS];

    if (qatomic_xchg(&told[what], true)) {
        error_free(err);
    } else {
        warn_report_err(err);
    }
    return H_HARDWARE;
}

/* For hypercalls and migration */

static int64_t kvm_set_eas(PaprXive *xive, uint32_t lisn, uint64_t eas)
{
    Error *err = NULL;

    if (!papr_xive_kvm_route(xive->kvm, lisn, xive->eat[lisn], eas, &err)) {
        return host_failure(HOST_ROUTE, err);
    }
    papr_xive_set_eas(xive, lisn, eas);
    return H_SUCCESS;
}

/* The model maps the queue, too: to check for RAM, and to hold a reference */
static int64_t kvm_set_queue(PaprXive *xive, uint32_t end_index,
                             const PaprEndState *state)
{
    PaprEndState none = papr_end_initial();
    Error *err = NULL;

    if (state->valid && state->shift != XV_EQ_OFFERED_SHIFT) {
        return H_P5;
    }
    if (state->valid && !state->always_notify) {
        return H_PARAMETER;
    }
    if (!papr_xive_set_queue(xive, end_index, state)) {
        return H_P4;
    }
    if (!papr_xive_kvm_put_queue(xive->kvm, end_index, state, &err)) {
        papr_xive_set_queue(xive, end_index, &none);
        return host_failure(HOST_QUEUE, err);
    }
    return H_SUCCESS;
}

static PaprEndState kvm_queue(PaprXive *xive, uint32_t end_index)
{
    PaprEndState state = papr_xive_end_state(xive, end_index);
    Error *err = NULL;

    if (state.valid &&
        !papr_xive_kvm_get_queue(xive->kvm, end_index, &state, &err)) {
        host_failure(HOST_POSITION, err);
    }
    return state;
}

static int64_t kvm_sync(PaprXive *xive, uint32_t lisn)
{
    Error *err = NULL;

    if (!papr_xive_kvm_sync(xive->kvm, lisn, &err)) {
        error_prepend(&err, "XIVE source 0x%x can't be synchronized: ", lisn);
        return host_failure(HOST_SYNC, err);
    }
    return H_SUCCESS;
}

/* The kernel's reset does not turn off sources that have no route */
static int64_t kvm_reset_routing(PaprXive *xive)
{
    Error *err = NULL;
    int64_t rc = H_SUCCESS;

    for (uint32_t lisn = 0; lisn < xive->nr_irqs; lisn++) {
        if (papr_xive_kvm_has(xive->kvm, lisn)) {
            papr_xive_kvm_set_pq(xive->kvm, lisn, XV_PQ_OFF);
        }
    }
    if (!papr_xive_kvm_clear(xive->kvm, &err)) {
        rc = host_failure(HOST_CLEAR, err);
    }
    papr_xive_reset_routing(xive);
    return rc;
}

static bool xive_kvm_save_sources(void *be, Error **errp)
{
    return papr_xive_kvm_save_sources(be, errp);
}

static bool xive_kvm_save_vcpu(void *be, PaprVcpu *vcpu, Error **errp)
{
    return papr_xive_kvm_get_ring(vcpu->tctx, errp);
}

static bool xive_kvm_load_vcpu(void *be, PaprVcpu *vcpu, Error **errp)
{
    return papr_xive_kvm_put_ring(vcpu->tctx, errp);
}

/* vCPUs */

static bool xive_kvm_vcpu_create(void *be, PaprVcpu *vcpu, Error **errp)
{
    PaprXive *xive = be;

    if (!papr_xive_ops->vcpu_create(be, vcpu, errp)) {
        return false;
    }
    if (!papr_xive_kvm_connect(xive->kvm, vcpu->tctx, errp)) {
        papr_xive_ops->vcpu_destroy(be, vcpu);
        return false;
    }
    return true;
}

static void xive_kvm_vcpu_destroy(void *be, PaprVcpu *vcpu)
{
    PaprXive *xive = be;
    PaprEndState none = papr_end_initial();
    Error *err = NULL;

    for (uint32_t prio = 0; vcpu->tctx && prio < XV_PRIORITIES; prio++) {
        if (!papr_xive_kvm_put_queue(xive->kvm, vcpu->id * XV_PRIORITIES + prio,
                                     &none, &err)) {
            host_failure(HOST_QUEUE_END, err);
            err = NULL;
        }
    }
    papr_xive_ops->vcpu_destroy(be, vcpu);
}

static void xive_kvm_vcpu_reset(void *be, PaprVcpu *vcpu)
{
    Error *err = NULL;

    papr_xive_ops->vcpu_reset(be, vcpu);
    if (!papr_xive_kvm_put_ring(vcpu->tctx, &err)) {
        error_report_err(err);
    }
}

/* Sources */

static bool xive_kvm_claim(void *be, uint32_t irq, bool lsi, Error **errp)
{
    PaprXive *xive = be;

    if (!papr_xive_ops->claim(be, irq, lsi, errp)) {
        return false;
    }
    if (!papr_xive_kvm_load_source(xive->kvm, irq, errp)) {
        papr_xive_ops->release(be, irq);
        return false;
    }
    return true;
}

static void xive_kvm_release(void *be, uint32_t irq)
{
    PaprXive *xive = be;

    papr_xive_kvm_set_pq(xive->kvm, irq, XV_PQ_OFF);
    if (kvm_set_eas(xive, irq, papr_eas_initial(irq)) == H_SUCCESS) {
        kvm_sync(xive, irq);
    }
    papr_xive_ops->release(be, irq);
}

static void xive_kvm_trigger(void *be, uint32_t irq)
{
    trace_papr_xive_trigger(irq);
    papr_irq_kvm_trigger(irq);
}

/* A rising line triggers; for the EOI see lsi_load() */
static void xive_kvm_set_level(void *be, uint32_t irq, bool level)
{
    PaprXive *xive = be;
    uint8_t *esb = &xive->status[irq];

    if (!papr_xive_is_lsi(xive, irq)) {
        if (level) {
            xive_kvm_trigger(be, irq);
        }
        return;
    }
    trace_papr_xive_level(irq, level);
    if (!level) {
        qatomic_and(esb, (uint8_t)~XV_ESB_ASSERTED);
    } else if (!(qatomic_fetch_or(esb, XV_ESB_ASSERTED) & XV_ESB_ASSERTED)) {
        papr_irq_kvm_trigger(irq);
    }
}

/* Activation */

static bool connect_all(PaprXive *xive, Error **errp)
{
    for (uint32_t i = 0; i < xive->nr_servers; i++) {
        if (xive->tctxs[i] &&
            !papr_xive_kvm_connect(xive->kvm, xive->tctxs[i], errp)) {
            return false;
        }
    }
    return true;
}

/* Allocate once what the device needs; papr_xive_kvm_open() creates it */
static bool make_kvm(PaprXive *xive, Error **errp)
{
    PaprXiveKvm *kvm;

    if (xive->kvm) {
        return true;
    }
    kvm = g_new0(PaprXiveKvm, 1);
    kvm->xive = xive;
    kvm->fd = -1;
    if (!papr_xive_kvm_pages_init(kvm, errp)) {
        g_free(kvm);
        return false;
    }
    kvm->sources = bitmap_new(xive->nr_irqs);
    kvm->connected = bitmap_new(xive->nr_servers);
    kvm->queues = bitmap_new(xive->nr_ends);
    papr_xive_kvm_state_init(kvm);
    xive->kvm = kvm;
    return true;
}

/* The regions for the device's pages are made before the guest runs */
static void xive_kvm_prepare(void *be)
{
    make_kvm(be, NULL);
}

static const PaprXiveOps xive_kvm_ops;

/*
 * No state is stored: the model's is that after a reset, like a new device's,
 * or that of a stream, which post_load() stores.
 */
static bool xive_kvm_activate(void *be, Error **errp)
{
    PaprXive *xive = be;

    if (xive->active) {
        return true;
    }
    if (!make_kvm(xive, errp) ||
        !papr_xive_kvm_open(xive->kvm, errp)) {
        return false;
    }
    if (!connect_all(xive, errp) ||
        !papr_xive_kvm_create_sources(xive->kvm, errp) ||
        !papr_xive_kvm_map(xive->kvm, errp)) {
        papr_xive_kvm_close(xive->kvm);
        return false;
    }
    xive->ops = &xive_kvm_ops;
    papr_xive_ops->activate(be, &error_abort);
    papr_irq_kvm_set_active(true);
    return true;
}

static void xive_kvm_deactivate(void *be)
{
    PaprXive *xive = be;

    if (!xive->active) {
        return;
    }
    papr_irq_kvm_set_active(false);
    papr_xive_kvm_unmap(xive->kvm);
    papr_xive_kvm_close(xive->kvm);
    xive->ops = &papr_xive_emulated;
    papr_xive_ops->deactivate(be);
}

static void xive_kvm_reset(void *be)
{
    kvm_reset_routing(be);
}

static int xive_kvm_post_load(void *be, int version_id)
{
    PaprXive *xive = be;
    Error *err = NULL;

    if (!papr_xive_kvm_load(xive->kvm, &err)) {
        error_report_err(err);
        return -EIO;
    }
    return 0;
}

/* In the vCPU's thread: another would wait while the vCPU is in the guest */
static void save_ring_on_cpu(CPUState *cs, run_on_cpu_data data)
{
    Error *err = NULL;

    if (!papr_xive_kvm_get_ring(data.host_ptr, &err)) {
        error_report_err(err);
    }
}

static void xive_kvm_print_info(void *be, GString *buf)
{
    PaprXive *xive = be;
    Error *err = NULL;

    /* After an error, show what could be read */
    if (!papr_xive_kvm_save_sources(xive, &err) ||
        !papr_xive_kvm_save_queues(xive, &err)) {
        error_report_err(err);
    }
    for (uint32_t i = 0; i < xive->nr_servers; i++) {
        PaprTctx *tctx = xive->tctxs[i];

        if (tctx) {
            run_on_cpu(CPU(tctx->cpu), save_ring_on_cpu,
                       RUN_ON_CPU_HOST_PTR(tctx));
        }
    }
    papr_xive_print_info(xive, buf);
}

static void xive_kvm_dt(void *be, PaprDt *dt, uint32_t phandle,
                        uint32_t n_servers)
{
    papr_xive_dt(dt, phandle, n_servers);
}

static const PaprXiveOps xive_kvm_ops = {
    .intc = {
        .name = "xive-kvm",
        .vcpu_create = xive_kvm_vcpu_create,
        .vcpu_destroy = xive_kvm_vcpu_destroy,
        .vcpu_reset = xive_kvm_vcpu_reset,
        .claim = xive_kvm_claim,
        .release = xive_kvm_release,
        .trigger = xive_kvm_trigger,
        .set_level = xive_kvm_set_level,
        .activate = xive_kvm_activate,
        .deactivate = xive_kvm_deactivate,
        .reset = xive_kvm_reset,
        .dt = xive_kvm_dt,
        .print_info = xive_kvm_print_info,
        .post_load = xive_kvm_post_load,
        .prepare = xive_kvm_prepare,
        .save_sources = xive_kvm_save_sources,
        .save_vcpu = xive_kvm_save_vcpu,
        .load_vcpu = xive_kvm_load_vcpu,
    },
    .set_eas = kvm_set_eas,
    .set_queue = kvm_set_queue,
    .queue = kvm_queue,
    .esb_load = papr_xive_kvm_esb_load,
    .esb_store = papr_xive_kvm_esb_store,
    .sync = kvm_sync,
    .reset = kvm_reset_routing,
    .save_queues = papr_xive_kvm_save_queues,
};

const PaprIntcOps *papr_xive_kvm_ops = &xive_kvm_ops.intc;
