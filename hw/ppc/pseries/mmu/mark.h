/*
 * pSeries platform: which vCPUs must be notified of a flush
 *
 * The flusher's and the vCPU's side, for tlb.c; see its head.  They are here,
 * with nothing else, so that tests/unit/pseries/test-hpt-race.c can run them in
 * all orders of their loads and stores.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_MMU_MARK_H
#define HW_PPC_PSERIES_MMU_MARK_H

#include "qemu/atomic.h"
#include "qemu/compiler.h"

/*
 * PaprMmuVcpu - whether a vCPU must be notified of a flush.  A cache line each,
 * as every vCPU writes its own at each entry to generated code.
 */
typedef struct PaprMmuVcpu {
    bool active;                        /* in the execution loop */
    bool flush;                         /* empty the TLB on the next entry */
} QEMU_ALIGNED(64) PaprMmuVcpu;

/**
 * papr_mark_or_notify - the vCPU has to flush: does it have to be notified?
 *
 * If not, it is marked, and empties its TLB before it executes.  The calling
 * thread (the flusher) has executed a full barrier since it changed the table.
 */
static inline bool papr_mark_or_notify(PaprMmuVcpu *vcpu)
{
    if (qatomic_read(&vcpu->active)) {
        return true;
    }
    qatomic_set(&vcpu->flush, true);
    /* @flush is written before @active is read again */
    smp_mb();
    return qatomic_read(&vcpu->active);
}

/** papr_mark_enter: the vCPU is about to execute; true: it empties its TLB */
static inline bool papr_mark_enter(PaprMmuVcpu *vcpu)
{
    qatomic_set(&vcpu->active, true);
    /* @active is written before @flush is read, and before any walk */
    smp_mb();
    if (likely(!qatomic_read(&vcpu->flush))) {
        return false;
    }
    qatomic_set(&vcpu->flush, false);
    return true;
}

/** papr_mark_exit: the vCPU has left generated code */
static inline void papr_mark_exit(PaprMmuVcpu *vcpu)
{
    qatomic_store_release(&vcpu->active, false);
}

#endif
