#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`make boot` as a user runs it: on a terminal, with the commands of README.

The commands are read from README, so that it can't have one that does not work:

    terminal.py example             its first example: the output, the commands
                                    that are typed, and their output
    terminal.py lines               every other line there with `make boot` and
                                    variables with values
    terminal.py boot [NAME=VALUE...]  `make boot` with these variables

A guest boots to a shell, is as the variables require, and is ended by Ctrl-A X.
Nothing is built: make's commands that do it are replaced by `:`.
"""

import errno
import fcntl
import os
import pty
import re
import select
import shlex
import shutil
import signal
import struct
import termios
from pathlib import Path

from guest import BUILD, SHELL, TROUBLE, expect, guest_file, main, skip
from patience import Wait

TREE = Path(__file__).resolve().parent.parent.parent
COMMAND = 'make boot'
VARIABLES = ('BUILD', 'CPU', 'SMP', 'MEM', 'FIRMWARE', 'KERNEL', 'INITRD', 'APPEND', 'MACHINE')
# escape sequences: queries for the cursor's position, colours
ESCAPES = re.compile(r'\x1b\[[0-9;?]*[A-Za-z]')


class Terminal:
    """COMMAND of the shell on a terminal of its own; its output is in `text`."""

    def __init__(self, command, environment):
        self.text = ''
        self.pid, self.master = pty.fork()
        if not self.pid:
            os.chdir(TREE)
            os.execvpe(command[0], command, environment)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack('4H', 50, 400, 0, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # processes of a terminal that is closed get SIGHUP
        os.close(self.master)
        if self.pid:
            os.kill(self.pid, signal.SIGTERM)
            os.waitpid(self.pid, 0)

    def more(self, seconds):
        """Read what arrives within SECONDS; False if the other end is closed."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b''
        self.text += data.decode('utf-8', 'replace')
        self.text = ESCAPES.sub('', self.text).replace('\r', '')
        return bool(data)

    def until(self, pattern, seconds=170):
        """Read until PATTERN; return the match, and drop the text up to it."""
        wait = Wait(seconds)
        while True:
            found = re.search(pattern, self.text, re.M)
            if found:
                self.text = self.text[found.end():]
                return found
            trouble = TROUBLE.search(self.text)
            expect(not trouble, f'the guest is in trouble: {self.text[-3000:]}')
            expect(not wait.is_over() and self.more(1),
                   f'no {pattern!r} after:\n{self.text[-3000:]}')

    def type(self, text):
        os.write(self.master, text.encode())

    def run(self, command):
        """Run COMMAND in the guest's shell, once it prompts; returns its output."""
        self.type(f'{command}; echo "<status:$?>"\n')
        self.until(r'echo "<status:\$\?>"\n')
        wait = Wait(60)
        while '<status:' not in self.text:
            expect(not wait.is_over() and self.more(1), f'{command}: no end: {self.text}')
        output = self.text.split('<status:')[0]
        self.until(r'<status:0>\n' + re.escape(SHELL))
        return output

    def leave(self):
        """Ctrl-A X ends QEMU, and so make."""
        self.type('\x01x')
        self.until('QEMU: Terminated')
        wait = Wait(60)
        while self.more(1):
            expect(not wait.is_over(), 'QEMU stays after Ctrl-A X')
        status = os.waitpid(self.pid, 0)[1]
        self.pid = 0
        expect(status == 0, f'make ended with status {status:#x}')


def readme():
    return (TREE / 'README.md').read_text()


def variables_of(command):
    """{name: value} of the variables in COMMAND, a line for a user's shell."""
    return dict(word.split('=', 1) for word in shlex.split(command)[len(COMMAND.split()):])


def boot(command):
    """Run COMMAND on a new terminal."""
    words = shlex.split(command)
    if not shutil.which('make'):
        skip('make is missing')
    guest_file('vmlinux-' + variables_of(command).get('KERNEL', '6.1'))
    environment = {name: value for name, value in os.environ.items()
                   if name not in VARIABLES + ('MAKEFLAGS', 'MAKELEVEL')}
    return Terminal([*words, f'BUILD={BUILD}', 'configure=:', 'ninja=:'], environment)


def check_guest(terminal, variables):
    """The guest is as VARIABLES of make boot require."""
    uname = terminal.run('uname -r')
    expect(uname.startswith(variables.get('KERNEL', '6.1') + '.'), f'kernel {uname}')
    cpus = terminal.run('grep -c ^processor /proc/cpuinfo').strip()
    expect(cpus == variables.get('SMP', '1'), f'{cpus} vCPUs')
    model = terminal.run('grep -m 1 ^cpu /proc/cpuinfo')
    expect(variables.get('CPU', 'POWER9') in model, f'CPU {model}')
    console = terminal.run('cat /proc/consoles')
    expect(console.startswith('hvc0 '), f'consoles: {console}')


def try_line(command):
    """Boot by COMMAND to a shell, check the guest, and end QEMU."""
    variables = variables_of(command)
    with boot(command) as terminal:
        slof = variables.get('FIRMWARE') == 'slof'
        terminal.until('^SLOF' if slof else '^OF stdout device is: ')
        terminal.until('^' + re.escape(SHELL))
        check_guest(terminal, variables)
        terminal.leave()


def as_pattern(line):
    """LINE of README as a pattern: with any numbers, and any text for `...`."""
    parts = re.split(r'(\.\.\.|0x[0-9a-f]+|\d+| +)', line)
    return ''.join({'...': r'.*'}.get(part) or (r'0x[0-9a-f]+' if part.startswith('0x') else
                                               r'\d+' if part.isdigit() else
                                               r' +' if part.startswith(' ') else re.escape(part))
                   for part in parts)


def example():
    """The output is that of README's first example, line by line."""
    block = re.search(r'^```text\n\$ (' + COMMAND + r'[^\n]*)\n(.*?)^```', readme(), re.M | re.S)
    expect(block, f'README has no example that begins with "$ {COMMAND}"')
    with boot(block.group(1)) as terminal:
        for line in block.group(2).splitlines():
            if line.startswith(SHELL):
                terminal.until('^' + re.escape(SHELL))
                terminal.type(line[len(SHELL):] + '\n')
            elif line.strip() not in ('', '...'):
                terminal.until('^' + as_pattern(line) + ' *$')
        terminal.until('^' + re.escape(SHELL))
        terminal.leave()


def lines():
    """Every other command line of README that begins with `make boot`."""
    found = re.findall(r'^    (' + COMMAND + r' \w+=.*?) *(?:#.*)?$', readme(), re.M)
    expect(found, f'README has no line with "{COMMAND}" and variables')
    for line in found:
        print(line)
        try_line(line)


def run(scene, *words):
    if scene == 'boot':
        try_line(' '.join([COMMAND, *words]))
    else:
        {'example': example, 'lines': lines}[scene](*words)


if __name__ == '__main__':
    main(run)
