/*
 * Entry of hypercalls from TCG
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_ACCEL_TCG_H
#define PSERIES_ACCEL_TCG_H

#include "target/ppc/cpu.h"

/**
 * papr_tcg_hypercall - PPCVirtualHypervisorClass.hypercall
 *
 * Context: the vCPU's thread; with the BQL held or not.
 */
void papr_tcg_hypercall(PPCVirtualHypervisor *vhyp, PowerPCCPU *cpu);

#endif
