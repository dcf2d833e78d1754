/*
 * pSeries platform: the live device tree of the Open Firmware client interface
 *
 * A flattened tree is parsed once into nodes with pointers to parent, child and
 * peer, so that each of the thousands of calls by which a client copies the
 * tree follows a few pointers.  Names and values stay in the flattened tree;
 * only those set at run time are copied.
 *
 * Open Firmware: IEEE 1275-1994 sections 3.2.1 (names), 4.3.1 (path
 * resolution).  Called by the client interface (client*.c) and by fdt.c; no
 * device state, no guest memory: see tests/unit/pseries/test-oftree.c.
 * Locking: the caller's (BQL).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/pseries/dt.h"
#include "fdt-check.h"
#include "oftree.h"
#include <libfdt.h>

struct PaprOfNode {
    const char *name;           /* with the unit address; "" for the root */
    uint32_t phandle;
    PaprOfNode *parent;
    PaprOfNode *child;
    PaprOfNode *last_child;
    PaprOfNode *peer;
    GArray *props;              /* PaprOfProp */
};

struct PaprOfTree {
    void *fdt;                  /* has the names and values */
    PaprOfNode *root;
    GPtrArray *nodes;           /* all, in the flattened tree's order */
    GHashTable *by_phandle;
    GHashTable *added;          /* all copies of names and values */
    uint32_t last_phandle;
    size_t guest_bytes;
};

static void node_free(gpointer data)
{
    PaprOfNode *node = data;

    g_array_free(node->props, true);
    g_free(node);
}

void papr_of_tree_free(PaprOfTree *tree)
{
    if (!tree) {
        return;
    }
    g_hash_table_unref(tree->by_phandle);
    g_hash_table_unref(tree->added);
    g_ptr_array_unref(tree->nodes);
    g_free(tree->fdt);
    g_free(tree);
}

/* A copy that is freed by free_copy() or with the tree */
static const void *add_copy(PaprOfTree *tree, const void *data, size_t len)
{
    /* an empty value is no NULL pointer either */
    char *copy = g_malloc(len + 1);

    memcpy(copy, data, len);
    copy[len] = '\0';
    g_hash_table_add(tree->added, copy);
    return copy;
}

static void free_copy(PaprOfTree *tree, const void *data)
{
    g_hash_table_remove(tree->added, data);
}

/* --- reading a tree ------------------------------------------------------ */

PaprOfNode *papr_of_root(const PaprOfTree *tree)
{
    return tree->root;
}

PaprOfNode *papr_of_parent(const PaprOfNode *node)
{
    return node->parent;
}

PaprOfNode *papr_of_child(const PaprOfNode *node)
{
    return node->child;
}

PaprOfNode *papr_of_peer(const PaprOfNode *node)
{
    return node->peer;
}

uint32_t papr_of_phandle(const PaprOfNode *node)
{
    return node->phandle;
}

PaprOfNode *papr_of_by_phandle(const PaprOfTree *tree, uint32_t phandle)
{
    return g_hash_table_lookup(tree->by_phandle, GUINT_TO_POINTER(phandle));
}

static PaprOfProp *find_prop(const PaprOfNode *node, const char *name)
{
    for (guint i = 0; i < node->props->len; i++) {
        PaprOfProp *prop = &g_array_index(node->props, PaprOfProp, i);

        if (!strcmp(prop->name, name)) {
            return prop;
        }
    }
    return NULL;
}

const PaprOfProp *papr_of_prop(const PaprOfNode *node, const char *name)
{
    return find_prop(node, name);
}

const PaprOfProp *papr_of_next_prop(const PaprOfNode *node, const char *prev,
                                    bool *found)
{
    guint next = 0;

    *found = true;
    if (*prev) {
        PaprOfProp *prop = find_prop(node, prev);

        if (!prop) {
            *found = false;
            return NULL;
        }
        next = prop - (PaprOfProp *)node->props->data + 1;
    }
    return next < node->props->len ?
           &g_array_index(node->props, PaprOfProp, next) : NULL;
}

size_t papr_of_path(const PaprOfNode *node, char *buf, size_t size)
{
    const PaprOfNode *up[PAPR_OF_MAX_DEPTH];
    size_t pos = 0;
    int depth = 0;

    if (!node->parent) {
        up[depth++] = node;
    }
    for (; node->parent; node = node->parent) {
        up[depth++] = node;
    }
    while (depth--) {
        const char *part = up[depth]->name;
        size_t len = strlen(part);

        if (pos < size) {
            buf[pos] = '/';
        }
        pos++;
        if (pos < size) {
            memcpy(buf + pos, part, MIN(len, size - pos));
        }
        pos += len;
    }
    return pos;
}

/*
 * Does a component of a path match a node?  "vty@30000000", "vty" and
 * "@30000000" all match vty@30000000, and a name may be without its vendor
 * ("nvram" matches "qemu,nvram").  The case of digits does not matter.
 */
static bool node_matches(const PaprOfNode *node, const char *part, size_t len)
{
    const char *unit = memchr(part, '@', len);
    const char *node_unit = strchr(node->name, '@');
    size_t name_len = unit ? unit - part : len;
    size_t node_len = node_unit ? node_unit - node->name : strlen(node->name);
    const char *node_name = node->name;

    if (unit) {
        size_t unit_len = len - name_len;

        if (!node_unit || strlen(node_unit) != unit_len ||
            g_ascii_strncasecmp(unit, node_unit, unit_len)) {
            return false;
        }
    }
    if (!name_len) {
        return unit;
    }
    if (!memchr(part, ',', name_len)) {
        const char *vendor_end = memchr(node_name, ',', node_len);

        if (vendor_end) {
            node_len -= vendor_end + 1 - node_name;
            node_name = vendor_end + 1;
        }
    }
    return node_len == name_len && !memcmp(part, node_name, name_len);
}

/* The node at a path relative to @node */
static PaprOfNode *find_below(PaprOfNode *node, const char *path)
{
    while (node && *path) {
        size_t whole = strcspn(path, "/");
        const char *args = memchr(path, ':', whole);
        size_t len = args ? args - path : whole;

        if (len) {
            for (node = node->child; node; node = node->peer) {
                if (node_matches(node, path, len)) {
                    break;
                }
            }
        }
        path += whole;
        path += strspn(path, "/");
    }
    return node;
}

PaprOfNode *papr_of_find(const PaprOfTree *tree, const char *path)
{
    PaprOfNode *aliases;
    const PaprOfProp *alias;
    g_autofree char *name = NULL;
    size_t len;

    if (*path == '/') {
        return find_below(tree->root, path + 1);
    }

    aliases = find_below(tree->root, "aliases");
    len = strcspn(path, "/:");
    if (!aliases || !len) {
        return NULL;
    }
    name = g_strndup(path, len);
    alias = papr_of_prop(aliases, name);
    /* an alias is a whole path: it isn't looked up a second time */
    if (!alias || !alias->len || ((char *)alias->value)[alias->len - 1] ||
        *(char *)alias->value != '/') {
        return NULL;
    }
    path += len;
    path += strcspn(path, "/");
    return find_below(find_below(tree->root, (const char *)alias->value + 1),
                      path);
}

/* --- changing it --------------------------------------------------------- */

bool papr_of_set_prop(PaprOfTree *tree, PaprOfNode *node, const char *name,
                      const void *value, size_t len)
{
    PaprOfProp *prop = find_prop(node, name);
    size_t name_len = strlen(name);
    size_t before = prop && prop->changed ? prop->len : 0;
    size_t cost = len + (prop ? 0 : name_len + sizeof(*prop));
    const void *old = NULL;

    if (!name_len || name_len > PAPR_OF_NAME_MAX || len > PAPR_OF_PROP_MAX ||
        tree->guest_bytes - before + cost > PAPR_OF_GUEST_MAX) {
        return false;
    }
    tree->guest_bytes += cost - before;

    if (!prop) {
        PaprOfProp fresh = { .name = add_copy(tree, name, name_len) };

        g_array_append_val(node->props, fresh);
        prop = &g_array_index(node->props, PaprOfProp, node->props->len - 1);
    } else if (prop->changed) {
        old = prop->value;
    }
    prop->value = add_copy(tree, value, len);
    prop->len = len;
    prop->changed = true;
    prop->implied = false;
    free_copy(tree, old);
    return true;
}

void papr_of_mark_changed(PaprOfTree *tree, PaprOfNode *node, const char *name)
{
    const PaprOfProp *prop = find_prop(node, name);

    if (prop && !prop->changed) {
        papr_of_set_prop(tree, node, name, prop->value, prop->len);
    }
}

void papr_of_each_changed(const PaprOfTree *tree,
                          void (*fn)(const PaprOfNode *node,
                                     const PaprOfProp *prop, void *opaque),
                          void *opaque)
{
    for (guint i = 0; i < tree->nodes->len; i++) {
        const PaprOfNode *node = g_ptr_array_index(tree->nodes, i);

        for (guint j = 0; j < node->props->len; j++) {
            const PaprOfProp *prop = &g_array_index(node->props, PaprOfProp, j);

            if (prop->changed) {
                fn(node, prop, opaque);
            }
        }
    }
}

/* --- building it --------------------------------------------------------- */

static PaprOfNode *add_node(PaprOfTree *tree, PaprOfNode *parent,
                            const char *name)
{
    PaprOfNode *node = g_new0(PaprOfNode, 1);

    node->name = name;
    node->parent = parent;
    node->props = g_array_new(false, false, sizeof(PaprOfProp));
    g_ptr_array_add(tree->nodes, node);
    if (!parent) {
        tree->root = node;
    } else if (parent->last_child) {
        parent->last_child->peer = node;
    } else {
        parent->child = node;
    }
    if (parent) {
        parent->last_child = node;
    }
    return node;
}

/* "name" is a property of every package: IEEE 1275 section 3.2.2.1.1 */
static void add_implied_name(PaprOfTree *tree, PaprOfNode *node)
{
    PaprOfProp prop = { .name = "name", .implied = true };
    size_t len = strcspn(node->name, "@");

    if (find_prop(node, "name")) {
        return;
    }
    if (node->parent) {
        prop.value = add_copy(tree, node->name, len);
        prop.len = len + 1;
    } else {
        prop.value = "device-tree";
        prop.len = sizeof("device-tree");
    }
    g_array_append_val(node->props, prop);
}

static bool parse_fdt(PaprOfTree *tree, Error **errp)
{
    int next = 0, depth = 0;
    PaprOfNode *node = NULL;

    for (;;) {
        int offset = next, len;
        uint32_t tag = fdt_next_tag(tree->fdt, offset, &next);
        const char *name;
        const void *value;

        switch (tag) {
        case FDT_BEGIN_NODE:
            if (++depth > PAPR_OF_MAX_DEPTH) {
                error_setg(errp, "device tree is too deep");
                return false;
            }
            node = add_node(tree, node, fdt_get_name(tree->fdt, offset, NULL));
            break;
        case FDT_PROP:
            value = fdt_getprop_by_offset(tree->fdt, offset, &name, &len);
            if (value && !find_prop(node, name)) {
                g_array_append_vals(node->props, &(PaprOfProp) {
                    .name = name, .value = value, .len = len,
                }, 1);
            }
            break;
        case FDT_END_NODE:
            add_implied_name(tree, node);
            node = node->parent;
            depth--;
            break;
        case FDT_END:
            if (!tree->root) {
                error_setg(errp, "device tree is empty");
            }
            return tree->root;
        }
    }
}

static uint32_t given_phandle(const PaprOfNode *node)
{
    const PaprOfProp *prop = papr_of_prop(node, "phandle");

    if (!prop) {
        prop = papr_of_prop(node, "linux,phandle");
    }
    return prop && prop->len == sizeof(uint32_t) ? ldl_be_p(prop->value) : 0;
}

static bool take_phandle(PaprOfTree *tree, PaprOfNode *node, uint32_t phandle)
{
    if (!phandle || phandle == UINT32_MAX ||
        papr_of_by_phandle(tree, phandle)) {
        return false;
    }
    node->phandle = phandle;
    g_hash_table_insert(tree->by_phandle, GUINT_TO_POINTER(phandle), node);
    tree->last_phandle = MAX(tree->last_phandle, phandle);
    return true;
}

/*
 * The node of the previous tree with the same path.  Both trees have their
 * nodes in nearly the same order, so the search starts after the last one
 * found.
 */
static const PaprOfNode *same_node(const PaprOfNode *prev_parent,
                                   const PaprOfNode **hint, const char *name)
{
    const PaprOfNode *start = *hint ? *hint : prev_parent->child;
    const PaprOfNode *node;

    for (node = start; node; node = node->peer) {
        if (!strcmp(node->name, name)) {
            goto found;
        }
    }
    for (node = prev_parent->child; node != start; node = node->peer) {
        if (!strcmp(node->name, name)) {
            goto found;
        }
    }
    return NULL;
found:
    *hint = node->peer;
    return node;
}

static void inherit_from(PaprOfTree *tree, PaprOfNode *node,
                         const PaprOfNode *prev)
{
    const PaprOfNode *hint = NULL;

    take_phandle(tree, node, node->phandle ? 0 : prev->phandle);
    for (guint i = 0; i < prev->props->len; i++) {
        const PaprOfProp *prop = &g_array_index(prev->props, PaprOfProp, i);

        if (prop->changed) {
            papr_of_set_prop(tree, node, prop->name, prop->value, prop->len);
        }
    }
    for (PaprOfNode *child = node->child; child; child = child->peer) {
        const PaprOfNode *same = same_node(prev, &hint, child->name);

        if (same) {
            inherit_from(tree, child, same);
        }
    }
}

/* First phandles that the new tree has, then inherited ones, then new ones */
static void assign_phandles(PaprOfTree *tree, const PaprOfTree *prev)
{
    for (guint i = 0; i < tree->nodes->len; i++) {
        PaprOfNode *node = g_ptr_array_index(tree->nodes, i);

        take_phandle(tree, node, given_phandle(node));
    }
    if (prev) {
        inherit_from(tree, tree->root, prev->root);
        tree->last_phandle = MAX(tree->last_phandle, prev->last_phandle);
    }
    for (guint i = 0; i < tree->nodes->len; i++) {
        PaprOfNode *node = g_ptr_array_index(tree->nodes, i);
        uint32_t be;

        while (!node->phandle) {
            /* take_phandle() skips 0 and -1, which mean "none" */
            if (!take_phandle(tree, node, tree->last_phandle + 1)) {
                tree->last_phandle++;
            }
        }
        if (given_phandle(node) != node->phandle) {
            PaprOfProp *prop = find_prop(node, "phandle");
            PaprOfProp made = { .name = "phandle", .len = sizeof(be) };

            stl_be_p(&be, node->phandle);
            made.value = add_copy(tree, &be, sizeof(be));
            if (prop) {
                *prop = made;
            } else {
                g_array_append_val(node->props, made);
            }
        }
    }
}

PaprOfTree *papr_of_tree_new(void *fdt, size_t size, const PaprOfTree *prev,
                             Error **errp)
{
    PaprOfTree *tree = g_new0(PaprOfTree, 1);

    tree->fdt = fdt;
    tree->nodes = g_ptr_array_new_with_free_func(node_free);
    tree->by_phandle = g_hash_table_new(NULL, NULL);
    tree->added = g_hash_table_new_full(NULL, NULL, g_free, NULL);

    if (!papr_fdt_is_sound(fdt, size)) {
        error_setg(errp, "device tree is invalid");
        goto fail;
    }
    if (!parse_fdt(tree, errp)) {
        goto fail;
    }
    assign_phandles(tree, prev);
    return tree;
fail:
    papr_of_tree_free(tree);
    return NULL;
}

/* --- writing it out ------------------------------------------------------ */

static void flatten_node(PaprDt *dt, const PaprOfNode *node)
{
    papr_dt_begin(dt, "%s", node->name);
    for (guint i = 0; i < node->props->len; i++) {
        const PaprOfProp *prop = &g_array_index(node->props, PaprOfProp, i);

        if (!prop->implied) {
            papr_dt_bytes(dt, prop->name, prop->value, prop->len);
        }
    }
    for (const PaprOfNode *child = node->child; child; child = child->peer) {
        flatten_node(dt, child);
    }
    papr_dt_end(dt);
}

void *papr_of_tree_flatten(const PaprOfTree *tree, size_t *size, Error **errp)
{
    PaprDt *dt = papr_dt_new();

    flatten_node(dt, tree->root);
    return papr_dt_finish(dt, size, errp);
}
