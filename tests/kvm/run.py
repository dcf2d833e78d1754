#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Play scenes of several subjects in one emulated host, which takes a while to boot.

Arguments: HOST SUBJECT:SCENE..., where SUBJECT is one of the scripts beside this one:

    PAPR_BUILD=build tests/kvm/run.py powernv9 boot:xive-on-radix-2-own limits:refused
"""

import importlib
import sys

from host import scenes


def point(name):
    """The scene that NAME is, under that name."""
    subject, scene = name.split(':')
    module = importlib.import_module(subject)
    if hasattr(module, 'scene'):
        return name, module.scene(scene)[1]
    return name, module.SCENES[scene]


if __name__ == '__main__':
    scenes(sys.argv[1], [point(name) for name in sys.argv[2:]])
