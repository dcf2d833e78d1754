/*
 * pSeries platform: capabilities of the machine (cap-* options)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_CAPS_H
#define HW_PSERIES_CAPS_H

#include "hw/pseries/cap-levels.h"
#include "migration/vmstate.h"
#include "qom/object.h"
#include "target/ppc/cpu-qom.h"

/* In the order, and with the values, of migration streams */
typedef enum PaprCap {
    PAPR_CAP_HTM,
    PAPR_CAP_VSX,
    PAPR_CAP_DFP,
    PAPR_CAP_CFPC,
    PAPR_CAP_SBBC,
    PAPR_CAP_IBS,
    PAPR_CAP_HPT_MAXPAGESIZE,
    PAPR_CAP_NESTED_KVM_HV,
    PAPR_CAP_LARGE_DECREMENTER,
    PAPR_CAP_CCF_ASSIST,
    PAPR_CAP_FWNMI,
    PAPR_CAP_RPT_INVALIDATE,
    PAPR_CAP_AIL_MODE_3,
    PAPR_CAP_NESTED_PAPR,
    PAPR_CAP_DAWR1,
    PAPR_CAP_NUM,
} PaprCap;

/**
 * PaprCaps - the engine's state, a part of the machine
 * @def: defaults of the machine version with its CPU model
 * @here: these defaults, lowered to what the accelerator offers
 * @eff: effective levels
 * @mig: while a stream is saved or loaded: the source's
 * @set: which the user set explicitly
 * @page_size_unsent: streams don't have the largest page's size; set by the
 *                    machine before papr_caps_resolve()
 */
typedef struct PaprCaps {
    uint8_t def[PAPR_CAP_NUM];
    uint8_t here[PAPR_CAP_NUM];
    uint8_t eff[PAPR_CAP_NUM];
    uint8_t mig[PAPR_CAP_NUM];
    bool set[PAPR_CAP_NUM];
    bool page_size_unsent;
} PaprCaps;

/**
 * PaprCapsHost - what determines which levels are available
 * @cpu_type: QOM type of the CPU model
 * @max_compat_pvr: logical PVR of max-cpu-compat, 0 without
 * @smp_threads: threads per core
 * @defaults: of the machine's version, for a CPU that has everything
 * @kvm: what the host's KVM offers; NULL: TCG
 * @backing_shift: log2 of the smallest page of the host that backs the guest's
 *                 memory, if KVM can map no larger one; 0: no limit
 */
typedef struct PaprCapsHost {
    const char *cpu_type;
    uint32_t max_compat_pvr;
    unsigned smp_threads;
    const uint8_t *defaults;
    const struct PaprKvmFacts *kvm;
    unsigned backing_shift;
} PaprCapsHost;

static inline uint8_t papr_cap(const PaprCaps *caps, PaprCap cap)
{
    return caps->eff[cap];
}

/**
 * papr_caps_class_init - add the cap-* properties to a machine class
 * @offset: of the PaprCaps in the instance
 */
void papr_caps_class_init(ObjectClass *oc, size_t offset);

/** papr_caps_defaults: levels of the current version, by PaprCap */
void papr_caps_defaults(uint8_t levels[PAPR_CAP_NUM]);

/**
 * papr_caps_resolve - settle the level of every capability
 *
 * A level of the user is accepted, or refused with an error that names the
 * option.  A default that the accelerator lacks becomes a level that it has;
 * with KVM, one line reports that.  Context: machine init.
 */
bool papr_caps_resolve(PaprCaps *caps, const PaprCapsHost *host, Error **errp);

/**
 * papr_caps_enable_in_kvm - enable in the kernel what it offers only on request
 *
 * Nothing to do without KVM.  Context: machine init, after papr_caps_resolve()
 * and before the first vCPU.
 */
bool papr_caps_enable_in_kvm(const PaprCaps *caps, Error **errp);

/** papr_caps_cpu_reset: set LPCR by the effective levels, at @cpu's reset */
void papr_caps_cpu_reset(const PaprCaps *caps, PowerPCCPU *cpu);

/** papr_caps_cpu_init: limit the page sizes of a new CPU */
void papr_caps_cpu_init(const PaprCaps *caps, PowerPCCPU *cpu);

/*
 * Migration: the subsections "spapr/cap/..." of the machine's section carry
 * @mig, see machine/vmstate.c.
 */
void papr_caps_pre_save(PaprCaps *caps);
void papr_caps_pre_load(PaprCaps *caps);
/* -EINVAL: the stream's machine offers more than this one */
int papr_caps_post_load(PaprCaps *caps);
/** papr_caps_to_send: must a stream have the level of @cap? */
bool papr_caps_to_send(const PaprCaps *caps, PaprCap cap);

#endif
