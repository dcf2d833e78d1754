#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest that was booted and saved once, restored for each test from read-only files.

The commands are those of "Boot once, restore for each test" in the user's manual
(docs/system/ppc/pseries.rst); the test fails if they are not there.

    restore.py file | files | snapshot
"""

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from devguest import MIB, DeviceGuest, Mode, pattern, workspace
from guest import BUILD, expect, main_of
from patience import PATIENCE, Wait

MANUAL = BUILD / 'source' / 'docs' / 'system' / 'ppc' / 'pseries.rst'
MODE = Mode('xive', 'plain', 'own')
DISK = pattern(1, 4 * MIB)
FILE = 'guest.state'
MAPPED = ['-global', 'migration.mapped-ram=on', '-global', 'migration.mapped-ram-private=on',
          '-incoming', f'file:{FILE}']
RANDOM = ['-object', 'rng-random,id=rng0,filename=/dev/urandom',
          '-device', 'spapr-rng,rng=rng0']
RESEED = 'dd if=/dev/hwrng of=/dev/urandom bs=64 count=1'
READ = [*MAPPED[:2], *MAPPED[4:]]


class Restored(DeviceGuest):
    """A guest that needs the permissions of files, even when root runs the test."""

    if os.geteuid() == 0:
        WRAPPER = (*DeviceGuest.WRAPPER, '--bounding-set', '-dac_override')


def manual(*words):
    """Returns WORDS, which the manual must have in this order."""
    text = ' '.join(MANUAL.read_text().replace('\\\n', ' ').split())
    expect(' '.join(words) in text, f'{MANUAL.name} does not say {" ".join(words)}')
    return list(words)


def devices(path, more=''):
    return ['-drive', f'if=none,id=disk,file={path}{more}',
            '-device', 'virtio-blk-pci,drive=disk', *manual(*RANDOM)]


def boot(args, directory):
    """A guest with a disk and spapr-rng, ready for tests; it has written to the disk."""
    guest = DeviceGuest(MODE, args=args)
    guest.launch()
    guest.shell()
    guest.load('virtio_pci', 'virtio_blk', 'pseries_rng')
    guest.settle('[ -b /dev/vda ]')
    guest.run('echo made-before > /made && dd if=/made of=/dev/vda bs=512 seek=8'
              ' conv=sync,notrunc && sync')
    expect(not list(directory.glob('*.state')), 'saved already')
    return guest


def save(guest, directory):
    """Save by the monitor, as in the manual."""
    for line in ('migrate_set_capability mapped-ram on', f'migrate file:{FILE}'):
        manual(*line.split())
        said = guest.hmp(line.replace(FILE, str(directory / FILE)))
        # a monitor of its own would wait for the end
        expect(not said or 'continuing detached' in said, f'{line}: {said}')
    wait = Wait(60)
    while not re.search('status: completed', guest.hmp('info migrate')):
        expect(not wait.is_over(), guest.hmp('info migrate'))
        time.sleep(0.05)


def digests(directory):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in directory.iterdir()}


@contextlib.contextmanager
def saved(image):
    """A directory with a saved guest and its disk, which are read-only."""
    with workspace() as parent:
        directory = parent / 'saved'
        directory.mkdir()
        (directory / 'disk').write_bytes(DISK)
        with boot(devices(directory / 'disk', f',format={image}'), directory) as guest:
            save(guest, directory)
        before = digests(directory)
        for path in directory.iterdir():
            path.chmod(0o444)
        directory.chmod(0o555)
        try:
            yield directory
            expect(digests(directory) == before, 'a guest has changed what was saved')
        finally:
            directory.chmod(0o755)


def restored(directory, words):
    """A guest from DIRECTORY; WORDS restore it."""
    manual(*MAPPED)
    options = [word.replace(FILE, str(directory / FILE)) for word in words]
    return Restored(MODE, args=[*devices(directory / 'disk', ',format=raw,snapshot=on'), *options])


def arrived(guest):
    """The guest answers."""
    guest.launch()
    guest.arrive()
    guest.send('\n')
    guest.prompt()


def work(guest, number):
    """It is the saved guest, with its disk, both vCPUs and its clock."""
    expect('made-before' in guest.run('cat /made'), 'another guest')
    expect('made-before' in guest.run('dd if=/dev/vda bs=512 skip=8 count=1'), 'another disk')
    data = guest.run('dd if=/dev/vda bs=1M skip=1 iflag=direct | sha256sum')
    expect(hashlib.sha256(DISK[MIB:]).hexdigest() in data, f'the disk reads {data}')
    # no other test has written here; then this one does
    guest.run('[ ! -e /tested ] && [ "$(dd if=/dev/vda bs=512 skip=16 count=1 | head -c 6)" !='
              ' tested ]')
    guest.run(f'echo tested-{number} > /tested && dd if=/tested of=/dev/vda bs=512 seek=16'
              ' conv=sync,notrunc && sync && echo 3 > /proc/sys/vm/drop_caches')
    expect(f'tested-{number}' in guest.run('dd if=/dev/vda bs=512 skip=16 count=1'),
           'the disk does not keep what is written')
    expect('42' in guest.run('for cpu in 1 2; do (n=0; while [ $n -lt 2000 ]; do n=$((n + 1));'
                             ' done; echo $((n / 2000))) > /cpu$cpu & done; wait;'
                             ' echo $(($(cat /cpu1 /cpu2 | wc -l) * 21))'), 'a loop')
    guest.run('grep -q "processor.*1" /proc/cpuinfo')
    # the clock stopped while the guest was saved; the manual has the command that sets it
    manual('hwclock', '-s')
    guest.run('hwclock -u -s')
    ahead = int(guest.run('date +%s')) - time.time()
    expect(abs(ahead) < 60 * PATIENCE, f'the clock is {ahead} s ahead')
    guest.is_well()


def file():
    """Guests from one file, one after the other, mapped and read; the last one reboots."""
    with saved('raw') as directory:
        for number, words in enumerate((MAPPED, MAPPED, READ, MAPPED)):
            with restored(directory, words) as guest:
                arrived(guest)
                maps = Path(f'/proc/{guest.get_pid()}/maps').read_text(errors='replace')
                mapped = FILE in maps
                expect(mapped == (words == MAPPED), f'{words}: mapped: {mapped}')
                work(guest, number)
                if number == 3:
                    guest.send('reboot -f\n')
                    guest.until('PSERIES-BOOT-OK')
                    guest.shell()
                    guest.run('[ ! -e /made ]')


def files():
    """Guests at the same time, from one file."""
    with saved('raw') as directory, contextlib.ExitStack() as stack:
        guests = [stack.enter_context(restored(directory, MAPPED)) for _ in range(3)]
        for guest in guests:
            arrived(guest)
        for number, guest in enumerate(guests):
            work(guest, number)
        # the random numbers of the host are different for each
        drawn = set()
        for guest in guests:
            guest.run(' '.join(manual(*RESEED.split())))
            drawn.add(guest.run('head -c 32 /dev/hwrng | sha256sum'))
        expect(len(drawn) == len(guests), f'random numbers: {drawn}')
        for number, guest in enumerate(guests):
            expect(f'tested-{number}' in guest.run('cat /tested'), 'memory of another guest')


def snapshot():
    """savevm and -loadvm: several times from a qcow2 file, and from copies of it."""
    with workspace() as directory:
        (directory / 'raw').write_bytes(DISK)
        image = directory / 'disk.qcow2'
        subprocess.run([BUILD / 'qemu-img', 'convert', '-O', 'qcow2', directory / 'raw', image],
                       check=True)
        with boot(devices(image, ',format=qcow2'), directory) as guest:
            said = guest.hmp(' '.join(manual('savevm', 'ready')))
            expect(not said, said)
        words = manual('-loadvm', 'ready')
        copy = directory / 'copy.qcow2'
        shutil.copy(image, copy)
        for number, place in enumerate((image, image, copy)):
            with DeviceGuest(MODE, args=[*devices(place, ',format=qcow2'), *words]) as guest:
                arrived(guest)
                work(guest, number)


main_of(file, files, snapshot)
