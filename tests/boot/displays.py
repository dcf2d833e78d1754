#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux boots to its shell on the terminal, with each display.

The kernel's command line names no console, except with SLOF, which makes
the screen the console, also for Linux.

    displays.py defaults    QEMU's default devices, and -vga in place of theirs
    displays.py devices     each display of -device help, with -nodefaults
    displays.py slof        the same by SLOF, with console=hvc0
    displays.py none        neither terminal nor display
"""

import os
import re
import subprocess

from guest import BUILD, Guest, expect, main_of

BINARY = os.environ.get('PAPR_QEMU', str(BUILD / 'qemu-system-ppc64'))
# they need another program beside QEMU, which draws
WITH_PROGRAM = re.compile('vhost-user-')


class Displayed(Guest):
    """A guest without the package's own `-vga none`."""

    def __init__(self, args, append='', **more):
        super().__init__(args=args, append=append, **more)
        # the last one counts
        self.add_args('-append', f'quiet {append}'.strip())

    @property
    def _base_args(self):
        args = super()._base_args
        at = args.index('-vga')
        return args[:at] + args[at + 2:]


class Default(Displayed):
    """One with QEMU's default devices."""

    def __init__(self, args, **more):
        super().__init__(args, **more)
        self._args.remove('-nodefaults')


def boots(guest, what):
    """GUEST boots to a shell on its terminal; WHAT describes it."""
    with guest:
        guest.launch()
        guest.shell()
        expect(guest.run('cat /proc/consoles').startswith('hvc0 '), f'{what}: no hvc0')
        expect(guest.is_running(), f'{what}: QEMU has ended')


def displays():
    """Displays on PCI, as QEMU lists them."""
    out = subprocess.run([BINARY, '-M', 'pseries', '-device', 'help'], stdout=subprocess.PIPE,
                         text=True, check=True).stdout
    section = re.search(r'^Display devices:\n(.*?)^\n', out, re.M | re.S).group(1)
    names = re.findall(r'^name "([^"]+)", bus PCI', section, re.M)
    names = [name for name in names if not WITH_PROGRAM.match(name)]
    expect({'VGA', 'virtio-vga', 'bochs-display'} <= set(names), f'{names}')
    return names


def defaults():
    """With the default devices: the default display, and others."""
    for args in ((), ('-vga', 'std'), ('-vga', 'virtio'), ('-vga', 'none'),
                 ('-device', 'VGA,vgamem_mb=16'), ('-device', 'secondary-vga')):
        boots(Default(args), args)


def devices():
    """Without default devices: each display alone."""
    for name in displays():
        boots(Displayed(('-device', name)), name)


def slof():
    """SLOF chooses its console; Linux gets one as an option."""
    boots(Default((), firmware='slof', append='console=hvc0'), 'default')
    for name in ('VGA', 'virtio-vga', 'bochs-display'):
        boots(Displayed(('-device', name), firmware='slof', append='console=hvc0'), name)


def none():
    """Without any console Linux runs, and powers off when its init ends."""
    guest = Displayed((), append='pseries.test=none')
    guest._console_set = False  # pylint: disable=protected-access
    with guest:
        guest.launch()
        event = guest.event_wait('SHUTDOWN', 170)
        expect(event['data']['reason'] == 'guest-shutdown', f'{event}')


if __name__ == '__main__':
    main_of(defaults, devices, slof, none)
