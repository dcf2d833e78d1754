/*
 * XICS: the state of an interrupt presentation controller (ICP), pure
 *
 * An ICP arbitrates for one server, which is a vCPU.  Its registers (PowerPC
 * External Interrupt Architecture; LoPAR 14.5.4.7.1 to .5) are
 *   CPPR  current processor priority: only more favored (lower) ones interrupt
 *   XISR  number of the interrupt presented; 0 none, 2 an inter-processor one
 *   MFRR  most favored request: the priority of an inter-processor interrupt
 *         (IPI), 0xff for none
 * and, not seen by the guest, the priority of what XISR presents.  All fit in
 * one 64-bit word, in the layout of KVM's ICP_STATE register, so that each
 * operation is: load the word, compute the next one here, compare-and-swap.
 *
 * After each operation
 *   XISR = 0     <=> pending priority = 0xff
 *   XISR != 0     => pending priority < CPPR
 *   MFRR < CPPR   => XISR != 0 and pending priority <= MFRR
 *
 * An interrupt that the ICP refuses, or displaces by a more favored one, waits
 * at its source.  @resend says that there may be such a source: the operation
 * that makes the ICP accept more clears @resend, and its caller then offers the
 * interrupts that wait.  The ICP accepts ("takes") an interrupt that is more
 * favored than both CPPR and the pending priority.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_INTC_PSERIES_XICS_ICP_STATE_H
#define HW_INTC_PSERIES_XICS_ICP_STATE_H

#define PAPR_XISR_NONE 0
#define PAPR_XISR_IPI 2
#define PAPR_XISR_MASK 0xffffff
#define PAPR_PRIO_NONE 0xff             /* least favored: nothing interrupts */

/** PaprIcpRegs - the fields of the word */
typedef struct PaprIcpRegs {
    uint32_t xisr;
    uint8_t cppr;
    uint8_t mfrr;
    uint8_t pending;
    bool resend;
} PaprIcpRegs;

/**
 * PaprIcpStep - the result of an operation
 * @next: the word to put in place
 * @displaced: a source that was presented and has to wait now; 0 for none
 * @taken: the interrupt offered is the one presented
 * @resend: sources that wait may be taken now, offer them
 */
typedef struct PaprIcpStep {
    uint64_t next;
    uint32_t displaced;
    bool taken;
    bool resend;
} PaprIcpStep;

static inline PaprIcpRegs papr_icp_regs(uint64_t word)
{
    return (PaprIcpRegs) {
        .cppr = word >> 56,
        .xisr = (word >> 32) & PAPR_XISR_MASK,
        .mfrr = word >> 24,
        .pending = word >> 16,
        .resend = word & 1,
    };
}

static inline uint64_t papr_icp_word(const PaprIcpRegs *r)
{
    return (uint64_t)r->cppr << 56 |
           (uint64_t)(r->xisr & PAPR_XISR_MASK) << 32 |
           (uint64_t)r->mfrr << 24 |
           (uint64_t)r->pending << 16 |
           r->resend;
}

/* The 32-bit register as the guest reads it: CPPR and XISR */
static inline uint32_t papr_icp_xirr(uint64_t word)
{
    return word >> 32;
}

/* Is the vCPU's external interrupt input up? */
static inline bool papr_icp_presents(uint64_t word)
{
    return (word >> 32) & PAPR_XISR_MASK;
}

/* The most favored priority that is refused; lower numbers are accepted */
static inline uint8_t papr_icp_limit(const PaprIcpRegs *r)
{
    return r->cppr < r->pending ? r->cppr : r->pending;
}

/* Would an interrupt of this priority be taken? */
static inline bool papr_icp_can_take(uint64_t word, uint8_t priority)
{
    PaprIcpRegs r = papr_icp_regs(word);

    return priority < papr_icp_limit(&r);
}

/* After reset: nothing interrupts until the guest raises CPPR */
static inline uint64_t papr_icp_off(bool resend)
{
    PaprIcpRegs r = {
        .cppr = 0,
        .xisr = PAPR_XISR_NONE,
        .mfrr = PAPR_PRIO_NONE,
        .pending = PAPR_PRIO_NONE,
        .resend = resend,
    };

    return papr_icp_word(&r);
}

/* Present @xisr in place of what is presented */
static inline void papr_icp_present(PaprIcpRegs *r, PaprIcpStep *step,
                                    uint32_t xisr, uint8_t priority)
{
    if (r->xisr > PAPR_XISR_IPI && r->xisr != xisr) {
        step->displaced = r->xisr;
        r->resend = true;
    }
    r->xisr = xisr;
    r->pending = priority;
}

/* Present the IPI if it is due and more favored than what is presented */
static inline void papr_icp_present_ipi(PaprIcpRegs *r, PaprIcpStep *step)
{
    if (r->mfrr < r->cppr && r->mfrr < r->pending) {
        papr_icp_present(r, step, PAPR_XISR_IPI, r->mfrr);
    }
}

/** papr_icp_offer: a source offers interrupt @irq; refused if not step.taken */
static inline PaprIcpStep papr_icp_offer(uint64_t word, uint32_t irq,
                                         uint8_t priority)
{
    PaprIcpRegs r = papr_icp_regs(word);
    PaprIcpStep step = { };

    if (priority < papr_icp_limit(&r)) {
        papr_icp_present(&r, &step, irq, priority);
        step.taken = true;
    } else if (r.xisr == irq) {
        /* not accepted yet: the guest takes both events as one */
        step.taken = true;
    } else {
        r.resend = true;
    }
    step.next = papr_icp_word(&r);
    return step;
}

/** papr_icp_set_mfrr: somebody requests an IPI, or withdraws the request */
static inline PaprIcpStep papr_icp_set_mfrr(uint64_t word, uint8_t mfrr)
{
    PaprIcpRegs r = papr_icp_regs(word);
    PaprIcpStep step = { };

    r.mfrr = mfrr;
    papr_icp_present_ipi(&r, &step);
    step.next = papr_icp_word(&r);
    return step;
}

/**
 * papr_icp_set_cppr - H_CPPR, and the second half of H_EOI
 *
 * This is the only operation that can raise papr_icp_limit().  It may raise the
 * limit and still present an IPI at once: a source that was refused under the
 * former CPPR may be more favored than this IPI, and has to be offered again.
 */
static inline PaprIcpStep papr_icp_set_cppr(uint64_t word, uint8_t cppr)
{
    PaprIcpRegs r = papr_icp_regs(word);
    PaprIcpStep step = { };
    uint8_t limit = papr_icp_limit(&r);

    r.cppr = cppr;
    if (r.xisr != PAPR_XISR_NONE && cppr <= r.pending) {
        papr_icp_present(&r, &step, PAPR_XISR_NONE, PAPR_PRIO_NONE);
    }
    papr_icp_present_ipi(&r, &step);
    if (r.resend && papr_icp_limit(&r) > limit) {
        r.resend = false;
        step.resend = true;
    }
    step.next = papr_icp_word(&r);
    return step;
}

/**
 * papr_icp_accept - H_XIRR: take what is presented and run at its priority
 *
 * The value for the guest is papr_icp_xirr() of the word before.  With nothing
 * presented nothing changes: a spurious call must not raise CPPR.
 */
static inline PaprIcpStep papr_icp_accept(uint64_t word)
{
    PaprIcpRegs r = papr_icp_regs(word);
    PaprIcpStep step = { };

    if (r.xisr != PAPR_XISR_NONE) {
        r.cppr = r.pending;
        r.xisr = PAPR_XISR_NONE;
        r.pending = PAPR_PRIO_NONE;
    }
    step.next = papr_icp_word(&r);
    return step;
}

#endif
