/*
 * qtests of the pseries machine's hash page table: every flag of the calls of
 * LoPAR 14.5.4.1, and hostile arguments
 *
 * mmu-resize-test.c has resizing and the process table.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "libhpt.h"

static void test_enter_read_remove(void)
{
    QTestState *qts = start_hash();
    uint64_t pte0 = pte0_of(0x12345000), pte1 = PAGE | R | C;
    Result res;

    /* without EXACT the low three bits of the index are ignored */
    res = hpt_enter(qts, 0, 83, pte0, pte1);
    g_assert_cmpint(res.rc, ==, H_SUCCESS);
    g_assert_cmpuint(res.r[0], ==, 80);
    check_entry(qts, 80, pte0, pte1);

    res = hpt_enter(qts, 0, 80, pte0 | SECONDARY, pte1);
    g_assert_cmpuint(res.r[0], ==, 81);
    res = hpt_enter(qts, EXACT, 85, pte0, PAGE);
    g_assert_cmpint(res.rc, ==, H_SUCCESS);
    g_assert_cmpuint(res.r[0], ==, 85);
    res = hpt_enter(qts, EXACT, 85, pte0, PAGE);
    g_assert_cmpint(res.rc, ==, H_PTEG_FULL);
    check_entry(qts, 85, pte0, PAGE);

    res = hpt_call(qts, H_READ, READ_4, 87, 0, 0);
    g_assert_cmpint(res.rc, ==, H_SUCCESS);
    g_assert_cmphex(res.r[0], ==, 0);
    g_assert_cmphex(res.r[2], ==, pte0);
    g_assert_cmphex(res.r[3], ==, PAGE);

    /* R is returned as the guest entered it: 1, then 0 */
    res = hpt_call(qts, H_REMOVE, 0, 80, 0, 0);
    g_assert_cmpint(res.rc, ==, H_SUCCESS);
    g_assert_cmphex(res.r[0], ==, pte0);
    g_assert_cmphex(res.r[1], ==, pte1);
    res = hpt_call(qts, H_REMOVE, 0, 85, 0, 0);
    g_assert_cmphex(res.r[1], ==, PAGE);
    check_entry(qts, 80, 0, 0);
    check_entry(qts, 85, 0, 0);
    res = hpt_call(qts, H_REMOVE, 0, 80, 0, 0);
    g_assert_cmpint(res.rc, ==, H_NOT_FOUND);
    qtest_quit(qts);
}

static void test_conditions(void)
{
    QTestState *qts = start_hash();
    uint64_t pte0 = pte0_of(0x7777000) | BOLTED;
    uint64_t avpn = pte0 & ~0x7full;
    Result res;

    hpt_enter(qts, EXACT, 0, pte0, PAGE);
    res = hpt_call(qts, H_REMOVE, AVPN, 0, avpn + 0x80, 0);
    g_assert_cmpint(res.rc, ==, H_NOT_FOUND);
    res = hpt_call(qts, H_REMOVE, AVPN, 0, avpn | 1, 0);
    g_assert_cmpint(res.rc, ==, H_NOT_FOUND);
    res = hpt_call(qts, H_REMOVE, ANDCOND, 0, BOLTED, 0);
    g_assert_cmpint(res.rc, ==, H_NOT_FOUND);
    res = hpt_call(qts, H_REMOVE, AVPN | ANDCOND, 0, avpn, 0);
    g_assert_cmpint(res.rc, ==, H_NOT_FOUND);
    res = hpt_call(qts, H_PROTECT, AVPN, 0, avpn + 0x80, 0);
    g_assert_cmpint(res.rc, ==, H_NOT_FOUND);
    check_entry(qts, 0, pte0, PAGE);

    /* H_PROTECT has the AVPN condition only, and ignores ANDCOND */
    res = hpt_call(qts, H_PROTECT, ANDCOND, 0, BOLTED, 0);
    g_assert_cmpint(res.rc, ==, H_SUCCESS);
    res = hpt_call(qts, H_PROTECT, AVPN, 0, avpn, 0);
    g_assert_cmpint(res.rc, ==, H_SUCCESS);
    res = hpt_call(qts, H_REMOVE, AVPN, 0, avpn, 0);
    g_assert_cmpint(res.rc, ==, H_SUCCESS);

    hpt_enter(qts, EXACT, 0, pte0 & ~BOLTED, PAGE);
    res = hpt_call(qts, H_REMOVE, ANDCOND, 0, BOLTED, 0);
    g_assert_cmpint(res.rc, ==, H_SUCCESS);
    qtest_quit(qts);
}

static void test_full_group(void)
{
    QTestState *qts = start_hash();
    uint64_t last = N_HPTES - 8;
    Result res;

    for (int i = 0; i < 8; i++) {
        res = hpt_enter(qts, 0, last, pte0_of(0x1000), PAGE);
        g_assert_cmpint(res.rc, ==, H_SUCCESS);
        g_assert_cmpuint(res.r[0], ==, last + i);
    }
    res = hpt_enter(qts, 0, last, pte0_of(0x1000), PAGE);
    g_assert_cmpint(res.rc, ==, H_PTEG_FULL);
    hpt_call(qts, H_REMOVE, 0, last + 5, 0, 0);
    res = hpt_enter(qts, 0, last, pte0_of(0x1000), PAGE);
    g_assert_cmpuint(res.r[0], ==, last + 5);
    qtest_quit(qts);
}

static void test_bad_index(void)
{
    const uint64_t outside[] = {
        N_HPTES, N_HPTES + 7, 1ull << 60, 1ull << 61 | 5, -1ull, -8ull,
    };
    QTestState *qts = start_hash();

    for (int i = 0; i < ARRAY_SIZE(outside); i++) {
        check_bad_index(qts, outside[i]);
    }
    qtest_quit(qts);

    /* a partition in radix mode has no table at all */
    qts = papr_start("-cpu POWER9");
    g_assert_cmpint(papr_hcall(qts, 0, H_REGISTER_PROCESS_TABLE, 0x1c,
                               PAPR_TEST_RAM & ~0xfffull, 0, 0), ==, H_SUCCESS);
    check_bad_index(qts, 0);
    g_assert_cmpint(papr_hcall(qts, 0, H_RESIZE_HPT_PREPARE, 0, HPT_SHIFT), ==,
                    H_NOT_AVAILABLE);
    qtest_quit(qts);
}

static void test_page_checks(void)
{
    static const struct {
        uint64_t flags, large, pte1;
        int64_t rc;
    } cases[] = {
        /* RAM: coherent and cached, nothing else */
        { 0, 0, 0x1000 | 0x10, H_SUCCESS },
        { 0, 0, 0x1000 | 0x00, H_PARAMETER },
        { 0, 0, 0x1000 | 0x30, H_PARAMETER },
        { 0, 0, 0x1000 | 0x18, H_PARAMETER },
        { 0, 0, 0x1000 | 0x70, H_PARAMETER },
        /* not RAM: caching inhibited, not write-through */
        { 0, 0, RAM_END | 0x20, H_SUCCESS },
        { 0, 0, RAM_END | 0x28, H_SUCCESS },
        { 0, 0, RAM_END | 0x38, H_SUCCESS },
        { 0, 0, RAM_END | 0x10, H_PARAMETER },
        { 0, 0, RAM_END | 0x60, H_PARAMETER },
        { 0, 0, 0x0ffffffffffff000ull | 0x10, H_PARAMETER },
        /* 64 KiB pages: segment of 4 KiB (not offered), 64 KiB; bad encoding */
        { 0, LARGE, 0x7000 | 0x10, H_PARAMETER },
        { 0, LARGE, 0x1000 | 0x10, H_SUCCESS },
        { 0, LARGE, 0x5000 | 0x10, H_PARAMETER },
        /* 16 MiB pages in segments of each base page size */
        { 0, LARGE, 0x1000000 | 0x10, H_SUCCESS },
        { 0, LARGE, 0x1038000 | 0x10, H_SUCCESS },
        { 0, LARGE, 0x1008000 | 0x10, H_SUCCESS },
        { ZERO_PAGE, LARGE, 0x1000000 | 0x10, H_TOO_BIG },
        { FLAG(40), LARGE, 0x1000000 | 0x10, H_TOO_BIG },
        { FLAG(41), LARGE, 0x1000000 | 0x10, H_TOO_BIG },
        { FLAG(40) | FLAG(41), 0, 0x1000 | 0x10, H_SUCCESS },
        { ZERO_PAGE, 0, RAM_END | 0x20, H_SUCCESS },
        { COMPRESSION, 0, 0x1000 | 0x10, H_FUNCTION },
    };
    QTestState *qts = qtest_init("-machine pseries,cap-hpt-max-page-size=16m "
                                 "-nodefaults -m 256M -cpu POWER8");

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t ptex = i * 8;
        Result res = hpt_enter(qts, cases[i].flags, ptex,
                               pte0_of(0x1000) | cases[i].large, cases[i].pte1);

        g_test_message("case %d", i);
        g_assert_cmpint(res.rc, ==, cases[i].rc);
        if (res.rc) {
            check_entry(qts, ptex, 0, 0);
        } else {
            check_entry(qts, ptex, pte0_of(0x1000) | cases[i].large,
                        cases[i].pte1);
        }
    }
    qtest_quit(qts);

    /* cap-hpt-max-page-size is 64 KiB by default */
    qts = start_hash();
    g_assert_cmpint(hpt_enter(qts, 0, 0, pte0_of(0) | LARGE, 0x1000010).rc, ==,
                    H_PARAMETER);
    qtest_quit(qts);
}

static void test_zero_page(void)
{
    QTestState *qts = start_hash();
    uint64_t page = 0x1400000;

    qtest_memset(qts, page - 8, 0xaa, 0x10010);
    g_assert_cmpint(hpt_enter(qts, ZERO_PAGE, 0, pte0_of(0),
                              page | 0x10).rc, ==,
                    H_SUCCESS);
    g_assert_cmphex(papr_ld64(qts, page - 8), ==, 0xaaaaaaaaaaaaaaaaull);
    g_assert_cmphex(papr_ld64(qts, page), ==, 0);
    g_assert_cmphex(papr_ld64(qts, page + 0xff8), ==, 0);
    g_assert_cmphex(papr_ld64(qts, page + 0x1000), ==, 0xaaaaaaaaaaaaaaaaull);

    /* the low bits of a 64 KiB page's number are its encoding */
    g_assert_cmpint(hpt_enter(qts, ZERO_PAGE, 0, pte0_of(0) | LARGE,
                              page | 0x1010).rc, ==, H_SUCCESS);
    g_assert_cmphex(papr_ld64(qts, page + 0xfff8), ==, 0);
    g_assert_cmphex(papr_ld64(qts, page + 0x10000), ==, 0xaaaaaaaaaaaaaaaaull);
    qtest_quit(qts);
}

/* Bits that a guest can't set: lock, software, PTEL bit 1; V is always set */
static void test_hypervisor_bits(void)
{
    QTestState *qts = start_hash();
    uint64_t pte0 = pte0_of(0x5000);

    hpt_enter(qts, EXACT, 0, (pte0 | 0x60) & ~VALID, PAGE | 1ull << 62);
    check_entry(qts, 0, pte0, PAGE);
    /* conditions don't see these bits either: ANDCOND finds none set */
    g_assert_cmpint(hpt_call(qts, H_REMOVE, ANDCOND, 0, 0x60, 0).rc, ==,
                    H_SUCCESS);
    qtest_quit(qts);
}

static void test_protect_and_clear(void)
{
    QTestState *qts = start_hash();
    uint64_t pte0 = pte0_of(0x5000);
    Result res;

    hpt_enter(qts, EXACT, 0, pte0, PAGE | R | C | 0x2);
    /* pp0, keys 0 to 4, N, pp1 and pp2; R is cleared, C stays */
    res = hpt_call(qts, H_PROTECT, 0x3f07, 0, 0, 0);
    g_assert_cmpint(res.rc, ==, H_SUCCESS);
    check_entry(qts, 0, pte0, PAGE | C | 0xb000000000000e07ull);

    res = hpt_call(qts, H_CLEAR_MOD, 0, 0, 0, 0);
    g_assert_cmpint(res.rc, ==, H_SUCCESS);
    g_assert_cmphex(res.r[0], ==, PAGE | C | 0xb000000000000e07ull);
    check_entry(qts, 0, pte0, PAGE | 0xb000000000000e07ull);
    hpt_call(qts, H_REMOVE, 0, 0, 0, 0);

    hpt_enter(qts, EXACT, 0, pte0, PAGE | R | C);
    res = hpt_call(qts, H_CLEAR_REF, 0, 0, 0, 0);
    g_assert_cmpint(res.rc, ==, H_SUCCESS);
    g_assert_cmphex(res.r[0], ==, PAGE | R | C);
    check_entry(qts, 0, pte0, PAGE | C);
    res = hpt_call(qts, H_CLEAR_REF, 0, 0, 0, 0);
    g_assert_cmphex(res.r[0], ==, PAGE | C);

    hpt_call(qts, H_REMOVE, 0, 0, 0, 0);
    g_assert_cmpint(hpt_call(qts, H_PROTECT, 0, 0, 0, 0).rc, ==, H_NOT_FOUND);
    g_assert_cmpint(hpt_call(qts, H_CLEAR_REF, 0, 0, 0, 0).rc, ==, H_NOT_FOUND);
    g_assert_cmpint(hpt_call(qts, H_CLEAR_MOD, 0, 0, 0, 0).rc, ==, H_NOT_FOUND);
    qtest_quit(qts);
}

#define REQUEST (1ull << 62)
#define RESPONSE (2ull << 62)
#define END (3ull << 62)

static void test_bulk_remove(void)
{
    QTestState *qts = start_hash();
    uint64_t pte0 = pte0_of(0x5000), avpn = pte0 & ~0x7full;
    uint64_t all[PAPR_HCALL_REGS] = {
        REQUEST | 0, 0,
        REQUEST | 1ull << 56 | 1, 0x1000ull << 7,
        REQUEST | 2ull << 56 | 2, avpn,
        REQUEST | 2ull << 56 | 3, avpn + 0x80,
    };
    uint64_t parts[PAPR_HCALL_REGS] = {
        REQUEST | 3, 0, REQUEST | 99, 0, END, 0, REQUEST | 4, 0,
    };
    uint64_t bad_index[PAPR_HCALL_REGS] = {
        REQUEST | 4, 0, REQUEST | N_HPTES, 0, REQUEST | 5, 0, END, 0,
    };
    uint64_t bad_flags[PAPR_HCALL_REGS] = { REQUEST | 3ull << 56 | 5, 0, END };
    uint64_t unused[PAPR_HCALL_REGS] = { 5, 0, END, 0 };
    uint64_t answered[PAPR_HCALL_REGS] = { RESPONSE | 5, 0, END, 0 };

    for (int i = 0; i < 6; i++) {
        hpt_enter(qts, EXACT, i, pte0,
                  PAGE | (i & 1 ? R : 0) | (i & 2 ? C : 0));
    }
    /* R and C of the removed entries are bits 4 and 5 */
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_BULK_REMOVE, all), ==, H_SUCCESS);
    g_assert_cmphex(all[0], ==, RESPONSE | 0);
    g_assert_cmphex(all[2], ==, RESPONSE | 2ull << 58 | 1ull << 56 | 1);
    g_assert_cmphex(all[4], ==, RESPONSE | 1ull << 58 | 2ull << 56 | 2);
    g_assert_cmphex(all[6], ==, RESPONSE | 1ull << 60 | 2ull << 56 | 3);
    check_entry(qts, 2, 0, 0);
    check_entry(qts, 3, pte0, PAGE | R | C);

    /* an end: later specifiers are ignored and not changed */
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_BULK_REMOVE, parts), ==,
                    H_SUCCESS);
    g_assert_cmphex(parts[0], ==, RESPONSE | 3ull << 58 | 3);
    g_assert_cmphex(parts[2], ==, RESPONSE | 1ull << 60 | 99);
    g_assert_cmphex(parts[6], ==, REQUEST | 4);

    /* a bad specifier ends the call; entries before it have been removed */
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_BULK_REMOVE, bad_index), ==,
                    H_PARAMETER);
    g_assert_cmphex(bad_index[0], ==, RESPONSE | 4);
    g_assert_cmphex(bad_index[2], ==, RESPONSE | 2ull << 60 | N_HPTES);
    g_assert_cmphex(bad_index[4], ==, REQUEST | 5);
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_BULK_REMOVE, bad_flags), ==,
                    H_PARAMETER);
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_BULK_REMOVE, unused), ==,
                    H_PARAMETER);
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_BULK_REMOVE, answered), ==,
                    H_PARAMETER);
    check_entry(qts, 5, pte0, PAGE | R);
    qtest_quit(qts);
}

static void enter_va(QTestState *qts, uint64_t va, uint64_t bits)
{
    Result res = hpt_enter(qts, EXACT, pteg_of(va, HPT_SHIFT) * 8,
                           pte0_of(va) | bits, PAGE | R);

    g_assert_cmpint(res.rc, ==, H_SUCCESS);
}

static void test_block_remove(void)
{
    const uint64_t block = 0x5000008000ull, with_avpn = 1ull << 56;
    uint64_t ptex[8], regs[PAPR_HCALL_REGS];
    QTestState *qts = start_hash();

    for (int i = 0; i < 8; i++) {
        ptex[i] = pteg_of(block + i * 0x1000, HPT_SHIFT) * 8;
        enter_va(qts, block + i * 0x1000, 0);
        regs[1 + i] = REQUEST | with_avpn | ptex[i];
    }
    regs[0] = pte0_of(block) & ~0x7full;
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_BLOCK_REMOVE, regs), ==,
                    H_SUCCESS);
    for (int i = 0; i < 8; i++) {
        /* results are from r4 on, where Linux reads them */
        g_assert_cmphex(regs[i], ==, RESPONSE | 1ull << 58 | ptex[i]);
        check_entry(qts, ptex[i], 0, 0);
    }

    /* good; then: empty, bolted, other page size, next block, twice, bad */
    enter_va(qts, block, 0);
    enter_va(qts, block + 0x2000, BOLTED);
    g_assert_cmpint(hpt_enter(qts, EXACT, ptex[3], pte0_of(block) | LARGE,
                              0x1230000 | 0x1010).rc, ==, H_SUCCESS);
    enter_va(qts, block + 0x8000, 0);
    regs[0] = 0;
    regs[1] = REQUEST | ptex[0];
    regs[2] = REQUEST | ptex[1];
    regs[3] = REQUEST | ptex[2];
    regs[4] = REQUEST | ptex[3];
    regs[5] = REQUEST | pteg_of(block + 0x8000, HPT_SHIFT) * 8;
    regs[6] = REQUEST | ptex[0];
    regs[7] = REQUEST | N_HPTES;
    regs[8] = END;
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_BLOCK_REMOVE, regs), ==,
                    H_PARTIAL);
    g_assert_cmphex(regs[0], ==, RESPONSE | 1ull << 58 | ptex[0]);
    g_assert_cmphex(regs[1] >> 57, ==, (RESPONSE | 1ull << 59) >> 57);
    g_assert_cmphex(regs[2] >> 57, ==, (RESPONSE | 1ull << 59) >> 57);
    g_assert_cmphex(regs[3] >> 57, ==, (RESPONSE | 3ull << 59) >> 57);
    g_assert_cmphex(regs[4] >> 57, ==, (RESPONSE | 5ull << 59) >> 57);
    g_assert_cmphex(regs[5] >> 57, ==, (RESPONSE | 4ull << 59) >> 57);
    g_assert_cmphex(regs[6] >> 57, ==, (RESPONSE | 2ull << 59) >> 57);
    g_assert_cmphex(regs[7], ==, END);
    check_entry(qts, ptex[0], 0, 0);
    check_entry(qts, ptex[2], pte0_of(block) | BOLTED, PAGE | R);

    /* neither request nor end: entries before it are removed and unlocked */
    regs[1] = REQUEST | pteg_of(block + 0x8000, HPT_SHIFT) * 8;
    regs[2] = 0;
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_BLOCK_REMOVE, regs), ==,
                    H_PARAMETER);
    check_entry(qts, pteg_of(block + 0x8000, HPT_SHIFT) * 8, 0, 0);
    check_entry(qts, ptex[3], pte0_of(block) | LARGE, (0x1230000 | 0x1010));
    qtest_quit(qts);
}

static void test_flush_calls(void)
{
    QTestState *qts = papr_start("-cpu POWER9 -smp 2");

    g_assert_cmpint(papr_hcall(qts, 0, H_CLEAN_SLB, 0, 1, 0), ==, H_PARAMETER);
    g_assert_cmpint(papr_hcall(qts, 0, H_CLEAN_SLB, 3, 1, 0), ==, H_PARAMETER);
    g_assert_cmpint(papr_hcall(qts, 0, H_CLEAN_SLB, 1, 1, 0), ==, H_SUCCESS);
    g_assert_cmpint(papr_hcall(qts, 0, H_CLEAN_SLB, 1, 1, 1), ==, H_P3);
    g_assert_cmpint(papr_hcall(qts, 0, H_CLEAN_SLB, 1 | 1 << 8, 1, 0), ==,
                    H_PARAMETER);
    g_assert_cmpint(papr_hcall(qts, 0, H_CLEAN_SLB, 2 | 1 << 8 | 1 << 16, 1,
                               0x10000000), ==, H_SUCCESS);
    g_assert_cmpint(papr_hcall(qts, 0, H_CLEAN_SLB, 2 | 1 << 7, 1, 0), ==,
                    H_PARAMETER);
    for (int flags = 0; flags < 4; flags++) {
        g_assert_cmpint(papr_hcall(qts, 0, H_INVALIDATE_PID, flags, 1), ==,
                        H_SUCCESS);
    }
    g_assert_cmpint(papr_hcall(qts, 0, H_INVALIDATE_PID, 4, 1), ==,
                    H_PARAMETER);
    qtest_quit(qts);

    /* a processor without in-memory tables is not offered these calls */
    qts = start_hash();
    g_assert_cmpint(papr_hcall(qts, 0, H_CLEAN_SLB, 1, 1, 0), ==, H_FUNCTION);
    g_assert_cmpint(papr_hcall(qts, 0, H_INVALIDATE_PID, 0, 1), ==, H_FUNCTION);
    g_assert_cmpint(process_table(qts, 0, 0, 0, 0), ==, H_FUNCTION);
    qtest_quit(qts);
}

/* Nothing that a guest passes ends QEMU or leaves an entry locked */
static void hammer(const char *options)
{
    static const uint64_t calls[] = {
        H_ENTER, H_REMOVE, H_READ, H_PROTECT, H_CLEAR_REF, H_CLEAR_MOD,
        H_BULK_REMOVE, H_BLOCK_REMOVE, H_RESIZE_HPT_PREPARE,
        H_RESIZE_HPT_COMMIT, H_REGISTER_PROCESS_TABLE, H_CLEAN_SLB,
        H_INVALIDATE_PID,
    };
    QTestState *qts = papr_start("%s", options);

    for (int i = 0; i < 3000; i++) {
        uint64_t nr = calls[g_test_rand_int_range(0, ARRAY_SIZE(calls))];
        uint64_t regs[PAPR_HCALL_REGS];

        for (int j = 0; j < PAPR_HCALL_REGS; j++) {
            uint64_t random = (uint64_t)g_test_rand_int() << 32 |
                              (uint32_t)g_test_rand_int();

            /* most often small, often a request for some entry */
            regs[j] = random >> (random & 63);
            if (g_test_rand_bit()) {
                regs[j] = REQUEST | (regs[j] & 0x03000000000000ffull);
            }
        }
        papr_hcall_regs(qts, 0, nr, regs);
    }
    for (uint64_t ptex = 0; has_hpt(qts) && ptex < 256; ptex++) {
        int64_t rc = hpt_call(qts, H_REMOVE, 0, ptex, 0, 0).rc;

        g_assert_true(rc == H_SUCCESS || rc == H_NOT_FOUND);
    }
    qtest_quit(qts);
}

static void test_hammer(void)
{
    hammer("-cpu POWER8");
    hammer("-cpu POWER9 -smp 2");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/mmu/enter-read-remove", test_enter_read_remove);
    qtest_add_func("pseries/mmu/conditions", test_conditions);
    qtest_add_func("pseries/mmu/full-group", test_full_group);
    qtest_add_func("pseries/mmu/bad-index", test_bad_index);
    qtest_add_func("pseries/mmu/page-checks", test_page_checks);
    qtest_add_func("pseries/mmu/zero-page", test_zero_page);
    qtest_add_func("pseries/mmu/hypervisor-bits", test_hypervisor_bits);
    qtest_add_func("pseries/mmu/protect-and-clear", test_protect_and_clear);
    qtest_add_func("pseries/mmu/bulk-remove", test_bulk_remove);
    qtest_add_func("pseries/mmu/block-remove", test_block_remove);
    qtest_add_func("pseries/mmu/flush-calls", test_flush_calls);
    qtest_add_func("pseries/mmu/hammer", test_hammer);
    return g_test_run();
}
