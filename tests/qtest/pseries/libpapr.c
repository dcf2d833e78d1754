/*
 * Hypercalls and RTAS calls of the pseries machine, for qtests
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "libpapr.h"
#include <libfdt.h>

#define RTAS_BLOCK (PAPR_TEST_RAM - 0x1000)

QTestState *papr_start(const char *options, ...)
{
    g_autofree char *more = NULL;
    va_list ap;

    va_start(ap, options);
    more = g_strdup_vprintf(options, ap);
    va_end(ap);
    return qtest_initf("-machine pseries -nodefaults -m 256M %s", more);
}

/* "==PID==WARNING: ASan doesn't fully support makecontext/swapcontext..." */
static char *without_sanitizer_notes(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    unsigned kept = 0;

    for (unsigned i = 0; lines[i]; i++) {
        if (g_str_has_prefix(lines[i], "==") &&
            strstr(lines[i], "==WARNING: ")) {
            g_free(lines[i]);
        } else {
            lines[kept++] = lines[i];
        }
    }
    lines[kept] = NULL;
    return g_strjoinv("\n", lines);
}

char *papr_refused(const char *options)
{
    g_autofree char *line = g_strdup_printf(
        "%s -machine pseries -accel qtest -nodefaults -display none %s",
        g_getenv("QTEST_QEMU_BINARY"), options);
    /* QEMU exits without freeing its memory: that is no leak */
    g_auto(GStrv) env = g_environ_setenv(g_get_environ(), "LSAN_OPTIONS",
                                         "detect_leaks=0", true);
    g_autofree char *text = NULL;
    g_auto(GStrv) words = NULL;
    g_autoptr(GError) err = NULL;
    int status;

    g_assert_true(g_shell_parse_argv(line, NULL, &words, &err));
    g_assert_true(g_spawn_sync(NULL, words, env, G_SPAWN_SEARCH_PATH, NULL,
                               NULL, NULL, &text, &status, &err));
    g_test_message("%s: %s", options, text);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 1);
    return without_sanitizer_notes(text);
}

void papr_refused_for(const char *options, const char *text)
{
    g_autofree char *said = papr_refused(options);

    if (!strstr(said, text) || strchr(said, '\n') != strrchr(said, '\n')) {
        g_test_message("\"%s\" is not one line about \"%s\"", said, text);
        g_assert_not_reached();
    }
}

int64_t papr_hcall_regs(QTestState *qts, unsigned cpu, uint64_t nr,
                        uint64_t regs[PAPR_HCALL_REGS])
{
    g_autoptr(GString) command = g_string_new(NULL);
    g_auto(GStrv) reply = NULL;
    uint64_t r3;

    g_string_printf(command, "hcall %u 0x%" PRIx64, cpu, nr);
    for (int i = 0; i < PAPR_HCALL_REGS; i++) {
        g_string_append_printf(command, " 0x%" PRIx64, regs[i]);
    }
    reply = qtest_machine_command(qts, command->str);

    g_assert_cmpuint(g_strv_length(reply), ==, 2 + PAPR_HCALL_REGS);
    g_assert_cmpint(qemu_strtou64(reply[1], NULL, 16, &r3), ==, 0);
    for (int i = 0; i < PAPR_HCALL_REGS; i++) {
        g_assert_cmpint(qemu_strtou64(reply[2 + i], NULL, 16, &regs[i]), ==, 0);
    }
    return r3;
}

int64_t papr_hcall_array(QTestState *qts, unsigned cpu, uint64_t nr,
                         size_t nargs, const uint64_t *args)
{
    uint64_t regs[PAPR_HCALL_REGS] = { 0 };

    g_assert_cmpuint(nargs, <=, PAPR_HCALL_REGS);
    memcpy(regs, args, nargs * sizeof(*args));
    return papr_hcall_regs(qts, cpu, nr, regs);
}

int32_t papr_rtas_array(QTestState *qts, const char *name,
                        size_t nargs, const uint32_t *args,
                        size_t nrets, uint32_t *rets)
{
    uint64_t results = RTAS_BLOCK + nargs * sizeof(uint32_t);
    g_autofree char *command = NULL;
    g_auto(GStrv) reply = NULL;
    uint64_t rc;

    for (size_t i = 0; i < nargs; i++) {
        papr_st32(qts, RTAS_BLOCK + i * sizeof(uint32_t), args[i]);
    }
    command = g_strdup_printf("rtas %s %zu 0x%" PRIx64 " %zu 0x%" PRIx64,
                              name, nargs, (uint64_t)RTAS_BLOCK, nrets,
                              results);
    reply = qtest_machine_command(qts, command);
    g_assert_nonnull(reply[1]);
    g_assert_cmpint(qemu_strtou64(reply[1], NULL, 10, &rc), ==, 0);
    if (rc != H_SUCCESS) {
        return RTAS_UNKNOWN_TOKEN;
    }
    for (size_t i = 0; rets && i < nrets; i++) {
        rets[i] = papr_ld32(qts, results + i * sizeof(uint32_t));
    }
    return papr_ld32(qts, results);
}

void papr_machine_check(QTestState *qts, unsigned cpu, bool recovered)
{
    g_autofree char *command = g_strdup_printf("machine-check %u %d", cpu,
                                               recovered);

    g_strfreev(qtest_machine_command(qts, command));
}

uint64_t papr_work(QTestState *qts)
{
    g_auto(GStrv) reply = qtest_machine_command(qts, "work");
    uint64_t units;

    g_assert_nonnull(reply[1]);
    g_assert_cmpint(qemu_strtou64(reply[1], NULL, 10, &units), ==, 0);
    return units;
}

/* Wait until the migration is in the state @wanted, or has failed */
static bool migration_gets(QTestState *qts, const char *wanted)
{
    for (;;) {
        QDict *info = qtest_qmp_assert_success_ref(
            qts, "{ 'execute': 'query-migrate' }");
        const char *status = qdict_get_try_str(info, "status");
        bool there = !g_strcmp0(status, wanted);
        bool failed = !g_strcmp0(status, "failed");

        qobject_unref(info);
        if (there || failed) {
            return there;
        }
        g_usleep(1000);
    }
}

static bool migrated(QTestState *qts)
{
    return migration_gets(qts, "completed");
}

void papr_save(QTestState *qts, const char *file)
{
    g_autofree char *uri = g_strconcat("file:", file, NULL);

    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate', 'arguments': "
                             "{ 'uri': %s } }", uri);
    g_assert_true(migrated(qts));
}

void papr_save_begin(QTestState *qts, const char *file)
{
    g_autofree char *uri = g_strconcat("file:", file, NULL);

    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate-set-capabilities', "
                             "'arguments': { 'capabilities': [ "
                             "{ 'capability': 'pause-before-switchover', "
                             "'state': true } ] } }");
    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate', 'arguments': "
                             "{ 'uri': %s } }", uri);
    g_assert_true(migration_gets(qts, "pre-switchover"));
}

void papr_save_end(QTestState *qts)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate-continue', "
                             "'arguments': { 'state': 'pre-switchover' } }");
    g_assert_true(migrated(qts));
}

void papr_save_cancel(QTestState *qts)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate_cancel' }");
    g_assert_true(migration_gets(qts, "cancelled"));
}

static void limit_bandwidth(QTestState *qts, int64_t bytes)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate-set-parameters', "
                             "'arguments': { 'max-bandwidth': %" PRId64 " } }",
                             bytes);
}

void papr_save_slowly(QTestState *qts, const char *file)
{
    g_autofree char *uri = g_strconcat("file:", file, NULL);

    limit_bandwidth(qts, 100);
    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate', 'arguments': "
                             "{ 'uri': %s } }", uri);
    g_assert_true(migration_gets(qts, "active"));
}

void papr_save_at_once(QTestState *qts)
{
    limit_bandwidth(qts, GiB);
    g_assert_true(migrated(qts));
}

bool papr_load(QTestState *qts, const char *file)
{
    g_autofree char *uri = g_strconcat("file:", file, NULL);

    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate-incoming', "
                             "'arguments': { 'uri': %s, "
                             "'exit-on-error': false } }", uri);
    return migrated(qts);
}

/* Run a block or snapshot job to its end; its error, or NULL */
static char *job_error(QTestState *qts, const char *name)
{
    g_autoptr(QDict) jobs = NULL;
    const QDict *job;
    char *error;

    for (;;) {
        QDict *event = qtest_qmp_eventwait_ref(qts, "JOB_STATUS_CHANGE");
        const char *status = qdict_get_str(qdict_get_qdict(event, "data"),
                                           "status");
        bool ended = !strcmp(status, "concluded");

        qobject_unref(event);
        if (ended) {
            break;
        }
    }
    jobs = qtest_qmp(qts, "{ 'execute': 'query-jobs' }");
    job = qobject_to(QDict, qlist_peek(qdict_get_qlist(jobs, "return")));
    error = g_strdup(qdict_get_try_str(job, "error"));
    qtest_qmp_assert_success(qts, "{ 'execute': 'job-dismiss', 'arguments': "
                             "{ 'id': %s } }", name);
    return error;
}

void papr_add_image(QTestState *qts, const char *file)
{
    g_assert_true(g_file_set_contents(file, "", 0, NULL));
    qtest_qmp_assert_success(qts, "{ 'execute': 'blockdev-add', 'arguments': "
                             "{ 'driver': 'file', 'node-name': 'file', "
                             "'filename': %s } }", file);
    qtest_qmp_assert_success(qts, "{ 'execute': 'blockdev-create', "
                             "'arguments': { 'job-id': 'j', 'options': { "
                             "'driver': 'qcow2', 'file': 'file', "
                             "'size': 1048576 } } }");
    g_assert_null(job_error(qts, "j"));
    qtest_qmp_assert_success(qts, "{ 'execute': 'blockdev-add', 'arguments': "
                             "{ 'driver': 'qcow2', 'node-name': 'image', "
                             "'file': 'file' } }");
}

char *papr_snapshot_error(QTestState *qts, const char *command,
                          const char *name)
{
    qtest_qmp_assert_success(qts, "{ 'execute': %s, 'arguments': { 'job-id': "
                             "'j', 'tag': %s, 'vmstate': 'image', 'devices': "
                             "['image'] } }", command, name);
    return job_error(qts, "j");
}

void papr_snapshot(QTestState *qts, const char *command, const char *name)
{
    g_assert_null(papr_snapshot_error(qts, command, name));
}

uint64_t papr_host_status(QTestState *qts, const char *name)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status",
                                            (int)qtest_pid(qts));
    g_autofree char *status = NULL;
    const char *line;

    g_assert_true(g_file_get_contents(path, &status, NULL, NULL));
    line = strstr(status, name);
    g_assert_nonnull(line);
    return g_ascii_strtoull(line + strlen(name), NULL, 10);
}

/* Defined if the build has AddressSanitizer */
void __asan_init(void) __attribute__((weak));

void papr_resident_is_below(QTestState *qts, uint64_t kib)
{
    if (!__asan_init) {
        g_assert_cmpuint(papr_host_status(qts, "VmRSS:"), <, kib);
    }
}

void *papr_tree(QTestState *qts)
{
    g_autofree char *name = NULL;
    char *fdt = NULL;
    size_t size = 0;
    int fd = g_file_open_tmp("papr-dt-XXXXXX", &name, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    qtest_qmp_assert_success(qts, "{ 'execute': 'dumpdtb', 'arguments':"
                             " { 'filename': %s } }", name);
    g_assert_true(g_file_get_contents(name, &fdt, &size, NULL));
    unlink(name);
    g_assert_cmpint(fdt_check_full(fdt, size), ==, 0);
    return fdt;
}

int papr_tree_node(const void *fdt, const char *path)
{
    int node = fdt_path_offset(fdt, path);

    if (node < 0) {
        g_test_message("no node %s", path);
    }
    g_assert_cmpint(node, >=, 0);
    return node;
}

static void shm_config(QTestState *qts, uint32_t addr, uint32_t value)
{
    g_assert_cmpint(papr_rtas(qts, "ibm,write-pci-config", 1, NULL, addr,
                              0x8000000, 0x20000000, 4, value), ==,
                    RTAS_SUCCESS);
}

void papr_shm_map(QTestState *qts, bool there)
{
    shm_config(qts, 4 << 11 | 0x18, (uint32_t)PAPR_SHM);
    shm_config(qts, 4 << 11 | 0x1c, PAPR_SHM >> 32);
    shm_config(qts, PAPR_SHM_COMMAND, there ? 2 : 0);
}
