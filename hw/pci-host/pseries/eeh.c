/*
 * pSeries PCI host bridge: enhanced I/O error handling (EEH)
 *
 * A partitionable endpoint (PE) is stopped, reset and released as a whole after
 * a bus error.  A guest asks which PE a device is in, if any.  LoPAR section
 * 7.3.11.
 *
 * BQL held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "eeh.h"
#include "trace.h"

/* Table 7.61: "Function" of ibm,set-eeh-option */
enum { EEH_DISABLE, EEH_ENABLE, EEH_RELEASE_IO, EEH_RELEASE_DMA };

/* Table 7.62: of ibm,set-slot-reset */
enum { RESET_OFF = 0, RESET_HOT = 1, RESET_FUNDAMENTAL = 3 };

/* Table 7.65: of ibm,get-config-addr-info2, and what it tells */
enum { INFO_ADDRESS, INFO_SHARED };
enum { PE_NONE, PE_NOT_SHARED, PE_SHARED };

/* Table 7.63: Config_addr Capabilities */
enum { EEH_NOT_SUPPORTED, EEH_SUPPORTED };

/* Table 7.66 */
enum { ERROR_TEMPORARY = 1, ERROR_PERMANENT = 2 };
#define NO_LOG_RETURNED 1

/* The PE of @phb, or NULL */
static const PaprPeOps *pe_of(PaprPhb *phb)
{
    return phb->opt.eeh ? &papr_pe_emulated : papr_pe_host(phb);
}

typedef struct PeCount {
    const PaprPeOps *pe;
    unsigned int members;
} PeCount;

static void count_member(PCIBus *bus, PCIDevice *dev, void *opaque)
{
    PeCount *count = opaque;

    count->members += count->pe->member(dev);
}

static void count_members_of_bus(PCIBus *bus, void *opaque)
{
    pci_for_each_device_under_bus(bus, count_member, opaque);
}

static unsigned int count_members(PaprPhb *phb, const PaprPeOps *pe)
{
    PeCount count = { .pe = pe };

    pci_for_each_bus(PCI_HOST_BRIDGE(phb)->bus, count_members_of_bus, &count);
    return count.members;
}

/* All calls begin with config_addr and the two words of the bus unit id */
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
 * The address of the PE, to which all buses of the host bridge belong: its
 * primary bus, number 0, and a register so that the address is not 0.  Devices
 * that share a PE have the same address (Linux groups them by it).
 */
#define PE_PRIMARY_BUS  0
#define PE_ADDRESS      (PE_PRIMARY_BUS << 16 | 1)

/* Does @config_addr name the PE or a device in it?  Only the bus is checked */
static bool names_pe(PaprPhb *phb, const PaprPeOps *pe, uint32_t config_addr)
{
    PeCount count = { .pe = pe };
    uint32_t bus = config_addr >> 16 & 0xff;

    if (bus == PE_PRIMARY_BUS) {
        return count_members(phb, pe) != 0;
    }
    pci_for_each_device(PCI_HOST_BRIDGE(phb)->bus, bus, count_member, &count);
    return count.members != 0;
}

static int32_t set_eeh_option(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    static const PaprPeAction actions[] = {
        [EEH_DISABLE] = PAPR_PE_DISABLE_EEH,
        [EEH_ENABLE] = PAPR_PE_ENABLE_EEH,
        [EEH_RELEASE_IO] = PAPR_PE_RELEASE_IO,
        [EEH_RELEASE_DMA] = PAPR_PE_RELEASE_DMA,
    };
    PaprPhb *phb = call_bridge(opaque, call);
    const PaprPeOps *pe = phb ? pe_of(phb) : NULL;
    uint32_t function = call->args[3];

    if (!pe || function >= ARRAY_SIZE(actions) ||
        (function == EEH_ENABLE && !names_pe(phb, pe, call->args[0]))) {
        return eeh_status(call, RTAS_PARAMETER_ERROR);
    }
    return eeh_status(call, pe->act(phb, actions[function]));
}

static int32_t get_config_addr_info(PowerPCCPU *cpu, PaprRtasCall *call,
                                    void *opaque)
{
    PaprPhb *phb = call_bridge(opaque, call);
    PCIDevice *dev = phb ? papr_phb_device(phb, call->args[0]) : NULL;
    const PaprPeOps *pe = dev ? pe_of(phb) : NULL;

    if (dev && call->args[3] == INFO_SHARED) {
        call->rets[1] = !pe ? PE_NONE :
                        count_members(phb, pe) > 1 ? PE_SHARED : PE_NOT_SHARED;
        return eeh_status(call, RTAS_SUCCESS);
    }
    if (pe && call->args[3] == INFO_ADDRESS) {
        call->rets[1] = PE_ADDRESS;
        return eeh_status(call, RTAS_SUCCESS);
    }
    return eeh_status(call, RTAS_PARAMETER_ERROR);
}

static int32_t read_slot_reset_state(PowerPCCPU *cpu, PaprRtasCall *call,
                                     void *opaque)
{
    PaprPhb *phb = call_bridge(opaque, call);
    const PaprPeOps *pe = phb ? pe_of(phb) : NULL;

    if (!phb || (!pe && !papr_phb_device(phb, call->args[0]))) {
        return eeh_status(call, RTAS_PARAMETER_ERROR);
    }
    if (pe) {
        call->rets[1] = pe->state(phb, &call->rets[3]);
        call->rets[2] = EEH_SUPPORTED;
    } else {
        call->rets[1] = PAPR_PE_NORMAL;
        call->rets[2] = EEH_NOT_SUPPORTED;
    }
    return eeh_status(call, RTAS_SUCCESS);
}

static int32_t set_slot_reset(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprPhb *phb = call_bridge(opaque, call);
    const PaprPeOps *pe = phb ? pe_of(phb) : NULL;
    PaprPeAction action;

    switch (call->args[3]) {
    case RESET_OFF:
        action = PAPR_PE_RESET_OFF;
        break;
    case RESET_HOT:
        action = PAPR_PE_RESET_HOT;
        break;
    case RESET_FUNDAMENTAL:
        action = PAPR_PE_RESET_FUNDAMENTAL;
        break;
    default:
        return eeh_status(call, RTAS_PARAMETER_ERROR);
    }
    return eeh_status(call, pe ? pe->act(phb, action) : RTAS_PARAMETER_ERROR);
}

static int32_t configure_pe(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprPhb *phb = call_bridge(opaque, call);
    const PaprPeOps *pe = phb ? pe_of(phb) : NULL;

    return eeh_status(call, pe ? pe->act(phb, PAPR_PE_CONFIGURE)
                               : RTAS_PARAMETER_ERROR);
}

/* The platform has no error log to return */
static int32_t slot_error_detail(PowerPCCPU *cpu, PaprRtasCall *call,
                                 void *opaque)
{
    PaprPhb *phb = call_bridge(opaque, call);
    const PaprPeOps *pe = phb ? pe_of(phb) : NULL;
    uint32_t kind = call->args[7];

    if (!pe || (kind != ERROR_TEMPORARY && kind != ERROR_PERMANENT)) {
        return eeh_status(call, RTAS_PARAMETER_ERROR);
    }
    if (kind == ERROR_PERMANENT) {
        pe->act(phb, PAPR_PE_GIVE_UP);
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
    const PaprPeOps *pe = pe_of(phb);

    if (pe) {
        pe->reboot(phb);
    }
}
