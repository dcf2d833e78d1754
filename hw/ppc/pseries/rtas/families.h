/*
 * RTAS calls of the machine itself, a file for each family
 *
 * Private to hw/ppc/pseries/rtas; the public side is hw/pseries/rtas.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_RTAS_FAMILIES_H
#define PSERIES_RTAS_FAMILIES_H

#include "hw/pseries/rtas.h"

/** papr_rtas_find_token: false if no call of that name is registered */
bool papr_rtas_find_token(const PaprRtas *rtas, const char *name,
                          uint32_t *token);

/* Each keeps @config, which lives as long as the machine */
void papr_rtas_display_init(PaprRtas *rtas, PaprRtasConfig *config);
void papr_rtas_power_init(PaprRtas *rtas, PaprRtasConfig *config);
void papr_rtas_smp_init(PaprRtas *rtas, PaprRtasConfig *config);
void papr_rtas_sysparm_init(PaprRtas *rtas, PaprRtasConfig *config);

#endif
