# SPDX-License-Identifier: GPL-2.0-or-later
"""XICS in the host's kernel, and the choice of the interrupt controller."""

import itertools
import re

from host import CPUS, PARTITIONS, VMLaunchFailure, expect

MODULES = 'initramfs-6.1.cpio'
DISK = ('-drive', 'if=none,id=d0,format=raw,file.driver=null-co,file.size=16M,file.read-zeroes=on',
        '-device', 'virtio-blk-pci,drive=d0')
READ_DISK = ('modprobe virtio_pci; modprobe virtio_blk; '
             'dd if=/dev/vda of=/dev/null bs=64k iflag=direct 2>&1')


def info_pic(guest):
    return guest.cmd('human-monitor-command', command_line='info pic')


def in_kernel(guest):
    return 'irqchip: in-kernel' in info_pic(guest)


def calls(trace, name):
    return [line for line in trace.splitlines() if re.search(rf'\b{name}\b', line)]


def counts(guest, name):
    """The counts of the interrupts named NAME, by CPU."""
    for line in guest.run('cat /proc/interrupts').splitlines():
        if line.rstrip().endswith(name):
            # up to the controller's name; the number after it is no count
            return [int(word) for word in itertools.takewhile(str.isdigit, line.split()[1:])]
    return []


def end(guest, log=''):
    guest.send('poweroff -f\n')
    guest.wait(60)
    expect(guest.exitcode() == 0, f'exit code {guest.exitcode()}: {guest.get_log()}')
    expect(re.search(log, guest.get_log()) if log else 'warning' not in guest.get_log(),
           guest.get_log())


def use(guest):
    """Interrupts between CPUs, from the console, a disk and the clock."""
    guest.run(READ_DISK)
    guest.run('for c in 0 1 0 1; do taskset $((c + 1)) true; done; sleep 0.2')


def message(host):
    """A disk's MSIs are sent to the guest by irqfd, by their number; reboots of both kinds."""
    env = {'IOCTL_TRACE': '/tmp/message.trace'}
    with host.guest(smp='2', irqchip='on', append='xive=off', initrd=MODULES, args=DISK,
                    env=env) as guest:
        guest.launch()
        guest.shell()
        use(guest)
        requests = sum(counts(guest, 'virtio0-req.0'))
        expect(requests, guest.run('cat /proc/interrupts'))
        expect(in_kernel(guest), info_pic(guest))
        expect(re.search(r'13\d\d MSI 05', info_pic(guest)), info_pic(guest))
        guest.send('reboot -f\n')
        guest.shell()
        use(guest)
        guest.cmd('system_reset')
        guest.shell()
        use(guest)
        expect(in_kernel(guest), info_pic(guest))
        end(guest)
        trace = guest.trace()
    irqfds = calls(trace, 'KVM_IRQFD')
    expect(any(int(n) >= 0x1300 for n in re.findall(r'gsi=(\d+)', '\n'.join(irqfds))), irqfds)
    expect(not calls(trace, 'KVM_SET_GSI_ROUTING'), 'routes are set')
    expect(len(calls(trace, 'KVM_CREATE_DEVICE')) >= 3, 'not made anew')


def level(host):
    """Level sensitive interrupts."""
    with host.guest(smp='2', irqchip='on', append='xive=off pci=nomsi', initrd=MODULES,
                    args=DISK) as guest:
        guest.launch()
        guest.shell()
        before = sum(counts(guest, 'virtio0'))
        use(guest)
        expect(sum(counts(guest, 'virtio0')) > before, guest.run('cat /proc/interrupts'))
        expect(sum(counts(guest, 'virtio0')) < before + 2000, guest.run('cat /proc/interrupts'))
        expect(in_kernel(guest), info_pic(guest))
        end(guest)


def saved(host):
    """To a file and back, twice, in the kernel and emulated."""
    state = '/tmp/irqchip.state'
    was = None
    for irqchip in ('on', 'on', 'off', 'on'):
        args = [*DISK, *(['-incoming', f'file:{state}'] if was else [])]
        with host.guest(smp='2', irqchip=irqchip, append='xive=off', initrd=MODULES,
                        args=args) as guest:
            guest.launch()
            if not was:
                guest.shell()
                guest.run('(while :; do cat /proc/interrupts; done > /dev/null) & true')
            else:
                guest.arrive()
                guest.send('\n')
                guest.prompt()
            use(guest)
            expect(in_kernel(guest) == (irqchip == 'on'), info_pic(guest))
            was = counts(guest, 'virtio0-req.0')
            expect(was, guest.run('cat /proc/interrupts'))
            guest.migrate(f'file:{state}')


def ran(host, payload, machine='', irqchip='', log='', info='', silent='', **env):
    """Run PAYLOAD, bare metal, to its end; returns the trace of QEMU's calls of KVM.

    QEMU prints INFO, and does not print SILENT.
    """
    trace = '/tmp/irqchip.trace'
    host.run(f'rm -f {trace}')
    status, output = host.qemu(
        '-nodefaults', '-display', 'none', '-serial', 'stdio', '-cpu', CPUS[host.kind],
        '-smp', '2', '-m', '512M', '-M', f'pseries,x-vof=on{machine}',
        '-accel', f'kvm,kernel-irqchip={irqchip}' if irqchip else 'kvm',
        '-kernel', host.place('tests/guest/tests.elf'), '-append', payload,
        env={'IOCTL_TRACE': trace, 'IOCTL_COUNT': 'KVM_SET_ONE_REG', **env})
    expect(status == 0 and f'PASS {payload}' in output, (status, output))
    expect(re.search(info, output) and not (silent and re.search(silent, output)), output)
    expect(log in output if log else info or 'emulated' not in output, output)
    return host.fetch(trace).decode()


def has_device(trace):
    """Whether a controller was in the kernel at the end."""
    made = [line for line in calls(trace, 'KVM_CREATE_DEVICE') if ' = -1 ' not in line]
    gone = [line for line in trace.splitlines() if re.search(r'close\((XICS|XIVE)\)', line)]
    return len(made) > len(gone)


def refused(host, message_, machine='', **env):
    """With kernel-irqchip=on this is an error, of one line, before the guest starts."""
    status, output = host.qemu('-nodefaults', '-display', 'none', '-cpu', CPUS[host.kind],
                               '-smp', '2', '-S', '-M', f'pseries{machine}',
                               '-accel', 'kvm,kernel-irqchip=on', env=env)
    lines = [line for line in output.splitlines()
             if line.startswith('qemu') and 'info:' not in line]
    expect(status == 1 and len(lines) == 1 and re.search(message_, lines[0]), (status, output))


def no_xive(host):
    """A host without in-kernel XIVE, as in a partition, or with pages of 4 KiB (6.12)."""
    lacks = {'IOCTL_CAPS': 'KVM_CAP_PPC_IRQ_XIVE=0'}
    if host.kind in PARTITIONS or host.kernel == '6.12':
        lacks = {}
    says = 'info: ic-mode=dual: the host.s KVM has no XIVE'
    expect(has_device(ran(host, 'endian', silent=says, **lacks)), 'dual: XICS is not in the kernel')
    expect(has_device(ran(host, 'endian', machine=',ic-mode=dual', info=says, **lacks)),
           'asked for')
    expect(has_device(ran(host, 'endian', irqchip='on', **lacks)), 'dual, on: the same')
    expect(not has_device(ran(host, 'endian', irqchip='off', **lacks)), 'dual, off')
    expect(not has_device(ran(host, 'endian', machine=',ic-mode=xive',
                              log='info: ic-mode=xive: the host', **lacks)), 'xive')
    refused(host, 'kernel-irqchip=on: the host.s KVM has no XIVE; use ic-mode=dual',
            machine=',ic-mode=xive', **lacks)
    xive_guest_comes(host, lacks)


def xive_guest_comes(host, lacks):
    """A guest that uses XIVE migrates to such a host: refused, with the reason, or emulated."""
    state = '/tmp/xive-guest.state'
    with changing(host, irqchip='off') as guest:
        guest.launch()
        ready(guest)
        ready(guest, 'x')
        guest.migrate(f'file:{state}')
    with changing(host, env=lacks, args=('-incoming', f'file:{state}')) as guest:
        try:
            guest.launch()
        except VMLaunchFailure:
            pass
        guest.wait(60)
        log = guest.get_log()
        expect(guest.exitcode() == 1, f'exit code {guest.exitcode()}: {log}')
        expect("machine has XIVE, which this host's KVM lacks: use kernel-irqchip=off" in log, log)
    host.run(f'rm {state}')


def no_xics(host):
    caps = 'KVM_CAP_IRQ_XICS=0'
    expect(not has_device(ran(host, 'endian', IOCTL_CAPS=caps)), 'XICS is in the kernel')
    refused(host, 'kernel-irqchip=on: the host.s KVM has no XICS', IOCTL_CAPS=caps)


def fails(host):
    """The kernel refuses requests that its capabilities offer."""
    for fail in ('KVM_CREATE_DEVICE[XICS]=ENOMEM', 'KVM_PPC_RTAS_DEFINE_TOKEN:2=EINVAL',
                 'KVM_ENABLE_CAP[KVM_CAP_IRQ_XICS]:2=ENOSPC', 'KVM_SET_DEVICE_ATTR[XICS]:2=EIO'):
        trace = ran(host, 'endian', log='warning: xics-kvm: emulated instead: ',
                    IOCTL_FAIL=fail)
        expect(not has_device(trace), trace)
    for fail in ('KVM_CREATE_DEVICE[XICS]=ENOMEM', 'KVM_PPC_RTAS_DEFINE_TOKEN:2=EINVAL',
                 'KVM_ENABLE_CAP[KVM_CAP_IRQ_XICS]:2=ENOSPC', 'KVM_SET_DEVICE_ATTR[XICS]:2=EIO'):
        refused(host, "kernel-irqchip=on: xics-kvm|KVM's interrupt controller can't be connected|"
                'Interrupt source 0x',
                IOCTL_FAIL=fail)


# a virtio disk whose thread signals KVM directly, if it can
THREADED = ('-object', 'iothread,id=io0', '-drive',
            'if=none,id=d0,format=raw,file.driver=null-co,file.size=16M,file.read-zeroes=on',
            '-device', 'virtio-blk-pci,drive=d0,id=disk,addr=2,iothread=io0')
TRACE = '/tmp/falls.trace'


def changing(host, fault='', irqchip='', args=(), env=()):
    """The payload carry-changes, on XICS, with a device that has irqfds.

    With less memory, there would be none for the firmware on a host with pages of 4 KiB.
    """
    host.run(f'rm -f {TRACE}')
    return host.guest(linux=False, firmware='own', irqchip=irqchip, machine=',ic-mode=dual',
                      mem='512M', args=('-kernel', host.place('tests/guest/tests.elf'),
                                        '-append', 'carry-changes', *THREADED, *args),
                      env={'IOCTL_TRACE': TRACE, 'IOCTL_FAIL': fault, **dict(env)})


def ready(guest, send=''):
    guest.send(send)
    found = guest.until(r'READY \d+|FAIL.*\n', 60)
    expect(found.group().startswith('READY'), f'{send!r}: {found.group()}: {info_pic(guest)}')


def irqfds(guest):
    """The number of irqfds: flags=1 removes one."""
    flags = re.findall(r'KVM_IRQFD\(.* flags=(\d)\) = 0', guest.trace())
    return flags.count('0') - flags.count('1')


def falls(host):
    """KVM fails to create the guest's next controller, with a device in use."""
    with changing(host, 'KVM_CREATE_DEVICE[XIVE]:*=ENOSPC') as guest:
        guest.launch()
        ready(guest)
        expect(in_kernel(guest) and irqfds(guest), guest.trace())
        for _ in range(2):
            ready(guest, 'x')
            expect(not in_kernel(guest) and not irqfds(guest), guest.trace())
            ready(guest, 'i')
            expect(in_kernel(guest) and irqfds(guest), guest.trace())
        ready(guest, 'x')
        guest.cmd('system_reset')
        ready(guest)
        expect(in_kernel(guest) and irqfds(guest), guest.trace())
        ready(guest, 'x')
        # removed by the reset: the payload checks that
        guest.cmd('device_del', id='disk')
        guest.cmd('system_reset')
        guest.until('FAIL', 60)
        guest.wait(60)
        expect(guest.exitcode() == 0, f'{guest.exitcode()}: {guest.get_log()}')
    with changing(host, 'KVM_CREATE_DEVICE[XIVE]:*=ENOSPC') as guest:
        guest.launch()
        ready(guest)
        ready(guest, 'x')
        guest.send('q')
        guest.until('PASS')
        guest.wait(60)
        expect(guest.exitcode() == 0, f'{guest.exitcode()}: {guest.get_log()}')


def changes(host):
    """From one controller of KVM to the other: irqfds are added again, for the new one."""
    with changing(host) as guest:
        guest.launch()
        ready(guest)
        for step in 'xixi':
            ready(guest, step)
            expect(in_kernel(guest) and irqfds(guest), guest.trace())
        guest.send('q')
        guest.until('PASS')
        guest.wait(60)
        expect(guest.exitcode() == 0, f'{guest.exitcode()}: {guest.get_log()}')


SCENES = {scene.__name__.replace('_', '-'): scene
          for scene in (message, level, saved, no_xive, no_xics, fails, falls,
                        changes)}
