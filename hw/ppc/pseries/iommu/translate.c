/*
 * pSeries platform: translation of I/O addresses, and notifiers of changes
 *
 * The memory region of a window: devices' DMA (direct memory access) comes here
 * through QEMU's memory API; VFIO and vhost, which keep translations of their
 * own, register for notifications.  LoPAR section 3.2.2.2.
 *
 * Locking: translation runs in any thread, in an RCU read section of the
 * memory core's.  The store that it finds is not freed before the section's
 * end; if the window is removed or replaced meanwhile, the access has the
 * result of an earlier or a later one.  An entry is one aligned word, loaded at
 * once: an access uses the old mapping or the new one.  The guest orders what
 * it maps and the start of DMA by a sync (LoPAR 14.5.4.2.2), the start itself
 * goes through a lock or an eventfd to another thread.
 *
 * Notifiers come, go and are called with the BQL held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "exec/address-spaces.h"
#include "qapi/error.h"
#include "hw/pseries/work.h"
#include "../trace.h"
#include "internal.h"
#include "tce.h"

/*
 * A translation reads 2^BLOCK_ORDER_MAX entries at most, which are two cache
 * lines: larger blocks would slow down short accesses more than they speed up
 * long ones.
 */
#define BLOCK_ORDER_MAX 4

QEMU_BUILD_BUG_ON(TCE_READ != IOMMU_RO || TCE_WRITE != IOMMU_WO);

/*
 * The memory core does not call notify_flag_changed() for a notifier of unmaps
 * only (vhost's) that is registered beside VFIO's.  vhost requests each
 * translation that it keeps with the BQL held: before it gets the first one,
 * the entries are moved to QEMU's memory.
 */
static void check_joiners(PaprTceTable *tcet)
{
    Error *err = NULL;
    IOMMUNotifier *n;

    IOMMU_NOTIFIER_FOREACH(n, &tcet->region) {
        if (!(n->notifier_flags & IOMMU_NOTIFIER_MAP)) {
            if (!papr_tce_take_back(tcet, &err)) {
                error_report_err(err);
            }
            return;
        }
    }
}

static IOMMUTLBEntry translate(IOMMUMemoryRegion *mr, hwaddr addr,
                               IOMMUAccessFlags flag, int iommu_idx)
{
    PaprTceTable *tcet = container_of(mr, PaprTceTable, region);
    const PaprTceStore *store;
    IOMMUTLBEntry entry = {
        .target_as = &address_space_memory,
        .addr_mask = ~(hwaddr)0,
        .perm = IOMMU_NONE,
    };
    uint32_t shift;
    uint64_t index, tce;

    if (unlikely(tcet->vfio_knows) && bql_locked()) {
        check_joiners(tcet);
    }
    store = qatomic_rcu_read(&tcet->store);
    if (!store || addr >> store->window.page_shift >= store->window.pages) {
        trace_papr_tce_translate(tcet->liobn, addr, 0, 0, IOMMU_NONE);
        return entry;
    }
    shift = store->window.page_shift;
    index = addr >> shift;
    tce = papr_tce_load(store, index);

    entry.perm = tce & TCE_ACCESS;
    entry.addr_mask = (1ull << shift) - 1;
    if (entry.perm != IOMMU_NONE) {
        shift += papr_tce_block(store->entries, store->window.pages, index,
                                tce, shift, BLOCK_ORDER_MAX);
        entry.addr_mask = (1ull << shift) - 1;
        entry.translated_addr = tce & ~entry.addr_mask;
    }
    entry.iova = addr & ~entry.addr_mask;
    trace_papr_tce_translate(tcet->liobn, addr, entry.translated_addr,
                             entry.addr_mask, entry.perm);
    return entry;
}

static uint64_t min_page_size(IOMMUMemoryRegion *mr)
{
    PaprTceTable *tcet = container_of(mr, PaprTceTable, region);

    return 1ull << (tcet->store ? tcet->store->window.page_shift
                                : PAPR_TCE_PAGE_SHIFT);
}

/*
 * VFIO requests the host kernel's table of the window before it registers its
 * notifier: from then on the kernel maps for VFIO what the guest maps.
 */
static int get_attr(IOMMUMemoryRegion *mr, enum IOMMUMemoryRegionAttr attr,
                    void *data)
{
    PaprTceTable *tcet = container_of(mr, PaprTceTable, region);
    int fd = tcet->store ? papr_tce_store_vfio_fd(tcet->store) : -1;

    if (attr != IOMMU_ATTR_SPAPR_TCE_FD) {
        return -EINVAL;
    }
    if (fd < 0) {
        return -ENODEV;
    }
    tcet->vfio_knows = true;
    *(int *)data = fd;
    return 0;
}

/* ---- notifications ---- */

/*
 * Notify @n of the run that begins at @index with @tce: in aligned powers of
 * two, and only of what is in the part of the window that @n registered for.
 */
static void notify_run(IOMMUNotifier *n, const PaprTceStore *store,
                       uint64_t index, uint64_t count, uint64_t tce)
{
    uint32_t shift = store->window.page_shift;
    uint64_t run = index << shift;
    uint64_t start = MAX(run, n->start);
    uint64_t last = MIN(run + (count << shift) - 1, n->end);
    IOMMUTLBEvent event = {
        .type = tce & TCE_ACCESS ? IOMMU_NOTIFIER_MAP : IOMMU_NOTIFIER_UNMAP,
        .entry.target_as = &address_space_memory,
        .entry.perm = tce & TCE_ACCESS,
    };

    for (; start <= last; start += event.entry.addr_mask + 1) {
        event.entry.iova = start;
        event.entry.addr_mask = papr_tce_piece(start, last);
        if (event.entry.perm != IOMMU_NONE) {
            event.entry.translated_addr =
                papr_tce_address(tce, shift) + (start - run);
        }
        memory_region_notify_iommu_one(n, &event);
    }
}

/* A run of entries (papr_tce_run()), or of entries without memory: @tce is 0 */
static uint64_t next_run(const PaprTceStore *store, uint64_t index,
                         uint64_t end, uint64_t *tce)
{
    bool held;
    uint64_t n = papr_tce_span(store, index, end, &held);

    papr_work_add(1);
    if (!held) {
        *tce = 0;
        return n;
    }
    n = papr_tce_run(store->entries, index, n, store->window.page_shift, tce);
    papr_work_add(n);
    return n;
}

/* Notify so many runs, then release the BQL briefly */
#define RUNS_AT_ONCE 512

/* Returns the next index; @end if the window was removed, with its mappings */
static uint64_t tell_some(PaprTceTable *tcet, const PaprTceStore *store,
                          uint64_t index, uint64_t end)
{
    uint64_t tce, run;
    IOMMUNotifier *n;

    BQL_LOCK_GUARD();
    if (tcet->store != store) {
        return end;
    }
    for (int i = 0; i < RUNS_AT_ONCE && index < end; i++, index += run) {
        run = next_run(store, index, end, &tce);
        IOMMU_NOTIFIER_FOREACH(n, &tcet->region) {
            notify_run(n, store, index, run, tce);
        }
    }
    return index;
}

/*
 * Two threads, with a full barrier between the two accesses of each:
 * (1) The storing thread stores entries without a lock, then reads @notified.
 * (2) The thread that registers a notifier sets @notified
 *     (notify_flag_changed()), then its replay reads the entries.
 * Either (2) sees the entry, or (1) notifies.  The notification has the entry's
 * value at that time, so that if two threads store to it, the last notification
 * has the value that stays.
 */
void papr_tce_changed(PaprTceTable *tcet, const PaprTceStore *store,
                      uint64_t index, uint64_t count)
{
    uint64_t end = index + count;

    /* entries before @notified: pairs with notify_flag_changed() */
    smp_mb();
    if (likely(!qatomic_read(&tcet->notified))) {
        return;
    }

    while (index < end) {
        index = tell_some(tcet, store, index, end);
    }
}

/* A new notifier gets the mappings that exist */
static void replay_entries(IOMMUMemoryRegion *mr, IOMMUNotifier *n)
{
    PaprTceTable *tcet = container_of(mr, PaprTceTable, region);
    const PaprTceStore *store = tcet->store;
    uint64_t end, run, tce;

    if (!store) {
        return;
    }
    end = n->end >> store->window.page_shift;
    end = MIN(end, store->window.pages - 1) + 1;
    for (uint64_t i = n->start >> store->window.page_shift; i < end; i += run) {
        run = next_run(store, i, end, &tce);
        if (tce & TCE_ACCESS) {
            notify_run(n, store, i, run, tce);
        }
    }
}

static int notify_flag_changed(IOMMUMemoryRegion *mr, IOMMUNotifierFlag old,
                               IOMMUNotifierFlag now, Error **errp)
{
    PaprTceTable *tcet = container_of(mr, PaprTceTable, region);

    if (now & IOMMU_NOTIFIER_DEVIOTLB_UNMAP) {
        error_setg(errp, "TCE table 0x%" PRIx32 " has no device IOTLB: use the "
                   "device without ats=on", tcet->liobn);
        return -EINVAL;
    }
    if (now == IOMMU_NOTIFIER_NONE) {
        tcet->vfio_knows = false;
    } else if (!(tcet->vfio_knows && (now & IOMMU_NOTIFIER_MAP)) &&
               !papr_tce_take_back(tcet, errp)) {
        return -ENOMEM;
    }
    qatomic_set(&tcet->notified, now != IOMMU_NOTIFIER_NONE);
    /* @notified before entries, in replay: pairs with papr_tce_changed() */
    smp_mb();
    return 0;
}

static void region_class_init(ObjectClass *oc, void *data)
{
    IOMMUMemoryRegionClass *imrc = IOMMU_MEMORY_REGION_CLASS(oc);

    imrc->translate = translate;
    imrc->replay = replay_entries;
    imrc->get_min_page_size = min_page_size;
    imrc->get_attr = get_attr;
    imrc->notify_flag_changed = notify_flag_changed;
}

static const TypeInfo types[] = {
    {
        .name = TYPE_PAPR_TCE_REGION,
        .parent = TYPE_IOMMU_MEMORY_REGION,
        .class_init = region_class_init,
    },
};
DEFINE_TYPES(types)
