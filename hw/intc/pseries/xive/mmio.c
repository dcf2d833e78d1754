/*
 * pSeries XIVE: the pages by which guests access the controller
 *
 * - event state buffers (ESB): a pair of pages per source, to trigger it and to
 *   manage its P and Q bits;
 * - notification pages: a pair per END (event notification descriptor), for
 *   queues that don't notify unconditionally (H_INT_GET_QUEUE_INFO);
 * - TIMA, the thread interrupt management area: the registers of the vCPU that
 *   makes the access.
 *
 * The memory core calls the handlers without the big lock (BQL), since the
 * regions are lockless: the handlers only work on the atomic state of route.c
 * and on the accessing vCPU's own context, and never enter another device.  The
 * regions live as long as the machine, and are visible while XIVE is active.
 * If the host's kernel runs XIVE, regions of kvm-pages.c cover those of ESB and
 * TIMA.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "exec/address-spaces.h"
#include "hw/core/cpu.h"
#include "hw/pseries/guest-mem.h"
#include "hw/intc/pseries/trace.h"
#include "model.h"

#define ALL_ONES UINT64_MAX

/* Event state buffers */

uint64_t papr_xive_esb_load(PaprXive *xive, uint32_t lisn, uint32_t offset)
{
    offset &= XV_ESB_OFFSET_MASK;
    if (offset < XV_ESB_EOI_END) {
        return papr_xive_eoi(xive, lisn);
    }
    if (offset < XV_ESB_SET_PQ) {
        return papr_esb_pq(&xive->status[lisn]);
    }
    return papr_xive_set_pq(xive, lisn, (offset >> 8) & XV_PQ_MASK);
}

void papr_xive_esb_store(PaprXive *xive, uint32_t lisn, uint32_t offset)
{
    offset &= XV_ESB_OFFSET_MASK;
    if (offset < XV_ESB_TRIGGER_END) {
        papr_xive_trigger(xive, lisn);
    } else if (offset >= XV_ESB_SET_PQ) {
        papr_xive_set_pq(xive, lisn, (offset >> 8) & XV_PQ_MASK);
    } else {
        qemu_log_mask(LOG_GUEST_ERROR, "xive: store at 0x%x of the management "
                      "page of 0x%x has no function\n", offset, lisn);
    }
}

static bool is_trigger_page(hwaddr addr)
{
    return !(addr >> XV_ESB_PAGE_SHIFT & 1);
}

static uint64_t esb_read(void *opaque, hwaddr addr, unsigned size)
{
    PaprXive *xive = opaque;
    uint32_t lisn = addr >> XV_ESB_PAIR_SHIFT;
    uint64_t value;

    if (is_trigger_page(addr)) {
        qemu_log_mask(LOG_GUEST_ERROR, "xive: load from the trigger page of "
                      "0x%x\n", lisn);
        return ALL_ONES;
    }
    value = xive->ops->esb_load(xive, lisn, addr);
    trace_papr_xive_esb_load(lisn, addr & XV_ESB_OFFSET_MASK, value);
    return value;
}

static void esb_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    PaprXive *xive = opaque;
    uint32_t lisn = addr >> XV_ESB_PAIR_SHIFT;
    uint32_t offset = 0;                /* triggers in either page */

    if (!is_trigger_page(addr)) {
        offset = addr & XV_ESB_OFFSET_MASK;
        trace_papr_xive_esb_store(lisn, offset);
    }
    xive->ops->esb_store(xive, lisn, offset);
}

/* Notification pages: the even page has @esn of the END, the odd one @ese */

static PaprEsbStep end_step(uint8_t pq, uint32_t offset)
{
    if (offset < XV_ESB_EOI_END) {
        return papr_esb_on_eoi(pq);
    }
    if (offset < XV_ESB_SET_PQ) {
        return (PaprEsbStep){ pq, false };
    }
    return papr_esb_on_set(pq, offset >> 8);
}

static uint64_t end_read(void *opaque, hwaddr addr, unsigned size)
{
    PaprXive *xive = opaque;
    uint32_t index = addr >> XV_ESB_PAIR_SHIFT;
    PaprEnd *end = &xive->ends[index];
    bool notification = is_trigger_page(addr);
    PaprEsbStep step = {};
    uint64_t old = ALL_ONES;
    uint8_t *pq;

    qemu_spin_lock(&end->lock);
    if (end->state.valid) {
        pq = notification ? &end->state.esn : &end->state.ese;
        old = *pq;
        step = end_step(*pq, addr & XV_ESB_OFFSET_MASK);
        *pq = step.to;
    }
    qemu_spin_unlock(&end->lock);

    if (old == ALL_ONES) {
        qemu_log_mask(LOG_GUEST_ERROR, "xive: load from the notification page "
                      "of server %u priority %u, which has no queue\n",
                      index / XV_PRIORITIES, index % XV_PRIORITIES);
    }
    if (step.forward && notification) {
        papr_xive_present(xive, index);
    }
    return old;
}

static void end_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    qemu_log_mask(LOG_GUEST_ERROR, "xive: store to a notification page, offset "
                  "0x%" HWADDR_PRIx "\n", addr);
}

/* Thread interrupt management area */

/* qtest and the gdb stub access without being a vCPU */
static PaprTctx *tima_context(void)
{
    CPUState *cs = current_cpu;
    PaprVcpu *vcpu;

    if (!cs) {
        return NULL;
    }
    vcpu = papr_vcpu(container_of(cs, PowerPCCPU, parent_obj));
    return vcpu ? vcpu->tctx : NULL;
}

static bool is_os_page(hwaddr addr)
{
    return addr >> XV_TIMA_PAGE_SHIFT == XV_TIMA_OS_PAGE;
}

/* Bytes 0-7 of the OS ring: what the OS can see of the area */
static bool is_os_ring(uint32_t op, unsigned size)
{
    return !(op & XV_TIMA_SPECIAL) && (op & 0x38) == XV_RING_OS &&
           (op & 7) + size <= 8;
}

static uint64_t ring_load(uint64_t ring, unsigned first, unsigned size)
{
    ring = papr_ring_put(ring, XV_AGE, 0);      /* hidden from the OS */
    return ring >> (8 * (8 - first - size));
}

static uint64_t tima_read(void *opaque, hwaddr addr, unsigned size)
{
    PaprTctx *tctx = tima_context();
    uint32_t op = addr & XV_TIMA_OP_MASK;
    uint64_t before, after;

    if (tctx && is_os_page(addr)) {
        if (op == XV_TIMA_ACK_OS && size == 2) {
            return papr_tctx_accept(tctx, &before, &after);
        }
        if (is_os_ring(op, size)) {
            return ring_load(qatomic_read(&tctx->ring), op & 7, size);
        }
    }
    qemu_log_mask(LOG_GUEST_ERROR, "xive: bad load of %u bytes from the "
                  "management area at 0x%" HWADDR_PRIx "\n", size, addr);
    return ALL_ONES;
}

/*
 * Acknowledge, and write the answer to the first line of the pair that the
 * guest registered (H_INT_SET_OS_REPORTING_LINE): 16 bytes, in which bytes 8 to
 * 11 are the OS's NSR, CPPR, IPB and INC.
 */
static void ack_to_report_line(PaprTctx *tctx)
{
    uint64_t line = qatomic_read(&tctx->report_line);
    uint64_t before, after;
    uint8_t report[16] = {};

    papr_tctx_accept(tctx, &before, &after);
    if (line == UINT64_MAX) {
        return;
    }
    report[4] = papr_ring_get(after, XV_ACK_CNT);
    report[6] = 0xff;
    report[7] = 0x20;           /* the OS context is valid */
    report[8] = papr_ring_get(before, XV_NSR);
    report[9] = papr_ring_get(after, XV_CPPR);
    report[10] = papr_ring_get(after, XV_IPB);
    report[11] = papr_ring_get(after, XV_INC);
    if (!papr_mem_write(line, report, sizeof(report))) {
        qemu_log_mask(LOG_GUEST_ERROR, "xive: reporting line 0x%" PRIx64
                      " of server %u is no longer RAM\n", line, tctx->server);
    }
}

static bool tima_store(PaprTctx *tctx, uint32_t op, uint64_t value,
                       unsigned size)
{
    unsigned first = op & 7;

    if (op == XV_TIMA_SET_PENDING && size == 1) {
        papr_tctx_pend(tctx, value);
        return true;
    }
    if (op == XV_TIMA_ACK_OS_EVEN && size == 1) {
        ack_to_report_line(tctx);
        return true;
    }
    /* Of the ring itself only CPPR can be written, alone or in a word */
    if (is_os_ring(op, size) && first <= XV_CPPR && first + size > XV_CPPR) {
        papr_tctx_set_cppr(tctx, value >> (8 * (first + size - XV_CPPR - 1)));
        return true;
    }
    return false;
}

static void tima_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    PaprTctx *tctx = tima_context();

    if (!tctx || !is_os_page(addr) ||
        !tima_store(tctx, addr & XV_TIMA_OP_MASK, value, size)) {
        qemu_log_mask(LOG_GUEST_ERROR, "xive: bad store of %u bytes to the "
                      "management area at 0x%" HWADDR_PRIx "\n", size, addr);
    }
}

#define XIVE_MMIO_OPS(prefix) {                                 \
        .read = prefix##_read,                                  \
        .write = prefix##_write,                                \
        .endianness = DEVICE_BIG_ENDIAN,                        \
        .valid = { .min_access_size = 1, .max_access_size = 8 },\
        .impl = { .min_access_size = 1, .max_access_size = 8 }, \
    }

const MemoryRegionOps papr_xive_esb_ops = XIVE_MMIO_OPS(esb);
static const MemoryRegionOps end_ops = XIVE_MMIO_OPS(end);
static const MemoryRegionOps tima_ops = XIVE_MMIO_OPS(tima);

static void add_region(PaprXive *xive, MemoryRegion *mr,
                       const MemoryRegionOps *ops, const char *name,
                       hwaddr base, uint64_t size)
{
    memory_region_init_io(mr, OBJECT(xive), ops, xive, name, size);
    memory_region_enable_lockless_io(mr);
    memory_region_set_enabled(mr, false);
    memory_region_add_subregion(get_system_memory(), base, mr);
}

void papr_xive_mmio_init(PaprXive *xive)
{
    uint64_t esb_size = (uint64_t)xive->nr_irqs << XV_ESB_PAIR_SHIFT;

    xive->end_base = XV_ESB_BASE + esb_size;
    add_region(xive, &xive->esb_mmio, &papr_xive_esb_ops, "xive.esb",
               XV_ESB_BASE, esb_size);
    add_region(xive, &xive->end_mmio, &end_ops, "xive.end", xive->end_base,
               (uint64_t)xive->nr_ends << XV_ESB_PAIR_SHIFT);
    add_region(xive, &xive->tima_mmio, &tima_ops, "xive.tima", XV_TIMA_BASE,
               (uint64_t)XV_TIMA_PAGES << XV_TIMA_PAGE_SHIFT);
}

void papr_xive_mmio_enable(PaprXive *xive, bool enable)
{
    memory_region_transaction_begin();
    memory_region_set_enabled(&xive->esb_mmio, enable);
    memory_region_set_enabled(&xive->end_mmio, enable);
    memory_region_set_enabled(&xive->tima_mmio, enable);
    memory_region_transaction_commit();
}
