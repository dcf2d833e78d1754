/*
 * pSeries platform: the hash page table entry (HPTE) as numbers
 *
 * Pure; see hpte.h.  Used by the hypercalls to find what to flush, and by the
 * resize to find an entry's new place.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/host-utils.h"
#include "hpte.h"

/* Virtual address bits from here on are in the entry itself */
#define AVPN_SHIFT 23

bool papr_hpte_has_encoding(uint64_t pte1, unsigned shift, uint32_t encoding)
{
    return extract64(pte1 & HPTE1_RPN, 12, shift - 12) == encoding;
}

uint64_t papr_va_hash(const PaprVa *va, unsigned base_shift)
{
    uint64_t segment = va->vsid;

    if (va->segment_shift == 40) {
        segment ^= va->vsid << 25;
    }
    return segment ^ (va->offset >> base_shift);
}

bool papr_hpte_va(uint64_t pte0, uint64_t ptex, uint64_t pteg_mask,
                  unsigned base_shift, PaprVa *va)
{
    uint64_t avpn = extract64(pte0, 7, 55);
    uint64_t group = ptex / HPTES_IN_PTEG;

    switch (pte0 & HPTE0_B) {
    case 0:
        va->segment_shift = 28;
        break;
    case HPTE0_1T:
        va->segment_shift = 40;
        break;
    default:
        return false;
    }
    va->vsid = avpn >> (va->segment_shift - AVPN_SHIFT);
    va->offset = extract64(avpn, 0, va->segment_shift - AVPN_SHIFT)
                 << AVPN_SHIFT;
    va->offset &= ~MAKE_64BIT_MASK(0, base_shift);

    if (base_shift < AVPN_SHIFT) {
        PaprVa segment = { va->vsid, 0, va->segment_shift };
        uint64_t page = papr_va_hash(&segment, base_shift);

        page ^= pte0 & HPTE0_SECONDARY ? ~group : group;
        page &= pteg_mask & MAKE_64BIT_MASK(0, AVPN_SHIFT - base_shift);
        va->offset |= page << base_shift;
    }
    return true;
}

bool papr_hpte_rehash(uint64_t pte0, uint64_t ptex, uint64_t pteg_mask,
                      uint64_t new_pteg_mask, unsigned base_shift,
                      uint64_t *new_ptex)
{
    PaprVa va;
    uint64_t hash;

    if (!papr_hpte_va(pte0, ptex, pteg_mask, base_shift, &va)) {
        return false;
    }
    hash = papr_va_hash(&va, base_shift);
    if (pte0 & HPTE0_SECONDARY) {
        hash = ~hash;
    }
    *new_ptex = (hash & new_pteg_mask) * HPTES_IN_PTEG + ptex % HPTES_IN_PTEG;
    return true;
}

/*
 * The flags have the key and protection bits in the same places as the entry,
 * except three that are at the top of the entry: pp0 (flag bit 8) and the upper
 * two bits of the key (flag bits 13 and 12).
 */
uint64_t papr_hpte_protected(uint64_t pte1, uint64_t flags)
{
    const uint64_t in_place = HPTE1_PP | HPTE1_N | HPTE1_KEY_LO;

    pte1 &= ~(in_place | HPTE1_PP0 | HPTE1_KEY_HI | HPTE1_R);
    pte1 |= flags & in_place;
    pte1 |= (uint64_t)extract64(flags, 8, 1) << 63;
    pte1 |= (uint64_t)extract64(flags, 12, 2) << 60;
    return pte1;
}

/*
 * One 128th of the memory, as guests with 64 KiB pages need far less than the
 * 64th that PAPR recommends.
 */
int papr_hpt_shift_for(uint64_t bytes)
{
    int shift = bytes > 1 ? 64 - clz64(bytes - 1) - 7 : 0;

    return MIN(MAX(shift, HPT_SHIFT_MIN), HPT_SHIFT_MAX);
}
