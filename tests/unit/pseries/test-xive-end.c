/*
 * XIVE event queues: entries, generations, wrap, and the saved structure
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/intc/pseries/xive/end.h"

#define SHIFT 12
#define ENTRIES 1024

static void test_enqueue(void)
{
    g_autofree uint32_t *queue = g_new0(uint32_t, ENTRIES);
    PaprEndState end = papr_end_with_queue(0x10000, SHIFT, true);

    g_assert_cmpuint(papr_end_post(&end, queue, 0x12), ==, 0);
    g_assert_cmpuint(papr_end_post(&end, queue, 0x345), ==, 4);
    g_assert_cmphex(be32_to_cpu(queue[0]), ==, 0x80000012);
    g_assert_cmphex(be32_to_cpu(queue[1]), ==, 0x80000345);
    g_assert_cmphex(queue[2], ==, 0);
    g_assert_cmpuint(end.pos.index, ==, 2);

    /* the generation bit is the platform's, whatever the guest's number is */
    papr_end_post(&end, queue, 0xffffffff);
    g_assert_cmphex(be32_to_cpu(queue[2]), ==, 0xffffffff);
}

static void test_wrap(void)
{
    g_autofree uint32_t *queue = g_new0(uint32_t, ENTRIES + 1);
    PaprEndState end = papr_end_with_queue(0x10000, SHIFT, true);

    for (unsigned pass = 0; pass < 3; pass++) {
        uint32_t generation = pass & 1 ? 0 : XV_EQ_GENERATION;

        g_assert(end.pos.generation == !(pass & 1));
        for (unsigned i = 0; i < ENTRIES; i++) {
            g_assert_cmpuint(end.pos.index, ==, i);
            papr_end_post(&end, queue, i);
            g_assert_cmphex(be32_to_cpu(queue[i]), ==, generation | i);
        }
        g_assert_cmpuint(end.pos.index, ==, 0);
    }
    g_assert_cmphex(queue[ENTRIES], ==, 0);
}

static void test_sizes(void)
{
    static const uint8_t good[] = { 12, 16, 21, 24 };
    unsigned found = 0;

    for (uint64_t shift = 0; shift < 64; shift++) {
        found += papr_eq_shift_ok(shift);
    }
    g_assert_cmpuint(found, ==, ARRAY_SIZE(good));
    for (int i = 0; i < ARRAY_SIZE(good); i++) {
        g_assert_true(papr_eq_shift_ok(good[i]));
        g_assert_cmpuint(papr_eq_entries(good[i]), ==, 1u << (good[i] - 2));
    }
    g_assert_false(papr_eq_shift_ok(0x100000000ULL + 16));
    /* what a guest may ask for is the one size of the device tree */
    for (uint64_t shift = 0; shift < 64; shift++) {
        g_assert_cmpint(papr_eq_shift_offered(shift), ==, shift == 16);
    }
    g_assert_false(papr_eq_shift_offered(0x100000000ULL + 16));
}

static void test_notify(void)
{
    PaprEndState end = papr_end_with_queue(0, SHIFT, false);

    /* conditional: once until the guest's EOI on the notification page */
    g_assert_true(papr_end_notifies(&end));
    g_assert_false(papr_end_notifies(&end));
    g_assert_cmphex(end.esn, ==, XV_PQ_QUEUED);

    end = papr_end_with_queue(0, SHIFT, true);
    g_assert_true(papr_end_notifies(&end));
    g_assert_true(papr_end_notifies(&end));

    end = papr_end_initial();
    g_assert_false(papr_end_notifies(&end));
}

/* The words of a queue as upstream's pseries saves it */
static void test_pack(void)
{
    PaprEndState end = papr_end_with_queue(0x1234560000ULL, 16, true), back;
    uint32_t w[XV_END_WORDS];

    end.pos.index = 0x17c;
    papr_end_pack(&end, 3 * 8 + 6, w);
    g_assert_cmphex(w[0], ==, 0xe0040000);
    g_assert_cmphex(w[1], ==, 0x0040017c);
    g_assert_cmphex(w[2], ==, 0x12);
    g_assert_cmphex(w[3], ==, 0x34560000);
    g_assert_cmphex(w[4] | w[5], ==, 0);
    g_assert_cmphex(w[6], ==, 0x403);
    g_assert_cmphex(w[7], ==, 0x00060000);

    g_assert_true(papr_end_unpack(w, 3 * 8 + 6, &back));
    g_assert_cmphex(back.addr, ==, end.addr);
    g_assert_cmpuint(back.shift, ==, 16);
    g_assert_cmpuint(back.pos.index, ==, 0x17c);
    g_assert_true(back.pos.generation && back.valid && back.always_notify);
    g_assert_cmphex(back.esn | back.ese, ==, 0);

    end = papr_end_initial();
    papr_end_pack(&end, 8, w);
    g_assert_cmphex(w[0], ==, 0);
    g_assert_cmphex(w[1], ==, 0x50000000);
    g_assert_true(papr_end_unpack(w, 8, &back));
    g_assert_false(back.valid);
    g_assert_cmphex(back.esn, ==, XV_PQ_OFF);
}

static void test_unpack_bad(void)
{
    const PaprEndState end = papr_end_with_queue(0x10000, 16, true);
    PaprEndState back;
    uint32_t w[XV_END_WORDS];

    papr_end_pack(&end, 8, w);
    g_assert_false(papr_end_unpack(w, 9, &back));       /* other priority */
    g_assert_false(papr_end_unpack(w, 16, &back));      /* other server */
    w[0] |= 1 << XV_END_W0_SIZE_SHIFT;                  /* size 2^17 */
    g_assert_false(papr_end_unpack(w, 8, &back));
    papr_end_pack(&end, 8, w);
    w[1] |= 0x4000;                                     /* behind its end */
    g_assert_false(papr_end_unpack(w, 8, &back));
    papr_end_pack(&end, 8, w);
    w[3] |= 0x100;                                      /* not aligned */
    g_assert_false(papr_end_unpack(w, 8, &back));
    papr_end_pack(&end, 8, w);
    w[0] &= ~XV_END_W0_ENQUEUE;
    g_assert_false(papr_end_unpack(w, 8, &back));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xive/end/enqueue", test_enqueue);
    g_test_add_func("/xive/end/wrap", test_wrap);
    g_test_add_func("/xive/end/sizes", test_sizes);
    g_test_add_func("/xive/end/notify", test_notify);
    g_test_add_func("/xive/end/pack", test_pack);
    g_test_add_func("/xive/end/unpack-bad", test_unpack_bad);
    return g_test_run();
}
