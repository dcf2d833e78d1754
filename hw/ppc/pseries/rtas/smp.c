/*
 * RTAS calls that start and stop vCPUs: start-cpu, stop-self,
 * query-cpu-stopped-state
 *
 * LoPAR section 7.3.8.  A vCPU's id is its number in
 * "ibm,ppc-interrupt-server#s".  All but the boot vCPU begin in the "RTAS
 * stopped" state, env->quiesced.  BQL held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "families.h"
#include "hw/ppc/pseries/trace.h"

enum {
    CPU_IS_STOPPED = 0,
    CPU_IS_NOT_STOPPED = 2,
};

static PaprVcpu *find_vcpu(PaprRtasConfig *config, uint32_t id,
                           const char *call)
{
    PaprVcpu *vcpu = papr_vcpu_find(config->vcpus, id);

    if (!vcpu) {
        qemu_log_mask(LOG_GUEST_ERROR, "RTAS: %s: no vCPU %u\n", call, id);
    }
    return vcpu;
}

static int32_t query_stopped(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprVcpu *vcpu = find_vcpu(opaque, call->args[0],
                               "query-cpu-stopped-state");

    if (!vcpu) {
        return RTAS_PARAMETER_ERROR;
    }
    call->rets[1] = papr_vcpu_is_stopped(vcpu) ? CPU_IS_STOPPED
                                               : CPU_IS_NOT_STOPPED;
    return RTAS_SUCCESS;
}

static int32_t start_cpu(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    const PaprRtasConfig *config = opaque;
    PaprVcpu *vcpu = find_vcpu(opaque, call->args[0], "start-cpu");

    if (!vcpu) {
        return RTAS_PARAMETER_ERROR;
    }
    if (config->may_start && !config->may_start(vcpu, config->opaque)) {
        qemu_log_mask(LOG_GUEST_ERROR, "RTAS: start-cpu: the connector of vCPU "
                      "%u's core is not unisolated\n", vcpu->id);
        return RTAS_HARDWARE_ERROR;
    }
    /* a vCPU that waits in H_CEDE is halted, too, but can't be started */
    if (!papr_vcpu_is_stopped(vcpu) || !CPU(vcpu->cpu)->halted) {
        qemu_log_mask(LOG_GUEST_ERROR, "RTAS: start-cpu: vCPU %u runs\n",
                      vcpu->id);
        return RTAS_HARDWARE_ERROR;
    }
    trace_papr_rtas_start_cpu(vcpu->id, call->args[1], call->args[2]);
    papr_vcpu_start(vcpu, papr_vcpu(cpu), call->args[1], call->args[2]);
    return RTAS_SUCCESS;
}

static int32_t stop_self(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    trace_papr_rtas_stop_self(papr_vcpu(cpu)->id);
    papr_vcpu_stop_self(papr_vcpu(cpu));
    return RTAS_SUCCESS;
}

static const PaprRtasEntry smp_calls[] = {
    { RTAS_START_CPU, 3, 1, start_cpu },
    { RTAS_STOP_SELF, 0, 1, stop_self },
    { RTAS_QUERY_CPU_STOPPED_STATE, 1, 2, query_stopped },
};

void papr_rtas_smp_init(PaprRtas *rtas, PaprRtasConfig *config)
{
    papr_rtas_register(rtas, smp_calls, ARRAY_SIZE(smp_calls), config);
}
