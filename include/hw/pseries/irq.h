/*
 * pSeries platform: interrupt numbers and the active interrupt controller
 *
 * One global number space (the number is also an MSI's data).  A device claims
 * its number in both controllers, XICS and XIVE, since the guest chooses one of
 * them at client-architecture-support (CAS), and a reset makes XICS active
 * again if the machine has it.  Triggers go to the active controller.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_IRQ_H
#define HW_PSERIES_IRQ_H

#include "hw/irq.h"
#include "hw/pseries/dt.h"
#include "hw/pseries/rtas.h"
#include "hw/pseries/vcpu.h"

/*
 * The number space.  A guest keeps its numbers when it migrates, so they are
 * part of the machine's interface.  Machines up to pseries-3.0 have packed
 * numbers: a device, or a guest's MSI, gets the first free number from
 * PAPR_IRQ_XICS_BASE on, in the order in which they are made.
 */
enum {
    PAPR_IRQ_IPI = 0x0,                 /* XIVE only, one per server */
    PAPR_IRQ_XICS_BASE = 0x1000,        /* first number XICS sources have */
    PAPR_IRQ_EPOW = 0x1000,
    PAPR_IRQ_HOTPLUG = 0x1001,
    PAPR_IRQ_VIO = 0x1100,              /* 256 */
    PAPR_IRQ_PCI_LSI = 0x1200,          /* 4 for each of 32 host bridges */
    PAPR_IRQ_MSI = 0x1300,
    PAPR_IRQ_PACKED_END = 0x1400,
    PAPR_IRQ_END = 0x2000,
};

typedef struct PaprIrqs PaprIrqs;

typedef enum PaprIcMode {
    PAPR_IC_XICS,
    PAPR_IC_XIVE,
    PAPR_IC_DUAL,
} PaprIcMode;

/**
 * PaprIntcOps - an implementation of an interrupt controller
 *
 * There are two controllers, XICS and XIVE; each has an emulated implementation
 * and one in the host's kernel ("xics-kvm", "xive-kvm").  @be is the
 * controller's state, which both share.  All functions are called with the BQL
 * held, except for @trigger and @set_level, which any thread may call.
 */
typedef struct PaprIntcOps {
    const char *name;
    /* at a reset: deactivate() and activate(), before reset() */
    bool anew_at_reset;
    /* a vCPU appears or goes; its presentation state is kept in @vcpu */
    bool (*vcpu_create)(void *be, PaprVcpu *vcpu, Error **errp);
    void (*vcpu_destroy)(void *be, PaprVcpu *vcpu);
    void (*vcpu_reset)(void *be, PaprVcpu *vcpu);
    /* give number @irq a source of its kind; a number is claimed once */
    bool (*claim)(void *be, uint32_t irq, bool lsi, Error **errp);
    void (*release)(void *be, uint32_t irq);
    /*
     * edge: an MSI or a virtual device's event; level: the line of a level
     * sensitive interrupt (LSI), also if it has not changed
     */
    void (*trigger)(void *be, uint32_t irq);
    void (*set_level)(void *be, uint32_t irq, bool level);
    /* the controller becomes active, or stops being it: irq/controller.h */
    bool (*activate)(void *be, Error **errp);
    void (*deactivate)(void *be);
    void (*reset)(void *be);
    /* the controller's node, at the root; @phandle is its own */
    void (*dt)(void *be, PaprDt *dt, uint32_t phandle, uint32_t n_servers);
    void (*print_info)(void *be, GString *buf);
    int (*post_load)(void *be, int version_id);
    /* a stream's state of @vcpu is in the model; before or after post_load() */
    bool (*load_vcpu)(void *be, PaprVcpu *vcpu, Error **errp);
    /* bring the model up to date before it is saved; NULL: it is */
    bool (*save_vcpu)(void *be, PaprVcpu *vcpu, Error **errp);
    bool (*save_sources)(void *be, Error **errp);
    /*
     * What activate() needs and can't do itself; called once, when the
     * controller is new, before the guest runs and outside of any coroutine.
     * If it fails, activate() returns the error.  NULL: nothing
     */
    void (*prepare)(void *be);
} PaprIntcOps;

/**
 * papr_irqs_new - create the number space and the controllers of @mode
 * @vcpus: map of the machine's vCPUs
 * @mode: xics, xive or both; with KVM both may become xics: papr_irqs_mode()
 * @packed: see above; @mode is xics then
 * @owner: parent of the controllers' QOM objects (child "ics", "xive")
 */
PaprIrqs *papr_irqs_new(Object *owner, PaprVcpuMap *vcpus, PaprIcMode mode,
                        bool packed, PaprHcallTable *hcalls, PaprRtas *rtas,
                        Error **errp);

/** papr_irqs_host_lacks_xive: true if ic-mode=dual became xics */
bool papr_irqs_host_lacks_xive(const PaprIrqs *irqs);

/** papr_irqs_mode: what is offered; papr_irqs_xive_active: what is active */
PaprIcMode papr_irqs_mode(const PaprIrqs *irqs);
bool papr_irqs_xive_active(const PaprIrqs *irqs);

/**
 * papr_irqs_select - make XIVE (@xive) or XICS the active controller
 *
 * Called at CAS, at reset and after migration.  On failure the old controller
 * is active.  If the machine does not offer the new one, nothing has changed.
 * If the host's kernel fails to create it, and emulation is forbidden
 * (kernel-irqchip=on), the old one has been created again, in its state after
 * reset, with devices' lines as they are: the kernel can't have both at once.
 * Context: BQL, all other vCPUs stopped.
 */
bool papr_irqs_select(PaprIrqs *irqs, bool xive, Error **errp);

/**
 * papr_irqs_reset - all sources off, XICS active if the machine has it
 *
 * After the devices' own reset, before the device tree is made.  Context: BQL,
 * vCPUs stopped.
 */
void papr_irqs_reset(PaprIrqs *irqs);

bool papr_irqs_vcpu_create(PaprIrqs *irqs, PaprVcpu *vcpu, Error **errp);
void papr_irqs_vcpu_destroy(PaprIrqs *irqs, PaprVcpu *vcpu);
void papr_irqs_vcpu_reset(PaprIrqs *irqs, PaprVcpu *vcpu);

/** papr_irqs_dt: the controller's node; returns its phandle */
uint32_t papr_irqs_dt(PaprIrqs *irqs, PaprDt *dt);
/** papr_irqs_print_info: for `info pic` */
void papr_irqs_print_info(PaprIrqs *irqs, GString *buf);

/**
 * papr_irqs_msi_map - the bitmap of MSI numbers taken, and its size in bits
 *
 * For the machine's vmstate (subsection "spapr_irq_map", field "irq_map");
 * both are constant for the life of @irqs.  NULL and 0 for packed numbers, for
 * which papr_irqs_post_load() uses the stream's sources.
 */
unsigned long *papr_irqs_msi_map(PaprIrqs *irqs, int32_t *n);

/**
 * papr_irqs_post_load - from the machine's post_load, after papr_irqs_select()
 *
 * Returns 0 or a negative errno.
 */
int papr_irqs_post_load(PaprIrqs *irqs, int version_id);

/**
 * papr_irq_assign - a device's own interrupt, which it has for its life
 * @fixed: the device's number; unused where numbers are packed
 * @lsi: level sensitive
 *
 * Returns the number, or 0 on failure.  papr_irq_release() frees it.
 */
uint32_t papr_irq_assign(PaprIrqs *irqs, uint32_t fixed, bool lsi,
                         Error **errp);

/** papr_irq_assignable: would papr_irq_assign() find @fixed free? */
bool papr_irq_assignable(const PaprIrqs *irqs, uint32_t fixed);

/** papr_irq_claim: take number @irq, an MSI that was allocated; BQL */
bool papr_irq_claim(PaprIrqs *irqs, uint32_t irq, Error **errp);
void papr_irq_release(PaprIrqs *irqs, uint32_t irq);

/** papr_irq_is_claimed: is @irq, which may be any number, claimed? */
bool papr_irq_is_claimed(const PaprIrqs *irqs, uint32_t irq);

/**
 * papr_irq_msi_alloc - a run of MSI numbers
 * @align: power of two; 1 for MSI-X
 *
 * Returns the first number, or 0 when no run is free.  Not claimed yet.
 */
uint32_t papr_irq_msi_alloc(PaprIrqs *irqs, uint32_t count, uint32_t align);
void papr_irq_msi_free(PaprIrqs *irqs, uint32_t first, uint32_t count);

/** papr_irq_msi_count: numbers that MSIs can have, taken or not */
uint32_t papr_irq_msi_count(const PaprIrqs *irqs);

/** papr_irq_may_be_msi: can an MSI have @number?  Any thread */
bool papr_irq_may_be_msi(const PaprIrqs *irqs, uint64_t number);

/**
 * papr_irq_trigger - an edge on @irq; any thread
 *
 * Dropped and logged for numbers that are not claimed, are level sensitive or
 * are those of inter-processor interrupts.
 */
void papr_irq_trigger(PaprIrqs *irqs, uint32_t irq);
/** papr_irq_set_level: an LSI's line; any thread */
void papr_irq_set_level(PaprIrqs *irqs, uint32_t irq, bool level);
/** papr_irq_line: a qemu_irq that drives @irq: a level, or its rising edge */
qemu_irq papr_irq_line(PaprIrqs *irqs, uint32_t irq);

#endif
