/*
 * pSeries platform: hypercalls on translation control entries (TCE)
 *
 * H_GET_TCE, H_PUT_TCE, H_STUFF_TCE and H_PUT_TCE_INDIRECT: a guest maps pages
 * of its memory for the DMA of a device.  LoPAR section 14.5.4.2.
 *
 * All arguments, the list of H_PUT_TCE_INDIRECT among them, are checked before
 * the first entry is stored.
 *
 * Locking: none of them needs the BQL.  Table and store are found in an RCU
 * read section that lasts for the call, so neither is freed; if the window is
 * removed meanwhile, the stored entries are not used any more.  A store of the
 * kernel, and that of a large window, has a lock of its own, which is held only
 * while entries are stored.  Entries are single words: after two calls that
 * store to the same entry, the entry has one of the two values.
 * Notifiers of changes are called with the BQL held (papr_tce_changed()).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "hw/pseries/guest-mem.h"
#include "hw/pseries/hcall.h"
#include "../trace.h"
#include "internal.h"
#include "tce.h"

#define LIST_BYTES 4096
#define LIST_MAX   (LIST_BYTES / TCE_BYTES)

/*
 * LoPAR limits H_STUFF_TCE to 512 entries.  Linux before 6.4 passes a whole
 * mapping, which would stay mapped if the call were refused.  The largest
 * contiguous allocation fits in this limit; the call takes less than 100 us.
 */
#define STUFF_MAX  65536

/** Span - entries that a call names */
typedef struct Span {
    PaprTceTable *tcet;
    PaprTceStore *store;
    uint64_t index;
} Span;

/* Context: RCU read section */
static bool find_window(PaprIommu *iommu, const char *call, uint64_t liobn,
                        uint64_t ioba, uint64_t count, Span *span)
{
    const PaprTceWindow *window;

    span->tcet = papr_iommu_find(iommu, liobn);
    span->store = span->tcet ? qatomic_rcu_read(&span->tcet->store) : NULL;
    if (!span->store) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no window has LIOBN 0x%" PRIx64
                      "\n", call, liobn);
        return false;
    }
    window = &span->store->window;
    if (!papr_tce_in_window(window->bus_addr, window->pages,
                            window->page_shift, ioba, count, &span->index)) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: LIOBN 0x%" PRIx64 ": 0x%" PRIx64
                      ", %" PRIu64 " pages: outside of the window\n", call,
                      liobn, ioba, count);
        return false;
    }
    return true;
}

/*
 * Is it the guest's RAM?  Only the first 4 KiB are checked: a large page may
 * reach beyond the end of memory.
 */
static bool is_own(uint64_t address)
{
    return papr_mem_is_ram(address, 1 << TCE_SHIFT_MIN);
}

/*
 * May the guest store these?  Memory is looked up once for all, from the lowest
 * page to the highest, which nearly always lie in the same region; and page by
 * page if that is not all RAM.
 */
static bool may_store(const char *call, const PaprTceStore *store,
                      const uint64_t *tces, unsigned n)
{
    uint64_t below = (1ull << store->window.page_shift) - 1 - TCE_ACCESS;
    uint64_t lowest = UINT64_MAX, highest = 0, bits = 0, bad;
    unsigned i;

    for (i = 0; i < n; i++) {
        if (tces[i] & TCE_ACCESS) {
            uint64_t address = tces[i] & ~TCE_ACCESS;

            bits |= address;
            lowest = MIN(lowest, address);
            highest = MAX(highest, address);
        }
    }
    if (lowest > highest) {
        return true;
    }
    if (!(bits & below)) {
        uint64_t span = highest - lowest;

        if (span <= UINT64_MAX - LIST_BYTES &&
            papr_mem_is_ram(lowest, span + (1 << TCE_SHIFT_MIN))) {
            return true;
        }
    }
    for (i = 0; i < n; i++) {
        bad = tces[i];
        if ((bad & TCE_ACCESS) &&
            ((bad & below) || !is_own(bad & ~TCE_ACCESS))) {
            qemu_log_mask(LOG_GUEST_ERROR, "%s: TCE 0x%" PRIx64 ": not a page "
                          "of RAM\n", call, bad);
            return false;
        }
    }
    return true;
}

static int64_t get_tce(PaprIommu *iommu, uint64_t liobn, uint64_t ioba,
                       uint64_t *tce)
{
    Span span;

    RCU_READ_LOCK_GUARD();

    if (!find_window(iommu, "H_GET_TCE", liobn, ioba, 1, &span)) {
        return H_PARAMETER;
    }
    *tce = papr_tce_load(span.store, span.index);
    return H_SUCCESS;
}

static int64_t h_get_tce(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    uint64_t liobn = args[0], ioba = args[1], tce = 0;
    int64_t rc = get_tce(opaque, liobn, ioba, &tce);

    if (rc == H_SUCCESS) {
        args[0] = tce;
    }
    trace_papr_tce_get(liobn, ioba, tce, rc);
    return rc;
}

/*
 * @tces: one for all @count entries if @same, else one each.  For a full table
 * LoPAR has only the return code of 14.12.3.3.1: more memory would be mapped
 * than the partition is entitled to.
 */
static int64_t store_entries(const Span *span, const uint64_t *tces,
                          uint64_t count, bool same)
{
    PaprTceStore *store = papr_tce_store_lock(span->store);
    bool done = papr_tce_store_set(store, span->index, tces, count, same, true);

    papr_tce_store_unlock(store);
    if (!done) {
        qemu_log_mask(LOG_GUEST_ERROR, "LIOBN 0x%" PRIx32 ": %" PRIu64 " pages "
                      "at entry %" PRIu64 ": more entries than the partition "
                      "has memory for\n", span->tcet->liobn, count,
                      span->index);
        return H_NOT_ENOUGH_RESOURCES;
    }
    papr_tce_changed(span->tcet, store, span->index, count);
    return H_SUCCESS;
}

static int64_t put_tce(PaprIommu *iommu, uint64_t liobn, uint64_t ioba,
                       uint64_t tce)
{
    Span span;

    RCU_READ_LOCK_GUARD();

    if (!find_window(iommu, "H_PUT_TCE", liobn, ioba, 1, &span) ||
        !may_store("H_PUT_TCE", span.store, &tce, 1)) {
        return H_PARAMETER;
    }
    return store_entries(&span, &tce, 1, true);
}

static int64_t h_put_tce(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    int64_t rc = put_tce(opaque, args[0], args[1], args[2]);

    trace_papr_tce_put(args[0], args[1], args[2], rc);
    return rc;
}

static int64_t stuff_tce(PaprIommu *iommu, uint64_t liobn, uint64_t ioba,
                         uint64_t tce, uint64_t count)
{
    Span span;

    RCU_READ_LOCK_GUARD();

    if (!find_window(iommu, "H_STUFF_TCE", liobn, ioba, 0, &span)) {
        return H_PARAMETER;
    }
    if (count > STUFF_MAX) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_STUFF_TCE: %" PRIu64 " pages are "
                      "more than %u\n", count, STUFF_MAX);
        return H_P4;
    }
    if (!find_window(iommu, "H_STUFF_TCE", liobn, ioba, count, &span) ||
        !may_store("H_STUFF_TCE", span.store, &tce, 1)) {
        return H_PARAMETER;
    }
    return store_entries(&span, &tce, count, true);
}

static int64_t h_stuff_tce(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    int64_t rc = stuff_tce(opaque, args[0], args[1], args[2], args[3]);

    trace_papr_tce_stuff(args[0], args[1], args[2], args[3], rc);
    return rc;
}

static int64_t put_tce_indirect(PaprIommu *iommu, uint64_t liobn,
                                uint64_t ioba, uint64_t list, uint64_t count)
{
    uint64_t tces[LIST_MAX];
    Span span;

    /* negative: a count of LIOBNs, by an option that is not offered */
    if ((int64_t)liobn < 0) {
        return H_FUNCTION;
    }

    RCU_READ_LOCK_GUARD();

    if (count > LIST_MAX ||
        !find_window(iommu, "H_PUT_TCE_INDIRECT", liobn, ioba, count, &span)) {
        return H_PARAMETER;
    }
    /* a copy: the guest may write to the list while it is checked */
    if (list % LIST_BYTES || !papr_mem_read(list, tces, count * TCE_BYTES)) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_PUT_TCE_INDIRECT: list at 0x%" PRIx64
                      "\n", list);
        return H_PARAMETER;
    }
    for (unsigned i = 0; i < count; i++) {
        tces[i] = be64_to_cpu(tces[i]);
    }
    if (!may_store("H_PUT_TCE_INDIRECT", span.store, tces, count)) {
        return H_PARAMETER;
    }
    return store_entries(&span, tces, count, false);
}

static int64_t h_put_tce_indirect(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    int64_t rc = put_tce_indirect(opaque, args[0], args[1], args[2], args[3]);

    trace_papr_tce_indirect(args[0], args[1], args[2], args[3], rc);
    return rc;
}

/* The kernel handles these for its own tables, QEMU for others */
#define TCE_CALL (PAPR_HCALL_LOCKLESS | PAPR_HCALL_IN_KVM)

static const PaprHcall calls[] = {
    { H_GET_TCE, TCE_CALL, 2, 1, h_get_tce },
    { H_PUT_TCE, TCE_CALL, 3, 0, h_put_tce },
    { H_STUFF_TCE, TCE_CALL, 4, 0, h_stuff_tce },
    { H_PUT_TCE_INDIRECT, TCE_CALL, 4, 0, h_put_tce_indirect },
};

void papr_iommu_register_hcalls(PaprIommu *iommu, PaprHcallTable *hcalls)
{
    papr_hcall_register(hcalls, calls, ARRAY_SIZE(calls), iommu);
}
