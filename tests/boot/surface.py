#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What users and management software see, compared with upstream's pseries (the peer).

    surface.py help       -M help, -cpu help, -device help, -object help, and the help of each
    surface.py monitor    query-machines, query-cpu-definitions, query-hotpluggable-cpus, types
                          and properties of objects, and query-qmp-schema

Both get the same queries.  Allowed differences are in DIFFERENCES, with the reason; a row of
it without a difference is a failure, too.  Descriptions are not compared.

The peer is built if it does not exist (tools/peer).
"""

import json
import re
import subprocess

from guest import BUILD, Machine, expect, main_of
from numa import binary, peer

MACHINES = ('pseries', 'pseries-9.2', 'pseries-8.0', 'pseries-4.0', 'pseries-3.0')
# types whose properties are compared without creating an object
TYPES = ('pseries-10.0-machine', 'pseries-7.2-machine', 'pseries-3.1-machine',
         'spapr-pci-host-bridge', 'spapr-vty', 'spapr-vlan', 'spapr-vscsi', 'spapr-nvram',
         'spapr-rng', 'spapr-rtc', 'spapr-nvdimm', 'spapr-tpm-proxy', 'spapr-wdt', 'spapr-xive',
         'ics-spapr', 'icp', 'power8_v2.0-spapr-cpu-core', 'power10_v2.0-spapr-cpu-core',
         'power11_v2.0-spapr-cpu-core', 'power9_v2.2-powerpc64-cpu', 'pc-dimm', 'pef-guest')

# differences (regular expressions for all of "surface: path"); the reason
DIFFERENCES = [
    (r'-device help: virtio-mem(-pci)?', 'works on pseries, too'),
    (r'type virtio-mem(-pci)?', 'likewise'),
    (r'-device spapr-pci-host-bridge: (dma|io|mem|mem64)_win_size', 'takes 2G for 2147483648, too'),
    (r'properties of spapr-pci-host-bridge: (dma|io|mem|mem64)_win_size', 'likewise'),
    (r'-device spapr-pci-host-bridge: eeh(-error)?', 'not in the peer, see the manual'),
    (r'properties of spapr-pci-host-bridge: eeh(-error)?', 'likewise'),
    (r'-M pseries\S*: (host-model|host-serial|ic-mode|kernel-addr|kvm-type|max-cpu-compat|'
     r'modern-hotplug-events|resize-hpt|vsmt|x-vof)', 'the peer has them, but its help does not'),
    (r'-M pseries\S*: (block-remove|call-stats)', 'not in the peer'),
    (r'(/machine|properties of pseries-\S*-machine): (block-remove|call-stats)', 'likewise'),
    (r'(/machine|properties of pseries-\S*-machine): x-vof',
     '`auto`, the default, is its third value'),
    (r'/machine: dr-connector\[\d+\]', 'connectors are no objects here'),
    (r'type spapr-drc-(cpu|lmb|pci|phb|pmem)', 'likewise'),
    (r'/machine: xive', 'the peer has it among the devices without a name'),
    (r'/machine/peripheral-anon/device\[0\]: iommu-spapr-(bypass|root)\[0\]',
     'memory regions of the device, which are not looked up there'),
    (r'properties of ics-spapr: (legacy-xics|xics)', 'wiring within the peer'),
    (r'properties of spapr-xive: (end_source|source|(legacy-)?xive-fabric)', 'likewise'),
    (r'properties of spapr-xive: (hv-prio|tm-base|vc-base)', 'the platform has one value of them'),
    (r'properties of spapr-rtc: date', 'the peer adds it when the device is realized'),
    (r'query-(cpus-fast \d+|hotpluggable-cpus \d+): qom-path',
     'the number of a device without a name is as the order in which they are made'),
    (r'query-qmp-schema command (migrate-set-capabilities|query-migrate-capabilities)',
     'mapped-ram-private, see the manual'),
    (r'query-qmp-schema command query-stats(-schemas)?', 'provider papr, see the manual'),
]


def lines(program, *options):
    done = subprocess.run([program, '-L', BUILD / 'guest', *options], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, timeout=60)
    expect(done.returncode == 0, f'{options}: status {done.returncode}: {done.stdout}')
    return done.stdout.splitlines()


def property_of(line):
    """('NAME', 'TYPE and default') of `  NAME=<TYPE>  - text (default: VALUE)`"""
    found = re.match(r'\s*([\w.\[\]-]+)=(<.*?>+)(?=\s|$)(.*)', line)
    if not found:
        return None
    default = re.search(r'\(default: .*\)$', found[3])
    return found[1], found[2] + (' ' + default[0] if default else '')


def helps(program):
    """{'surface: path': value} of the help of options."""
    seen = {}
    for option in '-M', '-cpu':
        for line in lines(program, option, 'help'):
            seen[f'{option} help: {line.strip()}'] = True
    devices = []
    for line in lines(program, '-device', 'help'):
        found = re.match(r'name "([^"]+)"(?:, bus ([\w.-]+))?', line)
        if found:
            seen[f'-device help: {found[1]}'] = found[2]
            devices.append(found[1])
    for line in lines(program, '-object', 'help'):
        seen[f'-object help: {line.strip()}'] = True
    for option, name in [('-M', name) for name in MACHINES] + \
            [('-device', name) for name in devices if 'virtio-mem' not in name]:
        for line in lines(program, option, f'{name},help'):
            found = property_of(line)
            if found:
                seen[f'{option} {name}: {found[0]}'] = found[1]
    return seen


def expanded(schema):
    """{'command NAME' or 'event NAME': its arguments and results, with all types written out}"""
    by_name = {entry['name']: entry for entry in schema}
    done = {}

    def expand(name, within):
        if name in within:
            return 'as above'
        if name in done:
            return done[name]
        entry = by_name[name]
        within = within | {name}
        kind = entry['meta-type']
        if kind == 'builtin':
            return entry['json-type']
        if kind == 'enum':
            return sorted(entry['values'])
        if kind == 'array':
            return [expand(entry['element-type'], within)]
        if kind == 'alternate':
            return {'one of': [expand(member['type'], within) for member in entry['members']]}
        told = {member['name'] + ('?' if 'default' in member else ''):
                expand(member['type'], within)
                for member in entry['members']}
        for variant in entry.get('variants', ()):
            told[f'{entry["tag"]}={variant["case"]}'] = expand(variant['type'], within)
        return told

    for entry in schema:
        if entry['meta-type'] in ('command', 'event'):
            parts = [expand(entry[part], frozenset()) for part in ('arg-type', 'ret-type')
                     if part in entry]
            done[f'{entry["meta-type"]} {entry["name"]}'] = parts
    return {name: parts for name, parts in done.items() if ' ' in name}


def put(seen, path, value):
    """Add each leaf of VALUE, so that a difference names only what differs."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key != 'thread-id':
                put(seen, f'{path}: {key}', inner)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for number, inner in enumerate(value):
            put(seen, f'{path} {number}', inner)
    else:
        seen[path] = json.dumps(value, sort_keys=True)


def objects(qemu, seen):
    for entry in qemu.cmd('qom-list-types', implements='device', abstract=False):
        seen[f'type {entry["name"]}'] = True
    for name in TYPES:
        for entry in qemu.cmd('qom-list-properties', typename=name):
            seen[f'properties of {name}: {entry["name"]}'] = entry['type']
    for path in '/machine', '/machine/peripheral-anon/device[0]':
        for entry in qemu.cmd('qom-list', path=path):
            seen[f'{path}: {entry["name"]}'] = entry['type']


def monitor(program):
    seen = {}
    with Machine(program) as qemu:
        qemu.set_machine('pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,'
                         'cap-ccf-assist=off')
        qemu.add_args('-nodefaults', '-S', '-L', str(BUILD / 'guest'),
                      '-smp', '2,maxcpus=4,threads=2',
                      '-device', 'spapr-vlan', '-device', 'spapr-vscsi')
        qemu.launch()
        for machine in qemu.cmd('query-machines'):
            put(seen, f'query-machines {machine["name"]}', machine)
        for model in qemu.cmd('query-cpu-definitions'):
            put(seen, f'query-cpu-definitions {model["name"]}', model)
        for query in ('query-cpus-fast', 'query-hotpluggable-cpus', 'query-current-machine',
                      'query-memory-size-summary'):
            put(seen, query, qemu.cmd(query))
        objects(qemu, seen)
        for name, parts in expanded(qemu.cmd('query-qmp-schema')).items():
            seen[f'query-qmp-schema {name}'] = json.dumps(parts, sort_keys=True)
    return seen


def compare(surface):
    ours, theirs = surface(binary()), surface(peer())
    expect(len(ours) > 100, f'only {len(ours)} entries: the output has another form')
    wrong = []
    used = set()
    for path in sorted(ours.keys() | theirs.keys()):
        if path in ours and path in theirs and ours[path] == theirs[path]:
            continue
        row = next((pattern for pattern, _ in DIFFERENCES if re.fullmatch(pattern, path)), None)
        used.add(row)
        if not row:
            wrong.append(f'{path}: {ours.get(path, "not there")}; '
                         f'the peer: {theirs.get(path, "not there")}'[:1000])
    of_this = [pattern for pattern, _ in DIFFERENCES
               if pattern.startswith('-') == (surface is helps)]
    wrong += [f'{pattern} of DIFFERENCES does not differ' for pattern in of_this
              if pattern not in used]
    expect(not wrong, '\n'.join(['', *wrong]))
    print(f'{len(ours)} entries')


def test_help():
    compare(helps)


def test_monitor():
    compare(monitor)


test_help.__name__, test_monitor.__name__ = 'help', 'monitor'

if __name__ == '__main__':
    main_of(test_help, test_monitor)
