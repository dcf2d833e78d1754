/*
 * Nested guests: what KVM's own hypercalls and PAPR's have in common
 *
 * A machine has one of the two sets, hv.c or papr.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "hw/ppc/ppc.h"
#include "migration/vmstate.h"
#include "target/ppc/cpu.h"
#include "target/ppc/mmu-book3s-v3.h"
#include "hw/ppc/pseries/trace.h"
#include "block.h"
#include "internal.h"

/*
 * With KVM's hypercalls: reads L1's memory without a lock, in any thread.
 *
 * With PAPR's: a CPU has an LPID that is not 0 only while it runs that guest,
 * and a guest that runs is not deleted.
 */
bool papr_nested_get_pate(const PaprNested *nested, uint64_t lpid,
                          ppc_v3_pate_t *entry)
{
    const PaprGuest *guest;

    if (!nested->papr) {
        return papr_hv_entry(nested, lpid, entry);
    }
    guest = papr_guests_find(nested->guests, lpid);
    if (!guest) {
        return false;
    }
    entry->dw0 = qatomic_read(&guest->entry[0]);
    entry->dw1 = qatomic_read(&guest->entry[1]);
    return entry->dw0 & PATE0_HR;
}

/* ---- a guest ends ---- */

static bool uses_hsrr(int excp)
{
    return excp != POWERPC_EXCP_MCHECK && excp != POWERPC_EXCP_RESET &&
           excp != POWERPC_EXCP_SYSCALL;
}

static void ended(PaprNested *nested, PowerPCCPU *cpu,
                  const PaprL2Registers *l2, const PaprL2Exit *exit)
{
    if (nested->papr) {
        papr_run_ended(nested, papr_vcpu(cpu), l2, exit,
                       cpu->env.excp_vectors[exit->excp]);
    } else {
        papr_hv_ended(papr_vcpu(cpu), l2, exit);
    }
}

/* What the hypercall that ran the L2 returns to L1, if nothing fails */
static uint64_t result(const PaprNested *nested, PowerPCCPU *cpu, int excp)
{
    return nested->papr ? H_SUCCESS : cpu->env.excp_vectors[excp];
}

void papr_nested_deliver(PaprNested *nested, PowerPCCPU *cpu, int excp)
{
    CPUPPCState *env = &cpu->env;
    const PaprL2Exit exit = {
        .excp = excp,
        .hdar = env->spr[SPR_HDAR],
        .hdsisr = env->spr[SPR_HDSISR],
        .heir = env->spr[SPR_HEIR],
        .asdr = env->spr[SPR_ASDR],
    };
    PaprL2Registers l2;

    /*
     * With PAPR's hypercalls the machine delivers L1's external interrupt to
     * the L2: Linux (from 6.8 on) sets LPCR[MER] whatever the L2's MSR[EE], and
     * relies on that.
     */
    if (nested->papr && excp == POWERPC_EXCP_HVIRT &&
        papr_l2_take_external(papr_vcpu(cpu))) {
        return;
    }
    papr_l2_leave(papr_vcpu(cpu), result(nested, cpu, excp), uses_hsrr(excp),
                  &l2);
    if (excp == POWERPC_EXCP_SDOOR_HV) {
        /* another thread of the partition sent it to L1 */
        ppc_set_irq(cpu, PPC_INTERRUPT_DOORBELL, 1);
    }
    ended(nested, cpu, &l2, &exit);
}

/* End the L2 as if its time were over: L1 only has to call again */
void papr_nested_interrupt(PaprNested *nested, PowerPCCPU *cpu)
{
    const PaprL2Exit exit = { .excp = POWERPC_EXCP_HDECR };
    PaprL2Registers l2;

    if (papr_l2_interrupt(papr_vcpu(cpu), result(nested, cpu, exit.excp),
                          &l2)) {
        ended(nested, cpu, &l2, &exit);
    }
}

/* ---- H_TLB_INVALIDATE ---- */

static int64_t h_tlb_invalidate(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprNested *nested = opaque;
    bool flushes;

    if (!papr_mmu_is_radix(nested->mmu)) {
        return H_FUNCTION;
    }
    if (!papr_tlbie_ok(args[0], args[2])) {
        qemu_log_mask(LOG_GUEST_ERROR, "H_TLB_INVALIDATE: form 0x%" PRIx64
                      " with RB 0x%" PRIx64 "\n", args[0], args[2]);
        return H_PARAMETER;
    }
    flushes = papr_mmu_flush_nested(nested->mmu);
    trace_papr_nested_invalidate(args[0], args[1], args[2], flushes);
    return H_SUCCESS;
}

/* ---- made, reset, migrated ---- */

/* PAPR has no call to flush L1's trees: Linux uses this one with both sets */
static const PaprHcall calls_of_both[] = {
    { H_TLB_INVALIDATE, PAPR_HCALL_NOT_KVM, 3, 0, h_tlb_invalidate },
};

PaprNested *papr_nested_new(PaprHcallTable *hcalls, PaprMmu *mmu,
                            const PaprCaps *caps, uint32_t max_compat_pvr)
{
    PaprNested *nested = g_new0(PaprNested, 1);

    nested->mmu = mmu;
    nested->max_compat_pvr = max_compat_pvr;
    if (papr_cap(caps, PAPR_CAP_NESTED_PAPR)) {
        nested->papr = true;
        nested->guests = papr_guests_new();
        papr_guests_register(hcalls, nested);
    } else if (papr_cap(caps, PAPR_CAP_NESTED_KVM_HV)) {
        papr_hv_register(hcalls, nested);
        papr_copy_register(hcalls, nested);
    } else {
        return nested;
    }
    papr_hcall_register(hcalls, calls_of_both, ARRAY_SIZE(calls_of_both),
                        nested);
    return nested;
}

void papr_nested_reset(PaprNested *nested)
{
    qatomic_set(&nested->ptcr, 0);
    if (nested->papr) {
        papr_guests_reset(nested->guests);
    }
}

static bool guests_needed(void *opaque)
{
    const PaprNested *nested = opaque;

    return nested->papr && papr_guests_capabilities(nested->guests);
}

bool papr_nested_needed(const PaprNested *nested)
{
    return nested->ptcr != 0 || guests_needed((void *)nested);
}

static int nested_post_load(void *opaque, int version_id)
{
    PaprNested *nested = opaque;
    uint64_t addr, size;

    if (nested->ptcr && !papr_ptcr_table(nested->ptcr, &addr, &size)) {
        error_report("the stream's partition table 0x%" PRIx64 " is invalid",
                     nested->ptcr);
        return -EINVAL;
    }
    return 0;
}

static int by_papr_pre_load(void *opaque)
{
    const PaprNested *nested = opaque;

    if (!nested->papr) {
        error_report("the stream has nested guests by PAPR's hypercalls: start "
                     "the destination with the source's cap-nested-papr");
        return -EINVAL;
    }
    return 0;
}

static const VMStateDescription vmstate_by_papr = {
    .name = "spapr_nested/state/papr",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = guests_needed,
    .pre_load = by_papr_pre_load,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_POINTER(guests, PaprNested, vmstate_papr_guests,
                               PaprGuests),
        VMSTATE_END_OF_LIST()
    },
};

const VMStateDescription vmstate_papr_nested = {
    .name = "spapr_nested/state",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = nested_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(ptcr, PaprNested),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription *const []) {
        &vmstate_by_papr,
        NULL
    },
};
