/*
 * pSeries platform: plug and unplug of virtio-mem
 *
 * virtio-mem is memory in the area behind boot memory, of which the guest plugs
 * blocks by a virtqueue, and a PCI device with the connector of its slot.  So
 * the machine is its hotplug handler, and calls the host bridge's handler for
 * what any PCI device needs.  The connectors of logical memory blocks (LMB) at
 * its addresses stay empty.
 *
 * With the BQL (big QEMU lock) held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/mem/memory-device.h"
#include "hw/pci/pci_bus.h"
#include "hw/virtio/virtio-md-pci.h"
#include "system/hostmem.h"
#include "machine.h"

void papr_virtio_mem_pre_plug(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    MemoryDeviceState *md = MEMORY_DEVICE(dev);
    HostMemoryBackend *backend = (HostMemoryBackend *)
        object_property_get_link(OBJECT(dev), "memdev", NULL);

    if (!papr_machine_check_blocks(dev, backend,
                                   MEMORY_DEVICE_GET_CLASS(md)->get_addr(md),
                                   "memaddr", errp) ||
        !papr_machine_kvm_check_backing(
            pm, host_memory_backend_pagesize(backend), errp)) {
        return;
    }
    virtio_md_pci_pre_plug(VIRTIO_MD_PCI(dev), MACHINE(pm), errp);
}

void papr_virtio_mem_plug(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    virtio_md_pci_plug(VIRTIO_MD_PCI(dev), MACHINE(pm), errp);
    papr_machine_update_memory(pm);
}

/* Refused while the guest has blocks of it plugged */
void papr_virtio_mem_unplug_request(PaprMachine *pm, DeviceState *dev,
                                    Error **errp)
{
    virtio_md_pci_unplug_request(VIRTIO_MD_PCI(dev), MACHINE(pm), errp);
}

void papr_virtio_mem_unplug(PaprMachine *pm, DeviceState *dev, Error **errp)
{
    virtio_md_pci_unplug(VIRTIO_MD_PCI(dev), MACHINE(pm), errp);
    papr_machine_update_memory(pm);
}

typedef void VisitVirtioMem(VirtIOMDPCI *vmd, void *opaque);

typedef struct VirtioMemWalk {
    VisitVirtioMem *visit;
    void *opaque;
} VirtioMemWalk;

static void visit_if_virtio_mem(PCIBus *bus, PCIDevice *pdev, void *opaque)
{
    VirtioMemWalk *walk = opaque;

    if (object_dynamic_cast(OBJECT(pdev), TYPE_VIRTIO_MD_PCI)) {
        walk->visit(VIRTIO_MD_PCI(pdev), walk->opaque);
    }
}

static void visit_devices_of_bus(PCIBus *bus, void *walk)
{
    pci_for_each_device_under_bus(bus, visit_if_virtio_mem, walk);
}

static void visit_virtio_mem_behind(PaprPhb *phb, VisitVirtioMem *visit,
                                    void *opaque)
{
    VirtioMemWalk walk = { visit, opaque };

    pci_for_each_bus(papr_phb_bus(phb), visit_devices_of_bus, &walk);
}

static void check_unused(VirtIOMDPCI *vmd, void *errp)
{
    if (!*(Error **)errp) {
        VIRTIO_MD_PCI_GET_CLASS(vmd)->unplug_request_check(vmd, errp);
    }
}

bool papr_virtio_mem_unused_behind(PaprPhb *phb, Error **errp)
{
    ERRP_GUARD();

    visit_virtio_mem_behind(phb, check_unused, errp);
    return !*errp;
}

static void unplug_memory(VirtIOMDPCI *vmd, void *machine)
{
    memory_device_unplug(MEMORY_DEVICE(vmd), machine);
}

void papr_virtio_mem_unplug_behind(PaprMachine *pm, PaprPhb *phb)
{
    visit_virtio_mem_behind(phb, unplug_memory, pm);
    if (MACHINE(pm)->device_memory) {
        papr_machine_update_memory(pm);
    }
}
