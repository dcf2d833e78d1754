/*
 * pSeries platform: protection against speculation, as a KVM host has it
 *
 * KVM gives the host's characteristics in the bits of
 * H_GET_CPU_CHARACTERISTICS.  They determine the highest levels here.
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
static bool trait_is_set(const PaprHostTraits *host, uint64_t bits)
{
    return host->character & host->character_mask & bits;
}

static bool trait_is_clear(const PaprHostTraits *host, uint64_t bit)
{
    return ~host->character & host->character_mask & bit;
}

static bool behaviour_is_set(const PaprHostTraits *host, uint64_t bit)
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
    if (shared_cache && !trait_is_set(host, CPU_CHAR_L1D_THREAD_PRIVATE)) {
        return PAPR_CAP_BROKEN;
    }
    return trait_is_set(host, CPU_CHAR_L1D_FLUSH_ORI30 |
                              CPU_CHAR_L1D_FLUSH_TRIG2)
           ? PAPR_CAP_WORKAROUND : PAPR_CAP_BROKEN;
}

uint8_t papr_host_sbbc(const PaprHostTraits *host)
{
    if (need_not(host, CPU_BEHAV_BOUNDS_BARRIER)) {
        return PAPR_CAP_FIXED;
    }
    return trait_is_set(host, CPU_CHAR_SPEC_BAR_ORI31) ? PAPR_CAP_WORKAROUND
                                                       : PAPR_CAP_BROKEN;
}

uint8_t papr_host_ibs(const PaprHostTraits *host)
{
    if (behaviour_is_set(host, CPU_BEHAV_FLUSH_COUNT_CACHE)) {
        return PAPR_CAP_WORKAROUND;
    }
    if (trait_is_set(host, CPU_CHAR_COUNT_CACHE_OFF)) {
        return PAPR_CAP_FIXED_CCD;
    }
    if (trait_is_set(host, CPU_CHAR_BCCTRL_SERIALISED)) {
        return PAPR_CAP_FIXED_IBS;
    }
    /* there is no mitigation, and the host says that none is needed */
    return need_not(host, CPU_BEHAV_FLUSH_COUNT_CACHE) &&
           trait_is_clear(host, CPU_CHAR_COUNT_CACHE_OFF) &&
           trait_is_clear(host, CPU_CHAR_BCCTRL_SERIALISED)
           ? PAPR_CAP_FIXED_NA : PAPR_CAP_BROKEN;
}

/* With the count cache disabled the instruction is not needed */
uint8_t papr_host_ccf_assist(const PaprHostTraits *host)
{
    return trait_is_set(host, CPU_CHAR_BCCTR_FLUSH_ASSIST) ||
           papr_host_ibs(host) == PAPR_CAP_FIXED_CCD;
}
