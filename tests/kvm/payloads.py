# SPDX-License-Identifier: GPL-2.0-or-later
"""The bare-metal tests (tests/guest) on KVM.

A scene (run.py) is PAYLOAD/IC or PAYLOAD/IC/off: IC is that of ic-mode=, and off that of
-accel kvm,kernel-irqchip=.  PAYLOAD may have a number of rounds after a dash:
wait-500/xive.
"""

import re

from host import CPUS, expect

PAYLOADS = 'tests/guest/tests.elf'
# payloads that reboot; with all others a reboot ends QEMU
REBOOTING = ('reboot-storm',)
DEVICES = {'call-storm': ('-device', 'e1000e,romfile=')}


def passes(host, payload, ic, irqchip=''):
    payload = re.sub(r'-(\d+)$', r' \1', payload)
    status, output = host.qemu(
        '-nodefaults', '-display', 'none', '-serial', 'stdio', '-cpu', CPUS[host.kind],
        '-smp', '4', '-m', '1G', '-M', f'pseries,x-vof=on,ic-mode={ic}',
        '-accel', f'kvm,kernel-irqchip={irqchip}' if irqchip else 'kvm',
        '-action', 'reboot=reset' if payload.startswith(REBOOTING) else 'reboot=shutdown',
        '-kernel', host.place(PAYLOADS), '-append', payload,
        *DEVICES.get(payload.split()[0], ()), seconds=270)
    host.check()
    expect(status == 0 and f'PASS {payload}' in output and 'FAIL' not in output,
           f'status {status}: {output[-3000:]}')
    expect('emulated' not in output, output)


def scene(name):
    payload, *mode = name.split('/')
    return lambda host: passes(host, payload, *mode)
