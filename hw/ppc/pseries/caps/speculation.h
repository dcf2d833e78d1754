/*
 * pSeries platform: protection against speculation, as a KVM host has it
 * (private to caps/)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_CAPS_SPECULATION_H
#define HW_PPC_PSERIES_CAPS_SPECULATION_H

/**
 * PaprHostTraits - KVM_PPC_GET_CPU_CHAR's answer
 *
 * Only bits that are set in the mask are valid.
 */
typedef struct PaprHostTraits {
    uint64_t character;
    uint64_t character_mask;
    uint64_t behaviour;
    uint64_t behaviour_mask;
} PaprHostTraits;

/*
 * The highest level of cap-cfpc, cap-sbbc, cap-ibs and cap-ccf-assist.
 *
 * @shared_cache: threads of this processor share the data cache, so flushing
 * it helps only if the host keeps other partitions' threads out of the core.
 */
uint8_t papr_host_cfpc(const PaprHostTraits *host, bool shared_cache);
uint8_t papr_host_sbbc(const PaprHostTraits *host);
uint8_t papr_host_ibs(const PaprHostTraits *host);
uint8_t papr_host_ccf_assist(const PaprHostTraits *host);

#endif
