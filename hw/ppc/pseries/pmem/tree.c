/*
 * pSeries platform: checks of persistent memory, and its device tree
 *
 * The properties are those of Linux's arch/powerpc/platforms/pseries/
 * papr_scm.c.  Context: BQL (big QEMU lock).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/uuid.h"
#include "system/hostmem.h"
#include "internal.h"

static bool check_nvdimm_size(NVDIMMDevice *nvdimm, uint64_t size, Error **errp)
{
    uint64_t labels = nvdimm->label_size;

    if (!labels) {
        error_setg(errp, "PAPR requires NVDIMM devices to have label-size set: "
                   "use label-size=128K, and a memory backend larger by that "
                   "size");
        return false;
    }
    if (size && QEMU_IS_ALIGNED(size, PAPR_PMEM_BLOCK)) {
        return true;
    }
    error_setg(errp, "PAPR requires NVDIMM memory size (excluding label) to be "
               "a multiple of %" PRIu64 "MB: give memory backend '%s' size=%"
               PRIu64, (uint64_t)(PAPR_PMEM_BLOCK / MiB),
               object_get_canonical_path_component(
                   OBJECT(PC_DIMM(nvdimm)->hostmem)),
               ROUND_UP(size + 1, PAPR_PMEM_BLOCK) + labels);
    return false;
}

bool papr_pmem_check(NVDIMMDevice *nvdimm, uint64_t size, Error **errp)
{
    HostMemoryBackend *backend = PC_DIMM(nvdimm)->hostmem;

    if (!check_nvdimm_size(nvdimm, size, errp)) {
        return false;
    }
    if (qemu_uuid_is_null(&nvdimm->uuid)) {
        error_setg(errp, "NVDIMM device requires the uuid to be set");
        return false;
    }
    if (object_dynamic_cast(OBJECT(nvdimm), TYPE_PAPR_NVDIMM) &&
        memory_region_get_fd(host_memory_backend_get_memory(backend)) < 0) {
        error_setg(errp, "spapr-nvdimm device requires the memdev %s to be of "
                   "memory-backend-file type",
                   object_get_canonical_path_component(OBJECT(backend)));
        return false;
    }
    return true;
}

void papr_pmem_node(PaprDrc *drc, const PaprNuma *numa, PaprDt *dt)
{
    NVDIMMDevice *nvdimm = NVDIMM(papr_drc_device(drc));
    g_autofree char *uuid = qemu_uuid_unparse_strdup(&nvdimm->uuid);
    uint32_t index = papr_drc_index(drc);

    papr_dt_begin(dt, "ibm,pmemory@%x", index);
    papr_dt_u32(dt, "reg", index);
    papr_dt_string(dt, "compatible", "ibm,pmemory");
    papr_dt_string(dt, "device_type", "ibm,pmemory");
    papr_numa_dt(numa, dt, PC_DIMM(nvdimm)->node);
    papr_dt_string(dt, "ibm,unit-guid", uuid);
    papr_dt_u32(dt, "ibm,my-drc-index", index);
    papr_dt_u64(dt, "ibm,block-size", PAPR_PMEM_BLOCK);
    papr_dt_u64(dt, "ibm,number-of-blocks",
                papr_nvdimm_size(nvdimm) / PAPR_PMEM_BLOCK);
    papr_dt_u32(dt, "ibm,metadata-size", nvdimm->label_size);
    papr_dt_string(dt, "ibm,pmem-application", "operating-system");
    papr_dt_empty(dt, "ibm,cache-flush-required");
    if (papr_nvdimm_flush_required(nvdimm)) {
        papr_dt_empty(dt, "ibm,hcall-flush-required");
    }
    papr_dt_end(dt);
}

void papr_pmem_dt(PaprPmem *pmem, const PaprNuma *numa, PaprDt *dt)
{
    papr_dt_begin(dt, "ibm,persistent-memory");
    papr_dt_u32(dt, "#address-cells", 1);
    papr_dt_u32(dt, "#size-cells", 0);
    papr_dt_string(dt, "device_type", "ibm,persistent-memory");
    for (uint32_t slot = 0; slot < pmem->slots; slot++) {
        PaprDrc *drc = papr_dr_find(pmem->dr, PAPR_DRC_PMEM, slot);

        if (papr_drc_device(drc)) {
            papr_pmem_node(drc, numa, dt);
        }
    }
    papr_dt_end(dt);
}
