/*
 * pSeries PCI host bridge (PHB): nodes of the device tree
 *
 * The bridge and all that is behind it, as the PCI bus binding to IEEE 1275 and
 * LoPAR sections B.5.5 and 13.6.3 have it.  All nodes are written at reset and
 * at client-architecture-support (papr_pci_dt()); ibm,configure-connector gets
 * those of what is plugged later (papr_phb_dt(), papr_pci_device_dt()).
 *
 * Firmware or guest assign the addresses of devices' regions.  The numbers of
 * buses behind bridges are there already (buses.c).  BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "qemu/units.h"
#include "phb.h"

/* First cell of an address: space; of devices also bus, function, register */
enum {
    PCI_SPACE_IO = 1 << 24,
    PCI_SPACE_MEM32 = 2 << 24,
    PCI_SPACE_MEM64 = 3 << 24,
    PCI_SPACE_PREFETCHABLE = 1 << 30,
};

#define ADDRESS_CELLS   3
#define SIZE_CELLS      2

/* reg: configuration space, six base address registers, expansion ROM */
#define REGIONS_MAX     (1 + PCI_NUM_REGIONS)
#define REGION_CELLS    (ADDRESS_CELLS + SIZE_CELLS)

/* "ranges" of bridges: child address, parent address, size for each window */
#define BRIDGE_WINDOWS      3
#define BRIDGE_RANGE_CELLS  (2 * ADDRESS_CELLS + SIZE_CELLS)
#define PORTS_OF_BUS        (4 * KiB)

/* Cells of an entry of "interrupt-map", and those of its parent's interrupt */
#define MAP_CELLS       7
#define MAP_MASK_DEVICE (0x1f << 11)

/* The lowest number behind the host bridge */
static int first_bus(PaprPhb *phb)
{
    PCIBus *root = phb->parent_obj.bus;
    int first = PAPR_PHB_LAST_BUS;

    for (int devfn = 0; devfn < ARRAY_SIZE(root->devices); devfn++) {
        PCIDevice *dev = root->devices[devfn];

        if (dev && papr_pci_bus_behind(dev)) {
            first = MIN(first, dev->config[PCI_SECONDARY_BUS]);
        }
    }
    return first;
}

static uint32_t region_space(const PCIIORegion *region)
{
    uint32_t space = PCI_SPACE_MEM32;

    if (region->type & PCI_BASE_ADDRESS_SPACE_IO) {
        return PCI_SPACE_IO;
    }
    if (region->type & PCI_BASE_ADDRESS_MEM_TYPE_64) {
        space = PCI_SPACE_MEM64;
    }
    if (region->type & PCI_BASE_ADDRESS_MEM_PREFETCH) {
        space |= PCI_SPACE_PREFETCHABLE;
    }
    return space;
}

/* What the device wants to have mapped; without addresses: relocatable */
static void device_reg(PCIDevice *dev, PaprDt *dt)
{
    uint32_t cells[REGIONS_MAX * REGION_CELLS] = { papr_phb_config_addr(dev) };
    unsigned n = REGION_CELLS;

    for (int i = 0; i < PCI_NUM_REGIONS; i++) {
        const PCIIORegion *region = &dev->io_regions[i];

        if (!region->size) {
            continue;
        }
        cells[n] = papr_phb_config_addr(dev) | region_space(region) |
                   pci_bar(dev, i);
        cells[n + ADDRESS_CELLS] = region->size >> 32;
        cells[n + ADDRESS_CELLS + 1] = region->size;
        n += REGION_CELLS;
    }
    papr_dt_cells(dt, "reg", cells, n);
}

/* Registers that become a property each */
static void device_registers(PCIDevice *dev, PaprDt *dt)
{
    static const struct {
        const char *property;
        uint8_t reg;
        uint8_t len;
        bool if_set;            /* no property for 0 */
        bool endpoint;          /* means something else in bridges */
    } registers[] = {
        { "vendor-id", PCI_VENDOR_ID, 2 },
        { "device-id", PCI_DEVICE_ID, 2 },
        { "revision-id", PCI_REVISION_ID, 1 },
        { "class-code", PCI_CLASS_PROG, 3 },
        { "interrupts", PCI_INTERRUPT_PIN, 1, .if_set = true },
        { "subsystem-id", PCI_SUBSYSTEM_ID, 2, .if_set = true,
          .endpoint = true },
        { "subsystem-vendor-id", PCI_SUBSYSTEM_VENDOR_ID, 2, .if_set = true,
          .endpoint = true },
        { "cache-line-size", PCI_CACHE_LINE_SIZE, 1 },
        { "min-grant", PCI_MIN_GNT, 1, .endpoint = true },
        { "max-latency", PCI_MAX_LAT, 1, .endpoint = true },
    };

    for (int i = 0; i < ARRAY_SIZE(registers); i++) {
        uint32_t value = pci_default_read_config(dev, registers[i].reg,
                                                 registers[i].len);

        if ((registers[i].if_set && !value) ||
            (registers[i].endpoint && papr_pci_bus_behind(dev))) {
            continue;
        }
        papr_dt_u32(dt, registers[i].property, value);
    }
}

static void device_status(PCIDevice *dev, PaprDt *dt)
{
    static const struct {
        uint16_t bit;
        const char *property;
    } flags[] = {
        { PCI_STATUS_FAST_BACK, "fast-back-to-back" },
        { PCI_STATUS_66MHZ, "66mhz-capable" },
        { PCI_STATUS_UDF, "udf-supported" },
    };
    uint16_t status = pci_default_read_config(dev, PCI_STATUS, 2);

    papr_dt_u32(dt, "devsel-speed", status & PCI_STATUS_DEVSEL_MASK);
    for (int i = 0; i < ARRAY_SIZE(flags); i++) {
        if (status & flags[i].bit) {
            papr_dt_empty(dt, flags[i].property);
        }
    }
}

static void device_location(PaprPhb *phb, PCIDevice *dev, PaprDt *dt)
{
    PaprDrc *drc = papr_phb_connector(phb, dev);
    g_autofree char *location =
        g_strdup_printf("qemu_%s:%04x:%02x:%02x.%x", dev->name, phb->opt.index,
                        pci_dev_bus_num(dev), PCI_SLOT(dev->devfn),
                        PCI_FUNC(dev->devfn));

    papr_dt_string(dt, "ibm,loc-code", location);
    if (drc) {
        papr_dt_u32(dt, "ibm,my-drc-index", papr_drc_index(drc));
    }
}

static void device_node(PaprPhb *phb, PCIDevice *dev, PaprDt *dt);

/* What a node with a bus has, and what is on the bus */
static void bus_dt(PaprPhb *phb, PCIBus *bus, PaprDt *dt)
{
    papr_dt_u32(dt, "#address-cells", ADDRESS_CELLS);
    papr_dt_u32(dt, "#size-cells", SIZE_CELLS);
    papr_phb_connectors_dt(phb, bus, dt);
    for (int devfn = 0; devfn < ARRAY_SIZE(bus->devices); devfn++) {
        PCIDevice *dev = bus->devices[devfn];

        if (dev && dev->enabled) {
            device_node(phb, dev, dt);
        }
    }
}

/* An entry of "ranges": the bus behind a bridge has its parent's addresses */
static unsigned bridge_range(uint32_t *cells, uint32_t space, uint64_t base,
                             uint64_t limit)
{
    uint32_t address[ADDRESS_CELLS] = { space, base >> 32, base };
    uint64_t size = limit - base + 1;

    memcpy(cells, address, sizeof(address));
    memcpy(cells + ADDRESS_CELLS, address, sizeof(address));
    cells[2 * ADDRESS_CELLS] = size >> 32;
    cells[2 * ADDRESS_CELLS + 1] = size;
    return BRIDGE_RANGE_CELLS;
}

/* "ranges" of the windows that firmware has opened in @bridge */
static unsigned open_windows(PCIDevice *bridge, uint32_t *cells)
{
    static const struct {
        uint8_t type;
        uint8_t enable;         /* in the command register */
        uint32_t space;
    } windows[BRIDGE_WINDOWS] = {
        { PCI_BASE_ADDRESS_SPACE_IO, PCI_COMMAND_IO, PCI_SPACE_IO },
        { PCI_BASE_ADDRESS_SPACE_MEMORY, PCI_COMMAND_MEMORY, PCI_SPACE_MEM32 },
        { PCI_BASE_ADDRESS_MEM_PREFETCH, PCI_COMMAND_MEMORY,
          PCI_SPACE_MEM64 | PCI_SPACE_PREFETCHABLE },
    };
    unsigned n = 0;

    for (int i = 0; i < BRIDGE_WINDOWS; i++) {
        uint64_t base = pci_bridge_get_base(bridge, windows[i].type);
        uint64_t limit = pci_bridge_get_limit(bridge, windows[i].type);

        if (base <= limit &&
            (bridge->config[PCI_COMMAND] & windows[i].enable)) {
            n += bridge_range(&cells[n], windows[i].space, base, limit);
        }
    }
    return n;
}

/*
 * If no firmware has opened a bridge's windows, Linux opens those for memory,
 * but not that for I/O ports.  Propose ports: 4 KiB a bus, in the order of
 * buses, so that the ports of a bridge contain those of bridges behind it.
 */
static unsigned propose_ports(PaprPhb *phb, PCIDevice *bridge, uint32_t *cells)
{
    /* the guest may have changed numbers to anything since they were given */
    int before = first_bus(phb) - 1;
    int first = bridge->config[PCI_SECONDARY_BUS] - before;
    int last = bridge->config[PCI_SUBORDINATE_BUS] - before;

    if (first < 1 || last < first ||
        (last + 1) * PORTS_OF_BUS > phb->opt.io_win_size) {
        return 0;
    }
    return bridge_range(cells, PCI_SPACE_IO, first * PORTS_OF_BUS,
                        (last + 1) * PORTS_OF_BUS - 1);
}

/*
 * Linux scans the bus behind a bridge only if the bridge's node has all of
 * these properties.  SLOF adds them, but not every guest is started by SLOF;
 * and at client-architecture-support these replace those of SLOF.
 */
static void bridge_dt(PaprPhb *phb, PCIDevice *bridge, PaprDt *dt)
{
    bool is_set_up = bridge->config[PCI_COMMAND] &
                     (PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    uint32_t ranges[BRIDGE_WINDOWS * BRIDGE_RANGE_CELLS];
    unsigned n;

    papr_dt_string(dt, "device_type", "pci");
    if (!bridge->config[PCI_SECONDARY_BUS]) {
        return;
    }
    papr_dt_cell_list(dt, "bus-range", bridge->config[PCI_SECONDARY_BUS],
                      bridge->config[PCI_SUBORDINATE_BUS]);
    n = is_set_up ? open_windows(bridge, ranges)
                  : propose_ports(phb, bridge, ranges);
    papr_dt_cells(dt, "ranges", ranges, n);
}

static void device_node(PaprPhb *phb, PCIDevice *dev, PaprDt *dt)
{
    g_autofree char *name = papr_pci_fw_name(dev);
    PCIBus *behind = papr_pci_bus_behind(dev);

    papr_dt_begin(dt, "%s", name);
    device_registers(dev, dt);
    device_status(dev, dt);
    device_location(phb, dev, dt);
    papr_phb_msi_device_dt(dev, dt);
    device_reg(dev, dt);
    if (phb->opt.extended_config && pci_is_express(dev)) {
        papr_dt_u32(dt, "ibm,pci-config-space-type", 1);
    }
    if (behind) {
        bridge_dt(phb, dev, dt);
        bus_dt(phb, behind, dt);
    }
    papr_dt_end(dt);
}

void papr_pci_device_dt(PaprPhb *phb, PCIDevice *dev, PaprDt *dt)
{
    device_node(phb, dev, dt);
}

/* Where the CPU sees the bus' spaces: child address, parent address, size */
static void phb_ranges(PaprPhb *phb, PaprDt *dt)
{
    const struct {
        uint32_t space;
        uint64_t bus_addr;
        uint64_t addr;
        uint64_t size;
    } windows[] = {
        { PCI_SPACE_IO, 0, phb->io_win_addr, phb->opt.io_win_size },
        { PCI_SPACE_MEM32, PAPR_PHB_MEM32_BUS_ADDR, phb->mem_win_addr,
          phb->opt.mem_win_size },
        { PCI_SPACE_MEM64, phb->mem64_win_pciaddr, phb->mem64_win_addr,
          phb->opt.mem64_win_size },
    };
    uint32_t cells[ARRAY_SIZE(windows) * 7];
    unsigned n = 0;

    for (int i = 0; i < ARRAY_SIZE(windows); i++) {
        if (!windows[i].size) {
            continue;
        }
        cells[n++] = windows[i].space;
        cells[n++] = windows[i].bus_addr >> 32;
        cells[n++] = windows[i].bus_addr;
        cells[n++] = windows[i].addr >> 32;
        cells[n++] = windows[i].addr;
        cells[n++] = windows[i].size >> 32;
        cells[n++] = windows[i].size;
    }
    papr_dt_cells(dt, "ranges", cells, n);
}

/* From pins of the root bus' devices to the bridge's four interrupts */
static void phb_interrupts(PaprPhb *phb, PaprDt *dt, uint32_t intc_phandle)
{
    uint32_t map[PCI_SLOT_MAX * PCI_NUM_PINS][MAP_CELLS];
    uint32_t (*entry)[MAP_CELLS] = map;

    for (int slot = 0; slot < PCI_SLOT_MAX; slot++) {
        for (int pin = 0; pin < PCI_NUM_PINS; pin++) {
            uint32_t irq = phb->lsi[pci_swizzle(slot, pin)];
            /* last: level sensitive, LoPAR B.5.5 */
            uint32_t cells[] = { slot << 11, 0, 0, pin + 1, intc_phandle, irq,
                                 1 };

            memcpy(*entry++, cells, sizeof(cells));
        }
    }
    papr_dt_u32(dt, "#interrupt-cells", 1);
    papr_dt_cell_list(dt, "interrupt-map-mask", MAP_MASK_DEVICE, 0, 0,
                      UINT32_MAX);
    papr_dt_cells(dt, "interrupt-map", &map[0][0],
                  ARRAY_SIZE(map) * MAP_CELLS);
}

static void phb_identity(PaprPhb *phb, PaprDt *dt)
{
    PaprDrc *drc = papr_dr_find(phb->pci->config.dr, PAPR_DRC_PHB,
                                phb->opt.index);

    /* no firmware adds "name" for a guest that gets the bridge by hotplug */
    papr_dt_string(dt, "name", "pci");
    papr_dt_string(dt, "device_type", "pci");
    papr_dt_string(dt, "compatible", "IBM,Logical_PHB");
    papr_dt_cell_list(dt, "reg", phb->buid >> 32, phb->buid, 0, 0);
    papr_dt_cell_list(dt, "bus-range", 0, PAPR_PHB_LAST_BUS);
    papr_dt_empty(dt, "used-by-rtas");
    papr_dt_u32(dt, "ibm,pci-config-space-type", phb->opt.extended_config);
    papr_dt_u32(dt, "ibm,pe-total-#msi",
                papr_irq_msi_count(phb->pci->config.irqs));
    papr_dt_u32(dt, "qemu,phb-enumerated", 1);
    if (phb->opt.numa_node != UINT32_MAX) {
        papr_numa_dt(phb->pci->config.numa, dt, phb->opt.numa_node);
    }
    if (drc) {
        papr_dt_u32(dt, "ibm,my-drc-index", papr_drc_index(drc));
    }
}

void papr_phb_dt(PaprPhb *phb, PaprDt *dt, uint32_t intc_phandle)
{
    papr_dt_begin(dt, "%s", phb->dt_name);
    phb_identity(phb, dt);
    phb_ranges(phb, dt);
    phb_interrupts(phb, dt, intc_phandle);
    papr_phb_dma_dt(phb, dt);
    bus_dt(phb, phb->parent_obj.bus, dt);
    papr_dt_end(dt);
}

void papr_pci_dt(PaprDt *dt, uint32_t intc_phandle, void *opaque)
{
    PaprPci *pci = opaque;

    for (int i = 0; i < PAPR_PHB_MAX; i++) {
        PaprPhb *phb = papr_pci_bridge(pci, i);

        if (phb) {
            papr_phb_dt(phb, dt, intc_phandle);
        }
    }
}
