/*
 * pSeries XIVE: state shared by the files of this folder
 *
 * Locking.  Hot state is atomic words, so that events flow from any thread to
 * any vCPU without the big lock (BQL):
 *
 *   eat[lisn]       event assignment word, replaced as a whole
 *   status[lisn]    event state buffer byte, see esb.h
 *   ends[i].lock    a spinlock around one END (event notification descriptor):
 *                   its queue's mapping, position and notification bits.  Held
 *                   for one store to guest memory
 *   tctxs[server]   pointer under RCU; changed with the BQL held
 *   tctx->ring      OS ring word, see ring.h
 *
 * Order: BQL, END lock; an RCU read section may begin before or after either.
 * A thread with an END lock takes only the locks that marking a page dirty
 * needs, and does not wait for the BQL.  Everything else is written with the
 * BQL held, except for tctx->report_line, an atomic word.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_XIVE_MODEL_H
#define PSERIES_XIVE_MODEL_H

#include "exec/memory.h"
#include "hw/sysbus.h"
#include "qemu/rcu.h"
#include "qemu/thread.h"
#include "hw/intc/pseries/irq/controller.h"
#include "hw/intc/pseries/irq/cpu-line.h"
#include "abi.h"
#include "end.h"
#include "esb.h"
#include "ring.h"

#define TYPE_PAPR_XIVE "spapr-xive"
OBJECT_DECLARE_SIMPLE_TYPE(PaprXive, PAPR_XIVE)

/* @queue is mapped if its ptr is set; else a valid END drops events */
typedef struct PaprEnd {
    QemuSpin lock;
    PaprEndState state;
    MemoryRegionCache queue;
} PaprEnd;

/**
 * PaprTctx - a vCPU's thread interrupt context
 * @ring: OS ring, bytes 0-7; the rest of the area is constant
 * @report_line: address that XV_TIMA_ACK_OS_EVEN writes to, or ~0; atomic
 * @regs: the area as streams have it, filled in for saving
 */
struct PaprTctx {
    struct rcu_head rcu;
    uint64_t ring;
    uint64_t report_line;
    PaprCpuLine line;
    PaprXive *xive;
    PowerPCCPU *cpu;
    uint32_t server;
    uint8_t regs[XV_TCTX_SIZE];
};

typedef struct PaprXiveImage PaprXiveImage;
typedef struct PaprXiveKvm PaprXiveKvm;

/**
 * PaprXiveOps - an implementation's PaprIntcOps, and functions of hypercalls
 *
 * The implementation is the emulated model, or KVM's device, which also has the
 * state that events change.  The BQL is held, except in queue, esb_load,
 * esb_store and sync, which a vCPU may call without it.  Functions that return
 * int64_t return the hypercall's return code (r3).
 */
typedef struct PaprXiveOps {
    PaprIntcOps intc;
    int64_t (*set_eas)(PaprXive *xive, uint32_t lisn, uint64_t eas);
    int64_t (*set_queue)(PaprXive *xive, uint32_t end_index,
                         const PaprEndState *state);
    PaprEndState (*queue)(PaprXive *xive, uint32_t end_index);
    uint64_t (*esb_load)(PaprXive *xive, uint32_t lisn, uint32_t offset);
    void (*esb_store)(PaprXive *xive, uint32_t lisn, uint32_t offset);
    int64_t (*sync)(PaprXive *xive, uint32_t lisn);
    int64_t (*reset)(PaprXive *xive);
    /* like save_sources of @intc, for the positions in queues; may be NULL */
    bool (*save_queues)(PaprXive *xive, Error **errp);
} PaprXiveOps;

struct PaprXive {
    SysBusDevice parent_obj;

    uint32_t nr_irqs;
    uint32_t nr_servers;
    uint32_t nr_ends;
    bool active;

    uint64_t *eat;
    uint8_t *status;
    unsigned long *lsi_map;
    PaprEnd *ends;
    PaprTctx **tctxs;

    const PaprXiveOps *ops;             /* active implementation */
    PaprXiveKvm *kvm;                   /* NULL: emulated only */

    PaprHcallTable *hcalls;
    MemoryRegion esb_mmio;
    MemoryRegion end_mmio;
    MemoryRegion tima_mmio;
    hwaddr end_base;

    PaprXiveImage *image;
};

/* Event assignment words */
static inline uint64_t papr_eas_initial(uint32_t lisn)
{
    return XV_EAS_VALID | XV_EAS_MASKED | lisn;
}

static inline uint32_t papr_eas_end(uint64_t eas)
{
    return (eas >> XV_EAS_END_SHIFT) & XV_EAS_END_MASK;
}

static inline uint64_t papr_eas_make(uint32_t end, bool masked, uint32_t eisn)
{
    return XV_EAS_VALID | (uint64_t)end << XV_EAS_END_SHIFT |
           (masked ? XV_EAS_MASKED : 0) | (eisn & XV_EAS_EISN_MASK);
}

static inline bool papr_xive_is_claimed(PaprXive *xive, uint64_t lisn)
{
    return lisn < xive->nr_irqs &&
           (qatomic_read(&xive->eat[lisn]) & XV_EAS_VALID);
}

static inline bool papr_xive_is_lsi(PaprXive *xive, uint32_t lisn)
{
    return test_bit(lisn, xive->lsi_map);
}

/* route.c: from source to queue to vCPU; any thread, no lock needed */
void papr_xive_trigger(PaprXive *xive, uint32_t lisn);
void papr_xive_set_level(PaprXive *xive, uint32_t lisn, bool level);
uint64_t papr_xive_eoi(PaprXive *xive, uint32_t lisn);
uint64_t papr_xive_set_pq(PaprXive *xive, uint32_t lisn, uint8_t pq);
void papr_xive_present(PaprXive *xive, uint32_t end_index);

/** papr_xive_set_eas: on return no event goes by the old word any more */
void papr_xive_set_eas(PaprXive *xive, uint32_t lisn, uint64_t eas);

/**
 * papr_xive_set_queue - replace an END's state and map its queue
 *
 * False, and nothing changed, if the queue isn't wholly in RAM.  On return no
 * event goes to the old queue any more.  Context: BQL.
 */
bool papr_xive_set_queue(PaprXive *xive, uint32_t end_index,
                         const PaprEndState *state);

/** papr_xive_end_state: one consistent view of an END */
PaprEndState papr_xive_end_state(PaprXive *xive, uint32_t end_index);

/** papr_xive_set_end_pos: how far the host's controller wrote the queue */
void papr_xive_set_end_pos(PaprXive *xive, uint32_t end_index, PaprEqPos pos);
/** papr_xive_sync: wait for events of @lisn in progress; returns an H_* code */
int64_t papr_xive_sync(PaprXive *xive, uint32_t lisn);

/* Thread contexts; the caller is the vCPU, has the BQL or reads under RCU */
void papr_tctx_reset(PaprTctx *tctx);
uint16_t papr_tctx_accept(PaprTctx *tctx, uint64_t *before, uint64_t *after);
void papr_tctx_set_cppr(PaprTctx *tctx, uint8_t cppr);
void papr_tctx_pend(PaprTctx *tctx, uint8_t priority);
/** papr_tctx_follow: set the vCPU's input as the ring says; takes the BQL */
void papr_tctx_follow(PaprTctx *tctx);

/* mmio.c */
void papr_xive_mmio_init(PaprXive *xive);
void papr_xive_mmio_enable(PaprXive *xive, bool enable);
/* for the regions of ESB pages, also KVM's; the opaque is the PaprXive */
extern const MemoryRegionOps papr_xive_esb_ops;
/* the management page's loads and stores, for H_INT_ESB too; any thread */
uint64_t papr_xive_esb_load(PaprXive *xive, uint32_t lisn, uint32_t offset);
void papr_xive_esb_store(PaprXive *xive, uint32_t lisn, uint32_t offset);

/* hcalls.c */
void papr_xive_hcalls_init(PaprXive *xive);
void papr_xive_hcalls_enable(PaprXive *xive, bool enable);

/* model.c: the emulated implementation; papr_xive_ops is its @intc */
extern const PaprXiveOps papr_xive_emulated;

/* sources off, queues gone; the lines of devices stay.  BQL */
void papr_xive_reset_routing(PaprXive *xive);

/* vmstate.c */
void papr_xive_vmstate_init(PaprXive *xive);
void papr_xive_vmstate_add_tctx(PaprTctx *tctx);
void papr_xive_vmstate_remove_tctx(PaprTctx *tctx);

/* info.c */
void papr_xive_print_info(PaprXive *xive, GString *buf);
void papr_xive_dt(PaprDt *dt, uint32_t phandle, uint32_t n_servers);

#endif
