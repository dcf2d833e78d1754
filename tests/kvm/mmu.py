# SPDX-License-Identifier: GPL-2.0-or-later
"""Translation tables in the host's kernel: the hash page table and TCE tables."""

import re
import tempfile
from pathlib import Path

from host import Guest, expect

# capabilities that emulated hosts lack, for a guest that migrates from TCG
CAPS = ',cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off'
DISK = ('-drive', 'if=none,id=d0,format=raw,file.driver=null-co,file.size=16M,file.read-zeroes=on')
DMA = (*DISK, '-device', 'virtio-blk-pci,drive=d0,iommu_platform=on,disable-legacy=on')
MODULES = 'initramfs-6.1.cpio'
READ_DISK = ('modprobe virtio_pci; modprobe virtio_blk; '
             'dd if=/dev/vda of=/dev/null bs=64k iflag=direct 2>&1')
DEBUGFS = 'mount -t debugfs none /sys/kernel/debug 2> /dev/null; '
HPT_ORDER = '/sys/kernel/debug/powerpc/hpt_order'
# make the guest use its translations, and check that they are right
WORK = 'for n in 1 2 3 4 5 6 7 8; do cat /bin/busybox | md5sum; done | sort -u'


def calls(trace, name):
    return [line for line in trace.splitlines() if re.search(rf'\b{name}\b', line)]


def mmu(guest):
    return re.search(r'MMU\s*: (\w+)', guest.run('cat /proc/cpuinfo')).group(1)


def hpt_order(guest):
    """log2 of the size of the guest's hash page table, as the guest knows it."""
    return int(guest.run(f'{DEBUGFS}cat {HPT_ORDER}').strip())


def sound(guest):
    expect(len(guest.run(WORK).split()) == 2, guest.run(WORK))


def read_disk(guest):
    output = guest.run(READ_DISK)
    expect('256+0 records in' in output, output)


def end(guest, log=''):
    guest.send('poweroff -f\n')
    guest.wait(60)
    expect(guest.exitcode() == 0, f'exit code {guest.exitcode()}: {guest.get_log()}')
    expect(re.search(log, guest.get_log()) if log else 'warning' not in guest.get_log(),
           guest.get_log())


def continued(guest):
    guest.arrive()
    guest.send('\n')
    guest.prompt()


def rebooted(host):
    """Radix, hash, radix again: each boot starts with the MMU of firmware."""
    env = {'IOCTL_TRACE': '/tmp/rebooted.trace'}
    with host.guest(append='disable_radix', env=env) as guest:
        guest.launch()
        guest.shell()
        expect(mmu(guest) == 'Hash', 'not hash')
        sound(guest)
        guest.send('reboot -f\n')
        guest.shell()
        expect(mmu(guest) == 'Hash', 'not hash')
        guest.cmd('system_reset')
        guest.shell()
        sound(guest)
        end(guest)
        trace = guest.trace()
    expect(len(calls(trace, 'KVM_PPC_ALLOCATE_HTAB')) == 3, trace)
    # to radix at each start
    expect(len(calls(trace, 'KVM_PPC_CONFIGURE_V3_MMU')) >= 3, trace)


def radix(host):
    """For a radix guest the kernel never allocates a hash page table."""
    env = {'IOCTL_TRACE': '/tmp/radix.trace'}
    with host.guest(env=env) as guest:
        guest.launch()
        guest.shell()
        expect(mmu(guest) == 'Radix', 'not radix')
        guest.send('reboot -f\n')
        guest.shell()
        end(guest)
        trace = guest.trace()
    expect(not calls(trace, 'KVM_PPC_ALLOCATE_HTAB'), trace)
    expect(len(calls(trace, 'KVM_PPC_CONFIGURE_V3_MMU')) >= 4, trace)


def resized(host):
    """The guest makes its table larger and smaller, while it works."""
    env = {'IOCTL_TRACE': '/tmp/resized.trace'}
    with host.guest(append='disable_radix', smp='2', env=env) as guest:
        guest.launch()
        guest.shell()
        order = hpt_order(guest)
        guest.run('(while :; do cat /proc/interrupts; done > /dev/null) & true')
        for want in (order + 1, order, order - 1):
            guest.run(f'echo {want} > {HPT_ORDER}')
            expect(hpt_order(guest) == want, f'{hpt_order(guest)} is not {want}')
            sound(guest)
        # larger than the platform allows
        guest.run(f'echo {order + 6} > {HPT_ORDER}; true')
        expect(hpt_order(guest) == order - 1, 'much too large')
        guest.cmd('system_reset')
        guest.shell()
        expect(hpt_order(guest) == order, 'reset')
        end(guest)
        trace = guest.trace()
    done = [line for line in calls(trace, 'KVM_PPC_RESIZE_HPT_COMMIT') if line.endswith('= 0')]
    expect(len(done) == 3, calls(trace, 'KVM_PPC_RESIZE_HPT_COMMIT'))


def scarce(host):
    """A smaller table if the host has no memory for a large one, and a message."""
    env = {'IOCTL_TRACE': '/tmp/scarce.trace', 'IOCTL_FAIL': 'KVM_PPC_ALLOCATE_HTAB=ENOMEM'}
    with host.guest(append='disable_radix', env=env) as guest:
        guest.launch()
        guest.shell()
        expect(hpt_order(guest) == 21, f'2^{hpt_order(guest)} for 512 MiB')
        sound(guest)
        end(guest, 'memory for a hash page table of 2 MiB only')


def saved(host):
    """Hash guests are saved and restored, with entries that change meanwhile."""
    state = '/tmp/mmu.state'
    for turn in range(3):
        args = ['-incoming', f'file:{state}'] if turn else []
        with host.guest(append='disable_radix', args=args) as guest:
            guest.launch()
            if turn:
                continued(guest)
            else:
                guest.shell()
                guest.run(f'{DEBUGFS}echo 23 > {HPT_ORDER}')
                guest.run('(while :; do cat /proc/interrupts; done > /dev/null) & true')
            sound(guest)
            expect(hpt_order(guest) == 23, hpt_order(guest))
            guest.migrate(f'file:{state}')
    host.run(f'rm {state}')


def from_tcg(host):
    """From TCG to KVM and back, by files: hash, then radix."""
    for words in ('disable_radix', ''):
        with tempfile.TemporaryDirectory() as folder:
            there = Path(folder) / 'to-kvm'
            with Guest(cpu='power9_v2.2', mem='256M', machine=CAPS, append=words) as guest:
                guest.launch()
                guest.shell()
                sound(guest)
                guest.migrate(f'file:{there}')
            host.push(there.read_bytes(), '/tmp/to-kvm')
            with host.guest(cpu='power9_v2.2', mem='256M', machine=CAPS, append=words,
                            args=('-incoming', 'file:/tmp/to-kvm')) as guest:
                guest.launch()
                continued(guest)
                expect(mmu(guest) == ('Hash' if words else 'Radix'), 'MMU')
                sound(guest)
                guest.migrate('file:/tmp/to-tcg')
            there.write_bytes(host.fetch('/tmp/to-tcg'))
            host.run('rm /tmp/to-kvm /tmp/to-tcg')
            with Guest(cpu='power9_v2.2', mem='256M', machine=CAPS, append=words,
                       args=('-incoming', f'file:{there}')) as guest:
                guest.launch()
                continued(guest)
                sound(guest)


def window(host):
    """DMA by tables in the kernel: the default window, and a dynamic one; reboots."""
    env = {'IOCTL_TRACE': '/tmp/window.trace'}
    with host.guest(args=DMA, initrd=MODULES, env=env) as guest:
        guest.launch()
        for _ in range(2):
            guest.shell()
            read_disk(guest)
            guest.send('reboot -f\n')
        guest.shell()
        read_disk(guest)
        end(guest)
        trace = guest.trace()
    made = calls(trace, 'KVM_CREATE_SPAPR_TCE_64')
    expect(made and not any('= -1' in line for line in made), made)
    # the dynamic window of each boot
    expect(sum('liobn=0x80000001' in line for line in made) >= 2, made)


def without(host):
    """Without tables in the kernel DMA works nevertheless, and there is one message."""
    env = {'IOCTL_TRACE': '/tmp/without.trace', 'IOCTL_FAIL': 'KVM_CREATE_SPAPR_TCE_64:*=ENOMEM'}
    with host.guest(args=DMA, initrd=MODULES, env=env) as guest:
        guest.launch()
        guest.shell()
        read_disk(guest)
        guest.send('reboot -f\n')
        guest.shell()
        read_disk(guest)
        end(guest, 'locked memory')
        expect(guest.get_log().count('locked memory') == 1, guest.get_log())


def moved(host):
    """Windows are saved with their mappings, and restored to tables in the kernel."""
    state = '/tmp/moved.state'
    with host.guest(args=DMA, initrd=MODULES) as guest:
        guest.launch()
        guest.shell()
        read_disk(guest)
        guest.migrate(f'file:{state}')
    env = {'IOCTL_TRACE': '/tmp/moved.trace'}
    with host.guest(args=(*DMA, '-incoming', f'file:{state}'), initrd=MODULES, env=env) as guest:
        guest.launch()
        continued(guest)
        read_disk(guest)
        end(guest)
        trace = guest.trace()
    host.run(f'rm {state}')
    expect(any('liobn=0x80000001' in line for line in calls(trace, 'KVM_CREATE_SPAPR_TCE_64')),
           trace)


SCENES = {function.__name__.replace('_', '-'): function for function in
          (radix, rebooted, resized, scarce, saved, from_tcg, window, without, moved)}
