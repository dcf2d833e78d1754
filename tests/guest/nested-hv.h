/*
 * Guests of the guest (nested guests), by KVM's own hypercalls: their blocks
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GUEST_NESTED_HV_H
#define GUEST_NESTED_HV_H

#include "nested.h"

#define LPID            7ull
#define TABLE_FIELD     2                       /* 2^(12 + 2) bytes */
#define TABLE_ENTRIES   1024
#define HOST_RADIX      (1ull << 63)

struct state {
    uint64_t version;
    uint32_t lpid, token;
    uint64_t lpcr, pcr, amor, dpdes, hfscr, tb_offset, dawr0, dawrx0, ciabr,
             hdec_expiry, purr, spurr, ic, vtb, hdar, hdsisr, heir, asdr, srr0,
             srr1, sprg[4], pidr, cfar, ppr, dawr1, dawrx1;
};

struct regs {
    uint64_t gpr[32], nip, msr, orig_r3, ctr, lr, xer, cr, others[5];
};

_Static_assert(sizeof(struct state) == 0xf8, "version 2");
_Static_assert(sizeof(struct regs) == 0x160, "pt_regs");

extern uint64_t table[2 * TABLE_ENTRIES];

/* of each vCPU */
extern struct state states[CPUS];
extern struct regs l2_regs[CPUS];

/* Make the table's entry for LPID; the argument of H_SET_PARTITION_TABLE */
void hv_make_table(void);
uint64_t table_register(void);

/* Become a partition whose partition table has LPID */
void hv_begin(void);

/* vCPU @id's blocks, for an L2 that begins with @code */
struct regs *hv_set_l2(unsigned id, const uint32_t *code, uint64_t r4,
                       uint64_t r5);

/* Enter vCPU @id's L2, for @ticks at most; returns why it has exited */
uint64_t hv_run_for(unsigned id, uint64_t ticks);

/* Run it until it exits for another reason than the end of its time */
uint64_t hv_run_l2(unsigned id);

long hv_enter(uint64_t state, uint64_t regs);

#define QUADRANT_3      (3ull << 62)

/* make_process(), and the partition table has its process table */
void hv_make_process(uint64_t leaf);

/* H_COPY_TOFROM_GUEST */
long hv_copy(uint64_t pid, uint64_t eaddr, volatile void *to,
             const volatile void *from, uint64_t len);

#endif
