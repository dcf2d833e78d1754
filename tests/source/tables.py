#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check two tables of the documents: tests of the table of features, and trace events.

In docs/devel/pseries/features.rst each row names a test, or says why there is none, and meson
runs each test.  In the table of trace events of docs/system/ppc/pseries.rst
each name papr_* (with * for some letters) is a trace event.
"""

import re

from tree import TREE, files, report, text

FEATURES = 'docs/devel/pseries/features.rst'
MANUAL = 'docs/system/ppc/pseries.rst'
EVENT = re.compile(r'^(?:disable |vcpu )*(\w+)\(', re.M)
STATES = ('all', 'part', 'none')
# folders of tests, and the suffix of their files
FOLDERS = {'qtest': ('tests/qtest/pseries', '.c'), 'unit': ('tests/unit/pseries', '.c'),
           'boot': ('tests/boot', ''), 'functional': ('tests/functional', ''),
           'kvm': ('tests/kvm', ''), 'source': ('tests/source', '')}
# a patch names them in QEMU's build file
FUNCTIONAL = 'base/patches/0009-hook-functional.patch'


def is_run(name):
    """Is NAME, such as `qtest/mmu-test`, a test that meson runs?"""
    kind, subject = name.split('/')
    if kind == 'guest':
        return f'{{ "{subject}",' in text('tests/guest/test-main.c') and \
            f"['{subject}'," in text('tests/guest/meson.build')
    folder, suffix = FOLDERS.get(kind, (None, None))
    if not folder or not (TREE / folder / (subject + suffix)).is_file():
        return False
    if kind == 'functional':
        subject = subject.removeprefix('test_').removesuffix('.py')
    build = text(FUNCTIONAL if kind == 'functional' else f'{folder}/meson.build')
    # scenes of KVM have the name of their module, checks of the source that of their file
    return f"'{subject}'" in build or re.search(rf"'{subject.removesuffix('.py')}\b", build)


def rows():
    """(line number, columns) of each row of the tables, with its continuation lines."""
    edges, borders, row = [], 0, None
    for number, line in enumerate(text(FEATURES).split('\n'), 1):
        if re.fullmatch(r'=+( +=+)+', line):
            borders += 1
            edges = [found.start() for found in re.finditer('=+', line)] + [None]
            if row:
                yield row
            row = None
        elif borders % 3 == 2:          # below the head, above the last border
            columns = [line[start:end].strip() for start, end in zip(edges, edges[1:])]
            if row and not columns[0]:
                row = row[0], [f'{old} {new}'.strip() for old, new in zip(row[1], columns)]
            else:
                if row:
                    yield row
                row = number, columns


def features():
    count = 0
    for number, (subject, state, shown) in rows():
        count += 1
        tests = re.findall(r'``([a-z]+/[\w.-]+)``', shown)
        if state not in STATES:
            yield f'{FEATURES}:{number}: {subject}: state {state!r} is none of {STATES}'
        if not tests and state != 'none':
            yield f'{FEATURES}:{number}: {subject}: no test'
        if state == 'none' and len(shown) < 10:
            yield f'{FEATURES}:{number}: {subject}: no reason'
        for name in tests:
            if not is_run(name):
                yield f'{FEATURES}:{number}: {name} is no test that meson runs'
    if count < 76:
        yield f'{FEATURES}: {count} rows, not the 76 of the surface'


def events():
    there = [name for path in files('trace-events') for name in EVENT.findall(text(path))]
    table = text(MANUAL).split('\nTrace events\n', 1)[-1].split('\n====', 1)[0]
    named = set(re.findall(r'``(papr_[\w*]*)``', table))
    if len(named) < 20:
        yield f'{MANUAL}: has no table of trace events'
    for name in sorted(named):
        pattern = name.replace('*', r'\w*')
        if not any(re.fullmatch(pattern, event) for event in there):
            yield f'{MANUAL}: {name} is no trace event'


if __name__ == '__main__':
    report([*features(), *events()])
