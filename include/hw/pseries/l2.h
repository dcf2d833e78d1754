/*
 * pSeries platform: a vCPU between its partition (L1) and a guest of that (L2)
 *
 * Under TCG.  Registers alone: what an L2 is, and which memory it has, is the
 * business of nested/.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_L2_H
#define HW_PSERIES_L2_H

#include "hw/pseries/vcpu.h"

/** PaprL2Spr - index in PaprL2Registers.spr; streams have this order */
typedef enum PaprL2Spr {
    PAPR_L2_LPIDR,
    PAPR_L2_PCR,
    PAPR_L2_AMOR,
    PAPR_L2_HFSCR,
    PAPR_L2_DAWR0,
    PAPR_L2_DAWRX0,
    PAPR_L2_CIABR,
    PAPR_L2_DAWR1,
    PAPR_L2_DAWRX1,
    PAPR_L2_IC,
    PAPR_L2_SRR0,
    PAPR_L2_SRR1,
    PAPR_L2_SPRG0,
    PAPR_L2_SPRG1,
    PAPR_L2_SPRG2,
    PAPR_L2_SPRG3,
    PAPR_L2_PIDR,
    PAPR_L2_PPR,
    PAPR_L2_SPRS
} PaprL2Spr;

QEMU_BUILD_BUG_ON(PAPR_L2_SPRS > PAPR_L1_SPRS);

/**
 * PaprL2Registers - what changes when an L2 starts or ends, host endian
 *
 * All other registers are the same for both: L1 loads and saves them itself.
 *
 * @nip, @msr: in papr_l2_leave() as the interrupt left them, @msr with the bits
 *      that say why
 * @tb_offset: of the L2's timebase to L1's
 * @hdec_expiry: in L1's timebase; when an L2 ends at the latest
 * @doorbell: one is pending for the L2
 * @vtb, @purr: counters, as they are at the moment
 */
typedef struct PaprL2Registers {
    uint64_t gpr[32];
    uint64_t nip;
    uint64_t msr;
    uint64_t lr;
    uint64_t ctr;
    uint64_t cfar;
    uint64_t xer;
    uint32_t cr;
    bool doorbell;
    uint64_t lpcr;
    uint64_t spr[PAPR_L2_SPRS];
    int64_t tb_offset;
    uint64_t hdec_expiry;
    uint64_t vtb;
    uint64_t purr;
} PaprL2Registers;

/**
 * papr_l2_enter - the vCPU runs an L2 from its next instruction on
 *
 * Keeps L1's registers in vcpu->l1, but for the addresses there, which are the
 * caller's.  Of @l2 it takes what an L2 may have: bits of MSR and LPCR that are
 * not an L2's are ignored.  Context: a hypercall of that vCPU's, BQL.
 */
void papr_l2_enter(PaprVcpu *vcpu, const PaprL2Registers *l2);

/**
 * papr_l2_leave - back to L1, whose hypercall returns @r3
 * @hypervisor: the interrupt has put NIP and MSR into HSRR0 and HSRR1, not into
 *      SRR0 and SRR1
 * @l2: gets the L2's registers
 *
 * Context: the vCPU's thread, in an interrupt that is L1's to handle; BQL.
 */
void papr_l2_leave(PaprVcpu *vcpu, uint64_t r3, bool hypervisor,
                   PaprL2Registers *l2);

/**
 * papr_l2_interrupt - end the L2, if one runs, at the instruction it was to
 * execute next, so that L1 can take an interrupt of its own
 * @l2: gets the L2's registers
 *
 * Returns false if none runs.  Context: the vCPU's thread, out of its guest,
 * or while it is stopped; BQL.
 */
bool papr_l2_interrupt(PaprVcpu *vcpu, uint64_t r3, PaprL2Registers *l2);

/**
 * papr_l2_reset - what is left of an L2 at a reset goes away
 *
 * Before the CPU is reset.  Context: BQL, the vCPU stopped.
 */
void papr_l2_reset(PaprVcpu *vcpu);

/** papr_l2_loaded: a stream has brought a vCPU in an L2; BQL, stopped */
void papr_l2_loaded(PaprVcpu *vcpu);

#endif
