#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Plug and unplug of cores while a guest runs: plugged.py PAYLOAD TEST MODEL [QEMU OPTION...]

Two cores of MODEL are plugged and, since the guest never configures them, removed at once
when they are unplugged, one right after the other, in many rounds.
"""

import sys

from pending import machine_of

CORES = (1, 2)
ROUNDS = 150


def main():
    payload, test, model, *options = sys.argv[1:]
    with machine_of(payload, test, *options) as guest:
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


if __name__ == '__main__':
    main()
