/*
 * Virtual SCSI adapter: login, management, commands, task management
 *
 * The test is the guest's driver: it puts information units (IU) of the SCSI
 * RDMA protocol (SRP) into memory, sends their addresses and takes the answers
 * from the queue.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/scsi/viosrp.h"
#include "qobject/qdict.h"
#include "scsi/constants.h"
#include "libvio.h"

#define UNIT 0x2000u

#define QUEUE      0x10000u
#define QUEUE_SIZE 0x1000u
#define IUS        0x20000u             /* 512 bytes for each tag */
#define TABLE      0x30000u
#define DATA       0x80000u
#define UNMAPPED   0x0ff00000u

#define DISK_SIZE  (1024 * 1024)
#define SECTOR     512u

/* As disks are reported: 2 in two bits, target, channel, unit */
#define LUN(target, channel, lun) \
    ((uint64_t)(0x8000 | (target) << 8 | (channel) << 5 | (lun)) << 48)
#define DISK LUN(3, 0, 2)
#define NO_DISK LUN(9, 0, 0)

typedef struct Vscsi {
    QTestState *qts;
    uint32_t next;                      /* in the queue */
} Vscsi;

typedef struct Answer {
    uint64_t tag;
    uint8_t status;                     /* of the transport */
    uint16_t len;
    union {
        uint8_t iu[512];
        union viosrp_iu u;
    };
} Answer;

static void make_disk(char **dir, char **file)
{
    g_autofree uint8_t *data = g_malloc(DISK_SIZE);

    *dir = g_dir_make_tmp("papr-vscsi-XXXXXX", NULL);
    *file = g_build_filename(*dir, "disk", NULL);
    for (int i = 0; i < DISK_SIZE; i++) {
        data[i] = i * 13 + (i >> 9);
    }
    g_assert_true(g_file_set_contents(*file, (char *)data, DISK_SIZE, NULL));
}

static void remove_disk(char *dir, char *file)
{
    unlink(file);
    rmdir(dir);
    g_free(dir);
    g_free(file);
}

/* A queue is there, and the first messages have been exchanged */
static void connect_crq(Vscsi *v)
{
    vio_map(v->qts, UNIT);
    v->next = 0;
    g_assert_cmpint(papr_hcall(v->qts, 0, H_REG_CRQ, UNIT, QUEUE, QUEUE_SIZE),
                    ==, H_SUCCESS);
}

static Vscsi start_with(const char *options)
{
    Vscsi v = {
        .qts = papr_start("-smp 1 -device spapr-vscsi,reg=0x%x,id=v %s", UNIT,
                          options),
    };

    return v;
}

static Vscsi start(const char *options)
{
    Vscsi v = start_with(options);

    connect_crq(&v);
    return v;
}

static Vscsi start_disk(const char *file)
{
    g_autofree char *options = g_strdup_printf(
        "-drive if=none,id=d,format=raw,file=%s "
        "-device scsi-hd,drive=d,bus=v.0,scsi-id=3,lun=2", file);

    return start(options);
}

static uint32_t iu_of(uint64_t tag)
{
    return IUS + tag * 0x200;
}

static int64_t send_raw(Vscsi *v, uint8_t format, uint16_t len, uint64_t ioba)
{
    return papr_hcall(v->qts, 0, H_SEND_CRQ, UNIT,
                      0x80ull << 56 | (uint64_t)format << 48 | len, ioba);
}

static int64_t send_iu(Vscsi *v, uint8_t format, uint64_t tag, const void *iu,
                       uint16_t len)
{
    vio_write(v->qts, iu_of(tag), iu, len);
    return send_raw(v, format, len, iu_of(tag));
}

static bool queue_is_empty(Vscsi *v)
{
    return !vio_ld64(v->qts, QUEUE + v->next);
}

static void get_answer(Vscsi *v, Answer *answer)
{
    uint32_t entry = QUEUE + v->next;
    uint64_t head = vio_wait(v->qts, entry, 0);

    memset(answer, 0, sizeof(*answer));
    answer->tag = vio_ld64(v->qts, entry + 8);
    answer->status = head >> 32;
    answer->len = head;
    g_assert_cmpuint(answer->len, <=, SRP_MAX_IU_LEN);
    vio_read(v->qts, iu_of(answer->tag), answer->iu, answer->len);
    vio_st64(v->qts, entry, 0);
    v->next = (v->next + 16) % QUEUE_SIZE;
}

/* --- commands ------------------------------------------------------------- */

typedef struct Piece {
    uint64_t ioba;
    uint32_t len;
} Piece;

typedef struct Command {
    uint64_t tag;
    uint64_t lun;
    uint8_t cdb[16];
    bool out;
    uint8_t format;                     /* SRP_DATA_DESC_* */
    Piece pieces[64];
    uint32_t n;
    uint32_t in_iu;                     /* how many of an indirect list */
} Command;

static void put_descriptor(uint8_t *where, Piece piece)
{
    stq_be_p(where, piece.ioba);
    stl_be_p(where + 8, 0);
    stl_be_p(where + 12, piece.len);
}

/* Returns the length */
static uint16_t build(Vscsi *v, const Command *c, uint8_t *iu)
{
    struct srp_cmd *cmd = (struct srp_cmd *)iu;
    uint8_t *desc = iu + sizeof(*cmd);

    memset(iu, 0, SRP_MAX_IU_LEN);
    cmd->opcode = SRP_CMD;
    cmd->tag = cpu_to_be64(c->tag);
    cmd->lun = cpu_to_be64(c->lun);
    cmd->buf_fmt = c->out ? c->format << 4 : c->format;
    memcpy(cmd->cdb, c->cdb, sizeof(cmd->cdb));
    if (c->format == SRP_DATA_DESC_DIRECT) {
        put_descriptor(desc, c->pieces[0]);
        return sizeof(*cmd) + 16;
    }
    if (c->format == SRP_DATA_DESC_INDIRECT) {
        *(c->out ? &cmd->data_out_desc_cnt : &cmd->data_in_desc_cnt) = c->in_iu;
        put_descriptor(desc, (Piece) { TABLE, c->n * 16 });
        for (int i = 0; i < c->n; i++) {
            uint8_t bytes[16];

            put_descriptor(bytes, c->pieces[i]);
            if (i < c->in_iu) {
                memcpy(desc + 20 + i * 16, bytes, 16);
            } else {
                vio_write(v->qts, TABLE + i * 16, bytes, 16);
            }
        }
        return sizeof(*cmd) + 20 + c->in_iu * 16;
    }
    return sizeof(*cmd);
}

static void send_command(Vscsi *v, const Command *c)
{
    uint8_t iu[SRP_MAX_IU_LEN];
    uint16_t len = build(v, c, iu);

    g_assert_cmpint(send_iu(v, VIOSRP_SRP_FORMAT, c->tag, iu, len), ==,
                    H_SUCCESS);
}

/* The SCSI status; the response is at @answer */
static uint8_t run(Vscsi *v, const Command *c, Answer *answer)
{
    send_command(v, c);
    get_answer(v, answer);
    g_assert_cmphex(answer->tag, ==, c->tag);
    g_assert_cmphex(answer->status, ==, VIOSRP_OK);
    g_assert_cmphex(answer->u.srp.rsp.opcode, ==, SRP_RSP);
    g_assert_cmphex(be32_to_cpu(answer->u.srp.rsp.req_lim_delta), ==, 1);
    return answer->u.srp.rsp.status;
}

static void run_good(Vscsi *v, const Command *c)
{
    Answer answer;

    g_assert_cmphex(run(v, c, &answer), ==, GOOD);
    g_assert_cmphex(answer.u.srp.rsp.flags, ==, 0);
    g_assert_cmpuint(answer.len, ==, sizeof(struct srp_rsp));
}

static void run_sense(Vscsi *v, const Command *c, uint8_t key, uint8_t asc)
{
    Answer answer;

    g_assert_cmphex(run(v, c, &answer), ==, CHECK_CONDITION);
    g_assert_cmphex(answer.u.srp.rsp.flags & SRP_RSP_FLAG_SNSVALID, !=, 0);
    g_assert_cmpuint(be32_to_cpu(answer.u.srp.rsp.sense_data_len), >=, 18);
    g_assert_cmphex(answer.iu[36 + 2], ==, key);
    g_assert_cmphex(answer.iu[36 + 12], ==, asc);
}

static Command direct(uint64_t lun, const uint8_t *cdb, bool out, uint32_t len)
{
    Command c = {
        .tag = 5, .lun = lun, .out = out,
        .format = len ? SRP_DATA_DESC_DIRECT : SRP_NO_DATA_DESC,
        .pieces = { { DATA, len } }, .n = 1,
    };

    memcpy(c.cdb, cdb, sizeof(c.cdb));
    return c;
}

static Command transfer(bool out, uint32_t sector, uint16_t sectors)
{
    uint8_t cdb[16] = { out ? WRITE_10 : READ_10 };

    stl_be_p(cdb + 2, sector);
    stw_be_p(cdb + 7, sectors);
    return direct(DISK, cdb, out, sectors * SECTOR);
}

/* After power on the first command is answered with a unit attention */
static void wake(Vscsi *v)
{
    uint8_t cdb[16] = { TEST_UNIT_READY };
    Command c = direct(DISK, cdb, false, 0);

    run_sense(v, &c, UNIT_ATTENTION, 0x29);
    run_good(v, &c);
}

static void disk_is(const char *file, uint32_t sector, Vscsi *v, uint32_t ioba,
                    uint32_t len)
{
    g_autofree char *contents = NULL;
    g_autofree char *memory = g_malloc(len);
    size_t size;

    g_assert_true(g_file_get_contents(file, &contents, &size, NULL));
    vio_read(v->qts, ioba, memory, len);
    g_assert_cmpmem(contents + sector * SECTOR, len, memory, len);
}

/* --- connection ----------------------------------------------------------- */

static void test_login(void)
{
    static const struct {
        uint32_t len;
        uint16_t format;
        uint32_t reason;
    } refused[] = {
        { SRP_MAX_IU_LEN + 1, 6, SRP_LOGIN_REJ_REQ_IT_IU_LENGTH_TOO_LARGE },
        { UINT32_MAX, 6, SRP_LOGIN_REJ_REQ_IT_IU_LENGTH_TOO_LARGE },
        { 64, 8, SRP_LOGIN_REJ_UNSUPPORTED_DESCRIPTOR_FMT },
    };
    struct srp_login_req login = {
        .opcode = SRP_LOGIN_REQ,
        .tag = cpu_to_be64(1),
        .req_it_iu_len = cpu_to_be32(SRP_MAX_IU_LEN),
        .req_buf_fmt = cpu_to_be16(6),
    };
    Vscsi v = start("");
    Answer answer;

    send_iu(&v, VIOSRP_SRP_FORMAT, 1, &login, sizeof(login));
    get_answer(&v, &answer);
    g_assert_cmphex(answer.u.srp.login_rsp.opcode, ==, SRP_LOGIN_RSP);
    g_assert_cmphex(answer.u.srp.login_rsp.tag, ==, login.tag);
    g_assert_cmpuint(be32_to_cpu(answer.u.srp.login_rsp.req_lim_delta), ==, 22);
    g_assert_cmpuint(be32_to_cpu(answer.u.srp.login_rsp.max_it_iu_len), ==,
                     SRP_MAX_IU_LEN);
    g_assert_cmphex(be16_to_cpu(answer.u.srp.login_rsp.buf_fmt), ==, 6);
    for (int i = 0; i < ARRAY_SIZE(refused); i++) {
        login.req_it_iu_len = cpu_to_be32(refused[i].len);
        login.req_buf_fmt = cpu_to_be16(refused[i].format);
        send_iu(&v, VIOSRP_SRP_FORMAT, 1, &login, sizeof(login));
        get_answer(&v, &answer);
        g_assert_cmphex(answer.u.srp.login_rej.opcode, ==, SRP_LOGIN_REJ);
        g_assert_cmphex(be32_to_cpu(answer.u.srp.login_rej.reason), ==,
                        refused[i].reason);
    }
    qtest_quit(v.qts);
}

static uint16_t run_mad(Vscsi *v, uint32_t type, uint64_t buffer, uint16_t len,
                        uint16_t iu_len)
{
    struct viosrp_adapter_info mad = {
        .common.type = cpu_to_be32(type),
        .common.length = cpu_to_be16(len),
        .common.tag = cpu_to_be64(2),
        .buffer = cpu_to_be64(buffer),
    };
    Answer answer;

    g_assert_cmpint(send_iu(v, VIOSRP_MAD_FORMAT, 2, &mad, iu_len), ==,
                    H_SUCCESS);
    get_answer(v, &answer);
    g_assert_cmphex(answer.tag, ==, 2);
    g_assert_cmpuint(answer.len, <=, iu_len);
    return be16_to_cpu(answer.u.mad.adapter_info.common.status);
}

static void test_mad(void)
{
    struct mad_adapter_info_data info;
    struct capabilities cap = {
        .flags = cpu_to_be32(CAP_LIST_SUPPORTED),
        .name = "vscsi0",
        .migration.ecl = cpu_to_be32(1),
        .migration.common.server_support = cpu_to_be16(1),
        .reserve.common.server_support = cpu_to_be16(1),
    };
    uint8_t behind[64];
    Vscsi v = start("");
    const uint16_t size = sizeof(struct viosrp_adapter_info);

    vio_read(v.qts, DATA + sizeof(info), behind, sizeof(behind));
    /* a length that is too large gets no more than there is */
    g_assert_cmphex(run_mad(&v, VIOSRP_ADAPTER_INFO_TYPE, DATA, 0xffff, size),
                    ==, VIOSRP_MAD_SUCCESS);
    vio_read(v.qts, DATA, &info, sizeof(info));
    g_assert_cmpstr(info.srp_version, ==, "16.a");
    g_assert_cmpstr(info.partition_name, ==, "qemu");
    g_assert_cmpuint(be32_to_cpu(info.mad_version), ==, 1);
    g_assert_cmpuint(be32_to_cpu(info.os_type), ==, 2);
    g_assert_cmpuint(be32_to_cpu(info.port_max_txu[0]), ==, 2 * 1024 * 1024);
    vio_read(v.qts, DATA + sizeof(info), info.partition_name, sizeof(behind));
    g_assert_cmpmem(info.partition_name, sizeof(behind), behind,
                    sizeof(behind));

    vio_write(v.qts, DATA, &cap, sizeof(cap));
    g_assert_cmphex(run_mad(&v, VIOSRP_CAPABILITIES_TYPE, DATA, sizeof(cap),
                            size), ==, VIOSRP_MAD_SUCCESS);
    vio_read(v.qts, DATA, &cap, sizeof(cap));
    g_assert_cmphex(cap.flags, ==, 0);
    g_assert_cmpstr(cap.name, ==, "vscsi0");
    g_assert_cmphex(cap.migration.common.server_support, ==, 0);
    g_assert_cmphex(cap.reserve.common.server_support, ==, 0);

    g_assert_cmphex(run_mad(&v, VIOSRP_ADAPTER_INFO_TYPE, UNMAPPED, 256, size),
                    ==, VIOSRP_MAD_FAILED);
    g_assert_cmphex(run_mad(&v, VIOSRP_CAPABILITIES_TYPE, UNMAPPED, 256, size),
                    ==, VIOSRP_MAD_FAILED);
    g_assert_cmphex(run_mad(&v, VIOSRP_CAPABILITIES_TYPE, ~0ull, 0xffff, size),
                    ==, VIOSRP_MAD_FAILED);
    g_assert_cmphex(run_mad(&v, VIOSRP_EMPTY_IU_TYPE, 0, 0, size), ==,
                    VIOSRP_MAD_NOT_SUPPORTED);
    g_assert_cmphex(run_mad(&v, VIOSRP_ENABLE_FAST_FAIL, 0, 0, 16), ==,
                    VIOSRP_MAD_NOT_SUPPORTED);
    g_assert_cmphex(run_mad(&v, 0xffffffff, 0, 0, size), ==,
                    VIOSRP_MAD_NOT_SUPPORTED);
    qtest_quit(v.qts);
}

/* --- disks ---------------------------------------------------------------- */

static void test_find(void)
{
    static const uint64_t disks[] = {
        DISK,
        DISK | 0x1234,                  /* levels that don't count */
        LUN(4, 1, 3),
        0x0104000300000000ull,          /* the same: bus and target, unit */
        0x0104400300000000ull,          /* and the unit in the flat form */
    };
    uint8_t inquiry[16] = { INQUIRY, [4] = 36 };
    uint8_t report[16] = { REPORT_LUNS, [8] = 1 };
    uint8_t ready[16] = { TEST_UNIT_READY };
    g_autofree char *options = NULL;
    char *dir, *file;
    uint8_t data[64];
    Answer answer;
    Command c;
    Vscsi v;

    make_disk(&dir, &file);
    options = g_strdup_printf(
        "-drive if=none,id=d,format=raw,file=%s "
        "-device scsi-hd,drive=d,bus=v.0,scsi-id=3,lun=2 "
        "-blockdev driver=null-co,node-name=n,read-zeroes=on "
        "-device scsi-hd,drive=n,bus=v.0,channel=1,scsi-id=4,lun=3", file);
    v = start(options);
    for (int i = 0; i < ARRAY_SIZE(disks); i++) {
        c = direct(disks[i], inquiry, false, 36);
        run_good(&v, &c);
        vio_read(v.qts, DATA, data, 36);
        g_assert_cmphex(data[0], ==, 0);
        g_assert_cmpmem(data + 8, 8, "QEMU    ", 8);
    }
    c = direct(NO_DISK, inquiry, false, 36);
    run_good(&v, &c);
    vio_read(v.qts, DATA, data, 36);
    g_assert_cmphex(data[0], ==, 0x7f);
    c.cdb[1] = 1;
    run_sense(&v, &c, ILLEGAL_REQUEST, 0x24);
    c = direct(NO_DISK, ready, false, 0);
    run_sense(&v, &c, ILLEGAL_REQUEST, 0x25);
    c = direct(UINT64_MAX, ready, false, 0);
    run_sense(&v, &c, ILLEGAL_REQUEST, 0x25);
    c = direct(0x0101010101010101ull, ready, false, 0);
    run_sense(&v, &c, ILLEGAL_REQUEST, 0x25);

    /* unit 0 and the disks; 32 bytes of the buffer are left */
    c = direct(0, report, false, 64);
    g_assert_cmphex(run(&v, &c, &answer), ==, GOOD);
    g_assert_cmphex(answer.u.srp.rsp.flags, ==, SRP_RSP_FLAG_DIUNDER);
    g_assert_cmpuint(be32_to_cpu(answer.u.srp.rsp.data_in_res_cnt), ==, 32);
    vio_read(v.qts, DATA, data, 32);
    g_assert_cmpuint(ldl_be_p(data), ==, 24);
    g_assert_cmphex(ldq_be_p(data + 8), ==, 0);
    g_assert_cmphex(MIN(ldq_be_p(data + 16), ldq_be_p(data + 24)), ==, DISK);
    g_assert_cmphex(MAX(ldq_be_p(data + 16), ldq_be_p(data + 24)), ==,
                    LUN(4, 1, 3));
    c = direct(0xc101000000000000ull, report, false, 32);
    run_good(&v, &c);
    qtest_quit(v.qts);
    remove_disk(dir, file);
}

static void check_transfers(Vscsi *v, const char *file)
{
    Command c = transfer(false, 16, 32);

    /* direct, and across pages */
    c.pieces[0].ioba = DATA + 0xe00;
    run_good(v, &c);
    disk_is(file, 16, v, DATA + 0xe00, 32 * SECTOR);
    c = transfer(true, 100, 16);
    c.pieces[0].ioba = DATA + 0xe00;
    run_good(v, &c);
    disk_is(file, 100, v, DATA + 0xe00, 16 * SECTOR);

    /* lists: all in the IU, none of it, the first ones; backwards in memory */
    for (uint32_t in_iu = 0; in_iu <= 10; in_iu += 5) {
        c = transfer(false, 200, 80);
        c.format = SRP_DATA_DESC_INDIRECT;
        c.n = 10;
        c.in_iu = in_iu;
        for (int i = 0; i < 10; i++) {
            c.pieces[i] = (Piece) { DATA + (9 - i) * 0x2000, 8 * SECTOR };
        }
        run_good(v, &c);
        for (int i = 0; i < 10; i++) {
            disk_is(file, 200 + i * 8, v, c.pieces[i].ioba, 8 * SECTOR);
        }
        c.out = true;
        c.cdb[0] = WRITE_10;
        stl_be_p(c.cdb + 2, 400 + in_iu * 20);
        run_good(v, &c);
        for (int i = 0; i < 10; i++) {
            disk_is(file, 400 + in_iu * 20 + i * 8, v, c.pieces[i].ioba,
                    8 * SECTOR);
        }
    }

    /* pieces that are no sectors; an empty one */
    c = transfer(false, 300, 2);
    c.format = SRP_DATA_DESC_INDIRECT;
    c.n = c.in_iu = 4;
    c.pieces[0] = (Piece) { DATA, 100 };
    c.pieces[1] = (Piece) { UNMAPPED, 0 };
    c.pieces[2] = (Piece) { DATA + 100, 13 };
    c.pieces[3] = (Piece) { DATA + 113, 1024 - 113 };
    run_good(v, &c);
    disk_is(file, 300, v, DATA, 2 * SECTOR);
}

static void test_transfer(void)
{
    char *dir, *file;
    Command c;
    Vscsi v;

    make_disk(&dir, &file);
    v = start_disk(file);
    wake(&v);
    check_transfers(&v, file);
    /* a large one: the whole disk */
    c = transfer(false, 0, DISK_SIZE / SECTOR);
    run_good(&v, &c);
    disk_is(file, 0, &v, DATA, DISK_SIZE);
    qtest_quit(v.qts);
    remove_disk(dir, file);
}

/* Buffers that are longer or shorter than what the device transfers */
static void test_residual(void)
{
    uint8_t report[16] = { REPORT_LUNS, [8] = 1 };
    uint8_t before[1024], after[1024];
    char *dir, *file;
    Answer answer;
    Command c;
    Vscsi v;

    make_disk(&dir, &file);
    v = start_disk(file);
    wake(&v);
    c = transfer(false, 10, 2);
    c.pieces[0].len = 0x1000;
    g_assert_cmphex(run(&v, &c, &answer), ==, GOOD);
    g_assert_cmphex(answer.u.srp.rsp.flags, ==, SRP_RSP_FLAG_DIUNDER);
    g_assert_cmpuint(be32_to_cpu(answer.u.srp.rsp.data_in_res_cnt), ==,
                     0x1000 - 2 * SECTOR);
    disk_is(file, 10, &v, DATA, 2 * SECTOR);

    vio_read(v.qts, DATA + SECTOR, before, sizeof(before));
    c = transfer(false, 20, 4);
    c.pieces[0].len = SECTOR;
    g_assert_cmphex(run(&v, &c, &answer), ==, GOOD);
    g_assert_cmphex(answer.u.srp.rsp.flags, ==, SRP_RSP_FLAG_DIOVER);
    g_assert_cmpuint(be32_to_cpu(answer.u.srp.rsp.data_in_res_cnt), ==,
                     3 * SECTOR);
    disk_is(file, 20, &v, DATA, SECTOR);
    vio_read(v.qts, DATA + SECTOR, after, sizeof(after));
    g_assert_cmpmem(after, sizeof(after), before, sizeof(before));

    c = transfer(true, 30, 2);
    c.pieces[0].len = 3 * SECTOR;
    g_assert_cmphex(run(&v, &c, &answer), ==, GOOD);
    g_assert_cmphex(answer.u.srp.rsp.flags, ==, SRP_RSP_FLAG_DOUNDER);
    g_assert_cmpuint(be32_to_cpu(answer.u.srp.rsp.data_out_res_cnt), ==,
                     SECTOR);
    disk_is(file, 30, &v, DATA, 2 * SECTOR);

    /* the device has less than it might */
    c = direct(LUN(3, 0, 0), report, false, 255);
    g_assert_cmphex(run(&v, &c, &answer), ==, GOOD);
    g_assert_cmphex(answer.u.srp.rsp.flags, ==, SRP_RSP_FLAG_DIUNDER);
    vio_read(v.qts, DATA, before, 8);
    g_assert_cmpuint(be32_to_cpu(answer.u.srp.rsp.data_in_res_cnt), ==,
                     255 - 8 - ldl_be_p(before));
    /* no buffer: what is read is lost, nothing is written */
    c = transfer(false, 0, 1);
    c.format = SRP_NO_DATA_DESC;
    g_assert_cmphex(run(&v, &c, &answer), ==, GOOD);
    g_assert_cmphex(answer.u.srp.rsp.flags, ==, SRP_RSP_FLAG_DIOVER);
    g_assert_cmpuint(be32_to_cpu(answer.u.srp.rsp.data_in_res_cnt), ==, SECTOR);
    c = transfer(true, 40, 1);
    c.format = SRP_NO_DATA_DESC;
    run_sense(&v, &c, HARDWARE_ERROR, 0x44);
    qtest_quit(v.qts);
    remove_disk(dir, file);
}

static uint8_t task(Vscsi *v, uint8_t function, uint64_t lun, uint64_t tag);

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

/* Memory that the device may touch, and what has to be there afterwards */
#define AREA (192 * 1024u)

/*
 * Run @c; on the disk and in memory changes what is to be moved, and nothing
 * else.
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

    run(v, c, &answer);
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

    make_disk(&dir, &file);
    v = start_disk(file);
    wake(&v);
    for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
        for (int out = 0; out < 2; out++) {
            c = transfer(out, 4, 2);
            c.pieces[0].len = sizes[i];
            check_command(&v, &c, file, 4, 2 * SECTOR);
            /* at an odd place, too */
            c.pieces[0].ioba = DATA + 0xffd;
            check_command(&v, &c, file, 4, 2 * SECTOR);
        }
    }
    /* in several parts, of which the buffer ends in the second one */
    for (int out = 0; out < 2; out++) {
        c = transfer(out, 64, 900);
        c.pieces[0].len = 150 * 1000;
        check_command(&v, &c, file, 64, 900 * SECTOR);
        c.pieces[0].len = 128 * 1024;
        check_command(&v, &c, file, 64, 900 * SECTOR);
        c.pieces[0] = (Piece) { DATA + 1, 128 * 1024 };
        check_command(&v, &c, file, 64, 900 * SECTOR);
    }
    qtest_quit(v.qts);
    remove_disk(dir, file);
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

    make_disk(&dir, &file);
    v = start_disk(file);
    wake(&v);
    for (int i = 0; i < 200; i++) {
        uint32_t sector = g_test_rand_int_range(0, 1000);
        uint32_t sectors = g_test_rand_int_range(1, 80);
        Command c = transfer(g_test_rand_bit(), sector, sectors);
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
    remove_disk(dir, file);
}

/* Commands that are not for sectors, and a guest that asks for both ways */
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

    make_disk(&dir, &file);
    v = start_disk(file);
    wake(&v);
    c = direct(DISK, inquiry, false, 36);
    run_good(&v, &c);
    vio_read(v.qts, DATA, data, 36);
    for (uint32_t len = 1; len < 36; len += 7) {
        memset(again, 0xee, sizeof(again));
        vio_write(v.qts, DATA, again, 36);
        c.pieces[0].len = len;
        run(&v, &c, &answer);
        check_residual(&c, &answer.u.srp.rsp, len, 36);
        vio_read(v.qts, DATA, again, 36);
        g_assert_cmpmem(again, len, data, len);
        for (uint32_t i = len; i < 36; i++) {
            g_assert_cmphex(again[i], ==, 0xee);
        }
    }
    /* parameters in two pieces: taken; without their second half: refused */
    vio_write(v.qts, DATA, caching, sizeof(caching));
    c = direct(DISK, select, true, 13);
    c.format = SRP_DATA_DESC_INDIRECT;
    c.n = c.in_iu = 2;
    c.pieces[1] = (Piece) { DATA + 13, sizeof(caching) - 13 };
    run_good(&v, &c);
    c.pieces[1].len = 0;
    c.pieces[0].len = 5;
    run_sense(&v, &c, ILLEGAL_REQUEST, 0x26);

    c = transfer(false, 0, 1);
    build(&v, &c, iu);
    cmd->buf_fmt = SRP_DATA_DESC_DIRECT << 4 | SRP_DATA_DESC_DIRECT;
    memcpy(iu + sizeof(*cmd) + 16, iu + sizeof(*cmd), 16);
    send_iu(&v, VIOSRP_SRP_FORMAT, 5, iu, sizeof(*cmd) + 32);
    get_answer(&v, &answer);
    g_assert_cmphex(answer.u.srp.rsp.status, ==, CHECK_CONDITION);
    g_assert_cmphex(answer.iu[36 + 2], ==, ILLEGAL_REQUEST);
    qtest_quit(v.qts);
    remove_disk(dir, file);
}

/* --- however much a guest asks for ---------------------------------------- */

#define HUGE_DISK "-blockdev driver=null-co,node-name=huge," \
                  "size=8796093022208,read-zeroes=on " \
                  "-device scsi-hd,drive=huge,bus=v.0,scsi-id=3,lun=2"

/* More than the check of a buffer before the command starts; see work.h */
#define SMALL_WORK 16384

/* All of the adapter's window is the same page, but for what the test has */
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
    Command c = transfer(false, 0, 1);

    memset(c.cdb, 0, sizeof(c.cdb));
    c.cdb[0] = READ_16;
    stl_be_p(c.cdb + 10, sectors);
    for (int i = 0; i < 4096; i++) {
        put_descriptor(table + i * 16, (Piece) { VIO_MAPPED, piece });
    }
    vio_write(v->qts, TABLE, table, 4096 * 16);
    return c;
}

static void send_huge(Vscsi *v, const Command *c)
{
    uint8_t iu[SRP_MAX_IU_LEN];
    struct srp_cmd *cmd = (struct srp_cmd *)iu;

    build(v, c, iu);
    cmd->buf_fmt = SRP_DATA_DESC_INDIRECT;
    put_descriptor(iu + sizeof(*cmd), (Piece) { TABLE, 4096 * 16 });
    stl_be_p(iu + sizeof(*cmd) + 16, UINT32_MAX);
    g_assert_cmpint(send_iu(v, VIOSRP_SRP_FORMAT, c->tag, iu,
                            sizeof(*cmd) + 20), ==, H_SUCCESS);
}

static void test_huge(void)
{
    uint8_t ready[16] = { TEST_UNIT_READY };
    Vscsi v = start(HUGE_DISK);
    Command c, other = direct(DISK, ready, false, 0);
    Answer answer;

    wake(&v);
    map_window(&v);
    papr_work(v.qts);

    /* 2 TiB, more than the SCSI layer can count */
    c = huge_read(&v, UINT32_MAX, VIO_MAPPED * 64);
    send_huge(&v, &c);
    g_assert_cmpuint(papr_work(v.qts), <, SMALL_WORK);
    get_answer(&v, &answer);
    g_assert_cmphex(answer.u.srp.rsp.status, ==, CHECK_CONDITION);
    g_assert_cmphex(answer.iu[36 + 2], ==, ILLEGAL_REQUEST);
    g_assert_cmphex(answer.iu[36 + 12], ==, 0x24);
    /* a multiple of 4 GiB, which it would count as nothing */
    c = huge_read(&v, 0x800000, VIO_MAPPED * 64);
    send_huge(&v, &c);
    get_answer(&v, &answer);
    g_assert_cmphex(answer.u.srp.rsp.status, ==, CHECK_CONDITION);

    /* 1 GiB: others are answered meanwhile, and the guest takes it back */
    c = huge_read(&v, 0x200000, 256 * 1024);
    send_huge(&v, &c);
    other.tag = 6;
    run_good(&v, &other);
    g_assert_cmphex(task(&v, SRP_TSK_ABORT_TASK, DISK, 5), ==,
                    SRP_TSK_MGMT_COMPLETE);
    g_assert_true(queue_is_empty(&v));
    g_assert_cmpuint(papr_work(v.qts), <, SMALL_WORK);

    /* pieces of one byte: as many of them as there may be */
    c = huge_read(&v, 64, 1);
    send_huge(&v, &c);
    get_answer(&v, &answer);
    check_residual(&c, &answer.u.srp.rsp, 4096, 64 * SECTOR);
    g_assert_cmpuint(papr_work(v.qts), <, SMALL_WORK);

    /* something isn't mapped behind what is looked at before the start */
    c = huge_read(&v, 16384, 4096);
    vio_write(v.qts, TABLE + 1000 * 16 + 4, &(uint32_t) { 0 }, 4);
    {
        uint8_t bytes[16];

        put_descriptor(bytes, (Piece) { 0x20000000, 4096 });
        vio_write(v.qts, TABLE + 1000 * 16, bytes, 16);
    }
    send_huge(&v, &c);
    get_answer(&v, &answer);
    g_assert_cmphex(answer.u.srp.rsp.status, ==, CHECK_CONDITION);
    g_assert_cmphex(answer.iu[36 + 2], ==, HARDWARE_ERROR);
    qtest_quit(v.qts);
}

/* Each is answered, or refused by the call, and the adapter lives on */
static void test_hostile(void)
{
    uint8_t iu[SRP_MAX_IU_LEN];
    struct srp_cmd *cmd = (struct srp_cmd *)iu;
    char *dir, *file;
    uint16_t len;
    Command c;
    Vscsi v;

    make_disk(&dir, &file);
    v = start_disk(file);
    wake(&v);

    g_assert_cmpint(send_raw(&v, VIOSRP_SRP_FORMAT, SRP_MAX_IU_LEN + 1, IUS),
                    ==, H_PARAMETER);
    g_assert_cmpint(send_raw(&v, VIOSRP_MAD_FORMAT, 0xffff, IUS), ==,
                    H_PARAMETER);
    g_assert_cmpint(send_raw(&v, VIOSRP_SRP_FORMAT, 64, UNMAPPED), ==,
                    H_PARAMETER);
    g_assert_cmpint(send_raw(&v, VIOSRP_SRP_FORMAT, 64, ~0ull), ==,
                    H_PARAMETER);
    /* types that are not a guest's to send */
    for (int type = 0; type < 256; type++) {
        if (type != SRP_LOGIN_REQ && type != SRP_TSK_MGMT && type != SRP_CMD) {
            memset(iu, type, sizeof(iu));
            g_assert_cmpint(send_iu(&v, VIOSRP_SRP_FORMAT, 1, iu, 64), ==,
                            H_SUCCESS);
        }
    }
    g_assert_true(queue_is_empty(&v));

    /* buffers that aren't there: no part of them is used */
    c = transfer(false, 0, 8);
    c.pieces[0].ioba = UNMAPPED;
    run_sense(&v, &c, HARDWARE_ERROR, 0x44);
    c.pieces[0].ioba = VIO_MAPPED - SECTOR;
    run_sense(&v, &c, HARDWARE_ERROR, 0x44);
    c.pieces[0].ioba = ~0ull - SECTOR;
    run_sense(&v, &c, HARDWARE_ERROR, 0x44);
    c = transfer(true, 50, 8);
    c.pieces[0].ioba = VIO_MAPPED - SECTOR;
    run_sense(&v, &c, HARDWARE_ERROR, 0x44);

    /* a list that is not mapped, too long, or longer than the IU */
    c = transfer(false, 0, 8);
    c.format = SRP_DATA_DESC_INDIRECT;
    c.n = 2;
    c.pieces[0] = c.pieces[1] = (Piece) { DATA, 4 * SECTOR };
    len = build(&v, &c, iu);
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
        send_iu(&v, VIOSRP_SRP_FORMAT, 5, wild, len);
        get_answer(&v, &answer);
        g_assert_cmphex(answer.u.srp.rsp.status, ==, CHECK_CONDITION);
    }
    /* all formats of descriptors, and a CDB that leaves no room for them */
    for (int format = 0; format < 256; format++) {
        Answer answer;

        build(&v, &c, iu);
        cmd->buf_fmt = format;
        cmd->data_in_desc_cnt = format;
        cmd->data_out_desc_cnt = 255 - format;
        cmd->add_cdb_len = format;
        send_iu(&v, VIOSRP_SRP_FORMAT, 5, iu, 48 + format % 208);
        get_answer(&v, &answer);
        g_assert_cmphex(answer.u.srp.rsp.opcode, ==, SRP_RSP);
    }
    /* without a tag; shorter than a command */
    for (len = 0; len < 16; len++) {
        g_assert_cmpint(send_raw(&v, VIOSRP_SRP_FORMAT, len, IUS), ==,
                        H_PARAMETER);
        g_assert_cmpint(send_raw(&v, VIOSRP_MAD_FORMAT, len, IUS), ==,
                        H_PARAMETER);
    }
    for (; len < 48; len += 3) {
        Answer answer;

        build(&v, &c, iu);
        send_iu(&v, VIOSRP_SRP_FORMAT, 5, iu, len);
        get_answer(&v, &answer);
        g_assert_cmphex(answer.u.srp.rsp.status, ==, CHECK_CONDITION);
    }
    check_transfers(&v, file);
    qtest_quit(v.qts);
    remove_disk(dir, file);
}

/* --- commands that take long ---------------------------------------------- */

#define SLOW "-blockdev driver=null-aio,node-name=slow,size=1048576," \
             "latency-ns=300000000,read-zeroes=on " \
             "-device scsi-hd,drive=slow,bus=v.0,scsi-id=3,lun=2"

/*
 * The response code.  Commands that aren't taken back may end meanwhile; tag 5
 * is the one that mustn't.
 */
static uint8_t task(Vscsi *v, uint8_t function, uint64_t lun, uint64_t tag)
{
    struct srp_tsk_mgmt iu = {
        .opcode = SRP_TSK_MGMT,
        .tag = cpu_to_be64(9),
        .lun = cpu_to_be64(lun),
        .tsk_mgmt_func = function,
        .task_tag = cpu_to_be64(tag),
    };
    Answer answer;

    send_iu(v, VIOSRP_SRP_FORMAT, 9, &iu, sizeof(iu));
    do {
        get_answer(v, &answer);
        g_assert_cmphex(answer.tag, !=, 5);
    } while (answer.tag != 9);
    g_assert_cmphex(answer.u.srp.rsp.opcode, ==, SRP_RSP);
    g_assert_cmphex(answer.u.srp.rsp.flags, ==, SRP_RSP_FLAG_RSPVALID);
    g_assert_cmpuint(answer.len, ==, sizeof(struct srp_rsp) + 4);
    return answer.iu[sizeof(struct srp_rsp) + 3];
}

static void test_task(void)
{
    uint8_t ready[16] = { TEST_UNIT_READY };
    Vscsi v = start(SLOW);
    Command c = transfer(false, 0, 8), c2 = c;

    wake(&v);
    send_command(&v, &c);
    g_assert_cmphex(task(&v, SRP_TSK_ABORT_TASK, DISK, 5), ==,
                    SRP_TSK_MGMT_COMPLETE);
    g_assert_true(queue_is_empty(&v));
    /* all of a unit */
    c2.tag = 6;
    send_command(&v, &c);
    send_command(&v, &c2);
    g_assert_cmphex(task(&v, SRP_TSK_ABORT_TASK_SET, DISK, 0), ==,
                    SRP_TSK_MGMT_COMPLETE);
    g_assert_true(queue_is_empty(&v));
    send_command(&v, &c);
    g_assert_cmphex(task(&v, SRP_TSK_LUN_RESET, DISK, 0), ==,
                    SRP_TSK_MGMT_COMPLETE);
    g_assert_true(queue_is_empty(&v));
    c = direct(DISK, ready, false, 0);
    run_sense(&v, &c, UNIT_ATTENTION, 0x29);

    /* one that has ended; wild ones */
    g_assert_cmphex(task(&v, SRP_TSK_ABORT_TASK, DISK, 77), ==,
                    SRP_TSK_MGMT_COMPLETE);
    g_assert_cmphex(task(&v, SRP_TSK_CLEAR_ACA, DISK, 0), ==,
                    SRP_TSK_MGMT_NOT_SUPPORTED);
    g_assert_cmphex(task(&v, 0xff, DISK, 0), ==, SRP_TSK_MGMT_FIELDS_INVALID);
    g_assert_cmphex(task(&v, SRP_TSK_LUN_RESET, NO_DISK, 0), ==,
                    SRP_TSK_MGMT_FIELDS_INVALID);
    g_assert_cmphex(task(&v, SRP_TSK_LUN_RESET, LUN(3, 0, 7), 0), ==,
                    SRP_TSK_MGMT_FIELDS_INVALID);
    g_assert_cmphex(task(&v, SRP_TSK_LUN_RESET, UINT64_MAX, 0), ==,
                    SRP_TSK_MGMT_FIELDS_INVALID);
    qtest_quit(v.qts);
}

/* As many as there is room for; then the call says so */
static void test_too_many(void)
{
    Vscsi v = start(SLOW);
    Command c = transfer(false, 0, 8);
    uint8_t iu[SRP_MAX_IU_LEN];
    uint16_t len;

    wake(&v);
    for (int i = 0; i < 24; i++) {
        c.tag = 10 + i;
        send_command(&v, &c);
    }
    len = build(&v, &c, iu);
    g_assert_cmpint(send_iu(&v, VIOSRP_SRP_FORMAT, 5, iu, len), ==, H_DROPPED);
    for (int i = 0; i < 24; i++) {
        Answer answer;

        get_answer(&v, &answer);
        g_assert_cmphex(answer.u.srp.rsp.status, ==, GOOD);
    }
    c.tag = 5;
    run_good(&v, &c);
    qtest_quit(v.qts);
}

/* The queue goes while commands run: nothing is written into memory after it */
static void test_free_in_flight(void)
{
    g_autofree uint8_t *before = g_malloc(8 * SECTOR);
    g_autofree uint8_t *after = g_malloc(8 * SECTOR);
    Vscsi v = start(SLOW);
    Command c = transfer(false, 0, 8);

    wake(&v);
    for (int way = 0; way < 3; way++) {
        memset(before, 0xa0 + way, 8 * SECTOR);
        vio_write(v.qts, DATA, before, 8 * SECTOR);
        send_command(&v, &c);
        if (way == 0) {
            g_assert_cmpint(papr_hcall(v.qts, 0, H_FREE_CRQ, UNIT), ==,
                            H_SUCCESS);
        } else if (way == 1) {
            papr_rtas(v.qts, "quiesce", 1, NULL);
        } else {
            qtest_system_reset(v.qts);
        }
        /* the disk had its chance until the call returned */
        memset(before, 0xb0 + way, 8 * SECTOR);
        vio_write(v.qts, DATA, before, 8 * SECTOR);
        connect_crq(&v);
        vio_st64(v.qts, QUEUE, 0);
        if (way == 2) {
            wake(&v);
        } else {
            Command other = c;

            other.pieces[0].ioba = DATA + 0x10000;
            run_good(&v, &other);
        }
        vio_read(v.qts, DATA, after, 8 * SECTOR);
        g_assert_cmpmem(after, 8 * SECTOR, before, 8 * SECTOR);
    }
    qtest_quit(v.qts);
}

/* --- migration ------------------------------------------------------------ */

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

    return start_with(options);
}

/* A command that the disk failed at is with the stream, and ends there */
static void check_migrate(bool out, bool in_parts)
{
    g_autofree char *state = NULL;
    char *dir, *file;
    Vscsi v, there;
    Answer answer;
    uint32_t sector = out ? 128 : 64;
    Command c = transfer(out, sector, 16);

    make_disk(&dir, &file);
    state = g_build_filename(dir, "state", NULL);
    v = start_failing(file, true, "");
    connect_crq(&v);
    wake(&v);
    c.format = SRP_DATA_DESC_INDIRECT;
    c.n = 2;
    c.pieces[0] = (Piece) { DATA + 0x2000, 6 * SECTOR };
    c.pieces[1] = (Piece) { DATA, 10 * SECTOR };
    if (in_parts) {
        c.n = 3;
        c.pieces[2] = (Piece) { DATA + 1001, 10 * SECTOR - 1001 };
        c.pieces[1].len = 1001;
    }
    send_command(&v, &c);
    qtest_qmp_eventwait(v.qts, "STOP");
    g_assert_true(queue_is_empty(&v));
    papr_save(v.qts, state);
    qtest_quit(v.qts);

    there = start_failing(file, false, "-incoming defer");
    there.next = v.next;
    g_assert_true(papr_load(there.qts, state));
    /* the source had stopped */
    qtest_qmp_assert_success(there.qts, "{ 'execute': 'cont' }");
    get_answer(&there, &answer);
    g_assert_cmphex(answer.tag, ==, 5);
    g_assert_cmphex(answer.u.srp.rsp.status, ==, GOOD);
    g_assert_cmphex(answer.u.srp.rsp.flags, ==, 0);
    disk_is(file, sector, &there, DATA + 0x2000, 6 * SECTOR);
    disk_is(file, sector + 6, &there, DATA, 10 * SECTOR);
    /* its place is free */
    run_good(&there, &c);
    qtest_quit(there.qts);
    unlink(state);
    remove_disk(dir, file);
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

    build(v, c, iu);
    g_assert_true(g_file_get_contents(state, &contents, &size, NULL));
    found = contents;
    /* the guest's RAM has it too, but for what follows: tag, active */
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
 * A command of QEMU before this one, which moved data in pieces of 128 KiB: the
 * disk goes on, and its data belongs behind what the guest has.  This stream's
 * disk has not moved on, so that data of the command's start is what comes.
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
    Command c = transfer(false, 64, 512);

    make_disk(&dir, &file);
    state = g_build_filename(dir, "state", NULL);
    v = start_failing(file, true, "");
    connect_crq(&v);
    wake(&v);
    memset(before, 0x5a, done);
    vio_write(v.qts, DATA, before, done);
    send_command(&v, &c);
    qtest_qmp_eventwait(v.qts, "STOP");
    papr_save(v.qts, state);
    change_stream(state, &v, &c, done);
    qtest_quit(v.qts);

    there = start_failing(file, false, "-incoming defer");
    there.next = v.next;
    g_assert_true(papr_load(there.qts, state));
    qtest_qmp_assert_success(there.qts, "{ 'execute': 'cont' }");
    get_answer(&there, &answer);
    g_assert_cmphex(answer.u.srp.rsp.status, ==, GOOD);
    g_assert_cmphex(answer.u.srp.rsp.flags, ==, 0);
    vio_read(there.qts, DATA, after, done);
    g_assert_cmpmem(after, done, before, done);
    disk_is(file, 64, &there, DATA + done, 512 * SECTOR - done);
    qtest_quit(there.qts);
    unlink(state);
    remove_disk(dir, file);
}

/* A queue that cannot be: the stream is refused */
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
    Vscsi v = start("");
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
        v = start_with("-incoming defer");
        g_assert_false(papr_load(v.qts, state));
        qtest_quit(v.qts);
    }
    unlink(state);
    rmdir(dir);
}

/* All of a queue is looked at: so there is a largest one */
static void test_queue_size(void)
{
    Vscsi v = start_with("");

    for (uint64_t page = 0; page < 65536; page += 512) {
        papr_hcall(v.qts, 0, H_STUFF_TCE, UNIT, page * VIO_PAGE,
                   vio_ram(DATA) | 3, 512);
    }
    papr_work(v.qts);
    g_assert_cmpint(papr_hcall(v.qts, 0, H_REG_CRQ, UNIT, 0, 0x1001000), ==,
                    H_PARAMETER);
    g_assert_cmpint(papr_hcall(v.qts, 0, H_REG_CRQ, UNIT, 0, 0x1000000), ==,
                    H_SUCCESS);
    g_assert_cmpuint(papr_work(v.qts), <, SMALL_WORK);
    qtest_quit(v.qts);
}

static void test_no_hotplug(void)
{
    char *dir, *file;
    Vscsi v;
    QDict *reply;

    make_disk(&dir, &file);
    v = start_disk(file);
    reply = qtest_qmp(v.qts, "{ 'execute': 'device_add', 'arguments': "
                      "{ 'driver': 'scsi-cd', 'bus': 'v.0', 'id': 'x' } }");
    g_assert_true(qdict_haskey(reply, "error"));
    qobject_unref(reply);
    qtest_quit(v.qts);
    remove_disk(dir, file);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/vscsi/login", test_login);
    qtest_add_func("pseries/vscsi/mad", test_mad);
    qtest_add_func("pseries/vscsi/find", test_find);
    qtest_add_func("pseries/vscsi/transfer", test_transfer);
    qtest_add_func("pseries/vscsi/residual", test_residual);
    qtest_add_func("pseries/vscsi/short-buffer", test_short_buffer);
    qtest_add_func("pseries/vscsi/random-buffers", test_random_buffers);
    qtest_add_func("pseries/vscsi/odd-commands", test_odd_commands);
    qtest_add_func("pseries/vscsi/huge", test_huge);
    qtest_add_func("pseries/vscsi/hostile", test_hostile);
    qtest_add_func("pseries/vscsi/task", test_task);
    qtest_add_func("pseries/vscsi/too-many", test_too_many);
    qtest_add_func("pseries/vscsi/free-in-flight", test_free_in_flight);
    qtest_add_func("pseries/vscsi/migrate/read", test_migrate_read);
    qtest_add_func("pseries/vscsi/migrate/write", test_migrate_write);
    qtest_add_func("pseries/vscsi/migrate/partial", test_migrate_partial);
    qtest_add_func("pseries/vscsi/migrate/hostile", test_migrate_hostile);
    qtest_add_func("pseries/vscsi/queue-size", test_queue_size);
    qtest_add_func("pseries/vscsi/no-hotplug", test_no_hotplug);
    return g_test_run();
}
