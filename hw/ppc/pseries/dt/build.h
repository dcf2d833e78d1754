/*
 * pSeries platform: the partition's device tree
 *
 * Context: BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_DT_BUILD_H
#define HW_PPC_PSERIES_DT_BUILD_H

#include "hw/boards.h"
#include "hw/pseries/caps.h"
#include "hw/pseries/cas.h"
#include "hw/pseries/dr.h"
#include "hw/pseries/event.h"
#include "hw/pseries/fadump.h"
#include "hw/pseries/firmware.h"
#include "hw/pseries/irq.h"
#include "hw/pseries/rtas.h"
#include "hw/pseries/vcpu.h"
#include "hw/pseries/vio.h"

/** PaprDtExtra - writes nodes below the root for other folders */
typedef struct PaprDtExtra {
    void (*fill)(PaprDt *dt, uint32_t intc_phandle, void *opaque);
    void *opaque;
} PaprDtExtra;

/**
 * PaprDtInput - what the tree is made from; papr_dt_build() changes nothing
 *
 * @whole: at reset, and at client-architecture-support (CAS) for VOF (the
 *         machine's Open Firmware client interface); otherwise /chosen has only
 *         what CAS changes, since SLOF merges the new tree into its own
 * @numa, @cas: with what was negotiated
 * @timebase_freq, @clock_freq: in Hz
 * @hpt_shift: log2 of the hash page table's bytes
 * @rma_size: real mode area, the first memory node
 * @drc_types: PAPR_DRC_SET() of the root's connectors: of memory blocks, host
 *             bridges, persistent memory
 * @hotpluggable_cpus: /cpus has connectors
 * @stdout_path: name a console in /chosen
 * @probe_only: /chosen has "linux,pci-probe-only", 0
 * @multi_tce: H_PUT_TCE_INDIRECT and H_STUFF_TCE are offered
 * @block_remove: H_BLOCK_REMOVE is offered, except with KVM
 * @kvm: add /hypervisor, with @kvm_hcall (16 bytes) if not NULL
 * @extra: after /vdevice, in this order: PCI host bridges, persistent memory,
 *         random number facility
 * Pointers to parts that a machine does not have may be NULL, except @vcpus,
 * @caps, @numa, @cas and @irqs.
 */
typedef struct PaprDtInput {
    const MachineState *machine;
    bool whole;

    PaprVcpuMap *vcpus;
    const PaprCaps *caps;
    const PaprNuma *numa;
    const PaprCas *cas;
    PaprIrqs *irqs;
    PaprDr *dr;
    PaprVioBus *vio;
    PaprEvents *events;
    PaprRtas *rtas;
    PaprFwnmi *fwnmi;
    PaprFadump *fadump;
    PaprFirmware *firmware;

    uint32_t vsmt;
    uint32_t timebase_freq;
    uint32_t clock_freq;
    int hpt_shift;
    uint64_t rma_size;
    uint32_t drc_types;
    bool hotpluggable_cpus;
    bool stdout_path;
    bool probe_only;
    bool multi_tce;
    bool block_remove;
    bool kvm;
    const uint8_t *kvm_hcall;
    const char *host_model;
    const char *host_serial;
    const char *boot_device;            /* -boot order letters */
    const uint8_t *rng_seed;            /* 32 bytes */

    const PaprDtExtra *extra;
    size_t n_extra;
} PaprDtInput;

#define PAPR_DT_CLOCK_FREQ      1000000000
#define PAPR_DT_RNG_SEED_BYTES  32

/** papr_dt_build: the flattened tree, to be freed with g_free(); or NULL */
void *papr_dt_build(const PaprDtInput *in, size_t *size, Error **errp);

/**
 * papr_dt_cpu_node - the node of the core whose first thread is @vcpu
 *
 * For papr_dt_build() and for ibm,configure-connector.
 */
void papr_dt_cpu_node(const PaprDtInput *in, PaprDt *dt, const PaprVcpu *vcpu);

/**
 * papr_dt_memory_node - node memory@... of boot memory, or of a logical memory
 * block for ibm,configure-connector
 */
void papr_dt_memory_node(const PaprNuma *numa, PaprDt *dt, unsigned node,
                         uint64_t addr, uint64_t size);

#endif
