#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Plug and unplug of cores while a guest runs: plugged.py PAYLOAD TEST MODEL [QEMU OPTION...]

Two cores of MODEL are plugged and, since the guest never configures them, removed at once
when they are unplugged, one right after the other, in many rounds.
"""

import sys
import tempfile
from pathlib import Path

from pending import Machine

CORES = (1, 2)
ROUNDS = 150


def main():
    payload, test, model, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix='papr-') as name:
        guest = Machine(Path(name), 'guest', *options, '-kernel', payload, '-append', test)
        try:
            guest.line('READY')
            for _ in range(ROUNDS):
                for core in CORES:
                    guest.command('device_add', **{
                        'driver': f'{model}-spapr-cpu-core', 'id': f'core{core}',
                        'core-id': core})
                for core in CORES:
                    guest.send('device_del', id=f'core{core}')
                for core in CORES:
                    guest.event('DEVICE_DELETED')
            print('q', file=guest.process.stdin, flush=True)
            guest.line(f'PASS {test}')
        except (OSError, ValueError) as error:
            print(guest.process.stdout.read())
            sys.exit(f'QEMU has ended: {error}')
        finally:
            guest.process.kill()


if __name__ == '__main__':
    main()
