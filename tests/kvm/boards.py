# SPDX-License-Identifier: GPL-2.0-or-later
"""KVM of QEMU's other machines, in a binary with all of them beside pseries.

Debian's kernels have kvm-hv alone, which runs no processor but the host's.  So other
machines fail with an error of target/ppc/kvm.c, which shows that this file, and not
target/ppc/kvm, has called the kernel.
"""

from host import expect

KVM = ('-display', 'none', '-nodefaults', '-S', '-accel', 'kvm')


def ends(host, says, *options):
    status, output = host.qemu(*KVM, *options)
    expect(status == 1 and says in output, f'{options}: status {status}: {output}')


def others(host):
    """Macintoshes need kvm-pr; e500 is created, without its watchdog and without firmware."""
    for machine, cpu in ('mac99', '970fx_v3.1'), ('g3beige', '750_v3.1'):
        ends(host, 'modprobe kvm_pr', '-M', machine, '-cpu', cpu)
    ends(host, 'KVM does not support watchdog', '-M', 'ppce500', '-cpu', 'e5500')


def none(host):
    """Without a machine, management software can query the host's CPU."""
    status, output = host.qemu(*KVM[:3], '-accel', 'kvm', '-M', 'none', '-monitor', 'none',
                               '-cpu', 'help')
    expect(status == 0 and 'host' in output, f'status {status}: {output}')


SCENES = {'others': others, 'none': none}
