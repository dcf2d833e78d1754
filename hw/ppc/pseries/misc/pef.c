/*
 * pSeries platform: guests of the Protected Execution Facility (PEF)
 *
 * The object "pef-guest", for -machine confidential-guest-support=.  A guest
 * with KVM may then make itself a secure one, by an ultracall; KVM does the
 * rest.  See docs/system/ppc/pseries.rst on -object pef-guest.
 *
 * Context: machine init and reset, BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "migration/blocker.h"
#include "qapi/error.h"
#include "qemu/module.h"
#include "qom/object_interfaces.h"
#include "system/confidential-guest-support.h"
#include "system/kvm.h"

#ifdef CONFIG_KVM
#include <linux/kvm.h>
#endif

#define TYPE_PAPR_PEF_GUEST "pef-guest"

#ifdef CONFIG_KVM
static int pef_enable_in_kvm(Error **errp)
{
    if (!kvm_check_extension(kvm_state, KVM_CAP_PPC_SECURE_GUEST)) {
        error_setg(errp, "KVM implementation does not support Secure VMs (is "
                   "an ultravisor running?)");
        return -1;
    }
    if (kvm_vm_enable_cap(kvm_state, KVM_CAP_PPC_SECURE_GUEST, 0, 1) < 0) {
        error_setg(errp, "Error enabling PEF with KVM");
        return -1;
    }
    return 0;
}

/* Make the guest an ordinary one again; old host kernels lack the ioctl */
static int pef_kvm_reset(ConfidentialGuestSupport *cgs, Error **errp)
{
    int ret = kvm_vm_ioctl(kvm_state, KVM_PPC_SVM_OFF);

    if (ret && ret != -ENOTTY) {
        error_setg_errno(errp, -ret, "KVM_PPC_SVM_OFF ioctl failed");
        return ret;
    }
    return 0;
}
#else
static int pef_enable_in_kvm(Error **errp)
{
    g_assert_not_reached();             /* kvm_enabled() is false */
}
#endif

static int pef_kvm_init(ConfidentialGuestSupport *cgs, Error **errp)
{
    ERRP_GUARD();
    static Error *no_migration;

    if (!kvm_enabled()) {
        error_setg(errp, "PEF requires KVM");
        error_append_hint(errp, "Use -accel kvm on a host with an ultravisor, "
                          "or remove confidential-guest-support.\n");
        return -1;
    }
    error_setg(&no_migration, "PEF: Migration is not implemented");
    if (migrate_add_blocker(&no_migration, errp) < 0) {
        return -1;
    }
    if (pef_enable_in_kvm(errp) < 0) {
        migrate_del_blocker(&no_migration);
        return -1;
    }
    cgs->ready = true;
    return 0;
}

static void pef_class_init(ObjectClass *oc, void *data)
{
    ConfidentialGuestSupportClass *cc = CONFIDENTIAL_GUEST_SUPPORT_CLASS(oc);

    cc->kvm_init = pef_kvm_init;
#ifdef CONFIG_KVM
    cc->kvm_reset = pef_kvm_reset;
#endif
}

static const TypeInfo pef_types[] = {
    {
        .name = TYPE_PAPR_PEF_GUEST,
        .parent = TYPE_CONFIDENTIAL_GUEST_SUPPORT,
        .instance_size = sizeof(ConfidentialGuestSupport),
        .class_init = pef_class_init,
        .interfaces = (InterfaceInfo[]) {
            { TYPE_USER_CREATABLE },
            { }
        },
    },
};

DEFINE_TYPES(pef_types)
