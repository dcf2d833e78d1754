/*
 * pSeries platform: rules of moving registers between QEMU and KVM
 *
 * Arithmetic without state, used by regs.c and timer.c in this folder and
 * checked by tests/unit/pseries/test-kvm-regs.c on any host.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TARGET_PPC_KVM_REGS_RULES_H
#define TARGET_PPC_KVM_REGS_RULES_H

#include "qemu/bitops.h"

/*
 * Logical partitioning control register (LPCR): the bits that are the guest's.
 * QEMU sets ILE, AIL, LD and TC in the register; KVM_PPC_CONFIGURE_V3_MMU sets
 * UPRT, HR and GTSE.  All other bits are the host's, for example where external
 * interrupts are delivered and what wakes a thread from nap.  They must not get
 * into QEMU, whose bits are those of an emulated partition, or into a migration
 * stream.
 */
#define PAPR_KVM_LPCR_ILE       (1ULL << (63 - 38))
#define PAPR_KVM_LPCR_AIL       (3ULL << (63 - 40))
#define PAPR_KVM_LPCR_UPRT      (1ULL << (63 - 41))
#define PAPR_KVM_LPCR_HR        (1ULL << (63 - 43))
#define PAPR_KVM_LPCR_LD        (1ULL << (63 - 46))
#define PAPR_KVM_LPCR_GTSE      (1ULL << (63 - 53))
#define PAPR_KVM_LPCR_TC        (1ULL << (63 - 54))

#define PAPR_KVM_LPCR_SET_HV    (PAPR_KVM_LPCR_ILE | PAPR_KVM_LPCR_AIL | \
                                 PAPR_KVM_LPCR_LD | PAPR_KVM_LPCR_TC)
#define PAPR_KVM_LPCR_SEEN_HV   (PAPR_KVM_LPCR_SET_HV | PAPR_KVM_LPCR_UPRT | \
                                 PAPR_KVM_LPCR_HR | PAPR_KVM_LPCR_GTSE)
/* kvm-pr keeps the endianness of interrupts, and nothing else */
#define PAPR_KVM_LPCR_SEEN_PR   PAPR_KVM_LPCR_ILE
/* If the kernel masks these, the guest takes interrupts wrongly */
#define PAPR_KVM_LPCR_VITAL     (PAPR_KVM_LPCR_ILE | PAPR_KVM_LPCR_AIL | \
                                 PAPR_KVM_LPCR_LD)

/* What QEMU's LPCR becomes when the kernel's is @kernel */
static inline uint64_t papr_kvm_lpcr_seen(uint64_t qemu, uint64_t kernel,
                                          bool hv)
{
    uint64_t mask = hv ? PAPR_KVM_LPCR_SEEN_HV : PAPR_KVM_LPCR_SEEN_PR;

    return (qemu & ~mask) | (kernel & mask);
}

/* Bits on which the guest depends and that the kernel did not take */
static inline uint64_t papr_kvm_lpcr_refused(uint64_t qemu, uint64_t kernel,
                                             bool hv)
{
    return (qemu ^ kernel) &
           (hv ? PAPR_KVM_LPCR_VITAL : PAPR_KVM_LPCR_SEEN_PR);
}

/*
 * Machine state register: a guest never has HV.  kvm-hv runs guests with
 * machine checks enabled (ME), but old kernels do not set ME themselves.
 * TS = 3 is no state of a transaction.
 */
static inline uint64_t papr_kvm_msr_to_kernel(uint64_t msr)
{
    const uint64_t hv = 1ULL << 60, me = 1ULL << 12, ts = 3ULL << 33;

    if ((msr & ts) == ts) {
        msr &= ~ts;
    }
    return (msr & ~hv) | me;
}

/* From which level on a register is written even if QEMU did not change it */
typedef enum PaprKvmRegAlways {
    PAPR_KVM_AT_RESET = 2,      /* KVM_PUT_RESET_STATE and above */
    PAPR_KVM_AT_FULL = 3,       /* KVM_PUT_FULL_STATE: the kernel's counters */
} PaprKvmRegAlways;

/**
 * papr_kvm_reg_due - is a register to be written at this level?
 * @always: from which level on it is written in any case
 * @level: KVM_PUT_*_STATE
 * @known: the kernel's value has been read since the vCPU last ran
 * @changed: QEMU's value differs from that
 *
 * While a vCPU runs, values that were only read are not put back: the kernel,
 * or another vCPU's hypercall, may have changed them in the meantime
 * (doorbells, areas registered for this vCPU), and most often there is nothing
 * to do.
 */
static inline bool papr_kvm_reg_due(PaprKvmRegAlways always, int level,
                                    bool known, bool changed)
{
    if (level >= always) {
        return true;
    }
    return known ? changed : always == PAPR_KVM_AT_RESET;
}

/*
 * The decrementer as the guest reads it at timebase @tb, if it is zero when
 * the timebase is @expiry; @large: 64 bits wide rather than 32
 */
static inline uint64_t papr_kvm_decr_read(uint64_t expiry, uint64_t tb,
                                          bool large)
{
    return large ? expiry - tb : (uint32_t)(expiry - tb);
}

/* The timebase at which a decrementer that is @decr at @tb becomes zero */
static inline uint64_t papr_kvm_decr_expiry(uint64_t decr, uint64_t tb,
                                            bool large)
{
    return tb + (large ? decr : (uint64_t)(int32_t)decr);
}

#endif
