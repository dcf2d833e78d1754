# SPDX-License-Identifier: GPL-2.0-or-later
"""CPU models of KVM, and those that are refused, with a message of one line."""

from host import expect


def family(host):
    """The name of the host's family selects the host's CPU, whatever its revision."""
    with host.guest(cpu='host') as guest:
        guest.launch()
        guest.shell()
        with_host = guest.run('grep ^cpu /proc/cpuinfo')
    with host.guest() as guest:
        guest.launch()
        guest.shell()
        expect(guest.run('grep ^cpu /proc/cpuinfo') == with_host, 'not the CPU that host is')


def by_signal(host):
    """On a kernel without immediate exits calls are completed with a signal pending."""
    with host.guest(smp='2', env={'IOCTL_CAPS': 'KVM_CAP_IMMEDIATE_EXIT=0'}) as guest:
        guest.launch()
        guest.shell()
        for _ in range(20):
            guest.cmd('stop')
            guest.cmd('cont')
        guest.run('dmesg > /dev/console; true')
        guest.cmd('system_reset')
        guest.event_wait('RESET', 60)
        guest.shell()
        expect('Oops' not in guest.run('dmesg'), 'an oops')


def refused(host, says, *options):
    status, output = host.qemu('-display', 'none', '-nodefaults', '-S', *options)
    expect(status == 1, f'status {status}: {output}')
    expect(says in output, f'no "{says}": {output}')


def other_cpu(host):
    refused(host, 'use -cpu host', '-M', 'pseries', '-accel', 'kvm', '-cpu', 'power7_v2.3')


def split(host):
    refused(host, 'use on or off', '-M', 'pseries', '-accel', 'kvm,kernel-irqchip=split')


SCENES = {
    'family': family,
    'by-signal': by_signal,
    'other-cpu': other_cpu,
    'split': split,
}
