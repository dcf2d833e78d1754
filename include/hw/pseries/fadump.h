/*
 * pSeries platform: firmware-assisted dump (fadump)
 *
 * The guest registers which parts of its memory the platform copies, and where
 * to, when the guest has crashed (LoPAR section 7.3.26).  The platform stops
 * the vCPUs, saves their registers, copies, and resets the machine without loss
 * of memory; the kernel that starts next finds "ibm,kernel-dump".
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_FADUMP_H
#define HW_PSERIES_FADUMP_H

#include "hw/pseries/dt.h"
#include "hw/pseries/rtas.h"
#include "hw/pseries/vcpu.h"
#include "migration/vmstate.h"

typedef struct PaprFadump PaprFadump;

/**
 * papr_fadump_new - registers ibm,configure-kernel-dump
 * @vcpus: the machine's; kept
 * @max_cpus: the most vCPUs there can be, for the size of their registers
 *
 * Context: machine init.
 */
PaprFadump *papr_fadump_new(PaprRtas *rtas, PaprVcpuMap *vcpus,
                            uint32_t max_cpus);

/**
 * papr_fadump_begin - the guest has crashed: ibm,os-term
 * @cpu: the calling vCPU
 *
 * Returns false if nothing is registered: the caller handles the crash.
 * Else @cpu is stopped, the others follow, and when all is copied the machine
 * is reset.  Context: RTAS call, BQL.
 */
bool papr_fadump_begin(PaprFadump *fadump, PowerPCCPU *cpu);

/**
 * papr_fadump_reset - a complete dump becomes active, an active one stays so
 * @forget: drop these as well, since a snapshot is about to be loaded
 *
 * A registration is dropped, and copying is cancelled.  Context: reset of the
 * machine, before the device tree is made; BQL.
 */
void papr_fadump_reset(PaprFadump *fadump, bool forget);

/**
 * papr_fadump_rma_size - bytes from 0 on that firmware and a starting kernel
 * may write to
 * @rma_size: the real mode area, in bytes, without a dump
 *
 * While a dump is active, this is the largest power of two in the region from 0
 * on that was copied (LoPAR R1-7.3.26-6: other memory keeps its content).  If
 * that is less than @least, or no dump is active, it is @rma_size.
 * Context: BQL.
 */
uint64_t papr_fadump_rma_size(const PaprFadump *fadump, uint64_t rma_size,
                              uint64_t least);

/** papr_fadump_dt_rtas: properties of the open /rtas node; BQL */
void papr_fadump_dt_rtas(const PaprFadump *fadump, PaprDt *dt);

/*
 * Migration: the machine's subsection "spapr_fadump", version 1, is this struct
 * (opaque: PaprFadump), needed when papr_fadump_needed() says so.
 */
bool papr_fadump_needed(const PaprFadump *fadump);
extern const VMStateDescription vmstate_papr_fadump;

#endif
