/*
 * pSeries platform: init of the machine, lower layers first
 *
 * Each step checks the options that it uses; the first error ends QEMU with one
 * line.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pci/msi.h"
#include "hw/pseries/accel.h"
#include "hw/pseries/call-stats.h"
#include "hw/pseries/guest-mem.h"
#include "hw/pseries/kvm.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/guest-random.h"
#include "system/confidential-guest-support.h"
#include "system/runstate.h"
#include "system/system.h"
#include "target/ppc/cpu-models.h"
#include "machine.h"

static bool init_caps(PaprMachine *pm, Error **errp)
{
    PaprCapsHost host = {
        .cpu_type = MACHINE(pm)->cpu_type,
        .max_compat_pvr = pm->opt.max_compat_pvr,
        .smp_threads = MACHINE(pm)->smp.threads,
        .defaults = pm->compat->caps,
        .kvm = papr_kvm_facts(),
        .backing_shift = papr_machine_kvm_backing_shift(pm),
    };

    pm->caps.page_size_unsent = pm->compat->page_size_unsent;
    return papr_caps_resolve(&pm->caps, &host, errp) &&
           papr_caps_enable_in_kvm(&pm->caps, errp);
}

/* A compatibility mode is the CPU's own level or an earlier one */
static bool check_max_compat(PaprMachine *pm, Error **errp)
{
    uint32_t pvr = pm->opt.max_compat_pvr;
    g_autofree char *cpu = cpu_model_from_type(MACHINE(pm)->cpu_type);

    if (!pvr || ppc_type_check_compat(MACHINE(pm)->cpu_type, pvr, 0, 0)) {
        return true;
    }
    error_setg(errp, "max-cpu-compat: Compatibility PVR 0x%08x not valid for "
               "CPU %s; use its own mode or an earlier one", pvr, cpu);
    return false;
}

/* With a CPU before POWER9, guests support XICS only */
static bool settle_ic_mode(PaprMachine *pm, Error **errp)
{
    if (papr_machine_cpu_reaches(pm, CPU_POWERPC_LOGICAL_3_00)) {
        return true;
    }
    if (pm->opt.ic_mode == PAPR_IC_XIVE) {
        error_setg(errp, "ic-mode=xive: XIVE-only machines require a POWER9 "
                   "CPU; use ic-mode=xics or -cpu POWER9");
        return false;
    }
    pm->opt.ic_mode = PAPR_IC_XICS;
    return true;
}

static bool display_char(uint8_t c, void *machine)
{
    return papr_vio_console_write(((PaprMachine *)machine)->vio, &c, 1) == 1;
}

static size_t vcpu_associativity(void *machine, uint32_t id, uint32_t *domains,
                                 size_t max)
{
    PaprMachine *pm = machine;
    PaprVcpu *vcpu = papr_vcpu_find(pm->vcpus, id);
    uint32_t list[PAPR_NUMA_LIST_MAX];
    size_t n;

    if (!vcpu) {
        return 0;
    }
    /* the first cell is the count of the others */
    n = papr_numa_vcpu_list(&pm->numa, vcpu->cpu->node_id, id, list) - 1;
    n = MIN(n, max);
    memcpy(domains, list + 1, n * sizeof(*domains));
    return n;
}

static uint64_t firmware_rtas_base(void *machine)
{
    uint64_t base;

    return papr_firmware_rtas_base(((PaprMachine *)machine)->firmware, &base)
        ? base : 0;
}

static bool begin_fadump(PowerPCCPU *cpu, void *machine)
{
    return papr_fadump_begin(((PaprMachine *)machine)->fadump, cpu);
}

/* The tables that other parts register their calls in; and calls of CPUs */
static void init_calls(PaprMachine *pm)
{
    MachineState *ms = MACHINE(pm);
    uint32_t n_ids = ms->smp.max_cpus / ms->smp.threads * pm->cpu_host.vsmt;
    PaprRtasConfig rtas = {
        .cpus = ms->smp.cpus,
        .max_cpus = ms->smp.max_cpus,
        .ram_size = ms->ram_size,
        .display_char = display_char,
        .block_remove = pm->opt.block_remove ? papr_mmu_block_remove_sizes
                                             : NULL,
        .may_start = papr_machine_may_start,
        .begin_dump = begin_fadump,
        .opaque = pm,
    };
    PaprFwnmiConfig fwnmi = {
        .caps = &pm->caps,
        .rma_size = pm->rma_size,
        .max_cpus = ms->smp.max_cpus,
        .rtas_base = firmware_rtas_base,
        .opaque = pm,
    };

    papr_mem_init();
    pm->hcalls = papr_hcall_table_new();
    pm->vcpus = papr_vcpu_map_new(n_ids);
    pm->rtas = papr_rtas_new(pm->hcalls);
    rtas.vcpus = fwnmi.vcpus = pm->vcpus;
    papr_rtas_register_families(pm->rtas, &rtas);
    pm->fwnmi = papr_fwnmi_new(pm->rtas, &fwnmi);
    pm->fadump = papr_fadump_new(pm->rtas, pm->vcpus, ms->smp.max_cpus);
    pm->hcall_config = (PaprHcallConfig) {
        .vcpus = pm->vcpus,
        .caps = &pm->caps,
        .associativity = vcpu_associativity,
        .system_reset = papr_machine_system_reset_irq,
        .interrupt_endian = papr_machine_interrupt_endian,
        .opaque = pm,
    };
    papr_hcall_register_families(pm->hcalls, &pm->hcall_config);
}

/* Only if the user gave the option: the default is what the host supports */
static void report_missing_xive(const PaprMachine *pm)
{
    if (pm->opt.ic_mode_asked && pm->opt.ic_mode == PAPR_IC_DUAL &&
        papr_irqs_host_lacks_xive(pm->irqs)) {
        info_report("ic-mode=dual: the host's KVM has no XIVE, the machine has "
                    "XICS alone; use kernel-irqchip=off for both, emulated");
    }
}

static bool init_platform(PaprMachine *pm, Error **errp)
{
    MachineState *ms = MACHINE(pm);

    pm->mmu = papr_mmu_new(pm->vcpus, pm->hcalls, pm->opt.resize_hpt);
    papr_mmu_set_memory(pm->mmu, ms->ram_size, ms->maxram_size);
    papr_mmu_use_caps(pm->mmu, pm->hcalls, &pm->caps);
    pm->nested = papr_nested_new(pm->hcalls, pm->mmu, &pm->caps,
                                 pm->opt.max_compat_pvr);
    pm->irqs = papr_irqs_new(OBJECT(pm), pm->vcpus, pm->opt.ic_mode,
                             pm->compat->packed_irqs, pm->hcalls, pm->rtas,
                             errp);
    if (!pm->irqs) {
        return false;
    }
    report_missing_xive(pm);
    pm->irq_map = papr_irqs_msi_map(pm->irqs, &pm->irq_map_nr);
    pm->iommu = papr_iommu_new(pm->hcalls);
    pm->dr = papr_dr_new(pm->rtas);
    papr_machine_add_connectors(pm);
    papr_machine_add_pmem(pm);
    return true;
}

static bool init_cpus(PaprMachine *pm, Error **errp)
{
    pm->cpu_host.vhyp = PPC_VIRTUAL_HYPERVISOR(pm);
    pm->cpu_host.vcpus = pm->vcpus;
    pm->cpu_host.hcalls = pm->hcalls;
    pm->cpu_host.irqs = pm->irqs;
    pm->cpu_host.caps = &pm->caps;
    qemu_guest_getrandom_nofail(&pm->cpu_host.hashpkey,
                                sizeof(pm->cpu_host.hashpkey));

    if (!papr_machine_create_cpus(pm, errp)) {
        return false;
    }
    if (ppc_init_compat_all(pm->opt.max_compat_pvr, errp) < 0) {
        error_prepend(errp, "max-cpu-compat: ");
        return false;
    }
    pm->numa.flat_domains = pm->compat->numa_flat_domains;
    pm->numa.two_refpoints = pm->compat->numa_two_refpoints;
    papr_numa_from_machine(&pm->numa, MACHINE(pm));
    return papr_numa_check_sizes(&pm->numa, PAPR_LMB_SIZE, errp);
}

static bool init_devices(PaprMachine *pm, Error **errp)
{
    pm->events = papr_events_new(pm->rtas, pm->irqs,
                                 pm->opt.modern_hotplug_events, errp);
    if (!pm->events) {
        return false;
    }
    pm->rtc = papr_rtc_new(OBJECT(pm), pm->rtas, errp);
    if (!pm->rtc) {
        return false;
    }
    papr_events_set_clock(pm->events, papr_rtc_now, pm->rtc);
    pm->watchdogs = papr_watchdog_new(OBJECT(pm), pm->hcalls, errp);
    if (!pm->watchdogs) {
        return false;
    }
    pm->tpm_proxy = papr_tpm_proxy_slot_new(pm->hcalls);
    pm->vio = papr_vio_bus_new(pm->hcalls, pm->rtas, pm->irqs, pm->iommu);
    for (int i = 0; serial_hd(i); i++) {
        papr_vio_add_vty(pm->vio, serial_hd(i));
    }
    papr_vio_add_nvram(pm->vio);
    return papr_machine_init_devices(pm, errp);
}

static void init_cas(PaprMachine *pm)
{
    bool isa3 = papr_machine_cpu_reaches(pm, CPU_POWERPC_LOGICAL_3_00);
    PaprIcMode ic_mode = papr_irqs_mode(pm->irqs);
    PaprCasConfig config = {
        .offer = {
            .isa3 = isa3,
            .radix = isa3,
            .hash = true,
            .mmu_switch = true,
            .xics = ic_mode != PAPR_IC_XIVE,
            .xive = ic_mode != PAPR_IC_XICS,
            .hpt_resize = pm->opt.resize_hpt != PAPR_HPT_RESIZE_DISABLED,
            .hpt_resize_required =
                pm->opt.resize_hpt == PAPR_HPT_RESIZE_REQUIRED,
            .form2 = !pm->compat->numa_form1_alone,
            .hotplug_events = pm->opt.modern_hotplug_events,
            .max_compat = pm->opt.max_compat_pvr,
        },
        .hcalls = pm->hcalls,
        .vcpus = pm->vcpus,
        .mmu = pm->mmu,
        .irqs = pm->irqs,
        .dr = pm->dr,
        .events = pm->events,
        .numa = &pm->numa,
        .ram_size = MACHINE(pm)->ram_size,
        .maxram_size = MACHINE(pm)->maxram_size,
        .host = { papr_machine_build_tree, pm },
    };

    papr_machine_kvm_mmu_offer(pm, &config.offer);
    papr_cas_init(&pm->cas, &config);
}

static size_t console_write(const uint8_t *buf, size_t len, void *machine)
{
    return papr_vio_console_write(((PaprMachine *)machine)->vio, buf, len);
}

static size_t console_read(uint8_t *buf, size_t len, void *machine)
{
    return papr_vio_console_read(((PaprMachine *)machine)->vio, buf, len);
}

static bool firmware_cas(PowerPCCPU *cpu, uint64_t vec_addr, void *machine)
{
    return papr_cas_from_firmware(cpu, vec_addr,
                                  &((PaprMachine *)machine)->cas);
}

/* For the monitor's dumpdtb */
static void fdt_changed(const void *fdt, void *machine)
{
    MACHINE(machine)->fdt = (void *)fdt;
}

static bool init_firmware(PaprMachine *pm, Error **errp)
{
    MachineState *ms = MACHINE(pm);
    PaprFirmwareConfig config = {
        .vof = pm->opt.vof,
        .bios = ms->firmware,
        .kernel = ms->kernel_filename,
        .initrd = ms->initrd_filename,
        .kernel_addr = pm->opt.kernel_addr,
        .rma_size = pm->rma_size,
        .no_update_dt = pm->compat->no_update_dt,
    };
    PaprFirmwareHost host = {
        .cas = firmware_cas,
        .console_write = console_write,
        .console_read = console_read,
        .fdt_changed = fdt_changed,
        .opaque = pm,
    };

    pm->firmware = papr_firmware_new(&config, pm->hcalls, &host, errp);
    if (!pm->firmware) {
        return false;
    }
    papr_cas_set_firmware(&pm->cas, pm->firmware);
    return true;
}

static void set_boot_device(void *machine, const char *order, Error **errp)
{
    PaprMachineOptions *opt = &((PaprMachine *)machine)->opt;

    g_free(opt->boot_device);
    opt->boot_device = g_strdup(order);
}

static bool init_confidential(PaprMachine *pm, Error **errp)
{
    ConfidentialGuestSupport *cgs = MACHINE(pm)->cgs;

    return !cgs || confidential_guest_kvm_init(cgs, errp) >= 0;
}

static bool init_machine(PaprMachine *pm, Error **errp)
{
    if (!init_confidential(pm, errp) ||
        !check_max_compat(pm, errp) ||
        !papr_machine_kvm_check_mmu(pm, errp) ||
        !papr_machine_check_memory(pm, errp) ||
        !papr_machine_settle_vsmt(pm, errp) ||
        !init_caps(pm, errp) ||
        !settle_ic_mode(pm, errp) ||
        !papr_machine_kvm_settle_resize(pm, errp)) {
        return false;
    }
    init_calls(pm);
    if (!init_platform(pm, errp) || !init_cpus(pm, errp)) {
        return false;
    }
    papr_machine_map_memory(pm);
    if (!init_devices(pm, errp)) {
        return false;
    }
    init_cas(pm);
    if (!init_firmware(pm, errp)) {
        return false;
    }
    papr_machine_kvm_start(pm);
    return true;
}

void papr_machine_init(MachineState *ms)
{
    PaprMachine *pm = PAPR_MACHINE(ms);

    msi_nonbroken = true;
    papr_accel_choose();
    if (!init_machine(pm, &error_fatal)) {
        return;
    }
    papr_call_stats_init(pm->vcpus);
    papr_machine_apply_call_stats(pm);
    papr_qtest_init(pm->rtas, pm->fwnmi);
    papr_machine_init_vmstate(pm);
    qbus_set_hotplug_handler(sysbus_get_default(), OBJECT(pm));
    qemu_register_boot_set(set_boot_device, pm);
    /* -boot order=; QEMU calls set_boot_device() for once= later */
    set_boot_device(pm, ms->boot_config.order, &error_abort);
    qemu_register_wakeup_support();
}
