/*
 * pSeries PCI host bridge: which function has which MSI numbers
 *
 * Numbers are allocated for ibm,change-msi (msi-calls.c), freed at reset and
 * when the device is unplugged, and saved in streams.  Locking: BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/host-utils.h"
#include "hw/pseries/report.h"
#include "migration/vmstate.h"
#include "msi.h"
#include "trace.h"

PaprPhbMsi *papr_phb_msi_find(PaprPhb *phb, uint32_t config_addr)
{
    uint32_t key = papr_msi_function_of(config_addr);

    return g_hash_table_lookup(phb->msi, GUINT_TO_POINTER(key));
}

void papr_phb_msi_keep(PaprPhb *phb, PaprPhbMsi msi)
{
    g_hash_table_replace(phb->msi, GUINT_TO_POINTER(msi.config_addr),
                         g_memdup2(&msi, sizeof(msi)));
}

void papr_phb_msi_free_numbers(PaprPhb *phb, uint32_t first, uint32_t count)
{
    PaprIrqs *irqs = phb->pci->config.irqs;

    for (uint32_t i = 0; i < count; i++) {
        papr_irq_release(irqs, first + i);
    }
    papr_irq_msi_free(irqs, first, count);
}

void papr_phb_msi_drop(PaprPhb *phb, const PaprPhbMsi *msi)
{
    papr_phb_msi_free_numbers(phb, msi->first, msi->count);
    g_hash_table_remove(phb->msi, GUINT_TO_POINTER(msi->config_addr));
}

uint32_t papr_phb_msi_alloc(PaprIrqs *irqs, PaprMsiType type, uint32_t count)
{
    /* a function with several MSIs puts the vector into the data's low bits */
    return papr_irq_msi_alloc(irqs, count, type == PAPR_MSI_MSI ? count : 1);
}

/* Runs of MSIs have a power of two as length, runs of MSI-X any: bisection */
uint32_t papr_phb_msi_alloc_most(PaprIrqs *irqs, PaprMsiType type, uint32_t max,
                           uint32_t *count)
{
    uint32_t best = 0;
    uint32_t first;

    for (uint32_t step = pow2floor(max); step; step /= 2) {
        uint32_t n = type == PAPR_MSI_MSI ? step : best + step;

        if (n > max) {
            continue;
        }
        first = papr_phb_msi_alloc(irqs, type, n);
        if (first) {
            papr_irq_msi_free(irqs, first, n);
            best = n;
            if (type == PAPR_MSI_MSI) {
                break;
            }
        }
    }
    *count = best;
    return best ? papr_phb_msi_alloc(irqs, type, best) : 0;
}

bool papr_phb_msi_claim(PaprPhb *phb, uint32_t first, uint32_t count)
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
            papr_phb_msi_free_numbers(phb, first, i);
            papr_irq_msi_free(phb->pci->config.irqs, first, count);
            return false;
        }
    }
    return true;
}

void papr_phb_msi_reset(PaprPhb *phb)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, phb->msi);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const PaprPhbMsi *msi = value;

        papr_phb_msi_free_numbers(phb, msi->first, msi->count);
        g_hash_table_iter_remove(&iter);
    }
}

void papr_phb_msi_forget(PaprPhb *phb, PCIDevice *dev)
{
    const PaprPhbMsi *msi = papr_phb_msi_find(phb, papr_phb_config_addr(dev));

    if (msi) {
        trace_papr_msi_remove(msi->config_addr, msi->first, msi->count);
        papr_phb_msi_drop(phb, msi);
    }
}

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
 * The numbers are claimed already: the machine's section has the map of claimed
 * numbers.  The elements may have any values, so all are checked.
 */
int papr_phb_msi_post_load(PaprPhb *phb)
{
    g_hash_table_remove_all(phb->msi);
    for (int32_t i = 0; i < phb->n_msi_list; i++) {
        PaprPhbMsi msi = phb->msi_list[i];

        msi.config_addr = papr_msi_function_of(msi.config_addr);
        if (!has_numbers_of_msis(phb, msi) ||
            papr_phb_msi_find(phb, msi.config_addr) ||
            shares_numbers(phb, msi)) {
            error_report("Stream of host bridge %u: device 0x%x can't have %u "
                         "MSIs from 0x%x on", phb->opt.index, msi.config_addr,
                         msi.count, msi.first);
            return -EINVAL;
        }
        papr_phb_msi_keep(phb, msi);
    }
    return 0;
}
