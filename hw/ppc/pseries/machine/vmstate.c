/*
 * pSeries platform: the machine's own state in migration streams
 *
 * Section "spapr", with a subsection for each subject.  Names, versions and
 * order are those of upstream's pseries.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pseries/accel.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qemu/bitmap.h"
#include "qemu/coroutine.h"
#include "qemu/error-report.h"
#include "qemu/timer.h"
#include "system/runstate.h"
#include "machine.h"

static bool before_version_3(void *opaque, int version_id)
{
    return version_id < 3;
}

static bool cap_needed(void *opaque, PaprCap cap)
{
    return papr_caps_to_send(&((PaprMachine *)opaque)->caps, cap);
}

#define PAPR_CAP_SUBSECTION(sname, cap)                                 \
static bool cap_##sname##_needed(void *opaque)                          \
{                                                                       \
    return cap_needed(opaque, cap);                                     \
}                                                                       \
                                                                        \
static const VMStateDescription vmstate_cap_##sname = {                 \
    .name = "spapr/cap/" #sname,                                        \
    .version_id = 1,                                                    \
    .minimum_version_id = 1,                                            \
    .needed = cap_##sname##_needed,                                     \
    .fields = (const VMStateField[]) {                                  \
        VMSTATE_UINT8(caps.mig[cap], PaprMachine),                      \
        VMSTATE_END_OF_LIST()                                           \
    },                                                                  \
}

PAPR_CAP_SUBSECTION(htm, PAPR_CAP_HTM);
PAPR_CAP_SUBSECTION(vsx, PAPR_CAP_VSX);
PAPR_CAP_SUBSECTION(dfp, PAPR_CAP_DFP);
PAPR_CAP_SUBSECTION(cfpc, PAPR_CAP_CFPC);
PAPR_CAP_SUBSECTION(sbbc, PAPR_CAP_SBBC);
PAPR_CAP_SUBSECTION(ibs, PAPR_CAP_IBS);
PAPR_CAP_SUBSECTION(hpt_maxpagesize, PAPR_CAP_HPT_MAXPAGESIZE);
PAPR_CAP_SUBSECTION(nested_kvm_hv, PAPR_CAP_NESTED_KVM_HV);
PAPR_CAP_SUBSECTION(large_decr, PAPR_CAP_LARGE_DECREMENTER);
PAPR_CAP_SUBSECTION(ccf_assist, PAPR_CAP_CCF_ASSIST);
PAPR_CAP_SUBSECTION(fwnmi, PAPR_CAP_FWNMI);
PAPR_CAP_SUBSECTION(rpt_invalidate, PAPR_CAP_RPT_INVALIDATE);
PAPR_CAP_SUBSECTION(ail_mode_3, PAPR_CAP_AIL_MODE_3);
PAPR_CAP_SUBSECTION(nested_papr, PAPR_CAP_NESTED_PAPR);
PAPR_CAP_SUBSECTION(dawr1, PAPR_CAP_DAWR1);

static bool ov5_needed(void *opaque)
{
    return papr_cas_ov5_needed(&((PaprMachine *)opaque)->cas);
}

static const VMStateDescription vmstate_ov5 = {
    .name = "spapr_option_vector_ov5_cas",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = ov5_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_PAPR_OVEC(cas.ov5, PaprMachine),
        VMSTATE_END_OF_LIST()
    },
};

static bool patb_needed(void *opaque)
{
    return ((PaprMachine *)opaque)->patb_entry != 0;
}

static const VMStateDescription vmstate_patb = {
    .name = "spapr_patb_entry",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = patb_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(patb_entry, PaprMachine),
        VMSTATE_END_OF_LIST()
    },
};

static bool events_needed(void *opaque)
{
    return papr_events_pending(((PaprMachine *)opaque)->events);
}

static const VMStateDescription vmstate_events = {
    .name = "spapr_pending_events",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = events_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_POINTER(events, PaprMachine,
                               vmstate_papr_pending_events, PaprEvents),
        VMSTATE_END_OF_LIST()
    },
};

static bool fwnmi_needed(void *opaque)
{
    return papr_fwnmi_needed(((PaprMachine *)opaque)->fwnmi);
}

static const VMStateDescription vmstate_fwnmi = {
    .name = "spapr_fwnmi",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = fwnmi_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_POINTER(fwnmi, PaprMachine, vmstate_papr_fwnmi,
                               PaprFwnmi),
        VMSTATE_END_OF_LIST()
    },
};

static bool irq_map_needed(void *opaque)
{
    PaprMachine *pm = opaque;

    return pm->irq_map && !bitmap_empty(pm->irq_map, pm->irq_map_nr);
}

static const VMStateDescription vmstate_irq_map = {
    .name = "spapr_irq_map",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = irq_map_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_BITMAP(irq_map, PaprMachine, 0, irq_map_nr),
        VMSTATE_END_OF_LIST()
    },
};

static bool nested_needed(void *opaque)
{
    return papr_nested_needed(((PaprMachine *)opaque)->nested);
}

/* upstream's pseries does not have it, and loses nested guests */
static const VMStateDescription vmstate_nested = {
    .name = "spapr_nested",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = nested_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_POINTER(nested, PaprMachine, vmstate_papr_nested,
                               PaprNested),
        VMSTATE_END_OF_LIST()
    },
};

static bool fadump_needed(void *opaque)
{
    return papr_fadump_needed(((PaprMachine *)opaque)->fadump);
}

/* upstream's pseries does not have it; sent if the guest registered a dump */
static const VMStateDescription vmstate_fadump = {
    .name = "spapr_fadump",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = fadump_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_POINTER(fadump, PaprMachine, vmstate_papr_fadump,
                               PaprFadump),
        VMSTATE_END_OF_LIST()
    },
};

/* Not sent if firmware can't change the tree: the destination's is the same */
static bool dtb_needed(void *opaque)
{
    PaprMachine *pm = opaque;

    return !pm->compat->no_update_dt || papr_firmware_is_vof(pm->firmware);
}

static int dtb_pre_save(void *opaque)
{
    PaprMachine *pm = opaque;
    size_t size;
    const void *fdt = papr_firmware_fdt(pm->firmware, &size);

    g_free(pm->fdt_blob);
    pm->fdt_blob = g_memdup2(fdt, size);
    pm->fdt_size = size;
    return 0;
}

static int dtb_post_save(void *opaque)
{
    g_clear_pointer(&((PaprMachine *)opaque)->fdt_blob, g_free);
    return 0;
}

static int dtb_pre_load(void *opaque)
{
    PaprMachine *pm = opaque;

    g_clear_pointer(&pm->fdt_blob, g_free);
    pm->fdt_size = 0;
    return 0;
}

static int dtb_post_load(void *opaque, int version_id)
{
    PaprMachine *pm = opaque;
    Error *err = NULL;
    size_t size;

    if (!papr_firmware_restore_fdt(pm->firmware,
                                   g_steal_pointer(&pm->fdt_blob),
                                   pm->fdt_size, &err)) {
        error_report_err(err);
        return -EINVAL;
    }
    MACHINE(pm)->fdt = (void *)papr_firmware_fdt(pm->firmware, &size);
    return 0;
}

static bool dtb_size_is_valid(void *opaque, int version_id)
{
    return ((PaprMachine *)opaque)->fdt_size <= PAPR_FDT_STREAM_MAX;
}

static const VMStateDescription vmstate_dtb = {
    .name = "spapr_dtb",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = dtb_needed,
    .pre_save = dtb_pre_save,
    .post_save = dtb_post_save,
    .pre_load = dtb_pre_load,
    .post_load = dtb_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(fdt_initial_size, PaprMachine),
        VMSTATE_UINT32(fdt_size, PaprMachine),
        VMSTATE_VALIDATE("size of the device tree", dtb_size_is_valid),
        VMSTATE_VBUFFER_ALLOC_UINT32(fdt_blob, PaprMachine, 0, NULL, fdt_size),
        VMSTATE_END_OF_LIST()
    },
};

/*
 * The guest's timebase.  With KVM it follows the host's, and QEMU's own code
 * (cpu_ppc_clock_vm_state_change()) saves and sets it.  With TCG it follows the
 * virtual clock, which is in the stream, too, so the timebase matters only in
 * streams that come from KVM.  Upstream's TCG sends its host's timebase, which
 * has nothing to do with the guest: a value that is far off is ignored.
 */
#define TIMEBASE_FAR_OFF_S 3600

/* Also while the vCPU runs a nested guest, which may have a timebase offset */
static uint64_t partition_timebase(const PaprVcpu *vcpu)
{
    return cpu_ppc_load_tbl(&vcpu->cpu->env) - vcpu->l1.tb_ahead;
}

static void save_tcg_timebase(PaprMachine *pm)
{
    PaprVcpu *boot = papr_vcpu_next(pm->vcpus, NULL);

    pm->tb.guest_timebase = partition_timebase(boot);
    pm->tb.time_of_the_day_ns = qemu_clock_get_ns(QEMU_CLOCK_HOST);
    pm->tb.runstate_paused = true;      /* keep the value */
}

static void load_tcg_timebase(PaprMachine *pm)
{
    PaprVcpu *vcpu = papr_vcpu_next(pm->vcpus, NULL);
    uint32_t hz = vcpu->cpu->env.tb_env->tb_freq;
    int64_t ahead = pm->tb.guest_timebase - partition_timebase(vcpu);

    if (ahead < 0 || ahead / hz > TIMEBASE_FAR_OFF_S) {
        return;
    }
    for (; vcpu; vcpu = papr_vcpu_next(pm->vcpus, vcpu)) {
        vcpu->cpu->env.tb_env->tb_offset += ahead;
    }
}

/*
 * VTB, by which Linux measures how long it has run, and PURR.  TCG computes
 * them from the virtual clock.  With KVM they are registers, and in streams,
 * too: so TCG stores them in env->spr while the machine is stopped.  0 means
 * that the stream does not have the counter (upstream's TCG); then it follows
 * the clock.
 *
 * A stream may come by way of upstream's TCG, which does not update env->spr
 * while the guest runs, but sends it on.  So two more registers are stored, the
 * timebase and PURR of this moment, in SPRs that guests only write and QEMU
 * does not use.  If they come back with the same PURR, the counters are as old
 * as the stored timebase.
 */
#define SPR_STORED_TB   SPR_WR_TBL
#define SPR_STORED_PURR SPR_WR_TBU

static void store_tcg_counters(CPUPPCState *env)
{
    if (env->insns_flags2 & PPC2_ISA207S) {
        env->spr[SPR_VTB] = cpu_ppc_load_vtb(env);
    }
    env->spr[SPR_PURR] = cpu_ppc_load_purr(env);
    env->spr[SPR_SPURR] = env->spr[SPR_PURR];   /* the same with TCG */
    env->spr[SPR_STORED_TB] = cpu_ppc_load_tbl(env);
    env->spr[SPR_STORED_PURR] = env->spr[SPR_PURR];
}

/* Ticks since the counters were stored, if they were not updated since */
static uint64_t ticks_not_counted(CPUPPCState *env)
{
    int64_t since = cpu_ppc_load_tbl(env) - env->spr[SPR_STORED_TB];

    if (!env->spr[SPR_PURR] ||
        env->spr[SPR_PURR] != env->spr[SPR_STORED_PURR]) {
        return 0;
    }
    return MAX(since, 0);
}

static void load_tcg_counters(CPUPPCState *env)
{
    uint64_t more = ticks_not_counted(env);

    if (env->spr[SPR_VTB]) {
        cpu_ppc_store_vtb(env, env->spr[SPR_VTB] + more);
    }
    if (env->spr[SPR_PURR]) {
        cpu_ppc_store_purr(env, env->spr[SPR_PURR] + more);
    }
}

static void tcg_vm_state_changed(void *opaque, bool running, RunState state)
{
    PaprMachine *pm = opaque;

    for (PaprVcpu *vcpu = papr_vcpu_next(pm->vcpus, NULL); vcpu;
         vcpu = papr_vcpu_next(pm->vcpus, vcpu)) {
        if (running) {
            load_tcg_counters(&vcpu->cpu->env);
        } else {
            store_tcg_counters(&vcpu->cpu->env);
        }
    }
}

static int machine_pre_save(void *opaque)
{
    PaprMachine *pm = opaque;

    if (!papr_accel->uses_host_clocks) {
        save_tcg_timebase(pm);
    }
    papr_caps_pre_save(&pm->caps);
    pm->patb_entry = papr_mmu_process_table(pm->mmu);
    return 0;
}

static int machine_pre_load(void *opaque)
{
    PaprMachine *pm = opaque;

    papr_caps_pre_load(&pm->caps);
    pm->patb_entry = 0;
    return 0;
}

static int restore_controller(PaprMachine *pm, int version_id)
{
    int ret = papr_cas_post_load(&pm->cas);

    return ret < 0 ? ret : papr_irqs_post_load(pm->irqs, version_id);
}

typedef struct RestoreWork {
    PaprMachine *pm;
    Coroutine *loader;
    int version_id;
    int ret;
} RestoreWork;

static void restore_in_main_loop(void *opaque)
{
    RestoreWork *work = opaque;

    work->ret = restore_controller(work->pm, work->version_id);
    aio_co_wake(work->loader);
}

/*
 * An interrupt controller of the kernel has pages that are mapped like RAM.
 * Block devices are notified of new RAM, which must not happen in a coroutine,
 * and an incoming stream is read in one.  So a bottom half of the main loop
 * restores the controller, and the coroutine waits.
 */
static int restore_controller_from_loader(PaprMachine *pm, int version_id)
{
    RestoreWork work = { .pm = pm, .version_id = version_id };

    if (!qemu_in_coroutine()) {
        return restore_controller(pm, version_id);
    }
    work.loader = qemu_coroutine_self();
    aio_bh_schedule_oneshot(qemu_get_aio_context(), restore_in_main_loop,
                            &work);
    qemu_coroutine_yield();
    return work.ret;
}

static int machine_post_load(void *opaque, int version_id)
{
    PaprMachine *pm = opaque;
    int ret = papr_caps_post_load(&pm->caps);
    Error *err = NULL;

    if (ret < 0) {
        return ret;
    }
    if (version_id < 3) {
        papr_rtc_import_offset(pm->rtc, pm->legacy_rtc_offset);
    }
    if (!papr_accel->uses_host_clocks && version_id >= 2) {
        load_tcg_timebase(pm);
    }
    if (!papr_mmu_restore(pm->mmu, pm->patb_entry, &err)) {
        error_report_err(err);
        return -EINVAL;
    }
    return restore_controller_from_loader(pm, version_id);
}

static const VMStateDescription vmstate_papr_machine = {
    .name = "spapr",
    .version_id = 3,
    .minimum_version_id = 1,
    .pre_save = machine_pre_save,
    .pre_load = machine_pre_load,
    .post_load = machine_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UNUSED_BUFFER(before_version_3, 0, 4),
        VMSTATE_UINT64_TEST(legacy_rtc_offset, PaprMachine, before_version_3),
        VMSTATE_PPC_TIMEBASE_V(tb, PaprMachine, 2),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription *const []) {
        &vmstate_ov5,
        &vmstate_patb,
        &vmstate_events,
        &vmstate_cap_htm,
        &vmstate_cap_vsx,
        &vmstate_cap_dfp,
        &vmstate_cap_cfpc,
        &vmstate_cap_sbbc,
        &vmstate_cap_ibs,
        &vmstate_cap_hpt_maxpagesize,
        &vmstate_irq_map,
        &vmstate_cap_nested_kvm_hv,
        &vmstate_dtb,
        &vmstate_cap_large_decr,
        &vmstate_cap_ccf_assist,
        &vmstate_cap_fwnmi,
        &vmstate_fwnmi,
        &vmstate_cap_rpt_invalidate,
        &vmstate_cap_ail_mode_3,
        &vmstate_cap_nested_papr,
        &vmstate_cap_dawr1,
        &vmstate_nested,
        &vmstate_fadump,
        NULL
    },
};

void papr_machine_init_vmstate(PaprMachine *pm)
{
    vmstate_register(NULL, 0, &vmstate_papr_machine, pm);
    if (papr_accel->uses_host_clocks) {
        /* the host's timebase goes on while the machine is stopped */
        qemu_add_vm_change_state_handler(cpu_ppc_clock_vm_state_change,
                                         &pm->tb);
    } else {
        qemu_add_vm_change_state_handler(tcg_vm_state_changed, pm);
    }
}
