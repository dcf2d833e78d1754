/*
 * pSeries XIVE in the host's kernel: the attributes of KVM's device
 *
 * One function per attribute of KVM_DEV_TYPE_XIVE, in the model's terms: a
 * source's route is the word of its event assignment structure (EAS), a queue
 * (EQ) belongs to the event notification descriptor (END) of a vCPU and a
 * priority, a vCPU's registers are its OS ring.  The kernel's rules that PAPR
 * does not have are handled here:
 *
 * - a source can be routed to a queue only while the queue is set, and the
 *   kernel forgets the number that the guest gave a source when the source is
 *   masked.  So the model's words are authoritative, and a route is deferred
 *   until there is a queue;
 * - a queue is one page of 64 KiB, and notifies always;
 * - a source can't be removed: it is turned off.
 *
 * Called by kvm.c and kvm-state.c; locking: see kvm.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "system/kvm.h"
#include "target/ppc/cpu.h"
#include "hw/intc/pseries/irq/kvm.h"
#include "hw/intc/pseries/trace.h"
#include "kvm.h"

#define KVM_EQ_SHIFT 16

static bool device_access(PaprXiveKvm *kvm, uint32_t group, uint64_t attr,
                          void *value, bool write, Error **errp)
{
    return kvm_device_access(kvm->fd, group, attr, value, write, errp) >= 0;
}

static bool device_control(PaprXiveKvm *kvm, uint64_t attr, Error **errp)
{
    return device_access(kvm, KVM_DEV_XIVE_GRP_CTRL, attr, NULL, true, errp);
}

/* The device */

bool papr_xive_kvm_open(PaprXiveKvm *kvm, Error **errp)
{
    kvm->fd = papr_irq_kvm_create(KVM_DEV_TYPE_XIVE, KVM_DEV_XIVE_GRP_CTRL,
                                  KVM_DEV_XIVE_NR_SERVERS,
                                  kvm->xive->nr_servers, errp);
    return kvm->fd >= 0;
}

/* Once closed and unmapped, KVM's device is freed and its vCPUs disconnected */
void papr_xive_kvm_close(PaprXiveKvm *kvm)
{
    close(kvm->fd);
    kvm->fd = -1;
    kvm->held = false;
    bitmap_zero(kvm->sources, kvm->xive->nr_irqs);
    bitmap_zero(kvm->connected, kvm->xive->nr_servers);
    bitmap_zero(kvm->queues, kvm->xive->nr_ends);
}

/* A vCPU that is plugged again gets the parked vCPU of the kernel */
bool papr_xive_kvm_connect(PaprXiveKvm *kvm, PaprTctx *tctx, Error **errp)
{
    if (test_bit(tctx->server, kvm->connected)) {
        return true;
    }
    if (!papr_irq_kvm_connect(papr_vcpu(tctx->cpu), KVM_CAP_PPC_IRQ_XIVE,
                              kvm->fd, errp)) {
        return false;
    }
    set_bit(tctx->server, kvm->connected);
    return true;
}

/* Sources */

bool papr_xive_kvm_create_source(PaprXiveKvm *kvm, uint32_t lisn, Error **errp)
{
    bool lsi = papr_xive_is_lsi(kvm->xive, lisn);
    uint64_t kind = lsi ? KVM_XIVE_LEVEL_SENSITIVE : 0;

    if (lsi && (qatomic_read(&kvm->xive->status[lisn]) & XV_ESB_ASSERTED)) {
        kind |= KVM_XIVE_LEVEL_ASSERTED;
    }
    if (!device_access(kvm, KVM_DEV_XIVE_GRP_SOURCE, lisn, &kind, true, errp)) {
        error_prepend(errp, "XIVE source 0x%x: ", lisn);
        return false;
    }
    set_bit_atomic(lisn, kvm->sources);
    trace_papr_xive_kvm_source(lisn, kind);
    return true;
}

static uint64_t route_to(uint64_t eas)
{
    uint64_t end = papr_eas_end(eas);

    return (eas & XV_EAS_EISN_MASK) << KVM_XIVE_SOURCE_EISN_SHIFT |
           (end / XV_PRIORITIES) << KVM_XIVE_SOURCE_SERVER_SHIFT |
           (end % XV_PRIORITIES) << KVM_XIVE_SOURCE_PRIORITY_SHIFT;
}

/*
 * The kernel ignores the mask if server, priority and number are those that the
 * source has, so another number is used.
 */
static uint64_t route_nowhere(uint64_t old)
{
    return KVM_XIVE_SOURCE_MASKED_MASK |
           ((old ^ 1) & XV_EAS_EISN_MASK) << KVM_XIVE_SOURCE_EISN_SHIFT;
}

bool papr_xive_kvm_route(PaprXiveKvm *kvm, uint32_t lisn, uint64_t old,
                         uint64_t eas, Error **errp)
{
    bool routed = !(eas & XV_EAS_MASKED) &&
                  papr_xive_kvm_in(kvm->queues, papr_eas_end(eas));
    uint64_t config = routed ? route_to(eas) : route_nowhere(old);

    trace_papr_xive_kvm_route(lisn, config);
    if (!device_access(kvm, KVM_DEV_XIVE_GRP_SOURCE_CONFIG, lisn, &config, true,
                       errp)) {
        error_prepend(errp, "XIVE source 0x%x: ", lisn);
        return false;
    }
    return true;
}

/* Queues */

static bool route_all_to(PaprXiveKvm *kvm, uint32_t end_index, Error **errp)
{
    PaprXive *xive = kvm->xive;

    for (uint32_t lisn = 0; lisn < xive->nr_irqs; lisn++) {
        uint64_t eas = xive->eat[lisn];

        if ((eas & (XV_EAS_VALID | XV_EAS_MASKED)) == XV_EAS_VALID &&
            papr_eas_end(eas) == end_index && papr_xive_kvm_has(kvm, lisn) &&
            !papr_xive_kvm_route(kvm, lisn, eas, eas, errp)) {
            return false;
        }
    }
    return true;
}

bool papr_xive_kvm_put_queue(PaprXiveKvm *kvm, uint32_t end_index,
                             const PaprEndState *state, Error **errp)
{
    struct kvm_ppc_xive_eq eq = {};
    bool was_set = papr_xive_kvm_in(kvm->queues, end_index);

    if (!state->valid && !was_set) {
        return true;
    }
    if (state->valid) {
        if (state->shift != KVM_EQ_SHIFT || !state->always_notify) {
            error_setg(errp, "KVM's queues have 64 KiB and notify always");
            return false;
        }
        eq.flags = KVM_XIVE_EQ_ALWAYS_NOTIFY;
        eq.qshift = state->shift;
        eq.qaddr = state->addr;
        eq.qtoggle = state->pos.generation;
        eq.qindex = state->pos.index;
    }
    trace_papr_xive_kvm_queue(end_index, eq.qaddr, eq.qshift, eq.qtoggle,
                              eq.qindex);
    /* If the access fails, the kernel must not use the old queue any longer */
    clear_bit_atomic(end_index, kvm->queues);
    if (!device_access(kvm, KVM_DEV_XIVE_GRP_EQ_CONFIG, end_index, &eq, true,
                       errp)) {
        device_access(kvm, KVM_DEV_XIVE_GRP_EQ_CONFIG, end_index,
                      &(struct kvm_ppc_xive_eq){ 0 }, true, NULL);
        error_prepend(errp, "XIVE queue %u of server %u: ",
                      end_index % XV_PRIORITIES, end_index / XV_PRIORITIES);
        return false;
    }
    if (!state->valid) {
        return true;
    }
    set_bit_atomic(end_index, kvm->queues);
    return was_set || route_all_to(kvm, end_index, errp);
}

bool papr_xive_kvm_get_queue(PaprXiveKvm *kvm, uint32_t end_index,
                             PaprEndState *state, Error **errp)
{
    struct kvm_ppc_xive_eq eq = {};

    if (!papr_xive_kvm_in(kvm->queues, end_index)) {
        return true;
    }
    if (!device_access(kvm, KVM_DEV_XIVE_GRP_EQ_CONFIG, end_index, &eq, false,
                       errp)) {
        error_prepend(errp, "XIVE queue %u of server %u can't be read: ",
                      end_index % XV_PRIORITIES, end_index / XV_PRIORITIES);
        return false;
    }
    state->pos.generation = eq.qtoggle;
    state->pos.index = eq.qindex & (papr_eq_entries(KVM_EQ_SHIFT) - 1);
    return true;
}

/* All sources and queues */

bool papr_xive_kvm_sync(PaprXiveKvm *kvm, uint32_t lisn, Error **errp)
{
    return device_access(kvm, KVM_DEV_XIVE_GRP_SOURCE_SYNC, lisn, NULL, true,
                         errp);
}

bool papr_xive_kvm_flush(PaprXiveKvm *kvm, Error **errp)
{
    return device_control(kvm, KVM_DEV_XIVE_EQ_SYNC, errp);
}

bool papr_xive_kvm_clear(PaprXiveKvm *kvm, Error **errp)
{
    bitmap_zero(kvm->queues, kvm->xive->nr_ends);
    return device_control(kvm, KVM_DEV_XIVE_RESET, errp);
}

/*
 * vCPUs: the ring's eight bytes are words 0 and 1 of the thread interrupt
 * management area (TIMA), big-endian
 */

bool papr_xive_kvm_put_ring(PaprTctx *tctx, Error **errp)
{
    uint64_t state[2] = { cpu_to_be64(qatomic_read(&tctx->ring)) };
    int ret = kvm_set_one_reg(CPU(tctx->cpu), KVM_REG_PPC_VP_STATE, state);

    if (ret < 0) {
        error_setg_errno(errp, -ret, "XIVE: the registers of server %u can't be"
                         " set", tctx->server);
    }
    return ret >= 0;
}

bool papr_xive_kvm_get_ring(PaprTctx *tctx, Error **errp)
{
    uint64_t state[2] = {};
    int ret = kvm_get_one_reg(CPU(tctx->cpu), KVM_REG_PPC_VP_STATE, state);

    if (ret < 0) {
        error_setg_errno(errp, -ret, "XIVE: the registers of server %u can't be"
                         " read", tctx->server);
        return false;
    }
    qatomic_set(&tctx->ring, be64_to_cpu(state[0]));
    return true;
}
