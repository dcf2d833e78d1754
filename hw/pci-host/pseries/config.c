/*
 * pSeries PCI host bridge (PHB): configuration space
 *
 * The RTAS calls by which firmware and guest reach the registers of devices:
 * LoPAR section 7.3.4.  Accesses to devices that do not exist succeed: reads
 * give all ones, writes have no effect.  BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "pe.h"
#include "phb.h"
#include "trace.h"

#define ALL_ONES UINT32_MAX

/* Register number: bits 11-8 in bits 31-28 of the address, LoPAR Table 7.20 */
static uint32_t register_of(uint32_t config_addr)
{
    return (config_addr >> 20 & 0xf00) | (config_addr & 0xff);
}

static int32_t refuse_access(const char *why, uint32_t config_addr,
                             uint32_t size)
{
    qemu_log_mask(LOG_GUEST_ERROR, "PCI configuration: address 0x%08x, %u "
                  "bytes: %s\n", config_addr, size, why);
    return RTAS_PARAMETER_ERROR;
}

static uint32_t space_size(PaprPhb *phb, PCIDevice *dev)
{
    uint32_t size = pci_config_size(dev);

    return phb->opt.extended_config ? size : MIN(size, PCI_CONFIG_SPACE_SIZE);
}

/* RTAS_SUCCESS, with @dev NULL if no function answers there */
static int32_t find_register(PaprPhb *phb, uint32_t config_addr, uint32_t size,
                             PCIDevice **dev)
{
    if (size != 1 && size != 2 && size != 4) {
        return refuse_access("size not 1, 2 or 4", config_addr, size);
    }
    if (config_addr & (size - 1)) {
        return refuse_access("unaligned", config_addr, size);
    }
    if (!phb) {
        return refuse_access("no such host bridge", config_addr, size);
    }
    *dev = papr_phb_device(phb, config_addr);
    if (*dev && register_of(config_addr) >= space_size(phb, *dev)) {
        return refuse_access("beyond the device's space", config_addr, size);
    }
    if (papr_pe_stops_io(phb->pe_state)) {
        *dev = NULL;
    }
    return RTAS_SUCCESS;
}

static int32_t config_read(PaprPhb *phb, uint32_t config_addr, uint32_t size,
                           uint32_t *value)
{
    PCIDevice *dev = NULL;
    int32_t status;

    *value = ALL_ONES;
    status = find_register(phb, config_addr, size, &dev);
    if (dev && status == RTAS_SUCCESS) {
        *value = pci_host_config_read_common(dev, register_of(config_addr),
                                             space_size(phb, dev), size);
    }
    if (size < 4 && status == RTAS_SUCCESS) {
        *value &= (1u << 8 * size) - 1;
    }
    trace_papr_pci_config_read(phb ? phb->opt.index : -1, config_addr, size,
                               *value, status);
    return status;
}

static int32_t config_write(PaprPhb *phb, uint32_t config_addr, uint32_t size,
                            uint32_t value)
{
    PCIDevice *dev = NULL;
    int32_t status = find_register(phb, config_addr, size, &dev);

    if (dev && status == RTAS_SUCCESS) {
        pci_host_config_write_common(dev, register_of(config_addr),
                                     space_size(phb, dev), value, size);
    }
    trace_papr_pci_config_write(phb ? phb->opt.index : -1, config_addr, size,
                                value, status);
    return status;
}

/*
 * The old calls do not name a bridge, and two bridges may have the same bus
 * number, so the calls are served only if there is one bridge.
 */
static PaprPhb *only_phb(PaprPci *pci)
{
    PaprPhb *found = NULL;

    for (int i = 0; i < PAPR_PHB_MAX; i++) {
        PaprPhb *phb = papr_pci_bridge(pci, i);

        if (phb && found) {
            return NULL;
        }
        found = phb ?: found;
    }
    return found;
}

/* config_addr, bus unit id (BUID, two words), size -> status, value */
static int32_t rtas_ibm_read(PowerPCCPU *cpu, PaprRtasCall *call, void *pci)
{
    return config_read(papr_pci_find(pci, &call->args[1]), call->args[0],
                       call->args[3], &call->rets[1]);
}

/* config_addr, BUID (two words), size, value -> status */
static int32_t rtas_ibm_write(PowerPCCPU *cpu, PaprRtasCall *call, void *pci)
{
    return config_write(papr_pci_find(pci, &call->args[1]), call->args[0],
                        call->args[3], call->args[4]);
}

/* config_addr, size -> status, value */
static int32_t rtas_read(PowerPCCPU *cpu, PaprRtasCall *call, void *pci)
{
    return config_read(only_phb(pci), call->args[0], call->args[1],
                       &call->rets[1]);
}

/* config_addr, size, value -> status */
static int32_t rtas_write(PowerPCCPU *cpu, PaprRtasCall *call, void *pci)
{
    return config_write(only_phb(pci), call->args[0], call->args[1],
                        call->args[2]);
}

static const PaprRtasEntry config_calls[] = {
    { RTAS_READ_PCI_CONFIG, 2, 2, rtas_read },
    { RTAS_WRITE_PCI_CONFIG, 3, 1, rtas_write },
    { RTAS_IBM_READ_PCI_CONFIG, 4, 2, rtas_ibm_read },
    { RTAS_IBM_WRITE_PCI_CONFIG, 5, 1, rtas_ibm_write },
};

void papr_pci_register_config(PaprPci *pci)
{
    papr_rtas_register(pci->config.rtas, config_calls,
                       ARRAY_SIZE(config_calls), pci);
}
