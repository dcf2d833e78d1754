# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of this tree's own scripts share: a test in TAP, and a machine of their own.

These tests need no network and change nothing outside of a folder that goes with them:
the cache, the commands on the PATH, apt (fake-apt) and its configuration are theirs.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

TREE = Path(os.environ.get('PAPR_TREE') or Path(__file__).resolve().parents[2]).resolve()
FAKE_APT = Path(__file__).resolve().parent / 'fake-apt'
MIRROR = 'http://archive.invalid/debian'


class Failure(Exception):
    """An expectation that was not met."""


def expect(condition, what):
    if not condition:
        raise Failure(what)


def matches(pattern, text):
    expect(re.search(pattern, text, re.M), f'no {pattern!r} in:\n{text}')


def lacks(pattern, text):
    expect(not re.search(pattern, text, re.M), f'{pattern!r} in:\n{text}')


class Machine:
    """A machine for scripts to run on, in folder ROOT: HOME, PATH, apt's entries."""

    def __init__(self, root, without=()):
        self.root = Path(root)
        self.bin = self.root / 'bin'
        self.bin.mkdir()
        for where in ('/usr/sbin', '/usr/bin', '/sbin', '/bin'):
            for command in Path(where).glob('*'):
                link = self.bin / command.name
                if not link.is_symlink() and not command.name.startswith(('apt', 'sudo')) \
                        and command.name not in without:
                    link.symlink_to(command)
        self.cache = self.root / 'cache' / 'qemu-pseries'
        self.packages = {}
        self.write('etc/os-release', 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n')
        self.write('etc/apt/sources.list', f'deb {MIRROR} trixie main\n'
                   f'deb {MIRROR}-security trixie-security main\n')
        self.write('usr/share/keyrings/debian-archive-keyring.gpg', '')
        self.env = {'PATH': str(self.bin), 'HOME': str(self.root), 'LC_ALL': 'C',
                    'XDG_CACHE_HOME': str(self.root / 'cache'),
                    'PAPR_MACHINE_ROOT': str(self.root), 'FAKE_ARCHIVE': str(self.root / 'archive'),
                    'BUILD': str(self.root / 'build')}
        for command in ('apt-get', 'apt-cache'):
            (self.bin / command).symlink_to(FAKE_APT)
        self.archive = {'suites': {}, 'broken': []}
        self.publish()

    def write(self, name, text, mode=0o644):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def command(self, name, text):
        """A command of the machine, in place of the one that is there."""
        (self.bin / name).unlink(missing_ok=True)
        return self.write(f'bin/{name}', text, 0o755)

    def publish(self):
        """Let fake-apt see what self.archive is now."""
        self.write('archive/index.json', json.dumps(self.archive))

    def package(self, suite, name, version, files, state='good'):
        """Add to SUITE a package with FILES, a dictionary of names and texts.

        STATE is `gone`, where the archive answers 404, `good`, or `slow`: such a
        download does not end.
        """
        folder = self.root / 'packages' / f'{name}_{version}'
        deb = folder.with_suffix(f'{folder.suffix}.deb')
        if state == 'good' and not deb.exists():
            control = (f'Package: {name}\nVersion: {version}\nArchitecture: all\n'
                       'Maintainer: none <none@archive.invalid>\nDescription: none\n')
            for path, text in {**files, 'DEBIAN/control': control}.items():
                file = folder / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            subprocess.run(['dpkg-deb', '-Zgzip', '--root-owner-group', '-b', folder, deb],
                           check=True, stdout=subprocess.DEVNULL)
        packages = self.archive['suites'].setdefault(suite, [])
        packages[:] = [entry for entry in packages if entry[:2] != [name, version]]
        packages.append([name, version, state, str(deb)])
        self.publish()

    def start(self, *command, **env):
        return subprocess.Popen([str(word) for word in command], cwd=self.root,
                                env={**self.env, **env}, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                start_new_session=True)

    def run(self, *command, **env):
        """Run COMMAND to its end: its status and what it said."""
        process = self.start(*command, **env)
        said = process.communicate()[0]
        return process.returncode, said

    def asked(self):
        """What fake-apt was asked to do, a line each."""
        log = self.root / 'archive' / 'log'
        return log.read_text() if log.is_file() else ''


def main(scenes):
    """A test in TAP of SCENES, functions that take an empty folder, or of one by its name."""
    if not shutil.which('dpkg-deb'):
        print('1..0 # SKIP dpkg-deb is missing')
        return
    scenes = [scene for scene in scenes if sys.argv[1:] in ([], [scene.__name__])]
    print(f'1..{len(scenes)}')
    for number, scene in enumerate(scenes, 1):
        name = scene.__name__.replace('_', '-')
        with tempfile.TemporaryDirectory(prefix='setup.') as folder:
            try:
                scene(folder)
                print(f'ok {number} {name}', flush=True)
            except Exception:  # pylint: disable=broad-except
                print(f'not ok {number} {name}')
                print(re.sub('^', '# ', traceback.format_exc().rstrip(), flags=re.M), flush=True)
