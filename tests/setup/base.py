#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""base/patch, base/join and base/topics.py, with a small source and a few patches."""

import os
import shutil

from lab import TREE, Machine, expect, main, matches

SCRIPTS = ('join', 'patch', 'patchlist.py', 'topics.py')
PATCH = '''From: A B <a@b.invalid>
Subject: [PATCH] {name}: a line

Signed-off-by: A B <a@b.invalid>

--- a/{name}.c
+++ b/{name}.c
@@ -1 +1,2 @@
 {name}
+changed
'''


class Base(Machine):
    """A tree with SCRIPTS, a source with FILES, and one patch to each of NAMES."""

    def __init__(self, folder, names, series):
        super().__init__(folder)
        self.write('source/VERSION', '10.0.0\n')
        for name in ('a', 'b', 'c', 'd'):
            self.write(f'source/{name}.c', f'{name}\n')
        for script in SCRIPTS:
            self.write(f'tree/base/{script}', '')
            shutil.copy(TREE / 'base' / script, self.root / 'tree' / 'base' / script)
        for number, name in names.items():
            self.write(f'tree/base/patches/{number}-{name}.patch', PATCH.format(name=name))
        self.series = self.write('tree/base/patches/series', series)

    def join(self):
        return self.run(self.root / 'tree/base/join', self.root / 'source',
                        self.root / 'build/source')

    def patch(self, *words):
        return self.run(self.root / 'tree/base/patch', *words)

    def change(self, name):
        """Edit file NAME, and save it as patch NUMBER-NAME."""
        status, said = self.patch('edit', f'{name}.c')
        expect(status == 0, said)
        self.write(f'build/edit/b/{name}.c', f'{name}\nchanged\n')


def position(folder):
    """A patch that is renewed, or new, has its place by number, and comments stay."""
    base = Base(folder, {'0010': 'a', '0030': 'c'},
                '# hooks\n0010-a.patch\n# others\n0030-c.patch # needs 0010\n')
    status, said = base.join()
    expect(status == 0, said)
    for name, number in (('b', '0020'), ('d', '0040')):
        base.change(name)
        status, said = base.patch('save', f'{number}-{name}')
        expect(status == 0, said)
    after = ('# hooks\n0010-a.patch\n# others\n0020-b.patch\n'
             '0030-c.patch # needs 0010\n0040-d.patch\n')
    expect(base.series.read_text() == after, base.series.read_text())
    matches('^From: A B <a@b.invalid>$',
            (base.root / 'tree/base/patches/0020-b.patch').read_text())
    status, said = base.join()
    expect(status == 0, said)
    base.series.write_text(after.replace('0030-c.patch # needs 0010\n', ''))
    status, said = base.join()
    expect(status == 0, said)
    base.change('c')
    status, said = base.patch('save', '0030-c')
    expect(status == 0, said)
    expect(base.series.read_text() == after.replace(' # needs 0010', ''),
           base.series.read_text())


def renewed(folder):
    """A patch of the series keeps its change when it is renewed, and its line."""
    series = '0010-a.patch # the first\n'
    base = Base(folder, {'0010': 'a'}, series)
    status, said = base.join()
    expect(status == 0, said)
    status, said = base.patch('renew', '0010-a')
    expect(status == 0, said)
    base.write('build/edit/b/a.c', 'a\nchanged\nagain\n')
    status, said = base.patch('save', '0010-a')
    expect(status == 0, said)
    expect(base.series.read_text() == series, base.series.read_text())
    status, said = base.join()
    expect(status == 0, said)
    expect((base.root / 'build/source/a.c').read_text() == 'a\nchanged\nagain\n', 'a.c')


def change_is_kept(folder):
    """What would lose the change of a patch in the series is refused."""
    base = Base(folder, {'0010': 'a', '0020': 'b'}, '0010-a.patch\n')
    status, said = base.join()
    expect(status == 0, said)
    base.change('b')
    before = (base.root / 'tree/base/patches/0010-a.patch').read_text()
    status, said = base.patch('save', '0010-a')
    expect(status == 1, said)
    matches('has a change already.*base/patch renew 0010-a', said)
    expect((base.root / 'tree/base/patches/0010-a.patch').read_text() == before, '0010')
    status, said = base.patch('renew', '0020-b')
    expect(status == 1, said)
    matches('does not name 0020-b.patch', said)


def later_patch(folder):
    """A patch whose lines a later one changes again is not renewed from files."""
    base = Base(folder, {'0010': 'a'}, '0010-a.patch\n0020-more.patch\n')
    base.write('tree/base/patches/0020-more.patch',
               PATCH.format(name='a').replace('@@ -1 +1,2 @@\n a\n+changed\n',
                                              '@@ -1,2 +1,2 @@\n a\n-changed\n+again\n'))
    status, said = base.join()
    expect(status == 0, said)
    status, said = base.patch('renew', '0010-a')
    expect(status == 1, said)
    matches('later patches change the same lines', said)
    expect(not (base.root / 'build/edit').exists(), 'build/edit is left')


def not_joined(folder):
    """A patch is not renewed in part, if a file of it is not there."""
    base = Base(folder, {'0010': 'a'}, '0010-a.patch\n')
    status, said = base.patch('renew', '0010-a')
    expect(status == 1, said)
    matches('make join first', said)
    expect(not (base.root / 'build/edit').exists(), 'build/edit is left')


def unpatched(folder):
    """A file whose patch goes is newer than what was compiled of it."""
    base = Base(folder, {'0010': 'a'}, '0010-a.patch\n')
    base.write('source/sub/e.c', 'e\n')
    base.write('tree/base/patches/0020-e.patch', PATCH.format(name='sub/e').replace(
        ' sub/e\n', ' e\n'))
    base.series.write_text('0010-a.patch\n0020-e.patch\n')
    os.utime(base.root / 'source/a.c', (1, 1))
    os.utime(base.root / 'source/sub/e.c', (1, 1))
    for _ in range(2):
        status, said = base.join()
        expect(status == 0, said)
        expect((base.root / 'build/source/sub/e.c').read_text() == 'e\nchanged\n', 'e.c')
        base.series.write_text('')
        for _ in range(2):
            status, said = base.join()
            expect(status == 0, said)
            for name, text in ('a.c', 'a\n'), ('sub/e.c', 'e\n'):
                file = base.root / 'build/source' / name
                expect(file.read_text() == text, name)
                expect(file.stat().st_mtime > 1, f'{name} is as old as before the patch')
        base.series.write_text('0010-a.patch\n0020-e.patch\n')


def comments(folder):
    """base/join and base/topics.py read the same patches from a series with comments."""
    base = Base(folder, {'0010': 'a', '0030': 'c'},
                '# 0020-b.patch is not ready\n\n0010-a.patch\n0030-c.patch # needs 0010\n')
    status, said = base.join()
    expect(status == 0, said)
    for name, text in (('a', 'a\nchanged\n'), ('b', 'b\n'), ('c', 'c\nchanged\n')):
        expect((base.root / f'build/source/{name}.c').read_text() == text, name)
    status, said = base.run('python3', '-c', 'import sys; sys.path.insert(0, "tree/base");'
                            'import topics; print(*topics.series())')
    expect(status == 0, said)
    expect(said == '0010-a.patch 0030-c.patch\n', said)


main([position, renewed, change_is_kept, later_patch, not_joined, unpatched, comments])
