#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PCI devices plugged into and unplugged from Debian, which handles it by drmgr.

In a full system a daemon calls drmgr upon an event.  This system has no daemon: the test
calls drmgr, with the same arguments.

Arguments: the scene, and the interrupt controller (xics or xive).
"""

import hashlib
import re
import tempfile
from pathlib import Path

from debian_guest import Debian
from devguest import MIB, pattern
from guest import BUILD, expect, main_of

MAC = '52:54:00:12:34:{:02x}'


def pci_drc(slot, func=0, chassis=0, phb=0):
    return 0x40000000 | phb << 16 | chassis << 8 | slot << 3 | func


def phb_drc(index):
    return 0x20000000 | index


class HotplugGuest(Debian):
    """Debian with the drivers for slots."""

    def __init__(self, ic, args=(), **options):
        options.setdefault('append', 'xive=off' if ic == 'xics' else '')
        super().__init__(smp='2', args=('-netdev', 'user,id=net', *args), **options)

    def start(self):
        self.launch()
        self.ready()

    def ready(self):
        self.login()
        self.run('modprobe rpadlpar_io')

    def plug(self, driver, name, **options):
        """Plug a device into the running guest, as a user does."""
        options = {key.replace('_', '-'): value for key, value in options.items()}
        self.cmd('device_add', {'driver': driver, 'id': name, **options})

    def plug_net(self, name, number, **options):
        self.plug('virtio-net-pci', name, netdev='net', mac=MAC.format(number), romfile='',
                  **options)

    def take(self, drc, kind='pci'):
        self.drmgr('-a', drc, kind)

    def give(self, drc, kind='pci'):
        self.drmgr('-r', drc, kind)

    def drmgr(self, action, drc, kind):
        status, said = self.status(f'drmgr -c {kind} {action} -s {drc:#x} -n -d4 -V')
        expect(status == 0, f'drmgr -c {kind} {action} {drc:#x}: {status}: {said[-1500:]}')

    def gone(self, name):
        self.event_wait('DEVICE_DELETED', 60, match={'data': {'device': name}})

    def slots(self):
        """The guest's devices: {'0000:00:05.0', ...}"""
        return set(self.run('ls /sys/bus/pci/devices').split())

    def has(self, place):
        expect(place in self.slots(), f'no {place} in {self.slots()}')

    def lacks(self, place):
        expect(place not in self.slots(), f'{place} is still there')

    def asked(self):
        """The number of the platform's requests: the kernel logs them."""
        return int(self.run('dmesg | grep -c "Hotplug Event (229)" || true'))

    def network_works(self, number):
        """Use the card with this number for a while."""
        self.run('udevadm settle')
        name = self.address(MAC.format(number))
        out = self.run('busybox ping -c 3 10.0.2.2')
        expect(' 0% packet loss' in out, out)
        self.run(f'ip link set {name} down')

    def is_well(self):
        log = self.run('dmesg')
        found = re.search(r'Call Trace|I/O error|Oops|WARNING', log)
        expect(not found, log[max(0, found.start() - 300):][:1200] if found else '')


def devices(ic):
    """A network card and a disk are plugged, used and unplugged, twice."""
    data = pattern(1, 16 * MIB)
    with tempfile.NamedTemporaryFile(dir=BUILD / 'tests') as image, HotplugGuest(ic) as guest:
        image.write(data)
        image.flush()
        guest.start()
        for turn in range(2):
            asked = guest.asked()
            guest.plug_net('net1', 1, addr='5')
            guest.cmd('blockdev-add', {'driver': 'raw', 'node-name': 'node', 'file': {
                'driver': 'file', 'filename': image.name}})
            guest.plug('virtio-blk-pci', 'disk1', addr='6', drive='node', serial='hot')
            guest.take(pci_drc(5))
            guest.take(pci_drc(6))
            expect(guest.asked() == asked + 2, 'events got lost')
            guest.has('0000:00:05.0')
            guest.network_works(1)
            disk = guest.run('grep -lx hot /sys/block/vd*/serial').split('/')[3]
            digest = guest.run(f'md5sum /dev/{disk}').split()[0]
            expect(digest == hashlib.md5(data).hexdigest(), 'the disk has other data')
            guest.run(f'echo turn {turn} > /dev/{disk} && sync')
            data = f'turn {turn}\n'.encode() + data[7:]

            for name, slot in ('disk1', 6), ('net1', 5):
                guest.cmd('device_del', id=name)
                guest.give(pci_drc(slot))
                guest.gone(name)
                guest.lacks(f'0000:00:{slot:02x}.0')
            guest.cmd('blockdev-del', {'node-name': 'node'})
            expect(guest.asked() == asked + 4, 'events got lost')
            expect(Path(image.name).read_bytes()[:16] == data[:16], 'the disk was not written')
        guest.is_well()


def functions(ic):
    """A device of three functions is plugged and unplugged as a whole."""
    with HotplugGuest(ic) as guest:
        guest.start()
        for func in 2, 1, 0:
            guest.plug('virtio-rng-pci', f'f{func}', addr=f'5.{func}', multifunction=True)
        for func in 0, 1, 2:
            guest.take(pci_drc(5, func))
        for func in 0, 1, 2:
            guest.has(f'0000:00:05.{func}')
        guest.cmd('device_del', id='f0')
        for func in 2, 1, 0:
            guest.give(pci_drc(5, func))
            guest.gone(f'f{func}')
            guest.lacks(f'0000:00:05.{func}')
        guest.is_well()


def bridge(ic):
    """A device is plugged and unplugged behind a bridge of the command line."""
    with HotplugGuest(ic, args=('-device', 'pci-bridge,id=bridge,chassis_nr=2,addr=4')) as guest:
        guest.start()
        guest.plug_net('net1', 1, bus='bridge', addr='3')
        guest.take(pci_drc(3, chassis=2))
        guest.has('0000:01:03.0')
        guest.network_works(1)
        guest.cmd('device_del', id='net1')
        guest.give(pci_drc(3, chassis=2))
        guest.gone('net1')
        guest.lacks('0000:01:03.0')
        guest.is_well()


def host_bridge(ic, firmware):
    """A host bridge is plugged, then a card behind it; they are unplugged together.

    The second card's interrupt is a level one, which the bridge's node describes.
    """
    with HotplugGuest(ic, firmware=firmware) as guest:
        guest.start()
        for turn, card in enumerate(('virtio-net-pci', 'rtl8139')):
            guest.plug('spapr-pci-host-bridge', 'phb', index=4)
            guest.take(phb_drc(4), 'phb')
            guest.plug(card, 'net1', netdev='net', mac=MAC.format(turn), romfile='',
                       bus='phb.0', addr='2')
            guest.take(pci_drc(2, phb=4))
            place = [place for place in guest.slots() if not place.startswith('0000:')]
            expect(len(place) == 1 and place[0].endswith(':00:02.0'), f'{guest.slots()}')
            guest.network_works(turn)
            guest.cmd('device_del', id='phb')
            guest.give(phb_drc(4), 'phb')
            guest.gone('phb')
            guest.lacks(place[0])
        guest.is_well()


def early(ic, firmware):
    """Plugged and unplugged before the guest starts: it only sees the result."""
    options = {'firmware': firmware}
    with HotplugGuest(ic, args=('-S', '-device', 'virtio-rng-pci,id=rng1,addr=6'),
                      **options) as guest:
        guest.launch()
        guest.plug_net('net1', 1, addr='5')
        guest.cmd('device_del', id='rng1')
        guest.cmd('cont')
        guest.gone('rng1')
        guest.ready()
        expect(guest.asked() == 0, 'asked for what is there from the start')
        guest.has('0000:00:05.0')
        guest.lacks('0000:00:06.0')
        guest.network_works(1)
        # and can still be unplugged
        guest.cmd('device_del', id='net1')
        guest.give(pci_drc(5))
        guest.gone('net1')


if __name__ == '__main__':
    main_of(devices, functions, bridge, host_bridge, early)
