# SPDX-License-Identifier: GPL-2.0-or-later
"""Migration of guests: from process to process, to a file and back, between KVM and TCG.

The guest is a payload of tests/guest (test-carry.c), which has interrupts in every
state before each migration, checks them after it, and continues its work on all vCPUs.
It boots no system, so that a migration takes a few seconds.
"""

import tempfile
from contextlib import contextmanager
from pathlib import Path

from host import BUILD, GATEWAY, Failure, Guest, expect

PAYLOADS = 'tests/guest/tests.elf'
DISKS = [word for n in (1, 2, 3) for word in (
    '-drive', f'if=none,id=d{n},format=raw,file.driver=null-co,file.size=16M,file.read-zeroes=on',
    '-device', f'virtio-blk-pci,drive=d{n},addr={n}')]
# capabilities of POWER9 both by TCG and in the emulated host
BOTH = ',cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off'
# in the host: the file for the state, and the socket and port of live migrations
STATE, SOCKET, PORT = '/tmp/carry.state', '/tmp/carry.socket', 4444
MONITOR = 'human-monitor-command'


class Carried:
    """A payload, and the QEMU in which it is at this time.

    Places are 'on', KVM with the interrupt controller in the kernel, 'off', KVM with an
    emulated one, and 'tcg', for which CAPS must be BOTH.
    """

    def __init__(self, host, payload, smp='1', machine='', caps=''):
        self.host = host
        self.payload = payload
        self.options = {'smp': f'{smp},maxcpus=8', 'machine': f'{machine}{caps}', 'mem': '256M',
                        'firmware': 'own', 'linux': False}
        self.guest, self.where = None, ''
        self.round = -1
        self.folder = tempfile.TemporaryDirectory()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.leave()
        self.folder.cleanup()

    def args(self, where):
        kernel = BUILD / PAYLOADS if where == 'tcg' else self.host.place(PAYLOADS)
        return ('-kernel', str(kernel), '-append', self.payload, *DISKS)

    def make(self, where, *args, **options):
        """A QEMU for the payload, not yet launched."""
        words = {**self.options, **options, 'args': (*self.args(where), *args)}
        return Guest(**words) if where == 'tcg' else self.host.guest(irqchip=where, **words)

    def take(self, guest, where):
        self.guest, self.where = guest, where

    def leave(self):
        """End the QEMU in which it is."""
        guest, self.guest = self.guest, None
        if guest:
            guest.__exit__(None, None, None)

    def begin(self, where, **options):
        self.take(self.make(where, **options), where)
        self.guest.launch()
        self.ready()

    def ready(self):
        """Wait until it has checked all, and its next round begins."""
        found = self.guest.until(r'READY (\d+)|FAIL.*\n', 60)
        self.round += 1
        expect(found.group(1) == str(self.round),
               f'{self.payload}, {self.where}, round {self.round}: {found.group()}')

    def goes_on(self):
        self.guest.send('g')
        self.ready()

    def passes(self):
        """Wait until it ends with PASS."""
        self.guest.send('q')
        found = self.guest.until(r'PASS|FAIL.*\n').group()
        expect(found == 'PASS', f'{self.payload}, {self.where}: {found}')
        self.guest.wait(60)
        expect(self.guest.exitcode() == 0, self.guest.get_log())

    def arrived(self, target, where):
        target.arrive()
        self.leave()
        self.take(target, where)
        if where != 'tcg':
            pic = target.cmd(MONITOR, command_line='info pic')
            expect(f'irqchip: {"emulated" if where == "off" else "in-kernel"}' in pic, pic)
        self.goes_on()

    def save(self):
        """Save to a file in the host or outside, where it is, and end its QEMU."""
        local = Path(self.folder.name) / 'state'
        tcg = self.where == 'tcg'
        self.guest.migrate(f'file:{local if tcg else STATE}')
        self.leave()
        return local.read_bytes() if tcg else None

    def by_file(self, where, **options):
        """Save to a file, and restore at WHERE."""
        was = self.where
        content = self.save()
        local = Path(self.folder.name) / 'state'
        if where == 'tcg' and was != 'tcg':
            local.write_bytes(self.host.fetch(STATE))
        elif where != 'tcg' and was == 'tcg':
            self.host.push(content, STATE)
        target = self.make(where, '-incoming',
                           f'file:{local if where == "tcg" else STATE}', **options)
        self.stay(target, where)

    def by_file_again(self, where):
        """Restore from the existing file."""
        self.stay(self.make(where, '-incoming', f'file:{STATE}'), where)

    @contextmanager
    def given_up_for(self, target):
        """Migrate to TARGET; if that fails, end TARGET and report its output."""
        try:
            yield
        except BaseException as failure:
            if self.guest is not target:
                target.kill()
                if isinstance(failure, Exception):
                    raise Failure(f'{failure!r}: {target.get_log()}') from failure
            raise

    def stay(self, target, where):
        """The guest is now in TARGET, or being migrated there."""
        with self.given_up_for(target):
            target.launch()
            self.arrived(target, where)

    def meet(self, target, where):
        """Make TARGET listen; returns the URI by which the guest's QEMU connects to it."""
        if where == 'tcg':
            target.cmd('migrate-incoming', uri='tcp:127.0.0.1:0')
            port = target.cmd('query-migrate')['socket-address'][0]['port']
            return f'tcp:{"127.0.0.1" if self.where == "tcg" else GATEWAY}:{port}'
        if self.where != 'tcg':
            target.cmd('migrate-incoming', uri=f'unix:{SOCKET}')
            return f'unix:{SOCKET}'
        target.cmd('migrate-incoming', uri=f'tcp:0.0.0.0:{PORT}')
        return f'tcp:127.0.0.1:{self.host.forward(PORT)}'

    def live(self, where, **options):
        """Live from one QEMU to another."""
        target = self.make(where, '-incoming', 'defer', **options)
        with self.given_up_for(target):
            target.launch()
            uri = self.meet(target, where)
            # its vCPUs never sleep
            self.guest.cmd('migrate-set-parameters', **{'downtime-limit': 30000})
            self.guest.migrate(uri)
            self.arrived(target, where)


# in a Linux guest: two loops, which compare data in memory, and read the disk
WORK = ('mkdir /tmp/w; for n in 1 2; do (while :; do '
        'dd if=/dev/urandom of=/tmp/w/$n bs=64k count=8 2> /dev/null; '
        'cp /tmp/w/$n /tmp/w/$n.copy; '
        'cmp /tmp/w/$n /tmp/w/$n.copy || echo memory >> /tmp/w/trouble; '
        'dd if=/dev/vda of=/tmp/w/$n.disk bs=64k count=8 iflag=direct 2> /dev/null || '
        'echo disk >> /tmp/w/trouble; echo >> /tmp/w/turns$n; done) & done; true')
# they continue, each CPU runs tasks, timers expire, and the kernel reports no error
LOOK = ('for n in 1 2; do before=$(cat /tmp/w/turns$n | wc -l); '
        'until [ $(cat /tmp/w/turns$n | wc -l) -gt $((before + 1)) ]; do sleep 0.1; done; done; '
        "for n in $(sed -n 's/^processor.*: //p' /proc/cpuinfo); do "
        'taskset $(printf %x $((1 << n))) sleep 0.2 || exit 1; done; '
        "! dmesg | grep -iE 'INFO.*stall|lockup|bug:|unstable|i/o error' && "
        '[ ! -e /tmp/w/trouble ]')


class CarriedLinux(Carried):
    """Linux with running work."""

    def __init__(self, host, append, smp='2', machine='', caps=''):
        super().__init__(host, append, smp, machine, caps)
        self.options = {'smp': smp, 'machine': f'{machine}{caps}', 'mem': '512M',
                        'initrd': 'initramfs-6.1.cpio', 'append': append}

    def args(self, where):
        return DISKS[:4]

    def begin(self, where, **options):
        self.take(self.make(where, **options), where)
        self.guest.launch()
        self.guest.shell()
        self.guest.run('modprobe virtio_pci; modprobe virtio_blk')
        self.guest.run(WORK)

    def goes_on(self):
        self.round += 1
        self.guest.send('\n')
        self.guest.prompt()
        self.guest.run(LOOK)

    def passes(self):
        self.guest.send('poweroff -f\n')
        self.guest.wait(60)
        expect(self.guest.exitcode() == 0, self.guest.get_log())


def explained(carried, failure):
    """A report of the state of a guest that has failed."""
    guest = carried.guest
    words = [f'{carried.payload}, {carried.where}, round {carried.round}: {failure!r}']
    if guest and guest.is_running():
        for command in ('info status', 'info pic', 'info registers -a'):
            words.append(guest.cmd(MONITOR, command_line=command))
    elif guest:
        guest.drain(1)
        words += [guest.text, guest.get_log()]
    return '\n'.join(words)


def travels(host, payload, smp, machine, *moves, first='on', kind=Carried):
    """Start at FIRST, migrate by MOVES, 'file/on' or the like, and wait for its end."""
    tcg = first == 'tcg' or any(move.endswith('/tcg') for move in moves)
    with kind(host, payload, smp, machine, BOTH if tcg else '') as carried:
        try:
            carried.begin(first)
            for move in moves:
                way, where = move.split('/')
                {'file': carried.by_file, 'live': carried.live}[way](where)
            carried.passes()
        except Exception as failure:
            raise Failure(explained(carried, failure)) from failure


def refusal(carried, state, where='on', **options):
    """The message about a stream that QEMU refuses; QEMU must exit with an error status."""
    with carried.make(where, '-incoming', 'defer', **options) as guest:
        guest.launch()
        guest.cmd('migrate-incoming', uri=f'exec:{state}')
        guest.wait(60)
        lines = [line for line in guest.get_log().splitlines() if 'info:' not in line]
        expect(guest.exitcode() == 1, f'{state}: exit code {guest.exitcode()}: {lines}')
        expect(lines and not any('ssert' in line for line in lines), f'{state}: {lines}')
    return '\n'.join(lines)


# where to end a stream, in thousandths: in memory, in devices; the rest is no less than what
# can be in flight unread
PARTS = (1, 300, 600)


def refused(host):
    """Streams that end too soon, or are for another machine."""
    for payload, other in (('carry-xive', ',ic-mode=xics'), ('carry-xics', ',ic-mode=xive')):
        with Carried(host, payload, '2', ',ic-mode=dual') as carried:
            carried.begin('on')
            carried.save()
            size = int(host.run(f'stat -c %s {STATE}'))
            for part in PARTS:
                refusal(carried, f'head -c {size * part // 1000} {STATE}')
            text = refusal(carried, f'cat {STATE}', machine=other)
            expect('migration failed' in text, text)
            refusal(carried, f'cat {STATE}', smp='1,maxcpus=8')
            refusal(carried, f'cat {STATE}', mem='512M')
            # and the machine that it is from accepts it
            carried.by_file_again('on')
            carried.passes()


def failed(guest):
    """The end of a migration that fails."""
    guest.poll(lambda: guest.cmd('query-migrate')['status'] in ('failed', 'cancelled', 'completed'),
               'end of the migration')
    expect(guest.cmd('query-migrate')['status'] != 'completed', 'it went well')
    expect(guest.cmd('query-status')['status'] == 'running', guest.cmd('query-status'))


def stays(host):
    """Migrations that are cancelled, at their beginning or end: the guest continues."""
    for payload in ('carry-xive', 'carry-hash'):
        with Carried(host, payload, '2') as carried:
            carried.begin('on')
            guest = carried.guest
            guest.cmd('migrate-set-parameters', **{'max-bandwidth': 1 << 16})
            for _ in range(2):
                guest.cmd('migrate', uri='exec:cat > /dev/null')
                guest.poll(lambda: guest.cmd('query-migrate')['status'] == 'active', 'begin')
                guest.cmd('migrate_cancel')
                failed(guest)
                carried.goes_on()
            guest.cmd('migrate-set-parameters', **{'max-bandwidth': 0, 'downtime-limit': 30000})
            # all of memory fits, and then no more
            guest.cmd('stop')
            guest.migrate(f'file:{STATE}')
            guest.cmd('cont')
            carried.goes_on()
            size = int(host.run(f'stat -c %s {STATE}; rm {STATE}').split()[0])
            for part in PARTS:
                guest.cmd('migrate', uri=f'exec:head -c {size * part // 1000} > /dev/null; exit 1')
                failed(guest)
                carried.goes_on()
            carried.passes()


# scene: payload, vCPUs, ic-mode; moves
TRAVELS = {
    'xive': ('carry-xive', '2', 'dual', 'file/on', 'live/on', 'live/off', 'file/on'),
    'xive-only': ('carry-xive', '1', 'xive', 'live/on', 'file/off', 'live/off', 'live/on'),
    'xics': ('carry-xics', '2', 'dual', 'file/on', 'live/on', 'live/off', 'file/on'),
    'xics-only-hash': ('carry-hash', '1', 'xics', 'live/on', 'file/off', 'live/off', 'live/on'),
    'hash': ('carry-hash', '2', 'dual', 'live/on', 'file/off', 'live/on'),
    # one vCPU: with two it does not complete in a host that upstream's pseries (tools/peer)
    # emulates, since that lacks base/patches/0112
    'xics-one': ('carry-xics', '1', 'xics', 'live/on', 'file/off', 'live/on'),
    'xive-tcg': ('carry-xive', '2', 'dual', 'live/tcg', 'live/on', 'file/tcg', 'file/off',
                 'live/tcg'),
    'xics-tcg': ('carry-xics', '1', 'xics', 'file/tcg', 'file/on', 'live/tcg', 'live/off',
                 'file/tcg'),
    'hash-tcg': ('carry-hash', '2', 'dual', 'live/tcg', 'live/on', 'file/tcg', 'file/off'),
    'xive-often': ('carry-xive', '4', 'dual', *['live/on'] * 5),
    'xics-often': ('carry-hash', '4', 'xics', *['live/on'] * 5),
}


def traveller(payload, smp, mode, *moves):
    return lambda host: travels(host, payload, smp, f',ic-mode={mode}', *moves)


def linux_xive(host):
    travels(host, '', '2', '', 'live/on', 'file/tcg', 'live/on', 'live/on', first='tcg',
            kind=CarriedLinux)


def linux_hash(host):
    travels(host, 'disable_radix xive=off', '2', '', 'live/tcg', 'live/on', 'file/off',
            kind=CarriedLinux)


SCENES = {**{name: traveller(*words) for name, words in TRAVELS.items()},
          'refused': refused, 'stays': stays,
          'linux-xive': linux_xive, 'linux-hash': linux_hash}
