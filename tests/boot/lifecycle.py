#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Resets, reboots, power off, panic, NMI, powerdown, consoles and more of a Linux guest."""

import hashlib
import re
import struct
import tempfile
import time
from pathlib import Path

from gdb import SC_1, Gdb
from guest import BUILD, SHELL, Failure, Guest, expect, main
from patience import Wait


def reboots(firmware):
    """The guest reboots itself 20 times."""
    with Guest(smp='2', firmware=firmware, append='quiet') as guest:
        guest.launch()
        for _ in range(20):
            guest.shell()
            guest.send('reboot -f\n')
        guest.shell()
        guest.run('true')


def system_reset():
    """Resets by QMP at any moment: in firmware, kernel and user space."""
    with Guest(smp='4', append='quiet') as guest:
        guest.launch()
        for delay in (0.0, 0.05, 0.2, 0.5, 1.0, 1.7):
            time.sleep(delay)
            guest.cmd('system_reset')
        guest.shell()
        guest.run('true')
        guest.cmd('system_reset')
        guest.text = ''
        guest.shell()
        guest.run('true')


def no_reboot():
    """-no-reboot: a reboot of the guest ends QEMU."""
    with Guest(args=('-no-reboot',)) as guest:
        guest.launch()
        guest.shell()
        guest.send('reboot -f\n')
        guest.wait(60)
        expect(guest.exitcode() == 0, f'exit code {guest.exitcode()}')


def replay(cpu):
    """
    A recorded run of a guest, with its input, is replayed.

    While QEMU records, it passes more input than fits into the terminal, which is 16
    characters, and the rest is lost: so lines of input are short.  The vCPU writes
    output until the console takes it, while the main loop waits for the vCPU, so that
    the guest must not run before QMP is connected: nobody reads the console until then.
    """
    said = []
    with tempfile.TemporaryDirectory() as folder:
        for mode in 'record', 'replay':
            icount = f'shift=1,rr={mode},rrfile={folder}/record'
            with Guest(cpu, append='printk.time=1', args=('-S', '-icount', icount)) as guest:
                guest.launch()
                guest.cmd('cont')
                guest.console_socket.settimeout(1)
                asked = False
                while guest.more():
                    if SHELL in guest.text and mode == 'record' and not asked:
                        asked = True
                        guest.send('poweroff -f\n')
                guest.wait(60)
                expect(guest.exitcode() == 0, f'{mode}: exit code {guest.exitcode()}')
                said.append(guest.text)
    expect('Power down' in said[0], f'recorded: {said[0][-500:]}')
    expect(said[0] == said[1], f'recorded {said[0][-500:]}, replayed {said[1][-500:]}')


def panic():
    """A kernel panic is an event."""
    with Guest(append='panic=0') as guest:
        guest.launch()
        guest.shell()
        guest.send('echo c > /proc/sysrq-trigger\n')
        guest.event_wait('GUEST_PANICKED', 60)


def nmi():
    """inject-nmi reaches the guest's system reset handler on all CPUs."""
    with Guest(smp='2', append='kdb') as guest:
        guest.launch()
        guest.shell()
        guest.cmd('inject-nmi')
        guest.console_socket.settimeout(1)
        wait = Wait(60)
        while not re.search(r'System Reset|sysreset|NMI', guest.text, re.I):
            expect(not wait.is_over() and guest.more(), f'no system reset in: {guest.text}')


def powerdown():
    """system_powerdown is an EPOW event, upon which Linux calls poweroff."""
    with Guest() as guest:
        guest.launch()
        guest.shell()
        # the kernel starts /sbin/poweroff
        guest.run('mkdir -p /sbin && printf "#!/bin/sh\\necho DOWN > /dev/hvc0\\npoweroff -f\\n"'
                  ' > /sbin/poweroff && chmod +x /sbin/poweroff')
        guest.cmd('system_powerdown')
        guest.until('DOWN', 60)
        guest.wait(60)
        expect(guest.exitcode() == 0, f'exit code {guest.exitcode()}')


def console():
    """A megabyte in each direction: nothing is lost, nothing is doubled."""
    with Guest(append='quiet') as guest:
        guest.launch()
        guest.shell()
        guest.send('seq 100000 199999 | head -c 1000000; echo "<end>"\n')
        guest.until(r'echo "<end>"\r*\n')
        guest.console_socket.settimeout(1)
        while '<end>' not in guest.text:
            expect(guest.more(), 'the console closed')
        printed = guest.text.split('<end>')[0].replace('\r', '')
        wanted = ''.join(f'{n}\n' for n in range(100000, 200000))[:1000000]
        expect(printed == wanted, f'{len(printed)} characters of {len(wanted)}')
        guest.prompt()

        # in: as raw input, without the terminal's line editing
        data = ''.join(chr(33 + n * 7919 % 90) for n in range(1000000))
        guest.send('stty raw -echo; echo "<go>"; head -c 1000000 | md5sum; '
                   'stty sane; echo "<in>"\n')
        guest.until(r'<in>"\r*\n')
        guest.until('<go>')
        guest.console_socket.settimeout(120)
        guest.send(data)
        digest = guest.until(r'([0-9a-f]{32})').group(1)
        expect(digest == hashlib.md5(data.encode()).hexdigest(), f'pasted text differs: {digest}')


def consoles():
    """A second terminal is hvc1."""
    log = BUILD / 'tests' / 'boot' / 'hvc1.log'
    log.parent.mkdir(parents=True, exist_ok=True)
    with Guest(args=('-chardev', f'file,id=second,path={log}',
                     '-device', 'spapr-vty,chardev=second')) as guest:
        guest.launch()
        guest.shell()
        guest.run('echo on the second > /dev/hvc1')
        wait = Wait(30)
        while 'on the second' not in log.read_text():
            expect(not wait.is_over(), log.read_text())
            time.sleep(0.1)


def nvram():
    """Data that the guest writes to an nvram with a file is there after a restart."""
    image = BUILD / 'tests' / 'boot' / 'nvram.img'
    image.parent.mkdir(parents=True, exist_ok=True)
    image.write_bytes(bytes(65536))
    drive = ('-drive', f'if=pflash,format=raw,file={image}')
    for firmware in ('own', 'slof'):
        image.write_bytes(bytes(65536))
        with Guest(args=drive, firmware=firmware) as guest:
            guest.launch()
            guest.shell()
            guest.run('[ -c /dev/nvram ] || mknod /dev/nvram c 10 144')
            guest.run('printf kept | dd of=/dev/nvram bs=1 seek=60000 conv=notrunc 2>/dev/null')
        expect(image.read_bytes()[60000:60004] == b'kept', 'the file does not have it')
        with Guest(args=drive, firmware=firmware) as guest:
            guest.launch()
            guest.shell()
            guest.run('[ -c /dev/nvram ] || mknod /dev/nvram c 10 144')
            out = guest.run('dd if=/dev/nvram bs=1 skip=60000 count=4 2>/dev/null')
            expect('kept' in out, out)


def rtc():
    """The guest sets its clock: RTC_CHANGE has the difference."""
    with Guest(args=('-rtc', 'base=2020-02-03T04:05:06')) as guest:
        guest.launch()
        guest.shell()
        expect('2020' in guest.run('hwclock -u -r || date'), 'the clock has another date')
        guest.run('date -s "2021-02-03 04:05:06" && hwclock -u -w')
        event = guest.event_wait('RTC_CHANGE', 30)
        offset = event['data']['offset']
        expect(abs(offset - 366 * 86400) < 600, f'offset {offset}')


def timebase():
    """The guest's time is not ahead of the host's."""
    with Guest(smp='2', append='quiet') as guest:
        guest.launch()
        guest.shell()
        # the guest's reading is between two of the host's, however slow either is
        start = time.monotonic()
        before = float(guest.run('cut -d" " -f1 /proc/uptime'))
        guest.run('sleep 3')
        after = float(guest.run('cut -d" " -f1 /proc/uptime'))
        end = time.monotonic()
        expect(after - before >= 2.9, f'{after - before} s for sleep 3')
        expect(after - before <= end - start + 0.1, 'the guest is ahead of time')


def functions(path):
    """Address and size of each function of an ELF file (64 bits, little-endian): its names."""
    data = path.read_bytes()
    table, = struct.unpack_from('<Q', data, 0x28)
    size, count = struct.unpack_from('<HH', data, 0x3a)
    heads = [struct.unpack_from('<IIQQQQIIQQ', data, table + n * size) for n in range(count)]
    symbols = next(head for head in heads if head[1] == 2)
    strings = heads[symbols[6]][4]
    found = {}
    for at in range(symbols[4], symbols[4] + symbols[5], 24):
        name, info, _, section, value, length = struct.unpack_from('<IBBHQQ', data, at)
        if info & 0xf == 2 and 0 < section < 0xff00:
            end = data.index(b'\0', strings + name)
            found.setdefault((value, length), set()).add(data[strings + name:end].decode())
    return found


def symbols():
    """-d in_asm names the kernel's function of each translated block."""
    names = {}
    for (start, length), those in functions(BUILD / 'guest' / 'vmlinux-6.1').items():
        for name in those:
            names.setdefault(name, []).append(range(start, start + length))
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / 'log'
        with Guest(smp='2', append='quiet', args=('-d', 'in_asm', '-D', str(log))) as guest:
            guest.launch()
            guest.poll(lambda: log.exists() and 'IN: start_secondary' in log.read_text(),
                       'start of the second CPU')
        blocks = re.findall(r'^IN: (\w+)\n0x([0-9a-f]+):', log.read_text(), re.M)
    expect(len(blocks) > 2000, f'{len(blocks)} blocks with a name')
    for name, address in blocks:
        # a function in assembly may have no size
        expect(any(int(address, 16) in those or not those for those in names[name]),
               f'0x{address} is not in {name}')
    for name in ('start_kernel', 'start_secondary'):
        expect(name in dict(blocks), f'no {name}')


def call_log():
    """-d int logs a hypercall with its arguments, and with the address of its sc."""
    kernels = re.compile(r'^hypercall r3=\w{16} r4=.* r12=\w{16} nip=c000(\w{12})$', re.M)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / 'log'
        with Guest(append='quiet', args=('-d', 'int', '-D', str(log))) as guest:
            guest.launch()
            guest.poll(lambda: log.exists() and kernels.search(log.read_text()),
                       'a hypercall of the kernel')
            guest.cmd('stop')
            text = log.read_text()
            code = guest.cmd('human-monitor-command',
                             **{'command-line': f'xp /1wx 0x{kernels.search(text)[1]}'})
    expect('hypercall r3=000000000000f005' in text, 'no call of the client interface')
    # the monitor shows words of a little-endian guest with their bytes swapped
    swapped = int.from_bytes(SC_1.to_bytes(4, 'big'), 'little')
    expect(f'{SC_1:#010x}' in code or f'{swapped:#010x}' in code, code)


def gdbstub():
    """By gdb's protocol: stop at a hypercall, step over it, continue; stop Linux in a
    function that it has called often, and at the place to which that returns."""
    path = BUILD / 'tests' / 'boot' / 'gdb.socket'
    path.parent.mkdir(parents=True, exist_ok=True)
    with Guest(smp='2', args=('-chardev', f'socket,id=gdb,path={path},server=on,wait=off',
                              '-gdb', 'chardev:gdb', '-S')) as guest:
        guest.launch()
        gdb = Gdb.at(path)
        gdb.ask('?')
        # r5 is the client interface's entry: a few instructions with a hypercall
        entry = gdb.get('r5')
        gdb.insert(entry)
        gdb.go()
        expect(gdb.get('pc') == entry, f'stopped at {gdb.get("pc"):#x}, not at {entry:#x}')
        gdb.remove(entry)
        gdb.step_over_call()
        gdb.send('c')
        guest.shell()
        function = guest.run("sed -n 's/ T __fdget_pos$/ found/p' /proc/kallsyms")
        # calls within the kernel skip the two instructions that set r2
        function = int(re.search(r'(\w+) found', function).group(1), 16) + 8
        guest.run('for i in $(seq 500); do echo $i; done > /dev/null')
        gdb.interrupt(guest)
        gdb.insert(function)
        guest.send('echo\n')
        for place in function, None:
            gdb.go()
            place = place or back
            nip = gdb.get('pc', 'little')
            expect(nip == place, f'stopped at {nip:#x}, not at {place:#x}')
            gdb.remove(place)
            back = gdb.get('lr', 'little')
            if place == function:
                gdb.insert(back)
        gdb.send('c')
        guest.run('echo')
        regs = guest.cmd('human-monitor-command', command_line='info registers -a')
        expect(regs.count('NIP') == 2, regs)


def silent(ic):
    """A wait for a guest that prints nothing ends with what QEMU and its vCPUs do."""
    with Guest(smp='2', append='' if ic == 'xive' else 'xive=off') as guest:
        guest.launch()
        guest.shell()
        guest.cmd('stop')
        guest.send('echo more\n')
        try:
            guest.until('more', 2, command='the stopped shell')
        except Failure as failure:
            said = str(failure)
        else:
            raise Failure('a stopped guest has printed')
        for what in (r"\Athe stopped shell: no 'more'\nstatus: paused\n",
                     r'\nthread \d+: \w, \d+ ticks; ', r'(\nNIP \w+ +LR \w+ MSR \w+){4}\n',
                     r'\nCPU\[0001\]: +OS ' if ic == 'xive' else r'\nCPU 1 XIRR=',
                     r'\nits last output:\n'):
            expect(re.search(what, said), f'no {what!r} in: {said}')


TESTS = {test.__name__.replace('_', '-'): test for test in (
    reboots, system_reset, no_reboot, replay, panic, nmi, powerdown, console, consoles, nvram, rtc,
    timebase, symbols, call_log, gdbstub, silent)}


def run(name, *args):
    if name not in TESTS:
        raise Failure(f'{name}: not one of {" ".join(TESTS)}')
    TESTS[name](*args)


if __name__ == '__main__':
    main(run)
