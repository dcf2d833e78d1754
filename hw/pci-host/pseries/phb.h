/*
 * pSeries PCI host bridge (PHB): its state (private to this folder)
 *
 * Everything is changed with the BQL held.  What other threads use without it:
 * the windows and the DMA address space, through QEMU's memory API (RCU), and
 * the MSI window's write handler, which only triggers an interrupt.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PCI_HOST_PSERIES_PHB_H
#define HW_PCI_HOST_PSERIES_PHB_H

#include "hw/pci/pci_device.h"
#include "hw/pci/pci_host.h"
#include "hw/pseries/phb.h"

#define PAPR_PHB_DMA_WINDOWS    2       /* default and dynamic (DDW) */
#define PAPR_PHB_BUID_BASE      0x800000020000000ULL

/* Bus address of the 32-bit memory window; mem_win_addr is its CPU address */
#define PAPR_PHB_MEM32_BUS_ADDR 0x80000000ULL

/* Where MSIs are written to, on the bus */
#define PAPR_PHB_MSI_WINDOW     0x40000000000ULL

struct PaprPci {
    PaprPciConfig config;
    PaprPhb *phbs[PAPR_PHB_MAX];        /* by index */
};

/* One function's MSIs: numbers @first .. @first + @count - 1 */
typedef struct PaprPhbMsi {
    uint32_t config_addr;
    uint32_t first;
    uint32_t count;
} PaprPhbMsi;

/** PaprPhbOptions - properties, as the user gave them */
typedef struct PaprPhbOptions {
    uint32_t index;
    uint64_t mem_win_size;
    uint64_t mem64_win_size;
    uint64_t io_win_size;
    uint64_t dma_win_addr;
    uint64_t dma_win_size;
    uint64_t dma64_win_addr;
    uint64_t page_sizes;                /* pgsz: each bit an I/O page size */
    uint32_t numa_node;
    bool ddw;                           /* dynamic DMA windows */
    bool extended_config;               /* PCI Express: 4 KiB, not 256 bytes */
    bool pre_5_1_associativity;
    bool eeh;                           /* error handling of emulated devices */
} PaprPhbOptions;

struct PaprPhb {
    PCIHostState parent_obj;

    PaprPci *pci;                       /* set at pre-plug */
    PaprPhbOptions opt;
    uint64_t buid;                      /* bus unit id: its name in calls */
    char *dt_name;
    bool hidden;                        /* papr_phb_hide() */

    /* what the CPU sees of the bus */
    MemoryRegion mem_space;
    MemoryRegion io_space;
    MemoryRegion mem32_window;
    MemoryRegion mem64_window;
    MemoryRegion io_window;
    uint64_t mem_win_addr;
    uint64_t mem64_win_addr;
    uint64_t mem64_win_pciaddr;
    uint64_t io_win_addr;

    /* what devices see: dma.c, msi.c */
    MemoryRegion dma_root;
    AddressSpace dma_as;
    PaprTceTable *tce[PAPR_PHB_DMA_WINDOWS];
    MemoryRegion msi_window;
    MemoryRegion msi_alias;             /* for devices that bypass @dma_root */

    uint32_t lsi[PCI_NUM_PINS];         /* interrupt numbers of INTA to INTD */
    GHashTable *msi;                    /* by config_addr: PaprPhbMsi */

    /* with eeh=on: eeh-emulated.c */
    uint32_t pe_state;                  /* PaprPeState */
    MemoryRegion stopped_mem;
    MemoryRegion stopped_io;

    /* for migration only: copies of @msi */
    int32_t n_msi_list;
    PaprPhbMsi *msi_list;
};

/* find.c */
/** papr_pci_bridge: the bridge of @index; NULL if the guest has none there */
PaprPhb *papr_pci_bridge(PaprPci *pci, uint64_t index);

/** papr_pci_find: the bridge whose bus unit id these two words are, or NULL */
PaprPhb *papr_pci_find(PaprPci *pci, const uint32_t *buid);

/**
 * papr_phb_device - the device that an RTAS call's config_addr names, or NULL
 *
 * LoPAR 7.3.4: bus in bits 23-16, device in 15-11, function in 10-8.
 */
PCIDevice *papr_phb_device(PaprPhb *phb, uint32_t config_addr);

/** papr_phb_config_addr: of @dev, for calls and device tree */
uint32_t papr_phb_config_addr(PCIDevice *dev);

/* config.c: configuration space calls */
void papr_pci_register_config(PaprPci *pci);

/* msi.c: message signalled interrupts; realize puts the window into dma_root */
uint64_t papr_phb_msi_window_size(void);
void papr_phb_msi_realize(PaprPhb *phb);
void papr_phb_msi_unrealize(PaprPhb *phb);

/* msi-calls.c */
void papr_pci_register_msi(PaprPci *pci);
/** papr_phb_msi_device_dt: "ibm,req#msi" and the like of a device's node */
void papr_phb_msi_device_dt(PCIDevice *dev, PaprDt *dt);

/* msi-numbers.c: free all numbers, or those of a device that is unplugged */
void papr_phb_msi_reset(PaprPhb *phb);
void papr_phb_msi_forget(PaprPhb *phb, PCIDevice *dev);
void papr_phb_msi_pre_save(PaprPhb *phb);
int papr_phb_msi_post_load(PaprPhb *phb);
extern const VMStateDescription vmstate_papr_phb_msi;

/*
 * dma.c: address space for DMA, TCE tables, the default window
 *
 * realize checks the user's sizes; reset makes the default window the only one.
 */
bool papr_phb_dma_realize(PaprPhb *phb, Error **errp);
void papr_phb_dma_unrealize(PaprPhb *phb);
void papr_phb_dma_reset(PaprPhb *phb);
/* "ibm,dma-window", "ibm,ddw-applicable", "ibm,ddw-extensions" of the node */
void papr_phb_dma_dt(PaprPhb *phb, PaprDt *dt);

/* ddw.c: dynamic DMA windows, LoPAR 7.3.27.4; window.c: their arithmetic */
void papr_pci_register_ddw(PaprPci *pci);

/* eeh.c: enhanced error handling, LoPAR 7.3.11 */
void papr_pci_register_eeh(PaprPci *pci);
void papr_phb_eeh_reset(PaprPhb *phb);

/* names.c: papr_pci_fw_name() */

/* buses.c: numbers of buses; what the machine calls is in hw/pseries/phb.h */
#define PAPR_PHB_LAST_BUS       0xff

/** papr_pci_bus_behind: the bus behind @dev; NULL if @dev is no bridge */
PCIBus *papr_pci_bus_behind(PCIDevice *dev);
/** papr_phb_number_new_bridge: if on the root bus and without a number yet */
void papr_phb_number_new_bridge(PaprPhb *phb, PCIDevice *bridge);

/* dt.c: nodes of devices */
/** papr_pci_device_dt: node of @dev and of what is behind it */
void papr_pci_device_dt(PaprPhb *phb, PCIDevice *dev, PaprDt *dt);

/* connectors.c: the connectors of slots */

/** papr_phb_connector: of @dev's slot and function, or NULL */
PaprDrc *papr_phb_connector(PaprPhb *phb, PCIDevice *dev);
PaprDrc *papr_phb_connector_at(PaprPhb *phb, PCIBus *bus, int devfn);
/** papr_phb_connectors_dt: "ibm,drc-*" of @bus' open node */
void papr_phb_connectors_dt(PaprPhb *phb, PCIBus *bus, PaprDt *dt);
/** papr_phb_connectors_add, _remove: those of @bus */
void papr_phb_connectors_add(PaprPhb *phb, PCIBus *bus, const PaprDrcOps *ops);
void papr_phb_connectors_remove(PaprPhb *phb, PCIBus *bus);
/** papr_phb_connectors_unrealize: remove those of all buses behind @phb */
void papr_phb_connectors_unrealize(PaprPhb *phb);
/** papr_phb_bridge_chassis: 0 if it is of a kind that has none */
uint32_t papr_phb_bridge_chassis(PCIDevice *bridge);
/** papr_phb_chassis_is_used: by another bridge behind @phb, or its root bus */
bool papr_phb_chassis_is_used(PaprPhb *phb, uint32_t chassis);

/* hotplug.c: the bridge handles plug and unplug on its buses */
void papr_phb_hotplug_class_init(ObjectClass *oc);
void papr_phb_connectors_realize(PaprPhb *phb);

#endif
