/*
 * pSeries XIVE: migration
 *
 * Streams have the sections and structures of upstream's pseries:
 *
 *   "xive-source"   a byte per source: P, Q and the line
 *   "spapr-xive"    the event assignment words and the descriptors of queues,
 *                   in the architected layout, whose bytes are big-endian
 *   "xive-tctx"     per vCPU, the 64 bytes of registers
 *
 * The flat words of the model are converted when saving and loading, in
 * PaprXiveImage.  Called by the migration core with the BQL held and vCPUs and
 * devices quiet.  A stream's content is checked like any input.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "hw/pseries/save.h"
#include "migration/vmstate.h"
#include "model.h"

typedef struct PaprEasImage {
    uint64_t w;
} PaprEasImage;

typedef struct PaprEndImage {
    uint32_t w0, w1, w2, w3, w4, w5, w6, w7;
} PaprEndImage;

struct PaprXiveImage {
    PaprXive *xive;
    uint32_t nr_irqs;
    uint32_t nr_ends;
    uint8_t *status;
    PaprEasImage *eat;
    PaprEndImage *endt;
};

/* Sources */

static int source_pre_save(void *opaque)
{
    PaprXiveImage *image = opaque;
    const PaprIntcOps *ops = &image->xive->ops->intc;
    Error *err = NULL;

    if (ops->save_sources && !ops->save_sources(image->xive, &err)) {
        return papr_save_failed(err);
    }
    for (uint32_t i = 0; i < image->nr_irqs; i++) {
        image->status[i] = image->xive->status[i] & XV_ESB_SAVED;
    }
    return 0;
}

static int source_post_load(void *opaque, int version_id)
{
    PaprXiveImage *image = opaque;

    for (uint32_t i = 0; i < image->nr_irqs; i++) {
        image->xive->status[i] = image->status[i] & XV_ESB_SAVED;
    }
    return 0;
}

static const VMStateDescription vmstate_source = {
    .name = "xive-source",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = source_pre_save,
    .post_load = source_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_EQUAL(nr_irqs, PaprXiveImage, NULL),
        VMSTATE_VBUFFER_UINT32(status, PaprXiveImage, 1, NULL, nr_irqs),
        VMSTATE_END_OF_LIST()
    },
};

/* Routing */

static const VMStateDescription vmstate_eas = {
    .name = TYPE_PAPR_XIVE "/eas",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(w, PaprEasImage),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_end = {
    .name = TYPE_PAPR_XIVE "/end",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(w0, PaprEndImage),
        VMSTATE_UINT32(w1, PaprEndImage),
        VMSTATE_UINT32(w2, PaprEndImage),
        VMSTATE_UINT32(w3, PaprEndImage),
        VMSTATE_UINT32(w4, PaprEndImage),
        VMSTATE_UINT32(w5, PaprEndImage),
        VMSTATE_UINT32(w6, PaprEndImage),
        VMSTATE_UINT32(w7, PaprEndImage),
        VMSTATE_END_OF_LIST()
    },
};

static PaprEndImage end_to_image(const PaprEndState *state, uint32_t index)
{
    uint32_t w[XV_END_WORDS];

    papr_end_pack(state, index, w);
    return (PaprEndImage){
        .w0 = cpu_to_be32(w[0]), .w1 = cpu_to_be32(w[1]),
        .w2 = cpu_to_be32(w[2]), .w3 = cpu_to_be32(w[3]),
        .w6 = cpu_to_be32(w[6]), .w7 = cpu_to_be32(w[7]),
    };
}

static bool end_from_image(const PaprEndImage *end, uint32_t index,
                           PaprEndState *state)
{
    const uint32_t w[XV_END_WORDS] = {
        [0] = be32_to_cpu(end->w0), [1] = be32_to_cpu(end->w1),
        [2] = be32_to_cpu(end->w2), [3] = be32_to_cpu(end->w3),
        [6] = be32_to_cpu(end->w6), [7] = be32_to_cpu(end->w7),
    };

    return papr_end_unpack(w, index, state);
}

static int routing_pre_save(void *opaque)
{
    PaprXiveImage *image = opaque;
    PaprXive *xive = image->xive;
    PaprEndState state;
    Error *err = NULL;

    if (xive->ops->save_queues && !xive->ops->save_queues(xive, &err)) {
        return papr_save_failed(err);
    }
    for (uint32_t i = 0; i < image->nr_irqs; i++) {
        image->eat[i].w = cpu_to_be64(xive->eat[i]);
    }
    for (uint32_t i = 0; i < image->nr_ends; i++) {
        state = papr_xive_end_state(xive, i);
        image->endt[i] = end_to_image(&state, i);
    }
    return 0;
}

static int load_sources(PaprXiveImage *image)
{
    for (uint32_t i = 0; i < image->nr_irqs; i++) {
        uint64_t eas = be64_to_cpu(image->eat[i].w);

        if (papr_eas_end(eas) >= image->nr_ends) {
            error_report("XIVE source 0x%x of the stream is routed to queue "
                         "%u, but there are %u", i, papr_eas_end(eas),
                         image->nr_ends);
            return -EINVAL;
        }
        image->xive->eat[i] = eas;
    }
    return 0;
}

static int load_queues(PaprXiveImage *image)
{
    PaprEndState state;

    for (uint32_t i = 0; i < image->nr_ends; i++) {
        if (!end_from_image(&image->endt[i], i, &state)) {
            error_report("XIVE queue %u of the stream is malformed", i);
            return -EINVAL;
        }
        if (!papr_xive_set_queue(image->xive, i, &state)) {
            error_report("XIVE queue %u of the stream, at 0x%" PRIx64
                         ", is not in RAM", i, state.addr);
            return -EINVAL;
        }
    }
    return 0;
}

static int routing_post_load(void *opaque, int version_id)
{
    PaprXiveImage *image = opaque;
    int rc = load_sources(image);

    return rc ? rc : load_queues(image);
}

static const VMStateDescription vmstate_routing = {
    .name = TYPE_PAPR_XIVE,
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = routing_pre_save,
    .post_load = routing_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_EQUAL(nr_irqs, PaprXiveImage, NULL),
        VMSTATE_STRUCT_VARRAY_POINTER_UINT32(eat, PaprXiveImage, nr_irqs,
                                             vmstate_eas, PaprEasImage),
        VMSTATE_STRUCT_VARRAY_POINTER_UINT32(endt, PaprXiveImage, nr_ends,
                                             vmstate_end, PaprEndImage),
        VMSTATE_END_OF_LIST()
    },
};

void papr_xive_vmstate_init(PaprXive *xive)
{
    PaprXiveImage *image = g_new0(PaprXiveImage, 1);

    image->xive = xive;
    image->nr_irqs = xive->nr_irqs;
    image->nr_ends = xive->nr_ends;
    image->status = g_new0(uint8_t, xive->nr_irqs);
    image->eat = g_new0(PaprEasImage, xive->nr_irqs);
    image->endt = g_new0(PaprEndImage, xive->nr_ends);
    xive->image = image;
    vmstate_register_any(NULL, &vmstate_source, image);
    vmstate_register_any(NULL, &vmstate_routing, image);
}

/* Thread contexts */

static int tctx_pre_save(void *opaque)
{
    PaprTctx *tctx = opaque;
    const PaprIntcOps *ops = &tctx->xive->ops->intc;
    Error *err = NULL;

    if (ops->save_vcpu &&
        !ops->save_vcpu(tctx->xive, papr_vcpu(tctx->cpu), &err)) {
        return papr_save_failed(err);
    }
    memset(tctx->regs, 0, sizeof(tctx->regs));
    stq_be_p(tctx->regs + XV_RING_OS, qatomic_read(&tctx->ring));
    stl_be_p(tctx->regs + XV_RING_OS + XV_RING_WORD2,
             XV_CAM_VALID | (XV_CAM_FIRST_VP + tctx->server));
    tctx->regs[XV_RING_PHYS + XV_PIPR] = XV_PRIORITY_NONE;
    return 0;
}

static int tctx_post_load(void *opaque, int version_id)
{
    PaprTctx *tctx = opaque;
    Error *err = NULL;

    qatomic_set(&tctx->ring, ldq_be_p(tctx->regs + XV_RING_OS));
    if (!tctx->xive->ops->intc.load_vcpu(tctx->xive, papr_vcpu(tctx->cpu),
                                         &err)) {
        error_report_err(err);
        return -EIO;
    }
    return 0;
}

static bool report_line_needed(void *opaque)
{
    PaprTctx *tctx = opaque;

    return tctx->report_line != UINT64_MAX;
}

static const VMStateDescription vmstate_report_line = {
    .name = "xive-tctx/report-line",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = report_line_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(report_line, PaprTctx),
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_tctx = {
    .name = "xive-tctx",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = tctx_pre_save,
    .post_load = tctx_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_BUFFER(regs, PaprTctx),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription * const []) {
        &vmstate_report_line,
        NULL
    },
};

/*
 * The instance is the vCPU's cpu_index.  Upstream's pseries counts contexts in
 * the order of their creation, which gives the same instances as long as cores
 * are plugged in order; otherwise a context would not find its own section.
 */
void papr_xive_vmstate_add_tctx(PaprTctx *tctx)
{
    vmstate_register(NULL, CPU(tctx->cpu)->cpu_index, &vmstate_tctx, tctx);
}

void papr_xive_vmstate_remove_tctx(PaprTctx *tctx)
{
    vmstate_unregister(NULL, &vmstate_tctx, tctx);
}
