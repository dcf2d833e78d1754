#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's messages about wrong options, and its lists.

A wrong option ends QEMU with status 1 and an error message of one line, which names the
option or the value and what is allowed; a hint may follow on a second line.
No file is written.  A start without errors prints nothing.

    options.py wrong | help | monitor | devices
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from guest import BUILD, Guest, expect, guest_file, main

BINARY = os.environ.get('PAPR_QEMU', str(BUILD / 'qemu-system-ppc64'))
TWO_NODES = ('-numa', 'node,memdev=a', '-numa', 'node,memdev=b')
RANDOM = ('-object', 'rng-builtin,id=a')
PHB = 'spapr-pci-host-bridge'
TWO_VTYS = ('-chardev', 'null,id=a', '-chardev', 'null,id=b')
HUGE = ('-object', 'memory-backend-ram,id=m,size=34T,reserve=off,prealloc=off')


def ram(name, size):
    return '-object', f'memory-backend-ram,id={name},size={size}'


# machine options, more arguments, a text that the message must have
WRONG = [
    ('ic-mode=foo', (), "ic-mode.*'foo'.*xics, xive, dual"),
    ('ic-mode=xive', ('-cpu', 'POWER8'), 'ic-mode=xive: .*POWER9'),
    ('vsmt=2', ('-smp', '4,threads=4'), r'VSMT mode 2 .*\(4\)'),
    ('vsmt=16', (), 'VSMT mode 16: .*8'),
    ('vsmt=bad', (), "'vsmt' expects integer"),
    ('', ('-smp', '5000'), '5000.* 4096'),
    ('', ('-smp', '3,threads=3'), 'threads=3: .*1, 2, 4 or 8'),
    ('', ('-smp', '16,threads=16'), 'threads=16: .*1, 2, 4 or 8'),
    ('', ('-smp', '3,threads=2,maxcpus=4'), r'cpus=3.*multiple of threads \(2\)'),
    ('', ('-smp', '2,threads=2,maxcpus=3'), 'maxcpus|CPU topology'),
    ('', ('-smp', '2,threads=2', '-cpu', 'POWER7'), 'threads=2: .*POWER8.*threads=1'),
    ('', ('-smp', '2,dies=2'), 'dies'),
    ('', ('-m', '100M'), '-m: .*256 MiB; use 256M'),
    ('', ('-m', '1000M'), '-m: .*256 MiB; use 1024M'),
    ('', ('-m', '1G,slots=33,maxmem=2G'), '-m: .* slots 33 .* 32'),
    ('', ('-m', '1G,slots=1,maxmem=1500M'), '-m: maxmem .*256 MiB; use 1536M'),
    ('', ('-m', '1G', '-smp', '2', *ram('a', '500M'), *ram('b', '524M'), *TWO_NODES),
     "-numa: node 0's memory size .*256 MiB"),
    ('cap-htm=bad', (), "'cap-htm' expects 'on' or 'off'"),
    ('cap-htm=on', (), 'cap-htm=on .*use cap-htm=off'),
    ('cap-cfpc=bad', (), 'cap-cfpc: use one of broken, workaround, fixed'),
    ('cap-sbbc=bad', (), 'cap-sbbc: use one of broken, workaround, fixed'),
    ('cap-ibs=bad', (), 'cap-ibs: use one of .*fixed-na'),
    ('cap-hpt-max-page-size=3k', (), 'cap-hpt-max-page-size must be .*64k'),
    ('cap-hpt-max-page-size=bad', (), "'cap-hpt-max-page-size' expects"),
    ('cap-dawr1=on', ('-cpu', 'POWER9'), 'cap-dawr1=on .*POWER10.*use cap-dawr1=off'),
    ('cap-large-decr=on', ('-cpu', 'POWER8'), 'cap-large-decr=on .*use cap-large-decr=off'),
    ('cap-rpt-invalidate=bad', (), "'cap-rpt-invalidate' expects 'on' or 'off'"),
    ('cap-nested-hv=on,cap-nested-papr=on', ('-cpu', 'POWER10'),
     'mutually exclusive: .*cap-nested-hv or cap-nested-papr'),
    ('cap-nested-papr=on', ('-cpu', 'POWER8'), 'cap-nested-papr=on .*use cap-nested-papr=off'),
    ('max-cpu-compat=foo', (), "max-cpu-compat.*'foo'.*power8, power9, power10"),
    ('max-cpu-compat=power10', ('-cpu', 'POWER8'), 'max-cpu-compat: .*not valid for CPU'),
    ('', ('-cpu', '604'), 'CPU Core.*use .*POWER9'),
    ('', ('-cpu', 'nosuch'), "CPU model 'nosuch'"),
    ('resize-hpt=foo', (), "resize-hpt.*'foo'.*enabled"),
    ('kvm-type=foo', (), "kvm-type.*'foo'.*auto, hv, pr"),
    ('modern-hotplug-events=bad', (), "modern-hotplug-events' expects 'on' or 'off'"),
    ('nosuch=1', (), 'nosuch'),
    ('', ('-kernel', 'junk'), 'error loading junk: Failed to load ELF'),
    ('', ('-kernel', 'empty'), 'error loading empty: Failed to load ELF'),
    ('', ('-kernel', 'nosuch'), 'error loading nosuch: No such file'),
    ('', ('-kernel', '.'), 'error loading .: '),
    ('', ('-kernel', 'VMLINUX', '-initrd', 'nosuch'), "initial ram disk 'nosuch': No such file"),
    ('', ('-kernel', 'VMLINUX', '-initrd', '.'), "initial ram disk '.': "),
    ('', ('-kernel', 'VMLINUX', '-initrd', 'huge', '-m', '512M'),
     "initial ram disk 'huge': .*do not fit"),
    ('', ('-initrd', 'junk'), '-initrd only allowed with -kernel'),
    ('', ('-append', 'quiet'), '-append only allowed with -kernel'),
    ('x-vof=on', (), 'x-vof=on needs -kernel'),
    ('x-vof=bad', (), "'x-vof' does not accept value 'bad'"),
    ('kernel-addr=bad', (), "'kernel-addr' expects integer"),
    ('kernel-addr=0x10000000000', ('-kernel', 'VMLINUX'), 'error loading .*0x10000000000'),
    ('', ('-bios', 'nosuch'), "firmware 'nosuch'"),
    ('', ('-bios', '.'), "firmware '.'"),
    ('', ('-bios', 'empty'), "firmware 'empty'"),
    ('', ('-bios', 'huge'), "firmware 'huge'"),
    ('', ('-device', 'spapr-vty'), 'spapr-vty: chardev property not set: .*-chardev'),
    ('', (*TWO_VTYS, '-device', 'spapr-vty,reg=0x71000010,chardev=a',
          '-device', 'spapr-vty,reg=0x71000010,chardev=b'), '0x71000010: give one of them'),
    ('', ('-device', 'spapr-rng'), 'spapr-rng needs an RNG backend'),
    ('', (*RANDOM, '-device', 'spapr-rng,rng=a', '-device', 'spapr-rng,rng=a'),
     'spapr-rng can not be instantiated twice'),
    ('', ('-device', 'power9_v2.2-spapr-cpu-core,core-id=1', '-smp', '1,maxcpus=2'),
     'CPU core type should be power10_v2.0-spapr-cpu-core'),
    ('', ('-device', 'power10_v2.0-spapr-cpu-core,core-id=9', '-smp', '1,maxcpus=2'),
     'core.*9'),
    ('', ('-device', 'power10_v2.0-spapr-cpu-core,core-id=1', '-smp', '1,maxcpus=2',
          '-icount', 'shift=1,rr=record,rrfile=/dev/null'), 'core 1 .*one CPU'),
    ('', ('-drive', 'if=pflash,file=small,format=raw'), 'spapr-nvram .*8192 and 1048576.*512'),
    ('', ('-device', PHB), 'index is missing.*0 to 30'),
    ('', ('-device', f'{PHB},index=31'), r'index 31 is too large \(max 30\)'),
    ('', ('-device', f'{PHB},index=0'), 'PHB 0 already attached: use another'),
    ('', ('-device', f'{PHB},index=30', '-device', f'{PHB},index=30'), 'PHB 30 already attached'),
    ('', ('-device', f'{PHB},index=1,mem_win_size=4G'), 'mem_win_size: .*at most 2 GiB'),
    ('', ('-device', f'{PHB},index=1,mem_win_size=1000'), 'mem_win_size: .*multiple of 64 KiB'),
    ('', ('-device', f'{PHB},index=1,mem_win_size=0'), 'mem_win_size must not be 0'),
    ('', ('-device', f'{PHB},index=1,mem64_win_size=2T'), 'mem64_win_size: .*at most 1 TiB'),
    ('', ('-device', f'{PHB},index=1,io_win_size=128K'), 'io_win_size: .*at most 64 KiB'),
    ('', ('-device', f'{PHB},index=1,io_win_size=0'), 'io_win_size must not be 0'),
    ('', ('-device', f'{PHB},index=1,dma_win_addr=0x800'), 'dma_win_addr=0x800 .*4 KiB page'),
    ('', ('-device', f'{PHB},index=1,dma_win_size=0'), 'dma_win_size=0x0 .*is 0'),
    ('', ('-device', f'{PHB},index=1,dma_win_size=3'), 'dma_win_size=0x3 .*4 KiB page'),
    ('', ('-device', f'{PHB},index=1,dma_win_addr=0xfffff000'), 'reaches beyond 4 GiB'),
    ('', ('-device', f'{PHB},index=1,dma_win_size=0xfffffffffffff000'), 'reaches beyond 4 GiB'),
    ('', ('-device', f'{PHB},index=1,dma64_win_addr=0x80000800'), 'dma64_win_addr=.*4 KiB page'),
    ('', ('-device', f'{PHB},index=1,dma64_win_addr=4096'), 'is in the window of dma_win_addr'),
    # the address of MSIs, and the last possible page
    ('', ('-device', f'{PHB},index=1,dma64_win_addr=0x40000000000'),
     'dma64_win_addr=0x40000000000 leaves no room .*use for instance 0x8'),
    ('', ('-device', f'{PHB},index=1,dma64_win_addr=0xfffffffffffff000'),
     'dma64_win_addr=0xfffffffffffff000 leaves no room'),
    ('', ('-device', f'{PHB},index=1,dma64_win_addr=0x800000000001000,pgsz=0x10000'),
     'dma64_win_addr=0x800000000001000 leaves no room .*pgsz=0x10000'),
    ('', ('-device', f'{PHB},index=1,pgsz=0'), 'pgsz=0x0 .*use bits of'),
    # RAM that overlaps the windows of PCI: at the start, or plugged later
    ('memory-backend=m', (*HUGE, '-m', '34T'), '-m: .*32 TiB.*use at most 33554432M'),
    ('', ('-m', '1G,slots=2,maxmem=33T'), '-m: .*32 TiB.*maxmem=33554432M at most'),
    ('', ('-device', f'{PHB},index=1,numa_node=3'), 'numa_node: there is no node 3.*-numa'),
    ('', ('-device', 'virtio-rng-pci,bus=pci.1'), "Bus 'pci.1' not found"),
    ('', ('-device', 'virtio-rng-pci,addr=1', '-device', 'virtio-rng-pci,addr=1'), 'slot 1 '),
    ('', ('-device', 'virtio-rng-pci,addr=20'), 'addr'),
    ('', ('-device', 'isa-serial'), "'ISA' bus"),
]

LISTED = ['ic-mode', 'kvm-type', 'vsmt', 'max-cpu-compat', 'resize-hpt',
          'modern-hotplug-events', 'kernel-addr', 'x-vof', 'host-model', 'host-serial',
          'cap-htm', 'cap-vsx', 'cap-dfp', 'cap-cfpc', 'cap-sbbc', 'cap-ibs',
          'cap-ccf-assist', 'cap-hpt-max-page-size', 'cap-nested-hv', 'cap-nested-papr',
          'cap-large-decr', 'cap-fwnmi', 'cap-rpt-invalidate', 'cap-ail-mode-3', 'cap-dawr1']


def qemu(*args, cwd=None):
    """QEMU's status, output and errors; as it never starts a CPU, it ends by itself."""
    return subprocess.run([BINARY, '-L', BUILD / 'guest', '-display', 'none', '-nodefaults',
                           *args], cwd=cwd, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=60, check=False)


def refuses(scratch, options, args, pattern):
    """None if QEMU refuses ARGS as expected, or else what is wrong."""
    args = [str(guest_file('vmlinux-6.1')) if arg == 'VMLINUX' else arg for arg in args]
    machine = f'pseries,{options}' if options else 'pseries'
    before = sorted(os.listdir(scratch))
    try:
        done = qemu('-S', '-M', machine, *args, cwd=scratch)
    except subprocess.TimeoutExpired:
        return 'was accepted'
    lines = done.stderr.splitlines()
    if done.returncode != 1:
        return f'status {done.returncode}: {done.stderr}'
    if not 1 <= len(lines) <= 2 or done.stdout:
        return f'not one line of error: {done.stdout}{done.stderr}'
    if not re.match(r'[^ ]*qemu[^ ]*: ', lines[0]) or not re.search(pattern, lines[0]):
        return f'not {pattern!r}: {lines[0]}'
    if sorted(os.listdir(scratch)) != before:
        return f'wrote a file: {os.listdir(scratch)}'
    return None


def wrong():
    """Each of WRONG is refused with its message."""
    bad = []
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch, 'junk').write_bytes(b'\x7fELF' + bytes(range(256)) * 8)
        Path(scratch, 'empty').touch()
        Path(scratch, 'small').write_bytes(bytes(512))
        with open(Path(scratch, 'huge'), 'wb') as huge:
            huge.truncate(900 << 20)
        for options, args, pattern in WRONG:
            complaint = refuses(scratch, options, args, pattern)
            if complaint:
                bad.append(f'-M pseries,{options} {" ".join(args)}: {complaint}')
    expect(not bad, '\n'.join(bad))


def asked(*args):
    done = qemu(*args)
    expect(done.returncode == 0 and not done.stderr,
           f'{args}: status {done.returncode}: {done.stderr}')
    return done.stdout


def lists():
    """The lists of machines, options, devices and CPUs have the expected entries."""
    machines = asked('-M', 'help')
    expect(re.search(r'^pseries\s.*alias of pseries-10\.0', machines, re.M), machines)
    expect(re.search(r'^pseries-10\.0\s.*default', machines, re.M), machines)
    options = asked('-M', 'pseries,help')
    for name in LISTED:
        expect(re.search(rf'^ *{name}=<', options, re.M), f'{name} is not in -M pseries,help')
    devices = asked('-device', 'help')
    for name in ('spapr-vty', 'spapr-rng', 'power9_v2.2-spapr-cpu-core'):
        expect(f'name "{name}"' in devices, f'{name} is not in -device help')
    cpus = asked('-cpu', 'help')
    for name in ('POWER8', 'POWER9', 'POWER10', 'Power11'):
        expect(re.search(rf'\b{name}\b', cpus, re.I), f'{name} is not in -cpu help')
    asked('-device', 'spapr-vty,help')
    asked('-device', 'spapr-rng,help')


COMMANDS = ['info pic', 'info registers', 'info registers -a', 'info qtree', 'info qom-tree',
            'info mtree', 'info mtree -f', 'info tlb', 'info numa', 'info cpus', 'info irq',
            'info hotpluggable-cpus', 'info memory-devices', 'info status', 'info roms',
            'info memory_size_summary', 'info ramblock', 'info chardev',
            'info jit', 'info snapshots', 'x/4x 0', 'xp/4x 0', 'xp/4i 0x100', 'print $pc',
            'gva2gpa 0', 'gpa2hva 0', 'qom-list /machine', 'info trace-events', 'cpu 0', 'stop',
            'cont', 'nmi', 'system_reset', 'system_powerdown', 'boot_set cd']


def monitor():
    """A plain start prints nothing, and every command of the monitor has its output."""
    with Guest(linux=False, args=('-S',)) as guest, tempfile.TemporaryDirectory() as scratch:
        guest.launch()
        names = {entry['name'] for entry in guest.cmd('qom-list', path='/machine')}
        missing = [name for name in LISTED + ['rtc-time', 'vfio-no-msix-emulation']
                   if name not in names]
        expect(not missing, f'not in qom-list /machine: {missing}')
        for name in sorted(names & set(LISTED)):
            guest.cmd('qom-get', path='/machine', property=name)
        cpus = guest.cmd('query-hotpluggable-cpus')
        expect([cpu['props'] for cpu in cpus] == [{'core-id': 0}]
               or cpus[0]['props'].get('core-id') == 0, str(cpus))
        tree = Path(scratch, 'tree.dtb')
        guest.cmd('dumpdtb', filename=str(tree))
        expect(tree.read_bytes()[:4] == bytes.fromhex('d00dfeed'), 'dumpdtb: no device tree')
        for command in COMMANDS:
            answer = guest.cmd('human-monitor-command', command_line=command)
            expect('unknown command' not in answer, f'{command}: {answer}')
        guest.cmd('query-status')
        guest.shutdown()
        said = [line for line in (guest.get_log() or '').splitlines() if line.strip()]
        expect(not said, f'said on a plain start: {said}')


SCREEN = ['nec-usb-xhci', 'usb-mouse', 'usb-kbd', 'VGA']
VIO = ['spapr-vio-bridge', 'spapr-vscsi', 'scsi-cd', 'spapr-vlan', 'spapr-nvram', 'spapr-vty']
NO_VLAN = [name for name in VIO if name != 'spapr-vlan']
DISK = ['spapr-vio-bridge', 'spapr-vscsi', 'scsi-cd', 'scsi-hd', *VIO[3:]]
NULL = 'driver=null-co,size=1M'

# arguments; the devices that `info qtree` shows on PCI and VIO, in its order
MADE = [
    ((), [*SCREEN, *VIO]),
    (('-nodefaults',), ['spapr-vio-bridge', 'spapr-nvram']),
    (('-vga', 'std'), [*SCREEN, *VIO]),
    (('-vga', 'virtio'), [*SCREEN[:3], 'virtio-vga', 'virtio-gpu-device', *VIO]),
    (('-vga', 'none'), VIO),
    (('-vga', 'none', '-usb'), ['nec-usb-xhci', *VIO]),
    (('-nodefaults', '-device', 'virtio-vga'),
     ['virtio-vga', 'virtio-gpu-device', 'spapr-vio-bridge', 'spapr-nvram']),
    (('-device', 'bochs-display'), ['bochs-display', *SCREEN, *VIO]),
    (('-device', 'virtio-gpu-pci'), ['virtio-gpu-pci', 'virtio-gpu-device', *SCREEN, *VIO]),
    (('-hda', 'json:{"driver": "null-co"}'), [*SCREEN, *DISK]),
    (('-drive', f'if=virtio,{NULL}'), ['virtio-blk-pci', 'virtio-blk-device', *SCREEN, *VIO]),
    (('-device', 'virtio-scsi-pci', '-drive', f'if=scsi,{NULL}'),
     ['virtio-scsi-pci', 'virtio-scsi-device', *SCREEN, *DISK]),
    (('-nic', 'none'), [*SCREEN, *NO_VLAN]),
    (('-nic', 'user'), [*SCREEN, *VIO]),
    (('-nic', 'user,model=e1000e'), [*SCREEN, 'e1000e', *NO_VLAN]),
    (('-nic', 'user,model=virtio'),
     [*SCREEN, 'virtio-net-pci', 'virtio-net-device', *NO_VLAN]),
]
# devices of the machine itself
OWN = r'spapr-pci-host-bridge|spapr-xive|power\d+_.*|spapr-tce.*|ics.*|icp.*|xive.*'


def differs(args, expected):
    """None if QEMU creates the expected devices for ARGS, or else what is wrong."""
    done = subprocess.run([BINARY, '-L', guest_file('slof.bin').parent, '-L', guest_file('roms'),
                           '-M', 'pseries', '-display', 'none', '-S', '-monitor', 'stdio', *args],
                          input='info qtree\nquit\n', text=True, capture_output=True,
                          timeout=60, check=False)
    made = [name for name in re.findall(r'\bdev: ([^,\s]+)', done.stdout)
            if not re.fullmatch(OWN, name)]
    if done.returncode or done.stderr:
        return f'status {done.returncode}: {done.stderr}'
    return None if made == expected else f'made {made}, not {expected}'


def devices():
    """Shorthand options create the devices that they stand for, with their ROMs."""
    bad = []
    for args, expected in MADE:
        complaint = differs(args, expected)
        if complaint:
            bad.append(f'{" ".join(args)}: {complaint}')
    expect(not bad, '\n'.join(bad))


if __name__ == '__main__':
    parts = {'wrong': wrong, 'help': lists, 'monitor': monitor, 'devices': devices}
    if len(sys.argv) != 2 or sys.argv[1] not in parts:
        sys.exit(__doc__)
    main(lambda part: parts[part]())
