#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines with many devices: the work of a start is not more than linear in their number.

The test counts FlatViews (the rendered memory map of an address space, made again when it
changes), by the trace event flatview_new.  Each device adds an address space, so if a
device caused all views to be made again, a start would be quadratic.

    many.py views DEVICE MOST

MOST is the number of views that one more device may cause: a virtio device has an address
space of its own that is not empty, and so one view.  Those of other devices stay.
"""

import os
import subprocess
import tempfile
from pathlib import Path

from guest import BUILD, expect, guest_file, main_of
from patience import PATIENCE

BINARY = os.environ.get('PAPR_QEMU', str(BUILD / 'qemu-system-ppc64'))
BRIDGES = 8


def slots(device, each):
    """BRIDGES host bridges, DEVICE behind them in the first EACH slots."""
    options = []
    for bridge in range(BRIDGES):
        if bridge:
            options += ['-device', f'spapr-pci-host-bridge,index={bridge},id=b{bridge}']
        bus = f'b{bridge}.0' if bridge else 'pci.0'
        options += [word for slot in range(1, 1 + each)
                    for word in ('-device', f'{device},bus={bus},addr={slot:#x}')]
    return options


def views_of(device, each, *more):
    """The number of FlatViews that a start makes."""
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / 'log'
        done = subprocess.run(
            [BINARY, '-M', 'pseries', '-nodefaults', '-display', 'none', '-S',
             '-L', guest_file('roms').parent, '-L', guest_file('roms'),
             '-trace', 'flatview_new', '-D', log,
             '-monitor', 'stdio', *slots(device, each), *more], input='quit\n',
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            timeout=120 * PATIENCE)
        expect(done.returncode == 0, f'status {done.returncode}: {done.stdout[-500:]}')
        return log.read_text().count('flatview_new')


def views(device, most):
    """One more device is at most MOST more views, however many there are."""
    for more in (), ('-incoming', 'defer'):
        counts = [views_of(device, each, *more) for each in (2, 10, 18)]
        print(f'{device}: {counts} views {" ".join(more)}')
        expect(counts[0] > 10, 'the trace event does not come')
        for before, after in zip(counts, counts[1:]):
            expect(after - before <= int(most) * 8 * BRIDGES, f'{device}: {counts}')


if __name__ == '__main__':
    main_of(views)
