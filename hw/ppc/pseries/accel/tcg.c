/*
 * Entry of hypercalls from TCG
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
#include "hw/pseries/hcall.h"
#include "tcg.h"

void papr_tcg_hypercall(PPCVirtualHypervisor *vhyp, PowerPCCPU *cpu)
{
    target_ulong *gpr = cpu->env.gpr;

    QEMU_BUILD_BUG_ON(sizeof(*gpr) != sizeof(uint64_t));
    gpr[3] = papr_hcall_dispatch(cpu, gpr[3], (uint64_t *)&gpr[4]);
}
