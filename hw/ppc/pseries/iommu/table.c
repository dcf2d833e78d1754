/*
 * pSeries platform: TCE (translation control entry) tables
 *
 * The partition's tables by number (LIOBN, logical I/O bus number), and for
 * each the window that it has at the time, as memory regions:
 *
 *   tce-root-N        container, all I/O addresses
 *     tce-bypass-N    alias of system memory, while translation is off
 *     tce-iommu-N     the window, below that
 *
 * Called by host bridges and virtual devices, which own the tables.  LoPAR
 * sections 3.2.2 and 14.5.4.2.
 *
 * Locking: see internal.h; all here has the BQL but for papr_iommu_find().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/module.h"
#include "exec/address-spaces.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "system/accel-blocker.h"
#include "../trace.h"
#include "internal.h"
#include "tce.h"

/* ---- tables by number ---- */

/* The element for @liobn, or NULL if it is not one of PAPR_LIOBN_PCI() */
static PaprTceTable **pci_slot(PaprIommu *iommu, uint32_t liobn)
{
    uint32_t phb = (liobn >> 8) & 0xff, window = liobn & 0xff;

    if (liobn != PAPR_LIOBN_PCI(phb, window) || phb >= TCE_PCI_PHBS ||
        window >= TCE_PCI_WINDOWS) {
        return NULL;
    }
    return &iommu->pci[phb][window];
}

static uint32_t hash_of(uint32_t liobn)
{
    return liobn * 0x9e3779b1u;
}

static bool same_liobn(const void *a, const void *b)
{
    return ((const PaprTceTable *)a)->liobn == ((const PaprTceTable *)b)->liobn;
}

static bool has_liobn(const void *tcet, const void *liobn)
{
    return ((const PaprTceTable *)tcet)->liobn == *(const uint32_t *)liobn;
}

PaprTceTable *papr_iommu_find(PaprIommu *iommu, uint64_t number)
{
    uint32_t liobn = number;
    PaprTceTable **slot;

    if (liobn != number) {
        return NULL;
    }
    slot = pci_slot(iommu, liobn);
    if (slot) {
        return qatomic_rcu_read(slot);
    }
    RCU_READ_LOCK_GUARD();
    return qht_lookup_custom(&iommu->others, &liobn, hash_of(liobn), has_liobn);
}

static void publish_table(PaprTceTable *tcet)
{
    PaprTceTable **slot = pci_slot(tcet->iommu, tcet->liobn);

    if (slot) {
        qatomic_rcu_set(slot, tcet);
    } else {
        qht_insert(&tcet->iommu->others, tcet, hash_of(tcet->liobn), NULL);
    }
}

static void withdraw_table(PaprTceTable *tcet)
{
    PaprTceTable **slot = pci_slot(tcet->iommu, tcet->liobn);

    if (slot) {
        qatomic_set(slot, NULL);
    } else {
        qht_remove(&tcet->iommu->others, tcet, hash_of(tcet->liobn));
    }
}

void papr_iommu_init_tables(PaprIommu *iommu)
{
    qht_init(&iommu->others, same_liobn, 16, QHT_MODE_AUTO_RESIZE);
}

/* ---- where the entries are ---- */

/*
 * The kernel does not notify QEMU of entries that it stores.  So a table is in
 * the kernel as long as there are no notifiers, or only VFIO's, for which the
 * kernel maps.
 */
PaprTceStore *papr_tce_make_store(PaprTceTable *tcet,
                                  const PaprTceWindow *window, Error **errp)
{
    PaprTceStore *store = NULL;

    if (!tcet->notified) {
        store = papr_tce_store_in_kernel(window, tcet->liobn);
    }
    return store ? store : papr_tce_store_new(window, errp);
}

/*
 * While the vCPUs are kept out of KVM_RUN, the kernel stores no entries.  A
 * hypercall that QEMU handles waits for the lock, then stores in @moved_to.
 */
bool papr_tce_take_back(PaprTceTable *tcet, Error **errp)
{
    PaprTceStore *kernels = tcet->store, *ours;

    if (!kernels || !kernels->in_kernel) {
        return true;
    }
    ours = papr_tce_store_new(&kernels->window, errp);
    if (!ours) {
        return false;
    }
    trace_papr_tce_take_back(tcet->liobn);
    accel_ioctl_inhibit_begin();
    qemu_mutex_lock(&kernels->lock);
    papr_tce_store_copy(ours, kernels);
    kernels->moved_to = ours;
    qatomic_rcu_set(&tcet->store, ours);
    /* a translation that has found the kernel's store may still read it */
    papr_tce_store_retire(kernels, true);
    qemu_mutex_unlock(&kernels->lock);
    accel_ioctl_inhibit_end();
    papr_tce_store_free(kernels);
    tcet->vfio_knows = false;
    return true;
}

/* ---- the window ---- */

void papr_tce_install(PaprTceTable *tcet, PaprTceStore *store)
{
    const PaprTceWindow *window = &store->window;
    MemoryRegion *mr = MEMORY_REGION(&tcet->region);

    trace_papr_tce_window(tcet->liobn, window->bus_addr, window->pages,
                          window->page_shift);
    qatomic_rcu_set(&tcet->store, store);
    memory_region_transaction_begin();
    memory_region_set_size(mr, window->pages << window->page_shift);
    memory_region_add_subregion(&tcet->root, window->bus_addr, mr);
    memory_region_transaction_commit();
}

bool papr_tce_enable(PaprTceTable *tcet, const PaprTceWindow *window,
                     Error **errp)
{
    PaprTceStore *store;

    if (tcet->store) {
        error_setg(errp, "TCE table 0x%" PRIx32 " has a window already",
                   tcet->liobn);
        return false;
    }
    store = papr_tce_make_store(tcet, window, errp);
    if (!store) {
        return false;
    }
    papr_tce_install(tcet, store);
    return true;
}

/* The region goes first: until then its listeners may ask what is mapped */
void papr_tce_disable(PaprTceTable *tcet)
{
    MemoryRegion *mr = MEMORY_REGION(&tcet->region);
    PaprTceStore *store = tcet->store;

    if (!store) {
        return;
    }
    trace_papr_tce_window(tcet->liobn, 0, 0, 0);
    memory_region_transaction_begin();
    memory_region_del_subregion(&tcet->root, mr);
    memory_region_set_size(mr, 0);
    memory_region_transaction_commit();
    qatomic_set(&tcet->store, NULL);
    papr_tce_store_free(store);
    tcet->vfio_knows = false;
}

void papr_tce_clear(PaprTceTable *tcet)
{
    PaprTceStore *store = tcet->store;
    IOMMUNotifier *n;

    if (!store) {
        return;
    }
    papr_tce_store_clear(store);
    IOMMU_NOTIFIER_FOREACH(n, &tcet->region) {
        memory_region_unmap_iommu_notifier_range(n);
    }
}

const PaprTceWindow *papr_tce_window(const PaprTceTable *tcet)
{
    static const PaprTceWindow none;

    return tcet->store ? &tcet->store->window : &none;
}

uint32_t papr_tce_liobn(const PaprTceTable *tcet)
{
    return tcet->liobn;
}

void papr_tce_set_bypass(PaprTceTable *tcet, bool bypass)
{
    tcet->bypass = bypass;
    memory_region_set_enabled(&tcet->bypass_region, bypass);
}

MemoryRegion *papr_tce_region(PaprTceTable *tcet)
{
    return &tcet->root;
}

/* ---- the object ---- */

PaprTceTable *papr_tce_new(PaprIommu *iommu, Object *owner, uint32_t liobn,
                           Error **errp)
{
    g_autofree char *name = g_strdup_printf("tce-table-%" PRIx32, liobn);
    PaprTceTable *tcet;

    if (papr_iommu_find(iommu, liobn)) {
        error_setg(errp, "Logical I/O bus number 0x%" PRIx32 " is in use by "
                   "another device", liobn);
        return NULL;
    }
    tcet = PAPR_TCE_TABLE(object_new(TYPE_PAPR_TCE_TABLE));
    tcet->iommu = iommu;
    tcet->liobn = liobn;
    object_property_add_child(owner, name, OBJECT(tcet));
    object_unref(OBJECT(tcet));
    if (!qdev_realize(DEVICE(tcet), NULL, errp)) {
        object_unparent(OBJECT(tcet));
        return NULL;
    }
    return tcet;
}

static void drop_reference(struct rcu_head *rcu)
{
    object_unref(OBJECT(container_of(rcu, PaprTceTable, rcu)));
}

/* A hypercall that found it may still be about to look at its window */
void papr_tce_free(PaprTceTable *tcet)
{
    object_ref(OBJECT(tcet));
    object_unparent(OBJECT(tcet));
    call_rcu1(&tcet->rcu, drop_reference);
}

static void realize(DeviceState *dev, Error **errp)
{
    PaprTceTable *tcet = PAPR_TCE_TABLE(dev);
    Object *obj = OBJECT(dev);
    g_autofree char *root = g_strdup_printf("tce-root-%" PRIx32, tcet->liobn);
    g_autofree char *iommu = g_strdup_printf("tce-iommu-%" PRIx32, tcet->liobn);
    g_autofree char *bypass = g_strdup_printf("tce-bypass-%" PRIx32,
                                              tcet->liobn);

    memory_region_init(&tcet->root, obj, root, UINT64_MAX);
    memory_region_init_iommu(&tcet->region, sizeof(tcet->region),
                             TYPE_PAPR_TCE_REGION, obj, iommu, 0);
    memory_region_init_alias(&tcet->bypass_region, obj, bypass,
                             get_system_memory(), 0, UINT64_MAX);
    memory_region_set_enabled(&tcet->bypass_region, false);
    memory_region_add_subregion_overlap(&tcet->root, 0, &tcet->bypass_region,
                                        1);
    publish_table(tcet);
    vmstate_register(VMSTATE_IF(tcet), tcet->liobn, &vmstate_papr_tce, tcet);
}

static void unrealize(DeviceState *dev)
{
    PaprTceTable *tcet = PAPR_TCE_TABLE(dev);

    vmstate_unregister(VMSTATE_IF(tcet), &vmstate_papr_tce, tcet);
    withdraw_table(tcet);
    papr_tce_disable(tcet);
    /* a region in a container holds a reference to its owner, the table */
    memory_region_del_subregion(&tcet->root, &tcet->bypass_region);
    papr_tce_store_free(g_steal_pointer(&tcet->mig.store));
}

static void class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = realize;
    dc->unrealize = unrealize;
    /* host bridges and virtual devices make theirs */
    dc->user_creatable = false;
}

static const TypeInfo types[] = {
    {
        .name = TYPE_PAPR_TCE_TABLE,
        .parent = TYPE_DEVICE,
        .instance_size = sizeof(PaprTceTable),
        .class_init = class_init,
    },
};
DEFINE_TYPES(types)
