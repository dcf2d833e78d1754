/*
 * Nested guests: structures in L1's memory of KVM's own hypercalls
 *
 * Pure: bytes and numbers, neither guest memory nor registers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "block.h"

/* KVM's table has 4096 entries at most: LPIDs of POWER9 have 12 bits */
#define SIZE_FIELD_MAX  4
#define ENTRY_SIZE      16

size_t papr_hv_size(uint64_t version)
{
    switch (version) {
    case 1:
        return PAPR_HV_WORDS_1 * sizeof(uint64_t);
    case 2:
        return PAPR_HV_WORDS * sizeof(uint64_t);
    default:
        return 0;
    }
}

void papr_words_load(uint64_t *words, const void *buf, size_t n, bool little)
{
    const uint8_t *p = buf;

    for (size_t i = 0; i < n; i++, p += 8) {
        words[i] = little ? ldq_le_p(p) : ldq_be_p(p);
    }
}

void papr_words_store(void *buf, const uint64_t *words, size_t n, bool little)
{
    uint8_t *p = buf;

    for (size_t i = 0; i < n; i++, p += 8) {
        if (little) {
            stq_le_p(p, words[i]);
        } else {
            stq_be_p(p, words[i]);
        }
    }
}

/* LPID comes first in memory: the upper half of a big-endian doubleword */
void papr_hv_load(PaprHvState *state, const void *buf, size_t size, bool little)
{
    uint64_t both;

    *state = (PaprHvState) {};
    papr_words_load(state->word, buf, size / 8, little);
    both = state->word[PAPR_HV_LPID_AND_TOKEN];
    state->lpid = little ? both : both >> 32;
    state->token = little ? both >> 32 : both;
}

void papr_hv_store(void *buf, const PaprHvState *state, size_t size,
                   bool little)
{
    papr_words_store(buf, state->word, size / 8, little);
}

bool papr_ptcr_table(uint64_t ptcr, uint64_t *addr, uint64_t *size)
{
    if ((ptcr & PAPR_PTCR_SIZE) > SIZE_FIELD_MAX) {
        return false;
    }
    *addr = ptcr & PAPR_PTCR_ADDR;
    *size = 1ull << (12 + (ptcr & PAPR_PTCR_SIZE));
    return !(*addr & (*size - 1));
}

bool papr_ptcr_entry(uint64_t ptcr, uint64_t lpid, uint64_t *addr)
{
    uint64_t size;

    if (!papr_ptcr_table(ptcr, addr, &size) || lpid >= size / ENTRY_SIZE) {
        return false;
    }
    *addr += lpid * ENTRY_SIZE;
    return true;
}

/*
 * @form and @rb have the operands of tlbie as in the instruction: R radix, PRS
 * process scoped, RIC what is invalidated (TLB, page walks, all) and IS which
 * entries (a page's, a process's, a partition's, all).
 */
bool papr_tlbie_ok(uint64_t form, uint64_t rb)
{
    unsigned ric = form >> 18 & 3, is = rb >> 10 & 3;
    bool prs = form >> 17 & 1, radix = form >> 16 & 1;

    if (!radix || prs || ric == 3 || is == 1) {
        return false;
    }
    return is || !ric;
}
