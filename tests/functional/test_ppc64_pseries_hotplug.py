#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Cores, memory and PCI devices are plugged into and unplugged from Linux

import hashlib

from pseries_linux import PseriesLinuxTest
from qemu_test import exec_command


class Cores:
    """Two cores are plugged and unplugged, in changing order, under load."""

    core_type = 'power9_v2.2-spapr-cpu-core'
    threads = 1
    options = {}

    def plug(self, core):
        self.vm.cmd('device_add', driver=self.core_type, id=f'core{core}',
                    core_id=core * self.threads)

    def wait_for_cores(self, cores):
        self.run_until('cat /sys/devices/system/cpu/online',
                       f'0-{cores * self.threads - 1}')
        self.assertEqual(len(self.vm.cmd('query-cpus-fast')),
                         cores * self.threads)

    def test_cores(self):
        threads = self.threads
        workers = 4 * threads + 2
        self.start('-smp', f'{2 * threads},maxcpus={4 * threads},cores=4,'
                   f'threads={threads}', append='quiet', **self.options)
        self.start_load(workers)
        for plugged, unplugged in (((2, 3), (3, 2)), ((3, 2), (3, 2)),
                                   ((2, 3), (2, 3))):
            for core in plugged:
                self.plug(core)
            self.wait_for_cores(4)
            for core in unplugged:
                self.unplug(f'core{core}')
                self.wait_for_unplug(f'core{core}')
            self.wait_for_cores(2)
        self.check_load(workers)
        self.check_log()


class Power8Cores(Cores, PseriesLinuxTest):

    cpu = 'POWER8'
    core_type = 'power8_v2.0-spapr-cpu-core'
    threads = 2


class Power9XicsCores(Cores, PseriesLinuxTest):

    options = {'ic': 'xics'}


class Power9HashCores(Cores, PseriesLinuxTest):

    options = {'mmu': 'hash', 'kernel': '6.12'}


class Power10Cores(Cores, PseriesLinuxTest):

    cpu = 'POWER10'
    core_type = 'power10_v2.0-spapr-cpu-core'


class Memory(PseriesLinuxTest):
    """Modules fill all slots, and are unplugged in another order.

    All memory but the guest's first is for pages that Linux can move, so that it
    can release a module that is in use.
    """

    BLOCK = 256 << 20
    FIRST_BLOCKS = 3
    BLOCKS = {'a': 2, 'b': 1, 'c': 8, 'd': 1}   # of each module
    COPIES = 48

    def plug(self, name, blocks):
        self.vm.cmd('object-add', qom_type='memory-backend-ram',
                    id=f'{name}-mem', size=blocks * self.BLOCK)
        self.vm.cmd('device_add', driver='pc-dimm', id=name,
                    memdev=f'{name}-mem')

    def wait_for_blocks(self, blocks):
        self.run_until('cat /sys/devices/system/memory/memory*/state'
                       ' | grep -c online', blocks)

    def fill(self):
        """Fill memory; returns what md5sum prints of the content."""
        self.run_ok('mkdir /use && mount -t tmpfs -o size=1G none /use')
        self.run_ok('seq 1 200000 > /use/0')
        self.run_ok(f'for i in $(seq {self.COPIES}); do cat /use/0; done'
                    ' > /use/all')
        content = ''.join(f'{i}\n' for i in range(1, 200001)).encode()
        return hashlib.md5(content * self.COPIES).hexdigest()

    def check_modules(self, maxmem='8G', **options):
        self.start('-smp', '2', '-m', f'768M,slots=4,maxmem={maxmem}',
                   append='quiet memhp_default_state=online_movable '
                          'movable_node', **options)
        blocks = self.FIRST_BLOCKS
        self.wait_for_blocks(blocks)
        for name, size in self.BLOCKS.items():
            self.plug(name, size)
            blocks += size
            self.wait_for_blocks(blocks)
        digest = self.fill()
        self.run_command('md5sum /use/all', digest)
        for name in 'bdca':
            self.unplug(name)
            self.wait_for_unplug(name)
            blocks -= self.BLOCKS[name]
            self.wait_for_blocks(blocks)
            self.run_command('md5sum /use/all', digest)
        self.assertEqual(blocks, self.FIRST_BLOCKS)
        self.assertEqual(self.vm.cmd('query-memory-devices'), [])
        self.check_log()

    def test_xics_hash(self):
        self.check_modules(ic='xics', mmu='hash')

    def test_small_pages(self):
        self.check_modules(kernel='6.12')

    def test_large_maxmem(self):
        self.check_modules(maxmem='2T')


class Pci(PseriesLinuxTest):
    """What Linux does with PCI devices without a program (drmgr) in the guest."""

    def start_with_net(self, *args, **options):
        self.require_netdev('user')
        self.start('-smp', '2', '-netdev', 'user,id=net', *args, modules=True,
                   append='quiet', **options)

    def check_there(self, *places):
        for place in places:
            self.run_ok(f'[ -e /sys/bus/pci/devices/{place} ]')

    def check_not_there(self, *places):
        for place in places:
            self.run_ok(f'[ ! -e /sys/bus/pci/devices/{place} ]')

    def check_net(self):
        self.run_ok('modprobe virtio_pci && modprobe virtio_net')
        self.run_ok('ip addr add 10.0.2.15/24 dev eth0 && ip link set eth0 up')
        self.run_command('ping -c 3 10.0.2.2', ' 0% packet loss')

    def check_reboot(self, **options):
        """Plug and unplug that a guest ignores take effect when it reboots."""
        self.start_with_net('-device', 'virtio-rng-pci,id=rng1,addr=6', **options)
        self.vm.cmd('device_add', driver='virtio-net-pci', id='net1', addr='5',
                    netdev='net', romfile='')
        self.vm.cmd('device_add', driver='spapr-pci-host-bridge', id='phb',
                    index=4)
        self.vm.cmd('device_add', driver='virtio-rng-pci', id='rng2', addr='2',
                    bus='phb.0')
        self.unplug('rng1')
        self.check_not_there('0000:00:05.0', '0004:00:02.0')
        self.check_there('0000:00:06.0')
        exec_command(self, 'reboot -f')
        self.shell()
        self.wait_for_unplug('rng1')
        self.check_there('0000:00:05.0', '0004:00:02.0')
        self.check_not_there('0000:00:06.0')
        self.check_net()
        self.check_log()

    def test_reboot_xics(self):
        self.check_reboot(ic='xics')

    def test_reboot_slof(self):
        self.check_reboot(firmware='slof')

    def test_slot_power(self):
        """A guest switches a slot off and on by itself: the device stays.

        Linux treats a slot as a bus, and removes all devices of the host bridge.
        """
        self.start_with_net('-device', 'spapr-pci-host-bridge,id=phb,index=1',
                            '-device', 'virtio-net-pci,id=net1,netdev=net,'
                            'romfile=,bus=phb.0,addr=5')
        self.run_ok('modprobe rpaphp')
        # the name has the index of bridge 1, slot 5
        power = f'/sys/bus/pci/slots/C{1 << 16 | 5 << 3}/power'
        for _ in range(3):
            self.check_there('0001:00:05.0')
            self.run_ok(f'echo 0 > {power}')
            self.check_not_there('0001:00:05.0')
            self.run_ok(f'echo 1 > {power}')
            self.check_there('0001:00:05.0')
        self.check_net()
        self.check_log()


if __name__ == '__main__':
    PseriesLinuxTest.main()
