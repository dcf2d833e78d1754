/*
 * Replay inputs of the fuzzer, without it: pseries-fuzz-replay TARGET INPUT...
 *
 * An INPUT is a file, a directory of files, random:SEED:N for N inputs made of
 * SEED, always the same, or threads:SEED:N for N calls of each vCPU in a thread
 * of its own (threads.c).  Each is a line of the test protocol (TAP).  The
 * run fails as the fuzzer does: an abort, a sanitizer's report, or a limit of
 * machine.c that is passed end the program.
 *
 * Takes the place of QEMU's fuzzing driver (tests/qtest/fuzz/fuzz.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/module.h"
#include "system/system.h"
#include <wordexp.h>
#include "fuzz.h"

#define MAX_TARGETS   8
#define RANDOM_RECORDS 400

int (*qemu_main)(void);

static FuzzTarget targets[MAX_TARGETS];
static unsigned n_targets;
static unsigned n_inputs;

void fuzz_add_target(const FuzzTarget *target)
{
    assert(n_targets < MAX_TARGETS);
    targets[n_targets++] = *target;
}

static FuzzTarget *find_target(const char *name)
{
    for (unsigned i = 0; i < n_targets; i++) {
        if (!strcmp(targets[i].name, name)) {
            return &targets[i];
        }
    }
    return NULL;
}

static void replay(FuzzTarget *target, const char *name, const void *data,
                   size_t size)
{
    uint64_t before = fuzz_calls;

    target->fuzz(NULL, data, size);
    printf("ok %u %s # %" PRIu64 " calls\n", ++n_inputs, name,
           fuzz_calls - before);
    fflush(stdout);
}

static bool replay_file(FuzzTarget *target, const char *path)
{
    g_autofree char *data = NULL;
    g_autofree char *name = g_path_get_basename(path);
    gsize size;

    if (!g_file_get_contents(path, &data, &size, NULL)) {
        return false;
    }
    replay(target, name, data, size);
    return true;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char **)a, *(char **)b);
}

static bool replay_directory(FuzzTarget *target, const char *path)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;
    bool ok = dir;

    while (ok && (name = g_dir_read_name(dir))) {
        g_ptr_array_add(names, g_build_filename(path, name, NULL));
    }
    g_ptr_array_sort(names, by_name);
    for (unsigned i = 0; ok && i < names->len; i++) {
        ok = replay_file(target, names->pdata[i]);
    }
    if (dir) {
        g_dir_close(dir);
    }
    return ok && names->len;
}

static bool two_numbers(const char *text, unsigned *seed, unsigned *n)
{
    const char *end;

    return !qemu_strtoui(text, &end, 10, seed) && *end == ':' &&
           !qemu_strtoui(end + 1, NULL, 10, n);
}

static bool replay_threads(const char *numbers)
{
    unsigned seed, n;

    if (!two_numbers(numbers, &seed, &n)) {
        return false;
    }
    fuzz_threads(seed, n);
    printf("ok %u threads:%s\n", ++n_inputs, numbers);
    return true;
}

static bool replay_random(FuzzTarget *target, const char *numbers)
{
    unsigned seed, n;

    if (!two_numbers(numbers, &seed, &n)) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        g_autofree char *name = g_strdup_printf("random:%u", seed + i);
        g_autofree uint8_t *data = g_malloc(RANDOM_RECORDS * FUZZ_RECORD);
        GRand *rand = g_rand_new_with_seed(seed + i);

        for (size_t b = 0; b < RANDOM_RECORDS * FUZZ_RECORD; b++) {
            data[b] = g_rand_int(rand) >> 16;
        }
        g_rand_free(rand);
        replay(target, name, data, RANDOM_RECORDS * FUZZ_RECORD);
    }
    return true;
}

static bool replay_any(FuzzTarget *target, const char *input)
{
    const char *numbers;

    if (strstart(input, "random:", &numbers)) {
        return replay_random(target, numbers);
    }
    if (strstart(input, "threads:", &numbers)) {
        return replay_threads(numbers);
    }
    return g_file_test(input, G_FILE_TEST_IS_DIR)
           ? replay_directory(target, input) : replay_file(target, input);
}

static void start(FuzzTarget *target, char *argv0)
{
    GString *line = target->get_init_cmdline(target);
    wordexp_t words;

    qemu_init_exec_dir(argv0);
    wordexp(line->str, &words, 0);
    g_string_free(line, true);
    qemu_init(words.we_wordc, words.we_wordv);
}

int main(int argc, char **argv)
{
    FuzzTarget *target;

    module_call_init(MODULE_INIT_FUZZ_TARGET);
    target = argc > 2 ? find_target(argv[1]) : NULL;
    if (!target) {
        fprintf(stderr, "usage: %s TARGET INPUT...\n", argv[0]);
        return EXIT_FAILURE;
    }
    start(target, argv[0]);
    for (int i = 2; i < argc; i++) {
        if (!replay_any(target, argv[i])) {
            fprintf(stderr, "%s: not an input: %s\n", argv[0], argv[i]);
            return EXIT_FAILURE;
        }
    }
    printf("1..%u\n", n_inputs);
    return EXIT_SUCCESS;
}
