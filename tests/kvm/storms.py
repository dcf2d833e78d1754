# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests of KVM whose vCPUs never sleep, with stops, resets, queries and more meanwhile.

The guest is `call-storm` of tests/guest: all vCPUs in hypercalls and device accesses;
each vCPU checks that none of its results is lost.  It prints PASS at the end, or FAIL
and the reason.  Scenes are NAME-IC, with the interrupt controller; `linux-off-xics` and the
like have an emulated one.
"""

import re

from host import expect
from patience import Wait
from gdb import SC_1, Gdb

PAYLOAD = 'tests/guest/tests.elf'
VCPUS = 4
SAVED = '/tmp/storm'
DUMP = '/tmp/storm-dump'
DUMPED = 16 << 20
# for debuggers: the payload uses other registers
UNUSED = 'sprg1'


def hmp(guest, command):
    return guest.cmd('human-monitor-command', command_line=command)


class Storm:
    """A guest with the payload: made by storm()."""

    def __init__(self, guest):
        self.guest = guest

    def said(self, pattern):
        """Wait for output of the payload; raises Failure if it prints FAIL."""
        found = self.guest.until(f'{pattern}|FAIL[^\n]*\n')
        expect(not found.group().startswith('FAIL'), found.group())
        return found

    def begun(self):
        """Wait until it has begun; returns the address of its hypercall instruction."""
        return int(self.said('calls from ([0-9a-f]+)\r').group(1), 16)

    def rounds(self):
        self.guest.send('?')
        found = self.said(' '.join(['ROUNDS', *[r'(\d+)'] * VCPUS]) + '\r')
        return [int(number) for number in found.groups()]

    def goes_on(self, before=None):
        """Wait until each vCPU has done some more rounds; returns their counts."""
        before = before or self.rounds()
        wait = Wait(60)
        while True:
            now = self.rounds()
            if all(b - a > 2 for a, b in zip(before, now)):
                return now
            expect(not wait.is_over(), f'it does not go on: {before}, {now}')

    def ends(self):
        """Stop it, and check that it has no errors."""
        self.goes_on()
        self.guest.send('q')
        self.said('PASS')
        self.guest.wait(60)
        expect(self.guest.exitcode() == 0, self.guest.get_log())


def storm(host, ic, *args, gdb=False):
    guest = host.guest(smp=str(VCPUS), mem='256M', machine=f',ic-mode={ic}', firmware='own',
                       linux=False,
                       args=('-kernel', host.place(PAYLOAD), '-append', 'call-storm 0',
                             '-device', 'e1000e,romfile=', *args,
                             *(('-gdb', 'chardev:gdb') if gdb else ())))
    if gdb:
        guest.channel('gdb')
    return guest


def stops(host, ic):
    """Stopped and continued three hundred times."""
    with storm(host, ic) as guest:
        guest.launch()
        it = Storm(guest)
        it.begun()
        now = it.goes_on()
        for turn in range(300):
            guest.cmd('stop')
            guest.cmd('cont')
            if turn % 60 == 59:
                now = it.goes_on(now)
        it.ends()


def saved(host, ic):
    """Saved and restored several times, one after the other."""
    counts, incoming = None, ()
    for _ in range(5):
        with storm(host, ic, *incoming) as guest:
            guest.launch()
            it = Storm(guest)
            if incoming:
                guest.arrive()
            else:
                it.begun()
            counts = it.goes_on(counts)
            guest.migrate(f'file:{SAVED}')
            incoming = ('-incoming', f'file:{SAVED}')
    with storm(host, ic, *incoming) as guest:
        guest.launch()
        guest.arrive()
        it = Storm(guest)
        it.goes_on(counts)
        it.ends()


def resets(host, ic):
    """Reset fifty times by the user, at any moment of firmware and payload.

    With some resets a host bridge with its interrupt sources is added or removed.
    """
    with storm(host, ic) as guest:
        guest.launch()
        it = Storm(guest)
        for turn in range(50):
            if turn % 10 == 0:
                guest.cmd('device_add', driver='spapr-pci-host-bridge', index=1, id='bridge')
            elif turn % 10 == 5:
                guest.cmd('device_del', id='bridge')
            if turn % 5 == 4:
                guest.text = ''
                it.begun()
                it.goes_on()
            guest.cmd('system_reset')
        guest.text = ''
        it.begun()
        it.ends()


def questions(host, ic):
    """Monitor commands about all vCPUs; a dump of memory."""
    with storm(host, ic) as guest:
        guest.launch()
        it = Storm(guest)
        it.begun()
        now = it.goes_on()
        for _ in range(20):
            text = hmp(guest, 'info registers -a')
            expect(len(re.findall(r'NIP [0-9a-f]{16}', text)) == VCPUS, text)
            text = hmp(guest, 'info pic')
            shown = set(re.findall(r'CPU\W?0*(\d)', text))
            expect('irqchip: in-kernel' in text and len(shown) == VCPUS, text)
        now = it.goes_on(now)
        for _ in range(3):
            guest.cmd('dump-guest-memory', paging=False, protocol=f'file:{DUMP}', begin=0,
                      length=DUMPED)
            size = int(host.run(f'stat -c %s {DUMP}; rm {DUMP}').split()[0])
            expect(size > DUMPED, f'{size} bytes dumped')
        now = it.goes_on(now)
        it.ends()


def over_call(gdb, place):
    """From the call at PLACE, step to the next instruction."""
    expect(gdb.get('pc') == place, f'stopped at {gdb.get("pc"):#x}')
    gdb.remove(place)
    expect(gdb.word(place) == SC_1, f'{gdb.word(place):#x} is no call')
    gdb.step()
    expect(gdb.get('pc') == place + 4, f'from {place:#x} to {gdb.get("pc"):#x}')


def debugged(host, ic):
    """Registers, breakpoints and steps by gdb, over hypercalls too."""
    with storm(host, ic, gdb=True) as guest:
        guest.launch()
        gdb = Gdb(guest.sockets['gdb'])
        it = Storm(guest)
        place = it.begun()
        now = it.goes_on()
        gdb.interrupt(guest)
        for thread in range(1, VCPUS + 1):
            gdb.thread(thread)
            registers = gdb.ask('g')
            expect(registers[0] != 'E' and len(registers) > 16 * 32, registers)
            gdb.set(UNUSED, 0x1234567800 + thread)
            expect(gdb.get(UNUSED) == 0x1234567800 + thread, gdb.get(UNUSED))
        for turn in range(10):
            gdb.insert(place)
            stop = gdb.go()
            thread = int(re.search('thread:(?:p[0-9a-f]+.)?([0-9a-f]+)', stop).group(1), 16)
            gdb.thread(thread)
            over_call(gdb, place)
            before = gdb.get('pc')
            for _ in range(turn % 4):
                gdb.step()
                expect(gdb.get('pc') == before + 4, f'from {before:#x} to {gdb.get("pc"):#x}')
                before += 4
        for thread in range(1, VCPUS + 1):
            gdb.thread(thread)
            expect(gdb.get(UNUSED) == 0x1234567800 + thread, f'{gdb.get(UNUSED):#x}')
        gdb.detach()
        it.goes_on(now)
        it.ends()


def linux(host, ic, irqchip=''):
    """Linux with both of its CPUs busy reboots five times."""
    with host.guest(smp='2', machine=f',ic-mode={ic}', firmware='own', irqchip=irqchip) as guest:
        guest.launch()
        for _ in range(5):
            guest.shell()
            guest.run('for n in 1 2; do (while :; do cat /proc/stat; done > /dev/null) & done')
            guest.send('reboot -f\n')
        guest.shell()
        expect(ic.upper() in guest.run('cat /proc/interrupts'), f'no {ic}')
        guest.send('poweroff -f\n')
        guest.wait(60)
        expect(guest.exitcode() == 0 and 'warning' not in guest.get_log(), guest.get_log())


SCENES = {f'{scene.__name__}-{ic}': lambda host, scene=scene, ic=ic: scene(host, ic)
          for scene in (stops, debugged, resets, saved, questions, linux)
          for ic in ('xics', 'xive')}
SCENES |= {f'linux-off-{ic}': lambda host, ic=ic: linux(host, ic, 'off') for ic in ('xics', 'xive')}
