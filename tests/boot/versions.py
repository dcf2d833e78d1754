#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Versions of the machine, compared with the same versions of upstream's (the peer).

    versions.py same [VERSION...]

starts each version (or those given) on both with the options of SETUPS, and compares the
device tree for firmware, `info qtree`, the result of `query-machines`, and QEMU's
messages.  Allowed differences are in TREE, QTREE and MACHINES, with the reason.

    versions.py boots VERSION FIRMWARE IC

boots Linux with 4 vCPUs on this machine's VERSION, with firmware 'own' or 'slof', and
interrupt controller xics or xive; it reads disks on PCI, also behind a second bridge, and VIO.

The peer is built if it does not exist (tools/peer).
"""

import re
import struct
import tempfile
from pathlib import Path

from guest import BUILD, Guest, Machine, expect, guest_file, main_of
from numa import binary, distances, memory, peer, properties

VERSIONS = ('10.0', '9.2', '9.1', '9.0', '8.2', '8.1', '8.0', '7.2', '7.1', '7.0', '6.2', '6.1',
            '6.0', '5.2', '5.1', '5.0', '4.2', '4.1', '4.0', '3.1', '3.0')
DEPRECATED = VERSIONS[VERSIONS.index('7.0'):]
# TCG has none of these; upstream warns about them at each start
TCG_LACKS = re.compile(r"warning: TCG doesn't support requested feature, "
                       r'cap-(cfpc|sbbc|ibs|ccf-assist)=')


def at_least(version, other):
    return VERSIONS.index(version) <= VERSIONS.index(other)


def null(name):
    return '-blockdev', f'null-co,node-name={name},read-zeroes=on,size=1048576'


MANY = ('-nodefaults', '-smp', '4,threads=2,maxcpus=8', '-m', '1G,slots=4,maxmem=4G',
        *memory(0, 512, '0-3'), *memory(1, 512, '4-7'), *distances([[10, 45], [45, 10]]),
        *null('a'), *null('b'), *null('c'), *null('d'), *null('e'),
        '-chardev', 'null,id=t', '-device', 'spapr-vty,chardev=t',
        '-device', 'spapr-vscsi,reg=0x5000', '-device', 'scsi-hd,drive=a',
        '-nic', 'none', '-netdev', 'user,id=n',
        '-device', 'spapr-vlan,netdev=n,mac=52:54:00:12:34:56',
        '-device', 'spapr-pci-host-bridge,index=3,id=far',
        '-device', 'spapr-pci-host-bridge,index=1,numa_node=1',
        '-device', 'pci-bridge,id=bridge,chassis_nr=1,addr=4',
        '-device', 'virtio-blk-pci,drive=b,bus=bridge,addr=2',
        '-device', 'virtio-scsi-pci,id=scsi,addr=5', '-device', 'scsi-cd,drive=c,bus=scsi.0',
        '-device', 'nvme,drive=d,serial=1,addr=6',
        '-device', 'virtio-blk-pci,drive=e,bus=far.0,addr=1',
        '-device', 'virtio-net-pci,mac=52:54:00:12:34:57,romfile=,addr=7',
        '-device', 'e1000,mac=52:54:00:12:34:58,romfile=,addr=8',
        '-device', 'virtio-balloon-pci,addr=9', '-device', 'virtio-rng-pci,addr=a',
        '-object', 'rng-builtin,id=r', '-device', 'spapr-rng,rng=r',
        '-device', 'nec-usb-xhci,id=usb,addr=b', '-device', 'usb-kbd,bus=usb.0')

# name: the oldest and the newest version, options
SETUPS = {
    'nothing': ('3.0', '10.0', ('-nodefaults',)),
    'defaults': ('3.0', '10.0', ('-vga', 'none', '-nic', 'none', '-smp', '4')),
    'many': ('3.0', '10.0', MANY),
    # with qtest, CAS has negotiated all that is offered
    'agreed': ('3.0', '10.0', (*MANY, '-accel', 'qtest')),
    # more than the real mode area of old versions
    'large': ('3.0', '5.0', ('-nodefaults', '-m', '40G', '-machine', 'memory-backend=m',
                            '-object', 'memory-backend-ram,id=m,size=40G,reserve=off')),
    'display': ('3.1', '8.2', ('-nodefaults', '-device', 'virtio-gpu-pci,addr=3')),
    'power8': ('3.1', '10.0', ('-nodefaults', '-cpu', 'POWER8', '-smp', '4,threads=4')),
    'power9-of-old': ('3.0', '4.2', ('-nodefaults', '-cpu', 'POWER9', '-smp', '2')),
    'nodes-by-size': ('3.0', '5.0', ('-nodefaults', '-m', '1G', '-smp', '2',
                                     '-numa', 'node,mem=512M,cpus=0',
                                     '-numa', 'node,mem=512M,cpus=1')),
    'module': ('5.0', '10.0', ('-nodefaults', '-m', '1G,slots=2,maxmem=4G',
                               '-object', 'memory-backend-ram,id=p,size=513M',
                               '-device', 'nvdimm,memdev=p,label-size=1M,'
                               'uuid=0b0f4cd8-1f5a-45f0-a4a4-2f3a5a4b3c2d')),
}

def without_prefetchable(value):
    """A PCI device's "reg", rows of 5 cells, without the bit that says prefetchable."""
    cells = list(struct.unpack(f'>{len(value) // 4}I', value))
    for at in range(0, len(cells), 5):
        cells[at] &= ~0x40000000
    return cells


# Differences in the device tree: path; reason; a function that makes values equal, None for
# any value.  OLD_TREE is only for versions with 8 vCPU ids for each core.
TREE = [
    (r'/chosen/rng-seed', 'random', None),
    (r'/pci@\w+/name', 'a guest that plugs in a bridge needs it; firmware makes it, too', None),
    (r'/rtas/ibm,hypertas-functions', 'the order says nothing',
     lambda value: sorted(value.split(b'\0'))),
    (r'/rtas/ibm,configure-kernel-dump(-sizes|-version)?', 'the peer has no such dumps', None),
    (r'/pci@.*/reg', 'the peer leaves out that a 64-bit BAR is prefetchable', without_prefetchable),
    (r'/pci@\w+/pci@\w+/(bus-range|device_type|ranges)',
     'the peer leaves them to the firmware', None),
    (r'/pci@.*/ibm,req#msi',
     'the peer says how many are enabled, ours how many there can be', None),
]
OLD_TREE = [
    (r'/cpus/[^/]*/ibm,my-drc-index',
     'the peer looks for the connector by core-id, not by vCPU id', None),
]
# arrays of connectors: length of an element, in cells; 0: a string
CONNECTORS = {'ibm,drc-indexes': 1, 'ibm,drc-names': 0, 'ibm,drc-types': 0,
              'ibm,drc-power-domains': 1}

# Differences in `info qtree`: device and property
QTREE = {
    ('spapr-xive', 'vc-base'): 'ours has its registers where guests look for them, '
                               'and no option for it',
    ('spapr-xive', 'tm-base'): 'likewise',
    ('spapr-xive', 'hv-prio'): 'likewise: priority 7 is the platform\'s',
    ('spapr-pci-host-bridge', 'eeh'): 'ours alone, see the manual',
}


def elements(value, cells):
    """The elements of an array of connectors: numbers or strings, after their count."""
    count, = struct.unpack_from('>I', value)
    if cells:
        return struct.unpack_from(f'>{count}I', value, 4)
    return value[4:].split(b'\0')[:count]


def told(tree, version):
    """The properties of TREE; those of connectors by DRC index: their order has no meaning."""
    found = properties(tree)
    for path in [path for path in found if path.endswith('/ibm,drc-indexes')]:
        arrays = [elements(found.pop(path.replace('ibm,drc-indexes', name)), cells)
                  for name, cells in CONNECTORS.items()]
        for index, *rest in zip(*arrays):
            found[f'{path}/{index:#x}'] = rest
    for pattern, _, alike in TREE + (OLD_TREE if at_least('4.1', version) else []):
        for path in [path for path in found if re.fullmatch(pattern, path)]:
            value = found.pop(path)
            if alike:
                found[path] = alike(value)
    return found


def devices(text):
    """{path: value} of the properties in `info qtree`; sizes as numbers."""
    found, path = {}, []
    counts = {}
    for line in text.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        head = re.match(r'\s*(bus|dev): (.*)', line)
        pair = re.match(r'\s*(\S+) = (.*)', line)
        path = path[:depth]
        if head:
            name = '/'.join([*path, head.group(2)])
            counts[name] = counts.get(name, 0) + 1
            path += [''] * (depth - len(path)) + [f'{head.group(2)}#{counts[name]}']
        key = '/'.join(path) + ('/' + pair.group(1) if pair else '' if head else line)
        found[key] = re.sub(r' \((0x|[\d.]+ [KMGTPE]iB).*\)$', '', pair.group(2)) if pair else ''
        kind = next((name.split(',')[0] for name in reversed(path) if name), '')
        if pair and (kind, pair.group(1)) in QTREE:
            del found[key]
    return found


def outcome(program, version, options):
    """PROGRAM's result for VERSION: device tree, devices, and messages."""
    with tempfile.TemporaryDirectory() as directory, Machine(program) as guest:
        guest.set_machine(f'pseries-{version}')
        guest.add_args('-L', str(BUILD / 'guest'), '-L', str(BUILD / 'guest/roms'), '-S', *options)
        guest.launch()
        tree = Path(directory) / 'tree'
        guest.cmd('dumpdtb', filename=str(tree))
        qtree = guest.cmd('human-monitor-command', command_line='info qtree')
        guest.shutdown()
        said = [line.split(': ', 1)[-1] for line in (guest.get_log() or '').splitlines()]
        return (told(tree.read_bytes(), version), devices(qtree),
                [line for line in said if not TCG_LACKS.match(line)])


def differing(ours, theirs):
    return ''.join(f'\n  {key}: {ours.get(key)}, the peer: {theirs.get(key)}'
                   for key in sorted(ours.keys() | theirs.keys())
                   if ours.get(key) != theirs.get(key))


def compare(version, name, other):
    ours, theirs = (outcome(program, version, SETUPS[name][2]) for program in (binary(), other))
    wrong = [f'\n {what}:{differing(our, their)}'
             for what, our, their in zip(('device tree', 'info qtree'), ours, theirs)
             if our != their]
    expect(not wrong, f'pseries-{version}, {name}:{"".join(wrong)}')
    expect(ours[2] == theirs[2],
           f'pseries-{version}, {name}: says {ours[2]}, the peer: {theirs[2]}')
    warned = any('is deprecated' in line for line in ours[2])
    expect(name == 'agreed' or warned == (version in DEPRECATED), f'pseries-{version}: {ours[2]}')
    print(f'pseries-{version}, {name}: {len(ours[0])} properties of the tree, '
          f'{len(ours[1])} lines of devices')


def machines(program):
    with Machine(program) as guest:
        guest.set_machine('none')
        guest.launch()
        return {machine['name']: machine for machine in guest.cmd('query-machines')
                if machine['name'].startswith('pseries')}


def same(*versions):
    """Each version is as upstream's, except for the differences above."""
    guest_file('slof.bin')
    other = peer()
    ours, theirs = machines(binary()), machines(other)
    expect(set(ours) == {f'pseries-{version}' for version in VERSIONS}, str(sorted(ours)))
    expect(ours == theirs, f'query-machines: {differing(ours, theirs)}')
    for version in versions or VERSIONS:
        for name, (oldest, newest, _) in SETUPS.items():
            if at_least(version, oldest) and at_least(newest, version):
                compare(version, name, other)


DISKS = (*null('a'), *null('b'), *null('c'), '-device', 'spapr-vscsi', '-device', 'scsi-hd,drive=a',
         '-device', 'virtio-blk-pci,drive=b', '-device', 'spapr-pci-host-bridge,index=1,id=far',
         '-device', 'virtio-blk-pci,drive=c,bus=far.0')


def boots(version, firmware, controller):
    """Linux boots, has all CPUs, and gets interrupts from all kinds of devices."""
    append = 'xive=off' if controller == 'xics' else ''
    with Guest('POWER9', '4', firmware=firmware, append=append, args=DISKS,
               initrd='initramfs-6.1.cpio') as guest:
        own = {'slof': 'off', 'own': 'on'}[firmware]
        guest.set_machine(f'pseries-{version},x-vof={own}')
        guest.launch()
        guest.shell()
        guest.run('for name in virtio_pci virtio_blk ibmvscsi sd_mod; do modprobe $name; done')
        guest.run('until [ -b /dev/sda ] && [ -b /dev/vdb ]; do sleep 0.1; done')
        for disk in 'sda', 'vda', 'vdb':
            guest.run(f'dd if=/dev/{disk} of=/dev/null bs=64k iflag=direct')
        expect(guest.run('nproc').split() == ['4'], 'not all CPUs')
        interrupts = guest.run('cat /proc/interrupts')
        expect({'xics': 'XICS', 'xive': 'XIVE'}[controller] in interrupts, interrupts)
        guest.send('poweroff -f\n')
        guest.wait(60)
        expect(guest.exitcode() == 0, guest.get_log())


if __name__ == '__main__':
    main_of(same, boots)
