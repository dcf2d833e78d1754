#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run a bare-metal test on the machine: run.py PAYLOAD TEST [QEMU OPTION...]

The payload prints `PASS TEST` and powers the machine off.
"""

import os
import subprocess
import sys
from pathlib import Path

BUILD = Path(os.environ.get('PAPR_BUILD') or 'build').resolve()
PATIENCE = int(os.environ.get('PAPR_GUEST_PATIENCE') or 170)   # seconds


# Tests that reboot; for others a reboot is the end
REBOOTING = ('reboot-storm',)
# what some use
DEVICES = {'call-storm': ('-device', 'e1000e,romfile=')}


def main():
    payload, test, *options = sys.argv[1:]
    command = [os.environ.get('PAPR_QEMU') or BUILD / 'qemu-system-ppc64',
               '-nodefaults', '-display', 'none', '-serial', 'stdio',
               '-action', 'reboot=reset' if test in REBOOTING else 'reboot=shutdown',
               '-m', '1G', '-kernel', payload, '-append', test,
               *DEVICES.get(test, ()), *options]
    print(' '.join(map(str, command)), flush=True)
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired as late:
        print((late.stdout or b'').decode(errors='replace'))
        sys.exit(f'{test} has not ended: a vCPU sleeps, or QEMU loops')
    output = done.stdout.decode(errors='replace')
    print(output)
    if done.returncode:
        sys.exit(f'QEMU ended with {done.returncode}')
    if 'FAIL' in output or f'PASS {test}' not in output:
        sys.exit(f'{test} has not passed')


if __name__ == '__main__':
    main()
