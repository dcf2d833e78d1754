/*
 * Virtual SCSI adapter: buffers of any shape, and commands of any length
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "scsi/constants.h"
#include "libvscsi.h"

/* --- buffers of any shape ------------------------------------------------- */

static void check_residual(const Command *c, const struct srp_rsp *rsp,
                           uint32_t buffer, uint32_t wanted)
{
    uint32_t count = be32_to_cpu(c->out ? rsp->data_out_res_cnt
                                        : rsp->data_in_res_cnt);
    uint32_t other = c->out ? rsp->data_in_res_cnt : rsp->data_out_res_cnt;
    uint8_t flags = 0;

    if (buffer > wanted) {
        flags = c->out ? SRP_RSP_FLAG_DOUNDER : SRP_RSP_FLAG_DIUNDER;
    } else if (buffer < wanted) {
        flags = c->out ? SRP_RSP_FLAG_DOOVER : SRP_RSP_FLAG_DIOVER;
    }
    g_assert_cmphex(rsp->status, ==, GOOD);
    g_assert_cmphex(rsp->flags, ==, flags);
    g_assert_cmpuint(count, ==, buffer > wanted ? buffer - wanted
                                                : wanted - buffer);
    g_assert_cmpuint(other, ==, 0);
}

/* Bytes from DATA on that are filled before a command, and compared after it */
#define AREA (192 * 1024u)

/*
 * Run @c: on the disk and in memory the data that it transfers changes, and
 * nothing else.
 */
static void check_command(Vscsi *v, const Command *c, const char *file,
                          uint32_t sector, uint32_t wanted)
{
    g_autofree uint8_t *memory = g_malloc(AREA);
    g_autofree uint8_t *now = g_malloc(AREA);
    g_autofree char *disk = NULL, *disk_now = NULL;
    uint32_t buffer = 0, left = wanted;
    uint8_t *at;
    size_t size;
    Answer answer;

    for (uint32_t i = 0; i < AREA; i++) {
        memory[i] = g_test_rand_int();
    }
    vio_write(v->qts, DATA, memory, AREA);
    g_assert_true(g_file_get_contents(file, &disk, &size, NULL));

    vscsi_run(v, c, &answer);
    at = (uint8_t *)disk + sector * SECTOR;
    for (uint32_t i = 0; i < c->n; i++) {
        uint32_t n = MIN(left, c->pieces[i].len);
        uint8_t *piece = memory + (c->pieces[i].ioba - DATA);

        if (n && c->out) {
            memcpy(at, piece, n);
        } else if (n) {
            memcpy(piece, at, n);
        }
        at += n;
        left -= n;
        buffer += c->pieces[i].len;
    }
    check_residual(c, &answer.u.srp.rsp, buffer, wanted);
    vio_read(v->qts, DATA, now, AREA);
    g_assert_cmpmem(now, AREA, memory, AREA);
    g_assert_true(g_file_get_contents(file, &disk_now, &size, NULL));
    g_assert_cmpmem(disk_now, DISK_SIZE, disk, DISK_SIZE);
}

static void test_short_buffer(void)
{
    static const uint32_t sizes[] = { 1, 188, 511, 512, 513, 700, 1023, 1024,
                                      1025, 4096 };
    char *dir, *file;
    Command c;
    Vscsi v;

    vscsi_make_disk(&dir, &file);
    v = vscsi_start_disk(file);
    vscsi_wake(&v);
    for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
        for (int out = 0; out < 2; out++) {
            c = vscsi_transfer(out, 4, 2);
            c.pieces[0].len = sizes[i];
            check_command(&v, &c, file, 4, 2 * SECTOR);
            /* at an odd address, too */
            c.pieces[0].ioba = DATA + 0xffd;
            check_command(&v, &c, file, 4, 2 * SECTOR);
        }
    }
    /* in parts of 128 KiB: the buffer ends in the second one, or before it */
    for (int out = 0; out < 2; out++) {
        c = vscsi_transfer(out, 64, 900);
        c.pieces[0].len = 150 * 1000;
        check_command(&v, &c, file, 64, 900 * SECTOR);
        c.pieces[0].len = 128 * 1024;
        check_command(&v, &c, file, 64, 900 * SECTOR);
        c.pieces[0] = (Piece) { DATA + 1, 128 * 1024 };
        check_command(&v, &c, file, 64, 900 * SECTOR);
    }
    qtest_quit(v.qts);
    vscsi_remove_disk(dir, file);
}

/* Pieces next to each other or apart, of any length, some of them empty */
static void random_pieces(Command *c, bool sectors)
{
    uint32_t end = DATA;

    c->format = SRP_DATA_DESC_INDIRECT;
    c->n = g_test_rand_int_range(1, 33);
    c->in_iu = g_test_rand_int_range(0, MIN(c->n, 10) + 1);
    for (uint32_t i = 0; i < c->n; i++) {
        uint32_t len = g_test_rand_int_range(0, g_test_rand_bit() ? 40 : 3000);
        uint32_t gap = g_test_rand_bit() ? 0 : g_test_rand_int_range(0, 2000);

        if (sectors) {
            len = ROUND_UP(len, SECTOR);
            gap = ROUND_UP(gap, SECTOR);
        }
        c->pieces[i] = (Piece) { len ? end + gap : UNMAPPED, len };
        end += gap + len;
    }
    g_assert_cmphex(end, <, DATA + AREA);
}

static void test_random_buffers(void)
{
    char *dir, *file;
    Vscsi v;

    vscsi_make_disk(&dir, &file);
    v = vscsi_start_disk(file);
    vscsi_wake(&v);
    for (int i = 0; i < 200; i++) {
        uint32_t sector = g_test_rand_int_range(0, 1000);
        uint32_t sectors = g_test_rand_int_range(1, 80);
        Command c = vscsi_transfer(g_test_rand_bit(), sector, sectors);
        uint32_t buffer = 0;

        random_pieces(&c, i % 4 == 0);
        for (uint32_t j = 0; j < c.n; j++) {
            buffer += c.pieces[j].len;
        }
        if (buffer || !c.out) {
            check_command(&v, &c, file, sector, sectors * SECTOR);
        }
    }
    qtest_quit(v.qts);
    vscsi_remove_disk(dir, file);
}

/* Commands that transfer no sectors, and one with buffers for both ways */
static void test_odd_commands(void)
{
    uint8_t inquiry[16] = { INQUIRY, [4] = 36 };
    uint8_t select[16] = { MODE_SELECT, [1] = 0x10, [4] = 24 };
    const uint8_t caching[24] = { [4] = 8, 18, [6] = 4 };
    uint8_t iu[SRP_MAX_IU_LEN], data[36], again[36];
    struct srp_cmd *cmd = (struct srp_cmd *)iu;
    char *dir, *file;
    Answer answer;
    Command c;
    Vscsi v;

    vscsi_make_disk(&dir, &file);
    v = vscsi_start_disk(file);
    vscsi_wake(&v);
    c = vscsi_direct(DISK, inquiry, false, 36);
    vscsi_run_good(&v, &c);
    vio_read(v.qts, DATA, data, 36);
    for (uint32_t len = 1; len < 36; len += 7) {
        memset(again, 0xee, sizeof(again));
        vio_write(v.qts, DATA, again, 36);
        c.pieces[0].len = len;
        vscsi_run(&v, &c, &answer);
        check_residual(&c, &answer.u.srp.rsp, len, 36);
        vio_read(v.qts, DATA, again, 36);
        g_assert_cmpmem(again, len, data, len);
        for (uint32_t i = len; i < 36; i++) {
            g_assert_cmphex(again[i], ==, 0xee);
        }
    }
    /* parameters in two pieces: accepted; without the second one: refused */
    vio_write(v.qts, DATA, caching, sizeof(caching));
    c = vscsi_direct(DISK, select, true, 13);
    c.format = SRP_DATA_DESC_INDIRECT;
    c.n = c.in_iu = 2;
    c.pieces[1] = (Piece) { DATA + 13, sizeof(caching) - 13 };
    vscsi_run_good(&v, &c);
    c.pieces[1].len = 0;
    c.pieces[0].len = 5;
    vscsi_run_sense(&v, &c, ILLEGAL_REQUEST, 0x26);

    c = vscsi_transfer(false, 0, 1);
    vscsi_build(&v, &c, iu);
    cmd->buf_fmt = SRP_DATA_DESC_DIRECT << 4 | SRP_DATA_DESC_DIRECT;
    memcpy(iu + sizeof(*cmd) + 16, iu + sizeof(*cmd), 16);
    vscsi_send_iu(&v, VIOSRP_SRP_FORMAT, 5, iu, sizeof(*cmd) + 32);
    vscsi_get_answer(&v, &answer);
    g_assert_cmphex(answer.u.srp.rsp.status, ==, CHECK_CONDITION);
    g_assert_cmphex(answer.iu[36 + 2], ==, ILLEGAL_REQUEST);
    qtest_quit(v.qts);
    vscsi_remove_disk(dir, file);
}

/* --- however much a guest asks for ---------------------------------------- */

#define HUGE_DISK "-blockdev driver=null-co,node-name=huge," \
                  "size=8796093022208,read-zeroes=on " \
                  "-device scsi-hd,drive=huge,bus=v.0,scsi-id=3,lun=2"

/* Map the rest of the adapter's window, all of it to the same page */
static void map_window(Vscsi *v)
{
    for (uint64_t page = VIO_PAGES; page < 65536; page += 512) {
        g_assert_cmpint(papr_hcall(v->qts, 0, H_STUFF_TCE, UNIT,
                                   page * VIO_PAGE, vio_ram(DATA) | 3, 512),
                        ==, H_SUCCESS);
    }
}

/* READ(16) with a table of 4096 descriptors of @piece bytes each */
static Command huge_read(Vscsi *v, uint32_t sectors, uint32_t piece)
{
    g_autofree uint8_t *table = g_malloc(4096 * 16);
    Command c = vscsi_transfer(false, 0, 1);

    memset(c.cdb, 0, sizeof(c.cdb));
    c.cdb[0] = READ_16;
    stl_be_p(c.cdb + 10, sectors);
    for (int i = 0; i < 4096; i++) {
        vscsi_put_descriptor(table + i * 16, (Piece) { VIO_MAPPED, piece });
    }
    vio_write(v->qts, TABLE, table, 4096 * 16);
    return c;
}

static void send_huge(Vscsi *v, const Command *c)
{
    uint8_t iu[SRP_MAX_IU_LEN];
    struct srp_cmd *cmd = (struct srp_cmd *)iu;

    vscsi_build(v, c, iu);
    cmd->buf_fmt = SRP_DATA_DESC_INDIRECT;
    vscsi_put_descriptor(iu + sizeof(*cmd), (Piece) { TABLE, 4096 * 16 });
    stl_be_p(iu + sizeof(*cmd) + 16, UINT32_MAX);
    g_assert_cmpint(vscsi_send_iu(v, VIOSRP_SRP_FORMAT, c->tag, iu,
                                  sizeof(*cmd) + 20), ==, H_SUCCESS);
}

static void test_huge(void)
{
    uint8_t ready[16] = { TEST_UNIT_READY };
    Vscsi v = vscsi_start(HUGE_DISK);
    Command c, other = vscsi_direct(DISK, ready, false, 0);
    Answer answer;

    vscsi_wake(&v);
    map_window(&v);
    papr_work(v.qts);

    /* 2 TiB, more than the SCSI layer can count */
    c = huge_read(&v, UINT32_MAX, VIO_MAPPED * 64);
    send_huge(&v, &c);
    g_assert_cmpuint(papr_work(v.qts), <, SMALL_WORK);
    vscsi_get_answer(&v, &answer);
    g_assert_cmphex(answer.u.srp.rsp.status, ==, CHECK_CONDITION);
    g_assert_cmphex(answer.iu[36 + 2], ==, ILLEGAL_REQUEST);
    g_assert_cmphex(answer.iu[36 + 12], ==, 0x24);
    /* a multiple of 4 GiB, which a count of 32 bits would take for 0 */
    c = huge_read(&v, 0x800000, VIO_MAPPED * 64);
    send_huge(&v, &c);
    vscsi_get_answer(&v, &answer);
    g_assert_cmphex(answer.u.srp.rsp.status, ==, CHECK_CONDITION);

    /* 1 GiB: others are answered meanwhile, and the guest aborts it */
    c = huge_read(&v, 0x200000, 256 * 1024);
    send_huge(&v, &c);
    other.tag = 6;
    vscsi_run_good(&v, &other);
    g_assert_cmphex(vscsi_task(&v, SRP_TSK_ABORT_TASK, DISK, 5), ==,
                    SRP_TSK_MGMT_COMPLETE);
    g_assert_true(vscsi_queue_is_empty(&v));
    g_assert_cmpuint(papr_work(v.qts), <, SMALL_WORK);

    /* pieces of one byte: as many of them as there may be */
    c = huge_read(&v, 64, 1);
    send_huge(&v, &c);
    vscsi_get_answer(&v, &answer);
    check_residual(&c, &answer.u.srp.rsp, 4096, 64 * SECTOR);
    g_assert_cmpuint(papr_work(v.qts), <, SMALL_WORK);

    /* an unmapped piece beyond those that are checked before the start */
    c = huge_read(&v, 16384, 4096);
    vio_write(v.qts, TABLE + 1000 * 16 + 4, &(uint32_t) { 0 }, 4);
    {
        uint8_t bytes[16];

        vscsi_put_descriptor(bytes, (Piece) { 0x20000000, 4096 });
        vio_write(v.qts, TABLE + 1000 * 16, bytes, 16);
    }
    send_huge(&v, &c);
    vscsi_get_answer(&v, &answer);
    g_assert_cmphex(answer.u.srp.rsp.status, ==, CHECK_CONDITION);
    g_assert_cmphex(answer.iu[36 + 2], ==, HARDWARE_ERROR);
    qtest_quit(v.qts);
}

/* Bad requests are answered, or refused by H_SEND_CRQ; the adapter survives */
static void test_hostile(void)
{
    uint8_t iu[SRP_MAX_IU_LEN];
    struct srp_cmd *cmd = (struct srp_cmd *)iu;
    char *dir, *file;
    uint16_t len;
    Command c;
    Vscsi v;

    vscsi_make_disk(&dir, &file);
    v = vscsi_start_disk(file);
    vscsi_wake(&v);

    g_assert_cmpint(vscsi_send_raw(&v, VIOSRP_SRP_FORMAT,
                                   SRP_MAX_IU_LEN + 1, IUS),
                    ==, H_PARAMETER);
    g_assert_cmpint(vscsi_send_raw(&v, VIOSRP_MAD_FORMAT, 0xffff, IUS), ==,
                    H_PARAMETER);
    g_assert_cmpint(vscsi_send_raw(&v, VIOSRP_SRP_FORMAT, 64, UNMAPPED), ==,
                    H_PARAMETER);
    g_assert_cmpint(vscsi_send_raw(&v, VIOSRP_SRP_FORMAT, 64, ~0ull), ==,
                    H_PARAMETER);
    /* IU types that only an adapter sends, or that are unknown: no answer */
    for (int type = 0; type < 256; type++) {
        if (type != SRP_LOGIN_REQ && type != SRP_TSK_MGMT && type != SRP_CMD) {
            memset(iu, type, sizeof(iu));
            g_assert_cmpint(vscsi_send_iu(&v, VIOSRP_SRP_FORMAT, 1, iu, 64), ==,
                            H_SUCCESS);
        }
    }
    g_assert_true(vscsi_queue_is_empty(&v));

    /* buffers that are not wholly mapped: no part of them is used */
    c = vscsi_transfer(false, 0, 8);
    c.pieces[0].ioba = UNMAPPED;
    vscsi_run_sense(&v, &c, HARDWARE_ERROR, 0x44);
    c.pieces[0].ioba = VIO_MAPPED - SECTOR;
    vscsi_run_sense(&v, &c, HARDWARE_ERROR, 0x44);
    c.pieces[0].ioba = ~0ull - SECTOR;
    vscsi_run_sense(&v, &c, HARDWARE_ERROR, 0x44);
    c = vscsi_transfer(true, 50, 8);
    c.pieces[0].ioba = VIO_MAPPED - SECTOR;
    vscsi_run_sense(&v, &c, HARDWARE_ERROR, 0x44);

    /* a list that is not mapped, too long, or longer than the IU */
    c = vscsi_transfer(false, 0, 8);
    c.format = SRP_DATA_DESC_INDIRECT;
    c.n = 2;
    c.pieces[0] = c.pieces[1] = (Piece) { DATA, 4 * SECTOR };
    len = vscsi_build(&v, &c, iu);
    for (int i = 0; i < 3; i++) {
        uint8_t wild[SRP_MAX_IU_LEN];
        struct srp_cmd *wild_cmd = (struct srp_cmd *)wild;
        Answer answer;

        memcpy(wild, iu, sizeof(iu));
        if (i == 0) {
            stq_be_p(wild + sizeof(*cmd), UNMAPPED);
        } else if (i == 1) {
            stl_be_p(wild + sizeof(*cmd) + 12, UINT32_MAX);
        } else {
            wild_cmd->data_in_desc_cnt = 255;
        }
        vscsi_send_iu(&v, VIOSRP_SRP_FORMAT, 5, wild, len);
        vscsi_get_answer(&v, &answer);
        g_assert_cmphex(answer.u.srp.rsp.status, ==, CHECK_CONDITION);
    }
    /* all formats of descriptors, and a CDB that leaves no room for them */
    for (int format = 0; format < 256; format++) {
        Answer answer;

        vscsi_build(&v, &c, iu);
        cmd->buf_fmt = format;
        cmd->data_in_desc_cnt = format;
        cmd->data_out_desc_cnt = 255 - format;
        cmd->add_cdb_len = format;
        vscsi_send_iu(&v, VIOSRP_SRP_FORMAT, 5, iu, 48 + format % 208);
        vscsi_get_answer(&v, &answer);
        g_assert_cmphex(answer.u.srp.rsp.opcode, ==, SRP_RSP);
    }
    /* without a tag; shorter than a command */
    for (len = 0; len < 16; len++) {
        g_assert_cmpint(vscsi_send_raw(&v, VIOSRP_SRP_FORMAT, len, IUS), ==,
                        H_PARAMETER);
        g_assert_cmpint(vscsi_send_raw(&v, VIOSRP_MAD_FORMAT, len, IUS), ==,
                        H_PARAMETER);
    }
    for (; len < 48; len += 3) {
        Answer answer;

        vscsi_build(&v, &c, iu);
        vscsi_send_iu(&v, VIOSRP_SRP_FORMAT, 5, iu, len);
        vscsi_get_answer(&v, &answer);
        g_assert_cmphex(answer.u.srp.rsp.status, ==, CHECK_CONDITION);
    }
    vscsi_check_transfers(&v, file);
    qtest_quit(v.qts);
    vscsi_remove_disk(dir, file);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/vscsi-data/short-buffer", test_short_buffer);
    qtest_add_func("pseries/vscsi-data/random-buffers", test_random_buffers);
    qtest_add_func("pseries/vscsi-data/odd-commands", test_odd_commands);
    qtest_add_func("pseries/vscsi-data/huge", test_huge);
    qtest_add_func("pseries/vscsi-data/hostile", test_hostile);
    return g_test_run();
}
