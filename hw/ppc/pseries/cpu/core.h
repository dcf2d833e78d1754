/*
 * pSeries platform: CPU cores
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_CPU_CORE_H
#define HW_PPC_PSERIES_CPU_CORE_H

#include "hw/cpu/core.h"
#include "hw/pseries/caps.h"
#include "hw/pseries/irq.h"
#include "hw/pseries/vcpu.h"

#define TYPE_PAPR_CPU_CORE "spapr-cpu-core"
OBJECT_DECLARE_TYPE(PaprCpuCore, PaprCpuCoreClass, PAPR_CPU_CORE)

/**
 * PaprCpuHost - what a core needs of the machine it is plugged into
 *
 * The vCPU ids of cores are @vsmt apart (virtual SMT; under KVM, the threads of
 * a core for the host kernel), which may be more than a core's threads.
 */
typedef struct PaprCpuHost {
    PPCVirtualHypervisor *vhyp;
    PaprVcpuMap *vcpus;
    PaprHcallTable *hcalls;
    PaprIrqs *irqs;
    const PaprCaps *caps;
    uint32_t vsmt;
    uint32_t smp_threads;
    uint64_t hashpkey;                  /* HASHPKEYR, the partition's secret */
} PaprCpuHost;

/** PaprCpuCore - "*-spapr-cpu-core"; @host is set by the machine's pre_plug */
struct PaprCpuCore {
    CPUCore parent_obj;

    const PaprCpuHost *host;
    PowerPCCPU **threads;
    int32_t node_id;
};

struct PaprCpuCoreClass {
    DeviceClass parent_class;

    const char *cpu_type;               /* QOM type of a thread */
};

/** papr_cpu_core_type: QOM type of the core for @cpu_type, or NULL */
const char *papr_cpu_core_type(const char *cpu_type);

/**
 * papr_cpu_core_hide - remove the vCPUs of a core that is unplugged
 *
 * The guest's calls and the device tree don't have them any more; their threads
 * run until the core is unrealized.  May be called twice.
 * Context: BQL, any thread.
 */
void papr_cpu_core_hide(PaprCpuCore *core);

/** papr_cpu_vcpu_id: vCPU id of the CPU with index @cpu_index */
static inline uint32_t papr_cpu_vcpu_id(const PaprCpuHost *host,
                                        uint32_t cpu_index)
{
    return cpu_index / host->smp_threads * host->vsmt +
           cpu_index % host->smp_threads;
}

extern const VMStateDescription vmstate_papr_vcpu;

#endif
