/*
 * pSeries platform: sequential device tree writer
 *
 * A thin layer over libfdt's sequential-write calls: nodes are opened and
 * closed in order, properties follow their node's opening, nothing is ever
 * moved.  The buffer grows as needed.  The first error sticks and is reported
 * by papr_dt_finish(), so that fillers need no error paths of their own.
 *
 * Values are given host endian and written big-endian.  Context: any.  A
 * property after a subnode of its node is a programming error (assert).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PSERIES_DT_H
#define HW_PSERIES_DT_H

typedef struct PaprDt PaprDt;

PaprDt *papr_dt_new(void);

/** papr_dt_reserve: entry of the memory reserve map; before the first node */
void papr_dt_reserve(PaprDt *dt, uint64_t addr, uint64_t size);

/** papr_dt_begin: open a node; @fmt as printf, "" for the root */
void papr_dt_begin(PaprDt *dt, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
void papr_dt_end(PaprDt *dt);

void papr_dt_empty(PaprDt *dt, const char *name);
void papr_dt_u32(PaprDt *dt, const char *name, uint32_t value);
void papr_dt_u64(PaprDt *dt, const char *name, uint64_t value);
void papr_dt_string(PaprDt *dt, const char *name, const char *value);
/* a list of strings, each with its NUL, in one property */
void papr_dt_strings(PaprDt *dt, const char *name, const char *const *values,
                     size_t n);
void papr_dt_bytes(PaprDt *dt, const char *name, const void *value, size_t len);
void papr_dt_cells(PaprDt *dt, const char *name, const uint32_t *cells,
                   size_t n);
/* papr_dt_cells, the cells written out: papr_dt_cell_list(dt, "reg", 0, 1) */
#define papr_dt_cell_list(dt, name, ...)                                     \
    papr_dt_cells((dt), (name), (const uint32_t[]){ __VA_ARGS__ },           \
                  sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

/** papr_dt_phandle: "phandle" and "linux,phandle" of the open node */
void papr_dt_phandle(PaprDt *dt, uint32_t phandle);

/** papr_dt_new_phandle: the next one not used so far by this tree */
uint32_t papr_dt_new_phandle(PaprDt *dt);
void papr_dt_set_phandle_start(PaprDt *dt, uint32_t first);

/**
 * papr_dt_finish - close the tree
 *
 * Frees @dt.  Returns the flattened tree, packed, to be freed with g_free(),
 * its size in @size; on error NULL and @errp set.
 */
void *papr_dt_finish(PaprDt *dt, size_t *size, Error **errp);

#endif
