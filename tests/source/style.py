#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run QEMU's checkpatch.pl on this tree's C files: style.py CHECKPATCH"""

import re
import subprocess
import sys

from tree import TREE, files, report

FINDING = re.compile(r'^(.*?):(\d+): (?:ERROR|WARNING): (.*)$', re.M)
# code of the guest: registers are volatile, and its linker script defines symbols
BARE_METAL = 'tests/guest/'
# not linked with QEMU's code: only the C library can be used
WITHOUT_QEMU = 'tests/kvm/'
NOT_WITHOUT_QEMU = ('consider using qemu_', 'use strerror()')
# false warnings about a macro that makes the entries of a list
NOT_FOR_LISTS = ('Macros with complex values should be enclosed in parenthesis',
                 "spaces required around that ':'")


def is_mistaken(path, number, message):
    if path.startswith(WITHOUT_QEMU) and message.startswith(NOT_WITHOUT_QEMU):
        return True
    if not message.startswith(NOT_FOR_LISTS):
        return False
    lines = (TREE / path).read_text(encoding='utf-8').split('\n')
    return any(line.startswith('#define') for line in lines[int(number) - 2:int(number)])


def findings_of(checkpatch, path):
    done = subprocess.run(['perl', checkpatch, '--no-tree', '--terse', '-f', path], cwd=TREE,
                          stdout=subprocess.PIPE, text=True, check=False)
    for name, number, message in FINDING.findall(done.stdout):
        if not is_mistaken(name, number, message):
            yield f'{name}:{number}: {message}'


def main():
    found = []
    for path in files('.c', '.h'):
        if not path.startswith(BARE_METAL):
            found += findings_of(sys.argv[1], path)
    report(found)


if __name__ == '__main__':
    main()
