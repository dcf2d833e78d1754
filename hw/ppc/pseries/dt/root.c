/*
 * pSeries platform: properties of the device tree's root, and /hypervisor
 *
 * LoPAR section B.5.2.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "fillers.h"
#include "qemu/uuid.h"
#include "system/system.h"

static void root_identity(const PaprDtInput *in, PaprDt *dt)
{
    g_autofree char *uuid = qemu_uuid_unparse_strdup(&qemu_uuid);

    papr_dt_string(dt, "vm,uuid", uuid);
    if (qemu_uuid_set) {
        papr_dt_string(dt, "system-id", uuid);
    }
    if (qemu_get_vm_name()) {
        papr_dt_string(dt, "ibm,partition-name", qemu_get_vm_name());
    }
    if (in->host_model) {
        papr_dt_string(dt, "host-model", in->host_model);
    }
    if (in->host_serial) {
        papr_dt_string(dt, "host-serial", in->host_serial);
    }
}

void papr_dt_root_properties(const PaprDtInput *in, PaprDt *dt)
{
    papr_dt_string(dt, "compatible", "qemu,pseries");
    papr_dt_string(dt, "model", "IBM pSeries (emulated by qemu)");
    papr_dt_string(dt, "device_type", "chrp");
    papr_dt_u32(dt, "#address-cells", 2);
    papr_dt_u32(dt, "#size-cells", 2);
    root_identity(in, dt);

    if (papr_irqs_xive_active(in->irqs)) {
        /* the hypervisor has priorities from 7 on: LoPAR section B.5.2.1 */
        papr_dt_cell_list(dt, "ibm,plat-res-int-priorities", 7, 0xf8);
    }
    if (in->dr && in->drc_types) {
        papr_dr_dt(in->dr, dt, in->drc_types);
    }
}

/* Not part of PAPR: Linux may use hypercalls of KVM */
void papr_dt_hypervisor(const PaprDtInput *in, PaprDt *dt)
{
    if (!in->kvm) {
        return;
    }
    papr_dt_begin(dt, "hypervisor");
    papr_dt_string(dt, "compatible", "linux,kvm");
    if (in->kvm_hcall) {
        papr_dt_bytes(dt, "hcall-instructions", in->kvm_hcall, 16);
    }
    papr_dt_end(dt);
}
