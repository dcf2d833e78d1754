/*
 * pSeries platform: CPU cores, the unit in which CPUs are plugged
 *
 * A core creates its threads, ties each to the machine (virtual hypervisor,
 * vCPU map, interrupt presentation) and brings them to the state in which
 * LoPAR lets a partition's processors start: stopped, in real mode, waiting
 * for the RTAS call start-cpu.  The boot vCPU is started by the firmware.
 * All of it with the BQL held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/ppc/ppc.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "system/cpus.h"
#include "system/hw_accel.h"
#include "system/numa.h"
#include "system/kvm.h"
#include "system/reset.h"
#include "target/ppc/kvm_ppc.h"
#include "hw/pseries/accel.h"
#include "hw/pseries/l2.h"
#include "core.h"

const char *papr_cpu_core_type(const char *cpu_type)
{
    g_autofree char *model = g_strndup(cpu_type, strlen(cpu_type) -
                                       strlen(POWERPC_CPU_TYPE_SUFFIX));
    g_autofree char *name = g_strconcat(model, "-", TYPE_PAPR_CPU_CORE, NULL);
    ObjectClass *oc = object_class_by_name(name);

    return oc ? object_class_get_name(oc) : NULL;
}

/*
 * LPCR (logical partitioning control register) of a stopped vCPU: interrupts go
 * to the partition, not to a hypervisor, and none of them ends the power
 * saving state in which it waits for start-cpu.  Bits that all vCPUs share are
 * the partition's, which a reset of the machine has cleared before.
 */
static void reset_lpcr(PowerPCCPU *cpu)
{
    target_ulong lpcr = cpu->env.spr[SPR_LPCR];

    lpcr &= ~(LPCR_VPM1 | LPCR_ISL | LPCR_KBV | PAPR_LPCR_OF_ALL |
              POWERPC_CPU_GET_CLASS(cpu)->lpcr_pm);
    lpcr |= LPCR_LPES0 | LPCR_LPES1 | papr_vcpus_lpcr(papr_vcpu(cpu)->vcpus);
    ppc_store_lpcr(cpu, lpcr);
}

/* Forget the last guest's areas of H_REGISTER_VPA, and what is pending */
static void forget_areas(PaprVcpu *vcpu)
{
    vcpu->vpa_addr = 0;
    vcpu->slb_shadow_addr = vcpu->slb_shadow_size = 0;
    vcpu->dtl_addr = vcpu->dtl_size = 0;
    vcpu->prod = false;
    vcpu->machine_check.waits = false;
    papr_vcpu_cancel_start(vcpu);
}

/* Registers of a stopped vCPU that differ from what the CPU model resets to */
static void reset_registers(PowerPCCPU *cpu)
{
    const uint64_t sixty_four_bit = 1ULL << MSR_SF;
    const uint64_t on = (1ULL << MSR_ME) | (1ULL << MSR_FP);
    uint64_t *spr = cpu->env.spr;

    /* nothing of the last guest may show in the next one */
    memset(cpu->env.gpr, 0, sizeof(cpu->env.gpr));
    memset(cpu->env.crf, 0, sizeof(cpu->env.crf));
    cpu->env.lr = cpu->env.ctr = 0;
    cpu_write_xer(&cpu->env, 0);

    /* LoPAR C.9.2.1: 32-bit mode, machine check and floating point enabled */
    cpu->env.msr = (cpu->env.msr & ~sixty_four_bit) | on;
    spr[SPR_PSSCR] |= PSSCR_EC;
    spr[SPR_HIOR] = 0;
    /* the partition may use all of the authority mask register */
    spr[SPR_AMOR] = UINT64_MAX;
    reset_lpcr(cpu);
}

static void reset_vcpu(PaprVcpu *vcpu, const PaprCpuHost *host)
{
    PowerPCCPU *cpu = vcpu->cpu;

    papr_l2_reset(vcpu);
    cpu_reset(CPU(cpu));
    /* no interrupts until start-cpu */
    cpu->env.quiesced = true;
    kvmppc_set_reg_ppc_online(cpu, 0);
    ppc_maybe_interrupt(&cpu->env);

    reset_registers(cpu);
    papr_caps_cpu_reset(host->caps, cpu);
    forget_areas(vcpu);
    papr_irqs_vcpu_reset(host->irqs, vcpu);
    cpu_ppc_tb_reset(&cpu->env);
}

static void core_reset(void *opaque)
{
    PaprCpuCore *core = opaque;

    for (int i = 0; i < CPU_CORE(core)->nr_threads; i++) {
        reset_vcpu(papr_vcpu(core->threads[i]), core->host);
    }
}

/* Create thread @i; it becomes a child of @core and is not realized yet */
static PowerPCCPU *create_thread(PaprCpuCore *core, int i)
{
    CPUCore *cc = CPU_CORE(core);
    g_autofree char *id = g_strdup_printf("thread[%d]", i);
    Object *obj = object_new(PAPR_CPU_CORE_GET_CLASS(core)->cpu_type);
    PowerPCCPU *cpu = POWERPC_CPU(obj);
    PaprVcpu *vcpu = g_new0(PaprVcpu, 1);

    qdev_prop_set_bit(DEVICE(obj), "start-powered-off", true);
    CPU(cpu)->cpu_index = cc->core_id + i;
    cpu->vcpu_id = papr_cpu_vcpu_id(core->host, CPU(cpu)->cpu_index);
    cpu->node_id = core->node_id;
    cpu->env.chip_index = core->node_id;
    cpu->env.core_index = cc->core_id;
    cpu->env.has_smt_siblings = cc->nr_threads > 1;

    vcpu->cpu = cpu;
    vcpu->id = cpu->vcpu_id;
    vcpu->hcalls = core->host->hcalls;
    vcpu->vcpus = core->host->vcpus;
    cpu->machine_data = vcpu;

    object_property_add_child(OBJECT(core), id, obj);
    object_unref(obj);
    return cpu;
}

/* Make @cpu, thread @index of its core, a processor of this partition */
static void tie_to_machine(PowerPCCPU *cpu, int index, const PaprCpuHost *host)
{
    const struct {
        int spr;
        uint64_t value;
    } constants[] = {
        { SPR_HASHPKEYR, host->hashpkey },
        { SPR_TIR, index },
        { SPR_PIR, CPU(cpu)->cpu_index },
    };

    for (int i = 0; i < ARRAY_SIZE(constants); i++) {
        cpu->env.spr_cb[constants[i].spr].default_value = constants[i].value;
    }
    cpu_ppc_set_1lpar(cpu);
    /* cpu_ppc_tb_init() depends on vhyp */
    cpu_ppc_set_vhyp(cpu, host->vhyp);
    cpu_ppc_tb_init(&cpu->env, papr_accel->timebase_hz());
}

/* Page sizes and segments as the machine's options and the host allow */
static bool settle_mmu(PowerPCCPU *cpu, const PaprCaps *caps, Error **errp)
{
    ERRP_GUARD();

    papr_caps_cpu_init(caps, cpu);
    kvm_check_mmu(cpu, errp);
    return !*errp;
}

/*
 * All steps that may release the BQL: until connect_thread() the machine does
 * not know of the vCPU.
 */
static bool realize_thread(PaprCpuCore *core, int i, Error **errp)
{
    const PaprCpuHost *host = core->host;
    PowerPCCPU *cpu = core->threads[i];

    if (!qdev_realize(DEVICE(cpu), NULL, errp)) {
        return false;
    }
    if (!papr_accel->vcpu_registers_put(cpu, errp) ||
        !settle_mmu(cpu, host->caps, errp)) {
        qdev_unrealize(DEVICE(cpu));
        return false;
    }
    tie_to_machine(cpu, i, host);
    if (DEVICE(core)->hotplugged) {
        /* marks the registers dirty: QEMU's will replace the kernel's */
        cpu_synchronize_state(CPU(cpu));
    }
    return true;
}

static bool connect_thread(PaprCpuCore *core, int i, Error **errp)
{
    PowerPCCPU *cpu = core->threads[i];
    PaprVcpu *vcpu = papr_vcpu(cpu);

    if (!papr_irqs_vcpu_create(core->host->irqs, vcpu, errp)) {
        return false;
    }
    papr_vcpu_run_init(vcpu);
    papr_vcpu_map_add(core->host->vcpus, vcpu);
    vmstate_register(NULL, CPU(cpu)->cpu_index, &vmstate_papr_vcpu, vcpu);
    return true;
}

/* After a grace period: no thread uses @vcpu any more.  BQL held */
static void free_vcpu(PaprVcpu *vcpu)
{
    object_unref(OBJECT(vcpu->cpu));
    g_free(vcpu->call_stats);
    g_free(vcpu);
}

void papr_cpu_core_hide(PaprCpuCore *core)
{
    for (int i = 0; i < CPU_CORE(core)->nr_threads; i++) {
        PaprVcpu *vcpu = papr_vcpu(core->threads[i]);

        papr_vcpu_map_remove(core->host->vcpus, vcpu);
        papr_vcpu_cancel_start(vcpu);
    }
}

/*
 * The vCPU is in no map any more.  Its thread may be in its guest, or in a
 * call, until qdev_unrealize() has waited for it: what it uses (interrupt
 * presenter, timers) is freed after that.  Other threads may use the vCPU, and
 * the CPU object, until they leave their RCU read section.
 */
static void delete_thread(PaprCpuCore *core, int i)
{
    PowerPCCPU *cpu = core->threads[i];
    PaprVcpu *vcpu = papr_vcpu(cpu);

    if (qdev_is_realized(DEVICE(cpu))) {
        vmstate_unregister(NULL, &vmstate_papr_vcpu, vcpu);
        papr_vcpu_run_exit(vcpu);
        qdev_unrealize(DEVICE(cpu));
        papr_irqs_vcpu_destroy(core->host->irqs, vcpu);
        cpu_ppc_tb_free(&cpu->env);
    }
    object_ref(OBJECT(cpu));
    object_unparent(OBJECT(cpu));
    call_rcu(vcpu, free_vcpu, rcu);
}

static void core_unrealize(DeviceState *dev)
{
    PaprCpuCore *core = PAPR_CPU_CORE(dev);

    qemu_unregister_reset(core_reset, core);
    papr_cpu_core_hide(core);
    for (int i = 0; i < CPU_CORE(core)->nr_threads; i++) {
        delete_thread(core, i);
    }
    g_clear_pointer(&core->threads, g_free);
}

/* Make all threads known to the machine, or none */
static bool realize_threads(PaprCpuCore *core, Error **errp)
{
    int n = CPU_CORE(core)->nr_threads;

    for (int i = 0; i < n; i++) {
        if (!realize_thread(core, i, errp)) {
            return false;
        }
    }
    for (int i = 0; i < n; i++) {
        if (!connect_thread(core, i, errp)) {
            return false;
        }
    }
    return true;
}

static void core_realize(DeviceState *dev, Error **errp)
{
    PaprCpuCore *core = PAPR_CPU_CORE(dev);
    int n = CPU_CORE(core)->nr_threads;

    if (!core->host) {
        error_setg(errp, "%s needs a pseries machine",
                   object_get_typename(OBJECT(dev)));
        return;
    }
    core->threads = g_new0(PowerPCCPU *, n);
    for (int i = 0; i < n; i++) {
        core->threads[i] = create_thread(core, i);
    }
    qemu_register_reset(core_reset, core);
    if (!realize_threads(core, errp)) {
        core_unrealize(dev);
    }
}

static void core_legacy_reset(DeviceState *dev)
{
    core_reset(PAPR_CPU_CORE(dev));
}

static const Property core_properties[] = {
    DEFINE_PROP_INT32("node-id", PaprCpuCore, node_id,
                      CPU_UNSET_NUMA_NODE_ID),
};

static void core_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = core_realize;
    dc->unrealize = core_unrealize;
    device_class_set_legacy_reset(dc, core_legacy_reset);
    device_class_set_props(dc, core_properties);
    PAPR_CPU_CORE_CLASS(oc)->cpu_type = data;
}

void papr_cpu_core_register(const char *model)
{
    g_autofree char *name = g_strconcat(model, "-", TYPE_PAPR_CPU_CORE, NULL);

    type_register_static(&(TypeInfo) {
        .name = name,
        .parent = TYPE_PAPR_CPU_CORE,
        .class_init = core_class_init,
        /* never freed: types are not unregistered */
        .class_data = g_strconcat(model, POWERPC_CPU_TYPE_SUFFIX, NULL),
    });
}

#define PAPR_CORE_OF(model)                                     \
    {                                                           \
        .name = model "-" TYPE_PAPR_CPU_CORE,                   \
        .parent = TYPE_PAPR_CPU_CORE,                           \
        .class_init = core_class_init,                          \
        .class_data = (void *)POWERPC_CPU_TYPE_NAME(model),     \
    }

static const TypeInfo core_types[] = {
    {
        .name = TYPE_PAPR_CPU_CORE,
        .parent = TYPE_CPU_CORE,
        .abstract = true,
        .instance_size = sizeof(PaprCpuCore),
        .class_size = sizeof(PaprCpuCoreClass),
    },
    PAPR_CORE_OF("970_v2.2"),
    PAPR_CORE_OF("970mp_v1.0"),
    PAPR_CORE_OF("970mp_v1.1"),
    PAPR_CORE_OF("power5p_v2.1"),
    PAPR_CORE_OF("power7_v2.3"),
    PAPR_CORE_OF("power7p_v2.1"),
    PAPR_CORE_OF("power8_v2.0"),
    PAPR_CORE_OF("power8e_v2.1"),
    PAPR_CORE_OF("power8nvl_v1.0"),
    PAPR_CORE_OF("power9_v2.0"),
    PAPR_CORE_OF("power9_v2.2"),
    PAPR_CORE_OF("power10_v2.0"),
    PAPR_CORE_OF("power11_v2.0"),
};

DEFINE_TYPES(core_types)
