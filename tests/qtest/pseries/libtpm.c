/*
 * A trusted platform module (TPM) for -tpmdev emulator, of the test's own
 *
 * Two threads: one for the control channel, a socket to which QEMU connects,
 * one for the data channel, whose socket QEMU sends over the control channel.
 * Each ends when QEMU closes its channel.  Formats: backends/tpm/tpm_ioctl.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <sys/un.h>
#include "backends/tpm/tpm_ioctl.h"
#include "libtpm.h"

#define HEADER_BYTES 10
#define COMMAND_MAX 4096
#define PATIENCE_S 60

struct FakeTpm {
    int version;
    char *dir, *path;
    int listener;
    GThread *control, *data;

    GMutex lock;                        /* for all below */
    GCond changed;
    bool hold;
    bool refuse_start;
    unsigned starts;
    unsigned count;
    uint32_t answer_size;
    bool lies;                          /* the header says another size */
    uint32_t lie;
    uint32_t size;                      /* of the last command */
    uint8_t command[COMMAND_MAX];
    int data_fd;
};

static bool read_all(int fd, void *buf, size_t size)
{
    for (size_t done = 0; done < size; ) {
        ssize_t n = read(fd, (uint8_t *)buf + done, size - done);

        if (n <= 0) {
            return false;
        }
        done += n;
    }
    return true;
}

static void write_all(int fd, const void *buf, size_t size)
{
    /* QEMU may have exited */
    G_GNUC_UNUSED ssize_t n = send(fd, buf, size, MSG_NOSIGNAL);
}

static void answer(FakeTpm *tpm)
{
    uint32_t size = MAX(tpm->answer_size, HEADER_BYTES);
    g_autofree uint8_t *response = g_malloc(size);

    memset(response, 0x50, size);
    stw_be_p(response, tpm->version == 1 ? 0xc4 : 0x8001);
    stl_be_p(response + 2, size);
    stl_be_p(response + 6, 0);
    if (tpm->lies) {
        stl_be_p(response + 2, tpm->lie);
        size = HEADER_BYTES;
    }
    write_all(tpm->data_fd, response, size);
}

static gpointer serve_data(gpointer opaque)
{
    FakeTpm *tpm = opaque;
    uint8_t command[COMMAND_MAX];

    while (read_all(tpm->data_fd, command, HEADER_BYTES)) {
        uint32_t size = ldl_be_p(command + 2);

        /* with a size out of bounds both sides would wait for each other */
        g_assert_cmpuint(size, >=, HEADER_BYTES);
        g_assert_cmpuint(size, <=, COMMAND_MAX);
        if (!read_all(tpm->data_fd, command + HEADER_BYTES,
                      size - HEADER_BYTES)) {
            break;
        }
        g_mutex_lock(&tpm->lock);
        memcpy(tpm->command, command, size);
        tpm->size = size;
        tpm->count++;
        g_cond_broadcast(&tpm->changed);
        while (tpm->hold) {
            g_cond_wait(&tpm->changed, &tpm->lock);
        }
        answer(tpm);
        g_mutex_unlock(&tpm->lock);
    }
    close(tpm->data_fd);
    return NULL;
}

/* The next word of the control channel, and the socket that may come with it */
static bool next_command(FakeTpm *tpm, int fd, uint32_t *command)
{
    char space[CMSG_SPACE(sizeof(int))];
    struct iovec iov = { .iov_base = command, .iov_len = sizeof(*command) };
    struct msghdr msg = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = space,
        .msg_controllen = sizeof(space),
    };
    struct cmsghdr *head;

    if (recvmsg(fd, &msg, 0) != sizeof(*command)) {
        return false;
    }
    *command = be32_to_cpu(*command);
    head = CMSG_FIRSTHDR(&msg);
    if (head && head->cmsg_type == SCM_RIGHTS) {
        memcpy(&tpm->data_fd, CMSG_DATA(head), sizeof(int));
        tpm->data = g_thread_new("data", serve_data, tpm);
    }
    return true;
}

static uint32_t start_result(FakeTpm *tpm)
{
    uint32_t result;

    g_mutex_lock(&tpm->lock);
    result = tpm->refuse_start ? cpu_to_be32(9) : 0;
    tpm->starts++;
    g_mutex_unlock(&tpm->lock);
    return result;
}

static gpointer serve_control(gpointer opaque)
{
    FakeTpm *tpm = opaque;
    int fd = accept(tpm->listener, NULL, NULL);
    uint32_t command, result, words[4];
    uint8_t skipped[sizeof(ptm_getstate)];

    while (next_command(tpm, fd, &command)) {
        switch (command) {
        case CMD_GET_CAPABILITY:
            words[0] = 0;
            words[1] = cpu_to_be32(0x3fff);
            write_all(fd, words, 8);
            break;
        case CMD_INIT:
            read_all(fd, skipped, sizeof(uint32_t));
            result = start_result(tpm);
            write_all(fd, &result, 4);
            break;
        case CMD_SET_BUFFERSIZE:
            read_all(fd, skipped, sizeof(uint32_t));
            words[0] = 0;
            words[1] = cpu_to_be32(COMMAND_MAX);
            words[2] = cpu_to_be32(128);
            words[3] = cpu_to_be32(COMMAND_MAX);
            write_all(fd, words, 16);
            break;
        case CMD_SET_LOCALITY:
            read_all(fd, skipped, sizeof(ptm_loc));
            words[0] = 0;
            write_all(fd, words, sizeof(ptm_loc));
            break;
        case CMD_GET_STATEBLOB:
            read_all(fd, skipped, 12);
            memset(words, 0, sizeof(words));
            write_all(fd, words, 16);
            break;
        default:                        /* CMD_STOP, CMD_SET_DATAFD, ... */
            result = 0;
            write_all(fd, &result, 4);
        }
    }
    close(fd);
    return NULL;
}

FakeTpm *fake_tpm_new(int version)
{
    FakeTpm *tpm = g_new0(FakeTpm, 1);
    struct sockaddr_un addr = { .sun_family = AF_UNIX };

    tpm->version = version;
    tpm->dir = g_dir_make_tmp("papr-tpm-XXXXXX", NULL);
    tpm->path = g_build_filename(tpm->dir, "socket", NULL);
    g_assert_cmpuint(g_strlcpy(addr.sun_path, tpm->path,
                               sizeof(addr.sun_path)), <,
                     sizeof(addr.sun_path));
    tpm->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(tpm->listener, (struct sockaddr *)&addr,
                         sizeof(addr)), ==, 0);
    g_assert_cmpint(listen(tpm->listener, 1), ==, 0);
    tpm->control = g_thread_new("control", serve_control, tpm);
    return tpm;
}

void fake_tpm_free(FakeTpm *tpm)
{
    fake_tpm_hold(tpm, false);
    /* QEMU may have ended before it connected */
    shutdown(tpm->listener, SHUT_RDWR);
    g_thread_join(tpm->control);
    if (tpm->data) {
        g_thread_join(tpm->data);
    }
    close(tpm->listener);
    unlink(tpm->path);
    rmdir(tpm->dir);
    g_free(tpm->path);
    g_free(tpm->dir);
    g_free(tpm);
}

const char *fake_tpm_path(const FakeTpm *tpm)
{
    return tpm->path;
}

void fake_tpm_hold(FakeTpm *tpm, bool hold)
{
    g_mutex_lock(&tpm->lock);
    tpm->hold = hold;
    g_cond_broadcast(&tpm->changed);
    g_mutex_unlock(&tpm->lock);
}

uint32_t fake_tpm_wait(FakeTpm *tpm, unsigned count, uint8_t *command,
                       size_t size)
{
    gint64 end = g_get_monotonic_time() + PATIENCE_S * G_TIME_SPAN_SECOND;
    uint32_t len;

    g_mutex_lock(&tpm->lock);
    while (tpm->count < count) {
        if (!g_cond_wait_until(&tpm->changed, &tpm->lock, end)) {
            g_error("%u commands of %u", tpm->count, count);
        }
    }
    len = tpm->size;
    memcpy(command, tpm->command, MIN(len, size));
    g_mutex_unlock(&tpm->lock);
    return len;
}

unsigned fake_tpm_count(FakeTpm *tpm)
{
    unsigned count;

    g_mutex_lock(&tpm->lock);
    count = tpm->count;
    g_mutex_unlock(&tpm->lock);
    return count;
}

unsigned fake_tpm_starts(FakeTpm *tpm)
{
    unsigned starts;

    g_mutex_lock(&tpm->lock);
    starts = tpm->starts;
    g_mutex_unlock(&tpm->lock);
    return starts;
}

void fake_tpm_answer(FakeTpm *tpm, uint32_t size)
{
    g_mutex_lock(&tpm->lock);
    tpm->answer_size = size;
    g_mutex_unlock(&tpm->lock);
}

void fake_tpm_lie(FakeTpm *tpm, bool lies, uint32_t size)
{
    g_mutex_lock(&tpm->lock);
    tpm->lies = lies;
    tpm->lie = size;
    g_mutex_unlock(&tpm->lock);
}

void fake_tpm_refuse_start(FakeTpm *tpm)
{
    g_mutex_lock(&tpm->lock);
    tpm->refuse_start = true;
    g_mutex_unlock(&tpm->lock);
}
