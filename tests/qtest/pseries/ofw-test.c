/*
 * The Open Firmware client interface, with good, wrong and hostile arguments
 *
 * firmware-test.c has -kernel, -initrd and H_UPDATE_DT.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <libfdt.h>
#include <glib/gstdio.h>
#include "libofw.h"

/* --- the tree ------------------------------------------------------------ */

/* Walk a node as Linux does to copy it; check what related services return */
static unsigned walk(QTestState *qts, uint32_t node, uint32_t parent)
{
    unsigned n = 1;
    char path[512] = "";
    uint32_t prev = str(qts, ""), len;

    g_assert_cmphex(ci(qts, "parent", node), ==, parent);
    len = ci(qts, "package-to-path", node, BUF, sizeof(path));
    g_assert_cmpuint(len, <, sizeof(path));
    qtest_memread(qts, BUF, path, len + 1);
    g_assert_cmpuint(strlen(path), ==, len);
    g_assert_cmphex(find(qts, path), ==, node);

    while (ci(qts, "nextprop", node, prev, BUF + 0x100)) {
        prev = BUF + 0x200;
        for (int i = 0; i < 64; i += 8) {
            qtest_writeq(qts, prev + i, qtest_readq(qts, BUF + 0x100 + i));
        }
        g_assert_cmpuint(ci(qts, "getproplen", node, prev), !=, CI_ERROR);
    }
    for (uint32_t child = ci(qts, "child", node); child;
         child = ci(qts, "peer", child)) {
        g_assert_cmphex(child, !=, CI_ERROR);
        n += walk(qts, child, node);
    }
    return n;
}

static void test_tree(void)
{
    QTestState *qts = start_client("-append 'a b' -nodefaults");
    uint32_t root = ci(qts, "peer", 0);
    uint32_t chosen = find(qts, "/chosen");
    char args[4];

    g_assert_cmphex(find(qts, "/"), ==, root);
    g_assert_cmpuint(walk(qts, root, 0), >, 5);
    g_assert_cmphex(find(qts, "/cpus/@0"), !=, CI_ERROR);
    g_assert_cmphex(find(qts, "/memory"), ==, find(qts, "/memory@0"));
    g_assert_cmphex(find(qts, "/none"), ==, CI_ERROR);

    g_assert_cmpuint(ci(qts, "getprop", chosen, str(qts, "bootargs"), BUF,
                        sizeof(args)), ==, 4);
    qtest_memread(qts, BUF, args, sizeof(args));
    g_assert_cmpstr(args, ==, "a b");
    /* a short buffer is filled, the returned length is the property's */
    papr_st32(qts, BUF, 0x11223344);
    g_assert_cmpuint(ci(qts, "getprop", chosen, str(qts, "bootargs"), BUF, 1),
                     ==, 4);
    g_assert_cmphex(papr_ld32(qts, BUF), ==, 0x61223344);
    g_assert_cmphex(ci(qts, "getprop", chosen, str(qts, "none"), BUF, 4), ==,
                    CI_ERROR);
    g_assert_cmphex(ci(qts, "getproplen", 0x7777777, str(qts, "name")), ==,
                    CI_ERROR);
    g_assert_cmphex(ci(qts, "nextprop", chosen, str(qts, "none"), BUF), ==,
                    CI_ERROR);
    g_assert_cmphex(ci(qts, "child", 0x7777777), ==, 0);
    g_assert_cmphex(ci(qts, "test", str(qts, "getprop")), ==, 0);
    g_assert_cmphex(ci(qts, "test", str(qts, "make-coffee")), ==, CI_ERROR);
    g_assert_cmpuint(ci(qts, "canon", str(qts, "/memory"), BUF, 64), ==, 9);
    qtest_quit(qts);
}

static void test_setprop(void)
{
    QTestState *qts = start_client("");
    uint32_t chosen = find(qts, "/chosen");
    char name[80];
    unsigned i;

    papr_st32(qts, BUF, 0x12345678);
    g_assert_cmpuint(ci(qts, "setprop", chosen, str(qts, "fresh"), BUF, 4), ==,
                     4);
    papr_st32(qts, BUF, 0);
    g_assert_cmphex(get_cell(qts, chosen, "fresh"), ==, 0x12345678);
    g_assert_cmpuint(ci(qts, "setprop", chosen, str(qts, "empty"), BUF, 0), ==,
                     0);
    g_assert_cmpuint(ci(qts, "getproplen", chosen, str(qts, "empty")), ==, 0);

    g_assert_cmphex(ci(qts, "setprop", 0x7777777, str(qts, "x"), BUF, 4), ==,
                    CI_ERROR);
    g_assert_cmphex(ci(qts, "setprop", chosen, str(qts, "x"), BUF, UINT32_MAX),
                    ==, CI_ERROR);
    g_assert_cmphex(ci(qts, "setprop", chosen, str(qts, "x"), RAM_SIZE - 1, 4),
                    ==, CI_ERROR);
    g_assert_cmphex(ci(qts, "setprop", chosen, str(qts, ""), BUF, 4), ==,
                    CI_ERROR);
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    g_assert_cmphex(ci(qts, "setprop", chosen, str(qts, name), BUF, 4), ==,
                    CI_ERROR);

    /* the size of all properties that a guest sets is limited */
    for (i = 0; i < 64; i++) {
        g_snprintf(name, sizeof(name), "hoard%u", i);
        if (ci(qts, "setprop", chosen, str(qts, name), BUF, 0x10000) ==
            CI_ERROR) {
            break;
        }
    }
    g_assert_cmpuint(i, >, 0);
    g_assert_cmpuint(i, <, 64);
    qtest_quit(qts);
}

/* --- memory -------------------------------------------------------------- */

static void test_claim(void)
{
    QTestState *qts = start_client("");
    uint32_t memory = find(qts, "/memory@0");
    uint32_t len, ret;
    uint64_t sum = 0;

    g_assert_cmphex(ci(qts, "claim", 0x2000000, 0x1000, 0), ==, 0x2000000);
    g_assert_cmphex(ci(qts, "claim", 0x2000000, 0x1000, 0), ==, CI_ERROR);
    g_assert_cmphex(ci(qts, "claim", 0x1fff000, 0x1001, 0), ==, CI_ERROR);
    /* the kernel, VOF's memory at 0, and addresses without memory */
    g_assert_cmphex(ci(qts, "claim", KERNEL_ADDR, 16, 0), ==, CI_ERROR);
    g_assert_cmphex(ci(qts, "claim", 0, 16, 0), ==, CI_ERROR);
    g_assert_cmphex(ci(qts, "claim", RAM_SIZE, 16, 0), ==, CI_ERROR);
    g_assert_cmphex(ci(qts, "claim", UINT32_MAX, UINT32_MAX, 0), ==, CI_ERROR);
    g_assert_cmphex(ci(qts, "claim", 0, UINT32_MAX, 1), ==, CI_ERROR);
    g_assert_cmphex(ci(qts, "claim", 0, 0, 0x1000), ==, CI_ERROR);
    ret = ci(qts, "claim", 0, 0x1800, 0x10000);
    g_assert_cmphex(ret, !=, CI_ERROR);
    g_assert_cmphex(ret % 0x10000, ==, 0);

    /* all of the memory is either claimed or available */
    len = ci(qts, "getprop", memory, str(qts, "available"), BUF, 0x1000);
    g_assert_cmpuint(len, !=, CI_ERROR);
    g_assert_cmpuint(len % 16, ==, 0);
    for (uint32_t i = 0; i < len; i += 16) {
        g_assert_cmphex(papr_ld64(qts, BUF + i + 8), >, 0);
        sum += papr_ld64(qts, BUF + i + 8);
    }
    g_assert_cmphex(sum, ==,
                    RAM_SIZE - 0x10000 - 0x1000 - 0x1000 - 0x1800);

    g_assert_cmpint(ci_raw(qts, "release", 2,
                           (uint32_t[]) { 0x2000000, 0x1000 }, 0, NULL), ==, 0);
    g_assert_cmphex(ci(qts, "claim", 0x2000000, 0x1000, 0), ==, 0x2000000);
    g_assert_cmphex(ci(qts, "release", 0x3000000, 0x1000), ==, CI_ERROR);
    qtest_quit(qts);
}

/* --- instances and methods ----------------------------------------------- */

static void test_instances(void)
{
    QTestState *qts = start_client("-serial null");
    uint32_t root = find(qts, "/");
    uint32_t first = ci(qts, "open", str(qts, "/"));
    uint32_t handle, n = 0;
    char path[8];

    g_assert_cmphex(first, !=, 0);
    g_assert_cmphex(first, !=, CI_ERROR);
    g_assert_cmphex(ci(qts, "instance-to-package", first), ==, root);
    g_assert_cmpuint(ci(qts, "instance-to-path", first, BUF, 8), ==, 1);
    qtest_memread(qts, BUF, path, sizeof(path));
    g_assert_cmpstr(path, ==, "/");
    g_assert_cmphex(ci(qts, "open", str(qts, "/none")), ==, 0);
    g_assert_cmphex(ci(qts, "instance-to-package", 0), ==, CI_ERROR);
    g_assert_cmphex(ci(qts, "instance-to-package", first + 1), ==, CI_ERROR);
    g_assert_cmphex(ci(qts, "write", first, BUF, 4), ==, CI_ERROR);
    g_assert_cmphex(ci(qts, "read", first, BUF, 64), ==, CI_ERROR);
    g_assert_cmphex(ci(qts, "seek", first, 0, 0), ==, CI_ERROR);

    ci(qts, "close", first);
    ci(qts, "close", first);
    ci(qts, "close", 0);
    g_assert_cmphex(ci(qts, "instance-to-package", first), ==, CI_ERROR);

    do {
        handle = ci(qts, "open", str(qts, "/"));
        g_assert_cmphex(handle, !=, first);
        n++;
    } while (handle && n < 1000);
    g_assert_cmpuint(n, <, 1000);
    qtest_quit(qts);
}

static void test_methods(void)
{
    static const uint32_t rtas[] = {
        0x7c641b78, 0x38600000, 0x6063f000, 0x44000022, 0x4e800020
    };
    QTestState *qts = start_client("");
    uint32_t inst = ci(qts, "open", str(qts, "/rtas"));
    uint32_t root = ci(qts, "open", str(qts, "/"));
    uint32_t name = str(qts, "instantiate-rtas");
    uint32_t rets[2];

    g_assert_cmpuint(get_cell(qts, find(qts, "/rtas"), "rtas-size"), >=,
                     sizeof(rtas));
    g_assert_cmpint(ci_raw(qts, "call-method", 3,
                           (uint32_t[]) { name, inst, BUF }, 2, rets), ==, 0);
    g_assert_cmphex(rets[0], ==, 0);
    g_assert_cmphex(rets[1], ==, BUF);
    for (size_t i = 0; i < ARRAY_SIZE(rtas); i++) {
        g_assert_cmphex(papr_ld32(qts, BUF + 4 * i), ==, rtas[i]);
    }
    g_assert_cmpint(ci_raw(qts, "call-method", 3,
                           (uint32_t[]) { name, inst, RAM_SIZE - 8 }, 2, rets),
                    ==, 0);
    g_assert_cmphex(rets[0], !=, 0);
    /* another package's method, no instance, no argument */
    name = str(qts, "instantiate-rtas");
    g_assert_cmphex(ci(qts, "call-method", name, root, BUF), !=, 0);
    g_assert_cmphex(ci(qts, "call-method", name, 0, BUF), !=, 0);
    g_assert_cmphex(ci(qts, "call-method", name, inst), !=, 0);
    g_assert_cmphex(ci(qts, "call-method", 0xf0000000, inst, BUF), !=, 0);
    g_assert_cmphex(ci(qts, "interpret", str(qts, "1 2 +")), !=, 0);
    qtest_quit(qts);
}

/* ibm,client-architecture-support of a guest that supports few options */
static void negotiate(QTestState *qts, uint32_t root)
{
    static const uint8_t vectors[] = {
        0xff, 0xff, 0x00, 0x00, 0x00, 0x4e, 0x00, 0x00,     /* POWER9 */
        0xff, 0xff, 0x00, 0x00, 0x00, 0x80, 0x00, 0x00,     /* Power10 */
        0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x00, 0x05,     /* ISA 3.00 */
        0xff, 0xff, 0xff, 0xfe, 0x0f, 0x00, 0x00, 0x01,     /* the end */
        4,                                                  /* five vectors */
        0, 0x80, 0, 0x80, 0, 0x80, 0, 0x80,                 /* 1-4: ignore */
        4, 0, 0x20, 0, 0, 0,                                /* 5: memory */
    };
    uint32_t rets[2];

    qtest_memwrite(qts, BUF, vectors, sizeof(vectors));
    g_assert_cmpint(ci_raw(qts, "call-method", 3, (uint32_t[]) {
                        str(qts, "ibm,client-architecture-support"), root, BUF
                    }, 2, rets), ==, 0);
    g_assert_cmphex(rets[0], ==, 0);
    g_assert_cmphex(rets[1], ==, 0);
}

/* Handles and properties from before client-architecture-support stay valid */
static void test_cas(void)
{
    QTestState *qts = start_client("");
    uint32_t root = ci(qts, "open", str(qts, "/"));
    uint32_t chosen = find(qts, "/chosen"), cpus = find(qts, "/cpus");
    uint32_t rets[2];

    papr_st32(qts, BUF, 0xabcdef01);
    ci(qts, "setprop", chosen, str(qts, "kept"), BUF, 4);
    negotiate(qts, root);

    g_assert_cmphex(find(qts, "/chosen"), ==, chosen);
    g_assert_cmphex(find(qts, "/cpus"), ==, cpus);
    g_assert_cmphex(ci(qts, "instance-to-package", root), ==, find(qts, "/"));
    g_assert_cmphex(get_cell(qts, chosen, "kept"), ==, 0xabcdef01);

    /* a structure that is not in RAM: the call returns, and changes nothing */
    g_assert_cmpint(ci_raw(qts, "call-method", 3, (uint32_t[]) {
                        str(qts, "ibm,client-architecture-support"), root,
                        UINT32_MAX - 3
                    }, 2, rets), ==, 0);
    g_assert_cmphex(find(qts, "/chosen"), ==, chosen);
    qtest_quit(qts);
}

/* --- console, exit ------------------------------------------------------- */

static void test_console(void)
{
    g_autofree char *file = write_file("", 0);
    g_autofree char *serial = g_strdup_printf("-serial file:%s -serial null",
                                              file);
    QTestState *qts = start_client(serial);
    uint32_t chosen = find(qts, "/chosen");
    uint32_t out = get_cell(qts, chosen, "stdout");
    uint32_t in = get_cell(qts, chosen, "stdin");
    uint32_t other = ci(qts, "open", str(qts, "/vdevice/vty@71000001"));
    g_autofree char *text = NULL;
    char expect[3000];
    uint32_t took;

    g_assert_cmphex(other, !=, 0);
    memset(expect, 'x', sizeof(expect));
    qtest_memwrite(qts, BUF, expect, sizeof(expect));
    g_assert_cmpuint(ci(qts, "write", out, BUF, 0), ==, 0);
    g_assert_cmpuint(ci(qts, "write", out, BUF, sizeof(expect)), ==,
                     sizeof(expect));
    g_assert_cmphex(ci(qts, "write", other, BUF, 5), ==, CI_ERROR);
    /* a huge length: a part is written, and the part's length returned */
    qtest_memset(qts, BUF, '-', 1);
    took = ci(qts, "write", out, BUF, 0x10000000);
    g_assert_cmpuint(took, >, 0);
    g_assert_cmpuint(took, <=, 0x10000);
    g_assert_cmphex(ci(qts, "write", out, RAM_SIZE - 4, 5), ==, CI_ERROR);
    /* no input; a buffer that is not in RAM */
    g_assert_cmphex(ci(qts, "read", in, BUF, 64), ==, (uint32_t)-2);
    g_assert_cmphex(ci(qts, "read", in, RAM_SIZE - 4, 64), ==, CI_ERROR);
    qtest_quit(qts);

    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    g_assert_cmpuint(strspn(text, "x"), ==, sizeof(expect));
    g_unlink(file);
}

/* Path of the console: "stdout" of /chosen, whose instance handle is in @out */
static char *console_path(QTestState *qts, uint32_t *out)
{
    uint32_t chosen = find(qts, "/chosen");
    char path[64] = "";

    *out = get_cell(qts, chosen, "stdout");
    g_assert_cmphex(get_cell(qts, chosen, "stdin"), !=, 0);
    g_assert_cmpuint(ci(qts, "instance-to-path", *out, BUF, sizeof(path)), <,
                     sizeof(path));
    qtest_memread(qts, BUF, path, sizeof(path) - 1);
    return g_strdup(path);
}

/* The terminal is the console even if there is a display */
static void test_console_and_screen(void)
{
    static const char *const screens[] = {
        "-device VGA,romfile=", "-device virtio-vga,romfile=",
        "-device secondary-vga,romfile=", "-device virtio-gpu-pci",
        "-vga none -device bochs-display,romfile=",
    };

    for (size_t i = 0; i < ARRAY_SIZE(screens); i++) {
        g_autofree char *file = write_file("", 0);
        g_autofree char *args = g_strdup_printf("%s -serial file:%s",
                                                screens[i], file);
        QTestState *qts = start_client(args);
        uint32_t out;
        g_autofree char *path = console_path(qts, &out);
        g_autofree char *text = NULL;

        g_assert_cmpstr(path, ==, "/vdevice/vty@71000000");
        qtest_memwrite(qts, BUF, "text", 4);
        g_assert_cmpuint(ci(qts, "write", out, BUF, 4), ==, 4);
        qtest_quit(qts);
        g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
        g_assert_cmpstr(text, ==, "text");
        g_unlink(file);
    }
}

/* Without a terminal there is a console that drops what it gets */
static void test_no_console(void)
{
    QTestState *qts = start_client("");
    uint32_t out, root;
    g_autofree char *path = console_path(qts, &out);

    g_assert_cmpstr(path, ==, "/");
    g_assert_cmpuint(ci(qts, "write", out, BUF, 3000), ==, 3000);
    g_assert_cmphex(ci(qts, "read", out, BUF, 64), ==, (uint32_t)-2);
    g_assert_cmphex(ci(qts, "write", out, RAM_SIZE - 4, 5), ==, CI_ERROR);
    /* the tree of client-architecture-support has the same console */
    root = ci(qts, "open", str(qts, "/"));
    negotiate(qts, root);
    g_assert_cmphex(get_cell(qts, find(qts, "/chosen"), "stdout"), ==, out);
    g_assert_cmpuint(ci(qts, "write", out, BUF, 16), ==, 16);
    qtest_quit(qts);
}

static void test_exit(void)
{
    QTestState *qts = start_client("");

    g_assert_cmpint(ci_raw(qts, "boot", 0, NULL, 0, NULL), ==, 0);
    qtest_qmp_eventwait(qts, "RESET");
    g_assert_cmpint(ci_raw(qts, "exit", 0, NULL, 0, NULL), ==, 0);
    qtest_qmp_eventwait(qts, "STOP");
    qtest_quit(qts);
}

/* --- hostile ------------------------------------------------------------- */

static void test_arrays(void)
{
    QTestState *qts = start_client("");
    static const uint64_t bad[] = {
        0xffffffff, 0xfffffffc, RAM_SIZE, RAM_SIZE - 4, RAM_SIZE - 8,
        0x80000000, 0xf0000000,
    };
    uint32_t ret;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpint(papr_hcall(qts, 0, H_VOF_CLIENT, bad[i]), ==, -1);
    }
    /* the array ends with RAM: the counts say that there is more */
    papr_st32(qts, RAM_SIZE - 12, str(qts, "child"));
    papr_st32(qts, RAM_SIZE - 8, 1);
    papr_st32(qts, RAM_SIZE - 4, 1);
    g_assert_cmpint(papr_hcall(qts, 0, H_VOF_CLIENT, RAM_SIZE - 12), ==, -1);
    papr_st32(qts, RAM_SIZE - 16, str(qts, "child"));
    papr_st32(qts, RAM_SIZE - 12, 1);
    papr_st32(qts, RAM_SIZE - 8, 1);
    papr_st32(qts, RAM_SIZE - 4, 0);
    g_assert_cmpint(papr_hcall(qts, 0, H_VOF_CLIENT, RAM_SIZE - 16), ==, -1);

    /* counts */
    papr_st32(qts, ARRAY, str(qts, "milliseconds"));
    papr_st32(qts, ARRAY + 4, UINT32_MAX);
    papr_st32(qts, ARRAY + 8, 1);
    g_assert_cmpint(papr_hcall(qts, 0, H_VOF_CLIENT, ARRAY), ==, -1);
    papr_st32(qts, ARRAY + 4, 0);
    papr_st32(qts, ARRAY + 8, UINT32_MAX);
    g_assert_cmpint(papr_hcall(qts, 0, H_VOF_CLIENT, ARRAY), ==, -1);
    papr_st32(qts, ARRAY + 8, 0);
    g_assert_cmpint(papr_hcall(qts, 0, H_VOF_CLIENT, ARRAY), ==, 0);

    /* names */
    g_assert_cmpint(ci_raw(qts, "make-coffee", 0, NULL, 1, &ret), ==, -1);
    g_assert_cmpint(ci_raw(qts, "", 0, NULL, 1, &ret), ==, -1);
    g_assert_cmpint(ci_raw(qts, "getprop", 3, (uint32_t[]) { 1, 2, 3 }, 1,
                           &ret), ==, -1);
    qtest_memset(qts, BUF, 'a', 0x1000);
    papr_st32(qts, ARRAY, BUF);
    g_assert_cmpint(papr_hcall(qts, 0, H_VOF_CLIENT, ARRAY), ==, -1);
    papr_st32(qts, ARRAY, RAM_SIZE - 1);
    qtest_memset(qts, RAM_SIZE - 1, 'a', 1);
    g_assert_cmpint(papr_hcall(qts, 0, H_VOF_CLIENT, ARRAY), ==, -1);
    /* a path without an end */
    g_assert_cmphex(ci(qts, "finddevice", BUF), ==, CI_ERROR);
    g_assert_cmphex(ci(qts, "open", BUF), ==, 0);
    qtest_quit(qts);
}

/* Every service with the same few nasty values in every place */
static void test_values(void)
{
    static const char *const services[] = {
        "getprop", "nextprop", "getproplen", "child", "peer", "parent",
        "package-to-path", "finddevice", "setprop", "canon",
        "instance-to-package", "instance-to-path", "test", "write", "read",
        "seek", "claim", "release", "open", "close", "call-method",
        "interpret", "milliseconds", "enter",
    };
    static const uint32_t nasty[] = {
        0, 1, 0xfff, 0x7fffffff, 0x80000000, UINT32_MAX, RAM_SIZE - 1, ARRAY,
    };
    QTestState *qts = start_client("");
    uint32_t chosen = find(qts, "/chosen");
    uint32_t ret[2];

    for (size_t s = 0; s < ARRAY_SIZE(services); s++) {
        for (size_t v = 0; v < ARRAY_SIZE(nasty); v++) {
            uint32_t args[6];

            for (size_t i = 0; i < ARRAY_SIZE(args); i++) {
                args[i] = nasty[(v + i * s) % ARRAY_SIZE(nasty)];
            }
            ci_raw(qts, services[s], ARRAY_SIZE(args), args, 2, ret);
            args[0] = chosen;
            ci_raw(qts, services[s], ARRAY_SIZE(args), args, 2, ret);
        }
    }
    g_assert_cmphex(find(qts, "/chosen"), ==, chosen);
    qtest_quit(qts);
}

/* --- migration ----------------------------------------------------------- */

static void wait_for(QTestState *qts, const char *command, const char *status)
{
    for (int i = 0; i < 3000; i++) {
        QDict *reply = qtest_qmp(qts, "{ 'execute': %s }", command);
        QDict *info = qdict_get_qdict(reply, "return");
        const char *now = qdict_get_try_str(info, "status");
        bool there = now && !strcmp(now, status);

        g_assert_cmpstr(now, !=, "failed");
        qobject_unref(reply);
        if (there) {
            return;
        }
        g_usleep(10 * 1000);
    }
    g_assert_not_reached();
}

/* A client can be migrated between its first call and "quiesce" */
static void test_migrate(void)
{
    g_autofree char *file = write_file("", 0);
    g_autofree char *uri = g_strdup_printf("file:%s", file);
    g_autofree char *incoming = g_strdup_printf("-incoming %s", uri);
    QTestState *qts = start_client("");
    uint32_t chosen = find(qts, "/chosen");
    uint32_t inst = ci(qts, "open", str(qts, "/chosen"));
    uint32_t root = ci(qts, "open", str(qts, "/"));

    papr_st32(qts, BUF, 0x12345678);
    ci(qts, "setprop", chosen, str(qts, "kept"), BUF, 4);
    g_assert_cmphex(ci(qts, "claim", 0x2000000, 0x1000, 0), ==, 0x2000000);
    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate', 'arguments':"
                             " { 'uri': %s } }", uri);
    wait_for(qts, "query-migrate", "completed");
    qtest_quit(qts);

    qts = start_client(incoming);
    wait_for(qts, "query-migrate", "completed");
    g_assert_cmphex(find(qts, "/chosen"), ==, chosen);
    g_assert_cmphex(ci(qts, "instance-to-package", inst), ==, chosen);
    g_assert_cmphex(get_cell(qts, chosen, "kept"), ==, 0x12345678);
    g_assert_cmphex(ci(qts, "claim", 0x2000000, 0x1000, 0), ==, CI_ERROR);
    g_assert_cmphex(ci(qts, "claim", 0x2001000, 0x1000, 0), ==, 0x2001000);
    /* the property is still known as the client's, so CAS's tree has it */
    negotiate(qts, root);
    g_assert_cmphex(get_cell(qts, chosen, "kept"), ==, 0x12345678);
    qtest_quit(qts);
    g_unlink(file);
}

/* Save @qts and end it: does the stream have the client's section? */
static bool client_is_saved(QTestState *qts)
{
    g_autofree char *file = write_file("", 0);
    g_autofree char *stream = NULL;
    size_t size;
    bool found;

    papr_save(qts, file);
    qtest_quit(qts);
    g_assert_true(g_file_get_contents(file, &stream, &size, NULL));
    found = memmem(stream, size, "papr_of_client", strlen("papr_of_client"));
    g_unlink(file);
    return found;
}

/* After "quiesce" a client may call, as Linux does; its state is not saved */
static void test_quiesced(void)
{
    QTestState *qts = start_client("");

    find(qts, "/chosen");
    g_assert_true(client_is_saved(qts));

    qts = start_client("");
    find(qts, "/chosen");
    ci(qts, "quiesce");
    find(qts, "/chosen");
    g_assert_false(client_is_saved(qts));

    /* a client after a reset is saved again */
    qts = start_client("");
    ci(qts, "quiesce");
    qtest_system_reset(qts);
    find(qts, "/chosen");
    g_assert_true(client_is_saved(qts));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/ofw/tree", test_tree);
    qtest_add_func("pseries/ofw/setprop", test_setprop);
    qtest_add_func("pseries/ofw/claim", test_claim);
    qtest_add_func("pseries/ofw/instances", test_instances);
    qtest_add_func("pseries/ofw/methods", test_methods);
    qtest_add_func("pseries/ofw/cas", test_cas);
    qtest_add_func("pseries/ofw/console", test_console);
    qtest_add_func("pseries/ofw/console-and-screen", test_console_and_screen);
    qtest_add_func("pseries/ofw/no-console", test_no_console);
    qtest_add_func("pseries/ofw/exit", test_exit);
    qtest_add_func("pseries/ofw/arrays", test_arrays);
    qtest_add_func("pseries/ofw/values", test_values);
    qtest_add_func("pseries/ofw/migrate", test_migrate);
    qtest_add_func("pseries/ofw/quiesced", test_quiesced);
    return g_test_run();
}
