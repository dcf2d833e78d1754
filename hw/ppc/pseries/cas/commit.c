/*
 * pSeries platform: client-architecture-support (CAS), the call
 *
 * Reads the guest's structure once, has it negotiated, then applies the result:
 * first the steps that can fail, which are undone if one fails.  LoPAR section
 * B.5.2.3.  SLOF makes the call as hypercall H_CAS and merges the returned
 * device tree into its own; VOF (the machine's Open Firmware client interface)
 * calls papr_cas_from_firmware().
 *
 * Locking: BQL, in the calling vCPU's thread; all other vCPUs are halted, and
 * stay so where a step releases the BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/rcu.h"
#include "qapi/error.h"
#include "hw/mem/memory-device.h"
#include "hw/pseries/accel.h"
#include "hw/pseries/dr.h"
#include "hw/pseries/event.h"
#include "hw/pseries/firmware.h"
#include "hw/pseries/guest-mem.h"
#include "hw/pseries/hcall.h"
#include "hw/pseries/irq.h"
#include "hw/pseries/mmu.h"
#include "hw/pseries/vcpu.h"
#include "hw/ppc/pseries/trace.h"
#include "negotiate.h"

#define GUEST_PAGE      4096
/* Real mode ignores the top four bits of addresses */
#define REAL_ADDR_MASK  (UINT64_MAX >> 4)

/* Header of H_CAS's reply: the version of the flattened tree that follows */
#define REPLY_VERSION   1
#define REPLY_HEADER    4

/*
 * The structure's length is known only once it is parsed, and it may lie at the
 * end of memory: read page by page, up to the end of memory.
 */
static size_t read_structure(uint64_t addr, uint8_t *buf)
{
    size_t n = 0;

    while (n < PAPR_CAS_BYTES_MAX) {
        size_t piece = MIN(GUEST_PAGE - (addr + n) % GUEST_PAGE,
                           PAPR_CAS_BYTES_MAX - n);

        if (!papr_mem_read(addr + n, buf + n, piece)) {
            break;
        }
        n += piece;
    }
    return n;
}

/*
 * A vCPU that start-cpu was called for is still halted, but could begin to run
 * while the BQL is released here, with the MMU and interrupts being replaced.
 */
static bool others_stay_halted(const PaprCas *cas, PowerPCCPU *cpu)
{
    PaprVcpu *vcpu = NULL;

    while ((vcpu = papr_vcpu_next(cas->config.vcpus, vcpu))) {
        if (vcpu->cpu != cpu && !papr_vcpu_stays_halted(vcpu)) {
            return false;
        }
    }
    return true;
}

typedef struct CompatQuery {
    PowerPCCPU *cpu;
    uint32_t max;
} CompatQuery;

static bool compat_ok(uint32_t logical_pvr, uint32_t at_least, void *opaque)
{
    const CompatQuery *query = opaque;

    return ppc_check_compat(query->cpu, logical_pvr, at_least, query->max);
}

typedef struct CompatChange {
    uint32_t pvr;
    Error *err;
} CompatChange;

static void change_compat(CPUState *cs, run_on_cpu_data data)
{
    CompatChange *change = data.host_ptr;

    ppc_set_compat(POWERPC_CPU(cs), change->pvr, &change->err);
}

/*
 * Set the compatibility mode of all vCPUs of the machine.  QEMU's own list also
 * has CPUs that the machine does not have yet, or any more.
 *
 * All others stay halted while the BQL is held, so their registers can be
 * changed here.  To let their threads do it would wait for ever under TCG if
 * one of them has exclusive work, for which it waits until this vCPU has ended
 * its call.
 *
 * KVM's registers need the thread, and KVM has no such work.  run_on_cpu()
 * releases the BQL while it waits.  Then cores may be plugged: they get the
 * mode of the first vCPU, which is set first, or the loop reaches them later.
 * Cores may be unplugged: their vCPUs do not run the work.
 */
static bool set_compat(const PaprCas *cas, uint32_t pvr, PowerPCCPU *cpu,
                       Error **errp)
{
    PaprVcpu *vcpu = NULL;

    if (cpu->compat_pvr == pvr) {
        return true;
    }
    /* the loop may continue from a vCPU that was unplugged meanwhile */
    RCU_READ_LOCK_GUARD();
    while ((vcpu = papr_vcpu_next(cas->config.vcpus, vcpu))) {
        CompatChange change = { .pvr = pvr };

        if (papr_accel->registers_need_vcpu_thread) {
            run_on_cpu(CPU(vcpu->cpu), change_compat,
                       RUN_ON_CPU_HOST_PTR(&change));
        } else {
            change_compat(CPU(vcpu->cpu), RUN_ON_CPU_HOST_PTR(&change));
        }
        if (change.err) {
            error_propagate(errp, change.err);
            return false;
        }
    }
    return true;
}

/*
 * A hash guest needs a table; if it can't resize the table, one for maxmem.
 * The new table is empty: guests make entries after this call.
 */
static bool commit_hpt(const PaprCas *cas, const PaprCasResult *result,
                       Error **errp)
{
    const PaprCasConfig *config = &cas->config;
    int shift = papr_mmu_hpt_shift(config->mmu);
    int wanted;

    if (result->radix) {
        return true;    /* H_REGISTER_PROCESS_TABLE drops the table */
    }
    if (result->fixed_hpt || !config->offer.hpt_resize) {
        wanted = papr_mmu_hpt_shift_for(config->maxram_size);
    } else {
        wanted = papr_mmu_hpt_shift_for(config->ram_size +
                                        get_plugged_memory_size());
    }
    if (shift && (shift >= wanted || !result->fixed_hpt)) {
        return true;
    }
    return papr_mmu_hpt_alloc(config->mmu, wanted, errp);
}

static void use_ov5(PaprCas *cas)
{
    cas->config.numa->form2 = papr_ovec_test(&cas->ov5, OV5_FORM2_AFFINITY);
    if (cas->config.events) {
        papr_events_use_hotplug_source(cas->config.events,
                                       papr_ovec_test(&cas->ov5,
                                                      OV5_HOTPLUG_EVENTS));
    }
}

/*
 * The KVM of some hosts has no compatibility modes; a guest that knows the real
 * processor needs none.
 */
static bool commit_compat(const PaprCas *cas, PowerPCCPU *cpu,
                          const PaprCasResult *result, Error **errp)
{
    Error *err = NULL;

    if (set_compat(cas, result->compat_pvr, cpu, &err)) {
        return true;
    }
    if (result->raw_ok) {
        error_free(err);
        return true;
    }
    error_propagate(errp, err);
    return false;
}

/** CasBefore - what commit_fallible() changes, as it was before */
typedef struct CasBefore {
    uint32_t compat_pvr;
    bool xive;
    bool before_isa3;
    PaprOvec ov5;
} CasBefore;

static CasBefore state_now(const PaprCas *cas, PowerPCCPU *cpu)
{
    return (CasBefore) {
        .compat_pvr = cpu->compat_pvr,
        .xive = papr_irqs_xive_active(cas->config.irqs),
        .before_isa3 = cas->before_isa3,
        .ov5 = cas->ov5,
    };
}

#define UNDO_FAILED "client-architecture-support failed, and its changes " \
                    "can't be undone: "

/*
 * Restore the former state; only a host's kernel can make that fail.  If the
 * call had made another interrupt controller active, the former one is in its
 * state after reset.
 */
static void put_back(PaprCas *cas, PowerPCCPU *cpu, const CasBefore *before)
{
    Error *irqs_err = NULL, *compat_err = NULL;

    cas->ov5 = before->ov5;
    cas->before_isa3 = before->before_isa3;
    use_ov5(cas);
    papr_irqs_select(cas->config.irqs, before->xive, &irqs_err);
    set_compat(cas, before->compat_pvr, cpu, &compat_err);
    if (!cas->refusal_reported) {
        if (irqs_err) {
            warn_reportf_err(error_copy(irqs_err), UNDO_FAILED);
        }
        if (compat_err) {
            warn_reportf_err(error_copy(compat_err), UNDO_FAILED);
        }
    }
    error_free(irqs_err);
    error_free(compat_err);
}

/* The tree of the current state, if the guest has room for it */
static int64_t build_tree(const PaprCas *cas, bool whole, size_t room,
                          void **fdt, size_t *size, Error **errp)
{
    *fdt = cas->config.host.build_tree(whole, size, cas->config.host.opaque,
                                       errp);
    if (!*fdt) {
        return H_HARDWARE;
    }
    if (*size > room) {
        g_clear_pointer(fdt, g_free);
        error_setg(errp, "the device tree has %zu bytes, and the "
                   "firmware's buffer %zu: use a smaller maxmem, or -machine "
                   "x-vof=on, which has room", *size, room);
        return H_TOO_BIG;
    }
    return H_SUCCESS;
}

/*
 * To check the size.  The tree that the guest gets is not larger: settled
 * requests can only remove devices, and the property with the hash page table's
 * size has a fixed length.
 */
static int64_t check_room(const PaprCas *cas, bool whole, size_t room,
                          Error **errp)
{
    g_autofree void *fdt = NULL;
    size_t size = 0;

    return build_tree(cas, whole, room, &fdt, &size, errp);
}

/*
 * The steps that can fail; put_back() undoes them if one fails.  The hash page
 * table is last: when it has been replaced, it can't be restored.
 */
static int64_t commit_fallible(PaprCas *cas, PowerPCCPU *cpu,
                               const PaprCasResult *result, bool whole,
                               size_t room, Error **errp)
{
    CasBefore before = state_now(cas, cpu);
    int64_t rc = H_HARDWARE;

    if (commit_compat(cas, cpu, result, errp) &&
        papr_irqs_select(cas->config.irqs, result->xive, errp)) {
        cas->ov5 = result->ov5;
        cas->before_isa3 = result->before_isa3;
        use_ov5(cas);
        rc = check_room(cas, whole, room, errp);
    }
    if (rc == H_SUCCESS && !commit_hpt(cas, result, errp)) {
        rc = H_HARDWARE;
    }
    if (rc != H_SUCCESS) {
        put_back(cas, cpu, &before);
    }
    return rc;
}

/* Complete pending plugs and unplugs: the new tree has the result */
static void settle_requests(PaprCas *cas)
{
    if (cas->config.dr) {
        papr_dr_reset(cas->config.dr);
    }
    if (cas->config.events) {
        papr_events_drop_hotplug(cas->config.events);
    }
}

/* Report only the first refusal since reset: a guest can repeat the call */
static int64_t refused(PaprCas *cas, int64_t code, const char *why)
{
    trace_papr_cas_refused(code, why);
    qemu_log_mask(LOG_GUEST_ERROR,
                  "pseries: client-architecture-support: %s\n", why);
    if (!cas->refusal_reported) {
        cas->refusal_reported = true;
        error_report("client-architecture-support: %s", why);
    }
    return code;
}

/*
 * The call.  Returns H_SUCCESS, with the new tree of at most @room bytes in
 * @fdt, or another H_* code.
 */
static int64_t cas_call(PaprCas *cas, PowerPCCPU *cpu, uint64_t vec_addr,
                        bool whole, size_t room, void **fdt, size_t *fdt_size)
{
    g_autofree uint8_t *buf = g_malloc(PAPR_CAS_BYTES_MAX);
    g_autofree PaprCasResult *result = g_new(PaprCasResult, 1);
    CompatQuery query = { cpu, cas->config.offer.max_compat };
    PaprCasCpu cpu_info = {
        .pvr = cpu->env.spr[SPR_PVR],
        .compat_ok = compat_ok,
        .opaque = &query,
    };
    Error *err = NULL;
    size_t size;
    int64_t rc;

    if (!others_stay_halted(cas, cpu)) {
        return refused(cas, H_MULTI_THREADS_ACTIVE,
                       "more than one vCPU of the guest runs");
    }
    size = read_structure(vec_addr & REAL_ADDR_MASK, buf);
    rc = papr_cas_negotiate(&cas->config.offer, cas->config.numa, &cpu_info,
                            buf, size, result);
    if (rc != H_SUCCESS) {
        return refused(cas, rc, result->why);
    }
    rc = commit_fallible(cas, cpu, result, whole, room, &err);
    if (rc != H_SUCCESS) {
        refused(cas, rc, error_get_pretty(err));
        error_free(err);
        return rc;
    }
    settle_requests(cas);
    trace_papr_cas_agreed(cpu->compat_pvr, result->radix, result->xive,
                          cas->config.numa->form2);

    rc = build_tree(cas, whole, room, fdt, fdt_size, &err);
    if (rc != H_SUCCESS) {
        refused(cas, rc, error_get_pretty(err));
        error_free(err);
    }
    return rc;
}

static bool has_vof(const PaprCas *cas)
{
    return cas->firmware && papr_firmware_is_vof(cas->firmware);
}

static void use_tree(PaprCas *cas, void *fdt, size_t size)
{
    if (cas->firmware) {
        papr_firmware_set_fdt(cas->firmware, fdt, size);
    } else {
        g_free(fdt);
    }
}

/* H_CAS: r4 structure, r5 buffer for the reply, r6 its size */
static int64_t h_cas(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprCas *cas = opaque;
    uint64_t reply = args[1] & REAL_ADDR_MASK;
    uint64_t reply_size = args[2];
    size_t fdt_size = 0;
    void *fdt = NULL;
    int64_t rc;

    if (reply_size < REPLY_HEADER) {
        return refused(cas, H_P3,
                       "the buffer for the reply has no room for a header");
    }
    if (!papr_mem_is_ram(reply, reply_size)) {
        return refused(cas, H_P2, "the buffer for the reply is not in RAM");
    }
    rc = cas_call(cas, cpu, args[0], has_vof(cas),
                  reply_size - REPLY_HEADER, &fdt, &fdt_size);
    if (rc != H_SUCCESS) {
        return rc;
    }
    papr_mem_write_be32(reply, REPLY_VERSION);
    papr_mem_write(reply + REPLY_HEADER, fdt, fdt_size);
    use_tree(cas, fdt, fdt_size);
    return H_SUCCESS;
}

bool papr_cas_from_firmware(PowerPCCPU *cpu, uint64_t vec_addr, void *opaque)
{
    PaprCas *cas = opaque;
    size_t fdt_size = 0;
    void *fdt = NULL;

    if (cas_call(cas, cpu, vec_addr, true, SIZE_MAX, &fdt, &fdt_size) !=
        H_SUCCESS) {
        return false;
    }
    use_tree(cas, fdt, fdt_size);
    return true;
}

static const PaprHcall cas_hcalls[] = {
    { H_CAS, PAPR_HCALL_NEEDS_REGS, 3, 0, h_cas },
};

void papr_cas_init(PaprCas *cas, const PaprCasConfig *config)
{
    memset(cas, 0, sizeof(*cas));
    cas->config = *config;
    if (!config->offer.isa3) {
        /* older processors have neither, whatever the options say */
        cas->config.offer.radix = false;
        cas->config.offer.xive = false;
    }
    papr_hcall_register(config->hcalls, cas_hcalls, ARRAY_SIZE(cas_hcalls),
                        cas);
}

void papr_cas_set_firmware(PaprCas *cas, PaprFirmware *firmware)
{
    cas->firmware = firmware;
}

void papr_cas_reset(PaprCas *cas, bool agree_all)
{
    memset(&cas->ov5, 0, sizeof(cas->ov5));
    if (agree_all) {
        papr_cas_offer_ov5(&cas->config.offer, &cas->ov5);
    }
    cas->before_isa3 = false;
    cas->refusal_reported = false;
    use_ov5(cas);
}

/*
 * The guest's device tree shows which of the memory options it negotiated.  So
 * a machine that offers no others does not send the vector, nor did old ones.
 */
bool papr_cas_ov5_needed(const PaprCas *cas)
{
    PaprOvec offered, plain = { };

    papr_ovec_set(&plain, OV5_FORM1_AFFINITY);
    papr_ovec_set(&plain, OV5_DRCONF_MEMORY);
    papr_ovec_set(&plain, OV5_DRMEM_V2);
    papr_cas_offer_ov5(&cas->config.offer, &offered);
    return !papr_ovec_within(&offered, &plain);
}

int papr_cas_post_load(PaprCas *cas)
{
    bool xive = !cas->config.offer.xics ||
                papr_ovec_test(&cas->ov5, OV5_XIVE_EXPLOIT);
    Error *err = NULL;

    if (xive && !cas->config.offer.xive) {
        error_report("the stream's guest uses XIVE, which this machine lacks: "
                     "use the same ic-mode as on the source");
        return -EINVAL;
    }
    use_ov5(cas);
    if (!papr_irqs_select(cas->config.irqs, xive, &err)) {
        error_report_err(err);
        return -EIO;
    }
    return 0;
}
