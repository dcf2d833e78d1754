/*
 * pSeries PCI host bridge (PHB): the device
 *
 * A bridge's index determines its bus unit id (BUID), the addresses of its
 * windows and its interrupts; guests and streams rely on them.  LoPAR section
 * 5.2.  The machine gives a bridge what it needs before it is realized
 * (papr_phb_pre_plug()).  This file creates windows, bus and level interrupts;
 * other files of the folder create the rest.
 *
 * Locking: BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "exec/address-spaces.h"
#include "hw/pci/pci_bus.h"
#include "hw/qdev-properties.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "qemu/cutils.h"
#include "qemu/units.h"
#include "eeh.h"
#include "trace.h"

/*
 * Windows of all bridges lie from 32 TiB to 64 TiB, the highest address that
 * all guests' kernels can map: from 32 TiB on I/O windows, 64 KiB each; from
 * 32 TiB + 2 GiB on 32-bit memory windows, 2 GiB each; from 33 TiB on 64-bit
 * ones, 1 TiB each.  Addresses do not depend on the sizes that the user gives.
 */
#define WINDOWS_BASE    (32 * TiB)
#define IO_STEP         (64 * KiB)
#define MEM32_STEP      (2 * GiB)
#define MEM64_STEP      (1 * TiB)

QEMU_BUILD_BUG_ON(PAPR_PHB_MAX * IO_STEP > MEM32_STEP);
QEMU_BUILD_BUG_ON((PAPR_PHB_MAX + 1) * MEM32_STEP > MEM64_STEP);
QEMU_BUILD_BUG_ON((PAPR_PHB_MAX + 1) * MEM64_STEP > WINDOWS_BASE);

#define NO_INDEX        UINT32_MAX
#define NO_NODE         UINT32_MAX

PaprPci *papr_pci_new(const PaprPciConfig *config)
{
    PaprPci *pci = g_new0(PaprPci, 1);

    pci->config = *config;
    papr_pci_register_config(pci);
    papr_pci_register_msi(pci);
    papr_pci_register_ddw(pci);
    papr_pci_register_eeh(pci);
    return pci;
}

static bool check_index(PaprPci *pci, uint32_t index, Error **errp)
{
    if (index == NO_INDEX) {
        error_setg(errp, "index is missing: give the bridge one from 0 to %d",
                   PAPR_PHB_MAX - 1);
        return false;
    }
    if (index >= PAPR_PHB_MAX) {
        error_setg(errp, "index %u is too large (max %d)", index,
                   PAPR_PHB_MAX - 1);
        return false;
    }
    if (pci->phbs[index]) {
        error_setg(errp, "PHB %u already attached: use another index", index);
        return false;
    }
    return true;
}

static bool check_size(const char *property, uint64_t size, uint64_t grain,
                       uint64_t max, Error **errp)
{
    g_autofree char *grain_text = size_to_str(grain);
    g_autofree char *max_text = size_to_str(max);

    if (size <= max && QEMU_IS_ALIGNED(size, grain)) {
        return true;
    }
    error_setg(errp, "%s: 0x%" PRIx64 " can't be a window's size; use a "
               "multiple of %s, at most %s", property, size, grain_text,
               max_text);
    return false;
}

static bool check_options(PaprPci *pci, const PaprPhbOptions *opt, Error **errp)
{
    if (!check_index(pci, opt->index, errp) ||
        !check_size("io_win_size", opt->io_win_size, 4 * KiB, IO_STEP, errp) ||
        !check_size("mem_win_size", opt->mem_win_size, 64 * KiB, MEM32_STEP,
                    errp) ||
        !check_size("mem64_win_size", opt->mem64_win_size, 64 * KiB, MEM64_STEP,
                    errp)) {
        return false;
    }
    if (!opt->io_win_size || !opt->mem_win_size) {
        error_setg(errp, "%s must not be 0",
                   opt->io_win_size ? "mem_win_size" : "io_win_size");
        return false;
    }
    if (opt->numa_node != NO_NODE &&
        opt->numa_node >= pci->config.numa->n_nodes) {
        error_setg(errp, "numa_node: there is no node %u; make one with -numa "
                   "node", opt->numa_node);
        return false;
    }
    return true;
}

bool papr_phb_pre_plug(PaprPci *pci, PaprPhb *phb, Error **errp)
{
    uint32_t index = phb->opt.index;

    if (!check_options(pci, &phb->opt, errp)) {
        return false;
    }
    phb->pci = pci;
    phb->buid = PAPR_PHB_BUID_BASE + index;
    phb->io_win_addr = WINDOWS_BASE + index * IO_STEP;
    phb->mem_win_addr = WINDOWS_BASE + (index + 1) * MEM32_STEP;
    phb->mem64_win_addr = WINDOWS_BASE + (index + 1) * MEM64_STEP;
    /* the bus addresses of the 64-bit window equal its CPU addresses */
    phb->mem64_win_pciaddr = phb->mem64_win_addr;
    g_free(phb->dt_name);
    phb->dt_name = g_strdup_printf("pci@%" PRIx64, phb->buid);
    return true;
}

/* Level sensitive interrupts (LSI): INTA to INTD of the bus */
static void release_lsis(PaprPhb *phb)
{
    for (int pin = 0; pin < PCI_NUM_PINS; pin++) {
        if (phb->lsi[pin]) {
            papr_irq_release(phb->pci->config.irqs, phb->lsi[pin]);
            phb->lsi[pin] = 0;
        }
    }
}

static bool claim_lsis(PaprPhb *phb, Error **errp)
{
    for (int pin = 0; pin < PCI_NUM_PINS; pin++) {
        uint32_t irq = PAPR_IRQ_PCI_LSI + phb->opt.index * PCI_NUM_PINS + pin;

        phb->lsi[pin] = papr_irq_assign(phb->pci->config.irqs, irq, true, errp);
        if (!phb->lsi[pin]) {
            error_prepend(errp, "interrupts of the bridge: ");
            release_lsis(phb);
            return false;
        }
    }
    return true;
}

static void set_pin(void *opaque, int pin, int level)
{
    PaprPhb *phb = opaque;

    trace_papr_phb_lsi(phb->opt.index, pin, level);
    papr_irq_set_level(phb->pci->config.irqs, phb->lsi[pin], level);
}

static PCIINTxRoute route_pin(void *opaque, int pin)
{
    PaprPhb *phb = opaque;

    return (PCIINTxRoute) { .mode = PCI_INTX_ENABLED, .irq = phb->lsi[pin] };
}

/* Let the CPU see @size bytes of @space from @bus_addr on, at @addr */
static void map_window(PaprPhb *phb, MemoryRegion *window, const char *name,
                       MemoryRegion *space, uint64_t bus_addr, uint64_t addr,
                       uint64_t size)
{
    g_autofree char *full = g_strdup_printf("%s.%s", phb->dt_name, name);

    memory_region_init_alias(window, OBJECT(phb), full, space, bus_addr, size);
    memory_region_add_subregion(get_system_memory(), addr, window);
}

static void make_windows(PaprPhb *phb)
{
    g_autofree char *mem_name = g_strdup_printf("%s.mmio", phb->dt_name);
    g_autofree char *io_name = g_strdup_printf("%s.io", phb->dt_name);
    const PaprPhbOptions *opt = &phb->opt;

    memory_region_init(&phb->mem_space, OBJECT(phb), mem_name, UINT64_MAX);
    memory_region_init(&phb->io_space, OBJECT(phb), io_name, IO_STEP);

    map_window(phb, &phb->io_window, "io-alias", &phb->io_space, 0,
               phb->io_win_addr, opt->io_win_size);
    map_window(phb, &phb->mem32_window, "mmio32-alias", &phb->mem_space,
               PAPR_PHB_MEM32_BUS_ADDR, phb->mem_win_addr, opt->mem_win_size);
    if (opt->mem64_win_size) {
        map_window(phb, &phb->mem64_window, "mmio64-alias", &phb->mem_space,
                   phb->mem64_win_pciaddr, phb->mem64_win_addr,
                   opt->mem64_win_size);
    }
}

static void remove_windows(PaprPhb *phb)
{
    MemoryRegion *sysmem = get_system_memory();

    if (phb->opt.mem64_win_size) {
        memory_region_del_subregion(sysmem, &phb->mem64_window);
    }
    memory_region_del_subregion(sysmem, &phb->mem32_window);
    memory_region_del_subregion(sysmem, &phb->io_window);
}

/* Unnamed: QEMU calls the bus pci.0, or X.0 for id=X */
static void make_bus(PaprPhb *phb)
{
    PCIBus *bus = pci_register_root_bus(DEVICE(phb), NULL, set_pin,
                                        pci_swizzle_map_irq_fn, phb,
                                        &phb->mem_space, &phb->io_space,
                                        PCI_DEVFN(0, 0), PCI_NUM_PINS,
                                        TYPE_PCI_BUS);

    if (phb->opt.extended_config) {
        /*
         * Let PCI Express devices show their extended configuration space on
         * this conventional bus
         */
        bus->flags |= PCI_BUS_EXTENDED_CONFIG_SPACE;
    }
    phb->parent_obj.bus = bus;
    pci_bus_set_route_irq_fn(bus, route_pin);
    qbus_set_hotplug_handler(BUS(bus), OBJECT(phb));
}

static void remove_bus(PaprPhb *phb)
{
    qbus_set_hotplug_handler(BUS(phb->parent_obj.bus), NULL);
    pci_unregister_root_bus(phb->parent_obj.bus);
    phb->parent_obj.bus = NULL;
}

/*
 * Realize what other files implement.  Only DMA can fail; it is first so that
 * nothing has to be undone.
 */
static bool realize_parts(PaprPhb *phb, Error **errp)
{
    if (!papr_phb_dma_realize(phb, errp)) {
        return false;
    }
    papr_phb_msi_realize(phb);
    papr_phb_connectors_realize(phb);
    return true;
}

static void phb_realize(DeviceState *dev, Error **errp)
{
    ERRP_GUARD();
    PaprPhb *phb = PAPR_PHB(dev);

    if (!phb->pci) {
        error_setg(errp, TYPE_PAPR_PHB " needs a pseries machine");
        return;
    }
    if (!claim_lsis(phb, errp)) {
        return;
    }
    /* one transaction, as each takes time for all address spaces */
    memory_region_transaction_begin();
    make_windows(phb);
    papr_pe_emulated_realize(phb);
    make_bus(phb);
    if (realize_parts(phb, errp)) {
        phb->pci->phbs[phb->opt.index] = phb;
    } else {
        remove_bus(phb);
        papr_pe_emulated_unrealize(phb);
        remove_windows(phb);
        release_lsis(phb);
    }
    memory_region_transaction_commit();
}

static void phb_unrealize(DeviceState *dev)
{
    PaprPhb *phb = PAPR_PHB(dev);

    phb->pci->phbs[phb->opt.index] = NULL;
    papr_phb_connectors_unrealize(phb);
    papr_phb_msi_unrealize(phb);
    papr_phb_dma_unrealize(phb);
    remove_bus(phb);
    papr_pe_emulated_unrealize(phb);
    remove_windows(phb);
    release_lsis(phb);
}

/* After the devices behind the bridge */
static void phb_reset(DeviceState *dev)
{
    PaprPhb *phb = PAPR_PHB(dev);

    papr_phb_dma_reset(phb);
    papr_phb_eeh_reset(phb);
    papr_phb_msi_reset(phb);
}

void papr_phb_hide(PaprPhb *phb)
{
    phb->hidden = true;
}

static void phb_finalize(Object *obj)
{
    g_free(PAPR_PHB(obj)->dt_name);
}

static int set_vga_endian(DeviceState *dev, void *opaque)
{
    static const char *const types[] = {
        "VGA", "secondary-vga", "bochs-display", "virtio-vga",
    };

    for (int i = 0; i < ARRAY_SIZE(types); i++) {
        if (object_dynamic_cast(OBJECT(dev), types[i])) {
            object_property_set_bool(OBJECT(dev), "big-endian-framebuffer",
                                     *(bool *)opaque, &error_abort);
        }
    }
    return 0;
}

void papr_pci_set_vga_endian(PaprPci *pci, bool big)
{
    for (int i = 0; i < PAPR_PHB_MAX; i++) {
        if (pci->phbs[i]) {
            qbus_walk_children(BUS(papr_phb_bus(pci->phbs[i])), set_vga_endian,
                               NULL, NULL, NULL, &big);
        }
    }
}

static const Property phb_properties[] = {
    DEFINE_PROP_UINT32("index", PaprPhb, opt.index, NO_INDEX),
    DEFINE_PROP_SIZE("mem_win_size", PaprPhb, opt.mem_win_size, MEM32_STEP),
    DEFINE_PROP_SIZE("mem64_win_size", PaprPhb, opt.mem64_win_size, MEM64_STEP),
    DEFINE_PROP_SIZE("io_win_size", PaprPhb, opt.io_win_size, IO_STEP),
    DEFINE_PROP_UINT64("dma_win_addr", PaprPhb, opt.dma_win_addr, 0),
    DEFINE_PROP_SIZE("dma_win_size", PaprPhb, opt.dma_win_size, 1 * GiB),
    DEFINE_PROP_UINT64("dma64_win_addr", PaprPhb, opt.dma64_win_addr,
                       0x800000000000000ULL),
    DEFINE_PROP_BOOL("ddw", PaprPhb, opt.ddw, true),
    DEFINE_PROP_UINT64("pgsz", PaprPhb, opt.page_sizes,
                       4 * KiB | 64 * KiB | 2 * MiB | 16 * MiB),
    DEFINE_PROP_UINT32("numa_node", PaprPhb, opt.numa_node, NO_NODE),
    DEFINE_PROP_BOOL("pcie-extended-configuration-space", PaprPhb,
                     opt.extended_config, true),
    DEFINE_PROP_BOOL("pre-5.1-associativity", PaprPhb,
                     opt.pre_5_1_associativity, false),
    DEFINE_PROP_BOOL("eeh", PaprPhb, opt.eeh, false),
};

static int phb_pre_save(void *opaque)
{
    papr_phb_msi_pre_save(opaque);
    return 0;
}

static void drop_msi_list(PaprPhb *phb)
{
    g_clear_pointer(&phb->msi_list, g_free);
    phb->n_msi_list = 0;
}

static int phb_post_save(void *opaque)
{
    drop_msi_list(opaque);
    return 0;
}

static int phb_pre_load(void *opaque)
{
    drop_msi_list(opaque);
    return 0;
}

static int phb_post_load(void *opaque, int version_id)
{
    int ret = papr_phb_msi_post_load(opaque);

    drop_msi_list(opaque);
    return ret;
}

/* Each entry has one number at least */
static bool msi_count_is_sane(void *opaque, int version_id)
{
    PaprPhb *phb = opaque;

    return phb->n_msi_list >= 0 &&
           phb->n_msi_list <= papr_irq_msi_count(phb->pci->config.irqs);
}

/* An element of PaprPhb.lsi */
static const VMStateDescription vmstate_papr_phb_lsi = {
    .name = "spapr_pci/lsi",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        {
            .name = "irq",
            .info = &vmstate_info_uint32_equal,
            .size = sizeof(uint32_t),
            .flags = VMS_SINGLE,
        },
        VMSTATE_END_OF_LIST()
    },
};

static const VMStateDescription vmstate_papr_phb = {
    .name = "spapr_pci",
    .version_id = 2,
    .minimum_version_id = 2,
    .pre_save = phb_pre_save,
    .post_save = phb_post_save,
    .pre_load = phb_pre_load,
    .post_load = phb_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64_EQUAL(buid, PaprPhb, NULL),
        {
            .name = "lsi_table",
            .vmsd = &vmstate_papr_phb_lsi,
            .num = PCI_NUM_PINS,
            .size = sizeof(uint32_t),
            .flags = VMS_STRUCT | VMS_ARRAY,
            .offset = vmstate_offset_array(PaprPhb, lsi, uint32_t,
                                           PCI_NUM_PINS),
        }, {
            .name = "msi_devs_num",
            .info = &vmstate_info_int32,
            .size = sizeof(int32_t),
            .flags = VMS_SINGLE,
            .offset = vmstate_offset_value(PaprPhb, n_msi_list, int32_t),
        },
        VMSTATE_VALIDATE("number of MSI entries", msi_count_is_sane),
        {
            .name = "msi_devs",
            .vmsd = &vmstate_papr_phb_msi,
            .num_offset = vmstate_offset_value(PaprPhb, n_msi_list, int32_t),
            .size = sizeof(PaprPhbMsi),
            .flags = VMS_STRUCT | VMS_VARRAY_INT32 | VMS_ALLOC | VMS_POINTER,
            .offset = vmstate_offset_pointer(PaprPhb, msi_list, PaprPhbMsi),
        },
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription *const []) {
        &vmstate_papr_pe,
        NULL
    },
};

/* Sections of streams of devices behind the bridge have this in their names */
static const char *root_bus_path(PCIHostState *host, PCIBus *bus)
{
    return PAPR_PHB(host)->dt_name;
}

static char *unit_address(const SysBusDevice *dev)
{
    return g_strdup_printf("%" PRIx64, PAPR_PHB(dev)->buid);
}

static void phb_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    PCI_HOST_BRIDGE_CLASS(oc)->root_bus_path = root_bus_path;
    SYS_BUS_DEVICE_CLASS(oc)->explicit_ofw_unit_address = unit_address;
    dc->desc = "PCI host bridge of pseries machines";
    dc->fw_name = "pci";
    dc->realize = phb_realize;
    dc->unrealize = phb_unrealize;
    dc->vmsd = &vmstate_papr_phb;
    dc->user_creatable = true;
    set_bit(DEVICE_CATEGORY_BRIDGE, dc->categories);
    device_class_set_props(dc, phb_properties);
    device_class_set_legacy_reset(dc, phb_reset);
    papr_phb_hotplug_class_init(oc);
    papr_pe_emulated_class_init(oc);
}

static const TypeInfo phb_types[] = {
    {
        .name = TYPE_PAPR_PHB,
        .parent = TYPE_PCI_HOST_BRIDGE,
        .instance_size = sizeof(PaprPhb),
        .instance_finalize = phb_finalize,
        .class_init = phb_class_init,
        .interfaces = (InterfaceInfo[]) {
            { TYPE_HOTPLUG_HANDLER },
            { }
        },
    },
};

DEFINE_TYPES(phb_types)
