/*
 * pSeries platform: option vectors
 *
 * A partition's operating system and the platform exchange what they support in
 * vectors of bits, each after a length byte: LoPAR section B.6.2.3 and
 * Table B.7.  Pure: no guest memory, no devices.
 *
 * Callers: negotiation in this folder; device tree fillers, which ask what has
 * been agreed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pseries/ovec.h"

static inline int ov_byte(int bit)
{
    int byte = bit >> 3;

    g_assert(byte > 0 && byte < PAPR_OVEC_BYTES);
    return byte;
}

static inline uint8_t ov_mask(int bit)
{
    return 0x80 >> (bit & 7);
}

void papr_ovec_set(PaprOvec *v, int bit)
{
    v->data[ov_byte(bit)] |= ov_mask(bit);
}

void papr_ovec_clear(PaprOvec *v, int bit)
{
    v->data[ov_byte(bit)] &= ~ov_mask(bit);
}

bool papr_ovec_test(const PaprOvec *v, int bit)
{
    return v->data[ov_byte(bit)] & ov_mask(bit);
}

void papr_ovec_and(PaprOvec *result, const PaprOvec *a, const PaprOvec *b)
{
    result->data[0] = 0;
    for (int i = 1; i < PAPR_OVEC_BYTES; i++) {
        result->data[i] = a->data[i] & b->data[i];
    }
}

bool papr_ovec_equal(const PaprOvec *a, const PaprOvec *b)
{
    return papr_ovec_within(a, b) && papr_ovec_within(b, a);
}

bool papr_ovec_within(const PaprOvec *a, const PaprOvec *b)
{
    for (int i = 1; i < PAPR_OVEC_BYTES; i++) {
        if (a->data[i] & ~b->data[i]) {
            return false;
        }
    }
    return true;
}

bool papr_ovec_parse(PaprOvec *v, const uint8_t *buf, size_t size)
{
    size_t taken;

    if (!size) {
        return false;
    }
    taken = papr_ovec_size(buf[0]);
    if (taken > size) {
        return false;
    }
    memset(v, 0, sizeof(*v));
    memcpy(&v->data[1], &buf[1], taken - 1);
    return true;
}

size_t papr_ovec_encode(const PaprOvec *v, uint8_t *buf)
{
    /* a vector has one byte at least, for which the length byte is 0 */
    int last = PAPR_OVEC_BYTES - 1;

    while (last > 1 && !v->data[last]) {
        last--;
    }
    buf[0] = last - 1;
    memcpy(&buf[1], &v->data[1], last);
    return last + 1;
}
