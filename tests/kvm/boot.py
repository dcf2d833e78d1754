# SPDX-License-Identifier: GPL-2.0-or-later
"""Boot Linux by KVM in emulated hosts, and check that it runs in the requested mode.

A scene (run.py) is IC-IRQCHIP-MMU-SMP-FIRMWARE, such as xive-on-radix-2-own.  IC is the
guest's interrupt controller: xics and xive are options on its command line, and the machine
offers both; xics-only and xive-only are ic-mode=xics and ic-mode=xive.  IRQCHIP is that of
-accel kvm,kernel-irqchip=: on, off, or auto for neither.
"""

from host import PARTITIONS, expect


def offered(kind, ic, irqchip):
    """The interrupt controller that the guest gets if it would use IC.

    On a host whose KVM has no XIVE, only the kernel's XICS is offered, unless both are
    emulated.
    """
    xics_alone = kind in PARTITIONS or kind == 'powernv8'
    return 'xics' if xics_alone and irqchip != 'off' else ic


def check(guest, ic, mmu, smp, emulated):
    cpuinfo = guest.run('cat /proc/cpuinfo')
    expect(cpuinfo.count('processor\t') == int(smp), f'{smp} CPUs: {cpuinfo}')
    expect(f'MMU\t\t: {mmu.capitalize()}' in cpuinfo, f'MMU {mmu}: {cpuinfo}')
    interrupts = guest.run('cat /proc/interrupts')
    expect(ic.upper() in interrupts, f'{ic}: {interrupts}')
    pic = guest.cmd('human-monitor-command', command_line='info pic')
    expect(f'irqchip: {"emulated" if emulated else "in-kernel"}' in pic, f'info pic: {pic}')


def boots(host, ic, irqchip, mmu, smp, firmware):
    append, machine = [], ''
    isa3 = host.kind != 'powernv8'
    if ic.endswith('-only'):
        ic = ic[:-5]
        machine = f',ic-mode={ic}'
    elif ic == 'xics' and isa3:
        append.append('xive=off')
    if mmu == 'hash' and isa3:
        append.append('disable_radix')
    with host.guest(smp=smp, machine=machine, firmware=firmware, append=' '.join(append),
                    irqchip='' if irqchip == 'auto' else irqchip) as guest:
        guest.launch()
        guest.shell()
        check(guest, offered(host.kind, ic, irqchip), mmu, smp, emulated=irqchip == 'off')
        guest.send('poweroff -f\n')
        guest.wait(60)
        expect(guest.exitcode() == 0, f'exit code {guest.exitcode()}: {guest.get_log()}')
        expect('warning' not in guest.get_log(), guest.get_log())


def scene(name):
    *ic, irqchip, mmu, smp, firmware = name.split('-')
    return lambda host: boots(host, '-'.join(ic), irqchip, mmu, smp, firmware)
