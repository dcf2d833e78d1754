/*
 * pSeries platform: protection against speculation, as a KVM host has it
 *
 * The host says of its processor what H_GET_CPU_CHARACTERISTICS tells a guest,
 * in the same bits.  From them comes what a guest here may be told at most.
 *
 * Pure; tests/unit/pseries/test-speculation.c.  Called by host.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pseries/abi.h"
#include "hw/pseries/cap-levels.h"
#include "speculation.h"

/* Is one of @bits known to be set? */
static bool has(const PaprHostTraits *host, uint64_t bits)
{
    return host->character & host->character_mask & bits;
}

static bool lacks(const PaprHostTraits *host, uint64_t bit)
{
    return ~host->character & host->character_mask & bit;
}

static bool must(const PaprHostTraits *host, uint64_t bit)
{
    return host->behaviour & host->behaviour_mask & bit;
}

static bool need_not(const PaprHostTraits *host, uint64_t bit)
{
    return ~host->behaviour & host->behaviour_mask & bit;
}

uint8_t papr_host_cfpc(const PaprHostTraits *host, bool shared_cache)
{
    if (need_not(host, CPU_BEHAV_L1D_FLUSH)) {
        return PAPR_CAP_FIXED;
    }
    if (shared_cache && !has(host, CPU_CHAR_L1D_THREAD_PRIVATE)) {
        return PAPR_CAP_BROKEN;
    }
    return has(host, CPU_CHAR_L1D_FLUSH_ORI30 | CPU_CHAR_L1D_FLUSH_TRIG2)
           ? PAPR_CAP_WORKAROUND : PAPR_CAP_BROKEN;
}

uint8_t papr_host_sbbc(const PaprHostTraits *host)
{
    if (need_not(host, CPU_BEHAV_BOUNDS_BARRIER)) {
        return PAPR_CAP_FIXED;
    }
    return has(host, CPU_CHAR_SPEC_BAR_ORI31) ? PAPR_CAP_WORKAROUND
                                              : PAPR_CAP_BROKEN;
}

uint8_t papr_host_ibs(const PaprHostTraits *host)
{
    if (must(host, CPU_BEHAV_FLUSH_COUNT_CACHE)) {
        return PAPR_CAP_WORKAROUND;
    }
    if (has(host, CPU_CHAR_COUNT_CACHE_OFF)) {
        return PAPR_CAP_FIXED_CCD;
    }
    if (has(host, CPU_CHAR_BCCTRL_SERIALISED)) {
        return PAPR_CAP_FIXED_IBS;
    }
    /* none of the remedies is there, and the host says that none is needed */
    return need_not(host, CPU_BEHAV_FLUSH_COUNT_CACHE) &&
           lacks(host, CPU_CHAR_COUNT_CACHE_OFF) &&
           lacks(host, CPU_CHAR_BCCTRL_SERIALISED)
           ? PAPR_CAP_FIXED_NA : PAPR_CAP_BROKEN;
}

/* Where the count cache is off, the instruction is not missed */
uint8_t papr_host_ccf_assist(const PaprHostTraits *host)
{
    return has(host, CPU_CHAR_BCCTR_FLUSH_ASSIST) ||
           papr_host_ibs(host) == PAPR_CAP_FIXED_CCD;
}
