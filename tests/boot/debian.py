#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian 12 from its disk, and which of several devices SLOF boots from.

    make                        make the system, unless the cache has it
    boot CPU DISK               through SLOF and GRUB to a login, then power off
    order                       disks, a CD and networks by bootindex and -boot
"""

import re
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

from debian_guest import Debian, made
from guest import BUILD, Guest, expect, main_of, skip

ROOT_DEVICE = {'virtio-blk': 'vda2', 'virtio-scsi': 'sda2', 'vscsi': 'sda2', 'nvme': 'nvme0n1p2'}
MODEL = {'POWER8': 'POWER8', 'POWER9': 'POWER9', 'POWER10': 'POWER10'}


def make():
    directory = Path(made('system'))
    expect((directory / 'initrd.img').stat().st_size > 1 << 20, 'no initrd to speak of')


def boot(cpu, disk):
    with Debian(cpu, smp='2', disk=disk) as guest:
        guest.launch()
        guest.until('GRUB', 120)
        guest.until(r'command line: BOOT_IMAGE=/boot/vmlinux-6\.1', 200)
        guest.login()
        expect('root=UUID=' in guest.run('cat /proc/cmdline'), 'not the command line of grub.cfg')
        expect(MODEL[cpu] in guest.run('cat /proc/cpuinfo'), f'not a {cpu}')
        source = guest.run('findmnt -n -o SOURCE /').strip()
        expect(source == f'/dev/{ROOT_DEVICE[disk]}', f'the root file system is on {source}')
        guest.settled()
        guest.run('date > /var/tmp/written && sync && echo 3 > /proc/sys/vm/drop_caches && '
                  'test -s /var/tmp/written')
        guest.poweroff()


# --- which device is booted ----------------------------------------------------

# What GRUB prints on a terminal for which SLOF has set colours.
BOOTED = r'this is (\w+)\W'


def core(path, name):
    """A GRUB core image that only prints its NAME."""
    config = path.with_suffix('.cfg')
    config.write_text(f'echo "this is {name}."\n')
    modules = Path(made('boot')) / 'powerpc-ieee1275'
    subprocess.run(('grub-mkimage', '-O', 'powerpc-ieee1275', '-d', modules, '-o', path,
                    '-p', '/', '-c', config, 'echo'), check=True)
    return path


def disk(path, name):
    """A disk whose only partition, of type PReP, has such a core image."""
    data = core(path.with_suffix('.elf'), name).read_bytes()
    entry = struct.pack('<B3sB3sII', 0x80, b'\xfe\xff\xff', 0x41, b'\xfe\xff\xff', 64,
                        -(-len(data) // 512))
    path.write_bytes((bytes(446) + entry).ljust(510, b'\0') + b'\x55\xaa' + bytes(63 * 512) +
                     data + bytes(1 << 20))


def cdrom(path, name):
    """A CD that SLOF boots by the path that is in its bootinfo.txt."""
    tree = path.with_suffix('.tree')
    (tree / 'ppc').mkdir(parents=True)
    core(tree / 'boot.elf', name)
    (tree / 'boot.cfg').unlink()
    (tree / 'ppc/bootinfo.txt').write_text('<chrp-boot>\n<boot-script>boot &device;:\\boot.elf'
                                           '</boot-script>\n</chrp-boot>\n')
    subprocess.run(('xorriso', '-as', 'mkisofs', '-quiet', '-r', '-o', path, tree), check=True,
                   stderr=subprocess.DEVNULL)


class Devices:
    """Arguments of QEMU for bootable devices by name; each prints its name when booted."""

    def __init__(self, scratch):
        self.scratch = scratch
        for name in ('blk', 'scsi', 'second'):
            disk(scratch / name, name)
        (scratch / 'blank').write_bytes(bytes(1 << 20))
        cdrom(scratch / 'cd', 'cd')
        core(scratch / 'net', 'net')

    def drive(self, name, device, index):
        return ('-drive', f'if=none,id={name},format=raw,readonly=on,file={self.scratch}/{name}',
                '-device', f'{device},drive={name}{index}')

    def args(self, name, index=None):
        index = f',bootindex={index}' if index else ''
        if name == 'net':
            return ('-netdev', f'user,id=net,tftp={self.scratch},bootfile=net',
                    '-device', f'virtio-net-pci,netdev=net{index}')
        device = {'scsi': 'scsi-hd,bus=scsi.0', 'cd': 'scsi-cd,bus=scsi.0'}
        return self.drive(name, device.get(name, 'virtio-blk-pci'), index)


# Devices with their bootindex, the value of -boot, and the device that is booted.
ORDERS = [
    ({'blk': 1, 'scsi': 2}, None, 'blk'),
    ({'blk': 2, 'scsi': 1}, None, 'scsi'),
    ({'blk': None, 'second': 1}, None, 'second'),
    ({'blank': 1, 'scsi': 2}, None, 'scsi'),
    ({'blk': 3, 'scsi': 2, 'net': 1}, None, 'net'),
    ({'blk': 2, 'cd': 1}, None, 'cd'),
    ({'blk': None, 'net': None}, 'order=n', 'net'),
    ({'blk': None, 'net': None}, 'order=c', 'blk'),
    ({'scsi': None, 'cd': None}, 'order=d', 'cd'),
    ({'scsi': None, 'cd': None}, 'order=cd', 'scsi'),
    ({'cd': None, 'net': None}, 'order=cn', 'net'),
]


def booted(guest):
    return guest.until(BOOTED).group(1)


def order():
    for tool in ('grub-mkimage', 'xorriso'):
        if not shutil.which(tool):
            skip(f'{tool} is missing: run ./configure, which installs it')
    bad = []
    with tempfile.TemporaryDirectory(dir=BUILD) as scratch:
        devices = Devices(Path(scratch))
        scsi = ('-device', 'virtio-scsi-pci,id=scsi')
        for indices, option, wanted in ORDERS:
            args = [arg for name, index in indices.items() for arg in devices.args(name, index)]
            args += ('-boot', option) if option else ()
            with Guest(mem='512M', args=(*scsi, *args), linux=False) as guest:
                guest.launch()
                found = booted(guest)
                if found != wanted:
                    bad.append(f'{indices} {option}: booted {found}, not {wanted}')
        expect(not bad, '\n'.join(bad))

        # once= is for the first boot only
        args = (*devices.args('blk'), *devices.args('net'), '-boot', 'once=n,order=c')
        with Guest(args=args, linux=False) as guest:
            guest.launch()
            expect(booted(guest) == 'net', '-boot once=n: not by the network')
            guest.cmd('system_reset')
            guest.text = ''
            expect(booted(guest) == 'blk', '-boot once=n,order=c: not from disk after a reset')


def boot_list():
    """The list in the device tree for firmware: every bootindex in order."""
    with tempfile.TemporaryDirectory(dir=BUILD) as scratch:
        tree = Path(scratch) / 'tree.dtb'
        for name in ('one', 'two', 'three'):
            (Path(scratch) / name).write_bytes(bytes(1 << 20))
        drives = [arg for name in ('one', 'two', 'three') for arg in
                  ('-drive', f'if=none,id={name},format=raw,file={scratch}/{name}')]
        args = (*drives, '-device', 'virtio-scsi-pci,id=scsi,addr=4',
                '-device', 'virtio-blk-pci,drive=one,addr=3,bootindex=2',
                '-device', 'scsi-hd,drive=two,bus=scsi.0,channel=0,scsi-id=1,lun=2,bootindex=1',
                '-device', 'spapr-vscsi,id=vscsi,reg=0x71000003',
                '-device', 'scsi-hd,drive=three,bus=vscsi.0,bootindex=3',
                '-netdev', 'user,id=net',
                '-device', 'virtio-net-pci,netdev=net,addr=5,bootindex=4', '-S')
        with Guest(args=args, linux=False) as guest:
            guest.launch()
            guest.cmd('dumpdtb', filename=str(tree))
        text = subprocess.run(('dtc', '-q', '-I', 'dtb', '-O', 'dts', tree), check=True,
                              stdout=subprocess.PIPE, text=True).stdout
    found = re.search(r'qemu,boot-list = "([^"]*)"', text)
    expect(found, 'no qemu,boot-list')
    listed = found.group(1).split()
    expect(listed == BOOT_LIST, f'qemu,boot-list: {listed}')


# Units of disks are SCSI LUN addresses, those of PCI devices slots.
BOOT_LIST = ['/pci@800000020000000/scsi@4/disk@101000200000000',
             '/pci@800000020000000/scsi@3',
             '/vdevice/v-scsi@71000003/disk@8000000000000000',
             '/pci@800000020000000/ethernet@5']


if __name__ == '__main__':
    main_of(make, boot, order, boot_list)
