/*
 * Memory modules (pc-dimm) in migration streams and snapshots, at each point of
 * plug and unplug
 *
 * The test acts as the guest.  memory-hotplug-test.c has plug and unplug
 * themselves.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <libfdt.h>
#include "libmodules.h"

#define MIGRATED MEMORY                                                      \
    "-object memory-backend-ram,id=m0,size=768M,reserve=off "                \
    "-device pc-dimm,id=dimm,memdev=m0 "                                     \
    "-object memory-backend-ram,id=m1,size=256M,reserve=off "                \
    "-device pc-dimm,id=other,memdev=m1 "

/* Steps in which a guest releases or configures a module of 3 blocks */
static void release_step(QTestState *qts, unsigned step)
{
    if (step % 2) {
        g_assert_cmpint(dr_allocate(qts, DRC(step / 2), false), ==,
                        RTAS_SUCCESS);
    } else {
        g_assert_cmpint(dr_isolate(qts, DRC(step / 2)), ==, RTAS_SUCCESS);
    }
}

static void take_step(QTestState *qts, unsigned step)
{
    switch (step % 3) {
    case 0:
        g_assert_cmpint(dr_allocate(qts, DRC(step / 3), true), ==,
                        RTAS_SUCCESS);
        break;
    case 1:
        g_assert_cmpint(dr_unisolate(qts, DRC(step / 3)), ==, RTAS_SUCCESS);
        break;
    case 2:
        walk_block(qts, step / 3, 0);
        break;
    }
}

typedef struct Stream {
    char *dir;
    char *file;
} Stream;

static Stream stream_new(void)
{
    Stream stream = { .dir = g_dir_make_tmp("papr-memory-XXXXXX", NULL) };

    stream.file = g_build_filename(stream.dir, "state", NULL);
    return stream;
}

static void stream_free(Stream *stream)
{
    unlink(stream->file);
    rmdir(stream->dir);
    g_free(stream->file);
    g_free(stream->dir);
}

/* Migrate to another QEMU, which has the same modules from the start */
static QTestState *move(QTestState *qts, const Stream *stream)
{
    papr_save(qts, stream->file);
    qtest_quit(qts);
    qts = papr_start(MIGRATED "-incoming defer");
    g_assert_true(papr_load(qts, stream->file));
    return qts;
}

/* Migrate at each step of an unplug, which then is completed, or refused */
static void test_migrate_unplug(void)
{
    Stream stream = stream_new();

    for (unsigned at = 0; at < 6; at++) {
        for (int refuse = 0; refuse < 2; refuse++) {
            QTestState *qts = papr_start(MIGRATED);

            device_del(qts, "dimm");
            for (unsigned step = 0; step < at; step++) {
                release_step(qts, step);
            }
            qts = move(qts, &stream);
            /* the event, which the guest has not fetched, is migrated */
            block_event_is(qts, DR_REMOVE, 0, 3);
            device_del_fails(qts, "dimm", "already in progress");
            no_request_for(qts, 3);
            if (refuse && at < 5) {
                g_assert_cmpint(dr_unisolate(qts, DRC(2)), ==, RTAS_SUCCESS);
                qmp_event_of(qts, "DEVICE_UNPLUG_GUEST_ERROR", "dimm");
                no_request_for(qts, 2);
                device_del(qts, "dimm");
            }
            for (unsigned step = at; step < 6; step++) {
                release_step(qts, step);
            }
            device_deleted(qts, "dimm");
            modules_are(qts, "other 7 1 1 0\n");
            qtest_quit(qts);
        }
    }
    stream_free(&stream);
}

/* An unplug ends during a migration, which is then completed or cancelled */
static void test_migrate_released(void)
{
    Stream stream = stream_new();

    for (int cancel = 0; cancel < 2; cancel++) {
        QTestState *qts = papr_start(MIGRATED);

        device_del(qts, "dimm");
        for (unsigned step = 0; step < 5; step++) {
            release_step(qts, step);
        }
        papr_save_begin(qts, stream.file);
        release_step(qts, 5);
        modules_are(qts, "dimm 4 3 0 0\nother 7 1 1 0\n");
        g_assert_cmpint(dr_allocate(qts, DRC(0), true), ==,
                        RTAS_NO_SUCH_INDICATOR);
        if (cancel) {
            papr_save_cancel(qts);
        } else {
            papr_save_end(qts);
            qtest_quit(qts);
            qts = papr_start(MIGRATED "-incoming defer");
            g_assert_true(papr_load(qts, stream.file));
        }
        device_deleted(qts, "dimm");
        modules_are(qts, "other 7 1 1 0\n");
        g_assert_cmpint(dr_allocate(qts, DRC(0), true), ==,
                        RTAS_NO_SUCH_INDICATOR);
        qtest_quit(qts);
    }
    stream_free(&stream);
}

/* How many blocks are assigned to the guest in the tree */
static unsigned blocks_of(const void *fdt)
{
    const uint32_t *cells = fdt_getprop(
        fdt, papr_tree_node(fdt, "/ibm,dynamic-reconfiguration-memory"),
        "ibm,dynamic-memory-v2", NULL);
    unsigned blocks = 0;

    g_assert_nonnull(cells);
    for (uint32_t n = be32_to_cpu(*cells++); n; n--, cells += 6) {
        if (be32_to_cpu(cells[5]) & 0x8) {
            blocks += be32_to_cpu(cells[0]);
        }
    }
    return blocks;
}

/*
 * A reset, or client-architecture-support, during a migration and an unplug:
 * the module is hidden from the guest, but stays in QEMU, since migration reads
 * its memory.  It is removed on the destination, or, if the migration is
 * cancelled, here.
 */
static void test_migrate_reset(void)
{
    Stream stream = stream_new();

    for (int way = 0; way < 4; way++) {
        bool reset = way & 1, cancel = way & 2;
        QTestState *qts = papr_start(MIGRATED);
        g_autofree void *fdt = NULL;

        device_del(qts, "dimm");
        release_block(qts, 1);
        papr_save_slowly(qts, stream.file);
        if (reset) {
            qtest_system_reset(qts);
        }
        fdt = dr_cas(qts);
        g_assert_cmpuint(blocks_of(fdt), ==, 1);
        modules_are(qts, "dimm 4 3 0 0\nother 7 1 1 0\n");
        dr_sense_is(qts, DRC(0), DR_UNUSABLE);
        g_assert_cmpint(dr_allocate(qts, DRC(0), true), ==,
                        RTAS_NO_SUCH_INDICATOR);
        if (cancel) {
            papr_save_cancel(qts);
        } else {
            papr_save_at_once(qts);
            modules_are(qts, "dimm 4 3 0 0\nother 7 1 1 0\n");
            qtest_quit(qts);
            qts = papr_start(MIGRATED "-incoming defer");
            g_assert_true(papr_load(qts, stream.file));
        }
        device_deleted(qts, "dimm");
        modules_are(qts, "other 7 1 1 0\n");
        dr_sense_is(qts, DRC(0), DR_UNUSABLE);
        qtest_quit(qts);
    }
    stream_free(&stream);
}

/*
 * The guest releases blocks without a request (drmgr -c mem -r): the module
 * stays, also after a migration, and a reset configures the blocks again.  A
 * module of which the guest has no block is removed at once by device_del.
 */
static void test_own_accord(void)
{
    Stream stream = stream_new();
    QTestState *qts = papr_start(MIGRATED);

    release_block(qts, 1);
    qts = move(qts, &stream);
    dr_sense_is(qts, DRC(0), DR_PRESENT);
    dr_sense_is(qts, DRC(1), DR_UNUSABLE);
    modules_are(qts, "dimm 4 3 0 0\nother 7 1 1 0\n");
    take_block(qts, 1);
    release_block(qts, 0);
    release_block(qts, 2);

    /* the guest still has a block of the module, so it gets an event */
    device_del(qts, "dimm");
    block_event_is(qts, DR_REMOVE, 0, 3);
    g_assert_cmpint(dr_allocate(qts, DRC(0), true), ==,
                    RTAS_NO_SUCH_INDICATOR);
    g_assert_cmpint(dr_unisolate(qts, DRC(1)), ==, RTAS_SUCCESS);
    qmp_event_of(qts, "DEVICE_UNPLUG_GUEST_ERROR", "dimm");

    release_block(qts, 1);
    release_block(qts, 3);
    device_del(qts, "dimm");
    device_deleted(qts, "dimm");
    dr_no_event(qts);
    modules_are(qts, "other 7 1 1 0\n");
    qtest_system_reset(qts);
    dr_sense_is(qts, DRC(3), DR_PRESENT);
    no_request_for(qts, 3);
    qtest_quit(qts);
    stream_free(&stream);
}

/* Migrate at each step of a plug */
static void test_migrate_plug(void)
{
    Stream stream = stream_new();

    for (unsigned at = 0; at < 9; at++) {
        QTestState *qts = papr_start(MEMORY);

        add_backend(qts, "m0", 3 * LMB);
        add_backend(qts, "m1", LMB);
        add(qts, "dimm", "'memdev': 'm0'");
        block_event_is(qts, DR_ADD, 0, 3);
        add(qts, "other", "'memdev': 'm1'");
        for (unsigned step = 0; step < at; step++) {
            take_step(qts, step);
        }
        qts = move(qts, &stream);
        block_event_is(qts, DR_ADD, 3, 1);
        dr_no_event(qts);
        for (unsigned step = at; step < 9; step++) {
            take_step(qts, step);
        }
        dr_sense_is(qts, DRC(3), DR_UNUSABLE);
        take_blocks(qts, 3, 1);
        device_del(qts, "dimm");
        block_event_is(qts, DR_REMOVE, 0, 3);
        qtest_quit(qts);
    }
    stream_free(&stream);
}

/* The first byte of the section of @block in @stream; *@end is after it */
static char *find_section(char *stream, size_t size, unsigned block, char **end)
{
    struct QEMU_PACKED {
        uint8_t length;
        char name[9];
        uint32_t instance;
    } head = { .length = 9, .instance = cpu_to_be32(DRC(block)) };
    char *start;

    memcpy(head.name, "spapr_drc", sizeof(head.name));
    start = memmem(stream, size, &head, sizeof(head));
    g_assert_nonnull(start);
    /* type and number are before it; a footer of the same number ends it */
    start -= 5;
    g_assert_cmpint(start[0], ==, 4);
    *end = start + 5 + sizeof(head);
    while (**end != 0x7e || memcmp(*end + 1, start + 1, 4)) {
        ++*end;
    }
    *end += 5;
    return start;
}

/* Take the section of @block out of @file */
static void drop_section(const char *file, unsigned block)
{
    g_autofree char *stream = NULL;
    char *start, *end;
    size_t size;

    g_assert_true(g_file_get_contents(file, &stream, &size, NULL));
    start = find_section(stream, size, block, &end);
    memmove(start, end, stream + size - end);
    g_assert_true(g_file_set_contents(file, stream, size - (end - start),
                                      NULL));
}

/* upstream's pseries does not send blocks that were released */
static void test_migrate_older(void)
{
    Stream stream = stream_new();
    QTestState *qts = papr_start(MIGRATED);

    device_del(qts, "dimm");
    block_event_is(qts, DR_REMOVE, 0, 3);
    release_block(qts, 0);
    release_block(qts, 2);
    papr_save(qts, stream.file);
    qtest_quit(qts);
    drop_section(stream.file, 0);
    drop_section(stream.file, 2);

    qts = papr_start(MIGRATED "-incoming defer");
    g_assert_true(papr_load(qts, stream.file));
    dr_no_event(qts);
    dr_sense_is(qts, DRC(0), DR_UNUSABLE);
    dr_sense_is(qts, DRC(1), DR_PRESENT);
    dr_sense_is(qts, DRC(3), DR_PRESENT);
    g_assert_cmpint(dr_isolate(qts, DRC(1)), ==, RTAS_SUCCESS);
    g_assert_cmpint(dr_allocate(qts, DRC(1), false), ==, RTAS_SUCCESS);
    device_deleted(qts, "dimm");
    modules_are(qts, "other 7 1 1 0\n");
    qtest_quit(qts);
    stream_free(&stream);
}

/* A section of an empty connector, or of one that does not exist, is refused */
static void test_migrate_bad(void)
{
    static const uint32_t instances[] = { DRC(4), DRC(16), DRC(-1), 0,
                                          UINT32_MAX };

    for (int i = 0; i < ARRAY_SIZE(instances); i++) {
        Stream stream = stream_new();
        QTestState *qts = papr_start(MIGRATED);
        g_autofree char *data = NULL;
        char *start, *end;
        size_t size;

        device_del(qts, "other");
        papr_save(qts, stream.file);
        qtest_quit(qts);
        g_assert_true(g_file_get_contents(stream.file, &data, &size, NULL));
        start = find_section(data, size, 3, &end);
        stl_be_p(start + 5 + 1 + 9, instances[i]);
        g_assert_true(g_file_set_contents(stream.file, data, size, NULL));

        qts = papr_start(MIGRATED "-incoming defer");
        g_assert_false(papr_load(qts, stream.file));
        qtest_quit(qts);
        stream_free(&stream);
    }
}

/*
 * A snapshot is loaded during an unplug: the module, which is part of the
 * snapshot, stays, and has its state of the snapshot
 */
static void test_snapshot(void)
{
    Stream stream = stream_new();
    QTestState *qts = papr_start(MIGRATED);

    papr_add_image(qts, stream.file);
    papr_snapshot(qts, "snapshot-save", "idle");
    device_del(qts, "dimm");
    block_event_is(qts, DR_REMOVE, 0, 3);
    release_block(qts, 1);
    papr_snapshot(qts, "snapshot-save", "half");

    papr_snapshot(qts, "snapshot-load", "idle");
    modules_are(qts, "dimm 4 3 0 0\nother 7 1 1 0\n");
    dr_sense_is(qts, DRC(1), DR_PRESENT);
    no_request_for(qts, 1);
    device_del(qts, "dimm");
    block_event_is(qts, DR_REMOVE, 0, 3);

    papr_snapshot(qts, "snapshot-load", "half");
    modules_are(qts, "dimm 4 3 0 0\nother 7 1 1 0\n");
    dr_sense_is(qts, DRC(1), DR_UNUSABLE);
    release_block(qts, 0);
    g_assert_cmpint(dr_isolate(qts, DRC(2)), ==, RTAS_SUCCESS);
    g_assert_cmpint(dr_allocate(qts, DRC(2), false), ==, RTAS_SUCCESS);
    device_deleted(qts, "dimm");
    modules_are(qts, "other 7 1 1 0\n");
    qtest_quit(qts);
    stream_free(&stream);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/memory/migrate-unplug", test_migrate_unplug);
    qtest_add_func("pseries/memory/migrate-released", test_migrate_released);
    qtest_add_func("pseries/memory/migrate-reset", test_migrate_reset);
    qtest_add_func("pseries/memory/own-accord", test_own_accord);
    qtest_add_func("pseries/memory/migrate-plug", test_migrate_plug);
    qtest_add_func("pseries/memory/migrate-older", test_migrate_older);
    qtest_add_func("pseries/memory/migrate-bad", test_migrate_bad);
    qtest_add_func("pseries/memory/snapshot", test_snapshot);
    return g_test_run();
}
