/*
 * pSeries platform: option vectors of ibm,client-architecture-support (CAS)
 *
 * Bits are named as LoPAR Table B.7 does: byte of the vector (the length byte
 * is byte 0) and IBM bit in the byte (0 = most significant).  Pure.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_OVEC_H
#define HW_PSERIES_OVEC_H

/* The length byte (number of bytes after it, less one) and those bytes */
#define PAPR_OVEC_BYTES 257

/** PaprOvec - one vector; data[0] is unused, data[i] is byte i of Table B.7 */
typedef struct PaprOvec {
    uint8_t data[PAPR_OVEC_BYTES];
} PaprOvec;

#define PAPR_OV_BIT(byte, bit) (((byte) << 3) | (bit))

enum {
    OV1_ISA_3_00 = PAPR_OV_BIT(3, 0),
    OV1_ISA_3_1 = PAPR_OV_BIT(3, 1),
    OV5_DRCONF_MEMORY = PAPR_OV_BIT(2, 2),
    OV5_FORM1_AFFINITY = PAPR_OV_BIT(5, 0),
    OV5_FORM2_AFFINITY = PAPR_OV_BIT(5, 2),
    OV5_HOTPLUG_EVENTS = PAPR_OV_BIT(6, 5),
    OV5_HPT_RESIZE = PAPR_OV_BIT(6, 7),
    OV5_DRMEM_V2 = PAPR_OV_BIT(22, 0),
    OV5_XIVE_BOTH = PAPR_OV_BIT(23, 0),
    OV5_XIVE_EXPLOIT = PAPR_OV_BIT(23, 1),
    OV5_MMU_BOTH = PAPR_OV_BIT(24, 0),
    OV5_MMU_RADIX_300 = PAPR_OV_BIT(24, 1),
    OV5_MMU_SEGMENT_TABLES = PAPR_OV_BIT(25, 0),
    OV5_MMU_HASH_GTSE = PAPR_OV_BIT(25, 1),
    OV5_MMU_RADIX_GTSE = PAPR_OV_BIT(26, 1),
};

void papr_ovec_set(PaprOvec *v, int bit);
void papr_ovec_clear(PaprOvec *v, int bit);
bool papr_ovec_test(const PaprOvec *v, int bit);
void papr_ovec_and(PaprOvec *result, const PaprOvec *a, const PaprOvec *b);
bool papr_ovec_equal(const PaprOvec *a, const PaprOvec *b);
/** papr_ovec_within: does @b have all the bits that @a has? */
bool papr_ovec_within(const PaprOvec *a, const PaprOvec *b);

/** papr_ovec_size: bytes that a vector takes, with its @length_byte */
static inline size_t papr_ovec_size(uint8_t length_byte)
{
    return (size_t)length_byte + 2;
}

/** papr_ovec_parse: @buf has the length byte first; false if it is cut short */
bool papr_ovec_parse(PaprOvec *v, const uint8_t *buf, size_t size);

/**
 * papr_ovec_encode - as the device tree property "ibm,architecture-vec-5"
 * @buf: PAPR_OVEC_BYTES long
 *
 * Returns the property's length, which ends with the last byte that is set.
 */
size_t papr_ovec_encode(const PaprOvec *v, uint8_t *buf);

/*
 * In migration streams a vector is 32 doublewords; IBM bit 0 of byte 1 is the
 * least significant bit of the first doubleword (cas/ovec-vmstate.c).  The
 * field is VMSTATE_PAPR_OVEC() of hw/pseries/cas.h.
 */
extern const struct VMStateInfo papr_vmstate_info_ovec;

#endif
