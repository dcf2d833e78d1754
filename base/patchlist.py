# SPDX-License-Identifier: GPL-2.0-or-later
"""The file `series` of base/patches: a patch's file name a line, # begins a comment."""


def read_series(patches):
    """The names in PATCHES/series, in order."""
    lines = (patches / 'series').read_text(encoding='utf-8').splitlines()
    names = (line.split('#')[0].strip() for line in lines)
    return [name for name in names if name]
