/*
 * pSeries PCI host bridge: kinds of partitionable endpoint, PE (private to this
 * folder)
 *
 * A bridge has one PE, or none.  BQL held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PCI_HOST_PSERIES_EEH_H
#define HW_PCI_HOST_PSERIES_EEH_H

#include "pe.h"
#include "phb.h"

/** PaprPeOps - a kind of PE */
typedef struct PaprPeOps {
    /** @member: is @dev in the PE of its bridge? */
    bool (*member)(PCIDevice *dev);

    /** @act: what a call asks for; returns the call's status */
    int32_t (*act)(PaprPhb *phb, PaprPeAction action);

    /**
     * @state: returns the PE's state; sets @wait to the milliseconds for which
     * PAPR_PE_UNAVAILABLE may last, 0 for ever
     */
    PaprPeState (*state)(PaprPhb *phb, uint32_t *wait);

    /** @reboot: the machine is reset, after all devices */
    void (*reboot)(PaprPhb *phb);
} PaprPeOps;

/* eeh-vfio.c: devices of the host, whose kernel does the handling */
/** papr_pe_host: the PE of @phb's devices, or NULL */
const PaprPeOps *papr_pe_host(PaprPhb *phb);

/*
 * eeh-emulated.c: emulated devices, with errors that are injected by the
 * property eeh-error; only of a bridge with eeh=on
 */
extern const PaprPeOps papr_pe_emulated;
void papr_pe_emulated_realize(PaprPhb *phb);
void papr_pe_emulated_unrealize(PaprPhb *phb);
void papr_pe_emulated_class_init(ObjectClass *oc);
extern const VMStateDescription vmstate_papr_pe;

#endif
