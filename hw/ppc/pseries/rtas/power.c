/*
 * RTAS calls that stop the partition, and power levels
 *
 * LoPAR sections 7.3.6 (power control), 7.3.7 (reboot), 7.3.9 (ibm,os-term) and
 * 7.3.23 (ibm,suspend-me).  BQL held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/rcu.h"
#include "exec/cpu-common.h"
#include "hw/pseries/guest-mem.h"
#include "hw/pseries/report.h"
#include "system/cpus.h"
#include "system/hw_accel.h"
#include "system/runstate.h"
#include "families.h"
#include "hw/ppc/pseries/trace.h"

/* All resources are in one power domain, which is always fully on */
#define LIVE_DOMAIN UINT32_MAX
#define LEVEL_FULL 100

/* A longer message of ibm,os-term is cut */
#define OS_TERM_MAX 512

static int32_t power_off(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    qemu_system_shutdown_request(SHUTDOWN_CAUSE_GUEST_SHUTDOWN);
    /* the call does not return: the vCPU executes no further instruction */
    cpu_stop_current();
    return RTAS_SUCCESS;
}

static int32_t system_reboot(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    qemu_system_reset_request(SHUTDOWN_CAUSE_GUEST_RESET);
    return RTAS_SUCCESS;
}

/* The guest's string at @addr, with spaces for unprintable characters */
static char *read_message(uint64_t addr)
{
    GString *message = g_string_new(NULL);
    char c;

    while (message->len < OS_TERM_MAX && papr_mem_read(addr++, &c, 1) && c) {
        g_string_append_c(message, g_ascii_isprint(c) ? c : ' ');
    }
    return g_string_free(message, false);
}

static int32_t os_term(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    static PaprReportLimit limit;
    const PaprRtasConfig *config = opaque;
    g_autofree char *message = read_message(call->args[0]);

    trace_papr_rtas_os_term(message);
    if (papr_report_allowed(&limit)) {
        error_report("OS terminated: %s", message);
    }
    /* a firmware-assisted dump replaces the action of -action panic= */
    if (!config->begin_dump || !config->begin_dump(cpu, config->opaque)) {
        qemu_system_guest_panicked(NULL);
    }
    return RTAS_SUCCESS;
}

/*
 * A vCPU is out of the way when it is stopped or has joined (H_JOIN): halted,
 * and with interrupts off no device wakes it.
 *
 * Its registers are read by its thread, for which this one waits.  One that is
 * not halted may be in this call, too, and wait for this thread: so it is not
 * asked.
 */
static bool is_out_of_the_way(PaprVcpu *vcpu)
{
    if (!papr_vcpu_stays_halted(vcpu)) {
        return false;
    }
    cpu_synchronize_state(CPU(vcpu->cpu));
    return papr_vcpu_stays_halted(vcpu) &&
           !(vcpu->cpu->env.msr & (1ULL << MSR_EE));
}

static int32_t suspend_me(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprRtasConfig *config = opaque;
    PaprVcpu *vcpu = NULL;

    /* the loop may continue from a vCPU that was unplugged meanwhile */
    RCU_READ_LOCK_GUARD();
    while ((vcpu = papr_vcpu_next(config->vcpus, vcpu))) {
        if (vcpu->cpu != cpu && !is_out_of_the_way(vcpu)) {
            return H_MULTI_THREADS_ACTIVE;
        }
    }
    qemu_system_suspend_request();
    return RTAS_SUCCESS;
}

static int32_t power_level(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    if (call->args[0] != LIVE_DOMAIN) {
        qemu_log_mask(LOG_GUEST_ERROR, "RTAS: unknown power domain 0x%x\n",
                      call->args[0]);
        return RTAS_PARAMETER_ERROR;
    }
    call->rets[1] = LEVEL_FULL;
    return RTAS_SUCCESS;
}

static const PaprRtasEntry power_calls[] = {
    { RTAS_POWER_OFF, 2, 1, power_off },
    { RTAS_SYSTEM_REBOOT, 0, 1, system_reboot },
    { RTAS_IBM_OS_TERM, 1, 1, os_term },
    { RTAS_IBM_SUSPEND_ME, 0, 1, suspend_me },
    /* whatever level is asked for, the one set is full */
    { RTAS_SET_POWER_LEVEL, 2, 2, power_level },
    { RTAS_GET_POWER_LEVEL, 1, 2, power_level },
};

void papr_rtas_power_init(PaprRtas *rtas, PaprRtasConfig *config)
{
    papr_rtas_register(rtas, power_calls, ARRAY_SIZE(power_calls), config);
}
