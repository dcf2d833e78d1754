# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest of KVM under gdb: breakpoints and single steps, which kvm-hv does not support."""

import re

from host import expect
from gdb import ACCESS, HARDWARE, READ, WRITE, Gdb
from patience import Wait


def debugged(host, **options):
    guest = host.guest(smp='2', args=('-gdb', 'chardev:gdb', *options.pop('args', ())), **options)
    guest.channel('gdb')
    return guest


def firmware(host, append=''):
    """From the first instruction: to a hypercall of the firmware, over it, and continue."""
    with debugged(host, args=('-S',), firmware='own', append=append) as guest:
        guest.launch()
        gdb = Gdb(guest.sockets['gdb'])
        gdb.ask('?')
        entry = gdb.get('r5')           # the client interface: a few instructions, and a hypercall
        gdb.insert(entry)
        gdb.go()
        expect(gdb.get('pc') == entry, f'stopped at {gdb.get("pc"):#x}, not {entry:#x}')
        before = gdb.word(entry)
        gdb.remove(entry)
        expect(gdb.word(entry) != before, 'no breakpoint was there')
        gdb.step_over_call()
        gdb.send('c')
        guest.shell()


def symbol(guest, name):
    found = re.search(rf'^([0-9a-f]+) [tT] {name}$',
                      guest.run(f'grep " {name}$" /proc/kallsyms'), re.M)
    expect(found, f'no symbol {name}')
    return int(found.group(1), 16)


def pc(gdb):
    return gdb.get('pc', 'little')


def kernel(host, append=''):
    """In Linux, on two CPUs: stop in a function, step out of it by its branches, continue."""
    with debugged(host, append=append) as guest:
        guest.launch()
        guest.shell()
        # callers in the same module enter two instructions later, with their r2
        place = symbol(guest, 'vfs_read') + 8
        gdb = Gdb(guest.sockets['gdb'])
        gdb.interrupt(guest)
        gdb.insert(place)
        gdb.send('c')
        for _ in range(3):
            guest.send('echo\n')
            gdb.answer()
            expect(pc(gdb) == place, f'stopped at {pc(gdb):#x}')
            # over the breakpoint, as gdb does, and 40 more steps
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


# --- without a kernel: code written by gdb, in real mode ---

CODE, FAR, BLOCK = 0x8000000, 0x8100000, 0x8200000
MSR_SF, MSR_ME = 1 << 63, 1 << 12
NOP, TRAP = 0x60000000, 0x00dddd00
PROGRAM_INTERRUPT = 0x700
# stw r5,0(r3); dcbst 0,r3; sync; icbi 0,r3; isync
WRITE_CODE = '90a30000 7c00186c 7c0004ac 7c001fac 4c00012c'
# instructions, registers, and the address after a step
STEPS = (
    ('60000000', {}, CODE + 4),                                 # nop
    ('48000010', {}, CODE + 16),                                # b, forwards
    ('4bfffff0', {}, CODE - 16),                                # and backwards
    ('48000013', {}, 0x10),                                     # bla
    ('41820010', {'cr': 0x20000000}, CODE + 16),                # beq, taken
    ('41820010', {'cr': 0}, CODE + 4),                          # and not
    ('41820012', {'cr': 0x20000000}, 0x10),                     # beqa
    ('42800010', {}, CODE + 16),                                # bc, always
    ('4e800020', {'lr': FAR}, FAR),                             # blr
    ('4e800020', {'lr': (0xfff << 32) + FAR, 'msr': MSR_ME}, FAR),  # with 32 bits
    ('4d820020', {'lr': FAR, 'cr': 0}, CODE + 4),               # beqlr, not taken
    ('4e800420', {'ctr': FAR}, FAR),                            # bctr
    ('4e800460', {'tar': FAR, 'fscr': 1 << 8}, FAR),            # bctar
    ('4c00012c', {}, CODE + 4),                                 # isync
    ('4c000024', {'srr0': FAR, 'srr1': MSR_SF | MSR_ME}, FAR),  # rfid
    ('4c0000a4', {'lr': FAR, 'ctr': MSR_SF | MSR_ME}, FAR),     # rfscv
    ('44000002', {}, 0xc00),                                    # sc
    ('44000001', {'fscr': 1 << 12}, 0x17000),                   # scv 0
    ('44000022', {'r3': 0xfffc}, CODE + 4),                     # sc 1: H_FUNCTION
    # lwarx to stwcx. is one step, on each path
    ('7ca01828 30a50001 7ca0192d 40a2fff4', {'r3': FAR}, CODE + 12),
    ('7ca01828 2c050007 40820010 7ca0192d 40a2fff0', {'r3': FAR}, CODE + 24),
    ('7ca01828', {'r3': FAR}, CODE + 4),                        # lwarx alone
)


def bare(host, **options):
    guest = host.guest(linux=False, mem='256M', firmware='slof',
                       args=('-S', '-gdb', 'chardev:gdb'), **options)
    guest.channel('gdb')
    return guest


def attached(guest):
    guest.launch()
    gdb = Gdb(guest.sockets['gdb'])
    gdb.ask('?')
    return gdb


def put(gdb, place, code):
    """Write CODE, words in hexadecimal, and zeroes behind it; returns all of it."""
    memory = bytes.fromhex(code).ljust(80, b'\0')
    gdb.write(place, memory)
    return memory


def place_vcpu(gdb, where, registers=()):
    for name, value in {'msr': MSR_SF | MSR_ME, **dict(registers), 'pc': where}.items():
        gdb.set(name, value, 8 if name == 'cr' else 16)


def steps(host):
    """A step of each kind of instruction goes to the right address, and leaves no trap."""
    with bare(host) as guest:
        gdb = attached(guest)
        for code, registers, wanted in STEPS:
            memory = put(gdb, CODE, code)
            place_vcpu(gdb, CODE, registers)
            gdb.step()
            expect(gdb.get('pc') == wanted, f'{code} leads to {gdb.get("pc"):#x}, not {wanted:#x}')
            expect(gdb.read(CODE, len(memory)) == memory, f'what was written over {code}?')
            expect(gdb.word(wanted) != TRAP, f'a trap stays behind {code}')


def nowhere(host):
    """A step that is impossible is reported, and the vCPU runs; it stops upon a request."""
    with bare(host) as guest:
        gdb = attached(guest)
        put(gdb, CODE, '4e800020')
        for place, registers in ((CODE, {'lr': 1 << 44}), (1 << 44, {})):
            place_vcpu(gdb, place, registers)
            gdb.send('s')
            while not guest.cmd('query-status')['running']:
                pass
            gdb.interrupt(guest)
        log = guest.stderr()
        for text in ('leads nowhere', 'no instruction to step'):
            expect(text in log, f'no "{text}" in {log}')


def traps(host):
    """Traps of the guest's own, overwritten breakpoints, and breakpoints of other kinds."""
    with bare(host) as guest:
        gdb = attached(guest)
        for kind in (HARDWARE, WRITE, READ, ACCESS):
            expect(gdb.ask(f'Z{kind},{CODE:x},4') == '', f'a breakpoint of kind {kind}')
            expect(gdb.ask(f'z{kind},{CODE:x},4') == '', f'no breakpoint of kind {kind}')
        expect(gdb.ask(f'Z0,{1 << 44:x},4').startswith('E'), 'a breakpoint where nothing is')
        # the guest's own trap is a program interrupt
        put(gdb, CODE, f'{NOP:08x} {TRAP:08x}')
        gdb.insert(PROGRAM_INTERRUPT)
        place_vcpu(gdb, CODE)
        gdb.go()
        expect(gdb.get('pc') == PROGRAM_INTERRUPT, f'stopped at {gdb.get("pc"):#x}')
        expect(gdb.get('srr0') == CODE + 4, f'SRR0 is {gdb.get("srr0"):#x}')
        expect(gdb.get('srr1') & 0x80000, f'SRR1 is {gdb.get("srr1"):#x}')
        gdb.remove(PROGRAM_INTERRUPT)
        # a guest that overwrites a breakpoint: this removes it
        first, second = CODE + 20, CODE + 24
        put(gdb, CODE, f'{WRITE_CODE} {NOP:08x} {NOP:08x}')
        gdb.insert(first)
        gdb.insert(second)
        place_vcpu(gdb, CODE, {'r3': first, 'r5': NOP})
        gdb.go()
        expect(gdb.get('pc') == second, f'stopped at {gdb.get("pc"):#x}')
        for place in (first, second):
            gdb.remove(place)
            expect(gdb.word(place) == NOP, f'{gdb.word(place):#x} at {place:#x}')
        expect(gdb.ask(f'z0,{second:x},4').startswith('E'), 'removed twice')
        # two addresses of one word: the breakpoint is hit at the other, too
        alias = 1 << 60 | first
        gdb.insert(first)
        gdb.insert(alias)
        gdb.remove(first)
        expect(gdb.word(first) == TRAP, f'{gdb.word(first):#x} where a breakpoint should be')
        gdb.remove(alias)
        expect(gdb.word(first) == NOP, f'{gdb.word(first):#x} is left of two breakpoints')


RTAS_START_CPU, H_RTAS = 0x2006, 0xf000


def rounds_of(gdb, vcpu):
    gdb.thread(vcpu)
    return gdb.get('r31')


def vcpus(host):
    """Two vCPUs in the same loop: one steps, the other runs; then the reverse."""
    with bare(host, smp='2') as guest:
        gdb = attached(guest)
        put(gdb, FAR, '3bff0001 4bfffffc')      # addi r31,r31,1; b .-4
        put(gdb, CODE, '44000022')
        put(gdb, BLOCK, f'{RTAS_START_CPU:08x} 00000003 00000001 00000001 {FAR:08x} 00000000')
        place_vcpu(gdb, CODE, {'r3': H_RTAS, 'r4': BLOCK})
        gdb.step()
        expect(gdb.get('r3') == 0 and gdb.word(BLOCK + 24) == 0, 'start-cpu fails')
        place_vcpu(gdb, FAR, {'r31': 0})
        for stepping, other in ((1, 2), (2, 1)):
            before = rounds_of(gdb, other)
            gdb.thread(stepping)
            if gdb.get('pc') != FAR:
                gdb.step()
            rounds = gdb.get('r31')
            for n in range(20):
                stop = gdb.step()
                expect(f'thread:{stepping:02d}' in stop or f'thread:p01.{stepping:02d}' in stop,
                       f'vCPU {stepping} steps, and it is {stop}')
                expect(gdb.get('pc') == FAR + 4 * ((n + 1) % 2), f'at {gdb.get("pc"):#x}')
            expect(gdb.get('r31') == rounds + 10, f'{gdb.get("r31") - rounds} rounds in 20 steps')
            # each step lets the other vCPU run, if its thread is fast enough
            wait = Wait(60)
            while rounds_of(gdb, other) <= before and not wait.is_over():
                gdb.thread(stepping)
                gdb.step()
            expect(rounds_of(gdb, other) > before, 'the other vCPU stands')
        # both hit a breakpoint
        gdb.insert(FAR + 4)
        seen = set()
        wait = Wait(60)
        while len(seen) < 2 and not wait.is_over():
            seen.add(re.search(r'thread:(?:p01\.)?(\d+)', gdb.go()).group(1))
            gdb.remove(FAR + 4)
            gdb.step()
            gdb.insert(FAR + 4)
        expect(seen == {'01', '02'}, f'the breakpoint is met by {seen}')


SCENES = {
    'firmware-radix': firmware,
    'firmware-hash': lambda host: firmware(host, 'disable_radix'),
    'steps': steps,
    'nowhere': nowhere,
    'traps': traps,
    'vcpus': vcpus,
    'kernel-radix': kernel,
    'kernel-hash': lambda host: kernel(host, 'disable_radix'),
}
