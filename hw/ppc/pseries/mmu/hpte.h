/*
 * pSeries platform: the hash page table entry (HPTE) as numbers
 *
 * Layout of an entry, the hash that gives its group (PTEG), and the reverse:
 * from an entry's place to the address that it translates.  Pure functions.
 * Power ISA 2.07 book III-S section 5.7.7 (the format which PAPR guests use on
 * later processors too).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_MMU_HPTE_H
#define HW_PPC_PSERIES_MMU_HPTE_H

#define HPTE_BYTES 16
#define HPTES_IN_PTEG 8
#define PTEG_SHIFT 7                    /* log2 of a group's bytes */

/* Sizes that the architecture allows for a table, log2 of bytes */
#define HPT_SHIFT_MIN 18
#define HPT_SHIFT_MAX 46

/* First doubleword */
#define HPTE0_VALID     0x0000000000000001ull
#define HPTE0_SECONDARY 0x0000000000000002ull
#define HPTE0_LARGE     0x0000000000000004ull
#define HPTE0_BOLTED    0x0000000000000010ull
#define HPTE0_AVPN_B    0xffffffffffffff80ull   /* compared with an AVPN */
#define HPTE0_1T        0x4000000000000000ull   /* segment size 1 TiB */
#define HPTE0_B         0xc000000000000000ull
/*
 * Software bits that PAPR reserves for the hypervisor (IBM bits 57 and 58);
 * guests neither set nor see them, and they are never migrated.
 */
#define HPTE0_LOCK      0x0000000000000040ull   /* a hypercall works on it */
#define HPTE0_REF_ASKED 0x0000000000000020ull   /* the guest entered R = 1 */
#define HPTE0_OURS      (HPTE0_LOCK | HPTE0_REF_ASKED)

/* Second doubleword */
#define HPTE1_PP0       0x8000000000000000ull
#define HPTE1_RESERVED  0x4000000000000000ull   /* IBM bit 1: forced off */
#define HPTE1_KEY_HI    0x3000000000000000ull
#define HPTE1_RPN       0x0ffffffffffff000ull
#define HPTE1_KEY_LO    0x0000000000000e00ull
#define HPTE1_R         0x0000000000000100ull   /* referenced */
#define HPTE1_C         0x0000000000000080ull   /* changed */
#define HPTE1_W         0x0000000000000040ull
#define HPTE1_I         0x0000000000000020ull
#define HPTE1_M         0x0000000000000010ull
#define HPTE1_G         0x0000000000000008ull
#define HPTE1_WIMG      0x0000000000000078ull
#define HPTE1_N         0x0000000000000004ull
#define HPTE1_PP        0x0000000000000003ull

/** PaprVa - a virtual page: segment, and the byte offset of the page in it */
typedef struct PaprVa {
    uint64_t vsid;
    uint64_t offset;
    unsigned segment_shift;             /* 28 or 40 */
} PaprVa;

/**
 * papr_hpte_has_encoding - does @pte1 encode a page of 2^@shift bytes?
 * @encoding: the value of LP for this size; LP is in the low bits of the RPN
 */
bool papr_hpte_has_encoding(uint64_t pte1, unsigned shift, uint32_t encoding);

/** papr_va_hash: primary hash of @va, with pages of 2^@base_shift bytes */
uint64_t papr_va_hash(const PaprVa *va, unsigned base_shift);

/**
 * papr_hpte_va - the virtual page that an entry translates
 * @pte0: its doubleword 0
 * @ptex: its index in the table
 * @pteg_mask: number of the table's groups less one
 * @base_shift: log2 of the segment's page size
 *
 * The entry has the address bits from 23 up; the bits below, down to the page,
 * are computed from the number of its group.  A table has at least 2^11 groups,
 * so the number has all of these bits.  Returns false for an unknown segment
 * size.
 */
bool papr_hpte_va(uint64_t pte0, uint64_t ptex, uint64_t pteg_mask,
                  unsigned base_shift, PaprVa *va);

/**
 * papr_hpte_rehash - index of the entry's place in a table of another size
 *
 * The entry keeps its slot in the group.  Arguments: as papr_hpte_va(), and
 * @new_pteg_mask of the other table.
 */
bool papr_hpte_rehash(uint64_t pte0, uint64_t ptex, uint64_t pteg_mask,
                      uint64_t new_pteg_mask, unsigned base_shift,
                      uint64_t *new_ptex);

/** papr_hpte_protected: @pte1 with what H_PROTECT's @flags say, R cleared */
uint64_t papr_hpte_protected(uint64_t pte1, uint64_t flags);

/** papr_hpt_shift_for: log2 of the table's bytes for @bytes of memory */
int papr_hpt_shift_for(uint64_t bytes);

#endif
