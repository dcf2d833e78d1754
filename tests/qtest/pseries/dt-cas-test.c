/*
 * Device tree and client-architecture-support (CAS)
 *
 * The tree is taken from the monitor command dumpdtb, or from CAS's reply, and
 * read with libfdt.  In a qtest the machine starts as if a guest had negotiated
 * all that the machine offers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "libpapr.h"
#include <libfdt.h>
#include <sys/resource.h>

#define BYTES(s) (s), sizeof(s) - 1

/* Where CAS's structure and its reply are in the test's RAM */
#define VEC_ADDR    PAPR_TEST_RAM
#define REPLY_ADDR  (PAPR_TEST_RAM + 0x10000)
#define REPLY_SIZE  0x200000
#define RAM_END     (256 * MiB)

static void assert_prop(const void *fdt, const char *path, const char *name,
                        const void *value, int size)
{
    int got;
    const void *prop = fdt_getprop(fdt, papr_tree_node(fdt, path), name, &got);

    if (!prop || got != size || memcmp(prop, value, size)) {
        g_test_message("wrong: %s of %s", name, path);
    }
    g_assert_nonnull(prop);
    g_assert_cmpmem(prop, got, value, size);
}

static void assert_no_prop(const void *fdt, const char *path, const char *name)
{
    g_assert_null(fdt_getprop(fdt, papr_tree_node(fdt, path), name, NULL));
}

static uint32_t prop_u32(const void *fdt, const char *path, const char *name)
{
    int got;
    const void *prop = fdt_getprop(fdt, papr_tree_node(fdt, path), name, &got);

    g_assert_nonnull(prop);
    g_assert_cmpint(got, ==, 4);
    return ldl_be_p(prop);
}

static bool has_string(const void *fdt, const char *path, const char *name,
                       const char *value)
{
    return fdt_stringlist_search(fdt, papr_tree_node(fdt, path), name,
                                 value) >= 0;
}

static void test_root(void)
{
    QTestState *qts = papr_start("-cpu power9 -name guest=tree "
                                 "-uuid 01234567-89ab-cdef-0123-456789abcdef "
                                 "-M host-model=a,host-serial=b");
    g_autofree void *fdt = papr_tree(qts);

    assert_prop(fdt, "/", "compatible", BYTES("qemu,pseries\0"));
    assert_prop(fdt, "/", "model", BYTES("IBM pSeries (emulated by qemu)\0"));
    assert_prop(fdt, "/", "device_type", BYTES("chrp\0"));
    assert_prop(fdt, "/", "ibm,partition-name", BYTES("tree\0"));
    assert_prop(fdt, "/", "system-id",
                BYTES("01234567-89ab-cdef-0123-456789abcdef\0"));
    assert_prop(fdt, "/", "host-model", BYTES("a\0"));
    assert_prop(fdt, "/", "host-serial", BYTES("b\0"));
    g_assert_cmpuint(prop_u32(fdt, "/", "#address-cells"), ==, 2);
    qtest_quit(qts);
}

static void test_cpus_power9(void)
{
    QTestState *qts = papr_start("-cpu power9 "
                                 "-smp 8,threads=4,cores=2,maxcpus=16");
    g_autofree void *fdt = papr_tree(qts);
    static const char cpu[] = "/cpus/PowerPC,POWER9@4";

    papr_tree_node(fdt, "/cpus/PowerPC,POWER9@0");
    g_assert_cmpint(fdt_path_offset(fdt, "/cpus/PowerPC,POWER9@1"), <, 0);
    g_assert_cmpint(fdt_path_offset(fdt, "/cpus/PowerPC,POWER9@8"), <, 0);
    g_assert_cmphex(prop_u32(fdt, cpu, "reg"), ==, 4);
    g_assert_cmphex(prop_u32(fdt, cpu, "ibm,my-drc-index"), ==, 0x10000004);
    assert_prop(fdt, cpu, "ibm,ppc-interrupt-server#s",
                BYTES("\0\0\0\4\0\0\0\5\0\0\0\6\0\0\0\7"));
    assert_prop(fdt, cpu, "ibm,ppc-interrupt-gserver#s",
                BYTES("\0\0\0\4\0\0\0\0\0\0\0\5\0\0\0\0"
                      "\0\0\0\6\0\0\0\0\0\0\0\7\0\0\0\0"));
    assert_prop(fdt, cpu, "ibm,pa-features", BYTES(
        "\x42\0"
        "\xf6\x3f\xc7\xc0\0\xf0\x80\0\0\0\0\0\0\0\0\0\x80\0\x80\0\x80\0\0\0"
        "\x80\0\x80\0\x80\0\0\0\x80\0\xc0\0\0\0\0\0\x80\0\x80\0\x80\0\x80\0"
        "\x80\0\x80\0\x80\0\x80\0\x80\0\x80\0\x80\0\x80\0\0\0"));
    assert_prop(fdt, cpu, "ibm,pi-features", BYTES("\1\0\0"));
    assert_prop(fdt, cpu, "ibm,segment-page-sizes",
                BYTES("\0\0\0\x0c\0\0\0\0\0\0\0\1\0\0\0\x0c\0\0\0\0"
                      "\0\0\0\x10\0\0\1\x10\0\0\0\1\0\0\0\x10\0\0\0\1"));
    assert_prop(fdt, cpu, "ibm,processor-segment-sizes",
                BYTES("\0\0\0\x1c\0\0\0\x28\xff\xff\xff\xff\xff\xff\xff\xff"));
    assert_prop(fdt, cpu, "ibm,processor-radix-AP-encodings",
                BYTES("\0\0\0\x0c\xa0\0\0\x10\x20\0\0\x15\x40\0\0\x1e"));
    g_assert_cmphex(prop_u32(fdt, cpu, "cpu-version"), ==, 0x004e1202);
    g_assert_cmpuint(prop_u32(fdt, cpu, "timebase-frequency"), ==, 512000000);
    g_assert_cmpuint(prop_u32(fdt, cpu, "clock-frequency"), ==, 1000000000);
    g_assert_cmpuint(prop_u32(fdt, cpu, "ibm,dec-bits"), ==, 56);
    g_assert_cmpuint(prop_u32(fdt, cpu, "ibm,slb-size"), ==, 32);
    g_assert_cmpuint(prop_u32(fdt, cpu, "ibm,vmx"), ==, 2);
    g_assert_cmpuint(prop_u32(fdt, cpu, "ibm,dfp"), ==, 1);
    assert_no_prop(fdt, cpu, "ibm,associativity");
    g_assert_cmpuint(prop_u32(fdt, "/cpus", "#size-cells"), ==, 0);
    qtest_quit(qts);
}

/* What a level, a capability or max-cpu-compat changes in a core's node */
static void test_cpus_levels(void)
{
    static const struct {
        const char *options, *cpu;
        int pa_size;
        uint32_t version;
        bool radix, large_dec;
    } cases[] = {
        { "-cpu power8", "/cpus/PowerPC,POWER8@0", 26, 0x004d0200 },
        { "-cpu power9 -M max-cpu-compat=power8", "/cpus/PowerPC,POWER9@0", 26,
          0x0f000004, true },
        { "-cpu power9 -M cap-large-decr=off", "/cpus/PowerPC,POWER9@0", 68,
          0x004e1202, true },
        { "-cpu power10", "/cpus/PowerPC,POWER10@0", 76, 0x00801200, true,
          true },
    };

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        QTestState *qts = papr_start("%s", cases[i].options);
        g_autofree void *fdt = papr_tree(qts);
        const uint8_t *pa;
        int node, size;

        node = papr_tree_node(fdt, cases[i].cpu);
        pa = fdt_getprop(fdt, node, "ibm,pa-features", &size);
        g_assert_cmpint(size, ==, cases[i].pa_size);
        g_assert_cmpuint(pa[0], ==, size - 2);
        g_assert_cmphex(prop_u32(fdt, cases[i].cpu, "cpu-version"), ==,
                        cases[i].version);
        g_assert_true(!!fdt_getprop(fdt, node,
                                    "ibm,processor-radix-AP-encodings", NULL) ==
                      cases[i].radix);
        if (size > 66) {
            g_assert_true(!!fdt_getprop(fdt, node, "ibm,dec-bits", NULL) ==
                          cases[i].large_dec);
        }
        qtest_quit(qts);
    }
}

/* The nodes memory@ cover all RAM, once, each with its address in its name */
static void test_memory(void)
{
    QTestState *qts = papr_start(
        "-m 2816M -cpu power9 -smp 1 "
        "-object memory-backend-ram,id=m0,size=768M "
        "-object memory-backend-ram,id=m1,size=2048M "
        "-numa node,memdev=m0,cpus=0 -numa node,memdev=m1");
    g_autofree void *fdt = papr_tree(qts);
    uint64_t sum = 0;
    int node;

    fdt_for_each_subnode(node, fdt, 0) {
        g_autofree char *name = NULL;
        const uint8_t *reg;
        uint64_t addr, size;
        int len;

        if (!g_str_has_prefix(fdt_get_name(fdt, node, NULL), "memory@")) {
            continue;
        }
        reg = fdt_getprop(fdt, node, "reg", &len);
        g_assert_cmpint(len, ==, 16);
        addr = ldq_be_p(reg);
        size = ldq_be_p(reg + 8);
        name = g_strdup_printf("memory@%" PRIx64, addr);
        g_assert_cmpstr(name, ==, fdt_get_name(fdt, node, NULL));
        g_assert_cmphex(addr, ==, sum);
        sum += size;
    }
    g_assert_cmphex(sum, ==, 2816 * MiB);
    qtest_quit(qts);
}

static void test_rtas(void)
{
    static const char *const names[] = {
        "hcall-pft", "hcall-term", "hcall-interrupt", "hcall-splpar",
        "hcall-join", "hcall-bulk", "hcall-set-mode", "hcall-sprg0",
        "hcall-copy", "hcall-debug", "hcall-vphn", "hcall-hpt-resize",
        "hcall-watchdog",
    };
    QTestState *qts = papr_start("-smp 1,maxcpus=4 -cpu power9");
    g_autofree void *fdt = papr_tree(qts);

    for (int i = 0; i < ARRAY_SIZE(names); i++) {
        g_assert_true(has_string(fdt, "/rtas", "ibm,hypertas-functions",
                                 names[i]));
    }
    g_assert_false(has_string(fdt, "/rtas", "ibm,hypertas-functions",
                              "hcall-rpt-invalidate"));
    g_assert_false(has_string(fdt, "/rtas", "ibm,hypertas-functions",
                              "hcall-block-remove"));
    assert_prop(fdt, "/rtas", "qemu,hypertas-functions",
                BYTES("hcall-memop1\0"));
    assert_prop(fdt, "/rtas", "ibm,lrdr-capacity",
                BYTES("\0\0\0\0\x10\0\0\0\0\0\0\0\x10\0\0\0\0\0\0\4"));
    /* bytes: 20 of code, 2048 of log, 16 for each vCPU, 8 */
    g_assert_cmpuint(prop_u32(fdt, "/rtas", "rtas-size"), ==,
                     20 + 2048 + 4 * 16 + 8);
    g_assert_cmpuint(prop_u32(fdt, "/rtas", "rtas-error-log-max"), ==, 2048);
    g_assert_cmphex(prop_u32(fdt, "/rtas", "start-cpu"), ==, 0x2006);
    qtest_quit(qts);

    qts = papr_start("-cpu power9 -M resize-hpt=disabled,block-remove=on");
    g_free(fdt);
    fdt = papr_tree(qts);
    g_assert_false(has_string(fdt, "/rtas", "ibm,hypertas-functions",
                              "hcall-hpt-resize"));
    g_assert_true(has_string(fdt, "/rtas", "ibm,hypertas-functions",
                             "hcall-block-remove"));
    qtest_quit(qts);
}

static void test_chosen(void)
{
    static const struct {
        const char *options;
        uint8_t intc, mmu;
    } cases[] = {
        { "-cpu power9", 0x80, 0xc0 },
        { "-cpu power9 -M ic-mode=xive", 0x40, 0xc0 },
        { "-cpu power9 -M ic-mode=xics", 0x00, 0xc0 },
        { "-cpu power9 -M max-cpu-compat=power8", 0x00, 0x00 },
        { "-cpu power8", 0x00, 0x00 },
        { "-cpu power10", 0x80, 0xc0 },
    };

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        QTestState *qts = papr_start("%s", cases[i].options);
        g_autofree void *fdt = papr_tree(qts);
        uint8_t support[] = {
            0x17, cases[i].intc, 0x18, cases[i].mmu, 0x19, 0, 0x1a, 0x40,
        };
        int size;

        assert_prop(fdt, "/chosen", "ibm,arch-vec-5-platform-support", support,
                    sizeof(support));
        g_assert_nonnull(fdt_getprop(fdt, papr_tree_node(fdt, "/chosen"),
                                     "rng-seed", &size));
        g_assert_cmpint(size, ==, 32);
        qtest_quit(qts);
    }
}

#define NUMA_OPTIONS                                                         \
    "-cpu power9 -m 512M -smp 2,maxcpus=2 "                                  \
    "-object memory-backend-ram,id=m0,size=256M "                            \
    "-object memory-backend-ram,id=m1,size=256M "                            \
    "-numa node,memdev=m0,cpus=0 -numa node,memdev=m1,cpus=1 "

static void test_numa_form2(void)
{
    QTestState *qts = papr_start(NUMA_OPTIONS "-numa dist,src=0,dst=1,val=40");
    g_autofree void *fdt = papr_tree(qts);

    assert_prop(fdt, "/rtas", "ibm,numa-distance-table",
                BYTES("\0\0\0\4\x0a\x28\x28\x0a"));
    assert_prop(fdt, "/rtas", "ibm,numa-lookup-index-table",
                BYTES("\0\0\0\2\0\0\0\0\0\0\0\1"));
    assert_prop(fdt, "/memory@10000000", "ibm,associativity",
                BYTES("\0\0\0\1\0\0\0\1"));
    assert_prop(fdt, "/cpus/PowerPC,POWER9@1", "ibm,associativity",
                BYTES("\0\0\0\2\0\0\0\1\0\0\0\1"));
    qtest_quit(qts);
}

/* CAS */

typedef struct GuestSays {
    uint8_t affinity, events, byte22, intc, mmu, radix_ext;
} GuestSays;

static const GuestSays linux_radix_xive = {
    0xa0, 0x05, 0x80, 0x40, 0x40, 0x40,
};

/* A POWER9 guest's structure at @addr; returns its size */
static size_t write_structure(QTestState *qts, uint64_t addr,
                              const GuestSays *says)
{
    uint8_t buf[] = {
        0xff, 0xff, 0x00, 0x00, 0x00, 0x4e, 0x00, 0x00,
        0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x00, 0x05,
        0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff,
        4,
        2, 0, 0xff, 0xc0,
        0, 0,
        0, 0,
        0, 0,
        25, 0, 0x20, 0, 0, says->affinity, says->events, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, says->byte22, says->intc, says->mmu, 0,
        says->radix_ext,
    };

    qtest_memwrite(qts, addr, buf, sizeof(buf));
    return sizeof(buf);
}

static int64_t cas(QTestState *qts)
{
    return papr_hcall(qts, 0, H_CAS, VEC_ADDR, REPLY_ADDR, REPLY_SIZE);
}

static void *reply_tree(QTestState *qts)
{
    uint32_t size;
    void *fdt;

    g_assert_cmpuint(papr_ld32(qts, REPLY_ADDR), ==, 1);
    g_assert_cmphex(papr_ld32(qts, REPLY_ADDR + 4), ==, FDT_MAGIC);
    size = papr_ld32(qts, REPLY_ADDR + 8);
    g_assert_cmpuint(size, <, REPLY_SIZE);
    fdt = g_malloc(size);
    qtest_memread(qts, REPLY_ADDR + 4, fdt, size);
    g_assert_cmpint(fdt_check_full(fdt, size), ==, 0);
    return fdt;
}

static bool tree_has_xive(const void *fdt)
{
    return fdt_node_offset_by_compatible(fdt, -1, "ibm,power-ivpe") >= 0;
}

static void test_cas_modes(void)
{
    GuestSays says = linux_radix_xive;
    QTestState *qts = papr_start("-cpu power9");
    g_autofree void *xive = NULL, *xics = NULL, *again = NULL;

    write_structure(qts, VEC_ADDR, &says);
    g_assert_cmpint(cas(qts), ==, H_SUCCESS);
    xive = reply_tree(qts);
    g_assert_true(tree_has_xive(xive));
    assert_prop(xive, "/", "ibm,plat-res-int-priorities",
                BYTES("\0\0\0\7\0\0\0\xf8"));
    assert_prop(xive, "/chosen", "ibm,architecture-vec-5", BYTES(
        "\x19\0\x20\0\0\xa0\5\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
        "\x80\x40\x40\0\x40"));
    assert_no_prop(xive, "/chosen", "ibm,arch-vec-5-platform-support");
    g_assert_cmphex(prop_u32(xive, "/cpus/PowerPC,POWER9@0", "cpu-version"), ==,
                    0x0f000005);

    /* hash, XICS, and NUMA affinity of form 1 only */
    says = (GuestSays) { .affinity = 0x80 };
    write_structure(qts, VEC_ADDR, &says);
    g_assert_cmpint(cas(qts), ==, H_SUCCESS);
    xics = reply_tree(qts);
    g_assert_false(tree_has_xive(xics));
    assert_no_prop(xics, "/", "ibm,plat-res-int-priorities");
    assert_prop(xics, "/chosen", "ibm,architecture-vec-5",
                BYTES("\4\0\x20\0\0\x80"));
    assert_no_prop(xics, "/rtas", "ibm,numa-distance-table");

    says = linux_radix_xive;
    write_structure(qts, VEC_ADDR, &says);
    g_assert_cmpint(cas(qts), ==, H_SUCCESS);
    again = reply_tree(qts);
    g_assert_true(tree_has_xive(again));
    qtest_quit(qts);
}

/* A call that is refused changes nothing, and QEMU continues */
static void test_cas_refused(void)
{
    static const GuestSays both_mmus = { 0xa0, 5, 0x80, 0x40, 0x80, 0x40 };
    static const GuestSays both_intcs = { 0xa0, 5, 0x80, 0x80, 0x40, 0x40 };
    static const GuestSays xics = { 0xa0, 5, 0x80, 0, 0x40, 0x40 };
    static const GuestSays *const wrong[] = { &both_mmus, &both_intcs, &xics };
    QTestState *qts = papr_start("-cpu power9 -M ic-mode=xive");
    g_autofree void *fdt = NULL;

    for (int i = 0; i < ARRAY_SIZE(wrong); i++) {
        write_structure(qts, VEC_ADDR, wrong[i]);
        papr_st32(qts, REPLY_ADDR, 0x55555555);
        g_assert_cmpint(cas(qts), ==, H_PARAMETER);
        g_assert_cmphex(papr_ld32(qts, REPLY_ADDR), ==, 0x55555555);
    }
    write_structure(qts, VEC_ADDR, &linux_radix_xive);
    g_assert_cmpint(cas(qts), ==, H_SUCCESS);
    fdt = reply_tree(qts);
    g_assert_true(tree_has_xive(fdt));
    qtest_quit(qts);

    qts = papr_start("-cpu power9 -M resize-hpt=required");
    write_structure(qts, VEC_ADDR, &(GuestSays) { .affinity = 0x80 });
    g_assert_cmpint(cas(qts), ==, H_PARAMETER);
    qtest_quit(qts);

    qts = papr_start(NUMA_OPTIONS "-numa dist,src=0,dst=1,val=40 "
                     "-numa dist,src=1,dst=0,val=20");
    write_structure(qts, VEC_ADDR, &(GuestSays) { .affinity = 0x80 });
    g_assert_cmpint(cas(qts), ==, H_HARDWARE);
    write_structure(qts, VEC_ADDR, &linux_radix_xive);
    g_assert_cmpint(cas(qts), ==, H_SUCCESS);
    qtest_quit(qts);
}

static void test_cas_addresses(void)
{
    QTestState *qts = papr_start("-cpu power9");
    size_t size = write_structure(qts, VEC_ADDR, &linux_radix_xive);

    /* replies */
    g_assert_cmpint(papr_hcall(qts, 0, H_CAS, VEC_ADDR, REPLY_ADDR, 0), ==,
                    H_P3);
    g_assert_cmpint(papr_hcall(qts, 0, H_CAS, VEC_ADDR, REPLY_ADDR, 3), ==,
                    H_P3);
    g_assert_cmpint(papr_hcall(qts, 0, H_CAS, VEC_ADDR, REPLY_ADDR, 64), ==,
                    H_TOO_BIG);
    g_assert_cmpint(papr_hcall(qts, 0, H_CAS, VEC_ADDR, RAM_END - 8, 64), ==,
                    H_P2);
    g_assert_cmpint(papr_hcall(qts, 0, H_CAS, VEC_ADDR, RAM_END, REPLY_SIZE),
                    ==, H_P2);
    g_assert_cmpint(papr_hcall(qts, 0, H_CAS, VEC_ADDR, REPLY_ADDR, UINT64_MAX),
                    ==, H_P2);
    g_assert_cmpint(papr_hcall(qts, 0, H_CAS, VEC_ADDR, 0x6030203180000ULL,
                               REPLY_SIZE), ==, H_P2);

    /* structures: not in RAM, in MMIO, up to and across the end of RAM */
    g_assert_cmpint(papr_hcall(qts, 0, H_CAS, RAM_END, REPLY_ADDR, REPLY_SIZE),
                    ==, H_PARAMETER);
    g_assert_cmpint(papr_hcall(qts, 0, H_CAS, UINT64_MAX, REPLY_ADDR,
                               REPLY_SIZE), ==, H_PARAMETER);
    g_assert_cmpint(papr_hcall(qts, 0, H_CAS, 0x6030203180000ULL, REPLY_ADDR,
                               REPLY_SIZE), ==, H_PARAMETER);
    write_structure(qts, RAM_END - size, &linux_radix_xive);
    g_assert_cmpint(papr_hcall(qts, 0, H_CAS, RAM_END - size + 8, REPLY_ADDR,
                               REPLY_SIZE), ==, H_SUCCESS);
    g_assert_cmpint(papr_hcall(qts, 0, H_CAS, RAM_END - size, REPLY_ADDR,
                               REPLY_SIZE), ==, H_SUCCESS);
    qtest_memset(qts, RAM_END - 8, 0xff, 8);
    g_assert_cmpint(papr_hcall(qts, 0, H_CAS, RAM_END - 8, REPLY_ADDR,
                               REPLY_SIZE), ==, H_PARAMETER);
    qtest_quit(qts);
}

/*
 * Devices that were plugged, or whose unplug was requested, before the call:
 * the tree has the result, and the guest gets no event.
 */
static void test_cas_plugged(void)
{
    QTestState *qts = papr_start("-cpu power9 "
                                 "-device virtio-scsi-pci,id=going,addr=2");
    g_autofree void *fdt = NULL;

    qtest_qmp_device_add(qts, "virtio-scsi-pci", "new", "{ 'addr': '3' }");
    qtest_qmp_assert_success(qts, "{ 'execute': 'device_del', 'arguments': "
                             "{ 'id': 'going' } }");
    write_structure(qts, VEC_ADDR, &linux_radix_xive);
    g_assert_cmpint(cas(qts), ==, H_SUCCESS);
    qtest_qmp_eventwait(qts, "DEVICE_DELETED");

    fdt = reply_tree(qts);
    g_assert_cmphex(prop_u32(fdt, "/pci@800000020000000/scsi@3",
                             "ibm,my-drc-index"), ==, 0x40000018);
    g_assert_cmpint(fdt_path_offset(fdt, "/pci@800000020000000/scsi@2"), <, 0);
    g_assert_cmpint(papr_rtas(qts, "check-exception", 1, NULL, 0x500, 0,
                              UINT32_MAX, 0, PAPR_TEST_RAM, 2048), ==,
                    RTAS_NO_ERRORS_FOUND);

    /* the guest has the device now, so the guest gets an event */
    qtest_qmp_assert_success(qts, "{ 'execute': 'device_del', 'arguments': "
                             "{ 'id': 'new' } }");
    g_assert_cmpint(papr_rtas(qts, "check-exception", 1, NULL, 0x500, 0,
                              UINT32_MAX, 0, PAPR_TEST_RAM, 2048), ==,
                    RTAS_SUCCESS);
    qtest_quit(qts);
}

static void assert_intc(QTestState *qts, bool xive)
{
    g_autofree void *fdt = papr_tree(qts);

    /* XICS's calls are offered only while XICS is active */
    g_assert_cmpint(papr_hcall(qts, 0, H_XIRR), ==,
                    xive ? H_FUNCTION : H_SUCCESS);
    g_assert_cmpint(tree_has_xive(fdt), ==, xive);
}

/*
 * No room for the tree: interrupt controller and negotiated options are as
 * before, a device whose unplug is requested is there, and its event pending.
 */
static void test_cas_no_room(void)
{
    static const GuestSays hash_xics = { .affinity = 0x80 };
    QTestState *qts = papr_start("-cpu power9 "
                                 "-device virtio-scsi-pci,id=going,addr=2");
    g_autofree void *fdt = NULL;

    write_structure(qts, VEC_ADDR, &linux_radix_xive);
    g_assert_cmpint(cas(qts), ==, H_SUCCESS);
    assert_intc(qts, true);
    qtest_qmp_assert_success(qts, "{ 'execute': 'device_del', 'arguments': "
                             "{ 'id': 'going' } }");

    write_structure(qts, VEC_ADDR, &hash_xics);
    g_assert_cmpint(papr_hcall(qts, 0, H_CAS, VEC_ADDR, REPLY_ADDR, 64), ==,
                    H_TOO_BIG);
    assert_intc(qts, true);
    g_assert_null(qtest_qmp_event_ref(qts, "DEVICE_DELETED"));
    g_assert_cmpint(papr_rtas(qts, "check-exception", 1, NULL, 0x500, 0,
                              UINT32_MAX, 0, PAPR_TEST_RAM, 2048), ==,
                    RTAS_SUCCESS);

    write_structure(qts, VEC_ADDR, &hash_xics);
    g_assert_cmpint(cas(qts), ==, H_SUCCESS);
    qtest_qmp_eventwait(qts, "DEVICE_DELETED");
    assert_intc(qts, false);
    fdt = reply_tree(qts);
    assert_prop(fdt, "/chosen", "ibm,architecture-vec-5",
                BYTES("\4\0\x20\0\0\x80"));
    qtest_quit(qts);
}

/* The monitor dumps the tree that CAS replied with, with either firmware */
static void test_cas_dumped(void)
{
    static const char *const options[] = { "", "-machine x-vof=on" };

    for (int i = 0; i < ARRAY_SIZE(options); i++) {
        QTestState *qts = papr_start("-cpu power9 %s", options[i]);
        g_autofree void *told = NULL, *dumped = NULL;
        const void *vec5;
        int size;

        write_structure(qts, VEC_ADDR, &linux_radix_xive);
        g_assert_cmpint(cas(qts), ==, H_SUCCESS);
        told = reply_tree(qts);
        dumped = papr_tree(qts);
        vec5 = fdt_getprop(told, papr_tree_node(told, "/chosen"),
                           "ibm,architecture-vec-5", &size);
        assert_prop(dumped, "/chosen", "ibm,architecture-vec-5", vec5, size);
        g_assert_true(tree_has_xive(dumped));
        qtest_quit(qts);
    }
}

/* An EPOW event from before CAS reaches the guest by the new controller */
static void test_cas_powerdown(void)
{
    static const GuestSays hash_xics = { .affinity = 0x80 };
    QTestState *qts = papr_start("-cpu power9");
    uint64_t regs[PAPR_HCALL_REGS] = { 0 };

    write_structure(qts, VEC_ADDR, &linux_radix_xive);
    g_assert_cmpint(cas(qts), ==, H_SUCCESS);
    qtest_qmp_assert_success(qts, "{ 'execute': 'system_powerdown' }");
    qtest_qmp_eventwait(qts, "POWERDOWN");
    write_structure(qts, VEC_ADDR, &hash_xics);
    g_assert_cmpint(cas(qts), ==, H_SUCCESS);

    g_assert_cmpint(papr_rtas(qts, "ibm,set-xive", 1, NULL, 0x1000, 0, 5), ==,
                    RTAS_SUCCESS);
    g_assert_cmpint(papr_hcall(qts, 0, H_CPPR, 0xff), ==, H_SUCCESS);
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_XIRR, regs), ==, H_SUCCESS);
    g_assert_cmphex(regs[0], ==, 0xff001000);
    qtest_quit(qts);
}

/* Address space of the process, in bytes */
static rlim_t address_space(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/statm", (int)pid);
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return g_ascii_strtoull(text, NULL, 10) * qemu_real_host_page_size();
}

/* The host has no memory for a hash page table: CAS changes nothing */
static void test_cas_no_memory(void)
{
    static const GuestSays hash_xics = { .affinity = 0x80 };
    QTestState *qts = papr_start("-cpu power9 -m slots=1,maxmem=1T");
    pid_t pid = qtest_pid(qts);
    struct rlimit limit;

    write_structure(qts, VEC_ADDR, &linux_radix_xive);
    g_assert_cmpint(cas(qts), ==, H_SUCCESS);

    /* a guest that can't resize its table gets one of maxmem / 128: 8 GiB */
    write_structure(qts, VEC_ADDR, &hash_xics);
    g_assert_cmpint(prlimit(pid, RLIMIT_AS, NULL, &limit), ==, 0);
    limit.rlim_cur = address_space(pid) + GiB;
    g_assert_cmpint(prlimit(pid, RLIMIT_AS, &limit, NULL), ==, 0);
    g_assert_cmpint(cas(qts), ==, H_HARDWARE);
    assert_intc(qts, true);

    limit.rlim_cur = limit.rlim_max;
    g_assert_cmpint(prlimit(pid, RLIMIT_AS, &limit, NULL), ==, 0);
    g_assert_cmpint(cas(qts), ==, H_SUCCESS);
    assert_intc(qts, false);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/dt/root", test_root);
    qtest_add_func("pseries/dt/cpus-power9", test_cpus_power9);
    qtest_add_func("pseries/dt/cpus-levels", test_cpus_levels);
    qtest_add_func("pseries/dt/memory", test_memory);
    qtest_add_func("pseries/dt/rtas", test_rtas);
    qtest_add_func("pseries/dt/chosen", test_chosen);
    qtest_add_func("pseries/dt/numa-form2", test_numa_form2);
    qtest_add_func("pseries/cas/modes", test_cas_modes);
    qtest_add_func("pseries/cas/refused", test_cas_refused);
    qtest_add_func("pseries/cas/addresses", test_cas_addresses);
    qtest_add_func("pseries/cas/plugged", test_cas_plugged);
    qtest_add_func("pseries/cas/dumped", test_cas_dumped);
    qtest_add_func("pseries/cas/powerdown", test_cas_powerdown);
    qtest_add_func("pseries/cas/no-room", test_cas_no_room);
    qtest_add_func("pseries/cas/no-memory", test_cas_no_memory);
    return g_test_run();
}
