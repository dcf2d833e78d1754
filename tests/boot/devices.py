#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PCI as Linux sees it: many host bridges, bridges, interrupts, displays, input.

Arguments: the scene, and words of the mode (devguest.py).
"""

import mmap
import re

from devguest import MIB, DeviceGuest, Mode, blank, pattern, poll, workspace
from guest import expect, main_of

PHBS = 31


def phbs(*words):
    """The maximum number of host bridges, each with a disk of its own."""
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
            # read all at the same time to a file each, and write each file to the next disk
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
    """Each virtio-rng returns bytes, for which its DMA and its interrupt must work."""
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
    """The counts of interrupts whose line has NAME, one for each CPU."""
    rows = [row for line, row in guest.interrupts().items() if re.search(name, line)]
    expect(rows, f'no {name} in {guest.run("cat /proc/interrupts")}')
    return [sum(column) for column in zip(*rows)]


def moves_to(guest, name, cpu, work):
    """While the guest does WORK, interrupts NAME arrive at CPU and at no other."""
    before = counts_of(guest, name)
    guest.run(work)
    after = counts_of(guest, name)
    new = [b - a for a, b in zip(before, after)]
    expect(new[cpu] > 0 and sum(new) == new[cpu], f'{name} for CPU {cpu}: {before} {after}')


def affinity(*words):
    """Interrupts arrive at the vCPU of their affinity."""
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


def msi(*words):
    """More MSIs are requested than there are: once none is left a device gets none, and
    freed numbers are allocated again.  A disk, with a level interrupt if it gets no MSI, is
    read all the time.

    Each virtio-serial requests 64 of its 2048 vectors.
    """
    mode = Mode(*words)
    serials = 54
    slots = [f'{n // 18:04x}:00:{n % 18 + 1:02x}.0' for n in range(serials)]
    with workspace() as directory:
        (directory / 'disk').write_bytes(pattern(1, MIB))
        args = ['-drive', f'if=none,id=disk,format=raw,file={directory / "disk"}',
                '-device', mode.virtio('virtio-blk-pci', 'drive=disk,bus=pci.0,addr=0'),
                '-device', 'spapr-pci-host-bridge,index=1,id=phb1',
                '-device', 'spapr-pci-host-bridge,index=2,id=phb2']
        for n in range(serials):
            bus = f'phb{n // 18}' if n >= 18 else 'pci'
            args += ['-device', mode.virtio(
                'virtio-serial-pci', f'bus={bus}.0,addr={n % 18 + 1:x},max_ports=31,'
                                     'vectors=2048,ioeventfd=off')]
        with DeviceGuest(mode, args=args) as guest:
            guest.start('virtio_pci', 'virtio_blk', 'virtio_console')
            guest.settle('[ -b /dev/vda ]')
            guest.run('while cmp /dev/vda /dev/vda -n 65536; do'
                      ' echo 3 > /proc/sys/vm/drop_caches; done > /tmp/differ 2>&1 & true')
            counts = vectors(guest, slots)
            full = max(counts)
            expect(full == 64 and counts[0] == 64, f'{counts}')
            expect(min(counts) < full, f'not exhausted: {counts}')
            # in reverse order, then in order: those that got none are first, then last
            for order in (slots[::-1], slots):
                bind(guest, 'unbind', slots)
                expect(sum(vectors(guest, slots)) == 0, 'interrupts of no device')
                bind(guest, 'bind', order)
                again = vectors(guest, order)
                expect(again == counts, f'at first {counts}, then {again}')
            # unplugging one frees MSIs for one that had none
            bind(guest, 'unbind', slots[:1] + slots[-1:])
            bind(guest, 'bind', slots[-1:])
            expect(vectors(guest, slots[-1:]) == [full], 'freed vectors are not available')
            expect(not guest.read('/tmp/differ'), guest.read('/tmp/differ'))
            guest.is_well()


def vectors(guest, slots):
    """The number of MSIs of each of SLOTS."""
    out = guest.run(f'for d in {" ".join(slots)}; do'
                    ' ls /sys/bus/pci/devices/$d/msi_irqs 2> /dev/null | wc -l; done')
    return [int(count) for count in out.split()]


def bind(guest, action, slots):
    guest.run(f'for d in {" ".join(slots)}; do'
              f' echo $d > /sys/bus/pci/drivers/virtio-pci/{action} || touch /failed; done;'
              ' [ ! -e /failed ]')


class Picture:
    """A screendump."""

    def __init__(self, guest, device, path):
        guest.cmd('screendump', filename=str(path), device=device)
        self.data = path.read_bytes()
        head = re.match(rb'P6\s+(\d+)\s+(\d+)\s+255\s', self.data)
        expect(head, f'{device}: no picture: {self.data[:40]}')
        self.width, self.height = int(head.group(1)), int(head.group(2))
        self.pixels = self.data[head.end():]

    def is_all(self, colour):
        return self.pixels == colour * (self.width * self.height)


def fill(guest, path, pixel, count):
    """Write PIXEL, in the words of printf, COUNT times to PATH."""
    guest.run(f"printf '{pixel}' > /tmp/pixels; for i in $(seq {count.bit_length()});"
              ' do cat /tmp/pixels /tmp/pixels > /tmp/twice; mv /tmp/twice /tmp/pixels; done;'
              f' head -c {4 * count} /tmp/pixels > {path}')


def displays(*words):
    """The screendump has what Linux draws, in the right colours; text, too."""
    mode = Mode(*words)
    draw(mode, 'bochs', 'VGA,id=screen,romfile=')
    draw(mode, 'virtio-gpu', mode.virtio('virtio-gpu-pci', 'id=screen'))


def draw(mode, driver, device):
    """Fill the screen of DEVICE through DRIVER's frame buffer, then by its text console."""
    with workspace() as directory, DeviceGuest(mode, args=['-device', device]) as guest:
        def is_all(colour):
            return Picture(guest, 'screen', directory / 'screen.ppm').is_all(colour)

        guest.start('virtio_pci', driver)
        guest.settle('[ -c /dev/fb0 ]')
        # a text console, with its own background colour except at the cursor
        guest.run("printf '\\033[?25l\\033[47;31m\\033[2J' > /dev/tty1")
        poll(lambda: is_all(b'\xaa\xaa\xaa'), f'{driver}: the console is grey')
        width, height = map(int, guest.read('/sys/class/graphics/fb0/virtual_size').split(','))
        # blue, green, red, unused: the bytes of a pixel of both drivers
        for pixel, colour in ((r'\0\0\377\0', b'\xff\0\0'), (r'\377\200\0\0', b'\0\x80\xff')):
            fill(guest, '/dev/fb0', pixel, width * height)
            poll(lambda: is_all(colour), f'{driver}: the screen has colour {colour}')
        guest.is_well()


def keyboard(*words):
    """Linux gets keys that are sent to QEMU from a USB keyboard, and moves from a tablet."""
    mode = Mode(*words)
    args = ['-device', 'qemu-xhci,id=usb', '-device', 'usb-kbd,bus=usb.0',
            '-device', 'usb-tablet,bus=usb.0']
    with DeviceGuest(mode, args=args) as guest:
        guest.start('xhci-pci', 'usbhid', 'hid-generic', 'evdev')
        inputs = {}
        for name in ('Keyboard', 'Tablet'):
            guest.settle(f'grep -q {name} /sys/class/input/event*/device/name 2> /dev/null')
            inputs[name] = guest.run(
                f'grep -l {name} /sys/class/input/event*/device/name').split('/')[4]
            guest.settle(f'[ -c /dev/input/{inputs[name]} ]')
            guest.run(f'cat /dev/input/{inputs[name]} > /tmp/{name} & true')
        # struct input_event without its time: EV_KEY, KEY_A = 30, pressed
        wanted = {'Keyboard': '01001e0001000000', 'Tablet': '0300000000400000'}

        def arrived():
            guest.cmd('send-key', keys=[{'type': 'qcode', 'data': 'a'}])
            for value in (0x1000, 0x4000):
                guest.cmd('input-send-event', events=[
                    {'type': 'abs', 'data': {'axis': 'x', 'value': value}}])
            return all(bytes_in in guest.run(f'hexdump -v -e \'1/1 "%02x"\' /tmp/{name}')
                       for name, bytes_in in wanted.items())
        poll(arrived, f'{wanted}')
        guest.is_well()


def ivshmem(*words):
    """Memory of the host, in a device's window of 64 bits."""
    mode = Mode(*words)
    size = 4 * MIB
    with workspace() as directory:
        path = blank(directory / 'shared', size)
        args = ['-object', f'memory-backend-file,id=shared,share=on,size={size},mem-path={path}',
                '-device', 'ivshmem-plain,memdev=shared']
        with DeviceGuest(mode, args=args) as guest, path.open('r+b') as file:
            guest.start()
            place = '/sys/bus/pci/devices/0000:00:00.0'
            expect(guest.read(f'{place}/vendor') == '0x1af4', 'no ivshmem')
            guest.run(f'echo 1 > {place}/enable')
            start, end, _ = (int(word, 16) for word in
                             guest.read(f'{place}/resource').splitlines()[2].split())
            expect(end - start + 1 == size, f'a window of {end - start + 1}')
            with mmap.mmap(file.fileno(), size) as shared:
                for offset in (0, 8, size // 2, size - 8):
                    shared[offset:offset + 8] = pattern(offset, 8)
                    value = int.from_bytes(shared[offset:offset + 8], 'little')
                    out = guest.run(f'devmem {start + offset:#x} 64')
                    expect(int(out, 16) == value, f'at {offset:#x} {out}, not {value:#x}')
                    guest.run(f'devmem {start + offset:#x} 32 0x89abcdef')
                    expect(shared[offset:offset + 4] == bytes.fromhex('efcdab89'),
                           f'at {offset:#x} {shared[offset:offset + 8]}')


if __name__ == '__main__':
    main_of(phbs, topology, affinity, msi, displays, keyboard, ivshmem)
