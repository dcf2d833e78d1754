/*
 * Virtual trusted platform module (vTPM)
 *
 * tpm-proxy-test.c has the proxy to a TPM of the host.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <libfdt.h>
#include "libtpm.h"
#include "libvio.h"

#define UNIT 0x4000u
#define IRQ  0x1104u
#define NODE "/vdevice/vtpm@4000"

#define QUEUE      0x10000u
#define QUEUE_SIZE 0x1000u
#define BUFFER     0x21000u

#define INIT          0xc001000000000000ull
#define INIT_DONE     0xc002000000000000ull
#define GET_VERSION   0x8001000000000000ull
#define TPM_COMMAND   0x8002000000000000ull
#define GET_SIZE      0x8003000000000000ull
#define SUSPEND       0x8004000000000000ull
#define ANSWER        0x0080000000000000ull
#define FAIL_STATE    0x80fe000000000004ull
#define ERROR(code)   (0x80ff000000000000ull | (code))

#define COMMAND(len, ioba) (TPM_COMMAND | (uint64_t)(len) << 32 | (ioba))

typedef struct Vtpm {
    FakeTpm *fake;
    QTestState *qts;
    unsigned next;                      /* entry of the queue */
    unsigned before;                    /* commands that QEMU sent at start */
} Vtpm;

static char *options(const FakeTpm *fake)
{
    return g_strdup_printf("-machine ic-mode=xics -smp 1 "
                           "-chardev socket,id=c,path=%s "
                           "-tpmdev emulator,id=t,chardev=c "
                           "-device tpm-spapr,tpmdev=t,reg=0x%x",
                           fake_tpm_path(fake), UNIT);
}

static Vtpm start_with(int version, const char *more)
{
    Vtpm v = { .fake = fake_tpm_new(version) };
    g_autofree char *words = options(v.fake);

    v.qts = papr_start("%s %s", words, more);
    v.before = fake_tpm_count(v.fake);
    return v;
}

static void open_queue(Vtpm *v)
{
    vio_map(v->qts, UNIT);
    v->next = 0;
    for (unsigned i = 0; i < QUEUE_SIZE / 8; i++) {
        vio_st64(v->qts, QUEUE + i * 8, 0);
    }
    g_assert_cmpint(papr_hcall(v->qts, 0, H_REG_CRQ, UNIT, QUEUE, QUEUE_SIZE),
                    ==, H_SUCCESS);
}

static Vtpm start(int version)
{
    Vtpm v = start_with(version, "");

    open_queue(&v);
    return v;
}

static void stop(Vtpm *v)
{
    fake_tpm_hold(v->fake, false);
    qtest_quit(v->qts);
    fake_tpm_free(v->fake);
}

static int64_t send_entry(Vtpm *v, uint64_t high)
{
    return papr_hcall(v->qts, 0, H_SEND_CRQ, UNIT, high, 0);
}

static bool is_empty(Vtpm *v)
{
    return !vio_ld64(v->qts, QUEUE + v->next * 16);
}

static uint64_t answer(Vtpm *v)
{
    uint32_t at = QUEUE + v->next * 16;
    uint64_t high = vio_wait(v->qts, at, 0);

    vio_st64(v->qts, at, 0);
    v->next = (v->next + 1) % (QUEUE_SIZE / 16);
    return high;
}

static uint64_t ask(Vtpm *v, uint64_t high)
{
    g_assert_cmpint(send_entry(v, high), ==, H_SUCCESS);
    return answer(v);
}

/* A command for the TPM in the guest's memory: its header says @size */
static void put_command(Vtpm *v, uint32_t ioba, uint32_t size)
{
    uint8_t header[10] = { 0x80, 0x01 };

    stl_be_p(header + 2, size);
    stl_be_p(header + 6, 0x17e);        /* TPM2_PCR_Read */
    vio_write(v->qts, ioba, header, sizeof(header));
}

static void run_command(Vtpm *v, uint32_t ioba, uint32_t size,
                        uint32_t response)
{
    uint8_t byte;

    put_command(v, ioba, size);
    fake_tpm_answer(v->fake, response);
    g_assert_cmphex(ask(v, COMMAND(size, ioba)), ==,
                    COMMAND(response, ioba) | ANSWER);
    vio_read(v->qts, ioba + response - 1, &byte, 1);
    g_assert_cmphex(byte, ==, response > 10 ? 0x50 : 0);
}

static void check_node(Vtpm *v, const char *compatible)
{
    g_autofree void *fdt = papr_tree(v->qts);
    int node = papr_tree_node(fdt, NODE);
    int len;

    g_assert_cmpstr(fdt_getprop(fdt, node, "device_type", NULL), ==,
                    "IBM,vtpm");
    g_assert_cmpstr(fdt_getprop(fdt, node, "compatible", NULL), ==, compatible);
    g_assert_nonnull(fdt_getprop(fdt, node, "ibm,my-dma-window", &len));
    g_assert_cmpint(len, ==, 20);
}

static void check_version(int version, const char *compatible)
{
    Vtpm v = start(version);
    QDict *reply;

    check_node(&v, compatible);
    g_assert_cmphex(ask(&v, INIT), ==, INIT);
    g_assert_cmphex(ask(&v, INIT_DONE), ==, INIT_DONE);
    g_assert_cmphex(ask(&v, GET_VERSION), ==, GET_VERSION | ANSWER | version);
    g_assert_cmphex(ask(&v, GET_SIZE), ==, GET_SIZE | ANSWER | 4096ull << 32);
    g_assert_cmphex(ask(&v, SUSPEND), ==, SUSPEND | ANSWER);
    run_command(&v, BUFFER, 10, 10);
    run_command(&v, BUFFER, 20, 4096);
    /* the whole buffer, across pages that are not contiguous in RAM */
    run_command(&v, BUFFER + 0x800, 4096, 4096);

    reply = qtest_qmp(v.qts, "{ 'execute': 'query-tpm' }");
    g_assert_cmpstr(qdict_get_str(qobject_to(QDict,
                    qlist_peek(qdict_get_qlist(reply, "return"))), "model"),
                    ==, "tpm-spapr");
    qobject_unref(reply);
    stop(&v);
}

static void test_version_1(void)
{
    check_version(1, "IBM,vtpm");
}

static void test_version_2(void)
{
    check_version(2, "IBM,vtpm20");
}

static void test_interrupt(void)
{
    Vtpm v = start(2);

    vio_irq_on(v.qts, IRQ);
    papr_hcall(v.qts, 0, H_VIO_SIGNAL, UNIT, 1);
    run_command(&v, BUFFER, 10, 10);
    g_assert_true(vio_irq_taken(v.qts, IRQ));
    g_assert_false(vio_irq_taken(v.qts, IRQ));
    stop(&v);
}

/* A bad message is answered by an error, and the TPM gets nothing */
static void test_bad_commands(void)
{
    static const uint8_t unknown[] = { 0, 5, 6, 7, 8, 9, 10, 0x7f, 0x82, 0xff };
    static const struct {
        uint32_t len, says;
    } sizes[] = {
        { 0, 10 }, { 9, 10 }, { 10, 0 }, { 10, 9 }, { 10, 11 },
        { 10, 0x80000000 }, { 10, UINT32_MAX }, { 4095, 4096 },
    };
    static const uint64_t unmapped[] = {
        VIO_MAPPED, VIO_MAPPED - 9, 0x0ffffff8, 0x10000000, 0xfffffff8,
    };
    Vtpm v = start(2);

    for (int i = 0; i < ARRAY_SIZE(unknown); i++) {
        g_assert_cmphex(ask(&v, 0x80ull << 56 | (uint64_t)unknown[i] << 48),
                        ==, ERROR(1));
    }
    put_command(&v, BUFFER, 10);
    g_assert_cmphex(ask(&v, COMMAND(4097, BUFFER)), ==, ERROR(2));
    g_assert_cmphex(ask(&v, COMMAND(0xffff, BUFFER)), ==, ERROR(2));
    for (int i = 0; i < ARRAY_SIZE(unmapped); i++) {
        g_assert_cmphex(ask(&v, COMMAND(10, unmapped[i])), ==, ERROR(3));
    }
    for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
        put_command(&v, BUFFER, sizes[i].says);
        g_assert_cmphex(ask(&v, COMMAND(sizes[i].len, BUFFER)), ==, ERROR(5));
    }
    g_assert_cmpuint(fake_tpm_count(v.fake), ==, v.before);
    /* entries with an unknown header are accepted, and ignored */
    g_assert_cmpint(send_entry(&v, 0x8102ull << 48), ==, H_SUCCESS);
    g_assert_cmpint(send_entry(&v, 0xc003ull << 48), ==, H_SUCCESS);
    g_assert_true(is_empty(&v));
    run_command(&v, BUFFER, 10, 10);
    stop(&v);
}

/* The TPM gets as many bytes as the header says, and nothing after them */
static void test_command_size(void)
{
    uint8_t command[4096];
    Vtpm v = start(2);

    put_command(&v, BUFFER, 12);
    g_assert_cmphex(ask(&v, COMMAND(4096, BUFFER)), ==,
                    COMMAND(10, BUFFER) | ANSWER);
    g_assert_cmpuint(fake_tpm_wait(v.fake, v.before + 1, command,
                                   sizeof(command)), ==, 12);
    g_assert_cmphex(ldl_be_p(command + 6), ==, 0x17e);
    stop(&v);
}

/* The buffer is no longer mapped when the response comes */
static void test_copy_out(void)
{
    uint8_t command[16];
    Vtpm v = start(2);

    put_command(&v, BUFFER, 10);
    fake_tpm_hold(v.fake, true);
    g_assert_cmpint(send_entry(&v, COMMAND(10, BUFFER)), ==, H_SUCCESS);
    fake_tpm_wait(v.fake, v.before + 1, command, sizeof(command));
    /* one at a time */
    g_assert_cmpint(send_entry(&v, COMMAND(10, BUFFER)), ==, H_BUSY);
    /* other messages are answered meanwhile */
    g_assert_cmphex(ask(&v, GET_VERSION), ==, GET_VERSION | ANSWER | 2);
    vio_unmap_page(v.qts, UNIT, BUFFER);
    fake_tpm_hold(v.fake, false);
    g_assert_cmphex(answer(&v), ==, ERROR(4));
    vio_map(v.qts, UNIT);
    run_command(&v, BUFFER, 10, 10);
    stop(&v);
}

/* The queue is freed while the TPM works: the TPM's response is dropped */
static void check_unwanted(bool reset)
{
    uint8_t command[16];
    uint64_t mark = 0x1122334455667788ull;
    Vtpm v = start(2);

    put_command(&v, BUFFER, 10);
    fake_tpm_hold(v.fake, true);
    g_assert_cmpint(send_entry(&v, COMMAND(10, BUFFER)), ==, H_SUCCESS);
    fake_tpm_wait(v.fake, v.before + 1, command, sizeof(command));
    if (reset) {
        /* a reset waits until the TPM has answered */
        unsigned starts = fake_tpm_starts(v.fake);

        qtest_qmp_send(v.qts, "{ 'execute': 'system_reset' }");
        fake_tpm_hold(v.fake, false);
        qtest_qmp_eventwait(v.qts, "RESET");
        qobject_unref(qtest_qmp_receive(v.qts));
        g_assert_cmpuint(fake_tpm_starts(v.fake), ==, starts + 1);
        open_queue(&v);
        vio_st64(v.qts, BUFFER, mark);
    } else {
        papr_hcall(v.qts, 0, H_FREE_CRQ, UNIT);
        open_queue(&v);
        vio_st64(v.qts, BUFFER, mark);
        g_assert_cmpint(send_entry(&v, COMMAND(10, BUFFER)), ==, H_BUSY);
        fake_tpm_hold(v.fake, false);
    }
    put_command(&v, BUFFER + 0x100, 10);
    while (send_entry(&v, COMMAND(10, BUFFER + 0x100)) == H_BUSY) {
        g_usleep(1000);
    }
    g_assert_cmphex(answer(&v), ==, COMMAND(10, BUFFER + 0x100) | ANSWER);
    g_assert_true(is_empty(&v));
    g_assert_cmphex(vio_ld64(v.qts, BUFFER), ==, mark);
    stop(&v);
}

static void test_free_queue(void)
{
    check_unwanted(false);
}

static void test_reset(void)
{
    check_unwanted(true);
}

/* A response that comes while the machine is stopped is delivered later */
static void test_stop(void)
{
    uint8_t command[16];
    Vtpm v = start(2);

    put_command(&v, BUFFER, 10);
    fake_tpm_hold(v.fake, true);
    g_assert_cmpint(send_entry(&v, COMMAND(10, BUFFER)), ==, H_SUCCESS);
    fake_tpm_wait(v.fake, v.before + 1, command, sizeof(command));
    qtest_qmp_assert_success(v.qts, "{ 'execute': 'stop' }");
    fake_tpm_hold(v.fake, false);
    /* that no response is delivered now, only a long wait could show */
    g_assert_cmpint(send_entry(&v, COMMAND(10, BUFFER)), ==, H_BUSY);
    qtest_qmp_assert_success(v.qts, "{ 'execute': 'cont' }");
    g_assert_cmphex(answer(&v), ==, COMMAND(10, BUFFER) | ANSWER);
    run_command(&v, BUFFER, 10, 10);
    stop(&v);
}

/* A response of an impossible size becomes one of 10 bytes with TPM_FAIL */
static void test_bad_size(void)
{
    static const uint32_t sizes[] = { 0, 9, 4097, UINT32_MAX };
    uint8_t response[10], command[16];
    Vtpm v = start(2);

    for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
        put_command(&v, BUFFER, 10);
        fake_tpm_lie(v.fake, true, sizes[i]);
        if (i % 2) {
            g_assert_cmphex(ask(&v, COMMAND(10, BUFFER)), ==,
                            COMMAND(10, BUFFER) | ANSWER);
        } else {
            unsigned before = fake_tpm_count(v.fake);

            fake_tpm_hold(v.fake, true);
            g_assert_cmpint(send_entry(&v, COMMAND(10, BUFFER)), ==, H_SUCCESS);
            fake_tpm_wait(v.fake, before + 1, command, sizeof(command));
            qtest_qmp_assert_success(v.qts, "{ 'execute': 'stop' }");
            fake_tpm_hold(v.fake, false);
            qtest_qmp_assert_success(v.qts, "{ 'execute': 'cont' }");
            g_assert_cmphex(answer(&v), ==, COMMAND(10, BUFFER) | ANSWER);
        }
        vio_read(v.qts, BUFFER, response, sizeof(response));
        g_assert_cmphex(ldl_be_p(response + 2), ==, 10);
        g_assert_cmphex(ldl_be_p(response + 6), ==, 9);
        fake_tpm_lie(v.fake, false, 0);
        run_command(&v, BUFFER, 10, 100);
    }
    stop(&v);
}

static void test_migrate(void)
{
    g_autofree char *file = g_strdup_printf("%s/papr-tpm-%d", g_get_tmp_dir(),
                                            getpid());
    uint8_t command[16];
    Vtpm v = start(2), there;
    unsigned next;

    put_command(&v, BUFFER, 10);
    fake_tpm_answer(v.fake, 100);
    fake_tpm_hold(v.fake, true);
    g_assert_cmpint(send_entry(&v, COMMAND(10, BUFFER)), ==, H_SUCCESS);
    fake_tpm_wait(v.fake, v.before + 1, command, sizeof(command));
    next = v.next;
    qtest_qmp_assert_success(v.qts, "{ 'execute': 'stop' }");
    fake_tpm_hold(v.fake, false);
    papr_save(v.qts, file);
    g_assert_true(is_empty(&v));
    /* as if the migration had failed: the guest continues on the source */
    qtest_qmp_assert_success(v.qts, "{ 'execute': 'cont' }");
    g_assert_cmphex(answer(&v), ==, COMMAND(100, BUFFER) | ANSWER);
    stop(&v);

    there = start_with(2, "-incoming defer");
    there.next = next;
    g_assert_true(papr_load(there.qts, file));
    g_assert_true(is_empty(&there));
    qtest_qmp_assert_success(there.qts, "{ 'execute': 'cont' }");
    g_assert_cmphex(answer(&there), ==, COMMAND(100, BUFFER) | ANSWER);
    g_assert_cmphex(vio_ld64(there.qts, BUFFER), ==, 0x8001000000640000ull);
    g_assert_cmphex(vio_ld64(there.qts, BUFFER + 16), ==,
                    0x5050505050505050ull);
    run_command(&there, BUFFER, 10, 10);
    stop(&there);
    unlink(file);
}

/* The TPM fails to start at a reset: the guest gets errors, QEMU continues */
static void test_fail_state(void)
{
    Vtpm v = start(2);

    fake_tpm_refuse_start(v.fake);
    qtest_system_reset(v.qts);
    open_queue(&v);
    g_assert_cmphex(ask(&v, INIT), ==, INIT);
    g_assert_cmphex(ask(&v, GET_VERSION), ==, FAIL_STATE);
    put_command(&v, BUFFER, 10);
    g_assert_cmphex(ask(&v, COMMAND(10, BUFFER)), ==, FAIL_STATE);
    g_assert_cmpuint(fake_tpm_count(v.fake), ==, v.before);
    stop(&v);
}

/* Without SLOF the machine starts the TPM, at each reset */
static void check_firmware(int version, uint32_t number)
{
    uint8_t command[12];
    Vtpm v = start_with(version, "-machine x-vof=on");
    unsigned count = fake_tpm_count(v.fake);

    fake_tpm_wait(v.fake, 1, command, sizeof(command));
    g_assert_cmphex(ldl_be_p(command + 6), ==, number);
    qtest_system_reset(v.qts);
    g_assert_cmpuint(fake_tpm_count(v.fake), ==, count + 1);
    fake_tpm_wait(v.fake, count + 1, command, sizeof(command));
    g_assert_cmphex(ldl_be_p(command + 6), ==, number);
    open_queue(&v);
    run_command(&v, BUFFER, 10, 10);
    stop(&v);
}

static void test_firmware(void)
{
    check_firmware(1, 0x99);            /* TPM_Startup */
    check_firmware(2, 0x144);           /* TPM2_Startup */
}

static void test_refused(void)
{
    FakeTpm *fake = fake_tpm_new(2);
    g_autofree char *words = options(fake);
    g_autofree char *said = papr_refused("-device tpm-spapr");
    g_autofree char *two = g_strdup_printf("%s -device tpm-spapr,tpmdev=t",
                                           words);
    g_autofree char *none = NULL, *again = NULL;

    g_assert_nonnull(strstr(said, "'tpmdev' property is required"));
    none = papr_refused("-device tpm-spapr,tpmdev=nobody");
    g_assert_nonnull(strstr(none, "nobody"));
    again = papr_refused(two);
    g_assert_nonnull(strstr(again, "-device tpm-spapr,tpmdev=t: "));
    fake_tpm_free(fake);

    fake = fake_tpm_new(2);
    fake_tpm_refuse_start(fake);
    g_free(words);
    g_free(said);
    words = options(fake);
    said = papr_refused(words);
    g_assert_nonnull(strstr(said, "the TPM of tpmdev 't' doesn't start"));
    fake_tpm_free(fake);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    if (!qtest_has_device("tpm-spapr")) {
        g_test_skip("the build has no TPM");
        return 0;
    }
    qtest_add_func("pseries/tpm/version-1", test_version_1);
    qtest_add_func("pseries/tpm/version-2", test_version_2);
    qtest_add_func("pseries/tpm/interrupt", test_interrupt);
    qtest_add_func("pseries/tpm/bad-commands", test_bad_commands);
    qtest_add_func("pseries/tpm/command-size", test_command_size);
    qtest_add_func("pseries/tpm/copy-out", test_copy_out);
    qtest_add_func("pseries/tpm/free-queue", test_free_queue);
    qtest_add_func("pseries/tpm/reset", test_reset);
    qtest_add_func("pseries/tpm/stop", test_stop);
    qtest_add_func("pseries/tpm/bad-size", test_bad_size);
    qtest_add_func("pseries/tpm/migrate", test_migrate);
    qtest_add_func("pseries/tpm/fail-state", test_fail_state);
    qtest_add_func("pseries/tpm/firmware", test_firmware);
    qtest_add_func("pseries/tpm/refused", test_refused);
    return g_test_run();
}
