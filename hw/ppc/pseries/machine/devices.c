/*
 * pSeries platform: the devices that a machine has without -device
 *
 * The first PCI host bridge, and those of -nic, -drive, -vga and -usb.
 * Called by machine init.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/mem/memory-device.h"
#include "hw/sysbus.h"
#include "hw/usb.h"
#include "net/net.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "system/blockdev.h"
#include "system/system.h"
#include "machine.h"

static void send_hotplug_event(bool add, PaprDrcType type, uint32_t index,
                               void *machine)
{
    papr_events_hotplug(((PaprMachine *)machine)->events,
                        add ? PAPR_HOTPLUG_ADD : PAPR_HOTPLUG_REMOVE, type,
                        PAPR_HOTPLUG_BY_INDEX, 1, index);
}

static uint64_t highest_ram(const MachineState *ms)
{
    if (!ms->device_memory) {
        return ms->ram_size;
    }
    return ms->device_memory->base +
           memory_region_size(&ms->device_memory->mr);
}

/* The bus of the first host bridge; NULL on failure */
static PCIBus *init_pci(PaprMachine *pm, Error **errp)
{
    PaprPciConfig config = {
        .rtas = pm->rtas,
        .irqs = pm->irqs,
        .dr = pm->dr,
        .iommu = pm->iommu,
        .numa = &pm->numa,
        .highest_ram = highest_ram(MACHINE(pm)),
        .hotplug = send_hotplug_event,
        .opaque = pm,
    };
    DeviceState *phb;

    pm->pci = papr_pci_new(&config);
    phb = qdev_new(TYPE_PAPR_PHB);
    qdev_prop_set_uint32(phb, "index", 0);
    if (!sysbus_realize_and_unref(SYS_BUS_DEVICE(phb), errp)) {
        return NULL;
    }
    return papr_phb_bus(PAPR_PHB(phb));
}

/* ibmveth (-nic model=) is what Linux calls the driver of spapr-vlan */
static void init_networks(PaprMachine *pm, PCIBus *bus)
{
    NICInfo *nic;

    while ((nic = qemu_find_nic_info(TYPE_PAPR_VLAN, true, "ibmveth"))) {
        papr_vio_add_vlan(pm->vio, nic);
    }
    pci_init_nic_devices(bus, NULL);
}

/* An adapter for each bus= of -drive if=scsi, and always one for bus 0 */
static void init_disks(PaprMachine *pm)
{
    for (int bus = 0; bus <= drive_get_max_bus(IF_SCSI); bus++) {
        papr_vio_add_vscsi(pm->vio);
    }
}

static bool init_vga(PCIBus *bus, bool *has_vga, Error **errp)
{
    *has_vga = vga_interface_type != VGA_NONE;
    switch (vga_interface_type) {
    case VGA_NONE:
    case VGA_STD:
    case VGA_CIRRUS:
    case VGA_VIRTIO:
        pci_vga_init(bus);
        return true;
    case VGA_DEVICE:                    /* given as -device */
        vga_interface_created = true;
        return true;
    default:
        error_setg(errp, "-vga: Unsupported VGA mode, only -vga std or -vga "
                   "virtio is supported");
        return false;
    }
}

static void init_usb(PaprMachine *pm, PCIBus *bus, bool has_vga)
{
    MachineState *ms = MACHINE(pm);
    Object *usb_bus;

    if (has_vga && defaults_enabled() && !ms->usb_disabled) {
        ms->usb = true;
    }
    if (!ms->usb) {
        return;
    }
    pci_create_simple(bus, -1, "nec-usb-xhci");
    if (!has_vga) {
        return;
    }
    usb_bus = object_resolve_type_unambiguous(TYPE_USB_BUS, &error_abort);
    usb_create_simple(USB_BUS(usb_bus), "usb-kbd");
    usb_create_simple(USB_BUS(usb_bus), "usb-mouse");
}

bool papr_machine_init_devices(PaprMachine *pm, Error **errp)
{
    PCIBus *bus = init_pci(pm, errp);
    bool has_vga;

    if (!bus) {
        return false;
    }
    init_networks(pm, bus);
    init_disks(pm);
    if (!init_vga(bus, &has_vga, errp)) {
        return false;
    }
    init_usb(pm, bus, has_vga);
    pm->has_screen = has_vga && MACHINE(pm)->enable_graphics;
    return true;
}

/* Old drivers expect the frame buffer in the byte order of interrupts (ILE) */
void papr_machine_interrupt_endian(void *machine, bool little)
{
    papr_pci_set_vga_endian(((PaprMachine *)machine)->pci, !little);
}
