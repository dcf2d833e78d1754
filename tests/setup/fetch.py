#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""base/fetch with archives that are not what they should be."""

import os
import re
import signal
import time
from pathlib import Path

from lab import MIRROR, TREE, Machine, expect, lacks, main, matches

FETCH = TREE / 'base' / 'fetch'


def modules():
    """The modules that base/fetch takes of a kernel, as built into it."""
    text = (TREE / 'base' / 'lib.sh').read_text(encoding='utf-8')
    names = re.search(r'^modules="([^"]*)"', text, re.M).group(1).split()
    return ''.join(f'kernel/{name}.ko\n' for name in names)


def kernel(machine, suite, release, version, state='good'):
    """A package of Linux RELEASE in SUITE, whose vmlinux says the release."""
    name = f'linux-image-{release}-powerpc64le'
    machine.package(suite, name, version, {
        f'boot/vmlinux-{release}': f'{release}\n', f'boot/config-{release}': '',
        f'lib/modules/{release}/modules.builtin': modules(),
        f'lib/modules/{release}/kernel/none.ko': ''}, state)


def usual(folder, newest='gone'):
    """A machine, and an archive with two builds of 6.12, and busybox."""
    machine = Machine(folder)
    kernel(machine, 'trixie', '6.12.117+deb13', '6.12.117-1', newest)
    kernel(machine, 'trixie', '6.12.107+deb13', '6.12.107-1')
    machine.package('trixie', 'busybox-static', '1.37', {'usr/bin/busybox': 'busybox\n'})
    machine.archive['suites'].setdefault('trixie-security', [])
    machine.publish()
    return machine


def guest(machine, name):
    path = machine.cache / 'guest' / name
    return path.read_text() if path.is_file() else ''


def newest(folder):
    """The newest build is taken, though the index has it last, and nothing else is asked for."""
    machine = usual(folder)
    kernel(machine, 'trixie', '6.12.117+deb13', '6.12.117-1')
    status, said = machine.run(FETCH, 'kernel-6.12')
    expect(status == 0, said)
    expect(guest(machine, 'vmlinux-6.12') == '6.12.117+deb13\n', said)
    expect(machine.asked().count('download') == 1, machine.asked())
    lacks('deb-src|busybox', machine.asked())


def kernel_404(folder):
    """The newest build is in the index and not in the pool."""
    machine = usual(folder)
    status, said = machine.run(FETCH, 'kernel-6.12')
    expect(status == 0, said)
    matches(r'6\.12\.117-1: E: Failed to fetch .*404', said)
    expect(guest(machine, 'vmlinux-6.12') == '6.12.107+deb13\n', said)


def kernel_spoilt(folder):
    """The newest build is no package, or one without what is wanted of it."""
    machine = usual(folder)
    name = 'linux-image-6.12.120+deb13-powerpc64le'
    machine.package('trixie', name, '6.12.120-1', {'boot/vmlinux-6.12.120+deb13': ''})
    spoilt = machine.write('packages/spoilt.deb', 'no package\n')
    machine.archive['suites']['trixie'].append(
        ['linux-image-6.12.121+deb13-powerpc64le', '6.12.121-1', 'good', str(spoilt)])
    machine.publish()
    status, said = machine.run(FETCH, 'kernel-6.12')
    expect(status == 0, said)
    matches(r'6\.12\.121-1: ', said)
    matches(r'6\.12\.120-1: ', said)
    expect(guest(machine, 'vmlinux-6.12') == '6.12.107+deb13\n', said)


def backports(folder):
    """No build of the release can be had, but one of the backports to the release before."""
    machine = usual(folder)
    kernel(machine, 'trixie', '6.12.107+deb13', '6.12.107-1', 'gone')
    kernel(machine, 'bookworm-backports', '6.12.57+deb12', '6.12.57-1~bpo12+1')
    status, said = machine.run(FETCH, 'kernel-6.12')
    expect(status == 0, said)
    expect(guest(machine, 'vmlinux-6.12') == '6.12.57+deb12\n', said)


def nothing(folder):
    """No build can be had: the other parts are, the reason is kept, and goes with the fault."""
    machine = usual(folder)
    kernel(machine, 'trixie', '6.12.107+deb13', '6.12.107-1', 'gone')
    status, said = machine.run(FETCH, 'kernel-6.12', 'busybox')
    expect(status == 1, said)
    expect(guest(machine, 'busybox') == 'busybox\n', said)
    expect(not guest(machine, 'vmlinux-6.12'), said)
    reason = guest(machine, 'missing/vmlinux-6.12')
    matches(r'no Linux 6\.12: .*6\.12\.107-1: E: .*404', reason)
    kernel(machine, 'trixie', '6.12.107+deb13', '6.12.107-1')
    status, said = machine.run(FETCH, 'kernel-6.12', 'busybox')
    expect(status == 0 and guest(machine, 'vmlinux-6.12'), said)
    expect(not guest(machine, 'missing/vmlinux-6.12'), 'the reason stays')


def security_index(folder):
    """The security archive's index has a wrong size: that costs nothing, and is told as itself."""
    machine = usual(folder)
    machine.archive['broken'] = ['trixie-security']
    machine.publish()
    status, said = machine.run(FETCH, 'kernel-6.12')
    expect(status == 0, said)
    matches('trixie-security is left out: E: .*unexpected size', said)
    kernel(machine, 'trixie', '6.12.118+deb13', '6.12.118-1', 'gone')
    kernel(machine, 'trixie', '6.12.107+deb13', '6.12.107-1', 'gone')
    machine.run('rm', '-rf', machine.cache)
    status, said = machine.run(FETCH, 'kernel-6.12')
    expect(status == 1, said)
    reason = guest(machine, 'missing/vmlinux-6.12')
    matches('6.12.118-1: E: .*404', reason)
    lacks('unexpected size', reason)


def main_index(folder):
    """The archive's own index has a wrong size: the older release has the package."""
    machine = usual(folder)
    machine.package('bookworm', 'busybox-static', '1.35', {'usr/bin/busybox': 'older\n'})
    machine.archive['suites']['bookworm-security'] = []
    machine.archive['broken'] = ['trixie']
    machine.publish()
    status, said = machine.run(FETCH, 'busybox')
    expect(status == 0, said)
    expect(guest(machine, 'busybox') == 'older\n', said)


def killed(folder):
    """A run is killed while it downloads: the next one does it all."""
    machine = usual(folder, newest='slow')
    process = machine.start(FETCH, 'kernel-6.12')
    while not (machine.root / 'archive' / 'slow').exists():
        expect(process.poll() is None, 'it ended by itself')
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    expect(list(machine.cache.glob('tmp.*')), 'it left nothing behind: what is killed here?')
    expect(not guest(machine, 'vmlinux-6.12'), 'half a kernel')
    kernel(machine, 'trixie', '6.12.117+deb13', '6.12.117-1')
    status, said = machine.run(FETCH, 'kernel-6.12')
    expect(status == 0, said)
    expect(guest(machine, 'vmlinux-6.12') == '6.12.117+deb13\n', said)
    expect(not list(machine.cache.glob('tmp.*')), 'what the dead run left is still there')


def source_404(folder):
    """The newest source package is not there: an older one is asked for."""
    machine = usual(folder)
    for version in ('1:10.0.13', '1:10.0.12'):
        machine.package('trixie', 'qemu', version, {}, 'gone')
    status, said = machine.run(FETCH, 'source')
    expect(status == 1, said)
    matches(r'^source .*qemu=1:10\.0\.13', machine.asked())
    matches(r'^source .*qemu=1:10\.0\.12', machine.asked())
    matches(r'no source of QEMU: .*10\.0\.12: E: .*404', said)


SYSTEM = r'''
set -euo pipefail
tree=$1
. "$tree/base/lib.sh"
. "$tree/base/apt.sh"
say() { echo "$*"; }
lock_cache
apt_forget
mkdir debs
apt_open bookworm
apt_download_system debs login || { apt_troubles; exit 9; }
ls debs
'''


def system(folder):
    """A whole system is taken without the security archive if that lacks what it names."""
    machine = usual(folder)
    machine.package('bookworm', 'login', '1', {'login': ''})
    machine.package('bookworm-security', 'login', '2', {}, 'gone')
    status, said = machine.run('bash', '-c', SYSTEM, 'system', TREE)
    expect(status == 0, said)
    matches('bookworm: E: Failed to fetch .*login_2.* 404', said)
    matches('^login_1_ppc64el.deb', said)
    machine.package('bookworm', 'login', '1', {}, 'gone')
    machine.run('rm', '-rf', 'debs')
    status, said = machine.run('bash', '-c', SYSTEM, 'system', TREE)
    expect(status == 9, said)
    matches('without security: E: .*login_1.* 404', said)


def debian_image(folder):
    """What is to boot can't be made: 77, by which tests skip, and the reason in the last line.

    It can be once the package is there, with nothing else in the cache.
    """
    machine = usual(folder)
    machine.package('bookworm', 'grub-ieee1275-bin', '2.06', {}, 'gone')
    status, said = machine.run(TREE / 'tools' / 'debian-image', 'boot')
    expect(status == 77, f'{status}: {said}')
    matches('no GRUB: .*2.06: E: .*404.*', said.strip().split('\n')[-1])
    machine.package('bookworm', 'grub-ieee1275-bin', '2.06',
                    {'usr/lib/grub/powerpc-ieee1275/echo.mod': 'module\n'})
    status, said = machine.run(TREE / 'tools' / 'debian-image', 'boot')
    expect(status == 0, said)
    made = Path(said.strip().split('\n')[-1])
    expect((made / 'powerpc-ieee1275' / 'echo.mod').read_text() == 'module\n', said)


def no_apt(folder):
    """Without apt nothing comes, and each part says why."""
    machine = usual(folder)
    (machine.bin / 'apt-get').unlink()
    status, said = machine.run(FETCH, 'busybox', 'kernel-6.12')
    expect(status == 1, said)
    matches('no busybox: it comes by apt', guest(machine, 'missing/busybox'))
    matches('no kernel-6.12: it comes by apt', guest(machine, 'missing/vmlinux-6.12'))


def ubuntu(folder):
    """apt knows no Debian: the message has the option and the package that help."""
    machine = usual(folder)
    machine.write('etc/os-release', 'PRETTY_NAME="Ubuntu 24.04 LTS"\nID=ubuntu\n')
    machine.write('etc/apt/sources.list', '')
    machine.write('etc/apt/sources.list.d/ubuntu.sources', 'Types: deb\n'
                  'URIs: http://ubuntu.invalid/ubuntu\nSuites: noble\nComponents: universe\n')
    status, said = machine.run(FETCH, 'busybox')
    expect(status == 1, said)
    matches(r'Ubuntu 24\.04.*--debian-mirror=URI.*debian-archive-keyring', said)
    status, said = machine.run(FETCH, 'busybox', DEBIAN_MIRROR=f'{MIRROR}-near/')
    expect(status == 0 and guest(machine, 'busybox'), said)
    matches(rf'^update .*{MIRROR}-near trixie', machine.asked())


def ubuntu_main(folder):
    """An archive that is not Debian's is not taken for it."""
    machine = usual(folder)
    machine.write('etc/os-release', 'PRETTY_NAME="Ubuntu 24.04 LTS"\nID=ubuntu\n')
    machine.write('etc/apt/sources.list', 'deb http://ubuntu.invalid/ubuntu noble main\n')
    machine.archive['suites'] = {}
    machine.publish()
    status, said = machine.run(FETCH, 'busybox')
    expect(status == 1, said)
    matches('--debian-mirror=URI', said)


def no_keyring(folder):
    """A mirror is given, and what its signature is checked with is missing."""
    machine = usual(folder)
    (machine.root / 'usr/share/keyrings/debian-archive-keyring.gpg').unlink()
    status, said = machine.run(FETCH, 'busybox', DEBIAN_MIRROR=MIRROR)
    expect(status == 1, said)
    matches('install debian-archive-keyring', said)
    lacks('^update', machine.asked())


def signed(folder):
    """Entries are signed by Debian's keys, and read nothing but packages."""
    status, said = Machine(folder).run(
        'sh', '-c', f'mkdir found; "{TREE}/base/apt-sources" trixie found deb; cat found/*')
    expect(status == 0, said)
    expect(said.count('Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg') == 2, said)
    expect(said.count('Targets: Packages') == 2, said)
    lacks('deb-src', said)


def unknown(folder):
    """A part that is none."""
    status, said = Machine(folder).run(FETCH, 'kernel-5.10')
    expect(status == 1, said)
    matches('kernel-5.10: not one of .*kernel-6.12', said)


main([newest, kernel_404, kernel_spoilt, backports, nothing, security_index, main_index, killed,
      source_404, system, debian_image, no_apt, ubuntu, ubuntu_main, no_keyring, signed, unknown])
