/*
 * pSeries platform: the machine's own state in migration streams
 *
 * Section "spapr", with a subsection a subject.  Names, versions and the order
 * are those of the streams that QEMU's pseries machines have always had.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "migration/vmstate.h"
#include "machine.h"

static bool before_version_3(void *opaque, int version_id)
{
    return version_id < 3;
}

static bool cap_needed(void *opaque, PaprCap cap)
{
    return papr_caps_to_send(&((PaprMachine *)opaque)->caps, cap);
}

#define PAPR_CAP_SUBSECTION(sname, cap)                                 \
static bool cap_##sname##_needed(void *opaque)                          \
{                                                                       \
    return cap_needed(opaque, cap);                                     \
}                                                                       \
                                                                        \
static const VMStateDescription vmstate_cap_##sname = {                 \
    .name = "spapr/cap/" #sname,                                        \
    .version_id = 1,                                                    \
    .minimum_version_id = 1,                                            \
    .needed = cap_##sname##_needed,                                     \
    .fields = (const VMStateField[]) {                                  \
        VMSTATE_UINT8(caps.mig[cap], PaprMachine),                      \
        VMSTATE_END_OF_LIST()                                           \
    },                                                                  \
}

PAPR_CAP_SUBSECTION(htm, PAPR_CAP_HTM);
PAPR_CAP_SUBSECTION(vsx, PAPR_CAP_VSX);
PAPR_CAP_SUBSECTION(dfp, PAPR_CAP_DFP);
PAPR_CAP_SUBSECTION(cfpc, PAPR_CAP_CFPC);
PAPR_CAP_SUBSECTION(sbbc, PAPR_CAP_SBBC);
PAPR_CAP_SUBSECTION(ibs, PAPR_CAP_IBS);
PAPR_CAP_SUBSECTION(hpt_maxpagesize, PAPR_CAP_HPT_MAXPAGESIZE);
PAPR_CAP_SUBSECTION(nested_kvm_hv, PAPR_CAP_NESTED_KVM_HV);
PAPR_CAP_SUBSECTION(large_decr, PAPR_CAP_LARGE_DECREMENTER);
PAPR_CAP_SUBSECTION(ccf_assist, PAPR_CAP_CCF_ASSIST);
PAPR_CAP_SUBSECTION(fwnmi, PAPR_CAP_FWNMI);
PAPR_CAP_SUBSECTION(rpt_invalidate, PAPR_CAP_RPT_INVALIDATE);
PAPR_CAP_SUBSECTION(ail_mode_3, PAPR_CAP_AIL_MODE_3);
PAPR_CAP_SUBSECTION(nested_papr, PAPR_CAP_NESTED_PAPR);
PAPR_CAP_SUBSECTION(dawr1, PAPR_CAP_DAWR1);
