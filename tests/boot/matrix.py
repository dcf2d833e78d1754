#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Boot Linux to user space and check that it runs in the requested mode.

Arguments: CPU IC MMU FIRMWARE SMP KERNEL [HOW], such as POWER9 xive radix own 4 6.1.
SMP 4t is one core of four threads.  HOW single has all vCPUs in one host thread, icount
counts instructions for time as well.
IC and MMU are those that the guest is to use: options on the guest's command
line.  The machine offers all (so that client-architecture-support
decides), except with the interrupt controllers xics-only and xive-only, which are
ic-mode=xics and ic-mode=xive.
"""

from guest import Guest, expect, main

PLATFORM = {'POWER8': 'POWER8', 'POWER9': 'POWER9', 'POWER10': 'POWER10', 'Power11': 'Power11'}


HOW = {
    '': (),
    'single': ('-accel', 'tcg,thread=single'),
    'icount': ('-icount', 'shift=1,sleep=off'),
}


def boots(cpu, ic, mmu, firmware, smp, kernel, how=''):
    isa3 = cpu != 'POWER8'
    append, machine = [], ''
    if ic.endswith('-only'):
        ic = ic[:-5]
        machine = f',ic-mode={ic}'
    elif ic == 'xics' and isa3:
        append.append('xive=off')
    if mmu == 'hash' and isa3:
        append.append('disable_radix')
    vcpus = smp.rstrip('t')
    with Guest(cpu, f'{vcpus},threads={vcpus}' if smp.endswith('t') else smp,
               machine=machine, kernel=kernel, firmware=firmware,
               append=' '.join(append), args=HOW[how]) as guest:
        guest.launch()
        guest.shell()
        cpuinfo = guest.run('cat /proc/cpuinfo')
        expect(cpuinfo.count('processor\t') == int(vcpus), f'{smp} CPUs: {cpuinfo}')
        expect(PLATFORM[cpu] in cpuinfo, f'{cpu}: {cpuinfo}')
        expect(f'MMU\t\t: {mmu.capitalize()}' in cpuinfo, f'MMU {mmu}: {cpuinfo}')
        interrupts = guest.run('cat /proc/interrupts')
        expect({'xics': 'XICS', 'xive': 'XIVE'}[ic] in interrupts, f'{ic}: {interrupts}')
        pic = guest.cmd('human-monitor-command', command_line='info pic')
        expect(('LISN' in pic) == (ic == 'xive'), f'info pic for {ic}: {pic}')
        guest.send('poweroff -f\n')
        guest.wait(60)
        expect(guest.exitcode() == 0, f'exit code {guest.exitcode()}: {guest.get_log()}')
        expect('warning' not in guest.get_log(), guest.get_log())


if __name__ == '__main__':
    main(boots)
