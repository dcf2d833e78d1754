/*
 * pSeries XIVE: the H_INT_* hypercalls, LoPAR 14.5.4.7.6 to 14.5.4.7.16
 *
 * By these the guest learns where the pages of its sources and queues are, and
 * sets which queue of which vCPU a source's events go to.  A LISN (logical
 * interrupt source number) is a number of the platform's interrupt number
 * space, a target is a vCPU id.
 *
 * Checks are made in the order in which LoPAR's semantics list them.  Calls
 * that change the configuration run with the big lock (BQL); the others only
 * read words that change as a whole, or do what an MMIO access could do too.
 * H_INT_RESET holds the BQL from beginning to end, so that no call has to
 * return H_STATE (a reset is in progress).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/pseries/guest-mem.h"
#include "hw/intc/pseries/trace.h"
#include "model.h"

static bool lisn_ok(PaprXive *xive, uint64_t lisn)
{
    if (papr_xive_is_claimed(xive, lisn)) {
        return true;
    }
    qemu_log_mask(LOG_GUEST_ERROR, "xive: there is no source 0x%" PRIx64 "\n",
                  lisn);
    return false;
}

/* The context of vCPU @target; call it in an RCU read section or with BQL */
static PaprTctx *target_find(PaprXive *xive, uint64_t target)
{
    PaprTctx *tctx = NULL;

    if (target < xive->nr_servers) {
        tctx = qatomic_rcu_read(&xive->tctxs[target]);
    }
    if (!tctx) {
        qemu_log_mask(LOG_GUEST_ERROR, "xive: there is no target 0x%" PRIx64
                      "\n", target);
    }
    return tctx;
}

static bool target_ok(PaprXive *xive, uint64_t target)
{
    RCU_READ_LOCK_GUARD();
    return target_find(xive, target) != NULL;
}

static bool priority_ok(uint64_t priority)
{
    if (priority < XV_PRIORITY_RESERVED) {
        return true;
    }
    qemu_log_mask(LOG_GUEST_ERROR, "xive: priority 0x%" PRIx64 " is reserved\n",
                  priority);
    return false;
}

static uint32_t end_index(uint64_t target, uint64_t priority)
{
    return target * XV_PRIORITIES + priority;
}

/* Sources */

static int64_t h_int_get_source_info(PowerPCCPU *cpu, uint64_t *args,
                                     void *opaque)
{
    PaprXive *xive = opaque;
    uint64_t flags = args[0], lisn = args[1];
    hwaddr trigger_page;

    if (flags) {
        return H_PARAMETER;
    }
    if (!lisn_ok(xive, lisn)) {
        return H_P2;
    }
    args[3] = XV_ESB_PAGE_SHIFT;
    if (papr_xive_is_lsi(xive, lisn)) {
        /* Under KVM the level is known to QEMU alone, hence the hypercall */
        args[0] = XV_SRC_INFO_HCALL | XV_SRC_INFO_LSI;
        args[1] = UINT64_MAX;
        args[2] = UINT64_MAX;
    } else {
        trigger_page = XV_ESB_BASE + (lisn << XV_ESB_PAIR_SHIFT);
        args[0] = 0;
        args[1] = trigger_page + (1ULL << XV_ESB_PAGE_SHIFT);
        args[2] = trigger_page;
    }
    trace_papr_xive_get_source_info(lisn, args[0], args[1], args[2]);
    return H_SUCCESS;
}

static int64_t h_int_set_source_config(PowerPCCPU *cpu, uint64_t *args,
                                       void *opaque)
{
    PaprXive *xive = opaque;
    uint64_t flags = args[0], lisn = args[1], target = args[2];
    uint64_t priority = args[3], eisn = args[4];

    trace_papr_xive_set_source_config(flags, lisn, target, priority, eisn);
    if (flags & ~(uint64_t)(XV_SRC_SET_EISN | XV_SRC_MASK)) {
        return H_PARAMETER;
    }
    if (!lisn_ok(xive, lisn)) {
        return H_P2;
    }
    if (priority == XV_PRIORITY_NONE) {
        return xive->ops->set_eas(xive, lisn, papr_eas_initial(lisn));
    }
    if (!target_ok(xive, target)) {
        return H_P3;
    }
    if (!priority_ok(priority)) {
        return H_P4;
    }
    if (!(flags & XV_SRC_SET_EISN)) {
        eisn = qatomic_read(&xive->eat[lisn]);
    }
    return xive->ops->set_eas(xive, lisn,
                              papr_eas_make(end_index(target, priority),
                                            flags & XV_SRC_MASK, eisn));
}

static int64_t h_int_get_source_config(PowerPCCPU *cpu, uint64_t *args,
                                       void *opaque)
{
    PaprXive *xive = opaque;
    uint64_t flags = args[0], lisn = args[1];
    uint64_t eas;
    uint32_t end;

    if (flags) {
        return H_PARAMETER;
    }
    if (!lisn_ok(xive, lisn)) {
        return H_P2;
    }
    eas = qatomic_read(&xive->eat[lisn]);
    end = papr_eas_end(eas);
    args[0] = end / XV_PRIORITIES;
    args[1] = eas & XV_EAS_MASKED ? XV_PRIORITY_NONE : end % XV_PRIORITIES;
    args[2] = eas & XV_EAS_EISN_MASK;
    trace_papr_xive_get_source_config(lisn, args[0], args[1], args[2]);
    return H_SUCCESS;
}

/* Queues */

static int64_t queue_check(PaprXive *xive, uint64_t target, uint64_t priority)
{
    if (!target_ok(xive, target)) {
        return H_P2;
    }
    return priority_ok(priority) ? H_SUCCESS : H_P3;
}

static int64_t h_int_get_queue_info(PowerPCCPU *cpu, uint64_t *args,
                                    void *opaque)
{
    PaprXive *xive = opaque;
    uint64_t flags = args[0], target = args[1], priority = args[2];
    int64_t rc;

    if (flags) {
        return H_PARAMETER;
    }
    rc = queue_check(xive, target, priority);
    if (rc != H_SUCCESS) {
        return rc;
    }
    args[0] = xive->end_base +
              ((hwaddr)end_index(target, priority) << XV_ESB_PAIR_SHIFT);
    args[1] = XV_ESB_PAGE_SHIFT;
    trace_papr_xive_get_queue_info(target, priority, args[0]);
    return H_SUCCESS;
}

static int64_t h_int_set_queue_config(PowerPCCPU *cpu, uint64_t *args,
                                      void *opaque)
{
    PaprXive *xive = opaque;
    uint64_t flags = args[0], target = args[1], priority = args[2];
    uint64_t addr = args[3], shift = args[4];
    PaprEndState state = papr_end_initial();
    int64_t rc;

    trace_papr_xive_set_queue_config(flags, target, priority, addr, shift);
    if (flags & ~(uint64_t)XV_EQ_ALWAYS_NOTIFY) {
        return H_PARAMETER;
    }
    rc = queue_check(xive, target, priority);
    if (rc != H_SUCCESS) {
        return rc;
    }
    if (shift) {
        if (!papr_eq_shift_offered(shift)) {
            qemu_log_mask(LOG_GUEST_ERROR, "xive: event queues of 2^%" PRIu64
                          " bytes are not offered\n", shift);
            return H_P5;
        }
        if (addr >= XV_EQ_MAX_ADDR || (addr & ((1ULL << shift) - 1))) {
            qemu_log_mask(LOG_GUEST_ERROR, "xive: event queue at 0x%" PRIx64
                          " of 2^%" PRIu64 " bytes is not aligned, "
                          "or out of range\n",
                          addr, shift);
            return H_P4;
        }
        state = papr_end_with_queue(addr, shift, flags & XV_EQ_ALWAYS_NOTIFY);
    }
    rc = xive->ops->set_queue(xive, end_index(target, priority), &state);
    if (rc != H_SUCCESS) {
        qemu_log_mask(LOG_GUEST_ERROR, "xive: no event queue of 2^%" PRIu64
                      " bytes at 0x%" PRIx64 ", flags 0x%" PRIx64 ": %" PRId64
                      "\n", shift, addr, flags, rc);
    }
    return rc;
}

static int64_t h_int_get_queue_config(PowerPCCPU *cpu, uint64_t *args,
                                      void *opaque)
{
    PaprXive *xive = opaque;
    uint64_t flags = args[0], target = args[1], priority = args[2];
    bool debug = flags & XV_EQ_DEBUG;
    PaprEndState state;
    int64_t rc;

    if (flags & ~(uint64_t)XV_EQ_DEBUG) {
        return H_PARAMETER;
    }
    rc = queue_check(xive, target, priority);
    if (rc != H_SUCCESS) {
        return rc;
    }
    state = xive->ops->queue(xive, end_index(target, priority));
    args[0] = state.always_notify ? XV_EQ_ALWAYS_NOTIFY : 0;
    if (debug && state.pos.generation) {
        args[0] |= XV_EQ_DEBUG_GENERATION;
    }
    args[1] = state.valid ? state.addr : UINT64_MAX;
    args[2] = state.shift;
    args[3] = debug ? state.pos.index : 0;
    trace_papr_xive_get_queue_config(target, priority, args[0], args[1],
                                     args[2], args[3]);
    return H_SUCCESS;
}

/* Reporting lines */

static int64_t h_int_set_os_reporting_line(PowerPCCPU *cpu, uint64_t *args,
                                           void *opaque)
{
    PaprTctx *tctx = papr_vcpu(cpu)->tctx;
    uint64_t flags = args[0], line = args[1];

    if (flags) {
        return H_PARAMETER;
    }
    if (line != UINT64_MAX &&
        (line % XV_REPORT_LINE_SIZE ||
         !papr_mem_is_ram(line, 2 * XV_REPORT_LINE_SIZE))) {
        qemu_log_mask(LOG_GUEST_ERROR, "xive: bad reporting line 0x%" PRIx64
                      "\n", line);
        return H_P2;
    }
    trace_papr_xive_set_reporting_line(tctx->server, line);
    qatomic_set(&tctx->report_line, line);
    return H_SUCCESS;
}

static int64_t h_int_get_os_reporting_line(PowerPCCPU *cpu, uint64_t *args,
                                           void *opaque)
{
    PaprXive *xive = opaque;
    uint64_t flags = args[0], target = args[1];
    PaprTctx *tctx;

    if (flags) {
        return H_PARAMETER;
    }
    RCU_READ_LOCK_GUARD();
    tctx = target_find(xive, target);
    if (!tctx) {
        return H_P2;
    }
    args[0] = qatomic_read(&tctx->report_line);
    return H_SUCCESS;
}

/* ESB accesses by hypercall, synchronization, reset */

static int64_t h_int_esb(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprXive *xive = opaque;
    uint64_t flags = args[0], lisn = args[1], offset = args[2];

    if (flags & ~(uint64_t)XV_ESB_STORE) {
        return H_PARAMETER;
    }
    if (!lisn_ok(xive, lisn)) {
        return H_P2;
    }
    if (offset >> XV_ESB_PAGE_SHIFT || offset % sizeof(uint64_t)) {
        return H_P3;
    }
    if (flags & XV_ESB_STORE) {
        xive->ops->esb_store(xive, lisn, offset);
        args[0] = UINT64_MAX;
    } else {
        args[0] = xive->ops->esb_load(xive, lisn, offset);
    }
    trace_papr_xive_esb_hcall(flags, lisn, offset, args[0]);
    return H_SUCCESS;
}

static int64_t h_int_sync(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprXive *xive = opaque;
    uint64_t flags = args[0], lisn = args[1];

    if (flags) {
        return H_PARAMETER;
    }
    if (!lisn_ok(xive, lisn)) {
        return H_P2;
    }
    trace_papr_xive_sync(lisn);
    return xive->ops->sync(xive, lisn);
}

static int64_t h_int_reset(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprXive *xive = opaque;

    if (args[0]) {
        return H_PARAMETER;
    }
    trace_papr_xive_reset();
    for (uint32_t i = 0; i < xive->nr_servers; i++) {
        if (xive->tctxs[i]) {
            qatomic_set(&xive->tctxs[i]->report_line, UINT64_MAX);
        }
    }
    return xive->ops->reset(xive);
}

/*
 * PAPR_HCALL_LOCKLESS: see the file's head.  H_INT_GET_QUEUE_CONFIG takes the
 * lock of the queue's descriptor; a vCPU's reporting line is one atomic word.
 */
static const PaprHcall xive_hcalls[] = {
    { H_INT_GET_SOURCE_INFO, PAPR_HCALL_LOCKLESS, 2, 4, h_int_get_source_info },
    { H_INT_SET_SOURCE_CONFIG, 0, 5, 0, h_int_set_source_config },
    { H_INT_GET_SOURCE_CONFIG, PAPR_HCALL_LOCKLESS, 2, 3,
      h_int_get_source_config },
    { H_INT_GET_QUEUE_INFO, PAPR_HCALL_LOCKLESS, 3, 2, h_int_get_queue_info },
    { H_INT_SET_QUEUE_CONFIG, 0, 5, 0, h_int_set_queue_config },
    { H_INT_GET_QUEUE_CONFIG, PAPR_HCALL_LOCKLESS, 3, 4,
      h_int_get_queue_config },
    { H_INT_SET_OS_REPORTING_LINE, PAPR_HCALL_LOCKLESS, 2, 0,
      h_int_set_os_reporting_line },
    { H_INT_GET_OS_REPORTING_LINE, PAPR_HCALL_LOCKLESS, 2, 1,
      h_int_get_os_reporting_line },
    { H_INT_ESB, PAPR_HCALL_LOCKLESS, 4, 1, h_int_esb },
    { H_INT_SYNC, PAPR_HCALL_LOCKLESS, 2, 0, h_int_sync },
    { H_INT_RESET, 0, 1, 0, h_int_reset },
};

void papr_xive_hcalls_init(PaprXive *xive)
{
    papr_hcall_register(xive->hcalls, xive_hcalls, ARRAY_SIZE(xive_hcalls),
                        xive);
    papr_xive_hcalls_enable(xive, false);
}

void papr_xive_hcalls_enable(PaprXive *xive, bool enable)
{
    papr_hcall_enable(xive->hcalls, xive_hcalls, ARRAY_SIZE(xive_hcalls),
                      enable);
}
