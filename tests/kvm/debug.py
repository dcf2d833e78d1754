#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest of KVM under gdb: breakpoints and single steps, which kvm-hv has none of.

Arguments: HOST SCENE..., of those in SCENES; without scenes, all.

    PAPR_BUILD=build tests/kvm/debug.py powernv9 firmware-hash
"""

import re
import sys

from host import expect, scenes
from gdb import SC_1, Gdb


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
        entry = gdb.get('r5')           # the client interface: a few words, and a hypercall
        gdb.insert(entry)
        gdb.go()
        expect(gdb.get('pc') == entry, f'stopped at {gdb.get("pc"):#x}, not {entry:#x}')
        before = gdb.word(entry)
        gdb.remove(entry)
        expect(gdb.word(entry) != before, 'no breakpoint was there')
        for _ in range(10):
            nip = gdb.get('pc')
            if gdb.word(nip) == SC_1:
                break
            gdb.step()
        gdb.step()
        expect(gdb.get('pc') == nip + 4, f'from sc 1 at {nip:#x} to {gdb.get("pc"):#x}')
        gdb.send('c')
        guest.shell()


def symbol(guest, name):
    found = re.search(rf'^([0-9a-f]+) [tT] {name}$', guest.run(f'grep " {name}$" /proc/kallsyms'), re.M)
    expect(found, f'no symbol {name}')
    return int(found.group(1), 16)


def pc(gdb):
    return gdb.get('pc', 'little')


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
            expect(pc(gdb) == place, f'stopped at {pc(gdb):#x}')
            # over the breakpoint, as gdb does it, and 40 steps more
            gdb.remove(place)
            seen = [pc(gdb)]
            for _ in range(40):
                gdb.step()
                seen.append(pc(gdb))
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
