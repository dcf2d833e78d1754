/*
 * pSeries PCI host bridge: RTAS calls for message signalled interrupts
 *
 * ibm,change-msi takes numbers (msi-numbers.c) and writes the messages into the
 * device; ibm,query-interrupt-source-number returns them.  LoPAR sections 6.2.3
 * and 7.3.10.5.  A function starts without MSIs: its level interrupt is used.
 * Locking: BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "hw/pci/msi.h"
#include "hw/pci/msix.h"
#include "hw/pci/pci_bus.h"
#include "msi.h"
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

/* Table 7.58: status and trigger */
#define QUERY_NO_INTERRUPT 1
enum { TRIGGER_LEVEL = 0, TRIGGER_EDGE = 1 };

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

static uint32_t max_vectors(PCIDevice *dev, PaprMsiType type)
{
    return type == PAPR_MSI_MSIX ? msix_capable(dev) : msi_capable(dev);
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

static uint16_t read_word(PCIDevice *dev, uint32_t addr)
{
    return pci_host_config_read_common(dev, addr, pci_config_size(dev), 2);
}

static void write_word(PCIDevice *dev, uint32_t addr, uint16_t value)
{
    pci_host_config_write_common(dev, addr, pci_config_size(dev), value, 2);
}

/* Through the device's config_write(), which has to see the change */
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

/* Mask vectors from @from on: their numbers may be another device's soon */
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

/* R1-6.2.3-8: all registers of the function are set, but the enable bit */
static void program_messages(PCIDevice *dev, PaprMsiType type,
                             const PaprPhbMsi *msi)
{
    MSIMessage message = { .address = PAPR_PHB_MSI_WINDOW, .data = msi->first };
    uint16_t flags;

    trace_papr_msi_program(dev->name, msi->config_addr, type, msi->first,
                           msi->count);
    if (type == PAPR_MSI_MSIX) {
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
 * MSI or MSI-X: streams don't have it, so it is found out from the message in
 * the device.  A guest that has overwritten it gets new numbers next time.
 */
static PaprMsiType type_of(PCIDevice *dev, const PaprPhbMsi *msi)
{
    if (!msi) {
        return PAPR_MSI_NONE;
    }
    if (!msi_capable(dev)) {
        return PAPR_MSI_MSIX;
    }
    return msix_capable(dev) && msix_get_message(dev, 0).data == msi->first
           ? PAPR_MSI_MSIX : PAPR_MSI_MSI;
}

static void remove_numbers(PaprPhb *phb, PCIDevice *dev, PaprPhbMsi *msi)
{
    if (msi) {
        trace_papr_msi_remove(msi->config_addr, msi->first, msi->count);
        stop_msi(dev);
        stop_msix(dev, msi->count);
        papr_phb_msi_drop(phb, msi);
    }
}

/* As many numbers of the same type or fewer: the first ones are kept */
static void shrink_numbers(PaprPhb *phb, PCIDevice *dev, PaprMsiType type,
                           PaprPhbMsi *msi, uint32_t count)
{
    if (type == PAPR_MSI_MSIX) {
        mask_msix(dev, count, msi->count);
    }
    papr_phb_msi_free_numbers(phb, msi->first + count, msi->count - count);
    msi->count = count;
    program_messages(dev, type, msi);
}

/*
 * New numbers.  The old ones are freed after the new ones are allocated, or
 * before if there are too few otherwise.  False: the function gets no new ones.
 */
static bool renew_numbers(PaprPhb *phb, PCIDevice *dev, PaprMsiType type,
                          PaprPhbMsi *old, uint32_t config_addr, uint32_t count)
{
    PaprIrqs *irqs = phb->pci->config.irqs;
    PaprPhbMsi msi = { .config_addr = papr_msi_function_of(config_addr) };

    msi.count = count;
    msi.first = papr_phb_msi_alloc(irqs, type, count);
    if (!msi.first && old) {
        remove_numbers(phb, dev, old);
        old = NULL;
    }
    if (!msi.first) {
        msi.first = papr_phb_msi_alloc_most(irqs, type, count, &msi.count);
    }
    if (!msi.first || !papr_phb_msi_claim(phb, msi.first, msi.count)) {
        qemu_log_mask(LOG_GUEST_ERROR, "No MSIs are left for device 0x%x of "
                      "host bridge %u\n", config_addr, phb->opt.index);
        return false;
    }
    if (old) {
        papr_phb_msi_drop(phb, old);
    }
    papr_phb_msi_keep(phb, msi);
    program_messages(dev, type, &msi);
    return true;
}

/* What @function asks for; PAPR_MSI_NONE if the device does not have it */
static PaprMsiType wanted_type(PCIDevice *dev, uint32_t function)
{
    switch (function) {
    case CHANGE_ANY:
        return msi_capable(dev) ? PAPR_MSI_MSI :
               msix_capable(dev) ? PAPR_MSI_MSIX : PAPR_MSI_NONE;
    case CHANGE_MSI:
        return msi_capable(dev) ? PAPR_MSI_MSI : PAPR_MSI_NONE;
    case CHANGE_MSIX:
        return msix_capable(dev) ? PAPR_MSI_MSIX : PAPR_MSI_NONE;
    case CHANGE_MSI_32BIT:
        /* the window is above 4 GiB */
    default:
        return PAPR_MSI_NONE;
    }
}

static int32_t set_number(PaprPhb *phb, PCIDevice *dev, PaprRtasCall *call)
{
    uint32_t function = call->args[3];
    uint32_t count = call->args[4];
    PaprPhbMsi *msi = papr_phb_msi_find(phb, call->args[0]);
    PaprMsiType type = wanted_type(dev, function);

    /* a count of 0 is not logged: Linux disables MSIs by several functions */
    if (type == PAPR_MSI_NONE) {
        if (count) {
            qemu_log_mask(LOG_GUEST_ERROR, "ibm,change-msi: function %u is not "
                          "for device 0x%x of host bridge %u\n", function,
                          call->args[0], phb->opt.index);
        }
        return RTAS_PARAMETER_ERROR;
    }
    count = MIN(count, max_vectors(dev, type));
    if (type == PAPR_MSI_MSI) {
        count = pow2floor(count);
    }
    if (!count) {
        remove_numbers(phb, dev, msi);
        return RTAS_SUCCESS;
    }
    if (type_of(dev, msi) == type && count <= msi->count) {
        shrink_numbers(phb, dev, type, msi, count);
        return RTAS_SUCCESS;
    }
    return renew_numbers(phb, dev, type, msi, call->args[0], count)
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
        remove_numbers(phb, dev, papr_phb_msi_find(phb, call->args[0]));
        break;
    default:
        status = set_number(phb, dev, call);
        break;
    }
    msi = papr_phb_msi_find(phb, call->args[0]);
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
    msi = papr_phb_msi_find(phb, call->args[0]);
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
