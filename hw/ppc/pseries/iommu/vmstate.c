/*
 * pSeries platform: TCE (translation control entry) tables in streams
 *
 * Section "spapr_iommu", its instance the table's number (LIOBN).  It has the
 * table's current window.  The destination's table starts with the window that
 * exists at boot, which the guest may have removed or replaced at the source.
 * The window's address and page size come after its entries, in a subsection,
 * which is absent if they are 0 and 4 KiB.
 *
 * Locking: the BQL; no vCPU and no device runs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "migration/qemu-file-types.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "../trace.h"
#include "internal.h"
#include "tce.h"

#define CHUNK 512                       /* entries that are copied at once */

static int put_entries(QEMUFile *f, void *pv, size_t size,
                       const VMStateField *field, JSONWriter *vmdesc)
{
    PaprTceTable *tcet = pv;
    uint64_t chunk[CHUNK];

    for (uint64_t i = 0; i < tcet->mig.pages; i += CHUNK) {
        unsigned n = MIN(tcet->mig.pages - i, CHUNK);

        for (unsigned j = 0; j < n; j++) {
            chunk[j] = cpu_to_be64(papr_tce_load(tcet->store, i + j));
        }
        qemu_put_buffer(f, (uint8_t *)chunk, n * TCE_BYTES);
    }
    return 0;
}

/* A stream may lack entries: memory is allocated only as they are loaded */
static int get_entries(QEMUFile *f, void *pv, size_t size,
                       const VMStateField *field)
{
    PaprTceTable *tcet = pv;
    PaprTceWindow window = {
        .pages = tcet->mig.pages,
        .page_shift = TCE_SHIFT_MIN,
    };
    uint64_t chunk[CHUNK];
    Error *err = NULL;

    if (!window.pages) {
        return 0;
    }
    tcet->mig.store = papr_tce_store_new(&window, &err);
    if (!tcet->mig.store) {
        error_report_err(err);
        return -ENOMEM;
    }
    for (uint64_t i = 0; i < window.pages; i += CHUNK) {
        unsigned n = MIN(window.pages - i, CHUNK);

        if (qemu_get_buffer(f, (uint8_t *)chunk, n * TCE_BYTES) !=
            n * TCE_BYTES) {
            return -EIO;
        }
        for (unsigned j = 0; j < n; j++) {
            chunk[j] = be64_to_cpu(chunk[j]);
        }
        papr_tce_store_set(tcet->mig.store, i, chunk, n, false, false);
    }
    return 0;
}

static const VMStateInfo vmstate_info_entries = {
    .name = "TCEs",
    .get = get_entries,
    .put = put_entries,
};

static int pre_save(void *opaque)
{
    PaprTceTable *tcet = opaque;
    const PaprTceWindow *window = papr_tce_window(tcet);

    tcet->mig.pages = window->pages;
    tcet->mig.bus_addr = window->bus_addr;
    tcet->mig.page_shift = window->page_shift;
    return 0;
}

/* What a stream without the subsection means */
static int tce_table_pre_load(void *opaque)
{
    PaprTceTable *tcet = opaque;

    papr_tce_store_free(g_steal_pointer(&tcet->mig.store));
    tcet->mig.bus_addr = 0;
    tcet->mig.page_shift = PAPR_TCE_PAGE_SHIFT;
    return 0;
}

/* Only now, with all of the stream read, the window is known */
static PaprTceStore *to_kernel(PaprTceTable *tcet, PaprTceStore *ours)
{
    PaprTceStore *store = NULL;

    if (!tcet->notified) {
        store = papr_tce_store_in_kernel(&ours->window, tcet->liobn);
    }
    if (!store) {
        return ours;
    }
    papr_tce_store_copy(store, ours);
    papr_tce_store_free(ours);
    return store;
}

static int tce_table_post_load(void *opaque, int version_id)
{
    PaprTceTable *tcet = opaque;
    PaprTceStore *store = g_steal_pointer(&tcet->mig.store);

    trace_papr_tce_load(tcet->liobn, tcet->mig.bus_addr, tcet->mig.pages,
                        tcet->mig.page_shift, tcet->bypass);
    if (store && !papr_tce_is_window(tcet->mig.bus_addr, tcet->mig.pages,
                                     tcet->mig.page_shift)) {
        error_report("TCE table 0x%" PRIx32 ": the stream has an impossible "
                     "window of %" PRIu32 " pages of 2^%" PRIu32 " bytes at 0x%"
                     PRIx64,
                     tcet->liobn, tcet->mig.pages, tcet->mig.page_shift,
                     tcet->mig.bus_addr);
        papr_tce_store_free(store);
        return -EINVAL;
    }

    memory_region_transaction_begin();
    papr_tce_disable(tcet);
    if (store) {
        store->window.bus_addr = tcet->mig.bus_addr;
        store->window.page_shift = tcet->mig.page_shift;
        store = to_kernel(tcet, store);
        papr_tce_install(tcet, store);
    }
    papr_tce_set_bypass(tcet, tcet->bypass);
    memory_region_transaction_commit();

    if (store) {
        /* listeners ignore a window at an unchanged place */
        RCU_READ_LOCK_GUARD();
        papr_tce_changed(tcet, store, 0, store->window.pages);
    }
    return 0;
}

static bool is_unusual(void *opaque)
{
    PaprTceTable *tcet = opaque;

    return tcet->mig.bus_addr || tcet->mig.page_shift != PAPR_TCE_PAGE_SHIFT;
}

static const VMStateDescription vmstate_place = {
    .name = "spapr_iommu_ex",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = is_unusual,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(mig.bus_addr, PaprTceTable),
        VMSTATE_UINT32(mig.page_shift, PaprTceTable),
        VMSTATE_END_OF_LIST()
    },
};

const VMStateDescription vmstate_papr_tce = {
    .name = "spapr_iommu",
    .version_id = 3,
    .minimum_version_id = 2,
    .pre_save = pre_save,
    .pre_load = tce_table_pre_load,
    .post_load = tce_table_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_EQUAL(liobn, PaprTceTable, NULL),
        VMSTATE_UINT32(mig.pages, PaprTceTable),
        VMSTATE_BOOL(bypass, PaprTceTable),
        { .name = "mig_table", .info = &vmstate_info_entries,
          .flags = VMS_SINGLE },
        VMSTATE_BOOL_V(mig.def_win, PaprTceTable, 3),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription * const []) {
        &vmstate_place,
        NULL
    },
};
