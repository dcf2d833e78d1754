#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Streams between this machine and the same version of upstream's (the peer).

    streams.py carry VERSION PAYLOAD SMP
    streams.py linux VERSION MODE
    streams.py analyzed

carry: a bare-metal guest (tests/guest/test-carry.c), which has interrupts in
every state before each migration, checks them after it, and continues its work on all
vCPUs.  It migrates from one machine to the other and back, by file and live.  With more than
one vCPU it starts on the peer and does not return there: with upstream's TCG all but the
first vCPU of an incoming guest are stopped, whatever the source.  SMP is the number of
vCPUs, 1+1 for one of -smp and a core of -device, 1+late for a core that is plugged and
not configured by the guest.

linux: Linux at work on many devices, with memory that was plugged, migrates live from this
machine to the peer; MODE is xive-radix or the like.  It does not migrate from there: the
peer's x-vof assigns no addresses to devices behind a bridge, and writes to a DIMM
while the peer sends it are lost (base/patches/0198).

analyzed: QEMU's scripts/analyze-migration.py reads a stream of this machine.

The peer is built if it does not exist (tools/peer).
"""

import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager

from guest import BUILD, PATIENT, Failure, Guest, Machine, expect, guest_file, main_of, skip
from numa import binary, peer

from qemu.qmp import QMPError  # pylint: disable=wrong-import-order

PAYLOADS = BUILD / 'tests/guest/tests.elf'


def disk(name):
    return '-blockdev', f'null-co,node-name={name},size={16 << 20},read-zeroes=on'


CORE = 'power9_v2.2-spapr-cpu-core'
poll = Guest.poll
# the devices whose interrupts test-carry.c uses
THREE = [word for n in (1, 2, 3)
         for word in (*disk(f'd{n}'), '-device', f'virtio-blk-pci,drive=d{n},addr={n}')]


def migrate(guest, uri):
    guest.cmd('migrate', uri=uri)
    poll(lambda: guest.cmd('query-migrate').get('status') in ('completed', 'failed'),
         'end of the migration')
    answer = guest.cmd('query-migrate')
    expect(answer['status'] == 'completed', f'migration: {answer}')


@contextmanager
def given_up_for(traveller, target):
    """Migrate to TARGET; if that fails, end TARGET and report its output."""
    try:
        yield
    except Exception as failure:
        if traveller.guest is target:
            raise
        target.kill()
        raise Failure(f'{failure!r}: {target.get_log()}') from failure


class Traveller:
    """A guest, and the QEMU in which it is: 'ours' or 'peer'."""

    def __init__(self, version, machine, args):
        self.programs = {'ours': binary(), 'peer': peer()}
        self.machine = f'pseries-{version}{machine}'
        self.args = args
        self.guest, self.where = None, ''
        self.folder = tempfile.TemporaryDirectory()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.leave()
        self.folder.cleanup()

    def make(self, where, *args):
        guest = Machine(self.programs[where])
        guest.set_machine(self.machine)
        guest.add_args('-nodefaults', '-L', str(BUILD / 'guest'), '-L', str(BUILD / 'guest/roms'),
                       *self.args, *args)
        return guest

    def begin(self, where):
        self.guest, self.where = self.make(where), where
        self.guest.launch()
        self.ready()

    def plug(self, driver, **options):
        """Plug a device, which the next QEMU is started with."""
        self.guest.cmd('device_add', driver=driver, **options)
        self.args += ('-device', ','.join([driver, *(f'{name}={value}'.replace('_', '-')
                                                     for name, value in options.items())]))

    def begins(self, where):
        try:
            self.begin(where)
        except Exception as failure:
            raise Failure(explained(self, failure)) from failure

    def leave(self):
        guest, self.guest = self.guest, None
        if guest:
            guest.__exit__(None, None, None)

    def arrived(self, target, where):
        poll(lambda: target.cmd('query-status')['status'] != 'inmigrate', 'arrival')
        self.leave()
        self.guest, self.where = target, where
        self.goes_on()

    def by_file(self, where):
        file = f'file:{self.folder.name}/state'
        migrate(self.guest, file)
        self.leave()
        target = self.make(where, '-incoming', file)
        with given_up_for(self, target):
            target.launch()
            self.arrived(target, where)

    def live(self, where):
        target = self.make(where, '-incoming', 'defer')
        with given_up_for(self, target):
            target.launch()
            uri = f'unix:{self.folder.name}/socket'
            target.cmd('migrate-incoming', uri=uri)
            # its vCPUs never sleep
            self.guest.cmd('migrate-set-parameters', **{'downtime-limit': 30000})
            migrate(self.guest, uri)
            self.arrived(target, where)

    def text(self):
        """The last output of the guest and of QEMU."""
        if not self.guest:
            return ''
        self.guest.drain(1)
        return f'{self.guest.text[-2000:]}\n{self.guest.get_log() or ""}'

    def moves(self, *moves):
        """Migrate the guest by MOVES, 'file/peer' or the like, until it ends."""
        try:
            for move in moves:
                way, where = move.split('/')
                {'file': self.by_file, 'live': self.live}[way](where)
            self.passes()
        except Exception as failure:
            raise Failure(explained(self, failure)) from failure

    def tours(self, smp):
        """To the peer and back, if it can return."""
        if smp in ('1', '1+late'):
            self.begins('ours')
            if smp == '1+late':
                self.plug(CORE, core_id=1)
            self.moves('file/peer', 'live/ours', 'live/peer', 'file/ours')
        else:
            self.begins('peer')
            self.moves('live/ours' if smp == '2' else 'file/ours', 'file/ours', 'live/ours')


class Carried(Traveller):
    """A payload."""

    def __init__(self, version, payload, smp):
        mode = ',ic-mode=dual'
        first, _, plugged = smp.partition('+')
        cores = [f'{CORE},core-id=1'] if plugged == '1' else []
        super().__init__(version, f'{mode},x-vof=on', (
            '-cpu', 'POWER9', '-smp', f'{first},maxcpus=8',
            *(word for core in cores for word in ('-device', core)), '-m', '256M',
            '-kernel', str(PAYLOADS), '-append', payload, *THREE))
        self.round = -1

    def ready(self):
        found = self.guest.until(r'READY (\d+)|FAIL.*\n', 60)
        self.round += 1
        expect(found.group(1) == str(self.round), found.group())

    def goes_on(self):
        self.guest.send('g')
        self.ready()

    def passes(self):
        self.guest.send('q')
        found = self.guest.until(r'PASS|FAIL.*\n').group()
        expect(found == 'PASS', found)
        self.guest.wait(60)
        expect(self.guest.exitcode() == 0, self.guest.get_log())


DEVICES = (
    *disk('pci'), '-device', 'pci-bridge,id=bridge,chassis_nr=1,addr=4',
    '-device', 'virtio-blk-pci,drive=pci,bus=bridge,addr=2',
    *disk('vio'), '-device', 'spapr-vscsi,reg=0x5000', '-device', 'scsi-hd,drive=vio',
    '-netdev', 'user,id=n0,net=10.0.2.0/24,restrict=on',
    '-netdev', 'user,id=n1,net=10.0.3.0/24,restrict=on',
    '-device', 'virtio-net-pci,netdev=n0,mac=52:54:00:00:00:01,romfile=,addr=5',
    '-device', 'spapr-vlan,netdev=n1,mac=52:54:00:00:00:02',
    '-device', 'spapr-pci-host-bridge,index=1,id=far',
    '-device', 'virtio-balloon-pci,bus=far.0,addr=1')

MODULES = 'virtio_pci virtio_blk virtio_net ibmveth ibmvscsi sd_mod'
# two loops, which compare data in memory, and read the disks
WORK = ('mkdir /tmp/w; for n in vda sda; do (while :; do '
        'dd if=/dev/urandom of=/tmp/w/$n bs=64k count=2 2> /dev/null; '
        'cp /tmp/w/$n /tmp/w/$n.copy; '
        'cmp /tmp/w/$n /tmp/w/$n.copy || echo memory >> /tmp/w/trouble; '
        'dd if=/dev/$n of=/tmp/w/$n.disk bs=64k count=2 iflag=direct 2> /dev/null || '
        'echo disk >> /tmp/w/trouble; echo >> /tmp/w/turns$n; done) & done; true')
# they continue, networks answer, each CPU runs tasks, timers expire, there are no errors
LOOK = ('for n in vda sda; do before=$(cat /tmp/w/turns$n | wc -l); '
        'until [ $(cat /tmp/w/turns$n | wc -l) -gt $before ]; do sleep 0.1; done; done; '
        'ping -c 1 10.0.2.2 > /dev/null && ping -c 1 10.0.3.2 > /dev/null && '
        "for n in $(sed -n 's/^processor.*: //p' /proc/cpuinfo); do "
        'taskset -c $n sleep 0.1 || exit 1; done; '
        "! dmesg | grep -iE 'INFO.*stall|lockup|bug:|unstable|i/o error' && "
        '[ ! -e /tmp/w/trouble ]')
KEPT = 'md5sum /dev/nvram; grep MemTotal /proc/meminfo; nproc; cat /sys/class/net/eth*/address'


class CarriedLinux(Traveller):
    """Linux with running work, and memory that was plugged."""

    def __init__(self, version, mode):
        controller, mmu = mode.split('-')
        # no messages of the kernel in the output of commands
        append = ['console=hvc0', PATIENT, 'quiet']
        append += ['xive=off'] if controller == 'xics' else []
        append += ['disable_radix'] if mmu == 'hash' else []
        super().__init__(version, ',x-vof=on', (
            '-cpu', 'POWER9', '-m', '512M,slots=4,maxmem=2G',
            '-kernel', str(guest_file('vmlinux-6.1')), '-initrd', str(BUILD / 'initramfs-6.1.cpio'),
            '-append', ' '.join(append), *DEVICES))
        self.kept = ''

    def until(self, condition):
        self.guest.run(f'until {condition}; do sleep 0.1; done')

    def ready(self):
        guest = self.guest
        guest.shell()
        guest.run(f'for name in {MODULES}; do modprobe $name || exit 1; done')
        guest.run('ifconfig eth0 10.0.2.15 && ifconfig eth1 10.0.3.15')
        self.until('[ -b /dev/sda ] && [ -b /dev/vda ]')
        guest.run(WORK)
        before = int(guest.run("awk '/MemTotal/ { print $2 }' /proc/meminfo"))
        guest.cmd('object-add', qom_type='memory-backend-ram', id='m0', size=256 << 20)
        self.args += ('-object', 'memory-backend-ram,id=m0,size=256M')
        self.plug('pc-dimm', memdev='m0', id='d0')
        self.until(f"[ $(awk '/MemTotal/ {{ print $2 }}' /proc/meminfo) -gt {before} ]")
        guest.run(LOOK)
        self.kept = guest.run(KEPT)

    def goes_on(self):
        self.guest.send('\n')
        self.guest.prompt()
        self.guest.run(LOOK)
        kept = self.guest.run(KEPT)
        expect(kept == self.kept, f'before: {self.kept}\nnow: {kept}')

    def passes(self):
        self.guest.send('poweroff -f\n')
        self.guest.wait(60)
        expect(self.guest.exitcode() == 0, self.guest.get_log())


def explained(traveller, failure):
    """A report of the state of a guest that has failed."""
    guest = traveller.guest
    words = [f'{traveller.machine}, {traveller.where}: {failure!r}']
    try:
        for command in 'info status', 'info pic', 'info registers -a':
            words.append(guest.cmd('human-monitor-command', command_line=command))
    except (AttributeError, QMPError):
        words.append('QEMU has ended')
    return '\n'.join([*words, traveller.text(), f'{failure!r}'])


def carry(version, payload, smp):
    if not PAYLOADS.exists():
        skip('no tests/guest/tests.elf: needs gcc-powerpc64-linux-gnu')
    guest_file('vof.bin')
    with Carried(version, payload, smp) as carried:
        carried.tours(smp)


def linux(version, mode):
    guest_file('vof.bin')
    with CarriedLinux(version, mode) as carried:
        carried.begins('ours')
        carried.moves('live/peer')


def analyzed():
    """analyze-migration.py can read the stream of a guest with a hash page table."""
    script = BUILD / 'source/scripts/analyze-migration.py'
    with Carried('10.0', 'carry-hash', '2') as carried:
        carried.begins('ours')
        file = f'{carried.folder.name}/state'
        migrate(carried.guest, f'file:{file}')
        done = subprocess.run([sys.executable, script, '-f', file, '-d', 'state'], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    expect(done.returncode == 0, done.stderr)
    sections = [name.split()[0] for name in json.loads(done.stdout)]
    for name in 'spapr', 'spapr/htab', 'ics', 'spapr_pci', 'spapr_iommu', 'spapr/rtc':
        expect(any(name == section or section.endswith(f'/{name}') for section in sections),
               f'{name}: {sections}')
    expect(sum(section.split('/')[-1] == 'spapr_cpu' for section in sections) == 2, str(sections))


if __name__ == '__main__':
    main_of(carry, linux, analyzed)
