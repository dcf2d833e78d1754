/*
 * A trusted platform module (TPM) for -tpmdev emulator, of the test's own
 *
 * It is of no use as a TPM: it answers each command with what the test set,
 * when the test lets it, and remembers the last one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TESTS_QTEST_PSERIES_LIBTPM_H
#define TESTS_QTEST_PSERIES_LIBTPM_H

#include "qemu/bswap.h"

typedef struct FakeTpm FakeTpm;

/** fake_tpm_new: TPM 1.2 or 2.0 (@version 1, 2); listens at fake_tpm_path() */
FakeTpm *fake_tpm_new(int version);
void fake_tpm_free(FakeTpm *tpm);
const char *fake_tpm_path(const FakeTpm *tpm);

/** fake_tpm_hold: answer no command until told to, or do */
void fake_tpm_hold(FakeTpm *tpm, bool hold);

/**
 * fake_tpm_wait - until @count commands have come, QEMU's own at its start too
 * @command: what fits of the last one
 *
 * Returns the last one's size.
 */
uint32_t fake_tpm_wait(FakeTpm *tpm, unsigned count, uint8_t *command,
                       size_t size);
unsigned fake_tpm_count(FakeTpm *tpm);

/** fake_tpm_answer: responses have @size bytes, 0x50 behind the header */
void fake_tpm_answer(FakeTpm *tpm, uint32_t size);

/** fake_tpm_lie: responses are a header, which says @size if @lies */
void fake_tpm_lie(FakeTpm *tpm, bool lies, uint32_t size);

/** fake_tpm_refuse_start: CMD_INIT fails from now on */
void fake_tpm_refuse_start(FakeTpm *tpm);

/** fake_tpm_starts: how often it was told to start */
unsigned fake_tpm_starts(FakeTpm *tpm);

#endif
