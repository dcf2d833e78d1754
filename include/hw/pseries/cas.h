/*
 * pSeries platform: client-architecture-support (CAS)
 *
 * A guest's kernel tells, early and once in a boot, what it supports; the
 * platform chooses compatibility mode, MMU, interrupt controller and device
 * tree forms.  LoPAR section B.5.2.3.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_CAS_H
#define HW_PSERIES_CAS_H

#include "hw/pseries/numa.h"
#include "hw/pseries/ovec.h"

struct ArchCPU;                         /* a PowerPCCPU */
struct PaprDr;
struct PaprEvents;
struct PaprFirmware;
struct PaprHcallTable;
struct PaprIrqs;
struct PaprMmu;
struct PaprVcpuMap;

/**
 * PaprCasOffer - what the platform has to offer, settled at machine init
 * @isa3: the CPU model, limited by max-cpu-compat, is at ISA 3.00 or later
 * @hash: a hash MMU is available (always, except with some KVM hosts)
 * @mmu_switch: guests may change between hash and radix later on (TCG)
 * @xics, @xive: interrupt modes (ic-mode)
 * @hpt_resize, @hpt_resize_required: resize-hpt
 * @form2: NUMA form 2 (machines from 6.2 on)
 * @hotplug_events: modern-hotplug-events
 * @max_compat: logical PVR of max-cpu-compat, 0 without
 */
typedef struct PaprCasOffer {
    bool isa3;
    bool radix;
    bool hash;
    bool mmu_switch;
    bool xics;
    bool xive;
    bool hpt_resize;
    bool hpt_resize_required;
    bool form2;
    bool hotplug_events;
    uint32_t max_compat;
} PaprCasOffer;

/** papr_cas_offer_ov5: the option vector 5 that an offer amounts to */
void papr_cas_offer_ov5(const PaprCasOffer *offer, PaprOvec *ov5);

/** papr_cas_platform_support: "ibm,arch-vec-5-platform-support", byte pairs */
#define PAPR_CAS_SUPPORT_BYTES 8
void papr_cas_platform_support(const PaprCasOffer *offer,
                               uint8_t pairs[PAPR_CAS_SUPPORT_BYTES]);

/**
 * PaprCasHost - what CAS needs from the machine
 *
 * @build_tree: the current device tree; all of it for VOF (the machine's Open
 *              Firmware client interface), what changed for SLOF (@whole false)
 */
typedef struct PaprCasHost {
    void *(*build_tree)(bool whole, size_t *size, void *opaque, Error **errp);
    void *opaque;
} PaprCasHost;

/** PaprCasConfig - the parts of the platform that CAS acts on */
typedef struct PaprCasConfig {
    PaprCasOffer offer;
    struct PaprHcallTable *hcalls;
    struct PaprVcpuMap *vcpus;
    struct PaprMmu *mmu;
    struct PaprIrqs *irqs;
    struct PaprDr *dr;
    struct PaprEvents *events;
    PaprNuma *numa;
    uint64_t ram_size;
    uint64_t maxram_size;
    PaprCasHost host;
} PaprCasConfig;

/**
 * PaprCas - CAS of one machine, embedded in it
 * @config: as given
 * @ov5: what was agreed on; all zero until the guest's call
 * @before_isa3: the guest's kernel is older than ISA 3.00: radix is hidden
 * @refusal_reported: the user has been told of this boot's first refusal
 *
 * Changed by the calling vCPU's thread with the BQL held and all other vCPUs
 * halted, or at reset.
 */
typedef struct PaprCas {
    PaprCasConfig config;
    struct PaprFirmware *firmware;
    PaprOvec ov5;
    bool before_isa3;
    bool refusal_reported;
} PaprCas;

/** papr_cas_init: copy @config, register H_CAS; once the parts in it exist */
void papr_cas_init(PaprCas *cas, const PaprCasConfig *config);

/**
 * papr_cas_set_firmware - the firmware that gets new device trees
 *
 * Not in PaprCasConfig, since firmware is made after papr_cas_init().
 */
void papr_cas_set_firmware(PaprCas *cas, struct PaprFirmware *firmware);

/** papr_cas_from_firmware: for PaprFirmwareHost.cas; @opaque is the PaprCas */
bool papr_cas_from_firmware(struct ArchCPU *cpu, uint64_t vec_addr,
                            void *opaque);

/**
 * papr_cas_reset - nothing agreed yet; before the device tree is made
 * @agree_all: as if a guest had asked for all that is offered (qtest, where no
 *             guest runs that could call CAS)
 */
void papr_cas_reset(PaprCas *cas, bool agree_all);

/*
 * Migration: the machine's subsection "spapr_option_vector_ov5_cas", version 1,
 * needed if papr_cas_ov5_needed(), has one field, VMSTATE_PAPR_OVEC of @ov5.
 */
bool papr_cas_ov5_needed(const PaprCas *cas);
#define VMSTATE_PAPR_OVEC(field, state)                                      \
    VMSTATE_SINGLE(field, state, 0, papr_vmstate_info_ovec, PaprOvec)

/**
 * papr_cas_post_load - apply the stream's @ov5
 *
 * Interrupt controller, NUMA form, event source.  0 or a negative errno.
 */
int papr_cas_post_load(PaprCas *cas);

#endif
