/*
 * Persistent memory: modules (nvdimm, spapr-nvdimm) and H_SCM_*
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "libdr.h"

#include <libfdt.h>

#define BLOCK  (256 * MiB)
#define LABELS (128 * KiB)
#define BASE   GiB                      /* of plugged memory, with -m 256M */

#define DRC(slot) (0x90000000u | (slot))
#define UUID "75a3cdd7-6a2f-4791-8d15-fe0a920e8e9e"
#define UUID2 "75a3cdd7-6a2f-4791-8d15-fe0a920e8e9f"

#define ANYWHERE UINT64_MAX
#define ARMED_MASK (1ull << 63)

/* Longer than a flush takes */
#define PATIENCE_MS 60000

typedef struct File {
    char *dir, *path;
} File;

static File make_file(uint64_t size)
{
    File file = { .dir = g_dir_make_tmp("papr-nvdimm-XXXXXX", NULL) };
    int fd;

    file.path = g_build_filename(file.dir, "module", NULL);
    fd = open(file.path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    g_assert_cmpint(ftruncate(fd, size), ==, 0);
    close(fd);
    return file;
}

static void remove_file(File *file)
{
    unlink(file->path);
    rmdir(file->dir);
    g_free(file->path);
    g_free(file->dir);
}

#define MEMORY "-m slots=4,maxmem=4G "

/* A machine with a module of @blocks in @file, in slot 2 */
static QTestState *start(const File *file, unsigned blocks, const char *more)
{
    return papr_start(MEMORY "-object memory-backend-file,id=m,share=on,"
                      "mem-path=%s,size=%" PRIu64 " "
                      "-device spapr-nvdimm,id=n,memdev=m,label-size=128K,"
                      "slot=2,uuid=" UUID "%s", file->path,
                      (uint64_t)(blocks * BLOCK + LABELS), more);
}

static int64_t call(QTestState *qts, uint64_t nr, uint64_t *regs)
{
    return papr_hcall_regs(qts, 0, nr, regs);
}

static int64_t read_label(QTestState *qts, uint64_t index, uint64_t offset,
                          uint64_t len, uint64_t *data)
{
    uint64_t regs[PAPR_HCALL_REGS] = { index, offset, len };
    int64_t rc = call(qts, H_SCM_READ_METADATA, regs);

    *data = regs[0];
    return rc;
}

static int64_t write_label(QTestState *qts, uint64_t index, uint64_t offset,
                           uint64_t data, uint64_t len)
{
    return papr_hcall(qts, 0, H_SCM_WRITE_METADATA, index, offset, data, len);
}

static int64_t flush(QTestState *qts, uint64_t index, uint64_t *token)
{
    uint64_t regs[PAPR_HCALL_REGS] = { index, *token };
    int64_t rc = call(qts, H_SCM_FLUSH, regs);

    *token = regs[0];
    return rc;
}

/* Wait for the end of the flush with this token; returns its result */
static int64_t flushed(QTestState *qts, uint64_t token)
{
    for (int ms = 0; ms < PATIENCE_MS; ms++) {
        uint64_t again = token;
        int64_t rc = flush(qts, DRC(2), &again);

        if (rc != H_LONG_BUSY_10_MS) {
            return rc;
        }
        g_assert_cmphex(again, ==, token);
        g_usleep(1000);
    }
    g_error("flush 0x%" PRIx64 " does not end", token);
}

static uint64_t cell64(const void *fdt, int node, const char *name)
{
    int len;
    const fdt64_t *value = fdt_getprop(fdt, node, name, &len);

    g_assert_nonnull(value);
    g_assert_cmpint(len, ==, 8);
    return fdt64_to_cpu(*value);
}

static uint32_t cell(const void *fdt, int node, const char *name)
{
    int len;
    const fdt32_t *value = fdt_getprop(fdt, node, name, &len);

    g_assert_nonnull(value);
    g_assert_cmpint(len, ==, 4);
    return fdt32_to_cpu(*value);
}

static void test_tree(void)
{
    File file = make_file(2 * BLOCK + LABELS);
    QTestState *qts = start(&file, 2, "");
    g_autofree void *fdt = papr_tree(qts);
    int node = papr_tree_node(fdt, "/ibm,persistent-memory/"
                              "ibm,pmemory@90000002");

    g_assert_cmphex(cell(fdt, node, "reg"), ==, DRC(2));
    g_assert_cmphex(cell(fdt, node, "ibm,my-drc-index"), ==, DRC(2));
    g_assert_cmpuint(cell(fdt, node, "ibm,metadata-size"), ==, LABELS);
    g_assert_cmphex(cell64(fdt, node, "ibm,block-size"), ==, BLOCK);
    g_assert_cmpuint(cell64(fdt, node, "ibm,number-of-blocks"), ==, 2);
    g_assert_cmpstr(fdt_getprop(fdt, node, "compatible", NULL), ==,
                    "ibm,pmemory");
    g_assert_cmpstr(fdt_getprop(fdt, node, "ibm,unit-guid", NULL), ==, UUID);
    g_assert_nonnull(fdt_getprop(fdt, node, "ibm,associativity", NULL));
    g_assert_nonnull(fdt_getprop(fdt, node, "ibm,cache-flush-required", NULL));
    g_assert_nonnull(fdt_getprop(fdt, node, "ibm,hcall-flush-required", NULL));
    qtest_quit(qts);
    remove_file(&file);
}

/* A module that is not in a file needs no flush, and H_SCM_FLUSH fails */
static void test_plain(void)
{
    QTestState *qts = papr_start(MEMORY "-object memory-backend-ram,id=m,"
                                 "size=%" PRIu64 " -device nvdimm,id=n,"
                                 "memdev=m,label-size=256K,unarmed=on,uuid="
                                 UUID, (uint64_t)(BLOCK + 256 * KiB));
    g_autofree void *fdt = papr_tree(qts);
    int node = papr_tree_node(fdt, "/ibm,persistent-memory/"
                              "ibm,pmemory@90000000");
    uint64_t regs[PAPR_HCALL_REGS] = { DRC(0) }, token = 0;

    g_assert_cmpuint(cell(fdt, node, "ibm,metadata-size"), ==, 256 * KiB);
    g_assert_null(fdt_getprop(fdt, node, "ibm,hcall-flush-required", NULL));
    g_assert_cmpint(flush(qts, DRC(0), &token), ==, H_PARAMETER);
    g_assert_cmpint(call(qts, H_SCM_HEALTH, regs), ==, H_SUCCESS);
    g_assert_cmphex(regs[0], ==, ARMED_MASK);
    g_assert_cmphex(regs[1], ==, ARMED_MASK);
    qtest_quit(qts);
}

static void refuse(const char *memory, const char *options, const char *why)
{
    g_autofree char *all = g_strconcat(memory, " ", options, NULL);
    g_autofree char *said = papr_refused(all);

    if (!strstr(said, why)) {
        g_test_message("not: %s", why);
        g_assert_not_reached();
    }
}

static void test_refused(void)
{
    const char *memory = "-m 256M,slots=2,maxmem=4G";
    const char *good = "-device nvdimm,memdev=m,label-size=128K,uuid=" UUID;
    File file = make_file(BLOCK + LABELS);
    g_autofree char *m = g_strdup_printf(
        "%s -object memory-backend-ram,id=m,size=%" PRIu64, memory,
        (uint64_t)(BLOCK + LABELS));
    g_autofree char *off = g_strdup_printf("-M nvdimm=off %s", m);
    g_autofree char *small = g_strdup_printf(
        "%s -object memory-backend-ram,id=m,size=256M", memory);
    g_autofree char *no_slots = g_strdup_printf(
        "-m 256M -object memory-backend-ram,id=m,size=%" PRIu64,
        (uint64_t)(BLOCK + LABELS));
    g_autofree char *readonly = g_strdup_printf(
        "%s -object memory-backend-file,id=m,readonly=on,mem-path=%s,size=%"
        PRIu64, memory, file.path, (uint64_t)(BLOCK + LABELS));
    g_autofree char *twice = g_strconcat(good, " ", good, NULL);
    g_autofree char *busy = g_strdup_printf(
        "%s,slot=1 -object memory-backend-ram,id=m2,size=%" PRIu64
        " -device nvdimm,memdev=m2,label-size=128K,slot=1,uuid=" UUID2, good,
        (uint64_t)(BLOCK + LABELS));

    refuse(off, good, "nvdimm device found but 'nvdimm=off' was set");
    refuse(m, "-device nvdimm,label-size=128K,uuid=" UUID,
           "'memdev' property must be set");
    refuse(m, "-device nvdimm,memdev=m,uuid=" UUID,
           "PAPR requires NVDIMM devices to have label-size set");
    refuse(m, "-device nvdimm,memdev=m,label-size=128K",
           "NVDIMM device requires the uuid to be set");
    refuse(m, "-device nvdimm,memdev=m,label-size=64K,uuid=" UUID,
           "label-size");
    refuse(m, "-device nvdimm,memdev=m,label-size=128K,uuid=no", "uuid");
    refuse(m, "-device nvdimm,memdev=m,label-size=1M,uuid=" UUID,
           "to be a multiple of 256MB");
    refuse(m, "-device nvdimm,memdev=m,label-size=1G,uuid=" UUID, "too small");
    refuse(small, good, "to be a multiple of 256MB: give memory backend 'm' "
           "size=268566528");
    refuse(m, "-device spapr-nvdimm,memdev=m,label-size=128K,uuid=" UUID,
           "spapr-nvdimm device requires the memdev m to be of "
           "memory-backend-file type");
    refuse(m, "-device nvdimm,memdev=m,label-size=128K,slot=2,uuid=" UUID,
           "slot number 2");
    refuse(m, "-device nvdimm,memdev=m,label-size=128K,slot=-2,uuid=" UUID,
           "slot number -2");
    refuse(m, "-device nvdimm,memdev=m,label-size=128K,node=1,uuid=" UUID,
           "node");
    refuse(m, "-device nvdimm,memdev=m,label-size=128K,addr=0x44000000,uuid="
           UUID, "addr=0x44000000 is not a multiple of 256MB");
    refuse(m, "-device nvdimm,memdev=m,label-size=128K,addr=0x10000000,uuid="
           UUID, "0x10000000");
    refuse(m, twice, "already busy memdev: m");
    refuse(m, busy, "slot 1 is busy");
    refuse(readonly, good, "'unarmed' property must be 'on'");
    refuse(no_slots, good, "slots");
    refuse("-M nvdimm-persistence=disk", "", "nvdimm-persistence=disk");
    remove_file(&file);
}

static void test_metadata(void)
{
    static const struct {
        uint64_t offset, len;
        int64_t rc;
    } bad[] = {
        { 0, 0, H_P3 },
        { 0, 3, H_P3 },
        { 0, 16, H_P3 },
        { 0, 1ull << 32 | 1, H_P3 },
        { 0, UINT64_MAX, H_P3 },
        { LABELS, 1, H_P2 },
        { LABELS - 1, 2, H_P2 },
        { LABELS - 7, 8, H_P2 },
        { UINT64_MAX, 1, H_P2 },
        { UINT64_MAX - 7, 8, H_P2 },
        { UINT64_MAX - 3, 8, H_P2 },
        { 1ull << 32, 1, H_P2 },
    };
    static const uint64_t connectors[] = {
        0, 2, DRC(0), DRC(3), DRC(4), 0x20000000, 0x10000000,
        1ull << 32 | DRC(2), UINT64_MAX,
    };
    File file = make_file(BLOCK + LABELS);
    QTestState *qts = start(&file, 1, "");
    uint64_t data;

    for (uint64_t len = 1; len <= 8; len *= 2) {
        uint64_t value = 0x1122334455667788ull >> (64 - 8 * len);

        g_assert_cmpint(write_label(qts, DRC(2), LABELS - len, value, len), ==,
                        H_SUCCESS);
        g_assert_cmpint(read_label(qts, DRC(2), LABELS - len, len, &data), ==,
                        H_SUCCESS);
        g_assert_cmphex(data, ==, value);
        if (len < 8) {
            g_assert_cmpint(write_label(qts, DRC(2), 0, 1ull << (8 * len), len),
                            ==, H_P2);
        }
    }
    /* the first byte is the most significant one of the register */
    g_assert_cmpint(read_label(qts, DRC(2), LABELS - 8, 1, &data), ==,
                    H_SUCCESS);
    g_assert_cmphex(data, ==, 0x11);
    g_assert_cmpint(read_label(qts, DRC(2), 0, 8, &data), ==, H_SUCCESS);
    g_assert_cmphex(data, ==, 0);

    for (int i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpint(read_label(qts, DRC(2), bad[i].offset, bad[i].len,
                                   &data), ==, bad[i].rc);
        g_assert_cmpint(write_label(qts, DRC(2), bad[i].offset, 0, bad[i].len),
                        ==, bad[i].rc == H_P3 ? H_P4 : H_P2);
    }
    for (int i = 0; i < ARRAY_SIZE(connectors); i++) {
        uint64_t index = connectors[i], token = 0;

        g_assert_cmpint(read_label(qts, index, 0, 8, &data), ==, H_PARAMETER);
        g_assert_cmpint(write_label(qts, index, 0, 0, 8), ==, H_PARAMETER);
        g_assert_cmpint(flush(qts, index, &token), ==, H_PARAMETER);
        g_assert_cmpint(papr_hcall(qts, 0, H_SCM_HEALTH, index), ==,
                        H_PARAMETER);
        g_assert_cmpint(papr_hcall(qts, 0, H_SCM_BIND_MEM, index, 0, 1,
                                   ANYWHERE, 0), ==, H_PARAMETER);
        g_assert_cmpint(papr_hcall(qts, 0, H_SCM_UNBIND_MEM, index, BASE, 1,
                                   0), ==, H_PARAMETER);
        g_assert_cmpint(papr_hcall(qts, 0, H_SCM_QUERY_BLOCK_MEM_BINDING, index,
                                   0), ==, H_PARAMETER);
        g_assert_cmpint(papr_hcall(qts, 0, H_SCM_UNBIND_ALL, 2, index, 0), ==,
                        H_P2);
    }
    qtest_quit(qts);
    remove_file(&file);
}

static void test_bind(void)
{
    static const struct {
        uint64_t first, n, addr, token;
        int64_t rc;
    } binds[] = {
        { 0, 3, ANYWHERE, 0, H_SUCCESS },
        { 1, 2, ANYWHERE, 0, H_SUCCESS },
        { 0, 4, ANYWHERE, 0, H_P3 },
        { 2, 2, ANYWHERE, 0, H_P3 },
        { 1, UINT64_MAX, ANYWHERE, 0, H_P3 },
        { 4, 0, ANYWHERE, 0, H_P2 },
        { UINT64_MAX, 1, ANYWHERE, 0, H_P2 },
        { 0, 3, BASE, 0, H_OVERLAP },
        { 0, 3, 0, 0, H_OVERLAP },
        { 0, 3, ANYWHERE, 1, H_P5 },
    };
    static const struct {
        uint64_t addr, n, token;
        int64_t rc;
    } unbinds[] = {
        { BASE, 3, 0, H_SUCCESS },
        { BASE + 2 * BLOCK, 1, 0, H_SUCCESS },
        { BASE, 4, 0, H_P3 },
        { BASE, 0, 0, H_P3 },
        { BASE, 1ull << 36, 0, H_P3 },
        { BASE, UINT64_MAX, 0, H_P3 },
        { BASE - BLOCK, 1, 0, H_P3 },
        { BASE + 3 * BLOCK, 1, 0, H_P3 },
        { 0 - BLOCK, 1, 0, H_P3 },
        { BASE + 4096, 1, 0, H_P2 },
        { BASE, 3, 1, H_P4 },
    };
    File file = make_file(3 * BLOCK + LABELS);
    QTestState *qts = start(&file, 3, "");

    for (int i = 0; i < ARRAY_SIZE(binds); i++) {
        uint64_t regs[PAPR_HCALL_REGS] = {
            DRC(2), binds[i].first, binds[i].n, binds[i].addr, binds[i].token,
        };

        g_assert_cmpint(call(qts, H_SCM_BIND_MEM, regs), ==, binds[i].rc);
        if (binds[i].rc == H_SUCCESS) {
            g_assert_cmphex(regs[0], ==, 0);
            g_assert_cmphex(regs[1], ==, BASE + binds[i].first * BLOCK);
            g_assert_cmphex(regs[2], ==, binds[i].n);
        }
    }
    for (int i = 0; i < ARRAY_SIZE(unbinds); i++) {
        uint64_t regs[PAPR_HCALL_REGS] = {
            DRC(2), unbinds[i].addr, unbinds[i].n, unbinds[i].token,
        };

        g_assert_cmpint(call(qts, H_SCM_UNBIND_MEM, regs), ==, unbinds[i].rc);
        if (unbinds[i].rc == H_SUCCESS) {
            g_assert_cmphex(regs[0], ==, 0);
            g_assert_cmphex(regs[1], ==, unbinds[i].n);
        }
    }
    for (uint64_t scope = 0; scope <= 3; scope++) {
        uint64_t regs[PAPR_HCALL_REGS] = { scope, DRC(2), 0 };
        bool good = scope == 1 || scope == 2;

        g_assert_cmpint(call(qts, H_SCM_UNBIND_ALL, regs), ==,
                        good ? H_SUCCESS : H_PARAMETER);
        if (good) {
            g_assert_cmphex(regs[0], ==, 0);
            g_assert_cmphex(regs[1], ==, 3);
        }
    }
    g_assert_cmpint(papr_hcall(qts, 0, H_SCM_UNBIND_ALL, 1, 0, 1), ==, H_P4);
    qtest_quit(qts);
    remove_file(&file);
}

static void test_query(void)
{
    static const uint64_t elsewhere[] = {
        0, BASE - 1, BASE + 3 * BLOCK, UINT64_MAX,
    };
    File file = make_file(3 * BLOCK + LABELS);
    QTestState *qts = start(&file, 3, "");

    for (uint64_t i = 0; i < 3; i++) {
        uint64_t block[PAPR_HCALL_REGS] = { DRC(2), i };
        uint64_t addr[PAPR_HCALL_REGS] = { BASE + i * BLOCK + BLOCK - 1 };

        g_assert_cmpint(call(qts, H_SCM_QUERY_BLOCK_MEM_BINDING, block), ==,
                        H_SUCCESS);
        g_assert_cmphex(block[0], ==, BASE + i * BLOCK);
        g_assert_cmpint(call(qts, H_SCM_QUERY_LOGICAL_MEM_BINDING, addr), ==,
                        H_SUCCESS);
        g_assert_cmphex(addr[0], ==, DRC(2));
        g_assert_cmphex(addr[1], ==, i);
    }
    g_assert_cmpint(papr_hcall(qts, 0, H_SCM_QUERY_BLOCK_MEM_BINDING, DRC(2),
                               3), ==, H_P2);
    g_assert_cmpint(papr_hcall(qts, 0, H_SCM_QUERY_BLOCK_MEM_BINDING, DRC(2),
                               UINT64_MAX), ==, H_P2);
    for (int i = 0; i < ARRAY_SIZE(elsewhere); i++) {
        g_assert_cmpint(papr_hcall(qts, 0, H_SCM_QUERY_LOGICAL_MEM_BINDING,
                                   elsewhere[i]), ==, H_NOT_FOUND);
    }
    qtest_quit(qts);
    remove_file(&file);
}

static void test_flush(void)
{
    static const uint64_t wrong[] = { 1, 1000, UINT64_MAX };
    File file = make_file(BLOCK + LABELS);
    QTestState *qts = start(&file, 1, "");
    uint64_t token = 0, last = 0, first = 0;
    unsigned begun = 0;

    for (int i = 0; i < ARRAY_SIZE(wrong); i++) {
        uint64_t t = wrong[i];

        g_assert_cmpint(flush(qts, DRC(2), &t), ==, H_P2);
    }
    g_assert_cmpint(flush(qts, DRC(2), &token), ==, H_LONG_BUSY_10_MS);
    g_assert_cmphex(token, !=, 0);
    g_assert_cmpint(flushed(qts, token), ==, H_SUCCESS);
    /* a result is returned once only */
    g_assert_cmpint(flush(qts, DRC(2), &token), ==, H_P2);

    /* a guest that starts flushes and never asks for their results */
    for (int i = 0; i < 1000; i++) {
        uint64_t t = 0;
        int64_t rc = flush(qts, DRC(2), &t);

        if (rc == H_BUSY) {
            g_assert_cmphex(t, ==, 0);
            continue;
        }
        g_assert_cmpint(rc, ==, H_LONG_BUSY_10_MS);
        g_assert_cmphex(t, !=, 0);
        first = first ?: t;
        last = t;
        begun++;
    }
    g_assert_cmpuint(begun, >=, 64);
    g_assert_cmpint(flushed(qts, last), ==, H_SUCCESS);
    if (begun > 200) {
        /* results of the last 64 flushes are kept, as many as may run */
        g_assert_cmpint(flushed(qts, first), ==, H_P2);
    }
    /* after a reset, tokens from before it are unknown */
    token = 0;
    g_assert_cmpint(flush(qts, DRC(2), &token), ==, H_LONG_BUSY_10_MS);
    qtest_system_reset(qts);
    g_assert_cmpint(flush(qts, DRC(2), &token), ==, H_P2);
    qtest_quit(qts);
    remove_file(&file);
}

/*
 * The host takes long to write: a reset does not wait for flushes that run, nor
 * does the guest after it.  But they count for the limit of running flushes.
 */
static void test_slow_flush(void)
{
    File file = make_file(BLOCK + LABELS);
    g_autofree char *held = g_build_filename(file.dir, "held", NULL);
    uint64_t old = 0, token = 0;
    QTestState *qts;

    g_setenv("HELD_SYNC", held, true);
    g_setenv("LD_PRELOAD", g_getenv("PAPR_HELD_SYNC"), true);
    qts = start(&file, 1, "");
    g_unsetenv("LD_PRELOAD");
    g_unsetenv("HELD_SYNC");
    g_assert_true(g_file_set_contents(held, "", 0, NULL));

    g_assert_cmpint(flush(qts, DRC(2), &old), ==, H_LONG_BUSY_10_MS);
    qtest_system_reset(qts);
    token = old;
    g_assert_cmpint(flush(qts, DRC(2), &token), ==, H_P2);
    for (int i = 1; i < 64; i++) {
        token = 0;
        g_assert_cmpint(flush(qts, DRC(2), &token), ==, H_LONG_BUSY_10_MS);
        g_assert_cmphex(token, !=, old);
    }
    old = 0;
    g_assert_cmpint(flush(qts, DRC(2), &old), ==, H_BUSY);

    unlink(held);
    g_assert_cmpint(flushed(qts, token), ==, H_SUCCESS);
    qtest_quit(qts);
    remove_file(&file);
}

/* What is written is in the file, and there after QEMU has ended */
static void test_persistence(void)
{
    File file = make_file(BLOCK + LABELS);
    QTestState *qts = start(&file, 1, "");
    uint64_t token = 0, data;
    g_autofree char *text = g_malloc(8192), *again = g_malloc(8192);
    int fd;

    memset(text, 'd', 8192);
    qtest_memwrite(qts, BASE + BLOCK - 8192, text, 8192);
    papr_st64(qts, BASE, 0xfeedf00dcafebabeull);
    g_assert_cmpint(write_label(qts, DRC(2), 4096, 0x12345678, 4), ==,
                    H_SUCCESS);
    g_assert_cmpint(flush(qts, DRC(2), &token), ==, H_LONG_BUSY_10_MS);
    g_assert_cmpint(flushed(qts, token), ==, H_SUCCESS);
    fd = open(file.path, O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(pread(fd, again, 8192, BLOCK - 8192), ==, 8192);
    close(fd);
    g_assert_cmpmem(text, 8192, again, 8192);
    qtest_quit(qts);

    qts = start(&file, 1, "");
    qtest_memread(qts, BASE + BLOCK - 8192, again, 8192);
    g_assert_cmpmem(text, 8192, again, 8192);
    g_assert_cmphex(papr_ld64(qts, BASE), ==, 0xfeedf00dcafebabeull);
    g_assert_cmpint(read_label(qts, DRC(2), 4096, 4, &data), ==, H_SUCCESS);
    g_assert_cmphex(data, ==, 0x12345678);
    qtest_quit(qts);
    remove_file(&file);
}

/* A read-only file: the guest's stores, labels and calls don't write to it */
static void test_readonly(void)
{
    File file = make_file(BLOCK + LABELS);
    QTestState *qts = papr_start(
        MEMORY "-object memory-backend-file,id=m,readonly=on,mem-path=%s,"
        "size=%" PRIu64 " -device nvdimm,memdev=m,label-size=128K,slot=2,"
        "unarmed=on,uuid=" UUID, file.path, (uint64_t)(BLOCK + LABELS));
    uint64_t data;

    g_assert_cmpint(read_label(qts, DRC(2), 0, 8, &data), ==, H_SUCCESS);
    g_assert_cmpint(write_label(qts, DRC(2), 0, 1, 8), ==, H_P2);
    qtest_memset(qts, BASE, 0x55, 16);
    g_assert_cmphex(papr_ld64(qts, BASE), ==, 0);
    g_assert_cmpint(papr_rtas(qts, "nvram-fetch", 2, NULL, 0, BASE, 16), ==,
                    RTAS_PARAMETER_ERROR);
    g_assert_cmpint(papr_hcall(qts, 0, H_PAGE_INIT, 1ull << 47, BASE, 0), ==,
                    H_PARAMETER);
    qtest_quit(qts);
    remove_file(&file);
}

/* A guest with a hash page table maps a read-only module as memory */
static void test_readonly_hash(void)
{
    const uint64_t valid = 1, memory = 0x190, inhibited = 0x1a8;
    const uint64_t zero_page = 1ull << (63 - 48);
    File file = make_file(BLOCK + LABELS);
    QTestState *qts = papr_start(
        MEMORY "-cpu POWER8 -object memory-backend-file,id=m,readonly=on,"
        "mem-path=%s,size=%" PRIu64 " -device nvdimm,memdev=m,label-size=128K,"
        "slot=2,unarmed=on,uuid=" UUID, file.path, (uint64_t)(BLOCK + LABELS));

    g_assert_cmpint(papr_hcall(qts, 0, H_ENTER, 0, 0, valid, BASE | inhibited),
                    ==, H_PARAMETER);
    g_assert_cmpint(papr_hcall(qts, 0, H_ENTER, zero_page, 0, valid,
                               BASE | memory), ==, H_PARAMETER);
    g_assert_cmpint(papr_hcall(qts, 0, H_ENTER, 0, 0, valid, BASE | memory),
                    ==, H_SUCCESS);
    /* after the module there is no memory */
    g_assert_cmpint(papr_hcall(qts, 0, H_ENTER, 0, 0, valid,
                               (BASE + BLOCK) | memory), ==, H_PARAMETER);
    qtest_quit(qts);
    remove_file(&file);
}

static char *why_not(QDict *reply)
{
    char *why = NULL;

    if (qdict_haskey(reply, "error")) {
        why = g_strdup(qdict_get_str(qdict_get_qdict(reply, "error"), "desc"));
    }
    qobject_unref(reply);
    return why;
}

static char *add_module(QTestState *qts, const char *id, const char *backend,
                        int slot, const char *uuid)
{
    return why_not(qtest_qmp(qts, "{ 'execute': 'device_add', 'arguments': {"
                             "'driver': 'spapr-nvdimm', 'id': %s, 'memdev': %s,"
                             "'label-size': 131072, 'slot': %d, 'uuid': %s } }",
                             id, backend, slot, uuid));
}

#define NODE "ibm,pmemory@90000002"

static void test_hotplug(void)
{
    File file = make_file(BLOCK + LABELS);
    QTestState *qts = papr_start(
        MEMORY "-object memory-backend-file,id=m,share=on,mem-path=%s,size=%"
        PRIu64, file.path, (uint64_t)(BLOCK + LABELS));
    g_autofree char *why = NULL;
    g_autoptr(GHashTable) found = NULL;
    QDict *reply;
    QList *list;

    g_assert_cmpint(papr_hcall(qts, 0, H_SCM_HEALTH, DRC(2)), ==, H_PARAMETER);
    /* failed plugs leave nothing behind */
    why = add_module(qts, "n", "m", 2, "00000000-0000-0000-0000-000000000000");
    g_assert_nonnull(strstr(why, "requires the uuid"));
    g_free(why);
    why = add_module(qts, "n", "m", 4, UUID);
    g_assert_nonnull(strstr(why, "slot number 4"));
    g_free(why);
    dr_no_event(qts);
    why = add_module(qts, "n", "m", 2, UUID);
    g_assert_cmpstr(why, ==, NULL);

    dr_event_is(qts, DR_PMEM, DR_ADD, DR_BY_INDEX, DRC(2));
    dr_no_event(qts);
    g_assert_cmpint(dr_allocate(qts, DRC(2), true), ==, RTAS_SUCCESS);
    g_assert_cmpint(dr_unisolate(qts, DRC(2)), ==, RTAS_SUCCESS);
    dr_start_walk(qts, DRC(2));
    found = dr_walk(qts);
    g_assert_true(g_hash_table_contains(found, NODE));
    g_assert_true(g_hash_table_contains(found, NODE "/ibm,unit-guid"));
    g_assert_true(g_hash_table_contains(found,
                                        NODE "/ibm,hcall-flush-required"));
    g_assert_cmpint(papr_hcall(qts, 0, H_SCM_HEALTH, DRC(2)), ==, H_SUCCESS);

    reply = qtest_qmp(qts, "{ 'execute': 'query-memory-devices' }");
    list = qdict_get_qlist(reply, "return");
    g_assert_cmpuint(qlist_size(list), ==, 1);
    g_assert_cmpstr(qdict_get_str(qobject_to(QDict, qlist_peek(list)), "type"),
                    ==, "nvdimm");
    qobject_unref(reply);

    why = why_not(qtest_qmp(qts, "{ 'execute': 'device_del', 'arguments': {"
                            "'id': 'n' } }"));
    g_assert_cmpstr(why, ==, "nvdimm device hot unplug is not supported yet.");
    dr_no_event(qts);
    g_assert_cmpint(papr_hcall(qts, 0, H_SCM_HEALTH, DRC(2)), ==, H_SUCCESS);
    /* a module that the guest releases stays */
    g_assert_cmpint(dr_isolate(qts, DRC(2)), ==, RTAS_SUCCESS);
    g_assert_cmpint(dr_allocate(qts, DRC(2), false), ==, RTAS_SUCCESS);
    g_assert_cmpint(papr_hcall(qts, 0, H_SCM_HEALTH, DRC(2)), ==, H_SUCCESS);
    qtest_system_reset(qts);
    g_assert_cmpint(papr_hcall(qts, 0, H_SCM_HEALTH, DRC(2)), ==, H_SUCCESS);
    qtest_quit(qts);
    remove_file(&file);
}

/* Running flushes and results are migrated: the guest asks the destination */
static void test_migrate(void)
{
    File file = make_file(BLOCK + LABELS);
    g_autofree char *state = g_build_filename(file.dir, "state", NULL);
    QTestState *qts = start(&file, 1, ""), *there;
    uint64_t done = 0, tokens[20];

    g_assert_cmpint(flush(qts, DRC(2), &done), ==, H_LONG_BUSY_10_MS);
    g_assert_cmpint(flushed(qts, done), ==, H_SUCCESS);
    papr_st64(qts, BASE, 0x1122334455667788ull);
    for (int i = 0; i < ARRAY_SIZE(tokens); i++) {
        tokens[i] = 0;
        g_assert_cmpint(flush(qts, DRC(2), &tokens[i]), ==, H_LONG_BUSY_10_MS);
    }
    papr_save(qts, state);
    qtest_quit(qts);

    there = start(&file, 1, " -incoming defer");
    g_assert_true(papr_load(there, state));
    g_assert_cmphex(papr_ld64(there, BASE), ==, 0x1122334455667788ull);
    for (int i = 0; i < ARRAY_SIZE(tokens); i++) {
        g_assert_cmpint(flushed(there, tokens[i]), ==, H_SUCCESS);
    }
    g_assert_cmpint(flush(there, DRC(2), &done), ==, H_P2);
    /* a new flush has a token that no old one has */
    done = 0;
    g_assert_cmpint(flush(there, DRC(2), &done), ==, H_LONG_BUSY_10_MS);
    g_assert_cmphex(done, >, tokens[ARRAY_SIZE(tokens) - 1]);
    qtest_quit(there);
    unlink(state);
    remove_file(&file);
}

static void test_options(void)
{
    QTestState *qts = papr_start("-M nvdimm-persistence=cpu,nvdimm=off");
    QDict *reply = qtest_qmp(qts, "{ 'execute': 'qom-get', 'arguments': {"
                             "'path': '/machine', 'property': "
                             "'nvdimm-persistence' } }");

    g_assert_cmpstr(qdict_get_str(reply, "return"), ==, "cpu");
    qobject_unref(reply);
    qtest_quit(qts);

    qts = papr_start("%s", "");
    reply = qtest_qmp(qts, "{ 'execute': 'qom-get', 'arguments': {"
                      "'path': '/machine', 'property': 'nvdimm' } }");
    g_assert_true(qdict_get_bool(reply, "return"));
    qobject_unref(reply);
    g_assert_cmpint(papr_hcall(qts, 0, H_SCM_HEALTH, DRC(0)), ==, H_PARAMETER);
    g_assert_cmpint(papr_hcall(qts, 0, H_SCM_UNBIND_ALL, 1, 0, 0), ==,
                    H_SUCCESS);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("pseries/nvdimm/tree", test_tree);
    qtest_add_func("pseries/nvdimm/plain", test_plain);
    qtest_add_func("pseries/nvdimm/refused", test_refused);
    qtest_add_func("pseries/nvdimm/metadata", test_metadata);
    qtest_add_func("pseries/nvdimm/bind", test_bind);
    qtest_add_func("pseries/nvdimm/query", test_query);
    qtest_add_func("pseries/nvdimm/flush", test_flush);
    if (g_getenv("PAPR_HELD_SYNC")) {
        qtest_add_func("pseries/nvdimm/slow-flush", test_slow_flush);
    }
    qtest_add_func("pseries/nvdimm/persistence", test_persistence);
    qtest_add_func("pseries/nvdimm/readonly", test_readonly);
    qtest_add_func("pseries/nvdimm/readonly-hash", test_readonly_hash);
    qtest_add_func("pseries/nvdimm/hotplug", test_hotplug);
    qtest_add_func("pseries/nvdimm/migrate", test_migrate);
    qtest_add_func("pseries/nvdimm/options", test_options);
    return g_test_run();
}
