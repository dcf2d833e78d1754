/*
 * Nested guests by PAPR's hypercalls: what papr.c, run.c and elements.c share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_NESTED_PAPR_H
#define PSERIES_NESTED_PAPR_H

#include "internal.h"

/**
 * papr_gs_check_all - are all elements from @reader on of @scope, and valid?
 * @set: L1 wants to set them
 * @bad: gets the first one that is not
 *
 * Returns H_SUCCESS or H_INVALID_ELEMENT_*, and logs an invalid element.
 */
int64_t papr_gs_check_all(PowerPCCPU *cpu, PaprGsReader reader,
                          PaprGsScope scope, bool set, PaprGsItem *bad);

/** papr_gs_load_all: copy all elements, which are valid, to their @words */
void papr_gs_load_all(PaprGsReader reader, uint64_t *words);

/** papr_h_guest_run_vcpu: H_GUEST_RUN_VCPU; @opaque is PaprNested */
int64_t papr_h_guest_run_vcpu(PowerPCCPU *cpu, uint64_t *args, void *opaque);

/** papr_run_guest: the ID of the guest that @vcpu, which is in an L2, runs */
uint64_t papr_run_guest(const PaprVcpu *vcpu);

/** papr_run_is_on: does a vCPU of L1's run that vCPU of that guest? BQL */
bool papr_run_is_on(const PaprVcpuMap *map, const PaprGuest *guest,
                    const PaprGuestVcpu *vcpu);

#endif
