/*
 * pSeries PCI host bridge: dynamic DMA windows (DDW)
 *
 * RTAS calls by which a guest asks for a window large enough for all its RAM,
 * so that it needs to fill the table only once.  LoPAR section 7.3.27.  All
 * devices of a bridge are one partitionable endpoint (PE) here, so calls ignore
 * the address of the PE and use the bus unit id.
 *
 * BQL held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "hw/pseries/accel.h"
#include "ddw.h"
#include "window.h"
#include "trace.h"

/*
 * Removed windows wait for an RCU (read-copy-update) grace period, each with
 * address space and mappings of the host.  If so many wait, a guest that
 * creates another one is told to try again later.
 */
#define WAITING_MAX 64

/*
 * If so, all vCPUs leave their RCU read sections: a guest that takes no
 * interrupts would be told to try again for ever
 */
static bool must_wait(const PaprPhb *phb)
{
    bool wait = papr_tce_windows_wait() >= WAITING_MAX;

    if (wait) {
        trace_papr_ddw_wait(phb->buid);
        papr_accel_end_read_sections();
    }
    return wait;
}

/* The bridge that @args[1], @args[2] name, if it has dynamic windows */
static PaprPhb *ddw_bridge(PaprPci *pci, const PaprRtasCall *call)
{
    PaprPhb *phb = papr_pci_find(pci, &call->args[1]);

    if (!phb || !phb->opt.ddw) {
        qemu_log_mask(LOG_GUEST_ERROR, "DMA window call 0x%x for bus unit "
                      "0x%08x%08x, which has no dynamic windows\n",
                      call->token, call->args[1], call->args[2]);
        return NULL;
    }
    return phb;
}

static bool has_window(const PaprTceTable *tcet)
{
    return papr_tce_window(tcet)->pages != 0;
}

static size_t count_windows(const PaprPhb *phb)
{
    size_t n = 0;

    for (size_t i = 0; i < PAPR_PHB_DMA_WINDOWS; i++) {
        n += has_window(phb->tce[i]);
    }
    return n;
}

static int32_t query_window(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprPci *pci = opaque;
    PaprPhb *phb = ddw_bridge(pci, call);
    uint64_t tces = papr_dma_max_tces(pci->config.highest_ram);
    uint32_t *out = call->rets + 1;
    uint32_t sizes;

    if (!phb) {
        return RTAS_PARAMETER_ERROR;
    }
    sizes = papr_dma_page_size_mask(phb->opt.page_sizes);
    *out++ = PAPR_PHB_DMA_WINDOWS - count_windows(phb);
    /* Table 7.118: with six outputs the number of entries has 64 bits */
    if (call->nrets >= 6) {
        *out++ = tces >> 32;
        *out++ = tces;
    } else {
        *out++ = tces;
    }
    *out++ = sizes;
    *out++ = 0;                         /* no H_MIGRATE_DMA */
    trace_papr_ddw_query(phb->buid, call->args[0], call->rets[1], tces, sizes);
    return RTAS_SUCCESS;
}

/* Ranges that a new window must not overlap: windows, then the MSIs' */
static size_t taken_ranges(PaprPhb *phb, PaprDmaRange *taken)
{
    size_t n = 0;

    for (size_t i = 0; i < PAPR_PHB_DMA_WINDOWS; i++) {
        const PaprTceWindow *window = papr_tce_window(phb->tce[i]);

        if (window->pages) {
            taken[n++] = (PaprDmaRange) {
                window->bus_addr, window->pages << window->page_shift
            };
        }
    }
    taken[n++] = (PaprDmaRange) {
        PAPR_PHB_MSI_WINDOW, memory_region_size(&phb->msi_window)
    };
    return n;
}

static int32_t create_window(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprPci *pci = opaque;
    PaprPhb *phb = ddw_bridge(pci, call);
    uint32_t page_shift = call->args[3];
    uint32_t window_shift = call->args[4];
    PaprDmaRange taken[PAPR_PHB_DMA_WINDOWS + 1];
    PaprDmaLimits limits;
    PaprTceTable *tcet;
    PaprTceWindow window;
    size_t n_taken;
    Error *err = NULL;

    if (!phb) {
        return RTAS_PARAMETER_ERROR;
    }
    if (must_wait(phb)) {
        return RTAS_BUSY;
    }
    limits = (PaprDmaLimits) {
        .page_sizes = phb->opt.page_sizes,
        .max_tces = papr_dma_max_tces(pci->config.highest_ram),
        .low = phb->opt.dma_win_addr,
        .high = phb->opt.dma64_win_addr,
    };
    n_taken = taken_ranges(phb, taken);
    if (n_taken == ARRAY_SIZE(taken) ||
        !papr_dma_place(&limits, page_shift, window_shift, taken, n_taken,
                        n_taken - 1, &window.bus_addr)) {
        qemu_log_mask(LOG_GUEST_ERROR, "Can't create a DMA window of 2^%u "
                      "bytes with pages of 2^%u bytes behind host bridge %u\n",
                      window_shift, page_shift, phb->opt.index);
        return RTAS_PARAMETER_ERROR;
    }
    window.page_shift = page_shift;
    window.pages = 1ULL << (window_shift - page_shift);

    tcet = has_window(phb->tce[0]) ? phb->tce[1] : phb->tce[0];
    if (!papr_tce_enable(tcet, &window, &err)) {
        qemu_log_mask(LOG_GUEST_ERROR, "DMA window of 2^%u bytes: %s\n",
                      window_shift, error_get_pretty(err));
        error_free(err);
        return RTAS_HARDWARE_ERROR;
    }
    call->rets[1] = papr_tce_liobn(tcet);
    call->rets[2] = window.bus_addr >> 32;
    call->rets[3] = window.bus_addr;
    trace_papr_ddw_create(phb->buid, call->args[0], page_shift, window_shift,
                          call->rets[1], window.bus_addr);
    return RTAS_SUCCESS;
}

/* The bridge and its table @liobn, if that has a window the guest may remove */
static PaprTceTable *find_window(PaprPci *pci, uint32_t liobn, PaprPhb **bridge)
{
    for (size_t i = 0; i < PAPR_PHB_MAX; i++) {
        PaprPhb *phb = papr_pci_bridge(pci, i);

        for (size_t j = 0; phb && phb->opt.ddw && j < PAPR_PHB_DMA_WINDOWS;
             j++) {
            if (papr_tce_liobn(phb->tce[j]) == liobn &&
                has_window(phb->tce[j])) {
                *bridge = phb;
                return phb->tce[j];
            }
        }
    }
    return NULL;
}

static int32_t remove_window(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprPhb *phb;
    PaprTceTable *tcet = find_window(opaque, call->args[0], &phb);
    Error *err = NULL;
    bool was_default;

    if (!tcet) {
        qemu_log_mask(LOG_GUEST_ERROR, "ibm,remove-pe-dma-window: LIOBN 0x%x "
                      "has no window\n", call->args[0]);
        return RTAS_PARAMETER_ERROR;
    }
    was_default = papr_phb_is_default_window(phb, tcet);
    papr_tce_disable(tcet);
    trace_papr_ddw_remove(phb->buid, call->args[0]);

    /* R1-7.3.27.3-3: removal of the last window restores the default one */
    if (!was_default && !count_windows(phb) &&
        !papr_phb_dma_restore(phb, &err)) {
        qemu_log_mask(LOG_GUEST_ERROR, "Can't restore the default DMA window: "
                      "%s\n", error_get_pretty(err));
        error_free(err);
        return RTAS_HARDWARE_ERROR;
    }
    return RTAS_SUCCESS;
}

static int32_t reset_windows(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprPhb *phb = ddw_bridge(opaque, call);
    Error *err = NULL;

    if (!phb) {
        return RTAS_PARAMETER_ERROR;
    }
    if (must_wait(phb)) {
        return RTAS_BUSY;
    }
    trace_papr_ddw_reset(phb->buid, call->args[0]);
    if (!papr_phb_dma_restore(phb, &err)) {
        qemu_log_mask(LOG_GUEST_ERROR, "Can't restore the default DMA window: "
                      "%s\n", error_get_pretty(err));
        error_free(err);
        return RTAS_HARDWARE_ERROR;
    }
    return RTAS_SUCCESS;
}

static const PaprRtasEntry ddw_calls[] = {
    { RTAS_IBM_QUERY_PE_DMA_WINDOW, 3, 5, query_window },
    { RTAS_IBM_CREATE_PE_DMA_WINDOW, 5, 4, create_window },
    { RTAS_IBM_REMOVE_PE_DMA_WINDOW, 1, 1, remove_window },
    { RTAS_IBM_RESET_PE_DMA_WINDOW, 3, 1, reset_windows },
};

void papr_pci_register_ddw(PaprPci *pci)
{
    papr_rtas_register(pci->config.rtas, ddw_calls, ARRAY_SIZE(ddw_calls), pci);
}
