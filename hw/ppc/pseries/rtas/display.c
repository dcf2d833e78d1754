/*
 * RTAS display-character, and the list of the machine's own families
 *
 * LoPAR section 7.3.5.3.  Early consoles of guests use it.  BQL held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "families.h"

static int32_t display_character(PowerPCCPU *cpu, PaprRtasCall *call,
                                 void *opaque)
{
    PaprRtasConfig *config = opaque;

    if (!config->display_char ||
        !config->display_char(call->args[0], config->opaque)) {
        return RTAS_HARDWARE_ERROR;
    }
    return RTAS_SUCCESS;
}

static const PaprRtasEntry display_calls[] = {
    { RTAS_DISPLAY_CHARACTER, 1, 1, display_character },
};

void papr_rtas_display_init(PaprRtas *rtas, PaprRtasConfig *config)
{
    papr_rtas_register(rtas, display_calls, ARRAY_SIZE(display_calls), config);
}

void papr_rtas_register_families(PaprRtas *rtas, const PaprRtasConfig *config)
{
    PaprRtasConfig *kept = g_new(PaprRtasConfig, 1);

    *kept = *config;
    papr_rtas_display_init(rtas, kept);
    papr_rtas_power_init(rtas, kept);
    papr_rtas_smp_init(rtas, kept);
    papr_rtas_sysparm_init(rtas, kept);
}
