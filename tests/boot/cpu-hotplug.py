#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""CPU cores plugged into and unplugged from Linux, whose kernel handles both without programs.

Arguments: the scene, and words for the mode, in any order:

  POWER8...      the CPU, else POWER9
  xics, hash     the interrupt controller and the MMU, else those that Linux chooses
  4k             the kernel with pages of 4 KiB (else 64 KiB)
  slof           the firmware, else the machine's own
  single, icount all vCPUs in one host thread; instructions counted
  2t, 4t, 8t     threads of a core, else 1
  a number       rounds
"""

import contextlib
import re
import subprocess
import tempfile
from pathlib import Path

from gdb import Gdb
from guest import BOOTED, BUILD, Guest, expect, main_of, skip
from patience import Wait

MODELS = {'POWER8': 'power8_v2.0', 'POWER9': 'power9_v2.2', 'POWER10': 'power10_v2.0',
          'Power11': 'power11_v2.0'}
ONLINE = '/sys/devices/system/cpu/online'

# One on each CPU, and two more: each computes the same sum again and again, counts the
# rounds, and reports each wrong sum.
LOAD = ('want=$(md5sum < /bin/busybox); n=0; while [ ! -e /stop ]; do '
        'if [ "$(md5sum < /bin/busybox)" = "$want" ]; then n=$((n + 1)); '
        'echo $n > /new.$id; mv /new.$id /done.$id; else echo $id >> /wrong; fi; done')


class CpuGuest(Guest):
    """Linux with cores to plug and unplug; core N has CPUs N * per_core and up."""

    def __init__(self, *words, cores=2, room=4, args=(), **options):
        self.per_core = next((int(word[0]) for word in words if re.fullmatch(r'\dt', word)), 1)
        self.cpu = next((word for word in words if word in MODELS), 'POWER9')
        append = ['quiet']
        if 'xics' in words and self.cpu != 'POWER8':
            append.append('xive=off')
        if 'hash' in words and self.cpu != 'POWER8':
            append.append('disable_radix')
        if 'single' in words:
            args = ('-accel', 'tcg,thread=single', *args)
        if 'icount' in words:
            args = ('-icount', 'shift=auto', *args)
        super().__init__(
            cpu=self.cpu, append=' '.join(append), args=args,
            smp=f'{cores * self.per_core},maxcpus={room * self.per_core},cores={room},'
                f'threads={self.per_core}',
            kernel='6.12' if '4k' in words else '6.1',
            firmware='slof' if 'slof' in words else 'own', **options)

    @property
    def core_type(self):
        return f'{MODELS[self.cpu]}-spapr-cpu-core'

    def with_core(self, core):
        """Arguments of a QEMU that has the core from the start."""
        return '-device', (f'{self.core_type},id=core{core},'
                           f'core-id={core * self.per_core}')

    def start(self):
        self.launch()
        self.shell()
        self.run('dmesg -n 1')

    def plug(self, core):
        self.cmd('device_add', {'driver': self.core_type, 'id': f'core{core}',
                                'core-id': core * self.per_core})

    def snapshot(self, *words):
        said = self.hmp(' '.join(words))
        expect(not said, f'{" ".join(words)}: {said}')

    def unplug(self, core):
        self.cmd('device_del', id=f'core{core}')

    def gone(self, core):
        self.event_wait('DEVICE_DELETED', 120, match={'data': {'device': f'core{core}'}})

    def online(self):
        """The CPUs that are online in the guest: a set of numbers."""
        cpus = set()
        for part in self.run(f'cat {ONLINE}').strip().split(','):
            first, _, last = part.partition('-')
            cpus |= set(range(int(first), int(last or first) + 1))
        return cpus

    def cpus_of(self, cores):
        return {core * self.per_core + i for core in cores for i in range(self.per_core)}

    def await_cores(self, cores):
        """Wait until exactly these cores, with all of their threads, are online in the guest."""
        wanted = self.cpus_of(cores)
        wait = Wait(120)
        while (online := self.online()) != wanted:
            expect(not wait.is_over(), f'the guest runs on CPUs {online}, not {wanted}')

    def load(self, n):
        """Start N workers: at least one for each CPU."""
        for number in range(n):
            self.run(f"(id={number} sh -c '{LOAD}' &)")

    def work_is_right(self, n):
        """All N workers make progress and never had a wrong sum."""
        before = self.done(n)
        self.poll(lambda: all(now > then for now, then in zip(self.done(n), before)),
                  'work done by each')
        self.run('[ ! -e /wrong ]')

    def done(self, n):
        return [int(self.run(f'cat /done.{i} 2>/dev/null || echo 0')) for i in range(n)]

    def is_well(self):
        log = self.run('dmesg')
        found = re.search(r'Call Trace|WARNING|Oops|BUG|rtas error', log)
        expect(not found, log[max(0, found.start() - 300):][:1500] if found else '')


def rounds(*words):
    """Two cores are plugged and unplugged under load, in changing order."""
    n = next((int(word) for word in words if word.isdigit()), 3)
    with CpuGuest(*words) as guest:
        guest.start()
        workers = 4 * guest.per_core + 2
        guest.load(workers)
        for turn in range(n):
            first, second = (2, 3) if turn % 2 else (3, 2)
            guest.plug(first)
            guest.plug(second)
            guest.await_cores({0, 1, 2, 3})
            expect(len(guest.cmd('query-cpus-fast')) == 4 * guest.per_core, 'vCPUs')
            if turn % 4 == 1:
                guest.cmd('stop')
                guest.cmd('cont')
            guest.unplug(first if turn % 3 else second)
            guest.gone(first if turn % 3 else second)
            guest.unplug(second if turn % 3 else first)
            guest.gone(second if turn % 3 else first)
            guest.await_cores({0, 1})
            expect(len(guest.cmd('query-cpus-fast')) == 2 * guest.per_core, 'vCPUs')
        guest.work_is_right(workers)
        guest.is_well()


def alone(*words):
    """One core is plugged and unplugged three times, beside the only other one."""
    with CpuGuest(*words, cores=1, room=2) as guest:
        guest.start()
        for _ in range(3):
            guest.plug(1)
            guest.await_cores({0, 1})
            guest.unplug(1)
            guest.gone(1)
            guest.await_cores({0})
        guest.is_well()


def unstarted(*words):
    """A core is plugged and unplugged before the machine has started, and after."""
    with CpuGuest(*words, cores=1, room=2, args=('-S',)) as guest:
        guest.launch()
        for _ in range(2):
            guest.plug(1)
            guest.unplug(1)
            guest.gone(1)
        guest.cmd('cont')
        guest.shell()
        guest.await_cores({0})
        guest.plug(1)
        guest.await_cores({0, 1})
        guest.is_well()


def many(*words):
    """From one core to the maximum, and back; all of them work."""
    room = next((int(word) for word in words if word.isdigit()), 16)
    with CpuGuest(*words, cores=1, room=room) as guest:
        guest.start()
        for core in range(1, room):
            guest.plug(core)
        guest.await_cores(set(range(room)))
        for core in range(room):
            cpu = core * guest.per_core
            guest.run(f'taskset {1 << cpu:x} md5sum /bin/busybox')
        for core in range(room - 1, 0, -1):
            guest.unplug(core)
        for core in range(room - 1, 0, -1):
            guest.gone(core)
        guest.await_cores({0})
        expect(len(guest.cmd('query-cpus-fast')) == guest.per_core, 'vCPUs')
        guest.is_well()


def reset(*words):
    """A reset, by QMP and by the guest, with plugged cores and a pending unplug."""
    with CpuGuest(*words) as guest:
        guest.start()
        guest.plug(2)
        guest.await_cores({0, 1, 2})
        for how in 'system_reset', 'reboot':
            guest.load(3)
            if how == 'reboot':
                guest.send('reboot -f\n')
            else:
                # one more and one less, at whatever stage the guest is
                guest.plug(3)
                guest.unplug(2)
                guest.cmd('system_reset')
                guest.gone(2)
            guest.until(BOOTED)
            guest.shell()
            # Linux numbers the CPUs that it finds
            guest.await_cores({0, 1, 2})
            tree = guest.run('ls /proc/device-tree/cpus')
            found = {int(core, 16) for core in re.findall('PowerPC,[^@]*@([0-9a-f]+)', tree)}
            expect(found == {core * guest.per_core for core in (0, 1, 3)}, tree)
        guest.unplug(3)
        guest.gone(3)
        guest.await_cores({0, 1})
        guest.plug(2)
        guest.await_cores({0, 1, 2})
        guest.is_well()


def saved(*words):
    """Saved with one core plugged and one unplugged; the guest continues where it is loaded."""
    with tempfile.TemporaryDirectory(dir=BUILD / 'tests') as directory:
        file = f'file:{directory}/state'
        with CpuGuest(*words) as guest:
            guest.start()
            guest.load(5)
            guest.plug(2)
            guest.await_cores({0, 1, 2})
            guest.plug(3)
            guest.await_cores({0, 1, 2, 3})
            guest.unplug(2)
            guest.gone(2)
            guest.work_is_right(5)
            guest.migrate(file)
            args = guest.with_core(3)
        with CpuGuest(*words, args=('-incoming', file, *args)) as guest:
            guest.launch()
            guest.arrive()
            guest.send('\n')
            guest.prompt()
            guest.await_cores({0, 1, 3})
            guest.work_is_right(5)
            guest.unplug(3)
            guest.gone(3)
            guest.plug(2)
            guest.await_cores({0, 1, 2})
            guest.work_is_right(5)
            guest.is_well()


def snapshots(*words):
    """Snapshots are taken and loaded, with cores plugged and unplugged in between."""
    tool = BUILD / 'qemu-img'
    if not tool.exists():
        skip('built without tools')
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(dir=BUILD / 'tests'))
        image = Path(directory) / 'disk.qcow2'
        subprocess.run([tool, 'create', '-q', '-f', 'qcow2', image, '16M'], check=True)
        guest = stack.enter_context(CpuGuest(
            *words, args=('-drive', f'if=none,id=disk,file={image}')))
        guest.start()
        guest.load(4)
        for turn in range(2):
            guest.plug(2)
            guest.await_cores({0, 1, 2})
            guest.work_is_right(4)
            guest.snapshot('savevm', f'turn{turn}')
            guest.plug(3)
            guest.await_cores({0, 1, 2, 3})
            guest.unplug(3)
            guest.gone(3)
            # as many cores as in the snapshot
            guest.snapshot('loadvm', f'turn{turn}')
            guest.await_cores({0, 1, 2})
            guest.work_is_right(4)
            guest.unplug(2)
            guest.gone(2)
        guest.is_well()


def debugged(*words):
    """When the core that a debugger has selected is unplugged, the first one is selected."""
    with tempfile.TemporaryDirectory(dir=BUILD / 'tests') as directory:
        path = Path(directory) / 'gdb'
        with CpuGuest(*words, args=('-chardev', f'socket,id=gdb,path={path},server=on,wait=off',
                                    '-gdb', 'chardev:gdb')) as guest:
            guest.start()
            guest.plug(2)
            guest.await_cores({0, 1, 2})
            gdb = Gdb.at(path)
            gdb.interrupt(guest)
            gdb.order('T3', 'the thread of the core')
            gdb.thread(3)
            expect(gdb.get('pc', 'little') != 0, 'the core is nowhere')
            gdb.send('c')
            guest.unplug(2)
            guest.gone(2)
            gdb.interrupt(guest)
            expect(gdb.ask('T3') != 'OK', 'the thread is still there')
            gdb.ask('g')
            gdb.step()
            gdb.order('T1', 'the first thread')
            gdb.detach()
            guest.await_cores({0, 1})


if __name__ == '__main__':
    main_of(rounds, alone, unstarted, many, reset, saved, snapshots, debugged)
