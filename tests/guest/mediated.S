/*
 * A hypervisor's external interrupt for its guest: LPCR[MER]
 *
 * Firmware of powernv, for mediated.py: it enters a guest in which MSR[EE] is 0,
 * and which sets it, with LPCR[LPES0] = 1 (the guest takes the interrupt), with
 * LPES0 = 0 (the hypervisor takes it), and without LPCR[MER] (there is none).
 * Each run writes four doublewords at RESULTS: how far the guest came, whether
 * there was an interrupt, the MSR of its handler, and where the guest was.
 *
 * Power ISA 3.0B, Book III: 2.2 (LPCR), 6.5.7 (external interrupts), 5.7.6 (the
 * partition table); without radix (POWER8) the guest's real mode is the RMO's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define RESULTS         0x2000
#define ENDED           (RESULTS + 0x80)        /* and the address after mtmsrd */

#define LPCR            318
#define LPIDR           319
#define HSRR0           314
#define HSRR1           315
#define PTCR            464
#define PVR             287

/* Bits of LPCR */
#define UPRT            0x400000
#define HR              0x100000
#define MER             0x800
#define LPES0           0x8

#define PARTITIONS      0x10000
#define ROOT            0x20000
#define LEAVES          0x30000

        .machine power9
        .org    0x10
        b       hypervisor

        .org    0x500
        mfmsr   %r21
        li      %r22, 1
        rldicl. %r6, %r21, 4, 63        /* MSR[HV] */
        bne     1f
        mfspr   %r23, 26                /* SRR0 */
        sc      1
1:      mfspr   %r23, HSRR0
        b       next

        .org    0xc00                   /* a hypercall: the run has ended */
        b       next

        .org    0x1000
hypervisor:
        lis     %r3, 0x7fff
        mtdec   %r3
        li      %r3, 1
        mtspr   LPIDR, %r3
        mfspr   %r11, LPCR
        li      %r3, MER | LPES0
        andc    %r11, %r11, %r3
        mfspr   %r3, PVR
        srwi    %r3, %r3, 16
        cmplwi  %r3, 0x4e
        blt     1f                      /* POWER8's begin with 0x4b to 0x4d */
        lis     %r3, PARTITIONS >> 16
        mtspr   PTCR, %r3
        oris    %r11, %r11, (UPRT | HR) >> 16
1:      li      %r10, RESULTS
        li      %r12, MER | LPES0       /* what this run's LPCR has */
enter:  or      %r3, %r11, %r12
        mtspr   LPCR, %r3
        lis     %r3, guest@h
        ori     %r3, %r3, guest@l
        mtspr   HSRR0, %r3
        li      %r3, 1
        sldi    %r3, %r3, 63            /* MSR[SF] alone */
        mtspr   HSRR1, %r3
        li      %r20, 0
        li      %r21, 0
        li      %r22, 0
        li      %r23, 0
        hrfid

guest:  li      %r20, 1
        li      %r3, 0
        ori     %r3, %r3, 0x8000        /* MSR[EE] */
        mtmsrd  %r3, 1
enabled:
        li      %r20, 2
        sc      1

next:   std     %r20, 0(%r10)
        std     %r22, 8(%r10)
        std     %r21, 16(%r10)
        std     %r23, 24(%r10)
        addi    %r10, %r10, 32
        cmpdi   %r12, MER
        li      %r12, MER
        bgt     enter
        li      %r12, 0
        beq     enter
        li      %r3, enabled
        std     %r3, ENDED(0)
        b       .

        /* Partition 1: real addresses below 1 GiB are themselves, by radix */
        .org    PARTITIONS + 16
        .quad   1 << 63 | 2 << 61 | ROOT | 5 << 5 | 13, 0
        .org    ROOT
        .quad   1 << 63 | LEAVES | 9
        .org    LEAVES
        .quad   3 << 62 | 0x187         /* R, C, read, write, execute */
        .org    LEAVES + 0x1000
