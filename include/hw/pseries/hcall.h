/*
 * pSeries platform: hypercall table
 *
 * Each family registers its calls with an opaque pointer of its own; dispatch
 * finds the entry by opcode in one flat array.  An entry says what the call
 * needs (BQL, synchronized registers), and dispatch provides it.
 * LoPAR section 14.5.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_HCALL_H
#define HW_PSERIES_HCALL_H

#include "hw/pseries/abi.h"
#include "target/ppc/cpu-qom.h"

typedef struct PaprHcallTable PaprHcallTable;

/**
 * PaprHcallFn - one hypercall
 * @cpu: the calling vCPU; its thread, or a qtest's, runs the handler
 * @args: r4 and following on entry, results to the guest on return; @args[i]
 *        is r(4 + i), nine of them, host endian
 * @opaque: as registered
 *
 * Returns the H_* code for r3.  Runs with the BQL held unless the entry says
 * PAPR_HCALL_LOCKLESS.  A handler that stops the vCPU (H_CEDE, reset) sets
 * cs->halted or the exit request and returns normally: the accelerator's entry
 * code leaves the run loop after r3 has been written.
 */
typedef int64_t PaprHcallFn(PowerPCCPU *cpu, uint64_t *args, void *opaque);

enum PaprHcallPolicy {
    /* Safe beside other vCPUs without the BQL; the handler says why */
    PAPR_HCALL_LOCKLESS = 1 << 0,
    /* Reads or writes registers other than @args (KVM: synchronize first) */
    PAPR_HCALL_NEEDS_REGS = 1 << 1,
    /* The host kernel can handle it: KVM_CAP_PPC_ENABLE_HCALL */
    PAPR_HCALL_IN_KVM = 1 << 2,
    /* Allowed in problem state (MSR[PR] = 1); all others give H_PRIVILEGE */
    PAPR_HCALL_USER_OK = 1 << 3,
    /* Needs state that the host kernel has under KVM: not offered there */
    PAPR_HCALL_NOT_KVM = 1 << 4,
};

/** PaprHcall - static description of one call, as a family's table lists it */
typedef struct PaprHcall {
    uint32_t opcode;
    uint16_t policy;        /* enum PaprHcallPolicy, or-ed */
    uint8_t nargs;          /* for traces: how many of r4.. are arguments */
    uint8_t nrets;          /* for traces: how many of r4.. are results */
    PaprHcallFn *fn;
} PaprHcall;

PaprHcallTable *papr_hcall_table_new(void);
void papr_hcall_table_free(PaprHcallTable *table);

/**
 * papr_hcall_register - add a family's calls
 *
 * Registering an opcode twice is a programming error (assert).  Calls are
 * enabled from the start.  Context: machine init, BQL.
 */
void papr_hcall_register(PaprHcallTable *table, const PaprHcall *calls,
                         size_t n_calls, void *opaque);

/**
 * papr_hcall_enable - enable or disable registered calls
 *
 * A disabled call returns H_FUNCTION: XICS's while XIVE is active, XIVE's while
 * XICS is active.  Context: BQL; other vCPUs may be in hypercalls meanwhile.
 */
void papr_hcall_enable(PaprHcallTable *table, const PaprHcall *calls,
                       size_t n_calls, bool enable);

/**
 * papr_hcall_count - start or stop counting calls (call-stats.h)
 *
 * Context: BQL; other vCPUs may be in hypercalls meanwhile.
 */
void papr_hcall_count(PaprHcallTable *table, bool count);

/**
 * papr_hcall_enable_in_kvm - enable the calls that KVM handles in the kernel
 *
 * By the policies of the calls registered so far.  Nothing to do without KVM.
 * Context: machine init, BQL, after all families.
 */
void papr_hcall_enable_in_kvm(PaprHcallTable *table);

/** papr_hcall_name: "H_ENTER" for 0x8, or NULL */
const char *papr_hcall_name(uint32_t opcode);

/**
 * papr_hcall_dispatch - run hypercall @opcode for @cpu
 *
 * Returns the code for r3; H_PRIVILEGE in problem state, H_FUNCTION for a call
 * that is not registered or disabled.  Takes the BQL if the entry's policy
 * requires it and the thread does not have it.
 * Context: the vCPU's own thread, or qtest with the BQL held.
 */
int64_t papr_hcall_dispatch(PowerPCCPU *cpu, uint64_t opcode, uint64_t *args);

/**
 * PaprHcallConfig - what the families of hw/ppc/pseries/hcall need to know
 * @vcpus: of this partition
 * @caps: effective capabilities
 * @associativity: NUMA domains of vCPU @id, outermost first and the vCPU itself
 *        last, as in "ibm,associativity" without its count; returns how many
 *        (at most @max).  NULL: H_HOME_NODE_ASSOCIATIVITY is not offered
 * @system_reset: deliver a system reset interrupt to @cpu, in its own thread
 *        with the BQL held; NULL: at the architected vector
 * @interrupt_endian: the partition takes interrupts little-endian or not, from
 *        now on; BQL held.  May be NULL
 * @opaque: of the callbacks
 */
typedef struct PaprHcallConfig {
    struct PaprVcpuMap *vcpus;
    const struct PaprCaps *caps;
    size_t (*associativity)(void *opaque, uint32_t id, uint32_t *domains,
                            size_t max);
    void (*system_reset)(void *opaque, PowerPCCPU *cpu);
    void (*interrupt_endian)(void *opaque, bool little);
    void *opaque;
} PaprHcallConfig;

/**
 * papr_hcall_register_families - the calls about processors and memory
 * @config: lives as long as @table
 */
void papr_hcall_register_families(PaprHcallTable *table,
                                  const PaprHcallConfig *config);

#endif
