#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run a bare-metal test on the machine: run.py PAYLOAD TEST [QEMU OPTION...]

The payload prints `PASS TEST` and powers the machine off.  Meanwhile QEMU's
mappings, threads and memory are watched: no guest makes them grow without end.

PAPR_QEMU is QEMU's binary, if not that of $PAPR_BUILD, and PAPR_RUNNER the command
that runs it, such as `qemu-ppc64le -cpu POWER8` for one that tools/kvm-build made.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BUILD = Path(os.environ.get('PAPR_BUILD') or 'build').resolve()
PATIENCE = int(os.environ.get('PAPR_GUEST_PATIENCE') or 170)   # seconds
LOOK = 0.05


# Tests that reboot; for others a reboot is the end
REBOOTING = ('reboot-storm', 'nested-reboot', 'nested-papr-reboot', 'fadump')
# devices that some tests use
DEVICES = dict.fromkeys(('call-storm', 'view-change', 'view-flood'), ('-device', 'e1000e,romfile='))

# What QEMU may have: it has some 300 mappings, 10 threads, and the guest's 1 GiB
MOST = {'mappings': 3000, 'threads': 200, 'MiB of memory': 1700}


def has(pid):
    """What a process has, by the names of MOST; nothing if it has ended."""
    proc = Path('/proc') / str(pid)
    try:
        status = dict(line.split(':', 1) for line in
                      (proc / 'status').read_text().splitlines())
        return {'mappings': len((proc / 'maps').read_text().splitlines()),
                'threads': int(status['Threads']),
                'MiB of memory': int(status['VmRSS'].split()[0]) >> 10}
    except (OSError, KeyError):
        return {}


def watch(qemu):
    """Wait until QEMU ends, or has too much of something; returns what is wrong, or None.

    Patience is counted in looks: the host itself may be stopped for minutes.
    """
    looks = 0
    while qemu.poll() is None:
        for what, amount in has(qemu.pid).items():
            if amount > MOST[what]:
                return f'QEMU has {amount} {what}, more than {MOST[what]}'
        looks += 1
        if looks > PATIENCE / LOOK:
            return 'it has not ended: a vCPU sleeps, or QEMU loops'
        time.sleep(LOOK)
    return None


def missing(runner, qemu):
    """Why QEMU for another host can't be run, or None."""
    if not shutil.which(runner[0]):
        return f'{runner[0]} is missing (Debian package qemu-user)'
    if not Path(qemu).is_file():
        log = BUILD / 'tests' / 'guest' / 'kvm-tcg.log'
        return (log.read_text(errors='replace').strip().split('\n')[-1] if log.is_file()
                else f'{qemu} is missing: run tools/kvm-build --tcg')
    return None


def main():
    payload, test, *options = sys.argv[1:]
    runner = os.environ.get('PAPR_RUNNER', '').split()
    qemu = os.environ.get('PAPR_QEMU') or BUILD / 'qemu-system-ppc64'
    reason = runner and missing(runner, qemu)
    if reason:
        print(f'1..0 # SKIP {reason}')
        sys.exit(77)
    command = [*runner, qemu,
               '-nodefaults', '-display', 'none', '-serial', 'stdio',
               '-action', 'reboot=reset' if test in REBOOTING else 'reboot=shutdown',
               '-m', '1G', '-kernel', payload, '-append', test,
               *DEVICES.get(test, ()), *options]
    print(' '.join(map(str, command)), flush=True)
    with tempfile.TemporaryFile() as log:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                              stderr=subprocess.STDOUT) as qemu:
            wrong = watch(qemu)
            qemu.kill()
        log.seek(0)
        output = log.read().decode(errors='replace')
    print(output)
    if wrong:
        sys.exit(f'{test}: {wrong}')
    if qemu.returncode:
        sys.exit(f'QEMU ended with {qemu.returncode}')
    # QEMU must not print a line each time for what a guest can do again and again
    said = [line for line in output.splitlines()
            if line.startswith(('qemu-system-ppc64: ', 'Facility'))]
    if len(said) > 5:
        sys.exit(f'QEMU said {len(said)} lines: {said[0]}')
    if 'FAIL' in output or f'PASS {test}' not in output:
        sys.exit(f'{test} has not passed')


if __name__ == '__main__':
    main()
