/*
 * pSeries PCI host bridge (PHB): names of devices in firmware's tree
 *
 * A function's node is called by its class code, as the PCI bus binding and the
 * generic names recommended practice of IEEE 1275 have it.  Boot lists and
 * users' device paths rely on the names.  BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pci/pci_ids.h"
#include "phb.h"

typedef struct ClassName {
    uint32_t code;
    const char *name;
} ClassName;

/* Class, subclass and programming interface */
static const ClassName interface_names[] = {
    { PCI_CLASS_SYSTEM_PIC_IOAPIC, "io-apic" },
    { PCI_CLASS_SYSTEM_PIC_IOXAPIC, "io-xapic" },
    { PCI_CLASS_SERIAL_USB_UHCI, "usb-uhci" },
    { PCI_CLASS_SERIAL_USB_OHCI, "usb-ohci" },
    { PCI_CLASS_SERIAL_USB_EHCI, "usb-ehci" },
    { PCI_CLASS_SERIAL_USB_XHCI, "usb-xhci" },
    { PCI_CLASS_SERIAL_USB_UNKNOWN, "usb-unknown" },
    { PCI_CLASS_SERIAL_USB_DEVICE, "usb-device" },
};

/* Class and subclass */
static const ClassName subclass_names[] = {
    { PCI_CLASS_NOT_DEFINED_VGA, "display" },

    { PCI_CLASS_STORAGE_SCSI, "scsi" },
    { PCI_CLASS_STORAGE_IDE, "ide" },
    { PCI_CLASS_STORAGE_FLOPPY, "fdc" },
    { PCI_CLASS_STORAGE_IPI, "ipi" },
    { PCI_CLASS_STORAGE_RAID, "raid" },
    { PCI_CLASS_STORAGE_ATA, "ata" },
    { PCI_CLASS_STORAGE_SATA, "sata" },
    { PCI_CLASS_STORAGE_SAS, "sas" },

    { PCI_CLASS_NETWORK_ETHERNET, "ethernet" },
    { PCI_CLASS_NETWORK_TOKEN_RING, "token-ring" },
    { PCI_CLASS_NETWORK_FDDI, "fddi" },
    { PCI_CLASS_NETWORK_ATM, "atm" },
    { PCI_CLASS_NETWORK_ISDN, "isdn" },
    { PCI_CLASS_NETWORK_WORLDFIP, "worldfip" },
    { PCI_CLASS_NETWORK_PICMG214, "picmg" },

    { PCI_CLASS_DISPLAY_VGA, "vga" },
    { PCI_CLASS_DISPLAY_XGA, "xga" },
    { PCI_CLASS_DISPLAY_3D, "3d-controller" },

    { PCI_CLASS_MULTIMEDIA_VIDEO, "video" },
    { PCI_CLASS_MULTIMEDIA_AUDIO, "sound" },
    { PCI_CLASS_MULTIMEDIA_PHONE, "telephony" },

    { PCI_CLASS_MEMORY_RAM, "memory" },
    { PCI_CLASS_MEMORY_FLASH, "flash" },

    { PCI_CLASS_BRIDGE_HOST, "host" },
    { PCI_CLASS_BRIDGE_ISA, "isa" },
    { PCI_CLASS_BRIDGE_EISA, "eisa" },
    { PCI_CLASS_BRIDGE_MC, "mca" },
    { PCI_CLASS_BRIDGE_PCI, "pci" },
    { PCI_CLASS_BRIDGE_PCMCIA, "pcmcia" },
    { PCI_CLASS_BRIDGE_NUBUS, "nubus" },
    { PCI_CLASS_BRIDGE_CARDBUS, "cardbus" },
    { PCI_CLASS_BRIDGE_RACEWAY, "raceway" },
    { PCI_CLASS_BRIDGE_PCI_SEMITP, "semi-transparent-pci" },
    { PCI_CLASS_BRIDGE_IB_PCI, "infiniband" },

    { PCI_CLASS_COMMUNICATION_SERIAL, "serial" },
    { PCI_CLASS_COMMUNICATION_PARALLEL, "parallel" },
    { PCI_CLASS_COMMUNICATION_MULTISERIAL, "multiport-serial" },
    { PCI_CLASS_COMMUNICATION_MODEM, "modem" },
    { PCI_CLASS_COMMUNICATION_GPIB, "gpib" },
    { PCI_CLASS_COMMUNICATION_SC, "smart-card" },

    { PCI_CLASS_SYSTEM_PIC, "interrupt-controller" },
    { PCI_CLASS_SYSTEM_DMA, "dma-controller" },
    { PCI_CLASS_SYSTEM_TIMER, "timer" },
    { PCI_CLASS_SYSTEM_RTC, "rtc" },
    { PCI_CLASS_SYSTEM_PCI_HOTPLUG, "hot-plug-controller" },
    { PCI_CLASS_SYSTEM_SDHCI, "sd-host-controller" },

    { PCI_CLASS_INPUT_KEYBOARD, "keyboard" },
    { PCI_CLASS_INPUT_PEN, "pen" },
    { PCI_CLASS_INPUT_MOUSE, "mouse" },
    { PCI_CLASS_INPUT_SCANNER, "scanner" },
    { PCI_CLASS_INPUT_GAMEPORT, "gameport" },

    { PCI_CLASS_DOCKING_GENERIC, "dock" },

    { PCI_CLASS_PROCESSOR_PENTIUM, "pentium" },
    { PCI_CLASS_PROCESSOR_POWERPC, "powerpc" },
    { PCI_CLASS_PROCESSOR_MIPS, "mips" },
    { PCI_CLASS_PROCESSOR_CO, "co-processor" },

    { PCI_CLASS_SERIAL_FIREWIRE, "firewire" },
    { PCI_CLASS_SERIAL_ACCESS, "access-bus" },
    { PCI_CLASS_SERIAL_SSA, "ssa" },
    { PCI_CLASS_SERIAL_USB, "usb" },
    { PCI_CLASS_SERIAL_FIBER, "fibre-channel" },
    { PCI_CLASS_SERIAL_SMBUS, "smb" },
    { PCI_CLASS_SERIAL_IB, "infiniband" },
    { PCI_CLASS_SERIAL_IPMI, "ipmi" },
    { PCI_CLASS_SERIAL_SERCOS, "sercos" },
    { PCI_CLASS_SERIAL_CANBUS, "canbus" },

    { PCI_CLASS_WIRELESS_IRDA, "irda" },
    { PCI_CLASS_WIRELESS_CIR, "consumer-ir" },
    { PCI_CLASS_WIRELESS_RF_CONTROLLER, "rf-controller" },
    { PCI_CLASS_WIRELESS_BLUETOOTH, "bluetooth" },
    { PCI_CLASS_WIRELESS_BROADBAND, "broadband" },

    { PCI_CLASS_SATELLITE_TV, "satellite-tv" },
    { PCI_CLASS_SATELLITE_AUDIO, "satellite-audio" },
    { PCI_CLASS_SATELLITE_VOICE, "satellite-voice" },
    { PCI_CLASS_SATELLITE_DATA, "satellite-data" },

    { PCI_CLASS_CRYPT_NETWORK, "network-encryption" },
    { PCI_CLASS_CRYPT_ENTERTAINMENT, "entertainment-encryption" },

    { PCI_CLASS_SP_DPIO, "dpio" },
    { PCI_CLASS_SP_PERF, "counter" },
    { PCI_CLASS_SP_SYNCH, "measurement" },
    { PCI_CLASS_SP_MANAGEMENT, "management-card" },
};

static const ClassName class_names[] = {
    { 0x00, "legacy-device" },
    { PCI_BASE_CLASS_STORAGE, "mass-storage" },
    { PCI_BASE_CLASS_NETWORK, "network" },
    { PCI_BASE_CLASS_DISPLAY, "display" },
    { PCI_BASE_CLASS_MULTIMEDIA, "multimedia-device" },
    { PCI_BASE_CLASS_MEMORY, "memory-controller" },
    { PCI_BASE_CLASS_BRIDGE, "unknown-bridge" },
    { PCI_BASE_CLASS_COMMUNICATION, "communication-controller" },
    { PCI_BASE_CLASS_SYSTEM, "system-peripheral" },
    { PCI_BASE_CLASS_INPUT, "input-controller" },
    { PCI_BASE_CLASS_DOCKING, "docking-station" },
    { PCI_BASE_CLASS_PROCESSOR, "cpu" },
    { PCI_BASE_CLASS_SERIAL, "serial-bus" },
    { PCI_BASE_CLASS_WIRELESS, "wireless-controller" },
    { 0x0e, "intelligent-io" },
    { PCI_BASE_CLASS_SATELLITE, "satellite-device" },
    { PCI_BASE_CLASS_CRYPT, "encryption" },
    { PCI_BASE_CLASS_SIGNAL_PROCESSING, "data-processing-controller" },
};

static const char *find_name(const ClassName *names, size_t n, uint32_t code)
{
    for (size_t i = 0; i < n; i++) {
        if (names[i].code == code) {
            return names[i].name;
        }
    }
    return NULL;
}

/* The most specific name for @code: of interface, else subclass, else class */
static const char *name_of_code(uint32_t code)
{
    const char *name = find_name(interface_names, ARRAY_SIZE(interface_names),
                                 code);

    if (!name) {
        name = find_name(subclass_names, ARRAY_SIZE(subclass_names), code >> 8);
    }
    if (!name) {
        name = find_name(class_names, ARRAY_SIZE(class_names), code >> 16);
    }
    return name ? name : "pci";
}

char *papr_pci_fw_name(PCIDevice *dev)
{
    uint32_t code = pci_default_read_config(dev, PCI_CLASS_PROG, 3);
    unsigned function = PCI_FUNC(dev->devfn);
    g_autofree char *name = g_strdup_printf("%s@%x", name_of_code(code),
                                            PCI_SLOT(dev->devfn));

    return function ? g_strdup_printf("%s,%x", name, function)
                    : g_steal_pointer(&name);
}
