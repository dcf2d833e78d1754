/*
 * Nested guests: the guest state buffer of PAPR's hypercalls
 *
 * What L1 reads and writes of its guests' state goes through buffers of one
 * form (Linux's Documentation/arch/powerpc/kvm-nested.rst), big-endian: a count
 * (4 bytes), then as many elements of an ID (2), a size (2) and a value of that
 * size.  Each ID has one size and belongs to a guest, to a vCPU or to the host.
 *
 * Here values are doublewords, host endian, in an array for each scope: an
 * element of up to 8 bytes has one, of 16 two, and of 24 three.  Pure;
 * tests/unit/pseries/test-nested-gsb.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef PSERIES_NESTED_GSB_H
#define PSERIES_NESTED_GSB_H

typedef enum PaprGsId {
    /* of a guest */
    PAPR_GS_NOTHING = 0x0000,           /* of any scope, has no value */
    PAPR_GS_HOST_STATE_SIZE = 0x0001,
    PAPR_GS_OUTPUT_MIN = 0x0002,
    PAPR_GS_LOGICAL_PVR = 0x0003,
    PAPR_GS_TB_OFFSET = 0x0004,
    PAPR_GS_PARTITION_TABLE = 0x0005,   /* address, address bits, root bytes */
    PAPR_GS_PROCESS_TABLE = 0x0006,     /* address, bytes */
    /* of the host */
    PAPR_GS_HEAP_IN_USE = 0x0800,
    PAPR_GS_HEAP_MAX = 0x0801,
    PAPR_GS_TABLES_IN_USE = 0x0802,
    PAPR_GS_TABLES_MAX = 0x0803,
    PAPR_GS_TABLES_RECLAIMED = 0x0804,
    /* of a vCPU */
    PAPR_GS_RUN_INPUT = 0x0c00,         /* address, bytes */
    PAPR_GS_RUN_OUTPUT = 0x0c01,
    PAPR_GS_VPA = 0x0c02,
    PAPR_GS_GPR0 = 0x1000,
    PAPR_GS_HDEC_EXPIRY = 0x1020,
    PAPR_GS_NIA = 0x1021,
    PAPR_GS_MSR = 0x1022,
    PAPR_GS_LR = 0x1023,
    PAPR_GS_XER = 0x1024,
    PAPR_GS_CTR = 0x1025,
    PAPR_GS_CFAR = 0x1026,
    PAPR_GS_SRR0 = 0x1027,
    PAPR_GS_SRR1 = 0x1028,
    PAPR_GS_DAR = 0x1029,
    PAPR_GS_DEC_EXPIRY = 0x102a,
    PAPR_GS_VTB = 0x102b,
    PAPR_GS_LPCR = 0x102c,
    PAPR_GS_HFSCR = 0x102d,
    PAPR_GS_FSCR = 0x102e,
    PAPR_GS_FPSCR = 0x102f,
    PAPR_GS_DAWR0 = 0x1030,
    PAPR_GS_DAWR1 = 0x1031,
    PAPR_GS_CIABR = 0x1032,
    PAPR_GS_PURR = 0x1033,
    PAPR_GS_SPURR = 0x1034,
    PAPR_GS_IC = 0x1035,
    PAPR_GS_SPRG0 = 0x1036,
    PAPR_GS_PPR = 0x103a,
    PAPR_GS_MMCR0 = 0x103b,
    PAPR_GS_MMCRA = 0x103f,
    PAPR_GS_SIER = 0x1040,
    PAPR_GS_BESCR = 0x1043,
    PAPR_GS_EBBHR = 0x1044,
    PAPR_GS_EBBRR = 0x1045,
    PAPR_GS_AMR = 0x1046,
    PAPR_GS_IAMR = 0x1047,
    PAPR_GS_AMOR = 0x1048,
    PAPR_GS_UAMOR = 0x1049,
    PAPR_GS_SDAR = 0x104a,
    PAPR_GS_SIAR = 0x104b,
    PAPR_GS_DSCR = 0x104c,
    PAPR_GS_TAR = 0x104d,
    PAPR_GS_DEXCR = 0x104e,
    PAPR_GS_HDEXCR = 0x104f,
    PAPR_GS_HASHKEYR = 0x1050,
    PAPR_GS_HASHPKEYR = 0x1051,
    PAPR_GS_CTRL = 0x1052,
    PAPR_GS_DPDES = 0x1053,
    PAPR_GS_CR = 0x2000,
    PAPR_GS_PIDR = 0x2001,
    PAPR_GS_DSISR = 0x2002,
    PAPR_GS_VSCR = 0x2003,
    PAPR_GS_VRSAVE = 0x2004,
    PAPR_GS_DAWRX0 = 0x2005,
    PAPR_GS_DAWRX1 = 0x2006,
    PAPR_GS_PMC1 = 0x2007,
    PAPR_GS_WORT = 0x200d,
    PAPR_GS_PSPB = 0x200e,
    PAPR_GS_VSR0 = 0x3000,
    PAPR_GS_HDAR = 0xf000,              /* of the last exit */
    PAPR_GS_HDSISR = 0xf001,
    PAPR_GS_HEIR = 0xf002,
    PAPR_GS_ASDR = 0xf003,
} PaprGsId;

typedef enum PaprGsScope {
    PAPR_GS_OF_GUEST,
    PAPR_GS_OF_VCPU,
    PAPR_GS_OF_HOST,
} PaprGsScope;

/* Index in a scope's array of an element's words; streams have this order */
enum PaprGsGuestWord {
    PAPR_GS_GUEST_STATE_SIZE,
    PAPR_GS_GUEST_OUTPUT_MIN,
    PAPR_GS_GUEST_PVR,
    PAPR_GS_GUEST_TB_OFFSET,
    PAPR_GS_GUEST_TREE,
    PAPR_GS_GUEST_PROCESSES = PAPR_GS_GUEST_TREE + 3,
    PAPR_GS_GUEST_WORDS = PAPR_GS_GUEST_PROCESSES + 2,
};

enum PaprGsVcpuWord {
    PAPR_GS_VCPU_INPUT,
    PAPR_GS_VCPU_OUTPUT = PAPR_GS_VCPU_INPUT + 2,
    PAPR_GS_VCPU_VPA = PAPR_GS_VCPU_OUTPUT + 2,
    PAPR_GS_VCPU_LONG,                                  /* IDs 0x1000.. */
    PAPR_GS_VCPU_SHORT = PAPR_GS_VCPU_LONG + 0x54,      /* 0x2000.. */
    PAPR_GS_VCPU_VSR0 = PAPR_GS_VCPU_SHORT + 0xf,       /* 0x3000.., two each */
    PAPR_GS_VCPU_EXIT = PAPR_GS_VCPU_VSR0 + 2 * 64,     /* 0xf000.. */
    PAPR_GS_VCPU_WORDS = PAPR_GS_VCPU_EXIT + 4,
};

#define PAPR_GS_HOST_WORDS 5

/* The (first) doubleword of a vCPU's register, a constant for a constant */
#define PAPR_GS_WORD(id) \
    ((id) >= PAPR_GS_HDAR ? PAPR_GS_VCPU_EXIT + ((id) - PAPR_GS_HDAR) : \
     (id) >= PAPR_GS_VSR0 ? PAPR_GS_VCPU_VSR0 + 2 * ((id) - PAPR_GS_VSR0) : \
     (id) >= PAPR_GS_CR ? PAPR_GS_VCPU_SHORT + ((id) - PAPR_GS_CR) : \
     PAPR_GS_VCPU_LONG + ((id) - PAPR_GS_GPR0))

/* Limits of buffers; elements beyond PAPR_GS_BUFFER_MAX are invalid */
#define PAPR_GS_BUFFER_MAX      (64 * 1024)     /* bytes read of a buffer */
#define PAPR_GS_RUN_BUFFER_MAX  16384
#define PAPR_GS_RUN_OUTPUT_MIN  128             /* enough for any exit */

/**
 * PaprGsItem - one element of a buffer
 * @index: which one it is; @offset: where it begins
 * @value: its @size bytes
 */
typedef struct PaprGsItem {
    uint16_t id;
    uint16_t size;
    uint32_t index;
    uint32_t offset;
    uint8_t *value;
} PaprGsItem;

/** PaprGsReader - a position in a buffer; private to gsb.c */
typedef struct PaprGsReader {
    uint8_t *buf;
    size_t size;
    size_t at;
    uint32_t index;
    uint32_t count;
} PaprGsReader;

/** papr_gs_begin: false if @size bytes have no room for a count */
bool papr_gs_begin(PaprGsReader *reader, void *buf, size_t size);

/** papr_gs_more: is there another element, whether it fits or not? */
bool papr_gs_more(const PaprGsReader *reader);

/**
 * papr_gs_next - the next element, if papr_gs_more()
 *
 * Returns false if it does not fit; @item has its index and offset even then.
 */
bool papr_gs_next(PaprGsReader *reader, PaprGsItem *item);

/** papr_gs_length: bytes from the buffer's begin to what comes next */
size_t papr_gs_length(const PaprGsReader *reader);

/**
 * papr_gs_check - is this an element of @scope, with the right size?
 * @set: L1 wants to set it, so it must not be a read-only element
 *
 * Returns H_SUCCESS, H_INVALID_ELEMENT_ID or H_INVALID_ELEMENT_SIZE.
 */
int64_t papr_gs_check(const PaprGsItem *item, PaprGsScope scope, bool set);

/**
 * papr_gs_load - copy an element's value to @words of its scope
 * papr_gs_store - set an element's value from @words of its scope
 *
 * The element has passed papr_gs_check().  PAPR_GS_NOTHING has no value.
 */
void papr_gs_load(const PaprGsItem *item, uint64_t *words);
void papr_gs_store(const PaprGsItem *item, const uint64_t *words);

/**
 * papr_gs_write - make a buffer of a vCPU's elements @ids
 * @buf: PAPR_GS_RUN_OUTPUT_MIN bytes, enough for them
 *
 * Returns its length.
 */
size_t papr_gs_write(uint8_t *buf, const uint16_t *ids, unsigned n,
                     const uint64_t *words);

/**
 * papr_gs_tree - doubleword 0 of a partition table's entry for a radix tree
 * @words: the value of PAPR_GS_PARTITION_TABLE
 *
 * Returns false if @words do not describe a radix tree.
 */
bool papr_gs_tree(const uint64_t *words, uint64_t *entry);

/** papr_gs_processes: doubleword 1, from PAPR_GS_PROCESS_TABLE */
bool papr_gs_processes(const uint64_t *words, uint64_t *entry);

#endif
