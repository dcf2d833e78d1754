#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines with many devices: what a start takes does not grow faster than they do.

Counted are FlatViews (the memory as an address space shows it, made anew when it
changes), by the trace event flatview_new.  Each device brings an address space, so a
device that has all views made again makes a start quadratic.

    many.py views DEVICE MOST

MOST is the number of views that a device more may bring: a virtio device has an address
space of its own that is not empty, and with it one view.  Those of others stay.
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
    """How many FlatViews a start makes."""
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / 'log'
        done = subprocess.run(
            [BINARY, '-M', 'pseries', '-nodefaults', '-display', 'none', '-S', '-L',
             guest_file('roms').parent, '-L', guest_file('roms'), '-trace', 'flatview_new', '-D', log,
             '-monitor', 'stdio', *slots(device, each), *more], input='quit\n',
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            timeout=120 * PATIENCE)
        expect(done.returncode == 0, f'status {done.returncode}: {done.stdout[-500:]}')
        return log.read_text().count('flatview_new')


def views(device, most):
    """A device more is MOST views more, however many there are."""
    for more in (), ('-incoming', 'defer'):
        counts = [views_of(device, each, *more) for each in (2, 10, 18)]
        print(f'{device}: {counts} views {" ".join(more)}')
        expect(counts[0] > 10, 'the trace event does not come')
        for before, after in zip(counts, counts[1:]):
            expect(after - before <= int(most) * 8 * BRIDGES, f'{device}: {counts}')


if __name__ == '__main__':
    main_of(views)
