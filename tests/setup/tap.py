#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""base/python/pycotap.py: TAP points of each result that a test of unittest can have."""

import sys

from lab import TREE, Machine, expect, main

TESTS = """
import unittest
import pycotap

class Each(unittest.TestCase):
    def test_1_passes(self):
        print('ok 99 printed by the test')
    def test_2_fails(self):
        self.fail('it failed')
    def test_3_raises(self):
        raise RuntimeError('it raised')
    @unittest.skip('no kernel\\nhere')
    def test_4_is_skipped(self):
        self.fail('it ran')
    def test_5_skips_itself(self):
        self.skipTest('late')
    def test_6_has_parts(self):
        with self.subTest(part=1):
            pass
        with self.subTest(part=2):
            self.fail('a part failed')
    @unittest.expectedFailure
    def test_7_passes_unexpectedly(self):
        pass

@unittest.skip('a whole class')
class Skipped(unittest.TestCase):
    def test(self):
        self.fail('it ran')

class Unprepared(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise RuntimeError('no class')
    def test(self):
        pass

runner = pycotap.TAPTestRunner(message_log=pycotap.LogMode.LogToError,
                               test_output_log=pycotap.LogMode.LogToError)
program = unittest.main(module=None, testRunner=runner, exit=False, argv=['', NAMES])
raise SystemExit(not program.result.wasSuccessful())
"""
POINTS = """TAP version 13
ok 1 __main__.Each.test_1_passes
not ok 2 __main__.Each.test_2_fails
not ok 3 __main__.Each.test_3_raises
ok 4 __main__.Each.test_4_is_skipped # SKIP no kernel here
ok 5 __main__.Each.test_5_skips_itself # SKIP late
not ok 6 __main__.Each.test_6_has_parts
not ok 7 __main__.Each.test_7_passes_unexpectedly
ok 8 __main__.Skipped.test # SKIP a whole class
not ok 9 setUpClass (__main__.Unprepared)
1..9
"""
GOOD = """TAP version 13
ok 1 __main__.Each.test_1_passes
1..1
"""


def run(folder, names):
    """Status and output of the tests NAMES; what they print is no output."""
    machine = Machine(folder)
    machine.write('tests.py', TESTS.replace('NAMES', repr(names)))
    return machine.run('sh', '-c', f'"{sys.executable}" tests.py 2> errors',
                       PYTHONPATH=str(TREE / 'base/python')), machine


def points(folder):
    """A point for each test, in order; messages and output of tests go to stderr."""
    (status, said), machine = run(folder, '__main__')
    expect(said == POINTS, said)
    expect(status == 1, f'status {status}')
    errors = (machine.root / 'errors').read_text()
    for text in ('ok 99 printed', 'it failed', 'it raised', 'a part failed', 'no class'):
        expect(text in errors, f'no {text!r} in {errors}')
    expect('it ran' not in errors, errors)


def good(folder):
    """The status of tests that all pass is 0."""
    (status, said), _ = run(folder, '__main__.Each.test_1_passes')
    expect(status == 0 and said == GOOD, f'{status}: {said}')


main([points, good])
