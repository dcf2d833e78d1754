/*
 * pSeries platform: what a KVM host offers, a function for each capability
 *
 * Each returns the highest level that the host's kernel and processor offer a
 * guest, and in @why the reason why it is no higher.  Some capabilities have to
 * be enabled: papr_caps_enable_in_kvm().
 *
 * Called at machine init, by the engine (caps.c) through the table.  BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/pseries/abi.h"
#include "hw/pseries/accel.h"
#include "hw/pseries/kvm.h"
#include "target/ppc/cpu-models.h"
#include "target/ppc/kvm_ppc.h"
#include "host.h"
#include "speculation.h"
#include "table.h"

static PaprHostTraits traits_of(const PaprCapsHost *host)
{
    const PaprKvmFacts *kvm = host->kvm;

    return (PaprHostTraits) {
        .character = kvm->character,
        .character_mask = kvm->character_mask,
        .behaviour = kvm->behaviour,
        .behaviour_mask = kvm->behaviour_mask,
    };
}

uint8_t papr_kvm_htm(const PaprCapsHost *host, const char **why)
{
    *why = "the host offers no transactional memory";
    return host->kvm->htm;
}

uint8_t papr_kvm_cfpc(const PaprCapsHost *host, const char **why)
{
    PaprHostTraits traits = traits_of(host);

    *why = "the host knows of no better protection of the data cache";
    /* on POWER8 a core runs threads of one partition at a time */
    return papr_host_cfpc(&traits, papr_caps_cpu_class(host)->insns_flags2 &
                                   PPC2_ISA300);
}

uint8_t papr_kvm_sbbc(const PaprCapsHost *host, const char **why)
{
    PaprHostTraits traits = traits_of(host);

    *why = "the host knows of no better speculation barrier";
    return papr_host_sbbc(&traits);
}

uint8_t papr_kvm_ibs(const PaprCapsHost *host, const char **why)
{
    PaprHostTraits traits = traits_of(host);

    *why = "the host knows of no better protection of indirect branches";
    return papr_host_ibs(&traits);
}

uint8_t papr_kvm_ccf_assist(const PaprCapsHost *host, const char **why)
{
    PaprHostTraits traits = traits_of(host);

    *why = "the host has no such instruction";
    return papr_host_ccf_assist(&traits);
}

uint8_t papr_kvm_page_size(const PaprCapsHost *host, const char **why)
{
    if (!host->backing_shift || host->backing_shift >= PAPR_PAGE_SHIFT_MAX) {
        *why = "the largest page of the architecture is 16 GiB";
        return PAPR_PAGE_SHIFT_MAX;
    }
    *why = "KVM maps no page larger than those that back the guest's memory "
           "(-object memory-backend-file or memory-backend-memfd has huge "
           "ones)";
    return host->backing_shift;
}

uint8_t papr_kvm_nested_hv(const PaprCapsHost *host, const char **why)
{
    *why = "the host's KVM does not support it, or the CPU is older than "
           "POWER9";
    return host->kvm->nested_hv &&
           papr_caps_cpu_reaches(host, CPU_POWERPC_LOGICAL_3_00);
}

uint8_t papr_kvm_large_decr(const PaprCapsHost *host, const char **why)
{
    *why = "the host has none of this CPU's width, or the CPU is older than "
           "POWER9";
    /* the guest is told the width of its CPU model */
    return host->kvm->large_decr_bits &&
           host->kvm->large_decr_bits ==
               papr_caps_cpu_class(host)->lrg_decr_bits &&
           papr_caps_cpu_reaches(host, CPU_POWERPC_LOGICAL_3_00);
}

uint8_t papr_kvm_fwnmi(const PaprCapsHost *host, const char **why)
{
    *why = "the host's KVM reports no machine checks";
    return host->kvm->fwnmi;
}

uint8_t papr_kvm_rpt_invalidate(const PaprCapsHost *host, const char **why)
{
    *why = "the host's KVM has no such hypercall, or no radix translation";
    return host->kvm->rpt_invalidate && host->kvm->radix &&
           papr_caps_cpu_reaches(host, CPU_POWERPC_LOGICAL_3_00);
}

uint8_t papr_kvm_ail_mode_3(const PaprCapsHost *host, const char **why)
{
    *why = "the host's KVM has no AIL mode 3";
    return host->kvm->ail_mode_3 &&
           (papr_caps_cpu_class(host)->insns_flags2 & PPC2_ISA207S);
}

uint8_t papr_kvm_dawr1(const PaprCapsHost *host, const char **why)
{
    *why = "the host offers no DAWR1, or the CPU is older than POWER10";
    return host->kvm->dawr1 &&
           papr_caps_cpu_reaches(host, CPU_POWERPC_LOGICAL_3_10);
}

bool papr_caps_enable_in_kvm(const PaprCaps *caps, Error **errp)
{
    const struct {
        PaprCap cap;
        int (*enable)(int on);
    } switches[] = {
        { PAPR_CAP_NESTED_KVM_HV, kvmppc_set_cap_nested_kvm_hv },
        { PAPR_CAP_DAWR1, kvmppc_set_cap_dawr1 },
    };
    int rc;

    if (!papr_kvm_facts()) {
        return true;
    }
    for (int i = 0; i < ARRAY_SIZE(switches); i++) {
        const char *name = papr_cap_table[switches[i].cap].name;

        if (!papr_cap(caps, switches[i].cap)) {
            continue;
        }
        rc = switches[i].enable(1);
        if (rc < 0) {
            error_setg_errno(errp, -rc, "cap-%s=on: KVM refuses it, use "
                             "cap-%s=off", name, name);
            return false;
        }
    }
    if (papr_cap(caps, PAPR_CAP_RPT_INVALIDATE)) {
        rc = papr_accel->enable_hcall(H_RPT_INVALIDATE, true);
        if (rc < 0) {
            error_setg_errno(errp, -rc, "cap-rpt-invalidate=on: KVM refuses "
                             "it, use cap-rpt-invalidate=off");
            return false;
        }
    }
    return true;
}
