/*
 * Guests of the guest (nested guests), by KVM's own hypercalls: their blocks
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nested-hv.h"

uint64_t table[2 * TABLE_ENTRIES] __attribute__((aligned(0x4000)));

/* of each vCPU */
struct state states[CPUS];
struct regs l2_regs[CPUS];

void hv_make_table(void)
{
    table[2 * LPID] = HOST_RADIX | TREE_52_BITS | l2_tree() | ROOT_BITS;
    table[2 * LPID + 1] = ENTRY;
    flush_stores();
}

uint64_t table_register(void)
{
    return (uint64_t)table | TABLE_FIELD;
}

void hv_begin(void)
{
    begin_radix();
    hv_make_table();
    expect(hcall(H_SET_PARTITION_TABLE, table_register(), 0, 0, 0), H_SUCCESS);
}

struct regs *hv_set_l2(unsigned id, const uint32_t *code, uint64_t r4,
                       uint64_t r5)
{
    struct regs *regs = &l2_regs[id];
    struct state *state = &states[id];

    *state = (struct state) {
        .version = 2, .lpid = LPID, .token = id, .amor = -1ull,
        .hfscr = -1ull >> 8,
    };
    *regs = (struct regs) {
        .nip = l2_address(code), .msr = MSR_SF | MSR_ME,
    };
    regs->gpr[4] = r4;
    regs->gpr[5] = r5;
    return regs;
}

uint64_t hv_run_for(unsigned id, uint64_t ticks)
{
    states[id].hdec_expiry = timebase() + ticks;
    return hcall(H_ENTER_NESTED, (uint64_t)&states[id], (uint64_t)&l2_regs[id],
                 0, 0);
}

uint64_t hv_run_l2(unsigned id)
{
    uint64_t exit;

    do {
        exit = hv_run_for(id, TB_HZ);
    } while (exit == EXIT_HDEC);
    return exit;
}

long hv_enter(uint64_t state, uint64_t regs)
{
    return hcall(H_ENTER_NESTED, state, regs, 0, 0);
}

void hv_make_process(uint64_t leaf)
{
    make_process(leaf);
    table[2 * LPID + 1] = ENTRY | PROCESS_TABLE;
    flush_stores();
}

long hv_copy(uint64_t pid, uint64_t eaddr, volatile void *to,
             const volatile void *from, uint64_t len)
{
    uint64_t args[10] = { H_COPY_TOFROM_GUEST, LPID, pid, eaddr, (uint64_t)to,
                          (uint64_t)from, len };

    return hypercall(args);
}
