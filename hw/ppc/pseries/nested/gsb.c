/*
 * Nested guests: the guest state buffer of PAPR's hypercalls (gsb.h)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/host-utils.h"
#include "hw/pseries/abi.h"
#include "gsb.h"

#define COUNT_SIZE      4
#define HEAD_SIZE       4                       /* ID and size */

/* Elements of consecutive IDs; @word: of the first, in its scope's array */
typedef struct Row {
    uint16_t id;
    uint16_t n;
    uint16_t word;
    uint8_t size;
    uint8_t scope;
    bool read_only;
} Row;

#define GUEST(id, n, word, size) { id, n, word, size, PAPR_GS_OF_GUEST, false }
#define VCPU(id, n, word, size)  { id, n, word, size, PAPR_GS_OF_VCPU, false }

static const Row rows[] = {
    { PAPR_GS_HOST_STATE_SIZE, 1, PAPR_GS_GUEST_STATE_SIZE, 8,
      PAPR_GS_OF_GUEST, true },
    { PAPR_GS_OUTPUT_MIN, 1, PAPR_GS_GUEST_OUTPUT_MIN, 8,
      PAPR_GS_OF_GUEST, true },
    GUEST(PAPR_GS_LOGICAL_PVR,     1, PAPR_GS_GUEST_PVR, 4),
    GUEST(PAPR_GS_TB_OFFSET,       1, PAPR_GS_GUEST_TB_OFFSET, 8),
    GUEST(PAPR_GS_PARTITION_TABLE, 1, PAPR_GS_GUEST_TREE, 24),
    GUEST(PAPR_GS_PROCESS_TABLE,   1, PAPR_GS_GUEST_PROCESSES, 16),
    { PAPR_GS_HEAP_IN_USE, PAPR_GS_HOST_WORDS, 0, 8, PAPR_GS_OF_HOST, true },
    VCPU(PAPR_GS_RUN_INPUT,  2, PAPR_GS_VCPU_INPUT, 16),
    VCPU(PAPR_GS_VPA,        1, PAPR_GS_VCPU_VPA, 8),
    VCPU(PAPR_GS_GPR0, PAPR_GS_DPDES - PAPR_GS_GPR0 + 1, PAPR_GS_VCPU_LONG, 8),
    VCPU(PAPR_GS_CR, PAPR_GS_PSPB - PAPR_GS_CR + 1, PAPR_GS_VCPU_SHORT, 4),
    VCPU(PAPR_GS_VSR0, 64, PAPR_GS_VCPU_VSR0, 16),
    { PAPR_GS_HDAR,   1, PAPR_GS_VCPU_EXIT,     8, PAPR_GS_OF_VCPU, true },
    { PAPR_GS_HDSISR, 2, PAPR_GS_VCPU_EXIT + 1, 4, PAPR_GS_OF_VCPU, true },
    { PAPR_GS_ASDR,   1, PAPR_GS_VCPU_EXIT + 3, 8, PAPR_GS_OF_VCPU, true },
};

QEMU_BUILD_BUG_ON(PAPR_GS_WORD(PAPR_GS_DPDES) + 1 != PAPR_GS_VCPU_SHORT);
QEMU_BUILD_BUG_ON(PAPR_GS_WORD(PAPR_GS_PSPB) + 1 != PAPR_GS_VCPU_VSR0);
QEMU_BUILD_BUG_ON(PAPR_GS_WORD(PAPR_GS_ASDR) + 1 != PAPR_GS_VCPU_WORDS);

static const Row *row_of(uint16_t id)
{
    for (int i = 0; i < ARRAY_SIZE(rows); i++) {
        if (id >= rows[i].id && id - rows[i].id < rows[i].n) {
            return &rows[i];
        }
    }
    return NULL;
}

static unsigned words_of(const Row *row)
{
    return DIV_ROUND_UP(row->size, 8);
}

static unsigned first_word(const Row *row, uint16_t id)
{
    return row->word + (id - row->id) * words_of(row);
}

/* ---- going through a buffer ---- */

bool papr_gs_begin(PaprGsReader *reader, void *buf, size_t size)
{
    if (size < COUNT_SIZE) {
        return false;
    }
    *reader = (PaprGsReader) {
        .buf = buf,
        .size = size,
        .at = COUNT_SIZE,
        .count = ldl_be_p(buf),
    };
    return true;
}

bool papr_gs_more(const PaprGsReader *reader)
{
    return reader->index < reader->count;
}

bool papr_gs_next(PaprGsReader *reader, PaprGsItem *item)
{
    size_t left = reader->size - reader->at;
    uint8_t *head = reader->buf + reader->at;

    *item = (PaprGsItem) { .index = reader->index, .offset = reader->at };
    if (left < HEAD_SIZE || left - HEAD_SIZE < lduw_be_p(head + 2)) {
        return false;
    }
    item->id = lduw_be_p(head);
    item->size = lduw_be_p(head + 2);
    item->value = head + HEAD_SIZE;
    reader->at += HEAD_SIZE + item->size;
    reader->index++;
    return true;
}

size_t papr_gs_length(const PaprGsReader *reader)
{
    return reader->at;
}

/* ---- one element ---- */

int64_t papr_gs_check(const PaprGsItem *item, PaprGsScope scope, bool set)
{
    const Row *row = row_of(item->id);

    if (item->id == PAPR_GS_NOTHING) {
        return H_SUCCESS;
    }
    if (!row || row->scope != scope || (set && row->read_only)) {
        return H_INVALID_ELEMENT_ID;
    }
    return item->size == row->size ? H_SUCCESS : H_INVALID_ELEMENT_SIZE;
}

void papr_gs_load(const PaprGsItem *item, uint64_t *words)
{
    const Row *row = row_of(item->id);

    if (!row) {
        return;
    }
    words += first_word(row, item->id);
    if (row->size == 4) {
        *words = (uint32_t)ldl_be_p(item->value);
        return;
    }
    for (unsigned i = 0; i < words_of(row); i++) {
        words[i] = ldq_be_p(item->value + 8 * i);
    }
}

void papr_gs_store(const PaprGsItem *item, const uint64_t *words)
{
    const Row *row = row_of(item->id);

    if (!row) {
        return;
    }
    words += first_word(row, item->id);
    if (row->size == 4) {
        stl_be_p(item->value, *words);
        return;
    }
    for (unsigned i = 0; i < words_of(row); i++) {
        stq_be_p(item->value + 8 * i, words[i]);
    }
}

size_t papr_gs_write(uint8_t *buf, const uint16_t *ids, unsigned n,
                     const uint64_t *words)
{
    size_t at = COUNT_SIZE;

    stl_be_p(buf, n);
    for (unsigned i = 0; i < n; i++) {
        PaprGsItem item = {
            .id = ids[i],
            .size = row_of(ids[i])->size,
            .value = buf + at + HEAD_SIZE,
        };

        assert(at + HEAD_SIZE + item.size <= PAPR_GS_RUN_OUTPUT_MIN);
        stw_be_p(buf + at, item.id);
        stw_be_p(buf + at + 2, item.size);
        papr_gs_store(&item, words);
        at += HEAD_SIZE + item.size;
    }
    return at;
}

/* ---- tables, as the processor has them (Power ISA 3.1, 6.7.6) ---- */

#define ENTRY_RADIX         (1ull << 63)
#define ADDRESS_BITS_MIN    31
#define ADDRESS_BITS_MAX    (ADDRESS_BITS_MIN + 31)
#define ROOT_BITS_MIN       5
#define ROOT_BITS_MAX       31
#define ROOT_ADDRESS        0x0fffffffffffff00ull
#define PROCESSES_BITS_MIN  12
#define PROCESSES_BITS_MAX  36
#define PROCESSES_ADDRESS   0x0ffffffffffff000ull

bool papr_gs_tree(const uint64_t *words, uint64_t *entry)
{
    uint64_t addr = words[0], bits = words[1], bytes = words[2], size;

    if (!is_power_of_2(bytes) || bits < ADDRESS_BITS_MIN ||
        bits > ADDRESS_BITS_MAX || (addr & ~ROOT_ADDRESS)) {
        return false;
    }
    size = ctz64(bytes) - 3;
    if (bytes < 8 << ROOT_BITS_MIN || size > ROOT_BITS_MAX ||
        (addr & (bytes - 1))) {
        return false;
    }
    bits -= ADDRESS_BITS_MIN;
    *entry = ENTRY_RADIX | (bits >> 3) << 61 | addr | (bits & 7) << 5 | size;
    return true;
}

bool papr_gs_processes(const uint64_t *words, uint64_t *entry)
{
    uint64_t addr = words[0], bytes = words[1];

    if (!is_power_of_2(bytes) || bytes < 1ull << PROCESSES_BITS_MIN ||
        bytes > 1ull << PROCESSES_BITS_MAX || (addr & ~PROCESSES_ADDRESS) ||
        (addr & (bytes - 1))) {
        return false;
    }
    *entry = addr | (ctz64(bytes) - PROCESSES_BITS_MIN);
    return true;
}
