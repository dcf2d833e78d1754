#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check rules about the text of this tree's files."""

import re
import sys

from tree import TREE, files, lines, report, text

sys.path.insert(0, str(TREE / 'base'))
from patchlist import read_series                                       # noqa: E402

MACHINE = ('hw/', 'include/', 'target/')
LICENCE = 'SPDX-License-Identifier: GPL-2.0-or-later'
HEADED = ('.c', '.h', '.S', '.py', '.rst', '.mak', 'meson.build', 'Kconfig', 'Makefile',
          'configure')
NO_GLOBAL_MACHINE = re.compile(r'\bqdev_get_machine\s*\(|\bcurrent_machine\b')
UNFINISHED = re.compile(r'\b(TO' r'DO|FIX' r'ME|X' r'XX)\b')
HOME = re.compile(r'(?<![\w$.}/-])/(?:home|root|work|Users|usr/local|scratch)/\w')
REGISTRY = re.compile(r'https?://[\w.-]*(?:registry|proxy|mirror|nexus|artifactory|pypi|npmjs)'
                      r'[\w.-]*', re.I)
PYTHON_COLUMNS = 100
EVENT = re.compile(r'^(?:disable |vcpu )*(\w+)\(', re.M)
# files that may end QEMU, and why
MAY_EXIT = {
    'hw/ppc/pseries/machine/smp.c': 'MachineClass::possible_cpu_arch_ids has no Error',
    'hw/ppc/pseries/machine/reset.c': 'MachineClass::reset has no Error',
}


PATCH_LIST = 'docs/devel/pseries/architecture.rst'
# trace-events -> other folders that call these events
USERS_OF_EVENTS = {'hw/ppc/pseries/trace-events': ('target/ppc/kvm',)}


def headed(path):
    head = '\n'.join(text(path).split('\n')[:60])
    if path.endswith(HEADED) and text(path).strip() and LICENCE not in head:
        yield f'{path}: no {LICENCE}'


def in_lines(path):
    ours = path.startswith(MACHINE)
    for number, line in lines(path):
        if ours and NO_GLOBAL_MACHINE.search(line):
            yield f'{path}:{number}: reaches for the machine: hand down what is needed'
        if path not in MAY_EXIT and ours and re.search(r'\b(?:exit|abort)\s*\(', line) \
                and not line.lstrip().startswith('*'):
            yield f'{path}:{number}: ends QEMU: give the error to the caller'
        if UNFINISHED.search(line) and path.endswith(('.c', '.h', '.py')):
            yield f'{path}:{number}: unfinished'
        if path.endswith('.py') and len(line.rstrip('\n')) > PYTHON_COLUMNS:
            yield f'{path}:{number}: more than {PYTHON_COLUMNS} columns'
        if HOME.search(line):
            yield f'{path}:{number}: a path of one machine'
        if REGISTRY.search(line):
            yield f'{path}:{number}: names the host of a registry'


def unused_events(path):
    folders = [path.rsplit('/', 1)[0], *USERS_OF_EVENTS.get(path, ())]
    source = '\n'.join(text(name) for folder in folders
                       for name in files('.c', '.h', under=folder))
    for event in EVENT.findall(text(path)):
        if not re.search(rf'\btrace_(?:event_get_state_backends\(TRACE_)?{event}\b', source, re.I):
            yield f'{path}: nothing calls trace_{event}()'


def unlisted_patches():
    """Patches that the documents don't list, and the reverse; but for hooks 0001 to 0099."""
    there = {name.split('-')[0] for name in read_series(TREE / 'base' / 'patches')}
    listed = set(re.findall(r'^   (\d{4})  ', text(PATCH_LIST), re.M))
    for number in sorted({number for number in there if number >= '0100'} ^ listed):
        yield f'{PATCH_LIST}: patch {number} is ' + \
            ('not there' if number in listed else 'not in the table')


def main():
    found = list(unlisted_patches())
    for path in files():
        if path.startswith('base/patches/') or path.endswith(('.bin', '.svg', '.png', '.gz')):
            continue
        found += headed(path)
        found += in_lines(path)
        if path.endswith('trace-events'):
            found += unused_events(path)
    report(found)


if __name__ == '__main__':
    main()
