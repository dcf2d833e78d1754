/*
 * pSeries platform: /cpus
 *
 * A node for each core, named and numbered after its first thread: LoPAR
 * section B.5.4 and appendix C, section C.6.1.4.
 *
 * Called by build.c, and for ibm,configure-connector (papr_dt_cpu_node()).
 * BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "fillers.h"
#include "hw/ppc/fdt.h"
#include "target/ppc/mmu-hash64.h"

static void cpu_caches(PaprDt *dt, PowerPCCPU *cpu)
{
    const CPUPPCState *env = &cpu->env;
    const PowerPCCPUClass *pcc = POWERPC_CPU_GET_CLASS(cpu);

    papr_dt_u32(dt, "d-cache-block-size", env->dcache_line_size);
    papr_dt_u32(dt, "d-cache-line-size", env->dcache_line_size);
    papr_dt_u32(dt, "i-cache-block-size", env->icache_line_size);
    papr_dt_u32(dt, "i-cache-line-size", env->icache_line_size);
    if (pcc->l1_dcache_size) {
        papr_dt_u32(dt, "d-cache-size", pcc->l1_dcache_size);
    }
    if (pcc->l1_icache_size) {
        papr_dt_u32(dt, "i-cache-size", pcc->l1_icache_size);
    }
}

static void cpu_facilities(const PaprDtInput *in, PaprDt *dt, PowerPCCPU *cpu)
{
    const PowerPCCPUClass *pcc = POWERPC_CPU_GET_CLASS(cpu);

    papr_dt_empty(dt, "64-bit");
    if (ppc_has_spr(cpu, SPR_PURR)) {
        papr_dt_u32(dt, "ibm,purr", 1);
        papr_dt_u32(dt, "ibm,spurr", 1);
    }
    if (cpu->env.insns_flags & PPC_ALTIVEC) {
        /* 1: vectors, 2: vectors and scalars in one file (VSX) */
        papr_dt_u32(dt, "ibm,vmx", papr_cap(in->caps, PAPR_CAP_VSX) ? 2 : 1);
    }
    if (papr_cap(in->caps, PAPR_CAP_DFP)) {
        papr_dt_u32(dt, "ibm,dfp", 1);
    }
    if (papr_cap(in->caps, PAPR_CAP_LARGE_DECREMENTER)) {
        papr_dt_u32(dt, "ibm,dec-bits", pcc->lrg_decr_bits);
    }
    papr_dt_cpu_features(in, dt, cpu);
}

static void cpu_mmu(const PaprDtInput *in, PaprDt *dt, PowerPCCPU *cpu)
{
    const struct ppc_radix_page_info *radix =
        POWERPC_CPU_GET_CLASS(cpu)->radix_page_info;
    uint32_t sizes[64];
    size_t size;

    papr_dt_u32(dt, "slb-size", cpu->hash64_opts->slb_size);
    papr_dt_u32(dt, "ibm,slb-size", cpu->hash64_opts->slb_size);
    if (ppc_hash64_has(cpu, PPC_HASH64_1TSEG)) {
        /* log2 of the sizes; all ones: there is no third and fourth */
        papr_dt_cell_list(dt, "ibm,processor-segment-sizes", 28, 40,
                          UINT32_MAX, UINT32_MAX);
    }
    size = ppc_create_page_sizes_prop(cpu, sizes, sizeof(sizes));
    if (size) {
        papr_dt_bytes(dt, "ibm,segment-page-sizes", sizes, size);
    }
    if (radix) {
        papr_dt_cells(dt, "ibm,processor-radix-AP-encodings", radix->entries,
                      radix->count);
    }
    papr_dt_cell_list(dt, "ibm,pft-size", 0, in->hpt_shift);
}

/*
 * Interrupt servers: one for each thread.  A global server is a queue that any
 * thread serves; here it is queue 0 for all.
 */
static void cpu_servers(const PaprDtInput *in, PaprDt *dt, PowerPCCPU *cpu,
                        uint32_t id)
{
    unsigned threads = MIN(in->machine->smp.threads,
                           ppc_compat_max_vthreads(cpu));
    g_autofree uint32_t *servers = g_new(uint32_t, threads);
    g_autofree uint32_t *gservers = g_new0(uint32_t, 2 * threads);

    for (unsigned i = 0; i < threads; i++) {
        servers[i] = id + i;
        gservers[2 * i] = id + i;
    }
    papr_dt_cells(dt, "ibm,ppc-interrupt-server#s", servers, threads);
    papr_dt_cells(dt, "ibm,ppc-interrupt-gserver#s", gservers, 2 * threads);
}

static void cpu_location(const PaprDtInput *in, PaprDt *dt, PowerPCCPU *cpu,
                         uint32_t id)
{
    const CpuTopology *smp = &in->machine->smp;
    PaprDrc *drc = in->dr ? papr_dr_find(in->dr, PAPR_DRC_CPU, id) : NULL;

    if (drc) {
        papr_dt_u32(dt, "ibm,my-drc-index", papr_drc_index(drc));
    }
    papr_dt_u32(dt, "ibm,chip-id",
                CPU(cpu)->cpu_index / (smp->cores * smp->threads));
    if (in->numa->n_nodes > 1) {
        papr_numa_dt_vcpu(in->numa, dt, cpu->node_id, id);
    }
}

void papr_dt_cpu_node(const PaprDtInput *in, PaprDt *dt, const PaprVcpu *vcpu)
{
    PowerPCCPU *cpu = vcpu->cpu;
    uint32_t id = vcpu->id;

    papr_dt_begin(dt, "%s@%x", DEVICE_GET_CLASS(cpu)->fw_name, id);
    papr_dt_string(dt, "device_type", "cpu");
    papr_dt_u32(dt, "reg", id);
    papr_dt_string(dt, "status", "okay");
    papr_dt_u32(dt, "cpu-version",
                cpu->compat_pvr ? cpu->compat_pvr : cpu->env.spr[SPR_PVR]);
    papr_dt_u32(dt, "timebase-frequency", in->timebase_freq);
    papr_dt_u32(dt, "clock-frequency", in->clock_freq);
    cpu_location(in, dt, cpu, id);
    cpu_servers(in, dt, cpu, id);
    cpu_caches(dt, cpu);
    cpu_facilities(in, dt, cpu);
    cpu_mmu(in, dt, cpu);
    papr_dt_end(dt);
}

void papr_dt_cpus(const PaprDtInput *in, PaprDt *dt)
{
    papr_dt_begin(dt, "cpus");
    papr_dt_u32(dt, "#address-cells", 1);
    papr_dt_u32(dt, "#size-cells", 0);
    if (in->dr && in->hotpluggable_cpus) {
        papr_dr_dt(in->dr, dt, PAPR_DRC_SET(PAPR_DRC_CPU));
    }
    for (PaprVcpu *vcpu = papr_vcpu_next(in->vcpus, NULL); vcpu;
         vcpu = papr_vcpu_next(in->vcpus, vcpu)) {
        if (vcpu->id % in->vsmt == 0) {
            papr_dt_cpu_node(in, dt, vcpu);
        }
    }
    papr_dt_end(dt);
}
