/*
 * Unit tests: words of XICS sources and presentation controllers (ICP)
 *
 * The pure state machines, icp-state.h and source-state.h, step by step.
 * test-icp.c has the arbiter.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/intc/pseries/xics/arbiter.h"
#include "icp-word.h"

#define IRQ_A 0x1000
#define IRQ_B 0x1001
#define IRQ_C 0x1fff

/* An open ICP: CPPR = 0xff, nothing presented, no IPI requested */
static uint64_t open_word(void)
{
    return papr_icp_set_cppr(papr_icp_off(false), 0xff).next;
}

static void test_state_offer(void)
{
    PaprIcpStep s;

    check_word(papr_icp_off(false), 0, 0, 0xff, 0xff);
    s = papr_icp_offer(papr_icp_off(false), IRQ_A, 0);
    g_assert_false(s.taken);
    g_assert_true(papr_icp_regs(s.next).resend);

    s = papr_icp_offer(open_word(), IRQ_A, 5);
    g_assert_true(s.taken);
    g_assert_true(papr_icp_presents(s.next));
    check_word(s.next, 0xff, IRQ_A, 5, 0xff);

    /* not more favored: refused; the same IRQ: one event; more: displaces */
    g_assert_false(papr_icp_offer(s.next, IRQ_B, 5).taken);
    g_assert_true(papr_icp_offer(s.next, IRQ_A, 5).taken);
    g_assert_cmphex(papr_icp_offer(s.next, IRQ_A, 5).next, ==, s.next);
    s = papr_icp_offer(s.next, IRQ_B, 4);
    g_assert_true(s.taken);
    g_assert_cmphex(s.displaced, ==, IRQ_A);
    g_assert_true(papr_icp_regs(s.next).resend);
    check_word(s.next, 0xff, IRQ_B, 4, 0xff);

    /* the same source with a better priority displaces no other */
    s = papr_icp_offer(s.next, IRQ_B, 3);
    g_assert_true(s.taken);
    g_assert_cmphex(s.displaced, ==, 0);
    check_word(s.next, 0xff, IRQ_B, 3, 0xff);
}

static void test_state_accept(void)
{
    PaprIcpStep s = papr_icp_offer(open_word(), IRQ_A, 5);

    s = papr_icp_accept(s.next);
    check_word(s.next, 5, 0, 0xff, 0xff);
    g_assert_false(papr_icp_presents(s.next));
    g_assert_false(papr_icp_can_take(s.next, 5));
    g_assert_true(papr_icp_can_take(s.next, 4));

    /* a spurious accept leaves the priority where it is */
    s = papr_icp_accept(s.next);
    check_word(s.next, 5, 0, 0xff, 0xff);
}

static void test_state_ipi(void)
{
    PaprIcpStep s = papr_icp_set_mfrr(open_word(), 4);

    check_word(s.next, 0xff, 2, 4, 4);
    s = papr_icp_accept(s.next);
    check_word(s.next, 4, 0, 0xff, 4);
    s = papr_icp_set_mfrr(s.next, 0xff);
    check_word(s.next, 4, 0, 0xff, 0xff);
    s = papr_icp_set_cppr(s.next, 0xff);
    check_word(s.next, 0xff, 0, 0xff, 0xff);

    /* an IPI that CPPR masks is presented as soon as CPPR allows it */
    s = papr_icp_set_cppr(s.next, 4);
    s = papr_icp_set_mfrr(s.next, 4);
    check_word(s.next, 4, 0, 0xff, 4);
    s = papr_icp_set_cppr(s.next, 5);
    check_word(s.next, 5, 2, 4, 4);

    /* withdrawing the request does not withdraw an IPI that is presented */
    s = papr_icp_set_mfrr(s.next, 0xff);
    check_word(s.next, 5, 2, 4, 0xff);
}

static void test_state_ipi_displaces(void)
{
    PaprIcpStep s = papr_icp_offer(open_word(), IRQ_A, 5);

    s = papr_icp_set_mfrr(s.next, 5);
    g_assert_cmphex(s.displaced, ==, 0);
    check_word(s.next, 0xff, IRQ_A, 5, 5);
    s = papr_icp_set_mfrr(s.next, 4);
    g_assert_cmphex(s.displaced, ==, IRQ_A);
    check_word(s.next, 0xff, 2, 4, 4);

    /* an IPI displaced by a source comes back by itself: MFRR keeps it */
    s = papr_icp_offer(s.next, IRQ_B, 3);
    g_assert_cmphex(s.displaced, ==, 0);
    check_word(s.next, 0xff, IRQ_B, 3, 4);
    s = papr_icp_accept(s.next);
    check_word(s.next, 3, 0, 0xff, 4);
    s = papr_icp_set_cppr(s.next, 0xff);
    check_word(s.next, 0xff, 2, 4, 4);
    /* sources that wait may be better than the IPI, as CPPR was 3 before */
    g_assert_true(s.resend);
    g_assert_false(papr_icp_regs(s.next).resend);

    /* a source that the IPI made wait is resent only when CPPR rises */
    s = papr_icp_offer(s.next, IRQ_A, 5);
    g_assert_false(s.taken);
    s = papr_icp_accept(s.next);
    s = papr_icp_set_mfrr(s.next, 0xff);
    s = papr_icp_set_cppr(s.next, 0xff);
    g_assert_true(s.resend);
    g_assert_false(papr_icp_regs(s.next).resend);
}

/* Refused at CPPR 3, but more favored than the IPI presented next */
static void test_state_behind_ipi(void)
{
    PaprIcpStep s = papr_icp_set_cppr(open_word(), 3);

    s = papr_icp_set_mfrr(s.next, 4);
    s = papr_icp_offer(s.next, IRQ_A, 3);
    g_assert_false(s.taken);
    s = papr_icp_set_cppr(s.next, 0xff);
    check_word(s.next, 0xff, 2, 4, 4);
    g_assert_true(s.resend);
    s = papr_icp_offer(s.next, IRQ_A, 3);
    g_assert_true(s.taken);
    check_word(s.next, 0xff, IRQ_A, 3, 4);
    /* the pending priority 3 is the limit, so a higher CPPR resends nothing */
    s = papr_icp_offer(s.next, IRQ_B, 5);
    s = papr_icp_set_cppr(s.next, 6);
    g_assert_false(s.resend);
    s = papr_icp_set_cppr(s.next, 0xff);
    g_assert_false(s.resend);
}

static void test_state_cppr(void)
{
    PaprIcpStep s = papr_icp_offer(open_word(), IRQ_A, 5);

    s = papr_icp_set_cppr(s.next, 6);
    check_word(s.next, 6, IRQ_A, 5, 0xff);
    s = papr_icp_set_cppr(s.next, 5);
    g_assert_cmphex(s.displaced, ==, IRQ_A);
    g_assert_false(s.resend);
    g_assert_true(papr_icp_regs(s.next).resend);
    check_word(s.next, 5, 0, 0xff, 0xff);
    s = papr_icp_set_cppr(s.next, 0xff);
    g_assert_true(s.resend);

    /* nothing waits: nothing to resend */
    s = papr_icp_set_cppr(papr_icp_set_cppr(open_word(), 3).next, 0xff);
    g_assert_false(s.resend);
}

/* A stream may have any word: a few operations lead to one that is valid */
static void test_state_any_word(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);

    for (int i = 0; i < 100000; i++) {
        uint64_t word = (uint64_t)g_rand_int(rand) << 32 | g_rand_int(rand);
        uint8_t value = g_rand_int(rand);
        PaprIcpRegs r;

        word = papr_icp_accept(word).next;
        word = papr_icp_set_cppr(word, g_rand_int(rand)).next;
        word = papr_icp_set_mfrr(word, g_rand_int(rand)).next;
        switch (g_rand_int_range(rand, 0, 4)) {
        case 0:
            word = papr_icp_offer(word, IRQ_A, value).next;
            break;
        case 1:
            word = papr_icp_set_cppr(word, value).next;
            break;
        case 2:
            word = papr_icp_set_mfrr(word, value).next;
            break;
        case 3:
            word = papr_icp_accept(word).next;
            break;
        }
        r = papr_icp_regs(word);
        g_assert_cmpint(r.xisr == 0, ==, r.pending == 0xff);
        if (r.xisr) {
            g_assert_cmphex(r.pending, <, r.cppr);
        }
        if (r.mfrr < r.cppr) {
            g_assert_cmphex(r.xisr, !=, 0);
            g_assert_cmphex(r.pending, <=, r.mfrr);
        }
    }
}

static void test_source_msi(void)
{
    PaprSource s = papr_source_off(PAPR_SOURCE_MSI);

    g_assert_cmpuint(sizeof(s), ==, 8);
    g_assert_false(papr_source_waits(s));
    s = papr_source_put_back(s);
    g_assert_cmphex(s.status, ==, PAPR_SOURCE_MASKED_PENDING);
    g_assert_false(papr_source_waits(s));

    /* routed, it waits; masked and unmasked, it keeps server and priority */
    s = papr_source_route(s, 3, 5, 5);
    g_assert_cmphex(s.status, ==, PAPR_SOURCE_REJECTED);
    g_assert_true(papr_source_waits(s));
    s = papr_source_mask(s);
    g_assert_cmphex(s.status, ==, PAPR_SOURCE_MASKED_PENDING);
    g_assert_cmphex(s.priority, ==, 0xff);
    s = papr_source_mask(s);
    g_assert_cmphex(s.saved_priority, ==, 5);
    s = papr_source_unmask(s);
    g_assert_cmpuint(s.server, ==, 3);
    g_assert_cmphex(s.priority, ==, 5);
    g_assert_true(papr_source_waits(s));
    s = papr_source_take(s);
    g_assert_false(papr_source_waits(s));
    g_assert_cmphex(s.status, ==, 0);
    s = papr_source_put_back(s);
    g_assert_true(papr_source_waits(s));
}

/* A stream from KVM has other status bits, and two for an MSI that waits */
static void test_source_settle(void)
{
    static const struct {
        uint8_t flags, priority, status, settled;
    } cases[] = {
        { PAPR_SOURCE_MSI, 5, 0, 0 },
        { PAPR_SOURCE_MSI, 5, PAPR_SOURCE_PRESENTED, 0 },
        { PAPR_SOURCE_MSI, 5, PAPR_SOURCE_REJECTED, PAPR_SOURCE_REJECTED },
        { PAPR_SOURCE_MSI, 5, PAPR_SOURCE_REJECTED | PAPR_SOURCE_PRESENTED |
          PAPR_SOURCE_MASKED_PENDING, PAPR_SOURCE_REJECTED },
        { PAPR_SOURCE_MSI, 5, PAPR_SOURCE_PRESENTED | PAPR_SOURCE_QUEUED,
          PAPR_SOURCE_REJECTED },
        { PAPR_SOURCE_MSI, PAPR_PRIO_NONE, PAPR_SOURCE_MASKED_PENDING |
          PAPR_SOURCE_REJECTED, PAPR_SOURCE_MASKED_PENDING },
        { PAPR_SOURCE_MSI, PAPR_PRIO_NONE, PAPR_SOURCE_QUEUED,
          PAPR_SOURCE_MASKED_PENDING },
        { PAPR_SOURCE_LSI, 5, PAPR_SOURCE_ASSERTED | PAPR_SOURCE_PRESENTED,
          PAPR_SOURCE_ASSERTED },
        { PAPR_SOURCE_LSI, 5, PAPR_SOURCE_ASSERTED | PAPR_SOURCE_SENT,
          PAPR_SOURCE_ASSERTED | PAPR_SOURCE_SENT },
    };

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        PaprSource s = papr_source_off(cases[i].flags);
        PaprSource settled;

        s.server = 3;
        s.priority = cases[i].priority;
        s.saved_priority = 5;
        s.status = cases[i].status;
        settled = papr_source_settle(s);
        s.status = cases[i].settled;
        g_assert_cmphex(settled.word, ==, s.word);
        /* once is enough */
        g_assert_cmphex(papr_source_settle(settled).word, ==, settled.word);
    }
}

static void test_source_lsi(void)
{
    PaprSource s = papr_source_off(PAPR_SOURCE_LSI);

    s = papr_source_level(s, true);
    g_assert_false(papr_source_waits(s));
    s = papr_source_route(s, 0, 5, 5);
    g_assert_true(papr_source_waits(s));
    s = papr_source_take(s);
    g_assert_false(papr_source_waits(s));

    /* up at the end of interrupt: due again; down: not */
    s = papr_source_eoi(s);
    g_assert_true(papr_source_waits(s));
    s = papr_source_take(s);
    s = papr_source_level(s, false);
    s = papr_source_eoi(s);
    g_assert_false(papr_source_waits(s));

    /* refused, then down: forgotten */
    s = papr_source_take(papr_source_level(s, true));
    s = papr_source_put_back(s);
    g_assert_true(papr_source_waits(s));
    g_assert_false(papr_source_waits(papr_source_level(s, false)));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/icp/state/offer", test_state_offer);
    g_test_add_func("/pseries/icp/state/accept", test_state_accept);
    g_test_add_func("/pseries/icp/state/ipi", test_state_ipi);
    g_test_add_func("/pseries/icp/state/ipi-displaces",
                    test_state_ipi_displaces);
    g_test_add_func("/pseries/icp/state/behind-ipi", test_state_behind_ipi);
    g_test_add_func("/pseries/icp/state/cppr", test_state_cppr);
    g_test_add_func("/pseries/icp/state/any-word", test_state_any_word);
    g_test_add_func("/pseries/icp/source/msi", test_source_msi);
    g_test_add_func("/pseries/icp/source/lsi", test_source_lsi);
    g_test_add_func("/pseries/icp/source/settle", test_source_settle);
    return g_test_run();
}
