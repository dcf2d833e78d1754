/*
 * XIVE OS ring: pending priorities against the current one
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/intc/pseries/xive/ring.h"

static void check(uint64_t ring, uint8_t nsr, uint8_t cppr, uint8_t ipb,
                  uint8_t pipr)
{
    g_assert_cmphex(papr_ring_get(ring, XV_NSR), ==, nsr);
    g_assert_cmphex(papr_ring_get(ring, XV_CPPR), ==, cppr);
    g_assert_cmphex(papr_ring_get(ring, XV_IPB), ==, ipb);
    g_assert_cmphex(papr_ring_get(ring, XV_PIPR), ==, pipr);
}

static void test_initial(void)
{
    /* as upstream's pseries saves it */
    g_assert_cmphex(papr_ring_initial(), ==, 0x000000ffff00ffffULL);
    g_assert_false(papr_ring_exception(papr_ring_initial()));
}

static void test_priorities(void)
{
    for (unsigned prio = 0; prio < 8; prio++) {
        g_assert_cmphex(papr_ring_ipb_bit(prio), ==, 0x80 >> prio);
        g_assert_cmphex(papr_ring_most_favored(0x80 >> prio), ==, prio);
        g_assert_cmphex(papr_ring_most_favored(0xff >> prio), ==, prio);
    }
    g_assert_cmphex(papr_ring_ipb_bit(8), ==, 0);
    g_assert_cmphex(papr_ring_ipb_bit(0xff), ==, 0);
    g_assert_cmphex(papr_ring_most_favored(0), ==, 0xff);
}

/* Interrupt, acknowledge, end: as Linux does with its one priority, 6 */
static void test_cycle(void)
{
    uint64_t ring = papr_ring_set_cppr(papr_ring_initial(), 0xff), taken;

    check(ring, 0, 0xff, 0, 0xff);
    ring = papr_ring_pend(ring, 6);
    check(ring, XV_NSR_EO, 0xff, 0x02, 6);

    taken = papr_ring_accept(ring);
    check(taken, 0, 6, 0, 0xff);
    g_assert_cmphex(papr_ring_accept_answer(ring, taken), ==, 0x8006);

    /* the same again before the end: waits for it */
    ring = papr_ring_pend(taken, 6);
    check(ring, 0, 6, 0x02, 6);
    ring = papr_ring_set_cppr(ring, 0xff);
    check(ring, XV_NSR_EO, 0xff, 0x02, 6);
}

static void test_nothing_to_accept(void)
{
    uint64_t ring = papr_ring_set_cppr(papr_ring_initial(), 5);

    g_assert_cmphex(papr_ring_accept(ring), ==, ring);
    g_assert_cmphex(papr_ring_accept_answer(ring, ring), ==, 0x0005);
    /* pending, but not more favored than what runs */
    ring = papr_ring_pend(ring, 5);
    check(ring, 0, 5, 0x04, 5);
    g_assert_cmphex(papr_ring_accept(ring), ==, ring);
}

static void test_nesting(void)
{
    uint64_t ring = papr_ring_set_cppr(papr_ring_initial(), 0xff);

    ring = papr_ring_accept(papr_ring_pend(ring, 6));
    ring = papr_ring_pend(ring, 3);
    check(ring, XV_NSR_EO, 6, 0x10, 3);
    ring = papr_ring_pend(ring, 1);
    check(ring, XV_NSR_EO, 6, 0x50, 1);
    ring = papr_ring_accept(ring);
    check(ring, 0, 1, 0x10, 3);
    ring = papr_ring_set_cppr(ring, 6);
    check(ring, XV_NSR_EO, 6, 0x10, 3);
}

static void test_cppr(void)
{
    uint64_t ring = papr_ring_pend(papr_ring_initial(), 4);

    check(ring, 0, 0, 0x08, 4);         /* all masked after reset */
    for (unsigned cppr = 0; cppr < 0x100; cppr++) {
        uint64_t now = papr_ring_set_cppr(ring, cppr);

        check(now, cppr > 4 ? XV_NSR_EO : 0, cppr < 8 ? cppr : 0xff, 0x08, 4);
    }
    /* masking withdraws an exception that was up */
    ring = papr_ring_set_cppr(ring, 0xff);
    g_assert_true(papr_ring_exception(ring));
    g_assert_false(papr_ring_exception(papr_ring_set_cppr(ring, 0)));
}

/* Any word, as a stream may have it: NSR and PIPR follow from IPB and CPPR */
static void test_settle(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);

    for (int i = 0; i < 10000; i++) {
        uint64_t word = (uint64_t)g_rand_int(rand) << 32 | g_rand_int(rand);
        uint64_t ring = papr_ring_settle(word);
        uint8_t ipb = papr_ring_get(word, XV_IPB);
        uint8_t cppr = papr_ring_get(word, XV_CPPR);
        uint8_t pipr = papr_ring_most_favored(ipb);

        check(ring, pipr < cppr ? XV_NSR_EO : 0, cppr, ipb, pipr);
        g_assert_cmphex(papr_ring_settle(ring), ==, ring);
        /* LSMFB, ACK, INC and AGE stay */
        g_assert_cmphex((ring ^ word) & 0x000000ffffffff00ULL, ==, 0);
    }
}

/* Bytes that no operation owns stay as they are */
static void test_others(void)
{
    uint64_t ring = 0x000000ac02030400ULL;

    ring = papr_ring_set_cppr(ring, 0xff);
    ring = papr_ring_accept(papr_ring_pend(ring, 2));
    g_assert_cmphex(papr_ring_get(ring, XV_LSMFB), ==, 0xac);
    g_assert_cmphex(papr_ring_get(ring, XV_ACK_CNT), ==, 0x02);
    g_assert_cmphex(papr_ring_get(ring, XV_INC), ==, 0x03);
    g_assert_cmphex(papr_ring_get(ring, XV_AGE), ==, 0x04);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xive/ring/initial", test_initial);
    g_test_add_func("/xive/ring/priorities", test_priorities);
    g_test_add_func("/xive/ring/cycle", test_cycle);
    g_test_add_func("/xive/ring/nothing-to-accept", test_nothing_to_accept);
    g_test_add_func("/xive/ring/nesting", test_nesting);
    g_test_add_func("/xive/ring/cppr", test_cppr);
    g_test_add_func("/xive/ring/settle", test_settle);
    g_test_add_func("/xive/ring/others", test_others);
    return g_test_run();
}
