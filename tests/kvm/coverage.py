#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Print how much of the KVM code the tests in hosts have executed: coverage.py BUILD DATA

BUILD is a build directory of tools/kvm-build --coverage, DATA the folder in which
host.py ($PAPR_KVM_COVERAGE) has stored the counts that its QEMUs wrote when they exited.
Counts of an older build are ignored.  TAP: one point, which fails if less than
LEAST per cent of all lines were executed; comments have the figures of each file.
"""

import collections
import json
import subprocess
import sys
import tempfile
from pathlib import Path

GCOV = 'powerpc64le-linux-gnu-gcov'
LEAST = 85
# QEMU's own file, most of it for machines that this binary does not have
OTHERS = 'target/ppc/kvm.c'


def executed(notes, data, work):
    """(source, line, whether it was executed) of a file compiled for gcov, by DATA."""
    for path in work.iterdir():
        path.unlink()
    (work / notes.name).symlink_to(notes.resolve())
    (work / data.name).symlink_to(data.resolve())
    done = subprocess.run([GCOV, '--json-format', '--stdout', data.name], cwd=work, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode or 'mismatch' in done.stderr or not done.stdout:
        return
    for file in json.loads(done.stdout.splitlines()[0])['files']:
        for line in file['lines']:
            yield file['file'], line['line_number'], line['count'] > 0


def subject(source):
    """The path in this tree, or None for a header or a file of QEMU's own."""
    parts = Path(source).parts
    for top in ('hw', 'target'):
        if top in parts and source.endswith('.c'):
            return '/'.join(parts[len(parts) - 1 - parts[::-1].index(top):])
    return None


def gather(build, folder):
    lines = collections.defaultdict(dict)
    with tempfile.TemporaryDirectory() as work:
        for data in folder.rglob('*.gcda'):
            notes = next(build.glob(f'*.p/{data.stem}.gcno'), None)
            for source, line, ran in executed(notes, data, Path(work)) if notes else ():
                name = subject(source)
                if name and name != OTHERS:
                    lines[name][line] = lines[name].get(line, False) or ran
    return lines


def percent(lines):
    return 100 * sum(lines.values()) / len(lines)


def main():
    build, folder = (Path(arg) for arg in sys.argv[1:])
    lines = gather(build, folder) if folder.is_dir() else {}
    if not lines:
        print('1..0 # SKIP nothing has run in a host')
        return
    print('1..1')
    for name, known in sorted(lines.items()):
        missed = ' '.join(str(line) for line, ran in sorted(known.items()) if not ran)
        print(f'# {name}: {percent(known):.0f} % of {len(known)} lines; '
              f'not {missed or "one missed"}')
    every = {(name, line): ran for name, known in lines.items() for line, ran in known.items()}
    share = percent(every)
    print(f'{"ok" if share >= LEAST else "not ok"} 1 {share:.0f} % of {len(every)} lines have run')


if __name__ == '__main__':
    main()
