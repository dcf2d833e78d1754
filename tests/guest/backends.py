#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory backends come and go while a guest runs: backends.py PAYLOAD TEST [QEMU OPTION...]

The removal of each gives the first vCPU's thread work that excludes all other vCPUs from
guest code; that vCPU of the guest is stopped.
"""

import sys

from pending import machine_of

ROUNDS = 200


def main():
    payload, test, *options = sys.argv[1:]
    with machine_of(payload, test, *options) as guest:
        guest.line('READY')
        for _ in range(ROUNDS):
            guest.command('object-add', **{'qom-type': 'memory-backend-ram', 'id': 'memory',
                                           'size': 1 << 20})
            guest.command('object-del', id='memory')
        print('q', file=guest.process.stdin, flush=True)
        guest.line(f'PASS {test}')


if __name__ == '__main__':
    main()
