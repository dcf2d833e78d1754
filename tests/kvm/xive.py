# SPDX-License-Identifier: GPL-2.0-or-later
"""XIVE in the host's kernel: creation of its device, events without QEMU, migration.

The disk of a guest is a file in the host, and `storm` keeps it and the IPIs busy:
while it runs each CPU has interrupts all the time.
"""

import re
import time

from host import VMLaunchFailure, expect

DISK = ('-object', 'iothread,id=io0',
        '-blockdev', 'driver=file,filename=/tmp/disk,node-name=d0,aio=threads',
        '-device', 'virtio-blk-pci,drive=d0,id=disk,iothread=io0')
PIC = 'human-monitor-command'
# four readers of the disk that never end, and lines that show their progress
STORM = ('for n in 1 2 3 4; do (while :; do dd if=/dev/vda of=/dev/null bs=64k iflag=direct '
         '>/dev/null 2>&1 || echo DISK-TROUBLE; done) & done')


def info_pic(guest):
    return guest.cmd(PIC, command_line='info pic')


def booted(host, append='', args=(), disk=True, env=(), **options):
    """A guest with a shell, on the host's XIVE."""
    options.setdefault('irqchip', 'on')
    options.setdefault('smp', '2')
    options.setdefault('initrd', 'initramfs-6.1.cpio')
    if disk:
        host.run('truncate -s 16M /tmp/disk')
    guest = host.guest(append=append, args=(*(DISK if disk else ()), *args),
                       env={'IOCTL_TRACE': '/tmp/ioctls', **dict(env)}, **options)
    host.run('rm -f /tmp/ioctls')
    return guest


def up(guest):
    guest.launch()
    guest.shell()
    guest.run('modprobe virtio_pci; modprobe virtio_blk')


def is_xive(guest):
    interrupts = guest.run('cat /proc/interrupts')
    expect('XIVE-IRQ' in interrupts, f'no XIVE: {interrupts}')
    pic = info_pic(guest)
    expect('irqchip: in-kernel' in pic and 'LISN' in pic, f'info pic: {pic}')
    return interrupts


def disk_count(guest):
    """The number of interrupts of the disk's queue in the guest."""
    lines = [line.split() for line in guest.run('grep virtio0 /proc/interrupts').splitlines()
             if re.search(r'virtio0(-req.*)?$', line)]
    expect(lines, 'no interrupt of the disk')
    return sum(int(word) for line in lines for word in line[1:3])


def progress(guest, what):
    """Wait until the guest gets more of the disk's interrupts."""
    before = disk_count(guest)
    for _ in range(60):
        if disk_count(guest) > before:
            return
        time.sleep(0.3)
    expect(False, f'{what}: no interrupt of the disk since: {info_pic(guest)}')


def end(guest):
    guest.send('poweroff -f\n')
    guest.wait(60)
    log = guest.get_log()
    expect(guest.exitcode() == 0, f'exit code {guest.exitcode()}: {log}')
    expect('warning' not in log, log)


def disk(host, append=''):
    """Events of a disk are sent by irqfd, without a route and without calls of QEMU."""
    with booted(host, append) as guest:
        up(guest)
        is_xive(guest)
        guest.run('dd if=/dev/vda of=/dev/null bs=64k iflag=direct')
        progress_before = disk_count(guest)
        expect(progress_before > 100, f'{progress_before} interrupts')
        end(guest)
        trace = guest.trace()
    expect('KVM_IRQFD(gsi=' in trace, 'no KVM_IRQFD')
    expect('KVM_SET_GSI_ROUTING' not in trace, 'a GSI route was set')
    expect('KVM_IOEVENTFD' in trace, 'no KVM_IOEVENTFD')
    lines = len(re.findall(r'KVM_IRQ_LINE', trace))
    expect(lines < progress_before, f'{lines} KVM_IRQ_LINE for {progress_before} interrupts')


def disk_hash(host):
    disk(host, 'disable_radix')


def level(host):
    """Level signalled interrupts, which the guest ends by H_INT_ESB."""
    with booted(host, 'pci=nomsi') as guest:
        up(guest)
        is_xive(guest)
        expect(' Level ' in guest.run('grep virtio0 /proc/interrupts'), 'not level signalled')
        count = "$(grep virtio0 /proc/interrupts | awk '{print $2 + $3}')"
        guest.run(f'before={count}; dd if=/dev/vda of=/dev/null bs=64k iflag=direct; '
                  f'n=$(({count} - before)); echo $n; [ $n -gt 100 -a $n -lt 2000 ]')
        end(guest)


def level_moves(host):
    """Their state migrates, too."""
    file(host, 'pci=nomsi')


def descriptors(host, guest):
    """The number of QEMU's open files, and of its mappings of KVM's."""
    pid = guest._popen.pid  # pylint: disable=protected-access
    return (int(host.run(f'ls /proc/{pid}/fd | wc -l')),
            int(host.run(f'grep -c anon_inode /proc/{pid}/maps')))


def reboots(host):
    """Each reboot changes from XIVE to XICS, and back; nothing is leaked."""
    with booted(host) as guest:
        up(guest)
        first = descriptors(host, guest)
        for turn in range(4):
            guest.send(f'({STORM}) & sleep 1; reboot -f\n')
            guest.shell()
            guest.run('modprobe virtio_pci; modprobe virtio_blk')
            is_xive(guest)
            guest.run('dd if=/dev/vda of=/dev/null bs=64k iflag=direct')
            now = descriptors(host, guest)
            expect(now[0] <= first[0] + 2 and now[1] == first[1],
                   f'turn {turn}: descriptors, mappings {first} became {now}')
        end(guest)
        trace = guest.trace()
    made = len(re.findall(r'KVM_CREATE_DEVICE\(type=XIVE flags=0\) = \d', trace))
    closed = len(re.findall(r'close\(XIVE\)', trace))
    expect(made == 5 and closed >= 4, f'{made} devices made, {closed} closed')


def switches(host):
    """A guest that uses XICS after one that used XIVE, and the reverse."""
    for machine in (',ic-mode=dual', ',ic-mode=xive'):
        with booted(host, machine=machine) as guest:
            up(guest)
            is_xive(guest)
            end(guest)
    with booted(host, 'xive=off') as guest:
        up(guest)
        interrupts = guest.run('cat /proc/interrupts')
        expect('XICS' in interrupts, interrupts)
        end(guest)


def goes_on(target):
    """The shell answers, and the disk works, as at the source."""
    target.send('\n')
    target.prompt()
    is_xive(target)
    progress(target, 'migration')
    expect('DISK-TROUBLE' not in target.text, 'the disk failed')


def leave(source, uri):
    """Migrate a guest whose vCPUs never sleep."""
    source.cmd('migrate-set-parameters', **{'downtime-limit': 30000})
    source.migrate(uri)


def file(host, append='', machine=''):
    """To a file and back, twice, with the disk busy."""
    with booted(host, append, machine=machine) as guest:
        up(guest)
        guest.run(f'{STORM}; true')
        leave(guest, 'exec:cat > /tmp/state')
    for turn in range(2):
        with booted(host, append, machine=machine, args=('-incoming', 'defer')) as guest:
            guest.launch()
            guest.cmd('migrate-incoming', uri='exec:cat /tmp/state')
            guest.arrive()
            goes_on(guest)
            if not turn:
                leave(guest, 'exec:cat > /tmp/next; mv /tmp/next /tmp/state')
    host.run('rm -f /tmp/state')


def file_hash(host):
    file(host, 'disable_radix')


def file_xive_only(host):
    file(host, '', ',ic-mode=xive')


def live(host):
    """From one process to another."""
    with booted(host) as source, \
         booted(host, args=('-incoming', 'unix:/tmp/live')) as target:
        up(source)
        source.run(f'{STORM}; true')
        target.launch()
        leave(source, 'unix:/tmp/live')
        target.arrive()
        goes_on(target)


def stops(host):
    """Stopped and continued while the disk is busy: nothing is lost."""
    with booted(host) as guest:
        up(guest)
        guest.run(f'{STORM}; true')
        for turn in range(20):
            guest.cmd('stop')
            if turn % 4 == 0:
                info_pic(guest)
            guest.cmd('cont')
            progress(guest, f'stop {turn}')


# calls that create and use the device, each of which fails once
FAULTS = ('KVM_CREATE_DEVICE[XIVE]=EMFILE', 'KVM_SET_DEVICE_ATTR[XIVE group=1]=EINVAL',
          'KVM_ENABLE_CAP[KVM_CAP_PPC_IRQ_XIVE]=ENOSPC', 'KVM_SET_DEVICE_ATTR[XIVE group=2]=ENXIO',
          'mmap[XIVE]=ENOMEM')


def faults(host):
    """If the kernel can't create the device, it is emulated, and nothing is leaked."""
    for fault in FAULTS:
        with booted(host, env={'IOCTL_FAIL': fault}, irqchip='', disk=False) as guest:
            try:
                up(guest)
            except VMLaunchFailure:
                expect(False, f'{fault}: {guest.get_log()}')
            interrupts = guest.run('cat /proc/interrupts')
            expect('XIVE-IRQ' in interrupts, f'{fault}: {interrupts}')
            pic = info_pic(guest)
            trace = guest.trace()
            expect('injected' in trace, f'{fault}: no such call was made')
            expect('irqchip: emulated' in pic, f'{fault}: {pic}')
            made = len(re.findall(r'KVM_CREATE_DEVICE\(type=XIVE flags=0\) = \d', trace))
            closed = len(re.findall(r'close\(XIVE\)', trace))
            expect(made == closed, f'{fault}: {made} devices made, {closed} closed')
            expect('emulated' in guest.stderr(), f'{fault}: {guest.stderr()}')


SCENES = {scene.__name__.replace('_', '-'): scene
          for scene in (disk, disk_hash, level, reboots, switches, stops, file, file_hash,
                        file_xive_only, level_moves, live, faults)}
