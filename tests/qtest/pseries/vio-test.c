/*
 * Virtual I/O: terminals, and the calls of the bus
 *
 * vio-nvram-test.c has nvram.  A terminal's character device is one end of a
 * socket pair; the test holds the other end, and decides when to read it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <sys/ioctl.h>
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "libpapr.h"
#include <sys/un.h>

#define REG 0x30000000u
#define IRQ 0x11f0u
#define NVRAM_REG 0x71000000u

#define NVRAM_DEFAULT 0x10000u
#define NVRAM_FILE 0x4000u

/* A reader that gets nothing for this long will get nothing any more */
#define PATIENCE_MS 20000

/* --- terminals ------------------------------------------------------------ */

typedef struct Vty {
    QTestState *qts;
    int fd;
} Vty;

static int make_pair(int *theirs)
{
    int fds[2];
    int size = 4096;

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    /* so that it is full soon */
    g_assert_cmpint(setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size,
                               sizeof(size)), ==, 0);
    /* or QEMU would hold the other end open */
    qemu_set_cloexec(fds[0]);
    *theirs = fds[1];
    return fds[0];
}

/* @socket: more options of the character device */
static Vty start_vty_on(const char *socket, const char *more)
{
    int theirs;
    Vty vty = { .fd = make_pair(&theirs) };

    vty.qts = papr_start("-machine ic-mode=xics -smp 1 "
                         "-chardev socket,id=c0,fd=%d%s "
                         "-device spapr-vty,chardev=c0,reg=0x%x %s",
                         theirs, socket, REG, more);
    close(theirs);
    return vty;
}

static Vty start_vty(const char *more)
{
    return start_vty_on("", more);
}

static void end_vty(Vty *vty)
{
    qtest_quit(vty->qts);
    close(vty->fd);
}

static int64_t put(QTestState *qts, uint64_t unit, const char *chars,
                   uint64_t len)
{
    uint8_t block[16] = {};

    memcpy(block, chars, MIN(len, sizeof(block)));
    return papr_hcall(qts, 0, H_PUT_TERM_CHAR, unit, len, ldq_be_p(block),
                      ldq_be_p(block + 8));
}

/* Get up to 16 characters in @chars; returns how many */
static unsigned get(QTestState *qts, uint64_t unit, char *chars)
{
    uint64_t regs[PAPR_HCALL_REGS] = { unit };

    g_assert_cmpint(papr_hcall_regs(qts, 0, H_GET_TERM_CHAR, regs), ==,
                    H_SUCCESS);
    g_assert_cmpuint(regs[0], <=, 16);
    stq_be_p(chars, regs[1]);
    stq_be_p(chars + 8, regs[2]);
    return regs[0];
}

/* Wait for the next batch of characters: it must be @expected */
static void batch_is(QTestState *qts, uint64_t unit, const char *expected,
                     size_t len)
{
    char chars[16];
    unsigned n;

    do {
        n = get(qts, unit, chars);
    } while (n == 0);
    g_assert_cmpmem(chars, n, expected, len);
}

/* As batch_is(), but in batches of any size */
static void stream_is(QTestState *qts, uint64_t unit, const char *expected,
                      size_t len)
{
    char chars[16];

    for (size_t n = 0, at = 0; at < len; at += n) {
        n = get(qts, unit, chars);
        g_assert_cmpuint(n, <=, len - at);
        g_assert_cmpmem(chars, n, expected + at, n);
    }
}

static void type(const Vty *vty, const char *chars, size_t len)
{
    g_assert_cmpint(write(vty->fd, chars, len), ==, len);
}

/* Read what is there, or comes within @ms; 0: nothing came, or end of file */
static size_t read_some(int fd, char *buf, size_t size, int ms)
{
    GPollFD poll = { .fd = fd, .events = G_IO_IN };
    ssize_t n;

    if (g_poll(&poll, 1, ms) <= 0) {
        return 0;
    }
    n = read(fd, buf, size);
    g_assert_cmpint(n, >=, 0);
    return n;
}

static void read_exactly(int fd, GString *into, size_t len)
{
    char buf[4096];

    while (len) {
        size_t n = read_some(fd, buf, MIN(len, sizeof(buf)), PATIENCE_MS);

        g_assert_cmpuint(n, >, 0);
        g_string_append_len(into, buf, n);
        len -= n;
    }
}

static void printed_is(int fd, const char *expected, size_t len)
{
    g_autoptr(GString) got = g_string_new(NULL);

    read_exactly(fd, got, len);
    g_assert_cmpmem(got->str, got->len, expected, len);
}

static void next_line(char line[17], unsigned n)
{
    snprintf(line, 17, "line %10u\n", n);
}

/* Print numbered lines until the answer is H_BUSY; returns how many went */
static unsigned fill(QTestState *qts)
{
    char line[17];
    unsigned n;
    int64_t rc;

    for (n = 0; n < 1000000; n++) {
        next_line(line, n);
        rc = put(qts, REG, line, 16);
        if (rc != H_SUCCESS) {
            break;
        }
    }
    g_assert_cmpint(rc, ==, H_BUSY);
    /* at least the size of the terminal's output queue */
    g_assert_cmpuint(n, >=, 64 * 1024 / 16);
    return n;
}

static void check_lines(const GString *got, unsigned lines)
{
    g_assert_cmpuint(got->len, ==, lines * 16);
    for (unsigned i = 0; i < lines; i++) {
        char line[17];

        next_line(line, i);
        g_assert_cmpmem(got->str + i * 16, 16, line, 16);
    }
}

static void test_put(void)
{
    static const char text[] = "0123456789abcdef";
    Vty vty = start_vty("");

    for (unsigned n = 0; n <= 16; n++) {
        g_assert_cmpint(put(vty.qts, REG, text, n), ==, H_SUCCESS);
        printed_is(vty.fd, text, n);
    }
    /* unit 0: the console */
    g_assert_cmpint(put(vty.qts, 0, "\0\r\n\xff", 4), ==, H_SUCCESS);
    printed_is(vty.fd, "\0\r\n\xff", 4);

    g_assert_cmpint(put(vty.qts, REG, text, 17), ==, H_PARAMETER);
    g_assert_cmpint(put(vty.qts, REG, text, UINT64_MAX), ==, H_PARAMETER);
    g_assert_cmpint(put(vty.qts, REG, text, 1ULL << 32), ==, H_PARAMETER);
    g_assert_cmpint(put(vty.qts, REG, text, 1ULL << 63), ==, H_PARAMETER);
    g_assert_cmpint(put(vty.qts, REG, "!", 1), ==, H_SUCCESS);
    printed_is(vty.fd, "!", 1);
    end_vty(&vty);
}

static void test_bad_unit(void)
{
    static const uint64_t units[] = {
        1, NVRAM_REG, REG + 1, (1ULL << 32) | REG, 1ULL << 32, UINT32_MAX,
        UINT64_MAX,
    };
    Vty vty = start_vty("");
    QTestState *qts;

    for (int i = 0; i < ARRAY_SIZE(units); i++) {
        g_assert_cmpint(put(vty.qts, units[i], "x", 1), ==, H_PARAMETER);
        g_assert_cmpint(papr_hcall(vty.qts, 0, H_GET_TERM_CHAR, units[i]), ==,
                        H_PARAMETER);
    }
    end_vty(&vty);

    /* no terminal, no console */
    qts = papr_start("-smp 1");
    g_assert_cmpint(put(qts, 0, "x", 1), ==, H_PARAMETER);
    g_assert_cmpint(papr_hcall(qts, 0, H_GET_TERM_CHAR, 0), ==, H_PARAMETER);
    qtest_quit(qts);
}

/* Input that is longer than the ring is delivered in pieces, completely */
static void comes_in_pieces(const Vty *vty)
{
    g_autoptr(GString) got = g_string_new(NULL);
    char chars[16];

    for (int i = 0; i < 100; i++) {
        char line[17];

        next_line(line, i);
        type(vty, line, 16);
    }
    while (got->len < 1600) {
        g_string_append_len(got, chars, get(vty->qts, REG, chars));
    }
    check_lines(got, 100);
    g_assert_cmpuint(get(vty->qts, REG, chars), ==, 0);
}

static void test_get(void)
{
    Vty vty = start_vty("");
    char chars[16];

    g_assert_cmpuint(get(vty.qts, REG, chars), ==, 0);
    type(&vty, "hello", 5);
    batch_is(vty.qts, REG, "hello", 5);
    type(&vty, "unit 0", 6);
    batch_is(vty.qts, 0, "unit 0", 6);

    comes_in_pieces(&vty);
    end_vty(&vty);
}

/* Wait until QEMU has read all that was typed */
static void wait_until_read(const Vty *vty)
{
    int unread;

    do {
        g_assert_cmpint(ioctl(vty->fd, TIOCOUTQ, &unread), ==, 0);
    } while (unread && (g_usleep(1000), true));
}

/*
 * A multiplexer keeps up to 32 characters until the terminal notifies it of
 * room, also after a call of the guest that found no character.
 */
static void test_get_held_back(void)
{
    Vty vty = start_vty_on(",mux=on", "");
    char chars[16];

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3; i++) {
            char line[17];

            next_line(line, i);
            type(&vty, line, 16);
        }
        wait_until_read(&vty);
        for (int i = 0; i < 3; i++) {
            char line[17];

            next_line(line, i);
            g_assert_cmpuint(get(vty.qts, REG, chars), ==, 16);
            g_assert_cmpmem(chars, 16, line, 16);
        }
        g_assert_cmpuint(get(vty.qts, REG, chars), ==, 0);
    }
    comes_in_pieces(&vty);
    end_vty(&vty);
}

/* ... and, if the monitor has the focus meanwhile, until the focus is back */
static void test_get_focus(void)
{
    Vty vty = start_vty_on(",mux=on", "-mon chardev=c0");
    const char to_next[] = "\x01" "c";
    char line[17], chars[16];

    /* give the focus to the terminal, whichever has it first */
    type(&vty, "\x01" "c", 2);
    wait_until_read(&vty);
    type(&vty, "x", 1);
    wait_until_read(&vty);
    if (!get(vty.qts, REG, chars)) {
        type(&vty, to_next, 2);
        wait_until_read(&vty);
        type(&vty, "x", 1);
        batch_is(vty.qts, REG, "x", 1);
    }
    next_line(line, 1);
    type(&vty, line, 16);
    type(&vty, line, 16);
    wait_until_read(&vty);
    type(&vty, to_next, 2);
    wait_until_read(&vty);
    g_assert_cmpuint(get(vty.qts, REG, chars), ==, 16);
    g_assert_cmpuint(get(vty.qts, REG, chars), ==, 0);
    type(&vty, to_next, 2);
    batch_is(vty.qts, REG, line, 16);
    end_vty(&vty);
}

/* Guests drop a NUL after a carriage return in a batch: no batch has these */
static void test_nul_after_cr(void)
{
    Vty vty = start_vty("");

    type(&vty, "ab\r\0cd", 6);
    batch_is(vty.qts, REG, "ab\r", 3);
    batch_is(vty.qts, REG, "\0cd", 3);
    type(&vty, "\r\0\r\0", 4);
    batch_is(vty.qts, REG, "\r", 1);
    batch_is(vty.qts, REG, "\0\r", 2);
    batch_is(vty.qts, REG, "\0", 1);
    type(&vty, "\0\r\nx", 4);
    batch_is(vty.qts, REG, "\0\r\nx", 4);
    end_vty(&vty);
}

static uint32_t poll_irq(QTestState *qts)
{
    uint64_t regs[PAPR_HCALL_REGS] = { 0 };

    g_assert_cmpint(papr_hcall_regs(qts, 0, H_IPOLL, regs), ==, H_SUCCESS);
    return regs[0] & 0xffffff;
}

static void expect_irq(QTestState *qts)
{
    uint64_t regs[PAPR_HCALL_REGS] = { 0 };

    while (!poll_irq(qts)) {
        /* QEMU may not have read the typed characters yet */
    }
    g_assert_cmpint(papr_hcall_regs(qts, 0, H_XIRR, regs), ==, H_SUCCESS);
    g_assert_cmphex(regs[0], ==, 0xff000000 | IRQ);
    g_assert_cmpint(papr_hcall(qts, 0, H_EOI, regs[0]), ==, H_SUCCESS);
}

static void test_interrupt(void)
{
    Vty vty = start_vty("");

    papr_hcall(vty.qts, 0, H_CPPR, 0xff);
    g_assert_cmpint(papr_rtas(vty.qts, "ibm,set-xive", 1, NULL, IRQ, 0, 5), ==,
                    RTAS_SUCCESS);
    g_assert_cmphex(poll_irq(vty.qts), ==, 0);
    type(&vty, "a", 1);
    expect_irq(vty.qts);
    batch_is(vty.qts, REG, "a", 1);
    /* edge triggered: one interrupt only */
    g_assert_cmphex(poll_irq(vty.qts), ==, 0);
    type(&vty, "b", 1);
    expect_irq(vty.qts);
    batch_is(vty.qts, REG, "b", 1);
    end_vty(&vty);
}

static void test_two(void)
{
    int theirs, fd = make_pair(&theirs);
    g_autofree char *more =
        g_strdup_printf("-chardev socket,id=c1,fd=%d "
                        "-device spapr-vty,chardev=c1,reg=0x1000 "
                        "-chardev null,id=c2 -device spapr-vty,chardev=c2",
                        theirs);
    Vty vty = start_vty(more);
    char chars[16];

    close(theirs);
    g_assert_cmpint(put(vty.qts, REG, "first", 5), ==, H_SUCCESS);
    g_assert_cmpint(put(vty.qts, 0x1000, "second", 6), ==, H_SUCCESS);
    /* the console is the terminal with the lowest address */
    g_assert_cmpint(put(vty.qts, 0, "!", 1), ==, H_SUCCESS);
    /*
     * Of the devices without reg= the nvram was created first; the next address
     * would have the interrupt of 0x1000, so that address is skipped.
     */
    g_assert_cmpint(put(vty.qts, NVRAM_REG + 2, "third", 5), ==, H_SUCCESS);
    printed_is(vty.fd, "first", 5);
    printed_is(fd, "second!", 7);
    type(&vty, "1", 1);
    g_assert_cmpint(write(fd, "2", 1), ==, 1);
    batch_is(vty.qts, REG, "1", 1);
    batch_is(vty.qts, 0x1000, "2", 1);
    g_assert_cmpuint(get(vty.qts, REG, chars), ==, 0);
    close(fd);
    end_vty(&vty);
}

/* While nobody reads: H_BUSY; later, every character arrives once */
static void test_back_pressure(void)
{
    Vty vty = start_vty("");
    g_autoptr(GString) got = g_string_new(NULL);
    unsigned n = fill(vty.qts);
    char line[17];

    g_assert_cmpint(put(vty.qts, REG, "never taken.....", 16), ==, H_BUSY);
    read_exactly(vty.fd, got, n * 16);
    check_lines(got, n);

    next_line(line, n);
    g_assert_cmpint(put(vty.qts, REG, line, 16), ==, H_SUCCESS);
    read_exactly(vty.fd, got, 16);
    check_lines(got, n + 1);
    end_vty(&vty);
}

/* Queued output is written while the machine is stopped, and after a reset */
static void test_stop_and_reset(void)
{
    Vty vty = start_vty("");
    g_autoptr(GString) got = g_string_new(NULL);
    unsigned n = fill(vty.qts);

    qtest_qmp_assert_success(vty.qts, "{ 'execute': 'stop' }");
    read_exactly(vty.fd, got, n * 8);
    qtest_qmp_assert_success(vty.qts, "{ 'execute': 'cont' }");
    qtest_system_reset(vty.qts);
    read_exactly(vty.fd, got, n * 8);
    check_lines(got, n);
    end_vty(&vty);
}

/* The other end is closed: output is dropped, and the guest need not wait */
static void test_hang_up(void)
{
    Vty vty = start_vty("");
    int64_t rc;

    fill(vty.qts);
    close(vty.fd);
    do {
        rc = put(vty.qts, REG, "into the void...", 16);
    } while (rc == H_BUSY);
    for (int i = 0; i < 10000; i++) {
        g_assert_cmpint(put(vty.qts, REG, "into the void...", 16), ==,
                        H_SUCCESS);
    }
    qtest_quit(vty.qts);
}

static int connect_to(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    pstrcpy(addr.sun_path, sizeof(addr.sun_path), path);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), ==,
                    0);
    return fd;
}

/* Whoever connects later sees what is printed from then on */
static void test_reconnect(void)
{
    g_autofree char *dir = g_dir_make_tmp("papr-vio-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "s", NULL);
    QTestState *qts = papr_start("-smp 1 -chardev socket,id=c0,path=%s,"
                                 "server=on,wait=off "
                                 "-device spapr-vty,chardev=c0,reg=0x%x",
                                 path, REG);

    for (int round = 0; round < 3; round++) {
        int fd;
        char c;

        for (int i = 0; i < 5000; i++) {
            int64_t rc = put(qts, REG, "0000000000000000", 16);

            /* QEMU may not have noticed yet that the last fd was closed */
            g_assert_true(rc == H_SUCCESS || (round && rc == H_BUSY));
        }
        fd = connect_to(path);
        do {
            put(qts, REG, "x", 1);
        } while (!read_some(fd, &c, 1, 1));
        fill(qts);
        close(fd);
    }
    qtest_quit(qts);
    unlink(path);
    rmdir(dir);
}

/* --- migration ------------------------------------------------------------ */

/* Each character is written by either the source or the destination */
static void test_migrate_vty(void)
{
    g_autofree char *dir = g_dir_make_tmp("papr-vio-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);
    Vty vty = start_vty("");
    g_autoptr(GString) got = g_string_new(NULL);
    char buf[4096];
    unsigned n;
    size_t len;

    papr_hcall(vty.qts, 0, H_CPPR, 0xff);
    papr_rtas(vty.qts, "ibm,set-xive", 1, NULL, IRQ, 0, 5);
    type(&vty, "typed before\r\0x", 15);
    expect_irq(vty.qts);
    n = fill(vty.qts);
    g_assert_cmpint(papr_hcall(vty.qts, 0, H_VIO_SIGNAL, REG, 1), ==,
                    H_SUCCESS);
    papr_save(vty.qts, file);
    /* the socket has room again, but the queue is the destination's now */
    while ((len = read_some(vty.fd, buf, sizeof(buf), 200))) {
        g_string_append_len(got, buf, len);
    }
    g_assert_cmpuint(got->len, <=, n * 16 - 60 * 1024);
    end_vty(&vty);

    vty = start_vty("-incoming defer");
    type(&vty, "typed too early", 15);
    for (int i = 0; i < 3; i++) {       /* let the main loop poll the socket */
        qtest_qmp_assert_success(vty.qts, "{ 'execute': 'query-status' }");
    }
    g_assert_true(papr_load(vty.qts, file));
    batch_is(vty.qts, REG, "typed before\r", 13);
    stream_is(vty.qts, REG, "\0xtyped too early", 17);
    read_exactly(vty.fd, got, n * 16 - got->len);
    check_lines(got, n);
    g_assert_cmpint(put(vty.qts, REG, "after", 5), ==, H_SUCCESS);
    printed_is(vty.fd, "after", 5);
    end_vty(&vty);
    unlink(file);
    rmdir(dir);
}

/* Wait for the end of job @id, without an error, and dismiss the job */
static void wait_job(QTestState *qts, const char *id)
{
    for (;;) {
        QDict *reply = qtest_qmp(qts, "{ 'execute': 'query-jobs' }");
        QList *jobs = qdict_get_qlist(reply, "return");
        QDict *job = qobject_to(QDict, qlist_peek(jobs));
        bool over = !strcmp(qdict_get_str(job, "status"), "concluded");

        g_assert_cmpstr(qdict_get_str(job, "id"), ==, id);
        if (over) {
            g_assert_null(qdict_get_try_str(job, "error"));
        }
        qobject_unref(reply);
        if (over) {
            break;
        }
        g_usleep(1000);
    }
    qtest_qmp_assert_success(qts, "{ 'execute': 'job-dismiss', 'arguments': "
                             "{ 'id': %s } }", id);
}

static void add_snapshot_disk(QTestState *qts, const char *file)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'blockdev-create', 'arguments':"
                             " { 'job-id': 'j', 'options': { 'driver': 'file',"
                             " 'filename': %s, 'size': 0 } } }", file);
    wait_job(qts, "j");
    qtest_qmp_assert_success(qts, "{ 'execute': 'blockdev-add', 'arguments':"
                             " { 'driver': 'file', 'node-name': 'f',"
                             " 'filename': %s } }", file);
    qtest_qmp_assert_success(qts, "{ 'execute': 'blockdev-create', 'arguments':"
                             " { 'job-id': 'j', 'options': { 'driver': 'qcow2',"
                             " 'file': 'f', 'size': 1048576 } } }");
    wait_job(qts, "j");
    qtest_qmp_assert_success(qts, "{ 'execute': 'blockdev-add', 'arguments':"
                             " { 'driver': 'qcow2', 'node-name': 'snap',"
                             " 'file': 'f' } }");
}

static void snapshot(QTestState *qts, const char *command)
{
    qtest_qmp_assert_success(qts, "{ 'execute': %s, 'arguments': "
                             "{ 'job-id': 'j', 'tag': 't', 'vmstate': 'snap', "
                             "'devices': [ 'snap' ] } }", command);
    wait_job(qts, "j");
}

/* When a snapshot is loaded, output that was queued before is dropped */
static void test_snapshot_vty(void)
{
    g_autofree char *dir = g_dir_make_tmp("papr-vio-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "disk", NULL);
    g_autoptr(GString) got = g_string_new(NULL);
    Vty vty = start_vty("");
    char buf[4096];
    unsigned n;
    size_t len;

    add_snapshot_disk(vty.qts, file);
    snapshot(vty.qts, "snapshot-save");
    n = fill(vty.qts);
    type(&vty, "0123456789abcdef", 16);
    snapshot(vty.qts, "snapshot-load");
    g_assert_cmpint(put(vty.qts, REG, "after", 5), ==, H_SUCCESS);
    while (got->len < 5 || strcmp(got->str + got->len - 5, "after")) {
        len = read_some(vty.fd, buf, sizeof(buf), 20000);
        g_assert_cmpuint(len, >, 0);
        g_string_append_len(got, buf, len);
    }
    /* dropped: all that the socket had no room for */
    g_assert_cmpuint(got->len, <=, n * 16 - 60 * 1024);
    end_vty(&vty);
    unlink(file);
    rmdir(dir);
}

/* --- the bus -------------------------------------------------------------- */

static void test_signal(void)
{
    static const uint64_t modes[] = { 2, 3, 1ULL << 32, 1ULL << 63 };
    Vty vty = start_vty("");

    g_assert_cmpint(papr_hcall(vty.qts, 0, H_VIO_SIGNAL, REG, 0), ==,
                    H_SUCCESS);
    g_assert_cmpint(papr_hcall(vty.qts, 0, H_VIO_SIGNAL, REG, 1), ==,
                    H_SUCCESS);
    for (int i = 0; i < ARRAY_SIZE(modes); i++) {
        g_assert_cmpint(papr_hcall(vty.qts, 0, H_VIO_SIGNAL, REG, modes[i]),
                        ==, H_PARAMETER);
    }
    /* the nvram has no interrupt that could be on */
    g_assert_cmpint(papr_hcall(vty.qts, 0, H_VIO_SIGNAL, NVRAM_REG, 1), ==,
                    H_PARAMETER);
    g_assert_cmpint(papr_hcall(vty.qts, 0, H_VIO_SIGNAL, REG + 1, 0), ==,
                    H_PARAMETER);
    g_assert_cmpint(papr_hcall(vty.qts, 0, H_VIO_SIGNAL, 0, 0), ==,
                    H_PARAMETER);
    g_assert_cmpint(papr_rtas(vty.qts, "quiesce", 1, NULL), ==, RTAS_SUCCESS);
    end_vty(&vty);
}

/* QEMU ends with an error that has @words in it */
static void fails_with(const char *options, const char *words)
{
    g_autofree char *errors = papr_refused(options);

    g_assert_nonnull(strstr(errors, words));
}

static void test_bad_options(void)
{
    g_autofree char *dir = g_dir_make_tmp("papr-vio-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "nvram", NULL);
    g_autofree char *drive =
        g_strdup_printf("-drive if=pflash,format=raw,file=%s", file);
    g_autofree char *read_only = g_strconcat(drive, ",readonly=on", NULL);
    g_autofree char *zeros = g_malloc0(4096);

    fails_with("-device spapr-vty", "chardev property not set");
    fails_with("-chardev null,id=a -chardev null,id=b "
               "-device spapr-vty,chardev=a,reg=0x1000 "
               "-device spapr-vty,chardev=b,reg=0x1000",
               "conflict at address 0x1000");
    fails_with("-chardev null,id=a -chardev null,id=b "
               "-device spapr-vty,chardev=a,reg=0x1000 "
               "-device spapr-vty,chardev=b,reg=0x1001", "another reg=");
    fails_with("-device spapr-nvram", "spapr-nvram");

    g_assert_true(g_file_set_contents(file, zeros, 4096, NULL));
    fails_with(drive, "must be between 8192 and 1048576");
    g_assert_cmpint(truncate(file, 0x100200), ==, 0);
    fails_with(drive, "must be between 8192 and 1048576");
    g_assert_cmpint(truncate(file, NVRAM_FILE), ==, 0);
    fails_with(read_only, "read");
    unlink(file);
    rmdir(dir);
}

static void test_no_hotplug(void)
{
    Vty vty = start_vty("-chardev null,id=c1");
    QDict *rsp;

    rsp = qtest_qmp(vty.qts, "{ 'execute': 'device_add', 'arguments': "
                    "{ 'driver': 'spapr-vty', 'chardev': 'c1' } }");
    g_assert_true(qdict_haskey(rsp, "error"));
    qobject_unref(rsp);
    rsp = qtest_qmp(vty.qts, "{ 'execute': 'device_del', 'arguments': "
                    "{ 'id': 'vty@30000000' } }");
    g_assert_true(qdict_haskey(rsp, "error"));
    qobject_unref(rsp);
    g_assert_cmpint(put(vty.qts, REG, "there", 5), ==, H_SUCCESS);
    printed_is(vty.fd, "there", 5);
    end_vty(&vty);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("pseries/vio/vty/put", test_put);
    qtest_add_func("pseries/vio/vty/bad-unit", test_bad_unit);
    qtest_add_func("pseries/vio/vty/get", test_get);
    qtest_add_func("pseries/vio/vty/get-held-back", test_get_held_back);
    qtest_add_func("pseries/vio/vty/get-focus", test_get_focus);
    qtest_add_func("pseries/vio/vty/nul-after-cr", test_nul_after_cr);
    qtest_add_func("pseries/vio/vty/interrupt", test_interrupt);
    qtest_add_func("pseries/vio/vty/two", test_two);
    qtest_add_func("pseries/vio/vty/back-pressure", test_back_pressure);
    qtest_add_func("pseries/vio/vty/stop-and-reset", test_stop_and_reset);
    qtest_add_func("pseries/vio/vty/hang-up", test_hang_up);
    qtest_add_func("pseries/vio/vty/reconnect", test_reconnect);
    qtest_add_func("pseries/vio/vty/migrate", test_migrate_vty);
    qtest_add_func("pseries/vio/vty/snapshot", test_snapshot_vty);
    qtest_add_func("pseries/vio/signal", test_signal);
    qtest_add_func("pseries/vio/bad-options", test_bad_options);
    qtest_add_func("pseries/vio/no-hotplug", test_no_hotplug);
    return g_test_run();
}
