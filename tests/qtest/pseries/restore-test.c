/*
 * A file that was saved with mapped-ram, loaded by several machines that map
 * their memory from it, copy on write (capability mapped-ram-private)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "libpapr.h"

#define PAGE    (4 * KiB)
#define OPTIONS "-smp 1 -m 256M"

/* Runs of pages with content, all others are zero: address and pages */
static const struct {
    uint64_t addr;
    unsigned pages;
    bool mapped;                        /* false: too short, so read */
} runs[] = {
    { 0x4000000, 256, true },
    { 0x5001000, 17, true },
    { 0x5801000, 15, false },
    { 0x5ffe000, 1, false },
};

typedef struct Saved {
    char *dir;
    char *file;
    char *digest;
} Saved;

static void set_capability(QTestState *qts, const char *name)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate-set-capabilities', "
                             "'arguments': { 'capabilities': [ { "
                             "'capability': %s, 'state': true } ] } }", name);
}

static char *digest_of(const char *file)
{
    g_autofree char *content = NULL;
    size_t size;

    g_assert_true(g_file_get_contents(file, &content, &size, NULL));
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)content,
                                       size);
}

static uint64_t mark(uint64_t addr)
{
    return addr * 0x9e3779b97f4a7c15ull | 1;
}

static void write_runs(QTestState *qts)
{
    for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
        for (unsigned page = 0; page < runs[i].pages; page++) {
            uint64_t addr = runs[i].addr + page * PAGE;

            papr_st64(qts, addr, mark(addr));
            papr_st64(qts, addr + PAGE - 8, mark(addr + 8));
        }
    }
}

static void expect_runs(QTestState *qts)
{
    for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
        uint64_t end = runs[i].addr + runs[i].pages * PAGE;

        for (uint64_t addr = runs[i].addr; addr < end; addr += PAGE) {
            g_assert_cmphex(papr_ld64(qts, addr), ==, mark(addr));
            g_assert_cmphex(papr_ld64(qts, addr + PAGE - 8), ==,
                            mark(addr + 8));
        }
        /* the page before and the one after */
        g_assert_cmphex(papr_ld64(qts, runs[i].addr - 8), ==, 0);
        g_assert_cmphex(papr_ld64(qts, end), ==, 0);
    }
}

static Saved save(void)
{
    QTestState *qts = papr_start(OPTIONS);
    Saved saved = { .dir = g_dir_make_tmp("papr-restore-XXXXXX", NULL) };

    saved.file = g_build_filename(saved.dir, "state", NULL);
    write_runs(qts);
    set_capability(qts, "mapped-ram");
    papr_save(qts, saved.file);
    qtest_quit(qts);
    g_assert_cmpint(chmod(saved.file, 0444), ==, 0);
    saved.digest = digest_of(saved.file);
    return saved;
}

static void forget(Saved *saved)
{
    unlink(saved->file);
    rmdir(saved->dir);
    g_free(saved->digest);
    g_free(saved->file);
    g_free(saved->dir);
}

static QTestState *start(bool private, const char *options)
{
    QTestState *qts = papr_start(OPTIONS " -incoming defer %s", options);

    set_capability(qts, "mapped-ram");
    if (private) {
        set_capability(qts, "mapped-ram-private");
    }
    return qts;
}

/* How many bytes of @file the machine has mapped, all of them privately */
static uint64_t mapped(QTestState *qts, const char *file)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/maps",
                                            (int)qtest_pid(qts));
    g_autofree char *maps = NULL;
    g_auto(GStrv) lines = NULL;
    uint64_t sum = 0;

    g_assert_true(g_file_get_contents(path, &maps, NULL, NULL));
    lines = g_strsplit(maps, "\n", -1);
    for (char **line = lines; *line; line++) {
        uint64_t from, to;
        char prot[5];

        if (g_str_has_suffix(*line, file)) {
            g_assert_cmpint(sscanf(*line, "%" PRIx64 "-%" PRIx64 " %4s",
                                   &from, &to, prot), ==, 3);
            g_assert_cmpstr(prot, ==, "rw-p");
            sum += to - from;
        }
    }
    return sum;
}

static uint64_t to_be_mapped(void)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
        sum += runs[i].mapped ? runs[i].pages * PAGE : 0;
    }
    return sum;
}

/* Two machines at once: each has what was saved, and its own changes alone */
static void test_several(void)
{
    Saved saved = save();
    g_autofree char *digest = NULL;
    QTestState *qts[2];

    for (int i = 0; i < 2; i++) {
        qts[i] = start(true, "");
        g_assert_true(papr_load(qts[i], saved.file));
        g_assert_cmpuint(mapped(qts[i], saved.file), >=, to_be_mapped());
        expect_runs(qts[i]);
        qtest_memset(qts[i], runs[0].addr, 0xa0 + i, 256 * PAGE);
        qtest_memset(qts[i], runs[3].addr, 0xa0 + i, PAGE);
    }
    for (int i = 0; i < 2; i++) {
        uint64_t ours = 0x0101010101010101 * (0xa0 + i);

        g_assert_cmphex(papr_ld64(qts[i], runs[0].addr), ==, ours);
        g_assert_cmphex(papr_ld64(qts[i], runs[3].addr), ==, ours);
        g_assert_cmphex(papr_ld64(qts[i], runs[1].addr), ==,
                        mark(runs[1].addr));
        qtest_quit(qts[i]);
    }
    digest = digest_of(saved.file);
    g_assert_cmpstr(digest, ==, saved.digest);
    forget(&saved);
}

/* Mapped memory is saved like any other; to load it needs mapped-ram alone */
static void test_again(void)
{
    Saved saved = save();
    g_autofree char *next = g_build_filename(saved.dir, "next", NULL);
    QTestState *qts = start(true, "");

    g_assert_true(papr_load(qts, saved.file));
    papr_st64(qts, runs[2].addr, 0x1234);
    papr_save(qts, next);
    qtest_quit(qts);

    qts = start(false, "");
    g_assert_true(papr_load(qts, next));
    g_assert_cmpuint(mapped(qts, next), ==, 0);
    g_assert_cmphex(papr_ld64(qts, runs[2].addr), ==, 0x1234);
    papr_st64(qts, runs[2].addr, mark(runs[2].addr));
    expect_runs(qts);
    qtest_quit(qts);
    unlink(next);
    forget(&saved);
}

/* Save and load with a backend of @kind; true: the file was mapped */
static bool maps_backend(const char *kind)
{
    g_autofree char *options = g_strdup_printf(
        "-object memory-backend-%s,id=ram,size=256M "
        "-machine memory-backend=ram", kind);
    Saved saved = save();
    QTestState *qts;
    bool is_mapped;

    /* saved with the backend, as the stream has the name of the memory block */
    qts = papr_start(OPTIONS " %s", options);
    write_runs(qts);
    set_capability(qts, "mapped-ram");
    chmod(saved.file, 0644);
    papr_save(qts, saved.file);
    qtest_quit(qts);

    qts = start(true, options);
    g_assert_true(papr_load(qts, saved.file));
    is_mapped = mapped(qts, saved.file) >= to_be_mapped();
    expect_runs(qts);
    qtest_quit(qts);
    forget(&saved);
    return is_mapped;
}

/*
 * Memory of a backend that has its own file (memfd), or options that a mapping
 * of another file would lose, is read
 */
static void test_backends(void)
{
    g_assert_true(maps_backend("ram"));
    g_assert_false(maps_backend("memfd"));
    g_assert_false(maps_backend("ram,prealloc=on"));
    g_assert_false(maps_backend("ram,merge=off"));
    g_assert_false(maps_backend("ram,dump=off"));
}

/* A file that was cut off within the memory is refused before the guest runs */
static void test_cut(void)
{
    Saved saved = save();
    QTestState *qts = start(true, "");

    g_assert_cmpint(truncate(saved.file, 0x4800000), ==, 0);
    g_assert_false(papr_load(qts, saved.file));
    qtest_quit(qts);
    forget(&saved);
}

/* mapped-ram-private without mapped-ram is an error */
static void test_alone(void)
{
    QTestState *qts = papr_start(OPTIONS " -incoming defer");
    QDict *answer = qtest_qmp(
        qts, "{ 'execute': 'migrate-set-capabilities', 'arguments': { "
        "'capabilities': [ { 'capability': 'mapped-ram-private', "
        "'state': true } ] } }");

    g_assert_nonnull(strstr(qdict_get_str(qdict_get_qdict(answer, "error"),
                                          "desc"), "'mapped-ram'"));
    qobject_unref(answer);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/pseries/restore/several", test_several);
    qtest_add_func("/pseries/restore/again", test_again);
    qtest_add_func("/pseries/restore/backends", test_backends);
    qtest_add_func("/pseries/restore/cut", test_cut);
    qtest_add_func("/pseries/restore/alone", test_alone);
    return g_test_run();
}
