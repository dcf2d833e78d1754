# SPDX-License-Identifier: GPL-2.0-or-later
"""The files of this tree, for the checks beside this file."""

import os
import sys
from pathlib import Path

TREE = Path(os.environ.get('PAPR_TREE') or Path(__file__).resolve().parents[2]).resolve()
NOT_OURS = {'.git', '__pycache__', 'build', '.build-source', '.cache'}


def is_output(directory):
    """A build directory (such as build-fuzz), or the joined source of one."""
    return (directory.name.startswith('build-') or (directory / 'build.ninja').exists()
            or (directory / 'overlay').is_symlink())


def files(*suffixes, under=''):
    """Files below UNDER with one of SUFFIXES (all if none), by path in the tree."""
    found = []
    for where, directories, names in os.walk(TREE / under):
        directories[:] = [name for name in directories if name not in NOT_OURS
                          and not is_output(Path(where, name))]
        for name in names:
            path = Path(where, name)
            if path.is_file() and not path.is_symlink() and not name.endswith(('~', '.swp')) \
                    and (not suffixes or name.endswith(suffixes)):
                found.append(path.relative_to(TREE).as_posix())
    return sorted(found)


def text(path):
    return (TREE / path).read_text(encoding='utf-8')


def lines(path):
    return enumerate(text(path).split('\n'), 1)


def report(findings):
    """Print FINDINGS, and exit, with status 1 if there are any."""
    for finding in findings:
        print(finding)
    sys.exit(bool(findings))
