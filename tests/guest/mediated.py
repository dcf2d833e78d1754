#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A hypervisor's external interrupt for its guest (LPCR[MER]): mediated.py FIRMWARE MACHINE

FIRMWARE is mediated.S, which says what it writes to memory.
"""

import re
import sys
import tempfile
import time
from pathlib import Path

from pending import PATIENCE, Machine

RESULTS, ENDED = 0x2000, 0x2080         # as in mediated.S
MSR_HV = 1 << 60


def words(machine, address, count):
    """Doublewords of the machine's memory."""
    said = machine.command('human-monitor-command',
                           **{'command-line': f'xp /{count}gx {address:#x}'})
    return [int(word, 16) for word in re.findall('0x([0-9a-f]+)', said)]


def results(machine):
    """What the firmware has written for each run, and the address after mtmsrd."""
    end = time.monotonic() + PATIENCE
    while not (enabled := words(machine, ENDED, 1)[0]):
        if time.monotonic() > end:
            sys.exit('the firmware has not ended:\n' + machine.command(
                'human-monitor-command', **{'command-line': 'info registers'}))
        time.sleep(0.05)
    found = words(machine, RESULTS, 12)
    return [found[first:first + 4] for first in (0, 4, 8)], enabled


def main():
    firmware, model = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix='papr-') as name:
        machine = Machine(Path(name), 'host', '-M', model, '-m', '1G', '-bios', firmware)
        try:
            runs, enabled = results(machine)
        finally:
            machine.process.kill()
    wrong = 0
    for what, (came, interrupts, msr, where), expected in zip(
            ('the guest takes it', 'the hypervisor takes it', 'none'), runs,
            ((1, 1, 0, enabled), (1, 1, MSR_HV, enabled), (2, 0, 0, 0))):
        found = came, interrupts, msr & MSR_HV, where
        wrong += found != expected
        print('FAIL' if found != expected else 'PASS', what, *map(hex, found))
    sys.exit(bool(wrong))


if __name__ == '__main__':
    main()
