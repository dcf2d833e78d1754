/*
 * Unit test of option vectors in migration streams
 *
 * The bytes are those that streams of QEMU's pseries machines have always had.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/module.h"
#include "hw/pseries/cas.h"
#include "io/channel-buffer.h"
#include "migration/qemu-file.h"
#include "migration/vmstate.h"

typedef struct Holder {
    PaprOvec ov5;
} Holder;

static const VMStateDescription vmstate_holder = {
    .name = "holder",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_PAPR_OVEC(ov5, Holder),
        VMSTATE_END_OF_LIST()
    },
};

#define STREAM_BYTES 256

static void save(const Holder *h, uint8_t *bytes)
{
    QIOChannelBuffer *ioc = qio_channel_buffer_new(STREAM_BYTES);
    QEMUFile *f = qemu_file_new_output(QIO_CHANNEL(ioc));

    g_assert_cmpint(vmstate_save_state(f, &vmstate_holder, (void *)h, NULL),
                    ==, 0);
    qemu_fflush(f);
    g_assert_cmpuint(ioc->usage, ==, STREAM_BYTES);
    memcpy(bytes, ioc->data, STREAM_BYTES);
    qemu_fclose(f);
    object_unref(OBJECT(ioc));
}

static void load(Holder *h, const uint8_t *bytes)
{
    QIOChannelBuffer *ioc = qio_channel_buffer_new(STREAM_BYTES);
    QEMUFile *f;

    memcpy(ioc->data, bytes, STREAM_BYTES);
    ioc->usage = STREAM_BYTES;
    f = qemu_file_new_input(QIO_CHANNEL(ioc));
    g_assert_cmpint(vmstate_load_state(f, &vmstate_holder, h, 1), ==, 0);
    qemu_fclose(f);
    object_unref(OBJECT(ioc));
}

/* Bit b of byte n is bit 8 * (n - 1) + b, from the least significant one */
static void test_stream(void)
{
    static const int bits[] = {
        OV5_DRCONF_MEMORY, OV5_FORM2_AFFINITY, OV5_XIVE_EXPLOIT,
        OV5_MMU_RADIX_GTSE, PAPR_OV_BIT(256, 7),
    };
    uint64_t words[STREAM_BYTES / 8] = {
        [0] = 1ULL << 10 | 1ULL << 34,
        [2] = 1ULL << (177 - 128),
        [3] = 1ULL << (201 - 192),
        [31] = 1ULL << 63,
    };
    uint8_t expected[STREAM_BYTES], stream[STREAM_BYTES];
    Holder h = { }, back;

    for (int i = 0; i < ARRAY_SIZE(words); i++) {
        stq_be_p(expected + 8 * i, words[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(bits); i++) {
        papr_ovec_set(&h.ov5, bits[i]);
    }
    save(&h, stream);
    g_assert_cmpmem(stream, sizeof(stream), expected, sizeof(expected));

    memset(&back, 0x5a, sizeof(back));
    load(&back, stream);
    g_assert_true(papr_ovec_equal(&back.ov5, &h.ov5));
    g_assert_cmphex(back.ov5.data[0], ==, 0);
}

int main(int argc, char **argv)
{
    module_call_init(MODULE_INIT_QOM);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/ovec/stream", test_stream);
    return g_test_run();
}
