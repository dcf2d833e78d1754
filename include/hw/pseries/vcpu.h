/*
 * pSeries platform: per-vCPU state and the map from vCPU id to vCPU
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_VCPU_H
#define HW_PSERIES_VCPU_H

#include "hw/pseries/guest-mem.h"
#include "hw/pseries/hcall.h"
#include "qemu/rcu.h"
#include "target/ppc/cpu.h"

typedef struct PaprIcp PaprIcp;         /* XICS presentation: intc xics/ */
typedef struct PaprTctx PaprTctx;       /* XIVE thread context: intc xive/ */
typedef struct PaprVcpuMap PaprVcpuMap;
typedef struct PaprCallStats PaprCallStats;

/* Registers of PaprL1Registers.spr and .rest, see nested/switch.c, rest.c */
#define PAPR_L1_SPRS 20
#define PAPR_L1_REST 180

/**
 * PaprL1Registers - this partition's registers while its own guest runs
 *
 * With nesting, the partition is level 1 (L1) and its guest level 2 (L2).
 * While the vCPU runs an L2, the CPU has the L2's registers, and L1's are here;
 * they are restored when the hypercall that started the L2 returns.  Host
 * endian.  Counters are kept as differences, which are valid after a migration
 * or with another clock, too.
 *
 * @in_l2: the CPU's registers are an L2's; if not, the other fields are unused
 * @state_addr, @regs_addr: where the L2's registers are stored when it ends;
 *      with PAPR's hypercalls, the ids of the L2 and of its vCPU
 * @tb_ahead: the L2's timebase less L1's, in ticks; @purr_ahead: PURR likewise
 * @vtb: L1's virtual timebase, which does not count while the L2 runs
 * @hdec_expiry: when the L2 has to end, in L1's timebase
 * @doorbell: a doorbell was pending for L1
 * @asked_hfscr: the HFSCR that L1 requested for the L2
 * @has_rest: @rest has L1's other registers; else L1 and L2 share those
 */
typedef struct PaprL1Registers {
    bool in_l2;
    bool doorbell;
    uint32_t cr;
    uint64_t state_addr;
    uint64_t regs_addr;
    uint64_t gpr[32];
    uint64_t nip;
    uint64_t msr;
    uint64_t lr;
    uint64_t ctr;
    uint64_t cfar;
    uint64_t xer;
    uint64_t lpcr;
    uint64_t spr[PAPR_L1_SPRS];
    int64_t tb_ahead;
    int64_t purr_ahead;
    uint64_t vtb;
    uint64_t hdec_expiry;
    uint64_t asked_hfscr;
    bool has_rest;
    uint64_t rest[PAPR_L1_REST];
} PaprL1Registers;

/**
 * PaprVcpu - what the platform keeps for a vCPU (PowerPCCPU.machine_data)
 *
 * @id is the vCPU id, which is also the interrupt server number and the value
 * in "ibm,ppc-interrupt-server#s".  Fields are written by the vCPU's own
 * thread or with the BQL held and the vCPU stopped, except for @prod, @start,
 * @machine_check and @reset_queued, which any thread writes with the BQL held.
 */
typedef struct PaprVcpu {
    struct rcu_head rcu;

    PowerPCCPU *cpu;
    uint32_t id;
    PaprHcallTable *hcalls;
    PaprVcpuMap *vcpus;
    PaprIcp *icp;
    PaprTctx *tctx;

    /* LoPAR 14.11.3.2: areas the guest registered with H_REGISTER_VPA */
    uint64_t vpa_addr;
    PaprMemSpot vpa_counter;            /* the vCPU's thread alone */
    uint64_t slb_shadow_addr;
    uint64_t slb_shadow_size;
    uint64_t dtl_addr;
    uint64_t dtl_size;
    bool prod;                          /* H_PROD latch, see H_CEDE */

    /* start-cpu was called, the vCPU has yet to begin; BQL */
    struct {
        bool pending;
        uint64_t entry;
        uint64_t r3;
        int64_t tb_offset;
        struct VMChangeStateEntry *at_stop;     /* exists as long as the vCPU */
    } start;

    /*
     * The vCPU had a machine check and is halted, and quiesced, until it can
     * be reported to the guest (rtas/nmi.c); BQL
     */
    struct {
        bool waits;
        bool recovered;
    } machine_check;
    bool reset_queued;                  /* by H_SIGNAL_SYS_RESET; BQL */

    PaprL1Registers l1;                 /* BQL */
    PaprCallStats *call_stats;          /* hcall/stats.c; NULL: none yet */
} PaprVcpu;

static inline PaprVcpu *papr_vcpu(PowerPCCPU *cpu)
{
    return cpu->machine_data;
}

/*
 * The map: an array by vCPU id.  Changed with the BQL held, read by any thread
 * in an RCU read section: a removed PaprVcpu is freed by call_rcu()
 * (cpu/core.c: free_vcpu()).  Removing a vCPU that is not in the map does
 * nothing.
 */
PaprVcpuMap *papr_vcpu_map_new(uint32_t n_ids);
void papr_vcpu_map_free(PaprVcpuMap *map);
void papr_vcpu_map_add(PaprVcpuMap *map, PaprVcpu *vcpu);
void papr_vcpu_map_remove(PaprVcpuMap *map, PaprVcpu *vcpu);

/**
 * papr_cpu_core_register - add "@model-spapr-cpu-core", a core of CPUs @model
 *
 * For model `host`, which exists only with KVM: target/ppc/kvm calls this once
 * it has registered the CPU's type.  cpu/core.c registers all other core types.
 */
void papr_cpu_core_register(const char *model);

/** papr_vcpu_find: the vCPU with this id, or NULL; any id is safe to ask for */
PaprVcpu *papr_vcpu_find(const PaprVcpuMap *map, uint64_t id);

/* LPCR (logical partitioning control register) bits that all vCPUs share */
#define PAPR_LPCR_OF_ALL \
    (LPCR_ILE | LPCR_AIL | LPCR_UPRT | LPCR_GTSE | LPCR_HR)

/** papr_vcpus_lpcr: the partition's values of these bits; BQL */
uint64_t papr_vcpus_lpcr(const PaprVcpuMap *map);

/**
 * papr_vcpus_note_lpcr - the partition has @value in the LPCR bits of @mask
 *
 * Unlike papr_vcpus_set_lpcr(), this changes no vCPU's LPCR.  For a reset of
 * the machine, before vCPUs are reset, and for values of a stream.  Context:
 * BQL.
 */
void papr_vcpus_note_lpcr(PaprVcpuMap *map, uint64_t value, uint64_t mask);

/** papr_vcpu_lpcr: the partition's LPCR, also while @vcpu runs an L2; BQL */
static inline uint64_t papr_vcpu_lpcr(const PaprVcpu *vcpu)
{
    return vcpu->l1.in_l2 ? vcpu->l1.lpcr : vcpu->cpu->env.spr[SPR_LPCR];
}

/** papr_vcpu_map_size: one more than the highest id possible */
uint32_t papr_vcpu_map_size(const PaprVcpuMap *map);

/** papr_vcpu_next: iterate; start with NULL, ends with NULL, ascending ids */
PaprVcpu *papr_vcpu_next(const PaprVcpuMap *map, const PaprVcpu *prev);

/**
 * papr_vcpu_run_init, papr_vcpu_run_exit - a realized vCPU can be started, or
 * is about to be unrealized, which cancels a start in progress
 *
 * Context: main thread, BQL; run_exit once the vCPU is removed from the map.
 */
void papr_vcpu_run_init(PaprVcpu *vcpu);
void papr_vcpu_run_exit(PaprVcpu *vcpu);

/** papr_vcpu_wake: make a halted vCPU run (H_PROD); BQL held */
void papr_vcpu_wake(PaprVcpu *vcpu);

/**
 * papr_vcpu_start - enter a stopped vCPU at @entry with r3 = @r3, real mode,
 * interrupts off, endianness and LPCR as a PAPR start-cpu asks
 * (LoPAR 7.3.8.3)
 * @peer: the vCPU that calls start-cpu, whose timebase @vcpu gets; NULL for the
 *        boot vCPU
 *
 * The LPCR bits that all vCPUs share are those of papr_vcpus_lpcr() when the
 * vCPU begins.  If a vCPU's thread calls this, work is queued for @vcpu, which
 * is not "stopped" any more, and begins once it is out of its guest.
 * Context: BQL, @vcpu halted.
 */
void papr_vcpu_start(PaprVcpu *vcpu, PaprVcpu *peer, uint64_t entry,
                     uint64_t r3);

/** papr_vcpu_cancel_start: cancel a start in progress; at reset, BQL */
void papr_vcpu_cancel_start(PaprVcpu *vcpu);

/** papr_vcpu_is_stopped: in the "RTAS stopped" state; BQL */
bool papr_vcpu_is_stopped(const PaprVcpu *vcpu);

/** papr_vcpu_has_begun: not stopped, and no start is in progress; BQL */
bool papr_vcpu_has_begun(const PaprVcpu *vcpu);

/** papr_vcpu_stays_halted: has nothing to do until another wakes it; BQL */
bool papr_vcpu_stays_halted(const PaprVcpu *vcpu);

/** papr_vcpu_stop_self: halt with interrupts off until papr_vcpu_start() */
void papr_vcpu_stop_self(PaprVcpu *vcpu);

/**
 * papr_vcpus_set_lpcr - set the LPCR bits of @mask to @value in all vCPUs
 *
 * For bits of PAPR_LPCR_OF_ALL.  vCPUs that are stopped, or being started, are
 * changed as well.  With TCG all are changed before the caller executes another
 * instruction of its guest, while no vCPU executes; with KVM each vCPU changes
 * its own before it enters its guest again.  Context: hypercall or RTAS call,
 * BQL.
 */
void papr_vcpus_set_lpcr(PaprVcpuMap *map, uint64_t value, uint64_t mask);

/**
 * papr_vcpus_set_lpcr_halted - the same at once: no vCPU executes its guest
 *
 * Context: reset, or a call of the only vCPU that runs; BQL.
 */
void papr_vcpus_set_lpcr_halted(PaprVcpuMap *map, uint64_t value,
                                uint64_t mask);

/**
 * papr_vpa_exec_enter, papr_vpa_exec_exit - the vCPU is (not) dispatched
 *
 * Keep the dispatch counter of the registered area even while the vCPU runs,
 * odd while it does not.  Context: the vCPU's thread, no BQL; TCG only.
 */
void papr_vpa_exec_enter(PaprVcpu *vcpu);
void papr_vpa_exec_exit(PaprVcpu *vcpu);

#endif
