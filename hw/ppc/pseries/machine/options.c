/*
 * pSeries platform: the machine's own options
 *
 * The value of each option is checked here; machine init checks what depends on
 * other options or on the accelerator.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qapi/qapi-visit-common.h"
#include "hw/pseries/kvm.h"
#include "target/ppc/cpu.h"
#include "target/ppc/cpu-models.h"
#include "machine.h"

/* Options that take one of a few words */
typedef struct Choice {
    const char *word;
    int value;
} Choice;

static const Choice ic_modes[] = {
    { "xics", PAPR_IC_XICS },
    { "xive", PAPR_IC_XIVE },
    { "dual", PAPR_IC_DUAL },
    { }
};

static const Choice hpt_resizes[] = {
    { "default", PAPR_HPT_RESIZE_DEFAULT },
    { "disabled", PAPR_HPT_RESIZE_DISABLED },
    { "enabled", PAPR_HPT_RESIZE_ENABLED },
    { "required", PAPR_HPT_RESIZE_REQUIRED },
    { }
};

/* Values are the argument of KVM_CREATE_VM */
static const Choice kvm_types[] = {
    { "auto", 0 },
    { "hv", 1 },
    { "pr", 2 },
    { }
};

/* Logical processor versions (LoPAR Table C.2), by the processor's name */
static const Choice compat_levels[] = {
    { "power6", CPU_POWERPC_LOGICAL_2_05 },
    { "power7", CPU_POWERPC_LOGICAL_2_06 },
    { "power7+", CPU_POWERPC_LOGICAL_2_06_PLUS },
    { "power8", CPU_POWERPC_LOGICAL_2_07 },
    { "power9", CPU_POWERPC_LOGICAL_3_00 },
    { "power10", CPU_POWERPC_LOGICAL_3_10 },
    { "power11", CPU_POWERPC_LOGICAL_3_10_P11 },
    { }
};

static char *choice_word(const Choice *choices, int value)
{
    while (choices->word && choices->value != value) {
        choices++;
    }
    return g_strdup(choices->word);
}

/* The value of @word, or -1 with an error that names all words */
static int choice_value(const Choice *choices, const char *option,
                        const char *word, Error **errp)
{
    g_autoptr(GString) all = g_string_new(NULL);

    for (; choices->word; choices++) {
        if (!strcmp(choices->word, word)) {
            return choices->value;
        }
        g_string_append_printf(all, "%s%s", all->len ? ", " : "",
                               choices->word);
    }
    error_setg(errp, "Bad value for \"%s\" property: '%s' is not one of %s",
               option, word, all->str);
    return -1;
}

bool papr_machine_cpu_reaches(const PaprMachine *pm, uint32_t logical_pvr)
{
    return ppc_type_check_compat(MACHINE(pm)->cpu_type, logical_pvr, 0,
                                 pm->opt.max_compat_pvr);
}

static char *get_ic_mode(Object *obj, Error **errp)
{
    return choice_word(ic_modes, PAPR_MACHINE(obj)->opt.ic_mode);
}

static void set_ic_mode(Object *obj, const char *word, Error **errp)
{
    PaprMachine *pm = PAPR_MACHINE(obj);
    int value = choice_value(ic_modes, "ic-mode", word, errp);

    if (value < 0) {
        return;
    }
    if (value != PAPR_IC_XICS && pm->compat->packed_irqs) {
        error_setg(errp, "ic-mode=%s: this version of the machine has XICS "
                   "alone; use ic-mode=xics or a version from pseries-3.1 on",
                   word);
        return;
    }
    pm->opt.ic_mode = value;
    pm->opt.ic_mode_asked = true;
}

static char *get_resize_hpt(Object *obj, Error **errp)
{
    return choice_word(hpt_resizes, PAPR_MACHINE(obj)->opt.resize_hpt);
}

static void set_resize_hpt(Object *obj, const char *word, Error **errp)
{
    int value = choice_value(hpt_resizes, "resize-hpt", word, errp);

    if (value >= 0) {
        PAPR_MACHINE(obj)->opt.resize_hpt = value;
    }
}

static char *get_max_compat(Object *obj, Error **errp)
{
    PaprMachineOptions *opt = &PAPR_MACHINE(obj)->opt;

    return opt->max_compat_pvr
           ? choice_word(compat_levels, opt->max_compat_pvr) : g_strdup("");
}

static void set_max_compat(Object *obj, const char *word, Error **errp)
{
    int value = choice_value(compat_levels, "max-cpu-compat", word, errp);

    if (value >= 0) {
        PAPR_MACHINE(obj)->opt.max_compat_pvr = value;
    }
}

static char *get_kvm_type(Object *obj, Error **errp)
{
    return g_strdup(PAPR_MACHINE(obj)->opt.kvm_type);
}

int papr_machine_kvm_type(MachineState *ms, const char *word)
{
    Error *err = NULL;
    int type = choice_value(kvm_types, "kvm-type", word ?: "auto", &err);

    if (type < 0) {
        error_report_err(err);
    }
    papr_kvm_use();
    return type;
}

static void set_kvm_type(Object *obj, const char *word, Error **errp)
{
    PaprMachineOptions *opt = &PAPR_MACHINE(obj)->opt;
    g_autofree char *lower = g_ascii_strdown(word, -1);

    if (choice_value(kvm_types, "kvm-type", lower, errp) >= 0) {
        g_free(opt->kvm_type);
        opt->kvm_type = g_steal_pointer(&lower);
    }
}

static char *get_host_model(Object *obj, Error **errp)
{
    return g_strdup(PAPR_MACHINE(obj)->opt.host_model);
}

static void set_host_model(Object *obj, const char *text, Error **errp)
{
    PaprMachineOptions *opt = &PAPR_MACHINE(obj)->opt;

    g_free(opt->host_model);
    opt->host_model = g_strdup(text);
}

static char *get_host_serial(Object *obj, Error **errp)
{
    return g_strdup(PAPR_MACHINE(obj)->opt.host_serial);
}

static void set_host_serial(Object *obj, const char *text, Error **errp)
{
    PaprMachineOptions *opt = &PAPR_MACHINE(obj)->opt;

    g_free(opt->host_serial);
    opt->host_serial = g_strdup(text);
}

static bool get_modern_hotplug(Object *obj, Error **errp)
{
    return PAPR_MACHINE(obj)->opt.modern_hotplug_events;
}

static void set_modern_hotplug(Object *obj, bool value, Error **errp)
{
    PAPR_MACHINE(obj)->opt.modern_hotplug_events = value;
}

static bool get_block_remove(Object *obj, Error **errp)
{
    return PAPR_MACHINE(obj)->opt.block_remove;
}

static void set_block_remove(Object *obj, bool value, Error **errp)
{
    PAPR_MACHINE(obj)->opt.block_remove = value;
}

/* The option is also set before the tables of calls are made */
void papr_machine_apply_call_stats(PaprMachine *pm)
{
    if (pm->hcalls) {
        papr_hcall_count(pm->hcalls, pm->opt.call_stats);
        papr_rtas_count(pm->rtas, pm->opt.call_stats);
    }
}

static bool get_call_stats(Object *obj, Error **errp)
{
    return PAPR_MACHINE(obj)->opt.call_stats;
}

static void set_call_stats(Object *obj, bool value, Error **errp)
{
    PAPR_MACHINE(obj)->opt.call_stats = value;
    papr_machine_apply_call_stats(PAPR_MACHINE(obj));
}

/* For VFIO: guests of this machine program MSI-X by RTAS, not by the BAR */
static bool get_no_msix_emulation(Object *obj, Error **errp)
{
    return true;
}

static void visit_vof(Object *obj, Visitor *v, const char *name,
                               void *opaque, Error **errp)
{
    visit_type_OnOffAuto(v, name, &PAPR_MACHINE(obj)->opt.vof, errp);
}

static void visit_kernel_addr(Object *obj, Visitor *v, const char *name,
                              void *opaque, Error **errp)
{
    visit_type_uint64(v, name, &PAPR_MACHINE(obj)->opt.kernel_addr, errp);
}

static void visit_vsmt(Object *obj, Visitor *v, const char *name,
                       void *opaque, Error **errp)
{
    visit_type_uint32(v, name, &PAPR_MACHINE(obj)->opt.vsmt, errp);
}

static const struct {
    const char *name;
    char *(*get)(Object *obj, Error **errp);
    void (*set)(Object *obj, const char *value, Error **errp);
    const char *description;
} words[] = {
    { "ic-mode", get_ic_mode, set_ic_mode,
      "Interrupt controllers offered to the guest (xics, xive, dual)" },
    { "resize-hpt", get_resize_hpt, set_resize_hpt,
      "Whether the guest may or must resize its hash page table (enabled, "
      "disabled, required)" },
    { "max-cpu-compat", get_max_compat, set_max_compat,
      "Newest compatibility mode a guest may choose (power6, power7, power7+, "
      "power8, power9, power10, power11)" },
    { "kvm-type", get_kvm_type, set_kvm_type,
      "Kind of KVM to use (auto, hv, pr)" },
    { "host-model", get_host_model, set_host_model,
      "Text for host-model in the guest's device tree" },
    { "host-serial", get_host_serial, set_host_serial,
      "Text for host-serial in the guest's device tree" },
};

static const struct {
    const char *name;
    const char *type;
    ObjectPropertyAccessor *visit;
    const char *description;
} numbers[] = {
    { "x-vof", "OnOffAuto", visit_vof,
      "Open Firmware client interface inside the machine instead of SLOF "
      "(on, off, auto: when -kernel is a Linux kernel)" },
    { "kernel-addr", "uint64", visit_kernel_addr,
      "Load address of -kernel, by default 0x400000" },
    { "vsmt", "uint32", visit_vsmt,
      "Distance of vCPU ids from core to core (default: threads per core)" },
};

/* Class properties, so that -M pseries,help lists them all */
void papr_machine_options_class_init(ObjectClass *oc)
{
    for (int i = 0; i < ARRAY_SIZE(words); i++) {
        object_class_property_add_str(oc, words[i].name, words[i].get,
                                      words[i].set);
        object_class_property_set_description(oc, words[i].name,
                                              words[i].description);
    }
    for (int i = 0; i < ARRAY_SIZE(numbers); i++) {
        object_class_property_add(oc, numbers[i].name, numbers[i].type,
                                  numbers[i].visit, numbers[i].visit,
                                  NULL, NULL);
        object_class_property_set_description(oc, numbers[i].name,
                                              numbers[i].description);
    }
    object_class_property_add_bool(oc, "modern-hotplug-events",
                                   get_modern_hotplug, set_modern_hotplug);
    object_class_property_set_description(oc, "modern-hotplug-events",
        "Hotplug events have an interrupt source of their own (required for "
        "memory hot-unplug)");
    object_class_property_add_bool(oc, "block-remove", get_block_remove,
                                   set_block_remove);
    object_class_property_set_description(oc, "block-remove",
        "H_BLOCK_REMOVE is offered to guests with a hash page table; one that "
        "uses it can't migrate to upstream's pseries");
    object_class_property_add_bool(oc, "call-stats", get_call_stats,
                                   set_call_stats);
    object_class_property_set_description(oc, "call-stats",
        "Count hypercalls and RTAS calls for query-stats; can be changed while "
        "the guest runs");
    object_class_property_add_bool(oc, "vfio-no-msix-emulation",
                                   get_no_msix_emulation, NULL);
    papr_caps_class_init(oc, offsetof(PaprMachine, caps));
}

void papr_machine_options_init(Object *obj)
{
    PaprMachine *pm = PAPR_MACHINE(obj);

    pm->opt = (PaprMachineOptions) {
        .kvm_type = g_strdup("auto"),
        .kernel_addr = PAPR_KERNEL_ADDR,
        .ic_mode = pm->compat->xics_alone ? PAPR_IC_XICS : PAPR_IC_DUAL,
        .resize_hpt = PAPR_HPT_RESIZE_DEFAULT,
        .vof = ON_OFF_AUTO_AUTO,
        .modern_hotplug_events = true,
    };
}
