/*
 * pSeries platform: the live device tree of the Open Firmware client interface
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_PPC_PSERIES_FIRMWARE_OFTREE_H
#define HW_PPC_PSERIES_FIRMWARE_OFTREE_H

/* Deeper than any machine's tree; bounds the walk of a tree from a stream */
#define PAPR_OF_MAX_DEPTH       32
#define PAPR_OF_NAME_MAX        63
/* What a guest may add to the tree, in one property and in all */
#define PAPR_OF_PROP_MAX        (64 * KiB)
#define PAPR_OF_GUEST_MAX       (256 * KiB)

typedef struct PaprOfTree PaprOfTree;
typedef struct PaprOfNode PaprOfNode;

typedef struct PaprOfProp {
    const char *name;
    const void *value;
    uint32_t len;
    bool changed;       /* set at run time: kept in the next tree */
    bool implied;       /* "name", made from the node's name; not flattened */
} PaprOfProp;

/**
 * papr_of_tree_new - parse a flattened tree
 * @fdt: @size bytes; freed by this, also on failure
 * @prev: the previous tree, or NULL.  A node that it has too keeps its phandle
 *        and the properties that were set in it at run time.
 *
 * Every node gets a phandle; no phandle of @prev is used for another node.
 */
PaprOfTree *papr_of_tree_new(void *fdt, size_t size, const PaprOfTree *prev,
                             Error **errp);
void papr_of_tree_free(PaprOfTree *tree);

/** papr_of_tree_flatten: the tree as it is now; free with g_free() */
void *papr_of_tree_flatten(const PaprOfTree *tree, size_t *size, Error **errp);

PaprOfNode *papr_of_root(const PaprOfTree *tree);
PaprOfNode *papr_of_parent(const PaprOfNode *node);
PaprOfNode *papr_of_child(const PaprOfNode *node);
PaprOfNode *papr_of_peer(const PaprOfNode *node);
uint32_t papr_of_phandle(const PaprOfNode *node);

/** papr_of_by_phandle: NULL if no node has this phandle */
PaprOfNode *papr_of_by_phandle(const PaprOfTree *tree, uint32_t phandle);

/**
 * papr_of_find - look up a path as IEEE 1275 section 4.3.1 resolves it
 *
 * An alias may stand first, unit addresses may be left out, arguments (":...")
 * are skipped.  NULL if there is no such node.
 */
PaprOfNode *papr_of_find(const PaprOfTree *tree, const char *path);

/**
 * papr_of_path: the node's full path into @buf, cut at @size without a NUL
 *
 * Returns the whole length, without a NUL.
 */
size_t papr_of_path(const PaprOfNode *node, char *buf, size_t size);

/** papr_of_prop: NULL if the node has no such property */
const PaprOfProp *papr_of_prop(const PaprOfNode *node, const char *name);

/**
 * papr_of_next_prop: the one after @prev ("": the first)
 *
 * NULL at the end; @found says whether @prev exists.
 */
const PaprOfProp *papr_of_next_prop(const PaprOfNode *node, const char *prev,
                                    bool *found);

/** papr_of_set_prop: set or add; false if the guest's quota is exceeded */
bool papr_of_set_prop(PaprOfTree *tree, PaprOfNode *node, const char *name,
                      const void *value, size_t len);

/** papr_of_each_changed: every property set at run time, in the tree's order */
void papr_of_each_changed(const PaprOfTree *tree,
                          void (*fn)(const PaprOfNode *node,
                                     const PaprOfProp *prop, void *opaque),
                          void *opaque);

/** papr_of_mark_changed: as if set at run time, to the value that it has */
void papr_of_mark_changed(PaprOfTree *tree, PaprOfNode *node, const char *name);

#endif
