#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Boot over the network: SLOF loads GRUB by TFTP, and GRUB Debian's installer.

Argument: the network device, such as virtio-net-pci or spapr-vlan.
"""

from debian_guest import made
from guest import Guest, main


def boots(device):
    directory = made('netboot')
    net = ('-netdev', f'user,id=net,tftp={directory},bootfile=core.elf',
           '-device', f'{device},netdev=net,mac=52:54:00:12:34:56')
    with Guest(args=(*net, '-boot', 'n'), linux=False) as guest:
        guest.launch()
        guest.until('GRUB was loaded over the network')
        guest.until(r'address: 10\.0\.2\.15 server: 10\.0\.2\.2\s')
        guest.until('Preparing to boot Linux version', 300)
        guest.until('Debian installer main menu', 400)
        guest.until('Choose language')


if __name__ == '__main__':
    main(boots)
