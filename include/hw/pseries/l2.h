/*
 * pSeries platform: switch a vCPU between partition (L1) and nested guest (L2)
 *
 * With TCG.  This is about registers alone; nested/ has the L2s and their
 * memory.
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
 * PaprL2Rest - index in PaprL2Registers.rest; streams have this order
 *
 * PAPR_L2_DEC_EXPIRY: when the decrementer becomes negative, in L1's timebase.
 */
typedef enum PaprL2Rest {
    PAPR_L2_VSR0,                       /* high and low doubleword of each */
    PAPR_L2_FPSCR = PAPR_L2_VSR0 + 2 * 64,
    PAPR_L2_VSCR,
    PAPR_L2_DEC_EXPIRY,
    PAPR_L2_MMCR0,
    PAPR_L2_MMCR1,
    PAPR_L2_MMCR2,
    PAPR_L2_MMCR3,
    PAPR_L2_MMCRA,
    PAPR_L2_PMC1,
    PAPR_L2_SIER = PAPR_L2_PMC1 + 6,
    PAPR_L2_SIER2,
    PAPR_L2_SIER3,
    PAPR_L2_SDAR,
    PAPR_L2_SIAR,
    PAPR_L2_DAR,
    PAPR_L2_DSISR,
    PAPR_L2_FSCR,
    PAPR_L2_BESCR,
    PAPR_L2_EBBHR,
    PAPR_L2_EBBRR,
    PAPR_L2_AMR,
    PAPR_L2_IAMR,
    PAPR_L2_UAMOR,
    PAPR_L2_DSCR,
    PAPR_L2_TAR,
    PAPR_L2_DEXCR,
    PAPR_L2_HDEXCR,
    PAPR_L2_HASHKEYR,
    PAPR_L2_HASHPKEYR,
    PAPR_L2_CTRL,
    PAPR_L2_VRSAVE,
    PAPR_L2_WORT,
    PAPR_L2_PSPB,
    PAPR_L2_REST
} PaprL2Rest;

QEMU_BUILD_BUG_ON(PAPR_L2_REST > PAPR_L1_REST);

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
 * @vtb, @purr: the present values of the counters
 * @has_rest: @rest changes, too
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
    bool has_rest;
    uint64_t rest[PAPR_L2_REST];
} PaprL2Registers;

/**
 * papr_l2_enter - the vCPU runs an L2 from its next instruction on
 *
 * Stores L1's registers in vcpu->l1, except the addresses there, which the
 * caller sets.  Bits of MSR and LPCR in @l2 that L1 can't choose for an L2 are
 * ignored.  Context: a hypercall of @vcpu, BQL.
 */
void papr_l2_enter(PaprVcpu *vcpu, const PaprL2Registers *l2);

/**
 * papr_l2_leave - back to L1, whose hypercall returns @r3
 * @hypervisor: the interrupt has put NIP and MSR into HSRR0 and HSRR1, not into
 *      SRR0 and SRR1
 * @l2: gets the L2's registers
 *
 * The CPU has L1's registers afterwards: the caller may set more results there.
 * Context: the vCPU's thread, in an interrupt that is L1's to handle; BQL.
 */
void papr_l2_leave(PaprVcpu *vcpu, uint64_t r3, bool hypervisor,
                   PaprL2Registers *l2);

/**
 * papr_l2_take_external - the L2 takes an external interrupt that L1 requests
 *
 * L1 requests it by LPCR[MER] (mediated external exception request).  Returns
 * true if the L2 can take it: the L2 is at the interrupt's vector then.
 * Returns false if it can't, if L1 requests none, or if an interrupt for L1 is
 * pending.  Context: the vCPU's thread, where an external interrupt has put NIP
 * and MSR into HSRR0 and HSRR1; BQL.
 */
bool papr_l2_take_external(PaprVcpu *vcpu);

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
 * papr_l2_reset - end the L2, if one runs, and clear vcpu->l1
 *
 * Before the CPU is reset.  Context: BQL, the vCPU stopped.
 */
void papr_l2_reset(PaprVcpu *vcpu);

/**
 * papr_l2_get_rest, papr_l2_put_rest - PaprL2Registers.rest out of the CPU, and
 * into it
 *
 * The CPU must have the LPCR of the level, L1 or L2, whose registers these are:
 * LPCR has the decrementer's size.  For nested/switch.c alone.
 */
void papr_l2_get_rest(PaprVcpu *vcpu, uint64_t *rest);
void papr_l2_put_rest(PaprVcpu *vcpu, const uint64_t *rest);

/** papr_l2_loaded: @vcpu, which runs an L2, was loaded; BQL, stopped */
void papr_l2_loaded(PaprVcpu *vcpu);

#endif
