/*
 * pSeries PCI host bridge: message signalled interrupts (MSI, MSI-X)
 *
 * A message's address is that of a window in the bridge's DMA address space,
 * its data is the interrupt number: nothing translates it on the way.  The
 * guest asks for numbers by ibm,change-msi, which takes them from the
 * partition's allocator and writes the messages into the device, and learns
 * them by ibm,query-interrupt-source-number.  LoPAR sections 6.2.3 and
 * 7.3.10.5.  A function starts with none: its level interrupt is in force.
 *
 * Locking: BQL, but for the window's write handler: any thread, see there.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "exec/address-spaces.h"
#include "hw/pci/msi.h"
#include "hw/pci/msix.h"
#include "hw/pci/pci_bus.h"
#include "hw/pseries/report.h"
#include "migration/vmstate.h"
#include "phb.h"
#include "trace.h"

/* Table 7.57: "Function" of ibm,change-msi */
enum {
    CHANGE_QUERY = 0,
    CHANGE_ANY = 1,
    CHANGE_DEFAULT = 2,
    CHANGE_MSI = 3,
    CHANGE_MSIX = 4,
    CHANGE_MSI_32BIT = 5,
};

/* "Type of Interrupts" */
typedef enum MsiType {
    TYPE_NONE = 0,
    TYPE_MSI = 1,
    TYPE_MSIX = 2,
} MsiType;

/* Table 7.58: status and trigger */
#define QUERY_NO_INTERRUPT 1
enum { TRIGGER_LEVEL = 0, TRIGGER_EDGE = 1 };

/* --- what a device can do ------------------------------------------------ */

/* Of a config_addr, what tells the function: bus, device, function */
static uint32_t function_of(uint32_t config_addr)
{
    return config_addr & 0xffff00;
}

static uint16_t msi_flags(PCIDevice *dev)
{
    return pci_get_word(dev->config + dev->msi_cap + PCI_MSI_FLAGS);
}

/*
 * Vectors that the function can have.  One whose messages have no 64-bit
 * address can't reach the window.
 */
static uint32_t msi_capable(PCIDevice *dev)
{
    if (!msi_present(dev) || !(msi_flags(dev) & PCI_MSI_FLAGS_64BIT)) {
        return 0;
    }
    return 1U << MIN(5, (msi_flags(dev) & PCI_MSI_FLAGS_QMASK) >>
                     ctz32(PCI_MSI_FLAGS_QMASK));
}

static uint32_t msix_capable(PCIDevice *dev)
{
    return msix_present(dev) ? dev->msix_entries_nr : 0;
}

static uint32_t vectors(PCIDevice *dev, MsiType type)
{
    return type == TYPE_MSIX ? msix_capable(dev) : msi_capable(dev);
}

void papr_phb_msi_device_dt(PCIDevice *dev, PaprDt *dt)
{
    if (msi_capable(dev)) {
        papr_dt_u32(dt, "ibm,req#msi", msi_capable(dev));
    }
    if (msix_capable(dev)) {
        papr_dt_u32(dt, "ibm,req#msi-x", msix_capable(dev));
    }
}

/* --- messages in the device ---------------------------------------------- */

static uint16_t read_word(PCIDevice *dev, uint32_t addr)
{
    return pci_host_config_read_common(dev, addr, pci_config_size(dev), 2);
}

static void write_word(PCIDevice *dev, uint32_t addr, uint16_t value)
{
    pci_host_config_write_common(dev, addr, pci_config_size(dev), value, 2);
}

/* By the device's own handler of writes, which has to see it */
static void clear_word_bit(PCIDevice *dev, uint32_t addr, uint16_t bit)
{
    uint16_t value = read_word(dev, addr);

    if (value & bit) {
        write_word(dev, addr, value & ~bit);
    }
}

static void stop_msi(PCIDevice *dev)
{
    if (msi_present(dev)) {
        clear_word_bit(dev, dev->msi_cap + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE);
        msi_set_message(dev, (MSIMessage) { 0 });
    }
}

/* Vectors from @from on are masked: their data may be another device's soon */
static void mask_msix(PCIDevice *dev, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < MIN(to, msix_capable(dev)); i++) {
        msix_set_mask(dev, i, true);
    }
}

static void stop_msix(PCIDevice *dev, uint32_t count)
{
    if (msix_present(dev)) {
        clear_word_bit(dev, dev->msix_cap + PCI_MSIX_FLAGS,
                       PCI_MSIX_FLAGS_ENABLE);
        mask_msix(dev, 0, count);
    }
}

/* R1-6.2.3-8: the platform sets up the function's registers, but the enable */
static void program(PCIDevice *dev, MsiType type, const PaprPhbMsi *msi)
{
    MSIMessage message = { .address = PAPR_PHB_MSI_WINDOW, .data = msi->first };
    uint16_t flags;

    trace_papr_msi_program(dev->name, msi->config_addr, type, msi->first,
                           msi->count);
    if (type == TYPE_MSIX) {
        stop_msi(dev);
        for (uint32_t i = 0; i < msi->count; i++, message.data++) {
            msix_set_message(dev, i, message);
        }
        return;
    }
    stop_msix(dev, msix_capable(dev));
    msi_set_message(dev, message);
    flags = msi_flags(dev) & ~PCI_MSI_FLAGS_QSIZE;
    write_word(dev, dev->msi_cap + PCI_MSI_FLAGS,
               flags | ctz32(msi->count) << ctz32(PCI_MSI_FLAGS_QSIZE));
}

/*
 * Which kind of numbers @msi are: that is not kept, as streams don't have it,
 * but the device has the message.  A guest that has overwritten it only gets
 * new numbers where it could have kept them.
 */
static MsiType type_of(PCIDevice *dev, const PaprPhbMsi *msi)
{
    if (!msi) {
        return TYPE_NONE;
    }
    if (!msi_capable(dev)) {
        return TYPE_MSIX;
    }
    return msix_capable(dev) && msix_get_message(dev, 0).data == msi->first
           ? TYPE_MSIX : TYPE_MSI;
}

/* --- numbers ------------------------------------------------------------- */

static PaprPhbMsi *find_msi(PaprPhb *phb, uint32_t config_addr)
{
    return g_hash_table_lookup(phb->msi,
                               GUINT_TO_POINTER(function_of(config_addr)));
}

static void keep_msi(PaprPhb *phb, PaprPhbMsi msi)
{
    g_hash_table_replace(phb->msi, GUINT_TO_POINTER(msi.config_addr),
                         g_memdup2(&msi, sizeof(msi)));
}

static void give_back(PaprPhb *phb, uint32_t first, uint32_t count)
{
    PaprIrqs *irqs = phb->pci->config.irqs;

    for (uint32_t i = 0; i < count; i++) {
        papr_irq_release(irqs, first + i);
    }
    papr_irq_msi_free(irqs, first, count);
}

/* Take one out of the table, with its numbers; @msi is gone then */
static void drop_msi(PaprPhb *phb, const PaprPhbMsi *msi)
{
    give_back(phb, msi->first, msi->count);
    g_hash_table_remove(phb->msi, GUINT_TO_POINTER(msi->config_addr));
}

static uint32_t alloc(PaprIrqs *irqs, MsiType type, uint32_t count)
{
    /* a function with several MSIs puts the vector into the data's low bits */
    return papr_irq_msi_alloc(irqs, count, type == TYPE_MSI ? count : 1);
}

/*
 * The longest run there is, of @max at most; its length in @count.  Runs of MSI
 * have a power of two; those of MSI-X any length, so search by halves.
 */
static uint32_t alloc_most(PaprIrqs *irqs, MsiType type, uint32_t max,
                           uint32_t *count)
{
    uint32_t best = 0;
    uint32_t first;

    for (uint32_t step = pow2floor(max); step; step /= 2) {
        uint32_t n = type == TYPE_MSI ? step : best + step;

        if (n > max) {
            continue;
        }
        first = alloc(irqs, type, n);
        if (first) {
            papr_irq_msi_free(irqs, first, n);
            best = n;
            if (type == TYPE_MSI) {
                break;
            }
        }
    }
    *count = best;
    return best ? alloc(irqs, type, best) : 0;
}

/* Claim numbers that were just allocated; all are given back on failure */
static bool claim(PaprPhb *phb, uint32_t first, uint32_t count)
{
    static PaprReportLimit limit;
    Error *err = NULL;

    for (uint32_t i = 0; i < count; i++) {
        if (!papr_irq_claim(phb->pci->config.irqs, first + i, &err)) {
            if (papr_report_allowed(&limit)) {
                warn_reportf_err(error_copy(err), "MSI of host bridge %u: ",
                                 phb->opt.index);
            }
            error_free(err);
            give_back(phb, first, i);
            papr_irq_msi_free(phb->pci->config.irqs, first, count);
            return false;
        }
    }
    return true;
}

/* --- ibm,change-msi ------------------------------------------------------ */

static void remove_all(PaprPhb *phb, PCIDevice *dev, PaprPhbMsi *msi)
{
    if (msi) {
        trace_papr_msi_remove(msi->config_addr, msi->first, msi->count);
        stop_msi(dev);
        stop_msix(dev, msi->count);
        drop_msi(phb, msi);
    }
}

/* Fewer numbers of the same type, or as many: those that there are stay */
static void keep_some(PaprPhb *phb, PCIDevice *dev, MsiType type,
                      PaprPhbMsi *msi, uint32_t count)
{
    if (type == TYPE_MSIX) {
        mask_msix(dev, count, msi->count);
    }
    give_back(phb, msi->first + count, msi->count - count);
    msi->count = count;
    program(dev, type, msi);
}

/*
 * New numbers.  Those that the function has are kept until there are as many as
 * it asks for; if there aren't, they are added to what can be given.  Returns
 * false if it has none in the end.
 */
static bool renew(PaprPhb *phb, PCIDevice *dev, MsiType type, PaprPhbMsi *old,
                  uint32_t config_addr, uint32_t count)
{
    PaprIrqs *irqs = phb->pci->config.irqs;
    PaprPhbMsi msi = { .config_addr = function_of(config_addr) };

    msi.count = count;
    msi.first = alloc(irqs, type, count);
    if (!msi.first && old) {
        remove_all(phb, dev, old);
        old = NULL;
    }
    if (!msi.first) {
        msi.first = alloc_most(irqs, type, count, &msi.count);
    }
    if (!msi.first || !claim(phb, msi.first, msi.count)) {
        qemu_log_mask(LOG_GUEST_ERROR, "No MSIs are left for device 0x%x of "
                      "host bridge %u\n", config_addr, phb->opt.index);
        return false;
    }
    if (old) {
        drop_msi(phb, old);
    }
    keep_msi(phb, msi);
    program(dev, type, &msi);
    return true;
}

/* Which type @function asks for; TYPE_NONE if the device does not have it */
static MsiType wanted_type(PCIDevice *dev, uint32_t function)
{
    switch (function) {
    case CHANGE_ANY:
        return msi_capable(dev) ? TYPE_MSI :
               msix_capable(dev) ? TYPE_MSIX : TYPE_NONE;
    case CHANGE_MSI:
        return msi_capable(dev) ? TYPE_MSI : TYPE_NONE;
    case CHANGE_MSIX:
        return msix_capable(dev) ? TYPE_MSIX : TYPE_NONE;
    case CHANGE_MSI_32BIT:
        /* the window is above 4 GiB */
    default:
        return TYPE_NONE;
    }
}

static int32_t set_number(PaprPhb *phb, PCIDevice *dev, PaprRtasCall *call)
{
    uint32_t function = call->args[3];
    uint32_t count = call->args[4];
    PaprPhbMsi *msi = find_msi(phb, call->args[0]);
    MsiType type = wanted_type(dev, function);

    /* Linux tries all functions to be sure that a device has no MSIs */
    if (type == TYPE_NONE) {
        if (count) {
            qemu_log_mask(LOG_GUEST_ERROR, "ibm,change-msi: function %u is not "
                          "for device 0x%x of host bridge %u\n", function,
                          call->args[0], phb->opt.index);
        }
        return RTAS_PARAMETER_ERROR;
    }
    count = MIN(count, vectors(dev, type));
    if (type == TYPE_MSI) {
        count = pow2floor(count);
    }
    if (!count) {
        remove_all(phb, dev, msi);
        return RTAS_SUCCESS;
    }
    if (type_of(dev, msi) == type && count <= msi->count) {
        keep_some(phb, dev, type, msi, count);
        return RTAS_SUCCESS;
    }
    return renew(phb, dev, type, msi, call->args[0], count)
           ? RTAS_SUCCESS : RTAS_HARDWARE_ERROR;
}

static int32_t change_msi(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprPci *pci = opaque;
    PaprPhb *phb = papr_pci_find(pci, &call->args[1]);
    PCIDevice *dev = phb ? papr_phb_device(phb, call->args[0]) : NULL;
    int32_t status = RTAS_SUCCESS;
    PaprPhbMsi *msi;

    if (!dev) {
        qemu_log_mask(LOG_GUEST_ERROR, "ibm,change-msi: there is no device "
                      "0x%x\n", call->args[0]);
        return RTAS_PARAMETER_ERROR;
    }
    switch (call->args[3]) {
    case CHANGE_QUERY:
        break;
    case CHANGE_DEFAULT:
        remove_all(phb, dev, find_msi(phb, call->args[0]));
        break;
    default:
        status = set_number(phb, dev, call);
        break;
    }
    msi = find_msi(phb, call->args[0]);
    trace_papr_msi_change(phb->opt.index, call->args[0], call->args[3],
                          call->args[4], msi ? msi->first : 0,
                          msi ? msi->count : 0, status);
    if (status == RTAS_SUCCESS) {
        call->rets[1] = msi ? msi->count : 0;
        call->rets[2] = call->args[5] + 1;
        call->rets[3] = type_of(dev, msi);
    }
    return status;
}

/* --- ibm,query-interrupt-source-number ----------------------------------- */

/* Number of the function's level interrupt, or 0 if it has none */
static uint32_t level_interrupt(PaprPhb *phb, PCIDevice *dev)
{
    uint8_t pin = dev->config[PCI_INTERRUPT_PIN];
    PCIBus *bus = pci_get_bus(dev);

    if (pin < 1 || pin > PCI_NUM_PINS) {
        return 0;
    }
    pin = pci_swizzle_map_irq_fn(dev, pin - 1);
    while (!pci_bus_is_root(bus)) {
        pin = pci_swizzle_map_irq_fn(bus->parent_dev, pin);
        bus = pci_get_bus(bus->parent_dev);
    }
    return phb->lsi[pin];
}

static int32_t query_number(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprPhb *phb = papr_pci_find(opaque, &call->args[1]);
    PCIDevice *dev = phb ? papr_phb_device(phb, call->args[0]) : NULL;
    uint32_t index = call->args[3];
    const PaprPhbMsi *msi;
    uint32_t number = 0;

    if (!dev) {
        qemu_log_mask(LOG_GUEST_ERROR, "ibm,query-interrupt-source-number: "
                      "there is no device 0x%x\n", call->args[0]);
        return RTAS_PARAMETER_ERROR;
    }
    msi = find_msi(phb, call->args[0]);
    if (msi) {
        number = index < msi->count ? msi->first + index : 0;
    } else if (index == 0) {
        number = level_interrupt(phb, dev);
    }
    trace_papr_msi_query(phb->opt.index, call->args[0], index, number);
    if (!number) {
        return QUERY_NO_INTERRUPT;
    }
    call->rets[1] = number;
    call->rets[2] = msi ? TRIGGER_EDGE : TRIGGER_LEVEL;
    return RTAS_SUCCESS;
}

static const PaprRtasEntry msi_calls[] = {
    { RTAS_IBM_CHANGE_MSI, 6, 3, change_msi },
    { RTAS_IBM_QUERY_INTERRUPT_SOURCE_NUMBER, 4, 3, query_number },
};

void papr_pci_register_msi(PaprPci *pci)
{
    papr_rtas_register(pci->config.rtas, msi_calls, ARRAY_SIZE(msi_calls), pci);
}

/* --- the window ---------------------------------------------------------- */

static uint64_t window_read(void *opaque, hwaddr addr, unsigned size)
{
    qemu_log_mask(LOG_GUEST_ERROR, "MSI window read at 0x%" HWADDR_PRIx "\n",
                  addr);
    return UINT64_MAX;
}

/*
 * Any thread, BQL held or not: a trigger takes what locks it needs, and the
 * bridge lives as long as its region.  The data is what the guest has written
 * into the device, so it may be anything; numbers of other kinds of devices are
 * not to be had this way.
 */
static void window_write(void *opaque, hwaddr addr, uint64_t data,
                         unsigned size)
{
    PaprPhb *phb = opaque;

    trace_papr_msi_write(phb->opt.index, addr, data);
    if (!papr_irq_may_be_msi(phb->pci->config.irqs, data)) {
        qemu_log_mask(LOG_GUEST_ERROR, "MSI of host bridge %u dropped: data "
                      "0x%" PRIx64 " is no MSI's number\n", phb->opt.index,
                      data);
        return;
    }
    papr_irq_trigger(phb->pci->config.irqs, data);
}

static const MemoryRegionOps window_ops = {
    .read = window_read,
    .write = window_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 4 },
    .impl = { .min_access_size = 4, .max_access_size = 4 },
};

/* A page of the host, so that it can be a hole in what KVM and VFIO map */
uint64_t papr_phb_msi_window_size(void)
{
    return MAX(qemu_real_host_page_size(), 4096);
}

/*
 * A bridge that the user has bypass the tables sends its devices' DMA straight
 * to RAM's addresses: there the window lies below RAM, should that reach it.
 */
void papr_phb_msi_realize(PaprPhb *phb)
{
    uint64_t size = papr_phb_msi_window_size();

    phb->msi = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    memory_region_init_io(&phb->msi_window, OBJECT(phb), &window_ops, phb,
                          "msi", size);
    memory_region_enable_lockless_io(&phb->msi_window);
    memory_region_add_subregion_overlap(&phb->dma_root, PAPR_PHB_MSI_WINDOW,
                                        &phb->msi_window, 1);
    if (PCI_HOST_BRIDGE(phb)->bypass_iommu) {
        memory_region_init_alias(&phb->msi_alias, OBJECT(phb), "msi-bypass",
                                 &phb->msi_window, 0, size);
        memory_region_add_subregion_overlap(get_system_memory(),
                                            PAPR_PHB_MSI_WINDOW,
                                            &phb->msi_alias, -1);
    }
}

void papr_phb_msi_unrealize(PaprPhb *phb)
{
    papr_phb_msi_reset(phb);
    if (PCI_HOST_BRIDGE(phb)->bypass_iommu) {
        memory_region_del_subregion(get_system_memory(), &phb->msi_alias);
    }
    memory_region_del_subregion(&phb->dma_root, &phb->msi_window);
    g_clear_pointer(&phb->msi, g_hash_table_destroy);
}

void papr_phb_msi_reset(PaprPhb *phb)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, phb->msi);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const PaprPhbMsi *msi = value;

        give_back(phb, msi->first, msi->count);
        g_hash_table_iter_remove(&iter);
    }
}

void papr_phb_msi_forget(PaprPhb *phb, PCIDevice *dev)
{
    const PaprPhbMsi *msi = find_msi(phb, papr_phb_config_addr(dev));

    if (msi) {
        trace_papr_msi_remove(msi->config_addr, msi->first, msi->count);
        drop_msi(phb, msi);
    }
}

/* --- migration ----------------------------------------------------------- */

#define MSI_FIELD(field, stream_name) { \
    .name = stream_name, \
    .info = &vmstate_info_uint32, \
    .size = sizeof(uint32_t), \
    .flags = VMS_SINGLE, \
    .offset = vmstate_offset_value(PaprPhbMsi, field, uint32_t), \
}

const VMStateDescription vmstate_papr_phb_msi = {
    .name = "spapr_pci/msi",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        MSI_FIELD(config_addr, "key"),
        MSI_FIELD(first, "value.first_irq"),
        MSI_FIELD(count, "value.num"),
        VMSTATE_END_OF_LIST()
    },
};

void papr_phb_msi_pre_save(PaprPhb *phb)
{
    GHashTableIter iter;
    gpointer value;
    int32_t n = 0;

    g_free(phb->msi_list);
    phb->n_msi_list = g_hash_table_size(phb->msi);
    phb->msi_list = g_new(PaprPhbMsi, phb->n_msi_list);
    g_hash_table_iter_init(&iter, phb->msi);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        phb->msi_list[n++] = *(const PaprPhbMsi *)value;
    }
}

static bool has_numbers_of_msis(const PaprPhb *phb, PaprPhbMsi msi)
{
    const PaprIrqs *irqs = phb->pci->config.irqs;

    if (!msi.count || msi.count > papr_irq_msi_count(irqs)) {
        return false;
    }
    for (uint32_t i = 0; i < msi.count; i++) {
        if (!papr_irq_may_be_msi(irqs, (uint64_t)msi.first + i)) {
            return false;
        }
    }
    return true;
}

static bool shares_numbers(const PaprPhb *phb, PaprPhbMsi msi)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, phb->msi);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const PaprPhbMsi *other = value;

        if (msi.first < other->first + other->count &&
            other->first < msi.first + msi.count) {
            return true;
        }
    }
    return false;
}

/*
 * The numbers are claimed: the machine's stream has the map of those taken.
 * What comes in may be anything.
 */
int papr_phb_msi_post_load(PaprPhb *phb)
{
    g_hash_table_remove_all(phb->msi);
    for (int32_t i = 0; i < phb->n_msi_list; i++) {
        PaprPhbMsi msi = phb->msi_list[i];

        msi.config_addr = function_of(msi.config_addr);
        if (!has_numbers_of_msis(phb, msi) ||
            find_msi(phb, msi.config_addr) || shares_numbers(phb, msi)) {
            error_report("Stream of host bridge %u: device 0x%x can't have %u "
                         "MSIs from 0x%x on", phb->opt.index, msi.config_addr,
                         msi.count, msi.first);
            return -EINVAL;
        }
        keep_msi(phb, msi);
    }
    return 0;
}
