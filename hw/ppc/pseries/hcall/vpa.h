/*
 * Areas that the guest registers for a vCPU
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_HCALL_VPA_H
#define PSERIES_HCALL_VPA_H

#include "hw/pseries/vcpu.h"

PaprHcallFn papr_h_register_vpa;

/** papr_vpa_dispatch_counter: false if no area is registered; any thread */
bool papr_vpa_dispatch_counter(const PaprVcpu *vcpu, uint32_t *counter);

#endif
