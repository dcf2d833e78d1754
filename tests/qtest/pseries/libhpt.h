/*
 * Hash page table entries for tests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LIBHPT_H
#define LIBHPT_H

#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "libpapr.h"

/* 256 MiB of RAM: a table of 2 MiB, and 4 MiB at most */
#define HPT_SHIFT 21
#define N_PTEGS (1u << (HPT_SHIFT - 7))
#define N_HPTES (N_PTEGS * 8ull)
#define RAM_END 0x10000000ull

#define FLAG(bit) (1ull << (63 - (bit)))
#define EXACT FLAG(24)
#define READ_4 FLAG(26)
#define AVPN FLAG(32)
#define ANDCOND FLAG(33)
#define ZERO_PAGE FLAG(48)
#define COMPRESSION FLAG(56)

#define VALID 0x1ull
#define SECONDARY 0x2ull
#define LARGE 0x4ull
#define BOLTED 0x10ull
#define RAM_ATTRIBUTES 0x10ull          /* WIMG 0010 */
#define R 0x100ull
#define C 0x80ull
#define PAGE (0x1234000ull | RAM_ATTRIBUTES)

typedef struct Result {
    int64_t rc;
    uint64_t r[PAPR_HCALL_REGS];        /* r4 on */
} Result;

Result hpt_call(QTestState *qts, uint64_t nr, uint64_t r4, uint64_t r5,
                uint64_t r6, uint64_t r7);

Result hpt_enter(QTestState *qts, uint64_t flags, uint64_t ptex,
                 uint64_t pte0, uint64_t pte1);

/* First doubleword of the page at @va in a 256 MiB segment */
uint64_t pte0_of(uint64_t va);

/* Group of the 4 KiB page at @va in a table of 2^@shift bytes */
uint64_t pteg_of(uint64_t va, unsigned shift);

void check_entry(QTestState *qts, uint64_t ptex, uint64_t pte0,
                 uint64_t pte1);

QTestState *start_hash(void);

void check_bad_index(QTestState *qts, uint64_t ptex);

bool is_busy(int64_t rc);

int64_t process_table(QTestState *qts, uint64_t flags, uint64_t base,
                      uint64_t page_size, uint64_t size);

bool has_hpt(QTestState *qts);

#endif
