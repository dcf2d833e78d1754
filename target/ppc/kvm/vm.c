/*
 * KVM on PowerPC: the VM
 *
 * Asks the host once what it can do, and lets the rest of QEMU read the answer;
 * what is switched on or off for the VM as a whole is switched here.  Called as
 * the VM is created (papr_kvm_init()), later by the machine, always with the
 * BQL (big QEMU lock) held.
 *
 * This path serves guests of PAPR (the platform of pseries) on processors of
 * Book3S-64, with either of Linux's modules: kvm-hv, where the guest is a
 * partition of its own, and kvm-pr, where it runs in problem state.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <linux/kvm.h>
#include "elf.h"
#include "hw/boards.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "system/kvm.h"
#include "system/kvm_int.h"
#include "target/ppc/cpu-models.h"
#include "target/ppc/kvm_ppc.h"
#include "hw/pseries/abi.h"
#include "hw/ppc/pseries/trace.h"
#include "internal.h"

/* Pages of XIVE, the interrupt controller of POWER9 and later, in any guest */
#define XIVE_PAGE_BYTES (64 * KiB)

/*
 * Written by papr_kvm_init(), before there is a vCPU; then constant except for
 * the threads of a core, which the machine chooses before it creates the first
 * vCPU.
 */
static PaprKvmFacts facts;

const PaprKvmFacts *papr_kvm_facts(void)
{
    return kvm_enabled() ? &facts : NULL;
}

/* All guests of PAPR need these; Linux 4.5, the oldest for QEMU, has them */
static const KVMCapabilityInfo required[] = {
    KVM_CAP_INFO(ONE_REG),
    KVM_CAP_INFO(PPC_IRQ_LEVEL),
    KVM_CAP_INFO(PPC_PAPR),
    KVM_CAP_INFO(PPC_SEGSTATE),
    KVM_CAP_INFO(PPC_UNSET_IRQ),
};

static bool has_required(KVMState *s)
{
    for (int i = 0; i < ARRAY_SIZE(required); i++) {
        if (kvm_check_extension(s, required[i].value) <= 0) {
            error_report("-machine pseries: KVM of this host lacks %s: use a "
                         "kernel that has it, or -accel tcg",
                         required[i].name);
            return false;
        }
    }
    return true;
}

static const struct {
    size_t fact;
    unsigned cap;
} fact_caps[] = {
#define FACT(member, number) { offsetof(PaprKvmFacts, member), number }
    FACT(irq_xics, KVM_CAP_IRQ_XICS),
    FACT(irq_xive, KVM_CAP_PPC_IRQ_XIVE),
    FACT(radix, KVM_CAP_PPC_MMU_RADIX),
    FACT(hash_v3, KVM_CAP_PPC_MMU_HASH_V3),
    FACT(immediate_exit, KVM_CAP_IMMEDIATE_EXIT),
    FACT(htab_fd, KVM_CAP_PPC_HTAB_FD),
    FACT(resize_hpt, KVM_CAP_SPAPR_RESIZE_HPT),
    FACT(tce_64, KVM_CAP_SPAPR_TCE_64),
    FACT(multi_tce, KVM_CAP_SPAPR_MULTITCE),
    FACT(tce_vfio, KVM_CAP_SPAPR_TCE_VFIO),
    FACT(enable_hcall, KVM_CAP_PPC_ENABLE_HCALL),
    FACT(htm, KVM_CAP_PPC_HTM),
    FACT(fwnmi, KVM_CAP_PPC_FWNMI),
    FACT(nested_hv, KVM_CAP_PPC_NESTED_HV),
    FACT(rpt_invalidate, KVM_CAP_PPC_RPT_INVALIDATE),
    FACT(dawr1, KVM_CAP_PPC_DAWR1),
    FACT(ail_mode_3, KVM_CAP_PPC_AIL_MODE_3),
    FACT(hwrng, KVM_CAP_PPC_HWRNG),
    FACT(fixup_hcall, KVM_CAP_PPC_FIXUP_HCALL),
#undef FACT
};

/* Before KVM_CAP_PPC_HTM, kvm-hv's guests have HTM if the host has it */
static bool power8_has_htm(void)
{
    switch (papr_kvm_host_pvr() & CPU_POWERPC_POWER_SERVER_MASK) {
    case CPU_POWERPC_POWER8_BASE:
    case CPU_POWERPC_POWER8E_BASE:
    case CPU_POWERPC_POWER8NVL_BASE:
        return qemu_getauxval(AT_HWCAP2) & PPC_FEATURE2_HAS_HTM;
    }
    return false;
}

/* The speculation characteristics: words of H_GET_CPU_CHARACTERISTICS */
static void ask_cpu_char(KVMState *s)
{
    struct kvm_ppc_cpu_char answer = {};

    facts.cpu_char = kvm_vm_check_extension(s, KVM_CAP_PPC_GET_CPU_CHAR) > 0 &&
                     kvm_vm_ioctl(s, KVM_PPC_GET_CPU_CHAR, &answer) == 0;
    if (facts.cpu_char) {
        facts.character = answer.character;
        facts.character_mask = answer.character_mask;
        facts.behaviour = answer.behaviour;
        facts.behaviour_mask = answer.behaviour_mask;
    }
}

static void ask_smt(KVMState *s)
{
    int threads = kvm_vm_check_extension(s, KVM_CAP_PPC_SMT);
    int possible = kvm_vm_check_extension(s, KVM_CAP_PPC_SMT_POSSIBLE);

    facts.smt_threads = MAX(threads, 1);
    /* a mask of the possible numbers of threads: 1 | 2 | 4 | 8 */
    facts.smt_possible = MAX(possible, 0);
}

static void ask_facts(KVMState *s)
{
    uint64_t bits;

    for (int i = 0; i < ARRAY_SIZE(fact_caps); i++) {
        bool *fact = (bool *)((char *)&facts + fact_caps[i].fact);

        *fact = kvm_vm_check_extension(s, fact_caps[i].cap) > 0;
    }
    /* a host with smaller pages can't map the pages of XIVE's sources */
    facts.irq_xive = facts.irq_xive &&
                     qemu_real_host_page_size() == XIVE_PAGE_BYTES;
    /* only kvm-pr tells the guest its hypercall instructions */
    facts.hv = kvm_vm_check_extension(s, KVM_CAP_PPC_GET_PVINFO) <= 0;
    facts.htm = facts.htm || (facts.hv && power8_has_htm());
    if (facts.hv && papr_kvm_host_cpu_cell("ibm,dec-bits", &bits) &&
        bits > 32 && bits <= 64) {
        facts.large_decr_bits = bits;
    }
    ask_smt(s);
    ask_cpu_char(s);
    trace_papr_kvm_facts(facts.hv ? "HV" : "PR", facts.irq_xics,
                         facts.irq_xive, facts.radix, facts.hash_v3,
                         facts.immediate_exit, facts.smt_threads);
}

static void default_to_host(ObjectClass *oc, void *opaque)
{
    MACHINE_CLASS(oc)->default_cpu_type = TYPE_HOST_POWERPC_CPU;
}

int papr_kvm_init(MachineState *ms, KVMState *s)
{
    if (!has_required(s)) {
        return -ENOTSUP;
    }
    if (s->kernel_irqchip_split == ON_OFF_AUTO_ON) {
        error_report("kernel-irqchip=split is not for -machine pseries: use on "
                     "or off");
        return -EINVAL;
    }
    ask_facts(s);
    papr_kvm_register_host_cpu();
    if (object_class_by_name(TYPE_HOST_POWERPC_CPU)) {
        object_class_foreach(default_to_host, "spapr-machine", false, NULL);
    }
    return 0;
}

/* Hypercalls that the kernel handles */

int papr_kvm_enable_hcall(uint32_t opcode, bool enable)
{
    int ret = -ENOSYS;

    if (facts.enable_hcall) {
        ret = kvm_vm_enable_cap(kvm_state, KVM_CAP_PPC_ENABLE_HCALL, 0,
                                opcode, enable);
    }
    trace_papr_kvm_enable_hcall(opcode, enable, ret);
    return ret == -EINVAL ? -ENOSYS : ret;
}

int papr_kvm_enable_hwrng(void)
{
    if (!kvm_enabled() || !facts.hwrng) {
        return -ENOSYS;
    }
    return papr_kvm_enable_hcall(H_RANDOM, true);
}

bool papr_kvm_hcall_insns(uint8_t *buf, size_t size)
{
    struct kvm_ppc_pvinfo info;

    if (facts.hv || kvm_vm_ioctl(kvm_state, KVM_PPC_GET_PVINFO, &info) < 0) {
        return false;
    }
    memcpy(buf, info.hcall, MIN(size, sizeof(info.hcall)));
    return true;
}

/* Threads of a core: before the first vCPU */

int papr_kvm_set_smt_threads(int smt)
{
    int ret = kvm_vm_enable_cap(kvm_state, KVM_CAP_PPC_SMT, 0, smt, 0);

    if (ret == 0) {
        facts.smt_threads = smt;
    }
    return ret;
}

void papr_kvm_append_smt_hint(Error *const *errp)
{
    g_autoptr(GString) modes = g_string_new(NULL);

    for (unsigned i = 0; i < 8; i++) {
        if (facts.smt_possible & (1u << i)) {
            g_string_append_printf(modes, "%s%u", modes->len ? ", " : "",
                                   1u << i);
        }
    }
    if (modes->len) {
        error_append_hint(errp, "This host supports vsmt=%s.\n", modes->str);
    } else {
        error_append_hint(errp, "This host supports vsmt=%u only.\n",
                          facts.smt_threads);
    }
}
