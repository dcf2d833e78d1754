/*
 * H_SET_MODE: breakpoints, and where and how interrupts are taken
 *
 * LoPAR section 14.5.4.3.5; resource 5 (second watchpoint) is newer.  BQL held.
 * Break- and watchpoints are the calling vCPU's own; under KVM the host kernel
 * sets them and this code sees the partition-wide resources only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pseries/accel.h"
#include "hw/pseries/caps.h"
#include "hw/pseries/vcpu.h"
#include "target/ppc/cpu.h"
#include "families.h"

enum {
    MODE_BREAKPOINT = 1,
    MODE_WATCHPOINT0 = 2,
    MODE_INTERRUPT_LOCATION = 3,
    MODE_INTERRUPT_ENDIAN = 4,
    MODE_WATCHPOINT1 = 5,
};

/* Value of the AIL field (alternate interrupt location) for 0xc..4000 */
#define AIL_HIGH 3

#define CIABR_PRIVILEGE          3ull   /* IBM bits 62-63; 3 is hypervisor */
#define CIABR_HYPERVISOR         3ull
#define DAWRX_HYPERVISOR         (1ull << (63 - 61))

/* "Flag n is not supported", for the lowest bit of @flags, which are not 0 */
static int64_t unsupported_flag(uint64_t flags)
{
    return H_UNSUPPORTED_FLAG - (63 - ctz64(flags));
}

static int64_t set_breakpoint(PowerPCCPU *cpu, const uint64_t *args)
{
    uint64_t flags = args[0], ciabr = args[2], value2 = args[3];

    if (!papr_accel->emulates_cpu || !ppc_has_spr(cpu, SPR_CIABR)) {
        return H_P2;
    }
    if (value2) {
        return H_P4;
    }
    if (flags) {
        return unsupported_flag(flags);
    }
    if ((ciabr & CIABR_PRIVILEGE) == CIABR_HYPERVISOR) {
        return H_P3;
    }
    ppc_store_ciabr(&cpu->env, ciabr);
    return H_SUCCESS;
}

static int64_t set_watchpoint(PowerPCCPU *cpu, const uint64_t *args,
                              bool second)
{
    uint64_t flags = args[0], dawr = args[2], dawrx = args[3];

    if (!papr_accel->emulates_cpu ||
        !ppc_has_spr(cpu, second ? SPR_DAWR1 : SPR_DAWR0)) {
        return H_P2;
    }
    if (flags) {
        return unsupported_flag(flags);
    }
    if ((dawrx & DAWRX_HYPERVISOR) || dawrx > UINT32_MAX) {
        return H_P4;
    }
    if (second) {
        ppc_store_dawr1(&cpu->env, dawr);
        ppc_store_dawrx1(&cpu->env, dawrx);
    } else {
        ppc_store_dawr0(&cpu->env, dawr);
        ppc_store_dawrx0(&cpu->env, dawrx);
    }
    return H_SUCCESS;
}

static int64_t set_interrupt_location(PowerPCCPU *cpu, const uint64_t *args,
                                      const PaprHcallConfig *config)
{
    uint64_t ail = args[0];

    if (args[2]) {
        return H_P3;
    }
    if (args[3]) {
        return H_P4;
    }
    /* LoPAR does not require 2, and no guest uses it */
    if (ail != 0 &&
        (ail != AIL_HIGH || !papr_cap(config->caps, PAPR_CAP_AIL_MODE_3))) {
        return unsupported_flag(ail);
    }
    papr_vcpus_set_lpcr(papr_vcpu(cpu)->vcpus, ail << LPCR_AIL_SHIFT, LPCR_AIL);
    return H_SUCCESS;
}

/*
 * LoPAR wants H_BAD_MODE unless interrupts are off in all vCPUs.  Like other
 * hypervisors, the machine does not check this: Linux makes the call before it
 * starts the other vCPUs, and a kexec'ed kernel after they were stopped.
 */
static int64_t set_interrupt_endian(PowerPCCPU *cpu, const uint64_t *args,
                                    const PaprHcallConfig *config)
{
    uint64_t little = args[0];

    if (args[2]) {
        return H_P3;
    }
    if (args[3]) {
        return H_P4;
    }
    if (little > 1) {
        return unsupported_flag(little & ~1ull);
    }
    papr_vcpus_set_lpcr(papr_vcpu(cpu)->vcpus, little ? LPCR_ILE : 0, LPCR_ILE);
    if (config->interrupt_endian) {
        config->interrupt_endian(config->opaque, little);
    }
    return H_SUCCESS;
}

static int64_t h_set_mode(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    const PaprHcallConfig *config = opaque;

    switch (args[1]) {
    case MODE_BREAKPOINT:
        return set_breakpoint(cpu, args);
    case MODE_WATCHPOINT0:
        return set_watchpoint(cpu, args, false);
    case MODE_WATCHPOINT1:
        return papr_cap(config->caps, PAPR_CAP_DAWR1)
               ? set_watchpoint(cpu, args, true) : H_P2;
    case MODE_INTERRUPT_LOCATION:
        return set_interrupt_location(cpu, args, config);
    case MODE_INTERRUPT_ENDIAN:
        return set_interrupt_endian(cpu, args, config);
    default:
        return H_P2;
    }
}

static const PaprHcall set_mode_calls[] = {
    { H_SET_MODE, PAPR_HCALL_NEEDS_REGS | PAPR_HCALL_IN_KVM, 4, 0, h_set_mode },
};

void papr_hcall_set_mode_init(PaprHcallTable *table,
                              const PaprHcallConfig *config)
{
    papr_hcall_register(table, set_mode_calls, ARRAY_SIZE(set_mode_calls),
                        (void *)config);
}
