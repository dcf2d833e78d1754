/*
 * Unit tests of option vectors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pseries/ovec.h"

static void test_bits(void)
{
    PaprOvec v = { };

    /* IBM numbering: bit 0 is the most significant of its byte */
    papr_ovec_set(&v, OV5_DRCONF_MEMORY);
    g_assert_cmphex(v.data[2], ==, 0x20);
    papr_ovec_set(&v, OV5_MMU_RADIX_GTSE);
    g_assert_cmphex(v.data[26], ==, 0x40);
    g_assert_true(papr_ovec_test(&v, OV5_MMU_RADIX_GTSE));
    g_assert_false(papr_ovec_test(&v, OV5_MMU_HASH_GTSE));
    papr_ovec_clear(&v, OV5_MMU_RADIX_GTSE);
    g_assert_cmphex(v.data[26], ==, 0);
    papr_ovec_set(&v, PAPR_OV_BIT(256, 7));
    g_assert_cmphex(v.data[256], ==, 1);
}

static void test_encode(void)
{
    static const uint8_t empty[] = { 0x00, 0x00 };
    /* vector 5 as the machine negotiates it with Linux 6.1 on POWER9 */
    static const uint8_t power9[] = {
        0x19, 0, 0x20, 0, 0, 0xa0, 0x05, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0x80, 0x40, 0x40, 0, 0x40,
    };
    uint8_t buf[PAPR_OVEC_BYTES];
    PaprOvec v = { };

    g_assert_cmpmem(buf, papr_ovec_encode(&v, buf), empty, sizeof(empty));

    papr_ovec_set(&v, OV5_DRCONF_MEMORY);
    papr_ovec_set(&v, OV5_FORM1_AFFINITY);
    papr_ovec_set(&v, OV5_FORM2_AFFINITY);
    papr_ovec_set(&v, OV5_HOTPLUG_EVENTS);
    papr_ovec_set(&v, OV5_HPT_RESIZE);
    papr_ovec_set(&v, OV5_DRMEM_V2);
    papr_ovec_set(&v, OV5_XIVE_EXPLOIT);
    papr_ovec_set(&v, OV5_MMU_RADIX_300);
    papr_ovec_set(&v, OV5_MMU_RADIX_GTSE);
    g_assert_cmpmem(buf, papr_ovec_encode(&v, buf), power9, sizeof(power9));

    papr_ovec_set(&v, PAPR_OV_BIT(256, 0));
    g_assert_cmpuint(papr_ovec_encode(&v, buf), ==, PAPR_OVEC_BYTES);
    g_assert_cmphex(buf[0], ==, 0xff);
}

/* A cut vector is refused, @v unchanged; bytes that a vector lacks are 0 */
static void test_parse(void)
{
    uint8_t buf[PAPR_OVEC_BYTES];
    PaprOvec v, same;

    memset(&v, 0x5a, sizeof(v));
    same = v;
    memset(buf, 0xff, sizeof(buf));
    g_assert_false(papr_ovec_parse(&v, buf, 0));
    for (size_t n = 1; n < PAPR_OVEC_BYTES; n++) {
        g_assert_false(papr_ovec_parse(&v, buf, n));
    }
    g_assert_cmpmem(&v, sizeof(v), &same, sizeof(same));

    g_assert_true(papr_ovec_parse(&v, buf, sizeof(buf)));
    g_assert_true(papr_ovec_test(&v, PAPR_OV_BIT(1, 0)));
    g_assert_true(papr_ovec_test(&v, PAPR_OV_BIT(256, 7)));

    buf[0] = 2;
    g_assert_false(papr_ovec_parse(&v, buf, 3));
    g_assert_true(papr_ovec_parse(&v, buf, 4));
    g_assert_true(papr_ovec_test(&v, PAPR_OV_BIT(3, 7)));
    g_assert_false(papr_ovec_test(&v, PAPR_OV_BIT(4, 0)));
}

static void test_sets(void)
{
    PaprOvec a = { }, b = { }, c = { };

    papr_ovec_set(&a, OV5_DRMEM_V2);
    papr_ovec_set(&a, OV5_HPT_RESIZE);
    papr_ovec_set(&b, OV5_HPT_RESIZE);
    papr_ovec_and(&c, &a, &b);
    g_assert_true(papr_ovec_equal(&c, &b));
    g_assert_false(papr_ovec_equal(&c, &a));
    g_assert_true(papr_ovec_within(&c, &a));
    g_assert_false(papr_ovec_within(&a, &c));
    /* byte 0 is not compared */
    b.data[0] = 0xff;
    g_assert_true(papr_ovec_equal(&c, &b));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/ovec/bits", test_bits);
    g_test_add_func("/pseries/ovec/encode", test_encode);
    g_test_add_func("/pseries/ovec/parse", test_parse);
    g_test_add_func("/pseries/ovec/sets", test_sets);
    return g_test_run();
}
