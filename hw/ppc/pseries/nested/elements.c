/*
 * Nested guests: what L1 may set its guests' state to
 *
 * All elements of a buffer are checked before the first one is used.
 *
 * Locking: none; called with the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/pseries/guest-mem.h"
#include "hw/pseries/work.h"
#include "target/ppc/cpu.h"
#include "target/ppc/cpu-models.h"
#include "papr.h"

/* ---- values that mean something to the machine ---- */

/*
 * Any compatibility mode of the processor, even a newer one than L1's: PCR of
 * the L2 disables whatever L1's PCR does (pcr_of() in run.c).  Linux requests
 * the processor's own mode even where L1 runs in an older one (linuxppc issue
 * 498).
 */
static bool good_pvr(PowerPCCPU *cpu, uint64_t pvr)
{
    return !pvr || pvr == cpu->env.spr[SPR_PVR] ||
           ppc_check_compat(cpu, pvr, CPU_POWERPC_LOGICAL_3_00, 0);
}

static bool good_buffer(const uint64_t *words, size_t least)
{
    return words[1] >= least && words[1] <= PAPR_GS_RUN_BUFFER_MAX &&
           papr_mem_is_ram(words[0], words[1]);
}

static bool good_value(PowerPCCPU *cpu, const PaprGsItem *item)
{
    uint64_t words[PAPR_GS_GUEST_WORDS] = { 0 }, entry;

    QEMU_BUILD_BUG_ON((int)PAPR_GS_VCPU_LONG > (int)PAPR_GS_GUEST_WORDS);
    if (item->id >= PAPR_GS_GPR0) {
        return true;
    }
    papr_gs_load(item, words);
    switch (item->id) {
    case PAPR_GS_LOGICAL_PVR:
        return good_pvr(cpu, words[PAPR_GS_GUEST_PVR]);
    case PAPR_GS_PARTITION_TABLE:
        return papr_gs_tree(&words[PAPR_GS_GUEST_TREE], &entry);
    case PAPR_GS_PROCESS_TABLE:
        return papr_gs_processes(&words[PAPR_GS_GUEST_PROCESSES], &entry);
    case PAPR_GS_RUN_INPUT:
        return good_buffer(&words[PAPR_GS_VCPU_INPUT], sizeof(uint32_t));
    case PAPR_GS_RUN_OUTPUT:
        return good_buffer(&words[PAPR_GS_VCPU_OUTPUT],
                           PAPR_GS_RUN_OUTPUT_MIN);
    }
    return true;
}

/* ---- all elements of a buffer ---- */

static int64_t check_item(PowerPCCPU *cpu, const PaprGsItem *item,
                          PaprGsScope scope, bool set)
{
    int64_t rc = papr_gs_check(item, scope, set);

    if (rc == H_SUCCESS && set && !good_value(cpu, item)) {
        rc = H_INVALID_ELEMENT_VALUE;
    }
    return rc;
}

int64_t papr_gs_check_all(PowerPCCPU *cpu, PaprGsReader reader,
                          PaprGsScope scope, bool set, PaprGsItem *bad)
{
    while (papr_gs_more(&reader)) {
        int64_t rc = H_INVALID_ELEMENT_SIZE;

        papr_work_add(1);
        if (papr_gs_next(&reader, bad)) {
            rc = check_item(cpu, bad, scope, set);
        }
        if (rc != H_SUCCESS) {
            qemu_log_mask(LOG_GUEST_ERROR, "guest state buffer: element %"
                          PRIu32 " of ID 0x%x and size %u is invalid: code %"
                          PRId64 "\n",
                          bad->index, bad->id, bad->size, rc);
            return rc;
        }
    }
    return H_SUCCESS;
}

void papr_gs_load_all(PaprGsReader reader, uint64_t *words)
{
    PaprGsItem item;

    while (papr_gs_more(&reader) && papr_gs_next(&reader, &item)) {
        papr_gs_load(&item, words);
    }
}
