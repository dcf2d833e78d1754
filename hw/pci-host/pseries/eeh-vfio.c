/*
 * pSeries PCI host bridge: EEH (enhanced I/O error handling) of the host's
 * devices
 *
 * The host kernel handles errors of a VFIO group, which is a PE (partitionable
 * endpoint), if it is the only group in its container.  So a bridge has a PE if
 * its devices of the host are of one such group.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "hw/pseries/report.h"
#include "eeh.h"
#include CONFIG_DEVICES                 /* CONFIG_VFIO_PCI */

#ifdef CONFIG_VFIO_PCI
#include <sys/ioctl.h>
#include <linux/vfio.h>
#include "hw/pci/msix.h"
#include "hw/vfio/vfio-common.h"

#define UNAVAILABLE_MS 1000

static bool is_vfio(PCIDevice *dev)
{
    return object_dynamic_cast(OBJECT(dev), "vfio-pci");
}

static void find_vfio(PCIBus *bus, PCIDevice *dev, void *found)
{
    *(bool *)found |= is_vfio(dev);
}

static void find_vfio_of_bus(PCIBus *bus, void *found)
{
    pci_for_each_device_under_bus(bus, find_vfio, found);
}

static bool has_vfio(PaprPhb *phb)
{
    bool found = false;

    pci_for_each_bus(PCI_HOST_BRIDGE(phb)->bus, find_vfio_of_bus, &found);
    return found;
}

/* The one container of the bridge's devices if it has one group; or NULL */
static VFIOContainer *pe_container(PaprPhb *phb)
{
    VFIOAddressSpace *space;
    VFIOContainerBase *base;
    VFIOContainer *container = NULL;

    /* without VFIO devices vfio_get_address_space() would create a space */
    if (!has_vfio(phb)) {
        return NULL;
    }
    space = vfio_get_address_space(&phb->dma_as);
    base = QLIST_FIRST(&space->containers);
    if (base && !QLIST_NEXT(base, next) &&
        object_dynamic_cast(OBJECT(base), TYPE_VFIO_IOMMU_LEGACY)) {
        VFIOGroup *group;

        container = VFIO_IOMMU_LEGACY(base);
        group = QLIST_FIRST(&container->group_list);
        if (!group || QLIST_NEXT(group, container_next)) {
            container = NULL;
        }
    }
    vfio_put_address_space(space);
    return container;
}

/* Returns what the host kernel does, a negative errno if it can't */
static int host_op(PaprPhb *phb, uint32_t op)
{
    VFIOContainer *container = pe_container(phb);
    struct vfio_eeh_pe_op request = {
        .argsz = sizeof(request),
        .op = op,
    };
    static PaprReportLimit limit;
    int ret;

    if (!container) {
        return -ENODEV;
    }
    ret = ioctl(container->fd, VFIO_EEH_PE_OP, &request);
    if (ret < 0) {
        ret = -errno;
        if (papr_report_allowed(&limit)) {
            warn_report("EEH operation %u of host bridge %u: %s", request.op,
                        phb->opt.index, strerror(-ret));
        }
    }
    return ret;
}

/*
 * A reset clears the device's MSI-X table.  MSI-X is disabled first, so that
 * VFIO sets up its interrupts again when the guest enables MSI-X again.
 */
static void forget_msix(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    uint32_t addr = dev->msix_cap + PCI_MSIX_FLAGS;
    uint16_t flags;

    if (!is_vfio(dev) || !msix_present(dev)) {
        return;
    }
    if (msix_enabled(dev)) {
        flags = pci_get_word(dev->config + addr) & ~PCI_MSIX_FLAGS_ENABLE;
        pci_host_config_write_common(dev, addr, pci_config_size(dev), flags, 2);
    }
    msix_reset(dev);
}

static void forget_msix_of_bus(PCIBus *bus, void *opaque)
{
    pci_for_each_device_under_bus(bus, forget_msix, opaque);
}

static void prepare_reset(PaprPhb *phb)
{
    pci_for_each_bus(PCI_HOST_BRIDGE(phb)->bus, forget_msix_of_bus, NULL);
}

static int32_t host_pe_act(PaprPhb *phb, PaprPeAction action)
{
    static const uint32_t host_ops[] = {
        [PAPR_PE_DISABLE_EEH] = VFIO_EEH_PE_DISABLE,
        [PAPR_PE_ENABLE_EEH] = VFIO_EEH_PE_ENABLE,
        [PAPR_PE_RELEASE_IO] = VFIO_EEH_PE_UNFREEZE_IO,
        [PAPR_PE_RELEASE_DMA] = VFIO_EEH_PE_UNFREEZE_DMA,
        [PAPR_PE_RESET_OFF] = VFIO_EEH_PE_RESET_DEACTIVATE,
        [PAPR_PE_RESET_HOT] = VFIO_EEH_PE_RESET_HOT,
        [PAPR_PE_RESET_FUNDAMENTAL] = VFIO_EEH_PE_RESET_FUNDAMENTAL,
        [PAPR_PE_CONFIGURE] = VFIO_EEH_PE_CONFIGURE,
    };
    int ret;

    if (action == PAPR_PE_GIVE_UP) {
        return RTAS_SUCCESS;            /* the host has no such operation */
    }
    if (action == PAPR_PE_RESET_HOT || action == PAPR_PE_RESET_FUNDAMENTAL) {
        prepare_reset(phb);
    }
    ret = host_op(phb, host_ops[action]);
    /* a failed configuration shows at the next access: LoPAR 7.3.12.2 */
    return ret < 0 && action != PAPR_PE_CONFIGURE ? RTAS_HARDWARE_ERROR
                                                  : RTAS_SUCCESS;
}

/* Unavailable for ever if the host can't tell: LoPAR 7.3.11.3, note 2 */
static PaprPeState host_pe_state(PaprPhb *phb, uint32_t *wait)
{
    int ret = host_op(phb, VFIO_EEH_PE_GET_STATE);

    *wait = ret < 0 ? 0 : UNAVAILABLE_MS;
    return ret < 0 ? PAPR_PE_UNAVAILABLE : ret;
}

static void host_pe_reboot(PaprPhb *phb)
{
    host_op(phb, VFIO_EEH_PE_ENABLE);
}

static const PaprPeOps host_pe = {
    .member = is_vfio,
    .act = host_pe_act,
    .state = host_pe_state,
    .reboot = host_pe_reboot,
};

const PaprPeOps *papr_pe_host(PaprPhb *phb)
{
    VFIOContainer *container = pe_container(phb);

    return container &&
           ioctl(container->fd, VFIO_CHECK_EXTENSION, VFIO_EEH) > 0
           ? &host_pe : NULL;
}

#else

const PaprPeOps *papr_pe_host(PaprPhb *phb)
{
    return NULL;
}

#endif
