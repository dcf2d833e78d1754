#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PCI as Linux sees it: many host bridges, bridges, interrupts, displays, input.

Arguments: the scene, and words of the mode (devguest.py).
"""

import mmap
import re

from devguest import MIB, DeviceGuest, Mode, blank, pattern, poll, workspace
from guest import Failure, expect, main

PHBS = 31


def phbs(*words):
    """As many host bridges as there can be, each with a disk of its own."""
    mode = Mode(*words)
    with workspace() as directory:
        args = []
        for n in range(PHBS):
            image = directory / f'disk{n}'
            image.write_bytes(pattern(n, MIB + n * 512))
            if n:
                args += ['-device', f'spapr-pci-host-bridge,index={n},id=phb{n}']
            bus = f'phb{n}.0' if n else 'pci.0'
            args += ['-drive', f'if=none,id=disk{n},format=raw,file={image}',
                     '-device', mode.virtio('virtio-blk-pci', f'drive=disk{n},bus={bus}')]
        with DeviceGuest(mode, args=args) as guest:
            guest.start('virtio_pci', 'virtio_blk')
            expect(guest.run('ls /sys/bus/pci/devices').split() ==
                   [f'{n:04x}:00:00.0' for n in range(PHBS)], 'not one device a domain')
            disks = guest.disks([MIB + n * 512 for n in range(PHBS)])
            for n, disk in enumerate(disks):
                domain = guest.run(f'readlink /sys/block/{disk}')
                expect(f'/{n:04x}:00:00.0/' in domain, f'disk {n} is at {domain}')
            every = ' '.join(disks)
            # read all at once to a file each, and write what was read, one further
            guest.run(f'for d in {every}; do cat /dev/$d > /tmp/$d & done; wait')
            turned = ' '.join(disks[1:] + disks[:1])
            guest.run(f'set -- {turned}; for d in {every}; do'
                      f' (head -c {MIB} /tmp/$d > /dev/$1) & shift; done; wait; sync')
            guest.is_well()
        for n in range(PHBS):
            expect((directory / f'disk{n}').read_bytes()[:MIB] ==
                   pattern((n - 1) % PHBS, MIB), f'disk {n} does not have the data of {n - 1}')


def topology(*words):
    """Bridges behind bridges, and a device of several functions."""
    mode = Mode(*words)
    places = {
        '0000:00:05.0': 'addr=5.0,multifunction=on', '0000:00:05.1': 'addr=5.1',
        '0000:00:05.7': 'addr=5.7',
        '0000:01:03.0': 'bus=outer,addr=3', '0000:02:01.0': 'bus=inner,addr=1',
        '0000:02:1f.0': 'bus=inner,addr=1f',
    }
    args = ['-device', 'pci-bridge,id=outer,chassis_nr=1,addr=2',
            '-device', 'pci-bridge,id=inner,chassis_nr=2,bus=outer,addr=1',
            '-object', 'rng-random,id=entropy,filename=/dev/urandom']
    for place in places.values():
        args += ['-device', mode.virtio('virtio-rng-pci', f'rng=entropy,{place}')]
    with DeviceGuest(mode, args=args) as guest:
        guest.start('virtio_pci', 'virtio-rng')
        found = guest.run('ls /sys/bus/pci/devices').split()
        expect(found == sorted(['0000:00:02.0', '0000:01:01.0', *places]), f'{found}')
        read_all_rngs(guest, len(places))
        for place in places:
            out = guest.run(f'ls -d /sys/bus/pci/devices/{place}/virtio*')
            expect('virtio' in out, f'{place}: {out}')
        guest.is_well()


def read_all_rngs(guest, count):
    """Each virtio-rng gives bytes, which it takes its DMA and interrupt to do."""
    control = '/sys/class/misc/hw_random'
    names = [name for name in guest.read(f'{control}/rng_available').split()
             if name.startswith('virtio')]
    expect(len(names) == count, f'{names}, and not {count}')
    seen = set()
    for name in names:
        guest.run(f'echo {name} > {control}/rng_current')
        expect(guest.read(f'{control}/rng_current') == name, f'{name} is not current')
        for _ in range(2):
            seen.add(guest.run('head -c 4096 /dev/hwrng | md5sum'))
    expect(len(seen) == 2 * count, 'bytes came twice')


def counts_of(guest, name):
    """How often the interrupts whose line has NAME came, one count a CPU."""
    rows = [row for line, row in guest.interrupts().items() if re.search(name, line)]
    expect(rows, f'no {name} in {guest.run("cat /proc/interrupts")}')
    return [sum(column) for column in zip(*rows)]


def moves_to(guest, name, cpu, work):
    """While the guest does WORK, interrupts NAME reach CPU and no other."""
    before = counts_of(guest, name)
    guest.run(work)
    after = counts_of(guest, name)
    new = [b - a for a, b in zip(before, after)]
    expect(new[cpu] > 0 and sum(new) == new[cpu], f'{name} for CPU {cpu}: {before} {after}')


def affinity(*words):
    """Interrupts go to the vCPU they are told to."""
    mode = Mode(*words)
    with workspace() as directory:
        args = ['-object', 'rng-random,id=entropy,filename=/dev/urandom',
                '-device', mode.virtio('virtio-rng-pci', 'rng=entropy'), '-device', 'spapr-vscsi']
        for n, device in enumerate((mode.virtio('virtio-blk-pci', 'drive=disk0,num-queues=4'),
                                    'scsi-hd,drive=disk1')):
            args += ['-drive', f'if=none,id=disk{n},format=raw,cache=unsafe,'
                               f'file={blank(directory / f"{n}", (n + 1) * MIB)}',
                     '-device', device]
        with DeviceGuest(mode, smp='4', args=args) as guest:
            guest.start('virtio_pci', 'virtio-rng', 'virtio_blk', 'ibmvscsi', 'sd_mod')
            disk, vscsi = guest.disks([MIB, 2 * MIB])
            guest.run('echo $(grep -m 1 virtio /sys/class/misc/hw_random/rng_available |'
                      ' tr " " "\\n" | grep virtio) > /sys/class/misc/hw_random/rng_current')
            # the kernel gives each CPU a queue of the disk
            for cpu in range(4):
                moves_to(guest, rf'virtio\d-req\.{cpu}', cpu,
                         f'taskset -c {cpu} dd if=/dev/{disk} of=/dev/null bs=4k iflag=direct')
            for cpu in (3, 1, 2, 0, 3):
                for name, work in (
                        (r'virtio\d-input', 'dd if=/dev/hwrng of=/dev/null bs=64 count=64'),
                        ('ibmvscsi', f'dd if=/dev/{vscsi} of=/dev/null bs=64k iflag=direct')):
                    irq = next(line.split(':')[0] for line in guest.interrupts()
                               if re.search(name, line))
                    guest.run(f'echo {1 << cpu:x} > /proc/irq/{irq}/smp_affinity')
                    moves_to(guest, name, cpu, work)
            guest.is_well()


TESTS = {test.__name__.replace('_', '-'): test for test in (phbs, topology, affinity)}


def run(name, *words):
    if name not in TESTS:
        raise Failure(f'{name}: not one of {" ".join(TESTS)}')
    TESTS[name](*words)


if __name__ == '__main__':
    main(run)
