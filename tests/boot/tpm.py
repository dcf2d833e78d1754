#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual TPM, emulated by swtpm, in Linux.

    tpm.py tpm 2.0|1.2 WORDS          registers are extended, and reset by a reboot
    tpm.py tpm-saved 2.0|1.2 WORDS    they are kept when the guest is saved and restored

WORDS are those of a mode (devguest.py).
"""

import contextlib
import hashlib
import os
from pathlib import Path

from devguest import DeviceGuest, Mode, poll, workspace
from features import needs, program, server
from guest import Failure, expect, main_of

REGISTER = 12           # one that only a start resets, and that is unused


class Version:
    """The differences of versions: how a register is extended and read."""

    def __init__(self, name):
        self.two = name == '2.0'
        self.hash = hashlib.sha256 if self.two else hashlib.sha1
        self.size = self.hash().digest_size
        self.option = ['--tpm2'] if self.two else []

    def extend(self, digest):
        """The command that extends REGISTER by DIGEST."""
        if self.two:
            # no password; one digest of SHA-256
            body = (REGISTER.to_bytes(4, 'big') + bytes.fromhex('00000009400000090000000000') +
                    bytes.fromhex('00000001000b') + digest)
            return b'\x80\x02' + (len(body) + 10).to_bytes(4, 'big') + b'\0\0\x01\x82' + body
        body = REGISTER.to_bytes(4, 'big') + digest
        return b'\0\xc1' + (len(body) + 10).to_bytes(4, 'big') + b'\0\0\0\x14' + body

    def value(self, guest):
        """REGISTER as sysfs has it, in hexadecimal."""
        if self.two:
            return guest.read(f'/sys/class/tpm/tpm0/pcr-sha256/{REGISTER}').lower()
        line = guest.run(f'grep PCR-{REGISTER}: /sys/class/tpm/tpm0/pcrs')
        return line.split(':')[1].replace(' ', '').strip().lower()


@contextlib.contextmanager
def backend(version, directory, name):
    """swtpm, and QEMU's options for it."""
    state = directory / name
    state.mkdir()
    # the name of a socket is limited to some 100 characters
    path = Path(f'/tmp/papr-tpm-{os.getpid()}-{name}')
    with server(path, program('swtpm'), 'socket', *version.option, '--tpmstate', f'dir={state}',
                '--ctrl', f'type=unixio,path={path}') as process:
        yield ['-chardev', f'socket,id=tpm,path={path}', '-tpmdev', 'emulator,id=tpm0,chardev=tpm',
               '-device', 'tpm-spapr,tpmdev=tpm0']
        expect(process.poll() is None, 'swtpm has ended')
    path.unlink(missing_ok=True)


def command(guest, words):
    """The TPM's response to a command, both as bytes.

    The driver needs a command in one write, and printf writes each line by one.
    """
    text = ''.join(f'\\x{byte:02x}' for byte in words)
    out = guest.run(f"printf '{text}' > /tmp/command; exec 3<> /dev/tpm0; cat /tmp/command >&3;"
                    " head -c 4096 <&3 | hexdump -v -e '1/1 \"%02x\"'; exec 3>&-; echo")
    return bytes.fromhex(out.strip())


def extend(guest, version, old, word):
    """Extend the register, with the value OLD, by the hash of WORD; returns the new value."""
    digest = version.hash(word).digest()
    response = command(guest, version.extend(digest))
    expect(response[6:10] == bytes(4), f'no success: {response.hex()}')
    new = version.hash(old + digest).digest()
    expect(version.value(guest) == new.hex(), f'{version.value(guest)}, not {new.hex()}')
    return new


def probe_again(guest):
    """Reboot if a command took too long for Linux, which then has no TPM.

    Its driver gives up after 750 ms of the host's time, in which a busy host may not run
    swtpm at all, and after that it cannot be bound again: it keeps its interrupt.  Responses
    that get lost again and again are still found.
    """
    for _ in range(3):
        if 'Operation Timed out' not in guest.run('dmesg'):
            break
        print(f'rebooted for: {guest.run("dmesg | grep -i tpm")}', flush=True)
        guest.send('reboot -f\n')
        guest.shell()


def check_start(guest, version):
    """Linux has found the TPM, of the right version and with nothing measured."""
    probe_again(guest)
    try:
        guest.settle('[ -c /dev/tpm0 ]')
    except Failure:
        raise Failure('no TPM: ' + guest.run('dmesg | grep -i tpm; true')) from None
    major = guest.read('/sys/class/tpm/tpm0/tpm_version_major')
    expect(major == ('2' if version.two else '1'), f'version {major}')
    compatible = guest.run("tr -d '\\0' < /sys/class/tpm/tpm0/device/of_node/compatible")
    expect(compatible.strip() == ('IBM,vtpm20' if version.two else 'IBM,vtpm'), compatible)
    expect(version.value(guest) == bytes(version.size).hex(), version.value(guest))


def tpm(name, *words):
    """Commands of all sizes, many of them; a reboot starts the TPM again."""
    needs('TPM')
    mode, version = Mode(*words), Version(name)
    with workspace() as directory, backend(version, directory, 'a') as args:
        with DeviceGuest(mode, args=args) as guest:
            guest.start()
            models = [found['model'] for found in guest.cmd('query-tpm')]
            expect(models == ['tpm-spapr'], f'{models}')
            check_start(guest, version)
            value = bytes(version.size)
            for n in range(20):
                value = extend(guest, version, value, b'%d' % n)
            # the driver does not pass on a truncated command, but it passes on the response to
            # an unknown one
            response = command(guest, version.extend(b'')[:6] + b'\xff' * 4 +
                               version.extend(b'')[10:])
            expect(len(response) == 10 and response[6:10] != bytes(4), response.hex())
            expect(version.value(guest) == value.hex(), 'a wrong command did something')
            guest.is_well()
            guest.send('reboot -f\n')
            guest.shell()
            check_start(guest, version)
            extend(guest, version, bytes(version.size), b'again')
            guest.is_well()


def tpm_saved(name, *words):
    """Saved while commands run, restored in a new process with another swtpm."""
    needs('TPM')
    mode, version = Mode(*words), Version(name)
    with workspace() as directory:
        state = directory / 'state'
        with backend(version, directory, 'a') as args, DeviceGuest(mode, args=args) as guest:
            guest.start()
            check_start(guest, version)
            value = extend(guest, version, bytes(version.size), b'before')
            register = (f'cat /sys/class/tpm/tpm0/pcr-sha256/{REGISTER}' if version.two else
                        'cat /sys/class/tpm/tpm0/pcrs')
            guest.run(f'while true; do {register} > /dev/null || touch /failed; '
                      'echo >> /tmp/rounds; done & true')
            guest.cmd('migrate', uri=f'file:{state}')
            poll(lambda: guest.cmd('query-migrate').get('status') in ('completed', 'failed'),
                 'saved')
            expect(guest.cmd('query-migrate')['status'] == 'completed', 'saving failed')
        with backend(version, directory, 'b') as args:
            with DeviceGuest(mode, args=[*args, '-incoming', f'file:{state}']) as guest:
                guest.launch()
                poll(lambda: guest.cmd('query-status')['status'] == 'running', 'restored')
                guest.send('\n')
                guest.prompt()
                rounds = int(guest.run('wc -l < /tmp/rounds'))
                guest.settle(f'[ $(wc -l < /tmp/rounds) -gt {rounds + 5} ]')
                guest.run('[ ! -e /failed ]')
                expect(version.value(guest) == value.hex(), 'the register has changed')
                extend(guest, version, value, b'after')
                guest.is_well()


if __name__ == '__main__':
    main_of(tpm, tpm_saved)
