/*
 * pSeries platform: memory in the device tree
 *
 * Boot memory has nodes memory@..., of which the first is the real mode area
 * (RMA).  If memory can be plugged, /ibm,dynamic-reconfiguration-memory has all
 * logical memory blocks (LMB), with those of boot memory as reserved: LoPAR
 * sections B.5.6 and 13.5.2.
 *
 * Called by build.c, and for ibm,configure-connector (papr_dt_memory_node()).
 * Locking: BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/host-utils.h"
#include "fillers.h"
#include "exec/memory.h"
#include "hw/mem/memory-device.h"
#include "qapi/qapi-types-machine.h"

/* "ibm,dynamic-memory": the flags word of a block */
enum {
    LMB_ASSIGNED = 0x8,
    LMB_NO_DRC = 0x20,
    LMB_RESERVED = 0x80,
    LMB_HOTREMOVABLE = 0x100,           /* of version 2 only */
};

#define LMB_FLAGS_MASK  0xff
#define LMB_NO_NODE     UINT32_MAX

/** LmbRun - consecutive blocks with the same node and flags */
typedef struct LmbRun {
    uint64_t addr;
    uint32_t n_lmbs;
    uint32_t node;                      /* or LMB_NO_NODE */
    uint32_t flags;
} LmbRun;

void papr_dt_memory_node(const PaprNuma *numa, PaprDt *dt, unsigned node,
                         uint64_t addr, uint64_t size)
{
    papr_dt_begin(dt, "memory@%" PRIx64, addr);
    papr_dt_string(dt, "device_type", "memory");
    papr_dt_cell_list(dt, "reg", addr >> 32, addr, size >> 32, size);
    papr_numa_dt(numa, dt, node);
    papr_dt_end(dt);
}

/* Nodes for [@addr, @addr + @left), each a power of two, naturally aligned */
static void memory_nodes(const PaprDtInput *in, PaprDt *dt, unsigned node,
                         uint64_t addr, uint64_t left)
{
    while (left) {
        uint64_t size = pow2floor(left);

        if (addr == 0) {
            size = MIN(in->rma_size, left);
        } else {
            size = MIN(size, addr & -addr);
        }
        papr_dt_memory_node(in->numa, dt, node, addr, size);
        addr += size;
        left -= size;
    }
}

void papr_dt_memory(const PaprDtInput *in, PaprDt *dt)
{
    uint64_t ram_size = in->machine->ram_size;
    uint64_t addr = 0;

    if (!in->numa->n_nodes) {
        memory_nodes(in, dt, 0, 0, ram_size);
        return;
    }
    for (unsigned node = 0; node < in->numa->n_nodes; node++) {
        uint64_t size = MIN(in->numa->mem[node], ram_size - addr);

        memory_nodes(in, dt, node, addr, size);
        addr += size;
    }
}

static void add_lmb_run(GArray *runs, uint64_t from, uint64_t to,
                        uint32_t node, uint32_t flags)
{
    LmbRun run = {
        .addr = from,
        .n_lmbs = (to - from) / PAPR_LMB_SIZE,
        .node = node,
        .flags = flags,
    };

    if (run.n_lmbs) {
        g_array_append_val(runs, run);
    }
}

/* Is it a memory module, and not one that the guest has released? */
static bool is_plugged_module(const PaprDtInput *in,
                              const MemoryDeviceInfo *info)
{
    PaprDrc *drc;

    if (info->type != MEMORY_DEVICE_INFO_KIND_DIMM) {
        return false;
    }
    drc = in->dr ? papr_dr_find(in->dr, PAPR_DRC_LMB,
                                info->u.dimm.data->addr / PAPR_LMB_SIZE) : NULL;
    return !drc || papr_drc_device(drc);
}

/*
 * All blocks from 0 to the end of the area for memory devices.  Blocks at the
 * addresses of persistent memory and virtio-mem are free: these devices have
 * other connectors.
 */
static GArray *lmb_runs(const PaprDtInput *in)
{
    DeviceMemoryState *area = in->machine->device_memory;
    uint64_t end = area->base + memory_region_size(&area->mr);
    MemoryDeviceInfoList *devices = qmp_memory_device_list();
    GArray *runs = g_array_new(false, false, sizeof(LmbRun));
    uint64_t addr = area->base;

    add_lmb_run(runs, 0, addr, LMB_NO_NODE, LMB_RESERVED | LMB_NO_DRC);
    for (MemoryDeviceInfoList *d = devices; d; d = d->next) {
        const PCDIMMDeviceInfo *dimm;

        if (!is_plugged_module(in, d->value)) {
            continue;
        }
        dimm = d->value->u.dimm.data;
        add_lmb_run(runs, addr, dimm->addr, LMB_NO_NODE, 0);
        addr = dimm->addr + dimm->size;
        add_lmb_run(runs, dimm->addr, addr, dimm->node,
                    LMB_ASSIGNED | LMB_HOTREMOVABLE);
    }
    add_lmb_run(runs, addr, end, LMB_NO_NODE, 0);
    qapi_free_MemoryDeviceInfoList(devices);
    return runs;
}

static uint32_t lmb_drc_index(const PaprDtInput *in, const LmbRun *run,
                              uint32_t lmb)
{
    PaprDrc *drc;

    if ((run->flags & LMB_NO_DRC) || !in->dr) {
        return 0;
    }
    drc = papr_dr_find(in->dr, PAPR_DRC_LMB, run->addr / PAPR_LMB_SIZE + lmb);
    return drc ? papr_drc_index(drc) : 0;
}

/* Version 1: six words for each block */
static void dynamic_memory_v1(const PaprDtInput *in, PaprDt *dt,
                              const GArray *runs)
{
    g_autoptr(GArray) cells = g_array_new(false, false, sizeof(uint32_t));
    uint32_t n = 0;

    g_array_append_val(cells, n);
    for (guint i = 0; i < runs->len; i++) {
        const LmbRun *run = &g_array_index(runs, LmbRun, i);

        for (uint32_t lmb = 0; lmb < run->n_lmbs; lmb++) {
            uint64_t addr = run->addr + lmb * PAPR_LMB_SIZE;
            uint32_t entry[] = {
                addr >> 32, addr, lmb_drc_index(in, run, lmb), 0, run->node,
                run->flags & LMB_FLAGS_MASK,
            };

            g_array_append_vals(cells, entry, ARRAY_SIZE(entry));
            n++;
        }
    }
    g_array_index(cells, uint32_t, 0) = n;
    papr_dt_cells(dt, "ibm,dynamic-memory", (uint32_t *)cells->data,
                  cells->len);
}

/* Version 2: six words for each run of blocks */
static void dynamic_memory_v2(const PaprDtInput *in, PaprDt *dt,
                              const GArray *runs)
{
    g_autoptr(GArray) cells = g_array_new(false, false, sizeof(uint32_t));

    g_array_append_val(cells, runs->len);
    for (guint i = 0; i < runs->len; i++) {
        const LmbRun *run = &g_array_index(runs, LmbRun, i);
        uint32_t entry[] = {
            run->n_lmbs, run->addr >> 32, run->addr,
            lmb_drc_index(in, run, 0), run->node, run->flags,
        };

        g_array_append_vals(cells, entry, ARRAY_SIZE(entry));
    }
    papr_dt_cells(dt, "ibm,dynamic-memory-v2", (uint32_t *)cells->data,
                  cells->len);
}

void papr_dt_dynamic_memory(const PaprDtInput *in, PaprDt *dt)
{
    g_autoptr(GArray) runs = NULL;

    if (!in->machine->device_memory ||
        !papr_ovec_test(&in->cas->ov5, OV5_DRCONF_MEMORY)) {
        return;
    }
    runs = lmb_runs(in);
    papr_dt_begin(dt, "ibm,dynamic-reconfiguration-memory");
    papr_dt_u64(dt, "ibm,lmb-size", PAPR_LMB_SIZE);
    papr_dt_u32(dt, "ibm,memory-flags-mask", LMB_FLAGS_MASK);
    papr_dt_u32(dt, "ibm,memory-preservation-time", 0);
    if (papr_ovec_test(&in->cas->ov5, OV5_DRMEM_V2)) {
        dynamic_memory_v2(in, dt, runs);
    } else {
        dynamic_memory_v1(in, dt, runs);
    }
    papr_numa_dt_lookup(in->numa, dt);
    papr_dt_end(dt);
}
