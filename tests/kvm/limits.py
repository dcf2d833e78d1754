# SPDX-License-Identifier: GPL-2.0-or-later
"""Limits of a KVM host: capabilities, threads, compatibility levels, memory slots.

`hashless` is for the host lpar, the others for powernv9, whose processor reports few
protections against attacks by speculative execution.
"""

import re

from host import expect

LOWERED = 'cap-cfpc=broken,cap-ibs=broken,cap-ccf-assist=off'
MACHINE = ('-accel', 'kvm', '-display', 'none', '-nodefaults', '-S')


def functions(guest):
    return guest.run("tr '\\0' ' ' < /proc/device-tree/rtas/ibm,hypertas-functions").split()


def cell(text):
    return int(text.strip().splitlines()[-1], 16)


def lowered(host):
    """Defaults that the host does not support are reported in one line; others are the host's."""
    property_of = 'xxd -p -l 4 /proc/device-tree/cpus/*@0/'
    with host.guest(smp='2') as guest:
        guest.launch()
        guest.shell()
        names = functions(guest)
        for name in 'hcall-join', 'hcall-block-remove':
            expect(name not in names, f'{name} with KVM: {names}')
        for name in 'timebase-frequency', 'clock-frequency':
            ours = cell(guest.run(property_of + name))
            theirs = cell(host.run(property_of + name))
            expect(ours == theirs, f'{name}: {ours}, the host has {theirs}')
        expect('linux,kvm' in guest.run('cat /proc/device-tree/hypervisor/compatible'),
               'no /hypervisor of KVM')
        flushes = guest.run('cat /sys/devices/system/cpu/vulnerabilities/meltdown')
        expect('RFI Flush' in flushes, f'meltdown: {flushes}')
        guest.send('poweroff -f\n')
        guest.wait(60)
        lines = [line for line in guest.get_log().splitlines() if 'info:' in line]
        expect(len(lines) == 1 and lines[0].endswith(LOWERED), f'information: {lines}')


def silenced(host):
    """Values given as options are not reported; others are another line."""
    status, output = host.qemu(*MACHINE, '-M', f'pseries,{LOWERED}', '-monitor', 'null',
                               '-device', 'no-such-device')
    expect(status == 1 and 'info:' not in output, f'status {status}: {output}')


# options, and the error message
REFUSED = (
    ('cap-cfpc=workaround', 'use cap-cfpc=broken'),
    ('cap-ibs=fixed-na', 'use cap-ibs=broken'),
    ('cap-ccf-assist=on', 'use cap-ccf-assist=off'),
    ('cap-htm=on', 'use cap-htm=off'),
    ('cap-dawr1=on', 'use cap-dawr1=off'),
    ('cap-nested-papr=on', 'use cap-nested-papr=off'),
    ('cap-hpt-max-page-size=16M', 'use cap-hpt-max-page-size=65536'),
    ('max-cpu-compat=power10', 'use its own mode or an earlier one'),
)


def refused(host):
    """An option that the host does not support is an error of one line, which says what is."""
    for option, says in REFUSED:
        status, output = host.qemu(*MACHINE, '-M', f'pseries,{option}')
        lines = [line for line in output.splitlines() if 'info:' not in line]
        expect(status == 1 and len(lines) == 1 and says in lines[0],
               f'{option}: status {status}: {output}')


def threads(host):
    """Two cores of two threads, ids four apart: the guest sees them as in the host."""
    with host.guest(smp='4,threads=2', machine=',vsmt=4') as guest:
        guest.launch()
        guest.shell()
        siblings = guest.run('cat /sys/devices/system/cpu/cpu*/topology/thread_siblings_list')
        expect(re.findall(r'\d+-\d+', siblings) == ['0-1', '0-1', '2-3', '2-3'],
               f'threads: {siblings}')
        nodes = guest.run('ls -d /proc/device-tree/cpus/*@*')
        expect(re.findall(r'@(\w+)', nodes) == ['0', '4'], f'cores: {nodes}')


def older(host):
    """A guest with the compatibility level of POWER8: hash, XICS, no large decrementer."""
    with host.guest(machine=',max-cpu-compat=power8') as guest:
        guest.launch()
        guest.shell()
        cpuinfo = guest.run('cat /proc/cpuinfo')
        expect('POWER8 (architected)' in cpuinfo and 'Hash' in cpuinfo, cpuinfo)
        expect('ibm,dec-bits' not in guest.run('ls /proc/device-tree/cpus/*@0'),
               'a large decrementer')
        expect('XICS' in guest.run('cat /proc/interrupts'), 'no XICS')


def slots(host):
    """Half of the kernel's memory slots."""
    status, output = host.qemu(*MACHINE, '-M', 'pseries', '-m', '256M,slots=20000,maxmem=1G')
    expect(status == 1 and 'exceeds max supported' in output, f'status {status}: {output}')
    expect('supported 32' not in output, output)


def hashless(host):
    """On lpar: no hash page tables, so no guest before POWER9."""
    status, output = host.qemu(*MACHINE, '-M', 'pseries,max-cpu-compat=power8')
    expect(status == 1 and 'use max-cpu-compat=power9' in output,
           f'status {status}: {output}')


SCENES = {
    'lowered': lowered,
    'silenced': silenced,
    'refused': refused,
    'threads': threads,
    'older': older,
    'slots': slots,
    'hashless': hashless,
}
