/*
 * KVM on PowerPC: gdb's breakpoints and single steps
 *
 * A breakpoint is an instruction word at which KVM exits to QEMU
 * (KVM_GUESTDBG_USE_SW_BP); the original word is kept.  Processors of Book3S
 * have breakpoints and watchpoints in hardware too, but KVM does not let user
 * space use them.
 *
 * kvm-pr can single-step a guest, kvm-hv cannot.  With kvm-hv a step is done by
 * breakpoints at each place where the next instruction can be: one place, two
 * if the current instruction is a conditional branch, or the ends of a sequence
 * from lwarx to stwcx.  These breakpoints exist from before the vCPU runs until
 * the machine has stopped.
 *
 * Called by the gdb stub (main thread, machine stopped) and, for
 * KVM_EXIT_DEBUG, by the vCPU's thread; always with the BQL (big QEMU lock),
 * which guards the list of traps.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <linux/kvm.h>
#include "exec/address-spaces.h"
#include "exec/cpu-common.h"
#include "exec/target_page.h"
#include "gdbstub/enums.h"
#include "qemu/error-report.h"
#include "system/hw_accel.h"
#include "system/kvm.h"
#include "system/kvm_int.h"
#include "target/ppc/cpu.h"
#include "hw/ppc/pseries/trace.h"
#include "internal.h"

/*
 * A trap in guest memory, at a real address: a vCPU hits it by any effective
 * address, and it can be removed when no vCPU has the translation any more.
 */
typedef struct Trap {
    CPUState *cs;                       /* vCPU of the step; NULL: gdb's trap */
    vaddr pc;
    hwaddr place;
    uint8_t kept[4];
    QLIST_ENTRY(Trap) next;
} Trap;

static QLIST_HEAD(, Trap) traps = QLIST_HEAD_INITIALIZER(traps);

/* The instruction word of a breakpoint (KVM_REG_PPC_DEBUG_INST) */
static uint32_t trap_word = 0x00dddd00;

/*
 * Breakpoints are or were in guest memory.  Once true, it stays true, and traps
 * of all vCPUs exit to QEMU: a vCPU may still hit a trap that was just removed.
 */
static bool armed;

static bool steps_in_kernel(CPUState *cs)
{
    return kvm_vm_check_extension(cs->kvm_state,
                                  KVM_CAP_PPC_GUEST_DEBUG_SSTEP) > 0;
}

/* Where in guest memory @pc is, as the vCPU translates it now */
static bool find_place(CPUState *cs, vaddr pc, hwaddr *place)
{
    hwaddr page = cpu_get_phys_page_debug(cs, pc & TARGET_PAGE_MASK);

    *place = page | (pc & ~TARGET_PAGE_MASK);
    return page != -1;
}

static bool load_insn(hwaddr place, uint8_t word[4])
{
    return address_space_read(&address_space_memory, place,
                              MEMTXATTRS_UNSPECIFIED, word, 4) == MEMTX_OK;
}

static void store_insn(hwaddr place, const uint8_t word[4])
{
    address_space_write_rom(&address_space_memory, place,
                            MEMTXATTRS_UNSPECIFIED, word, 4);
    cpu_flush_icache_range(place, 4);
}

/* Instructions are in the endianness that the vCPU is in */
static bool is_little(CPUState *cs)
{
    return FIELD_EX64(cpu_env(cs)->msr, MSR, LE);
}

static bool insn_at(CPUState *cs, vaddr pc, uint32_t *insn)
{
    uint8_t word[4];
    hwaddr place;

    if (!find_place(cs, pc, &place) || !load_insn(place, word)) {
        return false;
    }
    *insn = is_little(cs) ? ldl_le_p(word) : ldl_be_p(word);
    return true;
}

static bool is_trap(const uint8_t word[4])
{
    return ldl_le_p(word) == trap_word || ldl_be_p(word) == trap_word;
}

/* gdb's breakpoint at @place, if there is one, or else the trap of a step */
static Trap *trap_in(hwaddr place)
{
    Trap *trap, *found = NULL;

    QLIST_FOREACH(trap, &traps, next) {
        if (trap->place == place && (!found || !trap->cs)) {
            found = trap;
        }
    }
    return found;
}

/*
 * Put a trap at @pc, for gdb or for the step of @stepping.  A step can use a
 * trap that is at @pc already.
 */
static bool plant_trap(CPUState *cs, vaddr pc, CPUState *stepping)
{
    Trap found = { .cs = stepping, .pc = pc };
    uint8_t word[4];
    Trap *trap;

    if (!find_place(cs, pc, &found.place) ||
        !load_insn(found.place, found.kept)) {
        return false;
    }
    trap = trap_in(found.place);
    if (trap && is_trap(found.kept)) {
        if (stepping) {
            return true;
        }
        memcpy(found.kept, trap->kept, sizeof(found.kept));
    }
    (is_little(cs) ? stl_le_p : stl_be_p)(word, trap_word);
    store_insn(found.place, word);
    if (!load_insn(found.place, word) || !is_trap(word)) {
        return false;                   /* no memory */
    }
    trap = g_memdup2(&found, sizeof(found));
    QLIST_INSERT_HEAD(&traps, trap, next);
    return true;
}

/*
 * If the guest has overwritten the trap, or was loaded again, its memory is not
 * changed.  Another trap at the same place stays.
 */
static void lift_trap(Trap *trap)
{
    uint8_t word[4];

    QLIST_REMOVE(trap, next);
    if (!trap_in(trap->place) && load_insn(trap->place, word) &&
        is_trap(word)) {
        store_insn(trap->place, trap->kept);
    }
    g_free(trap);
}

int papr_kvm_insert_sw_breakpoint(CPUState *cs, struct kvm_sw_breakpoint *bp)
{
    cpu_synchronize_state(cs);
    if (!plant_trap(cs, bp->pc, NULL)) {
        return -EINVAL;
    }
    armed = true;
    trace_papr_kvm_breakpoint(bp->pc, true);
    return 0;
}

int papr_kvm_remove_sw_breakpoint(CPUState *cs, struct kvm_sw_breakpoint *bp)
{
    Trap *trap, *next;

    trace_papr_kvm_breakpoint(bp->pc, false);
    QLIST_FOREACH_SAFE(trap, &traps, next, next) {
        if (!trap->cs && trap->pc == bp->pc) {
            lift_trap(trap);
        }
    }
    return 0;
}

int papr_kvm_insert_hw_breakpoint(vaddr addr, vaddr len, int type)
{
    return -ENOSYS;
}

int papr_kvm_remove_hw_breakpoint(vaddr addr, vaddr len, int type)
{
    return -ENOSYS;
}

void papr_kvm_remove_all_hw_breakpoints(void)
{
}

/* Opcodes of instructions that a step has to distinguish */
enum {
    OP_PREFIX = 1,
    OP_BC = 16,
    OP_SC = 17,
    OP_B = 18,
    OP_XL = 19,
    OP_X = 31,
    XL_BCLR = 16,
    XL_RFID = 18,
    XL_RFSCV = 82,
    XL_RFEBB = 146,
    XL_BCCTR = 528,
    XL_BCTAR = 560,
};

#define INSN_AA 2
/* At most: places where a step can end, words of a reservation's sequence */
#define MAX_PLACES 4
#define MAX_SEQUENCE 16

/* The branch depends neither on a bit of CR nor on CTR */
static bool branches_always(uint32_t insn)
{
    return (extract32(insn, 21, 5) & 0x14) == 0x14;
}

/* Where an instruction of opcode 19 can lead to, beside the next word */
static bool xl_target(CPUPPCState *env, uint32_t insn, uint64_t *target,
                      bool *always)
{
    *always = branches_always(insn);
    switch (extract32(insn, 1, 10)) {
    case XL_BCLR:
        *target = env->lr;
        return true;
    case XL_BCCTR:
        *target = env->ctr;
        return true;
    case XL_BCTAR:
        *target = env->spr[SPR_TAR];
        return true;
    }
    *always = true;
    switch (extract32(insn, 1, 10)) {
    case XL_RFID:
        *target = env->spr[SPR_SRR0];
        return true;
    case XL_RFSCV:
        *target = env->lr;
        return true;
    case XL_RFEBB:
        *target = env->spr[SPR_EBBRR];
        return true;
    }
    return false;
}

/* LPCR[AIL] = 3: interrupts from translated code go to virtual addresses */
static uint64_t interrupt_vector(CPUPPCState *env, uint64_t offset,
                                 uint64_t scv)
{
    bool high = (env->spr[SPR_LPCR] & LPCR_AIL) == LPCR_AIL &&
                FIELD_EX64(env->msr, MSR, IR) && FIELD_EX64(env->msr, MSR, DR);

    if (scv) {
        return high ? 0xc000000000003000ULL + offset : 0x17000 + offset;
    }
    return high ? 0xc000000000004000ULL + offset : offset;
}

/* `sc 1` of the guest's kernel is a hypercall: it returns to the next word */
static uint64_t system_call_target(CPUPPCState *env, uint32_t insn,
                                   uint64_t next)
{
    if (!(insn & 2)) {
        return interrupt_vector(env, extract32(insn, 5, 7) * 0x20, true);
    }
    if (extract32(insn, 5, 7) == 1 && !FIELD_EX64(env->msr, MSR, PR)) {
        return next;
    }
    return interrupt_vector(env, 0xc00, false);
}

/* Where the instruction at @pc can lead to: one or two places */
static int next_places(CPUPPCState *env, uint64_t pc, uint32_t insn,
                       uint64_t *where)
{
    uint64_t base = insn & INSN_AA ? 0 : pc;
    uint64_t target;
    bool always;

    where[0] = pc + 4;
    switch (insn >> 26) {
    case OP_PREFIX:
        if (env->insns_flags2 & PPC2_ISA310) {
            where[0] = pc + 8;
        }
        return 1;
    case OP_B:
        where[0] = base + ((int64_t)sextract32(insn, 2, 24) << 2);
        return 1;
    case OP_BC:
        always = branches_always(insn);
        where[always ? 0 : 1] = base + ((int64_t)sextract32(insn, 2, 14) << 2);
        return always ? 1 : 2;
    case OP_SC:
        where[0] = system_call_target(env, insn, pc + 4);
        return 1;
    case OP_XL:
        if (xl_target(env, insn, &target, &always)) {
            where[always ? 0 : 1] = target & ~3ULL;
            return always ? 1 : 2;
        }
        return 1;
    }
    return 1;
}

/* lbarx, lharx, lwarx, ldarx, lqarx: a reservation is made */
static bool makes_reservation(uint32_t insn)
{
    uint32_t xo = extract32(insn, 1, 10);

    return insn >> 26 == OP_X &&
           (xo == 52 || xo == 116 || xo == 20 || xo == 84 || xo == 276);
}

/* stbcx., sthcx., stwcx., stdcx., stqcx.: a reservation is used */
static bool uses_reservation(uint32_t insn)
{
    uint32_t xo = extract32(insn, 1, 10);

    return insn >> 26 == OP_X &&
           (xo == 694 || xo == 726 || xo == 150 || xo == 214 || xo == 182);
}

/*
 * A trap between a load that reserves and its store would lose the reservation,
 * each time that the guest tries: such a sequence is one step.  Returns the
 * number of its ends; 0 if it has none nearby.
 */
static int sequence_ends(CPUState *cs, uint64_t pc, uint64_t *where)
{
    int n = 1;

    for (int i = 1; i < MAX_SEQUENCE; i++) {
        uint64_t ends[2];
        uint32_t insn = 0;

        pc += 4;
        if (!insn_at(cs, pc, &insn)) {
            return 0;
        }
        if (uses_reservation(insn)) {
            where[0] = pc + 4;
            return n;
        }
        if (insn >> 26 == OP_BC && n < MAX_PLACES) {
            int count = next_places(cpu_env(cs), pc, insn, ends);

            where[n++] = ends[count - 1];
        }
    }
    return 0;
}

static int places_after(CPUState *cs, uint64_t pc, uint32_t insn,
                        uint64_t *where)
{
    int n = makes_reservation(insn) ? sequence_ends(cs, pc, where) : 0;

    return n ?: next_places(cpu_env(cs), pc, insn, where);
}

static void end_step(CPUState *cs)
{
    Trap *trap, *next;

    QLIST_FOREACH_SAFE(trap, &traps, next, next) {
        if (trap->cs == cs) {
            lift_trap(trap);
        }
    }
}

static void begin_step(CPUState *cs)
{
    CPUPPCState *env = cpu_env(cs);
    uint64_t narrow = FIELD_EX64(env->msr, MSR, SF) ? UINT64_MAX : UINT32_MAX;
    uint64_t where[MAX_PLACES];
    uint32_t insn = 0;
    int planted = 0, n;

    if (!insn_at(cs, env->nip, &insn)) {
        warn_report("gdb: no instruction to step at 0x%" PRIx64
                    ": vCPU %d runs on", (uint64_t)env->nip, cs->cpu_index);
        return;
    }
    n = places_after(cs, env->nip, insn, where);
    for (int i = 0; i < n; i++) {
        planted += plant_trap(cs, where[i] & narrow, cs);
    }
    trace_papr_kvm_step(cs->cpu_index, env->nip, where[0], n);
    if (!planted) {
        warn_report("gdb: the step from 0x%" PRIx64 " leads nowhere that is "
                    "mapped: vCPU %d runs on", (uint64_t)env->nip,
                    cs->cpu_index);
    }
}

static void arm_one(CPUState *cs, run_on_cpu_data data)
{
    struct kvm_guest_debug request = {
        .control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP,
    };

    kvm_vcpu_ioctl(cs, KVM_SET_GUEST_DEBUG, &request);
}

/* The first trap was for a step: enable traps on all other vCPUs, too */
static void arm_others(CPUState *self)
{
    CPUState *cs;

    armed = true;
    CPU_FOREACH(cs) {
        if (cs != self) {
            run_on_cpu(cs, arm_one, RUN_ON_CPU_NULL);
        }
    }
}

void papr_kvm_update_guest_debug(CPUState *cs, struct kvm_guest_debug *request)
{
    cpu_synchronize_state(cs);
    end_step(cs);
    if (cs->singlestep_enabled && !steps_in_kernel(cs)) {
        request->control &= ~KVM_GUESTDBG_SINGLESTEP;
        begin_step(cs);
        if (!armed) {
            arm_others(cs);
        }
    }
    if (armed) {
        request->control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP;
    }
}

void papr_kvm_debug_destroy_vcpu(CPUState *cs)
{
    end_step(cs);
}

/* A vCPU that is plugged hits the breakpoints, too */
void papr_kvm_debug_init_vcpu(CPUState *cs)
{
    uint32_t word;

    if (kvm_get_one_reg(cs, KVM_REG_PPC_DEBUG_INST, &word) == 0) {
        trap_word = word;
    }
    if (armed) {
        arm_one(cs, RUN_ON_CPU_NULL);
    }
}

static void give_program_interrupt(CPUState *cs)
{
    cs->exception_index = POWERPC_EXCP_PROGRAM;
    cpu_env(cs)->error_code = POWERPC_EXCP_INVAL | POWERPC_EXCP_INVAL_INVAL;
    ppc_cpu_do_interrupt(cs);
    cs->exception_index = POWERPC_EXCP_NONE;
}

bool papr_kvm_debug_exit(PowerPCCPU *cpu, uint64_t address)
{
    CPUState *cs = CPU(cpu);
    uint8_t word[4];
    hwaddr place;
    Trap *trap;

    trace_papr_kvm_debug_exit(cs->cpu_index, address);
    if (cs->singlestep_enabled) {
        return true;
    }
    cpu_synchronize_state(cs);
    if (!find_place(cs, address, &place)) {
        return false;                   /* the guest's fetch will fault */
    }
    trap = trap_in(place);
    if (trap) {
        /* another vCPU's step: removed soon, try again */
        return !trap->cs;
    }
    if (load_insn(place, word) && is_trap(word)) {
        give_program_interrupt(cs);
    }
    return false;           /* else it was removed meanwhile: try again */
}
