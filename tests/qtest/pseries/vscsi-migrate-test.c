/*
 * Virtual SCSI adapter: migration while commands run
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "scsi/constants.h"
#include "libvscsi.h"

static Vscsi start_failing(const char *file, bool fail, const char *more)
{
    g_autofree char *options = g_strdup_printf(
        "-blockdev driver=file,node-name=f,filename=%s "
        "-blockdev '{\"driver\":\"blkdebug\",\"node-name\":\"d\","
        "\"image\":\"f\"%s}' "
        "-device scsi-hd,drive=d,bus=v.0,scsi-id=3,lun=2,"
        "rerror=stop,werror=stop,share-rw=on %s", file,
        fail ? ",\"inject-error\":[{\"event\":\"none\",\"iotype\":\"read\","
               "\"sector\":64,\"once\":true},{\"event\":\"none\","
               "\"iotype\":\"write\",\"sector\":128,\"once\":true}]" : "",
        more);

    return vscsi_start_with(options);
}

/* A command that failed on the source's disk is migrated and completed */
static void check_migrate(bool out, bool in_parts)
{
    g_autofree char *state = NULL;
    char *dir, *file;
    Vscsi v, there;
    Answer answer;
    uint32_t sector = out ? 128 : 64;
    Command c = vscsi_transfer(out, sector, 16);

    vscsi_make_disk(&dir, &file);
    state = g_build_filename(dir, "state", NULL);
    v = start_failing(file, true, "");
    vscsi_connect(&v);
    vscsi_wake(&v);
    c.format = SRP_DATA_DESC_INDIRECT;
    c.n = 2;
    c.pieces[0] = (Piece) { DATA + 0x2000, 6 * SECTOR };
    c.pieces[1] = (Piece) { DATA, 10 * SECTOR };
    if (in_parts) {
        c.n = 3;
        c.pieces[2] = (Piece) { DATA + 1001, 10 * SECTOR - 1001 };
        c.pieces[1].len = 1001;
    }
    vscsi_send_command(&v, &c);
    qtest_qmp_eventwait(v.qts, "STOP");
    g_assert_true(vscsi_queue_is_empty(&v));
    papr_save(v.qts, state);
    qtest_quit(v.qts);

    there = start_failing(file, false, "-incoming defer");
    there.next = v.next;
    g_assert_true(papr_load(there.qts, state));
    /* the source had stopped */
    qtest_qmp_assert_success(there.qts, "{ 'execute': 'cont' }");
    vscsi_get_answer(&there, &answer);
    g_assert_cmphex(answer.tag, ==, 5);
    g_assert_cmphex(answer.u.srp.rsp.status, ==, GOOD);
    g_assert_cmphex(answer.u.srp.rsp.flags, ==, 0);
    vscsi_disk_is(file, sector, &there, DATA + 0x2000, 6 * SECTOR);
    vscsi_disk_is(file, sector + 6, &there, DATA, 10 * SECTOR);
    /* the command's request is free again */
    vscsi_run_good(&there, &c);
    qtest_quit(there.qts);
    unlink(state);
    vscsi_remove_disk(dir, file);
}

static void test_migrate_read(void)
{
    check_migrate(false, false);
    check_migrate(false, true);
}

static void test_migrate_write(void)
{
    check_migrate(true, false);
    check_migrate(true, true);
}

/* Make a stream say that @done bytes of the command's data are transferred */
static void change_stream(const char *state, Vscsi *v, const Command *c,
                          uint32_t done)
{
    g_autofree char *contents = NULL;
    uint8_t iu[SRP_MAX_IU_LEN];
    char *found, *data_len;
    size_t size;

    vscsi_build(v, c, iu);
    g_assert_true(g_file_get_contents(state, &contents, &size, NULL));
    found = contents;
    /* guest RAM has the IU, too; tag, active follow it in the section only */
    for (;;) {
        found = memmem(found, contents + size - found, iu, sizeof(iu));
        g_assert_nonnull(found);
        data_len = found + sizeof(iu) + 5;
        if (ldl_be_p(data_len) == c->pieces[0].len) {
            break;
        }
        found++;
    }
    stl_be_p(data_len, c->pieces[0].len - done);
    g_assert_true(g_file_set_contents(state, contents, size, NULL));
}

/*
 * A command from upstream's pseries, which transfers data in pieces of 128 KiB
 * and may have done some: the disk continues, and its data must go after those
 * pieces.  The disk of this stream is still at the command's first sector, so
 * the data of that sector must be after them.
 */
static void test_migrate_partial(void)
{
    const uint32_t done = 128 * 1024;
    g_autofree uint8_t *before = g_malloc(done);
    g_autofree uint8_t *after = g_malloc(done);
    g_autofree char *state = NULL;
    char *dir, *file;
    Vscsi v, there;
    Answer answer;
    Command c = vscsi_transfer(false, 64, 512);

    vscsi_make_disk(&dir, &file);
    state = g_build_filename(dir, "state", NULL);
    v = start_failing(file, true, "");
    vscsi_connect(&v);
    vscsi_wake(&v);
    memset(before, 0x5a, done);
    vio_write(v.qts, DATA, before, done);
    vscsi_send_command(&v, &c);
    qtest_qmp_eventwait(v.qts, "STOP");
    papr_save(v.qts, state);
    change_stream(state, &v, &c, done);
    qtest_quit(v.qts);

    there = start_failing(file, false, "-incoming defer");
    there.next = v.next;
    g_assert_true(papr_load(there.qts, state));
    qtest_qmp_assert_success(there.qts, "{ 'execute': 'cont' }");
    vscsi_get_answer(&there, &answer);
    g_assert_cmphex(answer.u.srp.rsp.status, ==, GOOD);
    g_assert_cmphex(answer.u.srp.rsp.flags, ==, 0);
    vio_read(there.qts, DATA, after, done);
    g_assert_cmpmem(after, done, before, done);
    vscsi_disk_is(file, 64, &there, DATA + done, 512 * SECTOR - done);
    qtest_quit(there.qts);
    unlink(state);
    vscsi_remove_disk(dir, file);
}

/* A stream with an impossible queue is refused */
static void test_migrate_hostile(void)
{
    static const struct {
        uint64_t signal, addr;
        uint32_t size, next;
    } bad[] = {
        { 2, QUEUE, QUEUE_SIZE, 0 },
        { 0, QUEUE + 8, QUEUE_SIZE, 0 },
        { 0, QUEUE, QUEUE_SIZE + 16, 0 },
        { 0, QUEUE, UINT32_MAX, 0 },
        { 0, QUEUE, 0x2000000, 0 },
        { 0, QUEUE, QUEUE_SIZE, QUEUE_SIZE },
        { 0, QUEUE, QUEUE_SIZE, 8 },
        { 0, QUEUE, QUEUE_SIZE, UINT32_MAX },
    };
    g_autofree char *dir = g_dir_make_tmp("papr-vscsi-XXXXXX", NULL);
    g_autofree char *state = g_build_filename(dir, "state", NULL);
    g_autofree char *contents = NULL;
    Vscsi v = vscsi_start("");
    uint8_t pattern[28] = {};
    size_t size;
    char *at;

    papr_save(v.qts, state);
    qtest_quit(v.qts);
    g_assert_true(g_file_get_contents(state, &contents, &size, NULL));
    stq_be_p(pattern + 8, QUEUE);
    stl_be_p(pattern + 16, QUEUE_SIZE);
    at = memmem(contents, size, pattern, 24);
    g_assert_nonnull(at);
    for (int i = 0; i < ARRAY_SIZE(bad); i++) {
        stq_be_p(at, bad[i].signal);
        stq_be_p(at + 8, bad[i].addr);
        stl_be_p(at + 16, bad[i].size);
        stl_be_p(at + 20, bad[i].next);
        g_assert_true(g_file_set_contents(state, contents, size, NULL));
        v = vscsi_start_with("-incoming defer");
        g_assert_false(papr_load(v.qts, state));
        qtest_quit(v.qts);
    }
    unlink(state);
    rmdir(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/vscsi-migrate/read", test_migrate_read);
    qtest_add_func("pseries/vscsi-migrate/write", test_migrate_write);
    qtest_add_func("pseries/vscsi-migrate/partial", test_migrate_partial);
    qtest_add_func("pseries/vscsi-migrate/hostile", test_migrate_hostile);
    return g_test_run();
}
