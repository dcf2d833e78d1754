/*
 * Hypercalls about processors and memory: good, wrong and hostile arguments
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "hw/pseries/work.h"
#include "libpapr.h"

#define RAM_END (256 * MiB)
#define A PAPR_TEST_RAM
#define B (PAPR_TEST_RAM + 0x10000)

#define assert_rc(call, code) g_assert_cmpint(call, ==, code)

static void test_unknown(void)
{
    QTestState *qts = papr_start("-smp 1");

    assert_rc(papr_hcall(qts, 0, 0), H_FUNCTION);
    assert_rc(papr_hcall(qts, 0, 6), H_FUNCTION);
    assert_rc(papr_hcall(qts, 0, 0xffc), H_FUNCTION);
    assert_rc(papr_hcall(qts, 0, 0x1000), H_FUNCTION);
    assert_rc(papr_hcall(qts, 0, 0xeeff), H_FUNCTION);
    assert_rc(papr_hcall(qts, 0, 0xffff), H_FUNCTION);
    assert_rc(papr_hcall(qts, 0, UINT64_MAX), H_FUNCTION);
    assert_rc(papr_hcall(qts, 0, 1ULL << 32 | H_CEDE), H_FUNCTION);
    qtest_quit(qts);
}

/*
 * Does vCPU @cpu, of two, wait with interrupts disabled?  Only H_JOIN of the
 * other vCPU shows it: H_CONTINUE if @cpu waits, else the caller waits, too.
 */
static bool is_waiting(QTestState *qts, int cpu)
{
    int64_t rc = papr_hcall(qts, !cpu, H_JOIN);

    g_assert_true(rc == H_CONTINUE || rc == H_SUCCESS);
    return rc == H_CONTINUE;
}

#define CONFER_SELF(qts, cpu) papr_hcall(qts, cpu, H_CONFER, cpu)

static void test_prod(void)
{
    QTestState *qts = papr_start("-smp 2");

    g_assert_false(is_waiting(qts, 0));
    assert_rc(CONFER_SELF(qts, 0), H_SUCCESS);
    g_assert_true(is_waiting(qts, 0));
    assert_rc(papr_hcall(qts, 0, H_PROD, 0), H_SUCCESS);
    g_assert_false(is_waiting(qts, 0));

    /* prods before the wait are not lost; two of them count as one */
    assert_rc(papr_hcall(qts, 0, H_PROD, 0), H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_PROD, 0), H_SUCCESS);
    assert_rc(CONFER_SELF(qts, 0), H_SUCCESS);
    g_assert_false(is_waiting(qts, 0));
    assert_rc(CONFER_SELF(qts, 0), H_SUCCESS);
    g_assert_true(is_waiting(qts, 0));

    assert_rc(papr_hcall(qts, 0, H_PROD, 2), H_PARAMETER);
    assert_rc(papr_hcall(qts, 0, H_PROD, -1), H_PARAMETER);
    assert_rc(papr_hcall(qts, 0, H_PROD, 1ULL << 32), H_PARAMETER);
    qtest_quit(qts);
}

/* End @qts, and return a new machine of two vCPUs that has its state */
static QTestState *migrate(QTestState *qts)
{
    g_autofree char *dir = g_dir_make_tmp("papr-hcall-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);

    papr_save(qts, file);
    qtest_quit(qts);

    qts = papr_start("-smp 2 -incoming defer");
    g_assert_true(papr_load(qts, file));
    unlink(file);
    rmdir(dir);
    return qts;
}

/* A prod that no wait has consumed is migrated */
static void test_prod_migrates(void)
{
    QTestState *qts = papr_start("-smp 2");

    assert_rc(papr_hcall(qts, 0, H_PROD, 0), H_SUCCESS);
    qts = migrate(qts);
    assert_rc(CONFER_SELF(qts, 0), H_SUCCESS);
    g_assert_false(is_waiting(qts, 0));
    assert_rc(CONFER_SELF(qts, 0), H_SUCCESS);
    g_assert_true(is_waiting(qts, 0));
    qtest_quit(qts);
}

/* H_PROD does not start a vCPU in RTAS's stopped state; only start-cpu does */
static void test_prod_stopped(void)
{
    QTestState *qts = papr_start("-smp 2");

    g_assert_true(is_waiting(qts, 1));
    assert_rc(papr_hcall(qts, 0, H_PROD, 1), H_SUCCESS);
    g_assert_true(is_waiting(qts, 1));
    qtest_quit(qts);
}

static void test_cede_join_confer(void)
{
    QTestState *qts = papr_start("-smp 2");

    /* vCPU 1 is stopped, so vCPU 0 is the last one that runs */
    assert_rc(papr_hcall(qts, 0, H_JOIN), H_CONTINUE);
    g_assert_false(is_waiting(qts, 0));

    assert_rc(papr_hcall(qts, 0, H_CONFER, -1), H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_CONFER, 1, 1), H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_CONFER, 2, 1), H_PARAMETER);
    assert_rc(papr_hcall(qts, 0, H_CONFER, -2, 1), H_PARAMETER);
    g_assert_false(is_waiting(qts, 0));

    /* H_CEDE enables interrupts: a vCPU that waits in it has not joined */
    assert_rc(papr_hcall(qts, 0, H_CEDE), H_SUCCESS);
    g_assert_false(is_waiting(qts, 0));
    assert_rc(papr_hcall(qts, 0, H_JOIN), H_BAD_MODE);
    qtest_quit(qts);
}

#define AREA(n) ((uint64_t)(n) << 45)
enum { VPA = 1, DTL, SLB_SHADOW, VPA_OFF = 5, DTL_OFF, SLB_SHADOW_OFF };

static void test_register_vpa(void)
{
    QTestState *qts = papr_start("-smp 1");

    qtest_memset(qts, A, 0, 0x3000);
    /* order: a DTL and an SLB shadow need a registered VPA */
    papr_st32(qts, A + 4, 640 << 16);
    papr_st32(qts, A + 0x1004, 48);
    papr_st32(qts, A + 0x2004, 8);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(DTL), 0, A + 0x1000),
              H_RESOURCE);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(SLB_SHADOW), 0,
                         A + 0x2000), H_RESOURCE);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(VPA), 0, A), H_SUCCESS);
    g_assert_cmphex(qtest_readb(qts, A + 9) & 2, ==, 2);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(DTL), 0, A + 0x1000),
              H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(VPA_OFF), 0, 0),
              H_RESOURCE);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(DTL_OFF), 0, 0),
              H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(SLB_SHADOW), 0,
                         A + 0x2000), H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(VPA_OFF), 0, 0),
              H_RESOURCE);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(SLB_SHADOW_OFF), 0, 0),
              H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(VPA_OFF), 0, 0),
              H_SUCCESS);
    qtest_quit(qts);
}

static void test_register_vpa_bad(void)
{
    QTestState *qts = papr_start("-smp 1");
    static const uint64_t nowhere[] = {
        A + 4, A + 64, RAM_END, RAM_END - 4, 1ULL << 40, -128ULL, -8ULL,
    };

    qtest_memset(qts, A, 0, 0x2000);
    papr_st32(qts, A + 4, 640 << 16);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, 0, 0, A), H_PARAMETER);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(4), 0, A), H_PARAMETER);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(VPA), 1, A), H_PARAMETER);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(VPA), -1, A),
              H_PARAMETER);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(VPA), 0, 0), H_HARDWARE);
    for (int kind = VPA; kind <= SLB_SHADOW; kind++) {
        for (size_t i = 0; i < ARRAY_SIZE(nowhere); i++) {
            assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(kind), 0,
                                 nowhere[i]), H_PARAMETER);
        }
    }

    /* too short, and across the end of a page or of RAM */
    papr_st32(qts, A + 4, 639 << 16);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(VPA), 0, A), H_PARAMETER);
    papr_st32(qts, A + 0xe84, 640 << 16);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(VPA), 0, A + 0xe80),
              H_PARAMETER);
    papr_st32(qts, A + 4, 0xffff0000);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(VPA), 0, A), H_PARAMETER);
    papr_st32(qts, A + 4, 640 << 16);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(VPA), 0, A), H_SUCCESS);
    papr_st32(qts, B + 4, 47);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(DTL), 0, B), H_PARAMETER);
    papr_st32(qts, B + 4, -1);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(DTL), 0, B), H_PARAMETER);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(SLB_SHADOW), 0, B),
              H_PARAMETER);
    papr_st32(qts, B + 4, 7);
    assert_rc(papr_hcall(qts, 0, H_REGISTER_VPA, AREA(SLB_SHADOW), 0, B),
              H_PARAMETER);
    qtest_quit(qts);
}

/* LPCR (logical partitioning control register) of all vCPUs: @bits of @mask */
static void assert_lpcr(QTestState *qts, unsigned n, uint64_t mask,
                        uint64_t bits)
{
    g_autofree char *all = qtest_hmp(qts, "info registers -a");
    const char *at = all;

    while ((at = strstr(at, "LPCR "))) {
        at += strlen("LPCR ");
        g_assert_cmphex(g_ascii_strtoull(at, NULL, 16) & mask, ==, bits);
        n--;
    }
    g_assert_cmpuint(n, ==, 0);
}

#define LPCR_ILE (1ULL << (63 - 38))
#define LPCR_AIL (3ULL << (63 - 40))
#define UNSUPPORTED(bit) (H_UNSUPPORTED_FLAG - (bit))

static void test_set_mode(void)
{
    QTestState *qts = papr_start("-smp 3");

    /* partition wide: endianness and address of interrupt vectors */
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 1, 4), H_SUCCESS);
    assert_lpcr(qts, 3, LPCR_ILE, LPCR_ILE);
    assert_rc(papr_hcall(qts, 1, H_SET_MODE, 0, 4), H_SUCCESS);
    assert_lpcr(qts, 3, LPCR_ILE, 0);
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 3, 3), H_SUCCESS);
    assert_lpcr(qts, 3, LPCR_AIL, LPCR_AIL);
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 0, 3), H_SUCCESS);
    assert_lpcr(qts, 3, LPCR_AIL, 0);
    for (int resource = 3; resource <= 4; resource++) {
        assert_rc(papr_hcall(qts, 0, H_SET_MODE, 0, resource, 1), H_P3);
        assert_rc(papr_hcall(qts, 0, H_SET_MODE, 0, resource, 0, 1), H_P4);
    }
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 1, 3), UNSUPPORTED(63));
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 2, 3), UNSUPPORTED(62));
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 4, 3), UNSUPPORTED(61));
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 2, 4), UNSUPPORTED(62));
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 1ULL << 63 | 1, 4),
              UNSUPPORTED(0));
    assert_lpcr(qts, 3, LPCR_ILE | LPCR_AIL, 0);

    /* a breakpoint, a watchpoint */
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 0, 1, 0x1000), H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 0, 1, 0x1003), H_P3);
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 0, 1, 0x1000, 1), H_P4);
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 1, 1, 0x1000), UNSUPPORTED(63));
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 0, 2, 0x1000, 3), H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 0, 2, 0x1000, 4), H_P4);
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 0, 2, 0, 1ULL << 32), H_P4);
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 2, 2, 0x1000, 3), UNSUPPORTED(62));

    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 0, 0), H_P2);
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 0, 6), H_P2);
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 0, -1), H_P2);
    qtest_quit(qts);
}

/* A vCPU started later has the modes, also if migrated; a reset clears them */
static void test_set_mode_moves(void)
{
    QTestState *qts = papr_start("-smp 2");

    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 1, 4), H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 3, 3), H_SUCCESS);
    qts = migrate(qts);
    assert_rc(papr_rtas(qts, "start-cpu", 1, NULL, 1, 0x100, 0), RTAS_SUCCESS);
    assert_lpcr(qts, 2, LPCR_ILE | LPCR_AIL, LPCR_ILE | LPCR_AIL);
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 0, 4), H_SUCCESS);
    assert_lpcr(qts, 2, LPCR_ILE | LPCR_AIL, LPCR_AIL);
    qtest_system_reset(qts);
    assert_lpcr(qts, 2, LPCR_ILE | LPCR_AIL, 0);
    assert_rc(papr_rtas(qts, "start-cpu", 1, NULL, 1, 0x100, 0), RTAS_SUCCESS);
    assert_lpcr(qts, 2, LPCR_ILE | LPCR_AIL, 0);
    qtest_quit(qts);
}

static void test_set_mode_caps(void)
{
    QTestState *qts = papr_start("-cpu power10 -machine cap-ail-mode-3=off,"
                                 "cap-dawr1=off");

    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 3, 3), UNSUPPORTED(63));
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 0, 5, 0x1000, 3), H_P2);
    qtest_quit(qts);

    qts = papr_start("-cpu power10");
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 3, 3), H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 0, 5, 0x1000, 3), H_SUCCESS);
    qtest_quit(qts);
}

static void test_registers(void)
{
    QTestState *qts = papr_start("-cpu power7");

    assert_rc(papr_hcall(qts, 0, H_SET_SPRG0, 0x1234), H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_SET_DABR, 0), H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_SET_XDABR, 0x1000, 3), H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_SET_XDABR, 0x1000, 0xb), H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_SET_XDABR, 0x1000, 0), H_PARAMETER);
    assert_rc(papr_hcall(qts, 0, H_SET_XDABR, 0x1000, 8), H_PARAMETER);
    assert_rc(papr_hcall(qts, 0, H_SET_XDABR, 0x1000, 7), H_PARAMETER);
    assert_rc(papr_hcall(qts, 0, H_SET_XDABR, 0x1000, 0x13), H_PARAMETER);
    /* breakpoints through H_SET_MODE came with POWER8 */
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 0, 1, 0x1000), H_P2);
    assert_rc(papr_hcall(qts, 0, H_SET_MODE, 0, 2, 0x1000, 3), H_P2);
    qtest_quit(qts);
}

#define BIT_IBM(n) (1ULL << (63 - (n)))

/* TCG emulates no speculation and offers no protection from it */
static void test_characteristics(void)
{
    QTestState *qts = papr_start("-smp 1");
    uint64_t regs[PAPR_HCALL_REGS] = { -1, -1 };

    assert_rc(papr_hcall_regs(qts, 0, H_GET_CPU_CHARACTERISTICS, regs),
              H_SUCCESS);
    g_assert_cmphex(regs[0], ==, BIT_IBM(5));
    /* nothing to protect by flushes: an emulated CPU has no such caches */
    g_assert_cmphex(regs[1], ==, BIT_IBM(7) | BIT_IBM(8) | BIT_IBM(9));
    qtest_quit(qts);
}

static void assert_at_reset_vector(QTestState *qts)
{
    g_autofree char *registers = qtest_hmp(qts, "info registers");

    g_assert_nonnull(strstr(registers, "NIP 0000000000000100"));
}

static void test_system_reset(void)
{
    QTestState *qts = papr_start("-smp 2");

    assert_rc(CONFER_SELF(qts, 0), H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_SIGNAL_SYS_RESET, -2), H_SUCCESS);
    g_assert_true(is_waiting(qts, 0));
    assert_rc(papr_hcall(qts, 0, H_SIGNAL_SYS_RESET, 0), H_SUCCESS);
    g_assert_false(is_waiting(qts, 0));
    assert_at_reset_vector(qts);

    /* all vCPUs; but vCPU 1, which is stopped, stays so (R1-7.3.8.1-2) */
    assert_rc(CONFER_SELF(qts, 0), H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_SIGNAL_SYS_RESET, -1), H_SUCCESS);
    g_assert_false(is_waiting(qts, 0));
    g_assert_true(is_waiting(qts, 1));

    assert_rc(papr_hcall(qts, 0, H_SIGNAL_SYS_RESET, -3), H_PARAMETER);
    assert_rc(papr_hcall(qts, 0, H_SIGNAL_SYS_RESET, 2), H_PARAMETER);
    assert_rc(papr_hcall(qts, 0, H_SIGNAL_SYS_RESET, INT64_MIN), H_PARAMETER);
    qtest_quit(qts);
}

static void test_home_node(void)
{
    QTestState *qts = papr_start("-smp 2");
    uint64_t regs[PAPR_HCALL_REGS] = { 1, 1 };

    assert_rc(papr_hcall_regs(qts, 0, H_HOME_NODE_ASSOCIATIVITY, regs),
              H_SUCCESS);
    /* the vCPU's domains are first; all ones fill the rest */
    for (int i = 0; i < 6; i++) {
        if (regs[i] == UINT64_MAX) {
            g_assert_cmpint(i, >, 0);
            break;
        }
    }
    g_assert_cmphex(regs[5], ==, UINT64_MAX);
    assert_rc(papr_hcall(qts, 0, H_HOME_NODE_ASSOCIATIVITY, 0, 0), H_PARAMETER);
    assert_rc(papr_hcall(qts, 0, H_HOME_NODE_ASSOCIATIVITY, 3, 0), H_PARAMETER);
    assert_rc(papr_hcall(qts, 0, H_HOME_NODE_ASSOCIATIVITY, 1, 2), H_P2);
    assert_rc(papr_hcall(qts, 0, H_HOME_NODE_ASSOCIATIVITY, 1, -1), H_P2);
    qtest_quit(qts);
}

#define ZERO_PAGE BIT_IBM(48)
#define COPY_PAGE BIT_IBM(49)
#define ICACHE    (BIT_IBM(40) | BIT_IBM(41))

static void test_page_init(void)
{
    QTestState *qts = papr_start("-smp 1");

    qtest_memset(qts, A, 0x5a, 0x3000);
    qtest_memset(qts, A + 0x1000, 0xa5, 0x1000);
    assert_rc(papr_hcall(qts, 0, H_PAGE_INIT, COPY_PAGE | ICACHE, A,
                         A + 0x1000), H_SUCCESS);
    g_assert_cmphex(papr_ld64(qts, A), ==, 0xa5a5a5a5a5a5a5a5ULL);
    g_assert_cmphex(papr_ld64(qts, A + 0xff8), ==, 0xa5a5a5a5a5a5a5a5ULL);
    assert_rc(papr_hcall(qts, 0, H_PAGE_INIT, ZERO_PAGE, A + 0x1000),
              H_SUCCESS);
    g_assert_cmphex(papr_ld64(qts, A + 0x1000), ==, 0);
    g_assert_cmphex(papr_ld64(qts, A + 0x1ff8), ==, 0);
    g_assert_cmphex(papr_ld64(qts, A + 0x2000), ==, 0x5a5a5a5a5a5a5a5aULL);
    assert_rc(papr_hcall(qts, 0, H_PAGE_INIT, 0, A), H_SUCCESS);
    g_assert_cmphex(papr_ld64(qts, A), ==, 0xa5a5a5a5a5a5a5a5ULL);

    assert_rc(papr_hcall(qts, 0, H_PAGE_INIT, 1, A), H_PARAMETER);
    assert_rc(papr_hcall(qts, 0, H_PAGE_INIT, ZERO_PAGE, A + 8), H_PARAMETER);
    assert_rc(papr_hcall(qts, 0, H_PAGE_INIT, ZERO_PAGE, RAM_END), H_PARAMETER);
    assert_rc(papr_hcall(qts, 0, H_PAGE_INIT, ZERO_PAGE, -4096), H_PARAMETER);
    assert_rc(papr_hcall(qts, 0, H_PAGE_INIT, COPY_PAGE, A, RAM_END),
              H_PARAMETER);
    g_assert_cmphex(papr_ld64(qts, A), ==, 0xa5a5a5a5a5a5a5a5ULL);
    qtest_quit(qts);
}

static bool migration_is(QTestState *qts, const char *status)
{
    QDict *info = qtest_qmp_assert_success_ref(
        qts, "{ 'execute': 'query-migrate' }");
    bool is = !g_strcmp0(qdict_get_try_str(info, "status"), status);

    qobject_unref(info);
    return is;
}

static void wait_for_migration(QTestState *qts, const char *status)
{
    while (!migration_is(qts, status)) {
        g_usleep(1000);
    }
}

/*
 * Calls mark pages that they write as dirty, so that pages which were sent
 * already are sent again: a page is cleared, another copied, and RTAS results
 * fill the end of a page and the start of the next one.
 */
static void test_writes_migrate(void)
{
    g_autofree char *dir = g_dir_make_tmp("papr-hcall-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);
    g_autofree char *uri = g_strconcat("file:", file, NULL);
    const uint64_t page = PAPR_TEST_RAM, clear = page + 0x2000;
    const uint64_t copy = page + 0x4000, block = page + 0x6000 - 5 * 4;
    QTestState *qts = papr_start("-smp 1");

    qtest_memset(qts, page, 0x5a, 0x1000);
    qtest_memset(qts, clear, 0xa5, 0x1000);
    papr_st32(qts, block, RTAS_GET_TIME_OF_DAY);
    papr_st32(qts, block + 4, 0);
    papr_st32(qts, block + 8, 8);

    qtest_qmp_assert_success(qts,
        "{ 'execute': 'migrate-set-capabilities', 'arguments': "
        "{ 'capabilities': [ { 'capability': 'pause-before-switchover', "
        "'state': true } ] } }");
    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate', 'arguments': "
                             "{ 'uri': %s } }", uri);
    wait_for_migration(qts, "pre-switchover");
    assert_rc(papr_hcall(qts, 0, H_PAGE_INIT, ZERO_PAGE, clear), H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_PAGE_INIT, COPY_PAGE, copy, page),
              H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_RTAS, block), H_SUCCESS);
    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate-continue', "
                             "'arguments': { 'state': 'pre-switchover' } }");
    wait_for_migration(qts, "completed");
    qtest_quit(qts);

    qts = papr_start("-smp 1 -incoming defer");
    g_assert_true(papr_load(qts, file));
    unlink(file);
    rmdir(dir);
    g_assert_cmphex(papr_ld64(qts, clear + 0xff8), ==, 0);
    g_assert_cmphex(papr_ld64(qts, copy + 0xff8), ==, 0x5a5a5a5a5a5a5a5aull);
    /* year and day */
    g_assert_cmpuint(papr_ld32(qts, block + 16), >, 1969);
    g_assert_cmpuint(papr_ld32(qts, block + 24), >, 0);
    qtest_quit(qts);
}

static void test_logical_access(void)
{
    static const struct { uint32_t load, store; } kinds[] = {
        { H_LOGICAL_CI_LOAD, H_LOGICAL_CI_STORE },
        { H_LOGICAL_CACHE_LOAD, H_LOGICAL_CACHE_STORE },
    };
    QTestState *qts = papr_start("-smp 1");

    for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
        uint32_t load = kinds[k].load, store = kinds[k].store;

        for (int size = 1; size <= 8; size *= 2) {
            uint64_t value = 0x1122334455667788ULL >> (64 - 8 * size);
            uint64_t regs[PAPR_HCALL_REGS] = { size, A + size };

            papr_st64(qts, A, 0);
            papr_st64(qts, A + 8, 0);
            assert_rc(papr_hcall(qts, 0, store, size, A + size,
                                 0x1122334455667788ULL >> (64 - 8 * size)),
                      H_SUCCESS);
            g_assert_cmphex(qtest_readb(qts, A + 2 * size - 1), ==,
                            value & 0xff);
            assert_rc(papr_hcall_regs(qts, 0, load, regs), H_SUCCESS);
            g_assert_cmphex(regs[0], ==, value);
            if (size > 1) {
                assert_rc(papr_hcall(qts, 0, load, size, A + 1), H_PARAMETER);
                assert_rc(papr_hcall(qts, 0, store, size, A + 1), H_PARAMETER);
            }
            assert_rc(papr_hcall(qts, 0, load, size, RAM_END), H_PARAMETER);
            assert_rc(papr_hcall(qts, 0, store, size, -(uint64_t)size),
                      H_PARAMETER);
        }
        for (int size = 0; size <= 16; size += 3) {
            assert_rc(papr_hcall(qts, 0, load, size, A), H_PARAMETER);
            assert_rc(papr_hcall(qts, 0, store, size, A), H_PARAMETER);
        }
        assert_rc(papr_hcall(qts, 0, load, -1, A), H_PARAMETER);
        assert_rc(papr_hcall(qts, 0, store, 1ULL << 32 | 1, A), H_PARAMETER);
    }
    assert_rc(papr_hcall(qts, 0, H_LOGICAL_ICBI, A, 128), H_SUCCESS);
    assert_rc(papr_hcall(qts, 0, H_LOGICAL_DCBF, -1, -1), H_SUCCESS);
    qtest_quit(qts);
}

static void fill_pattern(QTestState *qts, uint8_t *pattern, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        pattern[i] = i * 7 + (i >> 8);
    }
    qtest_memwrite(qts, A, pattern, len);
}

/* Copy and invert with all kinds of overlap, compared with memmove() here */
static void test_memop(void)
{
    enum { LEN = 0x5000, COUNT = 0x3000 };
    static const int shifts[] = { 0, 8, 0x800, 0x1000, 0x1808 };
    g_autofree uint8_t *pattern = g_malloc(LEN), *seen = g_malloc(LEN);
    QTestState *qts = papr_start("-smp 1");

    for (size_t i = 0; i < ARRAY_SIZE(shifts); i++) {
        for (int way = 0; way < 4; way++) {
            int from = way & 1 ? shifts[i] : 0, to = way & 1 ? 0 : shifts[i];

            fill_pattern(qts, pattern, LEN);
            assert_rc(papr_hcall(qts, 0, H_LOGICAL_MEMOP, A + to, A + from,
                                 3, COUNT / 8, way >> 1), H_SUCCESS);
            memmove(pattern + to, pattern + from, COUNT);
            for (int b = 0; (way & 2) && b < COUNT; b++) {
                pattern[to + b] ^= 0xff;
            }
            qtest_memread(qts, A, seen, LEN);
            g_assert_cmpmem(seen, LEN, pattern, LEN);
        }
    }
    qtest_quit(qts);
}

static void test_memop_bad(void)
{
    QTestState *qts = papr_start("-smp 1");
    static const uint64_t bad[][5] = {
        { A, B, 4, 1, 0 }, { A, B, -1, 1, 0 }, { A, B, 0, 1, 2 },
        { A + 1, B, 1, 1, 0 }, { A, B + 4, 3, 1, 0 },
        { RAM_END - 8, B, 3, 2, 0 }, { A, RAM_END - 8, 3, 2, 0 },
        { RAM_END, B, 0, 1, 0 }, { -8ULL, B, 0, 16, 0 }, { A, -8ULL, 0, 8, 0 },
        { A, B, 0, RAM_END, 0 }, { A, B, 3, 1ULL << 61, 0 },
        { A, B, 3, UINT64_MAX, 0 }, { A, B, 0, UINT64_MAX, 1 },
    };

    papr_st64(qts, A, 0x0123456789abcdefULL);
    papr_st64(qts, B, 0);
    /* the limit is 32 MiB, more than a screen has; of memory onto itself */
    papr_work(qts);
    assert_rc(papr_hcall(qts, 0, H_LOGICAL_MEMOP, A, A, 3, 4 * MiB, 0),
              H_SUCCESS);
    g_assert_cmpuint(papr_work(qts), <=, PAPR_WORK_MAX);
    assert_rc(papr_hcall(qts, 0, H_LOGICAL_MEMOP, A, A, 3, 4 * MiB + 1, 0),
              H_PARAMETER);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_rc(papr_hcall(qts, 0, H_LOGICAL_MEMOP, bad[i][0], bad[i][1],
                             bad[i][2], bad[i][3], bad[i][4]), H_PARAMETER);
    }
    g_assert_cmphex(papr_ld64(qts, A), ==, 0x0123456789abcdefULL);
    assert_rc(papr_hcall(qts, 0, H_LOGICAL_MEMOP, A, B, 3, 0, 0), H_SUCCESS);
    g_assert_cmphex(papr_ld64(qts, A), ==, 0x0123456789abcdefULL);
    qtest_quit(qts);
}

static const uint32_t known[] = {
#define OPCODE(name, number) number,
    PAPR_HCALL_LIST(OPCODE)
#undef OPCODE
};

/* Words that a hostile guest would try, and random ones */
static uint64_t hostile_word(GRand *rand)
{
    static const uint64_t words[] = {
        0, 1, 2, 3, 4, 7, 8, 16, 0x1000, 0x1001, 0x1200, 0x2000, 0xfff, 0xffff,
        A, A + 1, A + 4, B, RAM_END - 1, RAM_END - 8, RAM_END - 4096, RAM_END,
        0x80000000, 0xffffffff, 1ULL << 32, 1ULL << 45, 2ULL << 45, 3ULL << 45,
        1ULL << 46, 32 * TiB, 64 * TiB, 1ULL << 60, 1ULL << 63, INT64_MAX,
        -1ULL, -2ULL, -3ULL, -8ULL, -4096ULL,
    };
    uint32_t pick = g_rand_int(rand);

    switch (pick & 3) {
    case 0:
        return (uint64_t)g_rand_int(rand) << 32 | g_rand_int(rand);
    case 1:
        return pick >> 2 & 0xff;
    default:
        return words[(pick >> 2) % ARRAY_SIZE(words)];
    }
}

/* Whatever a guest calls, the machine answers and continues */
static void test_fuzz(void)
{
    QTestState *qts = papr_start("-smp 2");
    GRand *rand = g_rand_new_with_seed(20);

    for (int round = 0; round < 25; round++) {
        for (size_t i = 0; i < ARRAY_SIZE(known) + 20; i++) {
            uint64_t regs[PAPR_HCALL_REGS];
            uint64_t nr = i < ARRAY_SIZE(known) ? known[i]
                                                : g_rand_int(rand) & 0xffff;

            for (int r = 0; r < PAPR_HCALL_REGS; r++) {
                regs[r] = hostile_word(rand);
            }
            papr_hcall_regs(qts, round & 1, nr, regs);
        }
    }
    g_rand_free(rand);
    g_assert_cmpuint(papr_work(qts), <=, PAPR_WORK_MAX);
    assert_rc(papr_hcall(qts, 0, H_SET_SPRG0, 1), H_SUCCESS);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/hcall/unknown", test_unknown);
    qtest_add_func("pseries/hcall/prod", test_prod);
    qtest_add_func("pseries/hcall/prod-migrates", test_prod_migrates);
    qtest_add_func("pseries/hcall/prod-stopped", test_prod_stopped);
    qtest_add_func("pseries/hcall/cede-join-confer", test_cede_join_confer);
    qtest_add_func("pseries/hcall/register-vpa", test_register_vpa);
    qtest_add_func("pseries/hcall/register-vpa-bad", test_register_vpa_bad);
    qtest_add_func("pseries/hcall/set-mode", test_set_mode);
    qtest_add_func("pseries/hcall/set-mode-moves", test_set_mode_moves);
    qtest_add_func("pseries/hcall/set-mode-caps", test_set_mode_caps);
    qtest_add_func("pseries/hcall/registers", test_registers);
    qtest_add_func("pseries/hcall/characteristics", test_characteristics);
    qtest_add_func("pseries/hcall/system-reset", test_system_reset);
    qtest_add_func("pseries/hcall/home-node", test_home_node);
    qtest_add_func("pseries/hcall/page-init", test_page_init);
    qtest_add_func("pseries/hcall/writes-migrate", test_writes_migrate);
    qtest_add_func("pseries/hcall/logical-access", test_logical_access);
    qtest_add_func("pseries/hcall/memop", test_memop);
    qtest_add_func("pseries/hcall/memop-bad", test_memop_bad);
    qtest_add_func("pseries/hcall/fuzz", test_fuzz);
    return g_test_run();
}
