/*
 * A trusted platform module (TPM) for -tpmdev emulator, of the test's own
 *
 * It does nothing that a TPM does: it answers each command with the response
 * that the test has set, at once or when the test says so, and stores the last
 * command.
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

/** fake_tpm_hold: if @hold, answer no command until called with false */
void fake_tpm_hold(FakeTpm *tpm, bool hold);

/**
 * fake_tpm_wait - wait until @count commands have arrived
 * @count: includes the commands that QEMU itself sends when it starts
 * @command: gets the first @size bytes of the last command
 *
 * Returns the last command's size.
 */
uint32_t fake_tpm_wait(FakeTpm *tpm, unsigned count, uint8_t *command,
                       size_t size);
unsigned fake_tpm_count(FakeTpm *tpm);

/** fake_tpm_answer: responses have @size bytes, 0x50 after the header */
void fake_tpm_answer(FakeTpm *tpm, uint32_t size);

/** fake_tpm_lie: if @lies, responses are only a header, with size @size */
void fake_tpm_lie(FakeTpm *tpm, bool lies, uint32_t size);

/** fake_tpm_refuse_start: CMD_INIT fails from now on */
void fake_tpm_refuse_start(FakeTpm *tpm);

/** fake_tpm_starts: how many CMD_INIT have arrived */
unsigned fake_tpm_starts(FakeTpm *tpm);

#endif
