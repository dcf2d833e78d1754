/*
 * pSeries PCI host bridge: what its devices see when they do DMA
 *
 * One address space for all devices of a bridge: up to two windows, each with a
 * table of translation control entries (TCE), and above them the window that
 * MSIs are written to (msi.c).  The default window exists at boot, below 4 GiB;
 * the guest may add or replace one: dynamic DMA windows (DDW), see ddw.c.
 * LoPAR section 7.3.27 and "ibm,dma-window" in B.5.5.1.1.
 *
 * Called by phb.c and ddw.c.  All with the big lock (BQL) held, but for DMA
 * itself, which goes by the memory API in any thread.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/host-utils.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "ddw.h"
#include "window.h"
#include "trace.h"

/* R1-7.3.27-4: the default window has 4 KiB pages and is below 4 GiB */
#define DEFAULT_WINDOW_END (4 * GiB)

static bool check_default_window(const PaprPhbOptions *opt, Error **errp)
{
    uint64_t page = 1ULL << PAPR_TCE_PAGE_SHIFT;

    if (!QEMU_IS_ALIGNED(opt->dma_win_addr, page)) {
        error_setg(errp, "dma_win_addr=0x%" PRIx64 " is not a multiple of the "
                   "4 KiB page; use 0x%" PRIx64, opt->dma_win_addr,
                   ROUND_DOWN(opt->dma_win_addr, page));
        return false;
    }
    if (!opt->dma_win_size || !QEMU_IS_ALIGNED(opt->dma_win_size, page)) {
        error_setg(errp, "dma_win_size=0x%" PRIx64 " is not a multiple of the "
                   "4 KiB page, or is 0; use for instance 0x40000000",
                   opt->dma_win_size);
        return false;
    }
    if (opt->dma_win_addr >= DEFAULT_WINDOW_END ||
        opt->dma_win_size > DEFAULT_WINDOW_END - opt->dma_win_addr) {
        error_setg(errp, "dma_win_addr=0x%" PRIx64 " with dma_win_size=0x%"
                   PRIx64 " reaches beyond 4 GiB; lower one of them",
                   opt->dma_win_addr, opt->dma_win_size);
        return false;
    }
    return true;
}

static bool check_dynamic_window(const PaprPhbOptions *opt, Error **errp)
{
    PaprDmaRange boot = { opt->dma_win_addr, opt->dma_win_size };
    PaprDmaRange first = { opt->dma64_win_addr, 1ULL << PAPR_TCE_PAGE_SHIFT };
    PaprDmaRange msi = { PAPR_PHB_MSI_WINDOW, papr_phb_msi_window_size() };
    PaprDmaLimits limits = {
        .page_sizes = opt->page_sizes, .high = opt->dma64_win_addr,
    };

    if (!opt->ddw) {
        return true;
    }
    if (!opt->page_sizes || (opt->page_sizes & ~papr_dma_page_sizes())) {
        error_setg(errp, "pgsz=0x%" PRIx64 " has a bit that is no size of an "
                   "I/O page; use bits of 0x%" PRIx64, opt->page_sizes,
                   papr_dma_page_sizes());
        return false;
    }
    if (!QEMU_IS_ALIGNED(opt->dma64_win_addr, 1ULL << PAPR_TCE_PAGE_SHIFT)) {
        error_setg(errp, "dma64_win_addr=0x%" PRIx64 " is not a multiple of "
                   "the 4 KiB page", opt->dma64_win_addr);
        return false;
    }
    if (papr_dma_overlap(boot, first)) {
        error_setg(errp, "dma64_win_addr=0x%" PRIx64 " is in the window of "
                   "dma_win_addr and dma_win_size; use an address above it",
                   opt->dma64_win_addr);
        return false;
    }
    if (!papr_dma_usable(&limits, &msi, 1)) {
        error_setg(errp, "dma64_win_addr=0x%" PRIx64 " leaves no room for a "
                   "window of 1 GiB with the page sizes of pgsz=0x%" PRIx64 " "
                   "between 0x%llx, where MSIs go, and 2^64; use for instance "
                   "0x800000000000000", opt->dma64_win_addr, opt->page_sizes,
                   PAPR_PHB_MSI_WINDOW);
        return false;
    }
    return true;
}

PaprTceWindow papr_phb_default_window(const PaprPhb *phb)
{
    return (PaprTceWindow) {
        .bus_addr = phb->opt.dma_win_addr,
        .pages = phb->opt.dma_win_size >> PAPR_TCE_PAGE_SHIFT,
        .page_shift = PAPR_TCE_PAGE_SHIFT,
    };
}

bool papr_phb_is_default_window(const PaprPhb *phb, const PaprTceTable *tcet)
{
    const PaprTceWindow *now = papr_tce_window(tcet);
    PaprTceWindow boot = papr_phb_default_window(phb);

    return tcet == phb->tce[0] && now->bus_addr == boot.bus_addr &&
           now->pages == boot.pages && now->page_shift == boot.page_shift;
}

static AddressSpace *dma_address_space(PCIBus *bus, void *opaque, int devfn)
{
    PaprPhb *phb = opaque;

    return &phb->dma_as;
}

static const PCIIOMMUOps dma_ops = {
    .get_address_space = dma_address_space,
};

/* Without dynamic windows the second table would have no use */
static bool create_tables(PaprPhb *phb, Error **errp)
{
    size_t n = phb->opt.ddw ? PAPR_PHB_DMA_WINDOWS : 1;

    for (size_t i = 0; i < n; i++) {
        phb->tce[i] = papr_tce_new(phb->pci->config.iommu, OBJECT(phb),
                                   PAPR_LIOBN_PCI(phb->opt.index, i), errp);
        if (!phb->tce[i]) {
            return false;
        }
        memory_region_add_subregion(&phb->dma_root, 0,
                                    papr_tce_region(phb->tce[i]));
    }
    return true;
}

static void free_tables(PaprPhb *phb)
{
    for (size_t i = PAPR_PHB_DMA_WINDOWS; i-- > 0; ) {
        if (phb->tce[i]) {
            memory_region_del_subregion(&phb->dma_root,
                                        papr_tce_region(phb->tce[i]));
            papr_tce_free(phb->tce[i]);
            phb->tce[i] = NULL;
        }
    }
}

bool papr_phb_dma_realize(PaprPhb *phb, Error **errp)
{
    PaprTceWindow boot = papr_phb_default_window(phb);
    g_autofree char *name = g_strdup_printf("%s.iommu-root", phb->dt_name);

    if (!check_default_window(&phb->opt, errp) ||
        !check_dynamic_window(&phb->opt, errp)) {
        return false;
    }

    memory_region_init(&phb->dma_root, OBJECT(phb), name, UINT64_MAX);
    if (!create_tables(phb, errp) ||
        !papr_tce_enable(phb->tce[0], &boot, errp)) {
        free_tables(phb);
        return false;
    }
    address_space_init(&phb->dma_as, &phb->dma_root, phb->dt_name);
    pci_setup_iommu(PCI_HOST_BRIDGE(phb)->bus, &dma_ops, phb);
    return true;
}

void papr_phb_dma_unrealize(PaprPhb *phb)
{
    address_space_destroy(&phb->dma_as);
    free_tables(phb);
}

/*
 * If the default window can't be created, the bridge has no window: the guest's
 * DMA fails.  The next reset or ibm,reset-pe-dma-window tries again.
 */
bool papr_phb_dma_restore(PaprPhb *phb, Error **errp)
{
    PaprTceWindow boot = papr_phb_default_window(phb);

    for (size_t i = 1; i < PAPR_PHB_DMA_WINDOWS; i++) {
        if (phb->tce[i]) {
            papr_tce_disable(phb->tce[i]);
        }
    }
    if (papr_phb_is_default_window(phb, phb->tce[0])) {
        papr_tce_clear(phb->tce[0]);
        return true;
    }
    papr_tce_disable(phb->tce[0]);
    return papr_tce_enable(phb->tce[0], &boot, errp);
}

void papr_phb_dma_reset(PaprPhb *phb)
{
    Error *err = NULL;

    trace_papr_phb_dma_reset(phb->opt.index);
    if (!papr_phb_dma_restore(phb, &err)) {
        error_reportf_err(err, "PCI host bridge %u has no DMA window: ",
                          phb->opt.index);
    }
}

void papr_phb_dma_dt(PaprPhb *phb, PaprDt *dt)
{
    uint64_t start = phb->opt.dma_win_addr;
    uint64_t size = phb->opt.dma_win_size;

    papr_dt_u32(dt, "ibm,#dma-address-cells", 2);
    papr_dt_u32(dt, "ibm,#dma-size-cells", 2);
    papr_dt_cell_list(dt, "ibm,dma-window", PAPR_LIOBN_PCI(phb->opt.index, 0),
                      start >> 32, (uint32_t)start, size >> 32, (uint32_t)size);
    if (!phb->opt.ddw) {
        return;
    }
    papr_dt_cell_list(dt, "ibm,ddw-applicable", RTAS_IBM_QUERY_PE_DMA_WINDOW,
                      RTAS_IBM_CREATE_PE_DMA_WINDOW,
                      RTAS_IBM_REMOVE_PE_DMA_WINDOW);
    /* Table 7.118: a count, the token of reset, 1 for a query of six outputs */
    papr_dt_cell_list(dt, "ibm,ddw-extensions", 2,
                      RTAS_IBM_RESET_PE_DMA_WINDOW, 1);
}
