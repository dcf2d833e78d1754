/*
 * Virtual SCSI adapter: the guest's driver, for tests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "scsi/constants.h"
#include "libvscsi.h"

void vscsi_make_disk(char **dir, char **file)
{
    g_autofree uint8_t *data = g_malloc(DISK_SIZE);

    *dir = g_dir_make_tmp("papr-vscsi-XXXXXX", NULL);
    *file = g_build_filename(*dir, "disk", NULL);
    for (int i = 0; i < DISK_SIZE; i++) {
        data[i] = i * 13 + (i >> 9);
    }
    g_assert_true(g_file_set_contents(*file, (char *)data, DISK_SIZE, NULL));
}

void vscsi_remove_disk(char *dir, char *file)
{
    unlink(file);
    rmdir(dir);
    g_free(dir);
    g_free(file);
}

void vscsi_connect(Vscsi *v)
{
    vio_map(v->qts, UNIT);
    v->next = 0;
    g_assert_cmpint(papr_hcall(v->qts, 0, H_REG_CRQ, UNIT, QUEUE, QUEUE_SIZE),
                    ==, H_SUCCESS);
}

Vscsi vscsi_start_with(const char *options)
{
    Vscsi v = {
        .qts = papr_start("-smp 1 -device spapr-vscsi,reg=0x%x,id=v %s", UNIT,
                          options),
    };

    return v;
}

Vscsi vscsi_start(const char *options)
{
    Vscsi v = vscsi_start_with(options);

    vscsi_connect(&v);
    return v;
}

Vscsi vscsi_start_disk(const char *file)
{
    g_autofree char *options = g_strdup_printf(
        "-drive if=none,id=d,format=raw,file=%s "
        "-device scsi-hd,drive=d,bus=v.0,scsi-id=3,lun=2", file);

    return vscsi_start(options);
}

uint32_t vscsi_iu_of(uint64_t tag)
{
    return IUS + tag * 0x200;
}

int64_t vscsi_send_raw(Vscsi *v, uint8_t format, uint16_t len, uint64_t ioba)
{
    return papr_hcall(v->qts, 0, H_SEND_CRQ, UNIT,
                      0x80ull << 56 | (uint64_t)format << 48 | len, ioba);
}

int64_t vscsi_send_iu(Vscsi *v, uint8_t format, uint64_t tag, const void *iu,
                             uint16_t len)
{
    vio_write(v->qts, vscsi_iu_of(tag), iu, len);
    return vscsi_send_raw(v, format, len, vscsi_iu_of(tag));
}

bool vscsi_queue_is_empty(Vscsi *v)
{
    return !vio_ld64(v->qts, QUEUE + v->next);
}

void vscsi_get_answer(Vscsi *v, Answer *answer)
{
    uint32_t entry = QUEUE + v->next;
    uint64_t head = vio_wait(v->qts, entry, 0);

    memset(answer, 0, sizeof(*answer));
    answer->tag = vio_ld64(v->qts, entry + 8);
    answer->status = head >> 32;
    answer->len = head;
    g_assert_cmpuint(answer->len, <=, SRP_MAX_IU_LEN);
    vio_read(v->qts, vscsi_iu_of(answer->tag), answer->iu, answer->len);
    vio_st64(v->qts, entry, 0);
    v->next = (v->next + 16) % QUEUE_SIZE;
}

void vscsi_put_descriptor(uint8_t *where, Piece piece)
{
    stq_be_p(where, piece.ioba);
    stl_be_p(where + 8, 0);
    stl_be_p(where + 12, piece.len);
}

uint16_t vscsi_build(Vscsi *v, const Command *c, uint8_t *iu)
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
        vscsi_put_descriptor(desc, c->pieces[0]);
        return sizeof(*cmd) + 16;
    }
    if (c->format == SRP_DATA_DESC_INDIRECT) {
        *(c->out ? &cmd->data_out_desc_cnt : &cmd->data_in_desc_cnt) = c->in_iu;
        vscsi_put_descriptor(desc, (Piece) { TABLE, c->n * 16 });
        for (int i = 0; i < c->n; i++) {
            uint8_t bytes[16];

            vscsi_put_descriptor(bytes, c->pieces[i]);
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

void vscsi_send_command(Vscsi *v, const Command *c)
{
    uint8_t iu[SRP_MAX_IU_LEN];
    uint16_t len = vscsi_build(v, c, iu);

    g_assert_cmpint(vscsi_send_iu(v, VIOSRP_SRP_FORMAT, c->tag, iu, len), ==,
                    H_SUCCESS);
}

uint8_t vscsi_run(Vscsi *v, const Command *c, Answer *answer)
{
    vscsi_send_command(v, c);
    vscsi_get_answer(v, answer);
    g_assert_cmphex(answer->tag, ==, c->tag);
    g_assert_cmphex(answer->status, ==, VIOSRP_OK);
    g_assert_cmphex(answer->u.srp.rsp.opcode, ==, SRP_RSP);
    g_assert_cmphex(be32_to_cpu(answer->u.srp.rsp.req_lim_delta), ==, 1);
    return answer->u.srp.rsp.status;
}

void vscsi_run_good(Vscsi *v, const Command *c)
{
    Answer answer;

    g_assert_cmphex(vscsi_run(v, c, &answer), ==, GOOD);
    g_assert_cmphex(answer.u.srp.rsp.flags, ==, 0);
    g_assert_cmpuint(answer.len, ==, sizeof(struct srp_rsp));
}

void vscsi_run_sense(Vscsi *v, const Command *c, uint8_t key, uint8_t asc)
{
    Answer answer;

    g_assert_cmphex(vscsi_run(v, c, &answer), ==, CHECK_CONDITION);
    g_assert_cmphex(answer.u.srp.rsp.flags & SRP_RSP_FLAG_SNSVALID, !=, 0);
    g_assert_cmpuint(be32_to_cpu(answer.u.srp.rsp.sense_data_len), >=, 18);
    g_assert_cmphex(answer.iu[36 + 2], ==, key);
    g_assert_cmphex(answer.iu[36 + 12], ==, asc);
}

Command vscsi_direct(uint64_t lun, const uint8_t *cdb, bool out, uint32_t len)
{
    Command c = {
        .tag = 5, .lun = lun, .out = out,
        .format = len ? SRP_DATA_DESC_DIRECT : SRP_NO_DATA_DESC,
        .pieces = { { DATA, len } }, .n = 1,
    };

    memcpy(c.cdb, cdb, sizeof(c.cdb));
    return c;
}

Command vscsi_transfer(bool out, uint32_t sector, uint16_t sectors)
{
    uint8_t cdb[16] = { out ? WRITE_10 : READ_10 };

    stl_be_p(cdb + 2, sector);
    stw_be_p(cdb + 7, sectors);
    return vscsi_direct(DISK, cdb, out, sectors * SECTOR);
}

void vscsi_wake(Vscsi *v)
{
    uint8_t cdb[16] = { TEST_UNIT_READY };
    Command c = vscsi_direct(DISK, cdb, false, 0);

    vscsi_run_sense(v, &c, UNIT_ATTENTION, 0x29);
    vscsi_run_good(v, &c);
}

void vscsi_disk_is(const char *file, uint32_t sector, Vscsi *v, uint32_t ioba,
                          uint32_t len)
{
    g_autofree char *contents = NULL;
    g_autofree char *memory = g_malloc(len);
    size_t size;

    g_assert_true(g_file_get_contents(file, &contents, &size, NULL));
    vio_read(v->qts, ioba, memory, len);
    g_assert_cmpmem(contents + sector * SECTOR, len, memory, len);
}

void vscsi_check_transfers(Vscsi *v, const char *file)
{
    Command c = vscsi_transfer(false, 16, 32);

    /* a direct buffer that crosses pages */
    c.pieces[0].ioba = DATA + 0xe00;
    vscsi_run_good(v, &c);
    vscsi_disk_is(file, 16, v, DATA + 0xe00, 32 * SECTOR);
    c = vscsi_transfer(true, 100, 16);
    c.pieces[0].ioba = DATA + 0xe00;
    vscsi_run_good(v, &c);
    vscsi_disk_is(file, 100, v, DATA + 0xe00, 16 * SECTOR);

    /* indirect lists: 0, 5, 10 pieces in the IU; descending order in RAM */
    for (uint32_t in_iu = 0; in_iu <= 10; in_iu += 5) {
        c = vscsi_transfer(false, 200, 80);
        c.format = SRP_DATA_DESC_INDIRECT;
        c.n = 10;
        c.in_iu = in_iu;
        for (int i = 0; i < 10; i++) {
            c.pieces[i] = (Piece) { DATA + (9 - i) * 0x2000, 8 * SECTOR };
        }
        vscsi_run_good(v, &c);
        for (int i = 0; i < 10; i++) {
            vscsi_disk_is(file, 200 + i * 8, v, c.pieces[i].ioba, 8 * SECTOR);
        }
        c.out = true;
        c.cdb[0] = WRITE_10;
        stl_be_p(c.cdb + 2, 400 + in_iu * 20);
        vscsi_run_good(v, &c);
        for (int i = 0; i < 10; i++) {
            vscsi_disk_is(file, 400 + in_iu * 20 + i * 8, v, c.pieces[i].ioba,
                          8 * SECTOR);
        }
    }

    /* pieces that are not whole sectors; an empty piece */
    c = vscsi_transfer(false, 300, 2);
    c.format = SRP_DATA_DESC_INDIRECT;
    c.n = c.in_iu = 4;
    c.pieces[0] = (Piece) { DATA, 100 };
    c.pieces[1] = (Piece) { UNMAPPED, 0 };
    c.pieces[2] = (Piece) { DATA + 100, 13 };
    c.pieces[3] = (Piece) { DATA + 113, 1024 - 113 };
    vscsi_run_good(v, &c);
    vscsi_disk_is(file, 300, v, DATA, 2 * SECTOR);
}

uint8_t vscsi_task(Vscsi *v, uint8_t function, uint64_t lun, uint64_t tag)
{
    struct srp_tsk_mgmt iu = {
        .opcode = SRP_TSK_MGMT,
        .tag = cpu_to_be64(9),
        .lun = cpu_to_be64(lun),
        .tsk_mgmt_func = function,
        .task_tag = cpu_to_be64(tag),
    };
    Answer answer;

    vscsi_send_iu(v, VIOSRP_SRP_FORMAT, 9, &iu, sizeof(iu));
    do {
        vscsi_get_answer(v, &answer);
        g_assert_cmphex(answer.tag, !=, 5);
    } while (answer.tag != 9);
    g_assert_cmphex(answer.u.srp.rsp.opcode, ==, SRP_RSP);
    g_assert_cmphex(answer.u.srp.rsp.flags, ==, SRP_RSP_FLAG_RSPVALID);
    g_assert_cmpuint(answer.len, ==, sizeof(struct srp_rsp) + 4);
    return answer.iu[sizeof(struct srp_rsp) + 3];
}

