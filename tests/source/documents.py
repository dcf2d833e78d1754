#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check that what documents name exists: documents.py [QEMU's source]

Each file and each function() that docs/devel/pseries, docs/system/ppc/pseries.rst and
README.md name in literals must exist in this tree, or in QEMU's source with the
patches.  A file may be named by the end of its path, and with wildcards; a file that a
sentence names as one of a build directory (build/...) is not checked.  A function that is
named with its file (`file: name()`, `name()` in `file`, `name()` (`file`)) must be there.
"""

import fnmatch
import os
import re
import sys
from pathlib import Path

from tree import TREE, files, report, text

LITERAL = re.compile(r'``([^`]+)``|`([^`\n]+)`')
FUNCTION = re.compile(r'\b([a-z_]\w+)\(\)')
FILE = re.compile(r'^[\w./*?{},-]*[\w*?}]\.(?:[chS]|py|sh|rst|mak|ld|inc|json|patch|build)$')
TICKS = '`{1,2}'
PLACED = (re.compile(rf'{TICKS}(?P<file>[\w./-]+): (?P<name>[a-z_]\w+)\(\){TICKS}'),
          re.compile(rf'{TICKS}(?P<name>[a-z_]\w+)\(\){TICKS}\s+'
                     rf'(?:in\s+|\(){TICKS}(?P<file>[\w./-]+){TICKS}'))
WORD = re.compile(r'\b[A-Za-z_]\w+\b')
# folders and files of QEMU's source that documents may name
FOLDERS = ('accel', 'block', 'configs', 'cpu-common.c', 'cpu-target.c', 'disas', 'docs', 'dump',
           'gdbstub', 'hw', 'include', 'io', 'linux-headers', 'migration', 'monitor', 'net', 'nbd',
           'python', 'qapi', 'qom', 'scripts', 'system', 'target', 'tcg', 'tests', 'ui', 'util')
# paths of Linux and of build directories: in neither tree
OTHERS = re.compile(r'^(?:build|Documentation|arch|drivers|mm|tools/testing|boot|lib|fs|kernel)/')


def documents():
    return ['README.md', 'docs/system/ppc/pseries.rst'] + files('.rst', under='docs/devel')


def named(path):
    """(line, kind, name) of each file and function that PATH names."""
    for number, line in enumerate(text(path).split('\n'), 1):
        for found in LITERAL.finditer(line):
            literal = found[1] or found[2]
            for name in FUNCTION.findall(literal):
                yield number, 'function', name
            if FILE.match(literal) and not OTHERS.match(literal):
                yield number, 'file', literal


def placed(path):
    """(line, name, file) of each function that PATH names with its file."""
    content = text(path)
    for pattern in PLACED:
        for found in pattern.finditer(content):
            if FILE.match(found['file']):
                yield content.count('\n', 0, found.start()) + 1, found['name'], found['file']


def alternatives(name):
    """The names that NAME with {a,b} stands for."""
    found = re.search(r'\{([^{}]*)\}', name)
    if not found:
        return [name]
    return [one for part in found[1].split(',')
            for one in alternatives(name[:found.start()] + part + name[found.end():])]


def qemu_files(source):
    for folder in FOLDERS:
        top = Path(source, folder)
        if top.is_file():
            yield folder
        for where, _, names in os.walk(top, followlinks=True):
            for name in names:
                yield os.path.relpath(os.path.join(where, name), source)


def is_there(name, paths):
    return all(any(fnmatch.fnmatch(path, one) or fnmatch.fnmatch(path, f'*/{one}')
                   for path in paths) for one in alternatives(name))


def has_function(where, name, paths, source):
    """Is NAME() a word of a file whose path ends with WHERE, here or in QEMU's SOURCE?"""
    return any(re.search(rf'\b{name}\b', (root / path).read_text('utf-8', errors='replace'))
               for path in paths if path == where or path.endswith(f'/{where}')
               for root in (TREE, Path(source)) if (root / path).is_file())


def missing_words(words, contents):
    """Those of WORDS that are in none of CONTENTS."""
    words = set(words)
    for content in contents:
        if not words:
            break
        words -= set(WORD.findall(content))
    return words


def missing_functions(names, source):
    ours = (Path(TREE, path).read_text(encoding='utf-8', errors='replace')
            for path in files() if not path.endswith(('.rst', '.md', '.bin', '.gz')))
    left = missing_words(names, ours)
    if left and source:
        pattern = re.compile('|'.join(rf'\b{name}\b' for name in sorted(left)))
        for path in qemu_files(source):
            if path.endswith(('.c', '.h', '.inc')):
                content = Path(source, path).read_text(encoding='utf-8', errors='replace')
                left -= set(pattern.findall(content))
    return left


def main():
    source = sys.argv[1] if len(sys.argv) > 1 and Path(sys.argv[1], 'VERSION').is_file() else ''
    paths = files() + (list(qemu_files(source)) if source else [])
    basenames = {os.path.basename(path) for path in paths}
    everything = [(path, *what) for path in documents() for what in named(path)]
    functions = {name for _, _, kind, name in everything if kind == 'function'}
    lost = missing_functions(functions, source)
    found = []
    for path, number, kind, name in everything:
        if kind == 'function' and name in lost and source:
            found.append(f'{path}:{number}: there is no {name}()')
        if kind == 'file' and name not in basenames and source and not is_there(name, paths):
            found.append(f'{path}:{number}: there is no {name}')
    if source:
        found += [f'{path}:{number}: {where} has no {name}()' for path in documents()
                  for number, name, where in placed(path)
                  if not has_function(where, name, paths, source)]
    report(found)


if __name__ == '__main__':
    main()
