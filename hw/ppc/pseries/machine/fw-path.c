/*
 * pSeries platform: names of devices in firmware's device tree
 *
 * QEMU makes of bootindex= a list of paths ("qemu,boot-list" in /chosen) in the
 * tree that SLOF builds.  The names are made here for devices that SLOF and
 * QEMU call differently.  A disk's unit address is its logical unit number
 * (LUN) in the 64-bit form of the SCSI architecture model (SAM-5, section 4.7),
 * and each kind of adapter has an encoding of its own.
 *
 * Called by get_boot_devices_list(), with the BQL held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/fw-path-provider.h"
#include "hw/pci/pci_device.h"
#include "hw/scsi/scsi.h"
#include "hw/usb.h"
#include "hw/virtio/vhost-scsi-common.h"
#include "hw/virtio/virtio-scsi.h"
#include "machine.h"

/* LUN of a target: first level "01 target", second level the unit */
static uint64_t lun_of_target(unsigned target, unsigned lun)
{
    const uint32_t flat_space = 0x4000; /* addressing of units from 256 on */
    uint32_t high = 0x01000000 | target << 16 | lun;

    return (uint64_t)(lun > 0xff ? high | flat_space : high) << 32;
}

/* Logical unit addressing, LoPAR appendix E: 10b, target, bus, unit */
static uint64_t lun_of_vscsi(const SCSIDevice *disk)
{
    return (uint64_t)(0x8000 | disk->id << 8 | disk->channel << 5 | disk->lun)
           << 48;
}

static char *disk_path(SCSIDevice *disk, DeviceState *adapter)
{
    USBDevice *usb = (USBDevice *)object_dynamic_cast(OBJECT(adapter),
                                                      TYPE_USB_DEVICE);
    uint64_t unit;

    if (object_dynamic_cast(OBJECT(adapter), TYPE_PAPR_VSCSI)) {
        unit = lun_of_vscsi(disk);
    } else if (object_dynamic_cast(OBJECT(adapter), TYPE_VIRTIO_SCSI)) {
        unit = lun_of_target(disk->id, disk->lun);
    } else if (usb) {
        unit = lun_of_target(atoi(usb->port->path), disk->lun);
    } else {
        return NULL;
    }
    return g_strdup_printf("%s@%" PRIX64, qdev_fw_name(DEVICE(disk)), unit);
}

/* SLOF has a node for a USB storage device, and one for a disk below it */
static char *usb_path(USBDevice *usb)
{
    if (strcmp(qdev_fw_name(DEVICE(usb)), "usb-host") ||
        !usb_device_is_scsi_storage(usb)) {
        return NULL;
    }
    return g_strdup_printf("storage@%s/disk", usb->port->path);
}

static char *vhost_scsi_path(VHostSCSICommon *vhost)
{
    return g_strdup_printf("disk@%" PRIX64,
                           lun_of_target(vhost->target, vhost->lun));
}

static char *firmware_dev_path(FWPathProvider *provider, BusState *bus,
                               DeviceState *dev)
{
    Object *obj = OBJECT(dev);
    void *it;

    it = object_dynamic_cast(obj, TYPE_SCSI_DEVICE);
    if (it) {
        return bus ? disk_path(it, bus->parent) : NULL;
    }
    it = object_dynamic_cast(obj, TYPE_USB_DEVICE);
    if (it) {
        return usb_path(it);
    }
    it = object_dynamic_cast(obj, TYPE_PAPR_PHB);
    if (it) {
        return papr_phb_fw_path(it);
    }
    it = object_dynamic_cast(obj, TYPE_VHOST_SCSI_COMMON);
    if (it) {
        return vhost_scsi_path(it);
    }
    it = object_dynamic_cast(obj, TYPE_PCI_DEVICE);
    return it ? papr_pci_fw_name(it) : NULL;
}

void papr_machine_fw_path_class_init(ObjectClass *oc)
{
    FW_PATH_PROVIDER_CLASS(oc)->get_dev_path = firmware_dev_path;
}
