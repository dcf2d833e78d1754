/*
 * pSeries platform: guests (L2) of the partition (L1), nested guests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_NESTED_H
#define HW_PSERIES_NESTED_H

#include "hw/pseries/caps.h"
#include "hw/pseries/mmu.h"
#include "hw/pseries/vcpu.h"

typedef struct PaprNested PaprNested;

/**
 * papr_nested_new - registers the hypercalls that the capabilities ask for
 * @max_compat_pvr: the newest compatibility mode of a partition; 0: any
 *
 * Context: machine init, after papr_caps_resolve().
 */
PaprNested *papr_nested_new(PaprHcallTable *hcalls, PaprMmu *mmu,
                            const PaprCaps *caps, uint32_t max_compat_pvr);

/** papr_nested_reset: forget all nested guests, after vCPUs' reset; BQL */
void papr_nested_reset(PaprNested *nested);

/** papr_nested_runs: does @cpu run a nested guest?  Context: its thread */
static inline bool papr_nested_runs(PowerPCCPU *cpu)
{
    return papr_vcpu(cpu)->l1.in_l2;
}

/**
 * papr_nested_get_pate - the partition table's entry of a nested guest
 *
 * Returns false if there is none.  Context: any thread, no lock.
 */
bool papr_nested_get_pate(const PaprNested *nested, uint64_t lpid,
                          ppc_v3_pate_t *entry);

/**
 * papr_nested_deliver - end the nested guest, to deliver an interrupt to L1
 * @excp: POWERPC_EXCP_*; the registers are as the interrupt leaves them
 *
 * Context: the vCPU's thread, BQL; the vCPU runs a nested guest.
 */
void papr_nested_deliver(PaprNested *nested, PowerPCCPU *cpu, int excp);

/**
 * papr_nested_interrupt - end the nested guest, if the vCPU runs one, so that
 * L1 can take an interrupt of its own
 *
 * Context: the vCPU's thread, out of its guest; BQL.
 */
void papr_nested_interrupt(PaprNested *nested, PowerPCCPU *cpu);

/* Not in upstream's streams; sent only if the guest uses nesting */
extern const VMStateDescription vmstate_papr_nested;
bool papr_nested_needed(const PaprNested *nested);

#endif
