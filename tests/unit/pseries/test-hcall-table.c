/*
 * Hypercall table: from opcode to slot
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pseries/abi.h"
#include "hw/ppc/pseries/hcall/table.h"

static const uint32_t known[] = {
#define OPCODE(name, number) number,
    PAPR_HCALL_LIST(OPCODE)
#undef OPCODE
};

static void test_known(void)
{
    g_autofree bool *taken = g_new0(bool, PAPR_HCALL_SLOTS);

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        int slot = papr_hcall_slot(known[i]);

        g_assert_cmpint(slot, >=, 0);
        g_assert_cmpint(slot, <, PAPR_HCALL_SLOTS);
        g_assert_false(taken[slot]);
        taken[slot] = true;
    }
}

/* Every opcode has a slot of its own within the table, or none */
static void test_all(void)
{
    g_autofree bool *taken = g_new0(bool, PAPR_HCALL_SLOTS);
    unsigned n = 0;

    for (uint64_t opcode = 0; opcode < 0x20000; opcode++) {
        int slot = papr_hcall_slot(opcode);

        if (slot < 0) {
            continue;
        }
        g_assert_cmpint(slot, <, PAPR_HCALL_SLOTS);
        g_assert_false(taken[slot]);
        g_assert_cmpuint(papr_hcall_opcode(slot), ==, opcode);
        taken[slot] = true;
        n++;
    }
    g_assert_cmpuint(n, ==, PAPR_HCALL_SLOTS);
}

static void test_none(void)
{
    static const uint64_t none[] = {
        1, 2, 3, 0xfff, PAPR_HCALL_LOW_END, PAPR_HCALL_HIGH - 1,
        PAPR_HCALL_HIGH_END, UINT32_MAX, 1ull << 32 | H_CEDE,
        (uint64_t)-4, UINT64_MAX,
    };

    for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
        g_assert_cmpint(papr_hcall_slot(none[i]), ==, -1);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/hcall-table/known", test_known);
    g_test_add_func("/pseries/hcall-table/all", test_all);
    g_test_add_func("/pseries/hcall-table/none", test_none);
    return g_test_run();
}
