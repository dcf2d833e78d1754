/*
 * Hash page table entries for tests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "libhpt.h"

Result hpt_call(QTestState *qts, uint64_t nr, uint64_t r4, uint64_t r5,
                uint64_t r6, uint64_t r7)
{
    Result res = { .r = { r4, r5, r6, r7 } };

    res.rc = papr_hcall_regs(qts, 0, nr, res.r);
    return res;
}

Result hpt_enter(QTestState *qts, uint64_t flags, uint64_t ptex,
                 uint64_t pte0, uint64_t pte1)
{
    return hpt_call(qts, H_ENTER, flags, ptex, pte0, pte1);
}

uint64_t pte0_of(uint64_t va)
{
    return (va >> 23) << 7 | VALID;
}

uint64_t pteg_of(uint64_t va, unsigned shift)
{
    uint64_t hash = (va >> 28) ^ ((va & 0xfffffff) >> 12);

    return hash & ((1ull << (shift - 7)) - 1);
}

void check_entry(QTestState *qts, uint64_t ptex, uint64_t pte0,
                 uint64_t pte1)
{
    Result res = hpt_call(qts, H_READ, 0, ptex, 0, 0);

    g_assert_cmpint(res.rc, ==, H_SUCCESS);
    g_assert_cmphex(res.r[0], ==, pte0);
    g_assert_cmphex(res.r[1], ==, pte1);
}

QTestState *start_hash(void)
{
    return papr_start("-cpu POWER8");
}

void check_bad_index(QTestState *qts, uint64_t ptex)
{
    const uint64_t calls[] = {
        H_REMOVE, H_READ, H_PROTECT, H_CLEAR_REF, H_CLEAR_MOD,
    };

    for (int i = 0; i < ARRAY_SIZE(calls); i++) {
        g_assert_cmpint(hpt_call(qts, calls[i], 0, ptex, 0, 0).rc, ==,
                        H_PARAMETER);
    }
    g_assert_cmpint(hpt_call(qts, H_READ, READ_4, ptex, 0, 0).rc, ==,
                    H_PARAMETER);
    g_assert_cmpint(hpt_enter(qts, 0, ptex, pte0_of(0), PAGE).rc, ==,
                    H_PARAMETER);
    g_assert_cmpint(hpt_enter(qts, EXACT, ptex, pte0_of(0), PAGE).rc, ==,
                    H_PARAMETER);
}

bool is_busy(int64_t rc)
{
    return rc >= H_LONG_BUSY_1_MS && rc <= H_LONG_BUSY_100_S;
}

int64_t process_table(QTestState *qts, uint64_t flags, uint64_t base,
                      uint64_t page_size, uint64_t size)
{
    int64_t rc;

    do {
        rc = papr_hcall(qts, 0, H_REGISTER_PROCESS_TABLE, flags, base,
                        page_size, size);
    } while (is_busy(rc));
    return rc;
}

bool has_hpt(QTestState *qts)
{
    return papr_hcall(qts, 0, H_READ, 0, 0) == H_SUCCESS;
}
