#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""NUMA nodes: the guest's information about them, compared with upstream's pseries.

    numa.py trees [NAME]

starts each topology of TOPOLOGIES (or NAME) on this machine and on upstream's (the peer), with
a guest that supports form 1 of the NUMA information and with one that supports form 2.
After the guest's choice (client-architecture-support), all NUMA information in the device
tree must be the same, and so must be the results of
H_HOME_NODE_ASSOCIATIVITY for each vCPU.  OTHERWISE lists the differences,
with the reason.

    numa.py refused

starts with invalid topologies: both print the same error.  The peer is built if it does not
exist (tools/peer).
"""

import os
import re
import struct
import subprocess
import tempfile
from pathlib import Path

from guest import BUILD, Failure, Machine, expect, guest_file, main_of, skip

from qemu.qmp import QMPError  # pylint: disable=wrong-import-order

TREE = Path(__file__).resolve().parents[2]
PAYLOAD = BUILD / 'tests/guest/steps.elf'
# properties with NUMA information, or with the layout of memory
TOLD = re.compile(r'ibm,associativity|ibm,max-associativity-domains|ibm,numa-|'
                  r'ibm,dynamic-memory|ibm,lmb-size|ibm,memory-flags-mask')
QUIET = 'cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off'


def ram(node, size):
    return ['-object', f'memory-backend-ram,id=m{node},size={size}M']


def memory(node, size, cpus='', more=''):
    """A node with memory of MiB, from a backend."""
    return [*ram(node, size), '-numa',
            f'node,nodeid={node},memdev=m{node}{cpus and f",cpus={cpus}"}{more}']


def distances(rows):
    return [word for src, row in enumerate(rows) for dst, distance in enumerate(row)
            for word in ('-numa', f'dist,src={src},dst={dst},val={distance}')]


def even(n, size=256):
    """N nodes, each with SIZE MiB and a CPU."""
    return ['-m', f'{n * size}M', '-smp', str(n),
            *[word for node in range(n) for word in memory(node, size, str(node))]]


def ring(n):
    """N nodes in a ring; the distance grows by 20 with each hop."""
    return [[10 + 20 * min((src - dst) % n, (dst - src) % n) for dst in range(n)]
            for src in range(n)]


BRIDGES = ['-device', 'spapr-pci-host-bridge,index=1,numa_node=1',
           '-device', 'spapr-pci-host-bridge,index=2,numa_node=0',
           '-device', 'spapr-pci-host-bridge,index=3']
# name: options
TOPOLOGIES = {
    'none': ['-m', '512M', '-smp', '2'],
    'none-plug': ['-m', '512M,slots=2,maxmem=1G', '-smp', '2,maxcpus=4'],
    'one': even(1, 512),
    'two': even(2),
    'two-plug': ['-m', '512M,slots=4,maxmem=2G', '-smp', '2,maxcpus=4', *even(2)[4:]],
    'two-far': even(2) + distances(ring(2)),
    'two-bridges': even(2) + BRIDGES,
    'two-devices': even(2) + ['-device', 'virtio-rng-pci,addr=5', '-device', 'spapr-vscsi'],
    'two-threads': ['-m', '512M', '-smp', '8,threads=4,cores=2', *memory(0, 256, '0-3'),
                    *memory(1, 256, '4-7')],
    'two-sizes': ['-m', '1280M', '-smp', '2', *memory(0, 1024, '0'), *memory(1, 256, '1')],
    'two-auto': ['-m', '512M', '-smp', '4', *memory(0, 256), *memory(1, 256)],
    'two-cores': ['-m', '512M', '-smp', '4,threads=2,maxcpus=8', *memory(0, 256),
                  *memory(1, 256), '-numa', 'cpu,node-id=1,core-id=0',
                  '-numa', 'cpu,node-id=0,core-id=2', '-numa', 'cpu,node-id=1,core-id=4',
                  '-numa', 'cpu,node-id=1,core-id=6'],
    'three': even(3) + distances([[10, 20, 80], [20, 10, 40], [80, 40, 10]]),
    'three-limits': even(3) + distances([[10, 30, 32], [30, 10, 60], [32, 60, 10]]),
    'three-far': even(3) + distances([[10, 120, 121], [120, 10, 62], [121, 62, 10]]),
    'four-edges': even(4) + distances(
        [[10, 11, 31, 61], [11, 10, 31, 61], [31, 31, 10, 61], [61, 61, 61, 10]]),
    'four': even(4),
    'four-ring': even(4) + distances(ring(4)),
    'four-unreachable': even(4) + distances(
        [[10, 255, 20, 255], [255, 10, 255, 20], [20, 255, 10, 255], [255, 20, 255, 10]]),
    'eight': even(8) + distances(ring(8)),
    'no-memory': ['-m', '512M', '-smp', '2', *memory(0, 512, '0'),
                  '-numa', 'node,nodeid=1,cpus=1'],
    'no-memory-first': ['-m', '512M', '-smp', '2', '-numa', 'node,nodeid=0,cpus=0',
                        *memory(1, 512, '1')],
    'no-cpu': ['-m', '512M', '-smp', '2', *memory(0, 256, '0-1'), *memory(1, 256)],
    'no-cpu-first': ['-m', '512M', '-smp', '2', *memory(0, 256), *memory(1, 256, '0-1')],
    'empty': ['-m', '512M', '-smp', '2', *memory(0, 512, '0-1'), '-numa', 'node,nodeid=1'],
    'empty-plug': ['-m', '512M,slots=2,maxmem=2G', '-smp', '2', *memory(0, 512, '0-1'),
                   '-numa', 'node,nodeid=1'],
    'asymmetric': even(2) + distances([[10, 40], [20, 10]]),
    'asymmetric-far': even(3) + distances([[10, 20, 80], [20, 10, 40], [81, 40, 10]]),
    'hmat': ['-M', 'hmat=on', '-m', '512M', '-smp', '2', *memory(0, 256, '0-1'),
             *memory(1, 256, more=',initiator=0'),
             '-numa', 'hmat-lb,initiator=0,target=0,hierarchy=memory,'
             'data-type=access-latency,latency=5',
             '-numa', 'hmat-lb,initiator=0,target=0,hierarchy=memory,'
             'data-type=access-bandwidth,bandwidth=200M',
             '-numa', 'hmat-lb,initiator=0,target=1,hierarchy=memory,'
             'data-type=access-latency,latency=10',
             '-numa', 'hmat-lb,initiator=0,target=1,hierarchy=memory,'
             'data-type=access-bandwidth,bandwidth=100M',
             '-numa', 'hmat-cache,node-id=0,size=10K,level=1,associativity=direct,'
             'policy=write-back,line=8'],
    'most': ['-m', '512M', '-smp', '1', *memory(0, 512, '0'),
             *[word for node in range(1, 128) for word in ('-numa', f'node,nodeid={node}')]],
    'most-memory': ['-m', '32G', '-smp', '1', *[word for node in range(128)
                                                for word in memory(node, 256)]],
    'preconfig': ['-m', '512M', '-smp', '2', '-preconfig', *ram(0, 256), *ram(1, 256)],
}
# Commands before the machine is created
PRECONFIG = {'preconfig': [
    {'type': 'node', 'nodeid': 0, 'memdev': 'm0'},
    {'type': 'node', 'nodeid': 1, 'memdev': 'm1'},
    {'type': 'dist', 'src': 0, 'dst': 1, 'val': 40},
    {'type': 'cpu', 'node-id': 1, 'core-id': 0},
    {'type': 'cpu', 'node-id': 0, 'core-id': 1},
]}

# A guest with form 1: its choice is refused here, where the peer's QEMU ends
REFUSED = {'empty', 'empty-plug', 'asymmetric', 'asymmetric-far', 'most'}


def form1(*domains):
    return ' '.join(f'{domain:08x}' for domain in (len(domains), *domains))


# By form and topology: correct values that differ from the peer's.  It treats
# distances 11, 31 and 61 as more than 120, against its own manual.
OTHERWISE = {(1, 'four-edges'): {
    '/memory@0/ibm,associativity': form1(0, 0, 0, 0),
    '/memory@10000000/ibm,associativity': form1(0, 0, 0, 1),
    '/memory@20000000/ibm,associativity': form1(0, 0, 2, 2),
    '/memory@30000000/ibm,associativity': form1(0, 3, 3, 3),
    '/cpus/PowerPC,POWER10@1/ibm,associativity': form1(0, 0, 0, 1, 1),
    '/cpus/PowerPC,POWER10@2/ibm,associativity': form1(0, 0, 2, 2, 2),
    '/cpus/PowerPC,POWER10@3/ibm,associativity': form1(0, 3, 3, 3, 3),
    'HOME 1': '0 1 1ffffffff ffffffffffffffff ffffffffffffffff ffffffffffffffff',
}}

# Options of invalid topologies
WRONG = [
    ['-m', '512M', *memory(0, 512), '-numa', 'dist,src=0,dst=1,val=20'],
    ['-m', '512M', *memory(0, 512), '-numa', 'dist,src=0,dst=0,val=20'],
    ['-m', '512M', *memory(0, 512), '-numa', 'node', '-numa', 'dist,src=0,dst=1,val=5'],
    [*even(3), '-numa', 'dist,src=0,dst=1,val=40'],
    [*even(3), *distances([[10, 20, 30], [21, 10, 40], [30, 40, 10]])[:-4]],
    ['-m', '512M', '-numa', 'node,mem=512M'],
    ['-m', '512M', '-numa', 'node,memdev=m0'],
    ['-m', '1G', *memory(0, 512)],
    ['-m', '512M', *memory(0, 512), '-numa', 'node,nodeid=3'],
    ['-m', '512M', *memory(0, 512), '-numa', 'node,nodeid=0'],
    ['-m', '512M', *memory(0, 512), '-numa', 'node,nodeid=128'],
    ['-m', '512M', *memory(0, 512), '-numa', 'cpu,node-id=0,core-id=9'],
    ['-m', '512M', *memory(0, 512), '-numa', 'cpu,node-id=1,core-id=0'],
    ['-m', '512M', *memory(0, 512), '-numa', 'cpu,node-id=0,core-id=0,thread-id=1'],
    ['-m', '512M', *memory(0, 512), '-numa', 'cpu,node-id=0,socket-id=0'],
    ['-m', '512M', *memory(0, 512, '9')],
    ['-m', '512M', '-smp', '4,threads=4', *memory(0, 512, '0-1'), '-numa', 'node,cpus=2-3'],
    ['-m', '512M', *memory(0, 512, '0'), '-numa', 'hmat-lb,initiator=0,target=0,'
     'hierarchy=memory,data-type=access-latency,latency=5'],
    ['-M', 'hmat=on', '-m', '512M', *memory(0, 512), '-numa', 'node,initiator=7'],
]


def properties(tree):
    """The properties of a flattened device TREE, as {path: value}."""
    begin, strings = struct.unpack_from('>II', tree, 8)
    path, found, at = [], {}, begin
    while True:
        token, = struct.unpack_from('>I', tree, at)
        at += 4
        if token == 1:
            end = tree.index(b'\0', at)
            path.append(tree[at:end].decode())
            at = end + 4 - end % 4
        elif token == 2:
            path.pop()
        elif token == 3:
            size, name = struct.unpack_from('>II', tree, at)
            name += strings
            name = tree[name:tree.index(b'\0', name)].decode()
            found['/'.join([*path, name])] = tree[at + 8:at + 8 + size]
            at += 8 + size + -size % 4
        elif token == 9:
            return found


def without_connectors(value):
    """The array "ibm,dynamic-memory-v2" without connectors, which have no node."""
    cells = list(struct.unpack(f'>{len(value) // 4}I', value))
    for at in range(4, len(cells), 6):
        cells[at] = 0
    return struct.pack(f'>{len(cells)}I', *cells)


def told(tree):
    """Those of the properties of TREE that are about NUMA nodes."""
    found = {}
    for path, value in properties(tree).items():
        name = path.split('/')[-1]
        if TOLD.match(name) or re.match(r'/memory@[^/]*/reg$', path):
            if name == 'ibm,dynamic-memory-v2':
                value = without_connectors(value)
            found[path] = value.hex(' ', -4)
    return found


def peer():
    """Upstream's pseries."""
    done = subprocess.run([TREE / 'tools' / 'peer'], stdout=subprocess.PIPE, text=True,
                          env={**os.environ, 'BUILD': str(BUILD)}, check=False)
    expect(done.returncode == 0, 'tools/peer does not build the peer')
    return done.stdout.split()[-1]


def outcome(binary, name, form):
    """What BINARY returns about topology NAME to a guest that supports FORM, or how it ends."""
    with tempfile.TemporaryDirectory() as directory, Machine(binary) as guest:
        guest.set_machine(f'pseries,x-vof=on,{QUIET}')
        guest.add_args('-nodefaults', '-L', str(BUILD / 'guest'), '-kernel', str(PAYLOAD),
                       '-append', f'{form}qas', '-S', *TOPOLOGIES[name])
        guest.launch()
        for command in PRECONFIG.get(name, ()):
            guest.cmd('set-numa-node', command)
        if name in PRECONFIG:
            guest.cmd('x-exit-preconfig')
        try:
            guest.cmd('cont')
            said = guest.until(r'(?s)(.*?)(AT \d+|is refused)')
        except (Failure, QMPError):
            return 'ended'
        if said.group(2) == 'is refused':
            return 'refused'
        tree = Path(directory) / 'tree'
        guest.cmd('dumpdtb', filename=str(tree))
        homes = re.findall(r'(HOME \d+): (.*?)\r?\n', said.group(1))
        expect(len(homes) == 64, f'{name}: {said.group(1)}')
        return {**told(tree.read_bytes()), **dict(homes)}


def compare(name, form, other):
    """Whether topology NAME is the same with this machine and the binary OTHER."""
    ours = outcome(binary(), name, form)
    theirs = outcome(other, name, form)
    right = OTHERWISE.get((form, name), {})
    if form == 1 and name in REFUSED:
        expect((ours, theirs) == ('refused', 'ended'), f'{name}: {ours}, the peer: {theirs}')
        return
    for outcome_of in ours, theirs:
        expect(isinstance(outcome_of, dict), f'{name}, form {form}: {ours}, the peer: {theirs}')
    for path, value in right.items():
        expect(ours.get(path) == value, f'{name}: {path}: {ours.get(path)}')
    if right:
        return
    wrong = [f'\n{path}: {ours.get(path)}, the peer: {theirs.get(path)}'
             for path in sorted(ours.keys() | theirs.keys()) if ours.get(path) != theirs.get(path)]
    expect(not wrong, f'{name}, form {form}:{"".join(wrong)}')
    print(f'{name}, form {form}: {len(ours)} values')


def binary():
    return os.environ.get('PAPR_QEMU', str(BUILD / 'qemu-system-ppc64'))


def trees(*names):
    """Each topology is the same as upstream's, except for OTHERWISE."""
    if not PAYLOAD.exists():
        skip('no tests/guest/steps.elf: needs gcc-powerpc64-linux-gnu')
    guest_file('vof.bin')
    other = peer()
    for name in names or TOPOLOGIES:
        for form in 1, 2:
            compare(name, form, other)


def complaint(program, options):
    """PROGRAM's message about OPTIONS, without its name; it must end by itself."""
    done = subprocess.run([program, '-M', f'pseries,{QUIET}', '-nodefaults', '-display', 'none',
                           '-S', '-L', BUILD / 'guest', *options], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                          timeout=120)
    expect(done.returncode == 1, f'{options}: status {done.returncode}: {done.stderr}')
    return done.stderr.replace(f'{Path(program).name}: ', '')


def refused():
    """Both end with the same message about an invalid topology."""
    guest_file('slof.bin')
    other = peer()
    for options in WRONG:
        ours, theirs = (complaint(program, options) for program in (binary(), other))
        expect(ours == theirs, f'{options}:\n{ours}the peer:\n{theirs}')


if __name__ == '__main__':
    main_of(trees, refused)
