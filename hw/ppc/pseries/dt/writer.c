/*
 * pSeries platform: sequential device tree writer
 *
 * Implements hw/pseries/dt.h by libfdt's sequential-write functions, and adds
 * three things: the buffer grows as needed, the first error is kept and makes
 * all later calls no-ops, and names of properties are shared by a hash table
 * (libfdt would search its whole block of names for each property, which was
 * most of the time that a tree took).
 *
 * Called by the fillers of this folder, by devices that write their own nodes,
 * and for ibm,configure-connector.  No locking: one thread uses a PaprDt.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/pseries/dt.h"
#include <libfdt.h>

#define DT_FIRST_SIZE   (32 * KiB)
#define DT_MAX_SIZE     (256 * MiB)

struct PaprDt {
    void *buf;
    size_t size;
    int depth;
    bool begun;                 /* the root node: no more reservations */
    bool open_for_props;        /* the open node has no subnode yet */
    uint32_t next_phandle;
    GHashTable *names;          /* property name -> libfdt's offset of it */
    char *error;
};

/* Double the buffer; false, with the error set, if that fails */
static bool dt_grow(PaprDt *dt)
{
    size_t size = dt->size * 2;
    void *buf;
    int ret;

    if (size > DT_MAX_SIZE) {
        dt->error = g_strdup_printf("device tree larger than %u MiB",
                                    (unsigned)(DT_MAX_SIZE / MiB));
        return false;
    }
    buf = g_malloc(size);
    ret = fdt_resize(dt->buf, buf, size);
    if (ret) {
        dt->error = g_strdup_printf("device tree can't grow to %zu bytes: %s",
                                    size, fdt_strerror(ret));
        g_free(buf);
        return false;
    }
    g_free(dt->buf);
    dt->buf = buf;
    dt->size = size;
    return true;
}

/* After @ret of a libfdt call about @what: should the call be repeated? */
static bool dt_again(PaprDt *dt, int ret, const char *what)
{
    if (!ret) {
        return false;
    }
    if (ret == -FDT_ERR_NOSPACE) {
        return dt_grow(dt);
    }
    dt->error = g_strdup_printf("device tree, at \"%s\": %s", what,
                                fdt_strerror(ret));
    return false;
}

PaprDt *papr_dt_new(void)
{
    PaprDt *dt = g_new0(PaprDt, 1);
    int ret;

    dt->size = DT_FIRST_SIZE;
    dt->buf = g_malloc(dt->size);
    dt->next_phandle = 1;
    dt->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    ret = fdt_create_with_flags(dt->buf, dt->size,
                                FDT_CREATE_FLAG_NO_NAME_DEDUP);
    g_assert(ret == 0);
    return dt;
}

void papr_dt_reserve(PaprDt *dt, uint64_t addr, uint64_t size)
{
    if (dt->error) {
        return;
    }
    g_assert(!dt->begun);
    while (dt_again(dt, fdt_add_reservemap_entry(dt->buf, addr, size),
                    "memory reservation")) {
        /* repeat with more room */
    }
}

void papr_dt_begin(PaprDt *dt, const char *fmt, ...)
{
    g_autofree char *name = NULL;
    va_list ap;

    if (dt->error) {
        return;
    }
    va_start(ap, fmt);
    name = g_strdup_vprintf(fmt, ap);
    va_end(ap);

    if (!dt->begun) {
        while (dt_again(dt, fdt_finish_reservemap(dt->buf), "reservations")) {
            /* repeat with more room */
        }
        dt->begun = true;
    }
    while (!dt->error && dt_again(dt, fdt_begin_node(dt->buf, name), name)) {
        /* repeat with more room */
    }
    dt->depth++;
    dt->open_for_props = true;
}

void papr_dt_end(PaprDt *dt)
{
    if (dt->error) {
        return;
    }
    g_assert(dt->depth > 0);
    while (dt_again(dt, fdt_end_node(dt->buf), "end of node")) {
        /* repeat with more room */
    }
    dt->depth--;
    dt->open_for_props = false;
}

/*
 * libfdt has just appended @name to its names for the property at @value.  If
 * the tree has the name already, use that one and remove the new copy.  While a
 * tree is written, offsets are relative to the buffer's end, so they stay valid
 * when it grows.
 */
static void dt_share_name(PaprDt *dt, const char *name, void *value,
                          uint32_t names_before)
{
    struct fdt_property *prop = container_of(value, struct fdt_property, data);
    gpointer known;

    if (g_hash_table_lookup_extended(dt->names, name, NULL, &known)) {
        prop->nameoff = cpu_to_fdt32(GPOINTER_TO_INT(known));
        fdt_set_size_dt_strings(dt->buf, names_before);
    } else {
        g_hash_table_insert(dt->names, g_strdup(name),
                            GINT_TO_POINTER((int)fdt32_to_cpu(prop->nameoff)));
    }
}

/* Add a property of @len bytes; returns where its value goes, or NULL */
static void *dt_property(PaprDt *dt, const char *name, size_t len)
{
    void *value = NULL;
    uint32_t names_before;
    int ret;

    if (dt->error) {
        return NULL;
    }
    /* libfdt would not check it, and the tree would be invalid */
    g_assert(dt->open_for_props);
    if (len > DT_MAX_SIZE) {
        dt->error = g_strdup_printf("device tree: property \"%s\" too large",
                                    name);
        return NULL;
    }
    names_before = fdt_size_dt_strings(dt->buf);
    do {
        ret = fdt_property_placeholder(dt->buf, name, len, &value);
    } while (dt_again(dt, ret, name));
    if (ret) {
        return NULL;
    }
    dt_share_name(dt, name, value, names_before);
    /* Values are padded to a word; the padding is part of the tree */
    memset(value, 0, ROUND_UP(len, 4));
    return value;
}

void papr_dt_bytes(PaprDt *dt, const char *name, const void *value, size_t len)
{
    void *place = dt_property(dt, name, len);

    if (place && len) {
        memcpy(place, value, len);
    }
}

void papr_dt_empty(PaprDt *dt, const char *name)
{
    papr_dt_bytes(dt, name, NULL, 0);
}

void papr_dt_u32(PaprDt *dt, const char *name, uint32_t value)
{
    papr_dt_cells(dt, name, &value, 1);
}

void papr_dt_u64(PaprDt *dt, const char *name, uint64_t value)
{
    papr_dt_cell_list(dt, name, value >> 32, value & UINT32_MAX);
}

void papr_dt_string(PaprDt *dt, const char *name, const char *value)
{
    papr_dt_bytes(dt, name, value, strlen(value) + 1);
}

void papr_dt_strings(PaprDt *dt, const char *name, const char *const *values,
                     size_t n)
{
    size_t len = 0;
    char *place;

    for (size_t i = 0; i < n; i++) {
        len += strlen(values[i]) + 1;
    }
    place = dt_property(dt, name, len);
    for (size_t i = 0; place && i < n; i++) {
        place = stpcpy(place, values[i]) + 1;
    }
}

void papr_dt_cells(PaprDt *dt, const char *name, const uint32_t *cells,
                   size_t n)
{
    char *place = dt_property(dt, name, n * sizeof(*cells));

    for (size_t i = 0; place && i < n; i++) {
        stl_be_p(place + i * sizeof(*cells), cells[i]);
    }
}

void papr_dt_phandle(PaprDt *dt, uint32_t phandle)
{
    papr_dt_u32(dt, "phandle", phandle);
    papr_dt_u32(dt, "linux,phandle", phandle);
}

uint32_t papr_dt_new_phandle(PaprDt *dt)
{
    return dt->next_phandle++;
}

void papr_dt_set_phandle_start(PaprDt *dt, uint32_t first)
{
    dt->next_phandle = first;
}

void *papr_dt_finish(PaprDt *dt, size_t *size, Error **errp)
{
    void *fdt = NULL;

    if (!dt->error) {
        g_assert(dt->depth == 0);
        while (dt_again(dt, fdt_finish(dt->buf), "end of tree")) {
            /* repeat with more room */
        }
    }
    if (dt->error) {
        error_setg(errp, "%s", dt->error);
        g_free(dt->buf);
    } else {
        *size = fdt_totalsize(dt->buf);
        fdt = g_realloc(dt->buf, *size);
    }
    g_hash_table_destroy(dt->names);
    g_free(dt->error);
    g_free(dt);
    return fdt;
}
