/*
 * pSeries platform: rules of moving registers between QEMU and KVM
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "../../../target/ppc/kvm/regs-rules.h"

enum { RUNTIME = 1, RESET = 2, FULL = 3 };      /* KVM_PUT_*_STATE */

static void due_at_runtime(void)
{
    /* a register that was only read is not written back */
    g_assert_false(papr_kvm_reg_due(PAPR_KVM_AT_RESET, RUNTIME, true, false));
    g_assert_false(papr_kvm_reg_due(PAPR_KVM_AT_FULL, RUNTIME, true, false));
    /* a register that was changed is written, a counter too */
    g_assert_true(papr_kvm_reg_due(PAPR_KVM_AT_RESET, RUNTIME, true, true));
    g_assert_true(papr_kvm_reg_due(PAPR_KVM_AT_FULL, RUNTIME, true, true));
    /* without a value to compare with, all but counters are written */
    g_assert_true(papr_kvm_reg_due(PAPR_KVM_AT_RESET, RUNTIME, false, false));
    g_assert_false(papr_kvm_reg_due(PAPR_KVM_AT_FULL, RUNTIME, false, true));
}

static void due_above(void)
{
    g_assert_true(papr_kvm_reg_due(PAPR_KVM_AT_RESET, RESET, true, false));
    g_assert_true(papr_kvm_reg_due(PAPR_KVM_AT_RESET, FULL, false, false));
    g_assert_false(papr_kvm_reg_due(PAPR_KVM_AT_FULL, RESET, true, false));
    g_assert_true(papr_kvm_reg_due(PAPR_KVM_AT_FULL, FULL, true, false));
    g_assert_true(papr_kvm_reg_due(PAPR_KVM_AT_FULL, FULL, false, false));
}

static void lpcr(void)
{
    const uint64_t lpes = 3ULL << 2, vpm1 = 1ULL << 62, hdice = 1;
    const uint64_t ile = 0x02000000, ail3 = 0x01800000, radix = 0x00500400;
    const uint64_t large = 0x00020000;

    /* the host's own bits do not get in, the machine's are kept */
    g_assert_cmphex(papr_kvm_lpcr_seen(lpes, vpm1 | hdice | ile | ail3 | radix,
                                       true), ==, lpes | ile | ail3 | radix);
    /* bits that the guest has cleared are cleared */
    g_assert_cmphex(papr_kvm_lpcr_seen(lpes | ile | large, 0, true), ==, lpes);
    /* kvm-pr keeps the byte order of interrupts (ILE) only */
    g_assert_cmphex(papr_kvm_lpcr_seen(lpes | ail3, ile, false), ==,
                    lpes | ail3 | ile);

    g_assert_cmphex(papr_kvm_lpcr_refused(lpes | ile, vpm1 | ile | hdice, true),
                    ==, 0);
    g_assert_cmphex(papr_kvm_lpcr_refused(ile | ail3, ile, true), ==, ail3);
    g_assert_cmphex(papr_kvm_lpcr_refused(large, 0, true), ==, large);
    g_assert_cmphex(papr_kvm_lpcr_refused(ile | ail3, ile, false), ==, 0);
    g_assert_cmphex(papr_kvm_lpcr_refused(ile, 0, false), ==, ile);
}

static void msr(void)
{
    g_assert_cmphex(papr_kvm_msr_to_kernel(0x8000000000001033), ==,
                    0x8000000000001033);
    g_assert_cmphex(papr_kvm_msr_to_kernel(0x9000000000000000), ==,
                    0x8000000000001000);
    /* TS may be transactional or suspended; both bits at once are no state */
    g_assert_cmphex(papr_kvm_msr_to_kernel(0x0000000400001000), ==,
                    0x0000000400001000);
    g_assert_cmphex(papr_kvm_msr_to_kernel(0x0000000600001000), ==, 0x1000);
}

static void decrementer(void)
{
    const uint64_t tb = 0x123456789abcULL;
    static const struct {
        uint64_t read;
        bool large;
        int64_t ahead;
    } cases[] = {
        { 0, false, 0 },
        { 0x7fffffff, false, 0x7fffffff },
        { 0xffffffff, false, -1 },
        { 0x80000000, false, -0x80000000LL },
        { 0x123456789a, true, 0x123456789a },
        { UINT64_MAX, true, -1 },
    };

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t expiry = papr_kvm_decr_expiry(cases[i].read, tb,
                                               cases[i].large);

        g_assert_cmphex(expiry, ==, tb + cases[i].ahead);
        g_assert_cmphex(papr_kvm_decr_read(expiry, tb, cases[i].large), ==,
                        cases[i].read);
    }
    /* the stream's 32-bit number may come with its sign extended */
    g_assert_cmphex(papr_kvm_decr_expiry(UINT64_MAX, tb, false), ==, tb - 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/kvm-regs/due-at-runtime", due_at_runtime);
    g_test_add_func("/pseries/kvm-regs/due-above", due_above);
    g_test_add_func("/pseries/kvm-regs/lpcr", lpcr);
    g_test_add_func("/pseries/kvm-regs/msr", msr);
    g_test_add_func("/pseries/kvm-regs/decrementer", decrementer);
    return g_test_run();
}
