/*
 * pSeries platform: memory for translation control entries (TCE)
 *
 * Anonymous memory of the host, which is not there before it is written: a
 * window of terabytes costs its address space.  This is the one file that
 * knows where entries live; a table that the host kernel walks itself would be
 * mapped here.
 *
 * Locking: made under the BQL, freed after an RCU grace period (internal.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qapi/error.h"
#include "internal.h"
#include "tce.h"

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

    store = g_new0(PaprTceStore, 1);
    store->window = *window;
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
    return store;
}

static void destroy(PaprTceStore *store)
{
    qemu_anon_ram_free(store->entries, store->window.pages * TCE_BYTES);
    g_free(store);
}

void papr_tce_store_free(PaprTceStore *store)
{
    if (store) {
        call_rcu(store, destroy, rcu);
    }
}
