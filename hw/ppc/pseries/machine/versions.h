/*
 * pSeries platform: what versions of the machine differ in
 *
 * Private to machine/.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_MACHINE_VERSIONS_H
#define HW_PPC_PSERIES_MACHINE_VERSIONS_H

#include "hw/boards.h"
#include "hw/pseries/caps.h"

/**
 * PaprCompat - how a version's machine is unlike the current one's
 *
 * All zero but @caps for the current version.  The class has it; each field
 * has one reader, which does not know of versions.
 *
 * @caps: defaults of cap-*
 * @rma_max: bytes of the real mode area at most; 0: no limit of the version
 * @vsmt_min: vsmt without the option is so large at least
 * @xics_alone: ic-mode without the option is xics
 * @packed_irqs: interrupt numbers are handed out in order, see papr_irqs_new()
 * @numa_form1_alone: form 2 is not offered to guests
 * @numa_flat_domains, @numa_two_refpoints: see PaprNuma
 * @no_probe_only: /chosen lacks "linux,pci-probe-only"
 * @no_update_dt: H_UPDATE_DT is not there, nor is the tree in streams
 * @no_phb_hotplug: host bridges have no connectors
 * @host_identity: with KVM the guest is told the host's model and serial number
 * @page_size_unsent: streams don't have cap-hpt-max-page-size
 */
typedef struct PaprCompat {
    uint8_t caps[PAPR_CAP_NUM];
    uint64_t rma_max;
    unsigned vsmt_min;
    bool xics_alone;
    bool packed_irqs;
    bool numa_form1_alone;
    bool numa_flat_domains;
    bool numa_two_refpoints;
    bool no_probe_only;
    bool no_update_dt;
    bool no_phb_hotplug;
    bool host_identity;
    bool page_size_unsent;
} PaprCompat;

/** papr_machine_register_versions: QOM types, children of TYPE_PAPR_MACHINE */
void papr_machine_register_versions(void);

#endif
