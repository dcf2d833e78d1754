#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks: 256 MiB over each of the machine's kinds of storage, there and back.

Arguments: the scene, and words of the mode (devguest.py).
"""

import hashlib
import time

from devguest import MIB, DeviceGuest, Mode, blank, pattern, workspace
from guest import BOOTED, Failure, expect, main

SIZE = 256 * MIB
# behind the first part, for the second
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
    """One disk to the next, to the next...: each is written, and each is read.

    The last is read to a checksum.  No page cache of the guest hides a disk from
    the test, and the host sees what each image has.  Then all at once, through
    the guest's page cache, from different parts of the source to the end of
    each disk.
    """
    mode = Mode(*words)
    targets = ['blk', 'blk-io', 'scsi', 'scsi-io', 'nvme', 'vscsi', 'usb']
    with workspace() as directory:
        data = pattern(1, SIZE)
        (directory / 'source').write_bytes(data)
        (directory / 'cd').write_bytes(data[-CD_SIZE:])
        # a disk is known by its size
        sizes = {name: SIZE + SPARE + n * MIB for n, name in enumerate(targets)}
        args = drive('source', directory / 'source', ',readonly=on')
        for name in targets:
            args += drive(name, blank(directory / name, sizes[name]), ',cache=unsafe')
        args += storage_devices(mode, ['source', *targets])
        for bus in ('scsi-io', 'vscsi'):
            args += [*drive(f'cd-{bus}', directory / 'cd', ',readonly=on'),
                     '-device', f'scsi-cd,bus={bus}.0,drive=cd-{bus}']
        with DeviceGuest(mode, args=args) as guest:
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


TESTS = {test.__name__.replace('_', '-'): test for test in (storage,)}


def run(name, *words):
    if name not in TESTS:
        raise Failure(f'{name}: not one of {" ".join(TESTS)}')
    TESTS[name](*words)


if __name__ == '__main__':
    main(run)
