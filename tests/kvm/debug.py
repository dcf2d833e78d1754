#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest of KVM under gdb: breakpoints and single steps, which kvm-hv has none of.

Arguments: HOST SCENE..., of those in SCENES; without scenes, all.  As much of gdb's
remote protocol as that takes is in here.

    PAPR_BUILD=build tests/kvm/debug.py powernv9 firmware-hash
"""

import re
import sys
import time

from host import PATIENCE, expect, scenes

NIP, LR, CTR = 0x40, 0x43, 0x44
SC_1 = '44000022'


class Gdb:
    def __init__(self, connection):
        self.socket = connection
        self.socket.settimeout(60 * PATIENCE)
        self.data = b''

    def send(self, packet):
        self.socket.sendall(f'${packet}#{sum(packet.encode()) % 256:02x}'.encode())

    def answer(self):
        while True:
            found = re.search(rb'\$([^#]*)#..', self.data)
            if found:
                self.data = self.data[found.end():]
                self.socket.sendall(b'+')
                return found.group(1).decode()
            more = self.socket.recv(4096)
            expect(more, 'QEMU has closed the connection')
            self.data += more

    def ask(self, packet):
        self.send(packet)
        return self.answer()

    def interrupt(self, guest):
        """Stop GUEST, which runs; whether that is answered is up to the stub."""
        self.socket.sendall(b'\x03')
        while guest.cmd('query-status')['running']:
            time.sleep(0.01)
        self.send('qC')
        while not self.answer().startswith('QC'):
            pass

    def register(self, number, little=False):
        return int.from_bytes(bytes.fromhex(self.ask(f'p{number:x}')), 'little' if little else 'big')

    def insert(self, address):
        expect(self.ask(f'Z0,{address:x},4') == 'OK', f'no breakpoint at {address:#x}')

    def remove(self, address):
        expect(self.ask(f'z0,{address:x},4') == 'OK', f'the breakpoint at {address:#x} stays')


def debugged(host, **options):
    guest = host.guest(smp='2', args=('-gdb', 'chardev:gdb', *options.pop('args', ())), **options)
    guest.channel('gdb')
    return guest


def firmware(host, append=''):
    """From the first instruction: to a hypercall of the firmware, over it, and on."""
    with debugged(host, args=('-S',), firmware='own', append=append) as guest:
        guest.launch()
        gdb = Gdb(guest.sockets['gdb'])
        gdb.ask('?')
        entry = gdb.register(5)         # the client interface: a few words, and a hypercall
        gdb.insert(entry)
        gdb.ask('c')
        expect(gdb.register(NIP) == entry, f'stopped at {gdb.register(NIP):#x}, not {entry:#x}')
        before = gdb.ask(f'm{entry:x},4')
        gdb.remove(entry)
        expect(gdb.ask(f'm{entry:x},4') != before, 'no breakpoint was there')
        for _ in range(10):
            nip = gdb.register(NIP)
            if gdb.ask(f'm{nip:x},4') == SC_1:
                break
            gdb.ask('s')
        gdb.ask('s')
        expect(gdb.register(NIP) == nip + 4, f'from sc 1 at {nip:#x} to {gdb.register(NIP):#x}')
        gdb.send('c')
        guest.shell()


def symbol(guest, name):
    found = re.search(rf'^([0-9a-f]+) [tT] {name}$', guest.run(f'grep " {name}$" /proc/kallsyms'), re.M)
    expect(found, f'no symbol {name}')
    return int(found.group(1), 16)


def kernel(host, append=''):
    """In Linux, on two CPUs: stop in a function, step out of it by its branches, go on."""
    with debugged(host, append=append) as guest:
        guest.launch()
        guest.shell()
        place = symbol(guest, 'ksys_read')
        gdb = Gdb(guest.sockets['gdb'])
        gdb.interrupt(guest)
        gdb.insert(place)
        gdb.send('c')
        for _ in range(3):
            guest.send('echo\n')
            gdb.answer()
            expect(gdb.register(NIP, True) == place, f'stopped at {gdb.register(NIP, True):#x}')
            # over the breakpoint, as gdb does it, and 40 steps more
            gdb.remove(place)
            seen = [gdb.register(NIP, True)]
            for _ in range(40):
                gdb.ask('s')
                seen.append(gdb.register(NIP, True))
            steps = [b - a for a, b in zip(seen, seen[1:])]
            expect(steps.count(4) > 20, f'steps {steps}')
            expect(any(step not in (4, 8) for step in steps), f'no branch in {steps}')
            expect(0 not in steps, f'no step: {seen}')
            gdb.insert(place)
            gdb.send('c')
        guest.send('echo\n')
        gdb.answer()
        gdb.remove(place)
        gdb.send('c')
        expect(guest.run('echo $((6 * 7))').strip().endswith('42'), 'the guest is not well')
        expect('Oops' not in guest.run('dmesg'), 'an oops')


SCENES = {
    'firmware-radix': firmware,
    'firmware-hash': lambda host: firmware(host, 'disable_radix'),
    'kernel-radix': kernel,
    'kernel-hash': lambda host: kernel(host, 'disable_radix'),
}


if __name__ == '__main__':
    scenes(sys.argv[1], [(name, SCENES[name]) for name in sys.argv[2:] or SCENES])
