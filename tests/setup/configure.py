#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""configure: what it fetches and installs for which target, and what it says if it can't.

It runs in a copy of this tree where base/fetch brings empty files (but for what $ABSENT
names), base/join does nothing, and QEMU's source has a configure of a line.  No compiler
runs.  The last scenes are what tests do where something is missing.
"""

import os
import shutil

from lab import TREE, Machine, expect, lacks, main, matches

CROSS = 'powerpc64le-linux-gnu-gcc'
BOTH = (CROSS, 'powerpc64-linux-gnu-gcc')
FETCH = r'''#!/bin/bash
set -euo pipefail
tree=$(cd "$(dirname "$0")/.." && pwd)
. "$tree/base/lib.sh"
echo "$*" > "$tree/fetched"
debian_mirror > "$tree/mirror"
mkdir -p "$cache/guest/missing"
status=0
for part; do
    case " ${ABSENT-} " in *" $part "*)
        echo "no $part: 404" | tee "$(part_reason "$part")"; status=1; continue ;;
    esac
    case $part in
    source)   mkdir -p "$cache/qemu-$wanted/hw/ppc"; cd "$cache/qemu-$wanted"
              echo "$wanted" > VERSION; touch hw/ppc/meson.build
              printf '#!/bin/sh\necho "$*" > options; touch build.ninja\n' > configure
              chmod +x configure ;;
    meson)    mkdir -p "$cache/meson-1.7.0" ;;
    kernel-*) mkdir -p "$cache/guest/modules-${part#*-}"
              touch "$(part_place "$part")"
              echo "$modules" > "$cache/guest/modules-${part#*-}/wanted" ;;
    sysroot)  mkdir -p "$cache/sysroot"; echo "$sysroot_packages" > "$cache/sysroot/packages" ;;
    roms)     mkdir -p "$cache/guest/roms" ;;
    *)        touch "$(part_place "$part")" ;;
    esac
done
exit $status
'''
JOIN = '#!/bin/sh\nln -sfn "$1" "$2"\n'


class Tree:
    """A copy of what configure is made of, on a machine WITHOUT some commands."""

    def __init__(self, folder, without=()):
        self.machine = Machine(folder, without)
        self.top = self.machine.root / 'tree'
        for name in ('base', 'tools'):
            shutil.copytree(TREE / name, self.top / name, ignore=shutil.ignore_patterns('patches'))
        shutil.copy(TREE / 'configure', self.top)
        self.machine.write('tree/base/fetch', FETCH, 0o755)
        self.machine.write('tree/base/join', JOIN, 0o755)
        for package in ('pkg-config', 'ccache', 'ninja'):       # all libraries are there
            self.machine.command(package, '#!/bin/sh\nexit 0\n')
        self.machine.command('gcc', '#!/bin/sh\ncat > /dev/null\n')

    def configure(self, *words, absent='', **env):
        """Status, what it said, and the parts that it fetched."""
        (self.top / 'fetched').unlink(missing_ok=True)
        status, said = self.machine.run(self.top / 'configure', *words, ABSENT=absent, **env)
        fetched = self.top / 'fetched'
        return status, said, fetched.read_text().split() if fetched.exists() else []

    def fetches(self, parts, *words, **env):
        status, said, fetched = self.configure(*words, **env)
        expect(status == 0, said)
        fetched = [part for part in fetched if part != 'meson']     # the machine may have it
        expect(sorted(fetched) == sorted(parts), f'{fetched}, not {parts}:\n{said}')
        return said


def for_build(folder):
    """What building and starting QEMU takes, and once."""
    tree = Tree(folder)
    tree.fetches(['source', 'slof', 'roms'])
    tree.fetches([], '--again')


def for_boot(folder):
    """What make boot starts: the kernel that is asked for, and no other."""
    tree = Tree(folder, without=BOTH)
    said = tree.fetches(['source', 'kernel-6.1', 'busybox'], '--for=boot')
    lacks('install|skipped', said)
    tree.fetches(['kernel-6.12', 'slof'], '--for=boot', KERNEL='6.12', FIRMWARE='slof')
    tree.fetches([], '--for=boot', FIRMWARE='vof')


def for_boot_of_files(folder):
    """One's own kernel and initrd are not fetched."""
    tree = Tree(folder)
    kernel = tree.machine.write('vmlinux', '')
    tree.fetches(['source', 'slof'], '--for=boot', KERNEL=str(kernel), INITRD='initrd',
                 MACHINE='ic-mode=xics,x-vof=off')


def boot_without_kernel(folder):
    """A kernel that can't be had ends a boot that wants it, and no other."""
    tree = Tree(folder)
    status, said, _ = tree.configure('--for=boot', absent='kernel-6.12', KERNEL='6.12')
    expect(status == 1, said)
    matches('no kernel-6.12: 404', said)
    matches('configure: no kernel-6.12 to boot: .*KERNEL=FILE', said)
    status, said, _ = tree.configure('--for=boot', absent='kernel-6.12')
    expect(status == 0, said)


def for_check(folder):
    """All parts; those that can't be had cost tests."""
    tree = Tree(folder)
    status, said, fetched = tree.configure('--for=check', absent='kernel-6.12 skiboot')
    expect(status == 0, said)
    expect({'source', 'busybox', 'slof', 'vof', 'skiboot', 'roms', 'sysroot', 'kernel-6.1',
            'kernel-6.12'} <= set(fetched), fetched)
    matches('without kernel-6.12: tests that need it will be skipped', said)
    matches('without skiboot: ', said)
    tree.fetches(['kernel-6.12', 'skiboot'], '--for=check')


def for_bench(folder):
    """What the figures are taken of; without the compiler of payloads there are none."""
    tree = Tree(folder)
    tree.fetches(['source', 'busybox', 'slof', 'vof', 'kernel-6.1'], '--for=bench')
    os.mkdir(f'{folder}/more')
    tree = Tree(f'{folder}/more', without=BOTH)
    tree.machine.command('id', '#!/bin/sh\necho 1000\n')
    status, said, _ = tree.configure('--for=bench')
    expect(status == 1, said)
    matches('missing: powerpc64-linux-gnu-gcc; .*gcc-powerpc64-linux-gnu', said)


def without_guest(folder):
    """--without-guest fetches the source alone, for any target, and is remembered."""
    tree = Tree(folder)
    tree.fetches(['source'], '--without-guest')
    tree.fetches([], '--again', '--for=check')


def mirror(folder):
    """A mirror is told to base/fetch, by later runs and by tools that tests start, too."""
    tree = Tree(folder)
    tree.fetches(['source', 'slof', 'roms'], '--debian-mirror=http://near.invalid/debian')
    used = tree.top / 'mirror'
    expect(used.read_text() == 'http://near.invalid/debian\n', used.read_text())
    tree.fetches(['kernel-6.1', 'busybox'], '--again', '--for=boot')
    expect(used.read_text() == 'http://near.invalid/debian\n', used.read_text())
    status, said = tree.machine.run('bash', '-c', 'tree=$0; . "$0/base/lib.sh"; debian_mirror',
                                    tree.top, PAPR_BUILD=str(tree.top / 'build'))
    expect(status == 0 and said == 'http://near.invalid/debian\n', said)


def no_source(folder):
    """Without a source there is nothing to build: an error that names the option."""
    tree = Tree(folder)
    status, said, _ = tree.configure(absent='source')
    expect(status == 1, said)
    matches('no source of QEMU: see above; one can be given by --qemu-source=', said)


def no_cross_compiler(folder):
    """check has it installed, and the command printed first; in vain, it costs tests."""
    tree = Tree(folder, without=BOTH)
    tree.machine.command('id', '#!/bin/sh\necho 0\n')
    status, said, _ = tree.configure('--for=check')
    expect(status == 0, said)
    matches('installing: apt-get install --no-install-recommends gcc-powerpc64-linux-gnu', said)
    matches('apt-get failed: E: Unable to locate package', said)
    matches(f'tests will be skipped, for want of .*{CROSS}', said)
    matches('^install .*gcc-powerpc64le-linux-gnu', tree.machine.asked())


def by_sudo(folder):
    """What sudo will do is printed before it does."""
    tree = Tree(folder, without=BOTH)
    tree.machine.command('id', '#!/bin/sh\necho 1000\n')
    tree.machine.command('sudo', '#!/bin/sh\n[ "$1 $2" = "-n true" ] || echo "sudo $*" >&3\n')
    status, said = tree.machine.run('bash', '-c', f'exec 3>&1; "{tree.top}/configure" --for=check')
    expect(status == 0, said)
    printed = said.find('installing: sudo apt-get install')
    expect(0 <= printed < said.find('sudo apt-get install -y'), said)


def not_installed(folder):
    """--without-install only names what is missing."""
    tree = Tree(folder, without=BOTH)
    tree.machine.command('id', '#!/bin/sh\necho 0\n')
    status, said, _ = tree.configure('--for=check', '--without-install')
    expect(status == 0, said)
    matches('as root: apt-get install --no-install-recommends gcc-powerpc64-linux-gnu', said)
    lacks('install', tree.machine.asked())


def must_have(folder):
    """What the build cannot do without ends configure, with the package's name."""
    tree = Tree(folder, without=('patch',))
    tree.machine.command('id', '#!/bin/sh\necho 1000\n')
    status, said, fetched = tree.configure()
    expect(status == 1 and not fetched, said)
    matches('missing: patch; .*install --no-install-recommends patch', said)


def features(folder):
    """What brings a feature gives QEMU's configure its option, or is left out with a line."""
    tree = Tree(folder)
    library = tree.top / 'base' / 'lib.sh'
    library.write_text(library.read_text().replace('\noptional_needs="\n', '''
optional_needs="
command:sh  dash  --enable-here
command:nosuchcommand  nosuchpackage  --enable-missing
''', 1))
    tree.machine.command('id', '#!/bin/sh\necho 1000\n')
    status, said, _ = tree.configure()
    expect(status == 0, said)
    matches('features are left out, for want of nosuchcommand; .*nosuchpackage', said)
    options = (tree.top / 'build' / 'options').read_text()
    expect('--enable-here' in options and '--enable-missing' not in options, options)


def unknown_option(folder):
    """An option that there is not is named; nothing is done."""
    status, said, fetched = Tree(folder).configure('--for=nix')
    expect(status == 1 and not fetched, said)
    matches('unknown option --for=nix', said)


# --- what tests do ---------------------------------------------------------------


def kvm_build(folder):
    """tools/kvm-build without a cross compiler: 77, a line, and no binary of before."""
    machine = Machine(folder, without=BOTH)
    machine.write('build/source/VERSION', '10.0.13\n')
    old = machine.write('build/kvm/guest/qemu-system-ppc64', '')
    status, said = machine.run(TREE / 'tools' / 'kvm-build')
    expect(status == 77, f'{status}: {said}')
    matches(f'no {CROSS}: install gcc-powerpc64le-linux-gnu', said)
    expect(not old.exists(), 'the binary of before is still there')


def lab(folder):
    """A build directory with the packages of Python that tests drive guests with."""
    build = os.environ.get('PAPR_BUILD', TREE / 'build')
    machine = Machine(folder)
    (machine.root / 'build').mkdir()
    (machine.root / 'build' / 'source').symlink_to(os.path.realpath(f'{build}/source'))
    machine.write('build/tests/kvm/kvm-qemu.log', f'more\nkvm-build: no {CROSS}: install it\n')
    machine.write('build/guest/missing/vmlinux-6.12', 'no Linux 6.12: 404\n')
    machine.env['PAPR_BUILD'] = str(machine.root / 'build')
    return machine


def kvm_skips(folder):
    """Tests of suite kvm where tools/kvm-build made nothing: skipped, with its reason."""
    status, said = lab(folder).run('python3', TREE / 'tests/kvm/run.py', 'powernv9', 'cpus:split',
                                   PAPR_KVM_QEMU=f'{folder}/none')
    expect(status == 0, said)
    matches(rf'^1\.\.0 # SKIP kvm-build: no {CROSS}: install it', said)


def boot_skips(folder):
    """A boot whose kernel could not be had: skipped, with the reason."""
    machine = lab(folder)
    (machine.root / 'build/guest/roms').mkdir()
    status, said = machine.run('python3', TREE / 'tests/boot/eeh.py', 'recovers', '6.12')
    expect(status == 77, said)
    matches('^skipped: vmlinux-6.12: no Linux 6.12: 404', said)


def functional_skips(folder):
    """Functional tests without their kernel: each is skipped, by its name, with the reason."""
    machine = lab(folder)
    qemu = machine.command('qemu-system-ppc64',
                           '#!/bin/sh\nprintf "%s\\n" accelerators tcg pseries\n')
    source = machine.root / 'build' / 'source'
    path = [TREE / 'base/python', source / 'python', source / 'tests/functional']
    script = source / 'tests/functional/test_ppc64_pseries_power11.py'
    for assets, why in ({}, 'vmlinux-6.12: no Linux 6.12: 404'), \
                       ({'QEMU_TEST_PSERIES_ASSETS': '/nowhere'},
                        '/nowhere/guest/vmlinux-6.12 is missing'):
        status, said = machine.run('python3', script, QEMU_TEST_QEMU_BINARY=str(qemu),
                                   QEMU_BUILD_ROOT=str(machine.root / 'build'),
                                   PYTHONPATH=':'.join(map(str, path)), **assets)
        expect(status == 0, said)
        lacks('^(not ok|ok .*test_xics_hash$)', said)
        matches(rf'^ok \d test_ppc64_pseries_power11\.Power11\.test_xics_hash # SKIP {why}', said)


main([for_build, for_boot, for_boot_of_files, boot_without_kernel, for_check, for_bench,
      without_guest, mirror, no_source, no_cross_compiler, by_sudo, not_installed, must_have,
      features, unknown_option, kvm_build, kvm_skips, boot_skips,
      functional_skips])
