/*
 * Names of KVM's capabilities and devices, for ioctl-watch.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KVM_NAMES_H
#define KVM_NAMES_H

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <linux/kvm.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

typedef struct Name {
    const char *name;
    unsigned long value;
} Name;

#define N(symbol) { #symbol, symbol }

static const Name caps[] = {
    N(KVM_CAP_BINARY_STATS_FD), N(KVM_CAP_COALESCED_MMIO),
    N(KVM_CAP_DESTROY_MEMORY_REGION_WORKS), N(KVM_CAP_DEVICE_CTRL),
    N(KVM_CAP_DIRTY_LOG_RING), N(KVM_CAP_ENABLE_CAP_VM),
    N(KVM_CAP_IMMEDIATE_EXIT), N(KVM_CAP_INTERNAL_ERROR_DATA),
    N(KVM_CAP_IOEVENTFD), N(KVM_CAP_IOEVENTFD_ANY_LENGTH), N(KVM_CAP_IRQFD),
    N(KVM_CAP_IRQFD_RESAMPLE), N(KVM_CAP_IRQ_INJECT_STATUS),
    N(KVM_CAP_IRQ_MPIC), N(KVM_CAP_IRQ_ROUTING), N(KVM_CAP_IRQ_XICS),
    N(KVM_CAP_JOIN_MEMORY_REGIONS_WORKS), N(KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2),
    N(KVM_CAP_MAX_VCPUS), N(KVM_CAP_MAX_VCPU_ID), N(KVM_CAP_MP_STATE),
    N(KVM_CAP_MULTI_ADDRESS_SPACE), N(KVM_CAP_NESTED_STATE),
    N(KVM_CAP_NR_MEMSLOTS), N(KVM_CAP_NR_VCPUS), N(KVM_CAP_ONE_REG),
    N(KVM_CAP_PPC_AIL_MODE_3), N(KVM_CAP_PPC_ALLOC_HTAB), N(KVM_CAP_PPC_DAWR1),
    N(KVM_CAP_PPC_ENABLE_HCALL), N(KVM_CAP_PPC_EPR), N(KVM_CAP_PPC_FIXUP_HCALL),
    N(KVM_CAP_PPC_FWNMI), N(KVM_CAP_PPC_GET_CPU_CHAR),
    N(KVM_CAP_PPC_GET_PVINFO), N(KVM_CAP_PPC_GET_SMMU_INFO),
    N(KVM_CAP_PPC_GUEST_DEBUG_SSTEP), N(KVM_CAP_PPC_HTAB_FD),
    N(KVM_CAP_PPC_HTM), N(KVM_CAP_PPC_HWRNG), N(KVM_CAP_PPC_IRQ_LEVEL),
    N(KVM_CAP_PPC_IRQ_XIVE), N(KVM_CAP_PPC_MMU_HASH_V3),
    N(KVM_CAP_PPC_MMU_RADIX), N(KVM_CAP_PPC_NESTED_HV),
    N(KVM_CAP_PPC_PAIRED_SINGLES), N(KVM_CAP_PPC_PAPR), N(KVM_CAP_PPC_RMA),
    N(KVM_CAP_PPC_RPT_INVALIDATE), N(KVM_CAP_PPC_RTAS),
    N(KVM_CAP_PPC_SECURE_GUEST), N(KVM_CAP_PPC_SEGSTATE), N(KVM_CAP_PPC_SMT),
    N(KVM_CAP_PPC_SMT_POSSIBLE), N(KVM_CAP_PPC_UNSET_IRQ),
    N(KVM_CAP_READONLY_MEM), N(KVM_CAP_SET_GUEST_DEBUG), N(KVM_CAP_SIGNAL_MSI),
    N(KVM_CAP_SPAPR_MULTITCE), N(KVM_CAP_SPAPR_RESIZE_HPT),
    N(KVM_CAP_SPAPR_TCE), N(KVM_CAP_SPAPR_TCE_64), N(KVM_CAP_SPAPR_TCE_VFIO),
    N(KVM_CAP_SYNC_MMU), N(KVM_CAP_USER_MEMORY), N(KVM_CAP_VM_ATTRIBUTES),
};

static const Name device_types[] = {
    { "MPIC", KVM_DEV_TYPE_FSL_MPIC_20 }, { "VFIO", KVM_DEV_TYPE_VFIO },
    { "XICS", KVM_DEV_TYPE_XICS }, { "XIVE", KVM_DEV_TYPE_XIVE },
};

static const Name *by_value(const Name *names, size_t n, unsigned long value)
{
    for (size_t i = 0; i < n; i++) {
        if (names[i].value == value) {
            return &names[i];
        }
    }
    return NULL;
}

static const Name *by_name(const Name *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i].name, name) == 0) {
            return &names[i];
        }
    }
    return NULL;
}

static const char *cap_name(unsigned long cap, char *buf, size_t size)
{
    const Name *found = by_value(caps, ARRAY_SIZE(caps), cap);

    snprintf(buf, size, "%lu", cap);
    return found ? found->name : buf;
}

static const char *device_type(unsigned long type)
{
    const Name *found = by_value(device_types, ARRAY_SIZE(device_types), type);

    return found ? found->name : "device";
}

#endif
