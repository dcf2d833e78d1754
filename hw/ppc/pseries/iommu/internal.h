/*
 * pSeries platform: TCE (translation control entry) tables (private to iommu/)
 *
 * Locking: tables and windows come and go under the BQL, published by atomic
 * pointers and freed after an RCU (read-copy-update) grace period.  So a thread
 * that found a table or a store in an RCU read section may use it to the
 * section's end, without the BQL: DMA of any thread (translate.c) and
 * hypercalls (hcalls.c).  Entries are 64-bit words that are loaded and stored
 * atomically.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_IOMMU_INTERNAL_H
#define HW_PPC_PSERIES_IOMMU_INTERNAL_H

#include "exec/memory.h"
#include "hw/pseries/iommu.h"
#include "hw/qdev-core.h"
#include "qemu/qht.h"
#include "qemu/rcu.h"
#include "leafs.h"

#define TYPE_PAPR_TCE_REGION "spapr-iommu-memory-region"

/* LIOBNs that PAPR_LIOBN_PCI() makes: found by index */
#define TCE_PCI_PHBS    32
#define TCE_PCI_WINDOWS 2

struct PaprIommu {
    PaprTceTable *pci[TCE_PCI_PHBS][TCE_PCI_WINDOWS];
    struct qht others;                  /* PaprTceTable by LIOBN */
};

/**
 * PaprTceStore - a window and its entries
 *
 * The window is constant while the store is published.  Two kinds of stores
 * have a @lock, which hypercalls hold while they store (papr_tce_store_lock()):
 * stores of the kernel (KVM), since their entries may be moved to QEMU's
 * memory; and large ones, whose memory is counted.
 */
typedef struct PaprTceStore PaprTceStore;
struct PaprTceStore {
    struct rcu_head rcu;
    PaprTceWindow window;
    uint64_t *entries;                  /* host endian */
    bool in_kernel;                     /* constant */
    bool locked;                        /* has @lock; constant */
    /*
     * Was anything but 0 ever stored?  Set before the first entry is stored,
     * and never cleared; atomic.  A thread that reads entries while another
     * thread stores them may see the old ones, and would without @used, too.
     */
    bool used;
    int fd;                             /* the kernel's table, or -1; BQL */
    QemuMutex lock;
    PaprTceLeafs leafs;                 /* leafs.state: large windows only */
    PaprTceStore *moved_to;             /* under @lock */
};

struct PaprTceTable {
    DeviceState parent_obj;

    struct rcu_head rcu;
    PaprIommu *iommu;
    uint32_t liobn;
    PaprTceStore *store;                /* NULL: no window */
    /*
     * Are there notifiers of changes?  Written under the BQL, followed by a
     * full barrier: see papr_tce_changed().
     */
    bool notified;
    /* the kernel maps for VFIO what is stored in the kernel's table; BQL */
    bool vfio_knows;
    bool bypass;

    MemoryRegion root;                  /* holds the other two */
    MemoryRegion bypass_region;
    IOMMUMemoryRegion region;           /* the window */

    /* as the stream has them: vmstate.c */
    struct {
        uint32_t pages;
        uint64_t bus_addr;
        uint32_t page_shift;
        bool def_win;
        PaprTceStore *store;
    } mig;
};

/* store.c: memory for entries */
/** papr_tce_store_new: all entries zero; takes memory only as they are set */
PaprTceStore *papr_tce_store_new(const PaprTceWindow *window, Error **errp);
/**
 * papr_tce_store_in_kernel - entries that the guest sets without exits to QEMU
 *
 * NULL: the kernel can't create a table.  It has one at most for each LIOBN.
 */
PaprTceStore *papr_tce_store_in_kernel(const PaprTceWindow *window,
                                       uint32_t liobn);
/** papr_tce_store_vfio_fd: the kernel's table, for VFIO to map by; or -1 */
int papr_tce_store_vfio_fd(const PaprTceStore *store);
/**
 * papr_tce_store_retire - remove it from the kernel, and so from VFIO, too
 * @keep: threads that still read @store find its entries, else zeroes
 *
 * Context: BQL; @keep: no thread stores entries.
 */
void papr_tce_store_retire(PaprTceStore *store, bool keep);
/** papr_tce_store_free: retired, freed after a grace period; may be NULL */
void papr_tce_store_free(PaprTceStore *store);
/**
 * papr_tce_store_set - store @count entries from @index on
 * @tces: one for all if @same, else one each
 *
 * False, and nothing is stored: @bounded, and the entries of a large window
 * would take more memory than the partition's RAM accounts for.  Context:
 * papr_tce_store_lock().
 */
bool papr_tce_store_set(PaprTceStore *store, uint64_t index,
                        const uint64_t *tces, uint64_t count, bool same,
                        bool bounded);
/** papr_tce_store_clear: all entries are 0; BQL */
void papr_tce_store_clear(PaprTceStore *store);
/** papr_tce_store_copy: of entries, into a store where all are zero */
void papr_tce_store_copy(PaprTceStore *to, const PaprTceStore *from);
/**
 * papr_tce_store_lock - before entries are stored
 *
 * Returns the store to store them in: not @store if the entries of @store have
 * been moved.  Context: RCU read section in which @store was found.
 */
static inline PaprTceStore *papr_tce_store_lock(PaprTceStore *store)
{
    while (unlikely(store->locked)) {
        PaprTceStore *moved_to;

        qemu_mutex_lock(&store->lock);
        moved_to = store->moved_to;
        if (!moved_to) {
            break;
        }
        qemu_mutex_unlock(&store->lock);
        /* installed since the read section began: not freed before its end */
        store = moved_to;
    }
    return store;
}

static inline void papr_tce_store_unlock(PaprTceStore *store)
{
    if (unlikely(store->locked)) {
        qemu_mutex_unlock(&store->lock);
    }
}

/** papr_tce_load: an entry; 0 if its leaf is not held, without reading it */
static inline uint64_t papr_tce_load(const PaprTceStore *store, uint64_t index)
{
    if (store->leafs.state && !papr_tce_leafs_is_held(&store->leafs, index)) {
        return 0;
    }
    return qatomic_read(&store->entries[index]);
}

/**
 * papr_tce_span - how many entries from @index on, before @end, can be read
 *
 * If @held is set to false, these entries are 0 and need not be read.
 */
static inline uint64_t papr_tce_span(const PaprTceStore *store, uint64_t index,
                                     uint64_t end, bool *held)
{
    if (store->leafs.state) {
        return papr_tce_leafs_span(&store->leafs, index, end, held);
    }
    *held = qatomic_read(&store->used);
    return end - index;
}

/* table.c */
/** papr_iommu_init_tables: there is none yet; BQL */
void papr_iommu_init_tables(PaprIommu *iommu);

/** papr_iommu_find: RCU read section or BQL */
PaprTceTable *papr_iommu_find(PaprIommu *iommu, uint64_t liobn);
/**
 * papr_tce_take_back - move the entries to QEMU's memory
 *
 * For notifiers of changes, which the kernel does not call.  Context: BQL.
 */
bool papr_tce_take_back(PaprTceTable *tcet, Error **errp);
/** papr_tce_make_store: in the kernel if possible, else in QEMU's memory */
PaprTceStore *papr_tce_make_store(PaprTceTable *tcet,
                                  const PaprTceWindow *window, Error **errp);
/** papr_tce_install: @store becomes the window of a table without one; BQL */
void papr_tce_install(PaprTceTable *tcet, PaprTceStore *store);

/* translate.c */
/**
 * papr_tce_changed - entries have been stored: call the notifiers
 *
 * Context: RCU read section in which @store was found; takes the BQL if there
 * are notifiers.
 */
void papr_tce_changed(PaprTceTable *tcet, const PaprTceStore *store,
                      uint64_t index, uint64_t count);

/* hcalls.c */
void papr_iommu_register_hcalls(PaprIommu *iommu, PaprHcallTable *hcalls);

/* vmstate.c */
extern const VMStateDescription vmstate_papr_tce;

#endif
