/*
 * pSeries platform: check of a flattened device tree (FDT)
 *
 * For trees that come from a guest or a migration stream.  Devicetree
 * specification v0.4, chapter 5 (the format: big-endian words, tags at
 * multiples of 4 bytes).  Called by fdt.c and oftree.c; pure, see
 * tests/unit/pseries/test-fdt-check.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pseries/work.h"
#include "fdt-check.h"
#include <libfdt.h>

#define CELL sizeof(uint32_t)
/* Bytes per tag, at least: an empty node has two tags and a cell of name */
#define TAG_MEAN_MIN (3 * CELL / 2)
#define VERSION 17

/** FdtWalk - position of the check in the tree's structure block */
typedef struct FdtWalk {
    const uint8_t *at, *end;
    const char *strings;
    size_t strings_size;
    unsigned depth;
    unsigned props[PAPR_FDT_MAX_DEPTH]; /* so far, of each open node */
    bool props_over;                    /* no property after a subnode */
} FdtWalk;

static bool next_fdt_cell(FdtWalk *w, uint32_t *value)
{
    if (w->end - w->at < CELL) {
        return false;
    }
    *value = ldl_be_p(w->at);
    w->at += CELL;
    return true;
}

/* Skip @bytes, rounded up to a multiple of a cell */
static bool skip_bytes(FdtWalk *w, size_t bytes)
{
    size_t left = w->end - w->at;

    if (bytes > left || QEMU_ALIGN_UP(bytes, CELL) > left) {
        return false;
    }
    w->at += QEMU_ALIGN_UP(bytes, CELL);
    return true;
}

/* Length of a string that ends before @limit, or -1 */
static ssize_t name_length(const void *name, size_t limit)
{
    const uint8_t *end = memchr(name, '\0', MIN(limit, PAPR_FDT_MAX_NAME + 1));

    return end ? end - (const uint8_t *)name : -1;
}

static bool check_begin_node(FdtWalk *w)
{
    ssize_t len = name_length(w->at, w->end - w->at);

    /* the root has no name, all others have one */
    if (len < 0 || (w->depth == 0) != (len == 0) ||
        w->depth == PAPR_FDT_MAX_DEPTH) {
        return false;
    }
    w->props[w->depth++] = 0;
    w->props_over = false;
    papr_work_copied(len);
    return skip_bytes(w, len + 1);
}

static bool check_property(FdtWalk *w)
{
    uint32_t len, name;
    ssize_t name_len;

    if (!w->depth || w->props_over || !next_fdt_cell(w, &len) ||
        !next_fdt_cell(w, &name) || name >= w->strings_size) {
        return false;
    }
    name_len = name_length(w->strings + name, w->strings_size - name);
    papr_work_copied(MAX(name_len, 0));
    return name_len >= 0 && ++w->props[w->depth - 1] <= PAPR_FDT_MAX_PROPS &&
           skip_bytes(w, len);
}

static bool check_end_node(FdtWalk *w)
{
    if (!w->depth) {
        return false;
    }
    w->depth--;
    w->props_over = true;
    return true;
}

static bool check_structure(FdtWalk *w, size_t size)
{
    size_t tags = 0, most = size / TAG_MEAN_MIN;
    bool has_root = false, good = true;
    uint32_t tag;

    while (good && next_fdt_cell(w, &tag) && ++tags <= most) {
        switch (tag) {
        case FDT_BEGIN_NODE:
            good = w->depth || !has_root;
            has_root = true;
            good = good && check_begin_node(w);
            break;
        case FDT_PROP:
            good = check_property(w);
            break;
        case FDT_END_NODE:
            good = check_end_node(w);
            break;
        case FDT_NOP:
            break;
        case FDT_END:
            papr_work_add(tags);
            return has_root && !w->depth;
        default:
            good = false;
        }
    }
    papr_work_add(tags);
    return false;
}

/* A list of pairs of 64-bit words, of which the last one is zeros */
static bool check_reservations(const void *fdt)
{
    uint32_t from = fdt_off_mem_rsvmap(fdt), to = fdt_totalsize(fdt);
    size_t n = 0;

    for (; to >= 16 && from <= to - 16; from += 16, n++) {
        const uint8_t *entry = (const uint8_t *)fdt + from;

        if (!ldq_be_p(entry) && !ldq_be_p(entry + 8)) {
            papr_work_add(n);
            return true;
        }
    }
    return false;
}

static bool is_inside(uint32_t offset, uint32_t len, uint32_t size)
{
    return offset <= size && len <= size - offset;
}

bool papr_fdt_is_sound(const void *fdt, size_t size)
{
    uint32_t total;
    FdtWalk w;

    if (size < sizeof(struct fdt_header) || fdt_check_header(fdt) ||
        fdt_version(fdt) < VERSION || fdt_totalsize(fdt) > size) {
        return false;
    }
    total = fdt_totalsize(fdt);
    if (!is_inside(fdt_off_dt_struct(fdt), fdt_size_dt_struct(fdt), total) ||
        !is_inside(fdt_off_dt_strings(fdt), fdt_size_dt_strings(fdt), total) ||
        fdt_off_dt_struct(fdt) % CELL || fdt_off_mem_rsvmap(fdt) % 8 ||
        !check_reservations(fdt)) {
        return false;
    }
    w = (FdtWalk) {
        .at = (const uint8_t *)fdt + fdt_off_dt_struct(fdt),
        .end = (const uint8_t *)fdt + fdt_off_dt_struct(fdt) +
               fdt_size_dt_struct(fdt),
        .strings = (const char *)fdt + fdt_off_dt_strings(fdt),
        .strings_size = fdt_size_dt_strings(fdt),
    };
    return check_structure(&w, total);
}
