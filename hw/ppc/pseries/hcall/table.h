/*
 * Hypercall table: from opcode to slot
 *
 * Pure; tests/unit/pseries/test-hcall-table.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_HCALL_TABLE_H
#define PSERIES_HCALL_TABLE_H

/*
 * Opcodes in use are multiples of 4 below PAPR_HCALL_LOW_END, and anything in
 * the ranges of the ultravisor and of private calls, which start at
 * PAPR_HCALL_HIGH (LoPAR Table 14.2).
 */
#define PAPR_HCALL_LOW_END   0x1000
#define PAPR_HCALL_LOW_SLOTS (PAPR_HCALL_LOW_END / 4)
#define PAPR_HCALL_HIGH      0xef00
#define PAPR_HCALL_HIGH_END  0xf900
#define PAPR_HCALL_SLOTS \
    (PAPR_HCALL_LOW_SLOTS + PAPR_HCALL_HIGH_END - PAPR_HCALL_HIGH)

/** papr_hcall_slot: index in the flat table, or -1 */
static inline int papr_hcall_slot(uint64_t opcode)
{
    if (opcode < PAPR_HCALL_LOW_END) {
        return opcode & 3 ? -1 : opcode >> 2;
    }
    if (opcode >= PAPR_HCALL_HIGH && opcode < PAPR_HCALL_HIGH_END) {
        return PAPR_HCALL_LOW_SLOTS + (opcode - PAPR_HCALL_HIGH);
    }
    return -1;
}

/** papr_hcall_opcode: the inverse */
static inline uint32_t papr_hcall_opcode(int slot)
{
    return slot < PAPR_HCALL_LOW_SLOTS
           ? slot * 4 : PAPR_HCALL_HIGH + (slot - PAPR_HCALL_LOW_SLOTS);
}

struct PaprHcall;
struct PaprHcallTable;

/** papr_hcall_for_each: all calls that are enabled; @fn may disable them */
void papr_hcall_for_each(struct PaprHcallTable *table,
                         void (*fn)(struct PaprHcallTable *table,
                                    const struct PaprHcall *call, void *opaque),
                         void *opaque);

#endif
