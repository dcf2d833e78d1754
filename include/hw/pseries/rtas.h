/*
 * pSeries platform: RTAS (Run-Time Abstraction Services) calls
 *
 * The guest passes one big-endian argument block (token, counts, arguments,
 * room for results).  It is read once and checked against the call's table
 * entry, the handler works on host-endian words, the results are written once.
 * LoPAR section 7.2.7.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_RTAS_H
#define HW_PSERIES_RTAS_H

#include "hw/pseries/abi.h"
#include "hw/pseries/dt.h"
#include "hw/pseries/hcall.h"

#define PAPR_RTAS_MAX_ARGS 16

typedef struct PaprRtas PaprRtas;

/** PaprRtasCall - one call in progress; rets[0] is the status, preset to 0 */
typedef struct PaprRtasCall {
    uint32_t token;
    uint32_t nargs;
    uint32_t nrets;                     /* with the status */
    uint32_t args[PAPR_RTAS_MAX_ARGS];
    uint32_t rets[PAPR_RTAS_MAX_ARGS];
} PaprRtasCall;

/** PaprRtasFn: BQL held, in the vCPU's thread (or qtest's); returns the status */
typedef int32_t PaprRtasFn(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque);

/**
 * PaprRtasEntry - static description of a call
 *
 * A guest that passes fewer arguments or less room than @nargs and @nrets gets
 * RTAS_PARAMETER_ERROR without the handler being run; more is allowed, as some
 * guests do it.
 */
typedef struct PaprRtasEntry {
    uint32_t token;
    uint8_t nargs;
    uint8_t nrets;
    PaprRtasFn *fn;
} PaprRtasEntry;

PaprRtas *papr_rtas_new(PaprHcallTable *hcalls);

/** papr_rtas_register: add a family's calls; init only, BQL */
void papr_rtas_register(PaprRtas *rtas, const PaprRtasEntry *calls,
                        size_t n_calls, void *opaque);

/** papr_rtas_call: run @call for @cpu and set rets[0]; -1098 for unknown tokens */
void papr_rtas_call(PaprRtas *rtas, PowerPCCPU *cpu, PaprRtasCall *call);

/** papr_rtas_dt_tokens: one property per registered call, in the open /rtas node */
void papr_rtas_dt_tokens(PaprRtas *rtas, PaprDt *dt);

#endif
