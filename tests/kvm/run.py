#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Play scenes, of one or several subjects, in one emulated host, which takes a while to boot.

Arguments: HOST SUBJECT:SCENE..., where SUBJECT is a file beside this one, which names its
scenes in SCENES, or makes one of a name by scene(); HOST is one of host.py's, and may say
the kernel, as in powernv9-6.12:

    PAPR_BUILD=build tests/kvm/run.py powernv9 boot:xive-on-radix-2-own limits:refused
"""

import importlib
import sys

from host import scenes


def point(name):
    """The scene that NAME is, under that name."""
    subject, scene = name.split(':')
    module = importlib.import_module(subject)
    return name, module.scene(scene) if hasattr(module, 'scene') else module.SCENES[scene]


if __name__ == '__main__':
    scenes(sys.argv[1], [point(name) for name in sys.argv[2:]])
