#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Cores and memory modules are plugged and unplugged in a busy Linux; in the middle of each
step the machine is stopped, reset, or saved and restored in another QEMU.

Arguments: words for the guest (POWER8..., xics, hash, 4k, slof), and the number of rounds.
"""

import hashlib
import re
import sys
import tempfile
import time
from pathlib import Path

from guest import BUILD, Guest, expect, main
from patience import Wait

MIB = 1 << 20
CLEAR_OF_NOISE = 16 * MIB       # changes of MemTotal for other reasons are smaller
MODELS = {'POWER8': 'power8_v2.0', 'POWER9': 'power9_v2.2', 'POWER10': 'power10_v2.0'}
CORES = (2, 3)                  # beside those that stay, 0 and 1
MODULES = {'small': 256 * MIB, 'large': 512 * MIB}
# One on each CPU: each computes the same sum again and again, counts the rounds, and
# reports a wrong sum
WORKERS = 4
LOAD = ('want=$(md5sum < /bin/busybox); n=0; while :; do '
        'if [ "$(md5sum < /bin/busybox)" = "$want" ]; then n=$((n + 1)); '
        'echo $n > /new.$id; mv /new.$id /done.$id; else echo $id >> /wrong; fi; done')
COPIES = 24                     # of 1.3 MB, in memory
CONTENT = ''.join(f'{i}\n' for i in range(1, 200001)).encode() * COPIES


class RoundsGuest(Guest):
    """A Linux that can release modules, since they have movable pages only."""

    def __init__(self, words, args=()):
        self.model = next((word for word in words if word in MODELS), 'POWER9')
        append = ['quiet', 'memhp_default_state=online_movable', 'movable_node']
        if 'xics' in words and self.model != 'POWER8':
            append.append('xive=off')
        if 'hash' in words and self.model != 'POWER8':
            append.append('disable_radix')
        super().__init__(self.model, smp='2,maxcpus=4,cores=4', args=args,
                         mem='768M,slots=4,maxmem=8G', append=' '.join(append),
                         kernel='6.12' if '4k' in words else '6.1',
                         firmware='slof' if 'slof' in words else 'own')

    @property
    def core_type(self):
        return f'{MODELS[self.model]}-spapr-cpu-core'

    def plugged(self):
        """Names of the cores and modules that are plugged."""
        cores = [slot['qom-path'].split('/')[-1] for slot in self.cmd('query-hotpluggable-cpus')
                 if 'peripheral/' in slot.get('qom-path', '')]
        return cores + [module['data']['id'] for module in self.cmd('query-memory-devices')]

    def plug(self):
        for core in CORES:
            self.cmd('device_add', {'driver': self.core_type, 'id': f'core{core}',
                                    'core-id': core})
        for name, size in MODULES.items():
            self.cmd('object-add', {'qom-type': 'memory-backend-ram', 'id': f'{name}-mem',
                                    'size': size})
            self.cmd('device_add', {'driver': 'pc-dimm', 'id': name, 'memdev': f'{name}-mem'})

    def unplug(self):
        for name in self.plugged():
            self.cmd('device_del', id=name)

    def options(self):
        """The options of another QEMU, for what is plugged into this one."""
        args = []
        for name in self.plugged():
            if name in MODULES:
                addr = next(module['data']['addr'] for module in self.cmd('query-memory-devices')
                            if module['data']['id'] == name)
                args += ['-object', f'memory-backend-ram,id={name}-mem,size={MODULES[name]}',
                         '-device', f'pc-dimm,id={name},memdev={name}-mem,addr={addr}']
            else:
                args += ['-device', f'{self.core_type},id={name},core-id={name[4:]}']
        return args

    def starts(self):
        """After a boot: measure its memory without modules, and start work on all CPUs."""
        self.shell()
        self.run('dmesg -n 1; mkdir /use && mount -t tmpfs -o size=600M none /use')
        self.run(f'seq 1 200000 > /one; for i in $(seq {COPIES}); do cat /one; done > /use/all')
        for number in range(WORKERS):
            self.run(f"(id={number} sh -c '{LOAD}' &)")

    def total(self):
        return int(self.run('grep MemTotal /proc/meminfo').split()[1]) * 1024

    def online(self):
        return int(self.run('grep -c ^processor /proc/cpuinfo'))

    def has(self, cores, memory):
        """Wait until Linux has this number of cores and this amount of memory."""
        wait = Wait(120)
        while True:
            found = self.online(), self.total()
            if found[0] == cores and abs(found[1] - memory) < CLEAR_OF_NOISE:
                return
            expect(not wait.is_over(), f'the guest has {found}, not {(cores, memory)}')
            time.sleep(0.2)

    def is_without(self):
        """Wait until all cores and modules are removed, and delete the modules' backends, too."""
        self.poll(lambda: not self.plugged(), 'end of all removals', 120)
        for name in MODULES:
            self.cmd('object-del', id=f'{name}-mem')

    def done(self):
        return [int(self.run(f'cat /done.{i} 2>/dev/null || echo 0')) for i in range(WORKERS)]

    def work_is_right(self):
        before = self.done()
        self.poll(lambda: all(now > then for now, then in zip(self.done(), before)),
                  'work done by each')
        self.run('[ ! -e /wrong ]')
        expect(self.run('md5sum /use/all').split()[0] == hashlib.md5(CONTENT).hexdigest(),
               'memory has other content')

    def is_well(self):
        log = self.run('dmesg')
        found = re.search(r'Call Trace|WARNING|Oops|BUG|rtas error', log)
        expect(not found, log[max(0, found.start() - 300):][:1500] if found else '')


class Rounds:
    """A guest, in one QEMU after the other."""

    def __init__(self, words, folder):
        self.words, self.folder = words, Path(folder)
        self.guest = RoundsGuest(words)
        self.guest.__enter__()
        self.guest.launch()
        self.guest.starts()
        self.memory = self.guest.total()

    def end(self):
        self.guest.__exit__(*sys.exc_info())

    def nothing(self):
        pass

    def stopped(self):
        self.guest.cmd('stop')
        self.guest.cmd('cont')

    def reset(self):
        self.guest.is_well()
        self.guest.cmd('system_reset')
        self.guest.starts()

    def saved(self):
        """Save and restore; a removed device was removed before the stream, or will be after it."""
        old, state = self.guest, self.folder / 'state'
        old.migrate(f'file:{state}')
        self.guest = RoundsGuest(self.words, ('-incoming', f'file:{state}', *old.options()))
        old.cmd('quit')
        old.wait()
        old.__exit__(None, None, None)
        self.guest.__enter__()
        self.guest.launch()
        self.guest.arrive()
        self.guest.send('\n')
        self.guest.prompt()

    def turn(self, plugged, unplugged):
        """All are plugged and unplugged, each time with an event in the middle of it."""
        self.guest.plug()
        plugged()
        self.guest.has(4, self.memory + sum(MODULES.values()))
        self.guest.work_is_right()
        self.guest.unplug()
        unplugged()
        self.guest.is_without()
        self.guest.has(2, self.memory)
        self.guest.work_is_right()


def rounds(*words):
    """In sixteen rounds each pair of events occurs."""
    with tempfile.TemporaryDirectory(dir=BUILD / 'tests') as folder:
        guest = Rounds(words[:-1], folder)
        events = (guest.saved, guest.reset, guest.stopped, guest.nothing)
        try:
            for turn in range(int(words[-1])):
                guest.turn(events[turn % 4], events[(turn + turn // 4 + 1) % 4])
            guest.guest.is_well()
        finally:
            guest.end()


if __name__ == '__main__':
    main(rounds)
