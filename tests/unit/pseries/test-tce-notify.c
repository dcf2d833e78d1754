/*
 * Unit tests of a TCE (translation control entry) table's memory region:
 * translations, and notifications of changes
 *
 * This file has the part of the memory core that translate.c calls, and checks
 * there what the real one asserts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "exec/address-spaces.h"
#include "qapi/error.h"
#include "hw/ppc/pseries/iommu/internal.h"
#include "hw/ppc/pseries/iommu/tce.h"

#define ROUNDS 500
#define PAGES  64
#define SHIFT  16
#define PAGE   (1ull << SHIFT)

AddressSpace address_space_memory;

void memory_region_notify_iommu_one(IOMMUNotifier *n,
                                    const IOMMUTLBEvent *event)
{
    IOMMUTLBEntry entry = event->entry;

    g_assert_cmpint(event->type, ==,
                    entry.perm ? IOMMU_NOTIFIER_MAP : IOMMU_NOTIFIER_UNMAP);
    g_assert_true(is_power_of_2(entry.addr_mask + 1));
    g_assert_cmphex(entry.iova & entry.addr_mask, ==, 0);
    g_assert_cmphex(entry.iova, >=, n->start);
    g_assert_cmphex(entry.iova + entry.addr_mask, <=, n->end);
    g_assert_true(entry.target_as == &address_space_memory);
    if (event->type & n->notifier_flags) {
        n->notify(n, &entry);
    }
}

/* A table in the host kernel: its file, and how often it was taken back */
static int vfio_fd = -1;
static unsigned taken_back;

int papr_tce_store_vfio_fd(const PaprTceStore *store)
{
    return vfio_fd;
}

bool papr_tce_take_back(PaprTceTable *tcet, Error **errp)
{
    taken_back++;
    vfio_fd = -1;
    tcet->vfio_knows = false;
    return true;
}

/** Listener - keeps a copy of what is mapped, as VFIO does */
typedef struct Listener {
    IOMMUNotifier n;
    uint64_t map[PAGES];
    unsigned events;
} Listener;

static void take_event(IOMMUNotifier *n, IOMMUTLBEntry *entry)
{
    Listener *l = container_of(n, Listener, n);

    l->events++;
    for (uint64_t at = 0; at <= entry->addr_mask; at += PAGE) {
        uint64_t page = (entry->iova + at) / PAGE;

        g_assert_cmpuint(page, <, PAGES);
        l->map[page] = entry->perm ? entry->translated_addr + at + entry->perm
                                   : 0;
    }
}

static Listener *listener_new(uint64_t first_page, uint64_t last_page)
{
    Listener *l = g_new0(Listener, 1);

    iommu_notifier_init(&l->n, take_event, IOMMU_NOTIFIER_IOTLB_EVENTS,
                        first_page * PAGE, (last_page + 1) * PAGE - 1, 0);
    return l;
}

typedef struct Fixture {
    PaprTceTable tcet;
    PaprTceStore store;
    uint64_t entries[PAGES];
} Fixture;

static IOMMUMemoryRegionClass *imrc;

static void set_up(Fixture *f, gconstpointer data)
{
    f->store.window = (PaprTceWindow) {
        .bus_addr = 0x800000000000000, .pages = PAGES, .page_shift = SHIFT,
    };
    f->store.entries = f->entries;
    f->store.used = true;
    f->tcet.store = &f->store;
    QLIST_INIT(&f->tcet.region.iommu_notify);
}

static void add(Fixture *f, Listener *l)
{
    QLIST_INSERT_HEAD(&f->tcet.region.iommu_notify, &l->n, node);
    g_assert_cmpint(imrc->notify_flag_changed(&f->tcet.region,
                                              IOMMU_NOTIFIER_NONE,
                                              IOMMU_NOTIFIER_IOTLB_EVENTS,
                                              &error_abort), ==, 0);
}

static IOMMUTLBEntry translate(Fixture *f, hwaddr addr)
{
    return imrc->translate(&f->tcet.region, addr, IOMMU_NONE, 0);
}

static void tear_down(Fixture *f, gconstpointer data)
{
}

static void test_translate(Fixture *f, gconstpointer data)
{
    IOMMUTLBEntry e;

    for (int i = 0; i < 32; i++) {
        f->entries[i] = (0x1000000 + i * PAGE) | 3;
    }
    f->entries[20] = 0x5000000 | 1;
    f->entries[40] = 0x5010000 | 2;

    /* not more than 16 entries, even if more are contiguous */
    e = translate(f, 7 * PAGE + 0x123);
    g_assert_cmphex(e.iova, ==, 0);
    g_assert_cmphex(e.addr_mask, ==, 16 * PAGE - 1);
    g_assert_cmphex(e.translated_addr, ==, 0x1000000);
    g_assert_cmpint(e.perm, ==, IOMMU_RW);
    e = translate(f, 17 * PAGE);
    g_assert_cmphex(e.iova, ==, 16 * PAGE);
    g_assert_cmphex(e.addr_mask, ==, 4 * PAGE - 1);
    e = translate(f, 20 * PAGE + 0xffff);
    g_assert_cmphex(e.iova, ==, 20 * PAGE);
    g_assert_cmphex(e.addr_mask, ==, PAGE - 1);
    g_assert_cmphex(e.translated_addr, ==, 0x5000000);
    g_assert_cmpint(e.perm, ==, IOMMU_RO);
    g_assert_cmpint(translate(f, 40 * PAGE).perm, ==, IOMMU_WO);

    g_assert_cmpint(translate(f, 41 * PAGE).perm, ==, IOMMU_NONE);
    g_assert_cmpint(translate(f, PAGES * PAGE).perm, ==, IOMMU_NONE);
    g_assert_cmpint(translate(f, UINT64_MAX).perm, ==, IOMMU_NONE);
    g_assert_cmphex(imrc->get_min_page_size(&f->tcet.region), ==, PAGE);

    f->tcet.store = NULL;
    g_assert_cmpint(translate(f, 0).perm, ==, IOMMU_NONE);
}

static void test_runs(Fixture *f, gconstpointer data)
{
    g_autofree Listener *l = listener_new(0, PAGES - 1);

    for (int i = 0; i < PAGES; i++) {
        f->entries[i] = (0x1000000 + i * PAGE) | 3;
    }
    /* without a notifier */
    papr_tce_changed(&f->tcet, &f->store, 0, PAGES);
    g_assert_cmpuint(l->events, ==, 0);

    add(f, l);
    papr_tce_changed(&f->tcet, &f->store, 0, PAGES);
    g_assert_cmpuint(l->events, ==, 1);
    g_assert_cmpint(memcmp(l->map, f->entries, sizeof(l->map)), ==, 0);
    papr_tce_changed(&f->tcet, &f->store, 1, 6);
    g_assert_cmpuint(l->events, ==, 1 + 4);

    memset(f->entries, 0, sizeof(f->entries));
    papr_tce_changed(&f->tcet, &f->store, 32, 32);
    g_assert_cmpuint(l->events, ==, 1 + 4 + 1);
    g_assert_cmphex(l->map[31], !=, 0);
    g_assert_cmphex(l->map[32], ==, 0);
    g_assert_cmphex(l->map[63], ==, 0);

    /* the window that changed has been removed */
    f->tcet.store = NULL;
    papr_tce_changed(&f->tcet, &f->store, 0, PAGES);
    g_assert_cmpuint(l->events, ==, 1 + 4 + 1);
}

/* After any change each listener's copy of its part equals the table */
static void test_random(Fixture *f, gconstpointer data)
{
    static const unsigned parts[] = { 0, 7, 8, 40, 41, PAGES - 1 };
    Listener *l[ARRAY_SIZE(parts) / 2];

    for (size_t i = 0; i < ARRAY_SIZE(l); i++) {
        l[i] = listener_new(parts[i * 2], parts[i * 2 + 1]);
        add(f, l[i]);
    }
    for (int round = 0; round < ROUNDS; round++) {
        unsigned from = g_test_rand_int_range(0, PAGES);
        unsigned n = g_test_rand_int_range(0, PAGES - from + 1);
        uint64_t tce = g_test_rand_bit() * (g_test_rand_int_range(1, 4) |
                       g_test_rand_int_range(0x800, 0x2000) * PAGE);

        for (unsigned i = 0; i < n; i++) {
            f->entries[from + i] = tce ? tce + i * PAGE : 0;
        }
        papr_tce_changed(&f->tcet, &f->store, from, n);
        for (size_t i = 0; i < ARRAY_SIZE(l); i++) {
            for (int page = 0; page < PAGES; page++) {
                bool own = page >= parts[i * 2] && page <= parts[i * 2 + 1];

                g_assert_cmphex(l[i]->map[page], ==,
                                own ? f->entries[page] : 0);
            }
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(l); i++) {
        g_free(l[i]);
    }
}

static void test_replay(Fixture *f, gconstpointer data)
{
    g_autofree Listener *l = listener_new(5, 50);

    for (int i = 0; i < PAGES; i++) {
        f->entries[i] = i % 8 ? (0x1000000 + i * PAGE) | 1 : 0x700;
    }
    imrc->replay(&f->tcet.region, &l->n);
    for (int i = 0; i < PAGES; i++) {
        g_assert_cmphex(l->map[i], ==,
                        i >= 5 && i <= 50 && i % 8 ? f->entries[i] : 0);
    }
    /* 5 to 7 in two pieces; 9 to 15 and alike in three; 49 and 50 in two */
    g_assert_cmpuint(l->events, ==, 2 + 5 * 3 + 2);

    l->events = 0;
    f->tcet.store = NULL;
    imrc->replay(&f->tcet.region, &l->n);
    g_assert_cmpuint(l->events, ==, 0);
}

static void test_registration(Fixture *f, gconstpointer data)
{
    Error *err = NULL;
    int fd;

    g_assert_cmpint(imrc->notify_flag_changed(&f->tcet.region,
                                              IOMMU_NOTIFIER_NONE,
                                              IOMMU_NOTIFIER_DEVIOTLB_UNMAP,
                                              &err), ==, -EINVAL);
    g_assert_nonnull(err);
    error_free(err);
    g_assert_false(f->tcet.notified);
    imrc->notify_flag_changed(&f->tcet.region, IOMMU_NOTIFIER_NONE,
                              IOMMU_NOTIFIER_UNMAP, &error_abort);
    g_assert_true(f->tcet.notified);
    imrc->notify_flag_changed(&f->tcet.region, IOMMU_NOTIFIER_UNMAP,
                              IOMMU_NOTIFIER_NONE, &error_abort);
    g_assert_false(f->tcet.notified);

    g_assert_cmpint(imrc->get_attr(&f->tcet.region, IOMMU_ATTR_SPAPR_TCE_FD,
                                   &fd), ==, -ENODEV);
}

/* Which notifiers let the host kernel keep the entries, and which do not */
static void test_kernel(Fixture *f, gconstpointer data)
{
    g_autofree Listener *vfio = listener_new(0, PAGES - 1);
    g_autofree Listener *vhost = listener_new(0, PAGES - 1);
    int fd = -1;

    /* VFIO asks for the table first, then registers a notifier */
    vfio_fd = 7;
    taken_back = 0;
    g_assert_cmpint(imrc->get_attr(&f->tcet.region, IOMMU_ATTR_SPAPR_TCE_FD,
                                   &fd), ==, 0);
    g_assert_cmpint(fd, ==, 7);
    add(f, vfio);
    g_assert_cmpuint(taken_back, ==, 0);
    translate(f, 0);
    g_assert_cmpuint(taken_back, ==, 0);

    /* the memory core does not report vhost's notifier: translations show it */
    vhost->n.notifier_flags = IOMMU_NOTIFIER_UNMAP;
    QLIST_INSERT_HEAD(&f->tcet.region.iommu_notify, &vhost->n, node);
    translate(f, 0);
    g_assert_cmpuint(taken_back, ==, 0);
    /* the mock is never unlocked, so this must be the last test */
    rust_bql_mock_lock();
    translate(f, 0);
    g_assert_cmpuint(taken_back, ==, 1);
    translate(f, 0);
    g_assert_cmpuint(taken_back, ==, 1);
    QLIST_REMOVE(&vhost->n, node);
    imrc->notify_flag_changed(&f->tcet.region, IOMMU_NOTIFIER_IOTLB_EVENTS,
                              IOMMU_NOTIFIER_NONE, &error_abort);

    /* vhost alone, then a notifier of maps that did not ask for the table */
    imrc->notify_flag_changed(&f->tcet.region, IOMMU_NOTIFIER_NONE,
                              IOMMU_NOTIFIER_UNMAP, &error_abort);
    g_assert_cmpuint(taken_back, ==, 2);
    imrc->notify_flag_changed(&f->tcet.region, IOMMU_NOTIFIER_UNMAP,
                              IOMMU_NOTIFIER_IOTLB_EVENTS, &error_abort);
    g_assert_cmpuint(taken_back, ==, 3);
}

static const TypeInfo types[] = {
    {
        .name = TYPE_MEMORY_REGION,
        .parent = TYPE_OBJECT,
        .instance_size = sizeof(MemoryRegion),
    }, {
        .name = TYPE_IOMMU_MEMORY_REGION,
        .parent = TYPE_MEMORY_REGION,
        .instance_size = sizeof(IOMMUMemoryRegion),
        .class_size = sizeof(IOMMUMemoryRegionClass),
        .abstract = true,
    },
};
DEFINE_TYPES(types)

/* A store with a lock, and whether the lock is free */
static void init_lock(PaprTceStore *store)
{
    store->locked = true;
    qemu_mutex_init(&store->lock);
}

static bool lock_is_free(PaprTceStore *store)
{
    bool is_free = !qemu_mutex_trylock(&store->lock);

    if (is_free) {
        qemu_mutex_unlock(&store->lock);
    }
    return is_free;
}

/*
 * A call that has found a store whose entries have moved stores in the new one,
 * with the lock of the new one if that is large enough to have one.
 */
static void test_moved_store(void)
{
    PaprTceStore kernels = { }, small = { }, large = { };

    init_lock(&kernels);
    init_lock(&large);
    g_assert_true(papr_tce_store_lock(&kernels) == &kernels);
    g_assert_false(lock_is_free(&kernels));
    papr_tce_store_unlock(&kernels);
    g_assert_true(lock_is_free(&kernels));

    kernels.moved_to = &small;
    g_assert_true(papr_tce_store_lock(&kernels) == &small);
    g_assert_true(lock_is_free(&kernels));
    papr_tce_store_unlock(&small);

    kernels.moved_to = &large;
    g_assert_true(papr_tce_store_lock(&kernels) == &large);
    g_assert_true(lock_is_free(&kernels));
    g_assert_false(lock_is_free(&large));
    papr_tce_store_unlock(&large);
    g_assert_true(lock_is_free(&large));
    qemu_mutex_destroy(&kernels.lock);
    qemu_mutex_destroy(&large.lock);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*fn)(Fixture *f, gconstpointer data);
    } tests[] = {
        { "/pseries/tce/translate", test_translate },
        { "/pseries/tce/notify/runs", test_runs },
        { "/pseries/tce/notify/random", test_random },
        { "/pseries/tce/notify/replay", test_replay },
        { "/pseries/tce/notify/registration", test_registration },
        { "/pseries/tce/notify/kernel", test_kernel },
    };

    g_test_init(&argc, &argv, NULL);
    module_call_init(MODULE_INIT_QOM);
    imrc = (void *)object_class_by_name(TYPE_PAPR_TCE_REGION);

    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        g_test_add(tests[i].name, Fixture, NULL, set_up, tests[i].fn,
                   tear_down);
    }
    g_test_add_func("/pseries/tce/moved-store", test_moved_store);
    return g_test_run();
}
