/*
 * pSeries platform: features of the processor, "ibm,pa-features"
 *
 * A bit for each optional part of the architecture, by the guest's
 * compatibility mode: LoPAR Table C.4, and from byte 24 on the bits that
 * Linux's dt_cpu_ftrs and prom.c use.  Features of certain hosts or options are
 * added by capability.
 *
 * Called by cpus.c.  BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "fillers.h"
#include "target/ppc/cpu-models.h"
#include "target/ppc/mmu-hash64.h"

#define BYTES_MAX 74

typedef struct PaFeature {
    uint8_t byte;
    uint8_t mask;
    uint8_t level;          /* index in levels[] of the first that has it */
} PaFeature;

static const struct {
    uint32_t pvr;
    uint8_t bytes;
} levels[] = {
    { CPU_POWERPC_LOGICAL_2_06, 6 },
    { CPU_POWERPC_LOGICAL_2_07, 24 },
    { CPU_POWERPC_LOGICAL_3_00, 66 },
    { CPU_POWERPC_LOGICAL_3_10, BYTES_MAX },
};

enum { L206, L207, L300, L310 };

#define BIT8(n) (0x80 >> (n))

static const PaFeature features[] = {
    /* MMU, FPU, SLB, CTRL[RUN], DABR, no-execute */
    { 0, BIT8(0) | BIT8(1) | BIT8(2) | BIT8(3) | BIT8(5) | BIT8(6), L206 },
    /* frin and others, DABRX, SPRG3 for users, zero SLB reads, PP 110 */
    { 1, BIT8(3) | BIT8(4) | BIT8(5) | BIT8(6) | BIT8(7), L206 },
    /* VPM, data streams 2.05, PPR, data streams 2.02 and 2.06 */
    { 2, BIT8(0) | BIT8(1) | BIT8(5) | BIT8(6) | BIT8(7), L206 },
    { 3, BIT8(0) | BIT8(1), L207 },     /* DSCR: LSD, URG */
    { 5, BIT8(0) | BIT8(1), L206 },     /* little endian, CFAR */
    { 5, BIT8(2) | BIT8(3), L207 },     /* elemental barriers, lq/stq */
    { 6, BIT8(0), L207 },               /* data streams 2.07 */
    { 16, BIT8(0), L207 },              /* vector */
    { 18, BIT8(0), L207 },              /* vector scalar */
    { 20, BIT8(0), L207 },              /* vector crypto */
    { 24, BIT8(0), L300 },              /* external decrementer */
    { 26, BIT8(0), L300 },              /* 64-bit features */
    { 28, BIT8(0), L300 },              /* performance monitor */
    { 32, BIT8(0), L300 },              /* little endian atomics */
    { 34, BIT8(0) | BIT8(1), L300 },    /* event based branches, extended */
    { 40, BIT8(0), L300 },              /* radix MMU */
    { 42, BIT8(0), L300 },              /* PM */
    { 44, BIT8(0), L300 },              /* PC relative addressing */
    { 46, BIT8(0), L300 },              /* scv */
    { 48, BIT8(0), L300 },              /* SIMD */
    { 50, BIT8(0), L300 },              /* quad precision */
    { 52, BIT8(0), L300 },              /* string */
    { 54, BIT8(0), L300 },              /* decimal floating point */
    { 56, BIT8(0), L300 },              /* decimal integer */
    { 58, BIT8(0), L300 },              /* SHA */
    { 60, BIT8(0), L300 },              /* atomics on no-memory */
    { 62, BIT8(0), L300 },              /* darn */
    /* DEXCR: SBHE, IBRTPD, SRAPD, NPHIE, PHIE */
    { 68, BIT8(0) | BIT8(1) | BIT8(4) | BIT8(5) | BIT8(6), L310 },
    { 72, BIT8(0), L310 },              /* hashst, hashchk */
};

/* Index in levels[] of the newest that @cpu's mode includes, or -1 */
static int cpu_level(PowerPCCPU *cpu)
{
    for (int i = ARRAY_SIZE(levels) - 1; i >= 0; i--) {
        if (ppc_check_compat(cpu, levels[i].pvr, 0, cpu->compat_pvr)) {
            return i;
        }
    }
    return -1;
}

static void pa_features(const PaprDtInput *in, PaprDt *dt, PowerPCCPU *cpu,
                        int level)
{
    /* first the descriptor's length and kind */
    uint8_t value[2 + BYTES_MAX] = { levels[level].bytes, 0 };
    uint8_t *bits = &value[2];

    for (int i = 0; i < ARRAY_SIZE(features); i++) {
        if (features[i].level <= level) {
            bits[features[i].byte] |= features[i].mask;
        }
    }
    if (ppc_hash64_has(cpu, PPC_HASH64_CI_LARGEPAGE)) {
        /*
         * Only if the host's pages are as large: the guest would map device
         * memory with large pages, which a host with small ones can't map.
         */
        bits[1] |= BIT8(2);
    }
    if (papr_cap(in->caps, PAPR_CAP_HTM) && level >= L207) {
        bits[22] |= BIT8(0);
    }
    if (in->cas->before_isa3) {
        /* some old kernels that don't support radix would enable it */
        bits[40] &= ~BIT8(0);
    }
    if (papr_cap(in->caps, PAPR_CAP_DAWR1) && level >= L300) {
        bits[64] |= BIT8(0);
    }
    papr_dt_bytes(dt, "ibm,pa-features", value, 2 + levels[level].bytes);
}

void papr_dt_cpu_features(const PaprDtInput *in, PaprDt *dt, PowerPCCPU *cpu)
{
    int level = cpu_level(cpu);
    uint8_t pi_features[] = { 1, 0, 0 };

    if (level >= 0) {
        pa_features(in, dt, cpu, level);
    }
    if (in->kvm && level >= L300) {
        /* the guest should not use msgsndp, which KVM emulates slowly */
        pi_features[2] |= BIT8(4);
    }
    papr_dt_bytes(dt, "ibm,pi-features", pi_features, sizeof(pi_features));
}
