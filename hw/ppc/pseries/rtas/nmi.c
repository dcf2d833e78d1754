/*
 * FWNMI: firmware assisted non-maskable interrupts
 *
 * LoPAR section 7.3.14.  The guest registers handlers with ibm,nmi-register.  A
 * machine check that the host met is then reported with a log in the guest's
 * RTAS area, to one vCPU at a time: the reporting area is free again when that
 * vCPU has called ibm,nmi-interlock.  A system reset (inject-nmi,
 * H_SIGNAL_SYS_RESET, a watchdog) goes to its handler without such a lock.
 *
 * The RTAS area, from the address the guest gave it:
 *   0x0    entry code
 *   0x30   machine check: r3, fixed part of the log, extended log
 *   0x800  system reset: 16 bytes for each vCPU, the first 8 are r3
 *
 * Called from the vCPUs' threads.  Locking: BQL (big QEMU lock).  No thread
 * waits here: a vCPU whose machine check can't be reported yet is halted.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/pseries/accel.h"
#include "hw/pseries/guest-mem.h"
#include "hw/pseries/report.h"
#include "hw/pseries/rtas.h"
#include "migration/blocker.h"
#include "system/hw_accel.h"
#include "system/runstate.h"
#include "target/ppc/cpu.h"
#include "log.h"
#include "hw/ppc/pseries/trace.h"

#define NO_HANDLER UINT64_MAX
#define NO_VCPU (-1)

/* R1-7.3.14-6 */
#define HANDLER_LIMIT (32 * MiB)

#define ENTRY_CODE_SIZE 20
#define MACHINE_CHECK_AREA 0x30
#define SYSTEM_RESET_AREA PAPR_LOG_MAX
#define SYSTEM_RESET_STRIDE 16
/* Older versions of Linux refuse an area that ends where RTAS ends */
#define END_SLACK 8

struct PaprFwnmi {
    PaprFwnmiConfig config;
    PaprReportLimit reports;
    uint64_t system_reset_addr;
    uint64_t machine_check_addr;
    int32_t interlock;                  /* id of the vCPU that has the area */
    Error *migration_blocker;
};

static bool is_offered(const PaprFwnmi *fwnmi)
{
    return papr_cap(fwnmi->config.caps, PAPR_CAP_FWNMI);
}

static uint64_t rtas_base(const PaprFwnmi *fwnmi)
{
    return fwnmi->config.rtas_base(fwnmi->config.opaque);
}

static bool is_handler_ok(const PaprFwnmi *fwnmi, uint64_t addr)
{
    return addr < HANDLER_LIMIT && addr < fwnmi->config.rma_size;
}

static int32_t nmi_register(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprFwnmi *fwnmi = opaque;

    if (!is_offered(fwnmi) || !rtas_base(fwnmi)) {
        return RTAS_NOT_SUPPORTED;
    }
    if (!is_handler_ok(fwnmi, call->args[0]) ||
        !is_handler_ok(fwnmi, call->args[1])) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "RTAS: ibm,nmi-register: handlers 0x%x and 0x%x are not "
                      "within the first 32 MiB\n", call->args[0],
                      call->args[1]);
        return RTAS_PARAMETER_ERROR;
    }
    if (!papr_accel->set_fwnmi(cpu)) {
        return RTAS_NOT_SUPPORTED;
    }

    trace_papr_fwnmi_register(call->args[0], call->args[1]);
    fwnmi->system_reset_addr = call->args[0];
    fwnmi->machine_check_addr = call->args[1];
    return RTAS_SUCCESS;
}

uint64_t papr_fwnmi_system_reset_addr(const PaprFwnmi *fwnmi)
{
    return fwnmi->system_reset_addr;
}

/* Store r3 in the vCPU's part of the RTAS area, and put its address in r3 */
static bool save_r3(PaprFwnmi *fwnmi, CPUState *cs)
{
    CPUPPCState *env = cpu_env(cs);
    uint64_t base = rtas_base(fwnmi);
    uint64_t area = base + SYSTEM_RESET_AREA +
                    (uint64_t)cs->cpu_index * SYSTEM_RESET_STRIDE;
    uint64_t words[2] = { cpu_to_be64(env->gpr[3]), 0 };

    if (!base || cs->cpu_index >= fwnmi->config.max_cpus ||
        !papr_mem_write(area, words, sizeof(words))) {
        return false;
    }
    env->gpr[3] = area;
    return true;
}

/*
 * A thread that waited would not do the work that others queue for its vCPU.
 * So the vCPU is halted with interrupts disabled, its machine check is
 * recorded, and free_area() queues work for the vCPU, which delivers it.
 */
static void halt_waiting(PowerPCCPU *cpu)
{
    cpu->env.quiesced = true;
    ppc_maybe_interrupt(&cpu->env);
    CPU(cpu)->halted = 1;
    cpu_exit(CPU(cpu));
}

static void end_waiting(PowerPCCPU *cpu)
{
    cpu->env.quiesced = false;
    ppc_maybe_interrupt(&cpu->env);
    CPU(cpu)->halted = 0;
}

void papr_fwnmi_system_reset(PaprFwnmi *fwnmi, CPUState *cs)
{
    CPUPPCState *env = cpu_env(cs);
    bool registered = fwnmi->system_reset_addr != NO_HANDLER;
    PaprVcpu *vcpu = papr_vcpu(POWERPC_CPU(cs));

    cpu_synchronize_state(cs);
    if (!papr_vcpu_has_begun(vcpu)) {
        return;     /* RTAS stopped: only start-cpu starts it */
    }
    if (vcpu->machine_check.waits) {
        /* the vCPU that has the area may hang: do not wait */
        vcpu->machine_check.waits = false;
        end_waiting(POWERPC_CPU(cs));
        if (papr_report_allowed(&fwnmi->reports)) {
            warn_report("FWNMI: machine check of vCPU %u is not reported: a "
                        "system reset came before", vcpu->id);
        }
    }
    trace_papr_fwnmi_system_reset(cs->cpu_index, fwnmi->system_reset_addr);
    if (registered && !save_r3(fwnmi, cs)) {
        if (papr_report_allowed(&fwnmi->reports)) {
            error_report("FWNMI: no RTAS area to report a system reset in");
        }
        qemu_system_guest_panicked(NULL);
        return;
    }
    ppc_cpu_do_system_reset(cs);
    if (registered) {
        env->nip = fwnmi->system_reset_addr;
    }
}

/* The guest can't be told: fatal if the cause is still there */
static void handle_undeliverable(PaprFwnmi *fwnmi, const char *why,
                                 bool recovered)
{
    if (papr_report_allowed(&fwnmi->reports)) {
        if (recovered) {
            warn_report("FWNMI: machine check, recovered, not reported: %s",
                        why);
        } else {
            error_report("FWNMI: machine check can't be reported: %s", why);
        }
    }
    if (!recovered) {
        qemu_system_guest_panicked(NULL);
    }
}

/* Migration may still be blocked, for the vCPU that had the area before */
static void block_migration(PaprFwnmi *fwnmi)
{
    if (fwnmi->migration_blocker) {
        return;
    }
    error_setg(&fwnmi->migration_blocker,
               "The guest is handling a machine check; try again");
    if (migrate_add_blocker(&fwnmi->migration_blocker, NULL) == -EBUSY) {
        warn_report("machine check during migration: the destination may "
                    "report an error of this host");
    }
}

static void deliver_machine_check(PaprFwnmi *fwnmi, PowerPCCPU *cpu,
                                  bool recovered)
{
    CPUPPCState *env = &cpu->env;
    uint64_t base = rtas_base(fwnmi);
    uint64_t area = base + MACHINE_CHECK_AREA;
    uint8_t report[8 + PAPR_LOG_MAX];
    PaprLogMachineCheck mc = {
        .processor = papr_vcpu(cpu)->id,
        .recovered = recovered,
    };
    PaprLog log;
    size_t size;

    papr_log_classify_mc(&mc, env->nip, env->spr[SPR_SRR1], env->spr[SPR_DAR],
                         env->spr[SPR_DSISR]);
    papr_log_machine_check(&log, &mc);
    stq_be_p(report, env->gpr[3]);
    size = 8 + papr_log_store(report + 8, PAPR_LOG_MAX, true, log.summary,
                              log.data, log.length);
    if (!base || !papr_mem_write(area, report, size)) {
        handle_undeliverable(fwnmi, "no RTAS area", recovered);
        return;
    }

    trace_papr_fwnmi_machine_check(papr_vcpu(cpu)->id, mc.type, mc.subtype,
                                   recovered);
    fwnmi->interlock = papr_vcpu(cpu)->id;
    /*
     * The error is of this host, so the guest does not migrate while its
     * handler runs.  The blocker only delays a migration.
     */
    block_migration(fwnmi);
    env->gpr[3] = area;
    ppc_cpu_do_fwnmi_machine_check(CPU(cpu), fwnmi->machine_check_addr);
}

static void free_area(PaprFwnmi *fwnmi, PaprVcpu *last);

static void deliver_waiting(CPUState *cs, run_on_cpu_data data)
{
    PaprFwnmi *fwnmi = data.host_ptr;
    PowerPCCPU *cpu = POWERPC_CPU(cs);
    PaprVcpu *vcpu = papr_vcpu(cpu);

    if (fwnmi->interlock != NO_VCPU) {
        return;         /* free_area() queues this again */
    }
    if (!vcpu->machine_check.waits) {
        free_area(fwnmi, vcpu);         /* the vCPU was reset meanwhile */
        return;
    }
    cpu_synchronize_state(cs);
    vcpu->machine_check.waits = false;
    end_waiting(cpu);
    deliver_machine_check(fwnmi, cpu, vcpu->machine_check.recovered);
    if (fwnmi->interlock == NO_VCPU) {
        free_area(fwnmi, vcpu);         /* it could not be reported */
    }
}

/* The next waiting vCPU after @last, which may have been unplugged */
static PaprVcpu *next_waiting(const PaprVcpu *last)
{
    PaprVcpu *vcpu = NULL, *first = NULL;

    while ((vcpu = papr_vcpu_next(last->vcpus, vcpu))) {
        if (!vcpu->machine_check.waits) {
            continue;
        }
        if (vcpu->id > last->id) {
            return vcpu;
        }
        first = first ?: vcpu;
    }
    return first;
}

/*
 * Give the area, which @last had, to the next waiting vCPU; if none waits,
 * allow migration.
 */
static void free_area(PaprFwnmi *fwnmi, PaprVcpu *last)
{
    PaprVcpu *next = next_waiting(last);

    fwnmi->interlock = NO_VCPU;
    if (next) {
        async_run_on_cpu(CPU(next->cpu), deliver_waiting,
                         RUN_ON_CPU_HOST_PTR(fwnmi));
    } else {
        migrate_del_blocker(&fwnmi->migration_blocker);
    }
}

void papr_fwnmi_forget_vcpu(PaprFwnmi *fwnmi, PaprVcpu *vcpu)
{
    if (fwnmi->interlock == vcpu->id) {
        free_area(fwnmi, vcpu);
    }
}

static int32_t nmi_interlock(PowerPCCPU *cpu, PaprRtasCall *call, void *opaque)
{
    PaprFwnmi *fwnmi = opaque;

    if (!is_offered(fwnmi)) {
        return RTAS_NOT_SUPPORTED;
    }
    if (fwnmi->machine_check_addr == NO_HANDLER) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "RTAS: ibm,nmi-interlock without ibm,nmi-register\n");
        return RTAS_PARAMETER_ERROR;
    }
    /*
     * Linux calls this after system resets too, where no vCPU has the area, and
     * complains if it fails
     */
    if (fwnmi->interlock == papr_vcpu(cpu)->id) {
        trace_papr_fwnmi_interlock(papr_vcpu(cpu)->id);
        free_area(fwnmi, papr_vcpu(cpu));
    }
    return RTAS_SUCCESS;
}

void papr_fwnmi_machine_check(PaprFwnmi *fwnmi, PowerPCCPU *cpu,
                              bool recovered)
{
    PaprVcpu *vcpu = papr_vcpu(cpu);

    cpu_synchronize_state(CPU(cpu));
    if (fwnmi->machine_check_addr == NO_HANDLER) {
        CPU(cpu)->exception_index = POWERPC_EXCP_MCHECK;
        ppc_cpu_do_interrupt(CPU(cpu));
        return;
    }
    if (fwnmi->interlock == vcpu->id) {
        handle_undeliverable(fwnmi, "nested machine check", recovered);
        return;
    }
    if (fwnmi->interlock == NO_VCPU) {
        deliver_machine_check(fwnmi, cpu, recovered);
        return;
    }
    trace_papr_fwnmi_machine_check_waits(vcpu->id, fwnmi->interlock);
    vcpu->machine_check.waits = true;
    vcpu->machine_check.recovered = recovered;
    halt_waiting(cpu);
}

/*
 * Streams have no place for a machine check that waits.  If a stream is saved
 * nevertheless (see block_migration()), the waiting vCPU is running in it, and
 * repeats the access.
 */
static void vm_state_changed(void *opaque, bool running, RunState state)
{
    PaprFwnmi *fwnmi = opaque;
    PaprVcpu *vcpu = NULL;

    while ((vcpu = papr_vcpu_next(fwnmi->config.vcpus, vcpu))) {
        if (vcpu->machine_check.waits) {
            (running ? halt_waiting : end_waiting)(vcpu->cpu);
        }
    }
}

void papr_fwnmi_reset(PaprFwnmi *fwnmi)
{
    fwnmi->system_reset_addr = NO_HANDLER;
    fwnmi->machine_check_addr = NO_HANDLER;
    /* vCPUs that waited were reset before */
    fwnmi->interlock = NO_VCPU;
    migrate_del_blocker(&fwnmi->migration_blocker);
}

static const PaprRtasEntry nmi_calls[] = {
    { RTAS_IBM_NMI_REGISTER, 2, 1, nmi_register },
    { RTAS_IBM_NMI_INTERLOCK, 0, 1, nmi_interlock },
};

PaprFwnmi *papr_fwnmi_new(PaprRtas *rtas, const PaprFwnmiConfig *config)
{
    PaprFwnmi *fwnmi = g_new0(PaprFwnmi, 1);

    fwnmi->config = *config;
    papr_fwnmi_reset(fwnmi);
    qemu_add_vm_change_state_handler(vm_state_changed, fwnmi);
    papr_rtas_register(rtas, nmi_calls, ARRAY_SIZE(nmi_calls), fwnmi);
    return fwnmi;
}

void papr_fwnmi_dt_rtas(const PaprFwnmi *fwnmi, PaprDt *dt)
{
    papr_dt_u32(dt, "rtas-size", ENTRY_CODE_SIZE + SYSTEM_RESET_AREA +
                SYSTEM_RESET_STRIDE * fwnmi->config.max_cpus + END_SLACK);
}

bool papr_fwnmi_needed(const PaprFwnmi *fwnmi)
{
    return fwnmi->machine_check_addr != NO_HANDLER;
}

static int fwnmi_pre_save(void *opaque)
{
    PaprFwnmi *fwnmi = opaque;

    if (fwnmi->interlock != NO_VCPU) {
        warn_report("the guest is handling a machine check: the destination "
                    "may report an error of this host");
    }
    return 0;
}

const VMStateDescription vmstate_papr_fwnmi = {
    .name = "spapr_fwnmi",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = fwnmi_pre_save,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(system_reset_addr, PaprFwnmi),
        VMSTATE_UINT64(machine_check_addr, PaprFwnmi),
        VMSTATE_INT32(interlock, PaprFwnmi),
        VMSTATE_END_OF_LIST()
    },
};
