# SPDX-License-Identifier: GPL-2.0-or-later
"""A Debian 12 guest on the machine under test, with a disk and any other devices.

The system is made on demand and cached by tools/debian-image: the first test that
needs it makes it.  A guest's writes to its system disk are discarded when it ends.

    with Debian('POWER9', smp='2', args=('-device', 'qemu-xhci')) as guest:
        guest.launch()
        guest.login()
        print(guest.run('lspci'))
        guest.poweroff()

run() returns the output of a command and raises Failure if it failed; status() returns
(status, output); script() runs a shell script of any length.  For other methods
(until, send, cmd for QMP) see guest.py.  There are coreutils, util-linux, iproute2,
pciutils, ethtool, e2fsprogs, udev, and a full busybox (`busybox nc`, `busybox
wget`, `busybox devmem`).  No network is configured: see interface() and address().
Kernel modules are those that first-stage keeps; udev loads them for devices.
"""

import base64
import os
import re
import subprocess
from pathlib import Path

from guest import BUILD, PATIENT, SKIPPED, Failure, Guest, expect, skip

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'debian-image'
LOGIN = r'debian login: '

# How the system disk `system` is attached, by name: arguments of QEMU.
DISKS = {
    'virtio-blk': ('-device', 'virtio-blk-pci,id=systemdisk,drive=system'),
    'virtio-scsi': ('-device', 'virtio-scsi-pci,id=systemscsi',
                    '-device', 'scsi-hd,id=systemdisk,bus=systemscsi.0,drive=system'),
    'vscsi': ('-device', 'spapr-vscsi,id=systemscsi',
              '-device', 'scsi-hd,id=systemdisk,bus=systemscsi.0,drive=system'),
    'nvme': ('-device', 'nvme,id=systemdisk,serial=system,drive=system'),
}


def made(what):
    """The directory that tools/debian-image makes: of system, tools, netboot or boot."""
    done = subprocess.run([TOOL, what], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env={**os.environ, 'PAPR_BUILD': str(BUILD)}, check=False)
    said = done.stderr.strip().split('\n')[-1]
    if done.returncode == SKIPPED:
        skip(said)
    expect(done.returncode == 0, said)
    return done.stdout.strip().split('\n')[-1]


class Debian(Guest):
    """One QEMU with a Debian system: the one that the class's `image` names.

    DISK is a key of DISKS, or arguments of QEMU for a device of drive `system`.
    With an APPEND, though it be '', the disk's kernel is loaded by QEMU with that
    added to its command line (faster; also the way to pass options such as xive=off);
    without one, SLOF loads GRUB from the disk, and GRUB loads the kernel.
    ARGS are any other arguments of QEMU; MACHINE begins with a comma.
    """

    image = 'system'        # argument of tools/debian-image

    def __init__(self, cpu='POWER9', smp='1', mem='1G', machine='', disk='virtio-blk',
                 append=None, firmware='', args=()):
        directory = made(self.image)
        args = ('-drive', f'if=none,id=system,format=raw,snapshot=on,file={directory}/disk.img',
                *DISKS.get(disk, disk), *args)
        if append is not None:
            args += ('-kernel', f'{directory}/vmlinux', '-initrd', f'{directory}/initrd.img',
                     '-append',
                     f'root=LABEL=debian ro console=hvc0 quiet {PATIENT} {append}'.strip())
        super().__init__(cpu, smp, mem, machine=machine, firmware=firmware, args=args, linux=False)

    def login(self):
        """Wait for the login prompt, and become root in a shell."""
        self.until(LOGIN, 400)
        self.send('root\n')
        self.prompt()
        # No echo of input: the terminal may print it late, and then it is
        # in the middle of the command's output.  No messages of the kernel, either.
        self.send('stty -echo cols 4000; dmesg -n 1; echo "<""silent>"\n')
        self.until('<silent>')
        self.prompt()
        self.run('true')

    def run(self, command):
        """Run COMMAND in the shell; returns its output, or raises Failure if it failed."""
        self.send(f'{command}; echo "<status:$?>"\n')
        self.console_socket.settimeout(1)
        found = None
        while not found:
            expect(self.more(), f'{command}: the console closed after {self.text[-500:]}')
            found = re.search(r'<status:(\d+)>', self.text)
        output = self.text[:found.start()].replace('\r', '')
        self.text = self.text[found.end():]
        self.prompt()
        expect(found.group(1) == '0', f'{command}: status {found.group(1)}: {output[-800:]}')
        return output

    def status(self, command):
        """Run COMMAND in the shell: returns its exit status and its output."""
        output = self.run(f'({command}); echo "=$?"')
        found = re.search(r'=(\d+)\s*$', output)
        return int(found.group(1)), output[:found.start()]

    def script(self, text):
        """Run the shell script TEXT, of any length; returns its output."""
        code = base64.b64encode(text.encode()).decode()
        self.run(': > /tmp/script.b64')
        for at in range(0, len(code), 2000):
            self.run(f'echo {code[at:at + 2000]} >> /tmp/script.b64')
        return self.run('base64 -d /tmp/script.b64 > /tmp/script && sh /tmp/script')

    def interface(self, mac):
        """The name of the network interface that has address MAC."""
        name = self.run(f'grep -l -i {mac} /sys/class/net/*/address')
        return name.strip().split('/')[-2]

    def address(self, mac, address='10.0.2.15/24', gateway='10.0.2.2'):
        """Bring up the interface that has address MAC; its name."""
        name = self.interface(mac)
        self.run(f'ip address add {address} dev {name} && ip link set {name} up')
        if gateway:
            self.run(f'ip route add default via {gateway}')
        return name

    def settled(self):
        """Wait until the system has started all services; none must have failed."""
        state = self.run('systemctl is-system-running --wait || true').strip()
        failed = self.run('systemctl --failed --no-legend --plain')
        expect(state == 'running', f'the system is {state}: {failed}')

    def poweroff(self):
        """Power off as a user does; QEMU exits then."""
        self.send('poweroff\n')
        self.wait(120)
        if self.exitcode() != 0:
            raise Failure(f'exit code {self.exitcode()}: {self.get_log()}')
