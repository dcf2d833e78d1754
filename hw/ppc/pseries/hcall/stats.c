/*
 * How often each call was made, and how long it took: query-stats
 *
 * Called by dispatch.c and rtas/dispatch.c while option call-stats is on, and
 * by the monitor.  A call's time begins when the platform gets the call and
 * ends when its handler returns: it includes waiting for the BQL (big QEMU
 * lock), but not a vCPU's sleep after H_CEDE.  H_RTAS includes all RTAS calls.
 *
 * Locking: none.
 *
 * 1. A vCPU's counters are written by one thread alone, the one that runs the
 *    vCPU's calls.  So they need no atomic addition: that thread reads each
 *    counter, and stores it as one word.
 * 2. The first call that is counted allocates them, zeroed, then sets the
 *    pointer (release).  They are freed with the vCPU.
 * 3. The monitor reads each word atomically; a count and its time may be of
 *    different moments.
 * 4. The monitor holds the BQL, as plug and unplug of vCPUs do.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/timer.h"
#include "hw/pseries/call-stats.h"
#include "system/stats.h"
#include "table.h"

typedef struct CallStat {
    uint64_t count;
    uint64_t ns;
} CallStat;

#define N_TOKENS (PAPR_RTAS_TOKEN_END - PAPR_RTAS_TOKEN_FIRST)

struct PaprCallStats {
    CallStat hcalls[PAPR_HCALL_SLOTS];
    CallStat rtas[N_TOKENS];
};

/* In the order of query-stats */
static const struct {
    const char *name;
    uint32_t number;                    /* opcode or token */
    bool is_rtas;
} calls[] = {
#define HCALL(name, number) { #name, number, false },
    PAPR_HCALL_LIST(HCALL)
#undef HCALL
#define RTAS_CALL(id, number, name) { name, number, true },
    PAPR_RTAS_LIST(RTAS_CALL)
#undef RTAS_CALL
};

static const PaprVcpuMap *vcpus;

/* --- counting ------------------------------------------------------------ */

static PaprCallStats *stats_of(PaprVcpu *vcpu)
{
    PaprCallStats *stats = vcpu->call_stats;

    if (!stats) {
        stats = g_new0(PaprCallStats, 1);
        qatomic_store_release(&vcpu->call_stats, stats);
    }
    return stats;
}

static void count_call(CallStat *stat, int64_t begun)
{
    qatomic_set(&stat->count, stat->count + 1);
    qatomic_set(&stat->ns, stat->ns + get_clock() - begun);
}

void papr_call_stats_hcall(PaprVcpu *vcpu, int slot, int64_t begun)
{
    count_call(&stats_of(vcpu)->hcalls[slot], begun);
}

void papr_call_stats_rtas(PaprVcpu *vcpu, uint32_t token, int64_t begun)
{
    count_call(&stats_of(vcpu)->rtas[token - PAPR_RTAS_TOKEN_FIRST], begun);
}

/* --- query-stats --------------------------------------------------------- */

static void add_stat(const PaprVcpu *vcpu, size_t call, CallStat *sum)
{
    const PaprCallStats *stats = qatomic_load_acquire(&vcpu->call_stats);
    const CallStat *stat;

    if (stats) {
        stat = calls[call].is_rtas
            ? &stats->rtas[calls[call].number - PAPR_RTAS_TOKEN_FIRST]
            : &stats->hcalls[papr_hcall_slot(calls[call].number)];
        sum->count += qatomic_read(&stat->count);
        sum->ns += qatomic_read(&stat->ns);
    }
}

static void tell(StatsList ***tail, const char *call, const char *what,
                 uint64_t value, strList *names)
{
    g_autofree char *name = g_strdup_printf("%s-%s", call, what);
    Stats *stat;

    if (!apply_str_list_filter(name, names)) {
        return;
    }
    stat = g_new0(Stats, 1);
    stat->name = g_steal_pointer(&name);
    stat->value = g_new0(StatsValue, 1);
    stat->value->type = QTYPE_QNUM;
    stat->value->u.scalar = value;
    QAPI_LIST_APPEND(*tail, stat);
}

/* Of @vcpu, or of all if that is NULL; calls that were not made are left out */
static StatsList *collect_stats(const PaprVcpu *vcpu, strList *names)
{
    StatsList *list = NULL, **tail = &list;

    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        CallStat sum = {};
        const PaprVcpu *one = NULL;

        if (vcpu) {
            add_stat(vcpu, i, &sum);
        } else {
            while ((one = papr_vcpu_next(vcpus, one))) {
                add_stat(one, i, &sum);
            }
        }
        if (sum.count) {
            tell(&tail, calls[i].name, "count", sum.count, names);
            tell(&tail, calls[i].name, "time", sum.ns, names);
        }
    }
    return list;
}

static void retrieve_stats(StatsResultList **result, StatsTarget target,
                           strList *names, strList *targets, Error **errp)
{
    const PaprVcpu *vcpu = NULL;
    StatsList *list;

    if (target == STATS_TARGET_VM) {
        list = collect_stats(NULL, names);
        if (list) {
            add_stats_entry(result, STATS_PROVIDER_PAPR, NULL, list);
        }
    }
    while (target == STATS_TARGET_VCPU &&
           (vcpu = papr_vcpu_next(vcpus, vcpu))) {
        g_autofree char *path = object_get_canonical_path(OBJECT(vcpu->cpu));

        list = apply_str_list_filter(path, targets) ? collect_stats(vcpu, names)
                                                    : NULL;
        if (list) {
            add_stats_entry(result, STATS_PROVIDER_PAPR, path, list);
        }
    }
}

static void describe_stat(StatsSchemaValueList ***tail, const char *call,
                          const char *what, bool is_time)
{
    StatsSchemaValue *value = g_new0(StatsSchemaValue, 1);

    value->name = g_strdup_printf("%s-%s", call, what);
    value->type = STATS_TYPE_CUMULATIVE;
    if (is_time) {
        value->has_unit = true;
        value->unit = STATS_UNIT_SECONDS;
        value->has_base = true;
        value->base = 10;
        value->exponent = -9;
    }
    QAPI_LIST_APPEND(*tail, value);
}

static void retrieve_schemas(StatsSchemaList **result, Error **errp)
{
    const StatsTarget targets[] = { STATS_TARGET_VM, STATS_TARGET_VCPU };

    for (int t = 0; t < ARRAY_SIZE(targets); t++) {
        StatsSchemaValueList *list = NULL, **tail = &list;

        for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
            describe_stat(&tail, calls[i].name, "count", false);
            describe_stat(&tail, calls[i].name, "time", true);
        }
        add_stats_schema(result, STATS_PROVIDER_PAPR, targets[t], list);
    }
}

void papr_call_stats_init(const PaprVcpuMap *map)
{
    vcpus = map;
    add_stats_callbacks(STATS_PROVIDER_PAPR, retrieve_stats, retrieve_schemas);
}
