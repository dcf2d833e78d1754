/*
 * Virtual SCSI adapter: login, management, disks, task management
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "scsi/constants.h"
#include "libvscsi.h"

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
    Vscsi v = vscsi_start("");
    Answer answer;

    vscsi_send_iu(&v, VIOSRP_SRP_FORMAT, 1, &login, sizeof(login));
    vscsi_get_answer(&v, &answer);
    g_assert_cmphex(answer.u.srp.login_rsp.opcode, ==, SRP_LOGIN_RSP);
    g_assert_cmphex(answer.u.srp.login_rsp.tag, ==, login.tag);
    g_assert_cmpuint(be32_to_cpu(answer.u.srp.login_rsp.req_lim_delta), ==, 22);
    g_assert_cmpuint(be32_to_cpu(answer.u.srp.login_rsp.max_it_iu_len), ==,
                     SRP_MAX_IU_LEN);
    g_assert_cmphex(be16_to_cpu(answer.u.srp.login_rsp.buf_fmt), ==, 6);
    for (int i = 0; i < ARRAY_SIZE(refused); i++) {
        login.req_it_iu_len = cpu_to_be32(refused[i].len);
        login.req_buf_fmt = cpu_to_be16(refused[i].format);
        vscsi_send_iu(&v, VIOSRP_SRP_FORMAT, 1, &login, sizeof(login));
        vscsi_get_answer(&v, &answer);
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

    g_assert_cmpint(vscsi_send_iu(v, VIOSRP_MAD_FORMAT, 2, &mad, iu_len), ==,
                    H_SUCCESS);
    vscsi_get_answer(v, &answer);
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
    Vscsi v = vscsi_start("");
    const uint16_t size = sizeof(struct viosrp_adapter_info);

    vio_read(v.qts, DATA + sizeof(info), behind, sizeof(behind));
    /* with a length that is too large no more is written than there is */
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
        DISK | 0x1234,                  /* lower levels are ignored */
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

    vscsi_make_disk(&dir, &file);
    options = g_strdup_printf(
        "-drive if=none,id=d,format=raw,file=%s "
        "-device scsi-hd,drive=d,bus=v.0,scsi-id=3,lun=2 "
        "-blockdev driver=null-co,node-name=n,read-zeroes=on "
        "-device scsi-hd,drive=n,bus=v.0,channel=1,scsi-id=4,lun=3", file);
    v = vscsi_start(options);
    for (int i = 0; i < ARRAY_SIZE(disks); i++) {
        c = vscsi_direct(disks[i], inquiry, false, 36);
        vscsi_run_good(&v, &c);
        vio_read(v.qts, DATA, data, 36);
        g_assert_cmphex(data[0], ==, 0);
        g_assert_cmpmem(data + 8, 8, "QEMU    ", 8);
    }
    c = vscsi_direct(NO_DISK, inquiry, false, 36);
    vscsi_run_good(&v, &c);
    vio_read(v.qts, DATA, data, 36);
    g_assert_cmphex(data[0], ==, 0x7f);
    c.cdb[1] = 1;
    vscsi_run_sense(&v, &c, ILLEGAL_REQUEST, 0x24);
    c = vscsi_direct(NO_DISK, ready, false, 0);
    vscsi_run_sense(&v, &c, ILLEGAL_REQUEST, 0x25);
    c = vscsi_direct(UINT64_MAX, ready, false, 0);
    vscsi_run_sense(&v, &c, ILLEGAL_REQUEST, 0x25);
    c = vscsi_direct(0x0101010101010101ull, ready, false, 0);
    vscsi_run_sense(&v, &c, ILLEGAL_REQUEST, 0x25);

    /* unit 0 and the disks; 32 bytes of the buffer are left */
    c = vscsi_direct(0, report, false, 64);
    g_assert_cmphex(vscsi_run(&v, &c, &answer), ==, GOOD);
    g_assert_cmphex(answer.u.srp.rsp.flags, ==, SRP_RSP_FLAG_DIUNDER);
    g_assert_cmpuint(be32_to_cpu(answer.u.srp.rsp.data_in_res_cnt), ==, 32);
    vio_read(v.qts, DATA, data, 32);
    g_assert_cmpuint(ldl_be_p(data), ==, 24);
    g_assert_cmphex(ldq_be_p(data + 8), ==, 0);
    g_assert_cmphex(MIN(ldq_be_p(data + 16), ldq_be_p(data + 24)), ==, DISK);
    g_assert_cmphex(MAX(ldq_be_p(data + 16), ldq_be_p(data + 24)), ==,
                    LUN(4, 1, 3));
    c = vscsi_direct(0xc101000000000000ull, report, false, 32);
    vscsi_run_good(&v, &c);
    qtest_quit(v.qts);
    vscsi_remove_disk(dir, file);
}

static void test_transfer(void)
{
    char *dir, *file;
    Command c;
    Vscsi v;

    vscsi_make_disk(&dir, &file);
    v = vscsi_start_disk(file);
    vscsi_wake(&v);
    vscsi_check_transfers(&v, file);
    /* a large one: the whole disk */
    c = vscsi_transfer(false, 0, DISK_SIZE / SECTOR);
    vscsi_run_good(&v, &c);
    vscsi_disk_is(file, 0, &v, DATA, DISK_SIZE);
    qtest_quit(v.qts);
    vscsi_remove_disk(dir, file);
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

    vscsi_make_disk(&dir, &file);
    v = vscsi_start_disk(file);
    vscsi_wake(&v);
    c = vscsi_transfer(false, 10, 2);
    c.pieces[0].len = 0x1000;
    g_assert_cmphex(vscsi_run(&v, &c, &answer), ==, GOOD);
    g_assert_cmphex(answer.u.srp.rsp.flags, ==, SRP_RSP_FLAG_DIUNDER);
    g_assert_cmpuint(be32_to_cpu(answer.u.srp.rsp.data_in_res_cnt), ==,
                     0x1000 - 2 * SECTOR);
    vscsi_disk_is(file, 10, &v, DATA, 2 * SECTOR);

    vio_read(v.qts, DATA + SECTOR, before, sizeof(before));
    c = vscsi_transfer(false, 20, 4);
    c.pieces[0].len = SECTOR;
    g_assert_cmphex(vscsi_run(&v, &c, &answer), ==, GOOD);
    g_assert_cmphex(answer.u.srp.rsp.flags, ==, SRP_RSP_FLAG_DIOVER);
    g_assert_cmpuint(be32_to_cpu(answer.u.srp.rsp.data_in_res_cnt), ==,
                     3 * SECTOR);
    vscsi_disk_is(file, 20, &v, DATA, SECTOR);
    vio_read(v.qts, DATA + SECTOR, after, sizeof(after));
    g_assert_cmpmem(after, sizeof(after), before, sizeof(before));

    c = vscsi_transfer(true, 30, 2);
    c.pieces[0].len = 3 * SECTOR;
    g_assert_cmphex(vscsi_run(&v, &c, &answer), ==, GOOD);
    g_assert_cmphex(answer.u.srp.rsp.flags, ==, SRP_RSP_FLAG_DOUNDER);
    g_assert_cmpuint(be32_to_cpu(answer.u.srp.rsp.data_out_res_cnt), ==,
                     SECTOR);
    vscsi_disk_is(file, 30, &v, DATA, 2 * SECTOR);

    /* the device returns less than the allocation length */
    c = vscsi_direct(LUN(3, 0, 0), report, false, 255);
    g_assert_cmphex(vscsi_run(&v, &c, &answer), ==, GOOD);
    g_assert_cmphex(answer.u.srp.rsp.flags, ==, SRP_RSP_FLAG_DIUNDER);
    vio_read(v.qts, DATA, before, 8);
    g_assert_cmpuint(be32_to_cpu(answer.u.srp.rsp.data_in_res_cnt), ==,
                     255 - 8 - ldl_be_p(before));
    /* no buffer: what is read is lost, nothing is written */
    c = vscsi_transfer(false, 0, 1);
    c.format = SRP_NO_DATA_DESC;
    g_assert_cmphex(vscsi_run(&v, &c, &answer), ==, GOOD);
    g_assert_cmphex(answer.u.srp.rsp.flags, ==, SRP_RSP_FLAG_DIOVER);
    g_assert_cmpuint(be32_to_cpu(answer.u.srp.rsp.data_in_res_cnt), ==, SECTOR);
    c = vscsi_transfer(true, 40, 1);
    c.format = SRP_NO_DATA_DESC;
    vscsi_run_sense(&v, &c, HARDWARE_ERROR, 0x44);
    qtest_quit(v.qts);
    vscsi_remove_disk(dir, file);
}

/* --- commands that take long ---------------------------------------------- */

#define SLOW "-blockdev driver=null-aio,node-name=slow,size=1048576," \
             "latency-ns=300000000,read-zeroes=on " \
             "-device scsi-hd,drive=slow,bus=v.0,scsi-id=3,lun=2"

static void test_task(void)
{
    uint8_t ready[16] = { TEST_UNIT_READY };
    Vscsi v = vscsi_start(SLOW);
    Command c = vscsi_transfer(false, 0, 8), c2 = c;

    vscsi_wake(&v);
    vscsi_send_command(&v, &c);
    g_assert_cmphex(vscsi_task(&v, SRP_TSK_ABORT_TASK, DISK, 5), ==,
                    SRP_TSK_MGMT_COMPLETE);
    g_assert_true(vscsi_queue_is_empty(&v));
    /* abort all commands of a unit */
    c2.tag = 6;
    vscsi_send_command(&v, &c);
    vscsi_send_command(&v, &c2);
    g_assert_cmphex(vscsi_task(&v, SRP_TSK_ABORT_TASK_SET, DISK, 0), ==,
                    SRP_TSK_MGMT_COMPLETE);
    g_assert_true(vscsi_queue_is_empty(&v));
    vscsi_send_command(&v, &c);
    g_assert_cmphex(vscsi_task(&v, SRP_TSK_LUN_RESET, DISK, 0), ==,
                    SRP_TSK_MGMT_COMPLETE);
    g_assert_true(vscsi_queue_is_empty(&v));
    c = vscsi_direct(DISK, ready, false, 0);
    vscsi_run_sense(&v, &c, UNIT_ATTENTION, 0x29);

    /* abort a command that has ended; bad functions, bad units */
    g_assert_cmphex(vscsi_task(&v, SRP_TSK_ABORT_TASK, DISK, 77), ==,
                    SRP_TSK_MGMT_COMPLETE);
    g_assert_cmphex(vscsi_task(&v, SRP_TSK_CLEAR_ACA, DISK, 0), ==,
                    SRP_TSK_MGMT_NOT_SUPPORTED);
    g_assert_cmphex(vscsi_task(&v, 0xff, DISK, 0), ==,
                    SRP_TSK_MGMT_FIELDS_INVALID);
    g_assert_cmphex(vscsi_task(&v, SRP_TSK_LUN_RESET, NO_DISK, 0), ==,
                    SRP_TSK_MGMT_FIELDS_INVALID);
    g_assert_cmphex(vscsi_task(&v, SRP_TSK_LUN_RESET, LUN(3, 0, 7), 0), ==,
                    SRP_TSK_MGMT_FIELDS_INVALID);
    g_assert_cmphex(vscsi_task(&v, SRP_TSK_LUN_RESET, UINT64_MAX, 0), ==,
                    SRP_TSK_MGMT_FIELDS_INVALID);
    qtest_quit(v.qts);
}

/* As many commands as the adapter has room for; H_SEND_CRQ refuses more */
static void test_too_many(void)
{
    Vscsi v = vscsi_start(SLOW);
    Command c = vscsi_transfer(false, 0, 8);
    uint8_t iu[SRP_MAX_IU_LEN];
    uint16_t len;

    vscsi_wake(&v);
    for (int i = 0; i < 24; i++) {
        c.tag = 10 + i;
        vscsi_send_command(&v, &c);
    }
    len = vscsi_build(&v, &c, iu);
    g_assert_cmpint(vscsi_send_iu(&v, VIOSRP_SRP_FORMAT, 5, iu, len), ==,
                    H_DROPPED);
    for (int i = 0; i < 24; i++) {
        Answer answer;

        vscsi_get_answer(&v, &answer);
        g_assert_cmphex(answer.u.srp.rsp.status, ==, GOOD);
    }
    c.tag = 5;
    vscsi_run_good(&v, &c);
    qtest_quit(v.qts);
}

/* The queue is freed while commands run: afterwards they write no memory */
static void test_free_in_flight(void)
{
    g_autofree uint8_t *before = g_malloc(8 * SECTOR);
    g_autofree uint8_t *after = g_malloc(8 * SECTOR);
    Vscsi v = vscsi_start(SLOW);
    Command c = vscsi_transfer(false, 0, 8);

    vscsi_wake(&v);
    for (int way = 0; way < 3; way++) {
        memset(before, 0xa0 + way, 8 * SECTOR);
        vio_write(v.qts, DATA, before, 8 * SECTOR);
        vscsi_send_command(&v, &c);
        if (way == 0) {
            g_assert_cmpint(papr_hcall(v.qts, 0, H_FREE_CRQ, UNIT), ==,
                            H_SUCCESS);
        } else if (way == 1) {
            papr_rtas(v.qts, "quiesce", 1, NULL);
        } else {
            qtest_system_reset(v.qts);
        }
        /* the disk may have written until the call returned */
        memset(before, 0xb0 + way, 8 * SECTOR);
        vio_write(v.qts, DATA, before, 8 * SECTOR);
        vscsi_connect(&v);
        vio_st64(v.qts, QUEUE, 0);
        if (way == 2) {
            vscsi_wake(&v);
        } else {
            Command other = c;

            other.pieces[0].ioba = DATA + 0x10000;
            vscsi_run_good(&v, &other);
        }
        vio_read(v.qts, DATA, after, 8 * SECTOR);
        g_assert_cmpmem(after, 8 * SECTOR, before, 8 * SECTOR);
    }
    qtest_quit(v.qts);
}

/* H_REG_CRQ checks all pages of a queue, so the size of a queue is limited */
static void test_queue_size(void)
{
    Vscsi v = vscsi_start_with("");

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

    vscsi_make_disk(&dir, &file);
    v = vscsi_start_disk(file);
    reply = qtest_qmp(v.qts, "{ 'execute': 'device_add', 'arguments': "
                      "{ 'driver': 'scsi-cd', 'bus': 'v.0', 'id': 'x' } }");
    g_assert_true(qdict_haskey(reply, "error"));
    qobject_unref(reply);
    qtest_quit(v.qts);
    vscsi_remove_disk(dir, file);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/vscsi/login", test_login);
    qtest_add_func("pseries/vscsi/mad", test_mad);
    qtest_add_func("pseries/vscsi/find", test_find);
    qtest_add_func("pseries/vscsi/transfer", test_transfer);
    qtest_add_func("pseries/vscsi/residual", test_residual);
    qtest_add_func("pseries/vscsi/task", test_task);
    qtest_add_func("pseries/vscsi/too-many", test_too_many);
    qtest_add_func("pseries/vscsi/free-in-flight", test_free_in_flight);
    qtest_add_func("pseries/vscsi/queue-size", test_queue_size);
    qtest_add_func("pseries/vscsi/no-hotplug", test_no_hotplug);
    return g_test_run();
}
