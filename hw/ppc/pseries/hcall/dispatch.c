/*
 * Hypercall table and dispatch
 *
 * One flat array, filled at machine init by the families, read by every vCPU.
 * Called by the accelerator's entry code (accel/tcg.c, target/ppc/kvm/exits.c)
 * and by qtests.  LoPAR section 14.5.
 *
 * Locking: none to find an entry.  An entry is constant once vCPUs run, except
 * for "enabled" and "counted", which are atomic bytes.  A vCPU may still run a
 * call that it found enabled just before the call was disabled: that is as if
 * it had made the call earlier.
 * The BQL is taken here, for the calls that need it, and released here: it is
 * never held over a longjmp of the accelerator.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "system/hw_accel.h"
#include "hw/pseries/accel.h"
#include "hw/pseries/call-stats.h"
#include "hw/pseries/hcall.h"
#include "hw/pseries/vcpu.h"
#include "hw/ppc/pseries/trace.h"
#include "table.h"

typedef struct PaprHcallSlot {
    PaprHcallFn *fn;                    /* NULL: no such call */
    void *opaque;
    uint16_t policy;
    uint8_t nargs;
    uint8_t nrets;
    bool enabled;                       /* atomic */
    bool counted;                       /* atomic */
} PaprHcallSlot;

struct PaprHcallTable {
    PaprHcallSlot slots[PAPR_HCALL_SLOTS];
};

PaprHcallTable *papr_hcall_table_new(void)
{
    return g_new0(PaprHcallTable, 1);
}

void papr_hcall_table_free(PaprHcallTable *table)
{
    g_free(table);
}

void papr_hcall_register(PaprHcallTable *table, const PaprHcall *calls,
                         size_t n_calls, void *opaque)
{
    for (const PaprHcall *call = calls; call < calls + n_calls; call++) {
        int i = papr_hcall_slot(call->opcode);

        assert(i >= 0 && !table->slots[i].fn);
        table->slots[i] = (PaprHcallSlot) {
            .fn = call->fn,
            .opaque = opaque,
            .policy = call->policy,
            .nargs = call->nargs,
            .nrets = call->nrets,
            .enabled = true,
        };
    }
}

void papr_hcall_enable(PaprHcallTable *table, const PaprHcall *calls,
                       size_t n_calls, bool enable)
{
    for (const PaprHcall *call = calls; call < calls + n_calls; call++) {
        int i = papr_hcall_slot(call->opcode);

        assert(i >= 0 && table->slots[i].fn == call->fn);
        qatomic_set(&table->slots[i].enabled, enable);
    }
}

void papr_hcall_count(PaprHcallTable *table, bool count)
{
    for (int i = 0; i < PAPR_HCALL_SLOTS; i++) {
        qatomic_set(&table->slots[i].counted, count);
    }
}

void papr_hcall_for_each(PaprHcallTable *table,
                         void (*fn)(PaprHcallTable *table,
                                    const PaprHcall *call, void *opaque),
                         void *opaque)
{
    for (int i = 0; i < PAPR_HCALL_SLOTS; i++) {
        const PaprHcallSlot *slot = &table->slots[i];

        if (slot->fn && qatomic_read(&slot->enabled)) {
            fn(table, &(PaprHcall) {
                .opcode = papr_hcall_opcode(i),
                .policy = slot->policy,
                .nargs = slot->nargs,
                .nrets = slot->nrets,
                .fn = slot->fn,
            }, opaque);
        }
    }
}

const char *papr_hcall_name(uint32_t opcode)
{
    switch (opcode) {
#define NAME_CASE(name, number) case number: return #name;
    PAPR_HCALL_LIST(NAME_CASE)
#undef NAME_CASE
    }
    return NULL;
}

static const char *name_for_trace(uint64_t opcode)
{
    const char *name = opcode == (uint32_t)opcode ? papr_hcall_name(opcode)
                                                  : NULL;

    return name ?: "unknown";
}

/* " r4=.. r5=.." of the first @n registers; @buf is large enough for nine */
static const char *registers_for_trace(char *buf, const uint64_t *regs,
                                       unsigned n)
{
    char *p = buf;

    *p = '\0';
    for (unsigned i = 0; i < MIN(n, 9); i++) {
        p += sprintf(p, " r%u=0x%" PRIx64, 4 + i, regs[i]);
    }
    return buf;
}

#define TRACE_REGISTERS_SIZE 256

static void trace_entry(PowerPCCPU *cpu, uint64_t opcode,
                                   const uint64_t *args, unsigned nargs)
{
    char buf[TRACE_REGISTERS_SIZE];

    trace_papr_hcall(CPU(cpu)->cpu_index, name_for_trace(opcode), opcode,
                     registers_for_trace(buf, args, nargs));
}

static void trace_exit(PowerPCCPU *cpu, uint64_t opcode, int64_t rc,
                                  const uint64_t *rets, unsigned nrets)
{
    char buf[TRACE_REGISTERS_SIZE];

    trace_papr_hcall_done(CPU(cpu)->cpu_index, name_for_trace(opcode), rc,
                          registers_for_trace(buf, rets, nrets));
}

static bool in_problem_state(PowerPCCPU *cpu)
{
    return FIELD_EX64(cpu->env.msr, MSR, PR) && papr_accel->msr_is_current;
}

static int64_t run_call(const PaprHcallSlot *slot, PowerPCCPU *cpu,
                        uint64_t *args)
{
    bool lock = !(slot->policy & PAPR_HCALL_LOCKLESS) && !bql_locked();
    int64_t rc;

    if (lock) {
        bql_lock();
    }
    if (slot->policy & PAPR_HCALL_NEEDS_REGS) {
        cpu_synchronize_state(CPU(cpu));
    }
    rc = slot->fn(cpu, args, slot->opaque);
    if (lock) {
        bql_unlock();
    }
    return rc;
}

static int64_t run_call_counted(const PaprHcallSlot *slot, int i,
                                PowerPCCPU *cpu, uint64_t *args)
{
    int64_t begun = get_clock();
    int64_t rc = run_call(slot, cpu, args);

    papr_call_stats_hcall(papr_vcpu(cpu), i, begun);
    return rc;
}

int64_t papr_hcall_dispatch(PowerPCCPU *cpu, uint64_t opcode, uint64_t *args)
{
    const PaprHcallSlot *slot = NULL;
    int i = papr_hcall_slot(opcode);
    int64_t rc;

    if (i >= 0) {
        slot = &papr_vcpu(cpu)->hcalls->slots[i];
        if (!qatomic_read(&slot->enabled)) {
            slot = NULL;
        }
    }
    if (trace_event_get_state_backends(TRACE_PAPR_HCALL)) {
        trace_entry(cpu, opcode, args, slot ? slot->nargs : 6);
    }

    if (unlikely(in_problem_state(cpu)) &&
        !(slot && slot->policy & PAPR_HCALL_USER_OK)) {
        rc = H_PRIVILEGE;
    } else if (!slot) {
        qemu_log_mask(LOG_UNIMP, "hypercall 0x%" PRIx64 " (%s) not offered\n",
                      opcode, name_for_trace(opcode));
        rc = H_FUNCTION;
    } else if (unlikely(qatomic_read(&slot->counted))) {
        rc = run_call_counted(slot, i, cpu, args);
    } else {
        rc = run_call(slot, cpu, args);
    }

    if (trace_event_get_state_backends(TRACE_PAPR_HCALL_DONE)) {
        trace_exit(cpu, opcode, rc, args, slot && !rc ? slot->nrets : 0);
    }
    return rc;
}
