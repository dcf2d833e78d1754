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
#include "hw/pseries/caps.h"
#include "hw/pseries/dt.h"
#include "hw/pseries/hcall.h"
#include "hw/pseries/vcpu.h"
#include "migration/vmstate.h"

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

/**
 * PaprRtasFn - one call; returns the status
 *
 * Context: BQL, in the vCPU's thread or qtest's.  The kernel may have @cpu's
 * registers: a function that reads or changes them calls
 * cpu_synchronize_state() first.
 */
typedef int32_t PaprRtasFn(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque);

/**
 * PaprRtasEntry - static description of a call
 *
 * A guest that passes fewer arguments or less room than @nargs and @nrets gets
 * RTAS_PARAMETER_ERROR without the handler being run.  More is allowed, as
 * some guests pass more.  If the status is the only result, no room is needed.
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

/** papr_rtas_count: start or stop counting calls (call-stats.h); BQL */
void papr_rtas_count(PaprRtas *rtas, bool count);

/** papr_rtas_call: run @call for @cpu and set rets[0]; -3 for unknown tokens */
void papr_rtas_call(PaprRtas *rtas, PowerPCCPU *cpu, PaprRtasCall *call);

/** papr_rtas_dt_tokens: a property for each call, in the open /rtas node */
void papr_rtas_dt_tokens(PaprRtas *rtas, PaprDt *dt);

/**
 * PaprRtasConfig - what the calls of the machine itself need to know
 * @vcpus: for start-cpu, query-cpu-stopped-state and ibm,suspend-me
 * @cpus, @max_cpus, @ram_size: of -smp and -m, for system parameter 20
 * @display_char: show @c on the first console; false when there is none.  May
 *                be NULL
 * @block_remove: system parameter 50, what H_BLOCK_REMOVE can do: writes at
 *                most @size bytes to @buf, returns how many; may be NULL
 * @may_start: is the connector of the vCPU's core unisolated, so that start-cpu
 *             may start the vCPU?  NULL: all may be started
 * @begin_dump: ibm,os-term: begin the dump that the guest has registered, and
 *              stop @cpu; false if none is registered
 * @opaque: passed to @display_char, @may_start and @begin_dump
 */
typedef struct PaprRtasConfig {
    PaprVcpuMap *vcpus;
    uint32_t cpus;
    uint32_t max_cpus;
    uint64_t ram_size;
    bool (*display_char)(uint8_t c, void *opaque);
    size_t (*block_remove)(PowerPCCPU *cpu, uint8_t *buf, size_t size);
    bool (*may_start)(const PaprVcpu *vcpu, void *opaque);
    bool (*begin_dump)(PowerPCCPU *cpu, void *opaque);
    void *opaque;
} PaprRtasConfig;

/**
 * papr_rtas_register_families - console, power, SMP and system parameter calls
 * @config: copied
 */
void papr_rtas_register_families(PaprRtas *rtas, const PaprRtasConfig *config);

/* Firmware assisted non-maskable interrupts (FWNMI): LoPAR section 7.3.14 */
typedef struct PaprFwnmi PaprFwnmi;

/** papr_qtest_init: serve the commands of qtests; machine init, once */
void papr_qtest_init(PaprRtas *rtas, PaprFwnmi *fwnmi);

/**
 * PaprFwnmiConfig
 * @vcpus: the machine's
 * @caps: the machine's, asked for cap-fwnmi at each call
 * @rma_size: real mode area, in bytes: handlers must lie in it
 * @max_cpus: vCPU indexes are below this
 * @rtas_base: where the guest put RTAS ("linux,rtas-base"); 0 if not known
 * @opaque: passed to @rtas_base
 */
typedef struct PaprFwnmiConfig {
    PaprVcpuMap *vcpus;
    const PaprCaps *caps;
    uint64_t rma_size;
    uint32_t max_cpus;
    uint64_t (*rtas_base)(void *opaque);
    void *opaque;
} PaprFwnmiConfig;

PaprFwnmi *papr_fwnmi_new(PaprRtas *rtas, const PaprFwnmiConfig *config);

/** papr_fwnmi_reset: nothing registered, no machine check waits; BQL */
void papr_fwnmi_reset(PaprFwnmi *fwnmi);

/**
 * papr_fwnmi_forget_vcpu - @vcpu, which is stopped, is about to be unplugged
 *
 * If @vcpu has the area in which machine checks are reported, the next vCPU
 * that waits gets the area: @vcpu can't call ibm,nmi-interlock any more.
 * Context: BQL.
 */
void papr_fwnmi_forget_vcpu(PaprFwnmi *fwnmi, PaprVcpu *vcpu);

/** papr_fwnmi_system_reset_addr: the guest's handler, or UINT64_MAX for none */
uint64_t papr_fwnmi_system_reset_addr(const PaprFwnmi *fwnmi);

/**
 * papr_fwnmi_system_reset - deliver a system reset interrupt to @cs
 *
 * To the registered handler, else to vector 0x100.  Context: the vCPU's own
 * thread (run_on_cpu), BQL.
 */
void papr_fwnmi_system_reset(PaprFwnmi *fwnmi, CPUState *cs);

/**
 * papr_fwnmi_machine_check - deliver a machine check that the host met
 * @recovered: the host repaired the cause
 *
 * SRR0, SRR1, DAR and DSISR are set already.  While another vCPU handles a
 * machine check, @cpu is halted, and its own is delivered after that.
 * Context: the vCPU's own thread, BQL.
 */
void papr_fwnmi_machine_check(PaprFwnmi *fwnmi, PowerPCCPU *cpu,
                              bool recovered);

/**
 * papr_fwnmi_dt_rtas: "rtas-size" of the open /rtas node, which must hold the
 * RTAS entry code and the areas that interrupts are reported in
 */
void papr_fwnmi_dt_rtas(const PaprFwnmi *fwnmi, PaprDt *dt);

/*
 * Migration: the machine's subsection "spapr_fwnmi", version 1, is this struct
 * (opaque: PaprFwnmi), needed when papr_fwnmi_needed() says so.
 */
bool papr_fwnmi_needed(const PaprFwnmi *fwnmi);
extern const VMStateDescription vmstate_papr_fwnmi;

#endif
