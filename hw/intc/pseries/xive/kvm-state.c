/*
 * pSeries XIVE in the host's kernel: stop and start, and migration
 *
 * While the guest runs, the kernel has what changes with each event: the P and
 * Q bits of sources, the positions in queues, vCPUs' registers.  The model has
 * what the guest configured.  When the machine stops, and before its memory is
 * sent:
 *
 * 1. hold: P is set in every source that is on, so that it forwards no events;
 *    its former bits are stored in the model's byte.  Then the kernel flushes
 *    events in progress, and marks the queues' pages dirty, since the host's
 *    controller writes them without marking them.
 * 2. Devices finish what they have begun after the machine was stopped (block
 *    devices are drained), and raise interrupts, which set Q of the source.
 *    These are delivered when memory is about to be read for the last time,
 *    and step 1 is done again.  No interrupts are raised after that.
 * 3. The positions of queues and vCPUs' registers are read when their sections
 *    are saved.
 *
 * A failure ends the migration (hw/pseries/save.h), and the guest continues on
 * the source host.
 *
 * When the machine starts: release.  Sources get the bits of the model's byte,
 * and those whose Q was set while they were held are triggered once more.
 * After a stream is loaded sources are held, so that the start is the same.
 *
 * Locking: BQL, and the machine is stopped, except when sources are created,
 * and for the saving functions, which `info pic` calls at any time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "migration/misc.h"
#include "system/runstate.h"
#include "hw/intc/pseries/irq/kvm.h"
#include "hw/intc/pseries/trace.h"
#include "kvm.h"

static bool is_asserted(PaprXive *xive, uint32_t lisn)
{
    return qatomic_read(&xive->status[lisn]) & XV_ESB_ASSERTED;
}

/* Stop and start */

static void hold_source(PaprXiveKvm *kvm, uint32_t lisn)
{
    uint8_t *esb = &kvm->xive->status[lisn];

    /* only the guest turns a source on or off, and it is stopped */
    if (papr_xive_kvm_get_pq(kvm, lisn) == XV_PQ_OFF) {
        papr_esb_put(esb, XV_PQ_OFF);
    } else {
        papr_esb_put(esb, papr_xive_kvm_set_pq(kvm, lisn, XV_PQ_PENDING));
    }
}

/*
 * A failure is recorded for papr_xive_kvm_save_sources(): it does no harm while
 * the machine is only stopped, but a stream would lack pages of queues and
 * events in progress.
 */
static void flush_queues(PaprXiveKvm *kvm)
{
    error_free(kvm->unflushed);
    kvm->unflushed = NULL;
    if (!papr_xive_kvm_flush(kvm, &kvm->unflushed)) {
        error_prepend(&kvm->unflushed,
                      "KVM can't complete XIVE's event queues: ");
    }
}

static bool is_ours(PaprXiveKvm *kvm, uint32_t lisn)
{
    return papr_xive_kvm_has(kvm, lisn) &&
           papr_xive_is_claimed(kvm->xive, lisn);
}

void papr_xive_kvm_hold(PaprXiveKvm *kvm)
{
    if (kvm->fd < 0 || kvm->held) {
        return;
    }
    trace_papr_xive_kvm_hold();
    kvm->held = true;
    for (uint32_t lisn = 0; lisn < kvm->xive->nr_irqs; lisn++) {
        if (is_ours(kvm, lisn)) {
            hold_source(kvm, lisn);
        }
    }
    flush_queues(kvm);
}

/*
 * A trigger is right in each state that is restored: 00 forwards it, 10 becomes
 * 11, and 11 stays.
 */
static void release_source(PaprXiveKvm *kvm, uint32_t lisn)
{
    PaprXive *xive = kvm->xive;
    uint8_t pq = papr_esb_pq(&xive->status[lisn]);
    bool again;

    if (pq == XV_PQ_OFF) {
        return;
    }
    again = papr_xive_kvm_set_pq(kvm, lisn, pq) & XV_PQ_Q;
    if (papr_xive_is_lsi(xive, lisn)) {
        smp_mb();                       /* see lsi_rest() in kvm-pages.c */
        again = pq == XV_PQ_RESET && is_asserted(xive, lisn);
    }
    if (again) {
        trace_papr_xive_kvm_late(lisn, pq);
        papr_irq_kvm_trigger(lisn);
    }
}

void papr_xive_kvm_release(PaprXiveKvm *kvm)
{
    if (kvm->fd < 0 || !kvm->held) {
        return;
    }
    trace_papr_xive_kvm_release();
    kvm->held = false;
    for (uint32_t lisn = 0; lisn < kvm->xive->nr_irqs; lisn++) {
        if (is_ours(kvm, lisn)) {
            release_source(kvm, lisn);
        }
    }
}

static void machine_changed(void *opaque, bool running, RunState state)
{
    PaprXiveKvm *kvm = opaque;

    if (running) {
        papr_xive_kvm_release(kvm);
    } else {
        papr_xive_kvm_hold(kvm);
    }
}

/* Memory is about to be read; with sources held, this is the last time */
static int memory_is_read(NotifierWithReturn *notifier, void *data,
                          Error **errp)
{
    PaprXiveKvm *kvm = container_of(notifier, PaprXiveKvm, precopy);
    PrecopyNotifyData *precopy = data;

    if (kvm->held && (precopy->reason == PRECOPY_NOTIFY_BEFORE_BITMAP_SYNC ||
                      precopy->reason == PRECOPY_NOTIFY_COMPLETE)) {
        papr_xive_kvm_release(kvm);
        papr_xive_kvm_hold(kvm);
    }
    return 0;
}

void papr_xive_kvm_state_init(PaprXiveKvm *kvm)
{
    qemu_add_vm_change_state_handler(machine_changed, kvm);
    kvm->precopy.notify = memory_is_read;
    precopy_add_notifier(&kvm->precopy);
}

/* To the kernel */

bool papr_xive_kvm_create_sources(PaprXiveKvm *kvm, Error **errp)
{
    PaprXive *xive = kvm->xive;

    for (uint32_t lisn = 0; lisn < xive->nr_irqs; lisn++) {
        /* this turns off and masks sources that the kernel already has */
        if ((papr_xive_is_claimed(xive, lisn) ||
             papr_xive_kvm_has(kvm, lisn)) &&
            !papr_xive_kvm_create_source(kvm, lisn, errp)) {
            return false;
        }
    }
    return true;
}

static bool load_queues(PaprXiveKvm *kvm, Error **errp)
{
    PaprXive *xive = kvm->xive;

    /* this sets the routes of sources to these queues, too */
    for (uint32_t i = 0; i < xive->nr_ends; i++) {
        PaprEndState state = papr_xive_end_state(xive, i);

        if (test_bit(i / XV_PRIORITIES, kvm->connected) &&
            !papr_xive_kvm_put_queue(kvm, i, &state, errp)) {
            return false;
        }
    }
    return true;
}

static bool load_rings(PaprXiveKvm *kvm, Error **errp)
{
    PaprXive *xive = kvm->xive;

    for (uint32_t i = 0; i < xive->nr_servers; i++) {
        if (xive->tctxs[i] && !papr_xive_kvm_put_ring(xive->tctxs[i], errp)) {
            return false;
        }
    }
    return true;
}

/* The bits, as hold_source() leaves them */
static void load_bits(PaprXiveKvm *kvm, uint32_t lisn)
{
    if (papr_esb_pq(&kvm->xive->status[lisn]) != XV_PQ_OFF) {
        papr_xive_kvm_set_pq(kvm, lisn, XV_PQ_PENDING);
    }
}

bool papr_xive_kvm_load_source(PaprXiveKvm *kvm, uint32_t lisn, Error **errp)
{
    uint64_t eas = kvm->xive->eat[lisn];

    if (!papr_xive_kvm_create_source(kvm, lisn, errp) ||
        !papr_xive_kvm_route(kvm, lisn, eas, eas, errp)) {
        return false;
    }
    load_bits(kvm, lisn);
    if (!kvm->held) {
        release_source(kvm, lisn);
    }
    return true;
}

bool papr_xive_kvm_load(PaprXiveKvm *kvm, Error **errp)
{
    if (!papr_xive_kvm_create_sources(kvm, errp) ||
        !papr_xive_kvm_clear(kvm, errp) || !load_queues(kvm, errp) ||
        !load_rings(kvm, errp)) {
        return false;
    }
    for (uint32_t lisn = 0; lisn < kvm->xive->nr_irqs; lisn++) {
        if (is_ours(kvm, lisn)) {
            load_bits(kvm, lisn);
        }
    }
    kvm->held = true;
    if (runstate_is_running()) {
        papr_xive_kvm_release(kvm);
    }
    return true;
}

/* From the kernel */

bool papr_xive_kvm_save_sources(PaprXive *xive, Error **errp)
{
    PaprXiveKvm *kvm = xive->kvm;

    if (kvm->held && kvm->unflushed) {
        error_propagate(errp, error_copy(kvm->unflushed));
        return false;
    }
    /* While sources are held, the model's bytes have their state */
    for (uint32_t lisn = 0; !kvm->held && lisn < xive->nr_irqs; lisn++) {
        if (is_ours(kvm, lisn)) {
            papr_esb_put(&xive->status[lisn], papr_xive_kvm_get_pq(kvm, lisn));
        }
    }
    return true;
}

bool papr_xive_kvm_save_queues(PaprXive *xive, Error **errp)
{
    PaprEndState state;

    for (uint32_t i = 0; i < xive->nr_ends; i++) {
        state = papr_xive_end_state(xive, i);
        if (!state.valid) {
            continue;
        }
        if (!papr_xive_kvm_get_queue(xive->kvm, i, &state, errp)) {
            return false;
        }
        papr_xive_set_end_pos(xive, i, state.pos);
    }
    return true;
}
