/*
 * pSeries platform: the capability table
 *
 * One row for each capability: its option, its default, and what CPU model and
 * accelerator offer.  Under TCG there is no transactional memory and none of
 * the speculation barriers has a meaning, so their level is the lowest one: the
 * emulated processor neither speculates nor has a cache that a flush
 * instruction could empty.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "target/ppc/cpu-models.h"
#include "host.h"
#include "table.h"

static uint8_t not_emulated(const PaprCapsHost *host, const char **why)
{
    *why = "TCG does not emulate it";
    return 0;
}

static uint8_t offered_vsx(const PaprCapsHost *host, const char **why)
{
    *why = "the CPU model has no VSX";
    return !!(papr_caps_cpu_class(host)->insns_flags2 & PPC2_VSX);
}

static uint8_t offered_dfp(const PaprCapsHost *host, const char **why)
{
    *why = "the CPU model has no decimal floating point";
    return !!(papr_caps_cpu_class(host)->insns_flags2 & PPC2_DFP);
}

static uint8_t offered_page_size(const PaprCapsHost *host, const char **why)
{
    *why = "the largest page of the architecture is 16 GiB";
    return PAPR_PAGE_SHIFT_MAX;
}

static uint8_t offered_isa3(const PaprCapsHost *host, const char **why)
{
    *why = "only POWER9 and later CPUs have it";
    return papr_caps_cpu_reaches(host, CPU_POWERPC_LOGICAL_3_00);
}

static uint8_t not_in_kvm(const PaprCapsHost *host, const char **why)
{
    *why = "KVM does not implement it";
    return 0;
}

static uint8_t offered_large_decr(const PaprCapsHost *host, const char **why)
{
    *why = "Large decrementer only supported on POWER9 and later CPUs";
    return papr_caps_cpu_reaches(host, CPU_POWERPC_LOGICAL_3_00);
}

static uint8_t offered_always(const PaprCapsHost *host, const char **why)
{
    *why = NULL;
    return 1;
}

static uint8_t offered_ail_mode_3(const PaprCapsHost *host, const char **why)
{
    *why = "AIL mode 3 is only supported on POWER8 and later CPUs";
    return !!(papr_caps_cpu_class(host)->insns_flags2 & PPC2_ISA207S);
}

static uint8_t offered_dawr1(const PaprCapsHost *host, const char **why)
{
    *why = "DAWR1 is only supported on POWER10 and later CPUs";
    return papr_caps_cpu_reaches(host, CPU_POWERPC_LOGICAL_3_10);
}

static const char *const three_levels[] = {
    "broken", "workaround", "fixed", NULL
};

static const char *const ibs_levels[] = {
    "broken", "workaround", "fixed-ibs", "fixed-ccd", "fixed-na", NULL
};

const PaprCapInfo papr_cap_table[PAPR_CAP_NUM] = {
    [PAPR_CAP_HTM] = {
        "htm", "Transactional memory (HTM)",
        PAPR_CAP_SWITCH, .initial = 0,
        .min_pvr = CPU_POWERPC_LOGICAL_2_07,
        .in_tcg = not_emulated, .in_kvm = papr_kvm_htm,
    },
    [PAPR_CAP_VSX] = {
        "vsx", "Vector-scalar instructions (VSX)",
        PAPR_CAP_SWITCH, .initial = 1,
        .min_pvr = CPU_POWERPC_LOGICAL_2_06,
        .in_tcg = offered_vsx, .in_kvm = offered_vsx,
    },
    [PAPR_CAP_DFP] = {
        "dfp", "Decimal floating point instructions (DFP)",
        PAPR_CAP_SWITCH, .initial = 1,
        .min_pvr = CPU_POWERPC_LOGICAL_2_06,
        .in_tcg = offered_dfp, .in_kvm = offered_dfp,
    },
    [PAPR_CAP_CFPC] = {
        "cfpc",
        "Flush of the L1 data cache when privilege falls (broken, workaround, "
        "fixed)",
        PAPR_CAP_LEVELS, three_levels, PAPR_CAP_WORKAROUND,
        .min_pvr = CPU_POWERPC_LOGICAL_2_07,
        .in_tcg = not_emulated, .in_kvm = papr_kvm_cfpc,
        .advice = true,
    },
    [PAPR_CAP_SBBC] = {
        "sbbc",
        "Speculation barrier for bounds checks (broken, workaround, fixed)",
        PAPR_CAP_LEVELS, three_levels, PAPR_CAP_WORKAROUND,
        .min_pvr = CPU_POWERPC_LOGICAL_2_06_PLUS,
        .in_tcg = not_emulated, .in_kvm = papr_kvm_sbbc,
        .advice = true,
    },
    [PAPR_CAP_IBS] = {
        "ibs",
        "Protection of indirect branches (broken, workaround, fixed-ibs, "
        "fixed-ccd, fixed-na)",
        PAPR_CAP_LEVELS, ibs_levels, PAPR_CAP_WORKAROUND,
        .min_pvr = CPU_POWERPC_LOGICAL_2_06,
        .in_tcg = not_emulated, .in_kvm = papr_kvm_ibs,
        .advice = true,
    },
    [PAPR_CAP_HPT_MAXPAGESIZE] = {
        "hpt-max-page-size", "Largest page that hash page tables may map",
        PAPR_CAP_PAGE_SIZE, .initial = 16,
        .in_tcg = offered_page_size, .in_kvm = papr_kvm_page_size,
    },
    [PAPR_CAP_NESTED_KVM_HV] = {
        "nested-hv", "Nested guests by KVM's own hypercalls",
        PAPR_CAP_SWITCH, .initial = 0,
        .in_tcg = offered_isa3, .in_kvm = papr_kvm_nested_hv,
    },
    [PAPR_CAP_LARGE_DECREMENTER] = {
        "large-decr", "Decrementer of more than 32 bits",
        PAPR_CAP_SWITCH, .initial = 1,
        .min_pvr = CPU_POWERPC_LOGICAL_3_00,
        .in_tcg = offered_large_decr, .in_kvm = papr_kvm_large_decr,
    },
    [PAPR_CAP_CCF_ASSIST] = {
        "ccf-assist", "Instruction that helps to flush the count cache",
        PAPR_CAP_SWITCH, .initial = 1,
        .in_tcg = not_emulated, .in_kvm = papr_kvm_ccf_assist,
        .advice = true,
    },
    [PAPR_CAP_FWNMI] = {
        "fwnmi", "Firmware-assisted machine checks and system resets (FWNMI)",
        PAPR_CAP_SWITCH, .initial = 1,
        .in_tcg = offered_always, .in_kvm = papr_kvm_fwnmi,
    },
    [PAPR_CAP_RPT_INVALIDATE] = {
        "rpt-invalidate", "Radix invalidation by hypercall (H_RPT_INVALIDATE)",
        PAPR_CAP_SWITCH, .initial = 0,
        .in_tcg = offered_isa3, .in_kvm = papr_kvm_rpt_invalidate,
    },
    [PAPR_CAP_AIL_MODE_3] = {
        "ail-mode-3", "Interrupts taken with translation on (AIL mode 3)",
        PAPR_CAP_SWITCH, .initial = 1,
        .min_pvr = CPU_POWERPC_LOGICAL_2_07,
        .in_tcg = offered_ail_mode_3, .in_kvm = papr_kvm_ail_mode_3,
    },
    [PAPR_CAP_NESTED_PAPR] = {
        "nested-papr", "Nested guests by PAPR's hypercalls (H_GUEST_*)",
        PAPR_CAP_SWITCH, .initial = 0,
        .in_tcg = offered_isa3, .in_kvm = not_in_kvm,
    },
    [PAPR_CAP_DAWR1] = {
        "dawr1", "Second data watchpoint register (DAWR1)",
        PAPR_CAP_SWITCH, .initial = 1,
        .min_pvr = CPU_POWERPC_LOGICAL_3_10,
        .in_tcg = offered_dawr1, .in_kvm = papr_kvm_dawr1,
    },
};
