/*
 * pSeries platform: differences between versions of the machine
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
 * Part of the machine's class.  For the current version all fields except @caps
 * are zero.  The code that reads a field does not ask for the version.
 *
 * @caps: defaults of cap-*
 * @rma_max: bytes of the real mode area at most; 0: no limit of the version
 * @vsmt_min: the least default of vsmt
 * @xics_alone: ic-mode without the option is xics
 * @packed_irqs: interrupt numbers are allocated in order: papr_irqs_new()
 * @numa_form1_alone: form 2 is not offered to guests
 * @numa_flat_domains, @numa_two_refpoints: see PaprNuma
 * @no_probe_only: /chosen lacks "linux,pci-probe-only"
 * @no_update_dt: no H_UPDATE_DT, and no device tree in streams
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
