/*
 * XICS: what the files of this folder share
 *
 * XICS is the PowerPC External Interrupt option (LoPAR 6.2): sources, which
 * know server and priority, and one presentation controller (ICP) a server.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_INTC_PSERIES_XICS_XICS_H
#define HW_INTC_PSERIES_XICS_XICS_H

#include "hw/qdev-core.h"
#include "hw/pseries/irq.h"
#include "hw/intc/pseries/irq/cpu-line.h"
#include "arbiter.h"

#define TYPE_PAPR_XICS "ics-spapr"
OBJECT_DECLARE_SIMPLE_TYPE(PaprXics, PAPR_XICS)

QEMU_BUILD_BUG_ON(PAPR_XICS_BASE != PAPR_IRQ_XICS_BASE);
QEMU_BUILD_BUG_ON(PAPR_XICS_BASE + PAPR_XICS_SOURCES != PAPR_IRQ_END);

/** PaprXicsServer - an ICP and what ties it to its vCPU; BQL */
typedef struct PaprXicsServer {
    PaprIcp icp;
    PaprCpuLine line;
    int cpu_index;

    /* the ICP's state as it migrates: set before saving, read after loading */
    uint32_t xirr;
    uint8_t pending_priority;
    uint8_t mfrr;
} PaprXicsServer;

typedef struct PaprXicsKvm PaprXicsKvm;

/**
 * PaprXics - the device
 * @ops: the active implementation: emulated, or the kernel's (kvm.c); with the
 *       kernel's the model only has the state that was last stored in the
 *       kernel or fetched from it; BQL
 * @kvm: the kernel's controller, while it is active; BQL
 */
struct PaprXics {
    DeviceState parent_obj;

    PaprArbiter arb;
    uint32_t nr_irqs;
    PaprVcpuMap *vcpus;
    PaprHcallTable *hcalls;
    bool active;                        /* emulated XICS is active; BQL */
    const PaprIntcOps *ops;
    PaprXicsKvm *kvm;
};

/* server.c; BQL */
bool papr_xics_server_create(PaprXics *xics, PaprVcpu *vcpu, Error **errp);
void papr_xics_server_destroy(PaprXics *xics, PaprVcpu *vcpu);
void papr_xics_server_free(PaprIcp *icp);
/** papr_xics_server_load: @icp's state was loaded from a stream */
void papr_xics_server_load(PaprIcp *icp);
void papr_xics_server_print_info(PaprIcp *icp, GString *buf);

/* hcall.c, rtas.c */
void papr_xics_hcall_register(PaprXics *xics);
void papr_xics_hcall_enable(PaprXics *xics, bool enable);
void papr_xics_rtas_register(PaprXics *xics, PaprRtas *rtas);

#endif
