/*
 * Firmware: how it is chosen and started, and H_UPDATE_DT
 *
 * ofw-test.c has the Open Firmware client interface.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <libfdt.h>
#include <glib/gstdio.h>
#include "libofw.h"

/* --- start --------------------------------------------------------------- */

static uint64_t register_of(QTestState *qts, const char *name)
{
    g_autofree char *text = qtest_hmp(qts, "info registers");
    char *at = strstr(text, name);

    g_assert_nonnull(at);
    return g_ascii_strtoull(at + strlen(name), NULL, 16);
}

static void check_start(QTestState *qts)
{
    g_autofree char *gprs = qtest_hmp(qts, "info registers");
    uint64_t r[8];
    char *at = strstr(gprs, "GPR00");

    g_assert_nonnull(at);
    g_assert_cmpint(sscanf(at, "GPR00 %" SCNx64 " %" SCNx64 " %" SCNx64 " %"
                           SCNx64 " GPR04 %" SCNx64 " %" SCNx64, &r[0], &r[1],
                           &r[2], &r[3], &r[4], &r[5]), ==, 6);
    g_assert_cmphex(register_of(qts, "NIP "), ==, KERNEL_ADDR + 0x10);
    /* r1: 32 KiB of stack at least; r3, r4: ramdisk; r5: client interface */
    g_assert_cmphex(r[1], >=, 0x8000);
    g_assert_cmphex(r[3], ==, 0x420000);
    g_assert_cmphex(r[4], ==, 100);
    g_assert_cmphex(papr_ld32(qts, r[5]), ==, 0x7c641b78);
    g_assert_cmphex(papr_ld32(qts, r[5] + 8), ==, 0x6063f005);
    g_assert_cmphex(papr_ld32(qts, KERNEL_ADDR), ==, 0x60606060);
    g_assert_cmphex(papr_ld32(qts, r[3]), ==, 0x69696969);
    g_assert_cmphex(get_cell(qts, find(qts, "/chosen"), "linux,initrd-start"),
                    ==, 0x420000);
    g_assert_cmphex(get_cell(qts, find(qts, "/chosen"), "linux,initrd-end"),
                    ==, 0x420064);
}

static void test_start(void)
{
    g_autofree char *kernel = tiny_kernel(true, 0x1000);
    char data[100];
    g_autofree char *initrd = NULL;
    QTestState *qts;

    memset(data, 'i', sizeof(data));
    initrd = write_file(data, sizeof(data));
    qts = papr_start("-kernel %s -initrd %s", kernel, initrd);
    check_start(qts);
    /* and after a reset, with everything overwritten */
    qtest_memset(qts, 0, 0xff, 0x10000);
    qtest_memset(qts, KERNEL_ADDR, 0xff, 0x30000);
    ci(qts, "setprop", find(qts, "/chosen"), str(qts, "linux,initrd-start"),
       BUF, 4);
    qtest_system_reset(qts);
    check_start(qts);
    qtest_quit(qts);
    g_unlink(kernel);
    g_unlink(initrd);
}

/* --- H_UPDATE_DT --------------------------------------------------------- */

static void test_update_dt(void)
{
    QTestState *qts = papr_start("-smp 1");
    char tree[512];
    uint32_t size;

    fdt_create(tree, sizeof(tree));
    fdt_finish_reservemap(tree);
    fdt_begin_node(tree, "");
    fdt_property_string(tree, "marker", "here");
    fdt_end_node(tree);
    fdt_finish(tree);
    size = fdt_totalsize(tree);

    g_assert_cmpint(papr_hcall(qts, 0, H_UPDATE_DT, BUF), ==, H_PARAMETER);
    qtest_memwrite(qts, BUF, tree, size);
    g_assert_cmpint(papr_hcall(qts, 0, H_UPDATE_DT, BUF), ==, H_SUCCESS);
    /* across the end of RAM, bad addresses, bad sizes, a bad offset inside */
    qtest_memwrite(qts, RAM_SIZE - 64, tree, 64);
    g_assert_cmpint(papr_hcall(qts, 0, H_UPDATE_DT, RAM_SIZE - 64), ==,
                    H_PARAMETER);
    g_assert_cmpint(papr_hcall(qts, 0, H_UPDATE_DT, UINT64_MAX - 3), ==,
                    H_PARAMETER);
    papr_st32(qts, BUF + 4, UINT32_MAX);
    g_assert_cmpint(papr_hcall(qts, 0, H_UPDATE_DT, BUF), ==, H_PARAMETER);
    papr_st32(qts, BUF + 4, 8);
    g_assert_cmpint(papr_hcall(qts, 0, H_UPDATE_DT, BUF), ==, H_PARAMETER);
    papr_st32(qts, BUF + 4, size);
    papr_st32(qts, BUF + 8, 0x7fffffff);
    g_assert_cmpint(papr_hcall(qts, 0, H_UPDATE_DT, BUF), ==, H_PARAMETER);
    /* with a firmware image, VOF's hypercall is not offered */
    g_assert_cmpint(papr_hcall(qts, 0, H_VOF_CLIENT, BUF), ==, H_FUNCTION);
    qtest_quit(qts);
}

/*
 * The largest tree that there is room for, made to cost as much as can be: each
 * of its properties has a name as long as half of the tree.
 */
static void test_update_dt_cost(void)
{
    enum { ROOM = 2 * MiB - 4096, NAMES = ROOM / 2, HEAD = 56 };
    const uint32_t props = (ROOM - NAMES) / 12;
    g_autofree uint8_t *tree = g_malloc0(ROOM + 64);
    QTestState *qts = papr_start("-smp 1");
    uint8_t *at = tree + HEAD;
    uint32_t structs = 8 + props * 12 + 8;
    const uint32_t head[] = {
        FDT_MAGIC, HEAD + structs + NAMES, HEAD, HEAD + structs, 40, 17, 16,
        0, NAMES, structs,
    };

    for (int i = 0; i < ARRAY_SIZE(head); i++) {
        stl_be_p(tree + i * 4, head[i]);
    }
    stl_be_p(at, FDT_BEGIN_NODE);
    at += 8;
    for (uint32_t i = 0; i < props; i++, at += 12) {
        stl_be_p(at, FDT_PROP);
    }
    stl_be_p(at, FDT_END_NODE);
    stl_be_p(at + 4, FDT_END);
    memset(at + 8, 'a', NAMES - 1);
    qtest_memwrite(qts, BUF, tree, head[1]);

    papr_work(qts);
    g_assert_cmpint(papr_hcall(qts, 0, H_UPDATE_DT, BUF), ==, H_PARAMETER);
    g_assert_cmpuint(papr_work(qts), <=, PAPR_WORK_MAX);
    /* and with names that are short */
    for (uint32_t i = 0; i < props; i++) {
        stl_be_p(tree + HEAD + 8 + i * 12 + 8, NAMES - 4);
    }
    qtest_memwrite(qts, BUF, tree, head[1]);
    g_assert_cmpint(papr_hcall(qts, 0, H_UPDATE_DT, BUF), ==, H_PARAMETER);
    g_assert_cmpuint(papr_work(qts), <=, PAPR_WORK_MAX);
    qtest_quit(qts);
}

/* --- errors for the user -------------------------------------------------- */

/* Runs QEMU, which must end with status 1 and one line with all of @words */
static void check_refused(const char *options, const char *const *words)
{
    g_autofree char *all = g_strdup_printf("-m 256M %s", options);
    g_autofree char *err = papr_refused(all);
    g_autofree char *first = g_strndup(err, strcspn(err, "\n"));

    for (; *words; words++) {
        if (!strstr(first, *words)) {
            g_assert_cmpstr(first, ==, *words);
        }
    }
}

#define assert_refused(options, ...)                                         \
    do {                                                                     \
        const char *const words_[] = { __VA_ARGS__, NULL };                  \
                                                                             \
        check_refused(options, words_);                                      \
    } while (0)

static void test_refused(void)
{
    g_autofree char *kernel = tiny_kernel(true, 0x1000);
    g_autofree char *large = tiny_kernel(true, 300 * MiB);
    g_autofree char *text = write_file("no kernel", 9);
    g_autofree char *x86 = NULL, *options = NULL;
    Elf64_Ehdr head = { .e_machine = 62 };

    memcpy(head.e_ident, ELFMAG, SELFMAG);
    x86 = write_file(&head, sizeof(head));

    assert_refused("-kernel /none/vmlinux", "error loading /none/vmlinux");
    options = g_strdup_printf("-kernel %s", text);
    assert_refused(options, "error loading", "Failed to load ELF", text);
    g_free(options);
    options = g_strdup_printf("-kernel %s", x86);
    assert_refused(options, "error loading", "Failed to load ELF", x86);
    g_free(options);
    options = g_strdup_printf("-kernel %s", large);
    assert_refused(options, "error loading", large, "300 MiB");
    g_free(options);
    options = g_strdup_printf("-kernel %s -initrd /none/initrd", kernel);
    assert_refused(options, "could not load initial ram disk '/none/initrd'");
    g_free(options);
    options = g_strdup_printf("-kernel %s -machine x-vof=on -bios x", kernel);
    assert_refused(options, "x-vof", "-bios");

    assert_refused("-initrd /dev/null", "-initrd", "-kernel");
    assert_refused("-bios /none/fw.bin",
                   "Could not find LPAR firmware '/none/fw.bin'");
    assert_refused("-bios /dev/null", "Could not load LPAR firmware");
    g_unlink(kernel);
    g_unlink(large);
    g_unlink(text);
    g_unlink(x86);
}

/* VOF starts Linux, SLOF starts other ELF programs, unless x-vof= is given */
static void test_choice(void)
{
    g_autofree char *other = tiny_kernel(false, 0x1000);
    QTestState *qts = papr_start("-kernel %s", other);

    g_assert_cmpint(papr_hcall(qts, 0, H_VOF_CLIENT, BUF), ==, H_FUNCTION);
    qtest_quit(qts);
    qts = papr_start("-kernel %s -machine x-vof=on", other);
    g_assert_cmphex(find(qts, "/chosen"), !=, CI_ERROR);
    qtest_quit(qts);
    g_unlink(other);

    qts = start_client("-machine x-vof=off");
    g_assert_cmpint(papr_hcall(qts, 0, H_VOF_CLIENT, BUF), ==, H_FUNCTION);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/ofw/start", test_start);
    qtest_add_func("pseries/ofw/update-dt", test_update_dt);
    qtest_add_func("pseries/ofw/update-dt-cost", test_update_dt_cost);
    qtest_add_func("pseries/ofw/refused", test_refused);
    qtest_add_func("pseries/ofw/choice", test_choice);
    return g_test_run();
}
