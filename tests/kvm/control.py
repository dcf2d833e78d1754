# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands for a guest of KVM: queries, NMIs, resets, the power button."""

import re
import time

from host import expect
from patience import Wait


def hmp(guest, command):
    return guest.cmd('human-monitor-command', command_line=command)


def up(guest):
    guest.launch()
    guest.shell()


def ended(guest):
    guest.wait(60)
    log = guest.get_log()
    expect(guest.exitcode() == 0 and 'warning' not in log, f'{guest.exitcode()}: {log}')


def questions(host):
    """The monitor shows the registers and interrupts of a guest, which continues to run."""
    with host.guest(smp='2', args=('-object', 'rng-random,id=r,filename=/dev/urandom',
                                   '-device', 'spapr-rng,rng=r')) as guest:
        up(guest)
        guest.run('(while :; do :; done) & (while :; do cat /proc/interrupts; done > /dev/null) &'
                  ' true')
        nips, clocks = set(), []
        for _ in range(12):
            text = hmp(guest, 'info registers')
            nips.add(re.search(r'NIP ([0-9a-f]{16})', text).group(1))
            clocks.append(int(re.search(r'TB (\d+) (\d+)', text).group(2)))
            expect('irqchip: in-kernel' in hmp(guest, 'info pic'), hmp(guest, 'info pic'))
        expect(len(nips) > 2, f'the guest is always at {nips}')
        expect(len(set(clocks)) > 6, f'a clock that stands: {clocks}')
        expect(len(hmp(guest, 'info registers -a').split('NIP')) == 3, 'not both vCPUs')
        guest.run('modprobe pseries-rng; grep -q pseries /sys/class/misc/hw_random/rng_available')
        expect(guest.run('for n in 1 2; do head -c 64 /dev/hwrng | md5sum; done | uniq | wc -l')
               .strip().endswith('2'), 'random numbers are the same twice')
        guest.cmd('inject-nmi')
        guest.console_socket.settimeout(1)
        wait = Wait(60)
        while not re.search(r'System Reset|sysreset|NMI', guest.text, re.I):
            expect(not wait.is_over() and guest.more(), f'no system reset in: {guest.text}')


def powerdown(host):
    """The power button is an event for the guest's kernel."""
    with host.guest(smp='2') as guest:
        up(guest)
        guest.run('mkdir -p /sbin && printf "#!/bin/sh\\necho DOWN > /dev/hvc0\\npoweroff -f\\n"'
                  ' > /sbin/poweroff && chmod +x /sbin/poweroff')
        guest.cmd('system_powerdown')
        guest.until('DOWN', 60)
        ended(guest)


def resets(host):
    """Twenty resets at any moment of firmware and kernel; then the guest boots without errors."""
    with host.guest(smp='2') as guest:
        guest.launch()
        for turn in range(20):
            time.sleep(turn % 5 * 0.3)
            guest.cmd('system_reset')
        guest.text = ''
        guest.shell()
        expect(guest.run('cat /proc/cpuinfo').count('processor\t') == 2, 'not both vCPUs')
        guest.send('poweroff -f\n')
        ended(guest)


def switches(host):
    """A guest that uses another interrupt controller and MMU after each reboot."""
    with host.guest(smp='2') as guest:
        up(guest)
        expect('XIVE' in guest.run('cat /proc/interrupts'), 'XIVE is not what it begins with')
        for ic, more in (('XICS', 'xive=off'), ('XIVE', 'disable_radix'), ('XICS', 'xive=off'),
                         ('XIVE', '')):
            guest.cmd('qom-set', path='/machine', property='append',
                      value=f'console=hvc0 quiet {more}')
            guest.send('reboot -f\n')
            guest.shell()
            expect(ic in guest.run('cat /proc/interrupts'), f'not {ic} with {more}')
            expect('irqchip: in-kernel' in hmp(guest, 'info pic'), hmp(guest, 'info pic'))
            mmu = 'Hash' if 'radix' in more else 'Radix'
            expect(mmu in guest.run('grep MMU /proc/cpuinfo'), f'not {mmu} with {more}')
        guest.send('poweroff -f\n')
        ended(guest)


KVM_EXIT_NMI, RECOVERED = 16, 1
NO_SUCH_EXIT = 99


def comes_back(host, guest, reason, flags):
    """Make a vCPU of GUEST exit from KVM_RUN (ioctl-watch.c)."""
    file = guest.env['IOCTL_EXIT']
    host.run(f'echo {reason} {flags} > {file}.new && mv {file}.new {file}')
    # each vCPU needs an exit; the guest need not answer
    guest.send('\n')
    host.run(f'n=0; while [ -e {file} ]; do n=$((n+1)); [ $n -lt 3000 ] || exit 1; '
             'usleep 20000; done')


def logged(guest, pattern, times):
    """Wait until the guest's kernel has logged it this number of times."""
    wait = Wait(60)
    while True:
        log = guest.run('dmesg | grep MCE; true')
        if len(re.findall(pattern, log)) >= times:
            return
        expect(not wait.is_over(), f'not {times} times {pattern!r}: {log}')
        time.sleep(0.5)


def machine_check(host):
    """The guest gets an error of the host, with its log; an unknown exit stops the guest."""
    with host.guest(smp='2', env={'IOCTL_EXIT': '/tmp/exit'}) as guest:
        up(guest)
        guest.run('dmesg -n 1')         # else the log and the prompt get mixed
        for times in (1, 2):
            comes_back(host, guest, KVM_EXIT_NMI, RECOVERED)
            logged(guest, r'machine check .*\[Recovered\]', times)
            logged(guest, 'Unknown', times)
        said = guest.stderr().count('the host met an error')
        expect(said == 1, f'said {said} times: {guest.stderr()}')
        guest.drain(2)
        expect(len(hmp(guest, 'info registers -a').split('NIP')) == 3, 'not both vCPUs')
        expect(guest.run('echo $((6 * 7))').strip().endswith('42'), 'the guest is not well')
        comes_back(host, guest, NO_SUCH_EXIT, 0)
        wait = Wait(60)
        while guest.cmd('query-status')['status'] != 'internal-error':
            expect(not wait.is_over(), guest.cmd('query-status'))
            time.sleep(0.1)
        expect('unexpected exit reason 99' in guest.stderr(), guest.stderr())


# options, and the message when they are refused
REFUSED = (
    (('-M', 'pseries,kvm-type=PR'), 'modprobe kvm_pr'),
    (('-M', 'pseries,ic-mode=xive', '-device', 'spapr-rng'), 'use-kvm=on'),
)


def refused(host):
    for options, says in REFUSED:
        status, output = host.qemu('-display', 'none', '-nodefaults', '-S', '-accel', 'kvm',
                                   *options)
        expect(status == 1 and says in output, f'{options}: status {status}: {output}')


SCENES = {
    'questions': questions,
    'powerdown': powerdown,
    'resets': resets,
    'switches': switches,
    'refused': refused,
    'machine-check': machine_check,
}
