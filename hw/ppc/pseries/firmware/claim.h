/*
 * pSeries platform: memory claimed by the Open Firmware client interface
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_FIRMWARE_CLAIM_H
#define HW_PPC_PSERIES_FIRMWARE_CLAIM_H

/* Addresses are 32-bit cells, so claims end at 4 GiB */
#define PAPR_CLAIM_TOP          (1ULL << 32)
#define PAPR_CLAIM_NONE         UINT64_MAX
/* The most ranges that a client can have; bounds memory and time */
#define PAPR_CLAIM_RANGES       1024

typedef struct PaprClaimRange {
    uint64_t start;
    uint64_t end;               /* first address after it */
} PaprClaimRange;

/* Sorted by address, disjoint and not adjacent */
typedef struct PaprClaims {
    uint64_t top;               /* end of the memory that can be claimed */
    uint32_t n;
    PaprClaimRange range[PAPR_CLAIM_RANGES];
} PaprClaims;

void papr_claims_init(PaprClaims *claims, uint64_t top);

/**
 * papr_claim - IEEE 1275 claim
 *
 * With @align 0 exactly [@addr, @addr + @size); else the lowest free range with
 * that alignment (not always a power of two) and @addr is ignored.  Returns the
 * address or PAPR_CLAIM_NONE.
 */
uint64_t papr_claim(PaprClaims *claims, uint64_t addr, uint64_t size,
                    uint64_t align);

/** papr_claim_release: false unless all of the range is claimed */
bool papr_claim_release(PaprClaims *claims, uint64_t addr, uint64_t size);

/** papr_claims_free_range: the free range @index in address order, or false */
bool papr_claims_free_range(const PaprClaims *claims, uint32_t index,
                            PaprClaimRange *free);

/** papr_claims_valid: is a list from a stream sorted, and within bounds? */
bool papr_claims_valid(const PaprClaims *claims);

#endif
