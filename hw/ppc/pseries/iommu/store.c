/*
 * pSeries platform: memory for translation control entries (TCE)
 *
 * Entries are anonymous memory of the host, which has no pages before it is
 * written: a window of terabytes takes only address space.  Pages of a large
 * window are counted, freed when they are empty, and bounded (leafs.h).  With
 * KVM entries may instead be pages of a table in the host kernel, which fills
 * it without an exit to QEMU; these are also allocated when they are written,
 * but count as locked memory.  No other file depends on where entries are.
 *
 * Locking: stores are made with the BQL held, and freed after an RCU grace
 * period (internal.h).  The kernel has only one table for a LIOBN, and keeps it
 * as long as it is mapped.  So a table of the kernel is retired when it is no
 * longer used, not after the grace period: other memory replaces its pages.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "hw/pseries/accel.h"
#include "hw/pseries/kvm.h"
#include "hw/pseries/work.h"
#include "../trace.h"
#include "entries.h"
#include "internal.h"
#include "tce.h"

/*
 * The entries of 4 GiB in pages of 4 KiB.  In a window that has no more, pages
 * are not counted, so no lock is needed.
 */
#define SMALL_BYTES (8 * MiB)

/* Tables of up to this size keep empty leafs: most are soon used again */
#define KEEP_BYTES (4 * MiB)

static unsigned waiting;                /* see papr_tce_windows_wait() */

static PaprTceStore *new_store(const PaprTceWindow *window)
{
    PaprTceStore *store = g_new0(PaprTceStore, 1);

    store->window = *window;
    store->fd = -1;
    return store;
}

PaprTceStore *papr_tce_store_new(const PaprTceWindow *window, Error **errp)
{
    uint64_t bytes = window->pages * TCE_BYTES;
    PaprTceStore *store;

    if (!papr_tce_is_window(window->bus_addr, window->pages,
                            window->page_shift)) {
        error_setg(errp, "A DMA window of %" PRIu64 " pages of 2^%" PRIu32
                   " bytes at 0x%" PRIx64 " is not possible", window->pages,
                   window->page_shift, window->bus_addr);
        return NULL;
    }

    store = new_store(window);
    if (bytes <= SIZE_MAX) {
        store->entries = qemu_anon_ram_alloc(bytes, NULL, false, true);
    }
    if (!store->entries) {
        g_autofree char *size = size_to_str(bytes);

        error_setg(errp, "No memory for a TCE table of %s: a smaller DMA "
                   "window or larger I/O pages need less", size);
        g_free(store);
        return NULL;
    }
    if (bytes > SMALL_BYTES) {
        if (!papr_tce_leafs_init(&store->leafs, store->entries,
                                 window->pages)) {
            error_setg(errp, "No memory for the book-keeping of a TCE table");
            qemu_anon_ram_free(store->entries, bytes);
            g_free(store);
            return NULL;
        }
        store->locked = true;
        qemu_mutex_init(&store->lock);
    }
    return store;
}

static bool add_ram(Int128 start, Int128 len, const MemoryRegion *mr,
                    hwaddr offset, void *sum)
{
    MemoryRegion *region = (MemoryRegion *)mr;

    if (memory_region_is_ram(region) && !memory_region_is_rom(region) &&
        !memory_region_is_ram_device(region)) {
        *(uint64_t *)sum += int128_get64(len);
    }
    return false;
}

/*
 * The most memory that a table may have: twice the entries that map all current
 * RAM, since a page may be mapped more than once and leafs are not full; and
 * what a small window may have.  Context: RCU read section.
 */
static uint64_t bound_memory(const PaprTceWindow *window)
{
    uint64_t ram = 0;

    flatview_for_each_range(address_space_to_flatview(&address_space_memory),
                            add_ram, &ram);
    return SMALL_BYTES + 2 * TCE_BYTES * (ram >> window->page_shift);
}

bool papr_tce_store_set(PaprTceStore *store, uint64_t index,
                        const uint64_t *tces, uint64_t count, bool same,
                        bool bounded)
{
    uint64_t *entry = &store->entries[index];
    PaprTceLeafs *leafs = &store->leafs;
    uint64_t missing, bytes;

    papr_work_add(count);
    if (leafs->state) {
        missing = papr_tce_leafs_missing(leafs, index, tces, count, same);
        bytes = papr_tce_leafs_bytes(leafs, leafs->held + missing);
        if (bounded && missing && bytes > SMALL_BYTES &&
            bytes > bound_memory(&store->window)) {
            return false;
        }
        papr_tce_leafs_set(leafs, index, tces, count, same, KEEP_BYTES);
        return true;
    }
    if (unlikely(!qatomic_read(&store->used))) {
        if (!papr_tces_any(tces, same ? 1 : count)) {
            return true;
        }
        qatomic_set(&store->used, true);
    }
    papr_tces_set(entry, tces, count, same);
    return true;
}

void papr_tce_store_clear(PaprTceStore *store)
{
    static const uint64_t zero;
    uint64_t n;
    bool held;

    store = papr_tce_store_lock(store);
    for (uint64_t i = 0; i < store->window.pages; i += n) {
        n = papr_tce_span(store, i, store->window.pages, &held);
        if (held) {
            papr_tce_store_set(store, i, &zero, n, true, false);
        }
    }
    papr_tce_store_unlock(store);
}

unsigned papr_tce_windows_wait(void)
{
    return qatomic_read(&waiting);
}

/* Not all kernels have tables, not all windows fit: QEMU's memory is used */
static void say_why_not(uint32_t liobn, int rc)
{
    trace_papr_tce_kernel(liobn, rc);
    if (rc == -ENOMEM) {
        warn_report_once("KVM has no memory for a TCE table in the kernel, DMA "
                         "will be slower: more locked memory (ulimit -l) may "
                         "help");
    }
}

PaprTceStore *papr_tce_store_in_kernel(const PaprTceWindow *window,
                                       uint32_t liobn)
{
    PaprTceStore *store;
    uint64_t *entries;
    int fd;

    if (!papr_accel->tce_create ||
        !papr_tce_is_window(window->bus_addr, window->pages,
                            window->page_shift)) {
        return NULL;
    }
    entries = papr_accel->tce_create(liobn, window->page_shift,
                                     window->bus_addr, window->pages, &fd);
    if (!entries) {
        say_why_not(liobn, fd);
        return NULL;
    }
    trace_papr_tce_kernel(liobn, fd);
    store = new_store(window);
    store->entries = entries;
    store->in_kernel = true;
    store->used = true;
    store->locked = true;
    store->fd = fd;
    qemu_mutex_init(&store->lock);
    return store;
}

int papr_tce_store_vfio_fd(const PaprTceStore *store)
{
    const PaprKvmFacts *kvm = papr_kvm_facts();

    return store->fd >= 0 && kvm && kvm->tce_vfio ? store->fd : -1;
}

void papr_tce_store_retire(PaprTceStore *store, bool keep)
{
    if (store->fd >= 0) {
        papr_accel->tce_retire(store->entries, store->window.pages, store->fd,
                               keep);
        store->fd = -1;
    }
}

static void destroy_in_kernel(PaprTceStore *store)
{
    papr_accel->tce_unmap(store->entries, store->window.pages);
    qemu_mutex_destroy(&store->lock);
    g_free(store);
    qatomic_dec(&waiting);
}

static void destroy_store(PaprTceStore *store)
{
    qemu_anon_ram_free(store->entries, store->window.pages * TCE_BYTES);
    if (store->locked) {
        papr_tce_leafs_destroy(&store->leafs);
        qemu_mutex_destroy(&store->lock);
    }
    g_free(store);
    qatomic_dec(&waiting);
}

void papr_tce_store_free(PaprTceStore *store)
{
    if (!store) {
        return;
    }
    papr_tce_store_retire(store, false);
    qatomic_inc(&waiting);
    if (store->in_kernel) {
        call_rcu(store, destroy_in_kernel, rcu);
    } else {
        call_rcu(store, destroy_store, rcu);
    }
}

void papr_tce_store_copy(PaprTceStore *to, const PaprTceStore *from)
{
    uint64_t n;
    bool held;

    for (uint64_t i = 0; i < from->window.pages; i += n) {
        n = papr_tce_span(from, i, from->window.pages, &held);
        for (uint64_t j = i; held && j < i + n; j++) {
            uint64_t tce = qatomic_read(&from->entries[j]);

            if (tce) {
                papr_tce_store_set(to, j, &tce, 1, true, false);
            }
        }
    }
}
