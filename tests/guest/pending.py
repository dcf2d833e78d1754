#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Save a guest and load it in another QEMU: pending.py PAYLOAD TEST [QEMU OPTION...]

In the tests pending-* vCPU 1 is added by -device, so that its sections are last in the
stream, after the machine's.  Its interrupt is pending, and not taken yet, when the state is
saved; after the state is loaded, the vCPU has to get it.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

BUILD = Path(os.environ.get('PAPR_BUILD') or 'build').resolve()
PATIENCE = int(os.environ.get('PAPR_GUEST_PATIENCE') or 170)   # seconds


class Machine:
    """QEMU with the payload, its console on pipes."""

    def __init__(self, directory, name, *options):
        path = str(directory / name)
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen()
        server.settimeout(PATIENCE)
        command = [os.environ.get('PAPR_QEMU') or BUILD / 'qemu-system-ppc64',
                   '-nodefaults', '-display', 'none', '-serial', 'stdio',
                   '-qmp', f'unix:{path}', '-m', '256M', *options]
        print(' '.join(map(str, command)), flush=True)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        connection, _ = server.accept()
        connection.settimeout(PATIENCE)
        self.qmp = connection.makefile('rw')
        self.sent = 0
        json.loads(self.qmp.readline())         # the greeting
        self.command('qmp_capabilities')

    def send(self, name, **arguments):
        """Send one command; returns its id."""
        self.sent += 1
        print(json.dumps({'execute': name, 'arguments': arguments, 'id': self.sent}),
              file=self.qmp, flush=True)
        return self.sent

    def event(self, *names):
        """Wait for one of these events."""
        while True:
            message = json.loads(self.qmp.readline())
            if 'error' in message:
                sys.exit(message['error']['desc'])
            if message.get('event') in names:
                return message

    def command(self, name, **arguments):
        """What one command returns; events and results of other commands are ignored."""
        sent = self.send(name, **arguments)
        while True:
            message = json.loads(self.qmp.readline())
            if 'error' in message:
                sys.exit(f"{name}: {message['error']['desc']}")
            if message.get('id') == sent:
                return message['return']

    def migrate(self, uri):
        """Save the state, and wait until that has ended."""
        self.command('migrate-set-capabilities',
                     capabilities=[{'capability': 'events', 'state': True}])
        self.send('migrate', uri=uri)
        while self.event('MIGRATION')['data']['status'] not in ('completed', 'failed'):
            pass
        status = self.command('query-migrate')['status']
        if status != 'completed':
            sys.exit(f'the migration {status}')

    def line(self, word):
        """Wait for a line with WORD."""
        for line in self.process.stdout:
            print(line, end='', flush=True)
            if word in line:
                return
            if 'FAIL' in line:
                break
        sys.exit(f'no {word}')


@contextlib.contextmanager
def machine_of(payload, test, *options):
    """A Machine with TEST of PAYLOAD, whose output is printed if QEMU ends too early."""
    with tempfile.TemporaryDirectory(prefix='papr-') as name:
        machine = Machine(Path(name), 'guest', *options, '-kernel', payload, '-append', test)
        try:
            yield machine
        except (OSError, ValueError) as error:
            print(machine.process.stdout.read())
            sys.exit(f'QEMU has ended: {error}')
        finally:
            machine.process.kill()


def main():
    payload, test, *options = sys.argv[1:]
    options += ['-kernel', payload, '-append', test]
    with tempfile.TemporaryDirectory(prefix='papr-') as name:
        directory = Path(name)
        state = f'file:{directory}/state'
        source = Machine(directory, 'source', *options)
        try:
            source.line('READY')
            source.migrate(state)
        finally:
            source.process.kill()
        target = Machine(directory, 'target', *options, '-incoming', 'defer')
        try:
            target.send('migrate-incoming', uri=state)
            target.event('RESUME')
            print('g', file=target.process.stdin, flush=True)
            target.line(f'PASS {test}')
        finally:
            target.process.kill()


if __name__ == '__main__':
    main()
