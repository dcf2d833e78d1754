/*
 * RTAS (Run-Time Abstraction Services): H_RTAS and the table of calls
 *
 * The guest's argument block is a token, the number of arguments, the number of
 * results, the arguments and room for the results: 32-bit big-endian cells
 * (LoPAR section 7.2.7).  It is read once, as a whole; the handler sees host
 * endian words; the results go back in one write.  A guest that changes the
 * block meanwhile confuses only itself.
 *
 * Called from hcall/dispatch.c in the vCPU's thread, and from qtest.c.
 * Locking: all with the BQL (big QEMU lock) held; the table doesn't change
 * after init.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "hw/pseries/call-stats.h"
#include "hw/pseries/guest-mem.h"
#include "hw/pseries/rtas.h"
#include "hw/ppc/pseries/trace.h"
#include "families.h"

#define N_TOKENS (PAPR_RTAS_TOKEN_END - PAPR_RTAS_TOKEN_FIRST)

/*
 * display-character's token on some machines; Linux's early console code uses
 * it and does not look up the token in the device tree
 */
#define FIXED_TOKEN_DISPLAY_CHARACTER 0xa

#define HEADER_CELLS 3
#define CELL_SIZE sizeof(uint32_t)
/* The largest block */
#define BLOCK_CELLS (HEADER_CELLS + 2 * PAPR_RTAS_MAX_ARGS)
#define BLOCK_SIZE (BLOCK_CELLS * CELL_SIZE)

typedef struct Slot {
    const PaprRtasEntry *entry;
    void *opaque;
} Slot;

struct PaprRtas {
    Slot slots[N_TOKENS];
    PaprMemSpot block;                  /* of the last call; BQL */
    bool counted;                       /* BQL */
};

static const char *const names[N_TOKENS] = {
#define NAME(id, number, property) [number - PAPR_RTAS_TOKEN_FIRST] = property,
    PAPR_RTAS_LIST(NAME)
#undef NAME
};

static const Slot *find_slot(const PaprRtas *rtas, uint32_t token)
{
    const Slot *slot;

    if (token == FIXED_TOKEN_DISPLAY_CHARACTER) {
        token = RTAS_DISPLAY_CHARACTER;
    }
    if (token < PAPR_RTAS_TOKEN_FIRST || token >= PAPR_RTAS_TOKEN_END) {
        return NULL;
    }
    slot = &rtas->slots[token - PAPR_RTAS_TOKEN_FIRST];
    return slot->entry ? slot : NULL;
}

static const char *call_name(const Slot *slot)
{
    return slot ? names[slot->entry->token - PAPR_RTAS_TOKEN_FIRST] : "?";
}

/* SLOF omits the space for a status that is the call's only result */
static bool is_enough(const PaprRtasEntry *entry, const PaprRtasCall *call)
{
    return call->nargs >= entry->nargs &&
           (call->nrets >= entry->nrets ||
            (call->nrets == 0 && entry->nrets == 1));
}

static int32_t run_call(const Slot *slot, PowerPCCPU *cpu, PaprRtasCall *call)
{
    if (!slot) {
        qemu_log_mask(LOG_GUEST_ERROR, "RTAS: unknown token 0x%x\n",
                      call->token);
        return RTAS_PARAMETER_ERROR;
    }
    if (!is_enough(slot->entry, call)) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "RTAS: %s with %u arguments and %u results, needs %u "
                      "and %u\n", call_name(slot), call->nargs, call->nrets,
                      slot->entry->nargs, slot->entry->nrets);
        return RTAS_PARAMETER_ERROR;
    }
    return slot->entry->fn(cpu, call, slot->opaque);
}

void papr_rtas_call(PaprRtas *rtas, PowerPCCPU *cpu, PaprRtasCall *call)
{
    const Slot *slot = find_slot(rtas, call->token);

    memset(call->rets, 0, sizeof(call->rets));
    if (unlikely(slot && rtas->counted)) {
        int64_t begun = get_clock();

        call->rets[0] = run_call(slot, cpu, call);
        papr_call_stats_rtas(papr_vcpu(cpu), slot->entry->token, begun);
    } else {
        call->rets[0] = run_call(slot, cpu, call);
    }
    trace_papr_rtas_call(call_name(slot), call->token, call->nargs,
                         call->nrets, (int32_t)call->rets[0]);
}

static int64_t bad_block(uint64_t addr, const char *why)
{
    qemu_log_mask(LOG_GUEST_ERROR,
                  "H_RTAS: argument block at 0x%" PRIx64 " %s\n", addr, why);
    return H_PARAMETER;
}

/*
 * Read @n cells of the block at @addr, from cell @first on, into @cells, host
 * endian; @block is its host address, NULL if it may not be RAM.  Each cell is
 * read once, since the guest may write to the block meanwhile.  It is read by a
 * load of 32 bits, as the guest has stored it: a wider load would have to wait
 * for the stores of all its cells.
 */
static bool read_cells(const uint8_t *block, uint64_t addr, unsigned first,
                       uint32_t *cells, unsigned n)
{
    unsigned i;

    if (!block &&
        !papr_mem_read(addr + first * CELL_SIZE, cells, n * CELL_SIZE)) {
        return false;
    }
    for (i = 0; i < n; i++) {
        cells[i] = block ? ldl_be_p(block + (first + i) * CELL_SIZE)
                         : be32_to_cpu(cells[i]);
    }
    return true;
}

/*
 * Read the block at @addr: cells host endian, counts checked, room for the
 * results known to be RAM.  H_SUCCESS, or what H_RTAS returns.  Guests have few
 * blocks, so papr_mem_at() mostly has the host address from the last call.
 */
static int64_t read_block(PaprRtas *rtas, uint64_t addr, PaprRtasCall *call)
{
    uint32_t header[HEADER_CELLS];
    const uint8_t *block;
    size_t size;

    RCU_READ_LOCK_GUARD();
    block = papr_mem_at(&rtas->block, addr, BLOCK_SIZE);
    if (!read_cells(block, addr, 0, header, HEADER_CELLS)) {
        return bad_block(addr, "is not in RAM");
    }
    call->token = header[0];
    call->nargs = header[1];
    call->nrets = header[2];
    if (call->nargs > PAPR_RTAS_MAX_ARGS || call->nrets > PAPR_RTAS_MAX_ARGS) {
        return bad_block(addr, "has too many arguments or results");
    }

    size = (HEADER_CELLS + call->nargs + call->nrets) * CELL_SIZE;
    if ((!block && !papr_mem_is_ram(addr, size)) ||
        !read_cells(block, addr, HEADER_CELLS, call->args, call->nargs)) {
        return bad_block(addr, "is not wholly in RAM");
    }
    return H_SUCCESS;
}

static bool write_results(PaprRtas *rtas, uint64_t addr,
                          const PaprRtasCall *call)
{
    size_t at = (HEADER_CELLS + call->nargs) * CELL_SIZE;
    size_t size = call->nrets * CELL_SIZE;
    uint32_t cells[PAPR_RTAS_MAX_ARGS];
    uint8_t *block;
    unsigned i;

    if (!size) {
        return true;
    }

    for (i = 0; i < call->nrets; i++) {
        cells[i] = cpu_to_be32(call->rets[i]);
    }
    RCU_READ_LOCK_GUARD();
    block = papr_mem_at(&rtas->block, addr, BLOCK_SIZE);
    if (!block) {
        return papr_mem_write(addr + at, cells, size);
    }
    memcpy(block + at, cells, size);
    papr_mem_written(&rtas->block, at, size);
    return true;
}

static int64_t h_rtas(PowerPCCPU *cpu, uint64_t *args, void *opaque)
{
    PaprRtas *rtas = opaque;
    PaprRtasCall call = {};
    /* in real mode the four top bits of an address have no meaning */
    uint64_t addr = args[0] & ~(0xfULL << 60);
    int64_t rc = read_block(rtas, addr, &call);

    if (rc != H_SUCCESS) {
        return rc;
    }
    papr_rtas_call(rtas, cpu, &call);
    if (!write_results(rtas, addr, &call)) {
        return bad_block(addr, "is no longer in RAM");
    }
    return find_slot(rtas, call.token) ? H_SUCCESS : H_PARAMETER;
}

static const PaprHcall rtas_hcalls[] = {
    /* the few RTAS calls that use registers synchronize them themselves */
    { H_RTAS, 0, 1, 0, h_rtas },
};

PaprRtas *papr_rtas_new(PaprHcallTable *hcalls)
{
    PaprRtas *rtas = g_new0(PaprRtas, 1);

    papr_hcall_register(hcalls, rtas_hcalls, ARRAY_SIZE(rtas_hcalls), rtas);
    return rtas;
}

void papr_rtas_register(PaprRtas *rtas, const PaprRtasEntry *calls,
                        size_t n_calls, void *opaque)
{
    size_t i;

    for (i = 0; i < n_calls; i++) {
        Slot *slot;

        assert(calls[i].token >= PAPR_RTAS_TOKEN_FIRST &&
               calls[i].token < PAPR_RTAS_TOKEN_END);
        slot = &rtas->slots[calls[i].token - PAPR_RTAS_TOKEN_FIRST];
        assert(!slot->entry);
        slot->entry = &calls[i];
        slot->opaque = opaque;
    }
}

void papr_rtas_count(PaprRtas *rtas, bool count)
{
    rtas->counted = count;
}

void papr_rtas_dt_tokens(PaprRtas *rtas, PaprDt *dt)
{
    size_t i;

    for (i = 0; i < N_TOKENS; i++) {
        if (rtas->slots[i].entry) {
            papr_dt_u32(dt, names[i], PAPR_RTAS_TOKEN_FIRST + i);
        }
    }
}

bool papr_rtas_find_token(const PaprRtas *rtas, const char *name,
                          uint32_t *token)
{
    size_t i;

    for (i = 0; i < N_TOKENS; i++) {
        if (rtas->slots[i].entry && !strcmp(names[i], name)) {
            *token = PAPR_RTAS_TOKEN_FIRST + i;
            return true;
        }
    }
    return false;
}
