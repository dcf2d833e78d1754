/*
 * pSeries platform: the live device tree of the client interface
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/pseries/dt.h"
#include "../../../hw/ppc/pseries/firmware/oftree.h"

static void open_node(PaprDt *dt, const char *name, uint32_t phandle)
{
    papr_dt_begin(dt, "%s", name);
    if (phandle) {
        papr_dt_phandle(dt, phandle);
    }
}

static PaprOfTree *finish(PaprDt *dt, const PaprOfTree *prev)
{
    size_t size;
    void *fdt = papr_dt_finish(dt, &size, &error_abort);

    return papr_of_tree_new(fdt, size, prev, &error_abort);
}

/* A little machine; @cas: as it is after the first negotiation */
static PaprOfTree *machine(const PaprOfTree *prev, bool cas)
{
    PaprDt *dt = papr_dt_new();

    papr_dt_begin(dt, "%s", "");
    papr_dt_string(dt, "device_type", "chrp");
    if (cas) {
        open_node(dt, "interrupt-controller@0", 0x1111);
        papr_dt_end(dt);
    }
    open_node(dt, "chosen", 0);
    papr_dt_string(dt, "bootargs", "quiet");
    papr_dt_end(dt);
    open_node(dt, "aliases", 0);
    papr_dt_string(dt, "console", "/vdevice/vty@71000000");
    papr_dt_string(dt, "loop", "loop");
    papr_dt_bytes(dt, "unterminated", "/chosen", 7);
    papr_dt_end(dt);
    for (int i = cas; i < 3; i++) {
        papr_dt_begin(dt, "memory@%x", i * 0x10000000);
        papr_dt_u32(dt, "reg", i);
        papr_dt_end(dt);
    }
    open_node(dt, "vdevice", cas ? 0x2222 : 0x1111);
    open_node(dt, "vty@71000000", 0);
    papr_dt_string(dt, "compatible", cas ? "hvterm2" : "hvterm1");
    papr_dt_end(dt);
    open_node(dt, "qemu,nvram@7100000A", 0);
    papr_dt_end(dt);
    papr_dt_end(dt);
    papr_dt_end(dt);
    return finish(dt, prev);
}

static void assert_path(const PaprOfTree *tree, const char *lookup,
                        const char *expect)
{
    const PaprOfNode *node = papr_of_find(tree, lookup);
    char path[64];
    size_t len;

    if (!expect) {
        g_assert_null(node);
        return;
    }
    g_assert_nonnull(node);
    len = papr_of_path(node, path, sizeof(path) - 1);
    path[len] = '\0';
    g_assert_cmpstr(path, ==, expect);
}

static void paths(void)
{
    PaprOfTree *t = machine(NULL, false);
    char cut[8] = "-------";

    assert_path(t, "/", "/");
    assert_path(t, "/chosen", "/chosen");
    assert_path(t, "/chosen/", "/chosen");
    assert_path(t, "//vdevice//vty", "/vdevice/vty@71000000");
    assert_path(t, "/memory@0", "/memory@0");
    assert_path(t, "/memory", "/memory@0");
    assert_path(t, "/memory@10000000", "/memory@10000000");
    assert_path(t, "/@20000000", "/memory@20000000");
    assert_path(t, "/vdevice/vty@71000000:57600,n", "/vdevice/vty@71000000");
    assert_path(t, "/vdevice:x/vty:1", "/vdevice/vty@71000000");
    assert_path(t, "/vdevice/qemu,nvram@7100000a",
                "/vdevice/qemu,nvram@7100000A");
    assert_path(t, "/vdevice/nvram", "/vdevice/qemu,nvram@7100000A");
    assert_path(t, "console", "/vdevice/vty@71000000");
    assert_path(t, "console:115200", "/vdevice/vty@71000000");
    assert_path(t, "console/sub", NULL);
    assert_path(t, "loop", NULL);
    assert_path(t, "unterminated", NULL);
    assert_path(t, "chosen", NULL);
    assert_path(t, "", NULL);
    assert_path(t, ":", NULL);
    assert_path(t, "/memor", NULL);
    assert_path(t, "/memory@", NULL);
    assert_path(t, "/memory@1", NULL);
    assert_path(t, "/chosen@0", NULL);
    assert_path(t, "/vdevice/emu,nvram", NULL);

    g_assert_cmpuint(papr_of_path(papr_of_find(t, "/vdevice"), cut, 4), ==, 8);
    g_assert_cmpmem(cut, 8, "/vde---", 8);
    g_assert_cmpuint(papr_of_path(papr_of_find(t, "/vdevice"), cut, 0), ==, 8);
    papr_of_tree_free(t);
}

static void relatives(void)
{
    PaprOfTree *t = machine(NULL, false);
    PaprOfNode *root = papr_of_root(t);
    PaprOfNode *vdevice = papr_of_find(t, "/vdevice");
    PaprOfNode *vty = papr_of_child(vdevice);
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    unsigned n = 0;

    g_assert_null(papr_of_parent(root));
    g_assert_null(papr_of_peer(root));
    g_assert_null(papr_of_peer(vdevice));
    g_assert_true(papr_of_parent(vty) == vdevice);
    g_assert_nonnull(papr_of_peer(vty));
    g_assert_null(papr_of_peer(papr_of_peer(vty)));
    g_assert_null(papr_of_child(vty));

    for (PaprOfNode *c = papr_of_child(root); c; c = papr_of_peer(c)) {
        uint32_t phandle = papr_of_phandle(c);

        g_assert_true(phandle && phandle != UINT32_MAX);
        g_assert_true(g_hash_table_add(seen, GUINT_TO_POINTER(phandle)));
        g_assert_true(papr_of_by_phandle(t, phandle) == c);
        n++;
    }
    g_assert_cmpuint(n, ==, 6);
    g_assert_cmphex(papr_of_phandle(vdevice), ==, 0x1111);
    g_assert_null(papr_of_by_phandle(t, 0));
    g_assert_null(papr_of_by_phandle(t, UINT32_MAX));
    g_assert_null(papr_of_by_phandle(t, 0x12345));
    papr_of_tree_free(t);
}

static void properties(void)
{
    PaprOfTree *t = machine(NULL, false);
    PaprOfNode *memory = papr_of_find(t, "/memory@10000000");
    const PaprOfProp *prop = papr_of_prop(memory, "name");
    unsigned n = 0;
    bool found;
    const char *at = "";

    g_assert_cmpstr(prop->value, ==, "memory");
    g_assert_cmpuint(prop->len, ==, 7);
    g_assert_cmpstr(papr_of_prop(papr_of_root(t), "name")->value, ==,
                    "device-tree");
    prop = papr_of_prop(memory, "phandle");
    g_assert_cmphex(ldl_be_p(prop->value), ==, papr_of_phandle(memory));
    g_assert_null(papr_of_prop(memory, "nam"));

    while ((prop = papr_of_next_prop(memory, at, &found))) {
        g_assert_true(papr_of_prop(memory, prop->name) == prop);
        at = prop->name;
        n++;
    }
    g_assert_true(found);
    g_assert_cmpuint(n, ==, 3);             /* reg, name, phandle */
    g_assert_null(papr_of_next_prop(memory, "none", &found));
    g_assert_false(found);
    papr_of_tree_free(t);
}

static void changes(void)
{
    PaprOfTree *t = machine(NULL, false);
    PaprOfNode *chosen = papr_of_find(t, "/chosen");
    g_autofree uint8_t *big = g_malloc0(PAPR_OF_PROP_MAX + 1);
    g_autofree char *long_name = g_strnfill(PAPR_OF_NAME_MAX + 1, 'x');
    unsigned i, n = 0;
    bool found;

    g_assert_true(papr_of_set_prop(t, chosen, "bootargs", "verbose", 8));
    g_assert_cmpstr(papr_of_prop(chosen, "bootargs")->value, ==, "verbose");
    g_assert_true(papr_of_set_prop(t, chosen, "bootargs", "", 0));
    g_assert_cmpuint(papr_of_prop(chosen, "bootargs")->len, ==, 0);
    g_assert_nonnull(papr_of_prop(chosen, "bootargs")->value);
    g_assert_true(papr_of_set_prop(t, chosen, "fresh", "abc", 3));
    g_assert_cmpmem(papr_of_prop(chosen, "fresh")->value, 3, "abc", 3);
    for (const char *at = ""; ; n++) {
        const PaprOfProp *prop = papr_of_next_prop(chosen, at, &found);

        if (!prop) {
            break;
        }
        at = prop->name;
    }
    g_assert_cmpuint(n, ==, 4);

    g_assert_false(papr_of_set_prop(t, chosen, "", "x", 1));
    g_assert_false(papr_of_set_prop(t, chosen, long_name, "x", 1));
    g_assert_false(papr_of_set_prop(t, chosen, "big", big,
                                    PAPR_OF_PROP_MAX + 1));
    /* a replaced value no longer counts towards the quota, an added one does */
    for (i = 0; i < 100; i++) {
        g_assert_true(papr_of_set_prop(t, chosen, "big", big,
                                       PAPR_OF_PROP_MAX));
    }
    for (i = 0; i < 100; i++) {
        g_autofree char *name = g_strdup_printf("big%u", i);

        if (!papr_of_set_prop(t, chosen, name, big, PAPR_OF_PROP_MAX)) {
            break;
        }
    }
    g_assert_cmpuint(i, ==, PAPR_OF_GUEST_MAX / PAPR_OF_PROP_MAX - 2);
    g_assert_true(papr_of_set_prop(t, chosen, "big", "x", 1));
    papr_of_tree_free(t);
}

static void count_change(const PaprOfNode *node, const PaprOfProp *prop,
                         void *opaque)
{
    (*(unsigned *)opaque)++;
}

/* A second tree replaces the first one: the same nodes keep their phandles */
static void next_tree(void)
{
    static const char *const same[] = {
        "/", "/chosen", "/aliases", "/memory@10000000", "/memory@20000000",
        "/vdevice/vty", "/vdevice/qemu,nvram",
    };
    PaprOfTree *t = machine(NULL, false);
    PaprOfTree *next;
    uint32_t phandle[ARRAY_SIZE(same)], gone;
    unsigned n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
        phandle[i] = papr_of_phandle(papr_of_find(t, same[i]));
    }
    gone = papr_of_phandle(papr_of_find(t, "/memory@0"));
    papr_of_set_prop(t, papr_of_find(t, "/chosen"), "stdout", "1234", 4);
    papr_of_set_prop(t, papr_of_find(t, "/memory@0"), "lost", "1", 1);

    next = machine(t, true);
    papr_of_tree_free(t);
    for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
        g_assert_cmphex(papr_of_phandle(papr_of_find(next, same[i])), ==,
                        phandle[i]);
    }
    g_assert_null(papr_of_by_phandle(next, gone));
    /* phandles that the machine chose take precedence */
    g_assert_cmphex(papr_of_phandle(papr_of_find(next, "/vdevice")), ==,
                    0x2222);
    g_assert_cmphex(papr_of_phandle(papr_of_find(next,
                    "/interrupt-controller")), ==, 0x1111);
    g_assert_cmpmem(papr_of_prop(papr_of_find(next, "/chosen"),
                                 "stdout")->value, 4, "1234", 4);
    g_assert_cmpstr(papr_of_prop(papr_of_find(next, "/vdevice/vty"),
                                 "compatible")->value, ==, "hvterm2");
    papr_of_each_changed(next, count_change, &n);
    g_assert_cmpuint(n, ==, 1);
    papr_of_tree_free(next);
}

static void flatten(void)
{
    PaprOfTree *t = machine(NULL, false);
    PaprOfTree *copy;
    uint32_t phandle = papr_of_phandle(papr_of_find(t, "/aliases"));
    size_t size;
    void *fdt;
    unsigned n = 0;

    papr_of_set_prop(t, papr_of_find(t, "/chosen"), "bootargs", "new", 4);
    fdt = papr_of_tree_flatten(t, &size, &error_abort);
    copy = papr_of_tree_new(fdt, size, NULL, &error_abort);
    g_assert_cmpstr(papr_of_prop(papr_of_find(copy, "/chosen"),
                                 "bootargs")->value, ==, "new");
    g_assert_cmphex(papr_of_phandle(papr_of_find(copy, "/aliases")), ==,
                    phandle);
    papr_of_each_changed(copy, count_change, &n);
    g_assert_cmpuint(n, ==, 0);
    papr_of_mark_changed(copy, papr_of_find(copy, "/chosen"), "bootargs");
    papr_of_mark_changed(copy, papr_of_find(copy, "/chosen"), "none");
    papr_of_each_changed(copy, count_change, &n);
    g_assert_cmpuint(n, ==, 1);
    papr_of_tree_free(copy);
    papr_of_tree_free(t);
}

static void damaged(void)
{
    PaprOfTree *t = machine(NULL, false);
    Error *err = NULL;
    PaprDt *dt = papr_dt_new();
    size_t size;
    uint8_t *fdt = papr_of_tree_flatten(t, &size, &error_abort);

    fdt[0]++;
    g_assert_null(papr_of_tree_new(fdt, size, NULL, &err));
    g_assert_nonnull(err);
    g_clear_pointer(&err, error_free);

    /* deeper than is allowed */
    for (int i = 0; i < 100; i++) {
        papr_dt_begin(dt, "%s", i ? "a" : "");
    }
    for (int i = 0; i < 100; i++) {
        papr_dt_end(dt);
    }
    fdt = papr_dt_finish(dt, &size, &error_abort);
    g_assert_null(papr_of_tree_new(fdt, size, NULL, &err));
    g_assert_nonnull(err);
    error_free(err);
    papr_of_tree_free(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pseries/oftree/paths", paths);
    g_test_add_func("/pseries/oftree/relatives", relatives);
    g_test_add_func("/pseries/oftree/properties", properties);
    g_test_add_func("/pseries/oftree/changes", changes);
    g_test_add_func("/pseries/oftree/next-tree", next_tree);
    g_test_add_func("/pseries/oftree/flatten", flatten);
    g_test_add_func("/pseries/oftree/damaged", damaged);
    return g_test_run();
}
