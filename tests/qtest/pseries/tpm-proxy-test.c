/*
 * The proxy to a TPM of the host (H_TPM_COMM), and secure guests (pef-guest)
 *
 * The TPM is a pseudoterminal: what the test writes to its other end is the
 * answer to the next command.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <poll.h>
#include <pty.h>
#include <termios.h>
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qobject/qdict.h"
#include "libpapr.h"

#define EXECUTE 1
#define CLOSE   2

#define IN  PAPR_TEST_RAM
#define OUT (PAPR_TEST_RAM + 0x2000)
#define ROOM 4096
#define END (256 * MiB)

typedef struct Tpm {
    QTestState *qts;
    int other_end;
    char path[64];
} Tpm;

static Tpm start(void)
{
    Tpm tpm;
    struct termios raw;
    int slave;

    memset(&raw, 0, sizeof(raw));
    raw.c_cc[VMIN] = 1;
    raw.c_cflag = CS8 | CREAD;
    g_assert_cmpint(openpty(&tpm.other_end, &slave, tpm.path, &raw, NULL), ==,
                    0);
    close(slave);
    qemu_set_cloexec(tpm.other_end);
    tpm.qts = papr_start("-device spapr-tpm-proxy,id=p,host-path=%s", tpm.path);
    return tpm;
}

static void stop(Tpm *tpm)
{
    qtest_quit(tpm->qts);
    close(tpm->other_end);
}

static bool is_open(Tpm *tpm)
{
    struct pollfd fd = { .fd = tpm->other_end };

    g_assert_cmpint(poll(&fd, 1, 0), >=, 0);
    return !(fd.revents & POLLHUP);
}

static int64_t execute(QTestState *qts, uint64_t in, uint64_t size,
                       uint64_t out, uint64_t room)
{
    return papr_hcall(qts, 0, H_TPM_COMM, EXECUTE, in, size, out, room);
}

static void run(Tpm *tpm, size_t size, size_t answer_size, uint64_t room)
{
    uint64_t regs[PAPR_HCALL_REGS] = { EXECUTE, IN, size, OUT, room };
    g_autofree char *command = g_malloc(size);
    g_autofree char *answer = g_malloc(answer_size);
    g_autofree char *got = g_malloc(MAX(size, answer_size) + 1);

    memset(command, 0x21, size);
    memset(answer, 0x42, answer_size);
    qtest_memwrite(tpm->qts, IN, command, size);
    qtest_memset(tpm->qts, OUT, 0, ROOM + 1);
    g_assert_cmpint(write(tpm->other_end, answer, answer_size), ==,
                    answer_size);
    g_assert_cmpint(papr_hcall_regs(tpm->qts, 0, H_TPM_COMM, regs), ==,
                    H_SUCCESS);
    g_assert_cmpuint(regs[0], ==, answer_size);
    g_assert_cmpint(read(tpm->other_end, got, size + 1), ==, size);
    g_assert_cmpmem(got, size, command, size);
    qtest_memread(tpm->qts, OUT, got, answer_size + 1);
    g_assert_cmpmem(got, answer_size, answer, answer_size);
    g_assert_cmpint(got[answer_size], ==, 0);
}

static void test_execute(void)
{
    Tpm tpm = start();

    run(&tpm, 1, 10, ROOM);
    run(&tpm, 22, 33, UINT64_MAX);
    run(&tpm, 2048, 1000, ROOM);
    g_assert_true(is_open(&tpm));
    stop(&tpm);
}

/* The TPM is open from the first command until CLOSE, a reset or an unplug */
static void test_session(void)
{
    Tpm tpm = start();
    QTestState *qts = tpm.qts;

    /* the other end sees no close before the first open */
    run(&tpm, 1, 10, ROOM);
    g_assert_true(is_open(&tpm));
    g_assert_cmpint(papr_hcall(qts, 0, H_TPM_COMM, CLOSE), ==, H_SUCCESS);
    g_assert_false(is_open(&tpm));
    g_assert_cmpint(papr_hcall(qts, 0, H_TPM_COMM, CLOSE), ==, H_SUCCESS);
    run(&tpm, 1, 10, ROOM);
    qtest_system_reset(qts);
    g_assert_false(is_open(&tpm));
    run(&tpm, 1, 10, ROOM);
    qtest_qmp_assert_success(qts, "{ 'execute': 'device_del', "
                             "'arguments': { 'id': 'p' } }");
    qtest_qmp_eventwait(qts, "DEVICE_DELETED");
    g_assert_false(is_open(&tpm));
    stop(&tpm);
}

static void test_bad(void)
{
    static const uint64_t operations[] = { 0, 3, 1ull << 32 | 1, UINT64_MAX };
    static const struct {
        uint64_t in, size, out, room;
        int64_t rc;
    } bad[] = {
        { IN, 0, OUT, ROOM, H_P3 },
        { IN, ROOM + 1, OUT, ROOM, H_P3 },
        { IN, 1ull << 32 | 10, OUT, ROOM, H_P3 },
        { IN, UINT64_MAX, OUT, ROOM, H_P3 },
        { IN, 10, OUT, ROOM - 1, H_P5 },
        { IN, 10, OUT, 0, H_P5 },
        { END, 10, OUT, ROOM, H_P2 },
        { END - 9, 10, OUT, ROOM, H_P2 },
        { UINT64_MAX - 4, 10, OUT, ROOM, H_P2 },
        { 0x200000000000ull, 10, OUT, ROOM, H_P2 },
        { IN, 10, END, ROOM, H_P4 },
        { IN, 10, END - ROOM + 1, ROOM, H_P4 },
        { IN, 10, UINT64_MAX - 4, ROOM, H_P4 },
    };
    Tpm tpm = start();

    for (int i = 0; i < ARRAY_SIZE(operations); i++) {
        g_assert_cmpint(papr_hcall(tpm.qts, 0, H_TPM_COMM, operations[i], IN,
                                   10, OUT, ROOM), ==, H_PARAMETER);
    }
    for (int i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_cmpint(execute(tpm.qts, bad[i].in, bad[i].size, bad[i].out,
                                bad[i].room), ==, bad[i].rc);
    }
    run(&tpm, 10, 10, ROOM);
    stop(&tpm);
}

/* host-path= names a file that does not exist, or that is no TPM */
static void test_host_fails(void)
{
    QTestState *qts = papr_start("-device spapr-tpm-proxy,id=p,"
                                 "host-path=/nonexistent/tpm");

    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(execute(qts, IN, 10, OUT, ROOM), ==, H_RESOURCE);
    }
    g_assert_cmpint(papr_hcall(qts, 0, H_TPM_COMM, CLOSE), ==, H_SUCCESS);
    qtest_quit(qts);

    /* accepts all commands, and never answers */
    qts = papr_start("-device spapr-tpm-proxy,host-path=/dev/null");
    g_assert_cmpint(execute(qts, IN, 10, OUT, ROOM), ==, H_RESOURCE);
    qtest_quit(qts);

    qts = papr_start("-device spapr-tpm-proxy,host-path=/dev/full");
    g_assert_cmpint(execute(qts, IN, 10, OUT, ROOM), ==, H_RESOURCE);
    qtest_quit(qts);
}

static char *why_not_added(QTestState *qts, const char *path)
{
    QDict *reply = qtest_qmp(qts, "{ 'execute': 'device_add', 'arguments': "
                             "{ 'driver': 'spapr-tpm-proxy', 'id': 'q', "
                             "'host-path': %s } }", path);
    char *why = NULL;

    if (qdict_haskey(reply, "error")) {
        why = g_strdup(qdict_get_str(qdict_get_qdict(reply, "error"), "desc"));
    }
    qobject_unref(reply);
    return why;
}

static void test_plug(void)
{
    QTestState *qts = papr_start("%s", "");
    g_autofree char *said = papr_refused("-device spapr-tpm-proxy");
    g_autofree char *why = NULL;

    g_assert_nonnull(strstr(said, "must specify 'host-path' option"));
    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(execute(qts, IN, 10, OUT, ROOM), ==, H_FUNCTION);
        g_assert_cmpint(papr_hcall(qts, 0, H_TPM_COMM, CLOSE), ==, H_FUNCTION);
        g_assert_null(why_not_added(qts, "/dev/null"));
        g_assert_cmpint(papr_hcall(qts, 0, H_TPM_COMM, CLOSE), ==, H_SUCCESS);
        why = why_not_added(qts, "/dev/null");
        g_assert_nonnull(why);
        g_clear_pointer(&why, g_free);
        qtest_qmp_assert_success(qts, "{ 'execute': 'device_del', "
                                 "'arguments': { 'id': 'q' } }");
        qtest_qmp_eventwait(qts, "DEVICE_DELETED");
    }
    qtest_quit(qts);

    g_free(said);
    said = papr_refused("-device spapr-tpm-proxy,host-path=/dev/null "
                        "-device spapr-tpm-proxy,host-path=/dev/zero");
    g_assert_nonnull(strstr(said, "Only one TPM proxy can be specified"));
}

/* The protected execution facility (PEF) needs an ultravisor: none with TCG */
static void test_pef(void)
{
    QTestState *qts = papr_start("-object pef-guest,id=pef0");
    g_autofree char *said = NULL;
    QDict *reply;

    /* an object that the machine does not use blocks no migration */
    reply = qtest_qmp(qts, "{ 'execute': 'query-migrate' }");
    g_assert_false(qdict_haskey(qdict_get_qdict(reply, "return"),
                                "blocked-reasons"));
    qobject_unref(reply);
    qtest_quit(qts);

    said = papr_refused("-object pef-guest,id=pef0 "
                        "-machine confidential-guest-support=pef0");
    g_assert_nonnull(strstr(said, "PEF requires KVM"));
    g_free(said);
    said = papr_refused("-machine confidential-guest-support=nothing");
    g_assert_nonnull(strstr(said, "nothing"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    qtest_add_func("pseries/tpm-proxy/execute", test_execute);
    qtest_add_func("pseries/tpm-proxy/session", test_session);
    qtest_add_func("pseries/tpm-proxy/bad", test_bad);
    qtest_add_func("pseries/tpm-proxy/host-fails", test_host_fails);
    qtest_add_func("pseries/tpm-proxy/plug", test_plug);
    qtest_add_func("pseries/pef/guest", test_pef);
    return g_test_run();
}
