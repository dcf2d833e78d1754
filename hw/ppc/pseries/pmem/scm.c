/*
 * pSeries platform: hypercalls about persistent memory, H_SCM_*
 *
 * SCM: storage class memory.  The calls are described in Linux's
 * Documentation/arch/powerpc/papr_hcalls.rst, but data of H_SCM_READ_METADATA
 * and H_SCM_WRITE_METADATA is in registers.  A module is mapped from plug on
 * and stays mapped: the calls to bind return its address, those to unbind
 * change nothing.  So only H_SCM_FLUSH has to be continued.
 *
 * With the BQL (big QEMU lock) held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "hw/ppc/pseries/trace.h"
#include "internal.h"

#define DRC_TYPE_SHIFT 28

/* H_SCM_UNBIND_ALL: what to unbind */
enum {
    SCOPE_ALL = 1,
    SCOPE_DRC = 2,
};

/* H_SCM_HEALTH, IBM bit 0: writes do not persist */
#define HEALTH_UNARMED (1ull << 63)

static NVDIMMDevice *module_in(PaprPmem *pmem, uint32_t slot)
{
    PaprDrc *drc = papr_dr_find(pmem->dr, PAPR_DRC_PMEM, slot);
    DeviceState *dev = drc ? papr_drc_device(drc) : NULL;

    return dev ? NVDIMM(dev) : NULL;
}

/* The module behind connector @index, or NULL */
static NVDIMMDevice *module_of(PaprPmem *pmem, uint64_t index, const char *call)
{
    NVDIMMDevice *nvdimm = NULL;

    if (index >> DRC_TYPE_SHIFT == PAPR_DRC_PMEM) {
        nvdimm = module_in(pmem, index & ((1u << DRC_TYPE_SHIFT) - 1));
    }
    if (!nvdimm) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no module at connector 0x%" PRIx64
                      "\n", call, index);
    }
    return nvdimm;
}

static uint64_t n_blocks(NVDIMMDevice *nvdimm)
{
    return papr_nvdimm_size(nvdimm) / PAPR_PMEM_BLOCK;
}

static int64_t log_bad_args(const char *call, const uint64_t *args, int64_t rc)
{
    qemu_log_mask(LOG_GUEST_ERROR, "%s: 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%"
                  PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 " -> %" PRId64 "\n",
                  call, args[0], args[1], args[2], args[3], args[4], rc);
    return rc;
}

static bool is_word_size(uint64_t len)
{
    return len == 1 || len == 2 || len == 4 || len == 8;
}

static bool in_labels(const NVDIMMDevice *nvdimm, uint64_t offset, uint64_t len)
{
    return offset <= nvdimm->label_size && len <= nvdimm->label_size - offset;
}

/* r4 connector, r5 offset, r6 length; r4 data */
static int64_t h_read_metadata(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    NVDIMMDevice *nvdimm = module_of(opaque, args[0], "H_SCM_READ_METADATA");
    uint64_t offset = args[1], len = args[2];
    uint8_t buf[8];

    if (!nvdimm) {
        return H_PARAMETER;
    }
    if (!is_word_size(len)) {
        return log_bad_args("H_SCM_READ_METADATA", args, H_P3);
    }
    if (!in_labels(nvdimm, offset, len)) {
        return log_bad_args("H_SCM_READ_METADATA", args, H_P2);
    }
    NVDIMM_GET_CLASS(nvdimm)->read_label_data(nvdimm, buf, len, offset);
    args[0] = ldn_be_p(buf, len);
    return H_SUCCESS;
}

/* r4 connector, r5 offset, r6 data, r7 length */
static int64_t h_write_metadata(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    NVDIMMDevice *nvdimm = module_of(opaque, args[0], "H_SCM_WRITE_METADATA");
    uint64_t offset = args[1], data = args[2], len = args[3];
    uint8_t buf[8];

    if (!nvdimm) {
        return H_PARAMETER;
    }
    if (!is_word_size(len)) {
        return log_bad_args("H_SCM_WRITE_METADATA", args, H_P4);
    }
    if (!in_labels(nvdimm, offset, len) || nvdimm->readonly ||
        (len < 8 && data >> (8 * len))) {
        return log_bad_args("H_SCM_WRITE_METADATA", args, H_P2);
    }
    stn_be_p(buf, len, data);
    NVDIMM_GET_CLASS(nvdimm)->write_label_data(nvdimm, buf, len, offset);
    return H_SUCCESS;
}

/*
 * r4 connector, r5 first block, r6 number of blocks, r7 address (all ones: the
 * platform chooses), r8 token; r4 token, r5 address, r6 number of blocks
 */
static int64_t h_bind_mem(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    NVDIMMDevice *nvdimm = module_of(opaque, args[0], "H_SCM_BIND_MEM");
    uint64_t first = args[1], n = args[2];

    if (!nvdimm) {
        return H_PARAMETER;
    }
    if (args[4]) {
        return log_bad_args("H_SCM_BIND_MEM", args, H_P5);
    }
    if (args[3] != UINT64_MAX) {
        return log_bad_args("H_SCM_BIND_MEM", args, H_OVERLAP);
    }
    if (first > n_blocks(nvdimm)) {
        return log_bad_args("H_SCM_BIND_MEM", args, H_P2);
    }
    if (n > n_blocks(nvdimm) - first) {
        return log_bad_args("H_SCM_BIND_MEM", args, H_P3);
    }
    args[0] = 0;
    args[1] = PC_DIMM(nvdimm)->addr + first * PAPR_PMEM_BLOCK;
    args[2] = n;
    trace_papr_pmem_bind(PC_DIMM(nvdimm)->slot, args[1], n);
    return H_SUCCESS;
}

/* r4 connector, r5 address, r6 blocks, r7 token; r4 token, r5 blocks */
static int64_t h_unbind_mem(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    NVDIMMDevice *nvdimm = module_of(opaque, args[0], "H_SCM_UNBIND_MEM");
    uint64_t n = args[2], first;

    if (!nvdimm) {
        return H_PARAMETER;
    }
    if (args[3]) {
        return log_bad_args("H_SCM_UNBIND_MEM", args, H_P4);
    }
    if (!QEMU_IS_ALIGNED(args[1], PAPR_PMEM_BLOCK)) {
        return log_bad_args("H_SCM_UNBIND_MEM", args, H_P2);
    }
    /* for an address below the module's the difference is large */
    first = (args[1] - PC_DIMM(nvdimm)->addr) / PAPR_PMEM_BLOCK;
    if (!n || first >= n_blocks(nvdimm) || n > n_blocks(nvdimm) - first) {
        return log_bad_args("H_SCM_UNBIND_MEM", args, H_P3);
    }
    args[0] = 0;
    args[1] = n;
    return H_SUCCESS;
}

/* r4 connector, r5 block; r4 address */
static int64_t h_query_block(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    NVDIMMDevice *nvdimm = module_of(opaque, args[0],
                                     "H_SCM_QUERY_BLOCK_MEM_BINDING");

    if (!nvdimm) {
        return H_PARAMETER;
    }
    if (args[1] >= n_blocks(nvdimm)) {
        return log_bad_args("H_SCM_QUERY_BLOCK_MEM_BINDING", args, H_P2);
    }
    args[0] = PC_DIMM(nvdimm)->addr + args[1] * PAPR_PMEM_BLOCK;
    return H_SUCCESS;
}

/* r4 address; r4 connector, r5 block */
static int64_t h_query_address(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprPmem *pmem = opaque;

    for (uint32_t slot = 0; slot < pmem->slots; slot++) {
        NVDIMMDevice *nvdimm = module_in(pmem, slot);
        uint64_t offset;

        if (!nvdimm) {
            continue;
        }
        offset = args[0] - PC_DIMM(nvdimm)->addr;
        if (offset < papr_nvdimm_size(nvdimm)) {
            args[0] = (uint64_t)PAPR_DRC_PMEM << DRC_TYPE_SHIFT | slot;
            args[1] = offset / PAPR_PMEM_BLOCK;
            return H_SUCCESS;
        }
    }
    return H_NOT_FOUND;
}

/* r4 scope, r5 connector, r6 token; r4 token, r5 blocks */
static int64_t h_unbind_all(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprPmem *pmem = opaque;
    NVDIMMDevice *nvdimm;
    uint64_t n = 0;

    if (args[2]) {
        return log_bad_args("H_SCM_UNBIND_ALL", args, H_P4);
    }
    switch (args[0]) {
    case SCOPE_DRC:
        nvdimm = module_of(pmem, args[1], "H_SCM_UNBIND_ALL");
        if (!nvdimm) {
            return H_P2;
        }
        n = n_blocks(nvdimm);
        break;
    case SCOPE_ALL:
        for (uint32_t slot = 0; slot < pmem->slots; slot++) {
            nvdimm = module_in(pmem, slot);
            n += nvdimm ? n_blocks(nvdimm) : 0;
        }
        break;
    default:
        return log_bad_args("H_SCM_UNBIND_ALL", args, H_PARAMETER);
    }
    args[0] = 0;
    args[1] = n;
    return H_SUCCESS;
}

/* r4 connector; r4 flags, r5 mask of the flags that are valid */
static int64_t h_health(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    NVDIMMDevice *nvdimm = module_of(opaque, args[0], "H_SCM_HEALTH");

    if (!nvdimm) {
        return H_PARAMETER;
    }
    args[0] = nvdimm->unarmed ? HEALTH_UNARMED : 0;
    args[1] = HEALTH_UNARMED;
    return H_SUCCESS;
}

/* r4 connector, r5 token; r4 token */
static int64_t h_flush(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    NVDIMMDevice *nvdimm = module_of(opaque, args[0], "H_SCM_FLUSH");
    uint64_t token = args[1];
    int64_t rc;

    if (!nvdimm) {
        return H_PARAMETER;
    }
    rc = papr_nvdimm_flush(nvdimm, &token);
    if (rc == H_BUSY || rc == H_LONG_BUSY_10_MS) {
        args[0] = token;
    }
    return rc;
}

static const PaprHcall scm_hcalls[] = {
    { H_SCM_READ_METADATA, 0, 3, 1, h_read_metadata },
    { H_SCM_WRITE_METADATA, 0, 4, 0, h_write_metadata },
    { H_SCM_BIND_MEM, 0, 5, 3, h_bind_mem },
    { H_SCM_UNBIND_MEM, 0, 4, 2, h_unbind_mem },
    { H_SCM_QUERY_BLOCK_MEM_BINDING, 0, 2, 1, h_query_block },
    { H_SCM_QUERY_LOGICAL_MEM_BINDING, 0, 1, 2, h_query_address },
    { H_SCM_UNBIND_ALL, 0, 3, 2, h_unbind_all },
    { H_SCM_HEALTH, 0, 1, 2, h_health },
    { H_SCM_FLUSH, 0, 2, 1, h_flush },
};

PaprPmem *papr_pmem_new(PaprHcallTable *hcalls, PaprDr *dr, uint32_t slots)
{
    PaprPmem *pmem = g_new0(PaprPmem, 1);

    pmem->dr = dr;
    pmem->slots = slots;
    papr_hcall_register(hcalls, scm_hcalls, ARRAY_SIZE(scm_hcalls), pmem);
    return pmem;
}

void papr_pmem_reset(PaprPmem *pmem)
{
    for (uint32_t slot = 0; slot < pmem->slots; slot++) {
        NVDIMMDevice *nvdimm = module_in(pmem, slot);

        if (nvdimm) {
            papr_nvdimm_reset(nvdimm);
        }
    }
}
