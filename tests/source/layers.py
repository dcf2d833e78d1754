#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check that a file includes only headers of lower layers.

The layers are those of docs/devel/pseries/architecture.rst.  A private header
may be included in its own folder, and by folders of higher layers.  A
header of include/hw/pseries may be included in its own layer, too, but the
subjects of layer 3 do not include each other's headers.

Within a folder, files must not call each other in a circle, since they can only be
understood together then: the core of a folder does not call its interfaces (hypercalls,
RTAS, migration); a file that no other one calls connects them (mmu.c, init.c).
"""

import posixpath
import re

from tree import TREE, files, lines, report, text

INCLUDE = re.compile(r'#\s*include\s*"([^"]+)"')
FOREIGN = re.compile(r'hw/ppc/(spapr|xics|xive|pnv)[^/]*\.h$|hw/pci-host/spapr\.h$'
                     r'|hw/intc/(xics|xive)')
PUBLIC = 'include/hw/pseries/'
PPC, INTC, PHB = 'hw/ppc/pseries', 'hw/intc/pseries', 'hw/pci-host/pseries'
KVM = 'target/ppc/kvm'

# folder, or single file where a folder has parts of several layers -> layer
LAYERS = {
    f'{PPC}/numa': 0, f'{PPC}/dt/writer.c': 0, f'{PPC}/cas/ovec.c': 0,
    f'{PPC}/cas/ovec-vmstate.c': 0, f'{PPC}/rtas/log.c': 0, f'{PPC}/rtas/log.h': 0,
    f'{PPC}/fadump/structure.c': 0, f'{PPC}/fadump/structure.h': 0,
    f'{PPC}/hcall': 1, f'{PPC}/rtas': 1, f'{PPC}/accel': 1.5, f'{PPC}/caps': 1,
    f'{PPC}/cpu/vcpu-map.c': 1, f'{PPC}/nested/switch.c': 1.5, f'{PPC}/nested/rest.c': 1.5,
    f'{PPC}/nested/gsb.c': 0, f'{PPC}/nested/gsb.h': 0, KVM: 1.5,
    f'{INTC}/irq': 2, f'{INTC}/xics': 2.5, f'{INTC}/xive': 2.5,
    f'{PPC}/mmu': 2, f'{PPC}/iommu': 2, f'{PPC}/dr': 2,
    f'{PPC}/rtas/events.c': 3, f'{PPC}/cpu': 3, f'{PPC}/vio': 3, f'{PPC}/nested': 3,
    f'{PPC}/misc': 3, f'{PPC}/fadump': 3, f'{PPC}/pmem': 3, f'{PPC}/firmware': 3, PHB: 3,
    f'{PPC}/cas': 4, f'{PPC}/dt': 4, f'{PPC}/machine': 5,
}

# header of include/hw/pseries -> layer, and for layer 3 its subject's folder
HEADERS = {
    'abi': 0, 'guest-mem': 0, 'ovec': 0, 'numa': 0, 'dt': 0,
    'cap-levels': 0, 'report': 0, 'save': 0, 'work': 0,
    'hcall': 1, 'call-stats': 1, 'rtas': 1, 'vcpu': 1, 'caps': 1, 'accel': 1, 'kvm': 1, 'l2': 1.5,
    'irq': 2, 'mmu': 2, 'dr': 2, 'iommu': 2,
    'event': 3, 'vio': 3, 'misc': 3, 'fadump': 3, 'pmem': 3, 'firmware': 3, 'phb': 3,
    'nested': 3,
    'cas': 4,
}
DEFINITION = re.compile(r'^(?!static|typedef|extern)[A-Za-z_][\w \*]*?\b(\w+)\([^;{}]*\)\s*\n\{',
                        re.M)
NOT_CODE = re.compile(r'/\*.*?\*/|"(?:[^"\\\n]|\\.)*"', re.S)
OWNERS = {'event': f'{PPC}/rtas/events.c', 'phb': PHB}


def place(path):
    """The longest key of LAYERS that PATH begins with."""
    fitting = [key for key in LAYERS if path == key or path.startswith(f'{key}/')]
    return max(fitting, key=len) if fitting else None


def resolve(path, name):
    """The file of this tree that an include of NAME in PATH refers to, if there is one."""
    for candidate in (posixpath.normpath(posixpath.join(posixpath.dirname(path), name)),
                      name, f'include/{name}'):
        if (TREE / candidate).is_file():
            return candidate
    return None


def public_is_fine(path, header):
    subject = header[len(PUBLIC):-len('.h')]
    if subject not in HEADERS:
        return f'{header} has no layer in tests/source/layers.py'
    layer = HEADERS[subject]
    if path.startswith(PUBLIC):
        above = HEADERS.get(path[len(PUBLIC):-len('.h')], -1) < layer
        return f'includes {header} of layer {layer}' if above else None
    mine = place(path)
    if LAYERS[mine] < layer:
        return f'includes {header} of layer {layer}'
    owner = OWNERS.get(subject, f'{PPC}/{subject}')
    if layer == 3 and LAYERS[mine] == 3 and mine != owner:
        return f'includes {header}: subjects of layer 3 do not see each other'
    return None


def private_is_fine(path, header):
    if path.startswith(PUBLIC):
        return f'includes the private {header}'
    if posixpath.basename(header) == 'trace.h' or \
            posixpath.dirname(path) == posixpath.dirname(header):
        return None
    mine, theirs = place(path), place(header)
    if theirs is None:
        return f'{header} has no layer in tests/source/layers.py'
    if theirs.startswith(f'{PPC}/machine'):
        return f'includes {header}: no other folder includes machine/'
    if LAYERS[theirs] >= LAYERS[mine]:
        return f'includes {header} of layer {LAYERS[theirs]}'
    return None


def findings_in(path):
    if not path.startswith(PUBLIC) and place(path) is None:
        yield f'{path}: has no layer in tests/source/layers.py'
        return
    for number, line in lines(path):
        found = INCLUDE.match(line)
        if not found:
            continue
        header = resolve(path, found[1])
        if FOREIGN.search(found[1]) and not header:
            yield f"{path}:{number}: includes {found[1]} of QEMU's own machines"
        elif header:
            check = public_is_fine if header.startswith(PUBLIC) else private_is_fine
            what = check(path, header)
            if what:
                yield f'{path}:{number}: {what}'


def calls_in(folder):
    """{file: files of FOLDER whose functions it uses}"""
    code = {path: NOT_CODE.sub('', text(path)) for path in files('.c', under=folder)
            if posixpath.dirname(path) == folder}
    homes = {name: path for path, content in code.items()
             for name in DEFINITION.findall(content)}
    return {path: {homes[name] for name in re.findall(r'\w+', content) if name in homes} - {path}
            for path, content in code.items()}


def reachable(graph, start):
    found, left = set(), [start]
    while left:
        for path in graph[left.pop()] - found:
            found.add(path)
            left.append(path)
    return found


def circles(folder):
    """Sets of files of FOLDER of which each reaches all others by calls."""
    graph = calls_in(folder)
    reach = {path: reachable(graph, path) for path in graph}
    return {frozenset(posixpath.basename(other) for other in reach[path] if path in reach[other])
            for path in graph if path in reach[path]}


def circle_findings(folder):
    for circle in circles(folder):
        yield f'{folder}: {", ".join(sorted(circle))} call each other in a circle'


def main():
    found = []
    for folder in sorted({posixpath.dirname(path) for top in (PPC, INTC, PHB, KVM)
                          for path in files('.c', under=top)}):
        found += circle_findings(folder)
    for folder in (PPC, INTC, PHB, KVM, PUBLIC):
        for path in files('.c', '.h', under=folder):
            if posixpath.basename(path) != 'trace.h':
                found += findings_in(path)
    report(found)


if __name__ == '__main__':
    main()
