/*
 * pSeries XIVE in the host's kernel: state shared by the kvm*.c files
 *
 * The kernel's device (KVM_DEV_TYPE_XIVE, "native exploitation mode") gives
 * each source of the guest an event state buffer (ESB) of the host's own
 * controller, and each vCPU a notification virtual target (NVT, or virtual
 * processor, VP) there.  The guest accesses their pages directly; the emulated
 * model keeps what the guest configured, and the rest is read into it on
 * demand.
 *
 * Locking: all with the big lock (BQL), except for
 *
 *   fd, the pages   changed with all vCPUs out of the guest, and none inside a
 *                   hypercall except for the one that causes the change: they
 *                   don't change during a hypercall that runs without the BQL
 *   sources         bits are set and never cleared while fd is open; atomic
 *   queues          changed with the BQL, read without; atomic
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_XIVE_KVM_H
#define PSERIES_XIVE_KVM_H

#include "qemu/notify.h"
#include "model.h"

/**
 * PaprXiveKvm - the kernel's device, and what is prepared for it
 * @fd: the device; -1: there is none
 * @sources: those that the device has; an access to another source's pages is a
 *           bus error
 * @connected: servers whose vCPU the device has, plugged or parked
 * @queues: descriptors (ENDs) for which the device has a queue
 * @held: the machine is stopped: P is set in sources that are on, so that
 *        later events stay in Q; the bits from before are in the model's bytes
 * @unflushed: why the kernel could not flush events in progress and mark the
 *             queues' pages dirty at the last hold; NULL: it could
 * @esb, @tima: addresses reserved for the device's pages
 * @esb_ram, @tima_ram: the regions over them, one memory slot each
 */
struct PaprXiveKvm {
    int fd;
    bool held;
    unsigned long *sources;
    unsigned long *connected;
    unsigned long *queues;
    uint8_t *esb;
    uint8_t *tima;
    MemoryRegion esb_ram;
    MemoryRegion tima_ram;
    Error *unflushed;
    PaprXive *xive;
    NotifierWithReturn precopy;
};

static inline bool papr_xive_kvm_in(const unsigned long *set, uint32_t n)
{
    return qatomic_read(&set[BIT_WORD(n)]) & BIT_MASK(n);
}

static inline bool papr_xive_kvm_has(PaprXiveKvm *kvm, uint32_t lisn)
{
    return papr_xive_kvm_in(kvm->sources, lisn);
}

/* kvm-pages.c */

/** papr_xive_kvm_pages_init: reserve addresses and make the regions */
bool papr_xive_kvm_pages_init(PaprXiveKvm *kvm, Error **errp);
/** papr_xive_kvm_map: map the device's pages, for the guest too; all or none */
bool papr_xive_kvm_map(PaprXiveKvm *kvm, Error **errp);
/** papr_xive_kvm_unmap: does nothing if they aren't mapped */
void papr_xive_kvm_unmap(PaprXiveKvm *kvm);

/*
 * The management page of a source, accessed as the guest does: 64-bit loads;
 * all ones from a source that the kernel doesn't have.  vCPU thread or BQL.
 */
uint64_t papr_xive_kvm_page_load(PaprXiveKvm *kvm, uint32_t lisn,
                                 uint32_t offset);
uint8_t papr_xive_kvm_get_pq(PaprXiveKvm *kvm, uint32_t lisn);
/** papr_xive_kvm_set_pq: returns what P and Q were; one atomic step */
uint8_t papr_xive_kvm_set_pq(PaprXiveKvm *kvm, uint32_t lisn, uint8_t pq);

/* The guest's accesses; a source whose line is still up is triggered again */
uint64_t papr_xive_kvm_esb_load(PaprXive *xive, uint32_t lisn, uint32_t offset);
void papr_xive_kvm_esb_store(PaprXive *xive, uint32_t lisn, uint32_t offset);

/* kvm-device.c: the device's attributes and vCPUs' registers */
bool papr_xive_kvm_open(PaprXiveKvm *kvm, Error **errp);
void papr_xive_kvm_close(PaprXiveKvm *kvm);
bool papr_xive_kvm_connect(PaprXiveKvm *kvm, PaprTctx *tctx, Error **errp);

/** papr_xive_kvm_create_source: afterwards it is off and masked */
bool papr_xive_kvm_create_source(PaprXiveKvm *kvm, uint32_t lisn, Error **errp);
/**
 * papr_xive_kvm_route - change the route from the model's @old to @eas
 *
 * If the queue of @eas is not set yet, the source is masked until it is set.
 */
bool papr_xive_kvm_route(PaprXiveKvm *kvm, uint32_t lisn, uint64_t old,
                         uint64_t eas, Error **errp);

bool papr_xive_kvm_put_queue(PaprXiveKvm *kvm, uint32_t end_index,
                             const PaprEndState *state, Error **errp);
/** papr_xive_kvm_get_queue: fill in how far the queue has been written */
bool papr_xive_kvm_get_queue(PaprXiveKvm *kvm, uint32_t end_index,
                             PaprEndState *state, Error **errp);

bool papr_xive_kvm_sync(PaprXiveKvm *kvm, uint32_t lisn, Error **errp);
/** papr_xive_kvm_flush: no event in progress; queues' pages are marked dirty */
bool papr_xive_kvm_flush(PaprXiveKvm *kvm, Error **errp);
/** papr_xive_kvm_clear: turn off routed sources, clear routes and queues */
bool papr_xive_kvm_clear(PaprXiveKvm *kvm, Error **errp);

/* A vCPU's ring; the vCPU is not in the guest */
bool papr_xive_kvm_put_ring(PaprTctx *tctx, Error **errp);
bool papr_xive_kvm_get_ring(PaprTctx *tctx, Error **errp);

/* kvm-state.c: the state to the kernel and back as a whole */
void papr_xive_kvm_state_init(PaprXiveKvm *kvm);
/** papr_xive_kvm_create_sources: those that are claimed; all are off then */
bool papr_xive_kvm_create_sources(PaprXiveKvm *kvm, Error **errp);
/** papr_xive_kvm_load_source: one that is claimed, with the model's state */
bool papr_xive_kvm_load_source(PaprXiveKvm *kvm, uint32_t lisn, Error **errp);
/** papr_xive_kvm_load: store the model's state in the kernel, sources held */
bool papr_xive_kvm_load(PaprXiveKvm *kvm, Error **errp);
void papr_xive_kvm_hold(PaprXiveKvm *kvm);
void papr_xive_kvm_release(PaprXiveKvm *kvm);
/** papr_xive_kvm_save_sources: fails if the flush of the last hold failed */
bool papr_xive_kvm_save_sources(PaprXive *xive, Error **errp);
bool papr_xive_kvm_save_queues(PaprXive *xive, Error **errp);

#endif
