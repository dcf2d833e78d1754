/*
 * Nested guests: structures in L1's memory of KVM's own hypercalls
 *
 * The state block and the register block of H_ENTER_NESTED, and the partition
 * table of H_SET_PARTITION_TABLE.  Linux calls them hv_guest_state, pt_regs and
 * patb_entry.  Pure; tests/unit/pseries/test-nested-block.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_NESTED_BLOCK_H
#define PSERIES_NESTED_BLOCK_H

/*
 * The state block is doublewords in the caller's byte order, except that there
 * are two words at offset 8: the guest's LPID (logical partition ID), and a
 * token by which a host may identify the vCPU; this machine does not use it.
 */
enum PaprHvWord {
    PAPR_HV_VERSION,
    PAPR_HV_LPID_AND_TOKEN,
    PAPR_HV_LPCR,
    PAPR_HV_PCR,
    PAPR_HV_AMOR,
    PAPR_HV_DPDES,
    PAPR_HV_HFSCR,
    PAPR_HV_TB_OFFSET,
    PAPR_HV_DAWR0,
    PAPR_HV_DAWRX0,
    PAPR_HV_CIABR,
    PAPR_HV_HDEC_EXPIRY,
    PAPR_HV_PURR,
    PAPR_HV_SPURR,
    PAPR_HV_IC,
    PAPR_HV_VTB,
    PAPR_HV_HDAR,
    PAPR_HV_HDSISR,
    PAPR_HV_HEIR,
    PAPR_HV_ASDR,
    PAPR_HV_SRR0,
    PAPR_HV_SRR1,
    PAPR_HV_SPRG0,
    PAPR_HV_SPRG1,
    PAPR_HV_SPRG2,
    PAPR_HV_SPRG3,
    PAPR_HV_PIDR,
    PAPR_HV_CFAR,
    PAPR_HV_PPR,
    PAPR_HV_WORDS_1,                    /* version 1 ends here */
    PAPR_HV_DAWR1 = PAPR_HV_WORDS_1,
    PAPR_HV_DAWRX1,
    PAPR_HV_WORDS,                      /* version 2 ends here */
};

/* The register block is all doublewords */
enum PaprRegsWord {
    PAPR_REGS_GPR0 = 0,
    PAPR_REGS_NIP = 32,
    PAPR_REGS_MSR,
    PAPR_REGS_R3_OF_CALL,
    PAPR_REGS_CTR,
    PAPR_REGS_LR,
    PAPR_REGS_XER,
    PAPR_REGS_CR,
    PAPR_REGS_WORDS = 44,               /* the other words are not used here */
};

/** PaprHvState - a state block, host endian; words its version lacks are 0 */
typedef struct PaprHvState {
    uint64_t word[PAPR_HV_WORDS];
    uint32_t lpid;
    uint32_t token;
} PaprHvState;

#define PAPR_HV_VERSION_MAX 2
#define PAPR_HV_SIZE_MAX (PAPR_HV_WORDS * sizeof(uint64_t))
#define PAPR_REGS_SIZE (PAPR_REGS_WORDS * sizeof(uint64_t))

/** papr_hv_size: bytes of a state block of that version; 0: there is none */
size_t papr_hv_size(uint64_t version);

/** papr_words_load: @n doublewords of @buf, big-endian or @little-endian */
void papr_words_load(uint64_t *words, const void *buf, size_t n, bool little);
void papr_words_store(void *buf, const uint64_t *words, size_t n, bool little);

/** papr_hv_load, papr_hv_store: all of a block of @size bytes */
void papr_hv_load(PaprHvState *state, const void *buf, size_t size,
                  bool little);
void papr_hv_store(void *buf, const PaprHvState *state, size_t size,
                   bool little);

/*
 * The partition table: two doublewords, big-endian, for each LPID.  PTCR, the
 * register that names it, has its address and log2 of its bytes, less 12.
 */
#define PAPR_PTCR_ADDR  0x0ffffffffffff000ull
#define PAPR_PTCR_SIZE  0x1full

/** papr_ptcr_table: the table's address and bytes; false if @ptcr is invalid */
bool papr_ptcr_table(uint64_t ptcr, uint64_t *addr, uint64_t *size);

/** papr_ptcr_entry: address of the entry for @lpid, false if it has none */
bool papr_ptcr_entry(uint64_t ptcr, uint64_t lpid, uint64_t *addr);

/** papr_tlbie_ok: is H_TLB_INVALIDATE defined for this form of tlbie? */
bool papr_tlbie_ok(uint64_t form, uint64_t rb);

#endif
