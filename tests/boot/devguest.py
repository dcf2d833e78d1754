# SPDX-License-Identifier: GPL-2.0-or-later
"""A Linux guest with devices: drivers, disks, patterns, and checks for errors.

The common part of storage.py, network.py and devices.py.  The mode of a test is
words for the guest or the devices, in any order:

  xics, xive       the interrupt controller that the guest uses
  plain            virtio devices as they are by default: no IOMMU
  iommu            virtio devices behind the IOMMU (iommu_platform=on)
  narrow           iommu, and the guest uses the default DMA window only
  own, slof        the firmware (Debian with slof boots from its disk, through GRUB)
  hash, 4k         the guest's MMU (else radix if the CPU has it); the kernel
                   with pages of 4 KiB (else 64 KiB)
  POWER8...        the CPU, else POWER9
  debian           the guest is Debian's (debian_guest.py), else the initramfs
"""

import contextlib
import random
import re
import tempfile
import time
from pathlib import Path

from debian_guest import Debian
from guest import BUILD, Failure, Guest, expect, guest_file
from patience import PATIENCE, Wait

MIB = 1 << 20
# messages of drivers about devices that do not work
COMPLAINT = re.compile(r'I/O error|[Tt]imed out|[Tt]imeout|nobody cared|Call Trace|'
                       r'reset SuperSpeed|Resetting adapter|failed to (?:find|probe|init)')


class Mode:
    """The options that the words of a test's name stand for."""

    def __init__(self, *words):
        self.ic = 'xics' if 'xics' in words else 'xive'
        self.iommu = bool({'iommu', 'narrow'} & set(words))
        self.firmware = next((word for word in words if word in ('own', 'slof')), 'own')
        self.cpu = next((word for word in words if word.lower().startswith('power')), 'POWER9')
        self.kernel = '6.12' if '4k' in words else '6.1'
        self.guest = DebianDevices if 'debian' in words else DeviceGuest
        # loading a module prints nothing, but a driver's errors are printed
        append = ['quiet']
        if self.ic == 'xics' and self.cpu != 'POWER8':
            append.append('xive=off')
        if 'hash' in words and self.cpu != 'POWER8':
            append.append('disable_radix')
        if 'narrow' in words:
            append.append('disable_ddw')
        self.append = ' '.join(append)

    def virtio(self, name, options=''):
        """The value of -device for virtio device NAME."""
        iommu = ',disable-legacy=on,disable-modern=off,iommu_platform=on' if self.iommu else ''
        return f'{name}{"," if options else ""}{options}{iommu}'


class WithDevices:
    """Methods for the devices of a guest."""

    mode = None

    def settle(self, condition):
        """Wait in the guest for shell CONDITION: devices appear after some time."""
        tries = int(1200 * PATIENCE)
        self.run(f'for i in $(seq {tries}); do {condition} && break; sleep 0.1; done; {condition}')

    def read(self, path):
        return self.run(f'cat {path}').strip()

    def disks(self, sizes):
        """The names of the disks of SIZES (all different), once they exist."""
        names = []
        for size in sizes:
            test = f'grep -lx {size // 512} /sys/block/*/size'
            self.settle(f'{test} > /dev/null 2>&1')
            names.append(self.run(test).strip().split('/')[3])
        return names

    def interrupts(self):
        """/proc/interrupts: text after the counts -> counts of the CPUs."""
        table = {}
        lines = self.run('cat /proc/interrupts').splitlines()
        cpus = lines[[line.split()[:1] for line in lines].index(['CPU0'])].split()
        for line in lines:
            fields = line.split()
            if re.fullmatch(r'\w+:', fields[0] if fields else '') and len(fields) > len(cpus):
                counts = fields[1:1 + len(cpus)]
                if all(count.isdigit() for count in counts):
                    table[f'{fields[0]} {" ".join(fields[1 + len(cpus):])}'] = [
                        int(count) for count in counts]
        return table

    def is_well(self):
        """No driver reported an error, and the guest uses the requested interrupt controller."""
        # Linux repeats a word of PATIENT that looks like a complaint
        log = self.run('dmesg | grep -v rcu_cpu_stall_timeout')
        found = COMPLAINT.search(log)
        expect(not found, f'a driver complains: {log[max(0, found.start() - 300):][:900]}'
               if found else '')
        interrupts = self.run('cat /proc/interrupts')
        expect({'xics': 'XICS', 'xive': 'XIVE'}[self.mode.ic] in interrupts, interrupts)


class DeviceGuest(WithDevices, Guest):
    """A guest that can load drivers."""

    def __init__(self, mode, smp='2', mem='1G', machine='', args=(), append=''):
        guest_file(f'modules-{mode.kernel}')
        super().__init__(mode.cpu, smp, mem=mem, machine=machine, kernel=mode.kernel,
                         append=f'{mode.append} {append}'.strip(), firmware=mode.firmware,
                         args=args, initrd=f'initramfs-{mode.kernel}.cpio')
        self.mode = mode

    def start(self, *drivers):
        """Launch, and load DRIVERS."""
        self.launch()
        self.shell()
        self.run('echo 3 > /proc/sys/kernel/printk')
        self.load(*drivers)

    def load(self, *drivers):
        for driver in drivers:
            self.run(f'modprobe {driver}')


class DebianDevices(WithDevices, Debian):
    """Debian's guest, with a system disk besides the other devices."""

    def __init__(self, mode, smp='2', mem='1G', args=()):
        through_slof = mode.firmware == 'slof'
        super().__init__(mode.cpu, smp, mem, args=args, firmware=mode.firmware,
                         machine=f',ic-mode={mode.ic}' if through_slof else '',
                         append=None if through_slof else mode.append)
        self.mode = mode

    def start(self, *_):
        """Launch, and log in; udev loads the drivers."""
        self.launch()
        self.login()
        for applet in ('nc', 'netstat', 'ping'):
            self.run(f'{applet}() {{ busybox {applet} "$@"; }}')


def pattern(seed, size):
    """SIZE bytes, different for each SEED."""
    stream = random.Random(seed)
    return b''.join(stream.randbytes(min(MIB, size - at)) for at in range(0, size, MIB))


def poll(condition, what):
    """Wait on the host for CONDITION()."""
    wait = Wait(120)
    while not condition():
        if wait.is_over():
            raise Failure(f'still not: {what}')
        time.sleep(0.1)


@contextlib.contextmanager
def workspace():
    """A temporary directory for images; tests of one name may run at the same time."""
    parent = BUILD / 'tests' / 'boot'
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as directory:
        yield Path(directory)


def blank(path, size):
    with path.open('wb') as file:
        file.truncate(size)
    return path
