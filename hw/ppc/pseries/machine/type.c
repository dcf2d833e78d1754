/*
 * pSeries platform: the machine's QOM type
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/fw-path-provider.h"
#include "hw/intc/intc.h"
#include "hw/mem/nvdimm.h"
#include "hw/nmi.h"
#include "hw/hotplug.h"
#include "qapi/error.h"
#include "qemu/units.h"
#include "system/blockdev.h"
#include "system/system.h"
#include "machine.h"

static void print_irq_info(InterruptStatsProvider *provider, GString *buf)
{
    papr_irqs_print_info(PAPR_MACHINE(provider)->irqs, buf);
}

static void machine_instance_init(Object *obj)
{
    PaprMachine *pm = PAPR_MACHINE(obj);
    MachineState *ms = MACHINE(obj);

    pm->compat = &PAPR_MACHINE_GET_CLASS(obj)->compat;
    papr_machine_options_init(obj);
    /* nvdimm= is on by default, unlike that of other machines */
    if (ms->nvdimms_state) {
        ms->nvdimms_state->is_enabled = true;
    }
}

static void machine_finalize(Object *obj)
{
    PaprMachine *pm = PAPR_MACHINE(obj);
    PaprMachineOptions *opt = &pm->opt;

    g_free(pm->kvm_host_model);
    g_free(pm->kvm_host_serial);
    g_free(opt->kvm_type);
    g_free(opt->host_model);
    g_free(opt->host_serial);
    g_free(opt->boot_device);
}

static void machine_class_init(ObjectClass *oc, void *data)
{
    MachineClass *mc = MACHINE_CLASS(oc);

    mc->desc = "pSeries Logical Partition (PAPR compliant)";
    mc->init = papr_machine_init;
    mc->reset = papr_machine_reset;
    mc->kvm_type = papr_machine_kvm_type;
    mc->no_parallel = true;
    mc->ignore_boot_device_suffixes = true;
    mc->block_default_type = IF_SCSI;
    mc->pci_allow_0_address = true;
    mc->default_boot_order = "";
    mc->default_cpu_type = POWERPC_CPU_TYPE_NAME("power10_v2.0");
    mc->default_display = "std";
    mc->default_ram_id = "ppc_spapr.ram";
    mc->default_ram_size = 512 * MiB;
    mc->numa_mem_align_shift = ctz64(PAPR_LMB_SIZE);
    mc->auto_enable_numa = true;
    mc->nvdimm_supported = true;
    papr_machine_smp_class_init(mc);

    papr_machine_options_class_init(oc);
    papr_machine_hotplug_class_init(oc);
    papr_machine_vhyp_class_init(oc);
    papr_machine_nmi_class_init(oc);
    papr_machine_fw_path_class_init(oc);
    INTERRUPT_STATS_PROVIDER_CLASS(oc)->print_info = print_irq_info;
}

static const TypeInfo machine_types[] = {
    {
        .name = TYPE_PAPR_MACHINE,
        .parent = TYPE_MACHINE,
        .abstract = true,
        .instance_size = sizeof(PaprMachine),
        .instance_init = machine_instance_init,
        .instance_finalize = machine_finalize,
        .class_size = sizeof(PaprMachineClass),
        .class_init = machine_class_init,
        .interfaces = (InterfaceInfo[]) {
            { TYPE_HOTPLUG_HANDLER },
            { TYPE_NMI },
            { TYPE_FW_PATH_PROVIDER },
            { TYPE_PPC_VIRTUAL_HYPERVISOR },
            { TYPE_INTERRUPT_STATS_PROVIDER },
            { }
        },
    },
};

static void papr_machine_register_types(void)
{
    type_register_static_array(machine_types, ARRAY_SIZE(machine_types));
    papr_machine_register_versions();
}

type_init(papr_machine_register_types)
