/*
 * pSeries platform: the machine (private to machine/)
 *
 * A struct of named parts, each owned by its folder.  Everything here is
 * changed with the BQL held; parts that other threads read (the vCPU map, the
 * hypercall table, the interrupt controllers) have protection of their own.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_MACHINE_H
#define HW_PPC_PSERIES_MACHINE_H

#include "hw/boards.h"
#include "hw/ppc/ppc.h"
#include "hw/pseries/caps.h"
#include "hw/pseries/cas.h"
#include "hw/pseries/dr.h"
#include "hw/pseries/event.h"
#include "hw/pseries/fadump.h"
#include "hw/pseries/firmware.h"
#include "hw/pseries/iommu.h"
#include "hw/pseries/irq.h"
#include "hw/pseries/misc.h"
#include "hw/pseries/mmu.h"
#include "hw/pseries/nested.h"
#include "hw/pseries/numa.h"
#include "hw/pseries/ovec.h"
#include "hw/pseries/phb.h"
#include "hw/pseries/pmem.h"
#include "hw/pseries/rtas.h"
#include "hw/pseries/vcpu.h"
#include "hw/pseries/vio.h"
#include "system/hostmem.h"
#include "../cpu/core.h"
#include "../dt/build.h"
#include "memmap.h"
#include "versions.h"

#define TYPE_PAPR_MACHINE "spapr-machine"
OBJECT_DECLARE_TYPE(PaprMachine, PaprMachineClass, PAPR_MACHINE)

struct PaprMachineClass {
    MachineClass parent_class;

    PaprCompat compat;
};

/** PaprMachineOptions - options as the user gave them */
typedef struct PaprMachineOptions {
    char *kvm_type;
    char *host_model;
    char *host_serial;
    char *boot_device;                  /* -boot, changeable at run time */
    uint64_t kernel_addr;
    uint32_t vsmt;                      /* 0: threads per core */
    uint32_t max_compat_pvr;
    PaprIcMode ic_mode;
    bool ic_mode_asked;                 /* by the user */
    PaprHptResize resize_hpt;
    OnOffAuto vof;                      /* x-vof */
    bool modern_hotplug_events;
    bool block_remove;
    bool call_stats;                    /* changeable at run time */
} PaprMachineOptions;

struct PaprMachine {
    MachineState parent_obj;

    const PaprCompat *compat;           /* the class's */
    PaprMachineOptions opt;
    PaprCaps caps;
    PaprNuma numa;

    PaprHcallTable *hcalls;
    PaprRtas *rtas;
    PaprVcpuMap *vcpus;
    PaprCpuHost cpu_host;
    PaprMmu *mmu;
    PaprNested *nested;
    PaprIrqs *irqs;
    PaprDr *dr;
    PaprIommu *iommu;
    PaprEvents *events;
    PaprFwnmi *fwnmi;
    PaprFadump *fadump;
    PaprRtc *rtc;
    PaprWatchdogs *watchdogs;
    DeviceState *rng;                   /* spapr-rng, if the user added one */
    PaprTpmProxySlot *tpm_proxy;
    PaprPmem *pmem;                     /* NULL: the version has none */
    PaprVioBus *vio;
    PaprPci *pci;
    PaprFirmware *firmware;
    PaprHcallConfig hcall_config;

    uint64_t rma_size;                  /* real mode area */
    bool has_screen;                    /* a display, and graphics are on */
    uint8_t kvm_hcall[16];              /* "hcall-instructions" */
    char *kvm_host_model;               /* NULL: the guest is not told */
    char *kvm_host_serial;

    PaprCas cas;                        /* client-architecture-support (CAS) */
    uint8_t rng_seed[32];               /* for /chosen, new at each reset */

    /* fields of streams, copied from and to their owners */
    struct PPCTimebase tb;
    uint64_t legacy_rtc_offset;         /* of streams before version 3 */
    uint64_t patb_entry;
    unsigned long *irq_map;
    int32_t irq_map_nr;
    uint32_t fdt_initial_size;
    uint32_t fdt_size;
    void *fdt_blob;
};

/* smp.c */
bool papr_machine_settle_vsmt(PaprMachine *pm, Error **errp);
bool papr_machine_create_cpus(PaprMachine *pm, Error **errp);
void papr_machine_smp_class_init(MachineClass *mc);

/* kvm.c: what the KVM host limits and needs; without KVM nothing */
bool papr_machine_kvm_check_mmu(const PaprMachine *pm, Error **errp);
bool papr_machine_kvm_settle_vsmt(PaprMachine *pm, Error **errp);
bool papr_machine_kvm_settle_resize(PaprMachine *pm, Error **errp);
unsigned papr_machine_kvm_ram_slots(void);
/* log2 of the size of backing pages, if the guest's can't be larger; else 0 */
unsigned papr_machine_kvm_backing_shift(const PaprMachine *pm);
uint64_t papr_machine_kvm_rma_limit(const PaprMachine *pm);
/* can memory be plugged whose pages have @pagesize bytes? */
bool papr_machine_kvm_check_backing(const PaprMachine *pm, uint64_t pagesize,
                                    Error **errp);
/* pc_dimm_plug() after pc_dimm_pre_plug(): fails if KVM refuses the memory */
bool papr_machine_kvm_plug_memory(PaprMachine *pm, DeviceState *dev,
                                  Error **errp);
/* at reset, when the guest has a hash page table */
bool papr_machine_kvm_check_rma(const PaprMachine *pm, Error **errp);
void papr_machine_kvm_mmu_offer(const PaprMachine *pm, PaprCasOffer *offer);
void papr_machine_kvm_dt(PaprMachine *pm, PaprDtInput *in);
/* last step of init: all hypercalls are registered */
void papr_machine_kvm_start(PaprMachine *pm);

/* memory.c */
/* sizes of the user's options; sets rma_size */
bool papr_machine_check_memory(PaprMachine *pm, Error **errp);
void papr_machine_map_memory(PaprMachine *pm);
/* the start of the area for memory devices */
uint64_t papr_machine_device_memory_base(const MachineState *ms);
/*
 * Is the memory of @dev, which is that of @backend, whole blocks at a block's
 * address?  @addr, of option @addr_name, is 0 if QEMU chooses an address, which
 * it aligns.
 */
bool papr_machine_check_blocks(DeviceState *dev, HostMemoryBackend *backend,
                               uint64_t addr, const char *addr_name,
                               Error **errp);
/* tell the MMU how much memory there is, for the size of hash page tables */
void papr_machine_update_memory(PaprMachine *pm);

/* init.c, reset.c: MachineClass.init and .reset */
void papr_machine_init(MachineState *ms);
void papr_machine_reset(MachineState *ms, ResetType type);

/* options.c */
void papr_machine_options_class_init(ObjectClass *oc);
void papr_machine_options_init(Object *obj);
/** papr_machine_kvm_type: MachineClass.kvm_type, -1 for a wrong @word */
int papr_machine_kvm_type(MachineState *ms, const char *word);
/* can a guest run as the processor @logical_pvr, or as a later one? */
bool papr_machine_cpu_reaches(const PaprMachine *pm, uint32_t logical_pvr);
/* apply option call-stats */
void papr_machine_apply_call_stats(PaprMachine *pm);

/* hotplug.c */
void papr_machine_hotplug_class_init(ObjectClass *oc);

/* hotplug-cpu.c: rows of hotplug.c's table, and the connectors of cores */
void papr_machine_core_pre_plug(PaprMachine *pm, DeviceState *dev,
                                Error **errp);
void papr_machine_core_plug(PaprMachine *pm, DeviceState *dev, Error **errp);
void papr_machine_core_unplug_request(PaprMachine *pm, DeviceState *dev,
                                      Error **errp);
void papr_machine_core_unplug(PaprMachine *pm, DeviceState *dev, Error **errp);
void papr_machine_add_core_connectors(PaprMachine *pm);
/* for PaprRtasConfig */
bool papr_machine_may_start(const PaprVcpu *vcpu, void *machine);

/* hotplug-memory.c: memory modules, steps of plug_table; and connectors */
void papr_dimm_pre_plug(PaprMachine *pm, DeviceState *dev, Error **errp);
void papr_dimm_plug(PaprMachine *pm, DeviceState *dev, Error **errp);
void papr_dimm_unplug_request(PaprMachine *pm, DeviceState *dev, Error **errp);
void papr_dimm_unplug(PaprMachine *pm, DeviceState *dev, Error **errp);
void papr_machine_add_memory_connectors(PaprMachine *pm);

/* hotplug-virtio-mem.c */
void papr_virtio_mem_pre_plug(PaprMachine *pm, DeviceState *dev, Error **errp);
void papr_virtio_mem_plug(PaprMachine *pm, DeviceState *dev, Error **errp);
void papr_virtio_mem_unplug_request(PaprMachine *pm, DeviceState *dev,
                                    Error **errp);
void papr_virtio_mem_unplug(PaprMachine *pm, DeviceState *dev, Error **errp);
/* is no memory of virtio-mem behind @phb plugged, or requested to be? */
bool papr_virtio_mem_unused_behind(PaprPhb *phb, Error **errp);
/* before @phb is unplugged: remove the memory of virtio-mem behind it */
void papr_virtio_mem_unplug_behind(PaprMachine *pm, PaprPhb *phb);

/* hotplug-nvdimm.c */
void papr_nvdimm_pre_plug(PaprMachine *pm, DeviceState *dev, Error **errp);
void papr_nvdimm_plug(PaprMachine *pm, DeviceState *dev, Error **errp);
void papr_nvdimm_unplug_request(PaprMachine *pm, DeviceState *dev,
                                Error **errp);
/* connectors of persistent memory, and its hypercalls */
void papr_machine_add_pmem(PaprMachine *pm);

/* hotplug-tpm.c */
void papr_machine_tpm_proxy_pre_plug(PaprMachine *pm, DeviceState *dev,
                                     Error **errp);
void papr_machine_tpm_proxy_plug(PaprMachine *pm, DeviceState *dev,
                                 Error **errp);
void papr_machine_tpm_proxy_unplug(PaprMachine *pm, DeviceState *dev,
                                   Error **errp);

/* devices.c */
bool papr_machine_init_devices(PaprMachine *pm, Error **errp);
void papr_machine_interrupt_endian(void *machine, bool little);

/* fw-path.c */
void papr_machine_fw_path_class_init(ObjectClass *oc);

/* vhyp.c */
void papr_machine_vhyp_class_init(ObjectClass *oc);

/* hotplug.c: the machine's connectors */
void papr_machine_add_connectors(PaprMachine *pm);

/* tree.c: the size of the real mode area that the device tree has */
uint64_t papr_machine_boot_rma_size(const PaprMachine *pm);
/* tree.c: the device tree as it is now, for PaprCasHost; free with g_free() */
void *papr_machine_build_tree(bool whole, size_t *size, void *machine,
                              Error **errp);
bool papr_machine_fill_core(PaprDrc *drc, DeviceState *dev, PaprDt *dt,
                            void *machine, Error **errp);
bool papr_machine_fill_phb(PaprDrc *drc, DeviceState *dev, PaprDt *dt,
                           void *machine, Error **errp);

/* nmi.c */
void papr_machine_nmi_class_init(ObjectClass *oc);
void papr_machine_system_reset_irq(void *machine, PowerPCCPU *cpu);

/* vmstate.c: registers the machine's state for migration, at the end of init */
void papr_machine_init_vmstate(PaprMachine *pm);

#endif
