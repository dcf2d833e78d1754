/*
 * Calls about processors: registers that only the hypervisor may set,
 * speculation characteristics, system reset, home node
 *
 * LoPAR sections 14.5.4.3.1, .2, .4 (registers) and 14.11.6.1 (home node); the
 * others are newer.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "hw/core/cpu.h"
#include "hw/pseries/accel.h"
#include "hw/pseries/caps.h"
#include "hw/pseries/vcpu.h"
#include "system/hw_accel.h"
#include "target/ppc/cpu.h"
#include "hw/ppc/pseries/trace.h"
#include "families.h"

/* Lockless: a register of the calling vCPU */
static int64_t h_set_sprg0(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    cpu->env.spr[SPR_SPRG0] = args[0];
    return H_SUCCESS;
}

/* DABR (data address breakpoint register) and its extension DABRX */
#define DABR_TRANSLATION  (1ull << (63 - 61))
#define DABRX_VALID       0xbull        /* all but the hypervisor bit, 0x4 */
#define DABRX_PRIVILEGE   0x3ull        /* problem state, privileged state */

static bool has_dabrx(PowerPCCPU *cpu)
{
    return ppc_has_spr(cpu, SPR_DABR) && ppc_has_spr(cpu, SPR_DABRX);
}

/* Lockless, as H_SET_XDABR: registers of the calling vCPU */
static int64_t h_set_dabr(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    uint64_t *spr = cpu->env.spr;

    if (has_dabrx(cpu)) {
        spr[SPR_DABRX] = DABRX_PRIVILEGE;
    } else if (!ppc_has_spr(cpu, SPR_DABR)) {
        return H_HARDWARE;
    } else if (!(args[0] & DABR_TRANSLATION)) {
        return H_RESERVED_DABR;
    }
    spr[SPR_DABR] = args[0];
    return H_SUCCESS;
}

static int64_t h_set_xdabr(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    uint64_t dabrx = args[1];

    if (!has_dabrx(cpu)) {
        return H_HARDWARE;
    }
    if (!(dabrx & DABRX_PRIVILEGE) || (dabrx & ~DABRX_VALID)) {
        return H_PARAMETER;
    }
    cpu->env.spr[SPR_DABRX] = dabrx;
    cpu->env.spr[SPR_DABR] = args[0];
    return H_SUCCESS;
}

typedef struct CpuTraits {
    uint64_t characteristics;
    uint64_t behaviour;
} CpuTraits;

/* What each value of a capability tells the guest */
static const CpuTraits cache_traits[] = {
    [PAPR_CAP_BROKEN] = { 0, CPU_BEHAV_L1D_FLUSH },
    [PAPR_CAP_WORKAROUND] = {
        CPU_CHAR_L1D_FLUSH_ORI30 | CPU_CHAR_L1D_FLUSH_TRIG2 |
        CPU_CHAR_L1D_THREAD_PRIVATE,
        CPU_BEHAV_L1D_FLUSH
    },
    [PAPR_CAP_FIXED] = {
        0, CPU_BEHAV_NO_FLUSH_ENTRY | CPU_BEHAV_NO_FLUSH_UACCESS
    },
};

static const CpuTraits bounds_traits[] = {
    [PAPR_CAP_BROKEN] = { 0, CPU_BEHAV_BOUNDS_BARRIER },
    [PAPR_CAP_WORKAROUND] = {
        CPU_CHAR_SPEC_BAR_ORI31, CPU_BEHAV_BOUNDS_BARRIER
    },
    [PAPR_CAP_FIXED] = { 0, 0 },
};

static const CpuTraits branch_traits[] = {
    [PAPR_CAP_BROKEN] = { 0, 0 },
    [PAPR_CAP_WORKAROUND] = { 0, CPU_BEHAV_FLUSH_COUNT_CACHE },
    [PAPR_CAP_FIXED_IBS] = { CPU_CHAR_BCCTRL_SERIALISED, 0 },
    [PAPR_CAP_FIXED_CCD] = { CPU_CHAR_COUNT_CACHE_OFF, 0 },
    [PAPR_CAP_FIXED_NA] = { 0, 0 },
};

/*
 * An emulated CPU has no data cache that the guest could flush and no branch
 * predictor, so mitigations protect nothing and take time: Linux's displacement
 * flush doubles the cost of a system call.  The guest is told that it needs
 * none.
 */
static const CpuTraits emulated_traits = {
    CPU_CHAR_BRANCH_HINTS,
    CPU_BEHAV_NO_FLUSH_ENTRY | CPU_BEHAV_NO_FLUSH_UACCESS |
    CPU_BEHAV_NO_STORE_BARRIER,
};

static void add_traits(CpuTraits *sum, const CpuTraits *table, size_t n,
                       uint8_t value)
{
    assert(value < n);
    sum->characteristics |= table[value].characteristics;
    sum->behaviour |= table[value].behaviour;
}

/* Lockless: capabilities are constant while the guest runs */
static int64_t h_get_cpu_characteristics(PowerPCCPU *cpu, uint64_t *args,
                                         void *opaque)
{
    const PaprCaps *caps = ((const PaprHcallConfig *)opaque)->caps;
    uint8_t ibs = papr_cap(caps, PAPR_CAP_IBS);
    CpuTraits traits = { CPU_CHAR_BRANCH_HINTS, CPU_BEHAV_FAVOUR_SECURITY };

    if (papr_accel->emulates_cpu) {
        args[0] = emulated_traits.characteristics;
        args[1] = emulated_traits.behaviour;
        return H_SUCCESS;
    }
    add_traits(&traits, cache_traits, ARRAY_SIZE(cache_traits),
               papr_cap(caps, PAPR_CAP_CFPC));
    add_traits(&traits, bounds_traits, ARRAY_SIZE(bounds_traits),
               papr_cap(caps, PAPR_CAP_SBBC));
    add_traits(&traits, branch_traits, ARRAY_SIZE(branch_traits), ibs);
    if (ibs == PAPR_CAP_WORKAROUND && papr_cap(caps, PAPR_CAP_CCF_ASSIST)) {
        traits.characteristics |= CPU_CHAR_BCCTR_FLUSH_ASSIST;
    }

    args[0] = traits.characteristics;
    args[1] = traits.behaviour;
    return H_SUCCESS;
}

/* Targets of H_SIGNAL_SYS_RESET other than a vCPU id */
#define RESET_ALL      ((int64_t)-1)
#define RESET_ALL_ELSE ((int64_t)-2)

/* In the target's thread, which is not in its guest.  BQL held */
static void deliver_system_reset(CPUState *cs, run_on_cpu_data data)
{
    const PaprHcallConfig *config = data.host_ptr;
    PowerPCCPU *cpu = POWERPC_CPU(cs);

    papr_vcpu(cpu)->reset_queued = false;
    cpu_synchronize_state(cs);
    if (!papr_vcpu_has_begun(papr_vcpu(cpu))) {
        return;         /* LoPAR R1-7.3.8.1-2: it remains stopped */
    }
    cs->halted = 0;
    if (config->system_reset) {
        config->system_reset(config->opaque, cpu);
    } else {
        ppc_cpu_do_system_reset(cs);
    }
}

/*
 * Queued for each target's thread, since waiting for other vCPUs here would be
 * a deadlock when two vCPUs do so at once.  A caller that is a target itself
 * has the call's r3 by then.  Without vCPU threads (qtest) the reset is
 * delivered at once.
 */
static void signal_system_reset(PaprVcpu *vcpu, const PaprHcallConfig *config)
{
    CPUState *cs = CPU(vcpu->cpu);
    run_on_cpu_data data = RUN_ON_CPU_HOST_PTR((void *)config);

    trace_papr_signal_sys_reset(vcpu->id);
    if (vcpu->reset_queued) {
        return;                         /* one is queued already */
    }
    if (current_cpu) {
        vcpu->reset_queued = true;
        async_run_on_cpu(cs, deliver_system_reset, data);
    } else {
        deliver_system_reset(cs, data);
    }
}

static int64_t h_signal_sys_reset(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprVcpuMap *map = papr_vcpu(cpu)->vcpus;
    PaprVcpu *vcpu = NULL;
    int64_t target = args[0];

    if (target == RESET_ALL || target == RESET_ALL_ELSE) {
        while ((vcpu = papr_vcpu_next(map, vcpu))) {
            if (target == RESET_ALL || vcpu->cpu != cpu) {
                signal_system_reset(vcpu, opaque);
            }
        }
        return H_SUCCESS;
    }

    vcpu = papr_vcpu_find(map, args[0]);
    if (!vcpu) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_SIGNAL_SYS_RESET: no vCPU %" PRId64
                      "\n", target);
        return H_PARAMETER;
    }
    signal_system_reset(vcpu, opaque);
    return H_SUCCESS;
}

/* H_HOME_NODE_ASSOCIATIVITY: the id is that of H_REGISTER_VPA */
#define HOME_NODE_BY_VCPU 1
/* r4 to r9 hold twelve domains of 32 bits */
#define HOME_NODE_REGISTERS 6
#define HOME_NODE_DOMAINS   (2 * HOME_NODE_REGISTERS)

/* BQL held, as by plug and unplug, which change the map of vCPUs */
static int64_t h_home_node_associativity(PowerPCCPU *cpu, uint64_t *args,
                                         void *opaque)
{
    const PaprHcallConfig *config = opaque;
    uint32_t domains[HOME_NODE_DOMAINS];
    size_t n;

    if (args[0] != HOME_NODE_BY_VCPU) {
        return H_PARAMETER;
    }
    if (!papr_vcpu_find(papr_vcpu(cpu)->vcpus, args[1])) {
        return H_P2;
    }
    n = config->associativity(config->opaque, args[1], domains,
                              HOME_NODE_DOMAINS);
    /* all ones: no domain */
    memset(domains + n, 0xff, (HOME_NODE_DOMAINS - n) * sizeof(*domains));
    for (int i = 0; i < HOME_NODE_REGISTERS; i++) {
        args[i] = (uint64_t)domains[2 * i] << 32 | domains[2 * i + 1];
    }
    return H_SUCCESS;
}

static const PaprHcall processor_calls[] = {
    { H_SET_SPRG0, PAPR_HCALL_LOCKLESS | PAPR_HCALL_NEEDS_REGS, 1, 0,
      h_set_sprg0 },
    { H_SET_DABR, PAPR_HCALL_LOCKLESS | PAPR_HCALL_NEEDS_REGS |
      PAPR_HCALL_IN_KVM, 1, 0, h_set_dabr },
    { H_SET_XDABR, PAPR_HCALL_LOCKLESS | PAPR_HCALL_NEEDS_REGS |
      PAPR_HCALL_IN_KVM, 2, 0, h_set_xdabr },
    { H_GET_CPU_CHARACTERISTICS, PAPR_HCALL_LOCKLESS, 0, 2,
      h_get_cpu_characteristics },
    { H_SIGNAL_SYS_RESET, 0, 1, 0, h_signal_sys_reset },
};

static const PaprHcall home_node_calls[] = {
    { H_HOME_NODE_ASSOCIATIVITY, 0, 2, HOME_NODE_REGISTERS,
      h_home_node_associativity },
};

void papr_hcall_processor_init(PaprHcallTable *table,
                               const PaprHcallConfig *config)
{
    papr_hcall_register(table, processor_calls, ARRAY_SIZE(processor_calls),
                        (void *)config);
    if (config->associativity) {
        papr_hcall_register(table, home_node_calls,
                            ARRAY_SIZE(home_node_calls), (void *)config);
    }
}
