/*
 * Hypercalls under KVM: which the host's kernel handles
 *
 * The kernel gets every call first and leaves to us what it doesn't handle, or
 * was not told to: it handles by itself only what it did before there was a way
 * to say so (KVM_CAP_PPC_ENABLE_HCALL).  Its handlers know state that is the
 * kernel's (page tables, who waits in H_CEDE, prods), so that some calls which
 * need that state can't be ours at all.
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
        /* if this kernel does not know it, the call comes to us as before */
        papr_accel->enable_hcall(call->opcode, true);
    }
}

void papr_hcall_enable_in_kvm(PaprHcallTable *table)
{
    if (papr_accel->enable_hcall) {
        papr_hcall_for_each(table, settle_call, NULL);
    }
}
