/*
 * pSeries platform: reset of the machine
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/guest-random.h"
#include "system/confidential-guest-support.h"
#include "system/qtest.h"
#include "system/reset.h"
#include "machine.h"

/* The guest chooses its MMU mode at client-architecture-support */
static void reset_mmu(PaprMachine *pm)
{
    Error *err = NULL;

    papr_mmu_reset(pm->mmu);
    if (!papr_mmu_set_initial(pm->mmu, pm->cas.config.offer.isa3, &err)) {
        error_report_err(err);
        exit(EXIT_FAILURE);
    }
    if (!papr_machine_kvm_check_rma(pm, &err)) {
        error_report_err(err);
        exit(EXIT_FAILURE);
    }
}

/* Last, since the device tree depends on all other parts */
static bool start_firmware(PaprMachine *pm, Error **errp)
{
    MachineState *ms = MACHINE(pm);
    PowerPCCPU *boot_cpu = papr_vcpu_next(pm->vcpus, NULL)->cpu;
    size_t size;
    void *fdt = papr_machine_build_tree(true, &size, pm, errp);

    if (!fdt) {
        return false;
    }
    pm->fdt_initial_size = size;
    papr_firmware_set_rma_size(pm->firmware, papr_machine_boot_rma_size(pm));
    if (!papr_firmware_reset(pm->firmware, fdt, size, boot_cpu, errp)) {
        return false;
    }
    ms->fdt = (void *)papr_firmware_fdt(pm->firmware, &size);
    if (papr_firmware_is_vof(pm->firmware)) {
        papr_vio_firmware_start(pm->vio);
    }
    return true;
}

void papr_machine_reset(MachineState *ms, ResetType type)
{
    PaprMachine *pm = PAPR_MACHINE(ms);
    Error *err = NULL;

    if (type == RESET_TYPE_SNAPSHOT_LOAD) {
        /* before the load, since the snapshot may have these devices */
        papr_dr_remove_released(pm->dr);
    } else {
        qemu_guest_getrandom_nofail(pm->rng_seed, sizeof(pm->rng_seed));
    }
    if (ms->cgs && confidential_guest_kvm_reset(ms->cgs, &err) < 0) {
        error_report_err(err);
        exit(EXIT_FAILURE);
    }
    papr_vcpus_note_lpcr(pm->vcpus, 0, PAPR_LPCR_OF_ALL);
    qemu_devices_reset(type);
    reset_mmu(pm);

    papr_nested_reset(pm->nested);
    papr_events_reset(pm->events);
    papr_cas_reset(&pm->cas, qtest_enabled());
    /* machine init has checked it against the CPU */
    ppc_init_compat_all(pm->opt.max_compat_pvr, &error_abort);
    papr_irqs_reset(pm->irqs);
    /* after devices' reset, as it removes those with a requested unplug */
    if (type == RESET_TYPE_SNAPSHOT_LOAD) {
        papr_dr_before_load(pm->dr);
    } else {
        papr_dr_reset(pm->dr);
    }
    papr_fwnmi_reset(pm->fwnmi);
    papr_fadump_reset(pm->fadump, type == RESET_TYPE_SNAPSHOT_LOAD);
    papr_watchdog_reset(pm->watchdogs);
    if (pm->pmem) {
        papr_pmem_reset(pm->pmem);
    }

    if (!start_firmware(pm, &err)) {
        error_report_err(err);
        exit(EXIT_FAILURE);
    }
}
