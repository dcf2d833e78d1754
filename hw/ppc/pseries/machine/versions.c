/*
 * pSeries platform: the versions of the machine
 *
 * One table, with a row for each version.  A row has what is different in that
 * version and in all before it, which are the rows below; QEMU's hw_compat_*,
 * of devices that machines share, is added to each.  No other file asks for a
 * version: differences are fields of PaprCompat, fields of MachineClass, or
 * properties of devices.
 *
 * Streams and guests rely on all of it, so a released row does not change.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pseries/phb.h"
#include "qemu/units.h"
#include "target/ppc/cpu.h"
#include "machine.h"

/* The longest lists of a row; the compiler refuses longer ones */
#define CAPS_MAX 4
#define PROPS_MAX 1

typedef struct CapDefault {
    bool given;
    PaprCap cap;
    uint8_t level;
} CapDefault;

#define CAP(name, level) { true, PAPR_CAP_##name, level }

typedef struct Version {
    const char *type;
    int major, minor;
    GlobalProperty *hw_compat;          /* NULL: the current version */
    const size_t *n_hw_compat;

    /* MachineClass */
    const char *cpu;
    bool prefer_sockets;                /* -smp fills sockets before cores */
    bool numa_mem;                      /* -numa node,mem= */
    bool no_nvdimm;

    PaprCompat compat;                  /* .caps is unused: see caps below */
    CapDefault caps[CAPS_MAX];
    GlobalProperty props[PROPS_MAX];
} Version;

#define CURRENT(major, minor) \
    .type = MACHINE_TYPE_NAME("pseries-" #major "." #minor), major, minor

#define OLDER(major, minor) \
    CURRENT(major, minor), \
    hw_compat_##major##_##minor, &hw_compat_##major##_##minor##_len

static const Version versions[] = {
    { CURRENT(10, 0) },
    { OLDER(9, 2) },
    { OLDER(9, 1) },
    { OLDER(9, 0) },
    { OLDER(8, 2),
      .cpu = POWERPC_CPU_TYPE_NAME("power9_v2.2") },
    { OLDER(8, 1) },
    { OLDER(8, 0) },
    { OLDER(7, 2) },
    { OLDER(7, 1) },
    { OLDER(7, 0) },
    { OLDER(6, 2) },
    { OLDER(6, 1),
      .prefer_sockets = true,
      .compat.numa_form1_alone = true },
    { OLDER(6, 0) },
    { OLDER(5, 2) },
    { OLDER(5, 1),
      .compat.numa_flat_domains = true },
    { OLDER(5, 0),
      .numa_mem = true,
      .compat.numa_two_refpoints = true,
      .props = { { TYPE_PAPR_PHB, "pre-5.1-associativity", "on" } } },
    { OLDER(4, 2),
      .no_nvdimm = true,
      .compat.rma_max = 16 * GiB,
      .caps = { CAP(CCF_ASSIST, 0), CAP(FWNMI, 0) } },
    { OLDER(4, 1),
      .compat.no_probe_only = true,
      .compat.vsmt_min = 8,
      /* DMA pages of 4 KiB and 64 KiB */
      .props = { { TYPE_PAPR_PHB, "pgsz", "0x11000" } } },
    { OLDER(4, 0),
      .compat.xics_alone = true,
      .compat.page_size_unsent = true },
    { OLDER(3, 1),
      .cpu = POWERPC_CPU_TYPE_NAME("power8_v2.0"),
      .compat.no_update_dt = true,
      .compat.no_phb_hotplug = true,
      .compat.host_identity = true,
      .caps = { CAP(CFPC, PAPR_CAP_BROKEN), CAP(SBBC, PAPR_CAP_BROKEN),
                CAP(IBS, PAPR_CAP_BROKEN), CAP(LARGE_DECREMENTER, 0) } },
    { OLDER(3, 0),
      .compat.packed_irqs = true },
};

static void merge_compat(PaprCompat *to, const PaprCompat *row)
{
    to->rma_max = row->rma_max ?: to->rma_max;
    to->vsmt_min = row->vsmt_min ?: to->vsmt_min;
    to->xics_alone |= row->xics_alone;
    to->packed_irqs |= row->packed_irqs;
    to->numa_form1_alone |= row->numa_form1_alone;
    to->numa_flat_domains |= row->numa_flat_domains;
    to->numa_two_refpoints |= row->numa_two_refpoints;
    to->no_probe_only |= row->no_probe_only;
    to->no_update_dt |= row->no_update_dt;
    to->no_phb_hotplug |= row->no_phb_hotplug;
    to->host_identity |= row->host_identity;
    to->page_size_unsent |= row->page_size_unsent;
}

static void merge_version_row(MachineClass *mc, const Version *row)
{
    PaprCompat *compat = &PAPR_MACHINE_CLASS(mc)->compat;

    if (row->hw_compat) {
        compat_props_add(mc->compat_props, row->hw_compat, *row->n_hw_compat);
    }
    for (size_t i = 0; i < PROPS_MAX && row->props[i].driver; i++) {
        /* a copy that is never freed, since QEMU writes to it (.used) */
        compat_props_add(mc->compat_props,
                         g_memdup2(&row->props[i], sizeof(row->props[i])), 1);
    }
    for (size_t i = 0; i < CAPS_MAX && row->caps[i].given; i++) {
        compat->caps[row->caps[i].cap] = row->caps[i].level;
    }
    mc->default_cpu_type = row->cpu ?: mc->default_cpu_type;
    mc->smp_props.prefer_sockets |= row->prefer_sockets;
    mc->numa_mem_supported |= row->numa_mem;
    mc->nvdimm_supported &= !row->no_nvdimm;
    merge_compat(compat, &row->compat);
}

static void version_class_init(ObjectClass *oc, void *data)
{
    const Version *version = data;
    MachineClass *mc = MACHINE_CLASS(oc);

    papr_caps_defaults(PAPR_MACHINE_CLASS(oc)->compat.caps);
    for (const Version *row = versions; row <= version; row++) {
        merge_version_row(mc, row);
    }
    if (!version->hw_compat) {
        mc->alias = "pseries";
        mc->is_default = true;
    }
    if (MACHINE_VER_IS_DEPRECATED(version->major, version->minor)) {
        mc->deprecation_reason = MACHINE_VER_DEPRECATION_MSG;
    }
}

void papr_machine_register_versions(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        const TypeInfo info = {
            .name = versions[i].type,
            .parent = TYPE_PAPR_MACHINE,
            .class_init = version_class_init,
            .class_data = (void *)&versions[i],
        };

        type_register_static(&info);
    }
}
