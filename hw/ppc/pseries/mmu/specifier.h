/*
 * pSeries platform: translation specifiers of H_BULK_REMOVE and H_BLOCK_REMOVE
 *
 * Each names an entry of the hash page table that the call is to remove; a call
 * has several.  LoPAR sections 14.5.4.1.7 and 14.5.4.1.8.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_MMU_SPECIFIER_H
#define HW_PPC_PSERIES_MMU_SPECIFIER_H

/* Control byte of a translation specifier, LoPAR 14.5.4.1.7 */
#define TS_TYPE_SHIFT   62
enum { TS_UNUSED, TS_REQUEST, TS_RESPONSE, TS_END };

/* Translation specifier of LoPAR 14.5.4.1.8: another form than the above */
#define BLOCK_PAGES_SHIFT 3
#define BLOCK_MAX       8
#define BLOCK_AVPN      0x0100000000000000ull
#define BLOCK_PTEX      0x0000ffffffffffffull
#define BLOCK_STATUS(code) ((uint64_t)TS_RESPONSE << TS_TYPE_SHIFT | \
                            (uint64_t)(code) << 59)
#define BLOCK_CODE      (BLOCK_STATUS(7))
#define BLOCK_R         (1ull << 58)
#define BLOCK_C         (1ull << 57)
enum {
    BLOCK_SUCCESS, BLOCK_NOT_FOUND, BLOCK_PARM, BLOCK_INCONSISTENT, BLOCK_BUSY,
    BLOCK_CROSSES,
};

/* The bits of an AVPN that are the same in a whole block of pages */
static inline uint64_t papr_block_avpn_bits(unsigned base_shift)
{
    /* address bit n is bit n - 16 of the doubleword, the AVPN starts at 23 */
    unsigned first = MAX(base_shift + BLOCK_PAGES_SHIFT, 23) - 16;

    return ~((1ull << first) - 1);
}

#endif
