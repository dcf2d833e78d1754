/*
 * pSeries platform: "spapr-nvdimm", persistent memory with flushes
 *
 * A module whose content is in a file of the host.  What the guest writes is in
 * the host's page cache; H_SCM_FLUSH writes it to the file.  That may take
 * long, so a thread of QEMU's pool does it, and the guest repeats the call with
 * a token until it is done.  See docs/system/ppc/pseries.rst (nvdimm).
 *
 * Flushes that run are in migration streams, and the destination starts them
 * again.  With the BQL (big QEMU lock) held, except for flush_worker(), which
 * reads fields that do not change.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "block/aio.h"
#include "block/thread-pool.h"
#include "hw/mem/memory-device.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/pmem.h"
#include "qemu/queue.h"
#include "system/hostmem.h"
#include "hw/ppc/pseries/trace.h"
#include "internal.h"

/* The most flushes that run, and the most results that are kept */
#define FLUSHES_MAX 64

OBJECT_DECLARE_SIMPLE_TYPE(PaprNvdimm, PAPR_NVDIMM)

typedef struct Flush {
    PaprNvdimm *nvdimm;
    uint64_t token;
    int64_t result;
    uint32_t drc_index;                 /* for streams only */
    bool abandoned;                     /* runs, and is on no list */
    /* for the thread of the pool; valid, since modules are not unplugged */
    void *pmem;                         /* NULL: a file in the page cache */
    uint64_t size;
    int fd;
    QLIST_ENTRY(Flush) node;
} Flush;

typedef QLIST_HEAD(, Flush) FlushList;

struct PaprNvdimm {
    NVDIMMDevice parent_obj;

    bool pmem_override;
    bool flush_required;                /* as in the device tree */
    uint64_t last_token;
    unsigned n_running;                 /* in the pool, also abandoned ones */
    FlushList running;                  /* the newest first, as in @done */
    FlushList done;
};

static HostMemoryBackend *backend_of(NVDIMMDevice *nvdimm)
{
    return PC_DIMM(nvdimm)->hostmem;
}

static bool property_is_on(Object *obj, const char *property)
{
    return object_property_find(obj, property) &&
           object_property_get_bool(obj, property, &error_abort);
}

static bool is_pmem(NVDIMMDevice *nvdimm)
{
    return property_is_on(OBJECT(backend_of(nvdimm)), "pmem");
}

uint64_t papr_nvdimm_size(NVDIMMDevice *nvdimm)
{
    /* pre-plug has checked that there is a region */
    return memory_device_get_region_size(MEMORY_DEVICE(nvdimm), &error_abort);
}

bool papr_nvdimm_flush_required(NVDIMMDevice *nvdimm)
{
    PaprNvdimm *pn = (PaprNvdimm *)object_dynamic_cast(OBJECT(nvdimm),
                                                       TYPE_PAPR_NVDIMM);

    return pn && (!is_pmem(nvdimm) || pn->pmem_override);
}

/* In a thread of the pool */
static int flush_worker(void *opaque)
{
    const Flush *flush = opaque;

    if (flush->pmem) {
        pmem_persist(flush->pmem, flush->size);
        return H_SUCCESS;
    }
    if (qemu_fdatasync(flush->fd) < 0) {
        error_report_once("spapr-nvdimm: can't write memory to its file: %s",
                          strerror(errno));
        return H_HARDWARE;
    }
    return H_SUCCESS;
}

static unsigned count_flushes(const FlushList *list)
{
    const Flush *flush;
    unsigned n = 0;

    QLIST_FOREACH(flush, list, node) {
        n++;
    }
    return n;
}

/* Remove the oldest result, which the guest may never ask for */
static void drop_oldest_flush(FlushList *list)
{
    Flush *flush, *last = NULL;

    QLIST_FOREACH(flush, list, node) {
        last = flush;
    }
    if (last) {
        QLIST_REMOVE(last, node);
        g_free(last);
    }
}

static void free_flushes(FlushList *list)
{
    Flush *flush, *next;

    QLIST_FOREACH_SAFE(flush, list, node, next) {
        QLIST_REMOVE(flush, node);
        g_free(flush);
    }
}

static void flush_done(void *opaque, int result)
{
    Flush *flush = opaque;
    PaprNvdimm *pn = flush->nvdimm;

    trace_papr_pmem_flushed(flush->token, result);
    pn->n_running--;
    if (flush->abandoned) {
        g_free(flush);
        return;
    }
    flush->result = result;
    QLIST_REMOVE(flush, node);
    if (count_flushes(&pn->done) >= FLUSHES_MAX) {
        drop_oldest_flush(&pn->done);
    }
    QLIST_INSERT_HEAD(&pn->done, flush, node);
}

static void submit_flush(PaprNvdimm *pn, Flush *flush)
{
    MemoryRegion *mr = &backend_of(NVDIMM(pn))->mr;

    flush->nvdimm = pn;
    flush->fd = memory_region_get_fd(mr);
    flush->size = memory_region_size(mr);
    flush->pmem = is_pmem(NVDIMM(pn)) ? memory_region_get_ram_ptr(mr) : NULL;
    pn->n_running++;
    thread_pool_submit_aio(flush_worker, flush, flush_done, flush);
}

static Flush *find_flush(const FlushList *list, uint64_t token)
{
    Flush *flush;

    QLIST_FOREACH(flush, list, node) {
        if (flush->token == token) {
            return flush;
        }
    }
    return NULL;
}

static int64_t begin_flush(PaprNvdimm *pn, uint64_t *token)
{
    Flush *flush;

    if (pn->n_running >= FLUSHES_MAX) {
        return H_BUSY;
    }
    flush = g_new0(Flush, 1);
    flush->token = ++pn->last_token ?: ++pn->last_token;
    flush->drc_index = PAPR_DRC_PMEM << 28 | PC_DIMM(pn)->slot;
    QLIST_INSERT_HEAD(&pn->running, flush, node);
    *token = flush->token;
    trace_papr_pmem_flush(flush->token);
    submit_flush(pn, flush);
    return H_LONG_BUSY_10_MS;
}

static int64_t flush_result(PaprNvdimm *pn, uint64_t token)
{
    Flush *flush;
    int64_t result;

    if (find_flush(&pn->running, token)) {
        return H_LONG_BUSY_10_MS;
    }
    flush = find_flush(&pn->done, token);
    if (!flush) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_SCM_FLUSH: no flush 0x%" PRIx64 "\n",
                      token);
        return H_P2;
    }
    result = flush->result;
    QLIST_REMOVE(flush, node);
    g_free(flush);
    return result;
}

int64_t papr_nvdimm_flush(NVDIMMDevice *nvdimm, uint64_t *token)
{
    if (!object_dynamic_cast(OBJECT(nvdimm), TYPE_PAPR_NVDIMM)) {
        return H_PARAMETER;
    }
    if (*token) {
        return flush_result(PAPR_NVDIMM(nvdimm), *token);
    }
    if (!papr_nvdimm_flush_required(nvdimm)) {
        return H_UNSUPPORTED;
    }
    return begin_flush(PAPR_NVDIMM(nvdimm), token);
}

/*
 * Flushes that run can't be stopped, and are not waited for as they may take
 * long.  One without @nvdimm is from a stream whose loading failed before it
 * was submitted.
 */
static void abandon_flushes(PaprNvdimm *pn)
{
    Flush *flush, *next;

    QLIST_FOREACH_SAFE(flush, &pn->running, node, next) {
        if (flush->nvdimm) {
            QLIST_REMOVE(flush, node);
            flush->abandoned = true;
        }
    }
    free_flushes(&pn->running);
    free_flushes(&pn->done);
}

void papr_nvdimm_reset(NVDIMMDevice *nvdimm)
{
    PaprNvdimm *pn = (PaprNvdimm *)object_dynamic_cast(OBJECT(nvdimm),
                                                       TYPE_PAPR_NVDIMM);

    if (pn) {
        abandon_flushes(pn);
    }
}

/* --- streams -------------------------------------------------------------- */

/* Flushes may run when a snapshot is loaded */
static int flushes_pre_load(void *opaque)
{
    abandon_flushes(opaque);
    return 0;
}

/* The guest must have the same device tree on both sides */
static bool check_required(PaprNvdimm *pn)
{
    bool required = papr_nvdimm_flush_required(NVDIMM(pn));

    if (pn->flush_required == required) {
        return true;
    }
    error_report("%s: the source's guest %s H_SCM_FLUSH, and here it %s; give "
                 "both sides the same pmem= of the memory backend, or %s "
                 "pmem-override=on",
                 DEVICE(pn)->id ?: TYPE_PAPR_NVDIMM,
                 pn->flush_required ? "calls" : "does not call",
                 required ? "has to" : "does not have to",
                 required ? "the source" : "this side");
    return false;
}

static int flushes_post_load(void *opaque, int version_id)
{
    PaprNvdimm *pn = opaque;
    Flush *flush;

    if (count_flushes(&pn->running) > FLUSHES_MAX || !check_required(pn)) {
        /* none was submitted */
        free_flushes(&pn->running);
        pn->flush_required = papr_nvdimm_flush_required(NVDIMM(pn));
        return -EINVAL;
    }
    while (count_flushes(&pn->done) > FLUSHES_MAX) {
        drop_oldest_flush(&pn->done);
    }
    QLIST_FOREACH(flush, &pn->running, node) {
        submit_flush(pn, flush);
    }
    return 0;
}

static const VMStateDescription vmstate_flush = {
    .name = "spapr_nvdimm_flush_state",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(token, Flush),
        VMSTATE_INT64(result, Flush),
        VMSTATE_UINT32(drc_index, Flush),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_flushes = {
    .name = "spapr_nvdimm_states",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_load = flushes_pre_load,
    .post_load = flushes_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(flush_required, PaprNvdimm),
        VMSTATE_UINT64(last_token, PaprNvdimm),
        VMSTATE_QLIST_V(done, PaprNvdimm, 1, vmstate_flush, Flush, node),
        VMSTATE_QLIST_V(running, PaprNvdimm, 1, vmstate_flush, Flush, node),
        VMSTATE_END_OF_LIST()
    },
};

static void papr_nvdimm_realize(NVDIMMDevice *nvdimm, Error **errp)
{
    PAPR_NVDIMM(nvdimm)->flush_required = papr_nvdimm_flush_required(nvdimm);
    vmstate_register_any(NULL, &vmstate_flushes, nvdimm);
}

static void papr_nvdimm_unrealize(NVDIMMDevice *nvdimm)
{
    PaprNvdimm *pn = PAPR_NVDIMM(nvdimm);

    abandon_flushes(pn);
    while (pn->n_running) {
        aio_poll(qemu_get_aio_context(), true);
    }
    vmstate_unregister(NULL, &vmstate_flushes, nvdimm);
}

static void papr_nvdimm_instance_init(Object *obj)
{
    QLIST_INIT(&PAPR_NVDIMM(obj)->running);
    QLIST_INIT(&PAPR_NVDIMM(obj)->done);
}

#ifdef CONFIG_LIBPMEM
static const Property nvdimm_properties[] = {
    DEFINE_PROP_BOOL("pmem-override", PaprNvdimm, pmem_override, false),
};
#endif

static void papr_nvdimm_class_init(ObjectClass *oc, void *data)
{
    NVDIMMClass *nvc = NVDIMM_CLASS(oc);

    nvc->realize = papr_nvdimm_realize;
    nvc->unrealize = papr_nvdimm_unrealize;
    DEVICE_CLASS(oc)->desc = "persistent memory in a file, with flushes";
#ifdef CONFIG_LIBPMEM
    device_class_set_props(DEVICE_CLASS(oc), nvdimm_properties);
#endif
}

static const TypeInfo nvdimm_types[] = {
    {
        .name = TYPE_PAPR_NVDIMM,
        .parent = TYPE_NVDIMM,
        .instance_size = sizeof(PaprNvdimm),
        .instance_init = papr_nvdimm_instance_init,
        .class_init = papr_nvdimm_class_init,
    },
};

DEFINE_TYPES(nvdimm_types)
