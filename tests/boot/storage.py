#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks: 256 MiB over each of the machine's kinds of storage, written and read; saved
and restored while disks and network adapters work.

Arguments: the scene, and words of the mode (devguest.py).
"""

import hashlib

from devguest import MIB, DeviceGuest, Mode, blank, pattern, poll, workspace
from guest import expect, main_of
from network import DRIVERS as NET_DRIVERS
from network import adapter, interface

SIZE = 256 * MIB
# behind the data of the first part, for the second part
SPARE = 64 * MIB
BLOCK = 64 * 1024
CD_SIZE = 8 * MIB + 2048

DRIVERS = ('virtio_pci', 'virtio_blk', 'virtio_scsi', 'nvme', 'ibmvscsi', 'xhci-pci',
           'usb-storage', 'sd_mod', 'sr_mod')


def storage_devices(mode, names):
    """Arguments for the disks of NAMES, whose drives have the same names."""
    controllers = {
        'scsi': [mode.virtio('virtio-scsi-pci', 'id=scsi')],
        'scsi-io': [mode.virtio('virtio-scsi-pci', 'id=scsi-io,iothread=io2')],
        'vscsi': ['spapr-vscsi,id=vscsi'],
        'usb': ['qemu-xhci,id=usb'],
    }
    disks = {
        'source': mode.virtio('virtio-blk-pci', 'drive=source'),
        'blk': mode.virtio('virtio-blk-pci', 'drive=blk'),
        'blk-io': mode.virtio('virtio-blk-pci', 'drive=blk-io,iothread=io1'),
        'scsi': 'scsi-hd,bus=scsi.0,drive=scsi',
        'scsi-io': 'scsi-hd,bus=scsi-io.0,drive=scsi-io',
        'nvme': 'nvme,serial=1,drive=nvme',
        'vscsi': 'scsi-hd,bus=vscsi.0,drive=vscsi',
        'usb': 'usb-storage,bus=usb.0,drive=usb',
    }
    args = ['-object', 'iothread,id=io1', '-object', 'iothread,id=io2']
    for name in names:
        for device in controllers.get(name, []) + [disks[name]]:
            args += ['-device', device]
    return args


def drive(name, path, options=''):
    return ['-drive', f'if=none,id={name},format=raw,file={path}{options}']


def storage(*words):
    """Each disk is copied to the next one: each is written, and each is read.

    The last one's checksum is computed.  The copies bypass the guest's page cache, and
    the host compares the images.  Then all are copied at the same time, through
    the guest's page cache, from different parts of the source to the end of
    each disk.
    """
    mode = Mode(*words)
    targets = ['blk', 'blk-io', 'scsi', 'scsi-io', 'nvme', 'vscsi', 'usb']
    with workspace() as directory:
        data = pattern(1, SIZE)
        (directory / 'source').write_bytes(data)
        (directory / 'cd').write_bytes(data[-CD_SIZE:])
        # a disk is identified by its size
        sizes = {name: SIZE + SPARE + n * MIB for n, name in enumerate(targets)}
        args = drive('source', directory / 'source', ',readonly=on')
        for name in targets:
            args += drive(name, blank(directory / name, sizes[name]), ',cache=unsafe')
        args += storage_devices(mode, ['source', *targets])
        for bus in ('scsi-io', 'vscsi'):
            args += [*drive(f'cd-{bus}', directory / 'cd', ',readonly=on'),
                     '-device', f'scsi-cd,bus={bus}.0,drive=cd-{bus}']
        with mode.guest(mode, args=args) as guest:
            guest.start(*DRIVERS)
            source, *disks = guest.disks([SIZE, *sizes.values()])
            for reads, writes in zip([source, *disks], disks):
                guest.run(f'dd if=/dev/{reads} of=/dev/{writes} bs=1M count={SIZE // MIB}'
                          ' iflag=direct oflag=direct conv=fsync')
            out = guest.run(f'dd if=/dev/{disks[-1]} bs=1M count={SIZE // MIB} iflag=direct'
                            ' | md5sum')
            expect(hashlib.md5(data).hexdigest() in out, f'read from {disks[-1]}: {out}')

            copies = ' & '.join(
                f'dd if=/dev/{source} of=/dev/{disk} bs={BLOCK} count={SPARE // BLOCK}'
                f' skip={n * 16 * MIB // BLOCK} seek={SIZE // BLOCK} conv=fsync || touch /failed'
                for n, disk in enumerate(disks))
            guest.run(f'{copies} & wait; [ ! -e /failed ]')

            for cd in ('sr0', 'sr1'):
                out = guest.run(f'dd if=/dev/{cd} bs=2048 | md5sum')
                expect(hashlib.md5(data[-CD_SIZE:]).hexdigest() in out, f'read from {cd}: {out}')
            guest.is_well()
        for n, name in enumerate(targets):
            content = (directory / name).read_bytes()
            expect(content[:SIZE] == data, f'{name}: the image differs')
            part = data[n * 16 * MIB:][:SPARE]
            expect(content[SIZE:SIZE + SPARE] == part, f'{name}: the second part differs')
            expect(not any(content[SIZE + SPARE:]), f'{name}: written beyond the end')


def saved(*words):
    """Saved to a file during I/O, restored in a new process: each disk has the data that
    was written, and each disk and adapter continues to work."""
    mode = Mode(*words)
    # nvme does not migrate
    kinds = ['blk', 'blk-io', 'scsi', 'scsi-io', 'vscsi', 'usb']
    nets = list(enumerate(['virtio-net-pci', 'e1000e', 'spapr-vlan'], 1))
    with workspace() as directory:
        args = []
        for n, name in enumerate(kinds, 4):
            args += drive(name, blank(directory / name, n * MIB))
        args += storage_devices(mode, kinds)
        for n, kind in nets:
            args += ['-netdev', f'user,id=net{n},net=10.0.{n}.0/24,host=10.0.{n}.2',
                     '-device', adapter(mode, kind, n)]
        state = directory / 'state'
        with DeviceGuest(mode, args=args) as guest:
            guest.start(*DRIVERS, *NET_DRIVERS)
            works = {}
            for disk in guest.disks([n * MIB for n, _ in enumerate(kinds, 4)]):
                works[disk] = keep_disk_busy(guest, disk)
            for n, _ in nets:
                name = interface(guest, n)
                guest.run(f'ip link set {name} up && ip addr add 10.0.{n}.15/24 dev {name}')
                works[name] = keep_busy(guest, name, f'ping -c 1 -W 5 10.0.{n}.2')
            go_on(guest, works)
            guest.cmd('migrate', uri=f'file:{state}')
            poll(lambda: guest.cmd('query-migrate').get('status') in ('completed', 'failed'),
                 'saved')
            expect(guest.cmd('query-migrate')['status'] == 'completed', 'saving failed')
        with DeviceGuest(mode, args=[*args, '-incoming', f'file:{state}']) as guest:
            guest.launch()
            poll(lambda: guest.cmd('query-status')['status'] == 'running', 'restored')
            guest.send('\n')
            guest.prompt()
            for _ in range(3):
                go_on(guest, works)
            guest.run('[ ! -e /failed ]')
            guest.is_well()


def keep_busy(guest, name, command):
    """Run COMMAND again and again; returns the file that gets a line at each success."""
    guest.run(f'while true; do {{ {command}; }} > /dev/null 2>&1 && echo >> /tmp/{name};'
              ' done & true')
    return f'/tmp/{name}'


def keep_disk_busy(guest, disk):
    """Write to two places and read back, bypassing the page cache; /failed if it differs."""
    # at 0 and at 2 MiB
    guest.run(f'mkdir /tmp/of-{disk} && head -c {2 * MIB} /dev/urandom > /tmp/of-{disk}/data')
    write = (f'dd if=/tmp/of-{disk}/data of=/dev/{disk} bs=256k seek=$((n % 2 * 8)) oflag=direct'
             ' conv=notrunc')
    read = (f'dd if=/dev/{disk} of=/tmp/of-{disk}/back bs=256k count=8 skip=$((n % 2 * 8))'
            ' iflag=direct')
    differ = f'cmp /tmp/of-{disk}/data /tmp/of-{disk}/back || touch /failed'
    return keep_busy(guest, disk, f'n=$((n + 1)); {write} && {read} && {{ {differ}; }}')


def go_on(guest, works):
    """Each of WORKS makes progress."""
    def lines():
        return [int(count) for count in
                guest.run(f'for f in {" ".join(works.values())}; do wc -l < $f || echo 0; done'
                          ' 2> /dev/null').split()]
    before = lines()
    poll(lambda: all(b > a for a, b in zip(before, lines())),
         f'each of {list(works)} moves: {before}')


if __name__ == '__main__':
    main_of(storage, saved)
