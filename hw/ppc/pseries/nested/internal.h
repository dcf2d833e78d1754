/*
 * Nested guests: what the files of this folder share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_NESTED_INTERNAL_H
#define PSERIES_NESTED_INTERNAL_H

#include "hw/pseries/l2.h"
#include "hw/pseries/nested.h"
#include "guests.h"

/**
 * PaprNested - the machine's state of nested guests
 * @papr: L1 has PAPR's hypercalls, not KVM's own
 * @ptcr: with KVM's: where L1's partition table is; atomic; 0: no table
 * @max_compat_pvr: the user's limit of compatibility modes; 0: none
 * @guests: PAPR's; NULL with KVM's
 */
struct PaprNested {
    PaprMmu *mmu;
    bool papr;
    uint64_t ptcr;
    uint32_t max_compat_pvr;
    PaprGuests *guests;
};

/** PaprL2Exit - an interrupt that ends an L2, and registers that it sets */
typedef struct PaprL2Exit {
    int excp;                           /* POWERPC_EXCP_* */
    uint64_t hdar;
    uint64_t hdsisr;
    uint64_t heir;
    uint64_t asdr;
} PaprL2Exit;

/**
 * papr_hv_ended, papr_run_ended - give L1 the registers of an L2 that has ended
 * @vector: of the interrupt that ended it
 *
 * With KVM's hypercalls, and with PAPR's.  The CPU has L1's registers already.
 * Context: the vCPU's thread, BQL.
 */
void papr_hv_ended(PaprVcpu *vcpu, const PaprL2Registers *l2,
                   const PaprL2Exit *exit);
void papr_run_ended(PaprNested *nested, PaprVcpu *vcpu,
                    const PaprL2Registers *l2, const PaprL2Exit *exit,
                    uint64_t vector);

/** papr_hv_entry: @lpid's entry of L1's partition table (@ptcr); any thread */
bool papr_hv_entry(const PaprNested *nested, uint64_t lpid,
                   ppc_v3_pate_t *entry);

/**
 * papr_hv_register, papr_copy_register - KVM's hypercalls
 * papr_guests_register - PAPR's; all: machine init
 */
void papr_hv_register(PaprHcallTable *hcalls, PaprNested *nested);
void papr_copy_register(PaprHcallTable *hcalls, PaprNested *nested);
void papr_guests_register(PaprHcallTable *hcalls, PaprNested *nested);

#endif
