#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux after errors (EEH) of emulated PCI devices behind a host bridge with eeh=on.

Arguments: the scene, and the kernel.
"""

from guest import Guest, expect, main_of

CARDS = ('0001:00:01.0', '0001:00:02.0')
MODULES = {'e1000e': ('e1000e',), 'virtio-net-pci': ('virtio_pci', 'virtio_net')}
# virtio_net busy-waits for the control queue, which an isolated device does not serve: if
# Linux sets the receive mode in an error, as IPv6 does a second after "up", its CPU hangs
OPTIONS = {'e1000e': '', 'virtio-net-pci': ',ctrl_rx=off,ctrl_vlan=off'}
CHECK = '/sys/kernel/debug/powerpc/eeh_dev_check'


class EehGuest(Guest):
    """Linux with two network cards behind a bridge whose devices can have errors."""

    def __init__(self, kernel, model='e1000e'):
        args = ['-device', 'spapr-pci-host-bridge,index=1,id=b1,eeh=on']
        for number in range(1, len(CARDS) + 1):
            args += ['-netdev', f'user,id=n{number},net=10.0.{number}.0/24', '-device',
                     f'{model},bus=b1.0,addr={number},netdev=n{number},romfile='
                     f'{OPTIONS[model]}']
        self.model = model
        super().__init__(kernel=kernel, append='quiet', args=args,
                         initrd=f'initramfs-{kernel}.cpio')

    def start(self):
        self.launch()
        self.prepare()

    def prepare(self):
        self.shell()
        self.run('mount -t debugfs none /sys/kernel/debug')
        for module in MODULES[self.model]:
            self.run(f'modprobe {module}')

    def pings(self):
        """With both cards the guest gets answers from QEMU's network."""
        for number, place in enumerate(CARDS, 1):
            card = self.run(f'ls /sys/bus/pci/devices/{place}/*/net '
                            f'/sys/bus/pci/devices/{place}/net 2>/dev/null; true').split()[-1]
            self.run(f'ifconfig {card} 10.0.{number}.15 netmask 255.255.255.0 up && '
                     f'until ping -c 1 -W 2 10.0.{number}.2; do sleep 1; done', 100)

    def cause(self, error):
        self.cmd('qom-set', path='b1', property='eeh-error', value=error)
        # a driver that reads all ones checks the state; this checks it without a driver
        self.send(f'echo {CARDS[0]} > {CHECK}\n')

    def state(self):
        return self.cmd('qom-get', path='b1', property='eeh-error')


def recovers(kernel):
    """After an error Linux resets the devices, and their drivers continue."""
    with EehGuest(kernel) as guest:
        guest.start()
        expect('recovery enabled' in guest.run('dmesg'), 'Linux handles no errors')
        guest.pings()
        for number in range(1, 3):
            guest.cause('temporary')
            guest.poll(lambda n=number: guest.run('dmesg').count('Recovery successful') == n,
                       f'recovery {number}')
            expect(guest.state() == 'none', f'state {guest.state()} after the recovery')
            guest.pings()


def replaces(kernel):
    """Devices whose drivers handle no errors are removed, and found again."""
    with EehGuest(kernel, 'virtio-net-pci') as guest:
        guest.start()
        guest.pings()
        guest.run('ping 10.0.1.2 > /dev/null & true')
        for number in range(1, 3):
            guest.cause('temporary')
            guest.poll(lambda n=number: guest.run('dmesg').count('Recovery successful') == n,
                       f'recovery {number}')
            expect(guest.state() == 'none', f'state {guest.state()} after the recovery')
            guest.pings()
        expect('not EEH aware' in guest.run('dmesg'), 'virtio-net handles errors')


def gives_up(kernel):
    """After too many errors Linux removes the devices for good; after a reset they work again."""
    with EehGuest(kernel) as guest:
        guest.start()
        guest.pings()
        guest.run('echo 0 > /sys/kernel/debug/powerpc/eeh_max_freezes')
        guest.cause('temporary')
        guest.poll(lambda: not guest.run('ls /sys/bus/pci/devices; true').count('0001:'),
                   'removal of the devices')
        expect(guest.state() == 'permanent', f'state {guest.state()}')
        guest.cmd('system_reset')
        guest.text = ''
        guest.prepare()
        expect(guest.state() == 'none', f'state {guest.state()} after a reset')
        guest.pings()


if __name__ == '__main__':
    main_of(recovers, replaces, gives_up)
