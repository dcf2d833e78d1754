/*
 * KVM on PowerPC: what the host's processor and firmware are
 *
 * Read from the CPU itself, from the auxiliary vector and from the host's
 * device tree in /proc.  Called with the BQL (big QEMU lock) held, at start.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <linux/kvm.h>
#include "elf.h"
#include "system/kvm.h"
#include "target/ppc/cpu-models.h"
#include "target/ppc/kvm_ppc.h"
#include "hw/pseries/vcpu.h"
#include "internal.h"

#define HOST_TREE "/proc/device-tree"

uint32_t papr_kvm_host_pvr(void)
{
    uint32_t pvr;

    asm("mfpvr %0" : "=r"(pvr));
    return pvr;
}

/* Read a property of @node, a directory of the host's device tree */
static bool read_cell(const char *node, const char *name, uint64_t *value)
{
    g_autofree char *path = g_build_filename(node, name, NULL);
    g_autofree char *data = NULL;
    gsize size;

    if (!g_file_get_contents(path, &data, &size, NULL)) {
        return false;
    }
    switch (size) {
    case 4:
        *value = ldl_be_p(data);
        return true;
    case 8:
        *value = ldq_be_p(data);
        return true;
    }
    return false;
}

/* /cpus has nodes of caches, too: use the first that has property @name */
bool papr_kvm_host_cpu_cell(const char *name, uint64_t *value)
{
    g_autoptr(GDir) cpus = g_dir_open(HOST_TREE "/cpus", 0, NULL);
    const char *entry;

    while (cpus && (entry = g_dir_read_name(cpus))) {
        g_autofree char *node = g_build_filename(HOST_TREE "/cpus", entry,
                                                 NULL);

        if (read_cell(node, name, value)) {
            return true;
        }
    }
    return false;
}

uint64_t papr_kvm_clock_hz(void)
{
    uint64_t hz = 0;

    if (!papr_kvm_host_cpu_cell("ibm,extended-clock-frequency", &hz)) {
        papr_kvm_host_cpu_cell("clock-frequency", &hz);
    }
    return hz;
}

/* Facilities that the host's kernel or firmware may disable */
static const struct {
    unsigned long hwcap;
    uint64_t insns;
    uint64_t insns2;
} facilities[] = {
    { PPC_FEATURE_HAS_ALTIVEC, .insns = PPC_ALTIVEC },
    { PPC_FEATURE_HAS_VSX, .insns2 = PPC2_VSX },
    { PPC_FEATURE_HAS_DFP, .insns2 = PPC2_DFP },
};

static void host_class_init(ObjectClass *oc, void *data)
{
    PowerPCCPUClass *pcc = POWERPC_CPU_CLASS(oc);
    unsigned long hwcap = qemu_getauxval(AT_HWCAP);
    uint64_t size;

    pcc->pvr = papr_kvm_host_pvr();
    for (int i = 0; i < ARRAY_SIZE(facilities); i++) {
        bool has = hwcap & facilities[i].hwcap;

        pcc->insns_flags &= ~facilities[i].insns;
        pcc->insns_flags2 &= ~facilities[i].insns2;
        pcc->insns_flags |= has ? facilities[i].insns : 0;
        pcc->insns_flags2 |= has ? facilities[i].insns2 : 0;
    }
    if (papr_kvm_host_cpu_cell("d-cache-size", &size)) {
        pcc->l1_dcache_size = size;
    }
    if (papr_kvm_host_cpu_cell("i-cache-size", &size)) {
        pcc->l1_icache_size = size;
    }
    pcc->radix_page_info = papr_kvm_radix_page_info();
}

/* "-cpu POWER9" on a POWER9 is the host's CPU, whatever its revision */
static void alias_family(PowerPCCPUClass *parent)
{
    const char *family = DEVICE_CLASS(ppc_cpu_get_family_class(parent))->desc;

    for (PowerPCCPUAlias *alias = ppc_cpu_aliases; alias->alias; alias++) {
        if (!g_ascii_strcasecmp(alias->alias, family)) {
            alias->model = "host";
            return;
        }
    }
}

void papr_kvm_register_host_cpu(void)
{
    PowerPCCPUClass *parent = kvm_ppc_get_host_cpu_class();

    if (!parent) {
        return;     /* newer than QEMU: the user has to name a model */
    }
    type_register_static(&(const TypeInfo) {
        .name = TYPE_HOST_POWERPC_CPU,
        .parent = object_class_get_name(OBJECT_CLASS(parent)),
        .class_init = host_class_init,
    });
    papr_cpu_core_register("host");
    alias_family(parent);
}
