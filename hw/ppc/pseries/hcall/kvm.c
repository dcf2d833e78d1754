/*
 * Hypercalls under KVM: which the host's kernel handles
 *
 * The kernel gets every call first, and passes calls to QEMU that it doesn't
 * handle or that are not enabled in it.  Calls that it handled before
 * KVM_CAP_PPC_ENABLE_HCALL existed are enabled by default.  Its handlers use
 * state of the kernel (page tables, vCPUs that wait in H_CEDE, prods), so QEMU
 * can't handle calls that need this state.
 *
 * Called by the machine when all families are registered, before any vCPU runs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pseries/accel.h"
#include "hw/pseries/hcall.h"
#include "table.h"

static void settle_call(PaprHcallTable *table, const PaprHcall *call,
                        void *opaque)
{
    if (call->policy & PAPR_HCALL_NOT_KVM) {
        papr_hcall_enable(table, call, 1, false);
    } else if (call->policy & PAPR_HCALL_IN_KVM) {
        /* a kernel that does not know the call passes it to QEMU */
        papr_accel->enable_hcall(call->opcode, true);
    }
}

void papr_hcall_enable_in_kvm(PaprHcallTable *table)
{
    if (papr_accel->enable_hcall) {
        papr_hcall_for_each(table, settle_call, NULL);
    }
}
