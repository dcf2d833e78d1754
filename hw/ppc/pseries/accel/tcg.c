/*
 * TCG as the platform sees it, and the entry of its hypercalls
 *
 * The choice of the accelerator is made here as well: see hw/pseries/accel.h.
 *
 * `sc 1` gets here in one of two ways.  Normally the translated code calls
 * helper_vhyp_hcall() (target/ppc), without the BQL, and goes on with the next
 * block: that helper leaves the execution loop only if the call halted the
 * vCPU, asked for an exit or raised an exception.  With icount or while single
 * stepping, `sc` is an exception, which powerpc_excp() delivers with the BQL
 * held.
 *
 * The vCPU's arguments lie in its register file: r3 is the opcode and then the
 * return code, r4 to r12 arguments and results (LoPAR section 14.5.3).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "system/kvm.h"
#include "hw/pseries/accel.h"
#include "hw/pseries/hcall.h"
#include "tcg.h"

/* Of all POWER processors */
#define TIMEBASE_HZ 512000000

void papr_tcg_hypercall(PPCVirtualHypervisor *vhyp, PowerPCCPU *cpu)
{
    target_ulong *gpr = cpu->env.gpr;

    QEMU_BUILD_BUG_ON(sizeof(*gpr) != sizeof(uint64_t));
    gpr[3] = papr_hcall_dispatch(cpu, gpr[3], (uint64_t *)&gpr[4]);
}

static uint32_t tcg_timebase_hz(void)
{
    return TIMEBASE_HZ;
}

static void tcg_end_read_sections(void)
{
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        cpu_exit(cpu);
    }
}

static bool tcg_set_fwnmi(PowerPCCPU *cpu)
{
    return true;
}

static bool tcg_has_registers(PowerPCCPU *cpu, Error **errp)
{
    return true;
}

static const PaprAccel accel_tcg = {
    .emulates_cpu = true,
    .msr_is_current = true,
    .timebase_hz = tcg_timebase_hz,
    .end_read_sections = tcg_end_read_sections,
    .set_fwnmi = tcg_set_fwnmi,
    .vcpu_registers_put = tcg_has_registers,
    .registers_read = tcg_has_registers,
};

const PaprAccel *papr_accel = &accel_tcg;

void papr_accel_choose(void)
{
#ifdef CONFIG_KVM
    if (kvm_enabled()) {
        papr_accel = &papr_accel_kvm;
    }
#endif
}
