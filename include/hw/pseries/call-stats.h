/*
 * pSeries platform: how often each call was made, and how long it took
 *
 * Hypercalls and RTAS calls of each vCPU, for query-stats (provider "papr").
 * Nothing is counted, and nothing is allocated, before the user asks for it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_CALL_STATS_H
#define HW_PSERIES_CALL_STATS_H

#include "hw/pseries/vcpu.h"

/**
 * papr_call_stats_init - provide query-stats of the vCPUs of @map
 *
 * Context: machine init, once in a process.
 */
void papr_call_stats_init(const PaprVcpuMap *map);

/**
 * papr_call_stats_hcall, papr_call_stats_rtas - a call has returned
 * @slot: papr_hcall_slot() of the opcode; @token: of a registered RTAS call
 * @begun: get_clock() before the call
 *
 * Context: the thread that runs the vCPU's calls, its own or a qtest's; with or
 * without the BQL.
 */
void papr_call_stats_hcall(PaprVcpu *vcpu, int slot, int64_t begun);
void papr_call_stats_rtas(PaprVcpu *vcpu, uint32_t token, int64_t begun);

#endif
