/*
 * Hypercall families of this folder, registered in one go
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "families.h"

void papr_hcall_register_families(PaprHcallTable *table,
                                  const PaprHcallConfig *config)
{
    papr_hcall_splpar_init(table, config);
    papr_hcall_set_mode_init(table, config);
    papr_hcall_processor_init(table, config);
    papr_hcall_logical_init(table);
}
