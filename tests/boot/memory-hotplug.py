#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory modules plugged into and unplugged from Linux, whose kernel handles both.

Arguments: the scene, words for the guest (xics, xive, hash, radix, 4k, POWER8...), and for
the scene `rounds` their number.
"""

import hashlib
import tempfile
from pathlib import Path

from guest import BUILD, Guest, expect, main_of

MIB = 1 << 20
CLEAR_OF_NOISE = 16 * MIB       # changes of MemTotal for other reasons are smaller
CONTENT = 48                    # copies of a file of 1.3 MB, with which memory is filled


class MemoryGuest(Guest):
    """A guest whose modules have movable pages only, so that it can release them."""

    def __init__(self, *words, args=()):
        append = ['quiet', 'memhp_default_state=online_movable', 'movable_node']
        cpu = next((word for word in words if word.startswith('POWER')), 'POWER9')
        if 'xics' in words and cpu != 'POWER8':
            append.append('xive=off')
        if 'hash' in words and cpu != 'POWER8':
            append.append('disable_radix')
        super().__init__(cpu, smp='2', mem='768M,slots=4,maxmem=8G', append=' '.join(append),
                         kernel='6.12' if '4k' in words else '6.1', args=args)
        self.digest = ''

    def start(self):
        self.launch()
        self.shell()
        self.run('mkdir /use && mount -t tmpfs -o size=1G none /use')

    def total(self):
        """The guest's memory, in bytes."""
        return int(self.run('grep MemTotal /proc/meminfo').split()[1]) * 1024

    def plug(self, name, size):
        self.cmd('object-add', {'qom-type': 'memory-backend-ram', 'id': f'{name}-mem',
                                'size': size})
        self.cmd('device_add', {'driver': 'pc-dimm', 'id': name, 'memdev': f'{name}-mem'})

    def unplug(self, name):
        self.cmd('device_del', id=name)

    def gone(self, name):
        self.event_wait('DEVICE_DELETED', 60, match={'data': {'device': name}})
        self.cmd('object-del', id=f'{name}-mem')

    def has(self, size):
        """Wait until the guest has about SIZE bytes."""
        self.poll(lambda: abs(self.total() - size) < CLEAR_OF_NOISE, f'{size} bytes', 60)

    def use(self):
        """Fill movable pages of memory; those of a module are used first."""
        self.run('seq 1 200000 > /use/0')
        self.run(f'for i in $(seq {CONTENT}); do cat /use/0; done > /use/all')
        expected = hashlib.md5(''.join(f'{i}\n' for i in range(1, 200001)).encode() * CONTENT)
        self.digest = expected.hexdigest()
        self.is_intact()

    def is_intact(self):
        digest = self.run('md5sum /use/all').split()[0]
        expect(digest == self.digest, 'memory has other content')

    def is_well(self):
        log = self.run('dmesg')
        for trouble in 'Call Trace', 'Oops', 'WARNING', 'failed':
            expect(trouble not in log, f'{trouble}: {log[log.find(trouble) - 300:][:900]}')


def rounds(*words):
    """Plug and unplug, with memory in use that has to move; the guest is stopped in between."""
    count = int(words[-1])
    with MemoryGuest(*words[:-1]) as guest:
        guest.start()
        before = guest.total()
        for turn in range(count):
            size = (256, 1024, 512)[turn % 3] * MIB
            guest.plug('dimm', size)
            if turn % 4 == 1:
                guest.cmd('stop')
                guest.cmd('cont')
            guest.has(before + size)
            if turn % 8 == 0:
                guest.use()
            guest.unplug('dimm')
            if turn % 4 == 2:
                guest.cmd('stop')
                guest.cmd('cont')
            guest.gone('dimm')
            guest.has(before)
            if turn % 8 == 0 or turn == count - 1:
                guest.is_intact()
            if turn % 8 == 7:
                guest.run('rm /use/all && sync')
                guest.use()
        guest.is_well()


def reset(*words):
    """A module stays after a reset, and one whose unplug was pending is removed by it."""
    with MemoryGuest(*words) as guest:
        guest.start()
        before = guest.total()
        guest.plug('kept', 512 * MIB)
        guest.has(before + 512 * MIB)
        guest.cmd('stop')
        guest.plug('late', 256 * MIB)   # the guest boots with it, without an event
        guest.unplug('kept')
        guest.cmd('system_reset')
        guest.cmd('cont')
        guest.gone('kept')
        guest.shell()
        guest.has(before + 256 * MIB)
        guest.unplug('late')
        guest.gone('late')
        guest.has(before)
        guest.is_well()


def saved(*words):
    """Saved with a module in use and another one's unplug pending; then both are unplugged."""
    with tempfile.TemporaryDirectory(dir=BUILD / 'tests') as folder:
        image = Path(folder) / 'saved'
        with MemoryGuest(*words) as guest:
            guest.start()
            before = guest.total()
            guest.plug('used', 512 * MIB)
            guest.has(before + 512 * MIB)
            guest.use()
            guest.plug('out', 256 * MIB)
            guest.has(before + 768 * MIB)
            guest.cmd('stop')
            guest.unplug('out')
            guest.migrate(f'file:{image}')
        args = []
        for name, size in ('used', 512), ('out', 256):
            args += ['-object', f'memory-backend-ram,id={name}-mem,size={size}M',
                     '-device', f'pc-dimm,id={name},memdev={name}-mem']
        with MemoryGuest(*words, args=(*args, '-incoming', f'file:{image}')) as restored:
            restored.digest = guest.digest
            restored.launch()
            restored.arrive()
            restored.cmd('cont')
            restored.gone('out')
            restored.send('\n')
            restored.prompt()
            restored.has(before + 512 * MIB)
            restored.is_intact()
            restored.unplug('used')
            restored.gone('used')
            restored.has(before)
            restored.is_intact()
            restored.is_well()


if __name__ == '__main__':
    main_of(rounds, reset, saved)
