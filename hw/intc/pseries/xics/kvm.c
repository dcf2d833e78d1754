/*
 * XICS: run by the host's kernel (KVM_DEV_TYPE_XICS)
 *
 * The kernel handles XICS's hypercalls (LoPAR 14.5.4.7) and RTAS (Run-Time
 * Abstraction Services) calls (7.3.10), and interrupts the guest without QEMU.
 * Called by irqs.c through papr_xics_kvm_ops from activate() to deactivate(),
 * and by xics.c and server.c for migration.  Linux's
 * Documentation/virt/kvm/devices/xics.rst is the interface.
 *
 * The emulated model (arbiter.h) holds the state that migrates: it is written
 * to the kernel (store), and the kernel's state is read into it (fetch).  It
 * handles no interrupts meanwhile, so its presentation controllers (ICP) never
 * drive a vCPU's input.
 *
 * Kernels on POWER9 and later emulate XICS by the hardware's XIVE, others as
 * the model does.  Comments below say where that makes a difference.
 *
 * Locking: events come from any thread, and touch nothing here but the level of
 * a source's line, which is atomic.  All else holds the big lock (BQL).  State
 * is stored with the vCPUs stopped, or for a vCPU that has not run yet: the
 * ioctl would wait in the kernel while the vCPU is in the guest.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/atomic.h"
#include "qemu/bitmap.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "system/kvm.h"
#include "hw/intc/pseries/irq/controller.h"
#include "hw/intc/pseries/irq/kvm.h"
#include "xics.h"
#include "hw/intc/pseries/trace.h"

/* PaprXicsKvm - the kernel's device, while there is one; BQL */
struct PaprXicsKvm {
    int fd;
    bool loaded;                        /* a stream's state is in the kernel */
    /* sources that the kernel has: none can be removed */
    DECLARE_BITMAP(known, PAPR_XICS_SOURCES);
    /* vCPU ids; those of vCPUs that were unplugged stay connected */
    unsigned long *connected;
};

/* RTAS calls that the kernel handles once it knows their tokens */
static const struct {
    const char *name;
    uint32_t token;
} kernel_rtas[] = {
    { "ibm,set-xive", RTAS_IBM_SET_XIVE },
    { "ibm,get-xive", RTAS_IBM_GET_XIVE },
    { "ibm,int-off", RTAS_IBM_INT_OFF },
    { "ibm,int-on", RTAS_IBM_INT_ON },
};

static int define_token(const char *name, uint32_t token)
{
    struct kvm_rtas_token_args args = { .token = token };

    pstrcpy(args.name, sizeof(args.name), name);
    return kvm_vm_ioctl(kvm_state, KVM_PPC_RTAS_DEFINE_TOKEN, &args);
}

static bool define_tokens(Error **errp)
{
    for (int i = 0; i < ARRAY_SIZE(kernel_rtas); i++) {
        int ret = define_token(kernel_rtas[i].name, kernel_rtas[i].token);

        if (ret < 0) {
            error_setg_errno(errp, -ret, "KVM refuses RTAS call %s",
                             kernel_rtas[i].name);
            return false;
        }
    }
    return true;
}

/* Errors are ignored: the kernel refuses tokens that were not defined */
static void undefine_tokens(void)
{
    for (int i = 0; i < ARRAY_SIZE(kernel_rtas); i++) {
        define_token(kernel_rtas[i].name, 0);
    }
}

/* vCPUs */

static bool connect_vcpu(PaprXics *xics, PaprVcpu *vcpu, Error **errp)
{
    PaprXicsKvm *kvm = xics->kvm;

    if (test_bit(vcpu->id, kvm->connected)) {
        return true;                    /* by an unplugged vCPU of this id */
    }
    if (!papr_irq_kvm_connect(vcpu, KVM_CAP_IRQ_XICS, kvm->fd, errp)) {
        return false;
    }
    set_bit(vcpu->id, kvm->connected);
    return true;
}

/*
 * The state of an ICP for the kernel.  An interrupt that the ICP presents goes
 * back to its source, which is stored later and sends it again.  Not all
 * kernels accept a presented source in this register, and those that do require
 * the IPI in its place if MFRR is more favored than the source.
 */
static uint64_t server_to_kernel(uint64_t state)
{
    PaprIcpRegs regs = papr_icp_regs(state);
    bool ipi = regs.mfrr < regs.cppr;

    regs.xisr = ipi ? PAPR_XISR_IPI : PAPR_XISR_NONE;
    regs.pending = ipi ? regs.mfrr : PAPR_PRIO_NONE;
    regs.resend = false;
    return papr_icp_word(&regs);
}

static bool store_server(PaprVcpu *vcpu, Error **errp)
{
    uint64_t state = server_to_kernel(qatomic_read(&vcpu->icp->state));
    int ret = kvm_set_one_reg(CPU(vcpu->cpu), KVM_REG_PPC_ICP_STATE, &state);

    trace_papr_xics_kvm_store_server(vcpu->id, state, ret);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "KVM refuses the interrupt "
                         "presentation state 0x%" PRIx64 " of vCPU id %u",
                         state, vcpu->id);
        return false;
    }
    return true;
}

typedef struct FetchWork {
    PaprVcpu *vcpu;
    int ret;
} FetchWork;

static void fetch_server_on_cpu(CPUState *cs, run_on_cpu_data data)
{
    FetchWork *work = data.host_ptr;
    PaprIcp *icp = work->vcpu->icp;
    PaprIcpRegs regs;
    uint64_t state = 0;

    work->ret = kvm_get_one_reg(cs, KVM_REG_PPC_ICP_STATE, &state);
    trace_papr_xics_kvm_fetch_server(icp->server, state, work->ret);
    if (work->ret < 0) {
        return;
    }
    regs = papr_icp_regs(state);
    if (regs.xisr == PAPR_XISR_NONE) {
        regs.pending = PAPR_PRIO_NONE;
    }
    regs.resend = true;
    qatomic_set(&icp->state, papr_icp_word(&regs));
}

/* In the vCPU's thread: for `info pic` the vCPU may be in the guest */
static bool fetch_vcpu(PaprVcpu *vcpu, Error **errp)
{
    FetchWork work = { .vcpu = vcpu };

    run_on_cpu(CPU(vcpu->cpu), fetch_server_on_cpu, RUN_ON_CPU_HOST_PTR(&work));
    if (work.ret < 0) {
        error_setg_errno(errp, -work.ret, "Can't read the interrupt "
                         "presentation state of vCPU id %u from KVM", vcpu->id);
    }
    return work.ret >= 0;
}

static bool xics_kvm_save_vcpu(void *be, PaprVcpu *vcpu, Error **errp)
{
    return fetch_vcpu(vcpu, errp);
}

/* Sources */

/* The source's index if this ICP presents one, else PAPR_XICS_SOURCES */
static uint32_t presented_source(const PaprIcp *icp)
{
    uint32_t irq = papr_icp_regs(qatomic_read(&icp->state)).xisr;

    return irq >= PAPR_XICS_BASE && irq - PAPR_XICS_BASE < PAPR_XICS_SOURCES
           ? irq - PAPR_XICS_BASE : PAPR_XICS_SOURCES;
}

/*
 * @due: an ICP of the model presents the source.  Some kernels refuse a route
 * to a server that is not connected: a source with such a route is masked.
 */
static uint64_t source_to_kernel(PaprSource s, bool due, bool server_known)
{
    uint8_t priority = server_known ? s.saved_priority : PAPR_PRIO_NONE;
    uint64_t value = s.server | (uint64_t)priority << KVM_XICS_PRIORITY_SHIFT;

    if (s.priority == PAPR_PRIO_NONE || !server_known) {
        value |= KVM_XICS_MASKED;
    }
    if (s.flags & PAPR_SOURCE_LSI) {
        value |= KVM_XICS_LEVEL_SENSITIVE;
        due = s.status & PAPR_SOURCE_ASSERTED;
    } else if (s.status & (PAPR_SOURCE_REJECTED | PAPR_SOURCE_MASKED_PENDING)) {
        due = true;
    }
    if (due) {
        value |= KVM_XICS_PENDING;
    }
    if (s.status & PAPR_SOURCE_PRESENTED) {
        value |= KVM_XICS_PRESENTED;
    }
    if (s.status & PAPR_SOURCE_QUEUED) {
        value |= KVM_XICS_QUEUED;
    }
    return value;
}

/*
 * The level of an LSI (level signalled interrupt) is the model's, not the
 * kernel's.  A message that waits is saved as MASKED_PENDING, and as REJECTED,
 * too, unless the source is off.  A message that came while another was in
 * service is saved as QUEUED only: the EOI sends it.
 */
static PaprSource source_from_kernel(PaprSource old, uint64_t value)
{
    PaprSource s = {
        .server = value & KVM_XICS_DESTINATION_MASK,
        .saved_priority = value >> KVM_XICS_PRIORITY_SHIFT,
        .flags = old.flags,
    };

    s.priority = value & KVM_XICS_MASKED ? PAPR_PRIO_NONE : s.saved_priority;
    if (value & KVM_XICS_PRESENTED) {
        s.status |= PAPR_SOURCE_PRESENTED;
    }
    if (value & KVM_XICS_QUEUED) {
        s.status |= PAPR_SOURCE_QUEUED;
    }
    if (s.flags & PAPR_SOURCE_LSI) {
        s.status |= old.status & PAPR_SOURCE_ASSERTED;
    } else if (value & KVM_XICS_PENDING) {
        s.status |= PAPR_SOURCE_MASKED_PENDING;
        if (s.priority != PAPR_PRIO_NONE) {
            s.status |= PAPR_SOURCE_REJECTED;
        }
    }
    return s;
}

static bool store_source(PaprXics *xics, uint32_t n, bool due, Error **errp)
{
    ERRP_GUARD();
    PaprXicsKvm *kvm = xics->kvm;
    PaprSource s = papr_source_read(&xics->arb.sources[n]);
    bool server_known = s.server < xics->arb.n_servers &&
                        test_bit(s.server, kvm->connected);
    uint64_t value = source_to_kernel(s, due, server_known);

    trace_papr_xics_kvm_store_source(PAPR_XICS_BASE + n, value);
    if (kvm_device_access(kvm->fd, KVM_DEV_XICS_GRP_SOURCES,
                          PAPR_XICS_BASE + n, &value, true, errp) < 0) {
        error_prepend(errp, "Interrupt source 0x%x: ", PAPR_XICS_BASE + n);
        return false;
    }
    set_bit(n, kvm->known);
    return true;
}

/*
 * A kernel that uses XIVE takes a snapshot of all its sources when the first is
 * read, and drops the snapshot when the last is read: so all sources that the
 * kernel has are read, even if they were released, or if reading one fails.
 */
static bool xics_kvm_save_sources(void *be, Error **errp)
{
    PaprXics *xics = be;
    PaprXicsKvm *kvm = xics->kvm;
    uint32_t n = find_first_bit(kvm->known, PAPR_XICS_SOURCES);
    Error *err = NULL;

    while (n < PAPR_XICS_SOURCES) {
        PaprSource *source = &xics->arb.sources[n];
        PaprSource s = papr_source_read(source);
        uint64_t value = 0;
        int ret = kvm_device_access(kvm->fd, KVM_DEV_XICS_GRP_SOURCES,
                                    PAPR_XICS_BASE + n, &value, false,
                                    err ? NULL : &err);

        trace_papr_xics_kvm_fetch_source(PAPR_XICS_BASE + n, value, ret);
        if (ret >= 0 && s.flags) {
            /* again if its line has changed meanwhile */
            while (qatomic_cmpxchg(&source->word, s.word,
                                   source_from_kernel(s, value).word)
                   != s.word) {
                s = papr_source_read(source);
            }
        }
        n = find_next_bit(kvm->known, PAPR_XICS_SOURCES, n + 1);
    }
    if (err) {
        error_propagate_prepend(errp, err,
                                "Can't read the interrupt sources from KVM: ");
        return false;
    }
    return true;
}

/* All state */

/* Servers first: sources send interrupts to them when they are stored */
static bool store_all(PaprXics *xics, Error **errp)
{
    DECLARE_BITMAP(due, PAPR_XICS_SOURCES + 1) = { };

    for (PaprVcpu *vcpu = papr_vcpu_next(xics->vcpus, NULL); vcpu;
         vcpu = papr_vcpu_next(xics->vcpus, vcpu)) {
        if (!store_server(vcpu, errp)) {
            return false;
        }
        set_bit(presented_source(vcpu->icp), due);
    }
    for (uint32_t n = 0; n < PAPR_XICS_SOURCES; n++) {
        if (papr_source_read(&xics->arb.sources[n]).flags &&
            !store_source(xics, n, test_bit(n, due), errp)) {
            return false;
        }
    }
    return true;
}

/* In a stream, a plugged vCPU's section follows the machine's */
static bool xics_kvm_load_vcpu(void *be, PaprVcpu *vcpu, Error **errp)
{
    PaprXics *xics = be;
    uint32_t n = presented_source(vcpu->icp);

    if (!xics->kvm->loaded) {
        return true;                    /* post_load() will store it */
    }
    return store_server(vcpu, errp) &&
           (n == PAPR_XICS_SOURCES ||
            !papr_source_read(&xics->arb.sources[n]).flags ||
            store_source(xics, n, true, errp));
}

static int xics_kvm_post_load(void *be, int version_id)
{
    PaprXics *xics = be;
    Error *err = NULL;

    if (!store_all(xics, &err)) {
        error_report_err(err);
        return -EIO;
    }
    xics->kvm->loaded = true;
    return 0;
}

/*
 * The model must not present what the kernel presents: with its servers off,
 * the model's own operations have no effect on vCPUs.
 */
static void turn_off_server(PaprIcp *icp)
{
    qatomic_set(&icp->state, papr_icp_off(true));
}

static void turn_off_servers(PaprXics *xics)
{
    for (uint32_t i = 0; i < xics->arb.n_servers; i++) {
        if (xics->arb.servers[i]) {
            turn_off_server(xics->arb.servers[i]);
        }
    }
}

/* Closing the device destroys it, and disconnects all vCPUs */
static void close_device(PaprXics *xics)
{
    PaprXicsKvm *kvm = xics->kvm;

    xics->ops = papr_xics_ops;
    xics->kvm = NULL;
    undefine_tokens();
    close(kvm->fd);
    g_free(kvm->connected);
    g_free(kvm);
}

static bool connect_vcpus(PaprXics *xics, Error **errp)
{
    for (PaprVcpu *vcpu = papr_vcpu_next(xics->vcpus, NULL); vcpu;
         vcpu = papr_vcpu_next(xics->vcpus, vcpu)) {
        if (!connect_vcpu(xics, vcpu, errp)) {
            return false;
        }
    }
    return true;
}

static bool xics_kvm_activate(void *be, Error **errp)
{
    PaprXics *xics = be;
    uint32_t n_servers = xics->arb.n_servers;
    int fd = papr_irq_kvm_create(KVM_DEV_TYPE_XICS, KVM_DEV_XICS_GRP_CTRL,
                                 KVM_DEV_XICS_NR_SERVERS, n_servers, errp);

    if (fd < 0) {
        return false;
    }
    xics->kvm = g_new0(PaprXicsKvm, 1);
    xics->kvm->fd = fd;
    xics->kvm->connected = bitmap_new(n_servers);
    xics->ops = papr_xics_kvm_ops;
    if (!define_tokens(errp) || !connect_vcpus(xics, errp) ||
        !store_all(xics, errp)) {
        close_device(xics);
        return false;
    }
    papr_irq_kvm_set_active(true);
    return true;
}

static void xics_kvm_deactivate(void *be)
{
    PaprXics *xics = be;

    papr_irq_kvm_set_active(false);
    close_device(xics);
    turn_off_servers(xics);
    papr_xics_ops->reset(xics);
}

/* The device is new, see anew_at_reset: a used one may hold queued events */
static void xics_kvm_reset(void *be)
{
    PaprXics *xics = be;
    Error *err = NULL;

    turn_off_servers(xics);
    papr_xics_ops->reset(xics);
    xics->kvm->loaded = false;
    if (!store_all(xics, &err)) {
        error_reportf_err(err, "Reset of the in-kernel XICS: ");
    }
}

static bool xics_kvm_vcpu_create(void *be, PaprVcpu *vcpu, Error **errp)
{
    if (!papr_xics_ops->vcpu_create(be, vcpu, errp)) {
        return false;
    }
    if (!connect_vcpu(be, vcpu, errp) || !store_server(vcpu, errp)) {
        papr_xics_ops->vcpu_destroy(be, vcpu);
        return false;
    }
    return true;
}

static void xics_kvm_vcpu_destroy(void *be, PaprVcpu *vcpu)
{
    if (vcpu->icp) {
        turn_off_server(vcpu->icp);
    }
    papr_xics_ops->vcpu_destroy(be, vcpu);
}

/*
 * The kernel's ICP is set when the vCPU is created and when the controller is
 * reset.
 */
static void xics_kvm_vcpu_reset(void *be, PaprVcpu *vcpu)
{
    if (vcpu->icp) {
        turn_off_server(vcpu->icp);
    }
}

static bool xics_kvm_claim(void *be, uint32_t irq, bool lsi, Error **errp)
{
    if (!papr_xics_ops->claim(be, irq, lsi, errp)) {
        return false;
    }
    if (!store_source(be, irq - PAPR_XICS_BASE, false, errp)) {
        papr_xics_ops->release(be, irq);
        return false;
    }
    return true;
}

static void xics_kvm_release(void *be, uint32_t irq)
{
    PaprXics *xics = be;
    Error *err = NULL;

    if (!papr_xics_source(&xics->arb, irq)) {
        return;
    }
    papr_xics_ops->release(be, irq);
    if (!store_source(be, irq - PAPR_XICS_BASE, false, &err)) {
        warn_report_err(err);
    }
}

static void xics_kvm_trigger(void *be, uint32_t irq)
{
    papr_irq_kvm_trigger(irq);
}

/* If a level is set twice, some kernels send one interrupt too many */
static void xics_kvm_set_level(void *be, uint32_t irq, bool level)
{
    PaprXics *xics = be;
    PaprSource *source = &xics->arb.sources[irq - PAPR_XICS_BASE];
    PaprSource s, next;

    do {
        s = papr_source_read(source);
        next = papr_source_level(s, level);
        if (next.word == s.word) {
            return;
        }
    } while (qatomic_cmpxchg(&source->word, s.word, next.word) != s.word);

    papr_irq_kvm_set_level(irq, level);
}

static void xics_kvm_dt(void *be, PaprDt *dt, uint32_t phandle,
                        uint32_t n_servers)
{
    papr_xics_ops->dt(be, dt, phandle, n_servers);
}

static void xics_kvm_print_info(void *be, GString *buf)
{
    PaprXics *xics = be;
    Error *err = NULL;

    /* After an error, show what could be read */
    for (PaprVcpu *vcpu = papr_vcpu_next(xics->vcpus, NULL); vcpu;
         vcpu = papr_vcpu_next(xics->vcpus, vcpu)) {
        if (!fetch_vcpu(vcpu, &err)) {
            error_report_err(err);
            err = NULL;
        }
    }
    if (!xics_kvm_save_sources(xics, &err)) {
        error_report_err(err);
    }
    papr_xics_ops->print_info(xics, buf);
}

static const PaprIntcOps xics_kvm_ops = {
    .name = "xics-kvm",
    .anew_at_reset = true,
    .vcpu_create = xics_kvm_vcpu_create,
    .vcpu_destroy = xics_kvm_vcpu_destroy,
    .vcpu_reset = xics_kvm_vcpu_reset,
    .claim = xics_kvm_claim,
    .release = xics_kvm_release,
    .trigger = xics_kvm_trigger,
    .set_level = xics_kvm_set_level,
    .activate = xics_kvm_activate,
    .deactivate = xics_kvm_deactivate,
    .reset = xics_kvm_reset,
    .dt = xics_kvm_dt,
    .print_info = xics_kvm_print_info,
    .post_load = xics_kvm_post_load,
    .save_sources = xics_kvm_save_sources,
    .save_vcpu = xics_kvm_save_vcpu,
    .load_vcpu = xics_kvm_load_vcpu,
};

const PaprIntcOps *papr_xics_kvm_ops = &xics_kvm_ops;
