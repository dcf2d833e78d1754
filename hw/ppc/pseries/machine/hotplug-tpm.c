/*
 * pSeries platform: plug and unplug of the proxy to a TPM of the host
 *
 * The proxy has no connector, and the guest is not asked: without it, hypercall
 * H_TPM_COMM fails.  With the BQL (big QEMU lock) held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/qdev-core.h"
#include "machine.h"

void papr_machine_tpm_proxy_pre_plug(PaprMachine *pm, DeviceState *dev,
                                     Error **errp)
{
    if (papr_tpm_proxy_is_plugged(pm->tpm_proxy)) {
        error_setg(errp, "Only one TPM proxy can be specified for this "
                   "machine");
    }
}

void papr_machine_tpm_proxy_plug(PaprMachine *pm, DeviceState *dev,
                                 Error **errp)
{
    papr_tpm_proxy_plug(pm->tpm_proxy, dev);
}

void papr_machine_tpm_proxy_unplug(PaprMachine *pm, DeviceState *dev,
                                   Error **errp)
{
    papr_tpm_proxy_unplug(pm->tpm_proxy);
    qdev_unrealize(dev);
    object_unparent(OBJECT(dev));
}
