/*
 * pSeries PCI host bridge: enhanced I/O error handling (EEH)
 *
 * A partitionable endpoint (PE) is stopped, reset and released as a whole after
 * a bus error.  Emulated devices have no bus errors, so they are in no PE.
 * Devices of the host (VFIO) are: the host kernel handles errors, of one group
 * (its PE) in one container, so a bridge has one PE if its devices are of one
 * such group.  LoPAR section 7.3.11, PE states: table 7.59.
 *
 * BQL held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "hw/pseries/report.h"
#include "phb.h"
#include "trace.h"
#include CONFIG_DEVICES                 /* CONFIG_VFIO_PCI */

#ifdef CONFIG_VFIO_PCI
#include <sys/ioctl.h>
#include <linux/vfio.h>
#include "hw/pci/msix.h"
#include "hw/vfio/vfio-common.h"
#endif

/* Table 7.61: "Function" of ibm,set-eeh-option */
enum { EEH_DISABLE, EEH_ENABLE, EEH_RELEASE_IO, EEH_RELEASE_DMA };

/* Table 7.62: of ibm,set-slot-reset */
enum { RESET_OFF = 0, RESET_HOT = 1, RESET_FUNDAMENTAL = 3 };

/* Table 7.65: of ibm,get-config-addr-info2, and what it tells */
enum { INFO_ADDRESS, INFO_SHARED };
enum { PE_NONE, PE_NOT_SHARED, PE_SHARED };

/* Table 7.63: PE Reset State, Config_addr Capabilities, PE Unavailable Info */
enum { STATE_NORMAL = 0, STATE_UNAVAILABLE = 5 };
enum { EEH_NOT_SUPPORTED, EEH_SUPPORTED };
#define UNAVAILABLE_MS 1000

/* Table 7.66 */
enum { ERROR_TEMPORARY = 1, ERROR_PERMANENT = 2 };
#define NO_LOG_RETURNED 1

/* Operations on a PE by the host; negative errno if it can't */
typedef enum PeOp {
    PE_DISABLE, PE_ENABLE, PE_RELEASE_IO, PE_RELEASE_DMA, PE_STATE,
    PE_RESET_OFF, PE_RESET_HOT, PE_RESET_FUNDAMENTAL, PE_CONFIGURE,
} PeOp;

typedef struct PeDevices {
    PCIDevice *first;
    unsigned int n;
} PeDevices;

static void count_vfio(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    PeDevices *found = opaque;

    if (object_dynamic_cast(OBJECT(dev), "vfio-pci") && found->n++ == 0) {
        found->first = dev;
    }
}

static void count_vfio_of_bus(PCIBus *bus, void *opaque)
{
    pci_for_each_device_under_bus(bus, count_vfio, opaque);
}

/* The host's devices behind @phb */
static PeDevices pe_devices(PaprPhb *phb)
{
    PeDevices found = { 0 };

    pci_for_each_bus(PCI_HOST_BRIDGE(phb)->bus, count_vfio_of_bus, &found);
    return found;
}

#ifdef CONFIG_VFIO_PCI

/* The one container of the bridge's devices if it has one group; or NULL */
static VFIOContainer *pe_container(PaprPhb *phb)
{
    VFIOAddressSpace *space;
    VFIOContainerBase *base;
    VFIOContainer *container = NULL;

    /* there is a space in VFIO's list for each one that it was asked for */
    if (!pe_devices(phb).n) {
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

static int pe_op(PaprPhb *phb, PeOp op)
{
    static const uint32_t host_ops[] = {
        [PE_DISABLE] = VFIO_EEH_PE_DISABLE,
        [PE_ENABLE] = VFIO_EEH_PE_ENABLE,
        [PE_RELEASE_IO] = VFIO_EEH_PE_UNFREEZE_IO,
        [PE_RELEASE_DMA] = VFIO_EEH_PE_UNFREEZE_DMA,
        [PE_STATE] = VFIO_EEH_PE_GET_STATE,
        [PE_RESET_OFF] = VFIO_EEH_PE_RESET_DEACTIVATE,
        [PE_RESET_HOT] = VFIO_EEH_PE_RESET_HOT,
        [PE_RESET_FUNDAMENTAL] = VFIO_EEH_PE_RESET_FUNDAMENTAL,
        [PE_CONFIGURE] = VFIO_EEH_PE_CONFIGURE,
    };
    VFIOContainer *container = pe_container(phb);
    struct vfio_eeh_pe_op request = {
        .argsz = sizeof(request),
        .op = host_ops[op],
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

static bool has_pe(PaprPhb *phb)
{
    VFIOContainer *container = pe_container(phb);

    return container &&
           ioctl(container->fd, VFIO_CHECK_EXTENSION, VFIO_EEH) > 0;
}

/*
 * A reset clears the device's MSI-X table; VFIO has to hear of it to set up its
 * interrupts anew when the guest enables them again.
 */
static void forget_msix(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    uint32_t addr = dev->msix_cap + PCI_MSIX_FLAGS;
    uint16_t flags;

    if (!object_dynamic_cast(OBJECT(dev), "vfio-pci") || !msix_present(dev)) {
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

#else

static int pe_op(PaprPhb *phb, PeOp op)
{
    return -ENODEV;
}

static bool has_pe(PaprPhb *phb)
{
    return false;
}

static void prepare_reset(PaprPhb *phb)
{
}

#endif

/* All calls begin with these three arguments */
static PaprPhb *call_bridge(PaprPci *pci, const PaprRtasCall *call)
{
    return papr_pci_find(pci, &call->args[1]);
}

static int32_t eeh_status(const PaprRtasCall *call, int32_t status)
{
    trace_papr_eeh_call(call->token, call->args[0], status);
    return status;
}

/*
 * The PE's address has no function in it: its primary bus, and a register so
 * that it is not 0.
 */
static uint32_t pe_address(PCIDevice *dev)
{
    return pci_dev_bus_num(dev) << 16 | 1;
}

/* Guests name the PE or a device of it: one on that bus will do */
static bool names_pe(PaprPhb *phb, uint32_t config_addr)
{
    PeDevices found = { 0 };

    pci_for_each_device(PCI_HOST_BRIDGE(phb)->bus, config_addr >> 16 & 0xff,
                        count_vfio, &found);
    return found.n != 0;
}

static int32_t set_eeh_option(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    static const PeOp ops[] = {
        [EEH_DISABLE] = PE_DISABLE,
        [EEH_ENABLE] = PE_ENABLE,
        [EEH_RELEASE_IO] = PE_RELEASE_IO,
        [EEH_RELEASE_DMA] = PE_RELEASE_DMA,
    };
    PaprPhb *phb = call_bridge(opaque, call);
    uint32_t function = call->args[3];

    if (!phb || function >= ARRAY_SIZE(ops) || !has_pe(phb) ||
        (function == EEH_ENABLE && !names_pe(phb, call->args[0]))) {
        return eeh_status(call, RTAS_PARAMETER_ERROR);
    }
    return eeh_status(call, pe_op(phb, ops[function]) < 0
                            ? RTAS_HARDWARE_ERROR : RTAS_SUCCESS);
}

static int32_t get_config_addr_info(PowerPCCPU *cpu, PaprRtasCall *call,
                                    void *opaque)
{
    PaprPhb *phb = call_bridge(opaque, call);
    PCIDevice *dev = phb ? papr_phb_device(phb, call->args[0]) : NULL;

    if (dev && call->args[3] == INFO_SHARED) {
        call->rets[1] = !has_pe(phb) ? PE_NONE :
                        pe_devices(phb).n > 1 ? PE_SHARED : PE_NOT_SHARED;
        return eeh_status(call, RTAS_SUCCESS);
    }
    if (dev && call->args[3] == INFO_ADDRESS && has_pe(phb)) {
        call->rets[1] = pe_address(dev);
        return eeh_status(call, RTAS_SUCCESS);
    }
    return eeh_status(call, RTAS_PARAMETER_ERROR);
}

static int32_t read_slot_reset_state(PowerPCCPU *cpu, PaprRtasCall *call,
                                     void *opaque)
{
    PaprPhb *phb = call_bridge(opaque, call);
    int state;

    if (!phb) {
        return eeh_status(call, RTAS_PARAMETER_ERROR);
    }
    if (!has_pe(phb)) {
        if (!papr_phb_device(phb, call->args[0])) {
            return eeh_status(call, RTAS_PARAMETER_ERROR);
        }
        call->rets[1] = STATE_NORMAL;
        call->rets[2] = EEH_NOT_SUPPORTED;
        return eeh_status(call, RTAS_SUCCESS);
    }
    /* unavailable for good if the host can't tell: 7.3.11.3, note 2 */
    state = pe_op(phb, PE_STATE);
    call->rets[1] = state < 0 ? STATE_UNAVAILABLE : state;
    call->rets[2] = EEH_SUPPORTED;
    call->rets[3] = state < 0 ? 0 : UNAVAILABLE_MS;
    return eeh_status(call, RTAS_SUCCESS);
}

static int32_t set_slot_reset(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprPhb *phb = call_bridge(opaque, call);
    PeOp op;

    switch (call->args[3]) {
    case RESET_OFF:
        op = PE_RESET_OFF;
        break;
    case RESET_HOT:
        op = PE_RESET_HOT;
        break;
    case RESET_FUNDAMENTAL:
        op = PE_RESET_FUNDAMENTAL;
        break;
    default:
        return eeh_status(call, RTAS_PARAMETER_ERROR);
    }
    if (!phb || !has_pe(phb)) {
        return eeh_status(call, RTAS_PARAMETER_ERROR);
    }
    if (op != PE_RESET_OFF) {
        prepare_reset(phb);
    }
    return eeh_status(call, pe_op(phb, op) < 0 ? RTAS_HARDWARE_ERROR
                                               : RTAS_SUCCESS);
}

/* Errors show at the next access: 7.3.12.2, second implementation note */
static int32_t configure_pe(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprPhb *phb = call_bridge(opaque, call);

    if (!phb || !has_pe(phb)) {
        return eeh_status(call, RTAS_PARAMETER_ERROR);
    }
    pe_op(phb, PE_CONFIGURE);
    return eeh_status(call, RTAS_SUCCESS);
}

/* The host keeps its logs to itself */
static int32_t slot_error_detail(PowerPCCPU *cpu, PaprRtasCall *call,
                                 void *opaque)
{
    PaprPhb *phb = call_bridge(opaque, call);
    uint32_t kind = call->args[7];

    if (!phb || !has_pe(phb) ||
        (kind != ERROR_TEMPORARY && kind != ERROR_PERMANENT)) {
        return eeh_status(call, RTAS_PARAMETER_ERROR);
    }
    return eeh_status(call, NO_LOG_RETURNED);
}

static const PaprRtasEntry eeh_calls[] = {
    { RTAS_IBM_SET_EEH_OPTION, 4, 1, set_eeh_option },
    { RTAS_IBM_GET_CONFIG_ADDR_INFO2, 4, 2, get_config_addr_info },
    { RTAS_IBM_READ_SLOT_RESET_STATE2, 3, 4, read_slot_reset_state },
    { RTAS_IBM_SET_SLOT_RESET, 4, 1, set_slot_reset },
    { RTAS_IBM_CONFIGURE_PE, 3, 1, configure_pe },
    { RTAS_IBM_SLOT_ERROR_DETAIL, 8, 1, slot_error_detail },
};

void papr_pci_register_eeh(PaprPci *pci)
{
    papr_rtas_register(pci->config.rtas, eeh_calls, ARRAY_SIZE(eeh_calls), pci);
}

/* A PE that an error has stopped works again after a reboot */
void papr_phb_eeh_reset(PaprPhb *phb)
{
    if (has_pe(phb)) {
        pe_op(phb, PE_ENABLE);
    }
}
