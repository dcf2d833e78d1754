# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of unittest in the Test Anything Protocol (TAP), for QEMU's functional tests.

Their framework (tests/functional/qemu_test) imports the package pycotap.  Debian does not
have it, and its source of QEMU has no copy, so configure links this module in its place
into the build directory's Python.  It has what the framework uses, and only that.
"""

import contextlib
import enum
import sys
import unittest


class LogMode(enum.Enum):
    """Where messages and output of tests go."""
    LogToError = 'stderr'       # pylint: disable=invalid-name


class TAPTestResult(unittest.TestResult):
    """One TAP point for each test, printed on STREAM when it has ended."""

    def __init__(self, stream):
        super().__init__()
        self.out = stream
        self.points = 0
        self.result = None      # (passed, note) of the test that runs

    def point(self, test, passed, note=''):
        self.points += 1
        line = f'{"ok" if passed else "not ok"} {self.points} {test.id()}'
        if note:
            line += f' # SKIP {" ".join(note.split())}'
        print(line, file=self.out, flush=True)

    def startTest(self, test):
        super().startTest(test)
        self.result = True, ''

    def stopTest(self, test):
        self.point(test, *self.result)
        self.result = None
        super().stopTest(test)

    def bad(self, test, text):
        print(text, file=sys.stderr, flush=True)
        if self.result:
            self.result = False, ''
        else:                   # setUpClass() or setUpModule() failed
            self.point(test, False)

    def addError(self, test, err):
        super().addError(test, err)
        self.bad(test, self.errors[-1][1])

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.bad(test, self.failures[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self.bad(test, f'{subtest.id()}: {err[1]}')

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.bad(test, f'{test.id()}: passes, but was expected to fail')

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        if not self.result:     # of a whole class
            self.point(test, True, reason or 'no reason given')
        elif self.result[0]:
            self.result = True, reason or 'no reason given'


class TAPTestRunner:
    """Runs a suite; what its tests print goes to stderr."""

    def __init__(self, message_log=LogMode.LogToError, test_output_log=LogMode.LogToError):
        for mode in message_log, test_output_log:
            if mode is not LogMode.LogToError:
                raise ValueError(f'{mode}: there is only {LogMode.LogToError}')

    @staticmethod
    def run(suite):
        out = sys.stdout
        result = TAPTestResult(out)
        print('TAP version 13', file=out, flush=True)
        with contextlib.redirect_stdout(sys.stderr):
            suite.run(result)
        print(f'1..{result.points}', file=out, flush=True)
        return result
