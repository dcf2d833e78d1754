#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs of a Power guest: rtas_errd, drmgr, lsslot, ppc64_cpu, nvram, lsprop.

Debian's packages ppc64-diag and powerpc-ibm-utils (tools/debian-image tools).  The
daemon rtas_errd configures plugged devices and releases those that are to be unplugged, by
drmgr, without a command of the test.

    tools.py daemon IC | late IC | bridges IC ROUNDS | dlpar IC | queries
"""

import hashlib
import re
import tempfile

from debian_guest import Debian
from devguest import MIB, pattern
from guest import BUILD, Failure, expect, main_of

MAC = '52:54:00:12:34:{:02x}'
DAEMON = 'rtas_errd'
# of index=4
BRIDGE = '/proc/device-tree/pci@800000020000004'


class ToolsGuest(Debian):
    """Debian with the daemon; systemd starts it or not, as in a full system."""

    image = 'tools'

    def __init__(self, ic='xive', smp='2', args=(), append='', **options):
        append += ' xive=off' if ic == 'xics' else ''
        super().__init__(smp=smp, append=append, args=('-netdev', 'user,id=net', *args), **options)

    def start(self):
        self.launch()
        self.ready()

    def ready(self):
        """Log in, and wait until the daemon has started, unless it is disabled."""
        self.login()
        self.wait_for(f'! systemctl is-enabled -q {DAEMON} || systemctl is-active -q {DAEMON}',
                      'daemon')
        self.run('udevadm settle')

    def wait_for(self, command, what):
        """Wait until COMMAND succeeds in the guest."""
        try:
            self.poll(lambda: self.status(command)[0] == 0, what)
        except Failure as failure:
            raise Failure(f'{failure}: {self.said()}') from failure

    def drmgr_ended(self):
        """Wait for the end of drmgr, which a device that is there or gone does not tell.

        It holds a lock.  Another drmgr that cannot take it ends at once, without a message;
        so does the daemon's, if the test runs lsslot, which takes the same lock.
        """
        self.poll(lambda: self.status('pgrep -x drmgr')[0] != 0, 'end of drmgr')

    def plug(self, driver, name, **options):
        options = {key.replace('_', '-'): value for key, value in options.items()}
        self.drmgr_ended()
        self.cmd('device_add', {'driver': driver, 'id': name, **options})

    def plug_net(self, name, number, **options):
        self.plug('virtio-net-pci', name, netdev='net', mac=MAC.format(number), romfile='',
                  **options)

    def deleted(self, name):
        """Wait until device NAME is removed."""
        try:
            self.event_wait('DEVICE_DELETED', 120, match={'data': {'device': name}})
        except Failure as failure:
            raise Failure(f'{failure}: {self.said()}') from failure

    def unplug(self, name):
        """Unplug NAME; the guest releases it."""
        self.drmgr_ended()
        self.cmd('device_del', id=name)
        self.deleted(name)

    def bridge_comes(self):
        self.wait_for(f'[ -e {BRIDGE} ]', 'host bridge')
        self.drmgr_ended()
        self.run('lsslot -c phb | grep -q "PHB 4"')

    def said(self):
        """The last messages of the daemon and drmgr."""
        return self.run('tail -n 40 /var/log/platform /var/log/drmgr; journalctl -n 30 --no-pager')

    def network_works(self, number):
        self.wait_for(f'grep -q {MAC.format(number)} /sys/class/net/*/address', 'the card')
        self.run('udevadm settle')
        name = self.address(MAC.format(number))
        out = self.run('busybox ping -c 3 10.0.2.2')
        expect(' 0% packet loss' in out, out)
        self.run(f'ip link set {name} down')

    def disk(self, serial):
        """The name of the virtio disk with SERIAL, once it exists."""
        self.wait_for(f'grep -qx {serial} /sys/block/vd*/serial', f'disk {serial}')
        return self.run(f'grep -lx {serial} /sys/block/vd*/serial').split('/')[3]

    def is_well(self):
        log = self.run('dmesg')
        found = re.search(r'Call Trace|I/O error|Oops|WARNING', log)
        expect(not found, log[max(0, found.start() - 300):][:1200] if found else '')


def daemon(ic):
    """A disk and a network card are plugged, used and unplugged, twice; a host bridge, too."""
    data = pattern(1, 16 * MIB)
    with tempfile.NamedTemporaryFile(dir=BUILD / 'tests') as image, ToolsGuest(ic) as guest:
        image.write(data)
        image.flush()
        guest.start()
        expect(guest.run(f'systemctl is-active {DAEMON}').strip() == 'active', 'no daemon')
        for turn in range(2):
            guest.plug_net('net1', 1, addr='5')
            guest.network_works(1)
            guest.cmd('blockdev-add', {'driver': 'raw', 'node-name': 'node', 'file': {
                'driver': 'file', 'filename': image.name}})
            guest.plug('virtio-blk-pci', 'disk1', drive='node', serial='hot')
            name = guest.disk('hot')
            digest = guest.run(f'md5sum /dev/{name}').split()[0]
            expect(digest == hashlib.md5(data).hexdigest(), 'the disk has other data')
            guest.run(f'echo turn {turn} > /dev/{name} && sync')
            data = f'turn {turn}\n'.encode() + data[7:]
            guest.unplug('disk1')
            guest.unplug('net1')
            guest.cmd('blockdev-del', {'node-name': 'node'})
            expect(guest.run('ls /sys/bus/pci/devices/ | grep -c :05 || true').strip() == '0',
                   'a device is still there')
        guest.plug('spapr-pci-host-bridge', 'phb', index=4)
        guest.bridge_comes()
        guest.plug_net('net2', 2, bus='phb.0', addr='2')
        guest.network_works(2)
        guest.unplug('net2')
        guest.unplug('phb')
        guest.is_well()


def late(ic):
    """Devices that are plugged without the daemon are there after the next boot."""
    with ToolsGuest(ic, args=('-device', 'virtio-rng-pci,id=rng1,addr=6')) as guest:
        guest.start()
        guest.run(f'systemctl disable --now {DAEMON}')
        guest.plug_net('net1', 1, addr='5')
        guest.cmd('device_del', id='rng1')
        devices = guest.run('ls /sys/bus/pci/devices')
        expect('0000:00:05.0' not in devices and '0000:00:06.0' in devices, devices)
        # a reset loses what is not on the disk yet
        guest.run(f'systemctl enable {DAEMON} && sync')
        guest.cmd('system_reset')
        guest.event_wait('DEVICE_DELETED', 120, match={'data': {'device': 'rng1'}})
        guest.ready()
        guest.run(f'systemctl is-active {DAEMON}')
        devices = guest.run('ls /sys/bus/pci/devices')
        expect('0000:00:05.0' in devices and '0000:00:06.0' not in devices, devices)
        guest.network_works(1)
        guest.unplug('net1')
        guest.is_well()


class Bridges(ToolsGuest):
    """A host bridge with a network card comes and goes; events happen in between."""

    def plug_bridge(self):
        self.plug('spapr-pci-host-bridge', 'phb', index=4)
        self.bridge_comes()
        self.plug_net('net2', 2, bus='phb.0', addr='2')
        self.network_works(2)

    def still_works(self):
        self.run(f'ip address flush dev {self.interface(MAC.format(2))}')
        self.network_works(2)

    def unplug_bridge(self, event):
        """Unplug both; EVENT happens while the guest releases the bridge."""
        self.unplug('net2')
        self.drmgr_ended()
        self.cmd('device_del', id='phb')
        event()
        self.deleted('phb')
        self.wait_for(f'[ ! -e {BRIDGE} ]', 'end of the bridge')

    def nothing(self):
        pass

    def stopped(self):
        self.cmd('stop')
        self.cmd('cont')

    def reset(self):
        self.cmd('system_reset')
        self.ready()

    def loaded(self):
        """Saved, and loaded again in the same QEMU, which then is where it was."""
        for command in 'savevm', 'loadvm':
            said = self.cmd('human-monitor-command', command_line=f'{command} here')
            expect(not said.strip(), f'{command}: {said}')
        self.run('true')


def bridges(ic, rounds):
    """In sixteen rounds each pair of events occurs, with the bridge and while it goes."""
    with Bridges(ic) as guest:
        guest.start()
        events = (guest.loaded, guest.reset, guest.stopped, guest.nothing)
        for turn in range(int(rounds)):
            guest.plug_bridge()
            events[turn % 4]()
            guest.still_works()
            guest.unplug_bridge(events[(turn + turn // 4 + 1) % 4])
        guest.is_well()


def dlpar(ic):
    """drmgr releases cores and memory and acquires them again; QEMU's devices stay."""
    with ToolsGuest(ic, smp='2,maxcpus=4,cores=4,threads=1', mem='1G,slots=2,maxmem=4G',
                    append='memhp_default_state=online_movable movable_node') as guest:
        guest.start()

        def has_cpus(cpus):
            guest.wait_for(f'grep -qx {cpus} /sys/devices/system/cpu/online', f'CPUs {cpus}')

        def drmgr(words, cpus):
            guest.run(f'drmgr -c cpu {words} > /dev/null')
            has = guest.run('cat /sys/devices/system/cpu/online').strip()
            expect(has == cpus, f'drmgr -c cpu {words}: {has}, not {cpus}')

        for words, cpus in (('-r -q 1', '0'), ('-a -q 1', '0-1'),
                            ('-r -s "CPU 1"', '0'), ('-a -s "CPU 1"', '0-1')):
            drmgr(words, cpus)
        driver = guest.cmd('query-hotpluggable-cpus')[0]['type']
        guest.plug(driver, 'core2', core_id=2)
        has_cpus('0-2')
        drmgr('-r -q 2', '0')
        drmgr('-a -q 2', '0-2')
        expect(len(guest.cmd('query-cpus-fast')) == 3, 'other vCPUs')
        guest.unplug('core2')
        has_cpus('0-1')

        def blocks():
            return int(guest.run('grep -l online /sys/devices/system/memory/memory*/state | wc -l'))

        before = blocks()
        guest.cmd('object-add', {'qom-type': 'memory-backend-ram', 'id': 'm', 'size': 512 * MIB})
        guest.plug('pc-dimm', 'dimm', memdev='m')
        guest.poll(lambda: blocks() == before + 2, 'memory')
        # by count, by connector, and all of a module
        for words, more in (('-r -q 1', 1), ('-a -q 1', 2), ('-r -s 0x80000004', 1),
                            ('-a -s 0x80000004', 2), ('-r -q 2', 0), ('-a -q 2', 2),
                            ('-r -q 2', 0)):
            guest.run(f'drmgr -c mem {words} > /dev/null')
            expect(blocks() == before + more, f'drmgr -c mem {words}: {guest.said()}')
        expect(len(guest.cmd('query-memory-devices')) == 1, 'other modules')
        # the guest has released all of it
        guest.unplug('dimm')
        guest.is_well()


# Commands, and regular expressions for all of their output
ANSWERS = [
    ('ppc64_cpu --cores-present', r'Number of cores present = 2'),
    ('ppc64_cpu --threads-per-core', r'Threads per core: 4'),
    ('ppc64_cpu --smt', r'SMT=4'),
    ('ppc64_cpu --info', r'Core +0: +0\* +1\* +2\* +3\* *\nCore +1: +4\* +5\* +6\* +7\*'),
    ('ppc64_cpu --smt=2', ''),
    ('ppc64_cpu --smt', r'SMT=2'),
    ('ppc64_cpu --info', r'Core +0: +0\* +1\* +2 +3 *\nCore +1: +4\* +5\* +6 +7'),
    ('ppc64_cpu --cores-on=1', ''),
    ('ppc64_cpu --cores-on', r'Number of cores online = 1'),
    ('ppc64_cpu --cores-on=all', ''),
    ('ppc64_cpu --smt=on', ''),
    ('ppc64_cpu --info', r'Core +0: +0\* +1\* +2\* +3\* *\nCore +1: +4\* +5\* +6\* +7\*'),
    ('nvram --partitions', r'(?s).*70 +\w\w +0080 common\n.*lnx,oops-log.*free'),
    ('nvram --print-config=boot-command', 'boot net'),
    ('nvram --update-config test=17 -p common', ''),
    ('nvram --print-config', r'(?s).*"common" Partition\n-+\nboot-command=boot net\n.*test=17'),
    ('lsslot -c pci | grep -v Empty', r'#.*\nC0 .*0000:00:00.0\nC196680 .*0003:00:09.0'),
    ('lsslot -c phb | grep ^PHB', r'PHB name.*\nPHB 3 +/pci@800000020000003 .*\n'
                                  r'PHB 0 +/pci@800000020000000 .*'),
    ('lsprop /proc/device-tree/rtas/rtas-size', r'(?s).*rtas-size\s+[0-9a-f]{8}.*'),
    ('ofpathname vda', '/pci@800000020000000/scsi@0'),
]


def queries():
    """The programs' output about CPUs, nvram, slots and properties is right."""
    args = ('-prom-env', 'boot-command=boot net', '-device', 'spapr-pci-host-bridge,index=3,id=b',
            '-device', 'virtio-rng-pci,bus=b.0,addr=9')
    with ToolsGuest(smp='8,threads=4,cores=2', args=args) as guest:
        guest.start()
        guest.run('modprobe rpaphp')
        for command, answer in ANSWERS:
            said = guest.run(command).strip()
            expect(re.fullmatch(answer, said), f'{command}: {said[-800:]}')
        guest.run('drmgr -c phb -r -s "PHB 3" > /dev/null')
        said = guest.run('lsslot -c phb | grep ^PHB')
        expect('PHB 0' in said and 'PHB 3' not in said, said)
        guest.is_well()


if __name__ == '__main__':
    main_of(daemon, late, bridges, dlpar, queries)
