/*
 * pSeries platform: device tree fillers, one for each subject (private to dt/)
 *
 * Each writes properties of the open node, or whole nodes, as its name says.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_DT_FILLERS_H
#define HW_PPC_PSERIES_DT_FILLERS_H

#include "hw/pseries/abi.h"
#include "build.h"

void papr_dt_root_properties(const PaprDtInput *in, PaprDt *dt);
void papr_dt_memory(const PaprDtInput *in, PaprDt *dt);
void papr_dt_dynamic_memory(const PaprDtInput *in, PaprDt *dt);
void papr_dt_cpus(const PaprDtInput *in, PaprDt *dt);
void papr_dt_rtas(const PaprDtInput *in, PaprDt *dt);
void papr_dt_chosen(const PaprDtInput *in, PaprDt *dt);
void papr_dt_hypervisor(const PaprDtInput *in, PaprDt *dt);

/* features.c: "ibm,pa-features" and "ibm,pi-features" */
void papr_dt_cpu_features(const PaprDtInput *in, PaprDt *dt, PowerPCCPU *cpu);

#endif
