#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run one of QEMU's own qtests against this tree's binary: run-test.py TEST [OPTION...]

Points that skipped.txt names are not run; each of its lines is one point in the
account given here (TAP), skipped for the reason that stands there.  A line that
names no point any more is a failure, so the list cannot outlive its reasons.

QEMU's tests end at the first assertion that fails.  Here the point that failed
is told, and the rest is run all the same.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

BINARY = os.environ.get('QTEST_QEMU_BINARY', './qemu-system-ppc64')
BUNDLE = Path(BINARY).parent / 'qemu-bundle/usr/local/share/qemu'
FIRMWARE = BUNDLE / 'slof.bin'
# powernv does not start without its own
POWERNV = ('/ppc64/(.*/)?(powernv|pnv-|xive2).*', BUNDLE / 'skiboot.lid')
SKIPPED = Path(__file__).resolve().parent / 'skipped.txt'
POINT = re.compile(r'(not )?ok\b *\d* *(/\S+)(.*)')


def skipped_points(test):
    """What is not run of TEST: [(regular expression of points, reason)]."""
    lines = (line.split(None, 2) for line in SKIPPED.read_text().splitlines()
             if line.strip() and not line.startswith('#'))
    return [(point, reason) for name, point, reason in lines if name == test]


def all_points(command):
    """The points of a test, in their order."""
    done = subprocess.run([*command, '-l'], stdout=subprocess.PIPE, text=True, check=False)
    points = [line for line in done.stdout.splitlines() if line.startswith('/')]
    # a test runs some of its points in a process of their own, named thus
    return [point for point in points if not point.endswith('/subprocess')]


class Account:
    """Points in the Test Anything Protocol, numbered as they come."""

    def __init__(self):
        self.count = 0

    def point(self, good, name, note=''):
        self.count += 1
        print(f"{'ok' if good else 'not ok'} {self.count} {name}{note}", flush=True)

    def end(self):
        print(f'1..{self.count}')


def run_once(command, account, left, hidden):
    """Run the points LEFT until the test ends; take out what has been told.

    Returns the test's status and whether the last point told has failed.
    """
    skips = [arg for point in hidden for arg in ('-s', point)]
    failed = False
    with subprocess.Popen([*command, '--tap', '-k', *skips], stdout=subprocess.PIPE,
                          text=True, errors='replace') as process:
        for line in process.stdout:
            found = POINT.match(line)
            if found and found.group(2) in left:
                failed, name, note = bool(found.group(1)), *found.group(2, 3)
                left.remove(name)
                account.point(not failed, name, note)
            elif not found and not line.startswith(('1..', 'Bail out!')):
                print(line, end='', flush=True)
    return process.returncode, failed


def run_points(command, account, points, hidden):
    """Run POINTS; if a failure ends the test, those that are left in a new one."""
    left = list(points)
    while left:
        told = [point for point in points if point not in left]
        status, failed = run_once(command, account, left, hidden + told)
        if left and not failed:
            account.point(False, left.pop(0), f' # the test ended with status {status}')
        elif not left and not failed and status not in (0, 1):
            account.point(False, 'end', f' # the test ended with status {status}')


def main():
    command = sys.argv[1:]
    if not FIRMWARE.exists():
        print('1..0 # SKIP firmware and option ROMs are missing: run ./configure')
        return
    account = Account()
    points = all_points(command)
    if not points:
        sys.exit(f'{command[0]}: the test has no point')
    hidden = []
    pattern, file = POWERNV
    if not file.exists():
        hidden = [point for point in points if re.fullmatch(pattern, point)]
        for point in hidden:
            account.point(True, point, ' # SKIP skiboot.lid is missing: run ./configure')
    for pattern, reason in skipped_points(Path(command[0]).name):
        named = [point for point in points if re.fullmatch(pattern, point)]
        if named:
            account.point(True, f'{pattern} (points: {len(named)})', f' # SKIP {reason}')
        else:
            account.point(False, pattern, ' # skipped.txt names a point that is not there')
        hidden += named
    run_points(command, account, [point for point in points if point not in hidden], hidden)
    account.end()


if __name__ == '__main__':
    main()
