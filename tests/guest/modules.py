#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory modules are plugged and unplugged in turn: modules.py PAYLOAD TEST [QEMU OPTION...]

Each module is there for one round of the guest's test.  The guest never configures its
connectors, so that it is removed as soon as its unplug is requested; its memory can be used
from plug to unplug all the same.
"""

import sys
import time

from pending import machine_of

ROUNDS = 8


def freed(guest, blocks):
    """Wait until QEMU has freed the memory, too, so that the next is at the same place.

    QEMU frees it after the vCPU, which only asks for input, has left guest code: stop does that.
    """
    while guest.command('x-query-ramblock')['human-readable-text'].count('\n') > blocks:
        guest.command('stop')
        guest.command('cont')
        time.sleep(0.01)


def main():
    payload, test, *options = sys.argv[1:]
    with machine_of(payload, test, *options) as guest:
        blocks = guest.command('x-query-ramblock')['human-readable-text'].count('\n')
        for _ in range(ROUNDS):
            guest.line('READY')
            guest.command('object-add', **{'qom-type': 'memory-backend-ram', 'id': 'memory',
                                           'size': 256 << 20})
            guest.command('device_add', driver='pc-dimm', id='module', memdev='memory')
            print('g', end='', file=guest.process.stdin, flush=True)
            guest.line('DONE')
            guest.send('device_del', id='module')
            guest.event('DEVICE_DELETED')
            guest.command('object-del', id='memory')
            freed(guest, blocks)
        print('q', end='', file=guest.process.stdin, flush=True)
        guest.line(f'PASS {test}')


if __name__ == '__main__':
    main()
