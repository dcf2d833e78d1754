#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run scenes, of one or several subjects, in one emulated host, which takes a while to boot.

Arguments: HOST SUBJECT:SCENE..., where SUBJECT is a file beside this one, with a table
SCENES, or a function scene() that makes a scene of a name; HOST is one of host.py's, and may
have a kernel's version, as in powernv9-6.12:

    PAPR_BUILD=build tests/kvm/run.py powernv9 boot:xive-on-radix-2-own limits:refused
"""

import importlib
import sys

from host import scenes


def point(name):
    """(NAME, the scene of that name)."""
    subject, scene = name.split(':')
    module = importlib.import_module(subject)
    return name, module.scene(scene) if hasattr(module, 'scene') else module.SCENES[scene]


if __name__ == '__main__':
    scenes(sys.argv[1], [point(name) for name in sys.argv[2:]])
