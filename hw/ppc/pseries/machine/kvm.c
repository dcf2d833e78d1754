/*
 * pSeries platform: limits and needs of a KVM host
 *
 * The host limits threads and ids of vCPUs, the real mode area, memory slots
 * and page sizes.  Without KVM these functions do nothing and set no limit,
 * except for papr_machine_kvm_plug_memory(), which plugs memory in any case.
 * Called by init.c, memory.c, smp.c, reset.c, tree.c and hotplug-*.c with the
 * BQL held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/mem/pc-dimm.h"
#include "hw/pseries/kvm.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "system/hostmem.h"
#include "system/kvm.h"
#include "target/ppc/cpu-models.h"
#include "machine.h"

/* Can the guest have a hash page table?  Without radix it needs one */
static bool hash_possible(const PaprMachine *pm, const PaprKvmFacts *kvm)
{
    return !kvm->radix || kvm->hash_v3 ||
           !papr_machine_cpu_reaches(pm, CPU_POWERPC_LOGICAL_3_00);
}

/* The host's facts, if its kernel has the guest's hash page table; or NULL */
static const PaprKvmFacts *kernel_hpt_host(const PaprMachine *pm)
{
    const PaprKvmFacts *kvm = papr_kvm_facts();

    return kvm && kvm->hv && hash_possible(pm, kvm) ? kvm : NULL;
}

void papr_machine_kvm_mmu_offer(const PaprMachine *pm, PaprCasOffer *offer)
{
    const PaprKvmFacts *kvm = papr_kvm_facts();

    if (!kvm) {
        return;
    }
    offer->radix = offer->radix && kvm->radix;
    offer->hash = hash_possible(pm, kvm);
    /* the mode is chosen once, at client-architecture-support */
    offer->mmu_switch = false;
}

bool papr_machine_kvm_check_mmu(const PaprMachine *pm, Error **errp)
{
    const PaprKvmFacts *kvm = papr_kvm_facts();

    if (kvm && kvm->radix && !kvm->hash_v3 &&
        !papr_machine_cpu_reaches(pm, CPU_POWERPC_LOGICAL_3_00)) {
        error_setg(errp, "max-cpu-compat: guests before POWER9 need hash page "
                   "tables, which this KVM host does not have; use "
                   "max-cpu-compat=power9 or later");
        return false;
    }
    return true;
}

unsigned papr_machine_kvm_backing_shift(const PaprMachine *pm)
{
    return kernel_hpt_host(pm) && papr_kvm_hpt_needs_contiguous()
           ? ctz64(qemu_minrampagesize()) : 0;
}

bool papr_machine_kvm_check_backing(const PaprMachine *pm, uint64_t pagesize,
                                    Error **errp)
{
    uint64_t largest = 1ull << papr_cap(&pm->caps, PAPR_CAP_HPT_MAXPAGESIZE);

    if (!kernel_hpt_host(pm) || !papr_kvm_hpt_needs_contiguous() ||
        pagesize >= largest) {
        return true;
    }
    error_setg(errp, "the guest uses pages of up to %" PRIu64 " KiB, and KVM "
               "maps none larger than those of the memory backend, %" PRIu64
               " KiB: use huge pages for it, or cap-hpt-max-page-size=%" PRIu64
               "k", (uint64_t)(largest / KiB), (uint64_t)(pagesize / KiB),
               (uint64_t)(pagesize / KiB));
    return false;
}

bool papr_machine_kvm_plug_memory(PaprMachine *pm, DeviceState *dev,
                                  Error **errp)
{
    ERRP_GUARD();
    HostMemoryBackend *backend = PC_DIMM(dev)->hostmem;

    memory_region_transaction_begin();
    pc_dimm_plug(PC_DIMM(dev), MACHINE(pm));
    if (memory_region_transaction_try(host_memory_backend_get_memory(backend),
                                      errp)) {
        return true;
    }
    pc_dimm_unplug(PC_DIMM(dev), MACHINE(pm));
    error_prepend(errp, "memory backend '%s' can't be memory of the guest: ",
                  object_get_canonical_path_component(OBJECT(backend)));
    return false;
}

uint64_t papr_machine_kvm_rma_limit(const PaprMachine *pm)
{
    /* what the hash page table for all of RAM can map in real mode */
    return kernel_hpt_host(pm)
           ? papr_kvm_vrma_limit(papr_mmu_hpt_shift_for(MACHINE(pm)->ram_size))
           : UINT64_MAX;
}

/* What the hash page table can map: the host kernel may give a small one */
static uint64_t rma_mapped_by_hpt(const PaprMachine *pm)
{
    int shift = papr_mmu_hpt_shift(pm->mmu);

    return kernel_hpt_host(pm) && shift ? papr_kvm_vrma_limit(shift)
                                        : UINT64_MAX;
}

bool papr_machine_kvm_check_rma(const PaprMachine *pm, Error **errp)
{
    if (rma_mapped_by_hpt(pm) >= PAPR_RMA_MIN) {
        return true;
    }
    error_setg(errp, "this KVM host gave a hash page table of 2^%d bytes, too "
               "small for firmware to run; use a smaller -m, or huge pages "
               "for it (-mem-path)", papr_mmu_hpt_shift(pm->mmu));
    return false;
}

unsigned papr_machine_kvm_ram_slots(void)
{
    /* half of KVM's slots: the others are for devices */
    return papr_kvm_facts()
           ? MAX(kvm_get_max_memslots() / 2, PAPR_MAX_RAM_SLOTS)
           : PAPR_MAX_RAM_SLOTS;
}

bool papr_machine_kvm_settle_resize(PaprMachine *pm, Error **errp)
{
    const PaprKvmFacts *kvm = papr_kvm_facts();
    PaprHptResize *resize = &pm->opt.resize_hpt;
    /* with kvm-pr QEMU has the table, and the kernel does not matter */
    bool can = !kvm || !kvm->hv || kvm->resize_hpt;

    if (*resize == PAPR_HPT_RESIZE_DEFAULT) {
        *resize = can ? PAPR_HPT_RESIZE_ENABLED : PAPR_HPT_RESIZE_DISABLED;
    }
    if (can || *resize == PAPR_HPT_RESIZE_DISABLED) {
        return true;
    }
    error_setg(errp, "resize-hpt: this KVM host can't resize hash page tables; "
               "use resize-hpt=disabled");
    return false;
}

/* The kernel finds the core of a vCPU by the vCPU's id */
static bool set_kvm_threads(PaprMachine *pm, const PaprKvmFacts *kvm,
                            Error **errp)
{
    ERRP_GUARD();
    unsigned threads = MACHINE(pm)->smp.threads, vsmt = pm->cpu_host.vsmt;
    int rc;

    if (vsmt == kvm->smt_threads) {
        return true;
    }
    rc = papr_kvm_set_smt_threads(vsmt);
    if (rc == 0) {
        return true;
    }
    if (kvm->smt_threads >= threads && vsmt % kvm->smt_threads == 0) {
        /* it works, with ids that stay unused */
        info_report("this KVM host has cores of %u threads, not %u: some vCPU "
                    "ids stay unused", kvm->smt_threads, vsmt);
        return true;
    }
    error_setg(errp, "%s=%u: this KVM host can't have cores of so many "
               "threads (%s)", pm->opt.vsmt ? "vsmt" : "-smp threads", vsmt,
               strerror(-rc));
    papr_kvm_append_smt_hint(errp);
    return false;
}

bool papr_machine_kvm_settle_vsmt(PaprMachine *pm, Error **errp)
{
    const PaprKvmFacts *kvm = papr_kvm_facts();
    const MachineState *ms = MACHINE(pm);
    uint32_t last;

    if (!kvm) {
        return true;
    }
    if (!set_kvm_threads(pm, kvm, errp)) {
        return false;
    }
    last = papr_cpu_vcpu_id(&pm->cpu_host, ms->smp.max_cpus - 1);
    if (!kvm_vcpu_id_is_valid(last)) {
        error_setg(errp, "-smp maxcpus=%u: the last vCPU would have id %u, "
                   "more than this KVM host supports; use a smaller maxcpus%s",
                   ms->smp.max_cpus, last,
                   pm->cpu_host.vsmt > ms->smp.threads
                   ? " or a smaller vsmt" : "");
        return false;
    }
    return true;
}

#ifdef CONFIG_KVM

static void kvm_machine_check(void *machine, PowerPCCPU *cpu, bool recovered)
{
    papr_fwnmi_machine_check(((PaprMachine *)machine)->fwnmi, cpu, recovered);
}

/* A string property of the host's device tree, or NULL */
static char *host_property(const char *name)
{
    g_autofree char *path = g_build_filename("/proc/device-tree", name, NULL);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? text : NULL;
}

void papr_machine_kvm_start(PaprMachine *pm)
{
    if (!papr_kvm_facts()) {
        return;
    }
    papr_hcall_enable_in_kvm(pm->hcalls);
    papr_kvm_on_machine_check(kvm_machine_check, pm);
    if (pm->compat->host_identity) {
        pm->kvm_host_model = host_property("model");
        pm->kvm_host_serial = host_property("system-id");
    }
}

#else

void papr_machine_kvm_start(PaprMachine *pm)
{
}

#endif

void papr_machine_kvm_dt(PaprMachine *pm, PaprDtInput *in)
{
    const PaprKvmFacts *kvm = papr_kvm_facts();

    if (!kvm) {
        return;
    }
    in->kvm = true;
    in->rma_size = MIN(in->rma_size, rma_mapped_by_hpt(pm));
    in->clock_freq = papr_kvm_clock_hz() ?: PAPR_DT_CLOCK_FREQ;
    in->multi_tce = kvm->multi_tce;
    in->host_model = in->host_model ?: pm->kvm_host_model;
    in->host_serial = in->host_serial ?: pm->kvm_host_serial;
    /* only if these instructions work in guests of either endianness */
    if (kvm->fixup_hcall &&
        papr_kvm_hcall_insns(pm->kvm_hcall, sizeof(pm->kvm_hcall))) {
        in->kvm_hcall = pm->kvm_hcall;
    }
}
