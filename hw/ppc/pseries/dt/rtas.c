/*
 * pSeries platform: /rtas (Run-Time Abstraction Services)
 *
 * Names of the hypercalls and RTAS calls that are offered, and the meaning of
 * "ibm,associativity" in other nodes: LoPAR section B.5.3.
 *
 * Called by build.c.  BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "fillers.h"
#include "exec/memory.h"

/* Function sets of hypercalls: LoPAR Table 14.2; Linux's firmware.c */
static const char *const functions[] = {
    "hcall-pft", "hcall-term", "hcall-dabr", "hcall-interrupt", "hcall-tce",
    "hcall-vio", "hcall-splpar", "hcall-bulk", "hcall-set-mode", "hcall-sprg0",
    "hcall-copy", "hcall-debug", "hcall-vphn", "hcall-watchdog",
};

static void rtas_functions(const PaprDtInput *in, PaprDt *dt)
{
    const struct {
        const char *name;
        bool offered;
    } optional[] = {
        /* not with KVM: the state that they need is in the host kernel */
        { "hcall-join", !in->kvm },
        { "hcall-block-remove", in->block_remove && !in->kvm },
        { "hcall-multi-tce", in->multi_tce },
        { "hcall-hpt-resize", in->cas->config.offer.hpt_resize },
        { "hcall-rpt-invalidate",
          papr_cap(in->caps, PAPR_CAP_RPT_INVALIDATE) },
    };
    const char *names[ARRAY_SIZE(functions) + ARRAY_SIZE(optional)];
    size_t n = ARRAY_SIZE(functions);

    memcpy(names, functions, sizeof(functions));
    for (int i = 0; i < ARRAY_SIZE(optional); i++) {
        if (optional[i].offered) {
            names[n++] = optional[i].name;
        }
    }
    papr_dt_strings(dt, "ibm,hypertas-functions", names, n);
    /* H_LOGICAL_MEMOP, for firmware */
    papr_dt_string(dt, "qemu,hypertas-functions", "hcall-memop1");
}

/* The most resources: end of memory, size of its blocks, number of cores */
static void rtas_capacity(const PaprDtInput *in, PaprDt *dt)
{
    const MachineState *ms = in->machine;
    uint64_t end = 0;

    if (ms->device_memory) {
        end = ms->device_memory->base +
              memory_region_size(&ms->device_memory->mr);
    } else if (ms->ram_size == ms->maxram_size) {
        end = ms->ram_size;
    }
    papr_dt_cell_list(dt, "ibm,lrdr-capacity", end >> 32, end,
                      PAPR_LMB_SIZE >> 32, PAPR_LMB_SIZE,
                      ms->smp.max_cpus / ms->smp.threads);
}

void papr_dt_rtas(const PaprDtInput *in, PaprDt *dt)
{
    papr_dt_begin(dt, "rtas");
    rtas_functions(in, dt);
    papr_numa_dt_rtas(in->numa, dt);
    rtas_capacity(in, dt);
    papr_dt_empty(dt, "ibm,change-msix-capable");
    /* ibm,os-term returns to its caller, unless there is a dump */
    papr_dt_empty(dt, "ibm,extended-os-term");
    if (in->fwnmi) {
        papr_fwnmi_dt_rtas(in->fwnmi, dt);
    }
    if (in->fadump) {
        papr_fadump_dt_rtas(in->fadump, dt);
    }
    if (in->events) {
        papr_events_dt_rtas(in->events, dt);
    }
    if (in->rtas) {
        papr_rtas_dt_tokens(in->rtas, dt);
    }
    papr_dt_end(dt);
}
