/*
 * Firmware-assisted dump: ibm,configure-kernel-dump, and the dump itself
 *
 * LoPAR sections 7.3.26 and 7.3.9.1, appendix G.  A dump goes through these
 * states:
 *
 * 1. NONE.
 * 2. REGISTERED: by command 1; command 2 unregisters.
 * 3. STOPPING: a vCPU has called ibm,os-term.  Its registers are saved, and it
 *    is stopped.  The main loop stops the others and saves theirs.
 * 4. COPYING: the main loop copies memory in pieces, so that the BQL (big QEMU
 *    lock) and the monitor are free after each piece.
 * 5. COPIED: a reset of the machine is requested.
 * 6. ACTIVE: from that reset on, also after further resets, until command 3.
 *
 * States 3 to 5 are advanced by a timer of the virtual clock, and the vCPUs are
 * stopped in a bottom half that it schedules.  So nothing changes while the
 * machine is stopped: migration saves any of these states.
 *
 * Called by rtas/dispatch.c, machine/ and dt/.  Locking: BQL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "hw/core/cpu.h"
#include "hw/pseries/fadump.h"
#include "hw/pseries/guest-mem.h"
#include "hw/pseries/work.h"
#include "system/cpus.h"
#include "system/runstate.h"
#include "registers.h"
#include "structure.h"
#include "hw/ppc/pseries/trace.h"

/* Sizes are multiples of a page, so that sections can be consecutive */
#define SECTION_ALIGN   (64 * KiB)

/* PIECE: bytes copied in one timer step; BUFFER_SIZE: bytes of one copy */
#define PIECE           (8 * MiB)
#define BUFFER_SIZE     (64 * KiB)

enum {
    COMMAND_REGISTER = 1,
    COMMAND_UNREGISTER = 2,
    COMMAND_INVALIDATE = 3,
};

enum {
    STATE_NONE,
    STATE_REGISTERED,
    STATE_STOPPING,
    STATE_COPYING,
    STATE_COPIED,
    STATE_ACTIVE,
};

struct PaprFadump {
    PaprVcpuMap *vcpus;
    PaprFadumpLimits limits;
    QEMUTimer *timer;                   /* the next step */
    QEMUBH *stop_bh;

    uint8_t state;
    uint32_t size;                      /* of the structure; 0 in NONE */
    uint8_t bytes[PAPR_FADUMP_BYTES_MAX];   /* status: set at reset, pre_save */
    PaprFadumpPlan plan;                /* what @bytes describe */
    uint32_t n_saved;                   /* vCPUs */
};

static bool dump_in_progress(const PaprFadump *fadump)
{
    return fadump->state >= STATE_STOPPING && fadump->state <= STATE_COPIED;
}

static void schedule_step(PaprFadump *fadump)
{
    timer_mod(fadump->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
}

static uint16_t dump_status(const PaprFadump *fadump)
{
    uint16_t flags = 0;

    if (fadump->state < STATE_COPIED) {
        return 0;
    }
    for (unsigned i = 0; i < fadump->plan.n_sections; i++) {
        if (fadump->plan.section[i].errors) {
            flags |= PAPR_FADUMP_FAILED;
        }
    }
    if (fadump->state == STATE_ACTIVE) {
        flags |= PAPR_FADUMP_PREVIOUS_BOOT;
    }
    return flags | PAPR_FADUMP_PERFORMED;
}

static void clear_dump(PaprFadump *fadump)
{
    timer_del(fadump->timer);
    qemu_bh_cancel(fadump->stop_bh);
    fadump->state = STATE_NONE;
    fadump->size = 0;
    fadump->n_saved = 0;
    memset(&fadump->plan, 0, sizeof(fadump->plan));
}

/* --- ibm,configure-kernel-dump ------------------------------------------- */

static int32_t refuse_dump(const char *why)
{
    qemu_log_mask(LOG_GUEST_ERROR, "RTAS: ibm,configure-kernel-dump: %s\n",
                  why);
    return RTAS_PARAMETER_ERROR;
}

static int32_t register_dump(PaprFadump *fadump, uint64_t addr, uint32_t size)
{
    uint8_t bytes[PAPR_FADUMP_BYTES_MAX];
    PaprFadumpPlan plan;
    const char *wrong;

    if (fadump->state == STATE_REGISTERED) {
        return RTAS_DUMP_REGISTERED;
    }
    if (size > sizeof(bytes) || !papr_mem_read(addr, bytes, size)) {
        return refuse_dump("the structure is not in RAM, or too long");
    }
    wrong = papr_fadump_parse(&plan, bytes, size, &fadump->limits);
    if (wrong) {
        return refuse_dump(wrong);
    }
    for (unsigned i = 0; i < plan.n_sections; i++) {
        plan.section[i].errors = 0;
        plan.section[i].copied = 0;
    }
    fadump->plan = plan;
    fadump->size = size;
    fadump->n_saved = 0;
    memcpy(fadump->bytes, bytes, size);
    papr_fadump_store(&plan, 0, fadump->bytes);
    fadump->state = STATE_REGISTERED;
    trace_papr_fadump_registered(plan.n_sections);
    return RTAS_SUCCESS;
}

static int32_t configure_kernel_dump(PowerPCCPU *cpu, PaprRtasCall *call,
                                     void *opaque)
{
    PaprFadump *fadump = opaque;
    uint32_t command = call->args[0];
    bool is_busy = dump_in_progress(fadump) || fadump->state == STATE_ACTIVE;

    switch (command) {
    case COMMAND_REGISTER:
        return is_busy ? RTAS_DUMP_ACTIVE
                       : register_dump(fadump, call->args[1], call->args[2]);
    case COMMAND_UNREGISTER:
        if (is_busy) {
            return RTAS_DUMP_ACTIVE;
        }
        clear_dump(fadump);
        return RTAS_SUCCESS;
    case COMMAND_INVALIDATE:
        if (fadump->state != STATE_ACTIVE) {
            return refuse_dump("no dump is active");
        }
        trace_papr_fadump_invalidated();
        clear_dump(fadump);
        return RTAS_SUCCESS;
    default:
        return refuse_dump("unknown command");
    }
}

static const PaprRtasEntry fadump_calls[] = {
    { RTAS_IBM_CONFIGURE_KERNEL_DUMP, 3, 1, configure_kernel_dump },
};

/* --- registers ----------------------------------------------------------- */

/*
 * Appends to the section.  The count of vCPUs is incremented when all registers
 * are written, so that a section with an error has whole vCPUs only.
 */
static void save_registers(PaprFadump *fadump, const PaprVcpu *vcpu,
                           PaprFadumpSection *section)
{
    uint8_t head[PAPR_FADUMP_HEAD_SIZE];
    g_autofree uint8_t *regs = g_malloc(PAPR_FADUMP_VCPU_MAX);
    size_t size = papr_fadump_put_regs(regs, vcpu);
    uint64_t at = section->copied ?: sizeof(head);

    if (at > section->length || size > section->length - at) {
        section->errors |= PAPR_FADUMP_TOO_SMALL;
        return;
    }
    papr_fadump_put_regs_head(head, fadump->n_saved + 1);
    if (!papr_mem_write(section->destination + at, regs, size) ||
        !papr_mem_write(section->destination, head, sizeof(head))) {
        section->errors |= PAPR_FADUMP_BAD_DESTINATION;
        return;
    }
    section->copied = at + size;
    fadump->n_saved++;
}

/* Registers are saved only of a vCPU that was started and is not stopped */
static void save_and_stop(PaprFadump *fadump, PaprVcpu *vcpu)
{
    papr_vcpu_cancel_start(vcpu);
    if (!papr_vcpu_has_begun(vcpu)) {
        return;
    }
    for (unsigned i = 0; i < fadump->plan.n_sections; i++) {
        PaprFadumpSection *section = &fadump->plan.section[i];

        if (section->type == PAPR_FADUMP_CPU_STATE) {
            save_registers(fadump, vcpu, section);
        }
    }
    vcpu->machine_check.waits = false;
    papr_vcpu_stop_self(vcpu);
}

bool papr_fadump_begin(PaprFadump *fadump, PowerPCCPU *cpu)
{
    if (fadump->state != STATE_REGISTERED && !dump_in_progress(fadump)) {
        return false;
    }
    if (fadump->state == STATE_REGISTERED) {
        fadump->state = STATE_STOPPING;
        schedule_step(fadump);
    }
    save_and_stop(fadump, papr_vcpu(cpu));
    trace_papr_fadump_begun(papr_vcpu(cpu)->id);
    return true;
}

/*
 * In a bottom half: pause_all_vcpus() waits until the virtual clock has
 * stopped, which a timer of that clock can't do.  Before the bottom half, and
 * while it waits, the machine may have been stopped or reset.
 */
static void stop_all_for_dump(void *opaque)
{
    PaprFadump *fadump = opaque;
    PaprVcpu *vcpu = NULL;

    if (fadump->state == STATE_STOPPING && runstate_is_running()) {
        pause_all_vcpus();
        if (fadump->state == STATE_STOPPING && runstate_is_running()) {
            while ((vcpu = papr_vcpu_next(fadump->vcpus, vcpu))) {
                save_and_stop(fadump, vcpu);
            }
            fadump->state = STATE_COPYING;
        }
        resume_all_vcpus();
    }
    if (dump_in_progress(fadump)) {
        schedule_step(fadump);
    }
}

/* --- copying ------------------------------------------------------------- */

static void put_hpt(PaprFadumpSection *section)
{
    uint8_t head[PAPR_FADUMP_HEAD_SIZE];

    papr_fadump_put_hpt_head(head);
    if (papr_mem_write(section->destination, head, sizeof(head))) {
        section->copied = sizeof(head);
    } else {
        section->errors |= PAPR_FADUMP_BAD_DESTINATION;
    }
}

/* Copies up to @most bytes of @section, returns how many.  Sets its errors. */
static uint64_t copy_memory(PaprFadumpSection *section, uint64_t most,
                            void *buffer)
{
    uint64_t end = section->copied + MIN(section->length - section->copied,
                                         most);
    uint64_t begun_at = section->copied;

    while (section->copied < end) {
        size_t size = MIN(end - section->copied, BUFFER_SIZE);

        /* memory that was RAM at the registration may be unplugged since */
        if (!papr_mem_read(section->source + section->copied, buffer, size)) {
            section->errors |= PAPR_FADUMP_BAD_SOURCE;
            break;
        }
        if (!papr_mem_write(section->destination + section->copied, buffer,
                            size)) {
            section->errors |= PAPR_FADUMP_BAD_DESTINATION;
            break;
        }
        section->copied += size;
    }
    return section->copied - begun_at;
}

static bool section_is_done(const PaprFadumpSection *section)
{
    if (section->errors || section->type == PAPR_FADUMP_CPU_STATE) {
        return true;
    }
    return section->copied == (section->type == PAPR_FADUMP_HPT
                               ? PAPR_FADUMP_HEAD_SIZE : section->length);
}

/* Returns true if all is copied */
static bool copy_piece(PaprFadump *fadump)
{
    g_autofree void *buffer = g_malloc(BUFFER_SIZE);
    uint64_t left = PIECE;

    papr_work_begin();
    for (unsigned i = 0; i < fadump->plan.n_sections; i++) {
        PaprFadumpSection *section = &fadump->plan.section[i];

        if (section_is_done(section)) {
            continue;
        }
        if (section->type == PAPR_FADUMP_HPT) {
            put_hpt(section);
            continue;
        }
        left -= copy_memory(section, left, buffer);
        if (!section_is_done(section)) {
            return false;
        }
        trace_papr_fadump_section(section->type, section->copied,
                                  section->errors);
    }
    return true;
}

static void dump_step(void *opaque)
{
    PaprFadump *fadump = opaque;

    switch (fadump->state) {
    case STATE_STOPPING:
        qemu_bh_schedule(fadump->stop_bh);
        break;
    case STATE_COPYING:
        if (copy_piece(fadump)) {
            fadump->state = STATE_COPIED;
        }
        schedule_step(fadump);
        break;
    case STATE_COPIED:
        qemu_system_reset_request(SHUTDOWN_CAUSE_GUEST_RESET);
        break;
    }
}

/* --- the next boot ------------------------------------------------------- */

void papr_fadump_reset(PaprFadump *fadump, bool forget)
{
    if (forget || (fadump->state != STATE_COPIED &&
                   fadump->state != STATE_ACTIVE)) {
        clear_dump(fadump);
        return;
    }
    fadump->state = STATE_ACTIVE;
    papr_fadump_store(&fadump->plan, dump_status(fadump), fadump->bytes);
    trace_papr_fadump_active(dump_status(fadump));
}

uint64_t papr_fadump_rma_size(const PaprFadump *fadump, uint64_t rma_size,
                              uint64_t least)
{
    if (fadump->state != STATE_ACTIVE) {
        return rma_size;
    }
    for (unsigned i = 0; i < fadump->plan.n_sections; i++) {
        const PaprFadumpSection *section = &fadump->plan.section[i];
        /* the node of the real mode area has a power of two as size */
        uint64_t size = pow2floor(section->length);

        if (section->type == PAPR_FADUMP_REAL_MODE && !section->source &&
            !section->errors && size >= least) {
            return MIN(rma_size, size);
        }
    }
    return rma_size;
}

void papr_fadump_dt_rtas(const PaprFadump *fadump, PaprDt *dt)
{
    const uint16_t versions[] = { cpu_to_be16(1), cpu_to_be16(1) };

    papr_dt_cell_list(dt, "ibm,configure-kernel-dump-sizes",
                      PAPR_FADUMP_CPU_STATE, fadump->limits.cpu_state >> 32,
                      fadump->limits.cpu_state,
                      PAPR_FADUMP_HPT, fadump->limits.hpt >> 32,
                      fadump->limits.hpt);
    papr_dt_bytes(dt, "ibm,configure-kernel-dump-version", versions,
                  sizeof(versions));
    if (fadump->state == STATE_ACTIVE) {
        papr_dt_bytes(dt, "ibm,kernel-dump", fadump->bytes, fadump->size);
    }
}

PaprFadump *papr_fadump_new(PaprRtas *rtas, PaprVcpuMap *vcpus,
                            uint32_t max_cpus)
{
    PaprFadump *fadump = g_new0(PaprFadump, 1);
    uint64_t cpu_state = PAPR_FADUMP_HEAD_SIZE +
                         (uint64_t)max_cpus * PAPR_FADUMP_VCPU_MAX;

    fadump->vcpus = vcpus;
    fadump->limits = (PaprFadumpLimits) {
        .cpu_state = ROUND_UP(cpu_state, SECTION_ALIGN),
        .hpt = SECTION_ALIGN,
        .is_ram = papr_mem_is_ram,
    };
    fadump->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, dump_step, fadump);
    fadump->stop_bh = qemu_bh_new(stop_all_for_dump, fadump);
    papr_rtas_register(rtas, fadump_calls, ARRAY_SIZE(fadump_calls), fadump);
    return fadump;
}

/* --- streams ------------------------------------------------------------- */

bool papr_fadump_needed(const PaprFadump *fadump)
{
    return fadump->state != STATE_NONE;
}

static int fadump_pre_save(void *opaque)
{
    PaprFadump *fadump = opaque;

    papr_fadump_store(&fadump->plan, dump_status(fadump), fadump->bytes);
    return 0;
}

/*
 * Memory may have been unplugged since the registration, and the destination
 * may require more space for registers: so only the format is checked.
 */
static int fadump_post_load(void *opaque, int version_id)
{
    PaprFadump *fadump = opaque;
    const PaprFadumpLimits limits = {
        .cpu_state = PAPR_FADUMP_HEAD_SIZE,
        .hpt = PAPR_FADUMP_HEAD_SIZE,
    };

    if (fadump->state == STATE_NONE || fadump->state > STATE_ACTIVE ||
        papr_fadump_parse(&fadump->plan, fadump->bytes, fadump->size,
                          &limits)) {
        clear_dump(fadump);
        return -EINVAL;
    }
    for (unsigned i = 0; i < fadump->plan.n_sections; i++) {
        if (fadump->plan.section[i].copied > fadump->plan.section[i].length) {
            clear_dump(fadump);
            return -EINVAL;
        }
    }
    if (dump_in_progress(fadump)) {
        schedule_step(fadump);
    }
    return 0;
}

const VMStateDescription vmstate_papr_fadump = {
    .name = "papr_fadump",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = fadump_pre_save,
    .post_load = fadump_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8(state, PaprFadump),
        VMSTATE_UINT32(size, PaprFadump),
        VMSTATE_BUFFER(bytes, PaprFadump),
        VMSTATE_UINT32(n_saved, PaprFadump),
        VMSTATE_END_OF_LIST()
    },
};
