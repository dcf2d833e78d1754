# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices of a guest of KVM: their data, and that the kernel handles events.

An interrupt of a PCI device is sent to the guest by KVM_IRQFD, with the guest's number
of it, without a route; a guest's doorbell is sent to the device by KVM_IOEVENTFD.
"""

import re

from host import expect

MODULES = 'initramfs-6.1.cpio'
TRACE = {'IOCTL_TRACE': '/tmp/devices.trace'}
MIB = 1 << 20
# PCI's memory window for 64-bit BARs
WINDOW64 = 0x200000000000


def calls(trace, name):
    """The arguments of the successful calls of ioctl NAME, as dictionaries."""
    return [dict(re.findall(r'(\w+)=(\w+)', args))
            for args in re.findall(rf' {name}\((.*)\) = \d', trace)]


def events_by_kernel(trace):
    numbers = {int(call['gsi']) for call in calls(trace, 'KVM_IRQFD')}
    expect(numbers and min(numbers) >= 0x1300, f'KVM_IRQFD of {numbers}')
    expect('KVM_SET_GSI_ROUTING' not in trace, 'a route was set')


def doorbells(trace):
    """Those of virtio 1 have an address each; older ones share one, and differ in their data."""
    bells = calls(trace, 'KVM_IOEVENTFD')
    new = {call['addr'] for call in bells if int(call['addr'], 16) >= WINDOW64}
    expect(new, f'no doorbell in a 64-bit BAR: {bells}')
    old = [call for call in bells if int(call['flags']) & 1]
    expect(old and all(call['len'] == '2' for call in old), f'no doorbell by data: {bells}')


def booted(host, *args, **options):
    host.run(f'rm -f {TRACE["IOCTL_TRACE"]}')
    return host.guest(smp='2', initrd=MODULES, env=TRACE, args=args, **options)


def up(guest, *modules):
    guest.launch()
    guest.shell()
    guest.run(' && '.join(f'modprobe {module}' for module in modules))


def end(guest):
    guest.send('poweroff -f\n')
    guest.wait(60)
    log = guest.get_log()
    expect(guest.exitcode() == 0 and 'warning' not in log, f'{guest.exitcode()}: {log}')
    return guest.trace()


def settle(guest, condition):
    limit = "[ $n -lt 600 ] || exit 1"
    guest.run(f"n=0; until {condition}; do n=$((n+1)); {limit}; usleep 100000; done")


def sums(where, names):
    return [where.run(f'md5sum < {name}').split()[0] for name in names]


def disk(guest, size):
    test = f'grep -lx {size // 512} /sys/block/*/size'
    settle(guest, f'{test} > /dev/null 2>&1')
    return '/dev/' + guest.run(test).strip().split('/')[3]


# the devices of disks n = 0...
BUSES = (
    'virtio-blk-pci,drive=d0,iothread=io0',
    'virtio-blk-pci,drive=d1,disable-legacy=on,iommu_platform=on',
    'virtio-blk-pci,drive=d2,disable-modern=on,disable-legacy=off',
    'scsi-hd,drive=d3,bus=vscsi.0',
)


def disks(host, append='', irqchip='on'):
    """Each kind of disk is read, and written with the data of the next one."""
    args = ['-object', 'iothread,id=io0', '-device', 'spapr-vscsi,id=vscsi']
    files = [f'/tmp/disk{n}' for n in range(len(BUSES))]
    sizes = [(n + 1) * MIB for n in range(len(BUSES))]
    for n, device in enumerate(BUSES):
        host.run(f'head -c {sizes[n]} /dev/urandom > {files[n]}')
        args += ['-blockdev', f'driver=file,filename={files[n]},node-name=d{n},aio=threads',
                 '-device', device]
    with booted(host, *args, append=append, irqchip=irqchip) as guest:
        up(guest, 'virtio_pci', 'virtio_blk', 'ibmvscsi', 'sd_mod')
        names = [disk(guest, size) for size in sizes]
        wanted = sums(host, files)
        expect(sums(guest, names) == wanted, f'other data is read: {names}')
        turned = names[1:] + names[:1]
        guest.run('; '.join(f'head -c {MIB} {name} > /tmp/d{n}' for n, name in enumerate(names)))
        guest.run(' && '.join(f'dd if=/tmp/d{n} of={name} bs=64k conv=notrunc,fsync'
                              for n, name in enumerate(turned)) + ' && sync')
        wanted = sums(guest, [f'/tmp/d{n}' for n in range(len(names))])
        trace = end(guest)
    for n, file in enumerate(files[1:] + files[:1]):
        found = host.run(f'head -c {MIB} {file} | md5sum').split()[0]
        expect(found == wanted[n], f'{file} does not have the data of disk {n}')
    if irqchip == 'on':
        events_by_kernel(trace)
    doorbells(trace)
    expect(calls(trace, 'KVM_CREATE_SPAPR_TCE_64'), 'no TCE table in the kernel')


def mac(n):
    return f'52:54:00:12:35:{n:02x}'


def transfer(host, guest, n):
    """4 MiB in each direction on network N; nc ends when its input ends or the peer closes."""
    there, size = f'10.1.{n}.1', 4 * MIB
    host.run(f'head -c {size} /dev/urandom > /tmp/net.data; mknod /tmp/open p; '
             f'(nc -l -p 500{n} < /tmp/net.data > /dev/null) > /dev/null 2>&1 & '
             f'until netstat -ltn | grep -q :500{n}; do usleep 100000; done')
    guest.run(f'[ -p /tmp/open ] || mknod /tmp/open p; nc {there} 500{n} <> /tmp/open > /tmp/data')
    expect(sums(guest, ['/tmp/data']) == sums(host, ['/tmp/net.data']), f'{n}: other data came')
    host.run(f'(nc -l -p 600{n} <> /tmp/open > /tmp/net.back; mv /tmp/net.back /tmp/net.all) '
             '> /dev/null 2>&1 & '
             f'until netstat -ltn | grep -q :600{n}; do usleep 100000; done; rm -f /tmp/net.all')
    guest.run(f'nc {there} 600{n} < /tmp/data > /dev/null')
    host.run('until [ -e /tmp/net.all ]; do usleep 100000; done; rm -f /tmp/open')
    expect(sums(host, ['/tmp/net.all']) == sums(host, ['/tmp/net.data']), f'{n}: other data went')


def networks(host):
    """virtio-net by the host's kernel (vhost) and by QEMU, and a virtual LAN."""
    host.run('modprobe tun; modprobe vhost_net; [ -c /dev/net/tun ] && [ -c /dev/vhost-net ]')
    args = []
    for n, (vhost, device) in enumerate((('on', 'virtio-net-pci'), ('off', 'virtio-net-pci'),
                                         ('off', 'spapr-vlan')), 1):
        args += ['-netdev', f'tap,id=n{n},ifname=tap{n},script=no,downscript=no,vhost={vhost}',
                 '-device', f'{device},netdev=n{n},mac={mac(n)}']
    with booted(host, *args, irqchip='on') as guest:
        up(guest, 'virtio_pci', 'virtio_net', 'ibmveth')
        for n in (1, 2, 3):
            host.run(f'ip addr add 10.1.{n}.1/24 dev tap{n} && ip link set tap{n} up')
            test = f'grep -lx {mac(n)} /sys/class/net/*/address'
            settle(guest, f'{test} > /dev/null 2>&1')
            name = guest.run(test).strip().split('/')[4]
            guest.run(f'ip link set {name} up && ip addr add 10.1.{n}.2/24 dev {name}')
            settle(guest, f'ping -c 1 -W 1 10.1.{n}.1 > /dev/null')
            transfer(host, guest, n)
        pid = guest._popen.pid  # pylint: disable=protected-access
        expect('vhost-net' in host.run(f'ls -l /proc/{pid}/fd'), 'no vhost')
        trace = end(guest)
    events_by_kernel(trace)


def plugged(host):
    """A disk is added by a reset and removed by the next one, with its events."""
    host.run(f'head -c {MIB} /dev/urandom > /tmp/disk')
    with booted(host, '-blockdev', 'driver=file,filename=/tmp/disk,node-name=d0',
                irqchip='on') as guest:
        up(guest, 'virtio_pci', 'virtio_blk')
        for _ in range(2):
            expect('vda' not in guest.run('ls /sys/block'), 'a disk before it is there')
            guest.cmd('device_add', driver='virtio-blk-pci', drive='d0', id='disk')
            guest.cmd('system_reset')
            guest.shell()
            guest.run('modprobe virtio_pci; modprobe virtio_blk')
            expect(sums(guest, [disk(guest, MIB)]) == sums(host, ['/tmp/disk']), 'other data')
            guest.cmd('device_del', id='disk')
            guest.cmd('system_reset')
            guest.shell()
            guest.run('modprobe virtio_pci; modprobe virtio_blk')
        trace = end(guest)
    events_by_kernel(trace)
    bells = calls(trace, 'KVM_IOEVENTFD')
    gone = [bell for bell in bells if int(bell['flags']) & 4]
    expect(len(gone) * 2 == len(bells), f'doorbells left: {bells}')


SCENES = {
    'disks': disks,
    'disks-xics-hash': lambda host: disks(host, 'xive=off disable_radix'),
    'disks-emulated': lambda host: disks(host, irqchip='off'),
    'networks': networks,
    'plugged': plugged,
}
