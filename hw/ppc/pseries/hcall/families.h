/*
 * Hypercall families of this folder
 *
 * Each registers its table; called once by papr_hcall_register_families().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_HCALL_FAMILIES_H
#define PSERIES_HCALL_FAMILIES_H

#include "hw/pseries/hcall.h"

void papr_hcall_splpar_init(PaprHcallTable *table,
                            const PaprHcallConfig *config);
void papr_hcall_set_mode_init(PaprHcallTable *table,
                              const PaprHcallConfig *config);
void papr_hcall_processor_init(PaprHcallTable *table,
                               const PaprHcallConfig *config);
void papr_hcall_logical_init(PaprHcallTable *table);

#endif
