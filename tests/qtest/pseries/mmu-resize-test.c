/*
 * The hash page table as a whole: resize, reset, the change to radix, streams
 *
 * mmu-test.c has its entries.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "libhpt.h"

/* Repeated while an older table can't be freed, as readers use it */
static int64_t prepare(QTestState *qts, uint64_t flags, uint64_t shift)
{
    int64_t rc;

    do {
        rc = papr_hcall(qts, 0, H_RESIZE_HPT_PREPARE, flags, shift);
    } while (is_busy(rc));
    return rc;
}

static int64_t commit(QTestState *qts, uint64_t flags, uint64_t shift)
{
    return papr_hcall(qts, 0, H_RESIZE_HPT_COMMIT, flags, shift);
}

static void test_resize_checks(void)
{
    QTestState *qts = papr_start("-cpu POWER8 -machine resize-hpt=disabled");

    g_assert_cmpint(prepare(qts, 0, HPT_SHIFT), ==, H_AUTHORITY);
    g_assert_cmpint(commit(qts, 0, HPT_SHIFT), ==, H_AUTHORITY);
    qtest_quit(qts);

    qts = start_hash();
    g_assert_cmpint(commit(qts, 0, HPT_SHIFT), ==, H_CLOSED);
    g_assert_cmpint(commit(qts, 0, 0), ==, H_CLOSED);
    g_assert_cmpint(prepare(qts, 1, HPT_SHIFT), ==, H_PARAMETER);
    g_assert_cmpint(prepare(qts, 0, 17), ==, H_PARAMETER);
    g_assert_cmpint(prepare(qts, 0, 47), ==, H_PARAMETER);
    g_assert_cmpint(prepare(qts, 0, -1ull), ==, H_PARAMETER);
    g_assert_cmpint(prepare(qts, 0, HPT_SHIFT + 2), ==, H_RESOURCE);
    g_assert_cmpint(prepare(qts, 0, 46), ==, H_RESOURCE);
    g_assert_cmpint(prepare(qts, 0, 0), ==, H_SUCCESS);

    /* prepared, asked again, cancelled (shift 0) */
    g_assert_cmpint(prepare(qts, 0, HPT_SHIFT + 1), ==, H_SUCCESS);
    g_assert_cmpint(prepare(qts, 0, HPT_SHIFT + 1), ==, H_SUCCESS);
    g_assert_cmpint(commit(qts, 1, HPT_SHIFT + 1), ==, H_CLOSED);
    g_assert_cmpint(commit(qts, 0, HPT_SHIFT), ==, H_CLOSED);
    g_assert_cmpint(prepare(qts, 0, 0), ==, H_SUCCESS);
    g_assert_cmpint(commit(qts, 0, HPT_SHIFT + 1), ==, H_CLOSED);
    /* an invalid request cancels it, too */
    g_assert_cmpint(prepare(qts, 0, HPT_SHIFT + 1), ==, H_SUCCESS);
    g_assert_cmpint(prepare(qts, 0, 17), ==, H_PARAMETER);
    g_assert_cmpint(commit(qts, 0, HPT_SHIFT + 1), ==, H_CLOSED);
    qtest_quit(qts);
}

static void resize_to(QTestState *qts, unsigned shift, int64_t rc)
{
    g_assert_cmpint(prepare(qts, 0, shift), ==, H_SUCCESS);
    g_assert_cmpint(commit(qts, 0, shift), ==, rc);
}

static void test_resize(void)
{
    const uint64_t va = 0x3fff00a5b1000ull, bolted = pte0_of(va) | BOLTED;
    /* its group differs from that of va, but not in a table of half the size */
    const uint64_t rival = va ^ 1ull << (12 + HPT_SHIFT - 8);
    QTestState *qts = start_hash();
    uint64_t ptex = pteg_of(va, HPT_SHIFT) * 8 + 3;

    hpt_enter(qts, EXACT, ptex, bolted, PAGE | R);
    hpt_enter(qts, EXACT, ptex + 1, pte0_of(va), PAGE);
    hpt_enter(qts, EXACT, (~pteg_of(va, HPT_SHIFT) & (N_PTEGS - 1)) * 8 + 6,
              bolted | SECONDARY, PAGE);

    resize_to(qts, HPT_SHIFT + 1, H_SUCCESS);
    ptex = pteg_of(va, HPT_SHIFT + 1) * 8 + 3;
    check_entry(qts, ptex, bolted, PAGE | R);
    check_entry(qts, ptex + 1, 0, 0);
    check_entry(qts, (~pteg_of(va, HPT_SHIFT + 1) & (2 * N_PTEGS - 1)) * 8 + 6,
                bolted | SECONDARY, PAGE);
    /* the new half can be used */
    g_assert_cmpint(hpt_enter(qts, EXACT, 2 * N_HPTES - 1, pte0_of(0),
                              PAGE).rc, ==,
                    H_SUCCESS);
    g_assert_cmpint(hpt_enter(qts, EXACT, 2 * N_HPTES, pte0_of(0), PAGE).rc, ==,
                    H_PARAMETER);

    resize_to(qts, 18, H_SUCCESS);
    check_entry(qts, pteg_of(va, 18) * 8 + 3, bolted, PAGE | R);
    check_bad_index(qts, 1 << (18 - 4));
    resize_to(qts, HPT_SHIFT, H_SUCCESS);

    /* two bolted entries for one place: refused, and the table is as it was */
    ptex = pteg_of(rival, HPT_SHIFT) * 8 + 3;
    hpt_enter(qts, EXACT, ptex, pte0_of(rival) | BOLTED, PAGE);
    resize_to(qts, HPT_SHIFT - 1, H_PTEG_FULL);
    g_assert_cmpint(commit(qts, 0, HPT_SHIFT - 1), ==, H_CLOSED);
    check_entry(qts, ptex, pte0_of(rival) | BOLTED, PAGE);
    check_entry(qts, pteg_of(va, HPT_SHIFT) * 8 + 3, bolted, PAGE | R);
    qtest_quit(qts);
}

/* A reset empties the table and gives it its first size again */
static void test_reset(void)
{
    QTestState *qts = start_hash();

    hpt_enter(qts, EXACT, 5, pte0_of(0) | BOLTED, PAGE);
    resize_to(qts, HPT_SHIFT + 1, H_SUCCESS);
    g_assert_cmpint(prepare(qts, 0, 18), ==, H_SUCCESS);
    qtest_system_reset(qts);
    check_entry(qts, 5, 0, 0);
    check_bad_index(qts, N_HPTES);
    g_assert_cmpint(commit(qts, 0, 18), ==, H_CLOSED);
    qtest_quit(qts);
}

/* Flags of H_REGISTER_PROCESS_TABLE */
#define GTSE 1
#define BY_TABLE 2
#define RADIX 4
#define REMOVE 0x10
#define NEW 0x18

static void test_process_table(void)
{
    static const struct {
        uint64_t flags, base, page_size, size;
        int64_t rc;
        bool hash;                      /* afterwards */
    } steps[] = {
        /* starts as hash */
        { 0, 0, 0, 0, H_SUCCESS, true },
        { RADIX, 0, 0, 0, H_PARAMETER, true },
        { NEW | RADIX, 0x1000000, 0, 4, H_SUCCESS, false },
        { RADIX, 0, 0, 0, H_SUCCESS, false },
        { RADIX | GTSE, 0, 0, 0, H_SUCCESS, false },
        { 0, 0, 0, 0, H_PARAMETER, false },
        { NEW | RADIX | BY_TABLE | GTSE, 0x1000000, 0, 0, H_SUCCESS, false },
        { NEW | RADIX, 0x1000001, 0, 4, H_P2, false },
        { NEW | RADIX, 1ull << 60, 0, 0, H_P2, false },
        { NEW | RADIX, 0xfffffffffffff000ull, 0, 0, H_P2, false },
        { NEW | RADIX, RAM_END, 0, 0, H_P2, false },
        { NEW | RADIX, RAM_END - 0x1000, 0, 1, H_P2, false },
        { NEW | RADIX, RAM_END - 0x1000, 0, 0, H_SUCCESS, false },
        { NEW | RADIX, 0x1000000, 1, 4, H_P3, false },
        { NEW | RADIX, 0x1000000, 0, 25, H_P4, false },
        { NEW | RADIX, 0x1000000, 0, -1ull, H_P4, false },
        { 1 << 5 | RADIX, 0, 0, 0, H_PARAMETER, false },
        { 1ull << 63 | NEW | RADIX, 0x1000000, 0, 4, H_PARAMETER, false },
        /* no segment tables, whatever else is asked */
        { BY_TABLE, 0, 0, 0, H_PARAMETER, false },
        { BY_TABLE | REMOVE, 0, 0, 0, H_PARAMETER, false },
        { BY_TABLE | NEW, 0, 0, 0, H_PARAMETER, false },
        /* deregistered with the mode bits of hash, the partition stays radix */
        { REMOVE, 0, 0, 0, H_SUCCESS, false },
        { REMOVE | RADIX, 0, 0, 0, H_SUCCESS, false },
        /* to hash */
        { NEW, 1ull << 38, 0, 0, H_P2, false },
        { NEW, 0, 8, 0, H_P3, false },
        { NEW, 0, 0, 25, H_P4, false },
        { NEW, (1ull << 38) - 1, 7, 24, H_SUCCESS, true },
        { 0, 0, 0, 0, H_SUCCESS, true },
        { GTSE, 0, 0, 0, H_SUCCESS, true },
        { RADIX, 0, 0, 0, H_PARAMETER, true },
        { REMOVE | RADIX, 0, 0, 0, H_PARAMETER, true },
        { BY_TABLE, 0, 0, 0, H_PARAMETER, true },
        { BY_TABLE | REMOVE, 0, 0, 0, H_PARAMETER, true },
        { REMOVE, 0, 0, 0, H_SUCCESS, true },
        /* and back */
        { NEW | RADIX, RAM_END, 0, 0, H_P2, true },
        { NEW | RADIX | GTSE, 0x1000000, 0, 4, H_SUCCESS, false },
    };
    QTestState *qts = papr_start("-cpu POWER9 -smp 2");

    for (int i = 0; i < ARRAY_SIZE(steps); i++) {
        g_test_message("step %d", i);
        g_assert_cmpint(process_table(qts, steps[i].flags, steps[i].base,
                                      steps[i].page_size, steps[i].size), ==,
                        steps[i].rc);
        g_assert_cmpint(has_hpt(qts), ==, steps[i].hash);
    }
    qtest_quit(qts);
}

#define INCOMING "-cpu POWER8 -incoming defer"

/* Save @qts to a file and end it; returns the file's path */
static char *saved_machine(QTestState *qts)
{
    char *path = NULL;
    int fd = g_file_open_tmp("mmu-test-XXXXXX", &path, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    papr_save(qts, path);
    qtest_quit(qts);
    return path;
}

static void test_migration(void)
{
    const uint64_t pte0 = pte0_of(0x12345000);
    QTestState *qts = start_hash();
    g_autofree char *path = NULL;

    /* runs of entries and single ones; some beyond the size at start */
    resize_to(qts, HPT_SHIFT + 1, H_SUCCESS);
    for (int i = 0; i < 20; i++) {
        hpt_enter(qts, EXACT, 4090 + i, pte0 + (i << 7), PAGE | R | C);
        hpt_enter(qts, EXACT, 2 * N_HPTES - 1 - i * 8191, pte0 | BOLTED, PAGE);
    }
    hpt_call(qts, H_REMOVE, 0, 4095, 0, 0);

    path = saved_machine(qts);
    qts = papr_start(INCOMING);
    g_assert_true(papr_load(qts, path));

    for (int i = 0; i < 20; i++) {
        check_entry(qts, 4090 + i, i == 5 ? 0 : pte0 + (i << 7),
                    i == 5 ? 0ull : (PAGE | R | C));
        check_entry(qts, 2 * N_HPTES - 1 - i * 8191, pte0 | BOLTED, PAGE);
        check_entry(qts, 2 * N_HPTES - 2 - i * 8191, 0, 0);
    }
    check_bad_index(qts, 2 * N_HPTES);
    /* no locked entry and no resize in progress was loaded */
    g_assert_cmpint(hpt_call(qts, H_REMOVE, 0, 4090, 0, 0).rc, ==, H_SUCCESS);
    resize_to(qts, HPT_SHIFT, H_SUCCESS);
    qtest_quit(qts);
    unlink(path);
}

/*
 * A reset during a migration makes a new table of the same size.  Entries of
 * the old one, which were sent, must not remain valid in the destination.
 */
static void test_reset_while_saved(void)
{
    QTestState *qts = start_hash();
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("mmu-test-XXXXXX", &path, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    hpt_enter(qts, EXACT, 4090, pte0_of(0x12345000), PAGE);
    hpt_enter(qts, EXACT, N_HPTES - 1, pte0_of(0x12345000), PAGE);
    papr_save_begin(qts, path);
    qtest_system_reset(qts);
    papr_save_end(qts);
    qtest_quit(qts);

    qts = papr_start(INCOMING);
    g_assert_true(papr_load(qts, path));
    check_entry(qts, 4090, 0, 0);
    check_entry(qts, N_HPTES - 1, 0, 0);
    qtest_quit(qts);
    unlink(path);
}

/* A stream with an impossible table size fails the load, and QEMU continues */
static void test_bad_stream(void)
{
    static const char name[] = "\012spapr/htab";
    static const uint32_t sizes[] = { 1, 17, HPT_SHIFT + 2, 47, 0x80000000 };
    QTestState *qts = start_hash();
    g_autofree char *path = NULL, *stream = NULL;
    char *where;
    gsize length;

    path = saved_machine(qts);
    g_assert_true(g_file_get_contents(path, &stream, &length, NULL));
    where = memmem(stream, length, name, sizeof(name) - 1);
    g_assert_nonnull(where);
    where += sizeof(name) - 1 + 8;      /* instance and version */
    g_assert_cmpuint(ldl_be_p(where), ==, HPT_SHIFT);

    for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
        stl_be_p(where, sizes[i]);
        g_assert_true(g_file_set_contents(path, stream, length, NULL));
        qts = papr_start(INCOMING);
        g_assert_false(papr_load(qts, path));
        qtest_quit(qts);
    }
    unlink(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/mmu/resize-checks", test_resize_checks);
    qtest_add_func("pseries/mmu/resize", test_resize);
    qtest_add_func("pseries/mmu/reset", test_reset);
    qtest_add_func("pseries/mmu/process-table", test_process_table);
    qtest_add_func("pseries/mmu/migration", test_migration);
    qtest_add_func("pseries/mmu/reset-while-saved", test_reset_while_saved);
    qtest_add_func("pseries/mmu/bad-stream", test_bad_stream);
    return g_test_run();
}
