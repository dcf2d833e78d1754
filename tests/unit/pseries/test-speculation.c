/*
 * Protection against speculation: from what a KVM host says to the levels that
 * a guest can have
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pseries/abi.h"
#include "hw/pseries/cap-levels.h"
#include "hw/ppc/pseries/caps/speculation.h"

#define ALL UINT64_MAX

typedef struct Host {
    const char *name;
    PaprHostTraits traits;
    bool shared_cache;
    uint8_t cfpc, sbbc, ibs, assist;
} Host;

#define FLUSHES (CPU_CHAR_L1D_FLUSH_ORI30 | CPU_CHAR_L1D_FLUSH_TRIG2)
#define SHOULD  (CPU_BEHAV_L1D_FLUSH | CPU_BEHAV_BOUNDS_BARRIER | \
                 CPU_BEHAV_FLUSH_COUNT_CACHE)

static const Host hosts[] = {
    {
        "says nothing", { }, false,
        PAPR_CAP_BROKEN, PAPR_CAP_BROKEN, PAPR_CAP_BROKEN, 0,
    }, {
        /* set bits count only where the mask has them */
        "masks nothing", { ALL, 0, 0, 0 }, false,
        PAPR_CAP_BROKEN, PAPR_CAP_BROKEN, PAPR_CAP_BROKEN, 0,
    }, {
        "needs nothing", { 0, ALL, 0, ALL }, true,
        PAPR_CAP_FIXED, PAPR_CAP_FIXED, PAPR_CAP_FIXED_NA, 0,
    }, {
        "has all remedies",
        { FLUSHES | CPU_CHAR_L1D_THREAD_PRIVATE | CPU_CHAR_SPEC_BAR_ORI31 |
          CPU_CHAR_BCCTR_FLUSH_ASSIST, ALL, SHOULD, ALL }, true,
        PAPR_CAP_WORKAROUND, PAPR_CAP_WORKAROUND, PAPR_CAP_WORKAROUND, 1,
    }, {
        "is vulnerable, has no remedy", { 0, ALL, SHOULD, ALL }, true,
        PAPR_CAP_BROKEN, PAPR_CAP_BROKEN, PAPR_CAP_WORKAROUND, 0,
    }, {
        "one flush instruction will do",
        { CPU_CHAR_L1D_FLUSH_TRIG2, ALL, SHOULD, ALL }, false,
        PAPR_CAP_WORKAROUND, PAPR_CAP_BROKEN, PAPR_CAP_WORKAROUND, 0,
    }, {
        "flushes a cache that other threads fill",
        { FLUSHES, ALL, SHOULD, ALL }, true,
        PAPR_CAP_BROKEN, PAPR_CAP_BROKEN, PAPR_CAP_WORKAROUND, 0,
    }, {
        "has the count cache off",
        { CPU_CHAR_COUNT_CACHE_OFF, ALL, 0, ALL }, true,
        PAPR_CAP_FIXED, PAPR_CAP_FIXED, PAPR_CAP_FIXED_CCD, 1,
    }, {
        "serialises indirect branches",
        { CPU_CHAR_BCCTRL_SERIALISED, ALL, 0, ALL }, true,
        PAPR_CAP_FIXED, PAPR_CAP_FIXED, PAPR_CAP_FIXED_IBS, 0,
    }, {
        /* "not vulnerable" takes all three bits: one is not known of here */
        "does not know its count cache",
        { 0, CPU_CHAR_BCCTRL_SERIALISED, 0, ALL }, true,
        PAPR_CAP_FIXED, PAPR_CAP_FIXED, PAPR_CAP_BROKEN, 0,
    },
};

static void test_host(const void *data)
{
    const Host *host = data;

    g_assert_cmpint(papr_host_cfpc(&host->traits, host->shared_cache), ==,
                    host->cfpc);
    g_assert_cmpint(papr_host_sbbc(&host->traits), ==, host->sbbc);
    g_assert_cmpint(papr_host_ibs(&host->traits), ==, host->ibs);
    g_assert_cmpint(papr_host_ccf_assist(&host->traits), ==, host->assist);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
        g_autofree char *path = g_strdup_printf("/speculation/%s",
                                                hosts[i].name);

        g_test_add_data_func(path, &hosts[i], test_host);
    }
    return g_test_run();
}
